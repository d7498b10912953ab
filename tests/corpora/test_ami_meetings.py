"""Who sat before which camera, with which headset."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.ami import SEATS, write_meetings, write_participants
from valaro.corpora.ami_meetings import Seat, read_seating
from valaro.errors import ValaroError


def test_headset_and_camera_are_those_of_the_table_not_of_the_letter(tmp_path: Path) -> None:
    write_meetings(tmp_path, ["ES2002a"])
    seating = read_seating(tmp_path)
    assert seating.problems == ()
    assert seating.seats["ES2002a.B"] == Seat(
        meeting="ES2002a", agent="B", person="FEE005", gender="F", channel=0, camera="Closeup4"
    )
    assert {name: (str(seat.channel), seat.camera, seat.person) for name, seat in seating.seats.items()} == {
        f"ES2002a.{agent}": seat for agent, seat in SEATS.items()
    }


@pytest.mark.parametrize(
    ("meeting", "session"),
    [("ES2002a", "ES2002"), ("ES2002d", "ES2002"), ("IB4010", "IB4010"), ("EN2001e", "EN2001"), ("a", "a")],
)
def test_meetings_of_one_group_are_one_session(tmp_path: Path, meeting: str, session: str) -> None:
    write_meetings(tmp_path, [meeting])
    assert {seat.session for seat in read_seating(tmp_path).seats.values()} == {session}


def test_the_table_of_people_says_the_gender_where_it_names_one(tmp_path: Path) -> None:
    people = ("MEE006", "FEE005", "XEE007", "YEE008", "")
    seats = {
        letter: (str(n), f"Closeup{n}", name) for n, (letter, name) in enumerate(zip("ABCDE", people, strict=True))
    }
    write_meetings(tmp_path, ["EN2001a"], seats)
    assert [seat.gender for seat in read_seating(tmp_path).seats.values()] == ["M", "F", "", "", ""]
    write_participants(tmp_path, {"MEE006": "F", "FEE005": "", "XEE007": "male"})
    assert [seat.gender for seat in read_seating(tmp_path).seats.values()] == ["F", "F", "M", "", ""]


def test_a_camera_that_is_no_close_up_or_of_two_is_nobodys(tmp_path: Path) -> None:
    cameras = {"A": "Corner", "B": "", "C": "../Closeup1", "D": "Closeup2", "E": "Closeup2", "F": "Closeup3"}
    seats = {letter: (str(n), camera, f"MEE00{n}") for n, (letter, camera) in enumerate(cameras.items())}
    write_meetings(tmp_path, ["EN2001a"], seats)
    seating = read_seating(tmp_path)
    assert [seat.camera for seat in seating.seats.values()] == ["", "", "", "", "", "Closeup3"]
    assert seating.problems == ()


@pytest.mark.parametrize(
    ("seats", "words"),
    [
        ({"A": ("x", "Closeup1", "M1")}, "channel 'x': expected the number of a headset"),
        ({"A": ("", "Closeup1", "M1")}, "channel ''"),
        ({"../A": ("0", "Closeup1", "M1")}, "nxt_agent '../A': expected a name"),
        ({"A": ("0", "Closeup1", "../M1")}, "global_name '../M1': expected a name"),
        ({"A": ("0", "Closeup1", "M1"), "B": ("0", "Closeup2", "M2")}, "headset 0 is said to be of several speakers"),
    ],
)
def test_a_speaker_who_cannot_be_understood_is_a_problem_and_the_others_stay(
    tmp_path: Path, seats: dict[str, tuple[str, str, str]], words: str
) -> None:
    write_meetings(tmp_path, ["ES2002a"], {**seats, "D": ("3", "Closeup3", "M4")})
    seating = read_seating(tmp_path)
    assert list(seating.seats) == ["ES2002a.D"]
    assert len(seating.problems) == len(seats)
    assert all(words in problem.why and "meetings.xml" in problem.where for problem in seating.problems)


def test_a_meeting_whose_name_is_a_way_is_a_problem_of_each_of_its_speakers(tmp_path: Path) -> None:
    write_meetings(tmp_path, ["../../etc", "ES2002a"])
    seating = read_seating(tmp_path)
    assert [problem.utterance for problem in seating.problems] == [f"ami/../../etc.{letter}" for letter in "ABCD"]
    assert {seat.meeting for seat in seating.seats.values()} == {"ES2002a"}


def test_a_speaker_twice_is_neither(tmp_path: Path) -> None:
    write_meetings(tmp_path, ["ES2002a", "ES2002a", "ES2002b"])
    seating = read_seating(tmp_path)
    assert {seat.meeting for seat in seating.seats.values()} == {"ES2002b"}
    assert {problem.why for problem in seating.problems} == {
        f"speaker {letter} stands there 2 times" for letter in "ABCD"
    }


@settings(max_examples=300)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.lists(
            st.sampled_from(
                ['<meeting observation="a">', "</meeting>", "<speaker/>", '<speaker nxt_agent="A" channel="0"/>']
            ),
            max_size=8,
        ).map(lambda inner: f"<root>{''.join(inner)}</root>".encode()),
    )
)
def test_no_bytes_raise_anything_but_a_users_error(tmp_path: Path, content: bytes) -> None:
    path = write_meetings(tmp_path, [])
    path.write_bytes(content)
    with suppress(ValaroError):
        assert all(name == seat.name for name, seat in read_seating(tmp_path).seats.items())
