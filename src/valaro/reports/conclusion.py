"""The whole report in one sentence, and which model to use."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from valaro.analysis.data import corpora
from valaro.analysis.differences import UNLABELLED
from valaro.analysis.model_results import ModelResult
from valaro.analysis.results import DimensionResults, ModelRow
from valaro.records import Dimension, RunRecord
from valaro.reports.blocks import Verdict
from valaro.reports.formats import listed, percent, thousands
from valaro.reports.paper.conditions import study_of

_NO_MODEL = "none is shown to be better than guessing"


def conclusion(runs: Sequence[RunRecord], results: Sequence[DimensionResults]) -> Verdict:
    """Return what the results come to in plain words, and the model to use with its command."""
    subject = _labels(runs)
    said = [part for say in (_beats, _against_linear, _unlabelled) for part in _over_dimensions(results, say)]
    chosen = _models_to_use(results)
    if not chosen:
        return Verdict(text=f"{subject} {'; '.join(said)}.", uses=((f"Use no model yet: {_NO_MODEL}.", ""),))
    named = [f"{label}{_purpose(results, dimensions)}" for label, dimensions in chosen.items()]
    text = f"{subject} {'; '.join(said)}; use {' and '.join(named)}."
    return Verdict(text=text, uses=tuple(_uses(results, chosen)))


def _labels(runs: Sequence[RunRecord]) -> str:
    """Return whose labels these are and how many: of a study that leaves most away, those that a training had."""
    by_corpus: dict[str, int] = {}
    for corpus in corpora(runs):
        by_corpus[corpus.corpus] = max(corpus.labelled, by_corpus.get(corpus.corpus, 0))
    labels = sum(by_corpus.values())
    few = max((result.labelled for run in runs for result in run.judged), default=0)
    if few and all(study_of(run).get("labels_per_class") for run in runs):
        return f"{thousands(few)} of your {thousands(labels)} labels"
    return f"Your {thousands(labels)} labels" if labels else "Your labels"


def _purpose(results: Sequence[DimensionResults], dimensions: Sequence[Dimension]) -> str:
    return f" for {' and '.join(dimensions)}" if len(dimensions) < len(results) else ""


def _over_dimensions(results: Sequence[DimensionResults], say: Callable[[DimensionResults], str]) -> list[str]:
    """Return what is said of the dimensions: once where it is the same of all, else of which."""
    dimensions: dict[str, list[str]] = {}
    for item in results:
        dimensions.setdefault(say(item), []).append(item.dimension)
    if len(dimensions) == 1:
        return [text for text in dimensions if text]
    return [f"{text} on {' and '.join(own)}" for text, own in dimensions.items() if text]


def _beats(results: DimensionResults) -> str:
    return "beat guessing" if results.rows[0].beats_guessing else "are not shown to beat guessing"


def _against_linear(results: DimensionResults) -> str:
    """Say whether a network is shown to be better than the best linear model; empty where one of both is lacking."""
    linear = [row.model_result for row in results.rows if row.model_result.is_linear]
    networks = [row.model_result.label for row in results.rows if not row.model_result.is_linear]
    if not linear or not networks:
        return ""
    best = linear[0].label
    name = _plain_name(linear[0])
    pairs = {frozenset((d.first, d.second)): d for d in results.differences}
    turned = [pairs[key].seen_from(network) for network in networks if (key := frozenset((network, best))) in pairs]
    better = [d.first for d in turned if d.is_shown and d.uar.value > 0]
    if not better:
        return f"no model is shown to be better than {name}"
    return f"{listed(better, most=2)} {'is' if len(better) == 1 else 'are'} better than {name}"


def _plain_name(model: ModelResult) -> str:
    plain = {"LR": "logistic regression", "SVM": "a support vector machine"}[model.method]
    return plain if model.label == model.method else f"{plain} ({model.label})"


def _unlabelled(results: DimensionResults) -> str:
    """Say whether unlabelled clips helped; empty where no pair of models answers that."""
    pairs = [d for d in results.differences if d.question == UNLABELLED]
    helped = [d.first for d in pairs if d.is_shown and d.uar.value > 0]
    harmed = [d.first for d in pairs if d.is_shown and d.uar.value < 0]
    if helped:
        return f"unlabelled clips helped {listed(helped, most=2)}"
    if harmed:
        return f"unlabelled clips harmed {listed(harmed, most=2)}"
    return "unlabelled clips did not help" if pairs else ""


def _models_to_use(results: Sequence[DimensionResults]) -> dict[str, list[Dimension]]:
    """Return the dimensions for which each model is to be used.

    Of the models that are shown to beat guessing and lack no training, it is that of the highest UAR on the dimension;
    where the dimensions have different ones, each has its own, and a dimension without such a model has none.
    """
    chosen: dict[str, list[Dimension]] = {}
    for item in results:
        best = _best(item)
        if best:
            chosen.setdefault(best.model_result.label, []).append(item.dimension)
    return chosen


def _best(results: DimensionResults) -> ModelRow | None:
    return next((row for row in results.rows if row.beats_guessing and not row.lacking), None)


def _uses(results: Sequence[DimensionResults], chosen: Mapping[str, Sequence[Dimension]]) -> Iterator[tuple[str, str]]:
    for label, dimensions in chosen.items():
        rows = [row for item in results for row in item.rows if item.dimension in dimensions and row is _best(item)]
        scores = " and ".join(
            f"{percent(row.uar.value)} % on {dimension}" for row, dimension in zip(rows, dimensions, strict=True)
        )
        use = f"Use {label}{_purpose(results, dimensions)}"
        why = f"it has the highest mean recall (UAR) of those that beat guessing, {scores}"
        split = dimensions if len(dimensions) < len(results) else ()
        yield f"{use}: {why}. To train it on everything:", _command(rows[0], split)
    without = [item.dimension for item in results if not _best(item)]
    if without:
        yield f"Use no model for {' and '.join(without)} yet: {_NO_MODEL}.", ""


def _command(row: ModelRow, dimensions: Sequence[Dimension]) -> str:
    result = row.model_result
    lists = {"models": [result.method], "features": result.features, "dimensions": dimensions}
    changes = [f"'study.{name}=[{_quoted(values)}]'" for name, values in lists.items() if values]
    changes += [f"'{name}={value}'" for name, value in result.varied]
    folder = "-".join(["model", *dimensions])
    return f"valaro train study.toml --to {folder} " + " ".join(f"--set {change}" for change in changes)


def _quoted(values: Sequence[str]) -> str:
    return ", ".join(f'"{value}"' for value in values)
