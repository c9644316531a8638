"""Right answers of lesson 06, written differently."""

# %% exercise="adagrad_step" id="by_loop"
def adagrad_step(w, grad, state, lr, eps=1e-8):
    old = np.ravel(state["square"]) if state else np.zeros(np.size(grad))
    new = np.array([s + g * g for s, g in zip(old, np.ravel(grad), strict=True)]).reshape(np.shape(grad))
    columns = np.ravel(w), np.ravel(grad), np.ravel(new)
    moved = [x - lr * g / (s**0.5 + eps) for x, g, s in zip(*columns, strict=True)]
    return np.array(moved).reshape(np.shape(w)), {"square": new}


# %% exercise="adagrad_step" id="effective_rate"
def effective_rate(square, lr, eps):
    return lr / (square**0.5 + eps)


def adagrad_step(w, grad, state, lr, eps=1e-8):
    new = dict(state)
    new["square"] = np.square(grad) + new.get("square", 0)
    return w - effective_rate(new["square"], lr, eps) * grad, new


# %% exercise="rmsprop_step" id="moves_towards"
def rmsprop_step(w, grad, state, lr, decay=0.99, eps=1e-8):
    old = state.get("square", np.zeros_like(w, dtype=float))
    square = old + (1 - decay) * (grad * grad - old)
    return w + (-lr / (eps + square**0.5)) * grad, {"square": square}


# %% exercise="rmsprop_step" id="in_place_on_copies"
def rmsprop_step(w, grad, state, lr, decay=0.99, eps=1e-8):
    square = np.array(state["square"], dtype=float) if state else np.zeros(np.shape(w))
    square *= decay
    square += (1 - decay) * np.square(grad)
    w = np.array(w, dtype=float)
    w -= np.divide(lr * np.asarray(grad), np.sqrt(square) + eps)
    return w, {"square": square, "steps": state.get("steps", 0) + 1}


# %% exercise="adam_step_uncorrected" id="moves_towards"
def adam_step_uncorrected(w, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    if not state:
        state = {"m": 0 * w, "v": 0 * w}
    m = state["m"] + (1 - beta1) * (grad - state["m"])
    v = state["v"] + (1 - beta2) * (np.square(grad) - state["v"])
    return w - lr * m / (v**0.5 + eps), {"m": m, "v": v}


# %% exercise="adam_step_uncorrected" id="helper"
def leaky(old, new, beta):
    return beta * old + (1 - beta) * new


def adam_step_uncorrected(w, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    new = {**state, "m": leaky(state.get("m", 0), grad, beta1), "v": leaky(state.get("v", 0), grad * grad, beta2)}
    return w - lr * (new["m"] / (np.sqrt(new["v"]) + eps)), new


# %% exercise="first_step_size" id="run_it"
def first_step_size(lr, beta1, beta2, corrected):
    m, v = (1 - beta1) * 2.0, (1 - beta2) * 4.0
    if corrected:
        m, v = m / (1 - beta1), v / (1 - beta2)
    return lr * m / v**0.5


# %% exercise="first_step_size" id="partial"
from functools import partial


def scaled(power, lr, b1, b2, corrected):
    return lr * (1 if corrected else (1 - b1) * (1 - b2) ** power)


first_step_size = partial(scaled, -0.5)


# %% exercise="bias_correct" id="sum_of_weights"
def bias_correct(moment, beta, t):
    if t <= 0:
        raise ValueError("steps count from 1")
    return moment / sum((1 - beta) * beta**i for i in range(t))


# %% exercise="bias_correct" id="expm1"
def bias_correct(moment, beta, t):
    if not t >= 1:
        raise ValueError(f"t must be at least 1, not {t}")
    return np.multiply(moment, 1 / (1 - np.power(float(beta), t)))


# %% exercise="adam_step" id="rate_corrected"
def adam_step(w, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    t = state.get("t", 0) + 1
    m = state.get("m", 0) + (1 - beta1) * (grad - state.get("m", 0))
    v = state.get("v", 0) + (1 - beta2) * (grad**2 - state.get("v", 0))
    root = np.sqrt(1 - beta2**t)
    return w - lr * root / (1 - beta1**t) * m / (np.sqrt(v) + eps * root), {"m": m, "v": v, "t": t}


# %% exercise="adam_step" id="calls_the_others"
def adam_step(w, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    state = state or {"m": np.zeros_like(w), "v": np.zeros_like(w), "t": 0}
    _, moments = adam_step_uncorrected(w, grad, state, lr, beta1, beta2, eps)
    t = state["t"] + 1
    m_hat, v_hat = (bias_correct(moments[key], beta, t) for key, beta in (("m", beta1), ("v", beta2)))
    return w - lr * m_hat / (np.sqrt(v_hat) + eps), {"m": moments["m"], "v": moments["v"], "t": t}


# %% exercise="adamw_step" id="decay_first"
def adamw_step(w, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2):
    stepped, state = adam_step(np.zeros_like(w), grad, state, lr, beta1, beta2, eps)
    return (1 - lr * weight_decay) * w + stepped, state


# %% exercise="adamw_step" id="on_adam"
def adamw_step(w, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=1e-2):
    stepped, state = adam_step(w, grad, state, lr=lr, beta1=beta1, beta2=beta2, eps=eps)
    stepped = stepped - weight_decay * (lr * w)
    return stepped, state


# %% exercise="amsgrad_step" id="where"
def amsgrad_step(w, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    largest = state.get("v_max", 0 * w)
    _, new = adam_step(w, grad, state, lr, beta1, beta2, eps)
    largest = np.where(new["v"] > largest, new["v"], largest)
    root = np.sqrt(largest) / np.sqrt(1 - beta2 ** new["t"])
    return w - lr / (1 - beta1 ** new["t"]) * new["m"] / (root + eps), {**new, "v_max": largest}


# %% exercise="amsgrad_step" id="by_loop"
def amsgrad_step(w, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    zeros = np.zeros(np.shape(w))
    t = state.get("t", 0) + 1
    m, v, top = (np.array(state.get(key, zeros), dtype=float) for key in ("m", "v", "v_max"))
    new = np.array(w, dtype=float)
    for i in np.ndindex(np.shape(w)):
        g = np.asarray(grad)[i]
        m[i] = beta1 * m[i] + (1 - beta1) * g
        v[i] = beta2 * v[i] + (1 - beta2) * g * g
        top[i] = max(top[i], v[i])
        new[i] -= lr * (m[i] / (1 - beta1**t)) / ((top[i] / (1 - beta2**t)) ** 0.5 + eps)
    return new, {"m": m, "v": v, "t": t, "v_max": top}


# %% exercise="nadam_step" id="two_updates"
def mu_at(t, beta1, momentum_decay):
    return beta1 - beta1 * 0.96 ** (momentum_decay * t) / 2


def nadam_step(w, grad, state, lr=2e-3, beta1=0.9, beta2=0.999, eps=1e-8, momentum_decay=4e-3):
    state = state or {"m": 0 * w, "v": 0 * w, "t": 0, "mu_product": 1}
    t = state["t"] + 1
    mu, ahead = mu_at(t, beta1, momentum_decay), mu_at(t + 1, beta1, momentum_decay)
    done = state["mu_product"] * mu
    m = state["m"] + (1 - beta1) * (grad - state["m"])
    v = state["v"] + (1 - beta2) * (grad**2 - state["v"])
    root = (v / (1 - beta2**t)) ** 0.5 + eps
    w = w - lr * (1 - mu) / (1 - done) * grad / root
    w = w - lr * ahead / (1 - done * ahead) * m / root
    return w, {"m": m, "v": v, "t": t, "mu_product": done}


# %% exercise="nadam_step" id="on_adam"
def nadam_step(w, grad, state, lr=2e-3, beta1=0.9, beta2=0.999, eps=1e-8, momentum_decay=4e-3):
    _, new = adam_step(w, grad, state, lr, beta1, beta2, eps)
    t = new["t"]
    mu, ahead = beta1 * (1 - 0.5 * np.power(0.96, momentum_decay * np.array([t, t + 1])))
    new["mu_product"] = float(state.get("mu_product", 1) * mu)
    look = ahead * new["m"] / (1 - new["mu_product"] * ahead) + grad * (1 - mu) / (1 - new["mu_product"])
    return w - lr * look / (np.sqrt(new["v"] / (1 - beta2**t)) + eps), new


# %% exercise="lion_step" id="comparisons"
def lion_step(w, grad, state, lr=1e-4, beta1=0.9, beta2=0.99, weight_decay=0.0):
    m = state["m"] if state else np.zeros_like(grad, dtype=float)
    mixed = m + (1 - beta1) * (grad - m)
    u = (mixed > 0) * 1.0 - (mixed < 0) * 1.0
    return w * (1 - lr * weight_decay) - lr * u, {"m": m + (1 - beta2) * (grad - m)}


# %% exercise="lion_step" id="helper"
def mix(old, new, beta):
    return np.multiply(beta, old) + np.multiply(1 - beta, new)


def lion_step(w, grad, state, lr=1e-4, beta1=0.9, beta2=0.99, weight_decay=0.0):
    old = state.get("m", 0)
    return w - lr * weight_decay * w - lr * np.sign(mix(old, grad, beta1)), dict(state, m=mix(old, grad, beta2))


# %% exercise="newton_schulz" id="singular_values"
def newton_schulz(G, steps=5, eps=1e-7):
    U, s, Vt = np.linalg.svd(G, full_matrices=False)
    s = s / max(np.sqrt(np.sum(s**2)), eps)
    for _ in range(steps):
        s = 3.4445 * s - 4.7750 * s**3 + 2.0315 * s**5
    return U @ np.diag(s) @ Vt


# %% exercise="newton_schulz" id="turned_at_the_ends"
def newton_schulz(G, steps=5, eps=1e-7):
    tall = len(G) > len(G.T)
    X = (G.T if tall else G) / np.maximum(np.sqrt((G * G).sum()), eps)
    for _ in range(steps):
        B = X @ (X.T @ X)
        X = 3.4445 * X - 4.7750 * B + 2.0315 * (X @ X.T) @ B
    return X.T if tall else X


# %% exercise="muon_step" id="moves_towards"
def muon_step(w, grad, state, lr=1e-3, momentum=0.95, weight_decay=0.1, steps=5):
    old = state.get("velocity", np.zeros_like(w))
    velocity = old + (1 - momentum) * (grad - old)
    u = grad + momentum * (velocity - grad)
    rows, cols = w.shape
    factor = (rows / cols) ** 0.5 if rows > cols else 1.0
    return w - lr * weight_decay * w - lr * factor * newton_schulz(u, steps=steps), {"velocity": velocity}


# %% exercise="muon_step" id="on_the_transpose"
def muon_step(w, grad, state, lr=1e-3, momentum=0.95, weight_decay=0.1, steps=5):
    velocity = momentum * (state["velocity"] if state else 0 * w) + (1 - momentum) * grad
    u = ((1 - momentum) * grad + momentum * velocity).T
    direction = newton_schulz(u, steps).T * np.sqrt(np.maximum(1, len(w) / len(w.T)))
    return (1 - lr * weight_decay) * w - lr * direction, {"velocity": velocity}


# %% exercise="sam_gradient" id="root_of_sum"
def sam_gradient(gradient, w, rho=0.05):
    g = gradient(w)
    size = np.sqrt(np.sum(np.square(g)))
    return gradient(w + (rho / size) * g) if size > 0 else g.copy()


# %% exercise="sam_gradient" id="safe_division"
def sam_gradient(gradient, w, rho=0.05):
    uphill = gradient(w.copy())
    uphill = uphill / (np.linalg.norm(uphill.ravel()) or 1.0)
    return gradient(w + rho * uphill)


# %% exercise="schedule_free_step" id="weighted_mean"
def schedule_free_step(w, grad, state, lr, beta=0.9):
    state = state or {"z": w, "x": w, "t": 0}
    t = state["t"] + 1
    z = state["z"] - lr * grad
    x = t / (t + 1) * state["x"] + 1 / (t + 1) * z
    return z + beta * (x - z), {"z": z, "x": x, "t": t}


# %% exercise="schedule_free_step" id="by_sum"
def schedule_free_step(w, grad, state, lr, beta=0.9):
    done = state.get("t", 0) + 1
    total = done * state.get("x", w)
    z = state.get("z", w) - np.multiply(lr, grad)
    x = (total + z) / (done + 1)
    return beta * x + (1 - beta) * z, {"z": z, "x": x, "t": done}
