"""Grading a class: from the submissions to nbgrader's gradebook."""
