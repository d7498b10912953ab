"""One speaker's recording with the places in it at which speech is to be expected: a source of samples."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Float64

from valaro.corpora.sampling import Crop
from valaro.errors import MediaError
from valaro.media.decode import decode_clip, probe
from valaro.media.faces import FaceFinder
from valaro.media.loudness import Loudness, is_silence, measure
from valaro.records import CROP_FRAMES, GRID_RATE

SILENT = "of silence"
FACELESS = "without a face"

_MEASURED = 24  # places that tell how loud a speaker is, spread evenly over the recording


@dataclass(frozen=True, kw_only=True, eq=False)
class SpokenPlaces:
    """Places from `begins` to `ends` (seconds, in the order of time) at which the speaker of `sound` may be speaking.

    A sample is CROP_FRAMES of the features' grid around the middle of a place, moved where it would reach beyond the
    recording, as long as its middle stays inside the place. It is good if it is no silence by the speaker's own measure
    and, with a `finder`, if the `picture` shows a face.
    """

    name: str
    sound: Path
    begins: Float64[np.ndarray, " n"]
    ends: Float64[np.ndarray, " n"]
    picture: Path | None = None
    finder: FaceFinder | None = None

    @property
    def count(self) -> int:
        """How many places there are."""
        return len(self.begins)

    def crop(self, number: int, /) -> Crop | None:
        """Return the sample at a place, None where the recording has no room for it."""
        begin, end = float(self.begins[number]), float(self.ends[number])
        wanted = round((begin + end) / 2 * GRID_RATE) - CROP_FRAMES // 2
        first = max(0, min(wanted, self._frames - CROP_FRAMES))
        middle = (first + CROP_FRAMES // 2) / GRID_RATE
        if self._frames < CROP_FRAMES or not begin <= middle <= end:
            return None
        return Crop(first / GRID_RATE, (first + CROP_FRAMES) / GRID_RATE)

    def why_not(self, crop: Crop, /) -> str:
        """Return SILENT or FACELESS, nothing if the sample is good."""
        if is_silence(self._heard(crop), self.loudness):
            return SILENT
        if self.finder is not None and not (self.picture and self.finder(self.picture, crop.start, crop.end)):
            return FACELESS
        return ""

    @cached_property
    def loudness(self) -> Loudness:
        """How loud the speaker is at places spread over the recording; what cannot be decoded is passed over."""
        heard: list[Float32[np.ndarray, " n"]] = []
        fault = MediaError(f"nothing of {self.sound} can be decoded where words are")
        for index in np.unique(np.linspace(0, self.count - 1, _MEASURED).round().astype(int)):
            crop = self.crop(int(index))
            try:
                heard += [self._heard(crop)] if crop else []
            except MediaError as error:
                fault = error
        if not heard:
            raise fault
        return measure(heard)

    @cached_property
    def _frames(self) -> int:
        """Whole frames of the grid that both recordings last."""
        recordings = (self.sound,) if self.picture is None else (self.sound, self.picture)
        stated = [duration for recording in recordings if (duration := probe(recording).duration) > 0]
        # What a browser records does not say how long it is: to the end of the last place at least.
        return int(min(stated, default=float(self.ends.max(initial=0.0))) * GRID_RATE + 1e-6)

    def _heard(self, crop: Crop) -> Float32[np.ndarray, " n"]:
        clip = decode_clip(self.sound, start=crop.start, end=crop.end, picture=False)
        faults = [problem.why for problem in clip.problems if not problem.is_remark]
        if faults:
            raise MediaError(f"{self.sound}: {faults[0]}")
        return clip.samples
