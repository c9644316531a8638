"""A file is written completely or not at all; only its owner can read one with a secret."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from course_utils.files import PRIVATE, write_atomic


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_text_and_bytes_in_a_folder_that_is_made(tmp_path: Path) -> None:
    place = tmp_path / "new" / "a.txt"
    write_atomic(place, "grün\n")
    assert place.read_bytes() == b"gr\xc3\xbcn\n"
    write_atomic(place, b"\x00")
    assert place.read_bytes() == b"\x00"
    assert [path.name for path in place.parent.iterdir()] == ["a.txt"]


def test_a_new_file_has_the_mode_of_any_other_and_an_old_one_keeps_its_own(tmp_path: Path) -> None:
    (tmp_path / "ordinary").touch()
    write_atomic(tmp_path / "new", "")
    assert mode(tmp_path / "new") == mode(tmp_path / "ordinary")
    (tmp_path / "new").chmod(0o640)
    write_atomic(tmp_path / "new", "again")
    assert mode(tmp_path / "new") == 0o640


def test_a_secret_is_never_open_to_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    replace = Path.replace

    def watched(self: Path, target: Path) -> Path:
        seen.append(mode(self))
        return replace(self, target)

    (tmp_path / "key").touch()
    monkeypatch.setattr(Path, "replace", watched)
    write_atomic(tmp_path / "key", "secret", PRIVATE)
    assert seen == [PRIVATE]
    assert mode(tmp_path / "key") == PRIVATE


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_an_interruption_leaves_the_old_file_and_nothing_beside_it(
    error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "a.txt"
    place.write_text("old")

    def fails(*arguments: object) -> None:
        raise error

    monkeypatch.setattr(Path, "replace", fails)
    with pytest.raises(type(error)) as raised:
        write_atomic(place, "new")
    assert place.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    if isinstance(raised.value, OSError):
        assert raised.value.filename == str(place)
