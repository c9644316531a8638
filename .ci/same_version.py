"""Ends with a sentence unless a tag names the version in pyproject.toml: same_version.py v0.1.0."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

version = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"][
    "version"
]
if sys.argv[1:] != [f"v{version}"]:
    sys.exit(f"The tag is {' '.join(sys.argv[1:])}, and pyproject.toml has version {version}: tag v{version}.")
