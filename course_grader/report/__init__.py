"""The class report: how hard each exercise was, which mistakes were made, and what could not be graded."""
