"""The public functions: the README's lines as printed, names that are refused, and nothing that leaks."""

import csv
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import valaro
from helpers.features import an_utterance, make_store, toy_corpus
from helpers.media import make_recording
from valaro.errors import ValaroError
from valaro.evaluation.folds import leave_one_session_out
from valaro.records import TimelineSegment, Utterance
from valaro.store.feature_store import FeatureStore
from valaro.training.config import DEFAULT, PRESETS
from valaro.training.trained_model import TrainedModel

QUICK = replace(
    DEFAULT,
    width=0.125,
    averaged_bands=1,
    schedule=replace(DEFAULT.schedule, steps=4, batch_size=4, evaluate_every=2),
)
README = Path(__file__).parents[1] / "README.md"
PUBLIC = {
    "Fold",
    "ValaroError",
    "extract",
    "leave_one_session_out",
    "load_model",
    "read_corpus",
    "save_model",
    "score",
    "train",
    "predict_stream",
}


@pytest.fixture
def data(tmp_path: Path) -> tuple[tuple[Utterance, ...], FeatureStore]:
    utterances, features = toy_corpus(sessions=2, per_level=2, unlabelled=2)
    return utterances, make_store(tmp_path / "store", features)


def _lines(text: str) -> str:
    (code,) = re.findall(r"```python\n(import valaro\n.*?)```", text, flags=re.DOTALL)
    return code


def _write_tones(folder: Path, people: int, *, labelled: bool) -> None:
    """Write three tones a person, the louder the higher, with a table."""
    folder.mkdir()
    rows = [("utterance", "file", "speaker", "gender", "session", "valence")]
    for person in range(people):
        for index, (level, loudness) in enumerate({"low": 0.02, "medium": 0.1, "high": 0.5}.items()):
            name = f"{person}{index}"
            _write_tone(folder / f"{name}.wav", loudness, 200 + 70 * person)
            session = str(person // 2 + 1) if labelled else ""
            rows.append((name, f"{name}.wav", f"0{person}", "FM"[person % 2], session, level if labelled else ""))
    with (folder / "utterances.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)


def _write_tone(path: Path, loudness: float, hertz: float, **kind: object) -> None:
    def sound(times: np.ndarray) -> np.ndarray:
        return (loudness * np.sin(2 * np.pi * hertz * times) * (0.5 + times / 3)).astype(np.float32)

    make_recording(path, picture=False, sound=sound, seconds=1.5, sound_rate=16_000, **kind)


def test_the_readme_s_lines_run_as_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _write_tones(tmp_path / "labelled", 4, labelled=True)
    _write_tones(tmp_path / "unlabelled", 1, labelled=False)
    _write_tone(tmp_path / "interview.mp4", 0.3, 300, audio_codec="aac")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(PRESETS, "default", QUICK)
    # The tones have no face: a second feature of the sound stands in for it.
    code = _lines(README.read_text()).replace('"face"', '"fft"').replace("workers=2", "workers=1")
    names: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), names)
    told = capsys.readouterr().out.splitlines()
    folds = [line for line in told if " test " in line]
    assert [line.split()[0] for line in folds] == ["1", "2"]
    assert all(0 <= float(line.split()[-1]) <= 1 for line in folds)
    moments = [line for line in told if " s  " in line]
    assert len(moments) == len(told) - 2
    assert moments[0].startswith("   0.0 s  ")
    assert all(line.split()[2] in {"low", "medium", "high"} for line in moments)
    model, moment = names["model"], names["segment"]
    assert isinstance(model, TrainedModel)
    assert model.features == ("fbank", "fft")
    assert isinstance(moment, TimelineSegment)
    assert moment.end == pytest.approx(1.5, abs=0.1)


def test_the_package_s_docstring_shows_the_readme_s_lines() -> None:
    body = _lines(README.read_text()).removeprefix("import valaro\n").strip()
    assert body in str(valaro.__doc__)


def test_the_public_names_are_listed_and_there() -> None:
    assert set(dir(valaro)) == {*PUBLIC, "__version__"}
    assert set(valaro.__all__) == PUBLIC
    assert all(callable(getattr(valaro, name)) for name in PUBLIC)


def test_an_unknown_attribute_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'valaro' has no attribute 'trian'"):
        _ = valaro.trian
    assert not hasattr(valaro, "api_of_the_future")


Data = tuple[tuple[Utterance, ...], FeatureStore]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda u, s, f: valaro.read_corpus("tabel", "t.csv"), r"unknown kind of corpus 'tabel': did you mean 'table'"),
        (lambda u, s, f: valaro.read_corpus("table", "t.csv"), r"t\.csv: there is no such file"),
        (lambda u, s, f: valaro.train("MSGAN", s, f, dimension="valence"), "'MSGAN': did you mean 'MSSGAN'"),
        (lambda u, s, f: valaro.train("SSGAN:fac", s, f, dimension="valence"), "'fac': did you mean 'face'"),
        (
            lambda u, s, f: valaro.train("SSGAN", s, f, dimension="valence"),
            r"'SSGAN:NAME' or .*NAME one of face, fbank",
        ),
        (lambda u, s, f: valaro.train("MSSGAN", s, f, dimension="valence", names=["face"]), "needs at least two"),
        (
            lambda u, s, f: valaro.train("MSSGAN", s, f, dimension="valence", config="papre"),
            "unknown preset 'papre': did you mean 'paper'",
        ),
        (
            lambda u, s, f: valaro.train("SSGAN", s, f, dimension="valence", names=["fbnak"], config=QUICK),
            "unknown feature in store '.*' 'fbnak': did you mean 'fbank'",
        ),
        (lambda u, s, f: valaro.extract(u, ["fbnak"], to="features"), "unknown feature 'fbnak': did you mean 'fbank'"),
        (lambda u, s, f: valaro.load_model("nowhere"), "no model in 'nowhere'"),
        (lambda u, s, f: FeatureStore.open(Path("nowhere")), "there is no such folder"),
        (lambda u, s, f: FeatureStore.open("nowhere"), "there is no such folder"),
        (lambda u, s, f: valaro.read_corpus("table", "t.csv", root=3), "root = 3: expected a path, as text"),
        (lambda u, s, f: valaro.read_corpus("table", "t.csv", scale="1 3"), "scale is '1 3', expected a list"),
        (lambda u, s, f: valaro.read_corpus("table", "t.csv", scale=(1, "3")), r"scale\[1\] is '3', expected a number"),
        (lambda u, s, f: valaro.read_corpus("table", "t.csv", corpus=5), "corpus is 5, expected text"),
        (lambda u, s, f: valaro.read_corpus("ami", ".", samples="x"), "samples is 'x', expected a whole number"),
        (
            lambda u, s, f: valaro.train("MSSGAN", s, f, dimension="valence", config=QUICK),
            "MSSGAN learns from unlabelled recordings, and may learn from none of 0",
        ),
    ],
)
def test_what_is_unknown_is_refused_with_the_nearest_name(
    data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Callable[..., object], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    utterances, store = data
    with pytest.raises(ValaroError, match=words):
        call(utterances, store, leave_one_session_out(utterances)[0])


def test_a_path_of_another_kind_is_one_message_where_nothing_checks_kinds_before() -> None:
    # In a process of its own: the tests' own checks of kinds would speak first.
    calls = ["load_model(5)", "save_model(None, 5)", "read_corpus('table', 5)", "extract([], ['fbank'], to=5)"]
    script = "import valaro\n" + "".join(
        f"try:\n    valaro.{call}\nexcept valaro.ValaroError as error:\n    print(error)\n"
        for call in [*calls, "read_corpus(5, 't.csv')"]
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    *paths, kind = done.stdout.splitlines()
    assert paths == [
        f"{name} = 5: expected a path, as text or as a pathlib.Path" for name in ("folder", "folder", "path", "to")
    ], done.stderr
    assert kind.startswith("unknown kind of corpus '5': Expected one of: table, ")


def test_held_out_people_in_the_pool_never_reach_training(data: Data) -> None:
    utterances, store = data
    fold = valaro.leave_one_session_out(utterances)[0]
    own = [u for u in utterances if u.speaker not in fold.held_out_speakers and not u.ratings]
    # A semi-supervised model with nothing unlabelled is refused, so that half of them stands for none.
    held_out = [u for u in utterances if u.speaker in fold.held_out_speakers]
    assert len(own) == 4
    assert len(held_out) == 16

    def weights(pool: list[Utterance]) -> dict[str, torch.Tensor]:
        model = valaro.train("MSSGAN", store, fold, pool, dimension="valence", config=QUICK)
        return model.classifier.state_dict()

    without, with_them, without_own = weights(own), weights([*held_out, *own]), weights(own[:2])
    assert all(torch.equal(a, b) for a, b in zip(without.values(), with_them.values(), strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(without.values(), without_own.values(), strict=True))


@pytest.mark.parametrize("how", ["another name", "another corpus", "no name"])
def test_held_out_people_in_disguise_stay_out_too(tmp_path: Path, how: str) -> None:
    utterances, features = toy_corpus(sessions=2, per_level=2)
    fold = valaro.leave_one_session_out(utterances)[0]
    victim = fold.test[0]
    disguised = {
        "another name": replace(victim, speaker="other/99", session="9", ratings=()),
        "another corpus": replace(an_utterance("x", level=None, corpus="other", session="9"), speaker=victim.speaker),
        # Nobody said who speaks: of these people it could be anyone.
        "no name": replace(an_utterance("y", level=None, session="9"), speaker="toy/?y"),
    }[how]
    stranger = replace(an_utterance("z", level=None, corpus="other", session="9"), speaker="other/98")
    known = replace(an_utterance("k", level=None, corpus="third", session="8"), speaker="third/97")
    rng = np.random.default_rng(0)
    for one in (disguised, stranger, known):
        features.setdefault(one.id, {"fbank": rng.normal(size=(150, 16)), "face": rng.normal(size=(150, 8))})
    store = make_store(tmp_path / "store", features)
    alone, with_it, with_stranger = (
        valaro.train("SSGAN:fbank", store, fold, pool, dimension="valence", config=QUICK).classifier.head.weight
        for pool in ((known,), (known, disguised), (known, stranger))
    )
    assert torch.equal(alone, with_it)
    assert not torch.equal(alone, with_stranger)


def test_auto_returns_the_model_that_validation_likes_best(data: Data) -> None:
    utterances, store = data
    fold = valaro.leave_one_session_out(utterances)[0]
    own = [u for u in utterances if not u.ratings]
    model = valaro.train("auto", store, fold, own, dimension="valence", names=["face", "fbank"], config=QUICK)
    assert model.label in {"LR face+fbank", "SVM face+fbank", "MFSBase", "CT face+fbank", "MSSGAN"}


def test_a_path_is_text_or_a_path(tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "a.wav").write_bytes(b"sound")
    (tmp_path / "t.csv").write_text("utterance,file\nx,a.wav\n")
    table, root = tmp_path / "t.csv", tmp_path / "clips"
    as_text = valaro.read_corpus("table", str(table), root=str(root))
    assert as_text == valaro.read_corpus("table", table, root=root)


def test_a_fold_that_leaks_cannot_be_made(data: Data) -> None:
    utterances, _ = data
    fold = valaro.leave_one_session_out(utterances)[0]
    with pytest.raises(valaro.ValaroError, match="would leak"):
        valaro.Fold(name="mine", train=(*fold.train, fold.test[0]), validation=fold.validation, test=fold.test)


def test_a_score_is_of_labelled_utterances_alone(data: Data) -> None:
    utterances, store = data
    fold = valaro.leave_one_session_out(utterances)[0]
    model = valaro.train("FSBase", store, fold, dimension="arousal", names=["face"], config=QUICK)
    assert (model.label, model.features) == ("FSBase face", ("face",))
    tested = {u.speaker for u in fold.test}
    everything_of_theirs = [u for u in utterances if u.speaker in tested]
    assert len(everything_of_theirs) == 8
    assert valaro.score(model, store, everything_of_theirs).count == 6
    with pytest.raises(ValaroError, match="no utterance to judge"):
        valaro.score(model, store, [u for u in everything_of_theirs if not u.ratings])


def test_a_saved_model_is_the_same_model(data: Data, tmp_path: Path) -> None:
    utterances, store = data
    fold = valaro.leave_one_session_out(utterances)[0]
    model = valaro.train("MFSBase", store, fold, dimension="valence", config=QUICK)
    valaro.save_model(model, str(tmp_path / "model"))
    again = valaro.load_model(str(tmp_path / "model"))
    assert valaro.score(again, store, fold.test) == valaro.score(model, store, fold.test)
    with pytest.raises(ValaroError, match="people it has met"):
        valaro.score(again, store, fold.train)
