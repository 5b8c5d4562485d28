"""When is what an environment writes to its descriptors read?"""

import asyncio
import fcntl
import os
import termios
from typing import Final

from pileus.kernel.sandbox.cell import Cell
from pileus.services.lambda_.environments.links import RuntimeLink
from pileus.services.lambda_.environments.logs import EnvironmentLog

_READ_BYTES: Final = 8 * 1024
"""In one turn of the loop: 4,096 of the shortest lines."""
_LEFT_BYTES: Final = 64 * 1024
"""At the end of an invocation: what a pipe holds. A process that goes on writing is not awaited."""
_LEFT: Final = bytearray(4)
_NONE: Final = bytes(4)
_HOLD_S: Final = 0.02
_HOLDS_MAX: Final = 25
"""Output that comes faster than it can be written is left where it is, and the function waits in its write; but after
half a second it is heard again, whatever the log does: a function is slowed by its log, not stopped."""


class Output:
    """The descriptors 1 and 2 of one environment, read into its log.

    link: the way to the runtime, which is held with them. dead: the environment has ended, so nothing is held longer.
    """

    def __init__(self, cell: Cell, log: EnvironmentLog, *, loop: asyncio.AbstractEventLoop) -> None:
        self.link: RuntimeLink | None = None
        self.dead = False
        self._cell = cell
        self._log = log
        self._loop = loop
        self._hold: asyncio.TimerHandle | None = None
        self._open = True
        loop.add_reader(cell.output, self._readable)

    def read(self) -> None:
        """Take what has been written; it was written before whatever brought us here."""
        descriptor = self._cell.output
        # Nearly always there is nothing, and that costs less to learn so than by a read that fails (0.4 us of 0.9).
        fcntl.ioctl(descriptor, termios.FIONREAD, _LEFT)
        if _LEFT == _NONE:
            return
        try:
            data = os.read(descriptor, _LEFT_BYTES)
        except BlockingIOError:
            return
        if data:
            self._log.raw(data)

    def hold(self) -> None:
        """Read nothing for a while."""
        if self._hold is None:
            self._loop.remove_reader(self._cell.output)
            if self.link is not None:
                self.link.pause()
            self._hold = self._loop.call_later(_HOLD_S, self._hear_again, 1)

    def close(self) -> None:
        """Nobody writes any more."""
        self._loop.remove_reader(self._cell.output)
        self._open = False

    def _readable(self) -> None:
        try:
            data = os.read(self._cell.output, _READ_BYTES)
        except BlockingIOError:
            return
        if data:
            self._log.raw(data)
            if self._log.hasty:
                self.hold()
        else:
            self.close()

    def _hear_again(self, holds: int) -> None:
        self._hold = None
        if not self._log.catch_up() and holds < _HOLDS_MAX and not self.dead:
            self._hold = self._loop.call_later(_HOLD_S, self._hear_again, holds + 1)
            return
        if self._open:
            self._loop.add_reader(self._cell.output, self._readable)
        if self.link is not None:
            self.link.resume()
