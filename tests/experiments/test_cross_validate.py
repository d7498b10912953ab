"""A study: each training once, resumable, repeatable to the last digit, and clear about data that does not fit."""

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from helpers.commands import Command
from helpers.features import an_utterance, make_store, toy_corpus
from helpers.results import GOOD, a_map, training
from helpers.studies import NOTE, command, make_study, settings_of
from valaro.errors import StoreError, ValaroError
from valaro.experiments.cross_validate import cross_validate
from valaro.experiments.data import load_data
from valaro.experiments.final_model import train_final
from valaro.experiments.jobs import study_jobs
from valaro.experiments.run_folder import RunFolder, read_result, read_run, write_failures, write_result
from valaro.experiments.run_start import begin_run, only_run
from valaro.records import Alarm, Coverage, FoldResult, HistoryPoint, Predictions, Problem
from valaro.reports.html import write_report
from valaro.reports.sentences import SPEAKER_NOTE
from valaro.store.lock import exclusive_lock
from valaro.store.manifest import read_manifest, write_manifest


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A study and its finished run, made once by worker processes; tests copy the run before they change it."""
    folder = tmp_path_factory.mktemp("study")
    study = make_study(folder)
    assert cross_validate(settings_of(study), folder / "run") == ()
    return study, folder / "run"


def _files(run: Path) -> dict[str, tuple[int, bytes]]:
    paths = [path for path in sorted(run.rglob("*")) if path.is_file()]
    return {path.relative_to(run).as_posix(): (path.stat().st_mtime_ns, path.read_bytes()) for path in paths}


def _facts(path: Path) -> dict[str, object]:
    facts = json.loads(path.read_text())
    assert facts.pop("seconds") > 0
    return facts


def _without_map(facts: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in facts.items() if name != "feature_map"}


def _all_facts(run: Path) -> dict[str, dict[str, object]]:
    return {path.name: _facts(path) for path in sorted((run / "results").glob("*.json"))}


def test_a_run_folder_has_one_result_a_fold_of_each_model_and_of_two_linear_ones_for_its_features(
    finished: tuple[Path, Path],
) -> None:
    study, run = finished
    record = read_run(run)
    # Two models asked for, and LR and SVM on the features of each: six models, two folds.
    linear = {"LR fbank", "LR fbank+face", "SVM fbank", "SVM fbank+face"}
    assert len(record.results) == 12
    assert {r.model for r in record.results} == {"MFSBase", "SSGAN fbank"} | linear
    for model in ("MFSBase", "SSGAN fbank", *linear):
        folds = [r for r in record.results if r.model == model]
        assert {r.fold.split()[0] for r in folds} == {"1", "2"}
        # Each test part is one person of six labelled utterances, whom neither training nor validation met.
        assert [len(r.test.ids) for r in folds] == [6, 6]
        assert all(not set(r.test.speakers) & set(r.validation.speakers) for r in folds)
    # Of each session the other is trained on: 2 people, 6 labelled and 1 unlabelled; as many people are held out.
    assert {(r.labelled, r.excluded) for r in record.results} == {(12, 2)}
    assert {(r.model, r.unlabelled) for r in record.results} == {
        ("MFSBase", 0),
        ("SSGAN fbank", 2),
        *((model, 0) for model in linear),
    }
    assert {(r.model, r.method, r.features, r.is_semi_supervised, r.is_linear) for r in record.results} == {
        ("MFSBase", "MFSBase", ("fbank", "face"), False, False),
        ("SSGAN fbank", "SSGAN", ("fbank",), True, False),
        ("LR fbank", "LR", ("fbank",), False, True),
        ("LR fbank+face", "LR", ("fbank", "face"), False, True),
        ("SVM fbank", "SVM", ("fbank",), False, True),
        ("SVM fbank+face", "SVM", ("fbank", "face"), False, True),
    }
    assert record.notes == (NOTE,)
    (summary,) = record.corpora
    assert (summary.utterances, summary.labelled, summary.speakers, summary.sessions) == (28, 24, 4, 2)
    assert summary.levels["valence"] == (8, 8, 8)
    assert settings_of(run / "settings.toml").config() == settings_of(study).config()


def test_started_again_it_does_nothing(finished: tuple[Path, Path], here: list[str]) -> None:
    study, run = finished
    before = _files(run)
    told: list[tuple[int, int]] = []
    assert cross_validate(settings_of(study), run, on_progress=lambda *counts: told.append(counts)) == ()
    assert _files(run) == before
    # How many are there already is said before anything is done.
    assert (here, told) == ([], [(12, 12, 0)])


def test_a_kill_before_the_run_is_described_does_not_cost_the_folder(
    finished: tuple[Path, Path], tmp_path: Path
) -> None:
    _, run = finished
    young = tmp_path / "young"
    (young / "results").mkdir(parents=True)
    (young / ".run.json.abc.part").write_text('{"valaro_')
    record = read_run(run)
    begin_run(RunFolder(path=young), replace(record, planned=("a", "b")))
    assert read_run(young).missing == ("a", "b")
    assert not list(young.glob(".*"))
    # Killed between the two files: the settings come with the next start.
    (young / "settings.toml").unlink()
    begin_run(RunFolder(path=young), replace(record, planned=("a", "b")))
    assert (young / "settings.toml").read_text() == record.settings
    # Nothing trained yet: other settings lose nothing.
    begin_run(RunFolder(path=young), replace(record, settings="[study]\nseeds = 9\n", planned=("c",)))
    assert (read_run(young).settings, read_run(young).missing) == ("[study]\nseeds = 9\n", ("c",))
    (young / "losses" / "c").mkdir(parents=True)
    with pytest.raises(ValaroError, match="holds a run with other settings"):
        begin_run(RunFolder(path=young), replace(record, planned=("a", "b")))
    (tmp_path / "other" / "results").mkdir(parents=True)
    (tmp_path / "other" / "results" / "mine.csv").write_text("mine")
    with pytest.raises(ValaroError, match="not a run folder"):
        begin_run(RunFolder(path=tmp_path / "other"), record)


def test_what_is_planned_and_failed_is_kept_until_it_is_made(finished: tuple[Path, Path], tmp_path: Path) -> None:
    _, run = finished
    record = read_run(run)
    assert (len(record.planned), record.missing, record.failures) == (12, (), ())
    again = shutil.copytree(run, tmp_path / "again")
    lost = sorted((again / "results").iterdir())[0]
    lost.unlink()
    why = Problem(utterance=lost.stem, where="training", why="no memory")
    write_failures(RunFolder(path=again), [why, replace(why, utterance=sorted((again / "results").iterdir())[0].stem)])
    record = read_run(again)
    # The second has a result, so it is no failure any more.
    assert (len(record.planned), record.missing, record.failures) == (12, (lost.stem,), (why,))


DAMAGES = [
    lambda text: text[: len(text) // 2],
    lambda text: "",
    lambda text: "[]",
    lambda text: text.replace('"fold"', '"f"'),
    # What a program that looks at the last sign alone takes for whole.
    lambda text: "\0" * (len(text) - 2) + "}\n",
    lambda text: text.replace('"valence"', '"valenge"'),
    lambda text: text.replace('"seed": 0', '"seed": "0"'),
    lambda text: text.replace('"probabilities": [[', '"probabilities": [[NaN, '),
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_result_is_a_problem_of_the_run_and_the_others_stand(
    finished: tuple[Path, Path], tmp_path: Path, damage: Callable[[str], str]
) -> None:
    run = shutil.copytree(finished[1], tmp_path / "run")
    lost = next(path for path in sorted((run / "results").iterdir()) if "MFSBase" in path.name)
    lost.write_text(damage(lost.read_text()))
    assert not RunFolder(path=run).has_result(lost.stem)
    record = read_run(run)
    assert (len(record.results), len(record.planned), record.missing) == (11, 12, (lost.stem,))
    ((problem, why),) = [(problem.utterance, problem.why) for problem in record.damaged]
    assert problem == lost.stem
    assert str(lost) in why
    assert why.endswith("the same valaro cross-validate again trains it anew")


def test_damaged_results_are_made_again_and_nothing_else(
    finished: tuple[Path, Path], tmp_path: Path, here: list[str]
) -> None:
    study, run = finished
    again = shutil.copytree(run, tmp_path / "run")
    damaged = sorted(path for path in (again / "results").iterdir() if " LR " in path.name)
    for path, damage in zip(damaged, DAMAGES, strict=False):
        path.write_text(damage(path.read_text()))
    assert cross_validate(settings_of(study), again) == ()
    # LR on two sets of features, two folds.
    assert sorted(here) == [path.stem for path in damaged]
    assert len(damaged) == 4
    assert _all_facts(again) == _all_facts(run)
    assert read_run(again).damaged == ()


def test_a_second_process_in_the_folder_of_a_run_is_refused_and_changes_nothing(
    finished: tuple[Path, Path], tmp_path: Path, here: list[str]
) -> None:
    study, run = finished
    again = shutil.copytree(run, tmp_path / "run")
    sorted((again / "results").iterdir())[0].unlink()
    before = _files(again)
    with only_run(RunFolder(path=again), read_run(again)):
        with pytest.raises(StoreError, match=rf"{again}: another process trains into it; wait for it"):
            cross_validate(settings_of(study), again)
        assert _files(again) == before
    cross_validate(settings_of(study), again)
    assert len(here) == 1
    # A model for use, likewise.
    one = settings_of(study, 'study.models=["MFSBase"]')
    train_final(one, tmp_path / "final")
    shutil.rmtree(tmp_path / "final" / "models")
    with (
        exclusive_lock(tmp_path / "final", "trains"),
        pytest.raises(StoreError, match="another process trains into it"),
    ):
        train_final(one, tmp_path / "final")
    assert not (tmp_path / "final" / "models").exists()


def test_a_damaged_model_is_trained_again(tmp_path: Path, here: list[str]) -> None:
    one = settings_of(make_study(tmp_path), 'study.models=["MFSBase"]')
    first = train_final(one, tmp_path / "final")
    weights = tmp_path / "final" / "models" / "valence" / "weights.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert train_final(one, tmp_path / "final") == first
    (tmp_path / "final" / "models" / "valence.json").write_text("{}")
    assert train_final(one, tmp_path / "final") == first
    assert weights.read_bytes() == whole
    assert here == ["valence"] * 3


def test_a_result_that_was_deleted_is_made_again_alone_and_the_same(finished: tuple[Path, Path]) -> None:
    study, run = finished
    again = shutil.copytree(run, run.parent / "again")
    before = _files(again)
    training = next(path.stem for path in sorted((again / "results").iterdir()) if "SSGAN" in path.stem)
    name, losses = f"results/{training}.json", f"losses/{training}/training.csv"
    was = _facts(again / name)
    (again / name).unlink()
    told: list[tuple[int, int]] = []
    cross_validate(settings_of(study), again, on_progress=lambda *counts: told.append(counts))
    # Six models, two folds: the one that lacked is the last of twelve.
    assert told == [(11, 12, 0), (12, 12, 0)]
    assert _facts(again / name) == was
    after = _files(again)
    assert after.keys() == before.keys()
    # Its losses are written anew beside it, with the same numbers.
    assert {key for key in before if after[key] != before[key]} == {name, losses}
    assert after[losses][1] == before[losses][1]


def test_the_same_seed_gives_the_same_results_to_the_last_digit_and_another_seed_others(
    tmp_path: Path, here: list[str]
) -> None:
    study = make_study(tmp_path / "study")
    # Both directions, so that the seeds' folds are the same ones.
    small = ['study.models=["SSGAN:face"]', "study.directions=both"]
    cross_validate(settings_of(study, *small, "study.seeds=2"), tmp_path / "both")
    cross_validate(settings_of(study, *small, "study.first_seed=1"), tmp_path / "second")
    both, second = _all_facts(tmp_path / "both"), _all_facts(tmp_path / "second")
    # Three models (SSGAN and the linear ones beside it), two sessions in two directions, and two seeds or one.
    assert (len(both), len(second)) == (24, 12)
    # But for the map of the first seed of a study, which the second of two is not.
    assert {name: _without_map(facts) for name, facts in both.items() if facts["seed"] == 1} == {
        name: _without_map(facts) for name, facts in second.items()
    }
    for name, facts in second.items():
        other = both[name.replace("seed 1", "seed 0")]
        assert other["fold"] == facts["fold"]
        # A linear model has no chance in it: on the same labels every seed gives the same.
        assert (other["test"] == facts["test"]) == facts["is_linear"]


def test_a_killed_run_started_again_ends_with_the_same_results(finished: tuple[Path, Path], tmp_path: Path) -> None:
    study, run = finished
    killed = tmp_path / "run"
    process = subprocess.Popen(command(study, killed, []), stderr=subprocess.PIPE)
    while not list(killed.glob("results/*.json")):
        assert process.poll() is None, process.communicate()
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=10)
    there = len(list(killed.glob("results/*.json")))
    assert there < 12
    assert cross_validate(settings_of(study), killed) == ()
    assert _all_facts(killed) == _all_facts(run)
    assert list(killed.rglob("*.part")) == []


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ("training.steps=5", r"settings \(training.steps is 4 there, not 5\)"),
        (
            "study.normalise_speakers=true",
            r"settings \(study.normalise_speakers is False there, not True\), speaker_normalised",
        ),
        ("study.normalisation=self", r"settings \(study.normalisation is auto there, not self\), normalisation"),
    ],
)
def test_a_run_folder_with_other_settings_is_refused(finished: tuple[Path, Path], change: str, names: str) -> None:
    study, run = finished
    before = _files(run)
    with pytest.raises(ValaroError, match=rf"holds a run with other {names}: give another folder"):
        cross_validate(settings_of(study, change), run)
    assert _files(run) == before


def test_a_run_folder_is_refused_when_the_data_differ(finished: tuple[Path, Path], tmp_path: Path) -> None:
    _, run = finished
    study = make_study(tmp_path)
    _, features = toy_corpus(sessions=2, per_level=2, unlabelled=1, seed=1)
    shutil.rmtree(tmp_path / "features")
    make_store(tmp_path / "features", features)
    with pytest.raises(ValaroError, match=r"holds a run with other settings \(.*\), fingerprint"):
        cross_validate(settings_of(study), run)


def test_a_folder_with_other_things_is_refused_and_left_alone(finished: tuple[Path, Path], tmp_path: Path) -> None:
    for name, text in {"thesis.txt": "precious", "settings.toml": "precious", "run.json": '{"mine": 1}'}.items():
        folder = tmp_path / name.partition(".")[0]
        folder.mkdir()
        (folder / name).write_text(text)
        with pytest.raises(ValaroError, match=r"is not empty and not a run folder|a run of another version"):
            cross_validate(settings_of(finished[0]), folder)
        assert [path.read_text() for path in folder.iterdir()] == [text]


def test_a_result_reads_back_to_the_last_digit(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    probabilities = np.concatenate([rng.dirichlet([1, 1, 1], 5), [[0.1 + 0.2, 1 / 3, 5e-324]]])
    predictions = Predictions(
        ids=tuple(f"c/ü {k}" for k in range(6)),
        speakers=("c/03",) * 6,
        probabilities=probabilities,
        correct=np.eye(3, dtype=bool)[[0, 1, 2, 0, 1, 2]] | (np.arange(6) == 5)[:, None],
    )
    result = FoldResult(
        dimension="arousal",
        model="MSSGAN",
        method="MSSGAN",
        features=("fbank", "face"),
        is_semi_supervised=True,
        is_linear=False,
        fold="1 test F",
        seed=3,
        test=predictions,
        validation=replace(predictions, probabilities=probabilities[::-1].copy()),
        history=(HistoryPoint(step=2, losses={"labelled": 1 / 7, "real": 1e-300}, validation_uar=2 / 3),),
        best_step=2,
        seconds=0.1,
        labelled=1,
        unlabelled=2,
        excluded=3,
        alarms=(Alarm(kind="distant_corpus", step=2, about=("ü", "face"), numbers=(3.25,)),),
    )
    folder = RunFolder(path=tmp_path)
    write_result(folder, "one", result)
    again = read_result(folder.result("one"))
    for part in ("test", "validation"):
        for field in ("probabilities", "correct"):
            old, new = getattr(getattr(result, part), field), getattr(getattr(again, part), field)
            assert old.dtype == new.dtype
            assert old.tobytes() == new.tobytes()
        assert getattr(again, part).ids == predictions.ids
    assert (again.history, again.alarms) == (result.history, result.alarms)
    assert replace(again, test=predictions, validation=predictions) == replace(
        result, test=predictions, validation=predictions
    )


def test_a_map_reads_back_and_a_result_without_one_as_ever(tmp_path: Path, finished: tuple[Path, Path]) -> None:
    covers = Coverage(features="learnt", generated=1 / 3, possible=0.9, samples=30, nearest=5)
    result = replace(training("SSGAN fbank", "ann", 0, GOOD), feature_map=a_map(coverages=(covers,)))
    folder = RunFolder(path=tmp_path)
    write_result(folder, "one", result)
    again = read_result(folder.result("one")).feature_map
    assert again is not None
    for field in fields(again):
        old, new = getattr(result.feature_map, field.name), getattr(again, field.name)
        if isinstance(old, np.ndarray):
            assert (old.dtype, old.tobytes()) == (new.dtype, new.tobytes())
        else:
            assert old == new
    # What was written before there were maps.
    facts = json.loads(folder.result("one").read_text())
    del facts["feature_map"]
    folder.result("one").write_text(json.dumps(facts))
    assert read_result(folder.result("one")).feature_map is None


def test_the_first_fold_and_seed_of_each_network_has_a_map_and_nothing_else_changes(
    finished: tuple[Path, Path], tmp_path: Path, here: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    study, run = finished
    mapped = {(r.model, r.fold.split()[0]) for r in read_run(run).results if r.feature_map is not None}
    # Two networks; linear models learn no features.
    assert mapped == {("MFSBase", "1"), ("SSGAN fbank", "1")}
    seeds = settings_of(study, "study.seeds=2", "study.directions=both")
    cross_validate(seeds, tmp_path / "seeds")
    found = {(r.model, r.fold, r.seed) for r in read_run(tmp_path / "seeds").results if r.feature_map is not None}
    # The coin of seed 0 lets the man of the first session test first.
    assert found == {("MFSBase", "1 test M", 0), ("SSGAN fbank", "1 test M", 0)}
    # The same study without a map: every other figure is the same to the last digit.
    monkeypatch.setattr("valaro.experiments.cross_validate.map_features", lambda *_, **__: None)
    cross_validate(settings_of(study), tmp_path / "without")
    assert {n: _without_map(f) for n, f in _all_facts(tmp_path / "without").items()} == {
        n: _without_map(f) for n, f in _all_facts(run).items()
    }


@pytest.mark.parametrize("text", ["{", "[]", '{"valaro_run": 1}', '{"valaro_run": 9}'])
def test_a_damaged_run_is_one_message(finished: tuple[Path, Path], tmp_path: Path, text: str) -> None:
    run = shutil.copytree(finished[1], tmp_path / "run")
    (run / "run.json").write_text(text)
    with pytest.raises(StoreError, match=r"run\.json"):
        read_run(run)


DAMAGED_FACTS: dict[str, tuple[dict[str, object], str]] = {
    "settings deep": ({"settings": "x = " + "[" * 100_000}, "lists nested more than 64 deep"),
    "settings a number": ({"settings": 5}, "the run.settings is 5, expected text"),
    "settings cut": ({"settings": "x = ["}, "Invalid value (at end of document)"),
    "settings no section": ({"settings": "study = 5"}, "settings.study is 5, expected names with values"),
    "data no files": ({"settings": "[data]\nlabelled = 5"}, "data.labelled is 5, expected a list"),
    "levels": (
        {"corpora": [{"corpus": "c", "utterances": 1, "labelled": 1, "speakers": 1, "sessions": 1, "seconds": 1,
                      "levels": [1]}]},
        "the run.corpora[0].levels is [1], expected names with values",
    ),
    "faces": (
        {"faces": [{"utterance": "c/a", "frames": "many", "detected": 1, "mean_absolute_yaw": 0.5}]},
        "the run.faces[0].frames is 'many', expected a whole number",
    ),
    "environment": ({"environment": ["python"]}, "the run.environment is ['python'], expected names with values"),
    "notes": ({"notes": [5]}, "the run.notes[0] is 5, expected names with values"),
    "planned": ({"planned": 5}, "the run.planned is 5, expected a list"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "words"), DAMAGED_FACTS.values(), ids=DAMAGED_FACTS)
def test_a_run_that_says_of_itself_what_makes_no_sense_is_refused_by_all_who_read_it(
    finished: tuple[Path, Path], tmp_path: Path, change: dict[str, object], words: str
) -> None:
    study, whole = finished
    run = shutil.copytree(whole, tmp_path / "run")
    (run / "run.json").write_text(json.dumps(json.loads((run / "run.json").read_text()) | change))
    for use in (read_run, lambda path: cross_validate(settings_of(study), path)):
        with pytest.raises(StoreError) as caught:
            use(run)
        assert str(caught.value) == f"'{run / 'run.json'}' is damaged: {words}"


def test_a_run_without_settings_says_what_is_missing(finished: tuple[Path, Path], tmp_path: Path) -> None:
    run = shutil.copytree(finished[1], tmp_path / "run")
    facts = json.loads((run / "run.json").read_text())
    del facts["settings"]
    (run / "run.json").write_text(json.dumps(facts))
    with pytest.raises(StoreError, match=r"run\.json' is damaged: the run lacks settings$"):
        read_run(run)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("5", "failures is 5, expected a list"),
        ("[5]", "failures[0] is 5, expected names with values"),
        ('[{"utterance": "a"}]', "failures[0] lacks where, why"),
    ],
)
def test_damaged_failures_are_named_as_what_they_are(
    finished: tuple[Path, Path], tmp_path: Path, text: str, words: str
) -> None:
    run = shutil.copytree(finished[1], tmp_path / "run")
    (run / "failures.json").write_text(text)
    with pytest.raises(StoreError) as caught:
        read_run(run)
    assert str(caught.value) == f"'{run / 'failures.json'}' is damaged: {words}"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"features": 5}, "the result.features is 5, expected a list"),
        ({"history": [5]}, "the result.history[0] is 5, expected names with values"),
        ({"alarms": 5}, "the result.alarms is 5, expected a list"),
        ({"varied": [["a"]]}, "the result.varied[0] lacks [1]"),
        ({"test": []}, "the result.test is [], expected names with values"),
        ({"dimension": "anger"}, "the result.dimension is 'anger', expected 'valence' or 'arousal'"),
        ({"surprise": 1}, "the result has an unknown 'surprise'"),
    ],
)
def test_a_result_of_other_kinds_is_a_damaged_one_in_words_of_ours(
    finished: tuple[Path, Path], tmp_path: Path, change: dict[str, object], words: str
) -> None:
    run = shutil.copytree(finished[1], tmp_path / "run")
    file = min((run / "results").iterdir())
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    (problem,) = read_run(run).damaged
    assert problem.why == (
        f"'{file}' is not a result of this version of valaro: {words}; the same valaro cross-validate again trains "
        "it anew"
    )


def test_the_report_says_what_it_must(finished: tuple[Path, Path], tmp_path: Path, here: list[str]) -> None:
    study, run = finished
    write_report([read_run(run)], tmp_path / "plain.html")
    cross_validate(settings_of(study, "study.normalise_speakers=true"), tmp_path / "run")
    write_report([read_run(tmp_path / "run")], tmp_path / "speaker-wise.html")
    plain, speaker_wise = ((tmp_path / f"{name}.html").read_text() for name in ("plain", "speaker-wise"))
    words = SPEAKER_NOTE.replace("'", "&#39;")
    assert NOTE.text in plain
    assert NOTE.text in speaker_wise
    assert words in speaker_wise
    assert words not in plain


def test_networks_that_break_down_are_problems_by_name_and_the_linear_models_stand(
    tmp_path: Path, here: list[str]
) -> None:
    study = make_study(tmp_path)
    # With normalised weights a network survives such a rate.
    changes = [
        "training.learning_rate=1e30",
        "training.grad_clip_norm=0",
        "network.weight_norm=false",
        "training.lr_decay_fraction=0",
    ]
    problems = cross_validate(settings_of(study, *changes), tmp_path / "run")
    networks = [name for name in here if "MFSBase" in name or "SSGAN" in name]
    assert (len(here), len(networks)) == (12, 4)
    assert [problem.utterance for problem in problems] == networks
    assert all("broke down at step" in problem.why for problem in problems)
    assert {problem.where for problem in problems} == {"training"}
    results = read_run(tmp_path / "run").results
    assert (len(results), {result.is_linear for result in results}) == (8, {True})


def test_alarms_of_a_training_stand_in_its_results(
    tmp_path: Path, here: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whatever the losses are, they now count as those of a classifier that has won.
    monkeypatch.setattr("valaro.training.monitor.WON", 1e9)
    cross_validate(settings_of(make_study(tmp_path)), tmp_path / "run")
    for result in read_run(tmp_path / "run").results:
        won = [a.step for a in result.alarms if a.kind == "fake_told_apart"]
        # Seen at the first evaluation, said once; a model without a generator has nothing of the kind.
        assert won == ([2] if result.method == "SSGAN" else [])


def test_the_alarms_of_a_model_for_use_come_with_it(
    tmp_path: Path, here: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("valaro.training.monitor.WON", 1e9)
    (model,) = train_final(settings_of(make_study(tmp_path), 'study.models=["SSGAN:fbank"]'), tmp_path / "final")
    assert (model.alarms[0].kind, model.alarms[0].step) == ("fake_told_apart", 2)


def test_a_training_that_diverges_and_a_level_that_training_lacks_are_said_by_report_and_command(
    tmp_path: Path, here: list[str], valaro: Command
) -> None:
    study = make_study(tmp_path)
    manifest = read_manifest(tmp_path / "toy.parquet")
    # Medium becomes high in the first session, and nobody is medium where it is the second that is trained on.
    utterances = [
        replace(
            u,
            ratings=tuple(replace(r, score=5.0 if r.score == 3.0 and u.session == "2" else r.score) for r in u.ratings),
        )
        for u in manifest.utterances
    ]
    write_manifest(tmp_path / "toy.parquet", utterances, manifest.notes)
    changes = ['study.models=["FSBase:fbank"]', "training.learning_rate=1e9"]
    answer = valaro("cross-validate", study, "--to", tmp_path / "run", *(f"--set={change}" for change in changes))
    page = tmp_path / "report.html"
    assert valaro("report", tmp_path / "run", "--to", page).code == 0
    for shown in (answer.err, page.read_text().replace("&#39;", "'")):
        assert "no labelled utterance of training is 'medium': the model cannot learn that level" in shown
        assert "where guessing costs 1.1: the training has diverged" in shown


def test_one_flipped_bit_in_a_shard_is_refused_by_name_before_anything_is_trained(
    tmp_path: Path, here: list[str]
) -> None:
    study = make_study(tmp_path)
    (file,) = sorted((tmp_path / "features" / "shards").glob("*/face.npy"))
    rows = bytearray(file.read_bytes())
    rows[129] ^= 0x40
    file.write_bytes(rows)
    one = settings_of(study, 'study.models=["FSBase:face"]')
    for learn in (cross_validate, train_final):
        with pytest.raises(
            StoreError, match=rf"rows are damaged in these shards; delete(.|\n)*{file.parent}: .*, feature 'face'"
        ):
            learn(one, tmp_path / "run")
    assert (here, (tmp_path / "run").exists()) == ([], False)
    # What a study does not use it does not read.
    cross_validate(settings_of(study, 'study.models=["FSBase:fbank"]', 'study.features=["fbank"]'), tmp_path / "run")
    assert len(here) == 6


def test_an_utterance_whose_extraction_failed_is_no_error(tmp_path: Path, here: list[str]) -> None:
    study = make_study(tmp_path)
    utterances, features = toy_corpus(sessions=2, per_level=2, unlabelled=1)
    del features[utterances[0].id]["face"]
    shutil.rmtree(tmp_path / "features")
    make_store(tmp_path / "features", features)
    assert cross_validate(settings_of(study, 'study.models=["MFSBase"]'), tmp_path / "run") == ()
    assert all(len(result.test.ids) == 6 for result in read_run(tmp_path / "run").results)


def test_somebody_who_never_shows_a_face_is_judged_in_speaker_wise_studies_too(tmp_path: Path, here: list[str]) -> None:
    study = make_study(tmp_path)
    utterances, features = toy_corpus(sessions=2, per_level=2, unlabelled=1)
    for utterance in utterances:
        if utterance.speaker == "toy/01":
            del features[utterance.id]["face"]
    shutil.rmtree(tmp_path / "features")
    make_store(tmp_path / "features", features)
    changes = ['study.models=["MFSBase"]', "study.normalise_speakers=true", "study.directions=both"]
    assert cross_validate(settings_of(study, *changes), tmp_path / "run") == ()
    # MFSBase and two linear models; a training a session serves both directions of it.
    results = read_run(tmp_path / "run").results
    assert (len(here), len(results)) == (6, 12)
    assert all(np.isfinite(r.test.probabilities).all() for r in results)


def test_an_unknown_feature_is_named_with_those_of_the_store(finished: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(ValaroError, match=r"unknown feature in store '.*' 'fbnak': did you mean 'fbank'\?.*face"):
        cross_validate(
            settings_of(finished[0], 'study.features=["fbnak", "face"]', 'study.models=["MFSBase"]'), tmp_path
        )
    with pytest.raises(ValaroError, match=r"no 'fft' in the store '.*', which has face, fbank: valaro extract --feat"):
        cross_validate(settings_of(finished[0], 'study.features=["fft", "face"]', 'study.models=["MFSBase"]'), tmp_path)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"valence": 5.0, "arousal": 5.0}, "every valence label is 'high': there is nothing to tell apart"),
        ({"valence": None, "arousal": 5.0}, "no utterance has a valence label: there is nothing to tell apart"),
    ],
)
def test_a_dimension_with_nothing_to_tell_apart_is_refused(tmp_path: Path, changed: dict, words: str) -> None:
    study = make_study(tmp_path)
    manifest = read_manifest(tmp_path / "toy.parquet")
    utterances = [
        replace(
            u,
            ratings=tuple(
                replace(rating, score=changed[rating.dimension])
                for rating in u.ratings
                if changed[rating.dimension] is not None
            ),
        )
        for u in manifest.utterances
    ]
    write_manifest(tmp_path / "toy.parquet", utterances, manifest.notes)
    with pytest.raises(ValaroError, match=words):
        cross_validate(settings_of(study), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_utterances_that_were_never_extracted_are_named(tmp_path: Path) -> None:
    study = make_study(tmp_path)
    write_manifest(tmp_path / "new.parquet", [an_utterance(f"new-{k}", level=None) for k in range(3)])
    with pytest.raises(ValaroError, match=r"3 of 31 utterances are not in the store(.|\n)*toy/new-0"):
        cross_validate(settings_of(study, f"data.unlabelled=['{tmp_path / 'new.parquet'}']"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_an_utterance_in_two_manifests_is_named(tmp_path: Path) -> None:
    study = make_study(tmp_path)
    utterances, _ = toy_corpus(sessions=2, per_level=2, unlabelled=1)
    write_manifest(tmp_path / "again.parquet", utterances[:1])
    with pytest.raises(ValaroError, match=rf"1 utterances stand in two manifests(.|\n)*{utterances[0].id}"):
        cross_validate(settings_of(study, f"data.unlabelled=['{tmp_path / 'again.parquet'}']"), tmp_path / "run")


def test_a_manifest_without_votes_is_not_labelled_data(tmp_path: Path) -> None:
    study = make_study(tmp_path)
    utterances, _ = toy_corpus(sessions=2, per_level=2, unlabelled=1)
    write_manifest(tmp_path / "toy.parquet", [u for u in utterances if not u.ratings])
    with pytest.raises(ValaroError, match="no labelled utterance in"):
        cross_validate(settings_of(study), tmp_path / "run")


def test_votes_of_unlabelled_manifests_reach_nothing(tmp_path: Path) -> None:
    study = make_study(tmp_path)
    rated, _ = toy_corpus(sessions=2, per_level=2)
    home = [u for u in rated if u.session == "1"]
    away = [u for u in rated if u.session == "2"]
    write_manifest(tmp_path / "home.parquet", home)
    write_manifest(tmp_path / "away.parquet", away)
    data = load_data([tmp_path / "home.parquet"], [tmp_path / "away.parquet"], tmp_path / "features", ["fbank"])
    assert len(data.labelled) == len(data.unlabelled) == 12
    assert not any(utterance.ratings for utterance in data.unlabelled)
    with pytest.raises(ValaroError, match="at least two sessions"):
        study_jobs(settings_of(study), data, RunFolder(path=tmp_path / "run"))


def test_sessions_whose_names_differ_in_a_slash_alone_have_results_of_their_own(tmp_path: Path) -> None:
    study = make_study(tmp_path)
    utterances, features = toy_corpus(sessions=3, per_level=2)
    names = {"1": "S/1", "2": "S_1", "3": "S%2F1"}
    write_manifest(tmp_path / "odd.parquet", [replace(u, session=names[u.session]) for u in utterances])
    make_store(tmp_path / "odd", features)
    data = load_data([tmp_path / "odd.parquet"], [], tmp_path / "odd", ["fbank", "face"])
    jobs = study_jobs(settings_of(study), data, RunFolder(path=tmp_path / "run"))
    results = [name for job in jobs for name in job.names if " LR fbank " in name]
    folds = {fold.name for job in jobs for fold in job.folds}
    assert len(set(results)) == len(folds) == 3
    assert not any("/" in name for name in results)


def test_words_that_several_sessions_speak_are_said_on_every_page(tmp_path: Path) -> None:
    utterances, features = toy_corpus(sessions=2)
    # Of 72 utterances 18 speak the same script, 9 a session; another one is spoken in one session alone.
    scripts = {u.id: "same" if place % 4 == 0 else "own" if place < 36 else "" for place, u in enumerate(utterances)}
    write_manifest(tmp_path / "m.parquet", [replace(u, script=scripts[u.id]) for u in utterances])
    make_store(tmp_path / "features", features)
    (note,) = load_data([tmp_path / "m.parquet"], [], tmp_path / "features", ["fbank"]).notes
    assert note.corpus == "toy"
    assert note.text.startswith("25 % of the labelled utterances speak scripts that other sessions speak, too")


def test_cross_validate_and_train_say_how_many_trainings_there_will_be(
    valaro: Command, tmp_path: Path, here: list[str]
) -> None:
    study = make_study(tmp_path)
    answer = valaro("cross-validate", study, "--to", tmp_path / "run", "--set", 'study.models=["FSBase:fbank"]')
    # FSBase and the two linear models beside it, two sessions.
    assert answer.err.splitlines()[0] == "cross-validate: 6 trainings"
    again = valaro("cross-validate", study, "--to", tmp_path / "run", "--set", 'study.models=["FSBase:fbank"]')
    assert again.err.splitlines()[0] == "cross-validate: 6 trainings, 6 of them done before"
    answer = valaro("train", study, "--to", tmp_path / "final", "--set", 'study.models=["FSBase:fbank"]')
    assert answer.err.splitlines()[0] == "train: 1 model"


@pytest.mark.parametrize(
    "varied",
    [
        '"study.max_unlabelled" = [0, 20]',
        '"study.max_unlabelled" = [20, 0]',
        '"study.unlabelled_fraction" = [0.0, 0.5]',
    ],
)
def test_nothing_unlabelled_is_refused_before_the_first_training_whatever_other_variants_ask_for(
    tmp_path: Path, here: list[str], varied: str
) -> None:
    study = make_study(tmp_path)
    utterances, features = toy_corpus(sessions=2, per_level=2)
    write_manifest(tmp_path / "toy.parquet", utterances)
    shutil.rmtree(tmp_path / "features")
    make_store(tmp_path / "features", features)
    study.write_text(f"{study.read_text()}[vary]\n{varied}\n")
    with pytest.raises(ValaroError, match="learns from unlabelled recordings, and may learn from none of 0"):
        cross_validate(settings_of(study), tmp_path / "run")
    assert here == []
    assert not (tmp_path / "run").exists()
