"""How the concept questions of lesson 03 vary from class to class."""

from course_grader.authoring.drawing import Edits, Rng, numbers, shuffled


def dropped_share(rng: Rng) -> Edits:
    p = rng.choice([0.05, 0.1, 0.15, 0.25, 0.3, 0.35])
    return {
        "with dropout at $p = 0.2$ after each": f"with dropout at $p = {p}$ after each",
        "layers, p = 5, 0.2": f"layers, p = 5, {p}",
        "five_layers(batch, forward, 0.2)": f"five_layers(batch, forward, {p})",
    }


def depth(rng: Rng) -> Edits:
    blocks, last = rng.randint(18, 54), rng.choice([0.4, 0.6, 0.7, 0.8])
    return {
        "The paper's network has 54 blocks, with $s_L = 0.5$.": f"A network has {blocks} blocks, with $s_L = {last}$.",
        "blocks, last = 54, 0.5": f"blocks, last = {blocks}, {last}",
    }


DRAWS = [
    numbers("share_left_after_five", dropped_share),
    shuffled("drops_a_fifth"),
    shuffled("true_of_dropout"),
    numbers("expected_depth", depth),
]
