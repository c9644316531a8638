"""The gradient check distinguishes correct gradients from wrong ones, for arrays of any shape."""

from __future__ import annotations

import numpy as np
import pytest

from course_utils.gradcheck import gradient_error


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 1, 3)])
def test_a_right_gradient_passes_and_a_scaled_one_does_not(shape: tuple[int, ...]) -> None:
    w = np.asarray(np.random.default_rng(0).normal(size=shape))
    assert gradient_error(lambda v: float(np.sum(np.sin(v))), np.cos, w) < 1e-7
    assert gradient_error(lambda v: float(np.sum(np.sin(v))), np.cos(w), w) < 1e-7
    assert gradient_error(lambda v: float(np.sum(np.sin(v))), lambda v: 1.01 * np.cos(v), w) == pytest.approx(
        0.01 / 1.01, rel=1e-4
    )


def test_one_wrong_coordinate_among_many_shows() -> None:
    w = np.random.default_rng(1).normal(size=100)
    wrong = 2 * w
    wrong[17] = -wrong[17]
    assert gradient_error(lambda v: float(v @ v), wrong, w) > 1e-3


def test_large_coordinates_do_not_spoil_the_differences() -> None:
    w = np.array([1e6, -3e5, 2e5])
    assert gradient_error(lambda v: float(np.sum(v**2)), lambda v: 2 * v, w) < 1e-7


def test_two_zero_gradients_agree() -> None:
    assert gradient_error(lambda v: 3.0, np.zeros_like, np.ones(2)) == 0.0


def test_w_stays_as_it_is() -> None:
    w = np.ones(3)

    def meddling(v: np.ndarray) -> np.ndarray:
        v += 1
        return 2 * (v - 1)

    assert gradient_error(lambda v: float(v @ v), meddling, w) < 1e-7
    np.testing.assert_array_equal(w, 1.0)


def test_a_gradient_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(2, 1\) and w has \(2,\)"):
        gradient_error(lambda v: float(v @ v), np.ones((2, 1)), np.ones(2))
