"""What a cell binds and needs is the same on every version of Python: from 3.12 on, comprehensions have no scope."""

import ast
import symtable

import pytest

from course_utils.cells import _with_generators, assigned_names, names_bound, names_needed

COMPREHENSIONS = [
    ("x = [p + i for i in q]", {"x"}, ["p", "q"]),
    ("x = [last for i in q]\nlast = 1", {"x", "last"}, ["q"]),
    ("x = {\n k # a: b\n : (v) # c: d\n for k in q if {a: not b for a in k}}", {"x"}, ["b", "q", "v"]),
    ("x = {(k): lambda: 0 for k in [z for z in y]}", {"x"}, ["y"]),
    ("é = {'ü': {ö for ö in p} for _ in q}", {"é"}, ["p", "q"]),
    ("x = [(y := i) for i in q]", {"x", "y"}, ["q"]),
    ("x = f(*[a for a in b], **{a: b for a, b in c})", {"x"}, ["b", "c", "f"]),
    ("x = [a for a in b]\r\ny = [c for c in d]", {"x", "y"}, ["b", "d"]),
    ("def f():\n  return {k: v for k, v in (i for i in r)}", {"f"}, ["r"]),
    ("x = [[c for c in row]for row in rows]", {"x"}, ["rows"]),
    ("x = {a if b else c: d or e for a in f}", {"x"}, ["b", "c", "d", "e", "f"]),
]


@pytest.mark.parametrize(("source", "bound", "needed"), COMPREHENSIONS)
def test_a_loop_variable_of_a_comprehension_is_not_a_name_of_the_cell(
    source: str, bound: set[str], needed: list[str]
) -> None:
    assert assigned_names(source) == bound
    assert names_bound(source) <= bound
    assert names_needed(source) == needed


@pytest.mark.parametrize("source", [source for source, *_ in COMPREHENSIONS])
def test_comprehensions_become_generators_on_the_same_lines(source: str) -> None:
    made = ast.parse(_with_generators(source))
    symtable.symtable(ast.unparse(made), "cell", "exec")
    lines = {kind: sorted(node.lineno for node in ast.walk(tree) if isinstance(node, kinds)) for kind, tree, kinds in (
        ("before", ast.parse(source), ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp),
        ("after", made, ast.GeneratorExp),
    )}  # fmt: skip
    assert lines["before"] == lines["after"]
    assert not [node for node in ast.walk(made) if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp)]
