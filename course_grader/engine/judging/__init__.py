"""Trusted: runs the teacher's tests and decides scores. Only this package uses the hidden key of an assignment."""
