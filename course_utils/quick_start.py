"""Leaves out an import that costs seconds at the start of each process, and that nothing here uses.

`import nbformat` imports jsonschema, and jsonschema imports `rfc3987_syntax` if it is installed. That package compiles
a grammar of internationalised web addresses when it is imported (three seconds of CPU). jsonschema would use it for
one format only, "iri", and only if a format checker is asked for; nbformat asks for none.
"""

from __future__ import annotations

import sys

UNUSED = "rfc3987_syntax"


def skip_unused_grammar() -> None:
    """Make `import rfc3987_syntax` fail in this process, as if it were not installed; jsonschema expects that."""
    sys.modules.setdefault(UNUSED, None)  # type: ignore[arg-type]
