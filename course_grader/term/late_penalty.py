"""The penalty for handing in late, as nbgrader's plug-in; `course.toml` sets it."""

from __future__ import annotations

import math

from nbgrader.plugins import LateSubmissionPlugin
from traitlets import Float

MINUTE, DAY = 60, 86_400


class LatePolicy(LateSubmissionPlugin):  # type: ignore[misc]
    """A percentage of the score for each day that has begun after the grace, up to a maximum."""

    grace_minutes = Float(0.0, help="Minutes after the due date that cost nothing.").tag(config=True)
    percent_per_day = Float(0.0, help="Per cent of the score that each day costs that has begun.").tag(config=True)
    most_percent = Float(100.0, help="Per cent of the score that lateness can cost at most.").tag(config=True)

    def late_submission_penalty(self, student_id: str, score: float, total_seconds_late: float) -> float | None:
        """Return the points that a submission loses, or None within the grace."""
        seconds = total_seconds_late - MINUTE * self.grace_minutes
        if seconds <= 0:
            return None
        percent = min(self.most_percent, math.ceil(seconds / DAY) * self.percent_per_day)
        return round(score * percent / 100, 4)
