# %% [markdown] writes="line search, Hessian-vector products, conjugate gradients, BFGS and L-BFGS"
# # Second-order methods, part two: curvature without the Hessian
#
# *About four hours. You need part one (07a): Taylor models, Newton's step, and why the Hessian is too large.*
#
# When you are done you can
#
# - choose the length of a step by a line search, and say what it guarantees;
# - multiply the Hessian by an array without ever forming it;
# - solve for Newton's direction by conjugate gradients, using only these products;
# - build an inverse Hessian from gradients (BFGS), and do it in little memory (L-BFGS);
# - compare five methods on real data, in steps and in seconds;
# - say what goes wrong with all of this on mini-batches.
#
# ## Why this matters
#
# Newton's method needs few steps, but for $D$ weights each step needs a matrix with $D^2$ entries and a solve with
# $D^3$ operations. Do we need the matrix? Look at the figure. It shows the *gradient* of a function of one weight. The
# curvature is the slope of this curve, and two gradients at two points already give it approximately: it is the slope
# of the line through both. So we can get the curvature from gradients, which we compute anyway. Everything in this
# notebook follows from that.

# %% kind="setup" grade_id="imports"
import time

import matplotlib.pyplot as plt
import numpy as np
from threadpoolctl import threadpool_limits

from course_utils import data, landscapes, networks, plots
from course_utils.checks import check, check_hidden
from course_utils.explorers import explore
from course_utils.training import train


# %%
def slope_of(w):
    return np.tanh(1.5 * w) + 0.35 * w


with plots.style():
    fig, ax = plt.subplots(figsize=(7.5, 3.8))
    line = np.linspace(-1.2, 1.6, 200)
    ends = np.array([0.15, 0.65])
    secant = np.diff(slope_of(ends)) / np.diff(ends)
    ax.plot(line, slope_of(line), label="gradient $g(w)$")
    reach = np.array([-0.15, 0.95])
    ax.plot(
        reach,
        slope_of(ends[0]) + secant * (reach - ends[0]),
        color=plots.COLORS[1],
        linestyle="--",
        label="line through both: its slope\nis about the curvature",
    )
    ax.plot(ends, slope_of(ends), "o", color="black", label="two gradients")
    ax.set(
        title="Two gradients show the curvature between them",
        xlabel="weight $w$",
        ylabel="gradient",
    )
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.02))
plt.show()

# %% [markdown]
# Throughout, $w$ are the weights, of shape `(D,)`; $f$ is the loss; $g = \nabla f(w)$ is its gradient, `(D,)`; and
# $H$ is its Hessian at $w$, `(D, D)`. Newton's direction is $d = -H^{-1}g$, the solution of $Hd = -g$.
#
# ## 1. How far to go: a line search
#
# **The idea.** A good direction is not yet a good step: in part one Newton's step overshot on a smooth bowl. So try
# the whole step. If the loss does not fall by at least a fixed share of what the slope promises, try a shorter one.
#
# Let $d$ be the direction and $t > 0$ the **rate**, so that the new point is $w + t d$. Along $d$ the function starts
# with the slope $g^\top d$, which is negative if $d$ leads down. The linear model promises the decrease
# $-t\, g^\top d$. **Armijo's rule** (1966) accepts $t$ if the loss falls by at least the share $c$ of this:
#
# $$f(w + t d) \le f(w) + c\, t\, g^\top d, \qquad 0 < c < 1$$
#
# **Backtracking** tries $t = 1, \beta, \beta^2, \dots$ with a factor $\beta < 1$ (`shrink`) and takes the first $t$
# that is accepted. It begins at 1 because this is the right rate for Newton's direction near a minimum. The usual $c$
# is tiny, $10^{-4}$: just enough to rule out steps that hardly descend.
#
# "Any decrease will do" is a common version, and it is wrong: the decreases may become so small that the path stops at
# a point where the slope is not zero. And the rule must reject a value that is not a number (NaN), which means that
# the step left the region where $f$ exists. SciPy's `line_search` requires more: Wolfe's second condition, on the
# slope at the new point, so that a step is not too short either.


# %% kind="answer" grade_id="backtracking"
def backtracking(f, w, grad, direction, shrink=0.5, c=1e-4, max_iter=50):
    """Return the first of the rates t = 1, shrink, shrink**2, ... that Armijo's rule accepts.

    The rule: f(w + t*direction) <= f(w) + c * t * (grad @ direction). If f is NaN it is not met.

    f: a function that takes an array (D,) and returns one number.
    w, grad, direction: arrays (D,); grad is the gradient of f at w.
    shrink: the factor from one rate to the next, between 0 and 1.
    c: the share of the promised decrease that is required.
    max_iter: how many rates are tried at most, including the rate 1.
    Returns one number, t. Raises ValueError, with a sentence, if grad @ direction is not
    negative, or if none of max_iter rates is accepted.
    """
    ### BEGIN SOLUTION
    slope = grad @ direction
    if slope >= 0:
        raise ValueError(f"The slope along the direction is {slope:g}: it must be negative.")
    start = f(w)
    t = 1.0
    for _ in range(max_iter):
        if f(w + t * direction) <= start + c * t * slope:
            return t
        t *= shrink
    raise ValueError(f"None of {max_iter} rates is accepted: is grad the gradient of f?")
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# Compute `f(w)` and the slope once, before the loop. In the loop, if the rule is met, return; if not, make `t`
# smaller. Check whether the rule *is* met, not whether it is broken: comparisons with NaN are always false.
#
# </details>

# %% kind="test" grade_id="backtracking_visible" points=1
check("backtracking", backtracking)

# %% kind="test" grade_id="backtracking_hidden" points=2
# Your teacher's hidden checks of backtracking run here.
### BEGIN HIDDEN TESTS
check_hidden("backtracking", backtracking)
### END HIDDEN TESTS

# %% kind="test" grade_id="backtracking_arguments" points=1
check("backtracking", backtracking, part="arguments")
# Your teacher's hidden checks of backtracking's arguments run here.
### BEGIN HIDDEN TESTS
check_hidden("backtracking", backtracking, part="arguments")
### END HIDDEN TESTS

# %% [markdown]
# ### Experiment: two values of c
#
# We are on the wall of Rosenbrock's valley and look along the steepest way down. The curve is the loss along that
# line. A rate is accepted if the curve is below the straight bound there. The dots are the rates that your function
# returns.

# %% kind="experiment"
rosenbrock = landscapes.rosenbrock()
w = np.array([-0.6, 0.9])
g = rosenbrock.gradient(w)
d = -g / np.linalg.norm(g)

with plots.style():
    fig, ax = plt.subplots()
    t = np.linspace(0, 1.05, 200)
    ax.plot(
        t,
        rosenbrock.value(w + t[:, None] * d),
        color="black",
        linestyle="-",
        label="loss along the direction",
    )
    for i, c in enumerate((1e-4, 0.5)):
        look = {"color": plots.COLORS[i], "linestyle": ("--", "-.")[i]}
        ax.plot(t, rosenbrock.value(w) + c * t * (g @ d), label=f"bound for c = {c:g}", **look)
        rate = backtracking(rosenbrock.value, w, g, d, shrink=0.8, c=c)
        ax.plot(
            rate,
            rosenbrock.value(w + rate * d),
            "os"[i],
            color=plots.COLORS[i],
            markersize=10,
            label=f"accepted, t = {rate:.2f}",
        )
    ax.set(
        title="A larger c requires a shorter step",
        xlabel="rate $t$",
        ylabel="loss",
        ylim=(0, 60),
    )
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.02))
plt.show()

# %% [markdown]
# ## 2. The Hessian times an array
#
# **The idea.** $Hv$ says how the gradient changes along $v$. So measure exactly that: take two gradients at points
# that are a little apart along $v$.
#
# Taylor's formula for the gradient is $\nabla f(w + hv) = g + h\,Hv + \dots$, with a small number $h$. Take the
# central difference, as in part one, so that the next term cancels:
#
# $$Hv \approx \frac{\nabla f(w + hv) - \nabla f(w - hv)}{2h}$$
#
# This takes two gradients and two arrays of size $D$, for any $D$. It forms no matrix. (Frameworks get $Hv$ exactly,
# at about the same cost, by differentiating $g^\top v$: Pearlmutter 1994; `torch.autograd.functional.hvp`.)


# %% kind="answer" grade_id="hessian_vector_product"
def hessian_vector_product(gradient, w, v, h=1e-5):
    """Return the Hessian at w times v, by a central difference of gradients along v.

    gradient: a function that takes an array (D,) and returns the gradient there, (D,). It is
        called exactly twice, at w + h*v and at w - h*v.
    w, v: arrays (D,).
    h: how far to move, in units of v.
    Returns an array (D,).
    """
    ### BEGIN SOLUTION
    return (gradient(w + h * v) - gradient(w - h * v)) / (2 * h)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# It is the formula of `numerical_gradient` from part one, with `gradient` instead of `f`, and `v` instead of an axis.
#
# </details>

# %% kind="test" grade_id="hessian_vector_product_visible" points=1
check("hessian_vector_product", hessian_vector_product)

# %% kind="test" grade_id="hessian_vector_product_hidden" points=2
# Your teacher's hidden checks of hessian_vector_product run here.
### BEGIN HIDDEN TESTS
check_hidden("hessian_vector_product", hessian_vector_product)
### END HIDDEN TESTS

# %% [markdown]
# ### Experiment: a million weights
#
# This is Rosenbrock's function in a million dimensions. Its Hessian would take 8 terabytes. The product takes only a
# moment.

# %% kind="experiment"
many = landscapes.rosenbrock(1_000_000)
rng = np.random.default_rng(0)
w, v = rng.normal(size=(2, 1_000_000))
begin = time.perf_counter()
product = hessian_vector_product(many.gradient, w, v)
terabytes = 1_000_000**2 * 8 / 1e12
print(f"{time.perf_counter() - begin:.2f} s for a product with a Hessian of {terabytes:.0f} TB")

small = landscapes.rosenbrock(50)
error = hessian_vector_product(small.gradient, w[:50], v[:50]) - small.hessian(w[:50]) @ v[:50]
print(
    f"Relative error in 50 dimensions, against the exact Hessian: "
    f"{np.linalg.norm(error) / np.linalg.norm(small.hessian(w[:50]) @ v[:50]):.1g}"
)

# %% [markdown]
# ## 3. Conjugate gradients
#
# **The idea.** Solve $Hx = b$ like a descent into a bowl, but choose the directions so that a later step never spoils
# the work of an earlier one. The method needs only products of $H$ with arrays.
#
# For a positive definite $H$ (all eigenvalues positive) the solution is the lowest point of
# $q(x) = \tfrac12 x^\top H x - b^\top x$, since its gradient is $Hx - b$. The **residual** $r = b - Hx$ is the
# steepest way down. **Conjugate gradients** (Hestenes & Stiefel 1952) start from $x = 0$, so $r = b$, with the first
# direction $p = r$, and repeat:
#
# $$\alpha = \frac{r^\top r}{p^\top H p}, \qquad x \leftarrow x + \alpha p, \qquad r_\text{new} = r - \alpha H p, \qquad
# p \leftarrow r_\text{new} + \frac{r_\text{new}^\top r_\text{new}}{r^\top r}\, p$$
#
# **Where $\alpha$ comes from.** Along $p$, $q(x + \alpha p)$ is a parabola in $\alpha$ with slope $-r^\top p$ at 0 and
# curvature $p^\top H p$. Its lowest point is at $\alpha = r^\top p / p^\top H p$. And $r^\top p = r^\top r$: $p$ is
# $r$ plus a multiple of the last direction, along which the last step left no slope.
#
# **Where the last factor, $\beta$, comes from.** With $p_\text{new} = r_\text{new} + \beta p$ we require
# $p_\text{new}^\top H p = 0$: the directions are **conjugate**. Then a step along $p_\text{new}$ leaves the slope
# along $p$ at zero. This gives $\beta = -r_\text{new}^\top H p / p^\top H p$. Now insert
# $Hp = (r - r_\text{new})/\alpha$ and use that $r_\text{new}$ is at right angles to $r$:
# $\beta = r_\text{new}^\top r_\text{new} / r^\top r$.
#
# In exact arithmetic at most $D$ iterations are needed, since there are no more than $D$ conjugate directions. Good
# news: you need at most as many iterations as $H$ has *different* eigenvalues, and the result is often good enough
# long before that. (After $k$ iterations the residual is a polynomial of degree $k$ in $H$ times $b$, the best such
# polynomial with the value 1 at 0. One root at each eigenvalue makes it zero.)
#
# **When to stop.** As soon as $\|r\| \le \mathtt{tol} \cdot \|b\|$: far from the minimum, a rough direction will do.
# And if $p^\top H p \le 0$, there is no lowest point along $p$. Then return what we have: the current $x$, or, if this
# happens in the first iteration, $b$ itself. With $b = -g$ that is steepest descent, so the result always leads down.
# (Nocedal & Wright 2006, algorithm 7.1. SciPy's `Newton-CG` returns a multiple of $b$ in that case, and measures $r$
# by the sum of its absolute values.)


# %% kind="answer" grade_id="conjugate_gradient"
def conjugate_gradient(hvp, b, tol, max_iter):
    """Return an approximate solution x of H x = b, by conjugate gradients from x = 0.

    hvp: a function that takes v (D,) and returns H v (D,). It is called once in each iteration.
    b: the right side, (D,).
    tol: stop, before the next iteration, when norm(b - H x) <= tol * norm(b).
    max_iter: the largest number of iterations.
    Returns an array (D,). If a direction p has p @ H @ p <= 0, returns the x from before this
    iteration; if it is the first iteration, returns b.
    """
    ### BEGIN SOLUTION
    x, r, p = np.zeros(len(b)), b, b
    for i in range(max_iter):
        if np.linalg.norm(r) <= tol * np.linalg.norm(b):
            break
        Hp = hvp(p)
        if p @ Hp <= 0:
            return b.copy() if i == 0 else x
        alpha = (r @ r) / (p @ Hp)
        x = x + alpha * p
        new = r - alpha * Hp
        p = new + (new @ new) / (r @ r) * p
        r = new
    return x
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# Write one loop. Store `Hp = hvp(p)`, because you need it three times. Keep the old residual until you have the new
# direction. `x = x + ...` makes a new array; `x += ...` would change `b` if `x`, `r` or `p` is the same array.
#
# </details>

# %% kind="test" grade_id="conjugate_gradient_visible" points=1
check("conjugate_gradient", conjugate_gradient)

# %% kind="test" grade_id="conjugate_gradient_hidden" points=2
# Your teacher's hidden checks of conjugate_gradient run here.
### BEGIN HIDDEN TESTS
check_hidden("conjugate_gradient", conjugate_gradient)
### END HIDDEN TESTS

# %% [markdown]
# ### Predict, then run: how many iterations?
#
# $H$ is a symmetric 100 by 100 matrix. Fifty of its eigenvalues are 1, thirty are 10 and twenty are 200. The right
# side $b$ is drawn at random. In exact arithmetic, after how many iterations do conjugate gradients have the
# solution? Answer before you run the experiment below.

# %% kind="answer" grade_id="cg_iterations"
# One number.
cg_iterations = None
### BEGIN SOLUTION
eigenvalues = {1, 10, 200}
cg_iterations = len(eigenvalues)
### END SOLUTION

# %% [markdown]
# <details><summary>Hint</summary>
#
# Read the sentence that begins with "Good news" again.
#
# </details>

# %% kind="test" grade_id="cg_iterations_visible" points=0
check("cg_iterations", cg_iterations)

# %% kind="test" grade_id="cg_iterations_hidden" points=2
# Your teacher's hidden checks of cg_iterations run here.
### BEGIN HIDDEN TESTS
check_hidden("cg_iterations", cg_iterations)
### END HIDDEN TESTS

# %% kind="experiment"
rng = np.random.default_rng(0)
Q = np.linalg.qr(rng.normal(size=(100, 100)))[0]
b = rng.normal(size=100)
spectra = {
    "three different eigenvalues": np.repeat([1.0, 10.0, 200.0], [50, 30, 20]),
    "100 between 1 and 200": np.geomspace(1.0, 200.0, 100),
}
curves = {}
for name, eigenvalues in spectra.items():
    H = (Q * eigenvalues) @ Q.T
    solutions = [conjugate_gradient(lambda v, H=H: H @ v, b, 1e-14, k) for k in range(31)]
    curves[f"conjugate gradients,\n{name}"] = [
        np.linalg.norm(b - H @ x) / np.linalg.norm(b) for x in solutions
    ]
x, steepest = np.zeros(100), []
for _ in range(31):
    r = b - H @ x
    steepest.append(np.linalg.norm(r) / np.linalg.norm(b))
    x = x + (r @ r) / (r @ H @ r) * r
curves["steepest descent,\n100 between 1 and 200"] = steepest

plots.plot_losses(
    curves,
    title="The eigenvalues decide how fast conjugate gradients converge",
    x="iteration",
    y="residual, relative to $b$",
)
plt.show()

# %% [markdown]
# The condition number is 200 for all three curves. For steepest descent, with the best rate in every step, only this
# number counts. For conjugate gradients it matters how they lie between the two ends. (With three different ones, what
# is left after the third iteration is rounding.)
#
# **Newton-CG.** Put the pieces together: $b = -g$, products by `hessian_vector_product`, the direction by
# `conjugate_gradient`, the rate by `backtracking`. This is Newton's method without the Hessian. It takes part in the
# race below.
#
# ## 4. BFGS: learn the inverse Hessian on the way
#
# **The idea.** Each step gives two gradients, and so some information about the curvature along that step. Collect
# this in a matrix that approximates the *inverse* Hessian. Then a direction is one product, and there is nothing to
# solve.
#
# After a step, let
#
# - $s = w_\text{new} - w$ be the step, `(D,)`;
# - $y = g_\text{new} - g$ be the change of the gradient, `(D,)`.
#
# For a quadratic, $y = Hs$. So an estimate $B$ of the inverse Hessian should give $B y = s$: the **secant condition**.
# Many matrices satisfy it. BFGS (Broyden, Fletcher, Goldfarb, Shanno, all in 1970) takes the one that changes the old
# $B$ least, in a certain norm:
#
# $$B_\text{new} = V B\, V^\top + \frac{s s^\top}{s^\top y}, \qquad V = I - \frac{s y^\top}{s^\top y}$$
#
# Here $s y^\top$ is a matrix, entry $(i, j)$ being $s_i y_j$, while $s^\top y$ is one number.
#
# **Check it.** $V^\top y = y - y\,(s^\top y)/(s^\top y) = 0$, so that $B_\text{new}\, y = 0 + s$. The secant
# condition holds. And for any array $x$,
# $x^\top B_\text{new}\, x = (V^\top x)^\top B\,(V^\top x) + (s^\top x)^2 / s^\top y$. If $B$ is positive definite and
# $s^\top y > 0$, both parts are at least zero, and not both are zero at once. So $B_\text{new}$ is positive definite,
# and $-Bg$ always leads down.
#
# **When $s^\top y \le 0$,** the curvature along the step was not positive. Then $B_\text{new}$ would not be positive
# definite, so we **skip** the pair: $B$ stays as it is. On a bowl this cannot happen; on other functions Armijo's rule
# alone does not exclude it (Wolfe's does).
#
# Books also give the *direct* form, which updates the Hessian itself,
# $H + yy^\top/(y^\top s) - Hss^\top H/(s^\top H s)$. Do not mix them up.


# %% kind="answer" grade_id="bfgs_update"
def bfgs_update(H_inv, s, y):
    """Return the BFGS update of an inverse Hessian (the inverse form).

    H_inv: the estimate so far, (D, D), symmetric and positive definite.
    s: the step, new weights minus old ones, (D,).
    y: the new gradient minus the old one, (D,).
    Returns an array (D, D); if s @ y <= 0 it equals H_inv.
    """
    ### BEGIN SOLUTION
    if s @ y <= 0:
        return H_inv
    V = np.eye(len(s)) - np.outer(s, y) / (s @ y)
    return V @ H_inv @ V.T + np.outer(s, s) / (s @ y)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# `np.outer(s, y)` is the matrix $s y^\top$; `s @ y` is the number $s^\top y$. Test your result:
# `bfgs_update(H_inv, s, y) @ y` should be `s`.
#
# </details>

# %% kind="test" grade_id="bfgs_update_visible" points=1
check("bfgs_update", bfgs_update)

# %% kind="test" grade_id="bfgs_update_hidden" points=2
# Your teacher's hidden checks of bfgs_update run here.
### BEGIN HIDDEN TESTS
check_hidden("bfgs_update", bfgs_update)
### END HIDDEN TESTS

# %% [markdown]
# Written with whole matrix products, the update takes about $D^3$ operations. Multiplied out, with the array $u = By$,
# it takes about $D^2$:
#
# $$B_\text{new} = B + \left(1 + \frac{y^\top u}{s^\top y}\right)\frac{ss^\top}{s^\top y} -
# \frac{u s^\top + s u^\top}{s^\top y}$$
#
# The checks accept both.
#
# ### Experiment: the inverse, one curvature at a time
#
# We take a quadratic in six dimensions, with curvatures from 2 to 200. BFGS starts from $B = I$ and takes the best
# rate along each direction. If $B$ were the exact inverse, all eigenvalues of $BH$ would be 1.

# %% kind="experiment"
rng = np.random.default_rng(4)
Q = np.linalg.qr(rng.normal(size=(6, 6)))[0]
H = (Q * np.geomspace(2, 200, 6)) @ Q.T
w, B = rng.normal(size=6), np.eye(6)
eigenvalues = []
for _ in range(7):
    eigenvalues.append(np.sort(np.linalg.eigvals(B @ H).real))
    d = -B @ (H @ w)
    t = -(d @ H @ w) / (d @ H @ d) if np.linalg.norm(d) > 1e-10 else 0.0
    w, B = w + t * d, bfgs_update(B, t * d, t * H @ d)

with plots.style():
    fig, ax = plt.subplots()
    for k, values in enumerate(eigenvalues):
        ax.plot(np.full(6, k), values, "o", color=plots.COLORS[0])
    ax.axhline(1.0, color="black", linewidth=1.2, linestyle="--")
    ax.set(
        yscale="log",
        xlabel="updates so far",
        ylabel="eigenvalues of $BH$",
        title="Each update brings one more eigenvalue to 1;\nafter six, the inverse is exact",
    )
plt.show()

# %% [markdown]
# ### Experiment: BFGS in Rosenbrock's valley
#
# A method is now a rule for the direction. All methods share the loop below, here and in the race. It ends when the
# gradient is small, or when no rate is accepted, which happens when the decrease is smaller than the rounding error.


# %% kind="experiment"
def minimize(f, gradient, w, direction_of, steps, small=1e-6):
    """Walk by direction_of(w, grad, s, y), where s and y are None at first; return the path and the
    seconds since the start.
    """
    grad, s, y = gradient(w), None, None
    path, clock, begin = [w], [0.0], time.perf_counter()
    while len(path) <= steps and np.linalg.norm(grad) > small:
        direction = direction_of(w, grad, s, y)
        try:
            rate = backtracking(f, w, grad, direction)
        except ValueError:
            break
        s = rate * direction
        w, old = w + s, grad
        grad = gradient(w)
        y = grad - old
        path.append(w)
        clock.append(time.perf_counter() - begin)
    return np.array(path), np.array(clock)


def steepest_descent():
    return lambda w, grad, s, y: -grad


def bfgs(dim):
    B = np.eye(dim)

    def direction_of(w, grad, s, y):
        nonlocal B
        if s is not None:
            # Before the first update, B takes the scale of the curvature along the first step.
            if np.array_equal(B, np.eye(dim)) and s @ y > 0:
                B = B * (s @ y) / (y @ y)
            B = bfgs_update(B, s, y)
        return -B @ grad

    return direction_of


walks = {
    "gradient descent": minimize(
        rosenbrock.value, rosenbrock.gradient, rosenbrock.start, steepest_descent(), 200
    )[0],
    "BFGS": minimize(rosenbrock.value, rosenbrock.gradient, rosenbrock.start, bfgs(2), 200)[0],
}
steps = len(walks["BFGS"]) - 1
plots.plot_paths(
    rosenbrock, {"BFGS": walks["BFGS"]}, title=f"{steps} steps of BFGS through the valley"
)
plots.plot_losses(
    {name: rosenbrock.value(path) for name, path in walks.items()},
    title="BFGS has arrived; gradient descent still crawls",
    x="step",
)
plt.show()

# %% [markdown]
# Both use the same line search, and both use only gradients. (Gradient descent jumps once: Armijo's rule lets a very
# long step pass that happens to land in the other arm of the valley, close to the minimum. Then it crawls again.)
#
# ## 5. L-BFGS: the same in little memory
#
# **The idea.** BFGS stores a matrix of $D^2$ numbers. But that matrix is made of the pairs $(s, y)$. Keep the last
# $m$ pairs instead, and compute $Bg$ from them directly. With $m = 10$ this is $20 D$ numbers.
#
# **The derivation.** Write $\rho = 1/s^\top y$ and let $B_\text{new} = V B V^\top + \rho\, s s^\top$ be the update by
# the *newest* pair. We want $B_\text{new}\, q$ for an array $q$.
#
# 1. $V^\top q = q - \rho\,(s^\top q)\, y = q - \alpha y$, with the number $\alpha = \rho\, s^\top q$.
# 2. Let $z = B\,(q - \alpha y)$. This is the same task with one pair fewer.
# 3. $B_\text{new}\, q = V z + \rho\, s\,(s^\top q) = z - \rho\,(y^\top z)\, s + \alpha s = z + (\alpha - \beta)\, s$,
#    with the number $\beta = \rho\, y^\top z$.
#
# So a pair acts twice: before the inner task it subtracts $\alpha y$, and after it, it adds $(\alpha - \beta) s$.
# Unroll this for all pairs, and you get **two loops** (Nocedal 1980):
#
# - start with $q = g$; from the **newest** pair to the **oldest**: $\alpha_k = \rho_k\, s_k^\top q$, then
#   $q \leftarrow q - \alpha_k y_k$;
# - in the middle comes the first guess of the inverse, $z = \gamma q$;
# - from the **oldest** pair to the **newest**: $\beta_k = \rho_k\, y_k^\top z$, then
#   $z \leftarrow z + (\alpha_k - \beta_k)\, s_k$.
#
# The direction is $-z$. For the first guess take $\gamma = s^\top y / y^\top y$ of the *newest* pair: on a quadratic
# it lies between the smallest and the largest eigenvalue of the inverse Hessian, so that the rate 1 is usually
# accepted. Without pairs, the direction is $-g$. PyTorch's `LBFGS` does exactly this. SciPy's `LbfgsInvHessProduct`
# has the two loops without $\gamma$.


# %% kind="answer" grade_id="lbfgs_direction"
def lbfgs_direction(grad, s_list, y_list):
    """Return the L-BFGS direction, minus the inverse Hessian of the pairs times the gradient, by
    two loops.

    grad: the gradient at the current point, (D,).
    s_list, y_list: lists of equal length with the steps and the changes of the gradient, arrays
        (D,), the oldest pair first; each pair has s @ y > 0. The lists are not changed; they may be
        empty.
    Returns an array (D,): the direction to go. With empty lists it is -grad.
    """
    ### BEGIN SOLUTION
    q, alphas = grad, []
    for s, y in zip(s_list[::-1], y_list[::-1]):
        alphas.append((s @ q) / (s @ y))
        q = q - alphas[-1] * y
    z = -q * (s_list[-1] @ y_list[-1]) / (y_list[-1] @ y_list[-1]) if s_list else -q
    for s, y, alpha in zip(s_list, y_list, alphas[::-1]):
        z = z - (alpha + (y @ z) / (s @ y)) * s
    return z
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# `reversed(range(len(s_list)))` counts down. Each pair needs its own alpha again in the second loop: keep the alphas
# in a list, and watch its order. `list.pop()` on `s_list` would change the caller's list.
#
# </details>

# %% kind="test" grade_id="lbfgs_direction_visible" points=1
check("lbfgs_direction", lbfgs_direction)

# %% kind="test" grade_id="lbfgs_direction_hidden" points=2
# Your teacher's hidden checks of lbfgs_direction run here.
### BEGIN HIDDEN TESTS
check_hidden("lbfgs_direction", lbfgs_direction)
### END HIDDEN TESTS

# %% [markdown]
# ## 6. The race: five methods on handwritten digits
#
# Softmax regression on the 1797 digits: 64 pixels and a constant, 10 classes, so $D = 650$ weights. The loss is the
# mean cross-entropy plus a penalty of $\tfrac12 \cdot 10^{-3} \|w\|^2$, a bowl with one minimum. With 650 weights the
# Hessian still fits in memory, so Newton can take part. All methods share the line search, and each step uses the full
# data set.

# %% kind="experiment"
threadpool_limits(1)  # from here on one processor core, which makes times comparable
digits = data.digits()
X = np.hstack([digits.X, np.ones((len(digits), 1))])
labels, PENALTY = digits.y, 1e-3


def loss(w, rows=slice(None)):
    scores = X[rows] @ w.reshape(65, 10)
    return networks.cross_entropy(scores, labels[rows])[0] + 0.5 * PENALTY * w @ w


def gradient(w, rows=slice(None)):
    by_scores = networks.cross_entropy(X[rows] @ w.reshape(65, 10), labels[rows])[1]
    return (X[rows].T @ by_scores).ravel() + PENALTY * w


def hessian(w):
    p = networks.softmax(X @ w.reshape(65, 10))
    H = np.zeros((65, 10, 65, 10))
    for j in range(10):
        for k in range(j + 1):
            weight = p[:, j] * ((j == k) - p[:, k])
            H[:, j, :, k] = H[:, k, :, j] = (X * weight[:, None]).T @ X / len(X)
    return H.reshape(650, 650) + PENALTY * np.eye(650)


def newton():
    return lambda w, grad, s, y: -np.linalg.solve(hessian(w), grad)


def newton_cg():
    def direction_of(w, grad, s, y):
        tol = min(0.5, np.sqrt(np.linalg.norm(grad)))  # rough at first, finer near the minimum
        return conjugate_gradient(lambda v: hessian_vector_product(gradient, w, v), -grad, tol, 100)

    return direction_of


def lbfgs(memory):
    s_list, y_list = [], []

    def direction_of(w, grad, s, y):
        if s is not None and s @ y > 0:
            s_list.append(s)
            y_list.append(y)
            del s_list[:-memory], y_list[:-memory]
        return lbfgs_direction(grad, s_list, y_list)

    return direction_of


# %% kind="experiment"
methods = {
    "gradient descent": steepest_descent(),
    "Newton": newton(),
    "Newton-CG": newton_cg(),
    "BFGS": bfgs(650),
    "L-BFGS, 10 pairs": lbfgs(10),
}
race = {
    name: minimize(loss, gradient, np.zeros(650), method, 100, 1e-4)
    for name, method in methods.items()
}
values = {name: np.array([loss(w) for w in path]) for name, (path, _) in race.items()}
# More Newton steps from where Newton stopped: the lowest loss, to all digits.
bottom = race["Newton"][0][-1]
for _ in range(2):
    bottom = bottom - np.linalg.solve(hessian(bottom), gradient(bottom))
lowest = loss(bottom)

with plots.style():
    fig, axes = plt.subplots(1, 2, figsize=(10, 4.8), sharey=True)
    for i, (name, (_, clock)) in enumerate(race.items()):
        dashes = ("-", "--", "-.", ":", (0, (5, 1, 1, 1)))[i]
        look = {
            "color": plots.COLORS[i],
            "linestyle": dashes,
            "marker": "os^Dv"[i],
            "markevery": 0.15,
        }
        gap = values[name] - lowest
        axes[0].semilogy(np.arange(len(gap)), gap, label=name, **look)
        axes[1].semilogy(clock[1:], gap[1:], **look)
    axes[0].set(
        title="Fewest steps: Newton and Newton-CG", xlabel="step", ylabel="loss above the lowest"
    )
    axes[1].set(title="The same runs over time", xlabel="time (s)", xscale="log")
    fig.legend(loc="outside lower center", ncols=5)
plt.show()
for name, (_, clock) in race.items():
    left = values[name][-1] - lowest
    print(
        f"{name:18}{len(clock) - 1:5} steps, {clock[-1]:7.2f} s, loss above the lowest {left:.1e}"
    )

# %% [markdown]
# Gradient descent is far from done when it is stopped. Newton needs the fewest steps, but each is expensive: 650
# weights mean a Hessian of 422,500 entries. BFGS keeps a matrix of that size too; if your update multiplies whole
# matrices, with about $D^3$ operations, it is the slowest of all in seconds. Newton-CG and L-BFGS work without the
# matrix, and would also work with a million weights. Newton-CG takes few steps, but in each step every iteration of
# conjugate gradients needs two gradients; so do not compare methods by their steps alone.
#
# ### Experiment: how many pairs?

# %% kind="experiment"
memories = {
    m: minimize(loss, gradient, np.zeros(650), lbfgs(m), 250, 1e-4)[0] for m in (1, 3, 10, 30)
}
curves = {
    f"{m} pair{'s' * (m > 1)}": [loss(w) - lowest for w in path] for m, path in memories.items()
}
plots.plot_losses(
    {"gradient descent": values["gradient descent"] - lowest} | curves,
    title="L-BFGS: the first pair gives most of the gain",
    x="step",
    y="loss above the lowest",
)
plt.show()

# %% [markdown]
# Without any pair L-BFGS is gradient descent. One pair already gives the scale of the curvature and one direction;
# each further pair saves fewer steps than the one before.
#
# The panel runs your two functions in two dimensions, where you can see the paths. How many pairs are worth keeping
# here?

# %% kind="experiment"
explore("quasi_newton", backtracking, lbfgs_direction)

# %% [markdown]
# ### Question: what does each method store?
#
# How does the memory of each method grow with the number of weights? Like $D$ (a fixed number of arrays of shape
# `(D,)`), like $mD$ ($m$ pairs of them), or like $D^2$ (a matrix)? Take the methods as they are in the race, and think
# of $D$ as very large.

# %% kind="answer" grade_id="what_is_stored"
# A dict with "D", "m*D" or "D*D" for each of the five methods:
# {"gradient descent": "...", "Newton": "...", "Newton-CG": "...", "BFGS": "...", "L-BFGS": "..."}
what_is_stored = None
### BEGIN SOLUTION
what_is_stored = {
    "gradient descent": "D",
    "Newton": "D*D",
    "Newton-CG": "D",
    "BFGS": "D*D",
    "L-BFGS": "m*D",
}
### END SOLUTION

# %% [markdown]
# <details><summary>Hint</summary>
#
# Which of your functions takes or makes an array of shape `(D, D)`?
#
# </details>

# %% kind="test" grade_id="what_is_stored_visible" points=0
check("what_is_stored", what_is_stored)

# %% kind="test" grade_id="what_is_stored_hidden" points=2
# Your teacher's hidden checks of what_is_stored run here.
### BEGIN HIDDEN TESTS
check_hidden("what_is_stored", what_is_stored)
### END HIDDEN TESTS

# %% [markdown]
# ## 7. And on mini-batches?
#
# The pair $(s, y)$ takes a *difference* of gradients. At points close to each other the two true gradients differ
# little. But if they come from two mini-batches, their noise does not cancel. The loss of softmax regression is a
# bowl, so the true $s^\top y$ is positive for every step. The experiment measures how often it comes out negative.

# %% kind="experiment"
rng = np.random.default_rng(5)
w_now = memories[10][8]
s = -0.05 * gradient(w_now) / np.linalg.norm(gradient(w_now))
batch_sizes = np.array([8, 16, 32, 64, 128, 256, 512])
wrong = {"two mini-batches": [], "one mini-batch for both": []}
for size in batch_sizes:
    signs = {name: [] for name in wrong}
    for _ in range(200):
        first, second = (rng.choice(len(X), size, replace=False) for _ in range(2))
        signs["two mini-batches"].append(
            s @ (gradient(w_now + s, second) - gradient(w_now, first)) <= 0
        )
        signs["one mini-batch for both"].append(
            s @ (gradient(w_now + s, first) - gradient(w_now, first)) <= 0
        )
    for name, seen in signs.items():
        wrong[name].append(np.mean(seen))

with plots.style():
    fig, ax = plt.subplots()
    for i, (name, shares) in enumerate(wrong.items()):
        ax.semilogx(
            batch_sizes,
            shares,
            color=plots.COLORS[i],
            linestyle=("-", "--")[i],
            marker="os"[i],
            label=name,
        )
    ax.set(
        title="Two mini-batches hide the curvature in noise",
        xlabel="batch size (examples)",
        ylabel="share with $s^\\top y \\leq 0$",
        ylim=(-0.03, 0.6),
    )
    ax.legend()
plt.show()

# %% [markdown]
# With two small mini-batches the sign is close to a coin toss. With 512 examples, more than a quarter of all, it is
# still wrong about three times in ten. Taking both gradients on *the same* mini-batch helps (Schraudolph and others
# 2007), but costs a second gradient a step, and the curvature is still that of the mini-batch. This noise, together
# with the memory, is why large networks are trained by the methods of 05 and 06, whose diagonal scaling costs almost
# nothing. In between are methods that use the structure of a layer; two of them follow.
#
# ## 8. The same in PyTorch
#
# `torch.optim.LBFGS` needs the loss at several points in each `step`, for it takes up to `max_iter` iterations at
# once. So it gets a **closure**: a function that clears the gradients, computes the loss, calls `backward()` and
# returns the loss. The other optimizers need none. The next cell compares it with your `lbfgs_direction`, and a
# Hessian-vector product with yours, if PyTorch is installed.

# %% kind="experiment"
from course_utils.pytorch import compare_with_torch


@compare_with_torch
def lbfgs(torch):
    start = np.array([-1.2, 1.0])

    def f(w):
        return 100 * (w[1] - w[0] ** 2) ** 2 + (1 - w[0]) ** 2

    def gradient(w):
        return torch.func.grad(f)(torch.from_numpy(w)).numpy()

    def theirs(**settings):
        w = torch.tensor(start, requires_grad=True)
        optimizer = torch.optim.LBFGS([w], history_size=5, **settings)

        def closure():  # one step() asks for the loss at many places
            optimizer.zero_grad()
            loss = f(w)
            loss.backward()
            return loss

        optimizer.step(closure)
        return w

    def mine(steps, lr):
        w, g, s_list, y_list = start, gradient(start), [], []
        for step in range(steps):
            rate = lr if step else lr * min(1.0, 1 / np.abs(g).sum())  # PyTorch's first step
            new = w + rate * lbfgs_direction(g, s_list[-5:], y_list[-5:])
            s_list, y_list = [*s_list, new - w], [*y_list, gradient(new) - g]
            w, g = new, gradient(new)
        return w

    v, minimum = np.array([1.0, 2.0]), np.ones(2)
    product = torch.autograd.functional.vhp(f, torch.from_numpy(start), torch.from_numpy(v))[1]
    return {
        "LBFGS(lr=0.5, max_iter=6)": (mine(6, 0.5), theirs(lr=0.5, max_iter=6)),
        "autograd.functional.vhp": (hessian_vector_product(gradient, start, v), product),
        'the minimum, by line_search_fn="strong_wolfe"': (
            minimum, theirs(line_search_fn="strong_wolfe", max_iter=100, tolerance_change=0),
        ),
        "trap: the default max_iter=20, no line search": (minimum, theirs()),
    }


# %% [markdown]
# With PyTorch, the cell prints this:
#
# ```
# LBFGS(lr=0.5, max_iter=6)                      the same
# autograd.functional.vhp                        the same
# the minimum, by line_search_fn="strong_wolfe"  the same
# trap: the default max_iter=20, no line search  differs by up to 1.5
# ```
#
# Without a line search, PyTorch's steps are the rate times your direction. Only the first one is also divided by the
# sum of the gradient's absolute values, if that is above 1.
#
# The traps:
#
# - **No line search by default.** Each iteration takes the step `lr` unseen, and it may go uphill. Ask for
#   `line_search_fn="strong_wolfe"`, and do not set the rate.
# - **One closure, one set of data.** All calls inside a `step` must see the same examples: on mini-batches, the same
#   one. Section 7 showed what happens otherwise. And the closure must have no dropout, for the same reason.
# - **Few iterations.** `max_iter` is 20 for each `step`. On Rosenbrock's valley that is not enough.
#
# ## Going further ★: curvature layer by layer
#
# *This section is optional, and worth no points towards the base score.*
#
# A layer with weights $W$ of shape `(D_in, D_out)` has a curvature matrix with $(D_\text{in} D_\text{out})^2$
# entries. **K-FAC** (Martens & Grosse 2015) approximates it by a product of two small ones. For one example with layer
# input $a$, `(D_in,)`, and gradient $g$ of its own loss with respect to the layer's output, `(D_out,)`, the gradient
# with respect to $W$ is $a g^\top$. So the Fisher information, the mean of its products with itself, is the mean of
# $(aa^\top) \otimes (gg^\top)$. Here $\otimes$ is Kronecker's product (`np.kron`), and the weights are taken row by
# row. K-FAC replaces the mean of the products by the product of the means:
#
# $$F \approx A \otimes G, \qquad A = \frac1N \sum_n a_n a_n^\top, \qquad G = \frac1N \sum_n g_n g_n^\top$$
#
# It is exact if $aa^\top$ and $gg^\top$ are uncorrelated. The inverse is cheap,
# $(A \otimes G)^{-1} = A^{-1} \otimes G^{-1}$, and acts on the gradient $dW$ of shape `(D_in, D_out)` as
# $A^{-1}\, dW\, G^{-1}$. (In practice with damping.)
#
# Convention: a backward pass of the *mean* loss gives $g_n / N$, so multiply by $N$ first. And compute the $g_n$ with
# labels drawn from the model.


# %% kind="answer" grade_id="kfac_factors" star=true
def kfac_factors(a, g):
    """Return the two factors (A, G) of K-FAC for one layer.

    a: the layer's inputs, (N, D_in), one row for each example.
    g: the gradients with respect to the layer's outputs, (N, D_out), each of its own example's
    loss (not divided by N).
    Returns a tuple of arrays, A (D_in, D_in) and G (D_out, D_out).
    """
    ### BEGIN SOLUTION
    return a.T @ a / len(a), g.T @ g / len(g)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# A sum over examples of $a_n a_n^\top$ is one product of matrices.
#
# </details>

# %% kind="test" grade_id="kfac_factors_visible" points=0
check("kfac_factors", kfac_factors)

# %% kind="test" grade_id="kfac_factors_hidden" points=0
# Your teacher's hidden checks of kfac_factors run here.
### BEGIN HIDDEN TESTS
check_hidden("kfac_factors", kfac_factors)
### END HIDDEN TESTS

# %% [markdown]
# ### Experiment: how good is the product?
#
# We take softmax regression on the digits after some training, with eight of the pixels as inputs. The figure shows
# the Fisher information of its 80 weights, and the product of an 8 by 8 with a 10 by 10 matrix. Compare the patterns
# first, then the strength of the colours.

# %% kind="experiment"
pixels = [18, 19, 20, 21, 26, 28, 35, 36]
a = X[:, pixels]
scores = X @ w_now.reshape(65, 10)
p = networks.softmax(scores)
drawn = (rng.uniform(size=(len(p), 1)) < p.cumsum(axis=1)).argmax(axis=1)
g = p - np.eye(10)[drawn]
per_example = (a[:, :, None] * g[:, None, :]).reshape(len(a), -1)
fisher = per_example.T @ per_example / len(a)
A, G = kfac_factors(a, g)

with plots.style():
    fig, axes = plt.subplots(1, 2, figsize=(9.5, 4.4), layout="constrained")
    largest = np.abs(fisher).max()
    for ax, matrix, title in zip(
        axes, (fisher, np.kron(A, G)), ("Fisher information", "K-FAC: A ⊗ G")
    ):
        picture = ax.imshow(matrix, cmap="RdBu_r", vmin=-largest, vmax=largest)
        ax.set(title=title, xlabel="weight (pixel by pixel, 10 classes each)", ylabel="weight")
        ax.grid(False)
    fig.colorbar(picture, ax=axes, label="entry", shrink=0.8)
plt.show()
print(
    f"Numbers stored: {fisher.size} against {A.size + G.size}.",
    f"Relative difference: {np.linalg.norm(fisher - np.kron(A, G)) / np.linalg.norm(fisher):.2f}",
)

# %% [markdown]
# With 164 numbers instead of 6400 the pattern is right. The strength is only roughly right: if a pixel is bright and
# the label is uncertain *in the same example*, the product of the two means does not know it.
#
# **Shampoo** (Gupta, Koren & Singer 2018) needs only the mini-batch gradient $\mathcal{G}$ of a matrix $W$. It is
# AdaGrad with matrices: AdaGrad sums the squares of every entry; Shampoo sums $\mathcal{G}\mathcal{G}^\top$ for the
# rows and $\mathcal{G}^\top \mathcal{G}$ for the columns.
#
# $$L \leftarrow L + \mathcal{G}\mathcal{G}^\top, \qquad R \leftarrow R + \mathcal{G}^\top \mathcal{G}, \qquad
# W_\text{new} = W - \eta\, L^{-1/4}\, \mathcal{G}\, R^{-1/4}$$
#
# Both sums start from $\epsilon I$, and $\eta$ is the learning rate. To take a power of a symmetric positive definite
# matrix, you take it of the eigenvalues: $M^{-1/4} = Q\,\mathrm{diag}(\lambda^{-1/4})\,Q^\top$. The two sides with
# $-\tfrac14$ together give $-\tfrac12$, as in AdaGrad.


# %% kind="answer" grade_id="shampoo_step" star=true
def shampoo_step(W, grad, state, lr, eps=1e-4):
    """Return W after a Shampoo step, and the new state.

    W, grad: arrays (rows, columns).
    state: a dict, {} before the first step; then "L" (rows, rows) and "R" (columns, columns).
    lr: the learning rate.
    eps: the sums start from eps times the identity.
    Returns a tuple (W_new, state_new); W and state are not changed.
    """

    ### BEGIN SOLUTION
    def root(M):
        values, Q = np.linalg.eigh(M)
        return (Q * values**-0.25) @ Q.T

    L = state.get("L", eps * np.eye(len(W))) + grad @ grad.T
    R = state.get("R", eps * np.eye(len(W.T))) + grad.T @ grad
    return W - lr * root(L) @ grad @ root(R), {"L": L, "R": R}
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# Write a helper for $M^{-1/4}$ with `np.linalg.eigh`. Update the sums first, and use the new ones.
#
# </details>

# %% kind="test" grade_id="shampoo_step_visible" points=0
check("shampoo_step", shampoo_step)

# %% kind="test" grade_id="shampoo_step_hidden" points=0
# Your teacher's hidden checks of shampoo_step run here.
### BEGIN HIDDEN TESTS
check_hidden("shampoo_step", shampoo_step)
### END HIDDEN TESTS

# %% [markdown]
# ### Experiment: Shampoo on a digits network
#
# The network has one hidden layer of 32 units, and the mini-batches have 64 examples. A bias is treated as a matrix
# with one row. Each method gets the best of four rates.

# %% kind="experiment"
network = networks.MLP((64, 32, 10))
train_set, validation_set = data.split(digits.X, digits.y, (0.7, 0.3), np.random.default_rng(0))


def shampoo(w, grad, state, lr):
    matrix, state = shampoo_step(np.atleast_2d(w), np.atleast_2d(grad), state, lr)
    return matrix.reshape(w.shape), state


def adagrad(w, grad, state, lr):
    square = state.get("square", 0.0) + grad**2
    return w - lr * grad / (np.sqrt(square) + 1e-8), {"square": square}


def best_run(step, rates):
    runs = [
        train(
            network,
            network.initialize(np.random.default_rng(1)),
            train_set,
            step,
            rate,
            6,
            64,
            np.random.default_rng(2),
            validation=validation_set,
        )
        for rate in rates
    ]
    return min(runs, key=lambda run: run.train_losses[-1])


runs = {
    "SGD": best_run(lambda w, g, state, lr: (w - lr * g, state), (0.1, 0.3, 1.0, 2.0)),
    "AdaGrad": best_run(adagrad, (0.01, 0.03, 0.1, 0.3)),
    "Shampoo": best_run(shampoo, (0.03, 0.1, 0.3, 1.0)),
}
plots.plot_losses(
    {name: run.train_losses for name, run in runs.items()},
    title="Per epoch, Shampoo lowers the training loss fastest",
    x="epoch",
    y="training loss",
)
plt.show()
for name, run in runs.items():
    print(f"{name:8} validation accuracy {run.validation_accuracies[-1]:.3f}")

# %% [markdown]
# This figure counts epochs. In seconds a step of Shampoo costs more, because it computes eigenvalues; in practice this
# is done only once every few steps. And the lead is in the training loss: on the validation set AdaGrad does as well.
#
# ## Summary
#
# - A line search takes the first rate that gives a fixed share of the promised decrease. It rejects NaN.
# - Two gradients give the Hessian times an array.
# - Conjugate gradients solve with these products alone; the number of different eigenvalues matters. With a line
#   search this is Newton-CG.
# - BFGS learns the inverse Hessian from the pairs $(s, y)$, and skips a pair without positive curvature.
# - L-BFGS keeps only the last pairs, and needs two loops.
# - On mini-batches, differences of gradients are lost in noise.
#
# ## References
#
# - M. Hestenes and E. Stiefel (1952), *Methods of conjugate gradients for solving linear systems*.
# - L. Armijo (1966), *Minimization of functions having Lipschitz continuous first partial derivatives*.
# - C. Broyden; R. Fletcher; D. Goldfarb; D. Shanno (1970), four papers on one update.
# - J. Nocedal (1980), *Updating quasi-Newton matrices with limited storage*.
# - D. Liu and J. Nocedal (1989), *On the limited memory BFGS method for large scale optimization*.
# - B. Pearlmutter (1994), *Fast exact multiplication by the Hessian*.
# - J. Nocedal and S. Wright (2006), *Numerical Optimization*, chapters 3, 5, 6 and 7.
# - N. Schraudolph, J. Yu and S. Günter (2007), *A stochastic quasi-Newton method for online convex optimization*.
# - J. Martens (2010), *Deep learning via Hessian-free optimization*.
# - J. Martens and R. Grosse (2015), *Optimizing neural networks with Kronecker-factored approximate curvature*.
# - V. Gupta, T. Koren and Y. Singer (2018), *Shampoo: preconditioned stochastic tensor optimization*.
#
# Next: [the capstone](../08_capstone/08_capstone.ipynb), where all the parts train one network.
