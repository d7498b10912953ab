"""What tests of the command line run commands with, and what these leave."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a command left: its exit code and its words."""

    code: int
    out: str
    err: str


Command = Callable[..., Answer]
