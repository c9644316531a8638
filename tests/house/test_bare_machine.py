"""The README's first command on a machine with Python, make and git alone; `.ci/bare_machine` runs the others too."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HIDDEN = ("bwrap", "chromium", "google-chrome", "initdb", "postgres")
LOOK = f"""--version >/dev/null
for name in {" ".join(HIDDEN)}; do if command -v $name >/dev/null; then echo FOUND $name; fi; done
test -w "$HOME" && echo HOME has: $(ls "$HOME")
"""


# The script hides the programs in a namespace, which a machine without isolation may refuse.
@pytest.mark.needs("isolation")
def test_a_learner_on_a_bare_machine_needs_one_command() -> None:
    # A make that runs these tests must not pass its own options on.
    inherited = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    command = [str(ROOT / ".ci" / "bare_machine"), LOOK, "lab"]
    done = subprocess.run(command, env=inherited, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    lines = done.stdout.splitlines()
    assert [line for line in lines if line.startswith("FOUND")] == []
    assert "HOME has:" in lines
    assert "JupyterLab answers." in lines
    # A few lines, without pip's lines for each package; JupyterLab's own lines begin with its address.
    set_up = done.stdout.partition("Making .venv")[2].partition("http://")[0].splitlines()
    assert 1 < len(set_up) < 40, set_up
