"""Where a learner has no course folder, nbgrader finds this one and warns of nothing."""
