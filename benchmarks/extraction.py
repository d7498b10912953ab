"""What does it cost to extract features of a two-person recording, beside the way that one writes down first?

    python benchmarks/extraction.py DATA [--repeats 3] [--seconds 4]

DATA has `javanese_av`. Two of its speakers are put side by side into a recording of 720x480 at 25 pictures a second
(DivX and MP3 in AVI, as IEMOCAP's dialogues are); features are those of the person on the left. The naive way: every
picture decoded to colour and searched for faces at its full size (the same YuNet), the largest face of the left half
cut out and looked at by the same network in torch, one face at a time; sound through librosa. Ours:
`extract_utterance`. Each is measured on one thread in a process of its own, in turn with the other, after a first run
that loads everything; a time is the CPU seconds of the fastest run for each second of the recording. What comes out is
compared first, by the cosine between both ways' mean rows: faces are not found in the same places to the pixel.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from valaro.features.face_embedding import FaceEmbedding
from valaro.features.face_network import packaged_face_network
from valaro.media.crops import cut_face
from valaro.media.yunet import Face
from valaro.recordings import extract_utterance
from valaro.records import Utterance
from valaro.weights import read_weights

WIDTH, HEIGHT, RATE = 720, 480, 25
SPEAKERS = ("01-01-01_01", "06-01-01_01")
FACES = ("face", "dface")
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

Extracted = tuple[np.ndarray, np.ndarray]
"""Rows of the voice, rows of the face."""


def write_two_people(data: Path, to: Path, seconds: float) -> None:
    """Put two speakers side by side, repeated until `seconds` are full, with the first one's voice."""
    films = [_pictures(data / "javanese_av" / "video" / f"{name}.mp4") for name in SPEAKERS]
    with av.open(str(to), "w", format="avi") as container:
        picture: Any = container.add_stream("mpeg4", rate=RATE, width=WIDTH, height=HEIGHT, pix_fmt="yuv420p")
        picture.bit_rate = 2_000_000
        picture.codec_tag = "DX50"
        sound: Any = container.add_stream("libmp3lame", rate=48_000)
        for k in range(round(seconds * RATE)):
            halves = [film[k % len(film)] for film in films]
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(np.hstack(halves)), format="rgb24")
            container.mux(picture.encode(frame))
        container.mux(picture.encode())
        voice = np.resize(
            _samples(data / "javanese_av" / "video" / f"{SPEAKERS[0]}.mp4", 48_000), int(seconds * 48_000)
        )
        frame = av.AudioFrame.from_ndarray((voice[None] * 32767).astype(np.int16), format="s16", layout="mono")
        frame.sample_rate = 48_000
        container.mux(sound.encode(frame))
        container.mux(sound.encode())


def _pictures(path: Path) -> list[np.ndarray]:
    """Return a film's pictures, each cut and scaled to half of the recording."""
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    height, width = frames[0].shape[:2]
    wanted = min(width, height * WIDTH // 2 // HEIGHT)
    left = (width - wanted) // 2
    return [cv2.resize(frame[:, left : left + wanted], (WIDTH // 2, HEIGHT)) for frame in frames]


def _samples(path: Path, rate: int) -> np.ndarray:
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="fltp", layout="mono", rate=rate)
        parts = [part.to_ndarray()[0] for frame in container.decode(audio=0) for part in resampler.resample(frame)]
    return np.concatenate(parts)


def ours(media: Path, name: str) -> Extracted:
    """Return what valaro makes of the person on the left."""
    utterance = Utterance(
        id="a/b", corpus="a", session="1", speaker="a/left", gender="F", media=media, face_region=(0.0, 0.0, 0.5, 1.0)
    )
    found = {one.name: one.values for one in extract_utterance(utterance, ["fbank", name]).features}
    return found["fbank"], found[name]


def naive(media: Path, look: Callable[[np.ndarray], np.ndarray], detector: Any) -> Extracted:  # noqa: ANN401
    """Return the same, step by step as one would write it first."""
    import librosa

    film = cv2.VideoCapture(str(media))
    rows: list[np.ndarray] = []
    while True:
        there, picture = film.read()
        if not there:
            break
        _, found = detector.detect(picture)
        boxes = [tuple(map(float, face[:4])) for face in ([] if found is None else found)]
        own = [box for box in boxes if box[0] + box[2] / 2 < WIDTH / 2]
        if own:
            left, top, width, height = max(own, key=lambda box: box[2] * box[3])
            face = Face(left=left, top=top, width=width, height=height, yaw=0.0, score=1.0)
            rows.append(look(cut_face(np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8), face)))
        elif rows:
            rows.append(rows[-1])
    mel = librosa.feature.melspectrogram(
        y=_samples(media, 16_000),
        sr=16_000,
        n_fft=1024,
        win_length=400,
        hop_length=160,
        n_mels=128,
        htk=True,
        norm=None,
    )
    return np.log(np.maximum(mel, 1e-8)).T, np.repeat(np.stack(rows), 100 // RATE, axis=0)


def _looker(name: str) -> Callable[[np.ndarray], np.ndarray]:
    """Return what looks at one face: the DenseNet in torch, or the small network's graph, which has no other form."""
    if name == "face":
        embedding = FaceEmbedding()
        return lambda crop: embedding(crop[None].copy())[0]
    import torch
    from safetensors.numpy import load

    from valaro.dface.densenet import DenseNet
    from valaro.features.densenet_graph import shape_of

    torch.set_num_threads(1)
    packaged = packaged_face_network()
    arrays = {key: np.asarray(value, np.float32) for key, value in load(packaged.content).items()}
    shape, classes = shape_of(arrays), len(packaged.classes)
    network = DenseNet(shape, classes=classes, mean=0.0, std=1.0, generator=torch.Generator())
    network.load_state_dict({key: torch.from_numpy(value) for key, value in arrays.items()}, strict=False)
    network.eval()

    def look(crop: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return network(torch.from_numpy(crop[None]))[0].numpy()[0]

    return look


def measure(way: str, name: str, media: Path, rows: Path) -> None:
    """Run once to load, then again each time a line comes in; print the CPU seconds."""
    cv2.setNumThreads(1)
    if way == "ours":
        run: Callable[[], Extracted] = lambda: ours(media, name)  # noqa: E731 - two ways, one name
    else:
        model = rows.with_suffix(".onnx")
        model.write_bytes(read_weights("face_detection_yunet_2023mar_int8bq.onnx"))
        look, detector = _looker(name), cv2.FaceDetectorYN.create(str(model), "", (WIDTH, HEIGHT), 0.8)
        run = lambda: naive(media, look, detector)  # noqa: E731 - as above
    voice, face = run()
    np.savez(rows, voice=voice, face=face)
    print("ready", flush=True)
    for _ in sys.stdin:
        begun = time.process_time()
        run()
        print(time.process_time() - begun, flush=True)


def compared(media: Path, name: str, folder: Path, repeats: int) -> tuple[dict[str, float], dict[str, float]]:
    """Return the fastest CPU seconds of each way, and the cosines between what came out."""
    started: dict[str, subprocess.Popen[str]] = {}
    for way in ("ours", "naive"):
        called = [sys.executable, __file__, "--measure", way, name, str(media), str(folder / f"{way}-{name}.npz")]
        started[way] = subprocess.Popen(
            called, text=True, env={**os.environ, **ONE_THREAD}, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        _line_of(started[way])
    times: dict[str, list[float]] = {way: [] for way in started}
    for _ in range(repeats):
        for way, process in started.items():
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
            times[way].append(float(_line_of(process)))
    for process in started.values():
        process.communicate()
    first, second = (np.load(folder / f"{way}-{name}.npz") for way in started)
    cosines = {part: _cosine(first[part].mean(axis=0), second[part].mean(axis=0)) for part in ("voice", "face")}
    return {way: min(found) for way, found in times.items()}, cosines


def _line_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise SystemExit("a measured process ended early")
    return line


def _cosine(one: np.ndarray, other: np.ndarray) -> float:
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))


def main() -> None:
    """Make the recording, compare, time, print the ratios."""
    if sys.argv[1:2] == ["--measure"]:
        way, name, media, rows = sys.argv[2:]
        measure(way, name, Path(media), Path(rows))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        media = Path(folder) / "two.avi"
        write_two_people(asked.data, media, asked.seconds)
        print(
            "| features | naive, CPU s a second | ours | naive / ours | cosine of voice, face |\n|---|---|---|---|---|"
        )
        for name in FACES:
            times, cosines = compared(media, name, Path(folder), asked.repeats)
            slow, fast = (times[way] / asked.seconds for way in ("naive", "ours"))
            alike = f"{cosines['voice']:.4f}, {cosines['face']:.4f}"
            print(f"| `fbank`, `{name}` | {slow:.2f} | {fast:.3f} | {slow / fast:.1f} | {alike} |", flush=True)
    print(f"load {os.getloadavg()[0]:.1f} of {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
