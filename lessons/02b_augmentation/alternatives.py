"""Right answers of lesson 02b, written in other ways."""

# %% exercise="horizontal_flip" id="flip"
horizontal_flip = lambda images: np.flip(images, axis=2)


# %% exercise="horizontal_flip" id="by_index"
def horizontal_flip(images):
    width = images.shape[2]
    return images[:, :, [width - 1 - j for j in range(width)]]


# %% exercise="horizontal_flip" id="image_by_image"
def horizontal_flip(images):
    return np.array([np.fliplr(image) for image in images])


# %% exercise="vertical_flip" id="flip"
vertical_flip = lambda images: np.flip(images, 1).copy()


# %% exercise="vertical_flip" id="image_by_image"
def vertical_flip(images):
    out = np.zeros_like(images)
    height = images.shape[1]
    for n in range(len(images)):
        for i in range(height):
            out[n, i] = images[n, height - 1 - i]
    return out


# %% exercise="random_crop" id="into_zeros"
def random_crop(images, pad, rng):
    count, height, width, channels = images.shape
    frame = np.zeros((count, height + 2 * pad, width + 2 * pad, channels))
    frame[:, pad : pad + height, pad : pad + width] = images
    columns = rng.integers(0, 2 * pad, size=count, endpoint=True)
    rows = rng.integers(0, 2 * pad, size=count, endpoint=True)
    return np.stack([frame[i, r : r + height, c : c + width] for i, (r, c) in enumerate(zip(rows, columns))])


# %% exercise="random_crop" id="by_indices"
def random_crop(images, pad, rng):
    count, height, width, _ = images.shape
    padded = np.pad(images, [(0, 0), (pad, pad), (pad, pad), (0, 0)], mode="constant")
    rows = rng.choice(2 * pad + 1, size=count)[:, None] + np.arange(height)
    columns = rng.choice(2 * pad + 1, size=count)[:, None] + np.arange(width)
    return padded[np.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]


# %% exercise="rescale" id="matrices"
def rescale(image, factor):
    if not factor > 0:
        raise ValueError("the factor must be positive")

    def weights(old):
        new = max(1, int(np.floor(old * factor + 0.5)))
        place = np.clip((np.arange(new) + 0.5) * (old / new) - 0.5, 0, old - 1)
        return np.maximum(0, 1 - np.abs(place[:, None] - np.arange(old)))

    height, width = image.shape[:2]
    return np.einsum("ai,bj,ijc->abc", weights(height), weights(width), image)


# %% exercise="rescale" id="interp"
def rescale(image, factor):
    if factor <= 0:
        raise ValueError(f"{factor} is not positive")

    def stretched(line):
        old = len(line)
        new = max(1, math.floor(old * factor + 0.5))
        return np.interp((np.arange(new) + 0.5) / new * old - 0.5, np.arange(old), line)

    return np.apply_along_axis(stretched, 0, np.apply_along_axis(stretched, 1, image))


# %% exercise="rescale" id="four_corners"
def rescale(image, factor):
    if factor <= 0:
        raise ValueError("no image of size 0")
    height, width, channels = image.shape
    new_height = max(1, math.floor(height * factor + 0.5))
    new_width = max(1, math.floor(width * factor + 0.5))
    out = np.zeros((new_height, new_width, channels))
    for i in range(new_height):
        u = min(max((i + 0.5) * height / new_height - 0.5, 0), height - 1)
        a, c = int(u), min(int(u) + 1, height - 1)
        for j in range(new_width):
            v = min(max((j + 0.5) * width / new_width - 0.5, 0), width - 1)
            b, d = int(v), min(int(v) + 1, width - 1)
            upper = (1 - (v - b)) * image[a, b] + (v - b) * image[a, d]
            lower = (1 - (v - b)) * image[c, b] + (v - b) * image[c, d]
            out[i, j] = (1 - (u - a)) * upper + (u - a) * lower
    return out


# %% exercise="random_scale_crop" id="pad_then_cut"
def random_scale_crop(images, low, high, rng):
    height, width = images.shape[1:3]

    def fit(image, size, axis):
        surplus = image.shape[axis] - size
        if surplus >= 0:
            return np.take(image, np.arange(surplus // 2, surplus // 2 + size), axis=axis)
        widths = [(0, 0)] * 3
        widths[axis] = (-surplus // 2, -surplus - (-surplus // 2))
        return np.pad(image, widths)

    scaled = [rescale(image, low + (high - low) * rng.random()) for image in images]
    return np.stack([fit(fit(image, height, 0), width, 1) for image in scaled])


# %% exercise="random_scale_crop" id="branches"
def random_scale_crop(images, low, high, rng):
    _, height, width, channels = images.shape
    results = []
    for image in images:
        image = rescale(image, rng.uniform(low, high))
        if image.shape[0] > height:
            start = (image.shape[0] - height) // 2
            image = image[start : start + height]
        if image.shape[1] > width:
            start = (image.shape[1] - width) // 2
            image = image[:, start : start + width]
        canvas = np.zeros((height, width, channels))
        top, left = (height - image.shape[0]) // 2, (width - image.shape[1]) // 2
        canvas[top : top + image.shape[0], left : left + image.shape[1]] = image
        results.append(canvas)
    return np.array(results)


# %% exercise="cutout" id="mask"
def cutout(images, size, rng):
    count, height, width, _ = images.shape
    p = rng.integers(height, size=(count, 1)) - size // 2
    q = rng.integers(width, size=(count, 1)) - size // 2
    rows = (np.arange(height) >= p) & (np.arange(height) < p + size)
    columns = (np.arange(width) >= q) & (np.arange(width) < q + size)
    hole = rows[:, :, None] & columns[:, None, :]
    return np.where(hole[..., None], 0.0, images)


# %% exercise="cutout" id="one_number_for_the_pixel"
def cutout(images, size, rng):
    out = np.array(images)
    height, width = out.shape[1:3]
    for image, pixel in zip(out, rng.integers(height * width, size=len(out))):
        p, q = divmod(pixel, width)
        rows = [i for i in range(p - size // 2, p - size // 2 + size) if 0 <= i < height]
        columns = [j for j in range(q - size // 2, q - size // 2 + size) if 0 <= j < width]
        image[np.ix_(rows, columns)] = 0
    return out


# %% exercise="rgb_to_hsl" id="pixel_by_pixel"
def rgb_to_hsl(rgb):
    def one(pixel):
        r, g, b = (float(value) for value in pixel)
        top, bottom = max(r, g, b), min(r, g, b)
        c, l = top - bottom, (top + bottom) / 2
        if c == 0:
            return 0.0, 0.0, l
        s = c / (1 - abs(2 * l - 1))
        if top == r:
            h = ((g - b) / c) % 6
        elif top == g:
            h = (b - r) / c + 2
        else:
            h = (r - g) / c + 4
        return h / 6, s, l

    return np.array([one(pixel) for pixel in rgb.reshape(-1, 3)]).reshape(rgb.shape)


# %% exercise="rgb_to_hsl" id="masks"
def rgb_to_hsl(rgb):
    out = np.zeros(rgb.shape)
    r, g, b = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    top, bottom = np.max(rgb, -1), np.min(rgb, -1)
    c = top - bottom
    l = bottom + c / 2
    s = np.zeros_like(c)
    np.divide(c, 1 - np.abs(2 * l - 1), out=s, where=c > 0)
    safe = np.where(c > 0, c, 1)
    h = np.select([top == b, top == g], [4 + (r - g) / safe, 2 + (b - r) / safe], (g - b) / safe)
    out[..., 0] = np.where(c > 0, (h / 6) % 1.0, 0)
    out[..., 1], out[..., 2] = s, l
    return out


# %% exercise="rgb_to_hsl" id="by_angle_of_sorted"
def rgb_to_hsl(rgb):
    top, bottom = rgb.max(axis=-1, keepdims=True), rgb.min(axis=-1, keepdims=True)
    chroma = top - bottom
    room = 2 * np.minimum((top + bottom) / 2, 1 - (top + bottom) / 2)
    with np.errstate(all="ignore"):
        hues = (np.roll(rgb, -1, axis=-1) - np.roll(rgb, -2, axis=-1)) / chroma + np.array([0, 2, 4])
        saturation = np.where(chroma > 0, chroma / room, 0)
    hue = np.take_along_axis(hues, rgb.argmax(axis=-1)[..., None], axis=-1) / 6 % 1
    return np.concatenate([np.where(chroma > 0, hue, 0), saturation, (top + bottom) / 2], axis=-1)


# %% exercise="hsl_to_rgb" id="channel_function"
def hsl_to_rgb(hsl):
    h, s, l = hsl[..., 0], hsl[..., 1], hsl[..., 2]
    c = s * (1 - np.abs(2 * l - 1))

    def channel(own):
        d = np.abs(h - own) % 1
        d = np.minimum(d, 1 - d)
        return l - c / 2 + c * np.clip(2 - 6 * d, 0, 1)

    return np.stack([channel(0), channel(1 / 3), channel(2 / 3)], axis=-1)


# %% exercise="hsl_to_rgb" id="css"
def hsl_to_rgb(hsl):
    h, s, l = np.split(hsl, 3, axis=-1)
    a = s * np.minimum(l, 1 - l)
    k = (np.array([0, 8, 4]) + 12 * h) % 12
    return l - a * np.maximum(-1, np.minimum(np.minimum(k - 3, 9 - k), 1))


# %% exercise="hsl_to_rgb" id="six_sectors"
def hsl_to_rgb(hsl):
    out = []
    for h, s, l in np.asarray(hsl).reshape(-1, 3):
        c = (1 - abs(2 * l - 1)) * s
        sector = (h % 1) * 6
        x = c * (1 - abs(sector % 2 - 1))
        r, g, b = [(c, x, 0), (x, c, 0), (0, c, x), (0, x, c), (x, 0, c), (c, 0, x)][int(sector)]
        m = l - c / 2
        out.append((r + m, g + m, b + m))
    return np.array(out).reshape(hsl.shape)


# %% exercise="color_jitter" id="contrast_first"
def color_jitter(image, brightness, contrast, rng):
    hsl = rgb_to_hsl(image)
    mean = hsl[..., 2].mean()
    stretch = 1 + contrast * (2 * rng.random() - 1)
    shift = brightness * (2 * rng.random() - 1)
    hsl[..., 2] = np.minimum(np.maximum(mean * (1 - stretch) + stretch * hsl[..., 2] + shift, 0), 1)
    return hsl_to_rgb(hsl)


# %% exercise="color_jitter" id="both_at_once"
def color_jitter(image, brightness, contrast, rng):
    b, c = rng.uniform([-brightness, 1 - contrast], [brightness, 1 + contrast])
    hsl = rgb_to_hsl(image)
    l = hsl[..., 2:]
    l = (c * (l - np.mean(l)) + np.mean(l) + b).clip(0.0, 1.0)
    return hsl_to_rgb(np.concatenate([hsl[..., :2], l], axis=-1))


# %% exercise="majority_vote" id="bincount"
def majority_vote(predictions):
    return np.array([np.bincount(column).argmax() for column in predictions.T])


# %% exercise="majority_vote" id="unique"
def majority_vote(predictions):
    winners = []
    for column in predictions.T:
        labels, counts = np.unique(column, return_counts=True)
        winners.append(int(labels[counts == counts.max()].min()))
    return np.array(winners)


# %% exercise="majority_vote" id="add_at"
def majority_vote(predictions):
    count = predictions.shape[1]
    table = np.zeros((count, predictions.max() + 1), dtype=int)
    for view in predictions:
        table[np.arange(count), view] += 1
    return np.argmax(table, axis=1)


# %% exercise="mixup" id="order_first"
def mixup(X, Y, alpha, rng):
    order = rng.permutation(X.shape[0])
    share = rng.beta(alpha, alpha)
    return X[order] + share * (X - X[order]), Y[order] + share * (Y - Y[order])


# %% exercise="mixup" id="by_gammas"
def mixup(X, Y, alpha, rng):
    # Two Gamma variables of small shape can both underflow, so they are drawn in logarithms.
    first, second = np.log(rng.gamma(alpha + 1, size=2)) + np.log(rng.uniform(1e-300, 1, size=2)) / alpha
    lam = 1 / (1 + np.exp(np.clip(second - first, -700, 700)))
    order = np.arange(len(X))
    rng.shuffle(order)
    mix = lambda Z: lam * Z + (1 - lam) * np.take(Z, order, axis=0)
    return mix(X), mix(Y)


# %% exercise="label_smoothing" id="filled"
def label_smoothing(labels, classes, eps=0.1):
    soft = np.full((len(labels), classes), eps / classes)
    soft[np.arange(len(labels)), labels] += 1 - eps
    return soft


# %% exercise="label_smoothing" id="compared"
def label_smoothing(labels, classes, eps=0.1):
    hard = (np.asarray(labels)[:, None] == np.arange(classes)).astype(float)
    return hard - eps * (hard - 1 / classes)
