"""Right answers of lesson 07a, written differently."""

# %% exercise="linear_model" id="by_loop"
def linear_model(f0, g, d):
    value = f0
    for slope, move in zip(g, d, strict=True):
        value += slope * move
    return value


# %% exercise="linear_model" id="lambda"
linear_model = lambda f0, g, d: np.sum(g * d) + f0


# %% exercise="quadratic_model" id="by_loop"
def quadratic_model(f0, g, H, d):
    value = f0
    for i in range(len(d)):
        value += g[i] * d[i]
        for j in range(len(d)):
            value += H[i, j] * d[i] * d[j] / 2
    return value


# %% exercise="quadratic_model" id="average_slope"
def quadratic_model(f0, g, H, d):
    slope_halfway = g + H @ d / 2
    return f0 + np.dot(slope_halfway, d)


# %% exercise="quadratic_model" id="einsum"
quadratic_model = lambda f0, g, H, d: f0 + np.einsum("i,i", g, d) + 0.5 * np.einsum("i,ij,j", d, H, d)


# %% exercise="numerical_gradient" id="copies"
def numerical_gradient(f, w, h=1e-5):
    slopes = []
    for i in range(len(w)):
        up, down = w.copy(), w.copy()
        up[i] += h
        down[i] -= h
        slopes.append((f(up) - f(down)) / (up[i] - down[i]))
    return np.array(slopes)


# %% exercise="numerical_gradient" id="comprehension"
def numerical_gradient(f, w, h=1e-5):
    return np.array([f(w + h * e) / (2 * h) - f(w - h * e) / (2 * h) for e in np.eye(w.size)])


# %% exercise="numerical_hessian" id="differences_of_gradients"
def numerical_hessian(f, w, h=1e-4):
    eye = np.eye(len(w))

    def grad(w):
        return np.array([(f(w + h * e) - f(w - h * e)) / (2 * h) for e in eye])

    H = np.array([(grad(w + h * e) - grad(w - h * e)) / (2 * h) for e in eye])
    return (H + H.T) / 2


# %% exercise="numerical_hessian" id="three_points_on_the_diagonal"
def numerical_hessian(f, w, h=1e-4):
    n = len(w)
    H = np.zeros((n, n))
    e = np.eye(n) * h
    for i in range(n):
        H[i, i] = (f(w + e[i]) - 2 * f(w) + f(w - e[i])) / h**2
        for j in range(i):
            total = 0
            for a in (-1, 1):
                for b in (-1, 1):
                    total += a * b * f(w + a * e[i] + b * e[j])
            H[i, j] = total / (2 * h) ** 2
            H[j, i] = H[i, j]
    return H


# %% exercise="newton_step" id="inverse"
def newton_step(w, grad, H):
    return w - np.linalg.inv(H) @ grad


# %% exercise="newton_step" id="right_side_moved"
newton_step = lambda w, grad, H: np.linalg.solve(H, H @ w - grad)


# %% exercise="damped_newton_step" id="by_loop"
def damped_newton_step(w, grad, H, damping):
    new = w.copy()
    values, vectors = np.linalg.eigh(H)
    for value, vector in zip(values, vectors.T, strict=True):
        new -= (vector @ grad) / (abs(value) + damping) * vector
    return new


# %% exercise="damped_newton_step" id="absolute_matrix"
def damped_newton_step(w, grad, H, damping):
    _, sizes, V = np.linalg.svd(H)
    return w - np.linalg.solve((V.T * sizes) @ V + damping * np.eye(len(H)), grad)


# %% exercise="gauss_newton_step" id="stacked_least_squares"
def gauss_newton_step(w, J, r, damping):
    A = np.vstack([J, np.sqrt(damping) * np.eye(len(w))])
    b = np.concatenate([r, np.zeros(len(w))])
    return w - np.linalg.lstsq(A, b, rcond=None)[0]


# %% exercise="gauss_newton_step" id="eigenvalues"
def gauss_newton_step(w, J, r, damping):
    values, Q = np.linalg.eigh(J.T.dot(J))
    return w - Q.dot(Q.T.dot(J.T.dot(r)) / (values + damping))


# %% exercise="hessian_bytes" id="rows_times_columns"
def hessian_bytes(parameters, itemsize=8):
    rows = columns = parameters
    return rows * columns * itemsize


# %% exercise="hessian_bytes" id="float"
hessian_bytes = lambda parameters, itemsize=8: float(parameters) ** 2 * itemsize


# %% exercise="fit_exponent" id="covariance"
def fit_exponent(sizes, times):
    u, v = np.log2(sizes), np.log2(times)
    u = u - u.mean()
    return u @ (v - v.mean()) / (u @ u)


# %% exercise="fit_exponent" id="least_squares"
def fit_exponent(sizes, times):
    A = np.column_stack([np.ones(len(sizes)), np.log10(sizes)])
    (_, p), *_ = np.linalg.lstsq(A, np.log10(times), rcond=None)
    return float(p)


# %% exercise="natural_gradient_step" id="by_loop"
def natural_gradient_step(w, grad, scores, lr, damping=1e-3):
    F = damping * np.eye(len(w))
    for s in scores:
        F += np.outer(s, s) / len(scores)
    return w - lr * np.linalg.inv(F) @ grad


# %% exercise="natural_gradient_step" id="woodbury"
def natural_gradient_step(w, grad, scores, lr, damping=1e-3):
    n = len(scores)
    small = scores @ scores.T + n * damping * np.eye(n)
    return w - lr * (grad - scores.T @ np.linalg.solve(small, scores @ grad)) / damping
