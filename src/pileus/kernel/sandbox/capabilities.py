"""What does this host offer for containing foreign code, and what follows where it offers less?

Each finding is found by trying, in a child process where trying changes something: names of distributions and kernel
versions say little, since containers, security modules and settings take away what a kernel could do.
"""

import platform
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec

from pileus.kernel.sandbox import landlock
from pileus.kernel.sandbox.cell_groups import CONTROLLERS, PROCESSES_MAX
from pileus.kernel.sandbox.control_groups import ControlGroups

Standing = Literal["ok", "limited", "missing"]

_TRY_S_MAX: Final = 10.0
_FILES_FOR_EACH_CELL: Final = 4
_WITHOUT: Final = {
    "cpu": "a function may use all processors, whatever its memory size",
    "memory": "memory is limited for each process of a function (RLIMIT_DATA), not for all of them together",
    "pids": f"the limit of {PROCESSES_MAX} processes is not enforced",
}
"""What follows where a controller is not granted."""


class Capability(msgspec.Struct, frozen=True, kw_only=True):
    """One thing a host may offer. `consequence`: what functions lose without it; empty when `standing` is ok."""

    name: str
    standing: Standing
    detail: str
    consequence: str = ""


def probe() -> list[Capability]:
    """Everything containment uses, in the order of its weight."""
    if platform.system() != "Linux":
        return [
            Capability(
                name="namespaces",
                standing="missing",
                detail=platform.system(),
                consequence="functions cannot run: the sandbox is made of Linux's system calls",
            )
        ]
    namespaces = _namespaces()
    return [namespaces, _control_groups(), _seccomp(), _landlock(needed=namespaces.standing != "ok"), _files()]


def _namespaces() -> Capability:
    """Mount, process, IPC and host name namespaces; through a user namespace where we are not root."""
    refused = _try(
        "from pileus.kernel.sandbox import linux, template, zygote\n"
        "refused = zygote.enter_namespaces(user_id=993, group_id=990, wanted=True)\n"
        "if refused: sys.exit(refused)\n"
        "linux.unshare(linux.CLONE_NEWIPC | linux.CLONE_NEWUTS)\n"
        "template.enter(visible={}, hidden=[])\n"
    )
    if not refused:
        return Capability(name="namespaces", standing="ok", detail="mount, process, IPC and UTS")
    return Capability(
        name="namespaces",
        standing="missing",
        detail=refused,
        consequence="functions run as Pileus's user and see its processes; Landlock holds them to their files"
        if landlock.version()
        else "functions see this machine's files and processes as Pileus does: run only code you trust",
    )


def _control_groups() -> Capability:
    """Limits of memory, processors and processes that hold for a whole process tree."""
    groups = ControlGroups()
    found = groups.hierarchies
    groups.close()
    versions = sorted({f"version {hierarchy.version}" for hierarchy in found})
    controllers = {name for hierarchy in found for name in hierarchy.controllers}
    missing = [_WITHOUT[name] for name in sorted(CONTROLLERS - controllers)]
    return Capability(
        name="control groups",
        standing="ok" if not missing else "limited" if found else "missing",
        detail=f"{', '.join(versions)}: {', '.join(sorted(controllers))}" if found else "none may be written",
        consequence="; ".join(missing),
    )


def _seccomp() -> Capability:
    refused = _try(
        "from pileus.kernel.sandbox import linux\n"
        "linux.gain_no_privileges()\n"
        "assert linux.forbid_system_calls(), 'system call numbers of this machine are unknown'\n"
    )
    if not refused:
        return Capability(name="seccomp", standing="ok", detail=f"filter for {platform.machine()}")
    return Capability(
        name="seccomp",
        standing="missing",
        detail=refused,
        consequence="functions may call all of the kernel that an unprivileged process may",
    )


def _landlock(*, needed: bool) -> Capability:
    """Takes the place of namespaces for files where those are forbidden."""
    version = landlock.version()
    if not needed:
        detail = f"version {version} of its interface" if version else landlock.why_missing()
        return Capability(name="landlock", standing="ok", detail=f"{detail}; not needed beside namespaces")
    if version >= landlock.SCOPES_FROM:
        return Capability(name="landlock", standing="ok", detail=f"version {version} of its interface")
    if version:
        return Capability(
            name="landlock",
            standing="limited",
            detail=f"version {version} of its interface",
            consequence="functions may send signals to Pileus and to one another (Linux 6.12 helps)",
        )
    return Capability(
        name="landlock",
        standing="missing",
        detail=landlock.why_missing(),
        consequence="functions read and write all that Pileus may",
    )


def _files() -> Capability:
    """How many environments the limit of open files allows."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard == resource.RLIM_INFINITY or hard >= 1_000 * _FILES_FOR_EACH_CELL + 1_024:
        return Capability(name="open files", standing="ok", detail=f"up to {hard}")
    return Capability(
        name="open files",
        standing="limited",
        detail=f"up to {hard}",
        consequence=f"about {max(0, hard - 512) // _FILES_FOR_EACH_CELL} environments at a time: raise `ulimit -Hn`",
    )


def _try(program: str) -> str:
    """Run a few lines in a child: '' when they succeed, otherwise what was refused."""
    root = str(Path(__file__).parents[3])
    try:
        ended = subprocess.run(
            [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {root!r})\n{program}"],
            capture_output=True,
            text=True,
            timeout=_TRY_S_MAX,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as failure:
        return str(failure)
    if ended.returncode == 0:
        return ""
    lines: Sequence[str] = ended.stderr.strip().splitlines()
    return lines[-1] if lines else f"exit status {ended.returncode}"
