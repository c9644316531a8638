# %% [markdown] writes="AdaGrad, RMSProp, Adam and its bias correction, AdamW, AMSGrad, NAdam"
# # Adaptive optimizers
#
# *About four hours. You need notebooks 01 and 05: learning rates, momentum, and what goes wrong with SGD.*
#
# Plain SGD has one learning rate for all weights. But some weights get large gradients and others tiny ones, often a
# thousand times smaller. A rate that suits the first hardly moves the second; a rate that suits the second makes the
# first explode. The optimizers of this notebook watch the gradients of each weight and give each weight its own rate.
# One of them, Adam with decoupled weight decay (AdamW), is the usual choice for large language models: LLaMA, for
# example, was trained with it (Touvron and others, 2023).
#
# When you are done you can
#
# - write AdaGrad, RMSProp, Adam, AdamW, AMSGrad and NAdam, and say what each adds to the one before;
# - explain why Adam corrects its averages, and what happens without the correction;
# - say which problems of SGD a rate for each weight fixes, and which it does not;
# - compare optimizers fairly: each at its own best rate, and with a look at how much the rate matters;
# - read the same optimizer in three libraries, in spite of their different conventions.

# %% kind="setup" grade_id="imports"
import matplotlib.pyplot as plt
import numpy as np

from course_utils.checks import check, check_hidden
from course_utils.data import digits, split
from course_utils.explorers import explore
from course_utils.landscapes import (
    Landscape,
    beale,
    noisy_gradient,
    quadratic,
    ravine,
    rosenbrock,
    saddle,
)
from course_utils.networks import MLP
from course_utils.plots import plot_losses, plot_paths, plot_sensitivity, style
from course_utils.training import descend, train

# %% [markdown]
# ## One rate for all?
#
# Here are two pictures of the problem. On the left, gradient descent in a ravine: the rate is almost as large as the
# steep direction allows, but the walk along the flat direction is still slow. On the right, a network that reads
# handwritten digits of 8 by 8 pixels: how large is the gradient of the weights that belong to each pixel? Note that
# the scale is logarithmic.

# %%
train_data, validation_data = split(*digits(), (0.7, 0.3), np.random.default_rng(0))
network = MLP((64, 32, 10))
first_params = network.initialize(np.random.default_rng(1))
_, first_grads = network.loss_and_gradients(first_params, *train_data)
pixel_size = np.sqrt(np.mean(first_grads["W1"] ** 2, axis=1)).reshape(8, 8)

valley = ravine(50)
path = descend(
    valley.gradient, valley.start, lambda w, grad, state, lr: (w - lr * grad, state), 0.037, 40
)

with style():
    fig, axes = plt.subplots(1, 2, figsize=(10.5, 3.4), width_ratios=[1.7, 1])
    plot_paths(
        valley, {"": path}, ax=axes[0], title="Steep across, flat along: one rate for both"
    )
    picture = axes[1].imshow(np.where(pixel_size > 0, np.log10(pixel_size + 1e-30), np.nan))
    fig.colorbar(picture, ax=axes[1], label="$\\log_{10}$ of gradient size")
    axes[1].set(title="Gradients differ by pixel", xlabel="pixel column", ylabel="pixel row")
    axes[1].grid(False)
    plt.show()

seen = pixel_size[pixel_size > 0]
print(f"Largest over smallest gradient: {seen.max() / seen.min():.0f}.")
print("White pixels are dark in every image: their gradient is 0.")

# %% [markdown]
# ## 1. AdaGrad: divide by the past gradients
#
# The idea of AdaGrad (Duchi, Hazan & Singer, 2011): keep, for each weight, the sum of all its squared gradients so far,
# and divide the step by the root of that sum. A weight with large gradients gets small steps. A weight that rarely
# gets a gradient, for example because its input is rarely on, still takes a large step when a gradient finally comes.
#
# $$s_t = s_{t-1} + g_t^2, \qquad w_t = w_{t-1} - \eta\,\frac{g_t}{\sqrt{s_t} + \varepsilon}$$
#
# Here $t = 1, 2, \dots$ counts the steps, $w_t$ are the weights after step $t$, $g_t$ is the gradient at $w_{t-1}$, and
# $\eta$ is the learning rate (`lr`). $s_t$ is the sum of squares, with $s_0 = 0$, and $\varepsilon$ (`eps`) is a small
# number that prevents a division by zero. Squares, roots and quotients are taken entry by entry: each weight has its
# own $s$. The factor $\eta / (\sqrt{s_t} + \varepsilon)$ is called the **effective rate** of a weight.
#
# All optimizers of this course have the same form. A step takes the weights, the gradient and a `state`, a dict that
# is `{}` before the first step, and returns the new weights and the new state. It changes none of its arguments.


# %% kind="answer" grade_id="adagrad_step"
def adagrad_step(w, grad, state, lr, eps=1e-8):
    """Take one step of AdaGrad.

    w, grad: arrays of one shape, or two numbers.
    state: a dict, {} before the first step; later its key "square" holds the sum of the squared
    gradients, of w's shape.
    lr, eps: positive numbers; eps is outside the root.

    Returns (w_new, state_new): the new weights, and a new dict with the new "square". The
    arguments stay as they are.
    """
    ### BEGIN SOLUTION
    square = state.get("square", 0.0) + grad**2
    return w - lr * grad / (np.sqrt(square) + eps), {"square": square}
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# `state.get("square", 0.0)` returns the sum so far, and 0 before the first step. Add the new square first, then step
# with the *new* sum. Make a new dict for the new state: `{"square": ...}`.
#
# </details>

# %% kind="test" grade_id="adagrad_step_visible" points=1
check("adagrad_step", adagrad_step)

# %% kind="test" grade_id="adagrad_step_hidden" points=2
# Your teacher's hidden checks of adagrad_step run here.
### BEGIN HIDDEN TESTS
check_hidden("adagrad_step", adagrad_step)
### END HIDDEN TESTS

# %% [markdown]
# Here is your function in the ravine, with the same number of steps as before. The first step is `lr` long along
# *both* axes, because at $t = 1$ the root of the sum is the gradient's own size: $g_1/\sqrt{g_1^2} = \pm 1$.

# %% kind="experiment"
paths = {
    "gradient descent": path,
    "AdaGrad": descend(valley.gradient, valley.start, adagrad_step, 2.0, 40),
}
plot_paths(valley, paths, title="AdaGrad balances the two directions")
plt.show()

# %% [markdown]
# ### The price: the steps die out
#
# The sum never falls. If the gradient of a weight keeps about the size $\sigma$, then $s_t \approx t\,\sigma^2$, and
# the effective rate is about $\eta / (\sigma\sqrt{t})$. That is the decay with $1/\sqrt{t}$ of notebook 01, without
# any schedule. This is good at the end of training on a convex (bowl-shaped) loss. It is bad in a long training run if
# the best direction changes on the way: by then AdaGrad's steps are too short. The next method fixes this, and the
# experiment after it shows both.
#
# ## 2. RMSProp: forget the distant past
#
# RMSProp (Hinton, in a lecture of 2012) replaces the sum by a leaky average:
#
# $$s_t = \rho\, s_{t-1} + (1 - \rho)\, g_t^2, \qquad w_t = w_{t-1} - \eta\,\frac{g_t}{\sqrt{s_t} + \varepsilon}$$
#
# $\rho$ (`decay`), between 0 and 1, says how much of the old average stays. Written out, $s_t$ is a weighted sum of all
# past squares, $s_t = (1-\rho)\sum_{i=1}^{t} \rho^{\,t-i} g_i^2$: a square counts less the longer ago it was seen. The
# memory is about $1/(1-\rho)$ steps long, 100 for $\rho = 0.99$. Both 0.9 (Hinton's lecture, Keras) and 0.99 (PyTorch)
# are usual.


# %% kind="answer" grade_id="rmsprop_step"
def rmsprop_step(w, grad, state, lr, decay=0.99, eps=1e-8):
    """Take one step of RMSProp.

    w, grad: arrays of one shape, or two numbers.
    state: a dict, {} before the first step; later its key "square" holds the leaky average of the
    squared gradients, of w's shape. Before the first step that average is 0.
    lr, decay, eps: positive numbers, decay below 1; eps is outside the root.

    Returns (w_new, state_new): the new weights, and a new dict with the new "square". The
    arguments stay as they are.
    """
    ### BEGIN SOLUTION
    square = decay * state.get("square", 0.0) + (1 - decay) * grad**2
    return w - lr * grad / (np.sqrt(square) + eps), {"square": square}
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# Only the line that computes the new `square` differs from AdaGrad. Which of the two terms gets the large factor, the
# long past or the one new square?
#
# </details>

# %% kind="test" grade_id="rmsprop_step_visible" points=1
check("rmsprop_step", rmsprop_step)

# %% kind="test" grade_id="rmsprop_step_hidden" points=2
# Your teacher's hidden checks of rmsprop_step run here.
### BEGIN HIDDEN TESTS
check_hidden("rmsprop_step", rmsprop_step)
### END HIDDEN TESTS

# %% [markdown]
# ### Predict, then run
#
# RMSProp starts with $s_0 = 0$. How long is its very first step, with $\rho = 0.99$, as a multiple of `lr`? Leave
# $\varepsilon$ out. Work it out on paper: what is $s_1$, and what is $g_1 / \sqrt{s_1}$?

# %% kind="answer" grade_id="rmsprop_first_step"
# One number: the length of RMSProp's first step divided by lr, for decay 0.99.
rmsprop_first_step = None
### BEGIN SOLUTION
rho = 0.99
rmsprop_first_step = 1 / (1 - rho) ** 0.5
### END SOLUTION

# %% kind="test" grade_id="rmsprop_first_step_visible" points=0
check("rmsprop_first_step", rmsprop_first_step)

# %% kind="test" grade_id="rmsprop_first_step_hidden" points=1
# Your teacher's hidden check of rmsprop_first_step runs here.
### BEGIN HIDDEN TESTS
check_hidden("rmsprop_first_step", rmsprop_first_step)
### END HIDDEN TESTS

# %% [markdown]
# Now run it. A weight has the gradient 1 in every step. The left picture shows the length of each step in units of
# `lr`. On the right the minimum of a parabola jumps back and forth every 500 steps, as can happen in a network when
# the data change or an earlier layer has moved: which method keeps up? Each gradient has noise, so that there is
# something to average.


# %% kind="experiment"
def steps_at_constant_gradient(step, steps, **settings):
    """Return the length of each step, in units of lr, if the gradient is always 1."""
    w, state, lengths = 0.0, {}, []
    while len(lengths) < steps:
        new, state = step(w, 1.0, state, 1.0, **settings)
        lengths.append(abs(new - w))
        w = new
    return np.array(lengths)


def follow(step, lr, targets):
    """Walk on the parabola (w - target)^2 / 2 with noisy gradients; the target may change from
    step to step.
    """
    rng = np.random.default_rng(0)
    w, state, places = 2.0, {}, []
    for target in targets:
        w, state = step(w, (w - target) + rng.normal(), state, lr)
        places.append(w)
    return places


[first] = steps_at_constant_gradient(rmsprop_step, 1, decay=0.99)
print("RMSProp's first step is", round(first, 3), "times lr.")
with style():
    fig, axes = plt.subplots(1, 2, figsize=(10.5, 3.6))
    lengths = {
        "AdaGrad": steps_at_constant_gradient(adagrad_step, 600),
        "RMSProp": steps_at_constant_gradient(rmsprop_step, 600),
    }
    plot_losses(
        lengths, ax=axes[0], title="AdaGrad's steps die out", x="step", y="length of the step / lr"
    )
    targets = np.tile(np.repeat([0.0, 5.0], 500), 4)
    places = {
        "AdaGrad": follow(adagrad_step, 0.5, targets),
        "RMSProp": follow(rmsprop_step, 0.05, targets),
        "minimum": targets,
    }
    plot_losses(
        places,
        ax=axes[1],
        title="RMSProp follows a minimum that jumps",
        x="step",
        y="weight $w$",
        log=False,
    )
    axes[0].get_legend().remove()
    plt.show()

# %% [markdown]
# The pictures show two things. RMSProp's first step is far too long, and about a hundred steps pass before the excess
# is gone; Adam has the same problem, and fixes it. And AdaGrad, whose effective rate never recovers, gets slower with
# every jump, while RMSProp follows the last jump as fast as the first.
#
# ## 3. What a rate for each weight fixes, and what it does not
#
# Zig-zag and jitter are often mixed up. **Zig-zag** comes from curvatures that differ between directions; it is there
# without any noise. **Jitter** comes from noisy gradients; it is there in the roundest bowl. Dividing each gradient by
# its own root mean square rescales the *axes*. So it can fix differences between axes, and nothing else.
#
# ### Predict, then run
#
# Which of these does dividing by the root mean square of each weight's gradient clearly fix, at a constant rate?
#
# - **a**: a ravine with condition number 100 that lies along the axes;
# - **b**: a ravine with condition number 100 at 45 degrees to the axes;
# - **c**: the wandering around the minimum that comes from noisy gradients;
# - **d**: a layer whose gradients are all a thousand times smaller than those of the other layers;
# - **e**: an input measured in grams when another is measured in kilograms.

# %% kind="answer" grade_id="mended_by_scaling"
# A set of letters, such as {"a", "b"}.
mended_by_scaling = None
### BEGIN SOLUTION
mended_by_scaling = {"a", "d", "e"}
### END SOLUTION

# %% kind="test" grade_id="mended_by_scaling_visible" points=0
check("mended_by_scaling", mended_by_scaling)

# %% kind="test" grade_id="mended_by_scaling_hidden" points=1
# Your teacher's hidden check of mended_by_scaling runs here.
### BEGIN HIDDEN TESTS
check_hidden("mended_by_scaling", mended_by_scaling)
### END HIDDEN TESTS

# %% [markdown]
# The experiment runs gradient descent and RMSProp in both ravines, each at the best of 17 rates, and then in a round
# bowl with noisy gradients, both at the rate 0.05. Values below $10^{-12}$ are drawn at $10^{-12}$.


# %% kind="experiment"
def gradient_descent_step(w, grad, state, lr):
    return w - lr * grad, state


def best_run(landscape, step, rates, steps=200):
    """Return (values along the path, rate) of the rate with the lowest last value."""
    runs = []
    with np.errstate(over="ignore", invalid="ignore"):
        for rate in rates:
            values = landscape.value(
                descend(landscape.gradient, landscape.start, step, rate, steps)
            )
            runs.append((np.where(np.isfinite(values), values, np.inf), rate))
    return min(runs, key=lambda run: run[0][-1])


steps_of = {"gradient descent": gradient_descent_step, "RMSProp": rmsprop_step}
rates = np.geomspace(2e-3, 7, 17)
with style():
    fig, axes = plt.subplots(1, 3, figsize=(11, 3.6))
    for ax, angle, title in zip(
        axes[:2], (0, np.pi / 4), ("Along the axes", "Rotated by 45 degrees"), strict=True
    ):
        curves = {
            name: best_run(ravine(100, angle), step, rates)[0] for name, step in steps_of.items()
        }
        plot_losses(
            {name: np.maximum(c, 1e-12) for name, c in curves.items()},
            ax=ax,
            title=title,
            x="step",
            y="value",
        )
        ax.set_ylim(1e-12, 1e4)
    bowl = quadratic(np.eye(2))
    for name, step in steps_of.items():
        noisy = noisy_gradient(bowl, 1.0, np.random.default_rng(0))
        curves[name] = bowl.value(descend(noisy, bowl.start, step, 0.05, 400))
    plot_losses(curves, ax=axes[2], title="Round, noisy", x="step", y="value")
    for ax in axes[:2]:
        ax.get_legend().remove()
    fig.suptitle(
        "Per-axis rates fix the axis-aligned ravine, not the rotated one or the noise", fontsize=14
    )
    plt.show()

# %% [markdown]
# Along the axes RMSProp reaches the bottom almost at once, while gradient descent is still on its way. In the ravine
# turned by 45 degrees both axes have gradients of the same size, so there is no difference to remove, and the two
# methods behave alike. (The late spike comes from RMSProp: as the gradients shrink, so does their root mean square,
# until the effective rate is too large for the steep direction.) With noise both wander for ever: only a falling rate
# (notebook 01), larger batches or averaging (notebook 05) help against that. As for the layer and the unit: if all
# gradients of a weight are a thousand times smaller, the division by their root mean square removes the factor, so a
# deep layer moves as fast as the others. The same happens to the unit of an input. (Using one unit for all inputs is
# still the better cure: the final weight of the input in grams must be a thousand times smaller than the other, and
# steps of equal length are long for it at first.)
#
# ## 4. Adam: momentum and scale together
#
# Adam (Kingma & Ba, 2015) keeps two leaky averages for each weight: of the gradient, which is momentum, and of its
# square, which is RMSProp's scale.
#
# $$m_t = \beta_1 m_{t-1} + (1-\beta_1)\, g_t, \qquad v_t = \beta_2 v_{t-1} + (1-\beta_2)\, g_t^2$$
#
# $m_t$ is called the first moment and $v_t$ the second moment; both start at 0. The usual values are $\beta_1 = 0.9$, a
# memory of about 10 steps, and $\beta_2 = 0.999$, a memory of about 1000. Let us first take the obvious step, which is
# *not* yet Adam:
#
# $$w_t = w_{t-1} - \eta\,\frac{m_t}{\sqrt{v_t} + \varepsilon}$$


# %% kind="answer" grade_id="adam_step_uncorrected"
def adam_step_uncorrected(w, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """Take one step with Adam's two averages, without any correction.

    w, grad: arrays of one shape, or two numbers.
    state: a dict, {} before the first step; later "m" holds the average of the gradients and "v"
    that of their squares, both of w's shape and 0 before the first step. Ignore any other keys.
    lr, beta1, beta2, eps: positive numbers, the betas below 1; eps is outside the root.

    Returns (w_new, state_new): the new weights, and a new dict with the new "m" and "v". The
    arguments stay as they are.
    """
    ### BEGIN SOLUTION
    m = beta1 * state.get("m", 0.0) + (1 - beta1) * grad
    v = beta2 * state.get("v", 0.0) + (1 - beta2) * grad**2
    return w - lr * m / (np.sqrt(v) + eps), {"m": m, "v": v}
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# Two lines like RMSProp's: one average of `grad` with `beta1`, one of `grad**2` with `beta2`. In the step, the
# numerator is the *average*, not the gradient.
#
# </details>

# %% kind="test" grade_id="adam_step_uncorrected_visible" points=1
check("adam_step_uncorrected", adam_step_uncorrected)

# %% kind="test" grade_id="adam_step_uncorrected_hidden" points=2
# Your teacher's hidden checks of adam_step_uncorrected run here.
### BEGIN HIDDEN TESTS
check_hidden("adam_step_uncorrected", adam_step_uncorrected)
### END HIDDEN TESTS

# %% [markdown]
# ### How long is the first step?
#
# Both averages start at zero, so at first both are too small. You will often read that Adam's first steps are therefore
# too *small* without a correction. Look closer. The second moment has the longer memory, so it is the *more* biased
# one, and it is in the *denominator*. After one step, with any gradient $g$ that is not 0,
#
# $$m_1 = (1-\beta_1)\, g, \qquad v_1 = (1-\beta_2)\, g^2, \qquad
# \text{length} = \eta\, \frac{|m_1|}{\sqrt{v_1}}$$
#
# Insert the two and see what is left; $g$ itself cancels. With the correction, which comes below, both averages are
# exactly $g$ and $g^2$ after the first step.


# %% kind="answer" grade_id="first_step_size"
def first_step_size(lr, beta1, beta2, corrected):
    """Return the length of Adam's first step in one coordinate, for any gradient that is not 0,
    without eps.

    lr, beta1, beta2: positive numbers, the betas below 1.
    corrected: True for Adam with both averages corrected, False for no correction.

    Returns one number.
    """
    ### BEGIN SOLUTION
    if corrected:
        return lr
    return lr * (1 - beta1) / np.sqrt(1 - beta2)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# Divide $m_1$ by $\sqrt{v_1}$ on paper; note that $\sqrt{(1-\beta_2)\,g^2} = \sqrt{1-\beta_2}\;|g|$. In the corrected
# case the quotient is $g / \sqrt{g^2}$.
#
# </details>

# %% kind="test" grade_id="first_step_size_visible" points=1
check("first_step_size", first_step_size)

# %% kind="test" grade_id="first_step_size_hidden" points=2
# Your teacher's hidden checks of first_step_size run here.
### BEGIN HIDDEN TESTS
check_hidden("first_step_size", first_step_size)
### END HIDDEN TESTS

# %% [markdown]
# ### Predict, then run
#
# With the usual betas the first uncorrected step is about 3.16 times too long. What happens then? A weight has the same
# gradient in every step, so that every step *should* be `lr` long. Sort the steps with the numbers 1, 12, 200, 1000
# and 5000, the longest uncorrected step first. Think about which of the two averages catches up first: the one with
# memory 10, or the one with memory 1000?

# %% kind="answer" grade_id="longest_step_first"
# A list with each of "1", "12", "200", "1000", "5000" once, the longest step first.
longest_step_first = None
### BEGIN SOLUTION
longest_step_first = ["12", "1", "200", "1000", "5000"]
### END SOLUTION

# %% kind="test" grade_id="longest_step_first_visible" points=0
check("longest_step_first", longest_step_first)

# %% kind="test" grade_id="longest_step_first_hidden" points=1
# Your teacher's hidden check of longest_step_first runs here.
### BEGIN HIDDEN TESTS
check_hidden("longest_step_first", longest_step_first)
### END HIDDEN TESTS

# %% kind="experiment"
lengths = steps_at_constant_gradient(adam_step_uncorrected, 6000)
number = np.arange(1, 6001)
with style():
    fig, ax = plt.subplots(figsize=(7.5, 3.8))
    ax.plot(number, lengths, label="uncorrected")
    ax.axhline(1.0, color="0.4", linestyle=":", label="intended length")
    for t in (1, 12, 200, 1000, 5000):
        ax.plot(t, lengths[t - 1], "o", color="black")
        place = (8, -12) if t == 1 else (4, 6)
        ax.annotate(
            f"{lengths[t - 1]:.2f}", (t, lengths[t - 1]), xytext=place, textcoords="offset points"
        )
    ax.set(xscale="log", xlabel="step $t$", ylabel="length of the step / lr", ylim=(0, 7.4))
    ax.set_title("Without correction Adam's steps are too long, for thousands of steps")
    ax.legend(loc="upper right")
    plt.show()
print(
    "Longest at step",
    1 + int(np.argmax(lengths)),
    "with",
    round(float(lengths.max()), 2),
    "times lr.",
)

# %% [markdown]
# The excess still *grows* for twelve steps, to 6.57, before it falls. After about twenty steps the first moment is
# right; then only the root is too small, for thousands of steps. Even near a good rate, steps that are six times too
# long at the very start can throw a network far away.
#
# ## 5. The correction
#
# By how much is the average too small? Write it out as a sum, as we did for RMSProp, with $\beta$ for $\beta_1$:
#
# $$m_t = (1-\beta)\sum_{i=1}^{t} \beta^{\,t-i} g_i$$
#
# If the gradients all have the same mean, $\mathbb{E}[g_i] = \bar g$, then
#
# $$\mathbb{E}[m_t] = \bar g\,(1-\beta)\sum_{i=1}^{t}\beta^{\,t-i}
# = \bar g\,(1-\beta)\,\frac{1-\beta^t}{1-\beta} = \bar g\,(1-\beta^t).$$
#
# ($\mathbb{E}$ is the mean over the noise; the sum is a geometric series.)
#
# The sum of the weights is $1 - \beta^t$ rather than 1: the missing share $\beta^t$ is still on the zero that we
# started from. So divide by $1 - \beta^t$:
#
# $$\hat m_t = \frac{m_t}{1-\beta^t}$$
#
# The same holds for $v_t$ with $\beta_2$. The counter $t$ starts at **1**: at $t = 0$ nothing has been averaged yet,
# and the formula divides by zero.


# %% kind="answer" grade_id="bias_correct"
def bias_correct(moment, beta, t):
    """Return the leaky average `moment`, started at 0, with the pull of that zero removed.

    moment: an array of any shape, or one number: the average after t steps.
    beta: the share of the old average that stays in each step, from 0 to below 1.
    t: the number of steps done, at least 1. ValueError with a sentence if it is smaller.

    Returns a new array of moment's shape, or one number.
    """
    ### BEGIN SOLUTION
    if t < 1:
        raise ValueError(
            f"t is {t}: steps count from 1, before that there is no average to correct."
        )
    return moment / (1 - beta**t)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# After one step the average is `(1 - beta) * grad`, and the corrected average must be `grad`. Check your formula for
# this case first.
#
# </details>

# %% kind="test" grade_id="bias_correct_visible" points=1
check("bias_correct", bias_correct)

# %% kind="test" grade_id="bias_correct_hidden" points=2
# Your teacher's hidden checks of bias_correct run here.
### BEGIN HIDDEN TESTS
check_hidden("bias_correct", bias_correct)
### END HIDDEN TESTS

# %% kind="test" grade_id="bias_correct_arguments" points=1
check("bias_correct", bias_correct, part="arguments")
### BEGIN HIDDEN TESTS
check_hidden("bias_correct", bias_correct, part="arguments")
### END HIDDEN TESTS

# %% [markdown]
# Here is your function on noisy gradients whose true mean is 1. The average is pulled towards its zero start; the
# corrected one is not. The corrected average is only noisier in the first steps, because it contains few gradients.

# %% kind="experiment"
rng = np.random.default_rng(3)
m, averages = 0.0, []
for grad in rng.normal(1.0, 0.5, size=60):
    m = 0.9 * m + 0.1 * grad
    averages.append(m)
corrected = [bias_correct(m, 0.9, t) for t, m in enumerate(averages, 1)]
curves = {"average": averages, "corrected": corrected, "true mean": np.ones(60)}
plot_losses(
    curves, title="The correction removes the bias towards zero", x="step", y="gradient", log=False
)
plt.show()

# %% [markdown]
# ## 6. Adam
#
# Now we have all the parts:
#
# $$\hat m_t = \frac{m_t}{1-\beta_1^t}, \qquad \hat v_t = \frac{v_t}{1-\beta_2^t}, \qquad
# w_t = w_{t-1} - \eta\,\frac{\hat m_t}{\sqrt{\hat v_t} + \varepsilon}$$
#
# The state contains $m_t$ and $v_t$ uncorrected, and the number $t$ of steps done. The corrected averages are used in
# the step and then thrown away.
#
# Two properties follow. The first step is $-\eta\,\mathrm{sign}(g)$, whatever the size of the gradient. And if all
# gradients are multiplied by 1000, the steps stay as they are (as long as $\varepsilon$ plays no role).
#
# ### By hand first: one step of Adam
#
# Two weights take their first step, with the rate $\eta = 0.5$, $\beta_1 = 0.9$ and $\beta_2 = 0.99$. To see where
# $\varepsilon$ goes, we make it huge: $\varepsilon = 1$. Work out each column on paper, from the top down.
#
# | | first weight | second weight |
# | --- | --- | --- |
# | $w$ before | 1 | 2 |
# | gradient $g$ | 4 | -9 |
# | $m$ | 0.4 | -0.9 |
# | $v$ | 0.16 | 0.81 |
# | $\hat m$ | 4 | -9 |
# | $\hat v$ | 16 | 81 |
# | $\sqrt{\hat v} + \varepsilon$ | 5 | 10 |
# | step, to be subtracted | 0.4 | -0.45 |
# | $w$ after | 0.6 | 2.45 |
#
# The second gradient is more than twice as long as the first, but the steps are almost equally long. With a tiny
# $\varepsilon$ both would be 0.5 long.


# %% kind="answer" grade_id="adam_step"
def adam_step(w, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """Take one step of Adam.

    w, grad: arrays of one shape, or two numbers.
    state: a dict, {} before the first step; later "m" and "v" hold the uncorrected averages of
    the gradients and of their squares, of w's shape and 0 before the first step, and "t" the
    number of steps done.
    lr, beta1, beta2, eps: positive numbers, the betas below 1; eps is outside the root of the
    corrected average.

    Returns (w_new, state_new): the new weights, and a new dict with the new "m", "v" and "t". The
    arguments stay as they are.
    """
    ### BEGIN SOLUTION
    t = state.get("t", 0) + 1
    m = beta1 * state.get("m", 0.0) + (1 - beta1) * grad
    v = beta2 * state.get("v", 0.0) + (1 - beta2) * grad**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    return w - lr * m_hat / (np.sqrt(v_hat) + eps), {"m": m, "v": v, "t": t}
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# Start from `adam_step_uncorrected`. Get the counter with `state.get("t", 0) + 1`, correct both averages (you may call
# your `bias_correct`), step with the corrected ones, and return the uncorrected ones with the counter.
#
# </details>

# %% kind="test" grade_id="adam_step_visible" points=1
check("adam_step", adam_step)

# %% kind="test" grade_id="adam_step_hidden" points=2
# Your teacher's hidden checks of adam_step run here.
### BEGIN HIDDEN TESTS
check_hidden("adam_step", adam_step)
### END HIDDEN TESTS

# %% [markdown]
# How much does the correction help? Here is the network on the digits, with and without it, at three rates. At the
# smallest rate the uncorrected version is *ahead*: its steps are several times `lr` long for hundreds of steps, so it
# simply runs at a higher rate than the one you asked for. At the middle rate the two end alike. At the largest rate
# those long steps throw the network off, and it does not recover in these five epochs.


# %% kind="experiment"
def train_loss(step, lr, epochs=5):
    """Train on the digits and return the loss of each step."""
    run = train(
        network,
        first_params,
        train_data,
        step,
        lr,
        epochs,
        32,
        np.random.default_rng(2),
        evaluate=False,
    )
    return run.losses


with style():
    fig, axes = plt.subplots(1, 3, figsize=(11, 3.4), sharey=True)
    for ax, lr in zip(axes, (0.003, 0.03, 0.1), strict=True):
        curves = {
            "with correction": train_loss(adam_step, lr),
            "without": train_loss(adam_step_uncorrected, lr),
        }
        plot_losses(curves, ax=ax, title=f"rate {lr}", x="step", y="mini-batch loss", smooth=10)
    for ax in axes[:2]:
        ax.get_legend().remove()
    fig.suptitle(
        "Without the correction the first steps are too long: fatal at a high rate", fontsize=14
    )
    plt.show()

# %% [markdown]
# The panel measures every step of your two functions. Choose rare gradients: how long does Adam keep moving after
# each? Then find betas for which the correction hardly matters.

# %% kind="experiment"
explore("step_sizes", adam_step_uncorrected, adam_step)

# %% [markdown]
# ### Effective rates on real data
#
# Here is the rate that Adam gave to the weights of each pixel after five epochs: $\eta/(\sqrt{\hat v_t} +
# \varepsilon)$, with $\eta = 0.01$. Compare this with the first picture of the notebook: pixels with small gradients
# have a large rate. In the end the weights of all pixels have moved similar distances.

# %% kind="experiment"
states, moved = {}, np.zeros((64, 32))


def adam_that_remembers(w, grad, state, lr):
    new, state = adam_step(w, grad, state, lr)
    states[w.shape] = state
    if w.shape == moved.shape:
        moved[:] += np.abs(new - w)
    return new, state


train_loss(adam_that_remembers, 0.01)
kept = states[(64, 32)]
root = np.sqrt(bias_correct(kept["v"], 0.999, kept["t"]))
# The median over the 32 weights of a pixel: a hidden unit that is always off has no gradient at
# all.
size = np.median(root, axis=1).reshape(8, 8)
effective = np.median(0.01 / (root + 1e-8), axis=1).reshape(8, 8)
way = np.median(moved, axis=1).reshape(8, 8)
with style():
    fig, axes = plt.subplots(1, 2, figsize=(9.5, 3.6))
    maps = {"Size of the gradients": size, "Effective rate in Adam": effective}
    for ax, (title, values) in zip(axes, maps.items(), strict=True):
        picture = ax.imshow(np.where(size > 0, np.log10(values + 1e-30), np.nan))
        fig.colorbar(picture, ax=ax, label="$\\log_{10}$ of the value")
        ax.set(title=title, xlabel="pixel column", ylabel="pixel row")
        ax.grid(False)
    plt.show()
seen = size > 0
gradients, ways = (values[seen].max() / values[seen].min() for values in (size, way))
print(f"From pixel to pixel the gradients differ by a factor of {gradients:.0f},")
print(f"the distances that the weights have moved by a factor of {ways:.0f}.")

# %% [markdown]
# ## 7. Three conventions, and who uses which
#
# The same names stand for slightly different formulas. Before you take a rate or an epsilon from one book or library
# to another, look here.
#
# **Where epsilon goes.** With a tiny epsilon all of them agree, as long as no gradient is tiny. With 0.1, or if
# gradients are very small, they do not. Inside the root $\varepsilon$ acts like $\sqrt{\varepsilon}$ outside:
# $10^{-8}$ becomes $10^{-4}$.
#
# | place of epsilon | formula | who |
# | --- | --- | --- |
# | outside the root | $\sqrt{s} + \varepsilon$ | this course; Duchi 2011; PyTorch |
# | | | AdaGrad in Goodfellow, Bengio & Courville 2016 |
# | outside, after correction | $\sqrt{\hat v} + \varepsilon$ | Adam: this course, Kingma & Ba 2015, PyTorch, optax |
# | outside, *before* it ("epsilon hat") | $\sqrt{v} + \hat\varepsilon$ | Adam: a remark of Kingma & Ba, Keras |
# | inside the root | $\sqrt{s + \varepsilon}$ | AdaGrad and RMSProp: Keras, Dive into Deep Learning |
# | | | RMSProp: optax by default, Goodfellow et al. 2016 |
#
# In the "epsilon hat" form the two corrections go into the rate, $\eta\sqrt{1-\beta_2^t}/(1-\beta_1^t)$, and the step
# divides by $\sqrt{v_t} + \hat\varepsilon$: the two forms agree if $\hat\varepsilon = \varepsilon\sqrt{1-\beta_2^t}$.
# The default values differ too: $10^{-8}$ here and in PyTorch ($10^{-10}$ for its AdaGrad), $10^{-7}$ in Keras.
#
# **How momentum is written.** $\mu$ and $\beta$ are the same number, the share of the old value that stays, for
# example 0.9. The first two forms are the same at a constant rate; in the third the rate has a different meaning.
#
# | form | who | length of each step late in a run of equal gradients $g$ |
# | --- | --- | --- |
# | $v = \mu v + g$, $\;w - \eta v$ | notebook 05; PyTorch's SGD; optax | $\eta\,g/(1-\mu)$ |
# | $v = \mu v - \eta g$, $\;w + v$ | Sutskever et al. 2013; Goodfellow et al. 2016; Keras's SGD | $\eta\,g/(1-\mu)$ |
# | $m = \beta m + (1-\beta) g$, $\;w - \eta m$ | the first moment of Adam and all related methods | $\eta\,g$ |
#
# **What decay means.** RMSProp's `decay` is `alpha` in PyTorch and `rho` in Keras, with default 0.99 and 0.9. RMSProp
# has no bias correction in PyTorch and Keras: its first step is 10 or 3.2 times `lr`. Keras's AdaGrad starts its sum at
# 0.1, PyTorch's at 0.
#
# ## 8. AdamW: weight decay is not a penalty
#
# Notebook 02a keeps the weights small in two ways. An **L2 penalty** of strength $\lambda$ adds
# $\frac{\lambda}{2}\|w\|^2$ to the loss, and so $\lambda w$ to the gradient. **Weight decay** leaves the gradient
# alone and removes the share $\eta\lambda$ of the weights in each step. For plain SGD the two are the same:
#
# $$w - \eta\,(g + \lambda w) = w - \eta\, g - \eta\lambda\, w$$
#
# Many texts stop here. For Adam they are not the same. With the penalty, $\lambda w$ enters both averages, and then
# the step is divided by $\sqrt{\hat v}$. A weight with large gradients has a large $\sqrt{\hat v}$, so it is hardly
# pulled towards 0 at all; a weight with small gradients is pulled hard. Nobody intended that. Loshchilov & Hutter
# (2019) therefore *decouple* the decay:
#
# $$w_t = w_{t-1} - \eta\,\frac{\hat m_t}{\sqrt{\hat v_t} + \varepsilon} - \eta\lambda\, w_{t-1}$$
#
# $\lambda$ is `weight_decay`. The decay uses the old weights, and $m$ and $v$ see only the gradient of the loss. Here,
# as in PyTorch, Keras and optax, the decay is multiplied by the rate $\eta$; in the paper it is multiplied by the
# schedule's factor only.
#
# For SGD with momentum the two differ as well: with the penalty, $\lambda w$ enters the velocity and keeps acting for
# many steps; with the decay it acts once.


# %% kind="answer" grade_id="adamw_step"
def adamw_step(w, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2):
    """Take one step of AdamW: Adam's step, minus lr * weight_decay times the old weights.

    w, grad: arrays of one shape, or two numbers; grad is the gradient of the loss, without any
    penalty.
    state: a dict with "m", "v" and "t", as in adam_step; {} before the first step.
    lr, beta1, beta2, eps, weight_decay: numbers; eps is outside the root of the corrected
    average.

    Returns (w_new, state_new) with the new "m", "v" and "t". The arguments stay as they are.
    """
    ### BEGIN SOLUTION
    t = state.get("t", 0) + 1
    m = beta1 * state.get("m", 0.0) + (1 - beta1) * grad
    v = beta2 * state.get("v", 0.0) + (1 - beta2) * grad**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    w_new = w - lr * m_hat / (np.sqrt(v_hat) + eps) - lr * weight_decay * w
    return w_new, {"m": m, "v": v, "t": t}
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# You may call your `adam_step` and subtract the decay from its result. Which weights does the decay multiply: those
# before Adam's step, or those after it?
#
# </details>

# %% kind="test" grade_id="adamw_step_visible" points=1
check("adamw_step", adamw_step)

# %% kind="test" grade_id="adamw_step_hidden" points=2
# Your teacher's hidden checks of adamw_step run here.
### BEGIN HIDDEN TESTS
check_hidden("adamw_step", adamw_step)
### END HIDDEN TESTS

# %% [markdown]
# ### Predict, then run
#
# You replace the L2 penalty by weight decay. You may choose a new $\lambda$ (which may depend on the constant rate),
# but the same one for all weights. With which of these optimizers can you get the same weights, step for step, on any
# problem?
#
# - **a**: plain SGD;
# - **b**: SGD with momentum;
# - **c**: AdaGrad;
# - **d**: RMSProp;
# - **e**: Adam.

# %% kind="answer" grade_id="penalty_equals_decay"
# A set of letters, such as {"a", "e"}.
penalty_equals_decay = None
### BEGIN SOLUTION
penalty_equals_decay = {"a"}
### END SOLUTION

# %% kind="test" grade_id="penalty_equals_decay_visible" points=0
check("penalty_equals_decay", penalty_equals_decay)

# %% kind="test" grade_id="penalty_equals_decay_hidden" points=1
# Your teacher's hidden check of penalty_equals_decay runs here.
### BEGIN HIDDEN TESTS
check_hidden("penalty_equals_decay", penalty_equals_decay)
### END HIDDEN TESTS

# %% [markdown]
# The experiment makes the difference visible. Three groups of 2000 weights start at 1. Their gradients are pure noise,
# of standard deviation 0.1, 1 and 10: the loss gives no direction, so only the decay should move the mean. With AdamW
# all groups shrink alike.


# %% kind="experiment"
def mean_weights(step, spreads, lam, lr=0.005, steps=1500):
    rng = np.random.default_rng(0)
    w, state, means = np.ones((len(spreads), 2000)), {}, []
    while len(means) < steps:
        w, state = step(w, np.array(spreads)[:, None] * rng.normal(size=w.shape), state, lr, lam)
        means.append(w.mean(axis=1))
    return np.array(means).T


def adam_with_penalty(w, grad, state, lr, lam):
    return adam_step(w, grad + lam * w, state, lr)


def adam_with_decay(w, grad, state, lr, lam):
    return adamw_step(w, grad, state, lr, weight_decay=lam)


spreads = (0.1, 1.0, 10.0)
with style():
    fig, axes = plt.subplots(1, 2, figsize=(11, 3.8), sharey=True)
    shrinking = {"Adam with an L2 penalty": adam_with_penalty, "AdamW": adam_with_decay}
    for ax, (title, step) in zip(axes, shrinking.items(), strict=True):
        means = mean_weights(step, spreads, 0.1)
        curves = {f"noise {spread}": means[i] for i, spread in enumerate(spreads)}
        plot_losses(curves, ax=ax, title=title, x="step", y="mean of 2000 weights", log=False)
    axes[0].get_legend().remove()
    fig.suptitle(
        "The penalty hardly shrinks weights with large gradients; the decay shrinks all alike",
        fontsize=14,
    )
    plt.show()

# %% [markdown]
# ## 9. AMSGrad: never forget the largest
#
# Adam can fail even on a convex problem. Suppose that one gradient in a hundred is huge and points the right way, and
# all others are small and point the wrong way. On average the huge one wins. But Adam divides it by its own size, and
# by the time the next one comes, $v$ has forgotten it. Reddi, Kale & Kumar (2018) found an example of this, and a
# remedy: divide by the *largest* $v$ so far, so that the effective rate of a weight (at a rate $\eta$ that does not
# grow) can only fall, apart from the correction at the start.
#
# $$v^{\max}_t = \max(v^{\max}_{t-1},\, v_t), \qquad
# w_t = w_{t-1} - \eta\, \frac{\hat m_t}{\sqrt{v^{\max}_t/(1-\beta_2^t)} + \varepsilon}$$
#
# $v^{\max}_0 = 0$. The maximum is taken of the *uncorrected* $v$, entry by entry, and corrected afterwards: this is
# PyTorch's form. The paper's own algorithm has no correction at all, neither of $m$ nor of $v$. The average $v_t$
# itself continues as in Adam.


# %% kind="answer" grade_id="amsgrad_step"
def amsgrad_step(w, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """Take one step of AMSGrad, in PyTorch's form.

    w, grad: arrays of one shape, or two numbers.
    state: a dict, {} before the first step; later "m", "v" and "t" as in adam_step, and "v_max",
    the largest uncorrected "v" so far, entry by entry, of w's shape and 0 before the first step.
    lr, beta1, beta2, eps: positive numbers, the betas below 1; eps is outside the root, after
    the correction.

    Returns (w_new, state_new) with the new "m", "v", "t" and "v_max". The arguments stay as they
    are.
    """
    ### BEGIN SOLUTION
    t = state.get("t", 0) + 1
    m = beta1 * state.get("m", 0.0) + (1 - beta1) * grad
    v = beta2 * state.get("v", 0.0) + (1 - beta2) * grad**2
    v_max = np.maximum(state.get("v_max", 0.0), v)
    m_hat = m / (1 - beta1**t)
    v_hat = v_max / (1 - beta2**t)
    return w - lr * m_hat / (np.sqrt(v_hat) + eps), {"m": m, "v": v, "t": t, "v_max": v_max}
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# `np.maximum(a, b)` compares entry by entry (`np.max` does something else). Keep `v` and `v_max` separate: only
# `v_max` is used in the step, and only `v` in the next average.
#
# </details>

# %% kind="test" grade_id="amsgrad_step_visible" points=1
check("amsgrad_step", amsgrad_step)

# %% kind="test" grade_id="amsgrad_step_hidden" points=2
# Your teacher's hidden checks of amsgrad_step run here.
### BEGIN HIDDEN TESTS
check_hidden("amsgrad_step", amsgrad_step)
### END HIDDEN TESTS

# %% [markdown]
# Here is the paper's example, with your functions: the gradient is 1010 in one step out of 101 and $-10$ in the
# others, and the weight is kept between $-1$ and 1. The mean gradient is $(1010 - 100\cdot 10)/101 = 0.099 > 0$, so
# the best weight is $-1$.


# %% kind="experiment"
def walk_reddi(step, steps=30_000):
    w, state, places = 0.0, {}, []
    for t in range(1, steps + 1):
        grad = 1010.0 if t % 101 == 1 else -10.0
        w, state = step(w, grad, state, 0.5 / np.sqrt(t), beta1=0.9, beta2=0.99)
        w = float(np.clip(w, -1.0, 1.0))
        places.append(w)
    return np.array(places)[100::101]


curves = {"Adam": walk_reddi(adam_step), "AMSGrad": walk_reddi(amsgrad_step)}
title = "Adam goes to the worst weight, AMSGrad to the best"
plot_losses(curves, title=title, x="rounds of 101 steps", y="weight", log=False)
plt.show()

# %% [markdown]
# On real networks the two rarely differ by much. The example shows what can go wrong, not what usually does.
#
# ## 10. NAdam: Nesterov in Adam
#
# Nesterov's momentum (notebook 05) looks ahead: in the step it uses the *new* velocity, while plain momentum uses the
# old one. Dozat (2016) does the same to Adam's first moment. Split Adam's step into its two parts,
#
# $$\hat m_t = \frac{\beta_1 m_{t-1}}{1-\beta_1^t} + \frac{(1-\beta_1)\, g_t}{1-\beta_1^t}.$$
#
# The left part is the old momentum. Replace it by what the *next* step would use as its old momentum,
# $\beta_1 m_t/(1-\beta_1^{t+1})$. The momentum is also warmed up: instead of a constant $\beta_1$ it is, in step $t$,
#
# $$\mu_t = \beta_1\left(1 - \tfrac12\, 0.96^{\,t\,\psi}\right), \qquad P_t = \mu_1 \mu_2 \cdots \mu_t,$$
#
# with $\psi$ (`momentum_decay`) 0.004. It starts at about $\beta_1/2$ and rises to $\beta_1$. In the correction, the
# product $P_t$ replaces $\beta_1^t$. Altogether
#
# $$w_t = w_{t-1} - \frac{\eta}{\sqrt{\hat v_t} + \varepsilon}
# \left(\frac{\mu_{t+1}\, m_t}{1 - P_t\,\mu_{t+1}} + \frac{(1-\mu_t)\, g_t}{1 - P_t}\right).$$
#
# $m_t$, $v_t$ and $\hat v_t$ are Adam's, with the constant $\beta_1$ and $\beta_2$. This is PyTorch's form; in Dozat's
# paper $\mu_t$ is in the average $m_t$ too.


# %% kind="answer" grade_id="nadam_step"
def nadam_step(w, grad, state, lr=2e-3, beta1=0.9, beta2=0.999, eps=1e-8, momentum_decay=4e-3):
    """Take one step of NAdam, in PyTorch's form.

    w, grad: arrays of one shape, or two numbers.
    state: a dict, {} before the first step; later "m", "v" and "t" as in adam_step, and
    "mu_product", one number: the product of mu_1 to mu_t, which is 1 before the first step.
    lr, beta1, beta2, eps, momentum_decay: positive numbers, the betas below 1; mu_t is
    beta1 * (1 - 0.5 * 0.96**(t * momentum_decay)); eps is outside the root of the corrected
    "v".

    Returns (w_new, state_new) with the new "m", "v", "t" and "mu_product". The arguments stay as
    they are.
    """
    ### BEGIN SOLUTION
    t = state.get("t", 0) + 1
    mu, mu_next = (beta1 * (1 - 0.5 * 0.96 ** (i * momentum_decay)) for i in (t, t + 1))
    product = state.get("mu_product", 1.0) * mu
    m = beta1 * state.get("m", 0.0) + (1 - beta1) * grad
    v = beta2 * state.get("v", 0.0) + (1 - beta2) * grad**2
    m_bar = mu_next * m / (1 - product * mu_next) + (1 - mu) * grad / (1 - product)
    v_hat = v / (1 - beta2**t)
    return w - lr * m_bar / (np.sqrt(v_hat) + eps), {"m": m, "v": v, "t": t, "mu_product": product}
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# Write a line for each symbol: `t`, $\mu_t$, $\mu_{t+1}$, $P_t$ (the old product times $\mu_t$), $m_t$, $v_t$, then the
# bracket. Keep $P_t$ in the state, not $P_t\,\mu_{t+1}$.
#
# </details>

# %% kind="test" grade_id="nadam_step_visible" points=1
check("nadam_step", nadam_step)

# %% kind="test" grade_id="nadam_step_hidden" points=2
# Your teacher's hidden checks of nadam_step run here.
### BEGIN HIDDEN TESTS
check_hidden("nadam_step", nadam_step)
### END HIDDEN TESTS

# %% [markdown]
# ## 11. The race
#
# Four landscapes, seven optimizers, and a fair rule: each optimizer runs with its own best rate on each landscape, the
# one of 13 rates from 0.0003 to 7 with the lowest value after 300 steps. A comparison at one rate for all would only
# show which optimizer that rate suits. The start at the saddle is very slightly off the line on which gradient descent
# never leaves.


# %% kind="experiment"
def heavy_ball_step(w, grad, state, lr):
    velocity = 0.9 * state.get("velocity", 0.0) + grad
    return w - lr * velocity, {"velocity": velocity}


OPTIMIZERS = {
    "SGD": gradient_descent_step,
    "momentum": heavy_ball_step,
    "AdaGrad": adagrad_step,
    "RMSProp": rmsprop_step,
    "Adam": adam_step,
    "AMSGrad": amsgrad_step,
    "NAdam": nadam_step,
}
LANDSCAPES = (ravine(100), saddle(), rosenbrock(), beale())

results = {
    landscape.name: {
        name: best_run(landscape, step, np.geomspace(3e-4, 7, 13), 300)
        for name, step in OPTIMIZERS.items()
    }
    for landscape in LANDSCAPES
}

with style():
    fig, axes = plt.subplots(2, 2, figsize=(11, 7))
    for ax, landscape in zip(axes.flat, LANDSCAPES, strict=True):
        lowest = landscape.value(landscape.minimum)
        excess = {
            name: np.maximum(values - lowest, 1e-14)
            for name, (values, _) in results[landscape.name].items()
        }
        plot_losses(excess, ax=ax, title=landscape.name, x="step", y="value above the minimum")
        if ax is not axes[0, 1]:
            ax.get_legend().remove()
    fig.suptitle("Each optimizer at its best rate: none wins everywhere", fontsize=15)
    plt.show()

print("Best rates".ljust(32) + "".join(name.rjust(10) for name in OPTIMIZERS))
for landscape, runs in results.items():
    print(landscape.ljust(32) + "".join(f"{rate:10.0e}" for _, rate in runs.values()))

# %% [markdown]
# - *Ravine*: AdaGrad is at the bottom after a few steps. The ravine lies along the axes; AdaGrad is made for this
#   case. Momentum, Adam and AMSGrad are equally fast, because their momentum of 0.9 sets the pace: the value falls by
#   about a tenth in each step. NAdam's look-ahead damps the swinging and is faster. Plain SGD is far behind.
#   (AdaGrad's best rate is the largest of the grid. That is always a reason to try larger ones; here they do about as
#   well.)
# - *Saddle*: every optimizer leaves it in the end. SGD waits longest, because the gradient near the saddle is tiny;
#   the others divide by that tiny size, or gather speed. Once SGD has left, nothing holds it back.
# - *Rosenbrock*: the curved valley does not lie along the axes. Here momentum helps and scaling does not: AdaGrad and
#   RMSProp, which have no momentum, do no better than SGD. (NAdam finds no good rate in this grid.)
# - *Beale*: flat plains and steep walls. Adam and its relatives, which have both momentum and scale, are ahead.
#
# The best rates differ between landscapes, for the adaptive methods too: adaptive does not mean that you need not
# choose a rate. And the ranking changes with the grid of rates. This race shows the character of each method, not a
# champion.
#
# Here are the paths on two of the landscapes:

# %% kind="experiment"
with style():
    fig, axes = plt.subplots(1, 2, figsize=(12, 4.2))
    for ax, landscape in zip(axes, (saddle(), beale()), strict=True):
        paths = {
            name: descend(
                landscape.gradient,
                landscape.start,
                OPTIMIZERS[name],
                results[landscape.name][name][1],
                60,
            )
            for name in ("SGD", "momentum", "AdaGrad", "Adam")
        }
        plot_paths(landscape, paths, ax=ax, title=f"{landscape.name}: the first 60 steps")
    axes[0].get_legend().remove()
    plt.show()

# %% [markdown]
# Run the race yourself, at any rate. Turn the ravine by 45 degrees: which optimizer loses most?

# %% kind="experiment"
explore("race", adagrad_step, rmsprop_step, adam_step)

# %% [markdown]
# ### How much does the rate matter?
#
# In practice nobody can try many rates on a large network. So the *width* of the valleys in the next figure counts as
# much as their depth: over which range of rates does training work? Each point is a training run of four epochs on the
# digits.


# %% kind="experiment"
def digits_losses(step, rates, epochs=4):
    """Return the loss after training at each rate, infinite if training broke off."""
    losses = []
    for rate in rates:
        run = train(
            network,
            first_params,
            train_data,
            step,
            rate,
            epochs,
            64,
            np.random.default_rng(2),
            evaluate=False,
        )
        losses.append(np.inf if run.note else network.evaluate(run.params, *train_data)[0])
    return np.array(losses)


digit_rates = np.geomspace(1e-4, 10, 11)
sensitivity = {name: digits_losses(step, digit_rates) for name, step in OPTIMIZERS.items()}
plot_sensitivity(
    digit_rates, sensitivity, title="Every optimizer has its own range of good rates", ceiling=20
)
plt.show()

# %% [markdown]
# The valleys lie at different rates: the good rate of SGD is ten times that of Adam or more. Never use the rate of one
# optimizer for another. With momentum 0.9 the good rate is several times smaller than without: the second table above
# says ten times, in the long run. No valley is much wider than a factor of 100.
#
# Now we train longer on the digits. A rate that is best for four epochs may be too high for twelve. So each optimizer
# runs at the better of two for twelve epochs: its best rate in that figure, and the next lower one.

# %% kind="experiment"
curves = {}
print("optimizer   best rate   validation accuracy")
for name, step in OPTIMIZERS.items():
    best = np.argmin(sensitivity[name])
    near = digit_rates[max(best - 1, 0) : best + 1]
    rate = near[np.argmin(digits_losses(step, near, epochs=12))]
    rng = np.random.default_rng(5)
    run = train(
        network, first_params, train_data, step, rate, 12, 64, rng, validation=validation_data
    )
    curves[name] = run.train_losses
    print(f"{name:10} {rate:10.2g} {run.validation_accuracies[-1]:18.3f}")
plot_losses(
    curves, title="Digits, each at its best rate: all seven train the network", y="training loss"
)
plt.show()

# %% [markdown]
# Every one of them trains this small network, and the order of the validation accuracies changes with the seed (try
# another one). For larger networks we report what others measured. For language models built from transformers, Adam
# is clearly ahead of SGD (Zhang and others, 2020). For image classification with convolutional networks, SGD with
# momentum generalized better in the experiments of Wilson and others (2017). Both were compared with each method at its
# own best rate. A fair summary: Adam needs less care, not less thought.
#
# ## 12. The same in PyTorch
#
# Each of your optimizers is a class of `torch.optim`. The settings have other names there, and other defaults.
# $\beta_1$ and $\beta_2$ are one pair, `betas=(0.9, 0.999)`. The next cell takes 20 steps with each, if PyTorch is
# installed.

# %% kind="experiment"
from course_utils.pytorch import compare_with_torch


@compare_with_torch
def optimizers(torch):
    optim, start = torch.optim, np.array([1.0, -2.0, 3.0])
    gradients = np.random.default_rng(0).normal(size=(20, 3))

    def theirs(kind, **settings):
        w = torch.tensor(start, requires_grad=True)
        optimizer = kind([w], lr=0.1, **settings)
        for gradient in gradients:
            w.grad = torch.from_numpy(gradient)  # in training: zero_grad(), then backward()
            optimizer.step()
        return w

    def mine(step, **settings):
        w, state = start, {}
        for gradient in gradients:
            w, state = step(w, gradient, state, lr=0.1, **settings)
        return w

    adamw = mine(adamw_step, weight_decay=0.1)
    return {
        "Adagrad(eps=1e-8)": (mine(adagrad_step), theirs(optim.Adagrad, eps=1e-8)),
        "RMSprop(alpha=0.9)": (mine(rmsprop_step, decay=0.9), theirs(optim.RMSprop, alpha=0.9)),
        "Adam()": (mine(adam_step), theirs(optim.Adam)),
        "AdamW(weight_decay=0.1)": (adamw, theirs(optim.AdamW, weight_decay=0.1)),
        "Adam(amsgrad=True)": (mine(amsgrad_step), theirs(optim.Adam, amsgrad=True)),
        "NAdam()": (mine(nadam_step), theirs(optim.NAdam)),
        "trap: Adam(weight_decay=0.1) is a penalty": (adamw, theirs(optim.Adam, weight_decay=0.1)),
        "trap: RMSprop(momentum=0.9) is not alpha": (
            mine(rmsprop_step, decay=0.9), theirs(optim.RMSprop, momentum=0.9),
        ),
    }


# %% [markdown]
# With PyTorch, the cell prints this:
#
# ```
# Adagrad(eps=1e-8)                          the same
# RMSprop(alpha=0.9)                         the same
# Adam()                                     the same
# AdamW(weight_decay=0.1)                    the same
# Adam(amsgrad=True)                         the same
# NAdam()                                    the same to 6 digits
# trap: Adam(weight_decay=0.1) is a penalty  differs by up to 0.13
# trap: RMSprop(momentum=0.9) is not alpha   differs by up to 16
# ```
#
# (NAdam agrees in six digits only, since PyTorch keeps the product of the momentum factors in single precision.)
#
# The names in three libraries, each with its default value:
#
# | this course | PyTorch, `torch.optim` | Keras, `keras.optimizers` | optax |
# | --- | --- | --- | --- |
# | `lr` | `lr` | `learning_rate` | `learning_rate` |
# | `adagrad_step` | `Adagrad`, `eps=1e-10` | `Adagrad`, `epsilon=1e-7` | `adagrad`, `eps=1e-7` |
# | `initial_accumulator_value` of AdaGrad | 0 | 0.1 | 0.1 |
# | `rmsprop_step(decay)` | `RMSprop(alpha=0.99)` | `RMSprop(rho=0.9)` | `rmsprop(decay=0.9)` |
# | `adam_step(beta1, beta2)` | `Adam(betas=(0.9, 0.999))` | `Adam(beta_1, beta_2)` | `adam(b1, b2)` |
# | its `eps` | `eps=1e-8` | `epsilon=1e-7` | `eps=1e-8` |
# | `adamw_step(weight_decay)` | `AdamW(weight_decay=0.01)` | `AdamW`, 0.004 | `adamw`, 0.0001 |
# | `amsgrad_step` | `Adam(amsgrad=True)` | `Adam(amsgrad=True)` | `amsgrad` |
# | `nadam_step` | `NAdam` | `Nadam`, with $0.96^t$ | `nadam`, with a constant $\mu_t = \beta_1$ |
#
# The traps:
#
# - **`Adam(weight_decay=...)` is coupled** in PyTorch: it is a penalty, which the scale of Adam then changes. Write
#   `AdamW`. In Keras, the `weight_decay` of *every* optimizer is decoupled.
# - **`momentum` of `RMSprop`** is a velocity on top of the scaled gradient, not the decay of the average.
# - **Epsilon.** It matters as soon as gradients are small. So copy it with the rate when you take a recipe from one
#   library to another. Inside and outside the root are in section 7.
#
# ## Going further ★
#
# The exercises from here on are extensions. They are checked and graded like the others, but earn no points for the
# notebook.
#
# ### Lion: only the sign
#
# Lion was found by a computer search over programs (Chen et al., 2023). It keeps one average instead of Adam's two,
# and steps by a sign:
#
# $$u_t = \mathrm{sign}\big(\beta_1 m_{t-1} + (1-\beta_1)\, g_t\big), \qquad
# w_t = w_{t-1} - \eta\,(u_t + \lambda w_{t-1}),$$
# $$m_t = \beta_2 m_{t-1} + (1-\beta_2)\, g_t$$
#
# The sign is taken of a mixture with $\beta_1 = 0.9$, and the average is updated *afterwards* with $\beta_2 = 0.99$.
# $\lambda$ is `weight_decay`. Every entry moves by the rate itself, so Lion needs a rate three to ten times smaller
# than Adam's.


# %% kind="answer" grade_id="lion_step" star=true
def lion_step(w, grad, state, lr=1e-4, beta1=0.9, beta2=0.99, weight_decay=0.0):
    """Take one step of Lion.

    w, grad: arrays of one shape, or two numbers.
    state: a dict, {} before the first step; later "m" holds the average of the gradients, of w's
    shape and 0 before the first step.
    lr, beta1, beta2, weight_decay: numbers; the decay is multiplied by lr and uses the old
    weights. sign(0) is 0.

    Returns (w_new, state_new) with the new "m". The arguments stay as they are.
    """
    ### BEGIN SOLUTION
    m = state.get("m", 0.0)
    u = np.sign(beta1 * m + (1 - beta1) * grad)
    return w - lr * (u + weight_decay * w), {"m": beta2 * m + (1 - beta2) * grad}
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# There are two mixtures of the *old* `m` and the gradient: one with `beta1` for the step, and one with `beta2` for the
# state.
#
# </details>

# %% kind="test" grade_id="lion_step_visible" points=0
check("lion_step", lion_step)

# %% kind="test" grade_id="lion_step_hidden" points=0
# Your teacher's hidden checks of lion_step run here.
### BEGIN HIDDEN TESTS
check_hidden("lion_step", lion_step)
### END HIDDEN TESTS

# %% [markdown]
# ### Muon: a step for matrices
#
# Adam treats a weight matrix as a bag of numbers. Muon (Jordan et al., 2024) treats it as a matrix. Its momentum has a
# singular value decomposition $G = U S V^\top$, and usually a few singular values are far larger than the rest, so a
# few directions get all of the step. Muon replaces $S$ by about the identity: all directions get a step of about the
# same length. This is for matrices what the sign is for numbers.
#
# An SVD in every step would be slow. A polynomial of odd degree acts on the singular values alone, and needs only
# products of matrices: with $A = X X^\top$,
#
# $$(a + b A + c A^2)\, X = U\,(a S + b S^3 + c S^5)\,V^\top.$$
#
# This **Newton-Schulz** iteration starts from $X = G / \max(\|G\|, \varepsilon)$, where $\|G\|$ is the Frobenius norm
# (the root of the sum of all squares), so that no singular value is above 1. Then it repeats
# $X \leftarrow (a + bA + cA^2)X$ with $a = 3.4445$, $b = -4.7750$, $c = 2.0315$. The three numbers are chosen so that
# small singular values grow fast; in exchange they do not end at exactly 1 but between about 0.5 and 1.5. If $G$ has
# more rows than columns, work on its transpose and transpose the result back: $A$ is then smaller. (Jordan's own code
# divides by $\|G\| + \varepsilon$, PyTorch by the larger of the two.)


# %% kind="answer" grade_id="newton_schulz" star=true
def newton_schulz(G, steps=5, eps=1e-7):
    """Return G with its singular values driven towards 1 (to about 0.5 to 1.5), by Newton-Schulz
    iterations.

    G: array of shape (rows, columns), of any two sizes.
    steps: the number of iterations; 0 returns G / max(norm, eps).
    eps: the smallest number that G is divided by, so that G = 0 gives 0.

    Returns a new array of G's shape.
    """
    ### BEGIN SOLUTION
    if G.shape[0] > G.shape[1]:
        return newton_schulz(G.T, steps, eps).T
    X = G / max(np.linalg.norm(G), eps)
    for _ in range(steps):
        A = X @ X.T
        X = 3.4445 * X + (-4.7750 * A + 2.0315 * A @ A) @ X
    return X
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# `np.linalg.norm(G)` is the Frobenius norm. Compute `A` again in every iteration. The product `A @ A` is a product of
# matrices, `A**2` is not.
#
# </details>

# %% kind="test" grade_id="newton_schulz_visible" points=0
check("newton_schulz", newton_schulz)

# %% kind="test" grade_id="newton_schulz_hidden" points=0
# Your teacher's hidden checks of newton_schulz run here.
### BEGIN HIDDEN TESTS
check_hidden("newton_schulz", newton_schulz)
### END HIDDEN TESTS

# %% [markdown]
# Here is what it does to a real gradient, that of the first layer on the digits:

# %% kind="experiment"
gradient = first_grads["W1"]
curves = {
    "gradient, divided by its norm": np.linalg.svd(
        gradient / np.linalg.norm(gradient), compute_uv=False
    )
}
for steps in (2, 5):
    curves[f"after {steps} iterations"] = np.linalg.svd(
        newton_schulz(gradient, steps), compute_uv=False
    )
plot_losses(
    {name: np.maximum(values, 1e-6) for name, values in curves.items()},
    title="Five iterations bring most singular values near 1",
    x="number of the singular value, largest first",
    y="singular value",
)
plt.show()

# %% [markdown]
# The few smallest values need more iterations. Muon does not wait for them.
#
# The step of Muon, in PyTorch's form, with the gradient $g_t$ a matrix of `rows` and `cols`:
#
# $$v_t = \mu v_{t-1} + (1-\mu) g_t, \qquad u_t = (1-\mu) g_t + \mu v_t,$$
# $$w_t = w_{t-1}(1 - \eta\lambda) - \eta \sqrt{\max(1,\, \text{rows}/\text{cols})}\;\mathrm{NS}(u_t)$$
#
# $\mu$ is `momentum`, $v_0 = 0$, $u_t$ is Nesterov's look-ahead, $\mathrm{NS}$ is `newton_schulz`, and $\lambda$ is
# `weight_decay`. Muon is for the matrices of hidden layers; biases, and usually the first and the last layer, stay with
# Adam. PyTorch keeps a layer's matrix as (out, in), this course as (in, out): pass the transpose if you want PyTorch's
# factor.


# %% kind="answer" grade_id="muon_step" star=true
def muon_step(w, grad, state, lr=1e-3, momentum=0.95, weight_decay=0.1, steps=5):
    """Take one step of Muon.

    w, grad: arrays of one shape (rows, cols).
    state: a dict, {} before the first step; later "velocity" holds the average v of the
    gradients, of w's shape and 0 before the first step.
    lr, momentum, weight_decay: numbers; the decay is multiplied by lr and uses the old weights.
    steps: the number of Newton-Schulz iterations.

    Returns (w_new, state_new) with the new "velocity". The arguments stay as they are.
    """
    ### BEGIN SOLUTION
    velocity = momentum * state.get("velocity", 0.0) + (1 - momentum) * grad
    u = (1 - momentum) * grad + momentum * velocity
    scale = np.sqrt(max(1, w.shape[0] / w.shape[1]))
    return w * (1 - lr * weight_decay) - lr * scale * newton_schulz(u, steps), {
        "velocity": velocity
    }
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# Four lines, one for each symbol: `velocity`, `u`, the root, the new weights. Call your `newton_schulz`.
#
# </details>

# %% kind="test" grade_id="muon_step_visible" points=0
check("muon_step", muon_step)

# %% kind="test" grade_id="muon_step_hidden" points=0
# Your teacher's hidden checks of muon_step run here.
### BEGIN HIDDEN TESTS
check_hidden("muon_step", muon_step)
### END HIDDEN TESTS

# %% [markdown]
# Here are Lion and Muon against Adam on the digits, each at the best of seven rates for the twelve epochs shown. Muon
# updates the matrices, Adam the biases.


# %% kind="experiment"
def muon_and_adam(w, grad, state, lr):
    return (
        muon_step(w, grad, state, lr, weight_decay=0.0)
        if w.ndim == 2
        else adam_step(w, grad, state, 0.01)
    )


newer = {"Adam": adam_step, "Lion": lion_step, "Muon, Adam for biases": muon_and_adam}
newer_rates = np.geomspace(3e-4, 0.3, 7)
curves = {}
for name, step in newer.items():
    rate = newer_rates[np.argmin(digits_losses(step, newer_rates, epochs=12))]
    run = train(network, first_params, train_data, step, rate, 12, 64, np.random.default_rng(5))
    curves[f"{name}, rate {rate:.2g}"] = run.train_losses
plot_losses(curves, title="Two newer optimizers, and Adam", y="training loss")
plt.show()

# %% [markdown]
# Both train the network with one average, while Adam keeps two. One small network and one seed do not show which is
# best.
#
# ### SAM: look for flat ground
#
# A minimum in a narrow valley may fit the training data well and new data badly. Sharpness-aware minimization (Foret
# et al., 2021) uses the gradient not at $w$ but at the worst point nearby, to first order: one step of length $\rho$
# uphill.
#
# $$g = \nabla f(w), \qquad g_{\mathrm{SAM}} = \nabla f\!\left(w + \rho\,\frac{g}{\|g\|}\right)$$
#
# $f$ is the loss and $\|g\|$ the Euclidean norm over *all* entries. Any optimizer then steps from $w$ with
# $g_{\mathrm{SAM}}$. If $g = 0$ there is no uphill, and the result is $g$. The cost is two gradients per step.


# %% kind="answer" grade_id="sam_gradient" star=true
def sam_gradient(gradient, w, rho=0.05):
    """Return the gradient at the point rho uphill from w, for sharpness-aware minimization.

    gradient: a function; gradient(w) returns an array of w's shape.
    w: array of any shape.
    rho: the length of the step uphill, at least 0.

    Returns a new array of w's shape. If gradient(w) is 0 everywhere, returns it. w is not
    changed.
    """
    ### BEGIN SOLUTION
    grad = gradient(w)
    norm = np.linalg.norm(grad)
    if norm == 0:
        return grad
    return gradient(w + rho * grad / norm)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# Call `gradient` twice. Divide by one norm over all entries, so that the step uphill has length `rho`.
#
# </details>

# %% kind="test" grade_id="sam_gradient_visible" points=0
check("sam_gradient", sam_gradient)

# %% kind="test" grade_id="sam_gradient_hidden" points=0
# Your teacher's hidden checks of sam_gradient run here.
### BEGIN HIDDEN TESTS
check_hidden("sam_gradient", sam_gradient)
### END HIDDEN TESTS

# %% [markdown]
# This valley has a level floor: every point of the line $w_2 = 0$ is a minimum, but the valley is narrow on the right
# and wide at $w_1 = 0$. Gradient descent stops where it first reaches the floor. SAM continues along the floor to the
# place where the ground is flattest on both sides: measured a distance $\rho$ up the slope, a narrower place is
# steeper.


# %% kind="experiment"
def widening_gradient(w):
    x, y = np.moveaxis(w, -1, 0)
    return np.stack([x * y**2, (0.5 + x**2) * y], axis=-1)


widening = Landscape(
    name="a valley that widens",
    value=lambda w: (0.5 + w[..., 0] ** 2) * w[..., 1] ** 2 / 2,
    gradient=widening_gradient,
    hessian=lambda w: np.array([[w[1] ** 2, 2 * w[0] * w[1]], [2 * w[0] * w[1], 0.5 + w[0] ** 2]]),
    minimum=None,
    start=np.array([2.0, 1.0]),
    view=((-0.6, 2.4), (-0.7, 1.2)),
)


def sam_step(w, grad, state, lr):
    return w - lr * sam_gradient(widening_gradient, w, rho=0.4), state


paths = {
    "gradient descent": descend(widening.gradient, widening.start, gradient_descent_step, 0.1, 400),
    "SAM": descend(widening.gradient, widening.start, sam_step, 0.1, 400),
}
plot_paths(widening, paths, title="SAM continues to where the valley is wide")
plt.show()

# %% [markdown]
# ### Schedule-free: average instead of decay
#
# A falling rate needs to know when training will end. Defazio et al. (2024) keep the rate constant and average the
# iterates instead. The method keeps three points: $z$ moves as in SGD, $x$ is the plain average of all $z$, and the
# gradient is taken at $y$, between the two:
#
# $$z_t = z_{t-1} - \eta\, g(y_{t-1}), \qquad x_t = x_{t-1} + \frac{z_t - x_{t-1}}{t+1}, \qquad
# y_t = (1-\beta)\, z_t + \beta\, x_t$$
#
# All three start at the same point $w_0$, so $x_t$ is the mean of $z_0, \dots, z_t$. With $\beta = 0$ gradients are
# taken at $z$ (averaged SGD, Polyak & Juditsky 1992), with $\beta = 1$ at the average itself; 0.9 is usual. In our
# form of a step, `w` is $y$. **The weights to use in the end are $x$**, not `w`. (The paper numbers $z$ from 1; its
# published code leaves the starting point out of the average.)


# %% kind="answer" grade_id="schedule_free_step" star=true
def schedule_free_step(w, grad, state, lr, beta=0.9):
    """Take one step of schedule-free SGD; w is the point y where the gradient is taken.

    w, grad: arrays of one shape, or two numbers.
    state: a dict, {} before the first step; later "z" and "x", of w's shape and both equal to w
    before the first step, and "t", the number of steps done.
    lr, beta: numbers, beta from 0 to 1.

    Returns (w_new, state_new): the new y, and a new dict with the new "z", "x" and "t". The
    arguments stay as they are.
    """
    ### BEGIN SOLUTION
    t = state.get("t", 0) + 1
    z = state.get("z", w) - lr * grad
    x_old = state.get("x", w)
    x = x_old + (z - x_old) / (t + 1)
    return (1 - beta) * z + beta * x, {"z": z, "x": x, "t": t}
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# `state.get("z", w)` returns `w` before the first step. The gradient moves `z`, not `w`. After the first step `x` is
# the mean of two points.
#
# </details>

# %% kind="test" grade_id="schedule_free_step_visible" points=0
check("schedule_free_step", schedule_free_step)

# %% kind="test" grade_id="schedule_free_step_hidden" points=0
# Your teacher's hidden checks of schedule_free_step run here.
### BEGIN HIDDEN TESTS
check_hidden("schedule_free_step", schedule_free_step)
### END HIDDEN TESTS

# %% [markdown]
# Here is the noisy parabola of notebook 01, with 400 walks at once: SGD at a constant rate, SGD with a decaying rate,
# and schedule-free. On this simple problem a well-chosen decay does somewhat better; but the average needs no
# schedule, and keeps settling however long the training lasts.


# %% kind="experiment"
def noisy_walk(step, rates, read=lambda w, state: w):
    """Return the mean value of w^2/2 over 400 walks, after each step."""
    rng = np.random.default_rng(1)
    w, state, values = np.full(400, 3.0), {}, []
    for lr in rates:
        w, state = step(w, w + rng.normal(size=400), state, lr)
        values.append(np.mean(read(w, state) ** 2) / 2)
    return values


constant = np.full(2000, 0.3)
curves = {
    "SGD, constant rate": noisy_walk(gradient_descent_step, constant),
    "SGD, inverse-time decay": noisy_walk(gradient_descent_step, 0.3 / (1 + 0.1 * np.arange(2000))),
    "schedule-free, at x": noisy_walk(schedule_free_step, constant, lambda w, state: state["x"]),
}
plot_losses(curves, title="The average settles without a schedule", x="step", y="mean value")
plt.gca().set_xscale("log")
plt.show()

# %% [markdown]
# ## Summary
#
# - One rate for all weights is a compromise. AdaGrad divides by the root of the sum of squares, and its steps die out;
#   RMSProp forgets the past, and can follow a moving minimum.
# - Adam adds momentum. Its averages start at zero; without the correction its first steps are too *long*, up to 6.57
#   times `lr` at the usual betas.
# - Scaling each weight fixes differences *along the axes*. It fixes neither a turned ravine nor noise.
# - An L2 penalty and weight decay are the same only for plain SGD. AdamW decays all weights alike.
# - Compare optimizers at their own best rates, and look at the width of the valley of good rates.
# - Conventions differ: check where epsilon is added, what momentum multiplies, and whether the decay includes the
#   rate.
#
# ## References
#
# - Polyak & Juditsky (1992), *Acceleration of stochastic approximation by averaging*.
# - Duchi, Hazan & Singer (2011), *Adaptive subgradient methods for online learning and stochastic optimization*.
#   AdaGrad.
# - Hinton (2012), *Neural networks for machine learning*, lecture 6e. RMSProp.
# - Sutskever, Martens, Dahl & Hinton (2013), *On the importance of initialization and momentum in deep learning*.
# - Kingma & Ba (2015), *Adam: a method for stochastic optimization*.
# - Goodfellow, Bengio & Courville (2016), *Deep learning*, chapter 8.
# - Dozat (2016), *Incorporating Nesterov momentum into Adam*.
# - Wilson, Roelofs, Stern, Srebro & Recht (2017), *The marginal value of adaptive gradient methods in machine
#   learning*.
# - Reddi, Kale & Kumar (2018), *On the convergence of Adam and beyond*. AMSGrad.
# - Loshchilov & Hutter (2019), *Decoupled weight decay regularization*. AdamW.
# - Zhang and others (2020), *Why are adaptive methods good for attention models?*
# - Foret, Kleiner, Mobahi & Neyshabur (2021), *Sharpness-aware minimization for efficiently improving generalization*.
# - Chen et al. (2023), *Symbolic discovery of optimization algorithms*. Lion.
# - Touvron et al. (2023), *LLaMA: open and efficient foundation language models*.
# - Jordan et al. (2024), *Muon: an optimizer for hidden layers in neural networks*.
# - Defazio et al. (2024), *The road less scheduled*. Schedule-free.
#
# Next: [Second-order methods](../07a_newton/07a_newton.ipynb).
