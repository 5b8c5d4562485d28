"""Where are logs kept?

Below `(logs, account, region)`: `(group, GROUP)`, `(stream, GROUP, STREAM)`, and `(event, STREAM ID, MS, SEQUENCE)`, so
that the events of a stream lie in order of time, and those of one millisecond in the order they came. Whoever appends
writes the stream's record too, which hands out the sequence. Beside them, `Kept` records of a kind: filters of groups,
policies, queries. A group's record counts its filters, so that who appends to one without any reads nothing more.
"""

from collections.abc import Sequence
from typing import Final, Generic, TypeVar

import msgspec

from pileus.kernel.storage.keys import Subspace, after
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.logs.errors import LogGroupNotFound, LogStreamNotFound
from pileus.services.logs.limits import EVENT_OVERHEAD_BYTES
from pileus.services.logs.model import (
    EventRecord,
    GroupRecord,
    MetricFilterRecord,
    Place,
    StoredEvent,
    StreamRecord,
    SubscriptionFilterRecord,
    message_bytes,
)

_ROOT: Final = Subspace("logs")
_GROUPS_PAGE: Final = 256

Region = tuple[str, str]
"""An account's part of one region: (account id, region)."""


class Shelf:
    """The keys of one account and region."""

    def __init__(self, region: Region) -> None:
        self._space = _ROOT.subspace(*region)

    def group(self, group: str) -> bytes:
        return self._space.pack("group", group)

    def groups(self, *, prefix: str = "") -> tuple[bytes, bytes]:
        return self._space.range_starting("group", prefix=prefix)

    def stream(self, group: str, stream: str) -> bytes:
        return self._space.pack("stream", group, stream)

    def streams(self, group: str, *, prefix: str = "") -> tuple[bytes, bytes]:
        return self._space.range_starting("stream", group, prefix=prefix)

    def events(self, stream: StreamRecord) -> Subspace:
        """The keys of a stream's events: (milliseconds, sequence)."""
        return self._space.subspace("event", stream.stream_id)


def _place(events: Subspace, key: bytes) -> Place:
    timestamp_ms, sequence = events.unpack(key)
    assert isinstance(timestamp_ms, int)
    assert isinstance(sequence, int)
    return Place(timestamp_ms, sequence)


def _key(events: Subspace, place: Place) -> bytes:
    return events.pack(place.timestamp_ms, place.sequence)


class Reading:
    """The logs of one account and region, to be read."""

    def __init__(self, snapshot: Snapshot, region: Region) -> None:
        self._snapshot = snapshot
        self._region = region
        self._shelf = Shelf(region)

    async def group(self, group: str) -> GroupRecord:
        """Or LogGroupNotFound."""
        found = await self.find_group(group)
        if found is None:
            raise LogGroupNotFound
        return found

    async def find_group(self, group: str) -> GroupRecord | None:
        value = await self._snapshot.get(self._shelf.group(group))
        return None if value is None else decode(value, GroupRecord)

    async def groups(self, *, prefix: str = "", after_name: str | None = None, limit: int = 0) -> list[GroupRecord]:
        """In order of their names, those that begin with `prefix` and follow `after_name`."""
        begin, end = self._shelf.groups(prefix=prefix)
        if after_name is not None:
            begin = max(begin, after(self._shelf.group(after_name)))
        return [decode(value, GroupRecord) for _, value in await self._snapshot.range(begin, end, limit=limit)]

    async def stream(self, group: str, stream: str) -> StreamRecord:
        """Or LogStreamNotFound."""
        found = await self.find_stream(group, stream)
        if found is None:
            raise LogStreamNotFound
        return found

    async def find_stream(self, group: str, stream: str) -> StreamRecord | None:
        value = await self._snapshot.get(self._shelf.stream(group, stream))
        return None if value is None else decode(value, StreamRecord)

    async def streams(
        self,
        group: str,
        *,
        prefix: str = "",
        beyond: str | None = None,
        limit: int = 0,
        descending: bool = False,
    ) -> list[StreamRecord]:
        """In order of their names; beyond: begin behind this one, in the direction of the order."""
        begin, end = self._shelf.streams(group, prefix=prefix)
        if beyond is not None:
            if descending:
                end = min(end, self._shelf.stream(group, beyond))
            else:
                begin = max(begin, after(self._shelf.stream(group, beyond)))
        pairs = await self._snapshot.range(begin, end, limit=limit, reverse=descending)
        return [decode(value, StreamRecord) for _, value in pairs]

    async def events(
        self, stream: StreamRecord, *, begin: Place, end: Place | None, limit: int, reverse: bool = False
    ) -> list[StoredEvent]:
        """At most `limit` events at or after `begin` and before `end`, from one side or the other."""
        events = self._shelf.events(stream)
        first = _key(events, begin)
        last = events.range()[1] if end is None else _key(events, end)
        if first >= last:
            return []
        found: list[StoredEvent] = []
        for key, value in await self._snapshot.range(first, last, limit=limit, reverse=reverse):
            record = decode(value, EventRecord)
            place = _place(events, key)
            found.append(StoredEvent(place=place, message=record.message, ingested_ms=record.ingested_ms))
        return found


R = TypeVar("R", bound=msgspec.Struct)


class Kept(Generic[R]):
    """Records of one kind in an account and region, by names: `(logs, account, region, kind, name, ...)`."""

    def __init__(self, kind: str, record: type[R]) -> None:
        self._kind = kind
        self._record = record

    async def find(self, snapshot: Snapshot, region: Region, *names: str) -> R | None:
        value = await snapshot.get(self._space(region).pack(*names))
        return None if value is None else decode(value, self._record)

    async def list(
        self,
        snapshot: Snapshot,
        region: Region,
        *scope: str,
        prefix: str = "",
        beyond: str | None = None,
        limit: int = 0,
    ) -> list[R]:
        """In order of their names. scope: the first of the names. beyond: begin behind this one."""
        space = self._space(region)
        begin, end = space.range_starting(*scope, prefix=prefix)
        if beyond is not None:
            begin = max(begin, after(space.pack(*scope, beyond)))
        return [decode(value, self._record) for _, value in await snapshot.range(begin, end, limit=limit)]

    def put(self, tx: Transaction, region: Region, record: R, *names: str) -> None:
        tx.set(self._space(region).pack(*names), encode(record))

    def clear(self, tx: Transaction, region: Region, *names: str) -> None:
        tx.clear(self._space(region).pack(*names))

    def clear_all(self, tx: Transaction, region: Region, *scope: str) -> None:
        """Those whose first names are these."""
        tx.clear_range(*self._space(region).range(*scope))

    def _space(self, region: Region) -> Subspace:
        return _ROOT.subspace(*region, self._kind)


METRIC_FILTERS: Final = Kept("metric-filter", MetricFilterRecord)
"""By group and name."""
SUBSCRIPTION_FILTERS: Final = Kept("subscription-filter", SubscriptionFilterRecord)
"""By group and name."""


class Writing(Reading):
    """The same, to be changed in a transaction."""

    def __init__(self, tx: Transaction, region: Region) -> None:
        super().__init__(tx, region)
        self._tx = tx

    def put_group(self, group: GroupRecord) -> None:
        self._tx.set(self._shelf.group(group.name), encode(group))

    async def delete_group(self, group: str) -> None:
        """With its filters, its streams and all their events."""
        for stream in await self.streams(group):
            self.delete_stream(group, stream)
        METRIC_FILTERS.clear_all(self._tx, self._region, group)
        SUBSCRIPTION_FILTERS.clear_all(self._tx, self._region, group)
        self._tx.clear(self._shelf.group(group))

    def put_stream(self, group: str, stream: StreamRecord) -> None:
        self._tx.set(self._shelf.stream(group, stream.name), encode(stream))

    def delete_stream(self, group: str, stream: StreamRecord) -> None:
        """With its events."""
        self._tx.clear_range(*self._shelf.events(stream).range())
        self._tx.clear(self._shelf.stream(group, stream.name))

    def append(
        self, group: str, stream: StreamRecord, events: Sequence[tuple[int, str]], *, now_ms: int
    ) -> StreamRecord:
        """Add events, each a moment in milliseconds and a message; gives the stream as it is then."""
        assert events
        keys, put = self._shelf.events(stream), self._tx.set
        sequence = stream.next_sequence
        of_moment, moment_ms = keys, None
        for timestamp_ms, message in events:
            if timestamp_ms != moment_ms:  # many are of one moment
                of_moment, moment_ms = keys.subspace(timestamp_ms), timestamp_ms
            put(of_moment.pack(sequence), encode(EventRecord(message=message, ingested_ms=now_ms)))
            sequence += 1
        moments = [timestamp_ms for timestamp_ms, _ in events]
        first, last = min(moments), max(moments)
        appended = msgspec.structs.replace(
            stream,
            next_sequence=sequence,
            first_event_ms=first if stream.first_event_ms is None else min(first, stream.first_event_ms),
            last_event_ms=last if stream.last_event_ms is None else max(last, stream.last_event_ms),
            ingested_ms=now_ms,
            stored_bytes=stream.stored_bytes
            + sum(message_bytes(message) + EVENT_OVERHEAD_BYTES for _, message in events),
        )
        self.put_stream(group, appended)
        return appended

    async def expire(self, group: str, stream: StreamRecord, *, before_ms: int, limit: int) -> bool:
        """Remove the oldest events, at most `limit`, that are older than `before_ms`; whether more are left."""
        expired = await self.events(stream, begin=Place(0, 0), end=Place(before_ms, 0), limit=limit)
        keys = self._shelf.events(stream)
        for event in expired:
            self._tx.clear(_key(keys, event.place))
        left = await self.events(stream, begin=Place(0, 0), end=None, limit=1)
        first_ms = left[0].place.timestamp_ms if left else None
        self.put_stream(
            group,
            msgspec.structs.replace(
                stream,
                first_event_ms=first_ms,
                last_event_ms=stream.last_event_ms if left else None,
                stored_bytes=stream.stored_bytes - sum(event.size_bytes for event in expired),
            ),
        )
        return first_ms is not None and first_ms < before_ms


async def every_group(snapshot: Snapshot) -> list[tuple[Region, GroupRecord]]:
    """The groups of all accounts and regions, with where they are."""
    found: list[tuple[Region, GroupRecord]] = []
    for region in await every_region(snapshot):
        shelf = Shelf(region)
        begin, end = shelf.groups()
        while True:
            page = await snapshot.range(begin, end, limit=_GROUPS_PAGE)
            found += [(region, decode(value, GroupRecord)) for _, value in page]
            if len(page) < _GROUPS_PAGE:
                break
            begin = after(page[-1][0])
    return found


async def every_region(snapshot: Snapshot) -> list[Region]:
    """All that hold anything: one short read each, which leaps over what they hold."""
    regions: list[Region] = []
    begin, end = _ROOT.range()
    while page := await snapshot.range(begin, end, limit=1):
        account_id, region = _ROOT.unpack(page[0][0])[:2]
        assert isinstance(account_id, str)
        assert isinstance(region, str)
        regions.append((account_id, region))
        begin = _ROOT.range(account_id, region)[1]
    return regions
