"""Each kind of corpus explains its own options, and scripts get what they want as JSON."""

import csv
import json
from dataclasses import fields
from pathlib import Path

import pytest

from helpers.commands import Command
from helpers.studies import make_study
from valaro import __version__
from valaro.corpora.registry import KINDS

ROWS = ("x,a.wav,anna,low", "y,a.wav,anna,high", "z,a.wav,ben,medium")


def strict_json(text: str) -> dict[str, object]:
    """Read JSON as the standard has it: NaN and Infinity are none."""

    def refuse(name: str) -> float:
        raise AssertionError(name)

    return json.loads(text, parse_constant=refuse)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table whose labelled rows have no session."""
    (tmp_path / "a.wav").write_bytes(b"sound")
    (tmp_path / "t.csv").write_text("utterance,file,speaker,valence\n" + "\n".join(ROWS) + "\n")
    return tmp_path / "t.csv"


def test_the_version_is_said(valaro: Command) -> None:
    assert valaro("--version").out == f"valaro {__version__}\n"


@pytest.mark.parametrize("kind", KINDS)
def test_the_help_of_a_kind_shows_its_options_and_no_others(valaro: Command, kind: str) -> None:
    answer = valaro("read", kind, "--help")
    every = {field.name for any_kind in KINDS.values() for field in fields(any_kind.options)}
    shown = {option for option in every if f"--{option.replace('_', '-')} " in f"{answer.out} "}
    shown |= {"faces"} if "--faces" in answer.out else set()
    assert shown == {field.name for field in fields(KINDS[kind].options)}


def test_no_line_of_help_is_cut_off(valaro: Command) -> None:
    for arguments in (("--help",), ("read", "--help")):
        listed = valaro(*arguments).out.partition("Commands:")[2]
        assert "..." not in listed


def test_a_missing_session_is_told_when_the_table_is_read(valaro: Command, table: Path, tmp_path: Path) -> None:
    answer = valaro("read", "table", table, "--to", tmp_path / "m.parquet")
    assert answer.code == 0
    assert "WARNING: Labelled utterances without a session: no fold can hold them out: t/x, t/y, t/z" in answer.err


def test_a_scale_that_was_not_stated_and_has_no_high_level_is_told(valaro: Command, table: Path) -> None:
    table.write_text(table.read_text().replace("low", "1").replace("high", "3").replace("medium", "2"))
    words = "no valence vote is high: votes lie between 1 and 3 on 1 to 5, of which up to 2 is low, from 4 on high"
    answer = valaro("read", "table", table, "--to", table.with_suffix(".parquet"))
    assert f"{words}; if the labels are numbers on another scale, state it, as in --scale 1 3" in answer.err
    assert "vote is" not in valaro("read", "table", table, "--to", table.with_suffix(".parquet"), "--scale", 1, 3).err


def test_read_and_check_answer_a_script_in_json(valaro: Command, table: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "m.parquet"
    facts = strict_json(valaro("read", "table", table, "--to", manifest, "--json").out)
    assert (facts["utterances"], facts["speakers"], facts["labelled"], facts["rejected"]) == (3, 2, 3, [])
    assert facts["warnings"][0].startswith("Labelled utterances without a session")
    answer = valaro("check", manifest, "--to", tmp_path / "c.html", "--json")
    found = strict_json(answer.out)
    assert answer.code == 1
    assert {"what": facts["warnings"][0], "cases": ["t/x", "t/y", "t/z"], "is_fault": True} in found["findings"]


def test_scores_as_json_are_the_rows_of_the_table(valaro: Command, tmp_path: Path) -> None:
    study, run = make_study(tmp_path), tmp_path / "run"
    assert valaro("cross-validate", study, "--to", run, "--set", 'study.models=["MFSBase"]').code == 0
    for suffix in ("csv", "json"):
        assert valaro("report", run, "--to", tmp_path / f"scores.{suffix}").code == 0
    rows = strict_json((tmp_path / "scores.json").read_text())["rows"]
    with (tmp_path / "scores.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert len(rows) == len(table)
    assert [row["metric"] for row in rows] == [row["metric"] for row in table]
    assert rows[0]["value"] == pytest.approx(float(table[0]["value"]))
    assert rows[0]["low"] is None
