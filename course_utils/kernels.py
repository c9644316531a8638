"""Make Jupyter run notebooks in this environment's Python, even if another kernel is registered under its name.

A kernel called "python3" in the user's folder or in JUPYTER_PATH hides the environment's own kernel, for example in
conda's base environment and on hubs. Its Python does not have the course installed.
"""

from __future__ import annotations

import os
import shlex
import sys
from itertools import count
from pathlib import Path

from jupyter_client.kernelspec import NATIVE_KERNEL_NAME as KERNEL
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.paths import ENV_JUPYTER_PATH
from traitlets import default


class OwnKernelSpecManager(KernelSpecManager):
    """Finds the same kernels as Jupyter, except that `python3` is always this Python."""

    def find_kernel_specs(self) -> dict[str, str]:
        """Return a dict from each kernel's name to its folder."""
        from ipykernel.kernelspec import RESOURCES

        return {**super().find_kernel_specs(), KERNEL: RESOURCES}

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return the specification of a kernel. Raises NoSuchKernel if there is none of this name."""
        if kernel_name.lower() != KERNEL:
            return super().get_kernel_spec(kernel_name)
        try:
            from ipykernel.kernelspec import RESOURCES, get_kernel_dict
        except ImportError:
            raise NoSuchKernel(kernel_name) from None
        return KernelSpec(resource_dir=RESOURCES, **get_kernel_dict())


class OwnKernelManager(AsyncKernelManager):
    """Starts kernels of `OwnKernelSpecManager`."""

    @default("kernel_spec_manager")
    def _own_kernel_spec_manager(self) -> KernelSpecManager:
        return OwnKernelSpecManager(parent=self)


def is_own(program: str) -> bool:
    """Return whether a kernel whose command starts `program` runs in this Python."""
    # Jupyter replaces a bare "python" with the running Python.
    if program in {"python", f"python{sys.version_info[0]}", "python{}.{}".format(*sys.version_info)}:
        return True
    # One environment has several names for its Python, and two environments may link to the same one: compare the
    # folders and the resolved files.
    theirs, own = Path(program), Path(sys.executable)
    return theirs.parent.resolve() == own.parent.resolve() and theirs.resolve() == own.resolve()


def remedy(folder: Path) -> str:
    """Return what to do so that Jupyter finds this environment's kernel instead of the one in `folder`."""
    searched = [Path(place) for place in KernelSpecManager().kernel_dirs]
    own = Path(ENV_JUPYTER_PATH[0], "kernels")
    hides = folder.parent in searched and own in searched[searched.index(folder.parent) + 1 :]
    if not hides:
        return f"Run `{shlex.quote(sys.executable)} -m ipykernel install --sys-prefix`."
    if os.access(folder.parent, os.W_OK):
        free = next(path for i in count(1) if not (path := folder.with_name(f"{folder.name}-other-{i}")).exists())
        move = "move" if os.name == "nt" else "mv"
        return f"Rename that kernel: run `{move} {shlex.quote(str(folder))} {shlex.quote(str(free))}`."
    entries = os.environ.get("JUPYTER_PATH", "").split(os.pathsep)
    others = [entry for entry in entries if Path(entry, "kernels") != folder.parent]
    setting = f"JUPYTER_PATH={os.pathsep.join(others)}" if others != entries else "JUPYTER_PREFER_ENV_PATH=1"
    return f"In the terminal, before you start Jupyter, run `export {shlex.quote(setting)}`."
