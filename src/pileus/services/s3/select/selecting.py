"""How does the server run a selection beside its own work?

A short plain object is scanned by a thread at once. Everything else goes through a process of its own: a scan is all
interpreter, so that a thread would slow every request of the server, and the readers of compressed bytes and of Parquet
meet what strangers wrote. So many processes run at most; further selections wait for their turn.

What goes wrong before there is anything to send is an answer with a status of its own, as on AWS (minio/spark-select
issue 12 shows one of 400 for a value that cannot be compared); what is wrong with a record further on ends the stream.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from importlib.util import find_spec
from tempfile import TemporaryDirectory
from typing import Final, Protocol

import msgspec

from pileus.kernel.errors import AnyServiceError, NotImplementedByPileus
from pileus.services.s3 import shapes
from pileus.services.s3.select.csv_reading import csv_rows
from pileus.services.s3.select.errors import SelectError
from pileus.services.s3.select.job import RECORD_CHARS_MAX, CsvInput, Job, ParquetInput
from pileus.services.s3.select.jobs import job_of
from pileus.services.s3.select.process import HEAD, answer, head_of
from pileus.services.s3.select.scanning import Message, Sizes

EVENTS = AsyncIterator[shapes.SelectObjectContentEventStream]
PROCESSES_MAX: Final = 4
THREAD_BYTES_MAX: Final = 64 * 1024
_LEFT_BYTES: Final = 64 * 1024
_KEPT: Final = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "PYTHONHOME")
_EXPRESSION_CHARS_MAX: Final = 512
"""Of what a thread runs: a longer expression takes longer for each record, and makes more of it."""


class Source(Protocol):
    """The bytes of one version of an object."""

    @property
    def size_bytes(self) -> int: ...

    def read(self, offset: int) -> AsyncIterator[bytes]:
        """From a byte to the end."""
        ...


class Selector:
    """Runs the selections of a server."""

    def __init__(self, *, processes_max: int = PROCESSES_MAX) -> None:
        self._turns = asyncio.Semaphore(processes_max)

    async def select(
        self, request: shapes.SelectObjectContentRequest, source: Source, *, now_s: float
    ) -> AsyncIterator[shapes.SelectObjectContentEventStream]:
        """The events of the answer; whoever takes them closes them (`aclose`). Raises `ServiceError`."""
        job = job_of(request, size_bytes=source.size_bytes, now_s=now_s)
        if isinstance(job.input, ParquetInput) and find_spec("pyarrow") is None:
            raise NotImplementedByPileus("Parquet is read with pyarrow: install pileus[select]")
        if isinstance(job.input, CsvInput) and job.input.header == "USE" and job.first:
            job = msgspec.structs.replace(job, columns=await _columns(source, job.input))
        # The wire may still be on its first step, without a task, which a process wants.
        return await asyncio.create_task(self._begun(job, source))

    async def _begun(self, job: Job, source: Source) -> "Selection":
        if _short(job, source):
            data = [piece async for piece in source.read(job.offset)]
            selection = Selection(_listed(await asyncio.to_thread(lambda: list(answer(job, iter(data))))))
        else:
            await self._turns.acquire()
            try:
                run = await _Run.start(job, source)
            except BaseException:
                self._turns.release()
                raise
            selection = Selection(run.messages(), run=run, turns=self._turns)
        try:
            await selection.begin()
        except BaseException:
            await selection.aclose()
            raise
        return selection


def _short(job: Job, source: Source) -> bool:
    plain = job.compression == "NONE" and not isinstance(job.input, ParquetInput)
    return plain and source.size_bytes <= THREAD_BYTES_MAX and len(job.expression) <= _EXPRESSION_CHARS_MAX


async def _columns(source: Source, form: CsvInput) -> list[str]:
    """The header, which lies before the range that is read."""
    data = b""
    async for piece in source.read(0):
        data += piece
        end = data.rfind(form.record.encode())
        if end >= 0 and (rows := _rows(data[:end], form)):
            return rows[0]
        if len(data) > 4 * RECORD_CHARS_MAX:
            raise SelectError("OverMaxRecordSize")
    rows = _rows(data, form)
    return rows[0] if rows else []


def _rows(data: bytes, form: CsvInput) -> list[list[str]]:
    return [row for rows in csv_rows([data], form) for row in rows]


async def _listed(found: list[Message]) -> AsyncIterator[Message]:
    for message in found:
        yield message


def _environment(room: str) -> dict[str, str]:
    """No more of the server's own than Python needs: there may be keys in it."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return kept | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "TMPDIR": room}


class _Run:
    """One process at work."""

    def __init__(
        self, process: asyncio.subprocess.Process, room: TemporaryDirectory[str], job: Job, source: Source
    ) -> None:
        """room: where the process may write."""
        assert process.stdin is not None
        assert process.stdout is not None
        self._process, self._room = process, room
        self._stdin, self._stdout = process.stdin, process.stdout
        self._feeding = asyncio.create_task(self._feed(job, source))

    @classmethod
    async def start(cls, job: Job, source: Source) -> "_Run":
        """OSError."""
        room = TemporaryDirectory(prefix="pileus-select-", ignore_cleanup_errors=True)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # nothing from the folder where the server was started
            "-m",
            "pileus.services.s3.select.process",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,
            env=_environment(room.name),
        )
        return cls(process, room, job, source)

    async def _feed(self, job: Job, source: Source) -> None:
        """A process that has enough closes its input."""
        told = msgspec.json.encode(job)
        try:
            self._stdin.write(len(told).to_bytes(4) + told)
            async for piece in source.read(job.offset):
                self._stdin.write(piece)
                await self._stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            return
        finally:
            self._stdin.close()

    async def messages(self) -> AsyncIterator[Message]:
        while True:
            try:
                length, kind, sizes = head_of(await self._stdout.readexactly(HEAD.size))
                payload = await self._stdout.readexactly(length)
                self._check()
                yield Message(kind, payload, sizes)
            except asyncio.IncompleteReadError:
                self._check()
                # It never ends without a last message, unless somebody ended it: the machine, for want of memory.
                raise SelectError("ExternalEvalException") from None
            if kind in {"stats", "error"}:
                return

    def _check(self) -> None:
        """An object that could not be read to its end is not a shorter one."""
        if self._feeding.done() and not self._feeding.cancelled():
            self._feeding.result()

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()

    async def close(self) -> None:
        self.kill()
        self._feeding.cancel()
        await asyncio.gather(self._feeding, return_exceptions=True)
        self._stdin.close()
        while await self._stdout.read(_LEFT_BYTES):  # its transport closes only when all is read
            pass
        await self._process.wait()
        self._room.cleanup()


class Selection:
    """The events of one answer. It holds a process until its last event, or until it is closed."""

    def __init__(
        self, source: AsyncIterator[Message], *, run: _Run | None = None, turns: asyncio.Semaphore | None = None
    ) -> None:
        self._source = source
        self._run = run
        self._turns = turns
        self._events: Iterator[shapes.SelectObjectContentEventStream] = iter(())

    async def begin(self) -> None:
        """Wait for the first event. Raises `ServiceError`."""
        for _ in range(2):
            message = await anext(self._source)
            if message.kind == "error":
                raise _error(message)
        assert message.kind != "bound"
        self._events = _events(message)

    def __aiter__(self) -> "Selection":
        return self

    async def __anext__(self) -> shapes.SelectObjectContentEventStream:
        event = next(self._events, None)
        if event is not None:
            return event
        try:
            message = await anext(self._source)
            if message.kind == "error":
                raise _error(message)
        except BaseException:  # the end of the events, too
            await self.aclose()
            raise
        self._events = _events(message)
        return next(self._events)

    async def aclose(self) -> None:
        run, self._run = self._run, None
        turns, self._turns = self._turns, None
        try:
            if run is not None:
                await run.close()
        finally:
            if turns is not None:
                turns.release()

    def __del__(self) -> None:
        """An answer that nobody ever began to send."""
        if self._run is not None:
            self._run.kill()
        if self._turns is not None:
            self._turns.release()


def _error(message: Message) -> AnyServiceError:
    code, text = msgspec.json.decode(message.payload, type=tuple[str, str])
    return AnyServiceError(code, text)


def _events(message: Message) -> Iterator[shapes.SelectObjectContentEventStream]:
    event = shapes.SelectObjectContentEventStream
    if message.kind == "records":
        yield event(records=shapes.RecordsEvent(payload=message.payload))
    elif message.kind == "cont":
        yield event(cont=shapes.ContinuationEvent())
    elif message.kind == "progress":
        yield event(progress=shapes.ProgressEvent(details=shapes.Progress(**_sizes(message.sizes))))
    else:
        assert message.kind == "stats"
        yield event(stats=shapes.StatsEvent(details=shapes.Stats(**_sizes(message.sizes))))
        yield event(end=shapes.EndEvent())


def _sizes(sizes: Sizes) -> dict[str, int]:
    return {"bytes_scanned": sizes.scanned, "bytes_processed": sizes.processed, "bytes_returned": sizes.returned}
