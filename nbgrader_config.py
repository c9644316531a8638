"""nbgrader's configuration: where things stand, what a stub looks like, and where the hidden key is."""

import os
from pathlib import Path

c = get_config()  # noqa: F821  (nbgrader defines it)
root = Path(__file__).resolve().parent

c.CourseDirectory.root = str(root)
c.CourseDirectory.course_id = "descent"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "notebooks"
# nbgrader copies whatever stands beside a notebook into releases and submissions: a second lock against leaks.
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "*.py", ".course-progress.json", "*.key"]

c.ClearSolutions.code_stub = {
    "python": "# Write your answer here, in place of the next line.\nraise NotImplementedError",
}
# Seconds: for a cell, and for what it printed to arrive, where nbgrader waits 4 and then gives up the notebook.
c.Execute.timeout = 60
c.Execute.iopub_timeout = 60
# Another kernel of the same name must not take the place of this environment's Python.
c.Execute.kernel_manager_class = "course_utils.kernels.OwnKernelManager"

# Grading runs in course_grader's engine, which keeps submissions from the keys, the machine and each other. The classes
# are named, not imported: a learner who only validates needs none of them.
c.Autograde.exporter_class = "course_grader.gradebook.autograding.ReadTimes"
c.Autograde.sanitize_preprocessors = [
    "course_grader.engine.preprocessors.Intake",
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.DeduplicateIds",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.OverwriteCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.Autograde.autograde_preprocessors = [
    "course_grader.engine.preprocessors.Grade",
    "nbgrader.preprocessors.IgnorePattern",
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
# What students wrote is shown to the teacher, in the formgrader and in feedback: no script of theirs runs there, and no
# text of theirs keeps the server busy.
c.HTMLExporter.sanitize_html = True
c.HTMLExporter.filters = {
    "markdown2html": "course_grader.sanitize.nbgrader_filters.markdown_on_page",
    "highlight_code": "course_grader.sanitize.nbgrader_filters.code_on_page",
    "ansi2html": "course_grader.sanitize.nbgrader_filters.output_on_page",
    "strip_files_prefix": "course_grader.sanitize.nbgrader_filters.strip_files_prefix",
    "clean_html": "course_grader.sanitize.nbgrader_filters.clean_html",
}

# The kernels that nbgrader starts find the hidden key here. Without the file, hidden checks refuse to pass.
if (root / "course.key").is_file():
    os.environ.setdefault("COURSE_KEY", str(root / "course.key"))

# A term's own choice of lessons, exercises and dates has its own folders, beside those that are built from lessons/.
if (root / "course.toml").is_file():
    from course_grader.term.config import configure

    configure(c, root)
