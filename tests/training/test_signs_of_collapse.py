"""Signs of collapse, each made on purpose."""

import numpy as np
import torch

from valaro.analysis.alarms import alarm_rows
from valaro.reports.alarms import alarm_advice, alarm_words
from valaro.training.monitor import TrainingMonitor

FINE = {"labelled": [0.5], "real": [0.4], "generated": [0.5], "generator": [0.2]}
MIXED = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]])
ONE_LEVEL = np.array([[0.2, 0.2, 0.6], [0.3, 0.3, 0.4]])
VARIED = {"real": torch.tensor([[1.0, 2.0], [2.0, 1.0]])}


def _look(monitor: TrainingMonitor, step: int = 10, losses=FINE, answers=MIXED, features=VARIED) -> list[str]:
    monitor.check(step, losses, [answers], features)
    rows = [alarm_rows([("", "valence", [alarm])])[0] for alarm in monitor.raised]
    return [f"{row.steps[0]}: {alarm_words(row)} / {alarm_advice(row)}" for row in rows]


def test_a_sound_training_raises_none() -> None:
    monitor = TrainingMonitor()
    assert [_look(monitor, step) for step in (10, 20, 30)] == [[], [], []]


def test_a_classifier_that_wins_outright() -> None:
    monitor = TrainingMonitor()
    assert _look(monitor, losses=FINE | {"real": [0.04, 0.05], "generated": [0.2]}) == []
    (said,) = _look(monitor, 20, losses=FINE | {"real": [0.04, 0.05], "generated": [0.01]})
    assert "20: the classifier tells real from generated without effort (losses 0.045 and 0.010)" in said
    assert "network.input_noise" in said
    # Said once, however long it lasts.
    assert len(_look(monitor, 30, losses=FINE | {"real": [0.0], "generated": [0.0]})) == 1


def test_a_generator_loss_that_explodes() -> None:
    monitor = TrainingMonitor()
    assert _look(monitor, losses=FINE | {"generator": [0.1, 0.3]}) == []
    assert _look(monitor, losses=FINE | {"generator": [20.0]}) == []
    (said,) = _look(monitor, losses=FINE | {"generator": [20.1]})
    assert "the generator's loss grew from 0.2 to 20.1" in said


def test_a_training_that_diverges_says_what_guessing_would_cost() -> None:
    monitor = TrainingMonitor()
    # Ten times ln 3 is 10.986.
    assert _look(monitor, losses={"labelled": [10.9, 11.0]}) == []
    (said,) = _look(monitor, 20, losses={"labelled": [2e19, 3e19]})
    assert said == (
        "20: the loss on labelled samples grew to 2.5e+19, where guessing costs 1.1: the training has diverged / "
        "lower training.learning_rate"
    )


def test_one_level_only_counts_after_three_evaluations_in_a_row() -> None:
    monitor = TrainingMonitor()
    for answers in (ONE_LEVEL, ONE_LEVEL, MIXED, ONE_LEVEL, ONE_LEVEL):
        assert _look(monitor, answers=answers) == []
    (said,) = _look(monitor, 60, answers=ONE_LEVEL)
    assert "60: every validation utterance is judged 'high', 3 evaluations in a row" in said


def test_features_that_no_longer_vary_name_their_origin() -> None:
    flat = torch.ones(4, 3) + 1e-5 * torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    monitor = TrainingMonitor()
    (said,) = _look(monitor, features=VARIED | {"generated": flat})
    assert "the features of generated samples no longer vary" in said
    assert "losses.pull_away" in said
    assert len(_look(monitor, features={"real": flat})) == 2


def test_the_state_goes_on_where_it_was() -> None:
    monitor = TrainingMonitor()
    _look(monitor, answers=ONE_LEVEL)
    _look(monitor, answers=ONE_LEVEL, losses=FINE | {"real": [0.0], "generated": [0.0]})
    second_view = TrainingMonitor()
    second_view.load_state_dict(monitor.state_dict())
    assert second_view.raised == monitor.raised
    assert len(_look(second_view, answers=ONE_LEVEL)) == 2
    assert any("grew from 0.2" in said for said in _look(second_view, losses=FINE | {"generator": [30.0]}))
