"""`course release`: an assignment into the gradebook, and its notebook to the learners."""

from __future__ import annotations

import base64
import logging
import os
import shutil
from collections.abc import Iterator, Mapping
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

from course_grader.authoring.source_notebook import text_of
from course_grader.engine.limits import Limits
from course_grader.engine.notebook.assignment import teacher_cells
from course_grader.engine.notebook.extra_files import extra_files
from course_grader.engine.notebook.source import MissingKey
from course_grader.gradebook.assignment_record import entering, schema_checked_once
from course_grader.gradebook.course import Course
from course_grader.gradebook.database import Database, shown
from course_grader.gradebook.privacy import file_mode, make_folder
from course_grader.term.build_term import require_no_leak, source_of
from course_grader.term.config import FILE, AssignmentPlan, Term, read_term
from course_utils.checks.probe import exercises
from course_utils.errors import CourseError, Exit
from course_utils.files import write_atomic
from course_utils.text import plural

# The folder of the course's own lessons, of which releases are built beforehand.
LESSONS = "lessons"


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
    if term is None and not (course.root / LESSONS).is_dir():
        return _release_own(course, name, to, exchange, force)
    plan = term.plan(name) if term else None
    told = []
    beside: dict[str, bytes] = {}
    with _aside(course) as folder:
        if term and plan:
            made = folder / "source" / name / f"{name}.ipynb"
            write_atomic(made, text_of(source_of(term, plan, course.key)))
            beside = _files_of(plan, term.root)
            for relative, content in beside.items():
                write_atomic(made.parent / relative, content)
            mode = _mode(course, name, made)
            # Before the gradebook knows of it: once it does, the assignment's cells cannot be taken away any more.
            released = _generate(course, name, folder, term, _without_gradebook(course.config))
            require_no_leak(term, plan, nbformat.read(released, as_version=4), course.key)
            _enter(course, name, folder, term, entering(course.config))
        else:
            mode = _mode(course, name, course.solution(name))
            released = _enter(course, name, folder, term, course.config)
        if term and plan:
            # It holds the hidden tests.
            make_folder(course, course.folder("source", ".", name))
            source = _put(made, course.folder("source", ".", name), beside, file_mode(course))
            told.append(f"The teacher's notebook is {_short(source, course.root)}.")
            place = _put(released, course.folder("release", ".", name), beside)
            if beside:
                told.append(f"Beside it, for learners too: {', '.join(beside)}.")
        else:
            place = _built(released, course.folder("release", ".", name), course.root)
        told += [_entered(course, name, plan.due if plan else None), mode]
    told.append(f"The notebook for learners is {_short(place, course.root)}.")
    if term is None and (count := _questions_in(course.solution(name))):
        told.append(
            f"{plural(count, 'concept question')} in it as in self-study, whose answers are public: with a "
            f"{FILE}, they are drawn for your class."
        )
    if to is not None:
        told.append(_copied(place, to, force, beside))
    if exchange:
        told.append(_exchanged(course, name, force))
    if to is None and not exchange:
        told.append("Nothing was handed out: hand that file out yourself, or release again with --to or --exchange.")
    return Released(name, tuple(told))


def _release_own(course: Course, name: str, to: Path | None, exchange: bool, force: bool) -> Released:
    """Release an assignment of a course with a configuration of nbgrader's alone, as `nbgrader generate_assignment`
    does, once its solutions were graded."""
    solutions = course.solutions(name)
    said = [_mode(course, name, solution) for solution in solutions]
    if len(said) > 1:
        said = [f"{solution.stem}: {sentence}" for solution, sentence in zip(solutions, said, strict=True)]
    directory, config = _directory(course, name), deepcopy(course.config)
    config.BaseConverter.force = True
    try:
        Database(course).close()
        with schema_checked_once():
            GenerateAssignment(coursedir=directory, config=config, parent=_quiet()).start()
    except (NbGraderException, RuntimeError) as error:
        raise CourseError(f"nbgrader does not release {name}: {error}.", Exit.FAILED) from error
    place = course.folder("release", ".", name)
    told = [_entered(course, name, None), *said, f"The release for learners is {_short(place, course.root)}."]
    if to is not None:
        contents = {path.relative_to(place).as_posix(): path for path in sorted(place.rglob("*")) if path.is_file()}
        first = place / f"{solutions[0].stem}.ipynb"
        beside = {relative: path.read_bytes() for relative, path in contents.items() if path != first}
        told.append(_copied(first, to, force, beside))
    if exchange:
        told.append(_exchanged(course, name, force))
    if to is None and not exchange:
        told.append("Nothing was handed out: hand that folder out yourself, or release again with --to or --exchange.")
    return Released(name, tuple(told))


def _questions_in(solution: Path) -> int:
    known = exercises()
    asked = {name for cell in teacher_cells(solution) for name in cell.exercises}
    return sum(name in known and known[name].form is not None for name in asked)


def _files_of(plan: AssignmentPlan, root: Path) -> dict[str, bytes]:
    """Return the files that belong to a notebook of the teacher's own: all beside it, where it has a folder of its
    own."""
    if plan.notebook is None:
        return {}
    folder = plan.notebook.parent
    if folder.resolve() == root.resolve() or len(list(folder.glob("*.ipynb"))) > 1:
        return {}
    return {name: base64.b64decode(content) for name, content in extra_files(folder, Limits().files // 2).items()}


def _mode(course: Course, name: str, solution: Path) -> str:
    """Return the sentence on the mode in which an assignment is graded; CourseError where a test fails on the
    reference."""
    try:
        assignment = course.with_mode(name, solution, thorough=True)
    except MissingKey as problem:
        return f"Its solutions were not graded. {problem}"
    if assignment.faults:
        told = [
            f"The test {grade_id!r} fails on your own solution: {why}" for grade_id, why in assignment.faults.items()
        ]
        raise CourseError("\n".join([f"{name} is refused.", *told]), Exit.FAILED)
    return f"It is graded in the mode {assignment.mode}. {assignment.why}"


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
    Database(course).close()
    return _generate(course, name, folder, term, config, "entered")


def _generate(
    course: Course, name: str, folder: Path, term: Term | None, config: Config, made: str = "release"
) -> Path:  # fmt: skip
    """Let nbgrader convert the assignment into the folder `made` of a folder; return the notebook there."""
    directory = _directory(course, name)
    directory.release_directory = str(folder / made)
    if term:
        directory.source_directory = str(folder / "source")
        # Only what belongs to the notebook is there, modules of the teacher's own among it.
        directory.ignore = [pattern for pattern in directory.ignore if pattern != "*.py"]
    try:
        GenerateAssignment(coursedir=directory, config=config, parent=_quiet()).start()
    except (NbGraderException, RuntimeError) as error:
        remedy = "in course.toml " if term else ""
        raise CourseError(
            f"nbgrader does not take {name} into the gradebook: {error}. Once submissions are in, cells can be "
            f"changed, but not added or taken away: give the assignment another name {remedy}instead.",
            Exit.FAILED,
        ) from error
    [released] = (Path(directory.release_directory) / name).glob("*.ipynb")
    return released


def _entered(course: Course, name: str, due: datetime | None) -> str:
    with Database(course) as database:
        if due is not None:
            database.gradebook.update_or_create_assignment(name, duedate=due.isoformat())
        points = database.gradebook.find_assignment(name).max_score
    until = f"due {due:%Y-%m-%d %H:%M} UTC" if due else "without a due date"
    place = _short(course.database, course.root) if course.database else shown(course)
    return f"{name} stands in the gradebook {place}, with {plural(points, 'point')}, {until}."


def _put(made: Path, folder: Path, beside: Mapping[str, bytes], mode: int | None = None) -> Path:
    """Move a notebook into its place, and the files beside it."""
    write_atomic(folder / made.name, made.read_text(encoding="utf-8"), mode)
    for name, content in beside.items():
        write_atomic(folder / name, content, mode)
    return folder / made.name


def _built(released: Path, folder: Path, root: Path) -> Path:
    """Return the built notebook that a release without course.toml is; CourseError where it is another."""
    place = folder / released.name
    if not place.is_file() or place.read_bytes() != released.read_bytes():
        raise CourseError(f"{_short(place, root)} is out of date: run `course build` first.", Exit.FAILED)
    return place


def _copied(place: Path, to: Path, force: bool, beside: Mapping[str, bytes]) -> str:
    contents = {to / place.name: place.read_bytes()} | {to / name: content for name, content in beside.items()}
    for target, content in contents.items():
        if target.exists() and target.read_bytes() != content and not force:
            raise CourseError(f"{target} exists already, with other content: replace it with --force.")
    to.mkdir(parents=True, exist_ok=True)
    for target, content in contents.items():
        write_atomic(target, content)
    return f"It was copied to {to / place.name}."


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
