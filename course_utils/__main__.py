"""`course`, as a terminal starts it; `python -m course_utils` runs it when the command itself is not on PATH."""

from course_utils.quick_start import run_and_leave


def run() -> None:
    """Run `course` and end this process."""
    from course_utils.cli import main

    run_and_leave(main)


if __name__ == "__main__":
    run()
