"""Reads and writes CSV files, and makes the text in their cells safe.

Text that a spreadsheet program could run as a formula gets an apostrophe in front of it, as OWASP's page on CSV
injection advises. This is done at the start of a cell, and after each semicolon, which in some countries' settings ends
a cell. Numbers are not changed: `-1.5` is a number.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from course_grader.exports.read_csv import UTF_8, clean_cell, decoded, records
from course_utils.errors import CourseError
from course_utils.files import write_atomic

# The last four are the full-width forms of the first four, which Japanese input methods write.
STARTERS = "=+\\-@\uff1d\uff0b\uff0d\uff20"
FORMULA = re.compile(rf"(^\s*|;\s*)(?=[{STARTERS}])")
CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")
PLACES = 4


def text(value: str | None) -> str:
    """Return text that is safe in a cell: in one line, and not a formula. A single dash is not a formula."""
    raw = value or ""
    if raw == "-":
        return raw
    one_line = CONTROL.sub(" ", raw).strip()
    # A formula can also hide behind a tab or a line break at the start.
    if raw[:1] in ("\t", "\r", "\n"):
        one_line = f"'{one_line}"
    return FORMULA.sub(r"\1'", one_line)


def is_formula(value: str) -> bool:
    """Return whether a spreadsheet program could run the text as a formula."""
    return text(value) != value.strip()


def format_number(value: float | None, decimal: str = ".") -> str:
    """Return a number in its shortest form, rounded to four decimal places: `12`, `12.5`, or `12,5` with a comma.

    None becomes an empty string.
    """
    if value is None:
        return ""
    return f"{round(value, PLACES) + 0.0:.{PLACES}f}".rstrip("0").rstrip(".").replace(".", decimal)


@dataclass(frozen=True)
class Table:
    """The content of a CSV file and its format.

    Each row has as many cells as the header. bom: whether the file begins with a byte-order mark. lines: the number of
    the line in which each row ends.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    delimiter: str = ","
    bom: bool = False
    lines: tuple[int, ...] = ()
    encoding: str = UTF_8


def read_table(path: Path, what: str, encoding: str = "", western: bool = False) -> Table:
    """Return the content of a CSV file with any delimiter, without blank rows.

    what: the name of the file in error messages. encoding, western: as for `decoded`. Raises CourseError if the file
    cannot be read as a table.
    """
    content, named = path.read_bytes(), f"{what} {path}"
    decided, read_as = decoded(content, named, encoding, western)
    found = records(decided, named)
    header = tuple(map(clean_cell, found.rows[0][1]))
    width = len(header)
    numbered = found.rows[1:]
    if longer := next((line for line, row in numbered if any(map(clean_cell, row[width:]))), None):
        raise CourseError(
            f"{named} has more cells in line {longer} than in its header. Text that contains {found.delimiter!r} must "
            "be in quotation marks. Download the file again."
        )
    padded = tuple(tuple(row[:width]) + ("",) * (width - len(row)) for _, row in numbered)
    has_mark = content[:3] == b"\xef\xbb\xbf" or content[:2] in (b"\xff\xfe", b"\xfe\xff")
    return Table(header, padded, found.delimiter, has_mark, tuple(line for line, _ in numbered), read_as)


def write_table(path: Path, rows: Iterable[Sequence[str]], delimiter: str = ",", bom: bool = False) -> None:
    """Write rows of cells atomically as a CSV file, in UTF-8 with the line endings of RFC 4180."""
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter).writerows(rows)
    write_atomic(path, file.getvalue().encode("utf-8-sig" if bom else "utf-8"))
