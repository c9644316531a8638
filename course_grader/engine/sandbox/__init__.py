"""Trusted: starts and confines the processes in which submissions run."""
