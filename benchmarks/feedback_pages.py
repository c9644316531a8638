"""Pages of feedback: 500 in under 15 s on two cores (the goal), compared with nbconvert's HTML of the same notebooks.

    python benchmarks/feedback_pages.py [--pages 500] [--peer 10]

The class is synthetic: each submission is the solution of notebook 01 with one mistake of the bank, a figure below
each experiment and one cell of the student's own. The peer is nbconvert's HTMLExporter, which nbgrader's feedback uses;
a few pages are enough for its mean.
"""

from __future__ import annotations

import argparse
import base64
import io
import itertools
import json
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import numpy as np
from nbconvert import HTMLExporter

from course_grader import Assignment, grade
from course_grader.authoring.lesson import read_lesson
from course_grader.authoring.reference import mistaken_source
from course_grader.authoring.sample_submissions import submission
from course_grader.authoring.trial_run import write_hidden_key
from course_grader.engine.notebook.teacher_notebook import TeacherNotebook
from course_grader.feedback.write_pages import write_feedback
from course_grader.gradebook.graded_submission import GradedSubmission

ROOT = Path(__file__).parents[1]
LESSON = "01_learning_rate_decay"
KINDS, SOME = 12, 100


def figure() -> str:
    """Return a figure as a notebook stores it."""
    fig, ax = plt.subplots()
    ax.plot(np.random.default_rng(0).normal(size=(400, 4)).cumsum(axis=0))
    content = io.BytesIO()
    fig.savefig(content, format="png")
    plt.close(fig)
    return base64.b64encode(content.getvalue()).decode()


def made_class(folder: Path, pages: int) -> Iterator[GradedSubmission]:
    """Yield graded submissions, of KINDS kinds in turn."""
    lesson = read_lesson(ROOT / "lessons" / LESSON)
    write_hidden_key(folder / "course.key", [lesson], "a term")
    assignment = Assignment.from_notebook(ROOT / "solutions" / LESSON / f"{LESSON}.ipynb", folder / "course.key")
    released = nbformat.read(ROOT / "notebooks" / LESSON / f"{LESSON}.ipynb", 4)
    shown = {"output_type": "display_data", "metadata": {}, "data": {"image/png": figure()}}
    kinds = []
    for mistake in lesson.mistakes[:: len(lesson.mistakes) // KINDS][:KINDS]:
        notebook = submission(lesson, released, {mistake.exercise: mistaken_source(lesson, mistake)})
        notebook.cells.append(nbformat.v4.new_markdown_cell("What *I* learned: $\\eta$ must fall."))
        kinds.append((grade(notebook, assignment), notebook))
    for i, (result, notebook) in enumerate(itertools.islice(itertools.cycle(kinds), pages)):
        for cell in notebook.cells:
            if "experiment" in cell.metadata.get("tags", []):
                cell.outputs = [nbformat.from_dict(shown)]
        place = folder / f"student{i}.ipynb"
        place.write_text(json.dumps(notebook))
        yield GradedSubmission(f"student{i}", place, result=result)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=500)
    parser.add_argument("--peer", type=int, default=10, help="how many nbconvert renders")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        graded = list(made_class(folder, options.pages))
        teacher_notebook = TeacherNotebook.read(ROOT / "solutions" / LESSON / f"{LESSON}.ipynb")
        places = {one.student: folder / "feedback" / f"{one.student}.html" for one in graded}
        begun = time.perf_counter()
        sizes = [path.stat().st_size for path in write_feedback(graded, teacher_notebook, places, {}, {}, workers=2)]
        wall = time.perf_counter() - begun
        some = graded[:SOME]
        begun_alone = time.process_time()
        list(write_feedback(some, teacher_notebook, places, {}, {}, workers=1))
        alone = (time.process_time() - begun_alone) / len(some)
        begun_peer = time.process_time()
        exporter = HTMLExporter()
        for one in graded[: options.peer]:
            exporter.from_filename(str(one.notebook))
        peer = (time.process_time() - begun_peer) / min(options.peer, len(graded))
    cores = len(os.sched_getaffinity(0))
    print(f"{len(sizes)} pages of {np.mean(sizes) / 2**20:.2f} MiB: {wall:.1f} s with 2 processes on {cores} cores.")
    print(f"A page takes {1000 * alone:.0f} ms of processor time; nbconvert's HTML of it {1000 * peer:.0f} ms.")


if __name__ == "__main__":
    main()
