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
c.Execute.timeout = 60

# The kernels that nbgrader starts find the hidden key here. Without the file, hidden checks refuse to pass.
if (root / "course.key").is_file():
    os.environ.setdefault("COURSE_KEY", str(root / "course.key"))
