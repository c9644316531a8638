"""A course as nbgrader sees it: where its folders and its gradebook are, by its own configuration."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jupyter_core.paths import jupyter_config_path
from nbgrader.coursedir import CourseDirectory
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from course_grader.configuration import own_preprocessors
from course_grader.engine.modes import fixed_mode, seconds_of, store_beside, with_mode
from course_grader.engine.notebook.assignment import Assignment
from course_grader.engine.notebook.source import MissingKey
from course_grader.environment import kept_environment
from course_utils.errors import CourseError

CONFIG = "nbgrader_config.py"


@dataclass(frozen=True)
class Course:
    """root: the folder of the course. directory: nbgrader's view of it. db_url: the gradebook, as SQLAlchemy has it."""

    root: Path
    directory: CourseDirectory
    db_url: str
    key: Path

    @classmethod
    def nearest(cls, start: Path, db_url: str | None = None) -> Course:
        """Return the course whose folder is `start` or above it; CourseError where there is none."""
        for folder in (start, *start.parents):
            if (folder / CONFIG).is_file():
                return cls.at(folder, db_url)
        raise CourseError(f"No {CONFIG} in {start} or above it: go to the course's folder and try again.")

    @classmethod
    def at(cls, root: Path, db_url: str | None = None) -> Course:
        """Return the course of a folder, as nbgrader's configuration there and in Jupyter's folders tells it."""
        key = os.environ.get("COURSE_KEY")
        config = _configuration(root)
        directory = CourseDirectory(config=config)
        if not directory.root or "root" not in config.CourseDirectory:
            directory.root = str(root)
        directory.db_url = _with_driver(db_url or directory.db_url)
        own = root / "course.key"
        return cls(root, directory, directory.db_url, own if own.is_file() or key is None else Path(key))

    @property
    def config(self) -> Config:
        config: Config = self.directory.config
        return config

    @property
    def database(self) -> Path | None:
        """The gradebook's file, or None where a server has it."""
        return _file_of(self.db_url)

    @property
    def journal(self) -> Path:
        """The file of results: beside the gradebook, or in the course's folder where a server has the gradebook."""
        return journal_of(self.db_url, self.root)

    @property
    def zone(self) -> ZoneInfo | None:
        """The time zone of course.toml, or None if it gives none."""
        return zone_named(self.config.ReadTimes.get("timezone", ""))

    def folder(self, step: str, student: str, assignment: str) -> Path:
        """Return where a student's assignment stands; `step` is "submitted", "autograded", "source" or "feedback"."""
        name = getattr(self.directory, f"{step}_directory")
        return Path(self.directory.format_path(name, student, assignment))

    def solutions(self, assignment: str) -> list[Path]:
        """Return the teacher's notebooks of an assignment; CourseError if there is none."""
        folder = self.folder("source", ".", assignment)
        if found := sorted(folder.glob("*.ipynb")):
            return found
        # A term's own folder is filled by its releases.
        make = f"course release {assignment}" if (self.root / "course.toml").is_file() else "course build"
        raise CourseError(f"{folder} holds no notebook: look at the spelling, or run `{make}`.")

    def solution(self, assignment: str, notebook: str = "") -> Path:
        """Return the teacher's notebook of an assignment; CourseError if there is not just one.

        notebook: the name of the one that is meant, if there are several.
        """
        found = self.solutions(assignment)
        named = [path for path in found if path.stem == notebook]
        if len(named or found) != 1:
            names = ", ".join(path.stem for path in found)
            raise CourseError(f"{assignment} has several notebooks ({names}), and this takes an assignment with one.")
        return (named or found)[0]

    def needs_nbgrader(self, assignment: str) -> str:
        """Return why an assignment is graded by nbgrader's own autograding with the engine in it; empty if it is
        not."""
        if len(self.solutions(assignment)) > 1:
            return f"{assignment} has several notebooks"
        if own := own_preprocessors(self.config):
            return f"{CONFIG} has the preprocessor {own[0]}"
        return ""

    def assignment(self, name: str, remember: bool = True, notebook: str = "") -> Assignment:
        """Return an assignment from the teacher's notebook and the hidden key; CourseError where that cannot be.

        remember: whether to write down the mode in which it is graded, where that was not done before. notebook: the
        one that is meant, if the assignment has several.
        """
        try:
            return self.with_mode(name, self.solution(name, notebook), remember=remember)
        except MissingKey:
            raise CourseError(f"There is no hidden key {self.key}: make it with `course key`.") from None

    def notebooks(self, name: str, remember: bool = True) -> list[Assignment]:
        """Return an assignment's notebooks, each as an assignment; see `assignment`."""
        return [self.assignment(name, remember, path.stem) for path in self.solutions(name)]

    def with_mode(self, name: str, solution: Path, thorough: bool = False, remember: bool = True) -> Assignment:
        """Return an assignment from a notebook of the teacher's, in its mode; see `engine.modes.with_mode`."""
        key = self.key if self.key.is_file() else None
        found = Assignment.from_notebook(solution, key, files=solution.parent)
        fixed = fixed_mode(self.config, name)
        found = with_mode(found, solution, self.modes, name, fixed, self.config, thorough, remember)
        return found.within(seconds_of(self.config))

    @property
    def modes(self) -> Path:
        """The file that remembers in which mode each assignment is graded."""
        return store_beside(self.database, self.root)


def journal_of(db_url: str, root: Path) -> Path:
    """Return where the journal of a gradebook is, in a course's folder."""
    return (_file_of(db_url) or root / "gradebook.db").with_suffix(".results.sqlite")


def zone_named(name: str) -> ZoneInfo | None:
    """Return a time zone, or None without a name; CourseError if there is no such zone."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise CourseError(f"{name!r} is no time zone: write one like Europe/Berlin.") from None


def _file_of(db_url: str) -> Path | None:
    url = make_url(db_url)
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def _configuration(root: Path) -> Config:
    config = Config()
    # The file sets it for nbgrader's kernels; here it would outlive the course.
    with kept_environment("COURSE_KEY"):
        try:
            for folder in (*map(Path, reversed(jupyter_config_path())), root):
                if (folder / CONFIG).is_file():
                    config.merge(PyFileConfigLoader(CONFIG, path=str(folder)).load_config())
        except CourseError:
            # What course.toml says wrong.
            raise
        except Exception as error:
            raise CourseError(f"{CONFIG} cannot be used: {type(error).__name__}: {error}.") from error
    return config


def _with_driver(db_url: str) -> str:
    """Return the address with the driver that the course installs named; CourseError where it is no address."""
    try:
        url = make_url(db_url)
    except ArgumentError as error:
        raise CourseError(
            f"{db_url!r} is no address of a database: write sqlite:///FILE or postgresql://HOST/NAME."
        ) from error
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    return url.render_as_string(hide_password=False)
