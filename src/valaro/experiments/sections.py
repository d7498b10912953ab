"""The sections of a settings file: what each setting is comes from the records that a training takes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import tomli_w
from annotated_types import Ge, Le, MinLen
from pydantic import ConfigDict, TypeAdapter
from pydantic_core import to_jsonable_python

from valaro.evaluation.folds import Directions
from valaro.labels.soft_labels import Votes
from valaro.limits import LIMITS
from valaro.records import DIMENSIONS, Dimension
from valaro.training.config import DEFAULT, PRESETS, TrainConfig
from valaro.training.methods import AutoChoice, ModelSpec, all_model_specs, choices

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


@dataclass(frozen=True, kw_only=True)
class Data:
    """Where the data lies; paths in a file are relative to that file."""

    labelled: Annotated[list[Path], MinLen(1)]
    """Manifests written by valaro read; rows without votes join the unlabelled ones."""
    unlabelled: list[Path] = field(default_factory=list[Path])
    """Manifests of unlabelled recordings; their votes, if any, are not used."""
    features: Path
    """The store written by valaro extract."""
    stand_ins: dict[str, str] = field(default_factory=dict[str, str])
    """A feature that a study names -> the one of the store that stands for it."""
    without: list[str] = field(default_factory=list[str])
    """Features that these recordings cannot give; a study runs with the others."""


@dataclass(frozen=True, kw_only=True)
class Study:
    """What is compared, and on whom."""

    models: Annotated[list[str], MinLen(1)] = field(default_factory=lambda: ["MFSBase", "MSSGAN"])
    """FSBase, MFSBase, SSBase, SSGAN, MSSGAN, the rivals CT, MeanTeacher, SoftMatch, ClassBalanced; "SSGAN:face" runs
    on one feature only; "auto" trains several and lets validation choose, in every fold anew. LR and SVM are added."""
    features: Annotated[list[str], MinLen(1)] = field(default_factory=lambda: ["fbank", "face"])
    """Features of the store that models take."""
    dimensions: Annotated[list[Dimension], MinLen(1)] = field(default_factory=lambda: list(DIMENSIONS))
    """What is predicted."""
    votes: Votes = "each"
    """Each annotator's vote becomes a level, or their mean does, as in the paper's Table I."""
    sessions: Annotated[list[str], MinLen(1)] | None = None
    """Test these sessions alone instead of each in turn."""
    directions: Directions = "both"
    """Each session is tested in both directions, women and men; coin draws one, fixed takes women."""
    seeds: Annotated[int, Ge(1), Le(LIMITS.most_seeds)] = 1
    """How many seeds."""
    first_seed: Annotated[int, Ge(0)] = 0
    """The first of them."""
    preset: Literal["default", "paper"] = "default"
    """What is left out comes from it; paper: everything as printed."""
    control: bool = True
    """Also train the last model on shuffled labels, in every seed: it must be at chance."""
    paper: PaperPart | None = None
    """The table or figure of the paper that this is."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything a study needs.

    `vary`: section.name -> the values that are tried, every combination of them a variant of the study.
    """

    data: Data
    study: Study = field(default_factory=Study)
    train: TrainConfig = DEFAULT
    vary: dict[str, Annotated[list[Any], MinLen(1)]] = field(default_factory=dict[str, list[Any]])

    @property
    def features(self) -> tuple[str, ...]:
        """The features of the store that the study is run with."""
        return tuple(dict.fromkeys(self._of_store(name) for name in self.study.features if self._is_had(name)))

    def config(self) -> TrainConfig:
        """Return the preset with this file's overrides: from here on nothing knows that settings exist."""
        return self.train

    def model_specs(self) -> tuple[ModelSpec, ...]:
        """Return the rows of the table that `models` and `features` stand for."""
        return all_model_specs(self._models(), self.features)

    def choices(self) -> tuple[AutoChoice, ...]:
        """Return what each `auto` among the models chooses from."""
        return choices(self._models(), self.features)

    def _models(self) -> list[str]:
        split = [model.partition(":") for model in self.study.models]
        return [
            f"{name}{colon}{self._of_store(picked)}"
            for name, colon, picked in split
            if not colon or self._is_had(picked)
        ]

    def _is_had(self, feature: str) -> bool:
        return feature not in self.data.without

    def _of_store(self, feature: str) -> str:
        return self.data.stand_ins.get(feature, feature)

    def to_toml(self) -> str:
        """Return the settings, complete with the preset's values, as TOML that reads back to the same study."""
        values = to_jsonable_python(values_of(self))
        return tomli_w.dumps(
            {section: {k: v for k, v in given.items() if v is not None} for section, given in values.items()}
        )


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A setting's section and name in a file, and the fields of `Settings` that lead to it."""

    section: str
    name: str
    path: tuple[str, ...]

    @property
    def full_name(self) -> str:
        return f"{self.section}.{self.name}"

    def value(self, settings: Settings) -> Any:  # noqa: ANN401 - each has its own type
        value: Any = settings
        for part in self.path:
            value = getattr(value, part)
        return value


_SECTIONS = {
    "regularisation": "network",
    "schedule": "training",
    "terms": "losses",
    "centre_crop": "sampling",
    **dict.fromkeys(("sampling", "self_training"), ""),
    **dict.fromkeys(
        ("normalisation", "normalise_speakers", "labels_per_class", "max_unlabelled", "unlabelled_fraction"), "study"
    ),
}
"""The section of a configuration's parts and fields (empty: it has the part's own name); of all others `network`."""

SECTIONS = ("data", "study", "network", "sampling", "training", "self_training", "losses")


@cache
def all_settings() -> Mapping[str, Setting]:
    """Return every setting by its full name, in the order of the sections: what the records declare, nothing else."""
    listed = [*_declared(Data, "data"), *_declared(Study, "study"), *_of_training()]
    return {setting.full_name: setting for setting in sorted(listed, key=lambda s: SECTIONS.index(s.section))}


def _declared(record: Any, section: str, *path: str) -> Iterator[Setting]:  # noqa: ANN401 - any dataclass
    for part in fields(record):
        yield Setting(section=section, name=part.name, path=(*(path or (section,)), part.name))


def _of_training() -> Iterator[Setting]:
    for part in fields(TrainConfig):
        section = _SECTIONS.get(part.name, "network") or part.name
        value = getattr(DEFAULT, part.name)
        if is_dataclass(value):
            yield from _declared(value, section, "train", part.name)
        else:
            yield Setting(section=section, name=part.name, path=("train", part.name))


def values_of(settings: Settings) -> dict[str, Any]:
    """Return all values as a file would give them, by section and name."""
    values: dict[str, Any] = {section: {} for section in SECTIONS}
    for setting in all_settings().values():
        values[setting.section][setting.name] = setting.value(settings)
    return values | {"vary": settings.vary}


def read_values(values: Mapping[str, Any]) -> Settings:
    """Return what a file gives, checked; unknown names are left out: they are for the caller to refuse.

    Raises:
        pydantic.ValidationError: values that settings cannot have, or that are missing.
    """
    # Of a dataclass alone pydantic takes no configuration, of an optional one it does.
    optional: Any = Settings | None
    return TypeAdapter(optional, config=ConfigDict(allow_inf_nan=False)).validate_python(_nested(values))


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a file gives, laid over the preset that it names, in the form of `Settings`."""
    study = values.get("study")
    preset = study.get("preset") if isinstance(study, dict) else None
    facts: dict[str, Any] = {"train": _plain(PRESETS.get(str(preset), DEFAULT)), "study": {}}
    for name in ("data", "vary"):
        if name in values:
            facts[name] = {} if name == "data" else values[name]
    for setting in all_settings().values():
        given = values.get(setting.section)
        if isinstance(given, dict) and setting.name in given:
            home = facts
            for part in setting.path[:-1]:
                home = home[part]
            home[setting.name] = given[setting.name]
    return facts


def _plain(record: Any) -> dict[str, Any]:  # noqa: ANN401 - any dataclass
    return {
        part.name: _plain(value) if is_dataclass(value := getattr(record, part.name)) else value
        for part in fields(record)
    }
