"""A disguised copy is found, independent right answers are not."""

from __future__ import annotations

import ast
import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from course_grader.authoring.lesson import read_lesson
from course_grader.engine.notebook.teacher_notebook import TeacherNotebook
from course_grader.similar.fragments import fragments
from course_grader.similar.pairs import Answers, similar_pairs
from course_grader.similar.render_pairs import similar_page
from course_grader.similar.table import show_pairs

ROOT = Path(__file__).parents[2]
LESSON = "01_learning_rate_decay"
PAPER = TeacherNotebook.read(ROOT / "solutions" / LESSON / f"{LESSON}.ipynb")
ORIGINAL = '''def plateau_decay(lr0, losses, factor=0.5, patience=3):
    """Return the rate."""
    record = float("inf")
    waited, lr = 0, lr0
    for value in list(losses):
        improved = record - value > 0
        record = value if improved else record
        waited = 0 if improved else waited + 1
        # three strikes
        lr, waited = (lr * factor, 0) if waited >= patience else (lr, waited)
    return lr
'''
# The same under other names, in another order, on other lines.
COPY = """def plateau_decay(lr0, losses, factor=0.5, patience=3):
    rate, count = lr0, 0
    lowest = float("inf")
    for loss in list(losses):
        better = lowest - loss > 0

        count = 0 if better else count + 1
        lowest = loss if better else lowest
        rate, count = ((rate * factor), 0) if count >= patience else (rate, count)
    return rate
"""


@pytest.fixture(scope="module")
def independent() -> dict[str, Answers]:
    """Sixty students who all answered rightly, each in a way of the bank."""
    lesson, rng = read_lesson(ROOT / "lessons" / LESSON), np.random.default_rng(0)
    ways = {name: [cell.without_markers()] for name, cell in lesson.answers.items()}
    for other in lesson.alternatives:
        ways[other.exercise].append(other.source)
    return {
        f"student{i}": {name: sources[rng.integers(len(sources))] for name, sources in ways.items()} for i in range(60)
    }


def test_a_renamed_and_reordered_copy_is_at_the_top(independent: dict[str, Answers]) -> None:
    answers = dict(independent)
    answers["student7"] = {**answers["student7"], "plateau_decay": ORIGINAL}
    answers["student31"] = {**answers["student31"], "plateau_decay": COPY}
    first, *others = similar_pairs(answers, [PAPER.stubs, PAPER.solutions])
    assert first.students == ("student7", "student31")
    assert first.common[0].exercise == "plateau_decay"
    assert first.share > 0.5
    assert all(pair.weight < first.weight / 2 for pair in others)
    assert ORIGINAL.split("\n")[8] == "        # three strikes"
    assert 9 not in first.common[0].lines[0]
    assert {6, 7, 10} <= first.common[0].lines[0]


def test_independent_right_answers_are_not_found(independent: dict[str, Answers]) -> None:
    assert all(pair.weight < 6 for pair in similar_pairs(independent, [PAPER.stubs, PAPER.solutions]))


def test_what_was_handed_out_or_is_public_does_not_count() -> None:
    two = {"a": dict(PAPER.solutions), "b": dict(PAPER.solutions)}
    assert similar_pairs(two, [PAPER.solutions]) == []
    assert similar_pairs(two, [])
    assert similar_pairs({"a": PAPER.stubs, "b": PAPER.stubs}, [PAPER.stubs]) == []


def test_what_many_have_does_not_count() -> None:
    crowd = {f"student{i}": {"plateau_decay": ORIGINAL} for i in range(6)}
    assert similar_pairs(crowd, []) == []
    assert len(similar_pairs({name: crowd[name] for name in list(crowd)[:5]}, [])) == 10


@pytest.mark.parametrize("most", [1, 3])
def test_no_more_pairs_than_asked(most: int) -> None:
    crowd = {f"student{i}": {"plateau_decay": ORIGINAL} for i in range(5)}
    assert len(similar_pairs(crowd, [], most=most)) == most


def test_names_layout_and_docstrings_change_no_fragment() -> None:
    renamed = ORIGINAL.replace("record", "best").replace("waited", "n").replace('    """Return the rate."""\n', "")
    assert set(fragments(renamed)) == set(fragments(ORIGINAL))
    assert set(fragments(ast.unparse(ast.parse(ORIGINAL)))) == set(fragments(ORIGINAL))
    assert set(fragments(ORIGINAL.replace("value > 0", "value < 0"))) != set(fragments(ORIGINAL))


def test_constants_and_words() -> None:
    one, other = "y = 3 * x + 4 * x", "y = 5 * x + 6 * x"
    assert set(fragments(one)) != set(fragments(other))
    assert set(fragments(one, constants=False)) == set(fragments(other, constants=False))
    assert "words this is mine" in fragments("x = 1  # This is mine.")
    assert fragments("raise ValueError('must not be negative')")["words must not be negative"] == {1}


def test_a_number_too_long_for_decimal_hides_no_answer() -> None:
    copied = "def f(w, g):\n    kept = w - 2 * g\n    return kept * w + g\n"
    padded = copied.replace("def f(w, g):\n", f"def f(w, g):\n    unused = 0x{'f' * 5000}\n")
    assert fragments(copied).keys() <= fragments(padded).keys()


@pytest.mark.parametrize("source", ["def f(:", "(" * 500, "x = '\x00'", "-" * 60_000 + "1", ""])
def test_what_cannot_be_read_has_no_fragments(source: str) -> None:
    assert fragments(source) == {}


def test_the_page_escapes_and_marks(independent: dict[str, Answers]) -> None:
    name, script = "<img src=x onerror=1>", "</pre><script>window.ran=1</script>"
    source = ORIGINAL + f"x = {script!r}\n"
    pairs = similar_pairs({name: {"plateau_decay": source}, "b": {"plateau_decay": source}}, [])
    page = similar_page(pairs, PAPER, 2)
    assert "<img" not in page
    assert "<script" not in page
    assert "&lt;img src=x" in page
    assert page.count("<mark>") >= 16
    assert "not verdicts" in page


def test_the_table_prints_names_as_they_are() -> None:
    text = io.StringIO()
    pairs = similar_pairs({"[red]a": {"plateau_decay": ORIGINAL}, "b": {"plateau_decay": COPY}}, [])
    show_pairs("01", pairs, console=Console(file=text, width=100))
    assert "[red]a and b" in text.getvalue()
    assert "not verdicts" in text.getvalue()
    show_pairs("01", [], console=Console(file=text, width=100))
    assert "no two students" in text.getvalue()


def test_students_are_shown_by_their_names_if_these_are_known() -> None:
    pairs = similar_pairs({"a1": {"plateau_decay": ORIGINAL}, "b2": {"plateau_decay": COPY}}, [])
    page = similar_page(pairs, PAPER, 2, {"b2": "Byron & Co, Ada (b2)"})
    assert page.count("a1 and Byron &amp; Co, Ada (b2)") == 2
    assert "<h4>Byron &amp; Co, Ada (b2)</h4>" in page
    text = io.StringIO()
    show_pairs("01", pairs, {"b2": "Byron, Ada (b2)"}, Console(file=text, width=100))
    assert "a1 and Byron, Ada (b2)" in text.getvalue()
