"""How the concept questions of lesson 07a vary from class to class."""

from course_grader.authoring.drawing import shuffled

DRAWS = [
    shuffled("where_newton_ends"),
    shuffled("true_of_newton"),
]
