"""The ends of names that are taken for recordings: each of a form that is opened."""

from pathlib import Path

import av
import numpy as np
import pytest

from valaro.media.container import opened
from valaro.media.suffixes import FILMS, FORMS, RECORDINGS, SOUNDS

WRITTEN = {
    "mov": ("mp4", "mpeg4", "aac"),
    "matroska": ("matroska", "mpeg4", "aac"),
    "avi": ("avi", "mpeg4", "mp2"),
    "mpeg": ("mpeg", "mpeg2video", "mp2"),
    "mpegvideo": ("mpeg2video", "mpeg2video", ""),
    "mpegts": ("mpegts", "mpeg2video", "mp2"),
    "m4v": ("m4v", "mpeg4", ""),
    "flv": ("flv", "flv", "aac"),
    "asf": ("asf", "mpeg4", "mp2"),
    "ogg": ("ogg", "", "flac"),
    "wav": ("wav", "", "pcm_s16le"),
    "w64": ("w64", "", "pcm_s16le"),
    "aiff": ("aiff", "", "pcm_s16be"),
    "au": ("au", "", "pcm_s16be"),
    "caf": ("caf", "", "pcm_s16be"),
    "flac": ("flac", "", "flac"),
    "mp3": ("mp2", "", "mp2"),
    "aac": ("adts", "", "aac"),
}
"""What writes a file of each form: FFmpeg's name of the container, its picture's and its sound's."""


def _write(path: Path, container: str, picture: str, sound: str) -> None:
    with av.open(str(path), "w", format=container) as file:
        film = file.add_stream(picture, rate=25) if picture else None
        voice = file.add_stream(sound, rate=44_100) if sound else None
        if film is not None:
            film.width, film.height, film.pix_fmt = 64, 48, "yuv420p"
            for number in range(25):
                shade = np.full((48, 64, 3), 8 * number, np.uint8)
                file.mux(film.encode(av.VideoFrame.from_ndarray(shade, format="rgb24")))
            file.mux(film.encode())
        if voice is not None:
            wave = (8000 * np.sin(np.arange(44_100) / 20)).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(wave[None], format="s16", layout="mono")
            frame.rate = 44_100
            resampler = av.AudioResampler(format=voice.format, layout=voice.layout, rate=44_100)
            fifo = av.AudioFifo()
            for part in resampler.resample(frame):
                part.pts = None
                fifo.write(part)
            size = voice.codec_context.frame_size or 1024
            for part in [*iter(lambda: fifo.read(size), None), fifo.read(partial=True)]:
                file.mux(voice.encode(part))
            file.mux(voice.encode())


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_a_file_of_each_form_is_opened_under_each_of_its_names(tmp_path: Path, form) -> None:
    _write(tmp_path / "written", *WRITTEN[form.name])
    for suffix in (*form.sounds, *form.films):
        path = (tmp_path / "written").rename(tmp_path / f"written{suffix}")
        with opened(path) as container:
            # Of several names that FFmpeg gives one reader, the form's is one.
            assert form.name in container.format.name.split(",")
        path.rename(tmp_path / "written")


def test_no_suffix_stands_twice_and_what_no_form_reads_is_no_recording() -> None:
    listed = [suffix for form in FORMS for suffix in (*form.sounds, *form.films)]
    assert len(listed) == len(set(listed)) == len(RECORDINGS)
    assert not SOUNDS & FILMS
    unread = {".ac3", ".amr", ".ape", ".dv", ".eac3", ".mjpeg", ".mjpg", ".mpc", ".mxf", ".nut", ".ra", ".rm", ".rmvb"}
    assert RECORDINGS.isdisjoint(unread | {".tta", ".voc", ".wtv", ".wv"})
