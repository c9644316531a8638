"""From a lesson's folder to the teacher's notebook, the learner's notebook and the keys."""
