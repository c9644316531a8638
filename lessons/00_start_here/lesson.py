# %% [markdown] writes="one small function"
# # Start here
#
# *About 15 minutes. You need a little Python and NumPy; no knowledge of neural networks is needed.*
#
# This course teaches how neural networks are trained, and you will build every method yourself, in NumPy. Every
# notebook follows the same pattern: a picture of a problem, the idea in a few sentences, the formula, a function
# for you to write, and an experiment with *your* function. In this first notebook you write one function and meet
# every tool along the way.
#
# When you are done you can
#
# - run a cell, write an answer and check it;
# - read what a check says about a mistake;
# - see your progress, validate the notebook and find help.

# %% [markdown]
# ## Run a cell
#
# A notebook is a list of cells. Click on the cell below and press **Shift+Enter**: the cell runs, and the next one
# is selected. This first cell imports what the notebook needs. It is locked, so
# that every notebook starts in the same way.

# %% kind="setup" grade_id="imports"
import matplotlib.pyplot as plt
import numpy as np

from course_utils.checks import check, check_hidden
from course_utils.explorers import explore
from course_utils.progress_panel import show_progress

# %% [markdown]
# Run the cells from top to bottom. A cell sees only what ran before it. If things get confused, choose
# **Kernel > Restart Kernel and Run Up to Selected Cell** to get back to a clean state.
#
# ## The problem: how wrong is a prediction?
#
# A network makes predictions. Each has a *target*: the value that it should have had. To train the network we must
# first say, in one number, how wrong its predictions are. The picture shows five targets and five predictions. The
# grey bars are the errors.

# %%
target = np.array([1.0, 2.0, 1.5, 3.0, 2.5])
prediction = np.array([1.4, 1.7, 1.6, 2.2, 2.9])

fig, ax = plt.subplots(figsize=(6, 3.2), layout="constrained")
place = np.arange(1, 6)
ax.vlines(place, target, prediction, color="0.7", linewidth=6, label="error")
ax.plot(place, target, "o", color="#0072B2", markersize=8, label="target $y$")
ax.plot(place, prediction, "s", color="#D55E00", markersize=8, label="prediction $p$")
ax.set(xlabel="example", ylabel="value", xticks=place)
ax.set_title("Three predictions are too high, two too low")
ax.legend(loc="upper left")
plt.show()

# %% [markdown]
# ## The idea and the formula
#
# Errors above and below the target must not cancel, so we square them. Then we take the mean, so that the number
# does not grow merely because there are more examples. This is the **mean squared error**:
#
# $$\mathrm{MSE} = \frac{1}{n} \sum_{i=1}^{n} (p_i - y_i)^2$$
#
# Here $n$ is the number of values, $p_i$ is the $i$-th prediction and $y_i$ is the $i$-th target.
#
# ## Your first function
#
# The cell below contains the function's name, its arguments and a docstring that says exactly what to return.
# Replace the line `raise NotImplementedError` with your answer, then run the cell.

# %% kind="answer" grade_id="mean_squared_error"
def mean_squared_error(prediction, target):
    """Return the mean of the squared differences between prediction and target.

    prediction, target: arrays of the same shape.
    Returns one number: the mean over all entries.
    """
    ### BEGIN SOLUTION
    return np.mean((prediction - target) ** 2)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint: I do not know how to begin</summary>
#
# NumPy works on whole arrays: `prediction - target` subtracts entry by entry, `** 2` squares every entry, and
# `np.mean(...)` takes the mean of all entries. One line is enough.
#
# </details>
#
# Now check it. The next cell calls your function several times and compares the results with the right ones.

# %% kind="test" grade_id="mean_squared_error_visible" points=1
check("mean_squared_error", mean_squared_error)

# %% [markdown]
# A green tick means that all results are right. Otherwise the card shows
#
# - the first call that went wrong, so that you can paste it into a cell and try it yourself;
# - what was expected, and what your function returned;
# - a hint, if yours is a common mistake.
#
# Later notebooks also ask *questions*. The answer is a number, a set of letters or something similar, and each
# question says how to write it. The card says whether your answer is right, and gives a hint if yours is a common
# mistake. (In a notebook that a teacher gives to a class, the card says only whether your answer can be read.) Some
# functions also have a second check: it tests whether they refuse bad arguments.
#
# ## A wrong answer, on purpose
#
# Here is a function with a mistake. Run the cell and read the card. Which word of "mean squared error" was forgotten?

# %% kind="experiment"
def forgetful_error(prediction, target):
    return np.mean(prediction - target)


try:
    check("mean_squared_error", forgetful_error)
except AssertionError:
    print("The check above failed, as it should.")

# %% [markdown]
# A failed check stops **Run All Cells** at the cell that failed, so that you see it. Here we caught the error, so
# that the notebook goes on.
#
# ## Hidden checks
#
# If you take this course in a class, your teacher grades the notebook with *hidden checks*. They call your function
# with other numbers, so an answer that only works for the numbers above gets no points. They run in the next cell.
# On your computer it does nothing.

# %% kind="test" grade_id="mean_squared_error_hidden" points=2
# Your teacher's hidden checks of mean_squared_error run here.
### BEGIN HIDDEN TESTS
check_hidden("mean_squared_error", mean_squared_error)
### END HIDDEN TESTS

# %% [markdown]
# ## An experiment with your function
#
# Suppose we must predict the *same* number for all five examples. The best such constant lies somewhere between the
# smallest target and the largest. Where? The cell tries 301 constants and plots the error that *your* function
# returns for each.

# %% kind="experiment"
constants = np.linspace(0.5, 3.5, 301)
errors = [mean_squared_error(np.full(5, constant), target) for constant in constants]
best = constants[np.argmin(errors)]

fig, ax = plt.subplots(figsize=(6, 3.2), layout="constrained")
ax.plot(constants, errors, color="#0072B2", linewidth=2)
ax.axvline(best, color="#D55E00", linestyle="--", label=f"smallest error, at {best:.2f}")
ax.set(xlabel="constant prediction", ylabel="mean squared error")
ax.set_title("One constant is best: the mean of the targets")
ax.legend()
plt.show()

# %% [markdown]
# The curve is a valley. Its lowest point lies at 2, which is the mean of the targets, $(1 + 2 + 1.5 + 3 + 2.5)/5$.
# Training a network means walking down a valley like this one, but in thousands of dimensions and without a map. How
# to walk well is what the rest of the course is about.
#
# Now a constant is no longer enough: the targets rise with an input. The prediction is a line through 0, and you
# choose its slope. The panel calls your function to get the error of each slope. Find the slope at the bottom of
# the valley. Then move one point far away: why does the bottom move so much?

# %% kind="experiment"
explore("line_error", mean_squared_error)

# %% [markdown]
# ## Save, validate, see your progress
#
# - **Save** with Ctrl+S. JupyterLab also saves by itself every two minutes.
# - **Validate** is a button above the notebook. It runs the whole notebook in a fresh kernel and reports whether
#   all checks pass. Press it before you hand in a notebook.
# - **Progress**: the next cell shows which exercises of the whole course you have solved; so does `course progress`
#   in a terminal (**File > New > Terminal**). Your progress is saved in a small file next to each notebook, and is
#   never sent anywhere.

# %% kind="experiment"
show_progress()

# %% [markdown]
# ## Where to find help
#
# - Each exercise has a folded hint, like the one above.
# - `help(np.mean)` in a cell shows what a function does. So does **Shift+Tab** inside the brackets of a call.
# - `course doctor` in a terminal finds what is wrong with the installation and says what to do.
#
# ## Summary
#
# You wrote a function, checked it, read the card of a mistake and used the function in an experiment. Every
# notebook works like this. Next: [A first network and its
# gradient](../00b_network_and_gradient/00b_network_and_gradient.ipynb), which learns to read handwritten digits.
