"""A seccomp filter that allows a worker only the system calls that NumPy, matplotlib and IPython need.

A worker may read, write, allocate memory, wait and start threads. It cannot start a process or program, open a network
socket, trace a process or mount anything. The filter is a classic BPF program
(linux/Documentation/userspace-api/seccomp_filter.rst); once loaded, it cannot be removed.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from typing import Any

# Numbers of the allowed system calls, from the kernel's unistd.h for each architecture.
ALLOWED = {
    "x86_64": """
        read=0 write=1 readv=19 writev=20 pread64=17 pwrite64=18 preadv=295 pwritev=296 close=3
        close_range=436 fstat=5 newfstatat=262 stat=4 lstat=6 statx=332 access=21 faccessat=269 faccessat2=439
        lseek=8 open=2 openat=257 creat=85 getcwd=79 chdir=80 fchdir=81 rename=82 renameat=264 renameat2=316
        mkdir=83 mkdirat=258 rmdir=84 unlink=87 unlinkat=263 symlink=88 symlinkat=266 readlink=89
        readlinkat=267 chmod=90 fchmod=91 fchmodat=268 truncate=76 ftruncate=77 fallocate=285 fsync=74
        fdatasync=75 flock=73 fcntl=72 ioctl=16 getdents=78 getdents64=217 umask=95 utimensat=280 utime=132
        utimes=235 statfs=137 fstatfs=138 copy_file_range=326 sendfile=40 dup=32 dup2=33 dup3=292 pipe=22
        pipe2=293
        mmap=9 mprotect=10 munmap=11 mremap=25 madvise=28 brk=12 msync=26 mincore=27 membarrier=324
        select=23 pselect6=270 poll=7 ppoll=271 epoll_create=213 epoll_create1=291 epoll_ctl=233
        epoll_wait=232 epoll_pwait=281 eventfd2=290 nanosleep=35 clock_nanosleep=230 clock_gettime=228
        clock_getres=229 gettimeofday=96 time=201 getitimer=36 setitimer=38 alarm=37 pause=34 futex=202
        restart_syscall=219
        rt_sigaction=13 rt_sigprocmask=14 rt_sigreturn=15 rt_sigpending=127 rt_sigtimedwait=128
        rt_sigsuspend=130 sigaltstack=131 kill=62 tgkill=234 tkill=200
        getpid=39 getppid=110 gettid=186 getuid=102 geteuid=107 getgid=104 getegid=108 getgroups=115
        getresuid=118 getresgid=120 getpgrp=111 getpgid=121 getsid=124 uname=63 sched_yield=24
        sched_getaffinity=204 getpriority=140 getrlimit=97 prlimit64=302 getrusage=98
        times=100 sysinfo=99 getcpu=309 getrandom=318 set_robust_list=273 rseq=334 set_tid_address=218
        arch_prctl=158 wait4=61 waitid=247 exit=60 exit_group=231
        socketpair=53 sendto=44 recvfrom=45 sendmsg=46 recvmsg=47 shutdown=48 getsockname=51 getpeername=52
        getsockopt=55 setsockopt=54
    """,
    "aarch64": """
        read=63 write=64 readv=65 writev=66 pread64=67 pwrite64=68 preadv=69 pwritev=70 close=57
        close_range=436 fstat=80 newfstatat=79 statx=291 faccessat=48 faccessat2=439 lseek=62 openat=56
        getcwd=17 chdir=49 fchdir=50 renameat=38 renameat2=276 mkdirat=34 unlinkat=35 symlinkat=36
        readlinkat=78 fchmod=52 fchmodat=53 truncate=45 ftruncate=46 fallocate=47 fsync=82 fdatasync=83
        flock=32 fcntl=25 ioctl=29 getdents64=61 umask=166 utimensat=88 statfs=43 fstatfs=44
        copy_file_range=285 sendfile=71 dup=23 dup3=24 pipe2=59
        mmap=222 mprotect=226 munmap=215 mremap=216 madvise=233 brk=214 msync=227 mincore=232 membarrier=283
        pselect6=72 ppoll=73 epoll_create1=20 epoll_ctl=21 epoll_pwait=22 eventfd2=19 nanosleep=101
        clock_nanosleep=115 clock_gettime=113 clock_getres=114 gettimeofday=169 getitimer=102 setitimer=103
        futex=98 restart_syscall=128
        rt_sigaction=134 rt_sigprocmask=135 rt_sigreturn=139 rt_sigpending=136 rt_sigtimedwait=137
        rt_sigsuspend=133 sigaltstack=132 kill=129 tgkill=131 tkill=130
        getpid=172 getppid=173 gettid=178 getuid=174 geteuid=175 getgid=176 getegid=177 getgroups=158
        getresuid=148 getresgid=150 getpgid=155 getsid=156 uname=160 sched_yield=124 sched_getaffinity=123
        getpriority=141 getrlimit=163 prlimit64=261 getrusage=165 times=153 sysinfo=179
        getcpu=168 getrandom=278 set_robust_list=99 rseq=293 set_tid_address=96 wait4=260 waitid=95
        exit=93 exit_group=94
        socketpair=199 sendto=206 recvfrom=207 sendmsg=211 recvmsg=212 shutdown=210 getsockname=204
        getpeername=205 getsockopt=209 setsockopt=208
    """,
}
AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
CLONE = {"x86_64": 56, "aarch64": 220}
CLONE3 = 435
CLONE_THREAD = 0x00010000
PRCTL = {"x86_64": 157, "aarch64": 167}
# The allowed options of prctl: queries, and names for threads and memory. Not PR_SET_PDEATHSIG, with which a worker
# could outlive the zygote, nor PR_SET_DUMPABLE.
PR_GET_PDEATHSIG, PR_GET_DUMPABLE, PR_SET_NAME, PR_GET_NAME, PR_CAPBSET_READ, PR_SET_VMA = 2, 3, 15, 16, 23, 0x53564D41
PRCTLS = (PR_GET_PDEATHSIG, PR_GET_DUMPABLE, PR_SET_NAME, PR_GET_NAME, PR_CAPBSET_READ, PR_SET_VMA)

LOAD, JUMP_EQUAL, JUMP_SET, RETURN = 0x20, 0x15, 0x45, 0x06
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16
ALLOW, KILL, ERROR = 0x7FFF0000, 0x80000000, 0x00050000
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, MODE_FILTER = 38, 22, 2


def supported() -> bool:
    """Return whether there is a filter for this machine: Linux on an architecture in ALLOWED."""
    return platform.system() == "Linux" and platform.machine() in ALLOWED


def program(machine: str) -> bytes:
    """Return the filter for an architecture, as an array of struct sock_filter."""
    numbers = sorted(int(item.split("=")[1]) for item in ALLOWED[machine].split())
    code = [
        _step(LOAD, ARCHITECTURE),
        _step(JUMP_EQUAL, AUDIT_ARCH[machine], 1, 0),
        _step(RETURN, KILL),
        _step(LOAD, NUMBER),
        # The flags of clone3 are in memory, where a filter cannot check them. With ENOSYS the C library uses clone.
        _step(JUMP_EQUAL, CLONE3, 0, 1),
        _step(RETURN, ERROR | errno.ENOSYS),
        _step(JUMP_EQUAL, CLONE[machine], 0, 4),
        _step(LOAD, FIRST_ARGUMENT),
        _step(JUMP_SET, CLONE_THREAD, 1, 0),
        _step(RETURN, ERROR | errno.EPERM),
        _step(RETURN, ALLOW),
        _step(JUMP_EQUAL, PRCTL[machine], 0, 2 * len(PRCTLS) + 2),
        _step(LOAD, FIRST_ARGUMENT),
    ]
    for option in PRCTLS:
        code += [_step(JUMP_EQUAL, option, 0, 1), _step(RETURN, ALLOW)]
    code += [_step(RETURN, ERROR | errno.EPERM)]
    for number in numbers:
        code += [_step(JUMP_EQUAL, number, 0, 1), _step(RETURN, ALLOW)]
    return b"".join([*code, _step(RETURN, ERROR | errno.EPERM)])


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))


def apply_filter() -> None:
    """Apply the filter to this process; this cannot be undone. Raises OSError if the kernel refuses."""
    steps = program(platform.machine())
    no_new_privileges()
    _prctl(PR_SET_SECCOMP, MODE_FILTER, ctypes.byref(_Program(len(steps) // 8, steps)), 0, 0)


def no_new_privileges() -> None:
    """Make sure that this process can never gain privileges by running a program, such as a setuid one."""
    _prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def _prctl(*arguments: Any) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(*arguments) != 0:
        raise OSError(
            ctypes.get_errno(), f"The system call filter cannot be applied: {os.strerror(ctypes.get_errno())}"
        )
