"""How the tests are shared among processes: a file stays together, but each lesson of a file can go elsewhere."""

from __future__ import annotations

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Group the tests for pytest-xdist by file and lesson: what a lesson's tests share is made once."""
    for item in items:
        params = getattr(getattr(item, "callspec", None), "params", {})
        lesson = params.get("lesson") or params.get("graded") or ""
        item.add_marker(pytest.mark.xdist_group(f"{item.path.name}-{lesson}"))
