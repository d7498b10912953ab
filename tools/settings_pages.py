"""Write settings/example.toml and docs/settings.md: every setting, from the records that declare it.

python tools/settings_pages.py            # write them anew
python tools/settings_pages.py --check    # exit code 1 where one is not up to date
"""

import json
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from annotated_types import Ge, Gt, Le, Lt, MinLen
from generated_page import meanings, write_or_check
from pydantic_core import to_jsonable_python

from valaro.experiments.sections import SECTIONS, Setting, Settings, all_settings, read_values
from valaro.experiments.variants import VARIABLE

ROOT = Path(__file__).parents[1]
EXAMPLE, PAGE = ROOT / "settings" / "example.toml", ROOT / "docs" / "settings.md"

GIVEN: dict[str, Any] = {
    "data.labelled": ["labelled.parquet"],
    "data.unlabelled": ["unlabelled.parquet"],
    "data.features": "features",
    "study.models": ["FSBase", "MFSBase", "SSGAN", "MSSGAN"],
    "study.features": ["fbank", "face"],
    "study.dimensions": ["valence", "arousal"],
    "study.seeds": 2,
    "study.preset": "default",
    "study.labels_per_class": 20,
}
"""What the example gives; every other setting stands there as a comment, with its default."""

ABOUT = {
    "data": "Where the data lies; paths are relative to this file.",
    "study": "What is compared, and on whom.",
    "network": "What networks are made of. From here on the preset decides what is left out.",
    "sampling": "How samples are drawn.",
    "training": "How long and how fast a network learns.",
    "self_training": "Pseudo-labels of SSBase and ClassBalanced.",
    "losses": "Weights of the terms of Eq. 6 and of their alternatives.",
}

LEFT_OUT: dict[str, Any] = {"study.sessions": ["1"], "study.paper": "table_7", "study.max_unlabelled": 500}
"""An example of each setting whose default is to be left out."""

HEAD = """\
# A study: what is compared, on what. Every value is checked when the file is read. Run it:
#   valaro cross-validate settings/example.toml --to runs/example
# What stands as a comment has its default, that of preset = "default", or is an example where nothing is the default:
# sessions, paper, max_unlabelled.
# python tools/settings_pages.py writes this file from the code.
"""

VARY = """
# Every combination of these values is a variant of the study; names are those of settings, as in --set.
# [vary]
# "study.unlabelled_fraction" = [0.0, 0.5, 1.0]
# "losses.consistency" = [1.0, 3.0]
"""

INTRODUCTION = """\
# Settings

Every setting of a study, with what it may be, its value in the presets `default` and `paper`, and its meaning.
`valaro cross-validate SETTINGS.toml --to RUN` and `valaro train` read them; `--set section.name=value` replaces one;
what a file does not name comes from the preset. All faults of a file are named at once. Settings marked with * can
stand in `[vary]`, with a list of values. `python tools/settings_pages.py` writes this page and `settings/example.toml`
from the code, and a test holds both to it.
"""

COLUMNS = "| setting | may be | `default` | `paper` | meaning |\n|---|---|---|---|---|\n"

WORDS: dict[Any, str] = {str: "text", Path: "a path", int: "a whole number", float: "a number", bool: "true or false"}
BOUNDS = {Ge: ("ge", "at least"), Gt: ("gt", "above"), Le: ("le", "at most"), Lt: ("lt", "below")}


def legal(annotation: Any) -> str:  # noqa: ANN401 - any type
    """Return in words what a setting may be."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        bounds = [
            f"{words} {getattr(bound, name):,}"
            for bound in inner[1:]
            for kind, (name, words) in BOUNDS.items()
            if isinstance(bound, kind)
        ]
        least = [", one or more" for bound in inner[1:] if isinstance(bound, MinLen)]
        return " ".join([legal(inner[0]), ", ".join(bounds)]).strip() + "".join(least)
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in inner)
    if origin in {Union, UnionType}:
        return " or ".join(legal(kind) for kind in inner if kind is not NoneType) + "; or left out"
    if origin is list:
        return f"a list of: {legal(inner[0])}"
    if origin is dict:
        return "names with values"
    return WORDS[annotation]


def declared(setting: Setting) -> tuple[Any, str]:
    """Return a setting's annotation and the line below it in the code."""
    record: Any = Settings
    for part in setting.path[:-1]:
        record = get_type_hints(record)[part]
    return get_type_hints(record, include_extras=True)[setting.name], meanings(record)[setting.name]


def example() -> str:
    """Return the example's text."""
    lines = [HEAD]
    for section in SECTIONS:
        settings = [setting for setting in all_settings().values() if setting.section == section]
        has_given = any(setting.full_name in GIVEN for setting in settings)
        lines += [f"\n# {ABOUT[section]}", f"{'' if has_given else '# '}[{section}]"]
        for setting in settings:
            lines += textwrap.wrap(declared(setting)[1], 110, initial_indent="# ", subsequent_indent="# ")
            lines.append(_line(setting))
    return "\n".join(lines) + "\n" + VARY


def _line(setting: Setting) -> str:
    if setting.full_name in GIVEN:
        return f"{setting.name} = {json.dumps(GIVEN[setting.full_name])}"
    value = setting.value(_with_preset("default"))
    # JSON's text, numbers, truth values and lists are TOML's, too.
    return f"# {setting.name} = {json.dumps(LEFT_OUT[setting.full_name] if value is None else value)}"


def _with_preset(preset: str) -> Settings:
    return read_values(
        {"data": {"labelled": ["labelled.parquet"], "features": "features"}, "study": {"preset": preset}}
    )


def page() -> str:
    """Return the reference page."""
    return INTRODUCTION + "".join(
        f"\n## `[{section}]`\n\n{ABOUT[section]}\n\n{COLUMNS}"
        + "".join(f"| {' | '.join(row)} |\n" for row in _rows(section))
        for section in SECTIONS
    )


def _rows(section: str) -> Iterator[tuple[str, ...]]:
    presets = [_with_preset(preset) for preset in ("default", "paper")]
    for name, setting in all_settings().items():
        if setting.section == section:
            annotation, meaning = declared(setting)
            values = ["" if name in _REQUIRED else _shown(setting.value(preset)) for preset in presets]
            if name == "study.preset":
                values = ["`default`", "`paper`"]
            yield f"`{setting.name}`{'*' * (name in VARIABLE)}", legal(annotation), *values, meaning


_REQUIRED = ("data.labelled", "data.features")


def _shown(value: object) -> str:
    if value is None:
        return "left out"
    plain = to_jsonable_python(value)
    if isinstance(plain, list):
        return ", ".join(f"`{item}`" for item in plain) or "none"
    if isinstance(plain, dict):
        return "none" if not plain else str(plain)
    return f"`{str(plain).lower() if isinstance(plain, bool) else plain}`"


if __name__ == "__main__":
    codes = [
        write_or_check(path, text, script="settings_pages.py", about=__doc__)
        for path, text in ((EXAMPLE, example()), (PAGE, page()))
    ]
    sys.exit(max(codes))
