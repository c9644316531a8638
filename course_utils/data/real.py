"""Data that was measured: handwritten digits, two tables from medicine, two photographs. All but MNIST work offline."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from course_utils.data.dataset import Dataset, standardize

MNIST_SIDE = 28


def digits(images: bool = False) -> Dataset:
    """1797 handwritten digits of 8 by 8 pixels, grey values in [0, 1], labels 0 to 9.

    `X` is `(1797, 64)`, or `(1797, 8, 8, 1)` with `images=True`. Source: scikit-learn's `load_digits`, the test part
    of Alpaydin & Kaynak (1998), whose counts 0 to 16 are divided by 16.
    """
    from sklearn.datasets import load_digits

    counts, y = load_digits(return_X_y=True)
    X = counts / 16.0
    return Dataset(X.reshape(-1, 8, 8, 1) if images else X, y, classes=tuple("0123456789"))


def diabetes(scaled: bool = True) -> Dataset:
    """442 patients, 10 measurements; the target is how far the disease had gone a year later (25 to 346, no unit).

    `X` is `(442, 10)`. Scaled, each column has mean 0 and standard deviation 1 over all patients; for an honest test
    error take `scaled=False`, split, and use `standardize`. `y` is never scaled nor centred. Source: Efron, Hastie,
    Johnstone & Tibshirani (2004), by scikit-learn.
    """
    from sklearn.datasets import load_diabetes

    raw = load_diabetes(scaled=False)
    data = Dataset(raw.data, raw.target, features=tuple(raw.feature_names))
    return standardize(data)[0] if scaled else data


def breast_cancer(scaled: bool = True) -> Dataset:
    """569 tumours, 30 measurements of cell nuclei; label 0 is malignant, 1 is benign.

    `X` is `(569, 30)`. Scaled, each column has mean 0 and standard deviation 1 over all tumours; for an honest test
    error take `scaled=False`, split, and use `standardize`. Source: Wolberg, Street & Mangasarian (1995), by
    scikit-learn.
    """
    from sklearn.datasets import load_breast_cancer

    raw = load_breast_cancer()
    names = [tuple(str(name) for name in group) for group in (raw.feature_names, raw.target_names)]
    data = Dataset(raw.data, raw.target, features=names[0], classes=names[1])
    return standardize(data)[0] if scaled else data


def photographs() -> NDArray[np.float64]:
    """Two colour photographs, a temple and a flower: `(2, 427, 640, 3)`, red, green and blue in [0, 1].

    `temple, flower = photographs()` takes them apart. Source: scikit-learn's `load_sample_images`.
    """
    from sklearn.datasets import load_sample_images

    return np.stack(load_sample_images().images) / 255.0


def mnist(images: bool = False) -> Dataset:
    """70,000 handwritten digits of 28 by 28 pixels, grey values in [0, 1]: 60,000 to train, then 10,000 to test.

    `X` is `(70000, 784)`, or `(70000, 28, 28, 1)` with `images=True`: 440 MB. The first call downloads 15 MB from
    OpenML, later ones read scikit-learn's copy on the disk. Raises ConnectionError where OpenML cannot be reached.
    Source: LeCun, Bottou, Bengio & Haffner (1998).
    """
    from sklearn.datasets import fetch_openml

    try:
        X, y = fetch_openml("mnist_784", version=1, as_frame=False, return_X_y=True)
    except OSError as error:
        raise ConnectionError(
            "MNIST cannot be downloaded from openml.org: connect to the internet and try again, "
            "or use digits(), which needs no network."
        ) from error
    X = X.astype(np.float64) / 255.0
    shape = (-1, MNIST_SIDE, MNIST_SIDE, 1) if images else (-1, MNIST_SIDE**2)
    return Dataset(X.reshape(shape), y.astype(np.int64), classes=tuple("0123456789"))
