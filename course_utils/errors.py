"""Errors that end the command `course`: one sentence and an exit code."""

from __future__ import annotations

import errno
from enum import IntEnum


class Exit(IntEnum):
    """The exit codes of `course`."""

    OK = 0
    FAILED = 1  # something that was checked is wrong
    BAD_INPUT = 2  # wrong usage, or a file that cannot be used
    ENVIRONMENT = 3  # a problem with this machine: a permission, a full disk, a missing program
    TESTS = 4  # grading finished, but one of the tests itself seems to be wrong


class CourseError(Exception):
    """An error for the user; its message says what is wrong, where, and what to do. `course` exits with `exit_code`."""

    def __init__(self, message: str, exit_code: Exit = Exit.BAD_INPUT) -> None:
        super().__init__(message)
        self.exit_code = exit_code


REMEDIES = {
    errno.EACCES: "permission denied. Change the permissions, or work in a folder of your own.",
    errno.EDQUOT: "your disk quota is used up. Delete something and try again.",
    errno.ENOENT: "it does not exist. Check the spelling and the folder you are in.",
    errno.ENOSPC: "the disk is full. Make room and try again.",
    errno.EPERM: "permission denied. Change the permissions, or work in a folder of your own.",
    errno.EROFS: "the disk is read-only. Work in another folder.",
}
NOT_THERE = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR}


def from_os(error: OSError) -> CourseError:
    """Return a CourseError that names the file and the fix for an error of the operating system."""
    what = f"Cannot use {error.filename}" if error.filename else "The system refused"
    remedy = REMEDIES.get(error.errno or 0, f"{(error.strerror or str(error)).lower()}.")
    return CourseError(f"{what}: {remedy}", Exit.BAD_INPUT if error.errno in NOT_THERE else Exit.ENVIRONMENT)
