import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from valaro.errors import StoreError
from valaro.records import CorpusNote, FaceQuality, Problem
from valaro.store.checksum import canonical_json
from valaro.store.feature_store import SHARDS, FeatureStore, read_shards, write_head
from valaro.store.lock import exclusive_lock
from valaro.store.shard import (
    Block,
    Entry,
    Quality,
    Reason,
    Source,
    block_of,
    drop_features,
    half_precision,
    read_shard,
    write_shard,
)

SOURCE = Source(media="a.mp4", size=10, start=0.0, end=None, region=None)


def entry(utterance: str, arrays: dict[str, np.ndarray], **more) -> Entry:
    blocks = tuple(
        block_of(name, "1", half_precision(rows)) if rows.size else Block(name=name, version="1")
        for name, rows in sorted(arrays.items())
    )
    return Entry(utterance=utterance, source=SOURCE, blocks=blocks, **more)


def put(store: Path, arrays: dict[str, dict[str, np.ndarray]], **more) -> Path:
    """Write one shard that holds `arrays` by utterance and feature name."""
    write_head(store, [])
    entries = [entry(utterance, by_name, **more) for utterance, by_name in arrays.items()]
    return write_shard(store / SHARDS, entries, lambda e, b: half_precision(arrays[e.utterance][b.name]))


def drop(store: Path, pairs: set[tuple[str, str]]) -> None:
    for shard in read_shards(store):
        drop_features(shard, pairs)


def ramp(rows: int, dim: int, start: float = 0.0) -> np.ndarray:
    return (start + np.arange(rows * dim, dtype=np.float32)).reshape(rows, dim)


NUMBERS = st.floats(width=32, allow_nan=False, allow_infinity=False)


@settings(max_examples=60)
@given(data=st.data())
def test_rows_of_any_length_and_width_come_back_as_halves(tmp_path_factory, data):
    dims = data.draw(st.dictionaries(st.sampled_from(["fbank", "face", "text"]), st.integers(1, 5), min_size=1))
    ids = data.draw(st.lists(st.text(max_size=5), min_size=1, max_size=5, unique=True))
    arrays = {
        utterance: {
            name: data.draw(hnp.arrays(np.float32, (data.draw(st.integers(0, 4)), dim), elements=NUMBERS))
            for name, dim in dims.items()
        }
        for utterance in ids
    }
    path = tmp_path_factory.mktemp("store")
    put(path, arrays)
    store = FeatureStore.open(path)
    store.verify()
    for utterance, by_name in arrays.items():
        for name, rows in by_name.items():
            assert store.has(utterance, name) == (len(rows) > 0)
            if len(rows):
                expected = np.clip(rows, -65504, 65504).astype(np.float16)
                np.testing.assert_array_equal(store.values(utterance, name), expected)


def test_values_are_read_only_views_into_the_file(tmp_path):
    put(tmp_path, {"a": {"fbank": ramp(3, 2)}, "b": {"fbank": ramp(2, 2, 100.0)}})
    store = FeatureStore.open(tmp_path)
    values = store.values("b", "fbank")
    assert values.tolist() == [[100.0, 101.0], [102.0, 103.0]]
    assert values.dtype == np.float16
    assert not values.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        values[0, 0] = 1
    base = values
    while isinstance(base.base, np.ndarray):
        base = base.base
    assert isinstance(base, np.memmap)
    assert (store.ids, store.names, store.length("b"), store.dim("fbank")) == (("a", "b"), ("fbank",), 2, 2)
    assert "a" in store
    assert "c" not in store
    assert len(store) == 2


def test_numbers_beyond_sixteen_bits_become_the_largest():
    assert half_precision(np.array([[1e6, -1e6, 2.5]], np.float32)).tolist() == [[65504.0, -65504.0, 2.5]]


def test_rows_are_stored_row_by_row_however_they_lie_in_memory(tmp_path):
    turned = np.asfortranarray(ramp(3, 2))
    assert half_precision(turned).flags.c_contiguous
    put(tmp_path, {"a": {"f": turned}})
    assert FeatureStore.open(tmp_path).values("a", "f").tolist() == [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]


def test_problems_qualities_and_notes_come_back(tmp_path):
    quality = FaceQuality(utterance="a", frames=75, detected=60, mean_absolute_yaw=0.125)
    problem = Problem(utterance="a", where="sound", why="no sound stream")
    put(
        tmp_path,
        {"a": {"face": ramp(3, 2), "fbank": ramp(0, 2)}},
        quality=Quality(75, 60, 0.125),
        problems=(Reason("sound", "no sound stream"),),
    )
    write_head(tmp_path, [CorpusNote(corpus="z", text="t"), CorpusNote(corpus="c", text="t")])
    write_head(tmp_path, [CorpusNote(corpus="c", text="t")])
    store = FeatureStore.open(tmp_path)
    assert store.problems == (problem,)
    assert store.qualities == (quality,)
    assert [note.corpus for note in store.notes] == ["c", "z"]
    assert store.names == ("face",)
    assert store.missing(["a", "b"], ["face"]) == ("b",)
    assert store.missing(["a"], ["face", "fbank"]) == ("a",)


def test_what_is_not_there_is_named_with_the_reason(tmp_path):
    put(
        tmp_path,
        {"c/07": {"face": ramp(1, 1), "fbank": ramp(0, 1)}, "d/08": {"fbank": ramp(1, 1)}},
        problems=(Reason("sound", "no sound stream"),),
    )
    store = FeatureStore.open(tmp_path)
    with pytest.raises(StoreError, match=r"no feature 'fft'; it has: face, fbank"):
        store.values("c/07", "fft")
    with pytest.raises(StoreError, match=r"'fbank' of utterance 'c/07' \(sound: no sound stream\)"):
        store.values("c/07", "fbank")
    with pytest.raises(StoreError, match="no utterance 'c/7'; did you mean 'c/07'"):
        store.length("c/7")


def test_the_fingerprint_does_not_depend_on_how_utterances_are_parted(tmp_path):
    a, b = {"a": {"f": ramp(2, 2)}}, {"b": {"f": ramp(1, 2)}}
    put(tmp_path / "one", a | b)
    put(tmp_path / "two", a)
    put(tmp_path / "two", b)
    put(tmp_path / "three", a)
    prints = [FeatureStore.open(tmp_path / name).fingerprint for name in ("one", "two", "three")]
    assert prints[0] == prints[1] != prints[2]


def test_the_same_shard_is_the_same_bytes(tmp_path):
    first = put(tmp_path / "one", {"a": {"f": ramp(2, 2)}})
    second = put(tmp_path / "two", {"a": {"f": ramp(2, 2)}})
    assert first.name == second.name
    for file in first.iterdir():
        assert file.read_bytes() == (second / file.name).read_bytes()
    assert [*np.load(first / "f.npy", allow_pickle=False)[1]] == [2.0, 3.0]


def test_half_written_leftovers_are_not_seen(tmp_path):
    shard = put(tmp_path, {"a": {"f": ramp(2, 2)}})
    shutil.copytree(shard, shard.with_name(f".{shard.name}.x1.part"))
    (shard.with_name(".y.part") / "deep").mkdir(parents=True)
    assert FeatureStore.open(tmp_path).ids == ("a",)


def test_damage_is_found(tmp_path):
    shard = put(tmp_path, {"a": {"f": ramp(2, 2)}, "b": {"f": ramp(2, 2)}})
    data, index = shard / "f.npy", shard / "index.json"
    whole, text = data.read_bytes(), index.read_text()

    data.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    store = FeatureStore.open(tmp_path)
    with pytest.raises(StoreError, match=rf"rows are damaged in these shards; .*\n  {shard}: b, feature 'f'"):
        store.verify()

    data.write_bytes(whole[:-2])
    with pytest.raises(StoreError, match=rf"{len(whole) - 2} bytes, expected {len(whole)}"):
        FeatureStore.open(tmp_path)

    data.write_bytes(whole.replace(b"(4, 2)", b"(2, 4)"))
    with pytest.raises(StoreError, match=r"float16 \(2, 4\), expected float16 \(4, 2\)"):
        FeatureStore.open(tmp_path).values("a", "f")

    data.write_bytes(whole)
    index.write_text(text.replace('"a"', '"c"'))
    with pytest.raises(StoreError, match="the checksum is wrong"):
        FeatureStore.open(tmp_path)
    index.write_text(text.replace("valaro shard 2", "valaro shard 3"))
    with pytest.raises(StoreError, match="of format 'valaro shard 3', expected 'valaro shard 2'"):
        FeatureStore.open(tmp_path)
    index.write_text(text[:30])
    with pytest.raises(StoreError, match="a damaged shard"):
        FeatureStore.open(tmp_path)


@pytest.mark.parametrize(
    "harm",
    [
        lambda body: body.update(sizes=[]),
        lambda body: body.update(sizes={}),
        lambda body: body.update(entries=5),
        lambda body: body["sizes"].update({"../../f": [4, 2, 1000]}),
        lambda body: body["sizes"].update(f=[10**12, 2, 1000]),
        lambda body: body["sizes"].update(f=["4", 2, 1000]),
        lambda body: body["entries"][0]["blocks"][0].__setitem__(2, -2),
        lambda body: body["entries"][0]["blocks"][0].__setitem__(2, 10**12),
        lambda body: body["entries"][0]["blocks"][0].__setitem__(3, 3),
        lambda body: body["entries"].append([[]]),
    ],
)
def test_an_index_with_a_right_checksum_and_wrong_sizes_or_kinds_is_damaged(tmp_path, harm):
    index = put(tmp_path, {"a": {"f": ramp(2, 2)}, "b": {"f": ramp(2, 2)}}) / "index.json"
    head, body = map(json.loads, index.read_text().splitlines())
    harm(body)
    text = json.dumps(body)
    index.write_text(json.dumps({**head, "checksum": xxhash.xxh3_64_hexdigest(text.encode())}) + "\n" + text + "\n")
    with pytest.raises(StoreError, match="a damaged shard"):
        FeatureStore.open(tmp_path)


def test_what_is_no_store_is_refused(tmp_path):
    with pytest.raises(StoreError, match="there is no such folder"):
        FeatureStore.open(tmp_path / "none")
    with pytest.raises(StoreError, match="it is no feature store"):
        FeatureStore.open(tmp_path)
    (tmp_path / "holiday.jpg").write_text("")
    with pytest.raises(StoreError, match="expected a new or empty folder"):
        write_head(tmp_path, [])
    (tmp_path / "store.json").write_text(json.dumps({"format": "valaro feature store 2", "notes": []}))
    with pytest.raises(StoreError, match="of format 'valaro feature store 2'"):
        FeatureStore.open(tmp_path)
    (tmp_path / "store.json").write_text("{")
    with pytest.raises(StoreError, match="damaged"):
        FeatureStore.open(tmp_path)


def test_one_feature_has_one_width_and_version_in_a_store(tmp_path):
    put(tmp_path, {"a": {"f": ramp(2, 2)}})
    put(tmp_path, {"b": {"f": ramp(2, 3)}})
    with pytest.raises(StoreError, match=r"in \[2, 3\] numbers a row"):
        FeatureStore.open(tmp_path)
    with pytest.raises(StoreError, match=r"in \[2, 3\] numbers a row in one shard"):
        put(tmp_path, {"c": {"f": ramp(2, 2)}, "d": {"f": ramp(2, 3)}})


def test_pairs_taken_out_leave_all_others_as_they_were(tmp_path):
    put(tmp_path, {"a": {"f": ramp(2, 2), "g": ramp(2, 1)}, "b": {"f": ramp(3, 2, 50.0), "g": ramp(1, 1)}})
    untouched = put(tmp_path, {"c": {"f": ramp(1, 2)}})
    date = (untouched / "index.json").stat().st_mtime_ns
    drop(tmp_path, {("a", "f"), ("b", "g")})
    store = FeatureStore.open(tmp_path)
    store.verify()
    held = {(utterance, name) for utterance in "abc" for name in "fg" if store.has(utterance, name)}
    assert held == {("a", "g"), ("b", "f"), ("c", "f")}
    assert store.values("b", "f").tolist() == [[50.0, 51.0], [52.0, 53.0], [54.0, 55.0]]
    assert (untouched / "index.json").stat().st_mtime_ns == date
    drop(tmp_path, {("a", "g"), ("b", "f")})
    assert [path.name for path in (tmp_path / SHARDS).iterdir()] == [untouched.name]


def test_taking_out_that_was_killed_before_the_old_shard_went_ends_the_same(tmp_path):
    both = {"a": {"f": ramp(2, 2)}, "b": {"f": ramp(3, 2)}}
    put(tmp_path, both)
    put(tmp_path, {"b": both["b"]})
    assert FeatureStore.open(tmp_path).values("b", "f").tolist() == both["b"]["f"].tolist()
    drop(tmp_path, {("a", "f")})
    put(tmp_path / "other", {"b": both["b"]})
    left, right = ([path.name for path in (place / SHARDS).iterdir()] for place in (tmp_path, tmp_path / "other"))
    assert left == right


def test_a_source_is_another_when_its_size_or_stretch_is_but_not_when_it_is_gone():
    assert SOURCE.is_unchanged(SOURCE)
    assert SOURCE.is_unchanged(SOURCE._replace(size=-1))
    assert not SOURCE.is_unchanged(SOURCE._replace(size=11))
    assert not SOURCE.is_unchanged(SOURCE._replace(size=-1, start=1.0))
    assert not SOURCE._replace(size=-1).is_unchanged(SOURCE)
    assert not SOURCE.is_unchanged(SOURCE._replace(contents=("ab", "")))
    voiced = SOURCE._replace(contents=("ab", "cd"), voice=("b.wav", 5, 0.0))
    assert voiced.is_unchanged(voiced._replace(size=-1, contents=("", ""), voice=("b.wav", -1, 0.0)))
    assert not voiced.is_unchanged(voiced._replace(contents=("ab", "ce")))


def test_an_entry_comes_back_whole(tmp_path):
    source = Source(media="é\u2028.mp4", size=-1, start=0.1, end=1 / 3, region=(0.0, 0.25, 1.0, 1.0))
    given = Entry(utterance="x\ny", source=source, blocks=(Block(name="f", version="1"),))
    assert read_shard(write_shard(tmp_path, [given], lambda e, b: ramp(0, 0))).entries == (given,)


def test_a_store_can_be_handed_to_another_process(tmp_path):
    put(tmp_path, {"a": {"f": ramp(2, 2)}})
    rebuild, arguments = FeatureStore.open(tmp_path).__reduce__()
    assert rebuild(*arguments).ids == ("a",)


def test_opening_a_store_of_many_shards_reads_no_rows(tmp_path):
    put(tmp_path, {"a": {"f": ramp(2, 2)}})
    store = FeatureStore.open(tmp_path)
    shutil.rmtree(tmp_path / SHARDS)
    assert store.length("a") == 2


def test_a_lock_is_held_by_one_process_and_freed_by_its_death(tmp_path):
    code = (
        "import sys; from pathlib import Path; from valaro.store.lock import exclusive_lock\n"
        "with exclusive_lock(Path(sys.argv[1]), 'extracts'): print('held', flush=True); sys.stdin.read()"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdin=pipe, stdout=pipe) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(StoreError, match="another process extracts into it"), exclusive_lock(tmp_path, "extracts"):
            pass
        holder.kill()
        holder.wait()
    with exclusive_lock(tmp_path, "extracts"):
        pass


def _with_index(shard: Path, change: Callable[[dict], None]) -> None:
    """Change a shard's index, its checksum made right again."""
    head, body = (shard / "index.json").read_text().splitlines()
    facts = json.loads(body)
    change(facts)
    body = canonical_json(facts)
    facts_of_head = json.loads(head) | {"checksum": xxhash.xxh3_64_hexdigest(body.encode())}
    (shard / "index.json").write_text(f"{json.dumps(facts_of_head)}\n{body}\n")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda facts: facts.update(sizes=[]), "damaged shard"),
        (lambda facts: facts.update(entries=7), "damaged shard"),
        (lambda facts: facts.update(entries=[]), "is said to hold 3 rows, its entries 0"),
        (lambda facts: facts["sizes"].pop("fbank"), "no file is said to hold the rows of 'fbank', 2 numbers each"),
        (
            lambda facts: facts["entries"][0]["blocks"][0].__setitem__(2, -3),
            ".blocks[0][2] is -3, expected greater than or equal to 0",
        ),
        (lambda facts: facts["entries"][0].update(utterance=[]), "damaged shard"),
        (lambda facts: facts["sizes"].update({"../x": [1, 2, 200]}), "'../x' is no name of a feature"),
    ],
)
def test_an_index_that_contradicts_itself_is_a_damaged_shard(
    tmp_path: Path, change: Callable[[dict], None], words: str
) -> None:
    _with_index(put(tmp_path, {"c/a": {"fbank": ramp(3, 2)}}), change)
    with pytest.raises(StoreError, match=rf"{re.escape(words)}(.|\n)*delete this folder and extract again"):
        FeatureStore.open(tmp_path)


def test_only_what_is_asked_for_is_compared_with_its_checksums(tmp_path: Path) -> None:
    shard = put(tmp_path, {"c/a": {"fbank": ramp(3, 2), "face": ramp(3, 4)}, "c/b": {"fbank": ramp(2, 2)}})
    rows = bytearray((shard / "fbank.npy").read_bytes())
    # The last row is c/b's; the highest bit of its exponent.
    rows[-1] ^= 0x40
    (shard / "fbank.npy").write_bytes(rows)
    store = FeatureStore.open(tmp_path)
    store.verify(["c/a"], ["fbank", "face"])
    store.verify(["c/a", "c/b"], ["face"])
    with pytest.raises(
        StoreError, match=rf"rows are damaged in these shards; delete.*\n  {shard}: c/b, feature 'fbank'"
    ):
        store.verify(["c/b"], ["fbank"])
