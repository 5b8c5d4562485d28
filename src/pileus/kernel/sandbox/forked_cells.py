"""How does Pileus get cells from an initialised process?

The other side of `restoring`.
"""

import asyncio
import os
import socket
import struct
from collections import deque
from collections.abc import Callable
from typing import Final

import msgspec

from pileus.kernel.sandbox.cell import Cell
from pileus.kernel.sandbox.cell_groups import CellGroups
from pileus.kernel.sandbox.restoring import HELLO, STATUS
from pileus.kernel.sandbox.sandbox import SandboxFailed

_CREDENTIALS: Final = struct.Struct("3i")
_FORK_S_MAX: Final = 10.0


class ForkedCells:
    """Cells that are forked from `template`, a few of them ahead. Belongs to one event loop.

    groups: makes control groups for a cell. temporary_bytes_max: size of each one's `/tmp`.
    """

    def __init__(
        self, template: Cell, *, groups: Callable[[], CellGroups], temporary_bytes_max: int, spares: int = 1
    ) -> None:
        self._template = template
        self._groups = groups
        self._temporary_bytes_max = temporary_bytes_max
        self._spares_wanted = spares
        self._spares: deque[Cell] = deque()
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    async def take(self) -> Cell:
        """A cell that waits for its configuration; SandboxFailed."""
        while self._spares:
            cell = self._spares.popleft()
            if cell.alive:
                self.restock()
                return cell
            cell.close()
        cell = await self._fork()
        self.restock()
        return cell

    def restock(self) -> None:
        """Fork what is missing, a moment later: whoever has taken one goes first."""
        if not self._closed and (self._task is None or self._task.done()):
            self._task = asyncio.get_running_loop().create_task(self._fill())

    def close(self) -> None:
        self._closed = True
        if self._task is not None:
            self._task.cancel()
        while self._spares:
            self._spares.popleft().close()

    async def _fill(self) -> None:
        while len(self._spares) < self._spares_wanted and self._template.alive:
            await asyncio.sleep(0.02)
            try:
                cell = await self._fork()
            except SandboxFailed:
                return  # whoever takes one hears of it
            if self._closed:
                cell.close()
                return
            self._spares.append(cell)

    async def _fork(self) -> Cell:
        loop = asyncio.get_running_loop()
        groups = self._groups()
        channel, channel_far = socket.socketpair()
        status, status_far = socket.socketpair()
        status.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        status.setblocking(False)
        output, output_far = os.pipe()
        opened = [channel_far.detach(), status_far.detach(), output_far]
        try:
            opened += [os.open(entry, os.O_WRONLY) for entry in (*groups.entries, *groups.late_entries)]
            order = {"groups": len(groups.entries), "temporary_bytes_max": self._temporary_bytes_max}
            socket.send_fds(self._template.channel, [msgspec.json.encode(order)], opened)
            for descriptor in opened:
                os.close(descriptor)
            opened = []
            watch = await self._hear(loop, status)
        except BaseException as failure:
            for descriptor in (*opened, output):
                os.close(descriptor)
            channel.close()
            status.close()
            groups.remove()
            if isinstance(failure, OSError):
                raise SandboxFailed(str(failure)) from failure
            raise
        descriptors = [channel.detach(), status.detach(), output, watch]
        return Cell(loop=loop, descriptors=descriptors, groups=groups, contained=True)

    async def _hear(self, loop: asyncio.AbstractEventLoop, status: socket.socket) -> int:
        """The first word of the new cell's supervisor, which tells who it is; a descriptor of that process."""
        heard: asyncio.Future[None] = loop.create_future()
        loop.add_reader(status.fileno(), _wake, heard)
        timer = loop.call_later(_FORK_S_MAX, _wake, heard)
        try:
            await heard
        finally:
            timer.cancel()
            loop.remove_reader(status.fileno())
        try:
            word, ancillary, _, _ = status.recvmsg(1, socket.CMSG_SPACE(_CREDENTIALS.size))
        except BlockingIOError:
            raise SandboxFailed(f"nothing was restored within {_FORK_S_MAX:g} s") from None
        if word != HELLO or not ancillary:
            why = status.recv(4096)[STATUS.size - 1 :].decode(errors="replace") if word else "its process has ended"
            raise SandboxFailed(f"nothing could be restored: {why}")
        pid, _, _ = _CREDENTIALS.unpack_from(ancillary[0][2])
        try:
            return os.pidfd_open(pid)
        except OSError as gone:
            raise SandboxFailed("what was restored has ended") from gone


def _wake(waiting: "asyncio.Future[None]") -> None:
    if not waiting.done():
        waiting.set_result(None)
