"""Prints what `course grade` found in a folder or zip: students, times, files, and what is left out."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from course_grader.engine.rpc.clean_text import clean
from course_grader.gradebook.run import why_unknown
from course_grader.submissions import Found, LeftOut, Submission
from course_utils.text import plural

# The most names and files in a line.
MOST_NAMES = 10
MOST_FILES = 3


def why_not_graded(submission: Submission, students: Collection[str], add_students: bool) -> str:
    """Return why a submission will not be graded; empty if it will be."""
    if submission.student in students or add_students:
        return submission.problem
    return why_unknown(submission)


def listed(found: Found, students: Collection[str], add_students: bool, as_json: bool) -> int:
    """Print what would be graded, for people or as lines of JSON; return how many items would not be graded."""
    problems = {
        submission.student: why_not_graded(submission, students, add_students) for submission in found.submissions
    }
    not_graded = [(problem.name, problem.sentence) for problem in found.problems]
    not_graded += [(student, problem) for student, problem in problems.items() if problem]
    if as_json:
        for submission in found.submissions:
            print(json.dumps(_as_json(submission, problems[submission.student])))
        named = [{"student": student, "problem": problem} for student, problem in not_graded]
        print(json.dumps({"summary": {"dry_run": True, **about(found), "problems": named}}))
        return len(not_graded)
    print(found.title)
    for submission in found.submissions:
        if not problems[submission.student]:
            when = submission.submitted.isoformat(" ") if submission.submitted else "time unknown"
            print(f"{clean(submission.student, 200)}: {when}, {submission.file}")
    for student, sentence in sorted(not_graded):
        print(f"not graded: {clean(student, 200)}: {sentence}")
    for line in lines_about(found, whole=True):
        print(line)
    print("Nothing was graded, and nothing was written.")
    return len(not_graded)


def about(found: Found) -> dict[str, Any]:
    """Return the part of the JSON summary about the folder or zip."""
    return {
        "layout": found.layout.value if found.layout else None,
        "found": found.title,
        "left_out": [
            {"student": left.owner, "reason": left.reason, "files": len(left.files), "names": left.files[:MOST_NAMES]}
            for left in found.left_out
        ],
        "remarks": list(found.remarks),
        "no_submission": list(found.missing),
    }


def lines_about(found: Found, whole: bool) -> Iterator[str]:
    """Yield lines about the folder or zip: remarks, notes, what is left out, and who submitted nothing.

    whole: whether each student's files get a separate line, even if there are many.
    """
    for remark in found.remarks:
        yield f"note: {remark}"
    by_note: dict[str, list[str]] = defaultdict(list)
    for submission in found.submissions:
        for note in submission.notes:
            by_note[note].append(clean(submission.student, 100))
    for note, names in by_note.items():
        yield f"note: {_names(names)}: {note}"
    by_reason: dict[str, list[LeftOut]] = defaultdict(list)
    for left in found.left_out:
        by_reason[left.reason].append(left)
    for reason, group in by_reason.items():
        if whole or len(group) <= MOST_FILES:
            for left in group:
                yield f"left out: {_files(left)}: {reason}"
        else:
            total = plural(sum(len(left.files) for left in group), "file")
            owners = [f"{clean(left.owner, 100)} ({len(left.files)})" for left in group]
            yield f"left out: {total} of {plural(len(group), 'student')}, {_names(owners)}: {reason}"
    if found.missing:
        yield f"no submission: {plural(len(found.missing), 'student')}: {_names(found.missing)}."


def _files(left: LeftOut) -> str:
    if len(left.files) <= MOST_FILES:
        return ", ".join(left.files)
    of = f" of {clean(left.owner, 100)}" if left.owner else ""
    return f"{plural(len(left.files), 'file')}{of}, {', '.join(left.files[:MOST_FILES])} ..."


def _names(names: Sequence[str] | Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - MOST_NAMES} more" if len(listed) > MOST_NAMES else ""
    return ", ".join(clean(name, 100) for name in listed[:MOST_NAMES]) + more


def _as_json(submission: Submission, problem: str) -> dict[str, Any]:
    return {
        "student": submission.student,
        "submitted": submission.submitted.isoformat() if submission.submitted else None,
        "file": submission.file,
        "problem": problem,
        "notes": list(submission.notes),
    }
