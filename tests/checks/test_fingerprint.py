"""Fingerprints: a hidden key that was made for another version of the checks is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from course_utils.checks import KeyProblem, check_hidden, fingerprint, probes
from course_utils.checks.hidden import _hidden_file
from course_utils.checks.probe import exercises
from tests.checks.conftest import scaled

PROBES = "course_utils.checks.probes"
SOURCE = '''"""What the module is."""

# A comment
import numpy as np  # and one beside code


def probe(trial, rng, *, text="# no comment"):
    """What it asks."""
    f"{rng!r:>{4}} # no comment" """no docstring"""
    return trial


class Made:
    "Nothing else."

    x = """
    # no comment
"""
'''
BARE = '''import numpy as np
def probe(trial, rng, *, text="# no comment"):
    f"{rng!r:>{4}} # no comment" """no docstring"""
    return trial
class Made:
    x = """
    # no comment
"""'''


def test_comments_docstrings_and_blank_lines_do_not_count() -> None:
    # Computed from the text, so that it does not depend on the version of Python.
    assert fingerprint.bare(SOURCE) == BARE


Rewrite = Callable[[str, str], str]


@pytest.fixture
def rewrite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rewrite:
    """Return a function that edits a copy of a probe module, and returns its fingerprint."""
    path = tmp_path / "made_for_stamps.py"
    path.write_text("import numpy as np\nfrom course_utils.data.served import ServedDigits\n\nseed = 1  # why\n")
    monkeypatch.setattr(probes, "__path__", [*probes.__path__, str(tmp_path)])

    def edited(old: str, new: str) -> str:
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))
        fingerprint.fingerprint.cache_clear()
        return fingerprint.fingerprint(f"{PROBES}.made_for_stamps")

    return edited


def test_a_stamp_follows_the_code_of_its_probe(rewrite: Rewrite) -> None:
    before = rewrite("why", "because")
    assert before.startswith(f"{PROBES}.made_for_stamps:")
    assert rewrite("  # because", "\n\n") == before
    assert rewrite("seed = 1", "seed = 2") != before


@pytest.mark.parametrize(
    "module", ["course_utils.checks.recorder", "course_utils.checks.values", "course_utils.data.real"]
)
def test_a_stamp_follows_what_decides_with_the_probe(
    module: str, rewrite: Rewrite, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, source = rewrite("why", "because"), fingerprint._source
    monkeypatch.setattr(fingerprint, "_source", lambda name: source(name) + ("\nx = 1\n" if name == module else ""))
    assert rewrite("because", "why") != before


def test_every_exercise_has_the_stamp_of_its_own_module() -> None:
    asked = {name: next(iter(one.parts.values())).__module__ for name, one in exercises().items()}
    # The probe of a function, and a question.
    assert (asked["sgd_step"], asked["rmsprop_first_step"]) == (
        f"{PROBES}.learning_rate_decay",
        f"{PROBES}.adaptive_optimizers",
    )
    assert all(fingerprint.fingerprint(module) for module in asked.values())


def test_no_probe_is_imported_for_a_fingerprint() -> None:
    program = (
        "import sys; from course_utils.checks.fingerprint import fingerprint\n"
        f"assert fingerprint('{PROBES}.capstone')\n"
        f"assert not [name for name in sys.modules if name.startswith('{PROBES}.')]"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize(
    "made", [None, "", 3, "no.such.module:0123456789abcdef", f"{PROBES}.start_here:0123456789abcdef"]
)
def test_a_key_for_other_questions_is_refused_in_one_sentence(made: object, hidden: Path) -> None:
    data = json.loads(hidden.read_text())
    check_hidden("scaled", scaled)
    data["exercises"]["scaled"][fingerprint.FINGERPRINT] = made
    hidden.write_text(json.dumps(data))
    _hidden_file.cache_clear()
    with pytest.raises(KeyProblem, match=r"checks of scaled: .*`course key --again`, which keeps its secret") as told:
        check_hidden("scaled", scaled)
    assert "\n" not in str(told.value)


def test_a_key_from_before_stamps_is_refused_and_few_exercises_are_named() -> None:
    with pytest.raises(KeyProblem, match=r"of a, b, c and 2 more: correct answers would fail"):
        fingerprint.require_current({name: {"format": 1} for name in "abcde"})
    fingerprint.require_current({})
