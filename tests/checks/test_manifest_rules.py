"""Each rule about utterances finds what breaks it, and nothing in a corpus that is as it should be."""

from dataclasses import replace
from pathlib import Path

import pytest

from helpers.features import an_utterance
from valaro.checks.findings import Finding
from valaro.checks.manifests import manifest_findings
from valaro.records import Rating, Utterance


@pytest.fixture
def corpus(tmp_path: Path) -> list[Utterance]:
    """Two sessions of a woman and a man with every level in each."""
    (tmp_path / "a.wav").write_bytes(b"sound")
    return [
        replace(
            an_utterance(f"{speaker}{level}", speaker=speaker, session=session, gender=gender, level=level),
            media=tmp_path / "a.wav",
            start=float(10 * place),
            end=float(10 * place + 3),
        )
        for place, (speaker, session, gender, level) in enumerate(
            (f"{session}{gender}", session, gender, level)
            for session in "12"
            for gender in "FM"
            for level in ("low", "medium", "high")
        )
    ]


def found(utterances: list[Utterance]) -> dict[str, tuple[str, ...]]:
    return {finding.what.partition(":")[0]: finding.cases for finding in manifest_findings(utterances)}


def test_a_corpus_as_it_should_be_has_no_finding(corpus: list[Utterance]) -> None:
    assert manifest_findings(corpus) == ()


def test_lost_and_empty_recordings_are_named_once_a_file(corpus: list[Utterance], tmp_path: Path) -> None:
    (tmp_path / "empty.wav").touch()
    lost = [replace(one, media=tmp_path / "lost.wav") for one in corpus[:2]]
    empty = replace(corpus[2], sound=tmp_path / "empty.wav")
    assert found([*lost, empty, *corpus[3:]]) == {
        "Recordings that are not there": (f"{tmp_path / 'lost.wav'} (toy/1Flow)",),
        "Recordings without a byte": (f"{tmp_path / 'empty.wav'} (toy/1Fhigh)",),
    }


def test_names_and_stretches_are_there_once(corpus: list[Utterance]) -> None:
    twin = replace(corpus[0], id="toy/other")
    findings = found([*corpus, corpus[3], twin])
    assert findings["Utterances that stand there more than once"] == ("toy/1Mlow: 2 times",)
    assert findings["Different utterances that are the same stretch"] == ("toy/1Flow, toy/other",)


def test_people_are_of_one_gender_and_one_session(corpus: list[Utterance]) -> None:
    findings = found([replace(corpus[0], gender="M"), *corpus[1:]])
    assert findings == {"Speakers of several genders": ("toy/1F: F and M",)}
    findings = found([replace(corpus[0], session="2"), *corpus[1:]])
    assert findings["Speakers in several sessions"] == ("toy/1F: toy 1, toy 2",)
    findings = found([replace(corpus[0], session=""), *corpus[1:]])
    assert findings["Labelled utterances without a session"] == ("toy/1Flow",)
    findings = found(corpus[:9])
    assert findings["Sessions with one speaker"] == ("toy 2: toy/2F",)
    findings = found(corpus[:6])
    assert findings["Fewer than two sessions"] == ("toy 1",)


def test_stretches_that_are_short_long_or_overlap_are_worth_a_look(corpus: list[Utterance]) -> None:
    short, long = replace(corpus[0], end=1.0), replace(corpus[2], end=95.0)
    findings = {finding.what.partition(":")[0]: finding for finding in manifest_findings([short, corpus[1], long])}
    assert findings["Utterances shorter than a crop of 1.28 s"].cases == ("toy/1Flow: 1.00 s",)
    assert findings["Utterances longer than 60 s"].cases == ("toy/1Fhigh: 75 s",)
    overlapping = replace(corpus[0], end=10.5)
    assert found([overlapping, *corpus[1:]])["Stretches of one speaker that overlap"] == (
        "toy/1Flow until 10.50 s and toy/1Fmedium from 10.00 s",
    )
    assert not findings["Utterances longer than 60 s"].is_fault


def test_votes_are_on_the_scale_and_every_session_has_every_level(corpus: list[Utterance]) -> None:
    wild = replace(corpus[0], ratings=(Rating(annotator="7", dimension="valence", score=7.0),))
    assert found([wild, *corpus[1:]])["Votes that are not on the scale from 1 to 5"] == (
        "toy/1Flow: 7 votes 7 on valence",
    )
    without = [one for one in corpus if one.id not in {"toy/2Fhigh", "toy/2Mhigh"}]
    assert found(without)["Sessions that lack a level"] == ("toy 2: no high valence", "toy 2: no high arousal")


def test_words_that_several_sessions_speak_are_counted(corpus: list[Utterance]) -> None:
    corpus[0] = replace(corpus[0], script="a01")
    assert manifest_findings(corpus) == ()
    corpus[6] = replace(corpus[6], script="a01")
    assert manifest_findings(corpus) == (
        Finding(
            what="Scripts that several sessions speak: their words are in training and in test alike, "
            "17 % of all utterances",
            cases=("toy a01: 2 utterances in 2 sessions",),
            is_fault=False,
        ),
    )


def test_names_that_look_alike_are_worth_a_look(corpus: list[Utterance]) -> None:
    # A Cyrillic e, another case, a blank, and a zero that a spreadsheet dropped.
    names = ["Ben", "B\u0435n", "ann a", "Anna", "03", "3"]
    alike = [replace(one, speaker=f"toy/{name}") for one, name in zip(corpus, names, strict=False)]
    findings = {finding.what.partition(":")[0]: finding for finding in manifest_findings([*alike, *corpus[6:]])}
    finding = findings["Speakers whose names look alike"]
    assert finding.cases == (
        "'toy/03' and 'toy/3'",
        "'toy/Anna' and 'toy/ann a'",
        "'toy/Ben' and 'toy/B\u0435n' (with U+0435)",
    )
    assert not finding.is_fault
    # People whom nobody names are told apart by their recordings, whatever these are called.
    unnamed = [replace(one, speaker=f"toy/?{name}") for one, name in zip(corpus, names, strict=False)]
    assert "Speakers whose names look alike" not in found([*unnamed, *corpus[6:]])
