"""Builds the teacher's notebook, the learner's notebook and the keys from a lesson's folder."""
