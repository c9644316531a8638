"""Each kernel of `course lab` runs this file when it starts. It must leave no names behind in the notebook."""

# Python started in a terminal of JupyterLab also runs this file, perhaps in an environment without the course.
with __import__("contextlib").suppress(ImportError):
    __import__("course_utils.name_errors").name_errors.watch()
