"""Does `valaro predict` need more memory for a long recording than for a short one?

    python benchmarks/predict_memory.py RUN SHORT_RECORDING FOLDER_OF_CLIPS [--minutes 10]

Joins the folder's clips, again and again, into one recording of `--minutes`, predicts the short one and the long one in
a process each, and prints the peak resident memory of both and their ratio.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from itertools import cycle
from pathlib import Path

import av
import numpy as np

from valaro.media.decode import decode_clip

FRAME_RATE, SAMPLE_RATE = 30, 16_000


def join(clips: list[Path], seconds: float, to: Path) -> None:
    """Write the clips one after the other, grey, at 30 frames a second, until `seconds` are full."""
    first = decode_clip(clips[0]).frames
    height, width = (first.shape[1] // 2 * 2, first.shape[2] // 2 * 2)
    with av.open(to, "w") as container:
        picture = container.add_stream("libx264", rate=FRAME_RATE, options={"preset": "ultrafast"})
        picture.width, picture.height, picture.pix_fmt = width, height, "yuv420p"
        sound = container.add_stream("aac", rate=SAMPLE_RATE)
        frames = samples = 0
        for path in cycle(clips):
            if frames >= seconds * FRAME_RATE:
                break
            clip = decode_clip(path)
            count = round(len(clip.samples) / SAMPLE_RATE * FRAME_RATE)
            wanted = clip.start + np.arange(count) / FRAME_RATE
            shown = np.clip(np.searchsorted(clip.times, wanted, side="right") - 1, 0, len(clip.times) - 1)
            for index in shown:
                grey = clip.frames[index][:height, :width]
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(grey), format="gray").reformat(format="yuv420p")
                frame.pts, frame.time_base = frames, Fraction(1, FRAME_RATE)
                container.mux(picture.encode(frame))
                frames += 1
            length = round(count / FRAME_RATE * SAMPLE_RATE)
            padded = np.resize(clip.samples, length)[None]
            block = av.AudioFrame.from_ndarray(np.ascontiguousarray(padded), format="fltp", layout="mono")
            block.sample_rate, block.pts, block.time_base = SAMPLE_RATE, samples, Fraction(1, SAMPLE_RATE)
            container.mux(sound.encode(block))
            samples += length
        container.mux(picture.encode(None))
        container.mux(sound.encode(None))


def predict(run: Path, recording: Path, to: Path) -> tuple[float, float]:
    """Return peak memory in MB and seconds of one `valaro predict`."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "valaro", "predict", str(run), str(recording), "--to", str(to)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"predict failed on {recording}")
    return usage.ru_maxrss / 1000, time.perf_counter() - begun


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("short", type=Path)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--minutes", type=float, default=10)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        long = Path(folder) / "long.mp4"
        join(sorted(asked.clips.rglob("*.mp4")), asked.minutes * 60, long)
        peaks = {}
        for name, recording in (("short", asked.short), ("long", long)):
            peaks[name], seconds = predict(asked.run, recording, Path(folder) / f"{name}.html")
            print(
                f"{name:5}  {recording.stat().st_size / 1e6:7.1f} MB file  peak {peaks[name]:6.0f} MB  {seconds:6.1f} s"
            )
        print(f"peak memory, long / short: {peaks['long'] / peaks['short']:.2f}")


if __name__ == "__main__":
    main()
