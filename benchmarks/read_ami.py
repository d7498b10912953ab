"""How long does the whole of AMI's transcript take to be parsed, and how long a look at a sample?

    python benchmarks/read_ami.py [--meetings 170] [--words 1000000] [--clip FILE --samples 200 --workers 2]

Makes the annotations of so many meetings of four in the corpus's exact form (words, punctuation, noises, segments) in
a temporary place, parses them in a process of its own and prints seconds, peak memory, words and places at which a
sample can be cut; then the order in which these are tried is drawn. No recording is looked at.

With --clip, a recording with a face in it, it also makes a meeting of ten minutes whose close-ups (352x288, 25 pictures
a second, MPEG-4 in AVI) repeat it, and prints milliseconds a sample drawn with sound and face looked at.
"""

import argparse
import resource
import sys
import tempfile
import time
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from helpers.ami import SEATS, MadeWord, make_headset, talk, write_meetings, write_segments, write_words
from helpers.media import make_recording
from valaro.corpora.ami import read_ami
from valaro.corpora.ami_folder import AmiFolder
from valaro.corpora.ami_meetings import read_seating
from valaro.corpora.ami_transcript import read_transcript
from valaro.corpora.options import AmiOptions, SampleOptions
from valaro.corpora.sampling import draw
from valaro.corpora.speech_source import SpokenPlaces
from valaro.media.decode import decode_clip


def make_annotations(folder: Path, meetings: int, words: int) -> int:
    """Write the annotations; return their bytes."""
    names = [f"ES{2000 + number // 4}{'abcd'[number % 4]}" for number in range(meetings)]
    write_meetings(folder, names)
    each = words // (4 * meetings)
    said: list[MadeWord] = []
    for place, word in enumerate(talk(0.5 * each)):
        said.append(word)
        if place % 20 == 7:
            said.append(MadeWord(word.end, word.end, kind="vocalsound", more='type="laugh"'))
        if len(said) >= each * 15 // 13:
            break
    ends = [0, *(place + 1 for place, word in enumerate(said) if word.text == "."), len(said)]
    bounds = [(first, last - 1) for first, last in pairwise(ends) if last > first]
    for name in names:
        for agent in SEATS:
            write_words(folder, f"{name}.{agent}", said)
            write_segments(folder, f"{name}.{agent}", bounds)
    return sum(path.stat().st_size for path in folder.rglob("*.xml"))


def parse(folder: Path) -> None:
    """Parse everything and print what that took."""
    at_first = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    begun, worked = time.perf_counter(), time.process_time()
    parts = AmiFolder(annotations=folder, recordings=folder)
    transcripts = {name: read_transcript(parts, name) for name in read_seating(folder).seats}
    parsed, worked = time.perf_counter() - begun, time.process_time() - worked
    sources = [
        SpokenPlaces(name=name, sound=Path("none.wav"), begins=transcript.begins, ends=transcript.ends)
        for name, transcript in transcripts.items()
    ]
    begun = time.perf_counter()
    # No recording is there: each of the speakers' first places finds that out, and all others need no look.
    draw(sources, SampleOptions(samples=1))
    drawn = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    words, places = (
        sum(counts) for counts in zip(*((t.words, len(t.places)) for t in transcripts.values()), strict=True)
    )
    print(f"{len(transcripts)} speakers, {words:,} words, {places:,} places")
    print(f"parsed in {parsed:.1f} s, of which the processor worked {worked:.1f} s")
    print(f"all places tried in random order without a look: {drawn:.1f} s")
    print(f"peak {peak:.0f} MiB, of which {at_first:.0f} before the first file")


def augment(folder: Path, clip: Path, samples: int, workers: int) -> None:
    """Make a meeting of ten minutes with the faces of `clip` and print what a sample costs."""
    minutes, meeting = 10, "ES2002a"
    frames = [cv2.resize(frame, (352, 288)) for frame in decode_clip(clip, sound=False).frames]
    write_meetings(folder, [meeting])
    said = talk(60.0 * minutes, silence=0.5)

    def draw_frame(index: int, _height: int, _width: int) -> np.ndarray:
        return frames[index % len(frames)]

    for agent, (channel, camera, _) in SEATS.items():
        write_words(folder, f"{meeting}.{agent}", said)
        make_headset(folder, meeting, channel, 60.0 * minutes, said)
        video = folder / meeting / "video" / f"{meeting}.{camera}.avi"
        video.parent.mkdir(exist_ok=True)
        make_recording(
            video,
            seconds=60.0 * minutes,
            size=(352, 288),
            draw=draw_frame,
            video_codec="mpeg4",
            pixel_format="yuv420p",
        )
    for count in sorted({1, workers}):
        for faces in (False, True):
            begun = time.perf_counter()
            reading = read_ami(folder, AmiOptions(samples=samples, faces=faces, workers=count))
            each = (time.perf_counter() - begun) / len(reading.utterances)
            what = "sound and face" if faces else "sound alone"
            print(f"{len(reading.utterances)} samples, {what}, {count} workers: {1000 * each:.1f} ms a sample")


def main() -> None:
    """Make, parse, and look if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--meetings", type=int, default=170)
    parser.add_argument("--words", type=int, default=1_000_000)
    parser.add_argument("--clip", type=Path)
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        size = make_annotations(Path(name), options.meetings, options.words)
        print(f"{options.meetings} meetings, {size / 1e6:.0f} MB of XML")
        process = get_context("spawn").Process(target=parse, args=(Path(name),))
        process.start()
        process.join()
    if options.clip is not None:
        with tempfile.TemporaryDirectory() as name:
            augment(Path(name), options.clip, options.samples, options.workers)


if __name__ == "__main__":
    main()
