"""Writes frames and samples to an mp4 file whose bytes depend on nothing else."""

from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream
from jaxtyping import Float32, UInt8

from valaro.files import atomic_write

BLOCK = 1024
"""Samples of one sound frame of the aac codec."""


def write_film(
    path: Path,
    frames: Iterator[UInt8[np.ndarray, "h w 3"]],
    samples: Float32[np.ndarray, " n"],
    *,
    size: int,
    frame_rate: int,
    sample_rate: int,
) -> None:
    """Write square frames (blue-green-red, `size` pixels) and mono samples (full scale 1), whole or not at all."""
    codec = "libx264" if "libx264" in av.codecs_available else "mpeg4"
    # bitexact leaves out the library's version and the date, one thread keeps the order of decisions the same
    with (
        atomic_write(path) as aside,
        av.open(str(aside), "w", format="mp4", options={"fflags": "+bitexact", "movflags": "+faststart"}) as film,
    ):
        picture = _picture_stream(film, codec, size, frame_rate)
        sound = _sound_stream(film, sample_rate)
        written = 0
        for number, frame in enumerate(frames):
            yuv = np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2YUV_I420), np.uint8)
            shown = av.VideoFrame.from_ndarray(yuv, format="yuv420p")
            shown.pts = number
            film.mux(picture.encode(shown))
            due = min(len(samples), (number + 1) * sample_rate // frame_rate)
            written = _write_sound(film, sound, samples, written, due)
        _write_sound(film, sound, samples, written, len(samples), last=True)
        film.mux(picture.encode(None))
        film.mux(sound.encode(None))


def _picture_stream(film: OutputContainer, codec: str, size: int, frame_rate: int) -> VideoStream:
    # without mbtree=0 x264's assembly reads memory that nobody wrote, so equal frames gave different bytes
    h264 = {"preset": "superfast", "crf": "25", "x264-params": "mbtree=0"}
    settings = h264 if codec == "libx264" else {}
    stream = film.add_stream(codec, rate=frame_rate, options=settings | {"threads": "1", "flags": "+bitexact"})
    assert isinstance(stream, VideoStream)
    if codec != "libx264":  # which takes the quality instead
        stream.bit_rate = 600_000
    stream.width, stream.height, stream.pix_fmt = size, size, "yuv420p"
    return stream


def _sound_stream(film: OutputContainer, sample_rate: int) -> AudioStream:
    stream = film.add_stream("aac", rate=sample_rate, layout="mono", options={"threads": "1", "flags": "+bitexact"})
    stream.bit_rate = 64_000
    return stream


def _write_sound(
    film: OutputContainer,
    stream: AudioStream,
    samples: Float32[np.ndarray, " n"],
    written: int,
    due: int,
    *,
    last: bool = False,
) -> int:
    """Encode whole blocks up to sample `due`, and the rest too where it is the last; return how far it went."""
    while written + BLOCK <= due or (last and written < due):
        block = samples[written : written + BLOCK]
        heard = av.AudioFrame.from_ndarray(np.ascontiguousarray(block[None]), format="fltp", layout="mono")
        heard.sample_rate = stream.codec_context.sample_rate
        heard.pts = written
        film.mux(stream.encode(heard))
        written += len(block)
    return written
