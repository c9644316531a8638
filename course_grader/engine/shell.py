"""The IPython shell in which a submission runs: magics work, outputs are kept, and nothing asks for a terminal."""

from __future__ import annotations

import ast
import builtins
import re
import sys
import warnings
from typing import Any, NoReturn

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Any as AnyTrait
from traitlets.config import Config

from course_grader.engine.outputs import OutputLog, Printed

NO_COMMANDS = "Commands of the operating system (lines with !) do not run while a notebook is graded.\n"
# Where IPython's own syntax may begin: magics, commands, help, calls without brackets, and prompts that were pasted.
SIGN = re.compile(r"[?\r\v\f]|!(?!=)|^[ \t]*(%|[,;/]|>>>|\.\.\.|In ?\[)|=\s*%", re.MULTILINE)


class _Hook(DisplayHook):
    """Keeps the value of a cell's last expression."""

    def __call__(self, result: Any = None) -> None:
        shell: Any = self.shell
        if result is None or self.quiet():  # type: ignore[no-untyped-call]
            return
        data, _ = self.compute_format_data(result)  # type: ignore[no-untyped-call]
        self.update_user_ns(result)  # type: ignore[no-untyped-call]
        shell.kept.show("execute_result", data, self.prompt_count)


class _Publisher(DisplayPublisher):
    """Keeps what is displayed."""

    def publish(self, data: Any, *args: Any, **kwargs: Any) -> None:
        self.shell.kept.show("display_data", data)

    def clear_output(self, wait: bool = False) -> None:
        self.shell.kept.clear()


class WorkerShell(InteractiveShell):
    """A shell without terminal, history and system commands, whose outputs go to `kept`."""

    kept: Any = AnyTrait()
    # A submission may add transformers of its own.
    inputs_as_made: Any = AnyTrait()

    def init_io(self) -> None:
        """Leave the streams as they are: `attach` replaces them."""

    def transform_cell(self, raw_cell: str) -> str:
        """Return the cell as Python. One that is Python already stays what it is: to look in it for IPython's own
        syntax takes longer than to run most cells."""
        if self._inputs() == self.inputs_as_made and _is_python(raw_cell):
            return raw_cell if raw_cell.endswith("\n") else raw_cell + "\n"
        return str(super().transform_cell(raw_cell))  # type: ignore[no-untyped-call]

    def _inputs(self) -> list[Any]:
        manager: Any = self.input_transformer_manager
        places = manager.cleanup_transforms, manager.line_transforms, manager.token_transformers
        return [one for place in (*places, self.input_transformers_post) for one in place]

    def should_run_async(self, raw_cell: str, **kwargs: Any) -> bool:
        # The base class compiles the cell to find out.
        might = "await" in raw_cell or "async" in raw_cell
        return might and bool(super().should_run_async(raw_cell, **kwargs))

    def enable_gui(self, gui: str | None = None) -> None:
        """Do nothing: figures are displayed inline, and there is no event loop."""

    def system(self, cmd: str) -> None:
        self.kept.stream("stderr", NO_COMMANDS)
        self.user_ns["_exit_code"] = 127

    system_piped = system_raw = system

    def getoutput(self, cmd: str, split: bool = True, depth: int = 0) -> Any:
        self.kept.stream("stderr", NO_COMMANDS)
        return [] if split else ""

    def ask_exit(self) -> None:
        """Go on with the next cell, as nbgrader would with a new kernel."""

    def _showtraceback(self, etype: Any, evalue: Any, stb: Any) -> None:
        self.kept.error(getattr(etype, "__name__", "Error"), str(evalue), [str(line) for line in stb])


def new_shell() -> WorkerShell:
    """Return the shell, ready to be forked: nothing of it is open, and no thread runs."""
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    config.InteractiveShell.cache_size = 0
    config.InteractiveShell.display_page = True
    config.InteractiveShellApp.exec_files = []
    shell = WorkerShell(config=config, displayhook_class=_Hook, display_pub_class=_Publisher)  # type: ignore[no-untyped-call]
    shell.kept = OutputLog(2**20, 2**20)
    shell.inputs_as_made = shell._inputs()
    # What get_ipython() returns.
    for kind in (WorkerShell, InteractiveShell):
        kind._instance = shell  # type: ignore[assignment]
    return shell


def _is_python(source: str) -> bool:
    """Tell whether a cell of several lines is plain Python; one line may be a magic without its sign."""
    if "\n" not in source.strip() or source[0].isspace():
        return False
    if not SIGN.search(source):
        return True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True


def attach(shell: WorkerShell, log: OutputLog) -> None:
    """Send the outputs of the shell and of `print` to the log."""
    shell.kept = log
    sys.stdout, sys.stderr = Printed(log, "stdout"), Printed(log, "stderr")
    builtins.input = _no_input


def _no_input(prompt: object = "") -> NoReturn:
    raise RuntimeError("input() asks a question, and nobody is there to answer while a notebook is graded.")


def run_cell(shell: WorkerShell, source: str) -> bool:
    """Run one cell and tell whether it went through."""
    outcome = shell.run_cell(source, store_history=True, silent=False)  # type: ignore[no-untyped-call]
    return bool(outcome.success)
