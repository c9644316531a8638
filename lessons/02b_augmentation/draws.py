"""How the concept questions of lesson 02b vary from class to class."""

from course_grader.authoring.drawing import Edits, Rng, numbers, shuffled


def squares(rng: Rng) -> Edits:
    side, size = rng.choice([9, 10, 11, 12, 13, 14, 15, 16]), rng.choice([4, 6])
    return {
        "Images of 8 by 8 pixels, and": f"Images of {side} by {side} pixels, and",
        "squares of size 4.": f"squares of size {size}.",
        "exactly 16 pixels are covered?": f"exactly {size**2} pixels are covered?",
        "for which of the 8 centre rows": f"for which of the {side} centre rows",
        "side, size = 8, 4": f"side, size = {side}, {size}",
        "cutout(np.ones((20000, 8, 8, 1)), 4,": f"cutout(np.ones((20000, {side}, {side}, 1)), {size},",
        "np.mean(covered == 16)": f"np.mean(covered == {size**2})",
        "{covered.mean():.1f} of 16 pixels": f"{{covered.mean():.1f}} of {size**2} pixels",
    }


DRAWS = [
    shuffled("label_kept"),
    numbers("whole_squares", squares),
    shuffled("color_of_each"),
    shuffled("augmentation_effects"),
]
