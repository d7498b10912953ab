"""JSON and TOML from outside: limits of size and depth, and kinds that are what a record says."""

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from jaxtyping import Bool, Float

from valaro.documents import parse_json, parse_toml, read_json, read_toml
from valaro.jsonfile import from_json, from_plain, read_record, to_json, write_record
from valaro.limits import LIMITS

SMALL = replace(LIMITS, most_json_bytes=10, deepest_json=2)


@pytest.mark.parametrize("text", ["[" * 100_000, "[" * 65 + "]" * 65, '{"a":' * 65 + "1" + "}" * 65])
def test_what_is_nested_deeper_than_64_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match="lists nested more than 64 deep"):
        parse_json(text)


def test_64_lists_inside_each_other_are_read() -> None:
    assert json.dumps(parse_json("[" * 64 + "]" * 64)).count("[") == 64


@pytest.mark.parametrize("count", [100_000, 70])
def test_toml_nested_too_deeply_is_refused_in_words(count: int) -> None:
    with pytest.raises(ValueError, match="lists nested more than 64 deep"):
        parse_toml("a = " + "[" * count + "]" * count)


def test_a_longer_text_or_file_than_the_limit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="11 bytes, expected at most 10"):
        parse_json("[1,2,3,4,5]", SMALL)
    path = tmp_path / "a.json"
    path.write_text("[]")
    os.truncate(path, 1 << 40)  # a hole: the file says a terabyte and has none
    with pytest.raises(ValueError, match="1,099,511,627,776 bytes, expected at most"):
        read_json(path)


def test_a_pipe_in_the_place_of_a_file_is_named_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.json")
    with pytest.raises(ValueError, match="it is a pipe, expected a file"):
        read_json(tmp_path / "a.json")
    with pytest.raises(FileNotFoundError):
        read_toml(tmp_path / "b.toml")


@dataclass(frozen=True, kw_only=True)
class Inner:
    """A record inside another."""

    name: str
    kind: Literal["a", "b"] = "a"


@dataclass(frozen=True, kw_only=True)
class Outer:
    """Every kind of field."""

    count: int
    share: float
    inner: tuple[Inner, ...]
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
    assert from_plain(Outer, FITTING, "it") == Outer(
        count=1, share=2.0, inner=(Inner(name="x", kind="b"),), pair=(3, "y"), maybe=None, flags={"f": True}
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
        from_plain(Outer, FITTING | change, "it")


def test_every_fault_is_named_up_to_three_and_the_rest_is_counted() -> None:
    with pytest.raises(ValueError, match=r"it lacks flags; it.count is 'x'.*; it.share is 'y'.*; and 1 more"):
        from_json(Outer, '{"count": "x", "share": "y", "inner": 5, "pair": [1, "a"], "maybe": null}', "it")


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Arrays and a path."""

    values: Float[np.ndarray, "n 3"]
    right: Bool[np.ndarray, " n"]
    file: Path


def test_arrays_come_back_with_kind_shape_and_last_digit(tmp_path: Path) -> None:
    values = np.array([[0.1 + 0.2, 1 / 3, 5e-324], [1e308, -0.0, 2.0]])
    record = Measured(values=values, right=np.array([True, False]), file=Path("a b.wav"))
    write_record(tmp_path / "a.json", record)
    again = read_record(Measured, tmp_path / "a.json", "it")
    assert (again.values.dtype, again.values.tobytes(), again.file) == (values.dtype, values.tobytes(), record.file)
    assert (again.right.dtype, again.right.tolist()) == (bool, [True, False])
    empty = from_json(Measured, '{"values": [], "right": [], "file": "a"}', "it")
    assert (empty.values.shape, empty.right.shape) == ((0, 3), (0,))
    with pytest.raises(ValueError, match=r"it.values\[0\] is \[1, 2\]: List should have at least 3 items"):
        from_json(Measured, '{"values": [[1, 2]], "right": [], "file": "a"}', "it")


def test_what_is_written_is_strict_json() -> None:
    text = to_json({"a": np.nan, "b": [np.inf, np.float32(0.5)], "c": (Path("x"), {1: 2})})
    assert text == '{"a": null, "b": [null, 0.5], "c": ["x", {"1": 2}]}'
