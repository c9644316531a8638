# %% [markdown] writes="a network's forward and backward pass, its first weights, its training"
# # A first network and its gradient
#
# *About three hours. You need functions, loops and arrays in Python, how two matrices are multiplied, and the
# derivative of a function. No knowledge of neural networks is needed.*
#
# Show a computer a handwritten digit, and let it say which one it is. Nobody can write down rules for that. A
# network has no rules: it computes ten scores from the pixels, with a few thousand adjustable numbers, and the
# highest score is its answer. At first the numbers are random and so are the answers. Then we show it examples, ask
# in which direction each number should move so that the answers become less wrong, move all of them a little, and
# repeat. In this notebook you write all of it: the network, the measure of what is wrong, the directions, and the
# loop. Everything later in the course improves one of these parts.
#
# When you are done you can
#
# - write an affine layer, a ReLU and the softmax cross-entropy, and the gradient of each;
# - explain the chain rule with numbers on paper, and check a gradient by central differences;
# - choose the size of the first weights, and say why they may not all be 0;
# - train a network on handwritten digits with a loop of a dozen lines.

# %% kind="setup" grade_id="imports"
import matplotlib.pyplot as plt
import numpy as np

from course_utils.checks import check, check_hidden
from course_utils.data import digits, split
from course_utils.explorers import explore
from course_utils.gradcheck import gradient_error
from course_utils.networks import MLP
from course_utils.plots import plot_band, plot_histograms, plot_images, plot_losses, style

# %% [markdown]
# ## The problem in one picture
#
# These are ten of 1797 handwritten digits. Each is an image of 8 by 8 pixels, that is, 64 grey values between 0
# (black) and 1 (white).

# %%
X, y = digits()
training, validation = split(X, y, (0.7, 0.3), np.random.default_rng(0))

one_of_each = [np.flatnonzero(training.y == k)[0] for k in range(10)]
plot_images(
    training.X[one_of_each].reshape(-1, 8, 8, 1),
    titles=[f"this is a {k}" for k in range(10)],
    title="64 numbers in, one of ten answers out",
)
plt.show()
third_row = training.X[one_of_each[0]].reshape(8, 8)[2]
print(f"The grey values in the third row of the 0: {third_row.round(1)}")

# %% [markdown]
# The digits are split into two sets. The 1258 **training** digits are those that the network may learn from. The
# other 539 are for **validation**: the network never learns from them, so that they show how it does on digits that
# it has not seen.
#
# ## 1. One neuron, and a layer of them
#
# **The idea.** A **neuron** multiplies each of its inputs by a number of its own, called a **weight**, and adds up
# the products. Then it adds one more number, the **bias**. A pixel with a large positive weight speaks for something,
# one with a negative weight speaks against it.
#
# **The formula.** For inputs $x_1, \dots, x_D$, weights $w_1, \dots, w_D$ and the bias $b$, the neuron's output is
#
# $$z = x_1 w_1 + x_2 w_2 + \dots + x_D w_D + b$$
#
# A **layer** is several neurons that see the same inputs. Each has its own weights, which form one column of a matrix
# $W$, and its own bias, which is one entry of an array $b$. And we always compute many examples at once, a **batch**:
# each example is one row of a matrix $x$. All of this is one matrix product:
#
# $$z = x\,W + b$$
#
# | | shape | one row is | one column is |
# | --- | --- | --- | --- |
# | $x$ | $(N, D_\text{in})$ | one example | one input, in all examples |
# | $W$ | $(D_\text{in}, D_\text{out})$ | one input, to all neurons | one neuron |
# | $b$ | $(D_\text{out},)$ | | |
# | $z$ | $(N, D_\text{out})$ | the outputs for one example | one neuron, in all examples |
#
# A product plus a constant is called an **affine** map. The bias is added to every row.
#
# **On paper.** One example with two inputs, $x = (1, 2)$, and two neurons:
#
# $$\begin{pmatrix} 1 & 2 \end{pmatrix}
# \begin{pmatrix} 1 & -1 \\ 0.5 & 0.5 \end{pmatrix} + \begin{pmatrix} 0 & -1 \end{pmatrix}
# = \begin{pmatrix} 1 + 1 + 0 & -1 + 1 - 1 \end{pmatrix} = \begin{pmatrix} 2 & -1 \end{pmatrix}$$
#
# We shall use this example up to the end of section 4.
#
# ### Exercise: `affine_forward`
#
# A forward function of this course returns a pair: the output, and a *cache*. The cache is whatever *your* backward
# function will need later, in section 4. What it contains is up to you; the checks only pass it from one of your
# functions to the other. If you do not know yet what you will need, return `None` now and come back later.

# %% kind="answer" grade_id="affine_forward"
def affine_forward(x, W, b):
    """Return the output of an affine layer, and a cache.

    x: (N, D_in), a batch of N examples. W: (D_in, D_out), one column per neuron. b: (D_out,).
    Returns (out, cache): out is x W + b, of shape (N, D_out); cache is what your affine_backward
    will need. No argument is changed.
    """
    ### BEGIN SOLUTION
    return x @ W + b, (x, W)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# `x @ W` is the matrix product; `x * W` would multiply entry by entry. NumPy adds an array of shape `(D_out,)` to
# every row of an array `(N, D_out)`. To return a pair, write `return out, None`.
#
# </details>

# %% kind="test" grade_id="affine_forward_visible" points=1
check("affine_forward", affine_forward)

# %% kind="test" grade_id="affine_forward_hidden" points=2
# Your teacher's hidden checks of affine_forward run here.
### BEGIN HIDDEN TESTS
check_hidden("affine_forward", affine_forward)
### END HIDDEN TESTS

# %% [markdown]
# ### Experiment: ten neurons, set by hand
#
# One layer can already recognize digits. Give it ten neurons, one for each digit. The weights of each are the *mean
# image* of its digit: pixels that are usually white get a large weight. A bias of minus half the sum of the squared
# weights makes up for digits with more ink; then the highest score belongs to the mean image that is nearest. The
# answer is the neuron with the highest output.

# %% kind="experiment"
W_means = np.stack([training.X[training.y == k].mean(axis=0) for k in range(10)], axis=1)
b_means = -0.5 * (W_means**2).sum(axis=0)
scores, _ = affine_forward(validation.X, W_means, b_means)

plot_images(W_means.T.reshape(-1, 8, 8, 1), titles=range(10), title="The weights of ten neurons")
zeros = validation.y == 0
plot_histograms(
    {"for zeros": scores[zeros, 0], "for other digits": scores[~zeros, 0]},
    x="output of neuron 0",
    bins=30,
    title="The neuron for 0 is high for zeros, and mostly lower for other digits",
)
plt.show()
print(f"{np.mean(scores.argmax(axis=1) == validation.y):.1%} of the validation digits are right")

# %% [markdown]
# About nine in ten are right, and nobody trained anything. But there is only one mean image for each digit, and
# people write a 1 in several ways. A layer on top of this one could combine such partial answers.
#
# ## 2. Why a network needs a bend
#
# Put one affine layer after another, and nothing is gained:
# $(x W_1 + b_1) W_2 + b_2 = x\,(W_1 W_2) + (b_1 W_2 + b_2)$ is again *one* affine map. So between two layers every
# network has a function that is not affine, an **activation**. The most common one is also the simplest, the
# **rectified linear unit** (ReLU). It lets positive numbers pass, and turns negative ones into 0:
#
# $$\operatorname{ReLU}(z) = \max(z, 0)$$
#
# It is applied to each entry on its own. A neuron with its activation is called a **unit**; one whose output is not
# the network's answer is a **hidden** unit. A hidden unit is *active* for an example if its $z$ is positive.
#
# **On paper.** The two neurons above gave $z = (2, -1)$, so their units give $h = (2, 0)$. The first is active.
#
# ### Exercise: `relu_forward`

# %% kind="answer" grade_id="relu_forward"
def relu_forward(x):
    """Return the ReLU of x, entry by entry, and a cache.

    x: an array of any shape.
    Returns (out, cache): out has x's shape; cache is what your relu_backward will need.
    x itself is not changed.
    """
    ### BEGIN SOLUTION
    return np.maximum(x, 0), x > 0
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# `np.maximum(x, 0)` compares every entry with 0. (`np.max` is another function: the largest entry of all.)
#
# </details>

# %% kind="test" grade_id="relu_forward_visible" points=1
check("relu_forward", relu_forward)

# %% kind="test" grade_id="relu_forward_hidden" points=2
# Your teacher's hidden checks of relu_forward run here.
### BEGIN HIDDEN TESTS
check_hidden("relu_forward", relu_forward)
### END HIDDEN TESTS

# %% [markdown]
# ### Experiment: what a few bends can do
#
# One input, three hidden units and one output, with weights that we chose. Each unit contributes a line with one
# bend, at the input where its $z$ is 0. Their weighted sum is a hill. Change `W2` or `b1` and run the cell again.

# %% kind="experiment"
line = np.linspace(-3, 3, 301)[:, None]
W1, b1 = np.array([[1.0, 1.0, 1.0]]), np.array([1.0, 0.0, -1.0])
W2, b2 = np.array([[1.0], [-2.0], [1.0]]), np.array([0.0])

hidden, _ = relu_forward(affine_forward(line, W1, b1)[0])
output, _ = affine_forward(hidden, W2, b2)

with style():
    _, axes = plt.subplots(1, 2, figsize=(10, 3.6), sharex=True)
for j, look in enumerate(("-", "--", ":")):
    axes[0].plot(line, hidden[:, j] * W2[j], look, label=f"unit {j}, times {W2[j, 0]:g}")
axes[0].set(title="Each unit bends once ...", xlabel="input", ylabel="its share of the output")
axes[0].legend()
axes[1].plot(line, output, color="black")
axes[1].set(title="... and their sum is a hill", xlabel="input", ylabel="output")
plt.show()

# %% [markdown]
# With enough bends a sum of ReLUs comes as close as you like to any continuous function on an interval. The
# question is how to find the weights.
#
# ## 3. How wrong are the scores?
#
# The last layer of our network has ten neurons, one for each digit. Their outputs are called scores or **logits**;
# they may be any numbers. To train we need *one* number that says how wrong they are for a batch: the **loss**.
#
# **The idea.** First turn the scores into probabilities: positive numbers whose sum is 1. Then ask how probable the
# *right* answer is. If its probability is 1, the loss is 0. The smaller the probability, the larger is the loss.
#
# **The formula.** For one example with the scores $s_1, \dots, s_K$ and the right class $y$, the **softmax** gives
# the probability of class $k$, and the **cross-entropy** is minus the logarithm of the right one's:
#
# $$p_k = \frac{e^{s_k}}{e^{s_1} + \dots + e^{s_K}} \qquad\qquad L = -\log p_y$$
#
# ($\log$ is the natural logarithm.) The loss of a batch is the *mean* over its examples, so that it does not grow
# merely because a batch is larger.
#
# **On paper.** Let a second layer turn $h = (2, 0)$ into two scores:
#
# $$\begin{pmatrix} 2 & 0 \end{pmatrix}
# \begin{pmatrix} 0.5 & -0.5 \\ 1 & 2 \end{pmatrix} + \begin{pmatrix} 0 & 0 \end{pmatrix}
# = \begin{pmatrix} 1 & -1 \end{pmatrix}$$
#
# $e^1 = 2.718$ and $e^{-1} = 0.368$, so the probabilities are $2.718 / 3.086 = 0.881$ and $0.368 / 3.086 = 0.119$. If
# the second class is right, the loss is $-\log 0.119 = 2.127$. The network was confident and wrong.
#
# **The gradient.** Training asks how much the loss changes if one number grows a little, and all others stay as
# they are. That is the (partial) *derivative* of the loss with respect to this number, written
# $\partial L/\partial s_k$ for a score. All these derivatives together, in an array of the shape of the scores, are
# the **gradient** of the loss. Write the loss as
#
# $$L = -\log \frac{e^{s_y}}{\sum_j e^{s_j}} = -s_y + \log \sum_j e^{s_j}$$
#
# and take the derivative of each part. The derivative of $-s_y$ is $-1$ for the right class and 0 for every other.
# The derivative of $\log \sum_j e^{s_j}$ with respect to $s_k$ is $e^{s_k} / \sum_j e^{s_j}$, which is $p_k$ itself:
#
# $$\frac{\partial L}{\partial s_k} = p_k - \begin{cases} 1 & \text{if } k = y \\ 0 & \text{otherwise} \end{cases}$$
#
# On paper: $(0.881,\; 0.119 - 1) = (0.881, -0.881)$. The gradient says: lower the first score, raise the second. The
# entries of each example always sum to 0. For a batch, every example's share in the mean is $1/N$, so every entry is
# divided by $N$. *This is the only place in the network where $1/N$ appears.*
#
# **Large scores.** $e^{800}$ is more than a computer can hold: it becomes `inf`, and `inf / inf` is not a number. But
# adding one number to all scores of an example changes no probability, since it multiplies numerator and denominator
# by the same factor. So subtract the example's *largest* score first. And take the logarithm by the formula
# $-s_y + \log \sum_j e^{s_j}$: a probability that is too small for a computer becomes 0, and its logarithm $-\infty$.
#
# ### Exercise: `softmax_cross_entropy`

# %% kind="answer" grade_id="softmax_cross_entropy"
def softmax_cross_entropy(logits, y):
    """Return the mean cross-entropy of a batch, and its gradient with respect to the logits.

    logits: (N, K), the scores of each example. y: (N,), the right classes, integers from 0 to K-1.
    Returns (loss, dlogits): loss is one number, the mean over the N examples; dlogits is (N, K),
    the gradient of that mean. Both must be right for scores as large as 1e4, too.
    No argument is changed.
    """
    ### BEGIN SOLUTION
    rows = np.arange(len(logits))
    shifted = logits - logits.max(axis=1, keepdims=True)
    exps = np.exp(shifted)
    total = exps.sum(axis=1, keepdims=True)
    loss = np.mean(np.log(total[:, 0]) - shifted[rows, y])
    dlogits = exps / total
    dlogits[rows, y] -= 1
    return loss, dlogits / len(logits)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint: NumPy</summary>
#
# `logits.max(axis=1, keepdims=True)` is the largest score of each row, as a column `(N, 1)`, which can be subtracted
# from every column of `logits`. `a[np.arange(N), y]` picks one entry from each row: that of its right class.
#
# </details>
#
# <details><summary>Hint: step by step</summary>
#
# Shift each row so that its largest score is 0. Take `np.exp`, and the sum of each row. The loss of an example is the
# logarithm of that sum, minus its shifted right score. The gradient is the probabilities, minus 1 at the right
# classes, all divided by $N$.
#
# </details>

# %% kind="test" grade_id="softmax_cross_entropy_visible" points=1
check("softmax_cross_entropy", softmax_cross_entropy)

# %% kind="test" grade_id="softmax_cross_entropy_hidden" points=4
# Your teacher's hidden checks of softmax_cross_entropy run here.
### BEGIN HIDDEN TESTS
check_hidden("softmax_cross_entropy", softmax_cross_entropy)
### END HIDDEN TESTS

# %% [markdown]
# ### Predict, then run: a network that knows nothing
#
# A network gives all ten digits the same score. What is its loss? Work it out before you run the cell. Remember the
# number: if a training does not start near it, something is wrong with the first weights or with the loss.

# %% kind="experiment"
loss, _ = softmax_cross_entropy(np.zeros((4, 10)), np.array([3, 1, 4, 1]))
print(f"ten equal scores: loss {loss:.3f} = log(10)")
loss, dlogits = softmax_cross_entropy(np.array([[1.0, -1.0]]), np.array([1]))
print(f"our example on paper: loss {loss:.3f}, gradient {dlogits.round(3)}")
loss, dlogits = softmax_cross_entropy(np.array([[1e4, -1e4]]), np.array([1]))
print(f"scores of 1e4 and -1e4, the second is right: loss {loss:g}, gradient {dlogits}")

# %% [markdown]
# > **Often written wrongly.** In PyTorch, `CrossEntropyLoss` takes the *scores*. If you put a softmax before it, no
# > error says so: probabilities are taken for scores, and as these lie between 0 and 1, the loss of ten classes can
# > never fall below 1.46. Keras has both forms, and a switch, `from_logits`. And the mean is a choice: with a *sum*
# > over the batch the gradient is $N$ times as large, so that the right learning rate depends on the batch size.
#
# ## 4. The way back
#
# The gradient of the loss with respect to the *scores* is known. Training needs it for the *weights*. The **chain
# rule** takes us there: if $w$ changes $z$, and $z$ changes $L$, then
# $\frac{\partial L}{\partial w} = \frac{\partial L}{\partial z}\, \frac{\partial z}{\partial w}$. We use it one
# layer at a time, from the last layer back to the first. This is called **backpropagation**.
#
# **The rule of the game.** Each layer gets `dout`: the gradient of the loss with respect to its own output, an
# array of the output's shape. It returns the gradient with respect to each of its inputs: `dx` for the layer before
# it, `dW` and `db` for training. No layer needs to know what the others do.
#
# **One product.** Take a single step of the forward pass, $z = x\,w + b$, with plain numbers. If $w$ grows by a
# little $\delta$, then $z$ grows by $x\,\delta$, and the loss by $\frac{\partial L}{\partial z}\, x\, \delta$. So
#
# $$\frac{\partial L}{\partial w} = \frac{\partial L}{\partial z}\, x \qquad
# \frac{\partial L}{\partial x} = \frac{\partial L}{\partial z}\, w \qquad
# \frac{\partial L}{\partial b} = \frac{\partial L}{\partial z}$$
#
# *The gradient of a factor is the other factor, times what came from above.* If a number is used several times, by
# several neurons or for several examples, it reaches the loss along several paths, and **the paths add up**.
#
# **On paper.** Back through the second layer of our example, with $d = (0.881, -0.881)$ from above, $h = (2, 0)$, and
# the weights $W_2$ of section 3:
#
# | | how | result |
# | --- | --- | --- |
# | $\partial L/\partial W_2$, first row | the input $h_1$ times each neuron's $d$ | $(1.762, -1.762)$ |
# | $\partial L/\partial W_2$, second row | the input $h_2$ times each neuron's $d$ | $(0, 0)$ |
# | $\partial L/\partial b_2$ | $d$ itself | $(0.881, -0.881)$ |
# | $\partial L/\partial h_1$ | two paths, one through each score | $0.5 \cdot 0.881 + (-0.5)(-0.881) = 0.881$ |
# | $\partial L/\partial h_2$ | two paths, one through each score | $1 \cdot 0.881 + 2 \cdot (-0.881) = -0.881$ |
#
# **The whole layer.** With $d_{nj}$ for the entries of `dout` ($n$ counts examples, $i$ inputs, $j$ neurons):
#
# $$\frac{\partial L}{\partial W_{ij}} = \sum_n x_{ni}\, d_{nj} \qquad
# \frac{\partial L}{\partial b_j} = \sum_n d_{nj} \qquad
# \frac{\partial L}{\partial x_{ni}} = \sum_j d_{nj}\, W_{ij}$$
#
# The first two add over the examples, because one $W$ and one $b$ serve all of them; the third adds over the
# neurons, because every input goes to all of them. A sum over a common index is a matrix product. To see which one,
# look at the shapes: `dW` must have the shape of `W`, `dx` that of `x`, and `db` that of `b`.
#
# ### Exercise: `affine_backward`

# %% kind="answer" grade_id="affine_backward"
def affine_backward(dout, cache):
    """Return the gradients (dx, dW, db) of the loss.

    dout: (N, D_out), the gradient with respect to the output of affine_forward. cache: what your
    own affine_forward returned with that output; it is not changed.
    dx: (N, D_in), dW: (D_in, D_out), db: (D_out,). dW and db add up the N examples.
    """
    ### BEGIN SOLUTION
    x, W = cache
    return dout @ W.T, x.T @ dout, dout.sum(axis=0)
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint: what belongs in the cache</summary>
#
# The formulas need $x$ and $W$. Return both from `affine_forward`, as a tuple, and take the tuple apart here:
# `x, W = cache`.
#
# </details>
#
# <details><summary>Hint: which product</summary>
#
# `x` is `(N, D_in)` and `dout` is `(N, D_out)`. The only product of the two that has shape `(D_in, D_out)` is
# `x.T @ dout`. Find `dx` in the same way, from `dout` and `W`.
#
# </details>

# %% kind="test" grade_id="affine_backward_visible" points=1
check("affine_backward", affine_backward, affine_forward)

# %% kind="test" grade_id="affine_backward_hidden" points=4
# Your teacher's hidden checks of affine_backward run here.
### BEGIN HIDDEN TESTS
check_hidden("affine_backward", affine_backward, affine_forward)
### END HIDDEN TESTS

# %% [markdown]
# ### Back through the ReLU
#
# If a unit was active, its output was its input: the gradient passes unchanged. If it was not, its output was 0,
# and a small change of its input would have changed nothing: the gradient is 0. In short, `dout` is multiplied by a
# **mask** of ones and zeros, and the mask depends on the *input of the forward pass*.
#
# On paper: from above came $(0.881, -0.881)$, and $z$ was $(2, -1)$. The result is $(0.881, 0)$. The sign
# of `dout` plays no part.
#
# > **A convention.** Exactly at 0 the ReLU has no derivative: its slope is 0 to the left and 1 to the right. Most
# > libraries use 0 there, that is, the mask $z > 0$. Some people write $z \ge 0$. Both are fine, and the checks
# > accept both.
#
# ### Exercise: `relu_backward`

# %% kind="answer" grade_id="relu_backward"
def relu_backward(dout, cache):
    """Return the gradient of the loss with respect to the input of relu_forward.

    dout: the gradient with respect to its output, of the same shape. cache: what your own
    relu_forward returned with that output. Neither is changed.
    """
    ### BEGIN SOLUTION
    return dout * cache
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# `x > 0` is an array of True and False. Multiplied by numbers, True counts as 1 and False as 0. Either keep `x` in the
# cache, or the mask itself.
#
# </details>

# %% kind="test" grade_id="relu_backward_visible" points=1
check("relu_backward", relu_backward, relu_forward)

# %% kind="test" grade_id="relu_backward_hidden" points=2
# Your teacher's hidden checks of relu_backward run here.
### BEGIN HIDDEN TESTS
check_hidden("relu_backward", relu_backward, relu_forward)
### END HIDDEN TESTS

# %% [markdown]
# ### Predict, then run: a gradient on paper
#
# One input, two hidden units with ReLU, and one score $s$:
#
# $$z_1 = w_1 x + b_1 \qquad z_2 = w_2 x + b_2 \qquad s = v_1 \operatorname{ReLU}(z_1) + v_2 \operatorname{ReLU}(z_2)$$
#
# The input is $x = 3$; the units have $w = (0.5, -2)$ and $b = (-0.5, 1)$; the score has $v = (2, 4)$. From the
# loss came $\partial L / \partial s = 0.6$. What is $\partial L / \partial x$, the gradient with respect to the
# *input*? Go forward first, then back. Your prediction is graded.

# %% kind="answer" grade_id="gradient_on_paper"
# Write one number, rounded to two decimals.
gradient_on_paper = None
### BEGIN SOLUTION
x, w, b, v, ds = 3.0, (0.5, -2.0), (-0.5, 1.0), (2.0, 4.0), 0.6
gradient_on_paper = sum(ds * v[i] * (w[i] * x + b[i] > 0) * w[i] for i in range(2))
### END SOLUTION

# %% kind="test" grade_id="gradient_on_paper_visible" points=0
check("gradient_on_paper", gradient_on_paper)

# %% kind="test" grade_id="gradient_on_paper_hidden" points=2
# Your teacher's hidden check of gradient_on_paper runs here.
### BEGIN HIDDEN TESTS
check_hidden("gradient_on_paper", gradient_on_paper)
### END HIDDEN TESTS

# %% [markdown]
# Now let the computer do the example that we followed through the sections above.

# %% kind="experiment"
paper = {
    "W1": np.array([[1.0, -1.0], [0.5, 0.5]]), "b1": np.array([0.0, -1.0]),
    "W2": np.array([[0.5, -0.5], [1.0, 2.0]]), "b2": np.array([0.0, 0.0]),
}
z, first = affine_forward(np.array([[1.0, 2.0]]), paper["W1"], paper["b1"])
h, active = relu_forward(z)
s, second = affine_forward(h, paper["W2"], paper["b2"])
loss, ds = softmax_cross_entropy(s, np.array([1]))
dh, dW2, db2 = affine_backward(ds, second)
dz = relu_backward(dh, active)
dx, dW1, db1 = affine_backward(dz, first)
print(f"forward:  z {z[0]}, h {h[0]}, scores {s[0]}, loss {loss:.3f}")
print(f"backward: ds {ds[0].round(3)}, dh {dh[0].round(3)}, dz {dz[0].round(3) + 0}")
print(f"dW2 {dW2.round(3).tolist()}")
print(f"dW1 {dW1.round(3).tolist()}")

# %% [markdown]
# The second hidden unit was not active. So its outgoing weights (the second row of `dW2`) and its incoming weights
# (the second column of `dW1`) have gradient 0: this example has nothing to say about them.
#
# ### Experiment: trust, but measure
#
# A derivation can be wrong, and so can its code. There is a check that uses neither. Move *one* number $w$ a little
# up and a little down, compute the loss for both, and look at the difference:
#
# $$\frac{\partial L}{\partial w} \approx \frac{L(w + h) - L(w - h)}{2h}$$
#
# This **central difference** needs two forward passes for every single weight: much too slow for training, but good
# for a test. (You will write it yourself in lesson 07a.) `gradient_error(f, gradient, w)` compares a gradient with
# the central differences of `f` at `w`, and returns the relative error. Under $10^{-7}$ is right; above $10^{-3}$
# is wrong.

# %% kind="experiment"
rng = np.random.default_rng(1)
batch, labels = rng.normal(size=(5, 4)), np.array([0, 2, 1, 2, 0])
W, b = rng.normal(size=(4, 3)), rng.normal(size=3)


def loss_of(x, W, b):
    return float(softmax_cross_entropy(relu_forward(affine_forward(x, W, b)[0])[0], labels)[0])


z, layer_cache = affine_forward(batch, W, b)
h, relu_cache = relu_forward(z)
dz = relu_backward(softmax_cross_entropy(h, labels)[1], relu_cache)
dx, dW, db = affine_backward(dz, layer_cache)
print(f"dx {gradient_error(lambda x: loss_of(x, W, b), dx, batch):.0e}")
print(f"dW {gradient_error(lambda W: loss_of(batch, W, b), dW, W):.0e}")
print(f"db {gradient_error(lambda b: loss_of(batch, W, b), db, b):.0e}")
print(f"db, averaged over the batch by mistake: "
      f"{gradient_error(lambda b: loss_of(batch, W, b), db / 5, b):.0e}")

# %% [markdown]
# ## 5. The first weights
#
# Training improves the weights step by step. Where does it start?
#
# **Not at 0.** If all weights and biases are 0, then all hidden units output 0, so the gradient of $W_2$ is 0; and
# nothing passes back through $W_2$, so the gradient of $W_1$ is 0. Only the last bias can learn. More generally,
# two hidden units that start with the same weights, incoming and outgoing, get the same gradients and stay equal.
# So the weights are *random*. (Biases may start at 0.)
#
# **How large?** A neuron adds up $D_\text{in}$ products. If its inputs have the mean square $q$ and its weights are
# independent with mean 0 and variance $\sigma^2$, its output has the variance $D_\text{in}\, \sigma^2 q$. The ReLU
# then sets half of the outputs to 0, and halves their mean square. So the mean square stays $q$ if
#
# $$\tfrac12\, D_\text{in}\, \sigma^2 = 1, \qquad\text{that is,}\qquad \sigma = \sqrt{2 / D_\text{in}}$$
#
# This is **He's rule** (He and others, 2015). With larger weights the numbers grow from layer to layer, with smaller
# ones they shrink. $D_\text{in}$, the number of inputs of each neuron, is called *fan in*; *fan out* is the number of
# neurons.
#
# ### Exercise: `he_weights`

# %% kind="answer" grade_id="he_weights"
def he_weights(fan_in, fan_out, rng):
    """Return random first weights of a layer, by He's rule.

    fan_in, fan_out: the number of inputs and of neurons. rng: a NumPy Generator.
    Returns W of shape (fan_in, fan_out), whose entries are independent draws from a normal
    distribution with mean 0 and standard deviation sqrt(2 / fan_in).
    """
    ### BEGIN SOLUTION
    return rng.normal(0.0, np.sqrt(2 / fan_in), size=(fan_in, fan_out))
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# `rng.normal(mean, deviation, size=...)` draws an array. Its second argument is the *standard deviation*, not the
# variance. Use the `rng` that you are given: `np.random.normal` would draw other numbers in every run.
#
# </details>

# %% kind="test" grade_id="he_weights_visible" points=1
check("he_weights", he_weights)

# %% kind="test" grade_id="he_weights_hidden" points=2
# Your teacher's hidden checks of he_weights run here.
### BEGIN HIDDEN TESTS
check_hidden("he_weights", he_weights)
### END HIDDEN TESTS

# %% [markdown]
# ### Experiment: does the mean square stay?
#
# Random inputs pass through six layers of 200 units, with weights by your rule, and with weights that are half and
# twice as large.

# %% kind="experiment"
def root_mean_squares(scale, layers=6, width=200, seed=2):
    rng = np.random.default_rng(seed)
    h = rng.normal(size=(100, width))
    sizes = [np.sqrt(np.mean(h**2))]
    for _ in range(layers):
        W = scale * he_weights(width, width, rng)
        h, _ = relu_forward(affine_forward(h, W, np.zeros(width))[0])
        sizes.append(np.sqrt(np.mean(h**2)))
    return sizes


plot_losses(
    {f"weights × {scale:g}": root_mean_squares(scale) for scale in (2.0, 1.0, 0.5)},
    title="He's rule keeps the size of the numbers",
    x="layer (0: the inputs)",
    y="root mean square of the outputs",
)
plt.show()

# %% [markdown]
# A factor of 2 in every layer is a factor of 64 after six of them. Our network has only two layers and forgives more.
# Lesson 04 returns to this with twenty layers.
#
# ## 6. The whole network
#
# Your functions are the building blocks. Put together, they are a network with one hidden layer:
#
# $$\text{pixels} \;\to\; \text{affine } (W_1, b_1) \;\to\; \text{ReLU} \;\to\; \text{affine } (W_2, b_2) \;\to\;
# \text{softmax cross-entropy}$$
#
# Forward, each layer takes the output of the one before it. Backward, each takes the gradient from the one *after*
# it, in the opposite order, with the cache of its own forward pass. The last layer has no ReLU: scores may be
# negative.
#
# The **parameters** are a dict with the four arrays, `params["W1"]` and so on. The gradients are a dict with the same
# names, so that a training loop can match them.
#
# ### Exercise: `two_layer_loss`

# %% kind="answer" grade_id="two_layer_loss"
def two_layer_loss(params, X, y):
    """Return the loss of a network with one hidden layer, and its gradients.

    params: a dict with W1 (D, H), b1 (H,), W2 (H, K) and b2 (K,). X: (N, D), examples.
    y: (N,), their classes, integers. The network is affine, ReLU, affine; the loss is the mean
    softmax cross-entropy.
    Returns (loss, grads): grads is a dict with the same four names, each array of the shape of its
    parameter. No argument is changed.
    """
    ### BEGIN SOLUTION
    z, cache1 = affine_forward(X, params["W1"], params["b1"])
    h, bend = relu_forward(z)
    logits, cache2 = affine_forward(h, params["W2"], params["b2"])
    loss, dlogits = softmax_cross_entropy(logits, y)
    dh, dW2, db2 = affine_backward(dlogits, cache2)
    dz = relu_backward(dh, bend)
    _, dW1, db1 = affine_backward(dz, cache1)
    return loss, {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint</summary>
#
# Four lines forward, three lines back, each of which calls one of your functions. Give each cache its own name. The
# gradient with respect to `X` is computed but not needed.
#
# </details>

# %% kind="test" grade_id="two_layer_loss_visible" points=1
check("two_layer_loss", two_layer_loss)

# %% kind="test" grade_id="two_layer_loss_hidden" points=4
# Your teacher's hidden checks of two_layer_loss run here.
### BEGIN HIDDEN TESTS
check_hidden("two_layer_loss", two_layer_loss)
### END HIDDEN TESTS

# %% [markdown]
# ### Experiment: check every gradient
#
# Before you train anything, compare all four gradients with central differences. Here the network sees 20 real
# digits. Next to each error is the size of the gradient.

# %% kind="experiment"
def first_params(hidden, rng, inputs=64, classes=10, scale=1.0):
    """Return first parameters: He's weights times `scale`, biases 0."""
    return {
        "W1": scale * he_weights(inputs, hidden, rng), "b1": np.zeros(hidden),
        "W2": scale * he_weights(hidden, classes, rng), "b2": np.zeros(classes),
    }


few = first_params(8, np.random.default_rng(3))
loss, grads = two_layer_loss(few, training.X[:20], training.y[:20])
print(f"loss {loss:.3f}; a network that knows nothing has {np.log(10):.3f}")
for name in few:
    def loss_at(array, name=name):
        return float(two_layer_loss(few | {name: array}, training.X[:20], training.y[:20])[0])

    error = gradient_error(loss_at, grads[name], few[name])
    print(f"{name}: error {error:.0e}, norm of the gradient {np.linalg.norm(grads[name]):.2f}")

# %% [markdown]
# ### Question: what is true?
#
# - a: Two affine layers without an activation between them can compute no more than one.
# - b: If all weights and biases start at 0, only the last bias ever changes.
# - c: A step along the negative gradient of a mini-batch always lowers the loss on all training examples.
# - d: The entries of `dlogits` that belong to one example add up to 0.
# - e: If 5 is added to all the scores of an example, the probability of its largest score grows.
# - f: A hidden unit that is active for no example of a batch gets gradient 0 for its incoming weights.

# %% kind="answer" grade_id="true_of_networks"
# Write the set of the letters of all true sentences, such as {"a", "c"}.
true_of_networks = None
### BEGIN SOLUTION
true_of_networks = {"a", "b", "d", "f"}
### END SOLUTION

# %% kind="test" grade_id="true_of_networks_visible" points=0
check("true_of_networks", true_of_networks)

# %% kind="test" grade_id="true_of_networks_hidden" points=2
# Your teacher's hidden check of true_of_networks runs here.
### BEGIN HIDDEN TESTS
check_hidden("true_of_networks", true_of_networks)
### END HIDDEN TESTS

# %% [markdown]
# ## 7. Training
#
# **The idea.** The gradient points in the direction in which the loss grows fastest. So take a small step in the
# opposite direction:
#
# $$w \leftarrow w - \eta\, \frac{\partial L}{\partial w}$$
#
# for every parameter. The **learning rate** $\eta$ (eta, `lr` in code) says how large the step is. Lesson 01 is about
# how to choose it.
#
# **Mini-batches.** We could compute the gradient over all 1258 training digits for each step. But thirty of them
# already show roughly the same direction, for a fortieth of the work. So each step uses a small **mini-batch**. The
# examples are shuffled, cut into mini-batches, and each is used for one step. One pass over all examples is an
# **epoch**; then they are shuffled again. This is **stochastic gradient descent** (SGD).
#
# ```text
# for each epoch:
#     draw a random order of the examples
#     for each mini-batch, in that order:
#         compute its loss and gradients
#         remember the loss
#         move every parameter by -lr times its gradient
#     the loss of the epoch is the mean over its mini-batches
# ```
#
# The last mini-batch is smaller if the batch size does not divide the number of examples. Each loss is computed
# *before* its step, as a by-product of the gradient: it costs nothing extra. So the loss of an epoch is measured
# while the parameters still move.
#
# ### Exercise: `train_network`

# %% kind="answer" grade_id="train_network"
def train_network(params, X, y, lr, epochs, batch_size, rng):
    """Train the network of two_layer_loss by plain SGD on shuffled mini-batches.

    params: the first parameters, a dict; neither it nor its arrays are changed. X: (N, D), y: (N,).
    lr: the learning rate. rng: a NumPy Generator, for the order of the examples.
    In each epoch every example is used once, in an order drawn for this epoch; the last batch may
    be smaller.
    Returns (params, losses): the trained parameters, and one loss per epoch: the plain mean over
    its mini-batches (each counts the same), each computed before its step.
    """
    ### BEGIN SOLUTION
    params, losses = dict(params), []
    for _ in range(epochs):
        order = rng.permutation(len(X))
        batch_losses = []
        for start in range(0, len(X), batch_size):
            rows = order[start : start + batch_size]
            loss, grads = two_layer_loss(params, X[rows], y[rows])
            batch_losses.append(loss)
            for name in params:
                params[name] = params[name] - lr * grads[name]
        losses.append(np.mean(batch_losses))
    return params, losses
    ### END SOLUTION


# %% [markdown]
# <details><summary>Hint: shuffle</summary>
#
# `order = rng.permutation(len(X))` is a random order of the row numbers. With `rows = order[start:start + batch_size]`
# the mini-batch is `X[rows], y[rows]`: each example keeps its own label. A slice that goes beyond the end is simply
# shorter.
#
# </details>
#
# <details><summary>Hint: leave the caller's arrays alone</summary>
#
# `params = dict(params)` makes a new dict with the same arrays. Then `params[name] = params[name] - ...` puts a new
# array into it. `params[name] -= ...` would change the old array itself, which still belongs to the caller.
#
# </details>

# %% kind="test" grade_id="train_network_visible" points=1
check("train_network", train_network)

# %% kind="test" grade_id="train_network_hidden" points=4
# Your teacher's hidden checks of train_network run here.
### BEGIN HIDDEN TESTS
check_hidden("train_network", train_network)
### END HIDDEN TESTS

# %% [markdown]
# ### Experiment: it learns to read
#
# 32 hidden units, a learning rate of 0.1, mini-batches of 32, thirty epochs. That is
# $64 \cdot 32 + 32 + 32 \cdot 10 + 10 = 2410$ parameters.

# %% kind="experiment"
def scores_of(params, X):
    h, _ = relu_forward(affine_forward(X, params["W1"], params["b1"])[0])
    return affine_forward(h, params["W2"], params["b2"])[0]


def accuracy(params, data):
    return np.mean(scores_of(params, data.X).argmax(axis=1) == data.y)


rng = np.random.default_rng(4)
start = first_params(32, rng)
trained, losses = train_network(start, training.X, training.y, 0.1, 30, 32, rng)
ax = plot_losses({"training": losses}, title="The loss of each epoch", y="mean of its mini-batches")
ax.set_xticks(range(0, 30, 5))
plt.show()
print(f"validation digits that are right: {accuracy(start, validation):.1%} before training, "
      f"{accuracy(trained, validation):.1%} after it")

# %% [markdown]
# The first loss is already below that of a network that knows nothing, since the parameters improve within the first
# epoch. In twenty other runs, with other first weights and other orders, 97 % of the validation digits were right
# in the median run, and 95 % to 98 % in each: at a constant rate the result depends on the moment at which you stop
# (lesson 01). A single layer, trained in the same way, gets 95 %; the ten neurons that we set by hand got 90 %.
#
# Which ones are wrong? And what has training added to the weights of the hidden units?

# %% kind="experiment"
answers = scores_of(trained, validation.X).argmax(axis=1)
wrong = np.flatnonzero(answers != validation.y)[:10]
plot_images(
    validation.X[wrong].reshape(-1, 8, 8, 1),
    titles=[f"{answers[i]}, not {validation.y[i]}" for i in wrong],
    title="Validation digits that the network takes for others",
)
added = (trained["W1"] - start["W1"]).T.reshape(-1, 8, 8, 1)[:16]
grey = 0.5 + added / (2 * np.abs(added).max())
plot_images(grey, columns=8, title="What training added to 16 hidden units (grey: 0)")
plt.show()

# %% [markdown]
# Some of the wrong ones would puzzle a person too. The pictures of the hidden units are harder to read: white is
# where ink now speaks more for a unit, black where it speaks more against it. Some show parts of strokes; no single
# unit belongs to one digit. Two pictures are grey all over (the last of each row): these units are active for almost no
# training digit, so they get almost no gradient. Such a unit is called *dead*. It does no harm, and no good.
#
# ### Experiment: how large should the first weights be?
#
# Eight epochs at the rate 0.3, with He's weights multiplied by a factor. There are five runs for each factor; the
# band is the middle 80 % of them.

# %% kind="experiment"
def loss_curves(scale, lr=0.3, epochs=8, hidden=32, seeds=5):
    curves = []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        params = first_params(hidden, rng, scale=scale)
        with np.errstate(all="ignore"):
            curves.append(train_network(params, training.X, training.y, lr, epochs, 32, rng)[1])
    return curves


curves = {f"× {scale:g}": loss_curves(scale) for scale in (0.0, 0.01, 1.0, 10.0)}
title = "First weights: He's rule, times a factor"
ax = plot_band(np.arange(8), curves, title=title, y_label="loss of the epoch")
ax.set_yscale("log")
plt.show()

# %% [markdown]
# With zeros the loss stays at $\log 10 = 2.3$: only the last bias moves. With weights a hundred times too small the
# network loses the first epoch or two, because hardly any gradient passes through them, and then follows. With
# weights ten times too large it starts *worse* than a network that knows nothing: it is sure, and wrong. After five
# epochs He's rule was the best of the four in each of ten other runs.
#
# ### Try it: a network in two dimensions
#
# Digits have 64 inputs, which nobody can see at once. So here are points in a plane, on two spiral arms. The panel
# trains your network on them, with your functions, each time you move a slider. The black line is the border between
# its two answers. What does it look like with one hidden unit, and how many units does the network need? (With few
# units, try other seeds too: one may be dead.) What happens
# at a learning rate that is too large? And with first weights that are smaller or larger than He's?

# %% kind="experiment"
explore("first_network", affine_forward, relu_forward, he_weights, train_network)

# %% [markdown]
# Did you see that here *larger* first weights are better? It is so for each of six other seeds that we tried, up to a
# factor of 10. He's rule keeps numbers at one size from layer to layer; it does not claim to be best for one small
# network on one task. It is where to start, not where to end.
#
# ## 8. The same network, ready-made
#
# From here on the notebooks use `MLP` of `course_utils.networks`: *multilayer perceptron* is the old name of a
# network of affine layers. It has any number of hidden layers, and later takes your batch normalization and your
# dropout. With one hidden layer it does nothing that you have not written: it is a convenience. The cell below gives it
# your parameters and compares.

# %% kind="experiment"
net = MLP((64, 32, 10))
loss, grads = two_layer_loss(trained, *training)
same_loss, same_grads = net.loss_and_gradients(trained, *training)
print(f"the losses differ by {abs(loss - same_loss):.0e}")
for name in grads:
    gap = np.abs(grads[name] - same_grads[name]).max()
    print(f"{name}: the gradients differ by at most {gap:.0e}")

# %% [markdown]
# > **Often written wrongly.**
# >
# > - *A layer's matrix.* PyTorch's `nn.Linear` stores $W$ transposed, as `(out, in)`, and computes `x @ W.T + b`. In
# >   this course, in Keras and in most formulas for rows of examples, $W$ is `(in, out)`.
# > - *The mean.* $1/N$ belongs to the loss, once. `dW` and `db` are then sums over the batch; if you divide there
# >   again, the gradient is $N$ times too small.
# > - *"The gradient points to the minimum."* It points in the steepest direction here, which is usually another one.
# > - *"Backpropagation trains the network."* It only computes the gradient. What to do with it is another choice, and
# >   the subject of the next lessons.
# > - *"Softmax gives the probability that the answer is right."* It gives numbers that add up to 1. A network can be
# >   sure and wrong, and an image that is no digit at all still gets ten probabilities.


# %% [markdown]
# ## 9. The same in PyTorch
#
# PyTorch computes the gradients itself: it keeps the caches of the forward pass, and `loss.backward()` goes back
# through all layers. The rest is the loop that you wrote.
#
# | this course | PyTorch | note |
# | --- | --- | --- |
# | `affine_forward` | `torch.nn.Linear(d_in, d_out)` | stores $W$ as `(out, in)` |
# | `relu_forward` | `torch.nn.ReLU()` | |
# | `softmax_cross_entropy` | `torch.nn.CrossEntropyLoss()` | takes scores; the mean over the batch |
# | `he_weights` | `torch.nn.init.kaiming_normal_` | not the default of `Linear`, which is uniform and smaller |
# | `two_layer_loss` | the forward pass, then `loss.backward()` | *adds* to `.grad`: call `zero_grad()` before |
# | the update | `torch.optim.SGD(...)`, `optimizer.step()` | |
# | shuffled mini-batches | `DataLoader(..., shuffle=True)` | the default is `shuffle=False` |
#
# The next cell compares your network with PyTorch's, if it is installed. You need not install it.

# %% kind="experiment"
from course_utils.pytorch import compare_with_torch


@compare_with_torch
def one_step(torch):
    rng, loss_of = np.random.default_rng(5), torch.nn.CrossEntropyLoss()
    X, y = rng.normal(size=(32, 6)), rng.integers(3, size=32)
    params = {"W1": he_weights(6, 8, rng), "b1": np.zeros(8),
              "W2": he_weights(8, 3, rng), "b2": np.zeros(3)}
    net = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3))
    net = net.double()
    with torch.no_grad():
        for layer, i in ((net[0], 1), (net[2], 2)):
            layer.weight.copy_(torch.from_numpy(params[f"W{i}"].T))  # transposed
            layer.bias.zero_()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    inputs, labels = torch.from_numpy(X), torch.from_numpy(y)

    loss, grads = two_layer_loss(params, X, y)
    theirs = loss_of(net(inputs), labels)
    theirs.backward()
    once = net[0].weight.grad.T.clone()
    loss_of(net(inputs), labels).backward()  # adds to the gradients that are there
    added = net[0].weight.grad.T.clone()
    for _ in range(2):
        optimizer.zero_grad()
        loss_of(net(inputs), labels).backward()
        optimizer.step()
    trained, _ = train_network(params, X, y, 0.1, 2, 32, rng)
    scores = np.array([[3.0, -1.0, 0.5]])
    probabilities = torch.softmax(torch.from_numpy(scores), dim=1)
    return {
        "CrossEntropyLoss()": (loss, theirs),
        "gradient of W1, by backward()": (grads["W1"], once),
        "W2 after two steps of SGD": (trained["W2"], net[2].weight.T),
        "trap: zero_grad() forgotten": (grads["W1"], added),
        "trap: a softmax before CrossEntropyLoss": (
            softmax_cross_entropy(scores, np.array([1]))[0],
            loss_of(probabilities, torch.tensor([1])),
        ),
    }


# %% [markdown]
# With PyTorch, the cell prints this:
#
# ```
# CrossEntropyLoss()                       the same
# gradient of W1, by backward()            the same
# W2 after two steps of SGD                the same
# trap: zero_grad() forgotten              differs by up to 0.14
# trap: a softmax before CrossEntropyLoss  differs by up to 2.6
# ```
#
# The two traps raise no error. Without `zero_grad()` each gradient is added to the one before it; a softmax before
# `CrossEntropyLoss` is a second one, so that even a network that is sure and right keeps a large loss.
#
# ## Summary
#
# - A layer is `x @ W + b`; between layers there must be a bend, such as the ReLU.
# - Softmax cross-entropy turns scores into a loss, and its gradient is the probabilities minus one at the right class,
#   divided by $N$.
# - Backward, every layer multiplies what came from above by its own derivative. Numbers that are used several times add
#   up their paths: sums over the batch for $W$ and $b$.
# - First weights are random, of standard deviation $\sqrt{2/D_\text{in}}$. Before you train, compare the gradient with
#   central differences, and the first loss with $\log K$.
# - Training is a loop: shuffle, take a mini-batch, compute the gradient, take a step.
#
# ## References
#
# - Rumelhart, Hinton and Williams (1986), *Learning representations by back-propagating errors*.
# - Glorot and Bengio (2010), *Understanding the difficulty of training deep feedforward neural networks*.
# - Glorot, Bordes and Bengio (2011), *Deep sparse rectifier neural networks*. The ReLU.
# - He and others (2015), *Delving deep into rectifiers*. The factor of 2.
#
# Next: [Learning-rate decay](../01_learning_rate_decay/01_learning_rate_decay.ipynb): how large the steps should be,
# and why they should become smaller.
