"""How the concept questions of lesson 08 vary from class to class."""

from course_grader.authoring.drawing import Edits, Rng, numbers, shuffled


def knows_nothing(rng: Rng) -> Edits:
    labels = rng.choice([4, 5, 6, 7, 12, 15, 20, 26, 40, 50, 100])
    old = "what is the loss of a\nnetwork that knows nothing and gives each of the ten labels the same probability?"
    new = (
        f"if the task had {labels} labels instead\nof ten, what would be the loss of a network that knows nothing and "
        "gives each of them the same probability?"
    )
    return {old: new, "label_count = 10": f"label_count = {labels}"}


DRAWS = [
    numbers("loss_at_start", knows_nothing),
    shuffled("parts_that_pay"),
    shuffled("right_in_pytorch"),
]
