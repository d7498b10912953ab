"""Commands of valaro, run in the process of the tests."""

import sys

import pytest

from commands import Answer, Command
from valaro.cli.app import main


@pytest.fixture
def valaro(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    """Runs a command line in this process: a new one would load torch for seconds each time."""

    def run(*arguments: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["valaro", *(str(argument) for argument in arguments)])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capfd.readouterr()
        return Answer(code=code, out=out, err=err)

    return run
