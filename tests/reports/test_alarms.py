"""Alarms of many trainings become a row a model and kind."""

from typing import get_args

from valaro.analysis.alarms import alarm_rows
from valaro.records import Alarm, AlarmKind
from valaro.reports.alarms import alarm_advice, alarm_sentence, alarm_words


def won(step: int, first: float, second: float) -> Alarm:
    return Alarm(kind="fake_told_apart", step=step, numbers=(first, second))


def flat(step: int) -> Alarm:
    return Alarm(kind="features_flat", step=step, about=("real",), numbers=(1e-4,))


TRAININGS = (
    ("SSGAN face", "valence", (won(80, 0.012, 0.04), flat(90))),
    ("SSGAN face", "valence", (won(40, 0.003, 0.04),)),
    ("SSGAN face", "arousal", (won(60, 0.020, 0.04),)),
    ("SSGAN face", "arousal", ()),
    ("MSSGAN", "arousal", (won(20, 0.001, 0.002),)),
    ("MFSBase", "valence", ()),
)


def test_alarms_that_differ_in_numbers_alone_are_one_row() -> None:
    rows = alarm_rows(TRAININGS)
    assert [(row.label, row.raised, row.trainings, row.steps, row.dimensions) for row in rows] == [
        ("SSGAN face", 3, 4, (40, 80), ("valence", "arousal")),
        ("MSSGAN", 1, 1, (20, 20), ("arousal",)),
        ("SSGAN face", 1, 4, (90, 90), ("valence",)),
    ]
    assert "(losses 0.003–0.020 and 0.040)" in alarm_words(rows[0])
    assert "(losses 0.001 and 0.002)" in alarm_words(rows[1])


def test_alarms_about_something_else_are_rows_of_their_own() -> None:
    low, high = (Alarm(kind="one_level", step=1, about=(level,), numbers=(3.0,)) for level in ("low", "high"))
    other = Alarm(kind="missing_level", step=1, about=("low",))
    rows = alarm_rows([("A", "valence", (alarm,)) for alarm in (low, high, other)])
    assert [(row.kind, row.about) for row in rows] == [
        ("missing_level", ("low",)),
        ("one_level", ("high",)),
        ("one_level", ("low",)),
    ]


def test_a_number_may_be_large_or_small() -> None:
    grown = [Alarm(kind="generator_exploded", step=1, numbers=n) for n in ((1.5, 3e4), (5e-6, 2.5e3))]
    (row,) = alarm_rows([("A", "valence", (alarm,)) for alarm in grown])
    assert alarm_words(row) == "the generator's loss grew from 5e-06–1.5 to 2.5e+03–3e+04"


def test_every_kind_of_alarm_has_words_and_advice() -> None:
    for kind in get_args(AlarmKind):
        alarm = Alarm(kind=kind, step=1, about=("a", "b"), numbers=(1.0, 2.0))
        (row,) = alarm_rows([("A", "valence", (alarm,))])
        assert alarm_words(row)
        assert alarm_advice(row)


def test_the_sentence_says_how_many_when_what_and_what_to_try() -> None:
    rows = alarm_rows(TRAININGS)
    assert alarm_sentence(rows[0]) == (
        "3 of 4 trainings of SSGAN face, first at steps 40 to 80: "
        "the classifier tells real from generated without effort (losses 0.003–0.020 and 0.040): the generator has "
        "nothing left to teach it; try: more network.input_noise and hidden_noise, or lower losses.real and losses.fake"
    )
    assert alarm_sentence(rows[1]).startswith("1 of 1 training of MSSGAN, first at step 20: ")


def test_no_alarm_is_no_row() -> None:
    assert alarm_rows([("MFSBase", "valence", ())]) == ()
