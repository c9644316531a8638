"""Right answers of lesson TITLE, written otherwise: every check must accept them."""

# %% exercise="EXERCISE" id="by_rows"
def EXERCISE(x, factor):
    if factor < 0:
        raise ValueError("a negative factor is not allowed: give one of at least 0.")
    return np.array([row * factor for row in x])


# %% exercise="EXERCISE" id="helper"
def not_negative(number):
    if number < 0:
        raise ValueError(f"{number} is negative.")
    return number


EXERCISE = lambda x, factor: np.multiply(x, not_negative(factor))
