"""Finds pairs of students whose answers are more similar than chance explains: a place to look, not a verdict."""
