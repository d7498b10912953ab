"""All 171 meetings of AMI's real annotations: every word and every odd file accounted for."""

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from helpers.kinds import reader
from helpers.media import real_recordings
from valaro.corpora.ami_folder import AmiFolder
from valaro.corpora.ami_meetings import read_seating
from valaro.corpora.ami_transcript import MOST_PAUSE, read_transcript

read_ami = reader("ami")

pytestmark = [pytest.mark.recordings, pytest.mark.slow]

WITHOUT_A_SEAT = ("EN2002c.D", "EN2003a.D", "EN2009b.D", "EN2009c.D", "IN1001.D")
_ELEMENT = re.compile(r"<(w|vocalsound|disfmarker|gap|transformerror)\b([^>]*)>")
_ATTRIBUTE = re.compile(r'([\w:]+)="([^"]*)"')
_LINK = re.compile(r'<nite:child href="[^"#]*#id\(([^)]*)\)(?:\.\.id\(([^)]*)\))?"')


@pytest.fixture(scope="module")
def annotations() -> Path:
    folder = real_recordings("ami_annotations")
    if not folder.is_dir():
        pytest.skip("ami_annotations is not beside the project")
    return folder


def elements(path: Path) -> list[tuple[str, dict[str, str]]]:
    """Every word and sound of a speaker, by a pattern instead of a reader of XML."""
    return [(match[1], dict(_ATTRIBUTE.findall(match[2]))) for match in _ELEMENT.finditer(path.read_text("latin-1"))]


def triples(words: Path, segments: Path) -> list[tuple[float, float]]:
    """Begin and end of every three consecutive words, found anew."""
    links = _LINK.findall(segments.read_text("latin-1"))
    firsts, lasts = {first for first, _ in links}, {last or first for first, last in links}
    spoken: list[tuple[float, float]] = []
    run: list[tuple[float, float]] = []
    is_over = False
    for name, attributes in elements(words):
        if is_over or attributes["nite:id"] in firsts or name == "gap":
            run = []
        is_over = attributes["nite:id"] in lasts
        if name != "w" or attributes.get("punc") == "true":
            continue
        if (
            "starttime" not in attributes
            or "endtime" not in attributes
            or float(attributes["endtime"]) < float(attributes["starttime"])
        ):
            run = []
            continue
        word = (float(attributes["starttime"]), float(attributes["endtime"]))
        if run and not run[-1][0] <= word[0] <= run[-1][1] + MOST_PAUSE + 1e-6:
            run = []
        run = [*run[-2:], word]
        if len(run) == 3:
            spoken.append((run[0][0], run[2][1]))
    return spoken


def test_who_sat_where_is_known_of_all_meetings_but_for_five_speakers(annotations: Path) -> None:
    seating = read_seating(annotations)
    assert seating.problems == ()
    seats = seating.seats.values()
    assert Counter(Counter(seat.meeting for seat in seats).values()) == {4: 163, 3: 5, 5: 3}
    people = {seat.person: seat.gender for seat in seats}
    # 40 of the 190 are missing from the table of people: their names begin with their sex.
    assert Counter(people.values()) == {"M": 130, "F": 60}
    assert all(gender == person[0] for person, gender in people.items())
    table = (annotations / "corpusResources" / "participants.xml").read_text("latin-1")
    assert sum(f'nite:id="{person}"' not in table for person in people) == 40
    transcribed = AmiFolder(annotations=annotations, recordings=annotations).transcribed()
    assert len(transcribed) == 687
    assert tuple(name for name in transcribed if name not in seating.seats) == WITHOUT_A_SEAT
    assert set(seating.seats) <= set(transcribed)


@pytest.mark.timeout(900)
def test_every_three_words_of_all_687_files_are_found_and_every_odd_word_is_counted(annotations: Path) -> None:
    folder = AmiFolder(annotations=annotations, recordings=annotations)
    odd, words, untimed, differing = Counter[str](), 0, 0, list[str]()
    impossible = list[str]()
    for name in folder.transcribed():
        transcript = read_transcript(folder, name)
        words, untimed, impossible = (
            words + transcript.words,
            untimed + transcript.untimed,
            [*impossible, *transcript.impossible],
        )
        assert transcript.faults == ()
        if list(zip(transcript.begins, transcript.ends, strict=True)) != triples(
            folder.words(name), folder.segments(name)
        ):
            differing.append(name)
        for element, attributes in elements(folder.words(name)):
            begin, end = attributes.get("starttime"), attributes.get("endtime")
            is_punctuation = attributes.get("punc") == "true"
            if element == "w" and (begin is None or end is None):
                odd["without times"] += 1
            elif element == "w" and float(end) < float(begin):
                odd["backwards"] += 1
            elif element == "w" and begin == end and not is_punctuation:
                odd["of no length"] += 1
    assert differing == []
    # With punctuation; among the words themselves two lack times and one ends before it begins.
    assert odd == {"without times": 4, "backwards": 11, "of no length": 8}
    assert (words, untimed) == (978_214, 2)
    assert [line.rpartition("words/")[2] for line in impossible] == [
        "EN2006a.C.words.xml, line 2561: a word from '2162.31' to '2160.39' s"
    ]


def test_samples_are_drawn_from_the_meetings_that_have_recordings_and_all_others_are_accounted_for(
    annotations: Path, tmp_path: Path
) -> None:
    (tmp_path / "ami_public_manual_1.6.2").symlink_to(annotations)
    folder = AmiFolder(annotations=annotations, recordings=tmp_path)
    seats = [seat for seat in read_seating(annotations).seats.values() if seat.meeting in {"ES2010a", "EN2003a"}]
    assert len(seats) == 4 + 3
    for seat in seats:
        # A tone wherever this speaker says a word, so that a sample of another's headset would be silent.
        words = [
            attributes
            for name, attributes in elements(folder.words(seat.name))
            if name == "w" and attributes.get("punc") != "true"
        ]
        spoken = np.zeros(round(8000 * (float(words[-1]["endtime"]) + 2)), np.float32)
        for word in words:
            spoken[round(8000 * float(word["starttime"])) : round(8000 * float(word["endtime"]))] = 0.3
        sound = spoken * np.sin(np.arange(len(spoken), dtype=np.float32) * (0.2 + 0.1 * seat.channel))
        path = tmp_path / seat.meeting / "audio" / f"{seat.meeting}.Headset-{seat.channel}.flac"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, sound, 8000)
    reading = read_ami(tmp_path, samples=60, faces=False)
    assert (reading.expected, len(reading.utterances)) == (60, 60)
    assert reading.skipped["meetings without recordings"] == 171 - 2
    ((name, why),) = [(problem.utterance, problem.why) for problem in reading.rejected]
    assert name == "ami/EN2003a.D"
    assert why == "EN2003a.D.words.xml is there, but no such speaker: whose headset and camera?"
    assert {utterance.session for utterance in reading.utterances} == {"ES2010", "EN2003"}
    assert {utterance.speaker for utterance in reading.utterances} <= {f"ami/{seat.person}" for seat in seats}
    channels = {seat.name: f"Headset-{seat.channel}.flac" for seat in seats}
    for utterance in reading.utterances:
        assert utterance.media.name.endswith(channels[utterance.id.removeprefix("ami/").rpartition(".")[0]])
