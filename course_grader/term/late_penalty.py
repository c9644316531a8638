"""The penalty for late submissions, as an nbgrader plug-in that is configured in `course.toml`."""

from __future__ import annotations

import math

from nbgrader.plugins import LateSubmissionPlugin
from traitlets import Float

MINUTE, DAY = 60, 86_400


class LatePolicy(LateSubmissionPlugin):  # type: ignore[misc]
    """Subtracts a percentage of the score for each day or part of a day after the grace period, up to a maximum."""

    grace_minutes = Float(0.0, help="Grace period after the due date without a penalty, in minutes.").tag(config=True)
    percent_per_day = Float(0.0, help="Penalty for each day late or part of a day, in percent of the score.").tag(
        config=True
    )
    most_percent = Float(100.0, help="Largest penalty, in percent of the score.").tag(config=True)

    def late_submission_penalty(self, student_id: str, score: float, total_seconds_late: float) -> float | None:
        """Return the points that a submission loses, or None within the grace period."""
        seconds = total_seconds_late - MINUTE * self.grace_minutes
        if seconds <= 0:
            return None
        percent = min(self.most_percent, math.ceil(seconds / DAY) * self.percent_per_day)
        return round(score * percent / 100, 4)
