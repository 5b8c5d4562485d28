"""What does Pileus hold of one contained process tree?"""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from pileus.kernel.sandbox import peers, stopping, wire
from pileus.kernel.sandbox.cell_groups import CellGroups
from pileus.kernel.sandbox.zygote import ENDED, STATUS

TEMPORARY_BYTES: Final = 512 * 1024 * 1024
"""Size of `/tmp` unless ordered otherwise. Source: API_EphemeralStorage, the default."""
_LINGER: Final = b"L"
"""To the supervisor: when the first process has ended, wait for the others."""
_REMOVE_TRIES_MAX: Final = 50
_REMOVE_PAUSE_S: Final = 0.02


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a blank cell is to become.

    mounts: (source, target) directories to show read-only, the targets among those the view leaves empty.
    layers: directories to show merged at `/opt`, read-only, the later ones over the earlier.
    root: a directory to be the root, read-only, instead of the view with mounts and layers; as `roots` wants it. Only
    contained cells can have one.
    readable: what else may be read where there are no mounts.
    call: `module:function` of a preloaded module, called with the channel and `argument`; or execute: an argv.
    channel_at: the descriptor at which the executed program is to find the channel; -1 for nowhere.
    beside: programs to start as well, before that; nobody waits for them.
    temporary_bytes_max: size of `/tmp`.
    nests: whether others are to be forked from it, as of `restoring`.
    data_bytes_max, processors_held: the memory limit, by RLIMIT_DATA, of a cell without a control group, and whether it
    has one for processors; the cell itself fills them in.
    """

    mounts: Sequence[tuple[str, str]] = ()
    layers: Sequence[str] = ()
    root: str = ""
    readable: Sequence[str] = ()
    environment: dict[str, str]
    directory: str
    hostname: str = "localhost"
    call: str = ""
    argument: object = None
    execute: Sequence[str] = ()
    channel_at: int = -1
    beside: Sequence[str] = ()
    data_bytes_max: int | None = None
    processors_held: bool = True
    temporary_bytes_max: int = TEMPORARY_BYTES
    nests: bool = False


class Exit(msgspec.Struct, frozen=True):
    """How a cell ended: `wait_status` of its first foreign process, None when we killed it; `failure` is ours."""

    wait_status: int | None
    failure: str = ""


class Cell:
    """One contained process tree. The owner sets `exited`, which is called once, when nothing of it is alive.

    channel: non-blocking stream to the subject. output: non-blocking pipe with its standard output and error.
    """

    def __init__(
        self, *, loop: asyncio.AbstractEventLoop, descriptors: list[int], groups: CellGroups, contained: bool
    ) -> None:
        self._loop = loop
        self.channel = socket.socket(fileno=descriptors[0])
        self.channel.setblocking(False)
        self._status = socket.socket(fileno=descriptors[1])
        self._status.setblocking(False)
        self.output = descriptors[2]
        os.set_blocking(self.output, False)
        self._watch = descriptors[3] if len(descriptors) > 3 else -1
        self.groups = groups
        self.contained = contained
        self.exited: Callable[[Exit], None] | None = None
        self.exit: Exit | None = None
        self._memory_bytes = 0
        self._stopped: list[int] = []
        self._timers: list[asyncio.TimerHandle] = []
        self._first = 0
        self._report = b""
        self._closed = False
        loop.add_reader(self._status.fileno(), self._status_readable)

    @property
    def alive(self) -> bool:
        return self.exit is None

    def configure(self, order: Order, *, memory_bytes: int) -> None:
        """Tell the blank process what to become, and limit it."""
        self._memory_bytes = memory_bytes
        if self.groups.limits_memory:
            # The kernel counts what lies in /tmp as the cell's memory, so there must be room for both; that the cell's
            # own memory stays within its part, `overdrawn` watches.
            self.groups.limit_memory(memory_bytes + (order.temporary_bytes_max if self.contained else 0))
        else:
            order = msgspec.structs.replace(order, data_bytes_max=memory_bytes)
        if not self.groups.limits_processors:
            order = msgspec.structs.replace(order, processors_held=False)
        body = wire.frame(wire.CONFIGURE, msgspec.json.encode(order))
        self.channel.setblocking(True)
        try:
            # An order is a few KiB (Lambda's variables: 4 KiB at most), far below what the socket holds.
            self.channel.sendall(body)
        except OSError:
            self.kill()
        finally:
            self.channel.setblocking(False)

    def limit_processors(self, share: float) -> None:
        """Grant it so many processors' time, from now on; without a control group it takes what it gets."""
        self.groups.limit_processors(share)

    def freeze(self) -> None:
        """Let nothing in it go on until `thaw`: by the freezer of its control group, or by stopping every process."""
        if self.exit is None and not self._stopped and not (self.groups.freezes and self.groups.freeze()):
            self._stopped = stopping.stop(self._pids, spared=self._supervisor())

    def thaw(self) -> None:
        """Let everything go on that `freeze` has stopped."""
        self.groups.thaw()
        stopped, self._stopped = self._stopped, []
        for pid in reversed(stopped):
            stopping.send(pid, signal.SIGCONT)

    def overdrawn(self) -> bool:
        """Whether it holds more memory than it may, not counting its `/tmp`. Cheap while it is far from that."""
        used_bytes = self.groups.memory_used_bytes()
        return used_bytes > self._memory_bytes > 0 and self._own_memory_bytes() > self._memory_bytes

    def _own_memory_bytes(self) -> int:
        """What its processes hold: private pages, and shared ones that are no files of its `/tmp`."""
        private_bytes, shared_bytes = self.groups.memory_kinds()
        return private_bytes + max(0, shared_bytes - self._temporary_used_bytes(otherwise=shared_bytes))

    def _temporary_used_bytes(self, *, otherwise: int) -> int:
        """How much lies in its `/tmp`; `otherwise` where we may not look into it."""
        first = self._supervisor()
        try:
            found = os.statvfs(f"/proc/{first}/root/tmp")
        except OSError:
            return otherwise
        return (found.f_blocks - found.f_bfree) * found.f_frsize

    def refusal(self) -> str | None:
        """Why the blank process could not become what it was ordered to; for owners who do not read the channel."""
        try:
            received = self.channel.recv(4096)
        except OSError:
            return None
        if len(received) < wire.HEADER.size or received[wire.LENGTH_BYTES] != wire.REFUSED:
            return None
        return received[wire.HEADER.size :].decode(errors="replace")

    def made(self, connection: tuple[peers.Address, peers.Address]) -> bool:
        """Whether one of its own processes made this connection (client's address, server's address) to us."""
        inode = peers.client_inode(client=connection[0], server=connection[1])
        return inode != 0 and peers.holds(self._pids(), inode)

    def _pids(self) -> list[int]:
        if self.groups.census and (found := peers.members(self.groups.census)):
            return found
        first = self._supervisor()
        return peers.tree(first) if first else []

    def _supervisor(self) -> int:
        """Its first process, which is ours; 0 when it has ended."""
        if self.exit is not None:
            return 0
        if not self._first and self._watch != -1:
            self._first = peers.pid_behind(self._watch)
        return self._first

    def kill(self) -> None:
        """End every process of the cell, at once; `exited` follows."""
        self.groups.kill()
        with contextlib.suppress(OSError):  # it may have ended by itself a moment ago
            if self._watch != -1 and self.contained:
                signal.pidfd_send_signal(self._watch, signal.SIGKILL)
            else:
                self.thaw()  # the supervisor, which is to kill the others, may be frozen, too
                self._status.shutdown(socket.SHUT_WR)

    def end(self, *, first_s: float, all_s: float) -> None:
        """Ask its first process to end (SIGTERM), and kill it after `first_s`; everything else has `all_s`.

        The others are not told: who has such processes tells them in its own way. `exited` follows when all are gone.
        """
        first = next(peers.children(self._supervisor()), 0) if self.alive and all_s > 0 else 0
        if not first or self._timers:
            self.kill()
            return
        self.thaw()
        with contextlib.suppress(OSError):
            self._status.send(_LINGER)
        stopping.send(first, signal.SIGTERM)
        self._timers = [
            self._loop.call_later(min(first_s, all_s), self._kill_first, first),
            self._loop.call_later(all_s, self.kill),
        ]

    def _kill_first(self, pid: int) -> None:
        if pid in peers.children(self._supervisor()):
            stopping.send(pid, signal.SIGKILL)

    def close(self) -> None:
        """Give up the cell's descriptors, killing it if need be; its control groups go when it is empty."""
        if self._closed:
            return
        self._closed = True
        if self.exit is None:
            self.kill()
        self.exited = None
        self.channel.close()
        os.close(self.output)
        if self.exit is not None:
            self._let_go(0)

    def _status_readable(self) -> None:
        try:
            received = self._status.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            received = b""
        if received:
            self._report += received
            return
        self._loop.remove_reader(self._status.fileno())
        self._status.close()
        self.exit = self._read_report()
        for timer in self._timers:
            timer.cancel()
        if self.exited is not None:
            self.exited(self.exit)
        if self._closed:
            self._let_go(0)

    def _read_report(self) -> Exit:
        if len(self._report) < STATUS.size:
            return Exit(None)
        kind, code = STATUS.unpack_from(self._report)
        if kind == ENDED:
            return Exit(code)
        return Exit(None, self._report[STATUS.size :].decode(errors="replace"))

    def _let_go(self, tries: int) -> None:
        if self._watch != -1:
            os.close(self._watch)
            self._watch = -1
        # The supervisor's death is reported a moment before its namespace is empty.
        if not self.groups.remove() and tries < _REMOVE_TRIES_MAX and not self._loop.is_closed():
            self._loop.call_later(_REMOVE_PAUSE_S, self._let_go, tries + 1)
