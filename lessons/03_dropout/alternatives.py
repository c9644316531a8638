"""Right answers of lesson 03, written in other ways."""

# %% exercise="dropout_forward" id="where"
def dropout_forward(x, drop_prob, rng, train=True):
    if drop_prob < 0 or drop_prob >= 1:
        raise ValueError("drop_prob must be in [0, 1)")
    if train:
        mask = np.where(rng.uniform(size=x.shape) < drop_prob, 0.0, 1 / (1 - drop_prob))
        return mask * x, mask
    return x, None


# %% exercise="dropout_forward" id="binomial"
def dropout_forward(x, drop_prob, rng, train=True):
    keep_prob = 1 - drop_prob
    if keep_prob <= 0 or keep_prob > 1:
        raise ValueError("the share dropped must be at least 0 and below 1")
    if not train:
        return x.copy(), None
    mask = rng.binomial(1, keep_prob, size=x.shape) / keep_prob
    return x * mask, mask


# %% exercise="dropout_forward" id="choice_of_two"
def dropout_forward(x, drop_prob, rng, train=True):
    if drop_prob < 0 or not drop_prob < 1:
        raise ValueError("a share below 1 can be dropped")
    if not train:
        return x, None
    scale = 1 / (1 - drop_prob)
    mask = rng.choice([0.0, scale], size=x.shape, p=[drop_prob, 1 - drop_prob])
    return x * mask, mask


# %% exercise="dropout_forward" id="by_loop_in_fortran_order"
def dropout_forward(x, drop_prob, rng, train=True):
    if drop_prob >= 1 or drop_prob < 0:
        raise ValueError(drop_prob)
    if not train:
        return x, None
    drawn = rng.random(x.shape[::-1]).T
    mask = (drawn >= drop_prob).astype(float)
    mask[mask > 0] /= 1 - drop_prob
    out = np.zeros(x.shape)
    out[mask > 0] = x[mask > 0] * mask[mask > 0]
    return out, mask


# %% exercise="dropout_backward" id="one_line"
dropout_backward = lambda dout, mask: dout.copy() if mask is None else np.multiply(mask, dout)


# %% exercise="dropout_backward" id="only_what_was_kept"
def dropout_backward(dout, mask):
    if mask is not None:
        dx = np.zeros(dout.shape)
        dx[mask != 0] = dout[mask != 0] * mask[mask != 0]
        return dx
    return dout


# %% exercise="classic_dropout_predict" id="difference"
def classic_dropout_predict(x, drop_prob):
    return x - drop_prob * x


# %% exercise="classic_dropout_predict" id="mean_of_the_two"
def classic_dropout_predict(x, drop_prob):
    keep_prob = 1.0 - drop_prob
    return drop_prob * np.zeros_like(x) + keep_prob * x


# %% exercise="exact_ensemble" id="recursion"
def exact_ensemble(predict, x, drop_prob):
    def mean_from(place, mask):
        if place == len(x):
            return predict(x * mask)
        dropped = mask.copy()
        dropped[place] = 0
        return drop_prob * mean_from(place + 1, dropped) + (1 - drop_prob) * mean_from(place + 1, mask)

    return mean_from(0, np.ones(len(x)))


# %% exercise="exact_ensemble" id="bits_of_a_number"
def exact_ensemble(predict, x, drop_prob):
    dim = x.size
    terms = []
    for number in range(2**dim):
        mask = (number >> np.arange(dim)) & 1
        probability = np.prod(np.where(mask, 1 - drop_prob, drop_prob))
        terms.append(probability * np.asarray(predict(np.where(mask, x, 0.0))))
    return np.sum(terms, axis=0)


# %% exercise="exact_ensemble" id="by_subsets"
def exact_ensemble(predict, x, drop_prob):
    total = 0
    for count in range(len(x) + 1):
        for places in itertools.combinations(range(len(x)), count):
            thinned = np.zeros_like(x)
            thinned[list(places)] = x[list(places)]
            total = total + (1 - drop_prob) ** count * drop_prob ** (len(x) - count) * predict(thinned)
    return total


# %% exercise="mc_dropout" id="running_sums"
def mc_dropout(predict, x, passes, rng):
    outputs = []
    while len(outputs) < passes:
        outputs.append(np.asarray(predict(x, rng)))
    mean = sum(outputs) / passes
    return mean, np.sqrt(sum((output - mean) ** 2 for output in outputs) / passes)


# %% exercise="mc_dropout" id="stacked"
def mc_dropout(predict, x, passes, rng):
    stack = np.stack([predict(x, rng) for _ in range(passes)], axis=-1)
    return stack.mean(axis=-1), stack.std(axis=-1)


# %% exercise="mc_dropout" id="child_generators"
def mc_dropout(predict, x, passes, rng):
    outputs = np.array([predict(x, child) for child in rng.spawn(passes)])
    return outputs.mean(axis=0), outputs.var(axis=0) ** 0.5


# %% exercise="residual_survival" id="mixture"
def residual_survival(layer, layers, last):
    share = layer / layers
    return (1 - share) + share * last


# %% exercise="residual_survival" id="by_steps"
def residual_survival(layer, layers, last):
    survival = 1.0
    for _ in range(layer):
        survival -= (1.0 - last) / layers
    return survival


# %% exercise="residual_survival" id="table"
def residual_survival(layer, layers, last):
    return float(np.linspace(1.0, last, layers + 1)[layer])


# %% exercise="stochastic_depth_forward" id="branches"
def stochastic_depth_forward(x, block, survival, rng, train=True):
    if train:
        if rng.uniform() > survival:
            return x.copy(), False
        return block(x) + x, True
    return x + survival * block(x), None


# %% exercise="stochastic_depth_forward" id="binomial"
def stochastic_depth_forward(x, block, survival, rng, train=True):
    if not train:
        branch = block(x)
        return survival * (x + branch) + (1 - survival) * x, None
    kept = bool(rng.binomial(1, survival))
    out = np.array(x)
    if kept:
        out = out + block(x)
    return out, kept


# %% exercise="stochastic_depth_forward" id="one_from_an_array"
def stochastic_depth_forward(x, block, survival, rng, train=True):
    if not train:
        return x + block(x) * survival, None
    kept = rng.choice([True, False], p=[survival, 1 - survival])
    return (x + block(x), kept) if kept else (x, kept)


# %% exercise="stochastic_depth_backward" id="if_not"
def stochastic_depth_backward(dout, block_backward, kept):
    if not kept:
        return dout.copy()
    return block_backward(dout) + dout


# %% exercise="stochastic_depth_backward" id="sum_of_ways"
def stochastic_depth_backward(dout, block_backward, kept):
    ways = [dout]
    if kept:
        ways.append(block_backward(dout))
    return np.sum(ways, axis=0)


# %% exercise="dropout_penalty" id="diagonal"
def dropout_penalty(w, X, drop_prob):
    return drop_prob / (1 - drop_prob) * (np.diag(X.T @ X) @ w**2)


# %% exercise="dropout_penalty" id="norm_of_scaled_columns"
def dropout_penalty(w, X, drop_prob):
    return (1 / (1 - drop_prob) - 1) * np.linalg.norm(X * w) ** 2


# %% exercise="gaussian_dropout" id="standard_normal"
def gaussian_dropout(x, drop_prob, rng, train=True):
    if not train:
        return x.copy(), None
    noise = 1 + (drop_prob / (1 - drop_prob)) ** 0.5 * rng.standard_normal(x.shape)
    return noise * x, noise


# %% exercise="gaussian_dropout" id="one_by_one"
def gaussian_dropout(x, drop_prob, rng, train=True):
    if not train:
        return x, None
    variance = 1 / (1 - drop_prob) - 1
    rows = [rng.normal(loc=1, scale=variance**0.5, size=x.shape[1:]) for _ in range(len(x))]
    noise = np.array(rows)
    return x * noise, noise


# %% exercise="drop_connect" id="by_loop"
def drop_connect(x, W, b, drop_prob, rng, train=True):
    if not train:
        return x @ W + b, None
    masks, outs = [], []
    for row in x:
        mask = np.where(rng.random(W.shape) < drop_prob, 0.0, 1 / (1 - drop_prob))
        masks.append(mask)
        outs.append(row @ (W * mask) + b)
    return np.array(outs), np.array(masks)


# %% exercise="drop_connect" id="matmul"
def drop_connect(x, W, b, drop_prob, rng, train=True):
    keep_prob = 1 - drop_prob
    if train:
        mask = rng.binomial(1, keep_prob, size=(x.shape[0], W.shape[0], W.shape[1])) / keep_prob
        return (x[:, None, :] @ (mask * W))[:, 0, :] + b, mask
    return x @ W + b, None
