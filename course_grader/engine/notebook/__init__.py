"""What was handed in, and what is asked: the submission's cells, the assignment, and the order of steps."""
