"""No name of ours is so vague that it says nothing of what it holds."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[1] / "src"
VAGUE = {"one", "found", "place", "told", "way", "there", "made"}


def bound_names(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield every name that a module binds, with its line."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield name, node.lineno
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.MatchAs(name=str(name)):
                yield name, node.lineno
            case ast.alias(name=name, asname=other):
                yield other or name, node.lineno
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield name, node.lineno


def test_every_way_of_binding_a_name_is_seen() -> None:
    code = """
import a as found
from b import one
place: int = 0
for told in (): pass
def way(there, *, made=1): self.one = lambda found: found
[way for place in () if (made := 1)]
match x:
    case [told]: pass
"""
    names = sorted(name for name, _ in bound_names(ast.parse(code)) if name in VAGUE)
    assert names == sorted(
        ["found", "one", "place", "told", "way", "there", "made", "one", "found", "place", "made", "told"]
    )


@pytest.mark.parametrize("package", ["valaro", "valaro_demo_clips"])
def test_no_bound_name_is_vague(package: str) -> None:
    vague = [
        f"{path.relative_to(SOURCES)}:{line}: {name}"
        for path in sorted((SOURCES / package).rglob("*.py"))
        for name, line in bound_names(ast.parse(path.read_text(encoding="utf-8")))
        if name in VAGUE
    ]
    assert vague == []
