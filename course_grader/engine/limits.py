"""Resource limits of a submission. An exercise that exceeds a limit fails; the others are still graded."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, fields
from typing import Any

MIB = 2**20


@dataclass(frozen=True)
class Limits:
    """Limits of one submission, in bytes, counts, and seconds of wall-clock time on an idle machine (see
    `load_factor`)."""

    cell_seconds: float = 30.0  # one of the student's cells
    experiment_seconds: float = 20.0  # an experiment that the student changed or that an answer needs
    experiments_seconds: float = 60.0  # all experiments of a submission together, repeats after restarts included
    experiment_memory: int = 1536 * MIB  # address space of the worker while an experiment runs
    experiment_stops: int = 10  # after this many experiments were stopped, no further one runs
    test_seconds: float = 15.0  # all calls of one test cell
    again_seconds: float = 2.0  # the same, for further test cells of an exercise that was stopped once
    judge_seconds: float = 20.0  # what a test cell computes itself, without its calls
    judge_memory: int = 2 * 1024 * MIB  # what a test cell may add to the grader's own memory
    total_seconds: float = 300.0  # all cells and calls of a submission, repeats after restarts included
    starts: int = 60  # how often a worker is started for one submission
    memory: int = 3 * 1024 * MIB  # the address space of the worker
    files: int = 64 * MIB  # the private folder for files
    threads: int = 64
    message: int = 64 * MIB  # one message between referee and worker
    received: int = 1024 * MIB  # all messages that the worker sends during one test cell
    callbacks: int = 200_000  # calls of the grader's functions in one test cell
    output: int = 2 * MIB  # text that all cells of a submission print and display
    figures: int = 8 * MIB  # the same for pictures

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Limits:
        """Return the limits that `to_json` wrote; a missing limit gets its default."""
        return cls(**{field.name: data[field.name] for field in fields(cls) if field.name in data})


def load_factor() -> float:
    """Return the factor, from 1 to 8, by which time limits are multiplied under the machine's current load: honest work
    must not be stopped because the machine is busy."""
    return min(8.0, max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)))
