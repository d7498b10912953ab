"""Where annotations, headsets and close-up cameras of the AMI corpus lie in a folder; the table is in docs/ami.md."""

from dataclasses import dataclass
from pathlib import Path

from valaro.corpora.reading import existing_folder, nothing_in

MEETINGS = Path("corpusResources") / "meetings.xml"
SOUNDS = (".wav", ".flac")
PICTURES = (".avi", ".mp4", ".mkv", ".mpg")
"""As downloaded `.wav` and `.avi`; the others are what people convert them to."""


@dataclass(frozen=True, kw_only=True)
class AmiFolder:
    """The corpus on disk: the folder of the annotations, that of the meetings' recordings."""

    annotations: Path
    recordings: Path

    def words(self, name: str) -> Path:
        """Return where the words of a speaker are, `name` as in `ES2002a.B`."""
        return self.annotations / "words" / f"{name}.words.xml"

    def segments(self, name: str) -> Path:
        """Return where the segments of a speaker are."""
        return self.annotations / "segments" / f"{name}.segments.xml"

    def transcribed(self) -> tuple[str, ...]:
        """Return the names of all speakers whose words are there; `._` files, left by one system's copies, are none."""
        files = (path.name for path in (self.annotations / "words").glob("*.words.xml"))
        return tuple(sorted(name.removesuffix(".words.xml") for name in files if not name.startswith("._")))

    def has_recordings(self, meeting: str) -> bool:
        """Whether anything of the meeting was downloaded."""
        return any((self.recordings / meeting / kind).is_dir() for kind in ("audio", "video"))

    def headset(self, meeting: str, channel: int) -> Path | None:
        """Return the sound of a headset, None if it is not there."""
        return _first(self.recordings / meeting / "audio" / f"{meeting}.Headset-{channel}", SOUNDS)

    def close_up(self, meeting: str, camera: str) -> Path | None:
        """Return the picture of a close-up camera, None if it is not there or the speaker has none."""
        return _first(self.recordings / meeting / "video" / f"{meeting}.{camera}", PICTURES) if camera else None


def find_parts(folder: Path) -> AmiFolder:
    """Return where in `folder` annotations and recordings lie.

    Raises:
        ValaroError: one of them is not there.
    """
    folder = existing_folder(folder).absolute()
    manuals = [
        path for parent in (folder, folder.parent) for path in sorted(parent.glob("ami_public_manual_*"), reverse=True)
    ]
    annotations = next((path for path in (folder, *manuals) if (path / MEETINGS).is_file()), None)
    if annotations is None:
        raise nothing_in(folder, f"{MEETINGS}, there or in ami_public_manual_1.6.2 in or beside it")
    candidates = (folder, folder / "amicorpus", annotations.parent, annotations.parent / "amicorpus")
    recordings = next((path for path in candidates if _holds_recordings(path)), None)
    if recordings is None:
        raise nothing_in(folder, "recordings such as ES2002a/audio/ES2002a.Headset-0.wav, there or in amicorpus")
    return AmiFolder(annotations=annotations, recordings=recordings)


def _holds_recordings(folder: Path) -> bool:
    return any(True for kind in ("audio/*.Headset-*", "video/*.Closeup*") for _ in folder.glob(f"*/{kind}"))


def _first(stem: Path, suffixes: tuple[str, ...]) -> Path | None:
    # with_suffix would take the meeting's own dot for one
    paths = (stem.with_name(stem.name + suffix) for suffix in suffixes)
    return next((path for path in paths if path.is_file()), None)
