"""IEMOCAP, in folders of its exact form that are made here."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.iemocap import HEADING, evaluation_of, make_dialog, make_release
from helpers.kinds import reader
from valaro.corpora.iemocap_turns import read_evaluation
from valaro.corpora.reading import require_complete
from valaro.errors import ValaroError
from valaro.evaluation.folds import leave_one_session_out
from valaro.records import Rating

read_iemocap = reader("iemocap")

TURN = "Ses01F_impro01_F000"


def evaluation(folder: Path, *lines: str, dialog: str = "Ses01F_impro01") -> Path:
    path = folder / f"{dialog}.txt"
    path.write_text("\n".join([HEADING, "", *lines, ""]))
    return path


def header(turn: str = TURN, times: str = "6.2901 - 8.2357") -> str:
    return f"[{times}]\t{turn}\tneu\t[2.5000, 2.5000, 2.5000]"


def test_a_block_as_the_release_has_it_becomes_a_turn_with_its_annotators_votes(tmp_path: Path) -> None:
    path = evaluation(
        tmp_path,
        header(),
        "C-E2:\tNeutral;\t()",
        "C-E4:\tNeutral; Frustration;\t(laughing; then not)",
        "C-F1:\tNeutral;\t()",
        "A-E3:\tval 3; act 2; dom  2;\t()",
        "A-E4:\tval 2; act 3; dom  ;\t(calm",
        "A-F1:\tval 5; act 5; dom  5;\t()",
    )
    found = read_evaluation(path)
    assert found.faults == ()
    (turn,) = found.turns
    assert (turn.name, turn.gender, turn.start, turn.end, turn.self_ratings) == (TURN, "F", 6.2901, 8.2357, 1)
    assert turn.ratings == (
        Rating(annotator="E3", dimension="valence", score=3.0),
        Rating(annotator="E3", dimension="arousal", score=2.0),
        Rating(annotator="E4", dimension="valence", score=2.0),
        Rating(annotator="E4", dimension="arousal", score=3.0),
    )


def test_every_turn_of_a_made_release_is_read_with_all_that_was_written(tmp_path: Path) -> None:
    made = make_release(tmp_path, turns=330)
    reading = read_iemocap(tmp_path)
    assert reading.rejected == ()
    assert (reading.expected, len(reading.utterances)) == (330, 330)
    assert {what: count for what, count in reading.skipped.items() if count} == {
        "ratings of actors on themselves": 330,
        "resource forks (._*)": 1,
    }
    utterances = {utterance.id: utterance for utterance in reading.utterances}
    for turn in made:
        utterance = utterances[f"iemocap/{turn.name}"]
        votes = [(r.annotator, r.dimension, r.score) for r in utterance.ratings]
        assert votes == [
            (f"E{number}", dimension, float(score))
            for number, vote in enumerate(turn.votes, start=1)
            for dimension, score in zip(("valence", "arousal"), vote, strict=True)
        ]
        assert (utterance.start, utterance.end) == pytest.approx((turn.start, turn.end))
        dialog = turn.name.rpartition("_")[0]
        assert utterance.media.name == f"{dialog}.avi"
        assert utterance.sound is not None
        assert utterance.sound.name == f"{turn.name}.wav"
        assert utterance.speaker == f"iemocap/{turn.name[:5]}{turn.name.rpartition('_')[2][0]}"
        assert utterance.script == (dialog[7:] if "script" in dialog else "")
    assert Counter(u.session for u in reading.utterances) == Counter(turn.name[:5] for turn in made)
    folds = leave_one_session_out(reading.utterances, directions="both")
    assert len(folds) == 10


def test_who_wears_the_markers_sits_on_the_left_unless_a_table_says_otherwise(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    made = make_dialog(tmp_path, 1, "F", "impro01", 2, rng=rng) + make_dialog(tmp_path, 1, "M", "impro01", 2, rng=rng)
    assert [turn.name[-4] for turn in made] == ["F", "M", "F", "M"]
    left, right = (0.0, 0.0, 0.5, 1.0), (0.5, 0.0, 1.0, 1.0)

    def halves(**options: Path) -> dict[str, object]:
        return {u.id[-19:]: u.face_region for u in read_iemocap(tmp_path, **options).utterances}

    assert halves() == {
        "Ses01F_impro01_F000": left,
        "Ses01F_impro01_M000": right,
        "Ses01M_impro01_F000": right,
        "Ses01M_impro01_M000": left,
    }
    (tmp_path / "seats.csv").write_text("dialog,left\nSes01M_impro01,F\n")
    corrected = halves(speaker_positions=tmp_path / "seats.csv")
    assert [corrected["Ses01M_impro01_F000"], corrected["Ses01M_impro01_M000"]] == [left, right]
    assert corrected["Ses01F_impro01_F000"] == left
    # A shorter name than the default's rows have holds as well.
    (tmp_path / "seats.csv").write_text("dialog,left\nSes01,M\n")
    assert halves(speaker_positions=tmp_path / "seats.csv") == {
        "Ses01F_impro01_F000": right,
        "Ses01F_impro01_M000": left,
        "Ses01M_impro01_F000": right,
        "Ses01M_impro01_M000": left,
    }
    (tmp_path / "seats.csv").write_text("dialog,left\nSes01M,left\nSes01M,M\n")
    with pytest.raises(ValaroError, match=r"(?s)2 problems in .*line 2: left 'left': expected F or M"):
        read_iemocap(tmp_path, speaker_positions=tmp_path / "seats.csv")


def test_a_row_of_seats_that_matches_no_dialogue_is_an_error_with_its_line(tmp_path: Path) -> None:
    make_dialog(tmp_path, 1, "F", "impro01", 2, rng=np.random.default_rng(0))
    (tmp_path / "seats.csv").write_text("dialog,left\nSes01,F\nSes02,M\nses01F,M\n")
    with pytest.raises(ValaroError) as caught:
        read_iemocap(tmp_path, speaker_positions=tmp_path / "seats.csv")
    faults = str(caught.value).splitlines()
    assert len(faults) == 3
    assert faults[0].startswith("2 problems in ")
    assert "line 3: dialog 'Ses02': no dialogue's name begins so" in faults[1]
    assert "line 4: dialog 'ses01F': no dialogue's name begins so" in faults[2]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("A-E1:\tval 7; act 2; dom 2;\t()", "valence 7: expected a whole number from 1 to 5, or 6 for no rating"),
        ("A-E1:\tval 0; act 2; dom 2;\t()", "valence 0: expected a whole number from 1 to 5, or 6 for no rating"),
        ("A-E1:\tval two; act 2; dom 2;\t()", "expected a rater's line such as"),
        ("A-E1:\tval ; act 2; dom 2;\t()", "expected a rater's line such as"),
        ("A-E1 val 3; act 2;", "expected a rater's line such as"),
        ("anything", "expected a rater's line such as"),
        pytest.param("A-E1:\tval 3; act 2;" + " " * 20_000 + "!", "expected a rater's line such as", id="more blanks"),
        pytest.param("A-E1:\tval " + "9" * 5000 + "; act 2; dom 2;", "expected a rater's line such as", id="digits"),
    ],
)
def test_a_broken_line_refuses_its_turn_with_file_and_line_and_no_other(tmp_path: Path, line: str, why: str) -> None:
    make_dialog(tmp_path, 1, "F", "impro01", 6, rng=np.random.default_rng(0), picture=False)
    path = evaluation_of(tmp_path, "Ses01F_impro01")
    lines = path.read_text().splitlines()
    place = next(number for number, text in enumerate(lines) if text.startswith("A-E1"))
    lines[place] = line
    path.write_text("\n".join(lines))
    reading = read_iemocap(tmp_path)
    (problem,) = reading.rejected
    assert problem.utterance == f"iemocap/{TURN}"
    assert problem.where == f"{path}, line {place + 1}"
    assert why in problem.why
    assert (reading.expected, len(reading.utterances)) == (6, 5)
    with pytest.raises(ValaroError, match=r"6 turns expected, 5 read, 1 rejected\n  iemocap/Ses01F_impro01_F000: "):
        require_complete(reading, "x")


@pytest.mark.parametrize(
    "line",
    [
        "C-E1:\t\t()",
        "C-F1:\t;\t()",
        "C-M3:\tOther; ;\t(x)",
        "A-F1:\tval ; act 9;",
        # Each blank could once be taken in two ways: this line alone took longer than a life.
        pytest.param("C-E1:" + "a;   " * 40 + "!", id="blanks"),
        pytest.param("C-E1:\tNeutral;\t(caf\xe9)", id="an encoding"),
    ],
)
@pytest.mark.parametrize("above", [(), ("",)], ids=["in its block", "below a blank line"])
def test_a_line_that_is_not_used_is_a_remark_whatever_it_holds(
    tmp_path: Path, line: str, above: tuple[str, ...]
) -> None:
    path = evaluation(tmp_path, header(), "A-E1:\tval 3; act 2; dom 2;\t()", *above, line)
    path.write_bytes(path.read_text().encode("latin-1"))
    found = read_evaluation(path)
    assert found.faults == ()
    assert [turn.name for turn in found.turns] == [TURN]
    assert [(fault.turn, fault.line) for fault in found.unused] == [(TURN, 5 + len(above))]


@pytest.mark.parametrize(
    ("first", "why"),
    [
        ("[6.29 - 8.23]\tSes01F_impro01_F000\tneu", "expected '[start - end] turn category [V, A, D]'"),
        ("[9.00 - 8.23]\tSes01F_impro01_F000\tneu\t[1.0, 1.0, 1.0]", "ends at 8.23 s, before it begins at 9 s"),
        ("[6.29 - 8.23]\tSes01F_impro02_F000\tneu\t[1.0, 1.0, 1.0]", "expected Ses01F_impro01_ and F or M"),
        ("[6.29 - 8.23]\tSes01F_impro01_X000\tneu\t[1.0, 1.0, 1.0]", "expected Ses01F_impro01_ and F or M"),
        # As a floating-point number this end would be infinite.
        pytest.param(
            f"[6.29 - {'9' * 400}]\tSes01F_impro01_F000\tneu\t[1.0, 1.0, 1.0]",
            "expected '[start - end] turn category",
            id="digits",
        ),
    ],
)
def test_a_header_that_makes_no_sense_refuses_its_turn_and_the_next_is_read(
    tmp_path: Path, first: str, why: str
) -> None:
    votes = "A-E1:\tval 3; act 2; dom 2;\t()"
    path = evaluation(tmp_path, first, votes, "", header("Ses01F_impro01_M000"), votes)
    found = read_evaluation(path)
    assert [turn.name for turn in found.turns] == ["Ses01F_impro01_M000"]
    (fault,) = found.faults
    assert fault.line == 3
    assert why in fault.why


def test_a_vote_below_a_blank_line_refuses_the_turn_above_instead_of_being_lost(tmp_path: Path) -> None:
    votes = ["A-E1:\tval 3; act 2; dom 2;\t()", "A-E2:\tval 5; act 2; dom 2;\t()"]
    other = ["", header("Ses01F_impro01_M000"), votes[0]]
    found = read_evaluation(evaluation(tmp_path, header(), votes[0], "", votes[1], *other))
    assert [turn.name for turn in found.turns] == ["Ses01F_impro01_M000"]
    ((turn, line, why),) = [(fault.turn, fault.line, fault.why) for fault in found.faults]
    assert (turn, line) == (TURN, 6)
    assert why.startswith(
        "'A-E2:\tval 5; act 2; dom 2;\t()' is parted from its turn by a blank line: is it of this one?"
    )
    first = read_evaluation(evaluation(tmp_path, votes[1], "", header(), votes[0]))
    assert [(fault.turn, fault.line) for fault in first.faults] == [("", 3)]
    assert [turn.name for turn in first.turns] == [TURN]


@pytest.mark.parametrize("lost", ["[6.29 - 8.23]\tSes01F_impro01_F001", "6.29 - 8.23]\tSes01F_impro01_F001", "\xff"])
def test_votes_below_a_first_line_that_cannot_be_read_are_not_held_against_the_turn_above(
    tmp_path: Path, lost: str
) -> None:
    votes = "A-E1:\tval 3; act 2; dom 2;\t()"
    path = evaluation(tmp_path, header(), votes, "", lost, votes)
    path.write_bytes(path.read_text().encode("latin-1"))
    found = read_evaluation(path)
    assert [turn.name for turn in found.turns] == [TURN]
    assert [fault.line for fault in found.faults] == [6]


def test_a_turn_or_a_rater_that_stands_there_twice_is_refused(tmp_path: Path) -> None:
    votes = "A-E1:\tval 3; act 2; dom 2;\t()"
    twice = read_evaluation(evaluation(tmp_path, header(), votes, "", header(), votes))
    assert [(fault.line, fault.why) for fault in twice.faults] == [(6, "the turn stands already in line 3")]
    evaluations = tmp_path / "Session1" / "dialog" / "EmoEvaluation"
    evaluations.mkdir(parents=True)
    evaluation(evaluations, header(), votes, "", header(), votes)
    (tmp_path / "Session1" / "sentences" / "wav" / "Ses01F_impro01").mkdir(parents=True)
    (tmp_path / "Session1" / "sentences" / "wav" / "Ses01F_impro01" / f"{TURN}.wav").touch()
    reading = read_iemocap(tmp_path)
    assert (reading.expected, len(reading.utterances), len(reading.rejected)) == (1, 0, 1)
    again = read_evaluation(evaluation(tmp_path, header(), votes, votes))
    assert {fault.why for fault in again.faults} == {"E1 rates valence a second time", "E1 rates arousal a second time"}


def test_what_is_missing_or_too_much_is_accounted_for_turn_by_turn(tmp_path: Path) -> None:
    make_dialog(tmp_path, 1, "F", "impro01", 4, rng=np.random.default_rng(0), picture=False)
    make_dialog(tmp_path, 1, "M", "impro02", 3, rng=np.random.default_rng(0), picture=False)
    sounds = tmp_path / "Session1" / "sentences" / "wav" / "Ses01F_impro01"
    (sounds / "Ses01F_impro01_F001.wav").unlink()
    (sounds / "Ses01F_impro01_F007.wav").touch()
    other = evaluation_of(tmp_path, "Ses01M_impro02")
    other.write_bytes(other.read_text().encode("utf-16"))
    reading = read_iemocap(tmp_path)
    # 4 + 3 turns were evaluated, one more has a sound alone.
    assert (reading.expected, len(reading.utterances), len(reading.rejected)) == (8, 3, 5)
    assert {problem.utterance: problem.why for problem in reading.rejected} == {
        "iemocap/Ses01F_impro01_F001": "sentences/wav/Ses01F_impro01/Ses01F_impro01_F001.wav is not there",
        "iemocap/Ses01F_impro01_F007": "no evaluation file has this turn",
        **{
            f"iemocap/Ses01M_impro02_{turn}": f"{other}, line 1: the text is UTF-16: convert the file to UTF-8"
            for turn in ("F000", "F001", "M000")
        },
    }


def test_one_byte_of_another_encoding_refuses_one_turn(tmp_path: Path) -> None:
    votes = "A-E1:\tval 3; act 2; dom 2;\t(caf\N{LATIN SMALL LETTER E WITH ACUTE})"
    path = evaluation(tmp_path, header(), votes, "", header("Ses01F_impro01_M000"), "A-E1:\tval 3; act 2; dom 2;\t()")
    assert len(read_evaluation(path).turns) == 2
    path.write_bytes(path.read_text().encode("latin-1"))
    found = read_evaluation(path)
    assert [turn.name for turn in found.turns] == ["Ses01F_impro01_M000"]
    assert [(f.turn, f.line, f.why) for f in found.faults] == [
        (TURN, 4, "is not UTF-8 text: convert the file to UTF-8")
    ]


def test_a_copy_without_sound_or_without_pictures_is_read_for_what_it_has(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    make_dialog(tmp_path / "sound", 1, "F", "impro01", 4, rng=rng, picture=False)
    sound = read_iemocap(tmp_path / "sound")
    assert {(u.media.suffix, u.sound, u.face_region, u.end) for u in sound.utterances} == {(".wav", None, None, None)}
    assert sound.remarks == ("Session1: 4 turns have no picture, their sound was read",)
    make_dialog(tmp_path / "picture", 1, "F", "impro01", 4, rng=rng)
    wav = tmp_path / "picture" / "Session1" / "sentences"
    wav.rename(tmp_path / "elsewhere")
    picture = read_iemocap(tmp_path / "picture")
    assert {(u.media.suffix, u.sound) for u in picture.utterances} == {(".avi", None)}
    # The transcript names the turns then; its cue line is no turn.
    assert (picture.expected, len(picture.utterances)) == (4, 4)


def test_a_stated_mean_that_is_not_that_of_the_votes_is_a_remark(tmp_path: Path) -> None:
    (made, *_) = make_dialog(tmp_path, 1, "F", "impro01", 2, rng=np.random.default_rng(0))
    path = evaluation_of(tmp_path, "Ses01F_impro01")
    valence = np.mean([vote[0] for vote in made.votes])
    path.write_text(path.read_text().replace(f"[{valence:.4f}, ", f"[{valence + 1:.4f}, ", 1))
    (remark, _) = read_iemocap(tmp_path).remarks
    assert remark.startswith("Session1: 1 turns state another mean than that of their annotators")


def test_a_folder_without_sessions_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValaroError, match="nothing of this corpus is there; expected the folders Session1 to Session5"):
        read_iemocap(tmp_path)


def test_sessions_with_nothing_in_them_are_refused_as_well(tmp_path: Path) -> None:
    (tmp_path / "Session1" / "dialog").mkdir(parents=True)
    with pytest.raises(ValaroError, match="nothing of this corpus is there; expected turns in Session1/dialog/EmoEval"):
        read_iemocap(tmp_path)


def test_a_transcript_that_is_no_text_is_a_problem_and_the_votes_are_read(tmp_path: Path) -> None:
    make_dialog(tmp_path, 1, "F", "impro01", 4, rng=np.random.default_rng(0))
    (tmp_path / "Session1" / "sentences").rename(tmp_path / "elsewhere")
    transcript = tmp_path / "Session1" / "dialog" / "transcriptions" / "Ses01F_impro01.txt"
    transcript.write_bytes(transcript.read_text().encode("utf-16"))
    reading = read_iemocap(tmp_path)
    assert len(reading.utterances) == 4
    (problem,) = reading.rejected
    assert (problem.utterance, problem.where) == ("iemocap", "transcript")
    assert problem.why == f"{transcript}, line 1: the text is UTF-16: convert the file to UTF-8"


FRAGMENTS = [
    HEADING, header(), "[1 - 2]", "A-E1:\tval 3; act 2; dom 2;\t()", "A-E1: val 9; act 1;", "C-F1:\tNeutral;\t()", "(",
    "\n", "\r\n", "\t", "\ufeff", "[", "A-", "val 99999999999999999999; act 1;", "A-E1:\tval 3; act 2; dom ;",
]  # fmt: skip


def test_a_turn_whose_damaged_header_comes_first_is_refused_once_and_for_all(tmp_path: Path) -> None:
    header = "[6.2901 - 8.2357]\tSes01F_impro01_F000\tneu\t[2.5000, 2.5000, 2.5000]"
    path = tmp_path / "Ses01F_impro01.txt"
    path.write_text(f"{header}% and more\n{header}\n")
    found = read_evaluation(path)
    assert found.turns == ()
    assert [fault.why.split(":")[0] for fault in found.faults][1] == "the turn stands already in line 1"


def test_a_turn_whose_second_header_is_damaged_is_refused_as_well(tmp_path: Path) -> None:
    votes = "A-E1:\tval 3; act 2; dom 2;\t()"
    found = read_evaluation(evaluation(tmp_path, header(), votes, "", f"{header()}% and more", votes))
    assert found.turns == ()
    assert [(fault.turn, fault.line) for fault in found.faults] == [(TURN, 6)]


@settings(max_examples=300)
@given(st.lists(st.one_of(st.sampled_from(FRAGMENTS).map(str.encode), st.binary(max_size=12)), max_size=12))
def test_no_bytes_make_anything_but_turns_and_faults(
    tmp_path_factory: pytest.TempPathFactory, parts: list[bytes]
) -> None:
    path = tmp_path_factory.mktemp("any") / "Ses01F_impro01.txt"
    path.write_bytes(b"".join(parts))
    try:
        found = read_evaluation(path)
    except ValaroError:
        return
    names = {turn.name for turn in found.turns}
    assert len(names) == len(found.turns)
    assert not names & {fault.turn for fault in found.faults if "already" not in fault.why}
