"""Pairs of answers that resemble each other more than chance explains: a place to look, and not a verdict."""
