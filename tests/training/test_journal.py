"""What a training writes down of its losses."""

from pathlib import Path

import pytest
import torch

from valaro.errors import ValaroError
from valaro.training.loss_log import LossLog


def _note(loss_log: LossLog, step: int, labelled: float, real: float = 0.5) -> None:
    loss_log.log(step, {"labelled": torch.tensor(labelled), "real": torch.tensor(real)})


def test_every_step_is_a_row(tmp_path: Path) -> None:
    loss_log = LossLog(tmp_path / "losses" / "training.csv")
    for step in (1, 2, 3):
        _note(loss_log, step, step / 4)
    loss_log.flush()
    assert (tmp_path / "losses" / "training.csv").read_text() == (
        "step,labelled,real\n1,0.25,0.5\n2,0.5,0.5\n3,0.75,0.5\n"
    )


def test_the_window_holds_what_came_since_it_was_last_asked_for() -> None:
    loss_log = LossLog()
    _note(loss_log, 1, 1.0)
    _note(loss_log, 2, 3.0)
    assert loss_log.losses_since() == {"labelled": [1.0, 3.0], "real": [0.5, 0.5]}
    assert loss_log.losses_since() == {}


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_names_its_term_and_step_and_stands_in_the_file(tmp_path: Path, value: float) -> None:
    loss_log = LossLog(tmp_path / "training.csv")
    _note(loss_log, 1, 1.0)
    with pytest.raises(ValaroError, match=rf"broke down at step 2: the real loss is {value}\. Lower training"):
        _note(loss_log, 2, 1.0, real=value)
    assert (tmp_path / "training.csv").read_text().splitlines()[-1] == f"2,1,{value}"


def test_going_on_from_a_state_drops_the_rows_that_will_come_again(tmp_path: Path) -> None:
    file = tmp_path / "training.csv"
    loss_log = LossLog(file)
    _note(loss_log, 1, 1.0)
    _note(loss_log, 2, 2.0)
    state = loss_log.state_dict()
    _note(loss_log, 3, 3.0)
    loss_log.flush()
    with file.open("a") as out:
        out.write("4,0.1")  # a row cut off by a kill
    second_view = LossLog(file)
    second_view.load_state_dict(state)
    assert second_view.losses_since() == {"labelled": [1.0, 2.0], "real": [0.5, 0.5]}
    _note(second_view, 3, 5.0)
    second_view.flush()
    assert file.read_text() == "step,labelled,real\n1,1,0.5\n2,2,0.5\n3,5,0.5\n"
