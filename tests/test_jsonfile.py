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

from valaro.jsonfile import from_json, from_plain, read_record, to_json, write_record


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


@dataclass(frozen=True, kw_only=True)
class _Part:
    """A record inside another."""

    name: str
    kind: Literal["a", "b"] = "a"


@dataclass(frozen=True, kw_only=True)
class _Whole:
    """Every kind of field."""

    count: int
    share: float
    inner: tuple[_Part, ...]
    pair: tuple[int, str]
    maybe: str | None
    flags: dict[str, bool]


FITTING = {
    "count": 1,
    "share": 2,
    "inner": [{"name": "x", "kind": "b"}],
    "pair": [3, "y"],
    "maybe": None,
    "flags": {"f": True},
}


def test_plain_values_become_the_record_that_its_type_says() -> None:
    assert from_plain(_Whole, FITTING, "it") == _Whole(
        count=1, share=2.0, inner=(_Part(name="x", kind="b"),), pair=(3, "y"), maybe=None, flags={"f": True}
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"count": True}, "it.count is True, expected a whole number"),
        ({"share": float("nan")}, "it.share is nan, expected a finite number"),
        ({"share": 10**400}, "it.share is 1000.*, expected"),
        ({"inner": [{"name": "x", "kind": "c"}]}, r"it.inner\[0\].kind is 'c', expected 'a' or 'b'"),
        ({"inner": [{}]}, r"it.inner\[0\] lacks name"),
        ({"inner": {}}, "it.inner is {}, expected a list"),
        ({"pair": [3]}, r"it.pair lacks \[1\]"),
        ({"maybe": 1}, "it.maybe is 1, expected text"),
        ({"maybe": "\ud800"}, "it: .*hex escape"),
        ({"flags": {"f": 0}}, "it.flags.f is 0, expected true or false"),
        ({"flags": []}, r"it.flags is \[\], expected names with values"),
    ],
)
def test_a_value_of_another_kind_is_named_with_its_place(change: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        from_plain(_Whole, FITTING | change, "it")


def test_every_fault_is_named_up_to_three_and_the_rest_is_counted() -> None:
    with pytest.raises(ValueError, match=r"it lacks flags; it.count is 'x'.*; it.share is 'y'.*; and 1 more"):
        from_json(_Whole, '{"count": "x", "share": "y", "inner": 5, "pair": [1, "a"], "maybe": null}', "it")


@dataclass(frozen=True, kw_only=True)
class _Measured:
    """Arrays and a path."""

    values: Float[np.ndarray, "n 3"]
    right: Bool[np.ndarray, " n"]
    file: Path


def test_arrays_come_back_with_kind_shape_and_last_digit(tmp_path: Path) -> None:
    values = np.array([[0.1 + 0.2, 1 / 3, 5e-324], [1e308, -0.0, 2.0]])
    record = _Measured(values=values, right=np.array([True, False]), file=Path("a b.wav"))
    write_record(tmp_path / "a.json", record)
    again = read_record(_Measured, tmp_path / "a.json", "it")
    assert (again.values.dtype, again.values.tobytes(), again.file) == (values.dtype, values.tobytes(), record.file)
    assert (again.right.dtype, again.right.tolist()) == (bool, [True, False])
    empty = from_json(_Measured, '{"values": [], "right": [], "file": "a"}', "it")
    assert (empty.values.shape, empty.right.shape) == ((0, 3), (0,))
    with pytest.raises(ValueError, match=r"it.values\[0\] is \[1, 2\]: List should have at least 3 items"):
        from_json(_Measured, '{"values": [[1, 2]], "right": [], "file": "a"}', "it")


def test_what_is_written_is_strict_json() -> None:
    text = to_json({"a": np.nan, "b": [np.inf, np.float32(0.5)], "c": (Path("x"), {1: 2})})
    assert text == '{"a": null, "b": [null, 0.5], "c": ["x", {"1": 2}]}'
