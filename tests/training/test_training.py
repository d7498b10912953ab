"""Training: what it may see, what it must not, and that a seed decides everything."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import valaro
from helpers.features import make_store, toy_corpus
from valaro.errors import ValaroError
from valaro.evaluation.folds import Fold, leave_one_session_out
from valaro.evaluation.scores import score
from valaro.evaluation.unlabelled import unlabelled_set
from valaro.records import Utterance
from valaro.store.feature_store import FeatureStore
from valaro.training.config import DEFAULT, PAPER, TrainConfig
from valaro.training.methods import METHODS, MODEL_NAMES, model_specs
from valaro.training.train import Training, train_model
from valaro.training.trained_model import answer, predict_utterances
from valaro.windows import WindowSpec

QUICK = replace(
    DEFAULT,
    width=0.25,
    averaged_bands=1,
    schedule=replace(DEFAULT.schedule, steps=40, batch_size=16, evaluate_every=10),
)


@pytest.fixture
def data(tmp_path: Path) -> tuple[tuple[Utterance, ...], FeatureStore]:
    utterances, features = toy_corpus(per_level=4, unlabelled=4, strength=0.6)
    return utterances, make_store(tmp_path / "store", features)


def _train(
    data: tuple[tuple[Utterance, ...], FeatureStore],
    model: str = "MSSGAN",
    *,
    seed: int = 0,
    config: TrainConfig = QUICK,
    fold: Fold | None = None,
) -> Training:
    utterances, store = data
    fold = fold or leave_one_session_out(utterances)[0]
    spec = model_specs(model, ["fbank", "face"])[0]
    return train_model(spec, store, fold, utterances, dimension="valence", seed=seed, config=config)


def _weights(training: Training) -> dict[str, torch.Tensor]:
    return training.model.classifier.state_dict()


@pytest.mark.parametrize("model", MODEL_NAMES)
def test_each_model_learns_an_easy_corpus(data: tuple[tuple[Utterance, ...], FeatureStore], model: str) -> None:
    utterances, store = data
    fold = leave_one_session_out(utterances)[0]
    training = _train(data, model, fold=fold)
    assert score(predict_utterances(training.model, store, fold.test)).uar >= 0.9
    assert training.labelled == 4 * 12
    assert training.unlabelled == (4 * 4 if METHODS[model].is_semi_supervised else 0)


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(
    data: tuple[tuple[Utterance, ...], FeatureStore],
) -> None:
    first, second_view, other = _train(data), _train(data), _train(data, seed=1)
    assert all(torch.equal(a, b) for a, b in zip(_weights(first).values(), _weights(second_view).values(), strict=True))
    assert [p.losses for p in first.history] == [p.losses for p in second_view.history]
    assert not torch.equal(_weights(first)["head.weight"], _weights(other)["head.weight"])


def test_training_never_opens_the_test_part(tmp_path: Path) -> None:
    utterances, features = toy_corpus(per_level=4, unlabelled=4)
    fold = leave_one_session_out(utterances)[0]
    clean = _train((utterances, make_store(tmp_path / "clean", features)), fold=fold)
    # Every recording of a test speaker, labelled or not, is replaced by nonsense: nothing may change.
    tested = {utterance.speaker for utterance in fold.test}
    for utterance in utterances:
        if utterance.speaker in tested:
            features[utterance.id] = {
                name: np.full((150, v.shape[1]), 6e4) for name, v in features[utterance.id].items()
            }
    poisoned = _train((utterances, make_store(tmp_path / "poisoned", features)), fold=fold)
    assert all(torch.equal(a, b) for a, b in zip(_weights(clean).values(), _weights(poisoned).values(), strict=True))
    for name in ("fbank", "face"):
        np.testing.assert_array_equal(clean.model.scale[name].mean, poisoned.model.scale[name].mean)
        np.testing.assert_array_equal(clean.model.scale[name].deviation, poisoned.model.scale[name].deviation)


def test_statistics_come_from_labelled_training_speakers_alone(tmp_path: Path) -> None:
    utterances, features = toy_corpus(per_level=4, unlabelled=4)
    fold = leave_one_session_out(utterances)[0]
    store = make_store(tmp_path / "store", features)
    rows = np.concatenate([store.values(u.id, "fbank").astype(np.float64) for u in fold.train])
    training = _train((utterances, store), fold=fold)
    assert training.unlabelled > 0
    scale = training.model.scale["fbank"]
    np.testing.assert_allclose(scale.mean, rows.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(scale.deviation, rows.std(axis=0), rtol=1e-5)


def test_recordings_of_held_out_people_are_left_out_and_counted(
    data: tuple[tuple[Utterance, ...], FeatureStore],
) -> None:
    training = _train(data)
    # Two of six speakers are held out, with 12 labelled and 4 unlabelled recordings each; the pool was offered all.
    assert training.excluded == 2 * 16


def test_a_model_refuses_to_be_scored_on_people_it_has_met(
    data: tuple[tuple[Utterance, ...], FeatureStore],
) -> None:
    utterances, store = data
    fold = leave_one_session_out(utterances)[0]
    model = valaro.train("MFSBase", store, fold, dimension="valence", config=QUICK)
    assert 0 <= valaro.score(model, store, fold.test).uar <= 1
    for met in (fold.train, fold.validation):
        with pytest.raises(ValaroError, match="cannot be tested on people it has met"):
            valaro.score(model, store, met)


def test_unlabelled_recordings_change_a_semi_supervised_model_only(
    data: tuple[tuple[Utterance, ...], FeatureStore],
) -> None:
    utterances, store = data
    fold = leave_one_session_out(utterances)[0]
    pool = unlabelled_set(fold, utterances).utterances
    for model, differs in (("MFSBase", False), ("MSSGAN", True)):
        alone = valaro.train(model, store, fold, dimension="valence", config=replace(QUICK, max_unlabelled=0))
        more = valaro.train(model, store, fold, pool, dimension="valence", config=QUICK)
        same = torch.equal(alone.classifier.head.weight, more.classifier.head.weight)
        assert same is not differs


def test_shuffled_labels_give_chance(tmp_path: Path) -> None:
    utterances, features = toy_corpus(per_level=8)
    store = make_store(tmp_path / "store", features)
    rng = np.random.default_rng(0)
    order = rng.permutation(len(utterances))
    shuffled = tuple(replace(u, ratings=utterances[int(i)].ratings) for u, i in zip(utterances, order, strict=True))
    uars = [
        score(predict_utterances(_train((shuffled, store), "MFSBase", fold=fold).model, store, fold.test)).uar
        for fold in leave_one_session_out(shuffled, directions="both")
    ]
    # Six speakers of 24 utterances: the mean's standard error at chance is about 4 points.
    assert np.mean(uars) == pytest.approx(1 / 3, abs=0.12)


@pytest.mark.parametrize("model", ["MSSGAN", "LR"])
def test_recordings_without_a_modality_are_judged_by_the_other(tmp_path: Path, model: str) -> None:
    utterances, features = toy_corpus(per_level=4)
    fold = leave_one_session_out(utterances)[0]
    for utterance in fold.test:
        del features[utterance.id]["face"]
    store = make_store(tmp_path / "store", features)
    fused = _train((utterances, store), model, fold=fold, config=replace(QUICK, max_unlabelled=0)).model
    assert fused.features == ("fbank", "face")
    assert score(predict_utterances(fused, store, fold.test)).uar >= 0.9


def test_short_recordings_are_filled_up_at_the_test_as_in_training(tmp_path: Path) -> None:
    utterances, features = toy_corpus(per_level=4)
    short = {name: {key: rows[:90] for key, rows in one.items()} for name, one in features.items()}
    store = make_store(tmp_path / "store", short)
    fold = leave_one_session_out(utterances)[0]
    config = replace(QUICK, max_unlabelled=0, sampling=replace(QUICK.sampling, pad_mode="mean"))
    training = _train((utterances, store), fold=fold, config=config)
    answers = answer(training.model, store, fold.validation)
    best = next(point for point in training.history if point.step == training.best_step)
    assert score(answers).uar == pytest.approx(best.validation_uar)
    repeated = answer(replace(training.model, window=WindowSpec(pad_mode="repeat")), store, fold.validation)
    assert np.abs(answers.probabilities - repeated.probabilities).max() > 0.01


def test_a_missing_feature_costs_no_label(tmp_path: Path) -> None:
    utterances, features = toy_corpus(per_level=4)
    fold = leave_one_session_out(utterances)[0]
    del features[fold.train[0].id]["face"]
    del features[fold.train[1].id]["face"]
    store = make_store(tmp_path / "store", features)
    config = replace(QUICK, labels_per_class=14)
    assert _train((utterances, store), "FSBase:fbank", fold=fold, config=config).labelled == 3 * 14
    assert _train((utterances, store), "MFSBase", fold=fold, config=config).labelled == 3 * 14


def test_bands_that_cannot_be_averaged_are_refused(data: tuple[tuple[Utterance, ...], FeatureStore]) -> None:
    with pytest.raises(ValaroError, match=r"averaged_bands = 3 does not divide the 16 bands of 'fbank'"):
        _train(data, config=replace(QUICK, averaged_bands=3))


def test_speaker_wise_normalisation_is_a_named_choice(data: tuple[tuple[Utterance, ...], FeatureStore]) -> None:
    assert not DEFAULT.normalise_speakers
    assert not PAPER.normalise_speakers
    assert _train(data, config=replace(QUICK, normalise_speakers=True)).model.window.scaling == "speaker"


def test_a_loss_that_is_no_number_stops_at_its_step_and_is_named(
    data: tuple[tuple[Utterance, ...], FeatureStore],
) -> None:
    wild = replace(
        QUICK,
        regularisation=replace(QUICK.regularisation, weight_norm=False),
        schedule=replace(QUICK.schedule, learning_rate=1e25, grad_clip_norm=0.0),
    )
    with pytest.raises(ValaroError, match=r"broke down at step \d+: the labelled loss is (nan|inf)"):
        _train(data, "MFSBase", config=wild)


def test_the_paper_preset_takes_steps_at_an_eighth_of_its_width(
    data: tuple[tuple[Utterance, ...], FeatureStore],
) -> None:
    config = replace(PAPER, width=0.125, schedule=replace(PAPER.schedule, steps=2, batch_size=4, evaluate_every=2))
    history = _train(data, config=config).history
    assert set(history[-1].losses) == {"labelled", "real", "generated", "consistency", "generator"}
    assert all(np.isfinite(value) for value in history[-1].losses.values())


def test_features_that_no_recording_can_have_are_named_with_what_to_set(tmp_path: Path) -> None:
    utterances, features = toy_corpus(sessions=2)
    voices = make_store(tmp_path / "store", {name: {"fbank": rows["fbank"]} for name, rows in features.items()})
    (spec,) = model_specs("MFSBase", ["fbank", "face"])
    fold = leave_one_session_out(utterances)[0]
    with pytest.raises(ValaroError, match=r"None has face: .* set study.features = \[\"fbank\"\] and models of one"):
        train_model(spec, voices, fold, (), dimension="valence", seed=0, config=DEFAULT)


def test_nothing_unlabelled_is_refused_with_every_reason_counted(tmp_path: Path) -> None:
    utterances, features = toy_corpus(sessions=2)
    fold = leave_one_session_out(utterances)[0]
    own = replace(fold.test[0], id="toy/own", ratings=())
    unnamed = [
        replace(fold.train[0], id=f"toy/{n}", speaker=f"toy/?{n}", media=Path(f"/x/{n}"), ratings=()) for n in "ab"
    ]
    never = replace(fold.train[0], id="toy/never", media=Path("/x/never"), ratings=())
    store = make_store(tmp_path / "store", features)
    (spec,) = model_specs("SSGAN:face", ["fbank", "face"])
    with pytest.raises(ValaroError) as caught:
        train_model(spec, store, fold, [own, *unnamed, never], dimension="valence", seed=0, config=DEFAULT)
    first, *reasons, advice = str(caught.value).splitlines()
    assert first.endswith("SSGAN face learns from unlabelled recordings, and may learn from none of 4")
    assert reasons == [
        "  2 without a speaker's name, of the same people as a held-out speaker",
        "  1 of a held-out speaker",
        "  1 without the feature face",
    ]
    assert "--speaker-from PATTERN" in advice
    # Who asks for none gets none.
    none = replace(
        DEFAULT, max_unlabelled=0, width=0.125, averaged_bands=1, schedule=replace(DEFAULT.schedule, steps=2)
    )
    assert train_model(spec, store, fold, (), dimension="valence", seed=0, config=none).unlabelled == 0
