"""A number with its noun."""

from __future__ import annotations

import pytest

from course_utils.text import plural


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "0 days"), (1, "1 day"), (1.0, "1 day"), (2, "2 days"), (0.5, "0.5 days"), (17.0, "17 days")],
)
def test_one_is_alone(number: float, said: str) -> None:
    assert plural(number, "day") == said
