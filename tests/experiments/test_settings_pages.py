"""settings/example.toml and docs/settings.md are generated, complete, and what they say is what settings do."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from valaro.experiments.sections import all_settings
from valaro.experiments.settings import check_settings

PROJECT = Path(__file__).parents[2]
EXAMPLE = (PROJECT / "settings" / "example.toml").read_text(encoding="utf-8")


def test_the_pages_of_settings_are_up_to_date() -> None:
    script = [sys.executable, str(PROJECT / "tools" / "settings_pages.py"), "--check"]
    done = subprocess.run(script, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_every_setting_stands_in_the_example_and_on_the_page_once() -> None:
    page = (PROJECT / "docs" / "settings.md").read_text(encoding="utf-8")
    for setting in all_settings().values():
        part = EXAMPLE.partition(f"[{setting.section}]\n")[2].partition("\n\n")[0]
        assert len(re.findall(rf"^(?:# )?{setting.name} = ", part, re.MULTILINE)) == 1, setting
        section = page.partition(f"## `[{setting.section}]`")[2].partition("\n## ")[0]
        assert len(re.findall(rf"^\| `{setting.name}`", section, re.MULTILINE)) == 1, setting


def test_what_stands_in_the_example_as_a_comment_is_what_holds_anyway() -> None:
    is_example = ("sessions", "paper", "max_unlabelled")
    commented = re.sub(r"^# (\[|\w+ = )", r"\1", EXAMPLE.partition("[vary]")[0], flags=re.MULTILINE)
    lines = [line for line in commented.splitlines() if line.partition(" = ")[0] not in is_example]
    whole, given = (tomllib.loads(text) for text in ("\n".join(lines), EXAMPLE))
    assert len(whole["training"]) > len(given.get("training", {})) == 0
    assert check_settings(whole, "whole") == check_settings(given, "given")
    examples = tomllib.loads(commented)
    assert {name for name in is_example if name in examples["study"]} == set(is_example)
    check_settings(examples, "examples")
