"""Who is in which team, from a table."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection
from pathlib import Path

from course_grader.exports.csv_table import read_table
from course_grader.submissions.filenames import letters
from course_grader.submissions.team_uploads import Teams
from course_utils.errors import CourseError


def read_teams(path: Path, students: Collection[str]) -> Teams:
    """Return the students of each team from a CSV file with the columns team and id, a line for each student.

    students: the ids of the gradebook. Raises CourseError with the line of each id that is not one of them, or is in
    two teams.
    """
    table = read_table(path, "The table of teams")
    names = [re.sub(r"[^a-z]", "", name.casefold()) for name in table.header]
    if "team" not in names or "id" not in names:
        raise CourseError(f"{path} needs the columns team and id; it has {', '.join(table.header)}.")
    team, student = names.index("team"), names.index("id")
    teams: dict[str, list[str]] = defaultdict(list)
    lines: dict[str, int] = {}
    problems = []
    for line, row in zip(table.lines, table.rows, strict=True):
        one = row[student].strip()
        if not letters(row[team]) or one not in students:
            problems.append(f"Line {line}: {one!r} is not in the gradebook, or the team is empty.")
        elif (known := lines.setdefault(one, line)) != line:
            problems.append(f"Line {line}: {one!r} is in a team already, in line {known}.")
        teams[letters(row[team])].append(one)
    if problems:
        raise CourseError("\n".join([f"The table {path} is refused.", *problems]))
    return teams
