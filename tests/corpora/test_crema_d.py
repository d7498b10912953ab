"""CREMA-D: folders in its form, whole and damaged, and the real tables and clips."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.kinds import reader
from helpers.media import real_recordings
from valaro.corpora.crema_d_votes import EMOTIONS, ratings_of, read_votes
from valaro.corpora.pairs import paired_sessions
from valaro.corpora.reading import Reading
from valaro.errors import ValaroError
from valaro.evaluation.folds import leave_one_session_out
from valaro.labels.soft_labels import correct_levels, soft_label_from_scores, soft_label_of
from valaro.records import Rating

read_crema_d = reader("crema-d")

# The columns as R wrote them: the first has no name, and the means behind emoVote are none of the reader's business.
HEAD = '"","A","D","F","H","N","S","fileName","numResponses","agreement","emoVote","meanEmoResp"\n'
ACTORS = (
    '"ActorID","Age","Sex","Race","Ethnicity"\n'
    '1001,51,"Male","Caucasian","Not Hispanic"\n'
    '1002,21,"Female","Asian","Hispanic"\n'
)
ANGRY = '"300001",6,2,0,0,2,0,"1001_DFA_ANG_XX",10,0.6,"A",71.7\n'


def a_corpus(
    folder: Path,
    *,
    flv: tuple[str, ...] = ("1001_DFA_ANG_XX",),
    wav: tuple[str, ...] = (),
    votes: str = HEAD + ANGRY,
    actors: str = ACTORS,
) -> Path:
    """Write a folder as CREMA-D has it; its clips hold no sound and no picture."""
    for place, suffix, names in (("VideoFlash", "flv", flv), ("AudioWAV", "wav", wav)):
        for name in names:
            (folder / place).mkdir(parents=True, exist_ok=True)
            (folder / place / f"{name}.{suffix}").write_bytes(b"recording")
    (folder / "tabulatedVotes.csv").write_text(votes)
    (folder / "VideoDemographics.csv").write_text(actors)
    return folder


def reasons(reading: Reading) -> list[str]:
    return [f"{problem.utterance}: {problem.why}" for problem in reading.rejected]


def test_a_clip_becomes_an_utterance_whose_votes_are_counted_voters(tmp_path):
    (utterance,) = read_crema_d(a_corpus(tmp_path)).utterances
    assert (utterance.id, utterance.corpus) == ("crema-d/1001_DFA_ANG_XX", "crema-d")
    assert (utterance.speaker, utterance.gender) == ("crema-d/1001", "M")
    assert utterance.media == tmp_path / "VideoFlash" / "1001_DFA_ANG_XX.flv"
    assert (utterance.start, utterance.end, utterance.sound) == (0.0, None, None)
    # Six votes for anger (low, high), two for disgust (low, medium), two for neutral (medium, medium).
    assert [rating.annotator for rating in utterance.ratings[::2]] == [f"voter {number}" for number in range(1, 11)]
    assert utterance.ratings[0] == Rating(annotator="voter 1", dimension="valence", score=1.0)
    assert soft_label_of(utterance, "valence").tolist() == [0.8, 0.2, 0.0]
    assert soft_label_of(utterance, "arousal").tolist() == [0.0, 0.4, 0.6]


def test_the_account_says_what_was_met_and_the_note_that_levels_are_derived(tmp_path):
    votes = HEAD + ANGRY + ANGRY.replace("300001", "100001") + ANGRY.replace("300001", "300002").replace("DFA", "IEO")
    reading = read_crema_d(a_corpus(tmp_path, votes=votes))
    assert reading.summary() == (
        "1 clip expected, 1 read, 0 rejected",
        "skipped: 1 rows of votes on clips that are not here (both), 1 rows of votes on voice or face",
    )
    assert reading.is_complete
    assert [note.text for note in reading.notes] == [
        "Levels are derived from categories (CREMA-D, chosen by people who saw and heard the clip), "
        "they are not ratings of valence and arousal."
    ]


@pytest.mark.parametrize(("votes", "level"), [("voice", 0), ("face", 1), ("both", 2)])
def test_the_votes_that_count_are_those_on_what_was_asked_for(tmp_path, votes, level):
    rows = [
        '"100001",0,0,0,0,0,9,"1001_DFA_ANG_XX",9,1,"S",1\n',
        '"200001",0,0,0,0,9,0,"1001_DFA_ANG_XX",9,1,"N",1\n',
        '"300001",0,0,0,9,0,0,"1001_DFA_ANG_XX",9,1,"H",1\n',
    ]
    (utterance,) = read_crema_d(a_corpus(tmp_path, votes=HEAD + "".join(rows)), votes=votes).utterances
    # Sadness is low in both dimensions, neutral medium, happiness high.
    assert soft_label_of(utterance, "valence").argmax() == soft_label_of(utterance, "arousal").argmax() == level


def test_the_voice_of_a_clip_with_both_files_is_the_wav(tmp_path):
    both, video, sound = "1001_DFA_ANG_XX", "1001_DFA_FEA_XX", "1001_DFA_HAP_XX"
    reading = read_crema_d(a_corpus(tmp_path, flv=(both, video), wav=(both, sound)))
    files = {u.id.partition("/")[2]: (u.media.name, u.sound and u.sound.name) for u in reading.utterances}
    assert files == {both: (f"{both}.flv", f"{both}.wav"), video: (f"{video}.flv", None), sound: (f"{sound}.wav", None)}
    assert reading.remarks == (
        "2 of 3 clips have no votes: they are unlabelled",
        "1 of 3 clips have sound only",
    )
    assert [bool(utterance.ratings) for utterance in reading.utterances] == [True, False, False]


def test_a_clip_known_to_be_broken_stays_without_its_votes(tmp_path):
    row = '"300001",0,0,1,0,1,8,"1076_MTI_SAD_XX",10,0.8,"S",1\n'
    fine = '"300002",0,3,0,0,4,0,"1076_MTI_NEU_XX",7,0.57,"N",1\n'
    folder = a_corpus(
        tmp_path,
        flv=("1076_MTI_SAD_XX",),
        wav=("1076_MTI_SAD_XX", "1076_MTI_NEU_XX"),
        votes=HEAD + row + fine,
        actors=ACTORS + '1076,25,"Female","Caucasian","Not Hispanic"\n',
    )
    reading = read_crema_d(folder)
    # The wav file of 1076_MTI_NEU_XX is what its name says; only its video is broken.
    assert {u.id: len(u.ratings) for u in reading.utterances} == {
        "crema-d/1076_MTI_NEU_XX": 14,
        "crema-d/1076_MTI_SAD_XX": 0,
    }
    how = "(an error picture, without sound)"
    words = f"1076_MTI_SAD_XX is known not to be what its name says {how}: its votes are left out"
    assert words in reading.remarks
    (tmp_path / "VideoFlash" / "1076_MTI_NEU_XX.flv").write_bytes(b"recording")
    assert not any(utterance.ratings for utterance in read_crema_d(folder).utterances)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ('"400001",6,2,0,0,2,0,"1001_DFA_ANG_XX",10', "key '400001': expected six digits, the first 1, 2 or 3"),
        ('"30001",6,2,0,0,2,0,"1001_DFA_ANG_XX",10', "key '30001': expected six digits, the first 1, 2 or 3"),
        ('"300001",6.5,2,0,0,2,0,"1001_DFA_ANG_XX",10', "A '6.5': expected a whole number below 1000"),
        ('"300001",,2,0,0,2,0,"1001_DFA_ANG_XX",10', "A '': expected a whole number below 1000"),
        ('"300001",-1,2,0,0,2,0,"1001_DFA_ANG_XX",10', "A '-1': expected a whole number below 1000"),
        ('"300001",6,2,0,0,2,99999999,"1001_DFA_ANG_XX",10', "S '99999999': expected a whole number below 1000"),
        ('"300001",6,2,0,0,2,0,"1001_DFA_ANG_XX",ten', "numResponses 'ten': expected a whole number below 1000"),
        ('"300001",6,2,0,0,2,0,"1001_DFA_ANG_XX",11', "the counts add up to 10, numResponses says 11"),
        ('"300001",0,0,0,0,0,0,"1001_DFA_ANG_XX",0', "no vote in it"),
        (
            '"300001",6,2,0,0,2,0,"1001_DFA_ANG_X",10',
            "fileName '1001_DFA_ANG_X': expected ACTOR_SENTENCE_EMOTION_LEVEL",
        ),
        (
            '"300001",6,2,0,0,2,0,"1001_XXX_ANG_XX",10',
            "fileName '1001_XXX_ANG_XX': expected ACTOR_SENTENCE_EMOTION_LEVEL",
        ),
        ('"300001",6,2,0,0,2,0,"1001_DFA_ANG_XX.flv",10', "fileName '1001_DFA_ANG_XX.flv': expected"),
        ('"300001",6,2,0,0,2,0,"1099_DFA_ANG_XX",10', "fileName '1099_DFA_ANG_XX': actor '1099' is not in "),
        ('"300001",6,2,0,0,2,0', "11 cells"),
    ],
)
def test_a_row_that_says_nothing_is_refused_with_its_line_and_the_rest_goes_on(tmp_path, row, why):
    tail = ',0.6,"A",71.7\n' if row.count(",") == 8 else ",1,2,3,4\n"
    good = ANGRY.replace("300001", "300002").replace("DFA", "IOM")
    folder = a_corpus(tmp_path, flv=("1001_DFA_ANG_XX", "1001_IOM_ANG_XX"), votes=HEAD + row + tail + good)
    reading = read_crema_d(folder)
    (reason,) = reasons(reading)
    assert reason.startswith(f"{folder / 'tabulatedVotes.csv'}, line 2: ")
    assert why in reason
    assert [len(utterance.ratings) for utterance in reading.utterances] == [0, 20]
    assert not reading.is_complete


def test_a_row_that_stands_there_twice_is_refused_and_the_first_one_counts(tmp_path):
    again = '"300001",0,0,0,9,0,0,"1001_IOM_ANG_XX",9,1,"H",1\n'
    other = '"300009",0,0,0,9,0,0,"1001_DFA_ANG_XX",9,1,"H",1\n'
    reading = read_crema_d(a_corpus(tmp_path, votes=HEAD + ANGRY + again + other))
    path = tmp_path / "tabulatedVotes.csv"
    assert reasons(reading) == [
        f"{path}, line 3: key '300001' stands already in line 2",
        f"{path}, line 4: clip '1001_DFA_ANG_XX' for both stands already in line 2",
    ]
    assert len(reading.utterances[0].ratings) == 20


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('1002,21,"Woman","Asian","Hispanic"', "Sex 'Woman' of actor '1002': expected Female or Male"),
        ('1001,21,"Female","Asian","Hispanic"', "actor '1001' stands there twice"),
        ("1002,21", "2 cells, expected 5"),
    ],
)
def test_an_actor_who_cannot_be_read_is_refused_with_the_line(tmp_path, line, why):
    first = "".join(ACTORS.splitlines(keepends=True)[:2])
    (reason,) = reasons(read_crema_d(a_corpus(tmp_path, actors=first + line + "\n")))
    assert reason.startswith(f"{tmp_path / 'VideoDemographics.csv'}, line 3: {why}")


def test_clips_of_another_form_of_unknown_actors_and_of_git_lfs_are_refused(tmp_path):
    names = (
        "1001_DFA_ANG_XX",
        "1001_DFA_ANG_X",
        "1099_DFA_ANG_XX",
        "1001_DFA_FEA_XX",
        "1001_DFA_HAP_XX",
        "._1001_DFA_ANG_XX",
    )
    folder = a_corpus(tmp_path, flv=names, wav=("1001_DFA_HAP_XX",))
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"
    for name in ("1001_DFA_FEA_XX", "1001_DFA_HAP_XX"):
        (folder / "VideoFlash" / f"{name}.flv").write_bytes(pointer)
    (folder / "VideoFlash" / "1001_DFA_SAD_XX.flv").symlink_to(folder / "nowhere.flv")
    (folder / "VideoFlash" / "notes.txt").write_text("no clip")
    reading = read_crema_d(folder)
    assert [utterance.media.name for utterance in reading.utterances] == ["1001_DFA_ANG_XX.flv", "1001_DFA_HAP_XX.wav"]
    why = {Path(problem.utterance).name: problem.why for problem in reading.rejected}
    assert why == {
        "1001_DFA_ANG_X.flv": "expected ACTOR_SENTENCE_EMOTION_LEVEL such as 1001_DFA_ANG_XX",
        "1001_DFA_SAD_XX.flv": "a folder, or a link to nothing",
        "1001_DFA_FEA_XX.flv": "a pointer to a file in Git LFS instead of the recording; `git lfs pull` fetches it",
        "1099_DFA_ANG_XX.flv": f"actor '1099' is not in {folder / 'VideoDemographics.csv'}",
    }
    assert reading.summary()[0] == "6 clips expected, 2 read, 4 rejected"
    assert reading.skipped["resource forks (._*)"] == 1
    assert reading.skipped["Git LFS pointers beside the clip's other file"] == 1


def test_pictures_that_somebody_converted_are_counted_and_not_silently_missing(tmp_path):
    folder = a_corpus(tmp_path)
    (folder / "AudioWAV").mkdir(exist_ok=True)
    for video in sorted((folder / "VideoFlash").glob("*.flv")):
        (folder / "AudioWAV" / f"{video.stem}.wav").write_bytes(b"sound")
        video.rename(video.with_suffix(".mp4"))
    (folder / "VideoFlash" / ".DS_Store").write_bytes(b"hidden")
    reading = read_crema_d(folder)
    count = len(reading.utterances)
    assert count == len(list((folder / "AudioWAV").iterdir())) > 0
    assert reading.skipped["files in VideoFlash that are no .flv"] == count


def test_a_womans_and_a_mans_clips_make_a_session_so_that_sessions_can_be_held_out(tmp_path):
    actors = (
        ACTORS
        + '1003,30,"Female","Asian","Hispanic"\n1005,30,"Male","Asian","Hispanic"\n1011,30,"Male","Asian","Hispanic"\n'
    )
    clips = tuple(f"{actor}_DFA_ANG_XX" for actor in (1001, 1002, 1003, 1005, 1011))
    rows = "".join(
        f'"30000{number}",6,2,0,0,2,0,"{clip}",10,0.6,"A",71.7\n' for number, clip in enumerate(clips, start=1)
    )
    reading = read_crema_d(a_corpus(tmp_path, flv=clips, votes=HEAD + rows, actors=actors))
    assert {u.speaker[-4:]: u.session for u in reading.utterances} == {
        "1001": "01",
        "1002": "01",
        "1003": "02",
        "1005": "02",
        "1011": "01",
    }
    folds = leave_one_session_out(reading.utterances)
    assert [fold.name.partition(" ")[0] for fold in folds] == ["01", "02"]


def test_the_91_actors_make_43_sessions_of_both_genders() -> None:
    genders = {f"{actor}": "F" if actor % 2 and actor < 1087 else "M" for actor in range(1001, 1092)}
    assert (list(genders.values()).count("F"), list(genders.values()).count("M")) == (43, 48)
    sessions = paired_sessions(genders)
    members = {
        session: [genders[actor] for actor in sessions if sessions[actor] == session] for session in sessions.values()
    }
    assert len(members) == 43
    assert all(set(genders) == {"F", "M"} for genders in members.values())
    assert sorted(len(one) for one in members.values()) == [2] * 38 + [3] * 5


def test_a_table_of_levels_of_ones_own_is_used_and_must_know_all_six_emotions(tmp_path):
    folder, path = a_corpus(tmp_path), tmp_path / "levels.csv"
    path.write_text("category,valence,arousal\n" + "".join(f"{name},high,low\n" for name in EMOTIONS.values()))
    (utterance,) = read_crema_d(folder, levels=path).utterances
    assert soft_label_of(utterance, "valence").tolist() == [0.0, 0.0, 1.0]
    path.write_text("category,valence,arousal\nanger,low,high\n")
    with pytest.raises(ValaroError, match="every category of the corpus needs its levels\n  no row for 'disgust'"):
        read_crema_d(folder, levels=path)


def test_tables_may_lie_where_the_published_folder_has_them_and_must_be_there(tmp_path):
    folder = a_corpus(tmp_path)
    (folder / "processedResults").mkdir()
    (folder / "tabulatedVotes.csv").rename(folder / "processedResults" / "tabulatedVotes.csv")
    assert len(read_crema_d(folder).utterances[0].ratings) == 20
    (folder / "processedResults" / "tabulatedVotes.csv").unlink()
    with pytest.raises(ValaroError, match=r"no tabulatedVotes\.csv; expected it there or in processedResults"):
        read_crema_d(folder)


@pytest.mark.parametrize(
    ("votes", "words"),
    [
        (HEAD, "no votes can be read\n  no rows below"),
        (HEAD.replace('"A"', '"Anger"') + ANGRY, "no column 'A'"),
        (HEAD.replace('""', '"Unnamed: 0"') + ANGRY, "line 1: no column without a name"),
        ("", "the file is empty"),
    ],
)
def test_a_table_without_its_columns_is_an_error(tmp_path, votes, words):
    with pytest.raises(ValaroError) as caught:
        read_crema_d(a_corpus(tmp_path, votes=votes))
    assert words in str(caught.value)


def test_a_column_whose_name_is_nearly_right_is_refused_with_the_line(tmp_path):
    (reason,) = reasons(read_crema_d(a_corpus(tmp_path, votes=HEAD.replace("emoVote", "emovote") + ANGRY)))
    assert "line 1: unknown column 'emovote': did you mean 'emoVote'?" in reason


def test_a_folder_that_is_no_crema_d_and_votes_of_nobody_are_errors(tmp_path):
    with pytest.raises(ValaroError, match="nothing of this corpus is there; expected VideoFlash"):
        read_crema_d(tmp_path)
    with pytest.raises(ValaroError, match="there is no such folder"):
        read_crema_d(tmp_path / "nowhere")
    with pytest.raises(ValaroError, match="unknown kind of votes 'voise': did you mean 'voice'"):
        read_crema_d(a_corpus(tmp_path), votes="voise")


PIECES = st.sampled_from(
    [
        b",",
        b"\n",
        b'"',
        b"300001",
        b"1001_DFA_ANG_XX",
        b"1099_DFA_ANG_XX",
        b"10",
        b"0",
        b"-1",
        b"\xff",
        b"\0",
        b"Female",
    ]
)


@settings(max_examples=300)
@given(
    head=st.sampled_from([b"", HEAD.encode(), b"\xef\xbb\xbf", ACTORS.encode()]),
    body=st.lists(PIECES | st.binary(max_size=8), max_size=30).map(b"".join),
    table=st.sampled_from(["tabulatedVotes.csv", "VideoDemographics.csv"]),
)
def test_no_bytes_given_as_a_table_raise_anything_but_a_users_error(tmp_path, head, body, table):
    folder = a_corpus(tmp_path)
    (folder / table).write_bytes(head + body)
    try:
        reading = read_crema_d(folder)
    except ValaroError as error:
        assert table in str(error)  # noqa: PT017
    else:
        assert len(reading.utterances) <= 1


def real_table() -> Path:
    path = real_recordings("cremad") / "tabulatedVotes.csv"
    if not path.is_file():
        pytest.skip("the recordings cremad are not beside the project")
    return path


@pytest.mark.slow
@pytest.mark.recordings
def test_the_real_table_becomes_22326_fuzzy_labels_that_agree_with_its_summary() -> None:
    votes = read_votes(real_table())
    assert (len(votes.rows), votes.rejected) == (22_326, ())
    counts, columns = np.array([row.counts for row in votes.rows]), np.array(list(EMOTIONS))
    most = counts == counts.max(axis=1, keepdims=True)
    assert int((most.sum(axis=1) > 1).sum()) == 1_534
    # The table's own summary was made from the same counts, so a single other answer would be a fault of ours.
    for marks, row in zip(most, votes.rows, strict=True):
        assert set(columns[marks]) == set(row.summary.split(":"))
    ties = dict.fromkeys(("valence", "arousal"), 0)
    for ratings in (ratings_of(row) for row in votes.rows if row.modality == "both"):
        for dimension in ties:
            label = soft_label_from_scores([rating.score for rating in ratings if rating.dimension == dimension])
            ties[dimension] += correct_levels(label[None]).sum() > 1
    assert ties == {"valence": 185, "arousal": 319}


@pytest.mark.recordings
def test_the_real_part_of_the_corpus_is_read_whole() -> None:
    reading = read_crema_d(real_table().parent)
    assert reading.is_complete
    assert len(reading.utterances) == 4
    assert sum(reading.skipped.values()) == 22_326 - 4
    # Row 300062 has eight votes for anger (low, high) and one for disgust (low, medium).
    angry = next(utterance for utterance in reading.utterances if "ANG" in utterance.id)
    assert soft_label_of(angry, "valence").tolist() == [1.0, 0.0, 0.0]
    np.testing.assert_allclose(soft_label_of(angry, "arousal"), [0, 1 / 9, 8 / 9])
