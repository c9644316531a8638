"""Lesson 02b against PyTorch, Pillow, colorsys, SciPy and NumPy's own flips.

Conventions: colorsys orders h, l, s; PyTorch counts (N, C, H, W), and is given the new size, since with a scale
factor it rounds the size down. Pillow smooths before it shrinks, so only enlargements are compared with it.
"""

from __future__ import annotations

import colorsys
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.stats
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps

from course_grader.authoring.lesson import read_lesson
from course_grader.authoring.reference import namespace
from course_utils import data
from course_utils.checks.probe import exercises, run

EXACT: dict[str, Any] = {"rtol": 1e-10, "atol": 1e-12}
# Where the other side works in float32.
SINGLE: dict[str, Any] = {"rtol": 1e-6, "atol": 1e-6}


@pytest.fixture(scope="module")
def lesson() -> dict[str, Any]:
    return namespace(read_lesson(Path(__file__).parents[2] / "lessons/02b_augmentation"))


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(2)


def test_flips_are_those_of_pillow(lesson: dict[str, Any]) -> None:
    photographs = np.rint(255 * data.photographs()).astype(np.uint8)
    pictures = [Image.fromarray(photograph) for photograph in photographs]
    for name, theirs in (("horizontal_flip", ImageOps.mirror), ("vertical_flip", ImageOps.flip)):
        np.testing.assert_array_equal(lesson[name](photographs), np.stack([theirs(p) for p in pictures]))


@pytest.mark.parametrize("factor", [0.07, 0.3, 0.5, 0.75, 1.0, 1.1, 1.5, 2.0, 3.7])
@pytest.mark.parametrize("shape", [(7, 5, 3), (6, 6, 1), (1, 9, 2)])
def test_rescale_is_interpolate_without_aligned_corners(
    lesson: dict[str, Any], rng: np.random.Generator, factor: float, shape: tuple[int, int, int]
) -> None:
    image = rng.uniform(size=shape)
    size = [max(1, math.floor(side * factor + 0.5)) for side in shape[:2]]
    batch = torch.tensor(image).permute(2, 0, 1)[None]
    theirs = torch.nn.functional.interpolate(batch, size=size, mode="bilinear", align_corners=False, antialias=False)
    np.testing.assert_allclose(lesson["rescale"](image, factor), theirs[0].permute(1, 2, 0).numpy(), **EXACT)


def test_rescale_enlarges_as_pillow(lesson: dict[str, Any], rng: np.random.Generator) -> None:
    image = rng.uniform(size=(6, 9)).astype(np.float32)
    theirs = np.asarray(Image.fromarray(image).resize((27, 18), Image.Resampling.BILINEAR))
    np.testing.assert_allclose(lesson["rescale"](image[..., None].astype(float), 3)[..., 0], theirs, **SINGLE)


def test_a_scaled_image_is_cropped_and_padded_as_by_center_crop(
    lesson: dict[str, Any], rng: np.random.Generator
) -> None:
    images = rng.uniform(size=(1, 10, 7, 3))
    for factor in (0.45, 0.6, 0.85, 1.0, 1.25, 1.9):
        scaled = lesson["rescale"](images[0], factor)
        # Padding that is negative cuts.
        gaps = [have - got for have, got in zip(images.shape[1:3], scaled.shape[:2], strict=True)]
        before = [int(gap / 2) for gap in gaps]
        widths = [0, 0, before[1], gaps[1] - before[1], before[0], gaps[0] - before[0]]
        theirs = torch.nn.functional.pad(torch.tensor(scaled), widths).numpy()
        ours = lesson["random_scale_crop"](images, factor, factor, rng)[0]
        np.testing.assert_allclose(ours, theirs, **EXACT)


def colors() -> NDArray[np.float64]:
    """All colours of 18 levels a channel: all greys of them, black, white, and every tie."""
    levels = np.arange(18) / 17
    return np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(-1, 3)


def test_hsl_is_that_of_colorsys(lesson: dict[str, Any]) -> None:
    theirs = np.array([colorsys.rgb_to_hls(*color) for color in colors()])
    np.testing.assert_allclose(lesson["rgb_to_hsl"](colors()), theirs[:, [0, 2, 1]], **EXACT)


def test_rgb_is_that_of_colorsys(lesson: dict[str, Any]) -> None:
    theirs = np.array([colorsys.hls_to_rgb(h, lightness, s) for h, s, lightness in colors()])
    np.testing.assert_allclose(lesson["hsl_to_rgb"](colors()), theirs, **EXACT)


def test_photographs_survive_the_way_there_and_back(lesson: dict[str, Any]) -> None:
    photographs = data.photographs()
    back = lesson["hsl_to_rgb"](lesson["rgb_to_hsl"](photographs))
    np.testing.assert_allclose(back, photographs, **EXACT)


def test_no_color_next_to_grey_is_divided_by_zero(lesson: dict[str, Any]) -> None:
    near = np.array([[1.0, 1.0, np.nextafter(1, 0)], [0.0, 0.0, 1e-300], [0.5, 0.5, np.nextafter(0.5, 1)]])
    hsl = lesson["rgb_to_hsl"](near)
    assert np.all((hsl >= 0) & (hsl <= 1))
    np.testing.assert_allclose(lesson["hsl_to_rgb"](hsl), near, **EXACT)


def test_color_jitter_is_that_of_colorsys_pixel_by_pixel(lesson: dict[str, Any], rng: np.random.Generator) -> None:
    image = data.photographs()[1, 100:112, 200:209]
    ours = lesson["color_jitter"](image, 0.3, 0.6, np.random.default_rng(8))
    twin = np.random.default_rng(8)
    b, c = twin.uniform(-0.3, 0.3), twin.uniform(0.4, 1.6)
    hls = [colorsys.rgb_to_hls(*pixel) for pixel in image.reshape(-1, 3)]
    mean = math.fsum(lightness for _, lightness, _ in hls) / len(hls)
    theirs = [colorsys.hls_to_rgb(h, min(1, max(0, mean + c * (lt - mean) + b)), s) for h, lt, s in hls]
    np.testing.assert_allclose(ours.reshape(-1, 3), theirs, **EXACT)


def test_every_crop_is_a_shift_of_the_image(lesson: dict[str, Any], rng: np.random.Generator) -> None:
    images = rng.uniform(0.1, 1, size=(500, 5, 6, 2))
    crops = lesson["random_crop"](images, 2, rng)
    counts = np.zeros((5, 5))
    for image, crop in zip(images, crops, strict=True):
        # A shift by PyTorch: negative padding cuts on one side what it adds on the other.
        for row in range(-2, 3):
            for column in range(-2, 3):
                shifted = torch.nn.functional.pad(torch.tensor(image), (0, 0, column, -column, row, -row))
                counts[row + 2, column + 2] += np.array_equal(shifted.numpy(), crop)
    assert counts.sum() == 500
    assert scipy.stats.chisquare(counts.ravel()).pvalue > 1e-6


@pytest.mark.parametrize("size", [2, 3, 5])
def test_cutout_covers_each_pixel_as_often_as_a_sum_over_all_centres_says(
    lesson: dict[str, Any], rng: np.random.Generator, size: int
) -> None:
    height, width, count = 6, 5, 20000
    holes = 1 - lesson["cutout"](np.ones((count, height, width, 1)), size, rng)[..., 0]
    expected = np.zeros((height, width))
    for p in range(height):
        for q in range(width):
            for i in range(p - size // 2, p - size // 2 + size):
                for j in range(q - size // 2, q - size // 2 + size):
                    if 0 <= i < height and 0 <= j < width:
                        expected[i, j] += 1 / (height * width)
    # Six standard deviations of a share of 20,000 draws, at most.
    np.testing.assert_allclose(holes.mean(axis=0), expected, atol=6 * 0.5 / math.sqrt(count))


def test_majority_vote_is_the_mode_of_scipy(lesson: dict[str, Any], rng: np.random.Generator) -> None:
    for views in (1, 2, 5, 8):
        predictions = rng.integers(6, size=(views, 200))
        theirs = scipy.stats.mode(predictions, axis=0).mode
        np.testing.assert_array_equal(lesson["majority_vote"](predictions), theirs)


@pytest.mark.parametrize("eps", [0.0, 0.1, 0.35, 1.0])
def test_label_smoothing_gives_the_loss_of_pytorch(
    lesson: dict[str, Any], rng: np.random.Generator, eps: float
) -> None:
    scores, labels = torch.tensor(rng.normal(size=(20, 7))), rng.integers(7, size=20)
    theirs = torch.nn.functional.cross_entropy(scores, torch.tensor(labels), label_smoothing=eps)
    soft = torch.tensor(lesson["label_smoothing"](labels, 7, eps))
    ours = torch.nn.functional.cross_entropy(scores, soft)
    assert float(ours) == pytest.approx(float(theirs), rel=1e-10)


@pytest.mark.parametrize("alpha", [0.3, 1.0, 4.0])
def test_mixup_draws_lambda_from_the_beta_distribution(
    lesson: dict[str, Any], rng: np.random.Generator, alpha: float
) -> None:
    batch = np.eye(12)
    found = []
    for _ in range(2000):
        X, Y = lesson["mixup"](batch, batch, alpha, rng)
        np.testing.assert_array_equal(X, Y)
        found.append(np.diag(Y).min())  # one permutation in 12! leaves each example with itself
    assert scipy.stats.kstest(found, scipy.stats.beta(alpha, alpha).cdf).pvalue > 1e-6


def test_calls_on_cards_make_the_arguments_that_were_given(lesson: dict[str, Any]) -> None:
    compared = 0
    for name in ("horizontal_flip", "vertical_flip", "random_crop", "rescale", "random_scale_crop", "cutout"):
        for seen in run(exercises()[name], "values", 1, [lesson[name]]):
            if seen.call is not None and seen.call.shown and seen.call.args:
                args = eval(seen.call.shown, {"np": np, name: lambda *args: args})
                np.testing.assert_array_equal(args[0], seen.call.args[0])
                compared += 1
    assert compared > 50
