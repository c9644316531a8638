# %% [markdown] writes="Taylor models, numerical derivatives, Newton and Gauss-Newton steps, what a Hessian costs"
# # Second-order methods, part one: Newton
#
# *About three hours. You need gradient descent (05) and a little linear algebra: matrix products, eigenvalues.*
#
# When you are done you can
#
# - replace a function near a point by a line and by a parabola, and say how wrong each is;
# - measure a gradient and a Hessian without a formula for them, and check a formula that way;
# - take a Newton step, and say why it ends at the bottom of a quadratic, and why it climbs to a saddle;
# - fix that with damping;
# - train a small network by Gauss-Newton;
# - say what a Hessian costs, and so why large networks are trained without one.
#
# ## Why this matters
#
# The gradient says which way is down *here*. It says nothing about how soon that will change. In a long narrow valley
# this is the whole problem: the steepest direction points across the valley, not along it, and a rate that is safe for
# the steep walls is far too small for the flat floor. The figure shows this. The gradient does not contain the
# *curvature*, that is, how the slope itself changes. A method that uses it is called a **second-order method**, and on
# a valley like this one it needs a single step.

# %% kind="setup" grade_id="imports"
import time

import matplotlib.pyplot as plt
import numpy as np
from threadpoolctl import threadpool_limits

from course_utils import data, landscapes, plots
from course_utils.checks import check, check_hidden
from course_utils.explorers import explore
from course_utils.training import descend, stateless

# %%
valley = landscapes.ravine(8.0, angle=0.5)
here = valley.start
slope = valley.gradient(here)

with plots.style():
    ax = plots.plot_contours(valley, title="The steepest direction does not lead to the minimum")
    arrow = {"angles": "xy", "scale_units": "xy", "scale": 1, "width": 0.008, "zorder": 4}
    ax.quiver(
        *here,
        *(-4 * slope / np.linalg.norm(slope)),
        color=plots.COLORS[1],
        label="steepest descent",
        **arrow,
    )
    ax.quiver(
        *here, *(valley.minimum - here), color=plots.COLORS[0], label="to the minimum", **arrow
    )
    ax.plot(*here, "o", color="black")
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.02))
plt.show()

# %% [markdown]
# ## 1. A line and a parabola
#
# **The idea.** Seen from very close, a smooth function looks like a line. Seen from a little further away, it looks
# like a parabola. Both are easy to work with, so we choose the step on this model instead of on the function.
#
# Let $f$ be a function of $D$ weights $w = (w_1, \dots, w_D)$; in training it is the loss. We are at $w$ and look at
# $w + d$, where $d$ is a **step**: an array of $D$ numbers. Taylor's theorem gives the two models:
#
# $$f(w + d) \approx f_0 + g^\top d \qquad\text{(linear model)}$$
#
# $$f(w + d) \approx f_0 + g^\top d + \tfrac12\, d^\top H d \qquad\text{(quadratic model)}$$
#
# - $f_0 = f(w)$ is the value at $w$, one number.
# - $g = \nabla f(w)$ is the **gradient** there, of shape `(D,)`: $g_i = \partial f / \partial w_i$.
# - $H$ is the **Hessian** there, of shape `(D, D)`: $H_{ij} = \partial^2 f / \partial w_i \partial w_j$. It is
#   symmetric, since the order of the two derivatives does not matter. $H_{ii}$ is the curvature along axis $i$.
# - $g^\top d = \sum_i g_i d_i$ is a product of two arrays, one number; so is $d^\top H d = \sum_{ij} d_i H_{ij} d_j$.
#
# Why the half? Take one weight and $f(w) = w^2$. At $w = 0$ we have $f_0 = 0$, $g = 0$ and $H = 2$. The model must
# give $d^2$, and $\tfrac12 \cdot 2 \cdot d^2$ does.
#
# Write the two models.


# %% kind="answer" grade_id="linear_model"
def linear_model(f0, g, d):
    """Return the linear model's value at the step d.

    f0: the function's value at w, one number.
    g: the gradient at w, (D,).
    d: the step, (D,).
    Returns one number.
    """
    ### BEGIN SOLUTION
    return f0 + g @ d
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# For two arrays of shape `(D,)`, `a @ b` multiplies entry by entry and adds up. The result is one number.
#
# </details>

# %% kind="test" grade_id="linear_model_visible" points=1
check("linear_model", linear_model)

# %% kind="test" grade_id="linear_model_hidden" points=2
# Your teacher's hidden checks of linear_model run here.
### BEGIN HIDDEN TESTS
check_hidden("linear_model", linear_model)
### END HIDDEN TESTS


# %% kind="answer" grade_id="quadratic_model"
def quadratic_model(f0, g, H, d):
    """Return the quadratic model's value at the step d.

    f0: the function's value at w, one number.
    g: the gradient at w, (D,).
    H: the Hessian at w, (D, D), symmetric.
    d: the step, (D,).
    Returns one number.
    """
    ### BEGIN SOLUTION
    return f0 + g @ d + 0.5 * d @ H @ d
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# `H @ d` has shape `(D,)`. One more product with `d` makes it a number.
#
# </details>

# %% kind="test" grade_id="quadratic_model_visible" points=1
check("quadratic_model", quadratic_model)

# %% kind="test" grade_id="quadratic_model_hidden" points=2
# Your teacher's hidden checks of quadratic_model run here.
### BEGIN HIDDEN TESTS
check_hidden("quadratic_model", quadratic_model)
### END HIDDEN TESTS

# %% [markdown]
# ### Experiment: how wrong are the models?
#
# The function is $f(w) = w^4/4 - w^2/2 + w/5$, a valley with two wells. On the left we are in a well, on the right
# between the wells, where the curve bends down. Look at the vertex of each parabola.


# %% kind="experiment"
def wells(w):
    return w**4 / 4 - w**2 / 2 + w / 5


def models_at(w, steps):
    g, H = np.array([w**3 - w + 0.2]), np.array([[3 * w**2 - 1]])
    line = np.array([linear_model(wells(w), g, np.array([d])) for d in steps])
    parabola = np.array([quadratic_model(wells(w), g, H, np.array([d])) for d in steps])
    return line, parabola


with plots.style():
    fig, axes = plt.subplots(1, 2, figsize=(9.5, 4.0), sharey=True)
    titles = ("In a well: the vertex is a minimum", "Between the wells: a maximum")
    for ax, w, title in zip(axes, (-1.4, 0.3), titles):
        steps = np.linspace(-1.3, 1.3, 201)
        line, parabola = models_at(w, steps)
        curve = np.linspace(-1.75, 1.75, 201)
        ax.plot(curve, wells(curve), color="black", linestyle="-", label="function")
        ax.plot(w + steps, line, color=plots.COLORS[1], linestyle="--", label="linear model")
        ax.plot(w + steps, parabola, color=plots.COLORS[0], linestyle="-.", label="quadratic model")
        ax.plot(w, wells(w), "o", color="black", label="current point")
        ax.set(
            title=title, xlabel="weight $w$", ylabel="$f(w)$", ylim=(-1.0, 0.9), xlim=(-1.9, 1.9)
        )
        ax.label_outer()
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
plt.show()

# %% [markdown]
# The vertex of the left parabola is close to the bottom of the well. The vertex of the right one is a *highest*
# point, close to the hilltop of the function. Keep this picture in mind: a method that jumps to the vertex finds
# wells only from inside them.
#
# How fast does the error fall with the step? Taylor's theorem says: like $d^2$ for the line and like $d^3$ for the
# parabola.

# %% kind="experiment"
steps = np.logspace(-3, 0, 25)
line, parabola = models_at(-1.4, steps)
truth = wells(-1.4 + steps)

with plots.style():
    fig, ax = plt.subplots()
    for i, (name, model) in enumerate({"linear model": line, "quadratic model": parabola}.items()):
        ax.loglog(
            steps,
            np.abs(truth - model),
            color=plots.COLORS[i],
            marker="os"[i],
            linestyle=("-", "--")[i],
            label=name,
        )
    ax.set(
        title="Ten times closer: 100 and 1000 times more exact",
        xlabel="step $d$ (in units of $w$)",
        ylabel="error of the model",
    )
    ax.legend()
plt.show()

# %% [markdown]
# ## 2. Derivatives without a formula
#
# **The idea.** If we have no formula for the gradient, or do not trust the one we have, we can measure it: move one
# weight a little in both directions and see how much $f$ changes. This is slow, but there is no better check of a
# formula.
#
# Let $e_i$ be the array that is 1 at index $i$ and 0 elsewhere, and let $h$ be a small number. The **central
# difference** is
#
# $$g_i \approx \frac{f(w + h e_i) - f(w - h e_i)}{2h}$$
#
# Why both sides? Insert Taylor's formula for both values. In $f(w + h e_i) - f(w)$, divided by $h$, the term with the
# curvature remains: an error of $\tfrac12 h H_{ii}$. In the difference of both sides the even terms cancel, and what
# is left is of the order $h^2$. SciPy's `approx_fprime` uses the one-sided **forward difference**, which needs only
# $D + 1$ values of $f$ instead of $2D$.
#
# The same idea, used twice, gives the Hessian. Move weight $i$ and weight $j$, each in both directions:
#
# $$H_{ij} \approx \frac{f(w + h e_i + h e_j) - f(w + h e_i - h e_j) -
# f(w - h e_i + h e_j) + f(w - h e_i - h e_j)}{4h^2}$$
#
# The formula holds for $i = j$ too. Exchanging $i$ and $j$ changes nothing, so half of the entries are enough.


# %% kind="answer" grade_id="numerical_gradient"
def numerical_gradient(f, w, h=1e-5):
    """Return the gradient of f at w by central differences.

    f: a function that takes an array (D,) and returns one number.
    w: the point, (D,). It is not changed.
    h: how far to move each weight, in both directions.
    Returns an array (D,).
    """
    ### BEGIN SOLUTION
    grad = np.zeros(len(w))
    for i, step in enumerate(h * np.eye(len(w))):
        grad[i] = (f(w + step) - f(w - step)) / (2 * h)
    return grad
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# The rows of `np.eye(D)` are $e_1, \dots, e_D$. `w + h * e` is a new array, so `w` stays as it is; `w[i] += h` would
# change it.
#
# </details>

# %% kind="test" grade_id="numerical_gradient_visible" points=1
check("numerical_gradient", numerical_gradient)

# %% kind="test" grade_id="numerical_gradient_hidden" points=2
# Your teacher's hidden checks of numerical_gradient run here.
### BEGIN HIDDEN TESTS
check_hidden("numerical_gradient", numerical_gradient)
### END HIDDEN TESTS


# %% kind="answer" grade_id="numerical_hessian"
def numerical_hessian(f, w, h=1e-4):
    """Return the Hessian of f at w by central differences.

    f: a function that takes an array (D,) and returns one number.
    w: the point, (D,). It is not changed.
    h: how far to move each of the two weights, in both directions.
    Returns an array (D, D), symmetric.
    """
    ### BEGIN SOLUTION
    E = h * np.eye(len(w))
    H = np.zeros((len(w), len(w)))
    for i in range(len(w)):
        for j in range(i + 1):
            up = f(w + E[i] + E[j]) - f(w + E[i] - E[j])
            down = f(w - E[i] + E[j]) - f(w - E[i] - E[j])
            H[i, j] = H[j, i] = (up - down) / (4 * h**2)
    return H
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# Two loops, over `i` and over `j`. Start with the formula exactly as it is, for all pairs; then compute only half of
# them. Other central formulas pass the check as well, for example $(f(w + h e_i) - 2 f(w) + f(w - h e_i))/h^2$ on the
# diagonal.
#
# </details>

# %% kind="test" grade_id="numerical_hessian_visible" points=1
check("numerical_hessian", numerical_hessian)

# %% kind="test" grade_id="numerical_hessian_hidden" points=2
# Your teacher's hidden checks of numerical_hessian run here.
### BEGIN HIDDEN TESTS
check_hidden("numerical_hessian", numerical_hessian)
### END HIDDEN TESTS

# %% [markdown]
# ### Experiment: the best h is not the smallest
#
# There are two errors, and they pull in opposite directions. The error of the formula falls with $h^2$. But the
# computer knows $f$ only to about 16 digits, and this rounding error is divided by $h$, or for the Hessian by $h^2$.
# The function is Rosenbrock's, whose derivatives we know exactly.

# %% kind="experiment"
rosenbrock = landscapes.rosenbrock()
place = np.array([-1.2, 1.0])
sizes_h = np.logspace(-9, 0, 37)
errors = {"gradient": [], "Hessian": []}
for h in sizes_h:
    g_gap = numerical_gradient(rosenbrock.value, place, h) - rosenbrock.gradient(place)
    H_gap = numerical_hessian(rosenbrock.value, place, h) - rosenbrock.hessian(place)
    errors["gradient"].append(np.linalg.norm(g_gap) / np.linalg.norm(rosenbrock.gradient(place)))
    errors["Hessian"].append(np.linalg.norm(H_gap) / np.linalg.norm(rosenbrock.hessian(place)))

with plots.style():
    fig, ax = plt.subplots()
    for i, (name, values) in enumerate(errors.items()):
        ax.loglog(
            sizes_h,
            values,
            color=plots.COLORS[i],
            linestyle=("-", "--")[i],
            marker="os"[i],
            label=name,
        )
    ax.set(
        title="Too large an h is inexact, too small an h is noisy",
        xlabel="$h$ (in units of $w$)",
        ylabel="relative error",
    )
    ax.legend()
plt.show()

# %% [markdown]
# The valley of each curve is where the two errors meet: here near $h = 3 \cdot 10^{-6}$ for the gradient and near
# $6 \cdot 10^{-5}$ for the Hessian. The defaults $10^{-5}$ and $10^{-4}$ are close to these.
#
# ## 3. Newton's step
#
# **The idea.** Jump to the point where the quadratic model is flat. If the model is right, this is the bottom,
# reached in one step.
#
# **The derivation.** The gradient of $f_0 + g^\top d + \tfrac12 d^\top H d$ with respect to $d$ is $g + H d$. (The
# half cancels, because $H$ is symmetric and $d$ occurs twice.) Set it to zero:
#
# $$H d = -g \qquad\Longrightarrow\qquad w_\text{new} = w + d = w - H^{-1} g$$
#
# This step has no learning rate: the curvature says how far to go. In one dimension it is $w - f'(w)/f''(w)$.
#
# Three things are often said about this step, and they are wrong:
#
# - "Newton's direction is a more accurate gradient." The gradient is already exact. Newton's direction is the steepest
#   way down if the curvature measures the distance: it does not change when a weight is measured in other units, while
#   the gradient does.
# - "The exact Hessian makes every step a good one." The step goes to where the *model* is flat. Far from the minimum
#   the model may be poor and the step far too long, and the flat place may be a saddle or a top. You will see both.
# - "You invert the Hessian." You solve the equations $H d = -g$ instead. This takes a third of the work and loses
#   fewer digits; `np.linalg.solve` does it.


# %% kind="answer" grade_id="newton_step"
def newton_step(w, grad, H):
    """Return the point where the quadratic model at w is flat.

    w: the current point, (D,).
    grad: the gradient at w, (D,).
    H: the Hessian at w, (D, D), symmetric; no eigenvalue is 0.
    Returns an array (D,); w itself is not changed.
    """
    ### BEGIN SOLUTION
    return w - np.linalg.solve(H, grad)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# `np.linalg.solve(A, b)` returns the `x` with `A @ x == b`.
#
# </details>

# %% kind="test" grade_id="newton_step_visible" points=1
check("newton_step", newton_step)

# %% kind="test" grade_id="newton_step_hidden" points=2
# Your teacher's hidden checks of newton_step run here.
### BEGIN HIDDEN TESTS
check_hidden("newton_step", newton_step)
### END HIDDEN TESTS

# %% [markdown]
# ### Experiment: one step to the bottom of a quadratic
#
# This is the ravine of the first figure, but with condition number 50: the curvature across is 50 times that along.
# Gradient descent uses the best possible constant rate, $2/(L + \mu)$, with $L$ the largest and $\mu$ the smallest
# eigenvalue of $H$.

# %% kind="experiment"
narrow = landscapes.ravine(50.0, angle=0.15)
best_rate = 2 / (50.0 + 1.0)
gradient_path = descend(
    narrow.gradient, narrow.start, stateless(lambda w, g, lr: w - lr * g), best_rate, 40
)
start = narrow.start
newton_path = np.array([start, newton_step(start, narrow.gradient(start), narrow.hessian(start))])

plots.plot_paths(
    narrow,
    {"gradient descent,\n40 steps": gradient_path, "Newton, 1 step": newton_path},
    title="One Newton step reaches the minimum; 40 steps of\ngradient descent do not",
)
plt.show()
print(
    f"Distance to the minimum: gradient descent {np.linalg.norm(gradient_path[-1]):.2g},",
    f"Newton {np.linalg.norm(newton_path[-1]):.2g}.",
)

# %% [markdown]
# On a quadratic the model *is* the function, whatever the condition number. This is the great strength of Newton's
# method.
#
# ### Experiment: near a minimum, the digits double
#
# Other functions are only nearly quadratic. Close to a minimum with positive curvatures the error after a step is then
# about the *square* of the error before: 0.1, 0.01, 0.0001, ... This is called **quadratic convergence**. Far from a
# minimum there is no such guarantee. For $f(w) = \sqrt{1 + w^2}$, a smooth bowl without any saddle, you can work out
# the step by hand: $f' = w/\sqrt{1+w^2}$ and $f'' = (1+w^2)^{-3/2}$, so that $w - f'/f'' = w - w(1+w^2) = -w^3$. (Here
# the error is even cubed. The bowl is symmetric, so the term that would leave a square is zero.)


# %% kind="experiment"
def bowl_newton(start, steps):
    w, path = np.array([start]), [abs(start)]
    for _ in range(steps):
        w = newton_step(w, w / np.sqrt(1 + w**2), np.diag((1 + w**2) ** -1.5))
        path.append(abs(w[0]))
    return path


plots.plot_losses(
    {
        "from 0.9": bowl_newton(0.9, 5),
        "from 1.0": bowl_newton(1.0, 5),
        "from 1.1": bowl_newton(1.1, 5),
    },
    title="Newton on a smooth bowl: it depends on the start",
    x="step",
    y="distance to the minimum",
)
plt.show()

# %% [markdown]
# From 0.9 the error falls faster and faster. From 1.1 it *grows* faster and faster, although the bowl has one minimum
# and curves upwards everywhere. So even on a bowl the length of Newton's step needs a check: **damping**, as in
# section 4, or a **line search**, the first exercise of [part two](../07b_quasi_newton/07b_quasi_newton.ipynb).
#
# ### Predict, then run: Newton near a saddle
#
# The landscape is $f(x, y) = x^2/2 - y^2/2 + y^4/4$. It has a saddle at $(0, 0)$, an upper minimum at $(0, 1)$ and a
# lower minimum at $(0, -1)$. Its Hessian is diagonal: the curvature is 1 along $x$ and $3y^2 - 1$ along $y$, which is
# negative for $|y| < 0.577$. Newton's method without damping starts at
#
# - a: $(1.5, 0.001)$
# - b: $(1.5, 0.3)$
# - c: $(-1, 0.9)$
# - d: $(0.5, -0.2)$
# - e: $(1, -1.4)$
#
# Where does it end, from each of the five? Think of the parabolas of section 1. Answer before you run the experiment
# below.

# %% kind="answer" grade_id="where_newton_ends"
# A dict with "saddle", "upper minimum" or "lower minimum" for each of "a", "b", "c", "d", "e":
# {"a": "...", "b": "...", "c": "...", "d": "...", "e": "..."}
where_newton_ends = None
### BEGIN SOLUTION
ends = ["saddle", "saddle", "upper minimum", "saddle", "lower minimum"]
where_newton_ends = dict(zip("abcde", ends, strict=True))
### END SOLUTION

# %% [markdown]
# <details><summary>Hint</summary>
#
# Along $y$ alone this is a curve like that of the first experiment. If it bends down, what is the vertex of the
# parabola?
#
# </details>

# %% kind="test" grade_id="where_newton_ends_visible" points=0
check("where_newton_ends", where_newton_ends)

# %% kind="test" grade_id="where_newton_ends_hidden" points=2
# Your teacher's hidden checks of where_newton_ends run here.
### BEGIN HIDDEN TESTS
check_hidden("where_newton_ends", where_newton_ends)
### END HIDDEN TESTS

# %% kind="experiment"
pass_ = landscapes.saddle()


def newton_walk(start, steps, step=newton_step):
    path = [np.array(start)]
    for _ in range(steps):
        path.append(step(path[-1], pass_.gradient(path[-1]), pass_.hessian(path[-1])))
    return np.array(path)


starts = {
    "a": (1.5, 0.001),
    "b": (1.5, 0.3),
    "c": (-1.0, 0.9),
    "d": (0.5, -0.2),
    "e": (1.0, -1.4),
}
plots.plot_paths(
    pass_,
    {name: newton_walk(start, 8) for name, start in starts.items()},
    title="Newton's method ends at a nearby critical point,\nwhether minimum or saddle",
)
plt.show()

# %% [markdown]
# From the three starts in the strip gradient descent would go down to a minimum. Newton's method climbs along $y$ up
# to the saddle, and ends there. (Not from every place in that strip: from $y = 0.5$, near its edge, the vertex lies at
# $y = -1$, in the other well.) In many dimensions saddles can be far more common than minima (05), so this problem is
# a common one.
#
# ## 4. Damping that knows the sign
#
# **The idea.** Look at the curvature along each eigenvector of $H$. If it is negative, Newton's step goes the wrong
# way. Keep the length of the step, but reverse its sign. Then add a little to every curvature, so that no step becomes
# too long.
#
# A symmetric matrix can be written $H = Q \Lambda Q^\top$. The columns of $Q$ are its eigenvectors, at right angles
# and of length 1; $\Lambda$ is diagonal and contains the eigenvalues $\lambda_1, \dots, \lambda_D$. In the coordinates
# $Q^\top g$ Newton's step divides entry $i$ by $\lambda_i$. The **saddle-free** step (Dauphin and others 2014) divides
# by $|\lambda_i| + \delta$, where $\delta \ge 0$ is the damping:
#
# $$w_\text{new} = w - Q\,\frac{Q^\top g}{|\lambda| + \delta}$$
#
# The fraction is taken entry by entry. For $\delta \to \infty$ this becomes a small step down the gradient,
# $g/\delta$. Large damping is cautious; small damping trusts the model.
#
# Another damping is common: $w - (H + \delta I)^{-1} g$. It makes steps shorter in a bowl too. But at a saddle with
# curvature $-2$ a damping of 1 gives $-1$: still negative, and the step is *longer*. You would need a $\delta$ larger
# than the most negative curvature.


# %% kind="answer" grade_id="damped_newton_step"
def damped_newton_step(w, grad, H, damping):
    """Return the saddle-free Newton step from w: curvatures count by their absolute value, plus
    the damping.

    w: the current point, (D,).
    grad: the gradient at w, (D,).
    H: the Hessian at w, (D, D), symmetric; its eigenvalues may have any sign.
    damping: a number, at least 0.
    Returns an array (D,); w itself is not changed.
    """
    ### BEGIN SOLUTION
    curvatures, Q = np.linalg.eigh(H)
    return w - Q @ ((Q.T @ grad) / (np.abs(curvatures) + damping))
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# `np.linalg.eigh(H)` returns the eigenvalues `(D,)` and then $Q$, for a symmetric matrix. Go into the eigenvectors'
# coordinates with `Q.T`, divide there, and go back with `Q`.
#
# </details>

# %% kind="test" grade_id="damped_newton_step_visible" points=1
check("damped_newton_step", damped_newton_step)

# %% kind="test" grade_id="damped_newton_step_hidden" points=2
# Your teacher's hidden checks of damped_newton_step run here.
### BEGIN HIDDEN TESTS
check_hidden("damped_newton_step", damped_newton_step)
### END HIDDEN TESTS

# %% [markdown]
# ### Experiment: the same starts, with damping


# %% kind="experiment"
def careful(w, grad, H):
    return damped_newton_step(w, grad, H, 0.5)


plots.plot_paths(
    pass_,
    {name: newton_walk(start, 20, careful) for name, start in starts.items()},
    title="Saddle-free steps: every start finds a minimum",
)
plt.show()

# %% [markdown]
# Even from a, which is 0.001 above the line $y = 0$, the method escapes: along $y$ the gradient is about $-y$ and the
# divisor about $1 + \delta$, so $y$ grows by two thirds in every step. From $y = 0$ exactly it would not escape: there
# the gradient along $y$ is zero, and so is the step. Try a damping of 0.2, and look at b: at one of its steps the
# curvature is nearly zero. What happens?
#
# The panel draws your quadratic model over Himmelblau's function, which has four minima, and both of your steps. Move
# the point onto the hill: where does Newton's step go, and where does the damped one go? What does a very large
# damping do?

# %% kind="experiment"
explore("newton", quadratic_model, newton_step, damped_newton_step)

# %% [markdown]
# ## 5. Gauss-Newton
#
# **The idea.** Many losses are sums of squares. Then first derivatives alone give a good approximation of the Hessian,
# and this approximation has no negative curvature.
#
# A model with weights $w$ makes $N$ errors, the **residuals** $r(w)$ of shape `(N,)`: prediction minus target. The
# loss is
#
# $$f(w) = \tfrac12 \sum_{n=1}^{N} r_n(w)^2$$
#
# Let $J$ be the **Jacobian**, of shape `(N, D)`: $J_{ni} = \partial r_n / \partial w_i$. Apply the chain rule once,
# and then again:
#
# $$\nabla f = J^\top r \qquad\qquad \nabla^2 f = J^\top J + \sum_n r_n \nabla^2 r_n$$
#
# **Gauss-Newton** leaves the last sum out. It is small if the residuals are small or nearly linear in $w$. What is
# left, $J^\top J$, has no negative eigenvalue, since $v^\top J^\top J v = \|Jv\|^2 \ge 0$. But it may have zero
# eigenvalues, for example if there are more weights than examples, so Levenberg (1944) added a damping $\delta$:
#
# $$w_\text{new} = w - (J^\top J + \delta I)^{-1} J^\top r$$
#
# Conventions differ. Marquardt (1963) adds $\delta$ times the *diagonal of* $J^\top J$ instead of $\delta I$. Both are
# called Levenberg-Marquardt; write Levenberg's. Without the $\tfrac12$ in the loss, the gradient and the Hessian both
# double: the step stays the same for $\delta = 0$, but a damping of $\delta$ then acts like $\delta/2$ here.


# %% kind="answer" grade_id="gauss_newton_step"
def gauss_newton_step(w, J, r, damping):
    """Return the damped Gauss-Newton step from w (Levenberg's form).

    w: the current point, (D,).
    J: the Jacobian of the residuals at w, (N, D).
    r: the residuals at w, (N,), prediction minus target.
    damping: a number, at least 0.
    Returns an array (D,); w itself is not changed.
    """
    ### BEGIN SOLUTION
    return w - np.linalg.solve(J.T @ J + damping * np.eye(len(w)), J.T @ r)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# It is a Newton step with `J.T @ r` as the gradient and `J.T @ J` plus a diagonal as the Hessian. `np.eye(D)` is $I$.
#
# </details>

# %% kind="test" grade_id="gauss_newton_step_visible" points=1
check("gauss_newton_step", gauss_newton_step)

# %% kind="test" grade_id="gauss_newton_step_hidden" points=2
# Your teacher's hidden checks of gauss_newton_step run here.
### BEGIN HIDDEN TESTS
check_hidden("gauss_newton_step", gauss_newton_step)
### END HIDDEN TESTS

# %% [markdown]
# ### Experiment: a small network on real data
#
# The data are 442 patients with diabetes, with ten measurements each; the target is how far the disease had progressed
# a year later. The network has one hidden layer of four tanh units, so 49 weights. Gauss-Newton changes its damping
# along the way: if a step lowers the loss, it is kept and the damping is divided by 3; otherwise the step is thrown
# away and the damping is doubled. Gradient descent gets the best of six rates.

# %% kind="experiment"
X, y = data.diabetes()
y = (y - y.mean()) / y.std()
HIDDEN = 4


def residuals_and_jacobian(w):
    """Residuals (N,) and Jacobian (N, 49) of a tanh network; w holds W1, b1, W2, b2 in a row."""
    W1, b1 = w[:40].reshape(10, HIDDEN), w[40:44]
    W2, b2 = w[44:48], w[48]
    hidden = np.tanh(X @ W1 + b1)
    by_b1 = (1 - hidden**2) * W2
    by_W1 = (X[:, :, None] * by_b1[:, None, :]).reshape(len(X), -1)
    return hidden @ W2 + b2 - y, np.hstack([by_W1, by_b1, hidden, np.ones((len(X), 1))])


def half_mean_square(w):
    return 0.5 * np.mean(residuals_and_jacobian(w)[0] ** 2)


def train_gauss_newton(w, steps, damping=10.0):
    losses = [half_mean_square(w)]
    for _ in range(steps):
        r, J = residuals_and_jacobian(w)
        trial = gauss_newton_step(w, J, r, damping)
        loss = half_mean_square(trial)
        if loss < losses[-1]:
            w, damping = trial, damping / 3
        else:
            loss, damping = losses[-1], damping * 2
        losses.append(loss)
    return losses


def train_gradient_descent(w, steps, lr):
    losses = [half_mean_square(w)]
    for _ in range(steps):
        r, J = residuals_and_jacobian(w)
        w = w - lr * J.T @ r / len(r)
        losses.append(half_mean_square(w))
    return losses


w_first = np.random.default_rng(0).normal(scale=0.3, size=49)
descents = [train_gradient_descent(w_first, 200, lr) for lr in (0.05, 0.1, 0.2, 0.4, 0.7, 1.4)]
plots.plot_losses(
    {
        "gradient descent,\nbest of six rates": min(descents, key=lambda losses: losses[-1]),
        "Gauss-Newton": train_gauss_newton(w_first, 200),
    },
    title="Ten Gauss-Newton steps do better than\n200 steps of gradient descent",
    x="step",
    y="half mean squared error\n(training set)",
    log=False,
)
plt.show()

# %% [markdown]
# Two warnings: a Gauss-Newton step costs more than a gradient step, as the next section shows. And this is the
# *training* loss: a low training loss is not yet a good network (02a).
#
# ## 6. What it costs
#
# **The idea.** In this section $N$ is the number of weights, as is usual here (above, it was $D$). A network with $N$
# weights has a gradient of $N$ numbers and a Hessian of $N^2$. Solving with it takes a number of operations that
# grows like $N^3$. That is *polynomial* growth; you may read that it is exponential, but it is not. Still, $N^2$
# memory and $N^3$ time are enough to rule the Hessian out.
#
# Write how many bytes the Hessian takes, if every one of its entries is stored in `itemsize` bytes: 8 for float64, 4
# for float32. (It is symmetric, so just over half would be enough. That does not change the conclusion.)


# %% kind="answer" grade_id="hessian_bytes"
def hessian_bytes(parameters, itemsize=8):
    """Return the memory that a full Hessian takes.

    parameters: how many weights the network has, an integer.
    itemsize: bytes for one number.
    Returns the number of bytes, all entries counted.
    """
    ### BEGIN SOLUTION
    return parameters**2 * itemsize
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# How many rows and how many columns does the Hessian have?
#
# </details>

# %% kind="test" grade_id="hessian_bytes_visible" points=1
check("hessian_bytes", hessian_bytes)

# %% kind="test" grade_id="hessian_bytes_hidden" points=2
# Your teacher's hidden checks of hessian_bytes run here.
### BEGIN HIDDEN TESTS
check_hidden("hessian_bytes", hessian_bytes)
### END HIDDEN TESTS

# %% kind="experiment"
networks = {
    "the network above": 49,
    "digits, one hidden layer of 32": 64 * 32 + 32 + 32 * 10 + 10,
    "LeNet-5 (1998)": 61_706,
    "ResNet-50 (2015)": 25_557_032,
    "GPT-2, the largest (2019)": 1_557_611_200,
}
print(f"{'network':32}{'weights':>15}{'gradient':>15}{'Hessian':>15}")
for name, count in networks.items():
    texts = []
    for size in (8 * count, hessian_bytes(count)):
        power = min((len(str(size)) - 1) // 3, 6)
        texts.append(f"{size / 1000**power:.3g} {['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'][power]}")
    print(f"{name:32}{count:>15,}{texts[0]:>15}{texts[1]:>15}")

# %% [markdown]
# A laptop has about 16 GB. Even for LeNet-5, a very small network by today's standards, the Hessian does not fit.
#
# Now to the time. If the time of a computation grows like $T = c N^p$, then
#
# $$\log T = \log c + p \log N$$
#
# So $p$ is the slope of a straight line through the points $(\log N, \log T)$. Fit that line by least squares: with
# $u_k = \log N_k$ and $v_k = \log T_k$, and $\bar u, \bar v$ their means over the $K$ measurements, the slope is
#
# $$p = \frac{\sum_k (u_k - \bar u)(v_k - \bar v)}{\sum_k (u_k - \bar u)^2}$$


# %% kind="answer" grade_id="fit_exponent"
def fit_exponent(sizes, times):
    """Return the exponent p of times = c * sizes**p, by a least-squares line through the
    logarithms.

    sizes: (K,), positive, K at least 2, not all equal.
    times: (K,), positive.
    Returns one number, p.
    """
    ### BEGIN SOLUTION
    return np.polyfit(np.log(sizes), np.log(times), 1)[0]
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# `np.polyfit(x, y, 1)` returns the slope and the intercept of the line, in this order. Or write the fraction out.
#
# </details>

# %% kind="test" grade_id="fit_exponent_visible" points=1
check("fit_exponent", fit_exponent)

# %% kind="test" grade_id="fit_exponent_hidden" points=2
# Your teacher's hidden checks of fit_exponent run here.
### BEGIN HIDDEN TESTS
check_hidden("fit_exponent", fit_exponent)
### END HIDDEN TESTS

# %% [markdown]
# ### Experiment: the solve on your machine
#
# The cell measures `newton_step` for $N$ up to 1200, on one processor core, and fits the exponent.


# %% kind="experiment"
def best_time(work, budget=0.3):
    """Return the shortest of many runs: other work on the computer only makes a run longer."""
    times = []
    while sum(times) < budget or len(times) < 3:
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times)


rng = np.random.default_rng(1)
counts = np.array([100, 200, 400, 800, 1200])
seconds = []
with threadpool_limits(1):
    for n in counts:
        A = rng.normal(size=(n, n)) / np.sqrt(n)
        H, g = A @ A.T + np.eye(n), rng.normal(size=n)
        seconds.append(best_time(lambda H=H, g=g: newton_step(g, g, H)))
p = fit_exponent(counts, seconds)

with plots.style():
    fig, ax = plt.subplots()
    ax.loglog(counts, seconds, "o-", color=plots.COLORS[0], label=f"measured, exponent {p:.2f}")
    cube = seconds[-1] * (counts / counts[-1]) ** 3.0
    ax.loglog(counts, cube, "--", color="black", linewidth=1.4, label="$N^3$, for comparison")
    ax.set(title="Time of one Newton step", xlabel="number of weights $N$", ylabel="time (s)")
    ax.legend()
plt.show()
years = seconds[-1] * (25_557_032 / counts[-1]) ** 3 / 3.15e7
print(f"If the time grows like N^3, one step for ResNet-50 takes {years:,.0f} years here.")

# %% [markdown]
# Your exponent need not be exactly 3. Often it is between 2 and 3, because the machine works closer to its full speed
# on larger matrices; other work on the computer can push it above 3. In the end the number of operations, about
# $\tfrac23 N^3$, decides.
#
# So networks are trained without the Hessian, for three reasons: memory, time and noise. A gradient from a mini-batch
# is a usable estimate; dividing by curvatures estimated from the same mini-batch makes the noise larger in every
# direction of small curvature. [Part two](../07b_quasi_newton/07b_quasi_newton.ipynb) shows how to get most of the
# gain without the matrix.
#
# ### Question
#
# Which of these are true?
#
# - a: The Hessian of a network with $N$ weights has $N^2$ entries.
# - b: The time to solve for Newton's direction grows exponentially with $N$.
# - c: With the exact Hessian, every Newton step lowers the loss.
# - d: Newton's direction is steeper downhill, per unit of length, than the negative gradient.
# - e: Measuring one weight in grams instead of kilograms changes the path of gradient descent, but not that of
#   Newton's method.
# - f: Newton's method without damping can end at a saddle.

# %% kind="answer" grade_id="true_of_newton"
# A set with the letters of the true sentences, such as {"a", "b"}.
true_of_newton = None
### BEGIN SOLUTION
true_of_newton = {"a", "e", "f"}
### END SOLUTION

# %% [markdown]
# <details><summary>Hint</summary>
#
# For the units, write the step with $w = c\,u$ where $c$ is a constant: what happens to $g$, to $H$ and to $g/H$?
#
# </details>

# %% kind="test" grade_id="true_of_newton_visible" points=0
check("true_of_newton", true_of_newton)

# %% kind="test" grade_id="true_of_newton_hidden" points=2
# Your teacher's hidden checks of true_of_newton run here.
### BEGIN HIDDEN TESTS
check_hidden("true_of_newton", true_of_newton)
### END HIDDEN TESTS

# %% [markdown]
# ## 7. The same in PyTorch
#
# PyTorch differentiates by the chain rule, exactly, and needs no `h`. `backward()` gives the gradient.
# `torch.autograd.functional.hessian(f, w)` gives the Hessian: it differentiates the gradient. `torch.func` has
# functions that return functions: `grad(f)`, `jacrev(f)`, `hessian(f)`. The next cell compares your functions at
# Rosenbrock's starting point, if PyTorch is installed.

# %% kind="experiment"
from course_utils.pytorch import compare_with_torch


@compare_with_torch
def derivatives(torch):
    def f(w):  # works with arrays and with tensors
        return 100 * (w[1] - w[0] ** 2) ** 2 + (1 - w[0]) ** 2

    here = np.array([-1.2, 1.0])
    w = torch.tensor(here, requires_grad=True)
    f(w).backward()
    exact = torch.autograd.functional.hessian(f, w.detach())
    again = torch.func.jacrev(torch.func.grad(f))(w.detach())
    step = torch.linalg.solve(exact, w.grad)
    single, axis = torch.tensor(here, dtype=torch.float32), torch.tensor([1.0, 0.0])
    slope = (f(single + 1e-5 * axis) - f(single - 1e-5 * axis)) / 2e-5
    return {
        "backward(), beside numerical_gradient": (numerical_gradient(f, here), w.grad),
        "autograd.functional.hessian, beside yours": (numerical_hessian(f, here), exact),
        "torch.func: the derivative of grad(f)": (exact, again),
        "Newton's step by torch.linalg.solve": (
            newton_step(here, w.grad.numpy(), exact.numpy()), w.detach() - step,
        ),
        "trap: central differences in float32": (w.grad[0], slope),
    }


# %% [markdown]
# With PyTorch, the cell prints this:
#
# ```
# backward(), beside numerical_gradient      the same to 6 digits
# autograd.functional.hessian, beside yours  the same to 6 digits
# torch.func: the derivative of grad(f)      the same
# Newton's step by torch.linalg.solve        the same
# trap: central differences in float32       differs by up to 0.31
# ```
#
# Your central differences agree in six digits, and no better: that is their error, as you measured in section 2. The
# Hessian has $D^2$ entries here as well, so PyTorch's functions are for small models only.
#
# The trap: **PyTorch computes in single precision** (float32) unless you ask for more. `torch.tensor([1.0])` is
# float32, and so are the weights of each layer. Single precision has about seven digits, and a difference of two
# almost equal values leaves hardly one of them. To check a gradient, use float64: `torch.autograd.gradcheck` asks for
# it too.
#
# ## Going further ★: the natural gradient
#
# *This section is optional, and worth no points towards the base score.*
#
# **The idea.** What matters is not how far the weights move but how much the network's *predictions* change. Amari
# (1998) measures a step in this way, and gets a matrix that replaces the Hessian.
#
# Let the model give each label $y$ a probability $p(y \mid x, w)$. The **score** is
# $s = \nabla_w \log p(y \mid x, w)$, of shape `(D,)`. The **Fisher information** is the mean of $s s^\top$ over the
# inputs and over labels *drawn from the model itself*. From $N$ scores, each a row of $S$ ($N$ counts examples again):
#
# $$F = \frac1N S^\top S \qquad\qquad w_\text{new} = w - \eta\,(F + \delta I)^{-1} g$$
#
# with $\eta$ the learning rate and $\delta$ the damping. To second order, $\tfrac12 d^\top F d$ is how far the step
# $d$ moves the predicted distribution, measured by the Kullback-Leibler divergence.
#
# A common mistake is to take the scores of the *true* labels of the training set. This gives the "empirical Fisher", a
# different matrix, which need not be close to $F$ (Kunstner and others 2019). The function below cannot see which
# labels were used; the caller must draw them. For a softmax or a sigmoid output $F$ equals a Gauss-Newton matrix
# (Martens 2020).


# %% kind="answer" grade_id="natural_gradient_step" star=true
def natural_gradient_step(w, grad, scores, lr, damping=1e-3):
    """Return the weights after a natural-gradient step.

    w: the weights, (D,).
    grad: the gradient of the loss at w, (D,).
    scores: (N, D), row n is the gradient of log p(y_n | x_n, w), with y_n drawn from the model.
    lr: the learning rate.
    damping: added to the diagonal of the Fisher information.
    Returns an array (D,); w itself is not changed.
    """
    ### BEGIN SOLUTION
    F = scores.T @ scores / len(scores)
    return w - lr * np.linalg.solve(F + damping * np.eye(len(w)), grad)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# It has the form of a Gauss-Newton step. Note the mean over the examples, and the place of the rate.
#
# </details>

# %% kind="test" grade_id="natural_gradient_step_visible" points=0
check("natural_gradient_step", natural_gradient_step)

# %% kind="test" grade_id="natural_gradient_step_hidden" points=0
# Your teacher's hidden checks of natural_gradient_step run here.
### BEGIN HIDDEN TESTS
check_hidden("natural_gradient_step", natural_gradient_step)
### END HIDDEN TESTS

# %% [markdown]
# ### Experiment: other units, same path
#
# We run logistic regression on the breast cancer data twice: once with standardized columns, and once with the first
# column, the radius, in a unit 100 times smaller, so that its numbers are 100 times as large. Gradient descent gets
# the best of nine rates each time. The natural gradient keeps its rate.

# %% kind="experiment"
tumours, benign = data.breast_cancer()
units = np.where(np.arange(30) == 0, 100.0, 1.0)


def logistic_losses(X, steps, lr, natural):
    rng, w, losses = np.random.default_rng(3), np.zeros(X.shape[1]), []
    for _ in range(steps):
        logit = X @ w
        p = 0.5 * (1 + np.tanh(0.5 * logit))
        losses.append(np.mean(np.logaddexp(0, logit) - benign * logit))
        grad = X.T @ (p - benign) / len(X)
        if natural:
            drawn = rng.uniform(size=len(X)) < p
            w = natural_gradient_step(w, grad, (drawn - p)[:, None] * X, lr)
        else:
            w = w - lr * grad
    return losses


def best_descent(X):
    rates = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
    return min((logistic_losses(X, 60, lr, False) for lr in rates), key=lambda losses: losses[-1])


plots.plot_losses(
    {
        "gradient": best_descent(tumours),
        "gradient, other unit": best_descent(tumours * units),
        "natural gradient": logistic_losses(tumours, 60, 0.3, True),
        "natural gradient, other unit": logistic_losses(tumours * units, 60, 0.3, True),
    },
    title="A different unit in one column slows gradient\ndescent, but hardly the natural gradient",
    x="step",
    y="training loss",
)
plt.show()

# %% [markdown]
# In the other unit one direction is far steeper than the rest. A rate that suits this direction is too small for the
# others, and no single rate helps. The small difference between the two natural-gradient curves comes from the
# damping: $\delta$ is added in whatever units the weights have.
#
# ## Summary
#
# - Near a point a function is a line up to an error of order $d^2$, and a parabola up to an error of order $d^3$.
# - Central differences measure gradient and Hessian; there is a best $h$, and it is not the smallest.
# - Newton's step goes to the point where the quadratic model is flat: in one step to the bottom of a quadratic, and up
#   to a saddle if one is near.
# - It needs damping or a line search. If you take the absolute values of the curvatures, saddles repel.
# - Gauss-Newton builds a matrix without negative curvature from first derivatives, for sums of squares.
# - The Hessian takes $N^2$ memory, and the solve $N^3$ time.
#
# ## References
#
# - K. Levenberg (1944), *A method for the solution of certain non-linear problems in least squares*.
# - D. Marquardt (1963), *An algorithm for least-squares estimation of nonlinear parameters*.
# - S. Amari (1998), *Natural gradient works efficiently in learning*.
# - J. Nocedal and S. Wright (2006), *Numerical Optimization*, chapters 3, 8 and 10.
# - Y. Dauphin and others (2014), *Identifying and attacking the saddle point problem in high-dimensional non-convex
#   optimization*.
# - F. Kunstner, L. Balles and P. Hennig (2019), *Limitations of the empirical Fisher approximation for natural
#   gradient descent*.
# - J. Martens (2020), *New insights and perspectives on the natural gradient method*.
#
# Next: [part two, curvature without the Hessian](../07b_quasi_newton/07b_quasi_newton.ipynb).
