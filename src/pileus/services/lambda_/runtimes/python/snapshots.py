"""How does a Python function become a snapshot, and how does it live on from there?"""

import os
import random
import socket
import sys
from collections.abc import Iterable
from typing import Any, Final

from pileus.kernel.sandbox import restoring, wire
from pileus.services.lambda_.runtimes import frames
from pileus.services.lambda_.runtimes.python import snapshot_restore_py
from pileus.services.lambda_.runtimes.python.faults import Fault
from pileus.services.lambda_.runtimes.python.output import Outlet

MODULE: Final = "snapshot_restore_py"
FORK: Final = "fork"
AHEAD: Final = "ahead"
"""Environments are forked from this process, or it becomes one itself, later."""


def offer() -> None:
    """Let functions import the module of hooks, unless they bring their own."""
    sys.modules[MODULE] = snapshot_restore_py


def pass_through(channel: socket.socket, outlet: Outlet, *, mode: str) -> socket.socket:
    """Be the snapshot; returns in each environment that is restored from it, with the channel of that one.

    A process with threads is never forked: they would be gone in the fork, and whoever waits for them would wait for
    ever. It becomes an environment itself, when Pileus says so. Raises Fault when a hook fails.
    """
    _call(reversed(_hooks("get_before_snapshot")), kind="Runtime.BeforeSnapshotError")
    if mode == FORK and len(os.listdir("/proc/self/task")) == 1:
        outlet.send(frames.TEMPLATE, b"")
        restored = restoring.wait(channel)
        channel = restored.channel
        outlet.moved(channel)
        os.environ.update(restored.order["environment"])
        _draw_anew()
    else:
        if mode == FORK:
            restoring.never()
        outlet.send(frames.READY, b"")
        if wire.receive(channel) is None:
            sys.exit(0)  # nobody has needed it
    _call(_hooks("get_after_restore"), kind="Runtime.AfterRestoreError")
    return channel


def _hooks(name: str) -> list[Any]:
    get = getattr(sys.modules.get(MODULE), name, None)
    return list(get()) if get is not None else []


def _call(hooks: Iterable[Any], *, kind: str) -> None:
    for function, positional, named in hooks:
        try:
            function(*positional, **named)
        except Exception as failure:
            raise Fault(kind, f"{type(failure).__name__}: {failure}") from failure


def _draw_anew() -> None:
    """Random numbers that no other environment draws. `os.urandom`, `secrets`, `uuid4` and OpenSSL need no help."""
    random.seed()
    numpy = sys.modules.get("numpy.random")
    if numpy is not None:
        numpy.seed()
