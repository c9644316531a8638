"""`python -m course_utils` runs `course`, for when the command itself is not on PATH."""

from course_utils.cli import main

if __name__ == "__main__":
    main()
