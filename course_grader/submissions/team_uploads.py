"""Who handed in: Moodle gives a team's work under the team's name, which must not become a student."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from course_grader.submissions.filenames import letters
from course_grader.submissions.known import KnownNames
from course_grader.submissions.layout import Owner

# The students of each team, by the letters of its name.
Teams = Mapping[str, Sequence[str]]
MISSING = (
    "This is a team's submission, and the grades of its members are missing. Write a table with the columns team and "
    "id, a line for each student, and name it with --teams."
)


# What Moodle calls everybody if names are hidden, in some of its languages.
HIDDEN = {
    "participant", "teilnehmer", "teilnehmerin", "participante", "deelnemer", "partecipante", "uczestnik", "deltagare",
    "deltager", "deltaker", "osallistuja", "участник", "учасник", "katılımcı", "참가자", "참여자", "参加者", "参与者",
    "參與者",
}  # fmt: skip


def hidden_names(owners: Collection[Owner]) -> set[str]:
    """Return the names that Moodle wrote in place of students', because it hides them: the same for all of them."""
    names = {owner.name for owner in owners}
    numbers = {owner.participant for owner in owners}
    is_one = len(names) == 1 and len(numbers) > 1 and "" not in numbers
    return {name for name in names if is_one or letters(name) in HIDDEN}


@dataclass(frozen=True)
class HandedIn:
    """By whom: the student that the name gives, `members` of a team, or nobody, and then `problem` says why."""

    is_student: bool = False
    members: tuple[str, ...] = ()
    note: str = ""
    problem: str = ""


def members_of(name: str, participant: str, are_teams: bool, known: KnownNames, teams: Teams | None) -> HandedIn:
    """Return who handed in what Moodle has under a name.

    are_teams: whether some name of the input has no participant's number, as only the team of those without a team has.
    """
    if not name:
        return HandedIn(is_student=True)
    if members := (teams or {}).get(letters(name)):
        return HandedIn(members=tuple(members), note=f"The team {name} handed this in.")
    if are_teams or (
        any(sign.isdigit() for sign in name) and not (known.by_name(name) or known.by_number(participant))
    ):
        return HandedIn(problem=MISSING)
    return HandedIn(is_student=True)
