"""The ids, numbers and names of the students of a class, to compare names in a folder or zip with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from course_grader.submissions.filenames import folded, letters

# How many characters of a zip's file names are compared with the names of the class.
MOST_TEXT = 100_000


@dataclass(frozen=True)
class KnownNames:
    """Students by id, by the platform's number and by full name. A key that several students share is left out."""

    ids: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, students: Iterable[tuple[str, str, Collection[str]]]) -> KnownNames:
        """Return the keys of students; each student is an id, the platform's number, and spellings of the full name."""
        ids, numbers, names = (defaultdict[str, set[str]](set) for _ in range(3))
        for student, number, spellings in students:
            ids[folded(student.strip())].add(student)
            numbers[folded(number.strip())].add(student)
            for name in spellings:
                names[letters(name)].add(student)
        return cls(*map(_unique, (ids, numbers, names)))

    def __bool__(self) -> bool:
        return bool(self.ids)

    def by_id(self, text: str) -> str:
        """Return the id of the student whose id this is, whatever its case; an empty string if there is none."""
        return self.ids.get(folded(text.strip()), "")

    def by_number(self, text: str) -> str:
        """Return the id of the student with this number on the platform; an empty string if there is none."""
        return self.numbers.get(folded(text.strip()), "")

    def by_name(self, text: str) -> str:
        """Return the id of the student with this full name; an empty string if there is none, or several."""
        return self.names.get(letters(text), "")

    def by_any(self, text: str) -> str:
        """Return the id of the student whose id, number or full name this is; an empty string if none or several."""
        return self.by_id(text) or self.by_number(text) or self.by_name(text)

    def fits(self, text: str) -> int:
        """Return how many of the class's names with non-ASCII letters a text contains."""
        text = letters(text[:MOST_TEXT])
        return sum(key in text for key in {*map(letters, self.ids), *self.names} if not key.isascii())


def _unique(keys: Mapping[str, set[str]]) -> dict[str, str]:
    return {key: next(iter(ids)) for key, ids in keys.items() if key and len(ids) == 1}
