"""A term of the course: its lessons and exercises, their points and due dates, and the students.

from course_grader.term import assignment_of
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["assignment_of"]


def assignment_of(root: Path, name: str) -> tuple[Path, Path]:
    """Return the paths of the teacher's notebook of an assignment and of the hidden key of the course in `root`.

    If there is a course.toml, the notebook is the one that `course release` built from it, else
    `solutions/NAME/NAME.ipynb`. Raises CourseError if there is no such notebook.
    """
    from course_grader.gradebook.course import Course
    from course_grader.term.config import read_term
    from course_utils.errors import CourseError

    course, term = Course.at(root), read_term(root)
    if term is not None:
        term.plan(name)
        if not course.folder("source", ".", name).is_dir():
            raise CourseError(f"{name} is not released yet: run `course release {name}`.")
    return course.solution(name), course.key
