"""Maps of features: what they show, that they say what coverage is, and that drawing one changes no result."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from helpers.features import make_store, toy_corpus
from valaro.evaluation.folds import Fold, leave_one_session_out
from valaro.networks.fusion import LATENT, FeatureGenerator
from valaro.training import feature_maps
from valaro.training.config import DEFAULT, PAPER, TrainConfig
from valaro.training.feature_maps import generated, map_features
from valaro.training.methods import model_specs
from valaro.training.train import Training, train_folds, train_model
from valaro.training.training_data import prepare

QUICK = replace(
    DEFAULT,
    width=0.125,
    averaged_bands=1,
    schedule=replace(DEFAULT.schedule, steps=6, batch_size=8, evaluate_every=2),
)


class Corpus:
    """Three sessions of two people, each with nine labelled utterances and some without."""

    def __init__(self, folder: Path, *, unlabelled: int = 4) -> None:
        self.utterances, features = toy_corpus(per_level=3, unlabelled=unlabelled, strength=0.6)
        self.store = make_store(folder / "store", features)
        self.folds: tuple[Fold, ...] = leave_one_session_out(self.utterances, directions="both")

    def train(self, model: str, config: TrainConfig = QUICK) -> Training:
        spec = model_specs(model, ["fbank", "face"])[0]
        return train_model(spec, self.store, self.folds[0], self.utterances, dimension="valence", seed=0, config=config)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return Corpus(tmp_path_factory.mktemp("corpus"))


class Fixed(FeatureGenerator):
    """A generator that makes given features in turn, whatever z is."""

    def __init__(self, fake: np.ndarray) -> None:
        nn.Module.__init__(self)
        self._made = torch.from_numpy(fake).float()

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self._made[torch.arange(len(z)) % len(self._made)]


def test_a_map_holds_each_recording_once_with_its_level_and_many_generated_samples(corpus: Corpus):
    found = map_features(corpus.train("MSSGAN"), corpus.folds[0].test, seed=0)
    # Four people train, of 9 labelled and 4 unlabelled utterances each; one person of 9 tests.
    assert (found.labelled.shape, found.unlabelled.shape) == ((36, 2), (16, 2))
    assert (found.generated.shape, found.test.shape) == ((150, 2), (9, 2))
    assert np.bincount(found.levels).tolist() == [12, 12, 12]
    assert found.test_levels.tolist() == [0, 1, 2, 0, 1, 2, 0, 1, 2]
    real = np.concatenate([found.labelled, found.unlabelled])
    # The real samples alone are centred, and the deviation along the first direction is the unit.
    np.testing.assert_allclose(real.mean(axis=0), 0, atol=2e-3)
    np.testing.assert_allclose(real[:, 0].std(), 1, atol=2e-3)
    np.testing.assert_allclose(real[:, 1].var() / real[:, 0].var(), found.shares[1] / found.shares[0], rtol=0.02)
    assert found.step == 6
    embedding, everything = found.coverages
    assert (embedding.features, everything.features) == ("learnt", "all")
    # 52 recordings in two halves.
    assert (embedding.samples, embedding.nearest) == (26, 5)
    assert embedding.possible > 0.5


def test_without_a_generator_it_is_the_model_itself_that_looks(corpus: Corpus):
    training = corpus.train("MFSBase")
    found = map_features(training, corpus.folds[0].test, seed=0)
    assert found.generated.shape == (0, 2)
    assert found.coverages == ()
    assert found.step == training.best_step
    # Other weights, another map.
    with torch.no_grad():
        for weight in training.model.classifier.parameters():
            weight.mul_(-0.5)
    assert not np.array_equal(map_features(training, corpus.folds[0].test, seed=0).test, found.test)


def test_a_generator_is_looked_at_by_the_average_at_the_end_whatever_validation_chose(corpus: Corpus):
    training = corpus.train("MSSGAN")
    found = map_features(training, corpus.folds[0].test, seed=0)
    elsewhere = replace(training, model=replace(training.model, classifier=corpus.train("MFSBase").model.classifier))
    second_view = map_features(elsewhere, corpus.folds[0].test, seed=0)
    np.testing.assert_array_equal(second_view.labelled, found.labelled)
    np.testing.assert_array_equal(second_view.generated, found.generated)


@pytest.mark.parametrize("how", ["copies", "one"])
def test_copies_of_recordings_cover_what_is_possible_and_one_sample_in_one_place_next_to_nothing(
    corpus: Corpus, how: str
):
    training = corpus.train("MSSGAN")
    assert training.adversaries is not None
    classifier, data = training.adversaries.classifier, training.data
    sources = [(data.labelled, data.scales.of), (data.unlabelled, data.scales.of_unlabelled)]
    real = np.concatenate(
        [
            feature_maps.seen(
                classifier,
                feature_maps.Recordings(data.store, group, ("fbank", "face"), scale),
                np.arange(len(group)),
                np.random.default_rng(1),
                None,
            )["all"]
            for group, scale in sources
        ]
    )
    # The order of recordings is shuffled: of 52 the generator copies 26.
    fake = np.random.default_rng(2).permutation(real)
    generator = Fixed(fake if how == "copies" else fake[:1] * 100)
    fixed = replace(training, adversaries=replace(training.adversaries, generator=generator))
    embedding, everything = map_features(fixed, corpus.folds[0].test, seed=0).coverages
    for found in (embedding, everything):
        if how == "copies":
            assert found.generated >= 0.9
        else:
            assert found.generated <= 2 / 26


def test_looking_leaves_everything_as_it_was_and_finds_the_same_again(corpus: Corpus):
    training = corpus.train("MSSGAN")
    adversaries = training.adversaries
    assert adversaries is not None
    parts = (training.model.classifier, adversaries.classifier, adversaries.generator)
    before = [{name: value.clone() for name, value in part.state_dict().items()} for part in parts]
    one = map_features(training, corpus.folds[0].test, seed=0)
    other = map_features(training, corpus.folds[0].test, seed=0)
    for part, state in zip(parts, before, strict=True):
        assert all(torch.equal(part.state_dict()[name], value) for name, value in state.items())
    for name in ("labelled", "unlabelled", "generated", "test"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert one.coverages == other.coverages
    # Another seed draws other crops and another z.
    assert not np.array_equal(map_features(training, corpus.folds[0].test, seed=1).generated, one.generated)


def test_too_few_recordings_have_a_map_and_no_number(tmp_path: Path):
    small = Corpus(tmp_path, unlabelled=0)
    # Four people of nine utterances are two halves of 18; and there is no pool at all.
    found = map_features(small.train("MSSGAN", replace(QUICK, max_unlabelled=0)), small.folds[0].test, seed=0)
    assert (len(found.labelled), len(found.unlabelled), found.coverages) == (36, 0, ())


def test_a_map_has_at_most_so_many_points_of_a_kind(corpus: Corpus, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(feature_maps, "MOST", 5)
    monkeypatch.setattr(feature_maps, "COMPARED", 21)
    found = map_features(corpus.train("MSSGAN"), corpus.folds[0].test, seed=0)
    points = (found.labelled, found.levels, found.unlabelled, found.generated, found.test, found.test_levels)
    assert [len(part) for part in points] == [5] * 6
    assert {one.samples for one in found.coverages} == {21}


def test_generators_of_inputs_are_looked_at_through_the_encoders(corpus: Corpus):
    config = replace(
        PAPER,
        width=0.0625,
        schedule=replace(PAPER.schedule, steps=2, batch_size=4, evaluate_every=2, precision="single"),
    )
    training = corpus.train("MSSGAN", config)
    found = map_features(training, corpus.folds[0].test, seed=0)
    assert found.generated.shape == (150, 2)
    # Nothing stands beside what the encoders have learnt.
    assert [one.features for one in found.coverages] == ["learnt"]
    adversaries = training.adversaries
    assert adversaries is not None
    # A batch is 64, as it comes: its first samples are those of any larger count.
    z = torch.randn((64, LATENT), generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        expected = adversaries.classifier(adversaries.generator(z)).embedding.double().numpy()
    fake = generated(adversaries, 10, torch.Generator().manual_seed(3), None)
    np.testing.assert_array_equal(fake["learnt"], expected[:10])


@pytest.mark.parametrize(
    ("model", "changes", "noisy"),
    [("MSSGAN", {}, True), ("MSSGAN", {"generates": "inputs"}, False), ("MFSBase", {}, False)],
)
def test_only_where_a_generator_has_learnt_features_under_noise_are_they_looked_at_under_it(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch, model: str, changes: dict[str, str], noisy: bool
):
    training = corpus.train(model, replace(QUICK, terms=replace(QUICK.terms, covariance=0.0), **changes))
    found = map_features(training, corpus.folds[0].test, seed=0)
    # Noise of deviation 0.3 on the inputs moves every crop; the crops themselves are the same.
    monkeypatch.setattr(feature_maps, "Noise", lambda _: None)
    without = map_features(training, corpus.folds[0].test, seed=0)
    assert np.array_equal(without.labelled, found.labelled) != noisy
    assert np.array_equal(without.test, found.test) != noisy


@pytest.mark.parametrize("model", ["SSGAN:fbank", "CT", "SSBase:face"])
def test_every_network_has_a_map_and_both_directions_of_a_session_the_same_material(corpus: Corpus, model: str):
    spec = model_specs(model, ["fbank", "face"])[0]
    folds = corpus.folds[:1] if model.startswith("SSBase") else corpus.folds[:2]
    data = prepare(spec, corpus.store, folds, corpus.utterances, dimension="arousal", seed=0, config=QUICK)
    trainings = train_folds(spec, data, seed=0, config=QUICK)
    for fold, training in zip(folds, trainings, strict=True):
        found = map_features(training, fold.test, seed=0)
        assert len(found.test) == 9
        assert np.isfinite(np.concatenate([found.labelled, found.unlabelled, found.generated, found.test])).all()
        assert bool(found.coverages) == model.startswith("SSGAN")


def test_a_test_speakers_own_scale_is_that_of_all_their_recordings(corpus: Corpus, monkeypatch: pytest.MonkeyPatch):
    training = corpus.train("MFSBase", replace(QUICK, normalise_speakers=True))
    monkeypatch.setattr(feature_maps, "MOST", 3)
    asked: list[int] = []
    original = feature_maps.recordings_for

    def counted(model, store, utterances):
        asked.append(len(utterances))
        return original(model, store, utterances)

    monkeypatch.setattr(feature_maps, "recordings_for", counted)
    assert len(map_features(training, corpus.folds[0].test, seed=0).test) == 3
    assert asked == [9]
