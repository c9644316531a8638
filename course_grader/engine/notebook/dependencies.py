"""The names of the notebook's that a cell may read, bind or surely defines, found without running it."""

from __future__ import annotations

import ast
import re
import symtable
import unicodedata
from collections.abc import Iterator, Sequence, Set
from typing import TypeGuard

from course_grader.engine.notebook.assignment import cached_by_source
from course_utils.cells import assigned_names, blank_magics

# Every character beyond ASCII may be part of a name, as the accent of one that is written as two characters.
WORD = re.compile(r"[0-9A-Za-z_\u0080-\U0010ffff]+")
NAMES_FROM_TEXT = {"eval", "exec", "globals", "locals", "vars", "dir", "__globals__", "get_ipython", "sys", "inspect"}
# Its annotations are texts, and what reads them looks for their names in the notebook.
NAMES_FROM_TEXT |= {"__future__"}
IMPORTS_MAIN = "__main__"
# Among a cell's names it stands for all that a module has, or for any name at all.
ALL = "*"
# Python can take a time that grows with the square of a source's length to read it, and a thousand times its memory. In
# a longer cell every word counts as a name that it reads and binds: a cell too many may run, never one too few.
LONGEST_READ, LONGEST_NAME = 10_000, 200
NOT_PYTHON = (SyntaxError, ValueError, RecursionError, MemoryError)
# Comprehensions that are evaluated where they are written; a generator expression is if one of these takes it whole.
AT_ONCE = {"listcomp", "setcomp", "dictcomp"}
TAKE_WHOLE = {"all", "any", "dict", "frozenset", "list", "max", "min", "set", "sorted", "sum", "tuple"}


@cached_by_source
def words(source: str) -> frozenset[str]:
    """Return every word of a cell, as Python would have it as a name."""
    return frozenset(map(_as_python_reads, WORD.findall(source)))


@cached_by_source
def reads(source: str) -> frozenset[str]:
    """Return the names of the notebook's that a cell may use before it has bound them itself; every word of the cell if
    it makes names out of text, is long or is not Python."""
    found = words(source)
    if len(source) > LONGEST_READ or IMPORTS_MAIN in found or found & NAMES_FROM_TEXT:
        return found
    magics = frozenset(word for line in source.split("\n") if line.lstrip()[:1] in ("%", "!") for word in words(line))
    try:
        text = blank_magics(source)
        table, tree = symtable.symtable(text, "cell", "exec"), ast.parse(text)
        # What is changed in place or deleted must be there too, which a table of symbols does not say.
        changed = {name for node in ast.walk(tree) for name in _changed(node)}
        inside, scopes = _read_at_once(table, tree)
        later = frozenset[str]().union(*(_names_of_notebook(scope, changed) for scope in scopes))
        # A comprehension's own names are not the notebook's.
        at_once = inside | {one.get_name() for one in table.get_symbols() if _is_used(one, changed)}
        return magics | later | at_once.intersection(_unbound(tree.body, set()))
    except NOT_PYTHON:
        return found


@cached_by_source
def may_bind(source: str) -> frozenset[str]:
    """Return the names of the notebook's that a cell may bind or delete; ALL if that can be any."""
    found = words(source)
    if len(source) > LONGEST_READ or IMPORTS_MAIN in found or found & NAMES_FROM_TEXT:
        return frozenset({ALL})
    try:
        return frozenset(assigned_names(source))
    except NOT_PYTHON:
        return frozenset()


def _as_python_reads(word: str) -> str:
    """Return the form in which Python has a name: two signs that look like the Greek mu are one."""
    # The time for a long one grows with the square of its length, and a name it is not.
    return word if word.isascii() or len(word) > LONGEST_NAME else unicodedata.normalize("NFKC", word)


def _read_at_once(table: symtable.SymbolTable, tree: ast.Module) -> tuple[set[str], list[symtable.SymbolTable]]:
    """Return the notebook's names that a cell's comprehensions read where they are written, and the scopes that may
    read names later, such as functions."""
    takers = TAKE_WHOLE - {one.get_name() for one in table.get_symbols() if one.is_assigned() or one.is_imported()}
    whole = {id(node.args[0]) for node in ast.walk(tree) if _takes_whole(node, takers)}
    expressions = [node for node in ast.walk(tree) if isinstance(node, ast.GeneratorExp)]
    later_lines = {node.lineno for node in expressions if id(node) not in whole}
    found, scopes, left = set[str](), list[symtable.SymbolTable](), table.get_children()
    while left:
        scope = left.pop()
        kind = scope.get_name().strip("<>")
        if kind in AT_ONCE or (kind == "genexpr" and scope.get_lineno() not in later_lines):
            found |= {one.get_name() for one in scope.get_symbols() if one.is_referenced() and one.is_global()}
            left += scope.get_children()
        else:
            scopes.append(scope)
    return found, scopes


def _takes_whole(node: ast.AST, takers: Set[str]) -> TypeGuard[ast.Call]:
    match node:
        case ast.Call(func=ast.Name(id=name), args=[ast.GeneratorExp()]):
            return name in takers
    return False


def _is_used(symbol: symtable.Symbol, changed: Set[str]) -> bool:
    return symbol.is_referenced() or symbol.get_name() in changed


def _names_of_notebook(scope: symtable.SymbolTable, changed: Set[str]) -> frozenset[str]:
    """Return the names that are read or, of those in `changed`, used in a scope or in one within it, and are not those
    of a function on the way."""
    # What a class's body reads may be its own in one line and the notebook's in another.
    is_function = scope.get_type() not in ("module", "class")
    names = frozenset(
        symbol.get_name()
        for symbol in scope.get_symbols()
        if _is_used(symbol, changed) and (symbol.is_global() or not is_function)
    )
    return names.union(*(_names_of_notebook(inner, changed) for inner in scope.get_children()))


def _changed(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.AugAssign(target=ast.Name(id=name)) | ast.Name(id=name, ctx=ast.Del()):
            yield name


def _unbound(block: Sequence[ast.stmt], bound: set[str]) -> Iterator[str]:
    """Yield the names that the statements of a block read at once and that `bound` does not have by then. What a
    statement surely binds is added to `bound`."""
    for statement in block:
        inner: list[tuple[list[ast.stmt], ast.AST | None]] = []
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                heads = [*statement.decorator_list, statement.args, *([statement.returns] if statement.returns else [])]
                yield from _loads(heads, bound)
                bound.add(statement.name)
                continue
            case ast.For() | ast.AsyncFor():
                heads, inner = [statement.iter], [(statement.body, statement.target), (statement.orelse, None)]
            case ast.While() | ast.If():
                heads, inner = [statement.test], [(statement.body, None), (statement.orelse, None)]
            case _:
                yield from _loads([statement], bound)
                bound.update(_surely_bound(statement))
                continue
        yield from _loads(heads, bound)
        for body, target in inner:
            yield from _unbound(body, bound | set(_targets(target)))


def _loads(nodes: Sequence[ast.AST], bound: set[str]) -> Iterator[str]:
    for top in nodes:
        for node in ast.walk(top):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in bound:
                yield node.id
            yield from (name for name in _changed(node) if name not in bound)


def _surely_bound(statement: ast.stmt) -> Iterator[str]:
    match statement:
        case ast.Assign(targets=targets):
            yield from (name for target in targets for name in _targets(target))
        case ast.AnnAssign(target=target, value=value) if value is not None:
            yield from _targets(target)
        case ast.ClassDef(name=name):
            yield name
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            yield from ((alias.asname or alias.name).split(".")[0] for alias in aliases)


def _targets(node: ast.AST | None) -> Iterator[str]:
    if node is not None:
        yield from (one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store))
