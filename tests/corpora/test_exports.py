"""What was written as an audformat database or as tables reads back to the same utterances."""

import sys
from dataclasses import replace
from pathlib import Path

import audformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.kinds import reader
from valaro.corpora.to_audformat import write_audformat
from valaro.corpora.to_table import write_tables
from valaro.errors import ValaroError
from valaro.records import CorpusNote, Rating, Utterance

read_audformat = reader("audformat")


def read_table(path: Path, **options: object) -> tuple[Utterance, ...]:
    return reader("table")(path, **options).utterances


NOTES = (
    CorpusNote(corpus="c", text="Derived: yes,\nand synthetic.", kind="derived_labels"),
    CorpusNote(corpus="d", text="ü"),
)


def rated(*votes: tuple[str, str, float]) -> tuple[Rating, ...]:
    return tuple(Rating(annotator=who, dimension=dimension, score=score) for who, dimension, score in votes)


@pytest.fixture
def utterances(tmp_path: Path) -> tuple[Utterance, ...]:
    """Of two corpora of the same people: cut and whole, with several annotators and without, voices of their own."""
    for name in ("clips/a.mp4", "clips/b.wav", "voice.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"recording")
    cut = Utterance(
        id="c/03",
        corpus="c",
        session="NA",
        speaker="p/1",
        gender="F",
        media=tmp_path / "clips/a.mp4",
        face_region=(0.5, 0.0, 1.0, 1 / 3),
        start=0.1,
        end=2.123456789,
        ratings=rated(("E1", "valence", 10 / 3), ("E2", "valence", 1.0), ("E1", "arousal", 5.0)),
        sound=tmp_path / "voice.wav",
        sound_start=0.25,
    )
    rest = replace(
        cut, id="c/04", start=2.2, end=None, ratings=rated(("E2", "valence", 4.0)), sound=None, sound_start=0.0
    )
    unlabelled = Utterance(id="c/x", corpus="c", session="", speaker="p/?x", gender="", media=tmp_path / "clips/b.wav")
    other = replace(rest, id="d/03", corpus="d", speaker="p/nan", gender="M", media=tmp_path / "voice.wav", ratings=())
    return cut, rest, unlabelled, other


def test_an_audformat_database_reads_back_to_the_same_utterances_and_notes(tmp_path, utterances):
    # Unlabelled ones first: the order is that of the utterances, not of the ratings.
    given_ = utterances[::-1]
    write_audformat(tmp_path, given_, NOTES)
    reading = read_audformat(tmp_path)
    assert reading.utterances == given_
    assert reading.notes == NOTES
    assert reading.is_complete
    assert reading.summary() == ("4 segments expected, 4 read, 0 rejected",)
    assert not list(tmp_path.glob(".*"))


@pytest.mark.filterwarnings("ignore:The inplace keyword")
def test_the_package_itself_loads_what_was_written(tmp_path, utterances):
    write_audformat(tmp_path, utterances, NOTES)
    db = audformat.Database.load(str(tmp_path), load_data=True)
    assert db.is_portable
    assert (db.name, db.usage) == ("valaro", "other")
    assert db.description == "c: Derived: yes,\nand synthetic.\nd: ü"
    assert db["utterances"].get(as_segmented=True).index.get_level_values("end").isna().tolist() == [
        False,
        True,
        True,
        True,
    ]
    assert db["ratings"]["valence.E1"].rater.type == "human"
    assert (db.schemes["valence"].minimum, db.schemes["valence"].maximum) == (1, 5)
    assert db["ratings"].df["valence.E2"].tolist() == [1.0, 4.0]
    assert db["utterances"]["speaker"].get(map="gender").fillna("").tolist() == ["female", "female", "", "male"]


def test_recordings_elsewhere_keep_their_absolute_names(tmp_path, utterances):
    write_audformat(tmp_path / "database", utterances)
    assert read_audformat(tmp_path / "database", root=tmp_path).utterances == utterances


def test_what_a_database_cannot_hold_or_would_overwrite_is_refused(tmp_path, utterances):
    cut, rest, *_ = utterances
    twice = replace(cut, ratings=rated(("E1", "valence", 1), ("E1", "valence", 2), ("E2", "arousal", 6)))
    same = replace(cut, id="c/04")
    man = replace(rest, gender="M")
    with pytest.raises(ValaroError) as caught:
        write_audformat(tmp_path, [twice, same, man, replace(rest, id="c/a\nb", start=3.0, session=" 1")])
    assert str(caught.value).splitlines()[1:] == [
        "  'c/03': two ratings of valence.E1",
        "  'c/03': arousal.E2 is 6, outside 1 to 5",
        "  'c/03' and 'c/04' are of the same file, start and end",
        "  'c/04': speaker 'p/1' is of two genders",
        "  'c/a",
        "b': a control character or outer blank in 'c/a\\nb'",
        "  'c/a",
        "b': a control character or outer blank in ' 1'",
    ]
    with pytest.raises(ValaroError, match="'c/03': a control character or outer blank in ' hello'"):
        write_audformat(tmp_path, [replace(cut, script=" hello")])
    with pytest.raises(ValaroError, match="no utterance to write"):
        write_audformat(tmp_path, [])
    assert not list(tmp_path.glob("db*"))
    write_audformat(tmp_path, utterances)
    with pytest.raises(ValaroError, match="is there already: choose another folder"):
        write_audformat(tmp_path, utterances)


def test_a_database_of_ours_that_was_changed_is_refused_by_rows(tmp_path, utterances):
    write_audformat(tmp_path, utterances)
    db = audformat.Database.load_header_from_yaml(dict(_header(tmp_path)))
    table = audformat.Table(
        audformat.segmented_index(["voice.wav", "voice.wav"], starts=["0s", "1s"], ends=["1s", "2s"])
    )
    db["utterances"] = table
    for name, values in (("utterance", ["c/03", None]), ("corpus", ["c", "c"]), ("speaker", ["p/1", "p/1"])):
        table[name] = audformat.Column(scheme_id=name)
        table[name].set(values)
    db.save(str(tmp_path / "other"))
    (tmp_path / "other" / "voice.wav").write_bytes(b"recording")
    assert {problem.where: problem.why for problem in read_audformat(tmp_path / "other").rejected}[
        "voice.wav:1-2"
    ] == "no utterance"


def _header(folder: Path):
    from valaro.corpora.audformat_database import safely_loaded

    return safely_loaded((folder / "db.yaml").read_text())


def test_without_the_package_nothing_is_written_and_the_error_says_how_to_get_it(tmp_path, utterances, monkeypatch):
    monkeypatch.setitem(sys.modules, "audformat", None)
    with pytest.raises(ValaroError, match=r"pip install 'valaro\[audformat\]'"):
        write_audformat(tmp_path / "new", utterances)
    assert not (tmp_path / "new").exists()


def test_tables_read_back_to_the_same_utterances_with_numbers_for_annotators(tmp_path, utterances):
    written = write_tables(tmp_path / "tables", utterances)
    assert [(table.path.name, table.options) for table in written] == [
        ("c.csv", ("--people", "p", "--root", str(tmp_path))),
        ("d.csv", ("--people", "p", "--root", str(tmp_path))),
    ]
    assert (tmp_path / "tables" / "c.csv").read_text().splitlines() == [
        "utterance,file,start,end,speaker,gender,session,script,region,valence,arousal,sound,sound_start",
        "03,clips/a.mp4,0.1,2.123456789,1,F,NA,,0.5 0 1 0.3333333333333333,3.3333333333333335;1,5;,voice.wav,0.25",
        "04,clips/a.mp4,2.2,,1,F,NA,,0.5 0 1 0.3333333333333333,;4,,,",
        "x,clips/b.wav,,,,,,,,,,,",
    ]
    back = [u for table in written for u in read_table(table.path, people="p", root=tmp_path)]
    renamed = {"E1": "1", "E2": "2"}
    assert [replace(u, media=u.media.resolve(), sound=u.sound and u.sound.resolve()) for u in back] == [
        replace(u, ratings=tuple(replace(rating, annotator=renamed[rating.annotator]) for rating in u.ratings))
        for u in utterances
    ]


def test_names_that_a_spreadsheet_would_compute_stand_as_texts_and_come_back(tmp_path):
    names = ("=cmd", "-a", "@b", "+c", "'=d", "-1", "'e")
    for name in names:
        (tmp_path / f"{name}.wav").write_bytes(b"recording")
    given_ = tuple(
        Utterance(
            id=f"c/{name}", corpus="c", session=name, speaker=f"c/{name}", gender="", media=tmp_path / f"{name}.wav"
        )
        for name in names
    )
    (table,) = write_tables(tmp_path, given_)
    lines = table.path.read_text().splitlines()[1:]
    assert [line.split(",")[0] for line in lines] == ["'=cmd", "'-a", "'@b", "'+c", "''=d", "-1", "'e"]
    assert read_table(table.path) == given_


def test_a_table_that_is_written_again_is_the_same_to_the_letter(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"sound")
    text = (
        "utterance,file,start,end,speaker,gender,session,script,region,valence,arousal,sound,sound_start\n"
        "1,a.wav,,,s,F,1,,,high becomes 5,,,\n2,a.wav,,,s,F,1,a01,,2;;4,;3,,\n3,a.wav,,,s,F,1,,,;;4,1,,\n"
    ).replace("high becomes 5", "5")
    (tmp_path / "t.csv").write_text(text)
    (written,) = write_tables(tmp_path / "again", read_table(tmp_path / "t.csv"))
    assert written.options == ("--root", str(tmp_path))
    # Relative names begin at the root.
    assert written.path.read_text() == text


def test_what_a_table_cannot_hold_or_would_overwrite_is_refused(tmp_path, utterances):
    cut, _, unlabelled, other = utterances
    faults = {
        "'c/03': its speaker is not named": replace(cut, speaker="p/?03"),
        "'c/x': its speaker is not named": replace(unlabelled, speaker="p/?someone"),
        "'c/03': two ratings of valence.E1": replace(cut, ratings=rated(("E1", "valence", 1), ("E1", "valence", 2))),
        "'c/03': valence.E1 is 0, outside 1 to 5": replace(cut, ratings=rated(("E1", "valence", 0))),
        "'c/03': a control character or outer blank in '1 '": replace(cut, session="1 "),
        "'d/03': its name does not begin with its corpus 'c'": replace(other, corpus="c"),
    }
    for words, utterance in faults.items():
        with pytest.raises(ValaroError) as caught:
            write_tables(tmp_path / "tables", [utterance])
        assert f"  {words}" in str(caught.value).splitlines()
    with pytest.raises(ValaroError, match="the speakers of 'c' belong to several peoples: p, q"):
        write_tables(tmp_path / "tables", [cut, replace(cut, speaker="q/1")])
    with pytest.raises(ValaroError, match="there is none"):
        write_tables(tmp_path / "tables", [])
    assert not (tmp_path / "tables").exists()
    write_tables(tmp_path / "tables", [cut])
    with pytest.raises(ValaroError, match=r"c\.csv is there already"):
        write_tables(tmp_path / "tables", [other, cut])
    assert not (tmp_path / "tables" / "d.csv").exists()


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=6)
VOTES = st.dictionaries(
    st.tuples(NAMES | st.sampled_from(["label", "1", "2"]), st.sampled_from(["valence", "arousal"])),
    st.floats(1, 5),
    max_size=4,
)


# Plain values; the utterances are made in the test, where checks of types may draw lots of their own.
ROWS = st.lists(
    st.tuples(NAMES, NAMES | st.just(""), st.sampled_from("ab"), st.integers(0, 999_999_999), st.booleans(), VOTES),
    min_size=1,
    max_size=4,
    unique_by=lambda row: row[0],
)


def _made(rows: list, genders: tuple[str, str], media: Path) -> list[Utterance]:
    """Utterances of one recording, one second after the other."""
    utterances = []
    for number, (name, session, speaker, start, is_cut, votes) in enumerate(rows):
        begin = (number * 1_000_000_000 + start) / 1_000_000_000
        utterance = Utterance(
            id=f"c/{name}",
            corpus="c",
            session=session,
            speaker=f"p/{speaker}",
            gender=genders["ab".index(speaker)],
            media=media,
            start=begin,
            end=(number * 1_000_000_000 + start + 500_000_000) / 1_000_000_000 if is_cut else None,
            ratings=rated(*((who, dimension, score) for (who, dimension), score in votes.items())),
        )
        utterances.append(utterance)
    return utterances


def _scores(utterance: Utterance, names: bool) -> list[tuple[str, str, float]]:
    return sorted((rating.dimension, rating.annotator if names else "", rating.score) for rating in utterance.ratings)


def _bare(utterance: Utterance) -> Utterance:
    return replace(utterance, media=utterance.media.resolve(), ratings=())


@pytest.mark.parametrize("form", ["audformat", "csv"])
@settings(max_examples=80)
@given(rows=ROWS, genders=st.tuples(st.sampled_from(["F", "M", ""]), st.sampled_from(["F", "M", ""])))
def test_whatever_is_written_comes_back_or_is_refused(tmp_path_factory, form, rows, genders):
    folder = tmp_path_factory.mktemp("any")
    (folder / "a.wav").write_bytes(b"sound")
    written = _made(rows, genders, folder / "a.wav")
    try:
        if form == "audformat":
            write_audformat(folder, written)
        else:
            write_tables(folder, written)
    except ValaroError as error:
        assert "control character" in str(error)  # noqa: PT017
        return
    back = read_audformat(folder).utterances if form == "audformat" else read_table(folder / "c.csv", people="p")
    assert [_bare(utterance) for utterance in back] == [_bare(utterance) for utterance in written]
    names = form == "audformat"
    assert [_scores(utterance, names) for utterance in back] == [_scores(utterance, names) for utterance in written]
