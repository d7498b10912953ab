"""Whether a face shows in a stretch of a recording, as extraction will see it."""

from pathlib import Path
from threading import local

from valaro.media.decode import stream_clips
from valaro.media.faces import FaceTracker
from valaro.media.yunet import YuNet

_PORTION = 0.1  # seconds decoded at a time: most often a face is there at once, and the rest need not be decoded


class FaceFinder:
    """Looks with the tracker that extraction uses: where it finds no face, extraction would have none."""

    def __init__(self) -> None:
        self._of_thread = local()  # a detector keeps the size of its picture, so that threads cannot share one

    def __call__(self, path: Path, start: float, end: float) -> bool:
        """Return whether any picture from `start` to `end` seconds shows a face; MediaError if none is there."""
        if not hasattr(self._of_thread, "detector"):
            self._of_thread.detector = YuNet()
        tracker = FaceTracker(self._of_thread.detector)
        for clip in stream_clips(path, start=start, end=end, stretch=_PORTION, sound=False):
            if len(clip.frames) and tracker.track(clip.frames, clip.times).detected.any():
                return True
        return bool(tracker.finish().detected.any())
