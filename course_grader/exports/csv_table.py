"""What stands in a cell of a table, and tables as files.

Text that a spreadsheet program could run is defused by an apostrophe, as OWASP's page on CSV injection advises: at the
start of a cell, and after a semicolon too, which another country's spreadsheet takes for the end of a cell. Numbers are
left alone: `-1.5` is a number.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from course_grader.exports.read_csv import UTF_8, decoded, plain, records
from course_utils.errors import CourseError
from course_utils.files import write_atomic

# The last four are what Japanese input methods write for the first four.
STARTERS = "=+\\-@\uff1d\uff0b\uff0d\uff20"
FORMULA = re.compile(rf"(^\s*|;\s*)(?=[{STARTERS}])")
CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")
PLACES = 4


def text(value: str | None) -> str:
    """Return text as a cell can hold it: in one line, and no formula. A dash alone is none."""
    raw = value or ""
    if raw == "-":
        return raw
    one_line = CONTROL.sub(" ", raw).strip()
    # A tab or a line break at the start is a formula's disguise as well.
    if raw[:1] in ("\t", "\r", "\n"):
        one_line = f"'{one_line}"
    return FORMULA.sub(r"\1'", one_line)


def is_formula(value: str) -> bool:
    """Tell whether a spreadsheet program could run the text."""
    return text(value) != value.strip()


def number(value: float | None, decimal: str = ".") -> str:
    """Return a number in shortest form, rounded to four places: `12`, `12.5`, and with a decimal comma `12,5`."""
    if value is None:
        return ""
    return f"{round(value, PLACES) + 0.0:.{PLACES}f}".rstrip("0").rstrip(".").replace(".", decimal)


@dataclass(frozen=True)
class Table:
    """A CSV file as it was read: its header, its rows, and how it was written.

    Each row has as many cells as the header. `lines` are where the rows end in the file.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    delimiter: str = ","
    bom: bool = False
    lines: tuple[int, ...] = ()
    encoding: str = UTF_8


def read_table(path: Path, what: str, encoding: str = "", western: bool = False) -> Table:
    """Read a CSV file, whatever its delimiter; CourseError if it is none.

    what: how the sentence calls it. encoding, western: as for `decoded`. Blank rows are left out.
    """
    content, named = path.read_bytes(), f"{what} {path}"
    decided, read_as = decoded(content, named, encoding, western)
    found = records(decided, named)
    header = tuple(map(plain, found.rows[0][1]))
    width = len(header)
    numbered = found.rows[1:]
    if longer := next((line for line, row in numbered if any(map(plain, row[width:]))), None):
        raise CourseError(
            f"{named} has more cells in line {longer} than in its header: text with a {found.delimiter!r} in it must "
            "be in quotation marks. Download it again."
        )
    padded = tuple(tuple(row[:width]) + ("",) * (width - len(row)) for _, row in numbered)
    has_mark = content[:3] == b"\xef\xbb\xbf" or content[:2] in (b"\xff\xfe", b"\xfe\xff")
    return Table(header, padded, found.delimiter, has_mark, tuple(line for line, _ in numbered), read_as)


def write_table(path: Path, rows: Iterable[Sequence[str]], delimiter: str = ",", bom: bool = False) -> None:
    """Write rows of cells as a CSV file, UTF-8 with the line ends of RFC 4180, whole or not at all."""
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter).writerows(rows)
    write_atomic(path, file.getvalue().encode("utf-8-sig" if bom else "utf-8"))
