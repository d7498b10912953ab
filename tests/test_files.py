"""Files that belong together come whole, and their head last."""

from pathlib import Path

import pytest

from valaro.errors import ValaroError
from valaro.files import atomic_files, write_page


def test_files_are_moved_beside_what_is_there_and_the_last_one_last(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "own.wav").write_bytes(b"sound")
    moved: list[str] = []
    real = Path.replace

    def noted(self: Path, target: Path) -> Path:
        moved.append(target.name)
        return real(self, target)

    monkeypatch.setattr(Path, "replace", noted)
    with atomic_files(tmp_path, last="a.yaml") as aside:
        for name in ("a.yaml", "b.csv", "c.csv"):
            (aside / name).write_text(name)
        assert [path.name for path in tmp_path.glob("[!.]*")] == ["own.wav"]
    assert moved == ["b.csv", "c.csv", "a.yaml"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.yaml", "b.csv", "c.csv", "own.wav"]


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "own.wav").write_bytes(b"sound")

    def fail_half_way() -> None:
        with atomic_files(tmp_path, last="a.yaml") as aside:
            (aside / "a.yaml").write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert [path.name for path in tmp_path.iterdir()] == ["own.wav"]


def test_an_error_names_the_file_that_was_to_be_written_however_long_its_name_is(tmp_path: Path) -> None:
    longest = tmp_path / ("é" * 125 + ".html")  # 255 bytes, all that a name may have
    write_page(longest, "valaro")
    assert longest.read_text() == "valaro"
    for path in (tmp_path / ("n" * 256), tmp_path / longest.name / "page.html"):
        with pytest.raises(OSError, match=r"." * 10) as caught:
            write_page(path, "valaro")
        assert str(caught.value.filename) in {str(path), str(path.parent)}
    assert [path.name for path in tmp_path.iterdir()] == [longest.name]


@pytest.mark.parametrize(
    ("name", "theirs", "ours"),
    [
        ("labels.csv", "utterance,file\n", "run,score\n1,2\n"),
        ("film.html", "<html>my own</html>", '<meta name="generator" content="valaro">'),
        ("notes.md", "# thesis\n", "<!-- made by valaro report -->\n\n# thesis\n"),
        ("film.json", '{"mine": 1}', '{"format": "valaro timeline"}'),
    ],
)
def test_a_page_is_written_over_one_of_ours_and_never_over_a_users_file(
    tmp_path: Path, name: str, theirs: str, ours: str
) -> None:
    path = tmp_path / name
    path.write_text(theirs)
    with pytest.raises(ValaroError, match=f"{name}': what is there is not of valaro's making, give another name"):
        write_page(path, ours)
    assert [file.read_text() for file in tmp_path.iterdir()] == [theirs]
    path.unlink()
    for text in (ours, ours + "again", ours):
        write_page(path, text)
        assert path.read_text() == text
