"""How the concept questions of lesson 00b vary from class to class."""

from course_grader.authoring.drawing import Edits, Rng, numbers, shuffled


def small_network(rng: Rng) -> Edits:
    x = rng.randint(2, 6)
    # The first unit is active, the second is not; the other way round in half of the classes.
    w = [rng.choice([0.5, 1.5, 2.0]), -rng.choice([1.0, 2.0, 3.0])]
    b = [rng.choice([-0.5, 0.5, 1.0]), rng.choice([0.5, 1.0, 1.5])]
    v = [rng.choice([-3.0, -2.0, 2.0, 3.0]), rng.choice([-4.0, 4.0, 5.0])]
    ds = rng.choice([0.2, 0.4, 0.7, -0.3, -0.6])
    if rng.randint(2):
        w, b, v = w[::-1], b[::-1], v[::-1]

    def pair(values: list[float]) -> str:
        return "({:g}, {:g})".format(*values)

    return {
        "The input is $x = 3$;": f"The input is $x = {x}$;",
        "$w = (0.5, -2)$": f"$w = {pair(w)}$",
        "$b = (-0.5, 1)$": f"$b = {pair(b)}$",
        "$v = (2, 4)$": f"$v = {pair(v)}$",
        "partial s = 0.6$": f"partial s = {ds:g}$",
        "3.0, (0.5, -2.0), (-0.5, 1.0), (2.0, 4.0), 0.6": f"{x}.0, {pair(w)}, {pair(b)}, {pair(v)}, {ds:g}",
    }


DRAWS = [
    numbers("gradient_on_paper", small_network),
    shuffled("true_of_networks"),
]
