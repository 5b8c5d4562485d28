"""How does a version of a Java function get its class archive?

Once its snapshot is taken, its initialisation runs another time in a cell of its own, which sends the archive and ends
(`runtimes.java.sharing`). What that run logs nobody reads: it says what the first one said. It is in the function's
cell, held as the function is, so the archive is no more than the function itself could do; and only environments of
this version see it, read-only. Whatever goes wrong, the version does without.
"""

import asyncio
import contextlib
import logging
import os
import shutil
from collections.abc import Awaitable, Callable
from typing import IO, Final

from pileus.kernel.sandbox import wire
from pileus.kernel.sandbox.cell import Cell, Exit
from pileus.kernel.sandbox.sandbox import SandboxFailed
from pileus.services.lambda_.environments.ordering import Ordering
from pileus.services.lambda_.environments.types import EnvironmentsClosed, FunctionSpec, UnsupportedRuntime
from pileus.services.lambda_.runtimes import toolchains
from pileus.services.lambda_.runtimes.java import sharing

MAKE_S_MAX: Final = 30.0
BYTES_MAX: Final = 256 * 1024 * 1024
_READ_BYTES: Final = 1024 * 1024
_log: Final = logging.getLogger(__name__)


class Archives:
    """Makes and removes them. take_cell: a blank one."""

    def __init__(self, ordering: Ordering, *, take_cell: Callable[[], Awaitable[Cell]]) -> None:
        self._ordering = ordering
        self._take_cell = take_cell

    async def make(self, spec: FunctionSpec) -> None:
        """That of a version, if it is a Java function's and has none; raises nothing that a version could fail by."""
        if not spec.snap_start or spec.image is not None or toolchains.wanted(spec.runtime).language != "java":
            return
        task = asyncio.get_running_loop().create_task(self._make(spec))
        try:
            done, _ = await asyncio.wait([task], timeout=MAKE_S_MAX)
            if not done:
                _log.warning("%s has no class archive: it takes more than %g s", spec.function_arn, MAKE_S_MAX)
        finally:
            task.cancel()

    async def remove(self, function_arn: str) -> None:
        """Those of a version that is no more."""
        place = self._ordering.archives_of(function_arn)
        if place.exists():
            await asyncio.to_thread(shutil.rmtree, place, ignore_errors=True)

    async def _make(self, spec: FunctionSpec) -> None:
        try:
            cell = await self._take_cell()
            try:
                await self._receive(spec, cell)
            finally:
                cell.close()
        except sharing.AlreadyShared:
            return
        except (sharing.CannotShare, SandboxFailed, EnvironmentsClosed, UnsupportedRuntime, OSError) as failure:
            _log.warning("%s has no class archive: %s", spec.function_arn, failure)

    async def _receive(self, spec: FunctionSpec, cell: Cell) -> None:
        cell.limit_processors(1.0)
        target = await self._ordering.order_archive(spec, cell)
        making = target.with_name(f"{sharing.ARCHIVE}.making")
        try:
            with making.open("wb") as file:
                await _Receiving(cell, file).done
            making.chmod(0o444)
            os.rename(making, target)
        finally:
            making.unlink(missing_ok=True)


class _Receiving:
    """What comes out of such a cell. done: when all is there; CannotShare."""

    def __init__(self, cell: Cell, file: IO[bytes]) -> None:
        self._loop = asyncio.get_running_loop()
        self._cell = cell
        self._file = file
        self._frames = bytearray()
        self._received_bytes = 0
        self._begun = False
        self._said = b""
        self.done: asyncio.Future[None] = self._loop.create_future()
        self.done.add_done_callback(self._leave)
        cell.exited = self._exited
        self._loop.add_reader(cell.channel.fileno(), self._read)
        self._loop.add_reader(cell.output, self._listen)
        if cell.exit is not None:
            self._exited(cell.exit)

    def _leave(self, _: object) -> None:
        self._loop.remove_reader(self._cell.channel.fileno())
        self._loop.remove_reader(self._cell.output)

    def _listen(self) -> None:
        """The JVM's own words, so that the pipe does not fill."""
        try:
            said = os.read(self._cell.output, 65536)
        except OSError:
            return
        self._said = (self._said + said)[-500:]
        if not said:
            self._loop.remove_reader(self._cell.output)

    def _read(self) -> bool:
        """Whether there may be more."""
        try:
            data = self._cell.channel.recv(_READ_BYTES)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            self._loop.remove_reader(self._cell.channel.fileno())
            return False
        self._received_bytes += len(data)
        if self._received_bytes > BYTES_MAX:
            self._fail("it is too large")
            return False
        if not self._begun:
            self._frames += data
            data = self._after_frames()
        try:
            self._file.write(data)
        except OSError as failure:
            self._fail(str(failure))
        return not self.done.done()

    def _after_frames(self) -> bytes:
        """What comes after the frames of the run itself, which nobody needs."""
        while len(self._frames) >= wire.HEADER.size:
            length, kind = wire.HEADER.unpack_from(self._frames)
            size_bytes = length + wire.LENGTH_BYTES
            if len(self._frames) < size_bytes:
                break
            del self._frames[:size_bytes]
            if kind == sharing.SENT:
                self._begun = True
                return bytes(self._frames)
        return b""

    def _fail(self, why: str) -> None:
        if not self.done.done():
            self.done.set_exception(sharing.CannotShare(why))

    def _exited(self, how: Exit) -> None:
        while not self.done.done() and self._read():
            pass
        with contextlib.suppress(OSError):
            self._listen()
        if self.done.done():
            return
        if how.wait_status == 0 and self._begun:
            self.done.set_result(None)
        else:
            said = self._said.decode(errors="replace").strip()
            self._fail(how.failure or said or f"the run that makes it ended with {how.wait_status}")
