"""Real data: handwritten digits, two medical tables, two photographs. All of them except MNIST work offline."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from course_utils.data.dataset import Dataset, standardize

MNIST_SIDE = 28


def digits(images: bool = False) -> Dataset:
    """Return 1797 handwritten digits of 8 by 8 pixels, with grey values in [0, 1] and labels 0 to 9.

    `X` is `(1797, 64)`, or `(1797, 8, 8, 1)` with `images=True`. Source: scikit-learn's `load_digits`, the test set of
    Alpaydin & Kaynak (1998); the values 0 to 16 are divided by 16.
    """
    from sklearn.datasets import load_digits

    counts, y = load_digits(return_X_y=True)
    X = counts / 16.0
    return Dataset(X.reshape(-1, 8, 8, 1) if images else X, y, classes=tuple("0123456789"))


def diabetes(scaled: bool = True) -> Dataset:
    """Return 10 measurements of 442 patients; the target is the progression of the disease after a year (25 to 346, no
    unit).

    `X` is `(442, 10)`. With `scaled=True`, each column has mean 0 and standard deviation 1 over all patients; for an
    honest test error, use `scaled=False`, then `split` and `standardize`. `y` is never scaled or centred. Source:
    Efron, Hastie, Johnstone & Tibshirani (2004), from scikit-learn.
    """
    from sklearn.datasets import load_diabetes

    raw = load_diabetes(scaled=False)
    data = Dataset(raw.data, raw.target, features=tuple(raw.feature_names))
    return standardize(data)[0] if scaled else data


def breast_cancer(scaled: bool = True) -> Dataset:
    """Return 30 measurements of cell nuclei of 569 tumours; label 0 is malignant, 1 is benign.

    `X` is `(569, 30)`. With `scaled=True`, each column has mean 0 and standard deviation 1 over all tumours; for an
    honest test error, use `scaled=False`, then `split` and `standardize`. Source: Wolberg, Street & Mangasarian (1995),
    from scikit-learn.
    """
    from sklearn.datasets import load_breast_cancer

    raw = load_breast_cancer()
    names = [tuple(str(name) for name in group) for group in (raw.feature_names, raw.target_names)]
    data = Dataset(raw.data, raw.target, features=names[0], classes=names[1])
    return standardize(data)[0] if scaled else data


def photographs() -> NDArray[np.float64]:
    """Return two colour photographs `(2, 427, 640, 3)`, with red, green and blue in [0, 1]:
    `temple, flower = photographs()`.

    Source: scikit-learn's `load_sample_images`.
    """
    from sklearn.datasets import load_sample_images

    return np.stack(load_sample_images().images) / 255.0


def mnist(images: bool = False) -> Dataset:
    """Return 70,000 handwritten digits of 28 by 28 pixels, with grey values in [0, 1]: first the 60,000 training
    images, then the 10,000 test images.

    `X` is `(70000, 784)`, or `(70000, 28, 28, 1)` with `images=True`; it takes 440 MB of memory. The first call
    downloads 15 MB from OpenML; later calls read scikit-learn's copy on the disk. Raises ConnectionError if OpenML
    can't be reached. Source: LeCun, Bottou, Bengio & Haffner (1998).
    """
    from sklearn.datasets import fetch_openml

    try:
        X, y = fetch_openml("mnist_784", version=1, as_frame=False, return_X_y=True)
    except OSError as error:
        raise ConnectionError(
            "Can't download MNIST from openml.org: connect to the internet and try again, "
            "or use digits(), which needs no network."
        ) from error
    X = X.astype(np.float64) / 255.0
    shape = (-1, MNIST_SIDE, MNIST_SIDE, 1) if images else (-1, MNIST_SIDE**2)
    return Dataset(X.reshape(shape), y.astype(np.int64), classes=tuple("0123456789"))
