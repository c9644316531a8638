"""Untrusted: runs the student's code. It imports nothing of the grader but `rpc` and `memory_limit`."""
