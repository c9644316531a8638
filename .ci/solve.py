"""Copies the right answers of a lesson into a learner's notebook: `python .ci/solve.py LESSON NOTEBOOK`.

CI runs it before `course check`, on machines that have only what a learner installs.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main() -> None:
    lesson, place = sys.argv[1], Path(sys.argv[2])
    right = json.loads((ROOT / "solutions" / lesson / f"{lesson}.ipynb").read_text(encoding="utf-8"))
    answers = {
        cell["id"]: cell["source"] for cell in right["cells"] if cell["metadata"].get("nbgrader", {}).get("solution")
    }
    notebook = json.loads(place.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        cell["source"] = answers.get(cell["id"], cell["source"])
    place.write_text(json.dumps(notebook), encoding="utf-8")


if __name__ == "__main__":
    main()
