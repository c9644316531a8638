"""The output of `course grade`: a progress bar on stderr, lines for people or JSON for programs, and a summary."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from course_grader.engine.notebook.assignment import Assignment
from course_grader.engine.result import Result
from course_grader.engine.rpc.clean_text import clean
from course_grader.gradebook.changes import Change
from course_grader.gradebook.listing import about, lines_about
from course_grader.gradebook.run import ProgressEvent, Summary
from course_grader.submissions import Found
from course_grader.submissions.times import TIMESTAMP
from course_utils.text import plural

# A sentence shows at most this many names of students.
MOST_NAMES = 10
OUTCOMES = ("full marks", "part", "no points", "not graded")


def _do_nothing() -> None:
    pass


class Display:
    """Counts the submissions as they are graded, and prints a summary at the end.

    as_json: print one line of JSON per submission. found: the submissions and where they come from. preview: whether
    nothing is written. exam: the assignment that is graded.
    """

    def __init__(
        self,
        assignment: str,
        as_json: bool,
        found: Found | None = None,
        preview: bool = False,
        exam: Assignment | None = None,
    ) -> None:
        self._assignment, self._as_json, self._preview = assignment, as_json, preview
        self._place, self.exam = found or Found((), ()), exam
        self.counts: Counter[str] = Counter()
        self.reused = 0
        self._problems: list[tuple[str, str]] = []
        self._exposed: Counter[str] = Counter()
        self._times: list[tuple[str, str]] = []
        # For each test: how many submissions passed it, and how many failed it although they had an answer.
        self._tests: dict[str, list[int]] = {}
        # For each test that itself failed: why.
        self._faults: dict[str, str] = {}
        self._move: Callable[[], None] = _do_nothing

    @property
    def not_graded(self) -> int:
        return len(self._problems)

    @contextmanager
    def bar(self, total: int) -> Iterator[None]:
        """Show the progress bar during the block, if stderr is a terminal."""
        if not sys.stderr.isatty():
            yield
            return
        # Imported here, because rich takes a fifth of a second to import.
        from course_grader.gradebook.progress_bar import bar

        with bar(self._assignment, total, self._counted) as self._move:
            yield

    def report(self, event: ProgressEvent) -> None:
        """Count a submission, and print its line of JSON."""
        self.counts[outcome(event)] += 1
        self.reused += event.reused
        if event.result is None:
            self._problems.append((event.student, event.problem))
        else:
            self._count_tests(event.result)
            if event.result.exposed:
                self._exposed[event.result.exposed] += 1
        self._times += [(event.student, note) for note in event.notes if note.startswith(TIMESTAMP)]
        if self._as_json:
            print(json.dumps(as_json(event)), flush=True)
        self._move()

    def _count_tests(self, result: Result) -> None:
        for cell in result.cells:
            count = self._tests.setdefault(cell.grade_id, [0, 0])
            # In the mode "apart", an answer of the wrong type can also make a test fail, so it proves nothing.
            if cell.outcome == "error" and result.mode == "together":
                self._faults.setdefault(cell.grade_id, cell.message)
            count[0] += cell.outcome == "passed" or cell.points > 0
            count[1] += cell.outcome not in ("passed", "blank", "missing") and not cell.points

    @property
    def suspects(self) -> list[str]:
        """A sentence for each test that is itself wrong, or that no submission passes."""
        faults = dict(self.exam.faults) if self.exam else {}
        sentences = [
            f"The test {grade_id!r} also fails on the reference, so the test itself is wrong: {reason}"
            for grade_id, reason in faults.items()
        ]
        own = {grade_id: message for grade_id, message in self._faults.items() if grade_id not in faults}
        sentences += [
            f"The test {grade_id!r} itself failed on a submission: {message}" for grade_id, message in own.items()
        ]
        for grade_id, (passed, failed) in self._tests.items():
            if not passed and failed > 1 and grade_id not in faults | own:
                sentences.append(f"No submission passes the test {grade_id!r}, and {failed} fail it: check the test.")
        return sentences

    def summary(self, summary: Summary, interrupted: bool = False) -> None:
        """Print the result of the run: for people, or as a last line of JSON."""
        total = sum(self.counts.values())
        if self._as_json:
            counts = {name: self.counts[name] for name in OUTCOMES}
            problems = [{"student": student, "problem": problem} for student, problem in self._problems]
            entered = {
                "entered": summary.submissions_written,
                "students_added": summary.added,
                "waiting": summary.waiting,
            }
            times = {"lateness_unknown": summary.untimed, "marked_late": summary.marked_late}
            changes = {"preview": self._preview, "changes": [change.to_json() for change in summary.changes]}
            found = {"assignment": self._assignment, "submissions": total, "counts": counts, "reused": self.reused}
            place = about(self._place)
            mode = {"mode": self.exam.mode, "why": self.exam.why} if self.exam else {}
            ending = {"problems": problems, "exposed": dict(self._exposed), "interrupted": interrupted}
            tests = {"tests": self.suspects}
            print(json.dumps({"summary": found | entered | times | changes | place | mode | ending | tests}))
            return
        if self._preview:
            self._say("This is a preview: submissions were graded, but nothing was written. This is what would change.")
        if self._place.title:
            self._say(f"{self._place.title}.")
        if summary.entered:
            self._say(f"The assignment {self._assignment} was added to the gradebook.")
        if summary.added:
            self._say(f"{plural(len(summary.added), 'student')} added to the gradebook: {_names(summary.added)}.")
        reused = f", {self.reused} of them already graded before" if self.reused else ""
        self._say(f"{plural(total, 'submission')}{reused}: {self._counted()}.")
        self._say(f"{plural(summary.submissions_written, 'submission')} entered into the gradebook.")
        if summary.waiting:
            self._say(f"Still to be graded by hand, in the formgrader: {plural(summary.waiting, 'submission')}.")
        for sentence, count in self._exposed.items():
            self._say(f"{plural(count, 'submission')}: {sentence}")
        if summary.untimed:
            marked = f" ({summary.marked_late} of them marked late by Canvas)" if summary.marked_late else ""
            self._say(
                f"Lateness is unknown for {plural(summary.untimed, 'submission')}{marked}: there is no reliable time, "
                "so no late penalty was applied."
            )
        self._say_changes(summary.changes)
        for student, note in sorted(self._times):
            self._say(f"time unknown: {clean(student, 200)}: {note}")
        for student, problem in sorted(self._problems):
            self._say(f"not graded: {clean(student, 200)}: {problem}")
        if self.exam and self.exam.mode == "together":
            self._say(f"Graded in the mode 'together'. {clean(self.exam.why, 500)}")
        for line in lines_about(self._place, whole=False):
            self._say(line)
        for sentence in self.suspects:
            self._say(clean(sentence, 500))

    def _say_changes(self, changes: Sequence[Change]) -> None:
        scores = [change for change in changes if change.score[0] != change.score[1] or change.exercises]
        if scores:
            self._say(f"Changed since the last grading: {plural(len(scores), 'submission')}.")
        for change in scores:
            parts = [f"{name} {_pair(pair)}" for name, pair in change.exercises.items()]
            if change.penalty[0] != change.penalty[1]:
                parts.append(f"late penalty {_pair(change.penalty)}")
            why = f" ({', '.join(parts)})" if parts else ""
            self._say(f"changed: {clean(change.student, 200)}: {_pair(change.score)}{why}")
        for change in changes:
            if change.review:
                cells = ", ".join(change.review)
                self._say(
                    f"look again: {clean(change.student, 200)}: the work or its test changed since you graded {cells} "
                    "by hand; your score and comment are kept."
                )

    def _counted(self) -> str:
        return ", ".join(f"{self.counts[name]} {name}" for name in OUTCOMES if self.counts[name]) or "none"

    def _say(self, line: str) -> None:
        print(line, file=sys.stdout)


def outcome(event: ProgressEvent) -> str:
    """Return the outcome of a submission, one of OUTCOMES."""
    if event.result is None:
        return "not graded"
    if event.result.score >= event.result.max_score:
        return "full marks"
    return "part" if event.result.score > 0 else "no points"


def as_json(event: ProgressEvent) -> dict[str, Any]:
    """Return the values that a submission's line of JSON contains."""
    result = event.result
    return {
        "student": event.student,
        "submitted": event.submitted.isoformat() if event.submitted else None,
        "time_source": event.time_source or None,
        "score": result.score if result else None,
        "max_score": result.max_score if result else None,
        "exercises": {exercise.name: exercise.outcome for exercise in result.exercises} if result else {},
        "isolation": result.isolation if result else None,
        "sandbox": result.sandbox if result else None,
        "exposed": result.exposed if result else "",
        "mode": result.mode if result else None,
        "reused": event.reused,
        "problem": event.problem,
        "notes": [*event.notes, *(result.notes if result else ())],
    }


def explain(result: Result) -> None:
    """Print a result in detail."""
    print(f"{result.assignment}: {result.score:g} of {plural(result.max_score, 'point')}")
    by = f" by {result.sandbox}" if result.sandbox else ""
    print(f"isolation {result.isolation}{by}, mode {result.mode}, assignment {result.digest}")
    if result.exposed:
        print(result.exposed)
    for note in result.notes:
        print(f"note: {note}")
    for exercise in result.exercises:
        print(f"\n{exercise.name}: {exercise.outcome}, {exercise.points:g} of {plural(exercise.max_points, 'point')}")
        if exercise.mistake:
            print(f"  mistake: {exercise.mistake}")
        for cell in result.cells:
            if exercise.name in cell.exercises:
                print(f"  {cell.grade_id}: {cell.outcome}, {cell.points:g} of {plural(cell.max_points, 'point')}")
                for text in filter(None, (cell.message, cell.hint, cell.details)):
                    print("".join(f"    {line}\n" for line in text.split("\n")), end="")


def _pair(pair: tuple[float | None, float | None]) -> str:
    return " -> ".join("not graded" if value is None else f"{round(value, 4):g}" for value in pair)


def _names(names: list[str]) -> str:
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(clean(name, 100) for name in names[:MOST_NAMES]) + more
