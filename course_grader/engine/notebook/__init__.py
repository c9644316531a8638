"""Reads the submitted notebook and the assignment, and plans in which order cells and tests run."""
