"""The IPython shell in which a submission runs: magics work, outputs are kept, and nothing asks for a terminal."""

from __future__ import annotations

import ast
import builtins
import contextlib
import inspect
import os
import re
import sys
import warnings
from typing import Any, NoReturn

from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Any as AnyTrait
from traitlets.config import Config

from course_grader.engine.rpc.outputs import OutputLog, Printed

NO_COMMANDS = "Commands of the operating system (lines with !) do not run while a notebook is graded.\n"
# A line that begins a definition or an assignment: where it is the last at the margin, the cell displays nothing.
SILENT = re.compile(r"(def|class) |[A-Za-z_]\w* = ")
QUOTES = ('"""', "'''")
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
        self.shell.kept.clear(wait)


class _Compiler(CachingCompiler):
    """Knows the name of each cell's file."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.names: list[str] = []

    def cache(self, transformed_code: str, number: int = 0, raw_code: str | None = None) -> str:
        self.names.append(str(super().cache(transformed_code, number, raw_code)))
        return self.names[-1]

    def tell_inspect(self) -> None:
        """Say that the cells belong to the module `__main__`. For one traceback IPython asks sixteen times for the
        module of a cell's file, and each time the files of all modules would be looked through."""
        # `inspect` asks for a path from the working folder. That one may be gone, or too deep for a name.
        with contextlib.suppress(OSError):
            folder = os.getcwd()  # noqa: PTH109
            inspect.modulesbyfile.update({os.path.normpath(f"{folder}/{name}"): "__main__" for name in self.names})


class WorkerShell(InteractiveShell):
    """A shell without terminal, history and system commands, whose outputs go to `kept`."""

    kept: Any = AnyTrait()
    # What a submission may add functions of its own to; see `_hooks`.
    hooks_as_made: Any = AnyTrait()

    def init_io(self) -> None:
        """Leave the streams as they are: `attach` replaces them."""

    def transform_cell(self, raw_cell: str) -> str:
        """Return the cell as Python. One that is Python already stays what it is: to look in it for IPython's own
        syntax takes longer than to run most cells."""
        if self._hooks() == self.hooks_as_made and _is_python(raw_cell):
            return raw_cell if raw_cell.endswith("\n") else raw_cell + "\n"
        return str(super().transform_cell(raw_cell))  # type: ignore[no-untyped-call]

    def run_definitions(self, source: str) -> bool | None:
        """Run a cell that ends in a definition or an assignment, as `run_cell` does and in a third of its time; tell
        whether it went through. None where it is another cell, and nothing has been done."""
        if self._hooks() != self.hooks_as_made or not _is_python(source) or not _is_silent(source):
            return None
        with self.builtin_trap, self.display_trap:
            name = self.compile.cache(source, self.execution_count, raw_code=source)
            try:
                code = self.compile(source, name, "exec")
            except Exception:
                return None
            if self.history_manager is not None:
                self.history_manager.input_hist_parsed.append(source.rstrip("\n"))
            self.execution_count += 1
            self.events.trigger("pre_execute")
            try:
                self.run_code(code).send(None)  # type: ignore[no-untyped-call]
            except StopIteration as end:
                has_raised = bool(end.value)
        self.events.trigger("post_execute")
        return not has_raised

    def begin(self) -> None:
        """Take what is set up now as given: what a submission changes of it is its own."""
        self.hooks_as_made = self._hooks()

    def _hooks(self) -> list[Any]:
        """Return all functions that see a cell before it runs, or that run with it."""
        manager: Any = self.input_transformer_manager
        places = [manager.cleanup_transforms, manager.line_transforms, manager.token_transformers]
        places += [self.input_transformers_post, self.ast_transformers, *self.events.callbacks.values()]
        return [one for place in places for one in place]

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

    def _format_exception_for_storage(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return nothing: IPython would format each error a second time for a history that nobody reads."""
        return {}

    def ask_exit(self) -> None:
        """Go on with the next cell, as nbgrader would with a new kernel."""

    def showtraceback(self, *args: Any, **kwargs: Any) -> None:
        compiler: Any = self.compile
        compiler.tell_inspect()
        super().showtraceback(*args, **kwargs)

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
    shell = WorkerShell(config=config, compiler_class=_Compiler, displayhook_class=_Hook, display_pub_class=_Publisher)  # type: ignore[no-untyped-call]
    shell.kept = OutputLog(2**20, 2**20)
    # What get_ipython() returns.
    for kind in (WorkerShell, InteractiveShell):
        kind._instance = shell  # type: ignore[assignment]
    return shell


def _is_silent(source: str) -> bool:
    """Tell whether the last line at the margin begins a definition or an assignment, and not within a text."""
    begin = len(source)
    while (end := begin) > 0:
        begin = source.rfind("\n", 0, end - 1) + 1
        if source[begin] not in " \t\n#)]}":
            before = source[:begin]
            return SILENT.match(source, begin) is not None and not any(before.count(mark) % 2 for mark in QUOTES)
    return False


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
    went_through = shell.run_definitions(source)
    if went_through is not None:
        return went_through
    outcome = shell.run_cell(source, store_history=True, silent=False)  # type: ignore[no-untyped-call]
    return bool(outcome.success)
