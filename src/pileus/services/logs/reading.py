"""How are log events read, a page at a time?

Of one stream (GetLogEvents): a token is a place between two events and a direction. Whoever reads forward until the
token no longer changes, and asks again with it, gets what has come since.

Of a whole group (FilterLogEvents): streams are merged by time through a heap that holds the next event of each; of each
stream only a few events are in memory. A token is the event that was looked at last.
"""

import asyncio
import binascii
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import deque
from collections.abc import AsyncIterator, Sequence
from heapq import heapify, heappop, heapreplace
from typing import Final, Literal

import msgspec

from pileus.services.logs.errors import InvalidNextToken
from pileus.services.logs.limits import PAGE_BYTES_MAX, SEARCH_EVENTS_MAX
from pileus.services.logs.model import Place, StoredEvent, StreamRecord
from pileus.services.logs.patterns import Pattern
from pileus.services.logs.store import Reading

MOMENT_MS_MAX: Final = 1 << 62
"""Later than any event; keeps what a client calls a time within an integer's bounds."""

_CHUNK_EVENTS: Final = 128
_MERGE_CHUNK_EVENTS: Final = 32
_BREATH_EVENTS: Final = 1_000
"""A long search lets others run after this many events."""

_TOKEN: Final = re.compile(r"([fb])/([0-9]{56})(?:/s)?")
_SEQUENCE_BITS: Final = 64

Direction = Literal["f", "b"]


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """A time range: begin is in it, end is not."""

    begin_ms: int
    end_ms: int


def time_span(*, start: int | None, end: int | None, oldest_ms: int) -> Span:
    """The range of a request; nothing older than `oldest_ms` is shown."""
    return Span(
        begin_ms=min(max(start or 0, oldest_ms), MOMENT_MS_MAX),
        end_ms=MOMENT_MS_MAX if end is None else min(end, MOMENT_MS_MAX),
    )


# One stream


class StreamPage(msgspec.Struct, frozen=True, kw_only=True):
    """Events in order of time, and the tokens for what is before and after them."""

    events: Sequence[StoredEvent]
    forward: str
    backward: str


def write_token(direction: Direction, place: Place) -> str:
    return f"{direction}/{place.timestamp_ms << _SEQUENCE_BITS | place.sequence:056d}/s"


def read_token(token: str) -> tuple[Direction, Place]:
    """Or InvalidNextToken."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise InvalidNextToken
    number = int(match[2])
    place = Place(number >> _SEQUENCE_BITS, number & ((1 << _SEQUENCE_BITS) - 1))
    if place.timestamp_ms > MOMENT_MS_MAX:
        raise InvalidNextToken
    return ("f" if match[1] == "f" else "b"), place


async def read_stream(
    reading: Reading, stream: StreamRecord, span: Span, *, limit: int, token: str | None, from_head: bool
) -> StreamPage:
    """One page of a stream."""
    low, high = Place(span.begin_ms, 0), Place(span.end_ms, 0)
    direction, cursor = (("f", low) if from_head else ("b", high)) if token is None else read_token(token)
    if direction == "f":
        events = await _collect(reading, stream, begin=max(low, cursor), end=high, limit=limit, reverse=False)
    else:
        events = await _collect(reading, stream, begin=low, end=min(high, cursor), limit=limit, reverse=True)
        events.reverse()
    if events:
        first, last = events[0].place, _following(events[-1].place)
    else:
        # Nothing here: both tokens stay where they were, or at the head, so that later events are found from there.
        first = last = low if token is None else cursor
    return StreamPage(events=events, forward=write_token("f", last), backward=write_token("b", first))


def _following(place: Place) -> Place:
    return Place(place.timestamp_ms, place.sequence + 1)


async def _collect(
    reading: Reading, stream: StreamRecord, *, begin: Place, end: Place, limit: int, reverse: bool
) -> list[StoredEvent]:
    """Up to `limit` events and a page's bytes, in the order in which they are read."""
    collected: list[StoredEvent] = []
    size_bytes = 0
    while len(collected) < limit:
        wanted = min(_CHUNK_EVENTS, limit - len(collected))
        chunk = await reading.events(stream, begin=begin, end=end, limit=wanted, reverse=reverse)
        for event in chunk:
            size_bytes += event.size_bytes
            if collected and size_bytes > PAGE_BYTES_MAX:
                return collected
            collected.append(event)
        if len(chunk) < wanted:
            break
        if reverse:
            end = chunk[-1].place
        else:
            begin = _following(chunk[-1].place)
    return collected


# A whole group


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """An event that matched, and its stream."""

    stream: StreamRecord
    event: StoredEvent


class SearchPage(msgspec.Struct, frozen=True, kw_only=True):
    """What was found so far; token: where to go on, None at the end."""

    found: Sequence[Found]
    token: str | None


class _Position(msgspec.Struct, frozen=True, kw_only=True, tag="logs.position.v1"):
    """The event that was looked at last. backward: the latest come first."""

    backward: bool
    timestamp_ms: int
    stream: str
    sequence: int


def write_position(position: _Position) -> str:
    return urlsafe_b64encode(msgspec.msgpack.encode(position)).decode()


def read_position(token: str) -> _Position:
    """Or InvalidNextToken."""
    try:
        position = msgspec.msgpack.decode(urlsafe_b64decode(token), type=_Position)
    except (binascii.Error, ValueError, msgspec.DecodeError):
        raise InvalidNextToken from None
    if not (0 <= position.timestamp_ms <= MOMENT_MS_MAX and 0 <= position.sequence < 1 << _SEQUENCE_BITS):
        raise InvalidNextToken
    return position


class _Lane:
    """The events of one stream that are still to be merged. rank: the stream's among all, by name."""

    def __init__(
        self, reading: Reading, stream: StreamRecord, span: Span, *, rank: int, last: _Position | None, backward: bool
    ) -> None:
        self.stream = stream
        self._rank = rank
        self.ready: deque[StoredEvent] = deque()
        self._reading = reading
        self._backward = backward
        self._begin, self._end = Place(span.begin_ms, 0), Place(span.end_ms, 0)
        self._exhausted = False
        if last is not None and backward:
            self._end = min(self._end, _bound(stream, last))
        elif last is not None:
            self._begin = max(self._begin, _bound(stream, last))

    async def fill(self) -> bool:
        """Have the next event at hand; False when there is none."""
        if not self.ready and not self._exhausted:
            chunk = await self._reading.events(
                self.stream, begin=self._begin, end=self._end, limit=_MERGE_CHUNK_EVENTS, reverse=self._backward
            )
            self._exhausted = len(chunk) < _MERGE_CHUNK_EVENTS
            self.ready.extend(chunk)
            if chunk and self._backward:
                self._end = chunk[-1].place
            elif chunk:
                self._begin = _following(chunk[-1].place)
        return bool(self.ready)

    @property
    def order(self) -> tuple[int, int, int]:
        """Where the next event stands in the merged order; unique, since ranks are."""
        place = self.ready[0].place
        if self._backward:
            return -place.timestamp_ms, -self._rank, -place.sequence
        return place.timestamp_ms, self._rank, place.sequence


def _bound(stream: StreamRecord, last: _Position) -> Place:
    """What of a stream has been merged, when `last` was: all before this place, or all from it on, looking backward."""
    if stream.name == last.stream:
        return Place(last.timestamp_ms, last.sequence + (not last.backward))
    follows = stream.name > last.stream
    return Place(last.timestamp_ms + (not follows), 0)


async def search_group(
    reading: Reading,
    streams: Sequence[StreamRecord],
    span: Span,
    *,
    pattern: Pattern,
    limit: int,
    token: str | None,
    from_head: bool,
) -> SearchPage:
    """One page of what matches in these streams, in order of time."""
    last = None if token is None else read_position(token)
    backward = not from_head if last is None else last.backward
    heap: list[tuple[tuple[int, int, int], _Lane]] = []
    for rank, stream in enumerate(sorted(streams, key=lambda stream: stream.name)):
        if not _overlaps(stream, span):
            continue
        lane = _Lane(reading, stream, span, rank=rank, last=last, backward=backward)
        if await lane.fill():
            heap.append((lane.order, lane))
    heapify(heap)
    found: list[Found] = []
    size_bytes = examined = 0
    while heap:
        lane = heap[0][1]
        event = lane.ready[0]
        if pattern.matches(event.message):
            size_bytes += event.size_bytes
            if len(found) == limit or (found and size_bytes > PAGE_BYTES_MAX):
                break
            found.append(Found(stream=lane.stream, event=event))
        elif examined >= SEARCH_EVENTS_MAX:
            break
        lane.ready.popleft()
        last = _Position(
            backward=backward,
            timestamp_ms=event.place.timestamp_ms,
            stream=lane.stream.name,
            sequence=event.place.sequence,
        )
        if await lane.fill():
            heapreplace(heap, (lane.order, lane))
        else:
            heappop(heap)
        examined += 1
        if examined % _BREATH_EVENTS == 0:
            await asyncio.sleep(0)
    return SearchPage(found=found, token=write_position(last) if heap and last is not None else None)


async def every_event(
    reading: Reading, streams: Sequence[StreamRecord], span: Span, *, backward: bool
) -> AsyncIterator[Found]:
    """All events of these streams in order of time; others run now and then meanwhile."""
    heap: list[tuple[tuple[int, int, int], _Lane]] = []
    for rank, stream in enumerate(sorted(streams, key=lambda stream: stream.name)):
        if _overlaps(stream, span):
            lane = _Lane(reading, stream, span, rank=rank, last=None, backward=backward)
            if await lane.fill():
                heap.append((lane.order, lane))
    heapify(heap)
    examined = 0
    while heap:
        lane = heap[0][1]
        yield Found(stream=lane.stream, event=lane.ready.popleft())
        if await lane.fill():
            heapreplace(heap, (lane.order, lane))
        else:
            heappop(heap)
        examined += 1
        if examined % _BREATH_EVENTS == 0:
            await asyncio.sleep(0)


def _overlaps(stream: StreamRecord, span: Span) -> bool:
    if stream.first_event_ms is None or stream.last_event_ms is None:
        return False
    return stream.first_event_ms < span.end_ms and stream.last_event_ms >= span.begin_ms
