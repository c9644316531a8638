"""Installs the course into the environment of this Python: `python .ci/install.py EXTRAS [OPTIONS OF PIP]`.

pip prints a line for each of some 150 packages. This prints one line at the start, a counter while pip works, and one
line at the end; all that pip said is in the file install.log of the environment, and its end is shown if pip fails.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

LAST_LINES = 25
# On a screen the counter moves on its own line; in a log, a line now and then is enough.
SECONDS_BETWEEN_LINES = 30
KINDS = {"lab": "what a learner needs", "lab,grader": "what a teacher needs"}


def main() -> None:
    extras, options = sys.argv[1], sys.argv[2:]
    log = Path(sys.prefix) / "install.log"
    start = time.monotonic()
    what = KINDS.get(extras, "all that tests need")
    print(
        f"Installing the course with {what} into {Path(sys.prefix).name}. This takes one to five minutes.", flush=True
    )
    pip = [sys.executable, "-m", "pip", "install", "--progress-bar=off", "--disable-pip-version-check"]
    status = run([*pip, *options, "--constraint", "requirements.lock", "--editable", f".[{extras}]"], log, start)
    if status:
        lines = log.read_text(errors="replace").splitlines()
        print("\n".join(lines[-LAST_LINES:]), file=sys.stderr)
        print(f"pip could not install the course. All that it said is in {log}.", file=sys.stderr)
        sys.exit(status)
    print(f"Installed in {duration(time.monotonic() - start)}.", flush=True)


def run(command: list[str], log: Path, start: float) -> int:
    """Run pip, write what it says into `log`, and count on the screen; return its exit code."""
    packages, shown = 0, time.monotonic()
    on_screen = sys.stdout.isatty()
    with (
        log.open("w") as file,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace") as pip,
    ):
        assert pip.stdout is not None
        for line in pip.stdout:
            file.write(line)
            packages += line.startswith("Collecting ")
            doing = (
                "copying them into place" if line.startswith("Installing collected") else f"{packages} packages found"
            )
            if on_screen or time.monotonic() - shown > SECONDS_BETWEEN_LINES:
                shown = time.monotonic()
                print(f"  {doing}, {duration(shown - start)}   ", end="\r" if on_screen else "\n", flush=True)
    if on_screen:
        print(" " * 60, end="\r")
    return pip.returncode


def duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


if __name__ == "__main__":
    main()
