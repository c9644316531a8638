"""Right answers of lesson 05, written differently."""

# %% exercise="minibatches" id="generator"
def minibatches(X, y, batch_size, rng):
    if len(X) != len(y) or batch_size < 1:
        raise ValueError("X and y must have one length, and batch_size must be at least 1.")
    left = list(range(len(X)))
    while left:
        rows = [left.pop(rng.integers(len(left))) for _ in range(min(batch_size, len(left)))]
        yield X[rows], y[rows]


# %% exercise="minibatches" id="sorted_noise"
def minibatches(X, y, batch_size, rng):
    if len(X) != len(y):
        raise ValueError("each input needs its target")
    if not batch_size >= 1:
        raise ValueError("at least one example a batch")
    order = np.argsort(rng.random(len(X)))
    X, y = X[order], y[order]
    cuts = range(batch_size, len(X), batch_size)
    return zip(np.split(X, cuts), np.split(y, cuts), strict=True)


# %% exercise="gradient_noise" id="other_algebra"
def gradient_noise(grads, batch_size, replace):
    # The variance divided by N - 1, times the share that was not drawn: the same number.
    n = len(grads)
    if batch_size < 1:
        raise ValueError("a batch holds at least one example")
    if replace:
        return np.mean((grads - grads.mean(axis=0)) ** 2, axis=0) / batch_size
    if batch_size > n:
        raise ValueError("not enough examples")
    return grads.var(axis=0, ddof=1) * (1 - batch_size / n) / batch_size


# %% exercise="gradient_noise" id="by_loop"
def gradient_noise(grads, batch_size, replace):
    n, dim = grads.shape
    if batch_size < 1 or (not replace and batch_size > n):
        raise ValueError("batch_size must be from 1 to the number of examples")
    noise = np.zeros(dim)
    for j in range(dim):
        column = [float(g) for g in grads[:, j]]
        mean = sum(column) / n
        noise[j] = sum((g - mean) ** 2 for g in column) / n / batch_size
        if not replace:
            noise[j] *= (n - batch_size) / (n - 1)
    return noise


# %% exercise="noise_scale" id="covariance"
def noise_scale(grads):
    mean = grads.mean(axis=0)
    centred = grads - mean
    return np.trace(centred.T @ centred / len(grads)) / (mean @ mean)


# %% exercise="noise_scale" id="distances"
def noise_scale(grads):
    mean = np.mean(grads, axis=0)
    distances = np.linalg.norm(grads - mean, axis=1)
    return float(np.mean(distances**2) / np.linalg.norm(mean) ** 2)


# %% exercise="condition_number" id="cholesky"
def condition_number(H):
    if np.abs(H - H.T).max() > 1e-10:
        raise ValueError("H is not symmetric")
    try:
        np.linalg.cholesky(H)
    except np.linalg.LinAlgError:
        raise ValueError("H is not positive definite") from None
    return float(np.linalg.cond(H))


# %% exercise="condition_number" id="general_eigenvalues"
def condition_number(H):
    values = np.linalg.eigvals(H).real
    if not np.array_equal(H, H.T) or min(values) <= 0:
        raise ValueError("H must be symmetric and positive definite")
    return max(values) / min(values)


# %% exercise="best_constant_rate" id="norms"
def best_constant_rate(H):
    steepest = np.linalg.norm(H, 2)
    flattest = 1 / np.linalg.norm(np.linalg.inv(H), 2)
    return 2 / (steepest + flattest)


# %% exercise="best_constant_rate" id="mean_of_two"
def best_constant_rate(H):
    values = np.sort(np.linalg.eigvals(H).real)
    return float(1 / np.mean([values[0], values[-1]]))


# %% exercise="contraction" id="matrix_norm"
def contraction(H, lr):
    return np.linalg.norm(np.eye(len(H)) - lr * H, 2)


# %% exercise="contraction" id="by_loop"
def contraction(H, lr):
    worst = 0.0
    for value in np.linalg.eigvalsh(H):
        worst = max(worst, abs(1 - lr * value))
    return worst


# %% exercise="zigzag_count" id="by_loop"
def zigzag_count(path):
    counts = np.zeros(path.shape[1], dtype=int)
    for before, here, after in zip(path[:-2], path[1:-1], path[2:], strict=True):
        for j in range(len(counts)):
            if (here[j] - before[j]) * (after[j] - here[j]) < 0:
                counts[j] += 1
    return counts


# %% exercise="zigzag_count" id="signs"
def zigzag_count(path):
    signs = np.sign(path[1:] - path[:-1])
    return np.count_nonzero(np.abs(signs[1:] - signs[:-1]) == 2, axis=0)


# %% exercise="classify_critical_point" id="extremes"
def classify_critical_point(H, tol=1e-8):
    low, *_, high = np.sort(np.concatenate([np.linalg.eigvalsh(H)] * 2))
    if low < -tol and high > tol:
        return "saddle"
    if low > tol:
        return "minimum"
    return "maximum" if high < -tol else "degenerate"


# %% exercise="classify_critical_point" id="counting"
def classify_critical_point(H, tol=1e-8):
    values = np.linalg.eigvals(H).real
    positive, negative = sum(values > tol), sum(values < -tol)
    if positive * negative > 0:
        return "saddle"
    return {positive: "minimum", negative: "maximum"}.get(len(values), "degenerate")


# %% exercise="momentum_step" id="in_steps"
def momentum_step(w, grad, state, lr, momentum=0.9):
    velocity = np.zeros_like(w) + grad
    if "velocity" in state:
        velocity = velocity + state["velocity"] * momentum
    return w + (-lr) * velocity, dict(state, velocity=velocity)


# %% exercise="momentum_step" id="own_copy"
def momentum_step(w, grad, state, lr, momentum=0.9):
    v = np.array(state.get("velocity", np.zeros(np.shape(w))), dtype=float)
    v *= momentum
    v += grad
    return np.subtract(w, lr * v), {"velocity": v, "lr": lr}


# %% exercise="nesterov_step" id="expanded"
def nesterov_step(w, grad, state, lr, momentum=0.9):
    old = state.get("velocity", 0 * grad)
    w_new = w - lr * ((1 + momentum) * grad + momentum**2 * old)
    return w_new, {"velocity": momentum * old + grad}


# %% exercise="nesterov_step" id="two_moves"
def nesterov_step(w, grad, state, lr, momentum=0.9):
    v = np.zeros_like(w) if not state else state["velocity"]
    v = momentum * v + grad
    moved = w - lr * grad
    return moved - lr * momentum * v, {"velocity": v}


# %% exercise="clip_by_global_norm" id="one_vector"
def clip_by_global_norm(grads, max_norm):
    if not max_norm > 0:
        raise ValueError("max_norm must be positive")
    everything = np.concatenate([np.ravel(g) for g in grads])
    over = max(1.0, np.linalg.norm(everything) / max_norm)
    return [g / over for g in grads]


# %% exercise="clip_by_global_norm" id="early_return"
def clip_by_global_norm(grads, max_norm):
    if max_norm <= 0:
        raise ValueError("a gradient cannot have a norm of 0 or less")
    total = np.linalg.norm([np.linalg.norm(g) for g in grads])
    if total <= max_norm:
        return list(grads)
    return [max_norm * (g / total) for g in grads]


# %% exercise="heavy_ball_parameters" id="by_condition_number"
def heavy_ball_parameters(mu, L):
    root = np.sqrt(L / mu)
    return 4 / (mu * (root + 1) ** 2), ((root - 1) / (root + 1)) ** 2


# %% exercise="heavy_ball_parameters" id="rate_from_momentum"
def heavy_ball_parameters(mu, L):
    q = 1 - 2 * mu**0.5 / (mu**0.5 + L**0.5)
    return (1 + q) ** 2 / L, q * q


# %% exercise="perturbed_step" id="rejection"
def perturbed_step(w, gradient, state, lr, rng, radius=1e-2, threshold=1e-3, wait=10):
    t, last = state.get("t", 0) + 1, state.get("last", None)
    rested = last is None or t > last + wait
    if rested and np.sum(gradient(w) ** 2) <= threshold**2:
        kick = rng.uniform(-radius, radius, size=w.shape)
        while np.linalg.norm(kick) > radius:
            kick = rng.uniform(-radius, radius, size=w.shape)
        w, last = w + kick, t
    return w - lr * gradient(w), {"t": t, "last": last}


# %% exercise="perturbed_step" id="two_more_dimensions"
def perturbed_step(w, gradient, state, lr, rng, radius=1e-2, threshold=1e-3, wait=10):
    # The first D coordinates of a point uniform on the sphere in D + 2 dimensions are uniform in the ball.
    state = {"t": 0, "last": None, **state}
    state["t"] += 1
    small = np.linalg.norm(gradient(w)) <= threshold
    if small and (state["last"] is None or state["t"] - state["last"] >= wait + 1):
        point = rng.standard_normal(np.size(w) + 2)
        point = radius * point / np.linalg.norm(point)
        w = w + point[:-2].reshape(np.shape(w))
        state["last"] = state["t"]
    return w - lr * gradient(w), state
