"""Arguments that several verbs take, each with its help, once."""

from pathlib import Path
from typing import Annotated

import typer

Manifests = Annotated[list[Path], typer.Argument(metavar="MANIFEST", help="Manifests written by valaro read.")]
SettingsFile = Annotated[Path, typer.Argument(metavar="SETTINGS", help="Settings file (TOML), see docs/settings.md.")]
Run = Annotated[Path, typer.Option(metavar="RUN", help="The run folder; the same command again resumes.")]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="SECTION.NAME=VALUE", help="Replace a setting; checked like the file; repeatable."),
]
DataFile = Annotated[
    Path | None,
    typer.Option(metavar="SETTINGS", help="Take the section [data], and what SETTINGS leaves out, from this file."),
]
Workers = Annotated[int, typer.Option(help="Processes, one thread each.")]
AsJson = Annotated[bool, typer.Option("--json", help="Also print the result as JSON (docs/json.md).")]
