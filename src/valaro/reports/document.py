"""The report as blocks: the one description of which every form is made."""

from collections.abc import Iterator, Sequence

from valaro.analysis import data
from valaro.analysis.model_results import trainings
from valaro.analysis.paper.numbers import SOURCE
from valaro.analysis.results import DimensionResults, alarms_of
from valaro.records import RunRecord
from valaro.reports import data_blocks, formats, score_blocks, sentences
from valaro.reports.blocks import Block, Heading, Notice, Section, Sentence, section
from valaro.reports.card import data_and_model_card
from valaro.reports.conclusion import conclusion
from valaro.reports.feature_maps import map_blocks
from valaro.reports.paper_comparison import axis_of, beside_paper
from valaro.reports.varied import varied_section

_UAR = (
    "is short for unweighted average recall: the mean over the levels low, medium and high of how many of a "
    "level's utterances were recognised, so that a rare level counts as much as a frequent one. 33.3 % is chance level "
    "with three levels, 100 % is perfect."
)
_PAPER = f"{SOURCE}. What the paper prints, and what came out here; percent."


def title_of(results: Sequence[DimensionResults]) -> str:
    """Return what the report is about: its models and dimensions."""
    models = sorted({row.model_result.model for item in results for row in item.rows})
    if not models:
        return "No training finished"
    listed = f"{len(models)} models" if len(models) > 2 else " and ".join(models)
    return f"{listed} on {' and '.join(item.dimension for item in results)}"


def document(runs: Sequence[RunRecord], results: Sequence[DimensionResults]) -> tuple[Block, ...]:
    """Return the whole report.

    A model that several runs have, training by training, stands once among the scores; the paper's tables show it in
    each.
    """
    paper = beside_paper(runs, results)
    return (
        *_head(runs, results),
        *_results(runs, results),
        *section(
            "beside-paper",
            "Beside the paper",
            "Beside the paper",
            [Sentence(text=_PAPER, is_quiet=True), *paper] if paper else [],
        ),
        *section(
            "varied",
            "What the varied setting does",
            "Varied setting",
            varied_section(runs, results, [axis_of(run) for run in runs]),
        ),
        *section("data", "Data", "Data", data_blocks.data_section(runs)),
        *section("faces", "Faces", "Faces", data_blocks.faces_section(data.faces(runs)), is_folded=True),
        *section("problems", "Problems", "Problems", data_blocks.problems_section(runs)),
        *section(
            "settings", "Settings and environment", "Settings", data_blocks.settings_section(runs), is_folded=True
        ),
        *section("card", "Data and model card", "Card", data_and_model_card(runs, results)),
    )


def _head(runs: Sequence[RunRecord], results: Sequence[DimensionResults]) -> Iterator[Block]:
    if results:
        yield conclusion(runs, results)
    names = ", ".join(run.name for run in runs)
    yield Sentence(
        text=f"Emotion from voice and face: {names}. {formats.plural(trainings(runs), 'training')}, each scored on "
        "people it was not trained on.",
        is_quiet=True,
    )
    for note in data.notes(runs):
        yield Notice(lead=f"{note.corpus}: ", text=note.text)
    scaled = [run.name for run in runs if run.speaker_normalised]
    if scaled:
        yield Notice(lead=f"{', '.join(scaled)}: ", text=f"{sentences.SPEAKER_NOTE}.")
    for run in runs:
        if rescaled := sentences.rescaled_words(run):
            yield Notice(lead=f"{run.name}: ", text=f"{rescaled}.")
        if run.missing:
            yield Notice(lead=f"{run.name}: ", text=f"{sentences.unfinished_words(run)}.")


def _results(runs: Sequence[RunRecord], results: Sequence[DimensionResults]) -> list[Block]:
    if not results:
        nothing = Sentence(text="There is nothing to score. See the problems below.")
        return [Section(name="headline", title="No training finished", short="", blocks=(nothing,))]
    alarms = alarms_of(results)
    headlines: list[Block] = [block for item in results for block in _headline(item)]
    headlines.append(Sentence(lead="Mean recall (UAR) ", text=_UAR, is_quiet=True))
    if alarms:
        headlines.append(Sentence(text="While the models were trained, signs of collapse were seen.", is_quiet=True))
    return [
        *section("headline", "What was found", "", headlines),
        *section("sanity", "Can these figures be believed?", "Sanity checks", score_blocks.checks(runs, results)),
        *section("scores", "Scores", "Scores", score_blocks.scores(results)),
        *section("differences", "Differences between models", "Differences", score_blocks.differences(results)),
        *section("confusion", "Which levels are confused", "Confusion", score_blocks.confusion(results)),
        *section(
            "calibration",
            "Can the probabilities be believed?",
            "Calibration",
            score_blocks.calibration(results),
            is_folded=True,
        ),
        *section("curves", "Learning curves", "Learning curves", score_blocks.curves_section(results), is_folded=True),
        *section("maps", "What the network sees", "Maps", map_blocks(results), is_folded=True),
        *section("alarms", "Alarms", "Alarms", score_blocks.alarms(alarms)),
    ]


def _headline(results: DimensionResults) -> Iterator[Block]:
    yield Heading(text=results.dimension.capitalize())
    yield Sentence(text=" ".join(sentences.headline(results)))
    for caution in sentences.cautions(results):
        yield Sentence(text=caution, is_quiet=True)
    note = sentences.speaker_note(results.speaker_normalised)
    if note:
        yield Notice(text=note)
