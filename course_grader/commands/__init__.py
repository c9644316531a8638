"""The verbs that `course` has for those who write lessons and those who grade, by what they do."""
