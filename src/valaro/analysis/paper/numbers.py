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

TABLE_2 = (
    PaperRow(method="FSBase", features=_FBANK, uar=65.16, f1=64.68),
    PaperRow(method="SSBase", features=_FBANK, uar=65.43, f1=65.00),
    PaperRow(method="SSGAN", features=_FBANK, uar=65.61, f1=65.47),
    PaperRow(method="FSBase", features=_FFT, uar=58.72, f1=60.78),
    PaperRow(method="SSBase", features=_FFT, uar=57.03, f1=58.12),
    PaperRow(method="SSGAN", features=_FFT, uar=60.94, f1=62.31),
    PaperRow(method="FSBase", features=_DFACE, uar=54.11, f1=54.72),
    PaperRow(method="SSBase", features=_DFACE, uar=54.23, f1=55.02),
    PaperRow(method="SSGAN", features=_DFACE, uar=56.40, f1=55.85),
)
"""Arousal, one modality."""

TABLE_3 = (
    PaperRow(method="FSBase", features=_FBANK, uar=65.07, part="validation"),
    PaperRow(method="FSBase", features=_FBANK, uar=65.16),
    PaperRow(method="SSGAN", features=_FBANK, uar=66.16, part="validation"),
    PaperRow(method="SSGAN", features=_FBANK, uar=65.61),
    PaperRow(method="FSBase", features=_DFACE, uar=57.31, part="validation"),
    PaperRow(method="FSBase", features=_DFACE, uar=54.11),
    PaperRow(method="SSGAN", features=_DFACE, uar=58.23, part="validation"),
    PaperRow(method="SSGAN", features=_DFACE, uar=56.40),
)
"""Arousal, validation against test: which feature is the acoustic one is told by Table II's test figures."""

TABLE_4 = (
    PaperRow(method="Chang & Scherer", features=_FBANK, uar=49.80, remark="quoted by the paper", is_quoted=True),
    PaperRow(method="FSBase", features=_FBANK, uar=50.39, f1=49.76),
    PaperRow(method="SSBase", features=_FBANK, uar=50.15, f1=49.54),
    PaperRow(method="SSGAN", features=_FBANK, uar=51.15, f1=51.64),
    PaperRow(method="FSBase", features=_FFT, uar=47.10, f1=47.46),
    PaperRow(method="SSBase", features=_FFT, uar=46.98, f1=47.45),
    PaperRow(method="SSGAN", features=_FFT, uar=47.27, f1=48.67),
    PaperRow(method="FSBase", features=_DFACE, uar=58.71, f1=60.92),
    PaperRow(method="SSBase", features=_DFACE, uar=58.88, f1=61.22),
    PaperRow(method="SSGAN", features=_DFACE, uar=61.78, f1=62.97),
)
"""Valence, one modality."""

_MISPRINT = "misprinted in Table V (it repeats Table IV's F1): this is Table IV's UAR"

TABLE_5 = (
    PaperRow(method="FSBase", features=_FBANK, uar=50.64, part="validation"),
    PaperRow(method="FSBase", features=_FBANK, uar=50.39),
    PaperRow(method="SSGAN", features=_FBANK, uar=50.41, part="validation"),
    PaperRow(method="SSGAN", features=_FBANK, uar=51.15),
    PaperRow(method="FSBase", features=_DFACE, uar=60.11, part="validation"),
    PaperRow(method="FSBase", features=_DFACE, uar=58.71, remark=_MISPRINT),
    PaperRow(method="SSGAN", features=_DFACE, uar=61.94, part="validation"),
    PaperRow(method="SSGAN", features=_DFACE, uar=61.78, remark=_MISPRINT),
)
"""Valence, validation against test."""

TABLE_6 = (
    PaperRow(method="MFSBase", features=_FFT_DFACE, uar=59.73, f1=60.92),
    PaperRow(method="MSSGAN", features=_FFT_DFACE, uar=62.94, f1=62.49),
    PaperRow(method="MFSBase", features=_FBANK_DFACE, uar=62.00, f1=62.42),
    PaperRow(method="MSSGAN", features=_FBANK_DFACE, uar=64.10, f1=63.87),
)
"""Arousal, two modalities."""

TABLE_7 = (
    PaperRow(method="MFSBase", features=_FFT_DFACE, uar=58.88, f1=60.18),
    PaperRow(method="MSSGAN", features=_FFT_DFACE, uar=63.21, f1=63.39),
    PaperRow(method="MFSBase", features=_FBANK_DFACE, uar=61.82, f1=62.96),
    PaperRow(method="MSSGAN", features=_FBANK_DFACE, uar=63.98, f1=65.26),
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
