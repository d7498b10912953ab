"""How often does `valaro check --mouths` know who speaks, where the listener moves as well?

    python benchmarks/mouths.py [--pairs 40] [--turns 5] [--data ../shared/data]

Puts real clips of two people side by side with ffmpeg: the sound is that of one of them, while the other talks as well,
silently, whatever they say in a clip of their own (the hardest listener that there is). Half of the speakers sit on the
left. Each pair of people makes `--turns` films, which stand for the turns of a recording. Printed is how often the
speaker's half was believed (right), the other one (wrong), or neither (cannot tell), by turn and by recording: before,
by how much each mouth moves, and now, by whether it moves with the sound.
"""

import argparse
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from valaro.checks.mouth_movement import MOUTH, sound_against_mouths
from valaro.checks.mouths import is_own_half
from valaro.corpora.speaker_positions import LEFT, RIGHT, Region
from valaro.media.decode import stream_clips
from valaro.media.faces import FaceTracker
from valaro.records import Utterance

BROW = (slice(2, 22), slice(16, 48))
WORDS = {True: "right", False: "wrong", None: "cannot tell"}


def clips_by_person(data: Path) -> dict[str, list[Path]]:
    """Return person -> their clips."""
    people: dict[str, list[Path]] = {}
    for path in sorted((data / "javanese_av" / "video").glob("*.mp4")):
        people.setdefault(path.name[:2], []).append(path)
    people["grid"] = sorted((data / "grid_s1" / "video").glob("*.mpg"))
    return people


def side_by_side(path: Path, speaker: Path, listener: Path, *, speaker_left: bool) -> Path:
    """Write both pictures side by side at 25 frames a second, with the speaker's sound, as long as the shorter one."""
    size = "fps=25,scale=360:288,setsar=1"
    halves = "[a][b]" if speaker_left else "[b][a]"
    graph = f"[0:v]{size}[a];[1:v]{size}[b];{halves}hstack=shortest=1[v]"
    command = ["ffmpeg", "-v", "error", "-y", "-i", str(speaker), "-i", str(listener), "-filter_complex", graph]
    written = ["-map", "[v]", "-map", "0:a", "-shortest", "-c:v", "mpeg4", "-q:v", "3", "-c:a", "pcm_s16le", str(path)]
    subprocess.run([*command, *written], check=True)
    return path


def amount_moved(film: Path, region: Region) -> float | None:
    """Return what was compared before: how much more the mouth changes from frame to frame than the brow."""
    tracker = FaceTracker()
    tracks = [
        tracker.track(clip.frames, clip.times)
        for clip in stream_clips(film, region=region, sound=False)
        if len(clip.frames)
    ]
    tracks.append(tracker.finish())
    crops = np.concatenate([track.crops for track in tracks]).astype(np.float32)
    found = np.concatenate([track.detected for track in tracks])
    pairs = found[1:] & found[:-1]
    if pairs.sum() < 10:
        return None
    changes = np.abs(np.diff(crops, axis=0))[pairs]
    return float(changes[:, *MOUTH].mean() - changes[:, *BROW].mean())


def moved_more(film: Path, own: Region) -> bool | None:
    """Return whether, by that, the speaker's half is believed."""
    here, there = (amount_moved(film, region) for region in (own, RIGHT if own == LEFT else LEFT))
    return None if here is None or there is None else here >= there


def most(answers: Sequence[bool | None]) -> bool | None:
    """Return what was believed before of a recording: the speaker's half, unless most turns speak against it."""
    known = [answer for answer in answers if answer is not None]
    return 2 * sum(known) >= len(known) if known else None


def line(what: str, answers: Sequence[bool | None]) -> str:
    """Return the counts as a row."""
    counts = Counter(WORDS[answer] for answer in answers)
    return f"{what:32s}" + "".join(f"{word} {counts[word]:4d}   " for word in WORDS.values())


def main() -> None:
    """Make the films, ask both, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    options = parser.parse_args()
    people = clips_by_person(options.data)
    if not people["grid"] or len(people) < 3:
        sys.exit(f"no recordings in {options.data}")
    chance = random.Random(0)
    before_turns, before, now_turns, now = ([], [], [], [])
    with tempfile.TemporaryDirectory() as folder:
        for pair in range(options.pairs):
            one, other = chance.sample(sorted(people), 2)
            own = LEFT if pair % 2 == 0 else RIGHT
            moved, evidence = list[bool | None](), list[float | None]()
            for _ in range(options.turns):
                speaker, listener = chance.choice(people[one]), chance.choice(people[other])
                film = side_by_side(Path(folder) / "film.avi", speaker, listener, speaker_left=own == LEFT)
                turn = Utterance(
                    id="a/a", corpus="a", session="", speaker="a/a", gender="", media=film, face_region=own
                )
                moved.append(moved_more(film, own))
                evidence.append(sound_against_mouths(turn))
            known = [value for value in evidence if value is not None]
            before_turns += moved
            before.append(most(moved))
            now_turns += [None if value is None else is_own_half([value]) for value in evidence]
            now.append(is_own_half(known))
    print(f"{options.pairs} recordings of {options.turns} turns")
    print(line("before, by turn", before_turns))
    print(line("before, by recording", before))
    print(line("now, by turn", now_turns))
    print(line("now, by recording", now))


if __name__ == "__main__":
    main()
