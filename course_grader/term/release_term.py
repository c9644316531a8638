"""`course release`: adds an assignment to the gradebook and distributes its notebook to the learners."""

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

from course_grader.authoring.source_notebook import file_content
from course_grader.engine.limits import Limits
from course_grader.engine.notebook.assignment import teacher_cells
from course_grader.engine.notebook.extra_files import extra_files
from course_grader.engine.notebook.source import MissingKey
from course_grader.gradebook.assignment_record import entering, schema_checked_once
from course_grader.gradebook.course import Course
from course_grader.gradebook.database import Database, shown_address
from course_grader.gradebook.privacy import file_mode, make_folder
from course_grader.term.build_term import require_no_leak, source_of
from course_grader.term.config import FILE, AssignmentPlan, Term, read_term
from course_utils.checks.probe import exercises
from course_utils.errors import CourseError, Exit
from course_utils.files import write_atomic
from course_utils.text import plural

# The folder of this course's lessons; `course build` makes their releases in advance.
LESSONS = "lessons"


@dataclass(frozen=True)
class Released:
    """The result of a release. `messages`: sentences that report what was done, in order."""

    name: str
    messages: tuple[str, ...]


def release_assignment(
    course: Course, name: str, to: Path | None = None, exchange: bool = False, force: bool = False
) -> Released:
    """Add an assignment to the gradebook, and distribute its notebook.

    to: a folder to copy it to. exchange: release it through nbgrader's exchange. force: replace an earlier release.
    Raises CourseError if the assignment is unknown or has a problem, or if it was released before and `force` is not
    set.
    """
    term = read_term(course.root)
    if term is None and not (course.root / LESSONS).is_dir():
        return _release_own(course, name, to, exchange, force)
    plan = term.plan(name) if term else None
    sentences = []
    beside: dict[str, bytes] = {}
    with _temporary_folder(course) as folder:
        if term and plan:
            made = folder / "source" / name / f"{name}.ipynb"
            write_atomic(made, file_content(source_of(term, plan, course.key)))
            beside = _files_of(plan, term.root)
            for relative, content in beside.items():
                write_atomic(made.parent / relative, content)
            mode = _mode(course, name, made)
            # Check this before the assignment is in the gradebook, from which cells cannot be removed later.
            released = _generate(course, name, folder, term, _without_gradebook(course.config))
            require_no_leak(term, plan, nbformat.read(released, as_version=4), course.key)
            _add_to_gradebook(course, name, folder, term, entering(course.config))
        else:
            mode = _mode(course, name, course.solution(name))
            released = _add_to_gradebook(course, name, folder, term, course.config)
        if term and plan:
            # The folder is private because the notebook contains the hidden tests.
            make_folder(course, course.folder("source", ".", name))
            source = _put(made, course.folder("source", ".", name), beside, file_mode(course))
            sentences.append(f"The teacher's notebook is {_short(source, course.root)}.")
            place = _put(released, course.folder("release", ".", name), beside)
            if beside:
                sentences.append(f"Learners also get the files beside it: {', '.join(beside)}.")
        else:
            place = _built(released, course.folder("release", ".", name), course.root)
        sentences += [_set_due(course, name, plan.due if plan else None), mode]
    sentences.append(f"The notebook for learners is {_short(place, course.root)}.")
    if term is None and (count := _questions_in(course.solution(name))):
        sentences.append(
            f"Its {plural(count, 'concept question')} can be looked up: these are the self-study questions, whose "
            f"answers are public. With a {FILE}, your class gets its own."
        )
    if to is not None:
        sentences.append(_copied(place, to, force, beside))
    if exchange:
        sentences.append(_exchanged(course, name, force))
    if to is None and not exchange:
        sentences.append("Learners do not have it yet: give them that file, or release again with --to or --exchange.")
    return Released(name, tuple(sentences))


def _release_own(course: Course, name: str, to: Path | None, exchange: bool, force: bool) -> Released:
    """Release an assignment of a course that has only an nbgrader configuration.

    Grades the teacher's solutions first, then does the same as `nbgrader generate_assignment`.
    """
    solutions = course.solutions(name)
    modes = [_mode(course, name, solution) for solution in solutions]
    if len(modes) > 1:
        modes = [f"{solution.stem}: {sentence}" for solution, sentence in zip(solutions, modes, strict=True)]
    directory, config = _directory(course, name), deepcopy(course.config)
    config.BaseConverter.force = True
    try:
        Database(course).close()
        with schema_checked_once():
            GenerateAssignment(coursedir=directory, config=config, parent=_quiet()).start()
    except (NbGraderException, RuntimeError) as error:
        raise CourseError(f"nbgrader cannot release {name}: {error}.", Exit.FAILED) from error
    place = course.folder("release", ".", name)
    sentences = [_set_due(course, name, None), *modes, f"The release for learners is {_short(place, course.root)}."]
    if to is not None:
        contents = {path.relative_to(place).as_posix(): path for path in sorted(place.rglob("*")) if path.is_file()}
        first = place / f"{solutions[0].stem}.ipynb"
        beside = {relative: path.read_bytes() for relative, path in contents.items() if path != first}
        sentences.append(_copied(first, to, force, beside))
    if exchange:
        sentences.append(_exchanged(course, name, force))
    if to is None and not exchange:
        sentences.append(
            "Learners do not have it yet: give them that folder, or release again with --to or --exchange."
        )
    return Released(name, tuple(sentences))


def _questions_in(solution: Path) -> int:
    known = exercises()
    asked = {name for cell in teacher_cells(solution) for name in cell.exercises}
    return sum(name in known and known[name].form is not None for name in asked)


def _files_of(plan: AssignmentPlan, root: Path) -> dict[str, bytes]:
    """Return the files that belong to a teacher's notebook, by relative path: all files in its folder.

    Empty if the folder is the course's root or contains several notebooks.
    """
    if plan.notebook is None:
        return {}
    folder = plan.notebook.parent
    if folder.resolve() == root.resolve() or len(list(folder.glob("*.ipynb"))) > 1:
        return {}
    return {name: base64.b64decode(content) for name, content in extra_files(folder, Limits().files // 2).items()}


def _mode(course: Course, name: str, solution: Path) -> str:
    """Return a sentence about the mode in which an assignment is graded.

    Raises CourseError if a test fails on the teacher's own solution.
    """
    try:
        assignment = course.with_mode(name, solution, thorough=True)
    except MissingKey as problem:
        return f"Its solutions were not graded. {problem}"
    if assignment.faults:
        failures = [
            f"The test {grade_id!r} fails on your own solution: {why}" for grade_id, why in assignment.faults.items()
        ]
        raise CourseError("\n".join([f"{name} cannot be released.", *failures]), Exit.FAILED)
    return f"It is graded in the mode {assignment.mode}. {assignment.why}"


@contextmanager
def _temporary_folder(course: Course) -> Iterator[Path]:
    """Yield a temporary folder to build a release in, so that a failure does not damage the previous release."""
    folder = course.root / f".release-{os.getpid()}"
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _quiet() -> LoggingConfigurable:
    # nbgrader raises its errors as exceptions. The rest of its log would only confuse the teacher.
    return LoggingConfigurable(log=logging.Logger("nbgrader", logging.CRITICAL + 1))


def _directory(course: Course, name: str) -> CourseDirectory:
    directory = CourseDirectory(config=course.config, parent=_quiet())
    directory.root, directory.db_url, directory.assignment_id = course.directory.root, course.db_url, name
    return directory


def _without_gradebook(config: Config) -> Config:
    """Return the configuration with nbgrader's option --no-db set."""
    changed = deepcopy(config)
    changed.GenerateAssignment.no_database, changed.SaveCells.enabled = True, False
    changed.Exporter.optimistic_validation = True
    return changed


def _add_to_gradebook(course: Course, name: str, folder: Path, term: Term | None, config: Config) -> Path:
    """Have nbgrader add the assignment to the gradebook; return the notebook that it writes while doing so."""
    # Open it once beforehand: for an old schema or a locked file, our errors are clearer than nbgrader's.
    Database(course).close()
    return _generate(course, name, folder, term, config, "entered")


def _generate(
    course: Course, name: str, folder: Path, term: Term | None, config: Config, made: str = "release"
) -> Path:  # fmt: skip
    """Have nbgrader convert the assignment into `folder`/`made`; return the path of the notebook there."""
    directory = _directory(course, name)
    directory.release_directory = str(folder / made)
    if term:
        directory.source_directory = str(folder / "source")
        # The folder contains only files of the notebook; *.py files among them are modules that learners need.
        directory.ignore = [pattern for pattern in directory.ignore if pattern != "*.py"]
    try:
        GenerateAssignment(coursedir=directory, config=config, parent=_quiet()).start()
    except (NbGraderException, RuntimeError) as error:
        place = " in course.toml" if term else ""
        raise CourseError(
            f"nbgrader cannot add {name} to the gradebook: {error}. Once there are submissions, cells can be changed, "
            f"but not added or removed: give the assignment a new name{place} instead.",
            Exit.FAILED,
        ) from error
    [released] = (Path(directory.release_directory) / name).glob("*.ipynb")
    return released


def _set_due(course: Course, name: str, due: datetime | None) -> str:
    """Set an assignment's due date in the gradebook, if there is one; return a sentence about the assignment."""
    with Database(course) as database:
        if due is not None:
            database.gradebook.update_or_create_assignment(name, duedate=due.isoformat())
        points = database.gradebook.find_assignment(name).max_score
    until = f"due {due:%Y-%m-%d %H:%M} UTC" if due else "without a due date"
    place = _short(course.database, course.root) if course.database else shown_address(course)
    return f"{name} is in the gradebook {place}, with {plural(points, 'point')}, {until}."


def _put(made: Path, folder: Path, beside: Mapping[str, bytes], mode: int | None = None) -> Path:
    """Write a notebook and the files beside it into a folder; return the notebook's path."""
    write_atomic(folder / made.name, made.read_text(encoding="utf-8"), mode)
    for name, content in beside.items():
        write_atomic(folder / name, content, mode)
    return folder / made.name


def _built(released: Path, folder: Path, root: Path) -> Path:
    """Return the path of the built notebook, which is the release if there is no course.toml.

    Raises CourseError if it is not equal to the notebook that was just released.
    """
    place = folder / released.name
    if not place.is_file() or place.read_bytes() != released.read_bytes():
        raise CourseError(f"{_short(place, root)} is out of date: run `course build` first.", Exit.FAILED)
    return place


def _copied(place: Path, to: Path, force: bool, beside: Mapping[str, bytes]) -> str:
    contents = {to / place.name: place.read_bytes()} | {to / name: content for name, content in beside.items()}
    for target, content in contents.items():
        if target.exists() and target.read_bytes() != content and not force:
            raise CourseError(f"{target} already exists with different content. To replace it, add --force.")
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
            f"nbgrader's exchange does not accept {name}: {error}. To replace an earlier release, add --force."
        ) from error
    return f"It was released in nbgrader's exchange {exchange.root}, as {name} of the course {directory.course_id!r}."


def _short(path: Path, root: Path) -> Path:
    return path.relative_to(root) if path.is_relative_to(root) else path
