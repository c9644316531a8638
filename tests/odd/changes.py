"""Odd notebooks: a right one, and what learners and their tools do to its cells.

A change works on a list of `Odd` cells, which know what they are, however they look; so the oracle need not ask the
code that is tested.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

NbCell = dict[str, Any]


@dataclass(frozen=True)
class Odd:
    """`tests` are the grade_ids of the tests that belong here, `answers` is the exercise of which the cell has the
    answer, or a part. `is_course` says whether the text is the course's."""

    cell: NbCell
    is_course: bool = False
    tests: tuple[str, ...] = ()
    answers: str = ""

    @property
    def source(self) -> str:
        return str(self.cell["source"])

    @property
    def is_locked(self) -> bool:
        return bool(self.cell["metadata"].get("nbgrader", {}).get("locked"))

    def made(self, source: str, id: str, **changes: Any) -> Odd:
        """Return a cell of the learner's with another text, a new id and the same metadata."""
        cell = copy.deepcopy(self.cell) | {"source": source, "id": id}
        return replace(self, cell=cell, is_course=False, **changes)


@dataclass
class Workbench:
    """A notebook that is being changed. `stubs` and `wrong` have other texts for each exercise."""

    cells: list[Odd]
    stubs: Mapping[str, str]
    wrong: Mapping[str, str]
    rng: Random
    done: list[str] = field(default_factory=list)
    _count: int = 0

    def new_id(self) -> str:
        self._count += 1
        return f"new-{self._count}"

    def pick(self, wanted: Callable[[Odd], bool]) -> int | None:
        places = [place for place, cell in enumerate(self.cells) if wanted(cell)]
        return self.rng.choice(places) if places else None

    def anywhere(self) -> int:
        return self.rng.randint(0, len(self.cells))


def _is_written(cell: Odd) -> bool:
    return not cell.is_course and cell.cell["cell_type"] == "code" and not cell.tests


def _is_answer(cell: Odd) -> bool:
    return bool(cell.answers) and _is_written(cell)


def split(bench: Workbench, place: int) -> None:
    """As JupyterLab does: all parts keep the metadata, the last keeps the id."""
    cell = bench.cells[place]
    lines = [at for at, sign in enumerate(cell.source) if sign == "\n"]
    if not lines:
        return
    at = bench.rng.choice([*lines, bench.rng.randint(0, len(cell.source))])
    first, last = (part.strip("\n") for part in (cell.source[:at], cell.source[at:]))
    bench.cells[place : place + 1] = [cell.made(first, bench.new_id()), cell.made(last, cell.cell["id"])]


def split_between_definitions(bench: Workbench, place: int) -> None:
    """A helper is taken out of the answer, in a cell of its own with the same mark."""
    cell = bench.cells[place]
    id = bench.new_id().replace("-", "_")
    helper = f"def keep_{id}(value):\n    return value"
    used = cell.source + f"\n\n\n{cell.answers} = keep_{id}({cell.answers})"
    parts = [cell.made(helper, bench.new_id()), cell.made(used, cell.cell["id"])]
    bench.cells[place : place + 1] = parts


def merge(bench: Workbench, place: int) -> None:
    """As JupyterLab does: the metadata of one of the two, a new id."""
    if place + 1 >= len(bench.cells):
        return
    one, other = bench.cells[place : place + 2]
    if one.cell["cell_type"] != "code" or other.cell["cell_type"] != "code":
        return
    main = bench.rng.choice([one, other])
    both = main.made(f"{one.source}\n{other.source}", bench.new_id(), tests=(*one.tests, *other.tests))
    bench.cells[place : place + 2] = [replace(both, answers=one.answers or other.answers)]


def stub_left(bench: Workbench, place: int) -> None:
    cell = bench.cells[place]
    copy_ = replace(cell.made(bench.stubs[cell.answers], bench.new_id()), is_course=True)
    bench.cells.insert(place + bench.rng.randint(0, 1), copy_)


def wrong_attempt(bench: Workbench, place: int) -> None:
    cell = bench.cells[place]
    bench.cells.insert(place + bench.rng.randint(0, 1), cell.made(bench.wrong[cell.answers], bench.new_id()))


def wrong_attempt_anywhere(bench: Workbench, place: int) -> None:
    cell = bench.cells[place]
    bench.cells.insert(bench.anywhere(), cell.made(bench.wrong[cell.answers], bench.new_id()))


def copied(bench: Workbench, place: int) -> None:
    """Pasted somewhere, by a tool that gives a new id or by one that does not."""
    cell = bench.cells[place]
    id = bench.rng.choice([bench.new_id(), cell.cell["id"]])
    bench.cells.insert(bench.anywhere(), replace(cell.made(cell.source, id), is_course=cell.is_course))


def moved(bench: Workbench, place: int) -> None:
    cell = bench.cells.pop(place)
    bench.cells.insert(bench.anywhere(), cell)


def unmarked(bench: Workbench, place: int) -> None:
    cell = bench.cells[place]
    metadata = {name: value for name, value in cell.cell["metadata"].items() if name != "nbgrader"}
    id = bench.rng.choice([cell.cell["id"], bench.new_id()])
    bench.cells[place] = replace(cell, cell=cell.cell | {"metadata": metadata, "id": id})


def tagged(bench: Workbench, place: int) -> None:
    cell = bench.cells[place]
    tags = bench.rng.choice([["experiment"], [], ["mine"]])
    bench.cells[place] = replace(cell, cell=cell.cell | {"metadata": cell.cell["metadata"] | {"tags": tags}})


def turned_into_text(bench: Workbench, place: int) -> None:
    cell = bench.cells[place]
    kind = bench.rng.choice(["markdown", "raw"])
    made = {name: value for name, value in cell.cell.items() if name not in ("outputs", "execution_count")}
    bench.cells[place] = replace(cell, cell=made | {"cell_type": kind})


def own_cell(bench: Workbench, place: int) -> None:
    id = bench.new_id()
    texts = [
        f"scratch_{id[4:]} = np.linspace(0, 1, 5)",
        "%matplotlib inline\nx = 1",
        "1 / 0",
        "for place in range(3:",
        "# only a comment",
        "np.random.seed(1)\nfor t in range(3):\n    w = t",
        "%%timeit -n1 -r1\nsum(range(10))",
    ]
    cell = {"cell_type": "code", "id": id, "metadata": {}, "outputs": [], "execution_count": None}
    bench.cells.insert(place, Odd(cell | {"source": bench.rng.choice(texts)}))


def answer_elsewhere(bench: Workbench, place: int) -> None:
    """The answer is written into another cell, above or below the one for it, in which something else is left."""
    cell = bench.cells[place]
    host = bench.pick(lambda one: one.cell["cell_type"] == "code" and one is not cell)
    if host is None:
        return
    left = bench.rng.choice(["", "# see elsewhere", bench.stubs[cell.answers]])
    other = bench.cells[host]
    text = bench.rng.choice([f"{other.source}\n\n{cell.source}", f"{cell.source}\n\n{other.source}"])
    bench.cells[host] = other.made(text, other.cell["id"])
    bench.cells[place] = cell.made(left, cell.cell["id"])


def helper_elsewhere(bench: Workbench, place: int) -> None:
    """What the answer uses is written into the set-up cell, an experiment, a figure or a test."""
    cell = bench.cells[place]
    name = f"help_{bench.new_id()[4:]}"
    host = bench.pick(lambda one: one.cell["cell_type"] == "code" and one is not cell)
    if host is None:
        return
    other = bench.cells[host]
    bench.cells[host] = other.made(f"{other.source}\n{name} = lambda value: value", other.cell["id"])
    used = f"{cell.source}\n_{name} = {cell.answers}\n\n\ndef {cell.answers}(*args, **named):\n"
    bench.cells[place] = cell.made(used + f"    return {name}(_{name})(*args, **named)", cell.cell["id"])


def edited(bench: Workbench, place: int) -> None:
    cell = bench.cells[place]
    more = bench.rng.choice(["\nedited = 1", "\n# mine", "\n1 / 0", " "])
    bench.cells[place] = cell.made(cell.source + more, cell.cell["id"])


def deleted_later(bench: Workbench, place: int) -> None:
    cell = {"cell_type": "code", "id": bench.new_id(), "metadata": {}, "outputs": [], "execution_count": None}
    bench.cells.insert(bench.anywhere(), Odd(cell | {"source": f"del {bench.cells[place].answers}"}))


def timed(bench: Workbench, place: int) -> None:
    cell = bench.cells[place]
    bench.cells[place] = cell.made("%%time\n" + cell.source, cell.cell["id"])


def _is_code(cell: Odd) -> bool:
    return cell.cell["cell_type"] == "code"


def _is_free(cell: Odd) -> bool:
    return not cell.tests and not cell.is_locked


CHANGES: list[tuple[Callable[[Workbench, int], None], Callable[[Odd], bool]]] = [
    (split, _is_written),
    (split_between_definitions, _is_answer),
    (merge, _is_code),
    (stub_left, _is_answer),
    (wrong_attempt, _is_answer),
    (wrong_attempt_anywhere, _is_answer),
    (copied, _is_code),
    (moved, _is_free),
    (moved, lambda cell: True),
    (unmarked, _is_free),
    (unmarked, lambda cell: bool(cell.tests) and cell.is_course),
    (tagged, _is_free),
    (turned_into_text, _is_answer),
    (own_cell, lambda cell: True),
    (answer_elsewhere, _is_answer),
    (helper_elsewhere, _is_answer),
    (edited, _is_code),
    (deleted_later, _is_answer),
    (timed, _is_answer),
]


def change(bench: Workbench) -> None:
    """Make one change somewhere, if there is a cell for it."""
    act, wanted = bench.rng.choice(CHANGES)
    place = bench.pick(wanted)
    if place is not None:
        bench.done.append(f"{act.__name__} of cell {place}")
        act(bench, place)
