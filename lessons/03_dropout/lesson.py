# %% [markdown] writes="dropout, its ensemble, Monte Carlo dropout, stochastic depth"
# # Dropout and stochastic depth
#
# *About three hours. You need gradients of layers (lesson 00b) and the idea of overfitting (lesson 02a), and from
# probability the mean and the variance.*
#
# When you are done you can
#
# - write dropout forward and backward, and say why there is a scale and where it is applied;
# - interpret the dropout number of any library or paper: the share dropped, or the share kept;
# - average over all the networks that dropout makes, exactly and by sampling, and say when one scaled pass gives
#   the same result;
# - train a deep residual network that uses only a random part of its blocks at each step.

# %% [markdown]
# ## Why a network should lose parts of itself
#
# A large network that is trained on few examples learns the noise in them too. Its hidden units work together to do
# so: one unit overshoots, another one compensates, and they are useful only together. Such a team fits the training
# set and fails on new data. *Dropout* breaks up these teams. At each training step every hidden unit is left out
# with some probability, as if by a coin toss. No unit can rely on any other unit being present, so each must be
# useful whichever other units are present. At test time all units take part. The picture shows one small network
# and three of the many smaller networks that it contains.

# %% kind="setup" grade_id="imports"
import itertools

import matplotlib.pyplot as plt
import numpy as np

from course_utils.checks import check, check_hidden
from course_utils.data import diabetes, digits, split
from course_utils.explorers import explore
from course_utils.gradcheck import gradient_error
from course_utils.networks import MLP
from course_utils.networks.residual import ResidualClassifier
from course_utils.plots import COLORS, plot_band, style
from course_utils.training import stateless, train, with_progress

# %%
thinned = {
    "the whole network": [[1, 1, 1, 1], [1, 1, 1, 1]],
    "step 1": [[1, 0, 1, 1], [0, 1, 1, 0]],
    "step 2": [[0, 1, 0, 1], [1, 1, 0, 1]],
    "step 3": [[1, 1, 0, 0], [0, 0, 1, 1]],
}
with style():
    fig, axes = plt.subplots(1, 4, figsize=(10.5, 2.9))
for ax, (name, hidden) in zip(axes, thinned.items(), strict=True):
    layers = [[1, 1, 1], *hidden, [1, 1]]
    place = [
        [(column, row - (len(layer) - 1) / 2) for row in range(len(layer))]
        for column, layer in enumerate(layers)
    ]
    for left in range(3):
        for (i, there), (j, too) in itertools.product(
            enumerate(layers[left]), enumerate(layers[left + 1])
        ):
            if there and too:
                line = zip(place[left][i], place[left + 1][j], strict=True)
                ax.plot(*line, "-", color="0.65", linewidth=0.9, zorder=1)
    for there, spot in zip(itertools.chain(*layers), itertools.chain(*place), strict=True):
        ax.plot(
            *spot,
            "o" if there else "x",
            color=COLORS[0] if there else COLORS[1],
            markersize=11,
            zorder=2,
        )
    ax.set_title(name, loc="center")
    ax.axis("off")
fig.suptitle(
    "Each training step uses a different part of the network (crosses: dropped units)",
    fontsize=13,
)
plt.show()

# %% [markdown]
# ## 1. Dropout
#
# **The idea.** For each example and each unit, toss a coin that says "drop" with probability $p$. A dropped unit
# outputs 0. A kept unit outputs a little more than usual, so that the next layer receives as much as before *on
# average*.
#
# **The formula.** Let $x$ be the output of a layer for a batch, an array of $N$ examples by $D$ units. Draw a
# *mask* $m$ of the same shape. Each of its entries is drawn independently:
#
# $$m_{ij} = \begin{cases} 0 & \text{with probability } p \\[2pt]
# \dfrac{1}{1-p} & \text{with probability } 1-p \end{cases} \qquad\qquad \mathrm{out}_{ij} = m_{ij}\, x_{ij}$$
#
# Here $i$ counts the examples, $j$ counts the units, and $p$ is the probability that an entry is *dropped*.
#
# **Why divide by the share kept?** The mean of one entry of the mask is
#
# $$\mathbb{E}[m_{ij}] = p \cdot 0 + (1-p)\cdot\frac{1}{1-p} = 1,$$
#
# so $\mathbb{E}[\mathrm{out}_{ij}] = x_{ij}$: what the next layer receives is right on average. Since the scale is
# already applied in training, **nothing is left to do at test time**: no mask, no factor, `out` is `x`. This form
# is called *inverted dropout*, and every library uses it today.
#
# > **Often written wrongly.** Some articles divide by $p$, which is right only if $p$ means the share *kept*. With
# > $p = 0.5$ the two are the same number, so the mistake survives in many notebooks. In this course $p$ is always
# > the share *dropped*, and the scale is $1/(1-p)$.
#
# ### By hand first: one mask
#
# Five units, one example, and the probability $p = 0.2$ of being dropped, so that the scale is $1/(1-p) = 1.25$. For
# each unit a number between 0 and 1 is drawn; a unit whose number is below $p$ is dropped. Work out the last three rows
# on paper, then compare. The row of gradients comes from $\partial L/\partial\,\mathrm{out} = 2$ at each unit, and you
# need it for the backward pass below.
#
# | unit | first | second | third | fourth | fifth |
# | --- | --- | --- | --- | --- | --- |
# | $x$ | 4 | 8 | 12 | 16 | 20 |
# | number drawn | 0.7 | 0.9 | 0.1 | 0.5 | 0.3 |
# | mask | 1.25 | 1.25 | 0 | 1.25 | 1.25 |
# | out | 5 | 10 | 0 | 20 | 25 |
# | gradient by $x$ | 2.5 | 2.5 | 0 | 2.5 | 2.5 |
#
# The sum of the outputs is 60, and so is the sum of the inputs: the dropped unit happened to be the average one. With
# another mask the two sums differ. They agree only on average over the masks.
#
# ### Exercise: `dropout_forward`


# %% kind="answer" grade_id="dropout_forward"
def dropout_forward(x, drop_prob, rng, train=True):
    """Return `(out, mask)` of inverted dropout.

    x: array of any shape, most often (N, D). drop_prob: the probability that an entry is dropped.
    rng: a numpy.random.Generator, the only source of randomness.
    In training `mask` is a float array of x's shape. Each entry is drawn independently: it is 0
    with probability drop_prob and 1/(1 - drop_prob) otherwise. `out` is x times the mask. At test
    time (train=False) return `(x, None)`. Then rng is not used, and may be None.
    Raises ValueError, with a message, unless 0 <= drop_prob < 1.
    """
    ### BEGIN SOLUTION
    if not 0 <= drop_prob < 1:
        raise ValueError(f"drop_prob is {drop_prob}: it must be at least 0, and below 1.")
    if not train:
        return x, None
    kept = rng.random(x.shape) >= drop_prob
    mask = kept / (1 - drop_prob)
    return x * mask, mask
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint: tossing many coins at once</summary>
#
# `rng.random(x.shape)` gives an array of numbers that are uniform in [0, 1). What share of them is below
# `drop_prob`? A comparison gives an array of True and False; arithmetic with it turns True into 1 and False into 0.
#
# </details>
#
# A random function has no single right result. So the check tests what is true of every right answer: which values
# are in the mask, how often each occurs (in 28,900 entries), that entries are drawn independently, and that `out`
# matches the mask.

# %% kind="test" grade_id="dropout_forward_visible" points=1
check("dropout_forward", dropout_forward)

# %% kind="test" grade_id="dropout_forward_hidden" points=2
# Your teacher's hidden checks of dropout_forward run here.
### BEGIN HIDDEN TESTS
check_hidden("dropout_forward", dropout_forward)
### END HIDDEN TESTS

# %% kind="test" grade_id="dropout_forward_arguments" points=1
check("dropout_forward", dropout_forward, part="arguments")
### BEGIN HIDDEN TESTS
check_hidden("dropout_forward", dropout_forward, part="arguments")
### END HIDDEN TESTS

# %% [markdown]
# Look at what your function does to a layer of 128 units, drawn as 8 rows of 16. Change the probability, and watch
# two things: how many outputs are black, and how much the mean of the layer varies from pass to pass. Then run a
# pass at test time.

# %% kind="experiment"
explore("dropout", dropout_forward)

# %% [markdown]
# ### Predict, then run: what if the scale is forgotten?
#
# Take five *linear* layers in a row (no activation function), with dropout at $p = 0.2$ after each. Suppose the
# mask is not scaled: its entries are 0 and 1. For one fixed input, take the mean of the last output over many
# masks. What share of the output without dropout is it? Write your answer rounded to two decimals, *before* you run
# the next cell. It is graded as you write it.

# %% kind="answer" grade_id="share_left_after_five"
# One number, rounded to two decimals. 1.0 would mean: as much as without dropout.
share_left_after_five = None
### BEGIN SOLUTION
layers, p = 5, 0.2
share_left_after_five = (1 - p) ** layers
### END SOLUTION

# %% kind="test" grade_id="share_left_after_five_visible" points=0
check("share_left_after_five", share_left_after_five)

# %% kind="test" grade_id="share_left_after_five_hidden" points=1
# Your teacher's hidden check of your prediction runs here.
### BEGIN HIDDEN TESTS
check_hidden("share_left_after_five", share_left_after_five)
### END HIDDEN TESTS

# %% [markdown]
# Now run it. The cell removes the scale from your mask again, and compares.


# %% kind="experiment"
def unscaled_forward(x, drop_prob, rng, train=True):
    out, mask = dropout_forward(x, drop_prob, rng, train)
    if not train:
        return out, None
    kept = (mask > 0).astype(float)
    return x * kept, kept


rng = np.random.default_rng(5)
weights = [rng.normal(size=(30, 30)) / np.sqrt(30) for _ in range(5)]
batch = np.tile(
    rng.normal(size=30), (20_000, 1)
)  # the same input 20,000 times, each time with new masks


def five_layers(x, forward, drop_prob):
    for W in weights:
        x = forward(x @ W, drop_prob, rng)[0]
    return x


without = five_layers(batch[:1], dropout_forward, 0.0)[0]
for name, forward in (("scaled", dropout_forward), ("not scaled", unscaled_forward)):
    mean = five_layers(batch, forward, 0.2).mean(axis=0)
    # The slope of the least-squares line through 0 is the share that is left, for all 30 outputs
    # together.
    share = mean @ without / (without @ without)
    print(f"{name}: the mean output is {share:.2f} of the output without dropout")

# %% [markdown]
# Every layer without the scale multiplies its output by $1 - p$ on average. At test time, when all units are back,
# the deep layers see inputs far larger than those they were trained on.

# %% [markdown]
# ### Exercise: `dropout_backward`
#
# Training needs the gradient. Let $L$ be the loss and $\mathrm{dout} = \partial L/\partial\,\mathrm{out}$. The mask
# is a constant once it is drawn, so by the chain rule
#
# $$\frac{\partial L}{\partial x_{ij}} = m_{ij}\,\mathrm{dout}_{ij}.$$
#
# It must be the *same* mask as in the forward pass, zeros and scale. That is why the forward pass returns it.


# %% kind="answer" grade_id="dropout_backward"
def dropout_backward(dout, mask):
    """Return the gradient with respect to x, of dout's shape.

    dout: the gradient with respect to `out`. mask: what dropout_forward returned with `out`: 0 or
    the scale for each entry, or None for a pass at test time, in which the gradient passes through
    unchanged.
    """
    ### BEGIN SOLUTION
    if mask is None:
        return dout
    return dout * mask
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint: which mask, which scale?</summary>
#
# The scale is already in the mask. Write down what one entry of `out` is in terms of the same entry of `x`, and
# differentiate.
#
# </details>

# %% kind="test" grade_id="dropout_backward_visible" points=1
check("dropout_backward", dropout_backward)

# %% kind="test" grade_id="dropout_backward_hidden" points=2
# Your teacher's hidden checks of dropout_backward run here.
### BEGIN HIDDEN TESTS
check_hidden("dropout_backward", dropout_backward)
### END HIDDEN TESTS

# %% [markdown]
# Is the gradient right? Central differences show it, if every call draws the *same* mask. So we create a new
# generator with the same seed each time.

# %% kind="experiment"
point, direction = rng.normal(size=(4, 5)), rng.normal(size=(4, 5))


def loss(x):
    return float(np.sum(direction * dropout_forward(x, 0.3, np.random.default_rng(0))[0]))


mask = dropout_forward(point, 0.3, np.random.default_rng(0))[1]
error = gradient_error(loss, dropout_backward(direction, mask), point)
print(f"relative error of your gradient: {error:.1e} (below 1e-7 is correct)")

# %% [markdown]
# ### Experiment: layer by layer, with the scale and without
#
# Two networks with four hidden layers of 100 ReLU units learn the handwritten digits, with $p = 0.4$. One has your
# masks, the other has the same masks without the scale. The figure shows the mean of what each hidden layer outputs, in
# training (with masks) and at test time (without). The cell takes about four seconds.

# %% kind="experiment"
X, y = digits()
first, rest = split(X, y, (0.5, 0.5), np.random.default_rng(0))
sgd = stateless(lambda w, grad, lr: w - lr * grad)

with style():
    fig, axes = plt.subplots(1, 2, figsize=(10.5, 4.0), sharey=True)
forwards = {"with the scale": dropout_forward, "without the scale": unscaled_forward}
for ax, (name, forward) in zip(axes, forwards.items(), strict=True):
    net = MLP((64, 100, 100, 100, 100, 10), dropout=(forward, dropout_backward), drop_prob=0.4)
    start = net.initialize(np.random.default_rng(1))
    params = train(
        net, start, first, sgd, 0.1, 30, 32, np.random.default_rng(2), evaluate=False
    ).params
    outputs = {
        "in training, with masks": net.activations(
            params, rest.X, train=True, rng=np.random.default_rng(3)
        ),
        "at test time, without masks": net.activations(params, rest.X),
    }
    for i, (when, layers) in enumerate(outputs.items()):
        look = {"color": COLORS[i], "linestyle": ("-", "--")[i], "marker": "os"[i]}
        ax.plot(range(1, 5), [layer.mean() for layer in layers], label=when, **look)
    ax.set(title=name, xlabel="hidden layer", xticks=range(1, 5), yscale="log")
    test_loss, test_accuracy = net.evaluate(params, *rest)
    print(f"{name}: test loss {test_loss:.2f}, test accuracy {test_accuracy:.1%}")
axes[0].set_ylabel("mean output of the layer")
axes[0].set_yticks((0.1, 0.2, 0.5, 1, 2), ("0.1", "0.2", "0.5", "1", "2"))
axes[0].minorticks_off()
axes[1].legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
fig.suptitle("Without the scale, deeper layers see ever larger inputs at test time", fontsize=14)
plt.show()

# %% [markdown]
# With the scale the two means are close in every layer. (In the deep layers the mean in training
# is a little higher: the noise passes through ReLUs, and the mean of a ReLU is not the ReLU of the mean. Section 2
# returns to this.) Without it the mean at test time is 1.7 times that of training in the first layer, which is
# $1/(1-p)$, and about six times in the fourth: each layer multiplies by its own factor. The network was never
# trained for such inputs, and its loss and accuracy show it.
#
# One thing is *not* kept: the spread. Since $\mathbb{E}[m^2] = (1-p)\cdot\frac{1}{(1-p)^2} = \frac{1}{1-p}$, the
# mean square of a layer's output is larger in training than at test time by the factor $1/(1-p)$. The scale
# corrects only the mean. That is one reason why dropout and batch normalization (lesson 04), which stores a
# variance, do not always work well together (Li et al. 2019).

# %% [markdown]
# ### Exercise: `classic_dropout_predict`
#
# The first papers (Hinton et al. 2012, Srivastava et al. 2014) did it the other way round. In training the mask was
# 0 or 1, without a scale. So the mean in training was $(1-p)\,x$, and the same factor was applied at *test time*:
#
# $$\mathrm{out}_{\text{test}} = (1-p)\,x.$$
#
# (They multiplied the outgoing weights by the share kept, which is equivalent.) It works as well, but every
# prediction needs $p$. Write this form too, so that you know both.


# %% kind="answer" grade_id="classic_dropout_predict"
def classic_dropout_predict(x, drop_prob):
    """Return a layer's output at test time for the original dropout, whose masks in training are
    0 or 1, unscaled.

    x: array of any shape. drop_prob: the probability that an entry was dropped in training.
    """
    ### BEGIN SOLUTION
    return (1 - drop_prob) * x
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint: more or less?</summary>
#
# In training some of the inputs were missing. At test time all of them are present. Must each count for more or for
# less?
#
# </details>

# %% kind="test" grade_id="classic_dropout_predict_visible" points=1
check("classic_dropout_predict", classic_dropout_predict)

# %% kind="test" grade_id="classic_dropout_predict_hidden" points=2
# Your teacher's hidden checks of classic_dropout_predict run here.
### BEGIN HIDDEN TESTS
check_hidden("classic_dropout_predict", classic_dropout_predict)
### END HIDDEN TESTS

# %% [markdown]
# ### What does $p$ mean?
#
# The number that is called `p`, `rate` or `keep_prob` means two different things. Look it up each time.
#
# | who | the number is | where the scale is applied |
# | --- | --- | --- |
# | this course | the share **dropped** | training, $1/(1-p)$ |
# | PyTorch `nn.Dropout(p)` | the share **dropped** | training |
# | Keras `Dropout(rate)`, Flax `nn.Dropout(rate)` | the share **dropped** | training |
# | TensorFlow 2 `tf.nn.dropout(x, rate)` | the share **dropped** | training |
# | TensorFlow 1 `tf.nn.dropout(x, keep_prob)` | the share **kept** | training, 1/keep_prob |
# | Srivastava et al. 2014, where a unit "is retained with probability $p$" | the share **kept** | test time, $p$ |
#
# **Question.** Which of these drop a fifth of the units on average?
#
# - a: PyTorch, `nn.Dropout(0.2)`
# - b: TensorFlow 1, `tf.nn.dropout(x, 0.2)`
# - c: TensorFlow 1, `tf.nn.dropout(x, 0.8)`
# - d: the paper of 2014, $p = 0.8$
# - e: Keras, `Dropout(0.8)`
# - f: a mask made by `rng.random(x.shape) < 0.8`, then `x * mask / 0.8`

# %% kind="answer" grade_id="drops_a_fifth"
# The letters of those that drop a fifth, as a set such as {"b", "e"}.
drops_a_fifth = None
### BEGIN SOLUTION
drops_a_fifth = {"a", "c", "d", "f"}
### END SOLUTION

# %% kind="test" grade_id="drops_a_fifth_visible" points=0
check("drops_a_fifth", drops_a_fifth)

# %% kind="test" grade_id="drops_a_fifth_hidden" points=1
# Your teacher's hidden check of drops_a_fifth runs here.
### BEGIN HIDDEN TESTS
check_hidden("drops_a_fifth", drops_a_fifth)
### END HIDDEN TESTS

# %% [markdown]
# ### Experiment: the gap between training and validation, against $p$
#
# Handwritten digits are easy. To see overfitting we make them hard: we use only 359 training images, and a fifth of
# them get a label that is drawn at random. A network that fits those labels has learned noise. The validation
# labels are all correct. We train one network for each $p$ and each of three seeds, at a rate that falls to 0;
# everything else is equal. The cell takes about five seconds.

# %% kind="experiment"
probabilities = [0.0, 0.2, 0.4, 0.6, 0.8]


def falling(epoch):
    return 0.15 * (1 - epoch / 50)


measured = {"training": np.zeros((3, 5)), "validation": np.zeros((3, 5))}
accuracy = {
    "training (a fifth of the labels is noise)": np.zeros((3, 5)),
    "validation": np.zeros((3, 5)),
}
runs = itertools.product(range(3), enumerate(probabilities))
for seed, (column, drop_prob) in with_progress(runs, unit="network"):
    rng = np.random.default_rng(seed)
    few, validation = split(X, y, (0.2, 0.5), rng)
    noisy = few.y.copy()
    wrong = rng.random(len(noisy)) < 0.2
    noisy[wrong] = rng.integers(0, 10, wrong.sum())
    net = MLP((64, 128, 128, 10), dropout=(dropout_forward, dropout_backward), drop_prob=drop_prob)
    params = train(
        net, net.initialize(rng), (few.X, noisy), sgd, falling, 50, 32, rng, evaluate=False
    ).params
    for numbers, place in ((measured, 0), (accuracy, 1)):
        training, valid = numbers.values()
        training[seed, column] = net.evaluate(params, few.X, noisy)[place]
        valid[seed, column] = net.evaluate(params, *validation)[place]

with style():
    fig, axes = plt.subplots(1, 2, figsize=(10.5, 4.4))
    for ax, numbers, name in ((axes[0], measured, "loss"), (axes[1], accuracy, "accuracy")):
        title = f"{name.capitalize()} after 50 epochs"
        plot_band(probabilities, numbers, ax=ax, title=title, x_label="drop_prob $p$", y_label=name)
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2))
    fig.suptitle("The gap closes as $p$ grows, and validation is best in between", fontsize=14)
plt.show()

# %% [markdown]
# Only about 82 % of the training labels are correct (a random label is the right one in one case of ten). At $p = 0$
# the network fits more of them than that: it has begun to memorize wrong labels, and does worse on new digits. As $p$
# grows, the training loss rises, the validation loss falls, and the gap closes. (The validation accuracy may even
# exceed the training accuracy: no network can, or should, predict the random labels.) Beyond a certain $p$ too little
# of the network is left, and both get worse. (The loss turns before the accuracy does.) So a small gap is not the aim;
# a low validation loss is. On six other seeds the validation loss was lowest at 0.2 each time; the accuracy rose from
# 89 % at $p = 0$ to 92 % at 0.4 (medians). Dropout also needs more epochs, since each step trains only a part of the
# network.
#
# On clean labels and with more data you would see much less of an effect. Try it: set the share of wrong labels to 0.
#
# **Where to use it, and how much.** Dropout follows the activation function of a hidden layer. (Before or after a
# ReLU makes no difference, since $\max(0, m\,x) = m\max(0, x)$ for $m \ge 0$.) It is never used after the output
# layer. Srivastava et al. (2014) drop 0.5 of the hidden units and 0.2 of the inputs. The first transformers dropped
# 0.1, or 0.3 in a larger model (Vaswani et al. 2017). A small layer has less to spare: begin with 0.1 to 0.3.

# %% [markdown]
# ### Experiment: co-adaptation
#
# Do the units really rely on each other less? We remove more and more hidden units from a trained network, chosen
# at random, and measure the accuracy. (In both networks the remaining units are scaled up, so that the output layer
# receives as much as before.)

# %% kind="experiment"
shares = np.array([0, 0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95])
runs = {}
for name, drop_prob in (("trained without dropout", 0.0), ("trained with p = 0.5", 0.5)):
    net = MLP((64, 128, 10), dropout=(dropout_forward, dropout_backward), drop_prob=drop_prob)
    start = net.initialize(np.random.default_rng(1))
    params = train(
        net, start, first, sgd, 0.2, 60, 32, np.random.default_rng(2), evaluate=False
    ).params
    hidden, rng = net.activations(params, rest.X)[0], np.random.default_rng(3)
    runs[name] = np.zeros((20, len(shares)))
    for i, (column, removed) in itertools.product(range(20), enumerate(shares)):
        there = rng.permutation(128) >= round(removed * 128)
        scores = (hidden * there / there.mean()) @ params["W2"] + params["b2"]
        runs[name][i, column] = np.mean(scores.argmax(axis=1) == rest.y)
ax = plot_band(
    shares,
    runs,
    title="Units trained with dropout can lose most of their neighbours",
    x_label="share of the 128 hidden units that is removed",
    y_label="test accuracy",
)
ax.legend(loc="lower left", frameon=False)
plt.show()

# %% [markdown]
# The line is the median of 20 random choices, the band the middle 80 % of them. With all units, the two networks
# are about equally good. With half of the units removed, the one trained without dropout has lost a good part of
# its accuracy; the other has hardly changed. To be fair: the second network was trained for exactly this. The test
# shows that its units can do without each other. It does not show by itself that this is *why* dropout generalizes
# better.

# %% [markdown]
# ## 2. One network, or very many
#
# A layer with $D$ units has $2^D$ masks, hence $2^D$ thinned networks, all sharing their weights. Training with
# dropout trains a few of them a little, at random. Prediction should use them all: the *ensemble* mean, each network
# weighted by the probability of its mask.
#
# ### Exercise: `exact_ensemble`
#
# Let $f$ be a function that predicts from an input $x$ of $D$ numbers, and drop *inputs*, without a scale. Then
#
# $$\bar f(x) = \sum_{m \in \{0,1\}^D} (1-p)^{k(m)}\; p^{\,D-k(m)}\; f(m \odot x),$$
#
# where $m$ runs over all masks of zeros and ones, $k(m)$ is the number of ones in it (the inputs kept), and $\odot$
# multiplies entry by entry. For a *linear* $f$, such as $f(x) = w \cdot x + b$, mean and function can be exchanged:
#
# $$\bar f(x) = \mathbb{E}[f(m \odot x)] = f(\mathbb{E}[m] \odot x) = f\big((1-p)\,x\big),$$
#
# so *one* pass with scaled inputs gives the mean of $2^D$ networks, exactly. For a function with a ReLU in it this
# is no longer true. How large is the error then? The exact sum shows it.


# %% kind="answer" grade_id="exact_ensemble"
def exact_ensemble(predict, x, drop_prob):
    """Return the mean of `predict(mask*x)` over all 2**D masks of zeros and ones, weighted by
    their probabilities.

    predict: takes an array of shape (D,) and returns a number or an array. x: (D,).
    drop_prob: the probability that an entry of x is dropped.
    A mask that keeps k entries has the probability (1 - drop_prob)**k * drop_prob**(D - k). The
    masks are not scaled. Returns what predict returns: a number or an array of its shape.
    """
    ### BEGIN SOLUTION
    mean = 0.0
    for bits in itertools.product((0.0, 1.0), repeat=len(x)):
        mask = np.array(bits)
        kept = mask.sum()
        probability = (1 - drop_prob) ** kept * drop_prob ** (len(x) - kept)
        mean = mean + probability * predict(mask * x)
    return mean
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint: all masks</summary>
#
# `itertools.product((0.0, 1.0), repeat=D)` gives every mask, as a tuple, once. Begin with a sum of 0 and add one term
# for each mask.
#
# </details>

# %% kind="test" grade_id="exact_ensemble_visible" points=1
check("exact_ensemble", exact_ensemble)

# %% kind="test" grade_id="exact_ensemble_hidden" points=2
# Your teacher's hidden checks of exact_ensemble run here.
### BEGIN HIDDEN TESTS
check_hidden("exact_ensemble", exact_ensemble)
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise: `mc_dropout`
#
# With 10 inputs the sum has 1024 terms. With 128 hidden units it has more than $10^{38}$. But a mean can be
# *sampled*: leave dropout on at test time, run several passes, each with new masks, and take their mean. The
# standard deviation over the passes comes for free: it says how much the thinned networks disagree, which Gal &
# Ghahramani (2016) interpret as a measure of the network's uncertainty. The method is called *Monte Carlo dropout*,
# MC dropout for short.
#
# $$\mathrm{mean} = \frac1T \sum_{t=1}^T f_t(x), \qquad
# \mathrm{std} = \sqrt{\frac1T \sum_{t=1}^T \big(f_t(x) - \mathrm{mean}\big)^2}$$
#
# $T$ is the number of passes, and $f_t$ is the network with the masks of pass $t$. The division is by $T$ (`ddof` 0),
# not by $T - 1$.


# %% kind="answer" grade_id="mc_dropout"
def mc_dropout(predict, x, passes, rng):
    """Return `(mean, std)` of `predict(x, rng)` over the given number of passes, entry by entry;
    std with ddof 0.

    predict: takes x and a generator, from which it draws its masks, and returns a number or an
    array.
    passes: how many passes, an integer, at least 1.
    rng: the numpy.random.Generator that every pass draws from, one after another.
    """
    ### BEGIN SOLUTION
    outputs = [predict(x, rng) for _ in range(passes)]
    return np.mean(outputs, axis=0), np.std(outputs, axis=0)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint: one generator for all passes</summary>
#
# A generator advances with each number that you draw from it. Pass the same one to every call, and each pass gets
# new masks. What would happen with a new generator of the same seed in each pass?
#
# </details>

# %% kind="test" grade_id="mc_dropout_visible" points=1
check("mc_dropout", mc_dropout)

# %% kind="test" grade_id="mc_dropout_hidden" points=2
# Your teacher's hidden checks of mc_dropout run here.
### BEGIN HIDDEN TESTS
check_hidden("mc_dropout", mc_dropout)
### END HIDDEN TESTS

# %% [markdown]
# ### Experiment: the exact ensemble, one scaled pass, and sampling
#
# The diabetes data has 10 measurements for each patient, so the ensemble over dropped inputs has 1024 members and
# can be computed. The left plot compares the exact ensemble with the single scaled pass for 60 patients, for a
# linear model and for a network with ReLU. The right plot shows how sampling comes closer to the exact mean of the
# network as the number of passes grows.

# %% kind="experiment"
patients, target = diabetes()
target = (target - target.mean()) / target.std()
models = {
    "linear model": MLP((10, 1), loss="mse"),
    "ReLU network": MLP((10, 40, 40, 1), loss="mse"),
}
drop_prob, some = 0.3, patients[:60]
with style():
    fig, axes = plt.subplots(1, 2, figsize=(10.5, 4.4))
    for name, look in (("linear model", "o"), ("ReLU network", "^")):
        net, rng = models[name], np.random.default_rng(1)
        params = train(
            net, net.initialize(rng), (patients, target), sgd, 0.02, 60, 32, rng, evaluate=False
        ).params

        def predict(x, net=net, params=params):
            return net.predict(params, x[None])[0]

        exact = np.array([exact_ensemble(predict, x, drop_prob) for x in some])
        scaled = net.predict(params, classic_dropout_predict(some, drop_prob))
        axes[0].plot(exact, scaled, look, label=name, alpha=0.75)
        off = np.sqrt(np.mean((scaled - exact) ** 2))
        print(f"{name}: the scaled pass is off by {off:.1e} (root mean square)")
    axes[0].axline((0, 0), slope=1, color="black", linewidth=1, linestyle="--", label="equal")
    axes[0].set(
        title="One scaled pass is exact for the linear model",
        ylabel="one pass with scaled inputs",
        xlabel="exact ensemble of 1024 (unit: std of the target)",
    )
    axes[0].legend()

    # Your masks contain the scale 1/(1 - p), and those of the exact sum do not: multiplying by
    # 1 - p removes it.
    def noisy_predict(x, rng):
        return net.predict(params, (1 - drop_prob) * dropout_forward(x, drop_prob, rng)[0])

    passes, errors = [1, 3, 10, 30, 100, 300, 1000], []
    for count in passes:
        mean, std = mc_dropout(noisy_predict, some, count, np.random.default_rng(count))
        errors.append(np.sqrt(np.mean((mean - exact) ** 2)))
    spread = np.sqrt(np.mean(std**2))
    axes[1].loglog(passes, errors, "o-", label="mean of $T$ passes")
    axes[1].loglog(passes, spread / np.sqrt(passes), "k:", label=r"std / $\sqrt{T}$")
    axes[1].axhline(
        np.sqrt(np.mean((scaled - exact) ** 2)),
        color=COLORS[1],
        linestyle="--",
        label="one scaled pass",
    )
    axes[1].set(
        title="Sampling the ReLU network's ensemble",
        xlabel="number of passes $T$",
        ylabel="error (root mean square)",
    )
    axes[1].legend()
plt.show()

# %% [markdown]
# The linear model's points lie on the diagonal up to rounding. The network's do not, but they are near it: the
# scaled pass is a good approximation, and costs one pass instead of 1024. Sampling has no such bias, but its error
# falls only like $1/\sqrt T$; here it takes about ten passes to do better than the one scaled pass. That is why
# libraries predict with one pass.
#
# ### Experiment: does the network know when it guesses?
#
# For the digits, take 50 passes with dropout left on, each giving ten probabilities. Is the standard deviation
# larger for wrong answers than for right ones?

# %% kind="experiment"
net = MLP((64, 128, 128, 10), dropout=(dropout_forward, dropout_backward), drop_prob=0.3)
small, test = split(X, y, (0.15, 0.85), np.random.default_rng(4))
start = net.initialize(np.random.default_rng(1))
params = train(net, start, small, sgd, 0.1, 60, 32, np.random.default_rng(2), evaluate=False).params


def class_probabilities(x, rng):
    hidden = net.activations(params, x, train=True, rng=rng)[-1]
    scores = np.exp(hidden @ params["W3"] + params["b3"])
    return scores / scores.sum(axis=1, keepdims=True)


mean, std = mc_dropout(class_probabilities, test.X, 50, np.random.default_rng(0))
label = mean.argmax(axis=1)
unsure = std[np.arange(len(label)), label]
right = label == test.y
with style():
    fig, ax = plt.subplots(figsize=(7.5, 3.8))
    groups = (f"right ({right.sum()})", right, "-"), (f"wrong ({(~right).sum()})", ~right, "--")
    for i, (name, rows, look) in enumerate(groups):
        values = unsure[rows]
        ax.hist(
            values,
            np.linspace(0, 0.4, 21),
            weights=np.full(len(values), 1 / len(values)),
            histtype="step",
            linewidth=2,
            linestyle=look,
            color=COLORS[i],
            label=name,
        )
    ax.set(
        title="Wrong answers come with a large spread",
        ylabel="share of the answers",
        xlabel="standard deviation of the winner's probability over 50 passes",
    )
    ax.legend()
plt.show()
surest = np.argsort(unsure)[: len(unsure) * 9 // 10]
print(f"accuracy on all test digits {right.mean():.1%}")
print(f"on the most certain 90 % of them {right[surest].mean():.1%}")

# %% [markdown]
# A person could then check only the least certain tenth. When we repeated this with five splits and seeds, that
# tenth contained 43 to 52 % of all wrong answers, and still 61 to 77 % of the answers in it were right. So
# interpret the number with care: it depends on $p$; unlike a true uncertainty, it need not shrink as the data grow;
# and it does not include the noise in the labels. It ranks answers; it is not a probability of being wrong.
#
# ### Question: what is true of dropout?
#
# - a: With inverted dropout the layer does nothing at test time.
# - b: With masks of zeros and ones on the inputs of a linear network, the mean over all masks equals one pass with
#   the inputs scaled by $1-p$.
# - c: In a ReLU network too, the mean over all masks equals one pass with the inputs scaled by $1-p$.
# - d: With inverted dropout a layer's mean square is the same in training as at test time.
# - e: With inverted dropout each entry has the same mean over masks in training as its value at test time.
# - f: In MC dropout each pass should begin with a new generator of the same seed.

# %% kind="answer" grade_id="true_of_dropout"
# The letters of the true sentences, as a set such as {"c", "f"}.
true_of_dropout = None
### BEGIN SOLUTION
true_of_dropout = {"a", "b", "e"}
### END SOLUTION

# %% kind="test" grade_id="true_of_dropout_visible" points=0
check("true_of_dropout", true_of_dropout)

# %% kind="test" grade_id="true_of_dropout_hidden" points=1
# Your teacher's hidden check of true_of_dropout runs here.
### BEGIN HIDDEN TESTS
check_hidden("true_of_dropout", true_of_dropout)
### END HIDDEN TESTS

# %% [markdown]
# ## 3. Stochastic depth: dropping whole layers
#
# In a *residual network* (He et al. 2016) a block adds to its input: $\mathrm{out} = x + f(x)$, where $f$ is the
# block, for example two or three layers, and $x$ itself goes around it on the *shortcut*. Remove the block, and the
# layer still makes sense: $\mathrm{out} = x$. Stochastic depth (Huang et al. 2016) removes blocks at random: in
# each training step each block is either present or skipped. So each step trains a network that is shallow on
# average, and at test time the network has its full depth.

# %%
present = {
    "training, step 1": [1, 1, 1, 0, 1],
    "training, step 2": [1, 1, 0, 1, 0],
    "training, step 3": [1, 0, 1, 1, 0],
    "test time": [0.9, 0.8, 0.7, 0.6, 0.5],
}
with style():
    fig, ax = plt.subplots(figsize=(9.5, 4.6))
for row, (name, kept) in enumerate(present.items()):
    ax.text(-0.3, -row, name, ha="right", va="center", fontsize=13)
    ax.annotate("", (5.25, -row), (-0.2, -row), arrowprops={"arrowstyle": "->", "linewidth": 1.8})
    for column, share in enumerate(kept):
        left, top = column + 0.15, -row + 0.2
        look = {"facecolor": "#d6ecf8"} if share else {"facecolor": "none", "linestyle": "--"}
        ax.add_patch(plt.Rectangle((left, top), 0.55, 0.34, edgecolor="0.3", **look))
        if share:
            ax.plot([left - 0.12] * 2 + [left], [-row, top + 0.17, top + 0.17], "k-")
            ax.plot([left + 0.55] + [left + 0.67] * 2, [top + 0.17] * 2 + [-row], "k-")
            ax.plot(left + 0.67, -row, "o", color="black", markersize=7)
        word = {0: "skipped", 1: f"$f_{column + 1}$"}.get(share, f"{share} $f_{column + 1}$")
        size = 12 if share else 10
        ax.text(left + 0.275, top + 0.16, word, ha="center", va="center", fontsize=size)
ax.set(xlim=(-1.9, 5.3), ylim=(-3.2, 0.7))
ax.axis("off")
ax.set_title("Each step trains a shallower network (dots: sums)")
plt.show()

# %% [markdown]
# The straight line is the shortcut. A block that is skipped is not computed at all. At test time each block is
# multiplied by the probability with which it was present.
#
# ### Exercise: `residual_survival`
#
# The first blocks make features that all later ones use, so they should be dropped least. The *linear decay rule*
# lets the probability of survival fall from nearly 1 to a last value:
#
# $$s_\ell = 1 - \frac{\ell}{L}\,(1 - s_L),$$
#
# where $\ell = 1, \dots, L$ counts the blocks **from 1**, $L$ is their number, and $s_L$ is the probability of the
# last one (0.5 in the paper). The input of the network counts as layer 0, which always survives.


# %% kind="answer" grade_id="residual_survival"
def residual_survival(layer, layers, last):
    """Return the probability that block `layer` survives, by the linear decay rule.

    layer: the block's number, from 1 to layers. layers: how many blocks there are. last: the last
    one's probability.
    """
    ### BEGIN SOLUTION
    return 1 - layer / layers * (1 - last)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint: two points of the line</summary>
#
# Put in the two ends: which value should come out at layer 0, and which at layer L?
#
# </details>

# %% kind="test" grade_id="residual_survival_visible" points=1
check("residual_survival", residual_survival)

# %% kind="test" grade_id="residual_survival_hidden" points=2
# Your teacher's hidden checks of residual_survival run here.
### BEGIN HIDDEN TESTS
check_hidden("residual_survival", residual_survival)
### END HIDDEN TESTS

# %% [markdown]
# **Question.** The paper's network has 54 blocks, with $s_L = 0.5$. How many of its blocks take part in a training
# step, on average? (The mean of a sum is the sum of the means. Your function may help.)

# %% kind="answer" grade_id="expected_depth"
# One number, to two decimals.
expected_depth = None
### BEGIN SOLUTION
blocks, last = 54, 0.5
expected_depth = sum(residual_survival(layer, blocks, last) for layer in range(1, blocks + 1))
### END SOLUTION

# %% kind="test" grade_id="expected_depth_visible" points=0
check("expected_depth", expected_depth)

# %% kind="test" grade_id="expected_depth_hidden" points=1
# Your teacher's hidden check of expected_depth runs here.
### BEGIN HIDDEN TESTS
check_hidden("expected_depth", expected_depth)
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise: `stochastic_depth_forward`
#
# Draw $b$, which is 1 with the probability $s$ of survival and 0 otherwise, *once* for the whole batch. Then
#
# $$\mathrm{out} = \begin{cases} x + b\, f(x) & \text{in training} \\ x + s\, f(x) & \text{at test time} \end{cases}$$
#
# In training nothing is scaled. So the branch contributes $s\,f(x)$ on average. At test time it is always present,
# so it is scaled by its probability of survival. This is the classic form, the one in the paper, like
# `classic_dropout_predict` above. If $b = 0$ the block must not even *run*: saving time is half of the purpose.
# Dropout saves no time, because its zeros are multiplied like any other number.
#
# > **Conventions differ.** The paper and this course give the probability of *survival* and scale at *test time*.
# > torchvision's `stochastic_depth(x, p, mode)` and timm's `DropPath` take the probability of being *dropped* and
# > divide by the share kept in *training*, as inverted dropout does; then nothing is left to do at test time.
# > torchvision's `mode="batch"` draws once for the batch, as here; `"row"` draws for each example. Some articles
# > leave the scale out altogether, which is wrong in either form.


# %% kind="answer" grade_id="stochastic_depth_forward"
def stochastic_depth_forward(x, block, survival, rng, train=True):
    """Return `(out, kept)` of a residual block that survives with probability `survival`.

    x: array of any shape. block: a function that returns an array of x's shape.
    In training, one draw from the generator rng decides for the whole batch: `(x + block(x),
    True)` with probability survival, else `(x, False)`, and then block is not called. At test
    time (train=False) return `(x + survival*block(x), None)`. Then rng is not used, and may be
    None.
    """
    ### BEGIN SOLUTION
    if not train:
        return x + survival * block(x), None
    kept = rng.random() < survival
    return x + block(x) if kept else x, kept
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint: one coin</summary>
#
# `rng.random()` without a shape gives one number, uniform in [0, 1). With which probability is it below `survival`?
#
# </details>

# %% kind="test" grade_id="stochastic_depth_forward_visible" points=1
check("stochastic_depth_forward", stochastic_depth_forward)

# %% kind="test" grade_id="stochastic_depth_forward_hidden" points=2
# Your teacher's hidden checks of stochastic_depth_forward run here.
### BEGIN HIDDEN TESTS
check_hidden("stochastic_depth_forward", stochastic_depth_forward)
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise: `stochastic_depth_backward`
#
# The gradient flows back along both paths that the input took: along the shortcut, where it stays as it is, and
# through the block, if the block was present. Let $g(\mathrm{dout})$ be the gradient that comes out of the block's
# own backward pass. Then
#
# $$\frac{\partial L}{\partial x} = \begin{cases} \mathrm{dout} + g(\mathrm{dout}) & \text{if the block was kept} \\
# \mathrm{dout} & \text{if it was skipped} \end{cases}$$


# %% kind="answer" grade_id="stochastic_depth_backward"
def stochastic_depth_backward(dout, block_backward, kept):
    """Return the gradient of a training pass with respect to x, of dout's shape.

    dout: the gradient with respect to `out`. block_backward: takes the gradient with respect to
    the block's output and returns that with respect to its input.
    kept: what stochastic_depth_forward returned. If it is False, block_backward is not called.
    """
    ### BEGIN SOLUTION
    return dout + block_backward(dout) if kept else dout
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint: follow the input</summary>
#
# In training `out` is x plus, perhaps, the block of x. Differentiate the two terms one by one.
#
# </details>

# %% kind="test" grade_id="stochastic_depth_backward_visible" points=1
check("stochastic_depth_backward", stochastic_depth_backward)

# %% kind="test" grade_id="stochastic_depth_backward_hidden" points=2
# Your teacher's hidden checks of stochastic_depth_backward run here.
### BEGIN HIDDEN TESTS
check_hidden("stochastic_depth_backward", stochastic_depth_backward)
### END HIDDEN TESTS

# %% [markdown]
# ### Experiment: how deep can it be?
#
# Residual networks of more and more blocks learn the digits, all at the same rate, 0.03. They have no
# normalization. Each block adds to the signal, so the signal grows with depth, and so does the gradient. We compare
# three settings: all blocks always kept, and survival falling to 0.5 or to 0.2, with three seeds each. A run that
# diverged counts as guessing, with an accuracy of a tenth. The cell takes about seven seconds.

# %% kind="experiment"
half, validation = split(X, y, (0.5, 0.4), np.random.default_rng(0))
depths = [8, 16, 24]
pair = stochastic_depth_forward, stochastic_depth_backward
reached, blocks_run = {}, {}
for last in with_progress((1.0, 0.5, 0.2), unit="setting"):
    name = "all blocks always kept" if last == 1 else f"survival falling to {last}"
    reached[name], blocks_run[name] = np.full((3, len(depths)), 0.1), 0
    for (column, depth), seed in itertools.product(enumerate(depths), range(3)):
        survival = tuple(residual_survival(block, depth, last) for block in range(1, depth + 1))
        net, rng = ResidualClassifier(64, 32, 10, survival, pair), np.random.default_rng(seed + 1)
        history = train(
            net, net.initialize(rng, scale=0.5), half, sgd, 0.03, 10, 32, rng, evaluate=False
        )
        if not history.note:
            blocks_run[name] += net.runs if depth == 8 else 0
            reached[name][seed, column] = net.evaluate(history.params, *validation)[1]

with style():
    fig, ax = plt.subplots(figsize=(9, 4.2))
    for i, (name, values) in enumerate(reached.items()):
        place = np.arange(3) + 0.22 * (i - 1)  # side by side, or points would hide each other
        look = {"color": COLORS[i], "linestyle": "none", "marker": "os^"[i]}
        ax.plot(place, values.T, alpha=0.7, **look)
        ax.plot([], [], label=name, **look)
        ax.plot(place, np.median(values, axis=0), "_k", markersize=22, markeredgewidth=2.5)
    ax.plot([], [], "_k", markersize=14, markeredgewidth=2.5, label="median of the three seeds")
    ax.axhline(0.1, color="0.4", linestyle=":", linewidth=1.5)
    ax.text(1.02, 0.1, "guessing", transform=ax.get_yaxis_transform(), va="center", color="0.3")
    ax.set(
        title="With the same rate, deeper networks train only if blocks are skipped",
        xlabel="number of blocks",
        ylabel="validation accuracy",
        xticks=range(3),
        xticklabels=depths,
        ylim=(0, 1.02),
    )
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
plt.show()
full = blocks_run["all blocks always kept"]
for name, runs in blocks_run.items():
    print(f"{name}: {runs / full:.0%} of the block runs of full training, at 8 blocks")

# %% [markdown]
# Each point is one run. At this rate the whole network no longer trains at 16 blocks. With stochastic depth deeper
# networks still train: the network that a step really trains is shallower. It also costs fewer block runs. Three
# seeds are few, so here is a count of the runs, of ten on other seeds, that got more than half of the validation digits
# right:
#
# | blocks | 8 | 16 | 24 |
# | --- | --- | --- | --- |
# | all blocks always kept | 10 | 2 | 0 |
# | survival falling to 0.5 | 10 | 9 | 1 |
# | survival falling to 0.2 | 10 | 10 | 7 |
#
# What this does *not* show: that stochastic depth is the only way. At a rate ten times smaller the whole network
# trains at 24 blocks too, only slower (from each of five seeds, in 24 epochs); smaller initial weights, or batch
# normalization (lesson 04), also help. Shallow networks gain nothing from it here, and a step with few blocks is a
# noisy one: that is why single runs vary. In the paper, with batch normalization, stochastic depth made a network
# of 1202 layers better than one of 110, whereas full training made it worse.

# %% [markdown]
# ## 4. The same in PyTorch
#
# `torch.nn.Dropout(p)` is inverted dropout, and `p` is the share *dropped*, as here. But the layer has no argument
# `train`. It has a mode: `model.train()` switches the whole model to training, and `model.eval()` to test time. A new
# model is in training mode. The next cell compares your functions with it, if PyTorch is installed.

# %% kind="experiment"
from course_utils.pytorch import compare_with_torch


@compare_with_torch
def dropout(torch):
    layer, functional = torch.nn.Dropout(p=0.2), torch.nn.functional  # p: the share dropped
    x = np.ones((100, 50))
    tensor = torch.ones(100, 50, dtype=torch.float64, requires_grad=True)
    dout = np.random.default_rng(1).normal(size=x.shape)

    layer.train()
    out = layer(tensor)
    out.backward(torch.from_numpy(dout))
    mask = out.detach().numpy()  # the inputs are ones
    layer.eval()
    test = dropout_forward(x, 0.2, None, train=False)[0]
    return {
        "values of a mask, Dropout(p=0.2)": (
            np.unique(dropout_forward(x, 0.2, np.random.default_rng(0))[1]), np.unique(mask),
        ),
        "gradient, by PyTorch's mask": (dropout_backward(dout, mask), tensor.grad),
        "after eval(): the input": (test, layer(tensor)),
        "trap: eval() forgotten": (test, layer.train()(tensor)),
        "trap: functional.dropout(x, 0.2) knows no eval()": (test, functional.dropout(tensor, 0.2)),
    }


# %% [markdown]
# With PyTorch, the cell prints this:
#
# ```
# values of a mask, Dropout(p=0.2)                  the same
# gradient, by PyTorch's mask                       the same
# after eval(): the input                           the same
# trap: eval() forgotten                            differs by up to 1
# trap: functional.dropout(x, 0.2) knows no eval()  differs by up to 1
# ```
#
# The traps in these lines:
#
# - **`eval()` forgotten.** Predictions are then random, and worse, and no error says so. After the validation of an
#   epoch, `train()` must come back.
# - **`torch.no_grad()` is not `eval()`.** It saves memory, because it stores no gradients. It does not switch dropout
#   off.
# - **`functional.dropout`** has an argument `training`, which is True by default, and does not know the model's mode:
#   write `functional.dropout(x, p, training=self.training)`.
# - For `mc_dropout`, call `eval()`, and then `train()` on the dropout layers alone.
#
# Stochastic depth is `torchvision.ops.stochastic_depth(x, p, mode)`. There, `p` is the share dropped.
#
# ## Going further ★
#
# These exercises are extensions. They are checked and graded like the others, but carry no points.
#
# ### ★ Exercise: `dropout_penalty`
#
# What does dropout do to linear regression? Here we can compute everything. Let $X$ be the data, $n$ examples by
# $D$ features, $y$ the targets, $w$ the weights, and let $M$ be an inverted mask of $X$'s shape: independent
# entries with mean 1. What is the sum of squared errors, on average over the masks?
#
# Look at one example $i$. Its error is $e_i = y_i - \sum_j M_{ij} X_{ij} w_j$. For any random number, the mean of the
# square is the square of the mean plus the variance: $\mathbb{E}[e_i^2] = \mathbb{E}[e_i]^2 + \mathrm{Var}[e_i]$.
#
# - The mean: $\mathbb{E}[M_{ij}] = 1$, so $\mathbb{E}[e_i] = y_i - \sum_j X_{ij} w_j$, the error without dropout.
# - The variance of one mask entry: $\mathbb{E}[M^2] - \mathbb{E}[M]^2 = \frac{1}{1-p} - 1 = \frac{p}{1-p}$.
# - The entries are independent, so variances add: $\mathrm{Var}[e_i] = \frac{p}{1-p}\sum_j X_{ij}^2 w_j^2$.
#
# Sum over the examples, and note that $\sum_i X_{ij}^2 = (X^\top X)_{jj}$, the $j$-th number on the diagonal of
# $X^\top X$:
#
# $$\mathbb{E}\,\lVert y - (M \odot X)\,w \rVert^2 = \lVert y - Xw \rVert^2 +
# \underbrace{\frac{p}{1-p}\sum_{j} (X^\top X)_{jj}\, w_j^2}_{\text{the penalty}}$$
#
# So dropout on the inputs *is* a ridge penalty here (lesson 02a), with a strength for each weight that depends on
# the size of its feature. Such a penalty is called *adaptive*. Return the penalty.


# %% kind="answer" grade_id="dropout_penalty" star=true
def dropout_penalty(w, X, drop_prob):
    """Return what inverted dropout on the inputs X adds, on average, to the sum of squared errors
    of `X @ w`.

    w: (D,). X: (n, D). drop_prob: the probability that an entry of X is dropped. Returns one
    number.
    """
    ### BEGIN SOLUTION
    return drop_prob / (1 - drop_prob) * np.sum(np.sum(X**2, axis=0) * w**2)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint: the diagonal without the matrix</summary>
#
# The diagonal of $X^\top X$ contains the sum of squares of each column of $X$. No matrix product is needed.
#
# </details>

# %% kind="test" grade_id="dropout_penalty_visible" points=0
check("dropout_penalty", dropout_penalty)

# %% kind="test" grade_id="dropout_penalty_hidden" points=0
# Your teacher's hidden checks of dropout_penalty run here.
### BEGIN HIDDEN TESTS
check_hidden("dropout_penalty", dropout_penalty)
### END HIDDEN TESTS

# %% [markdown]
# Two features that are nearly copies of each other show co-adaptation in its simplest form. Any weights with
# $w_1 + w_2 = 2$ fit the data about equally well. Descent on the plain error stays where it happens to arrive: one
# weight is too large, and the other compensates. With the penalty the two share the work.

# %% kind="experiment"
rng = np.random.default_rng(0)
base = rng.normal(size=200)
twins = np.stack([base + 0.05 * rng.normal(size=200), base + 0.05 * rng.normal(size=200)], axis=1)
goal = 2 * base
grid = np.linspace(-2.2, 3.8, 121)
with style():
    fig, axes = plt.subplots(1, 2, figsize=(10.5, 4.6), sharey=True)
for ax, drop_prob in zip(axes, (0.0, 0.2), strict=True):
    surface = np.array(
        [
            [
                np.sum((goal - twins @ [a, b]) ** 2)
                + dropout_penalty(np.array([a, b]), twins, drop_prob)
                for a in grid
            ]
            for b in grid
        ]
    )
    ax.contour(
        grid,
        grid,
        surface / 200,
        levels=[0.02, 0.1, 0.3, 0.6, 1, 2, 4, 8, 16],
        colors="0.55",
        linewidths=0.8,
    )
    w, path = np.array([3.5, -1.8]), [(3.5, -1.8)]
    for _ in range(300):
        masked = dropout_forward(twins, drop_prob, rng)[0]
        w = w - 0.05 * masked.T @ (masked @ w - goal) / 200
        path.append(w)
    ax.plot(*np.transpose(path), color=COLORS[1], label="descent with your masks")
    ax.plot(*path[0], "ko", label="start")
    row, column = np.unravel_index(surface.argmin(), surface.shape)
    star = {
        "color": "#F0E442",
        "markeredgecolor": "black",
        "markersize": 17,
        "label": "lowest point",
    }
    ax.plot(grid[column], grid[row], "*", **star)
    ax.set(title=f"drop_prob {drop_prob}", xlabel="$w_1$", aspect="equal")
axes[0].set_ylabel("$w_2$")
axes[1].legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
fig.suptitle(
    "Lines: the error plus your penalty. The valley becomes a bowl; the weights become equal",
    fontsize=14,
)
plt.show()

# %% [markdown]
# The lines come from your *formula*, the path from your *masks*. The path ends close to the lowest point, so the
# two agree.
#
# ### ★ Exercise: `gaussian_dropout`
#
# Must the noise be a coin toss? Srivastava et al. (2014, section 10) multiply by normal noise with the same mean
# and the same variance as the inverted mask, which is 1 and, by the derivation above, $p/(1-p)$:
#
# $$\mathrm{out}_{ij} = x_{ij}\,\varepsilon_{ij}, \qquad
# \varepsilon_{ij} \sim \mathcal{N}\!\left(1,\; \frac{p}{1-p}\right).$$
#
# The second number is the *variance*. Nothing is needed at test time.


# %% kind="answer" grade_id="gaussian_dropout" star=true
def gaussian_dropout(x, drop_prob, rng, train=True):
    """Return `(out, noise)`: out is x times the noise, whose entries are normal with mean 1 and
    variance p/(1 - p).

    x: array of any shape. drop_prob: p of the dropout that it replaces. rng: a
    numpy.random.Generator. The noise has x's shape, each entry drawn independently. At test time
    (train=False) return `(x, None)`; rng may be None.
    """
    ### BEGIN SOLUTION
    if not train:
        return x, None
    noise = rng.normal(1.0, np.sqrt(drop_prob / (1 - drop_prob)), x.shape)
    return x * noise, noise
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint: what does rng.normal take?</summary>
#
# `rng.normal(mean, spread, shape)`: look up whether the spread is a variance or a standard deviation.
#
# </details>

# %% kind="test" grade_id="gaussian_dropout_visible" points=0
check("gaussian_dropout", gaussian_dropout)

# %% kind="test" grade_id="gaussian_dropout_hidden" points=0
# Your teacher's hidden checks of gaussian_dropout run here.
### BEGIN HIDDEN TESTS
check_hidden("gaussian_dropout", gaussian_dropout)
### END HIDDEN TESTS

# %% [markdown]
# ### ★ Exercise: `drop_connect`
#
# DropConnect (Wan et al. 2013) drops *weights* instead of units. For example $i$ of the batch
#
# $$\mathrm{out}_i = x_i\,(W \odot M_i) + b,$$
#
# where $W$ is the weight matrix, $D_{\text{in}}$ by $D_{\text{out}}$, $b$ the bias, which we never drop, and $M_i$ a
# mask of $W$'s shape with entries 0 or $1/(1-p)$, **one for each example**. So all masks together have the shape
# $(N, D_{\text{in}}, D_{\text{out}})$. (The paper drops biases too, leaves its masks unscaled, and samples at test
# time; ours is the simpler, inverted form.)


# %% kind="answer" grade_id="drop_connect" star=true
def drop_connect(x, W, b, drop_prob, rng, train=True):
    """Return `(out, mask)` of an affine layer whose weights are dropped, with a separate mask for
    each example.

    x: (N, D_in). W: (D_in, D_out). b: (D_out,). drop_prob: the probability that a weight is
    dropped.
    mask: (N, D_in, D_out), entries 0 or 1/(1 - drop_prob); out[i] is `x[i] @ (W * mask[i]) + b`.
    At test time (train=False) return `(x @ W + b, None)`; rng may be None.
    """
    ### BEGIN SOLUTION
    if not train:
        return x @ W + b, None
    mask = (rng.random((len(x), *W.shape)) >= drop_prob) / (1 - drop_prob)
    return np.einsum("ni,nio->no", x, W * mask) + b, mask
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint: a product for each example</summary>
#
# `W * mask` broadcasts to one matrix per example. `np.einsum("ni,nio->no", x, matrices)` multiplies each row of x
# with its own matrix; a loop over the examples works too.
#
# </details>

# %% kind="test" grade_id="drop_connect_visible" points=0
check("drop_connect", drop_connect)

# %% kind="test" grade_id="drop_connect_hidden" points=0
# Your teacher's hidden checks of drop_connect run here.
### BEGIN HIDDEN TESTS
check_hidden("drop_connect", drop_connect)
### END HIDDEN TESTS

# %% [markdown]
# Three kinds of noise with the same mean: how much does the output of a layer vary? The cell sends one digit
# through a random layer 4,000 times.

# %% kind="experiment"
rng = np.random.default_rng(0)
W, b = rng.normal(size=(64, 1)) / 8, np.zeros(1)
same = np.tile(X[:1], (4000, 1))
outputs = {
    "dropout": dropout_forward(same, 0.5, rng)[0] @ W + b,
    "Gaussian dropout": gaussian_dropout(same, 0.5, rng)[0] @ W + b,
    "DropConnect": drop_connect(same, W, b, 0.5, rng)[0],
}
with style():
    fig, ax = plt.subplots(figsize=(9, 3.8))
    for i, (name, values) in enumerate(outputs.items()):
        name = f"{name}:\nmean {values.mean():.2f}, std {values.std():.2f}"
        look = {
            "color": COLORS[i],
            "linestyle": ("-", "--", ":")[i],
            "histtype": "step",
            "linewidth": 2,
        }
        ax.hist(values.ravel(), np.linspace(-1.3, 1.1, 25), density=True, label=name, **look)
    ax.axvline((X[:1] @ W + b).item(), color="black", linewidth=1, label="without noise")
    ax.set(
        title="The output has the same spread with all three",
        xlabel="output of the layer",
        ylabel="density",
    )
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
plt.show()

# %% [markdown]
# With many inputs the sum of many small pieces of noise is nearly normal whatever the pieces are (the central limit
# theorem). For a *single* output, dropout and DropConnect are even the same thing. They differ if there are several
# outputs: dropout hides an input from all of them at once, DropConnect from each separately.

# %% [markdown]
# ## Summary
#
# - Dropout sets each unit to 0 with probability $p$ in training, and divides what is left by $1-p$, the share
#   **kept**. At test time it does nothing.
# - The original form leaves the mask unscaled and multiplies by $1-p$ at test time. Libraries and papers differ in
#   whether their number is the share dropped or kept.
# - The backward pass uses the same mask, zeros and scale.
# - The scale keeps the mean, not the variance.
# - One scaled pass is the exact mean over all masks for a linear network, and an approximation otherwise. Passes
#   with dropout left on sample that mean, and their spread ranks answers by how certain the network is.
# - Stochastic depth drops whole residual blocks, with one draw per batch, the last ones most often, and does not
#   run what it drops. At test time the branch is scaled by its survival probability.
# - A smaller gap between training and validation is not the aim: a lower validation loss is.
#
# ## References
#
# - Gal & Ghahramani (2016). Dropout as a Bayesian approximation: representing model uncertainty in deep learning.
#   ICML.
# - He, Zhang, Ren & Sun (2016). Deep residual learning for image recognition. CVPR.
# - Hinton, Srivastava, Krizhevsky, Sutskever & Salakhutdinov (2012). Improving neural networks by preventing
#   co-adaptation of feature detectors. arXiv:1207.0580.
# - Huang, Sun, Liu, Sedra & Weinberger (2016). Deep networks with stochastic depth. ECCV.
# - Li, Chen, Hu & Yang (2019). Understanding the disharmony between dropout and batch normalization by variance
#   shift. CVPR.
# - Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov (2014). Dropout: a simple way to prevent neural networks
#   from overfitting. JMLR 15.
# - Vaswani et al. (2017). Attention is all you need. NeurIPS.
# - Wager, Wang & Liang (2013). Dropout training as adaptive regularization. NeurIPS.
# - Wan, Zeiler, Zhang, LeCun & Fergus (2013). Regularization of neural networks using DropConnect. ICML.
#
# Next: [Batch normalization](../04_batch_normalization/04_batch_normalization.ipynb).
