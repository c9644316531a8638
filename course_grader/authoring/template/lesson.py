# %% [markdown]
# # TITLE
#
# *About one hour. You need the lessons before this one.*
#
# Say why this matters, in one paragraph. Show the problem in a picture before the first formula.
#
# When you are done you can
#
# - name what the learner can do now.

# %% kind="setup" grade_id="imports"
import matplotlib.pyplot as plt
import numpy as np

from course_utils.checks import check, check_hidden

# %% [markdown]
# ## The idea
#
# Give the idea in two or three sentences. Then the formula, with every symbol named:
#
# $$y = a\,x$$
#
# Here $x$ is the input, $a$ the factor and $y$ the result.

# %% kind="answer" grade_id="EXERCISE"
def EXERCISE(x, factor):
    """Return `factor` times `x`, of `x`'s shape; `x` itself stays as it is.

    x: array of shape (N, D).
    factor: one number, at least 0. ValueError with a sentence where it is negative.
    """
    ### BEGIN SOLUTION
    if factor < 0:
        raise ValueError(f"factor is {factor}: it must be at least 0.")
    return factor * x
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# Give a first step here, not the answer.
#
# </details>

# %% kind="test" grade_id="EXERCISE_visible" points=1
check("EXERCISE", EXERCISE)

# %% kind="test" grade_id="EXERCISE_hidden" points=2
# Your teacher's hidden checks of EXERCISE run here.
### BEGIN HIDDEN TESTS
check_hidden("EXERCISE", EXERCISE)
### END HIDDEN TESTS

# %% kind="test" grade_id="EXERCISE_arguments" points=1
check("EXERCISE", EXERCISE, part="arguments")
### BEGIN HIDDEN TESTS
check_hidden("EXERCISE", EXERCISE, part="arguments")
### END HIDDEN TESTS

# %% [markdown]
# ## An experiment with your function
#
# Say what to look at.

# %% kind="experiment"
x = np.linspace(0, 1, 50)
fig, ax = plt.subplots(figsize=(6, 3.2), layout="constrained")
for factor in (0.5, 1.0, 2.0):
    ax.plot(x, EXERCISE(x, factor), label=f"a = {factor}")
ax.set(xlabel="x", ylabel="y", title="A larger factor gives a steeper line")
ax.legend()
plt.show()

# %% [markdown]
# ## Summary
#
# Say in two sentences what was learned, and name the sources with their years.
