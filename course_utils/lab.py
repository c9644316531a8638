"""Starting JupyterLab in the folder of notebooks, on the first one."""

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

# Its labconfig/ overrides JupyterLab's defaults: no question about news, no look for updates, and none of nbgrader's
# tools for writing assignments and for its file exchange; its jupyter_server_config.d/ adds how notebooks are saved.
SETTINGS = Path(__file__).parent / "jupyter"
# What each kernel runs first, for PYTHONSTARTUP names it: so the very first error is explained too.
STARTUP = SETTINGS / "startup.py"


def open_lab(start: Path, browser: bool, port: int | None) -> None:
    """Run JupyterLab until it is stopped; CourseError where it is not installed or `start` leads to no notebooks."""
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
        # Other users of the machine cannot listen to the kernel; Jupyter warns where it is not so.
        arguments.append("--KernelManager.transport_encryption=auto")

    # Tornado and Jupyter look at sys.argv too.
    sys.argv = ["jupyter-lab", *arguments]
    main(arguments)


def keep_settings_somewhere() -> None:
    """Let Jupyter use a temporary folder in place of each of its own that cannot be written, as in a read-only home."""
    from jupyter_core import paths

    found = {"CONFIG": paths.jupyter_config_dir(), "DATA": paths.jupyter_data_dir()}
    found["RUNTIME"] = paths.jupyter_runtime_dir()
    for name, folder in found.items():
        try:
            Path(folder).mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
        except OSError:
            os.environ[f"JUPYTER_{name}_DIR"] = tempfile.mkdtemp(prefix=f"jupyter-{name.lower()}-")
            print(f"Jupyter cannot write to {folder}: what it keeps there is lost when it stops.", flush=True)


def own_folder(start: Path) -> Path:
    """Return the learner's folder of notebooks, made from the shipped ones where `start` leads only to those."""
    folder = notebooks.require_folder(start)
    if shipped_notebooks.is_shipped_folder(folder):
        # In a clone git would stumble over answers written into its own files.
        folder = folder.parent / shipped_notebooks.OWN
        shipped_notebooks.start(folder)
        print(f"Your own copies of the notebooks are in {folder}.")
    elif stale := outdated(folder):
        print(f"The course has newer text for {', '.join(stale)}: `course update` brings it and keeps your answers.")
    return folder


def lab_arguments(folder: Path, browser: bool, port: int | None) -> list[str]:
    """Return JupyterLab's options: `folder` is its root, and its first lesson the page that opens."""
    first = notebooks.lessons_in(folder)[0].relative_to(folder).as_posix()
    # Warnings, and the address, are enough to read.
    arguments = [f"--ServerApp.root_dir={folder}", f"--LabApp.default_url=/lab/tree/{first}", "--log-level=WARN"]
    # Another kernel of the same name must not take the place of this environment's Python.
    arguments.append("--ServerApp.kernel_spec_manager_class=course_utils.kernels.OwnKernelSpecManager")
    # In a container the user is root, which Jupyter otherwise refuses.
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        arguments.append("--allow-root")
    if not browser:
        arguments.append("--no-browser")
    if port is not None:
        arguments.append(f"--port={port}")
    return arguments


def use_own_programs() -> None:
    """Put the programs beside this Python first in PATH, as an activated environment has them.

    nbgrader calls `alembic` by name, and a kernel's `!pip` must be this environment's.
    """
    os.environ["PATH"] = _before(sysconfig.get_path("scripts"), os.environ.get("PATH"))


def _before(entry: str, rest: str | None) -> str:
    entries = rest.split(os.pathsep) if rest else []
    return os.pathsep.join([entry, *(other for other in entries if other != entry)])
