"""How do the events of a log group become files in a bucket?

CreateExportTask writes a task down and emits it in the same transaction, so that one that was accepted is done, also
after a crash: what was written is then written again, under the same names. Each stream becomes a folder of compressed
files, each event a line that begins with its time; of a long stream, a few megabytes are in memory at once.

Sources: CloudWatch Logs User Guide, "Exporting log data to Amazon S3"; recordings logs_export_tasks.
"""

import asyncio
import gzip
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Final, Literal, Protocol

import msgspec

from pileus.kernel.auth.service_calls import ServiceCall
from pileus.kernel.clock import Clock
from pileus.kernel.errors import ServiceError
from pileus.kernel.outbox import Delivery
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Event, Store, Transaction
from pileus.services.logs.model import StreamRecord, oldest_shown
from pileus.services.logs.reading import Span, every_event, time_span
from pileus.services.logs.store import Kept, Reading, Region

TOPIC: Final = "logs.export"
TEST_KEY: Final = "aws-logs-write-test"
TEST_BODY: Final = b"Permission Check Successful"
"""What AWS puts beside the exports, to see whether it may."""
FILE_BYTES_MAX: Final = 8 * 1024 * 1024
"""Ours: of lines that make one file."""

_CANCELLED: Final = "Cancelled by user"
_BROKEN: Final = "Internal error"

State = Literal["PENDING", "RUNNING", "COMPLETED", "FAILED", "PENDING_CANCEL", "CANCELLED"]
ACTIVE: Final = frozenset({"PENDING", "RUNNING", "PENDING_CANCEL"})


class ExportRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="logs.export.v1"):
    """A task. to_ms: included. prefix: of the objects' keys."""

    task_id: str
    group: str
    group_arn: str
    bucket: str
    prefix: str
    from_ms: int
    to_ms: int
    created_ms: int
    name: str | None = None
    stream_prefix: str = ""
    state: State = "PENDING"
    message: str | None = None
    completed_ms: int | None = None


EXPORTS: Final = Kept("export", ExportRecord)
"""By the task's id."""


class NotLetIn(Exception):
    """A bucket is not there or lets nobody in. operation: the one that it refused; '' where there is no such bucket."""

    def __init__(self, operation: str) -> None:
        super().__init__(operation)
        self.operation = operation


class Buckets(Protocol):
    """Where exports go."""

    async def check(self, bucket: str, *, region: str, call: ServiceCall) -> None:
        """Whether it is there, in this region, and shows its ACL. NotLetIn."""
        ...

    async def put(self, bucket: str, key: str, data: bytes, *, content_type: str, call: ServiceCall) -> None:
        """NotLetIn."""
        ...


class _Asked(msgspec.Struct, frozen=True, kw_only=True, tag="logs.export-asked.v1"):
    account_id: str
    region: str
    task_id: str


class _Stopped(Exception):
    """Somebody has cancelled the task."""


def ask(tx: Transaction, region: Region, record: ExportRecord) -> None:
    """Keep a new task, and have it done."""
    EXPORTS.put(tx, region, record, record.task_id)
    asked = _Asked(account_id=region[0], region=region[1], task_id=record.task_id)
    tx.emit(Event(topic=TOPIC, payload=encode(asked)))


def call_of(region: Region, group_arn: str) -> ServiceCall:
    """CloudWatch Logs, acting for a group: policies name it with its region, and the group with what is in it."""
    arn = f"{group_arn.removesuffix(':*')}:*"
    return ServiceCall(service=f"logs.{region[1]}.amazonaws.com", source_arn=arn, source_account=region[0])


class Exports:
    """Does the tasks; `deliver` is the topic's handler."""

    def __init__(self, *, store: Store, clock: Clock, buckets: Buckets | None) -> None:
        self._store = store
        self._clock = clock
        self._buckets = buckets

    async def deliver(self, delivery: Delivery) -> None:
        asked = decode(delivery.event.payload, _Asked)
        region = asked.account_id, asked.region
        record = await self._turn(region, asked.task_id, "RUNNING")
        if record is None or record.state != "RUNNING":
            return
        try:
            await self._export(region, record)
        except _Stopped:
            await self._turn(region, record.task_id, "CANCELLED")
        except NotLetIn as refused:
            await self._turn(region, record.task_id, "FAILED", f"{refused.operation or 'HeadBucket'} failed")
        else:
            await self._turn(region, record.task_id, "COMPLETED", "Completed successfully")

    async def give_up(self, delivery: Delivery, error: BaseException) -> None:
        """The task has failed, so that it keeps nobody from the next one."""
        asked = decode(delivery.event.payload, _Asked)
        message = error.message if isinstance(error, ServiceError) else _BROKEN
        await self._turn((asked.account_id, asked.region), asked.task_id, "FAILED", message)

    async def _export(self, region: Region, record: ExportRecord) -> None:
        reading = Reading(self._store.snapshot(), region)
        group = await reading.find_group(record.group)
        if group is None:
            return  # deleted meanwhile, and there is nothing left to export
        now_ms = int(self._clock.timestamp() * 1000)
        span = time_span(start=record.from_ms, end=record.to_ms + 1, oldest_ms=oldest_shown(group, now_ms))
        files: Counter[str] = Counter()
        for stream in await reading.streams(record.group, prefix=record.stream_prefix):
            folder = stream.name.replace("/", "-")
            async for lines in _files(reading, stream, span):
                await self._still_wanted(region, record.task_id)
                key = f"{record.prefix}/{record.task_id}/{folder}/{files[folder]:06d}.gz"
                await self._put(region, record, key, await asyncio.to_thread(gzip.compress, lines, mtime=0))
                files[folder] += 1  # `a/b` and `a-b` have one folder, and neither's files may replace the other's

    async def _put(self, region: Region, record: ExportRecord, key: str, data: bytes) -> None:
        if self._buckets is None:
            raise NotLetIn("")
        call = call_of(region, record.group_arn)
        await self._buckets.put(record.bucket, key, data, content_type="application/x-gzip", call=call)

    async def _still_wanted(self, region: Region, task_id: str) -> None:
        record = await EXPORTS.find(self._store.snapshot(), region, task_id)
        if record is None or record.state != "RUNNING":
            raise _Stopped

    async def _turn(
        self, region: Region, task_id: str, state: State, message: str | None = None
    ) -> ExportRecord | None:
        """The task as it is now; one that is over stays so, and one that is to be cancelled is."""

        async def turn(tx: Transaction) -> ExportRecord | None:
            known = await EXPORTS.find(tx, region, task_id)
            if known is None or known.state not in ACTIVE:
                return known
            turned = "CANCELLED" if known.state == "PENDING_CANCEL" else state
            done = turned not in ACTIVE
            changed = msgspec.structs.replace(
                known,
                state=turned,
                message=_CANCELLED if turned == "CANCELLED" else message,
                completed_ms=int(self._clock.timestamp() * 1000) if done else None,
            )
            EXPORTS.put(tx, region, changed, task_id)
            return changed

        return await self._store.run(turn)


async def _files(reading: Reading, stream: StreamRecord, span: Span) -> AsyncIterator[bytes]:
    """Lines, as many as one file has."""
    gathered: list[bytes] = []
    size_bytes = 0
    async for found in every_event(reading, [stream], span, backward=False):
        moment = datetime.fromtimestamp(found.event.place.timestamp_ms / 1000, UTC)
        text = f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z {found.event.message}"
        gathered.append(text.removesuffix("\n").encode(errors="replace") + b"\n")
        size_bytes += len(gathered[-1])
        if size_bytes >= FILE_BYTES_MAX:
            yield b"".join(gathered)
            gathered, size_bytes = [], 0
    if gathered:
        yield b"".join(gathered)
