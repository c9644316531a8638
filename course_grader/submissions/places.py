"""Files in folders and in zips alike, each with its path below the place; nothing is followed and nothing unpacked."""

from __future__ import annotations

import functools
import lzma
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from course_grader.engine.intake import LARGEST_FILE, TOO_LARGE, Unreadable
from course_grader.engine.limits import MIB
from course_grader.engine.text import clean
from course_grader.submissions.names import climbs, is_ignored, is_notebook
from course_utils.errors import CourseError, from_os

DEEPEST = 6
MOST_FILES = 200_000
# Notebooks shrink to a tenth, with a blank figure to a hundredth.
LARGEST_RATIO = 200
IS_ENCRYPTED = 0x1
DAMAGE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, IndexError, MemoryError, NotImplementedError, OSError,
    RuntimeError, ValueError,
)  # fmt: skip


@dataclass(frozen=True)
class Problem:
    """What could not be taken: the name of the student, or of the file, and a sentence."""

    name: str
    sentence: str


@dataclass(frozen=True)
class Member:
    """A file in a zip, read when it is asked for."""

    archive: Path
    name: str
    index: int

    def read(self) -> bytes:
        """Return the content; Unreadable where the zip is damaged there, or holds more than a notebook may."""
        try:
            zip = _opened(self.archive, self.archive.stat().st_mtime_ns)
            with zip.open(zip.infolist()[self.index]) as file:
                content = file.read(LARGEST_FILE + 1)
        except (*DAMAGE, CourseError):
            raise Unreadable("The zip is damaged at this file. Download it again.") from None
        if len(content) > LARGEST_FILE:
            raise Unreadable(TOO_LARGE)
        return content


@dataclass(frozen=True)
class Entry:
    """A file: its path below the place, where it is, and a number that grows with the time of its last change."""

    parts: tuple[str, ...]
    place: Path | Member
    changed: float


def entries(place: Path) -> Iterator[Entry | Problem]:
    """Yield the files of a folder or a zip, or a notebook that is handed over by itself; CourseError where there are
    none to be had."""
    try:
        kind = place.stat().st_mode
    except OSError as error:
        raise from_os(error) from error
    if stat.S_ISDIR(kind):
        yield from _in_folder(place)
    elif stat.S_ISREG(kind) and is_notebook(place.name):
        yield Entry((place.name,), place, place.stat().st_mtime)
    elif stat.S_ISREG(kind):
        yield from _in_zip(place)
    else:
        raise CourseError(f"{place} is no folder, zip or notebook: name what holds the submissions.")


def _in_folder(root: Path) -> Iterator[Entry | Problem]:
    count = 0
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        try:
            found = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            if folder == root:
                raise from_os(error) from error
            yield Problem(_shown(folder.relative_to(root).parts), f"The folder cannot be read ({error.strerror}).")
            continue
        for entry in found:
            parts = Path(entry.path).relative_to(root).parts
            if is_ignored(parts):
                continue
            count += 1
            if count > MOST_FILES:
                raise CourseError(f"{root} holds more than {MOST_FILES} files: name the folder of the submissions.")
            if entry.is_dir(follow_symlinks=False):
                if len(parts) < DEEPEST:
                    waiting.append(Path(entry.path))
            elif entry.is_file(follow_symlinks=False):
                yield Entry(parts, Path(entry.path), entry.stat(follow_symlinks=False).st_mtime)
            elif entry.is_symlink():
                yield Problem(_shown(parts), "This is a link, which could lead anywhere. Put the file itself there.")
            else:
                yield Problem(_shown(parts), "This is no regular file.")


def _in_zip(place: Path) -> Iterator[Entry | Problem]:
    zip = _opened(place, place.stat().st_mtime_ns)
    members = [(index, info) for index, info in enumerate(zip.infolist()) if not info.is_dir()]
    if len(members) > MOST_FILES:
        raise CourseError(f"{place.name} holds more than {MOST_FILES} files. Download the zip of one assignment.")
    if sum(info.compress_size for _, info in members) > place.stat().st_size:
        # No program makes such a zip by chance: its files share their bytes.
        raise CourseError(f"{place.name} says that it holds more than it is long. Download it again.")
    for index, info in members:
        parts = tuple(part for part in info.filename.split("/") if part not in ("", "."))
        if not parts or is_ignored(parts):
            continue
        if sentence := _unfit(info):
            yield Problem(_shown(parts), sentence)
        else:
            yield Entry(parts, Member(place, info.filename, index), _order_of(info))


def _unfit(info: zipfile.ZipInfo) -> str:
    """Return why a member of a zip cannot be taken; empty where it can."""
    if climbs(info.filename):
        return "Its name in the zip leads out of the folder."
    if stat.S_ISLNK(info.external_attr >> 16):
        return "This is a link, which could lead anywhere. Hand in the file itself."
    if not is_notebook(info.filename):
        return ""
    if info.flag_bits & IS_ENCRYPTED:
        return "The file in the zip is encrypted. Make the zip again without a password."
    if info.file_size > LARGEST_FILE:
        return TOO_LARGE
    if info.file_size > MIB and info.file_size > LARGEST_RATIO * max(info.compress_size, 1):
        return (
            f"The file is {info.file_size // max(info.compress_size, 1)} times as large as its packed form: a zip bomb."
        )
    return ""


def _order_of(info: zipfile.ZipInfo) -> float:
    year, month, day, hour, minute, second = info.date_time
    return ((((year * 12 + month) * 31 + day) * 24 + hour) * 60 + minute) * 60 + second


@functools.lru_cache(maxsize=2)
def _opened(place: Path, modified: int) -> zipfile.ZipFile:
    """Return the open zip; kept, since a class has one and thousands of members are read from it."""
    try:
        return zipfile.ZipFile(place)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError):
        raise CourseError(f"{place.name} is no folder, notebook or whole zip. Download it again.") from None
    except OSError as error:
        raise from_os(error) from error


def damage(place: Path | Member) -> str:
    """Read a member of a zip through; return why it cannot be had, empty where it can."""
    if isinstance(place, Member):
        try:
            place.read()
        except Unreadable as problem:
            return str(problem)
    return ""


def _shown(parts: tuple[str, ...]) -> str:
    return clean("/".join(parts), 200)
