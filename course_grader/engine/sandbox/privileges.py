"""Confine a forked worker before it runs a submission: namespaces, user, Landlock, capabilities, resource limits."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import resource
import signal
import stat
import struct
from collections.abc import Iterable
from pathlib import Path

from course_grader.engine.sandbox import seccomp

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_GET_TID_ADDRESS = 1, 4, 24, 40
NEW_USER, NEW_MOUNTS, NEW_PIDS, NEW_NET, NEW_IPC, NEW_UTS = (
    0x10000000, 0x00020000, 0x20000000, 0x40000000, 0x08000000, 0x04000000,
)  # fmt: skip
NAMESPACES = NEW_USER | NEW_MOUNTS | NEW_PIDS | NEW_NET | NEW_IPC | NEW_UTS
CHILD_CLEAR_TID, CHILD_SET_TID = 0x00200000, 0x01000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_RDONLY, MS_REC, MS_PRIVATE = 2, 4, 8, 1, 0x4000, 1 << 18
CAPABILITY_VERSION = 0x20080522
INSIDE_ID = 1000
# User ids for workers at the level `user`; each is used by one worker at a time.
FIRST_PRIVATE_ID, PRIVATE_IDS = 1_200_000, 1 << 22

MADV_COLLAPSE = 25

# Landlock (linux/Documentation/userspace-api/landlock.rst): its system calls, and the access rights that it controls,
# by the version of the interface that introduced them. A rule for a file, not a folder, may grant only OF_A_FILE.
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
VERSION_ALONE, BELOW_A_PATH = 1, 1
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
REFER, TRUNCATE, USE_DEVICE = 1 << 13, 1 << 14, 1 << 15
RIGHTS = {1: EXECUTE | WRITE_FILE | READ_FILE | READ_DIR | 0b1_1111_1111 << 4, 2: REFER, 3: TRUNCATE, 5: USE_DEVICE}
OF_A_FILE = READ_FILE | WRITE_FILE | TRUNCATE
# TCP bind and connect (since version 4); abstract sockets of other processes, and signals to them (since version 6).
TCP, SCOPES = 0b11, 0b11
DEVICES = tuple(f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom"))

libc = ctypes.CDLL(None, use_errno=True)
# Calls that keep Python's global lock, which must be locked when clone returns in the child process.
libc_locked = ctypes.PyDLL(None, use_errno=True)


def _call(name: str, *arguments: object) -> None:
    if getattr(libc, name)(*arguments) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")


def set_dumpable(dumpable: bool) -> None:
    """Set whether processes of the same user may read this process's memory."""
    _call("prctl", PR_SET_DUMPABLE, int(dumpable), 0, 0, 0)


def die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent ends. A change of user id cancels this."""
    _call("prctl", PR_SET_PDEATHSIG, 9, 0, 0, 0)


def fork_into_namespaces() -> int:
    """Fork into new namespaces and return the child's process id, or 0 in the child, as `os.fork`.

    The child is the first process of its process namespace. With unshare(2), only the next child would be in the
    namespace, and forking a large process twice takes twice as long. Raises OSError if the kernel refuses.
    """
    # The address where the C library stores the thread id. Like the library's own fork, clone must update it in the
    # child: abort(3) sends its signal to this thread.
    place = ctypes.c_void_p()
    flags = NAMESPACES | signal.SIGCHLD
    if libc.prctl(PR_GET_TID_ADDRESS, ctypes.byref(place), 0, 0, 0) == 0:
        flags |= CHILD_CLEAR_TID | CHILD_SET_TID
    last = (place, None) if platform.machine() == "x86_64" else (None, place)
    ctypes.pythonapi.PyOS_BeforeFork()
    child = libc_locked.syscall(seccomp.CLONE[platform.machine()], ctypes.c_ulong(flags), None, None, *last)
    if child == 0:
        ctypes.pythonapi.PyOS_AfterFork_Child()
        return 0
    ctypes.pythonapi.PyOS_AfterFork_Parent()
    if child < 0:
        raise OSError(ctypes.get_errno(), f"New namespaces: {os.strerror(ctypes.get_errno())}")
    return int(child)


def settle_in_namespaces(user: int, group: int, file_bytes: int, scratch: str) -> None:
    """Set up the new namespaces: no network, an empty /proc, and a private file system in memory at `scratch`.

    user, group: the effective ids of the process that made the namespaces. file_bytes: the size of `scratch`.
    Raises OSError if the kernel refuses.
    """
    # The files of /proc/self belong to this user only while the process is dumpable.
    set_dumpable(True)
    Path("/proc/self/uid_map").write_text(f"{INSIDE_ID} {user} 1")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/gid_map").write_text(f"{INSIDE_ID} {group} 1")
    set_dumpable(False)
    _call("mount", b"none", b"/", None, ctypes.c_ulong(MS_REC | MS_PRIVATE), None)
    flags = MS_NOSUID | MS_NODEV | MS_NOEXEC
    _mount_memory(scratch.encode(), flags, f"size={file_bytes},nr_inodes=20000,mode=0700")
    _mount_memory(b"/proc", flags | MS_RDONLY, "size=4k,nr_inodes=2,mode=0555")


def _mount_memory(place: bytes, flags: int, options: str) -> None:
    _call("mount", b"tmpfs", place, b"tmpfs", ctypes.c_ulong(flags), options.encode())


def landlock_version() -> int:
    """Return the version of the kernel's Landlock interface; less than 1 if it has none."""
    return int(libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), VERSION_ALONE))


def landlock_rules(folder: str, visible: Iterable[str], listed: Iterable[str] = ()) -> int | None:
    """Return Landlock rules for `restrict`, as a file descriptor, or None if the kernel has no Landlock.

    With these rules, a process can read only the paths in `visible`, list only the folders in `listed`, write only in
    `folder` and to a few devices, and (depending on the version) open no TCP connection and signal no other process.
    Call this before a change of user, since the new user may not be able to open all of the paths. Raises OSError.
    """
    version = landlock_version()
    rights = sum(right for since, right in RIGHTS.items() if since <= version)
    if not rights:
        return None
    handled = [rights] + [TCP] * (version >= 4) + [SCOPES] * (version >= 6)
    attributes = struct.pack(f"={len(handled)}Q", *handled)
    rules = libc.syscall(CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    if rules < 0:
        raise OSError(ctypes.get_errno(), f"Landlock: {os.strerror(ctypes.get_errno())}")
    devices = dict.fromkeys(DEVICES, rights & OF_A_FILE)
    read = dict.fromkeys(listed, READ_DIR) | dict.fromkeys(visible, READ_FILE | READ_DIR)
    for path, granted in {**read, **devices, folder: rights & ~EXECUTE}.items():
        try:
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            granted &= OF_A_FILE
        _call("syscall", ADD_RULE, rules, BELOW_A_PATH, struct.pack("=Qi", granted, place), 0)
        os.close(place)
    return int(rules)


def restrict(rules: int | None) -> None:
    """Apply Landlock rules to this process; this cannot be undone. Requires `seccomp.no_new_privileges` first."""
    if rules is not None:
        _call("syscall", RESTRICT_SELF, rules, 0)
        os.close(rules)


def become(user: int) -> None:
    """Change the user and group id to `user`, without supplementary groups."""
    # Only root can do this: afterwards the user would keep what a setuid program could give it.
    _empty_bounding_set()
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)


def drop_capabilities() -> None:
    """Give up all capabilities; this cannot be undone."""
    _empty_bounding_set()
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
    _call("capset", header, (ctypes.c_uint32 * 6)())


def _empty_bounding_set() -> None:
    for capability in range(64):
        if libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break


def set_limits(memory: int, file_bytes: int, threads: int, cpu_seconds: int) -> None:
    """Limit memory and file sizes (bytes), threads, and CPU time (seconds), and disable core dumps."""
    wanted = {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_FSIZE: file_bytes,
        resource.RLIMIT_NOFILE: 256,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: cpu_seconds,
        resource.RLIMIT_NPROC: threads,
    }
    for kind, value in wanted.items():
        _, hard = resource.getrlimit(kind)
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(kind, (bound, bound))


def close_all_but(*kept: int) -> None:
    """Close all file descriptors except those in `kept`, and connect stdin, stdout and stderr to /dev/null."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    wanted = sorted({0, 1, 2, *kept})
    for low, high in zip(wanted, [*wanted[1:], 65_536], strict=True):
        os.closerange(low + 1, high)


def use_large_pages() -> None:
    """Ask the kernel to use pages of 2 MiB for this process's private memory.

    A fork then copies one page-table entry instead of 512, and the end of the child frees one instead of 512.
    """
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/maps").read_text().splitlines():
            place, rights, *rest = line.split()
            if rights == "rw-p" and (len(rest) < 4 or rest[3] == "[heap]"):
                low, high = (int(end, 16) for end in place.split("-"))
                libc.madvise(ctypes.c_void_p(low), ctypes.c_size_t(high - low), MADV_COLLAPSE)
