"""Loaders return the shapes, scales and true weights that they promise."""

from __future__ import annotations

from typing import Any
from urllib.error import URLError

import numpy as np
import pytest
import sklearn.datasets

from course_utils import data
from course_utils.data import Dataset

REAL = {
    "digits": (data.digits, (1797, 64), 10),
    "digit images": (lambda: data.digits(images=True), (1797, 8, 8, 1), 10),
    "diabetes": (data.diabetes, (442, 10), 0),
    "breast cancer": (data.breast_cancer, (569, 30), 2),
}


@pytest.mark.parametrize("name", REAL)
def test_a_real_data_set_has_the_promised_shape(name: str) -> None:
    load, shape, classes = REAL[name]
    loaded = load()
    X, y = loaded
    assert X.shape == shape
    assert X.dtype == np.float64
    assert len(y) == len(X) == len(loaded)
    assert len(loaded.classes) == classes
    if classes:
        np.testing.assert_array_equal(np.unique(y), np.arange(classes))
    if loaded.features:
        assert len(loaded.features) == shape[1]


def test_digits_are_grey_values_from_0_to_1_and_images_are_the_same_numbers() -> None:
    X, _ = data.digits()
    assert (X.min(), X.max()) == (0.0, 1.0)
    np.testing.assert_array_equal(data.digits(images=True).X[..., 0].reshape(-1, 64), X)


@pytest.mark.parametrize("load", [data.diabetes, data.breast_cancer])
def test_scaled_columns_have_mean_0_and_std_1_and_raw_ones_are_sklearns(load: Any) -> None:
    X, y = load()
    np.testing.assert_allclose(X.mean(axis=0), 0.0, atol=1e-12)
    np.testing.assert_allclose(X.std(axis=0), 1.0, atol=1e-12)
    raw, target = load(scaled=False)
    assert raw.max() > 100
    np.testing.assert_array_equal(y, target)
    if load is data.diabetes:
        assert (y.min(), y.max()) == (25, 346)


def test_standardize_takes_its_numbers_from_the_training_part_alone() -> None:
    rng = np.random.default_rng(0)
    train, test = Dataset(rng.normal(5, 3, (20, 2)), np.zeros(20)), Dataset(rng.normal(0, 1, (30, 2)), np.ones(30))
    train.X[:, 1] = 7.0
    scaled, other = data.standardize(train, test)
    np.testing.assert_allclose(scaled.X.std(axis=0), [1.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(other.X[:, 0] * train.X[:, 0].std() + train.X[:, 0].mean(), test.X[:, 0])
    np.testing.assert_array_equal(other.y, test.y)


def test_photographs_are_two_colour_images_in_0_to_1() -> None:
    temple, flower = data.photographs()
    assert temple.shape == flower.shape == (427, 640, 3)
    assert temple.min() >= 0
    assert 0.9 < temple.max() <= 1
    np.testing.assert_array_equal(np.rint(temple * 255), sklearn.datasets.load_sample_image("china.jpg"))


def test_mnist_offline_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*_: object, **__: object) -> None:
        raise URLError("no route to host")

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", offline)
    with pytest.raises(ConnectionError, match=r"connect to the internet .* or use digits\(\)"):
        data.mnist()


def test_mnist_is_scaled_and_its_labels_are_integers(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = np.arange(2 * 784).reshape(2, 784) % 256, np.array(["7", "2"], dtype=object)
    monkeypatch.setattr(sklearn.datasets, "fetch_openml", lambda *_, **__: (X, y))
    images, labels = data.mnist(images=True)
    assert images.shape == (2, 28, 28, 1)
    np.testing.assert_allclose(data.mnist().X * 255, X)
    np.testing.assert_array_equal(labels, [7, 2])


def test_split_uses_every_example_once_and_keeps_the_pairs() -> None:
    X, y = np.arange(11.0)[:, None], np.arange(11)
    parts = data.split(X, y, (0.5, 0.3, 0.2), np.random.default_rng(1))
    assert sorted(np.concatenate([part.y for part in parts])) == list(range(11))
    assert [len(part) for part in parts] == [6, 3, 2]
    for part in parts:
        np.testing.assert_array_equal(part.X[:, 0], part.y)
    assert list(np.concatenate([part.y for part in parts])) != list(range(11))


def test_split_leaves_the_rest_out() -> None:
    (only,) = data.split(np.zeros((10, 1)), np.arange(10), (0.4,), np.random.default_rng(0))
    assert len(only) == 4


@pytest.mark.parametrize(
    ("n", "fractions", "said"),
    [(10, (0.9, 0.2), "sum"), (10, (1.0, 0.0), "positive"), (10, (), "fractions"), (3, (0.9, 0.1), "empty")],
)
def test_split_refuses(n: int, fractions: tuple[float, ...], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        data.split(np.zeros((n, 1)), np.zeros(n), fractions, np.random.default_rng(0))


def test_split_refuses_lengths_that_differ() -> None:
    with pytest.raises(ValueError, match="each input needs its target"):
        data.split(np.zeros((3, 1)), np.zeros(4), (1.0,), np.random.default_rng(0))


def test_a_made_regression_holds_its_truth() -> None:
    made = data.regression(50, 6, 0.0, np.random.default_rng(2), informative=2)
    assert made.weights is not None
    assert np.count_nonzero(made.weights) == 2
    np.testing.assert_allclose(np.linalg.lstsq(made.X, made.y)[0], made.weights, atol=1e-12)
    noisy = data.regression(5000, 2, 0.5, np.random.default_rng(2))
    assert noisy.weights is not None
    assert np.std(noisy.y - noisy.X @ noisy.weights) == pytest.approx(0.5, rel=0.1)
    with pytest.raises(ValueError, match="informative is 7"):
        data.regression(5, 6, 0.0, np.random.default_rng(2), informative=7)


def test_spiral_arms_are_one_arm_turned() -> None:
    X, y = data.spirals(30, 3, 0.0, np.random.default_rng(0))
    assert X.shape == (90, 2)
    np.testing.assert_array_equal(np.bincount(y), [30, 30, 30])
    arms = [X[y == c] @ [1, 1j] for c in range(3)]
    np.testing.assert_allclose(arms[1], arms[0] * np.exp(2j * np.pi / 3), atol=1e-12)
    np.testing.assert_allclose(np.abs(arms[2][[0, -1]]), [0.1, 1.0])


def test_a_noisy_curve_lies_about_its_truth_in_rising_order() -> None:
    X, y = data.noisy_curve(4000, 0.2, np.random.default_rng(3), truth=np.square, low=-1, high=2)
    assert np.all(np.diff(X[:, 0]) >= 0)
    assert -1 <= X.min() < X.max() <= 2
    assert np.std(y - X[:, 0] ** 2) == pytest.approx(0.2, rel=0.1)
    exact = data.noisy_curve(9, 0.0, np.random.default_rng(3))
    np.testing.assert_allclose(exact.y, np.sin(2 * np.pi * exact.X[:, 0]))


def test_the_same_seed_draws_the_same_data() -> None:
    for draw in (
        lambda rng: data.spirals(5, 2, 0.1, rng),
        lambda rng: data.noisy_curve(5, 0.1, rng),
        lambda rng: data.regression(5, 2, 0.1, rng),
    ):
        one, two = draw(np.random.default_rng(4)), draw(np.random.default_rng(4))
        np.testing.assert_array_equal(one.X, two.X)
        np.testing.assert_array_equal(one.y, two.y)
        assert repr(one).startswith("Dataset(X (")
