"""Likely mistakes of lesson TITLE, each with the hint of a good tutor: the idea, not the fix."""

from course_grader.authoring.bank import edit, rewrite

MISTAKES = [
    edit("EXERCISE", "adds", "factor * x", "factor + x", "Your result is shifted, not stretched. Which operation does the formula use?"),
    edit("EXERCISE", "divides", "factor * x", "x / factor", "A larger factor makes your result smaller. Should it?"),
    edit("EXERCISE", "factor_ignored", "factor * x", "1.0 * x", "Your result does not depend on the factor."),
    rewrite(
        "EXERCISE",
        "accepts_negative",
        """
        def EXERCISE(x, factor):
            return factor * x
        """,
        "Read the docstring again: which factors are not allowed, and what should happen then?",
    ),
]
