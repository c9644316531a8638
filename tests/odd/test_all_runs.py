"""All that a student wrote runs, one kind of oddity at a time."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from course_grader import Assignment, Result, grade
from course_grader.authoring.lesson import read_lesson
from course_grader.authoring.trial_run import write_hidden_key
from course_grader.engine.notebook.plan import RunCell, plan
from course_utils.gather import gather
from course_utils.running import run_notebook
from course_utils.sources import CodeCell, collect
from course_utils.update import merge_notebooks
from tests.engine.conftest import LIMITS, Exam, grade_id_of, outcomes, printed
from tests.engine.test_nbgrader import ROOT, course, scores

NAME = "00_start_here"
MSE = "mean_squared_error"
RIGHT = f"def {MSE}(prediction, target):\n    return np.mean((prediction - target) ** 2)"
HELPER = "def difference(prediction, target):\n    return prediction - target"
ABOVE = f"def {MSE}(prediction, target):\n    return np.mean(difference(prediction, target) ** 2)"
Cells = list[dict[str, Any]]


def place_of(cells: Cells, grade_id: str) -> int:
    return next(place for place, cell in enumerate(cells) if grade_id_of(cell) == grade_id)


def released() -> dict[str, Any]:
    return dict(json.loads((ROOT / "notebooks" / NAME / f"{NAME}.ipynb").read_text()))


def with_parts(*sources: str) -> dict[str, Any]:
    """Return the released notebook with several cells that have the answer's mark, as JupyterLab makes them."""
    notebook = released()
    place = place_of(notebook["cells"], MSE)
    cell = notebook["cells"][place]
    parts = [copy.deepcopy(cell) | {"source": source, "id": f"part-{i}"} for i, source in enumerate(sources[:-1])]
    notebook["cells"][place : place + 1] = [*parts, cell | {"source": sources[-1]}]
    for one in notebook["cells"]:
        one["source"] = "".join(one["source"])
    return notebook


def stub() -> str:
    cells = released()["cells"]
    return "".join(cells[place_of(cells, MSE)]["source"])


ODD: dict[str, Callable[[], dict[str, Any]]] = {
    "the stub left above a copy": lambda: with_parts(stub(), RIGHT),
    "a wrong attempt above": lambda: with_parts(RIGHT.replace("** 2", ""), RIGHT),
    "split behind a helper": lambda: with_parts(HELPER, ABOVE),
    "split before a comment": lambda: with_parts(RIGHT, "# checked by hand"),
    "split before what it uses": lambda: with_parts(ABOVE, HELPER),
    "timed, and a stub above": lambda: with_parts(stub(), "%%time\n" + RIGHT),
}


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    key = tmp_path_factory.mktemp("start") / "course.key"
    write_hidden_key(key, [read_lesson(ROOT / "lessons" / NAME)], "a term")
    return Assignment.from_notebook(ROOT / "solutions" / NAME / f"{NAME}.ipynb", key)


@pytest.mark.needs("isolation")
@pytest.mark.parametrize("made", ODD.values(), ids=ODD)
def test_an_answer_in_several_cells_has_full_marks_and_stays(start: Assignment, made: Any) -> None:
    notebook = made()
    result = grade(notebook, start)
    assert result.score == result.max_score
    assert "2 cells with the grade_id 'mean_squared_error'" in result.notes[0]
    fresh, answers, _ = merge_notebooks(copy.deepcopy(notebook), released_cells())
    assert answers == 1
    after = grade(fresh, start)
    assert (after.score, after.notes) == (after.max_score, ())
    texts = [cell["source"] for cell in fresh["cells"]]
    assert all(cell["source"] in texts for cell in notebook["cells"] if cell["source"] != stub())


def released_cells() -> dict[str, Any]:
    notebook = released()
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
    return notebook


def test_a_kernel_and_the_command_agree(tmp_path: Path) -> None:
    notebook = ODD["split behind a helper"]()
    cells = notebook["cells"]
    # The test and the set-up are edited, as where a test was merged with something else.
    cells[place_of(cells, f"{MSE}_visible")]["source"] = "assert True"
    (tmp_path / f"{NAME}.ipynb").write_text(json.dumps(notebook))
    tests = run_notebook(tmp_path / f"{NAME}.ipynb", 60, lambda done, cells: None).tests
    assert [(test.grade_id, test.status) for test in tests] == [
        (f"{MSE}_visible", "passed"),
        (f"{MSE}_hidden", "hidden"),
    ]
    cells[place_of(cells, MSE) + 1]["source"] = ABOVE.replace("** 2", "")
    (tmp_path / f"{NAME}.ipynb").write_text(json.dumps(notebook))
    assert run_notebook(tmp_path / f"{NAME}.ipynb", 60, lambda done, cells: None).tests[0].status == "failed"


@pytest.mark.needs("isolation")
def test_nbgrader_autograde_gives_full_marks_and_shows_all_parts(tmp_path: Path) -> None:
    notebooks = ((f"student-{i}", nbformat.from_dict(made())) for i, made in enumerate(ODD.values()))
    folder = course(tmp_path / "course", read_lesson(ROOT / "lessons" / NAME), True, iter(list(notebooks)))
    assert {sum(one.values()) for one in scores(folder).values()} == {3.0}
    for place, made in enumerate(ODD.values()):
        shown = json.loads((folder / "autograded" / f"student-{place}" / NAME / f"{NAME}.ipynb").read_text())
        texts = ["".join(cell["source"]).strip() for cell in shown["cells"]]
        assert all(cell["source"].strip() in texts for cell in made()["cells"] if grade_id_of(cell) == MSE)
        [marked] = [cell for cell in shown["cells"] if grade_id_of(cell) == MSE]
        assert f"def {MSE}" in "".join(marked["source"])
        assert "NotImplementedError" not in "".join(marked["source"])


def test_gather_takes_what_the_kernel_has(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()
    (tmp_path / NAME / f"{NAME}.ipynb").write_text(json.dumps(ODD["split behind a helper"]()))
    capstone = tmp_path / "08_capstone" / "08_capstone.ipynb"
    capstone.parent.mkdir()
    shutil.copy(ROOT / "notebooks" / "08_capstone" / "08_capstone.ipynb", capstone)
    notebook = json.loads(capstone.read_text())
    [cell] = [cell for cell in notebook["cells"] if "descent" in cell["metadata"]]
    cell["metadata"]["descent"]["gathers"] = [MSE]
    capstone.write_text(json.dumps(notebook))
    assert gather(capstone).is_whole


WRONG = "def f():\n    return 0"
GATHERED: dict[str, list[tuple[str, str]]] = {
    "the last": [("f", WRONG), ("f", "def f():\n    return 1")],
    "below its mark": [("f", "raise NotImplementedError"), ("", "def f():\n    return 1")],
    "wrapped below": [("f", WRONG), ("", "def wrap(g):\n    return lambda: g() + 1"), ("", "f = wrap(f)")],
    "a later helper": [
        ("", "def h():\n    return 0"),
        ("f", "def f():\n    return h()"),
        ("", "def h():\n    return 1"),
        ("", "check('f', f)"),
        ("", "def h():\n    return 2"),
    ],
    "merged with its test": [
        ("f", "def f():\n    raise NotImplementedError"),
        ("", "def f():\n    return 1\ncheck('f', f)"),
    ],
    "deleted at last": [("f", "def f():\n    return 1"), ("", "del f")],
    "not what is only timed": [("f", "def f():\n    return 1"), ("", "%%timeit\ndef f():\n    return 2")],
}


@pytest.mark.parametrize("cells", GATHERED.values(), ids=GATHERED)
def test_gather_finds_the_definition_that_counts(cells: list[tuple[str, str]]) -> None:
    found = collect(["f"], [CodeCell("01_a", source, answers) for answers, source in cells], {})
    names: dict[str, Any] = {}
    exec(found.source, names)
    assert (names["f"](), found.problems) == (1, [])


def with_experiment(exam: Exam, text: str, changed: str, answer: str = "", **limits: Any) -> Result:
    """Grade the exam with an experiment of the teacher's before the answers, of which the student made another text."""
    solution = json.loads(exam.solutions.read_text())
    cell = {"cell_type": "code", "id": "try", "metadata": {"tags": ["experiment"]}, "outputs": []}
    folder = exam.solutions.parent / "experiment"
    folder.mkdir(exist_ok=True)
    written = solution | {"cells": [*solution["cells"][:1], cell | {"source": text}, *solution["cells"][1:]]}
    (folder / "exam.ipynb").write_text(json.dumps(written))
    assignment = Assignment.from_notebook(folder / "exam.ipynb", exam.key, LIMITS)
    limited = Exam(exam.lesson, assignment, exam.solutions, exam.key, exam.right, exam.released)
    cells = exam.changed({"sgd_step": answer} if answer else {})["cells"]
    return limited.grade(exam.right | {"cells": [cells[0], cell | {"source": changed}, *cells[1:]]}, **limits)


USES = "def sgd_step(w, grad, lr):\n    return w - lr * grad + zero"
TEXT = "zero = 0.0\nprint('RAN')"


@pytest.mark.needs("isolation")
@pytest.mark.parametrize(
    ("changed", "answer", "runs"),
    [(TEXT, "", False), (TEXT, USES, True), (TEXT + "\n\n", "", False), (TEXT + "\nmine = 1", "", True)],
)
def test_an_experiment_runs_if_it_is_needed_or_changed(exam: Exam, changed: str, answer: str, runs: bool) -> None:
    result = with_experiment(exam, TEXT, changed, answer)
    assert set(outcomes(result).values()) == {"passed"}
    assert ("RAN" in printed(result)) == runs


@pytest.mark.needs("isolation")
@pytest.mark.parametrize("tags", [[], ["experiment"]], ids=["plain", "experiment"])
def test_a_cell_of_the_teachers_runs_if_only_a_test_needs_it(exam: Exam, tmp_path: Path, tags: list[str]) -> None:
    """As where a teacher gives an answer, so that those who did not find it can go on."""
    given = "def sgd_step(w, grad, lr):\n    return w - lr * grad"
    cell = {"cell_type": "code", "id": "given", "metadata": {"tags": tags}, "source": given, "outputs": []}

    def with_it(notebook: dict[str, Any]) -> dict[str, Any]:
        place = place_of(notebook["cells"], "sgd_step") + 1
        return notebook | {"cells": [*notebook["cells"][:place], cell, *notebook["cells"][place:]]}

    (tmp_path / "exam.ipynb").write_text(json.dumps(with_it(json.loads(exam.solutions.read_text()))))
    assignment = Assignment.from_notebook(tmp_path / "exam.ipynb", exam.key, LIMITS)
    result = grade(with_it(exam.changed({"sgd_step": "# not found"})), assignment)
    assert set(outcomes(result).values()) == {"passed"}


ENDLESS = {
    "time": "while True: pass",
    "its process": "import os\nos._exit(1)",
    "memory": "zero = 0.0\nkept = np.ones(2_400_000_000 // 8)",
    "a hook": "def again(*_):\n    while True: pass\nget_ipython().events.register('pre_run_cell', again)",
}


@pytest.mark.needs("isolation")
@pytest.mark.parametrize("changed", ENDLESS.values(), ids=ENDLESS)
def test_an_experiment_that_takes_too_much_costs_only_what_needs_it(exam: Exam, changed: str) -> None:
    result = with_experiment(exam, TEXT, changed, USES, experiment_seconds=2.0, again_seconds=2.0)
    lost = outcomes(result)["sgd_step"]
    assert lost == ("passed" if "zero" in changed else "failed")
    assert {name for name, outcome in outcomes(result).items() if outcome != "passed"} <= {"sgd_step"}


@pytest.mark.needs("isolation")
def test_experiments_leave_the_other_cells_their_time(exam: Exam) -> None:
    endless = {"cell_type": "code", "metadata": {"tags": ["experiment"]}, "source": "while True: pass"}
    cells = [*(endless | {"id": f"try-{i}"} for i in range(20)), *exam.right["cells"]]
    result = exam.grade(
        exam.right | {"cells": cells},
        experiment_seconds=1.0, experiments_seconds=3.0, again_seconds=2.0, total_seconds=20.0,
    )  # fmt: skip
    assert set(outcomes(result).values()) == {"passed"}
    assert "the limit for all experiments together was reached before" in str(result.outputs[19])


@pytest.mark.needs("isolation")
def test_only_the_teachers_text_is_the_teachers(exam: Exam) -> None:
    # The same words and another program: the last line is within the loop now.
    text = "zero = 1.0\nfor one in ():\n    pass\nzero = 0.0"
    result = with_experiment(exam, text, text.replace("\nzero = 0.0", "\n    zero = 0.0"), USES)
    assert outcomes(result)["sgd_step"] == "failed"


@pytest.mark.needs("isolation")
def test_set_up_that_a_cell_above_undid_runs_again(exam: Exam) -> None:
    cell = {"cell_type": "code", "id": "above", "metadata": {}, "source": "np = None"}
    result = exam.grade(exam.right | {"cells": [cell, *exam.right["cells"]]})
    assert set(outcomes(result).values()) == {"passed"}
    harmless = [cell | {"source": "mine = 1"}, *exam.right["cells"]]
    sources = [step.source for step in plan(harmless, exam.assignment).steps if isinstance(step, RunCell)]
    assert exam.right["cells"][0]["source"] not in sources


@pytest.mark.needs("isolation")
def test_a_helper_in_a_set_up_or_test_cell_runs(exam: Exam) -> None:
    cells = exam.changed({"sgd_step": USES})["cells"]
    for host in ("imports", "exponential_decay_visible"):
        changed = copy.deepcopy(cells)
        one = changed[place_of(changed, host)]
        one["source"] = "zero = 0.0\ncheck = lambda *_: None\n" + one["source"]
        changed.sort(key=lambda cell: grade_id_of(cell) != host)
        result = exam.grade(exam.right | {"cells": changed})
        assert set(outcomes(result).values()) == {"passed"}
        assert any(f"cell {host!r} was edited" in note for note in result.notes)


@pytest.mark.needs("isolation")
def test_an_old_attempt_that_was_turned_into_text_stays_text(exam: Exam) -> None:
    cells = copy.deepcopy(exam.right["cells"])
    place = place_of(cells, "sgd_step")
    own = {"cell_type": "code", "id": "own", "metadata": {}, "source": cells[place]["source"]}
    cells[place] |= {"cell_type": "markdown", "source": "def sgd_step(*args):\n    return 0"}
    result = exam.grade(exam.right | {"cells": [cells[0], own, *cells[1:]]})
    assert outcomes(result)["sgd_step"] == "passed"


def test_more_text_than_is_read_as_python_changes_nothing(exam: Exam) -> None:
    filler = [
        {"cell_type": "code", "id": f"f-{i}", "metadata": {}, "source": f"# {i}\n" + "x = 1\n" * 1500}
        for i in range(80)
    ]
    cells = exam.right["cells"]
    few, many = (
        [step.source for step in plan([*cells, *more], exam.assignment).steps if isinstance(step, RunCell)]
        for more in ([], filler)
    )
    assert many == [*few, *(cell["source"] for cell in filler)]
