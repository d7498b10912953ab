"""From pictures of faces to `dface` in a store and to a timeline, as a user meets it."""

import csv
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from helpers.faces import make_folders, write_votes
from helpers.features import an_utterance, make_store, toy_corpus
from valaro.cli.app import main
from valaro.features.face_network import read_face_network
from valaro.features.face_rows import FaceRows
from valaro.features.table import feature_by_name
from valaro.recordings import join_tracks, stream_features
from valaro.store.feature_store import FeatureStore
from valaro.store.manifest import write_manifest
from valaro.store.networks import keep_network
from valaro_demo_clips.corpus import plan_corpus, render_clip


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a command left: its exit code and its words."""

    code: int
    words: str


Command = Callable[..., Answer]


@pytest.fixture
def valaro(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    """Runs a command line in this process, in the test's own folder."""
    monkeypatch.chdir(tmp_path)

    def run(line: str) -> Answer:
        monkeypatch.setattr(sys, "argv", ["valaro", *line.split()])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capfd.readouterr()
        assert out == ""
        assert "Traceback" not in err
        return Answer(code=code, words=err)

    return run


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the run folder of the real network, trained for two updates."""
    folder = tmp_path_factory.mktemp("trained")
    make_folders(folder / "faces", a_class=5)
    patch = pytest.MonkeyPatch()
    patch.setattr(
        sys,
        "argv",
        f"valaro train-face-network {folder}/faces --to {folder}/net --set epochs=1 --set batch_size=4".split(),
    )
    with pytest.raises(SystemExit):
        main()
    patch.undo()
    return folder / "net"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a clip with a drawn face that speaks."""
    folder = tmp_path_factory.mktemp("clip")
    plan = plan_corpus(sessions=1, labelled_per_speaker=1, unlabelled_per_speaker=0, extra_speakers=0)[0]
    render_clip(plan, folder)
    return folder / plan.file


def test_folders_become_a_network_of_342_features(valaro: Command, tmp_path: Path) -> None:
    make_folders(tmp_path / "faces", a_class=5)
    make_folders(tmp_path / "test", a_class=2, seed=1)
    (tmp_path / "faces" / "up" / "bad.png").write_text("no picture")
    line = "train-face-network faces --test test --to net --set epochs=2 --set batch_size=4"
    done = valaro(line)
    # One picture was refused, and the network is there all the same.
    assert done.code == 1
    assert "down, up: 8 to train, 2 to validate, 4 to test" in done.words
    assert "epoch 2/2: loss" in done.words
    assert "it chose the epoch: optimistic" in done.words
    assert "test: accuracy" in done.words
    assert "next: valaro extract MANIFEST --features dface=net --to STORE" in done.words
    assert "bad.png: picture: cannot be decoded" in done.words
    assert read_face_network(tmp_path / "net").dim == 342
    with (tmp_path / "net" / "epochs.csv").open(newline="") as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == ["1", "2"]
    again = valaro(line)
    assert (again.code, "epoch 2/2" in again.words) == (1, False)
    assert "test: accuracy" in again.words


def test_a_table_of_votes_gives_eight_classes_and_the_parts(valaro: Command, tmp_path: Path) -> None:
    make_folders(tmp_path / "pictures", a_class=4)
    names = [path.name for path in sorted((tmp_path / "pictures").rglob("*.png"))]
    usages = ["Training"] * 5 + ["PublicTest"] * 2 + ["PrivateTest"]
    rows = [(usage, name, 6, 4, *[0] * 8) for usage, name in zip(usages, names, strict=True)]
    write_votes(tmp_path / "votes.csv", [*rows, ("Training", "", *[0] * 9, 10)])
    done = valaro("train-face-network pictures votes.csv --to net --set epochs=1 --set batch_size=4")
    assert done.code == 0
    assert "left out: 1 rows without a picture" in done.words
    assert "contempt: 5 to train, 2 to validate, 1 to test" in done.words
    assert len(read_face_network(tmp_path / "net").classes) == 8
    refused = valaro("train-face-network pictures votes.csv --test pictures --to other")
    assert (refused.code, "a table says each picture's part in Usage" in refused.words) == (2, True)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("train-face-network nowhere --to net", "nowhere: there is no such folder"),
        ("train-face-network faces nowhere.csv --to net", "nowhere.csv: there is no such file"),
        ("train-face-network faces --to net --set epochs=0", "epochs = 0: it should be greater than or equal to 1"),
        (
            "train-face-network faces --to net --set validation_fraction=2",
            "validation_fraction = 2: it should be less than 1",
        ),
        ("train-face-network faces --to faces", "'faces' is not empty and no run of train-face-network"),
        ("extract toy.parquet --to store --features dface=nowhere", "nowhere: there is no such file"),
        ("extract toy.parquet --to store --features face=faces", "only dface and expressions come from a network"),
        ("extract toy.parquet --to store --features dface=toy.parquet", "toy.parquet: no safetensors file"),
    ],
)
def test_a_mistake_is_one_message_and_leaves_nothing(valaro: Command, tmp_path: Path, line: str, words: str) -> None:
    make_folders(tmp_path / "faces")
    write_manifest(tmp_path / "toy.parquet", [an_utterance("1")])
    before = sorted(tmp_path.rglob("*"))
    answer = valaro(line)
    assert answer.code == 2
    assert answer.words.startswith("valaro: ")
    assert answer.words.count("\n") == 1
    assert words in answer.words
    assert sorted(tmp_path.rglob("*")) == before


def test_extract_runs_the_network_in_its_workers_and_keeps_it(
    valaro: Command, tmp_path: Path, trained: Path, clip: Path
) -> None:
    write_manifest(tmp_path / "m.parquet", [replace(an_utterance("1", level=None), media=clip)])
    # The run may change or go once the command has read it: the workers use the store's copy.
    shutil.copytree(trained, tmp_path / "net")
    done = valaro("extract m.parquet --to store --features fbank,face,dface=net --workers 1")
    assert (done.code, "1 complete" in done.words) == (0, True)
    shutil.rmtree(tmp_path / "net")
    store = FeatureStore.open(tmp_path / "store")
    network = read_face_network(trained)
    assert (store.dim("dface"), store.version("dface")) == (342, f"1-{network.checksum}")
    assert store.network("dface") == network
    rows = store.values("toy/1", "dface")
    assert len(rows) == store.length("toy/1") == len(store.values("toy/1", "face"))
    # The very rows that the network makes of the crops found, held on the grid.
    track = join_tracks([part.track for part in stream_features(clip, ["face"]) if part.track is not None])
    line = FaceRows([feature_by_name("dface", network)], 0.0)
    (first,), (rest,) = line.push(track.crops, track.times), line.finish(len(rows))
    np.testing.assert_allclose(rows, np.concatenate([first, rest]), rtol=1e-3, atol=1e-4)
    assert float(np.asarray(rows, np.float32).std(axis=0).max()) > 0


def test_a_model_of_dface_takes_its_network_along(valaro: Command, tmp_path: Path, trained: Path, clip: Path) -> None:
    network = read_face_network(trained)
    utterances, features = toy_corpus(sessions=2, per_level=2, unlabelled=1)
    wide = np.random.default_rng(0).normal(size=(8, 342))
    store = {utterance: {"fbank": rows["fbank"], "dface": rows["face"] @ wide} for utterance, rows in features.items()}
    make_store(tmp_path / "features", store, versions={"dface": f"1-{network.checksum}"})
    keep_network(tmp_path / "features", network)
    write_manifest(tmp_path / "toy.parquet", utterances)
    (tmp_path / "study.toml").write_text(
        '[data]\nlabelled = ["toy.parquet"]\nfeatures = "features"\n'
        '[study]\nmodels = ["SSGAN:dface"]\nfeatures = ["fbank", "dface"]\ndimensions = ["valence"]\n'
        "[network]\nwidth = 0.125\naveraged_bands = 1\n[training]\nsteps = 4\nbatch_size = 4\nevaluate_every = 2\n"
    )
    assert valaro("train study.toml --to final").code == 0
    shutil.rmtree(tmp_path / "features")
    done = valaro(f"predict final {clip} --to timeline.csv")
    assert done.code == 0
    with (tmp_path / "timeline.csv").open(newline="") as file:
        moments = list(csv.DictReader(file))
    assert len({moment["probability"] for moment in moments}) > 1
    copy = tmp_path / "final" / "models" / "valence" / "network.safetensors"
    assert copy.read_bytes() == network.content
    # A damaged copy ends the command instead of giving other numbers.
    copy.write_bytes(network.content[:-100])
    assert valaro(f"predict final {clip} --to timeline.csv").code == 2
