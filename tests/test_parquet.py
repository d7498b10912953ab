"""Tables in Parquet: what 16 kB claim to hold is compared with the limits before it is written out."""

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from valaro.corpora.table import read_table
from valaro.errors import StoreError, ValaroError
from valaro.limits import LIMITS
from valaro.parquet import read_parquet
from valaro.store.manifest import VERSION, read_manifest

LIMITED = replace(LIMITS, most_rows=10, most_table_bytes=1000)
RATING = pa.struct([("annotator", pa.string()), ("score", pa.float64())])


def test_a_table_comes_back_as_it_was_written_texts_in_lists_too(tmp_path: Path) -> None:
    rows = [{"id": "a", "ratings": [{"annotator": "é", "score": 1.5}] * 2}, {"id": None, "ratings": None}]
    table = pa.Table.from_pylist(rows, schema=pa.schema([("id", pa.string()), ("ratings", pa.list_(RATING))]))
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=1)
    assert read_parquet(tmp_path / "t.parquet").to_pylist() == rows
    pq.write_table(table.slice(0, 0), tmp_path / "empty.parquet")
    assert read_parquet(tmp_path / "empty.parquet").to_pylist() == []


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"a": [1] * 11}, "11 rows, expected at most 10"),
        # 10 lists of 20 numbers of 8 bytes.
        ({"a": [[1] * 20] * 10}, "its values fill 1,[6-9].. bytes in memory, expected at most 1,000"),
        # The text stands once in the file, and ten times in memory.
        ({"a": ["x" * 300] * 10}, "its values fill 3,0.. bytes in memory, expected at most 1,000"),
        ({"a": [[{"t": "x" * 300}]] * 10}, "its values fill 3,... bytes in memory, expected at most 1,000"),
        ({"a": [b"x" * 1001]}, "its values fill .,... bytes in memory, expected at most 1,000"),
    ],
)
def test_more_rows_or_bytes_than_the_limits_are_refused(
    tmp_path: Path, table: dict[str, list[object]], words: str
) -> None:
    pq.write_table(pa.table(table), tmp_path / "t.parquet")
    with pytest.raises(ValueError, match=words):
        read_parquet(tmp_path / "t.parquet", limits=LIMITED)


def test_a_column_that_is_not_asked_for_costs_nothing(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1, 2], "large": ["x" * 5000] * 2}), tmp_path / "t.parquet")
    assert read_parquet(tmp_path / "t.parquet", ["a"], LIMITED).to_pylist() == [{"a": 1}, {"a": 2}]


def test_a_table_and_a_manifest_of_three_million_rows_in_a_few_kilobytes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    rows = pa.table({name: pa.repeat("a", 3_000_000) for name in ("utterance", "file")})
    pq.write_table(rows, path)
    with pytest.raises(ValaroError, match="not a readable Parquet file: 3,000,000 rows, expected at most 2,000,000"):
        read_table(path)
    pq.write_table(rows.replace_schema_metadata({b"valaro.manifest": VERSION.encode()}), path)
    with pytest.raises(StoreError, match="3,000,000 rows, expected at most 2,000,000"):
        read_manifest(path)
