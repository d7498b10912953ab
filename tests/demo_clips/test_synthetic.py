"""Is the synthetic corpus planned, rated, written and repeated as promised?"""

import csv
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import av
import numpy as np
import pytest

from valaro.corpora.options import TableOptions
from valaro.corpora.table import read_table
from valaro.media.decode import decode_clip, probe
from valaro.media.yunet import YuNet
from valaro_demo_clips.corpus import (
    SYNTHETIC_NOTE,
    ClipPlan,
    plan_corpus,
    plan_recording,
    render_clip,
    render_recording,
    write_table,
)

PLANS = plan_corpus(seed=0)


def _level(votes: tuple[int, ...]) -> int:
    mean = float(np.mean(votes))
    return 0 if mean <= 2 else 2 if mean >= 4 else 1


def _vote_levels(votes: tuple[int, ...]) -> list[int]:
    return [sum(_level((vote,)) == level for vote in votes) for level in range(3)]


def _short(plan: ClipPlan, seconds: float = 0.8) -> ClipPlan:
    return replace(plan, duration=seconds)


def test_three_sessions_hold_a_woman_and_a_man_each_and_the_extra_speakers_stand_outside_them():
    seats = {(plan.session, plan.person.name, plan.person.gender) for plan in PLANS if not plan.session.startswith("u")}
    assert seats == {
        ("1", "01", "F"),
        ("1", "02", "M"),
        ("2", "03", "F"),
        ("2", "04", "M"),
        ("3", "05", "F"),
        ("3", "06", "M"),
    }
    extras = {(plan.session, plan.person.name) for plan in PLANS if plan.session.startswith("u")}
    assert extras == {("u1", "07"), ("u2", "08"), ("u3", "09"), ("u4", "10")}


def test_twenty_rated_and_sixteen_unrated_clips_a_speaker_and_sixteen_of_each_extra_speaker():
    rated = [plan for plan in PLANS if plan.valence_votes]
    assert len(rated) == 6 * 20
    assert len(PLANS) == 6 * (20 + 16) + 4 * 16
    assert all(bool(plan.valence_votes) == bool(plan.arousal_votes) for plan in PLANS)
    assert not any(plan.valence_votes for plan in PLANS if plan.session.startswith("u"))
    assert len({plan.utterance for plan in PLANS}) == len(PLANS)


def test_clips_last_between_1_6_and_3_2_seconds_and_end_with_a_whole_frame():
    assert all(1.6 <= plan.duration <= 3.2 for plan in PLANS)
    assert all(abs(plan.duration * 25 - round(plan.duration * 25)) < 1e-9 for plan in PLANS)


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
@pytest.mark.parametrize("dimension", ["valence_votes", "arousal_votes"])
def test_every_level_of_the_mean_vote_holds_a_fifth_of_the_rated_clips(dimension: str, seed: int):
    votes = [getattr(plan, dimension) for plan in plan_corpus(seed=seed) if plan.valence_votes]
    shares = np.bincount([_level(each) for each in votes], minlength=3) / len(votes)
    assert shares.min() >= 0.2


@pytest.mark.parametrize("dimension", ["valence_votes", "arousal_votes"])
def test_three_or_four_annotators_vote_from_1_to_5_and_disagree_and_sometimes_tie(dimension: str):
    votes = [getattr(plan, dimension) for plan in PLANS if plan.valence_votes]
    assert {len(each) for each in votes} == {3, 4}
    assert {vote for each in votes for vote in each} == {1, 2, 3, 4, 5}
    disagreeing = np.mean([len(set(each)) > 1 for each in votes])
    assert 0.5 < disagreeing < 0.95
    counts = [sorted(_vote_levels(each)) for each in votes]
    tied = np.mean([count[2] == count[1] for count in counts])
    assert 0.02 < tied < 0.25


def test_the_table_holds_votes_for_the_rated_and_nothing_for_the_others_and_reads_back(tmp_path: Path):
    plans = plan_corpus(seed=0, sessions=1, labelled_per_speaker=1, unlabelled_per_speaker=1, extra_speakers=1)
    table = write_table(plans, tmp_path)
    with table.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert list(rows[0]) == ["utterance", "file", "speaker", "gender", "session", "valence", "arousal"]
    assert [row["speaker"] for row in rows] == ["01", "01", "02", "02", "03"]
    assert [row["session"] for row in rows] == ["1", "1", "1", "1", "u1"]
    assert rows[0]["valence"] == ";".join(str(vote) for vote in plans[0].valence_votes)
    assert [bool(row["arousal"]) for row in rows] == [True, False, True, False, False]


def test_the_table_reader_takes_what_was_written(tmp_path: Path):
    plans = plan_corpus(seed=0, sessions=1, labelled_per_speaker=1, unlabelled_per_speaker=1, extra_speakers=0)
    for plan in plans:
        (tmp_path / plan.file).touch()
    utterances = read_table(write_table(plans, tmp_path), TableOptions(corpus="synthetic")).utterances
    assert len(utterances) == 4
    assert [utterance.is_labelled("valence") for utterance in utterances] == [True, False, True, False]
    assert {utterance.speaker.rsplit("/", 1)[-1] for utterance in utterances} == {"01", "02"}
    scores = [rating.score for rating in utterances[0].ratings if rating.dimension == "arousal"]
    assert sorted(scores) == sorted(plans[0].arousal_votes)


def test_the_same_seed_gives_the_same_plans_and_bytes_and_another_seed_others(tmp_path: Path):
    again = plan_corpus(seed=0)
    other = plan_corpus(seed=1)
    assert again == PLANS
    first = render_clip(_short(PLANS[0]), tmp_path / "first").read_bytes()
    render_clip(_short(PLANS[1]), tmp_path / "between")
    assert render_clip(_short(again[0]), tmp_path / "again").read_bytes() == first
    assert render_clip(_short(other[0]), tmp_path / "other").read_bytes() != first


def test_more_clips_of_a_speaker_leave_the_other_speakers_clips_as_they_were():
    fewer = {plan.utterance: plan for plan in PLANS if plan.person.name == "03"}
    more = plan_corpus(seed=0, extra_speakers=6)
    assert {plan.utterance: plan for plan in more if plan.person.name == "03"} == fewer


def test_another_process_renders_the_same_bytes(tmp_path: Path):
    plan = _short(PLANS[0], 0.4)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        there = pool.submit(render_clip, plan, tmp_path / "there").result()
    assert there.read_bytes() == render_clip(plan, tmp_path / "here").read_bytes()


def test_a_rendered_clip_is_240_pixels_at_25_frames_with_sound_of_the_same_length(tmp_path: Path):
    path = render_clip(_short(PLANS[0], 1.6), tmp_path)
    info = probe(path)
    assert (info.width, info.height, info.has_sound) == (240, 240, True)
    assert info.frame_rate == pytest.approx(25.0)
    clip = decode_clip(path)
    assert clip.frames.shape[0] == 40
    assert len(clip.samples) / clip.sample_rate == pytest.approx(1.6, abs=0.07)


def test_the_room_is_heard_until_the_end(tmp_path: Path):
    # 1.6 s are 25 blocks of 1024 samples, 1.76 s are 27.5: the codec fills the last one up with silence unless we do
    for seconds in (1.6, 1.76):
        samples = decode_clip(render_clip(_short(PLANS[0], seconds), tmp_path), picture=False).samples
        assert 10 * np.log10(np.mean(samples[-160:] ** 2)) > PLANS[0].noise - 6


def test_yunet_finds_one_face_in_at_least_95_percent_of_the_frames_of_every_speaker(tmp_path: Path):
    detect = YuNet()
    for name in sorted({plan.person.name for plan in PLANS}):
        plan = next(plan for plan in PLANS if plan.person.name == name)
        frames = decode_clip(render_clip(_short(plan, 1.6), tmp_path), sound=False).frames[::3]
        found = [sum(face.score >= 0.8 for face in detect(frame)) == 1 for frame in frames]
        assert np.mean(found) >= 0.95, name


def test_a_library_without_h264_writes_mpeg4_with_a_face_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(av, "codecs_available", {"mpeg4", "aac"})
    path = render_clip(_short(PLANS[0], 0.4), tmp_path)
    with av.open(str(path)) as film:
        assert film.streams.video[0].codec_context.name == "mpeg4"
    detect = YuNet()
    assert all(detect(frame)[0].score >= 0.8 for frame in decode_clip(path, sound=False).frames)


def test_the_recording_is_of_a_speaker_outside_the_corpus_and_as_long_as_its_plans(tmp_path: Path):
    plans = plan_recording(seed=0, seconds=24.0)
    assert plans[0].person.name not in {plan.person.name for plan in PLANS}
    assert sum(plan.duration for plan in plans) == pytest.approx(24.0)
    assert {np.sign(plan.arousal[0]) for plan in plans} == {-1.0, 1.0}
    assert {np.sign(plan.valence[0]) for plan in plans} == {-1.0, 1.0}
    path = tmp_path / "recording.mp4"
    render_recording([_short(plan, 0.4) for plan in plans], path)
    assert probe(path).duration == pytest.approx(0.4 * len(plans), abs=0.1)


def test_the_note_says_that_the_corpus_is_synthetic():
    assert SYNTHETIC_NOTE.startswith("Synthetic")
