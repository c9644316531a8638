"""Stamps: what stands for the questions that a hidden key was made for.

A key holds what the reference gave to a probe's questions. Once the probe asks otherwise, right answers fail an old
key. So a hidden key carries a stamp for each exercise, `MODULE:DIGEST`: the module of its probe, and a digest of the
code that decides what is asked and what is seen. It is the same on every version of Python, since it is made from the
text, and comments, docstrings and blank lines do not count. To tell a stamp, no probe is imported.
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
# What decides, beside the module of a probe and the data that it takes, what is asked and what is seen.
BASE = tuple(f"{CHECKS}.{name}" for name in ("answer_types", "probe", "recorder", "statistics", "values"))
FINGERPRINT = "asked"
SHOWN = 3


def with_fingerprint(key: Key, exercise: Exercise) -> dict[str, Any]:
    """Return the hidden key of an exercise as JSON can hold it, with its stamp."""
    module = next(iter(exercise.parts.values())).__module__
    return key_to_json(key) | {FINGERPRINT: fingerprint(module)}


def require_current(hidden: Mapping[str, Any]) -> None:
    """Raise KeyProblem where a hidden key, as JSON by exercise, was made for other questions than are asked now."""
    if old := [name for name, key in hidden.items() if not _is_current(key)]:
        more = f" and {len(old) - SHOWN} more" if len(old) > SHOWN else ""
        raise KeyProblem(
            f"The hidden key was made for another version of the questions of {', '.join(old[:SHOWN])}{more}, so that "
            "right answers would fail: make it again with `course key --again`, which keeps its secret and its lessons."
        )


def _is_current(key: Any) -> bool:
    made = key.get(FINGERPRINT) if isinstance(key, dict) else None
    return isinstance(made, str) and made != "" and made == fingerprint(made.partition(":")[0])


@functools.cache
def fingerprint(module: str) -> str:
    """Return the stamp of the exercises whose probes stand in a module, named in full; "" where there is no such."""
    try:
        names = sorted(_deciding(module))
        texts = [f"{name}\n{bare(_source(name))}" for name in names]
    except (ImportError, OSError, ValueError):
        return ""
    return f"{module}:{hashlib.sha256(chr(0).join(texts).encode()).hexdigest()[:16]}"


def _deciding(module: str) -> set[str]:
    """Return the modules that decide what a module of probes asks: with those outside of the checks that it takes."""
    found: set[str] = set()
    left = {module, *BASE}
    while left:
        found.add(name := left.pop())
        taken = {one for one in _imports(_source(name)) if not f"{one}.".startswith(f"{CHECKS}.")}
        left |= taken - found
    return found


def _imports(source: str) -> Iterator[str]:
    for node in _statements(ast.parse(source)):
        match node:
            case ast.ImportFrom(module=str(name)) if name.startswith("course_utils."):
                yield name
            case ast.Import(names=aliases):
                yield from (alias.name for alias in aliases if alias.name.startswith("course_utils."))


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and the statements in it, at any depth; `ast.walk` takes ten times as long, for the expressions."""
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
    """Return Python code without its comments, docstrings, blank lines and spaces at the end of a line."""
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
