"""Files that belong together come whole, and their head last."""

from pathlib import Path

import pytest

from valaro.files import whole_files


def test_files_are_moved_beside_what_is_there_and_the_last_one_last(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "own.wav").write_bytes(b"sound")
    moved: list[str] = []
    real = Path.replace

    def noted(self: Path, target: Path) -> Path:
        moved.append(target.name)
        return real(self, target)

    monkeypatch.setattr(Path, "replace", noted)
    with whole_files(tmp_path, last="a.yaml") as aside:
        for name in ("a.yaml", "b.csv", "c.csv"):
            (aside / name).write_text(name)
        assert [path.name for path in tmp_path.glob("[!.]*")] == ["own.wav"]
    assert moved == ["b.csv", "c.csv", "a.yaml"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.yaml", "b.csv", "c.csv", "own.wav"]


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "own.wav").write_bytes(b"sound")

    def fail_half_way() -> None:
        with whole_files(tmp_path, last="a.yaml") as aside:
            (aside / "a.yaml").write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert [path.name for path in tmp_path.iterdir()] == ["own.wav"]
