"""Exports grades to other programs: a table, the files that Canvas and Moodle import, an autograder for Gradescope."""
