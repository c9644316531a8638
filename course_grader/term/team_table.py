"""Reads a table of teams and their members."""

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
    """Return the students of each team from a CSV file with the columns team and id, one line per student.

    students: the ids in the gradebook. Raises CourseError with the line of each id that is not one of them or is in two
    teams.
    """
    table = read_table(path, "The table of teams")
    names = [re.sub(r"[^a-z]", "", name.casefold()) for name in table.header]
    if "team" not in names or "id" not in names:
        raise CourseError(f"{path} needs the columns team and id. Its columns are: {', '.join(table.header)}.")
    team, student = names.index("team"), names.index("id")
    teams: dict[str, list[str]] = defaultdict(list)
    lines: dict[str, int] = {}
    problems = []
    for line, row in zip(table.lines, table.rows, strict=True):
        member = row[student].strip()
        if not letters(row[team]) or member not in students:
            problems.append(f"Line {line}: {member!r} is not in the gradebook, or the team is empty.")
        elif (known := lines.setdefault(member, line)) != line:
            problems.append(f"Line {line}: {member!r} is already in a team, in line {known}.")
        teams[letters(row[team])].append(member)
    if problems:
        raise CourseError("\n".join([f"The table {path} was not read.", *problems]))
    return teams
