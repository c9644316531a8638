"""Restore library functions and the shell before each test cell of the mode together.

This runs in the worker, in the same process as the submission, so a submission that looks for it can defeat it. It
undoes known shortcuts: a replaced assertion of a library, an attribute that hides a method of the shell, a transformer
that removes `assert` from every cell, a trace function.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator
from types import ModuleType
from typing import Any

from IPython.core import compilerop, displayhook, displaypub, events, interactiveshell

# Modules whose functions and classes are restored, if the zygote has imported them.
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
# Built-ins that a submission may legitimately replace, as in an exercise on printing or on test doubles.
LEFT = {"_", "__build_class__", "__doc__", "display", "exit", "get_ipython", "help", "input", "open", "print", "quit"}
TRANSFORMERS = ("ast_transformers", "input_transformers_post")
MISSING = object()


class Pristine:
    """A snapshot, taken when it is created, of the functions and classes in MODULES and of the shell."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._modules = {name: sys.modules[name] for name in MODULES if name in sys.modules}
        self._saved = [(vars(module), dict(_callables(module))) for module in self._modules.values()]
        classes = dict.fromkeys((*SHELL, *type(shell).__mro__[:-1], *_test_cases()))
        self._classes = [(kind, dict(_methods(kind))) for kind in classes]
        self._attributes = set(vars(shell))
        self._parts = {name: getattr(shell, name) for name in ("displayhook", "display_pub", "compile", "events")}

    def restore(self, spared: Collection[str]) -> None:
        """Put back everything that was replaced, except the names in `spared`, which the teacher's cells replace."""
        for name, module in self._modules.items():
            if sys.modules.get(name) is not module:
                sys.modules[name] = module
        for namespace, saved in self._saved:
            for name, value in saved.items():
                if namespace.get(name, MISSING) is not value and name not in spared:
                    namespace[name] = value
        for kind, saved in self._classes:
            for name, value in saved.items():
                if vars(kind).get(name, MISSING) is not value and name not in spared:
                    setattr(kind, name, value)
        self._restore_shell(spared)
        sys.settrace(None)
        sys.setprofile(None)

    def _restore_shell(self, spared: Collection[str]) -> None:
        shell = self._shell
        for name in [name for name in vars(shell) if name not in self._attributes and hasattr(type(shell), name)]:
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
