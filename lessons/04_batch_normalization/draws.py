"""How the concept questions of lesson 04 vary from class to class."""

from course_grader.authoring.drawing import Edits, Rng, numbers, shuffled


def batch_of_two(rng: Rng) -> Edits:
    first, gap = rng.randint(2, 9), rng.choice([-4, -3, 3, 4])
    gamma, beta = rng.choice([0.5, 1.5, 2.0]), rng.choice([-1.0, -0.5, 0.25, 0.75])
    second = first + gap
    return {
        "A feature has the values 3 and 7 in": f"A feature has the values {first} and {second} in",
        "With $\\gamma = 1$, $\\beta = 0$ and an": f"With $\\gamma = {gamma}$, $\\beta = {beta}$ and an",
        "gamma, beta = 3.0, 7.0, 1.0, 0.0": f"gamma, beta = {first}, {second}, {gamma}, {beta}",
        "for pair in ([3.0, 7.0], [3.0, 3000.0],": f"for pair in ([{first}.0, {second}.0], [3.0, 3000.0],",
    }


DRAWS = [
    numbers("first_of_two", batch_of_two),
    shuffled("leaves_training_output"),
    shuffled("true_of_batchnorm"),
    shuffled("which_norm"),
]
