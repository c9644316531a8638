"""Trusted: runs the teacher's tests and decides scores. It alone has the hidden key that an assignment carries."""
