"""Builds the course's website: executed lessons with folded solutions, and guides, without requests to other hosts."""
