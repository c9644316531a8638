"""What makes our own processes start quicker: imports that nothing here uses are left out, and less garbage collected.

`import nbformat` imports jsonschema, and jsonschema imports `rfc3987_syntax` if it is installed. That package compiles
a grammar of internationalised web addresses when it is imported (three seconds of CPU). jsonschema would use it for
one format only, "iri", and only if a format checker is asked for; nbformat asks for none.
"""

from __future__ import annotations

import gc
import sys

UNUSED = "rfc3987_syntax"
CONTENTS_MANAGERS = ("jupytext.sync_contentsmanager", "jupytext.async_contentsmanager")
# Imports make that many objects, and hardly any of them are garbage. At Python's own threshold of 700, looking for some
# takes an eighth of the CPU time of the imports.
COLLECT_AT = 200_000


def skip_unused_grammar() -> None:
    """Make `import rfc3987_syntax` fail in this process, as if it were not installed; jsonschema expects that."""
    sys.modules.setdefault(UNUSED, None)  # type: ignore[arg-type]


def skip_contents_managers() -> None:
    """Make jupytext's contents managers fail to import in this process; jupytext expects that.

    They are for Jupyter's server, and take two thirds of the import; a command only reads and writes text.
    """
    for name in CONTENTS_MANAGERS:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]


def collect_seldom() -> None:
    """Let this process look for garbage less often, as suits a command that imports much and then ends."""
    gc.set_threshold(COLLECT_AT, *gc.get_threshold()[1:])
