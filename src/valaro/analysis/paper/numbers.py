"""The results that the paper prints.

Source: Liang, Chen, Jin, "Semi-supervised Multimodal Emotion Recognition With Improved Wasserstein GANs" ("the paper").
Percent as printed, means over the five sessions of IEMOCAP; what the paper calls MAF1 is called F1 here (its Eq. 8).
Of figures 4, 5, 7 and 8 no number is known, of figure 6 only where its peak lies; nothing is read off a picture.
"""

from dataclasses import dataclass
from typing import Literal

SOURCE = "Liang, Chen, Jin: Semi-supervised Multimodal Emotion Recognition With Improved Wasserstein GANs"
LABELLED_CORPUS, UNLABELLED_CORPUS = "iemocap", "ami"
LABELLED_COUNT, SESSIONS = 10_039, 5
UNLABELLED_COUNT = 20_000
"""Samples of AMI that its trainings have, but for those of Figure 6."""

Part = Literal["test", "validation"]
NAMES = {"fbank": "Fbank", "fft": "FFT", "dface": "Dface"}
"""The paper's names of its features by ours."""


@dataclass(frozen=True, kw_only=True)
class PaperRow:
    """A row of one of the paper's tables, percent; None where nothing is printed. `features` by our names.

    `is_quoted`: the paper quotes other authors, whose model is none of ours.
    """

    method: str
    features: tuple[str, ...]
    uar: float | None
    f1: float | None = None
    part: Part = "test"
    remark: str = ""
    is_quoted: bool = False

    @property
    def name(self) -> str:
        """`SSGAN, Fbank`."""
        return f"{self.method}, {'+'.join(NAMES[feature] for feature in self.features)}"


_FBANK, _FFT, _DFACE = ("fbank",), ("fft",), ("dface",)
_FFT_DFACE, _FBANK_DFACE = ("fft", "dface"), ("fbank", "dface")


def _scores(features: tuple[str, ...], **printed: tuple[float, float]) -> tuple[PaperRow, ...]:
    """Return a row for each method, with the UAR and F1 of its test."""
    return tuple(PaperRow(method=method, features=features, uar=u, f1=f) for method, (u, f) in printed.items())


def _parts(features: tuple[str, ...], remark: str = "", **printed: tuple[float, float]) -> tuple[PaperRow, ...]:
    """Return two rows for each method, with the UAR of its validation and of its test."""
    return tuple(
        PaperRow(method=method, features=features, uar=uar, part=part, remark=remark if part == "test" else "")
        for method, uars in printed.items()
        for part, uar in zip(_PARTS, uars, strict=True)
    )


_PARTS: tuple[Part, Part] = ("validation", "test")

TABLE_2 = (
    *_scores(_FBANK, FSBase=(65.16, 64.68), SSBase=(65.43, 65.00), SSGAN=(65.61, 65.47)),
    *_scores(_FFT, FSBase=(58.72, 60.78), SSBase=(57.03, 58.12), SSGAN=(60.94, 62.31)),
    *_scores(_DFACE, FSBase=(54.11, 54.72), SSBase=(54.23, 55.02), SSGAN=(56.40, 55.85)),
)
"""Arousal, one modality."""

TABLE_3 = (
    *_parts(_FBANK, FSBase=(65.07, 65.16), SSGAN=(66.16, 65.61)),
    *_parts(_DFACE, FSBase=(57.31, 54.11), SSGAN=(58.23, 56.40)),
)
"""Arousal, validation against test: which feature is the acoustic one is told by Table II's test figures."""

TABLE_4 = (
    PaperRow(method="Chang & Scherer", features=_FBANK, uar=49.80, remark="quoted by the paper", is_quoted=True),
    *_scores(_FBANK, FSBase=(50.39, 49.76), SSBase=(50.15, 49.54), SSGAN=(51.15, 51.64)),
    *_scores(_FFT, FSBase=(47.10, 47.46), SSBase=(46.98, 47.45), SSGAN=(47.27, 48.67)),
    *_scores(_DFACE, FSBase=(58.71, 60.92), SSBase=(58.88, 61.22), SSGAN=(61.78, 62.97)),
)
"""Valence, one modality."""

_MISPRINT = "misprinted in Table V (it repeats Table IV's F1): this is Table IV's UAR"

TABLE_5 = (
    *_parts(_FBANK, FSBase=(50.64, 50.39), SSGAN=(50.41, 51.15)),
    *_parts(_DFACE, _MISPRINT, FSBase=(60.11, 58.71), SSGAN=(61.94, 61.78)),
)
"""Valence, validation against test."""

TABLE_6 = (
    *_scores(_FFT_DFACE, MFSBase=(59.73, 60.92), MSSGAN=(62.94, 62.49)),
    *_scores(_FBANK_DFACE, MFSBase=(62.00, 62.42), MSSGAN=(64.10, 63.87)),
)
"""Arousal, two modalities."""

TABLE_7 = (
    *_scores(_FFT_DFACE, MFSBase=(58.88, 60.18), MSSGAN=(63.21, 63.39)),
    *_scores(_FBANK_DFACE, MFSBase=(61.82, 62.96), MSSGAN=(63.98, 65.26)),
)
"""Valence, two modalities."""


@dataclass(frozen=True, kw_only=True)
class FaceCounts:
    """A row of Table VIII: test utterances judged right and wrong, and the accuracy printed, percent."""

    faces: Literal["frontal", "side"]
    right: int
    wrong: int
    accuracy: float


TABLE_8 = (
    FaceCounts(faces="frontal", right=1686, wrong=877, accuracy=65.78),
    FaceCounts(faces="side", right=1441, wrong=924, accuracy=60.93),
)
"""Valence, SSGAN on Dface."""

FIGURE_4 = (("SSGAN", _FBANK), ("SSGAN", _DFACE), ("MSSGAN", _FBANK_DFACE))
"""Confusion matrices, valence."""
FIGURE_5 = (("FSBase", _DFACE), ("SSBase", _DFACE), ("SSGAN", _DFACE))
FIGURE_6_SIZES = (0, 5_000, 10_000, 15_000, 20_000, 25_000)
FIGURE_6_PEAK = 20_000
FIGURE_6_LABELLED = 7_936
FIGURE_7 = ("none", "self", "shift", "combine")
"""The normalisations, by our names, in the paper's order; Dface, SSGAN, valence."""
FIGURE_8 = (("SSGAN", _DFACE),)
"""Confusion matrices with and without normalisation of the unlabelled data."""
