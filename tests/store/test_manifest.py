import json
import os
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from valaro.errors import StoreError
from valaro.records import CorpusNote, Rating, Utterance
from valaro.store.manifest import fingerprint, read_manifest, write_manifest

NOTES = (CorpusNote(corpus="c", text="synthetic"), CorpusNote(corpus="c", text="acted", kind="derived_labels"))


def utterances(folder: Path) -> tuple[Utterance, ...]:
    whole = Utterance(id="c/03", corpus="c", session="1", speaker="p/03", gender="F", media=folder / "clips" / "a.mp4")
    part = Utterance(
        id="c/ü",
        corpus="c",
        session="",
        speaker="p/?ü",
        gender="",
        media=folder.parent / "b.wav",
        face_region=(0.5, 0.0, 1.0, 1.0),
        start=0.1,
        end=2.0,
        ratings=(
            Rating(annotator="1", dimension="valence", score=10 / 3),
            Rating(annotator="2", dimension="arousal", score=5.0),
        ),
        sound=folder / "sounds" / "b.wav",
        sound_start=0.25,
    )
    return whole, part


def test_a_manifest_gives_back_what_was_written(tmp_path):
    given = utterances(tmp_path / "data")
    write_manifest(tmp_path / "data" / "m.parquet", given, NOTES)
    manifest = read_manifest(tmp_path / "data" / "m.parquet")
    assert manifest.utterances == given
    assert manifest.notes == NOTES
    assert manifest.fingerprint == fingerprint(given, NOTES)


def test_recordings_are_named_relative_to_the_manifest_and_move_with_it(tmp_path):
    path = tmp_path / "one" / "data" / "m.parquet"
    write_manifest(path, utterances(path.parent))
    assert pq.read_table(path).column("media").to_pylist() == ["clips/a.mp4", "../b.wav"]
    shutil.move(tmp_path / "one", tmp_path / "two")
    moved = read_manifest(tmp_path / "two" / "data" / "m.parquet")
    assert [utterance.media for utterance in moved.utterances] == [
        tmp_path / "two" / "data" / "clips" / "a.mp4",
        tmp_path / "two" / "b.wav",
    ]
    assert moved.utterances[1].sound == tmp_path / "two" / "data" / "sounds" / "b.wav"
    assert moved.fingerprint == fingerprint(utterances(path.parent))


def test_a_way_out_of_a_linked_folder_leads_to_the_recording(tmp_path):
    (tmp_path / "real" / "deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "real" / "deep")
    (tmp_path / "a.wav").write_bytes(b"sound")
    one = Utterance(id="c/a", corpus="c", session="", speaker="c/1", gender="", media=tmp_path / "a.wav")
    write_manifest(tmp_path / "link" / "m.parquet", [one])
    assert read_manifest(tmp_path / "link" / "m.parquet").utterances[0].media.read_bytes() == b"sound"


def test_the_fingerprint_follows_content_not_place_or_date(tmp_path):
    here, there = utterances(tmp_path / "here"), utterances(tmp_path / "there")
    assert fingerprint(here) == fingerprint(there)
    assert fingerprint(here) != fingerprint(here[:1])
    assert fingerprint(here) != fingerprint(here[::-1])
    assert fingerprint(here) != fingerprint(here, NOTES)
    write_manifest(tmp_path / "a.parquet", here)
    write_manifest(tmp_path / "b.parquet", here)
    os.utime(tmp_path / "b.parquet", (0, 0))
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert read_manifest(tmp_path / "b.parquet").fingerprint == fingerprint(here)


def test_a_manifest_of_before_there_were_sounds_is_read(tmp_path):
    (plain, _) = utterances(tmp_path)
    write_manifest(tmp_path / "m.parquet", [plain])
    table = pq.read_table(tmp_path / "m.parquet")
    pq.write_table(table.drop_columns(["sound", "sound_start"]), tmp_path / "old.parquet")
    assert read_manifest(tmp_path / "old.parquet").utterances == (plain,)


def test_an_empty_manifest_is_a_manifest(tmp_path):
    write_manifest(tmp_path / "m.parquet", [])
    assert read_manifest(tmp_path / "m.parquet").utterances == ()


def test_an_utterance_named_twice_is_refused(tmp_path):
    given = utterances(tmp_path)
    with pytest.raises(StoreError, match="1 utterances are named more than once: c/03"):
        write_manifest(tmp_path / "m.parquet", [*given, given[0]])


def changed(path: Path, metadata: dict[bytes, bytes], **columns) -> None:
    table = pq.read_table(path)
    for name, values in columns.items():
        at = table.column_names.index(name)
        kind = table.schema.field(name).with_nullable(True)
        table = table.set_column(at, kind, pa.array(values, type=kind.type))
    pq.write_table(table.replace_schema_metadata({**table.schema.metadata, **metadata}), path)


def test_what_is_no_whole_manifest_of_this_version_is_refused(tmp_path):
    path = tmp_path / "m.parquet"

    def refusal() -> str:
        with pytest.raises(StoreError) as caught:
            read_manifest(path)
        return str(caught.value)

    assert "there is no such manifest" in refusal()
    path.write_text("utterance,file\n")
    assert "expected a Parquet file" in refusal()
    pq.write_table(pa.table({"utterance": ["x"]}), path)
    assert "a Parquet file, but no manifest" in refusal()
    path.unlink()
    write_manifest(path, utterances(tmp_path))
    changed(path, {b"valaro.manifest": b"9"})
    assert "a manifest of version 9, expected 2" in refusal()
    write_manifest(path, utterances(tmp_path))
    changed(path, {}, speaker=["p/03", "p/04"])
    assert "the rows were changed or damaged" in refusal()
    write_manifest(path, utterances(tmp_path))
    changed(path, {}, id=[None, "c/ü"])
    assert "damaged" in refusal()
    write_manifest(path, utterances(tmp_path))
    changed(path, {b"valaro.notes": json.dumps([["c"]]).encode()})
    assert "a damaged manifest" in refusal()
    write_manifest(path, utterances(tmp_path))
    path.write_bytes(path.read_bytes()[:-9])
    assert "expected a Parquet file" in refusal()


def test_a_manifest_is_not_written_over_anything_else(tmp_path):
    tables = {"mine.csv": b"utterance,file\n", "mine.parquet": b""}
    pq.write_table(pa.table({"utterance": ["x"]}), tmp_path / "mine.parquet")
    tables["mine.parquet"] = (tmp_path / "mine.parquet").read_bytes()
    (tmp_path / "mine.csv").write_bytes(tables["mine.csv"])
    with pytest.raises(StoreError, match=r"mine\.csv': expected a name that ends in \.parquet"):
        write_manifest(tmp_path / "mine.csv", utterances(tmp_path))
    with pytest.raises(StoreError, match=r"mine\.parquet': what is there is none, give another name or remove it"):
        write_manifest(tmp_path / "mine.parquet", utterances(tmp_path))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == tables
