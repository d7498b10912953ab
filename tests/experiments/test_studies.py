"""What a study does beside its models: variants, the control with shuffled labels, and the choice of `auto`."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from helpers.features import an_utterance
from helpers.studies import make_study, settings_of
from valaro.errors import ValaroError
from valaro.evaluation.scores import score
from valaro.experiments.cross_validate import cross_validate, describe
from valaro.experiments.data import load_study
from valaro.experiments.final_model import train_final
from valaro.experiments.run_folder import read_run
from valaro.records import FaceQuality
from valaro.saved_model import load_models


def test_a_model_that_a_varied_value_does_not_concern_is_trained_once(tmp_path: Path, here: list[str]) -> None:
    study = make_study(tmp_path)
    changes = ['study.models=["FSBase:face", "SSGAN:face"]', "vary.study.max_unlabelled=[0, 1, 2]"]
    assert cross_validate(settings_of(study, *changes), tmp_path / "run") == ()
    results = read_run(tmp_path / "run").results
    # Two folds; FSBase, LR and SVM once, SSGAN three times.
    assert (len(here), len(results)) == (12, 12)
    pools = {r.model: (r.varied, r.unlabelled) for r in results}
    assert pools == {
        "FSBase face": ((), 0),
        "LR face": ((), 0),
        "SVM face": ((), 0),
        "SSGAN face, max_unlabelled 0": ((("study.max_unlabelled", "0"),), 0),
        "SSGAN face, max_unlabelled 1": ((("study.max_unlabelled", "1"),), 1),
        "SSGAN face, max_unlabelled 2": ((("study.max_unlabelled", "2"),), 2),
    }


def test_only_the_sessions_that_are_asked_for_are_tested(tmp_path: Path, here: list[str]) -> None:
    settings = settings_of(make_study(tmp_path, sessions=3), 'study.models=["LR:fbank"]', 'study.sessions=["2"]')
    cross_validate(settings, tmp_path / "run")
    results = read_run(tmp_path / "run").results
    assert [result.fold.partition(" test ")[0] for result in results if result.method == "LR"] == ["2"]
    # The sessions that are not tested train.
    assert {result.labelled for result in results} == {2 * 2 * 3 * 2}


def test_a_session_that_is_not_there_is_named_before_anything_trains(tmp_path: Path, here: list[str]) -> None:
    settings = settings_of(make_study(tmp_path), 'study.sessions=["Ses01"]')
    with pytest.raises(ValaroError, match=r"unknown session in study.sessions with valence labels 'Ses01'.* 1, 2"):
        cross_validate(settings, tmp_path / "run")
    assert here == []
    assert not (tmp_path / "run").exists()


def test_a_run_says_in_which_half_of_the_picture_a_person_sits() -> None:
    person = an_utterance("a")
    regions = [(0.0, 0.0, 0.5, 1.0), (0.5, 0.0, 1.0, 1.0), (0.25, 0.0, 0.75, 1.0), None]
    assert [replace(person, face_region=region).half for region in regions] == ["left", "right", "", ""]


def test_a_run_keeps_the_half_beside_what_is_known_of_the_face(tmp_path: Path) -> None:
    settings = settings_of(make_study(tmp_path))
    data = load_study(settings)
    sitting = replace(data.labelled[0], face_region=(0.5, 0.0, 1.0, 1.0))
    data.store.qualities = (FaceQuality(utterance=sitting.id, frames=9, detected=8, mean_absolute_yaw=0.2),)
    (face,) = describe(settings, replace(data, labelled=(sitting, *data.labelled[1:])), "cross-validation").faces
    assert face == FaceQuality(utterance=sitting.id, frames=9, detected=8, mean_absolute_yaw=0.2, half="right")


def test_of_a_training_for_two_folds_only_the_result_that_lacks_is_written(tmp_path: Path, here: list[str]) -> None:
    settings = settings_of(make_study(tmp_path), 'study.models=["FSBase:face"]', "study.directions=both")
    cross_validate(settings, tmp_path / "run")
    there = tmp_path / "run" / "results" / "valence FSBase face 1 test F seed 0.json"
    lacking = tmp_path / "run" / "results" / "valence FSBase face 1 test M seed 0.json"
    before = (there.stat().st_mtime_ns, there.read_bytes())
    lacking.unlink()
    here.clear()
    cross_validate(settings, tmp_path / "run")
    assert len(here) == 1
    assert lacking.is_file()
    assert (there.stat().st_mtime_ns, there.read_bytes()) == before


def test_the_control_learns_nothing_but_chance_where_the_model_itself_is_perfect(
    tmp_path: Path, here: list[str]
) -> None:
    study = make_study(tmp_path, sessions=3, per_level=6)
    changes = ['study.models=["LR:fbank"]', "study.directions=both", "study.control=true", "study.seeds=2"]
    assert cross_validate(settings_of(study, *changes), tmp_path / "run") == ()
    record = read_run(tmp_path / "run")
    control = [r for r in record.results if r.shuffled]
    # Of both seeds: three sessions in both directions.
    assert {(r.model, r.seed) for r in control} == {("LR fbank, shuffled labels", seed) for seed in (0, 1)}
    assert len(control) == 12
    assert not any(r.shuffled for r in record.judged)
    assert len(record.judged) == len(record.results) - 12
    honest = [r for r in record.judged if r.model == "LR fbank" and r.seed == 0]
    assert min(score(r.test).uar for r in honest) == 1.0
    # Six shuffles, of which each turns whole levels: the mean is rough, but far from the 100 % of the model itself.
    assert 0.1 < np.mean([score(r.test).uar for r in control]) < 0.6
    # It is judged by the true labels.
    assert {r.test.ids: r.test.correct.tolist() for r in control} == {
        r.test.ids: r.test.correct.tolist() for r in honest
    }


def test_auto_is_in_every_fold_the_candidate_that_validation_likes_best(tmp_path: Path, here: list[str]) -> None:
    study = make_study(tmp_path)
    settings = settings_of(study, 'study.models=["auto"]', "study.directions=both")
    assert cross_validate(settings, tmp_path / "run") == ()
    results = read_run(tmp_path / "run").results
    chosen = [r for r in results if r.method == "auto"]
    names = {"LR fbank+face", "SVM fbank+face", "MFSBase", "CT fbank+face", "MSSGAN"}
    assert {r.model for r in results} == {"auto fbank+face"} | names
    assert len(chosen) == 4
    for one in chosen:
        among = {r.model: r for r in results if r.fold == one.fold and r is not one}
        best = max(score(r.validation).uar for r in among.values())
        assert one.chosen in names
        assert score(among[one.chosen].validation).uar == best
        assert one.test.probabilities.tolist() == among[one.chosen].test.probabilities.tolist()
        assert one.seconds == sum(r.seconds for r in among.values())


def test_auto_looks_at_no_test_answer(tmp_path: Path, here: list[str]) -> None:
    study, run = make_study(tmp_path), tmp_path / "run"
    settings = settings_of(study, 'study.models=["auto"]')
    cross_validate(settings, run)
    choices = {path.name: json.loads(path.read_text())["chosen"] for path in (run / "results").glob("* auto *.json")}
    assert len(choices) == 2
    # Whatever the test says: all candidates' answers turned round.
    for path in (run / "results").glob("*.json"):
        facts = json.loads(path.read_text())
        facts["test"]["probabilities"] = [row[::-1] for row in facts["test"]["probabilities"]]
        path.write_text(json.dumps(facts))
    for name in choices:
        (run / "results" / name).unlink()
    here.clear()
    cross_validate(settings, run)
    assert here == []
    again = {path.name: json.loads(path.read_text())["chosen"] for path in (run / "results").glob("* auto *.json")}
    assert again == choices


def test_where_a_candidate_fails_auto_says_that_it_cannot_choose(tmp_path: Path, here: list[str]) -> None:
    study = make_study(tmp_path)
    broken = [
        "training.learning_rate=1e30",
        "training.grad_clip_norm=0",
        "network.weight_norm=false",
        "training.lr_decay_fraction=0",
    ]
    problems = cross_validate(settings_of(study, 'study.models=["auto:face"]', *broken), tmp_path / "run")
    undecided = [problem for problem in problems if problem.where == "choice"]
    # Two folds; the linear candidates do not mind the rate.
    assert [problem.utterance for problem in undecided] == [
        "valence auto face 1 test M seed 0",
        "valence auto face 2 test M seed 0",
    ]
    assert "FSBase face 1 test M seed 0" in undecided[0].why
    assert "LR face" not in undecided[0].why
    assert not [r for r in read_run(tmp_path / "run").results if r.method == "auto"]


def test_a_model_for_use_can_be_left_to_validation(tmp_path: Path, here: list[str]) -> None:
    study, run = make_study(tmp_path), tmp_path / "final"
    (final,) = train_final(settings_of(study, 'study.models=["auto:face"]'), run)
    assert {final.label, *(label for label, _ in final.others)} == {
        "LR face",
        "SVM face",
        "FSBase face",
        "CT face",
        "SSGAN face",
    }
    uars = [uar for _, uar in final.others]
    assert uars == sorted(uars, reverse=True)
    assert final.validation_uar >= uars[0]
    (model,) = load_models(run)
    assert model.label == final.label
    assert not any(path.is_file() for path in (run / "unfinished").rglob("*"))


def test_a_model_that_is_there_is_not_trained_again(tmp_path: Path, here: list[str]) -> None:
    study, run = make_study(tmp_path), tmp_path / "final"
    settings = settings_of(study, 'study.models=["MFSBase"]')
    first = train_final(settings, run)
    assert here == ["valence"]
    assert train_final(settings, run) == first
    assert here == ["valence"]


def test_settings_that_vary_something_make_no_model_for_use(tmp_path: Path) -> None:
    settings = settings_of(make_study(tmp_path), 'study.models=["SSGAN:face"]', "vary.study.max_unlabelled=[0, 1]")
    with pytest.raises(ValaroError, match="settings that vary something are for valaro cross-validate"):
        train_final(settings, tmp_path / "final")
