"""The commands of `course` that write pages: feedback, report, similar."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from course_grader.commands import options
from course_utils.errors import CourseError
from course_utils.files import display_path
from course_utils.text import plural

if TYPE_CHECKING:
    from course_grader.gradebook.course import Course
    from course_grader.gradebook.graded_submission import GradedSubmission
    from course_grader.gradebook.manual_grades import ManualGrades
    from course_grader.gradebook.student import Student

TEACHER = "For teachers"
Item = TypeVar("Item")


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command("feedback", rich_help_panel=TEACHER)(feedback)
    app.command("report", rich_help_panel=TEACHER)(report)
    app.command("similar", rich_help_panel=TEACHER)(similar)


def feedback(
    assignment: options.AnyAssignmentArgument = None,
    db: options.DatabaseOption = None,
    workers: Annotated[int, typer.Option(min=0, help="How many processes; 0 means one per core.")] = 0,
) -> None:
    """Write a feedback page for each student, into the folder that `nbgrader release_feedback` releases."""
    from course_grader.engine.notebook.teacher_notebook import TeacherNotebook
    from course_grader.feedback.write_pages import copy_what_release_needs, write_feedback

    course, names = _course(assignment, db)
    for name in names:
        graded, manual_grades, students = _read(course, name)
        teacher_notebook = TeacherNotebook.read(course.solution(name))
        called = {one.id: one.called for one in students}
        places = {one.student: _feedback_place(course, one.student, name) for one in graded}
        written = list(
            _bar(write_feedback(graded, teacher_notebook, places, manual_grades, called, workers), len(graded), name)
        )
        for student, place in places.items():
            copy_what_release_needs(course.folder("submitted", student, name), place.parent)
        folder = display_path(course.folder("feedback", ".", "."))
        typer.echo(f"{name}: {plural(len(written), 'page')} of feedback in {folder}/.")


def report(
    assignment: options.AnyAssignmentArgument = None,
    db: options.DatabaseOption = None,
    anonymous: Annotated[bool, typer.Option("--anonymous", help="Replace students' names by numbers.")] = False,
    to: Annotated[Path | None, typer.Option(help="The file to write; by default report/ASSIGNMENT.html.")] = None,
) -> None:
    """Write a class report: scores, how hard each exercise was, and the most frequent mistakes."""
    from course_grader.engine.notebook.teacher_notebook import TeacherNotebook
    from course_grader.report.render_report import report_page
    from course_utils.files import write_atomic

    course, names = _course(assignment, db, to)
    for name in names:
        graded, manual_grades, students = _read(course, name)
        teacher_notebook = TeacherNotebook.read(course.solution(name))
        listed = {one.id: one.listed for one in students}
        place = to or _private(course, "report") / f"{name}.html"
        write_atomic(place, report_page(graded, teacher_notebook, manual_grades, listed, anonymous))
        typer.echo(f"{name}: {display_path(place)}")


def similar(
    assignment: options.AnyAssignmentArgument = None,
    to: Annotated[Path | None, typer.Option(help="The file to write; by default similar/ASSIGNMENT.html.")] = None,
    constants: Annotated[bool, typer.Option(help="Treat different numbers as a difference.")] = True,
    most: Annotated[int, typer.Option(min=1, help="The largest number of pairs to list.")] = 50,
    db: options.DatabaseOption = None,
) -> None:
    """List pairs of answers that are more similar than chance explains: places to look, not verdicts."""
    from course_grader.engine.notebook.teacher_notebook import TeacherNotebook
    from course_grader.similar.pairs import similar_pairs
    from course_grader.similar.render_pairs import answers_in, similar_page
    from course_grader.similar.table import show_pairs
    from course_utils.files import write_atomic

    course, names = _course(assignment, db, to)
    for name in names:
        graded, _, students = _read(course, name)
        teacher_notebook = TeacherNotebook.read(course.solution(name))
        answers = answers_in(_bar(graded, len(graded), name), teacher_notebook)
        pairs = similar_pairs(answers, [teacher_notebook.stubs, teacher_notebook.solutions], constants, most)
        listed = {one.id: one.listed for one in students}
        place = to or _private(course, "similar") / f"{name}.html"
        write_atomic(place, similar_page(pairs, teacher_notebook, len(answers), listed))
        show_pairs(name, pairs, listed)
        typer.echo(f"{name}: {display_path(place)}")


def _private(course: Course, name: str) -> Path:
    """Create and return a private folder for pages that name students."""
    from course_grader.gradebook.privacy import make_folder

    make_folder(course, course.root / name)
    return course.root / name


def _feedback_place(course: Course, student: str, assignment: str) -> Path:
    return course.folder("feedback", student, assignment) / f"{course.solution(assignment).stem}.html"


def _course(assignment: str | None, db: str | None, to: Path | None = None) -> tuple[Course, list[str]]:
    """Return the course in this folder, and the assignments to write pages for.

    Raises CourseError if nothing was graded, or if the named assignment was not.
    """
    from course_grader.gradebook.course import Course
    from course_grader.gradebook.journal import Journal

    course = Course.nearest(Path.cwd(), db)
    known = []
    if course.journal.is_file():
        with Journal(course.journal) as journal:
            known = journal.assignments()
    if assignment and assignment not in known and (reason := _graded_by_nbgrader(course, assignment)):
        raise CourseError(
            f"{reason}, so it is graded by nbgrader's own autograding, and this page is not available. Make feedback "
            f"with `nbgrader generate_feedback {assignment}`; for its scores, use the formgrader or `course export`."
        )
    if not known:
        raise CourseError("Nothing was graded here yet. Run `course grade` first.")
    if assignment is not None and assignment not in known:
        raise CourseError(f"No submission of {assignment!r} was graded. Graded assignments: {', '.join(known)}.")
    if to and assignment is None and len(known) > 1:
        raise CourseError(f"--to is one file, but there are {len(known)} assignments. Name one of {', '.join(known)}.")
    return course, [assignment] if assignment else known


def _graded_by_nbgrader(course: Course, assignment: str) -> str:
    """Return why there are no pages for an assignment: it has several notebooks, or a teacher's own preprocessors.

    Empty if neither is true, or if the assignment is unknown.
    """
    try:
        return course.needs_nbgrader(assignment)
    except CourseError:
        return ""


def _read(course: Course, assignment: str) -> tuple[list[GradedSubmission], dict[str, ManualGrades], list[Student]]:
    """Return the graded submissions of an assignment, and the manual grades and students in the gradebook."""
    from course_grader.gradebook.database import Database, shown_address
    from course_grader.gradebook.journal import Journal
    from course_grader.gradebook.manual_grades import read_manual_grades
    from course_grader.gradebook.student import read_students
    from course_grader.html.submitted_cells import errors_alone

    with Database(course) as database, Journal(course.journal) as journal:
        manual_grades, students = read_manual_grades(database.gradebook, assignment), read_students(database.gradebook)
        graded = [errors_alone(one) for one in journal.graded(assignment, {one.id for one in students})]
    if not graded:
        raise CourseError(
            f"The gradebook {shown_address(course)} has no student with a graded submission of {assignment}. If you "
            "graded into another gradebook, pass it with --db."
        )
    return graded, manual_grades, students


def _bar(items: Iterable[Item], total: int, what: str) -> Iterator[Item]:
    if not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(items, what, total=total, console=Console(stderr=True), transient=True)
