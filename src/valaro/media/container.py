"""Opening a recording safely: a real file, of a form we know, within limits, with one clock for all its streams."""

from collections.abc import Generator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container.input import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.stream import VideoStream

from valaro.errors import MediaError, ValaroError, words_for
from valaro.limits import LIMITS
from valaro.media.suffixes import FORMS
from valaro.media.truncation import why_cut
from valaro.regular import why_not_readable

# Both lists close a door: a playlist or a "concat" script called .mp4 would have FFmpeg open other files or addresses.
_PROTOCOLS = "file"
_FORMATS = ",".join(form.name for form in FORMS)

_FFMPEG_MOST = (1 << 31) - 1  # the greatest number that its options take


@contextmanager
def opened(path: Path) -> Generator[InputContainer]:
    """Yield the recording at `path`, open for reading; MediaError if it is none."""
    why = why_not_readable(path)
    if why:
        raise MediaError(f"the recording {path} {why}: expected a sound or video file")
    if path.stat().st_size == 0:
        raise MediaError(f"the recording {path} is empty (0 bytes): expected a sound or video file")
    # "file:" keeps FFmpeg from reading a name such as "concat:a|b" as an address.
    try:
        container = av.open(
            f"file:{path.absolute()}",
            "r",
            container_options={"protocol_whitelist": _PROTOCOLS, "format_whitelist": _FORMATS},
            options={"max_pixels": str(min(LIMITS.most_picture_probe * LIMITS.most_pixels, _FFMPEG_MOST))},
            metadata_errors="replace",
            timeout=LIMITS.longest_read,
        )
    except (FFmpegError, ValueError, MemoryError) as error:
        raise MediaError(_cannot_open(path)) from error
    with container:
        if len(container.streams) > LIMITS.most_streams:
            raise MediaError(
                f"the recording {path} has {len(container.streams)} tracks: expected at most {LIMITS.most_streams}"
            )
        try:
            yield container
        except ValaroError:
            raise
        except Exception as error:
            raise MediaError(f"the recording {path} cannot be decoded: {words_for(error)}") from error


def _cannot_open(path: Path) -> str:
    cut = why_cut(path)
    if cut is not None:
        return f"the recording {path} cannot be decoded: {cut}. Expected the complete file; copy it again"
    return (
        f"the file {path} is no recording that can be read, or is damaged from its beginning: expected mp4, mov, mkv, "
        "webm, avi, mpeg, ts, flv, asf, wav, aiff, au, flac, ogg, mp3 or aac, whatever its name ends in"
    )


def sound_streams(container: InputContainer) -> list[AudioStream]:
    """Return the sound tracks that have a decoder, the one to take first."""
    return sorted((stream for stream in container.streams.audio if _has_decoder(stream)), key=_is_second_choice)


def picture_streams(container: InputContainer) -> list[VideoStream]:
    """Return the moving pictures that have a decoder (cover art is none), the one to take first."""
    films = (stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic)
    return sorted((stream for stream in films if _has_decoder(stream)), key=_is_second_choice)


def chosen_streams(container: InputContainer) -> list[AudioStream | VideoStream]:
    """Return the sound and the picture to take, as far as there are any."""
    return [*sound_streams(container)[:1], *picture_streams(container)[:1]]


def _is_second_choice(stream: AudioStream | VideoStream) -> bool:
    return not stream.disposition & Disposition.default


def _has_decoder(stream: AudioStream | VideoStream) -> bool:
    # PyAV types the context as always there; it is None where FFmpeg knows no decoder.
    return stream.codec_context is not None  # pyright: ignore[reportUnnecessaryComparison]


def check_size(width: int, height: int, path: Path) -> None:
    """Raise MediaError where a picture has more pixels than any camera makes."""
    if width * height > LIMITS.most_pixels or max(width, height) > LIMITS.longest_side:
        raise MediaError(
            f"the recording {path} claims {width}x{height} pixels: expected at most {LIMITS.most_pixels:,} in a "
            f"picture, and {LIMITS.longest_side:,} on a side"
        )


def check_rate(rate: int, path: Path) -> None:
    """Raise MediaError where the head of a sound claims a sample rate that no recorder has."""
    if not LIMITS.lowest_sample_rate <= rate <= LIMITS.highest_sample_rate:
        raise MediaError(
            f"the recording {path} claims {rate:,} samples a second: expected {LIMITS.lowest_sample_rate:,} to "
            f"{LIMITS.highest_sample_rate:,}"
        )


def zero_time(container: InputContainer) -> Fraction:
    """Return the stream time in seconds that is 0 s of the recording: where its first stream starts."""
    starts = [
        stream.start_time * stream.time_base
        for stream in (*container.streams.audio, *container.streams.video)
        if stream.start_time is not None and stream.time_base is not None and _has_decoder(stream)
    ]
    return min(starts, default=Fraction(0))
