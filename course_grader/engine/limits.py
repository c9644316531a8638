"""What a submission may use. Every limit that is hit costs the exercise that hit it, and nothing else."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, fields
from typing import Any

MIB = 2**20


@dataclass(frozen=True)
class Limits:
    """Limits of one submission: seconds of wall time on a machine with nothing else to do (see `load_factor`), bytes,
    counts."""

    cell_seconds: float = 30.0  # one of the student's cells
    experiment_seconds: float = 20.0  # an experiment that the student changed or that an answer needs
    experiments_seconds: float = 60.0  # all experiments of a submission together, with every new start
    experiment_memory: int = 1536 * MIB  # what the worker may have in all while an experiment runs
    experiment_stops: int = 10  # after this many experiments were stopped, no other runs
    test_seconds: float = 15.0  # all calls of one test cell
    again_seconds: float = 2.0  # the same, for further test cells of an exercise that was stopped once
    judge_seconds: float = 20.0  # what a test cell computes itself, besides the calls
    judge_memory: int = 2 * 1024 * MIB  # the same in bytes, beside what the grader holds already
    total_seconds: float = 300.0  # all cells and calls of a submission, with every new start
    starts: int = 60  # how often a worker that ended is started again
    memory: int = 3 * 1024 * MIB  # the address space of the worker
    files: int = 64 * MIB  # the private folder for files
    threads: int = 64
    message: int = 64 * MIB  # one message on the wire
    received: int = 1024 * MIB  # all messages of one test cell together
    callbacks: int = 200_000  # calls of the grader's functions in one test cell
    output: int = 2 * MIB  # what the cells of a submission print and display, together
    figures: int = 8 * MIB  # the same for pictures

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Limits:
        """Return the limits that `to_json` wrote; a limit that is not named has its default."""
        return cls(**{field.name: data[field.name] for field in fields(cls) if field.name in data})


def load_factor() -> float:
    """Return how many times as long as alone work may take on this machine now, from 1 to 8: honest work is not to be
    stopped because the machine is busy."""
    return min(8.0, max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)))
