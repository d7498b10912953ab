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
from valaro.media.wholeness import why_cut
from valaro.regular import why_not_readable

MOST_PIXELS = 8192 * 8192
MOST_STREAMS = 64

# Both lists close a door: a playlist or a "concat" script called .mp4 would have FFmpeg open other files or addresses.
_PROTOCOLS = "file"
_FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegvideo,mpegts,m4v,flv,asf,ogg,wav,w64,aiff,caf,flac,mp3,aac"
)


@contextmanager
def opened(path: Path) -> Generator[InputContainer]:
    """Yield the recording at `path`, open for reading; MediaError if it is none."""
    why = why_not_readable(path)
    if why:
        raise MediaError(f"the recording {path} {why}: expected a sound or video file")
    if path.stat().st_size == 0:
        raise MediaError(f"the recording {path} is empty (0 bytes): expected a sound or video file")
    # "file:" keeps FFmpeg from reading a name such as "concat:a|b" as an address.
    options = {"protocol_whitelist": _PROTOCOLS, "format_whitelist": _FORMATS, "max_streams": str(MOST_STREAMS)}
    try:
        container = av.open(f"file:{path.absolute()}", "r", container_options=options, metadata_errors="replace")
    except (FFmpegError, ValueError) as error:
        raise MediaError(_cannot_open(path)) from error
    with container:
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
        "webm, avi, mpeg, ts, flv, asf, wav, flac, ogg, mp3 or aac, whatever its name ends in"
    )


def sound_stream(container: InputContainer) -> AudioStream | None:
    """Return the first sound stream that has a decoder."""
    return next((stream for stream in container.streams.audio if _has_decoder(stream)), None)


def picture_stream(container: InputContainer, path: Path) -> VideoStream | None:
    """Return the first moving picture that has a decoder (cover art is none); MediaError if it is too large."""
    for stream in container.streams.video:
        if _has_decoder(stream) and not stream.disposition & Disposition.attached_pic:
            check_size(stream.width, stream.height, path)
            return stream
    return None


def _has_decoder(stream: AudioStream | VideoStream) -> bool:
    # PyAV types the context as always there; it is None where FFmpeg knows no decoder.
    return stream.codec_context is not None  # pyright: ignore[reportUnnecessaryComparison]


def check_size(width: int, height: int, path: Path) -> None:
    """Raise MediaError where a picture has more pixels than any camera makes."""
    if width * height > MOST_PIXELS:
        raise MediaError(
            f"the recording {path} claims {width}x{height} pixels: expected at most {MOST_PIXELS:,} in a picture"
        )


def zero_time(container: InputContainer) -> Fraction:
    """Return the stream time in seconds that is 0 s of the recording: where its first stream starts."""
    starts = [
        stream.start_time * stream.time_base
        for stream in (*container.streams.audio, *container.streams.video)
        if stream.start_time is not None and stream.time_base is not None and _has_decoder(stream)
    ]
    return min(starts, default=Fraction(0))
