"""Other users cannot read grades, submissions, keys and sources; the group can only with nbgrader's setting."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from course_grader.gradebook.course import Course
from course_grader.gradebook.database import Database
from course_grader.gradebook.privacy import open_to_others, warning
from course_grader.term.release_term import release_assignment
from tests.gradebook.conftest import NAME, ROOT, School

SHARED = "\nc.CourseDirectory.groupshared = True\n"


@pytest.fixture(autouse=True)
def usual_mask() -> object:
    before = os.umask(0o022)
    yield
    os.umask(before)


def reachable(root: Path, others: int) -> set[str]:
    """Return the files that users with these permission bits can read, by walking through the folders as they would."""
    found = set[str]()
    for place in root.iterdir():
        mode = place.lstat().st_mode & others
        if place.is_dir():
            if mode & 0o111:
                found |= reachable(place, others)
        elif mode & 0o444:
            found.add(place.name)
    return found


def with_a_term(school: School) -> Course:
    shutil.copytree(ROOT / "lessons" / NAME, school.root / "lessons" / NAME)
    (school.root / "course.toml").write_text(f'course = "term"\ntimezone = "UTC"\n[assignments.{NAME}]\n')
    return school.course


@pytest.mark.needs("isolation")
@pytest.mark.parametrize("shared", [False, True])
def test_nothing_secret_is_open_to_others(school: School, shared: bool, tmp_path: Path) -> None:
    # The state of a new course.
    for part in ("submitted", "autograded", "feedback"):
        shutil.rmtree(school.root / part, ignore_errors=True)
    for file in school.root.glob("gradebook.*"):
        file.unlink()
    if shared:
        with (school.root / "nbgrader_config.py").open("a") as file:
            file.write(SHARED)
    release_assignment(with_a_term(school), NAME)
    zipped = tmp_path / "flat"
    zipped.mkdir()
    handed_in = school.hand_in("ada", "right")
    (zipped / "ada.ipynb").write_bytes(handed_in.read_bytes())
    shutil.rmtree(school.root / "submitted" / "ada")
    school.grade(zipped)
    secret = {f"{NAME}.ipynb", "gradebook.db", "gradebook.results.sqlite", "gradebook.results.lock", "course.key"}
    for part in ("submitted", "autograded", "term/source"):
        assert not reachable(school.root / part, 0o007)
        assert (school.root / part).stat().st_mode & 0o777 == (0o770 if shared else 0o700)
        assert list((school.root / part).glob(f"**/{NAME}.ipynb"))
    assert not secret & {name for name in reachable(school.root, 0o007) if name != f"{NAME}.ipynb"}
    group = {name for name in reachable(school.root, 0o070) if name != f"{NAME}.ipynb"}
    assert secret & group == (secret - {f"{NAME}.ipynb", "course.key"} if shared else set())
    [graded] = (school.root / "autograded").glob(f"ada/**/{NAME}.ipynb")
    assert graded.stat().st_mode & 0o777 == (0o660 if shared else 0o400)


@pytest.mark.needs("isolation")
def test_what_an_older_version_left_open_is_named_with_the_remedy(school: School) -> None:
    school.hand_in("ada")
    school.grade()
    (school.root / "submitted").chmod(0o755)
    school.book.chmod(0o644)
    # Others cannot enter the test's own folder, so they can read nothing in it.
    assert warning(school.course) == ""
    for folder in (school.root, *school.root.parents):
        if folder.stat().st_uid == os.geteuid() and not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o011)
    said = warning(school.course)
    assert "`chmod go-rwx submitted gradebook.db`" in said
    school.book.chmod(0o600)
    (school.root / "submitted").chmod(0o700)
    assert list(open_to_others(school.course)) == []


@pytest.mark.needs("isolation")
def test_a_gradebook_that_is_there_keeps_its_permissions(school: School) -> None:
    Database(school.course).close()
    school.book.chmod(0o640)
    school.hand_in("ada")
    school.grade()
    assert school.book.stat().st_mode & 0o777 == 0o640
