# %% [markdown] writes="gradient descent, schedules, a rate test, random search"
# # Learning-rate decay
#
# *About three hours, and one more for the starred exercises. You need lesson 00b: a network's
# gradient, and a training loop with mini-batches.*
#
# A network learns from small batches of examples. Each batch estimates which way is down, and no two estimates
# agree exactly. Far from the minimum the disagreement hardly matters; close to it, almost nothing else is left. A
# learning rate that was right on the way is then too large, and the weights wander around the minimum without ever
# settling. The cure is to begin with large steps and end with small ones. On the handwritten digits at the end of
# this notebook such a falling rate beats the best constant one that we find, and it costs nothing extra per step.
# Only the choice of the rate itself matters more.
#
# When you are done you can
#
# - write one step of stochastic gradient descent, and six schedules that lower its rate;
# - put a warm-up in front of any schedule, and cut the rate when the loss stops falling;
# - derive how far a constant rate makes the weights wander, and measure it;
# - find a good first rate with a range test, and search for rate and decay together.

# %% kind="setup" grade_id="imports"
import matplotlib.pyplot as plt
import numpy as np

from course_utils.checks import check, check_hidden
from course_utils.data import digits, split
from course_utils.explorers import explore
from course_utils.landscapes import noisy_gradient, quadratic
from course_utils.networks import MLP
from course_utils.plots import (
    COLORS,
    plot_band,
    plot_contours,
    plot_losses,
    plot_paths,
    plot_schedules,
    plot_sensitivity,
    style,
)
from course_utils.plots.riddles import plot_six_runs
from course_utils.training import descend, stateless, train

# %% [markdown]
# ## The problem in one picture
#
# A bowl, seen from above; the star is its minimum. At each of two points we drew thirty mini-batch gradients; each
# arrow is one of them, reversed. We simulated the gradients: each is the true gradient plus random noise, which is
# equally strong at both points.

# %%
bowl = quadratic([[1.0, 0.0], [0.0, 2.0]], name="bowl")
ask = noisy_gradient(bowl, 1.0, np.random.default_rng(0))

ax = plot_contours(bowl, title="Mini-batches agree far away, not near the minimum")
for place, color in (([-2.0, 1.8], COLORS[1]), ([0.2, -0.1], "black")):
    places = np.tile(place, (30, 1))
    ax.quiver(*places.T, *-ask(places).T, color=color, scale=20, width=0.004)
plt.show()

# %% [markdown]
# Far away, any of the thirty arrows will do. Near the minimum the true gradient is small, the noise is as strong as
# before, and each arrow is almost pure chance. A large step along one of them takes us away again.

# %% [markdown]
# ## 1. One step downhill
#
# Call the weights $w$, an array of numbers. A mini-batch gives $g$, an estimate of the loss's
# gradient at $w$: an array of the same shape that points *uphill*, as far as this batch can tell.
# One step of **stochastic gradient descent** (SGD) goes a little way in the opposite direction:
#
# $$w_{\text{new}} = w - \eta\, g$$
#
# The number $\eta$ (eta) is the **learning rate**. In code it is `lr`.
#
# ### Exercise: `sgd_step`


# %% kind="answer" grade_id="sgd_step"
def sgd_step(w, grad, lr):
    """Return the weights after one step of stochastic gradient descent.

    w, grad: arrays of the same shape, or two numbers.
    lr: the learning rate, a number.
    Returns a new array of w's shape (or a number). w itself stays as it is.
    """
    ### BEGIN SOLUTION
    return w - lr * grad
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# NumPy multiplies a whole array by a number, and subtracts arrays entry by entry: you can type the formula as it is
# written. `w -= ...` would change the caller's array.
#
# </details>

# %% kind="test" grade_id="sgd_step_visible" points=1
check("sgd_step", sgd_step)

# %% kind="test" grade_id="sgd_step_hidden" points=2
# Your teacher's hidden checks of sgd_step run here.
### BEGIN HIDDEN TESTS
check_hidden("sgd_step", sgd_step)
### END HIDDEN TESTS

# %% [markdown]
# ### Experiment: two constant rates
#
# Your step now walks down the bowl, 300 times, with a large and with a small constant rate. Both walks get exactly
# the same noise. (`descend` calls your step again and again and returns the path; `stateless` says that this step
# remembers nothing between two calls.) Change the rates and run the cell again.


# %% kind="experiment"
def walk(schedule, steps=300):
    noisy = noisy_gradient(bowl, 1.0, np.random.default_rng(1))
    return descend(noisy, [-2.6, 2.2], stateless(sgd_step), schedule, steps)


paths = {"rate 0.3": walk(0.3), "rate 0.004": walk(0.004)}
plot_paths(bowl, paths, title="300 steps: fast and restless, or slow")
plt.show()

# %% [markdown]
# The large rate arrives within ten steps and then never settles. The small one moves smoothly and has still not
# arrived after three hundred. We want the first part of one walk and the last part of the other.
#
# ## 2. First find a good constant rate
#
# Nothing matters more than the order of magnitude of the rate. So the rule of thumb is: **tune the constant rate
# first; decay is a refinement of it.** A look at the loss says a lot.
#
# - **Too high**: every step overshoots by more than it gains. Sooner or later the loss rises without limit.
# - **High**: the loss falls quickly and then stays at a high, noisy level. This is where decay helps most.
# - **Good**: it falls quickly and ends low.
# - **Low**: it still falls at the end, and would need many more steps.
#
# ### Question: which rate is it?
#
# The figure shows six runs on one problem, with six constant rates. All panels have the same axes. The dashed line
# is the level at which the best run ends: its mean loss over the last fifty steps.

# %%
plot_six_runs()
plt.show()

# %% kind="answer" grade_id="rate_of_each_curve"
# Give each curve, "a" to "f", one of the labels "too high", "high", "good", "low".
# Write a dict, such as {"a": "good", "b": "low", ...}.
rate_of_each_curve = None
### BEGIN SOLUTION
rate_of_each_curve = {
    "a": "low",
    "b": "too high",
    "c": "good",
    "d": "high",
    "e": "low",
    "f": "too high",
}
### END SOLUTION

# %% kind="test" grade_id="rate_of_each_curve_visible" points=0
check("rate_of_each_curve", rate_of_each_curve)

# %% kind="test" grade_id="rate_of_each_curve_hidden" points=2
# Your teacher's hidden check of rate_of_each_curve runs here.
### BEGIN HIDDEN TESTS
check_hidden("rate_of_each_curve", rate_of_each_curve)
### END HIDDEN TESTS

# %% [markdown]
# ## 3. Rates that fall
#
# A **schedule** says which rate to use when. It is a function of the **epoch**, one pass over all training
# examples, counted from 0; some schedules count single steps instead. That makes a great difference, since an epoch
# may have thousands of steps: whenever you read "a decay of 0.95", ask *per epoch or per step?* In what follows $n$
# is the epoch, $\eta_0$ (`lr0`) the first rate and $\eta_n$ the rate in epoch $n$. One of the oldest schedules is
# **inverse time decay**:
#
# $$\eta_n = \frac{\eta_0}{1 + d\, n}$$
#
# The **decay rate** $d \ge 0$ says how quickly: after $1/d$ epochs the rate has halved. For $\eta_0 = 0.2$ and $d =
# 1$:
#
# | epoch $n$ | $1 + d\,n$ | rate $\eta_n$ |
# | --- | --- | --- |
# | 0 | 1 | 0.2 |
# | 1 | 2 | 0.1 |
# | 2 | 3 | 0.067 |
# | 3 | 4 | 0.05 |
# | 4 | 5 | 0.04 |
#
# Many articles show this table from epoch 1 on, where the rate is 0.1 already. With epochs counted from 0, as here, the
# first epoch runs at the full rate of 0.2. A program that counts from 1 never uses it, and is one epoch ahead of ours:
# in its fourth epoch the rate is 0.04, in ours 0.05.
#
# ### Exercise: `inverse_time_decay`


# %% kind="answer" grade_id="inverse_time_decay"
def inverse_time_decay(lr0, epoch, decay_rate):
    """Return the rate of inverse time decay in the given epoch.

    lr0: the rate in epoch 0.
    epoch: counts from 0.
    decay_rate: d in the formula; with 0 the rate stays constant.
    Raises ValueError, with a message that says what is wrong, if any of them is negative.
    """
    ### BEGIN SOLUTION
    if min(lr0, epoch, decay_rate) < 0:
        raise ValueError(f"{lr0}, {epoch}, {decay_rate}: none of them may be negative.")
    return lr0 / (1 + decay_rate * epoch)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# The whole sum is the denominator, so it needs parentheses in code. Refuse a bad argument *before* you compute
# anything:
#
# ```python
# if something_is_wrong:
#     raise ValueError("a sentence that says what, and what is allowed")
# ```
#
# </details>

# %% kind="test" grade_id="inverse_time_decay_visible" points=1
check("inverse_time_decay", inverse_time_decay)

# %% kind="test" grade_id="inverse_time_decay_hidden" points=2
# Your teacher's hidden checks of inverse_time_decay run here.
### BEGIN HIDDEN TESTS
check_hidden("inverse_time_decay", inverse_time_decay)
### END HIDDEN TESTS

# %% kind="test" grade_id="inverse_time_decay_arguments" points=1
# This check tests how your function handles bad arguments.
check("inverse_time_decay", inverse_time_decay, part="arguments")
### BEGIN HIDDEN TESTS
check_hidden("inverse_time_decay", inverse_time_decay, part="arguments")
### END HIDDEN TESTS

# %% [markdown]
# ### Experiment: the same noise, a falling rate
#
# The walk at rate 0.3 again, next to one whose rate starts at 0.3 and falls. Here each step counts as an epoch.


# %% kind="experiment"
def falling(step):
    return inverse_time_decay(0.3, step, decay_rate=0.1)


paths = {"constant 0.3": walk(0.3), "falling": walk(falling)}
plot_paths(bowl, paths, title="A falling rate lets the walk settle")
plt.show()

# %% [markdown]
# One walk may be luck. So we start a thousand walks at the same point, each with its own noise, and look at their
# mean distance to the minimum.


# %% kind="experiment"
def mean_distance(schedule):
    noisy = noisy_gradient(bowl, 1.0, np.random.default_rng(2))
    start = np.tile([-2.6, 2.2], (1000, 1))
    path = descend(noisy, start, stateless(sgd_step), schedule, steps=300)
    return np.linalg.norm(path, axis=2).mean(axis=1)


schedules = {"constant 0.3": 0.3, "constant 0.004": 0.004, "falling": falling}
distances = {name: mean_distance(schedule) for name, schedule in schedules.items()}
title = "A falling rate: quick at first, then closer and closer"
plot_losses(distances, title=title, x="step", y="mean distance to the minimum")
plt.show()

# %% [markdown]
# The falling rate arrives as fast as the large one. Then the noise keeps the large one away from the minimum, while
# the falling one comes closer and closer. The small one is still on its way after three hundred steps.
#
# ## 4. More schedules
#
# **Exponential decay** multiplies the rate by the same number in every epoch:
#
# $$\eta_n = \eta_0\, \gamma^n$$
#
# The *base* $\gamma$ (gamma) is below 1, usually only a little: $0.95$ halves the rate in about 14 epochs. Applied
# per step, it would halve the rate in 14 steps. With $S$ steps per epoch, the same decay per step has the base
# $\gamma^{1/S}$.
#
# ### Exercise: `exponential_decay`


# %% kind="answer" grade_id="exponential_decay"
def exponential_decay(lr0, epoch, gamma=0.95):
    """Return the rate of exponential decay in the given epoch.

    lr0: the rate in epoch 0.
    epoch: counts from 0.
    gamma: the factor from each epoch to the next.
    """
    ### BEGIN SOLUTION
    return lr0 * gamma**epoch
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# In Python a power is written `a**b`. Try epoch 0 by hand: what does the formula give there?
#
# </details>

# %% kind="test" grade_id="exponential_decay_visible" points=1
check("exponential_decay", exponential_decay)

# %% kind="test" grade_id="exponential_decay_hidden" points=2
# Your teacher's hidden checks of exponential_decay run here.
### BEGIN HIDDEN TESTS
check_hidden("exponential_decay", exponential_decay)
### END HIDDEN TESTS

# %% [markdown]
# **Inverse square root decay** often counts steps, $t = 1, 2, 3, \dots$, and has a factor $k$ in front:
#
# $$\eta_t = \frac{k\, \eta_0}{\sqrt{t}}$$
#
# It drops steeply in the first steps and hardly at all later: a hundred times as many steps divide the rate by 10. In
# the long run, inverse time decay divides it by nearly 100.
#
# The formula is not defined at $t = 0$. If you use it with epochs, they must count from 1. And $k$ is not a second
# thing to tune: only the product $k\,\eta_0$ matters, which is simply the rate at $t = 1$. We keep both because you
# will see both.
#
# ### Exercise: `inverse_sqrt_decay`


# %% kind="answer" grade_id="inverse_sqrt_decay"
def inverse_sqrt_decay(lr0, t, k=1.0):
    """Return the rate of inverse square root decay at step t.

    lr0, k: their product is the rate at step 1.
    t: the step, counts from 1.
    Raises ValueError, with a message, if t < 1: at 0 the formula would divide by zero.
    """
    ### BEGIN SOLUTION
    if t < 1:
        raise ValueError(f"t is {t}: steps count from 1, and at 0 the rate would be infinite.")
    return k * lr0 / np.sqrt(t)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# Only $t$ is under the root. NumPy only warns when you divide by zero, so your function must check $t$ itself.
#
# </details>

# %% kind="test" grade_id="inverse_sqrt_decay_visible" points=1
check("inverse_sqrt_decay", inverse_sqrt_decay)

# %% kind="test" grade_id="inverse_sqrt_decay_hidden" points=2
# Your teacher's hidden checks of inverse_sqrt_decay run here.
### BEGIN HIDDEN TESTS
check_hidden("inverse_sqrt_decay", inverse_sqrt_decay)
### END HIDDEN TESTS

# %% kind="test" grade_id="inverse_sqrt_decay_arguments" points=1
# This check tests how your function handles bad arguments.
check("inverse_sqrt_decay", inverse_sqrt_decay, part="arguments")
### BEGIN HIDDEN TESTS
check_hidden("inverse_sqrt_decay", inverse_sqrt_decay, part="arguments")
### END HIDDEN TESTS

# %% [markdown]
# **Step decay** is a staircase. The rate stays constant for some epochs, then drops by a factor:
#
# $$\eta_n = \eta_0\, f^{\lfloor n / m \rfloor}$$
#
# Here $f$ is the factor of each drop, $m$ the number of epochs between drops, and $\lfloor x \rfloor$ is $x$
# rounded down. With $f = 0.5$ and $m = 10$ the first drop is *in* epoch 10, the eleventh one.
#
# ### Exercise: `step_decay`


# %% kind="answer" grade_id="step_decay"
def step_decay(lr0, epoch, factor=0.5, every=10):
    """Return the rate of step decay in the given epoch.

    lr0: the rate in epoch 0.
    epoch: counts from 0.
    factor: what each drop multiplies the rate by.
    every: the number of epochs on one stair, an integer. The drops come in epochs every, 2*every,
        3*every and so on.
    """
    ### BEGIN SOLUTION
    return lr0 * factor ** (epoch // every)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# How many drops have there been by epoch $n$? Python has a division that rounds down.
#
# </details>

# %% kind="test" grade_id="step_decay_visible" points=1
check("step_decay", step_decay)

# %% kind="test" grade_id="step_decay_hidden" points=2
# Your teacher's hidden checks of step_decay run here.
### BEGIN HIDDEN TESTS
check_hidden("step_decay", step_decay)
### END HIDDEN TESTS

# %% [markdown]
# The next two know from the start how long training will last: $T$ epochs in total. **Linear decay** is a straight
# line to zero:
#
# $$\eta_n = \eta_0 \left(1 - \frac{n}{T}\right) \quad \text{for } n \le T, \qquad \text{and } 0 \text{ beyond}$$
#
# ### Exercise: `linear_decay`


# %% kind="answer" grade_id="linear_decay"
def linear_decay(lr0, epoch, total):
    """Return the rate of linear decay in the given epoch.

    lr0: the rate in epoch 0.
    epoch: counts from 0.
    total: the epoch in which the rate reaches 0; it stays 0 from there on.
    Raises ValueError, with a message, if total <= 0.
    """
    ### BEGIN SOLUTION
    if total <= 0:
        raise ValueError(f"total is {total}: it must be at least one epoch.")
    return lr0 * max(1 - epoch / total, 0.0)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# What does the straight line do after epoch $T$? `max` of two numbers keeps a value from falling below a floor.
#
# </details>

# %% kind="test" grade_id="linear_decay_visible" points=1
check("linear_decay", linear_decay)

# %% kind="test" grade_id="linear_decay_hidden" points=2
# Your teacher's hidden checks of linear_decay run here.
### BEGIN HIDDEN TESTS
check_hidden("linear_decay", linear_decay)
### END HIDDEN TESTS

# %% kind="test" grade_id="linear_decay_arguments" points=1
# This check tests how your function handles bad arguments.
check("linear_decay", linear_decay, part="arguments")
### BEGIN HIDDEN TESTS
check_hidden("linear_decay", linear_decay, part="arguments")
### END HIDDEN TESTS

# %% [markdown]
# **Cosine decay** follows one half of a cosine wave, from its crest to its trough. It leaves the first rate slowly,
# falls fastest in the middle, and lands softly on a last rate $\eta_{\min}$ (`lr_min`):
#
# $$\eta_n = \eta_{\min} + \frac{\eta_0 - \eta_{\min}}{2} \left(1 + \cos\frac{\pi n}{T}\right)
# \quad \text{for } n \le T, \qquad \text{and } \eta_{\min} \text{ beyond}$$
#
# ### Exercise: `cosine_decay`


# %% kind="answer" grade_id="cosine_decay"
def cosine_decay(lr0, epoch, total, lr_min=0.0):
    """Return the rate of cosine decay in the given epoch.

    lr0: the rate in epoch 0.
    epoch: counts from 0.
    total: the epoch in which the rate reaches lr_min; it stays there.
    lr_min: the lowest rate.
    Raises ValueError, with a message, if total <= 0.
    """
    ### BEGIN SOLUTION
    if total <= 0:
        raise ValueError(f"total is {total}: it must be at least one epoch.")
    angle = np.pi * min(epoch, total) / total
    return lr_min + (lr0 - lr_min) / 2 * (1 + np.cos(angle))
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# Use `np.cos` and `np.pi`. A cosine goes up again after its trough: which epoch, put into the formula, gives the
# value that you need for all later epochs?
#
# </details>

# %% kind="test" grade_id="cosine_decay_visible" points=1
check("cosine_decay", cosine_decay)

# %% kind="test" grade_id="cosine_decay_hidden" points=2
# Your teacher's hidden checks of cosine_decay run here.
### BEGIN HIDDEN TESTS
check_hidden("cosine_decay", cosine_decay)
### END HIDDEN TESTS

# %% kind="test" grade_id="cosine_decay_arguments" points=1
# This check tests how your function handles bad arguments.
check("cosine_decay", cosine_decay, part="arguments")
### BEGIN HIDDEN TESTS
check_hidden("cosine_decay", cosine_decay, part="arguments")
### END HIDDEN TESTS

# %% [markdown]
# ### Predict, then run
#
# Five schedules begin at 0.2 and train for 100 epochs:
#
# - `"inverse time"` with decay rate 0.02
# - `"exponential"` with base 0.95
# - `"step"`, halved every 20 epochs
# - `"linear"` with a total of 100
# - `"cosine"` with a total of 100
#
# Rank their rates in epoch 80. Sketch the curves on paper first. Your *prediction* is graded. The picture comes
# after it, with inverse square root decay as a sixth curve.

# %% kind="answer" grade_id="largest_rate_first"
# List the five names above, the one with the largest rate in epoch 80 first.
largest_rate_first = None
### BEGIN SOLUTION
largest_rate_first = ["inverse time", "linear", "cosine", "step", "exponential"]
### END SOLUTION

# %% kind="test" grade_id="largest_rate_first_visible" points=0
check("largest_rate_first", largest_rate_first)

# %% kind="test" grade_id="largest_rate_first_hidden" points=1
# Your teacher's hidden check of largest_rate_first runs here.
### BEGIN HIDDEN TESTS
check_hidden("largest_rate_first", largest_rate_first)
### END HIDDEN TESTS

# %% kind="experiment"
schedules = {
    "inverse time": lambda epoch: inverse_time_decay(0.2, epoch, 0.02),
    "exponential": lambda epoch: exponential_decay(0.2, epoch, 0.95),
    "inverse root": lambda epoch: inverse_sqrt_decay(0.2, epoch + 1),
    "step": lambda epoch: step_decay(0.2, epoch, 0.5, 20),
    "linear": lambda epoch: linear_decay(0.2, epoch, 100),
    "cosine": lambda epoch: cosine_decay(0.2, epoch, 100),
}
ax = plot_schedules(schedules, 100, title="Six ways from a large rate to a small one")
ax.axvline(80, color="0.4", linewidth=1)
plt.show()

# %% [markdown]
# Now try it yourself. In the panel, 300 walkers, each with its own noise, descend the parabola $w^2/2$ with your
# `sgd_step`, one step per epoch, at the rates of your schedules. Find a schedule that ends near the minimum with
# noise 1. Then set the noise to 0: which schedule is best now, and why?

# %% kind="experiment"
explore(
    "schedules",
    sgd_step,
    inverse_time_decay,
    exponential_decay,
    step_decay,
    linear_decay,
    cosine_decay,
)

# %% [markdown]
# ### Question: can a rate fall too fast?
#
# Robbins and Monro (1951) gave two conditions under which steps with noise reach the minimum of a
# bowl, given unlimited time:
#
# $$\sum_{n} \eta_n = \infty \qquad \text{and} \qquad \sum_{n} \eta_n^2 < \infty$$
#
# The first says that *the steps can reach any distance*. On a bowl a step removes a share of the remaining distance,
# and the share is proportional to $\eta_n$. If the rates have a finite sum, a part of the distance remains, wherever
# the walk starts (unless one step happens to land exactly on the minimum). The second says that *the noise dies out*:
# each step adds a random error whose variance is proportional to $\eta_n^2$, and all of them together must stay
# bounded.
#
# Which of these rates, $n = 1, 2, 3, \dots$, satisfy *both*?
#
# - a: $0.1$, constant
# - b: $0.1 / (1 + 0.5\,n)$
# - c: $0.1 \cdot 0.95^n$
# - d: $0.1 / \sqrt{n}$
# - e: $0.1 / n^{0.75}$
# - f: $0.1$, halved every 10 epochs
# - g: $0.1 / n^2$
#
# <details><summary>Hint</summary>
#
# $\sum 1/n^p$ is infinite for $p \le 1$ and finite for $p > 1$. Squaring doubles $p$. A geometric series with a
# base below 1 is finite.
#
# </details>

# %% kind="answer" grade_id="robbins_monro_schedules"
# Write the letters of all rates that satisfy both conditions, as a set such as {"a", "g"}.
robbins_monro_schedules = None
### BEGIN SOLUTION
robbins_monro_schedules = {"b", "e"}
### END SOLUTION

# %% kind="test" grade_id="robbins_monro_schedules_visible" points=0
check("robbins_monro_schedules", robbins_monro_schedules)

# %% kind="test" grade_id="robbins_monro_schedules_hidden" points=2
# Your teacher's hidden check of robbins_monro_schedules runs here.
### BEGIN HIDDEN TESTS
check_hidden("robbins_monro_schedules", robbins_monro_schedules)
### END HIDDEN TESTS

# %% [markdown]
# The theorem is not a recipe. It is about unlimited time; your training ends after a number of epochs that you
# choose. Exponential, step, linear and cosine decay all break the first condition, and all work well when their
# budget of steps is large enough. And inverse square root decay breaks the second.
#
# ## 5. Warm up before you decay
#
# The first steps of training are the most dangerous: the weights are random, gradients are large, and a rate that
# is fine later can push the network into a bad region. A **warm-up** raises the rate in a straight line over the
# first $m$ epochs; after that the schedule begins as if it were epoch 0. With $s(n)$ for the rate of the original
# schedule, the new one is
#
# $$s_{\text{warm}}(n) = \begin{cases}
# s(0)\,\dfrac{n + 1}{m} & \text{for } n < m \\[2ex]
# s(n - m) & \text{from } m \text{ on}
# \end{cases}$$
#
# The $+1$ keeps the very first rate above zero: an epoch at rate 0 would be wasted. So the warm-up reaches $s(0)$
# in its last epoch, $m - 1$, and the schedule itself begins with $s(0)$ in epoch $m$.
#
# A warm-up can come before *any* schedule, so write it as a function that takes a function and returns a function.
# For example:
#
# ```python
# def twice(schedule):
#     def doubled(epoch):
#         return 2 * schedule(epoch)
#
#     return doubled  # the function itself, not doubled(...)
# ```
#
# ### Exercise: `with_warmup`


# %% kind="answer" grade_id="with_warmup"
def with_warmup(schedule, warmup_epochs):
    """Return a new schedule: a linear warm-up, followed by the given schedule.

    schedule: a function that takes the epoch, from 0, and returns a rate.
    warmup_epochs: how many epochs the warm-up lasts, an integer. With 0 the new schedule gives the
        rates of the old one.
    Returns a function that takes the epoch and returns a rate.
    Raises ValueError, with a message, if warmup_epochs is negative: immediately, not only when the
        new schedule is called.
    """
    ### BEGIN SOLUTION
    if warmup_epochs < 0:
        raise ValueError(f"warmup_epochs is {warmup_epochs}: it must not be negative.")

    def warmed(epoch):
        if epoch < warmup_epochs:
            return schedule(0) * (epoch + 1) / warmup_epochs
        return schedule(epoch - warmup_epochs)

    return warmed
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# The inner function sees `schedule` and `warmup_epochs` of the outer one. Inside it, check first which of the two
# cases of the formula the epoch belongs to; then a warm-up of 0 epochs needs no special case.
#
# </details>

# %% kind="test" grade_id="with_warmup_visible" points=1
check("with_warmup", with_warmup)

# %% kind="test" grade_id="with_warmup_hidden" points=2
# Your teacher's hidden checks of with_warmup run here.
### BEGIN HIDDEN TESTS
check_hidden("with_warmup", with_warmup)
### END HIDDEN TESTS

# %% kind="test" grade_id="with_warmup_arguments" points=1
# This check tests how your function handles bad arguments.
check("with_warmup", with_warmup, part="arguments")
### BEGIN HIDDEN TESTS
check_hidden("with_warmup", with_warmup, part="arguments")
### END HIDDEN TESTS

# %% kind="experiment"
warmed = {f"{name}, warmed up": with_warmup(schedules[name], 10) for name in ("step", "cosine")}
plot_schedules(warmed, 115, title="Ten epochs of warm-up, then the schedule from its beginning")
plt.show()

# %% [markdown]
# ## 6. Watch and cut
#
# All schedules so far are fixed in advance. People who watch the loss do something else: they lower the rate by
# hand whenever it stops falling. **Plateau decay** turns this habit into an exact rule. Go through the losses in
# order, one per epoch, and remember the `best` so far and how many epochs were `bad` since then:
#
# 1. A loss *below* the best becomes the new best, and `bad` is 0 again. A loss equal to the best is no improvement.
# 2. Any other loss adds 1 to `bad`.
# 3. When `bad` reaches the **patience**, multiply the rate by the factor and set `bad` to 0. The best stays what it
#    was.
#
# With factor 0.5 and patience 2:
#
# | loss | best | bad | rate |
# | --- | --- | --- | --- |
# | 0.9 | 0.9 | 0 | 0.2 |
# | 0.7 | 0.7 | 0 | 0.2 |
# | 0.8 | 0.7 | 1 | 0.2 |
# | 0.7 | 0.7 | 2, then 0 | 0.1 |
# | 0.75 | 0.7 | 1 | 0.1 |
# | 0.6 | 0.6 | 0 | 0.1 |
#
# Libraries differ in the details. PyTorch's `ReduceLROnPlateau` cuts one epoch later, when `bad`
# *exceeds* the patience, and a new best must be lower by more than one part in 10,000. Keras counts
# as we do, and a new best must be lower by more than 0.0001.
#
# ### Exercise: `plateau_decay`


# %% kind="answer" grade_id="plateau_decay"
def plateau_decay(lr0, losses, factor=0.5, patience=3):
    """Return the rate after the rule was applied to the whole history of losses.

    lr0: the first rate.
    losses: a list or array with one loss per epoch, oldest first; it may be empty. Don't change it.
    factor: what a cut multiplies the rate by.
    patience: how many bad epochs lead to a cut, at least 1.
    Returns one number: the rate for the epoch that follows.
    """
    ### BEGIN SOLUTION
    lr, best, bad = lr0, np.inf, 0
    for loss in losses:
        if loss < best:
            best, bad = loss, 0
        else:
            bad += 1
        if bad == patience:
            lr, bad = lr * factor, 0
    return lr
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# Before the first loss nothing is known, so any loss must count as an improvement: begin with `best = np.inf`. Then
# one loop over the losses, with the three rules in it.
#
# </details>

# %% kind="test" grade_id="plateau_decay_visible" points=1
check("plateau_decay", plateau_decay)

# %% kind="test" grade_id="plateau_decay_hidden" points=2
# Your teacher's hidden checks of plateau_decay run here.
### BEGIN HIDDEN TESTS
check_hidden("plateau_decay", plateau_decay)
### END HIDDEN TESTS

# %% [markdown]
# ### Experiment: a staircase of losses
#
# Fifty weights walk down a bowl with noise, twenty steps an epoch. Before each epoch your `plateau_decay` reads the
# losses so far and returns the next rate.


# %% kind="experiment"
def walk_epochs(next_rate, epochs=80):
    hill = quadratic(np.diag(np.linspace(0.2, 1.0, 50)))
    noisy = noisy_gradient(hill, 1.0, np.random.default_rng(5))
    w, losses, rates = np.full(50, 3.0), [], []
    for _ in range(epochs):
        rates.append(next_rate(losses))
        for _ in range(20):
            w = sgd_step(w, noisy(w), rates[-1])
        losses.append(float(hill.value(w)))
    return losses, rates


constant_losses, constant_rates = walk_epochs(lambda losses: 0.8)
losses, rates = walk_epochs(lambda losses: plateau_decay(0.8, losses, factor=0.3, patience=6))

# %% kind="experiment"
with style():
    fig, (top, bottom) = plt.subplots(2, 1, figsize=(7.5, 6.0), sharex=True)
both = {"constant": constant_losses, "cut on a plateau": losses}
plot_losses(both, ax=top, title="Each cut of the rate lets the loss fall further", x="")
both = {"constant": constant_rates, "cut on a plateau": rates}
plot_losses(both, ax=bottom, title="The rate is multiplied by 0.3 at each cut", y="rate")
plt.show()

# %% [markdown]
# Each cut of the rate lets the loss fall below the plateau it was on. The smaller the rate, the longer the way down
# to the next plateau: after the last cut the loss is still falling. You will meet this staircase in many papers.
#
# Note what the rule looks at. If the loss is noisy, a low value may be luck, and the next epochs may fail to beat
# it although training goes well. If the patience is small, the rate is then cut too early, and it never rises
# again.

# %% [markdown]
# ## 7. How far does a constant rate wander?
#
# So far we *saw* that the weights never settle at a constant rate. Now we compute how widely they wander. Near a
# minimum a smooth loss looks like a bowl, so take one weight $w$ and the loss $\tfrac12 h w^2$, whose minimum is
# at 0. The **curvature** $h > 0$ says how steep the bowl is. Its gradient is $h\,w$, and a mini-batch adds noise
# $\varepsilon$ of mean 0 and standard deviation $s$, drawn again at each step. One step of SGD is then
#
# $$w_{\text{new}} = w - \eta\,(h\,w + \varepsilon) = (1 - \eta h)\,w - \eta\,\varepsilon$$
#
# *The mean.* The noise has mean 0, so the mean of $w$ is multiplied by $1 - \eta h$ at each step. It goes to 0
# exactly when $|1 - \eta h| < 1$, that is, when $0 < \eta h < 2$. Above 2 the weight diverges: that is a rate that
# is too high.
#
# *The variance.* Write $V$ for the variance of $w$. The new noise is independent of the old $w$, so the variances
# of the two terms add:
#
# $$V_{\text{new}} = (1 - \eta h)^2\, V + \eta^2 s^2$$
#
# Since $(1 - \eta h)^2 < 1$, the variance settles where it no longer changes, at the **stationary variance**,
# $V_{\text{new}} = V$. Solve for $V$:
#
# $$V \left(1 - (1 - \eta h)^2\right) = \eta^2 s^2$$
#
# The bracket is $2 \eta h - \eta^2 h^2 = \eta h\,(2 - \eta h)$, and so
#
# $$V = \frac{\eta\, s^2}{h\,(2 - \eta h)}$$
#
# The loss then stays, on average, $\tfrac12 h V$ above its minimum: that is the **noise floor** of the rate.
#
# For small rates $V$ is nearly $\eta s^2 / (2h)$: **it is proportional to the rate**. Lower the rate, and the floor
# comes down with it. (For a batch of $B$ examples $s^2$ is proportional to $1/B$, so a larger batch lowers it too, but
# each of its steps costs more. The *size of the training set* does not make a mini-batch noisier.)
#
# ### Predict, then run
#
# Take $h = 1$ and lower the rate from $1.5$ to $0.75$, half of it. What share of the stationary variance is left?
# Work it out on paper from the formula; your prediction is graded.

# %% kind="answer" grade_id="share_of_variance_left"
# Write the variance at rate 0.75 divided by that at rate 1.5, one number with two decimals.
share_of_variance_left = None
### BEGIN SOLUTION
high, low = 1.5, 0.75
share_of_variance_left = low / (2 - low) / (high / (2 - high))
### END SOLUTION

# %% kind="test" grade_id="share_of_variance_left_visible" points=0
check("share_of_variance_left", share_of_variance_left)

# %% kind="test" grade_id="share_of_variance_left_hidden" points=1
# Your teacher's hidden check of share_of_variance_left runs here.
### BEGIN HIDDEN TESTS
check_hidden("share_of_variance_left", share_of_variance_left)
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise: `stationary_variance`


# %% kind="answer" grade_id="stationary_variance"
def stationary_variance(lr, curvature, noise_std):
    """Return the variance at which one weight settles under SGD with a constant rate.

    lr: the rate.
    curvature: h, the second derivative of the loss.
    noise_std: s, the standard deviation of the gradient's noise.
    Raises ValueError, with a message, unless 0 < lr*curvature < 2: otherwise nothing settles.
    """
    ### BEGIN SOLUTION
    if not 0 < lr * curvature < 2:
        raise ValueError(f"lr*curvature is {lr * curvature}: it must lie between 0 and 2.")
    return lr * noise_std**2 / (curvature * (2 - lr * curvature))
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# Python understands chained comparisons, `0 < x < 2`, and `not` in front of them. Don't forget the parentheses
# around the whole denominator.
#
# </details>

# %% kind="test" grade_id="stationary_variance_visible" points=1
check("stationary_variance", stationary_variance)

# %% kind="test" grade_id="stationary_variance_hidden" points=2
# Your teacher's hidden checks of stationary_variance run here.
### BEGIN HIDDEN TESTS
check_hidden("stationary_variance", stationary_variance)
### END HIDDEN TESTS

# %% kind="test" grade_id="stationary_variance_arguments" points=1
# This check tests how your function handles bad arguments.
check("stationary_variance", stationary_variance, part="arguments")
### BEGIN HIDDEN TESTS
check_hidden("stationary_variance", stationary_variance, part="arguments")
### END HIDDEN TESTS

# %% [markdown]
# ### Experiment: theory and measurement
#
# Twenty groups of 200 weights, all in a bowl of curvature 1 with noise of standard deviation 1, take 400 of your
# steps. The band is the spread of the twenty measured variances, the dashed black line is your formula. Below the
# figure the cell prints the measured value of the share that you predicted.


# %% kind="experiment"
def measure(lr, seed):
    rng = np.random.default_rng(seed)
    w = np.zeros((20, 200))
    for _ in range(400):
        w = sgd_step(w, w + rng.normal(size=w.shape), lr)
    return w.var(axis=1)


rates = np.geomspace(0.02, 1.95, 15)
measured = np.transpose([measure(lr, seed) for seed, lr in enumerate(rates)])
theory = {"stationary_variance": [stationary_variance(lr, 1.0, 1.0) for lr in rates]}
labels = {"x_label": "learning rate", "y_label": "variance of the weight"}
title = "The measurements match your formula"
plot_band(rates, {"measured": measured}, theory, title=title, log=True, **labels)
plt.show()
low, high = (np.mean([measure(lr, seed) for seed in range(10)]) for lr in (0.75, 1.5))
print(f"At rate 0.75 there is {low / high:.2f} of the variance at rate 1.5.")

# %% [markdown]
# On these logarithmic axes the line is straight, with slope 1, for small rates: half the rate, half the variance.
# Near the edge of stability it shoots up. Was your prediction right?
#
# ## 8. Find the first rate: the range test
#
# Every schedule needs a first rate. Smith (2017) finds its order of magnitude in one short run: start with a tiny
# rate, raise it at each step, and watch how training goes. He raised it by a constant amount. A constant *factor*,
# as is usual today, covers many orders of magnitude, and we watch the loss. First nothing happens; then the loss
# falls; then it explodes. A good rate lies well below the explosion: a third to a tenth of where the loss begins to
# rise is a common choice.
#
# The rates of the test are spaced evenly in their logarithm, from `lr_min` to `lr_max`, both included; that is what
# `np.geomspace` gives.
#
# ### Exercise: `lr_range_test`


# %% kind="answer" grade_id="lr_range_test"
def lr_range_test(loss_after_step, lr_min, lr_max, steps):
    """Return the rates tried and the loss after each, up to where training breaks.

    loss_after_step: a function of a rate. It takes *one training step* with that rate and returns
        the loss after it; each call continues from where the last one ended.
    lr_min, lr_max: the first and the last rate, both included.
    steps: the number of rates, spaced evenly in the logarithm.
    Returns (lrs, losses), two arrays of the same length. The first pair whose loss is not finite is
        left out, and no step is taken after it.
    Raises ValueError, with a message, unless 0 < lr_min < lr_max and steps >= 2.
    """
    ### BEGIN SOLUTION
    if not 0 < lr_min < lr_max:
        raise ValueError(f"0 < lr_min < lr_max is needed, not {lr_min} and {lr_max}.")
    if steps < 2:
        raise ValueError(f"steps is {steps}: a range has two ends, so there must be at least 2.")
    lrs = np.geomspace(lr_min, lr_max, steps)
    losses = []
    for lr in lrs:
        loss = loss_after_step(lr)
        if not np.isfinite(loss):
            break
        losses.append(loss)
    return lrs[: len(losses)], np.array(losses)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# `np.isfinite` is False for NaN and for both infinities. Call `loss_after_step` once for each rate and keep what it
# returned: calling it again takes another step. `break` leaves a loop; a list of losses becomes an array with
# `np.array`.
#
# </details>

# %% kind="test" grade_id="lr_range_test_visible" points=1
check("lr_range_test", lr_range_test)

# %% kind="test" grade_id="lr_range_test_hidden" points=2
# Your teacher's hidden checks of lr_range_test run here.
### BEGIN HIDDEN TESTS
check_hidden("lr_range_test", lr_range_test)
### END HIDDEN TESTS

# %% kind="test" grade_id="lr_range_test_arguments" points=1
# This check tests how your function handles bad arguments.
check("lr_range_test", lr_range_test, part="arguments")
### BEGIN HIDDEN TESTS
check_hidden("lr_range_test", lr_range_test, part="arguments")
### END HIDDEN TESTS

# %% [markdown]
# ### Experiment: the rate for handwritten digits
#
# A real network at last: 64 pixels, one hidden layer of 32 units, 10 digits. We train it with mini-batches of 4, so
# the gradients are very noisy. Some of the digits, the **validation set**, are not used for training: we only
# measure the loss on them.

# %% kind="experiment"
train_set, validation_set = split(*digits(), (0.7, 0.3), np.random.default_rng(0))
network = MLP((64, 32, 10), activation="tanh")


def digits_step():
    """Return a function that takes one step on the digits and returns the validation loss."""
    rng = np.random.default_rng(2)
    params = network.initialize(rng)

    def loss_after_step(lr):
        batch = rng.choice(len(train_set), size=4)
        _, grads = network.loss_and_gradients(params, train_set.X[batch], train_set.y[batch])
        params.update({name: sgd_step(params[name], grads[name], lr) for name in params})
        return network.evaluate(params, *validation_set)[0]

    return loss_after_step


# %% kind="experiment"
lrs, losses = lr_range_test(digits_step(), 1e-3, 10.0, 200)
title = "Range test: the loss falls, then explodes"
plot_sensitivity(lrs, {"": losses}, title=title, y="loss after the step")
plt.show()

# %% [markdown]
# At which rate does the loss begin to rise? Divide that rate by three and by ten, and remember the two results:
# search near them.

# %% [markdown]
# ## 9. Search for rate and decay together
#
# A range test gives a first guess. To do better, try some values and keep the best. Two rules of practice:
#
# - **Search on a logarithmic scale.** From 0.001 to 0.01 is as far as from 0.1 to 1. Drawn uniformly from [0.001,
#   1], nine of ten rates would be larger than 0.1.
# - **Draw at random rather than on a grid.** A grid of 5 by 5 tries only five different rates. Twenty-five random
#   points try twenty-five (Bergstra and Bengio 2012).
#
# A number is **log-uniform** on $[a, b]$ when its *logarithm* is uniform on $[\log a, \log b]$. Any base of the
# logarithm will do, as long as you convert back with the same one.
#
# ### Exercise: `sample_log_uniform`


# %% kind="answer" grade_id="sample_log_uniform"
def sample_log_uniform(low, high, size, rng):
    """Return independent draws that are uniform in their logarithm between low and high.

    low, high: the ends.
    size: how many draws, or a shape such as (3, 2).
    rng: a numpy.random.Generator, the only source of randomness.
    Returns an array with `size` entries, or of that shape.
    Raises ValueError, with a message, unless 0 < low <= high.
    """
    ### BEGIN SOLUTION
    if not 0 < low <= high:
        raise ValueError(f"0 < low <= high is needed, not {low} and {high}.")
    return np.exp(rng.uniform(np.log(low), np.log(high), size))
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# `rng.uniform(a, b, size)` draws uniformly. Take the logarithms of the ends first, draw between them, and convert
# back with the inverse of *this* logarithm.
#
# </details>

# %% kind="test" grade_id="sample_log_uniform_visible" points=1
check("sample_log_uniform", sample_log_uniform)

# %% kind="test" grade_id="sample_log_uniform_hidden" points=2
# Your teacher's hidden checks of sample_log_uniform run here.
### BEGIN HIDDEN TESTS
check_hidden("sample_log_uniform", sample_log_uniform)
### END HIDDEN TESTS

# %% kind="test" grade_id="sample_log_uniform_arguments" points=1
# This check tests how your function handles bad arguments.
check("sample_log_uniform", sample_log_uniform, part="arguments")
### BEGIN HIDDEN TESTS
check_hidden("sample_log_uniform", sample_log_uniform, part="arguments")
### END HIDDEN TESTS

# %% [markdown]
# ### Experiment: forty random pairs
#
# Each point is one network, trained for six epochs with your inverse time decay. Both panels show the same forty
# networks: once against their first rate, once against their decay rate. The star is the best. The cell takes a few
# seconds.


# %% kind="experiment"
def fit(lr0, decay_rate, seed=1):
    """Train on the digits for six epochs; return validation loss and accuracy."""
    rng = np.random.default_rng(seed)
    start = network.initialize(rng)

    def schedule(epoch):
        return inverse_time_decay(lr0, epoch, decay_rate)

    step = stateless(sgd_step)
    run = train(network, start, train_set, step, schedule, 6, 4, rng, evaluate=False)
    return (np.nan, 0.0) if run.note else network.evaluate(run.params, *validation_set)


rng = np.random.default_rng(3)
lr0s = sample_log_uniform(0.001, 1.0, 40, rng)
decay_rates = sample_log_uniform(0.01, 10.0, 40, rng)
losses, right = np.transpose([fit(lr0, decay_rate) for lr0, decay_rate in zip(lr0s, decay_rates)])

# %% kind="experiment"
best = np.nanargmin(losses)
with style():
    fig, axes = plt.subplots(1, 2, figsize=(9, 4), sharey=True)
for ax, values, name in zip(axes, (lr0s, decay_rates), ("first rate", "decay rate per epoch")):
    ax.loglog(values, losses, "o", color=COLORS[0])
    ax.loglog(values[best], losses[best], "*", color=COLORS[1], markersize=20, label="lowest loss")
    ax.set_xlabel(name)
axes[0].set_ylabel("validation loss")
axes[0].legend(loc="lower left")
fig.suptitle("Forty networks: the first rate decides, the decay refines")
plt.show()
print(f"Best: first rate {lr0s[best]:.2g}, decay rate {decay_rates[best]:.2g}.")
print(f"It gets {right[best]:.1%} of the validation digits right.")

# %% [markdown]
# Against the first rate the points form a valley; against the decay rate, a cloud. That is why we tune the constant
# rate first. How much does the refinement gain? We train with seven first rates, three networks each. The lines are
# medians, the bands show how much the three differ.

# %% kind="experiment"
grid = np.geomspace(0.03, 1.0, 7)
final = {
    name: [[fit(lr0, decay_rate, seed)[0] for lr0 in grid] for seed in range(3)]
    for name, decay_rate in {"constant": 0.0, "decay rate 0.3": 0.3}.items()
}
labels = {"x_label": "first rate", "y_label": "validation loss"}
plot_band(grid, final, title="With decay a higher first rate pays off", log=True, **labels)
plt.show()
for name, values in final.items():
    print(f"{name}: the lowest median is {np.median(values, axis=0).min():.3f}")

# %% [markdown]
# With decay the valley is deeper, and wider on the right: a rate that falls later can afford to be high at first.
# On the left, where the rate is too low anyway, decay only does harm. So tune the first rate again after adding
# decay. Did the two rates from your range test lie in the valley?
#
# One thing decay does *not* cure: a narrow valley, in which even the exact gradient zigzags from
# wall to wall at a high rate and hardly moves along the valley at a low one. That is a matter of
# curvature, not of noise, and is the subject of notebook 05.

# %% [markdown]
# ## 10. The same in PyTorch
#
# In PyTorch a schedule is an object that changes the rate of an optimizer. It counts by itself: each call of
# `scheduler.step()` sets the rate of the next epoch. Like ours, it counts from 0, so the first epoch has the first
# rate.
#
# | this course | PyTorch, in `torch.optim.lr_scheduler` | note |
# | --- | --- | --- |
# | `exponential_decay` | `ExponentialLR(optimizer, gamma)` | |
# | `step_decay` | `StepLR(optimizer, step_size=every, gamma=factor)` | the default of `gamma` is 0.1 |
# | `cosine_decay` | `CosineAnnealingLR(optimizer, T_max=total, eta_min=lr_min)` | rises again after `T_max` |
# | any function of the epoch | `LambdaLR(optimizer, share)` | `share(epoch)` multiplies the first rate |
# | `plateau_decay` | `ReduceLROnPlateau(optimizer, factor, patience - 1, threshold=0)` | `scheduler.step(loss)` |
#
# The next cell compares your functions with PyTorch, if it is installed. You need not install it.

# %% kind="experiment"
from course_utils.pytorch import compare_with_torch


@compare_with_torch
def schedules(torch):
    kinds = torch.optim.lr_scheduler

    def rates(kind, losses=(), **settings):
        """Return the rates that PyTorch uses in 15 epochs."""
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.4)
        scheduler, used = kind(optimizer, **settings), []
        for epoch in range(15):
            used.append(optimizer.param_groups[0]["lr"])
            optimizer.step()  # in a training loop: every mini-batch of this epoch
            scheduler.step(*losses[epoch : epoch + 1])  # then, once: the rate of the next epoch
        return used

    def mine(schedule):
        return [schedule(epoch) for epoch in range(15)]

    share = with_warmup(lambda epoch: cosine_decay(1.0, epoch, 10), 5)
    losses = [9, 7, 8, 7, 7, 6, 6, 6, 6, 6, 5, 5, 5, 5, 5]
    watched = mine(lambda epoch: plateau_decay(0.4, losses[:epoch], factor=0.5, patience=3))
    plateau = {"kind": kinds.ReduceLROnPlateau, "losses": losses, "factor": 0.5, "threshold": 0}
    return {
        "ExponentialLR(gamma=0.9)": (
            mine(lambda epoch: exponential_decay(0.4, epoch, 0.9)),
            rates(kinds.ExponentialLR, gamma=0.9),
        ),
        "StepLR(step_size=4, gamma=0.5)": (
            mine(lambda epoch: step_decay(0.4, epoch, 0.5, every=4)),
            rates(kinds.StepLR, step_size=4, gamma=0.5),
        ),
        "CosineAnnealingLR(T_max=20)": (
            mine(lambda epoch: cosine_decay(0.4, epoch, 20)),
            rates(kinds.CosineAnnealingLR, T_max=20),
        ),
        "LambdaLR, your warm-up and cosine": (
            mine(lambda epoch: 0.4 * share(epoch)),
            rates(kinds.LambdaLR, lr_lambda=share),
        ),
        "ReduceLROnPlateau(patience=2)": (watched, rates(**plateau, patience=2)),
        "trap: ReduceLROnPlateau(patience=3)": (watched, rates(**plateau, patience=3)),
        "trap: CosineAnnealingLR(T_max=10), after its end": (
            mine(lambda epoch: cosine_decay(0.4, epoch, 10)),
            rates(kinds.CosineAnnealingLR, T_max=10),
        ),
    }


# %% [markdown]
# With PyTorch, the cell prints this:
#
# ```
# ExponentialLR(gamma=0.9)                          the same
# StepLR(step_size=4, gamma=0.5)                    the same
# CosineAnnealingLR(T_max=20)                       the same
# LambdaLR, your warm-up and cosine                 the same
# ReduceLROnPlateau(patience=2)                     the same
# trap: ReduceLROnPlateau(patience=3)               differs by up to 0.3
# trap: CosineAnnealingLR(T_max=10), after its end  differs by up to 0.14
# ```
#
# Four traps that people meet:
#
# - **Too early, too often.** Call `scheduler.step()` once per epoch, *after* the optimizer's steps. If you call it
#   before them, the first rate is never used. If you call it after each mini-batch, an epoch ends after one mini-batch
#   for the schedule. (Some schedules are meant to count mini-batches, for example `OneCycleLR`: then `T_max` or
#   `total_steps` is their number.)
# - **A share, not a rate.** `LambdaLR` multiplies the rate of the optimizer by what your function returns.
# - **Patience.** PyTorch cuts when the number of bad epochs is *above* its patience. Its default `threshold` of 0.0001
#   also counts very small improvements as bad, and its default `factor` is 0.1.
# - **Beyond the end.** PyTorch's cosine goes up again after `T_max` epochs. Ours stays at `lr_min`.
#
# ## Going further ★
#
# Three schedules that are used for large networks today. They carry no points, but they are checked like the
# others.
#
# ### ★ Exercise: `one_cycle`
#
# Smith and Topin (2019) go up first, to a higher rate than usual, and then down to almost nothing. In their paper
# the rate moves in straight lines: up, back to where it began, and in a third part down to almost nothing. Here is
# the form of PyTorch's `OneCycleLR`, with two parts and half a cosine wave in each (PyTorch counts steps, not
# epochs). With $T$ epochs in total and the share $p$ of them for the rise, the highest rate, $\eta_{\max}$, comes
# at epoch $u = p\,T - 1$. Two divisors, $\mathrm{div}$ and $\mathrm{final\_div}$, say how far below it the first
# and the last rate lie. In each part the rate goes from $a$ at its start to $b$ at its end as follows, where $x$
# runs from 0 to 1:
#
# $$c(a, b, x) = b + \frac{a - b}{2}\,(1 + \cos \pi x)$$
#
# - **Up**, for $n \le u$: from $\eta_{\max} / \mathrm{div}$ to $\eta_{\max}$, with $x = n / u$.
# - **Down**, for $u < n \le T - 1$: from $\eta_{\max}$ to $\eta_{\max} / \mathrm{div} / \mathrm{final\_div}$, with
#   $x = (n - u) / (T - 1 - u)$.
# - Beyond $T - 1$ it stays at the last rate.


# %% kind="answer" grade_id="one_cycle" star=true
def one_cycle(lr_max, epoch, total, pct=0.3, div=25.0, final_div=1e4):
    """Return the rate of the one-cycle schedule in the given epoch.

    lr_max: the highest rate.
    epoch: counts from 0.
    total: T, the number of epochs.
    pct: p, the share of the epochs for the rise, below 1.
    div: the first rate is lr_max/div.
    final_div: the last rate is lr_max/div/final_div, in epoch total - 1 and beyond.
    Raises ValueError, with a message, if the rise has no length: pct*total - 1 <= 0.
    """
    ### BEGIN SOLUTION
    up = pct * total - 1
    if up <= 0:
        raise ValueError(f"pct*total is {pct * total}: the rise needs more than one epoch.")

    def between(start, end, x):
        return end + (start - end) / 2 * (1 + np.cos(np.pi * x))

    if epoch <= up:
        return between(lr_max / div, lr_max, epoch / up)
    x = min((epoch - up) / (total - 1 - up), 1.0)
    return between(lr_max, lr_max / div / final_div, x)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# Write the half wave as a small inner function: you need it twice. `min` keeps $x$ at 1 beyond the end. `u` need
# not be an integer.
#
# </details>

# %% kind="test" grade_id="one_cycle_visible" points=0
check("one_cycle", one_cycle)

# %% kind="test" grade_id="one_cycle_hidden" points=0
# Your teacher's hidden checks of one_cycle run here.
### BEGIN HIDDEN TESTS
check_hidden("one_cycle", one_cycle)
### END HIDDEN TESTS

# %% kind="test" grade_id="one_cycle_arguments" points=0
# This check tests how your function handles bad arguments.
check("one_cycle", one_cycle, part="arguments")
### BEGIN HIDDEN TESTS
check_hidden("one_cycle", one_cycle, part="arguments")
### END HIDDEN TESTS

# %% [markdown]
# ### ★ Exercise: `warmup_stable_decay`
#
# Hu and others (2024) keep the rate flat for as long as they like, and let it fall only at the very end. So you can
# extend training: you don't have to decide its length beforehand. The fall may have any shape (theirs is
# exponential); here it is a straight line. With $T$ epochs in total, $m$ of warm-up, $c$ of decay and $\eta_{\max}$
# for the rate of the flat part:
#
# $$\eta_n = \eta_{\max} \cdot \begin{cases}
# (n + 1) / m & \text{for } n < m \\
# 1 & \text{for } m \le n < T - c \\
# (T - n) / c & \text{for } T - c \le n < T \\
# 0 & \text{from } T \text{ on}
# \end{cases}$$


# %% kind="answer" grade_id="warmup_stable_decay" star=true
def warmup_stable_decay(lr_max, epoch, total, warmup, decay):
    """Return the rate of the warmup-stable-decay schedule in the given epoch.

    lr_max: the rate of the flat part.
    epoch: counts from 0.
    total: T, the number of epochs.
    warmup, decay: how many epochs the warm-up and the final decay last, integers; each may be 0.
    Raises ValueError, with a message, if warmup + decay > total.
    """
    ### BEGIN SOLUTION
    if warmup + decay > total:
        raise ValueError(f"{warmup} and {decay} epochs are together longer than {total}.")
    if epoch < warmup:
        return lr_max * (epoch + 1) / warmup
    if epoch < total - decay:
        return lr_max
    if epoch < total:
        return lr_max * (total - epoch) / decay
    return 0.0
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# Take the cases of the formula in their order, one `if` each; a `return` ends the function, so each case can rely
# on the earlier ones not being true.
#
# </details>

# %% kind="test" grade_id="warmup_stable_decay_visible" points=0
check("warmup_stable_decay", warmup_stable_decay)

# %% kind="test" grade_id="warmup_stable_decay_hidden" points=0
# Your teacher's hidden checks of warmup_stable_decay run here.
### BEGIN HIDDEN TESTS
check_hidden("warmup_stable_decay", warmup_stable_decay)
### END HIDDEN TESTS

# %% kind="test" grade_id="warmup_stable_decay_arguments" points=0
# This check tests how your function handles bad arguments.
check("warmup_stable_decay", warmup_stable_decay, part="arguments")
### BEGIN HIDDEN TESTS
check_hidden("warmup_stable_decay", warmup_stable_decay, part="arguments")
### END HIDDEN TESTS

# %% [markdown]
# ### ★ Exercise: `cosine_restarts`
#
# Loshchilov and Hutter (2017) run cosine decay again and again, jumping back to $\eta_0$ each time. The cycle
# number $i = 0, 1, 2, \dots$ lasts $T_i = T_0\, r^i$ epochs, where $T_0$ (`first`) is the length of the first and
# $r$ (`mult`) says how cycles grow. In epoch $k$ of its cycle, counted from 0, the rate is
#
# $$\eta = \eta_{\min} + \frac{\eta_0 - \eta_{\min}}{2} \left(1 + \cos\frac{\pi k}{T_i}\right)$$
#
# The epoch of a restart is epoch 0 of the new cycle. With $T_0 = 5$ and $r = 2$ restarts come in epochs 5, 15, 35,
# ...


# %% kind="answer" grade_id="cosine_restarts" star=true
def cosine_restarts(lr0, epoch, first, mult=1, lr_min=0.0):
    """Return the rate of cosine decay with restarts in the given epoch.

    lr0: the rate at the beginning of each cycle.
    epoch: counts from 0 through all cycles.
    first: the number of epochs in the first cycle.
    mult: how many times as long each cycle is as the one before, an integer, at least 1.
    lr_min: the rate that each cycle falls towards.
    """
    ### BEGIN SOLUTION
    length = first
    while epoch >= length:
        epoch -= length
        length *= mult
    return lr_min + (lr0 - lr_min) / 2 * (1 + np.cos(np.pi * epoch / length))
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# First find the cycle: as long as the epoch is beyond the current cycle, subtract that cycle's length and go on to
# the next. What remains is $k$.
#
# </details>

# %% kind="test" grade_id="cosine_restarts_visible" points=0
check("cosine_restarts", cosine_restarts)

# %% kind="test" grade_id="cosine_restarts_hidden" points=0
# Your teacher's hidden checks of cosine_restarts run here.
### BEGIN HIDDEN TESTS
check_hidden("cosine_restarts", cosine_restarts)
### END HIDDEN TESTS

# %% kind="experiment"
modern = {
    "one cycle": lambda epoch: one_cycle(0.5, epoch, 60),
    "warm-up, stable, decay": lambda epoch: warmup_stable_decay(0.5, epoch, 60, 6, 15),
    "cosine with restarts": lambda epoch: cosine_restarts(0.5, epoch, 8, mult=2),
}
plot_schedules(modern, 60, title="Three modern schedules")
plt.show()

# %% [markdown]
# ## Summary
#
# - Mini-batch gradients are noisy. At a constant rate the weights end up wandering around the minimum, with a
#   variance of $\eta s^2 / (h (2 - \eta h))$: nearly proportional to the rate.
# - Large steps early cover the distance, small steps late let the noise die out.
# - Tune the constant rate first, on a logarithmic scale. Then add decay, and check whether the first rate can now
#   be higher.
# - Per epoch or per step? Counted from 0 or from 1? Say so whenever you write a schedule down.
#
# ## References
#
# - Robbins and Monro (1951), *A stochastic approximation method*. The two conditions.
# - Bergstra and Bengio (2012), *Random search for hyper-parameter optimization*.
# - Smith (2017), *Cyclical learning rates for training neural networks*. The range test.
# - Loshchilov and Hutter (2017), *SGDR: stochastic gradient descent with warm restarts*. Cosine decay.
# - Goyal and others (2017), *Accurate, large minibatch SGD: training ImageNet in 1 hour*. Linear warm-up.
# - Mandt, Hoffman and Blei (2017), *Stochastic gradient descent as approximate Bayesian inference*. More on the
#   stationary distribution.
# - Smith and Topin (2019; on arXiv since 2017), *Super-convergence: very fast training of neural networks using
#   large learning rates*. One cycle.
# - Hu and others (2024), *MiniCPM: unveiling the potential of small language models with scalable training
#   strategies*. Warmup-stable-decay.
#
# Next: [Regularization, part one](../02a_penalties_and_stopping/02a_penalties_and_stopping.ipynb), where the network
# learns the noise itself.
