"""The one table of feature names."""

from collections.abc import Callable, Iterable
from pathlib import Path

from valaro.errors import ValaroError, unknown_name
from valaro.features.face_embedding import FaceEmbedding
from valaro.features.face_network import NETWORK_FEATURES, Dface, Expressions, FaceNetwork
from valaro.features.protocols import FaceFeature, SoundFeature
from valaro.features.sound import Filterbank, Spectrogram

SOUND_FEATURES: dict[str, Callable[[], SoundFeature]] = {"fft": Spectrogram, "fbank": Filterbank}
FACE_FEATURES: dict[str, Callable[[FaceNetwork | None], FaceFeature]] = {
    "face": lambda _: FaceEmbedding(),
    "dface": Dface,
    "expressions": Expressions,
}

FEATURE_NAMES: tuple[str, ...] = (*SOUND_FEATURES, *FACE_FEATURES)


def feature_by_name(name: str, network: FaceNetwork | None = None) -> SoundFeature | FaceFeature:
    """Return the feature called `name`, computed by `network` if it is one of NETWORK_FEATURES.

    Raises:
        ValaroError: an unknown name, with the known ones; or a network is needed and not given.

    >>> feature_by_name("fbank").dim
    128
    """
    if name in SOUND_FEATURES:
        return SOUND_FEATURES[name]()
    if name in FACE_FEATURES:
        return FACE_FEATURES[name](network)
    raise unknown_name("feature", name, FEATURE_NAMES)


def asked_features(asked: Iterable[str]) -> tuple[tuple[str, ...], Path | None]:
    """Part what a user writes into names and the path of the network, if one is named.

    >>> asked_features(["fbank", "dface=runs/faces"])
    (('fbank', 'dface'), PosixPath('runs/faces'))
    """
    names: list[str] = []
    paths: set[Path] = set()
    for text in asked:
        name, has_path, path = text.partition("=")
        names.append(name.strip())
        if has_path and name.strip() not in NETWORK_FEATURES:
            raise ValaroError(
                f"'{text}': only {' and '.join(sorted(NETWORK_FEATURES))} come from a network that is named"
            )
        if has_path:
            paths.add(Path(path.strip()).expanduser())
    if len(paths) > 1:
        raise ValaroError(f"{len(paths)} networks of faces: expected one, since a store never mixes two")
    return tuple(names), next(iter(paths), None)
