"""Every lesson of the course, found by its folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from course_grader.authoring.lesson import Lesson, read_lessons

ROOT = Path(__file__).parents[2]
LESSONS = {lesson.name: lesson for lesson in read_lessons(ROOT)}


@pytest.fixture(params=sorted(LESSONS), scope="module")
def lesson(request: pytest.FixtureRequest) -> Lesson:
    return LESSONS[request.param]
