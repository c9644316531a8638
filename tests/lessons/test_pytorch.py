"""The section "The same in PyTorch" of each lesson: run with PyTorch and the references, and without PyTorch."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest
import torch

from course_grader.authoring.lesson import Lesson, read_lesson
from course_grader.authoring.lesson_cells import LessonCell
from course_grader.authoring.reference import execute, namespace
from course_utils import pytorch
from tests.lessons.conftest import LESSONS

HEADING = re.compile(r"^## \d+\. The same in PyTorch$", re.MULTILINE)
PRINTED = re.compile(r"the cell prints this:\n\n```\n(.*?)\n```", re.DOTALL)
# Central differences and `clip_grad_norm_` are inexact by design; PyTorch keeps one number of NAdam in float32.
SIX_DIGITS = {
    "clip_grad_norm_(max_norm=1.0)", "NAdam()", "backward(), beside numerical_gradient",
    "autograd.functional.hessian, beside yours", "30 losses", "weights of the first layer",
}  # fmt: skip
SECTIONS = [
    name for name, folder in sorted(LESSONS.items()) if "compare_with_torch" in (folder / "lesson.py").read_text()
]


@pytest.fixture(params=SECTIONS, scope="module")
def lesson(request: pytest.FixtureRequest) -> Lesson:
    return read_lesson(LESSONS[request.param])


def test_each_lesson_of_the_course_on_networks_has_a_section() -> None:
    assert {"00b", "01", "02a", "02b", "03", "04", "05", "06", "07a", "07b", "08"} <= {
        name.split("_")[0] for name in SECTIONS
    }


def section(lesson: Lesson) -> tuple[LessonCell, str]:
    """Return the cell that compares, and the text after it."""
    (place,) = [i for i, cell in enumerate(lesson.cells) if "@compare_with_torch" in cell.source]
    assert HEADING.search(lesson.cells[place - 1].source)
    return lesson.cells[place], lesson.cells[place + 1].source


def compared(lesson: Lesson, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, tuple[Any, Any]]:
    """Run the cell with the references, and return the pairs that it compares."""
    pairs: dict[str, tuple[Any, Any]] = {}
    agreement = pytorch.agreement

    def kept(ours: Any, theirs: Any) -> str:
        pairs[str(len(pairs))] = (ours, theirs)
        return agreement(ours, theirs)

    monkeypatch.setattr(pytorch, "agreement", kept)
    monkeypatch.delenv(pytorch.WITHOUT_TORCH, raising=False)
    cell, _ = section(lesson)
    execute(lesson, cell, cell.source, namespace(lesson))
    return pairs


def rows(text: str) -> Iterator[tuple[str, str, float]]:
    """Yield from what a cell prints the name of each row, how it agrees, and the largest difference."""
    for line in text.strip().split("\n"):
        found = re.fullmatch(r"(.*?)  +(the same(?: to 6 digits)?|differs by up to) ?(\S*)", line)
        assert found, line
        yield found[1], found[2], float(found[3] or 0)


def test_each_row_agrees_as_the_text_says(
    lesson: Lesson, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs = list(compared(lesson, monkeypatch).values())
    printed = list(rows(capsys.readouterr().out))
    shown = PRINTED.search(section(lesson)[1])
    assert shown
    # The size of a difference may depend on the machine in its last digits; whether there is one does not.
    expected = list(rows(shown[1]))
    assert [row[:2] for row in printed] == [row[:2] for row in expected]
    np.testing.assert_allclose([row[2] for row in printed], [row[2] for row in expected], rtol=0.2)
    for (name, how, _), (ours, theirs) in zip(printed, pairs, strict=True):
        ours, theirs = (np.asarray(pytorch._detached(result), dtype=float) for result in (ours, theirs))
        near = 1e-6 if name in SIX_DIGITS else 1e-10
        size = max(np.abs(ours).max(), np.abs(theirs).max())
        same = bool(np.abs(ours - theirs).max() <= near * size)
        assert same is not name.startswith("trap: "), (name, how)


def test_without_pytorch_one_kind_sentence_is_printed(
    lesson: Lesson, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pytorch, "import_module", missing)
    monkeypatch.delenv(pytorch.WITHOUT_TORCH, raising=False)
    cell, _ = section(lesson)
    # Nothing but the set-up: no function of the learner's is called.
    names: dict[str, Any] = {"np": np}
    execute(lesson, cell, cell.source, names)
    assert capsys.readouterr().out == pytorch.MISSING + "\n"


def test_the_sites_build_runs_them_without_pytorch(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(pytorch.WITHOUT_TORCH, "1")

    def compare(torch: Any) -> Mapping[str, tuple[Any, Any]]:
        raise AssertionError("PyTorch was asked for.")

    assert pytorch.compare_with_torch(compare) is compare
    assert capsys.readouterr().out == pytorch.MISSING + "\n"


def missing(name: str) -> Any:
    raise ModuleNotFoundError(name)


def broken(name: str) -> Any:
    raise OSError("a library of PyTorch can't be loaded")


@pytest.mark.parametrize("importing", [missing, broken])
def test_a_pytorch_that_cannot_be_loaded_is_missing(
    importing: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pytorch, "import_module", importing)
    monkeypatch.delenv(pytorch.WITHOUT_TORCH, raising=False)
    pytorch.compare_with_torch(lambda torch: {"never": (0, 1)})
    assert capsys.readouterr().out == pytorch.MISSING + "\n"


@pytest.mark.parametrize(
    ("ours", "theirs", "how"),
    [
        ([1.0, 2.0], [1.0, 2.0], "the same"),
        ([1.0, 2.0], [1.0, 2.0 + 1e-11], "the same"),
        ([1.0, 2.0], [1.0, 2.0 + 1e-9], "the same to 6 digits"),
        ([1.0, 2.0], [1.0, 2.0 + 1e-5], "differs by up to 1e-05"),
        ([1.0, 2.0], [1.0, 2.25], "differs by up to 0.25"),
        (0.0, 0.0, "the same"),
        (np.ones(2), torch.ones(2, requires_grad=True), "the same"),
    ],
)
def test_how_far_two_results_agree(ours: Any, theirs: Any, how: str) -> None:
    assert pytorch.agreement(ours, theirs) == how


def test_results_of_two_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(2,\), PyTorch's \(2, 1\)"):
        pytorch.agreement(np.ones(2), np.ones((2, 1)))


# What the lessons say of PyTorch's classes: `Adagrad`, `eps=1e-10`, or `Adam(betas=(0.9, 0.999))`.
DEFAULTS: dict[Any, dict[str, Any]] = {
    torch.optim.Adagrad: {"eps": 1e-10, "initial_accumulator_value": 0},
    torch.optim.RMSprop: {"alpha": 0.99, "momentum": 0},
    torch.optim.Adam: {"betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0},
    torch.optim.AdamW: {"weight_decay": 0.01},
    torch.optim.SGD: {"dampening": 0, "nesterov": False},
    torch.optim.LBFGS: {"lr": 1, "max_iter": 20, "line_search_fn": None},
    torch.optim.lr_scheduler.StepLR: {"gamma": 0.1},
    torch.optim.lr_scheduler.ReduceLROnPlateau: {"threshold": 1e-4, "factor": 0.1},
    torch.nn.BatchNorm1d: {"momentum": 0.1, "eps": 1e-5},
    torch.nn.functional.dropout: {"training": True},
    torch.utils.data.DataLoader: {"shuffle": None, "drop_last": False},
}


@pytest.mark.parametrize("named", DEFAULTS, ids=lambda named: named.__name__)
def test_the_defaults_are_those_that_the_lessons_name(named: Any) -> None:
    parameters = inspect.signature(named).parameters
    assert {name: parameters[name].default for name in DEFAULTS[named]} == DEFAULTS[named]


def test_every_name_of_pytorch_in_the_two_tables_exists() -> None:
    known: dict[str, Any] = {}
    for module in (torch.optim, torch.optim.lr_scheduler, torch.nn, torch.nn.utils, torch.utils.data):
        known |= vars(module)
    for number, at_least in (("06", 6), ("08", 6)):
        (name,) = [name for name in SECTIONS if name.startswith(number)]
        _, text = section(read_lesson(LESSONS[name]))
        cells = [line.split("|")[2] for line in text.split("\n") if line.startswith("| ")][2:]
        calls = [call for cell in cells for call in re.findall(r"`([A-Z]\w+\(?.*?)`", cell)]
        assert len(calls) >= at_least
        for call in calls:
            tree = ast.parse(call, mode="eval").body
            function = tree.func if isinstance(tree, ast.Call) else tree
            assert isinstance(function, ast.Name)
            parameters = inspect.signature(known[function.id]).parameters
            keywords = [word.arg for word in tree.keywords] if isinstance(tree, ast.Call) else []
            assert set(keywords) <= set(parameters), call
