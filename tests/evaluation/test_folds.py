"""Leaks between training, validation, test and the unlabelled set cannot be expressed."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.features import an_utterance, toy_corpus
from valaro.errors import ValaroError
from valaro.evaluation.folds import (
    Fold,
    few_labels,
    hold_out_for_validation,
    leave_one_session_out,
    limited,
    with_shuffled_labels,
    without_ratings,
)
from valaro.evaluation.unlabelled import (
    BESIDE_HELD_OUT,
    IN_HELD_OUT_RECORDING,
    OF_HELD_OUT_SPEAKER,
    Exclusion,
    unlabelled_set,
)
from valaro.records import Utterance


def _speakers(utterances: tuple[Utterance, ...]) -> set[str]:
    return {utterance.speaker for utterance in utterances}


def test_a_fold_with_a_speaker_in_training_and_test_cannot_be_made() -> None:
    with pytest.raises(ValaroError, match="speaker 'toy/01' is in both training and test"):
        Fold(
            name="leak",
            train=(an_utterance("a", speaker="01", session="1"),),
            validation=(an_utterance("b", speaker="02", session="2"),),
            test=(an_utterance("c", speaker="01", session="3"),),
        )


def test_a_fold_with_a_session_in_training_and_test_cannot_be_made() -> None:
    with pytest.raises(ValaroError, match="session '1' of toy is in both training and test"):
        Fold(
            name="leak",
            train=(an_utterance("a", speaker="01", session="1"),),
            validation=(an_utterance("b", speaker="02", session="2"),),
            test=(an_utterance("c", speaker="03", session="1"),),
        )


def test_replacing_a_part_of_a_fold_is_checked_too() -> None:
    fold = leave_one_session_out(toy_corpus()[0])[0]
    with pytest.raises(ValaroError, match="is in both training and test"):
        replace(fold, train=fold.train + fold.test)


def test_each_session_is_held_out_once_and_its_genders_are_parted() -> None:
    utterances, _ = toy_corpus(sessions=3)
    folds = leave_one_session_out(utterances, seed=3)
    assert [fold.name.split()[0] for fold in folds] == ["1", "2", "3"]
    for fold in folds:
        assert len(_speakers(fold.train)) == 4
        assert len({u.gender for u in fold.test}) == len({u.gender for u in fold.validation}) == 1
        assert {u.gender for u in fold.test} != {u.gender for u in fold.validation}


def test_both_directions_test_every_speaker_exactly_once() -> None:
    utterances, _ = toy_corpus(sessions=3)
    tested = [fold.test[0].speaker for fold in leave_one_session_out(utterances, directions="both")]
    assert sorted(tested) == sorted(_speakers(utterances))
    assert len(set(tested)) == 6


def test_the_coin_is_seeded_and_falls_both_ways() -> None:
    utterances, _ = toy_corpus(sessions=3)
    names = {tuple(fold.name for fold in leave_one_session_out(utterances, seed=seed)) for seed in range(8)}
    again = {tuple(fold.name for fold in leave_one_session_out(utterances, seed=seed)) for seed in range(8)}
    assert names == again
    assert len(names) > 1


def test_a_test_speaker_or_session_or_file_never_enters_the_pool() -> None:
    utterances, _ = toy_corpus(sessions=3, unlabelled=4)
    fold = leave_one_session_out(utterances)[0]
    same_sound = replace(an_utterance("v", speaker="98", session="8"), sound=fold.test[0].media)
    same_file = replace(an_utterance("x", speaker="99", session="9"), media=fold.test[0].media)
    stranger = an_utterance("y", speaker="98", session="8")
    in_the_session = an_utterance("z", speaker="97", session=fold.test[0].session)
    pool = unlabelled_set(fold, [*utterances, same_file, same_sound, stranger, in_the_session])
    assert not _speakers(pool.utterances) & fold.held_out_speakers
    assert not {u.media for u in pool.utterances} & {u.media for u in (*fold.test, *fold.validation)}
    assert same_sound.id in {u.id for u in pool.excluded}
    assert "toy/98" in _speakers(pool.utterances)
    assert {"toy/99", "toy/97"} <= _speakers(pool.excluded)
    assert all(not utterance.ratings for utterance in pool.utterances)


def test_the_same_person_in_another_corpus_is_kept_out_too() -> None:
    fold = leave_one_session_out(toy_corpus(sessions=3)[0])[0]
    twin = replace(an_utterance("t", corpus="other", session=""), speaker=fold.test[0].speaker)
    assert unlabelled_set(fold, [twin]).excluded == (without_ratings(twin),)


def test_a_recording_of_nobody_knows_whom_stays_out_where_it_could_be_a_held_out_person() -> None:
    fold = leave_one_session_out(toy_corpus(sessions=3)[0])[0]
    own = an_utterance("a", speaker="?a", session="")
    foreign = an_utterance("b", speaker="?b", session="", corpus="elsewhere")
    pool = unlabelled_set(fold, [own, foreign])
    assert [u.speaker for u in pool.excluded] == ["toy/?a"]
    assert [u.speaker for u in pool.utterances] == ["elsewhere/?b"]


def test_a_recording_of_nobody_named_is_of_those_who_speak_in_the_same_file() -> None:
    utterances = toy_corpus(sessions=3)[0]
    fold = leave_one_session_out(utterances)[0]
    # One corpus and people as the table's, as from a folder called alike: only whose recording it is counts.
    of_training = replace(an_utterance("a", speaker="?a", session=""), media=fold.train[0].media)
    of_test = replace(an_utterance("b", speaker="?b", session=""), media=fold.test[0].media)
    pool = unlabelled_set(fold, [of_training, of_test])
    assert pool.utterances == (without_ratings(of_training),)
    assert pool.exclusions == (Exclusion(reason=OF_HELD_OUT_SPEAKER, count=1),)
    # Somebody who is named is no stranger.
    assert pool.strangers == 0


def test_where_nobody_says_whose_people_these_are_the_folder_decides() -> None:
    fold = leave_one_session_out(toy_corpus(sessions=3)[0])[0]
    beside = replace(an_utterance("a"), speaker="?/?a", session="", ratings=())
    elsewhere = replace(an_utterance("b", corpus="pool", session=""), speaker="?/?b", ratings=())
    strangers = replace(an_utterance("c"), speaker="strangers/?c", session="", ratings=())
    pool = unlabelled_set(fold, [beside, elsewhere, strangers])
    assert pool.excluded == (beside,)
    assert pool.exclusions == (Exclusion(reason=BESIDE_HELD_OUT, count=1),)
    assert (pool.utterances, pool.strangers) == ((elsewhere, strangers), 2)


def test_a_link_to_a_held_out_recording_is_that_recording(tmp_path: Path) -> None:
    fold = leave_one_session_out(toy_corpus(sessions=3)[0])[0]
    (tmp_path / "link.mp4").symlink_to(fold.test[0].media)
    linked = replace(an_utterance("a", speaker="98", session="9"), media=tmp_path / "link.mp4", ratings=())
    assert unlabelled_set(fold, [linked]).exclusions == (Exclusion(reason=IN_HELD_OUT_RECORDING, count=1),)


def test_few_labels_keeps_so_many_a_level_and_strips_the_rest() -> None:
    utterances, _ = toy_corpus(sessions=3, per_level=6)
    kept, rest = few_labels(utterances, "valence", per_level=4, seed=0)
    assert len(kept) == 12
    assert len(rest) == len(utterances) - 12
    assert all(not utterance.ratings for utterance in rest)
    assert few_labels(utterances, "valence", per_level=4, seed=1)[0] != kept


@given(st.integers(1, 9), st.integers(0, 5))
def test_more_labels_contain_fewer(per_level: int, seed: int) -> None:
    utterances, _ = toy_corpus(sessions=2, per_level=3)
    fewer, _ = few_labels(utterances, "arousal", per_level=per_level, seed=seed)
    more, _ = few_labels(utterances, "arousal", per_level=per_level + 1, seed=seed)
    assert set(fewer) <= set(more)


@given(st.integers(0, 12), st.integers(0, 5))
def test_a_larger_pool_contains_a_smaller_one(size: int, seed: int) -> None:
    utterances, _ = toy_corpus(sessions=2, per_level=1)
    smaller, larger = (limited(utterances, most, seed=seed) for most in (size, size + 1))
    assert len(smaller) == min(size, len(utterances))
    assert set(smaller) <= set(larger)
    assert list(larger) == [utterance for utterance in utterances if utterance in larger]
    assert limited(utterances, None, seed=seed) == tuple(utterances)


def test_a_pool_of_a_given_size_differs_by_seed() -> None:
    utterances, _ = toy_corpus(sessions=3, per_level=3)
    assert len({limited(utterances, 5, seed=seed) for seed in range(5)}) > 1


def test_fixed_directions_test_the_women_of_every_session() -> None:
    folds = leave_one_session_out(toy_corpus(sessions=4)[0], seed=3, directions="fixed")
    assert len(folds) == 4
    assert {u.gender for fold in folds for u in fold.test} == {"F"}


def test_one_session_is_not_enough() -> None:
    with pytest.raises(ValaroError, match="needs at least two sessions of labelled utterances, found 1"):
        leave_one_session_out(toy_corpus(sessions=1)[0])


def test_a_session_of_one_speaker_cannot_be_parted() -> None:
    utterances = [an_utterance(str(n), speaker=str(n), session=str(n)) for n in range(3)]
    with pytest.raises(ValaroError, match="session '0' has one speaker only"):
        leave_one_session_out(utterances)


def test_without_genders_speakers_are_parted_by_name() -> None:
    utterances = [
        an_utterance(f"{s}{n}", speaker=f"{s}{n}", session=str(s), gender="") for s in range(2) for n in range(3)
    ]
    fold = leave_one_session_out(utterances, directions="both")[0]
    assert len(_speakers(fold.test) | _speakers(fold.validation)) == 3


def test_the_final_model_validates_on_one_whole_session() -> None:
    fold = hold_out_for_validation(toy_corpus(sessions=3)[0], seed=1)
    assert fold.test == ()
    assert len({u.session for u in fold.validation}) == 1
    assert len(_speakers(fold.validation)) == 2


def test_shuffled_labels_are_those_that_were_there_in_another_order_and_never_touch_the_test() -> None:
    utterances, _ = toy_corpus(sessions=3, per_level=6, unlabelled=2)
    fold = leave_one_session_out(utterances)[0]
    # One woman rated the second half of the clips on arousal alone: valence is dealt among the others.
    one_sided = an_utterance("x", speaker="09", session="9", level="high", dimensions=("arousal",))
    fold = replace(fold, train=(*fold.train, one_sided))
    dealt = with_shuffled_labels(fold, "valence", seed=0)
    assert dealt.test == fold.test
    for part, before in ((dealt.train, fold.train), (dealt.validation, fold.validation)):
        assert [u.id for u in part] == [u.id for u in before]
        was, now = ([_valences(u) for u in utterances] for utterances in (before, part))
        assert sorted(now) == sorted(was)
        # Of 18 or more labels of three kinds, about a third keep theirs by chance.
        assert 0.15 * len(was) < sum(a == b for a, b in zip(was, now, strict=True)) < 0.6 * len(was)
        assert [[r for r in u.ratings if r.dimension == "arousal"] for u in part] == [
            [r for r in u.ratings if r.dimension == "arousal"] for u in before
        ]
    assert _valences(dealt.train[-1]) == ()
    assert with_shuffled_labels(fold, "valence", seed=0) == dealt
    assert with_shuffled_labels(fold, "valence", seed=1) != dealt


def _valences(utterance: Utterance) -> tuple[float, ...]:
    return tuple(rating.score for rating in utterance.ratings if rating.dimension == "valence")
