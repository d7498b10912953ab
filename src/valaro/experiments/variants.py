"""The variants of a study: every combination of the values that its settings vary."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from typing import Any

from valaro.errors import ValaroError, unknown_name
from valaro.experiments.sections import Settings, all_settings, read_values, values_of
from valaro.limits import LIMITS
from valaro.training.methods import LABELLED_TERMS, METHODS, AutoChoice, ModelSpec

FEATURES = "study.features"
POOL_PARTS = ("study.max_unlabelled", "study.unlabelled_fraction")

VARIABLE = tuple(
    dict.fromkeys(
        [
            FEATURES,
            *POOL_PARTS,
            *("study.labels_per_class", "study.normalisation", "study.normalise_speakers"),
            *(setting.full_name for setting in all_settings().values() if setting.path[0] == "train"),
        ]
    )
)
"""Settings that a study can vary; the others decide what is judged, and on whom."""

_OF_LINEAR = (FEATURES, "study.labels_per_class", "study.normalise_speakers")
"""What changes a linear model, beside the unlabelled set, which scales speakers: it has no network."""


@dataclass(frozen=True, kw_only=True)
class Variant:
    """Settings with one value of each that the study varies, and these values by name (as in a file)."""

    settings: Settings
    values: tuple[tuple[str, Any], ...]

    def model_specs(self) -> tuple[ModelSpec, ...]:
        """Return the rows of the table, named by the values wherever several variants have such a row."""
        return tuple(self.named(spec) for spec in self.settings.model_specs())

    def choices(self) -> tuple[AutoChoice, ...]:
        """Return what each `auto` chooses from, by the labels that these have in this study."""
        return tuple(self._named_choice(choice) for choice in self.settings.choices())

    def _named_choice(self, choice: AutoChoice) -> AutoChoice:
        specs = tuple(map(self.named, choice.model_specs))
        varied = specs[-1].varied
        return AutoChoice(label=_label(choice.label, varied), model_specs=specs, varied=varied, unvaried=choice.label)

    def named(self, spec: ModelSpec) -> ModelSpec:
        """Return the model with the values that tell it from those of other variants, in its label, too."""
        label = spec.label
        if any(name == FEATURES for name, _ in self.values) and "+".join(spec.features) not in label:
            label = f"{label} {'+'.join(spec.features)}"
        # Its features it carries anyway.
        varied = tuple(
            (name, _text(value)) for name, value in self.values if name != FEATURES and self._concerns(name, spec)
        )
        return replace(spec, label=_label(label, varied), varied=varied, unvaried=label)

    def _concerns(self, name: str, spec: ModelSpec) -> bool:
        method, config = METHODS[spec.method], self.settings.config()
        if name in POOL_PARTS:
            # The unlabelled set scales its speakers' recordings, and with joint statistics the input of every network.
            scaled = config.normalise_speakers or (config.normalisation == "combine" and not method.is_linear)
            return method.is_semi_supervised or scaled
        if method.is_linear:
            return name in _OF_LINEAR
        section, _, term = name.partition(".")
        return section != "losses" or term in method.terms | LABELLED_TERMS


def variants(settings: Settings) -> tuple[Variant, ...]:
    """Return the study's variants in the order of its values; one without values where nothing is varied.

    Raises:
        ValaroError: a setting that no study can vary.
        pydantic.ValidationError: a value that the setting cannot have.
    """
    for name in settings.vary:
        if name not in VARIABLE:
            raise unknown_name("setting in [vary]", name, VARIABLE)
    for name, values in settings.vary.items():
        if len({repr(value) for value in values}) < len(values):
            raise ValaroError(f"vary.{name} = {values}: a value stands there twice")
    _check_count(settings)
    combined = tuple(_variant(settings, combination) for combination in _combinations(settings))
    if len({variant.settings.to_toml() for variant in combined}) < len(combined):
        raise ValaroError(f"vary = {settings.vary}: two of these values are the same once they are read")
    return combined


def _check_count(settings: Settings) -> None:
    """Refuse a study that would never begin, before its variants are made."""
    count = prod(len(values) for values in settings.vary.values())
    if count > LIMITS.most_variants:
        raise ValaroError(
            f"[vary] stands for {count:,} combinations of values, expected at most {LIMITS.most_variants:,}: "
            "vary fewer settings at a time"
        )
    trainings = count * settings.study.seeds * len(settings.study.dimensions)
    if trainings > LIMITS.most_trainings:
        raise ValaroError(
            f"{count:,} variants, {settings.study.seeds:,} seeds and {len(settings.study.dimensions)} dimensions are "
            f"{trainings:,} trainings a fold and model, expected at most {LIMITS.most_trainings:,}: take fewer"
        )


def study_features(settings: Settings) -> tuple[str, ...]:
    """Return the features of the store that any of the study's variants needs."""
    return tuple(dict.fromkeys(name for variant in variants(settings) for name in variant.settings.features))


def _combinations(settings: Settings) -> Iterator[tuple[tuple[str, Any], ...]]:
    for values in product(*settings.vary.values()):
        yield tuple(zip(settings.vary, values, strict=True))


def _variant(settings: Settings, values: Sequence[tuple[str, Any]]) -> Variant:
    if not values:
        return Variant(settings=settings, values=())
    facts = values_of(settings) | {"vary": {}}
    for name, value in values:
        section, _, key = name.partition(".")
        facts[section] = {**facts[section], key: value}
    return Variant(settings=read_values(facts), values=tuple(values))


def _label(unvaried: str, varied: Sequence[tuple[str, str]]) -> str:
    return ", ".join([unvaried, *(f"{name.partition('.')[2]} {value}" for name, value in varied)])


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "+".join(map(str, value)) if isinstance(value, list) else str(value)
