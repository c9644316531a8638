"""How the concept questions of lesson 07b vary from class to class."""

from course_grader.authoring.drawing import Edits, Rng, numbers, shuffled


def spectrum(rng: Rng) -> Edits:
    values = [1, *sorted(rng.choice([2, 3, 5, 10, 20, 40, 60, 80, 120], rng.randint(3, 9), replace=False)), 200]
    counts = rng.multinomial(100 - 4 * len(values), [1 / len(values)] * len(values)) + 4
    pairs = [f"{count} are {value}" for count, value in zip(counts, values, strict=True)]
    return {
        "Fifty of its eigenvalues are 1, thirty are 10 and twenty are 200.": (
            f"Of its eigenvalues {', '.join(pairs[:-1])} and {pairs[-1]}."
        ),
        "eigenvalues = {1, 10, 200}": f"eigenvalues = {{{', '.join(map(str, values))}}}",
        "\"three different eigenvalues\": np.repeat([1.0, 10.0, 200.0], [50, 30, 20])": (
            f"\"few different eigenvalues\": np.repeat({list(map(float, values))}, {counts.tolist()})"
        ),
        "(With three different ones, what\nis left after the third iteration is rounding.)": (
            "(With few different ones, what\nis left after as many iterations is rounding.)"
        ),
    }


DRAWS = [numbers("cg_iterations", spectrum)]
