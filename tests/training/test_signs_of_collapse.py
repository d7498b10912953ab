"""Signs of collapse, each made on purpose."""

import numpy as np
import torch

from valaro.training.alarms import Alarms

FINE = {"labelled": [0.5], "real": [0.4], "generated": [0.5], "generator": [0.2]}
MIXED = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]])
ONE_LEVEL = np.array([[0.2, 0.2, 0.6], [0.3, 0.3, 0.4]])
VARIED = {"real": torch.tensor([[1.0, 2.0], [2.0, 1.0]])}


def _look(alarms: Alarms, step: int = 10, losses=FINE, answers=MIXED, features=VARIED) -> list[str]:
    alarms.look(step, losses, [answers], features)
    return [f"{alarm.step}: {alarm.what} / {alarm.advice}" for alarm in alarms.raised]


def test_a_sound_training_raises_none() -> None:
    alarms = Alarms()
    assert [_look(alarms, step) for step in (10, 20, 30)] == [[], [], []]


def test_a_classifier_that_wins_outright() -> None:
    alarms = Alarms()
    assert _look(alarms, losses=FINE | {"real": [0.04, 0.05], "generated": [0.2]}) == []
    (said,) = _look(alarms, 20, losses=FINE | {"real": [0.04, 0.05], "generated": [0.01]})
    assert "20: the classifier tells real from generated without effort (losses 0.045 and 0.010)" in said
    assert "network.input_noise" in said
    # Said once, however long it lasts.
    assert len(_look(alarms, 30, losses=FINE | {"real": [0.0], "generated": [0.0]})) == 1


def test_a_generator_loss_that_explodes() -> None:
    alarms = Alarms()
    assert _look(alarms, losses=FINE | {"generator": [0.1, 0.3]}) == []
    assert _look(alarms, losses=FINE | {"generator": [20.0]}) == []
    (said,) = _look(alarms, losses=FINE | {"generator": [20.1]})
    assert "the generator's loss grew from 0.2 to 20.1" in said


def test_a_training_that_diverges_says_what_guessing_would_cost() -> None:
    alarms = Alarms()
    # Ten times ln 3 is 10.986.
    assert _look(alarms, losses={"labelled": [10.9, 11.0]}) == []
    (said,) = _look(alarms, 20, losses={"labelled": [2e19, 3e19]})
    assert said == (
        "20: the loss on labelled samples grew to 2.5e+19, where guessing costs 1.1: the training has diverged / "
        "lower training.learning_rate"
    )


def test_one_level_only_counts_after_three_evaluations_in_a_row() -> None:
    alarms = Alarms()
    for answers in (ONE_LEVEL, ONE_LEVEL, MIXED, ONE_LEVEL, ONE_LEVEL):
        assert _look(alarms, answers=answers) == []
    (said,) = _look(alarms, 60, answers=ONE_LEVEL)
    assert "60: every validation utterance is judged 'high', 3 evaluations in a row" in said


def test_features_that_no_longer_vary_name_their_origin() -> None:
    flat = torch.ones(4, 3) + 1e-5 * torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    alarms = Alarms()
    (said,) = _look(alarms, features=VARIED | {"generated": flat})
    assert "the features of generated samples no longer vary" in said
    assert "losses.pull_away" in said
    assert len(_look(alarms, features={"real": flat})) == 2


def test_the_state_goes_on_where_it_was() -> None:
    alarms = Alarms()
    _look(alarms, answers=ONE_LEVEL)
    _look(alarms, answers=ONE_LEVEL, losses=FINE | {"real": [0.0], "generated": [0.0]})
    again = Alarms()
    again.load_state_dict(alarms.state_dict())
    assert again.raised == alarms.raised
    assert len(_look(again, answers=ONE_LEVEL)) == 2
    assert any("grew from 0.2" in said for said in _look(again, losses=FINE | {"generator": [30.0]}))
