"""Which of a run's models stand for a row of the paper, and why none does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from valaro.analysis.paper.parts import Model
from valaro.analysis.results import DimensionResults, ModelRow
from valaro.records import Dimension, RunRecord


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
        found = [row for row in self.rows.get(dimension, ()) if row.model_result.method == method]
        return tuple(
            sorted(
                (row for row in found if frozenset(row.model_result.features) == wanted),
                key=lambda row: row.model_result.model,
            )
        )

    def feature(self, name: str) -> str:
        """Return the feature that stands for the paper's."""
        return self.record.stand_ins.get(name, name)

    def why_absent(self, dimension: Dimension, model: Model) -> str:
        """Return why no row stands for the paper's `model`: what of it the run lacks."""
        method, features = model
        results = self.record.judged
        known = {feature for result in results for feature in result.features}
        missing = [self.feature(name) for name in features if self.feature(name) not in known]
        if missing:
            return f"feature {' and '.join(missing)} not in this run"
        if method not in {result.method for result in results}:
            return f"model {method} not in this run"
        if not self.rows.get(dimension):
            return f"{dimension} not in this run"
        return f"{method} on {'+'.join(self.feature(name) for name in features)} not in this run"


def runs_of(runs: Sequence[RunRecord], results: Sequence[DimensionResults]) -> tuple[Run, ...]:
    """Return the runs with the rows of their models."""
    return tuple(
        Run(
            number=number,
            record=run,
            rows={one.dimension: tuple(row for row in one.rows if number in row.model_result.runs) for one in results},
        )
        for number, run in enumerate(runs)
    )
