"""Kernels, each a fork of a process that has imported what a kernel imports.

To start a kernel and to import NumPy and matplotlib in it takes up to three seconds of CPU time, and the tests start
hundreds. Everything behind the start is as ever: jupyter_client's own kernel manager, and ipykernel.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import inspect
import json
import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

# The environment variable with the place of the server's socket.
ADDRESS = "KERNELS_OF_THE_TESTS"
# What ipykernel sets, before matplotlib is imported.
INLINE = "module://matplotlib_inline.backend_inline"
LARGEST = 1 << 20


class Kernel:
    """A kernel as `subprocess.Popen` shows a process, as far as jupyter_client looks at one."""

    stdin = stdout = stderr = None

    def __init__(self, wire: socket.socket, pid: int) -> None:
        self._wire, self.pid = wire, pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return how the kernel ended, None while it runs."""
        return self._ended(0.0)

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait until the kernel has ended, and return how."""
        return self._ended(timeout)

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None:
            self._wire.settimeout(timeout)
            with contextlib.suppress(BlockingIOError, TimeoutError):
                self.returncode = int(self._wire.recv(64) or -signal.SIGKILL)
                self._wire.close()
        return self.returncode


def fork_kernels(find: Callable[[], str]) -> None:
    """Have jupyter_client start Python's own kernel as a fork, in this process.

    find: returns the place of the server's socket, empty if there is none.
    """
    from jupyter_client.provisioning import local_provisioner

    provisioner: Any = local_provisioner

    as_it_is = provisioner.launch_kernel

    def launch_kernel(
        cmd: list[str], stdin: Any = None, stdout: Any = None, stderr: Any = None, env: Any = None,
        independent: bool = False, cwd: str | None = None, **more: Any,
    ) -> Any:  # fmt: skip
        known = dict(os.environ if env is None else env)
        arguments = _arguments(cmd)
        is_plain = not (stdin or stdout or stderr or independent or more) and known.get("MPLBACKEND", INLINE) == INLINE
        place = find() if arguments is not None and is_plain else ""
        if not place:
            return as_it_is(cmd, stdin, stdout, stderr, env, independent, cwd, **more)
        wire = socket.socket(socket.AF_UNIX)
        wire.connect(place)
        request = {"arguments": arguments, "env": known, "cwd": cwd or str(Path.cwd())}
        data = json.dumps(request).encode()
        socket.send_fds(wire, [len(data).to_bytes(4, "big")], [1, 2])
        wire.sendall(data)
        return Kernel(wire, int(wire.recv(64)))

    provisioner.launch_kernel = launch_kernel


def _arguments(cmd: list[str]) -> list[str] | None:
    """Return what is behind the name of Python's own kernel in a command, None if that is another."""
    place = cmd.index("ipykernel_launcher") if "ipykernel_launcher" in cmd else 0
    options = cmd[1 : place - 1]
    if not place or cmd[place - 1] != "-m" or Path(cmd[0]) != Path(sys.executable) or any(
        not one.startswith("-X") for one in options
    ):  # fmt: skip
        return None
    return cmd[place + 1 :]


@functools.cache
def address() -> str:
    """Return the place of the server's socket; the server is started, and ends with this process."""
    folder = Path(tempfile.mkdtemp(prefix="kernels-"))
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / "socket"))
    listener.listen(64)
    command = [sys.executable, __file__, str(listener.fileno())]
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"MPLBACKEND": INLINE}
    process = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[listener.fileno()], env=env)
    listener.close()
    atexit.register(_stop, process, folder)
    return str(folder / "socket")


def _stop(process: subprocess.Popen[bytes], folder: Path) -> None:
    process.communicate()
    shutil.rmtree(folder, ignore_errors=True)


class Server:
    """Forks a kernel for each connection, says on it how the kernel ended, and ends one whose connection is closed."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener, self._all = listener, selectors.DefaultSelector()
        self._all.register(0, selectors.EVENT_READ, self._stop)
        self._all.register(listener, selectors.EVENT_READ, self._accept)

    def serve(self) -> None:
        while True:
            for key, _ in self._all.select():
                if key.fd in self._all.get_map():
                    key.data()

    def _stop(self) -> None:
        sys.exit()

    def _accept(self) -> None:
        wire, _ = self._listener.accept()
        head, files, _, _ = socket.recv_fds(wire, 4, 2)
        data = b""
        while len(data) < int.from_bytes(head, "big"):
            data += wire.recv(LARGEST)
        child = os.fork()
        if not child:
            self._all.close()
            self._listener.close()
            wire.close()
            become_kernel(json.loads(data), list(files))
        for file in files:
            os.close(file)
        # Before the other side asks for the group, to send signals to it.
        with contextlib.suppress(PermissionError):
            os.setpgid(child, child)
        end = os.pidfd_open(child)
        self._all.register(end, selectors.EVENT_READ, lambda: self._ended(child, end, wire))
        self._all.register(wire, selectors.EVENT_READ, lambda: self._let_go(child, wire))
        wire.sendall(b"%d" % child)

    def _let_go(self, child: int, wire: socket.socket) -> None:
        self._all.unregister(wire)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)

    def _ended(self, child: int, end: int, wire: socket.socket) -> None:
        self._all.unregister(end)
        os.close(end)
        _, status = os.waitpid(child, 0)
        with contextlib.suppress(OSError):
            wire.sendall(b"%d" % os.waitstatus_to_exitcode(status))
        with contextlib.suppress(KeyError):
            self._all.unregister(wire)
        wire.close()


def become_kernel(request: Mapping[str, Any], files: list[int]) -> None:
    """Be a kernel: with arguments, a folder, an environment and an output of its own."""
    import numpy as np
    from ipykernel import kernelapp

    os.setpgid(0, 0)
    with Path(os.devnull).open() as nothing:
        for target, file in enumerate([nothing.fileno(), *files]):
            os.dup2(file, target)
    for file in files:
        os.close(file)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"], JPY_PARENT_PID=str(os.getppid()))
    time.tzset()
    np.random.seed()
    first = [place for place in request["env"].get("PYTHONPATH", "").split(os.pathsep) if place]
    sys.path[:] = [*first, *(place for place in sys.path if place not in first)]
    sys.argv = [str(Path(kernelapp.__file__).parents[1] / "ipykernel_launcher.py"), *request["arguments"]]
    try:
        kernelapp.launch_new_instance()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def format_errors_once() -> None:
    """Have IPython format an error for its reader alone, and find at once that a cell is in no module: it formats a
    second time for a history, and looks for the file of a cell among those of all modules, sixteen times an error."""
    from IPython.core.compilerop import CachingCompiler
    from IPython.core.interactiveshell import InteractiveShell

    as_it_is = CachingCompiler.cache

    def cache(self: Any, *args: Any, **kwargs: Any) -> str:
        name = str(as_it_is(self, *args, **kwargs))
        inspect.modulesbyfile[os.path.abspath(name)] = "__main__"  # noqa: PTH100
        return name

    CachingCompiler.cache = cache  # type: ignore[method-assign]
    InteractiveShell._format_exception_for_storage = lambda *args, **kwargs: {}  # type: ignore[method-assign]


def main() -> None:
    # This folder, which is no place for a kernel to import from.
    del sys.path[0]
    # ipykernel reads it when it is imported; a kernel ends with its parent, which is this process.
    os.environ["JPY_PARENT_PID"] = str(os.getpid())
    import matplotlib.backends.backend_agg
    import matplotlib.figure  # noqa: F401
    import numpy as np  # noqa: F401
    import sklearn.datasets  # noqa: F401

    format_errors_once()
    # Fills what `inspect` knows of modules.
    inspect.getmodule(compile("", "<a cell>", "exec"))
    # A kernel that looked for garbage among all this would copy it.
    gc.freeze()
    Server(socket.socket(fileno=int(sys.argv[1]))).serve()


if __name__ == "__main__":
    main()
