"""A check as a whole: the record of a study's data, its page, and the command."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from helpers.features import make_store, toy_corpus
from valaro.checks.check import check
from valaro.checks.findings import CheckRecord
from valaro.errors import ValaroError
from valaro.records import CorpusNote, Rating
from valaro.reports.check_page import check_page
from valaro.reports.figures import histogram
from valaro.store.manifest import write_manifest


@pytest.fixture
def record(tmp_path: Path) -> CheckRecord:
    utterances, features = toy_corpus(sessions=2)
    votes = tuple(
        Rating(annotator=name, dimension="valence", score=score) for name, score in (("1", 2.0), ("2", 4.0), ("3", 5.0))
    )
    tied = (*votes[:2], replace(votes[0], dimension="arousal"))
    utterances = [replace(utterances[0], ratings=votes), replace(utterances[1], ratings=tied), *utterances[2:]]
    write_manifest(tmp_path / "toy.parquet", utterances, [CorpusNote(corpus="toy", text="made <here>")])
    make_store(tmp_path / "store", features)
    return check([tmp_path / "toy.parquet"], tmp_path / "store")


def test_the_record_holds_what_the_data_is(record: CheckRecord) -> None:
    (corpus,) = record.corpora
    assert (corpus.utterances, corpus.speakers, corpus.sessions) == (72, 4, 2)
    valence = next(row for row in record.agreements if row.dimension == "valence")
    # One utterance has 3 votes and a clear level, one 2 votes that tie, 70 have one vote.
    assert (valence.rated, valence.votes, valence.ties) == (72, 75, 1)
    assert valence.alpha is not None
    assert len(record.speakers) == 4
    assert all(speaker.loudness is not None for speaker in record.speakers)
    assert len(record.seconds) == 72
    assert [finding.what for finding in record.faults][:1] == ["Recordings that are not there"]


def test_the_page_says_what_is_wrong_and_loads_nothing(record: CheckRecord) -> None:
    page = check_page(record)
    assert "<h1>2 rules broken" in page or "<h1>1 rule broken" in page
    assert "made &lt;here&gt;" in page
    assert page == check_page(record)
    assert not re.search(r"https?://(?!www\.w3\.org)", page)
    assert page.count("<svg") == 2


def test_the_histogram_counts_every_value_and_far_ones_in_the_last_bar() -> None:
    bars = histogram([1.0] * 50 + [2.0] * 49 + [100.0])
    assert bars is not None
    assert sum(bars.counts) == 100
    assert (bars.counts[0], bars.counts[-1], bars.highest) == (50, 1, 100.0)
    assert histogram([]) is None
    same = histogram([3.0, 3.0])
    assert same is not None
    assert sum(same.counts) == 2


def test_manifests_without_utterances_are_refused(tmp_path: Path) -> None:
    write_manifest(tmp_path / "m.parquet", [])
    with pytest.raises(ValaroError, match="nothing to check"):
        check([tmp_path / "m.parquet"])
