"""A timestamp.txt is read as the time that was meant, or refused with a sentence; never as a wrong time."""

from __future__ import annotations

import codecs
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_grader.submissions.times import AHEAD, TimeProblem, instants, read_time

SEOUL, BERLIN, CHICAGO = (ZoneInfo(name) for name in ("Asia/Seoul", "Europe/Berlin", "America/Chicago"))
# nbgrader's own format, also in zones other than UTC.
FORMAT = "%Y-%m-%d %H:%M:%S.%f"
NAMES = sorted(name for name in available_timezones() if name not in {"localtime", "Factory"})
moments = st.datetimes(datetime(2010, 1, 2), datetime(2027, 12, 30), timezones=st.just(UTC))
# Listing the abbreviations of a year takes a while.
recent = st.datetimes(datetime(2026, 1, 2), datetime(2026, 12, 30), timezones=st.just(UTC))
zones = st.sampled_from(NAMES).map(ZoneInfo)

# Sample lines, with the instant that was meant.
MEANT = {
    "2026-10-19 17:30:00 KST": "2026-10-19 08:30",
    "2026-10-19 17:30:00.000000 +0900": "2026-10-19 08:30",
    "2026-10-19 17:30:00 +09:00": "2026-10-19 08:30",
    "2026-10-19 17:30:00 CEST": "2026-10-19 15:30",
    "2026-10-19 17:30:00 PDT": "2026-10-20 00:30",
    "2026-10-19 17:30:00 UTC": "2026-10-19 17:30",
    "2026-10-19T17:30:00Z": "2026-10-19 17:30",
    "2026-10-19T17:30:00+09:00": "2026-10-19 08:30",
    "2026-10-19 17:30:00 +04": "2026-10-19 13:30",
    "2026-10-19 17:30:00 UTC+9": "2026-10-19 08:30",
    "2026-10-19 17:30:00 +5:45": "2026-10-19 11:45",
    "2026-10-19 17:30:00 \u22120330": "2026-10-19 21:00",
    "2026-10-19 17:30:00 Asia/Kolkata": "2026-10-19 12:00",
    "2026/10/19 17:30 America/New_York": "2026-10-19 21:30",
    "2026-10-19 17:30:00 ChST": "2026-10-19 07:30",
    "2026-10-25 02:30:00 CEST": "2026-10-25 00:30",
    "2026-10-25 02:30:00 CET": "2026-10-25 01:30",
    " 2026-10-19\u00a017:30:00\u200b KST \r\n\r\n": "2026-10-19 08:30",
}
REFUSED = {
    "2026-10-19 17:30:00": "line 1: .* has no time zone, and course.toml has no `timezone`",
    "2026-10-19 17:30:00 CST": r"CST can mean several time zones \(UTC-06:00, UTC-05:00, UTC\+08:00\)",
    "\n2026-10-19 17:30:00 IST": "line 2: IST can mean several",
    "2026-10-19 17:30:00 BST": r"\(UTC\+01:00, UTC\+06:00\)",
    "2026-01-19 17:30:00 CEST": "CEST is not the time of any place",
    "2026-10-19 17:30:00 XYZ": "'XYZ' is not a known time zone",
    "2026-10-19 05:30:00 PM": "'PM' is not a known time zone",
    "2026-10-19 17:30:00 localtime": "not a known time zone",
    "2026-10-19 17:30:00 right/UTC": "not a known time zone",
    "2026-10-19 17:30:00 ../../etc/localtime": "not a known time zone",
    "2026-10-19 17:30:00 +900": "not a known time zone",
    "2026-10-19 17:30:00 +2500": "not an offset",
    "2026-10-19 17:30:00 +0960": "not an offset",
    "2026-10-19 17:30:00 +0900 PDT": "not a known time zone",
    "2026-03-29 02:30:00 Europe/Berlin": "does not exist in Europe/Berlin",
    "2026-10-25 02:30:00 Europe/Berlin": "occurs twice in Europe/Berlin",
    "2026-10-19": "is not a date and a time",
    "17:30:00 KST": "is not a date and a time",
    "10/11/2026 17:30:00 UTC": "is not a date and a time",
    "Mon Oct 19 17:30:00 KST 2026": "is not a date and a time",
    "2026-10-19 17:30:00 UTC\n2026-10-12 17:30:00 UTC": "line 2: the file has more than one line",
    "\u0662\u0660\u0662\u0666-10-19 17:30:00 UTC": "is not a date and a time",
    "2026-02-30 17:30:00 UTC": "is not a valid date and time",
    "9999-12-31 23:59:59 -14:00": "is not a valid date and time",
    "1970-01-01 00:00:00 UTC": "too long ago",
    "soon": "is not a date and a time",
    "": "is empty",
    "\x00" * 10: "is not a date and a time",
    "2026-10-19 17:30:00 UTC" + " " * 5000: "is too long",
}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def read(text: str, zone: ZoneInfo | None) -> datetime | str:
    try:
        return read_time(text.encode(), zone)
    except TimeProblem:
        return "refused"


@pytest.mark.parametrize(("text", "meant"), MEANT.items())
@pytest.mark.parametrize("zone", [None, SEOUL, BERLIN, CHICAGO])
def test_it_is_the_time_meant_whatever_the_zone_of_the_course(text: str, meant: str, zone: ZoneInfo | None) -> None:
    assert read_time(text.encode(), zone) == at(meant)


@pytest.mark.parametrize(("text", "sentence"), REFUSED.items())
def test_it_is_refused_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(TimeProblem, match=sentence) as refused:
        read_time(text.encode(), None)
    assert str(refused.value).startswith("timestamp.txt")
    assert "\n" not in str(refused.value)


def test_the_zone_of_the_course_settles_what_is_open() -> None:
    for zone, meant in {SEOUL: "2026-10-19 08:30", BERLIN: "2026-10-19 15:30", CHICAGO: "2026-10-19 22:30"}.items():
        assert read_time(b"2026-10-19 17:30:00", zone) == at(meant)
    cst = {"America/Chicago": "2026-11-20 23:30", "Asia/Shanghai": "2026-11-20 09:30", "Cuba": "2026-11-20 22:30"}
    for name, meant in cst.items():
        assert read_time(b"2026-11-20 17:30:00 CST", ZoneInfo(name)) == at(meant)
    assert read_time(b"2026-07-20 17:30:00 BST", ZoneInfo("Europe/London")) == at("2026-07-20 16:30")
    # Chicago has summer time then, so either the zone or the hour is wrong, and it is not clear which.
    with pytest.raises(TimeProblem, match="CST is not the time of America/Chicago"):
        read_time(b"2026-07-20 17:30:00 CST", CHICAGO)
    for text in (b"2026-03-29 02:30:00", b"2026-10-25 02:30:00"):
        with pytest.raises(TimeProblem, match="because the clocks change"):
            read_time(text, BERLIN)


def test_a_time_that_is_still_to_come_is_refused() -> None:
    now = at("2026-10-19 08:30")
    assert read_time(b"2026-10-19 17:39:00 KST", None, now) - now < AHEAD
    with pytest.raises(TimeProblem, match="2026-10-19 17:30 UTC is in the future"):
        read_time(b"2026-10-19 17:30:00 UTC", None, now)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_byte_order_mark_does_no_harm(encoding: str) -> None:
    assert read_time("2026-10-19 17:30:00 KST\r\n".encode(encoding), None) == at("2026-10-19 08:30")


@pytest.mark.parametrize("content", ["2026-10-19 17:30:00 KST".encode("utf-16-le"), b"\xff\xfe\x00", b"\x80 UTC"])
def test_other_encodings_are_refused(content: bytes) -> None:
    with pytest.raises(TimeProblem):
        read_time(content, None)


@given(moments, zones, st.sampled_from(["%z", ":", " %z", " :"]))
def test_an_offset_is_read_in_every_form(moment: datetime, zone: ZoneInfo, form: str) -> None:
    local = moment.astimezone(zone)
    offset = local.strftime("%z") if "z" in form else local.isoformat(timespec="microseconds")[26:]
    blank = " " if form.startswith(" ") else ""
    assert read_time(f"{local.strftime(FORMAT)}{blank}{offset}".encode(), None) == moment
    assert read_time(local.isoformat().encode(), SEOUL) == moment


@settings(deadline=None)
@given(moments, zones)
def test_what_nbgrader_writes_in_the_zone_of_the_course_is_read(moment: datetime, zone: ZoneInfo) -> None:
    local = moment.astimezone(zone)
    meant = instants(local.replace(tzinfo=None, fold=0), zone)
    assert local in meant
    alike = [one for one in meant if one.tzname() == local.tzname()]
    written = f"{local:{FORMAT}}"
    # If clocks were put back and the abbreviation stayed the same, the time is ambiguous.
    assert read(f"{written} {local.tzname()}", zone) == (moment if len(alike) == 1 else "refused")
    assert read(written, zone) == (moment if len(meant) == 1 else "refused")
    if "/" in zone.key:
        assert read(f"{written} {zone.key}", None) == (moment if len(meant) == 1 else "refused")


@settings(deadline=None)
@given(recent, zones, st.none() | zones)
def test_an_abbreviation_is_the_time_meant_or_refused(moment: datetime, zone: ZoneInfo, own: ZoneInfo | None) -> None:
    local = moment.astimezone(zone)
    found = read(f"{local.strftime(FORMAT)} {local.tzname()}", own)
    # Only if the course's own zone uses the abbreviation may it be read as another time.
    days = (moment + timedelta(days=days) for days in range(-366, 367, 5))
    settled = own is not None and any(day.astimezone(own).tzname() == local.tzname() for day in days)
    assert found in (moment, "refused") or settled


@given(st.binary(max_size=60) | st.text(max_size=40).map(str.encode), st.none() | zones)
def test_anything_at_all_is_a_time_or_a_sentence(content: bytes, zone: ZoneInfo | None) -> None:
    for start in (b"", b"2026-10-19 17:30:00 ", codecs.BOM_UTF16_LE):
        try:
            found = read_time(start + content, zone).isoformat()
        except TimeProblem as problem:
            found = str(problem)
        assert found.endswith("+00:00") or found.startswith("timestamp.txt")
