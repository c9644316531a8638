"""The teacher's side of Descent: authoring and grading."""
