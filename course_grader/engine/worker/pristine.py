"""What a test compares with, as it was before a submission ran: put back before each test cell of the mode together.

It runs in the worker, beside the submission, and a submission that looks for it can undo it. It takes the known short
cuts: an assertion of a library that is replaced, an attribute that covers a method of the shell, a transformer that
takes `assert` out of every cell, a trace function.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator
from types import ModuleType
from typing import Any

from IPython.core import compilerop, displayhook, displaypub, events, interactiveshell

# Those that are loaded when the zygote is ready.
MODULES = (
    "builtins", "cmath", "fractions", "functools", "inspect", "itertools", "math", "operator", "statistics",
    "unittest.case", "numpy", "numpy.linalg", "numpy.testing", "numpy.testing._private.utils", "numpy._core.numeric",
    "numpy._core.multiarray", "pandas", "pandas.testing", "pandas._testing", "scipy.special", "sympy", "torch",
    "torch.testing", "torch.testing._comparison", "course_utils.checks", "course_utils.checks.checking",
)  # fmt: skip
SHELL = (
    interactiveshell.ExecutionResult, interactiveshell.InteractiveShell, displayhook.DisplayHook,
    displaypub.DisplayPublisher, compilerop.CachingCompiler, events.EventManager,
)  # fmt: skip
# What a submission may well replace, as an exercise on printing or on doubles for a test asks for.
LEFT = {"_", "__build_class__", "__doc__", "display", "exit", "get_ipython", "help", "input", "open", "print", "quit"}
TRANSFORMERS = ("ast_transformers", "input_transformers_post")
MISSING = object()


class Pristine:
    """Remembers, when it is made, the functions and classes of the modules above and the state of the shell."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._modules = {name: sys.modules[name] for name in MODULES if name in sys.modules}
        self._saved = [(vars(module), dict(_callables(module))) for module in self._modules.values()]
        classes = dict.fromkeys((*SHELL, *type(shell).__mro__[:-1], *_test_cases()))
        self._classes = [(one, dict(_methods(one))) for one in classes]
        self._own = set(vars(shell))
        self._parts = {name: getattr(shell, name) for name in ("displayhook", "display_pub", "compile", "events")}

    def restore(self, spared: Collection[str]) -> None:
        """Put back what was replaced, all but the names in `spared`, which the teacher's own cells replace."""
        for name, module in self._modules.items():
            if sys.modules.get(name) is not module:
                sys.modules[name] = module
        for namespace, saved in self._saved:
            for name, value in saved.items():
                if namespace.get(name, MISSING) is not value and name not in spared:
                    namespace[name] = value
        for one, saved in self._classes:
            for name, value in saved.items():
                if vars(one).get(name, MISSING) is not value and name not in spared:
                    setattr(one, name, value)
        self._restore_shell(spared)
        sys.settrace(None)
        sys.setprofile(None)

    def _restore_shell(self, spared: Collection[str]) -> None:
        shell = self._shell
        for name in [name for name in vars(shell) if name not in self._own and hasattr(type(shell), name)]:
            delattr(shell, name)
        for name, part in self._parts.items():
            if getattr(shell, name) is not part:
                setattr(shell, name, part)
        for name in TRANSFORMERS:
            if name not in spared:
                getattr(shell, name)[:] = []


def _callables(module: ModuleType) -> Iterator[tuple[str, Any]]:
    left = LEFT if module.__name__ == "builtins" else ()
    for name, value in vars(module).items():
        if callable(value) and name not in left:
            yield name, value


def _methods(kind: type) -> Iterator[tuple[str, Any]]:
    for name, value in vars(kind).items():
        if callable(value) or isinstance(value, property):
            yield name, value


def _test_cases() -> Iterator[type]:
    if case := sys.modules.get("unittest.case"):
        yield case.TestCase
