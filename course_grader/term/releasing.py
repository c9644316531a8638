"""`course release`: an assignment into the gradebook, and its notebook to the learners."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import nbformat
from nbgrader.converters import GenerateAssignment
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange import ExchangeError
from nbgrader.exchange.default import ExchangeReleaseAssignment
from traitlets.config import Config, LoggingConfigurable

from course_grader.authoring.notebook import text_of
from course_grader.engine.assignment import teacher_cells
from course_grader.gradebook.book import Book, shown
from course_grader.gradebook.course import Course
from course_grader.gradebook.privacy import file_mode, make_folder
from course_grader.gradebook.sheet import entering
from course_grader.term.building import require_no_leak, source_of
from course_grader.term.config import FILE, Term, read_term
from course_utils.checks.probe import exercises
from course_utils.errors import CourseError, Exit
from course_utils.files import write_whole
from course_utils.words import counted


@dataclass(frozen=True)
class Released:
    """What a release did: the sentences that tell of it, in order."""

    name: str
    told: tuple[str, ...]


def release(course: Course, name: str, to: Path | None = None, exchange: bool = False, force: bool = False) -> Released:
    """Enter an assignment into the gradebook, and hand its notebook out.

    to: a folder to copy it to. exchange: hand it out by nbgrader's exchange. force: replace what was handed out before.
    Raises CourseError where the assignment is unknown or refused, or was handed out before.
    """
    term = read_term(course.root)
    plan = term.plan(name) if term else None
    told = []
    with _aside(course) as folder:
        if term and plan:
            write_whole(folder / "source" / name / f"{name}.ipynb", text_of(source_of(term, plan, course.key)))
            # Before the gradebook knows of it: once it does, the assignment's cells cannot be taken away any more.
            released = _generate(course, name, folder, term, _without_gradebook(course.config))
            require_no_leak(term, plan, nbformat.read(released, as_version=4), course.key)
            _enter(course, name, folder, term, entering(course.config))
        else:
            course.solution(name)
            released = _enter(course, name, folder, term, course.config)
        if term and plan:
            # It holds the hidden tests.
            make_folder(course, course.folder("source", ".", name))
            source = _put(
                folder / "source" / name / f"{name}.ipynb", course.folder("source", ".", name), file_mode(course)
            )
            told.append(f"The teacher's notebook is {_short(source, course.root)}.")
            place = _put(released, course.folder("release", ".", name))
        else:
            place = _built(released, course.folder("release", ".", name), course.root)
        told.append(_entered(course, name, plan.due if plan else None))
    told.append(f"The notebook for learners is {_short(place, course.root)}.")
    if term is None and (count := _questions_in(course.solution(name))):
        told.append(
            f"{counted(count, 'concept question')} in it as in self-study, whose answers are public: with a "
            f"{FILE}, they are drawn for your class."
        )
    if to is not None:
        told.append(_copied(place, to, force))
    if exchange:
        told.append(_exchanged(course, name, force))
    if to is None and not exchange:
        told.append("Nothing was handed out: hand that file out yourself, or release again with --to or --exchange.")
    return Released(name, tuple(told))


def _questions_in(solution: Path) -> int:
    known = exercises()
    asked = {name for cell in teacher_cells(solution) for name in cell.exercises}
    return sum(name in known and known[name].form is not None for name in asked)


@contextmanager
def _aside(course: Course) -> Iterator[Path]:
    """Yield a folder for a fresh release, so that one that fails leaves the last as it is."""
    folder = course.root / f".release-{os.getpid()}"
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _quiet() -> LoggingConfigurable:
    # nbgrader's errors come as exceptions; what else it logs is not for the teacher's eyes.
    return LoggingConfigurable(log=logging.Logger("nbgrader", logging.CRITICAL + 1))


def _directory(course: Course, name: str) -> CourseDirectory:
    directory = CourseDirectory(config=course.config, parent=_quiet())
    directory.root, directory.db_url, directory.assignment_id = course.directory.root, course.db_url, name
    return directory


def _without_gradebook(config: Config) -> Config:
    """Return the configuration with nbgrader's own --no-db."""
    changed = deepcopy(config)
    changed.GenerateAssignment.no_database, changed.SaveCells.enabled = True, False
    changed.Exporter.optimistic_validation = True
    return changed


def _enter(course: Course, name: str, folder: Path, term: Term | None, config: Config) -> Path:
    """Let nbgrader enter the assignment into the gradebook; return the notebook that it makes on the way."""
    # Opened once beforehand, so that an older schema or a locked file is reported in the course's words.
    Book(course).close()
    return _generate(course, name, folder, term, config, "entered")


def _generate(
    course: Course, name: str, folder: Path, term: Term | None, config: Config, made: str = "release"
) -> Path:  # fmt: skip
    """Let nbgrader convert the assignment into the folder `made` of a folder; return the notebook there."""
    directory = _directory(course, name)
    directory.release_directory = str(folder / made)
    if term:
        directory.source_directory = str(folder / "source")
    try:
        GenerateAssignment(coursedir=directory, config=config, parent=_quiet()).start()
    except (NbGraderException, RuntimeError) as error:
        remedy = "in course.toml " if term else ""
        raise CourseError(
            f"nbgrader does not take {name} into the gradebook: {error}. Once submissions are in, cells can be "
            f"changed, but not added or taken away: give the assignment another name {remedy}instead.",
            Exit.WRONG,
        ) from error
    [released] = (Path(directory.release_directory) / name).glob("*.ipynb")
    return released


def _entered(course: Course, name: str, due: datetime | None) -> str:
    with Book(course) as book:
        if due is not None:
            book.gradebook.update_or_create_assignment(name, duedate=due.isoformat())
        points = book.gradebook.find_assignment(name).max_score
    until = f"due {due:%Y-%m-%d %H:%M} UTC" if due else "without a due date"
    place = _short(course.database, course.root) if course.database else shown(course)
    return f"{name} stands in the gradebook {place}, with {counted(points, 'point')}, {until}."


def _put(made: Path, folder: Path, mode: int | None = None) -> Path:
    """Move a notebook into its place."""
    write_whole(folder / made.name, made.read_text(encoding="utf-8"), mode)
    return folder / made.name


def _built(released: Path, folder: Path, root: Path) -> Path:
    """Return the built notebook that a release without course.toml is; CourseError where it is another."""
    place = folder / released.name
    if not place.is_file() or place.read_bytes() != released.read_bytes():
        raise CourseError(f"{_short(place, root)} is out of date: run `course build` first.", Exit.WRONG)
    return place


def _copied(place: Path, to: Path, force: bool) -> str:
    target = to / place.name
    if target.exists() and target.read_bytes() != place.read_bytes() and not force:
        raise CourseError(f"{target} exists already, with other content: replace it with --force.")
    to.mkdir(parents=True, exist_ok=True)
    write_whole(target, place.read_text(encoding="utf-8"))
    return f"It was copied to {target}."


def _exchanged(course: Course, name: str, force: bool) -> str:
    directory = _directory(course, name)
    exchange = ExchangeReleaseAssignment(coursedir=directory, config=course.config, parent=_quiet())
    exchange.force = force
    try:
        exchange.start()
    except (ExchangeError, OSError) as error:
        raise CourseError(
            f"nbgrader's exchange does not take {name}: {error}. To replace what was released, add --force."
        ) from error
    return f"It was released in nbgrader's exchange {exchange.root}, as {name} of the course {directory.course_id!r}."


def _short(path: Path, root: Path) -> Path:
    return path.relative_to(root) if path.is_relative_to(root) else path
