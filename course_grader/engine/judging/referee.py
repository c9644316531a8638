"""The referee: runs the teacher's set-up and test cells, in a namespace of its own.

Only the names that the reference's answer cells assign come from the submission, as functions that call the worker
or as plain data. Nothing else of the student's is ever visible to a test.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import io
import re
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import CodeType
from typing import Any

from course_grader.engine.judging import empty_comparisons
from course_grader.engine.judging.empty_comparisons import EmptyCompared, no_empty_comparisons
from course_grader.engine.judging.replay import ReplayCache
from course_grader.engine.judging.watchdog import Overdue, Watchdog
from course_grader.engine.judging.worker_session import MISSING, Stopped, WorkerSession
from course_grader.engine.judging.working_folder import WorkingFolder
from course_grader.engine.memory_limit import limited_growth
from course_grader.engine.notebook.assignment import Assignment, TeacherCell
from course_grader.engine.notebook.context import CellContext, EditedCells, contexts_of, gives
from course_grader.engine.notebook.plan import Plan, RunCell
from course_grader.engine.result import CellResult, Outcome
from course_grader.engine.rpc.channel import DeadlinePassed, WireError
from course_grader.engine.rpc.clean_text import clean
from course_utils.cells import blank_magics
from course_utils.checks import checking
from course_utils.checks.card import Card
from course_utils.checks.checking import CheckFailed, grading

DETAILS = 6000
SPOILING = "After this cell, no other cell finished: it changes how cells run. Grading went on without it."
UNDEFINED = "its cell does not define it"
TOO_MUCH = "What the test makes of it takes more memory than it may."
# Where the code of the grader and of the checks is.
OWN = Path(__file__).parents[2], Path(checking.__file__).parents[1]
# How IPython names a cell in the message of a syntax error.
IN_CELL = re.compile(r" \((?:<[^>]*>|\S*), line (\d+)\)$")


class Referee:
    """Grades one submission with one session. `on_cell` is called with the result of each test cell at once."""

    def __init__(
        self, assignment: Assignment, session: WorkerSession, cache: ReplayCache,
        on_cell: Callable[[CellResult], None] | None = None,
    ) -> None:  # fmt: skip
        self._assignment, self._session, self._cache = assignment, session, cache
        self._on_cell = on_cell
        self._found: dict[str, CellResult] = {}
        self._outputs: dict[int, list[dict[str, Any]]] = {}
        self._slow: set[str] = set()
        # By the names that an answer cell was to define: what became of the cell.
        self._ran: dict[str, str] = {}
        self._steps: dict[str, list[RunCell]] = defaultdict(list)
        self._cards: list[Card] = []
        self._given, self._edited = contexts_of(assignment), EditedCells()
        self._working_folder = WorkingFolder(assignment.content_of_files)
        # By the names that a given cell was to define when it failed: the cell, and the error.
        self._lost: dict[str, tuple[TeacherCell, Exception]] = {}

    def grade(self, plan: Plan) -> tuple[tuple[CellResult, ...], dict[int, list[dict[str, Any]]]]:
        """Return the result of each test cell in the teacher's order, and the outputs of the student's cells."""
        later: list[TeacherCell] = []
        self._edited = plan.edited
        hidden, published = self._assignment.keys
        with (
            Watchdog() as self._watchdog,
            grading(hidden, published, self._cards.append),
            _unseen(),
            self._working_folder,
        ):
            self._session.on_delay = self._watchdog.extend
            for step in plan.steps:
                if isinstance(step, RunCell):
                    self._run(step)
                elif not self._test(step.cell, last_chance=False):
                    later.append(step.cell)
            for cell in later:
                self._test(cell, last_chance=True)
        return tuple(self._found[cell.grade_id] for cell in self._assignment.of_kind("test")), self._outputs

    def _namespace(self, given: CellContext, values: dict[str, Any]) -> dict[str, Any]:
        """Return the names of the teacher's cells that a test needs, and of answers, new for each test cell: calls of a
        submission may change what they are given, and that ends with the test."""
        found = {name: value for name, value in values.items() if value is not MISSING}
        namespace = {"__name__": "__main__"} | {name: found[name] for name in self._edited.names & found.keys()}
        self._lost.clear()
        for cell in given.cells:
            if cell.kind == "answer":
                namespace |= {name: found[name] for name in cell.names if name in found}
                continue
            source = self._edited.left.get(cell.source, cell.source) if cell.kind == "code" else cell.source
            # One that fails costs the tests that need its names.
            try:
                _run(source, cell.grade_id, namespace)
            except MemoryError:
                raise
            except Exception as error:
                self._lost |= dict.fromkeys(gives(source) - namespace.keys(), (cell, error))
        self._cards.clear()
        for name, value in found.items():
            namespace.setdefault(name, value)
        return namespace

    def _run(self, step: RunCell) -> None:
        became = UNDEFINED
        try:
            outputs = self._session.run(step.source, step.is_experiment)
        except Stopped as stopped:
            outputs = [_error("Stopped", f"This cell did not end well: {stopped}. Grading went on without it.")]
            became = f"when its cell ran, {stopped}"
        else:
            for output in outputs:
                if output["output_type"] == "error":
                    said = IN_CELL.sub(r" (line \1)", output["evalue"].split("\n")[0])
                    became = f"its cell ended in {output['ename']}: {said}".removesuffix(": ")
        # Of the parts of an answer, one that went wrong says more than one that defines something else.
        known = became if became != UNDEFINED else None
        self._ran |= {name: known or self._ran.get(name, became) for name in step.names}
        self._outputs[step.place] = outputs
        while self._session.spoiling:
            left_out = self._steps[self._session.spoiling.pop()].pop()
            self._ran |= dict.fromkeys(left_out.names, "its cell was left out, because no cell after it finished")
            self._outputs[left_out.place] = [_error("Stopped", SPOILING)]
        self._steps[step.source].append(step)

    def _test(self, cell: TeacherCell, last_chance: bool) -> bool:
        """Run one test cell; return False where a name is missing that a later cell may still define."""
        limits = self._session.limits
        is_slow = self._slow & set(cell.exercises)
        seconds, own = (limits.again_seconds,) * 2 if is_slow else (limits.test_seconds, limits.judge_seconds)
        try:
            self._session.ready()
            with self._watchdog.limit((seconds + own) * self._session.load_factor):
                known = self._session.recall(self._key(cell.grade_id), seconds, self._cache)
                if known is not None:
                    self._found[cell.grade_id] = known
                else:
                    with limited_growth(limits.judge_memory):
                        is_answered = self._ask(cell, last_chance)
                    if not is_answered:
                        return False
            # Only now, when nothing ends it half done, and what came of a test that was overdue is not remembered.
            if known is None:
                self._remember(self._found[cell.grade_id])
        except Stopped as stopped:
            if not self._session.diverged:
                self._stopped(cell, stopped)
        except Overdue:
            # Where it was interrupted, the conversation with the worker may have been too: that ends.
            self._stopped(cell, self._session.fault_of(DeadlinePassed()))
        except MemoryError:
            self._stopped(cell, self._session.fault_of(WireError(TOO_MUCH)))
        if self._session.diverged:
            # Its questions are new each time, as if it draws without a seed: it starts again, with a new worker.
            self._cache.give_up(self._key(cell.grade_id))
            self._session.begin_anew()
            return self._test(cell, last_chance)
        if self._on_cell is not None:
            self._on_cell(self._found[cell.grade_id])
        return True

    def _ask(self, cell: TeacherCell, last_chance: bool) -> bool:
        """Run one test cell on what the submission has; return False where a name is missing."""
        self._cards.clear()
        given = self._given[cell.grade_id]
        values = self._session.begin_test([*given.needs, *sorted(self._edited.names & given.reads)])
        if not last_chance and any(values[name] is MISSING for name in given.needs):
            return False
        if missing := [name for name in cell.needs if values[name] is MISSING]:
            became = self._ran.get(missing[0], "the cell that defines it is not in the notebook")
            self._note(cell, "missing", clean(f"There is no {missing[0]!r}: {became}", 400).removesuffix(".") + ".")
        else:
            self._judge(cell, values)
        return True

    def _remember(self, found: CellResult) -> None:
        # What failed in the grader, as for want of memory, says nothing of the same answers the next time; and what
        # became of the cell that was to define a name is this submission's alone.
        if found.outcome not in ("error", "missing"):
            self._cache.keep(self._key(found.grade_id), self._session.events, found)

    def _key(self, grade_id: str) -> str:
        """Return what a conversation is remembered by: where a submission has names of its own in the place of the
        teacher's, the test is another one."""
        return f"{grade_id} {sorted(self._edited.names)}" if self._edited.names else grade_id

    def _judge(self, cell: TeacherCell, values: dict[str, Any]) -> None:
        seen, value = self._session.unexpected, None
        try:
            with no_empty_comparisons(seen), _unseen(), self._working_folder.fresh():
                namespace = self._namespace(self._given[cell.grade_id], values)
                value = _run(cell.source, cell.grade_id, namespace)
        except CheckFailed as failed:
            error: BaseException | None = failed
        except Exception as raised:
            error = raised
        else:
            error = None
        # A probe may have caught what ended the worker; a test whose worker is gone has not passed.
        if self._session.fault is not None:
            raise self._session.fault
        if isinstance(error, MemoryError) and not _is_remote(error):
            raise error
        if error is None:
            self._found[cell.grade_id] = replace(_credited(cell, value), **self._counts())
        elif isinstance(error, CheckFailed):
            self._failed(cell, error)
        elif isinstance(error, AssertionError) or _is_remote(error):
            # The stub raises it, and a plain assert that calls the stub lets it through.
            outcome: Outcome = "blank" if isinstance(error, NotImplementedError) else "failed"
            said = (
                f"AssertionError: {error}" if isinstance(error, EmptyCompared) else f"{type(error).__name__}: {error}"
            )
            self._note(cell, outcome, clean(said), is_own=isinstance(error, EmptyCompared))
        elif reason := self._without_name(error) or seen.explains(error):
            self._note(cell, "failed", clean(reason), is_own=True)
        elif self._is_of_answer(cell, error):
            self._note(cell, "failed", clean(f"{type(error).__name__}: {error}"))
        else:
            self._note(cell, "error", clean(f"The test itself failed: {type(error).__name__}: {error}"), _where(error))

    def _without_name(self, error: BaseException) -> str:
        """Return why the test does not have a name that another cell was to give it; "" for another error."""
        name = str(error.name) if isinstance(error, NameError) else ""
        if name in self._lost:
            cell, error = self._lost[name]
            label = f"cell {cell.grade_id!r}" if cell.grade_id else "teacher's cell"
            return f"There is no {name!r}: the {label} that defines it ended in {type(error).__name__}."
        return f"There is no {name!r}: no cell of the notebook defines it." if name in self._edited.names else ""

    def _is_of_answer(self, cell: TeacherCell, error: BaseException) -> bool:
        """Return whether a test that the reference passes ends in an error for what the answer is, such as None where
        it looks for a length. An error within the grader is never the answer's."""
        if not self._assignment.reference_graded or cell.grade_id in self._assignment.faults:
            return False
        files = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
        behind = files[files.index(cell.grade_id) :] if cell.grade_id in files else files
        # NumPy's comparisons go through a function in `empty_comparisons`.
        own = [
            file for file in behind if file != empty_comparisons.__file__ and any(map(Path(file).is_relative_to, OWN))
        ]
        return not own

    def _failed(self, cell: TeacherCell, failed: CheckFailed) -> None:
        verdict = failed.verdict
        mistake = verdict.mistake if verdict else None
        self._found[cell.grade_id] = CellResult(
            cell.grade_id, cell.exercises, "blank" if failed.blank else "failed", 0.0, cell.points, clean(str(failed)),
            mistake.id if mistake else "", verdict.hint if verdict else "", self._details(), self._rows(),
            **self._counts(),
        )  # fmt: skip

    def _stopped(self, cell: TeacherCell, stopped: Stopped) -> None:
        self._slow |= set(cell.exercises)
        what = ", ".join(cell.exercises) or "The answer"
        self._note(cell, "refused" if stopped.refused else "stopped", clean(f"{what}: {stopped}."))

    def _note(
        self, cell: TeacherCell, outcome: Outcome, message: str, details: str = "", is_own: bool = False
    ) -> None:  # fmt: skip
        # What an assertion says of a hidden test, or an error of a test, holds values of the teacher's, unless it is
        # about the answer's own type or shape alone.
        secret = outcome == "error" or (outcome == "failed" and cell.released != cell.source and not is_own)
        self._found[cell.grade_id] = CellResult(
            cell.grade_id, cell.exercises, outcome, 0.0, cell.points, message,
            details=details or self._details(), secret=secret, **self._counts(),
        )  # fmt: skip

    def _counts(self) -> dict[str, Any]:
        """Return how many hidden checks passed and how many there are, as the cards tell."""
        counts = [card.hidden for card in self._cards if card.hidden]
        return {"hidden_passed": sum(one for one, _ in counts), "hidden_total": sum(all_ for _, all_ in counts)}

    def _rows(self) -> tuple[tuple[str, str], ...]:
        rows = (row for card in self._cards if card.hidden is None for row in card.rows)
        return tuple((label, clean(text)) for label, text in rows if label != "Hint")

    def _details(self) -> str:
        return clean("\n".join(repr(card) for card in self._cards), DETAILS)


@functools.lru_cache(maxsize=1024)
def _code(source: str, name: str) -> tuple[CodeType, CodeType | None]:
    """Return a cell's code, and that of its last expression, if it ends in one."""
    tree = ast.parse(blank_magics(source), name)
    last: CodeType | None = None
    match tree.body:
        case [*_, ast.Expr(value=value)]:
            tree.body.pop()
            last = compile(ast.Expression(value), name, "eval", dont_inherit=True)
    return compile(tree, name, "exec", dont_inherit=True), last


def _run(source: str, name: str, namespace: dict[str, Any]) -> Any:
    """Run a cell and return its last value, None where there is none."""
    code, last = _code(source, name)
    exec(code, namespace)
    return None if last is None else eval(last, namespace)


@contextlib.contextmanager
def _unseen() -> Iterator[None]:
    """Keep what a test and the answers that it calls print: it is for the test alone."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


def _credited(cell: TeacherCell, value: Any) -> CellResult:
    """Return the result of a test that went through, by its last value: a number is what nbgrader gives for it."""
    passed = CellResult(cell.grade_id, cell.exercises, "passed", cell.points, cell.points)
    if value is None or isinstance(value, Card):
        return passed
    # Few tests end in a value, and nbgrader takes long to import.
    from IPython.core.displayhook import DisplayHook
    from IPython.core.formatters import PlainTextFormatter

    from course_grader.engine.judging.together import CellOutcome, result_of

    if DisplayHook.semicolon_at_end_of_expression(blank_magics(cell.source)):  # type: ignore[no-untyped-call]
        return passed
    text = PlainTextFormatter()(value)
    shown = {"output_type": "execute_result", "data": {"text/plain": text}, "metadata": {}, "execution_count": None}
    found = result_of(cell, CellOutcome([shown]))
    return passed if found.outcome == "passed" else found


def _is_remote(error: BaseException) -> bool:
    return hasattr(error, "text") and error.__traceback__ is None


def _where(error: BaseException) -> str:
    return clean("".join(traceback.format_exception(error)), DETAILS)


def _error(name: str, sentence: str) -> dict[str, Any]:
    return {"output_type": "error", "ename": name, "evalue": sentence, "traceback": [f"{name}: {sentence}"]}
