# %% [markdown]
# # Capstone: train a network with your own functions
#
# *About three hours. You need notebooks 01 to 06, with the functions below solved.*
#
# When you are done you can
#
# - train.

# %% kind="setup" grade_id="imports"
import matplotlib.pyplot as plt
import numpy as np

from course_utils.checks import check, check_hidden
from course_utils.data.served import ServedDigits
from course_utils.networks import MLP
from course_utils.plots import plot_images, plot_losses, style

# %% kind="gather" grade_id="gathered" gathers="sgd_step cosine_decay with_warmup sample_log_uniform early_stopping dropout_forward dropout_backward batchnorm_forward batchnorm_backward batchnorm_predict update_running layernorm_forward momentum_step clip_by_global_norm adamw_step"
# Run `course gather` in a terminal, in the course's folder: it copies your own functions here.

# %% kind="answer" grade_id="train"
def train(X, y, next_batch, rng):
    """Train a network.
    """
    ### BEGIN SOLUTION
    def even(X):
        return layernorm_forward(X, np.ones(64), np.zeros(64))[0]

    batch_norm = (batchnorm_forward, batchnorm_backward, batchnorm_predict, update_running)
    dropout = (dropout_forward, dropout_backward)
    network = MLP((64, 128, 10), normalize=batch_norm, dropout=dropout, drop_prob=0.1)
    params, states, kept, losses = network.initialize(rng), {}, [], []
    schedule = with_warmup(lambda step: cosine_decay(0.04, step, 95), 5)
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


# %% kind="test" grade_id="train_visible" points=1
check("train", train)

# %% kind="test" grade_id="train_hidden" points=2
# Your teacher's hidden checks of train run here.
### BEGIN HIDDEN TESTS
check_hidden("train", train)
### END HIDDEN TESTS

# %% kind="test" grade_id="train_step_1_visible" points=1
check("train", train, part="step_1")

# %% kind="test" grade_id="train_step_1_hidden" points=3
# Your teacher's hidden checks of the first step run here.
### BEGIN HIDDEN TESTS
check_hidden("train", train, part="step_1")
### END HIDDEN TESTS

# %% kind="test" grade_id="train_step_2_visible" points=1
check("train", train, part="step_2")

# %% kind="test" grade_id="train_step_2_hidden" points=4
# Your teacher's hidden checks of the second step run here.
### BEGIN HIDDEN TESTS
check_hidden("train", train, part="step_2")
### END HIDDEN TESTS

# %% kind="answer" grade_id="loss_at_start"
# One number, to two decimals.
loss_at_start = None
### BEGIN SOLUTION
loss_at_start = np.log(10)
### END SOLUTION

# %% kind="test" grade_id="loss_at_start_visible" points=0
check("loss_at_start", loss_at_start)

# %% kind="test" grade_id="loss_at_start_hidden" points=1
# Your teacher's hidden check of loss_at_start runs here.
### BEGIN HIDDEN TESTS
check_hidden("loss_at_start", loss_at_start)
### END HIDDEN TESTS

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
