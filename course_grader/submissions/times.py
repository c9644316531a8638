"""Reads the time in nbgrader's timestamp.txt: exactly one instant, or an error that says why not. It never guesses.

nbgrader's own reader treats an unknown zone as UTC, and `+0900` as 900 seconds. This one reads offsets, UTC, names such
as Asia/Seoul, and the abbreviations that `date` prints if they have only one meaning.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from course_grader.engine.rpc.clean_text import INVISIBLE, clean

TIMESTAMP = "timestamp.txt"
# The source of a time, as results show it. Canvas's mark contains no time; it only says that a submission is late.
FROM_NBGRADER, FROM_CANVAS = "timestamp.txt", "Canvas's LATE mark"
UNKNOWN = "Lateness is unknown, so there is no late penalty."
LONGEST = 4096
EXAMPLE = "2026-10-19 17:30:00 +09:00"
# nbgrader did not exist before this year. The clock of this machine may be a little behind the exchange's.
FIRST_YEAR, AHEAD = 2010, timedelta(minutes=10)
FARTHEST = timedelta(hours=14)
DATE_AND_TIME = re.compile(
    r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?:T|t| )(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(?: ?(\S.*))?",
    re.ASCII,
)
# `+930` could be nine hours and a half, or ninety-three.
OFFSET = re.compile(
    r"(?:UTC|GMT)?([+-])(?:(\d{1,2})(?::(\d{2})(?::(\d{2}))?)?|(\d{2})(\d{2})(\d{2})?)", re.ASCII | re.IGNORECASE
)
IS_UTC = re.compile(r"Z|UTC|GMT|UT|Zulu|Universal", re.IGNORECASE)
NO_PLACES = {"localtime", "Factory"}
ABBREVIATION = re.compile(r"[A-Za-z]{2,6}")
# Offsets, in hours, that people still use but that the time zone database no longer has: Bangladesh, Arabia, Singapore.
OTHER_MEANINGS = {"BST": (6,), "AST": (3,), "SST": (8,)}


class TimeProblem(ValueError):
    """Why a text is not a valid time: a sentence, with the line."""


@dataclass(frozen=True)
class Time:
    """When something was submitted, or None. `problem`: a sentence if there is a file without a valid time."""

    when: datetime | None = None
    problem: str = ""

    def source(self, late: bool) -> str:
        """Return where a time comes from, or that only the platform says that the submission is `late`."""
        return FROM_NBGRADER if self.when else FROM_CANVAS if late else ""


UNREADABLE = Time(problem=f"{TIMESTAMP} cannot be read. {UNKNOWN}")


def time_in(content: bytes, zone: ZoneInfo | None) -> Time:
    """Return the time in a timestamp.txt, no later than now, or the sentence that says why it has none."""
    try:
        return Time(read_time(content, zone, datetime.now(UTC)))
    except TimeProblem as problem:
        return Time(problem=f"{problem} {UNKNOWN}")


def read_time(content: bytes, zone: ZoneInfo | None, now: datetime | None = None) -> datetime:
    """Return the time in a timestamp.txt, in UTC.

    zone: the course's time zone. It is used if the text names none, and decides what an ambiguous abbreviation means.
    now: the current time; later times are refused, with a tolerance of ten minutes. Raises TimeProblem if the text is
    not exactly one instant, or an impossible one.
    """
    line, text = _only_line(content)
    try:
        when = _instant(text, zone)
        if when.year < FIRST_YEAR or (now is not None and when > now + AHEAD):
            written = when.strftime("%Y-%m-%d %H:%M UTC")
            raise TimeProblem(f"{written} is {'in the future' if when.year >= FIRST_YEAR else 'too long ago'}")
    except TimeProblem as problem:
        raise TimeProblem(f"{TIMESTAMP}, line {line}: {problem}.") from None
    except (ValueError, OverflowError):
        raise TimeProblem(f"{TIMESTAMP}, line {line}: {_shown(text)} is not a valid date and time.") from None
    return when


def instants(local: datetime, zone: ZoneInfo) -> list[datetime]:
    """Return the instants at which a zone's clocks show a local time: none if they skip it, two if they repeat it."""
    both = [local.replace(tzinfo=zone, fold=fold) for fold in (0, 1)]
    real = [when for when in both if when.astimezone(UTC).astimezone(zone).replace(tzinfo=None, fold=0) == local]
    return real[:1] if len(real) == 2 and real[0].utcoffset() == real[1].utcoffset() else real


def skipped_or_repeated(local: datetime, zone: ZoneInfo) -> str:
    """Return a sentence about a local time that is not exactly one instant."""
    fault = "occurs twice" if instants(local, zone) else "does not exist"
    return f"{local:%Y-%m-%d %H:%M} {fault} in {zone.key} because the clocks change; add the offset from UTC"


def _only_line(content: bytes) -> tuple[int, str]:
    """Return the number and text of the only line that is not blank; each run of white space becomes one space."""
    lines = [(number, " ".join(line.split())) for number, line in enumerate(_decoded(content).split("\n"), 1)]
    filled = [(number, line) for number, line in lines if line]
    if not filled:
        raise TimeProblem(f"{TIMESTAMP} is empty.")
    if len(filled) > 1:
        raise TimeProblem(f"{TIMESTAMP}, line {filled[1][0]}: the file has more than one line of text.")
    return filled[0]


def _decoded(content: bytes) -> str:
    if len(content) > LONGEST:
        raise TimeProblem(f"{TIMESTAMP} is too long: it should be one line with a date and a time.")
    is_wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        # Copied text can contain invisible characters, such as direction marks and zero-width spaces.
        return re.sub(f"[{INVISIBLE}]", "", content.decode("utf-16" if is_wide else "utf-8-sig"))
    except UnicodeDecodeError:
        raise TimeProblem(f"{TIMESTAMP} is not UTF-8 text.") from None


def _instant(text: str, zone: ZoneInfo | None) -> datetime:
    parts = DATE_AND_TIME.fullmatch(text)
    if parts is None:
        raise TimeProblem(f"{_shown(text)} is not a date and a time: write it as {EXAMPLE}")
    year, _, month, day, hour, minute, second, fraction, suffix = parts.groups()
    micro = int((fraction or "").ljust(6, "0")[:6])
    local = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second or 0), micro)
    if suffix is None:
        if zone is None:
            raise TimeProblem(f"{_shown(text)} has no time zone, and course.toml has no `timezone`: write {EXAMPLE}")
        return _at(local, zone)
    if IS_UTC.fullmatch(suffix):
        return local.replace(tzinfo=UTC)
    if offset := OFFSET.fullmatch(suffix.replace("\u2212", "-").replace(" ", "")):
        return local.replace(tzinfo=timezone(_offset(offset, suffix))).astimezone(UTC)
    if ABBREVIATION.fullmatch(suffix) and (known := _abbreviated(local, suffix.upper(), zone)):
        return known
    named = _named(suffix)
    if named is None:
        raise TimeProblem(f"{_shown(suffix)} is not a known time zone: write the offset from UTC, as in {EXAMPLE}")
    return _at(local, named)


def _at(local: datetime, zone: ZoneInfo) -> datetime:
    if len(found := instants(local, zone)) != 1:
        raise TimeProblem(skipped_or_repeated(local, zone))
    return found[0].astimezone(UTC)


def _offset(parts: re.Match[str], suffix: str) -> timedelta:
    hours, minutes, seconds = (int(parts[place] or parts[place + 3] or 0) for place in (2, 3, 4))
    size = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if size > FARTHEST or minutes > 59 or seconds > 59:
        raise TimeProblem(f"{_shown(suffix)} is not an offset from UTC: write it as in {EXAMPLE}")
    return -size if parts[1] == "-" else size


def _abbreviated(local: datetime, name: str, zone: ZoneInfo | None) -> datetime | None:
    """Return the instant of a local time with an abbreviation of a zone; None if no zone uses it in that year.

    Raises TimeProblem if the abbreviation is ambiguous, or if no clock shows it at this time.
    """
    if zone is not None and any(used == name for used, _ in _names_of(zone.key, local.year)):
        meanings, where = frozenset([zone.key]), zone.key
    else:
        meanings, where = _zones_with(name, local.year), "any place"
        offsets = {offset for key in meanings for used, offset in _names_of(key, local.year) if used == name}
        offsets |= {timedelta(hours=hours) for hours in OTHER_MEANINGS.get(name, ())}
        if len(offsets) > 1:
            listed = ", ".join(map(_written, sorted(offsets)))
            raise TimeProblem(
                f"{name} can mean several time zones ({listed}): write the offset from UTC, as in {EXAMPLE}"
            )
    found = {
        when.astimezone(UTC)
        for key in meanings
        for when in instants(local, ZoneInfo(key))
        if (when.tzname() or "").upper() == name
    }
    if meanings and len(found) != 1:
        raise TimeProblem(f"{name} is not the time of {where} at {local:%Y-%m-%d %H:%M}: write the offset from UTC")
    return found.pop() if found else None


@lru_cache(maxsize=64)
def _zones_with(name: str, year: int) -> frozenset[str]:
    """Return the zones that use an abbreviation in a year."""
    # Names such as EST, UTC or Etc/GMT+5 are not places.
    places = (key for key in _known() if "/" in key and not key.startswith("Etc/"))
    return frozenset(key for key in places if any(used == name for used, _ in _names_of(key, year)))


@lru_cache(maxsize=4096)
def _names_of(key: str, year: int) -> frozenset[tuple[str, timedelta]]:
    """Return the abbreviations that a zone uses in a year, in capitals, each with its offset."""
    first = datetime(year, 1, 1, tzinfo=ZoneInfo(key))
    days = (first + timedelta(days=days) for days in range(0, 366, 5))
    return frozenset(((day.tzname() or "").upper(), day.utcoffset() or timedelta()) for day in days)


def _named(name: str) -> ZoneInfo | None:
    return ZoneInfo(name) if name in _known() else None


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    """Return the names of all zones, without `localtime`, which depends on the machine."""
    return frozenset(available_timezones() - NO_PLACES)


def _written(offset: timedelta) -> str:
    minutes = round(offset.total_seconds() / 60)
    return f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def _shown(text: str) -> str:
    return f"'{clean(text, 60)}'"
