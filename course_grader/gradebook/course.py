"""A course as nbgrader's configuration describes it: its folders, gradebook and assignments."""

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
    """A course.

    root: the folder of the course. directory: nbgrader's object for it. db_url: SQLAlchemy's URL of the gradebook. key:
    the path of the hidden key, which may not exist.
    """

    root: Path
    directory: CourseDirectory
    db_url: str
    key: Path

    @classmethod
    def nearest(cls, start: Path, db_url: str | None = None) -> Course:
        """Return the course whose folder is `start` or a folder above it. Raises CourseError if there is none."""
        for folder in (start, *start.parents):
            if (folder / CONFIG).is_file():
                return cls.at(folder, db_url)
        raise CourseError(f"There is no {CONFIG} in {start} or above it. Go to the course's folder and try again.")

    @classmethod
    def at(cls, root: Path, db_url: str | None = None) -> Course:
        """Return the course in a folder, by nbgrader's configuration there and in Jupyter's configuration folders.

        db_url: replaces the configured gradebook. Raises CourseError if the configuration or URL cannot be used.
        """
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
        """The gradebook's file, or None if the gradebook is on a server."""
        return _file_of(self.db_url)

    @property
    def journal(self) -> Path:
        """The file of results: beside the gradebook, or in the course's folder if the gradebook is on a server."""
        return journal_of(self.db_url, self.root)

    @property
    def zone(self) -> ZoneInfo | None:
        """The time zone of course.toml, or None if it sets none."""
        return zone_named(self.config.ReadTimes.get("timezone", ""))

    def folder(self, step: str, student: str, assignment: str) -> Path:
        """Return the folder of a student's assignment.

        step: nbgrader's kind of folder, such as "source", "release", "submitted", "autograded" or "feedback".
        """
        name = getattr(self.directory, f"{step}_directory")
        return Path(self.directory.format_path(name, student, assignment))

    def solutions(self, assignment: str) -> list[Path]:
        """Return the teacher's notebooks of an assignment. Raises CourseError if there is none."""
        folder = self.folder("source", ".", assignment)
        if notebooks := sorted(folder.glob("*.ipynb")):
            return notebooks
        # With a course.toml, it is `course release` that writes this folder.
        make = f"course release {assignment}" if (self.root / "course.toml").is_file() else "course build"
        raise CourseError(f"{folder} contains no notebook. Check the spelling, or run `{make}`.")

    def solution(self, assignment: str, notebook: str = "") -> Path:
        """Return the teacher's notebook of an assignment.

        notebook: which one, if there are several. Raises CourseError if there is none, or if it is not clear which one.
        """
        solutions = self.solutions(assignment)
        named = [path for path in solutions if path.stem == notebook]
        if len(named or solutions) != 1:
            names = ", ".join(path.stem for path in solutions)
            raise CourseError(
                f"{assignment} has several notebooks ({names}), but this command needs an assignment with only one."
            )
        return (named or solutions)[0]

    def needs_nbgrader(self, assignment: str) -> str:
        """Return why an assignment has to be graded by nbgrader's own autograding, which then calls the engine.

        Empty if it need not be.
        """
        if len(self.solutions(assignment)) > 1:
            return f"{assignment} has several notebooks"
        if own := own_preprocessors(self.config):
            return f"{CONFIG} has the preprocessor {own[0]}"
        return ""

    def assignment(self, name: str, remember: bool = True, notebook: str = "") -> Assignment:
        """Return an assignment, read from the teacher's notebook and the hidden key.

        remember: whether to store the mode in which it is graded, if it is not stored yet. notebook: which one, if the
        assignment has several. Raises CourseError if the notebook or the key is missing.
        """
        try:
            return self.with_mode(name, self.solution(name, notebook), remember=remember)
        except MissingKey:
            raise CourseError(f"There is no hidden key {self.key}. Make it with `course key`.") from None

    def notebooks(self, name: str, remember: bool = True) -> list[Assignment]:
        """Return each notebook of an assignment as an assignment of its own; see `assignment`."""
        return [self.assignment(name, remember, path.stem) for path in self.solutions(name)]

    def with_mode(self, name: str, solution: Path, thorough: bool = False, remember: bool = True) -> Assignment:
        """Return an assignment from a teacher's notebook, with its grading mode; see `engine.modes.with_mode`."""
        key = self.key if self.key.is_file() else None
        assignment = Assignment.from_notebook(solution, key, files=solution.parent)
        fixed = fixed_mode(self.config, name)
        assignment = with_mode(assignment, solution, self.modes, name, fixed, self.config, thorough, remember)
        return assignment.within(seconds_of(self.config))

    @property
    def modes(self) -> Path:
        """The file that stores the grading mode of each assignment."""
        return store_beside(self.database, self.root)


def journal_of(db_url: str, root: Path) -> Path:
    """Return the path of a gradebook's journal; `root` is the course's folder."""
    return (_file_of(db_url) or root / "gradebook.db").with_suffix(".results.sqlite")


def zone_named(name: str) -> ZoneInfo | None:
    """Return the time zone with a name, or None if the name is empty. Raises CourseError if there is no such zone."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise CourseError(f"{name!r} is not a time zone. Write a name such as Europe/Berlin.") from None


def _file_of(db_url: str) -> Path | None:
    url = make_url(db_url)
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def _configuration(root: Path) -> Config:
    config = Config()
    # nbgrader_config.py sets COURSE_KEY for nbgrader's kernels; in this process it would affect other courses.
    with kept_environment("COURSE_KEY"):
        try:
            for folder in (*map(Path, reversed(jupyter_config_path())), root):
                if (folder / CONFIG).is_file():
                    config.merge(PyFileConfigLoader(CONFIG, path=str(folder)).load_config())
        except CourseError:
            # An error in course.toml, which nbgrader_config.py reads.
            raise
        except Exception as error:
            raise CourseError(f"{CONFIG} cannot be used: {type(error).__name__}: {error}.") from error
    return config


def _with_driver(db_url: str) -> str:
    """Return a database URL with the driver that the course installs. Raises CourseError if it is not a URL."""
    try:
        url = make_url(db_url)
    except ArgumentError as error:
        raise CourseError(
            f"{db_url!r} is not the address of a database. Write sqlite:///FILE or postgresql://HOST/NAME."
        ) from error
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    return url.render_as_string(hide_password=False)
