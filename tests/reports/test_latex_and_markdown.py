"""LaTeX that compiles and Markdown that stays text, whatever runs, speakers and corpora are called."""

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from helpers.results import FAIR, GOOD, POOR, finished, training, variant
from valaro.records import CorpusNote, Problem
from valaro.reports.blocks import table, words
from valaro.reports.latex import escaped as in_latex
from valaro.reports.latex import latex
from valaro.reports.markdown import escaped as in_markdown
from valaro.reports.write import write_report_as

EVIL = "\\input{x} $y^2$ & 50 % #1 ~ _a_ ^ <b> |c| \"q\" `t` ''x'' ,, -- [z] äöü ß 語 é − ± – \x00 1. end"
LATEX = next(filter(None, map(shutil.which, ("pdflatex", "lualatex", "xelatex"))), None)


def evil_run():
    trained = [training("MSSGAN", "ann", 0, GOOD), training("MFSBase", "ann", 0, POOR)]
    trained += [variant("SSGAN face", "losses.consistency", value, "ann", FAIR) for value in ("1", "3")]
    return replace(
        finished(trained, paper="table_7", speaker_normalised=True, stand_ins={"dface": "face"}),
        name=EVIL,
        notes=(CorpusNote(corpus=EVIL, text=f"{EVIL}\n\n\n{EVIL}"),),
        environment={EVIL: EVIL},
        problems=(Problem(utterance=EVIL, where=EVIL, why=EVIL),),
    )


@pytest.fixture(scope="module")
def tex(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tex") / "tables.tex"
    write_report_as([evil_run()], path)
    return path


def test_latex_is_ascii_and_its_braces_and_environments_close(tex: Path) -> None:
    text = tex.read_text(encoding="ascii")
    depth = 0
    for sign in re.findall(r"\\.|[{}]", text, re.DOTALL):
        depth += {"{": 1, "}": -1}.get(sign, 0)
        assert depth >= 0
    assert depth == 0
    open_environments = []
    for command, name in re.findall(r"\\(begin|end)\{(\w+)\}", text):
        if command == "begin":
            open_environments.append(name)
        else:
            assert open_environments.pop() == name
    assert open_environments == []


def test_every_row_of_a_latex_table_has_a_cell_a_column(tex: Path) -> None:
    tables = re.findall(r"\\begin\{longtable\}\{@\{\}(.*?)@\{\}\}\n(.*?)\\end\{longtable\}", tex.read_text(), re.DOTALL)
    assert len(tables) >= 8
    for shape, body in tables:
        columns = len(re.findall(r"p\{[\d.]+\\linewidth\}|r", shape.replace(r">{\raggedright\arraybackslash}", "")))
        rows = [line for line in body.splitlines() if line.endswith(r"\\")]
        assert len(rows) >= 2
        assert {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {columns - 1}


def test_no_special_sign_of_a_name_reaches_latex_bare(tex: Path) -> None:
    # What we write ourselves: alignment marks and mathematical signs.
    first, _, rest = tex.read_text().partition("\n\n")
    assert all(line.startswith("% ") for line in first.splitlines())
    text = re.sub(r"\$(-|\\\w+|\^\\circ)\$", "", rest)
    assert not re.search(r"(?<!\\)[$#%_^\"`|<]", re.sub(r"\\[\"`'^~=.]\{", "{", text))
    assert r"\input{x}" not in text
    assert r"\textbackslash{}input\{x\}" in text
    assert r"\texttt{U+8A9E}" in text
    assert "\n\n\n" not in text


def test_latex_keeps_words_readable() -> None:
    assert in_latex("Ångström 10\u202f039, −0.5 ± 2 %") == r"\r{A}ngstr\"{o}m 10\,039{,} $-$0.5 $\pm$ 2 \%"


@pytest.mark.skipif(LATEX is None, reason="no LaTeX on this machine")
def test_latex_compiles(tex: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole.tex"
    packages = r"\usepackage[T1]{fontenc}\usepackage{textcomp,amsmath,booktabs,array,longtable,graphicx}"
    body = rf"\begin{{document}}\input{{{tex}}}\end{{document}}"
    whole.write_text(rf"\documentclass{{article}}{packages}{body}")
    command = [str(LATEX), "-interaction=nonstopmode", "-halt-on-error", f"-output-directory={tmp_path}", str(whole)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    assert (tmp_path / "whole.pdf").stat().st_size > 10_000


def test_every_row_of_a_markdown_table_has_a_cell_a_column(tmp_path: Path) -> None:
    write_report_as([evil_run()], tmp_path / "report.md")
    blocks = (tmp_path / "report.md").read_text().split("\n\n")
    tables = [block.splitlines() for block in blocks if block.startswith("|")]
    assert len(tables) >= 8
    for lines in tables:
        assert re.fullmatch(r"\|( -+:? \|)+", lines[1])
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) == 1


def test_markdown_shows_names_as_they_are(tmp_path: Path) -> None:
    assert in_markdown("<script> a_b*c* [x](y) $z$") == r"\<script\> a\_b\*c\* \[x\](y) \$z\$"
    assert in_markdown("a & b &amp; c") == r"a \& b \&amp; c"
    # What would begin a list or a rule does so only where a paragraph begins, and only before a space.
    assert [in_markdown(text) for text in ("1. one", "- two", "71.4", "-0.5", "---")] == [
        r"1\. one",
        r"\- two",
        "71.4",
        "-0.5",
        r"\---",
    ]


def test_markdown_says_what_the_page_says(tmp_path: Path) -> None:
    run = finished([training("MSSGAN", "ann", 0, GOOD), training("MFSBase", "ann", 0, FAIR)], paper="table_7")
    write_report_as([run], tmp_path / "report.md")
    text = (tmp_path / "report.md").read_text()
    sections = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert sections == [
        "What was found",
        "Can these figures be believed?",
        "Scores",
        "Differences between models",
        "Which levels are confused",
        "Can the probabilities be believed?",
        "Learning curves",
        "Beside the paper",
        "Data",
        "Problems",
        "Settings and environment",
        "Data and model card",
    ]
    assert "Liang, Chen, Jin" in text
    # 5/6 against 4/6
    assert re.search(r"\| MSSGAN \| \*\*83\.3\*\* \([\d.]+ to [\d.]+\) \|", text)
    assert re.search(r"\| MSSGAN − MFSBase \(Do unlabelled recordings pay\?\) \| \*\*\+16\.7\*\* ", text)
    assert "Levels are derived from the acted category" in text
    assert "**What it must not be used for.**" in text


def test_a_row_of_latex_that_begins_with_a_star_keeps_it() -> None:
    text = latex([table((words("model"), "x"), [("*star", "1")])])
    # After the end of a row a star would be an argument of it.
    assert "\n{}*star & 1" in text
