"""Likely mistakes of lesson 00."""

from course_grader.authoring.mistake_bank import edit

MISTAKES = [
    edit(
        "mean_squared_error",
        "not_squared",
        "(prediction - target) ** 2",
        "prediction - target",
        "Errors of opposite sign cancel here. Which word of \"mean squared error\" prevents that?",
    ),
    edit(
        "mean_squared_error",
        "absolute",
        "(prediction - target) ** 2",
        "np.abs(prediction - target)",
        "This is the mean absolute error. Errors do not cancel there either, but large ones count differently.",
    ),
    edit(
        "mean_squared_error",
        "sum",
        "np.mean(",
        "np.sum(",
        "Your number grows when there are more examples. Which word of \"mean squared error\" prevents that?",
    ),
    edit(
        "mean_squared_error",
        "root",
        "np.mean((prediction - target) ** 2)",
        "np.sqrt(np.mean((prediction - target) ** 2))",
        "This is the root mean squared error. The formula has no root around the mean.",
    ),
    edit(
        "mean_squared_error",
        "per_row",
        "np.mean((prediction - target) ** 2)",
        "np.sum((prediction - target) ** 2) / len(prediction)",
        "For a 2-D array, len() counts only the rows. How many values are there in total?",
    ),
    edit(
        "mean_squared_error",
        "square_of_mean",
        "np.mean((prediction - target) ** 2)",
        "np.mean(prediction - target) ** 2",
        "The order matters: first square each error, then take the mean. Yours lets errors cancel first.",
    ),
    edit(
        "mean_squared_error",
        "halved",
        "np.mean((prediction - target) ** 2)",
        "np.mean((prediction - target) ** 2) / 2",
        "Your result is half of the expected value. Some books put a factor 1/2 in front of their loss; the formula "
        "here has none.",
    ),
]
