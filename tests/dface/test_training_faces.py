"""Training a network of faces: it learns, it is the same each time, and a kill changes nothing."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import torch

from helpers.faces import SMALL, some_faces
from valaro.dface import export, passes
from valaro.dface import run as face_run
from valaro.dface.augmentation import augment_faces
from valaro.dface.config import FaceAugmentation, FaceNetworkConfig, config_from
from valaro.dface.densenet import DenseNet
from valaro.dface.fit import fit_face_network
from valaro.dface.run import FaceNetworkRun, train_face_network
from valaro.dface.scores import Epoch, probabilities_of, score_faces
from valaro.dface.splits import FaceSplits
from valaro.errors import StoreError, ValaroError
from valaro.features.face_network import read_face_network
from valaro.training.best_model import BestModel
from valaro.training.checkpointer import CheckpointPaths

CONFIG = FaceNetworkConfig(epochs=3, batch_size=4, lr=0.05, shape=SMALL)
NO_TRAIL = CheckpointPaths()


class KilledError(BaseException):
    """Stands for the kill: nothing in the package catches it."""


def _parts() -> FaceSplits:
    return FaceSplits(train=some_faces(18), validation=some_faces(6, seed=1), test=some_faces(8, seed=2))


def _files(run: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in run.iterdir() if path.is_file() and path.name != ".lock"}


def _interrupt(monkeypatch: pytest.MonkeyPatch, where: object, name: str, *, after: int) -> None:
    original: Callable[..., object] = getattr(where, name)
    calls = count()

    def interrupted(*arguments: object, **named: object) -> object:
        if next(calls) == after:
            raise KilledError
        return original(*arguments, **named)

    monkeypatch.setattr(where, name, interrupted)


@pytest.fixture
def undisturbed(tmp_path: Path) -> Path:
    train_face_network(_parts(), tmp_path / "undisturbed", CONFIG, seed=0)
    return tmp_path / "undisturbed"


def test_bright_halves_are_told_apart_after_a_few_epochs(tmp_path: Path) -> None:
    told: list[Epoch] = []
    run = train_face_network(_parts(), tmp_path / "run", replace(CONFIG, epochs=8), seed=0, on_epoch=told.append)
    assert run.best.validation_accuracy == 1.0
    assert run.test is not None
    assert run.test.accuracy == 1.0
    assert [epoch.epoch for epoch in told] == list(range(1, 9))
    assert read_face_network(tmp_path / "run").classes == ("down", "up")


def test_the_same_seed_gives_the_same_files_and_another_seed_another_network(tmp_path: Path, undisturbed: Path) -> None:
    train_face_network(_parts(), tmp_path / "again", CONFIG, seed=0)
    assert _files(tmp_path / "again") == _files(undisturbed)
    assert sorted(_files(undisturbed)) == [
        "epochs.csv",
        "face_network.json",
        "losses.csv",
        "network.safetensors",
        "result.json",
    ]
    train_face_network(_parts(), tmp_path / "other", CONFIG, seed=1)
    assert _files(tmp_path / "other")["network.safetensors"] != _files(undisturbed)["network.safetensors"]


# 18 faces in batches of 4: four updates an epoch, twelve in all.
@pytest.mark.parametrize(
    ("where", "name", "after"),
    [
        (passes, "_passes", 0),
        (passes, "_passes", 3),
        (passes, "_passes", 4),
        (passes, "_passes", 9),
        (BestModel, "evaluate", 1),
        (face_run, "_write_epochs", 1),
        (face_run, "export_network", 1),
        (face_run, "score_faces", 0),
    ],
)
def test_a_killed_training_goes_on_to_the_same_files(
    tmp_path: Path, undisturbed: Path, monkeypatch: pytest.MonkeyPatch, where: object, name: str, after: int
) -> None:
    to = tmp_path / "killed"
    with monkeypatch.context() as patch:
        _interrupt(patch, where, name, after=after)
        with pytest.raises(KilledError):
            train_face_network(_parts(), to, CONFIG, seed=0, seconds=0)
    steps: list[int] = []
    train_face_network(_parts(), to, CONFIG, seed=0, seconds=0, on_step=lambda done, _: steps.append(done))
    assert _files(to) == _files(undisturbed)
    # It went on: only what was not kept is done again.
    assert len(steps) <= 12 - (after if name == "_passes" else 4 * after)
    assert not (to / "unfinished").exists()


def test_a_process_ended_by_force_goes_on_to_the_same_files(tmp_path: Path, undisturbed: Path) -> None:
    to = tmp_path / "killed"
    code = (
        "import sys; sys.path[:0] = sys.argv[2].split(':'); import torch; torch.set_num_threads(1)\n"
        "from pathlib import Path; import test_training_faces as t\n"
        "t.train_face_network(t._parts(), Path(sys.argv[1]), t.CONFIG, seed=0, seconds=0)"
    )
    paths = [str(Path(__file__).parent), str(Path(__file__).parents[1]), *sys.path]
    with subprocess.Popen([sys.executable, "-c", code, str(to), ":".join(paths)]) as process:
        until = time.monotonic() + 120
        while not (to / "unfinished" / "losses.safetensors").exists() and time.monotonic() < until:
            time.sleep(0.001)
            assert process.poll() in {None, 0}
        process.send_signal(signal.SIGKILL)
    train_face_network(_parts(), to, CONFIG, seed=0, seconds=0)
    assert _files(to) == _files(undisturbed)


def test_a_rate_that_blows_the_weights_up_is_one_sentence_with_its_remedy(tmp_path: Path) -> None:
    # One update an epoch: its loss is still a number, the weights after it are none.
    config = replace(CONFIG, batch_size=64, lr=1e30, lr_schedule="steps")
    with pytest.raises(
        ValaroError, match=r"broke down at step 1: the validation loss is nan\. Lower the learning rate"
    ):
        train_face_network(_parts(), tmp_path / "run", config, seed=0)
    assert not (tmp_path / "run" / "network.safetensors").exists()


def test_a_finished_run_is_not_trained_again(undisturbed: Path) -> None:
    steps: list[int] = []
    before = _files(undisturbed)
    run = train_face_network(_parts(), undisturbed, CONFIG, seed=0, on_step=lambda done, _: steps.append(done))
    assert isinstance(run, FaceNetworkRun)
    assert (steps, _files(undisturbed)) == ([], before)


def test_a_finished_run_whose_network_is_gone_or_another_one_says_so(tmp_path: Path, undisturbed: Path) -> None:
    train_face_network(_parts(), tmp_path / "other", CONFIG, seed=1)
    (undisturbed / "network.safetensors").write_bytes((tmp_path / "other" / "network.safetensors").read_bytes())
    with pytest.raises(StoreError, match=r"network\.safetensors' is another network than the one tested: remove"):
        train_face_network(_parts(), undisturbed, CONFIG, seed=0)
    (undisturbed / "network.safetensors").unlink()
    with pytest.raises(StoreError, match=r"network\.safetensors: there is no such file"):
        train_face_network(_parts(), undisturbed, CONFIG, seed=0)


def test_another_config_or_other_pictures_do_not_go_into_the_same_folder(undisturbed: Path) -> None:
    with pytest.raises(ValaroError, match="another config: give another folder"):
        train_face_network(_parts(), undisturbed, replace(CONFIG, lr=0.1), seed=0)
    with pytest.raises(ValaroError, match="another pictures, another fingerprint"):
        train_face_network(replace(_parts(), train=some_faces(20)), undisturbed, CONFIG, seed=0)
    (undisturbed / "face_network.json").unlink()
    with pytest.raises(ValaroError, match="not empty and no run"):
        train_face_network(_parts(), undisturbed, CONFIG, seed=0)


def test_a_damaged_state_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _interrupt(monkeypatch, passes, "_passes", after=3)
    with pytest.raises(KilledError):
        train_face_network(_parts(), tmp_path, CONFIG, seed=0, seconds=0)
    state = tmp_path / "unfinished" / "losses.safetensors"
    state.write_bytes(state.read_bytes()[:-1] + b"!")
    with pytest.raises(StoreError, match=r"does not match its checksum.*: remove it to begin anew"):
        train_face_network(_parts(), tmp_path, CONFIG, seed=0, seconds=0)


def test_a_training_that_breaks_down_says_at_which_step_and_what_to_change(tmp_path: Path) -> None:
    with pytest.raises(
        ValaroError, match=r"broke down at step \d+: the cross-entropy loss is .*Lower the learning rate"
    ):
        train_face_network(_parts(), tmp_path, replace(CONFIG, lr=1e30), seed=0)


def test_the_best_epoch_is_kept_not_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    right = np.array([[0.9, 0.1], [0.1, 0.9]] * 3, np.float32)
    answers = iter([right[:, ::-1].copy(), right, right[:, ::-1].copy()])
    weights: list[torch.Tensor] = []

    def answer(network: DenseNet, _: object) -> np.ndarray:
        weights.append(network.first.weight.detach().clone())
        return next(answers)

    monkeypatch.setattr("valaro.dface.scores.probabilities_of", answer)
    network, best = fit_face_network(
        FaceSplits(train=some_faces(18), validation=some_faces(6), test=None), CONFIG, seed=0, paths=NO_TRAIL
    )
    assert best.point.epoch == 2
    assert [epoch.validation_accuracy for epoch in best.history] == [0.0, 1.0, 0.0]
    assert torch.equal(network.first.weight, weights[1])
    assert not torch.equal(weights[1], weights[2])


def test_faces_are_scored_against_what_most_voters_saw() -> None:
    targets = np.array([[0.5, 0.5, 0.0], [0.2, 0.8, 0.0], [0.0, 0.4, 0.6], [0.1, 0.2, 0.7]], np.float32)
    answers = np.array([[0.1, 0.8, 0.1], [0.5, 0.25, 0.25], [0.25, 0.25, 0.5], [0.0, 0.0, 1.0]], np.float32)
    scores = score_faces(answers, targets)
    # Face 0 is a tie that class 1 wins with; face 1 is missed; classes 0, 1, 2 have recalls 1, 0, 1.
    assert scores.accuracy == 0.75
    assert scores.uar == pytest.approx(2 / 3)
    expected = [
        -(0.5 * np.log(0.1) + 0.5 * np.log(0.8)),
        -(0.2 * np.log(0.5) + 0.8 * np.log(0.25)),
        -(0.4 * np.log(0.25) + 0.6 * np.log(0.5)),
        -(0.3 * np.log(1e-12)),
    ]
    assert scores.loss == pytest.approx(np.mean(expected), rel=1e-5)


def test_validation_answers_as_in_use_and_leaves_training_as_it_was() -> None:
    network = DenseNet(SMALL, classes=2, mean=120.0, std=60.0, generator=torch.Generator().manual_seed(0))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    first = probabilities_of(network, some_faces(70))
    assert network.training
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    # 70 faces are more than one batch of the evaluation; a face's answer does not depend on its neighbours.
    np.testing.assert_allclose(first[66:], probabilities_of(network, some_faces(70).only([66, 67, 68, 69])), atol=1e-6)


def test_an_export_that_differs_from_torch_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "TOLERANCE", 0.0)
    network = DenseNet(SMALL, classes=2, mean=120.0, std=60.0, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        network.train()(torch.from_numpy(some_faces(6).crops))
    with pytest.raises(RuntimeError, match="differs from torch"):
        export.export_network(network, ("a", "b"), some_faces(6).crops, tmp_path / "network.safetensors")
    assert not list(tmp_path.iterdir())


def test_pictures_are_moved_each_in_its_own_way_and_stay_pictures() -> None:
    crops = torch.from_numpy(some_faces(16).crops)
    generator = torch.Generator().manual_seed(0)
    moved = augment_faces(crops, FaceAugmentation(), std=60.0, generator=generator)
    assert moved.shape == (16, 64, 64)
    assert float(moved.min()) >= 0
    assert float(moved.max()) <= 255
    second_view = augment_faces(crops, FaceAugmentation(), std=60.0, generator=torch.Generator().manual_seed(0))
    assert torch.equal(moved, second_view)
    same = torch.stack([crops[0]] * 16)
    looks = augment_faces(same, FaceAugmentation(), std=60.0, generator=generator)
    assert len({tuple(augment.flatten().tolist()) for augment in looks}) == 16


def test_without_any_strength_a_picture_is_itself_or_mirrored() -> None:
    still = FaceAugmentation(shift=0.0, rotation=0.0, scale=0.0, contrast=0.0, brightness=0.0)
    crops = torch.from_numpy(some_faces(32).crops)
    moved = augment_faces(crops, still, std=60.0, generator=torch.Generator().manual_seed(0))
    straight = [(new - old).abs().max() < 0.01 for old, new in zip(crops.float(), moved, strict=True)]
    mirrored = [(new - old.flip(1)).abs().max() < 0.01 for old, new in zip(crops.float(), moved, strict=True)]
    assert all(a != b for a, b in zip(straight, mirrored, strict=True))
    assert 8 < sum(map(bool, mirrored)) < 24


def test_a_picture_turned_keeps_its_proportions() -> None:
    # A bright bar of 8 x 40 pixels, at any angle, is 320 pixels bright.
    crops = torch.zeros((20, 64, 64), dtype=torch.uint8)
    crops[:, 28:36, 12:52] = 200
    turned = augment_faces(
        crops,
        FaceAugmentation(shift=0.0, rotation=90.0, scale=0.0, contrast=0.0, brightness=0.0),
        std=60.0,
        generator=torch.Generator().manual_seed(0),
    )
    np.testing.assert_allclose(turned.sum(dim=(1, 2)).numpy() / 200, 320, rtol=0.03)


def test_what_is_erased_is_one_square_of_the_mean_and_no_larger_than_asked() -> None:
    still = FaceAugmentation(shift=0.0, rotation=0.0, scale=0.0, contrast=0.0, brightness=0.0, erased=0.5)
    # A mean of 100 that no pixel has: half of them are 0, half 200.
    crops = torch.zeros((50, 64, 64), dtype=torch.uint8)
    crops[:, 32:] = 200
    moved = augment_faces(crops, still, std=60.0, generator=torch.Generator().manual_seed(0))
    blank = (moved - 100).abs() < 0.01
    heights, widths = blank.any(dim=2).sum(dim=1), blank.any(dim=1).sum(dim=1)
    assert torch.equal(blank.sum(dim=(1, 2)), heights * widths)
    assert int(heights.max()) <= 33
    assert int(heights.max()) > 20


def test_averaged_weights_are_what_is_judged_and_kept() -> None:
    parts = _parts()
    (_, last), (network, averaged) = (
        fit_face_network(parts, replace(CONFIG, ema_decay=decay), seed=0, paths=NO_TRAIL) for decay in (0.0, 0.5)
    )
    # The same updates, judged otherwise; whole numbers are copied: 4 batches of 4 faces an epoch.
    assert [epoch.training_loss for epoch in last.history] == [epoch.training_loss for epoch in averaged.history]
    assert [epoch.validation_loss for epoch in last.history] != [epoch.validation_loss for epoch in averaged.history]
    assert int(network.norm.num_batches_tracked or 0) == 4 * averaged.point.epoch


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (["ema_decay=1"], "ema_decay = 1: it should be less than 1"),
        (["augmentation.erased=2"], "augmentation.erased = 2: it should be less than or equal to 1"),
        (["epochs=0"], "epochs = 0: it should be greater than or equal to 1"),
        (["batch_size=1"], "batch_size = 1: it should be greater than or equal to 2"),
        (["lr=nan"], "lr = nan: it should be"),
        (["lr=fast"], "lr = fast: it should be a valid number"),
        (["weight_decay=-1"], "weight_decay = -1: it should be greater than or equal to 0"),
        (["lr_schedule=stairs"], "lr_schedule = stairs: it should be 'cosine' or 'steps'"),
        (["validation_fraction=2"], "validation_fraction = 2: it should be less than 1"),
        (["label_smoothing=1", "epochs=-1"], "label_smoothing = 1: .*"),
        (["rate=1"], "rate = 1: "),
        (["augmentation.turn=1"], "augmentation.turn = 1: "),
        (["lr"], "'lr': expected name=value, as in lr=0.05"),
        (["lr=1", "lr.x=1"], "'lr.x=1': 'lr' is no section"),
    ],
)
def test_settings_that_make_no_sense_are_refused(changes: list[str], words: str) -> None:
    with pytest.raises(ValaroError, match=words):
        config_from(changes)


def test_settings_are_changed_by_name_and_checked_when_a_run_begins(tmp_path: Path) -> None:
    config = config_from(["epochs=2", "augmentation.erased=0.3", "device=cuda", "lr_schedule = steps"])
    assert config == FaceNetworkConfig(
        epochs=2, device="cuda", lr_schedule="steps", augmentation=FaceAugmentation(erased=0.3)
    )
    with pytest.raises(ValaroError, match="epochs = 0: it should be"):
        train_face_network(_parts(), tmp_path / "run", replace(CONFIG, epochs=0), seed=0)
    assert not (tmp_path / "run").exists()
