"""The report: one self-contained page from finished runs."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from valaro.analysis import data
from valaro.analysis.calibration import calibration_rows
from valaro.analysis.model_results import trainings
from valaro.analysis.paper.numbers import SOURCE
from valaro.analysis.results import DimensionResults, alarms_of, dimension_results
from valaro.analysis.sanity import sanity_checks
from valaro.errors import ValaroError
from valaro.files import write_page
from valaro.records import DIMENSIONS, LEVELS, RunRecord
from valaro.reports import feature_maps, figures, sentences
from valaro.reports.alarms import alarm_advice, alarm_words
from valaro.reports.calibration import calibration_sentence, dots, nats
from valaro.reports.card import data_and_model_card
from valaro.reports.data_tables import MOST_ROWS, shown_settings
from valaro.reports.paper_comparison import axis_of, beside_paper
from valaro.reports.sanity import check_name, check_words
from valaro.reports.table_1 import level_table
from valaro.reports.varied import varied_section


def write_report(runs: Sequence[RunRecord], path: Path) -> None:
    """Write one HTML file about `runs` to `path`; it needs no network, and the same runs give the same bytes."""
    write_page(path, report_page(runs))


def report_page(runs: Sequence[RunRecord]) -> str:
    """Return the report's HTML."""
    if not runs:
        raise ValaroError("no runs to report on: expected at least one run folder")
    return page_of(runs, dimension_results(runs))


def page_of(runs: Sequence[RunRecord], results: Sequence[DimensionResults]) -> str:
    """Return the report's HTML from results that are computed already.

    A model that several runs have, training by training, stands once among the scores; the paper's tables show it in
    each.
    """
    return (
        environment()
        .get_template("page.html.jinja")
        .render(
            levels=LEVELS,
            dimensions=DIMENSIONS,
            most_rows=MOST_ROWS,
            speaker_words=sentences.SPEAKER_NOTE,
            runs=runs,
            results=results,
            alarms=alarms_of(results),
            checks=[
                (check_name(check, several_runs=len(runs) > 1), check.state, check_words(check))
                for check in sanity_checks(runs, results)
            ],
            calibrations=[calibration_rows(one) for one in results],
            maps=feature_maps.map_sections(results),
            map_key=feature_maps.KEY,
            any_linear=any(row.model_result.is_linear for one in results for row in one.rows),
            title=title_of(results),
            run_names=", ".join(run.name for run in runs),
            trainings=trainings(runs),
            notes=data.notes(runs),
            corpora=data.corpora(runs),
            level_table=level_table(data.corpora(runs), is_paper_study=any(run.paper for run in runs)),
            separation=data.separation(runs),
            faces=data.faces(runs),
            problems=data.problems(runs),
            any_speaker_normalised=any(run.speaker_normalised for run in runs),
            paper_source=SOURCE,
            beside_paper=beside_paper(runs, results),
            varied=varied_section(runs, results, [axis_of(run) for run in runs]),
            card=data_and_model_card(runs, results),
        )
    )


def title_of(results: Sequence[DimensionResults]) -> str:
    """Return what the report is about: its models and dimensions."""
    models = sorted({row.model_result.results[0].model for one in results for row in one.rows})
    dimensions = " and ".join(one.dimension for one in results)
    if not models:
        return "No training finished"
    listed = f"{len(models)} models" if len(models) > 2 else " and ".join(models)
    return f"{listed} on {dimensions}"


def environment() -> Environment:
    """Return the templates of this folder with the filters that they use."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # jinja2 types its table by the filters it ships with, which no filter of anyone else's can match.
    cast("dict[str, Callable[..., object]]", environment.filters).update(_FILTERS)
    return environment


_FILTERS: dict[str, Callable[..., object]] = {
    "alarm_words": alarm_words,
    "alarm_advice": alarm_advice,
    "parted": sentences.parted,
    "pair_name": sentences.pair_name,
    "question_words": sentences.question_words,
    "training_name": sentences.training_name,
    "percent": sentences.percent,
    "points": sentences.points,
    "span": sentences.span,
    "span_of_points": sentences.span_of_points,
    "verdict": sentences.verdict,
    "p_value": sentences.p_value,
    "shown_settings": shown_settings,
    "calibration_sentence": calibration_sentence,
    "dots": dots,
    "nats": nats,
    "headline": sentences.headline,
    "cautions": sentences.cautions,
    "unfinished": sentences.unfinished_words,
    "rescaled": sentences.rescaled_words,
    "speaker_note": sentences.speaker_note,
    "plural": sentences.plural,
    "duration": sentences.duration,
    "thousands": sentences.thousands,
    "count": sentences.count,
    "count_range": sentences.count_range,
    "score_words": sentences.score_words,
    "pair_words": sentences.pair_words,
    "chosen_step": sentences.chosen_step,
    "score_chart": figures.score_chart,
    "difference_chart": figures.difference_chart,
    "curve_panels": figures.curve_panels,
    "face_strip": figures.face_strip,
}
