"""What each fold of a study may learn from: told before anything is trained."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from valaro.checks.findings import Finding, FoldUse, finding, look
from valaro.errors import ValaroError
from valaro.evaluation.folds import leave_one_session_out
from valaro.evaluation.unlabelled import FEW, unlabelled_set
from valaro.records import DIMENSIONS, Utterance


def fold_uses(utterances: Sequence[Utterance]) -> tuple[FoldUse, ...]:
    """Return what leaving each session out leaves to learn from; nothing where the sessions allow no folds."""
    uses: list[FoldUse] = []
    for dimension in DIMENSIONS:
        rated = [utterance for utterance in utterances if utterance.is_labelled(dimension)]
        unlabelled = [utterance for utterance in utterances if not utterance.is_labelled(dimension)]
        try:
            folds = leave_one_session_out(rated, directions="fixed")
        except ValaroError:
            # Another finding says why there can be none.
            continue
        for fold in folds:
            usable = unlabelled_set(fold, unlabelled)
            uses.append(
                FoldUse(
                    dimension=dimension,
                    # Who of the session tests makes no difference here.
                    fold=fold.name.rpartition(" test ")[0],
                    labelled=len(fold.train),
                    held_out=len(fold.validation) + len(fold.test),
                    unlabelled=len(usable.utterances),
                    exclusions=usable.exclusions,
                    strangers=usable.strangers,
                )
            )
    return tuple(uses)


def fold_findings(uses: Sequence[FoldUse], utterances: Sequence[Utterance]) -> Iterator[Finding]:
    """Name the folds that have too little to learn from, and recordings that could be of a held-out person."""
    offered = any(not utterance.ratings for utterance in utterances)
    yield finding(
        "Folds that may learn from no unlabelled recording: a semi-supervised model cannot be trained there",
        (fold_line(use) for use in uses if offered and not use.unlabelled),
    )
    yield look(
        f"Folds with fewer than {FEW} unlabelled recordings: next to nothing for a semi-supervised model",
        (fold_line(use) for use in uses if offered and 0 < use.unlabelled < FEW),
    )
    yield look(
        "Folds that learn from people whom nobody names: if a held-out person is among them, that person is "
        "learnt from",
        (f"{use.fold}, {use.dimension}: {use.strangers} recordings" for use in uses if use.strangers),
    )
    people: dict[str, set[str]] = defaultdict(set)
    for utterance in utterances:
        if utterance.is_speaker_known:
            people[utterance.speaker.partition("/")[2]].add(utterance.speaker)
    yield look(
        "Speakers of one name among several people: if they are one person, read both with the same --people",
        (" and ".join(sorted(same)) for _, same in sorted(people.items()) if len(same) > 1),
    )


def fold_line(use: FoldUse) -> str:
    """Return a fold's numbers in a line."""
    left_out = ", ".join(f"{exclusion.count} {exclusion.reason}" for exclusion in use.exclusions)
    return (
        f"{use.fold}, {use.dimension}: {use.labelled} labelled and {use.unlabelled} unlabelled to learn from, "
        f"{use.held_out} held out{f'; not learnt from: {left_out}' if left_out else ''}"
    )
