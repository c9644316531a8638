"""What `course` prints for people: tables, and a progress bar while a notebook runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from course_utils.doctor import Finding
from course_utils.gather import Gathered
from course_utils.progress import LessonProgress
from course_utils.running import NotebookRun
from course_utils.text import plural
from course_utils.update import Update

STYLES = {"passed": "green", "failed": "bold red", "hidden": "dim"}


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on stderr while the block runs, and yield the function that moves it: `move(done, total)`."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=None)

        def move(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield move


def show_run(run: NotebookRun) -> None:
    """Print a line for each check of a notebook, and the totals."""
    table = Table(box=None, pad_edge=False)
    for title in ("check", "result", "points", ""):
        table.add_column(title, justify="right" if title == "points" else "left", no_wrap=title in ("check", "result"))
    for test in run.tests:
        earned = f"{_number(test.points if test.status == 'passed' else 0)} of {_number(test.points)}"
        status = Text(test.status, STYLES[test.status])
        table.add_row(test.grade_id, status, "" if test.status == "hidden" else earned, Text(test.message))
    _print(table)
    hidden = f", {run.count('hidden')} hidden (they run when your teacher grades)" if run.count("hidden") else ""
    print(f"{run.count('passed')} passed, {run.count('failed')} failed{hidden}.")


def show_progress(lessons: Sequence[LessonProgress]) -> None:
    """Print a line for each lesson: what is solved, the next open exercise, and the questions that a teacher grades."""
    if not lessons:
        return
    table = Table(box=None, pad_edge=False)
    numbers = ("solved", "points")
    some_answered = any(exercise.answered for lesson in lessons for exercise in lesson.exercises)
    for title in ("lesson", *numbers, *(["answered"] if some_answered else []), "open"):
        table.add_column(title, justify="right" if title in numbers else "left", no_wrap=title in ("lesson", *numbers))
    for lesson in lessons:
        answered = [exercise.name for exercise in lesson.exercises if exercise.answered]
        unsolved = [exercise.name for exercise in lesson.exercises if not (exercise.passed or exercise.answered)]
        solved = f"{lesson.passed} of {len(lesson.exercises)}"
        points = f"{_number(lesson.points)} of {_number(lesson.possible)}"
        lists = [answered, unsolved] if some_answered else [unsolved]
        table.add_row(lesson.lesson, solved, points, *map(_first, lists))
    _print(table)
    hidden = sum(lesson.hidden for lesson in lessons)
    if hidden:
        print(f"(Another {_number(hidden)} points come from hidden checks, which run when your teacher grades.)")


def show_updates(updates: Sequence[Update]) -> None:
    """Print what happened to each lesson that was not up to date, and where the old notebooks are."""
    for one in updates:
        match one.outcome:
            case "new":
                print(f"{one.lesson}: new")
            case "changed":
                yours = f"{plural(one.answers, 'answer')} and {plural(one.kept, 'other cell')}"
                print(f"{one.lesson}: updated; kept {yours} of yours")
            case "left alone":
                print(f"{one.lesson}: not updated. {one.reason}")
    backups = [one.backup for one in updates if one.backup]
    if backups:
        print(f"Your old notebooks are in {backups[0].parent}. Run the new ones from the top.")
    if all(one.outcome == "up to date" for one in updates):
        print("Everything is up to date.")


def show_gathered(gathered: Gathered) -> None:
    """Print a line for each function, the problems of the gathered cell, and what to do next."""
    table = Table(box=None, pad_edge=False)
    for title in ("function", "from", ""):
        table.add_column(title, no_wrap=title != "")
    for function in gathered.functions:
        table.add_row(function.name, function.lesson, Text(function.says, "green" if function.well else "bold red"))
    _print(table)
    for problem in gathered.problems:
        print(problem)
    copied = sum(function.lesson != "" for function in gathered.functions)
    print(f"The gathered cell in {gathered.notebook} now contains {plural(copied, 'function')}.")
    if gathered.backup:
        print(f"A copy of the notebook before the change: {gathered.backup}.")
        print("If the notebook is open in JupyterLab, choose File > Reload Notebook from Disk.")
    if not gathered.is_whole:
        print("Fix these in their notebooks, save, and run `course gather` again.")


def show_findings(findings: Sequence[Finding]) -> None:
    """Print each finding, and below it the fix if one is needed."""
    for finding in findings:
        print(f"{'ok ' if finding.well else 'fix'}  {finding.subject}: {finding.says}")
        if not finding.well:
            print(f"     {finding.remedy}")


def _print(table: Table) -> None:
    console = Console()
    if console.is_terminal:
        console.print(table)
        return
    # For a file or a pipe: one line per row, however long, without trailing blanks.
    console.width = 1000
    with console.capture() as printed:
        console.print(table)
    print("\n".join(line.rstrip() for line in printed.get().splitlines()))


def _first(names: Sequence[str]) -> str:
    """Return the first name and how many more there are: a full list would not fit on a screen."""
    return f"{names[0]} and {len(names) - 1} more" if len(names) > 1 else "".join(names)


def _number(points: float) -> str:
    return f"{points:g}"
