"""Feedback: one HTML page per student, without content of hidden tests, and without active content of submissions."""
