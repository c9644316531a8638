"""What stock nbgrader gives each submission, remembered in stock.json.

    .venv/bin/python -m tests.own.stock [NAME ...]      grade again what changed, or the assignments named

nbgrader starts a kernel for each notebook, which takes seconds; so its scores are graded once, with nbgrader's own
preprocessors, and belong to a digest of the notebooks, the files beside them and nbgrader's version.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
import warnings
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from traitlets.config import Config

from tests.own import build
from tests.own.build import Own, own_assignments
from tests.own.course import Scores, autograde, make_course, nbgrader

REMEMBERED = Path(__file__).with_name("stock.json")


def digest(own: Own) -> str:
    """Return 16 digits of all that decides the scores: notebooks, files and nbgrader's version."""
    handed_in = {name: own.filled_in(name, own.sources()) for name in own.submissions}
    everything = [own.sources(), handed_in, own.files, own.options, version("nbgrader")]
    return hashlib.sha256(json.dumps(everything, sort_keys=True).encode()).hexdigest()[:16]


def remembered(place: Path = REMEMBERED) -> dict[str, Any]:
    """Return the digest and the scores of each assignment, as they were written."""
    if not place.is_file():
        return {}
    known: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
    return known


def is_current(own: Own) -> bool:
    """Return whether the remembered scores are those of this assignment."""
    return bool(remembered().get(own.name, {}).get("digest") == digest(own))


def stock_scores(own: Own) -> Scores:
    """Return the remembered scores of an assignment; AssertionError if it changed since."""
    assert is_current(own), f"{own.name} changed: run `python -m tests.own.stock {own.name}` and look at what differs."
    found: Scores = remembered()[own.name]["scores"]
    return found


def can_run(own: Own) -> bool:
    """Return whether the packages that an assignment imports are installed."""
    return all(find_spec(package) is not None for package in own.needs)


def grade(assignments: Iterable[Own], folder: Path) -> Iterator[tuple[str, Scores]]:
    """Grade assignments with stock nbgrader in one course; AssertionError if one cannot be released."""
    assignments = list(assignments)
    problems = make_course(folder, assignments)
    assert not problems, "\n".join(f"{name}: {said}" for name, said in problems.items())
    # No configuration at all, so that nothing of this machine's or of the project's has a say.
    api = nbgrader(folder, Config())
    for own in assignments:
        yield own.name, autograde(folder, own, api)


def remember(own: Own, found: Scores, place: Path = REMEMBERED) -> None:
    """Write the scores of an assignment into the file, and drop those of assignments that are gone."""
    names = {path.stem for path in build.FOLDER.glob("*.txt")}
    known = {name: entry for name, entry in remembered(place).items() if name in names}
    known[own.name] = {"digest": digest(own), "scores": found}
    entries = (f"{json.dumps(name)}: {_text(known[name])}" for name in sorted(known))
    place.write_text("{\n" + ",\n".join(entries) + "\n}\n", encoding="utf-8")


def _text(entry: dict[str, Any]) -> str:
    """Return an entry with a line for each submission, so that a change can be read."""
    lines = [f"  {json.dumps(name)}: {json.dumps(found)}" for name, found in entry["scores"].items()]
    return f'{{"digest": "{entry["digest"]}", "scores": {{\n' + ",\n".join(lines) + "\n}}"


def main() -> None:
    # SQLAlchemy's advice to nbgrader.
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--into", type=Path, default=REMEMBERED, help="write into another file")
    options = parser.parse_args()
    every = own_assignments()
    chosen = [own for name, own in every.items() if (name in options.names if options.names else not is_current(own))]
    for own in [own for own in chosen if not can_run(own)]:
        print(f"{own.name} needs {', '.join(own.needs)}: not graded.")
    with tempfile.TemporaryDirectory() as folder:
        for name, found in grade([own for own in chosen if can_run(own)], Path(folder) / "course"):
            remember(every[name], found, options.into)
            print(name, flush=True)


if __name__ == "__main__":
    main()
