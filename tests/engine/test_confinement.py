"""What a worker has given up, as the system shows it from outside: each right by itself, not only all together."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from course_grader.engine.limits import Limits
from course_grader.engine.rpc.channel import Channel
from course_grader.engine.rpc.peer import Peer, within
from course_grader.engine.sandbox.handles import ForkServer, Zygote
from course_grader.engine.sandbox.levels import Level, _scratch, _visible_paths, bubblewrap_command

LIMITS = Limits(memory=2**31, files=2**23, threads=30, total_seconds=100, experiments_seconds=20)
CAPABILITIES = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
NAMESPACES = ("user", "mnt", "pid", "net", "ipc", "uts")


def status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def is_readable(pid: int) -> bool:
    """Return whether other processes of its user may read the memory of a process: its files belong to root if not."""
    return Path(f"/proc/{pid}/environ").stat().st_uid != 0


@contextmanager
def worker_and_zygote(level: Level) -> Iterator[tuple[int, int]]:
    """Yield the numbers of a worker that is at the referee's service, and of its zygote."""
    zygote = Zygote(level)
    wire, handle = zygote.start_worker(LIMITS)
    try:
        peer = Peer(Channel(wire, 1 << 20), trusted=True)
        peer.deadline = within(60)
        peer.send(["begin", ["nothing"]])
        assert peer.wait("missing") == ["missing"]
        below = psutil.Process(ForkServer.of(level).process.pid).children(recursive=True)
        [own] = [one.pid for one in below if int(status(one.pid)["NSpid"].split()[-1]) == zygote._number]
        [worker] = [one.pid for one in psutil.Process(own).children()]
        yield worker, own
    finally:
        handle.kill()
        wire.close()
        zygote.close()


@pytest.mark.needs("isolation", "root")
@pytest.mark.parametrize("level", ["namespaces", "user"])
def test_a_worker_has_given_up_every_right(level: Level) -> None:
    with worker_and_zygote(level) as (worker, _):
        seen = status(worker)
        assert {name: int(seen[name], 16) for name in CAPABILITIES} == dict.fromkeys(CAPABILITIES, 0)
        assert (seen["Seccomp"], seen["NoNewPrivs"], seen["Groups"]) == ("2", "1", "")
        assert "0" not in seen["Uid"].split() + seen["Gid"].split()
        assert not is_readable(worker)


@pytest.mark.needs("isolation", "root")
@pytest.mark.parametrize("level", ["namespaces", "user"])
def test_a_worker_has_the_limits_that_were_asked_for(level: Level) -> None:
    with worker_and_zygote(level) as (worker, _):
        found = dict(
            re.findall(r"^Max (\w.*?) {2,}(\d+ +\d+) ", Path(f"/proc/{worker}/limits").read_text(), re.MULTILINE)
        )
        wanted = {"address space": 2**31, "file size": 2**23, "processes": 30, "cpu time": 121, "open files": 256}
        wanted["core file size"] = 0
        assert {name: found[name].split() for name in wanted} == {name: [str(n)] * 2 for name, n in wanted.items()}


@pytest.mark.needs("isolation", "root")
def test_a_worker_shares_no_namespace_with_its_zygote_and_that_none_with_the_grader() -> None:
    with worker_and_zygote("namespaces") as (worker, zygote):
        for upper, lower, names in (
            ("self", zygote, {"mnt", "pid", "net", "ipc", "uts"}),
            (zygote, worker, NAMESPACES),
        ):
            same = [name for name in names if Path(f"/proc/{upper}/ns/{name}").readlink()
                    == Path(f"/proc/{lower}/ns/{name}").readlink()]  # fmt: skip
            assert same == []
        # Another worker has the same user: neither may read the zygote's memory.
        assert not is_readable(zygote)


@pytest.mark.needs("isolation")
def test_the_zygote_can_write_to_its_scratch_folder_alone() -> None:
    places = ["/", "/dev", _scratch(), *map(str, _visible_paths())]
    look = f"import json, os\nprint(json.dumps([one for one in {places!r} if os.access(one, os.W_OK)]))"
    done = subprocess.run([*bubblewrap_command(), sys.executable, "-sPc", look], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [_scratch()]
