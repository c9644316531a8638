# %% [markdown] writes="flips, crops, cutout, colour jitter, votes, mixup, label smoothing"
# # Regularization, part two: more data by augmentation
#
# *About three hours. You need array slicing in NumPy and a training run of a small network (01).
# [Part one](../02a_penalties_and_stopping/02a_penalties_and_stopping.ipynb) is not needed.*
#
# The best cure for overfitting is more data, and data cost money. But some of it is free. The figure shows nine
# arrays of numbers. Pixel by pixel they are very different, and to a network that has never seen a flower they are
# nine unrelated inputs. You see one flower nine times. You know something that the network does not: moving the
# camera a little does not change what is in the picture. **Augmentation** teaches the network what you know, by
# showing it each training image in many forms, with the same label.
#
# When you are done you can
#
# - flip, shift, scale, cut out and recolour a batch of images, with a separate random draw for each image;
# - resize an image by bilinear interpolation, and say where libraries differ;
# - convert between RGB and HSL, and say what that is good for;
# - say which transformations keep the label, and what happens if one does not;
# - test a claim about augmentation by an experiment;
# - let several views of one image vote at test time.

# %% kind="setup" grade_id="imports"
import math

import matplotlib.pyplot as plt
import numpy as np

from course_utils import data, plots
from course_utils.checks import check, check_hidden
from course_utils.explorers import explore
from course_utils.networks import MLP
from course_utils.training import stateless, train, with_progress

# %%
temple, flower = data.photographs()
corners = [(40 + 35 * i, 130 + 45 * j) for i in range(3) for j in range(3)]
windows = [flower[row : row + 280, column : column + 280] for row, column in corners]
names = [f"off by {np.abs(window - windows[4]).mean():.2f}" for window in windows]
names[4] = "the middle one"
plots.plot_images(
    windows, names, columns=3, width=6.5, title="Nine very different arrays, all of the same flower"
)
plt.show()

# %% [markdown]
# "Off by" is the mean distance of a pixel's value from that of the middle picture. Values run from 0 to 1.
#
# You may use a transformation if it **keeps the label**: if the person who labelled the original would give the
# transformed image the same label. Nothing in a program checks this for you. It is knowledge about the task, and we
# will see what it costs to get it wrong.
#
# Some terms for the whole notebook. A batch `images` is an array of shape `(N, H, W, C)`: $N$ images with $H$ rows,
# $W$ columns and $C$ channels, with values in $[0, 1]$. A colour image has the channels red, green and blue; a
# digit has one, grey. A single `image` is `(H, W, C)`. Every function returns a new array and leaves its argument
# alone: the next epoch needs the original. All random numbers come from the generator `rng` that is passed in.
#
# ## 1. Flips
#
# **The idea.** A flower in a mirror is a flower. Read each row of pixels backwards.
#
# With $x_{n,i,j,c}$ the value of image $n$ at row $i$, column $j$ and channel $c$, all counted from 0, the
# **horizontal flip** exchanges left and right, and the **vertical flip** exchanges top and bottom:
#
# $$\text{horizontal: } y_{n,i,j,c} = x_{n,\,i,\,W-1-j,\,c} \qquad
# \text{vertical: } y_{n,i,j,c} = x_{n,\,H-1-i,\,j,\,c}$$
#
# (Names can mislead: the horizontal flip moves pixels *along* the rows, and mirrors at a vertical line.)
#
# ### Exercise: `horizontal_flip`


# %% kind="answer" grade_id="horizontal_flip"
def horizontal_flip(images):
    """Return the images with left and right exchanged.

    images: (N, H, W, C). It stays as it is.
    Returns an array (N, H, W, C).
    """
    ### BEGIN SOLUTION
    return images[:, :, ::-1]
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# A slice with the step -1 reads an axis backwards. Which of the four axes counts the columns? Count from 0.
#
# </details>

# %% kind="test" grade_id="horizontal_flip_visible" points=1
check("horizontal_flip", horizontal_flip)

# %% kind="test" grade_id="horizontal_flip_hidden" points=2
# Your teacher's hidden checks of horizontal_flip run here.
### BEGIN HIDDEN TESTS
check_hidden("horizontal_flip", horizontal_flip)
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise: `vertical_flip`


# %% kind="answer" grade_id="vertical_flip"
def vertical_flip(images):
    """Return the images with top and bottom exchanged.

    images: (N, H, W, C). It stays as it is.
    Returns an array (N, H, W, C).
    """
    ### BEGIN SOLUTION
    return images[:, ::-1]
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# This time the rows are read backwards. The order of the images in the batch must not change.
#
# </details>

# %% kind="test" grade_id="vertical_flip_visible" points=1
check("vertical_flip", vertical_flip)

# %% kind="test" grade_id="vertical_flip_hidden" points=2
# Your teacher's hidden checks of vertical_flip run here.
### BEGIN HIDDEN TESTS
check_hidden("vertical_flip", vertical_flip)
### END HIDDEN TESTS

# %% kind="experiment"
photos = np.stack([temple, flower])
flipped = [photos, horizontal_flip(photos), vertical_flip(photos)]
names = ["as taken", "horizontal flip", "vertical flip"]
plots.plot_images(
    [batch[i] for i in (0, 1) for batch in flipped],
    names,
    columns=3,
    title="A mirrored temple is still a temple; nobody photographs it upside down",
)
plt.show()

digits, digit_labels = data.digits(images=True)
shown = [np.flatnonzero(digit_labels == label)[3] for label in (0, 1, 2, 3, 6, 8, 9)]
rows = np.concatenate([digits[shown], horizontal_flip(digits[shown]), vertical_flip(digits[shown])])
names = [f"label {label}" for label in digit_labels[shown]]
names += ["left-right"] * 7 + ["top-bottom"] * 7
plots.plot_images(rows, names, columns=7, title="A flipped digit is often no digit, or another")
plt.show()

# %% [markdown]
# "A flip keeps the label" is often written as if it were a law. It is a fact about a *task*. A 6 turned upside down
# (both flips at once, half a turn) is a 9. A 6 after a vertical flip alone looks more like a 9 or a p than a 6. A 2
# in a mirror is not a 2. The text "STOP", the left lung in an X-ray, and an arrow to the left do not survive a
# mirror either. In an aerial photograph there is no up, and both flips are welcome.
#
# ### Question: which keep the label?
#
# - a: a horizontal flip; the task: decide whether it is a temple or a flower
# - b: a vertical flip; the task: read a handwritten 6 or 9
# - c: a vertical flip; the task: find swimming pools in satellite images
# - d: a horizontal flip; the task: decide whether an arrow points to the left or to the right
# - e: a change of hue by half a turn; the task: decide whether a tomato is ripe
# - f: a shift by one pixel; the task: read a digit of 28 by 28 pixels

# %% kind="answer" grade_id="label_kept"
# A set with the letters of those that keep the label, such as {"a", "b"}.
label_kept = None
### BEGIN SOLUTION
label_kept = {"a", "c", "f"}
### END SOLUTION

# %% kind="test" grade_id="label_kept_visible" points=0
check("label_kept", label_kept)

# %% kind="test" grade_id="label_kept_hidden" points=2
# Your teacher's hidden check of label_kept runs here.
### BEGIN HIDDEN TESTS
check_hidden("label_kept", label_kept)
### END HIDDEN TESTS

# %% [markdown]
# ## 2. Random crops
#
# **The idea.** An object can be anywhere in an image. Put a frame of $p$ black pixels around the image
# (**zero padding**), and cut a window of the original size out of it, at a random place. That shifts the content by
# up to $p$ pixels each way. Residual networks were trained this way on small images, with $p = 4$ (He and others
# 2016).
#
# The padded image has $H + 2p$ rows and $W + 2p$ columns. The window's top row $a$ and left column $b$ are its
# **offsets**:
#
# $$y_{i,j,c} = \text{padded}_{\,a+i,\;b+j,\;c} \qquad a, b \text{ uniform on } \{0, 1, \dots, 2p\}$$
#
# With $a = b = p$ the image is back where it was. Each image of the batch draws its own $a$ and its own $b$. How many
# values can $a$ have? The last one, $2p$, must be among them.
#
# ### Exercise: `random_crop`


# %% kind="answer" grade_id="random_crop"
def random_crop(images, pad, rng):
    """Pad each image with zeros and crop it back to its size at a random place.

    images: (N, H, W, C). It stays as it is.
    pad: how many rows and columns of zeros to add on each side, an integer, at least 0.
    rng: a numpy.random.Generator. Each image draws a row offset and a column offset,
        independent of each other, each uniform on 0, 1, ..., 2*pad, both ends included.
    Returns an array (N, H, W, C).
    """
    ### BEGIN SOLUTION
    count, height, width, _ = images.shape
    padded = np.pad(images, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    out = np.empty_like(images)
    for i, (row, column) in enumerate(rng.integers(2 * pad + 1, size=(count, 2))):
        out[i] = padded[i, row : row + height, column : column + width]
    return out
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# `np.pad` takes a pair of widths for each axis: nothing for the images and the channels. `rng.integers(m)` draws from
# 0 to $m - 1$. A loop over the images is fine.
#
# </details>

# %% kind="test" grade_id="random_crop_visible" points=1
check("random_crop", random_crop)

# %% kind="test" grade_id="random_crop_hidden" points=2
# Your teacher's hidden checks of random_crop run here.
### BEGIN HIDDEN TESTS
check_hidden("random_crop", random_crop)
### END HIDDEN TESTS

# %% kind="experiment"
rng = np.random.default_rng(0)
small_flower = flower[60:380:2, 150:470:2]  # every second pixel: 160 by 160
crops = random_crop(np.stack([small_flower] * 5), 24, rng)
plots.plot_images(
    crops, columns=5, title="Five crops with 24 pixels of padding: each has its own shift"
)
plt.show()

# %% [markdown]
# ## 3. Scale
#
# **The idea.** An object can be near or far. Make the image larger or smaller, and then crop it or pad it to its
# old size.
#
# To resize we must know an image's value *between* its pixels. Think of each pixel as a square of side 1; its value
# belongs to the square's centre. Row $i$ extends from $i$ to $i + 1$, with its centre at $i + \tfrac12$. Let the
# image have $H$ rows and the new one $H'$. The centre of the new row $i$ lies at the share $(i + \tfrac12)/H'$ of
# the height. In the old image this is the position $(i + \tfrac12)\,H/H'$, measured from the edge. As a row number,
# it is
#
# $$u_i = \left(i + \tfrac12\right)\frac{H}{H'} - \tfrac12 \qquad \text{clamped to } [0, H - 1]$$
#
# Clamped means: below 0 take 0, and above $H - 1$ take $H - 1$. The value at $u$ is a mixture of the two rows next
# to it. With $k = \lfloor u \rfloor$, the largest integer not above $u$, and the share $f = u - k$,
#
# $$\text{new row}_i = (1 - f)\,\text{row}_k + f\,\text{row}_{k+1}$$
#
# (If $k$ is the last row, $f$ is 0 and there is nothing to add.) The same for the columns gives
# **bilinear interpolation**. It does not matter which comes first. The new size, for a **factor** $\alpha > 0$
# (alpha), is
#
# $$H' = \max\left(1, \lfloor H\alpha + \tfrac12 \rfloor\right) \qquad
# W' = \max\left(1, \lfloor W\alpha + \tfrac12 \rfloor\right)$$
#
# For example: a row of two pixels, 0 and 1, made four wide. The positions are $-0.25, 0.25, 0.75, 1.25$, clamped
# $0, 0.25, 0.75, 1$, and these are the values too.
#
# **Conventions differ.** Ours is PyTorch's `interpolate(mode="bilinear", align_corners=False)`, given the new *size*,
# and OpenCV's `INTER_LINEAR`. With `align_corners=True` the first and last pixels' centres stay in place,
# $u_i = i(H-1)/(H'-1)$: a common source of small shifts between two programs. Pillow and torchvision's `Resize` smooth
# before they shrink (**antialiasing**), so that fine patterns do not turn into false coarse ones; here we do not.
#
# ### Exercise: `rescale`


# %% kind="answer" grade_id="rescale"
def rescale(image, factor):
    """Return the image enlarged by the factor, by bilinear interpolation, without antialiasing.

    image: (H, W, C). It stays as it is.
    factor: a positive number; below 1 the image shrinks.
    Returns an array (H', W', C) with H' = max(1, floor(H*factor + 0.5)), and W' likewise.
    The new row i is taken at the old row (i + 0.5)*H/H' - 0.5, clamped to [0, H-1].
    Columns likewise.
    Raises ValueError, with a message that says why, if factor <= 0.
    """
    ### BEGIN SOLUTION
    if factor <= 0:
        raise ValueError(f"factor is {factor}: it must be positive.")
    for _ in range(2):  # rows; then, with the axes exchanged, columns
        size = len(image)
        new_size = max(1, math.floor(size * factor + 0.5))
        place = np.clip((np.arange(new_size) + 0.5) * size / new_size - 0.5, 0, size - 1)
        above = place.astype(int)
        below = np.minimum(above + 1, size - 1)
        share = (place - above)[:, None, None]
        image = ((1 - share) * image[above] + share * image[below]).swapaxes(0, 1)
    return image
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# Do the rows first. `image[[0, 0, 1]]` takes rows 0, 0 and 1, so an array of row numbers $k$ gives all the rows you
# need at once. The shares $f$ form an array `(H',)`: with which shape do they multiply whole rows `(H', W, C)`?
# Make sure that $k + 1$ does not go past the last row.
#
# </details>

# %% kind="test" grade_id="rescale_visible" points=1
check("rescale", rescale)

# %% kind="test" grade_id="rescale_hidden" points=2
# Your teacher's hidden checks of rescale run here.
### BEGIN HIDDEN TESTS
check_hidden("rescale", rescale)
### END HIDDEN TESTS

# %% kind="test" grade_id="rescale_arguments" points=1
# This check tests how your function handles bad arguments.
check("rescale", rescale, part="arguments")
### BEGIN HIDDEN TESTS
check_hidden("rescale", rescale, part="arguments")
### END HIDDEN TESTS

# %% kind="experiment"
tiny = rescale(small_flower, 0.1)
back = rescale(tiny, 10)
blocks = tiny.repeat(10, axis=0).repeat(10, axis=1)
plots.plot_images(
    [small_flower, blocks, back],
    ["160 by 160", "16 by 16, enlarged as blocks", "16 by 16, your rescale"],
    columns=3,
    title="Bilinear interpolation is smooth, but does not restore details",
)
plt.show()

# %% [markdown]
# Networks need images of one size. So the next function scales each image by its own factor, and then crops or pads
# it back to $H \times W$ around its centre.
#
# - If the scaled image is larger, cut it: $\lfloor (H' - H)/2 \rfloor$ rows from the top, and the rest of the
#   surplus from the bottom.
# - If it is smaller, pad it with zeros: $\lfloor (H - H')/2 \rfloor$ rows at the top, the rest at the bottom.
#
# Columns likewise. (The residual networks drew the *shorter side* of the resized picture, 256 to 480 pixels, and then
# cropped 224 by 224 pixels at a random place.)
#
# ### Exercise: `random_scale_crop`


# %% kind="answer" grade_id="random_scale_crop"
def random_scale_crop(images, low, high, rng):
    """Rescale each image by a random factor, and crop or pad it back to its size about the centre.

    images: (N, H, W, C). It stays as it is.
    low, high: the factor of each image is uniform between them, one draw per image;
        0 < low <= high.
    rng: a numpy.random.Generator.
    Each image is scaled as by rescale. If H' > H, (H' - H)//2 rows are cut from the top and the
    rest from the bottom; if H' < H, (H - H')//2 rows of zeros are added at the top and the
    rest at the bottom; columns likewise.
    Returns an array (N, H, W, C).
    """
    ### BEGIN SOLUTION
    height, width = images.shape[1:3]
    out = np.zeros_like(images)
    for i, factor in enumerate(rng.uniform(low, high, size=len(images))):
        scaled = rescale(images[i], factor)
        rows, columns = min(height, scaled.shape[0]), min(width, scaled.shape[1])
        top, left = (height - rows) // 2, (width - columns) // 2
        cut_top, cut_left = (scaled.shape[0] - rows) // 2, (scaled.shape[1] - columns) // 2
        inside = scaled[cut_top : cut_top + rows, cut_left : cut_left + columns]
        out[i, top : top + rows, left : left + columns] = inside
    return out
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# Begin with `np.zeros_like(images)` and copy into it the part that both have in common. Its number of rows is the
# smaller of $H$ and $H'$. Then you need two starts: where that part begins in the scaled image, and where it begins in
# the result. One of the two is always 0.
#
# </details>

# %% kind="test" grade_id="random_scale_crop_visible" points=1
check("random_scale_crop", random_scale_crop)

# %% kind="test" grade_id="random_scale_crop_hidden" points=2
# Your teacher's hidden checks of random_scale_crop run here.
### BEGIN HIDDEN TESTS
check_hidden("random_scale_crop", random_scale_crop)
### END HIDDEN TESTS

# %% kind="experiment"
scaled = random_scale_crop(np.stack([small_flower] * 5), 0.5, 2.0, np.random.default_rng(3))
plots.plot_images(scaled, columns=5, title="Five scales between 0.5 and 2: the flower near and far")
plt.show()

# %% [markdown]
# ## 4. Cutout
#
# **The idea.** Objects hide each other. A network that recognizes a flower by one petal alone fails if that petal
# is covered. **Cutout** (DeVries and Taylor 2017) covers a random square of each training image, so that the
# network must look at the whole image.
#
# The square has a side of $s$ pixels (`size`). Its **centre** is a pixel $(p, q)$, drawn uniformly over *all*
# pixels of the image, those on the border too. The rows from $p - \lfloor s/2 \rfloor$ up to, but not including,
# $p - \lfloor s/2 \rfloor + s$ are set to 0, columns likewise; what would lie outside the image is left out.
#
# So the hole may be smaller than $s \times s$. That is intended: the authors found that some images should stay
# nearly whole. Their images had mean 0, and 0 was the mean colour. Here 0 is black.
#
# ### Exercise: `cutout`


# %% kind="answer" grade_id="cutout"
def cutout(images, size, rng):
    """Set one random square of each image to 0, in all channels.

    images: (N, H, W, C). It stays as it is.
    size: the side of the square in pixels, an integer, at least 0.
    rng: a numpy.random.Generator. Each image draws its own centre (p, q), uniform over its
        pixels.
    The square has the rows p - size//2 to p - size//2 + size (without the last), columns likewise,
    and is clipped at the border.
    Returns an array (N, H, W, C).
    """
    ### BEGIN SOLUTION
    count, height, width, _ = images.shape
    out = images.copy()
    for i in range(count):
        top, left = rng.integers(height) - size // 2, rng.integers(width) - size // 2
        out[i, max(0, top) : top + size, max(0, left) : left + size] = 0.0
    return out
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# A slice may end beyond the array, but a negative start counts from the end: `max(0, start)` prevents that. Copy
# before you write.
#
# </details>

# %% kind="test" grade_id="cutout_visible" points=1
check("cutout", cutout)

# %% kind="test" grade_id="cutout_hidden" points=2
# Your teacher's hidden checks of cutout run here.
### BEGIN HIDDEN TESTS
check_hidden("cutout", cutout)
### END HIDDEN TESTS

# %% [markdown]
# ### Predict, then run
#
# Images of 8 by 8 pixels, and squares of size 4. What share of all squares lies wholly inside the image, so that
# exactly 16 pixels are covered? Count on paper: for which of the 8 centre rows does the square stay inside? Write
# your prediction, rounded to two decimals, and only then run the experiment.

# %% kind="answer" grade_id="whole_squares"
# One number between 0 and 1, with two decimals.
whole_squares = None
### BEGIN SOLUTION
side, size = 8, 4
inside = side - size + 1
whole_squares = (inside / side) ** 2
### END SOLUTION

# %% kind="test" grade_id="whole_squares_visible" points=0
check("whole_squares", whole_squares)

# %% kind="test" grade_id="whole_squares_hidden" points=2
# Your teacher's hidden check of whole_squares runs here.
### BEGIN HIDDEN TESTS
check_hidden("whole_squares", whole_squares)
### END HIDDEN TESTS

# %% kind="experiment"
holes = 1 - cutout(np.ones((20000, 8, 8, 1)), 4, np.random.default_rng(1))
covered = holes.sum(axis=(1, 2, 3))
print(
    f"{np.mean(covered == 16):.3f} of 20,000 squares were whole;",
    f"on average {covered.mean():.1f} of 16 pixels were covered",
)
covered_photos = cutout(np.stack([small_flower] * 5), 80, np.random.default_rng(4))
plots.plot_images(
    covered_photos, columns=5, title="Cutout of half the height: sometimes only a corner is removed"
)
plt.show()

# %% [markdown]
# ## 5. Colour
#
# **The idea.** Noon or evening, sun or cloud: the light changes and the flower does not. We want to change the
# *lightness* of a picture and leave its colours alone. In red, green and blue the two are mixed. So we convert to
# other coordinates, change one of them, and convert back.
#
# The coordinates are **HSL**: hue, saturation, lightness. Let $M$ be the largest and $m$ the smallest of a pixel's
# $r, g, b$. The difference $c = M - m$ is called **chroma**; grey has none.
#
# - **Lightness** $l$ is the midpoint of the two: $l = (M + m)/2$.
# - **Saturation** $s$ is the chroma, divided by the largest chroma that is possible at this lightness. For
#   $l \le \tfrac12$ the largest has $m = 0$: then $c = M = 2l$. For $l \ge \tfrac12$ it has $M = 1$: then
#   $c = 1 - m = 2 - 2l$. In one formula
#
# $$s = \frac{c}{1 - |2l - 1|}$$
#
# - **Hue** $h$ says which colour it is, as a place on a circle of length 1. Pure red is at 0, green at $\tfrac13$,
#   blue at $\tfrac23$. From one to the next, first the new channel rises, and then the old one falls. The largest
#   channel says which third of the circle we are in, the one around its own hue; the other two say in which
#   direction we are from that hue, and how far:
#
# $$6h = \begin{cases}
# (g - b)/c \mod 6 & \text{if } M = r\\
# (b - r)/c + 2 & \text{if } M = g\\
# (r - g)/c + 4 & \text{if } M = b
# \end{cases}$$
#
# A red that leans towards blue has $g < b$ and so a negative quotient; the remainder (mod 6) moves it to between 5
# and 6. If two channels share the maximum, both formulas give the same hue. If $c = 0$ the pixel is grey and has no
# hue; black and white have no saturation either (0 divided by 0). In all these cases we set $h = s = 0$.
#
# **Conventions differ.** Here the order is h, s, l, and all three lie in $[0, 1]$. Python's `colorsys` returns h,
# l, s. CSS counts the hue in degrees. HSV, also called HSB, looks similar and is not the same: its value is $M$,
# not the midpoint, and its saturation is $c/M$.
#
# ### Exercise: `rgb_to_hsl`


# %% kind="answer" grade_id="rgb_to_hsl"
def rgb_to_hsl(rgb):
    """Return hue, saturation and lightness of red, green and blue.

    rgb: (..., 3), any number of axes before the last, values in [0, 1]. It stays as it is.
    Returns an array of the same shape: h, s, l along the last axis, each in [0, 1], hue in turns.
    Grey, black and white have h = s = 0. No warning, no NaN.
    """
    ### BEGIN SOLUTION
    r, g, b = np.moveaxis(rgb, -1, 0)
    top, bottom = rgb.max(axis=-1), rgb.min(axis=-1)
    chroma, lightness = top - bottom, (top + bottom) / 2
    divisor = np.where(chroma == 0, 1.0, chroma)
    hue = np.where(
        top == r,
        (g - b) / divisor % 6,
        np.where(top == g, (b - r) / divisor + 2, (r - g) / divisor + 4),
    )
    largest = np.where(lightness <= 0.5, top + bottom, 2 - top - bottom)
    saturation = chroma / np.where(chroma == 0, 1.0, largest)
    return np.stack([hue / 6, saturation, lightness], axis=-1)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# `rgb[..., 0]` is the red of every pixel, whatever the shape. Work on whole arrays, and choose with `np.where`. Since
# `np.where` computes both sides, make the divisor harmless first where the chroma is 0. At the end,
# `np.stack([...], axis=-1)`.
#
# </details>

# %% kind="test" grade_id="rgb_to_hsl_visible" points=1
check("rgb_to_hsl", rgb_to_hsl)

# %% kind="test" grade_id="rgb_to_hsl_hidden" points=2
# Your teacher's hidden checks of rgb_to_hsl run here.
### BEGIN HIDDEN TESTS
check_hidden("rgb_to_hsl", rgb_to_hsl)
### END HIDDEN TESTS

# %% [markdown]
# Now the way back. Put the pieces together: $c = s\,(1 - |2l - 1|)$ is the chroma, $m = l - c/2$ the smallest
# channel, and each channel is $m + c\,t$, with a share $t$ from 0 to 1 that depends on the hue alone.
#
# What is $t$ for red? Red's own hue is $h_r = 0$. Up to a sixth of a turn away from it, red is the largest channel:
# $t = 1$. From a sixth to a third it falls in a straight line to 0, and further away it is 0. With $d$ the distance
# between the two hues *around the circle*, the short way, that is
#
# $$t = \text{clip}(2 - 6d,\; 0,\; 1) \qquad d = \left|\left(h - h_0 + \tfrac12\right) \bmod 1 - \tfrac12\right|$$
#
# Here $h_0$ is the channel's own hue: 0 for red, $\tfrac13$ for green, $\tfrac23$ for blue. $\text{clip}(x, 0, 1)$
# is 0 for $x < 0$, 1 for $x > 1$, and $x$ otherwise.
#
# ### Exercise: `hsl_to_rgb`


# %% kind="answer" grade_id="hsl_to_rgb"
def hsl_to_rgb(hsl):
    """Return red, green and blue of hue, saturation and lightness: the inverse of rgb_to_hsl.

    hsl: (..., 3), any number of axes before the last: h, s, l in [0, 1], hue in turns.
        It stays as it is.
    Returns an array of the same shape: r, g, b in [0, 1].
    """
    ### BEGIN SOLUTION
    hue, saturation, lightness = np.moveaxis(hsl, -1, 0)[..., None]
    chroma = saturation * (1 - np.abs(2 * lightness - 1))
    own_hues = np.array([0, 1 / 3, 2 / 3])
    distance = np.abs((hue - own_hues + 0.5) % 1 - 0.5)
    share = np.clip(2 - 6 * distance, 0, 1)
    return lightness - chroma / 2 + chroma * share
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# Write the channel's share as a small function of `h - h0` and call it three times, or let NumPy do the three at once:
# `hsl[..., 0:1]` has the shape `(..., 1)`, which broadcasts against an array of three hues.
#
# </details>

# %% kind="test" grade_id="hsl_to_rgb_visible" points=1
check("hsl_to_rgb", hsl_to_rgb)

# %% kind="test" grade_id="hsl_to_rgb_hidden" points=2
# Your teacher's hidden checks of hsl_to_rgb run here.
### BEGIN HIDDEN TESTS
check_hidden("hsl_to_rgb", hsl_to_rgb)
### END HIDDEN TESTS

# %% kind="experiment"
error = np.abs(hsl_to_rgb(rgb_to_hsl(photos)) - photos).max()
print(f"There and back, {photos[..., 0].size:,} pixels: the largest error is {error:.0e}.")

circle = np.linspace(0, 1, 361)
with plots.style():
    fig, ax = plt.subplots()
    colors = hsl_to_rgb(np.stack([circle, np.ones(361), np.full(361, 0.5)], axis=-1))
    for channel, name in enumerate(("red", "green", "blue")):
        look = {"color": plots.COLORS[(1, 2, 0)[channel]], "linestyle": ("-", "--", "-.")[channel]}
        ax.plot(circle, colors[:, channel], label=name, **look)
    ax.imshow(colors[None], extent=(0, 1, -0.25, -0.08), aspect="auto")
    ax.set(
        title="Around the circle, one channel changes at a time",
        xlabel="hue (turns)",
        ylabel="channel at $s = 1$, $l = 1/2$",
        ylim=(-0.25, 1.05),
        yticks=(0, 0.25, 0.5, 0.75, 1),
    )
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.02))
plt.show()

h, s, lightness = np.moveaxis(rgb_to_hsl(small_flower), -1, 0)
plots.plot_images(
    [small_flower, h[..., None], s[..., None], lightness[..., None]],
    ["the picture", "hue", "saturation", "lightness"],
    columns=4,
    title="Three grey images contain one in colour (black 0, white 1)",
)
plt.show()

# %% [markdown]
# In the middle of the flower the hue jumps between black and white. It does not jump in the picture: these reds lie
# on both sides of 0, which is also 1. A hue is a place on a circle, so never average hues as if they were plain
# numbers. And look at the saturation of the dark background: it is high, though the eye sees almost black. Near
# black or white a small chroma is a large *share* of what is possible there.
#
# ### Question: read the numbers
#
# Which colour is it? Each is written as (h, s, l).
#
# - a: (0.0, 1.0, 0.5)
# - b: (0.33, 0.0, 0.5)
# - c: (0.67, 0.9, 0.4)
# - d: (0.97, 0.9, 0.5)
# - e: (0.33, 1.0, 1.0)

# %% kind="answer" grade_id="color_of_each"
# Give each of "a" to "e" one of the labels "red", "green", "blue", "grey", "white".
# Write a dict, such as {"a": "green", "b": "red", ...}. A label may occur twice.
color_of_each = None
### BEGIN SOLUTION
color_of_each = {"a": "red", "b": "grey", "c": "blue", "d": "red", "e": "white"}
### END SOLUTION

# %% kind="test" grade_id="color_of_each_visible" points=0
check("color_of_each", color_of_each)

# %% kind="test" grade_id="color_of_each_hidden" points=2
# Your teacher's hidden check of color_of_each runs here.
### BEGIN HIDDEN TESTS
check_hidden("color_of_each", color_of_each)
### END HIDDEN TESTS

# %% [markdown]
# ### Jitter
#
# **Colour jitter** changes brightness and contrast of a whole image at once. With $\bar l$ the mean lightness of the
# image's pixels, each pixel's lightness becomes
#
# $$l' = \text{clip}\left(\bar l + k\,(l - \bar l) + \beta,\; 0,\; 1\right)$$
#
# - $\beta$ (beta, `b` below) is a shift towards light or dark, one draw per image, uniform between $-B$ and $B$;
#   $B$ is `brightness`.
# - $k$ (`c` below; not the chroma) stretches the lightness around its mean, one draw per image, uniform between
#   $1 - K$ and $1 + K$; $K$ is `contrast`.
#
# Hue and saturation stay. If every pixel drew its own numbers, that would be noise, not a change of light.
# Conventions differ: torchvision's `ColorJitter` *multiplies* by a brightness factor, works on RGB, and can change
# saturation and hue as well.
#
# ### Exercise: `color_jitter`


# %% kind="answer" grade_id="color_jitter"
def color_jitter(image, brightness, contrast, rng):
    """Return the image under a different light: lightness shifted and stretched, hue and saturation
    kept.

    image: (H, W, 3), RGB in [0, 1]. It stays as it is.
    brightness: b is drawn once, uniform in [-brightness, brightness].
    contrast: c is drawn once, uniform in [1 - contrast, 1 + contrast].
    rng: a numpy.random.Generator.
    The lightness l of each pixel becomes clip(mean(l) + c*(l - mean(l)) + b, 0, 1).
    Returns an array (H, W, 3), RGB in [0, 1].
    """
    ### BEGIN SOLUTION
    b = rng.uniform(-brightness, brightness)
    c = rng.uniform(1 - contrast, 1 + contrast)
    h, s, l = np.moveaxis(rgb_to_hsl(image), -1, 0)
    l = np.clip(l.mean() + c * (l - l.mean()) + b, 0, 1)
    return hsl_to_rgb(np.stack([h, s, l], axis=-1))
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# `hsl = rgb_to_hsl(image)` is a new array, so you may change `hsl[..., 2]` and pass `hsl` to `hsl_to_rgb`.
#
# </details>

# %% kind="test" grade_id="color_jitter_visible" points=1
check("color_jitter", color_jitter)

# %% kind="test" grade_id="color_jitter_hidden" points=2
# Your teacher's hidden checks of color_jitter run here.
### BEGIN HIDDEN TESTS
check_hidden("color_jitter", color_jitter)
### END HIDDEN TESTS

# %% kind="experiment"
rng = np.random.default_rng(2)
jittered = [color_jitter(small_flower, 0.15, 0.4, rng) for _ in range(5)]
plots.plot_images(jittered, columns=5, title="One flower in five lights: hue and saturation stay")
plt.show()

# %% [markdown]
# If the dark background becomes lighter, its high saturation becomes visible as well, and it glows. So keep $B$
# small, or lower the saturation too: HSL is only a simple model of light.
#
# Try five of your methods on a photograph, at low and at high strength. At which strength would you no longer call
# it the same place? An augmentation should stay below that.

# %% kind="experiment"
explore("augmentation", horizontal_flip, random_crop, random_scale_crop, cutout, color_jitter)

# %% [markdown]
# ## 6. Does it help?
#
# Now the test. A small network learns from only 100 handwritten digits, and we test it on 1,000 others. In training
# each mini-batch is transformed with new random draws, so that a digit looks different each time. Test images are
# **not** transformed: augmentation is for training.
#
# There are two tests. The first uses the digits as they are: each was cropped so that it fills its 8 by 8 pixels,
# always at the same place. The second uses the same 1,000 digits shifted by up to one pixel each way, as if they
# had been cropped less carefully. `random_crop` with a frame of 1 pixel makes these shifts. The experiment takes
# about eight seconds.
#
# ### Predict, then run
#
# Each of three ways of training is compared to training without augmentation, on the same test:
#
# - a: each image cropped with a frame of 1 pixel; tested on the digits as they are
# - b: each image cropped with a frame of 1 pixel; tested on the shifted digits
# - c: each image flipped top to bottom with probability one half; tested on the digits as they are
#
# Does the accuracy rise by more than 3 percentage points ("helps"), fall by more than 3 ("harms"), or neither
# ("little")? Write your prediction, and only then run the experiment.

# %% kind="answer" grade_id="augmentation_effects"
# Give each of "a", "b", "c" one of the labels "helps", "harms", "little".
# Write a dict, such as {"a": "helps", "b": "helps", "c": "helps"}. A label may occur twice.
augmentation_effects = None
### BEGIN SOLUTION
augmentation_effects = {"b": "helps", "a": "little", "c": "harms"}
### END SOLUTION

# %% [markdown]
# <details><summary>Hint</summary>
#
# Two questions for each: does the test contain such images? And is the label of a transformed image still right?
#
# </details>

# %% kind="test" grade_id="augmentation_effects_visible" points=0
check("augmentation_effects", augmentation_effects)

# %% kind="test" grade_id="augmentation_effects_hidden" points=2
# Your teacher's hidden check of augmentation_effects runs here.
### BEGIN HIDDEN TESTS
check_hidden("augmentation_effects", augmentation_effects)
### END HIDDEN TESTS


# %% kind="experiment"
X_digits = digits.reshape(len(digits), -1)


def augmented(transform):
    """Return a source of mini-batches for `train`, transformed by `transform(images, rng)`."""

    def minibatches(X, y, batch_size, rng):
        order = rng.permutation(len(X))
        for start in range(0, len(X), batch_size):
            rows = order[start : start + batch_size]
            images = transform(X[rows].reshape(-1, 8, 8, 1), rng)
            yield images.reshape(len(rows), -1), y[rows]

    return minibatches


def learn(transform, train_size, seed, steps=1000):
    """Train a network on `train_size` digits; return it, its weights, and 1000 unseen digits."""
    rng = np.random.default_rng(seed)
    fractions = (train_size / 1797, 1000 / 1797 - 1e-9)
    seen, unseen = data.split(X_digits, digit_labels, fractions, rng)
    network = MLP((64, 100, 10))
    history = train(
        network,
        network.initialize(rng),
        seen,
        stateless(lambda w, grad, lr: w - lr * grad),
        0.3,
        steps * 20 // train_size,
        20,
        rng,
        minibatches=augmented(transform),
        evaluate=False,
    )
    return network, history.params, unseen


def accuracies(transform, train_size, seeds):
    """Accuracy on digits as they are, and shifted, per draw of training digits: `(seeds, 2)`."""
    found = []
    for seed in seeds:
        network, params, (X_new, y_new) = learn(transform, train_size, seed)
        shifted = random_crop(X_new.reshape(-1, 8, 8, 1), 1, np.random.default_rng(99))
        tests = (X_new, shifted.reshape(-1, 64))
        found.append([network.accuracy(params, X, y_new) for X in tests])
    return np.array(found)


def sometimes(transform):
    """Transform each image with probability one half."""

    def half(images, rng):
        chosen = rng.uniform(size=(len(images), 1, 1, 1)) < 0.5
        return np.where(chosen, transform(images, rng), images)

    return half


ways = {
    "none": lambda images, rng: images,
    "crop, all images": lambda images, rng: random_crop(images, 1, rng),
    "crop, half of them": sometimes(lambda images, rng: random_crop(images, 1, rng)),
    "cutout of 3, half": sometimes(lambda images, rng: cutout(images, 3, rng)),
    "left-right flip, half": sometimes(lambda images, rng: horizontal_flip(images)),
    "top-bottom flip, half": sometimes(lambda images, rng: vertical_flip(images)),
}
results = {
    name: accuracies(transform, 100, range(4)) for name, transform in with_progress(ways.items())
}

with plots.style():
    fig, axes = plt.subplots(1, 2, figsize=(9.5, 3.8), sharey=True, sharex=True)
    for k, (ax, test) in enumerate(zip(axes, ("as they are", "shifted"))):
        for place, found in enumerate(results.values()):
            ax.plot(
                found[:, k], [-place] * 4, "o", color=plots.COLORS[k], alpha=0.5, linestyle="none"
            )
            ax.plot(
                found[:, k].mean(), -place, "|", color="black", markersize=20, markeredgewidth=2.5
            )
        ax.set(title=f"Tested on digits {test}", xlabel="accuracy on 1,000 digits")
        ax.set_yticks(-np.arange(len(ways)), list(ways))
    axes[0].set_ylabel("augmentation in training")
    fig.suptitle("Networks learn what they are shown (dots: four draws; bar: mean)", fontsize=14)
plt.show()
for name, found in results.items():
    print(f"{name:24} as they are {found[:, 0].mean():.1%}, shifted {found[:, 1].mean():.1%}")

# %% [markdown]
# Look at the right panel first. A shift by a single pixel ruins the network that never saw one: it gets about a third
# right. With crops in training it gets about five in six right. This is what augmentation does: it teaches the network
# to ignore a change.
#
# Now the left panel. These digits are never shifted, so there is nothing to ignore. Crops of all images gain nothing
# here: eight crops of nine show a digit at a place that never occurs in the test. Crops of half of them do hardly any
# better than none. The flips harm: many flipped images no longer show the digit that their label names. On ten other
# draws of 100 digits the means were 88.3 % without augmentation, 87.2 % with crops of all images, 88.9 % with crops of
# half, 84.9 % with left-right and 83.4 % with top-bottom flips.
#
# So "augmentation improves accuracy" is not a law either. It helps if new images vary in the way that you teach,
# and if the label stays right. Look at the dots too: the draws differ by two points and more, so one draw says
# nothing about a difference of one point.
#
# ### Is cutout only for small data?
#
# You may read that cutout "is used with small data sets and not with large ones". That is a claim to test, not to
# repeat. So we train on 50, 200 and 797 digits, with the same number of steps each time: without augmentation, with
# cutout, and with crops. (Even 797 is small. The results are about these digits and this network; you have the
# tools to test your own data.) The cell takes about 20 seconds.

# %% kind="experiment"
sizes = (50, 200, 797)
compared = ("none", "cutout of 3, half", "crop, half of them")
errors = {name: np.zeros((3, 6)) for name in compared}
for name, k in with_progress([(name, k) for name in compared for k in range(3)]):
    errors[name][k] = 1 - accuracies(ways[name], sizes[k], range(6))[:, 0]

with plots.style():
    fig, ax = plt.subplots(figsize=(8.5, 4.2))
    for i, (name, found) in enumerate(errors.items()):
        place = np.arange(3) + 0.22 * (i - 1)  # next to each other, so that no dot hides another
        look = {"color": plots.COLORS[i], "linestyle": "none"}
        ax.plot(place, 100 * found, marker="os^"[i], markersize=5, alpha=0.6, **look)
        ax.plot([], [], marker="os^"[i], label=name, **look)
        ax.plot(place, 100 * found.mean(axis=1), "_k", markersize=20, markeredgewidth=2.5)
    ax.plot([], [], "_k", markersize=14, markeredgewidth=2.5, label="mean of the six")
    ax.set(
        title="Cutout of 3 pixels: no gain on these digits, few or many",
        xlabel="number of training digits",
        ylabel="error on 1,000 unseen digits (%)",
        yscale="log",
    )
    ax.set_xticks(range(3), [str(size) for size in sizes])
    ax.set_yticks((2, 5, 10, 20), ("2", "5", "10", "20"))
    ax.minorticks_off()
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
plt.show()
for name in compared[1:]:
    gains = 100 * (errors["none"] - errors[name])
    told = [
        f"{size}: {gain.mean():+.1f} ({gain.min():+.1f} to {gain.max():+.1f})"
        for size, gain in zip(sizes, gains)
    ]
    print(f"{name:20} gain in points, mean (range): " + ", ".join(told))

# %% [markdown]
# On these digits cutout gains nothing at any of the sizes. So a small data set does not make it useful. The hole takes
# 3 of 8 pixels each way, and the covered stroke may be the only difference between a 5 and a 6: the label is no longer
# certain. A large data set does not make it useless either. Its authors report gains on SVHN, photographed house
# numbers, with about 600,000 training images (DeVries and Taylor 2017). The *task* decides, as with the flips. Crops
# gain the most with the fewest digits, but the ranges are wide: with six draws, only a large difference means
# anything. On ten other draws cutout cost 2.2, 1.2 and 1.1 points with 50, 200 and 797 digits (standard errors about
# 0.5), and crops gained 3.2, 0.1 and -0.1 points (0.6, 0.2 and 0.4). Try a hole of 2 yourself.
#
# ## 7. Votes at test time
#
# **The idea.** If shifted copies of an image have the same label, predict the label of several of them and let the
# predictions vote. That is **test-time augmentation**. It costs one prediction per view and no training.
#
# Let `predictions` be an array of $V$ views by $N$ images, `(V, N)`: the label that the network gives each view of
# each image. The vote of an image is the label that occurs most often in its column. If several occur equally
# often, take the smallest.
#
# Labels are names, not quantities: the mean of a 1 and a 9 is not evidence for a 5.
#
# ### Exercise: `majority_vote`


# %% kind="answer" grade_id="majority_vote"
def majority_vote(predictions):
    """Return the label that most views give, for each image.

    predictions: (V, N), integer labels >= 0, one row per view. It stays as it is.
    Returns an integer array (N,). A tie goes to the smallest of the labels that are tied.
    """
    ### BEGIN SOLUTION
    labels = np.arange(predictions.max() + 1)
    votes = (predictions == labels[:, None, None]).sum(axis=1)
    return votes.argmax(axis=0)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# Count, for each label, how many views of each image have it. `argmax` returns the *first* place of the maximum.
# `np.bincount` counts the labels of one column.
#
# </details>

# %% kind="test" grade_id="majority_vote_visible" points=1
check("majority_vote", majority_vote)

# %% kind="test" grade_id="majority_vote_hidden" points=2
# Your teacher's hidden checks of majority_vote run here.
### BEGIN HIDDEN TESTS
check_hidden("majority_vote", majority_vote)
### END HIDDEN TESTS

# %% [markdown]
# ### Experiment: votes, or mean scores
#
# A network gives a *score* for each class, and a vote throws away how sure it was. The residual networks did not vote.
# In the usual **10-crop** test of ImageNet, five crops of 224 by 224 pixels (four corners and the centre) and their
# mirror images are classified, and the ten softmax outputs averaged (Krizhevsky and others 2012). He and others (2016)
# used it to compare their networks. For their best results they applied the network to whole images at five scales,
# with the shorter side at 224, 256, 384, 480 and 640 pixels, and averaged the **scores**. We try both on nine views of
# each digit, all shifts by one pixel or none, with networks trained on 100 digits, with crops of all images and
# without.


# %% kind="experiment"
def three_ways(way, seed):
    """Accuracy from one view, by nine votes, and by the mean of nine scores."""
    network, params, (X_new, y_new) = learn(ways[way], 100, seed)
    padded = np.pad(X_new.reshape(-1, 8, 8), ((0, 0), (1, 1), (1, 1)))
    places = [(row, column) for row in range(3) for column in range(3)]
    views = [padded[:, r : r + 8, c : c + 8].reshape(-1, 64) for r, c in places]
    scores = np.stack([network.scores(params, view) for view in views])  # (9, N, 10)
    voted = majority_vote(scores.argmax(axis=-1))
    averaged = scores.mean(axis=0).argmax(axis=-1)
    return [
        np.mean(answer == y_new) for answer in (network.predict(params, X_new), voted, averaged)
    ]


print("                      one view   nine votes   mean of nine scores")
for way in ("none", "crop, all images"):
    one, voted, averaged = np.mean([three_ways(way, seed) for seed in range(4)], axis=0)
    print(f"{way:20} {one:9.1%}   {voted:10.1%}   {averaged:19.1%}")

# %% [markdown]
# With the network that was trained on shifts, nine votes beat one view, and the mean of scores is better still.
# With the other network, eight of the nine views are unlike anything in its training, and they outvote the one that
# it can read. So let only those views vote that the network was trained for.
#
# ## 8. The same in PyTorch
#
# PyTorch keeps a batch of images as `(N, C, H, W)`, with the channels second. Flips and crops are plain operations on
# tensors. The package torchvision has a class for each augmentation, in `torchvision.transforms.v2`:
#
# | this course | torchvision | note |
# | --- | --- | --- |
# | `horizontal_flip`, `vertical_flip` | `RandomHorizontalFlip(p)`, `RandomVerticalFlip(p)` | `p=0.5` |
# | `random_crop(images, pad, rng)` | `RandomCrop(size, padding=pad)` | |
# | `random_scale_crop` | `RandomResizedCrop(size, scale=(0.08, 1.0))` | `scale`: share of the *area* |
# | `cutout` | `RandomErasing(p=0.5, value=0)` | a rectangle of random size and shape |
# | `color_jitter` | `ColorJitter(brightness, contrast)` | multiplies, and works on RGB |
#
# The next cell needs PyTorch only. If it is not installed, the cell says so.

# %% kind="experiment"
from course_utils.pytorch import compare_with_torch


@compare_with_torch
def transforms(torch):
    functional = torch.nn.functional
    images = np.random.default_rng(0).random((8, 6, 6, 3))  # (N, H, W, C)
    tensors = torch.from_numpy(images).permute(0, 3, 1, 2)  # PyTorch: (N, C, H, W)

    def back(tensors):
        return tensors.permute(0, 2, 3, 1)

    def resized(**settings):
        return back(functional.interpolate(tensors, size=(9, 9), mode="bilinear", **settings))

    larger = np.stack([rescale(image, 1.5) for image in images])
    data = torch.utils.data.TensorDataset(tensors, torch.arange(8))
    torch.manual_seed(0)
    stored, drawn = (
        torch.cat([labels for _, labels in torch.utils.data.DataLoader(data, 3, shuffle=shuffle)])
        for shuffle in (False, True)
    )
    return {
        "torch.flip(images, [3]): left and right": (
            horizontal_flip(images), back(torch.flip(tensors, [3])),
        ),
        "torch.flip(images, [2]): up and down": (
            vertical_flip(images), back(torch.flip(tensors, [2])),
        ),
        "interpolate(align_corners=False)": (larger, resized(align_corners=False)),
        "trap: interpolate(align_corners=True)": (larger, resized(align_corners=True)),
        "trap: (N, H, W, C) flipped along axis 3": (
            horizontal_flip(images), torch.flip(torch.from_numpy(images), [3]),
        ),
        "DataLoader(shuffle=True), put in order": (np.arange(8), torch.sort(drawn).values),
        "DataLoader without shuffle: the stored order": (np.arange(8), stored),
    }


# %% [markdown]
# With PyTorch, the cell prints this:
#
# ```
# torch.flip(images, [3]): left and right       the same
# torch.flip(images, [2]): up and down          the same
# interpolate(align_corners=False)              the same
# trap: interpolate(align_corners=True)         differs by up to 0.12
# trap: (N, H, W, C) flipped along axis 3       differs by up to 0.99
# DataLoader(shuffle=True), put in order        the same
# DataLoader without shuffle: the stored order  the same
# ```
#
# The traps in these lines:
#
# - **`DataLoader` does not shuffle by default.** Without `shuffle=True`, every epoch has the same mini-batches in the
#   same order. If the data are sorted by class, each mini-batch then shows one class only (lesson 05 measures the
#   harm).
# - **Axes.** With the channels second, axis 3 is the width. With the channels last, axis 3 is the colour: the flip
#   runs without an error, and exchanges red and blue.
# - **One draw for a batch.** A random transform of torchvision that gets a whole batch draws once, and treats all
#   images alike. Apply it to single images, in the dataset's `__getitem__`.
# - **Training only.** Make two datasets. The one for validation has no random transform.
#
# ## Going further ★: mixing images, softening labels
#
# *This section is optional, and worth no points towards the base score.*
#
# So far the label stayed as it was. The next two methods change it. Write labels as **one-hot** rows: for $K$
# classes, a row of $K$ numbers, 1 at the class and 0 elsewhere.
#
# **Mixup** (Zhang and others 2018) lays two images over each other, and their labels too. For a batch $X$ with one-hot
# labels $Y$, draw *one* number $\lambda$ (lambda) and *one* random order $\pi$ (pi) of the batch, and set
#
# $$\tilde x_i = \lambda\, x_i + (1 - \lambda)\, x_{\pi(i)} \qquad
# \tilde y_i = \lambda\, y_i + (1 - \lambda)\, y_{\pi(i)} \qquad
# \lambda \sim \text{Beta}(\alpha, \alpha)$$
#
# The Beta distribution takes values in $[0, 1]$. With $\alpha$ (alpha) well below 1 most draws lie near 0 or 1, so
# that most mixtures are nearly pure; $\alpha = 1$ is uniform; a large $\alpha$ mixes half and half. On ImageNet the
# authors found that 0.1 to 0.4 helps, and that large values underfit.
#
# ### Exercise: `mixup` ★


# %% kind="answer" grade_id="mixup" star=true
def mixup(X, Y, alpha, rng):
    """Mix each example of a batch, and its label, with another one of the batch.

    X: (N, ...), inputs of any shape. Y: (N, K), one-hot labels. Both stay as they are.
    alpha: a positive number. lambda ~ Beta(alpha, alpha) is drawn once for the batch.
    rng: a numpy.random.Generator. It also draws one permutation of the batch, the same for X and Y.
    Returns (X_mixed, Y_mixed): lambda times the example, plus 1 - lambda times its partner.
    """
    ### BEGIN SOLUTION
    lam = rng.beta(alpha, alpha)
    partner = rng.permutation(len(X))
    return lam * X + (1 - lam) * X[partner], lam * Y + (1 - lam) * Y[partner]
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# `rng.beta` draws the number, `rng.permutation(n)` the order. Draw each once, and use it for inputs and labels.
#
# </details>

# %% kind="test" grade_id="mixup_visible" points=0
check("mixup", mixup)

# %% kind="test" grade_id="mixup_hidden" points=0
# Your teacher's hidden checks of mixup run here.
### BEGIN HIDDEN TESTS
check_hidden("mixup", mixup)
### END HIDDEN TESTS

# %% kind="experiment"
pair = np.stack([temple[60:380:2, 150:470:2], small_flower])
one_hot = np.eye(2)
rng = np.random.default_rng(4)
mixtures, names = [], []
while len(mixtures) < 4:
    X_mixed, Y_mixed = mixup(pair, one_hot, 1.0, rng)
    if Y_mixed[0, 1] > 0:  # with itself as partner, an image stays as it is
        mixtures.append(X_mixed[0])
        names.append(f"{Y_mixed[0, 0]:.0%} temple, {Y_mixed[0, 1]:.0%} flower")
plots.plot_images(mixtures, names, columns=4, width=9, title="Mixup: the label says what is in it")
plt.show()

# %% [markdown]
# **Label smoothing** (Szegedy and others 2016) leaves the image alone and makes the label a little less certain. To
# reach a probability of exactly 1, a softmax needs infinite scores, so with hard labels training never stops
# increasing them. Give every class a small share instead. With $K$ classes, $\varepsilon$ (epsilon) in $[0, 1]$ and
# $e$ the one-hot row,
#
# $$y = (1 - \varepsilon)\, e + \frac{\varepsilon}{K}$$
#
# The share $\varepsilon$ goes to *all* $K$ classes alike, the right one too: its entry is
# $1 - \varepsilon + \varepsilon/K$. Some programs divide by $K - 1$ and give no share to the right class. That is
# another convention, with an $\varepsilon$ that means something else; PyTorch's `CrossEntropyLoss` uses ours.
#
# ### Exercise: `label_smoothing` ★


# %% kind="answer" grade_id="label_smoothing" star=true
def label_smoothing(labels, classes, eps=0.1):
    """Return smoothed one-hot labels.

    labels: (N,), integers from 0 to classes - 1.
    classes: the number of classes K.
    eps: the share that is spread evenly over all K classes, in [0, 1].
    Returns an array (N, K); each row sums to 1.
    """
    ### BEGIN SOLUTION
    return (1 - eps) * np.eye(classes)[labels] + eps / classes
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# The rows of the identity matrix `np.eye(K)` are the one-hot rows, and an array of labels picks them.
#
# </details>

# %% kind="test" grade_id="label_smoothing_visible" points=0
check("label_smoothing", label_smoothing)

# %% kind="test" grade_id="label_smoothing_hidden" points=0
# Your teacher's hidden checks of label_smoothing run here.
### BEGIN HIDDEN TESTS
check_hidden("label_smoothing", label_smoothing)
### END HIDDEN TESTS

# %% kind="experiment"
scores = np.linspace(0, 12, 200)  # score of the right class of ten; the others have 0
log_total = np.log(np.exp(scores) + 9)
with plots.style():
    fig, ax = plt.subplots()
    for i, eps in enumerate((0.0, 0.1, 0.3)):
        soft = label_smoothing(np.array([0]), 10, eps)[0]
        losses = log_total - soft[0] * scores
        look = {"color": plots.COLORS[i], "linestyle": ("-", "--", "-.")[i]}
        ax.plot(scores, losses, label=rf"$\varepsilon$ = {eps}", **look)
        if eps > 0:
            ax.plot(scores[losses.argmin()], losses.min(), "o", color=plots.COLORS[i])
    ax.set(
        title="With soft labels, too much confidence costs (dots: minimum)",
        xlabel="score of the correct class minus the others'",
        ylabel="cross-entropy",
    )
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.02))
plt.show()

# %% [markdown]
# ## Summary
#
# - Augmentation teaches a network which changes do not matter. It is knowledge about the task, and only you can say
#   whether a change keeps the label. A flip of a digit does not.
# - Each image of a batch gets its own draw, and each epoch a new one. Test images are not transformed.
# - Values between pixels come from interpolation, and its conventions differ: half-pixel centres or aligned
#   corners, with or without antialiasing.
# - In HSL you can change the lightness and keep the colours. Check the order and the units, and don't confuse it
#   with HSV.
# - Only an experiment with several draws shows whether a method helps on your data.
# - At test time, several views can vote, or better, average their scores.
#
# ## References
#
# - G. Joblove and D. Greenberg (1978), *Color spaces for computer graphics*.
# - E. Alpaydin and C. Kaynak (1998), *Cascading classifiers*: the handwritten digits.
# - A. Krizhevsky, I. Sutskever and G. Hinton (2012), *ImageNet classification with deep convolutional neural networks*.
# - K. He, X. Zhang, S. Ren and J. Sun (2016), *Deep residual learning for image recognition*.
# - C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens and Z. Wojna (2016), *Rethinking the Inception architecture for
#   computer vision*.
# - T. DeVries and G. Taylor (2017), *Improved regularization of convolutional neural networks with cutout*.
# - H. Zhang, M. Cisse, Y. Dauphin and D. Lopez-Paz (2018), *mixup: beyond empirical risk minimization*.
#
# Next: [dropout and stochastic depth](../03_dropout/03_dropout.ipynb).
