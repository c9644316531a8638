"""File names in zips in many countries' encodings, and notebooks whose names do not end like a notebook's."""

from __future__ import annotations

import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_grader.engine.notebook.read import Unreadable
from course_grader.exports import autograder
from course_grader.gradebook.student import Student
from course_grader.submissions import Found, KnownNames, Layout, find_submissions
from course_grader.submissions.attempts import own_notebook
from course_grader.submissions.zipnames import names_of
from course_grader.term.match_students import identified
from tests.submissions.world import NAME, notebook

# The class of the samples. No Western code page contains Łęcka; only Korean and Chinese ones contain 김.
CLASS = [
    Student("ada", "Ada", "Lovelace", "", "4711"), Student("emmy", "Emmy", "Noether", "", "4712"),
    Student("grace", "Grace", "Hopper", "", "4713"), Student("zoë", "Zoë", "Łęcka", "", "4714"),
    Student("20260001", "철수", "김", "", "4721"), Student("20260002", "영희", "이", "", "4722"),
]  # fmt: skip


class Raw(zipfile.ZipInfo):
    """A zip member whose name is raw bytes, without the mark for UTF-8."""

    raw: bytes

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:
        return self.raw, self.flag_bits


def raw_zip(path: Path, files: Mapping[bytes, str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for number, (name, text) in enumerate(files.items()):
            info = Raw(str(number), (2026, 10, 1, 12, 0, 0))
            info.raw = name
            archive.writestr(info, text)
    return path


def known(students: Sequence[Student]) -> KnownNames:
    return KnownNames.of((one.id, one.lms, one.names) for one in students)


def found_in(place: Path, students: Sequence[Student] = CLASS) -> Found:
    return identified(find_submissions(place, NAME, known(students)), students)


def ids(found: Found) -> list[str]:
    return [one.student for one in found.submissions if not one.problem]


NAMES = {
    "cp949": ["김 철수", "이 영희", "박 지성"],
    "cp932": ["山田 太郎", "鈴木 花子", "表 一郎"],
    "gbk": ["王 小明", "李 华", "张 伟"],
    "cp1252": ["Zoë Müller", "José Peña", "Åsa Öberg"],
    "cp437": ["Zoë Müller", "José Peña", "Åsa Öberg"],
    "utf-8": ["Zoë Łęcka", "김 철수", "山田 太郎"],
}


@pytest.mark.parametrize("page", NAMES)
@pytest.mark.parametrize("is_known", [True, False])
def test_names_without_the_mark_are_read_in_the_code_page_of_their_country(
    tmp_path: Path, page: str, is_known: bool
) -> None:
    names = NAMES[page]
    files = {
        f"{name}_{n}_assignsubmission_file_/{NAME}.ipynb".encode(page): notebook(name) for n, name in enumerate(names)
    }
    place = raw_zip(tmp_path / "in.zip", files)
    if is_known:
        students = [Student(f"s{n}", name.split()[1], name.split()[0]) for n, name in enumerate(names)]
        assert ids(found_in(place, students)) == ["s0", "s1", "s2"]
    else:
        found = find_submissions(place, NAME)
        assert sorted(one.name for one in found.submissions) == sorted(names)


def test_the_roster_decides_between_code_pages_that_fit_alike() -> None:
    # The same bytes are valid names in a Korean and in a Chinese code page.
    raw = "陈 静".encode("gbk")
    info = Raw("x")
    info.orig_filename = raw.decode("cp437")
    for page in ("gbk", "cp949"):
        name = raw.decode(page)
        students = known([Student("s", "", name)])
        assert names_of([info], students.fits) == [name]


def test_one_students_file_does_not_change_how_names_are_read(tmp_path: Path) -> None:
    names = ["김 철수", "이 영희", "박 지성"]
    files = {f"{name}_{n}_assignsubmission_file_/{NAME}.ipynb".encode(): notebook(name) for n, name in enumerate(names)}
    for number in range(50):
        files[names[0].encode() + b"_0_assignsubmission_file_/%d\xff\xb1\xe8.txt" % number] = ""
    found = find_submissions(raw_zip(tmp_path / "in.zip", files), NAME)
    assert sorted(one.name for one in found.submissions) == sorted(names)


def test_info_zips_own_field_has_the_name(tmp_path: Path) -> None:
    raw, name = b"zo?.ipynb", "zoë.ipynb"
    info = Raw("x")
    info.raw = raw
    field = struct.pack("<BI", 1, zlib.crc32(raw)) + name.encode()
    info.extra = struct.pack("<HH", 0x7075, len(field)) + field
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        archive.writestr(info, notebook("x"))
    assert ids(found_in(tmp_path / "in.zip")) == ["zoë"]


HANGUL = st.text(st.characters(codec="cp949", categories=["Lo"]), min_size=2, max_size=4)


@settings(max_examples=60, deadline=None)
@given(st.lists(HANGUL, min_size=2, max_size=6, unique=True))
def test_a_class_that_is_known_is_found_under_any_names(names: list[str]) -> None:
    infos = []
    for name in names:
        info = Raw("x")
        info.orig_filename = f"{name}.ipynb".encode("cp949").decode("cp437")
        infos.append(info)
    students = known([Student(str(n), name) for n, name in enumerate(names)])
    assert names_of(infos, students.fits) == [f"{name}.ipynb" for name in names]


def test_backslashes_are_folders_if_the_whole_zip_has_them(tmp_path: Path) -> None:
    files = {f"submitted\\{one}\\{NAME}\\{NAME}.ipynb".encode(): notebook(one) for one in ("ada", "emmy")}
    found = found_in(raw_zip(tmp_path / "a.zip", files | {b"submitted\\ada\\": ""}))
    assert (ids(found), found.layout) == (["ada", "emmy"], Layout.NBGRADER)
    # In a flat zip, the backslash is part of the name of one student's file.
    flat = {b"ada.ipynb": notebook("ada"), b"grace.ipynb": notebook("grace"), b"emmy\\x.ipynb": notebook("forged")}
    found = found_in(raw_zip(tmp_path / "b.zip", flat))
    assert (ids(found), found.layout) == (["ada", "emmy-x", "grace"], Layout.FLAT)


def test_forms_of_unicode_and_what_a_mac_leaves_behind(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        for form in ("NFC", "NFD"):
            name = unicodedata.normalize(form, "zoë" if form == "NFC" else "김철수")
            archive.writestr(f"week/{name}/{NAME}.ipynb", notebook(form))
            archive.writestr(f"__MACOSX/week/{name}/._{NAME}.ipynb", "x")
        archive.writestr("week/.DS_Store", "x")
    found = found_in(tmp_path / "in.zip")
    assert ids(found) == ["20260001", "zoë"]
    assert [len(left.files) for left in found.left_out] == [3]


ENDS = [
    ".ipynb의 사본",
    ".ipynb のコピー",
    " (1).ipynb",
    ".IPYNB",
    ".ipynb.txt",
    ".ipynb.json",
    ".ipynb.download",
    ".txt",
    "",
]
COPIES = [NAME + end for end in ENDS] + [f"Copy of {NAME}.ipynb", f"Kopie von {NAME}.ipynb", "work"]


@pytest.mark.parametrize("file", COPIES)
@pytest.mark.parametrize(
    ("ada", "emmy"),
    [
        ("lovelaceada_4711_990001_", "noetheremmy_4712_990002_"),
        ("ada/", "emmy/"),
        ("Ada Lovelace_1_assignsubmission_file_/", "Emmy Noether_2_assignsubmission_file_/"),
    ],
)
def test_a_notebook_is_one_by_its_content(tmp_path: Path, file: str, ada: str, emmy: str) -> None:
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        for start in (ada, emmy):
            archive.writestr(start + file, "\ufeff" + notebook(start))
    assert ids(found_in(tmp_path / "in.zip")) == ["ada", "emmy"]


def test_a_file_that_is_no_notebook_is_none_whatever_it_begins_with(tmp_path: Path) -> None:
    for name, text in (("a", '{"cells": 1}'), ("b", '["nbformat", "cells"]'), ("c", ""), ("d", "{")):
        (tmp_path / "ada").mkdir(exist_ok=True)
        (tmp_path / "ada" / name).write_text(text)
    (tmp_path / "emmy").mkdir()
    (tmp_path / "emmy" / "x.ipynb").write_text(notebook("x"))
    ada, _ = find_submissions(tmp_path, NAME).submissions
    assert ada.problem == "There is no notebook (.ipynb). There is only a, b, c ..."


def samples() -> dict[str, tuple[list[str], list[str]]]:
    """Return the names in archives that are hard to read, and the students of their submissions."""
    return {
        "canvas in a folder": (
            [f"submissions (3)/{name}_{NAME}.ipynb" for name in
             ("lovelaceada_4711_990001", "noetheremmy_4712_990002", "hoppergrace_4713_990003")],
            ["ada", "emmy", "grace"],
        ),
        "drive copy": (
            [f"lovelaceada_4711_990001_{NAME}.ipynb의 사본", f"noetheremmy_4712_990002_{NAME}.ipynb"], ["ada", "emmy"],
        ),
        "downloaded twice": (["ada.ipynb", "ada (1).ipynb"], ["ada"]),
        "teams": (
            [f"{team}_assignsubmission_file_/{NAME}.ipynb" for team in ("Team 1_345", "Default group")], [],
        ),
    }  # fmt: skip


@pytest.mark.parametrize("case", samples())
def test_archives_that_fell_short(tmp_path: Path, case: str) -> None:
    names, expected = samples()[case]
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name, (2025, 9, 1, 12, 0, 0)), notebook("same"))
    found = found_in(tmp_path / "in.zip")
    assert ids(found) == expected
    if case == "downloaded twice":
        assert "This student has 2 notebooks. ada (1).ipynb counts" in found.submissions[0].notes[0]
    if case == "teams":
        assert {one.name for one in found.problems} == {"Team 1", "Default group"}
        assert all("a team's submission" in one.sentence for one in found.problems)


def test_gradescope_takes_files_as_grading_does(tmp_path: Path) -> None:
    def handed_in(case: str, files: Mapping[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / case / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path / case

    mac = handed_in("mac", {"my answer.ipynb": notebook("x"), "__MACOSX/._my answer.ipynb": "x"})
    assert own_notebook(mac, NAME) == (mac / "my answer.ipynb", ())
    copy = handed_in("copy", {f"{NAME}.ipynb의 사본": notebook("x"), "data.csv": ""})
    assert own_notebook(copy, NAME)[0].name == f"{NAME}.ipynb의 사본"
    named = handed_in("named", {f"{NAME}.ipynb": notebook("x"), "scratch.ipynb": notebook("y")})
    assert own_notebook(named, NAME)[0].name == f"{NAME}.ipynb"
    assert own_notebook(named, NAME)[1][0].startswith("This student has 2 notebooks.")
    two = handed_in("two", {"a.ipynb": notebook("x"), "b.ipynb": notebook("y")})
    for place in (two, handed_in("none", {"a.pdf": ""})):
        with pytest.raises(Unreadable, match=rf"Submit only the file {NAME}\.ipynb"):
            own_notebook(place, NAME)
    assert autograder.own_notebook is own_notebook
