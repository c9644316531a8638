# %% [markdown] writes="forward and backward pass, running statistics, batch renormalization"
# # Batch normalization
#
# *About four hours, and one more for the starred exercises. You need the chain rule, and how a gradient runs back
# through the layers of a network (lesson 00b).*
#
# A deep network is a long product. If every layer makes its numbers a little smaller, nothing is left after twenty
# layers; if every layer makes them a little larger, they grow without limit. Careful initial weights keep the balance
# at the start, but training moves the weights. Batch normalization puts the balance into the network itself: each
# layer measures the numbers that pass through it, feature by feature, and brings them to one scale. A network built
# this way trains with rates and initial weights that would otherwise ruin it. But its output for one example now
# depends on the other examples in the batch, and that can fail badly. You will write the layer, derive its gradient,
# see both sides, and then write two related layers that fix what it breaks.
#
# When you are done you can
#
# - write batch normalization for training and for test time, and say what differs between libraries;
# - derive its backward pass, and check it;
# - fold a trained batch-norm layer into the layer before it;
# - say when batch norm fails, and use batch renormalization or layer normalization there.

# %% kind="setup" grade_id="imports"
import itertools
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap

from course_utils.checks import check, check_hidden
from course_utils.data import Dataset, digits, photographs, split
from course_utils.explorers import explore
from course_utils.gradcheck import gradient_error
from course_utils.networks import MLP, Normalization, cross_entropy
from course_utils.networks.after import AfterMLP
from course_utils.networks.renorm import RenormMLP
from course_utils.plots import (
    COLORS,
    plot_band,
    plot_histograms,
    plot_images,
    plot_losses,
    style,
)
from course_utils.training import stateless, train, with_progress

# %% [markdown]
# ## The problem in one picture
#
# Handwritten digits pass through twenty layers whose weights are random. He's rule says how large the initial weights
# should be for a ReLU network. The picture shows how large the numbers are after each layer when the weights follow
# that rule, and when they are half or twice as large. Note the vertical axis: each tick is a factor of 100.

# %%
X, y = digits()
training, validation = split(X, y, (0.7, 0.3), np.random.default_rng(0))
deep = (64,) * 21 + (10,)

spread = {}
for scale in (2.0, 1.0, 0.5):
    net = MLP(deep)
    params = net.initialize(np.random.default_rng(1), scale=scale)
    spread[f"weights × {scale:g}"] = [a.std() for a in net.activations(params, training.X[:256])]
ax = plot_losses(
    spread,
    title="A factor of 2 in the weights, twenty layers deep",
    x="hidden layer, counted from 0",
    y="standard deviation of its outputs",
)
ax.set_xticks(range(0, 20, 4))
plt.show()

# %% [markdown]
# The middle curve is where we want to be. But a small change is enough to leave it, and nothing in the network pulls
# it back.
#
# ## 1. The layer in training
#
# **The idea.** Take one feature, that is, one output of an affine map $x W + b$. Look at its values over the batch.
# Subtract their mean and divide by their standard deviation: the feature now has mean 0 and deviation 1, whatever the
# weights were. Then multiply by a learned scale and add a learned shift, so that the network can choose another mean
# and deviation if it needs them.
#
# **The formula.** A batch holds $N$ examples (rows) of $D$ features (columns). $x_{ij}$ is feature $j$ of example
# $i$. For every feature $j$:
#
# $$m_j = \frac1N \sum_{i=1}^N x_{ij} \qquad v_j = \frac1N \sum_{i=1}^N (x_{ij} - m_j)^2 \qquad
# s_j = \sqrt{v_j + \varepsilon}$$
#
# $$\hat x_{ij} = \frac{x_{ij} - m_j}{s_j} \qquad\qquad y_{ij} = \gamma_j\, \hat x_{ij} + \beta_j$$
#
# Here $m_j$ is the batch's mean and $v_j$ its variance, divided by $N$ and not by $N-1$: the *biased* variance.
# $\varepsilon$ (epsilon) is a small number that keeps us from dividing by 0 if a feature is constant; it is under the
# root. $s_j$ is then the deviation that we divide by, $\hat x_{ij}$ is the normalized value, and $y_{ij}$ is the
# output. The scale $\gamma_j$ (gamma) and the shift $\beta_j$ (beta) are parameters, trained like weights. They start
# at 1 and 0.
#
# ### By hand first: a batch of three
#
# Three examples with two features each. To get round numbers we take a huge $\varepsilon = 2$. Work out each column on
# paper, from the top down. In the end, $\gamma$ is 2 for the first feature and 8 for the second, and $\beta$ is 1 and
# 2.
#
# | | first feature | second feature |
# | --- | --- | --- |
# | $x$, example 1 | 1 | 14 |
# | $x$, example 2 | 1 | 11 |
# | $x$, example 3 | 4 | 5 |
# | mean $m$ | 2 | 10 |
# | variance $v$, divided by 3 | 2 | 14 |
# | $s = \sqrt{v + \varepsilon}$ | 2 | 4 |
# | $\hat x$, example 1 | -0.5 | 1 |
# | $\hat x$, example 2 | -0.5 | 0.25 |
# | $\hat x$, example 3 | 1 | -1.25 |
# | $y$, example 1 | 0 | 10 |
# | $y$, example 2 | 0 | 4 |
# | $y$, example 3 | 3 | -8 |
#
# Divided by $N - 1$, the variances would be 3 and 21. If yours are, you took the unbiased ones.
#
# ### Exercise: `batchnorm_forward`
#
# A forward function of this notebook returns a pair: the output, and a *cache*. The cache is whatever *your* backward
# function will need later. What it contains is up to you; the checks only pass it from one of your functions to the
# other. If you do not know yet what you will need, return `None` now and come back later.

# %% kind="answer" grade_id="batchnorm_forward"
def batchnorm_forward(x, gamma, beta, eps=1e-5):
    """Normalize each feature over the batch, then scale and shift it, as in training.

    x: (N, D), a batch of N examples. gamma, beta: (D,), scale and shift of each feature.
    eps: a small number, added to the biased variance under the root.
    Returns (out, cache): out is (N, D), and cache is what your batchnorm_backward will need.
    No argument is changed.
    """
    ### BEGIN SOLUTION
    mean = x.mean(axis=0)
    s = np.sqrt(x.var(axis=0) + eps)
    x_hat = (x - mean) / s
    return gamma * x_hat + beta, (x_hat, gamma, s)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# `x.mean(axis=0)` averages over the rows and leaves one number for each column, shape `(D,)`. `x.var(axis=0)` divides
# by $N$ by default. An array `(N, D)` and an array `(D,)` can be subtracted, divided and multiplied: NumPy uses the
# second for every row.
#
# </details>

# %% kind="test" grade_id="batchnorm_forward_visible" points=1
check("batchnorm_forward", batchnorm_forward)

# %% kind="test" grade_id="batchnorm_forward_hidden" points=2
# Your teacher's hidden checks of batchnorm_forward run here.
### BEGIN HIDDEN TESTS
check_hidden("batchnorm_forward", batchnorm_forward)
### END HIDDEN TESTS

# %% [markdown]
# ### Experiment: before and after
#
# Four features over 256 digits, before and after your layer. The first two are random mixtures of pixels, the last two
# are single pixels in other units.

# %% kind="experiment"
rng, some = np.random.default_rng(2), training.X[:256]
mixtures = some @ rng.normal(size=(64, 2)) * [1, 3]
z = np.column_stack([mixtures, 20 * some[:, 20], 40 * some[:, 33] - 30])
out, _ = batchnorm_forward(z, np.ones(4), np.zeros(4))

plot_histograms(
    {f"feature {j}, before": z[:, j] for j in range(4)},
    x="value before the layer",
    bins=24,
    title="Before: each feature has its own mean and spread",
)
plot_histograms(
    {f"feature {j}, after": out[:, j] for j in range(4)},
    x="value after the layer",
    bins=24,
    title="After: mean 0 and standard deviation 1; the shapes stay",
)
plt.show()

# %% [markdown]
# The layer shifts and stretches. It does not make a feature normally
# distributed: a lopsided one stays lopsided, and one with two humps keeps both.
#
# Now look at twenty layers, each with a ReLU, with and without your function before it. Find a scale of the initial
# weights at which the twentieth layer without batch norm still has a standard deviation near 1. How far off may the
# scale be without batch norm, and how far with it?

# %% kind="experiment"
explore("layers", batchnorm_forward)

# %% [markdown]
# ### Where the layer goes
#
# In this course, as in Ioffe and Szegedy (2015), it comes after the affine map and before the activation:
#
# $$\text{affine} \;\to\; \text{batch norm} \;\to\; \text{ReLU}$$
#
# Some networks put it after the activation, or at the beginning of a residual branch; the functions are the same.
# The affine map before it needs no bias: subtracting the mean removes any constant that $b$ adds. So the gradient of
# $b$ is zero, and $\beta$ does its job.
#
# What does the place change for the next layer? The cell passes digits through one layer of random weights, with your
# function before the ReLU and after it.

# %% kind="experiment"
z = training.X[:256] @ np.random.default_rng(3).normal(size=(64, 32))
ones, zeros = np.ones(32), np.zeros(32)
places = {
    "no batch norm": np.maximum(z, 0),
    "before the ReLU": np.maximum(batchnorm_forward(z, ones, zeros)[0], 0),
    "after the ReLU": batchnorm_forward(np.maximum(z, 0), ones, zeros)[0],
}
for place, passed_on in places.items():
    off = np.mean(np.maximum(z, 0) == 0 if "after" in place else passed_on == 0, axis=0)
    print(f"{place:16} mean {passed_on.mean():5.2f}, standard deviation {passed_on.std():4.2f}, "
          f"units off for {off.min():4.0%} to {off.max():4.0%} of the digits")

# %% [markdown]
# Before the ReLU, the layer brings each unit to its bend: every unit is on for a good share of the digits, and off for
# the others. After the ReLU, the next layer gets mean 0, and deviation 1 from each unit that is not always off; but
# a unit that is off for every digit stays off. Which place trains better depends on the network; both work.
#
# ### What gamma and beta are for
#
# After normalizing, every feature has deviation 1. A layer that needs a different one could no longer have it. Gamma
# and beta make it possible again. With $\gamma_j = s_j$ and $\beta_j = m_j$ the layer returns exactly its own input,
# so nothing that the network could compute before is lost.
#
# > **Often written wrongly.** "Without gamma and beta the network cannot learn" is too strong. They give a layer back
# > the functions that it lost. Often the next affine map can supply the scale instead, and training works quite well
# > with $\gamma = 1$ and $\beta = 0$ held fixed. You will try that in section 5.
#
# ### Predict, then run: a batch of two
#
# A feature has the values 3 and 7 in a batch of two examples. With $\gamma = 1$, $\beta = 0$ and an $\varepsilon$ too
# small to matter, what does the layer output for the *first* example? Work it out on paper, to two decimals. Your
# prediction is graded.

# %% kind="answer" grade_id="first_of_two"
# Write one number, rounded to two decimals.
first_of_two = None
### BEGIN SOLUTION
first, second, gamma, beta = 3.0, 7.0, 1.0, 0.0
mean, deviation = (first + second) / 2, abs(first - second) / 2
first_of_two = gamma * (first - mean) / deviation + beta
### END SOLUTION

# %% kind="test" grade_id="first_of_two_visible" points=0
check("first_of_two", first_of_two)

# %% kind="test" grade_id="first_of_two_hidden" points=1
# Your teacher's hidden check of first_of_two runs here.
### BEGIN HIDDEN TESTS
check_hidden("first_of_two", first_of_two)
### END HIDDEN TESTS

# %% kind="experiment"
for pair in ([3.0, 7.0], [3.0, 3000.0], [-0.5, 0.1], [6.9, 7.0]):
    two = np.array(pair)[:, None]
    print(f"{pair} becomes {batchnorm_forward(two, np.ones(1), np.zeros(1))[0].ravel().round(4)}")

# %% [markdown]
# Whatever two different numbers go in, one comes out as $-1$ and the other as $+1$, except for the effect of epsilon.
# In a batch of two, the output shows only which of the two examples is larger. Keep this in mind for section 6.
#
# ### Predict, then run: what the layer does not see
#
# A batch $X$ passes through an affine map and then through your layer, in training: `batchnorm_forward(X @ W + b,
# gamma, beta)`. Epsilon is too small to matter. We look at the outputs for the examples of $X$. Which changes leave
# them *as they were*?
#
# - a: 3 is added to every entry of $b$
# - b: every entry of $W$ is multiplied by 10
# - c: every entry of $W$ is multiplied by $-1$
# - d: every example of $X$ appears in the batch twice
# - e: one more example joins the batch
# - f: 3 is added to every entry of $X$
#
# Your prediction is graded.

# %% kind="answer" grade_id="leaves_training_output"
# Write a set of letters, such as {"a", "c"}.
leaves_training_output = None
### BEGIN SOLUTION
leaves_training_output = {"a", "b", "d", "f"}
### END SOLUTION

# %% kind="test" grade_id="leaves_training_output_visible" points=0
check("leaves_training_output", leaves_training_output)

# %% kind="test" grade_id="leaves_training_output_hidden" points=2
# Your teacher's hidden check of leaves_training_output runs here.
### BEGIN HIDDEN TESTS
check_hidden("leaves_training_output", leaves_training_output)
### END HIDDEN TESTS

# %% kind="experiment"
rng = np.random.default_rng(3)
few, W, b = rng.normal(size=(6, 5)), rng.normal(size=(5, 4)), rng.normal(size=4)
newcomer = rng.normal(size=(1, 5))


def outputs(batch, W, b):
    return batchnorm_forward(batch @ W + b, np.ones(4), np.zeros(4), eps=1e-12)[0][:6]


changes = {
    "a: b + 3": (few, W, b + 3),
    "b: 10 W": (few, 10 * W, b),
    "c: -W": (few, -W, b),
    "d: every example twice": (np.concatenate([few, few]), W, b),
    "e: one more example": (np.concatenate([few, newcomer]), W, b),
    "f: X + 3": (few + 3, W, b),
}
for name, arguments in changes.items():
    moved = np.abs(outputs(*arguments) - outputs(few, W, b)).max()
    print(f"{name:24s} moves the outputs by at most {moved:.1e}")

# %% [markdown]
# Look at "10 W" again. Take one column $w$ of $W$, the weights of one feature. Its *length* has no effect on the
# output; only its direction has. So the loss does not change along $w$, and the gradient with respect to $w$ is at
# right angles to $w$. Each step of gradient descent then makes the column longer, and a longer column turns less at
# the same rate $\eta$. The layer lowers its own effective rate, which is proportional to $\eta / \lVert w \rVert^2$
# (van Laarhoven, 2017): the gradient itself shrinks as $1 / \lVert w \rVert$, and a step of a given length turns a
# longer column less. This is one reason why rates that are much too high can still work. Weight decay (lesson 02a) acts
# in the other direction: it shortens the columns, which the output does not notice, and so keeps the effective rate
# up. Below batch norm it is not a penalty on the function, but a way to set the rate.
#
# ## 2. The layer at test time
#
# At test time there may be only one example, and its output should not depend on which other examples come with it. So
# the layer then uses *fixed* statistics: averages of the batch means and variances that it saw in training. They are
# kept as **running averages**, updated once for each training batch:
#
# $$\bar m \leftarrow \rho\, \bar m + (1 - \rho)\, m \qquad\qquad \bar v \leftarrow \rho\, \bar v + (1 - \rho)\, v$$
#
# $\bar m$ and $\bar v$ are the running mean and variance, one number for each feature, $m$ and $v$ are those of the
# batch, and $\rho$ (rho), called `momentum` in code, is the share that the past keeps. It lies between 0 and 1.
#
# | | share of the old value | its name and usual value | running variance | usual $\varepsilon$ |
# | --- | --- | --- | --- | --- |
# | here | $\rho$ | `momentum=0.9` | biased (divided by $N$) | $10^{-5}$ |
# | PyTorch | $1 -$ `momentum` | `momentum=0.1` | *unbiased* (divided by $N - 1$) | $10^{-5}$ |
# | Keras | `momentum` | `momentum=0.99` | depends on the version | $10^{-3}$ |
#
# > **Often written wrongly.** PyTorch's `momentum=0.1` and a `momentum=0.9` here are the same thing: in PyTorch it
# > weights the *new* value. And PyTorch uses two variances: it normalizes a training batch with the biased one, as
# > every library does, and puts the unbiased one into its running average. A batch of $N$ has, on average, a biased
# > variance of only $(N-1)/N$ times the true one. For $N = 64$ this hardly matters. For $N = 2$ it is a factor of 2.
#
# ### Exercise: `update_running`

# %% kind="answer" grade_id="update_running"
def update_running(running, batch, momentum=0.9):
    """Return the running statistic after one more batch.

    running: the old value, an array (D,) or a number. batch: the batch's own statistic, same shape.
    momentum: the share of the *old* value, from 0 to 1 (PyTorch's momentum is the other share).
    Returns a new array, or a number; running itself is not changed.
    """
    ### BEGIN SOLUTION
    return momentum * running + (1 - momentum) * batch
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# The two shares add up to 1. Check your formula on paper: if `batch` equals `running`, nothing should change, and with
# momentum 1 nothing ever changes.
#
# </details>

# %% kind="test" grade_id="update_running_visible" points=1
check("update_running", update_running)

# %% kind="test" grade_id="update_running_hidden" points=2
# Your teacher's hidden checks of update_running run here.
### BEGIN HIDDEN TESTS
check_hidden("update_running", update_running)
### END HIDDEN TESTS

# %% [markdown]
# ### Experiment: how long does the average take to arrive?
#
# One feature of the digits, in batches of 32. The running mean starts at 0, as it does in a network.

# %% kind="experiment"
rng, feature, steps = np.random.default_rng(4), training.X[:, 20], 300
batch_means = [rng.choice(feature, 32, replace=False).mean() for _ in range(steps)]
curves = {"mean of the batch": batch_means}
for momentum in (0.9, 0.99):
    running, curve = 0.0, []
    for mean in batch_means:
        running = update_running(running, mean, momentum)
        curve.append(running)
    curves[f"momentum {momentum}"] = curve
curves["mean of all"] = np.full(steps, feature.mean())
ax = plot_losses(curves, title="More momentum: a smoother average that lags more", x="batch",
                 y="mean of one pixel (grey value)", log=False)
ax.lines[0].set(linewidth=0.8, marker="")
ax.legend(loc="lower right")
plt.show()

# %% [markdown]
# An average with momentum $\rho$ looks back over roughly $1/(1-\rho)$ batches: 10 for 0.9, and 100 for 0.99. If the
# momentum is 0.99 and a network is tested after only fifty batches, its averages still consist largely of their
# starting values, 0 and 1.
#
# ### Exercise: `batchnorm_predict`
#
# At test time every example is treated with the same fixed numbers:
#
# $$y_{ij} = \gamma_j\, \frac{x_{ij} - \bar m_j}{\sqrt{\bar v_j + \varepsilon}} + \beta_j$$

# %% kind="answer" grade_id="batchnorm_predict"
def batchnorm_predict(x, gamma, beta, mean, var, eps=1e-5):
    """Normalize with the given statistics, then scale and shift, as at test time.

    x: (N, D), where N may be 1. gamma, beta: (D,). mean, var: (D,), the running mean and variance.
    eps: added to var under the root. Returns a new array (N, D).
    """
    ### BEGIN SOLUTION
    return gamma * (x - mean) / np.sqrt(var + eps) + beta
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# You compute no statistic of `x` here. Everything that you need is an argument.
#
# </details>

# %% kind="test" grade_id="batchnorm_predict_visible" points=1
check("batchnorm_predict", batchnorm_predict)

# %% kind="test" grade_id="batchnorm_predict_hidden" points=2
# Your teacher's hidden checks of batchnorm_predict run here.
### BEGIN HIDDEN TESTS
check_hidden("batchnorm_predict", batchnorm_predict)
### END HIDDEN TESTS

# %% [markdown]
# ## 3. The way back
#
# Training needs gradients. Call $L$ the loss. The layers above pass us $\partial L / \partial y_{ij}$, an array like
# $y$; in code it is `dout`. We want three things: $\partial L/\partial \beta$, $\partial L/\partial\gamma$, and
# $\partial L/\partial x$, which goes on to the layer below. In code they are `dbeta`, `dgamma` and `dx`.
#
# Each feature is on its own, so we take *one* and drop the index $j$: numbers $x_1, \dots, x_N$, one $\gamma$, one
# $\beta$. Write $d_i$ for $\partial L/\partial y_i$.
#
# **Scale and shift.** $y_i = \gamma \hat x_i + \beta$, and one $\gamma$ and one $\beta$ serve all examples. The chain
# rule adds up all the paths by which they reach the loss:
#
# $$\frac{\partial L}{\partial \beta} = \sum_i d_i \qquad\qquad
# \frac{\partial L}{\partial \gamma} = \sum_i d_i\, \hat x_i$$
#
# The gradient with respect to the normalized values is
# $g_i = \partial L/\partial \hat x_i = \gamma\, d_i$.
#
# **How the statistics move.** Now move one input, $x_k$. It moves the mean and the deviation, and through them every
# $\hat x_i$. Write $\delta_{ik}$ for 1 if $i = k$ and 0 otherwise. First the mean:
#
# $$\frac{\partial m}{\partial x_k} = \frac1N$$
#
# Then the variance, $v = \frac1N \sum_i (x_i - m)^2$:
#
# $$\frac{\partial v}{\partial x_k} = \frac2N \sum_i (x_i - m)\Big(\delta_{ik} - \frac1N\Big)
# = \frac2N (x_k - m) - \frac{2}{N^2} \underbrace{\sum_i (x_i - m)}_{=\,0} = \frac2N (x_k - m)$$
#
# Then the deviation, $s = \sqrt{v + \varepsilon}$:
#
# $$\frac{\partial s}{\partial x_k} = \frac{1}{2s}\, \frac{\partial v}{\partial x_k}
# = \frac{x_k - m}{N s} = \frac{\hat x_k}{N}$$
#
# **The normalized values.** $\hat x_i = (x_i - m)/s$ is a quotient:
#
# $$\frac{\partial \hat x_i}{\partial x_k}
# = \frac1s\Big(\delta_{ik} - \frac{\partial m}{\partial x_k}\Big)
# - \frac{x_i - m}{s^2}\, \frac{\partial s}{\partial x_k}
# = \frac1s \Big(\delta_{ik} - \frac1N - \frac{\hat x_i\, \hat x_k}{N}\Big)$$
#
# **All together.** The chain rule adds over all the $\hat x_i$:
#
# $$\frac{\partial L}{\partial x_k} = \sum_i g_i \frac{\partial \hat x_i}{\partial x_k}
# = \frac1s \Big( g_k - \frac1N \sum_i g_i - \hat x_k\, \frac1N \sum_i g_i \hat x_i \Big)$$
#
# With a bar for a mean over the batch,
#
# $$\boxed{\;\frac{\partial L}{\partial x_k}
# = \frac{1}{s}\Big( g_k \;-\; \overline{g} \;-\; \hat x_k\, \overline{g \hat x} \Big)\;}$$
#
# No step neglected $\varepsilon$: the formula is exact for any $\varepsilon$.
#
# **How to read it.** The term $\overline g$ comes from the mean, the term $\hat x_k\, \overline{g \hat x}$ from the
# variance. They remove from the gradient exactly the two directions to which the layer is blind: moving all $x_i$ by
# the same amount, and stretching them about their mean. If you forget them, the layer fights against its own
# normalization.
#
# ### Exercise: `batchnorm_backward`
#
# The formulas above, for all features at once. If you need something from the forward pass, put it into its cache.

# %% kind="answer" grade_id="batchnorm_backward"
def batchnorm_backward(dout, cache):
    """Return the gradients (dx, dgamma, dbeta) of the loss.

    dout: (N, D), the gradient with respect to the output of batchnorm_forward. cache: what your
    own batchnorm_forward returned with that output; it is not changed.
    dx: (N, D), the gradient with respect to x. dgamma, dbeta: (D,), those with respect to gamma
    and beta. The batch's mean and variance depend on x: they are not constants.
    """
    ### BEGIN SOLUTION
    x_hat, gamma, s = cache
    dgamma = (dout * x_hat).sum(axis=0)
    dbeta = dout.sum(axis=0)
    g = dout * gamma
    dx = (g - g.mean(axis=0) - x_hat * (g * x_hat).mean(axis=0)) / s
    return dx, dgamma, dbeta
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint: what belongs in the cache</summary>
#
# The boxed formula needs $\hat x$, $s$ and, for $g$, also $\gamma$. All three are known at the end of the forward
# pass: return them there as a tuple, and take the tuple apart here.
#
# </details>
#
# <details><summary>Hint: sums and means</summary>
#
# The gradients of $\gamma$ and $\beta$ are sums over the batch. The two corrections inside `dx` are means over the
# batch. Both run over axis 0.
#
# </details>

# %% kind="test" grade_id="batchnorm_backward_visible" points=1
check("batchnorm_backward", batchnorm_backward, batchnorm_forward)

# %% kind="test" grade_id="batchnorm_backward_hidden" points=4
# Your teacher's hidden checks of batchnorm_backward run here.
### BEGIN HIDDEN TESTS
check_hidden("batchnorm_backward", batchnorm_backward, batchnorm_forward)
### END HIDDEN TESTS

# %% [markdown]
# ### Experiment: trust, but measure
#
# A derivation can be wrong, and so can its code. Central differences use neither: they move each input a little both
# ways and look at how the output of *your forward function* changes. The loss here is a weighted sum of the outputs.
# An error under $10^{-7}$ means that the gradient is right. The fourth line leaves the statistics out of the
# derivative, which is the most common mistake.

# %% kind="experiment"
rng = np.random.default_rng(5)
batch, weights = rng.normal(size=(6, 3)), rng.normal(size=(6, 3))
gamma, beta = rng.uniform(0.5, 2, 3), rng.normal(size=3)


def loss_of(x, gamma, beta):
    return float((weights * batchnorm_forward(x, gamma, beta)[0]).sum())


dx, dgamma, dbeta = batchnorm_backward(weights, batchnorm_forward(batch, gamma, beta)[1])
print(f"dx      {gradient_error(lambda x: loss_of(x, gamma, beta), dx, batch):.1e}")
print(f"dgamma  {gradient_error(lambda g: loss_of(batch, g, beta), dgamma, gamma):.1e}")
print(f"dbeta   {gradient_error(lambda b: loss_of(batch, gamma, b), dbeta, beta):.1e}")
constant = weights * gamma / batch.std(axis=0)
error = gradient_error(lambda x: loss_of(x, gamma, beta), constant, batch)
print(f"dx with constant statistics  {error:.1e}")
print()
print(f"largest entry of dx:                  {np.abs(dx).max():.1e}")
print(f"largest column sum of dx:             {np.abs(dx.sum(axis=0)).max():.1e}")
print(f"largest column sum of dx * batch:     {np.abs((dx * batch).sum(axis=0)).max():.1e}")

# %% [markdown]
# The last two lines show the blind directions. A common shift of the batch cannot change the loss, so each column of
# `dx` sums to 0, up to rounding error. A stretch cannot change it either: without $\varepsilon$ the last line would be
# 0 too.
#
# ### Question: what is true?
#
# - a: Without gamma and beta, a network with batch norm cannot be trained.
# - b: With suitable gamma and beta, the layer returns its own input on the training batch.
# - c: In training, the layer is an affine function of the batch.
# - d: At test time, the layer is an affine function of its input.
# - e: In training, a bias in the affine map just before the layer has gradient 0.
# - f: PyTorch's `momentum=0.1` keeps a tenth of the old running mean.

# %% kind="answer" grade_id="true_of_batchnorm"
# Write the set of the letters of all true sentences, such as {"a", "c"}.
true_of_batchnorm = None
### BEGIN SOLUTION
true_of_batchnorm = {"b", "d", "e"}
### END SOLUTION

# %% kind="test" grade_id="true_of_batchnorm_visible" points=0
check("true_of_batchnorm", true_of_batchnorm)

# %% kind="test" grade_id="true_of_batchnorm_hidden" points=2
# Your teacher's hidden check of true_of_batchnorm runs here.
### BEGIN HIDDEN TESTS
check_hidden("true_of_batchnorm", true_of_batchnorm)
### END HIDDEN TESTS

# %% [markdown]
# ## 4. Folding the layer away
#
# At test time the layer is affine: each feature is multiplied by a fixed number, and a fixed number is added. An
# affine map after an affine map is one affine map. So a trained batch-norm layer can be *folded* into the weights
# before it, and then costs nothing. With $a_j = \gamma_j / \sqrt{\bar v_j + \varepsilon}$,
#
# $$\gamma_j\, \frac{(xW + b)_j - \bar m_j}{\sqrt{\bar v_j + \varepsilon}} + \beta_j
# = a_j (xW)_j + a_j (b_j - \bar m_j) + \beta_j,$$
#
# so the folded weights are $W'_{kj} = W_{kj}\, a_j$ and the folded bias is $b'_j = (b_j - \bar m_j)\, a_j + \beta_j$.
# Here $k$ counts the inputs of the affine map and $j$ its outputs: $W$ has shape $(D_\text{in}, D_\text{out})$.
#
# ### Exercise: `fold_batchnorm`

# %% kind="answer" grade_id="fold_batchnorm"
def fold_batchnorm(W, b, gamma, beta, mean, var, eps=1e-5):
    """Return (W_folded, b_folded), one affine map in place of two layers at test time.

    W: (D_in, D_out), b: (D_out,), of the affine map x @ W + b before the layer.
    gamma, beta, mean, var: (D_out,), as batchnorm_predict takes them. eps: as there.
    For every x, x @ W_folded + b_folded is batchnorm_predict(x @ W + b, ...).
    """
    ### BEGIN SOLUTION
    a = gamma / np.sqrt(var + eps)
    return W * a, (b - mean) * a + beta
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# Each output has its own $a_j$. The outputs are the columns of $W$, and NumPy automatically matches an array
# `(D_out,)` with the last axis.
#
# </details>

# %% kind="test" grade_id="fold_batchnorm_visible" points=1
check("fold_batchnorm", fold_batchnorm)

# %% kind="test" grade_id="fold_batchnorm_hidden" points=2
# Your teacher's hidden checks of fold_batchnorm run here.
### BEGIN HIDDEN TESTS
check_hidden("fold_batchnorm", fold_batchnorm)
### END HIDDEN TESTS

# %% [markdown]
# ## 5. What the layer buys
#
# Your four functions now go into a network. `MLP` builds one from widths and calls your functions in the right places;
# `train` runs mini-batch gradient descent on it. The data are handwritten digits, 8 by 8 pixels: 1258 to train, 539 to
# validate.
#
# ### Experiment: a whole network, folded
#
# First a small one, to see that everything works: trained with batch norm, then folded into a plain network.

# %% kind="experiment"
batch_norm = Normalization(batchnorm_forward, batchnorm_backward, batchnorm_predict, update_running)
sgd = stateless(lambda w, grad, lr: w - lr * grad)


def fit(net, data=training, lr=0.1, epochs=3, batch_size=64, scale=1.0, seed=1, **options):
    """Train `net` on `data` and return what happened."""
    params = net.initialize(np.random.default_rng(seed), scale)
    rng = np.random.default_rng(seed + 1)
    options = {"validation": validation, "progress": False} | options
    return train(net, params, data, sgd, lr, epochs, batch_size, rng, **options)


net = MLP((64, 48, 32, 10), normalize=batch_norm)
params = fit(net, epochs=10).params

plain = {}
for i in (1, 2):
    statistics = [params[f"{name}{i}"] for name in ("gamma", "beta", "mean", "var")]
    plain[f"W{i}"], plain[f"b{i}"] = fold_batchnorm(params[f"W{i}"], params[f"b{i}"], *statistics)
plain |= {"W3": params["W3"], "b3": params["b3"]}

gap = np.abs(MLP(net.sizes).scores(plain, validation.X) - net.scores(params, validation.X)).max()
print(f"with batch norm: {net.accuracy(params, *validation):.1%} of validation digits are right")
print(f"folded:          {MLP(net.sizes).accuracy(plain, *validation):.1%} are right")
print(f"the scores differ by at most {gap:.0e}")

# %% [markdown]
# And without scale and shift? The next cell trains the network again, with gamma fixed at 1 and beta at 0.

# %% kind="experiment"
def keep_scale_and_shift(params, grads):
    """Set the gradients of every gamma and beta to 0."""
    return {name: 0 * g if name.startswith(("gamma", "beta")) else g for name, g in grads.items()}


held = fit(net, epochs=10, transform=keep_scale_and_shift)
print(f"gamma and beta held at 1 and 0: {held.validation_accuracies[-1]:.1%} right")

# %% [markdown]
# ### Experiment: the gradient's way through twenty layers
#
# The twenty layers of the first picture again. The figure shows the size of the gradient that reaches each weight
# matrix, without and with batch norm, for three scales of the initial weights.

# %% kind="experiment"
def gradient_sizes(normalize, scale):
    net = MLP(deep, normalize=normalize)
    params = net.initialize(np.random.default_rng(1), scale)
    _, grads = net.loss_and_gradients(params, training.X[:256], training.y[:256])
    return [np.linalg.norm(grads[f"W{i}"]) * scale for i in range(1, 21)]


with style():
    fig, axes = plt.subplots(1, 2, figsize=(11, 4), sharey=True)
for ax, (name, normalize) in zip(axes, {"without": None, "with": batch_norm}.items(), strict=True):
    sizes = {f"weights × {scale:g}": gradient_sizes(normalize, scale) for scale in (2.0, 1.0, 0.5)}
    plot_losses(sizes, ax=ax, title=f"{name} batch norm", x="hidden layer, counted from 0",
                y="gradient's norm × weight scale")
    ax.set_ylabel("" if normalize else "norm of gradient × scale")
    ax.set_xticks(range(0, 20, 4))
    ax.get_legend().set_visible(normalize is not None)
fig.suptitle("With batch norm the gradient reaches every layer, at any weight scale", fontsize=14)
plt.show()

# %% [markdown]
# The gradients are multiplied by the scale of the weights, so that they show how much the loss changes for a given
# *relative* change of the weights. Without batch norm, a factor of 2 in the weights moves the gradient by many powers
# of ten. With it, the three curves lie close together: what is left is about the factor of 2 itself, from the last
# affine map, which has no batch norm.
#
# They are not flat, though: the gradient *grows* on its way back to the first layer, here more than tenfold. Yang and
# others (2019) showed that in a deep ReLU network with batch norm it must, by a factor of about 1.2 a layer. For twenty
# layers that is harmless. Very deep networks need shortcuts (lesson 03) as well.
#
# ### Experiment: which rates train?
#
# Five hidden layers of 64 units, at rates from 0.003 to 10, with three seeds each. We look twice: after 3 epochs, and
# after 8 (batches of 64). The cell takes about ten seconds.

# %% kind="experiment"
five = (64,) * 6 + (10,)
seeds, moments = (1, 2, 3), (3, 8)
kinds = {"without batch norm": None, "with batch norm": batch_norm}


def losses_after(net, **options):
    """Return the validation loss after 3 and after 8 epochs; NaN if training diverged."""
    found = []

    def look(history):
        if len(history.rates) in moments:
            found.append(net.evaluate(history.params, *validation)[0])

    run = fit(net, epochs=8, evaluate=False, after_epoch=look, **options)
    return [np.nan, np.nan] if run.note else found


def sweep(name, values):
    """Train both kinds with each value of the option: arrays (seeds, values, moments)."""
    found = {kind: np.zeros((len(seeds), len(values), len(moments))) for kind in kinds}
    runs = itertools.product(kinds, range(len(seeds)), range(len(values)))
    for kind, seed, k in with_progress(runs):
        options = {"lr": rates_that_suit[kind], name: values[k], "seed": seeds[seed]}
        found[kind][seed, k] = losses_after(MLP(five, normalize=kinds[kind]), **options)
    return found


def plot_sweep(values, found, title, x):
    """Draw a panel for each moment; a run that diverged, or ended above 5, is drawn at 5."""
    with style():
        fig, axes = plt.subplots(1, 2, figsize=(11, 4.2), sharey=True)
        for i, (ax, epochs) in enumerate(zip(axes, moments, strict=True)):
            shown = {k: np.fmin(np.nan_to_num(f[:, :, i], nan=5), 5) for k, f in found.items()}
            plot_band(values, shown, ax=ax, title=f"after {epochs} epochs", x_label=x, log=True,
                      y_label="" if i else "validation loss")
            ax.axhline(np.log(10), color="0.4", linestyle=":", linewidth=1.5)
            ax.set_yticks((0.03, 0.1, 0.3, 1, 3), ("0.03", "0.1", "0.3", "1", "3"))
            ax.set_ylim(0.03, 6)
            ax.legend(loc="lower left", bbox_to_anchor=(1.0, 0.0)).set_visible(i == 1)
        for name, loss in (("guessing", np.log(10)), ("diverged", 5.0)):
            ax.text(1.02, loss, name, transform=ax.get_yaxis_transform(), va="center", color="0.3")
        fig.suptitle(title, fontsize=14)
    plt.show()


rates = np.geomspace(0.003, 10, 7)
rates_that_suit = dict.fromkeys(kinds, 0.1)
by_rate = sweep("lr", rates)
plot_sweep(rates, by_rate, "With batch norm, a wider range of rates works", "learning rate")
for name, found in by_rate.items():
    middle = np.median(np.nan_to_num(found, nan=np.inf), axis=0)
    rates_that_suit[name] = rates[middle[:, 1].argmin()]
    for i, epochs in enumerate(moments):
        best = middle[:, i].argmin()
        told = f"the best rate is {rates[best]:.2g}, with a loss of {middle[best, i]:.2f}"
        print(f"{name}, {epochs} epochs: {told}")

# %% [markdown]
# Lines are medians of three seeds; bands reach nearly from the best to the worst seed. The dotted line is the loss of
# a network that gives each digit the probability 1/10: it has learned nothing.
#
# Without batch norm two of the seven rates get below a loss of 0.3 in 8 epochs, with it four do, and good rates are
# higher. So compare the two only after giving each its own best rate. Then batch norm is far ahead after 3 epochs, and
# the gap is smaller after 8: on three other seeds 0.13 against 0.49, and then 0.07 against 0.17. Above all, batch
# norm trains *faster*.
#
# ### Experiment: how much do the initial weights matter?
#
# The same network, each kind at the rate that was best for it after 8 epochs. He's weights are multiplied by a factor
# from 1/16 to 4. This cell takes about ten seconds as well.

# %% kind="experiment"
scales = 2.0 ** np.arange(-4, 3)
by_scale = sweep("scale", scales)
plot_sweep(scales, by_scale, "With batch norm the initial weights matter much less",
           "scale of the weights (1: He's rule)")
print("scales (of 7) with a median loss below 0.5, after 3 and after 8 epochs:")
for name, found in by_scale.items():
    good = np.median(np.nan_to_num(found, nan=np.inf), axis=0) < 0.5
    print(f"{name:20}", *good.sum(axis=0))

# %% [markdown]
# Without batch norm only He's weights train within 3 epochs. Half as large ones have begun to learn after 8, and
# smaller ones have not. Weights twice as large diverge, at least at this rate, which is the best for He's. So "only a
# narrow range around He's rule trains" is a statement about one rate and a few epochs. With batch norm every scale
# trains, though not equally well: as section 1 predicted, larger weights turn more slowly at the same rate and have not
# come as far, and very small ones turn too fast. (The last layer has no batch norm, so its scale still matters.) On
# three other seeds it was the same.
#
# ### Experiment: which half helps, and before or after the activation?
#
# Batch norm does two things: it subtracts a mean, and it divides by a deviation. And some networks put it after the
# ReLU. Here each variant is trained at three rates, with three seeds, and shown at its own best rate. *Centred only*
# subtracts the mean, *scaled only* divides by the root mean square over the batch; gamma and beta follow in all of
# them. The cell takes about ten seconds.

# %% kind="experiment"
def centre(x, gamma, beta):
    return gamma * (x - x.mean(axis=0)) + beta, (x - x.mean(axis=0), gamma)


def centre_backward(dout, cache):
    centred, gamma = cache
    return gamma * (dout - dout.mean(axis=0)), (dout * centred).sum(axis=0), dout.sum(axis=0)


def rescaled(x, gamma, beta):
    size = np.sqrt((x**2).mean(axis=0) + 1e-5)
    return gamma * x / size + beta, (x / size, gamma, size)


def rescaled_backward(dout, cache):
    x_hat, gamma, size = cache
    g = gamma * dout
    slopes = np.sum(dout * x_hat, axis=0), np.sum(dout, axis=0)
    return (g - x_hat * np.mean(g * x_hat, axis=0)) / size, *slopes


def centre_predict(x, gamma, beta, mean, var):
    return gamma * (x - mean) + beta


def rescaled_predict(x, gamma, beta, mean, var):
    return gamma * x / np.sqrt(var + mean**2 + 1e-5) + beta


centred_only = Normalization(centre, centre_backward, centre_predict, update_running)
scaled_only = Normalization(rescaled, rescaled_backward, rescaled_predict, update_running)
variants = {
    "no normalization": MLP(five),
    "centred only": MLP(five, normalize=centred_only),
    "scaled only": MLP(five, normalize=scaled_only),
    "batch norm before ReLU": MLP(five, normalize=batch_norm),
    "batch norm after ReLU": AfterMLP(five, normalize=batch_norm),
}
tried = (0.1, 0.3, 1.0)
curves = {}
for name, net in with_progress(variants.items()):
    runs = np.full((len(tried), len(seeds), 5), np.inf)
    for i, lr in enumerate(tried):
        for j, seed in enumerate(seeds):
            run = fit(net, lr=lr, epochs=5, seed=seed)
            runs[i, j, : len(run.validation_losses)] = run.validation_losses
    best = np.median(runs[:, :, -1], axis=1).argmin()
    curves[f"{name}, rate {tried[best]:g}"] = runs[best]
ax = plot_band(np.arange(1, 6), curves, title="Each at its own best rate (bands: three seeds)",
               x_label="epochs of training", y_label="validation loss")
ax.set_yscale("log")
ax.set_yticks((0.1, 0.2, 0.5, 1, 2), ("0.1", "0.2", "0.5", "1", "2"))
plt.show()
for name, losses in curves.items():
    early, late = np.median(losses[:, 1]), np.median(losses[:, 4])
    print(f"{name:34} loss after 2 epochs {early:.2f}, after 5 {late:.2f}")

# %% [markdown]
# Each half helps by itself. On three other seeds the losses after 5 epochs were 0.32 without normalization, 0.16
# scaled only, 0.11 centred only, and 0.09 with batch norm before the ReLU and 0.11 after it. So in this network
# *centring* does most of the work. A ReLU's outputs are never negative: without centring, each layer adds to a mean
# that all examples share. Before or after the activation makes no difference that three seeds can show. (With three
# rates for each, the best one may lie between them.)
#
# > **Often written wrongly.** The paper of 2015 explains the success by *internal covariate shift*: each layer's inputs
# > keep changing their distribution while the layers below learn, and batch norm stops that. Santurkar and others
# > (2018) added random noise after the batch-norm layers, so that distributions shifted *more* than without batch
# > norm, and the networks still trained well. They found instead that loss and gradient change more smoothly. The
# > explanation is still debated. And the benefit depends on the network: with careful initial weights and clipped
# > gradients, residual networks without any normalization did as well on ImageNet (Brock and others, 2021).
#
# ### Experiment: the rest of the batch acts as noise
#
# In training, an example's output depends on the others in its batch. They are drawn at random, so the layer adds
# noise, and a smaller batch adds more of it. Noise in the hidden layers regularizes, as dropout does. To see this
# effect alone we must not change the mini-batches of the gradient. So each mini-batch of 256 is normalized in *groups*
# of 256, 16, 8 or 4 examples (Hoffer and others, 2017, call them ghost batches). Everything else stays as it is. The
# training set has 512 digits, and one label in five is drawn at random, so that there is something to overfit.

# %% kind="experiment"
def in_groups(size):
    """Return batch norm whose statistics come from groups of `size` examples."""

    # Your function looks at each column by itself. So the groups can be put side by side: a
    # batch of 256 rows in groups of 4 becomes 4 rows, with 64 times as many columns.
    def apart(x):
        groups = len(x) // size
        return x.reshape(groups, size, -1).swapaxes(0, 1).reshape(size, -1), groups

    def together(x, groups):
        return x.reshape(size, groups, -1).swapaxes(0, 1).reshape(size * groups, -1)

    def forward(x, gamma, beta):
        wide, groups = apart(x)
        out, cache = batchnorm_forward(wide, np.tile(gamma, groups), np.tile(beta, groups))
        return together(out, groups), cache

    def backward(dout, cache):
        wide, groups = apart(dout)
        dx, dgamma, dbeta = batchnorm_backward(wide, cache)
        return together(dx, groups), *(d.reshape(groups, -1).sum(axis=0) for d in (dgamma, dbeta))

    return Normalization(forward, backward, batchnorm_predict, update_running)


rng = np.random.default_rng(3)
labels = training.y[:512].copy()
wrong = rng.random(512) < 0.2
labels[wrong] = rng.integers(0, 10, wrong.sum())
noisy = Dataset(training.X[:512], labels)

sizes, ends = (256, 16, 8, 4), {"training (with wrong labels)": [], "validation": []}
for size in sizes:
    net = MLP((64, 96, 96, 10), normalize=in_groups(size))
    run = fit(net, noisy, lr=0.3, epochs=50, batch_size=256)
    ends["training (with wrong labels)"].append(run.train_accuracies[-1])
    ends["validation"].append(run.validation_accuracies[-1])

with style():
    _, ax = plt.subplots()
    for (name, values), marker in zip(ends.items(), "os", strict=True):
        ax.plot(range(len(sizes)), values, marker=marker, label=name)
    ax.axhline(np.mean(labels == training.y[:512]), color="0.4", linestyle=":", linewidth=1.5,
               label="share of training labels that are correct")
    ax.set(xticks=range(len(sizes)), xticklabels=sizes, ylim=(0.8, 1),
           xlabel="examples that share a mean and a variance", ylabel="accuracy after 50 epochs",
           title="Smaller groups: fewer wrong labels memorized")
    ax.legend()
plt.show()

# %% [markdown]
# With one mean for all 256 examples the network memorizes the wrong labels, and does worse on new digits. With groups
# of 4 the noise prevents most of that. This is why a network with batch norm may need less dropout, or none: it adds
# noise itself. How much depends on the batch size, but that is not a good reason to choose a batch size. With clean
# labels you will see hardly any of the effect. Try it.
#
# ## 6. Where it fails
#
# This dependence on the rest of the batch is also the weak point. We train a network with three hidden layers in three
# ways, with and without batch norm:
#
# - **in batches of 64**, shuffled, as usual;
# - **in batches of 2**, as you must if two images fill the memory;
# - **sorted by class**: batches of 32 that contain a single digit (or two neighbouring ones). Frames of a film, or the
#   patients of one hospital at a time, arrive in this way.
#
# The running averages have momentum 0.99 here, because the statistics of small batches vary a lot.

# %% kind="experiment"
def sorted_batches(X, y, batch_size, rng):
    """Yield batches of one class each, as far as the numbers allow, in random order."""
    order = rng.permutation(len(X))
    order = order[np.argsort(y[order], kind="stable")]
    for start in rng.permutation(np.arange(0, len(X), batch_size)):
        rows = order[start : start + batch_size]
        yield X[rows], y[rows]


three = (64, 64, 64, 64, 10)
ways = {
    "batches of 64": {"lr": 0.1, "epochs": 10, "batch_size": 64},
    "batches of 2": {"lr": 0.01, "epochs": 5, "batch_size": 2},
    "sorted by class": {"lr": 0.05, "epochs": 15, "batch_size": 32, "minibatches": sorted_batches},
}
slow = partial(update_running, momentum=0.99)
slow_batch_norm = batch_norm._replace(update=slow)


def in_three_ways(net):
    return [fit(net, **way).validation_accuracies[-1] for way in ways.values()]


def plot_ways(found, title):
    with style():
        _, ax = plt.subplots(figsize=(9, 4.2))
        width = 0.8 / len(found)
        for i, (name, accuracies) in enumerate(found.items()):
            place = np.arange(3) + (i - (len(found) - 1) / 2) * width
            bars = ax.bar(place, accuracies, 0.92 * width, label=name, color=COLORS[i],
                          hatch=("", "//", "..", "xx")[i], edgecolor="white")
            ax.bar_label(bars, [f"{a:.0%}" for a in accuracies], fontsize=11)
        ax.set(xticks=range(3), xticklabels=ways, ylim=(0, 1.08), title=title)
        ax.set_ylabel("validation accuracy")
        ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    plt.show()


found = {
    "no normalization": in_three_ways(MLP(three)),
    "batch norm": in_three_ways(MLP(three, normalize=slow_batch_norm)),
}
plot_ways(found, "Batch norm needs batches that look like the data")

# %% [markdown]
# In batches of two the layer passes on only which of two examples is larger, and its running variance is half of the
# true one. In sorted batches it removes exactly what the examples of a class have in common. At test time the
# statistics are different, and everything is shifted. In both cases **training and test compute two different
# functions**, and the network was trained for the wrong one.
#
# ### Batch renormalization
#
# Ioffe (2017) asks: why not correct the normalized value in training to what it will be at test time? Let $\bar m$
# and $\bar s$ be the running mean and the running *deviation*, and $m$, $s$ and $\hat x$ those of the batch. (In this
# section $\bar s = \sqrt{\bar v + \varepsilon}$.) Simple algebra gives, for one feature,
#
# $$\frac{x_i - \bar m}{\bar s} \;=\; \frac{x_i - m}{s}\cdot\frac{s}{\bar s} + \frac{m - \bar m}{\bar s}
# \;=\; \hat x_i\, r + d \qquad\text{with}\qquad r = \frac{s}{\bar s}, \quad d = \frac{m - \bar m}{\bar s}.$$
#
# So $r$ and $d$ turn what batch norm computes into what `batchnorm_predict` computes. Two things keep this from being
# merely a layer with fixed statistics:
#
# - **$r$ and $d$ are clipped**: $r$ to the range from $1/r_{\max}$ to $r_{\max}$, and $d$ to $-d_{\max}$ to $d_{\max}$.
#   With $r_{\max} = 1$ and $d_{\max} = 0$ this is batch norm. A training run usually begins there, while the running
#   averages are still useless, and then widens the limits, for example to 3 and 5.
# - **In the backward pass $r$ and $d$ are constants.** The gradient still runs through the batch's own $m$ and $s$
#   inside $\hat x$. If it treated all statistics as fixed, the weights could grow without the layer noticing in time.
#   Normalizing the batch prevents exactly that.
#
# The output is $y_i = \gamma\, (\hat x_i\, r + d) + \beta$.
#
# ### Exercise: `batch_renorm_forward`

# %% kind="answer" grade_id="batch_renorm_forward"
def batch_renorm_forward(x, gamma, beta, mean, std, r_max, d_max, eps=1e-5):
    """Normalize over the batch, correct towards the running statistics, then scale and shift.

    x: (N, D). gamma, beta: (D,). mean, std: (D,), the running mean and the running deviation,
    not the variance; eps is already in it. r_max: at least 1. d_max: at least 0.
    With m the mean of the batch and s = sqrt(its biased variance + eps):
    r is s/std, clipped to 1/r_max ... r_max; d is (m - mean)/std, clipped to -d_max ... d_max.
    Returns (out, cache): out = gamma*(x_hat*r + d) + beta, (N, D); the cache is up to you.
    """
    ### BEGIN SOLUTION
    m, s = x.mean(axis=0), np.sqrt(x.var(axis=0) + eps)
    x_hat = (x - m) / s
    r, d = np.clip(s / std, 1 / r_max, r_max), np.clip((m - mean) / std, -d_max, d_max)
    return gamma * (x_hat * r + d) + beta, (x_hat, gamma, s, r, d)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# `np.clip(values, low, high)` keeps each entry between two limits. For the cache, think ahead: which of $\hat x$,
# $\gamma$, $s$, $r$ and $d$ appear in the formulas of the next exercise?
#
# </details>

# %% kind="test" grade_id="batch_renorm_forward_visible" points=1
check("batch_renorm_forward", batch_renorm_forward)

# %% kind="test" grade_id="batch_renorm_forward_hidden" points=2
# Your teacher's hidden checks of batch_renorm_forward run here.
### BEGIN HIDDEN TESTS
check_hidden("batch_renorm_forward", batch_renorm_forward)
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise: `batch_renorm_backward`
#
# The chain rule, with $r$ and $d$ constant. From $y_i = \gamma (\hat x_i r + d) + \beta$, with $d_i^{\,\text{out}}$ for
# $\partial L / \partial y_i$:
#
# $$\frac{\partial L}{\partial \beta} = \sum_i d_i^{\,\text{out}} \qquad
# \frac{\partial L}{\partial \gamma} = \sum_i d_i^{\,\text{out}}\, (\hat x_i\, r + d) \qquad
# g_i = \frac{\partial L}{\partial \hat x_i} = \gamma\, r\, d_i^{\,\text{out}}$$
#
# From $\hat x$ back to $x$ nothing is new: it is the boxed formula of section 3, with this $g$.

# %% kind="answer" grade_id="batch_renorm_backward"
def batch_renorm_backward(dout, cache):
    """Return the gradients (dx, dgamma, dbeta) of the loss, with r and d taken as constants.

    dout: (N, D), the gradient with respect to the output of batch_renorm_forward. cache: what your
    own batch_renorm_forward returned with it; it is not changed.
    dx: (N, D). dgamma, dbeta: (D,). The batch's mean and variance inside x_hat are not constants.
    """
    ### BEGIN SOLUTION
    x_hat, gamma, s, r, d = cache
    g = dout * gamma * r
    dx = (g - g.mean(axis=0) - x_hat * (g * x_hat).mean(axis=0)) / s
    return dx, (dout * (x_hat * r + d)).sum(axis=0), dout.sum(axis=0)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# Begin with your `batchnorm_backward`. Two places change: what $\gamma$ is multiplied by in the forward pass, and what
# lies between the output and $\hat x$.
#
# </details>

# %% kind="test" grade_id="batch_renorm_backward_visible" points=1
check("batch_renorm_backward", batch_renorm_backward, batch_renorm_forward)

# %% kind="test" grade_id="batch_renorm_backward_hidden" points=2
# Your teacher's hidden checks of batch_renorm_backward run here.
### BEGIN HIDDEN TESTS
check_hidden("batch_renorm_backward", batch_renorm_backward, batch_renorm_forward)
### END HIDDEN TESTS

# %% [markdown]
# ### Experiment: renormalization in small and in sorted batches
#
# The same three ways, with $r_{\max} = 3$ and $d_{\max} = 5$ from the beginning. `RenormMLP` is the same network, but
# also passes your function the running mean and deviation.

# %% kind="experiment"
renorm_forward = partial(batch_renorm_forward, r_max=3.0, d_max=5.0)
renorm = Normalization(renorm_forward, batch_renorm_backward, batchnorm_predict, slow)
found["batch renorm"] = in_three_ways(RenormMLP(three, normalize=renorm))
plot_ways(found, "Renormalization fixes much of what small and sorted batches break")

# %% [markdown]
# Sorted batches recover most of the lost accuracy, and batches of two about half of it: training and test now compute
# nearly the same function. Not everything is fixed. The averages lag behind the weights; if a limit is reached, $r$
# and $d$ cannot correct the rest; and the gradient still runs through the statistics of the batch, which are mostly
# chance if it has two examples.
#
# ## 7. Layer normalization
#
# A different way out: do not look at other examples at all. **Layer normalization** (Ba, Kiros and Hinton, 2016) takes
# mean and variance over the *features of one example*, along a row and not down a column:
#
# $$m_i = \frac1D \sum_{j=1}^D x_{ij} \qquad v_i = \frac1D \sum_{j=1}^D (x_{ij} - m_i)^2 \qquad
# \hat x_{ij} = \frac{x_{ij} - m_i}{\sqrt{v_i + \varepsilon}} \qquad y_{ij} = \gamma_j\, \hat x_{ij} + \beta_j$$
#
# The batch plays no role, so there are no running averages, and training and test time use the same formula. A batch
# of one is as good as any. There is still one $\gamma_j$ and one $\beta_j$ for each feature, since a parameter must
# exist before any example is seen. The paper normalizes recurrent networks in this way, and the first transformer is
# built with it (Vaswani and others, 2017). (PyTorch's `LayerNorm` is the same, $\varepsilon = 10^{-5}$ included; Keras
# uses $10^{-3}$.)
#
# The picture shows which entries share a mean and a variance.

# %%
light = ListedColormap(["#e6e6e6", COLORS[5]])
with style():
    fig, axes = plt.subplots(1, 2, figsize=(8, 3.4))
shared = {
    "batch norm: down a column": np.arange(8) == 2,
    "layer norm: along a row": (np.arange(5) == 1)[:, None],
}
for ax, (name, mask) in zip(axes, shared.items(), strict=True):
    ax.pcolormesh(np.broadcast_to(mask, (5, 8)), cmap=light, edgecolor="white", linewidth=2)
    ax.set(title=name, xlabel="feature", ylabel="example", aspect="equal", xticks=[], yticks=[])
    ax.invert_yaxis()
fig.suptitle("The blue entries share one mean and one variance", fontsize=14)
plt.show()

# %% [markdown]
# ### Exercise: `layernorm_forward`

# %% kind="answer" grade_id="layernorm_forward"
def layernorm_forward(x, gamma, beta, eps=1e-5):
    """Normalize each example over its features, then scale and shift each feature.

    x: (N, D). gamma, beta: (D,). eps: added to the biased variance under the root.
    Returns (out, cache): out is (N, D), and cache is what your layernorm_backward will need.
    """
    ### BEGIN SOLUTION
    mean = x.mean(axis=1, keepdims=True)
    s = np.sqrt(x.var(axis=1, keepdims=True) + eps)
    x_hat = (x - mean) / s
    return gamma * x_hat + beta, (x_hat, gamma, s)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# `x.mean(axis=1)` has shape `(N,)`, which NumPy would match with the wrong axis of `x`. With `keepdims=True` it has
# shape `(N, 1)` and lines up with the rows.
#
# </details>

# %% kind="test" grade_id="layernorm_forward_visible" points=1
check("layernorm_forward", layernorm_forward)

# %% kind="test" grade_id="layernorm_forward_hidden" points=2
# Your teacher's hidden checks of layernorm_forward run here.
### BEGIN HIDDEN TESTS
check_hidden("layernorm_forward", layernorm_forward)
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise: `layernorm_backward`
#
# The derivation of section 3 used nothing but a list of numbers, their mean and their variance. It holds for a row as
# it does for a column. For example $i$, with $g_{ij} = \gamma_j\, \partial L / \partial y_{ij}$ and bars for means
# over the features *of that row*:
#
# $$\frac{\partial L}{\partial x_{ij}}
# = \frac{1}{s_i} \Big( g_{ij} - \overline{g_i} - \hat x_{ij}\, \overline{g_i \hat x_i} \Big)$$
#
# Gamma and beta still serve all examples, so their gradients are still sums over the batch. Note one difference: down a
# column there was a single $\gamma$, which could be pulled out of the means. Along a row each entry has its own.

# %% kind="answer" grade_id="layernorm_backward"
def layernorm_backward(dout, cache):
    """Return the gradients (dx, dgamma, dbeta) of the loss.

    dout: (N, D), the gradient with respect to the output of layernorm_forward. cache: what your
    own layernorm_forward returned with it; it is not changed.
    dx: (N, D). dgamma, dbeta: (D,), summed over the examples.
    """
    ### BEGIN SOLUTION
    x_hat, gamma, s = cache
    g = dout * gamma
    dx = (g - g.mean(axis=1, keepdims=True) - x_hat * (g * x_hat).mean(axis=1, keepdims=True)) / s
    return dx, (dout * x_hat).sum(axis=0), dout.sum(axis=0)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# Begin with your `batchnorm_backward`. The means inside `dx` change their axis (and need `keepdims=True`); the two sums
# for the parameters do not.
#
# </details>

# %% kind="test" grade_id="layernorm_backward_visible" points=1
check("layernorm_backward", layernorm_backward, layernorm_forward)

# %% kind="test" grade_id="layernorm_backward_hidden" points=2
# Your teacher's hidden checks of layernorm_backward run here.
### BEGIN HIDDEN TESTS
check_hidden("layernorm_backward", layernorm_backward, layernorm_forward)
### END HIDDEN TESTS

# %% [markdown]
# ### Question: which norm?
#
# For each sentence say whether it is true of batch norm, of layer norm, of both or of neither. "Hardly" means: not at
# all, if epsilon were 0.
#
# - a: In training, the output for one example depends on the other examples of the batch.
# - b: Training and test time use the same formula, and no running averages.
# - c: Multiplying one feature by 10, in every example, hardly changes the output in training.
# - d: Multiplying every feature of one example by 10 hardly changes the output for that example.
# - e: There is one gamma and one beta for each feature.
# - f: Once training is over, it can be folded into the affine map before it.

# %% kind="answer" grade_id="which_norm"
# Give each letter, "a" to "f", one of "batch norm", "layer norm", "both", "neither".
# Write a dict, such as {"a": "both", "b": "neither", ...}.
which_norm = None
### BEGIN SOLUTION
which_norm = {
    "a": "batch norm",
    "b": "layer norm",
    "c": "batch norm", "d": "layer norm",
    "e": "both",
    "f": "batch norm",
}
### END SOLUTION

# %% kind="test" grade_id="which_norm_visible" points=0
check("which_norm", which_norm)

# %% kind="test" grade_id="which_norm_hidden" points=2
# Your teacher's hidden check of which_norm runs here.
### BEGIN HIDDEN TESTS
check_hidden("which_norm", which_norm)
### END HIDDEN TESTS

# %% [markdown]
# ### Experiment: the four networks side by side

# %% kind="experiment"
layer_norm = Normalization(layernorm_forward, layernorm_backward)
found["layer norm"] = in_three_ways(MLP(three, normalize=layer_norm))
plot_ways(found, "A layer that ignores the batch cannot be misled by it")

# %% [markdown]
# On this small task the network without any normalization does well too, at the right rate and with He's weights. Do
# not conclude that normalizing is useless: look back at section 5, where neither the rate nor the weights were right.
#
# ### Experiment: a shift at test time
#
# One failure is left. The validation digits are now in fog: each grey value $x$ becomes $c\,x + (1 - c)$, where $c$ is
# the contrast that is left. The running averages describe clear digits. One remedy is to show the layers fogged
# digits, which need no labels, and to compute the averages again (Li and others, 2016).

# %% kind="experiment"
contrasts = np.linspace(1.0, 0.3, 8)
networks = {
    "batch norm": MLP(three, normalize=batch_norm),
    "batch renorm": RenormMLP(three, normalize=renorm._replace(update=update_running)),
    "layer norm": MLP(three, normalize=layer_norm),
}
trained = {name: fit(net, epochs=15).params for name, net in networks.items()}


def with_new_averages(params, X):
    """Return the parameters with all running averages replaced by the statistics of X.

    With momentum 0 one training pass does it. Its labels (all 0) and its gradients go unused.
    """
    forgetful = batch_norm._replace(update=partial(update_running, momentum=0.0))
    params = dict(params)
    MLP(three, normalize=forgetful).loss_and_gradients(params, X, np.zeros(len(X), int))
    return params


accuracies = {name: [] for name in [*networks, "batch norm, new averages"]}
for contrast in contrasts:
    fogged = contrast * validation.X + (1 - contrast)
    for name, net in networks.items():
        accuracies[name].append(net.accuracy(trained[name], fogged, validation.y))
    accuracy = networks["batch norm"].accuracy(
        with_new_averages(trained["batch norm"], fogged), fogged, validation.y
    )
    accuracies["batch norm, new averages"].append(accuracy)

with style():
    _, ax = plt.subplots(figsize=(9.5, 4.2))
    for (name, values), marker in zip(accuracies.items(), "os^D", strict=True):
        ax.plot(contrasts, values, marker=marker, label=name)
    ax.invert_xaxis()
    ax.set(xlabel="remaining contrast (1: no fog)", ylabel="validation accuracy",
           title="Fog: fixed running averages become outdated")
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
plt.show()

# %% [markdown]
# Batch norm falls, and renormalization falls with it: both use running averages at test time. New averages fix it
# completely, as you predicted in section 1: multiplying and shifting all inputs alike (b and f) is exactly what the
# layer cannot see. Layer norm takes its statistics from the fogged digit itself, and still does only a little better.
# The fog shifts each feature by a different amount, and subtracting a mean along the row does not remove that.
#
# ## 8. The same in PyTorch
#
# `torch.nn.BatchNorm1d(D)` has both of your functions in one layer. Its mode says which one it uses: after
# `model.train()` the statistics of the batch, which also update the running averages, and after `model.eval()` the
# running averages. `weight` is gamma, `bias` is beta. For images there is `BatchNorm2d(C)`, with the channels second.
# The next cell compares numbers, if PyTorch is installed.

# %% kind="experiment"
from course_utils.pytorch import compare_with_torch


@compare_with_torch
def batch_norm(torch):
    rng = np.random.default_rng(0)
    x, dout, new = (rng.normal(3.0, 2.0, size=(8, 4)) for _ in range(3))
    gamma, beta = rng.uniform(0.5, 2.0, 4), rng.normal(size=4)

    def layer_of(momentum):
        """Return a layer that has seen the batch x once, its input and its output."""
        layer = torch.nn.BatchNorm1d(4, momentum=momentum, dtype=torch.float64)
        layer.load_state_dict(
            {"weight": torch.from_numpy(gamma), "bias": torch.from_numpy(beta)}, strict=False
        )
        tensor = torch.from_numpy(x).requires_grad_()
        return layer, tensor, layer.train()(tensor)

    layer, tensor, out = layer_of(momentum=0.1)
    out.backward(torch.from_numpy(dout))
    mine, cache = batchnorm_forward(x, gamma, beta)
    mean = update_running(np.zeros(4), x.mean(axis=0), momentum=0.9)
    var = update_running(np.ones(4), x.var(axis=0, ddof=1), momentum=0.9)
    norm = torch.nn.LayerNorm(4, dtype=torch.float64)
    still_training = layer(torch.from_numpy(new)).detach()
    layer = layer_of(momentum=0.1)[0].eval()
    return {
        "BatchNorm1d(4), in training": (mine, out),
        "gradient of the input": (batchnorm_backward(dout, cache)[0], tensor.grad),
        "running mean, momentum=0.1": (mean, layer.running_mean),
        "running variance, divided by N - 1": (var, layer.running_var),
        "after eval()": (
            batchnorm_predict(new, gamma, beta, mean, var), layer(torch.from_numpy(new)),
        ),
        "LayerNorm(4)": (
            layernorm_forward(x, np.ones(4), np.zeros(4))[0], norm(torch.from_numpy(x)),
        ),
        "trap: eval() forgotten": (batchnorm_predict(new, gamma, beta, mean, var), still_training),
        "trap: running mean, momentum=0.9": (mean, layer_of(momentum=0.9)[0].running_mean),
        "trap: running variance, divided by N": (
            update_running(np.ones(4), x.var(axis=0)), layer.running_var,
        ),
    }


# %% [markdown]
# With PyTorch, the cell prints this:
#
# ```
# BatchNorm1d(4), in training           the same
# gradient of the input                 the same
# running mean, momentum=0.1            the same
# running variance, divided by N - 1    the same
# after eval()                          the same
# LayerNorm(4)                          the same
# trap: eval() forgotten                differs by up to 7.1
# trap: running mean, momentum=0.9      differs by up to 2.5
# trap: running variance, divided by N  differs by up to 0.042
# ```
#
# The traps in these lines:
#
# - **`eval()` forgotten.** The output for an image then depends on the other images in the batch, and a batch of one
#   raises an error. Worse, each such call also changes the running averages, even inside `torch.no_grad()`.
# - **The momentum of the running statistics** is the share of the *new* value: our 0.9 is PyTorch's 0.1. It has
#   nothing to do with the momentum of an optimizer.
# - **The variance** in the running average is divided by $N - 1$; the one that normalizes the batch is divided by $N$.
# - **Decay.** `model.parameters()` includes gamma and beta. Put them in a parameter group with `weight_decay=0.0`.
#
# ## Going further ★
#
# Three relatives, for images and for transformers. They carry no points.
#
# An image batch has shape `(N, H, W, C)`: $N$ images, $H$ rows and $W$ columns of pixels, and $C$ channels. (PyTorch
# has the channels second, `(N, C, H, W)`.) A channel is one feature of a convolutional network,
# computed in the same way at every pixel.
#
# ### ★ Exercise: `spatial_batchnorm_forward`
#
# Ioffe and Szegedy (2015), section 3.2: since a channel is computed in the same way everywhere, all positions share
# one mean and one variance. Every pixel of every image is then an example with $C$ features: this is batch norm on
# `x.reshape(-1, C)`.

# %% kind="answer" grade_id="spatial_batchnorm_forward" star=true
def spatial_batchnorm_forward(x, gamma, beta, eps=1e-5):
    """Batch norm for images: one mean and one variance for each channel, over images and pixels.

    x: (N, H, W, C). gamma, beta: (C,). eps: as in batchnorm_forward.
    Returns (out, cache): out is (N, H, W, C); the cache is up to you.
    """
    ### BEGIN SOLUTION
    out, cache = batchnorm_forward(x.reshape(-1, x.shape[-1]), gamma, beta, eps)
    return out.reshape(x.shape), cache
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# Two reshapes, and your own `batchnorm_forward` between them.
#
# </details>

# %% kind="test" grade_id="spatial_batchnorm_forward_visible" points=0
check("spatial_batchnorm_forward", spatial_batchnorm_forward)

# %% kind="test" grade_id="spatial_batchnorm_forward_hidden" points=0
# Your teacher's hidden checks of spatial_batchnorm_forward run here.
### BEGIN HIDDEN TESTS
check_hidden("spatial_batchnorm_forward", spatial_batchnorm_forward)
### END HIDDEN TESTS

# %% [markdown]
# ### ★ Exercise: `groupnorm_forward`
#
# Wu and He (2018): divide the $C$ channels into $G$ groups of $C/G$ neighbours. Each group of each *image* has its own
# mean and variance, over all pixels and over the channels of the group. No other image takes part. One group for all
# channels is layer norm for images; a group for each channel is called *instance norm*. Scale and shift are, as
# always, one number for each channel.

# %% kind="answer" grade_id="groupnorm_forward" star=true
def groupnorm_forward(x, gamma, beta, groups, eps=1e-5):
    """Normalize each image over its pixels and each group of channels, then scale and shift.

    x: (N, H, W, C). gamma, beta: (C,). groups: how many groups there are; each has C // groups
    neighbouring channels. Raises ValueError, with a sentence, if groups does not divide C.
    eps: added to the biased variance under the root.
    Returns a new array (N, H, W, C), and no cache.
    """
    ### BEGIN SOLUTION
    N, H, W, C = x.shape
    if C % groups != 0:
        raise ValueError(f"{C} channels cannot be divided into {groups} groups of one size.")
    parts = x.reshape(N, H, W, groups, C // groups)
    mean, var = parts.mean(axis=(1, 2, 4), keepdims=True), parts.var(axis=(1, 2, 4), keepdims=True)
    x_hat = (parts - mean) / np.sqrt(var + eps)
    return gamma * x_hat.reshape(x.shape) + beta
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# Reshape to five axes, `(N, H, W, groups, C // groups)`. `mean` and `var` take a tuple of axes: those of the pixels and
# of the channels inside a group. Reshape back before you apply gamma and beta.
#
# </details>

# %% kind="test" grade_id="groupnorm_forward_visible" points=0
check("groupnorm_forward", groupnorm_forward)

# %% kind="test" grade_id="groupnorm_forward_hidden" points=0
# Your teacher's hidden checks of groupnorm_forward run here.
### BEGIN HIDDEN TESTS
check_hidden("groupnorm_forward", groupnorm_forward)
### END HIDDEN TESTS

# %% kind="test" grade_id="groupnorm_forward_arguments" points=0
# This check tests how your function handles bad arguments.
check("groupnorm_forward", groupnorm_forward, part="arguments")
### BEGIN HIDDEN TESTS
check_hidden("groupnorm_forward", groupnorm_forward, part="arguments")
### END HIDDEN TESTS

# %% [markdown]
# ### Experiment: one photograph in two lights
#
# The same photograph in white and in dim, warm light. With one group for each channel your function removes the
# brightness and colour of the light, and the two images become the same. That helps if the light does not matter, and
# hurts if it does.

# %% kind="experiment"
temple = photographs()[0][::2, ::2]
lights = np.stack([temple, temple * [0.6, 0.4, 0.2]])
normalized = groupnorm_forward(lights, np.full(3, 0.22), np.full(3, 0.5), groups=3)
plot_images(
    [*lights, *normalized],
    titles=["white light", "dim and warm", "the first, normalized", "the second, normalized"],
    columns=2,
    title="Instance norm: two lightings, the same image",
)
plt.show()

# %% [markdown]
# ### ★ Exercise: `rmsnorm_forward`
#
# Zhang and Sennrich (2019) leave out the mean and the shift, and divide by the *root mean square* alone. This is
# cheaper than layer norm. The language model LLaMA uses it (Touvron and others, 2023). For a vector $x$ of $D$
# features:
#
# $$y_j = \gamma_j\, \frac{x_j}{\sqrt{\frac1D \sum_{k=1}^D x_k^2 + \varepsilon}}$$

# %% kind="answer" grade_id="rmsnorm_forward" star=true
def rmsnorm_forward(x, gamma, eps=1e-5):
    """Divide by the root mean square over the last axis, then scale. There is no mean and no shift.

    x: (..., D), of any number of axes. gamma: (D,). eps: added to the mean square under the root.
    Returns a new array of x's shape, and no cache.
    """
    ### BEGIN SOLUTION
    return gamma * x / np.sqrt(np.mean(x**2, axis=-1, keepdims=True) + eps)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# The last axis is `axis=-1`, however many axes there are. Keep it, so that the division matches row by row.
#
# </details>

# %% kind="test" grade_id="rmsnorm_forward_visible" points=0
check("rmsnorm_forward", rmsnorm_forward)

# %% kind="test" grade_id="rmsnorm_forward_hidden" points=0
# Your teacher's hidden checks of rmsnorm_forward run here.
### BEGIN HIDDEN TESTS
check_hidden("rmsnorm_forward", rmsnorm_forward)
### END HIDDEN TESTS

# %% [markdown]
# ## Summary
#
# - In training, batch norm brings each feature to mean 0 and deviation 1 over the batch, with the biased variance and
#   epsilon under the root. Gamma and beta restore the functions that this takes away.
# - The batch's statistics depend on the inputs, so the gradient loses its mean and its part along $\hat x$:
#   $\frac1s (g - \overline g - \hat x\, \overline{g \hat x})$.
# - At test time running averages replace the batch's statistics. The layer is then affine, and can be folded into the
#   weights.
# - The gradient gets through twenty layers whatever the initial weights are, and a wide range of rates and initial
#   weights trains. The noise of small batches regularizes, so that less dropout may be needed.
# - It fails if batches are tiny, not representative, or unlike the test data. Batch renormalization fixes much of the
#   first two, new averages fix the third. Layer norm does not look at the batch at all.
# - Before you compare two libraries, compare their momentum, their epsilon and their running variance.
#
# ## References
#
# - Ioffe and Szegedy (2015), *Batch normalization: accelerating deep network training by reducing internal covariate
#   shift*.
# - He and others (2015), *Delving deep into rectifiers*. The initial weights.
# - Ba, Kiros and Hinton (2016), *Layer normalization*.
# - Li and others (2016), *Revisiting batch normalization for practical domain adaptation*. New averages.
# - Ioffe (2017), *Batch renormalization: towards reducing minibatch dependence in batch-normalized models*.
# - Hoffer, Hubara and Soudry (2017), *Train longer, generalize better*. Ghost batches.
# - Vaswani and others (2017), *Attention is all you need*.
# - van Laarhoven (2017), *L2 regularization versus batch and weight normalization*. The effective rate.
# - Santurkar and others (2018), *How does batch normalization help optimization?*
# - Wu and He (2018), *Group normalization*.
# - Yang and others (2019), *A mean field theory of batch normalization*.
# - Zhang and Sennrich (2019), *Root mean square layer normalization*.
# - Brock and others (2021), *High-performance large-scale image recognition without normalization*.
# - Touvron and others (2023), *LLaMA: open and efficient foundation language models*.
#
# Next: [What goes wrong with SGD](../05_sgd_pathologies/05_sgd_pathologies.ipynb), and how momentum helps.
