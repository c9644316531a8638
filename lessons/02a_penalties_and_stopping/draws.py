"""How the concept questions of lesson 02a vary from class to class."""

from course_grader.authoring.drawing import Edits, Rng, numbers, shuffled


def colleague(rng: Rng) -> Edits:
    alpha, examples = rng.choice([10, 20, 30, 40, 60, 70, 80]), rng.choice([40, 50, 80, 100, 125, 160, 250])
    return {
        "`Ridge(alpha=50)`": f"`Ridge(alpha={alpha})`",
        "plus $50\\,\\lVert w\\rVert_2^2$": f"plus ${alpha}\\,\\lVert w\\rVert_2^2$",
        "200 examples. With which `lam`": f"{examples} examples. With which `lam`",
        "alpha, examples = 50, 200": f"alpha, examples = {alpha}, {examples}",
    }


DRAWS = [
    shuffled("fit_of_each_model"),
    shuffled("contrast_order"),
    numbers("lambda_of_colleague", colleague),
    shuffled("true_of_penalties"),
]
