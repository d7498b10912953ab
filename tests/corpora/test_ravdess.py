"""RAVDESS: folders in its form, whole and damaged, and the real recordings."""

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.kinds import reader
from helpers.media import real_recordings
from valaro.errors import ValaroError
from valaro.evaluation.folds import leave_one_session_out
from valaro.records import LEVEL_SCORES, Rating

read_ravdess = reader("ravdess")


def a_corpus(folder: Path, *files: str) -> Path:
    for name in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"recording")
    return folder


def test_a_take_becomes_an_utterance_labelled_by_what_the_actor_was_asked_to_show(tmp_path):
    folder = a_corpus(tmp_path, "Video_Speech_Actor_12/Actor_12/01-01-04-02-01-02-12.mp4")
    reading = read_ravdess(folder)
    (utterance,) = reading.utterances
    assert (utterance.id, utterance.corpus) == ("ravdess/01-04-02-01-02-12", "ravdess")
    assert (utterance.speaker, utterance.gender, utterance.session) == ("ravdess/12", "F", "06")
    assert utterance.media == folder / "Video_Speech_Actor_12/Actor_12/01-01-04-02-01-02-12.mp4"
    assert utterance.ratings == (
        Rating(annotator="actor", dimension="valence", score=1.0),
        Rating(annotator="actor", dimension="arousal", score=1.0),
    )
    assert reading.summary() == (
        "1 take expected, 1 read, 0 rejected",
        "speech: 1 of the 1440 takes of the whole corpus",
    )
    assert [note.text for note in reading.notes] == [
        "Levels are derived from categories (RAVDESS, what actors were asked to show), "
        "they are not ratings of valence and arousal."
    ]


def test_a_take_is_one_utterance_in_however_many_modalities_it_is_there(tmp_path):
    folder = a_corpus(
        tmp_path,
        "Actor_01/01-01-05-01-01-01-01.mp4",
        "Actor_01/02-01-05-01-01-01-01.mp4",
        "Actor_01/03-01-05-01-01-01-01.wav",
        "Actor_01/02-01-05-02-01-01-01.mp4",
        "Audio/Actor_01/03-01-05-02-01-01-01.wav",
        "Actor_01/02-01-06-01-01-01-01.mp4",
        "Actor_01/03-01-08-01-01-01-01.flac",
        "Actor_01/03-01-08-01-01-01-01.wav",
        "copy/Actor_01/03-01-08-01-01-01-01.wav",
        "Actor_01/._03-01-08-01-01-01-01.wav",
    )
    reading = read_ravdess(folder)
    assert {
        u.id[8:]: (str(u.media.relative_to(folder)), u.sound and str(u.sound.relative_to(folder)))
        for u in reading.utterances
    } == {
        "01-05-01-01-01-01": ("Actor_01/01-01-05-01-01-01-01.mp4", None),
        "01-05-02-01-01-01": ("Actor_01/02-01-05-02-01-01-01.mp4", "Audio/Actor_01/03-01-05-02-01-01-01.wav"),
        "01-06-01-01-01-01": ("Actor_01/02-01-06-01-01-01-01.mp4", None),
        "01-08-01-01-01-01": ("Actor_01/03-01-08-01-01-01-01.wav", None),
    }
    assert reading.summary() == (
        "4 takes expected, 4 read, 0 rejected",
        "skipped: 1 resource forks (._*), 2 copies of a file, "
        "2 files that hold a part of a take that is there with picture and sound",
        "speech: 4 of the 1440 takes of the whole corpus",
        "1 takes have a picture and no sound",
    )


def test_song_is_read_too_and_counted(tmp_path):
    folder = a_corpus(tmp_path, "a/03-02-06-01-01-01-03.wav", "a/03-01-06-01-01-01-03.wav")
    reading = read_ravdess(folder)
    assert [utterance.id for utterance in reading.utterances] == [
        "ravdess/01-06-01-01-01-03",
        "ravdess/02-06-01-01-01-03",
    ]
    assert reading.remarks == (
        "speech: 1 of the 1440 takes of the whole corpus",
        "song: 1 of the 1012 takes of the whole corpus",
    )


def test_the_whole_corpus_has_1440_spoken_and_1012_sung_takes(tmp_path):
    folder = a_corpus(
        tmp_path,
        *(
            f"Actor_{actor:02d}/03-{channel}-{emotion:02d}-{intensity}-{statement}-{repetition}-{actor:02d}.wav"
            for actor in range(1, 25)
            for channel, emotions in (("01", range(1, 9)), ("02", range(1, 7)))
            for emotion in emotions
            for intensity in ("01", "02")
            for statement in ("01", "02")
            for repetition in ("01", "02")
            # Neutral has one intensity, and actor 18's songs were lost.
            if (emotion, intensity) != (1, "02") and (channel, actor) != ("02", 18)
        ),
    )
    reading = read_ravdess(folder)
    assert reading.summary() == (
        "2452 takes expected, 2452 read, 0 rejected",
        "speech: 1440 of the 1440 takes of the whole corpus",
        "song: 1012 of the 1012 takes of the whole corpus",
    )


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("03-01-01-01-01-01.wav", "expected MM-VV-EE-II-SS-RR-AA such as 03-01-05-02-01-01-12"),
        ("03-01-01-01-01-01-1.wav", "expected MM-VV-EE-II-SS-RR-AA"),
        ("speech.wav", "expected MM-VV-EE-II-SS-RR-AA"),
        ("04-01-01-01-01-01-01.mp4", "modality 04: expected 01 to 03"),
        ("03-03-01-01-01-01-01.wav", "vocal channel 03: expected 01 to 02"),
        ("03-01-09-01-01-01-01.wav", "emotion 09: expected 01 to 08"),
        ("03-01-02-03-01-01-01.wav", "intensity 03: expected 01 to 02"),
        ("03-01-02-01-00-01-01.wav", "statement 00: expected 01 to 02"),
        ("03-01-02-01-01-03-01.wav", "repetition 03: expected 01 to 02"),
        ("03-01-02-01-01-01-25.wav", "actor 25: expected 01 to 24"),
        ("03-01-01-02-01-01-01.wav", "neutral (01) has no strong intensity (02)"),
        ("03-02-08-01-01-01-01.wav", "emotion 08 was not sung"),
        ("01-01-01-01-01-01-01.wav", "modality 01 in a .wav file, expected .mp4"),
        ("03-01-01-01-01-01-01.mp4", "modality 03 in a .mp4 file, expected .wav or .flac"),
    ],
)
def test_a_name_that_says_nothing_is_refused_and_the_rest_goes_on(tmp_path, name, why):
    folder = a_corpus(tmp_path, f"Actor_01/{name}", "Actor_02/03-01-03-01-01-01-02.wav")
    reading = read_ravdess(folder)
    (problem,) = reading.rejected
    assert problem.utterance == str(folder / "Actor_01" / name)
    assert why in problem.why
    assert reading.summary()[0] == "2 takes expected, 1 read, 1 rejected"


def test_odd_and_even_actors_make_sessions_that_can_be_held_out(tmp_path):
    folder = a_corpus(tmp_path, *(f"Actor_{actor:02d}/03-01-03-01-01-01-{actor:02d}.wav" for actor in range(1, 25)))
    utterances = read_ravdess(folder).utterances
    assert len({utterance.session for utterance in utterances}) == 12
    assert len(leave_one_session_out(utterances)) == 12
    assert {utterance.gender for utterance in utterances if int(utterance.speaker[-2:]) % 2} == {"M"}


def test_a_table_of_levels_of_ones_own_is_used_and_must_know_all_eight_emotions(tmp_path):
    folder, path = a_corpus(tmp_path, "03-01-03-01-01-01-01.wav"), tmp_path / "levels.csv"
    path.write_text("category,valence,arousal\nhappiness,medium,low\n")
    with pytest.raises(ValaroError, match="every category of the corpus needs its levels\n  no row for 'neutral'"):
        read_ravdess(folder, levels=path)
    others = ("neutral", "calm", "sadness", "anger", "fear", "disgust", "surprise")
    path.write_text(path.read_text() + "".join(f"{name},low,low\n" for name in others))
    (utterance,) = read_ravdess(folder, levels=path).utterances
    assert [rating.score for rating in utterance.ratings] == [3.0, 1.0]


def test_a_folder_that_is_no_ravdess_is_an_error_and_one_without_a_file_behind_a_name_is_not(tmp_path):
    with pytest.raises(ValaroError, match="nothing of this corpus is there; expected files named MM-VV"):
        read_ravdess(tmp_path)
    with pytest.raises(ValaroError, match="is a file, expected a folder"):
        read_ravdess(a_corpus(tmp_path, "03-01-03-01-01-01-01.wav") / "03-01-03-01-01-01-01.wav")
    (tmp_path / "03-01-04-01-01-01-01.wav").mkdir()
    assert [problem.why for problem in read_ravdess(tmp_path).rejected] == ["no file (a folder, or a link to nothing)"]


@settings(max_examples=200)
@given(
    st.lists(
        st.lists(st.sampled_from(["01", "02", "03", "12", "99", "-", "x"]), min_size=1, max_size=9).map("-".join),
        max_size=4,
    ),
    st.sampled_from([".wav", ".mp4", ".flac", ".WAV"]),
)
def test_no_names_of_files_raise_anything_but_a_users_error(tmp_path_factory, names, suffix):
    folder = a_corpus(tmp_path_factory.mktemp("names"), *(f"{name}{suffix}" for name in names))
    try:
        reading = read_ravdess(folder)
    except ValaroError as error:
        assert not names
        assert "nothing of this corpus" in str(error)  # noqa: PT017
    else:
        assert len(reading.utterances) + len(reading.rejected) == reading.expected


@pytest.mark.recordings
@pytest.mark.parametrize(("name", "takes", "speakers"), [("ravdess_audio", 600, 20), ("ravdess_av", 1, 1)])
def test_the_real_recordings_are_read_whole_as_their_table_says(name, takes, speakers):
    folder = real_recordings(name)
    if not folder.is_dir():
        pytest.skip(f"the recordings {name} are not beside the project")
    reading = read_ravdess(folder)
    assert reading.is_complete
    assert (len(reading.utterances), len({u.speaker for u in reading.utterances})) == (takes, speakers)
    with (folder / "manifest.csv").open(newline="") as file:
        rows = {row["file"]: row for row in csv.DictReader(file)}
    for utterance in reading.utterances:
        row = rows[str(utterance.media.relative_to(folder))]
        assert (utterance.speaker, utterance.gender) == (f"ravdess/{row['speaker']}", row["gender"])
        if "valence" in row:
            assert [rating.score for rating in utterance.ratings] == [
                LEVEL_SCORES[row["valence"]],
                LEVEL_SCORES[row["arousal"]],
            ]
