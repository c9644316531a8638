"""The exam of the engine's tests, for odd notebooks."""

from tests.engine.conftest import exam

__all__ = ["exam"]
