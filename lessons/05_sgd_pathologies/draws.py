"""How the concept questions of lesson 05 vary from class to class."""

from course_grader.authoring.drawing import Edits, Rng, numbers, shuffled


def long_walk(rng: Rng) -> Edits:
    grad, lr, momentum = rng.choice([2, 4, 5]), rng.choice([0.1, 0.15, 0.25, 0.3]), rng.choice([0.75, 0.8, 0.9, 0.95])
    return {
        "The gradient is 3 at every step,": f"The gradient is {grad} at every step,",
        "the rate 0.2, the momentum 0.95, the": f"the rate {lr}, the momentum {momentum}, the",
        "The first step has the length 0.6.": f"The first step has the length {lr * grad:.4g}.",
        "grad, lr, momentum = 3, 0.2, 0.95": f"grad, lr, momentum = {grad}, {lr}, {momentum}",
    }


DRAWS = [
    shuffled("quietest_first"),
    shuffled("zigzag_or_jitter"),
    numbers("final_step_length", long_walk),
    shuffled("off_the_saddle"),
]
