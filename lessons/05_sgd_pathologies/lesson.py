# %% [markdown] writes="mini-batches, gradient noise, ravines and saddles, momentum, Nesterov, clipping"
# # What goes wrong with SGD
#
# *About four hours, and one more for the starred exercises. You need lesson 00b, and eigenvalues of a symmetric
# matrix; lesson 01 can come before or after it.*
#
# Stochastic gradient descent is the simplest method there is, and every other optimizer fixes one of its faults. If
# you can tell the faults apart, you know which fix to use; if you can't, you have to try them all. There are three. In
# a narrow valley the steps go back and forth instead of forward. Near a saddle they become so small that training
# seems to be over. And since each mini-batch is only a sample, the direction is never quite right. In this lesson you
# measure each fault, with numbers that you can compute for your own network, and then you write momentum, which fixes
# parts of all three.
#
# When you are done you can
#
# - cut data into mini-batches, and say how noisy the gradient of a batch is before you have drawn one;
# - predict from the Hessian how slow gradient descent will be, and which constant rate is best;
# - tell a minimum from a saddle, and say why high dimensions are full of saddles;
# - write momentum in Polyak's and in Nesterov's form, and say what it fixes and what it does not;
# - keep a single huge gradient from ruining the weights.

# %% kind="setup" grade_id="imports"
import matplotlib.pyplot as plt
import numpy as np

from course_utils.checks import check, check_hidden
from course_utils.data import breast_cancer, diabetes, digits
from course_utils.explorers import explore
from course_utils.landscapes import double_well, noisy_gradient, quadratic, ravine, saddle
from course_utils.networks import MLP
from course_utils.plots import COLORS, plot_band, plot_losses, plot_paths, style
from course_utils.training import descend, stateless, train, with_progress

# %% [markdown]
# ## The problem in one picture
#
# Three landscapes from above; darker is higher. Each walk starts at the black dot and takes the plain step of lesson
# 01, at a constant rate. A yellow star marks a minimum.

# %%
def gradient_descent(w, grad, state, lr):
    """Take the plain step of lesson 01, in the form that `descend` needs: there is no state."""
    return w - lr * grad, state


def plain_walk(gradient, start, lr, steps):
    return descend(gradient, start, gradient_descent, lr, steps)


valley, bowl = ravine(20), quadratic(np.eye(2), name="bowl")
noisy = noisy_gradient(bowl, 2.0, np.random.default_rng(3))
shape = {"width_ratios": (2.6, 1.25, 1)}
fig, axes = plt.subplots(1, 3, figsize=(14, 3.6), layout="constrained", gridspec_kw=shape)
paths = {
    "1. Zigzag in a ravine": (valley, plain_walk(valley.gradient, valley.start, 0.095, 40)),
    "2. Slow at a saddle": (saddle(), plain_walk(saddle().gradient, [1.5, 1e-3], 0.2, 36)),
    "3. Jitter from mini-batches": (bowl, plain_walk(noisy, [-2.5, 2.0], 0.2, 60)),
}
for ax, (title, (landscape, path)) in zip(axes, paths.items(), strict=True):
    plot_paths(landscape, {"": path}, ax=ax, title=title)
plt.show()

# %% [markdown]
# The first picture has no noise, and the third has no narrow valley. **Zig-zag** comes from the shape of the loss,
# **jitter** from the mini-batches. Both look restless, and they are often confused, but what fixes one need not fix
# the other. We take them in turn, and start with the mini-batches.

# %% [markdown]
# ## 1. Noise
#
# ### Mini-batches
#
# The loss of a network is a mean over all $N$ training examples, and so is its gradient. To take one step we look at
# only $B$ of them, a **mini-batch**. The usual way is as in a card game: shuffle the deck, deal $B$ cards at a time
# until none is left, shuffle again. One pass through the deck is an **epoch**, and sees every example exactly once.
# If $B$ does not divide $N$, the last batch is smaller. (Many libraries can drop it instead: in PyTorch's
# `DataLoader`, `drop_last=True`. Its default keeps it, as we do.)
#
# ### Exercise: `minibatches`

# %% kind="answer" grade_id="minibatches"
def minibatches(X, y, batch_size, rng):
    """Return the mini-batches of one epoch, shuffled: an iterable of pairs (Xb, yb).

    X: array (N, ...), one example a row. y: array (N,) or (N, ...), the targets in the same order.
    batch_size: how many examples a batch has. The last batch may be smaller; none is empty.
    A size over N gives one batch.
    rng: a numpy.random.Generator, the only source of randomness. Each call draws a new order.
    Every example comes exactly once, with its own target. X and y are not changed.
    Raises ValueError, with a sentence, if batch_size < 1 or if X and y differ in length.
    """
    ### BEGIN SOLUTION
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}: a batch holds at least one example.")
    if len(X) != len(y):
        raise ValueError(f"X has {len(X)} examples, y has {len(y)}: each input needs its target.")
    order = rng.permutation(len(X))
    batches = [order[start : start + batch_size] for start in range(0, len(X), batch_size)]
    return [(X[rows], y[rows]) for rows in batches]
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# Shuffle the *numbers* of the rows, not the rows: `rng.permutation(N)` returns the numbers 0 to N - 1 in random order.
# Use a piece of that array as an index for both `X` and `y`, which keeps the pairs together. A slice that goes past
# the end of an array is simply shorter. Return a list of the pairs, or write `yield` for each; both can be looped
# over.
#
# </details>

# %% kind="test" grade_id="minibatches_visible" points=1
check("minibatches", minibatches)

# %% kind="test" grade_id="minibatches_hidden" points=2
# Your teacher's hidden checks of minibatches run here.
### BEGIN HIDDEN TESTS
check_hidden("minibatches", minibatches)
### END HIDDEN TESTS

# %% kind="test" grade_id="minibatches_arguments" points=1
# This check tests how your function handles bad arguments.
check("minibatches", minibatches, part="arguments")
### BEGIN HIDDEN TESTS
check_hidden("minibatches", minibatches, part="arguments")
### END HIDDEN TESTS

# %% [markdown]
# #### Experiment: why shuffle?
#
# Here are the handwritten digits, sorted by label, as many data sets are when you get them. A small network is trained
# twice from the same weights: on batches in the stored order, and on yours.

# %% kind="experiment"
X, y = digits()
by_label = np.argsort(y, kind="stable")
X, y = X[by_label], y[by_label]


def in_stored_order(X, y, batch_size, rng):
    return [(X[i : i + batch_size], y[i : i + batch_size]) for i in range(0, len(X), batch_size)]


network = MLP((64, 32, 10))
first = network.initialize(np.random.default_rng(0))
runs = {}
for name, batches in {"stored order": in_stored_order, "shuffled": minibatches}.items():
    rng = np.random.default_rng(1)
    data = (X, y)
    runs[name] = train(network, first, data, gradient_descent, 0.2, 6, 32, rng, minibatches=batches)
    print(f"{name}: accuracy after 6 epochs {runs[name].train_accuracies[-1]:.3f}")
losses = {name: run.losses[:171] for name, run in runs.items()}
title = "Three epochs: in stored order, the loss jumps at each new digit"
ax = plot_losses(losses, title=title, x="step", y="loss of the batch")
edges = np.searchsorted(y, np.arange(11)) / 32
for digit in range(10):
    for epoch in range(3):
        shade = "0.92" if digit % 2 else "white"
        ax.axvspan(*(edges[digit : digit + 2] + 57 * epoch), color=shade, zorder=0)
    place = edges[digit : digit + 2].mean()
    ax.text(place, 0.01, str(digit), transform=ax.get_xaxis_transform(), ha="center", fontsize=10)
ax.grid(visible=False, axis="x")
plt.show()

# %% [markdown]
# Each stripe is one digit in the stored order, 0 to 9 in each epoch. In stored order the loss of a batch shoots up
# each time a new digit begins. The network has just learned to answer "three" to everything, and now the fours come.
# In between the loss falls far below that of the shuffled run, but this is the loss on one digit only, as the accuracy
# shows. Each batch represents the data badly, and in the same way for many steps.
#
# ### How noisy is a mini-batch?
#
# Let $g_i$ be the gradient of the loss of example $i$, and $\bar g = \frac1N \sum_i g_i$ the gradient that we want.
# The mini-batch gives $\hat g$, the mean of $B$ of the $g_i$. On average it is right. How far off is it? Take one
# coordinate, and let $s^2 = \frac1N \sum_i (g_i - \bar g)^2$ be the variance over the examples, divided by $N$.
#
# *With replacement*, each of the $B$ draws is independent of the others. Variances of independent draws add up, and
# dividing a sum by $B$ divides its variance by $B^2$:
#
# $$\operatorname{Var}(\hat g) = \frac{B\, s^2}{B^2} = \frac{s^2}{B}$$
#
# *Without replacement* two draws are not independent: after an example with a large gradient was drawn, the rest is a
# little smaller on average. Call $c$ the covariance of two different draws. The variance of the sum has $B$ terms $s^2$
# and $B(B-1)$ terms $c$. For $B = N$ the sum is always the same, so its variance is 0: $N s^2 + N(N-1)\, c = 0$, which
# gives $c = -s^2/(N-1)$. Put it in:
#
# $$\operatorname{Var}(\hat g) = \frac{B s^2 - B(B-1)\, \frac{s^2}{N-1}}{B^2} = \frac{s^2}{B} \cdot \frac{N-B}{N-1}$$
#
# This formula shows two things. The noise falls only with the *root* of the batch size: four times the work halves its
# standard deviation. And $N$ hardly matters. You sometimes read that a large training set makes mini-batches noisy.
# With replacement $N$ does not appear at all. Without replacement, the variance rises with $N$, but never beyond the
# bound $s^2/B$, and it is close to that bound as soon as the batch is a small part of the set.
#
# ### Question: which is the quietest?
#
# Answer before you write the function: predict, then compute. Here are five ways to draw a mini-batch *without
# replacement* from examples whose gradients have the same variance $s^2$:
#
# | | batch size $B$ | examples $N$ |
# | --- | --- | --- |
# | a | 100 | 100 |
# | b | 100 | 200 |
# | c | 100 | 60,000 |
# | d | 25 | 1,000,000 |
# | e | 25 | 50 |

# %% kind="answer" grade_id="quietest_first"
# Order them by the variance of the mini-batch mean, the smallest first:
# a list such as ["e", "d", "c", "b", "a"].
quietest_first = None
### BEGIN SOLUTION
quietest_first = ["a", "b", "c", "e", "d"]
### END SOLUTION

# %% kind="test" grade_id="quietest_first_visible" points=0
check("quietest_first", quietest_first)

# %% kind="test" grade_id="quietest_first_hidden" points=2
# Your teacher's hidden check of quietest_first runs here.
### BEGIN HIDDEN TESTS
check_hidden("quietest_first", quietest_first)
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise: `gradient_noise`

# %% kind="answer" grade_id="gradient_noise"
def gradient_noise(grads, batch_size, replace):
    """Return the variance of the mini-batch mean, for each coordinate.

    grads: array (N, D), N >= 2, the gradient of one example a row. batch_size: B.
    replace: True if examples are drawn with replacement, False if without.
    Returns an array (D,). The N rows are all the examples that there are, so their variance is
    divided by N (ddof 0).
    Raises ValueError, with a sentence, if batch_size < 1 or, without replacement, if
    batch_size > N.
    """
    ### BEGIN SOLUTION
    n = len(grads)
    if batch_size < 1 or (batch_size > n and not replace):
        raise ValueError(f"batch_size is {batch_size}: 1 to {n}, more only with replacement.")
    noise = grads.var(axis=0) / batch_size
    return noise if replace else noise * (n - batch_size) / (n - 1)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# `grads.var(axis=0)` goes down the columns and divides by N. Try your function at $B = N$: with replacement there is
# still noise, without replacement there is none.
#
# </details>

# %% kind="test" grade_id="gradient_noise_visible" points=1
check("gradient_noise", gradient_noise)

# %% kind="test" grade_id="gradient_noise_hidden" points=2
# Your teacher's hidden checks of gradient_noise run here.
### BEGIN HIDDEN TESTS
check_hidden("gradient_noise", gradient_noise)
### END HIDDEN TESTS

# %% kind="test" grade_id="gradient_noise_arguments" points=1
# This check tests how your function handles bad arguments.
check("gradient_noise", gradient_noise, part="arguments")
### BEGIN HIDDEN TESTS
check_hidden("gradient_noise", gradient_noise, part="arguments")
### END HIDDEN TESTS

# %% [markdown]
# #### Experiment: gradient noise against batch size
#
# Now real gradients: 569 tumours with 30 measurements each, and logistic regression, which predicts whether a tumour
# is benign. At $w = 0$ we draw many mini-batches and compare the variance that we see with what your function returns.
# The batches without replacement come from your `minibatches`. The noise is added up over the 30 coordinates.

# %% kind="experiment"
X, y = breast_cancer()


def example_gradients(w):
    """Return the gradient of each tumour's logistic loss, (569, 30)."""
    return (1 / (1 + np.exp(-X @ w)) - y)[:, None] * X


def measured_noise(grads, batch_size, replace, rng, draws=400):
    means = []
    for _ in range(draws):
        if replace:
            batch = grads[rng.integers(len(grads), size=batch_size)]
        else:
            batch, _ = next(iter(minibatches(grads, grads, batch_size, rng)))
        means.append(batch.mean(axis=0))
    return np.var(means, axis=0).sum()


grads, rng = example_gradients(np.zeros(30)), np.random.default_rng(0)
sizes = np.array([1, 4, 16, 64, 192, 384, 512, 560])
with style():
    fig, ax = plt.subplots()
    for i, (name, replace) in enumerate({"with replacement": True, "without": False}.items()):
        theory = [gradient_noise(grads, B, replace).sum() for B in range(1, 569)]
        seen = [measured_noise(grads, B, replace, rng) for B in sizes]
        dashes = ("-", "--")[i]
        ax.loglog(range(1, 569), theory, dashes, color=COLORS[i], label=f"{name}, by your formula")
        ax.loglog(sizes, seen, "os"[i], color=COLORS[i], label=f"{name}, measured")
    ax.set(xlabel="batch size $B$", ylabel="variance of the mean")
    ax.set_title("Noise falls as 1/B; the full data set has none")
    ax.legend()
plt.show()

# %% [markdown]
# As long as $B$ is a small part of $N$, the two ways give nearly the same noise. Now the other question: the batch
# size stays at 32, and we choose how many of the tumours are in the training set.

# %% kind="experiment"
counts = np.array([32, 36, 42, 50, 64, 90, 128, 180, 256, 360, 569])
noise = [
    [gradient_noise(grads[rng.permutation(569)[:n]], 32, replace=False).sum() for n in counts]
    for _ in range(200)
]
bound = np.full(len(counts), gradient_noise(grads, 32, replace=True).sum())
ax = plot_band(
    counts,
    {"200 random training sets": noise},
    {"the bound $s^2/B$": bound},
    title="The noise rises to a bound as the training set grows, and no further",
    x_label="training examples $N$",
    y_label="variance of the mean, $B = 32$",
)
ax.set_ylim(bottom=0)
plt.show()

# %% [markdown]
# At $N = 32$ a batch is the whole training set, and there is no noise. From there the variance climbs towards the
# dashed line, which a million tumours would come close to but not cross. (The line is the median of the 200 sets, and
# the band contains the middle 80 % of them: each small training set also has its own $s^2$.)
#
# Try it: the panel draws batches with your `minibatches`. Quadruple the batch size, and the walk wanders half as far
# around the minimum. A quarter of the rate has the same effect on the wandering. What does each of the two cost?

# %% kind="experiment"
explore("minibatch_noise", minibatches)

# %% [markdown]
# ### How large should a batch be?
#
# While the noise is large compared with the gradient, doubling the batch nearly halves the number of steps. Once the
# noise is small, doubling gains almost nothing. The batch size at which noise and gradient are equal in size is called
# the **simple noise scale** (McCandlish et al. 2018):
#
# $$B_{\text{noise}} = \frac{\sum_j s_j^2}{\lVert \bar g \rVert^2}$$
#
# Here $s_j^2$ is the variance over the examples in coordinate $j$, divided by $N$ as before, and $\lVert \bar g \rVert$
# is the length of the mean gradient. At $B = B_{\text{noise}}$, drawn with replacement, the total noise variance
# $\sum_j s_j^2/B$ is exactly $\lVert \bar g \rVert^2$.
#
# ### Exercise: `noise_scale`

# %% kind="answer" grade_id="noise_scale"
def noise_scale(grads):
    """Return the simple noise scale: summed variance over squared length of the mean gradient.

    grads: array (N, D), the gradient of one example a row; their mean is not 0.
    Returns one number, in examples. Variances are divided by N (ddof 0).
    """
    ### BEGIN SOLUTION
    noise = np.sum(grads.var(axis=0))
    signal = np.sum(grads.mean(axis=0) ** 2)
    return noise / signal
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# Work out the two totals separately, then divide. The squared length of a vector is the sum of its squared entries; no
# root is needed.
#
# </details>

# %% kind="test" grade_id="noise_scale_visible" points=1
check("noise_scale", noise_scale)

# %% kind="test" grade_id="noise_scale_hidden" points=2
# Your teacher's hidden checks of noise_scale run here.
### BEGIN HIDDEN TESTS
check_hidden("noise_scale", noise_scale)
### END HIDDEN TESTS

# %% [markdown]
# #### Experiment: the noise scale while training
#
# We train logistic regression on the tumours with the exact gradient, and call your function along the way.

# %% kind="experiment"
path = plain_walk(lambda w: example_gradients(w).mean(axis=0), np.zeros(30), 0.3, 1000)
scales = [noise_scale(example_gradients(w)) for w in path]
print(f"At the start {scales[0]:.1f} examples, after 1000 steps {scales[-1]:.0f}.")
title = "The noise scale grows as training goes on"
plot_losses({"": scales}, title=title, x="step", y="noise scale (examples)")
plt.show()

# %% [markdown]
# At the start a handful of tumours is enough: they all agree on what to learn first. Later the mean gradient shrinks
# much faster than the examples' differences, and a batch would have to be large to see it at all: at the end about
# 9000 draws with replacement, although there are only 569 tumours to draw from. That is one more reason why a small
# rate, or a large batch, is worth its cost late in training.

# %% [markdown]
# #### Experiment: does a large batch generalize worse?
#
# You often read that large batches generalize worse than small ones: the noise of small batches is said to lead to
# flat minima, which generalize better (Keskar and others 2017). Look at what was compared. At the same rate and the
# same number of *epochs*, a large batch takes fewer steps, and each step is no longer. So we train a small network on
# 512 digits in three ways. The cell takes about five seconds.

# %% kind="experiment"
all_X, all_y = digits()
net, batch_sizes = MLP((64, 32, 10)), (4, 16, 64, 256)
plain = stateless(lambda w, grad, lr: w - lr * grad)


def held_out_accuracy(batch_size, lr, epochs, seed):
    """Train on 512 digits, and return the accuracy on the other 1285."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(all_X))
    seen, new = order[:512], order[512:]
    run = train(net, net.initialize(rng), (all_X[seen], all_y[seen]), plain, lr, epochs, batch_size,
                rng, minibatches=minibatches, evaluate=False)
    return net.accuracy(run.params, all_X[new], all_y[new])


ways = {
    "12 epochs, rate 0.05": lambda B: (B, 0.05, 12),
    "12 epochs, rate $B/80$, at most 0.8": lambda B: (B, min(B / 80, 0.8), 12),
    "the same rates, at least 384 steps": lambda B: (B, min(B / 80, 0.8), max(12, 384 * B // 512)),
}
reached = {name: np.zeros((3, 4)) for name in ways}
for name, seed in with_progress([(name, seed) for name in ways for seed in range(3)]):
    reached[name][seed] = [held_out_accuracy(*ways[name](B), seed) for B in batch_sizes]

with style():
    fig, ax = plt.subplots(figsize=(9, 4.2))
    for i, (name, found) in enumerate(reached.items()):
        look = {"color": COLORS[i], "marker": "os^"[i]}
        place, dashes = np.arange(4) + 0.1 * (i - 1), ("-", "--", "-.")[i]
        ax.plot(place, found.T, linestyle="none", alpha=0.5, markersize=5, **look)
        ax.plot(place, np.median(found, axis=0), linestyle=dashes, label=name, **look)
    ax.set(xticks=range(4), xticklabels=batch_sizes, xlabel="batch size $B$", ylim=(0.25, 1.0),
           ylabel="accuracy on 1285 other digits",
           title="Large batches need a higher rate and enough steps")
    ax.legend(loc="lower left")
plt.show()

# %% [markdown]
# (Large marks: medians; small ones: single seeds.) In the first way the claim looks true: 94 % with batches of 4, 31 %
# with batches of 256. But the large batches have only been trained less. With a rate in proportion to the batch size
# (as far as that is stable), batches of 16 and 64 do as well as 4. With enough steps, batches of 64 and 256 do even a
# little *better*. On eight other seeds the medians were 95, 91, 75 and 34 % in the first way, and 95, 95, 96 and 96 %
# in the last. So on this task the batch size itself does no harm. Hoffer and others (2017) closed the gap on larger
# networks by training longer, and Shallue and others (2019), who tuned the rate for each batch size on many tasks,
# found no sign that large batches generalize worse. What they cost is computation: a step with 256 examples is no
# more than a step.

# %% [markdown]
# ## 2. Ravines
#
# ### Curvature in each direction
#
# Near a minimum $w^*$ a smooth loss looks like a bowl, $f(w) \approx f(w^*) + \frac12 (w - w^*)^\top H (w - w^*)$,
# where the **Hessian** $H$ is the symmetric matrix of second derivatives. Its eigenvectors are the axes of the bowl,
# its eigenvalues the curvatures along them. Let $L$ be the largest and $\mu$ (mu) the smallest, with $\mu > 0$. Their
# ratio is the **condition number**:
#
# $$\kappa = \frac{L}{\mu}$$
#
# A round bowl has $\kappa = 1$. If $\kappa$ (kappa) is large, the bowl is a ravine: steep across, almost flat along. A
# contour is then an ellipse that is $\sqrt\kappa$ times as long as it is wide.
#
# ### Exercise: `condition_number`

# %% kind="answer" grade_id="condition_number"
def condition_number(H):
    """Return the largest over the smallest eigenvalue of a symmetric positive definite matrix.

    H: array (D, D). Returns one number, at least 1.
    Raises ValueError, with a sentence, if H is not symmetric or an eigenvalue is not positive.
    """
    ### BEGIN SOLUTION
    if not np.allclose(H, H.T):
        raise ValueError("H is not symmetric: a Hessian equals its transpose.")
    eigenvalues = np.linalg.eigvalsh(H)
    if eigenvalues[0] <= 0:
        raise ValueError(f"H has the eigenvalue {eigenvalues[0]:.3g}: all must be positive.")
    return eigenvalues[-1] / eigenvalues[0]
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# `np.linalg.eigvalsh(H)` returns the eigenvalues of a symmetric matrix, in increasing order. It looks at only one
# triangle of H, so you have to check that H is symmetric: compare it with its transpose by `np.allclose`.
#
# </details>

# %% kind="test" grade_id="condition_number_visible" points=1
check("condition_number", condition_number)

# %% kind="test" grade_id="condition_number_hidden" points=2
# Your teacher's hidden checks of condition_number run here.
### BEGIN HIDDEN TESTS
check_hidden("condition_number", condition_number)
### END HIDDEN TESTS

# %% kind="test" grade_id="condition_number_arguments" points=1
# This check tests how your function handles bad arguments.
check("condition_number", condition_number, part="arguments")
### BEGIN HIDDEN TESTS
check_hidden("condition_number", condition_number, part="arguments")
### END HIDDEN TESTS

# %% [markdown]
# ### How fast can gradient descent be?
#
# On the bowl the gradient is $H(w - w^*)$. With $I$ for the identity matrix, one step at the rate $\eta$ (eta, `lr` in
# code) therefore gives
#
# $$w_{\text{new}} - w^* = (w - w^*) - \eta H (w - w^*) = (I - \eta H)(w - w^*)$$
#
# Along an eigenvector with the curvature $\lambda$ (lambda) the distance is multiplied by $1 - \eta\lambda$ in each
# step, and nothing else happens: the directions do not mix. Three cases:
#
# - $0 < \eta\lambda < 1$: the factor is positive, the walk comes closer and stays on one side;
# - $1 < \eta\lambda < 2$: the factor is negative, the walk jumps to the other side each time and comes closer:
#   **zig-zag**;
# - $\eta\lambda > 2$: the factor is beyond $-1$, each jump is larger than the last, and the walk diverges.
#
# So below $2/L$ every zig-zag dies out on a bowl. A network is not a bowl: its curvature changes on the way. Cohen and
# others (2021) trained networks with exact gradients and found that the largest curvature often rises until it is
# about $2/\eta$, and then stays near it. There the loss goes up and down from step to step, and still falls in the long
# run. They call it the **edge of stability**: the rate decides how steep a region the walk settles in.
#
# The slowest direction decides. The **contraction** of a rate is the largest factor in size:
#
# $$\rho(\eta) = \max_i\, \lvert 1 - \eta \lambda_i \rvert$$
#
# After $t$ steps the distance to the minimum is at most $\rho^t$ (rho to the power $t$) times the first distance. Which
# rate makes $\rho$ smallest? Since $1 - \eta\lambda$ falls as $\lambda$ grows, only the two ends matter: $1 - \eta\mu$
# at the flat end and $-(1 - \eta L)$ at the steep end. A larger $\eta$ makes the first smaller and the second larger,
# so the best is where they meet:
#
# $$1 - \eta\mu = \eta L - 1 \quad\Longrightarrow\quad \eta^* = \frac{2}{L + \mu}, \qquad
# \rho^* = \frac{L - \mu}{L + \mu} = \frac{\kappa - 1}{\kappa + 1}$$
#
# Note that $\eta^* > 1/L$ unless the bowl is round: at the best constant rate the steep direction *does* zig-zag. The
# zig-zag is not your mistake; it is what you pay for moving along the flat direction at all.
#
# ### Exercise: `best_constant_rate`

# %% kind="answer" grade_id="best_constant_rate"
def best_constant_rate(H):
    """Return the constant rate with the smallest contraction on a bowl with the Hessian H.

    H: array (D, D), symmetric positive definite. Returns one number.
    """
    ### BEGIN SOLUTION
    eigenvalues = np.linalg.eigvalsh(H)
    mu, L = eigenvalues[0], eigenvalues[-1]
    return 2 / (mu + L)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# You need only the smallest and the largest eigenvalue. For a round bowl, $H = h I$, the answer must be $1/h$, which
# reaches the minimum in one step.
#
# </details>

# %% kind="test" grade_id="best_constant_rate_visible" points=1
check("best_constant_rate", best_constant_rate)

# %% kind="test" grade_id="best_constant_rate_hidden" points=2
# Your teacher's hidden checks of best_constant_rate run here.
### BEGIN HIDDEN TESTS
check_hidden("best_constant_rate", best_constant_rate)
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise: `contraction`

# %% kind="answer" grade_id="contraction"
def contraction(H, lr):
    """Return the factor of the slowest direction: the largest of abs(1 - lr*eigenvalue).

    H: array (D, D), symmetric; it need not be positive definite. lr: a number.
    Returns one number: below 1 the walk converges, above 1 it diverges.
    """
    ### BEGIN SOLUTION
    eigenvalues = np.linalg.eigvalsh(H)
    return np.max(np.abs(1 - lr * eigenvalues))
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# NumPy computes `1 - lr * eigenvalues` for all of them at once. Which is the largest *in size*?
#
# </details>

# %% kind="test" grade_id="contraction_visible" points=1
check("contraction", contraction)

# %% kind="test" grade_id="contraction_hidden" points=2
# Your teacher's hidden checks of contraction run here.
### BEGIN HIDDEN TESTS
check_hidden("contraction", contraction)
### END HIDDEN TESTS

# %% [markdown]
# ### Measuring the zig-zag
#
# A path $w_0, w_1, \dots, w_T$ has the steps $w_1 - w_0$, $w_2 - w_1$ and so on. A coordinate turns if two
# *consecutive* steps have opposite signs in it, that is, if their product is negative. If one of the two is zero there
# is no turn. Note that we look at steps, not positions: a path can zig-zag far away from the origin.
#
# ### Exercise: `zigzag_count`

# %% kind="answer" grade_id="zigzag_count"
def zigzag_count(path):
    """Count the turns of each coordinate: consecutive steps whose product is negative.

    path: array (T+1, D), one point a row.
    Returns an array (D,) of integers, all 0 for a path of fewer than three points.
    """
    ### BEGIN SOLUTION
    steps = np.diff(path, axis=0)
    return np.sum(steps[1:] * steps[:-1] < 0, axis=0)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# `np.diff(path, axis=0)` returns the steps. `steps[:-1]` leaves out the last step and `steps[1:]` the first, so that
# each step is paired with the next one. The sum of an array of True and False counts the True entries.
#
# </details>

# %% kind="test" grade_id="zigzag_count_visible" points=1
check("zigzag_count", zigzag_count)

# %% kind="test" grade_id="zigzag_count_hidden" points=2
# Your teacher's hidden checks of zigzag_count run here.
### BEGIN HIDDEN TESTS
check_hidden("zigzag_count", zigzag_count)
### END HIDDEN TESTS

# %% [markdown]
# #### Experiment: zig-zag against condition number
#
# Three walks, each in its own ravine at the best constant rate that your function finds, until 1 % of the first
# distance is left. $w_1$ runs along the ravine and $w_2$ across. All turns are counted; only the first 20 steps are
# drawn.

# %% kind="experiment"
fig, axes = plt.subplots(3, 1, figsize=(7.5, 8), layout="constrained")
for ax, kappa in zip(axes, (2, 10, 50), strict=True):
    valley = ravine(kappa)
    H = valley.hessian(valley.minimum)
    path = descend(valley.gradient, valley.start, gradient_descent, best_constant_rate(H), 200)
    distance = np.linalg.norm(path, axis=1)
    path = path[distance > 0.01 * distance[0]]
    along, across = zigzag_count(path)
    title = f"Condition number {condition_number(H):.0f}: {across} turns across, {along} along"
    plot_paths(valley, {"": path[:21]}, ax=ax, title=title)
plt.show()

# %% [markdown]
# At the best rate *every* step turns across the valley, and none along it. A narrower valley only needs more of these
# steps. How many more? Count the steps until 1 % of the distance is left, and compare them with what your
# `contraction` $\rho$ predicts: $\rho^t = 0.01$ gives $t = \log 0.01 / \log \rho$.

# %% kind="experiment"
kappas = np.array([2, 5, 10, 20, 50, 100, 200, 500, 1000])
needed, predicted = [], []
for kappa in kappas:
    valley = ravine(kappa)
    H = valley.hessian(valley.minimum)
    lr = best_constant_rate(H)
    path = descend(valley.gradient, valley.start, gradient_descent, lr, 3000)
    distance = np.linalg.norm(path, axis=1)
    needed.append(np.argmax(distance < 0.01 * distance[0]))
    predicted.append(np.log(0.01) / np.log(contraction(H, lr)))
with style():
    fig, ax = plt.subplots()
    ax.loglog(kappas, needed, "o", color=COLORS[0], label="steps, measured")
    ax.loglog(kappas, predicted, "--", color=COLORS[1], label="steps, by your contraction")
    ax.set(xlabel="condition number", ylabel="steps to 1 % of the distance")
    ax.set_title("Ten times the condition number: ten times the steps")
    ax.legend()
plt.show()

# %% [markdown]
# The number of steps grows in proportion to $\kappa$: for large $\kappa$, $\log \rho^* \approx -2/\kappa$.
#
# #### Experiment: the condition number of real data
#
# For linear regression with the loss $\frac{1}{2n}\lVert Xw - y\rVert^2$ the Hessian is $X^\top X/n$: you can compute
# it without any training. Here it is for the ten measurements of 442 diabetes patients, centred, in the units in which
# they were taken, and again after dividing each column by its standard deviation.

# %% kind="experiment"
for name, data in {"as measured": diabetes(scaled=False), "standardized": diabetes()}.items():
    centred = data.X - data.X.mean(axis=0)
    H = centred.T @ centred / len(data)
    steps = np.log(0.01) / np.log(contraction(H, best_constant_rate(H)))
    print(f"{name}: condition number {condition_number(H):,.0f}, {steps:,.0f} steps to 1 %")

# %% [markdown]
# Standardizing the inputs makes gradient descent 160 times faster, before any optimizer is chosen. What is left
# comes from columns that are correlated, and rescaling columns cannot remove that.
#
# #### Experiment: dividing by a scale fixes the ravine only along the axes
#
# This is worth seeing in general. The optimizers of lesson 06 (AdaGrad, RMSProp, Adam) divide each coordinate of the
# step by a running root mean square of its gradients: one scale for each *coordinate*. You often read that this cures
# zig-zag. Take a ravine with condition number 100, turn it by an angle, rescale each coordinate so that its own
# curvature is 1, and call your function again.

# %% kind="experiment"
angles = np.linspace(0, np.pi / 2, 91)
after = []
for angle in angles:
    valley = ravine(100, angle)
    H = valley.hessian(valley.minimum)
    scale = np.sqrt(np.diag(H))
    after.append(condition_number(H / np.outer(scale, scale)))
with style():
    fig, ax = plt.subplots()
    ax.semilogy(np.degrees(angles), np.full(91, 100.0), "--", color=COLORS[1], label="before")
    ax.semilogy(np.degrees(angles), after, "-", color=COLORS[0], label="each coordinate rescaled")
    ax.set(xlabel="angle of the ravine (degrees)", ylabel="condition number")
    ax.set_title("Rescaling coordinates does nothing for a ravine at 45 degrees")
    ax.legend(loc="lower center")
plt.show()

# %% [markdown]
# Along an axis the cure is perfect. At 45 degrees both coordinates have the same curvature, there is nothing to
# rescale, and the ravine stays as it was. Dividing does not average out the noise of mini-batches either: that is the
# other fault, and needs another cure.
#
# ### Question: zig-zag or jitter?
#
# You watch a training run with a constant rate at which it does not diverge. Each of these observations points to one
# of the two faults.
#
# - **a**: the swings are there even when each step uses the exact gradient of all examples;
# - **b**: with batches four times as large, the swings have half the standard deviation;
# - **c**: the swings vanish when the weights are expressed in other coordinates, in which all curvatures are equal, at
#   the rate that is best there;
# - **d**: on a bowl, at a rate below $2/L$, the swings around the minimum never become smaller on average;
# - **e**: one coordinate changes its direction at *every* single step;
# - **f**: from the same initial weights, a different seed for drawing the batches gives a different path.

# %% kind="answer" grade_id="zigzag_or_jitter"
# Give each letter from "a" to "f" one of "zig-zag", "jitter":
# a dict such as {"a": "jitter", "b": "jitter", ...}.
zigzag_or_jitter = None
### BEGIN SOLUTION
zigzag_or_jitter = dict.fromkeys("ace", "zig-zag") | dict.fromkeys("bdf", "jitter")
### END SOLUTION

# %% kind="test" grade_id="zigzag_or_jitter_visible" points=0
check("zigzag_or_jitter", zigzag_or_jitter)

# %% kind="test" grade_id="zigzag_or_jitter_hidden" points=2
# Your teacher's hidden check of zigzag_or_jitter runs here.
### BEGIN HIDDEN TESTS
check_hidden("zigzag_or_jitter", zigzag_or_jitter)
### END HIDDEN TESTS

# %% [markdown]
# ## 3. Saddles
#
# If the gradient is zero, gradient descent stops. A point with gradient zero is called a **critical point**. It may be
# a minimum; the signs of the Hessian's eigenvalues show what it is.
#
# | eigenvalues of $H$ | the point is | here called |
# | --- | --- | --- |
# | some positive, some negative | a saddle: up in some directions, down in others | `"saddle"` |
# | all positive | a minimum | `"minimum"` |
# | all negative | a maximum | `"maximum"` |
# | some zero (or all), the others of one sign | undecided: higher derivatives decide | `"degenerate"` |
#
# Computed eigenvalues are never exactly zero, so we need a tolerance: an eigenvalue counts as positive above `tol`, as
# negative below `-tol`, and as zero in between. Check the first row of the table first: one direction up and one
# direction down make a saddle, whatever the others do.
#
# ### Exercise: `classify_critical_point`

# %% kind="answer" grade_id="classify_critical_point"
def classify_critical_point(H, tol=1e-8):
    """Return what a critical point is: "saddle", "minimum", "maximum" or "degenerate".

    H: array (D, D), symmetric, the Hessian there. An eigenvalue of size at most tol counts as zero.
    A saddle has an eigenvalue above tol and one below -tol, whatever the others are. Without both,
    a point with an eigenvalue that counts as zero is degenerate.
    """
    ### BEGIN SOLUTION
    eigenvalues = np.linalg.eigvalsh(H)
    up, down = np.any(eigenvalues > tol), np.any(eigenvalues < -tol)
    if up and down:
        return "saddle"
    if np.any(np.abs(eigenvalues) <= tol):
        return "degenerate"
    return "minimum" if up else "maximum"
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# `np.any(condition)` is True if at least one entry fulfils it. Ask the questions in this order: both signs, then
# zeros, then which sign. The determinant and the trace are not enough: in four dimensions two negative eigenvalues
# give a positive determinant.
#
# </details>

# %% kind="test" grade_id="classify_critical_point_visible" points=1
check("classify_critical_point", classify_critical_point)

# %% kind="test" grade_id="classify_critical_point_hidden" points=2
# Your teacher's hidden checks of classify_critical_point run here.
### BEGIN HIDDEN TESTS
check_hidden("classify_critical_point", classify_critical_point)
### END HIDDEN TESTS

# %% [markdown]
# #### Experiment: a saddle holds up gradient descent
#
# The saddle $f(w) = w_1^2/2 - w_2^2/2 + w_2^4/4$ lies at 0, between two minima at $w_2 = \pm 1$. Near it, $w_1$ shrinks
# by the factor $1 - \eta$ in each step, and $w_2$ *grows* by the factor $1 + \eta$: gradient descent is driven away.
# But if it starts from a tiny $w_2$, it takes about $\log(1/w_2)/\log(1 + \eta)$ steps until you can see this.

# %% kind="experiment"
saddle_point = saddle()
print("The point 0 is a", classify_critical_point(saddle_point.hessian(np.zeros(2))))
heights = {}
for start in (1e-1, 1e-3, 1e-6, 0.0):
    path = descend(saddle_point.gradient, [1.5, start], gradient_descent, 0.1, 200)
    heights[f"$w_2$ = {start:g} at first"] = saddle_point.value(path)
title = "The closer to the ridge, the longer the plateau"
plot_losses(heights, title=title, x="step", y="loss", log=False)
plt.show()

# %% [markdown]
# From a loss curve alone you cannot tell the plateau from the end of training. And exactly on the ridge, at $w_2 = 0$,
# it *is* the end: the gradient has no part along $w_2$, so nothing ever begins to grow. That case has probability zero
# for random initial weights; a long plateau does not.
#
# #### Experiment: in high dimensions minima are rare among critical points
#
# Suppose the Hessian at a critical point is a random symmetric matrix. For a minimum every one of its $D$ eigenvalues
# must be positive. We draw 4000 matrices for each $D$ and let your function classify them.

# %% kind="experiment"
rng, dims, draws = np.random.default_rng(0), range(1, 8), 4000
shares = {"minimum": [], "saddle": []}
for dim in dims:
    A = rng.normal(size=(draws, dim, dim))
    kinds = [classify_critical_point(H) for H in (A + A.transpose(0, 2, 1)) / 2]
    for kind in shares:
        shares[kind].append(kinds.count(kind) / draws)
exact = [1 / 2, (2 - np.sqrt(2)) / 4, (np.pi - 2 * np.sqrt(2)) / (4 * np.pi)]
with style():
    fig, ax = plt.subplots()
    for i, (kind, share) in enumerate(shares.items()):
        seen = np.where(np.array(share) > 0, share, np.nan)
        ax.plot(dims, seen, ("o-", "s--")[i], color=COLORS[i], label=kind)
    ax.plot([1, 2, 3], exact, "kx", markersize=11, label="minimum, by calculation")
    ax.set(yscale="log", xlabel="dimension $D$", ylabel="share of 4000 matrices")
    ax.set_title("From dimension 4 on, nearly every critical point is a saddle")
    ax.legend()
plt.show()
print("minima among 4000, D from 1 to 7:", [round(draws * share) for share in shares["minimum"]])

# %% [markdown]
# The line for the minima ends where there were none among the 4000; maxima are as rare, and not drawn. The share of
# minima falls faster than $2^{-D}$, which independent signs would give: eigenvalues repel each other. (For large $D$
# it falls like $e^{-D^2 (\ln 3)/4}$; Dean & Majumdar 2006.) This is only a model. A network's Hessian is not a random
# matrix of this kind, and critical points *of low loss* are mostly minima (Bray & Dean 2007, Dauphin et al. 2014).
# But this remains true: with millions of weights, what looks like a bad local minimum is more often a saddle and its
# plateau.

# %% [markdown]
# ## 4. Momentum
#
# A ball that rolls down a ravine does not start from rest at each instant. It keeps a velocity. Pushes to the left and
# to the right cancel out in it, and pushes along the valley add up. That is **momentum** (Polyak 1964). Its state is
# one array of $w$'s shape, the velocity $v$, which is 0 at first:
#
# $$v_{\text{new}} = m\, v + g, \qquad w_{\text{new}} = w - \eta\, v_{\text{new}}$$
#
# Here $g$ is the gradient at $w$, $\eta$ the rate, and $m$ the **momentum**, a number from 0 to below 1, often 0.9: the
# share of the velocity that is left after each step. With $m = 0$ this is the plain step. (Most texts call it $\mu$, as
# we called the smallest curvature.)
#
# If the gradient stays the same for a while, the velocity grows: $g$, then $g + m g$, then $g + m g + m^2 g$. That is a
# geometric series, and its limit is $g/(1-m)$. So along a steady slope momentum 0.9 moves as if the rate were ten
# times larger. The **effective rate** is $\eta/(1-m)$. Keep it in mind whenever you change the momentum but not the
# rate.
#
# ### Three forms of the same idea
#
# Books and libraries differ, and a rate tuned for one form is wrong for another.
#
# | form | who uses it | compared with ours |
# | --- | --- | --- |
# | $v = m v + g$, $\;w = w - \eta v$ | PyTorch, Optax, this course | |
# | $v = m v - \eta g$, $\;w = w + v$ | Sutskever 2013, Goodfellow 2016, Keras, Caffe | the same at a constant rate |
# | $v = m v + (1-m) g$, $\;w = w - \eta v$ | Adam's first moment, some courses | its rate is ours divided by $1-m$ |
#
# The first two are the same as long as $\eta$ is constant: the second $v$ is $-\eta$ times the first. When a schedule
# changes the rate, they differ. In the first form the new rate applies at once to the whole velocity; in the second
# the velocity still contains the old rate, and forgets it only over the next $1/(1-m)$ steps or so.
#
# ### Question: how long is the step?
#
# Answer before you program: predict, then run. The gradient is 3 at every step, the rate 0.2, the momentum 0.95, the
# form is ours. The first step has the length 0.6. How long is a step after very many steps?

# %% kind="answer" grade_id="final_step_length"
# The length that the steps approach: a number between 0 and 100.
final_step_length = None
### BEGIN SOLUTION
grad, lr, momentum = 3, 0.2, 0.95
final_step_length = lr * grad / (1 - momentum)
### END SOLUTION

# %% kind="test" grade_id="final_step_length_visible" points=0
check("final_step_length", final_step_length)

# %% kind="test" grade_id="final_step_length_hidden" points=2
# Your teacher's hidden check of final_step_length runs here.
### BEGIN HIDDEN TESTS
check_hidden("final_step_length", final_step_length)
### END HIDDEN TESTS

# %% [markdown]
# ### By hand first: four steps
#
# A weight starts at $w = 5$, with the rate $\eta = 0.1$ and the momentum $m = 0.5$. The gradient is 4 three times; then
# it turns round. Work out the last three rows on paper, from left to right.
#
# | step | first | second | third | fourth |
# | --- | --- | --- | --- | --- |
# | gradient $g$ | 4 | 4 | 4 | -4 |
# | velocity $v$ | 4 | 6 | 7 | -0.5 |
# | $\eta v$ | 0.4 | 0.6 | 0.7 | -0.05 |
# | $w$ after the step | 4.6 | 4 | 3.3 | 3.35 |
#
# The steps grow. If the gradient stayed at 4 for ever, $v$ would approach 8. And when the gradient turns round,
# momentum almost cancels it: a plain step would go back by 0.4.
#
# ### Exercise: `momentum_step`

# %% kind="answer" grade_id="momentum_step"
def momentum_step(w, grad, state, lr, momentum=0.9):
    """Return weights and state after one step with momentum: v = momentum*v + grad, then w - lr*v.

    w, grad: arrays of the same shape, or two numbers. lr: the rate of this step.
    momentum: the share of v that is kept.
    state: {} before the first step, where v is 0; later {"velocity": v}, as returned before.
    Returns (w_new, state_new): state_new is a new dict with the new v in "velocity".
    No argument changes.
    """
    ### BEGIN SOLUTION
    v = momentum * state.get("velocity", 0.0) + grad
    return w - lr * v, {"velocity": v}
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# `state.get("velocity", 0.0)` returns the velocity, or 0 if there is none yet. Build the new velocity as a new array,
# `v = ...`; `v += grad` would change the one in the old state. Return two things: `return w_new, {"velocity": v}`.
#
# </details>

# %% kind="test" grade_id="momentum_step_visible" points=1
check("momentum_step", momentum_step)

# %% kind="test" grade_id="momentum_step_hidden" points=2
# Your teacher's hidden checks of momentum_step run here.
### BEGIN HIDDEN TESTS
check_hidden("momentum_step", momentum_step)
### END HIDDEN TESTS

# %% [markdown]
# #### Experiment: the step on a steady slope, and a cut of the rate
#
# First we run the question above with your function. Then we compare the two forms: the gradient is always 1, the
# momentum 0.9, and after 60 steps the rate falls from 0.1 to 0.01.

# %% kind="experiment"
w, state = 0.0, {}
for _ in range(500):
    before = w
    w, state = momentum_step(w, 3.0, state, 0.2, momentum=0.95)
print(f"After 500 steps a step has the length {abs(w - before):.4f}.")


def rate(step):
    return 0.1 if step < 60 else 0.01


ours = np.abs(np.diff(descend(np.ones_like, [0.0], momentum_step, rate, 120)[:, 0]))
velocity, other = 0.0, []
for step in range(120):
    # The other form: the rate is inside the velocity.
    velocity = 0.9 * velocity - rate(step)
    other.append(abs(velocity))
lengths = {"rate outside (ours)": ours, "rate inside": other}
title = "After a cut of the rate the two forms differ"
plot_losses(lengths, title=title, x="step", y="length of the step")
plt.show()

# %% [markdown]
# #### Experiment: momentum in the ravine
#
# Four values of the momentum, at the same rate, in a ravine of condition number 100.

# %% kind="experiment"
def with_momentum(momentum, step=momentum_step):
    return lambda w, grad, state, lr: step(w, grad, state, lr, momentum=momentum)


valley = ravine(100)
walks = {}
for m in (0.0, 0.6, 0.8, 0.97):
    walks[f"momentum {m:g}"] = descend(valley.gradient, valley.start, with_momentum(m), 0.015, 150)
for name, path in walks.items():
    along, across = zigzag_count(path)
    print(f"{name}: {across} turns across, {along} along, in 150 steps")
distances = {name: np.linalg.norm(path, axis=1) for name, path in walks.items()}
title = "Momentum speeds up the descent; too much of it oscillates"
plot_losses(distances, title=title, x="step", y="distance to the minimum")
plt.show()

# %% kind="experiment"
few = {name: walks[name][:60] for name in ("momentum 0", "momentum 0.8")}
plot_paths(valley, few, title="60 steps in a ravine: the ball rolls on along the valley")
plt.show()

# %% [markdown]
# Without momentum the walk creeps. With 0.8 it arrives; it swings a little, but each swing is a small part of the one
# before. With 0.97 it overshoots the minimum *along* the valley and swings back and forth: the friction is too small.
# Near the best setting the number of steps grows with $\sqrt\kappa$ instead of $\kappa$ (see "Going further").
#
# Now try it yourself. The panel calls your `momentum_step`. The rate is a share of $2(1+m)/L$, the largest at which
# the walk is stable with momentum $m$ and largest curvature $L$. Take a condition number of 100, find the momentum
# that arrives in the fewest steps, and look at its path.

# %% kind="experiment"
explore("ravine", momentum_step)

# %% [markdown]
# ### Look ahead: Nesterov's momentum
#
# Momentum computes the gradient at the current weights, although the velocity is going to carry them further.
# Nesterov's idea (1983) is to compute it at the place where the velocity will carry them. Call the weights $\theta$
# (theta), and write the second form of the table with $u$ for the velocity:
#
# $$u_{\text{new}} = m\, u - \eta\, \nabla f(\theta + m\, u), \qquad \theta_{\text{new}} = \theta + u_{\text{new}}$$
#
# where $\nabla f$ is the gradient of the loss $f$. It is awkward that the formula needs the gradient at a place other
# than the weights. So libraries store that place itself, $w = \theta + m\,u$, and express the step in it. With
# $g = \nabla f(w)$:
#
# $$\begin{aligned}
# w_{\text{new}} = \theta_{\text{new}} + m\, u_{\text{new}} &= (w - m\,u) + u_{\text{new}} + m\, u_{\text{new}} \\
# &= (w - m\,u) + (m\,u - \eta\, g) + m\, u_{\text{new}} = w - \eta\, g + m\, u_{\text{new}}
# \end{aligned}$$
#
# Take the rate out of the velocity, $u = -\eta\, v$ (at a constant rate), and you have PyTorch's form, which is ours:
#
# $$v_{\text{new}} = m\, v + g, \qquad w_{\text{new}} = w - \eta\, (g + m\, v_{\text{new}})$$
#
# Note the *new* velocity on the right. With the old one it would be $g + m\,v$, which is plain momentum again.
#
# ### Exercise: `nesterov_step`

# %% kind="answer" grade_id="nesterov_step"
def nesterov_step(w, grad, state, lr, momentum=0.9):
    """Return weights and state after one step with Nesterov's momentum.

    First v = momentum*v + grad, then w - lr*(grad + momentum*v) with this new v.
    w, grad: arrays of the same shape, or two numbers. lr: the rate of this step.
    momentum: the share of v that is kept.
    state: {} before the first step, where v is 0; later {"velocity": v}, as returned before.
    Returns (w_new, state_new): state_new is a new dict with the new v in "velocity".
    No argument changes.
    """
    ### BEGIN SOLUTION
    v = momentum * state.get("velocity", 0.0) + grad
    return w - lr * (grad + momentum * v), {"velocity": v}
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# The velocity is updated exactly as before, and it alone goes into the state. Only the line that moves the weights is
# different.
#
# </details>

# %% kind="test" grade_id="nesterov_step_visible" points=1
check("nesterov_step", nesterov_step)

# %% kind="test" grade_id="nesterov_step_hidden" points=2
# Your teacher's hidden checks of nesterov_step run here.
### BEGIN HIDDEN TESTS
check_hidden("nesterov_step", nesterov_step)
### END HIDDEN TESTS

# %% [markdown]
# #### Experiment: the look ahead damps the swings

# %% kind="experiment"
steps = {
    "plain": gradient_descent,
    "momentum 0.95": with_momentum(0.95),
    "Nesterov 0.95": with_momentum(0.95, nesterov_step),
}
distances = {}
for name, step in steps.items():
    path = descend(valley.gradient, valley.start, step, 0.01, 150)
    distances[name] = np.linalg.norm(path, axis=1)
title = "With the same rate and momentum, Nesterov's steps oscillate less"
plot_losses(distances, title=title, x="step", y="distance to the minimum")
plt.show()

# %% [markdown]
# This has a cost. Along a direction of curvature $\lambda$ the plain step is stable for $\eta\lambda < 2$, and
# momentum for $\eta\lambda < 2(1+m)$, almost twice as much. Nesterov's look ahead overshoots at large rates: it is
# stable only for $\eta\lambda < 2(1+m)/(1+2m)$, which is 1.34 for $m = 0.95$. In this ravine, with $\lambda = 100$
# across, the rate 0.015 of the earlier experiment makes it diverge. Try it.

# %% [markdown]
# ### Question: who leaves the saddle?
#
# Predict, then run. The saddle of section 3 again, $f(w) = w_1^2/2 - w_2^2/2 + w_2^4/4$, with its ridge $w_2 = 0$
# and its minima at $w_2 = \pm1$. In which of these cases has the walk left the ridge ($\lvert w_2 \rvert > 0.5$) after
# 1000 steps at the rate 0.1?
#
# - **a**: plain gradient descent from $(1.5,\ 0)$;
# - **b**: momentum 0.9, from rest, from $(1.5,\ 0)$;
# - **c**: plain gradient descent from $(1.5,\ 10^{-6})$;
# - **d**: momentum 0.9, from rest, from $(0,\ 0)$;
# - **e**: momentum 0.9 from $(0,\ 0)$, with the velocity $(0,\ 0.1)$ before the first step;
# - **f**: plain gradient descent from $(1.5,\ 0)$, with noise of standard deviation 0.01 in both coordinates of each
#   gradient;
# - **g**: Nesterov's momentum 0.9, from rest, from $(0,\ 0)$.

# %% kind="answer" grade_id="off_the_saddle"
# The letters of the walks that have left: a set such as {"a", "b"}.
off_the_saddle = None
### BEGIN SOLUTION
off_the_saddle = {"c", "e", "f"}
### END SOLUTION

# %% kind="test" grade_id="off_the_saddle_visible" points=0
check("off_the_saddle", off_the_saddle)

# %% kind="test" grade_id="off_the_saddle_hidden" points=2
# Your teacher's hidden check of off_the_saddle runs here.
### BEGIN HIDDEN TESTS
check_hidden("off_the_saddle", off_the_saddle)
### END HIDDEN TESTS

# %% [markdown]
# #### Experiment: the saddle lets momentum go
#
# First we run the seven walks of the question. Then we run a fair race, with a start close to the ridge.

# %% kind="experiment"
def pushed(w, grad, state, lr):
    """Momentum with a velocity before the first step."""
    return momentum_step(w, grad, state or {"velocity": np.array([0.0, 0.1])}, lr)


exact, noisy = saddle_point.gradient, noisy_gradient(saddle_point, 0.01, np.random.default_rng(0))
cases = {
    "a": (exact, [1.5, 0.0], gradient_descent),
    "b": (exact, [1.5, 0.0], momentum_step),
    "c": (exact, [1.5, 1e-6], gradient_descent),
    "d": (exact, [0.0, 0.0], momentum_step),
    "e": (exact, [0.0, 0.0], pushed),
    "f": (noisy, [1.5, 0.0], gradient_descent),
    "g": (exact, [0.0, 0.0], nesterov_step),
}
for letter, (gradient, start, step) in cases.items():
    last = descend(gradient, start, step, 0.1, 1000)[-1, 1]
    print(f"{letter}: w_2 is {last:5.2f},", "left" if abs(last) > 0.5 else "still there")

# %% kind="experiment"
racers = {"plain": gradient_descent, "momentum 0.9": momentum_step, "Nesterov 0.9": nesterov_step}
heights = {}
for name, step in racers.items():
    heights[name] = saddle_point.value(descend(exact, [1.5, 1e-6], step, 0.1, 200))
title = "Starting 1e-6 from the ridge, momentum escapes three times as early"
plot_losses(heights, title=title, x="step", y="loss", log=False)
plt.show()

# %% [markdown]
# Momentum does not find a way out if there is no slope: started at rest *on* the ridge, it stays there for ever,
# exactly as gradient descent does. But it leaves sooner once there is the smallest slope, because on the way down all
# pushes have the same sign and add up. In practice the noise of mini-batches supplies the first push.
#
# Move the start exactly onto the ridge, and the walk stays for ever, with momentum too. A little noise frees it. How
# many more steps does the walk need when the start is a hundred times closer to the ridge?

# %% kind="experiment"
explore("saddle", momentum_step)

# %% [markdown]
# #### Experiment: out of a shallow local minimum
#
# This landscape has a shallow minimum on the right and a deep one on the left. All walks start far on the right, with
# the same small rate.

# %% kind="experiment"
wells = double_well(0.3)
walks = {}
for m in (0.0, 0.8, 0.9):
    walks[f"momentum {m:g}"] = descend(wells.gradient, wells.start, with_momentum(m), 0.02, 500)
plot_paths(wells, walks, title="With enough momentum the ball rolls through the shallow well")
plt.show()

# %% kind="experiment"
for lr in (0.02, 0.05):
    for m in (0.0, 0.8, 0.9, 0.95):
        end = descend(wells.gradient, wells.start, with_momentum(m), lr, 1000)[-1]
        well = "deep" if end[0] < 0 else "shallow"
        print(f"rate {lr:g}, momentum {m:g}: ends in the {well} minimum")

# %% [markdown]
# With a rate of 0.05 and momentum 0.95 the ball rolls through the shallow well, up the far wall, and all the way back.
# Momentum carries you *out of* a minimum, but it does not know which one is deep. It only leaves a shallow well more
# easily than a deep one.
#
# #### Experiment: what momentum does to the noise
#
# Let the true gradient be 1 and add noise of standard deviation $s = 2$ at every step. The velocity is a sum of
# gradients in which the latest count most. Its mean is $1/(1-m)$ and its variance $s^2/(1-m^2)$: the terms
# $s^2 m^{2k}$ add up, $k = 0, 1, 2, \dots$ The velocity divided by its mean has the variance
#
# $$\frac{s^2/(1-m^2)}{1/(1-m)^2} = s^2\, \frac{(1-m)^2}{(1-m)(1+m)} = s^2\, \frac{1-m}{1+m}$$
#
# For $m = 0.9$ that is a nineteenth: the direction is as steady as with a batch 19 times larger.

# %% kind="experiment"
rng, state, velocity = np.random.default_rng(0), {}, []
gradients = 1 + 2 * rng.normal(size=2000)
for g in gradients:
    _, state = momentum_step(0.0, g, state, 0.1)
    velocity.append(0.1 * state["velocity"])
print(f"variance: {np.var(gradients):.2f} of the gradient, by the formula 4")
print(f"          {np.var(velocity[50:]):.2f} of the velocity, by the formula {4 / 19:.2f}")
shown = {"gradient": gradients[:200], "velocity times $1 - m$": velocity[:200]}
title = "The velocity averages the noise of the last steps"
plot_losses(shown, title=title, x="step", y="value", log=False)
plt.show()

# %% [markdown]
# Does training then settle 19 times closer to the minimum? No, although this is often claimed. Neighbouring velocities
# share their noise: an unlucky gradient pushes in the same direction for the next ten steps. Let us measure it. We
# take 500 weights, each in its own bowl of curvature 1, with noise of standard deviation 1. How far do they wander in
# the end?

# %% kind="experiment"
rng = np.random.default_rng(1)
settings = {
    "plain, rate 0.1": (gradient_descent, 0.1),
    "momentum 0.9, rate 0.01 (the same effective rate)": (momentum_step, 0.01),
    "momentum 0.9, rate 0.1": (momentum_step, 0.1),
}
for name, (step, lr) in settings.items():
    path = descend(lambda w: w + rng.normal(size=500), np.zeros(500), step, lr, 3000)
    print(f"{name}: variance of the weights {np.var(path[1000:]):.4f}")

# %% [markdown]
# (The same calculation as in lesson 01, with two numbers of memory instead of one, gives for a bowl of curvature $h$
# the variance $\frac{\eta s^2}{h} \cdot \frac{1+m}{(1-m)(2(1+m) - \eta h)}$: 0.0526, 0.0501 and 0.5135.)
#
# At the same *effective* rate $\eta/(1-m)$ both wander about equally far. At the same rate $\eta$, the variance with
# momentum is nearly ten times larger, just like its effective rate. Momentum makes the direction steadier and so
# allows a faster journey through a ravine; it does not lower the floor where the noise keeps you. For that you need a
# smaller rate (lesson 01) or larger batches (section 1).

# %% [markdown]
# ## 5. When a gradient explodes
#
# Losses of deep networks have cliffs: places where the gradient is suddenly many times longer than before. One step
# from there throws the weights far away, and everything that the network has learned is lost. The cure is simple
# (Pascanu, Mikolov & Bengio 2013). Join all gradient arrays $g_1, g_2, \dots$ of the network into one long vector, and
# let $\lVert g \rVert$ be its length, the **global norm**:
#
# $$\lVert g \rVert = \sqrt{\sum_k \sum_i g_{k,i}^2}, \qquad
# g_k \leftarrow \begin{cases} g_k \cdot \dfrac{c}{\lVert g \rVert} & \text{if } \lVert g \rVert > c \\
# g_k & \text{otherwise} \end{cases}$$
#
# Here $g_{k,i}$ is the $i$-th entry of the $k$-th array and $c$ the largest norm that we allow. All arrays are
# multiplied by the *same* factor: the gradient becomes shorter and keeps its direction. That is lost if each array is
# clipped by its own norm, or each entry by itself. (PyTorch's `clip_grad_norm_` divides by $\lVert g \rVert + 10^{-6}$
# and changes the gradients in place. We do neither.)
#
# ### Exercise: `clip_by_global_norm`

# %% kind="answer" grade_id="clip_by_global_norm"
def clip_by_global_norm(grads, max_norm):
    """Return the gradients, shortened together so that their global norm is at most max_norm.

    grads: a list of arrays of any shapes. max_norm: a positive number.
    Returns a new list of arrays of the same shapes. If the global norm is over max_norm, all of
    them are multiplied by max_norm/norm; if not, their values stay. No argument changes.
    Raises ValueError, with a sentence, if max_norm <= 0.
    """
    ### BEGIN SOLUTION
    if max_norm <= 0:
        raise ValueError(f"max_norm is {max_norm}: it must be positive.")
    norm = np.sqrt(sum(np.sum(g**2) for g in grads))
    factor = max_norm / norm if norm > max_norm else 1.0
    return [g * factor for g in grads]
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# Add up the squares of all entries of all arrays, and take the root once, at the end. Divide only if the norm is too
# large: then it cannot be 0.
#
# </details>

# %% kind="test" grade_id="clip_by_global_norm_visible" points=1
check("clip_by_global_norm", clip_by_global_norm)

# %% kind="test" grade_id="clip_by_global_norm_hidden" points=2
# Your teacher's hidden checks of clip_by_global_norm run here.
### BEGIN HIDDEN TESTS
check_hidden("clip_by_global_norm", clip_by_global_norm)
### END HIDDEN TESTS

# %% kind="test" grade_id="clip_by_global_norm_arguments" points=1
# This check tests how your function handles bad arguments.
check("clip_by_global_norm", clip_by_global_norm, part="arguments")
### BEGIN HIDDEN TESTS
check_hidden("clip_by_global_norm", clip_by_global_norm, part="arguments")
### END HIDDEN TESTS

# %% [markdown]
# #### Experiment: a few bad steps
#
# We train three hidden layers on the digits, at a rate that is bold for them. Your function is called between gradient
# and step.

# %% kind="experiment"
X, y = digits()
network = MLP((64, 64, 64, 64, 10))
first = network.initialize(np.random.default_rng(0))
norms = {"not clipped": [], "clipped at 1": []}


def watched(name, limit):
    """Return a transform that records the norm of the gradients and clips them at a limit."""

    def transform(params, grads):
        arrays = list(grads.values())
        norms[name].append(np.linalg.norm(np.concatenate([g.ravel() for g in arrays])))
        if limit is not None:
            arrays = clip_by_global_norm(arrays, limit)
        return dict(zip(grads, arrays, strict=True))

    return transform


losses = {}
for name, limit in {"not clipped": None, "clipped at 1": 1.0}.items():
    rng, between = np.random.default_rng(1), watched(name, limit)
    given = {"minibatches": minibatches, "transform": between}
    run = train(network, first, (X, y), gradient_descent, 1.0, 8, 32, rng, **given)
    losses[name] = run.losses
    alive = np.mean(network.activations(run.params, X)[-1].any(axis=0))
    print(f"{name}: norms of the first gradients {np.round(norms[name][:4], 1)},")
    print(f"    accuracy {run.train_accuracies[-1]:.3f}; {alive:.0%} of the last units alive")
title = "A few huge steps ruin the network; with clipping, it learns"
plot_losses(losses, title=title, x="step", y="loss of the batch", smooth=20)
plt.show()

# %% [markdown]
# The norms printed are those before clipping. Without clipping, a few long steps at the beginning switch most of the
# ReLU units off: they are 0 for every digit, so their gradient is 0 too, and they learn nothing after that. Clipping
# shortens only the steps that are out of proportion. It does not make a bold rate a good one: a rate of 0.2 would have
# done better here, without any clipping. It protects you from the rare long step at a rate that is otherwise right.

# %% [markdown]
# ## 6. Who writes what
#
# Conventions that you will meet when you leave this course:
#
# | | this course | elsewhere |
# | --- | --- | --- |
# | momentum | $v = m v + g$, rate outside (as PyTorch) | rate inside (Keras); weights $m$ and $1-m$ (Adam) |
# | Nesterov | $w - \eta(g + m v)$ (as PyTorch) | $m v - \eta g$ with the rate in $v$ (Keras) |
# | Nesterov's weights | $w$, the look ahead included (as PyTorch) | $\theta$, without it (Sutskever 2013) |
# | clipping | factor $c/\lVert g\rVert$ | $c/(\lVert g\rVert + 10^{-6})$ (PyTorch) |
# | last mini-batch | kept | dropped (an option in most libraries) |
#
# Lesson 06 has a quantity of the same kind: the $\varepsilon$ (epsilon) that keeps AdaGrad, RMSProp and Adam from
# dividing by zero. It is *outside* the root in this course and in PyTorch, *inside* in some books and in parts of
# Keras, and is added *before* the bias correction if a text says "epsilon hat". The table there shows which is which.

# %% [markdown]
# ## 7. The same in PyTorch
#
# `torch.optim.SGD(params, lr, momentum=0.9)` has our form of momentum, with the rate outside, and `nesterov=True` our
# form of the look ahead. A step of training takes three calls: `optimizer.zero_grad()`, `loss.backward()`,
# `optimizer.step()`. Mini-batches come from `torch.utils.data.DataLoader(data, batch_size=32, shuffle=True)`, which
# keeps a last, smaller batch unless you write `drop_last=True`. The next cell compares numbers, if PyTorch is
# installed.

# %% kind="experiment"
from course_utils.pytorch import compare_with_torch


@compare_with_torch
def momentum(torch):
    start, target = np.array([3.0, -2.0]), np.array([1.0, 4.0])
    curvature = np.array([1.0, 10.0])  # the loss: half the sum of curvature * (w - target)^2

    def loss_of(w):
        return (torch.from_numpy(curvature) * (w - torch.from_numpy(target)) ** 2).sum() / 2

    def theirs(nesterov, clear=True):
        w = torch.tensor(start, requires_grad=True)
        optimizer = torch.optim.SGD([w], lr=0.02, momentum=0.9, nesterov=nesterov)
        for step in range(10):
            optimizer.param_groups[0]["lr"] = 0.02 if step < 5 else 0.005
            if clear:
                optimizer.zero_grad()
            loss_of(w).backward()
            optimizer.step()
        return w

    def mine(step_of):
        w, state = start, {}
        for step in range(10):
            lr = 0.02 if step < 5 else 0.005
            w, state = step_of(w, curvature * (w - target), state, lr, 0.9)
        return w

    w = torch.tensor(start, requires_grad=True)
    loss_of(w).backward()
    (clipped,) = clip_by_global_norm([curvature * (start - target)], 1.0)
    torch.nn.utils.clip_grad_norm_([w], max_norm=1.0)
    return {
        "SGD(momentum=0.9), the rate cut on the way": (mine(momentum_step), theirs(False)),
        "SGD(momentum=0.9, nesterov=True)": (mine(nesterov_step), theirs(True)),
        "clip_grad_norm_(max_norm=1.0)": (clipped, w.grad),
        "trap: zero_grad() forgotten": (mine(momentum_step), theirs(False, clear=False)),
    }


# %% [markdown]
# With PyTorch, the cell prints this:
#
# ```
# SGD(momentum=0.9), the rate cut on the way  the same
# SGD(momentum=0.9, nesterov=True)            the same
# clip_grad_norm_(max_norm=1.0)               the same to 6 digits
# trap: zero_grad() forgotten                 differs by up to 6.7
# ```
#
# The traps in these lines:
#
# - **`zero_grad()` forgotten.** `backward()` *adds* to the gradients that are already there. Without clearing them,
#   each step uses the sum of all gradients so far.
# - **`shuffle=False` is the default** of `DataLoader`: the experiment *why shuffle?* in section 1 shows what it costs.
# - **Clipping has its place**: after `backward()`, before `step()`. PyTorch adds $10^{-6}$ to the norm, so the results
#   agree in six digits, and `clip_grad_norm_` changes the gradients in place, as every name with a final `_` does.
#   `clip_grad_value_` is something else: it clips each entry by itself.
# - **`dampening`** multiplies the new gradient by `1 - dampening`. It is 0 by default; with 0.9 you get the third form
#   in the table of section 4 (but for the first step).
#
# ## Going further ★
#
# The exercises from here on are extensions. They carry no points.
#
# ### The best momentum for a bowl
#
# Along one eigenvector of curvature $\lambda$, momentum is a rule with two steps of memory. Let $x_t$ be the distance
# to the minimum along it after $t$ steps. Since $\eta v$ is the last move, $x_{t-1} - x_t$,
#
# $$x_{t+1} = x_t - \eta\lambda\, x_t + m\, (x_t - x_{t-1})$$
#
# Try $x_t = r^t$: the factor $r$ solves $r^2 - (1 + m - \eta\lambda)\, r + m = 0$. The product of its two roots is $m$.
# If they are complex, they are conjugate, so both have the size $\sqrt m$: then *every* such direction shrinks by
# $\sqrt m$ a step, steep or flat. They are complex (or equal) if $(1 + m - \eta\lambda)^2 \le 4m$, that is
#
# $$(1 - \sqrt m)^2 \le \eta\lambda \le (1 + \sqrt m)^2$$
#
# We want this for all curvatures with as small an $m$ as possible, so we put $\mu$ on the left edge and $L$ on the
# right one. Dividing the square roots of the two equations gives $\frac{1 + \sqrt m}{1 - \sqrt m} = \sqrt{L/\mu}$, and
# from there
#
# $$m^* = \left(\frac{\sqrt L - \sqrt\mu}{\sqrt L + \sqrt\mu}\right)^2, \qquad
# \eta^* = \frac{4}{(\sqrt L + \sqrt\mu)^2}$$
#
# (Polyak 1964). The distance shrinks by about $\sqrt{m^*} = (\sqrt\kappa - 1)/(\sqrt\kappa + 1)$ a step: a ravine of
# condition number 10,000 is like one of 100 for gradient descent. This holds for a bowl. On other convex functions
# momentum with these parameters can run in circles for ever (Lessard, Recht & Packard 2016).
#
# ### ★ Exercise: `heavy_ball_parameters`

# %% kind="answer" grade_id="heavy_ball_parameters" star=true
def heavy_ball_parameters(mu, L):
    """Return (lr, momentum), the best constant pair on a bowl (Polyak 1964).

    mu, L: the smallest and the largest curvature, 0 < mu <= L. Returns two numbers, meant for
    `momentum_step`: v = momentum*v + grad, then w - lr*v.
    """
    ### BEGIN SOLUTION
    lr = 4 / (np.sqrt(L) + np.sqrt(mu)) ** 2
    momentum = ((np.sqrt(L) - np.sqrt(mu)) / (np.sqrt(L) + np.sqrt(mu))) ** 2
    return lr, momentum
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# For $\mu = L$ the result must be the rate $1/L$ and no momentum. The momentum is a square; its root is the factor per
# step.
#
# </details>

# %% kind="test" grade_id="heavy_ball_parameters_visible" points=0
check("heavy_ball_parameters", heavy_ball_parameters)

# %% kind="test" grade_id="heavy_ball_parameters_hidden" points=0
# Your teacher's hidden checks of heavy_ball_parameters run here.
### BEGIN HIDDEN TESTS
check_hidden("heavy_ball_parameters", heavy_ball_parameters)
### END HIDDEN TESTS

# %% kind="experiment"
valley = ravine(100)
lr, momentum = heavy_ball_parameters(1, 100)
H = valley.hessian(valley.minimum)
best = best_constant_rate(H)
walks = {
    "plain, best rate": plain_walk(valley.gradient, valley.start, best, 250),
    "momentum, best pair": descend(valley.gradient, valley.start, with_momentum(momentum), lr, 250),
}
distances = {name: np.linalg.norm(path, axis=1) for name, path in walks.items()}
title = f"Factor per step: plain {contraction(H, best):.3f}, momentum {np.sqrt(momentum):.3f}"
plot_losses(distances, title=title, x="step", y="distance to the minimum")
plt.show()

# %% [markdown]
# ### A kick where the gradient is almost 0
#
# A saddle can hold a walk for ever only if the walk is exactly on the ridge. So a small random kick is enough:
# **perturbed gradient descent** (Jin et al. 2017) leaves, with high probability, every saddle that has a clearly
# negative curvature, in a number of steps that hardly depends on the dimension. Count the steps from $t = 1$. At step
# $t$:
#
# 1. If $\lVert \nabla f(w) \rVert \le$ `threshold`, and no kick was given in the last `wait` steps, add to $w$ a point
#    drawn uniformly from the ball of the given `radius` around 0. After a kick at step $k$ the next one can come at
#    step $k + \text{wait} + 1$.
# 2. Then take a plain step, with the gradient *where $w$ is now*.
#
# How do you draw a point uniformly from a ball in $D$ dimensions? Take its direction from a vector of $D$ standard
# normal numbers, because their density depends only on the length of the vector. The length of the point is not
# uniform: a ball of half the radius has $2^{-D}$ of the volume. With $q$ uniform in $[0, 1)$, the length
# $\text{radius} \cdot q^{1/D}$ has exactly the right distribution.
#
# ### ★ Exercise: `perturbed_step`

# %% kind="answer" grade_id="perturbed_step" star=true
def perturbed_step(w, gradient, state, lr, rng, radius=1e-2, threshold=1e-3, wait=10):
    """Return weights and state after one step of perturbed gradient descent (Jin et al. 2017).

    w: array (D,). gradient: a function of w that gives an array (D,). lr: a number.
    rng: a numpy.random.Generator.
    state: {} before the first step; later {"t": steps done, "last": the number of the step with
    the last kick, counted from 1, or None if there was none yet}.
    This is step t, the state's t plus 1. If norm(gradient(w)) <= threshold, and last is None or
    t - last > wait, w is first moved by a kick, uniform in the ball of `radius`. In either case a
    plain step follows, w - lr*gradient(w), with the gradient where w now is.
    Returns (w_new, state_new), a new array and a new dict with the same two keys.
    No argument but rng changes.
    """
    ### BEGIN SOLUTION
    t, last = state.get("t", 0) + 1, state.get("last")
    grad = gradient(w)
    if np.linalg.norm(grad) <= threshold and (last is None or t - last > wait):
        direction = rng.normal(size=np.shape(w))
        length = radius * rng.random() ** (1 / np.size(w))
        w, last = w + length * direction / np.linalg.norm(direction), t
        grad = gradient(w)
    return w - lr * grad, {"t": t, "last": last}
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# `state.get("t", 0)` and `state.get("last")` cover the first step. Make a direction of length 1 by dividing normal
# numbers by their norm, then multiply it by the random length. Write `w = w + kick`, not `w += kick`.
#
# </details>

# %% kind="test" grade_id="perturbed_step_visible" points=0
check("perturbed_step", perturbed_step)

# %% kind="test" grade_id="perturbed_step_hidden" points=0
# Your teacher's hidden checks of perturbed_step run here.
### BEGIN HIDDEN TESTS
check_hidden("perturbed_step", perturbed_step)
### END HIDDEN TESTS

# %% kind="experiment"
rng = np.random.default_rng(0)
w, state, path = np.array([1.5, 0.0]), {}, [np.array([1.5, 0.0])]
for _ in range(200):
    w, state = perturbed_step(w, saddle_point.gradient, state, 0.1, rng)
    path.append(w)
start = [1.5, 0.0]
walks = {
    "plain": plain_walk(saddle_point.gradient, start, 0.1, 200),
    "momentum 0.9": descend(saddle_point.gradient, start, momentum_step, 0.1, 200),
    "perturbed": np.array(path),
}
heights = {name: saddle_point.value(path) for name, path in walks.items()}
plot_losses(heights, title="Exactly on the ridge only a kick helps", x="step", y="loss", log=False)
plt.show()

# %% [markdown]
# The perturbed walk waits too: no kick comes before the gradient has fallen to the threshold, after about 70 steps,
# and then the distance that the kick gives, 0.01 at most, has to grow first. The two others wait for ever.

# %% [markdown]
# ## Summary
#
# - A mini-batch mean has the variance $s^2/B$, without replacement times $(N-B)/(N-1)$: larger batches are quieter,
#   and the size of the training set hardly matters. Shuffle every epoch.
# - On a bowl each direction shrinks by $1 - \eta\lambda$ a step. The best constant rate is $2/(L+\mu)$, and the number
#   of steps grows with the condition number $\kappa = L/\mu$.
# - Zig-zag comes from ill-conditioning and jitter from noise. Rescaling coordinates fixes the first only along the
#   axes; smaller rates and larger batches fix the second.
# - Saddles hold gradient descent on long plateaus. Momentum leaves them sooner, but if it starts at rest exactly on
#   the ridge it does not leave either.
# - Momentum adds up gradients that agree and cancels gradients that alternate. Its effective rate is $\eta/(1-m)$. It
#   steadies the direction; it does not lower the noise floor at the same effective rate.
# - Clip by the *global* norm, and only gradients that are too long.
#
# ## References
#
# - B. T. Polyak (1964), *Some methods of speeding up the convergence of iteration methods*.
# - Y. Nesterov (1983), *A method for solving the convex programming problem with convergence rate $O(1/k^2)$*.
# - D. S. Dean & S. N. Majumdar (2006), *Large deviations of extreme eigenvalues of random matrices*.
# - A. J. Bray & D. S. Dean (2007), *Statistics of critical points of Gaussian fields on large-dimensional spaces*.
# - I. Sutskever, J. Martens, G. Dahl & G. Hinton (2013), *On the importance of initialization and momentum in deep
#   learning*.
# - R. Pascanu, T. Mikolov & Y. Bengio (2013), *On the difficulty of training recurrent neural networks*.
# - Y. Dauphin et al. (2014), *Identifying and attacking the saddle point problem in high-dimensional non-convex
#   optimization*.
# - I. Goodfellow, Y. Bengio & A. Courville (2016), *Deep Learning*, chapter 8.
# - L. Lessard, B. Recht & A. Packard (2016), *Analysis and design of optimization algorithms via integral quadratic
#   constraints*.
# - C. Jin, R. Ge, P. Netrapalli, S. Kakade & M. Jordan (2017), *How to escape saddle points efficiently*.
# - G. Goh (2017), *Why momentum really works*, Distill.
# - N. S. Keskar and others (2017), *On large-batch training for deep learning: generalization gap and sharp minima*.
# - E. Hoffer, I. Hubara & D. Soudry (2017), *Train longer, generalize better*.
# - S. McCandlish, J. Kaplan, D. Amodei et al. (2018), *An empirical model of large-batch training*.
# - C. Shallue and others (2019), *Measuring the effects of data parallelism on neural network training*.
# - J. Cohen and others (2021), *Gradient descent on neural networks typically occurs at the edge of stability*.
#
# Next: [Adaptive optimizers](../06_adaptive_optimizers/06_adaptive_optimizers.ipynb).
