"""Under which conditions a run stands beside the paper: where its data, labels and settings differ."""

import tomllib
from dataclasses import dataclass
from typing import Any

from valaro.records import CorpusSummary, RunRecord
from valaro.reports import sentences
from valaro.reports.paper import numbers
from valaro.reports.paper.numbers import LABELLED_CORPUS, NAMES, SESSIONS, UNLABELLED_CORPUS


@dataclass(frozen=True, kw_only=True)
class Condition:
    """Something that is other here than in the paper."""

    what: str
    paper: str
    here: str


def conditions(run: RunRecord) -> tuple[Condition, ...]:
    """Return what is other here than in the paper; empty where nothing is."""
    labelled = [corpus for corpus in run.corpora if corpus.labelled]
    pool = [corpus for corpus in run.corpora if not corpus.labelled]
    derived = [note.corpus for note in run.notes if "derived" in note.text]
    study = study_of(run)
    per_level = study.get("labels_per_level")
    own = "no other corpus, only what the labelled one leaves unlabelled"
    iemocap = (
        f"IEMOCAP, {sentences.thousands(numbers.LABELLED_COUNT)} utterances, {sentences.plural(SESSIONS, 'session')}"
    )
    found = [
        ("labelled data", iemocap, _named(labelled), [corpus.corpus for corpus in labelled] != [LABELLED_CORPUS]),
        ("unlabelled data", "AMI", _named(pool) or own, [corpus.corpus for corpus in pool] != [UNLABELLED_CORPUS]),
        ("labels", "several annotators' ratings", f"derived from categories ({', '.join(derived)})", bool(derived)),
        ("number of labels", "all of the training speakers", f"at most {per_level} a level", per_level is not None),
        ("votes", "each becomes a level", "their mean becomes a level", study.get("votes") == "mean"),
        (
            "networks and schedule",
            "preset paper",
            f"preset {study.get('preset', 'unknown')}",
            study.get("preset") != "paper",
        ),
        (
            "scaling",
            "no speaker is scaled alone",
            "each by their own unlabelled recordings, in the test, too",
            run.speaker_normalised,
        ),
        *(
            (f"feature {NAMES.get(paper, paper)}", "itself", f"{ours} stands for it", True)
            for paper, ours in sorted(run.stand_ins.items())
        ),
    ]
    return tuple(Condition(what=what, paper=paper, here=here) for what, paper, here, differs in found if differs)


def study_of(run: RunRecord) -> dict[str, Any]:
    """Return the section `study` of a run's settings; empty where the settings are no such file."""
    try:
        section = tomllib.loads(run.settings).get("study", {})
    except tomllib.TOMLDecodeError:
        return {}
    return section if isinstance(section, dict) else {}


def _named(corpora: list[CorpusSummary]) -> str:
    return "; ".join(
        f"{corpus.corpus}, {sentences.plural(corpus.labelled or corpus.utterances, 'utterance')}, "
        f"{sentences.plural(corpus.speakers, 'speaker')}, {sentences.plural(corpus.sessions, 'session')}"
        for corpus in corpora
    )
