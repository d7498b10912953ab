"""docs/presets.md says what the presets are: generated, complete and up to date."""

import subprocess
import sys
from pathlib import Path

from valaro.training.config import DEFAULT, PAPER, config_values

PROJECT = Path(__file__).parents[2]
ROWS = [
    [cell.strip() for cell in line.strip("|\n").split(" | ")]
    for line in (PROJECT / "docs" / "presets.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| `")
]


def test_the_page_of_presets_is_up_to_date() -> None:
    script = [sys.executable, str(PROJECT / "tools" / "presets.py"), "--check"]
    done = subprocess.run(script, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_every_value_in_which_the_presets_differ_has_one_row() -> None:
    paper, default = ({found.name: found.value for found in config_values(config)} for config in (PAPER, DEFAULT))
    named = [row[0].strip("`").partition(".")[2] for row in ROWS]
    differing = {name for name in paper if paper[name] != default[name]}
    # The K+1 head is alike in both and not as printed; who tests is no part of a preset.
    assert sorted(named) == sorted(differing | {"explicit_head", "directions"})


def test_a_row_holds_the_papers_words_and_both_presets() -> None:
    rows = {row[0]: row[1:] for row in ROWS}
    assert rows["`training.learning_rate`"] == ["0.0002 (Adam)", "0.0002", "0.002"]
    assert rows["`network.layout`"] == ["image: 5x5 convolutions, stride 2", "image", "temporal"]
    assert rows["`losses.real`"] == ["1", "1", "0.3"]
    assert rows["`study.max_unlabelled`"] == ["20,000 (25,000 in Fig. 6)", "20000", "all"]
