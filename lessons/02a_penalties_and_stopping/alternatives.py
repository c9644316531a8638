"""Right answers of lesson 02a, written in other ways."""

# %% exercise="samples_needed" id="by_loop"
def samples_needed(per_axis, dim):
    count = 1
    for _ in range(dim):
        count *= per_axis
    return count


# %% exercise="samples_needed" id="lambda"
samples_needed = lambda per_axis, dim: pow(int(per_axis), int(dim))


# %% exercise="samples_needed" id="recursion"
def samples_needed(per_axis, dim):
    return per_axis if dim == 1 else per_axis * samples_needed(per_axis, dim - 1)


# %% exercise="distance_contrast" id="norms"
def distance_contrast(points, query):
    distances = np.linalg.norm(query - points, axis=1)
    if not distances.all():
        raise ValueError("a distance is zero")
    return distances.max() / distances.min() - 1


# %% exercise="distance_contrast" id="by_loop"
def distance_contrast(points, query):
    smallest, largest = np.inf, 0.0
    for point in points:
        total = 0.0
        for p, q in zip(point, query, strict=True):
            total += (p - q) ** 2
        smallest, largest = min(smallest, total**0.5), max(largest, total**0.5)
    if smallest <= 0:
        raise ValueError("the query is one of the points")
    return (largest - smallest) / smallest


# %% exercise="elastic_net_loss" id="two_lambdas"
def elastic_net_loss(w, X, y, lam, l1_ratio):
    if lam < 0:
        raise ValueError("lam is negative")
    if l1_ratio < 0 or l1_ratio > 1:
        raise ValueError("l1_ratio lies in [0, 1]")
    if w.ndim != 1 or y.ndim != 1 or X.shape != (y.size, w.size):
        raise ValueError("the shapes do not match")
    n = len(y)
    lam1, lam2 = 2 * n * lam * l1_ratio, n * lam * (1 - l1_ratio)
    return (np.sum((y - X @ w) ** 2) + lam1 * np.sum(np.abs(w)) + lam2 * np.sum(w**2)) / (2 * n)


# %% exercise="elastic_net_loss" id="by_loop"
def elastic_net_loss(w, X, y, lam, l1_ratio):
    if not (lam >= 0 and 0 <= l1_ratio <= 1):
        raise ValueError("lam or l1_ratio out of range")
    if X.ndim != 2 or y.shape != X.shape[:1] or w.shape != X.shape[1:]:
        raise ValueError("shapes do not match")
    total = 0.0
    for row, target in zip(X, y, strict=True):
        total += (np.dot(row, w) - target) ** 2 / 2
    loss = total / X.shape[0]
    for weight in w:
        loss += lam * (l1_ratio * abs(weight) + (1 - l1_ratio) * weight**2 / 2)
    return loss


# %% exercise="elastic_net_loss" id="mean_and_norms"
def elastic_net_loss(w, X, y, lam, l1_ratio):
    if lam < 0 or l1_ratio < 0 or l1_ratio > 1 or X.shape != (*np.shape(y), *np.shape(w)):
        raise ValueError("a bad argument")
    l1, l2 = np.linalg.norm(w, 1), np.linalg.norm(w)
    return 0.5 * np.mean((X @ w - y) ** 2) + lam * l1_ratio * l1 + 0.5 * lam * (1 - l1_ratio) * l2**2


# %% exercise="elastic_net_gradient" id="normal_equations"
def elastic_net_gradient(w, X, y, lam, l1_ratio):
    n, dim = X.shape
    A = X.T @ X / n + lam * (1 - l1_ratio) * np.eye(dim)
    return A @ w - X.T @ y / n + lam * l1_ratio * np.sign(w)


# %% exercise="elastic_net_gradient" id="by_loop"
def elastic_net_gradient(w, X, y, lam, l1_ratio):
    grad = np.zeros(len(w))
    for row, target in zip(X, y, strict=True):
        grad += (row @ w - target) * row / len(y)
    for j, weight in enumerate(w):
        slope = 0.0 if weight == 0 else weight / abs(weight)
        grad[j] += lam * (l1_ratio * slope + (1 - l1_ratio) * weight)
    return grad


# %% exercise="ridge_closed_form" id="inverse"
def ridge_closed_form(X, y, lam):
    n = len(X)
    return np.linalg.inv(X.T @ X + n * lam * np.eye(X.shape[1])) @ X.T @ y


# %% exercise="ridge_closed_form" id="least_squares_with_more_rows"
def ridge_closed_form(X, y, lam):
    n, dim = X.shape
    more = np.sqrt(n * lam) * np.eye(dim)
    return np.linalg.lstsq(np.vstack([X, more]), np.append(y, np.zeros(dim)), rcond=None)[0]


# %% exercise="ridge_closed_form" id="singular_values"
def ridge_closed_form(X, y, lam):
    U, s, Vt = np.linalg.svd(X, full_matrices=False)
    return Vt.T @ (s / (s**2 + len(y) * lam) * (U.T @ y))


# %% exercise="ridge_closed_form" id="centres_once_more"
def ridge_closed_form(X, y, lam):
    X, y = X - X.mean(axis=0), y - y.mean()
    return np.linalg.solve(X.T @ X / len(y) + np.diag(np.full(X.shape[1], lam)), X.T @ y / len(y))


# %% exercise="soft_threshold" id="minus_clipped"
soft_threshold = lambda z, t: z - np.clip(z, -t, t)


# %% exercise="soft_threshold" id="two_sides"
def soft_threshold(z, t):
    return np.maximum(z - t, 0) - np.maximum(-z - t, 0)


# %% exercise="soft_threshold" id="cases"
def soft_threshold(z, t):
    return np.where(z > t, z - t, np.where(z < -t, z + t, 0.0))


# %% exercise="proximal_step" id="on_its_own"
def proximal_step(w, X, y, lam, l1_ratio, lr):
    n = X.shape[0]
    z = (1 - lr * lam * (1 - l1_ratio)) * w - lr / n * (X.T @ (X @ w - y))
    t = lr * lam * l1_ratio
    return np.where(z > t, z - t, np.where(z < -t, z + t, 0.0))


# %% exercise="proximal_step" id="by_loop"
def proximal_step(w, X, y, lam, l1_ratio, lr):
    residuals = X @ w - y
    new = np.empty(len(w))
    for j in range(len(w)):
        slope = np.mean(residuals * X[:, j]) + lam * (1 - l1_ratio) * w[j]
        new[j] = soft_threshold(w[j] - lr * slope, lr * lam * l1_ratio)
    return new


# %% exercise="weight_decay_step" id="factor"
weight_decay_step = lambda w, grad, lr, weight_decay: (1 - lr * weight_decay) * w - lr * grad


# %% exercise="weight_decay_step" id="as_penalty"
def weight_decay_step(w, grad, lr, weight_decay):
    total = grad + weight_decay * w
    return w - lr * total


# %% exercise="weight_decay_step" id="copy"
def weight_decay_step(w, grad, lr, weight_decay):
    new = w.copy()
    new -= lr * weight_decay * new
    new -= lr * grad
    return new


# %% exercise="early_stopping" id="distance_to_best"
def early_stopping(losses, patience, min_delta=0.0):
    losses = list(losses)
    if not losses:
        raise ValueError("there is no loss")
    if patience < 1:
        raise ValueError("patience is at least 1")
    best_epoch = 0
    for epoch in range(1, len(losses)):
        if losses[best_epoch] - losses[epoch] > min_delta:
            best_epoch = epoch
        elif epoch - best_epoch >= patience:
            return epoch, best_epoch
    return len(losses) - 1, best_epoch


# %% exercise="early_stopping" id="while_loop"
def early_stopping(losses, patience, min_delta=0.0):
    if patience <= 0 or not len(losses):
        raise ValueError("patience must be positive, and losses not empty")
    best, left, at, epoch = losses[0], patience, 0, 0
    while left > 0 and epoch + 1 < len(losses):
        epoch += 1
        if losses[epoch] < best - min_delta:
            best, left, at = losses[epoch], patience, epoch
        else:
            left -= 1
    return (epoch, at)


# %% exercise="project_l1_ball" id="halving"
def project_l1_ball(v, radius=1.0):
    sizes = np.abs(v)
    if sizes.sum() <= radius:
        return np.array(v)
    low, high = 0.0, sizes.max()
    for _ in range(100):
        theta = (low + high) / 2
        if np.maximum(sizes - theta, 0).sum() > radius:
            low = theta
        else:
            high = theta
    return soft_threshold(v, high)


# %% exercise="project_l1_ball" id="drops_one_after_another"
def project_l1_ball(v, radius=1.0):
    kept = np.sort(np.abs(v))
    if kept.sum() <= radius:
        return v + 0.0
    while kept[0] <= (kept.sum() - radius) / len(kept):
        kept = kept[1:]
    theta = (kept.sum() - radius) / len(kept)
    return np.sign(v) * (np.maximum(np.abs(v), theta) - theta)
