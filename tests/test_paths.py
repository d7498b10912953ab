"""What lies at a path in the place of a file or folder is named by whoever was to read it, and never opened."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.media import real_recordings
from valaro.corpora.registry import read_kind
from valaro.corpora.xml import read_elements
from valaro.dface.pictures import read_class_folders
from valaro.dface.votes import read_votes
from valaro.errors import ValaroError
from valaro.experiments.run_folder import read_run
from valaro.experiments.settings import read_settings
from valaro.store.feature_store import FeatureStore
from valaro.store.lock import exclusive_lock
from valaro.store.manifest import read_manifest

FILES: dict[str, Callable[[Path], object]] = {
    "table": lambda path: read_kind("table", path.with_suffix(".csv"), {}),
    "xml": lambda path: list(read_elements(path)),
    "manifest": read_manifest,
    "settings": read_settings,
}
FOLDERS: dict[str, Callable[[Path], object]] = {
    **{kind: lambda path, kind=kind: read_kind(kind, path, {}) for kind in ("iemocap", "ravdess", "audformat", "ami")},
    "faces": read_class_folders,
    "votes": lambda path: read_votes(path, path),
    "run": read_run,
    "store": FeatureStore.open,
    "lock": lambda path: exclusive_lock(path, "trains").__enter__(),
}


def _refusal(call: Callable[[Path], object], path: Path) -> str:
    with pytest.raises(ValaroError) as caught:
        call(path)
    return str(caught.value)


@pytest.mark.parametrize("reader", FILES)
def test_a_pipe_a_loop_and_an_address_in_the_place_of_a_file_are_named(tmp_path: Path, reader: str) -> None:
    for name in ("pipe", "pipe.csv"):
        os.mkfifo(tmp_path / name)
    for name in ("loop", "loop.csv"):
        (tmp_path / name).symlink_to(tmp_path / name)
    assert "is a pipe" in _refusal(FILES[reader], tmp_path / "pipe")
    assert "is a link that leads back to itself" in _refusal(FILES[reader], tmp_path / "loop")
    assert "is an address on the internet, and nothing is" in _refusal(FILES[reader], Path("https://example.org/a"))


@pytest.mark.parametrize("reader", FOLDERS)
def test_a_pipe_and_a_loop_in_the_place_of_a_folder_are_named(tmp_path: Path, reader: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert "is a pipe, expected a folder" in _refusal(FOLDERS[reader], tmp_path / "pipe")
    assert "is a link that leads back to itself, expected a folder" in _refusal(FOLDERS[reader], tmp_path / "loop")


@pytest.mark.parametrize("reader", [name for name in FOLDERS if name != "lock"])
def test_an_address_and_a_path_of_windows_in_the_place_of_a_folder_say_what_to_do(reader: str) -> None:
    assert "is an address on the internet, and nothing is" in _refusal(FOLDERS[reader], Path("https://example.org/a"))
    assert "is a path of Windows, and this computer has no drives" in _refusal(FOLDERS[reader], Path(r"C:\\data"))


def test_the_real_recordings_are_looked_for_beside_the_project() -> None:
    # Looked for elsewhere, every test with real recordings would be left out.
    project = Path(__file__).parents[1]
    assert (project / "pyproject.toml").is_file()
    assert real_recordings("emodb") == project.parent / "shared" / "data" / "emodb"
