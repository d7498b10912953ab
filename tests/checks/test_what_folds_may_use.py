"""What each fold may learn from is counted before anything is trained."""

from dataclasses import replace
from pathlib import Path

from helpers.features import an_utterance, toy_corpus
from valaro.checks.findings import FoldUse
from valaro.checks.folds import fold_findings, fold_uses
from valaro.evaluation.unlabelled import OF_HELD_OUT_PEOPLE, OF_HELD_OUT_SPEAKER, Exclusion
from valaro.records import Utterance


def corpus() -> list[Utterance]:
    """Two sessions of two people with 12 labels each; without one, one of the first person and one of nobody named."""
    labelled, _ = toy_corpus(sessions=2, per_level=4)
    own = replace(labelled[0], id="toy/own", ratings=())
    unnamed = replace(an_utterance("x", speaker="?x", session=""), media=Path("/elsewhere/x.mp4"), ratings=())
    return [*labelled, own, unnamed]


def found(utterances: list[Utterance]) -> dict[str, tuple[str, ...]]:
    findings = fold_findings(fold_uses(utterances), utterances)
    return {finding.what.partition(":")[0]: finding.cases for finding in findings if finding.cases}


def test_labelled_unlabelled_and_what_stays_out_are_counted_by_fold() -> None:
    first, second = (use for use in fold_uses(corpus()) if use.dimension == "valence")
    # The labelled of the other session: 2 people x 3 levels x 4.
    assert first == FoldUse(
        dimension="valence",
        fold="1",
        labelled=24,
        held_out=24,
        unlabelled=0,
        exclusions=(
            Exclusion(reason=OF_HELD_OUT_SPEAKER, count=1),
            Exclusion(reason=OF_HELD_OUT_PEOPLE, count=1),
        ),
        strangers=0,
    )
    assert (second.fold, second.unlabelled) == ("2", 1)


def test_a_fold_with_nothing_or_next_to_nothing_unlabelled_is_a_finding() -> None:
    findings = found(corpus())
    nothing = findings["Folds that may learn from no unlabelled recording"]
    assert [case.partition(" labelled")[0] for case in nothing] == ["1, valence: 24", "1, arousal: 24"]
    assert [case[:1] for case in findings["Folds with fewer than 20 unlabelled recordings"]] == ["2", "2"]
    # Where none is offered, nobody wants to learn from any.
    assert found([utterance for utterance in corpus() if utterance.ratings]) == {}


def test_people_whom_nobody_names_are_said_where_a_fold_learns_from_them() -> None:
    *others, unnamed = corpus()
    findings = found([*others, replace(unnamed, speaker="strangers/?x")])
    assert findings["Folds that learn from people whom nobody names"] == tuple(
        f"{fold}, {dimension}: 1 recordings" for dimension in ("valence", "arousal") for fold in "12"
    )


def test_one_name_among_two_people_is_worth_a_look() -> None:
    labelled = corpus()
    twin = replace(an_utterance("t", corpus="pool", session=""), speaker=f"pool/{labelled[0].speaker[4:]}", ratings=())
    findings = found([*labelled, twin])
    assert findings["Speakers of one name among several people"] == (f"{twin.speaker} and {labelled[0].speaker}",)
