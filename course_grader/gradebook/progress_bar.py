"""The bar of `course grade` on a terminal: how many of each outcome, how fast, how long still."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

# The last seconds that show how fast submissions come.
WINDOW = 30


class Pace(ProgressColumn):
    """Rate and time left, by what came in the last half minute; nothing until a second of it has been seen."""

    def __init__(self) -> None:
        super().__init__()
        self._came: deque[float] = deque()

    def note(self) -> None:
        self._came.append(time.monotonic())

    def render(self, task: Task) -> Text:
        now = time.monotonic()
        while self._came and now - self._came[0] > WINDOW:
            self._came.popleft()
        seconds = now - self._came[0] if self._came else 0.0
        if seconds < 1 or len(self._came) < 2:
            return Text("-.-/s -:--:--")
        rate = (len(self._came) - 1) / seconds
        left = timedelta(seconds=round((task.total or 0) - task.completed) / rate)
        return Text(f"{rate:.1f}/s {str(left).split('.')[0]}")


@contextmanager
def bar(
    title: str, total: int, counted: Callable[[], str], console: Console | None = None
) -> Iterator[Callable[[], None]]:
    """Show the bar during the block, and yield what moves it on by one. `counted` says what came so far."""
    pace = Pace()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        pace,
        TextColumn("{task.fields[counts]}"),
    )
    with Progress(*columns, console=console or Console(stderr=True), transient=True) as progress:
        task = progress.add_task(escape(title), total=total, counts="")

        def move() -> None:
            pace.note()
            progress.update(task, advance=1, counts=counted())

        yield move
