"""Training loops that use the learner's own step and schedule."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course_utils.threads import one_core

Array = NDArray[np.float64]
Params = dict[str, Array]
Rng = np.random.Generator
T = TypeVar("T")
Step = Callable[..., tuple[Array, dict[str, Any]]]
Schedule = Callable[[int], float] | float
Minibatches = Callable[[Array, NDArray[Any], int, Rng], Iterable[tuple[Array, NDArray[Any]]]]


class Network(Protocol):
    """The methods that `train` needs; `course_utils.networks.MLP` has them."""

    def loss_and_gradients(
        self, params: Params, X: Array, y: NDArray[Any], train: bool, rng: Rng | None
    ) -> tuple[float, Params]: ...

    def evaluate(self, params: Params, X: Array, y: NDArray[Any]) -> tuple[float, float]: ...


@dataclass
class History:
    """The record of a training run; epochs count from 0.

    `losses` has the mini-batch loss of every step, `rates` the learning rate of every epoch. `train_losses`,
    `train_accuracies`, `validation_losses` and `validation_accuracies` have one number per epoch, measured at its end
    as at test time; the last two stay empty without a validation set. `params` are the last parameters; `best_params`
    are those of `best_epoch`, the epoch with the lowest validation loss. `note` is empty, or says why training ended
    early.
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
    """Return a step for `train` and `descend` from a step without a state, `w_new = step(w, grad, lr)`."""
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
    """Train `network` on `data` (a `Dataset` or `(X, y)`), and return the history. `params` are the initial parameters;
    they are not modified.

    For each mini-batch, `step(w, grad, state, lr) -> (w_new, state_new)` is called once per parameter array. Each array
    has its own state, which is `{}` at first. `lr` is `schedule(epoch)`, or `schedule` itself if it is a number. Use
    `stateless` for a plain `step(w, grad, lr)`, and `functools.partial` to set further arguments of a step.

    `minibatches(X, y, batch_size, rng)` returns the `(X, y)` pairs of an epoch; by default, every example once,
    shuffled. `transform(params, grads) -> grads` changes the gradients before each step, for clipping or a penalty.
    `after_epoch(history)` is called after each epoch; if it returns True, training ends. With `evaluate=False` nothing
    is measured after an epoch. `progress` shows a progress bar (None: only in a terminal or an interactive notebook).

    If the loss is no longer finite, or at Ctrl-C (the stop button), training ends early: the history so far is
    returned, with a sentence in `history.note`. Raises TypeError if `step` does not return a pair.
    """
    X, y = data
    history = History({name: w.copy() for name, w in params.items()})
    states: dict[str, dict[str, Any]] = {name: {} for name in params}
    batches = minibatches or _shuffled
    rate = schedule if callable(schedule) else _constant(schedule)
    bar = _bar(epochs * -(-len(X) // batch_size), progress)
    epoch = 0
    try:
        # An overflow makes the loss non-finite, which `note` reports in one sentence; no warning for each array.
        with bar, one_core(), np.errstate(over="ignore", invalid="ignore"):
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
                stop = after_epoch(history) if after_epoch else None
                # Only a bool, of Python or NumPy, ends training: a loss that happens to be returned does not.
                if isinstance(stop, (bool, np.bool)) and stop:
                    break
    except KeyboardInterrupt:
        history.note = f"Stopped in epoch {epoch} of {epochs}; the history so far is returned."
        print(history.note)
    return history


def descend(gradient: Callable[[Array], Array], w0: ArrayLike, step: Step, schedule: Schedule, steps: int) -> Array:
    """Take `steps` steps from `w0` `(D,)`, and return the path `(steps + 1, D)`, which begins with `w0`.

    Each step is `step(w, gradient(w), state, lr)` with `lr = schedule(i)`, i from 0, or `schedule` itself if it is a
    number. From the first point that is not finite, the path is NaN, which plots leave out. For a noisy gradient see
    `landscapes.noisy_gradient`.
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


def with_progress(runs: Iterable[T], unit: str = "run") -> Iterator[T]:
    """Yield the `runs` of an experiment one by one, with a progress bar if a person is watching.

    The bar appears after one second and disappears at the end. It shows how many runs are done and how long the others
    will take.
    """
    listed = list(runs)
    with _bar(len(listed), None, unit) as bar:
        for run in listed:
            yield run
            bar.update()


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
            "if your step has no state, wrap it in stateless(...)."
        )
    return result


def _bar(total: int, progress: bool | None, unit: str = "step") -> Any:
    """Return a tqdm bar for `total` units. It appears after one second, on stdout (stderr would look like an error)."""
    from tqdm.std import tqdm

    shown = _is_interactive() if progress is None else progress
    return tqdm(total=total, unit=unit, file=sys.stdout, delay=1.0, leave=False, ncols=80, disable=not shown)


def _is_interactive() -> bool:
    """Return whether a person is watching: in a terminal, or in a notebook that is run by hand.

    A program that executes a notebook, such as nbgrader, does not allow the kernel to ask for input.
    """
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    kernel = getattr(shell, "kernel", None)
    if kernel is not None:
        return bool(getattr(kernel, "_allow_stdin", False))
    return sys.stdout.isatty()
