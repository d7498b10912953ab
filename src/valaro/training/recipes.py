"""The models by their names in the paper: which loop, which modalities."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from valaro.errors import ValaroError, unknown_name


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A row of the paper's section IV: `adversarial` or supervised, `fused` modalities or a single one."""

    name: str
    adversarial: bool
    fused: bool


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(name="FSBase", adversarial=False, fused=False),
        Recipe(name="MFSBase", adversarial=False, fused=True),
        Recipe(name="SSGAN", adversarial=True, fused=False),
        Recipe(name="MSSGAN", adversarial=True, fused=True),
    )
}
MODEL_NAMES = tuple(RECIPES)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A recipe with the features it runs on; `label` is its row in a table."""

    label: str
    recipe: Recipe
    features: tuple[str, ...]


def candidates(model: str, features: Sequence[str]) -> tuple[Candidate, ...]:
    """Return what the model's name stands for: a fused model takes all features, a single one each in turn.

    `NAME:feature` picks one.

    >>> [candidate.label for candidate in candidates("SSGAN", ["fbank", "face"])]
    ['SSGAN fbank', 'SSGAN face']
    >>> [candidate.label for candidate in candidates("SSGAN:face", ["fbank", "face"])]
    ['SSGAN face']
    >>> [candidate.features for candidate in candidates("MSSGAN", ["fbank", "face"])]
    [('fbank', 'face')]
    """
    name, colon, picked = model.partition(":")
    if name not in RECIPES:
        raise unknown_name("model", name, RECIPES)
    recipe = RECIPES[name]
    if recipe.fused:
        if colon or len(features) < 2:
            raise ValaroError(
                f"model '{model}' joins all features and needs at least two of them, got: {', '.join(features)}"
            )
        return (Candidate(label=name, recipe=recipe, features=tuple(features)),)
    if colon and picked not in features:
        raise unknown_name(f"feature in '{model}'", picked, features)
    return tuple(
        Candidate(label=f"{name} {feature}", recipe=recipe, features=(feature,))
        for feature in ([picked] if colon else features)
    )


def all_candidates(models: Iterable[str], features: Sequence[str]) -> tuple[Candidate, ...]:
    """Return the candidates of several models, each label once, in order."""
    return tuple({c.label: c for model in models for c in candidates(model, features)}.values())
