"""Renders the feedback pages, and writes them into the folder that nbgrader releases."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from course_grader.engine.notebook.teacher_notebook import TeacherNotebook
from course_grader.feedback.view import SYMBOLS, WORDS, page_view
from course_grader.gradebook.graded_submission import GradedSubmission
from course_grader.gradebook.manual_grades import ManualGrades
from course_grader.html.render import render
from course_grader.html.submitted_cells import errors_alone
from course_utils.files import write_atomic

PageJob = tuple[GradedSubmission, ManualGrades | None, str | None, Path]
BATCH = 8
RELEASED_WITH = ("timestamp.txt", "submission_secret.txt")


def feedback_page(
    graded: GradedSubmission,
    teacher_notebook: TeacherNotebook,
    manual_grades: ManualGrades | None = None,
    name: str | None = None,
) -> str:
    """Return a student's feedback page as HTML. Without a name it shows the student's id."""
    view = page_view(graded, teacher_notebook, manual_grades, name)
    starred = [exercise.outcome == "passed" for exercise in view.exercises if exercise.starred]
    right = [exercise.outcome == "passed" for exercise in view.exercises if not exercise.starred]
    return render(
        "feedback.html", view=view, words=WORDS, symbols=SYMBOLS, right=sum(right), exercises=len(right),
        starred=len(starred), starred_right=sum(starred),
    )  # fmt: skip


def write_feedback(
    graded: Iterable[GradedSubmission],
    teacher_notebook: TeacherNotebook,
    places: Mapping[str, Path],
    manual_grades: Mapping[str, ManualGrades],
    names: Mapping[str, str],
    workers: int = 0,
) -> Iterator[Path]:
    """Write a page for each submission to the student's path, and yield the paths of the written pages.

    places, manual_grades and names are by the student's id; only `places` must contain every student. workers: the
    number of processes, by default one per core.
    """
    jobs = (
        (errors_alone(submission), manual_grades.get(submission.student), names.get(submission.student),
         places[submission.student])
        for submission in graded
    )  # fmt: skip
    # Starting a process takes longer than writing less than a batch.
    workers = min(workers or len(os.sched_getaffinity(0)), -(-len(places) // BATCH))
    if workers <= 1:
        yield from map(partial(_write, teacher_notebook), jobs)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("forkserver")) as pool:
        yield from pool.map(partial(_write, teacher_notebook), jobs, chunksize=BATCH)


def copy_what_release_needs(submitted: Path, feedback: Path) -> None:
    """Copy the files that `nbgrader release_feedback` needs beside a page: the submission's timestamp and secret."""
    for name in RELEASED_WITH:
        source = submitted / name
        if source.is_file() and not source.is_symlink():
            write_atomic(feedback / name, source.read_text(encoding="utf-8", errors="replace"))


def _write(teacher_notebook: TeacherNotebook, job: PageJob) -> Path:
    graded, manual_grades, name, place = job
    write_atomic(place, feedback_page(graded, teacher_notebook, manual_grades, name))
    return place
