"""Small recordings made on the spot, of which every sample and pixel is known."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

CLOCK = 90_000


def click_at(second: float) -> Callable[[np.ndarray], np.ndarray]:
    """Silence but for one full-scale sample nearest to `second`."""
    return lambda times: (np.abs(times - second) < 0.5 * (times[1] - times[0])).astype(np.float32) * 0.9


def tone(hertz: float = 440.0, loudness: float = 0.5) -> Callable[[np.ndarray], np.ndarray]:
    return lambda times: (loudness * np.sin(2 * np.pi * hertz * times)).astype(np.float32)


def numbered(index: int, height: int, width: int) -> np.ndarray:
    """A picture whose top left quarter is 10 x index and whose rest rises from left to right."""
    picture = np.tile(np.linspace(20, 220, width).astype(np.uint8), (height, 1))
    picture[: height // 2, : width // 2] = (10 * index) % 250
    return picture


def make_recording(
    path: Path,
    *,
    seconds: float = 2.0,
    picture: bool = True,
    frame_times: Sequence[float] | None = None,
    rate: int = 25,
    size: tuple[int, int] = (64, 48),
    draw: Callable[[int, int, int], np.ndarray] = numbered,
    video_codec: str = "ffv1",
    pixel_format: str = "gray",
    rotation: int | None = None,
    sound: Callable[[np.ndarray], np.ndarray] | None = None,
    sound_rate: int = 48_000,
    sound_start: float = 0.0,
    sound_seconds: float | None = None,
    audio_codec: str = "pcm_s16le",
    channels: int = 1,
    options: dict[str, str] | None = None,
    b_frames: int = 0,
    pixel_shape: Fraction | None = None,
) -> Path:
    """Write a recording; the container is that of the suffix, `size` is (width, height)."""
    with av.open(str(path), "w", options=options or {}) as container:
        video = audio = None
        if picture:
            video = container.add_stream(video_codec, rate=rate)
            video.width, video.height, video.pix_fmt = size[0], size[1], pixel_format
            video.codec_context.time_base = Fraction(1, CLOCK) if video_codec == "ffv1" else Fraction(1, rate)
            video.codec_context.gop_size = 12
            video.codec_context.max_b_frames = b_frames
            if b_frames:
                video.codec_context.bit_rate = 4_000_000  # else such pictures are little more than a mean
            if pixel_shape is not None:
                video.codec_context.sample_aspect_ratio = pixel_shape
            if rotation is not None:
                video.set_display_rotation(rotation)
        if sound is not None:
            audio = container.add_stream(audio_codec, rate=sound_rate, layout="stereo" if channels == 2 else "mono")
        if video is not None:
            _write_picture(
                container, video, frame_times or [k / rate for k in range(round(seconds * rate))], draw, size
            )
        if audio is not None and sound is not None:
            count = round((seconds if sound_seconds is None else sound_seconds) * sound_rate)
            samples = sound(sound_start + np.arange(count) / sound_rate)
            _write_sound(container, audio, samples, round(sound_start * sound_rate), sound_rate, channels)
    return path


def _write_picture(container, stream, times, draw, size):
    base = stream.codec_context.time_base
    for index, time in enumerate(times):
        picture = draw(index, size[1], size[0])
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24" if picture.ndim == 3 else "gray")
        if frame.format.name != stream.pix_fmt:
            frame = frame.reformat(format=stream.pix_fmt, dst_color_range="JPEG" if picture.ndim == 2 else None)
        frame.pts, frame.time_base = round(time / base), base
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def _write_sound(container, stream, samples, offset, rate, channels):
    form = stream.codec_context.format.name
    for first in range(0, len(samples), 1024):
        part = np.tile(samples[first : first + 1024], (channels, 1))
        values = np.round(part * 32767).astype(np.int16) if form.startswith("s16") else part.astype(np.float32)
        data = np.ascontiguousarray(values if form.endswith("p") else values.T.reshape(1, -1))
        frame = av.AudioFrame.from_ndarray(data, format=form, layout="stereo" if channels == 2 else "mono")
        frame.sample_rate, frame.pts, frame.time_base = rate, offset + first, Fraction(1, rate)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def levels_of(frames: np.ndarray) -> list[int]:
    """Which of the pictures `numbered` each frame is, as far as a lossy codec leaves it."""
    height, width = frames.shape[1:]
    return [round(float(level) / 10) for level in frames[:, : height // 3, : width // 3].mean(axis=(1, 2))]


def cut_in_half(source: Path, target: Path) -> Path:
    content = source.read_bytes()
    # An odd number of bytes, so that no packet of an even size ends there by chance.
    target.write_bytes(content[: len(content) // 2 | 1])
    return target


def real_recordings(folder: str) -> Path:
    """The folder of real recordings beside the project; it may not be there."""
    return Path(__file__).parents[3] / "shared" / "data" / folder
