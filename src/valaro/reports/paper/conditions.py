"""Under which conditions a run stands beside the paper: where its data, labels and settings differ."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from valaro.analysis.paper import numbers
from valaro.analysis.paper.numbers import LABELLED_CORPUS, NAMES, SESSIONS, UNLABELLED_CORPUS
from valaro.analysis.paper.parts import BY_NAME, UNLABELLED_SHARE, PaperPart
from valaro.documents import parse_toml
from valaro.records import CorpusSummary, RunRecord
from valaro.reports import formats, sentences
from valaro.training.config import DEFAULT, PAPER, config_values

_SECTIONS = ("study", "network", "sampling", "training", "self_training", "losses")
"""Sections of a run's settings that hold a plan's values."""

_SAID_ELSEWHERE = ("labels_per_class", "normalise_speakers", "device")
"""The first two have rows of their own; a device changes no result that could be told from another run's."""

_UNLABELLED_LIMITS = ("max_unlabelled", "unlabelled_fraction")

_MAY_BE_NONE = frozenset(setting.name for setting in config_values(DEFAULT) if setting.value is None)

_DIRECTIONS = {
    "coin": "one gender, drawn for each session",
    "both": "each gender in turn",
    "fixed": "the women, always",
}


@dataclass(frozen=True, kw_only=True)
class Condition:
    """Something that is other here than in the paper."""

    what: str
    paper: str
    here: str


def conditions(run: RunRecord) -> tuple[Condition, ...]:
    """Return what is other here than in the paper: data, counts, folds, and every setting; empty where nothing is."""
    part, sections = BY_NAME[run.paper], sections_of(run)
    study = sections.get("study", {})
    rows = [*_of_data(run, study), *_of_trainings(run, part, study), *_of_settings(part, sections)]
    rows += [
        (f"feature {NAMES.get(paper, paper)}", "itself", f"{ours} stands for it", True)
        for paper, ours in sorted(run.stand_ins.items())
    ]
    return tuple(Condition(what=what, paper=paper, here=here) for what, paper, here, differs in rows if differs)


_Row = tuple[str, str, str, bool]
"""What may differ, what the paper has, what is here, and whether that differs."""


def _of_data(run: RunRecord, study: Mapping[str, Any]) -> Iterator[_Row]:
    labelled = [corpus for corpus in run.corpora if corpus.labelled]
    others = [corpus for corpus in run.corpora if not corpus.labelled]
    derived = [note.corpus for note in run.notes if note.kind == "derived_labels"]
    per_level = study.get("labels_per_class")
    own = "no other corpus, only what the labelled one leaves unlabelled"
    count = formats.thousands(numbers.LABELLED_COUNT)
    iemocap = f"IEMOCAP, {count} utterances, {formats.plural(SESSIONS, 'session')}"
    is_iemocap = [(c.corpus, c.labelled, c.sessions) for c in labelled] == [
        (LABELLED_CORPUS, numbers.LABELLED_COUNT, SESSIONS)
    ]
    yield "labelled data", iemocap, _named(labelled), not is_iemocap
    yield "unlabelled data", "AMI", _named(others) or own, [corpus.corpus for corpus in others] != [UNLABELLED_CORPUS]
    yield "labels", "several annotators' ratings", f"derived from categories ({', '.join(derived)})", bool(derived)
    yield "number of labels", "all of the training speakers", f"at most {per_level} a level", per_level is not None
    yield "votes", "each becomes a level", "their mean becomes a level", study.get("votes") == "mean"
    yield (
        "scaling",
        "no speaker is scaled alone",
        "each by their own unlabelled recordings, in the test, too",
        run.speaker_normalised,
    )


def _of_trainings(run: RunRecord, part: PaperPart, study: Mapping[str, Any]) -> Iterator[_Row]:
    """Count what the trainings had and whom they tested."""
    is_figure_6 = part.axis == UNLABELLED_SHARE
    sizes = {result.unlabelled for result in run.judged if result.is_semi_supervised}
    asked = set(numbers.FIGURE_6_SIZES) if is_figure_6 else {numbers.UNLABELLED_COUNT}
    yield "unlabelled samples a training", _listed(asked), _listed(sizes), bool(sizes) and sizes != asked
    labelled = {result.labelled for result in run.judged}
    differs = is_figure_6 and labelled != {numbers.FIGURE_6_LABELLED}
    yield "labelled utterances a training", formats.thousands(numbers.FIGURE_6_LABELLED), _listed(labelled), differs
    tested = {result.session or result.fold for result in run.judged}
    sessions = 1 if is_figure_6 else SESSIONS
    here = formats.plural(len(tested), "session")
    yield "sessions tested", formats.plural(sessions, "session"), here, len(tested) != sessions
    directions = str(study.get("directions", "not stated"))
    here = _DIRECTIONS.get(directions, directions)
    yield "who of a session tests", _DIRECTIONS["coin"], here, directions != "coin"
    seeds = study.get("seeds", "not stated")
    yield "trainings of a model a session", "1", f"seeds: {seeds}", seeds != 1
    yield "results", "all", sentences.unfinished_words(run), bool(run.missing)


def _of_settings(part: PaperPart, sections: Mapping[str, Mapping[str, Any]]) -> Iterator[_Row]:
    """Compare every value in force with that of preset `paper`, a row a section."""
    preset = sections.get("study", {}).get("preset", "unknown")
    here = f"preset {preset}" + (" (docs/presets.md lists its values)" if preset == "default" else "")
    yield "networks and schedule", "preset paper", here, preset != "paper"
    varied = {name.partition(".")[2]: values for name, values in sections.get("vary", {}).items()}
    free = {
        part.setting.partition(".")[2],
        *_SAID_ELSEWHERE,
        *(_UNLABELLED_LIMITS if part.axis == UNLABELLED_SHARE else ()),
    }
    for name, values in varied.items():
        if name not in {*free, "features"}:
            yield f"setting {name}", "not varied", f"varied: {', '.join(map(_words, values))}", True
    paper = {setting.name: setting.value for setting in config_values(PAPER) if setting.name not in free}
    stated = {name: section for section in _SECTIONS for name in sections.get(section, {})}
    for section in _SECTIONS:
        apart = [n for n in paper if stated.get(n) == section and sections[section][n] != paper[n]]
        was, is_here = (_pairs(apart, values) for values in (paper, sections.get(section, {})))
        yield f"settings of [{section}]", was, is_here, bool(apart)
    # A run's settings state every value but those that are none, for which TOML has no word; older ones state fewer.
    absent = [name for name, value in paper.items() if name not in stated and value is not None]
    is_whole = _MAY_BE_NONE.issuperset(absent)
    what, here = (
        ("settings without a limit", "none") if is_whole else ("settings that the run does not state", "not known")
    )
    yield what, _pairs(absent, paper), here, bool(absent)


def sections_of(run: RunRecord) -> Mapping[str, Mapping[str, Any]]:
    """Return the sections of a run's settings."""
    return parse_toml(run.settings)


def study_of(run: RunRecord) -> Mapping[str, Any]:
    """Return the section `study` of a run's settings."""
    return sections_of(run).get("study", {})


def _pairs(names: Sequence[str], values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_words(values[name])}" for name in names)


def _words(value: object) -> str:
    """Return a setting's value as a settings file writes it."""
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)


def _listed(counts: Collection[int]) -> str:
    """Return counts in order, of more than six the least and the greatest.

    >>> _listed({20, 0}), _listed(range(9)), _listed(())
    ('0, 20', '0 to 8', 'none')
    """
    if len(counts) > 6:
        return formats.count_range((min(counts), max(counts)))
    return ", ".join(formats.thousands(count) for count in sorted(counts)) or "none"


def _named(corpora: list[CorpusSummary]) -> str:
    return "; ".join(
        f"{corpus.corpus}, {formats.plural(corpus.labelled or corpus.utterances, 'utterance')}, "
        f"{formats.plural(corpus.speakers, 'speaker')}, {formats.plural(corpus.sessions, 'session')}"
        for corpus in corpora
    )
