"""Settings of a study: TOML, checked once, every fault in one message."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from valaro.errors import ValaroError, all_at_once
from valaro.evaluation.folds import Directions
from valaro.labels.fuzzy import Votes
from valaro.networks.shapes import Generates
from valaro.normalise import Normalisation
from valaro.records import DIMENSIONS, Dimension
from valaro.training.machine import DeviceName, Precision
from valaro.training.plans import PRESETS, Choice, FaceRate, Plan
from valaro.training.recipes import Candidate, all_candidates

Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, lt=1)]
Weight = Annotated[float, Field(ge=0)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class Data(_Section):
    """Where the data lies; paths in a file are relative to that file."""

    labelled: Annotated[list[Path], Field(min_length=1)]
    unlabelled: list[Path] = []
    features: Path


class Study(_Section):
    """What is compared."""

    models: Annotated[list[str], Field(min_length=1)] = ["MFSBase", "MSSGAN"]
    features: Annotated[list[str], Field(min_length=1)] = ["fbank", "face"]
    dimensions: Annotated[list[Dimension], Field(min_length=1)] = list(DIMENSIONS)
    labels_per_level: Count | None = None
    votes: Votes = "each"
    pool_size: Annotated[int, Field(ge=0)] | None = None
    directions: Directions = "both"
    seeds: Count = 1
    first_seed: Annotated[int, Field(ge=0)] = 0
    preset: Literal["default", "paper"] = "default"
    normalisation: Normalisation | None = None
    normalise_speakers: bool | None = None


class Network(_Section):
    """Overrides of the preset's network."""

    layout: Literal["temporal", "image"] | None = None
    width: Annotated[float, Field(gt=0)] | None = None
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
    masks: bool | None = None
    shift: Annotated[int, Field(ge=0)] | None = None
    balanced: bool | None = None
    short: Literal["repeat", "mean"] | None = None
    centre_crop: bool | None = None


class SelfTraining(_Section):
    """Overrides of how pseudo-labels are taken."""

    threshold: Share | None = None
    rate_share: Annotated[float, Field(gt=0, le=1)] | None = None
    rounds: Count | None = None


class Training(_Section):
    """Overrides of the preset's schedule."""

    steps: Count | None = None
    batch: Annotated[int, Field(ge=2)] | None = None
    learning_rate: Annotated[float, Field(gt=0)] | None = None
    beta1: Share | None = None
    decay: Annotated[float, Field(ge=0, le=1)] | None = None
    clip: Weight | None = None
    average: Share | None = None
    evaluate_every: Count | None = None
    patience: Annotated[int, Field(ge=0)] | None = None
    choose: Choice | None = None
    weight_decay: Weight | None = None
    precision: Precision | None = None
    device: DeviceName | None = None
    encoder_share: Annotated[float, Field(gt=0, le=1)] | None = None
    embedding_share: Annotated[float, Field(gt=0, le=1)] | None = None


class Losses(_Section):
    """Overrides of the preset's terms."""

    joint: bool | None = None
    real: Weight | None = None
    generated: Weight | None = None
    consistency: Weight | None = None
    margin: Weight | None = None
    ramp: Annotated[int, Field(ge=0)] | None = None
    teacher: Weight | None = None
    pseudo: Weight | None = None
    entropy: Weight | None = None
    pull_away: Weight | None = None
    covariance: Weight | None = None
    ridge: Weight | None = None
    fresh: bool | None = None


class Settings(_Section):
    """Everything a study needs; what is left out comes from the preset."""

    data: Data
    study: Study = Study()
    network: Network = Network()
    sampling: Sampling = Sampling()
    training: Training = Training()
    self_training: SelfTraining = SelfTraining()
    losses: Losses = Losses()

    def plan(self) -> Plan:
        """Return the preset with this file's overrides: from here on nothing knows that settings exist."""
        base = PRESETS[self.study.preset]
        parts = {name: getattr(base, name) for name in _PARTS}
        given: dict[str, Any] = {name: value for name, value in _given(self.study).items() if hasattr(base, name)}
        for section, names in _SECTIONS.items():
            for name, value in _given(getattr(self, section)).items():
                home = next((part for part in names if hasattr(parts[part], name)), None)
                if home is None:
                    given[name] = value
                else:
                    parts[home] = replace(parts[home], **{name: value})
        return replace(base, **given, **parts)

    def candidates(self) -> tuple[Candidate, ...]:
        """Return the rows of the table that `models` and `features` stand for."""
        return all_candidates(self.study.models, self.study.features)

    def to_toml(self) -> str:
        """Return the settings, complete with the preset's values, as TOML that reads back to the same study."""
        plan = self.plan()
        known = self.model_dump(mode="json", exclude_none=True)
        known["study"] |= {"normalisation": plan.normalisation, "normalise_speakers": plan.normalise_speakers}
        for section, names in _SECTIONS.items():
            homes = [*(getattr(plan, name) for name in names), plan]
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


def read_settings(path: Path, changes: Sequence[str] = ()) -> Settings:
    """Read a settings file and apply `section.name=value` changes, checked like the file.

    Raises:
        ValaroError: every unknown name and wrong value in one message.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ValaroError(f"no settings file '{path}'") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ValaroError(f"cannot read settings '{path}': {error}") from error
    _anchor(values, path.resolve().parent)
    for change in changes:
        _apply(values, change)
    return check_settings(values, str(path))


def check_settings(values: Mapping[str, Any], source: str) -> Settings:
    """Return checked settings; `source` names where they came from in errors."""
    try:
        settings = Settings.model_validate(dict(values))
    except ValidationError as error:
        faults = [_words(fault) for fault in error.errors()]
        raise all_at_once(f"{len(faults)} problem{'s' * (len(faults) > 1)} in settings '{source}':", faults) from error
    settings.candidates()
    return settings


def _given(section: BaseModel) -> dict[str, Any]:
    return section.model_dump(exclude_none=True)


def _anchor(values: dict[str, Any], folder: Path) -> None:
    """Make the data paths of a settings file absolute; anything that is no path is left for the checks to refuse."""
    data = values.get("data")
    if not isinstance(data, dict):
        return
    for name, value in data.items():
        if isinstance(value, str) and name == "features":
            data[name] = str(folder / value)
        elif isinstance(value, list):
            data[name] = [str(folder / item) if isinstance(item, str) else item for item in value]


def _apply(values: dict[str, Any], change: str) -> None:
    """Apply one `section.name=value`; the value is read as TOML, or as text where it is none."""
    name, equals, text = change.partition("=")
    parts = name.strip().split(".")
    if not equals or len(parts) != 2:
        raise ValaroError(f"cannot apply --set '{change}': expected section.name=value, as in training.steps=200")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    section = values.setdefault(parts[0], {})
    if not isinstance(section, dict):
        raise ValaroError(f"cannot apply --set '{change}': '{parts[0]}' is no section")
    section[parts[1]] = value


def _words(fault: Any) -> str:  # noqa: ANN401 - pydantic's own dictionary
    """Turn one of pydantic's findings into a sentence with the setting's name."""
    place = [str(part) for part in fault["loc"]]
    name = ".".join(place)
    if fault["type"] == "extra_forbidden":
        legal = _legal(place[:-1])
        near = get_close_matches(place[-1], legal, n=1)
        hint = f", did you mean '{near[0]}'?" if near else f"; known here: {', '.join(legal)}"
        return f"{name}: unknown setting{hint}"
    if fault["type"] == "missing":
        return f"{name}: missing"
    message = str(fault["msg"])
    return f"{name} = {fault['input']!r}: {message[0].lower()}{message[1:]}"


def _legal(place: Sequence[str]) -> list[str]:
    fields = Settings.model_fields
    if not place:
        return list(fields)
    section = fields[place[0]].annotation
    return list(section.model_fields) if isinstance(section, type) and issubclass(section, BaseModel) else []
