"""Loops that walk downhill with the learner's own step and schedule."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Params = dict[str, Array]
Rng = np.random.Generator
Step = Callable[..., tuple[Array, dict[str, Any]]]
Schedule = Callable[[int], float] | float
Minibatches = Callable[[Array, NDArray[Any], int, Rng], Iterable[tuple[Array, NDArray[Any]]]]


class Network(Protocol):
    """What `train` asks of a network; `course_utils.networks.MLP` has it."""

    def loss_and_gradients(
        self, params: Params, X: Array, y: NDArray[Any], train: bool, rng: Rng | None
    ) -> tuple[float, Params]: ...

    def evaluate(self, params: Params, X: Array, y: NDArray[Any]) -> tuple[float, float]: ...


@dataclass
class History:
    """What happened in a training run; epochs count from 0.

    `losses` has the mini-batch loss of every step; `rates`, `train_losses`, `train_accuracies` and the two of the
    validation set have a number an epoch, measured at its end as at test time (the validation lists stay empty
    without such a set). `params` are the last parameters, `best_params` those of `best_epoch`, where the validation
    loss was lowest. `note` is empty, or one sentence on why training ended early.
    """

    params: Params
    losses: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    train_losses: list[float] = field(default_factory=list)
    train_accuracies: list[float] = field(default_factory=list)
    validation_losses: list[float] = field(default_factory=list)
    validation_accuracies: list[float] = field(default_factory=list)
    best_params: Params = field(default_factory=dict)
    best_epoch: int | None = None
    note: str = ""

    def __repr__(self) -> str:
        loss = f", last loss {self.losses[-1]:.4g}" if self.losses else ""
        return f"History({len(self.rates)} epochs, {len(self.losses)} steps{loss})"


def stateless(step: Callable[[Array, Array, float], Array]) -> Step:
    """Make a step without a state, `w_new = step(w, grad, lr)`, fit `train` and `descend`."""
    return lambda w, grad, state, lr: (step(w, grad, lr), state)


def train(
    network: Network,
    params: Params,
    data: Iterable[NDArray[Any]],
    step: Step,
    schedule: Schedule,
    epochs: int,
    batch_size: int,
    rng: Rng,
    *,
    validation: Iterable[NDArray[Any]] | None = None,
    minibatches: Minibatches | None = None,
    transform: Callable[[Params, Params], Params] | None = None,
    after_epoch: Callable[[History], object] | None = None,
    evaluate: bool = True,
    progress: bool | None = None,
) -> History:
    """Train `network` from `params`, which stay as they are, on `data` (a `Dataset` or `(X, y)`).

    Each mini-batch calls `step(w, grad, state, lr) -> (w_new, state_new)` once for each parameter array, with a state
    of its own, `{}` at first; `lr` is `schedule(epoch)`, or `schedule` itself if it is a number. `stateless` fits a
    plain `step(w, grad, lr)`; `functools.partial` sets what else a step takes.

    `minibatches(X, y, batch_size, rng)` gives the pairs of an epoch (every example once, shuffled, unless told).
    `transform(params, grads) -> grads` stands between gradient and step, for clipping or a penalty.
    `after_epoch(history)` is called after each epoch, and ends training by returning True.
    With `evaluate=False` nothing is measured after an epoch. `progress` shows a bar (None: where somebody watches).

    Training ends early, with a sentence in `history.note`, where the loss is no longer finite, or at Ctrl-C (the stop
    button): what was done so far is returned. Raises TypeError where `step` does not return a pair.
    """
    X, y = data
    history = History({name: w.copy() for name, w in params.items()})
    states: dict[str, dict[str, Any]] = {name: {} for name in params}
    batches = minibatches or _shuffled
    rate = schedule if callable(schedule) else _constant(schedule)
    bar = _bar(epochs * -(-len(X) // batch_size), progress)
    epoch = 0
    try:
        # What overflows is told by the loss, in one sentence rather than in a warning for each array.
        with bar, np.errstate(over="ignore", invalid="ignore"):
            for epoch in range(epochs):
                lr = float(rate(epoch))
                for Xb, yb in batches(X, y, batch_size, rng):
                    _one_step(network, history, Xb, yb, step, states, lr, rng, transform)
                    bar.update()
                    if history.note:
                        return history
                history.rates.append(lr)
                if evaluate:
                    _measure(network, history, X, y, validation)
                answer = after_epoch(history) if after_epoch else None
                # Only a truth value ends training, also NumPy's: a loss that happens to be returned does not.
                if isinstance(answer, (bool, np.bool)) and answer:
                    break
    except KeyboardInterrupt:
        history.note = f"Stopped in epoch {epoch} of {epochs}; the history so far is returned."
        print(history.note)
    return history


def descend(gradient: Callable[[Array], Array], w0: ArrayLike, step: Step, schedule: Schedule, steps: int) -> Array:
    """Walk from `w0` `(D,)` and return the path `(steps + 1, D)`, `w0` first.

    Each step is `step(w, gradient(w), state, lr)` with `lr = schedule(i)`, i from 0, or `schedule` itself if it is a
    number. After a point that is not finite the rest of the path is NaN, which plots leave out.
    Noise comes with the gradient: see `landscapes.noisy_gradient`.
    """
    w = np.array(w0, dtype=np.float64)
    path = np.full((steps + 1, *w.shape), np.nan)
    path[0] = w
    state: dict[str, Any] = {}
    rate = schedule if callable(schedule) else _constant(schedule)
    with np.errstate(over="ignore", invalid="ignore"):
        for i in range(steps):
            w, state = _pair(step(w, gradient(w), state, float(rate(i))))
            if not np.all(np.isfinite(w)):
                break
            path[i + 1] = w
    return path


def _one_step(
    network: Network,
    history: History,
    X: Array,
    y: NDArray[Any],
    step: Step,
    states: dict[str, dict[str, Any]],
    lr: float,
    rng: Rng,
    transform: Callable[[Params, Params], Params] | None,
) -> None:
    params = history.params
    loss, grads = network.loss_and_gradients(params, X, y, True, rng)
    history.losses.append(loss)
    if not np.isfinite(loss):
        history.note = f"The loss is {loss} at step {len(history.losses) - 1}: the rate may be too high."
        return
    if transform:
        grads = transform(params, grads)
    for name, grad in grads.items():
        params[name], states[name] = _pair(step(params[name], grad, states[name], lr))


def _measure(
    network: Network, history: History, X: Array, y: NDArray[Any], validation: Iterable[NDArray[Any]] | None
) -> None:
    loss, accuracy = network.evaluate(history.params, X, y)
    history.train_losses.append(loss)
    history.train_accuracies.append(accuracy)
    if validation is None:
        return
    loss, accuracy = network.evaluate(history.params, *validation)
    if loss < min(history.validation_losses, default=np.inf):
        history.best_epoch = len(history.validation_losses)
        history.best_params = {name: w.copy() for name, w in history.params.items()}
    history.validation_losses.append(loss)
    history.validation_accuracies.append(accuracy)


def _shuffled(X: Array, y: NDArray[Any], batch_size: int, rng: Rng) -> Iterator[tuple[Array, NDArray[Any]]]:
    order = rng.permutation(len(X))
    for start in range(0, len(X), batch_size):
        rows = order[start : start + batch_size]
        yield X[rows], y[rows]


def _constant(lr: float) -> Callable[[int], float]:
    return lambda epoch: lr


def _pair(result: object) -> tuple[Array, dict[str, Any]]:
    if not (isinstance(result, tuple) and len(result) == 2):
        raise TypeError(
            f"step returned {type(result).__name__}, not a pair (w_new, state_new): "
            "put a step that has no state into stateless(...)."
        )
    return result


def _bar(total: int, progress: bool | None) -> Any:
    """Return a tqdm bar over `total` steps, on stdout (stderr looks like an error), shown from the first second on."""
    from tqdm.std import tqdm

    shown = _watched() if progress is None else progress
    return tqdm(total=total, unit="step", file=sys.stdout, delay=1.0, leave=False, ncols=80, disable=not shown)


def _watched() -> bool:
    """Tell whether somebody looks on: at a terminal, or at a notebook that is run by hand.

    A program that executes a notebook, as nbgrader does, tells the kernel that nobody can answer a question.
    """
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    kernel = getattr(shell, "kernel", None)
    if kernel is not None:
        return bool(getattr(kernel, "_allow_stdin", False))
    return sys.stdout.isatty()
