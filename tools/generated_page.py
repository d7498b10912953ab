"""A page of the docs that a script makes: written anew, or compared with what lies there."""

import argparse
import ast
import inspect
from dataclasses import is_dataclass
from itertools import pairwise
from pathlib import Path


def write_or_check(page: Path, text: str, *, script: str, about: str | None) -> int:
    """Write the page, or with `--check` say whether it is up to date; the exit code is returned."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 where the page is out of date")
    if not parser.parse_args().check:
        page.write_text(text, encoding="utf-8")
        return 0
    if page.is_file() and page.read_text(encoding="utf-8") == text:
        return 0
    print(f"{page.parent.name}/{page.name} is not up to date: python tools/{script} writes it anew")
    return 1


def meanings(record: type) -> dict[str, str]:
    """Return what stands below each field of a record, inherited ones too, in the code, by name."""
    found: dict[str, str] = {}
    for part in reversed(record.__mro__):
        if not is_dataclass(part):
            continue
        tree = ast.parse(inspect.getsource(part)).body[0]
        assert isinstance(tree, ast.ClassDef)
        for field, text in pairwise(tree.body):
            match field, text:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(said))):
                    found[name] = " ".join(said.split())
                case _:
                    pass
    return found
