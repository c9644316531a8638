"""A class's concept questions: drawn from the secret of its key, answered nowhere in what it gets, graded alike by both
graders."""

from __future__ import annotations

import ast
import contextlib
import io
import itertools
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode

from course_grader.authoring import build_keys
from course_grader.authoring.lesson import Lesson, read_lessons
from course_grader.authoring.sample_submissions import submission
from course_grader.authoring.trial_run import write_hidden_key
from course_grader.engine.grading import grade
from course_grader.engine.notebook.assignment import Assignment, AssignmentProblem
from course_grader.environment import environment
from course_grader.gradebook.course import Course
from course_grader.term import build_term, release_term
from course_grader.term.release_term import release_assignment
from course_utils.cells import blank_magics
from course_utils.checks.answer_types import AnswerType, Labels, NumberWith, OrderingOf, SubsetOf
from course_utils.checks.checking import CLASS
from course_utils.checks.keys import Key, KeyProblem, published_key
from course_utils.checks.probe import exercises
from course_utils.errors import CourseError
from course_utils.update import outdated, update

ROOT = Path(__file__).parents[2]
LESSONS = read_lessons(ROOT)
QUESTIONS = {name: exercise.form for name, exercise in exercises().items() if exercise.form is not None}
# The exercise whose function a question's solution calls.
NEEDED = {"expected_depth": "residual_survival"}
LEAST_DRAWN = 20
SMALL = "07b_quasi_newton"


def questions_of(lesson: Lesson) -> list[str]:
    return [name for name in lesson.answers if name in QUESTIONS]


ASKING = [lesson for lesson in LESSONS if questions_of(lesson)]


@dataclass(frozen=True)
class Class:
    """A class with every concept question of the course, and no other exercise with points."""

    root: Path

    @property
    def course(self) -> Course:
        return Course.at(self.root)

    def solution(self, lesson: Lesson) -> NotebookNode:
        return nbformat.read(self.root / "term" / "source" / lesson.name / f"{lesson.name}.ipynb", 4)

    def released(self, lesson: Lesson) -> NotebookNode:
        return nbformat.read(self.root / "handout" / f"{lesson.name}.ipynb", 4)


def only_questions(lesson: Lesson, names: dict[str, Any], exercise: Any, seeds: Any, least: int) -> Key:
    """Skip making keys for exercises that these tests do not use, because that is slow."""
    if exercise.form is None:
        return Key(exercise.name, {})
    return build_keys._key(lesson, names, exercise, seeds[:1])


def class_with(root: Path, secret: str) -> Class:
    shutil.copy(ROOT / "nbgrader_config.py", root)
    for part in ("lessons", "solutions", "notebooks"):
        shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    text = ['course = "descent-2026"']
    for lesson in ASKING:
        asked = [*questions_of(lesson), *(NEEDED[name] for name in questions_of(lesson) if name in NEEDED)]
        text += [f"[assignments.{lesson.name}]", f"exercises = {json.dumps(asked)}"]
        text += [f"points = {{ {', '.join(f'{name} = 2' for name in questions_of(lesson))} }}"]
    (root / "course.toml").write_text("\n".join(text))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build_keys, "_shortest_key", only_questions)
        write_hidden_key(root / "course.key", ASKING, secret)
        # It takes half a minute per class, and test_release tests it.
        patch.setattr(build_term, "_run_cells", lambda lesson: None)
        modes = without_modes(patch)
        for lesson in ASKING:
            release_assignment(Course.at(root), lesson.name, root / "handout")
        assert len(modes) == len(ASKING)
    return Class(root)


def without_modes(patch: pytest.MonkeyPatch) -> list[str]:
    """Let a release not grade the solutions, which a key of questions alone cannot; return the list of what it would
    have graded."""
    asked: list[str] = []

    def mode(course: Course, name: str, solution: Path) -> str:
        asked.append(name)
        return "Its solutions were not graded."

    patch.setattr(release_term, "_mode", mode)
    return asked


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Class, Class]:
    one, other = (class_with(tmp_path_factory.mktemp(name), f"secret of {name}") for name in ("one", "other"))
    return one, other


def answers_of(notebook: NotebookNode) -> dict[str, Any]:
    """Return the right answers of the questions, by running the solutions in the teacher's notebook."""
    import numpy as np

    names: dict[str, Any] = {"np": np}
    for cell in notebook.cells:
        mark = cell.metadata.get("nbgrader", {})
        if mark.get("solution"):
            exec(cell.source, names)
    return {name: names[name] for name in QUESTIONS if name in names}


def text_of_questions(notebook: NotebookNode) -> dict[str, str]:
    """Return the text before each question."""
    found, text = {}, ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            text = cell.source
        elif (name := cell.metadata.get("nbgrader", {}).get("grade_id")) in QUESTIONS:
            found[name] = text
    return found


def test_two_secrets_ask_two_classes_other_questions(classes: tuple[Class, Class]) -> None:
    texts = [{}, {}, {}]
    answers: list[dict[str, Any]] = [{}, {}, {}]
    for lesson in ASKING:
        built = nbformat.read(ROOT / "notebooks" / lesson.name / f"{lesson.name}.ipynb", 4)
        solved = nbformat.read(ROOT / "solutions" / lesson.name / f"{lesson.name}.ipynb", 4)
        for place, (released, solution) in enumerate(
            [(built, solved), *((one.released(lesson), one.solution(lesson)) for one in classes)]
        ):
            texts[place] |= text_of_questions(released)
            answers[place] |= answers_of(solution) if place else {}
    canonical = [{name: QUESTIONS[name].canonical(answer) for name, answer in one.items()} for one in answers]
    public = {name: published_key(name).parts["values"].runs[0][0].value for name in QUESTIONS}
    drawn = [name for name in QUESTIONS if len({one[name].split("### ")[-1] for one in texts}) == 3]
    assert len(drawn) >= LEAST_DRAWN, sorted(set(QUESTIONS) - set(drawn))
    same = {name for name in QUESTIONS if QUESTIONS[name].digest(answers[1][name]) == public[name]}
    assert not same & set(drawn)
    assert sum(canonical[1][name] != canonical[2][name] for name in drawn) >= LEAST_DRAWN


def everything_released(one: Class) -> Iterator[tuple[Path, str]]:
    for folder in ("handout", "term/release"):
        for path in sorted((one.root / folder).rglob("*")):
            if path.is_file():
                yield path, path.read_text(encoding="utf-8")


def test_what_a_class_gets_holds_no_digest_and_no_answer(classes: tuple[Class, Class]) -> None:
    for one in classes:
        right = {name: answer for lesson in ASKING for name, answer in answers_of(one.solution(lesson)).items()}
        key = json.loads((one.root / "course.key").read_text())
        digests = {form.digest(right[name]) for name, form in QUESTIONS.items()}
        digests |= set(re.findall(r"\b[0-9a-f]{32}\b", json.dumps(key["exercises"])))
        seen = list(everything_released(one))
        assert {path.suffix for path, _ in seen} == {".ipynb"}
        for path, text in seen:
            assert not any(digest in text for digest in digests), path
            # A digest may be shortened, so its first 8 digits must not appear either.
            assert not any(digest[:8] in text for digest in digests), path
            assert key["secret"] not in text
            assert "check_hidden(" not in text
            for cell in json.loads(text)["cells"]:
                name = cell["metadata"].get("nbgrader", {}).get("grade_id")
                if name in QUESTIONS:
                    assert re.search(rf"^{name} = None$", "".join(cell["source"]), re.MULTILINE)
                    assert f"{name} = {right[name]!r}" not in text


def all_answers(form: AnswerType) -> Iterator[Any]:
    """Yield every answer of a form."""
    match form:
        case SubsetOf(options):
            for size in range(len(options) + 1):
                yield from map(set, itertools.combinations(options, size))
        case OrderingOf(options):
            yield from map(list, itertools.permutations(options))
        case Labels(options, labels):
            for chosen in itertools.product(labels, repeat=len(options)):
                yield dict(zip(options, chosen, strict=True))
        case NumberWith(low, high, decimals):
            for place in range(int((high - low) * 10**decimals) + 1):
                yield low + place / 10**decimals


# A submission that searches for the answers while it runs: with the check, in readable keys, and with digests.
BURGLAR = """
import contextlib, io, itertools, json
from pathlib import Path
import course_utils.checks.keys as keys
from course_utils.checks.probe import exercises
found = {}
for path in Path(keys.__file__).parents[2].rglob("*.json"):
    with contextlib.suppress(Exception):
        found[path.stem] = json.loads(path.read_text())
forms = {name: one.form for name, one in exercises().items() if one.form is not None}
print("digests:", sorted(name for name in forms if name in found))
told = set()
for name, answers in CANDIDATES.items():
    for answer in answers:
        for words in ({}, {"reveal": True}, {"part": "class"}):
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                try:
                    check(name, answer, **words)
                    told.add((name, "passes"))
                except Exception as error:
                    told.add((name, type(error).__name__ + str(error)))
print("told:", sorted(told))
"""


def run_in_worker(one: Class, lesson: Lesson, source: str, isolation: str) -> str:
    assignment = one.course.assignment(lesson.name)
    notebook = one.released(lesson)
    setup = next(i for i, cell in enumerate(notebook.cells) if "import" in cell.source and cell.cell_type == "code")
    notebook.cells.insert(setup + 1, nbformat.v4.new_code_cell(source, id="burglar"))
    result = grade(notebook, assignment, isolation)
    assert result.score == 0
    return "".join(output.get("text", "") for outputs in result.outputs.values() for output in outputs)


@pytest.mark.needs("isolation")
def test_a_loop_in_the_worker_finds_nothing(classes: tuple[Class, Class]) -> None:
    lesson = next(lesson for lesson in ASKING if lesson.name == "01_learning_rate_decay")
    some = {name: list(itertools.islice(all_answers(QUESTIONS[name]), 150)) for name in questions_of(lesson)}
    some["largest_rate_first"].append(["inverse time", "linear", "cosine", "step", "exponential"])
    said = run_in_worker(classes[0], lesson, f"CANDIDATES = {some!r}\n{BURGLAR}", "namespaces")
    assert "digests: []" in said, said[:3000]
    told = ast.literal_eval(re.search(r"told: (\[.*\])", said)[1])
    # Every readable answer gets the same message, whether it is right or wrong.
    assert told == [(name, "passes") for name in sorted(some)]


def test_the_reference_gets_full_marks_and_the_public_answers_lose_them(classes: tuple[Class, Class]) -> None:
    one = classes[0]
    for lesson in ASKING:
        assignment = one.course.assignment(lesson.name)
        full = grade(one.solution(lesson), assignment, "none")
        points = {one.name: one.points for one in full.exercises if one.name in QUESTIONS}
        assert points == dict.fromkeys(questions_of(lesson), 2)
        copied = submission(lesson, one.released(lesson), None)
        graded = [one for one in grade(copied, assignment, "none").exercises if one.name in QUESTIONS]
        lost = {one.name for one in graded if one.points < one.max_points}
        assert lost == {name for name in questions_of(lesson) if _part_of(one, lesson, name) != CLASS}


def _part_of(one: Class, lesson: Lesson, name: str) -> str:
    [source] = [cell.source for cell in one.released(lesson).cells if f'check("{name}", {name}, part=' in cell.source]
    return str(re.search(r'part="([^"]*)"', source)[1])


def test_both_graders_take_the_same_variant_of_the_same_key(classes: tuple[Class, Class]) -> None:
    """As with nbgrader's own Execute, the solution's cells run in one process with the key of the class."""
    one, other = classes
    lesson = next(lesson for lesson in ASKING if lesson.name == "07b_quasi_newton")
    with environment(COURSE_KEY=str(one.root / "course.key"), MPLBACKEND="Agg"):
        run_marked_cells(one.solution(lesson))
    with (
        environment(COURSE_KEY=str(other.root / "course.key"), MPLBACKEND="Agg"),
        pytest.raises(KeyProblem, match="another variant of the question 'cg_iterations'"),
    ):
        run_marked_cells(one.solution(lesson))
    shutil.copy(other.root / "course.key", one.root / "other.key")
    with pytest.raises(AssignmentProblem, match="another variant of the question 'cg_iterations'"):
        Assignment.from_notebook(one.course.solution(lesson.name), one.root / "other.key")


def run_marked_cells(notebook: NotebookNode) -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    with contextlib.redirect_stdout(io.StringIO()):
        for cell in notebook.cells:
            if cell.metadata.get("nbgrader"):
                exec(blank_magics(cell.source), names)


def test_a_class_notebook_is_not_updated_to_other_questions(classes: tuple[Class, Class], tmp_path: Path) -> None:
    lesson = ASKING[0]
    place = tmp_path / lesson.name / f"{lesson.name}.ipynb"
    place.parent.mkdir()
    shutil.copy(classes[0].root / "handout" / place.name, place)
    before = place.read_bytes()
    [found] = [one for one in update(tmp_path) if one.lesson == lesson.name]
    assert (found.outcome, place.read_bytes()) == ("left alone", before)
    assert "descent-2026" in found.reason
    assert lesson.name not in outdated(tmp_path)


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a course that has the lesson with the fewest functions."""
    without_modes(monkeypatch)
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    for part in ("lessons", "solutions", "notebooks"):
        shutil.copytree(
            ROOT / part / SMALL, tmp_path / part / SMALL, ignore=shutil.ignore_patterns(".*", "__pycache__")
        )
    return tmp_path


def key_of(root: Path, secret: str, questions: str = "") -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build_keys, "_shortest_key", only_questions)
        write_hidden_key(root / "course.key", [one for one in LESSONS if one.name == SMALL], secret, questions)


def sources(root: Path) -> str:
    return "\n".join(cell.source for cell in nbformat.read(root / "out" / f"{SMALL}.ipynb", 4).cells)


def test_a_question_without_points_stays_as_in_self_study(small: Path) -> None:
    (small / "course.toml").write_text(f"[assignments.{SMALL}]\npoints = {{ cg_iterations = 0 }}\n")
    key_of(small, "a secret")
    release_assignment(Course.at(small), SMALL, small / "out")
    text = sources(small)
    assert 'check("cg_iterations", cg_iterations)' in text
    assert "Fifty of its eigenvalues are 1, thirty are 10 and twenty are 200." in text
    assert 'check("what_is_stored", what_is_stored, part="class")' in text


def test_a_whole_lesson_is_drawn_too_and_a_new_key_can_keep_its_questions(small: Path) -> None:
    (small / "course.toml").write_text(f"[assignments.{SMALL}]\n")
    key_of(small, "a secret")
    release_assignment(Course.at(small), SMALL, small / "out")
    text = sources(small)
    assert "Fifty of its eigenvalues" not in text
    assert Course.at(small).assignment(SMALL)
    key_of(small, "another", questions="a secret")
    assert Course.at(small).assignment(SMALL)
    release_assignment(Course.at(small), SMALL, small / "out")
    assert sources(small) == text
    key_of(small, "another")
    with pytest.raises(AssignmentProblem, match="course key --questions-of"):
        Course.at(small).assignment(SMALL)


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        (
            None,
            r"Concept questions \(cg_iterations, what_is_stored\) are drawn .* no course.key. Make it",
        ),
        ("{", "cannot be read"),
        ('{"secret": "s", "exercises": {}}', "no variant of cg_iterations that fits: run `course key --again`"),
    ],
)
def test_without_a_key_that_fits_nothing_is_released(small: Path, key: str | None, sentence: str) -> None:
    (small / "course.toml").write_text(f"[assignments.{SMALL}]\n")
    if key is not None:
        (small / "course.key").write_text(key)
    with pytest.raises(CourseError, match=sentence):
        release_assignment(Course.at(small), SMALL)
    assert not (small / "term").exists()
    assert not (small / "gradebook.db").exists()


def test_without_course_toml_the_release_says_that_the_answers_are_public(small: Path) -> None:
    assert any(
        "2 concept questions" in sentence and "public" in sentence
        for sentence in release_assignment(Course.at(small), SMALL).messages
    )
