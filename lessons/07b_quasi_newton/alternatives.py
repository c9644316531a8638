"""Right answers of lesson 07b, written differently."""

# %% exercise="backtracking" id="while_not"
def backtracking(f, w, grad, direction, shrink=0.5, c=1e-4, max_iter=50):
    slope = float(np.dot(grad, direction))
    if not slope < 0:
        raise ValueError("the direction does not lead down")
    here, t, tries = f(w), 1.0, 1
    while not f(w + t * direction) - here <= c * t * slope:
        if tries == max_iter:
            raise ValueError("no rate is short enough")
        t, tries = t * shrink, tries + 1
    return t


# %% exercise="backtracking" id="powers"
def backtracking(f, w, grad, direction, shrink=0.5, c=1e-4, max_iter=50):
    slope = sum(g * d for g, d in zip(grad, direction, strict=True))
    if slope >= 0:
        raise ValueError(f"slope {slope} is not negative")
    for t in shrink ** np.arange(max_iter, dtype=float):
        value = f(w + t * direction)
        if not np.isnan(value) and value <= f(w) + c * t * slope:
            return float(t)
    raise ValueError("none found")


# %% exercise="hessian_vector_product" id="lambda"
hessian_vector_product = lambda g, w, v, h=1e-5: g(w + h * v) / (2 * h) - g(w - h * v) / (2 * h)


# %% exercise="hessian_vector_product" id="down_first"
def hessian_vector_product(gradient, w, v, h=1e-5):
    step = h * v
    down = gradient(w - step)
    up = gradient(w + step)
    return 0.5 * (up - down) / h


# %% exercise="conjugate_gradient" id="polak_ribiere"
def conjugate_gradient(hvp, b, tol, max_iter):
    x = np.zeros(len(b))
    r = b.copy()
    p = b.copy()
    iteration = 0
    while iteration < max_iter and np.linalg.norm(r) > tol * np.linalg.norm(b):
        Hp = hvp(p)
        if p @ Hp <= 0:
            return b.copy() if iteration == 0 else x
        alpha = (r @ p) / (p @ Hp)
        x = x + alpha * p
        new = r - alpha * Hp
        p = new + p * (new @ (new - r)) / (r @ r)
        r = new
        iteration += 1
    return x


# %% exercise="conjugate_gradient" id="residual_of_the_other_sign"
def conjugate_gradient(hvp, b, tol, max_iter):
    """As Nocedal & Wright write it: r = Hx - b."""
    x, r = 0 * b, -b
    p, square, limit = b, b @ b, tol * np.sqrt(b @ b)
    for k in range(max_iter):
        if np.sqrt(square) <= limit:
            break
        Hp = hvp(p)
        curvature = np.dot(p, Hp)
        if curvature <= 0:
            return x if k else b
        x = x + (square / curvature) * p
        r = r + (square / curvature) * Hp
        old, square = square, r @ r
        p = -r + (square / old) * p
    return x


# %% exercise="bfgs_update" id="written_out"
def bfgs_update(H_inv, s, y):
    sy = s @ y
    if sy <= 0:
        return H_inv.copy()
    Hy = H_inv @ y
    return H_inv + (1 + y @ Hy / sy) * np.outer(s, s) / sy - (np.outer(Hy, s) + np.outer(s, Hy)) / sy


# %% exercise="bfgs_update" id="inverse_of_the_direct_form"
def bfgs_update(H_inv, s, y):
    if np.dot(s, y) > 0:
        B = np.linalg.inv(H_inv)
        Bs = B @ s
        B = B + np.outer(y, y) / np.dot(y, s) - np.outer(Bs, Bs) / np.dot(s, Bs)
        return np.linalg.inv(B)
    return H_inv


# %% exercise="lbfgs_direction" id="whole_matrix"
def lbfgs_direction(grad, s_list, y_list):
    H = np.eye(len(grad))
    if s_list:
        H *= (s_list[-1] @ y_list[-1]) / (y_list[-1] @ y_list[-1])
    for s, y in zip(s_list, y_list, strict=True):
        V = np.eye(len(grad)) - np.outer(s, y) / (s @ y)
        H = V @ H @ V.T + np.outer(s, s) / (s @ y)
    return -H @ grad


# %% exercise="lbfgs_direction" id="recursive"
def lbfgs_direction(grad, s_list, y_list):
    gamma = np.dot(s_list[-1], y_list[-1]) / np.dot(y_list[-1], y_list[-1]) if len(s_list) else 1.0

    def times(q, k):
        if k < 0:
            return gamma * q
        s, y = s_list[k], y_list[k]
        alpha = s @ q / (s @ y)
        z = times(q - alpha * y, k - 1)
        return z + (alpha - y @ z / (s @ y)) * s

    return times(-grad, len(s_list) - 1)


# %% exercise="kfac_factors" id="einsum"
def kfac_factors(a, g):
    return np.einsum("ni,nj->ij", a, a) / a.shape[0], np.einsum("ni,nj->ij", g, g) / g.shape[0]


# %% exercise="kfac_factors" id="by_loop"
def kfac_factors(a, g):
    A, G = 0, 0
    for row_a, row_g in zip(a, g, strict=True):
        A = A + np.outer(row_a, row_a)
        G = G + np.outer(row_g, row_g)
    return A / len(a), G / len(g)


# %% exercise="shampoo_step" id="diagonal_matrices"
def shampoo_step(W, grad, state, lr, eps=1e-4):
    rows, columns = W.shape
    L = state.get("L", eps * np.eye(rows)) + np.einsum("ij,kj->ik", grad, grad)
    R = state.get("R", eps * np.eye(columns)) + np.einsum("ji,jk->ik", grad, grad)

    def root(M):
        values, Q = np.linalg.eigh(M)
        return Q @ np.diag(1 / np.sqrt(np.sqrt(values))) @ Q.T

    return W - lr * (root(L) @ (grad @ root(R))), {"L": L, "R": R, "steps": state.get("steps", 0) + 1}


# %% exercise="shampoo_step" id="by_svd"
def shampoo_step(W, grad, state, lr, eps=1e-4):
    new = {}
    update = grad
    for name, M in (("L", grad @ grad.T), ("R", grad.T @ grad)):
        new[name] = M + (state[name] if name in state else eps * np.eye(len(M)))
        U, sizes, _ = np.linalg.svd(new[name])
        root = (U / sizes**0.25) @ U.T
        update = root @ update if name == "L" else update @ root
    return W - lr * update, new
