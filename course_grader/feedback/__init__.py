"""Feedback: one HTML page a student, with nothing of a hidden test in it and nothing of a submission that could act."""
