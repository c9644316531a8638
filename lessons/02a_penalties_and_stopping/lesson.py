# %% [markdown] writes="ridge, lasso, elastic net, proximal steps, weight decay, early stopping"
# # Regularization, part one: penalties and early stopping
#
# *About three hours. You need a step of gradient descent (01) and a little linear algebra: matrix products and the
# solution of linear equations.*
#
# A model with enough freedom learns everything in its training data, including the noise. The figure shows two
# curves for the same twelve points. The curve that passes through every point is the worse one, because it will
# fail on the next point. What we want is a small error on data that the model has *not* seen. A method that reduces
# this error, at the cost of a larger training error, is called **regularization**. This notebook has two kinds: a
# penalty on large weights, and stopping training early. [Part two](../02b_augmentation/02b_augmentation.ipynb) has
# a third: more data, made from the data that we have.
#
# When you are done you can
#
# - distinguish a model that overfits from one that underfits, by two numbers;
# - say what many dimensions do to distances, and test what that does to nearest neighbours;
# - write the elastic net, with ridge and lasso as its two special cases, and convert its penalty between libraries;
# - solve ridge regression exactly, and lasso by proximal steps, and say why lasso gives exact zeros;
# - distinguish weight decay from an l2 penalty;
# - stop training at the right time, and return the right weights.

# %% kind="setup" grade_id="imports"
import matplotlib.pyplot as plt
import numpy as np

from course_utils import data, plots
from course_utils.checks import check, check_hidden
from course_utils.explorers import explore
from course_utils.landscapes import quadratic
from course_utils.networks import MLP
from course_utils.training import stateless, train

# %%
x_seen = np.linspace(0.02, 0.98, 12)
y_seen = data.sine(x_seen) + 0.25 * np.random.default_rng(1).normal(size=12)
x_fine = np.linspace(0, 1, 400)

with plots.style():
    fig, ax = plt.subplots()
    ax.plot(x_seen, y_seen, "o", color="black", linestyle="none", label="twelve points")
    ax.plot(x_fine, data.sine(x_fine), color="0.6", linestyle=":", label="the truth")
    for i, degree in enumerate((3, 11)):
        fit = np.polynomial.Polynomial.fit(x_seen, y_seen, degree)
        look = {"color": plots.COLORS[i], "linestyle": ("-", "--")[i]}
        ax.plot(x_fine, fit(x_fine), label=f"polynomial, degree {degree}", **look)
    ax.set(
        title="The curve with no training error is the wrong one",
        xlabel="input $x$",
        ylabel="target $y$",
    )
    ax.set_ylim(-2.2, 2.2)
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.02))
plt.show()

# %% [markdown]
# ## 1. Too free, or not free enough
#
# A polynomial of degree $p$ has $p + 1$ weights: $f(x) = w_0 + w_1 x + \dots + w_p x^p$. With twelve points and
# degree 11 there are as many weights as points, so the error on the points is zero. That says nothing about other
# points.
#
# So we set some examples aside and never train on them. The mean error on them is the **validation error**; the
# mean error on the others is the **training error**.
#
# - A model **underfits** if both are large: it does not have enough freedom to follow the truth.
# - A model **overfits** if the training error is small and the validation error much larger: it has learned the
#   noise of its training examples.
#
# Three things make overfitting likely: few or noisy examples, a model with many weights, and many dimensions. The
# figure raises the degree step by step. It shows the median over fifty draws of twelve points.

# %%
degrees = np.arange(12)
train_errors, validation_errors = [], []
for seed in range(50):
    rng = np.random.default_rng(seed)
    X_fit, y_fit = data.noisy_curve(12, 0.25, rng)
    X_new, y_new = data.noisy_curve(200, 0.25, rng)
    fits = [np.polynomial.Polynomial.fit(X_fit[:, 0], y_fit, p, domain=[0, 1]) for p in degrees]
    train_errors.append([np.mean((fit(X_fit[:, 0]) - y_fit) ** 2) for fit in fits])
    validation_errors.append([np.mean((fit(X_new[:, 0]) - y_new) ** 2) for fit in fits])

with plots.style():
    fig, ax = plt.subplots()
    for i, (name, errors) in enumerate(
        {"training": train_errors, "validation": validation_errors}.items()
    ):
        look = {"color": plots.COLORS[i], "linestyle": ("-", "--")[i], "marker": "os"[i]}
        ax.semilogy(degrees, np.median(errors, axis=0), label=name, **look)
    ax.axhline(0.25**2, color="black", linewidth=1.2, linestyle=":", label="variance of the noise")
    ax.set(
        title="More freedom always helps in training,\nbut not on new data",
        xlabel="degree of the polynomial",
        ylabel="mean squared error",
        ylim=(1e-3, 1e3),
    )
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.02))
plt.show()

# %% [markdown]
# On average, no model can have a smaller error on new data than the variance of the noise: that is the floor. A
# training error *far below* the floor is a warning.
#
# ### Does more freedom always hurt in the end?
#
# The curve above stops at twelve weights for twelve points. Large networks have far more weights than examples, and yet
# they do well. The next cell goes on: a linear model on *random features*, $\max(0, x \cdot v)$ with a random $v$ for
# each weight, is fitted to 50 noisy examples. If there are more weights than examples, many choices fit them exactly,
# and the cell takes the *smallest* one, the $w$ with the smallest sum of squares.

# %%
def errors_of_random_features(count, lam, seed):
    """Training and validation error of a linear model on `count` random ReLU features of x."""
    rng = np.random.default_rng(seed)
    teacher = rng.normal(size=10) / np.sqrt(10)
    X_seen, X_new = rng.normal(size=(50, 10)), rng.normal(size=(500, 10))
    y_seen, y_new = (X @ teacher + 0.5 * rng.normal(size=len(X)) for X in (X_seen, X_new))
    mixture = rng.normal(size=(10, count)) / np.sqrt(10)
    Z_seen, Z_new = (np.maximum(X @ mixture, 0) / np.sqrt(count) for X in (X_seen, X_new))
    # With lam = 0 this is the smallest w with the least error.
    U, s, Vt = np.linalg.svd(Z_seen, full_matrices=False)
    w = Vt.T @ (s / (s**2 + 50 * lam + 1e-15) * (U.T @ y_seen))
    return np.mean((Z_seen @ w - y_seen) ** 2), np.mean((Z_new @ w - y_new) ** 2)


counts = np.array([5, 10, 15, 20, 30, 40, 45, 50, 55, 60, 80, 120, 200, 400, 1000])
found = {
    lam: np.array([[errors_of_random_features(c, lam, s) for s in range(20)] for c in counts])
    for lam in (0.0, 0.01)
}
with plots.style():
    fig, ax = plt.subplots(figsize=(8.5, 4.2))
    curves = {
        "training": found[0.0][..., 0],
        "validation": found[0.0][..., 1],
        "validation, ridge penalty": found[0.01][..., 1],
    }
    for i, (name, errors) in enumerate(curves.items()):
        look = {"color": plots.COLORS[i], "linestyle": ("-", "--", "-.")[i], "marker": "os^"[i]}
        ax.loglog(counts, np.median(errors, axis=1), label=name, markersize=5, **look)
    ax.axvline(50, color="black", linewidth=1.2, linestyle=":", label="as many weights as examples")
    ax.set(
        title="Double descent: the error rises to a peak, and falls again",
        xlabel="number of weights (random features)",
        ylabel="mean squared error",
        ylim=(3e-2, 1e2),
    )
    ax.set_xticks(ticks := (5, 10, 20, 50, 100, 200, 500, 1000), [str(tick) for tick in ticks])
    ax.minorticks_off()
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.02))
plt.show()

# %% [markdown]
# The error has two descents (Belkin and others 2019). In the first, up to about 20 weights, it behaves as before. Near
# 50 weights there is a single way to fit all examples, noise included, and it needs huge weights. Beyond that there are
# many ways, and the smallest one needs smaller and smaller weights: here 1,000 weights do better than the best number
# below 50.
# So "more weights, more overfitting" holds only up to the peak. And the peak is no law: with a small penalty on the
# weights, which section 3 adds, it disappears. On 40 other draws the picture was the same: a median error of 0.79 at
# the best number of weights below 50, 34 at 50, and 0.66 at 1,000; with the penalty it never rose above its value at 5
# weights, and was 0.42 at 1,000.
#
# ### Question: which model is it?
#
# Five models were trained on data whose noise has the variance 0.04. Their mean squared errors are
#
# | model | training | validation |
# | --- | --- | --- |
# | a | 0.0003 | 5.1 |
# | b | 0.036 | 0.045 |
# | c | 0.41 | 0.43 |
# | d | 0.009 | 0.21 |
# | e | 0.23 | 0.21 |

# %% kind="answer" grade_id="fit_of_each_model"
# Give each model, "a" to "e", one of the labels "underfits", "fits", "overfits".
# Write a dict, such as {"a": "fits", "b": "underfits", ...}.
fit_of_each_model = None
### BEGIN SOLUTION
fit_of_each_model = {
    "a": "overfits",
    "b": "fits",
    "c": "underfits",
    "d": "overfits",
    "e": "underfits",
}
### END SOLUTION

# %% kind="test" grade_id="fit_of_each_model_visible" points=0
check("fit_of_each_model", fit_of_each_model)

# %% kind="test" grade_id="fit_of_each_model_hidden" points=2
# Your teacher's hidden check of fit_of_each_model runs here.
### BEGIN HIDDEN TESTS
check_hidden("fit_of_each_model", fit_of_each_model)
### END HIDDEN TESTS

# %% [markdown]
# ## 2. The curse of dimensionality
#
# **The idea.** Ten values along a line cover it well. To cover a square as densely takes a grid of ten by ten
# values, and a cube takes ten by ten by ten. With $m$ values along each of $D$ axes, the grid has as many points as
# there are ways to choose one value on each axis. Write a function that returns that number.
#
# ### Exercise: `samples_needed`


# %% kind="answer" grade_id="samples_needed"
def samples_needed(per_axis, dim):
    """Return how many points a full grid has.

    per_axis: values along each axis, an integer, at least 1.
    dim: the number of axes, an integer, at least 1.
    Returns an integer.
    """
    ### BEGIN SOLUTION
    return per_axis**dim
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# Each new axis multiplies the number of points by the same number. Python's integers have no upper limit; NumPy's
# integers do.
#
# </details>

# %% kind="test" grade_id="samples_needed_visible" points=1
check("samples_needed", samples_needed)

# %% kind="test" grade_id="samples_needed_hidden" points=2
# Your teacher's hidden checks of samples_needed run here.
### BEGIN HIDDEN TESTS
check_hidden("samples_needed", samples_needed)
### END HIDDEN TESTS

# %% kind="experiment"
for name, dim in {"a line": 1, "a cube": 3, "the diabetes data": 10, "a small digit": 64}.items():
    print(f"{name:20}{dim:3} dimensions: {samples_needed(10, dim):.0e} points")

# %% [markdown]
# No data set covers 64 dimensions like a grid. The next figure cuts each axis into three parts, draws points at random,
# and counts the cells of the grid that contain none.

# %% kind="experiment"
points = {dim: np.random.default_rng(0).uniform(size=(1000, dim)) for dim in range(1, 11)}
empty = {}
for count in (10, 100, 1000):
    filled = [len(np.unique(np.floor(3 * cloud[:count]), axis=0)) for cloud in points.values()]
    empty[count] = [1 - found / 3**dim for found, dim in zip(filled, points)]

with plots.style():
    fig, (ax, right) = plt.subplots(1, 2, figsize=(10.5, 4.0), width_ratios=(1, 1.5))
    ax.plot(*points[2][:10].T, "o", color="black", markersize=5, linestyle="none")
    corners = {tuple(corner) for corner in np.floor(3 * points[2][:10]).astype(int)}
    for corner in corners:
        cell = plt.Rectangle(np.divide(corner, 3), 1 / 3, 1 / 3, color=plots.COLORS[5], alpha=0.4)
        ax.add_patch(cell)
    ax.set(
        title=f"Ten points, {9 - len(corners)} of 9 cells empty",
        xlabel="$x_1$",
        ylabel="$x_2$",
        xlim=(0, 1),
        ylim=(0, 1),
        aspect="equal",
    )
    for place in ("set_xticks", "set_yticks"):
        getattr(ax, place)((0, 1 / 3, 2 / 3, 1), ("0", "1/3", "2/3", "1"))
    for i, (count, share) in enumerate(empty.items()):
        look = {"color": plots.COLORS[i], "linestyle": ("-", "--", "-.")[i], "marker": "os^"[i]}
        right.plot(list(points), share, label=f"{count:,} points", **look)
    right.set(
        title="$3^D$ cells: three along each axis",
        xlabel="number of dimensions $D$",
        ylabel="share of empty cells",
        xticks=list(points),
    )
    right.legend(loc="lower right")
    fig.suptitle("With more dimensions nearly all cells stay empty", fontsize=14)
plt.show()

# %% [markdown]
# In one dimension ten points fill all cells. In ten dimensions there are 59,049 cells, and even a thousand points leave
# 98 % of them empty. The 64 pixels of a small digit, cut into light and dark only, already make $2^{64}$ cells, about
# $10^{19}$; our 1,797 digits lie in at most 1,797 of them. So every model of such data must *assume* something about
# the places in between, and a regularizer is such an assumption.
#
# ### Distances
#
# Many methods use the nearest neighbours of a point. In high dimensions two things happen to distances. They
# **grow**: every further coordinate adds to the sum of squares. And they **concentrate**: all of them become nearly
# equal. Growth alone would do no harm, since we can choose another unit. Concentration hurts: if the nearest point
# is hardly nearer than the farthest, "nearest" says little.
#
# The **contrast** (after Beyer and others 1999) measures concentration. Let $d_{\min}$ and $d_{\max}$ be the
# smallest and the largest of the distances from a query $q$ to $N$ points:
#
# $$\text{contrast} = \frac{d_{\max} - d_{\min}}{d_{\min}}$$
#
# The distance is Euclidean: $\sqrt{\sum_j (p_j - q_j)^2}$ for a point $p$. The contrast is 1 if the farthest point
# is twice as far away as the nearest.
#
# ### Exercise: `distance_contrast`


# %% kind="answer" grade_id="distance_contrast"
def distance_contrast(points, query):
    """Return the contrast of the Euclidean distances from the query to the points.

    points: (N, D), one point per row.
    query: (D,).
    Returns one number.
    Raises ValueError, with a message that says why, if the smallest distance is 0.
    """
    ### BEGIN SOLUTION
    distances = np.sqrt(np.sum((points - query) ** 2, axis=1))
    nearest, farthest = distances.min(), distances.max()
    if nearest == 0:
        raise ValueError("The query is one of the points, so the smallest distance is 0.")
    return (farthest - nearest) / nearest
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# `points - query` subtracts the query from each row. You need one distance for each *row*: along which axis must
# you sum? NumPy only warns when you divide by zero, so check before you divide.
#
# </details>

# %% kind="test" grade_id="distance_contrast_visible" points=1
check("distance_contrast", distance_contrast)

# %% kind="test" grade_id="distance_contrast_hidden" points=2
# Your teacher's hidden checks of distance_contrast run here.
### BEGIN HIDDEN TESTS
check_hidden("distance_contrast", distance_contrast)
### END HIDDEN TESTS

# %% kind="test" grade_id="distance_contrast_arguments" points=1
# This check tests how your function handles bad arguments.
check("distance_contrast", distance_contrast, part="arguments")
### BEGIN HIDDEN TESTS
check_hidden("distance_contrast", distance_contrast, part="arguments")
### END HIDDEN TESTS

# %% [markdown]
# ### Predict, then run
#
# Four clouds of 200 points, each drawn uniformly; the query is drawn in the same way.
#
# - a: in a cube of 20 dimensions
# - b: in a square, 2 dimensions
# - c: in a cube of 500 dimensions
# - d: in a cube of 5 dimensions, which is then embedded in a space of 500 dimensions, in a random orientation
#
# Put them in order, the **largest contrast first**. Write your prediction, and only then run the experiment below it.

# %% kind="answer" grade_id="contrast_order"
# A list with each of the letters "a", "b", "c", "d" once, such as ["a", "b", "c", "d"].
contrast_order = None
### BEGIN SOLUTION
contrast_order = ["b", "d", "a", "c"]
### END SOLUTION

# %% [markdown]
# <details><summary>Hint</summary>
#
# Rotating a cloud of points moves all of them together. What does that do to the distances between them?
#
# </details>

# %% kind="test" grade_id="contrast_order_visible" points=0
check("contrast_order", contrast_order)

# %% kind="test" grade_id="contrast_order_hidden" points=2
# Your teacher's hidden check of contrast_order runs here.
### BEGIN HIDDEN TESTS
check_hidden("contrast_order", contrast_order)
### END HIDDEN TESTS

# %% [markdown]
# ### Experiment: the number of columns is not what counts


# %% kind="experiment"
def median_contrast(dim, columns, rng, repeats=25):
    """Median contrast of 200 points from a cube of `dim` dimensions, embedded in `columns`."""
    contrasts = []
    for _ in range(repeats):
        cloud = rng.uniform(size=(201, dim))
        if columns > dim:
            cloud = cloud @ np.linalg.qr(rng.normal(size=(columns, dim)))[0].T
        contrasts.append(distance_contrast(cloud[1:], cloud[0]))
    return np.median(contrasts)


rng = np.random.default_rng(0)
dims = np.array([2, 5, 10, 20, 50, 100, 200, 500])
cubes = [median_contrast(d, d, rng) for d in dims]
laid = [median_contrast(5, d, rng) for d in dims[1:]]

with plots.style():
    fig, ax = plt.subplots()
    ax.loglog(dims, cubes, "o-", color=plots.COLORS[0], label="a cube of $D$ dimensions")
    ax.loglog(dims[1:], laid, "s--", color=plots.COLORS[1], label="a cube of 5 dimensions, in $D$")
    ax.set(
        title="Distances concentrate with the data's dimension,\nnot with the number of columns",
        xlabel="number of columns $D$",
        ylabel="contrast (median of 25 draws)",
    )
    ax.legend(loc="lower left")
plt.show()

# %% [markdown]
# This is why a sentence such as "nearest neighbours fail in high dimensions" is a claim to *test*, not to repeat.
# Images have many columns, but they are not random points: neighbouring pixels are alike, and few of all possible
# images are digits. The next cell classifies digits by the nearest of 1000 training images. First it replaces every
# pixel by 4, 9 or 16 equal ones, so that the number of columns rises from 64 to 1024. Then, instead, it adds the
# same number of columns of noise.


# %% kind="experiment"
def neighbour_accuracy(X, y, train_size=1000):
    """Share of the other examples whose nearest training example has the same label."""
    known, new = X[:train_size], X[train_size:]
    squares = np.sum(new**2, axis=1)[:, None] - 2 * new @ known.T + np.sum(known**2, axis=1)
    return np.mean(y[:train_size][squares.argmin(axis=1)] == y[train_size:])


images, labels = data.digits(images=True)
rng = np.random.default_rng(1)
columns, enlarged, noisy = [], [], []
for side in (1, 2, 3, 4):
    large = images.repeat(side, axis=1).repeat(side, axis=2).reshape(len(images), -1)
    noise = rng.uniform(size=(len(images), large.shape[1] - 64))
    columns.append(large.shape[1])
    enlarged.append(neighbour_accuracy(large, labels))
    noisy.append(neighbour_accuracy(np.hstack([images.reshape(-1, 64), noise]), labels))

with plots.style():
    fig, ax = plt.subplots()
    ax.plot(columns, enlarged, "o-", color=plots.COLORS[0], label="every pixel repeated")
    ax.plot(columns, noisy, "s--", color=plots.COLORS[1], label="columns of noise added")
    ax.set(
        title="Columns of noise hurt nearest neighbours, repeated columns do not",
        xlabel="number of columns",
        ylabel="accuracy on 797 digits",
        ylim=(0, 1.05),
    )
    ax.legend(loc="lower left")
plt.show()
print(f"From the 64 pixels alone: {enlarged[0]:.1%} right.")

# %% [markdown]
# In 64 dimensions the nearest neighbour is an excellent classifier of digits. It remains so with 1024 columns, as
# long as they contain nothing new. What ruins it are columns that have nothing to do with the label: each adds as
# much to the distance between similar images as to the distance between different ones.
#
# ## 3. A penalty on large weights
#
# **The idea.** A curve that runs wildly between its points has large weights. So add a penalty on their size to the
# loss. The sum is smallest where the two balance: a weight is large only if it reduces the error enough.
#
# In this and the next sections the model is linear. $X$ is an array of $n$ examples with $D$ columns, `(n, D)`; $y$
# contains the targets, `(n,)`, and $w$ the weights, `(D,)`. The prediction is $Xw$. There are two usual ways to
# measure the size of $w$:
#
# - the **l1 norm** $\lVert w\rVert_1 = \sum_j |w_j|$;
# - the **l2 norm** $\lVert w\rVert_2 = \sqrt{\sum_j w_j^2}$, mostly used squared.
#
# The **elastic net** uses both:
#
# $$L(w) = \frac{1}{2n}\lVert Xw - y\rVert_2^2 + \lambda\left(\rho\,\lVert w\rVert_1 +
# \frac{1-\rho}{2}\,\lVert w\rVert_2^2\right)$$
#
# The number $\lambda \ge 0$ (lambda, in code `lam`, since `lambda` is a keyword in Python) is the
# **penalty strength**. The ratio $\rho$ (rho, `l1_ratio`) is in $[0, 1]$ and divides it between the two norms. With
# $\rho = 0$ this is **ridge** regression (Hoerl and Kennard 1970), with $\rho = 1$ the **lasso** (Tibshirani 1996).
# The halves are there so that no 2 is left in the gradient.
#
# Zou and Hastie (2005), who introduced it, call the minimum of this loss the *naive* elastic net: the two penalties
# shrink the weights twice. Their elastic net multiplies the result by $1 + \lambda_2$, with columns of length 1 and
# the $\lambda_2$ of the second form below. Today's libraries, scikit-learn's `ElasticNet` among them, return the
# naive one, and so do we.
#
# ### One penalty, many forms
#
# The formula has other forms. Many books use the plain sum of squares and two lambdas:
#
# $$\lVert Xw - y\rVert_2^2 + \lambda_1\lVert w\rVert_1 + \lambda_2\lVert w\rVert_2^2$$
#
# Multiply our $L$ by $2n$, which does not move the minimum, and compare: $\lambda_1 = 2n\lambda\rho$ and
# $\lambda_2 = n\lambda(1-\rho)$. So
#
# | written as | our `lam` and `l1_ratio` |
# | --- | --- |
# | two lambdas, sum of squares | $\lambda_1 = 2n\lambda\rho$, $\lambda_2 = n\lambda(1-\rho)$ |
# | scikit-learn's `ElasticNet(alpha, l1_ratio)` | `alpha = lam`, the same `l1_ratio` |
# | scikit-learn's `Lasso(alpha)` | `alpha = lam`, `l1_ratio = 1` |
# | scikit-learn's `Ridge(alpha)` | `alpha = n * lam`, `l1_ratio = 0` |
#
# Look at the last two lines: in one library, the two alphas differ by a factor $n$. Whenever you copy a lambda, ask
# whether it goes with a *sum* or with a *mean* of squares, and whether there is a half.
#
# Three statements that you may read, and that are wrong:
#
# - "The two lambdas sum to at most 1." This confuses the two forms. Two lambdas are free, as long as neither is
#   negative. It is the *ratio* that lies in $[0, 1]$.
# - "Ridge is the elastic net with lambda 2 zero." With two lambdas as above, ridge is the case in which the *l1*
#   one is zero. Which is which depends on the form, so check.
# - "All weights are penalized." The **intercept** $b$ of a prediction $Xw + b$ is not: it only moves all
#   predictions up or down, and pulling it to 0 would make the result depend on where the targets' zero is. Here we
#   centre each column of $X$, and $y$, by subtracting its mean. Then the best intercept is 0, and we leave it out.
#
# A penalty depends on the sizes of the weights, and these depend on units. So bring all columns to the same scale
# before you penalize.
#
# ### Exercise: `elastic_net_loss`


# %% kind="answer" grade_id="elastic_net_loss"
def elastic_net_loss(w, X, y, lam, l1_ratio):
    """Return the loss of the elastic net, mean of squares and penalty together.

    w: the weights, (D,).
    X: the inputs, (n, D).
    y: the targets, (n,).
    lam: the penalty strength, 0 or more.
    l1_ratio: the share of the l1 norm, in [0, 1].
    Returns one number.
    Raises ValueError, with a message, if lam is negative, if l1_ratio is outside [0, 1], or if the
    shapes of w, X and y do not match as above.
    """
    ### BEGIN SOLUTION
    if lam < 0 or not 0 <= l1_ratio <= 1:
        raise ValueError(f"lam {lam} must be 0 or more, l1_ratio {l1_ratio} in [0, 1].")
    if X.shape != y.shape + w.shape:
        raise ValueError(f"X {X.shape}, y {y.shape} and w {w.shape} do not fit together.")
    residual = X @ w - y
    penalty = l1_ratio * np.abs(w).sum() + (1 - l1_ratio) / 2 * (w @ w)
    return residual @ residual / (2 * len(y)) + lam * penalty
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# Refuse bad arguments first. An array's `shape` is a tuple, and tuples can be compared: `X.shape == (5, 3)`. Do not
# rely on NumPy to complain: it broadcasts a `y` of shape `(1,)`, and with one of shape `(n, 1)` the difference
# becomes an `(n, n)` array.
#
# </details>

# %% kind="test" grade_id="elastic_net_loss_visible" points=1
check("elastic_net_loss", elastic_net_loss)

# %% kind="test" grade_id="elastic_net_loss_hidden" points=2
# Your teacher's hidden checks of elastic_net_loss run here.
### BEGIN HIDDEN TESTS
check_hidden("elastic_net_loss", elastic_net_loss)
### END HIDDEN TESTS

# %% kind="test" grade_id="elastic_net_loss_arguments" points=1
# This check tests how your function handles bad arguments.
check("elastic_net_loss", elastic_net_loss, part="arguments")
### BEGIN HIDDEN TESTS
check_hidden("elastic_net_loss", elastic_net_loss, part="arguments")
### END HIDDEN TESTS

# %% [markdown]
# ### Question: a colleague's lambda
#
# A colleague fitted scikit-learn's `Ridge(alpha=50)`, that is the sum of squares plus $50\,\lVert w\rVert_2^2$, on
# 200 examples. With which `lam` does our formula, at `l1_ratio = 0`, have its minimum at the same weights?

# %% kind="answer" grade_id="lambda_of_colleague"
# One number.
lambda_of_colleague = None
### BEGIN SOLUTION
alpha, examples = 50, 200
lambda_of_colleague = alpha / examples
### END SOLUTION

# %% kind="test" grade_id="lambda_of_colleague_visible" points=0
check("lambda_of_colleague", lambda_of_colleague)

# %% kind="test" grade_id="lambda_of_colleague_hidden" points=2
# Your teacher's hidden check of lambda_of_colleague runs here.
### BEGIN HIDDEN TESTS
check_hidden("lambda_of_colleague", lambda_of_colleague)
### END HIDDEN TESTS

# %% [markdown]
# ### The gradient
#
# Write the data term as a sum over the examples, $\frac{1}{2n}\sum_i r_i^2$ with the residuals
# $r_i = \sum_j X_{ij} w_j - y_i$. Its derivative with respect to $w_j$ is $\frac{1}{n}\sum_i r_i X_{ij}$: the 2
# from the square cancels the half. In one array, with $X^\top$ the transpose of $X$, this is
# $\frac1n X^\top(Xw - y)$.
#
# The derivative of $\tfrac12 w_j^2$ is $w_j$. That of $|w_j|$ is $+1$ for positive and $-1$ for negative weights. At
# 0 it has a kink and no derivative. Every slope in $[-1, 1]$ is then a **subgradient**, the slope of a line that
# touches the kink from below; we take 0. Together:
#
# $$\nabla L(w) = \frac1n X^\top (Xw - y) + \lambda\left(\rho\,\operatorname{sign}(w) + (1-\rho)\,w\right),
# \qquad \operatorname{sign}(0) = 0$$
#
# ### Exercise: `elastic_net_gradient`


# %% kind="answer" grade_id="elastic_net_gradient"
def elastic_net_gradient(w, X, y, lam, l1_ratio):
    """Return the gradient of elastic_net_loss at w, with the slope 0 at each kink.

    w: the weights, (D,).
    X: the inputs, (n, D).
    y: the targets, (n,).
    lam: the penalty strength, 0 or more.
    l1_ratio: the share of the l1 norm, in [0, 1].
    Returns an array (D,).
    """
    ### BEGIN SOLUTION
    data_part = X.T @ (X @ w - y) / len(y)
    return data_part + lam * (l1_ratio * np.sign(w) + (1 - l1_ratio) * w)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# `np.sign` gives 0 at 0. Check the shapes: residuals are `(n,)`, the gradient is `(D,)`, so which of `X` and `X.T`
# comes first?
#
# </details>

# %% kind="test" grade_id="elastic_net_gradient_visible" points=1
check("elastic_net_gradient", elastic_net_gradient)

# %% kind="test" grade_id="elastic_net_gradient_hidden" points=2
# Your teacher's hidden checks of elastic_net_gradient run here.
### BEGIN HIDDEN TESTS
check_hidden("elastic_net_gradient", elastic_net_gradient)
### END HIDDEN TESTS

# %% [markdown]
# ## 4. Ridge, solved exactly
#
# With $\rho = 0$ the loss is a bowl, and its bottom is where the gradient is zero:
#
# $$\frac1n X^\top (Xw - y) + \lambda w = 0 \qquad\Longrightarrow\qquad
# \left(\frac1n X^\top X + \lambda I\right) w = \frac1n X^\top y$$
#
# with $I$ the identity matrix. These are $D$ linear equations for $D$ weights. For $\lambda > 0$ they always have
# exactly one solution, even with fewer examples than columns, where without a penalty there are infinitely many.
#
# Solve the equations; do not form the inverse matrix. The inverse gives the same weights, but it takes about three
# times the work and loses more digits if the matrix is close to singular.
#
# ### Exercise: `ridge_closed_form`


# %% kind="answer" grade_id="ridge_closed_form"
def ridge_closed_form(X, y, lam):
    """Return the weights at which elastic_net_loss with l1_ratio = 0 is smallest.

    X: the inputs, (n, D), each column already centred.
    y: the targets, (n,), already centred, so that there is no intercept.
    lam: the penalty strength, 0 or more.
    Returns an array (D,).
    """
    ### BEGIN SOLUTION
    n, dim = X.shape
    A = X.T @ X / n + lam * np.eye(dim)
    return np.linalg.solve(A, X.T @ y / n)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# `np.linalg.solve(A, c)` returns the $w$ with $Aw = c$, and `np.eye(D)` is the identity matrix.
#
# </details>

# %% kind="test" grade_id="ridge_closed_form_visible" points=1
check("ridge_closed_form", ridge_closed_form)

# %% kind="test" grade_id="ridge_closed_form_hidden" points=2
# Your teacher's hidden checks of ridge_closed_form run here.
### BEGIN HIDDEN TESTS
check_hidden("ridge_closed_form", ridge_closed_form)
### END HIDDEN TESTS

# %% [markdown]
# ### Experiment: the polynomial of degree 11, tamed
#
# These are the same twelve points as in the first figure. Instead of removing weights we penalize them. (The
# columns are Legendre polynomials, which span the same curves as $1, x, x^2, \dots$ and are of similar size. The
# constant one is left out, since the intercept is not penalized.)


# %% kind="experiment"
def polynomial_columns(x, degree=11):
    return np.polynomial.legendre.legvander(2 * x - 1, degree)[:, 1:]


def ridge_curve(lam):
    columns = polynomial_columns(x_seen)
    w = ridge_closed_form(columns - columns.mean(axis=0), y_seen - y_seen.mean(), lam)
    curve = (polynomial_columns(x_fine) - columns.mean(axis=0)) @ w + y_seen.mean()
    return curve, w


with plots.style():
    fig, axes = plt.subplots(1, 3, figsize=(10.5, 3.9), sharey=True)
    for ax, lam, verdict in zip(axes, (1e-7, 0.02, 3.0), ("too weak", "about right", "too strong")):
        curve, w = ridge_curve(lam)
        ax.plot(x_seen, y_seen, "o", color="black", linestyle="none", label="twelve points")
        ax.plot(x_fine, data.sine(x_fine), color="0.6", linestyle=":", label="the truth")
        ax.plot(x_fine, curve, color=plots.COLORS[0], linestyle="-", label="ridge, degree 11")
        title = f"penalty lam = {lam:g}: {verdict}\nl2 norm of the weights {np.linalg.norm(w):.2g}"
        ax.set(title=title, xlabel="input $x$", ylim=(-2.2, 2.2))
        ax.title.set_fontsize(12)
    axes[0].set_ylabel("target $y$")
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
plt.show()
columns = polynomial_columns(x_seen)
columns, target = columns - columns.mean(axis=0), y_seen - y_seen.mean()
slope = elastic_net_gradient(ridge_closed_form(columns, target, 0.01), columns, target, 0.01, 0.0)
print(f"The gradient at your solution is at most {np.abs(slope).max():.0e}.")

# %% [markdown]
# The points and the eleven columns are the same each time: the penalty makes the curve smooth. But if the penalty
# is too strong, the model underfits.
#
# ## 5. Lasso, and why it gives zeros
#
# For the lasso there is no such formula, because of the kinks. But for *one* weight there is. Suppose the data
# alone would give the weight $z$, and the penalty is $t \ge 0$ for each unit of its size. Which $v$ minimizes
#
# $$\tfrac12 (v - z)^2 + t\,|v| \;?$$
#
# - Suppose $v > 0$. The derivative is $v - z + t$, zero at $v = z - t$. This is positive only if $z > t$.
# - Suppose $v < 0$. The derivative is $v - z - t$, zero at $v = z + t$. This is negative only if $z < -t$.
# - In all other cases, $|z| \le t$, neither side has a minimum of its own, and the best is the kink: $v = 0$.
#
# In one line, the **soft threshold**:
#
# $$S_t(z) = \operatorname{sign}(z)\,\max(|z| - t,\, 0)$$
#
# Every number moves towards 0 by $t$, but not beyond 0. Compare ridge: the minimum of
# $\tfrac12(v - z)^2 + \tfrac t2 v^2$ lies at $z/(1 + t)$. That is smaller in size, but 0 only if $z$ is 0.
#
# ### Exercise: `soft_threshold`


# %% kind="answer" grade_id="soft_threshold"
def soft_threshold(z, t):
    """Return z with each entry moved towards 0 by t, and no further than 0.

    z: an array of any shape, or a number. It stays as it is.
    t: the threshold, a number, 0 or more.
    Returns an array of z's shape, or a number.
    """
    ### BEGIN SOLUTION
    return np.sign(z) * np.maximum(np.abs(z) - t, 0.0)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# `np.maximum(a, 0)` compares entry by entry; `np.max` gives the largest entry of all. (A result may be shown as `-0.`.
# It equals 0.)
#
# </details>

# %% kind="test" grade_id="soft_threshold_visible" points=1
check("soft_threshold", soft_threshold)

# %% kind="test" grade_id="soft_threshold_hidden" points=2
# Your teacher's hidden checks of soft_threshold run here.
### BEGIN HIDDEN TESTS
check_hidden("soft_threshold", soft_threshold)
### END HIDDEN TESTS

# %% kind="experiment"
z = np.linspace(-3, 3, 601)
with plots.style():
    fig, ax = plt.subplots(figsize=(7.5, 3.9))
    ax.plot(z, z, color="0.6", linestyle=":", label="no penalty")
    ax.plot(z, z / 2, color=plots.COLORS[1], linestyle="--", label="l2, $t = 1$: half of it")
    ax.plot(
        z, soft_threshold(z, 1.0), color=plots.COLORS[0], linestyle="-", label="l1, $t = 1$: yours"
    )
    ax.set(
        title="l1 makes small weights exactly 0, l2 makes all smaller",
        xlabel="best weight without a penalty, $z$",
        ylabel="weight with the penalty",
    )
    ax.legend(loc="upper left")
plt.show()

# %% [markdown]
# ### From one weight to many: the proximal step
#
# **The idea.** Take a gradient step on everything that is smooth. Then let the soft threshold deal with the kink.
#
# Call the smooth part $F(w) = \frac{1}{2n}\lVert Xw - y\rVert_2^2 + \lambda\frac{1-\rho}{2}\lVert w\rVert_2^2$ and its
# gradient $g = \frac1n X^\top(Xw - y) + \lambda(1-\rho)\,w$. Near $w$ we replace $F$ by a bowl that has the same
# slope there, and whose curvature is one over the rate $\eta$ (`lr`):
#
# $$F(v) \approx F(w) + g^\top (v - w) + \frac{1}{2\eta}\lVert v - w\rVert_2^2$$
#
# Add the penalty $\lambda\rho\lVert v\rVert_1$, multiply by $\eta$ and complete the square. Up to constants it is
#
# $$\tfrac12 \lVert v - (w - \eta g)\rVert_2^2 + \eta\lambda\rho\,\lVert v\rVert_1$$
#
# This sum splits into one problem for each weight, the one that you have just solved: $z = w - \eta g$ and
# $t = \eta\lambda\rho$. So
#
# $$w_\text{new} = S_{\eta\lambda\rho}\!\left(w - \eta\left(\tfrac1n X^\top(Xw - y) + \lambda(1-\rho)\,w\right)\right)$$
#
# This is the step of **ISTA**, the iterative shrinkage-thresholding algorithm (Daubechies and others 2004). It never
# raises the loss while $\eta \le 1/M$, with $M$ the largest eigenvalue of $\frac1n X^\top X + \lambda(1-\rho) I$.
#
# There is a second way to split. Keep the l2 penalty with the kink, and the step becomes
# $S_{\eta\lambda\rho}\left(w - \eta\,\tfrac1n X^\top(Xw - y)\right) / (1 + \eta\lambda(1-\rho))$. Both converge to
# the same weights, by different paths. The exercise asks for the first.
#
# ### Exercise: `proximal_step`
#
# You may use your `soft_threshold`.


# %% kind="answer" grade_id="proximal_step"
def proximal_step(w, X, y, lam, l1_ratio, lr):
    """Return the weights after one ISTA step on elastic_net_loss: a gradient step on the squares
    and on the l2 penalty, then the soft threshold for the l1 penalty.

    w: the weights, (D,). They stay as they are.
    X: the inputs, (n, D).
    y: the targets, (n,).
    lam: the penalty strength, 0 or more.
    l1_ratio: the share of the l1 norm, in [0, 1].
    lr: the learning rate.
    Returns an array (D,).
    """
    ### BEGIN SOLUTION
    smooth = X.T @ (X @ w - y) / len(y) + lam * (1 - l1_ratio) * w
    return soft_threshold(w - lr * smooth, lr * lam * l1_ratio)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# First the gradient step, then the threshold. A small rate makes a small step: so the threshold must be small too.
#
# </details>

# %% kind="test" grade_id="proximal_step_visible" points=1
check("proximal_step", proximal_step)

# %% kind="test" grade_id="proximal_step_hidden" points=2
# Your teacher's hidden checks of proximal_step run here.
### BEGIN HIDDEN TESTS
check_hidden("proximal_step", proximal_step)
### END HIDDEN TESTS

# %% [markdown]
# ### Experiment: a diamond, a disc, and where an ellipse touches them
#
# For every penalty strength there is a ball such that the penalized optimum is the best point *in* that ball: the l1
# ball is a diamond, the l2 ball a disc, and that of the elastic net lies between them. The figure shows the ellipses
# on which the squared error is constant, the free optimum (the one without a penalty), and the optimum that your steps
# find with a penalty. The edge of the ball passes through the latter. The cross is the point of the ball that lies
# *nearest* to the free optimum.


# %% kind="experiment"
tilted = np.array([[0.4, 0.5], [0.5, 1.0]])  # X'X/n of the two columns
free = np.array([1.2, 1.7])
X_two = np.sqrt(2) * np.linalg.cholesky(tilted).T
y_two = X_two @ free


def penalised_path(l1_ratio, lam, start, steps=400):
    path = [np.array(start)]
    for _ in range(steps):
        path.append(proximal_step(path[-1], X_two, y_two, lam, l1_ratio, 0.3))
    return np.array(path)


def nearest_on(ball, place):
    return ball[np.argmin(np.linalg.norm(ball - place, axis=1))]


turn = np.linspace(0, 2 * np.pi, 4001)
circle = np.stack([np.cos(turn), np.sin(turn)], axis=1)
across, up = np.meshgrid(np.linspace(-1.6, 2.6, 200), np.linspace(-1.6, 2.6, 200))
gap = np.stack([across, up], axis=-1) - free
squares = 0.5 * np.einsum("...i,ij,...j", gap, tilted, gap)

with plots.style():
    fig, axes = plt.subplots(1, 3, figsize=(12.0, 4.9), sharey=True)
    names = {1.0: "l1: a corner", 0.5: "elastic net: round, with corners", 0.0: "l2: no corner"}
    for ax, (l1_ratio, name) in zip(axes, names.items()):
        path = penalised_path(l1_ratio, 1.1, (-1.2, 2.3))
        best = path[-1]
        # In each direction, the length t at which the penalty is that of the optimum.
        a, b = (1 - l1_ratio) / 2, l1_ratio * np.abs(circle).sum(axis=1)
        c = l1_ratio * np.abs(best).sum() + a * np.sum(best**2)
        ball = circle * (2 * c / (b + np.sqrt(b**2 + 4 * a * c)))[:, None]
        touched = 0.5 * (best - free) @ tilted @ (best - free)
        ax.contour(
            across, up, squares, levels=touched * np.array([0.1, 0.4, 1.0, 2.0]), colors="0.5"
        )
        ax.fill(*ball.T, color=plots.COLORS[5], alpha=0.35, label="the ball")
        ax.plot(*path.T, ".-", color=plots.COLORS[1], linewidth=1.2, label="the path of your steps")
        ax.plot(*free, "*", color="black", markersize=15, linestyle="none", label="free optimum")
        ax.plot(
            *best, "o", color=plots.COLORS[1], markersize=11, linestyle="none", label="penalized"
        )
        ax.plot(
            *nearest_on(ball, free),
            "X",
            color=plots.COLORS[0],
            markersize=11,
            linestyle="none",
            label="nearest in the ball",
        )
        ax.set(title=name, xlabel="$w_1$", xlim=(-1.6, 2.6), ylim=(-1.6, 2.6), aspect="equal")
    axes[0].set_ylabel("$w_2$")
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
plt.show()

# %% [markdown]
# Note three things.
#
# - If the free optimum lies outside the ball, the penalized optimum is the point where an ellipse *touches* the
#   ball. It is often said to be the point of the ball nearest to the free optimum. That is certain only if the
#   ellipses are circles. On the left the cross is far from the corner; on the right, by chance, it is close, but
#   still not the same point.
# - The diamond has corners on the axes, and an ellipse often touches a corner first. There, one weight is exactly 0.
#   The disc has no corners, so no weight is favoured. The elastic net's ball has corners too, but its sides are round:
#   it can set weights to 0, and shares the work between similar columns as ridge does.
# - The path begins *outside* the ball. A penalty does not confine the weights to the ball during training; it only
#   moves the point to which they converge.
#
# ### Experiment: the paths of the weights
#
# The diabetes data have 442 patients and ten measurements. We solve ridge and lasso for penalty strengths from high
# to low. Each lasso starts from the weights at the previous strength.


# %% kind="experiment"
def lasso(X, y, lam, w, steps=500):
    lr = 1 / np.linalg.eigvalsh(X.T @ X / len(y))[-1]
    for _ in range(steps):
        w = proximal_step(w, X, y, lam, 1.0, lr)
    return w


patients = data.diabetes()
X_sick, y_sick = patients.X, (patients.y - patients.y.mean()) / patients.y.std()
prices = np.logspace(0, -3, 50)
lasso_path = [np.zeros(10)]
for lam in prices:
    lasso_path.append(lasso(X_sick, y_sick, lam, lasso_path[-1]))
ridge_prices = np.logspace(3, -3, 60)
ridge_path = [ridge_closed_form(X_sick, y_sick, lam) for lam in ridge_prices]

with plots.style():
    fig, axes = plt.subplots(1, 2, figsize=(10.5, 4.6), sharey=True)
    for ax, lams, path, name in (
        (axes[0], ridge_prices, ridge_path, "Ridge: some cross 0, none stays at 0"),
        (axes[1], prices, lasso_path[1:], "Lasso: one after another becomes 0"),
    ):
        for j, weights in enumerate(np.transpose(path)):
            look = {"color": plots.COLORS[j % 7], "linestyle": ("-", "--")[j // 7]}
            ax.semilogx(lams, weights, label=patients.features[j], **look)
        ax.set(title=name, xlabel="penalty strength $\\lambda$")
    axes[0].set_ylabel("weight (standardized)")
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside right upper")
plt.show()

# %% [markdown]
# As the penalty grows, ridge makes the weights smaller *as a whole*: their l2 norm falls. A single weight may grow
# for a while, or change its sign. With lasso, the weights stop at 0.
#
# Look at `s1` and `s2` (total and LDL cholesterol, which rise and fall together). With hardly any penalty they get
# large weights of opposite signs, which largely cancel. Both penalties remove that.
#
# Now control both pictures at once. The panel fits two weights with your `proximal_step`, and computes the penalty
# with your `elastic_net_loss`. Find a lambda at which one weight is exactly 0. Then change the share of the l1 norm
# from 1 to 0.75, and to 0: when is the weight no longer 0?

# %% kind="experiment"
explore("penalties", elastic_net_loss, proximal_step)

# %% [markdown]
# ### Experiment: sparsity on real data
#
# To the ten measurements we add twenty columns that are known to be useless: real measurements, but each shuffled
# among the patients. We fit the weights on about a third of the patients. We choose the penalty strength with the
# smallest error on the second third, the validation patients. The last third, the test patients, is not used for
# any choice: an error that was used to choose the penalty strength would be too optimistic.

# %% kind="experiment"
rng = np.random.default_rng(0)
shuffled = np.stack([rng.permutation(X_sick[:, j % 10]) for j in range(20)], axis=1)
table = np.hstack([X_sick, shuffled])
fit, validation, test = data.split(table, y_sick, (0.3, 0.35, 0.35), rng)
X_fit, y_fit = fit.X - fit.X.mean(axis=0), fit.y - fit.y.mean()


def mean_squared_error(w, part):
    return np.mean(((part.X - fit.X.mean(axis=0)) @ w - (part.y - fit.y.mean())) ** 2)


def validation_error(w):
    return mean_squared_error(w, validation)


lassos = [lasso(X_fit, y_fit, lam, np.zeros(30)) for lam in np.logspace(-0.3, -3, 25)]
ridges = [ridge_closed_form(X_fit, y_fit, lam) for lam in np.logspace(2, -3, 40)]
best_lasso, best_ridge = min(lassos, key=validation_error), min(ridges, key=validation_error)
free_weights = ridge_closed_form(X_fit, y_fit, 0.0)

with plots.style():
    fig, axes = plt.subplots(2, 1, figsize=(9.0, 5.4), sharex=True, sharey=True)
    for ax, w, name in ((axes[0], best_ridge, "Ridge"), (axes[1], best_lasso, "Lasso")):
        ax.bar(np.arange(10), w[:10], color=plots.COLORS[0], label="measurements")
        ax.bar(
            np.arange(10, 30), w[10:], color=plots.COLORS[1], hatch="//", label="shuffled, useless"
        )
        zeros = f"{np.sum(w[10:] == 0)} of the 20 useless weights are exactly 0"
        ax.set(title=f"{name}: {zeros}", ylabel="weight")
    axes[1].set(xlabel="column", xlim=(-0.8, 29.8))
    axes[1].set_xticks(np.arange(10), patients.features, rotation=90)
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
plt.show()
for name, w in {"no penalty": free_weights, "ridge": best_ridge, "lasso": best_lasso}.items():
    print(f"{name:12} test error {mean_squared_error(w, test):.3f}")

# %% [markdown]
# Lasso does choose columns, and here both penalties beat no penalty. (How many useless columns it drops varies a
# lot from one split of the patients to another: change the seed and see.) But you may read that its zeros make
# lasso robust to noise, and that is wrong. Its *choice* is itself random: draw the patients again, with replacement
# (a **bootstrap**), and it chooses other columns.

# %% kind="experiment"
rng = np.random.default_rng(3)
chosen = np.zeros(30)
lam_best = np.logspace(-0.3, -3, 25)[np.argmin([validation_error(w) for w in lassos])]
for _ in range(100):
    rows = rng.integers(len(y_fit), size=len(y_fit))
    X_again, y_again = X_fit[rows], y_fit[rows]
    X_again = X_again - X_again.mean(axis=0)
    chosen += lasso(X_again, y_again - y_again.mean(), lam_best, best_lasso, steps=200) != 0

with plots.style():
    fig, ax = plt.subplots(figsize=(9.0, 3.6))
    ax.bar(np.arange(10), chosen[:10], color=plots.COLORS[0], label="measurements")
    ax.bar(np.arange(10, 30), chosen[10:], color=plots.COLORS[1], hatch="//", label="useless")
    ax.set(
        title="Which columns lasso keeps depends on the draw",
        xlabel="column",
        ylabel="draws (of 100)\nthat keep it",
    )
    ax.set_xticks(np.arange(10), patients.features, rotation=90)
    ax.set_xlim(-0.8, 29.8)
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.02))
plt.show()

# %% [markdown]
# A few measurements are kept nearly always; for others it is a matter of luck. And some useless columns are kept
# nearly as often as the best measurements. By chance they correlate with the target in these 133 patients, and
# drawing the same patients again cannot reveal that. Read a lasso's zeros as "not needed in addition to the others,
# on these data", and what it keeps as "useful on these data".
#
# ## 6. Weight decay
#
# **The idea.** To train a network we do not need a penalty in the loss: we can let every weight shrink a little in
# each step.
#
# Let $g$ be the gradient of the data's loss, without any penalty, $\eta$ the rate and $\delta$ (delta, `weight_decay`)
# how fast the weights shrink. **Weight decay** is
#
# $$w_\text{new} = w - \eta\, g - \eta\,\delta\, w$$
#
# Both terms use the *old* $w$. With a zero gradient every weight is multiplied by $1 - \eta\delta$.
#
# Now compare the penalty $\frac{\lambda}{2}\lVert w\rVert_2^2$. Its gradient is $\lambda w$, so a plain step on the
# penalized loss is $w - \eta(g + \lambda w)$: the same, with $\delta = \lambda$. (With the penalty
# $\lambda\lVert w\rVert_2^2$, without the half, it is $\delta = 2\lambda$.) This is true of *plain* SGD only. With
# momentum the penalty's gradient is added up over many steps, and decay is not. In Adam the penalty's gradient is
# divided by the size of past gradients, and decay is not. There the two are different methods, although many people
# use the same name for both; lesson 06 comes back to it. In PyTorch, the `weight_decay` of `SGD` and `Adam` is the
# *penalty*, and that of `AdamW` the decay (Loshchilov and Hutter 2019).
#
# ### Exercise: `weight_decay_step`


# %% kind="answer" grade_id="weight_decay_step"
def weight_decay_step(w, grad, lr, weight_decay):
    """Return the weights after one step of plain SGD with weight decay.

    w, grad: arrays of the same shape. They stay as they are.
    lr: the learning rate.
    weight_decay: how fast the weights shrink, 0 or more.
    Returns a new array of w's shape.
    """
    ### BEGIN SOLUTION
    return w - lr * grad - lr * weight_decay * w
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# Check your step on a zero gradient: which number multiplies $w$? It must depend on the rate.
#
# </details>

# %% kind="test" grade_id="weight_decay_step_visible" points=1
check("weight_decay_step", weight_decay_step)

# %% kind="test" grade_id="weight_decay_step_hidden" points=2
# Your teacher's hidden checks of weight_decay_step run here.
### BEGIN HIDDEN TESTS
check_hidden("weight_decay_step", weight_decay_step)
### END HIDDEN TESTS

# %% [markdown]
# ### Experiment: where penalty and decay differ
#
# A bowl, and two versions of a step. In the first, plain one, both axes have the same rate. In the second, the
# gradient is multiplied by 1 along $w_1$ and by 0.1 along $w_2$, as in a method that gives each weight its own
# rate. The penalty is part of the gradient and so is multiplied too; the decay is not.

# %% kind="experiment"
bowl = quadratic([[1.0, 0.0], [0.0, 1.0]], center=(1.5, 1.5), name="bowl")


def shrinking_path(scale, as_penalty, strength=0.6, lr=0.1, steps=600):
    path = [np.array([0.2, -0.6])]
    for _ in range(steps):
        w, g = path[-1], bowl.gradient(path[-1])
        if as_penalty:
            path.append(weight_decay_step(w, scale * (g + strength * w), lr, 0.0))
        else:
            path.append(weight_decay_step(w, scale * g, lr, strength))
    return np.array(path)


with plots.style():
    fig, axes = plt.subplots(1, 2, figsize=(10.0, 4.6), sharey=True)
    titles = ("One rate for all: the paths agree", "One rate per weight: the ends differ")
    for ax, scale, title in zip(axes, ([1.0, 1.0], [1.0, 0.1]), titles):
        plots.plot_contours(bowl, ax=ax, title=title)
        for i, name in enumerate(("l2 penalty", "weight decay")):
            path = shrinking_path(np.array(scale), as_penalty=i == 0)
            look = {"color": plots.COLORS[i], "linestyle": ("-", "--")[i], "linewidth": 4 - 2 * i}
            ax.plot(*path.T, label=name, **look)
            ax.plot(*path[-1], "os"[i], color=plots.COLORS[i], markersize=9 - 2 * i)
        ax.set(xlim=(-0.6, 2.2), ylim=(-1.0, 2.2))
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
plt.show()

# %% [markdown]
# On the right the path with the penalty ends at the minimum of the penalized loss, whatever the rates. The path
# with decay ends elsewhere: along the axis with the small rate, decay is stronger than the gradient. Neither is
# wrong, but a strength tuned for one says nothing about the other.
#
# ## 7. Early stopping
#
# **The idea.** A network tends to learn first what many examples share, and only later the peculiarities of single
# ones: trained on images of which some have random labels, it learns the correct ones first, and memorizes the others
# after that (Arpit and others 2017). So the validation loss falls, and after a time it often rises again. Watch it,
# and end the training when it has not improved for a while.
#
# Noise makes the loss go up and down, so a single rise means nothing. The **patience** is how many epochs *in a row*
# without an improvement we accept. An **improvement** is a loss below the best so far by more than a margin,
# $\text{loss} < \text{best} - \text{min\_delta}$. The rule, with epochs counted from 0:
#
# - The first epoch is an improvement.
# - An improvement becomes the new best, and the count of bad epochs restarts at 0.
# - Any other epoch is bad. It does not move the best, even if it is a little lower.
# - Training stops at the epoch in which the count reaches the patience. If that never happens, it stops at the last
#   epoch.
#
# For example, with patience 2 and min_delta 0:
#
# | epoch | 0 | 1 | 2 | 3 | 4 | 5 |
# | --- | --- | --- | --- | --- | --- | --- |
# | validation loss | 0.9 | 0.7 | 0.8 | 0.6 | 0.6 | 0.7 |
# | bad epochs in a row | 0 | 0 | 1 | 0 | 1 | 2 |
#
# It stops in epoch 5, and the best epoch is 3. Early stopping must return the weights of the *best* epoch, not
# those of the last: when it stops, they are `patience` epochs past their best. So keep a copy of the weights at
# each improvement. (Keras does so only with `restore_best_weights=True`.)
#
# ### Exercise: `early_stopping`


# %% kind="answer" grade_id="early_stopping"
def early_stopping(losses, patience, min_delta=0.0):
    """Return when training stops and which epoch was the best until then.

    losses: the validation loss of each epoch if training never stopped early: finite numbers, in
        a list or an array.
    patience: how many bad epochs in a row end the training, an integer, at least 1.
    min_delta: an improvement is a loss < best - min_delta, and only it moves the best.
    Returns (stop_epoch, best_epoch), two integers, counted from 0.
    Raises ValueError, with a message, if there are no losses or patience < 1.
    """
    ### BEGIN SOLUTION
    if len(losses) == 0 or patience < 1:
        raise ValueError(f"{len(losses)} losses, patience {patience}: both must be at least 1.")
    best, best_epoch, bad = np.inf, 0, 0
    for epoch, loss in enumerate(losses):
        if loss < best - min_delta:
            best, best_epoch, bad = loss, epoch, 0
        else:
            bad += 1
        if bad == patience:
            break
    return epoch, best_epoch
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# Go through the losses once, with three things in memory: the best loss, its epoch, and the count of bad epochs.
# Replay the table above by hand, then with your function.
#
# </details>

# %% kind="test" grade_id="early_stopping_visible" points=1
check("early_stopping", early_stopping)

# %% kind="test" grade_id="early_stopping_hidden" points=2
# Your teacher's hidden checks of early_stopping run here.
### BEGIN HIDDEN TESTS
check_hidden("early_stopping", early_stopping)
### END HIDDEN TESTS

# %% kind="test" grade_id="early_stopping_arguments" points=1
# This check tests how your function handles bad arguments.
check("early_stopping", early_stopping, part="arguments")
### BEGIN HIDDEN TESTS
check_hidden("early_stopping", early_stopping, part="arguments")
### END HIDDEN TESTS

# %% [markdown]
# ### Experiment: the stopping point, and weight decay
#
# A small network learns 300 digits, a fifth of which have a wrong label. That is a lot of noise, and the network is
# large enough to memorize it. The validation digits have as many wrong labels. We train for 150 epochs, and
# afterwards your function computes where training would have stopped. The test digits, with correct labels, are
# used for none of this.


# %% kind="experiment"
def spoil(labels, share, rng):
    wrong = rng.uniform(size=len(labels)) < share
    return np.where(wrong, rng.integers(10, size=len(labels)), labels)


X_digits, y_digits = data.digits()
rng = np.random.default_rng(5)
small, held, unseen = data.split(X_digits, y_digits, (0.17, 0.17, 0.66), rng)
y_small, y_held = spoil(small.y, 0.22, rng), spoil(held.y, 0.22, rng)
network = MLP((64, 64, 10))
first = network.initialize(np.random.default_rng(6))


def learn(weight_decay, epochs=150):
    kept = []  # the weights after each epoch

    def step(w, grad, lr):
        return weight_decay_step(w, grad, lr, weight_decay)

    def keep(history):
        kept.append({name: w.copy() for name, w in history.params.items()})

    history = train(
        network,
        first,
        (small.X, y_small),
        stateless(step),
        0.05,
        epochs,
        20,
        np.random.default_rng(7),
        validation=(held.X, y_held),
        after_epoch=keep,
    )
    return history, kept


history, kept = learn(weight_decay=0.0)
stop, best = early_stopping(history.validation_losses, patience=10)

with plots.style():
    curves = {"training": history.train_losses, "validation": history.validation_losses}
    ax = plots.plot_losses(curves, title="Stop when the validation loss no longer falls", log=False)
    ax.axvline(best, color=plots.COLORS[2], linestyle="-.", label=f"best, epoch {best}")
    ax.axvline(stop, color="black", linestyle=":", label=f"stop, epoch {stop}")
    ax.set_ylabel("loss (cross-entropy)")
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.02))
plt.show()
for name, epoch in {"best": best, "stop": stop, "last": len(kept) - 1}.items():
    accuracy = network.accuracy(kept[epoch], unseen.X, unseen.y)
    print(f"{name:5} epoch {epoch:4}: accuracy on the test digits {accuracy:.1%}")

# %% [markdown]
# The training loss falls until the end: it would never show you when to stop. The weights of the best epoch do
# better on the test digits than those of the last.
#
# The same training again, with four strengths of weight decay. (Here biases decay as well; many people leave them
# out, for the same reason as the intercept.)

# %% kind="experiment"
decays = {f"weight decay {decay:g}": learn(decay)[0] for decay in (0.0, 0.003, 0.01, 0.03)}
curves = {name: run.validation_losses for name, run in decays.items()}
ax = plots.plot_losses(curves, title="Weight decay flattens the rise", log=False)
ax.set_ylabel("validation loss (cross-entropy)")
plt.show()

# %% [markdown]
# Early stopping and weight decay are related. Weights begin small and grow during training; stopping early keeps
# them from growing far. For a linear model that starts at 0, stopping after $t$ steps of rate $\eta$ acts much like
# ridge with $\lambda \approx 1/(\eta\,t)$ (Goodfellow and others 2016, section 7.8). Early stopping costs no
# further training and needs no $\lambda$, but it does need a validation set.
#
# ### Question
#
# Which of these are true?
#
# - a: Lasso gives exact zeros, because its penalty has a kink at 0.
# - b: The penalized optimum is the point of the ball that lies nearest to the free optimum.
# - c: With ridge on the *sum* of squares instead of the mean, the same weights need a lambda that is larger by a
#   factor that grows with the number of examples.
# - d: The intercept should be penalized like every other weight.
# - e: In the form $\lVert Xw - y\rVert_2^2 + \lambda_1\lVert w\rVert_1 + \lambda_2\lVert w\rVert_2^2$, the two lambdas
#   must sum to at most 1.
# - f: For SGD with momentum, weight decay and an l2 penalty of equal strength give the same path.
# - g: Early stopping returns the weights of an epoch before the one in which it stops, unless the losses ran out.

# %% kind="answer" grade_id="true_of_penalties"
# A set with the letters of the true sentences, such as {"a", "b"}.
true_of_penalties = None
### BEGIN SOLUTION
true_of_penalties = {"a", "c", "g"}
### END SOLUTION

# %% kind="test" grade_id="true_of_penalties_visible" points=0
check("true_of_penalties", true_of_penalties)

# %% kind="test" grade_id="true_of_penalties_hidden" points=2
# Your teacher's hidden checks of true_of_penalties run here.
### BEGIN HIDDEN TESTS
check_hidden("true_of_penalties", true_of_penalties)
### END HIDDEN TESTS

# %% [markdown]
# ## 8. The same in PyTorch
#
# Weight decay is an argument of PyTorch's optimizers. It applies to every parameter that the optimizer gets, biases
# included. To leave some out, pass **parameter groups**: a list of dicts, each with its own settings. Usually the
# weight matrices decay, but biases and the scales and shifts of normalization layers do not.
#
# Early stopping is written by hand, with your function or a few lines in the training loop. Keep a *copy* of the best
# weights: `copy.deepcopy(model.state_dict())`. The next cell compares numbers, if PyTorch is installed.

# %% kind="experiment"
from course_utils.pytorch import compare_with_torch


@compare_with_torch
def decay(torch):
    rng = np.random.default_rng(0)
    X, y, lr, strength = rng.normal(size=(20, 3)), rng.normal(size=20), 0.1, 0.5

    def fitted(decay_bias, momentum=0.0):
        """Return weights and bias after 30 steps of PyTorch, and a state_dict of the first step."""
        model = torch.nn.Linear(3, 1, dtype=torch.float64)
        torch.nn.init.ones_(model.weight), torch.nn.init.ones_(model.bias)
        groups = [
            {"params": [model.weight], "weight_decay": strength},
            {"params": [model.bias], "weight_decay": decay_bias},
        ]
        optimizer = torch.optim.SGD(groups, lr=lr, momentum=momentum)
        kept = model.state_dict()
        for _ in range(30):
            optimizer.zero_grad()
            error = model(torch.from_numpy(X))[:, 0] - torch.from_numpy(y)
            (error**2).mean().div(2).backward()
            optimizer.step()
        return model.weight[0], model.bias[0], kept["weight"][0]

    def mine(momentum=0.0):
        w, b, v = np.ones(3), 1.0, 0.0
        for _ in range(30):
            v = momentum * v + elastic_net_gradient(w, X, y - b, 0.0, 0.0)
            slope = np.mean(X @ w + b - y)
            w, b = weight_decay_step(w, v, lr, strength), b - lr * slope
        return w, b

    w, b = mine()
    return {
        "weights, SGD(weight_decay=0.5)": (w, fitted(decay_bias=0.0)[0]),
        "bias, in a group without decay": (b, fitted(decay_bias=0.0)[1]),
        "trap: one group, so the bias decays too": (b, fitted(decay_bias=strength)[1]),
        "trap: with momentum, a penalty instead of decay": (mine(0.9)[0], fitted(0.0, 0.9)[0]),
        "trap: state_dict() of the start, not copied": (np.ones(3), fitted(0.0)[2]),
    }


# %% [markdown]
# With PyTorch, the cell prints this:
#
# ```
# weights, SGD(weight_decay=0.5)                   the same
# bias, in a group without decay                   the same
# trap: one group, so the bias decays too          differs by up to 0.12
# trap: with momentum, a penalty instead of decay  differs by up to 0.22
# trap: state_dict() of the start, not copied      differs by up to 1.3
# ```
#
# The traps in these lines:
#
# - **Coupled decay.** `SGD` and `Adam` add `weight_decay * w` to the gradient: it is an l2 penalty. For plain SGD that
#   is the same as decay. With momentum it is not, because the penalty goes through the velocity. `AdamW` decays apart
#   from the gradient (lesson 06).
# - **Biases decay too**, unless they are in a group with `weight_decay=0.0`.
# - **`state_dict()` copies nothing.** It refers to the weights, which change in later steps. If you keep it without a
#   copy, the "best" weights are always the last ones.
# - Lasso has no argument: add `strength * w.abs().sum()` to the loss. Such weights come close to 0, but not exactly to
#   0. The exact zeros need your `proximal_step`.
#
# ## Going further ★: weights that must stay in the ball
#
# *This section is optional, and worth no points towards the base score.*
#
# **The idea.** A penalty does not confine the weights. If they *must* stay in the l1 ball, bring them back after
# each gradient step, to the nearest point of the ball. That is **projected gradient descent**.
#
# We look for the point $u$ with $\lVert u\rVert_1 \le r$ that is nearest to $v$; $r > 0$ is the **radius**. If $v$
# is in the ball, it is $v$ itself. If not, $u$ lies on the edge, and it is again a soft threshold,
# $u = S_\theta(v)$, with the $\theta > 0$ (theta) at which $\lVert S_\theta(v)\rVert_1 = r$. Why? By Lagrange's
# rule, $u$ minimizes $\tfrac12\lVert u - v\rVert_2^2 + \theta\lVert u\rVert_1$ for some $\theta$, and section 5
# solved that for each entry.
#
# To find $\theta$, Duchi and others (2008) sort. Let $\mu_1 \ge \mu_2 \ge \dots \ge \mu_D$ (mu) be the sizes
# $|v_j|$ in decreasing order. If exactly the first $k$ survive, then $\sum_{i \le k} (\mu_i - \theta) = r$, so
#
# $$\theta_k = \frac{1}{k}\left(\sum_{i=1}^{k} \mu_i - r\right)$$
#
# The right $k$ is the largest one whose last entry does survive: $\mu_k > \theta_k$.
#
# ### Exercise: `project_l1_ball` ★


# %% kind="answer" grade_id="project_l1_ball" star=true
def project_l1_ball(v, radius=1.0):
    """Return the point of the l1 ball around 0 that lies nearest to v.

    v: (D,). It stays as it is.
    radius: the ball contains all u with an l1 norm of at most the radius, which is positive.
    Returns an array (D,).
    """
    ### BEGIN SOLUTION
    if np.abs(v).sum() <= radius:
        return v.copy()
    mu = np.sort(np.abs(v))[::-1]
    thetas = (np.cumsum(mu) - radius) / np.arange(1, len(v) + 1)
    theta = thetas[np.nonzero(mu > thetas)[0][-1]]
    return np.sign(v) * np.maximum(np.abs(v) - theta, 0.0)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# `np.sort(a)[::-1]` sorts in decreasing order. `np.cumsum` gives the sums for all $k$ at once, so all $\theta_k$
# are one array. You may also find $\theta$ by bisection, if you take enough steps.
#
# </details>

# %% kind="test" grade_id="project_l1_ball_visible" points=0
check("project_l1_ball", project_l1_ball)

# %% kind="test" grade_id="project_l1_ball_hidden" points=0
# Your teacher's hidden checks of project_l1_ball run here.
### BEGIN HIDDEN TESTS
check_hidden("project_l1_ball", project_l1_ball)
### END HIDDEN TESTS

# %% [markdown]
# ### Experiment: never outside
#
# These are the two columns and the diamond of section 5 again, with another start. Projected descent first moves
# the start into the ball. It converges to the same point as the penalty, on a path that never leaves the ball.

# %% kind="experiment"
start = (2.3, -1.3)
by_penalty = penalised_path(1.0, 1.1, start)
radius = np.abs(by_penalty[-1]).sum()
path = [project_l1_ball(np.array(start), radius)]
for _ in range(400):
    path.append(project_l1_ball(path[-1] - 0.3 * tilted @ (path[-1] - free), radius))
ball = radius * circle / np.abs(circle).sum(axis=1)[:, None]

with plots.style():
    fig, ax = plt.subplots(figsize=(7.5, 4.6))
    touched = 0.5 * (path[-1] - free) @ tilted @ (path[-1] - free)
    ax.contour(across, up, squares, levels=touched * np.array([0.1, 0.4, 1.0, 2.0]), colors="0.5")
    ax.fill(*ball.T, color=plots.COLORS[5], alpha=0.35, label="the ball")
    ax.plot(*by_penalty.T, "o-", color=plots.COLORS[1], markersize=4, label="penalty")
    ax.plot(*np.transpose(path), "s--", color=plots.COLORS[0], markersize=4, label="projection")
    ax.plot(*free, "*", color="black", markersize=15, linestyle="none", label="free optimum")
    ax.set(
        title="A penalty lets the weights leave the ball, a projection does not",
        xlabel="$w_1$",
        ylabel="$w_2$",
        xlim=(-1.6, 2.6),
        ylim=(-1.6, 2.6),
        aspect="equal",
        xticks=(-1, 0, 1, 2),
    )
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.02))
plt.show()
print(f"The two ends are {np.linalg.norm(path[-1] - by_penalty[-1]):.0e} apart.")

# %% [markdown]
# ## Summary
#
# - A training error says little. Set examples aside and look at the validation error.
# - In higher dimensions distances grow and concentrate. What counts is the dimension of the data, not the number of
#   columns; only an experiment shows whether it hurts.
# - Ridge shrinks the weights together and has a closed form. Lasso makes weights exactly 0, since its penalty has a
#   kink.
# - Sum or mean of squares, half or no half: a lambda means nothing without its formula. The intercept is not
#   penalized.
# - The penalized optimum is where an ellipse of the loss touches the ball.
# - Weight decay is an l2 penalty for plain SGD, and not for SGD with momentum or for Adam.
# - Early stopping watches the validation loss with patience, and returns the best weights, not the last.
#
# ## References
#
# - A. Hoerl and R. Kennard (1970), *Ridge regression: biased estimation for nonorthogonal problems*.
# - R. Tibshirani (1996), *Regression shrinkage and selection via the lasso*.
# - L. Prechelt (1998), *Early stopping, but when?*
# - K. Beyer, J. Goldstein, R. Ramakrishnan and U. Shaft (1999), *When is "nearest neighbor" meaningful?*
# - I. Daubechies, M. Defrise and C. De Mol (2004), *An iterative thresholding algorithm for linear inverse problems
#   with a sparsity constraint*.
# - H. Zou and T. Hastie (2005), *Regularization and variable selection via the elastic net*.
# - J. Duchi, S. Shalev-Shwartz, Y. Singer and T. Chandra (2008), *Efficient projections onto the l1-ball for learning
#   in high dimensions*.
# - I. Goodfellow, Y. Bengio and A. Courville (2016), *Deep Learning*, chapter 7.
# - M. Belkin, D. Hsu, S. Ma and S. Mandal (2019), *Reconciling modern machine-learning practice and the classical
#   bias-variance trade-off*. Double descent.
# - D. Arpit and others (2017), *A closer look at memorization in deep networks*.
# - I. Loshchilov and F. Hutter (2019), *Decoupled weight decay regularization*.
#
# Next: [part two, more data by augmentation](../02b_augmentation/02b_augmentation.ipynb).
