"""The tables that the build writes, and the concepts, which it compares with the lessons."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from course_grader.authoring.build import BuildRefused, build, check_build
from course_grader.authoring.concepts import Concept, not_shown, read_claims, read_concepts, wrong_rows, wrong_rows_of
from course_grader.authoring.lesson import read_lesson
from course_grader.authoring.lesson_cells import LessonProblem
from course_grader.authoring.new_lesson import new_lesson
from course_grader.authoring.tables import LESSONS, OVERVIEW, pages
from tests.authoring.conftest import EXERCISE, NAME, ROOT

README, CONCEPTS = Path("README.md"), Path("docs/concepts.md")
ROW = f"| Made up | {NAME} | 1. The idea | `{EXERCISE}` |"


@pytest.fixture
def written(house: Path) -> Path:
    """The small house with a README and a page of concepts, in which the lesson has a row."""
    (house / "docs").mkdir()
    (house / README).write_text(f"# Course\n\n{''.join(LESSONS)}\nMore.\n")
    (house / CONCEPTS).write_text(
        f"# Concepts\n\n{''.join(OVERVIEW)}\n## Concept by concept\n\n"
        f"| concept | lesson | heading | exercises |\n| --- | --- | --- | --- |\n{ROW}\n"
    )
    return house


def test_the_tables_of_the_course_are_those_of_its_lessons() -> None:
    stale = [str(path) for path, text in pages(ROOT).items() if (ROOT / path).read_text(encoding="utf-8") != text]
    assert stale == [], "Run `course build`."
    assert set(pages(ROOT)) == {README, CONCEPTS}


def test_the_build_writes_the_tables_and_check_finds_them_changed(written: Path) -> None:
    assert {README, CONCEPTS} <= set(build(written))
    readme = (written / README).read_text()
    assert "| 90 · Made up | one function: say here what the learner writes |\n" in readme
    assert readme.startswith("# Course\n")
    assert readme.endswith("\nMore.\n")
    assert "| 90 | Made up |\n" in (written / CONCEPTS).read_text()
    assert check_build(written) == []
    (written / README).write_text(readme.replace("· Made up", "· Made down"))
    assert check_build(written, [NAME]) == [README]
    assert build(written, [NAME]) == [README]
    assert (written / README).read_text() == readme


def test_a_new_lesson_has_its_row_and_builds_as_it_is(written: Path) -> None:
    files = new_lesson(written, "91_other_topic")
    assert [path.relative_to(written).parts[0] for path in files].count("docs") == 1
    assert [concept.lesson for concept in read_concepts(written)] == [NAME, "91_other_topic"]
    new_lesson(written, "89_before")
    assert [concept.lesson for concept in read_concepts(written)] == ["89_before", NAME, "91_other_topic"]
    build(written, [NAME])
    assert "| 91 · Other topic |" in (written / README).read_text()


@pytest.mark.parametrize("page", [README, CONCEPTS])
def test_a_page_without_its_markers_is_refused(page: Path, written: Path) -> None:
    text = (written / page).read_text()
    (written / page).write_text(text.replace("<!-- end", "<!-- the end"))
    with pytest.raises(LessonProblem, match=r"put the lines `<!-- .* around it"):
        build(written)


ROWS = {
    "a heading that is not there": (ROW.replace("1. The idea", "2. The idea"), "has 0 headings '2. The idea'"),
    "an exercise that is not there": (ROW.replace(EXERCISE, "unheard_of"), "has no exercise 'unheard_of'"),
    "a lesson that is not there": (f"{ROW}\n| Other | 91_none | A | none |", "there is no lesson '91_none'"),
    "a concept twice": (f"{ROW}\n{ROW}", "has a row already"),
}


@pytest.mark.parametrize("case", ROWS)
def test_a_row_that_does_not_fit_is_named_by_its_line(case: str, written: Path) -> None:
    rows, sentence = ROWS[case]
    text = (written / CONCEPTS).read_text().replace(ROW, rows)
    (written / CONCEPTS).write_text(text)
    with pytest.raises(BuildRefused) as caught:
        build(written)
    (problem,) = [problem for problem in caught.value.problems if problem.path.name == "concepts.md"]
    assert sentence in problem.sentence
    assert text.split("\n")[problem.line - 1] == rows.split("\n")[-1]
    assert str(problem).startswith("docs/concepts.md:")


@pytest.mark.parametrize(
    ("row", "sentence"),
    [("", f"{NAME} has no row in docs/concepts.md"), (ROW.replace(f"`{EXERCISE}`", "none"), f"names {EXERCISE}: add")],
)
def test_a_lesson_or_an_exercise_without_row_is_refused(row: str, sentence: str, written: Path) -> None:
    (written / CONCEPTS).write_text((written / CONCEPTS).read_text().replace(ROW, row))
    with pytest.raises(BuildRefused) as caught:
        build(written)
    (problem,) = caught.value.problems
    assert sentence in problem.sentence
    assert problem.path.name == "lesson.py"


def test_a_row_with_a_cell_too_few_is_refused(written: Path) -> None:
    (written / CONCEPTS).write_text((written / CONCEPTS).read_text().replace(" | 1. The idea", ""))
    with pytest.raises(LessonProblem, match=r"docs/concepts\.md:\d+: this row has 3 cells"):
        build(written)


def test_rows_in_another_order_than_the_lessons_are_refused() -> None:
    rows = [Concept("One", "02_b", "A", (), 7), Concept("Two", "01_a", "B", (), 8)]
    assert [line for line, _ in wrong_rows(rows, ["01_a", "02_b"])] == [8]


def test_an_extension_is_in_no_row(house: Path) -> None:
    path = house / "lessons" / NAME / "lesson.py"
    path.write_text(path.read_text().replace(f'grade_id="{EXERCISE}"', f'grade_id="{EXERCISE}" star=true', 1))
    row = Concept("Made up", NAME, "1. The idea", (EXERCISE,), 3)
    ((line, sentence),) = wrong_rows_of(read_lesson(path.parent), [row])
    assert (line, "without a star" in sentence) == (3, True)


CLAIM = f"| It works | holds | {NAME} | 1. The idea |"


def with_claim(written: Path, row: str) -> None:
    head = "## Claim by claim\n\n| claim | finding | lesson | heading |\n| --- | --- | --- | --- |\n"
    text = (written / CONCEPTS).read_text()
    (written / CONCEPTS).write_text(text.replace("## Concept by concept", f"{head}{row}\n\n## Concept by concept"))


def test_the_claims_are_read_apart_from_the_concepts(written: Path) -> None:
    before = read_concepts(written)
    with_claim(written, CLAIM)
    ((claim, finding, lesson, heading, line),) = read_claims(written)
    assert (claim, finding, lesson, heading) == ("It works", "holds", NAME, "1. The idea")
    assert (written / CONCEPTS).read_text().split("\n")[line - 1] == CLAIM
    assert [concept[:-1] for concept in read_concepts(written)] == [concept[:-1] for concept in before]
    build(written, [NAME])


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (CLAIM.replace("1. The idea", "9. Elsewhere"), "has 0 headings '9. Elsewhere'"),
        (CLAIM.replace("1. The idea", "Summary"), "the section 'Summary' .* has no exercise and no experiment"),
        (CLAIM.replace(NAME, "91_none"), "there is no lesson '91_none'"),
    ],
)
def test_a_claim_that_no_lesson_shows_is_refused(row: str, sentence: str, written: Path) -> None:
    with_claim(written, row)
    with pytest.raises(BuildRefused, match=sentence) as caught:
        build(written)
    (problem,) = caught.value.problems
    assert (written / CONCEPTS).read_text().split("\n")[problem.line - 1] == row


def test_a_concept_without_an_exercise_needs_an_experiment(house: Path) -> None:
    lesson = read_lesson(house / "lessons" / NAME)
    row = Concept("Made up", NAME, "Summary", (), 3)
    assert [line for line, sentence in wrong_rows_of(lesson, [row]) if "no experiment" in sentence] == [3]
    assert list(wrong_rows_of(lesson, [row._replace(exercises=(EXERCISE,))])) == []


def test_a_section_ends_at_the_next_heading_of_its_level(house: Path) -> None:
    path = house / "lessons" / NAME / "lesson.py"
    text = path.read_text()
    sections = "# ## Above\n#\n# ### Within\n#\n# Text.\n\n# %%\nprint(1)\n\n# %% [markdown]\n# ### Empty\n#\n"
    path.write_text(text.replace("# ## Summary", sections + "# ## Summary"))
    lesson = read_lesson(path.parent)
    assert [not_shown(lesson, heading)[:11] for heading in ("Above", "Within", "Empty")] == ["", "", "the section"]


def test_every_claim_of_the_articles_is_compared() -> None:
    claims = read_claims(ROOT)
    assert len(claims) >= 65
    assert len({claim.claim for claim in claims}) == len(claims)
    assert all(re.match(r"holds|corrected|tested|depends", claim.finding) for claim in claims)
    assert sum(claim.finding.startswith("corrected") for claim in claims) >= 15
