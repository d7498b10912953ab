"""What every test may rely on, and commands of valaro run in the process of the tests."""

import os
import signal
import sys

import pytest
from hypothesis import HealthCheck, settings
from jaxtyping import install_import_hook

from commands import Answer, Command

# The plugin's own option takes one package alone where the checker has an option, too.
install_import_hook("valaro_demo_clips", "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))")

# The tests' networks are tiny: a second thread only waits for the first, and for whoever else uses the machine.
os.environ["OMP_NUM_THREADS"] = "1"

# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile(
    "valaro", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
settings.load_profile("valaro")

# A runner started in the background ignores Ctrl-C and hands that down to every program that tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def valaro(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    """Runs a command line in this process: a new one would load torch for seconds each time."""
    # Late: whatever is imported here is imported before the shapes of its arrays can be checked.
    from valaro.cli.app import main

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
