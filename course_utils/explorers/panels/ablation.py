"""Training within the budget, with parts removed (lesson 08)."""

from __future__ import annotations

from typing import Any

import numpy as np

from course_utils.data.served import BATCHES, SAMPLE, ServedDigits
from course_utils.explorers.catalogue import Control, explorer
from course_utils.explorers.scene import Axis, Line, Mark, Panel, Scene
from course_utils.explorers.views import curve
from course_utils.networks import MLP

# Small enough to be trained each time a slider moves.
HIDDEN = 32
WARM_UP = 5
# The accuracy on the sample is measured after every 10 mini-batches.
EVERY = 10
HIGHEST = 3.0
# The accuracies that the three steps of the check require; there they are measured on the test images.
ASKED = ((0.6, "steps 1 to 3 of the check"), (0.82, ""), (0.88, ""))


@explorer(
    "ablation",
    "Training a small network within the budget, with parts removed",
    Control("lr", "peak learning rate", (0.003, 0.01, 0.03, 0.1, 0.3, 1.0), 0.03),
    Control("images", "images", ("brightness removed", "as given"), "brightness removed"),
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
    """Train a network with 32 hidden units on the 100 mini-batches of a task, with the chosen parts."""
    peak = moved["lr"]
    steps: dict[str, Any] = {"AdamW": adamw, "plain SGD": lambda w, grad, state, lr: (sgd(w, grad, lr), state)}
    # Called only if chosen: learners may not have written all functions yet.
    rates: dict[str, Any] = {
        "warm-up and cosine": lambda: with_warmup(lambda step: cosine(peak, step, BATCHES - WARM_UP), WARM_UP),
        "constant": lambda: lambda step: peak,
    }
    images: dict[str, Any] = {
        "brightness removed": lambda X: layernorm(X, np.ones(64), np.zeros(64))[0],
        "as given": lambda X: X,
    }
    network = MLP((64, HIDDEN, 10), normalize=batch_norm if moved["norm"] == "with" else None)
    # No test images are needed here, and drawing them takes time.
    task, prepare = ServedDigits(moved["seed"], tests=1), images[moved["images"]]
    losses, accuracies = _trained(network, task, prepare, steps[moved["step"]], rates[moved["schedule"]]())
    return Scene(_panels(losses, accuracies), _note(losses, accuracies))


def _trained(network: MLP, task: ServedDigits, prepare: Any, step: Any, rate: Any) -> tuple[Any, Any]:
    """Return the loss of each mini-batch, and the accuracy on the sample at the start and after every EVERY of them."""
    params = network.initialize(np.random.default_rng(0))
    state: dict[str, Any] = {}
    sample = prepare(task.X)
    losses, accuracies = [], [network.accuracy(params, sample, task.y)]
    # Each image is prepared on its own, so that one call can prepare all mini-batches.
    inputs, labels = zip(*iter(task.next_batch, None), strict=True)
    prepared = np.split(prepare(np.concatenate(inputs)), BATCHES)
    for number, (X, y) in enumerate(zip(prepared, labels, strict=True)):
        loss, grads = network.loss_and_gradients(params, X, y)
        # The steps are elementwise, so that one call can update all weights.
        weights = np.concatenate([params[name].ravel() for name in grads])
        gradient = np.concatenate([grad.ravel() for grad in grads.values()])
        weights, state = step(weights, gradient, state, rate(number))
        at = 0
        for name, grad in grads.items():
            params[name] = weights[at : at + grad.size].reshape(grad.shape)
            at += grad.size
        losses.append(loss)
        if (number + 1) % EVERY == 0:
            accuracies.append(network.accuracy(params, sample, task.y))
    return np.array(losses), np.array(accuracies)


def _panels(losses: Any, accuracies: Any) -> list[Panel]:
    batches = Axis("mini-batches", 0, BATCHES)
    # A loss that diverges is drawn at the upper edge.
    seen = np.minimum(np.nan_to_num(losses, nan=HIGHEST), HIGHEST)
    guess = Line([0, BATCHES], np.log([10, 10]), "a network that knows nothing", 1, dashed=True)
    marks: list[Mark] = [
        Line(np.arange(len(accuracies)) * EVERY, accuracies, "accuracy", 2, grows=True, dots=True),
        *(Line([0, BATCHES], [asked, asked], label, 6, True, 1.0) for asked, label in ASKED),
    ]
    return [
        Panel("Loss of each mini-batch", [curve(seen, "loss", 0), guess], batches, Axis("loss", 0, HIGHEST)),
        Panel("Accuracy on the sample", marks, batches, Axis("accuracy", 0, 1)),
    ]


def _note(losses: Any, accuracies: Any) -> str:
    if not np.isfinite(losses[-1]):
        return "The loss diverges."
    accuracy = accuracies[-1]
    error = np.sqrt(accuracy * (1 - accuracy) / SAMPLE)
    return (
        f"After {BATCHES} mini-batches the accuracy on the sample is {accuracy:.0%}, with a standard error of "
        f"{100 * error:.1f} percentage points. The mean loss of the last ten mini-batches is {losses[-10:].mean():.2f}."
    )
