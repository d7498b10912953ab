"""The synthetic corpus: talking heads on which the demo and the tests run."""

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from valaro.files import write_text
from valaro.rng import numpy_stream, stream_seed
from valaro_demo_clips.acting import FRAME_RATE, act
from valaro_demo_clips.annotators import Annotator, draw_annotators, vote
from valaro_demo_clips.film import BLOCK, write_film
from valaro_demo_clips.person import Person, draw_person
from valaro_demo_clips.plan import ClipPlan, follow
from valaro_demo_clips.scene import PICTURE, film
from valaro_demo_clips.speech import plan_speech
from valaro_demo_clips.voice import SAMPLE_RATE, background, synthesise

__all__ = [
    "SYNTHETIC_NOTE",
    "ClipPlan",
    "plan_corpus",
    "plan_recording",
    "render_clip",
    "render_recording",
    "write_table",
]

SYNTHETIC_NOTE = (
    "Synthetic: every face is drawn, every voice is computed, and simulated annotators rated them. "
    "The figures show that the programs work; they say nothing about people."
)

ANNOTATORS = 6
"""Annotators in the pool of each dimension; three or four of them rate a clip."""

COLUMNS = ("utterance", "file", "speaker", "gender", "session", "valence", "arousal")


def plan_corpus(
    *,
    seed: int = 0,
    sessions: int = 3,
    labelled_per_speaker: int = 20,
    unlabelled_per_speaker: int = 16,
    extra_speakers: int = 4,
) -> tuple[ClipPlan, ...]:
    """Return the plans of all clips: a woman and a man in each session, and extra speakers in none (`u1`, `u2` ...).

    Extra speakers have unlabelled clips only.
    """
    pools = {name: draw_annotators(ANNOTATORS, seed=seed, dimension=name) for name in ("valence", "arousal")}
    plans: list[ClipPlan] = []
    for number in range(1, 2 * sessions + 1):
        person = draw_person(number, seed=seed)
        session = str((number + 1) // 2)
        clips = _plan_clips(person, session, labelled_per_speaker, seed=seed, part="labelled")
        plans += [_rated(plan, pools, seed=seed) for plan in clips]
        first = labelled_per_speaker + 1
        plans += _plan_clips(person, session, unlabelled_per_speaker, seed=seed, part="unlabelled", first=first)
    for extra in range(1, extra_speakers + 1):
        person = draw_person(2 * sessions + extra, seed=seed)
        plans += _plan_clips(person, f"u{extra}", unlabelled_per_speaker, seed=seed, part="unlabelled")
    return tuple(plans)


def plan_recording(*, seed: int = 0, seconds: float = 24.0, speaker: int = 99) -> tuple[ClipPlan, ...]:
    """Return successive plans of one speaker outside the corpus, whose valence and arousal rise and fall."""
    person = draw_person(speaker, seed=seed)
    first = _plan_clips(person, "recording", 1, seed=seed, part="recording")[0]
    count = max(4, round(seconds / 3.0))
    moods = ((-0.75, -0.7), (-0.6, 0.75), (0.7, 0.8), (0.8, -0.5))
    return tuple(
        replace(
            first,
            utterance=f"{first.utterance}_{part}",
            duration=seconds / count,
            voice_share=1.0,
            face_share=1.0,
            valence=(moods[part * 4 // count][0],) * 2,
            arousal=(moods[part * 4 // count][1],) * 2,
        )
        for part in range(count)
    )


def render_clip(plan: ClipPlan, folder: Path) -> Path:
    """Write the clip's mp4 file into `folder` and return its path; equal plans give equal bytes."""
    return _render(plan, folder / plan.file)


def render_recording(plans: Sequence[ClipPlan], path: Path) -> None:
    """Write one recording in which the first plan's speaker goes through the valence and arousal of all plans."""
    _render(_joined(plans), path)


def _joined(plans: Sequence[ClipPlan]) -> ClipPlan:
    """Return the first plan stretched over all plans' durations, with ten knots a second of what each of them feels."""
    ends = np.cumsum([plan.duration for plan in plans])
    knots: list[tuple[float, float]] = []
    for time in np.linspace(0, ends[-1], max(2, round(float(ends[-1]) * 10))):
        part = min(int(np.searchsorted(ends, time)), len(plans) - 1)
        plan, within = plans[part], np.array([time - ends[part] + plans[part].duration])
        felt = [follow(curve, plan.duration, within)[0] for curve in (plan.valence, plan.arousal)]
        knots.append((float(felt[0]), float(felt[1])))
    valence, arousal = zip(*knots, strict=True)
    return replace(plans[0], duration=float(ends[-1]), valence=valence, arousal=arousal)


def write_table(plans: Sequence[ClipPlan], folder: Path) -> Path:
    """Write `utterances.csv` beside the clips: a row a clip, votes as `2;4;5`, nothing where it is unlabelled."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for plan in plans:
        person = plan.person
        votes = [";".join(map(str, column)) for column in (plan.valence_votes, plan.arousal_votes)]
        writer.writerow([plan.utterance, plan.file, person.name, person.gender, plan.session, *votes])
    path = folder / "utterances.csv"
    write_text(path, text.getvalue())
    return path


def _plan_clips(person: Person, session: str, count: int, *, seed: int, part: str, first: int = 1) -> list[ClipPlan]:
    """Plans of one speaker whose valence and arousal are spread evenly, each in its own random order."""
    random = numpy_stream(seed, f"synthetic clips {person.name} {part}")
    levels = [
        random.permutation((np.arange(count) + random.uniform(0, 1, count)) / max(count, 1) * 2 - 1) for _ in "va"
    ]
    return [
        _plan_clip(person, session, first + k, float(levels[0][k]), float(levels[1][k]), seed=seed)
        for k in range(count)
    ]


def _plan_clip(person: Person, session: str, number: int, valence: float, arousal: float, *, seed: int) -> ClipPlan:
    name = f"{person.name}_{number:03d}"
    random = numpy_stream(seed, f"synthetic clip {name}")
    duration = round(float(random.uniform(1.6, 3.2)) * FRAME_RATE) / FRAME_RATE
    # in about a quarter of the clips one channel keeps most of it to itself, so that the other is needed
    quiet = random.random()
    return ClipPlan(
        utterance=name,
        file=f"{name}.mp4",
        person=person,
        session=session,
        seed=stream_seed(seed, f"synthetic film {name}"),
        duration=duration,
        valence=_wobble(valence, random),
        arousal=_wobble(arousal, random),
        voice_share=0.25 if quiet < 0.1 else 1.0,
        face_share=0.2 if quiet > 0.88 else 1.0,
        gain=float(random.uniform(-2.5, 2.5)),
        noise=float(random.uniform(-62, -44)),
        light=float(random.uniform(-1, 1)),
        brightness=float(random.uniform(0.78, 1.12)),
        camera=(
            float(random.uniform(-0.12, 0.12)),
            float(random.uniform(-0.08, 0.08)),
            float(random.uniform(0.88, 1.1)),
        ),
    )


def _wobble(middle: float, random: np.random.Generator) -> tuple[float, ...]:
    """Six knots around `middle`, which stays their mean."""
    steps = random.normal(0, 0.15, 6)
    return tuple(float(value) for value in np.clip(middle + steps - steps.mean(), -1.2, 1.2))


def _rated(plan: ClipPlan, pools: dict[str, tuple[Annotator, ...]], *, seed: int) -> ClipPlan:
    random = numpy_stream(seed, f"synthetic votes {plan.utterance}")
    return replace(
        plan,
        valence_votes=vote(pools["valence"], float(np.mean(plan.valence)), random),
        arousal_votes=vote(pools["arousal"], float(np.mean(plan.arousal)), random),
    )


def _render(plan: ClipPlan, path: Path) -> Path:
    speech = plan_speech(plan, numpy_stream(plan.seed, "speech"))
    acted = act(plan, speech, numpy_stream(plan.seed, "acting"))
    voice = synthesise(plan.person.voice, speech, numpy_stream(plan.seed, "voice"))
    # the room goes on until the codec's last block is full: what the codec adds is silence, which no microphone records
    voice = np.pad(voice, (0, -len(voice) % BLOCK))
    noise = background(len(voice), plan.noise, numpy_stream(plan.seed, "noise"))
    samples = np.clip(voice * np.float32(10 ** (plan.gain / 20)) + noise, -0.99, 0.99)
    frames = film(plan, acted, numpy_stream(plan.seed, "film"))
    write_film(path, frames, samples, size=PICTURE, frame_rate=FRAME_RATE, sample_rate=SAMPLE_RATE)
    return path
