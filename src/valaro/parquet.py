"""Parquet files read within limits of rows and bytes, which hold before anything is written out in memory.

A value that is repeated stands once in such a file: 16 kB can hold a billion rows.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.compute import call_function

from valaro.limits import LIMITS, Limits
from valaro.regular import why_not_readable

_NUMBER_BYTES = 8


def read_schema(path: Path) -> Any:  # noqa: ANN401 - pyarrow types its own classes as unknown
    """Return the columns of a file and what it says of itself; it raises what `read_parquet` does."""
    with _opened(path) as file:
        return file.schema_arrow


def read_parquet(path: Path, columns: Collection[str] | None = None, limits: Limits = LIMITS) -> Any:  # noqa: ANN401 - a pyarrow.Table
    """Return a table, or `columns` of it, in which repeated texts stand once.

    Raises:
        ValueError: no regular file, or more rows or bytes than `limits` allow.
        pyarrow.ArrowException, OSError: no Parquet file, or a damaged one.
    """
    with _opened(path) as file:
        _check_claims(file.metadata, columns, limits)
        texts = _texts(file.metadata)
    with pq.ParquetFile(path, read_dictionary=texts) as file:
        table = file.read(columns=None if columns is None else list(columns))
    size = sum(_written_out(chunk) for column in table.columns for chunk in column.chunks)
    _check(size, limits)
    return table


def _opened(path: Path) -> pq.ParquetFile:
    why = why_not_readable(path)
    if why and path.exists():
        raise ValueError(f"it {why}, expected a file")
    return pq.ParquetFile(path)


def _texts(metadata: Any) -> list[str]:  # noqa: ANN401 - as above
    leaves = [metadata.schema.column(index) for index in range(metadata.num_columns)]
    return [leaf.path for leaf in leaves if leaf.physical_type == "BYTE_ARRAY"]


def _check_claims(metadata: Any, columns: Collection[str] | None, limits: Limits) -> None:  # noqa: ANN401 - as above
    if metadata.num_rows > limits.most_rows:
        raise ValueError(f"{metadata.num_rows:,} rows, expected at most {limits.most_rows:,}")
    size = 0
    for group in (metadata.row_group(number) for number in range(metadata.num_row_groups)):
        for index in range(metadata.num_columns):
            chunk, leaf = group.column(index), metadata.schema.column(index)
            if columns is None or leaf.path.partition(".")[0] in columns:
                width = max(_NUMBER_BYTES, leaf.length or 0)
                size += max(chunk.total_uncompressed_size, chunk.num_values * width)
    _check(size, limits)


def _check(size: int, limits: Limits) -> None:
    if size > limits.most_table_bytes:
        raise ValueError(f"its values fill {size:,} bytes in memory, expected at most {limits.most_table_bytes:,}")


def _written_out(array: Any) -> int:  # noqa: ANN401 - as above
    """Return the bytes of an array whose repeated values are written out."""
    if pa.types.is_dictionary(array.type):
        lengths = call_function("binary_length", [array.dictionary])
        total = call_function("sum", [lengths.take(array.indices)]).as_py()
        return array.indices.nbytes + (total or 0)
    if pa.types.is_struct(array.type):
        return sum(map(_written_out, array.flatten()))
    if pa.types.is_list(array.type) or pa.types.is_large_list(array.type) or pa.types.is_fixed_size_list(array.type):
        return array.nbytes + _written_out(array.flatten())
    return array.nbytes
