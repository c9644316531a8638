"""The command `course grade`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from course_grader.commands import options
from course_utils.errors import CourseError, Exit

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from course_grader.cluster import Cluster
    from course_grader.engine.notebook.assignment import Assignment
    from course_grader.engine.sandbox.levels import Level
    from course_grader.gradebook.course import Course
    from course_grader.gradebook.display import Display
    from course_grader.gradebook.run import GradingJob
    from course_grader.submissions import Found
    from course_grader.term.match_students import ClassList

PANEL = "For teachers"
INTERRUPTED = 130


class Isolation(StrEnum):
    """How submissions are isolated."""

    NAMESPACES = "namespaces"
    USER = "user"


class Unknown(StrEnum):
    """What to do with a student who is not in the gradebook."""

    ADD = "add"
    REFUSE = "refuse"


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("grade", rich_help_panel=PANEL)(grade)


def grade(
    submissions: Annotated[
        Path,
        typer.Argument(help="A folder of submissions, a zip from Canvas or Moodle, or one notebook."),
    ],
    assignment: Annotated[
        str | None, typer.Option(help="The assignment's name in the folder of solutions, or a file with an assignment.")
    ] = None,
    workers: options.WorkersOption = None,
    scheduler: Annotated[str | None, typer.Option(help="Address of a Dask scheduler: grade on its workers.")] = None,
    db: options.DatabaseOption = None,
    isolation: Annotated[Isolation, typer.Option(help="How submissions are isolated.")] = Isolation.NAMESPACES,
    trust_submissions: Annotated[
        bool, typer.Option("--trust-submissions", help="Grade without isolation; each result says so.")
    ] = False,
    unknown_students: Annotated[
        Unknown | None,
        typer.Option(
            help="Add students who are not in the gradebook, or refuse to grade them; by default they are refused if "
            "there is a roster."
        ),
    ] = None,
    teams: Annotated[
        Path | None, typer.Option(help="A CSV file with the columns team and id, for a zip of team submissions.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print who submitted which file and when; grade and write nothing.")
    ] = False,
    upgrade_gradebook: Annotated[
        bool,
        typer.Option("--upgrade-gradebook", help="Upgrade a gradebook of an older nbgrader, and keep a copy of it."),
    ] = False,
    preview: Annotated[
        bool, typer.Option("--preview", help="Grade and print what would change for each student, but write nothing.")
    ] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Print the result of one notebook in detail.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a line of JSON for each submission.")] = False,
) -> None:
    """Grade submissions into the gradebook. Submissions that were graded before are not graded again.

    Exit codes: 0 all graded; 1 some could not be graded, and the summary names them; 2 wrong use or unusable input; 3
    a problem of this machine; 4 all graded, but a test itself seems to be wrong; 130 interrupted, and finished results
    are kept.
    """
    if trust_submissions and isolation != Isolation.NAMESPACES:
        raise CourseError("--trust-submissions grades without isolation: leave out --isolation.")
    level: Level = "none" if trust_submissions else isolation.value
    if submissions.suffix == ".ipynb" and submissions.is_file() and not dry_run:
        _one(submissions, assignment, db, level, as_json)
        return
    if preview and upgrade_gradebook:
        raise CourseError("--preview writes nothing: run --upgrade-gradebook without it first.")
    if explain:
        raise CourseError("--explain works only for one notebook: pass the student's .ipynb file.")
    if dry_run:
        _dry_run(submissions, assignment, db, unknown_students, teams, as_json)
        return
    if not as_json:
        # Show something first: the next imports take seconds on a busy machine.
        print(f"Reading {submissions} ...", flush=True)
    with _machines(scheduler, workers) as machines:
        from course_grader.gradebook.course import Course
        from course_grader.gradebook.display import Display
        from course_grader.gradebook.privacy import warning
        from course_grader.gradebook.run import GradingJob

        course = Course.nearest(Path.cwd(), db)
        if upgrade_gradebook:
            _upgrade(course)
        if (why := _by_nbgrader(course, assignment, submissions)) and preview:
            raise CourseError(f"{why}, so --preview is not possible.")
        if why:
            name = assignment or _only(course, submissions)
            display = _graded_by_nbgrader(course, name, submissions, level, unknown_students, as_json)
            raise typer.Exit(_exit_code(display))
        name, exam = _assignment(course, assignment, submissions, remember=not preview)
        found, people = _found(course, submissions, name, teams)
        display = Display(name, as_json, found, preview, exam)
        job = GradingJob(course, name, exam, level, _adds(unknown_students, people), preview)
        _class(job, found, machines, display)
        if said := warning(course):
            typer.echo(said, err=True)
    if code := _exit_code(display):
        raise typer.Exit(code)


def _exit_code(display: Display) -> int:
    if display.not_graded:
        return Exit.FAILED
    return Exit.TESTS if display.suspects else 0


def _by_nbgrader(course: Course, wanted: str | None, place: Path) -> str:
    """Return why nbgrader's own autograding has to be used; empty if it need not be."""
    if wanted and Path(wanted).is_file():
        return ""
    return course.needs_nbgrader(wanted or _only(course, place))


def _graded_by_nbgrader(
    course: Course, name: str, place: Path, level: Level, unknown: Unknown | None, as_json: bool
) -> Display:
    """Grade with nbgrader's own autograding, and return the display after it has printed the summary."""
    from course_grader.gradebook.display import Display
    from course_grader.gradebook.several import grade_several, merge_assignments
    from course_grader.term.match_students import read_class

    adds = _adds(unknown, read_class(course))
    display = Display(name, as_json, exam=merge_assignments(name, course.notebooks(name)))
    display.summary(grade_several(course, name, place, level, adds, display))
    return display


def _found(course: Course, place: Path, assignment: str, teams: Path | None) -> tuple[Found, ClassList]:
    """Return the submissions in a folder or zip, and the class that they were matched with."""
    from course_grader.term.match_students import find_for, read_class
    from course_grader.term.team_table import read_teams

    people = read_class(course)
    members = read_teams(teams, {one.id for one in people.students}) if teams else None
    return find_for(course, people, place, assignment, members), people


def _adds(unknown: Unknown | None, people: ClassList) -> bool:
    """Return whether students who are not in the gradebook are added to it."""
    return not people.has_roster if unknown is None else unknown == Unknown.ADD


def _dry_run(
    place: Path, assignment: str | None, db: str | None, unknown: Unknown | None, teams: Path | None, as_json: bool
) -> None:
    from course_grader.engine.notebook.assignment import Assignment
    from course_grader.gradebook.course import Course
    from course_grader.gradebook.listing import listed

    course = Course.nearest(Path.cwd(), db)
    if assignment and Path(assignment).is_file():
        name = Assignment.load(Path(assignment)).name
    else:
        name = assignment or _only(course, place)
    found, people = _found(course, place, name, teams)
    if listed(found, {one.id for one in people.students}, _adds(unknown, people), as_json):
        raise typer.Exit(Exit.FAILED)


def _machines(scheduler: str | None, workers: int | None) -> AbstractContextManager[Cluster]:
    from course_grader.cluster import available, dask, local

    return dask(scheduler) if scheduler else local(workers or available(), "course_grader.gradebook.preload")


def _class(job: GradingJob, found: Found, machines: Cluster, display: Display) -> None:
    """Grade a class and print the summary, also if the run is interrupted."""
    from course_grader.gradebook.run import Summary, grade_class

    tally = Summary()
    try:
        with display.bar(len(found.submissions) + len(found.problems)):
            grade_class(job, found, machines, display.report, tally)
    except KeyboardInterrupt:
        display.summary(tally, interrupted=True)
        typer.echo("Interrupted. Finished results are kept: run the same command again to continue.", err=True)
        raise typer.Exit(INTERRUPTED) from None
    display.summary(tally)


def _one(notebook: Path, assignment: str | None, db: str | None, level: Level, as_json: bool) -> None:
    """Grade one notebook and print its result, without changing the gradebook."""
    import json

    from course_grader.engine.grading import grade as grade_notebook
    from course_grader.engine.notebook.assignment import Assignment
    from course_grader.engine.notebook.read import Unreadable
    from course_grader.engine.sandbox.levels import IsolationUnavailable
    from course_grader.gradebook.display import explain

    if assignment is not None and Path(assignment).is_file():
        exam = Assignment.load(Path(assignment))
    else:
        from course_grader.gradebook.course import Course

        exam = Course.nearest(Path.cwd(), db).assignment(assignment or notebook.stem, notebook=notebook.stem)
    try:
        result = grade_notebook(notebook, exam, level)
    except Unreadable as problem:
        raise CourseError(str(problem), Exit.FAILED) from problem
    except IsolationUnavailable as reason:
        raise CourseError(str(reason), Exit.ENVIRONMENT) from reason
    if as_json:
        typer.echo(json.dumps(result.to_json(), indent=1))
    else:
        explain(result)


def _assignment(course: Course, wanted: str | None, place: Path, remember: bool = True) -> tuple[str, Assignment]:
    """Return an assignment and its name: the one that was named, or the only one with submissions."""
    from course_grader.engine.notebook.assignment import Assignment

    if wanted and Path(wanted).is_file():
        exam = Assignment.load(Path(wanted))
        return exam.name, exam
    name = wanted or _only(course, place)
    return name, course.assignment(name, remember)


def _only(course: Course, place: Path) -> str:
    source = course.folder("source", ".", "*")
    known = {folder.name for folder in source.parent.iterdir() if folder.is_dir()} if source.parent.is_dir() else set()
    handed_in = {folder.name for folder in place.glob("*/*") if folder.name in known} if place.is_dir() else set()
    if len(handed_in) == 1:
        return handed_in.pop()
    if handed_in:
        raise CourseError(
            f"There are submissions for several assignments: {', '.join(sorted(handed_in))}. "
            "Choose one with --assignment."
        )
    raise CourseError(f"Can't tell which assignment {place} belongs to: pass --assignment.")


def _upgrade(course: Course) -> None:
    from course_grader.gradebook.database import upgrade

    copy = upgrade(course)
    typer.echo(f"The gradebook is up to date{f'; a copy of the old one is in {copy.name}' if copy else ''}.", err=True)
