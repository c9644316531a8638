"""Every lesson of the course, found by its folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from course_grader.authoring.lesson import Lesson, lesson_folders, read_lesson

ROOT = Path(__file__).parents[2]
LESSONS = lesson_folders(ROOT)


@pytest.fixture(params=sorted(LESSONS), scope="module")
def lesson(request: pytest.FixtureRequest) -> Lesson:
    return read_lesson(LESSONS[request.param])
