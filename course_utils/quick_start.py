"""Make our processes start faster: skip imports that nothing here uses, and collect garbage less often.

`import nbformat` imports jsonschema, which imports `rfc3987_syntax` if it is installed. That package compiles a grammar
of internationalised web addresses when it is imported (three seconds of CPU time). jsonschema uses it only for the
format "iri", and only with a format checker; nbformat uses no format checker.
"""

from __future__ import annotations

import gc
import sys

UNUSED = "rfc3987_syntax"
CONTENTS_MANAGERS = ("jupytext.sync_contentsmanager", "jupytext.async_contentsmanager")
# Imports create about this many objects, hardly any of which are garbage. With Python's default threshold of 700, the
# garbage collector takes an eighth of the CPU time of the imports.
COLLECT_AT = 200_000


def skip_unused_grammar() -> None:
    """Make `import rfc3987_syntax` fail in this process, as if it were not installed; jsonschema handles that."""
    sys.modules.setdefault(UNUSED, None)  # type: ignore[arg-type]


def skip_contents_managers() -> None:
    """Make the import of jupytext's contents managers fail in this process; jupytext handles that.

    They are for Jupyter's server, and take two thirds of jupytext's import time; a command only reads and writes text.
    """
    for name in CONTENTS_MANAGERS:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]


def collect_seldom() -> None:
    """Make this process collect garbage less often, which suits a command that imports a lot and ends soon."""
    gc.set_threshold(COLLECT_AT, *gc.get_threshold()[1:])
