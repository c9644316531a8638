"""The grading engine: an untrusted worker runs the submission, and a trusted referee runs the tests and scores it."""
