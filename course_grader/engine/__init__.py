"""The grading engine: an untrusted worker runs a submission, a trusted referee asks and judges."""
