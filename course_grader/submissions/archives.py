"""Lists the files of a folder or a zip in the same form. Links are not followed, and nothing is unpacked."""

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

# The deepest nesting of folders, counted below the folder that contains the students' folders.
DEEPEST = 12
# Files and folders of one student. If there are more, they are not even listed, to save everyone's time and memory.
MOST_FILES = 50_000
# A zip shrinks a notebook to about a tenth of its size, and one with a blank figure to a hundredth.
LARGEST_RATIO = 200
IS_ENCRYPTED = 0x1
LINK = "This is a link, and links are not followed. Replace it with the file itself."
TOO_DEEP = f"Folders are nested more than {DEEPEST} deep. The files in the deeper ones are not read."
DAMAGE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, IndexError, MemoryError, NotImplementedError, OSError,
    RuntimeError, ValueError,
)  # fmt: skip


@dataclass(frozen=True)
class Problem:
    """A file or folder that is not a submission: the name of the student or file, and a sentence that says why."""

    name: str
    sentence: str


@dataclass(frozen=True)
class Member:
    """A file in a zip. Its content is read only when `read` is called."""

    archive: Path
    name: str
    index: int

    def read(self, most: int = LARGEST_FILE + 1) -> bytes:
        """Return the first `most` bytes of the content.

        Raises Unreadable if the zip is damaged at this file, or if the content is larger than a notebook may be.
        """
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
    """A file, or a folder whose content is not listed.

    parts: the path, relative to the folder or zip. changed: when it last changed, in seconds; only differences between
    two entries have a meaning. size: in bytes. problem: why it cannot be used, empty if it can. is_system: whether the
    operating system or a tool made it, so that no student submitted it.
    """

    parts: tuple[str, ...]
    place: Path | Member
    changed: float = 0
    size: int = 0
    problem: str = ""
    is_folder: bool = False
    is_system: bool = False

    def read(self, most: int = LARGEST_FILE + 1) -> bytes:
        """Return the first `most` bytes of the file. Raises OSError or Unreadable if it cannot be read."""
        if isinstance(self.place, Member):
            return self.place.read(most)
        with self.place.open("rb") as file:
            return file.read(most)


def _no_class(text: str) -> int:
    return 0


def entries(place: Path, fits: Callable[[str], int] = _no_class) -> Iterator[ArchiveEntry | Problem]:
    """Yield the files of a folder or a zip, or the one notebook if `place` is a notebook.

    fits: returns how many names of the class a text contains; it decides how the file names in a zip are decoded.
    Raises CourseError if the folder, zip or file cannot be read.
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
        raise CourseError(f"{place} is not a folder, zip or notebook. Pass the folder or zip with the submissions.")


def _in_folder(root: Path) -> Iterator[ArchiveEntry]:
    """Yield the files of a folder. Below the first folder with several entries, each entry has its own limits."""
    try:
        top = _listed(root)
    except OSError as error:
        raise from_os(error) from error
    folder = root
    while (below := _only_folder(top)) is not None:
        yield from (_entry(root, item) for item in top if item is not below)
        try:
            folder, top = Path(below.path), _listed(below.path)
        except OSError as error:
            yield _unreadable_folder(root, Path(below.path), error)
            return
    for item in top:
        yield from _below(root, item, folder)


def _listed(folder: Path | str) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as items:
        return sorted(items, key=lambda item: item.name)


def _only_folder(listed: Sequence[os.DirEntry[str]]) -> os.DirEntry[str] | None:
    """Return the folder in a listing if it is the only one and no notebook is beside it."""
    own = [item for item in listed if not is_ignored((item.name,))]
    folders = [item for item in own if item.is_dir(follow_symlinks=False)]
    has_notebook = any(may_be_notebook(item.name) for item in own if item not in folders)
    return folders[0] if len(folders) == 1 and not has_notebook else None


def _below(root: Path, top: os.DirEntry[str], base: Path) -> list[ArchiveEntry]:
    """Return all files at and below an item of a folder, or one entry with a problem if there are too many."""
    files: list[ArchiveEntry] = []
    waiting, seen = [top], 0
    while waiting:
        item = waiting.pop()
        entry = _entry(root, item)
        if not entry.is_folder or entry.is_system:
            files.append(entry)
        elif len(_parts(base, item.path)) > DEEPEST:
            files.append(replace(entry, problem=TOO_DEEP))
        else:
            try:
                with os.scandir(item.path) as listed:
                    # A folder may contain a million files: list only as many as show that there are too many.
                    inside = sorted(islice(listed, MOST_FILES + 1), key=lambda child: child.name, reverse=True)
            except OSError as error:
                files.append(_unreadable_folder(root, Path(item.path), error))
                continue
            waiting += inside
            seen += len(inside)
            if seen > MOST_FILES:
                problem = f"It contains more than {MOST_FILES} files and folders. None of them is read."
                return [replace(_entry(root, top), problem=problem)]
    return files


def _entry(root: Path, item: os.DirEntry[str]) -> ArchiveEntry:
    parts, place = _parts(root, item.path), Path(item.path)
    is_folder = item.is_dir(follow_symlinks=False)
    if is_ignored(parts):
        return ArchiveEntry(parts, place, is_folder=is_folder, is_system=True)
    if is_folder:
        return ArchiveEntry(parts, place, is_folder=True)
    try:
        status = item.stat(follow_symlinks=False)
    except OSError as error:
        return ArchiveEntry(parts, place, problem=f"The file cannot be read ({error.strerror}).")
    if stat.S_ISREG(status.st_mode):
        return ArchiveEntry(parts, place, status.st_mtime, status.st_size)
    return ArchiveEntry(parts, place, problem=LINK if item.is_symlink() else "This is not a regular file.")


def _unreadable_folder(root: Path, folder: Path, error: OSError) -> ArchiveEntry:
    problem = f"The folder cannot be read ({error.strerror})."
    return ArchiveEntry(_parts(root, folder), folder, problem=problem, is_folder=True)


def _parts(root: Path, path: Path | str) -> tuple[str, ...]:
    return Path(path).relative_to(root).parts


def _in_zip(place: Path, fits: Callable[[str], int]) -> Iterator[ArchiveEntry | Problem]:
    archive = _opened(place, place.stat().st_mtime_ns)
    infos = archive.infolist()
    if sum(info.compress_size for info in infos) > place.stat().st_size:
        # The members overlap in the file, which no program does by accident: it is how zip bombs are made.
        raise CourseError(f"{place.name} lists more compressed data than the file contains. Download it again.")
    found: list[ArchiveEntry] = []
    for index, (info, name) in enumerate(zip(infos, names_of(infos, fits), strict=True)):
        parts = tuple(part for part in name.split("/") if part not in ("", "."))
        if not parts or name.endswith("/"):
            continue
        if climbs(name):
            yield Problem(shown_path(parts), "Its path in the zip leads out of the folder.")
        else:
            found.append(_member(place, index, info, parts))
    yield from _limited(found, place)


def _member(place: Path, index: int, info: zipfile.ZipInfo, parts: tuple[str, ...]) -> ArchiveEntry:
    member = Member(place, info.filename, index)
    return ArchiveEntry(
        parts, member, _seconds_of(info), info.file_size, _member_problem(info), is_system=is_ignored(parts)
    )  # fmt: skip


def _limited(found: list[ArchiveEntry], place: Path) -> Iterator[ArchiveEntry]:
    """Yield the members of a zip with the limits that also apply to a folder: nesting, and files per student."""
    depth = len(common_folders([entry.parts for entry in found if not entry.is_system]))
    counts = Counter(entry.parts[: depth + 1] for entry in found if len(entry.parts) > depth + 1)
    too_many = {parts: count for parts, count in counts.items() if count > MOST_FILES}
    for parts, count in too_many.items():
        yield ArchiveEntry(parts, place, problem=f"It contains {count} files. None of them is read.", is_folder=True)
    for entry in found:
        if entry.parts[: depth + 1] in too_many:
            continue
        if len(entry.parts) - depth > DEEPEST + 1:
            parts = entry.parts[: depth + DEEPEST + 1]
            yield ArchiveEntry(parts, entry.place, problem=TOO_DEEP, is_folder=True)
        else:
            yield entry


def common_folders(paths: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the folders that contain all the paths, from the outermost; each is the only folder at its level, with no
    notebook beside it."""
    around: list[str] = []
    while True:
        depth = len(around)
        folders = {path[depth] for path in paths if len(path) > depth + 1}
        if len(folders) != 1 or any(len(path) == depth + 1 and may_be_notebook(path[-1]) for path in paths):
            return tuple(around)
        around.append(folders.pop())
        paths = [path for path in paths if len(path) > depth + 1]


def _member_problem(info: zipfile.ZipInfo) -> str:
    """Return why a member of a zip cannot be used; empty if it can."""
    if stat.S_ISLNK(info.external_attr >> 16):
        return LINK
    if info.flag_bits & IS_ENCRYPTED:
        return "The file in the zip is encrypted. Make the zip again without a password."
    if info.file_size > LARGEST_FILE:
        return TOO_LARGE
    if info.file_size > MIB and info.file_size > LARGEST_RATIO * max(info.compress_size, 1):
        return (
            f"The file is {info.file_size // max(info.compress_size, 1)} times as large as it is compressed. This is "
            "a zip bomb, so it is not read."
        )
    return ""


def _seconds_of(info: zipfile.ZipInfo) -> float:
    year, month, day, hour, minute, second = info.date_time
    return ((((year * 12 + month) * 31 + day) * 24 + hour) * 60 + minute) * 60 + second


@functools.lru_cache(maxsize=2)
def _opened(place: Path, modified: int) -> zipfile.ZipFile:
    """Return the open zip. It is cached: one zip is opened per class, and thousands of members are read from it."""
    try:
        return zipfile.ZipFile(place)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError):
        raise CourseError(f"{place.name} is not a folder or notebook, nor a complete zip. Download it again.") from None
    except OSError as error:
        raise from_os(error) from error


def damage(place: Path | Member) -> str:
    """Read a member of a zip to its end, and return why that fails; empty if it can be read, or if it is a file."""
    if isinstance(place, Member):
        try:
            place.read()
        except Unreadable as problem:
            return str(problem)
    return ""


def shown_path(parts: Sequence[str]) -> str:
    """Return a path as text that is safe to show."""
    return clean("/".join(parts), 200)
