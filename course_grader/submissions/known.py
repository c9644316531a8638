"""The names by which a class knows its students, so that names in a folder or a zip can be compared with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from course_grader.submissions.filenames import folded, letters

# As much text of an archive's names as is compared with the names of a class.
MOST_TEXT = 100_000


@dataclass(frozen=True)
class KnownNames:
    """Students by each key that means exactly one of them: their ids, the platform's numbers, their full names."""

    ids: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, students: Iterable[tuple[str, str, Collection[str]]]) -> KnownNames:
        """Return the keys of students, each given as id, number of the platform, and spellings of the full name."""
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
        """Return the student of an id; empty if there is none."""
        return self.ids.get(folded(text.strip()), "")

    def by_number(self, text: str) -> str:
        """Return the student of a platform's number; empty if there is none."""
        return self.numbers.get(folded(text.strip()), "")

    def by_name(self, text: str) -> str:
        """Return the student of a full name that nobody shares; empty if there is none."""
        return self.names.get(letters(text), "")

    def meant(self, text: str) -> str:
        """Return the student whom a teacher's name of a file or folder means: id, number or full name."""
        return self.by_id(text) or self.by_number(text) or self.by_name(text)

    def fits(self, text: str) -> int:
        """Return how many names that are not ASCII occur in a text."""
        text = letters(text[:MOST_TEXT])
        return sum(key in text for key in {*map(letters, self.ids), *self.names} if not key.isascii())


def _unique(keys: Mapping[str, set[str]]) -> dict[str, str]:
    return {key: next(iter(ids)) for key, ids in keys.items() if key and len(ids) == 1}
