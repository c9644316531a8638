# %% [markdown] writes="one network, within a budget, from your own functions"
# # Capstone: train a network with your own functions
#
# *About three hours. You need notebooks 01 to 06, and your solutions of the functions that are gathered below.*
#
# Each notebook so far showed one part of training by itself, in a setting made for it. Here the parts work together,
# on a task with a budget, and with only functions that you wrote. This is where training is hard in practice: every
# part is right, but the network still does not learn. Then you need a method to find out what is wrong, and an honest
# measurement of what each part is worth.
#
# When you are done you can
#
# - find out step by step why a network does not train;
# - count what a training run costs, and choose its settings within a budget;
# - put a schedule, an optimizer, a normalization and a rule for stopping together into one
#   training run;
# - measure what each part adds, and say how sure you are.

# %% kind="setup" grade_id="imports"
import matplotlib.pyplot as plt
import numpy as np
from threadpoolctl import threadpool_limits

from course_utils.checks import check, check_hidden
from course_utils.data.served import BATCHES, ServedDigits
from course_utils.explorers import explore
from course_utils.networks import MLP
from course_utils.plots import plot_losses, style

threadpool_limits(1)  # one processor core: with matrices this small a second one costs time

# %% [markdown]
# ## Bring your own functions
#
# Save your notebooks, open a terminal (in JupyterLab: **File > New > Terminal**), go to the course's folder and type
#
# ```
# course gather
# ```
#
# It copies the functions that this notebook uses from your notebooks 01 to 06 into the next cell, with whatever they
# need, and reports which are missing, are still stubs, or fail their check. Then choose **File > Reload Notebook from
# Disk** here. The command keeps a copy of the old notebook. It changes nothing else that you wrote, and you can run it
# again whenever you have changed a function. So this notebook is self-contained, and you can hand it in alone.
#
# You do not need every function, and you choose what to train with. But the cells of the recipe call `sgd_step`,
# `adamw_step` and `sample_log_uniform`, and the ablation at the end uses more: if you do not have a function, remove
# it from `parts` there.

# %% kind="gather" grade_id="gathered"
# gathers: sgd_step cosine_decay with_warmup sample_log_uniform early_stopping dropout_forward dropout_backward
# gathers: batchnorm_forward batchnorm_backward batchnorm_predict update_running layernorm_forward
# gathers: momentum_step clip_by_global_norm adamw_step
# Run `course gather` in a terminal, in the course's folder: it copies your own functions here.

# %% [markdown]
# ## The task
#
# The images are handwritten digits of 8 by 8 pixels, as before, but each image is shifted, rotated, noisy, and
# brighter or darker as a whole. And the task has a **seed**: it fixes an order of the 64 pixels and a renaming of the
# 10 labels, the same for training and test. Your teacher's seed is secret. So nothing learned elsewhere helps; the
# network must learn from the images that it is given.
#
# `ServedDigits(seed)` is one draw of the task. It has
#
# - `X` `(200, 64)` and `y` `(200,)`: a **sample** with labels, which you may look at as often as you like;
# - `next_batch()`: a mini-batch, a pair `(64, 64)` and `(64,)`, or `None` when all 100 are used up;
# - `used`: how many mini-batches you have taken so far;
# - `test_X`, `test_y`: 2000 test images, from handwriting that is in no mini-batch, and `accuracy(predict)`, the share
#   of them that are labelled correctly.
#
# The **budget** is 100 mini-batches of 64, that is 6400 gradients of single examples. The grader serves and counts the
# mini-batches. You may use a mini-batch more than once, but the time for training is limited too.

# %% kind="experiment"
task = ServedDigits(1)
with style():
    fig, axes = plt.subplots(2, 8, figsize=(9, 2.9))
    shown = task.unscrambled(task.X[:8])[..., 0]
    for column in range(8):
        for row, picture in enumerate((task.X[column].reshape(8, 8), shown[column])):
            axes[row, column].imshow(picture, cmap="gray", vmin=-1.5, vmax=2.5)
            axes[row, column].set(xticks=[], yticks=[])
            axes[row, column].grid(False)
    axes[0, 0].set_ylabel("as given")
    axes[1, 0].set_ylabel("unscrambled")
    fig.suptitle("Eight images as given, and with their pixels in the original order")
    plt.show()

# %% [markdown]
# The upper row is all that your network gets (the grey scale ends at -1.5 and 2.5). Look at the lower row for a while:
# what differs from image to image, and does it say anything about the digit?
#
# ## 1. A recipe for finding out what is wrong
#
# A training loop with a mistake does not stop with an error. It learns a little less, and you search for days. So take
# small steps, each with a result that you know beforehand (after Karpathy, 2019):
#
# 1. **Look at the data**, at inputs and labels, as you just did. You can see most problems there.
# 2. **Check the loss at the start.** Before the first step you know roughly what it should be.
# 3. **Overfit one mini-batch.** A network that cannot memorize 64 images has a mistake in its gradient, its step or
#    its loop. No setting will fix that.
# 4. **Look at learning curves** at a few rates: one clearly too low, one clearly too high, and some in between.
# 5. Only then **search** for good settings, at random, on a logarithmic scale (notebook 01).
# 6. Add one part at a time, and **measure** each.
#
# ### Step 2: the loss at the start
#
# The network gives ten scores, the softmax makes probabilities of them, and the loss is the cross-entropy: minus the
# natural logarithm of the probability of the right label, averaged over the images. **Predict:** what is the loss of a
# network that knows nothing and gives each of the ten labels the same probability?

# %% kind="answer" grade_id="loss_at_start"
# One number, to two decimals.
loss_at_start = None
### BEGIN SOLUTION
label_count = 10
loss_at_start = np.log(label_count)
### END SOLUTION

# %% kind="test" grade_id="loss_at_start_visible" points=0
check("loss_at_start", loss_at_start)

# %% kind="test" grade_id="loss_at_start_hidden" points=1
# Your teacher's hidden check of loss_at_start runs here.
### BEGIN HIDDEN TESTS
check_hidden("loss_at_start", loss_at_start)
### END HIDDEN TESTS

# %% [markdown]
# Now run it. Weights drawn at random give scores that differ a little, so a real network starts
# somewhat higher. A start at 20 would mean inputs or weights that are far too large; a start at 0.1 would mean that
# the network somehow gets the labels. The same cell does step 3: one mini-batch, 60 steps of *your* `adamw_step`.

# %% kind="experiment"
network = MLP((64, 128, 10))
weights = network.initialize(np.random.default_rng(0))
images, labels = task.next_batch()
curve, memory = [], {key: {} for key in weights}
for _ in range(60):
    loss, slopes = network.loss_and_gradients(weights, images, labels)
    curve.append(loss)
    for key in slopes:
        weights[key], memory[key] = adamw_step(weights[key], slopes[key], memory[key], lr=0.01)

print(f"Loss at the start: {curve[0]:.2f}. A network that knows nothing: {np.log(10):.2f}.")
print(f"Accuracy on the mini-batch: {network.accuracy(weights, images, labels):.0%},")
print(f"on the sample: {network.accuracy(weights, task.X, task.y):.0%}.")
plot_losses({"": curve}, title="One mini-batch can be memorised", x="step")
plt.show()

# %% [markdown]
# The loss falls towards 0: gradient, step and loop are right. And the accuracy on the sample is poor: 64 images are
# not enough. Both are as expected.
#
# ### Step 4: learning curves
#
# We run plain SGD, with your `sgd_step`, at four fixed rates. Each run uses a whole budget, so each gets its own task
# with the same seed. Which rate is too low, which is too high?


# %% kind="experiment"
def curve_of(step, rate, prepare=lambda X: X, seed=1):
    """Train on a fresh task; return the loss of each mini-batch and the accuracy on the sample."""
    task = ServedDigits(seed)
    weights = network.initialize(np.random.default_rng(0))
    memory, curve = {key: {} for key in weights}, []
    with np.errstate(over="ignore", invalid="ignore"):
        for images, labels in iter(task.next_batch, None):
            loss, slopes = network.loss_and_gradients(weights, prepare(images), labels)
            curve.append(loss)
            for key in slopes:
                weights[key], memory[key] = step(weights[key], slopes[key], memory[key], rate)
    return curve, network.accuracy(weights, prepare(task.X), task.y)


def plain(w, grad, state, lr):
    return sgd_step(w, grad, lr), state


runs = {rate: curve_of(plain, rate) for rate in (0.003, 0.03, 0.1, 0.5)}
for rate, (_, accuracy) in runs.items():
    print(f"rate {rate:5}: accuracy {accuracy:.0%} on the sample")
ax = plot_losses(
    {f"rate {rate}": np.minimum(curve, 10) for rate, (curve, _) in runs.items()},
    title="Plain SGD: too low, better, and too high to settle",
    x="mini-batch",
    y="loss (cut at 10)",
    smooth=5,
)
plt.show()

# %% [markdown]
# No rate does well. Notebook 05 showed where to look: if a single direction is far steeper than the others, it limits
# the rate, and the walk crawls along all the others. Is there such a direction? For a layer that computes `X @ W + b`,
# the curvature along the inputs follows the matrix $X^\top X / N$, where $X$ contains the $N$ inputs as rows. Its
# eigenvalues show how much of the inputs lies along each direction.

# %% kind="experiment"
values, vectors = np.linalg.eigh(task.X.T @ task.X / len(task.X))
print(f"The largest eigenvalue is {values[-1] / values[-2]:.0f} times the next one.")
print(f"Its direction, entries from {vectors[:, -1].min():.2f} to {vectors[:, -1].max():.2f}.")
with style():
    fig, ax = plt.subplots(figsize=(7.5, 3.2))
    ax.semilogy(np.arange(1, 65), values[::-1], "o", markersize=4)
    ax.set(
        title="One direction is far steeper than all others",
        xlabel="number of the eigenvalue, the largest first",
        ylabel="eigenvalue",
    )
    plt.show()

# %% [markdown]
# All entries of the steep direction have about the same size and the same sign: it is the mean of all pixels. In other
# words, it is the *brightness* of the image, which you saw in the lower row of the picture, and which says nothing
# about the digit. Scaling each pixel over the sample does not remove it, because it differs from image to image. One
# of your functions treats every image by itself.
#
# ### Step 5: random search
#
# How large should the rate be? Try rates drawn by your `sample_log_uniform`, and judge each on the *sample*. Never on
# the test images: the best of many is always partly luck, and on the test set that luck would look like skill. Note
# the budget, too. The grader gives you 100 mini-batches and no more, so search for settings here, on tasks with other
# seeds, and then write them into your `train`.

# %% kind="experiment"
rates = sample_log_uniform(1e-3, 0.3, 16, np.random.default_rng(3))
found = [np.mean([curve_of(adamw_step, rate, seed=s)[1] for s in (2, 3)]) for rate in rates]
best = rates[np.argmax(found)]
spent = 2 * BATCHES * len(rates)
print(f"Best rate of {len(rates)}: {best:.3f}. The search took {spent} mini-batches, 32 budgets.")
with style():
    fig, ax = plt.subplots(figsize=(7.5, 3.4))
    ax.semilogx(rates, found, "o")
    ax.axvline(best, color="0.4", linestyle=":", label=f"best, {best:.3f}")
    ax.set(
        title="AdamW: a wide range of rates does almost equally well",
        xlabel="learning rate",
        ylabel="accuracy on the sample",
        ylim=(0, 1),
    )
    ax.legend(loc="lower left")
    plt.show()

# %% [markdown]
# The rates near the best one differ by less than chance: on 400 images (two samples of 200), a share of 70 % has a
# standard error of $\sqrt{0.7 \cdot 0.3 / 400} \approx 2.3$ points. So do not read more into a search than it shows.
#
# ## 2. Your training
#
# Now write `train`. It takes what the grader gives and returns a function that labels images. This is how to build a
# network with batch normalization and dropout from your functions; which parts to use is your choice:
#
# ```python
# network = MLP(
#     (64, 100, 10),                       # widths: input, hidden layers, output
#     normalize=(batchnorm_forward, batchnorm_backward, batchnorm_predict, update_running),
#     dropout=(dropout_forward, dropout_backward),
#     drop_prob=0.1,
# )
# params = network.initialize(rng)         # a dict of arrays
# loss, grads = network.loss_and_gradients(params, Xb, yb, rng=rng)   # training mode
# loss, accuracy = network.evaluate(params, X, y)                     # test mode
# labels = network.predict(params, X)                                 # test mode
# ```
#
# `grads` has a gradient for each trained parameter; each needs its own `state` for the optimizer, `{}` before the
# first step. Each step puts new arrays into `params`, so `dict(params)` saves the current weights at no cost.
#
# The points rise in four steps, which are not those of the recipe:
#
# | check | what it asks | share of the test images |
# | --- | --- | --- |
# | first | the contract below, and that the network has learned something | 30 % |
# | step 1 | about what plain SGD reaches at its best fixed rate | 60 % |
# | step 2 | about what five nearest neighbours reach with every image of the budget stored | 82 % |
# | step 3 | full marks | 88 % |
#
# A guess gets 10 %. The reference gets 92 % on average over 20 seeds, and 90 % or more with each; so there is room for
# your own design. The grader uses 10,000 test images, so luck with them decides nothing.


# %% kind="answer" grade_id="train"
def train(X, y, next_batch, rng):
    """Train a network within the budget and return a function that labels images.

    X: (200, 64), y: (200,), a sample of images with labels 0 to 9, drawn like all the others. Use
    it to choose or to stop. It must not be changed.
    next_batch: a function without arguments. Each call returns a new mini-batch, a pair of images
    (64, 64) and labels (64,), until 100 were served; from then on it returns None. You need not
    take all of them.
    rng: a numpy Generator, for whatever you draw.

    Returns predict, a function of images (N, 64), for any N from 1 on, that returns their labels,
    integers of shape (N,). The label of an image depends on that image alone: the same call gives
    the same labels again, and an image gets the same label alone as among others.
    """
    ### BEGIN SOLUTION
    def even(X):
        return layernorm_forward(X, np.ones(64), np.zeros(64))[0]

    batch_norm = (batchnorm_forward, batchnorm_backward, batchnorm_predict, update_running)
    dropout = (dropout_forward, dropout_backward)
    network = MLP((64, 256, 128, 10), normalize=batch_norm, dropout=dropout, drop_prob=0.1)
    params, states, kept, losses = network.initialize(rng), {}, [], []
    schedule = with_warmup(lambda step: cosine_decay(0.02, step, 95), 5)
    while (batch := next_batch()) is not None:
        _, grads = network.loss_and_gradients(params, even(batch[0]), batch[1], rng=rng)
        for name, grad in grads.items():
            state, lr = states.get(name, {}), schedule(len(losses))
            params[name], states[name] = adamw_step(params[name], grad, state, lr)
        kept.append(dict(params))
        losses.append(network.evaluate(params, even(X), y)[0])
    best = kept[early_stopping(losses, len(losses))[1]]
    return lambda X: network.predict(best, even(X))
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint: the loop</summary>
#
# `while (batch := next_batch()) is not None:` takes mini-batches until there are none. Inside: the gradients, then for
# each name in `grads` one step of your optimizer, with the state of that name. Start with `MLP((64, 100, 10))` and
# nothing else, and pass the first check. Then add one part at a time.
#
# </details>
#
# <details><summary>Hint: from 60 % to 82 %</summary>
#
# Remove the brightness from the images, both in training and in `predict`. Your `layernorm_forward` normalizes each
# row of a matrix by itself; with `gamma` all ones and `beta` all zeros it does exactly that.
#
# </details>
#
# <details><summary>Hint: from 82 % to 88 %</summary>
#
# Where is your curve still falling when the budget ends, and where does it only jitter? In the first case you need a
# better step or a wider network, in the second a rate that falls to 0. Search on other seeds, and change one thing at
# a time. For `cosine_decay` and `with_warmup` use the number of the step as the epoch.
#
# </details>
#
# <details><summary>Hint: stopping</summary>
#
# After each step, or every few, keep `dict(params)` and the loss on the sample. When the budget is used up, your
# `early_stopping(losses, patience)` says which of the saved weights were the best: it is the second of the two numbers
# that it returns. On 200 images the loss jitters. With a patience of a few steps the search stops at the first bad
# stretch; with `len(losses)` it looks at all of them.
#
# </details>

# %% kind="test" grade_id="train_visible" points=1
check("train", train)

# %% kind="test" grade_id="train_hidden" points=2
# Your teacher's hidden checks of train run here.
### BEGIN HIDDEN TESTS
check_hidden("train", train)
### END HIDDEN TESTS

# %% [markdown]
# Step 1: what plain SGD can do.

# %% kind="test" grade_id="train_step_1_visible" points=1
check("train", train, part="step_1")

# %% kind="test" grade_id="train_step_1_hidden" points=2
# Your teacher's hidden checks of step 1 run here.
### BEGIN HIDDEN TESTS
check_hidden("train", train, part="step_1")
### END HIDDEN TESTS

# %% [markdown]
# Step 2: more than looking up the nearest images.

# %% kind="test" grade_id="train_step_2_visible" points=1
check("train", train, part="step_2")

# %% kind="test" grade_id="train_step_2_hidden" points=2
# Your teacher's hidden checks of step 2 run here.
### BEGIN HIDDEN TESTS
check_hidden("train", train, part="step_2")
### END HIDDEN TESTS

# %% [markdown]
# Step 3: full marks.

# %% kind="test" grade_id="train_step_3_visible" points=1
check("train", train, part="step_3")

# %% kind="test" grade_id="train_step_3_hidden" points=2
# Your teacher's hidden checks of step 3 run here.
### BEGIN HIDDEN TESTS
check_hidden("train", train, part="step_3")
### END HIDDEN TESTS

# %% [markdown]
# How much does the result depend on the seed? If one training run gets 91 %, and the next, with another seed, 88 %,
# then a difference of one point between two single runs means nothing. So measure with several seeds, and look at the
# spread.

# %% kind="experiment"
def accuracies(seeds=range(20, 24)):
    """Return the test accuracy of your train on tasks with these seeds."""
    tasks = [ServedDigits(seed) for seed in seeds]
    return np.array(
        [
            task.accuracy(train(task.X, task.y, task.next_batch, np.random.default_rng(0)))
            for task in tasks
        ]
    )


whole = accuracies()
print(f"{len(whole)} seeds: mean {whole.mean():.1%}, standard deviation {whole.std(ddof=1):.1%}.")

# %% [markdown]
# ## 3. Which part is worth what?
#
# An **ablation** removes one part, leaves everything else as it is, and measures what is lost. It is the honest way to
# say what a part adds, because when the whole does well, each part gets credit for all of it.
#
# ### Predict, then run
#
# The recipe: brightness removed from each image by layer normalization; hidden layers of 256 and 128; batch
# normalization; dropout 0.1; AdamW with a peak rate of 0.02 and weight decay 0.01; 5 steps of warm-up, then a cosine
# to 0; the weights with the lowest loss on the sample. Its accuracy on the test images is 92 %. *Which* of these
# parts, removed one at a time, cost more than five points (from 92 % to under 87 %, on average over many seeds)?
#
# - **a**: removing the brightness of each image
# - **b**: batch normalization
# - **c**: the schedule (a constant rate of 0.02 instead)
# - **d**: dropout
# - **e**: weight decay
# - **f**: the choice of the best weights (the last ones instead)
#
# Think about which problem each part fixes, and whether that problem exists here: each mini-batch shows 64 images that
# the network has never seen before and will not see again.

# %% kind="answer" grade_id="parts_that_pay"
# A set of letters, such as {"b", "f"}.
parts_that_pay = None
### BEGIN SOLUTION
parts_that_pay = {"a"}
### END SOLUTION

# %% kind="test" grade_id="parts_that_pay_visible" points=0
check("parts_that_pay", parts_that_pay)

# %% kind="test" grade_id="parts_that_pay_hidden" points=1
# Your teacher's hidden check of parts_that_pay runs here.
### BEGIN HIDDEN TESTS
check_hidden("parts_that_pay", parts_that_pay)
### END HIDDEN TESTS

# %% [markdown]
# Now run it, on *your* `train`. The cell replaces one of your gathered functions at a time by one that does nothing,
# trains with four seeds, and puts it back (it takes about 15 seconds). A part that your training does not use shows a
# difference of exactly 0. The row "brightness removal" is the run that keeps the brightness. In the row "AdamW", plain
# SGD replaces it at 30 times the rate, which suits SGD better; in the last row all parts are removed at once, and SGD
# runs at 10 times your rate.


# %% kind="experiment"
def without(**replaced):
    """Return the accuracies of your train while some of your functions are replaced."""
    mine = {name: globals()[name] for name in replaced}
    globals().update(replaced)
    try:
        with np.errstate(all="ignore"):
            return accuracies()
    finally:
        globals().update(mine)


def sgd_at(factor):
    return lambda w, grad, state, lr, **settings: (sgd_step(w, grad, factor * lr), state)


my_adamw = adamw_step
parts = {
    "brightness removal": {"layernorm_forward": lambda x, gamma, beta: (x, None)},
    "batch norm": {
        "batchnorm_forward": lambda x, gamma, beta: (x, None),
        "batchnorm_backward": lambda dout, cache: (dout, 0 * dout[0], 0 * dout[0]),
        "batchnorm_predict": lambda x, gamma, beta, mean, var: x,
    },
    "schedule": {
        "cosine_decay": lambda lr0, epoch, total, lr_min=0.0: lr0,
        "with_warmup": lambda schedule, epochs: schedule,
    },
    "dropout": {
        "dropout_forward": lambda x, drop_prob, rng, train=True: (x, None),
        "dropout_backward": lambda dout, mask: dout,
    },
    "weight decay": {
        "adamw_step": lambda *given, **settings: my_adamw(*given, **settings | {"weight_decay": 0})
    },
    "stopping": {"early_stopping": lambda losses, *rest: (len(losses) - 1, len(losses) - 1)},
    "AdamW": {"adamw_step": sgd_at(30)},
}
everything = {name: other for part in parts.values() for name, other in part.items()}
table = {name: without(**replaced) for name, replaced in parts.items()}
table["all of these"] = without(**everything | {"adamw_step": sgd_at(10)})

print(f"{'without':20}{'mean':>8}{'std':>8}{'change':>10}  (standard error)")
print(f"{'(nothing)':20}{whole.mean():8.1%}{whole.std(ddof=1):8.1%}")
for name, found in table.items():
    change = found - whole
    error = change.std(ddof=1) / np.sqrt(len(change))
    print(
        f"{name:20}{found.mean():8.1%}{found.std(ddof=1):8.1%}{100 * change.mean():+10.1f}"
        f"  ({100 * error:.1f})"
    )

# %% [markdown]
# The change is measured seed by seed, on the same images with and without the part, so whatever all runs with one seed
# have in common cancels. That is why its standard error is smaller than the spread of the accuracies.

# %% kind="experiment"
names = list(table)
changes = [100 * (table[name] - whole) for name in names]
with style():
    fig, ax = plt.subplots(figsize=(7.5, 4.0))
    for place, change in enumerate(changes):
        ax.plot(change, np.full(len(change), place), "o", color="0.6", markersize=4)
        error = change.std(ddof=1) / np.sqrt(len(change))
        ax.errorbar(
            change.mean(), place, xerr=2 * error, fmt="D", color="#0072B2", capsize=4, linewidth=2
        )
    ax.axvline(0, color="black", linewidth=1)
    ax.axvline(-5, color="0.5", linestyle=":", linewidth=1.5)
    ax.set(
        title="What is lost without each part",
        xlabel="change, percentage points\n(grey: one seed; blue: mean, 2 standard errors)",
        yticks=range(len(names)),
    )
    ax.set_yticklabels(names)
    ax.invert_yaxis()
    plt.show()

# %% [markdown]
# For the reference's recipe one part is far more important than the rest: removing the brightness. It is the part that
# came from *looking at the data*. Batch normalization, AdamW and the schedule add a point or two each. Weight
# decay and the choice of the best weights change nothing that you can see: on eight other seeds the accuracy without
# them moved by 0.0 points (standard error 0.1). Dropout does harm, if anything: without it, the accuracy on those seeds
# was 0.4 points *higher* (standard error 0.3). There are reasons for that:
#
# - Dropout, weight decay and stopping fight overfitting. Here each mini-batch is new, so there is hardly any. With a
#   small training set that is used many times, as in notebooks 02 and 03, this is different.
# - One part can replace another. Without a schedule, the choice of the best weights can still find a good step between
#   two bad ones. An ablation of single parts does not show what two parts do together.
# - The rate was chosen *with* all parts. Without one of them a different rate may be best. Only the two rows with
#   plain SGD got their own rate.
#
# So an ablation says what a part is worth *in this recipe, on these data, within this budget*. It never says that a
# part is useless.
#
# ### Two parts at a time, each at its own rate
#
# A network with a single hidden layer of 32 units is trained in a few hundredths of a second, so each change in this
# panel is a whole training run within the budget, with your functions. **Predict, then look:** can plain SGD do as
# well as AdamW here, and at which rate? Which rates do well with batch normalization, and which without? And which
# part can you remove for free if the images have their brightness removed, but not if they are used as given?
# Look at more than one seed before you believe a difference.

# %% kind="experiment"
explore("ablation")

# %% [markdown]
# With the reference's functions, on average over the four seeds and at the best of the six rates:
# plain SGD has an accuracy of 84 % on the sample at a rate of 1, and AdamW 86 % at 0.1. Without batch normalization
# AdamW still gets 82 % at 0.03, but at 0.3 it falls from 84 % to 32 %: above all, batch normalization makes more rates
# work. And a constant rate costs nothing if the brightness is removed. With the images as given, it costs 5 points
# with AdamW, and 15 with plain SGD: a falling rate solves a part of the problem that removing the brightness solves
# completely. The best of six rates is a choice made on the sample, as in step 5, so all these shares are a little too
# good.
#
# ## 4. The same in PyTorch
#
# This is the reference's recipe, smaller, as a training loop in PyTorch. Read it line by line: each switch that you
# have met has its name here. Both programs start from the same weights and see the same mini-batches, so that their
# numbers can be compared, if PyTorch is installed. (Dropout is left at 0: two programs draw different masks.)

# %% kind="experiment"
from course_utils.pytorch import compare_with_torch


@compare_with_torch
def whole_training(torch):
    nn, steps, task = torch.nn, 30, ServedDigits(1)
    batches = [task.next_batch() for _ in range(steps)]
    share = with_warmup(lambda step: cosine_decay(1.0, step, steps - 5), 5)
    own_norm = (batchnorm_forward, batchnorm_backward, batchnorm_predict, update_running)
    own = MLP((64, 32, 10), normalize=own_norm)
    params = own.initialize(np.random.default_rng(0))

    model = nn.Sequential(
        nn.LayerNorm(64, elementwise_affine=False),  # removes the brightness of each image
        nn.Linear(64, 32),
        nn.BatchNorm1d(32, momentum=0.1, eps=1e-5),  # momentum: the share of the new value
        nn.ReLU(),
        nn.Dropout(p=0.0),  # p: the share dropped; 0, since two programs draw different masks
        nn.Linear(32, 10),
    ).double()  # the default is float32
    with torch.no_grad():  # the same first weights; PyTorch keeps a layer's W transposed
        for layer, name in ((model[1], "1"), (model[5], "2")):
            layer.weight.copy_(torch.from_numpy(params["W" + name].T))
            layer.bias.copy_(torch.from_numpy(params["b" + name]))
    matrices = [p for p in model.parameters() if p.ndim == 2]
    others = [p for p in model.parameters() if p.ndim < 2]  # biases, gamma, beta: no decay
    groups = [{"params": matrices, "weight_decay": 0.01}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=0.02, betas=(0.9, 0.999), eps=1e-8)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, share)

    theirs = []
    model.train()  # batch statistics, dropout on
    for images, labels in batches:  # from a file: DataLoader(data, batch_size=64, shuffle=True)
        optimizer.zero_grad()
        scores = model(torch.from_numpy(images))
        loss = nn.functional.cross_entropy(scores, torch.from_numpy(labels))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
        optimizer.step()
        scheduler.step()
        theirs.append(loss.item())
    test = torch.from_numpy(task.test_X)
    with torch.no_grad():  # no gradients are stored
        forgotten, scores = model(test), model.eval()(test)  # eval(): running averages, no dropout

    mine, states = [], {}
    for step, (images, labels) in enumerate(batches):
        images, _ = layernorm_forward(images, np.ones(64), np.zeros(64))
        loss, grads = own.loss_and_gradients(params, images, labels)
        clipped = dict(zip(grads, clip_by_global_norm(list(grads.values()), 1.0)))
        for name, grad in clipped.items():
            decay, state = 0.01 * (grad.ndim == 2), states.get(name, {})
            lr = 0.02 * share(step)
            params[name], states[name] = adamw_step(
                params[name], grad, state, lr, weight_decay=decay
            )
        mine.append(loss)
    return {
        "30 losses": (mine, theirs),
        "weights of the first layer": (params["W1"].T, model[1].weight),
        "trap: scores at test time, eval() forgotten": (scores, forgotten),
    }


# %% [markdown]
# With PyTorch, the cell prints this:
#
# ```
# 30 losses                                    the same to 6 digits
# weights of the first layer                   the same to 6 digits
# trap: scores at test time, eval() forgotten  differs by up to 0.9
# ```
#
# Six digits and not ten, because `clip_grad_norm_` adds $10^{-6}$ to the norm.
#
# The other names, in three libraries (those of the optimizers are in lesson 06). Flax has the layers for optax.
#
# | this course | PyTorch | Keras | optax and Flax |
# | --- | --- | --- | --- |
# | `cosine_decay` | `CosineAnnealingLR(optimizer, T_max)` | `CosineDecay` | `cosine_decay_schedule` |
# | counted in | calls of `scheduler.step()` | steps | steps |
# | `with_warmup` | `LambdaLR(optimizer, share)` | `CosineDecay(warmup_steps)` | `warmup_cosine_decay_schedule` |
# | `plateau_decay` | `ReduceLROnPlateau` | `ReduceLROnPlateau`, a callback | `contrib.reduce_on_plateau` |
# | `early_stopping` | by hand | `EarlyStopping(restore_best_weights=True)` | by hand |
# | `dropout_forward` | `Dropout(p)` | `Dropout(rate)` | `Dropout(rate)` |
# | `update_running(momentum=0.9)` | `BatchNorm1d(momentum=0.1)` | `momentum=0.9` | `momentum=0.9` |
# | training, test time | `model.train()`, `.eval()` | `training=True`, `False` | `deterministic=False`, `True` |
# | `clip_by_global_norm` | `clip_grad_norm_` | `global_clipnorm`, of any optimizer | `clip_by_global_norm` |
# | no decay for biases | parameter groups | `exclude_from_weight_decay` | `mask`, of `adamw` |
# | `minibatches` | `DataLoader(shuffle=True)` | `fit(shuffle=True)`, the default | by hand |
#
# Which optimizer, rate and schedule to begin with on a new task is on one page: `docs/what_to_use_when.md`.
#
# ### Question: which lines do what they should?
#
# Each line of PyTorch is followed by what it should do. Which of them do exactly that?
#
# - a: `AdamW(params, lr=0.02, weight_decay=0.01)`: the steps of your `adamw_step` with these settings
# - b: `Adam(params, lr=0.02, weight_decay=0.01)`: a decay that does not pass through Adam's two averages
# - c: `BatchNorm1d(64, momentum=0.9)`: running averages that keep nine tenths of their old value
# - d: `Dropout(p=0.2)`, in a model after `model.train()`: a fifth of the units is dropped
# - e: `DataLoader(data, batch_size=64)`: mini-batches in a new order in each epoch
# - f: `LambdaLR(optimizer, lambda step: 0.02)`, for an optimizer with `lr=0.02`: a constant rate of 0.02
# - g: `SGD(params, lr=0.1, momentum=0.9)`: the steps of your `momentum_step` with these settings
# - h: `torch.no_grad()`, around the validation: no unit is dropped there

# %% kind="answer" grade_id="right_in_pytorch"
# A set of letters, such as {"b", "f"}.
right_in_pytorch = None
### BEGIN SOLUTION
right_in_pytorch = {"a", "d", "g"}
### END SOLUTION

# %% kind="test" grade_id="right_in_pytorch_visible" points=0
check("right_in_pytorch", right_in_pytorch)

# %% kind="test" grade_id="right_in_pytorch_hidden" points=2
# Your teacher's hidden check of right_in_pytorch runs here.
### BEGIN HIDDEN TESTS
check_hidden("right_in_pytorch", right_in_pytorch)
### END HIDDEN TESTS

# %% [markdown]
# If you have PyTorch, settle a doubtful one: ten lines like those above compare it with your own function.
#
# ## Summary
#
# - Look at the data; know the loss at the start; overfit one mini-batch; look at curves; then search; then measure.
# - If a steep direction carries no information, remove it from the inputs. An optimizer can only reduce its effect.
# - Choose settings on data that you neither train nor test on, and count what the search costs.
# - One seed is not a measurement. Compare with the same seeds, and report the standard error of the difference.
#
# ## References
#
# - A. Karpathy, *A recipe for training neural networks*, blog post, 2019.
# - J. Bergstra and Y. Bengio, *Random search for hyper-parameter optimization*, JMLR 13, 2012.
# - J. L. Ba, J. R. Kiros and G. E. Hinton, *Layer normalization*, arXiv 1607.06450, 2016.
# - X. Bouthillier et al., *Accounting for variance in machine learning benchmarks*, MLSys, 2021.
# - E. Alpaydin and C. Kaynak, *Optical recognition of handwritten digits*, UCI repository, 1998.
