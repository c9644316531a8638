"""Trusted: starts the processes in which submissions run, and confines them."""
