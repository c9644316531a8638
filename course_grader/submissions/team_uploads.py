"""Finds the members of a team: Moodle stores a team's work under the team's name, which must not become a student."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from course_grader.submissions.filenames import letters
from course_grader.submissions.known import KnownNames
from course_grader.submissions.layout import FileOwner

# The students of each team. The key is the team's name as `letters` returns it.
Teams = Mapping[str, Sequence[str]]
MISSING = (
    "This is a team's submission, and its members are not known. Write a CSV file with the columns team and id, one "
    "line per student, and pass it with --teams."
)


# The word that Moodle writes instead of a hidden name, in some of its languages.
HIDDEN = {
    "participant", "teilnehmer", "teilnehmerin", "participante", "deelnemer", "partecipante", "uczestnik", "deltagare",
    "deltager", "deltaker", "osallistuja", "участник", "учасник", "katılımcı", "참가자", "참여자", "参加者", "参与者",
    "參與者",
}  # fmt: skip


def hidden_names(owners: Collection[FileOwner]) -> set[str]:
    """Return the placeholders that Moodle wrote instead of hidden names: the same word for all students."""
    names = {owner.name for owner in owners}
    numbers = {owner.participant for owner in owners}
    is_one = len(names) == 1 and len(numbers) > 1 and "" not in numbers
    return {name for name in names if is_one or letters(name) in HIDDEN}


@dataclass(frozen=True)
class HandedIn:
    """Who submitted a file: the named student, the `members` of a team, or nobody. If nobody, `problem` says why."""

    is_student: bool = False
    members: tuple[str, ...] = ()
    note: str = ""
    problem: str = ""


def members_of(name: str, participant: str, are_teams: bool, known: KnownNames, teams: Teams | None) -> HandedIn:
    """Return who submitted what Moodle stored under a name.

    are_teams: whether a name in the input has no participant's number. Moodle writes such a name only for the group of
        students without a team, so the input is then one of team submissions.
    """
    if not name:
        return HandedIn(is_student=True)
    if members := (teams or {}).get(letters(name)):
        return HandedIn(members=tuple(members), note=f"A team submitted this. Its name is {name}.")
    if are_teams or (
        any(sign.isdigit() for sign in name) and not (known.by_name(name) or known.by_number(participant))
    ):
        return HandedIn(problem=MISSING)
    return HandedIn(is_student=True)
