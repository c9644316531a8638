"""The capstone's task: shifted, rotated and noisy digits of random brightness, in a limited number of mini-batches."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from course_utils.data.real import digits

Array = NDArray[np.float64]
Labels = NDArray[np.int64]

BATCHES, BATCH_SIZE, SAMPLE = 100, 64, 200
# The mini-batches and the sample are made from this many of the 1797 images, the test images from the others.
TRAINING_IMAGES = 1200
SHIFT, TURN, NOISE, LIGHT = 0.75, 15.0, 0.05, 1.0


class ServedDigits:
    """One draw of the task. The seed fixes the permutations of pixels and labels, and everything else.

    `X` (200, 64) and `y` (200,) are a sample with labels; `test_X` (tests, 64) and `test_y` (tests,) are the test
    images, made in the same way from digits that are in no mini-batch. `next_batch()` returns images (64, 64) and
    labels (64,), or None after 100 mini-batches; `used` counts them.

    Each image is shifted by up to 0.75 pixels along both axes and rotated by up to 15 degrees (bilinear interpolation,
    black outside). Each pixel gets normal noise of standard deviation 0.05. In addition, all pixels of an image get the
    same normal noise of standard deviation 1, as if the light had changed.
    """

    def __init__(self, seed: int, tests: int = 2000) -> None:
        drawn = _draw_all(seed, tests)
        self._pixels, self._labels, self._batches = drawn.pixels, drawn.labels, drawn.batches
        # Copies, since all tasks with the same seed share one draw.
        self.X, self.y = drawn.sample[0].copy(), drawn.sample[1].copy()
        self.test_X, self.test_y = drawn.test[0].copy(), drawn.test[1].copy()
        self.used = 0

    def next_batch(self) -> tuple[Array, Labels] | None:
        """Return the next mini-batch, or None if the budget is used up."""
        if self.used == BATCHES:
            return None
        rows = slice(self.used * BATCH_SIZE, (self.used + 1) * BATCH_SIZE)
        self.used += 1
        return self._batches[0][rows].copy(), self._batches[1][rows].copy()

    def accuracy(self, predict: Callable[[Array], Labels]) -> float:
        """Return the accuracy of `predict` on the test images."""
        return float(np.mean(predict(self.test_X) == self.test_y))

    def unscrambled(self, X: Array) -> Array:
        """Return images (N, 64) with their pixels in the original order, as (N, 8, 8, 1): to look at, not to train."""
        back = np.empty_like(X)
        back[:, self._pixels] = X
        return back.reshape(-1, 8, 8, 1)


class _Drawn(NamedTuple):
    pixels: NDArray[np.intp]
    labels: NDArray[np.intp]
    sample: tuple[Array, Labels]
    batches: tuple[Array, Labels]
    test: tuple[Array, Labels]


# Cached, since several checks and the rows of the ablation use the same seeds.
@functools.lru_cache(maxsize=8)
def _draw_all(seed: int, tests: int) -> _Drawn:
    rng = np.random.RandomState(seed)
    order = rng.permutation(len(_all_digits()[1]))
    pixels, labels = rng.permutation(64), rng.permutation(10)
    training, test = order[:TRAINING_IMAGES], order[TRAINING_IMAGES:]

    def draw(rows: NDArray[np.intp], count: int) -> tuple[Array, Labels]:
        images, digit = _all_digits()
        chosen = rows[rng.randint(len(rows), size=count)]
        shown = moved(images[chosen], rng)
        shown += NOISE * rng.randn(*shown.shape) + LIGHT * rng.randn(count, 1, 1)
        return shown.reshape(count, -1)[:, pixels], labels[digit[chosen]].astype(np.int64)

    sample, batches = draw(training, SAMPLE), draw(training, BATCHES * BATCH_SIZE)
    return _Drawn(pixels, labels, sample, batches, draw(test, tests))


@functools.cache
def _all_digits() -> tuple[Array, Labels]:
    # Reading the file takes longer than drawing the whole task.
    X, y = digits(images=True)
    return X[..., 0], y


def moved(images: Array, rng: np.random.RandomState) -> Array:
    """Return the images (N, 8, 8), each randomly shifted, and rotated about its centre."""
    count, height, width = images.shape
    angle = np.deg2rad(rng.uniform(-TURN, TURN, size=(count, 1, 1)))
    down, right = rng.uniform(-SHIFT, SHIFT, size=(2, count, 1, 1))
    centre = (height - 1) / 2
    row, column = np.mgrid[:height, :width] - centre
    # Each pixel of the result is interpolated at its source, in an image with a black frame.
    source_row = np.cos(angle) * row - np.sin(angle) * column + centre + down + 2
    source_column = np.sin(angle) * row + np.cos(angle) * column + centre + right + 2
    framed = np.pad(images, ((0, 0), (2, 2), (2, 2)))
    source_row, source_column = (np.clip(x, 0, height + 2.999) for x in (source_row, source_column))
    i, j = source_row.astype(int), source_column.astype(int)
    u, v = source_row - i, source_column - j
    flat = framed.ravel()
    corner = (np.arange(count)[:, None, None] * framed.shape[1] + i) * framed.shape[2] + j
    upper = (1 - v) * flat[corner] + v * flat[corner + 1]
    lower = (1 - v) * flat[corner + framed.shape[2]] + v * flat[corner + framed.shape[2] + 1]
    return np.asarray((1 - u) * upper + u * lower)
