"""Right answers of lesson 00b, written differently: every check must accept them."""

# %% exercise="affine_forward" id="by_loop"
def affine_forward(x, W, b):
    out = np.zeros((x.shape[0], W.shape[1]))
    for n in range(x.shape[0]):
        for j in range(W.shape[1]):
            out[n, j] = b[j] + sum(x[n, i] * W[i, j] for i in range(x.shape[1]))
    return out, None


# %% exercise="affine_forward" id="bias_as_a_weight"
def affine_forward(x, W, b):
    with_one = np.hstack([x, np.ones((len(x), 1))])
    return with_one @ np.vstack([W, b]), {"x": x, "W": W, "b": b}


# %% exercise="affine_forward" id="einsum"
def affine_forward(x, W, b):
    out = np.einsum("ni,ij->nj", x, W)
    out += b
    return out, [x.copy(), W.copy()]


# %% exercise="affine_backward" id="by_loop"
def affine_backward(dout, cache):
    x, W = cache
    dx, dW, db = np.zeros(x.shape), np.zeros(W.shape), np.zeros(W.shape[1])
    for n in range(len(x)):
        dW += np.outer(x[n], dout[n])
        db += dout[n]
        dx[n] = W @ dout[n]
    return dx, dW, db


# %% exercise="affine_backward" id="einsum"
def affine_backward(dout, cache):
    x, W = cache
    dW = np.einsum("ni,nj->ij", x, dout)
    return np.einsum("nj,ij->ni", dout, W), dW, np.ones(len(x)) @ dout


# %% exercise="affine_backward" id="transposed"
def affine_backward(dout, cache):
    x, W = cache
    return (W @ dout.T).T, (dout.T @ x).T, np.sum(dout, axis=0)


# %% exercise="relu_forward" id="where"
def relu_forward(x):
    return np.where(x > 0, x, 0.0), x.copy()


# %% exercise="relu_forward" id="mask_that_counts_zero"
def relu_forward(x):
    mask = (x >= 0).astype(float)
    return x * mask, mask


# %% exercise="relu_forward" id="half_of_sum"
def relu_forward(x):
    return (x + np.abs(x)) / 2, np.sign(x) == 1


# %% exercise="relu_backward" id="where"
def relu_backward(dout, cache):
    return np.where(cache, dout, 0.0)


# %% exercise="relu_backward" id="copy_and_zero"
def relu_backward(dout, cache):
    dx = np.array(dout)
    dx[~cache] = 0
    return dx


# %% exercise="softmax_cross_entropy" id="one_hot"
def softmax_cross_entropy(logits, y):
    n, classes = logits.shape
    onehot = np.eye(classes)[y]
    s = logits - np.max(logits, axis=1)[:, None]
    log_p = s - np.log(np.sum(np.exp(s), axis=1))[:, None]
    return -np.sum(onehot * log_p) / n, (np.exp(log_p) - onehot) / n


# %% exercise="softmax_cross_entropy" id="by_example"
def softmax_cross_entropy(logits, y):
    loss, dlogits = 0.0, np.empty(logits.shape)
    for n, (scores, right) in enumerate(zip(logits, y, strict=True)):
        scores = scores - max(scores)
        e = np.exp(scores)
        loss += (np.log(e.sum()) - scores[right]) / len(logits)
        dlogits[n] = e / e.sum()
        dlogits[n, right] -= 1
        dlogits[n] /= len(logits)
    return loss, dlogits


# %% exercise="softmax_cross_entropy" id="logaddexp"
def softmax_cross_entropy(logits, y):
    log_total = np.logaddexp.reduce(logits, axis=1)
    loss = np.mean(log_total - logits[np.arange(len(y)), y])
    p = np.exp(logits - log_total[:, None])
    p[np.arange(len(y)), y] -= 1
    return loss, p / len(y)


# %% exercise="he_weights" id="scaled_standard_normal"
def he_weights(fan_in, fan_out, rng):
    return rng.standard_normal((fan_in, fan_out)) * np.sqrt(2.0 / fan_in)


# %% exercise="he_weights" id="by_neuron"
def he_weights(fan_in, fan_out, rng):
    columns = [rng.normal(scale=(2 / fan_in) ** 0.5, size=fan_in) for _ in range(fan_out)]
    return np.stack(columns, axis=1)


# %% exercise="two_layer_loss" id="written_out"
def two_layer_loss(params, X, y):
    z = X @ params["W1"] + params["b1"]
    h = np.maximum(z, 0)
    loss, d = softmax_cross_entropy(h @ params["W2"] + params["b2"], y)
    dz = (d @ params["W2"].T) * (z > 0)
    grads = {"b2": d.sum(axis=0), "W2": h.T @ d, "b1": dz.sum(axis=0), "W1": X.T @ dz}
    return loss, grads


# %% exercise="two_layer_loss" id="by_example"
def two_layer_loss(params, X, y):
    total, grads = 0.0, {name: np.zeros(w.shape) for name, w in params.items()}
    for x, label in zip(X, y, strict=True):
        z, first = affine_forward(x[None], params["W1"], params["b1"])
        h, bend = relu_forward(z)
        s, second = affine_forward(h, params["W2"], params["b2"])
        loss, ds = softmax_cross_entropy(s, np.array([label]))
        total += loss / len(X)
        dh, dW2, db2 = affine_backward(ds / len(X), second)
        _, dW1, db1 = affine_backward(relu_backward(dh, bend), first)
        for name, part in (("W1", dW1), ("b1", db1), ("W2", dW2), ("b2", db2)):
            grads[name] += part
    return total, grads


# %% exercise="train_network" id="array_split"
def train_network(params, X, y, lr, epochs, batch_size, rng):
    losses = np.zeros(epochs)
    for epoch in range(epochs):
        order = np.arange(len(X))
        rng.shuffle(order)
        batches = np.split(order, np.arange(batch_size, len(X), batch_size))
        for rows in batches:
            loss, grads = two_layer_loss(params, X[rows], y[rows])
            losses[epoch] += loss / len(batches)
            params = {name: w - lr * grads[name] for name, w in params.items()}
    return params, losses


# %% exercise="train_network" id="shuffled_copies"
def train_network(params, X, y, lr, epochs, batch_size, rng):
    w = {name: array.copy() for name, array in params.items()}
    losses = []
    for _ in range(epochs):
        order = np.argsort(rng.random(len(X)))
        Xs, ys = X[order], y[order]
        total = count = 0
        for i in range(0, len(X), batch_size):
            loss, grads = two_layer_loss(w, Xs[i : i + batch_size], ys[i : i + batch_size])
            total, count = total + loss, count + 1
            for name in w:
                w[name] -= lr * grads[name]
        losses.append(total / count)
    return w, losses


# %% exercise="train_network" id="one_index_list"
def train_network(params, X, y, lr, epochs, batch_size, rng):
    def epoch_of(params):
        waiting, found = list(rng.permutation(len(X))), []
        while waiting:
            rows, waiting = waiting[:batch_size], waiting[batch_size:]
            loss, grads = two_layer_loss(params, X[rows], y[rows])
            found.append(float(loss))
            params = {name: params[name] - lr * grads[name] for name in params}
        return params, sum(found) / len(found)

    losses = []
    for _ in range(epochs):
        params, loss = epoch_of(params)
        losses.append(loss)
    return params, tuple(losses)
