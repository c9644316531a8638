"""The IPython shell in which a submission runs: magics work, outputs are collected, and no terminal is needed."""

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
# A line that begins a definition or an assignment. If it is the last unindented line, the cell displays no value.
SILENT = re.compile(r"(def|class) |[A-Za-z_]\w* = ")
QUOTES = ('"""', "'''")
# Where IPython's own syntax may begin: magics, commands, help, calls without parentheses, and pasted prompts.
SIGN = re.compile(r"[?\r\v\f]|!(?!=)|^[ \t]*(%|[,;/]|>>>|\.\.\.|In ?\[)|=\s*%", re.MULTILINE)


class _Hook(DisplayHook):
    """Collects the value of a cell's last expression."""

    def __call__(self, result: Any = None) -> None:
        shell: Any = self.shell
        if result is None or self.quiet():  # type: ignore[no-untyped-call]
            return
        data, _ = self.compute_format_data(result)  # type: ignore[no-untyped-call]
        self.update_user_ns(result)  # type: ignore[no-untyped-call]
        shell.kept.show("execute_result", data, self.prompt_count)


class _Publisher(DisplayPublisher):
    """Collects displayed objects."""

    def publish(self, data: Any, *args: Any, **kwargs: Any) -> None:
        self.shell.kept.show("display_data", data)

    def clear_output(self, wait: bool = False) -> None:
        self.shell.kept.clear(wait)


class _Compiler(CachingCompiler):
    """Records the file name of each cell."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.names: list[str] = []

    def cache(self, transformed_code: str, number: int = 0, raw_code: str | None = None) -> str:
        self.names.append(str(super().cache(transformed_code, number, raw_code)))
        return self.names[-1]

    def register_with_inspect(self) -> None:
        """Register the cells' files with `inspect` as files of the module `__main__`. For one traceback, IPython looks
        up the module of a cell's file sixteen times, and each time `inspect` would search the files of all modules."""
        # `inspect` uses absolute paths. The working folder may have been deleted, or its path may be too long.
        with contextlib.suppress(OSError):
            folder = os.getcwd()  # noqa: PTH109
            inspect.modulesbyfile.update({os.path.normpath(f"{folder}/{name}"): "__main__" for name in self.names})


class WorkerShell(InteractiveShell):
    """A shell without terminal, history and system commands. Its outputs go to the log `kept`."""

    kept: Any = AnyTrait()
    # The hooks before the submission ran: a submission may register its own functions, see `_hooks`.
    original_hooks: Any = AnyTrait()

    def init_io(self) -> None:
        """Leave the streams as they are: `attach_log` replaces them."""

    def transform_cell(self, raw_cell: str) -> str:
        """Return the cell as Python code. Plain Python stays unchanged: searching it for IPython's own syntax would
        take longer than running most cells."""
        if self._hooks() == self.original_hooks and _is_python(raw_cell):
            return raw_cell if raw_cell.endswith("\n") else raw_cell + "\n"
        return str(super().transform_cell(raw_cell))  # type: ignore[no-untyped-call]

    def run_definitions(self, source: str) -> bool | None:
        """Run a cell that ends in a definition or an assignment, as `run_cell` does, in a third of its time.

        Return whether it succeeded; None, and do nothing, if it is a different kind of cell.
        """
        if self._hooks() != self.original_hooks or not _is_python(source) or not _is_silent(source):
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
        """Record the current hooks as the original ones, before the submission runs."""
        self.original_hooks = self._hooks()

    def _hooks(self) -> list[Any]:
        """Return all functions that transform a cell before it runs, or that run before or after it."""
        manager: Any = self.input_transformer_manager
        places = [manager.cleanup_transforms, manager.line_transforms, manager.token_transformers]
        places += [self.input_transformers_post, self.ast_transformers, *self.events.callbacks.values()]
        return [hook for place in places for hook in place]

    def should_run_async(self, raw_cell: str, **kwargs: Any) -> bool:
        # The base class compiles the cell to find out, so first look for the keywords.
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
        """Return {}: IPython would format each error a second time for a history that is not used."""
        return {}

    def ask_exit(self) -> None:
        """Do nothing, so that the next cell runs."""

    def showtraceback(self, *args: Any, **kwargs: Any) -> None:
        compiler: Any = self.compile
        compiler.register_with_inspect()
        super().showtraceback(*args, **kwargs)

    def _showtraceback(self, etype: Any, evalue: Any, stb: Any) -> None:
        self.kept.error(getattr(etype, "__name__", "Error"), str(evalue), [str(line) for line in stb])


def new_shell() -> WorkerShell:
    """Return a new shell that can be forked: it has no open files and no threads."""
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    config.InteractiveShell.cache_size = 0
    config.InteractiveShell.display_page = True
    config.InteractiveShellApp.exec_files = []
    shell = WorkerShell(config=config, compiler_class=_Compiler, displayhook_class=_Hook, display_pub_class=_Publisher)  # type: ignore[no-untyped-call]
    shell.kept = OutputLog(2**20, 2**20)
    # `get_ipython()` must return this shell.
    for kind in (WorkerShell, InteractiveShell):
        kind._instance = shell  # type: ignore[assignment]
    return shell


def _is_silent(source: str) -> bool:
    """Return whether the last unindented line begins a definition or an assignment, and is not inside a string."""
    begin = len(source)
    while (end := begin) > 0:
        begin = source.rfind("\n", 0, end - 1) + 1
        if source[begin] not in " \t\n#)]}":
            before = source[:begin]
            return SILENT.match(source, begin) is not None and not any(before.count(mark) % 2 for mark in QUOTES)
    return False


def _is_python(source: str) -> bool:
    """Return whether a cell is certainly plain Python. A single line never is: it may be a magic without its percent
    sign."""
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


def attach_log(shell: WorkerShell, log: OutputLog) -> None:
    """Send the shell's outputs and printed text to the log, and make `input` raise."""
    shell.kept = log
    sys.stdout, sys.stderr = Printed(log, "stdout"), Printed(log, "stderr")
    builtins.input = _no_input


def _no_input(prompt: object = "") -> NoReturn:
    raise RuntimeError("input() does not work while a notebook is graded: nobody is there to answer.")


def run_cell(shell: WorkerShell, source: str) -> bool:
    """Run one cell and return whether it succeeded."""
    succeeded = shell.run_definitions(source)
    if succeeded is not None:
        return succeeded
    outcome = shell.run_cell(source, store_history=True, silent=False)  # type: ignore[no-untyped-call]
    return bool(outcome.success)
