"""How does a standard queue keep, hand out and take back its messages?

At least once, in any order, and at a price that does not depend on how many there are. The argument:

- Messages without a group lie in a log, in order of sending. Behind the head's `cursor` they are fresh: a receive reads
  the next few in one range, and moves the cursor. So a send writes one record, and a receive none for each message.
- What a receive took is one *lease*, with an index by when it ends. A message in front of the cursor is in one lease,
  or gone: deleted, expired, moved on. A handle names its lease and the message in it; if the message is not there any
  more, it was deleted, or somebody received it later, and the handle is outdated.
- When a lease's moment has passed, whoever visits next moves it to those *returned* (`lapse`), and counts its messages
  as visible. Receiving them again takes them out of the old lease into a new one. Fresh and returned messages come
  first by turns, so that a message which always fails keeps nobody waiting, and is not kept waiting.
- Changing the visibility of one of several messages moves it to a lease of its own; the old one says where it went.
- A delayed message lies apart, by the end of its delay, and then moves to the end of the log.
- Groups (fair queues): fresh messages with a group are listed by group, and groups stand in line by `turn`, which grows
  with each message that was received of one. A group that had nothing to offer joins at the turn of today, so it is
  among the next, however many messages others have waiting. The log takes part like a group.
"""

from typing import Final

from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Snapshot
from pileus.services.sqs.errors import OverLimit
from pileus.services.sqs.messages.handles import Handle, sealed
from pileus.services.sqs.messages.keys import QueueKeys, end_of, last_number, until
from pileus.services.sqs.messages.leases import forget_swept, live, remove_entry
from pileus.services.sqs.messages.records import NEVER_US, Entry, Head, Lease, MessageRecord
from pileus.services.sqs.messages.rules import Bury, as_dead
from pileus.services.sqs.messages.visit import US_PER_S, Taken, Visit
from pileus.services.sqs.model import QueueRecord

IN_FLIGHT_MAX: Final = 120_000
"""SQS Developer Guide, "Amazon SQS standard queue quotas"."""
LAPSES_MAX: Final = 64
"""Leases that one visit moves to those returned; the rest is for the next."""
DELAYS_MAX: Final = 16
"""Delayed messages that one visit moves to the log: each may have a megabyte."""


async def send(visit: Visit, message: MessageRecord, *, delay_s: int) -> int:
    """Add a message; its number."""
    seq = visit.next_seq()
    if delay_s:
        due_us = visit.now_us + delay_s * US_PER_S
        visit.tx.set(visit.keys.waiting(seq), encode(message))
        visit.tx.set(visit.keys.delayed(due_us, seq), b"")
        visit.head.delayed += 1
        visit.due(due_us)
    elif message.group:
        await _join(visit, message, seq)
    else:
        visit.tx.set(visit.keys.message(seq), encode(message))
        visit.head.log += 1
    return seq


async def _join(visit: Visit, message: MessageRecord, seq: int) -> None:
    """A message with a group; a group that had nothing to offer joins the line."""
    in_line = visit.keys.state(message.group)
    if await visit.tx.get(in_line) is None:
        visit.tx.set(visit.keys.turn(visit.head.clock, message.group), b"")
        visit.tx.set(in_line, b"")
    visit.tx.set(visit.keys.message(seq, grouped=True), encode(message))
    visit.tx.set(visit.keys.in_group(message.group, seq), b"")
    visit.head.grouped += 1


async def lapse(visit: Visit) -> bool:
    """Notice what became visible by now, up to a bound; whether there may be more."""
    head, tx, keys = visit.head, visit.tx, visit.keys
    if head.next_due_us > visit.now_us:
        return False
    held = await tx.range(keys.held_prefix, until(keys.held_prefix, visit.now_us), limit=LAPSES_MAX)
    for key, _ in held:
        number = last_number(key)
        lease = await visit.lease(number)
        tx.clear(key)
        assert lease is not None
        assert not lease.returned
        lease.returned = True
        visit.change_lease(number, lease)
        tx.set(keys.returned(lease.due_us, number), b"")
        count = live(lease)
        head.in_flight -= count
        head.returned += count
        await forget_swept(visit, number, lease)
    delayed = await tx.range(keys.delayed_prefix, until(keys.delayed_prefix, visit.now_us), limit=DELAYS_MAX)
    for key, _ in delayed:
        waiting = keys.waiting(last_number(key))
        data = await tx.get(waiting)
        assert data is not None, "what is listed is there"
        tx.clear(key)
        tx.clear(waiting)
        head.delayed -= 1
        await send(visit, decode(data, MessageRecord), delay_s=0)
    if len(held) == LAPSES_MAX or len(delayed) == DELAYS_MAX:
        return True
    head.next_due_us = NEVER_US
    for prefix in (keys.held_prefix, keys.delayed_prefix):
        for key, _ in await tx.range(prefix, end_of(prefix), limit=1):
            visit.due(int.from_bytes(key[-16:-8], "big"))
    return False


class Receive:
    """One ReceiveMessage. limit: at most so many messages. bury: None without a redrive policy."""

    def __init__(self, visit: Visit, *, limit: int, bury: Bury | None) -> None:
        self._visit = visit
        self._wanted = limit
        self._bury = bury
        self._count_max = visit.queue.redrive.receive_count_max if visit.queue.redrive is not None else 0
        self._entries: list[Entry] = []
        self._messages: list[MessageRecord] = []

    async def run(self, *, visibility_s: int) -> list[Taken]:
        """Take what there is; the rest of the lease is the visibility timeout."""
        head = self._visit.head
        head.returned_first = not head.returned_first
        if head.returned_first and head.returned:
            await self._take_returned()
        if self._wanted:
            await self._take_fresh()
        if self._wanted and head.returned:
            await self._take_returned()
        return self._taken(visibility_s) if self._entries else []

    def _taken(self, visibility_s: int) -> list[Taken]:
        visit = self._visit
        due_us = visit.now_us + visibility_s * US_PER_S
        number = visit.new_lease(Lease(due_us=due_us, received_ms=visit.now_ms, entries=self._entries))
        visit.tx.set(visit.keys.held(due_us, number), b"")
        visit.head.in_flight += len(self._entries)
        visit.due(due_us)
        generation, serial = visit.head.generation, visit.queue.serial
        return [
            Taken(
                message,
                entry.seq,
                entry.count,
                entry.first_received_ms,
                sealed(Handle(generation, number, entry.seq, entry.count), serial),
            )
            for entry, message in zip(self._entries, self._messages, strict=True)
        ]

    def _take(self, message: MessageRecord, entry: Entry) -> None:
        entry.count += 1
        if not entry.first_received_ms:
            entry.first_received_ms = message.first_received_ms or self._visit.now_ms
        self._entries.append(entry)
        self._messages.append(message)
        self._wanted -= 1

    async def _offer(self, message: MessageRecord, entry: Entry) -> None:
        """Take a message, unless it has expired, or was received too often."""
        visit = self._visit
        if visit.expired(message):
            visit.tx.clear(visit.keys.message(entry.seq, grouped=entry.grouped))
            visit.drop(message)
        elif self._count_max and entry.count >= self._count_max and self._bury is not None:
            dead = as_dead(
                message,
                count=entry.count,
                first_received_ms=entry.first_received_ms,
                source_arn=visit.queue.arn,
            )
            if await self._bury(dead):
                visit.tx.clear(visit.keys.message(entry.seq, grouped=entry.grouped))
                visit.drop(message)
            else:
                self._take(message, entry)
        else:
            self._take(message, entry)

    # Fresh ones

    async def _take_fresh(self) -> None:
        head = self._visit.head
        if head.grouped:
            await self._take_by_turns()
        while head.log and self._wanted and self._visit.drops_left > 0 and await self._take_log(self._wanted):
            pass

    async def _take_log(self, limit: int) -> int:
        """How many were looked at."""
        visit = self._visit
        head, keys = visit.head, visit.keys
        rows = await visit.tx.range(
            keys.message(head.cursor + 1), end_of(keys.message_prefix), limit=min(limit, self._visit.drops_left)
        )
        for key, data in rows:
            head.cursor = last_number(key)
            head.log -= 1
            await self._offer(decode(data, MessageRecord), Entry(head.cursor, 0, 0))
        return len(rows)

    async def _take_by_turns(self) -> None:
        """Serve those whose turn it is, each its share: one message when there are many groups."""
        visit = self._visit
        head, tx, keys = visit.head, visit.tx, visit.keys
        while self._wanted and head.grouped and self._visit.drops_left > 0:
            rows = await tx.range(keys.turn_prefix, end_of(keys.turn_prefix), limit=self._wanted)
            line = [(int.from_bytes(key[len(keys.turn_prefix) :][:8], "big"), key) for key, _ in rows]
            if head.log:
                head.log_turn = max(head.log_turn, line[0][0] if line else 0)
                line.append((head.log_turn, b""))
                line.sort()
            if not line:
                return
            share = max(1, self._wanted // len(line))
            before = head.log + head.grouped
            for turn, key in line:
                if not self._wanted or self._visit.drops_left <= 0:
                    break
                head.clock = max(head.clock, turn)
                limit = min(share, self._wanted)
                if key:
                    await self._take_group(key, turn, limit)
                else:
                    head.log_turn += await self._take_log(limit)
            if not rows and head.log + head.grouped == before:
                return

    async def _take_group(self, turn_key: bytes, turn: int, limit: int) -> None:
        visit = self._visit
        head, tx, keys = visit.head, visit.tx, visit.keys
        group = turn_key[len(keys.turn_prefix) + 8 :].decode()
        begin, end = keys.group_range(group)
        rows = await tx.range(begin, end, limit=limit + 1)
        for key, _ in rows[:limit]:
            seq = last_number(key)
            tx.clear(key)
            message = await visit.message(seq, grouped=True)
            assert message is not None, "what a group lists is there"
            head.grouped -= 1
            await self._offer(message, Entry(seq, 0, 0, grouped=True))
        tx.clear(turn_key)
        if len(rows) > limit:
            tx.set(keys.turn(turn + limit, group), b"")
        else:
            tx.clear(keys.state(group))

    # Those that returned

    async def _take_returned(self) -> None:
        visit = self._visit
        keys = visit.keys
        while self._wanted and self._visit.drops_left > 0:
            rows = await visit.tx.range(keys.returned_prefix, end_of(keys.returned_prefix), limit=self._wanted)
            if not rows:
                return
            for key, _ in rows:
                if not self._wanted or self._visit.drops_left <= 0:
                    return
                await self._take_again(last_number(key))

    async def _take_again(self, number: int) -> None:
        """Take messages out of an old lease, whose handles are outdated by that."""
        visit = self._visit
        lease = await visit.lease(number)
        assert lease is not None
        for entry in [entry for entry in lease.entries if not entry.moved_to]:
            if not self._wanted or self._visit.drops_left <= 0:
                return
            message = await visit.message(entry.seq, grouped=entry.grouped)
            await remove_entry(visit, number, lease, entry)
            if message is None:
                visit.drop(None)
            else:
                await self._offer(message, Entry(entry.seq, entry.count, entry.first_received_ms, entry.grouped))


async def receive(visit: Visit, *, limit: int, visibility_s: int, patient: bool, bury: Bury | None) -> list[Taken]:
    """Take up to `limit` messages. patient: who polls long hears of no OverLimit, and gets nothing."""
    visit.bounded = await lapse(visit)
    head = visit.head
    if not (head.log or head.grouped or head.returned):
        return []
    room = IN_FLIGHT_MAX - head.in_flight
    if room <= 0:
        if patient:
            return []
        raise OverLimit(f"The maximum number of in flight messages is {IN_FLIGHT_MAX}.")
    return await Receive(visit, limit=min(limit, room), bury=bury).run(visibility_s=visibility_s)


async def overdue(snapshot: Snapshot, queue: QueueRecord, head: Head, *, now_us: int, limit: int) -> tuple[int, int]:
    """Messages that are visible by now, though no visit has noticed: those that were held, those that were delayed."""
    if head.next_due_us > now_us:
        return 0, 0
    keys = QueueKeys(queue.serial, head.generation)
    held = 0
    for key, _ in await snapshot.range(keys.held_prefix, until(keys.held_prefix, now_us), limit=limit):
        data = await snapshot.get(keys.lease(last_number(key)))
        held += 0 if data is None else live(decode(data, Lease))
    ready = await snapshot.range(keys.delayed_prefix, until(keys.delayed_prefix, now_us), limit=limit)
    return held, len(ready)
