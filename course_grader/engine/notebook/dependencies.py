"""Find the global names that a cell may read or bind, without running it."""

from __future__ import annotations

import ast
import re
import symtable
import unicodedata
from collections.abc import Iterator, Sequence, Set
from typing import TypeGuard

from course_grader.engine.notebook.assignment import cached_by_source
from course_utils.cells import assigned_names, blank_magics, symbol_table

# Any character beyond ASCII may be part of a name, such as a combining accent.
WORD = re.compile(r"[0-9A-Za-z_\u0080-\U0010ffff]+")
NAMES_FROM_TEXT = {"eval", "exec", "globals", "locals", "vars", "dir", "__globals__", "get_ipython", "sys", "inspect"}
# `from __future__ import annotations` makes annotations strings, which are evaluated in the notebook's namespace.
NAMES_FROM_TEXT |= {"__future__"}
IMPORTS_MAIN = "__main__"
# Among a cell's names: everything in a module (a star import), or any name at all.
ALL = "*"
# Parsing can take quadratic time and a thousand times the memory of the source. In a longer cell every word counts as a
# name that it reads and binds, so that an unneeded cell may run, but no needed cell is left out.
LONGEST_READ, LONGEST_NAME = 10_000, 200
NOT_PYTHON = (SyntaxError, ValueError, RecursionError, MemoryError)
# These are evaluated at once; a generator expression is too, if it is the argument of a function in TAKE_WHOLE.
AT_ONCE = {"listcomp", "setcomp", "dictcomp"}
TAKE_WHOLE = {"all", "any", "dict", "frozenset", "list", "max", "min", "set", "sorted", "sum", "tuple"}


@cached_by_source
def words(source: str) -> frozenset[str]:
    """Return every word of a cell, normalised as Python normalises names."""
    return frozenset(map(_normalised, WORD.findall(source)))


@cached_by_source
def reads(source: str) -> frozenset[str]:
    """Return the global names that a cell may use before it binds them itself.

    Return every word of the cell if it may make names from strings, is long or is not Python.
    """
    all_words = words(source)
    if len(source) > LONGEST_READ or IMPORTS_MAIN in all_words or all_words & NAMES_FROM_TEXT:
        return all_words
    magics = frozenset(word for line in source.split("\n") if line.lstrip()[:1] in ("%", "!") for word in words(line))
    try:
        text = blank_magics(source)
        table, tree = symbol_table(text), ast.parse(text)
        # A name that is changed in place or deleted must exist too, which the symbol table does not show.
        changed = {name for node in ast.walk(tree) for name in _changed(node)}
        inside, scopes = _read_at_once(table, tree)
        later = frozenset[str]().union(*(_names_of_notebook(scope, changed) for scope in scopes))
        # The loop variables of a comprehension are not global names.
        at_once = inside | {symbol.get_name() for symbol in table.get_symbols() if _is_used(symbol, changed)}
        return magics | later | at_once.intersection(_unbound(tree.body, set()))
    except NOT_PYTHON:
        return all_words


@cached_by_source
def may_bind(source: str) -> frozenset[str]:
    """Return the global names that a cell may bind or delete; {ALL} if it can be any name."""
    all_words = words(source)
    if len(source) > LONGEST_READ or IMPORTS_MAIN in all_words or all_words & NAMES_FROM_TEXT:
        return frozenset({ALL})
    try:
        return frozenset(assigned_names(source))
    except NOT_PYTHON:
        return frozenset()


def _normalised(word: str) -> str:
    """Return the form in which Python stores a name: for example, the micro sign becomes the Greek letter mu."""
    # Normalising takes quadratic time, and a word this long is not a name.
    return word if word.isascii() or len(word) > LONGEST_NAME else unicodedata.normalize("NFKC", word)


def _read_at_once(table: symtable.SymbolTable, tree: ast.Module) -> tuple[set[str], list[symtable.SymbolTable]]:
    """Return the global names that a cell's comprehensions read when the cell runs, and the scopes that may read names
    later, such as functions."""
    rebound = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    takers = TAKE_WHOLE - rebound
    whole = {id(node.args[0]) for node in ast.walk(tree) if _takes_whole(node, takers)}
    expressions = [node for node in ast.walk(tree) if isinstance(node, ast.GeneratorExp)]
    later_lines = {node.lineno for node in expressions if id(node) not in whole}
    found, scopes, left = set[str](), list[symtable.SymbolTable](), table.get_children()
    while left:
        scope = left.pop()
        kind = scope.get_name().strip("<>")
        if kind in AT_ONCE or (kind == "genexpr" and scope.get_lineno() not in later_lines):
            symbols = (symbol for symbol in scope.get_symbols() if symbol.is_referenced() and symbol.is_global())
            found |= {symbol.get_name() for symbol in symbols}
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
    """Return the global names that a scope and its inner scopes read, or use if they are in `changed`."""
    # A class body may read a name as the global one in one line, and as its own in another.
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
    """Yield the names that the statements of a block read, when they run, before they are in `bound`.

    The names that a statement certainly binds are added to `bound`.
    """
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
        for name in ast.walk(node):
            if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store):
                yield name.id
