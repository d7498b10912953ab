"""Databases that the package audformat wrote, or that were changed by hand afterwards, are read."""

import os
import sys
from pathlib import Path

import audformat
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.kinds import reader
from valaro.corpora.reading import Reading
from valaro.errors import ValaroError
from valaro.records import Rating

read_audformat = reader("audformat")

# The package's own business with the pandas of today; valaro calls no pandas.
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword")

FILES = ("audio/a.wav", "audio/b.wav", "audio/c.wav")


def a_database() -> audformat.Database:
    """Two segments of a.wav with two raters and the mean of both, b.wav without a segment, c.wav without a label."""
    db = audformat.Database("talk/shows", source="television", usage="research")
    db.schemes["speaker"] = audformat.Scheme(
        "str", labels={"ann": {"gender": "female", "age": 30}, "bob": {"gender": "male"}}
    )
    db.schemes["session"] = audformat.Scheme("str")
    db.schemes["valence"] = audformat.Scheme("float", minimum=-1, maximum=1)
    db.schemes["arousal"] = audformat.Scheme("str", labels=["low", "medium", "high"])
    db.schemes["transcript"] = audformat.Scheme("str")
    for name, kind in (("r1", "human"), ("r2", "human"), ("gold", "ground truth"), ("robot", "machine")):
        db.raters[name] = audformat.Rater(kind)
    files = db["files"] = audformat.Table(audformat.filewise_index(list(FILES)))
    for column, values in (("speaker", ["ann", "bob", "bob"]), ("session", ["s1", "s1", None])):
        files[column] = audformat.Column(scheme_id=column)
        files[column].set(values)
    index = audformat.segmented_index(["audio/a.wav"] * 2, starts=["0s", "1.5s"], ends=["1.25s", pd.NaT])
    emotion = db["emotion"] = audformat.Table(index)
    for column, scheme, rater, values in (
        ("valence.r1", "valence", "r1", [-1, 0.5]),
        ("valence.r2", "valence", "r2", [0, None]),
        ("valence.gold", "valence", "gold", [-0.5, 0.25]),
        ("valence.robot", "valence", "robot", [1, 1]),
        ("arousal", "arousal", None, ["high", None]),
    ):
        emotion[column] = audformat.Column(scheme_id=scheme, rater_id=rater)
        emotion[column].set(values)
    whole = db["whole"] = audformat.Table(audformat.filewise_index(["audio/b.wav"]))
    whole["arousal"] = audformat.Column(scheme_id="arousal")
    whole["arousal"].set(["low"])
    words = db["words"] = audformat.Table(audformat.segmented_index(["audio/c.wav"], starts=["0s"], ends=["0.1s"]))
    words["transcript"] = audformat.Column(scheme_id="transcript")
    words["transcript"].set(["hello"])
    return db


def save(db: audformat.Database, folder: Path, form: str = "parquet") -> Path:
    db.save(str(folder), storage_format=form)
    for name in FILES:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"sound")
    return folder


def reasons(reading: Reading) -> list[str]:
    return [f"{problem.utterance}: {problem.where}: {problem.why}" for problem in reading.rejected]


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_segments_raters_speakers_and_genders_become_utterances(tmp_path, form):
    folder = save(a_database(), tmp_path, form)
    reading = read_audformat(folder)
    assert {utterance.id for utterance in reading.utterances} == {
        "talk-shows/audio/a.wav:0-1.25",
        "talk-shows/audio/a.wav:1.5-",
        "talk-shows/audio/b.wav",
        "talk-shows/audio/c.wav",
    }
    first, second, whole, unlabelled = sorted(reading.utterances, key=lambda utterance: utterance.id)
    assert (first.media, first.start, first.end) == (folder / "audio/a.wav", 0.0, 1.25)
    assert (second.start, second.end) == (1.5, None)
    assert (first.speaker, first.gender, first.session) == ("talk-shows/ann", "F", "s1")
    # -1 is the lowest of -1 to 1, 0 the middle: 1 and 3 on the 1-5 scale; 0.5 is three quarters up: 4.
    assert first.ratings == (
        Rating(annotator="r1", dimension="valence", score=1.0),
        Rating(annotator="r2", dimension="valence", score=3.0),
        Rating(annotator="emotion", dimension="arousal", score=5.0),
    )
    assert second.ratings == (Rating(annotator="r1", dimension="valence", score=4.0),)
    assert whole.ratings == (Rating(annotator="whole", dimension="arousal", score=1.0),)
    assert (whole.speaker, whole.gender) == ("talk-shows/bob", "M")
    assert (unlabelled.ratings, unlabelled.session) == ((), "")
    assert reading.summary() == (
        "4 segments expected, 4 read, 0 rejected",
        "skipped: 2 ratings that sum up those of raters, 2 ratings by machines",
    )


def test_a_ground_truth_is_the_label_where_nobody_else_rated(tmp_path):
    db = a_database()
    for column in ("valence.r1", "valence.r2"):
        db["emotion"].drop_columns(column, inplace=True)
    second = next(u for u in read_audformat(save(db, tmp_path)).utterances if u.start == 1.5)
    assert second.ratings == (Rating(annotator="gold", dimension="valence", score=3.5),)


def test_a_rating_of_a_whole_file_that_is_cut_into_segments_is_left_out_and_counted(tmp_path):
    db = a_database()
    db["whole"].extend_index(audformat.filewise_index(["audio/a.wav"]), inplace=True)
    db["whole"]["arousal"].set(["low", "high"])
    reading = read_audformat(save(db, tmp_path))
    assert len(reading.utterances) == 4
    assert reading.skipped["ratings of whole files that are cut into segments"] == 1


def test_several_tables_and_columns_without_raters_are_several_annotators(tmp_path):
    db = a_database()
    index = audformat.filewise_index(["audio/c.wav"])
    for name, column, value in (
        ("anna", "arousal", "low"),
        ("bert", "arousal", "high"),
        ("bert", "arousal.again", "medium"),
    ):
        if name not in db:
            db[name] = audformat.Table(index)
        db[name][column] = audformat.Column(scheme_id="arousal")
        db[name][column].set([value])
    utterance = next(u for u in read_audformat(save(db, tmp_path)).utterances if u.media.name == "c.wav")
    assert [(rating.annotator, rating.score) for rating in utterance.ratings] == [
        ("anna", 1.0),
        ("bert", 5.0),
        ("arousal.again", 3.0),
    ]


def test_speakers_labels_may_lie_in_a_table_of_their_own(tmp_path):
    db = a_database()
    people = db["people"] = audformat.MiscTable(pd.Index(["ann", "bob"], name="person", dtype="string"))
    db.schemes["gender"] = audformat.Scheme("str", labels=["female", "male"])
    people["gender"] = audformat.Column(scheme_id="gender")
    people["gender"].set(["female", "male"])
    db.schemes["speaker"].replace_labels("people")
    assert {u.speaker: u.gender for u in read_audformat(save(db, tmp_path)).utterances} == {
        "talk-shows/ann": "F",
        "talk-shows/bob": "M",
    }


def test_names_can_be_given_and_a_database_without_speakers_and_labels_is_unlabelled(tmp_path):
    db = audformat.Database("plain")
    db["files"] = audformat.Table(audformat.filewise_index(["audio/a.wav"]))
    (utterance,) = read_audformat(save(db, tmp_path), corpus="c", people="p").utterances
    assert (utterance.id, utterance.speaker, utterance.ratings) == ("c/audio/a.wav", "p/?audio/a.wav", ())
    with pytest.raises(ValaroError, match="names no corpus"):
        read_audformat(tmp_path, corpus="a/b")


def test_a_scheme_without_a_scale_is_refused_once_and_one_can_be_stated(tmp_path):
    db = a_database()
    db.schemes["valence"].minimum = db.schemes["valence"].maximum = None
    folder = save(db, tmp_path)
    reading = read_audformat(folder)
    assert [(problem.where, problem.utterance) for problem in reading.rejected] == [
        ("scheme 'valence'", f"{folder / 'db.yaml'}")
    ]
    assert len(reading.utterances) == 4
    assert not reading.is_complete
    stated = read_audformat(folder, scale=(-1, 1))
    assert stated.is_complete
    assert max(u.ratings[0].score for u in stated.utterances if u.start == 1.5) == 4.0


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("0 days 00:00:01.500000,", "soon,", "segment: start 'soon': expected a time such as 0 days 00:00:01.5"),
        ("0 days 00:00:01.500000,", "-1 days +23:59:59,", "segment: start '-1 days +23:59:59': expected a time"),
        ("0 days 00:00:01.500000,,", "0 days 00:00:01.5,0 days 00:00:01,", "end 0 days 00:00:01 is not after start"),
        (
            "audio/a.wav,0 days 00:00:01.500000",
            "audio/x.wav,0 days 00:00:01.500000",
            "file 'audio/x.wav' does not exist",
        ),
        (",0.5,", ",1.5,", "valence by 'r1': 1.5 is outside the scale -1 to 1"),
        (",0.5,", ",half,", "valence by 'r1': 'half' is not a number"),
        (",high", ",hgih", "arousal by 'emotion': unknown level 'hgih': did you mean 'high'?"),
        ("audio/a.wav,0 days 00:00:01.500000", ",0 days 00:00:01.500000", "segment: 'file' is empty"),
    ],
)
def test_a_row_that_makes_no_sense_is_refused_with_its_line_and_the_rest_goes_on(tmp_path, old, new, why):
    folder = save(a_database(), tmp_path, "csv")
    path = folder / "db.emotion.csv"
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
    reading = read_audformat(folder)
    (reason,) = reasons(reading)
    line = 1 + next(number for number, row in enumerate(text.splitlines()) if old in row)
    assert reason.startswith(f"{path}, line {line}: ")
    assert why in reason
    assert len(reading.utterances) == 3
    assert reading.summary()[0] == "4 segments expected, 3 read, 1 rejected"


def test_labels_without_a_speaker_and_tables_that_contradict_each_other_are_refused(tmp_path):
    db = a_database()
    db["files"]["speaker"].set(["ann", None, "bob"])
    db["emotion"]["speaker"] = audformat.Column(scheme_id="speaker")
    db["emotion"]["speaker"].set(["ann", "bob"])
    db["other"] = audformat.Table(db["emotion"].index)
    db["other"]["arousal"] = audformat.Column(scheme_id="arousal", rater_id="r1")
    db["other"]["arousal"].set(["low", "low"])
    db["other"]["speaker"] = audformat.Column(scheme_id="speaker")
    db["other"]["speaker"].set(["ann", "ann"])
    reading = read_audformat(save(db, tmp_path))
    assert {problem.where: problem.why for problem in reading.rejected} == {
        "audio/b.wav": "labels without a speaker: folds part the speakers, so the speaker must be named",
        "audio/a.wav:1.5-": "speaker 'ann' in table 'other', 'bob' in another",
    }
    # What a segment's own row says goes before what the file's says.
    assert len(reading.utterances) == 2


def test_a_table_that_is_not_there_is_refused_and_pickle_is_never_opened(tmp_path):
    folder = save(a_database(), tmp_path)
    (folder / "db.whole.parquet").unlink()
    # Opening this would call exit.
    (folder / "db.whole.pkl").write_bytes(b"cposix\n_exit\n(I3\ntR.")
    (folder / "db.emotion.pkl").write_bytes(b"cposix\n_exit\n(I3\ntR.")
    (reason,) = reasons(read_audformat(folder))
    assert reason.startswith(
        f"{folder / 'db.yaml'}: table 'whole': expected db.whole.parquet or db.whole.csv; its .pkl"
    )


def test_a_table_whose_name_leads_out_of_the_folder_is_not_opened(tmp_path):
    folder = save(a_database(), tmp_path / "db", "csv")
    (tmp_path / "secret.csv").write_text("file,arousal\naudio/b.wav,low\n")
    (folder / "db.x").mkdir()
    head = folder / "db.yaml"
    assert head.read_text().count("\n  whole:\n") == 1
    head.write_text(head.read_text().replace("\n  whole:\n", "\n  x/../../secret:\n"))
    reading = read_audformat(folder)
    (reason,) = reasons(reading)
    assert reason == f"{head}: table 'x/../../secret': its name leads out of the folder, and it is not opened"
    assert not any(utterance.ratings for utterance in reading.utterances if utterance.media.name == "b.wav")


def test_a_labelled_speaker_cannot_bear_the_mark_of_those_who_are_not_named(tmp_path):
    folder = save(a_database(), tmp_path, "csv")
    for path in (folder / "db.files.csv", folder / "db.yaml"):
        path.write_text(path.read_text().replace("bob", "?bob"))
    assert {problem.why for problem in read_audformat(folder).rejected} == {
        "speaker '?bob': a name cannot begin with '?', which marks people who are not named"
    }


def test_yaml_may_not_make_objects(tmp_path):
    folder = save(a_database(), tmp_path)
    header = folder / "db.yaml"
    header.write_text(header.read_text().replace("television", "!!python/object/apply:os._exit [3]"))
    with pytest.raises(ValaroError, match="could not determine a constructor"):
        read_audformat(folder)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (b"", "expected names with values"),
        (b"- a\n- b\n", "expected names with values"),
        (b"name: [", "not readable as YAML"),
        (b"name: \xff", "byte 6 is not UTF-8"),
        (b"name: x\nsource: y\nusage: research\ntables: 3\n", "not the header of an audformat database"),
        (b"name: x\nsource: y\nusage: nonsense\n", "not the header of an audformat database (BadValueError"),
        (b"name: x\nsource: y\nusage: research\n", "expected tables of files or segments, with rows"),
        (
            b"name: x\nsource: y\nusage: research\ntables:\n  t:\n    type: filewise\n    columns:\n"
            b"      a: {scheme_id: nowhere, rater_id: nobody}\n",
            "not the header of an audformat database (BadKeyError",
        ),
    ],
)
def test_a_header_that_is_none_is_an_error_that_names_it(tmp_path, header, words):
    (tmp_path / "db.yaml").write_bytes(header)
    with pytest.raises(ValaroError) as caught:
        read_audformat(tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert words in str(caught.value)


def test_ten_lines_of_aliases_that_stand_for_ten_thousand_million_values_are_refused_unmade(tmp_path):
    lines = ["name: x", "source: y", "usage: research", "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    for before, name in zip("abcdefghi", "bcdefghij", strict=True):
        lines.append(f"{name}: &{name} [{', '.join(['*' + before] * 10)}]")
    (tmp_path / "db.yaml").write_text("\n".join(lines))
    with pytest.raises(ValaroError) as caught:
        read_audformat(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path / 'db.yaml'}: not readable as YAML: line 5: an alias (*a), expected values written out"
    )


@pytest.mark.parametrize(
    "header",
    [f"name: {'[' * 64}{']' * 64}", f"name: {'[' * 900}", "\n".join(f"{' ' * n}a:" for n in range(70)) + " 1"],
)
def test_a_header_nested_more_than_64_deep_is_refused(tmp_path, header):
    (tmp_path / "db.yaml").write_text(header)
    with pytest.raises(ValaroError, match="lists nested more than 64 deep"):
        read_audformat(tmp_path)


def test_a_header_that_is_too_large_or_no_file_is_refused_unread(tmp_path):
    header = tmp_path / "db.yaml"
    header.write_text("name: x")
    os.truncate(header, 1 << 40)
    with pytest.raises(ValaroError, match=r"db\.yaml: 1,099,511,627,776 bytes, expected at most 67,108,864"):
        read_audformat(tmp_path)
    header.unlink()
    os.mkfifo(header)
    with pytest.raises(ValaroError, match=r"db\.yaml: it is a pipe, expected a file"):
        read_audformat(tmp_path)


def test_a_folder_without_a_header_and_a_damaged_table_are_errors(tmp_path):
    with pytest.raises(ValaroError, match=r"expected an audformat database, with its header db\.yaml"):
        read_audformat(tmp_path)
    folder = save(a_database(), tmp_path)
    path = folder / "db.emotion.parquet"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ValaroError, match="not a readable Parquet file"):
        read_audformat(folder)
    pq.write_table(pa.table({"file": ["audio/a.wav"]}), path)
    assert any("no column 'start'" in reason for reason in reasons(read_audformat(folder)))


def test_without_the_package_the_error_says_how_to_get_it(tmp_path, monkeypatch):
    folder = save(a_database(), tmp_path)
    monkeypatch.setitem(sys.modules, "audformat", None)
    with pytest.raises(ValaroError, match=r"need the package audformat: pip install 'valaro\[audformat\]'"):
        read_audformat(folder)


LINES = st.sampled_from(
    [b"name: x", b"source: y", b"usage: research", b"schemes:", b"  valence: {dtype: float, minimum: 0, maximum: 1}",
     b"  speaker: {dtype: str, labels: [a, b]}", b"  speaker: {dtype: str, labels: people}", b"tables:", b"  t:",
     b"    type: filewise", b"    type: segmented", b"    columns:", b"      valence: {scheme_id: valence}",
     b"      speaker: {scheme_id: speaker}", b"misc_tables:", b"  people:", b"    levels: {person: str}",
     b"raters:", b"  r: {type: human}", b"valaro: {version: 1}", b"valaro: {notes: 3}", b"meta: 2020-99-99", b"? [a]"]
)  # fmt: skip


@settings(max_examples=300)
@given(
    begin=st.sampled_from([b"", b"name: x\nsource: y\nusage: research\n"]),
    lines=st.lists(LINES | st.binary(max_size=6), max_size=20),
    table=st.sampled_from([b"file,valence,speaker\naudio/a.wav,0.5,a\n", b"file,start,end,valence\n", b"file\n"])
    | st.binary(max_size=20),
)
def test_no_bytes_given_as_a_database_raise_anything_but_a_users_error(tmp_path, begin, lines, table):
    (tmp_path / "audio").mkdir(exist_ok=True)
    (tmp_path / "audio" / "a.wav").write_bytes(b"sound")
    (tmp_path / "db.yaml").write_bytes(begin + b"\n".join(lines))
    for name in ("db.t.csv", "db.people.csv"):
        (tmp_path / name).write_bytes(table)
    try:
        reading = read_audformat(tmp_path)
    except ValaroError as error:
        assert str(tmp_path) in str(error)  # noqa: PT017
    else:
        assert len(reading.utterances) <= 1
