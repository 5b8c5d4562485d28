"""Who waits for Pileus to end, and leaves nothing behind?

The launcher: it holds one end of a pipe whose other end only Pileus has, which closes however Pileus ends. Then the
zygote is killed, and with its namespace everything below; without namespaces all that descends from here. Standard
library only.
"""

import contextlib
import os
import select
import signal
import time
from typing import Final, NoReturn

_REMOVE_TRIES_MAX: Final = 200
_REMOVE_PAUSE_S: Final = 0.005


def guard(lifeline_fd: int, zygote: int, control_groups: list[str]) -> NoReturn:
    """Wait for Pileus to end, or for the zygote to; leave nothing behind."""
    lifeline = select.poll()
    lifeline.register(lifeline_fd, select.POLLIN)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    wake, waker = wake_pipe()
    lifeline.register(wake, select.POLLIN)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    while True:
        for descriptor, _ in lifeline.poll():
            if descriptor == lifeline_fd:
                os.kill(zygote, signal.SIGKILL)
                os.waitpid(zygote, 0)
                _end(control_groups)
            os.read(wake, 4096)
            if reaped(zygote):
                _end(control_groups)


def reaped(wanted: int) -> bool:
    """Collect every child that has ended; whether `wanted` was among them."""
    found = False
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if pid == 0:
            return found
        found = found or pid == wanted


def _end(control_groups: list[str]) -> NoReturn:
    kill_descendants()
    for _ in range(_REMOVE_TRIES_MAX):
        # A group stays busy for a moment after its last process is gone.
        control_groups = [parent for parent in control_groups if not _removed(parent)]
        if not control_groups:
            break
        time.sleep(_REMOVE_PAUSE_S)
    os._exit(0)


def _removed(parent: str) -> bool:
    try:
        for entry in os.scandir(parent):
            if entry.is_dir():
                os.rmdir(entry.path)
        os.rmdir(parent)
    except FileNotFoundError:
        return not os.path.exists(parent)
    except OSError:
        return False
    return True


def wake_pipe() -> tuple[int, int]:
    """A pipe into which the interpreter writes when a signal has come."""
    wake, waker = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(waker, False)
    return wake, waker


def kill_descendants() -> None:
    """Without a process namespace: kill all below us, and those who become ours meanwhile, until there is nobody.

    Whoever has been sent SIGKILL forks no more, so each look finds fewer than the one before.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    while True:
        for pid in _descendants():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return


def _descendants() -> list[int]:
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as table:
                    fields = table.read().rpartition(")")[2].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append(int(name))
    found, place = [os.getpid()], 0
    while place < len(found):
        found += children.get(found[place], ())
        place += 1
    return found[1:]
