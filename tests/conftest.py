"""How the tests are shared among processes, and which are skipped for lack of a tool."""

from __future__ import annotations

import os
import tomllib
from collections import Counter
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from course_utils.quick_start import skip_unused_grammar
from tests import commands, failures, kernels, tools

skip_unused_grammar()
commands.leave_out_what_no_test_needs()
kernels.fork_kernels(kernels.address)

# On a machine with much else to do, an example takes long, and nothing is wrong. In CI Hypothesis sees to that itself.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
if settings.get_current_profile_name() != "ci":
    settings.load_profile("busy")

# Tests run side by side, one process a core: more threads for linear algebra would only wait for each other. NumPy
# reads this when it is imported, and the kernels that tests start inherit it.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
# A notebook that a test runs would import PyTorch, which takes seconds; lessons/test_pytorch.py runs those cells.
os.environ.setdefault("COURSE_WITHOUT_TORCH", "1")

HERE = Path(tools.__file__).parent
# One site holds all lessons: its tests share it.
WHOLE = ("test_site.py",)
# A folder whose tests share one graded class.
SHARING = ("exports",)
# Long ones begin early, so that no process has one left when the others are done.
FIRST = ("test_site.py", "test_nbgrader_suite.py", "test_own.py", "test_term.py", "test_nbgrader.py", "test_running.py")


# Folders and files, and single tests as FILE::NAME.
SLOW = set(tomllib.loads((HERE / "slow.toml").read_text()))
# What grading at a level of isolation needs, which tests of the engine have as a parameter.
OF_LEVEL = {"namespaces": "isolation", "user": "root"}
LACKING = "for lack of "


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-skips", action="store_true", help="a skipped test makes the run fail")
    parser.addoption("--fast", action="store_true", help="leave out the tests that slow.toml names")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out what is slow before it is imported, for imports are half of what a quick run takes."""
    place = collection_path.relative_to(HERE).as_posix() if collection_path.is_relative_to(HERE) else ""
    return True if config.getoption("--fast") and place in SLOW else None


def is_slow(item: pytest.Item) -> bool:
    """Return whether slow.toml names a test, whatever its parameters are."""
    name = getattr(item, "originalname", None) or item.name
    return item.path.is_relative_to(HERE) and f"{item.path.relative_to(HERE).as_posix()}::{name}" in SLOW


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Group the tests for pytest-xdist by file and lesson: what a lesson's tests share is made once."""
    if config.getoption("--fast"):
        left_out = [item for item in items if is_slow(item)]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not is_slow(item)]
    # An address differs from process to process, and pytest-xdist then runs nothing at all.
    if unstable := [item.nodeid for item in items if " at 0x" in item.nodeid]:
        raise pytest.UsageError(f"The name of a test has an address in it; give it another id: {unstable[0]}")
    for item in items:
        params = getattr(getattr(item, "callspec", None), "params", {})
        lesson = next((params[name] for name in ("lesson", "graded", "desk", "suite", "half") if name in params), "")
        shared = item.path.parent.name if item.path.parent.name in SHARING else item.path.name
        item.add_marker(pytest.mark.xdist_group(f"{shared}-{'' if item.path.name in WHOLE else lesson}"))
        if item.path.parent.name == "engine" and (needed := OF_LEVEL.get(params.get("level", ""))):
            item.add_marker(pytest.mark.needs(needed))
    items.sort(key=lambda item: item.path.name not in FIRST)
    for item in items:
        for name in (name for mark in item.iter_markers("needs") for name in mark.args):
            if (tool := tools.tool(name)).missing:
                item.add_marker(pytest.mark.skip(reason=f"{LACKING}{name}. {tool.remedy}"))


def pytest_assertrepr_compare(config: pytest.Config, op: str, left: object, right: object) -> list[str] | None:
    """Say where two large values differ first; pytest's own words are for what is small, and for -vv."""
    return failures.explain(left, right) if op == "==" and config.get_verbosity() < 1 else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep what a failed test prints to a screen, but for -vv. CI has pytest print all, which can be megabytes."""
    report = yield
    if item.config.get_verbosity() < 1:
        failures.fit_on_screen(report)
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests were skipped for lack of which tool, and which command brings it."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = Counter(report.longrepr[2].removeprefix("Skipped: ") for report in skipped)
    for reason, count in sorted(reasons.items()):
        if reason.startswith(LACKING):
            terminalreporter.write_line(f"{count} {'test' if count == 1 else 'tests'} skipped {reason}", yellow=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if session.config.getoption("--no-skips") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
