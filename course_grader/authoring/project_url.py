"""The public address of the course. It is set in `pyproject.toml`, and the README's badges are made from it.

Until it is set, no badge, page or notebook contains an address.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.files import write_atomic

# Binder also supports other hosts, but Colab opens notebooks only from GitHub.
ADDRESS = re.compile(r"https://github\.com/([\w.-]+/[\w.-]+)")
FIRST = "00_start_here"
BEFORE = "[project.scripts]\n"
BEGIN, END = "<!-- badges -->\n", "<!-- end of badges -->\n"


def address(root: Path) -> str | None:
    """Return the public address of the course at `root`, or None before it is published."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    url = project.get("urls", {}).get("Repository")
    return None if url is None else str(url)


def required_address(root: Path) -> str:
    """Return the public address of the course. Raises CourseError if there is none yet."""
    url = address(root)
    if url is None:
        raise CourseError(
            "The course has no public address yet. Set it with `course address https://github.com/ACCOUNT/NAME`."
        )
    return url


def badges(url: str) -> str:
    """Return the README's badges, which open the course in Binder and Colab.

    Raises CourseError if Binder and Colab cannot open the address.
    """
    known = ADDRESS.fullmatch(url)
    if known is None:
        raise CourseError(f"Binder and Colab need an address like https://github.com/ACCOUNT/NAME, but got {url}.")
    binder = f"https://mybinder.org/v2/gh/{known[1]}/main?urlpath=lab/tree/my-notebooks/{FIRST}/{FIRST}.ipynb"
    colab = f"https://colab.research.google.com/github/{known[1]}/blob/colab/{FIRST}.ipynb"
    return (
        f"[![Open in Binder](https://mybinder.org/badge_logo.svg)]({binder})\n"
        f"[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({colab})\n"
    )


def publish(root: Path, url: str) -> None:
    """Write the address into `pyproject.toml` of the course at `root`, and the badges into its README.

    Raises CourseError if Binder and Colab cannot open the address.
    """
    url = url.rstrip("/").removesuffix(".git")
    shown = badges(url)
    project, readme = root / "pyproject.toml", root / "README.md"
    settings = project.read_text(encoding="utf-8")
    line = f'Repository = "{url}"\n'
    settings, found = re.subn(r"^Repository = .*\n", line, settings, flags=re.MULTILINE)
    if not found:
        settings = settings.replace(BEFORE, f"[project.urls]\n{line}\n{BEFORE}", 1)
    text = readme.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    write_atomic(project, settings)
    write_atomic(readme, f"{before}{BEGIN}{shown}{END}{after}")
