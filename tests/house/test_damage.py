"""Files that should be notebooks: every command and the grader say what each one is."""

from __future__ import annotations

import gzip
import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_grader.engine.notebook.read import Unreadable, read_submission
from course_utils import damage, notebooks, progress
from course_utils.damage import NotNotebook
from course_utils.errors import CourseError
from course_utils.update import update
from tests.house.conftest import Result

ROOT = Path(__file__).parents[2]
CONFLICT = (Path(__file__).parent / "cases" / "merge_conflict.broken").read_bytes()
SAMPLE = b'<!DOCTYPE html><html lang="en"><title>page</title></html>'
WHOLE = (ROOT / "notebooks" / "00_start_here" / "00_start_here.ipynb").read_bytes()
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, WHOLE)
    return file.getvalue()


WEB_PAGE = "a web page"
KINDS: dict[str, tuple[bytes, str]] = {
    "the sample of a web page": (SAMPLE, WEB_PAGE),
    "a page of GitHub": (b"\n\n\n\n<!DOCTYPE html>\n<html lang='en' data-color-mode='auto'>" + b"x" * 10**6, WEB_PAGE),
    "a page for signing in": (b"<HTML><HEAD><TITLE>Sign in</TITLE></HEAD></HTML>", WEB_PAGE),
    "a page of XHTML": (b'<?xml version="1.0"?><!DOCTYPE html PUBLIC "x"><html/>', WEB_PAGE),
    "a page that begins with a comment": (b"<!-- saved from url=(0022)x --><html></html>", WEB_PAGE),
    "a page in an older encoding": ("<html><p>Prüfung</p></html>".encode("latin-1"), WEB_PAGE),
    "a page with a byte-order mark": (b"\xef\xbb\xbf<!doctype html>", WEB_PAGE),
    "a page of a browser's archive": (
        b"From: <Saved by Blink>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related;\r\n", WEB_PAGE,
    ),
    "a pointer": (POINTER, "a Git LFS pointer"),
    "a pointer from Windows": (POINTER.replace(b"\n", b"\r\n"), "a Git LFS pointer"),
    "the sample of a merge conflict": (CONFLICT, "merge conflict in it (line 31)"),
    "a merge conflict from Windows": (b"{\r\n<<<<<<< HEAD\r\n=======\r\n>>>>>>> x\r\n}", "conflict in it (line 2)"),
    "GitHub's answer": (b"404: Not Found", "a server's answer (404 Not Found)"),
    "GitHub's answer as JSON": (b'{"message": "Not Found", "status": "404"}', "a server's error message"),
    "the answer of a store": (b'<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>', "an XML document"),
    "a link": (b"https://colab.research.google.com/drive/1abc?usp=sharing\n", "a link to a notebook"),
    "a link of Drive's": (b'{"url": "https://docs.google.com/open?id=1", "doc_id": "1"}', "a link to a notebook"),
    "a shortcut": (b"[InternetShortcut]\r\nURL=https://x.example/\r\n", "a link to a notebook"),
    "a program": (b"#!/usr/bin/env python\n# coding: utf-8\n\n# In[1]:\nx = 1\n", "Python code"),
    "a function": (b'"""Mine."""\n\n\ndef f(x):\n    return x\n', "Python code"),
    "a zip": (zipped("00_start_here.ipynb"), "a zip archive"),
    "a document of Word": (zipped("[Content_Types].xml", "word/document.xml"), "a Word document"),
    "an old document of Word": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "an Office document"),
    "a gzip": (gzip.compress(WHOLE), "a gzip archive"),
    "a PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a PDF document"),
    "a screenshot": (b"\x89PNG\r\n\x1a\n" + bytes(100), "a picture"),
    "zero bytes after a crash": (bytes(4096), "empty"),
    "UTF-16": (WHOLE.decode().encode("utf-16"), "text in UTF-16"),
    "UTF-16 without a mark": (WHOLE.decode().encode("utf-16-le"), "text in UTF-16"),
    "notes": (b"I could not do this exercise.", "text, but not a notebook"),
    "a missing comma": (WHOLE.replace(b'",\n', b'"\n', 1), "not a notebook: line "),
    "a number of a million digits": (b'{"cells": ' + b"1" * 10**6 + b"}", "its JSON cannot be read"),
    "a list": (b"[]", "JSON, but not a notebook"),
    "another object": (b'{"a": 1}', "no cells of a notebook"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "what"), KINDS.values(), ids=KINDS)
def test_learner_and_grader_hear_the_same_of_a_file(content: bytes, what: str, tmp_path: Path) -> None:
    place = tmp_path / "00_start_here.ipynb"
    place.write_bytes(content)
    with pytest.raises(CourseError) as learner:
        notebooks.read(place)
    with pytest.raises(Unreadable) as grader:
        read_submission(place)
    assert what in str(learner.value)
    assert what in str(grader.value)
    assert str(learner.value).startswith(f"{place} is ")
    assert str(grader.value).startswith("The file is ")
    assert str(grader.value).endswith(", and hand it in again.")
    assert "\n" not in str(learner.value) + str(grader.value)


@given(st.integers(0, len(WHOLE) - 3))
def test_a_notebook_that_was_cut_off_is_incomplete(size: int) -> None:
    with pytest.raises(NotNotebook) as cut:
        damage.parse(WHOLE[:size])
    # Cut in the middle of a character, it is not even text.
    assert cut.value.what.startswith(("incomplete", "empty", "not UTF-8")), cut.value


@given(st.binary(max_size=200), st.sampled_from([b"", b"{", b"[", b"<", b"PK", b"\xff\xfe", b"version ", b'{"a":']))
def test_whatever_a_file_holds_it_is_an_object_or_gets_a_sentence(rest: bytes, start: bytes) -> None:
    try:
        said = str(type(damage.parse(start + rest)))
    except NotNotebook as found:
        said = str(found)
    assert said == str(dict) or (said.startswith("The file is ") and said.endswith("."))


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Callable[..., Result]) -> Path:
    """Change to a learner's folder with all notebooks."""
    assert run("start", str(tmp_path / "mine")).code == 0
    monkeypatch.chdir(tmp_path / "mine")
    return tmp_path / "mine"


BROKEN: dict[str, Callable[[Path], object]] = {
    "a merge conflict": lambda place: place.write_bytes(CONFLICT),
    "cut off": lambda place: place.write_bytes(WHOLE[:3000]),
    "empty": lambda place: place.write_bytes(b""),
    "a web page": lambda place: place.write_bytes(SAMPLE),
    "a pointer": lambda place: place.write_bytes(POINTER),
    "a folder": lambda place: (place.unlink(), place.mkdir()),
    "a link to nothing": lambda place: (place.unlink(), place.symlink_to("nowhere")),
}


@pytest.mark.parametrize("lesson", ["00_start_here", "01_learning_rate_decay"])
@pytest.mark.parametrize("kind", BROKEN)
def test_one_broken_notebook_hides_no_other(own: Path, run: Callable[..., Result], kind: str, lesson: str) -> None:
    place = own / lesson / f"{lesson}.ipynb"
    sound = [path.stem for path in notebooks.lessons_in(own) if path != place]
    BROKEN[kind](place)
    before = place.read_bytes() if place.is_file() else None
    seen = run("progress")
    assert seen.code == 2
    assert [line.split()[0] for line in seen.out.splitlines() if line[:2].isdigit()][: len(sound)] == sound
    assert seen.err.startswith("course: ")
    assert str(place) in seen.err
    listed = json.loads(run("progress", "--json").out)
    assert [one["lesson"] for one in listed if "problem" in one] == [lesson]
    gathered = run("gather")
    assert gathered.code == 1
    assert f"Nothing was copied from {lesson}: " in gathered.out
    assert "not written yet in 04_batch_normalization" in gathered.out
    assert "not written yet in 03_dropout" in gathered.out
    if before is not None:
        outcomes = {one.lesson: one for one in update(own)}
        assert outcomes[lesson].outcome == "left alone"
        assert str(place) in outcomes[lesson].reason
        assert {outcomes[name].outcome for name in sound} <= {"up to date", "changed"}
        assert place.read_bytes() == before
    problems = [finding for finding in json.loads(run("doctor", "--json").out) if finding["subject"] == "notebooks"]
    assert not any(finding["well"] for finding in problems)


def test_a_notebook_that_may_not_be_read_hides_no_other(
    own: Path, run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.name.startswith("02a"):
            raise PermissionError(13, os.strerror(13), str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert len([one for one in progress.summary(own) if one.problem]) == 1
    seen = run("progress")
    assert seen.code == 3
    assert "permission denied" in seen.err
    assert "Nothing was copied from 02a" in run("gather").out
    assert [one.outcome for one in update(own) if one.lesson.startswith("02a")] == ["left alone"]


def test_a_mark_or_a_character_that_cannot_be_survives_an_update(own: Path) -> None:
    place = own / "00_start_here" / "00_start_here.ipynb"
    notebook = json.loads(place.read_bytes())
    del notebook["cells"][3]
    notebook["cells"][1]["metadata"]["nbgrader"] = ["damaged"]
    notebook["cells"].append({"cell_type": "markdown", "id": "mine", "metadata": {}, "source": "half \ud83d of a pair"})
    place.write_text(json.dumps(notebook))
    assert {one.outcome for one in update(own)} == {"up to date", "changed"}
    assert notebooks.read(place)["cells"][-1]["source"] == "half \ud83d of a pair"
