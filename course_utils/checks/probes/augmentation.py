"""Probes of lesson 02b.

For a random function, a probe observes the types and shapes of the result and what was drawn. The images are built so
that offsets, centres and factors can be computed exactly from the result; the probe observes which values occur. A
function that is called many times is first called once with `sample`, so that the learner sees an error of that call. A
check runs a probe with three published or five hidden seeds, so the probability of a false alarm is at most five times
the sum of the probabilities in the probe. Each probe's docstring states that sum.
"""

from __future__ import annotations

import colorsys
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_utils.checks.answer_types import Labels, NumberWith, SubsetOf
from course_utils.checks.probe import Call, Recorder, probe, question
from course_utils.checks.statistics import mean_tolerance, pairings

Function = Callable[..., Any]
Draw = np.random.RandomState
Floats = NDArray[np.float64]

question("label_kept", SubsetOf(("a", "b", "c", "d", "e", "f")))
question("whole_squares", NumberWith(0.0, 1.0, 2))
question("color_of_each", Labels(("a", "b", "c", "d", "e"), ("red", "green", "blue", "grey", "white")))
question("augmentation_effects", Labels(("a", "b", "c"), ("helps", "harms", "little")))


def _images(rng: Draw, *shape: int) -> Floats:
    """Draw values from 0.05 to 1; none is 0, so that entries that are set to 0 can be recognised."""
    return np.asarray(rng.uniform(0.05, 1.0, shape).round(3))


def _scrambled(rng: Draw, *shape: int) -> tuple[Floats, str]:
    """Return values from 0.03 to 0.99, and an expression for them that is much shorter than the list of numbers."""
    start, size = int(rng.randint(1000)), int(np.prod(shape))
    values = (np.arange(start, start + size).reshape(shape) * 37 % 97 + 3) / 100
    return values, f"(np.arange({start}, {start + size}).reshape{shape} * 37 % 97 + 3) / 100"


def _generator(rng: Draw) -> tuple[np.random.Generator, int]:
    seed = int(rng.randint(10**6))
    return np.random.default_rng(seed), seed


def _probe_flip(recorder: Recorder, rng: Draw, name: str, flip: Function) -> None:
    for says, shape in (
        ("the flipped images", (2, 3, 4, 3)),
        ("a batch with all four sizes equal", (3, 3, 3, 3)),
        ("a batch of one grey image", (1, 4, 2, 1)),
    ):
        images, text = _scrambled(rng, *shape)
        recorder.ask(says, flip, images, shown=f"{name}({text})")
    images, text = _scrambled(rng, 4, 5, 6, 3)
    shown = f"{name}(({text})[::2, 1:, ::2])"
    recorder.ask("images that are a view of a larger array", flip, images[::2, 1:, ::2], shown=shown)


@probe("horizontal_flip")
def probe_horizontal_flip(recorder: Recorder, rng: Draw, horizontal_flip: Function) -> None:
    _probe_flip(recorder, rng, "horizontal_flip", horizontal_flip)


@probe("vertical_flip")
def probe_vertical_flip(recorder: Recorder, rng: Draw, vertical_flip: Function) -> None:
    _probe_flip(recorder, rng, "vertical_flip", vertical_flip)


CROPS, PAD = 900, 2


@probe("random_crop")
def probe_random_crop(recorder: Recorder, rng: Draw, random_crop: Function) -> None:
    """False alarms: each of 25 pairs of offsets is missing in 900 draws with probability (24/25)**900 = 1.2e-16, in
    total 2.8e-15. Two batches of 40 draws are equal with a far smaller probability. For the order of the draws see
    `_observe_order`. All 25 pairs occur 36 times each with probability 900!/(36!**25 * 25**900) = 3e-28."""
    draw, seed = _generator(rng)
    for says, shape, pad in (
        ("a batch of colour images", (2, 6, 5, 3), 1),
        ("a batch of three", (3, 3, 4, 2), PAD),
    ):
        images, text = _scrambled(rng, *shape)
        shown = f"random_crop({text}, {pad}, np.random.default_rng({seed}))"
        recorder.sample(says, random_crop, images, pad, draw, shown=shown)
    images, text = _scrambled(rng, 2, 4, 9, 1)
    shown = f"random_crop(({text})[1:, :, ::2], 3, np.random.default_rng({seed}))"
    recorder.sample("a batch of one image, a view", random_crop, images[1:, :, ::2], 3, draw, shown=shown)
    # Written so that a learner can paste the call; no two values are equal.
    image = np.arange(1, 25).reshape(1, 3, 4, 2) / 100
    images = np.tile(image, (CROPS, 1, 1, 1))
    tiled = f"np.tile(np.arange(1, 25).reshape(1, 3, 4, 2) / 100, ({CROPS}, 1, 1, 1))"
    shown = f"random_crop({tiled}, {PAD}, np.random.default_rng({seed}))"
    call = Call("random_crop", (), {}, shown)
    out = random_crop(images, PAD, np.random.default_rng(seed))
    where = f"{CROPS} crops with pad {PAD}"
    offsets = _offsets(image[0], out)
    recorder.observe(f"each of {where} is a window of the padded image", bool(np.all(offsets >= 0)), call=call)
    # The values are multiples of 1/100, so that sums rounded to three decimals are exact.
    sums = np.unique(out.sum(axis=(1, 2, 3)).round(3))
    recorder.observe(f"the different sums of a crop's values in {where}", sums, call=call)
    recorder.observe(f"the row offsets that occur in {where}", np.unique(offsets[:, 0]), call=call)
    recorder.observe(f"the column offsets that occur in {where}", np.unique(offsets[:, 1]), call=call)
    pairs = len(np.unique(offsets, axis=0))
    recorder.observe(f"the number of different pairs of offsets in {where}", pairs, call=call)
    _observe_order(recorder, f"row offset, {where}", offsets[:, 0], call)
    _observe_order(recorder, f"column offset, {where}", offsets[:, 1], call)
    recorder.observe(f"all pairs of offsets occur equally often in {where}", _are_even(offsets), call=call)
    batches = [random_crop(images[:40], PAD, draw) for _ in range(2)]
    recorder.observe("the next batch is shifted differently", not np.array_equal(*batches))
    twins = [random_crop(images[:40], PAD, np.random.default_rng(seed)) for _ in range(2)]
    recorder.observe("a generator in the same state gives the same crops", bool(np.array_equal(*twins)))
    images, text = _scrambled(rng, 2, 3, 4, 3)
    shown = f"random_crop({text}, 0, np.random.default_rng({seed}))"
    recorder.ask("the images with pad 0", random_crop, images, 0, draw, shown=shown)


def _observe_order(recorder: Recorder, what: str, places: Any, call: Call) -> None:
    """Observe how often two images have the same value in `places`: for pairs of neighbours, and for pairs of one image
    of the first half and one of the second. Sorted, repeated or alternating draws change these shares.

    False alarms: two shares, 1e-11 each; for five seeds 1e-10.
    """
    for name, (one, other) in pairings(places).items():
        which = "neighbours" if name == "neighbours" else "images half the batch apart"
        says = f"the share of {which} with the same {what}"
        recorder.observe(says, float(np.mean(one == other)), 0, mean_tolerance(len(one), 1.0), call)


def _are_even(places: Any) -> bool:
    """Return whether all values that occur do so equally often, as on a grid; independent draws do not."""
    return len(set(np.unique(places, axis=0, return_counts=True)[1].tolist())) == 1


def _offsets(image: Floats, crops: Floats) -> NDArray[np.int64]:
    """Return the row and column offset of each crop, `(N, 2)`; -1 if it is not a window of the padded image."""
    height, width = image.shape[:2]
    padded = np.pad(image, ((PAD, PAD), (PAD, PAD), (0, 0)))
    found = np.full((len(crops), 2), -1)
    for row in range(2 * PAD + 1):
        for column in range(2 * PAD + 1):
            window = padded[row : row + height, column : column + width]
            found[np.all(crops == window, axis=(1, 2, 3))] = row, column
    return found


@probe("rescale")
def probe_rescale(recorder: Recorder, rng: Draw, rescale: Function) -> None:
    for says, shape, factor in (
        ("a small image, doubled", (2, 2, 1), 2.0),
        ("the image enlarged", (3, 4, 2), 1.7),
        ("the image shrunk", (7, 5, 3), 0.6),
        ("a square image, doubled", (3, 3, 3), 2.0),
        ("the image shrunk to a quarter", (9, 8, 1), 0.25),
        ("the image at its own size", (4, 3, 3), 1.0),
        ("a new size that ends in one half", (5, 3, 1), 0.5),
        ("a new size that would be 0", (3, 8, 1), 0.1),
        ("an image of one pixel", (1, 1, 3), 3.0),
        ("an image of one row", (1, 5, 2), 2.4),
    ):
        image, text = _scrambled(rng, *shape)
        recorder.ask(f"{says}, factor {factor}", rescale, image, factor, shown=f"rescale({text}, {factor})")
    image, text = _scrambled(rng, 8, 6, 3)
    # With these factors no source lies exactly halfway between two rows, where rounding up and rounding to even differ.
    factor = round(1.65 + 0.2 * rng.rand(), 2)
    shown = f"rescale(({text})[::2, 1:], {factor})"
    recorder.ask("a view of a larger image", rescale, image[::2, 1:], factor, shown=shown)


@probe("rescale", part="arguments")
def probe_rescale_arguments(recorder: Recorder, rng: Draw, rescale: Function) -> None:
    image = _images(rng, 2, 2, 3)
    recorder.expect_error("a factor of 0", rescale, image, 0)
    recorder.expect_error("a negative factor", rescale, image, -0.5)
    recorder.expect_error("a small factor, which is allowed", rescale, image, 0.01)


ZOOMS, TALL, BROAD = 150, 12, 8


@probe("random_scale_crop")
def probe_random_scale_crop(recorder: Recorder, rng: Draw, random_scale_crop: Function) -> None:
    """If low equals high, the factor is known. False alarms: see `_observe_factors`."""
    draw, seed = _generator(rng)
    for says, shape, factor in (
        ("larger than before", (2, 4, 5, 3), 1.5),
        ("larger by an odd number of pixels", (2, 4, 5, 2), 1.3),
        ("smaller than before", (2, 8, 6, 3), 0.5),
        ("smaller by an odd number of pixels", (1, 5, 8, 1), 0.6),
        ("same size as before", (2, 3, 4, 1), 1.0),
    ):
        images, text = _scrambled(rng, *shape)
        shown = f"random_scale_crop({text}, {factor}, {factor}, np.random.default_rng({seed}))"
        says = f"images scaled by {factor}, {says}"
        recorder.ask(says, random_scale_crop, images, factor, factor, draw, shown=shown)
    for says, shape, low, high in (
        ("images that shrink or grow", (5, 6, 5, 3), 0.6, 1.7),
        ("images that shrink", (2, TALL, BROAD, 1), 0.5, 1.0),
        ("images that grow", (2, 6, 6, 1), 1.2, 2.0),
    ):
        images, text = _scrambled(rng, *shape)
        shown = f"random_scale_crop({text}, {low}, {high}, np.random.default_rng({seed}))"
        recorder.sample(says, random_scale_crop, images, low, high, draw, shown=shown)
    _observe_factors(recorder, random_scale_crop, seed)
    images = np.repeat(_images(rng, 1, 6, 6, 1), 20, axis=0)
    out = random_scale_crop(images, 1.2, 2.0, draw)
    twin = random_scale_crop(images, 1.2, 2.0, draw)
    recorder.observe("the next batch has different factors", not np.array_equal(out, twin))


def _observe_factors(recorder: Recorder, random_scale_crop: Function, seed: int) -> None:
    """Shrink white images, and count the rows and columns of the result that are white.

    False alarms: each of the five heights 7 to 11 is missing in 150 draws with probability (5/6)**150 = 1.3e-12, in
    total 6.7e-12; for the order of the draws see `_observe_order`.
    """
    images = np.ones((ZOOMS, TALL, BROAD, 1))
    shown = f"random_scale_crop(np.ones({images.shape}), 0.5, 1.0, np.random.default_rng({seed}))"
    call = Call("random_scale_crop", (), {}, shown)
    white = random_scale_crop(images, 0.5, 1.0, np.random.default_rng(seed))[..., 0] > 0.5
    rows, columns = white.any(axis=2).sum(axis=1), white.any(axis=1).sum(axis=1)
    inner = np.unique(rows[(rows > TALL // 2) & (rows < TALL)])
    where = f"in {ZOOMS} white images scaled by 0.5 to 1"
    recorder.observe(f"the heights between 6 and 12 of the scaled images, {where}", inner, call=call)
    recorder.observe(f"each scaled image has 6 to 12 rows, {where}", bool(np.all(rows >= TALL // 2)), call=call)
    _observe_order(recorder, f"height after scaling, {where}", rows, call)
    # Heights and widths are rounded to whole pixels, so each factor is known to within half a pixel.
    close = np.abs(rows / TALL - columns / BROAD) <= 0.5 / TALL + 0.5 / BROAD + 1e-9
    recorder.observe(f"height and width have the same factor, {where}", bool(np.all(close)), call=call)
    tops, lefts = white.any(axis=2).argmax(axis=1), white.any(axis=1).argmax(axis=1)
    middle = bool(np.all(tops == (TALL - rows) // 2) and np.all(lefts == (BROAD - columns) // 2))
    recorder.observe(f"the scaled image is centred, {where}", middle, call=call)


# 40 images for each of the 12 possible centres.
CUTS, HEIGHT, WIDTH = 480, 4, 3


@probe("cutout")
def probe_cutout(recorder: Recorder, rng: Draw, cutout: Function) -> None:
    """False alarms: each of 12 centres is missing in 480 draws with probability (11/12)**480 = 7.3e-19, for two sizes
    in total 1.8e-17. Two batches of 40 draws are equal with a far smaller probability. For the order of the draws see
    `_observe_order`. All centres occur 40 times each with probability 480!/(40!**12 * 12**480) = 2.2e-13, for two sizes
    and five seeds 2.2e-12."""
    draw, seed = _generator(rng)
    for size in (2, 3):
        batch, text = _scrambled(rng, 3, 6, 5, 3)
        shown = f"cutout({text}, {size}, np.random.default_rng({seed}))"
        recorder.sample(f"a batch of images, size {size}", cutout, batch, size, draw, shown=shown)
    batch, text = _scrambled(rng, 2, 8, 5, 1)
    shown = f"cutout(({text})[:, ::2], 2, np.random.default_rng({seed}))"
    recorder.sample("a view of a larger array", cutout, batch[:, ::2], 2, draw, shown=shown)
    shape = (1, HEIGHT, WIDTH, 2)
    images = np.tile(np.arange(1, 25).reshape(shape) / 100, (CUTS, 1, 1, 1))
    tiled = f"np.tile(np.arange(1, 25).reshape{shape} / 100, ({CUTS}, 1, 1, 1))"
    for size in (3, 2):
        shown = f"cutout({tiled}, {size}, np.random.default_rng({seed}))"
        call = Call("cutout", (), {}, shown)
        out = cutout(images, size, np.random.default_rng(seed))
        where = f"in {CUTS} images of {HEIGHT} by {WIDTH}, size {size}"
        hole = out == 0
        recorder.observe(f"all channels are set to 0 together, {where}", _same_in_all_channels(hole), call=call)
        rest = bool(np.array_equal(out[~hole], images[~hole]))
        recorder.observe(f"outside the squares nothing changes, {where}", rest, call=call)
        spans = np.hstack([_spans(hole.any(axis=(2, 3))), _spans(hole.any(axis=(1, 3)))])
        area = (spans[:, 1] - spans[:, 0]) * (spans[:, 3] - spans[:, 2])
        full = bool(np.array_equal(hole[..., 0].sum(axis=(1, 2)), area))
        recorder.observe(f"the entries set to 0 form one rectangle, {where}", full, call=call)
        rows, columns = np.unique(spans[:, :2], axis=0), np.unique(spans[:, 2:], axis=0)
        says = f"all pairs of the square's first row and the row below it, {where}"
        recorder.observe(says, rows, call=call)
        says = f"all pairs of the square's first column and the column to its right, {where}"
        recorder.observe(says, columns, call=call)
        places = len(np.unique(spans, axis=0))
        recorder.observe(f"the number of different squares {where}", places, call=call)
        _observe_order(recorder, f"rows of the square, {where}", spans[:, 0] + 10 * spans[:, 1], call)
        _observe_order(recorder, f"columns of the square, {where}", spans[:, 2] + 10 * spans[:, 3], call)
        recorder.observe(f"all squares occur equally often {where}", _are_even(spans), call=call)
    batches = [cutout(images[:40], 3, draw) for _ in range(2)]
    recorder.observe("the next batch has different squares", not np.array_equal(*batches))
    twins = [cutout(images[:40], 3, np.random.default_rng(seed)) for _ in range(2)]
    recorder.observe("a generator in the same state gives the same squares", bool(np.array_equal(*twins)))
    for says, size in (("the size is 0", 0), ("the square covers the image", 9)):
        batch, text = _scrambled(rng, 2, 3, 4, 3)
        shown = f"cutout({text}, {size}, np.random.default_rng({seed}))"
        recorder.ask(f"the images if {says}", cutout, batch, size, draw, shown=shown)


def _same_in_all_channels(hole: NDArray[np.bool_]) -> bool:
    return bool(np.all(hole == hole[..., :1]))


def _spans(hit: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return, for each row of booleans, the index of the first True and the index after the last; 0 and 0 if none."""
    first, last = hit.argmax(axis=1), hit.shape[1] - hit[:, ::-1].argmax(axis=1)
    return np.stack([first, np.where(hit.any(axis=1), last, 0)], axis=1)


CORNERS = np.array(
    [[0, 0, 0], [1, 1, 1], [0.5, 0.5, 0.5], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [0, 1, 1], [1, 0, 1]],
    dtype=np.float64,
)


@probe("rgb_to_hsl")
def probe_rgb_to_hsl(recorder: Recorder, rng: Draw, rgb_to_hsl: Function) -> None:
    picture, text = _scrambled(rng, 3, 4, 3)
    recorder.ask("a small picture", rgb_to_hsl, picture, shown=f"rgb_to_hsl({text})")
    recorder.ask("a list of dark and light colours", rgb_to_hsl, np.vstack([_dark(rng), 1 - _dark(rng)]))
    recorder.ask("one bluish red", rgb_to_hsl, np.array([0.9, 0.1, 0.2 + round(rng.rand() / 2, 2)]))
    recorder.ask("black, white, grey and the pure colours", rgb_to_hsl, CORNERS.copy())
    # The formula of the saturation changes at l = 1/2.
    middle = np.array([[0.304, 0.7, 0.5], [0.3, 0.696, 0.4]])
    recorder.ask("one colour just above l = 1/2, one just below", rgb_to_hsl, middle)
    pictures, text = _scrambled(rng, 2, 2, 3, 3)
    recorder.ask("a batch of pictures", rgb_to_hsl, pictures, shown=f"rgb_to_hsl({text})")
    recorder.ask("three colours, shape (3, 3)", rgb_to_hsl, _images(rng, 3, 3))
    recorder.ask("one dark grey", rgb_to_hsl, np.full(3, round(0.1 + 0.3 * rng.rand(), 2)))
    recorder.ask("colours that are a view", rgb_to_hsl, _images(rng, 3, 4).T)


def _dark(rng: Draw) -> Floats:
    return np.asarray((0.45 * _images(rng, 4, 3)).round(3))


@probe("hsl_to_rgb")
def probe_hsl_to_rgb(recorder: Recorder, rng: Draw, hsl_to_rgb: Function) -> None:
    picture, text = _scrambled(rng, 3, 4, 3)
    recorder.ask("a small picture", hsl_to_rgb, picture, shown=f"hsl_to_rgb({text})")
    around = np.stack([np.arange(12) / 12, np.ones(12), np.full(12, 0.5)], axis=-1)
    recorder.ask("twelve hues at s = 1, l = 1/2", hsl_to_rgb, around)
    recorder.ask("twelve hues, dark", hsl_to_rgb, around * [1.0, 0.7, 0.5] + [0.03, 0.0, 0.0])
    recorder.ask("twelve hues, light", hsl_to_rgb, around * [1.0, 0.6, 1.6] + [0.01, 0.0, 0.0])
    greys = np.array([[0, 0, 0], [0, 0, 1], [0, 0, 0.5], [0.3, 0.0, 0.25], [0.6, 1.0, 1.0], [0.6, 1.0, 0.0]])
    recorder.ask("greys, black and white", hsl_to_rgb, greys)
    recorder.ask("hues 0 and 1, which are the same", hsl_to_rgb, np.array([[0, 0.8, 0.4], [1, 0.8, 0.4]]))
    pictures, text = _scrambled(rng, 2, 2, 3, 3)
    recorder.ask("a batch of pictures", hsl_to_rgb, pictures, shown=f"hsl_to_rgb({text})")
    recorder.ask("one colour", hsl_to_rgb, _images(rng, 3))
    recorder.ask("colours that are a view", hsl_to_rgb, _images(rng, 3, 3).T)


JITTERS = 120


@probe("color_jitter")
def probe_color_jitter(recorder: Recorder, rng: Draw, color_jitter: Function) -> None:
    """False alarms: see `_observe_light`. The other observations do not depend on chance."""
    draw, seed = _generator(rng)
    recorder.ask("the image with brightness 0 and contrast 0", color_jitter, _images(rng, 3, 2, 3), 0.0, 0.0, draw)
    picture = (0.3 + 0.4 * _images(rng, 3, 4, 3)).round(3)
    recorder.sample("one row of grey pixels", color_jitter, np.full((1, 3, 3), 0.4), 0.1, 0.5, draw)
    out = recorder.sample("a colour image with brightness 0.1 and contrast 0.2", color_jitter, picture, 0.1, 0.2, draw)
    recorder.sample("a colour image with contrast only", color_jitter, picture, 0.0, 0.3, draw)
    recorder.sample("a colour image with brightness 2", color_jitter, picture, 2.0, 0.5, draw)
    before, after = _colors(picture), _colors(out)
    turn = np.abs((before[:, 0] - after[:, 0] + 0.5) % 1 - 0.5)
    recorder.observe("the hue of each pixel is kept", bool(np.all(turn < 1e-6)))
    recorder.observe("the saturation of each pixel is kept", bool(np.allclose(before[:, 2], after[:, 2], atol=1e-6)))
    slope, shift = np.polyfit(before[:, 1], after[:, 1], 1)
    straight = bool(np.allclose(slope * before[:, 1] + shift, after[:, 1], atol=1e-6))
    recorder.observe("the new lightness is a linear function of the old one", straight)
    centred = _colors(color_jitter(picture, 0.0, 0.3, draw))[:, 1].mean() - before[:, 1].mean()
    recorder.observe("with brightness 0 the mean lightness is kept", bool(abs(centred) < 1e-6))
    _observe_light(recorder, color_jitter, seed)
    outs = np.stack(recorder.results(color_jitter, [(picture, 2.0, 0.5, draw)] * 15))
    inside = bool(outs.min() > -1e-9 and outs.max() < 1 + 1e-9)
    recorder.observe("with brightness 2 every value stays between 0 and 1", inside)
    again = [color_jitter(picture, 0.1, 0.2, np.random.default_rng(seed)) for _ in range(2)]
    recorder.observe("a generator in the same state gives the same image", bool(np.array_equal(*again)))


def _colors(image: Floats) -> Floats:
    """Return hue, lightness and saturation of each pixel, `(H*W, 3)`."""
    return np.array([colorsys.rgb_to_hls(*pixel) for pixel in np.clip(image, 0, 1).reshape(-1, 3)])


def _observe_light(recorder: Recorder, color_jitter: Function, seed: int) -> None:
    """Compute shift and stretch from two grey pixels, 120 times.

    False alarms: each fifth of the two ranges is missing in 120 draws with probability 0.8**120 = 2.4e-12, each of four
    pairs of halves with 0.75**120 = 1.0e-15; in total 2.4e-11.
    """
    grey = np.array([[[0.4] * 3, [0.6] * 3, [0.4] * 3]])
    brightness, contrast, middle = 0.1, 0.5, 1.4 / 3
    draw = np.random.default_rng(seed)
    outs = np.stack(recorder.results(color_jitter, [(grey, brightness, contrast, draw)] * JITTERS))[:, 0, :, 0]
    stretch = (outs[:, 1] - outs[:, 0]) / 0.2
    shift = outs[:, 0] - middle - stretch * (0.4 - middle)
    pixels = "np.array([[[0.4] * 3, [0.6] * 3, [0.4] * 3]])"
    shown = f"color_jitter({pixels}, {brightness}, {contrast}, np.random.default_rng({seed}))"
    call = Call("color_jitter", (), {}, shown)
    where = f"in {JITTERS} draws, brightness {brightness}, contrast {contrast}"
    parts = [(shift + brightness) / (2 * brightness), (stretch - 1 + contrast) / (2 * contrast)]
    for name, part in zip(("shifts b", "stretches c"), parts, strict=True):
        fifths = np.unique(np.floor(5 * np.clip(part, -1, 2)).astype(int))
        recorder.observe(f"the fifths (0 to 4) of their range in which the {name} lie, {where}", fifths, call=call)
    pairs = {(b > 0.5, c > 0.5) for b, c in zip(*parts, strict=True)}
    recorder.observe(f"b and c are drawn independently, {where}", len(pairs) == 4, call=call)


@probe("majority_vote")
def probe_majority_vote(recorder: Recorder, rng: Draw, majority_vote: Function) -> None:
    recorder.ask("the votes of seven views", majority_vote, rng.randint(0, 4, (7, 6)))
    recorder.ask("as many views as images", majority_vote, rng.randint(0, 3, (5, 5)))
    recorder.ask("ties", majority_vote, np.array([[3, 9, 5, 2], [1, 0, 5, 7], [1, 9, 2, 7], [3, 0, 2, 4]]))
    recorder.ask("all different", majority_vote, np.array([[8, 2], [4, 6], [6, 4]]))
    recorder.ask("one view", majority_vote, rng.randint(0, 10, (1, 5)))
    recorder.ask("one image", majority_vote, np.array([[7], [9], [7], [0], [9], [7]]))
    recorder.ask("votes that are a view of a larger array", majority_vote, rng.randint(0, 3, (6, 10)).T[::2])


MIXTURES, BATCH = 120, 4


@probe("mixup")
def probe_mixup(recorder: Recorder, rng: Draw, mixup: Function) -> None:
    """False alarms: see `_observe_lambdas`. One of the 16 pairs does not occur in 120 permutations of four with
    probability below 16 * (3/4)**120 = 1.7e-14."""
    draw, seed = _generator(rng)
    recorder.sample("a mixed batch of images", mixup, _images(rng, 3, 2, 2, 1), np.eye(3)[[0, 2, 1]], 0.7, draw)
    recorder.ask("a batch of one", mixup, _images(rng, 1, 3), np.eye(2)[[1]], 0.7, draw)
    X, Y = _images(rng, BATCH, 2, 3), np.eye(BATCH)
    for alpha in (0.05, 1.0, 50.0):
        recorder.sample(f"a batch of {BATCH}, alpha {alpha:g}", mixup, X, Y, alpha, draw)
    draws = recorder.results(mixup, [(X, Y, 1.0, draw)] * MIXTURES)
    inputs, labels = (np.stack(part) for part in zip(*draws, strict=True))
    # Each example has its own class, so the mixed labels show with which example it was mixed, and in which shares.
    same = bool(np.allclose(inputs, np.einsum("tij,jkl->tikl", labels, X)))
    recorder.observe("inputs and labels are mixed in the same way", same)
    shares = inputs.reshape(-1, X[0].size) @ np.linalg.pinv(X.reshape(BATCH, -1))
    partners = np.array_equal(shares.reshape(labels.shape) > 1e-9, labels > 1e-9)
    recorder.observe("inputs and labels are mixed with the same partners", bool(partners))
    recorder.observe("the shares of each label sum to 1", bool(np.allclose(labels.sum(axis=2), 1)))
    whole = bool(np.allclose(labels.sum(axis=1), 1))
    recorder.observe("the shares of each example sum to 1 over the batch", whole)
    recorder.observe("the whole batch has one lambda", all(_one_lambda(table) for table in labels))
    met = bool(np.all((labels > 0).any(axis=0)))
    recorder.observe(f"each example is mixed with every other one in {MIXTURES} draws", met)
    _observe_lambdas(recorder, mixup, X, draw)
    twins = [mixup(X, Y, 1.0, np.random.default_rng(seed))[0] for _ in range(2)]
    recorder.observe("a generator in the same state gives the same mixture", bool(np.array_equal(*twins)))


def _one_lambda(table: Floats) -> bool:
    """Return whether all examples that are mixed with another one keep the same share of themselves."""
    own = np.diag(table)
    own = own[(table > 0).sum(axis=1) > 1]
    return bool(np.allclose(own, own[:1]))


def _observe_lambdas(recorder: Recorder, mixup: Function, X: Floats, draw: np.random.Generator) -> None:
    """Observe the size of lambda in 120 draws.

    False alarms: at alpha 0.05, lambda is below 0.001 with probability 0.36 and above 0.999 with probability 0.36, of
    which 0.08 is rounded to exactly 1. One draw in 24 pairs each example with itself and is not counted. So each end is
    seen in a draw with probability over 0.26, and one of them is missed in 120 draws with probability 2 * 0.74**120 =
    4.1e-16. The share of the two ends together is 0.6; it is below 0.2 with probability exp(-2 * 120 * 0.4**2) =
    2.1e-17 (Hoeffding). At alpha 50, lambda is more than 0.45 away from 1/2 with probability below 1e-30.
    """
    few, many = _lambdas(recorder, mixup, X, 0.05, draw), _lambdas(recorder, mixup, X, 50.0, draw)
    recorder.observe("with alpha 0.05 lambda comes near 0", bool(np.any(few < 0.001)))
    recorder.observe("with alpha 0.05 lambda comes near 1", bool(np.any(few > 0.999)))
    ends = np.sum((few < 0.001) | (few > 0.999)) / MIXTURES
    recorder.observe("with alpha 0.05 lambda is often near 0 or 1", bool(ends > 0.2))
    recorder.observe("with alpha 50 each lambda is near 1/2", bool(np.all(np.abs(many - 0.5) < 0.45)))


def _lambdas(recorder: Recorder, mixup: Function, X: Floats, alpha: float, draw: np.random.Generator) -> Floats:
    """Return lambda of each of 120 draws, except for draws in which every example is paired with itself."""
    draws = recorder.results(mixup, [(X, np.eye(BATCH), alpha, draw)] * MIXTURES)
    smallest = [float(np.diag(labels).min()) for _, labels in draws]
    return np.array([share for share in smallest if share < 1])


@probe("label_smoothing")
def probe_label_smoothing(recorder: Recorder, rng: Draw, label_smoothing: Function) -> None:
    recorder.ask("four classes, eps 0.2", label_smoothing, rng.randint(0, 4, 6), 4, 0.2)
    recorder.ask("the default eps", label_smoothing, rng.randint(0, 10, 3), 10)
    recorder.ask("as many labels as classes", label_smoothing, rng.permutation(5), 5, round(0.1 + 0.3 * rng.rand(), 2))
    recorder.ask("two classes, only one of which occurs", label_smoothing, np.array([0, 0, 0]), 2, 0.3)
    recorder.ask("eps 0, hard labels", label_smoothing, rng.randint(0, 3, 4), 3, 0.0)
    recorder.ask("eps 1, uniform labels", label_smoothing, rng.randint(0, 3, 4), 3, 1.0)
