"""Alarms of many trainings become a row a model and kind."""

from valaro.analysis.alarms import alarm_rows
from valaro.records import Alarm
from valaro.reports.sentences import alarm_sentence


def won(step: int, first: str, second: str) -> Alarm:
    return Alarm(step=step, what=f"real is told from generated (losses {first} and {second})", advice="more noise")


def flat(step: int) -> Alarm:
    return Alarm(step=step, what="features no longer vary (deviation 1.0e-04)", advice="a lower rate")


TRAININGS = (
    ("SSGAN face", "valence", (won(80, "0.012", "0.04"), flat(90))),
    ("SSGAN face", "valence", (won(40, "0.003", "0.04"),)),
    ("SSGAN face", "arousal", (won(60, "0.020", "0.04"),)),
    ("SSGAN face", "arousal", ()),
    ("MSSGAN", "arousal", (won(20, "0.001", "0.002"),)),
    ("MFSBase", "valence", ()),
)


def test_alarms_that_differ_in_numbers_alone_are_one_row() -> None:
    rows = alarm_rows(TRAININGS)
    assert [(row.label, row.raised, row.trainings, row.steps, row.dimensions) for row in rows] == [
        ("SSGAN face", 3, 4, (40, 80), ("valence", "arousal")),
        ("MSSGAN", 1, 1, (20, 20), ("arousal",)),
        ("SSGAN face", 1, 4, (90, 90), ("valence",)),
    ]
    assert rows[0].what == "real is told from generated (losses 0.003–0.020 and 0.04)"
    assert rows[1].what == "real is told from generated (losses 0.001 and 0.002)"


def test_alarms_that_differ_in_words_or_advice_are_rows_of_their_own() -> None:
    low, high = (Alarm(step=1, what=f"all is judged '{level}'", advice="x") for level in ("low", "high"))
    other = Alarm(step=1, what=low.what, advice="y")
    rows = alarm_rows([("A", "valence", (one,)) for one in (low, high, other)])
    assert [(row.what, row.advice) for row in rows] == [(high.what, "x"), (low.what, "x"), (low.what, "y")]


def test_a_number_may_be_large_or_small() -> None:
    texts = ("grew from 1.5 to 3e+04", "grew from 5e-06 to 2.5e+03")
    (row,) = alarm_rows([("A", "valence", (Alarm(step=1, what=text, advice=""),)) for text in texts])
    assert row.what == "grew from 5e-06–1.5 to 2.5e+03–3e+04"


def test_the_sentence_says_how_many_when_what_and_what_to_try() -> None:
    rows = alarm_rows(TRAININGS)
    assert alarm_sentence(rows[0]) == (
        "3 of 4 trainings of SSGAN face, first at steps 40 to 80: "
        "real is told from generated (losses 0.003–0.020 and 0.04); try: more noise"
    )
    assert alarm_sentence(rows[1]).startswith("1 of 1 training of MSSGAN, first at step 20: ")


def test_no_alarm_is_no_row() -> None:
    assert alarm_rows([("MFSBase", "valence", ())]) == ()
