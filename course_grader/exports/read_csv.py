"""Reads CSV tables from registrars, spreadsheet programs and learning platforms, in any encoding and delimiter."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from course_utils.errors import CourseError

DELIMITERS = ",;\t|"
# The line that Excel may put first, to name the delimiter.
SEPARATOR = re.compile(r'"?sep=(.)"?[,;\t| ]*(?:\r\n|\r|\n|$)', re.IGNORECASE)
# Invisible characters. The two joiners are not among them, because Persian and Indian names need them.
INVISIBLE = re.compile("[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
JOINERS = "\u200c\u200d"
SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
WORD = re.compile(r"[^\W\d_]+")
# Column titles of Canvas, Moodle and rosters, as `title_key` returns them. They are used to find a table's delimiter.
TITLES = {
    "student", "lastname", "firstname", "id", "sisuserid", "sisloginid", "integrationid", "rootaccount", "section",
    "identifier", "fullname", "emailaddress", "idnumber", "status", "group", "marker", "grade", "maximumgrade",
    "gradecanbechanged", "lastmodifiedsubmission", "lastmodifiedgrade", "feedbackcomments", "studentid", "username",
    "login", "first", "givenname", "last", "surname", "familyname", "email", "mail", "sid", "lmsid", "lmsuserid",
    "lms", "canvasid", "moodleid",
}  # fmt: skip
UTF_8, WESTERN = "UTF-8", "Windows-1252"


@dataclass(frozen=True)
class Records:
    """The rows of a table without blank rows, each with the number of its last line, and the table's delimiter."""

    rows: tuple[tuple[int, list[str]], ...]
    delimiter: str


def clean_cell(value: str) -> str:
    """Return the text without invisible characters, with ordinary spaces, and without spaces at its ends."""
    return SPACES.sub(" ", INVISIBLE.sub("", value)).strip(f"{JOINERS} \t\r\n")


def clean_id(value: str) -> str:
    """Return an id or address as `clean_cell` does, and also remove joiners."""
    return clean_cell(re.sub(f"[{JOINERS}]", "", value))


def title_key(title: str) -> str:
    """Return a column title in lower case with only the letters a to z: "E-Mail address" becomes "emailaddress"."""
    return re.sub(r"[^a-z]", "", clean_cell(title).casefold())


def decoded(content: bytes, what: str, encoding: str = "", western: bool = False) -> tuple[str, str]:
    """Return the text of a table, and its encoding.

    what: the name of the file in error messages. encoding: the encoding that the user passed, if any. western: if the
    content is not Unicode, try Windows-1252, and accept it if the result looks like names. Raises CourseError if the
    content is not text in a known encoding.
    """
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise CourseError(f"{what} is a spreadsheet, not a CSV file: open it and save it as 'CSV UTF-8'.")
    codec = encoding or _unicode(content)
    try:
        text = content.decode(codec)
    except LookupError:
        raise CourseError(
            f"There is no encoding {encoding!r}: use a name such as cp1252, cp949, cp932 or gbk."
        ) from None
    except UnicodeDecodeError as error:
        if encoding or codec != "utf-8-sig" or not western or not reads_like_names(content):
            raise _unreadable(content, error, what, encoding) from None
        return content.decode("cp1252"), WESTERN
    if text.lstrip().lower().startswith(("<!doctype", "<html")):
        raise CourseError(f"{what} is a web page, not a table: download the table again.")
    return text.removeprefix("\ufeff"), encoding or UTF_8


def _unicode(content: bytes) -> str:
    # A table begins with an ASCII character, so in UTF-16 one of its first two bytes is zero.
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    if b"\0" in content[:2]:
        return "utf-16-be" if content[0] == 0 else "utf-16-le"
    return "utf-8-sig"


def _unreadable(content: bytes, error: UnicodeDecodeError, what: str, encoding: str) -> CourseError:
    line = content[: error.start].count(b"\n") + 1
    named = encoding or ("UTF-8" if error.encoding == "utf-8" else error.encoding.upper())
    return CourseError(
        f"{what} is not {named} text (line {line}). A spreadsheet program may have saved it in another encoding. Use "
        "the original download, or save it as 'CSV UTF-8'."
    )


def reads_like_names(content: bytes) -> bool:
    """Return whether bytes that are not UTF-8 look like Western names if they are decoded as Windows-1252.

    Text in another code page (Chinese, Korean, Cyrillic, Central European, Mac) then has symbols, words with only
    accented letters, or capitals inside words, unless the text is very short.
    """
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError:
        return False
    without_signs = re.sub(r"(?<=\w)’(?=\w)|\u00a0", " ", text)
    if any(not (letter.isascii() or letter.isalpha()) or letter in "ªºµƒ" for letter in without_signs):
        return False
    words = [word for word in WORD.findall(without_signs) if not word.isascii()]
    return not any(
        (len(word) > 1 and not re.search("[A-Za-z]", word))
        or (not word.isupper() and any(letter.isupper() and not letter.isascii() for letter in word[1:]))
        for word in words
    )


def records(text: str, what: str) -> Records:
    """Return the rows of a table, read with the delimiter for which most column titles are in TITLES.

    what: the name of the file in error messages. Raises CourseError if it cannot be read or has no rows.
    """
    first = SEPARATOR.match(text)
    skipped = 1 if first else 0
    body = text[first.end() :] if first else text
    named = first[1] if first else ""
    read: dict[str, tuple[tuple[int, list[str]], ...]] = {}
    problem = ""
    for delimiter in dict.fromkeys(named + DELIMITERS):
        try:
            read[delimiter] = tuple(_rows(body, delimiter, skipped))
        except csv.Error as error:
            problem = problem or str(error)
    if not read:
        raise CourseError(f"{what} cannot be read as a table: {problem}. Download it again.")
    best = max(read, key=lambda delimiter: _weight(read[delimiter], delimiter == named))
    if not read[best]:
        raise CourseError(f"{what} is empty. Download it again.")
    return Records(read[best], best)


def _rows(body: str, delimiter: str, skipped: int) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter, strict=True)
    try:
        return [(reader.line_num + skipped, row) for row in reader if any(map(clean_cell, row))]
    except csv.Error as error:
        raise csv.Error(f"line {reader.line_num + skipped}: {error}") from None


def _weight(rows: Sequence[tuple[int, list[str]]], is_named: bool) -> tuple[int, bool, int]:
    titles = rows[0][1] if rows else []
    return sum(title_key(title) in TITLES for title in titles), is_named, len(titles)
