"""`course doctor`: diagnoses common problems and suggests fixes."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, entry_points, requires, version
from pathlib import Path
from typing import Any

from course_utils import notebooks
from course_utils.errors import CourseError, from_os
from course_utils.running import KERNEL, KERNEL_REMEDY

DISTRIBUTION = "descent-course"
# The folder of a teacher with their own assignments contains this file, and no notebooks of this course.
TEACHERS = "nbgrader_config.py"
FINDINGS = "descent.findings"
INSTALL = "In the course's folder, run `pip install -c requirements.lock -e '.[lab]'`."
SERVER_EXTENSION = "nbgrader.server_extensions.validate_assignment"
LAB_EXTENSION = "@jupyter/nbgrader"
STILL = "`course lab` and `course check` use the course's Python anyway; Jupyter does not if you start it another way."
VALIDATE_PLUGIN = f"{LAB_EXTENSION}:validate-assignment"


@dataclass(frozen=True)
class Finding:
    """The result of one check; `remedy` is the fix, empty if there is no problem."""

    subject: str
    says: str
    remedy: str = ""

    @property
    def well(self) -> bool:
        return not self.remedy

    def as_dict(self) -> dict[str, Any]:
        """Return what `course doctor --json` prints."""
        return {**asdict(self), "well": self.well}


def examine(start: Path) -> list[Finding]:
    """Check the machine and the course's folder nearest to `start`, and return all findings in order."""
    folder = notebooks.find_folder(start)
    found = [python(sys.version_info[:3]), packages(), kernel(), validate_button(), gradebook(), *others()]
    if folder is None and (start / TEACHERS).is_file():
        return [*found, Finding("folder", f"{start} is an nbgrader course without notebooks of this course.")]
    if folder is None:
        remedy = "Change to the folder of your notebooks, or copy them into a new one with `course start FOLDER`."
        return [*found, Finding("folder", f"no notebooks in or above {start}.", remedy)]
    return [*found, Finding("folder", f"the notebooks are in {folder}."), *writing(folder), *freshness(folder)]


def python(running: tuple[int, ...]) -> Finding:
    """Return whether this version of Python is new enough for the course."""
    shown = ".".join(map(str, running))
    remedy = "" if running >= (3, 11) else "Install Python 3.11 or newer, and create a new environment with it."
    return Finding("Python", f"version {shown}.", remedy)


def packages() -> Finding:
    """Return whether the installed packages have the versions that the course needs."""
    try:
        wanted = requires(DISTRIBUTION) or []
    except PackageNotFoundError:
        return Finding("packages", "the course itself is not installed in this Python.", INSTALL)
    problems = list(_unmet(wanted))
    if problems:
        return Finding("packages", "; ".join(problems) + ".", INSTALL)
    return Finding("packages", f"all are installed; the course has version {version(DISTRIBUTION)}.")


def _unmet(wanted: list[str]) -> Iterator[str]:
    from packaging.requirements import Requirement

    for requirement in map(Requirement, wanted):
        marker = requirement.marker
        if marker is not None and not any(marker.evaluate({"extra": extra}) for extra in ("", "lab")):
            continue
        try:
            installed = version(requirement.name)
        except PackageNotFoundError:
            yield f"{requirement.name} is missing"
            continue
        if not requirement.specifier.contains(installed, prereleases=True):
            yield f"{requirement.name} {installed} is installed, {requirement.specifier} is needed"


def kernel() -> Finding:
    """Return whether the kernel that Jupyter finds runs in the course's Python, and if not, which kernel hides it."""
    try:
        from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

        from course_utils import kernels
    except ImportError:
        return Finding("kernel", "Jupyter is not installed.", INSTALL)
    manager = KernelSpecManager()
    try:
        spec = manager.get_kernel_spec(KERNEL)
        folder, program = Path(spec.resource_dir), next(iter(spec.argv), "nothing")
    except NoSuchKernel:
        return Finding("kernel", f"Jupyter has no kernel {KERNEL!r}.", _sentence(KERNEL_REMEDY))
    except Exception as error:
        # A kernel.json can contain anything.
        folder = Path(manager.find_kernel_specs()[KERNEL])
        says = f"{folder / 'kernel.json'} is damaged ({type(error).__name__}). {STILL}"
        return Finding("kernel", says, kernels.remedy(folder))
    if kernels.is_own(program):
        return Finding("kernel", f"{KERNEL!r} runs the course's Python.")
    says = f"{folder / 'kernel.json'} runs {program}, which is not the course's Python. {STILL}"
    return Finding("kernel", says, kernels.remedy(folder))


def validate_button() -> Finding:
    """Return whether nbgrader's Validate button works: its extension of JupyterLab and its extension of the server."""
    try:
        from jupyter_core.paths import jupyter_path
    except ImportError:
        return Finding("Validate", "Jupyter is not installed.", INSTALL)
    if not any((Path(place) / LAB_EXTENSION / "package.json").is_file() for place in jupyter_path("labextensions")):
        return Finding("Validate", "nbgrader's extension for JupyterLab is missing.", INSTALL)
    if _is_disabled():
        remedy = f"Run `jupyter labextension enable {LAB_EXTENSION}` and the same with {VALIDATE_PLUGIN}."
        return Finding("Validate", "nbgrader's extension for JupyterLab is switched off.", remedy)
    if not _server_part_enabled():
        remedy = f"Run `jupyter server extension enable --sys-prefix {SERVER_EXTENSION}`."
        return Finding("Validate", "nbgrader's extension for the Jupyter server is switched off.", remedy)
    return Finding("Validate", "nbgrader's extension is on.")


def _is_disabled() -> bool:
    disabled = _jupyter_settings("labconfig/page_config").get("disabledExtensions", {})
    known = [name for name in (VALIDATE_PLUGIN, LAB_EXTENSION) if isinstance(disabled, dict) and name in disabled]
    return bool(known and disabled[known[0]])


def _server_part_enabled() -> bool:
    extensions = _jupyter_settings("jupyter_server_config").get("ServerApp", {}).get("jpserver_extensions", {})
    return bool(extensions.get(SERVER_EXTENSION))


def _jupyter_settings(section: str) -> dict[str, Any]:
    """Return the settings of a section in all of Jupyter's configuration folders, merged as the server merges them;
    empty if a file is damaged."""
    from jupyter_core.paths import jupyter_config_path
    from jupyter_server.services.config.manager import ConfigManager

    try:
        settings: object = ConfigManager(read_config_path=jupyter_config_path()).get(section)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, AttributeError):
        return {}
    return settings if isinstance(settings, dict) else {}


def gradebook() -> Finding:
    """Return whether nbgrader finds `alembic`, the program that it calls for its gradebook."""
    if shutil.which("alembic") is None:
        remedy = f"Activate the course's environment, so that its programs are found. If it is still missing: {INSTALL}"
        return Finding("gradebook", "the program `alembic` is not on PATH; nbgrader's gradebook needs it.", remedy)
    return Finding("gradebook", "nbgrader finds `alembic`.")


def others() -> Iterator[Finding]:
    """Yield the findings of other packages, such as the grader. If one can't be imported, report that instead."""
    for entry in entry_points(group=FINDINGS):
        try:
            yield from entry.load()()
        except ImportError as error:
            remedy = "Install what it needs. If you do not grade, you can ignore this."
            yield Finding(entry.name, f"{entry.value} cannot be used: {error}.", remedy)


def writing(folder: Path) -> Iterator[Finding]:
    """Yield whether files can be written in the notebooks' folders."""
    for place in sorted({path.parent for path in notebooks.lessons_in(folder)}):
        try:
            with tempfile.TemporaryFile(dir=place) as file:
                file.write(b"course")
        except OSError as error:
            remedy = str(from_os(OSError(error.errno, error.strerror, str(place))))
            yield Finding("saving", "the notebooks cannot be saved.", remedy)
            return
    yield Finding("saving", "the notebooks can be saved.")


def freshness(folder: Path) -> Iterator[Finding]:
    """Yield whether the installed checks know all exercises of the notebooks."""
    from course_utils.checks.probe import exercises

    well = True
    for path in notebooks.lessons_in(folder):
        finding = _freshness_of(path, set(exercises()))
        if finding is not None:
            well = False
            yield finding
    if well:
        yield Finding("notebooks", "they match the installed checks.")


def _freshness_of(path: Path, known: set[str]) -> Finding | None:
    notebook = notebooks.try_read(path)
    if isinstance(notebook, CourseError):
        return Finding("notebooks", f"{path.name} cannot be read.", str(notebook))
    unknown = sorted(_visible(notebook) - known)
    if not unknown:
        return None
    says = f"{path.name} uses checks that are not installed: {', '.join(unknown)}."
    return Finding("notebooks", says, f"The notebooks and the installed course are different versions. {INSTALL}")


def _visible(notebook: dict[str, Any]) -> set[str]:
    names = map(notebooks.grade_id, notebooks.test_cells(notebook))
    return {notebooks.exercise_of(name)[0] for name in names if name.endswith("_visible")}


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
