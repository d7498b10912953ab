"""Which of a run's models stand for a row of the paper, and why none does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from valaro.analysis.paper.parts import Model
from valaro.analysis.results import DimensionResults, ModelRow
from valaro.records import Dimension, RunRecord


@dataclass(frozen=True, kw_only=True)
class Absence:
    """What a run lacks of a model of the paper: features, its method, the dimension, or the method on its features."""

    what: Literal["feature", "method", "dimension", "model"]
    names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run as the paper's rows are looked up in it: its place among the runs, and its rows by dimension."""

    number: int
    record: RunRecord
    rows: Mapping[Dimension, tuple[ModelRow, ...]]

    def standing_for(self, dimension: Dimension, model: Model) -> tuple[ModelRow, ...]:
        """Return the rows of the paper's `model`: one, or several where the run varies a setting."""
        method, features = model
        wanted = frozenset(self.feature(name) for name in features)
        rows = [row for row in self.rows.get(dimension, ()) if row.model_result.method == method]
        return tuple(
            sorted(
                (row for row in rows if frozenset(row.model_result.features) == wanted),
                key=lambda row: row.model_result.model,
            )
        )

    def name_of(self, model: Model) -> str:
        """Return `SSGAN face`: by our features, since ours are compared."""
        method, features = model
        return f"{method} {'+'.join(map(self.feature, features))}"

    def feature(self, name: str) -> str:
        """Return the feature that stands for the paper's."""
        return self.record.stand_ins.get(name, name)

    def why_absent(self, dimension: Dimension, model: Model) -> Absence:
        """Return why no row stands for the paper's `model`: what of it the run lacks."""
        method, features = model
        results = self.record.judged
        known = {feature for result in results for feature in result.features}
        missing = [self.feature(name) for name in features if self.feature(name) not in known]
        if missing:
            return Absence(what="feature", names=tuple(missing))
        if method not in {result.method for result in results}:
            return Absence(what="method", names=(method,))
        if not self.rows.get(dimension):
            return Absence(what="dimension", names=(dimension,))
        return Absence(what="model", names=(method, *map(self.feature, features)))


def runs_of(runs: Sequence[RunRecord], results: Sequence[DimensionResults]) -> tuple[Run, ...]:
    """Return the runs with the rows of their models."""
    return tuple(
        Run(
            number=number,
            record=run,
            rows={
                item.dimension: tuple(row for row in item.rows if number in row.model_result.runs) for item in results
            },
        )
        for number, run in enumerate(runs)
    )
