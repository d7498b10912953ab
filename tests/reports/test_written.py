"""`valaro report --to`: every form, numbers that read back, and nothing half written or overwritten."""

import csv
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score, precision_score

from helpers.commands import Command
from helpers.results import FAIR, GOOD, POOR, finished, training
from valaro.errors import ValaroError
from valaro.experiments.run_folder import RunFolder, write_result
from valaro.experiments.run_start import begin_run
from valaro.records import LEVELS, Predictions
from valaro.reports.html import report_page
from valaro.reports.write import write_report_as

RUN = finished(
    [
        training("MSSGAN", "ann", 0, GOOD),
        training("MSSGAN", "ben", 0, FAIR),
        training("MFSBase", "ann", 0, FAIR),
        training("MFSBase", "ben", 0, POOR),
    ]
)


def random_run():
    """Trainings of two models on two folds with two seeds: 60 utterances each, probabilities with all their digits."""
    generator = np.random.default_rng(0)
    results = []
    for model in ("MSSGAN", "SSGAN face"):
        for fold in ("ann", "ben"):
            for seed in (0, 1):
                levels = generator.choice(3, size=60, p=(0.5, 0.3, 0.2))
                test = Predictions(
                    ids=tuple(f"c/{fold}-{k}" for k in range(60)),
                    speakers=tuple(f"people/{fold}{k % 4}" for k in range(60)),
                    probabilities=generator.dirichlet((1.0, 1.0, 1.0), 60),
                    correct=np.eye(3, dtype=bool)[levels],
                )
                results.append(replace(training(model, fold, seed, GOOD), test=test))
    return finished(results)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def judged_by_training(path: Path) -> dict[tuple[str, ...], tuple[list[str], list[str]]]:
    """The right and the predicted levels of every training in predictions.csv."""
    found: dict[tuple[str, ...], tuple[list[str], list[str]]] = {}
    for row in rows_of(path):
        right, predicted = found.setdefault((row["model"], row["fold"], row["seed"]), ([], []))
        right.append(row["right"])
        predicted.append(row["predicted"])
        assert row["predicted"] == max(LEVELS, key=lambda level: float(row[level]))
    return found


def by_scikit_learn(right: list[str], predicted: list[str]) -> dict[str, float]:
    uar = balanced_accuracy_score(right, predicted)
    mean_precision = precision_score(right, predicted, average="macro", zero_division=0)
    return {
        "uar": uar,
        "map": mean_precision,
        "f1": 2 * uar * mean_precision / (uar + mean_precision),
        "macro_f1": f1_score(right, predicted, average="macro", zero_division=0),
    }


def test_every_score_is_scikit_learns_on_the_stored_predictions(tmp_path: Path) -> None:
    run = random_run()
    write_report_as([run], tmp_path / "all")
    expected = {
        key: by_scikit_learn(*both) for key, both in judged_by_training(tmp_path / "all/predictions.csv").items()
    }
    assert len(expected) == 8
    rows = [
        row for row in rows_of(tmp_path / "all/scores.csv") if row["part"] == "test" and "recall" not in row["metric"]
    ]
    single = [row for row in rows if row["fold"] != "all"]
    assert len(single) == 8 * 4
    for row in single:
        scikit = expected[row["model"], row["fold"], row["seed"]][row["metric"]]
        assert abs(float(row["value"]) - scikit) < 1e-12
    summaries = [row for row in rows if row["fold"] == "all"]
    assert len(summaries) == 2 * 4
    page = report_page([run])
    for row in summaries:
        values = [scores[row["metric"]] for key, scores in expected.items() if key[0] == row["model"]]
        assert abs(float(row["value"]) - np.mean(values)) < 1e-12
        assert abs(float(row["deviation"]) - np.std(values, ddof=1)) < 1e-12
        assert float(row["low"]) <= float(row["value"]) <= float(row["high"])
        if row["metric"] in {"uar", "f1", "macro_f1"}:
            assert f"<strong>{100 * np.mean(values):.1f}</strong>" in page


def test_probabilities_read_back_to_the_last_digit(tmp_path: Path) -> None:
    run = random_run()
    write_report_as([run], tmp_path / "all")
    read = [[float(row[level]) for level in LEVELS] for row in rows_of(tmp_path / "all/predictions.csv")]
    assert np.array_equal(np.array(read), np.concatenate([result.test.probabilities for result in run.results]))


def test_a_tie_names_every_right_level_and_an_absent_level_has_no_recall(tmp_path: Path) -> None:
    result = training("MSSGAN", "ann", 0, GOOD)
    correct = result.test.correct.copy()
    correct[:] = [True, True, False]
    write_report_as([finished([replace(result, test=replace(result.test, correct=correct))])], tmp_path / "all")
    assert {row["right"] for row in rows_of(tmp_path / "all/predictions.csv")} == {"low+medium"}
    of_test = [row["metric"] for row in rows_of(tmp_path / "all/scores.csv") if row["part"] == "test"]
    assert "recall_medium" in of_test
    assert "recall_high" not in of_test


def test_the_control_is_in_the_tables_and_marked(tmp_path: Path) -> None:
    control = replace(training("MSSGAN", "ann", 0, POOR), model="MSSGAN, shuffled labels", shuffled=True)
    write_report_as([finished([*RUN.results, control])], tmp_path / "scores.csv")
    marked = {(row["model"], row["shuffled"]) for row in rows_of(tmp_path / "scores.csv")}
    assert marked == {("MSSGAN", "false"), ("MFSBase", "false"), ("MSSGAN, shuffled labels", "true")}


def test_runs_that_are_called_alike_are_told_apart(tmp_path: Path) -> None:
    write_report_as([RUN, replace(RUN, results=RUN.results[:1]), replace(RUN, name="other")], tmp_path / "scores.csv")
    assert {row["run"] for row in rows_of(tmp_path / "scores.csv")} == {"study [1]", "study [2]", "other"}


def test_the_suffix_says_the_form(tmp_path: Path) -> None:
    begins = {
        "html": "<!DOCTYPE html>",
        "md": "<!-- made by valaro report -->\n\n# MFSBase and MSSGAN",
        "tex": "% made by valaro report\n% \\input this",
        "csv": "run,dimension,",
    }
    for suffix, begin in begins.items():
        write_report_as([RUN], tmp_path / f"report.{suffix}")
        assert (tmp_path / f"report.{suffix}").read_text().startswith(begin)


def test_a_name_without_a_suffix_is_a_folder_with_all_forms_and_every_figure(tmp_path: Path) -> None:
    write_report_as([RUN], tmp_path / "all")
    figures = ["confusion-valence", "curves-valence-MFSBase", "curves-valence-MSSGAN", "differences-valence"]
    figures += ["reliability-valence", "scores-valence"]
    texts = ["predictions.csv", "report.html", "report.md", "scores.csv", "tables.tex"]
    drawn = [f"{name}.{suffix}" for name in figures for suffix in ("pdf", "png", "svg")]
    assert sorted(path.name for path in (tmp_path / "all").iterdir()) == sorted([*drawn, *texts])
    pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", (tmp_path / "all/report.md").read_text())
    assert sorted(pictures) == [f"{name}.svg" for name in figures]


def test_another_suffix_is_refused_with_the_legal_ones(tmp_path: Path) -> None:
    with pytest.raises(
        ValaroError, match=r"report.pdf'.*\.html, \.md, \.tex, \.csv, \.json, or a name without a suffix"
    ):
        write_report_as([RUN], tmp_path / "report.pdf")
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_report_is_replaced_whole_and_nothing_else_is(tmp_path: Path) -> None:
    folder = tmp_path / "all"
    write_report_as([RUN], folder)
    (folder / "old.svg").write_text("<svg/>")
    write_report_as([RUN], folder)
    assert not (folder / "old.svg").exists()
    (folder / "thesis.txt").write_text("mine")
    with pytest.raises(ValaroError, match=r"holds other things than a report, such as thesis\.txt"):
        write_report_as([RUN], folder)
    assert (folder / "thesis.txt").read_text() == "mine"


def test_a_folder_of_pictures_alone_and_a_file_are_no_earlier_report(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures/cat.svg").write_text("<svg/>")
    (tmp_path / "file").write_text("mine")
    for name, why in (("pictures", "holds other things than a report"), ("file", "it is no folder")):
        with pytest.raises(ValaroError, match=why):
            write_report_as([RUN], tmp_path / name)
    assert (tmp_path / "pictures/cat.svg").exists()
    assert (tmp_path / "file").read_text() == "mine"


def test_a_report_that_fails_half_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = Path.write_text

    def full(path: Path, text: str, **how: str) -> int:
        if path.name == "scores.csv":
            raise OSError(28, "No space left on device")
        return write(path, text, **how)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space left"):
        write_report_as([RUN], tmp_path / "all")
    assert list(tmp_path.iterdir()) == []


def test_the_command_writes_what_it_is_asked_for(
    valaro: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = RunFolder(path=tmp_path / "study")
    begin_run(folder, RUN)
    for place, result in enumerate(RUN.results):
        write_result(folder, f"training {place}", result)
    for name in ("page.html", "tables.tex", "all"):
        done = valaro("report", "study", "--to", name)
        assert (done.code, done.out) == (0, "")
        assert Path(name).exists()
    done = valaro("report", "study", "--to", "report.docx")
    assert done.code == 2
    assert "expected a file that ends in one of .html, .md, .tex, .csv" in re.sub(r"\s+", " ", done.err)
