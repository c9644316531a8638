"""The examples "By hand first": every number that the text prints is what the reference makes of the given ones."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from course_grader.authoring.lesson import read_lesson
from course_grader.authoring.reference import namespace
from tests.lessons.conftest import LESSONS

NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w.]*\d)")
# Numbers that name something, and those in formulas.
NAMES = re.compile(r"example \d|1/\(1-p\)|N - 1|divided by \d")


class Drawn:
    """A generator that draws the numbers of the text."""

    def __init__(self, numbers: list[float]) -> None:
        self.numbers = numbers

    def random(self, shape: tuple[int, ...]) -> Any:
        return np.array(self.numbers).reshape(shape)


def dropout(names: dict[str, Any]) -> list[Any]:
    p, x, drawn = 0.2, np.array([4.0, 8, 12, 16, 20]), [0.7, 0.9, 0.1, 0.5, 0.3]
    out, mask = names["dropout_forward"](x, p, Drawn(drawn))
    assert out.sum() == x.sum()
    slope = 2.0
    gradient = names["dropout_backward"](np.full(5, slope), mask)
    return [p, mask.max(), 0, 1, slope, x, drawn, mask, out, gradient, out.sum()]


def batch_norm(names: dict[str, Any]) -> list[Any]:
    x, gamma, beta = np.array([[1.0, 14], [1, 11], [4, 5]]), np.array([2.0, 8]), np.array([1.0, 2])
    y, _ = names["batchnorm_forward"](x, gamma, beta, eps=2.0)
    x_hat, _ = names["batchnorm_forward"](x, np.ones(2), np.zeros(2), eps=2.0)
    var = x.var(axis=0)
    return [2, gamma, beta, x, x.mean(axis=0), var, np.sqrt(var + 2), x_hat, y, x.var(axis=0, ddof=1)]


def adam(names: dict[str, Any]) -> list[Any]:
    lr, beta1, beta2, eps = 0.5, 0.9, 0.99, 1.0
    w, g = np.array([1.0, 2.0]), np.array([4.0, -9.0])
    after, state = names["adam_step"](w, g, {}, lr, beta1, beta2, eps)
    m_hat, v_hat = (names["bias_correct"](state[key], beta, 1) for key, beta in (("m", beta1), ("v", beta2)))
    tiny, _ = names["adam_step"](w, g, {}, lr, beta1, beta2, 1e-12)
    np.testing.assert_allclose(np.abs(tiny - w), lr)
    rows = [w, g, state["m"], state["v"], m_hat, v_hat, np.sqrt(v_hat) + eps, w - after, after]
    return [lr, beta1, beta2, eps, *rows, lr]


def momentum(names: dict[str, Any]) -> list[Any]:
    w, lr, share, gradients = 5.0, 0.1, 0.5, [4.0, 4, 4, -4]
    given, velocities, steps, places = [w, lr, share, gradients[0]], [], [], []
    state: dict[str, Any] = {}
    for gradient in gradients:
        before = w
        w, state = names["momentum_step"](w, gradient, state, lr, share)
        velocities.append(state["velocity"])
        steps.append(before - w)
        places.append(w)
    limit = gradients[0] / (1 - share)
    return [*given, gradients, velocities, steps, places, gradients[0], limit, lr * gradients[0]]


EXAMPLES = {
    "03_dropout": dropout,
    "04_batch_normalization": batch_norm,
    "05_sgd_pathologies": momentum,
    "06_adaptive_optimizers": adam,
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_number_of_the_example_is_the_references(name: str) -> None:
    lesson = read_lesson(LESSONS[name])
    texts = [cell.source for cell in lesson.of_kind("markdown")]
    (text,) = [
        part for source in texts for part in re.split(r"^(?=#+ )", source, flags=re.M) if "By hand first" in part
    ]
    printed = [float(number) for number in NUMBER.findall(NAMES.sub("", text))]
    expected = np.concatenate([np.ravel(row) for row in EXAMPLES[name](namespace(lesson))])
    np.testing.assert_allclose(printed, expected, rtol=1e-12, atol=1e-12)
