"""The whole report in one sentence, and which model to use."""

from collections.abc import Sequence

from valaro.analysis.differences import POOL
from valaro.analysis.results import DimensionResults, ModelRow
from valaro.records import RunRecord
from valaro.reports.blocks import Verdict
from valaro.reports.sentences import listed, percent, thousands


def conclusion(runs: Sequence[RunRecord], results: Sequence[DimensionResults]) -> Verdict:
    """Return what the results come to in plain words, and the model to use with its command."""
    labels = sum(corpus.labelled for run in runs[:1] for corpus in run.corpora)
    several = len(results) > 1
    parts = [f"on {item.dimension}, {_dimension(item)}" if several else _dimension(item) for item in results]
    chosen = _model_to_use(results)
    subject = f"Your {thousands(labels)} labels" if labels else "Your labels"
    text = f"{subject}: {'; '.join(parts)}." if several else f"{subject} {parts[0]}."
    if chosen is None:
        return Verdict(text=text, use="Use no model yet: none is shown to be better than guessing.")
    label = chosen.model_result.label
    return Verdict(
        text=text[:-1] + f"; use {label}.",
        use=f"Use {label}: {_why(chosen, results)}. To train it on everything:",
        command=_command(chosen),
    )


def _dimension(results: DimensionResults) -> str:
    best = results.rows[0]
    beats = "beat guessing" if best.beats_guessing else "are not shown to beat guessing"
    return "; ".join([beats, *_against_linear(results), *_unlabelled(results)])


def _against_linear(results: DimensionResults) -> list[str]:
    """Say whether a network is shown to be better than the best linear model, where both are there."""
    linear = [row.model_result.label for row in results.rows if row.model_result.is_linear]
    networks = [row.model_result.label for row in results.rows if not row.model_result.is_linear]
    if not linear or not networks:
        return []
    name = _plain_name(linear[0])
    better = [
        network
        for network in networks
        for d in results.differences
        if {d.first, d.second} == {network, linear[0]} and d.seen_from(network).uar.value > 0 and d.is_shown
    ]
    return [
        f"{listed(better, most=2)} {'is' if len(better) == 1 else 'are'} better than {name}"
        if better
        else f"no model is shown to be better than {name}"
    ]


def _plain_name(label: str) -> str:
    plain = {"LR": "logistic regression", "SVM": "a support vector machine"}
    method, _, rest = label.partition(" ")
    return f"{plain[method]} ({label})" if method in plain and rest else plain.get(method, label)


def _unlabelled(results: DimensionResults) -> list[str]:
    """Say whether unlabelled clips helped, where pairs of models answer that."""
    pairs = [d for d in results.differences if d.question == POOL]
    if not pairs:
        return []
    helped = [d.first for d in pairs if d.is_shown and d.uar.value > 0]
    harmed = [d.first for d in pairs if d.is_shown and d.uar.value < 0]
    if helped:
        return [f"unlabelled clips helped {listed(helped, most=2)}"]
    return [f"unlabelled clips harmed {listed(harmed, most=2)}"] if harmed else ["unlabelled clips did not help"]


def _model_to_use(results: Sequence[DimensionResults]) -> ModelRow | None:
    """Return the model of the highest mean UAR that is shown to beat guessing on every dimension that it judged."""
    rows: dict[str, list[ModelRow]] = {}
    for item in results:
        for row in item.rows:
            rows.setdefault(row.model_result.label, []).append(row)
    sound = {
        label: own
        for label, own in rows.items()
        if len(own) == len(results) and any(row.beats_guessing for row in own) and not any(row.lacking for row in own)
    }
    if not sound:
        return None
    return max(sound.values(), key=lambda own: sum(row.uar.value for row in own) / len(own))[0]


def _why(chosen: ModelRow, results: Sequence[DimensionResults]) -> str:
    scores = [
        f"{percent(row.uar.value)} % on {item.dimension}"
        for item in results
        for row in item.rows
        if row.model_result.label == chosen.model_result.label
    ]
    return f"it has the highest mean recall (UAR) of those that beat guessing, {' and '.join(scores)}"


def _command(chosen: ModelRow) -> str:
    result = chosen.model_result
    changes = [f"'study.models=[\"{result.method}\"]'"]
    features = ", ".join(f'"{name}"' for name in result.features)
    if features:
        changes.append(f"'study.features=[{features}]'")
    changes += [f"'{name}={value}'" for name, value in result.varied]
    return "valaro train study.toml --to model " + " ".join(f"--set {change}" for change in changes)
