"""Reading corpora and exporting manifests through the command line, and the real recordings that way."""

import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from helpers.commands import Command
from helpers.media import real_recordings
from helpers.studies import make_study
from valaro.corpora.registry import KINDS
from valaro.evaluation.scores import score
from valaro.experiments.run_folder import read_run
from valaro.records import DIMENSIONS, CorpusNote, Predictions, Rating
from valaro.store.feature_store import FeatureStore
from valaro.store.manifest import fingerprint, read_manifest, write_manifest

VOTES = (
    '"","A","D","F","H","N","S","fileName","numResponses","emoVote"\n'
    '"300001",6,2,0,0,2,0,"1001_DFA_ANG_XX",10,"A"\n"100001",0,0,0,0,9,0,"1001_DFA_ANG_XX",9,"N"\n'
)


@pytest.fixture
def crema_d(tmp_path: Path) -> Path:
    """A folder of CREMA-D with one clip that nobody could decode, which reading does not try."""
    folder = tmp_path / "CREMA-D"
    (folder / "VideoFlash").mkdir(parents=True)
    (folder / "VideoFlash" / "1001_DFA_ANG_XX.flv").write_bytes(b"recording")
    (folder / "tabulatedVotes.csv").write_text(VOTES)
    (folder / "VideoDemographics.csv").write_text("ActorID,Sex\n1001,Male\n")
    return folder


def real(name: str) -> Path:
    folder = real_recordings(name)
    if not folder.is_dir():
        pytest.skip(f"the recordings {name} are not beside the project")
    return folder


def test_the_help_lists_every_kind_of_corpus(valaro: Command) -> None:
    answer = valaro("read", "--help")
    listed = [line.split()[0] for line in answer.out.partition("Commands:")[2].splitlines() if line.strip()]
    assert listed == list(KINDS)


def test_a_corpus_is_read_with_its_account_and_its_options(valaro: Command, crema_d: Path, tmp_path: Path) -> None:
    to = tmp_path / "m.parquet"
    answer = valaro("read", "crema-d", crema_d, "--to", to)
    assert (answer.code, answer.out) == (0, "")
    assert answer.err.splitlines() == [
        "1 clip expected, 1 read, 0 rejected",
        "skipped: 1 rows of votes on voice or face",
        # What stands in the way of folds is known before anything is extracted.
        "WARNING: Sessions with one speaker: nobody is left to validate: crema-d 01: crema-d/1001",
        "WARNING: Fewer than two sessions: there is nothing to train on while one is held out: crema-d 01",
        f"1 utterance of 1 speaker, 1 labelled -> {to}",
    ]
    assert len(read_manifest(to).utterances[0].ratings) == 20
    assert valaro("read", "crema-d", crema_d, "--to", to, "--votes", "voice").code == 0
    assert len(read_manifest(to).utterances[0].ratings) == 18
    assert valaro("read", "crema-d", crema_d, "--to", to, "--votes", "face").code == 0
    assert read_manifest(to).utterances[0].ratings == ()
    (tmp_path / "levels.csv").write_text(
        "category,valence,arousal\n"
        + "".join(f"{c},high,high\n" for c in ("anger", "disgust", "fear", "happiness", "neutral", "sadness"))
    )
    assert valaro("read", "crema-d", crema_d, "--to", to, "--levels", tmp_path / "levels.csv").code == 0
    assert {rating.score for rating in read_manifest(to).utterances[0].ratings} == {5.0}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("read crema-d CREMA-D --to m.parquet --votes voise", "unknown kind of votes 'voise': did you mean 'voice'?"),
        ("read ravdess CREMA-D --to m.parquet", "nothing of this corpus is there"),
        ("read audformat CREMA-D --to m.parquet", "expected an audformat database, with its header db.yaml"),
        ("read ravdess CREMA-D --to m.parquet --levels nowhere.csv", "nowhere.csv: there is no such file"),
        (
            "read ravdess CREMA-D --to m.csv",
            "cannot write a manifest to 'm.csv': expected a name that ends in .parquet",
        ),
        ("read crema CREMA-D --to m.parquet", "unknown kind of corpus 'crema': did you mean 'crema-d'?"),
        ("export nowhere.parquet --to database", "nowhere.parquet: there is no such manifest"),
        ("export nowhere.parquet --to database --as tabel", "unknown form 'tabel'"),
    ],
)
def test_a_mistake_is_one_message_and_leaves_nothing_behind(
    valaro: Command, crema_d: Path, monkeypatch: pytest.MonkeyPatch, arguments: str, words: str
) -> None:
    monkeypatch.chdir(crema_d.parent)
    answer = valaro(*arguments.split())
    assert answer.code == 2
    assert answer.err.startswith("valaro: ")
    assert words in answer.err
    assert [path.name for path in crema_d.parent.iterdir()] == ["CREMA-D"]


def test_an_option_of_another_kind_is_none_of_this_one(valaro: Command, crema_d: Path, tmp_path: Path) -> None:
    # Each kind is a command of its own.
    answer = valaro("read", "crema-d", crema_d, "--to", tmp_path / "m.parquet", "--people", "p")
    assert (answer.code, "No such option: --people" in answer.err) == (2, True)
    assert "Usage: valaro read crema-d" in answer.err


def test_what_is_refused_is_listed_and_strictly_nothing_is_written(
    valaro: Command, crema_d: Path, tmp_path: Path
) -> None:
    (crema_d / "VideoFlash" / "1001_DFA_ANG_X.flv").write_bytes(b"recording")
    table = crema_d / "tabulatedVotes.csv"
    table.write_text(VOTES.replace("100001", "900001"))
    answer = valaro("read", "crema-d", crema_d, "--to", tmp_path / "m.parquet", "--strict")
    assert answer.code == 2
    assert "2 clips expected, 1 read, 2 rejected" in answer.err
    assert not (tmp_path / "m.parquet").exists()
    answer = valaro("read", "crema-d", crema_d, "--to", tmp_path / "m.parquet")
    assert answer.code == 1
    assert f"{table}, line 3: votes: key '900001': expected six digits" in answer.err
    assert "1001_DFA_ANG_X.flv: name: expected ACTOR_SENTENCE_EMOTION_LEVEL" in answer.err
    assert len(read_manifest(tmp_path / "m.parquet").utterances) == 1


def test_a_manifest_goes_out_as_a_database_and_comes_back_the_same(
    valaro: Command, crema_d: Path, tmp_path: Path
) -> None:
    first, back = tmp_path / "first.parquet", tmp_path / "back.parquet"
    assert valaro("read", "crema-d", crema_d, "--to", first).code == 0
    answer = valaro("export", first, "--to", crema_d)
    assert (answer.code, answer.out) == (0, "")
    assert answer.err == f"1 utterance -> {crema_d}    to read it back: valaro read audformat {crema_d}\n"
    assert valaro("read", "audformat", crema_d, "--to", back).code == 0
    given, found = read_manifest(first), read_manifest(back)
    assert (found.utterances, found.notes) == (given.utterances, given.notes)
    assert found.fingerprint == given.fingerprint
    again = valaro("export", first, "--to", crema_d)
    assert again.code == 2
    assert "db.yaml is there already: choose another folder" in again.err


def test_a_manifest_goes_out_as_tables_and_the_command_that_is_said_reads_them_back(
    valaro: Command, tmp_path: Path
) -> None:
    (tmp_path / "a.wav").write_bytes(b"sound")
    (tmp_path / "t.csv").write_text("utterance,file,speaker,valence\nx,a.wav,03,2;4\ny,a.wav,03,\n")
    first, back = tmp_path / "first.parquet", tmp_path / "back.parquet"
    assert (
        valaro(
            "read", "table", tmp_path / "t.csv", "--to", first, "--people", "the actors", "--note", "Loud.", "--derived"
        ).code
        == 0
    )
    answer = valaro("export", first, "--to", tmp_path / "out put", "--as", "csv")
    assert answer.code == 0
    said, note = answer.err.splitlines()
    assert note == "a table has no place for the note of t; give it with --derived and --note: Loud."
    command = shlex.split(said.partition("to read it back: ")[2])
    table, root = str(tmp_path / "out put" / "t.csv"), str(tmp_path)
    assert command == ["valaro", "read", "table", table, "--people", "the actors", "--root", root]
    assert valaro(*command[1:], "--to", back, "--note", "Loud.", "--derived").code == 0
    (note,) = read_manifest(back).notes
    assert note == CorpusNote(corpus="t", text="Loud.", kind="derived_labels")
    assert read_manifest(back).fingerprint == read_manifest(first).fingerprint
    assert fingerprint(read_manifest(back).utterances) == fingerprint(read_manifest(first).utterances)


@pytest.mark.recordings
@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        ("crema-d", "cremad", "4 utterances of 1 speaker, 4 labelled"),
        ("ravdess", "ravdess_audio", "600 utterances of 20 speakers, 600 labelled"),
        ("ravdess", "ravdess_av", "1 utterance of 1 speaker, 1 labelled"),
    ],
)
def test_the_real_recordings_are_read(valaro: Command, tmp_path: Path, kind: str, name: str, words: str) -> None:
    answer = valaro("read", kind, real(name), "--to", tmp_path / "m.parquet", "--strict")
    assert answer.code == 0
    assert words in answer.err


@pytest.mark.slow
@pytest.mark.recordings
def test_a_real_clip_of_crema_d_gives_voice_and_face(valaro: Command, tmp_path: Path) -> None:
    source, folder = real("cremad"), tmp_path / "CREMA-D"
    (folder / "VideoFlash").mkdir(parents=True)
    (folder / "VideoFlash" / "1001_DFA_HAP_XX.flv").symlink_to(source / "VideoFlash" / "1001_DFA_HAP_XX.flv")
    for table in ("tabulatedVotes.csv", "VideoDemographics.csv"):
        (folder / table).symlink_to(source / table)
    assert valaro("read", "crema-d", folder, "--to", tmp_path / "m.parquet").code == 0
    answer = valaro("extract", tmp_path / "m.parquet", "--to", tmp_path / "features", "--features", "fbank,face")
    assert (answer.code, answer.out) == (0, "")
    assert "1 complete, 0 in part, 0 failed" in answer.err
    store = FeatureStore.open(tmp_path / "features")
    # The header says 1.868 s; its sound, in whole MP3 frames, goes to 1.907 s: 191 rows of 10 ms.
    assert store.length("crema-d/1001_DFA_HAP_XX") == 191
    (quality,) = store.qualities
    assert (quality.frames, quality.detected) == (56, 56)
    voice = store.values("crema-d/1001_DFA_HAP_XX", "fbank")
    # Logarithms of energies, from digital silence (1e-8) up: a sound that was lost would be all of one value.
    assert float(voice.max()) - float(voice.min()) > 10


def test_votes_become_fuzzy_labels_and_on_a_tie_either_level_is_right(valaro: Command, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"sound")
    rows = ("x,a.wav,03,2;4;5,1", "y,a.wav,03,2;3,high", "z,a.wav,04,,")
    (tmp_path / "t.csv").write_text("\n".join(("utterance,file,speaker,valence,arousal", *rows)) + "\n")
    assert valaro("read", "table", tmp_path / "t.csv", "--to", tmp_path / "m.parquet").code == 0
    answer = valaro("export", tmp_path / "m.parquet", "--to", tmp_path / "out", "--as", "levels")
    assert answer.code == 0
    assert (tmp_path / "out" / "levels.csv").read_text().splitlines() == [
        "utterance,dimension,votes,low,medium,high,right",
        "t/x,valence,3,0.3333,0.0000,0.6667,high",
        "t/x,arousal,1,1.0000,0.0000,0.0000,low",
        "t/y,valence,2,0.5000,0.5000,0.0000,low;medium",
        "t/y,arousal,1,0.0000,0.0000,1.0000,high",
    ]
    again = valaro("export", tmp_path / "m.parquet", "--to", tmp_path / "out", "--as", "levels")
    assert again.code == 2
    assert "levels.csv is there already" in again.err


def test_in_a_study_a_prediction_of_either_tied_level_is_right(valaro: Command, tmp_path: Path) -> None:
    study = make_study(tmp_path)
    manifest = read_manifest(tmp_path / "toy.parquet")
    tied = tuple(
        Rating(annotator=str(number), dimension=dimension, score=score)
        for dimension in DIMENSIONS
        for number, score in enumerate((2.0, 3.0))
    )
    changed = [
        replace(u, ratings=tied) if place % 3 == 0 and u.ratings else u for place, u in enumerate(manifest.utterances)
    ]
    write_manifest(tmp_path / "toy.parquet", changed, manifest.notes)
    assert valaro("cross-validate", study, "--to", tmp_path / "run", "--set", 'study.models=["MFSBase"]').code == 0
    names = {utterance.id for utterance in changed if utterance.ratings == tied}
    rows = [
        (probabilities, correct)
        for result in read_run(tmp_path / "run").results
        for name, probabilities, correct in zip(
            result.test.ids, result.test.probabilities.tolist(), result.test.correct.tolist(), strict=True
        )
        if name in names
    ]
    assert rows
    assert all(correct == [True, True, False] for _, correct in rows)
    # The score counts them so: with every prediction set to low, or to medium, a tied utterance is a hit.
    for level in (0, 1):
        judged = Predictions(
            ids=("y",), speakers=("s",), probabilities=np.eye(3)[[level]], correct=np.array([[True, True, False]])
        )
        assert score(judged).uar == 1.0


def test_derived_levels_are_said_to_be_in_the_manifest_and_on_the_way_out(valaro: Command, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"sound")
    (tmp_path / "t.csv").write_text("utterance,file,speaker,valence\nx,a.wav,03,2;4\n")
    assert valaro("read", "table", tmp_path / "t.csv", "--to", tmp_path / "m.parquet", "--derived").code == 0
    (note,) = read_manifest(tmp_path / "m.parquet").notes
    assert (note.corpus, note.kind) == ("t", "derived_labels")
    assert note.text == "Levels are derived from categories, they are not ratings of valence and arousal."
    said = valaro("export", tmp_path / "m.parquet", "--to", tmp_path / "out", "--as", "csv").err
    assert "give it with --derived and --note: Levels are derived" in said
