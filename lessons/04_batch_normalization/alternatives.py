"""Right answers of lesson 04, written differently: every check must accept them."""

# %% exercise="batchnorm_forward" id="by_loop"
def batchnorm_forward(x, gamma, beta, eps=1e-5):
    out = np.empty(x.shape)
    for j in range(x.shape[1]):
        m = sum(x[:, j]) / len(x)
        v = sum((x[:, j] - m) ** 2) / len(x)
        out[:, j] = gamma[j] * (x[:, j] - m) / (v + eps) ** 0.5 + beta[j]
    return out, {"x": x.copy(), "gamma": gamma.copy(), "eps": eps}


# %% exercise="batchnorm_forward" id="mean_of_squares"
def batchnorm_forward(x, gamma, beta, eps=1e-5):
    # One affine map a feature: its slope and its offset first.
    m = np.mean(x, axis=0)
    a = gamma / np.sqrt(np.maximum(np.mean(x * x, axis=0) - m * m, 0) + eps)
    return x * a + (beta - m * a), None


# %% exercise="update_running" id="a_step_towards"
def towards(running, momentum, batch):
    return running + (1 - momentum) * (batch - running)


def update_running(running, batch, momentum=0.9):
    return towards(running, momentum, batch)


# %% exercise="update_running" id="average"
def update_running(running, batch, momentum=0.9):
    if np.ndim(running) == 0:
        return momentum * running + batch - momentum * batch
    return np.average([running, batch], axis=0, weights=[momentum, 1 - momentum])


# %% exercise="batchnorm_predict" id="slope_and_offset"
def batchnorm_predict(x, gamma, beta, mean, var, eps=1e-5):
    slope = gamma * (var + eps) ** -0.5
    return slope * x + (beta - slope * mean)


# %% exercise="batchnorm_predict" id="by_loop"
def batchnorm_predict(x, gamma, beta, mean, var, eps=1e-5):
    out = np.empty(x.shape)
    for i, j in np.ndindex(x.shape):
        out[i, j] = (x[i, j] - mean[j]) / (var[j] + eps) ** 0.5 * gamma[j] + beta[j]
    return out


# %% exercise="batchnorm_backward" id="step_by_step"
def batchnorm_backward(dout, cache):
    # The graph walked backwards, one node at a time.
    x_hat, gamma, s = cache
    n = len(dout)
    centred = x_hat * s
    dx_hat = dout * gamma
    dv = (dx_hat * centred).sum(axis=0) * -0.5 / s**3
    dm = -dx_hat.sum(axis=0) / s + dv * (-2 * centred).mean(axis=0)
    dx = dx_hat / s + dv * 2 * centred / n + dm / n
    return dx, (dout * x_hat).sum(axis=0), dout.sum(axis=0)


# %% exercise="batchnorm_backward" id="jacobian"
def batchnorm_backward(dout, cache):
    x_hat, gamma, s = cache
    n, d = dout.shape
    dx = np.empty((n, d))
    for j in range(d):
        jacobian = (np.eye(n) - 1 / n - np.outer(x_hat[:, j], x_hat[:, j]) / n) / s[j]
        dx[:, j] = jacobian @ (gamma[j] * dout[:, j])
    return dx, np.einsum("nd,nd->d", dout, x_hat), np.einsum("nd->d", dout)


# %% exercise="fold_batchnorm" id="matrix_product"
def fold_batchnorm(W, b, gamma, beta, mean, var, eps=1e-5):
    s = np.sqrt(var + eps)
    return W @ np.diag(gamma / s), gamma * (b - mean) / s + beta


# %% exercise="fold_batchnorm" id="by_probing"
def fold_batchnorm(W, b, gamma, beta, mean, var, eps=1e-5):
    # An affine map is known by what it does to 0 and to the unit vectors.
    def layer(x):
        return batchnorm_predict(x @ W + b, gamma, beta, mean, var, eps)

    at_zero = layer(np.zeros(len(W)))
    return layer(np.eye(len(W))) - at_zero, at_zero


# %% exercise="batch_renorm_forward" id="by_minimum_and_maximum"
def batch_renorm_forward(x, gamma, beta, mean, std, r_max, d_max, eps=1e-5):
    m = x.mean(axis=0)
    s = (np.var(x, axis=0) + eps) ** 0.5
    r = np.minimum(np.maximum(s / std, 1 / r_max), r_max)
    d = np.minimum(np.maximum((m - mean) / std, -d_max), d_max)
    slope = gamma * r / s
    return slope * x + (gamma * d + beta - slope * m), "nothing"


# %% exercise="batch_renorm_forward" id="by_loop"
def batch_renorm_forward(x, gamma, beta, mean, std, r_max, d_max, eps=1e-5):
    columns = []
    for column, g, b, running, deviation in zip(x.T, gamma, beta, mean, std, strict=True):
        m, s = column.mean(), np.sqrt(column.var() + eps)
        r = min(max(s / deviation, 1 / r_max), r_max)
        d = min(max((m - running) / deviation, -d_max), d_max)
        columns.append(g * ((column - m) / s * r + d) + b)
    return np.stack(columns, axis=1), (x,)


# %% exercise="batch_renorm_backward" id="by_batchnorm"
def batch_renorm_backward(dout, cache):
    x_hat, gamma, s, r, d = cache
    dx, dgamma, dbeta = batchnorm_backward(dout, (x_hat, gamma * r, s))
    return dx, r * dgamma + d * dbeta, dbeta


# %% exercise="batch_renorm_backward" id="by_loop"
def batch_renorm_backward(dout, cache):
    x_hat, gamma, s, r, d = cache
    dx, dgamma = np.empty(dout.shape), np.empty(len(gamma))
    for j in range(len(gamma)):
        h, g = x_hat[:, j], gamma[j] * r[j] * dout[:, j]
        dx[:, j] = (g - np.mean(g) - h * (g @ h) / len(h)) / s[j]
        dgamma[j] = dout[:, j] @ (h * r[j] + d[j])
    return dx, dgamma, np.ones(len(dout)) @ dout


# %% exercise="layernorm_forward" id="by_rows"
def layernorm_forward(x, gamma, beta, eps=1e-5):
    rows = [(row - row.mean()) / np.sqrt(row.var() + eps) for row in x]
    return np.array([gamma * row + beta for row in rows]), rows


# %% exercise="layernorm_forward" id="transposed"
def layernorm_forward(x, gamma, beta, eps=1e-5):
    out, cache = batchnorm_forward(x.T, np.ones(len(x)), np.zeros(len(x)), eps)
    return out.T * gamma + beta, cache


# %% exercise="layernorm_backward" id="transposed"
def layernorm_backward(dout, cache):
    x_hat, gamma, s = cache
    dx, _, _ = batchnorm_backward((dout * gamma).T, (x_hat.T, np.ones(len(dout)), s[:, 0]))
    return dx.T, np.einsum("nd,nd->d", dout, x_hat), dout.sum(axis=0)


# %% exercise="layernorm_backward" id="by_rows"
def layernorm_backward(dout, cache):
    x_hat, gamma, s = cache
    dx, dgamma, dbeta = np.zeros(dout.shape), np.zeros(dout.shape[1]), np.zeros(dout.shape[1])
    for i in range(len(dout)):
        g, h = gamma * dout[i], x_hat[i]
        dx[i] = (g - g.mean() - h * (g @ h) / len(h)) / s[i, 0]
        dgamma += dout[i] * h
        dbeta += dout[i]
    return dx, dgamma, dbeta


# %% exercise="groupnorm_forward" id="by_loop"
def groupnorm_forward(x, gamma, beta, groups, eps=1e-5):
    channels = x.shape[-1]
    if channels % groups:
        raise ValueError(f"{channels} channels cannot be divided into {groups} groups of one size.")
    width, out = channels // groups, np.empty(x.shape)
    for i, image in enumerate(x):
        for start in range(0, channels, width):
            part = image[:, :, start : start + width]
            out[i, :, :, start : start + width] = (part - part.mean()) / np.sqrt(part.var() + eps)
    return out * gamma + beta


# %% exercise="groupnorm_forward" id="split"
def groupnorm_forward(x, gamma, beta, groups, eps=1e-5):
    if x.shape[-1] % groups != 0:
        raise ValueError("the number of groups must divide the number of channels.")
    parts = np.split(x, groups, axis=3)
    flat = [part.reshape(len(x), -1) for part in parts]
    done = [(f - f.mean(axis=1)[:, None]) / np.sqrt(f.var(axis=1) + eps)[:, None] for f in flat]
    return np.concatenate([d.reshape(p.shape) for d, p in zip(done, parts, strict=True)], axis=3) * gamma + beta


# %% exercise="rmsnorm_forward" id="by_norm"
def rmsnorm_forward(x, gamma, eps=1e-5):
    length = np.linalg.norm(x, axis=-1, keepdims=True)
    return x / np.sqrt(length**2 / x.shape[-1] + eps) * gamma


# %% exercise="rmsnorm_forward" id="einsum"
def rmsnorm_forward(x, gamma, eps=1e-5):
    power = np.einsum("...d,...d->...", x, x) / x.shape[-1]
    return gamma * x * (power[..., None] + eps) ** -0.5


# %% exercise="spatial_batchnorm_forward" id="axes"
def spatial_batchnorm_forward(x, gamma, beta, eps=1e-5):
    mean, var = x.mean(axis=(0, 1, 2)), x.var(axis=(0, 1, 2))
    return gamma * (x - mean) / np.sqrt(var + eps) + beta, None


# %% exercise="spatial_batchnorm_forward" id="by_channel"
def spatial_batchnorm_forward(x, gamma, beta, eps=1e-5):
    out = np.empty(x.shape)
    for c in range(x.shape[-1]):
        plane = x[..., c]
        out[..., c] = gamma[c] * (plane - plane.mean()) / np.sqrt(plane.var() + eps) + beta[c]
    return out, [gamma, beta]
