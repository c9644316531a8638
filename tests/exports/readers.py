"""What each platform does with a file, written anew from its documented rules, and strict where it would go wrong
without a word. Nothing here comes from course_grader."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


def rows_of(path: Path, delimiter: str = ",") -> list[list[str]]:
    """Return the cells of a UTF-8 file without a byte-order mark, whose lines end as RFC 4180 says."""
    content = path.read_bytes()
    assert not content.startswith(codecs.BOM_UTF8)
    assert content.count(b"\n") == content.count(b"\r\n")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8"), newline=""), delimiter=delimiter, strict=True))
    assert len({len(row) for row in rows}) == 1, "rows of unequal length"
    return rows


def assert_no_formula(rows: Sequence[Sequence[str]]) -> None:
    """Fail if a spreadsheet program would run a cell as a formula, with any country's separator."""
    for row in rows:
        for cell in row:
            for part in cell.split(";"):
                text = part.strip(" ")
                is_number = re.fullmatch(r"-?\d+([.,]\d+)?", text) or text == "-"
                assert is_number or not text.startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")), cell


STUDENT_COLUMNS = {"Student", "LastName", "FirstName", "ID", "SIS User ID", "SIS Login ID", "Integration ID"}
STUDENT_COLUMNS |= {"Root Account", "Section"}
# NON_ASSIGNMENT_COLUMN_HEADERS of Canvas's importer.
NO_ASSIGNMENTS = (
    "Current Score", "Current Points", "Current Grade", "Final Score", "Final Points", "Final Grade", "Override Score",
    "Override Grade", "Override Status",
)  # fmt: skip


@dataclass
class CanvasCourse:
    """A course in Canvas: assignments by id with title and points, students by id with their SIS ids."""

    assignments: dict[int, tuple[str, float]]
    students: dict[int, tuple[str, str]]
    grades: dict[tuple[int, int], str] = field(default_factory=dict)

    def read(self, path: Path) -> None:
        """Import a gradebook as Canvas does; fail if Canvas would create or delete something."""
        rows = rows_of(path)
        header, *rest = rows
        assert header[:2] == ["Student", "ID"] or header[:3] == ["LastName", "FirstName", "ID"]
        assert "Section" in header
        info = header.index("Section") + 1
        assert set(header[:info]) <= STUDENT_COLUMNS
        ids = {}
        for place, title in enumerate(header[info:], info):
            if re.search("|".join(NO_ASSIGNMENTS), title):
                continue
            found = re.fullmatch(r"(.*) \((\d+)\)", title)
            assert found, title
            assert int(found[2]) in self.assignments, f"{title!r} would become a new assignment"
            ids[place] = int(found[2])
        for row in rest:
            if "Points Possible" in row[0]:
                for place, assignment in ids.items():
                    assert float(row[place]) == self.assignments[assignment][1], "the assignment's points would change"
            elif all(re.fullmatch(r"\s*(Muted|Manual Posting.*)?\s*", cell, re.IGNORECASE) for cell in row):
                continue
            else:
                self._student(row, ids, dict(zip(header[:info], row, strict=False)))

    def _student(self, row: Sequence[str], ids: Mapping[int, int], cells: Mapping[str, str]) -> None:
        student = int(cells["ID"])
        assert student in self.students, f"{row[0]!r} would become a new student"
        for place, assignment in ids.items():
            new, old = row[place].strip(), self.grades.get((student, assignment), "")
            assert new or not old, "a grade would be taken away"
            assert new in ("", "EX") or re.fullmatch(r"\d+(\.\d+)?", new), new
            self.grades[student, assignment] = new


@dataclass
class MoodleCourse:
    """Moodle: users by name, and an assignment with a maximum. `comma`: the site's language uses decimal commas."""

    users: dict[str, dict[str, str]]
    maximum: float
    comma: bool = False
    grades: dict[str, float] = field(default_factory=dict)

    def number(self, text: str) -> float:
        """Read a number as `unformat_float` does, strictly."""
        return float(text.replace(" ", "").replace("," if self.comma else "\0", "."))

    def import_grades(self, path: Path, key: str, header: str, column: str) -> None:
        """Import a CSV file, with the column `header` mapped to the user's field `key`; all or nothing."""
        first, *rest = rows_of(path)
        who, what = first.index(header), first.index(column)
        known = {user[key]: name for name, user in self.users.items()}
        new = {}
        for row in rest:
            if row[who] == "":
                continue
            assert row[who] in known, f"unknown user {row[who]!r}: the whole import ends"
            if row[what] not in ("", "-"):
                new[known[row[who]]] = self.number(row[what])
        self.grades |= new

    def upload_worksheet(self, path: Path, delimiter: str = ",") -> None:
        """Import an offline grading worksheet; fail if Moodle would silently skip a grade."""
        first, *rest = rows_of(path, delimiter)
        number, grade = first.index("Identifier"), first.index("Grade")
        assert "Last modified (grade)" in first
        by_participant = {user["participant"]: name for name, user in self.users.items()}
        for row in rest:
            assert row[number].startswith("Participant ")
            name = by_participant[row[number][len("Participant ") :]]
            if row[grade]:
                value = self.number(row[grade])
                assert 0 <= value <= self.maximum, "Moodle would skip this grade"
                self.grades[name] = value


TEST_KEYS = {"score", "max_score", "status", "name", "name_format", "number", "output", "output_format", "tags"} | {
    "visibility", "extra_data",
}  # fmt: skip
REPORT_KEYS = {"score", "execution_time", "output", "output_format", "test_output_format", "test_name_format"} | {
    "visibility", "stdout_visibility", "extra_data", "tests", "leaderboard",
}  # fmt: skip
VISIBILITIES = {"hidden", "after_due_date", "after_published", "visible"}


def gradescope_report(path: Path) -> dict[str, Any]:
    """Return the content of a `results.json`; fail if it does not follow Gradescope's specification."""
    report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    assert report.keys() <= REPORT_KEYS
    assert isinstance(report["score"], int | float)
    assert report["visibility"] in VISIBILITIES
    assert report["stdout_visibility"] in VISIBILITIES
    for test in report["tests"]:
        assert test.keys() <= TEST_KEYS
        assert isinstance(test["score"], int | float)
        assert 0 <= test["score"] <= test["max_score"]
        assert test["status"] in {"passed", "failed"}
        assert test["visibility"] in VISIBILITIES
        assert isinstance(test["name"], str)
        assert isinstance(test["number"], str)
        assert isinstance(test["output"], str)
    assert report["score"] == sum(test["score"] for test in report["tests"])
    return report
