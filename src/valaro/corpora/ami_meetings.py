"""Who took part in AMI's meetings, with which headset and before which camera.

`corpusResources/meetings.xml` says it, and nothing else may: in ES2002a speaker B sits before Closeup4. `global_name`
is the person, who may come to several meetings; its first letter is the gender (FEE005 is a woman, MEE006 a man) unless
`corpusResources/participants.xml` says it.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from valaro.corpora.ami_folder import MEETINGS
from valaro.corpora.links import inside, plain_name
from valaro.corpora.xml import Element, read_elements
from valaro.errors import ValaroError
from valaro.records import Problem

NITE = "http://nite.sourceforge.net/}"
PARTICIPANTS = Path("corpusResources") / "participants.xml"

_GENDERS = {"F": "F", "FEMALE": "F", "M": "M", "MALE": "M"}
_CLOSE_UP = re.compile(r"Closeup\d+", re.ASCII)
_SERIES = re.compile(r"(.*\d)[a-z]", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Seat:
    """One speaker of a meeting: the letter, the person (empty: not named), headset and close-up camera.

    `camera` is empty where no close-up camera is this speaker's alone.
    """

    meeting: str
    agent: str
    person: str
    gender: str
    channel: int
    camera: str

    @property
    def name(self) -> str:
        """As the transcripts are called: `ES2002a.B`."""
        return f"{self.meeting}.{self.agent}"

    @property
    def session(self) -> str:
        """The meetings of one group, whose names differ in their last letter: ES2002a to ES2002d are ES2002."""
        series = _SERIES.fullmatch(self.meeting)
        return series[1] if series else self.meeting


@dataclass(frozen=True, kw_only=True)
class Seating:
    """All seats by their names, and what the tables say that cannot be."""

    seats: Mapping[str, Seat]
    problems: tuple[Problem, ...]


def read_seating(annotations: Path) -> Seating:
    """Read who sat where in every meeting.

    Raises:
        ValaroError: `meetings.xml` or `participants.xml` cannot be read as XML.
    """
    path = inside(annotations, annotations / MEETINGS)
    sexes = _read_sexes(annotations)
    meeting = Element("", {}, 0, 0)
    seats: list[Seat] = []
    problems: list[Problem] = []
    for element in read_elements(path):
        if element.name == "meeting":
            meeting = element
        elif element.name == "speaker" and element.depth > meeting.depth:
            try:
                seats.append(_seat(meeting.attributes, element.attributes, sexes))
            except ValaroError as error:
                name = f"{meeting.attributes.get('observation', '?')}.{element.attributes.get('nxt_agent', '?')}"
                problems.append(Problem(utterance=f"ami/{name}", where=f"{path}, line {element.line}", why=str(error)))
    names = Counter(seat.name for seat in seats)
    channels = Counter((seat.meeting, seat.channel) for seat in seats)
    cameras = Counter((seat.meeting, seat.camera) for seat in seats)
    kept: dict[str, Seat] = {}
    for seat in seats:
        why = ""
        if names[seat.name] > 1:
            why = f"speaker {seat.agent} stands there {names[seat.name]} times"
        elif channels[seat.meeting, seat.channel] > 1:
            why = f"headset {seat.channel} is said to be of several speakers: whose voice is it?"
        if why:
            problems.append(Problem(utterance=f"ami/{seat.name}", where=str(path), why=why))
        else:
            kept[seat.name] = seat if cameras[seat.meeting, seat.camera] == 1 else replace(seat, camera="")
    return Seating(seats=kept, problems=tuple(problems))


def _seat(meeting: Mapping[str, str], speaker: Mapping[str, str], sexes: Mapping[str, str]) -> Seat:
    person, channel, camera = (speaker.get(name, "") for name in ("global_name", "channel", "camera"))
    if not (channel.isascii() and channel.isdigit() and len(channel) < 3):
        raise ValaroError(f"channel '{channel}': expected the number of a headset, as in channel=\"0\"")
    return Seat(
        meeting=plain_name(meeting.get("observation", ""), "the meeting's observation"),
        agent=plain_name(speaker.get("nxt_agent", ""), "nxt_agent"),
        person=plain_name(person, "global_name") if person else "",
        gender=sexes.get(person, person[:1] if person[:1] in {"F", "M"} else ""),
        channel=int(channel),
        camera=camera if _CLOSE_UP.fullmatch(camera) else "",
    )


def _read_sexes(annotations: Path) -> dict[str, str]:
    """Return the gender of every participant that the table names with one; nothing where there is no table."""
    path = annotations / PARTICIPANTS
    if not path.is_file():
        return {}
    people = (element.attributes for element in read_elements(inside(annotations, path)))
    stated = ((person.get(f"{NITE}id", ""), person.get("sex", "").upper()) for person in people)
    return {name: _GENDERS[sex] for name, sex in stated if sex in _GENDERS}
