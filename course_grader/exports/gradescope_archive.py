"""Writes the autograder for Gradescope: a zip with the assignment, a wheel of the course, and two scripts."""

from __future__ import annotations

import importlib.util
import io
import re
import subprocess
import sys
import tempfile
import zipfile
from importlib.metadata import packages_distributions
from importlib.resources import files
from pathlib import Path

from course_grader.engine.notebook.assignment import Assignment
from course_grader.exports.autograder import ASSIGNMENT
from course_utils.errors import CourseError, Exit
from course_utils.files import PRIVATE, write_atomic

SCRIPTS = files("course_grader.exports") / "gradescope"
NAMES = ("setup.sh", "run_autograder")
LOCK = "requirements.lock"
# A pinned version in the lock file: name==version, and perhaps a condition.
PIN = re.compile(r"^[\w.-]+==[^#]+", re.MULTILINE)
# A constant time, so that the same content makes the same bytes.
WHEN = (1980, 1, 1, 0, 0, 0)


def write_archive(path: Path, assignment: Assignment, wheel: Path, lock: Path | None = None) -> None:
    """Write the archive atomically. Only its owner can read it, because it contains the hidden key.

    wheel: a wheel of the course. lock: pinned versions, such as requirements.lock.
    """
    pins = PIN.findall(lock.read_text(encoding="utf-8")) if lock is not None else []
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in NAMES:
            _add(archive, name, (SCRIPTS / name).read_bytes(), 0o755)
        _add(archive, ASSIGNMENT, _bytes_of(assignment), 0o600)
        _add(archive, wheel.name, wheel.read_bytes(), 0o644)
        _add(archive, "requirements.txt", "".join(f"{name}\n" for name in requirements(assignment)).encode(), 0o644)
        _add(archive, "constraints.txt", "".join(f"{pin.strip()}\n" for pin in pins).encode(), 0o644)
    write_atomic(path, file.getvalue(), PRIVATE)


def requirements(assignment: Assignment) -> list[str]:
    """Return the packages that grading an assignment needs in addition to a learner's packages.

    In the mode "together" these include nbgrader, which computes the scores, and the packages that the teacher's cells
    import.
    """
    if assignment.mode != "together":
        return ["msgpack"]
    known = packages_distributions()
    imported = (name for module in assignment.packages for name in known.get(module.split(".")[0], ())[:1])
    return list(dict.fromkeys(["msgpack", "nbgrader", *imported]))


def _add(archive: zipfile.ZipFile, name: str, content: bytes, mode: int) -> None:
    member = zipfile.ZipInfo(name, WHEN)
    member.external_attr, member.compress_type = (0o100000 | mode) << 16, zipfile.ZIP_DEFLATED
    archive.writestr(member, content)


def _bytes_of(assignment: Assignment) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        assignment.save(Path(folder) / ASSIGNMENT)
        return (Path(folder) / ASSIGNMENT).read_bytes()


def build_wheel(root: Path, into: Path) -> Path:
    """Build a wheel of the course from its sources in `root`, and return its path. Raises CourseError if it fails."""
    if not (root / "pyproject.toml").is_file():
        raise CourseError(f"{root} does not contain the course's source code: pass a wheel of it with --wheel.")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    if importlib.util.find_spec("hatchling"):
        command.append("--no-build-isolation")
    done = subprocess.run([*command, "--wheel-dir", str(into), str(root)], capture_output=True, text=True)
    wheels = list(into.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        reason = (done.stderr.strip().splitlines() or ["pip does not say why"])[-1]
        raise CourseError(
            f"The wheel of the course cannot be built ({reason}): pass one with --wheel.", Exit.ENVIRONMENT
        )
    return wheels[0]
