"""Refuses a commit subject that is no imperative of at most 72 characters.

python .ci/commit_subject.py FILE     the message of one commit, as git's hook commit-msg gives it
git log --format=%s A..B | python .ci/commit_subject.py -     a subject a line
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

LONGEST = 72
# Imperatives that look like another form of a verb.
IMPERATIVES = {"bring", "embed", "exceed", "feed", "need", "seed", "speed"}
MADE_BY_GIT = ("Merge ", "Revert ", "fixup! ", "squash! ")


def fault(subject: str) -> str:
    """Return what is wrong with a subject; empty if nothing is."""
    first = re.match(r"\w+", subject)
    if subject.startswith(MADE_BY_GIT):
        return ""
    if len(subject) > LONGEST:
        return f"has {len(subject)} characters, and may have {LONGEST}"
    if first is None or not subject[0].isupper():
        return "does not begin with a capital letter"
    if subject.endswith("."):
        return "ends with a full stop"
    word = first[0].lower()
    if word not in IMPERATIVES and re.search(r"(ed|ing|[^su]s)$", word):
        return f"begins with {first[0]!r}: write an imperative, such as Add, Fix, Move"
    return ""


def main() -> int:
    if sys.argv[1:] == ["-"]:
        subjects = sys.stdin.read().splitlines()
    else:
        lines = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
        subjects = [line for line in lines if line.strip() and not line.startswith("#")][:1]
    faults = [(subject, found) for subject in subjects if (found := fault(subject))]
    for subject, found in faults:
        print(f"The subject {subject!r} {found}.", file=sys.stderr)
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
