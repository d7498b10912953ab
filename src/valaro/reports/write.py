"""A report in the form that the name of its file asks for, or in all of them in a folder."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from valaro.analysis.results import dimension_results
from valaro.errors import ValaroError
from valaro.files import atomic_folder, write_page
from valaro.records import RunRecord
from valaro.reports.blocks import Figure, walk
from valaro.reports.document import document, title_of
from valaro.reports.formats import file_name
from valaro.reports.html import page_of, report_page
from valaro.reports.latex import latex
from valaro.reports.markdown import markdown
from valaro.reports.plots import figure_files
from valaro.reports.score_files import predictions_csv, scores_csv, scores_json

PAGE = "report.html"
_PICTURES = (".svg", ".pdf", ".png")
_FOLDER_FILES = (PAGE, "report.md", "tables.tex", "scores.csv", "predictions.csv")


def write_report_as(runs: Sequence[RunRecord], to: Path, *, times: bool = True) -> None:
    """Write the report to `to`: `.html` the page, `.md`, `.tex`, `.csv` or `.json` the scores; else a folder of all.

    Without `times`, the only figures that two runs of one study never share, such runs give the same bytes.

    Raises:
        ValaroError: another suffix, or a folder that holds something else.
    """
    runs = runs if times else [_without_times(run) for run in runs]
    if not to.suffix or (to.is_dir() and to.suffix.lower() not in _FORMS):
        _write_folder(runs, to)
        return
    if to.suffix.lower() not in _FORMS:
        legal = ", ".join(_FORMS)
        raise ValaroError(
            f"cannot write a report to '{to}': expected a file that ends in one of {legal}, or a name without a suffix "
            "for a folder with all of them"
        )
    if to.is_dir():
        raise ValaroError(f"cannot write a report to '{to}': it is a folder; expected the name of a file")
    write_page(to, _FORMS[to.suffix.lower()](runs))


def _without_times(run: RunRecord) -> RunRecord:
    return replace(run, results=tuple(replace(result, seconds=float("nan")) for result in run.results))


def _markdown(runs: Sequence[RunRecord]) -> str:
    results = dimension_results(runs)
    return markdown(title_of(results), document(runs, results))


def _latex(runs: Sequence[RunRecord]) -> str:
    results = dimension_results(runs)
    return latex(document(runs, results))


_FORMS: dict[str, Callable[[Sequence[RunRecord]], str]] = {
    ".html": report_page,
    ".md": _markdown,
    ".tex": _latex,
    ".csv": scores_csv,
    ".json": scores_json,
}


def _write_folder(runs: Sequence[RunRecord], folder: Path) -> None:
    _check_is_ours(folder)
    results = dimension_results(runs)
    blocks = document(runs, results)
    figures = {file_name(block.name): block for block in walk(blocks) if isinstance(block, Figure)}
    pictures = {block.name: name for name, block in figures.items()}
    texts = {
        PAGE: page_of(runs, results, blocks),
        "report.md": markdown(title_of(results), blocks, {name: f"{file}.svg" for name, file in pictures.items()}),
        "tables.tex": latex(blocks, {name: f"{file}.pdf" for name, file in pictures.items()}),
        "scores.csv": scores_csv(runs),
        "predictions.csv": predictions_csv(runs),
    }
    with atomic_folder(folder) as aside:
        for name, text in texts.items():
            (aside / name).write_text(text, encoding="utf-8")
        for name, block in figures.items():
            for suffix, content in figure_files(block.panels, block.label).items():
                (aside / f"{name}{suffix}").write_bytes(content)


def _check_is_ours(folder: Path) -> None:
    """Refuse to take the place of anything but an earlier report."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise ValaroError(f"cannot write a report to '{folder}': it is no folder")
    if not folder.is_dir():
        return
    others = sorted(p.name for p in folder.iterdir() if p.name not in _FOLDER_FILES and p.suffix not in _PICTURES)
    if others or (any(folder.iterdir()) and not (folder / PAGE).is_file()):
        example = f", such as {others[0]}" if others else ""
        raise ValaroError(
            f"cannot write a report to '{folder}': it holds other things than a report{example}; expected a new "
            "folder, an empty one or an earlier report"
        )
