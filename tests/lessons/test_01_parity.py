"""Lesson 01 against independent sources: PyTorch's schedulers, SciPy's distributions, long simulations, algebra."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy import stats

from course_grader.authoring.lesson import read_lesson
from course_grader.authoring.reference import namespace
from course_utils.plots.riddles import CURVATURES, RATES, six_runs

Schedule = Callable[[int], float]

LESSON = SimpleNamespace(**namespace(read_lesson(Path(__file__).parents[2] / "lessons" / "01_learning_rate_decay")))
EPOCHS = 40
LR0 = 0.37


def torch_rates(
    make: Callable[[torch.optim.Optimizer], torch.optim.lr_scheduler.LRScheduler], epochs: int
) -> list[float]:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=LR0)
    scheduler = make(optimizer)
    rates = []
    for _ in range(epochs):
        rates.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        scheduler.step()
    return rates


schedulers = torch.optim.lr_scheduler
# Name -> ours, PyTorch's.
SCHEDULES: dict[str, tuple[Schedule, Callable[[torch.optim.Optimizer], schedulers.LRScheduler]]] = {
    "inverse time": (
        lambda epoch: LESSON.inverse_time_decay(LR0, epoch, 0.3),
        lambda o: schedulers.LambdaLR(o, lambda epoch: 1 / (1 + 0.3 * epoch)),
    ),
    "exponential": (
        lambda epoch: LESSON.exponential_decay(LR0, epoch, 0.83),
        lambda o: schedulers.ExponentialLR(o, 0.83),
    ),
    "step": (
        lambda epoch: LESSON.step_decay(LR0, epoch, 0.3, 7),
        lambda o: schedulers.StepLR(o, 7, 0.3),
    ),
    "linear, and past its end": (
        lambda epoch: LESSON.linear_decay(LR0, epoch, 25),
        lambda o: schedulers.LinearLR(o, 1.0, 0.0, 25),
    ),
    "cosine": (
        lambda epoch: LESSON.cosine_decay(LR0, epoch, EPOCHS, 0.02),
        lambda o: schedulers.CosineAnnealingLR(o, EPOCHS, 0.02),
    ),
    "exponential, warmed up": (
        LESSON.with_warmup(lambda epoch: LESSON.exponential_decay(LR0, epoch, 0.9), 5),
        lambda o: schedulers.SequentialLR(
            o,
            [schedulers.LinearLR(o, 1 / 5, 1.0, 4), schedulers.ExponentialLR(o, 0.9)],
            [5],
        ),
    ),
    "one cycle": (
        lambda epoch: LESSON.one_cycle(LR0, epoch, EPOCHS),
        lambda o: schedulers.OneCycleLR(o, LR0, total_steps=EPOCHS, cycle_momentum=False),
    ),
    "one cycle of other shares": (
        lambda epoch: LESSON.one_cycle(LR0, epoch, EPOCHS, 0.45, 7.0, 30.0),
        lambda o: schedulers.OneCycleLR(
            o, LR0, total_steps=EPOCHS, pct_start=0.45, div_factor=7.0, final_div_factor=30.0, cycle_momentum=False
        ),
    ),
    "cosine with restarts": (
        lambda epoch: LESSON.cosine_restarts(LR0, epoch, 6),
        lambda o: schedulers.CosineAnnealingWarmRestarts(o, 6),
    ),
    "cosine with longer and longer cycles": (
        lambda epoch: LESSON.cosine_restarts(LR0, epoch, 3, 2, 0.02),
        lambda o: schedulers.CosineAnnealingWarmRestarts(o, 3, 2, 0.02),
    ),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_are_pytorchs(name: str) -> None:
    ours, make = SCHEDULES[name]
    # OneCycleLR refuses a step beyond its end.
    theirs = torch_rates(make, EPOCHS - 1)
    np.testing.assert_allclose([ours(epoch) for epoch in range(EPOCHS - 1)], theirs, rtol=1e-10, atol=1e-12)


def test_sgd_step_is_pytorchs() -> None:
    rng = np.random.default_rng(0)
    w, grad = rng.normal(size=(2, 4, 3))
    parameter = torch.nn.Parameter(torch.tensor(w))
    parameter.grad = torch.tensor(grad)
    torch.optim.SGD([parameter], lr=LR0).step()
    np.testing.assert_allclose(LESSON.sgd_step(w, grad, LR0), parameter.detach().numpy(), rtol=1e-14)


@pytest.mark.parametrize("patience", [1, 2, 5])
@pytest.mark.parametrize("seed", range(20))
def test_plateau_decay_is_pytorchs(patience: int, seed: int) -> None:
    # Few values, so that many losses equal the best; a falling trend, so that there are new bests late.
    rng = np.random.default_rng(seed)
    losses = (rng.integers(0, 6, 60) - np.arange(60) // 12).tolist()
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=LR0)
    scheduler = schedulers.ReduceLROnPlateau(optimizer, factor=0.7, patience=patience - 1, threshold=0.0, eps=0.0)
    for i, loss in enumerate(losses, 1):
        scheduler.step(loss)
        rate = LESSON.plateau_decay(LR0, losses[:i], factor=0.7, patience=patience)
        assert rate == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-12)


def test_the_worked_table() -> None:
    rates = [LESSON.inverse_time_decay(0.2, epoch, 1) for epoch in range(5)]
    assert [round(rate, 3) for rate in rates] == [0.2, 0.1, 0.067, 0.05, 0.04]


def test_inverse_sqrt_decay_quarters_its_square_where_time_quadruples() -> None:
    for t in (1, 3, 50):
        assert LESSON.inverse_sqrt_decay(LR0, 4 * t) == pytest.approx(LESSON.inverse_sqrt_decay(LR0, t) / 2)
    assert LESSON.inverse_sqrt_decay(LR0, 1, k=3.0) == pytest.approx(3 * LR0)


def test_warmup_stable_decay_is_made_of_its_parts() -> None:
    total, warmup, decay = 30, 6, 10
    rates = np.array([LESSON.warmup_stable_decay(LR0, epoch, total, warmup, decay) for epoch in range(total + 5)])
    constant_then_line = LESSON.with_warmup(
        lambda epoch: LR0 if epoch < total - warmup - decay else LESSON.linear_decay(LR0, epoch - 14, decay), warmup
    )
    np.testing.assert_allclose(rates, [constant_then_line(epoch) for epoch in range(total + 5)], atol=1e-15)
    steps = np.diff(rates)
    assert np.all(steps[: warmup - 1] > 0)
    assert np.all(steps[total - decay : total] < 0)


@pytest.mark.parametrize(("lr", "curvature"), [(0.1, 1.0), (0.9, 1.0), (0.2, 4.0), (0.45, 4.0)])
def test_stationary_variance_is_that_of_a_long_walk(lr: float, curvature: float) -> None:
    noise_std = 1.7
    rng = np.random.default_rng(1)
    w = np.zeros(400)
    squares = []
    for step in range(4000):
        w = w - lr * (curvature * w + noise_std * rng.normal(size=w.shape))
        if step >= 500:
            squares.append(np.mean(w**2))
    assert np.mean(squares) == pytest.approx(LESSON.stationary_variance(lr, curvature, noise_std), rel=0.01)


def test_lr_range_test_takes_the_steps_of_a_diverging_run() -> None:
    # On w**2/2 a step multiplies w by 1 - lr: beyond lr = 2 it grows, and in the end overflows.
    state = {"w": 1.0}
    taken = []

    def loss_after_step(lr: float) -> float:
        taken.append(lr)
        state["w"] *= 1 - lr
        return state["w"] ** 2 / 2 if abs(state["w"]) < 1e100 else np.inf

    lrs, losses = LESSON.lr_range_test(loss_after_step, 1e-3, 1e9, 200)
    assert len(taken) == len(lrs) + 1 == len(losses) + 1 < 200
    np.testing.assert_allclose(np.diff(np.log(taken)), np.log(1e12) / 199)
    np.testing.assert_allclose(losses, np.cumprod((1 - lrs) ** 2) / 2)


def test_sample_log_uniform_is_scipys() -> None:
    low, high = 1e-4, 3.0
    drawn = LESSON.sample_log_uniform(low, high, (200, 50), np.random.default_rng(2))
    assert drawn.shape == (200, 50)
    # The seed is fixed: this is no coin toss, but it would fail for another distribution.
    assert stats.kstest(drawn.ravel(), stats.loguniform(low, high).cdf).pvalue > 0.01


# What PyTorch does not answer: beyond the end, at the edge of what is allowed, and beside it.


def test_schedules_stay_where_they_ended() -> None:
    for epoch in (25, 26, 38, 1000):
        assert LESSON.cosine_decay(LR0, epoch, 25, 0.02) == pytest.approx(0.02)
        assert LESSON.one_cycle(LR0, epoch, 25) == pytest.approx(LR0 / 25 / 1e4)
        assert LESSON.linear_decay(LR0, epoch, 25) == 0


def test_a_warm_up_of_no_epochs_changes_nothing() -> None:
    unchanged = LESSON.with_warmup(lambda epoch: LR0 / (epoch + 1), 0)
    assert [unchanged(epoch) for epoch in range(5)] == [LR0 / (epoch + 1) for epoch in range(5)]


ALLOWED_AND_BAD = {
    "inverse_time_decay": ([(LR0, 0, 0.5), (LR0, 5, 0.0)], [(-LR0, 5, 0.5), (LR0, -1, 0.5), (LR0, 5, -0.5)]),
    "inverse_sqrt_decay": ([(LR0, 1)], [(LR0, 0), (LR0, -4)]),
    "linear_decay": ([(LR0, 0, 1)], [(LR0, 0, 0), (LR0, 0, -1)]),
    "cosine_decay": ([(LR0, 0, 1)], [(LR0, 0, 0), (LR0, 0, -1)]),
    "with_warmup": ([(len, 0)], [(len, -1)]),
    "stationary_variance": ([(1.99, 1.0, 1.0)], [(2.0, 1.0, 1.0), (3.0, 1.0, 1.0), (0.0, 1.0, 1.0), (-0.1, 1.0, 1.0)]),
    "lr_range_test": (
        [(abs, 0.1, 0.2, 2)],
        [(abs, 0.0, 0.2, 2), (abs, 0.2, 0.2, 2), (abs, 0.2, 0.1, 2), (abs, 0.1, 0.2, 1)],
    ),
    "one_cycle": ([(LR0, 0, 4, 0.5)], [(LR0, 0, 4, 0.25), (LR0, 0, 3)]),
    "warmup_stable_decay": ([(LR0, 0, 10, 4, 6)], [(LR0, 0, 10, 5, 6)]),
}


@pytest.mark.parametrize("name", ALLOWED_AND_BAD)
def test_bad_arguments_are_refused_with_a_sentence(name: str) -> None:
    function = getattr(LESSON, name)
    allowed, bad = ALLOWED_AND_BAD[name]
    for arguments in allowed:
        function(*arguments)
    for arguments in bad:
        with pytest.raises(ValueError, match=r"\w+ \w+"):
            function(*arguments)


def test_sampling_refuses_bad_ends_and_draws_from_its_generator_alone() -> None:
    rng = np.random.default_rng(4)
    for low, high in ((0.0, 1.0), (-1.0, 1.0), (2.0, 1.0)):
        with pytest.raises(ValueError, match="low"):
            LESSON.sample_log_uniform(low, high, 3, rng)
    np.testing.assert_allclose(LESSON.sample_log_uniform(0.3, 0.3, 4, rng), 0.3)
    first, second = (LESSON.sample_log_uniform(0.1, 1.0, 5, rng) for _ in range(2))
    assert np.all(first != second)
    twins = [LESSON.sample_log_uniform(0.1, 1.0, 5, np.random.default_rng(5)) for _ in range(2)]
    np.testing.assert_array_equal(*twins)


def test_arguments_stay_as_they_are() -> None:
    w, losses = np.ones(3), [0.3, 0.4, 0.5, 0.6]
    LESSON.sgd_step(w, np.ones(3), 0.1)
    LESSON.plateau_decay(LR0, losses)
    np.testing.assert_array_equal(w, np.ones(3))
    assert losses == [0.3, 0.4, 0.5, 0.6]


# Concept questions: the answers found by computing, not by thought.


def test_the_answer_on_rates_in_epoch_80() -> None:
    rates = {
        "inverse time": 0.2 / (1 + 0.02 * 80),
        "exponential": 0.2 * 0.95**80,
        "step": 0.2 / 2**4,
        "linear": 0.2 * 0.2,
        "cosine": 0.1 * (1 + np.cos(0.8 * np.pi)),
    }
    ordered = sorted(rates, key=lambda name: -rates[name])
    assert ordered == LESSON.largest_rate_first
    # Far enough apart for an eye.
    values = np.array([rates[name] for name in ordered])
    assert np.all(values[:-1] / values[1:] > 1.4)


def test_the_answer_on_the_share_of_variance() -> None:
    rng = np.random.default_rng(3)
    variances = []
    for lr in (0.75, 1.5):
        w = np.zeros(50_000)
        for _ in range(100):
            w = (1 - lr) * w - lr * rng.normal(size=w.shape)
        variances.append(np.var(w))
    assert variances[0] / variances[1] == pytest.approx(LESSON.share_of_variance_left, abs=0.01)


def test_the_answer_on_robbins_and_monro() -> None:
    n = np.arange(1.0, 2.0**20)
    rates = {
        "a": np.full_like(n, 0.1),
        "b": 0.1 / (1 + 0.5 * n),
        "c": 0.1 * 0.95**n,
        "d": 0.1 / np.sqrt(n),
        "e": 0.1 / n**0.75,
        "f": 0.1 * 0.5 ** np.floor((n - 1) / 10),
        "g": 0.1 / n**2,
    }

    def diverges(terms: np.ndarray) -> bool:
        # Cauchy: the terms from N to 2N of a convergent power series shrink with N, of a divergent one they do not.
        late, later = terms[2**15 : 2**16].sum(), terms[2**18 : 2**19].sum()
        return bool(later > 0.9 * late > 0)

    fits = {name for name, rate in rates.items() if diverges(rate) and not diverges(rate**2)}
    assert fits == LESSON.robbins_monro_schedules


def test_the_six_runs_are_what_the_answer_says() -> None:
    runs = six_runs()
    ends = {name: float(np.mean(losses[-50:])) for name, losses in runs.items()}
    good = next(name for name, label in LESSON.rate_of_each_curve.items() if label == "good")
    assert set(RATES) == set(LESSON.rate_of_each_curve)
    for name, label in LESSON.rate_of_each_curve.items():
        diverges = RATES[name] * CURVATURES.max() > 2
        assert diverges == (label == "too high")
        if label == "high":
            middle = float(np.mean(runs[name][100:200]))
            assert ends[name] > 5 * ends[good]
            assert ends[name] > 0.5 * middle, "it no longer falls"
        if label == "low":
            assert RATES[name] < RATES[good]
            assert ends[name] > 20 * ends[good]
            assert np.all(np.diff(runs[name][::50]) < 0), "it still falls"
