"""Maps of what the networks see: a figure a model, with its coverage in words."""

from collections.abc import Iterable, Sequence

from valaro.analysis.results import DimensionResults, ModelRow
from valaro.records import Coverage, FeatureMap, FoldResult
from valaro.reports.blocks import Block, Figure, Heading, Notice, Sentence
from valaro.reports.figures import beyond, by_level, point_map
from valaro.reports.formats import file_name, percent, plural, thousands
from valaro.reports.sentences import speaker_note

_HOW = (
    "Each point is 1.28 s of one recording, or a sample of the generator, where the network's encoders put it: seen "
    "along the two directions in which the real recordings of training differ most. It is one training a model: the "
    "first fold and seed of the study. Points that lie together here may still lie apart in other directions, so "
    "coverage is counted along the first 20. Grey dots are unlabelled, rings generated; triangles point down for low "
    "and up for high, squares are medium."
)
_WEIGHTS = (
    "A model with a generator is looked at as it was at the end of training, with the averaged weights that its "
    "generator was up against and, where the generator makes features, under the noise of training, which it has "
    "learnt to imitate; every other one with the weights that were kept. Distances compare within a model, not between "
    "two."
)


def map_blocks(results: Sequence[DimensionResults]) -> list[Block]:
    """Return the maps of every dimension that has any, models in the order of the scores."""
    blocks: list[Block] = []
    for item in results:
        maps = [block for row in item.rows for block in _model_map(row)]
        if maps:
            note = speaker_note(item.speaker_normalised)
            notices = [Notice(text=note)] if note else []
            blocks += [Heading(text=item.dimension.capitalize()), *notices, *maps]
    how: list[Block] = [Sentence(text=text, is_quiet=True) for text in (_HOW, _WEIGHTS)]
    return [*how, *blocks] if blocks else []


def _model_map(row: ModelRow) -> list[Block]:
    mapped = [(result, result.feature_map) for result in row.model_result.results if result.feature_map is not None]
    if not mapped:
        return []
    result, feature_map = mapped[0]
    label, dimension = row.model_result.label, result.dimension
    unlabelled = f"{thousands(len(feature_map.unlabelled))} unlabelled"
    counted = [plural(len(feature_map.labelled), "labelled recording"), unlabelled]
    if len(feature_map.generated):
        counted.append(plural(len(feature_map.generated), "generated sample"))
    # What lies last is on top: the fewest.
    training = [
        ("unlabelled", feature_map.unlabelled),
        ("generated", feature_map.generated),
        *by_level(feature_map.labelled, feature_map.levels),
    ]
    panels = (
        point_map("Training", training, feature_map),
        point_map("Test", by_level(feature_map.test, feature_map.test_levels), feature_map),
    )
    caption = (
        f"{label}. Training: {', '.join(counted)}. "
        f"Test: {plural(len(feature_map.test), 'recording')} of people never met, by true level."
    )
    name = file_name(f"map-{dimension}-{label}")
    figure = Figure(name=name, panels=panels, label=f"{label}, {dimension}", caption=caption)
    return [figure, *(Sentence(text=text, is_quiet=True) for text in _words(result, feature_map))]


def _words(result: FoldResult, feature_map: FeatureMap) -> Iterable[str]:
    for number, coverage in enumerate(feature_map.coverages):
        yield _coverage_words(coverage) if number == 0 else _more_coverage_words(coverage)
    if len(feature_map.generated) and not feature_map.coverages:
        yield "There are too few recordings to count how many of them the generator covers."
    outside = beyond(feature_map)
    if outside:
        verb = "lies beyond the frame and is" if outside == 1 else "lie beyond the frame and are"
        yield f"{plural(outside, 'generated sample')} {verb} drawn at its edge."
    if len(feature_map.unlabelled) and not result.is_semi_supervised:
        yield "It has learnt nothing from the unlabelled recordings."
    yield (
        f"The directions, across and up, hold {percent(feature_map.shares[0], 0)}\u00a0% and "
        f"{percent(feature_map.shares[1], 0)}\u00a0% of the variance. Fold {result.fold}, seed {result.seed}, "
        f"step {thousands(feature_map.step)}."
    )


def _coverage_words(coverage: Coverage) -> str:
    return (
        f"In these features the generator covers {percent(coverage.generated)}\u00a0% of "
        f"{plural(coverage.samples, 'recording')}: so many have a generated sample as near as their "
        f"{coverage.nearest}th nearest recording. As many other recordings in its place cover "
        f"{percent(coverage.possible)}\u00a0%, and a perfect generator would, too."
    )


def _more_coverage_words(coverage: Coverage) -> str:
    return (
        "With the statistics of the input, which the last layer sees beside what was learnt, it is "
        f"{percent(coverage.generated)}\u00a0%, and {percent(coverage.possible)}\u00a0% would be perfect."
    )
