"""How the concept questions of lesson 06 vary from class to class."""

from course_grader.authoring.drawing import Edits, Rng, numbers, shuffled


def first_step(rng: Rng) -> Edits:
    rho = rng.choice([0.8, 0.84, 0.93, 0.94, 0.95, 0.96, 0.97, 0.98, 0.992, 0.995])
    return {
        "with $\\rho = 0.99$, as a multiple of `lr`": f"with $\\rho = {rho}$, as a multiple of `lr`",
        "first step divided by lr, for decay 0.99.": f"first step divided by lr, for decay {rho}.",
        "rho = 0.99\n": f"rho = {rho}\n",
        "(rmsprop_step, 1, decay=0.99)": f"(rmsprop_step, 1, decay={rho})",
    }


DRAWS = [
    numbers("rmsprop_first_step", first_step),
    shuffled("mended_by_scaling"),
    shuffled("penalty_equals_decay"),
]
