"""The page "What to use when": each row has a source and a place in the course, and its numbers are measured."""

from __future__ import annotations

import re

import numpy as np

from course_grader.authoring.lesson import read_lesson
from course_grader.authoring.reference import namespace
from tests.lessons.conftest import LESSONS, ROOT

PAGE = (ROOT / "docs" / "what_to_use_when.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.split("\n") if line.startswith("| ")]
TABLE = [row for row in ROWS if row[-1] != "heading" and set(row[0]) != {"-"}]


def test_each_row_names_a_section_of_a_lesson() -> None:
    assert len(TABLE) >= 15
    for *_, lesson, heading in TABLE:
        text = (LESSONS[lesson] / "lesson.py").read_text(encoding="utf-8")
        headings = [found.strip() for found in re.findall(r"^# ##+ (.*)$", text, re.MULTILINE)]
        assert headings.count(heading) == 1, (lesson, heading)


def test_each_source_of_a_row_is_in_the_list_and_each_of_the_list_is_used() -> None:
    text, sources = PAGE.split("## Sources")
    entries = [" ".join(entry.split()) for entry in re.findall(r"^- (.*(?:\n  .*)*)", sources, re.MULTILINE)]
    named = {source.strip() for _, _, cell, _, _ in TABLE for source in cell.split(";")}
    for source in named:
        author, *year = re.fullmatch(r"(.*?)(?: (\d{4}))?", source).groups()  # type: ignore[union-attr]
        found = [entry for entry in entries if entry.startswith(author) or f"[{author}]" in entry]
        assert [entry for entry in found if year[0] is None or f"({year[0]})" in entry], source
    for entry in entries:
        first = re.match(r"(\w+)", entry)
        assert first
        assert first[1] in text or any(name in entry for name in named), entry


def test_adams_best_rate_on_the_digits_is_a_matter_of_the_number_of_steps() -> None:
    names = namespace(read_lesson(LESSONS["06_adaptive_optimizers"]))
    train_data, validation = names["split"](*names["digits"](), (0.7, 0.3), np.random.default_rng(0))
    network = names["MLP"]((64, 32, 10))
    found = {}
    for rate, epochs in ((0.001, 4), (0.03, 4), (0.001, 100), (0.03, 100)):
        shares, moved = [], []
        for seed in range(3):
            first = network.initialize(np.random.default_rng(seed))
            assert abs(first["W1"].std() - 0.18) < 0.01
            rng = np.random.default_rng(seed + 10)
            run = names["train"](network, first, train_data, names["adam_step"], rate, epochs, 64, rng, evaluate=False)
            shares.append(network.accuracy(run.params, *validation))
            moved.append(np.median(np.abs(run.params["W1"] - first["W1"])))
        found[rate, epochs] = np.mean(shares), max(moved)
    assert 4 * -(-len(train_data.X) // 64) == 80
    assert found[0.001, 4][1] < 0.08
    printed = [int(share) / 100 for share in re.findall(r"(\d\d) %", PAGE.split("**Why")[1].split("##")[0])]
    measured = [found[key][0] for key in ((0.001, 4), (0.03, 4), (0.001, 100), (0.03, 100))]
    np.testing.assert_allclose(measured, [*printed, printed[-1]], atol=0.01)
