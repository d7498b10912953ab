"""The sections of a settings file, and what they stand for."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import tomli_w
from pydantic import BaseModel, ConfigDict, Field

from valaro.evaluation.folds import Directions
from valaro.labels.soft_labels import Votes
from valaro.limits import LIMITS
from valaro.networks.shapes import Generates
from valaro.records import DIMENSIONS, Dimension, Normalisation
from valaro.training.config import PRESETS, Choice, DeviceName, FaceRate, Precision, TrainConfig
from valaro.training.methods import AutoChoice, ModelSpec, all_model_specs, choices

Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, lt=1)]
Weight = Annotated[float, Field(ge=0)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, allow_inf_nan=False)


PaperPart = Literal[
    "table_2",
    "table_3",
    "table_4",
    "table_5",
    "table_6",
    "table_7",
    "table_8",
    "figure_4",
    "figure_5",
    "figure_6",
    "figure_7",
    "figure_8",
]
"""A table or figure of the paper with results of trainings."""

PAPER_PARTS: tuple[PaperPart, ...] = get_args(PaperPart)


class Data(_Section):
    """Where the data lies; paths in a file are relative to that file.

    `stand_ins`: a feature that a study names -> the one of the store that stands for it. `without`: features that these
    recordings cannot give; a study runs with the others.
    """

    labelled: Annotated[list[Path], Field(min_length=1)]
    unlabelled: list[Path] = []
    features: Path
    stand_ins: dict[str, str] = {}
    without: list[str] = []


class Study(_Section):
    """What is compared; `sessions` are those that a cross-validation tests, all of them where it names none."""

    models: Annotated[list[str], Field(min_length=1)] = ["MFSBase", "MSSGAN"]
    features: Annotated[list[str], Field(min_length=1)] = ["fbank", "face"]
    dimensions: Annotated[list[Dimension], Field(min_length=1)] = list(DIMENSIONS)
    labels_per_class: Count | None = None
    votes: Votes = "each"
    max_unlabelled: Annotated[int, Field(ge=0)] | None = None
    unlabelled_fraction: Annotated[float, Field(ge=0, le=1)] | None = None
    sessions: Annotated[list[str], Field(min_length=1)] | None = None
    directions: Directions = "both"
    seeds: Annotated[int, Field(ge=1, le=LIMITS.most_seeds)] = 1
    first_seed: Annotated[int, Field(ge=0)] = 0
    preset: Literal["default", "paper"] = "default"
    normalisation: Normalisation | None = None
    normalise_speakers: bool | None = None
    control: bool = True
    paper: PaperPart | None = None


class Network(_Section):
    """Overrides of the preset's network."""

    layout: Literal["temporal", "image"] | None = None
    width: Annotated[float, Field(gt=0, le=LIMITS.largest_width)] | None = None
    averaged_bands: Count | None = None
    averaged_frames: Literal[1, 2, 4] | None = None
    face_rate: FaceRate | None = None
    explicit_head: bool | None = None
    input_noise: Weight | None = None
    hidden_noise: Weight | None = None
    dropout: Annotated[float, Field(ge=0, le=0.95)] | None = None
    weight_norm: bool | None = None
    head_noise: Weight | None = None
    modality_dropout: Share | None = None
    statistics: bool | None = None
    standardised: bool | None = None
    encoder_scale: Annotated[float, Field(gt=0)] | None = None
    zero_head: bool | None = None
    features_after_dropout: bool | None = None
    generates: Generates | None = None


class Sampling(_Section):
    """Overrides of how samples are drawn and judged."""

    views: Literal[1, 2] | None = None
    spec_augment: bool | None = None
    frequency_shift: Annotated[int, Field(ge=0)] | None = None
    balanced: bool | None = None
    pad_mode: Literal["repeat", "mean"] | None = None
    centre_crop: bool | None = None


class SelfTraining(_Section):
    """Overrides of how pseudo-labels are taken."""

    threshold: Share | None = None
    lr_fraction: Annotated[float, Field(gt=0, le=1)] | None = None
    rounds: Annotated[int, Field(ge=1, le=LIMITS.most_rounds)] | None = None


class Training(_Section):
    """Overrides of the preset's schedule."""

    steps: Annotated[int, Field(ge=1, le=LIMITS.most_steps)] | None = None
    batch_size: Annotated[int, Field(ge=2, le=LIMITS.largest_batch)] | None = None
    learning_rate: Annotated[float, Field(gt=0)] | None = None
    beta1: Share | None = None
    lr_decay_fraction: Annotated[float, Field(ge=0, le=1)] | None = None
    grad_clip_norm: Weight | None = None
    ema_decay: Share | None = None
    evaluate_every: Count | None = None
    patience: Annotated[int, Field(ge=0)] | None = None
    monitor: Choice | None = None
    weight_decay: Weight | None = None
    precision: Precision | None = None
    device: DeviceName | None = None
    encoder_lr_fraction: Annotated[float, Field(gt=0, le=1)] | None = None
    embedding_lr_fraction: Annotated[float, Field(gt=0, le=1)] | None = None


class Losses(_Section):
    """Overrides of the preset's terms."""

    k_plus_one_softmax: bool | None = None
    real: Weight | None = None
    fake: Weight | None = None
    consistency: Weight | None = None
    margin: Weight | None = None
    ramp_up_steps: Annotated[int, Field(ge=0)] | None = None
    teacher: Weight | None = None
    pseudo: Weight | None = None
    entropy: Weight | None = None
    pull_away: Weight | None = None
    covariance: Weight | None = None
    head_l2: Weight | None = None
    resample_for_g: bool | None = None


class Settings(_Section):
    """Everything a study needs; what is left out comes from the preset.

    `vary`: section.name -> the values that are tried, every combination of them a variant of the study.
    """

    data: Data
    study: Study = Study()
    network: Network = Network()
    sampling: Sampling = Sampling()
    training: Training = Training()
    self_training: SelfTraining = SelfTraining()
    losses: Losses = Losses()
    vary: dict[str, Annotated[list[Any], Field(min_length=1)]] = {}

    @property
    def features(self) -> tuple[str, ...]:
        """The features of the store that the study is run with."""
        return tuple(dict.fromkeys(self._of_store(name) for name in self.study.features if self._is_had(name)))

    def config(self) -> TrainConfig:
        """Return the preset with this file's overrides: from here on nothing knows that settings exist."""
        base = PRESETS[self.study.preset]
        parts = {name: getattr(base, name) for name in _PARTS}
        given: dict[str, Any] = {name: value for name, value in given_values(self.study).items() if hasattr(base, name)}
        for section, names in _SECTIONS.items():
            for name, value in given_values(getattr(self, section)).items():
                home = next((part for part in names if hasattr(parts[part], name)), None)
                if home is None:
                    given[name] = value
                else:
                    parts[home] = replace(parts[home], **{name: value})
        return replace(base, **given, **parts)

    def model_specs(self) -> tuple[ModelSpec, ...]:
        """Return the rows of the table that `models` and `features` stand for."""
        return all_model_specs(self._models(), self.features)

    def choices(self) -> tuple[AutoChoice, ...]:
        """Return what each `auto` among the models chooses from."""
        return choices(self._models(), self.features)

    def _models(self) -> list[str]:
        found: list[str] = []
        for model in self.study.models:
            name, colon, picked = model.partition(":")
            if not colon or self._is_had(picked):
                found.append(f"{name}{colon}{self._of_store(picked)}")
        return found

    def _is_had(self, feature: str) -> bool:
        return feature not in self.data.without

    def _of_store(self, feature: str) -> str:
        return self.data.stand_ins.get(feature, feature)

    def to_toml(self) -> str:
        """Return the settings, complete with the preset's values, as TOML that reads back to the same study."""
        config = self.config()
        known = self.model_dump(mode="json", exclude_none=True)
        of_plan = {name: getattr(config, name) for name in Study.model_fields if hasattr(config, name)}
        known["study"] |= {name: value for name, value in of_plan.items() if value is not None}
        for section, names in _SECTIONS.items():
            homes = [*(getattr(config, name) for name in names), config]
            known[section] = {
                name: next(getattr(home, name) for home in homes if hasattr(home, name))
                for name in type(getattr(self, section)).model_fields
            }
        return tomli_w.dumps(known)


_SECTIONS = {
    "network": ("regularisation",),
    "sampling": ("sampling",),
    "training": ("schedule",),
    "self_training": ("self_training",),
    "losses": ("terms",),
}
"""Which parts of a plan a section's settings belong to; what no part has is the plan's own."""

_PARTS = tuple(name for names in _SECTIONS.values() for name in names)


def given_values(section: BaseModel) -> dict[str, Any]:
    """Return what a file gave of a section, by name."""
    return section.model_dump(exclude_none=True)
