"""Prediction without torch: nothing on its way imports it, and training says in one sentence that it is missing."""

import subprocess
import sys
from pathlib import Path

from helpers.media import make_recording, tone
from helpers.models import a_model
from valaro.saved_model import save_model

WITHOUT_TORCH = """
from importlib.machinery import PathFinder
find = PathFinder.find_spec
PathFinder.find_spec = lambda name, *rest: None if name in {"torch", "sklearn"} else find(name, *rest)
"""
"""What an installation without the extra `train` is like: neither of them can be found."""

COMMAND = "import sys\nfrom valaro.cli.app import main\nsys.argv = ['valaro', *sys.argv[1:]]\nmain()\n"


def _valaro(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    called = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(called, capture_output=True, text=True, check=False)


def test_a_recording_becomes_a_timeline_where_torch_is_not_installed(tmp_path: Path) -> None:
    save_model(a_model({"fbank": 128, "face": 128}).exported(), tmp_path / "run" / "models" / "valence")
    film = make_recording(tmp_path / "film.mkv", seconds=1.6, sound=tone(300.0))
    done = _valaro(WITHOUT_TORCH + COMMAND, "predict", tmp_path / "run", film, "--to", tmp_path / "timeline.csv")
    assert "3 moments" in done.stderr, done.stderr
    assert len((tmp_path / "timeline.csv").read_text().splitlines()) == 4


def test_the_command_imports_neither_torch_nor_training(tmp_path: Path) -> None:
    save_model(a_model({"fbank": 128}).exported(), tmp_path / "run" / "models" / "valence")
    voice = make_recording(tmp_path / "voice.wav", picture=False, sound=tone(300.0), seconds=1.5)
    listing = "import atexit, sys\natexit.register(lambda: print(sorted(m for m in sys.modules if m in UNWANTED)))\n"
    unwanted = "UNWANTED = {'torch', 'sklearn', 'scipy', 'valaro.training', 'valaro.experiments', 'valaro.analysis'}\n"
    done = _valaro(unwanted + listing + COMMAND, "predict", tmp_path / "run", voice, "--to", tmp_path / "timeline.csv")
    assert done.stdout == "[]\n", done.stderr


def test_training_without_torch_is_one_sentence_with_the_command(tmp_path: Path) -> None:
    settings = tmp_path / "study.toml"
    settings.write_text("")
    for verb in ("train", "cross-validate"):
        done = _valaro(WITHOUT_TORCH + COMMAND, verb, settings, "--to", tmp_path / "run")
        assert done.returncode == 2, done.stderr
        assert done.stderr == (
            "valaro: training needs torch and scikit-learn, which this installation leaves out: "
            "pip install 'valaro[train]'\n"
        )
