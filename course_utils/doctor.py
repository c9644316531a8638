"""`course doctor`: looks for common problems, and says how to fix them."""

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
# A teacher with assignments of their own has it where a learner has notebooks.
TEACHERS = "nbgrader_config.py"
FINDINGS = "descent.findings"
INSTALL = "In the course's folder, run `pip install -c requirements.lock -e '.[lab]'`."
SERVER_EXTENSION = "nbgrader.server_extensions.validate_assignment"
LAB_EXTENSION = "@jupyter/nbgrader"
STILL = "`course lab` and `course check` use the course's Python all the same; Jupyter started in other ways does not."
VALIDATE_PLUGIN = f"{LAB_EXTENSION}:validate-assignment"


@dataclass(frozen=True)
class Finding:
    """What one look found; `remedy` is empty where all is well."""

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
    """Look at the machine and at the course's folder nearest to `start`, and return every finding in order."""
    folder = notebooks.find_folder(start)
    found = [python(sys.version_info[:3]), packages(), kernel(), validate_button(), gradebook(), *others()]
    if folder is None and (start / TEACHERS).is_file():
        return [*found, Finding("folder", f"{start} is a course for nbgrader; notebooks of this course are not in it.")]
    if folder is None:
        remedy = "Change to the folder of your notebooks, or copy them into a new one with `course start FOLDER`."
        return [*found, Finding("folder", f"no notebooks in or above {start}.", remedy)]
    return [*found, Finding("folder", f"the notebooks are in {folder}."), *writing(folder), *freshness(folder)]


def python(running: tuple[int, ...]) -> Finding:
    """Compare Python's own version with what the course needs."""
    shown = ".".join(map(str, running))
    remedy = "" if running >= (3, 11) else "Install Python 3.11 or newer, and make the environment again with it."
    return Finding("Python", f"version {shown}.", remedy)


def packages() -> Finding:
    """Compare the installed packages with the versions that the course asks for."""
    try:
        wanted = requires(DISTRIBUTION) or []
    except PackageNotFoundError:
        return Finding("packages", "the course itself is not installed in this Python.", INSTALL)
    problems = list(_unmet(wanted))
    if problems:
        return Finding("packages", "; ".join(problems) + ".", INSTALL)
    return Finding("packages", f"all in place, with course version {version(DISTRIBUTION)}.")


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
    """See whether the kernel that Jupyter finds runs in the Python that has the course, and what hides it if not."""
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
        return Finding("kernel", f"Jupyter knows no kernel {KERNEL!r}.", _sentence(KERNEL_REMEDY))
    except Exception as error:
        # Anything may be in a kernel.json.
        folder = Path(manager.find_kernel_specs()[KERNEL])
        says = f"{folder / 'kernel.json'} is damaged ({type(error).__name__}). {STILL}"
        return Finding("kernel", says, kernels.remedy(folder))
    if kernels.is_own(program):
        return Finding("kernel", f"{KERNEL!r} runs the course's Python.")
    says = f"{folder / 'kernel.json'} runs {program}, which is not the course's Python. {STILL}"
    return Finding("kernel", says, kernels.remedy(folder))


def validate_button() -> Finding:
    """See whether nbgrader's Validate button works: its page in JupyterLab and its part in the server."""
    try:
        from jupyter_core.paths import jupyter_path
    except ImportError:
        return Finding("Validate", "Jupyter is not installed.", INSTALL)
    if not any((Path(place) / LAB_EXTENSION / "package.json").is_file() for place in jupyter_path("labextensions")):
        return Finding("Validate", "nbgrader's extension of JupyterLab is missing.", INSTALL)
    if _is_disabled():
        remedy = f"Run `jupyter labextension enable {LAB_EXTENSION}` and the same with {VALIDATE_PLUGIN}."
        return Finding("Validate", "nbgrader's extension of JupyterLab is switched off.", remedy)
    if not _server_part_enabled():
        remedy = f"Run `jupyter server extension enable --sys-prefix {SERVER_EXTENSION}`."
        return Finding("Validate", "nbgrader's extension of the server is switched off.", remedy)
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
    """See whether nbgrader finds `alembic`, the program that it calls for its gradebook."""
    if shutil.which("alembic") is None:
        remedy = f"Activate the course's environment, so that its programs are found. Still missing? {INSTALL}"
        return Finding("gradebook", "the program `alembic` is not on PATH; nbgrader's gradebook needs it.", remedy)
    return Finding("gradebook", "nbgrader finds `alembic`.")


def others() -> Iterator[Finding]:
    """Yield the findings of other packages, such as the grader's; one that is broken costs its own."""
    for entry in entry_points(group=FINDINGS):
        try:
            yield from entry.load()()
        except ImportError as error:
            remedy = "Install what it needs, or leave it be if you do not grade."
            yield Finding(entry.name, f"{entry.value} cannot be used: {error}.", remedy)


def writing(folder: Path) -> Iterator[Finding]:
    """See whether files can be written where the notebooks are saved."""
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
    """See whether the notebooks and the installed checks speak of the same exercises."""
    from course_utils.checks.probe import exercises

    well = True
    for path in notebooks.lessons_in(folder):
        finding = _freshness_of(path, set(exercises()))
        if finding is not None:
            well = False
            yield finding
    if well:
        yield Finding("notebooks", "they fit the installed checks.")


def _freshness_of(path: Path, known: set[str]) -> Finding | None:
    notebook = notebooks.try_read(path)
    if isinstance(notebook, CourseError):
        return Finding("notebooks", f"{path.name} cannot be read.", str(notebook))
    unknown = sorted(_visible(notebook) - known)
    if not unknown:
        return None
    says = f"{path.name} asks for checks that are not installed: {', '.join(unknown)}."
    return Finding("notebooks", says, f"Notebook and package are of different age. {INSTALL}")


def _visible(notebook: dict[str, Any]) -> set[str]:
    names = map(notebooks.grade_id, notebooks.test_cells(notebook))
    return {notebooks.exercise_of(name)[0] for name in names if name.endswith("_visible")}


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
