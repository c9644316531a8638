"""Run by each kernel of `course lab` when it starts, before any cell: no name of its own may stay behind."""

# Another Python, started in a terminal of JupyterLab, reads this too and may lack the course.
with __import__("contextlib").suppress(ImportError):
    __import__("course_utils.name_errors").name_errors.watch()
