"""How are all processes of a cell stopped, or told something, by signals?

A process that forks while we look could leave a child that runs on, so we look again until nobody new is found: whom we
have stopped forks no more. SIGSTOP cannot be caught or blocked, and what is stopped can still be killed.
"""

import os
import signal
from collections.abc import Callable, Sequence
from typing import Final

_LOOKS_MAX: Final = 64
"""Somebody who forks all the time without ever being caught does not exist; if it does, it is not waited for."""


def stop(list_pids: Callable[[], Sequence[int]], *, spared: int) -> list[int]:
    """Stop every process that is listed, but one; gives whom."""
    stopped: dict[int, None] = {}
    for _ in range(_LOOKS_MAX):
        fresh = [pid for pid in list_pids() if pid != spared and pid not in stopped]
        if not fresh:
            break
        for pid in fresh:
            stopped[pid] = None
            send(pid, signal.SIGSTOP)
    return list(stopped)


def send(pid: int, number: signal.Signals) -> None:
    """A signal to a process that may have ended a moment ago."""
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):  # ours no longer: it has changed its user by a set-user-ID program
        return
