"""What a code cell does, found without running it: which names it binds, needs, changes and imports.

The functions down to `is_stub` accept any source, and return nothing for a source that is not Python. Those below raise
SyntaxError for it. `course_grader.engine.notebook.dependencies` finds which names a cell might bind or read.
"""

from __future__ import annotations

import ast
import re
import symtable
import sys
from collections.abc import Iterator

CELL_MAGIC = re.compile(r"\s*%%(\w+)")
RUN_IN_NOTEBOOK = ("time", "capture", "prun", "debug")


def blank_magics(source: str) -> str:
    """Return the source with IPython's own lines (%magic, !command) blanked, so that line numbers stay the same."""
    return "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in source.split("\n"))


def without_magics(source: str) -> str:
    """Return a cell without IPython's own lines (%magic, !command). Returns "" if a cell magic does not run the cell in
    the notebook, such as %%timeit or %%writefile."""
    magic = CELL_MAGIC.match(source)
    if magic and magic[1] not in RUN_IN_NOTEBOOK:
        return ""
    return "\n".join(line for line in source.split("\n") if not line.lstrip().startswith(("%", "!")))


def problem_of(source: str) -> str:
    """Return why a cell is not plain Python apart from IPython's own lines (%magic, !command); "" if it is."""
    try:
        ast.parse(blank_magics(source))
        symtable.symtable(blank_magics(source), "cell", "exec")
    except SyntaxError as error:
        return f"it is not plain Python (`{(error.text or '').strip()}`)"
    return ""


def imports(source: str) -> dict[str, str]:
    """Return the names that a cell imports at its top level, each with an import statement for it alone."""
    found = {}
    for statement in _tree(source).body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            for alias in statement.names:
                name = alias.asname or alias.name.split(".")[0]
                found[name] = ast.unparse(_alone(statement, alias))
    return found


def names_bound(source: str) -> set[str]:
    """Return the names that a cell binds at its top level; empty if it is not valid Python."""
    table = _table(source)
    return {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported()} if table else set()


def names_defined(source: str) -> set[str]:
    """Return the names that are defined after a cell ran, which may contain magics; not those that it deletes again."""
    source = without_magics(source)
    bound, names = names_bound(source), set[str]()
    for statement in _tree(source).body:
        if isinstance(statement, ast.Delete):
            names -= {target.id for target in statement.targets if isinstance(target, ast.Name)}
        else:
            names |= bound.intersection(_stored(statement))
    return names


def _stored(statement: ast.stmt) -> Iterator[str]:
    for node in ast.walk(statement):
        match node:
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                yield from ((alias.asname or alias.name).split(".")[0] for alias in aliases)


def names_needed(source: str) -> list[str]:
    """Return the names that a cell uses and does not bind itself, including built-in ones, in alphabetical order."""
    table = _table(source)
    return sorted(set(_globals(table)) - names_bound(source)) if table else []


def names_read_first(source: str) -> set[str]:
    """Return the names that a cell reads, outside of functions, at or before the statement that binds them."""
    bound, found = set[str](), set[str]()
    for statement in _tree(source).body:
        parts: list[ast.AST] = [statement]
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            parts = [*statement.decorator_list, statement.args]
        found.update(name for part in parts for name in _loaded(part) if name not in bound)
        bound.update(_stored(statement))
    return found


def _loaded(part: ast.AST) -> Iterator[str]:
    for node in ast.walk(part):
        match node:
            case ast.Name(id=name, ctx=ast.Load()) | ast.AugAssign(target=ast.Name(id=name)):
                yield name


def is_stub(source: str) -> bool:
    """Return whether a cell still raises NotImplementedError somewhere."""
    raised = (node.exc for node in ast.walk(_tree(source)) if isinstance(node, ast.Raise))
    names = (exc.func if isinstance(exc, ast.Call) else exc for exc in raised)
    return any(isinstance(name, ast.Name) and name.id == "NotImplementedError" for name in names)


def _alone(statement: ast.Import | ast.ImportFrom, alias: ast.alias) -> ast.stmt:
    if isinstance(statement, ast.Import):
        return ast.Import([alias])
    return ast.ImportFrom(statement.module, [alias], statement.level)


def _globals(table: symtable.SymbolTable) -> Iterator[str]:
    is_top = table.get_type() == "module"
    for symbol in table.get_symbols():
        if symbol.is_referenced() and (is_top or symbol.is_global()):
            yield symbol.get_name()
    for child in table.get_children():
        yield from _globals(child)


def assigned_names(source: str) -> set[str]:
    """Return the global names that a cell binds or deletes, with "*" if it has a star import."""
    source = blank_magics(source)
    nodes = ast.walk(ast.parse(source))
    stars = {"*" for node in nodes if isinstance(node, ast.ImportFrom) and node.names[0].name == "*"}
    return stars.union(_bound(symbol_table(source)))


def _bound(scope: symtable.SymbolTable) -> Iterator[str]:
    is_top = scope.get_type() == "module"
    for symbol in scope.get_symbols():
        if (symbol.is_assigned() or symbol.is_imported()) and (is_top or symbol.is_declared_global()):
            yield symbol.get_name()
    for inner in scope.get_children():
        yield from _bound(inner)


def changed_names(source: str) -> set[str]:
    """Return the names whose values a cell may change in place: by an item, an attribute or a method call."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(blank_magics(source))):
        match node:
            case ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del()):
                found.add(_root(node))
            case ast.Expr(value=ast.Call(func=ast.Attribute() as method)):
                found.add(_root(method))
    return found - {""}


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def imported_names(source: str) -> set[str]:
    """Return the names that the import statements of a cell bind."""
    nodes = ast.walk(ast.parse(blank_magics(source)))
    aliases = (alias for node in nodes if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names)
    return {(alias.asname or alias.name).split(".")[0] for alias in aliases}


def used_names(source: str) -> set[str]:
    """Return the names that a cell reads."""
    nodes = ast.walk(ast.parse(blank_magics(source)))
    return {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def checked_exercises(source: str) -> Iterator[str]:
    """Yield the exercise of each `check(...)` and `check_hidden(...)` in a cell."""
    if "check" not in source or problem_of(source):
        return
    for node in ast.walk(ast.parse(blank_magics(source))):
        match node:
            case ast.Call(func=ast.Name(id="check" | "check_hidden"), args=[ast.Constant(value=str(name)), *_]):
                yield name


def replaced_names(source: str) -> set[str]:
    """Return the names of attributes that a cell sets, or replaces with `patch`, `setattr` and the like."""
    try:
        nodes = list(ast.walk(ast.parse(blank_magics(source))))
    except SyntaxError:
        return set(re.findall(r"\.(\w+) *=[^=]", source))
    found = {node.attr for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)}
    for node in nodes:
        if isinstance(node, ast.Call) and _called(node) in ("setattr", "delattr", "patch", "object", "multiple"):
            texts = (item.value for item in node.args if isinstance(item, ast.Constant) and isinstance(item.value, str))
            found |= {text.rpartition(".")[2] for text in texts}
    return found


def _called(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _tree(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return ast.Module([], [])


def symbol_table(source: str) -> symtable.SymbolTable:
    """Return the symbol table of a cell, with a scope of its own for each comprehension; raises SyntaxError.

    From Python 3.12 on, the table counts the names of a list, set or dict comprehension as the cell's: a loop variable
    as bound there, and a name that is read only inside as not read. Generator expressions keep their scope.
    """
    if sys.version_info >= (3, 12) and "for" in source:
        source = _with_generators(source)
    return symtable.symtable(source, "cell", "exec")


def _with_generators(source: str) -> str:
    """Return the source with a generator expression on the same lines for each list, set and dict comprehension."""
    source = source.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    lines = [line.encode() for line in source.split("\n")]
    edits: list[tuple[int, int, int, bytes]] = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp):
            continue
        row, column = (node.end_lineno or 0) - 1, node.end_col_offset or 0
        edits.append((node.lineno - 1, node.col_offset, 1, b"(((" if isinstance(node, ast.DictComp) else b"("))
        edits.append((row, column - 1, 1, b")"))
        if isinstance(node, ast.DictComp):
            edits.append((*_colon(lines, node.key), 1, b"),("))
            edits.append(((node.value.end_lineno or 0) - 1, node.value.end_col_offset or 0, 0, b"))"))
    for row, column, length, text in sorted(edits, reverse=True):
        lines[row] = lines[row][:column] + text + lines[row][column + length :]
    return b"\n".join(lines).decode()


def _colon(lines: list[bytes], key: ast.expr) -> tuple[int, int]:
    """Return the row and column of the colon after the key of a dict comprehension; only comments can be before it."""
    row, column = (key.end_lineno or 0) - 1, key.end_col_offset or 0
    while (found := re.search(rb"[#:]", lines[row][column:])) is None or found[0] == b"#":
        row, column = row + 1, 0
    return row, column + found.start()


def _table(source: str) -> symtable.SymbolTable | None:
    try:
        return symbol_table(source)
    except (SyntaxError, ValueError, RecursionError):
        return None
