"""Right answers of lesson 00, written in other ways."""

# %% exercise="mean_squared_error" id="by_loop"
def mean_squared_error(prediction, target):
    total = 0.0
    for p, y in zip(np.ravel(prediction), np.ravel(target)):
        total += (p - y) ** 2
    return total / np.size(prediction)


# %% exercise="mean_squared_error" id="dot_product"
def mean_squared_error(prediction, target):
    error = np.ravel(target - prediction)
    return error @ error / error.size


# %% exercise="mean_squared_error" id="lambda"
mean_squared_error = lambda p, y: float(np.square(p - y).mean())
