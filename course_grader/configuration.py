"""Makes nbgrader use this engine in a teacher's own course, with two lines in nbgrader_config.py:

from course_grader.configuration import use_engine
use_engine(c)
"""

from __future__ import annotations

from typing import Any

from traitlets.config import Config

READER = "course_grader.gradebook.autograding.ReadTimes"
INTAKE = "course_grader.engine.preprocessors.Intake"
GRADE = "course_grader.engine.preprocessors.Grade"
SANITIZE = [
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.DeduplicateIds",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.OverwriteCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]
AUTOGRADE = [
    "nbgrader.preprocessors.Execute",
    "nbgrader.preprocessors.IgnorePattern",
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
FILTERS = {
    "markdown2html": "course_grader.sanitize.nbgrader_filters.markdown_on_page",
    "highlight_code": "course_grader.sanitize.nbgrader_filters.code_on_page",
    "ansi2html": "course_grader.sanitize.nbgrader_filters.output_on_page",
    "strip_files_prefix": "course_grader.sanitize.nbgrader_filters.strip_files_prefix",
    "clean_html": "course_grader.sanitize.nbgrader_filters.clean_html",
}


def use_engine(config: Config) -> None:
    """Make nbgrader grade with the engine, and sanitize what students wrote before it is shown.

    Preprocessors that the configuration already lists are kept in their order. The engine's intake is inserted before
    them, and its `Grade` replaces nbgrader's `Execute`. Call this at the end of nbgrader_config.py.
    """
    autograde = config.Autograde
    autograde.exporter_class = READER
    sanitize = _listed(autograde, "sanitize_preprocessors", SANITIZE)
    autograde.sanitize_preprocessors = [INTAKE, *(step for step in sanitize if step != INTAKE)]
    steps = _listed(autograde, "autograde_preprocessors", AUTOGRADE)
    autograde.autograde_preprocessors = [GRADE if _is_execute(step) else step for step in steps]
    config.HTMLExporter.sanitize_html = True
    config.HTMLExporter.filters = FILTERS


def own_preprocessors(config: Config) -> list[str]:
    """Return the names of the autograding preprocessors that are neither nbgrader's defaults nor the engine's."""
    known = {INTAKE, GRADE, *SANITIZE, *AUTOGRADE}
    lists = (("sanitize_preprocessors", SANITIZE), ("autograde_preprocessors", AUTOGRADE))
    steps = [step for name, default in lists for step in _listed(config.get("Autograde", Config()), name, default)]
    return [name for step in steps if (name := _name_of(step)) not in known]


def _listed(config: Config, name: str, default: list[str]) -> list[Any]:
    """Return a list of the configuration; additions to nbgrader's defaults (`append`, `insert`) are applied."""
    found = config.get(name, default)
    return list(found.get_value(default)) if hasattr(found, "get_value") else list(found)


def _is_execute(step: Any) -> bool:
    return _name_of(step) == "nbgrader.preprocessors.Execute"


def _name_of(step: Any) -> str:
    """Return a preprocessor's name; for nbgrader's and nbconvert's the short one, without the module."""
    name = step if isinstance(step, str) else f"{step.__module__}.{step.__name__}"
    package = next((one for one in ("nbgrader", "nbconvert") if name.startswith(f"{one}.preprocessors.")), "")
    return f"{package}.preprocessors.{name.rpartition('.')[2]}" if package else name
