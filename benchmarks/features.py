"""How fast are the features, and how far from those of an older checkout?

    python benchmarks/features.py --old CHECKOUT/src [--clip MEDIA] [--repeats 7]

Both compute on one thread, each in a process of its own that measures in turn with the other, so that a busy machine
slows both. Sound: the clip's samples (or noise) in blocks of 64 windows; faces: its crops (or noise), 32 at a time.
Times are the shortest of the repeats, differences the largest, relative to numbers above 1.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

NAMES = ("fft", "fbank", "face", "dface")
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
# Runs in either checkout: `feature_by_name` is what both have.
WORKER = """
import sys, time
import cv2, numpy as np
from valaro.features.table import feature_by_name
cv2.setNumThreads(1)
inputs = np.load(sys.argv[1])
parts = {"sound": np.split(inputs["windows"], range(64, len(inputs["windows"]), 64))}
parts["faces"] = np.split(inputs["crops"], range(32, len(inputs["crops"]), 32))
names = {name: feature_by_name(name) for name in sys.argv[2].split(",")}
for line in sys.stdin:
    name = line.strip()
    blocks = parts["sound" if name in ("fft", "fbank") else "faces"]
    begun = time.process_time()
    rows = np.concatenate([names[name](block) for block in blocks])
    seconds = time.process_time() - begun
    np.save(sys.argv[3] + name + ".npy", rows)
    print(seconds, flush=True)
"""


def inputs_of(clip: Path | None, *, windows: int = 2048, crops: int = 256) -> dict[str, np.ndarray]:
    """Return windows of sound `[t 400]` and crops `[n 64 64]`, of the clip or drawn."""
    if clip is None:
        rng = np.random.default_rng(0)
        samples = (rng.standard_normal(windows * 160 + 240) * 0.1).astype(np.float32)
        faces = rng.integers(0, 256, (crops, 64, 64), dtype=np.uint8)
    else:
        from valaro.media.decode import stream_clips
        from valaro.media.faces import FaceTracker

        clips, tracker = list(stream_clips(clip)), FaceTracker()
        samples = np.concatenate([clip.samples for clip in clips])
        tracks = [tracker.track(clip.frames, clip.times) for clip in clips if len(clip.frames)]
        faces = np.concatenate([track.crops for track in (*tracks, tracker.finish())])
    framed = np.lib.stride_tricks.sliding_window_view(samples, 400)[::160]
    return {"windows": np.ascontiguousarray(framed), "crops": faces}


def start(source: Path, inputs: Path, prefix: Path) -> subprocess.Popen[str]:
    """Return a process that computes the features that it is asked for with the code in `source`."""
    command = [sys.executable, "-c", WORKER, str(inputs), ",".join(NAMES), str(prefix)]
    environment = {**os.environ, **ONE_THREAD, "PYTHONPATH": str(source)}
    return subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def seconds_of(process: subprocess.Popen[str], name: str) -> float:
    """Return how long the process takes for one feature of all inputs, in CPU seconds."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{name}\n")
    process.stdin.flush()
    return float(process.stdout.readline())


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--old", type=Path, required=True)
    parser.add_argument("--clip", type=Path)
    parser.add_argument("--repeats", type=int, default=7)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        inputs = Path(folder) / "inputs.npz"
        np.savez(inputs, allow_pickle=False, **inputs_of(asked.clip))
        sources = {"old": asked.old, "new": Path(__file__).parents[1] / "src"}
        processes = {key: start(source, inputs, Path(folder) / key) for key, source in sources.items()}
        print("| feature | old, s | new, s | new / old | largest difference |\n|---|---|---|---|---|")
        for name in NAMES:
            times = {key: [seconds_of(process, name)] for key, process in processes.items()}
            for _ in range(asked.repeats):
                for key, process in processes.items():
                    times[key].append(seconds_of(process, name))
            old, new = min(times["old"]), min(times["new"])
            rows = {key: np.load(f"{Path(folder) / key}{name}.npy").astype(np.float64) for key in processes}
            difference = np.abs(rows["old"] - rows["new"]) / np.maximum(1, np.abs(rows["old"]))
            print(f"| `{name}` | {old:.4f} | {new:.4f} | {new / old:.2f} | {difference.max():.1e} |", flush=True)
        for process in processes.values():
            process.communicate()


if __name__ == "__main__":
    main()
