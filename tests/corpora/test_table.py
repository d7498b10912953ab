import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valaro.corpora import table_reader
from valaro.corpora.parse_cell import media_of
from valaro.corpora.registry import read_kind
from valaro.corpora.table_faults import Fault
from valaro.corpora.table_reader import read_rows
from valaro.errors import ValaroError
from valaro.limits import Limits
from valaro.records import Rating, Utterance


def read_table(path: Path, **options: object) -> tuple[Utterance, ...]:
    return read_kind("table", path, options).utterances


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A corpus folder with the recordings a.wav and b.wav."""
    place = tmp_path / "happy"
    place.mkdir()
    for name in ("a.wav", "b.wav"):
        (place / name).write_bytes(b"sound")
    return place


def write(folder: Path, text: str | bytes, name: str = "manifest.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def faults(path: Path, **options) -> str:
    with pytest.raises(ValaroError) as caught:
        read_table(path, **options)
    return str(caught.value)


def test_a_row_becomes_an_utterance_whose_names_stay_text(folder):
    path = write(
        folder,
        "utterance,file,start,end,speaker,gender,session,region,valence,arousal,mood\n"
        "007,a.wav,1.5,2.25,03,female,1e3,left,low,2;4;5,sunny\n",
    )
    (utterance,) = read_table(path)
    assert utterance.id == "happy/007"
    assert utterance.corpus == "happy"
    assert utterance.speaker == "happy/03"
    assert utterance.session == "1e3"
    assert utterance.gender == "F"
    assert utterance.media == folder / "a.wav"
    assert (utterance.start, utterance.end) == (1.5, 2.25)
    assert utterance.face_region == (0.0, 0.0, 0.5, 1.0)
    assert utterance.ratings == (
        Rating(annotator="label", dimension="valence", score=1.0),
        Rating(annotator="1", dimension="arousal", score=2.0),
        Rating(annotator="2", dimension="arousal", score=4.0),
        Rating(annotator="3", dimension="arousal", score=5.0),
    )


def test_two_columns_are_enough_and_give_an_unlabelled_whole_recording(folder):
    (utterance,) = read_table(write(folder, "file,utterance\nb.wav,x\n"))
    assert (utterance.start, utterance.end, utterance.face_region, utterance.ratings) == (0.0, None, None, ())
    assert utterance.speaker == "happy/?x"


def test_numbers_on_a_stated_scale_are_mapped_to_one_to_five(folder):
    path = write(folder, "utterance,file,speaker,valence,arousal\nx,a.wav,s,0,-1;0;1\n")
    (utterance,) = read_table(path, scale=(-1, 1))
    # (0 - -1) / 2 is half of the scale: 1 + 4 / 2 = 3.
    assert [rating.score for rating in utterance.ratings] == [3.0, 1.0, 3.0, 5.0]


def test_numbers_without_a_stated_scale_lie_on_one_to_five(folder):
    (utterance,) = read_table(write(folder, "utterance,file,speaker,valence\nx,a.wav,s,3.3\n"))
    assert utterance.ratings[0].score == 3.3


def test_an_annotator_who_did_not_vote_keeps_the_others_places(folder):
    (utterance,) = read_table(write(folder, "utterance,file,speaker,valence\nx,a.wav,s,2;;high\n"))
    assert [(rating.annotator, rating.score) for rating in utterance.ratings] == [("1", 2.0), ("3", 5.0)]


def test_a_table_with_a_name_of_its_own_names_the_corpus_and_people_may_be_shared(folder):
    path = write(folder, "utterance\tfile\tspeaker\nx\ta.wav\t1\n", "second.tsv")
    (utterance,) = read_table(path, people="actors")
    assert (utterance.id, utterance.speaker) == ("second/x", "actors/1")
    (utterance,) = read_table(path, corpus="c")
    assert (utterance.id, utterance.speaker) == ("c/x", "c/1")


def test_a_byte_order_mark_blank_lines_and_windows_line_ends_are_read(folder):
    path = write(folder, b"\xef\xbb\xbfutterance,file\r\n\r\nx,a.wav\r\n , \r\ny,b.wav\r\n")
    assert [utterance.id for utterance in read_table(path)] == ["happy/x", "happy/y"]


def test_recordings_lie_below_the_tables_folder_or_the_root_that_is_stated(folder):
    outside = folder.parent / "c.wav"
    outside.write_bytes(b"sound")
    (folder / "archive.zip").write_bytes(b"PK")
    rows = ("../c.wav", str(outside), "sub/../../c.wav", "archive.zip/../../c.wav", "/etc/passwd")
    path = write(folder, "utterance,file\n" + "".join(f"{place},{text}\n" for place, text in enumerate(rows)))
    message = faults(path)
    for line, text in enumerate(rows, start=2):
        assert f"line {line}: file '{text}' leaves the folder {folder}: if that is meant" in message


def test_relative_names_begin_at_the_root_that_is_stated(folder):
    outside = folder.parent / "c.wav"
    outside.write_bytes(b"sound")
    first, second = read_table(write(folder, f"utterance,file\nx,c.wav\ny,{outside}\n"), root=folder.parent)
    assert first.media == second.media == outside
    path = write(folder, "utterance,file\nx,d.wav\ny,../c.wav\n")
    message = faults(path, root=folder.parent)
    assert f"line 2: file 'd.wav' does not exist (looked in {folder.parent})" in message
    # Who has stated a root is not told to state one.
    assert message.endswith(f"line 3: file '../c.wav' leaves the folder {folder.parent}")


def test_one_cause_on_190_rows_is_one_line_with_the_first_lines_and_a_count(folder):
    rows = "".join(f"{number},gone {number}.wav\n" for number in range(190))
    path = write(folder, "utterance,file\n" + rows)
    assert faults(path).splitlines() == [
        f"190 problems in {path}",
        f"  {path}, line 2: file 'gone 0.wav' does not exist (looked in {folder}) "
        "(190 times in all, likewise in lines 3, 4, 5 and 186 more)",
    ]


def test_braces_in_a_cell_are_shown_as_they_are(folder):
    path = write(folder, "utterance,file,gender\n{x},{0}.wav,{}\n")
    message = faults(path)
    assert f"{path}, line 2: file '{{0}}.wav' does not exist (looked in {folder})" in message
    assert f"{path}, line 2: gender '{{}}': expected F, M, female, male or nothing" in message


def test_few_different_words_that_are_no_levels_are_a_line_each_with_a_count(folder):
    words = ["happy", "sad", "happy", "happy", "sad", "happy"]
    rows = "".join(f"{number},a.wav,s,{word}\n" for number, word in enumerate(words))
    path = write(folder, "utterance,file,speaker,valence\n" + rows)
    expected = "Expected one of: low, medium, high"
    assert faults(path).splitlines() == [
        f"6 problems in {path}",
        f"  {path}, line 2: valence: unknown level 'happy': {expected} (4 times in all, likewise in lines 4, 5, 7)",
        f"  {path}, line 3: valence: unknown level 'sad': {expected}",
        f"  {path}, line 6: valence: unknown level 'sad': {expected}",
    ]


@pytest.mark.parametrize(("name", "sign"), [("t.csv", ";"), ("t.csv", "\t"), ("t.tsv", ",")])
def test_another_separator_is_all_that_is_said(folder, name, sign):
    header = sign.join(("utterance", "file", "speaker", "valence"))
    rows = "".join(sign.join((str(number), "a.wav", "s", "2,5" * (sign != ","))) + "\n" for number in range(190))
    path = write(folder, f"{header}\n{rows}", name)
    names = {";": "semicolons", "\t": "tabs", ",": "commas"}
    first, second = faults(path).splitlines()
    assert first == f"1 problem in {path}"
    assert second.startswith(f"  {path}, line 1: the columns are separated by {names[sign]}, expected ")


def test_the_line_in_which_a_spreadsheet_names_its_separator_is_no_row(folder):
    path = write(folder, "sep=,\r\nutterance,file\r\nx,a.wav\r\ny,gone.wav\r\n")
    # Lines keep their numbers.
    assert f"{path}, line 4: file 'gone.wav' does not exist" in faults(path)
    assert len(read_table(write(folder, "sep=,\nutterance,file\nx,a.wav\n"))) == 1
    message = faults(write(folder, "sep=;\nutterance;file\nx;a.wav\n"))
    assert "line 1: the columns are separated by semicolons, expected commas" in message


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("https://example.org/a.mp4", "is an address on the internet"),
        ("file:///clips/a.mp4", "is an address on the internet"),
        (r"C:\clips\a.mp4", "is a path of Windows"),
        ("D:/clips/a.mp4", "is a path of Windows"),
        (r"\\server\clips\a.mp4", "is a path of Windows"),
        (r"clips\a.mp4", "has \\ between its folders as on Windows: write 'clips/a.mp4'"),
        ("~/a.wav", "begins with ~"),
        (".", "is a folder"),
    ],
)
def test_a_name_that_is_of_no_file_here_is_called_what_it_is(folder, file, words):
    assert f"file '{file}' {words}" in faults(write(folder, f"utterance,file\nx,{file}\n"))


def test_a_table_elsewhere_is_called_what_it_is():
    assert faults(Path("https://example.org/t.csv")).endswith("download it and name the file")
    assert "is a path of Windows" in faults(Path(r"C:\study\t.csv"))


@pytest.mark.parametrize("cell", ["NA", "nan", "-", "n/a", "None"])
def test_a_cell_that_says_nothing_is_told_to_be_left_empty(folder, cell):
    path = write(folder, f"utterance,file,speaker,start,valence\nx,a.wav,s,{cell},2;{cell}\n")
    message = faults(path)
    assert f"start: '{cell}' is not a number: leave the cell empty where nothing is known" in message
    assert f"valence: unknown level '{cell}': leave the cell empty where there is no label" in message


JOSE = ("Jos\u00e9", "Jose\u0301")
"""One name as Windows and as a Mac write it."""


def test_one_person_in_two_spellings_of_unicode_is_one_person(folder):
    first, second = JOSE
    path = write(folder, f"utterance,file,speaker,session\nx,a.wav,{first},{first}\ny,b.wav,{second},{second}\n")
    one, other = read_table(path)
    assert one.speaker == other.speaker == f"happy/{first}"
    assert one.session == other.session == first
    path = write(folder, f"utterance,file,speaker,gender\n{first},a.wav,{first},F\n{second},b.wav,{second},M\n")
    message = faults(path)
    assert f"line 3: utterance '{first}' stands already in line 2" in message
    assert f"line 3: speaker '{first}' is M here but F in line 2" in message


def test_a_file_keeps_the_spelling_that_the_disk_has(folder):
    (folder / f"{JOSE[1]}.wav").write_bytes(b"sound")
    (utterance,) = read_table(write(folder, f"utterance,file\nx,{JOSE[1]}.wav\n"))
    assert utterance.media.is_file()


@pytest.mark.parametrize(
    ("sign", "name"),
    [("\u200b", "ZERO WIDTH SPACE (U+200B)"), ("\u00ad", "SOFT HYPHEN (U+00AD)"), ("\u3164", "HANGUL FILLER (U+3164)")],
)
def test_a_sign_that_nobody_sees_is_refused_by_its_name(folder, sign, name):
    path = write(folder, f"utterance,file,speaker\nx,a.wav,An{sign}na\n")
    assert f"line 2: 'speaker' holds a sign that nobody sees, {name}: 'An\\" in faults(path)


def test_a_link_below_the_folder_may_lead_elsewhere(folder):
    (folder.parent / "c.wav").write_bytes(b"sound")
    (folder / "link.wav").symlink_to(folder.parent / "c.wav")
    (utterance,) = read_table(write(folder, "utterance,file\nx,link.wav\n"))
    assert utterance.media == folder / "link.wav"


def test_a_voice_in_a_file_of_its_own_stands_in_two_columns(folder):
    path = write(folder, "utterance,file,sound,sound_start\nx,a.wav,b.wav,1.5\ny,a.wav,,\n")
    first, second = read_table(path)
    assert (first.sound, first.sound_start) == (folder / "b.wav", 1.5)
    assert (second.sound, second.sound_start) == (None, 0.0)
    message = faults(write(folder, "utterance,file,sound,sound_start\nx,a.wav,gone.wav,\ny,a.wav,,2\n"))
    assert "line 2: file 'gone.wav' does not exist" in message
    assert "line 3: sound_start without a 'sound' that it belongs to" in message


def test_every_problem_is_named_at_once_with_its_line(folder):
    path = write(
        folder,
        "utterance,file,start,end,speaker,gender,region,valence\n"
        "x,a.wav,,,s,F,,low\n"
        "x,gone.wav,2,1,s,M,middle,hgih\n"
        ",,-1,soon,,robot,0 0 2 1,6\n"
        '"two\nlines",a.wav,,,s,,,nan\n'
        "z,a.wav\n",
    )
    message = faults(path)
    assert message.startswith(f"17 problems in {path}")
    at = f"{path}, line"
    for expected in (
        f"{at} 7: 2 cells, expected 8",
        f"{at} 3: end 1 s is not after start 2 s",
        f"{at} 3: file 'gone.wav' does not exist (looked in {folder})",
        f"{at} 3: region 'middle': expected left, right, top, bottom, full, or four fractions",
        f"{at} 3: valence: unknown level 'hgih': did you mean 'high'?",
        f"{at} 3: utterance 'x' stands already in line 2",
        f"{at} 3: speaker 's' is M here but F in line 2",
        f"{at} 4: 'utterance' is empty",
        f"{at} 4: 'file' is empty",
        f"{at} 4: start: -1 s is before the recording begins",
        f"{at} 4: end: 'soon' is not a number; expected seconds",
        f"{at} 4: gender 'robot': expected F, M, female, male or nothing",
        f"{at} 4: region '0 0 2 1': expected",
        f"{at} 4: valence: 6 is outside the scale 1 to 5: state its scale with --scale LOW HIGH",
        f"{at} 4: a labelled row without a speaker",
        f"{at} 5: 'utterance' holds a control character",
    ):
        assert expected in message
    assert "unknown level 'nan'" in message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("utterance,path\nx,a.wav\n", "line 1: no column 'file'; expected utterance, file"),
        ("a,b\n", "no column 'utterance' and 'file'"),
        ("", "line 1: the file is empty"),
        ("utterance,file\n", "no rows below the column names"),
        ("utterance,file,valance\nx,a.wav,low\n", "unknown column 'valance': did you mean 'valence'?"),
        ("Utterance,file\nx,a.wav\n", "unknown column 'Utterance': did you mean 'utterance'?"),
        ("utterance,file,file\nx,a.wav,b.wav\n", "the column 'file' stands there 2 times"),
        ("utterance;file\nx;a.wav\n", "separated by semicolons, expected commas"),
        (b"utterance,file\nx,a.wav\ny,\xff.wav\n", "line 3: byte 0xff is not UTF-8"),
        ("utterance,file\n".encode("utf-16"), "line 1: the text is UTF-16, expected UTF-8"),
        ("utterance,file\n".encode("utf-32"), "line 1: the text is UTF-32, expected UTF-8"),
        (b"utterance,file\nx,a.wav\ny,b\0.wav\n", "line 3: holds a NUL byte"),
        ('utterance,file\nx,a.wav\n"y,b.wav\nz,b.wav\n', "line 3: unexpected end of data (is a quotation mark left"),
        ("utterance,file,start\nx,a.wav,1_0\n", "start: '1_0' is not a number"),
        ("utterance,file,start\nx,a.wav,nan\n", "start: 'nan' is not a number"),
        ('utterance,file,start\nx,a.wav,"2,5"\n', "start: '2,5' is not a number (write a decimal point)"),
        ("utterance,file,speaker,valence\nx,a.wav,s,;;\n", "valence ';;': no vote in it"),
        ("utterance,file\nx,.\n", "file '.' is a folder"),
        ("utterance,file\nx," + "a" * 5000 + "\n", "line 2: file 'aaa"),
    ],
)
def test_a_fault_is_named_with_what_was_expected(folder, text, expected):
    assert expected in faults(write(folder, text))


def test_a_table_that_is_not_there_or_no_table_is_said(folder):
    assert "there is no such file" in faults(folder / "none.csv")
    assert "ends in .csv, .tsv or .parquet" in faults(folder / "a.wav")
    assert "is a folder" in faults((folder / "x.csv", (folder / "x.csv").mkdir())[0])
    assert "expected two numbers, the lower one first" in faults(write(folder, "utterance,file\n"), scale=(5, 1))
    assert "names no corpus" in faults(write(folder, "utterance,file\n"), corpus="a/b")


def test_parquet_numbers_become_the_text_that_a_csv_would_hold(folder):
    columns = {
        "utterance": [1, 2],
        "file": ["a.wav", "b.wav"],
        "speaker": [3.0, float("nan")],
        "start": [0.5, None],
        "valence": [[2, 4], []],
        "mood": ["ignored", None],
    }
    pq.write_table(pa.table(columns), folder / "manifest.parquet")
    first, second = read_table(folder / "manifest.parquet")
    assert (first.id, first.speaker, first.start) == ("happy/1", "happy/3", 0.5)
    assert [rating.score for rating in first.ratings] == [2.0, 4.0]
    assert (second.speaker, second.ratings) == ("happy/?2", ())


def test_a_parquet_fault_names_the_row_and_a_damaged_file_is_no_crash(folder):
    path = folder / "manifest.parquet"
    pq.write_table(pa.table({"utterance": ["x"], "file": ["gone.wav"]}), path)
    assert f"{path}, row 1: file 'gone.wav' does not exist" in faults(path)
    path.write_bytes(path.read_bytes()[:-20])
    assert "not a readable Parquet file" in faults(path)


HEADERS = st.sampled_from([b"", b"utterance,file\n", b"utterance,file,start,region,valence,speaker\n", b"\xef\xbb\xbf"])
PIECES = st.sampled_from(
    [
        b",",
        b"\n",
        b"\r",
        b'"',
        b";",
        b"a.wav",
        b"low",
        b"\0",
        b"-1",
        b"1e400",
        b"\xff",
        b"\xc2\x85",
        b"\xe2\x80\xa8",
        b"0 0 1 1",
    ]
)


@settings(max_examples=300)
@given(header=HEADERS, body=st.lists(PIECES | st.binary(max_size=8), max_size=30).map(b"".join))
def test_no_bytes_given_as_a_table_raise_anything_but_a_users_error(folder, header, body):
    path = write(folder, header + body)
    try:
        read = read_table(path)
    except ValaroError as error:
        assert str(path) in str(error)  # noqa: PT017
    else:
        assert read
        assert all(utterance.media.is_file() for utterance in read)


@pytest.mark.recordings
@pytest.mark.parametrize(
    ("corpus", "rows", "speakers"), [("javanese_av", 192, 8), ("emodb", 408, 8), ("grid_s1", 41, 1)]
)
def test_the_tables_of_real_corpora_are_read_whole(corpus, rows, speakers):
    path = Path(__file__).parents[2].parent / "shared" / "data" / corpus / "manifest.csv"
    if not path.is_file():
        pytest.skip("the real recordings are not there")
    utterances = read_table(path)
    assert len(utterances) == rows
    assert len({utterance.speaker for utterance in utterances}) == speakers


def test_a_table_with_more_rows_than_may_be_is_refused_with_the_line_of_the_first_that_is_too_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_reader, "LIMITS", Limits(most_rows=3))
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,2\n\n3,4\n5,6\n")
    assert [row.cells for row in read_rows(path, ("a", "b"), ("a",)).rows] == [("1", "2"), ("3", "4"), ("5", "6")]
    path.write_text("a,b\n1,2\n\n3,4\n5,6\n7,8\n")
    rows = read_rows(path, ("a", "b"), ("a",))
    fault = Fault(6, "one row more than the 3 that a table may have: part the table")
    assert (rows.rows, rows.faults) == ((), (fault,))


def test_what_is_no_file_is_named_in_a_cell_and_as_a_table(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")
    said = {"pipe.csv": "is a pipe", "loop.csv": "is a link that leads back to itself", "n" * 300: "has a name that is"}
    for name, words in said.items():
        with pytest.raises(ValaroError, match=rf"file '{name}' {words}.*\(looked in {tmp_path}\)"):
            media_of(name, tmp_path, None)
        with pytest.raises(ValaroError, match=words):
            read_table(tmp_path / f"{name.removesuffix('.csv')}.csv")
    with pytest.raises(ValaroError, match=r"pipe\.csv: is a pipe, expected a table"):
        read_table(tmp_path / "pipe.csv")
    with pytest.raises(ValaroError, match="/dev/null: is a device, expected a table"):
        read_table(Path("/dev/null"))
