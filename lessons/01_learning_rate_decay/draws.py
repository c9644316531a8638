"""How the concept questions of lesson 01 vary from class to class."""

from course_grader.authoring.drawing import Edits, Rng, numbers, shuffled


def halved_rate(rng: Rng) -> Edits:
    high = 1.2 + 0.04 * rng.randint(16)
    old = "lower the rate from $1.5$ to $0.75$, half of it"
    comment = "the variance at rate 0.75 divided by that at rate 1.5"
    return {
        old: f"lower the rate from ${high:.2f}$ to ${high / 2:.2f}$, half of it",
        comment: f"the variance at rate {high / 2:.2f} divided by that at rate {high:.2f}",
        "high, low = 1.5, 0.75": f"high, low = {high:.2f}, {high / 2:.2f}",
    }


DRAWS = [
    shuffled("robbins_monro_schedules"),
    numbers("share_of_variance_left", halved_rate),
]
