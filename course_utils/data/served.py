"""The capstone's task: digits that were moved, turned, lit and disturbed, served in mini-batches that are counted."""

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
# Of the 1797 images, so many stand behind the mini-batches and the sample; the rest behind the test images alone.
TRAINING_IMAGES = 1200
SHIFT, TURN, NOISE, LIGHT = 0.75, 15.0, 0.05, 1.0


class ServedDigits:
    """One draw of the task. The seed fixes the permutation of pixels and labels, and everything else.

    `X` (200, 64) and `y` (200,) are a sample with labels, `test_X` (tests, 64) and `test_y` (tests,) the test images,
    drawn alike from images that no mini-batch shows. `next_batch()` returns a pair (64, 64) and (64,), or None once
    100 of them are used up; `used` counts them.

    Each image is shifted by up to 0.75 pixels along both axes and turned by up to 15 degrees (bilinear, black
    outside); its pixels get normal noise of standard deviation 0.05 each, and 1 all together, as if the light had
    changed.
    """

    def __init__(self, seed: int, tests: int = 2000) -> None:
        drawn = _draw_all(seed, tests)
        self._pixels, self._labels, self._batches = drawn.pixels, drawn.labels, drawn.batches
        # Copies, for the task of one seed is drawn once and serves many.
        self.X, self.y = drawn.sample[0].copy(), drawn.sample[1].copy()
        self.test_X, self.test_y = drawn.test[0].copy(), drawn.test[1].copy()
        self.used = 0

    def next_batch(self) -> tuple[Array, Labels] | None:
        """Return the next mini-batch, or None where the budget is used up."""
        if self.used == BATCHES:
            return None
        rows = slice(self.used * BATCH_SIZE, (self.used + 1) * BATCH_SIZE)
        self.used += 1
        return self._batches[0][rows].copy(), self._batches[1][rows].copy()

    def accuracy(self, predict: Callable[[Array], Labels]) -> float:
        """Return the share of the test images that `predict` reads right."""
        return float(np.mean(predict(self.test_X) == self.test_y))

    def unscrambled(self, X: Array) -> Array:
        """Return images (N, 64) with their pixels put back in place, as (N, 8, 8, 1): to look at, not to train on."""
        back = np.empty_like(X)
        back[:, self._pixels] = X
        return back.reshape(-1, 8, 8, 1)


class _Drawn(NamedTuple):
    pixels: NDArray[np.intp]
    labels: NDArray[np.intp]
    sample: tuple[Array, Labels]
    batches: tuple[Array, Labels]
    test: tuple[Array, Labels]


# Several checks ask the same seed in turn.
@functools.lru_cache(maxsize=4)
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
    """Return the images (N, 8, 8), each shifted and turned about its centre by an amount of its own."""
    count, height, width = images.shape
    angle = np.deg2rad(rng.uniform(-TURN, TURN, size=(count, 1, 1)))
    down, right = rng.uniform(-SHIFT, SHIFT, size=(2, count, 1, 1))
    centre = (height - 1) / 2
    row, column = np.mgrid[:height, :width] - centre
    # Each new pixel is looked up where it came from, in a frame of black.
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
