"""How long the solution notebooks take from top to bottom, two at a time."""

from __future__ import annotations

import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from course_grader.authoring.lesson import read_lessons
from course_grader.authoring.trial_run import write_hidden_key

ROOT = Path(__file__).parents[1]
TOGETHER_FIGURE, EACH_FIGURE = 300, 60


def seconds(path: Path) -> float:
    notebook = nbformat.read(path, 4)
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        NotebookClient(notebook, timeout=120, resources={"metadata": {"path": folder}}).execute()
    return time.perf_counter() - begin


def main() -> None:
    paths = sorted(ROOT.glob("solutions/*/*.ipynb"))
    with tempfile.TemporaryDirectory() as folder:
        key = Path(folder) / "course.key"
        write_hidden_key(key, read_lessons(ROOT), "benchmark")
        os.environ["COURSE_KEY"] = str(key)
        begin = time.perf_counter()
        with ThreadPoolExecutor(2) as pool:
            each = list(pool.map(seconds, paths))
        together = time.perf_counter() - begin
    for path, took in zip(paths, each, strict=True):
        print(f"{path.stem:<28} {took:6.1f} s: {took / EACH_FIGURE:.2f} of the goal")
    print(f"{'together':<28} {together:6.1f} s: {together / TOGETHER_FIGURE:.2f} of the goal")


if __name__ == "__main__":
    main()
