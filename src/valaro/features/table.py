"""The one table of feature names."""

from collections.abc import Callable

from valaro.errors import unknown_name
from valaro.features.face_embedding import FaceEmbedding
from valaro.features.filterbank import Filterbank
from valaro.features.protocols import FaceFeature, SoundFeature
from valaro.features.spectrogram import Spectrogram

SOUND_FEATURES: dict[str, Callable[[], SoundFeature]] = {"fft": Spectrogram, "fbank": Filterbank}
FACE_FEATURES: dict[str, Callable[[], FaceFeature]] = {"face": FaceEmbedding}

FEATURE_NAMES: tuple[str, ...] = (*SOUND_FEATURES, *FACE_FEATURES)


def feature_by_name(name: str) -> SoundFeature | FaceFeature:
    """Return the feature called `name`; an unknown name is an error that lists the known ones.

    >>> feature_by_name("fbank").dim
    128
    """
    if name in SOUND_FEATURES:
        return SOUND_FEATURES[name]()
    if name in FACE_FEATURES:
        return FACE_FEATURES[name]()
    raise unknown_name("feature", name, FEATURE_NAMES)
