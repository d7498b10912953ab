"""What every test may rely on, and commands of valaro run in the process of the tests."""

import os
import signal
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from jaxtyping import install_import_hook

from helpers.commands import Answer, Command

CHECKER = "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))"
SOURCES = Path(__file__).parents[1] / "src"


def _modules_of_arrays() -> list[str]:
    """Return the modules that state shapes of arrays: no type checker sees these, so calls and records are checked."""
    files = (path for path in SOURCES.rglob("*.py") if "from jaxtyping import" in path.read_text(encoding="utf-8"))
    return sorted(".".join(path.relative_to(SOURCES).with_suffix("").parts) for path in files)


install_import_hook(_modules_of_arrays(), CHECKER)

# The tests' networks are tiny: a second thread only waits for the first, and for whoever else uses the machine.
os.environ["OMP_NUM_THREADS"] = "1"

# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile(
    "valaro", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
settings.load_profile("valaro")

# A runner started in the background ignores Ctrl-C, one under nohup the end of its terminal, and what they ignore is
# handed down to every program that tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


SLOW = (
    "checks/test_mouths",
    "cli",
    "corpora/test_ami",
    "corpora/test_crema_d",
    "corpora/test_from_audformat",
    "corpora/test_iemocap_release",
    "corpora/test_recordings_folder",
    "demo_clips",
    "dface/test_training_faces",
    "evaluation/test_shuffles",
    "evaluation/test_significance",
    "experiments/test_cross_validate",
    "experiments/test_presets_page",
    "experiments/test_same_results",
    "experiments/test_settings_pages",
    "experiments/test_studies",
    "prediction/test_onnx_parity",
    "prediction/test_predictor",
    "prediction/test_timeline_page",
    "prediction/test_without_torch",
    "reports/test_beside_paper",
    "reports/test_report_page",
    "reports/test_standalone_svg",
    "reports/test_written",
    "store/test_stored_networks",
    "test_api",
    "test_benchmarks",
    "test_extraction",
    "test_limits",
    "test_recordings",
    "test_saved_model",
    "training/test_feature_maps",
    "training/test_registered",
    "training/test_resume",
    "training/test_sharing",
    "training/test_training",
)
"""Tests that train, decode for long or run whole programs: `make quick` leaves them out."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow by where it stands."""
    folder = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(folder) and item.path.relative_to(folder).as_posix().startswith(SLOW):
            item.add_marker("slow")


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
