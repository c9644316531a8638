"""A whole training within the budget, with parts taken away (lesson 08)."""

from __future__ import annotations

from typing import Any

import numpy as np

from course_utils.data.served import BATCHES, SAMPLE, ServedDigits
from course_utils.explorers.catalogue import Control, explorer
from course_utils.explorers.scene import Axis, Line, Mark, Panel, Scene
from course_utils.explorers.views import curve
from course_utils.networks import MLP

# Small enough to be trained while a slider moves.
HIDDEN = 32
WARM_UP = 5
# The sample is read each time that so many mini-batches were learned.
EVERY = 10
HIGHEST = 3.0
# What the steps of the check ask, of a larger network and on the test images.
ASKED = ((0.6, "steps 1 to 3 of the check"), (0.82, ""), (0.88, ""))


@explorer(
    "ablation",
    "A small training within the budget, with parts taken away",
    Control("lr", "rate, at its peak", (0.003, 0.01, 0.03, 0.1, 0.3, 1.0), 0.03),
    Control("images", "images", ("evened out", "as served"), "evened out"),
    Control("norm", "batch normalization", ("with", "without"), "with"),
    Control("step", "step", ("AdamW", "plain SGD"), "AdamW"),
    Control("schedule", "schedule", ("warm-up and cosine", "constant"), "warm-up and cosine"),
    Control("seed", "seed of the task", (1, 2, 3, 4), 1),
    exercises=(
        "layernorm_forward",
        "sgd_step",
        "adamw_step",
        "with_warmup",
        "cosine_decay",
        "batchnorm_forward",
        "batchnorm_backward",
        "batchnorm_predict",
        "update_running",
    ),
)
def ablation(
    layernorm: Any, sgd: Any, adamw: Any, with_warmup: Any, cosine: Any, *batch_norm: Any, **moved: Any
) -> Scene:
    """Train a network of 32 hidden units on the 100 mini-batches of a task, with the parts that are chosen."""
    peak = moved["lr"]
    steps: dict[str, Any] = {"AdamW": adamw, "plain SGD": lambda w, grad, state, lr: (sgd(w, grad, lr), state)}
    # Called only where it is chosen: a learner need not have all functions.
    rates: dict[str, Any] = {
        "warm-up and cosine": lambda: with_warmup(lambda step: cosine(peak, step, BATCHES - WARM_UP), WARM_UP),
        "constant": lambda: lambda step: peak,
    }
    images: dict[str, Any] = {
        "evened out": lambda X: layernorm(X, np.ones(64), np.zeros(64))[0],
        "as served": lambda X: X,
    }
    network = MLP((64, HIDDEN, 10), normalize=batch_norm if moved["norm"] == "with" else None)
    # Nothing here asks for test images, which would be drawn and copied too.
    task, prepare = ServedDigits(moved["seed"], tests=1), images[moved["images"]]
    losses, shares = _trained(network, task, prepare, steps[moved["step"]], rates[moved["schedule"]]())
    return Scene(_panels(losses, shares), _told(losses, shares))


def _trained(network: MLP, task: ServedDigits, prepare: Any, step: Any, rate: Any) -> tuple[Any, Any]:
    """Return the loss of each mini-batch, and the share of the sample that is read right after every few."""
    params = network.initialize(np.random.default_rng(0))
    state: dict[str, Any] = {}
    sample = prepare(task.X)
    losses, shares = [], [network.accuracy(params, sample, task.y)]
    # What is done to an image hangs on no other image: one call serves all.
    inputs, labels = zip(*iter(task.next_batch, None), strict=True)
    prepared = np.split(prepare(np.concatenate(inputs)), BATCHES)
    for number, (X, y) in enumerate(zip(prepared, labels, strict=True)):
        loss, grads = network.loss_and_gradients(params, X, y)
        # A step goes number by number: all weights take it in one call.
        weights = np.concatenate([params[name].ravel() for name in grads])
        gradient = np.concatenate([grad.ravel() for grad in grads.values()])
        weights, state = step(weights, gradient, state, rate(number))
        at = 0
        for name, grad in grads.items():
            params[name] = weights[at : at + grad.size].reshape(grad.shape)
            at += grad.size
        losses.append(loss)
        if (number + 1) % EVERY == 0:
            shares.append(network.accuracy(params, sample, task.y))
    return np.array(losses), np.array(shares)


def _panels(losses: Any, shares: Any) -> list[Panel]:
    batches = Axis("mini-batches", 0, BATCHES)
    # A loss that runs away is drawn at the upper edge.
    seen = np.minimum(np.nan_to_num(losses, nan=HIGHEST), HIGHEST)
    guess = Line([0, BATCHES], np.log([10, 10]), "a network that knows nothing", 1, dashed=True)
    read: list[Mark] = [
        Line(np.arange(len(shares)) * EVERY, shares, "share of the sample", 2, grows=True, dots=True),
        *(Line([0, BATCHES], [asked, asked], label, 6, True, 1.0) for asked, label in ASKED),
    ]
    return [
        Panel("Loss of each mini-batch", [curve(seen, "loss", 0), guess], batches, Axis("loss", 0, HIGHEST)),
        Panel("Share of the sample read right", read, batches, Axis("share", 0, 1)),
    ]


def _told(losses: Any, shares: Any) -> str:
    if not np.isfinite(losses[-1]):
        return "The loss runs away."
    share = shares[-1]
    error = np.sqrt(share * (1 - share) / SAMPLE)
    return (
        f"After {BATCHES} mini-batches {share:.0%} of the sample is read right, with a standard error of "
        f"{100 * error:.1f} points; the last ten mini-batches have a mean loss of {losses[-10:].mean():.2f}."
    )
