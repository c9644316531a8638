"""Splits an answer into fragments that do not change if it is renamed, reordered or reformatted.

A statement becomes the preorder sequence of its syntax tree's nodes. All names that the answer defines become the same
token; docstrings, annotations and layout are dropped. Winnowing then keeps, of each KEPT_OF consecutive windows of
WINDOW nodes, the one with the smallest hash, so that every common run of WINDOW + KEPT_OF - 1 nodes is found. Each
comment, and each sentence in a string, is a fragment made of its words.

S. Schleimer, D. S. Wilkerson, A. Aiken, Winnowing: Local Algorithms for Document Fingerprinting, SIGMOD 2003.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
import zlib
from collections import defaultdict
from collections.abc import Iterator

from course_utils.cells import blank_magics

WINDOW, KEPT_OF = 6, 3
FEWEST_WORDS = 3
LONG_NUMBER = 10_000
LONGEST = 50_000

# Each fragment, "nodes ..." or "words ...", with its line numbers, which start at 1.
Fragments = dict[str, set[int]]
Token = tuple[str, int]


def fragments(source: str, constants: bool = True) -> Fragments:
    """Return the fragments of an answer, each with its line numbers; none if the answer cannot be parsed.

    constants: whether different numbers make different fragments.
    """
    source = blank_magics(source[:LONGEST])
    found: Fragments = defaultdict(set)
    try:
        tree = ast.parse(source)
        for tokens in _statements(tree, _own_names(tree), constants):
            for fragment, lines in _winnowed(tokens):
                found[fragment] |= lines
        for text, line in (*_comments(source), *_sentences(tree)):
            if len(words := re.findall(r"\w+", text.casefold())) >= FEWEST_WORDS:
                found[f"words {' '.join(words)}"].add(line)
    except (SyntaxError, ValueError, RecursionError, MemoryError, tokenize.TokenError):
        return {}
    return dict(found)


def _own_names(tree: ast.AST) -> set[str]:
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    names |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    return names | {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def _statements(tree: ast.AST, own: set[str], constants: bool) -> Iterator[list[Token]]:
    """Yield the nodes of each statement; for one with a body, only those of its header."""
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt) and not _is_text(node):
            yield list(_tokens(node, own, constants))


def _tokens(node: ast.AST, own: set[str], constants: bool, line: int = 0) -> Iterator[Token]:
    line = getattr(node, "lineno", line)
    yield _name_of(node, own, constants), line
    for field, value in ast.iter_fields(node):
        if field in ("body", "orelse", "finalbody", "handlers") and isinstance(value, list):
            continue
        if field in ("annotation", "returns", "ctx", "type_comment"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _tokens(child, own, constants, line)


def _name_of(node: ast.AST, own: set[str], constants: bool) -> str:
    match node:
        case ast.Name(id=name):
            return "own" if name in own else f"name:{name}"
        case ast.Attribute(attr=name):
            return f".{name}"
        case ast.keyword(arg=name):
            return f"{name}="
        case ast.Constant(value=str()):
            return "text"
        case ast.Constant(value=int() as value) if value.bit_length() > LONG_NUMBER:
            # Python refuses to write such a number in decimal, and the error would drop the whole answer.
            return f"constant:{value:x}" if constants else "constant"
        case ast.Constant(value=value):
            return f"constant:{value!r}" if constants or value in (None, True, False) else "constant"
    return type(node).__name__


def _winnowed(tokens: list[Token]) -> Iterator[tuple[str, set[int]]]:
    size = min(WINDOW, len(tokens))
    if size < WINDOW - 2:
        return
    windows = [tokens[i : i + size] for i in range(len(tokens) - size + 1)]
    texts = ["nodes " + " ".join(name for name, _ in window) for window in windows]
    hashes = [zlib.crc32(text.encode()) for text in texts]
    width = min(KEPT_OF, len(windows))
    # The rightmost of equal hashes, as in the paper.
    kept = {min(range(i, i + width), key=lambda j: (hashes[j], -j)) for i in range(len(windows) - width + 1)}
    for i in kept:
        yield texts[i], {line for _, line in windows[i]}


def _comments(source: str) -> Iterator[tuple[str, int]]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.string, token.start[0]


def _sentences(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield the strings that are not docstrings, each with its line."""
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and _is_text(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value, node.lineno


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
