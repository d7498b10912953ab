"""Does a training that was killed at random moments, time after time, end with the same weights as an undisturbed one?

    python benchmarks/kill_training.py [--kills 20] [--models FSBase:fbank ...] [--study FILE] [--set training.steps=60]

Each model is trained undisturbed first, in an interpreter of its own. Then it is trained in lives: every life goes on
from the state that the last one left (kept after EVERY update), and is killed with SIGKILL, every other one at a random
moment, the rest at a random moment while a state is being written; until as many kills as asked for have hit, round
after round. The last life of a round is not killed and again has an interpreter of its own, since each orders its sets
differently. Weights (the bytes of safetensors), history, alarms, the chosen step and every losses file must be those of
the undisturbed training. One more round has the state kept every 30 s, as it is by default: on a short training a kill
then means to begin anew. Exits with 1 if anything differed.

Without --study (a settings file) a corpus of noise with patterns in it is made, on which a training takes a second.
"""

import argparse
import json
import multiprocessing
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path

import torch
from safetensors.torch import save

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))

from helpers.studies import make_study
from valaro.experiments.data import load_study
from valaro.experiments.jobs import folds_of
from valaro.experiments.settings import read_settings
from valaro.tensorfile import parse_tensors
from valaro.training.checkpointer import CHECKPOINT, CheckpointPaths
from valaro.training.methods import model_specs
from valaro.training.state import join
from valaro.training.train import train_folds
from valaro.training.training_data import prepare

MODELS = ("FSBase:fbank", "SSBase:fbank", "SSGAN:fbank", "MSSGAN", "CT", "MeanTeacher", "SoftMatch", "ClassBalanced")
CHANGES = ("training.steps=24", "training.batch_size=8", "training.evaluate_every=5", "self_training.threshold=0.4")
"""Of the made study, so that a kill has something to hit and SSBase some pseudo-labels to learn."""

Contents = dict[str, bytes]


def train(study: Path, changes: Sequence[str], model: str, to: Path, seconds: float) -> None:
    """Train `model` on the study's first fold, going on from what lies in `to`, and write down all it came to."""
    torch.set_num_threads(1)
    settings = read_settings(study, changes)
    data = load_study(settings)
    dimension = settings.study.dimensions[0]
    (to / "losses").mkdir(parents=True, exist_ok=True)
    spec, config = model_specs(model, settings.study.features)[0], settings.config()
    folds = folds_of(data, dimension, seed=0, settings=settings)[:1]
    learnt = prepare(spec, data.store, folds, data.unlabelled, dimension=dimension, seed=0, config=config)
    paths = CheckpointPaths(losses_in=to / "losses", state_in=to / "state", seconds=seconds)
    (training,) = train_folds(spec, learnt, seed=0, config=config, paths=paths)
    weights = save({name: value.contiguous() for name, value in training.model.classifier.state_dict().items()})
    record = {
        "history": [asdict(point) for point in training.history],
        "alarms": [asdict(alarm) for alarm in training.alarms],
        "best_step": training.best_step,
    }
    (to / "record.json").write_text(json.dumps(record))
    (to / "weights.safetensors").write_bytes(weights)


def contents(to: Path) -> Contents:
    """Return all that a training leaves, besides its state."""
    files = [to / "weights.safetensors", to / "record.json", *sorted((to / "losses").iterdir())]
    return {path.name: path.read_bytes() for path in files if path.exists()}


@dataclass
class Tally:
    """What the kills of one model came to."""

    kills: int = 0
    while_writing: int = 0
    resumed: list[str] = field(default_factory=list)
    rounds: int = 0
    differing: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Trial:
    """What every training of this run shares."""

    study: Path
    changes: tuple[str, ...]
    folder: Path
    moments: random.Random

    def alone(self, model: str, to: Path, seconds: float) -> str:
        """Train to the end in a fresh interpreter and return what went wrong."""
        options = [str(self.study), "--into", str(to), "--models", model, "--seconds", str(seconds)]
        command = [sys.executable, __file__, "--study", *options]
        for change in self.changes:
            command += ["--set", change]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["it failed"])[-1]

    def life(self, model: str, to: Path, seconds: float) -> BaseProcess:
        """Begin to train in a process that is a copy of this one: importing torch would be most of a short life."""
        process = multiprocessing.get_context("fork").Process(
            target=_quietly, args=(train, self.study, self.changes, model, to, seconds)
        )
        process.start()
        return process


def _quietly(run: Callable[..., None], *arguments: object) -> None:
    # What a life has to say is said by the last one of its round, should it fail in the same way.
    descriptor = os.open(os.devnull, os.O_WRONLY)
    os.dup2(descriptor, 2)
    run(*arguments)


@dataclass(frozen=True)
class Moment:
    """When to kill: after so many updates of this life and so many seconds more, or in the writing of the next state.

    A busy machine stretches time, so that seconds alone would kill most lives before they did anything.
    """

    updates: int
    seconds: float
    writing: bool = False


def kill(process: BaseProcess, to: Path, moment: Moment) -> bool:
    """Kill at the moment, and return whether the process still ran."""
    seen = {_states(to)}
    while process.is_alive() and len(seen) <= moment.updates:
        # Looking without a rest would take the processor from what is looked at.
        time.sleep(0.001)
        seen.add(_states(to))
    while moment.writing and process.is_alive() and not any((to / "state").glob(".*.part")):
        time.sleep(0.0001)
    process.join(timeout=moment.seconds)
    process.kill()
    process.join()
    return process.exitcode is not None and process.exitcode < 0


def _states(to: Path) -> tuple[int, ...]:
    """Return the files of state that a continued training would find: each that is written is another one."""
    return tuple(path.stat().st_ino for path in sorted((to / "state").glob("*.safetensors")) if path.exists())


def left_behind(to: Path) -> tuple[str, bool]:
    """Return the state that the next life will find, and whether the kill fell into the writing of another one."""
    kept: list[str] = []
    for path in sorted((to / "state").glob("*.safetensors")):
        saved = parse_tensors(CHECKPOINT, path.read_bytes(), path.name)
        kept.append(f"{path.stem}:{join(saved.facts['state'], saved.arrays)['updates']['done']}")
    return kept[-1] if kept else "nothing", any((to / "state").glob(".*.part"))


def one_round(trial: Trial, model: str, expected: Contents, tally: Tally, *, most: int, seconds: float) -> None:
    """Train once in lives, at most `most` kills long, and compare."""
    to = Path(tempfile.mkdtemp(dir=trial.folder))
    hits = 0
    duration = _duration(trial, model)
    while hits < most:
        process = trial.life(model, to, seconds)
        if not kill(process, to, _moment(trial, duration, number=tally.kills + hits, seconds=seconds)):
            break
        hits += 1
        kept, torn = left_behind(to)
        tally.resumed.append(kept)
        tally.while_writing += torn
    tally.kills += hits
    tally.rounds += 1
    wrong = trial.alone(model, to, seconds)
    found = contents(to)
    different = sorted(name for name in {**found, **expected} if found.get(name) != expected.get(name))
    if wrong or different:
        tally.differing.append(wrong or f"differs in {', '.join(different)}")


def _moment(trial: Trial, duration: float, *, number: int, seconds: float) -> Moment:
    draw = trial.moments
    if seconds > 0:
        # The duration is that of a training that keeps every state: one that keeps few is over much sooner.
        return Moment(updates=0, seconds=draw.uniform(0.05, 0.3) * duration)
    updates = draw.randrange(6)
    if number % 2:
        return Moment(updates=updates, seconds=draw.choice((0, 0.001, 0.004, 0.012)), writing=True)
    return Moment(updates=updates, seconds=draw.uniform(0, duration / 10))


_durations: dict[str, float] = {}


def _duration(trial: Trial, model: str) -> float:
    """Return the seconds of a training whose state is kept after every update."""
    if model not in _durations:
        begun = time.perf_counter()
        trial.life(model, Path(tempfile.mkdtemp(dir=trial.folder)), 0).join()
        _durations[model] = time.perf_counter() - begun
    return _durations[model]


def try_model(trial: Trial, model: str, kills: int) -> bool:
    """Kill one model's training as often as asked for, print what it came to, and return if all was identical."""
    undisturbed = trial.folder / f"undisturbed {model.replace(':', ' ')}"
    wrong = trial.alone(model, undisturbed, 1e9)
    if wrong:
        print(f"{model}: the undisturbed training failed: {wrong}")
        return False
    expected = contents(undisturbed)
    tally = Tally()
    while tally.kills < kills and tally.rounds < 5 * kills:
        one_round(trial, model, expected, tally, most=kills - tally.kills, seconds=0)
    by_default = Tally()
    one_round(trial, model, expected, by_default, most=1, seconds=30)
    faults = [*tally.differing, *by_default.differing]
    print(
        f"{model}: {tally.kills} kills, {tally.while_writing} of them while a state was written, in {tally.rounds} "
        f"rounds; gone on from {', '.join(tally.resumed)}; with the state every 30 s {by_default.kills} kill, gone on "
        f"from {', '.join(by_default.resumed) or 'nothing'}: {'identical' if not faults else 'DIFFERENT'}"
    )
    for fault, times in {fault: faults.count(fault) for fault in faults}.items():
        print(f"  {times} of {tally.rounds + by_default.rounds} rounds: {fault}")
    sys.stdout.flush()
    return not faults


def main() -> int:
    """Read the arguments; with --into only train."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20, help="of each model")
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--study", type=Path, help="settings file of a real study")
    parser.add_argument("--set", dest="changes", action="append", default=[], help="section.name=value")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--into", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, default=0.0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.into is not None:
        train(options.study, options.changes, options.models[0], options.into, options.seconds)
        return 0
    with tempfile.TemporaryDirectory(prefix="valaro-kill-") as folder:
        here = Path(folder)
        fake = options.study is None
        trial = Trial(
            study=make_study(here / "study") if fake else options.study,
            changes=(*(CHANGES if fake else ()), *options.changes),
            folder=here,
            moments=random.Random(options.seed),
        )
        print(f"load {' '.join(f'{value:.1f}' for value in os.getloadavg())}, seed {options.seed}", flush=True)
        same = [try_model(trial, model, options.kills) for model in options.models]
        print(f"{sum(same)} of {len(same)} models ended as if undisturbed")
    return 0 if all(same) else 1


if __name__ == "__main__":
    sys.exit(main())
