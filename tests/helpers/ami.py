"""A folder in the form of the AMI corpus, of any size; its recordings show and sound whose they are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np

from helpers.media import make_recording

HEAD = '<?xml version="1.0" encoding="ISO-8859-1" standalone="yes"?>\n'
NITE = 'xmlns:nite="http://nite.sourceforge.net/"'
SEATS = {
    # As in ES2002a the letters say nothing: B sits before Closeup4. Here they do not say the headset either.
    "A": ("1", "Closeup2", "MEE006"),
    "B": ("0", "Closeup4", "FEE005"),
    "C": ("3", "Closeup1", "MEE007"),
    "D": ("2", "Closeup3", "MEE008"),
}
HERTZ = (300, 700, 1300, 2100)
"""The voice of each headset."""

WORD, PAUSE = 0.25, 0.05


@dataclass(frozen=True)
class MadeWord:
    """A word from `begin` to `end` seconds; None: without times."""

    begin: float | None
    end: float | None = None
    text: str = "caf\xe9"
    kind: str = "w"
    more: str = ""


def talk(seconds: float, *, first: float = 0.0, sentence: int = 12, silence: float = 1.5) -> list[MadeWord]:
    """Return words of 0.25 s, 0.05 s apart, in sentences with a full stop and a silence after each."""
    words: list[MadeWord] = []
    time = first
    while time + sentence * (WORD + PAUSE) <= seconds:
        for _ in range(sentence):
            words.append(MadeWord(round(time, 2), round(time + WORD, 2)))
            time += WORD + PAUSE
        words.append(MadeWord(words[-1].end, words[-1].end, ".", more='punc="true"'))
        time += silence
    return words


def write_words(annotations: Path, name: str, words: Sequence[MadeWord]) -> Path:
    """Write a speaker's words, an element a line from line 3 on."""
    lines = []
    for place, word in enumerate(words):
        times = "" if word.begin is None else f' starttime="{word.begin:.2f}" endtime="{word.end:.2f}"'
        more = f" {word.more}" if word.more else ""
        content = f">{word.text}</{word.kind}>" if word.kind == "w" else "/>"
        lines.append(f'   <{word.kind} nite:id="{name}.words{place}"{times}{more}{content}')
    root = f'<nite:root nite:id="{name}.words" {NITE}>'
    return _write(annotations / "words" / f"{name}.words.xml", "\n".join([root, *lines, "</nite:root>", ""]))


def write_segments(annotations: Path, name: str, bounds: Sequence[tuple[int, int]], *, href: str = "") -> Path:
    """Write segments from a word's place to another's; or a single one with the link `href`."""
    links = [f"{name}.words.xml#id({name}.words{first})..id({name}.words{last})" for first, last in bounds]
    lines = [
        f'   <segment nite:id="{name}.sync.{number}" transcriber_start="0.0" transcriber_end="1.0">\n'
        f"      <nite:child href={quoteattr(link)}/>\n   </segment>"
        for number, link in enumerate([href] if href else links)
    ]
    root = f'<nite:root nite:id="{name}.segs" {NITE}>'
    return _write(annotations / "segments" / f"{name}.segments.xml", "\n".join([root, *lines, "</nite:root>", ""]))


def write_meetings(annotations: Path, meetings: Sequence[str], seats: dict[str, tuple[str, str, str]] = SEATS) -> Path:
    """Write who sat where, the same in all the meetings."""
    lines = []
    for meeting in meetings:
        lines.append(f'   <meeting nite:id="m.{meeting}" observation="{meeting}" duration="60.0" type="scenario">')
        for agent, (channel, camera, person) in seats.items():
            lines.append(
                f'      <speaker nite:id="{meeting}.{agent}" camera="{camera}" channel="{channel}" '
                f'global_name="{person}" nxt_agent="{agent}" role="PM"/>'
            )
        lines.append("   </meeting>")
    root = f'<nite:root nite:id="meetings" {NITE}>'
    return _write(annotations / "corpusResources" / "meetings.xml", "\n".join([root, *lines, "</nite:root>", ""]))


def write_participants(annotations: Path, sexes: dict[str, str]) -> Path:
    """Write the table of people."""
    lines = [f'   <participant nite:id="{name}" sex="{sex}" meeting="ES2002"/>' for name, sex in sexes.items()]
    root = f'<nite:root nite:id="participants" {NITE}>'
    return _write(annotations / "corpusResources" / "participants.xml", "\n".join([root, *lines, "</nite:root>", ""]))


def bursts(hertz: float, words: Sequence[MadeWord], *, loudness: float = 0.3) -> Callable[[np.ndarray], np.ndarray]:
    """A tone where words are, nothing between them."""

    def sound(times: np.ndarray) -> np.ndarray:
        spoken = np.zeros(len(times), bool)
        for word in words:
            if word.begin is not None and word.kind == "w":
                spoken[np.searchsorted(times, word.begin) : np.searchsorted(times, word.end)] = True
        return (loudness * spoken * np.sin(2 * np.pi * hertz * times)).astype(np.float32)

    return sound


def shade(camera: str) -> int:
    """The grey of a camera's picture: 60, 100, 140, 180."""
    return 20 + 40 * int(camera[-1])


def make_headset(recordings: Path, meeting: str, channel: str, seconds: float, words: Sequence[MadeWord]) -> Path:
    """Write a headset's sound: its own tone where `words` are."""
    path = recordings / meeting / "audio" / f"{meeting}.Headset-{channel}.wav"
    path.parent.mkdir(parents=True, exist_ok=True)
    sound = bursts(HERTZ[int(channel)], words)
    return make_recording(path, picture=False, sound=sound, seconds=seconds, sound_rate=16_000)


def make_close_up(
    recordings: Path, meeting: str, camera: str, seconds: float, *, dark: tuple[float, float] = (0.0, 0.0)
) -> Path:
    """Write a camera's picture in its own grey, black from `dark[0]` to `dark[1]` seconds."""

    def draw(index: int, height: int, width: int) -> np.ndarray:
        return np.full((height, width), 0 if dark[0] <= index / 25 < dark[1] else shade(camera), np.uint8)

    path = recordings / meeting / "video" / f"{meeting}.{camera}.avi"
    path.parent.mkdir(parents=True, exist_ok=True)
    return make_recording(path, seconds=seconds, draw=draw, video_codec="mpeg4", pixel_format="yuv420p")


def make_meeting(
    folder: Path, meeting: str, seconds: float, *, annotations: Path | None = None, videos: bool = True
) -> dict[str, list[MadeWord]]:
    """Write a meeting of four with all its recordings; return the words of each speaker."""
    annotations = annotations or folder
    said: dict[str, list[MadeWord]] = {}
    for number, (agent, (channel, camera, _)) in enumerate(SEATS.items()):
        said[agent] = talk(seconds, first=0.2 * number)
        write_words(annotations, f"{meeting}.{agent}", said[agent])
        make_headset(folder, meeting, channel, seconds, said[agent])
        if videos:
            make_close_up(folder, meeting, camera, seconds)
    return said


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((HEAD + text).encode("latin-1"))
    return path
