"""The commands for lesson authors, and `course key`. Slow imports are inside the commands, so that `--help` is fast."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from course_grader.authoring.repo import chosen_lessons, course_root, with_bar
from course_grader.commands import options
from course_utils.errors import CourseError, Exit
from course_utils.text import plural

if TYPE_CHECKING:
    from course_grader.authoring.lesson import Lesson
    from course_grader.authoring.trial_run import KeySummary

AUTHOR, TEACHER = "For authors", "For teachers"


def register(app: typer.Typer) -> None:
    """Add the verbs to the application."""
    app.command("build", rich_help_panel=AUTHOR)(build)
    app.command("new-lesson", rich_help_panel=AUTHOR)(new_lesson)
    app.command("samples", rich_help_panel=AUTHOR)(samples)
    app.command("colab", rich_help_panel=AUTHOR)(colab)
    app.command("address", rich_help_panel=AUTHOR)(address)
    app.command("key", rich_help_panel=TEACHER)(key)


def build(
    lessons: options.LessonsArgument = None,
    check: Annotated[bool, typer.Option("--check", help="Change nothing; print what a build would change.")] = False,
) -> None:
    """Build solutions/, notebooks/, keys, hints and the tables of README.md and docs/ from lessons/."""
    from course_grader.authoring import build as authoring
    from course_grader.authoring.lesson_cells import LessonProblem

    root = course_root()
    try:
        changed = (authoring.check_build if check else authoring.build)(root, lessons or (), with_bar)
    except KeyError as error:
        raise CourseError(str(error.args[0])) from error
    except (LessonProblem, authoring.BuildRefused) as problem:
        raise CourseError(f"The lessons cannot be built.\n{problem}", Exit.FAILED) from problem
    for path in changed:
        typer.echo(path)
    if check and changed:
        raise CourseError(f"Out of date: {plural(len(changed), 'built file')}. Run `course build`.", Exit.FAILED)
    typer.echo(f"{plural(len(changed), 'file')} written." if changed else "Everything is up to date.")


def new_lesson(name: Annotated[str, typer.Argument(help="Two digits and words, like 09_weight_averaging.")]) -> None:
    """Create a lesson with one working exercise, as a template for your own."""
    from course_grader.authoring.new_lesson import new_lesson as make

    root = course_root()
    try:
        paths = make(root, name)
    except (ValueError, FileExistsError) as error:
        raise CourseError(str(error)) from error
    for path in paths:
        typer.echo(path.relative_to(root))
    typer.echo("Replace their contents with your lesson, then run `course build`.")


def samples(
    lesson: Annotated[str, typer.Argument(help="The lesson's folder name.")],
    to: Annotated[Path, typer.Option(help="A folder for STUDENT/LESSON/LESSON.ipynb.")] = Path("submitted"),
) -> None:
    """Write sample submissions: all correct, blank, and one for each known mistake."""
    from course_grader.authoring.sample_submissions import write_samples

    root = course_root()
    students = [student for one in chosen_lessons(root, [lesson]) for student in write_samples(root, one, to)]
    typer.echo(f"{plural(len(students), 'submission')} written to {to}.")


def colab(
    to: Annotated[Path, typer.Option(help="The folder to write them to.")] = Path("build/colab"),
) -> None:
    """Write copies of the notebooks for Colab, with a first cell that installs the course."""
    from course_grader.authoring.colab import write_copies
    from course_grader.authoring.project_url import required_address

    root = course_root()
    written = write_copies(root / "notebooks", to, required_address(root))
    typer.echo(f"{plural(len(written), 'notebook')} written to {to}.")


def address(
    url: Annotated[str, typer.Argument(help="Where the course is published: https://github.com/ACCOUNT/NAME.")],
) -> None:
    """Set the address where the course is published, in pyproject.toml and the badges of the README."""
    from course_grader.authoring.project_url import publish

    publish(course_root(), url)
    typer.echo("The address is now in pyproject.toml and README.md. Commit both.")


def key(
    lessons: options.LessonsArgument = None,
    to: Annotated[
        Path | None, typer.Option(help="The file to write; by default course.key beside nbgrader_config.py.")
    ] = None,
    secret: Annotated[
        str | None, typer.Option(envvar="COURSE_SECRET", help="The secret of an earlier key, to make it again.")
    ] = None,
    questions_of: Annotated[
        Path | None,
        typer.Option(help="An earlier key: use its concept questions, so that they fit notebooks already released."),
    ] = None,
    again: Annotated[
        bool,
        typer.Option("--again", help="Make an existing key again after an update, with the same secret and lessons."),
    ] = False,
) -> None:
    """Make the hidden key for your class, from a secret that nobody else knows."""
    import secrets

    from course_grader.authoring.lesson_cells import LessonProblem
    from course_grader.authoring.trial_run import known_of_hidden_key, write_hidden_key

    root = course_root()
    place = to or root / "course.key"
    questions = known_of_hidden_key(questions_of).questions if questions_of else ""
    if again:
        known, chosen = _of_key(root, place, lessons or (), secret)
        secret, questions = known.secret, questions or known.questions
    elif place.exists() and secret is None:
        raise CourseError(
            f"{place.name} already exists, and a key with another secret would change grades. If you updated the "
            "course, run `course key --again`: it makes the key again with the same secret. To make a key with a new "
            "secret, move the old one away first."
        )
    else:
        chosen = chosen_lessons(root, lessons)
    try:
        write_hidden_key(place, list(with_bar(chosen)), secret or secrets.token_hex(16), questions)
    except LessonProblem as problem:
        raise CourseError(f"The key cannot be made.\n{problem}", Exit.FAILED) from problem
    if to is None:
        from course_grader.gradebook.course import Course
        from course_grader.gradebook.privacy import file_mode

        # With nbgrader's `groupshared`, the other teachers need to read it too.
        place.chmod(file_mode(Course.at(root)))
    made = f"{place.name} contains the hidden checks of {plural(len(chosen), 'lesson')}"
    typer.echo(f"{made}, with the same secret as before." if again else f"{made}. Keep it secret, and keep a copy.")


def _of_key(root: Path, place: Path, more: Sequence[str], secret: str | None) -> tuple[KeySummary, list[Lesson]]:
    """Return the summary of a key, and its lessons together with those in `more`. Print exercises that are gone."""
    from course_grader.authoring.trial_run import known_of_hidden_key

    kept = known_of_hidden_key(place)
    held = frozenset(kept.parts)
    if secret not in (None, kept.secret):
        raise CourseError(f"--again uses the secret of {place.name}: do not set --secret or COURSE_SECRET.")
    named = {lesson.name for lesson in chosen_lessons(root, more)} if more else set()
    chosen = [lesson for lesson in chosen_lessons(root, None) if lesson.name in named or held & lesson.answers.keys()]
    if gone := sorted(held.difference(*(lesson.answers for lesson in chosen))):
        typer.echo(f"These exercises are left out, because no lesson has them any more: {', '.join(gone)}.")
    return kept, chosen
