"""Maps of what the networks see: their points as shapes of an SVG, their coverage in words."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from valaro.analysis.model_results import ModelResult
from valaro.analysis.results import DimensionResults
from valaro.records import LEVELS, Coverage, Dimension, FeatureMap, FoldResult
from valaro.reports.sentences import percent, plural, thousands

WIDTH, LOWEST, HIGHEST, MARGIN = 320.0, 100.0, 240.0, 10.0
"""The box of a map, as high as it must be: its two directions have the same scale, or distances would mean nothing."""


@dataclass(frozen=True, kw_only=True)
class Shapes:
    """The points of one kind, all in one path; `kind` is its class in the page's style."""

    kind: str
    path: str


@dataclass(frozen=True, kw_only=True)
class ModelMap:
    """A contender's map in two views of one frame: what training met, and held-out people by their true levels."""

    model_result: ModelResult
    height: float
    training: tuple[Shapes, ...]
    test: tuple[Shapes, ...]
    captions: tuple[str, str]
    words: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class MapSection:
    """The maps of one dimension; `speaker_normalised` are the models whose scale test speakers set."""

    dimension: Dimension
    maps: tuple[ModelMap, ...]
    speaker_normalised: tuple[str, ...]


def map_sections(results: Sequence[DimensionResults]) -> tuple[MapSection, ...]:
    """Return the maps of every dimension that has any, models in the order of the scores."""
    sections = [
        MapSection(
            dimension=one.dimension,
            maps=tuple(made for made in map(_model_map, (row.model_result for row in one.rows)) if made is not None),
            speaker_normalised=one.speaker_normalised,
        )
        for one in results
    ]
    return tuple(section for section in sections if section.maps)


def _model_map(model_result: ModelResult) -> ModelMap | None:
    mapped = [(result, result.feature_map) for result in model_result.results if result.feature_map is not None]
    if not mapped:
        return None
    result, found = mapped[0]
    frame = _Frame(np.concatenate([found.labelled, found.unlabelled, found.test]))
    counted = [plural(len(found.labelled), "labelled recording"), f"{thousands(len(found.unlabelled))} unlabelled"]
    if len(found.generated):
        counted.append(plural(len(found.generated), "generated sample"))
    return ModelMap(
        model_result=model_result,
        height=frame.height,
        # What lies last is on top: the fewest.
        training=(
            Shapes(kind="unlabelled", path=_path(frame(found.unlabelled), _dot)),
            Shapes(kind="generated", path=_path(frame(found.generated), _diamond)),
            *_by_level(frame(found.labelled), found.levels),
        ),
        test=tuple(_by_level(frame(found.test), found.test_levels)),
        captions=(
            f"Training: {', '.join(counted)}.",
            f"Test: {plural(len(found.test), 'recording')} of people never met, by true level.",
        ),
        words=tuple(_words(result, found, frame.beyond(found.generated))),
    )


def _words(result: FoldResult, found: FeatureMap, beyond: int) -> Iterable[str]:
    for place, one in enumerate(found.coverages):
        yield _coverage_words(one) if place == 0 else _more_coverage_words(one)
    if len(found.generated) and not found.coverages:
        yield "There are too few recordings to count how many of them the generator covers."
    if beyond:
        verb = "lies beyond the frame and is" if beyond == 1 else "lie beyond the frame and are"
        yield f"{plural(beyond, 'generated sample')} {verb} drawn at its edge."
    if len(found.unlabelled) and not result.is_semi_supervised:
        yield "It has learnt nothing from the unlabelled recordings."
    yield (
        f"The directions, across and up, hold {percent(found.shares[0], 0)}\u00a0% and "
        f"{percent(found.shares[1], 0)}\u00a0% of the variance. Fold {result.fold}, seed {result.seed}, "
        f"step {thousands(found.step)}."
    )


def _coverage_words(one: Coverage) -> str:
    return (
        f"In these features the generator covers {percent(one.generated)}\u00a0% of "
        f"{plural(one.samples, 'recording')}: so many have a generated sample as near as their {one.nearest}th nearest "
        f"recording. As many other recordings in its place cover {percent(one.possible)}\u00a0%, "
        "and a perfect generator would, too."
    )


def _more_coverage_words(one: Coverage) -> str:
    return (
        "With the statistics of the input, which the last layer sees beside what was learnt, it is "
        f"{percent(one.generated)}\u00a0%, and {percent(one.possible)}\u00a0% would be perfect."
    )


class _Frame:
    """Places points in the box so that all real ones are inside; others may have to be drawn at its edge."""

    def __init__(self, real: Float[np.ndarray, "n 2"]) -> None:
        low, high = real.min(axis=0), real.max(axis=0)
        spans = high - low
        # Where all points are one, any scale will do.
        wide, tall = (float(span) or 1.0 for span in spans)
        self._scale = min((WIDTH - 2 * MARGIN) / wide, (HIGHEST - 2 * MARGIN) / tall)
        self._centre = (low + high) / 2
        self.height = float(np.ceil(max(LOWEST, float(spans[1]) * self._scale + 2 * MARGIN)))

    def __call__(self, points: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "n 2"]:
        return self._raw(points).clip(MARGIN / 2, [WIDTH - MARGIN / 2, self.height - MARGIN / 2])

    def _raw(self, points: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "n 2"]:
        # In a picture y grows downwards.
        return np.array([WIDTH, self.height]) / 2 + (points - self._centre) * [self._scale, -self._scale]

    def beyond(self, points: Float[np.ndarray, "n 2"]) -> int:
        """Return how many of the points are not where they belong."""
        return int((self._raw(points) != self(points)).any(axis=1).sum())


def _by_level(points: Float[np.ndarray, "n 2"], levels: Int[np.ndarray, " n"]) -> Iterable[Shapes]:
    for level, (name, shape) in enumerate(zip(LEVELS, (_falling, _square, _rising), strict=True)):
        yield Shapes(kind=name, path=_path(points[levels == level], shape))


def _path(points: Float[np.ndarray, "n 2"], shape: Callable[[float, float], str]) -> str:
    return "".join(shape(float(x), float(y)) for x, y in points)


# Shapes tell the kinds apart where colours do not: in grey print, and for the colour-blind.
def _falling(x: float, y: float) -> str:
    return f"M{_n(x)} {_n(y + 4)}l-4-7h8z"


def _square(x: float, y: float) -> str:
    return f"M{_n(x - 3)} {_n(y - 3)}h6v6h-6z"


def _rising(x: float, y: float) -> str:
    return f"M{_n(x)} {_n(y - 4)}l-4 7h8z"


def _diamond(x: float, y: float) -> str:
    return f"M{_n(x)} {_n(y - 3)}l3 3-3 3-3-3z"


def _dot(x: float, y: float) -> str:
    return f"M{_n(x)} {_n(y)}h0"


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


KEY = tuple(
    Shapes(kind=kind, path=shape(0, 0))
    for kind, shape in zip(
        (*LEVELS, "unlabelled", "generated"), (_falling, _square, _rising, _dot, _diamond), strict=True
    )
)
"""Each kind once, around the origin."""
