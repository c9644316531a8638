"""What every loader returns, how to divide it, and how to bring its columns to one scale."""

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
    `features` names the D columns and `classes` the labels, where they have names. `weights` `(D,)` is the truth
    behind a made regression.
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
    """Shuffle and divide into one `Dataset` a fraction: `train, validation, test = split(X, y, (0.6, 0.2, 0.2), rng)`.

    No example stands in two parts. Where the fractions sum to less than 1, the rest is left out; where they sum to 1,
    every example is used. Raises ValueError for lengths that differ, a fraction that is not positive, a sum over 1,
    or a part that would be empty.
    """
    if len(X) != len(y):
        raise ValueError(f"X has {len(X)} examples and y has {len(y)}: each input needs its target.")
    if not fractions or min(fractions) <= 0 or sum(fractions) > 1 + 1e-9:
        raise ValueError(f"fractions are {tuple(fractions)}: each must be positive, and their sum at most 1.")
    # Rounding the running sum, not each part, is what makes the parts add up to N.
    ends = np.rint(np.cumsum([0.0, *fractions]) * len(X)).astype(int)
    if np.any(np.diff(ends) == 0):
        raise ValueError(f"{len(X)} examples are too few for fractions {tuple(fractions)}: a part would be empty.")
    order = rng.permutation(len(X))
    parts = [order[start:end] for start, end in pairwise(ends)]
    return tuple(Dataset(X[part], y[part]) for part in parts)


def standardize(train: Dataset, *others: Dataset) -> tuple[Dataset, ...]:
    """Bring each column to mean 0 and standard deviation 1 *over `train`*; the others follow with the same numbers.

    Test data must not take part in the means: they stand for data not yet seen. A constant column becomes 0.
    The targets stay as they are. `train, test = standardize(train, test)`.
    """
    mean, std = train.X.mean(axis=0), train.X.std(axis=0)
    scale = np.where(std > 0, std, 1.0)
    return tuple(replace(data, X=(data.X - mean) / scale) for data in (train, *others))
