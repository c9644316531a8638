"""What the command `course` says when it cannot go on: one sentence and an exit code."""

from __future__ import annotations

import errno
from enum import IntEnum


class Exit(IntEnum):
    """The exit codes of `course`."""

    OK = 0
    FAILED = 1  # something is wrong in what was checked
    BAD_INPUT = 2  # the command or a file given to it cannot be used
    ENVIRONMENT = 3  # a problem of this machine: a permission, a full disk, a missing program
    TESTS = 4  # what was graded is graded, and a test looks as if it were at fault itself


class CourseError(Exception):
    """A sentence for the user, saying what is wrong, where, and what to do; `exit_code` is what `course` ends with."""

    def __init__(self, message: str, exit_code: Exit = Exit.BAD_INPUT) -> None:
        super().__init__(message)
        self.exit_code = exit_code


REMEDIES = {
    errno.EACCES: "permission is missing. Change the permissions, or work in a folder of your own.",
    errno.EDQUOT: "your quota of disk space is used up. Delete something and try again.",
    errno.ENOENT: "it does not exist. Look at the spelling and at the folder you are in.",
    errno.ENOSPC: "the disk is full. Make room and try again.",
    errno.EPERM: "permission is missing. Change the permissions, or work in a folder of your own.",
    errno.EROFS: "the disk is read-only. Work in another folder.",
}
NOT_THERE = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR}


def from_os(error: OSError) -> CourseError:
    """Turn an error of the operating system into a sentence that names the file and the remedy."""
    what = f"Cannot use {error.filename}" if error.filename else "The system refused"
    remedy = REMEDIES.get(error.errno or 0, f"{(error.strerror or str(error)).lower()}.")
    return CourseError(f"{what}: {remedy}", Exit.BAD_INPUT if error.errno in NOT_THERE else Exit.ENVIRONMENT)
