"""The class that every loader returns, and functions to split a data set and to standardize its columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Dataset:
    """N examples; `X, y = data` unpacks the inputs and the targets, `len(data)` is N.

    `X` is `(N, D)`, or `(N, H, W, C)` for images; `y` is `(N,)`, integer labels or real targets.
    `features` are the names of the D columns and `classes` those of the labels, or empty. `weights` `(D,)` are the true
    weights of a synthetic regression, otherwise None.
    """

    X: NDArray[np.float64]
    y: NDArray[Any]
    features: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    weights: NDArray[np.float64] | None = None

    def __iter__(self) -> Iterator[NDArray[Any]]:
        yield self.X
        yield self.y

    def __len__(self) -> int:
        return len(self.X)

    def __repr__(self) -> str:
        return f"Dataset(X {self.X.shape}, y {self.y.shape} of {self.y.dtype})"


def split(
    X: NDArray[np.float64], y: NDArray[Any], fractions: Sequence[float], rng: np.random.Generator
) -> tuple[Dataset, ...]:
    """Shuffle, and return one `Dataset` per fraction: `train, validation, test = split(X, y, (0.6, 0.2, 0.2), rng)`.

    No example is in two parts. If the fractions sum to 1, every example is used; if they sum to less, the rest is left
    out. Raises ValueError if X and y have different lengths, if a fraction is not positive, if they sum to more than 1,
    or if a part would be empty.
    """
    if len(X) != len(y):
        raise ValueError(f"X has {len(X)} examples and y has {len(y)}: each input needs its target.")
    if not fractions or min(fractions) <= 0 or sum(fractions) > 1 + 1e-9:
        raise ValueError(f"fractions are {tuple(fractions)}: each must be positive, and their sum at most 1.")
    # The running sum is rounded, not each part, so that the parts add up to N.
    ends = np.rint(np.cumsum([0.0, *fractions]) * len(X)).astype(int)
    if np.any(np.diff(ends) == 0):
        raise ValueError(f"{len(X)} examples are too few for fractions {tuple(fractions)}: a part would be empty.")
    order = rng.permutation(len(X))
    parts = [order[start:end] for start, end in pairwise(ends)]
    return tuple(Dataset(X[part], y[part]) for part in parts)


def standardize(train: Dataset, *others: Dataset) -> tuple[Dataset, ...]:
    """Shift and scale each column to mean 0 and standard deviation 1 *over `train`*, and the others by the same
    numbers: `train, test = standardize(train, test)`.

    Test data represent data that have not been seen yet, so they must not influence the means. A column that is
    constant in `train` becomes 0 there; it is only shifted. The targets stay as they are.
    """
    mean, std = train.X.mean(axis=0), train.X.std(axis=0)
    scale = np.where(std > 0, std, 1.0)
    return tuple(replace(data, X=(data.X - mean) / scale) for data in (train, *others))
