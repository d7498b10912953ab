"""The pairs of models that are compared: those that answer a question, each once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from helpers.results import GOOD, POOR, training
from valaro.analysis.differences import BEST, FUSION, GENERATOR, NETWORK, RUN, UNLABELLED, VARIANT, differences
from valaro.analysis.model_results import ModelResult
from valaro.evaluation.interval import Interval
from valaro.reports.sentences import pair_name, verdict


def ranked(models: Sequence[str], *, run: int = 0) -> list[ModelResult]:
    """Contenders in the order given, which stands for their UAR."""
    return [
        ModelResult(
            label=model, colour=0, runs=(run,), results=(training(model, "ann", 0, GOOD),), speaker_normalised=False
        )
        for model in models
    ]


def pairs(contenders: Sequence[ModelResult]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for difference in differences(contenders):
        found.setdefault(difference.question, []).append(pair_name(difference))
    return found


def test_of_78_pairs_of_13_models_18_answer_a_question() -> None:
    models = "MSSGAN|LR face|SSGAN face|SVM face|CT fbank+face|MFSBase|SVM fbank+face|FSBase face|LR fbank+face"
    contenders = ranked([*models.split("|"), "FSBase fbank", "LR fbank", "SVM fbank", "SSGAN fbank"])
    assert pairs(contenders) == {
        UNLABELLED: [
            "MSSGAN − MFSBase",
            "SSGAN face − FSBase face",
            "CT fbank+face − MFSBase",
            "SSGAN fbank − FSBase fbank",
        ],
        GENERATOR: ["MSSGAN − CT fbank+face"],
        FUSION: ["MSSGAN − SSGAN face", "MSSGAN − SSGAN fbank"],
        # Whom validation likes best of the networks and of the linear models, all alike here: the first by name.
        NETWORK: ["FSBase face − LR face", "CT fbank+face − LR fbank+face", "FSBase fbank − LR fbank"],
        BEST: [
            "MSSGAN − LR face",
            "MSSGAN − SVM face",
            "MSSGAN − SVM fbank+face",
            "MSSGAN − FSBase face",
            "MSSGAN − LR fbank+face",
            "MSSGAN − FSBase fbank",
            "MSSGAN − LR fbank",
            "MSSGAN − SVM fbank",
        ],
    }
    assert list(pairs(contenders)) == [UNLABELLED, GENERATOR, FUSION, NETWORK, BEST]


def test_every_semi_supervised_model_meets_its_twin_and_only_a_gan_meets_ct() -> None:
    contenders = ranked(["LR voice", "FSBase face", "SSBase face", "SSGAN face", "CT face", "SoftMatch face"])
    found = pairs(contenders)
    assert found[UNLABELLED] == [f"{name} face − FSBase face" for name in ("SSBase", "SSGAN", "CT", "SoftMatch")]
    assert found[GENERATOR] == ["SSGAN face − CT face"]
    assert len(found[BEST]) == 5
    assert set(found) == {UNLABELLED, GENERATOR, BEST}


def test_a_difference_seen_from_the_other_model_is_turned() -> None:
    first, second = ranked(["LR face", "SSGAN face"])
    second = replace(second, results=(training("SSGAN face", "ann", 0, POOR),))
    (found,) = differences([first, second])
    # The question is about the network: 3/6 against 5/6, though the linear model stands higher.
    assert (pair_name(found), round(found.uar.value, 12)) == ("SSGAN face − LR face", round(-2 / 6, 12))
    turned = found.seen_from("LR face")
    assert (pair_name(turned), turned.uar.value) == ("LR face − SSGAN face", -found.uar.value)
    assert (turned.uar.low, turned.uar.high) == (-found.uar.high, -found.uar.low)
    assert found.seen_from("SSGAN face") is found


def test_a_verdict_has_three_outcomes_and_names_the_number_of_pairs() -> None:
    first, second = ranked(["MSSGAN", "MFSBase"])
    (found,) = differences([first, replace(second, results=(training("MFSBase", "ann", 0, POOR),))])
    clear = replace(found, uar=Interval(value=0.1, low=0.01, high=0.2), p=0.02, pairs=7)
    # At 0.05 exactly nothing is shown yet.
    assert verdict(replace(clear, corrected=0.049)) == "a difference is shown"
    assert verdict(replace(clear, corrected=0.05)) == "shown, but not after correction for 7 pairs"
    assert not replace(clear, corrected=0.05).is_shown
    # The interval of few people can lie above zero by chance, and with one pair there is nothing to correct.
    assert (
        verdict(replace(clear, p=0.15, corrected=0.15, pairs=1)) == "no difference shown: p = 0.15 over so few people"
    )
    held = replace(clear, uar=Interval(value=0.1, low=-0.01, high=0.2), corrected=0.049)
    assert verdict(held) == "no difference shown"


def test_utterances_of_the_same_names_with_other_labels_are_no_pair() -> None:
    first, second = ranked(["MSSGAN", "MFSBase"])
    (whole,) = second.results
    other = replace(whole, test=replace(whole.test, correct=whole.test.correct[:, ::-1]))
    assert len(differences([first, second])) == 1
    assert differences([first, replace(second, results=(other,))]) == ()


def test_each_pair_knows_how_many_are_corrected_together() -> None:
    found = differences(ranked(["MSSGAN", "LR face", "SSGAN face", "FSBase face"]))
    # Three answer a question that was there before the test; the highest could have been any of four, against any.
    assert [(one.question, one.pairs) for one in found] == [
        (UNLABELLED, 3),
        (FUSION, 3),
        (NETWORK, 3),
        (BEST, 6),
        (BEST, 6),
    ]


def _varied(models: Mapping[str, tuple[tuple[str, str], ...]]) -> list[ModelResult]:
    """Contenders by label, each with the settings that it varies; its model is the label up to the comma."""
    return [
        replace(
            ranked([label.partition(",")[0]])[0],
            label=label,
            results=(replace(training(label.partition(",")[0], "ann", 0, GOOD), varied=varied),),
        )
        for label, varied in models.items()
    ]


def test_questions_are_asked_within_each_value_that_is_varied() -> None:
    labels, pool = "study.labels_per_class", "study.max_unlabelled"
    found = pairs(
        _varied(
            {
                "SSGAN face, 10, 0": ((labels, "10"), (pool, "0")),
                "SSGAN face, 20, 0": ((labels, "20"), (pool, "0")),
                "FSBase face, 10": ((labels, "10"),),
                "FSBase face, 20": ((labels, "20"),),
                "LR face, 10": ((labels, "10"),),
                "LR face, 20": ((labels, "20"),),
            }
        )
    )
    assert found[UNLABELLED] == ["SSGAN face, 10, 0 − FSBase face, 10", "SSGAN face, 20, 0 − FSBase face, 20"]
    # Of equal validation the first by name.
    assert found[NETWORK] == ["FSBase face, 10 − LR face, 10", "FSBase face, 20 − LR face, 20"]
    assert found[VARIANT] == [
        "SSGAN face, 10, 0 − SSGAN face, 20, 0",
        "FSBase face, 10 − FSBase face, 20",
        "LR face, 10 − LR face, 20",
    ]


def test_two_runs_are_compared_model_by_model() -> None:
    found = pairs([*ranked(["MSSGAN", "MFSBase"]), *ranked(["MSSGAN", "MFSBase"], run=1)])
    # Twins are of one run: another run may differ in anything.
    assert found == {
        UNLABELLED: ["MSSGAN − MFSBase", "MSSGAN − MFSBase"],
        RUN: ["MSSGAN − MSSGAN", "MFSBase − MFSBase"],
        BEST: ["MSSGAN − MFSBase"],
    }


def test_a_difference_is_that_of_the_tests_that_both_judged() -> None:
    first, second = ranked(["MSSGAN", "MFSBase"])
    alone = training("MSSGAN", "ben", 0, POOR)
    first = replace(first, results=(*first.results, alone))
    second = replace(second, results=(training("MFSBase", "ann", 0, POOR), training("MFSBase", "ann", 1, GOOD)))
    (difference,) = differences([first, second])
    # Both judged ann with seed 0 alone: 5/6 against 3/6.
    assert difference.shared == 1
    assert round(difference.uar.value, 12) == round(2 / 6, 12)


def test_utterances_that_one_alone_judged_are_left_out_of_a_pair() -> None:
    first, second = ranked(["MSSGAN", "MFSBase"])
    (whole,) = second.results
    part = whole.test
    # Without its last answer, which is wrong (one of two high ones): MFSBase has all right.
    kept = replace(
        part,
        ids=part.ids[:-1],
        speakers=part.speakers[:-1],
        probabilities=part.probabilities[:-1],
        correct=part.correct[:-1],
    )
    second = replace(second, results=(replace(whole, test=kept),))
    (difference,) = differences([first, second])
    assert (difference.uar.value, difference.uar.low, difference.uar.high) == (0.0, 0.0, 0.0)
