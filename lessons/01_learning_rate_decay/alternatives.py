"""Right answers of lesson 01, written in other ways."""

# %% exercise="sgd_step" id="plus_the_downhill_direction"
def sgd_step(w, grad, lr):
    downhill = np.negative(grad)
    return np.add(w, np.multiply(downhill, lr))


# %% exercise="sgd_step" id="copy_then_in_place"
def sgd_step(w, grad, lr):
    new = np.array(w, dtype=float)
    new -= np.asarray(grad) * lr
    return new


# %% exercise="sgd_step" id="lambda"
sgd_step = lambda w, grad, lr: -(lr * grad - w)


# %% exercise="inverse_time_decay" id="reciprocal"
def refuse_negative(**numbers):
    for name, number in numbers.items():
        if number < 0:
            raise ValueError(f"{name} is {number}, and must not be negative.")


def inverse_time_decay(lr0, epoch, decay_rate):
    refuse_negative(lr0=lr0, epoch=epoch, decay_rate=decay_rate)
    return lr0 * (decay_rate * epoch + 1) ** -1


# %% exercise="inverse_time_decay" id="by_halving_time"
def inverse_time_decay(lr0, epoch, decay_rate):
    if lr0 < 0 or epoch < 0 or decay_rate < 0:
        raise ValueError("negative")
    if decay_rate == 0:
        return lr0
    halving_time = 1 / decay_rate
    return lr0 * halving_time / (halving_time + epoch)


# %% exercise="exponential_decay" id="by_loop"
def exponential_decay(lr0, epoch, gamma=0.95):
    lr = lr0
    for _ in range(epoch):
        lr *= gamma
    return lr


# %% exercise="exponential_decay" id="by_exp_and_log"
def exponential_decay(lr0, epoch, gamma=0.95):
    return lr0 * np.exp(epoch * np.log(gamma))


# %% exercise="exponential_decay" id="recursive"
def exponential_decay(lr0, epoch, gamma=0.95):
    return lr0 if epoch == 0 else gamma * exponential_decay(lr0, epoch - 1, gamma)


# %% exercise="inverse_sqrt_decay" id="power"
def inverse_sqrt_decay(lr0, t, k=1.0):
    if t <= 0:
        raise ValueError("The first step is step 1.")
    return lr0 * k * float(t) ** -0.5


# %% exercise="inverse_sqrt_decay" id="math_module"
import math


def inverse_sqrt_decay(lr0, t, k=1.0):
    if not t >= 1:
        raise ValueError(f"t must be at least 1, not {t}.")
    return k * (lr0 / math.sqrt(t))


# %% exercise="step_decay" id="by_loop"
def step_decay(lr0, epoch, factor=0.5, every=10):
    lr = lr0
    for e in range(1, epoch + 1):
        if e % every == 0:
            lr = lr * factor
    return lr


# %% exercise="step_decay" id="floor"
def step_decay(lr0, epoch, factor=0.5, every=10):
    return np.power(factor, np.floor(epoch / every)) * lr0


# %% exercise="linear_decay" id="by_cases"
def linear_decay(lr0, epoch, total):
    if total <= 0:
        raise ValueError("There must be at least one epoch.")
    if epoch >= total:
        return 0
    return lr0 - lr0 * epoch / total


# %% exercise="linear_decay" id="interp"
def linear_decay(lr0, epoch, total):
    if not total > 0:
        raise ValueError(f"total must be positive, not {total}.")
    return np.interp(epoch, [0, total], [lr0, 0.0])


# %% exercise="linear_decay" id="clip"
def linear_decay(lr0, epoch, total):
    if total <= 0:
        raise ValueError(f"total = {total}")
    return lr0 * (total - np.clip(epoch, 0, total)) / total


# %% exercise="cosine_decay" id="half_angle"
def cosine_decay(lr0, epoch, total, lr_min=0.0):
    if total <= 0:
        raise ValueError("total must be positive.")
    if epoch > total:
        return lr_min
    # (1 + cos x) / 2 = cos(x/2)**2
    return lr_min + (lr0 - lr_min) * np.cos(np.pi * epoch / (2 * total)) ** 2


# %% exercise="cosine_decay" id="weighted_mean"
import math


def cosine_decay(lr0, epoch, total, lr_min=0.0):
    if total <= 0:
        raise ValueError("total must be positive.")
    share = 0.5 + 0.5 * math.cos(math.pi * min(1.0, epoch / total))
    return share * lr0 + (1 - share) * lr_min


# %% exercise="with_warmup" id="lambda"
def with_warmup(schedule, warmup_epochs):
    if warmup_epochs < 0:
        raise ValueError("A warm-up cannot be negative.")
    if warmup_epochs == 0:
        return schedule
    return lambda n: schedule(max(n - warmup_epochs, 0)) * min((n + 1) / warmup_epochs, 1)


# %% exercise="with_warmup" id="list_of_rates"
def with_warmup(schedule, warmup_epochs):
    if warmup_epochs < 0:
        raise ValueError(f"{warmup_epochs} epochs?")
    rising = np.linspace(0, schedule(0), warmup_epochs + 1)[1:]

    def rate(epoch):
        return rising[epoch] if epoch < len(rising) else schedule(epoch - len(rising))

    return rate


# %% exercise="with_warmup" id="partial"
from functools import partial


def rate_with_warmup(schedule, warmup_epochs, epoch):
    late = epoch - warmup_epochs
    return schedule(late) if late >= 0 else schedule(0) * (1 + late / warmup_epochs + 1 / warmup_epochs)


def with_warmup(schedule, warmup_epochs):
    if warmup_epochs < 0:
        raise ValueError("warmup_epochs must be 0 or more.")
    return partial(rate_with_warmup, schedule, warmup_epochs)


# %% exercise="with_warmup" id="object_that_can_be_called"
class Warmed:
    def __init__(self, schedule, warmup_epochs):
        if warmup_epochs < 0:
            raise ValueError("warmup_epochs must be 0 or more.")
        self.schedule, self.warmup_epochs = schedule, warmup_epochs

    def __call__(self, epoch):
        if epoch >= self.warmup_epochs:
            return self.schedule(epoch - self.warmup_epochs)
        return self.schedule(0) / self.warmup_epochs * (epoch + 1)


def with_warmup(schedule, warmup_epochs):
    return Warmed(schedule, warmup_epochs)


# %% exercise="plateau_decay" id="count_down"
def plateau_decay(lr0, losses, factor=0.5, patience=3):
    cuts, left, best = 0, patience, float("inf")
    for i in range(len(losses)):
        if losses[i] < best:
            left, best = patience, losses[i]
            continue
        left -= 1
        if left == 0:
            cuts, left = cuts + 1, patience
    return lr0 * factor**cuts


# %% exercise="plateau_decay" id="best_by_min"
def plateau_decay(lr0, losses, factor=0.5, patience=3):
    losses = list(losses)
    lr, bad = lr0, 0
    for n, loss in enumerate(losses):
        is_best = all(loss < earlier for earlier in losses[:n])
        bad = 0 if is_best else bad + 1
        if bad >= patience:
            lr *= factor
            bad = 0
    return lr


# %% exercise="stationary_variance" id="series"
def stationary_variance(lr, curvature, noise_std):
    if lr * curvature <= 0 or lr * curvature >= 2:
        raise ValueError("The weight does not settle at this rate.")
    # Each step's noise, (lr*s)**2, shrinks by (1 - lr*h)**2 in every later step: a geometric series.
    return (lr * noise_std) ** 2 / (1 - (1 - lr * curvature) ** 2)


# %% exercise="stationary_variance" id="by_steps"
def stationary_variance(lr, curvature, noise_std):
    a = lr * curvature
    if not (a > 0 and a < 2):
        raise ValueError(f"lr*curvature = {a} does not lie between 0 and 2.")
    numerator = lr * np.square(noise_std)
    return numerator / (2 * curvature - a * curvature)


# %% exercise="lr_range_test" id="lists"
def lr_range_test(loss_after_step, lr_min, lr_max, steps):
    if lr_min <= 0 or lr_min >= lr_max or steps < 2:
        raise ValueError("The rates must rise from a positive one, in two steps or more.")
    growth = (lr_max / lr_min) ** (1 / (steps - 1))
    lrs, losses = [], []
    for i in range(steps):
        lr = lr_min * growth**i
        loss = loss_after_step(lr)
        if loss != loss or abs(loss) == float("inf"):
            return np.array(lrs), np.array(losses)
        lrs.append(lr)
        losses.append(loss)
    return np.array(lrs), np.array(losses)


# %% exercise="lr_range_test" id="takewhile"
from itertools import takewhile


def lr_range_test(loss_after_step, lr_min, lr_max, steps):
    if not (0 < lr_min < lr_max and steps > 1):
        raise ValueError("bad range")
    lrs = np.exp(np.linspace(np.log(lr_min), np.log(lr_max), steps))
    losses = np.fromiter(takewhile(np.isfinite, map(loss_after_step, lrs)), dtype=float)
    return lrs[: losses.size], losses


# %% exercise="lr_range_test" id="arrays_filled"
def lr_range_test(loss_after_step, lr_min, lr_max, steps):
    if not 0 < lr_min < lr_max or steps < 2:
        raise ValueError("0 < lr_min < lr_max and steps >= 2, please.")
    lrs, losses, n = np.logspace(np.log10(lr_min), np.log10(lr_max), steps), np.zeros(steps), 0
    while n < steps:
        losses[n] = loss_after_step(lrs[n])
        if not np.isfinite(losses[n]):
            break
        n += 1
    return lrs[:n], losses[:n]


# %% exercise="sample_log_uniform" id="base_ten"
def sample_log_uniform(low, high, size, rng):
    if low <= 0 or high < low:
        raise ValueError("Ends must be positive and in order.")
    return 10 ** rng.uniform(np.log10(low), np.log10(high), size=size)


# %% exercise="sample_log_uniform" id="power_of_the_ratio"
def sample_log_uniform(low, high, size, rng):
    if not (0 < low <= high):
        raise ValueError(f"[{low}, {high}] is no interval of positive numbers.")
    return low * (high / low) ** rng.random(size)


# %% exercise="sample_log_uniform" id="downwards_from_high"
def sample_log_uniform(low, high, size, rng):
    if not (low > 0 and high >= low):
        raise ValueError("0 < low <= high is needed.")
    return high * np.power(low / high, rng.random(size))


# %% exercise="sample_log_uniform" id="in_two_parts"
def sample_log_uniform(low, high, size, rng):
    if not (low > 0 and high >= low):
        raise ValueError("0 < low <= high is needed.")
    exponents = np.empty(size)
    flat = exponents.reshape(-1)
    half = flat.size // 2
    flat[half:] = rng.random(flat.size - half)
    flat[:half] = rng.random(half)
    return np.exp2(np.log2(low) + exponents * (np.log2(high) - np.log2(low)))


# %% exercise="one_cycle" id="half_angle"
import math


def one_cycle(lr_max, epoch, total, pct=0.3, div=25.0, final_div=1e4):
    if pct * total <= 1:
        raise ValueError("The rise is too short.")
    peak, last = pct * total - 1, total - 1
    first_rate = lr_max / div
    last_rate = first_rate / final_div
    if epoch < peak:
        return first_rate + (lr_max - first_rate) * math.sin(math.pi / 2 * epoch / peak) ** 2
    if epoch >= last:
        return last_rate
    return last_rate + (lr_max - last_rate) * math.cos(math.pi / 2 * (epoch - peak) / (last - peak)) ** 2


# %% exercise="one_cycle" id="one_wave_of_two_speeds"
def one_cycle(lr_max, epoch, total, pct=0.3, div=25.0, final_div=1e4):
    up = pct * total - 1
    if not up > 0:
        raise ValueError("pct*total must be above 1.")
    angle = np.interp(epoch, [0, up, total - 1], [-np.pi, 0, np.pi])
    floor = lr_max / div if angle < 0 else lr_max / (div * final_div)
    return floor + (lr_max - floor) * 0.5 * (1 + np.cos(angle))


# %% exercise="warmup_stable_decay" id="smallest_of_three"
def warmup_stable_decay(lr_max, epoch, total, warmup, decay):
    if total - warmup - decay < 0:
        raise ValueError("The parts are longer than the whole.")
    rising = (epoch + 1) / warmup if warmup else 1
    falling = (total - epoch) / decay if decay else float(epoch < total)
    return lr_max * max(0, min(rising, 1, falling))


# %% exercise="warmup_stable_decay" id="list_of_rates"
def warmup_stable_decay(lr_max, epoch, total, warmup, decay):
    if warmup + decay > total:
        raise ValueError("warmup + decay must not exceed total.")
    shares = [(i + 1) / warmup for i in range(warmup)]
    shares += [1.0] * (total - warmup - decay)
    shares += [(decay - i) / decay for i in range(decay)]
    return lr_max * shares[epoch] if epoch < total else 0


# %% exercise="cosine_restarts" id="list_of_cycles"
def cosine_restarts(lr0, epoch, first, mult=1, lr_min=0.0):
    starts = [0]
    lengths = [first]
    while starts[-1] + lengths[-1] <= epoch:
        starts.append(starts[-1] + lengths[-1])
        lengths.append(lengths[-1] * mult)
    share = (epoch - starts[-1]) / lengths[-1]
    return lr_min + (lr0 - lr_min) * np.cos(np.pi / 2 * share) ** 2


# %% exercise="cosine_restarts" id="recursive"
def cosine_restarts(lr0, epoch, first, mult=1, lr_min=0.0):
    if epoch >= first:
        return cosine_restarts(lr0, epoch - first, first * mult, mult, lr_min)
    weight = (1 + np.cos(np.pi * epoch / first)) / 2
    return weight * lr0 + (1 - weight) * lr_min
