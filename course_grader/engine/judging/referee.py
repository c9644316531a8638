"""The referee: runs the teacher's set-up and test cells, in its own namespace.

Only the names that the answer cells of the reference assign come from the submission, and the names that the student
redefined in unmarked cells: as functions that call the worker, or as plain data. A test sees nothing else of the
student's.
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
TOO_MUCH = "Testing it takes more memory than a test may use."
# The folders of the code of the grader and of the checks.
GRADER_CODE = Path(__file__).parents[2], Path(checking.__file__).parents[1]
# The file name that IPython gives a cell, in the message of a syntax error.
IN_CELL = re.compile(r" \((?:<[^>]*>|\S*), line (\d+)\)$")


class Referee:
    """Grades one submission with one session. `on_cell` is called with each test cell's result once it is known."""

    def __init__(
        self, assignment: Assignment, session: WorkerSession, cache: ReplayCache,
        on_cell: Callable[[CellResult], None] | None = None,
    ) -> None:  # fmt: skip
        self._assignment, self._session, self._cache = assignment, session, cache
        self._on_cell = on_cell
        self._results: dict[str, CellResult] = {}
        self._outputs: dict[int, list[dict[str, Any]]] = {}
        self._slow: set[str] = set()
        # For each name that an answer cell should define: why it may be missing after the cell ran.
        self._why_missing: dict[str, str] = {}
        self._steps: dict[str, list[RunCell]] = defaultdict(list)
        self._cards: list[Card] = []
        self._contexts, self._edited = contexts_of(assignment), EditedCells()
        self._working_folder = WorkingFolder(assignment.content_of_files)
        # For each name that one of the teacher's cells should define, but failed to: the cell, and its error.
        self._lost: dict[str, tuple[TeacherCell, Exception]] = {}

    def grade(self, plan: Plan) -> tuple[tuple[CellResult, ...], dict[int, list[dict[str, Any]]]]:
        """Return the test cells' results in the teacher's order, and the outputs of the student's cells by index."""
        postponed: list[TeacherCell] = []
        self._edited = plan.edited
        hidden, published = self._assignment.keys
        with (
            Watchdog() as self._watchdog,
            grading(hidden, published, self._cards.append),
            _output_discarded(),
            self._working_folder,
        ):
            self._session.on_delay = self._watchdog.extend
            for step in plan.steps:
                if isinstance(step, RunCell):
                    self._run(step)
                elif not self._test(step.cell, last_chance=False):
                    postponed.append(step.cell)
            for cell in postponed:
                self._test(cell, last_chance=True)
        return tuple(self._results[cell.grade_id] for cell in self._assignment.of_kind("test")), self._outputs

    def _namespace(self, context: CellContext, values: dict[str, Any]) -> dict[str, Any]:
        """Return a new namespace for a test cell, with the names of the teacher's cells that it needs and of answers.

        It is made again for each test cell, since a submission may change the arguments of its calls.
        """
        defined = {name: value for name, value in values.items() if value is not MISSING}
        namespace = {"__name__": "__main__"} | {name: defined[name] for name in self._edited.names & defined.keys()}
        self._lost.clear()
        for cell in context.cells:
            if cell.kind == "answer":
                namespace |= {name: defined[name] for name in cell.names if name in defined}
                continue
            source = self._edited.left.get(cell.source, cell.source) if cell.kind == "code" else cell.source
            # If one fails, only the tests that need its names fail.
            try:
                _run(source, cell.grade_id, namespace)
            except MemoryError:
                raise
            except Exception as error:
                self._lost |= dict.fromkeys(gives(source) - namespace.keys(), (cell, error))
        self._cards.clear()
        for name, value in defined.items():
            namespace.setdefault(name, value)
        return namespace

    def _run(self, step: RunCell) -> None:
        reason = UNDEFINED
        try:
            outputs = self._session.run(step.source, step.is_experiment)
        except Stopped as stopped:
            outputs = [_error("Stopped", f"This cell did not finish: {stopped}. Grading went on without it.")]
            reason = f"when its cell ran, {stopped}"
        else:
            for output in outputs:
                if output["output_type"] == "error":
                    text = IN_CELL.sub(r" (line \1)", output["evalue"].split("\n")[0])
                    reason = f"its cell ended in {output['ename']}: {text}".removesuffix(": ")
        # An answer may have several cells. If one of them failed, that explains more than another that ran.
        failure = reason if reason != UNDEFINED else None
        self._why_missing |= {name: failure or self._why_missing.get(name, reason) for name in step.names}
        self._outputs[step.place] = outputs
        while self._session.spoiling:
            left_out = self._steps[self._session.spoiling.pop()].pop()
            left_out_reason = "its cell was left out, because no cell after it finished"
            self._why_missing |= dict.fromkeys(left_out.names, left_out_reason)
            self._outputs[left_out.place] = [_error("Stopped", SPOILING)]
        self._steps[step.source].append(step)

    def _test(self, cell: TeacherCell, last_chance: bool) -> bool:
        """Run one test cell; return False, without a result, if a name is missing that a later cell may define."""
        limits = self._session.limits
        is_slow = self._slow & set(cell.exercises)
        call_seconds, judge_seconds = (
            (limits.again_seconds,) * 2 if is_slow else (limits.test_seconds, limits.judge_seconds)
        )
        try:
            self._session.ready()
            with self._watchdog.limit((call_seconds + judge_seconds) * self._session.load_factor):
                known = self._session.recall(self._key(cell.grade_id), call_seconds, self._cache)
                if known is not None:
                    self._results[cell.grade_id] = known
                else:
                    with limited_growth(limits.judge_memory):
                        has_result = self._run_test(cell, last_chance)
                    if not has_result:
                        return False
            # Only after the watchdog's block: it cannot interrupt this, and the result of a test that took too long is
            # not cached.
            if known is None:
                self._remember(self._results[cell.grade_id])
        except Stopped as stopped:
            if not self._session.diverged:
                self._stopped(cell, stopped)
        except Overdue:
            # The interrupt may have hit the exchange with the worker half way, so this worker cannot be used again.
            self._stopped(cell, self._session.fault_of(DeadlinePassed()))
        except MemoryError:
            self._stopped(cell, self._session.fault_of(WireError(TOO_MUCH)))
        if self._session.diverged:
            # The test sends different calls each time, such as random numbers without a seed, so its calls cannot be
            # replayed. Run it again with a new worker and without the cache.
            self._cache.give_up(self._key(cell.grade_id))
            self._session.retry_diverged()
            return self._test(cell, last_chance)
        if self._on_cell is not None:
            self._on_cell(self._results[cell.grade_id])
        return True

    def _run_test(self, cell: TeacherCell, last_chance: bool) -> bool:
        """Run one test cell on the submission's values and store its result.

        Return False, without a result, if a name is missing and this is not the last chance.
        """
        self._cards.clear()
        context = self._contexts[cell.grade_id]
        values = self._session.begin_test([*context.needs, *sorted(self._edited.names & context.reads)])
        if not last_chance and any(values[name] is MISSING for name in context.needs):
            return False
        if missing := [name for name in cell.needs if values[name] is MISSING]:
            reason = self._why_missing.get(missing[0], "the cell that defines it is not in the notebook")
            self._note(cell, "missing", clean(f"There is no {missing[0]!r}: {reason}", 400).removesuffix(".") + ".")
        else:
            self._judge(cell, values)
        return True

    def _remember(self, result: CellResult) -> None:
        # An error of the grader, such as too little memory, may not happen next time with the same answers. The message
        # for a missing name describes this submission's own cell.
        if result.outcome not in ("error", "missing"):
            self._cache.keep(self._key(result.grade_id), self._session.events, result)

    def _key(self, grade_id: str) -> str:
        """Return the replay cache's key for a test cell. It includes the names that the submission defines in place of
        the teacher's, since they change what the test does."""
        return f"{grade_id} {sorted(self._edited.names)}" if self._edited.names else grade_id

    def _judge(self, cell: TeacherCell, values: dict[str, Any]) -> None:
        unexpected, value = self._session.unexpected, None
        try:
            with no_empty_comparisons(unexpected), _output_discarded(), self._working_folder.fresh():
                namespace = self._namespace(self._contexts[cell.grade_id], values)
                value = _run(cell.source, cell.grade_id, namespace)
        except CheckFailed as failed:
            error: BaseException | None = failed
        except Exception as raised:
            error = raised
        else:
            error = None
        # A probe may have caught the error that ended the worker. A test whose worker is gone has not passed.
        if self._session.fault is not None:
            raise self._session.fault
        if isinstance(error, MemoryError) and not _is_remote(error):
            raise error
        if error is None:
            self._results[cell.grade_id] = replace(_credited(cell, value), **self._counts())
        elif isinstance(error, CheckFailed):
            self._failed(cell, error)
        elif isinstance(error, AssertionError) or _is_remote(error):
            # The stub of an answer raises NotImplementedError, and a plain assert that calls it does not catch that.
            outcome: Outcome = "blank" if isinstance(error, NotImplementedError) else "failed"
            message = (
                f"AssertionError: {error}" if isinstance(error, EmptyCompared) else f"{type(error).__name__}: {error}"
            )
            self._note(cell, outcome, clean(message), reveals_test=not isinstance(error, EmptyCompared))
        elif reason := self._why_name_missing(error) or unexpected.explains(error):
            self._note(cell, "failed", clean(reason), reveals_test=False)
        elif self._is_fault_of_answer(cell, error):
            self._note(cell, "failed", clean(f"{type(error).__name__}: {error}"))
        else:
            self._note(cell, "error", clean(f"The test itself failed: {type(error).__name__}: {error}"), _where(error))

    def _why_name_missing(self, error: BaseException) -> str:
        """Return why a name is missing that another cell should have defined; "" if the error is a different one."""
        name = str(error.name) if isinstance(error, NameError) else ""
        if name in self._lost:
            cell, error = self._lost[name]
            label = f"cell {cell.grade_id!r}" if cell.grade_id else "teacher's cell"
            return f"There is no {name!r}: the {label} that defines it ended in {type(error).__name__}."
        return f"There is no {name!r}: no cell of the notebook defines it." if name in self._edited.names else ""

    def _is_fault_of_answer(self, cell: TeacherCell, error: BaseException) -> bool:
        """Return whether the answer caused the error, such as None whose length the test asks for.

        It did if the reference passes the test and the error was not raised in the grader's code.
        """
        if not self._assignment.reference_graded or cell.grade_id in self._assignment.faults:
            return False
        files = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
        below_test = files[files.index(cell.grade_id) :] if cell.grade_id in files else files
        # NumPy's comparisons are wrapped by a function in `empty_comparisons`.
        in_grader = [
            file
            for file in below_test
            if file != empty_comparisons.__file__ and any(map(Path(file).is_relative_to, GRADER_CODE))
        ]
        return not in_grader

    def _failed(self, cell: TeacherCell, failed: CheckFailed) -> None:
        verdict = failed.verdict
        mistake = verdict.mistake if verdict else None
        self._results[cell.grade_id] = CellResult(
            cell.grade_id, cell.exercises, "blank" if failed.blank else "failed", 0.0, cell.points, clean(str(failed)),
            mistake.id if mistake else "", verdict.hint if verdict else "", self._details(), self._rows(),
            **self._counts(),
        )  # fmt: skip

    def _stopped(self, cell: TeacherCell, stopped: Stopped) -> None:
        self._slow |= set(cell.exercises)
        exercise = ", ".join(cell.exercises) or "The answer"
        self._note(cell, "refused" if stopped.refused else "stopped", clean(f"{exercise}: {stopped}."))

    def _note(
        self, cell: TeacherCell, outcome: Outcome, message: str, details: str = "", reveals_test: bool = True
    ) -> None:  # fmt: skip
        # The message of a hidden assertion, or an error of a test, may contain the teacher's values, unless it is only
        # about the answer's own type or shape.
        secret = outcome == "error" or (outcome == "failed" and cell.released != cell.source and reveals_test)
        self._results[cell.grade_id] = CellResult(
            cell.grade_id, cell.exercises, outcome, 0.0, cell.points, message,
            details=details or self._details(), secret=secret, **self._counts(),
        )  # fmt: skip

    def _counts(self) -> dict[str, Any]:
        """Return how many hidden checks passed and how many there are, from the cards."""
        counts = [card.hidden for card in self._cards if card.hidden]
        return {"hidden_passed": sum(passed for passed, _ in counts), "hidden_total": sum(total for _, total in counts)}

    def _rows(self) -> tuple[tuple[str, str], ...]:
        rows = (row for card in self._cards if card.hidden is None for row in card.rows)
        return tuple((label, clean(text)) for label, text in rows if label != "Hint")

    def _details(self) -> str:
        return clean("\n".join(repr(card) for card in self._cards), DETAILS)


@functools.lru_cache(maxsize=1024)
def _code(source: str, name: str) -> tuple[CodeType, CodeType | None]:
    """Return the compiled cell without its last expression, and the compiled last expression or None."""
    tree = ast.parse(blank_magics(source), name)
    last: CodeType | None = None
    match tree.body:
        case [*_, ast.Expr(value=value)]:
            tree.body.pop()
            last = compile(ast.Expression(value), name, "eval", dont_inherit=True)
    return compile(tree, name, "exec", dont_inherit=True), last


def _run(source: str, name: str, namespace: dict[str, Any]) -> Any:
    """Run a cell in a namespace and return the value of its last expression, or None."""
    code, last = _code(source, name)
    exec(code, namespace)
    return None if last is None else eval(last, namespace)


@contextlib.contextmanager
def _output_discarded() -> Iterator[None]:
    """Discard what a test, and the answers that it calls, print: only the test itself may capture it."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


def _credited(cell: TeacherCell, value: Any) -> CellResult:
    """Return the result of a test that raised no error. A number at its end is partial credit, as in nbgrader."""
    passed = CellResult(cell.grade_id, cell.exercises, "passed", cell.points, cell.points)
    if value is None or isinstance(value, Card):
        return passed
    # Imported here: few tests end in a value, and nbgrader takes long to import.
    from IPython.core.displayhook import DisplayHook
    from IPython.core.formatters import PlainTextFormatter

    from course_grader.engine.judging.together import CellOutcome, result_of

    if DisplayHook.semicolon_at_end_of_expression(blank_magics(cell.source)):  # type: ignore[no-untyped-call]
        return passed
    text = PlainTextFormatter()(value)
    shown = {"output_type": "execute_result", "data": {"text/plain": text}, "metadata": {}, "execution_count": None}
    result = result_of(cell, CellOutcome([shown]))
    return passed if result.outcome == "passed" else result


def _is_remote(error: BaseException) -> bool:
    return hasattr(error, "text") and error.__traceback__ is None


def _where(error: BaseException) -> str:
    return clean("".join(traceback.format_exception(error)), DETAILS)


def _error(name: str, sentence: str) -> dict[str, Any]:
    return {"output_type": "error", "ename": name, "evalue": sentence, "traceback": [f"{name}: {sentence}"]}
