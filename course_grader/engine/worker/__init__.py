"""Untrusted: runs the student's code. Of the grader, it imports only `rpc` and `memory_limit`."""
