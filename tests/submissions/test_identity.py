"""In no layout can a student write something that counts as another student's file; every file is reported."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from course_grader.gradebook.student import Student
from course_grader.submissions import KnownNames, Layout, archives, find_submissions
from course_grader.term.match_students import identified
from tests.submissions.world import LAYOUTS, NAME, Person, World, accounted, notebook

ADA = Person("ada", "Ada", "Lovelace", 4711)
EMMY = Person("emmy", "Emmy", "Noether", 4712)
GRACE = Person("grace", "Grace", "Hopper", 4713)
CLASS = (ADA, EMMY, GRACE)


def students(people: Sequence[Person]) -> list[Student]:
    return [Student(one.id, one.first, one.last, "", str(one.number)) for one in people]


def graded(world: World, place: Path) -> dict[str, str]:
    """Return the content that would be graded, by student."""
    found = identified(find_submissions(place, NAME, world.known), students(world.people))
    ids = {one.id for one in world.people}
    return {one.student: one.content().decode() for one in found.submissions if not one.problem and one.student in ids}


def handed_in(layout: str, wrapping: str = "", people: Sequence[Person] = CLASS) -> World:
    world = World(layout, people, wrapping)
    for one in people:
        world.hand_in(one, f"{NAME}.ipynb", notebook(one.id), counts=True)
    return world


EVIL = [
    f"emmy/{NAME}/{NAME}.ipynb",
    f"{NAME}/{NAME}.ipynb",
    f"Emmy Noether_4712_assignsubmission_file_/{NAME}.ipynb",
    f"Emmy Noether_4712_assignsubmission_file_{NAME}.ipynb",
    f"noetheremmy_4712_990002_{NAME}.ipynb",
    f"4712_77_{NAME}.ipynb",
    f"../emmy/{NAME}.ipynb",
    f"submitted/emmy/{NAME}/{NAME}.ipynb",
    f"__MACOSX/emmy/{NAME}/{NAME}.ipynb",
    f"02_other/emmy/{NAME}.ipynb",
    f"emmy\\{NAME}\\{NAME}.ipynb",
    "timestamp.txt",
    "emmy.ipynb",
    f"{NAME}/emmy.ipynb",
    "x_assignsubmission_file_/y.ipynb",
    f"LATE_4712_1_{NAME}.ipynb",
]


# A folder cannot contain a file whose name leads out of it.
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    ("is_zip", "evil"), [(is_zip, evil) for is_zip in (True, False) for evil in EVIL if is_zip or ".." not in evil]
)
def test_a_file_of_one_student_is_never_another_students(tmp_path: Path, layout: str, is_zip: bool, evil: str) -> None:
    world = handed_in(layout)
    del world.files[world.path(EMMY, f"{NAME}.ipynb")]
    world.hand_in(ADA, evil, notebook("forged"), 2)
    place = world.write(tmp_path / ("in.zip" if is_zip else "in"))
    assert graded(world, place) in (
        {"ada": notebook("ada"), "grace": notebook("grace")},
        # In a layout without folders, a bad file name may mean that its author is not graded.
        {"grace": notebook("grace")},
        # Otherwise it counts for its author.
        {"ada": notebook("forged"), "grace": notebook("grace")},
    )
    found = find_submissions(place, NAME)
    assert len({one.student for one in found.submissions}) == len(found.submissions) <= 3


# Names that a student can choose for a file; some look like parts of a layout.
PIECES = st.sampled_from(
    [
        "emmy",
        "grace",
        NAME,
        "Emmy Noether_4712_assignsubmission_file_",
        "4712",
        "submissions",
        "a b",
        "x_1_2",
        "é",
        ".git",
    ]
)
SUFFIXES = st.sampled_from([".ipynb", ".txt", ".csv", "", ".ipynb.txt", " (1).ipynb", ".IPYNB", "-2.ipynb"])
EXTRA = st.builds(
    lambda folders, stem, suffix: "/".join([*folders, stem + suffix]), st.lists(PIECES, max_size=3), PIECES, SUFFIXES
)
WRAPPINGS = st.sampled_from(["", "submissions (3)/", "a/b/c/", "week 1/submitted/", f"{NAME}/", "Übung/"])
NAMES = st.text(st.characters(categories=["Lu", "Ll", "Lo"], max_codepoint=0xFFFF), min_size=2, max_size=6)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    layout = draw(st.sampled_from(LAYOUTS))
    # Only letters, because platforms change other characters.
    pairs = draw(st.lists(st.tuples(NAMES, NAMES), min_size=3, max_size=6, unique=True))
    people = [Person(f"s{number}", first, last, 5000 + number) for number, (first, last) in enumerate(pairs)]
    world = handed_in(layout, draw(WRAPPINGS), people)
    author = people[0]
    if layout != "flat":
        for number, extra in enumerate(draw(st.lists(EXTRA, max_size=5, unique=True)), 2):
            path = world.path(author, extra, number)
            # A disk cannot have a file and a folder with the same name.
            if not any(one.startswith(f"{path}/") or path.startswith(f"{one}/") for one in world.files):
                world.hand_in(author, extra, notebook(f"extra {number}"), number)
    return world


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(world=worlds(), is_zip=st.booleans(), is_known=st.booleans())
def test_in_every_layout_each_student_has_the_own_notebook(
    tmp_path_factory: pytest.TempPathFactory, world: World, is_zip: bool, is_known: bool
) -> None:
    root = tmp_path_factory.mktemp("world")
    place = world.write(root / ("in.zip" if is_zip else "in"))
    found = find_submissions(place, NAME, world.known if is_known else KnownNames())
    # Only students who submitted something.
    owners = {world.owners[one.file] for one in found.submissions if one.file in world.owners}
    assert len(found.submissions) == len(owners) == len(world.people)
    # Everyone else has exactly their own notebook; the author of the extra files at most one of theirs.
    author, *others = world.people
    theirs = {world.owners[one.file].id: one for one in found.submissions}
    for one in others:
        assert theirs[one.id].problem == ""
        assert theirs[one.id].content().decode() == world.counting[one.id]
    assert theirs[author.id].problem or theirs[author.id].content().decode() in world.files.values()
    # Every file is reported exactly once.
    counts = accounted(found, place)
    assert {name.rstrip("/"): 1 for name in counts} == {name.rstrip("/"): count for name, count in counts.items()}
    for name in world.files:
        assert any(name == shown or (shown.endswith("/") and name.startswith(shown)) for shown in counts), name
    assert identified(found, students(world.people)).problems == found.problems


def test_the_layout_is_said(tmp_path: Path) -> None:
    titles = {
        "nbgrader": "nbgrader's layout in a zip, 3 submissions",
        "folders": "A zip with a folder for each student, 3 submissions",
        "flat": "A zip of notebooks named after students, 3 submissions",
        "canvas": "Canvas zip, 3 submissions",
        "moodle": "Moodle zip, 3 submissions",
        "moodle-flat": "Moodle zip, 3 submissions",
    }
    for layout, title in titles.items():
        assert find_submissions(handed_in(layout).write(tmp_path / f"{layout}.zip"), NAME).title == title


FORGED = [
    [f"noetheremmy_4712_990002_{NAME}.ipynb"],
    [f"Emmy Noether_4712_assignsubmission_file_{NAME}.ipynb"],
    [f"emmy/{NAME}/{NAME}.ipynb", f"x/{NAME}/{NAME}.ipynb"],
    [f"x{n}/{NAME}/{NAME}.ipynb" for n in range(20)],
    [f"a_{n + 1}_{n + 1}_{NAME}.ipynb" for n in range(3)],
]


# If most entries are folders, only a class list can show that the layout is flat.
@pytest.mark.parametrize(
    ("forged", "is_known"), [(some, known) for some in FORGED for known in (True, False) if known or len(some) <= 3]
)
def test_one_student_does_not_change_the_layout_of_a_flat_folder(
    tmp_path: Path, forged: list[str], is_known: bool
) -> None:
    world = handed_in("flat")
    world.files |= {name: notebook("forged") for name in forged}
    found = find_submissions(world.write(tmp_path / "in"), NAME, world.known if is_known else None)
    assert found.layout == Layout.FLAT
    contents = {one.student: one.content().decode() for one in found.submissions if not one.problem}
    assert {name: contents[name] for name in ("ada", "emmy", "grace")} == world.counting


def test_one_student_does_not_change_the_layout_of_folders(tmp_path: Path) -> None:
    world = handed_in("folders")
    world.hand_in(ADA, f"{NAME}/timestamp.txt", "2020-01-01 00:00:00 UTC")
    world.hand_in(ADA, f"{NAME}/{NAME}.ipynb", notebook("deep"), counts=True)
    del world.files[f"ada/{NAME}.ipynb"]
    found = find_submissions(world.write(tmp_path / "in"), NAME)
    assert found.layout == Layout.FOLDERS
    assert [one.submitted for one in found.submissions] == [None] * 3
    assert {one.student: one.content().decode() for one in found.submissions} == world.counting


@pytest.mark.parametrize("layout", ["folders", "flat", "canvas", "moodle"])
def test_a_time_that_a_student_can_write_is_an_ordinary_file(tmp_path: Path, layout: str) -> None:
    world = handed_in(layout)
    world.hand_in(ADA, "timestamp.txt", "2020-01-01 00:00:00 UTC", 2)
    found = find_submissions(world.write(tmp_path / "in.zip"), NAME)
    assert [one.submitted for one in found.submissions] == [None] * 3
    named = {problem.name for problem in found.problems} | {name for left in found.left_out for name in left.files}
    assert any("timestamp.txt" in name for name in named)


def test_two_hundred_thousand_files_cost_their_author_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_FILES", 50)
    for layout in ("nbgrader", "folders", "moodle"):
        world = handed_in(layout)
        for number in range(60):
            world.hand_in(ADA, f"{number}.txt", "")
        for place in (world.write(tmp_path / layout), world.write(tmp_path / f"{layout}.zip")):
            found = find_submissions(place, NAME, world.known)
            problems = {one.problem for one in found.submissions if one.problem}
            assert len(found.submissions) == 3
            assert len(problems) == 1
            assert "None of them is read." in problems.pop()
            assert graded(world, place) == {"emmy": notebook("emmy"), "grace": notebook("grace")}


def test_many_files_of_one_student_are_one_line(tmp_path: Path) -> None:
    world = handed_in("folders")
    for number in range(500):
        world.hand_in(ADA, f"{number}.txt", "")
    [left] = find_submissions(world.write(tmp_path / "in"), NAME).left_out
    assert (left.owner, len(left.files)) == ("ada", 500)


def test_empty_folders_without_end_cost_their_author_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_FILES", 50)
    world = handed_in("folders")
    place = world.write(tmp_path / "in")
    for number in range(60):
        (place / "ada" / "x" / str(number)).mkdir(parents=True)
    assert graded(world, place) == {"emmy": notebook("emmy"), "grace": notebook("grace")}


def test_a_deep_tree_costs_its_author_alone(tmp_path: Path) -> None:
    world = handed_in("folders")
    deep = "/".join(["d"] * 400)
    world.hand_in(ADA, f"{deep}/{NAME}.ipynb", notebook("deep"))
    for place in (world.write(tmp_path / "in"), world.write(tmp_path / "in.zip")):
        assert graded(world, place) == world.counting
        [left] = find_submissions(place, NAME).left_out
        assert "nested more than" in left.reason


def test_a_closed_folder_costs_its_author_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = handed_in("nbgrader")
    place = world.write(tmp_path / "in")
    scan = os.scandir

    def closed(folder: str) -> object:
        if str(folder).endswith("/ada"):
            raise PermissionError(13, "Permission denied")
        return scan(folder)

    monkeypatch.setattr(archives.os, "scandir", closed)
    found = find_submissions(place, NAME)
    assert [one.problem for one in found.submissions] == ["The folder cannot be read (Permission denied).", "", ""]


def test_if_nothing_decides_the_student_is_named(tmp_path: Path) -> None:
    world = handed_in("folders")
    world.files |= {"ada/a.ipynb": notebook("a"), "ada/b.ipynb": notebook("b"), "emmy/x.ipynb": notebook("x")}
    del world.files[f"ada/{NAME}.ipynb"]
    for place in (world.write(tmp_path / "in"), world.write(tmp_path / "in.zip")):
        ada, emmy, _ = find_submissions(place, NAME).submissions
        assert ada.problem.startswith("This student has 2 notebooks, and neither")
        assert "They are a.ipynb, b.ipynb." in ada.problem
        assert emmy.problem == ""
        assert emmy.notes[0].endswith(f"{NAME}.ipynb counts because its name fits best. Not graded: x.ipynb.")
    # The same number twice does not decide it either.
    world.files |= {"grace/w-1.ipynb": notebook("1"), "grace/w (1).ipynb": notebook("2")}
    del world.files[f"grace/{NAME}.ipynb"]
    *_, grace = find_submissions(world.write(tmp_path / "twice.zip"), NAME).submissions
    assert "neither a number nor a time" in grace.problem
    # With two copies of the same notebook there is nothing to decide.
    world.files["ada/b.ipynb"] = notebook("a")
    ada, *_ = find_submissions(world.write(tmp_path / "again"), NAME).submissions
    assert (ada.problem, ada.content().decode()) == ("", notebook("a"))


def test_a_file_with_the_assignments_name_alone_is_no_student(tmp_path: Path) -> None:
    world = handed_in("flat")
    for name in (f"{NAME}.ipynb", f"{NAME} (1).ipynb", f"Copy of {NAME}.ipynb"):
        world.files[name] = notebook("?")
    found = find_submissions(world.write(tmp_path / "in"), NAME)
    assert len(found.submissions) == len(found.problems) == 3
    assert all("does not name a student" in problem.sentence for problem in found.problems)


CANVAS_NAMES = [
    (f"smith2_LATE_4711_990001_{NAME}.ipynb", "4711"),
    (f"smith_2_4711_990001_{NAME}.ipynb", "4711"),
    (f"smith_2_LATE_4711_990001_{NAME}.ipynb", "4711"),
    ("o_neil_4711_990001_2026_10_hw.ipynb", "4711"),
    ("lovelaceada_4711_990001_4712_77_hw.ipynb", "4711"),
    (f"lovelaceada_4711_990001_4712_77_{NAME}.ipynb", "4711"),
    ("stranger_5000_990009_4712_77_hw.ipynb", "5000"),
    (f"LATE_anon_x9bQ2_990001_{NAME}.ipynb", "x9bQ2"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "user"), CANVAS_NAMES)
def test_the_user_in_canvas_names(tmp_path: Path, file: str, user: str) -> None:
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        archive.writestr(file, notebook("x"))
    [one] = find_submissions(tmp_path / "in.zip", NAME, World("canvas", CLASS).known).submissions
    assert one.called == user
    assert one.late == ("LATE" in file)


def test_a_canvas_user_who_took_another_ones_name_and_number_is_named(tmp_path: Path) -> None:
    world = handed_in("canvas")
    del world.files[world.path(EMMY, f"{NAME}.ipynb")]
    world.files[f"noetheremmy_4712_4711_990001_{NAME}.ipynb"] = notebook("forged")
    place = world.write(tmp_path / "in.zip")
    assert graded(world, place) == {"ada": notebook("ada"), "grace": notebook("grace")}
    [problem] = find_submissions(place, NAME, world.known).problems
    assert "user 4712 or user 4711" in problem.sentence


def test_moodle_hides_names_in_any_language(tmp_path: Path) -> None:
    for word in ("Participant", "Teilnehmer-in", "참가자", "Nobody knows this word"):
        names = [f"{word}_{number}_assignsubmission_file_/{NAME}.ipynb" for number in (4711, 4712, 99)]
        with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
            for name in names:
                archive.writestr(name, notebook(name))
        found = find_submissions(tmp_path / "in.zip", NAME, World("moodle", CLASS).known)
        ids = [one.student for one in identified(found, students(CLASS)).submissions]
        assert ids == sorted([f"{word} (99)", "ada", "emmy"])


def test_teams_are_no_students(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        for name in ("Gruppe A_12_", "Ada Lovelace_13_", "Standardgruppe_"):
            archive.writestr(f"{name}assignsubmission_file_/{NAME}.ipynb", notebook(name))
    found = find_submissions(tmp_path / "in.zip", NAME)
    assert found.submissions == ()
    assert {problem.name for problem in found.problems} == {"Gruppe A", "Ada Lovelace", "Standardgruppe"}
    found = find_submissions(tmp_path / "in.zip", NAME, teams={"gruppea": ["ada", "emmy"]})
    assert [(one.student, one.notes) for one in found.submissions] == [
        (student, ("A team submitted this. Its name is Gruppe A.",)) for student in ("ada", "emmy")
    ]


def test_the_folder_with_just_the_assignments_name_counts(tmp_path: Path) -> None:
    world = handed_in("nbgrader")
    world.files |= {
        f"ada/{NAME.upper()}/{NAME}.ipynb": notebook("loud"),
        f"ada/{NAME.upper()}/timestamp.txt": "2020-01-01 00:00:00 UTC",
    }
    ada, *_ = find_submissions(world.write(tmp_path / "in.zip"), NAME).submissions
    assert (ada.content().decode(), ada.submitted) == (notebook("ada"), None)


def test_loose_files_beside_the_folder_around_all(tmp_path: Path) -> None:
    world = handed_in("folders", "week 1/")
    world.files |= {"grades.csv": "", "week 1/readme.txt": ""}
    for place in (world.write(tmp_path / "in"), world.write(tmp_path / "in.zip")):
        found = find_submissions(place, NAME)
        assert {one.student: one.content().decode() for one in found.submissions} == world.counting
        assert sorted(accounted(found, place)) == sorted(world.files)
