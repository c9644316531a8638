"""Takes one guard after another out of a copy of the engine, and checks that a test notices it.

    python .ci/guards.py [ID ...]

The guards are in tests/guards.toml. The tests of all chosen guards run unchanged first: a test that fails anyway shows
nothing. Ends with 1 if a guard's removal is not caught. The working tree is only read.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

ROOT = Path(__file__).parents[1]
LIST = ROOT / "tests" / "guards.toml"
COPIED = ("course_grader", "course_utils", "lessons", "notebooks", "solutions", "tests", "pyproject.toml")
# A removed limit can make a test wait for ever.
SECONDS = 900


class Guard(NamedTuple):
    """One check of the engine. `without` replaces the only occurrence of `code` in `file`; then `tests` must fail."""

    id: str
    file: str
    code: str
    without: str
    tests: list[str]

    def removed_from(self, text: str) -> str:
        """Return the file's text without the guard; ValueError unless `code` occurs exactly once."""
        if (count := text.count(self.code)) != 1:
            raise ValueError(f"{self.id}: its code occurs {count} times in {self.file}, not once.")
        return text.replace(self.code, self.without)


class Outcome(NamedTuple):
    """What became of a run of tests: the names of those that failed, and its last lines."""

    failed: set[str]
    passed: set[str]
    said: str


def guards() -> list[Guard]:
    """Return the guards of the list."""
    entries = tomllib.loads(LIST.read_text(encoding="utf-8"))
    return [Guard(id, **entry) for id, entry in entries.items()]


def name_of(test: str) -> str:
    """Return the name of a test's function."""
    return test.split("::")[-1].split("[")[0]


def run(tests: Sequence[str], place: Path) -> Outcome:
    """Run tests in a copy of the project."""
    report = place / "report.xml"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-q", "--no-skips", "-p", "no:cacheprovider", f"--junitxml={report}"]
    # Programs that tests start import the copy, too. Bytecode is not kept: Python takes it for current if a file was
    # changed within the same second and its size is the same.
    environment = os.environ | {"PYTHONPATH": str(place), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        ended = subprocess.run(
            [*command, *tests], cwd=place, env=environment, capture_output=True, text=True, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        return Outcome(set(), set(), f"The tests did not end within {SECONDS} s.")
    said = "\n".join((ended.stdout + ended.stderr).splitlines()[-20:])
    if not report.exists():
        return Outcome(set(), set(), f"{said}\npytest ended with code {ended.returncode} and no report.")
    cases = list(ElementTree.parse(report).iter("testcase"))
    failed = {name_of(case.get("name", "")) for case in cases if case.find("failure") is not None}
    # A test that was skipped, or whose fixtures failed, shows nothing.
    unused = {name_of(case.get("name", "")) for case in cases if len(case) and case.find("failure") is None}
    return Outcome(failed, {name_of(case.get("name", "")) for case in cases} - failed - unused, said)


def is_caught(guard: Guard, place: Path) -> tuple[bool, str]:
    """Run a guard's tests without it; return whether each of them failed, and the last lines of the run."""
    path = place / guard.file
    original = path.read_text(encoding="utf-8")
    path.write_text(guard.removed_from(original), encoding="utf-8")
    try:
        outcome = run(guard.tests, place)
    finally:
        path.write_text(original, encoding="utf-8")
    return set(map(name_of, guard.tests)) <= outcome.failed, outcome.said


def passing(tests: Sequence[str], place: Path) -> set[str]:
    """Run tests with all guards in place, file by file; return the names of those that pass."""
    found: set[str] = set()
    for file, group in groupby(sorted(set(tests)), lambda test: test.split("::")[0]):
        names = list(group)
        outcome = run(names, place)
        found |= outcome.passed
        print(f"With all guards: {len(outcome.passed)} of {len(set(map(name_of, names)))} pass in {file}", flush=True)
        if set(map(name_of, names)) != outcome.passed:
            print(outcome.said, flush=True)
    return found


def check(chosen: Sequence[Guard], place: Path) -> int:
    """Check guards in a copy of the project; return the exit code."""
    unchanged = passing([test for guard in chosen for test in guard.tests], place)
    missed = []
    for number, guard in enumerate(chosen, 1):
        if set(map(name_of, guard.tests)) <= unchanged:
            caught, said = is_caught(guard, place)
        else:
            caught, said = False, "Its test does not pass with the guard in place either."
        print(f"[{number}/{len(chosen)}] {guard.id}: {'caught' if caught else 'NOT caught'}", flush=True)
        if not caught:
            missed.append(guard.id)
            print(said, flush=True)
    print(f"{len(chosen) - len(missed)} of {len(chosen)} caught")
    if missed:
        print(f"Not caught: {', '.join(missed)}")
    return len(missed) > 0


def main(ids: Sequence[str]) -> int:
    known = {guard.id: guard for guard in guards()}
    if unknown := [id for id in ids if id not in known]:
        print(f"No guard is named {', '.join(unknown)}. They are in {LIST.relative_to(ROOT)}.", file=sys.stderr)
        return 2
    chosen = [known[id] for id in ids] or list(known.values())
    with tempfile.TemporaryDirectory(prefix="guards-") as folder:
        # The workers, which are other users, read the packages in it.
        Path(folder).chmod(0o755)
        for name in COPIED:
            source, target = ROOT / name, Path(folder) / name
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, target)
        return check(chosen, Path(folder))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        print("\nStopped. Nothing was changed.", file=sys.stderr)
        sys.exit(130)
