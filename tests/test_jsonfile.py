"""Records in JSON files: what is written reads back the same, and what is no such record is named by its place."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pytest
from annotated_types import Ge
from hypothesis import given
from hypothesis import strategies as st
from jaxtyping import Bool, Float

from valaro.jsonfile import from_json, read_record, to_json, write_record


@dataclass(frozen=True, kw_only=True)
class _Inner:
    kind: Literal["a", "b"]
    count: Annotated[int, Ge(1)] = 1


@dataclass(frozen=True, kw_only=True)
class _Outer:
    name: str
    values: Float[np.ndarray, "n 2"]
    flags: Bool[np.ndarray, " n"]
    inner: tuple[_Inner, ...] = ()


@given(
    values=st.lists(st.tuples(*[st.floats(allow_nan=False, allow_infinity=False)] * 2), max_size=4),
    name=st.text(),
    count=st.integers(1, 10**12),
)
def test_a_record_reads_back_to_the_last_digit(
    tmp_path_factory: pytest.TempPathFactory, values: list[tuple[float, float]], name: str, count: int
) -> None:
    record = _Outer(
        name=name,
        values=np.array(values, np.float64).reshape(-1, 2),
        flags=np.array([first > 0 for first, _ in values], bool),
        inner=(_Inner(kind="b", count=count),),
    )
    path = tmp_path_factory.mktemp("record") / "record.json"
    write_record(path, record)
    back = read_record(_Outer, path, "it")
    assert (back.name, back.inner) == (record.name, record.inner)
    for array, other in ((back.values, record.values), (back.flags, record.flags)):
        assert (array.dtype, array.shape) == (other.dtype, other.shape)
        assert np.array_equal(array, other)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"name": 5, "values": [], "flags": []}', "it.name is 5, expected text"),
        ('{"name": "a", "values": [[1]], "flags": []}', r"it\.values\[0\] is \[1\]: List should have at least 2 items"),
        ('{"name": "a", "values": [[1, NaN]], "flags": []}', "it.values"),
        ('{"name": "a", "values": [], "flags": [1]}', r"it\.flags\[0\] is 1, expected true or false"),
        ('{"name": "a"}', "it lacks values, flags"),
        ('{"name": "a", "values": [], "flags": [], "inner": [{"kind": "c"}]}', "kind is 'c', expected 'a' or 'b'"),
        ('{"name": "a", "values": [], "flags": [], "inner": [{"kind": "a", "count": 0}]}', "than or equal to 1"),
        ('{"name": "a", "values": [], "flags": [], "b": 1}', "it has an unknown 'b'"),
        ('{"name": "\\ud800", "values": [], "flags": []}', "it"),
        ("null", "it is null"),
        ("[" * 100_000, "nested more than 64 deep"),
        ("{", "Expecting property name"),
    ],
)  # fmt: skip
def test_what_is_no_such_record_is_named_by_its_place(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        from_json(_Outer, text, "it")


def test_numbers_that_are_none_become_null_and_paths_are_text() -> None:
    assert to_json({"a": [np.float32(np.nan), 1.0], "b": Path("x")}) == '{"a": [null, 1.0], "b": "x"}'
