"""Fingerprints: they show whether a hidden key still fits the probes.

A key contains what a probe observed of the reference. If the probe changes, correct answers may fail with an old key.
So a hidden key stores a fingerprint for each exercise, `MODULE:DIGEST`: the module of its probe, and a digest of the
code that decides which calls are made and what is observed. The digest is computed from the source text, so it does not
depend on the version of Python; comments, docstrings and blank lines are left out. The probes are not imported for it.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import io
import tokenize
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from course_utils.checks.keys import Key, KeyProblem, key_to_json
from course_utils.checks.probe import Exercise

CHECKS = "course_utils.checks"
# The modules that decide what is asked and observed, besides the probe's module and the course's modules it imports.
BASE = tuple(f"{CHECKS}.{name}" for name in ("answer_types", "probe", "recorder", "statistics", "values"))
FINGERPRINT = "asked"
SHOWN = 3


def with_fingerprint(key: Key, exercise: Exercise) -> dict[str, Any]:
    """Return the hidden key of an exercise, with its fingerprint, as values for JSON."""
    module = next(iter(exercise.parts.values())).__module__
    return key_to_json(key) | {FINGERPRINT: fingerprint(module)}


def require_current(hidden: Mapping[str, Any]) -> None:
    """Raise KeyProblem if a key in `hidden` (exercise -> its key as JSON) was made for a different version of the
    probe."""
    if old := [name for name, key in hidden.items() if not _is_current(key)]:
        more = f" and {len(old) - SHOWN} more" if len(old) > SHOWN else ""
        raise KeyProblem(
            f"The hidden key was made for another version of the checks of {', '.join(old[:SHOWN])}{more}: correct "
            "answers would fail. Make it again with `course key --again`, which keeps its secret and its lessons."
        )


def _is_current(key: Any) -> bool:
    made = key.get(FINGERPRINT) if isinstance(key, dict) else None
    return isinstance(made, str) and made != "" and made == fingerprint(made.partition(":")[0])


@functools.cache
def fingerprint(module: str) -> str:
    """Return the fingerprint of the exercises whose probes are in a module (full name); "" if it cannot be read."""
    try:
        names = sorted(_deciding(module))
        texts = [f"{name}\n{bare(_source(name))}" for name in names]
    except (ImportError, OSError, ValueError):
        return ""
    return f"{module}:{hashlib.sha256(chr(0).join(texts).encode()).hexdigest()[:16]}"


def _deciding(module: str) -> set[str]:
    """Return the modules that decide what a probe module asks: itself, BASE, and the course's modules that these import
    from outside of `course_utils.checks`, directly or not."""
    found: set[str] = set()
    left = {module, *BASE}
    while left:
        found.add(name := left.pop())
        imported = {one for one in _imports(_source(name)) if not f"{one}.".startswith(f"{CHECKS}.")}
        left |= imported - found
    return found


def _imports(source: str) -> Iterator[str]:
    for node in _statements(ast.parse(source)):
        match node:
            case ast.ImportFrom(module=str(name)) if name.startswith("course_utils."):
                yield name
            case ast.Import(names=aliases):
                yield from (alias.name for alias in aliases if alias.name.startswith("course_utils."))


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and all statements inside it. `ast.walk` would take ten times as long: it visits expressions too."""
    yield node
    for name in ("body", "orelse", "finalbody", "handlers", "cases"):
        for part in getattr(node, name, ()):
            yield from _statements(part)


def _source(module: str) -> str:
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise ImportError(f"There is no module {module}.")
    return Path(spec.origin).read_text(encoding="utf-8")


def bare(source: str) -> str:
    """Return Python code without comments, docstrings, blank lines and trailing spaces."""
    lines = source.split("\n")
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    for node in _statements(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            _leave_out_docstring(node.body, lines)
    return "\n".join(line.rstrip() for line in lines if line.strip())


def _leave_out_docstring(body: list[ast.stmt], lines: list[str]) -> None:
    match body:
        case [ast.Expr(value=ast.Constant(value=str())) as docstring, *_]:
            end = docstring.end_lineno or docstring.lineno
            lines[docstring.lineno - 1 : end] = [""] * (end - docstring.lineno + 1)
