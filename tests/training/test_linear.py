"""The linear rivals are scikit-learn's, kept as a network's head."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from helpers.features import make_store, toy_corpus
from valaro.evaluation.folds import leave_one_session_out
from valaro.evaluation.scores import score
from valaro.labels.soft_labels import soft_labels_of
from valaro.records import Utterance
from valaro.saved_model import load_model, save_model
from valaro.training import linear
from valaro.training.config import DEFAULT
from valaro.training.linear import STRENGTHS
from valaro.training.methods import model_specs
from valaro.training.train import train_model
from valaro.training.trained_model import TrainedModel, predict_utterances


@pytest.mark.parametrize(("name", "strength"), [("LR", 0.01), ("SVM", 0.01)])
def test_a_linear_model_answers_as_scikit_learn_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, strength: float
) -> None:
    monkeypatch.setattr(linear, "STRENGTHS", (strength,))
    utterances, features = toy_corpus(per_level=4, strength=0.3)
    store = make_store(tmp_path / "store", features)
    fold = leave_one_session_out(utterances)[0]
    (spec,) = model_specs(name, ["fbank", "face"])
    training = train_model(spec, store, fold, (), dimension="valence", seed=0, config=DEFAULT)
    answers = predict_utterances(training.model, store, fold.test)

    frames = {n: np.concatenate([store.values(u.id, n).astype(float) for u in fold.train]) for n in ("fbank", "face")}

    def seen(utterance_id: str) -> np.ndarray:
        rows = []
        for feature, all_frames in frames.items():
            values = (store.values(utterance_id, feature) - all_frames.mean(0)) / all_frames.std(0)
            rows += [values.mean(0), np.sqrt(values.var(0) + 1e-6)]
        return np.concatenate(rows)

    estimator = (
        LogisticRegression(C=strength, class_weight="balanced", max_iter=2000)
        if name == "LR"
        else LinearSVC(C=strength, class_weight="balanced", max_iter=20_000, random_state=0)
    )
    reference = make_pipeline(StandardScaler(), estimator)
    reference.fit(np.stack([seen(u.id) for u in fold.train]), soft_labels_of(fold.train, "valence").argmax(1))
    x = np.stack([seen(u.id) for u in fold.test])
    np.testing.assert_array_equal(answers.probabilities.argmax(1), reference.predict(x))
    if name == "LR":
        np.testing.assert_allclose(answers.probabilities, reference.predict_proba(x), atol=2e-3)


def test_votes_that_disagree_weigh_as_rows_of_their_share(tmp_path: Path) -> None:
    utterances, features = toy_corpus(per_level=3, strength=0.3)
    low, medium, high = sorted({u.ratings[0].score for u in utterances})
    votes = {low: (low, low, high), medium: (medium,), high: (high, high, medium, medium)}
    torn = tuple(
        replace(u, ratings=tuple(replace(r, score=vote) for r in u.ratings[:1] for vote in votes[r.score]))
        for u in utterances
    )
    store = make_store(tmp_path / "store", features)
    fold = leave_one_session_out(torn)[0]
    (spec,) = model_specs("LR:face", ["fbank", "face"])
    model = train_model(spec, store, fold, (), dimension="valence", seed=0, config=DEFAULT).model

    def rows(utterances: tuple[Utterance, ...]) -> np.ndarray:
        values = [
            (store.values(u.id, "face") - model.scale["face"].mean) / model.scale["face"].deviation for u in utterances
        ]
        return np.array([[*v.mean(axis=0), *np.sqrt(v.var(axis=0) + 1e-6)] for v in values])

    train, test = rows(fold.train), rows(fold.test)
    centre, spread = train.mean(axis=0), train.std(axis=0)
    shares = soft_labels_of(fold.train, "valence")
    assert {tuple(row) for row in shares.round(2)} == {(0.67, 0, 0.33), (0, 1, 0), (0, 0.5, 0.5)}
    places, levels = np.nonzero(shares)
    found = predict_utterances(model, store, fold.test).probabilities
    by_hand = [
        LogisticRegression(C=strength, class_weight="balanced", max_iter=2000)
        .fit(((train - centre) / spread)[places], levels, sample_weight=shares[places, levels])
        .predict_proba((test - centre) / spread)
        for strength in STRENGTHS
    ]
    # One of the strengths, whichever validation liked.
    assert min(np.abs(found - one).max() for one in by_hand) < 2e-3


@pytest.mark.parametrize("levels", [("low", "high"), ("medium",)])
def test_levels_that_no_label_has_are_never_said(tmp_path: Path, levels: tuple[str, ...]) -> None:
    from helpers.features import LEVELS

    utterances, features = toy_corpus(per_level=3)
    store = make_store(tmp_path / "store", features)
    fold = leave_one_session_out(utterances)[0]
    kept = tuple(u for u in fold.train if LEVELS[int(soft_labels_of([u], "valence").argmax())] in levels)
    (spec,) = model_specs("LR", ["fbank", "face"])
    training = train_model(spec, store, replace(fold, train=kept), (), dimension="valence", seed=0, config=DEFAULT)
    said = {LEVELS[int(k)] for k in predict_utterances(training.model, store, fold.test).probabilities.argmax(1)}
    assert said <= set(levels)


def test_a_linear_model_is_kept_and_judges_whole_utterances(tmp_path: Path) -> None:
    utterances, features = toy_corpus(per_level=3)
    store = make_store(tmp_path / "store", features)
    fold = leave_one_session_out(utterances)[0]
    (spec,) = model_specs("SVM", ["fbank", "face"])
    model = train_model(spec, store, fold, (), dimension="valence", seed=0, config=DEFAULT).model
    save_model(model.exported(), tmp_path / "model")
    second_view = TrainedModel.of(load_model(tmp_path / "model"))
    assert second_view.window.weighting == "whole"
    answers = [predict_utterances(m, store, fold.test).probabilities for m in (model, second_view)]
    np.testing.assert_array_equal(answers[0], answers[1])
    assert score(predict_utterances(second_view, store, fold.test)).uar > 0.9
