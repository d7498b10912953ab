"""JSON and TOML from outside: limits of size and depth hold before anything is made of them."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from valaro.documents import parse_json, parse_toml, read_json, read_toml
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
