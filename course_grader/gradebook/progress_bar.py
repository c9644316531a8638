"""The progress bar of `course grade`: submissions by outcome, their rate, and the time left."""

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

# The rate is measured over this many of the last seconds.
WINDOW = 30


class Pace(ProgressColumn):
    """A column with the rate and the time left, measured over the last half minute; empty during the first second."""

    def __init__(self) -> None:
        super().__init__()
        self._times: deque[float] = deque()

    def note(self) -> None:
        self._times.append(time.monotonic())

    def render(self, task: Task) -> Text:
        now = time.monotonic()
        while self._times and now - self._times[0] > WINDOW:
            self._times.popleft()
        seconds = now - self._times[0] if self._times else 0.0
        if seconds < 1 or len(self._times) < 2:
            return Text("-.-/s -:--:--")
        rate = (len(self._times) - 1) / seconds
        left = timedelta(seconds=round((task.total or 0) - task.completed) / rate)
        return Text(f"{rate:.1f}/s {str(left).split('.')[0]}")


@contextmanager
def bar(
    title: str, total: int, counted: Callable[[], str], console: Console | None = None
) -> Iterator[Callable[[], None]]:
    """Show the bar during the block, and yield a function that advances it by one.

    counted: returns the outcomes so far, as text.
    """
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

        def advance() -> None:
            pace.note()
            progress.update(task, advance=1, counts=counted())

        yield advance
