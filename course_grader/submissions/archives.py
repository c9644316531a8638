"""Files in folders and in zips alike, each with its path below the place; nothing is followed and nothing unpacked."""

from __future__ import annotations

import functools
import lzma
import os
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from course_grader.engine.limits import MIB
from course_grader.engine.notebook.read import LARGEST_FILE, TOO_LARGE, Unreadable
from course_grader.engine.rpc.clean_text import clean
from course_grader.submissions.filenames import climbs, is_ignored, is_notebook, may_be_notebook
from course_grader.submissions.zipnames import names_of
from course_utils.errors import CourseError, from_os

# Folders inside one another, below the folder in which the students' are.
DEEPEST = 12
# Files and folders of one student. More are not even listed, so that they cost nobody else time or memory.
MOST_FILES = 50_000
# Notebooks shrink to a tenth, with a blank figure to a hundredth.
LARGEST_RATIO = 200
IS_ENCRYPTED = 0x1
LINK = "This is a link, which could lead anywhere. Put the file itself there."
TOO_DEEP = f"There are more than {DEEPEST} folders inside one another; what is in them is not looked at."
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

    def read(self, most: int = LARGEST_FILE + 1) -> bytes:
        """Return the content, or its first bytes; Unreadable if the zip is damaged there, or holds more than a
        notebook may."""
        try:
            archive = _opened(self.archive, self.archive.stat().st_mtime_ns)
            with archive.open(archive.infolist()[self.index]) as file:
                content = file.read(most)
        except (*DAMAGE, CourseError):
            raise Unreadable("The zip is damaged at this file. Download it again.") from None
        if len(content) > LARGEST_FILE:
            raise Unreadable(TOO_LARGE)
        return content


@dataclass(frozen=True)
class ArchiveEntry:
    """A file, or a folder that is not looked into.

    parts: its path below the place. changed: a number of seconds that grows with the time of its last change. size: in
    bytes. problem: why it cannot be taken, empty if it can. is_system: systems leave it behind, nobody handed it in.
    """

    parts: tuple[str, ...]
    place: Path | Member
    changed: float = 0
    size: int = 0
    problem: str = ""
    is_folder: bool = False
    is_system: bool = False

    def read(self, most: int = LARGEST_FILE + 1) -> bytes:
        """Return its first bytes; OSError or Unreadable if it cannot be read."""
        if isinstance(self.place, Member):
            return self.place.read(most)
        with self.place.open("rb") as file:
            return file.read(most)


def _fits_nobody(text: str) -> int:
    return 0


def entries(place: Path, fits: Callable[[str], int] = _fits_nobody) -> Iterator[ArchiveEntry | Problem]:
    """Yield the files of a folder or a zip, or a notebook that is handed over by itself.

    fits: how well a text agrees with the names of the class, for the names in a zip. Raises CourseError if there are no
    files to be had.
    """
    try:
        kind = place.stat().st_mode
    except OSError as error:
        raise from_os(error) from error
    if stat.S_ISDIR(kind):
        yield from _in_folder(place)
    elif stat.S_ISREG(kind) and is_notebook(place.name):
        yield ArchiveEntry((place.name,), place, place.stat().st_mtime, place.stat().st_size)
    elif stat.S_ISREG(kind):
        yield from _in_zip(place, fits)
    else:
        raise CourseError(f"{place} is no folder, zip or notebook: name what holds the submissions.")


def _in_folder(root: Path) -> Iterator[ArchiveEntry]:
    """Yield what is in a folder: down to where paths part, and below that each part with a limit of its own."""
    try:
        top = _listed(root)
    except OSError as error:
        raise from_os(error) from error
    folder = root
    while (below := _only_folder(top)) is not None:
        yield from (_entry(root, one) for one in top if one is not below)
        try:
            folder, top = Path(below.path), _listed(below.path)
        except OSError as error:
            yield _closed(root, Path(below.path), error)
            return
    for one in top:
        yield from _below(root, one, folder)


def _listed(folder: Path | str) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as found:
        return sorted(found, key=lambda one: one.name)


def _only_folder(listed: Sequence[os.DirEntry[str]]) -> os.DirEntry[str] | None:
    """Return the only folder, if no notebook is beside it."""
    own = [one for one in listed if not is_ignored((one.name,))]
    folders = [one for one in own if one.is_dir(follow_symlinks=False)]
    beside = any(may_be_notebook(one.name) for one in own if one not in folders)
    return folders[0] if len(folders) == 1 and not beside else None


def _below(root: Path, top: os.DirEntry[str], base: Path) -> list[ArchiveEntry]:
    """Return an entry of a folder and all that is below it, or one that says that it is too much."""
    found: list[ArchiveEntry] = []
    waiting, seen = [top], 0
    while waiting:
        one = waiting.pop()
        entry = _entry(root, one)
        if not entry.is_folder or entry.is_system:
            found.append(entry)
        elif len(_parts(base, one.path)) > DEEPEST:
            found.append(replace(entry, problem=TOO_DEEP))
        else:
            try:
                with os.scandir(one.path) as listed:
                    # Of a folder with a million files no more are held than are needed to see that it is too many.
                    inside = sorted(islice(listed, MOST_FILES + 1), key=lambda each: each.name, reverse=True)
            except OSError as error:
                found.append(_closed(root, Path(one.path), error))
                continue
            waiting += inside
            seen += len(inside)
            if seen > MOST_FILES:
                problem = f"There are more than {MOST_FILES} files and folders in it. None of them is looked at."
                return [replace(_entry(root, top), problem=problem)]
    return found


def _entry(root: Path, one: os.DirEntry[str]) -> ArchiveEntry:
    parts, place = _parts(root, one.path), Path(one.path)
    is_folder = one.is_dir(follow_symlinks=False)
    if is_ignored(parts):
        return ArchiveEntry(parts, place, is_folder=is_folder, is_system=True)
    if is_folder:
        return ArchiveEntry(parts, place, is_folder=True)
    try:
        found = one.stat(follow_symlinks=False)
    except OSError as error:
        return ArchiveEntry(parts, place, problem=f"The file cannot be read ({error.strerror}).")
    if stat.S_ISREG(found.st_mode):
        return ArchiveEntry(parts, place, found.st_mtime, found.st_size)
    return ArchiveEntry(parts, place, problem=LINK if one.is_symlink() else "This is no regular file.")


def _closed(root: Path, folder: Path, error: OSError) -> ArchiveEntry:
    problem = f"The folder cannot be read ({error.strerror})."
    return ArchiveEntry(_parts(root, folder), folder, problem=problem, is_folder=True)


def _parts(root: Path, path: Path | str) -> tuple[str, ...]:
    return Path(path).relative_to(root).parts


def _in_zip(place: Path, fits: Callable[[str], int]) -> Iterator[ArchiveEntry | Problem]:
    archive = _opened(place, place.stat().st_mtime_ns)
    infos = archive.infolist()
    if sum(info.compress_size for info in infos) > place.stat().st_size:
        # No program makes such a zip by chance: its files share their bytes.
        raise CourseError(f"{place.name} says that it holds more than it is long. Download it again.")
    found: list[ArchiveEntry] = []
    for index, (info, name) in enumerate(zip(infos, names_of(infos, fits), strict=True)):
        parts = tuple(part for part in name.split("/") if part not in ("", "."))
        if not parts or name.endswith("/"):
            continue
        if climbs(name):
            yield Problem(shown(parts), "Its name in the zip leads out of the folder.")
        else:
            found.append(_member(place, index, info, parts))
    yield from _limited(found, place)


def _member(place: Path, index: int, info: zipfile.ZipInfo, parts: tuple[str, ...]) -> ArchiveEntry:
    member = Member(place, info.filename, index)
    return ArchiveEntry(
        parts, member, _seconds_of(info), info.file_size, _unfit(info), is_system=is_ignored(parts)
    )  # fmt: skip


def _limited(found: list[ArchiveEntry], place: Path) -> Iterator[ArchiveEntry]:
    """Yield the members of a zip as a folder's files are yielded: not too deep, and not too many in one place."""
    depth = len(chain([entry.parts for entry in found if not entry.is_system]))
    counts = Counter(entry.parts[: depth + 1] for entry in found if len(entry.parts) > depth + 1)
    too_many = {parts: count for parts, count in counts.items() if count > MOST_FILES}
    for parts, count in too_many.items():
        yield ArchiveEntry(
            parts, place, problem=f"There are {count} files in it. None of them is looked at.", is_folder=True
        )
    for entry in found:
        if entry.parts[: depth + 1] in too_many:
            continue
        if len(entry.parts) - depth > DEEPEST + 1:
            parts = entry.parts[: depth + DEEPEST + 1]
            yield ArchiveEntry(parts, entry.place, problem=TOO_DEEP, is_folder=True)
        else:
            yield entry


def chain(paths: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the folders around all of the paths, from the outermost: each is the only one in its place, and has no
    notebook beside it."""
    around: list[str] = []
    while True:
        depth = len(around)
        folders = {path[depth] for path in paths if len(path) > depth + 1}
        if len(folders) != 1 or any(len(path) == depth + 1 and may_be_notebook(path[-1]) for path in paths):
            return tuple(around)
        around.append(folders.pop())
        paths = [path for path in paths if len(path) > depth + 1]


def _unfit(info: zipfile.ZipInfo) -> str:
    """Return why a member of a zip cannot be taken; empty if it can."""
    if stat.S_ISLNK(info.external_attr >> 16):
        return LINK
    if info.flag_bits & IS_ENCRYPTED:
        return "The file in the zip is encrypted. Make the zip again without a password."
    if info.file_size > LARGEST_FILE:
        return TOO_LARGE
    if info.file_size > MIB and info.file_size > LARGEST_RATIO * max(info.compress_size, 1):
        return (
            f"The file is {info.file_size // max(info.compress_size, 1)} times as large as its packed form: a zip bomb."
        )
    return ""


def _seconds_of(info: zipfile.ZipInfo) -> float:
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
    """Read a member of a zip through; return why it cannot be had, empty if it can."""
    if isinstance(place, Member):
        try:
            place.read()
        except Unreadable as problem:
            return str(problem)
    return ""


def shown(parts: Sequence[str]) -> str:
    """Return a path as it can be shown."""
    return clean("/".join(parts), 200)
