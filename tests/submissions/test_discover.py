"""Finds one notebook per student in any layout, without following links, unpacking zips or losing files."""

from __future__ import annotations

import os
import struct
import unicodedata
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from course_grader.engine.notebook.read import LARGEST_FILE, Unreadable
from course_grader.submissions import Found, LeftOut, find_submissions
from course_grader.submissions.filenames import LONGEST_ID, safe_id
from course_utils.errors import CourseError

NAME = "01_learning_rate_decay"


def folder(root: Path, files: Mapping[str, str]) -> Path:
    """Write files into a folder, each one second newer than the one before."""
    for second, (name, content) in enumerate(files.items()):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        os.utime(path, (10**9 + second, 10**9 + second))
    return root


def zipped(path: Path, files: Mapping[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zip:
        for second, (name, content) in enumerate(files.items()):
            info = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 2 * second))
            info.compress_type = zipfile.ZIP_DEFLATED
            zip.writestr(info, content)
    return path


def contents(found: Found) -> dict[str, str]:
    return {one.student: one.content().decode() for one in found.submissions if not one.problem}


def told(found: Found) -> dict[str, str]:
    files = {problem.name: problem.sentence for problem in found.problems}
    return files | {one.student: one.problem for one in found.submissions if one.problem}


LAYOUTS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "nbgrader": (
        {
            f"ada/{NAME}/{NAME}.ipynb": "1",
            f"ada/{NAME}/data.csv": "",
            "ada/02_other/02_other.ipynb": "",
            "bob/02_other/02_other.ipynb": "",
            f"cy/{NAME}/{NAME}.ipynb": "2",
        },
        {"ada": "1", "cy": "2"},
    ),
    "flat": ({"ada.ipynb": "1", f"bob_{NAME}.ipynb": "2", f"{NAME}-c.ipynb": "3"}, {"ada": "1", "bob": "2", "c": "3"}),
    "a folder a student": (
        {"ada/work.ipynb": "1", "ada/notes.txt": "", f"bob/deep/{NAME}.ipynb": "2", "bob/deep/plot.png": ""},
        {"ada": "1", "bob": "2"},
    ),
    "Canvas": (
        {
            f"lovelaceada_4711_99_{NAME}.ipynb": "1",
            f"lovelacebob_LATE_4712_98_{NAME}.ipynb": "2",
            "cy_4713_97_my notebook.ipynb": "3",
            f"anon_x9bQ2_96_{NAME}.ipynb": "4",
            f"anon_LATE_y9bQ2_96_{NAME}.ipynb": "5",
        },
        {"4711": "1", "4712": "2", "4713": "3", "x9bQ2": "4", "y9bQ2": "5"},
    ),
    "Moodle": (
        {
            "Ada Lovelace_12_assignsubmission_file_/notebook.ipynb": "1",
            "Bob B._13_assignsubmission_file/a_b.ipynb": "2",
            "Bob B._13_assignsubmission_onlinetext_/onlinetext.html": "",
        },
        {"Ada Lovelace": "1", "Bob B.": "2"},
    ),
    "Moodle without folders": (
        {f"Ada_12_assignsubmission_file_{NAME}.ipynb": "1", "Participant_13_assignsubmission_file_x.ipynb": "2"},
        {"Ada": "1", "Participant (13)": "2"},
    ),
    "other suffixes": ({"a.IPYNB": "1", "bob.ipynb.txt": "2", "c.ipynb.json": "3"}, {"a": "1", "bob": "2", "c": "3"}),
    "what systems leave behind": (
        {"ada.ipynb": "1", "__MACOSX/._ada.ipynb": "", ".DS_Store": "", ".ipynb_checkpoints/ada-checkpoint.ipynb": ""},
        {"ada": "1"},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("files", "expected"), LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("form", ["folder", "zip", "zip with a folder around it"])
def test_every_layout_is_found(tmp_path: Path, files: dict[str, str], expected: dict[str, str], form: str) -> None:
    if form == "folder":
        place = folder(tmp_path / "handed in", files)
    else:
        above = "submissions/" if "around" in form else ""
        place = zipped(tmp_path / "handed in.zip", {above + name: content for name, content in files.items()})
    found = find_submissions(place, NAME)
    assert contents(found) == expected
    assert told(found) == {}
    assert all(one.notes == () for one in found.submissions)


def test_platforms_give_names_numbers_and_who_was_late(tmp_path: Path) -> None:
    canvas = find_submissions(zipped(tmp_path / "c.zip", LAYOUTS["Canvas"][0]), NAME).submissions
    assert [one.late for one in canvas] == [False, True, False, False, True]
    assert canvas[0].name == "lovelaceada"
    moodle = find_submissions(zipped(tmp_path / "m.zip", LAYOUTS["Moodle"][0]), NAME).submissions
    assert [(one.name, one.participant) for one in moodle] == [("Ada Lovelace", "12"), ("Bob B.", "13")]


def test_one_notebook_can_be_handed_over_by_itself(tmp_path: Path) -> None:
    place = folder(tmp_path, {f"ada_{NAME}.ipynb": "1"}) / f"ada_{NAME}.ipynb"
    assert contents(find_submissions(place, NAME)) == {"ada": "1"}


def test_the_newest_of_two_counts_and_a_note_says_so(tmp_path: Path) -> None:
    cases: dict[str, tuple[dict[str, str], str]] = {
        "canvas": ({f"ada_7_9_{NAME}-2.ipynb": "new", f"ada_7_8_{NAME}-1.ipynb": "", f"ada_7_7_{NAME}.ipynb": ""}, "7"),
        "by time": ({"ada/draft.ipynb": "", "ada/final.ipynb": "new"}, "ada"),
        "by name": ({f"ada/{NAME}.ipynb": "new", "ada/scratch.ipynb": "", f"ada/{NAME}-Copy1.ipynb": ""}, "ada"),
        "flat": ({f"ada_{NAME}.ipynb": "", f"ada-{NAME} (1).ipynb": "new"}, "ada"),
    }
    for case, (files, student) in cases.items():
        # A second student, so that the first one's folder is not a folder around all submissions.
        others = {"bob/work.ipynb": ""} if student + "/" in next(iter(files)) else {}
        for place in (folder(tmp_path / case, files | others), zipped(tmp_path / f"{case}.zip", files | others)):
            one = next(one for one in find_submissions(place, NAME).submissions if one.student != "bob")
            assert (one.student, one.content()) == (student, b"new")
            assert f"This student has {len(files)} notebooks." in one.notes[0]


def test_the_time_is_what_nbgrader_wrote(tmp_path: Path) -> None:
    stamps = {"ada": "2026-02-02 15:58:23.948203 America/Los_Angeles\n", "bob": "soon", "cy": "\x00" * 10}
    files = {f"{name}/{NAME}/timestamp.txt": stamp for name, stamp in stamps.items()}
    files |= {f"{name}/{NAME}/{NAME}.ipynb": "" for name in [*stamps, "dee"]}
    for place in (folder(tmp_path / "f", files), zipped(tmp_path / "z.zip", files)):
        ada, bob, cy, dee = find_submissions(place, NAME).submissions
        assert ada.submitted == datetime(2026, 2, 2, 23, 58, 23, 948203, tzinfo=UTC)
        assert [one.submitted for one in (bob, cy, dee)] == [None] * 3
        assert [len(one.notes) for one in (ada, bob, cy, dee)] == [0, 1, 1, 0]


def test_a_student_without_a_notebook_is_named(tmp_path: Path) -> None:
    files = {"ada_1_2_work.pdf": "", f"bob_3_4_{NAME}.ipynb": "1", "roster.csv": "", "cy_5_text.html": ""}
    found = find_submissions(zipped(tmp_path / "c.zip", files), NAME)
    assert contents(found) == {"3": "1"}
    assert told(found) == {
        "1": "There is no notebook (.ipynb). There is only work.pdf.",
        "5": "There is no notebook (.ipynb). There is only text.html.",
    }
    assert LeftOut("", "It is not named as Canvas names files.", ("roster.csv",)) in found.left_out


def test_two_of_one_full_name_are_distinguished_by_number(tmp_path: Path) -> None:
    files = {f"Kim Lee_{n}_assignsubmission_file_/x.ipynb": str(n) for n in (5, 6)}
    assert contents(find_submissions(zipped(tmp_path / "m.zip", files), NAME)) == {
        "Kim Lee (5)": "5",
        "Kim Lee (6)": "6",
    }


STRANGE = {
    "ada lovelace": "ada lovelace",
    "ada.b.c": "ada.b.c",
    "o'neil": "o'neil",
    'the "one"': "the -one-",
    "…🎓 émile": "…🎓 émile",
    "a\u202eb\x1b[1m\tc\n": "ab-1m c",
    "..": "unnamed-5ec1f7e7",
    "...a": "---a",
    "a*[b]?": "a--b--",
    "\u200b": "unnamed-f4e48e66",
}


@pytest.mark.parametrize(("name", "expected"), STRANGE.items())
def test_strange_names_become_safe_ones(tmp_path: Path, name: str, expected: str) -> None:
    assert safe_id(name) == expected
    member = f"{name}_12_assignsubmission_file_/x.ipynb"
    ada = "ada_13_assignsubmission_file_/x.ipynb"
    found = find_submissions(zipped(tmp_path / "m.zip", {member: "1", ada: "2"}), NAME)
    assert contents(found) == {expected: "1", "ada": "2"}
    if name not in ("..", ".", "\u200b"):
        (tmp_path / "flat").mkdir()
        (tmp_path / "flat" / f"{name}.ipynb").write_text("1")
        assert contents(find_submissions(tmp_path / "flat", NAME)) == {expected: "1"}
    changed = next(one for one in found.submissions if one.student == expected).notes
    assert bool(changed) == (name != expected)


def test_a_name_is_kept_short_and_names_that_are_no_text_are_taken(tmp_path: Path) -> None:
    long = safe_id("é" * 500)
    assert len(long.encode()) <= LONGEST_ID
    assert long != safe_id("é" * 501)
    (tmp_path / "\udcff.ipynb").write_bytes(b"1")
    (found,) = find_submissions(tmp_path, NAME).submissions
    assert found.student.startswith("unnamed-")
    assert found.content() == b"1"


def test_names_that_differ_in_case_or_normal_form_alone_are_kept_apart(tmp_path: Path) -> None:
    names = [
        "ada",
        "Ada",
        "ADA",
        unicodedata.normalize("NFC", "zoé"),
        unicodedata.normalize("NFD", "zoé"),
        "x?y",
        "x|y",
    ]
    place = zipped(tmp_path / "z.zip", {f"{name}.ipynb": str(i) for i, name in enumerate(names)})
    found = find_submissions(place, NAME)
    assert sorted(contents(found).values()) == list("0123456")
    ids = [one.student for one in found.submissions]
    assert len({unicodedata.normalize("NFC", one.casefold()) for one in ids}) == len(names)
    apart = [one for one in found.submissions if any("only in case or Unicode form" in note for note in one.notes)]
    assert len(apart) == 4


# A damaged file affects only that file: `ada` is intact.
CLIMBING = ["../x.ipynb", "a/../../x.ipynb", "/etc/x.ipynb", "..\\x.ipynb", "C:\\x.ipynb", "a/../x.ipynb"]


@pytest.mark.parametrize("name", CLIMBING)
def test_a_name_that_climbs_out_is_reported_and_costs_nobody(tmp_path: Path, name: str) -> None:
    found = find_submissions(zipped(tmp_path / "z.zip", {name: "", "ada.ipynb": "1"}), NAME)
    assert contents(found) == {"ada": "1"}
    assert list(told(found).values()) == ["Its path in the zip leads out of the folder."]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["z.zip"]


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.ipynb").write_text("secret")
    place = folder(tmp_path / "in", {"ada.ipynb": "1"})
    (place / "bob.ipynb").symlink_to(tmp_path / "secret.ipynb")
    (place / "cy").symlink_to(tmp_path)
    os.mkfifo(place / "dee.ipynb")
    found = find_submissions(place, NAME)
    assert contents(found) == {"ada": "1"}
    assert [("link" in sentence, name) for name, sentence in sorted(told(found).items())] == [
        (True, "bob"),
        (True, "cy"),
        (False, "dee"),
    ]
    link = zipfile.ZipInfo("bob.ipynb")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as zip:
        zip.writestr(link, "../secret.ipynb")
        zip.writestr("ada.ipynb", "1")
    found = find_submissions(tmp_path / "z.zip", NAME)
    assert contents(found) == {"ada": "1"}
    assert "link" in told(found)["bob"]


def test_a_zip_bomb_costs_its_author_alone(tmp_path: Path) -> None:
    files = {"blank.ipynb": " " * 20 * 2**20, "huge.ipynb": "x" * (LARGEST_FILE + 1), "ada.ipynb": "1"}
    found = find_submissions(zipped(tmp_path / "z.zip", files), NAME)
    assert contents(found) == {"ada": "1"}
    assert "times as large as it is compressed" in told(found)["blank"]
    assert "larger than 50 MiB" in told(found)["huge"]


def broken(path: Path, name: str, change: Any) -> Path:
    """Write a zip with `name` and an intact file, and change bytes of `name`'s record in the zip's directory."""
    zipped(path, {name: "broken " * 100, "ada.ipynb": "1"})
    data = bytearray(path.read_bytes())
    change(data, data.index(b"PK\x01\x02"))
    path.write_bytes(data)
    return path


def encrypt(data: bytearray, record: int) -> None:
    data[record + 8] |= 1


def lie_about_size(data: bytearray, record: int) -> None:
    struct.pack_into("<I", data, record + 24, 5)


def lie_about_method(data: bytearray, record: int) -> None:
    struct.pack_into("<H", data, record + 10, 77)


def damage_content(data: bytearray, record: int) -> None:
    data[41:46] = b"\xff" * 5


@pytest.mark.parametrize("change", [encrypt, lie_about_size, lie_about_method, damage_content])
def test_a_member_that_cannot_be_read_costs_itself_alone(tmp_path: Path, change: Any) -> None:
    found = find_submissions(broken(tmp_path / "z.zip", "bob.ipynb", change), NAME)
    assert contents(found) == {"ada": "1"}
    (sentence,) = told(found).values()
    assert ("encrypted" in sentence) == (change is encrypt)
    assert sentence.endswith(".")


def test_a_zip_that_is_damaged_later_is_reported_when_it_is_read(tmp_path: Path) -> None:
    (one,) = find_submissions(zipped(tmp_path / "z.zip", {"ada.ipynb": "honest " * 50}), NAME).submissions
    assert one.content() == b"honest " * 50
    broken(tmp_path / "z.zip", "ada.ipynb", damage_content)
    with pytest.raises(Unreadable, match="Download it again"):
        one.content()


def test_files_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    def overlap(data: bytearray, record: int) -> None:
        struct.pack_into("<I", data, record + 20, len(data))

    with pytest.raises(CourseError, match="more compressed data than the file contains"):
        find_submissions(broken(tmp_path / "z.zip", "bob.ipynb", overlap), NAME)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path / "absent", "does not exist"),
        (lambda path: path, "contains no submission"),
        (lambda path: folder(path, {"x.zip": "no zip"}) / "x.zip", "not a folder or notebook, nor a complete zip"),
        (lambda path: zipped(path / "x.zip", {}), "contains no submission"),
        (lambda path: os.mkfifo(path / "x") or path / "x", "not a folder, zip or notebook"),
    ],
)
def test_a_place_without_submissions_is_reported_in_a_sentence(tmp_path: Path, make: Any, words: str) -> None:
    with pytest.raises(CourseError, match=words):
        find_submissions(make(tmp_path), NAME)


def test_a_zip_that_was_cut_short_is_reported(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"ada.ipynb": "1"})
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(CourseError, match="complete zip"):
        find_submissions(path, NAME)
