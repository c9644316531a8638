"""The loops do the same as a hand-written loop and PyTorch, and return the history if something goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from course_utils import training
from course_utils.data import Dataset, digits, spirals, split
from course_utils.landscapes import double_well, ravine
from course_utils.networks import MLP
from course_utils.training import History, descend, stateless, train, with_progress
from tests.course_utils import samples

SGD = stateless(samples.sgd)
NET = MLP((2, 8, 3))


@pytest.fixture
def data() -> Dataset:
    return spirals(20, 3, 0.05, np.random.default_rng(0))


@pytest.fixture
def params() -> dict[str, Any]:
    return NET.initialize(np.random.default_rng(1))


def in_order(X: Any, y: Any, batch_size: int, rng: np.random.Generator) -> Iterator[tuple[Any, Any]]:
    for start in range(0, len(X), batch_size):
        yield X[start : start + batch_size], y[start : start + batch_size]


def test_training_with_momentum_follows_pytorch(data: Dataset, params: dict[str, Any]) -> None:
    history = train(
        NET,
        params,
        data,
        samples.momentum,
        lambda e: 0.1 / (1 + e),
        3,
        16,
        np.random.default_rng(0),
        minibatches=in_order,
    )
    tensors = {name: torch.tensor(w, requires_grad=True) for name, w in params.items()}
    optimizer = torch.optim.SGD(tensors.values(), lr=0.1, momentum=0.9)
    losses = []
    for epoch in range(3):
        optimizer.param_groups[0]["lr"] = 0.1 / (1 + epoch)
        for Xb, yb in in_order(*data, 16, np.random.default_rng(0)):
            hidden = torch.relu(torch.tensor(Xb) @ tensors["W1"] + tensors["b1"])
            loss = torch.nn.functional.cross_entropy(hidden @ tensors["W2"] + tensors["b2"], torch.tensor(yb))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    np.testing.assert_allclose(history.losses, losses, rtol=1e-10)
    for name, tensor in tensors.items():
        np.testing.assert_allclose(history.params[name], tensor.detach(), rtol=1e-10, atol=1e-12)
    assert history.rates == [0.1, 0.05, 0.1 / 3]


def test_each_epoch_shows_every_example_once_in_a_new_order(data: Dataset, params: dict[str, Any]) -> None:
    seen: list[Any] = []

    class Spy(MLP):
        def loss_and_gradients(self, params: Any, X: Any, y: Any, train: bool = True, rng: Any = None) -> Any:
            seen.append(X)
            return super().loss_and_gradients(params, X, y, train, rng)

    train(Spy(NET.sizes), params, data, SGD, 0.1, 2, 16, np.random.default_rng(0))
    assert [len(X) for X in seen] == [16, 16, 16, 12] * 2
    epochs = np.concatenate(seen[:4]), np.concatenate(seen[4:])
    for X in epochs:
        np.testing.assert_array_equal(np.sort(X, axis=0), np.sort(data.X, axis=0))
    assert not np.array_equal(*epochs)


def test_the_same_seed_trains_the_same_and_the_first_parameters_stay(data: Dataset, params: dict[str, Any]) -> None:
    first = {name: w.copy() for name, w in params.items()}

    def in_place(w: Any, grad: Any, lr: float) -> Any:
        w -= lr * grad
        return w

    one, two = (train(NET, params, data, stateless(in_place), 0.1, 2, 16, np.random.default_rng(3)) for _ in range(2))
    assert one.losses == two.losses
    for name, w in params.items():
        np.testing.assert_array_equal(w, first[name])


def test_training_learns_the_digits_and_measures_it() -> None:
    rng = np.random.default_rng(0)
    learn, validation = split(*digits(), (0.7, 0.3), rng)
    net = MLP((64, 32, 10))
    history = train(net, net.initialize(rng), learn, SGD, 0.3, 8, 32, rng, validation=validation)
    assert len(history.train_losses) == len(history.validation_accuracies) == len(history.rates) == 8
    assert history.validation_accuracies[-1] > 0.9
    assert history.train_losses[-1] == net.evaluate(history.params, *learn)[0]
    assert history.best_epoch == np.argmin(history.validation_losses)
    assert net.evaluate(history.best_params, *validation)[0] == min(history.validation_losses)
    assert repr(history).startswith("History(8 epochs, 320 steps, last loss")


def test_best_parameters_are_not_the_last_ones_when_validation_gets_worse(
    data: Dataset, params: dict[str, Any]
) -> None:
    rates = iter([0.1, 0.1, -5.0])
    history = train(NET, params, data, SGD, lambda _: next(rates), 3, 60, np.random.default_rng(0), validation=data)
    assert history.best_epoch == 1
    assert NET.evaluate(history.best_params, *data)[0] == history.validation_losses[1] < history.validation_losses[2]


def test_transform_is_applied_between_gradient_and_step(data: Dataset, params: dict[str, Any]) -> None:
    def only_decay(params: dict[str, Any], grads: dict[str, Any]) -> dict[str, Any]:
        return {name: params[name] for name in grads}

    history = train(NET, params, data, SGD, 0.1, 1, 60, np.random.default_rng(0), transform=only_decay)
    np.testing.assert_allclose(history.params["W1"], 0.9 * params["W1"])


@pytest.mark.parametrize("kind", [bool, np.bool])
def test_after_epoch_can_watch_steer_and_stop(kind: Any, data: Dataset, params: dict[str, Any]) -> None:
    losses: list[float] = []

    def watch(history: History) -> Any:
        losses.append(history.train_losses[-1])
        return kind(len(losses) == 3)

    history = train(
        NET, params, data, SGD, lambda _: 0.1 / (1 + len(losses)), 10, 60, np.random.default_rng(0), after_epoch=watch
    )
    assert history.rates == [0.1, 0.05, 0.1 / 3]
    assert losses == history.train_losses


def test_another_answer_of_after_epoch_does_not_stop(data: Dataset, params: dict[str, Any]) -> None:
    history = train(
        NET, params, data, SGD, 0.1, 2, 60, np.random.default_rng(0), after_epoch=lambda history: history.losses[-1]
    )
    assert len(history.rates) == 2


def test_evaluate_off_measures_nothing(data: Dataset, params: dict[str, Any]) -> None:
    history = train(NET, params, data, SGD, 0.1, 2, 60, np.random.default_rng(0), validation=data, evaluate=False)
    assert history.train_losses == history.validation_losses == []
    assert len(history.losses) == len(history.rates) == 2


def test_a_diverging_run_ends_with_a_sentence_and_no_warning() -> None:
    data = (np.array([[1.0], [2.0]]), np.array([1.0, -3.0]))
    net = MLP((1, 1), loss="mse")
    history = train(net, net.initialize(np.random.default_rng(0)), data, SGD, 10.0, 1000, 2, np.random.default_rng(0))
    assert "the rate may be too high" in history.note
    assert not np.isfinite(history.losses[-1])
    assert len(history.losses) < 1000


def test_an_interrupted_run_returns_what_was_done(
    data: Dataset, params: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    def tired(history: History) -> None:
        if len(history.rates) == 2:
            raise KeyboardInterrupt

    history = train(NET, params, data, SGD, 0.1, 9, 60, np.random.default_rng(0), after_epoch=tired)
    assert len(history.train_losses) == 2
    assert history.note == "Stopped in epoch 1 of 9; the history so far is returned."
    assert capsys.readouterr().out == history.note + "\n"


def test_a_step_without_state_gets_a_hint_at_stateless(data: Dataset, params: dict[str, Any]) -> None:
    step: Any = lambda w, grad, state, lr: w - lr * grad  # noqa: E731
    with pytest.raises(TypeError, match=r"returned ndarray, not a pair .* stateless"):
        train(NET, params, data, step, 0.1, 1, 60, np.random.default_rng(0))


def test_nothing_is_printed_if_nobody_looks(
    data: Dataset, params: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    train(NET, params, data, SGD, 0.1, 2, 16, np.random.default_rng(0))
    assert capfd.readouterr() == ("", "")


def test_a_bar_goes_to_stdout_and_only_for_work_over_a_second(
    data: Dataset, params: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = partial(train, NET, params, data, SGD, 0.1, 2, 16, np.random.default_rng(0), progress=True)
    run()
    assert "step" not in capsys.readouterr().out
    # tqdm measures elapsed time with its own clock.
    clock = iter(range(10_000))
    monkeypatch.setattr("tqdm.std.tqdm._time", lambda _: float(next(clock)), raising=False)
    monkeypatch.setattr("tqdm.std.time", lambda: float(next(clock)))
    run()
    shown = capsys.readouterr()
    assert "/8" in shown.out
    assert shown.err == ""


@pytest.mark.parametrize("stdin", [True, False])
def test_a_kernel_is_watched_when_somebody_could_answer_it(stdin: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    class Shell:
        class kernel:  # noqa: N801 (an attribute's name)
            _allow_stdin = stdin

    class IPython:
        get_ipython = staticmethod(Shell)

    monkeypatch.setitem(training.sys.modules, "IPython", IPython)
    assert training._is_interactive() is stdin


def test_descend_on_a_quadratic_follows_the_closed_form() -> None:
    bowl = ravine(20)
    path = descend(bowl.gradient, bowl.start, SGD, 0.08, 30)
    assert path.shape == (31, 2)
    t = np.arange(31)[:, None]
    np.testing.assert_allclose(path, bowl.start * (1 - 0.08 * np.array([1.0, 20.0])) ** t, rtol=1e-10)


def test_descend_passes_on_state_and_schedule() -> None:
    path = descend(lambda w: np.ones(1), [0.0], samples.momentum, lambda i: 1.0 if i < 2 else 0.0, 4)
    np.testing.assert_allclose(path[:, 0], [0.0, -1.0, -2.9, -2.9, -2.9])


def test_momentum_leaves_the_shallow_well_and_plain_descent_does_not() -> None:
    well = double_well()
    assert well.minimum is not None
    np.testing.assert_allclose(descend(well.gradient, well.start, SGD, 0.1, 400)[-1], well.others[0], atol=1e-6)
    np.testing.assert_allclose(
        descend(well.gradient, well.start, samples.momentum, 0.1, 400)[-1], well.minimum, atol=1e-6
    )


def test_a_path_that_diverges_ends_in_nan_without_a_warning() -> None:
    bowl = ravine(20)
    path = descend(bowl.gradient, bowl.start, SGD, 1.0, 400)
    finite = np.isfinite(path).all(axis=1)
    assert finite[0]
    assert not finite[-1]
    assert np.all(np.diff(finite.astype(int)) <= 0)
    assert np.all(np.isnan(path[~finite]))


def test_training_uses_one_core_and_gives_the_others_back(data: Dataset, params: dict[str, Any]) -> None:
    def threads() -> list[int]:
        return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]

    inside = []
    with threadpool_limits(2):
        before = threads()
        assert set(before) == {2}
        train(
            NET, params, data, SGD, 0.1, 1, 8, np.random.default_rng(0), after_epoch=lambda _: inside.append(threads())
        )
        assert threads() == before
    assert inside == [[1] * len(before)]


def test_runs_with_progress_are_all_yielded_in_order_and_silently_without_a_person(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert list(with_progress(iter("abc"))) == ["a", "b", "c"]
    assert capsys.readouterr() == ("", "")
