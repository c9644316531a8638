"""The linter finds hard-to-understand phrases, also across line ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / ".ci" / "wording.py"


def wording(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(SCRIPT), str(folder)], capture_output=True, text=True)


def test_the_project_says_it_plainly() -> None:
    checked = wording(ROOT)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize(
    ("place", "text", "line"),
    [
        ("docs/guide.md", "Grade it again.\n\nThen make it anew.\n", 3),
        ("README.md", "> A cell that never comes\n> to an end is stopped.\n", 1),
        ("course_grader/engine/new.py", "x = 1\n# Handed back: what the\n# worker made.\n", 2),
        ("course_grader/new.py", "# Started once\n# more.\n", 1),
        ("course_utils/checks/probes/new.py", '"""What stands\nin the table."""\n', 1),
        ("lessons/09_new/mistakes.py", "HINT = 'The test is at fault itself.'\n", 1),
        ("lessons/09_new/lesson.py", "# # New\n#\n# The caller is told so.\n", 3),
    ],
)
def test_a_phrase_is_named_with_its_line_and_a_better_one(place: str, text: str, line: int, tmp_path: Path) -> None:
    path = tmp_path / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    checked = wording(tmp_path)
    assert checked.returncode == 1
    assert checked.stdout.startswith(f"{place}:{line}: ")
    assert ": write " in checked.stdout


def test_words_that_only_contain_a_phrase_and_lines_that_say_so_pass(tmp_path: Path) -> None:
    text = "Recommend it. A hand backs away. Once, more came.\nSay it anew. <!-- wording: ignore -->\n"
    (tmp_path / "README.md").write_text(text, encoding="utf-8")
    assert wording(tmp_path).returncode == 0
