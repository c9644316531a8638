"""Start JupyterLab in the folder of notebooks, with the first notebook open."""

from __future__ import annotations

import os
import sys
import sysconfig
import tempfile
from importlib.util import find_spec
from pathlib import Path

from course_utils import notebooks, shipped_notebooks
from course_utils.errors import CourseError, Exit
from course_utils.update import outdated

# Its labconfig/ overrides JupyterLab's defaults: it turns off the question about news, the check for updates, and
# nbgrader's tools for writing and exchanging assignments. Its jupyter_server_config.d/ adds our pre-save hook.
SETTINGS = Path(__file__).parent / "jupyter"
# Each kernel runs this file first, since PYTHONSTARTUP names it: so even the first NameError is explained.
STARTUP = SETTINGS / "startup.py"


def open_lab(start: Path, browser: bool, port: int | None) -> None:
    """Run JupyterLab until it is stopped. Raises CourseError if it is not installed, or if there are no notebooks in or
    above `start`."""
    if find_spec("jupyterlab") is None:
        raise CourseError("JupyterLab is not installed: run `pip install -e '.[lab]'` in the course.", Exit.ENVIRONMENT)
    folder = own_folder(start)
    arguments = lab_arguments(folder, browser, port)
    print(f"JupyterLab is starting in {folder}. Ctrl-C stops it.", flush=True)
    os.environ.setdefault("PYTHONSTARTUP", str(STARTUP))
    keep_settings_somewhere()
    os.environ["JUPYTER_CONFIG_PATH"] = _before(str(SETTINGS), os.environ.get("JUPYTER_CONFIG_PATH"))
    import zmq
    from jupyterlab.labapp import main

    if zmq.has("curve"):
        # Encryption, so that other users of the machine cannot listen to the kernel; Jupyter warns if it is missing.
        arguments.append("--KernelManager.transport_encryption=auto")

    # Tornado and Jupyter also read sys.argv.
    sys.argv = ["jupyter-lab", *arguments]
    main(arguments)


def keep_settings_somewhere() -> None:
    """For each of Jupyter's folders that is not writable, as in a read-only home, make Jupyter use a temporary one."""
    from jupyter_core import paths

    found = {"CONFIG": paths.jupyter_config_dir(), "DATA": paths.jupyter_data_dir()}
    found["RUNTIME"] = paths.jupyter_runtime_dir()
    for name, folder in found.items():
        try:
            Path(folder).mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
        except OSError:
            os.environ[f"JUPYTER_{name}_DIR"] = tempfile.mkdtemp(prefix=f"jupyter-{name.lower()}-")
            print(f"Jupyter can't write to {folder}: settings that it saves there are lost when it stops.", flush=True)


def own_folder(start: Path) -> Path:
    """Return the folder with the learner's own notebooks. If the folder found from `start` is the shipped one, copy its
    notebooks to a folder of the learner's own first."""
    folder = notebooks.require_folder(start)
    if shipped_notebooks.is_shipped_folder(folder):
        # In a clone, answers in the shipped files would conflict with `git pull`.
        folder = folder.parent / shipped_notebooks.OWN
        shipped_notebooks.start(folder)
        print(f"Your own copies of the notebooks are in {folder}.")
    elif stale := outdated(folder):
        print(f"There is newer text for {', '.join(stale)}: run `course update` to get it. It keeps your answers.")
    return folder


def lab_arguments(folder: Path, browser: bool, port: int | None) -> list[str]:
    """Return JupyterLab's command-line options: `folder` is its root, and the first lesson is the page that opens."""
    first = notebooks.lessons_in(folder)[0].relative_to(folder).as_posix()
    # Log only warnings; the address is printed as well.
    arguments = [f"--ServerApp.root_dir={folder}", f"--LabApp.default_url=/lab/tree/{first}", "--log-level=WARN"]
    # Another kernel of the same name must not replace this environment's Python.
    arguments.append("--ServerApp.kernel_spec_manager_class=course_utils.kernels.OwnKernelSpecManager")
    # In a container the user is often root, which Jupyter refuses without this option.
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        arguments.append("--allow-root")
    if not browser:
        arguments.append("--no-browser")
    if port is not None:
        arguments.append(f"--port={port}")
    return arguments


def use_own_programs() -> None:
    """Put the folder of this environment's programs first in PATH, as activating the environment would do.

    nbgrader calls `alembic` by name, and `!pip` in a notebook must be this environment's.
    """
    os.environ["PATH"] = _before(sysconfig.get_path("scripts"), os.environ.get("PATH"))


def _before(entry: str, rest: str | None) -> str:
    entries = rest.split(os.pathsep) if rest else []
    return os.pathsep.join([entry, *(other for other in entries if other != entry)])
