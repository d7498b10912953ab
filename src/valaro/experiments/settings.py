"""Settings of a study: TOML, checked once, every fault in one message."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from valaro.documents import parse_toml, read_toml
from valaro.errors import ValaroError, all_at_once, words_for
from valaro.experiments.sections import SECTIONS, Settings, all_settings, read_values
from valaro.experiments.variants import variants
from valaro.regular import ABSENT, why_not_readable

DATA_FILE = "data.toml"
"""Where settings without a section `data` look for it: beside themselves, so that many studies share one file."""


def read_settings(path: Path, changes: Sequence[str] = (), *, data: Path | None = None) -> Settings:
    """Read a settings file and apply `section.name=value` changes, checked like the file.

    `data` is a second settings file, over which the first is laid, but for the section `data`, which is that of the
    second; without one, a file that lacks the section is laid over `data.toml` beside it. So corpora, store and the
    size of a study are named once for many studies.

    Raises:
        ValaroError: every unknown name and wrong value in one message.
    """
    values = _read(path)
    if data is None and "data" not in values and (path.parent / DATA_FILE).is_file():
        data = path.parent / DATA_FILE
    if data is not None:
        upper = {section: given for section, given in values.items() if section != "data"}
        values = _laid_over(upper, _read(data))
    elif "data" not in values:
        raise ValaroError(
            f"settings '{path}' name no data: expected a section [data] in it, a file '{DATA_FILE}' beside it, "
            "or --data FILE"
        )
    for change in changes:
        _apply(values, change)
    return check_settings(values, str(path) if data is None else f"{path}' over '{data}")


def check_settings(values: Mapping[str, Any], source: str) -> Settings:
    """Return checked settings; `source` names where they came from in errors."""
    faults = list(_unknown(values))
    try:
        settings = read_values(values)
        combinations = () if faults else variants(settings)
    except ValidationError as error:
        raise _refused(source, [*faults, *map(_words, error.errors())]) from error
    if faults:
        raise _refused(source, faults)
    if not settings.features:
        named = ", ".join(settings.study.features)
        raise ValaroError(f"settings '{source}': data.without leaves none of the features {named}")
    for variant in combinations:
        variant.model_specs()
    return settings


def _refused(source: str, faults: Sequence[str]) -> ValaroError:
    return all_at_once(f"{len(faults)} problem{'s' * (len(faults) > 1)} in settings '{source}':", faults)


def _read(path: Path) -> dict[str, Any]:
    """Read TOML whose data paths are relative to the file."""
    why = why_not_readable(path)
    if why:
        raise ValaroError(f"no settings file '{path}'" if why == ABSENT else f"cannot read settings '{path}': it {why}")
    try:
        values = read_toml(path)
    except (OSError, ValueError) as error:
        raise ValaroError(f"cannot read settings '{path}': {words_for(error)}") from error
    _anchor(values, path.resolve().parent)
    return values


def _laid_over(upper: Mapping[str, Any], lower: Mapping[str, Any]) -> dict[str, Any]:
    """Return both files as one; what both name is the upper one's."""
    merged = {**lower, **upper}
    for section, values in upper.items():
        below = lower.get(section)
        if isinstance(values, dict) and isinstance(below, dict):
            merged[section] = {**below, **values}
    return merged


def _anchor(values: dict[str, Any], folder: Path) -> None:
    """Make the data paths of a settings file absolute; anything that is no path is left for the checks to refuse."""
    data = values.get("data")
    if not isinstance(data, dict):
        return
    for name, value in data.items():
        if isinstance(value, str) and name == "features":
            data[name] = str(folder / value)
        elif isinstance(value, list) and name in {"labelled", "unlabelled"}:
            data[name] = [str(folder / item) if isinstance(item, str) else item for item in value]


def _apply(values: dict[str, Any], change: str) -> None:
    """Apply one `section.name=value`; the value is read as TOML, or as text where it is none."""
    name, equals, text = change.partition("=")
    # What is varied has a name with a dot of its own.
    parts = name.strip().split(".", 1) if name.strip().startswith("vary.") else name.strip().split(".")
    if not equals or len(parts) != 2:
        raise ValaroError(f"cannot apply --set '{change}': expected section.name=value, as in training.steps=200")
    try:
        value = parse_toml(f"value = {text}")["value"]
    except ValueError:
        value = text
    section = values.setdefault(parts[0], {})
    if not isinstance(section, dict):
        raise ValaroError(f"cannot apply --set '{change}': '{parts[0]}' is no section")
    section[parts[1]] = value


def _unknown(values: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each section, and each name in one, that is none."""
    for section, given in values.items():
        if section == "vary":
            continue
        if section not in SECTIONS:
            yield _unknown_words(section, section, [*SECTIONS, "vary"])
        elif not isinstance(given, dict):
            yield f"{section} = {given!r}: expected a section with names and values"
        else:
            legal = [setting.name for setting in all_settings().values() if setting.section == section]
            yield from (_unknown_words(f"{section}.{name}", name, legal) for name in given if name not in legal)


def _unknown_words(full_name: str, name: str, legal: Sequence[str]) -> str:
    near = get_close_matches(name, legal, n=1)
    hint = f", did you mean '{near[0]}'?" if near else f"; known here: {', '.join(legal)}"
    return f"{full_name}: unknown setting{hint}"


def _words(fault: Any) -> str:  # noqa: ANN401 - pydantic's own dictionary
    """Turn one of pydantic's findings into a sentence with the setting's name."""
    location = tuple(map(str, fault["loc"]))
    names = {setting.path: setting.full_name for setting in all_settings().values()}
    size = next((size for size in range(len(location), 0, -1) if location[:size] in names), 0)
    name = ".".join([names[location[:size]], *location[size:]] if size else location)
    if fault["type"] == "missing":
        return f"{name}: missing"
    message = str(fault["msg"])
    return f"{name} = {fault['input']!r}: {message[0].lower()}{message[1:]}"
