"""The last experiment of each lesson: the learner's functions beside PyTorch's, on a machine that has PyTorch.

The course does not need PyTorch, and this is the only module that asks for it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, TypeVar

import numpy as np

# Set it, and the cells behave as on a machine without PyTorch. The site's build does, so that its pages do not depend
# on the machine; each lesson's text shows what its cell prints.
WITHOUT_TORCH = "COURSE_WITHOUT_TORCH"
MISSING = (
    "PyTorch is not installed here, which is fine: the course does not need it. "
    "The text below shows what this cell prints."
)
# Largest difference of two results that are called the same, as a share of the largest number in them.
SAME, NEARLY = 1e-10, 1e-6

Compare = TypeVar("Compare", bound=Callable[[Any], Mapping[str, tuple[Any, Any]]])


def compare_with_torch(compare: Compare) -> Compare:
    """Call `compare(torch)`, print how far each of its pairs of results agrees, and return `compare`; a decorator.

    compare: returns a dict from a description to a pair, the learner's result and PyTorch's: arrays, tensors or numbers
    of one shape. If PyTorch is not installed, `compare` is not called, and one sentence says so.
    """
    torch = None if os.environ.get(WITHOUT_TORCH) else _torch()
    if torch is None:
        print(MISSING)
        return compare
    rows = compare(torch)
    width = max(map(len, rows))
    for name, (ours, theirs) in rows.items():
        print(f"{name:{width}}  {agreement(ours, theirs)}")
    return compare


def agreement(ours: Any, theirs: Any) -> str:
    """Return how far two results agree: "the same", "the same to 6 digits", or the largest difference in two digits.

    Raises ValueError if their shapes differ.
    """
    ours, theirs = np.asarray(ours, dtype=float), np.asarray(_detached(theirs), dtype=float)
    if ours.shape != theirs.shape:
        raise ValueError(f"your result has shape {ours.shape}, PyTorch's {theirs.shape}: compare arrays of one shape.")
    apart = np.abs(ours - theirs).max()
    size = max(np.abs(ours).max(), np.abs(theirs).max())
    if apart <= SAME * size:
        return "the same"
    return "the same to 6 digits" if apart <= NEARLY * size else f"differs by up to {apart:.2g}"


def _detached(result: Any) -> Any:
    return result.detach() if hasattr(result, "detach") else result


def _torch() -> Any:
    """Return the module torch, or None if it is not installed or its libraries can't be loaded."""
    try:
        return import_module("torch")
    except (ImportError, OSError):
        return None
