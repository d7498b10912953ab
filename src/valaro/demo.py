"""The whole way on a synthetic corpus: make, read, extract, cross-validate, report, train, predict."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from valaro.corpora.options import TableOptions
from valaro.corpora.table import read_table
from valaro.errors import ValaroError
from valaro.experiments.cross_validate import cross_validate
from valaro.experiments.final_model import train_final
from valaro.experiments.run_folder import read_run
from valaro.experiments.settings import read_settings
from valaro.extraction.extract import ExtractOptions, extract
from valaro.files import remove_partials, write_text
from valaro.parallel.count import Count, OnProgress
from valaro.parallel.processes import run_jobs
from valaro.prediction.page import write_timeline_page
from valaro.prediction.predictor import make_timeline
from valaro.records import CorpusNote
from valaro.reports.html import write_report
from valaro.saved_model import load_models
from valaro.store.manifest import write_manifest
from valaro_demo_clips.corpus import (
    SYNTHETIC_NOTE,
    ClipPlan,
    plan_corpus,
    plan_recording,
    render_clip,
    render_recording,
    write_table,
)

STUDY = """\
# The demo's study: four models of the paper on a synthetic corpus, the few labels of the training speakers kept,
# everything else unlabelled. Run it again with other values: valaro cross-validate study.toml --to another-run
[data]
labelled = ["utterances.parquet"]
features = "features"

[study]
models = ["FSBase", "MFSBase", "SSGAN", "MSSGAN"]
features = ["fbank", "face"]
dimensions = ["valence", "arousal"]
labels_per_class = 10
directions = "coin"
"""

Progress = Callable[[str, str], AbstractContextManager[OnProgress]]
"""Begins to show a job by its title and what it counts; what it yields is told how many of how many are done."""


@dataclass(frozen=True, kw_only=True)
class Demo:
    """Where the demo's results lie."""

    report: Path
    timeline: Path
    settings: Path


def run_demo(folder: Path, *, workers: int, progress: Progress, seed: int = 0) -> Demo:
    """Go the whole way in `folder`; what an interrupted run finished is not done again."""
    recordings, store, study = folder / "recordings", folder / "features", folder / "study.toml"
    manifest, interview = folder / "utterances.parquet", folder / "interview.mp4"
    if study.is_file() and study.read_text(encoding="utf-8") != STUDY:
        raise ValaroError(f"'{study}' is not the demo's, or no longer: give a folder of its own with --to")
    plans = plan_corpus(seed=seed)
    remove_partials(recordings)
    remove_partials(folder)
    waiting = [plan for plan in plans if not (recordings / plan.file).is_file()]
    with progress("make recordings", "recording") as on_progress:
        _render_all(waiting, recordings, workers=workers, on_progress=on_progress)
        if not interview.is_file():
            render_recording(plan_recording(seed=seed), interview)
    table = write_table(plans, recordings)
    utterances = read_table(table, TableOptions(corpus="synthetic")).utterances
    notes = [CorpusNote(corpus="synthetic", text=SYNTHETIC_NOTE, kind="synthetic")]
    write_manifest(manifest, utterances, notes)
    with progress("extract features", "utterance") as on_progress:
        options = ExtractOptions(on_progress=on_progress)
        extract(utterances, ["fbank", "face"], to=store, workers=workers, notes=notes, options=options)
    write_text(study, STUDY)
    with progress("cross-validate", "training") as on_progress:
        problems = cross_validate(
            read_settings(study), folder / "runs" / "study", workers=workers, on_progress=on_progress
        )
    if problems:
        raise ValaroError(f"{len(problems)} trainings failed, the first: {problems[0].why}")
    report = folder / "report.html"
    write_report([read_run(folder / "runs" / "study")], report)
    final = folder / "runs" / "final"
    with progress("train the model to use", "model") as on_progress:
        train_final(read_settings(study, ['study.models=["MSSGAN"]']), final, workers=workers, on_progress=on_progress)
    with progress("watch the interview", "") as on_progress:
        timeline = make_timeline(
            load_models(final), interview, on_progress=lambda done, duration: on_progress(round(done), round(duration))
        )
    page = folder / "timeline.html"
    write_timeline_page(timeline, page)
    return Demo(report=report, timeline=page, settings=study)


def _render_all(plans: list[ClipPlan], folder: Path, *, workers: int, on_progress: OnProgress) -> None:
    count = Count(total=len(plans), done=0, on_progress=on_progress)
    outcomes = run_jobs(partial(render_clip, folder=folder), plans, workers=workers, on_done=count.add)
    failed = [outcome.error for outcome in outcomes if outcome.error]
    if failed:
        raise ValaroError(f"{len(failed)} recordings could not be made, the first: {failed[0]}")
