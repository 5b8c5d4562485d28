"""How does a process give up all files but those it names?

Landlock, which needs no privilege and no namespace: whoever has restricted itself, and everything it starts, can open
only what lies below the named folders, may trace only its own kind, and (since Linux 6.12) may send signals to its own
kind only. It cannot make an exception below a folder that is granted. Standard library only.

Source: https://docs.kernel.org/userspace-api/landlock.html
"""

import ctypes
import errno
import os
import stat
import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

_SYS_CREATE_RULESET: Final = 444  # these three have the same numbers on every architecture
_SYS_ADD_RULE: Final = 445
_SYS_RESTRICT_SELF: Final = 446
_ASK_VERSION: Final = 1
_PATH_BENEATH: Final = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = (1 << bit for bit in range(4))
_TRUNCATE: Final = 1 << 14
_DEVICE_IOCTL: Final = 1 << 15
_ALL: Final = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
"""What each version of the interface can withhold; later ones withhold no more of files."""
_OF_FILES: Final = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _DEVICE_IOCTL
_SCOPED: Final = 3  # abstract sockets and signals
SCOPES_FROM: Final = 6
"""The version which keeps signals within."""

_libc: Final = ctypes.CDLL(None, use_errno=True)
_long = ctypes.c_long


def version() -> int:
    """Of its interface; 0 where it is missing or switched off."""
    found = _libc.syscall(_long(_SYS_CREATE_RULESET), None, ctypes.c_size_t(0), ctypes.c_uint(_ASK_VERSION))
    return max(0, int(found))


def why_missing() -> str:
    """To be asked after `version` has said 0."""
    return "switched off" if ctypes.get_errno() == errno.EOPNOTSUPP else "not in this kernel"


def restrict(*, readable: Iterable[str], writable: Iterable[str]) -> None:
    """From here on only what lies below these can be opened. Needs `linux.gain_no_privileges`.

    readable: may be executed, too. What is missing is skipped.
    """
    known = version()
    everything = _ALL[min(known, max(_ALL))]
    attributes = struct.pack("=QQQ", everything, 0, _SCOPED)[: 24 if known >= SCOPES_FROM else 8]
    ruleset = _libc.syscall(_long(_SYS_CREATE_RULESET), attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint(0))
    _check(ruleset)
    try:
        for path in readable:
            _grant(ruleset, path, _EXECUTE | _READ_FILE | _READ_DIR)
        for path in writable:
            _grant(ruleset, path, everything & ~_DEVICE_IOCTL)
        _check(_libc.syscall(_long(_SYS_RESTRICT_SELF), ctypes.c_int(ruleset), ctypes.c_uint(0)))
    finally:
        os.close(ruleset)


def without(tree: str, hidden: Sequence[str]) -> Iterator[str]:
    """What to name instead of `tree` so that nothing of `hidden` is granted: itself, or what lies beside those."""
    inside = [path for path in hidden if path == tree or path.startswith(tree.rstrip("/") + "/")]
    if not inside:
        yield tree
    elif tree not in inside:
        for entry in os.scandir(tree):
            if not entry.is_symlink():
                yield from without(entry.path, inside)


def _grant(ruleset: int, path: str, access: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            access &= _OF_FILES
        rule = struct.pack("=Qi", access, descriptor)
        result = _libc.syscall(
            _long(_SYS_ADD_RULE), ctypes.c_int(ruleset), ctypes.c_int(_PATH_BENEATH), rule, ctypes.c_uint(0)
        )
        _check(result)
    finally:
        os.close(descriptor)


def _check(result: int) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"Landlock: {os.strerror(number)}")
