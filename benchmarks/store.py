"""How fast are random crops out of a store, and what does writing it cost, against an older checkout?

    python benchmarks/store.py --old CHECKOUT/src [--utterances 480] [--draws 200] [--repeats 5] [--workers 2]

Both extract the same rows (fbank and face, 2 to 8 s an utterance, from arrays on disk: no decoder) and cut the same
crops, each in a process of its own that measures in turn with the other, so that a busy machine slows both. The
store's fingerprint and the crops are compared first. CPU seconds are those of the process and its workers, the
shortest of the repeats.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
MODULE = "extraction_without_decoder"
# Runs in either checkout; workers import the extractor from a module, hence the file.
WORKER = """
import os, sys, tempfile, time
from pathlib import Path
from types import SimpleNamespace
import numpy as np
import xxhash
try:
    import valaro.extraction.extract as extraction
except ImportError:
    import valaro.extraction as extraction
from valaro.records import Extracted, FeatureSequence, Utterance

VERSIONS = {"face": "1", "fbank": "1"}

def extractor(utterance, names):
    rows = np.load(utterance.media)
    return Extracted(features=tuple(FeatureSequence(name=name, values=rows) for name in names))

def utterances(folder):
    paths = sorted(folder.glob("*.npy"))
    facts = dict(corpus="c", session="", speaker="c/1", gender="")
    return [Utterance(id=f"c/{path.stem}", media=path, **facts) for path in paths]

def extract(folder, to, workers):
    options = dict(extractor=extractor, versions=VERSIONS)
    if hasattr(extraction, "ExtractOptions"):
        options = {"options": extraction.ExtractOptions(**options)}
    extraction.extract(utterances(folder), [*VERSIONS], to=to, workers=workers, **options)

def cpu():
    return sum(os.times()[:4])

def main(folder, workers, draws):
    from valaro.store.feature_store import FeatureStore
    from valaro.training.crops import Recordings
    for line in sys.stdin:
        if line == "write\\n":
            to, begun, clock = Path(tempfile.mkdtemp()) / "store", cpu(), time.perf_counter()
            extract(folder, to, workers)
            print(cpu() - begun, time.perf_counter() - clock, FeatureStore.open(to).fingerprint, flush=True)
        else:
            wanted, one, zero = utterances(folder), np.ones(128, np.float32), np.zeros(128, np.float32)
            scale = dict.fromkeys(VERSIONS, SimpleNamespace(factor=one, offset=zero, deviation=one, mean=zero))
            recordings = Recordings(FeatureStore.open(to), wanted, [*VERSIONS], lambda _: scale)
            rng, digest, begun = np.random.default_rng(0), xxhash.xxh3_64(), cpu()
            for _ in range(draws):
                crops = recordings.draw(rng.integers(0, len(wanted), 64), rng)
            spent = cpu() - begun
            for name in VERSIONS:
                digest.update(crops[name].contiguous().numpy().tobytes())
            print(spent / (64 * draws), 0.0, digest.hexdigest(), flush=True)
"""
BEGIN = f"import sys, {MODULE} as m; from pathlib import Path; m.main(Path(sys.argv[1]), *map(int, sys.argv[2:]))"


def write_recordings(folder: Path, count: int) -> None:
    """Write the rows that stand for recordings."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    for number in range(count):
        np.save(folder / f"{number:05}.npy", rng.standard_normal((int(rng.integers(200, 800)), 128)).astype(np.float32))


def start(source: Path, place: Path, arguments: argparse.Namespace) -> subprocess.Popen[str]:
    """Return a process that measures the code in `source`."""
    command = [sys.executable, "-c", BEGIN, str(place / "rows"), str(arguments.workers), str(arguments.draws)]
    environment = {**os.environ, **ONE_THREAD, "PYTHONPATH": f"{source}:{place}", "TMPDIR": str(place)}
    return subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def answer_of(process: subprocess.Popen[str], asked: str) -> tuple[float, float, str]:
    """Return CPU seconds, seconds and the checksum of what came out."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{asked}\n")
    process.stdin.flush()
    cpu, clock, checksum = process.stdout.readline().split()
    return float(cpu), float(clock), checksum


def main() -> int:
    """Compare and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--old", type=Path, required=True)
    parser.add_argument("--utterances", type=int, default=480)
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="valaro-store-") as name:
        place = Path(name)
        write_recordings(place / "rows", arguments.utterances)
        (place / f"{MODULE}.py").write_text(WORKER)
        sides = {"old": arguments.old, "new": Path(__file__).parents[1] / "src"}
        processes = {side: start(source, place, arguments) for side, source in sides.items()}
        same = True
        for asked, unit, what in (
            ("write", 1e3 / arguments.utterances, "CPU ms to write an utterance"),
            ("crops", 1e6, "CPU us for a crop"),
        ):
            rounds = [{side: answer_of(processes[side], asked) for side in sides} for _ in range(arguments.repeats)]
            same = same and all(answers["old"][2] == answers["new"][2] for answers in rounds)
            cpu = {side: min(answers[side][0] for answers in rounds) for side in sides}
            clock = {side: min(answers[side][1] for answers in rounds) for side in sides}
            ratio = cpu["new"] / cpu["old"]
            line = f"{what}: old {cpu['old'] * unit:.2f}, new {cpu['new'] * unit:.2f}, ratio {ratio:.2f}"
            print(line + (f"; seconds: old {clock['old']:.2f}, new {clock['new']:.2f}" if clock["old"] else ""))
        print(f"what came out is {'the same' if same else 'DIFFERENT'}")
        for process in processes.values():
            assert process.stdin is not None
            process.stdin.close()
            process.wait()
        return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
