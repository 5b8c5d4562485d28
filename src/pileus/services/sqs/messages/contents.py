"""What can be done with the messages of queues? Everything in the caller's transaction, for both kinds of queue.

The public face of this package: operations, the sender, the receiver and the worker come here, and so do those who look
after queues (`sqs.contents.QueueContents`).
"""

from hashlib import sha256
from typing import Final, NamedTuple

import msgspec

from pileus.kernel.clock import Clock
from pileus.kernel.ids import Ids
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.sqs.contents import Moved
from pileus.services.sqs.messages import deduplication, fifo, leases, standard
from pileus.services.sqs.messages.handles import opened
from pileus.services.sqs.messages.keys import GARBAGE, head_key, queue_prefix
from pileus.services.sqs.messages.known import KnownQueues
from pileus.services.sqs.messages.moving import Next, next_to_move
from pileus.services.sqs.messages.records import Head, MessageRecord, PurgedRecord
from pileus.services.sqs.messages.sweeping import clear_some
from pileus.services.sqs.messages.visit import US_PER_S, Taken, Visit, visit
from pileus.services.sqs.model import Counts, QueueRecord

OVERDUE_MAX: Final = 1_000
"""Leases, and messages whose delay has ended, that `counts` looks at because no visit has noticed yet."""

MOVE_CHARACTERS: Final = 1 << 21
"""How much one step of a move moves, about: others wait for it."""

_VERSION_4: Final = tuple(bytes((byte & 0x0F | 0x40,)) for byte in range(256))
_VARIANT: Final = tuple(bytes((byte & 0x3F | 0x80,)) for byte in range(256))


class Sent(NamedTuple):
    """message_id: of the message that was sent first, when this one is its duplicate. seq: of a FIFO queue, else 0."""

    message_id: bytes
    seq: int
    duplicate: bool = False


class Messages:
    """The messages of all queues; fills `QueueContents`."""

    def __init__(self, *, clock: Clock, ids: Ids) -> None:
        self._clock = clock
        self._ids = ids
        self.known = KnownQueues()

    def now_us(self) -> int:
        return int(self._clock.timestamp() * US_PER_S)

    def new_id(self) -> bytes:
        """Of a message: a random UUID."""
        drawn = self._ids.bytes(16)
        return drawn[:6] + _VERSION_4[drawn[6]] + drawn[7:8] + _VARIANT[drawn[8]] + drawn[9:]

    async def visit(self, tx: Transaction, queue: QueueRecord) -> Visit:
        """To be saved when all is done."""
        return await visit(tx, queue, now_us=self.now_us())

    # Messages

    async def send(self, seen: Visit, message: MessageRecord, *, delay_s: int | None = None) -> Sent:
        """Add a message that was checked. delay_s: None for the queue's, which a FIFO queue's messages always have."""
        queue = seen.queue
        if not queue.fifo:
            await standard.send(seen, message, delay_s=queue.delay_s if delay_s is None else delay_s)
            return Sent(message.id, 0)
        before = await deduplication.sent_before(seen, group=message.group, deduplication_id=message.deduplication_id)
        if before is not None:
            return Sent(before.message_id, before.seq, duplicate=True)
        seq = await fifo.send(seen, message)
        deduplication.remember(seen, message, seq)
        return Sent(message.id, seq)

    async def receive(
        self, seen: Visit, *, limit: int, visibility_s: int, attempt_id: str = "", patient: bool = False
    ) -> list[Taken]:
        """Take up to `limit` messages. patient: of a long poll. Dead letters leave on this occasion."""
        burial = _Burial(self, seen) if seen.queue.redrive is not None else None
        bury = None if burial is None else burial.bury
        if seen.queue.fifo:
            taken = await fifo.receive(seen, limit=limit, visibility_s=visibility_s, attempt_id=attempt_id, bury=bury)
        else:
            taken = await standard.receive(seen, limit=limit, visibility_s=visibility_s, patient=patient, bury=bury)
        if burial is not None:
            burial.save()
        return taken

    async def delete(self, seen: Visit, receipt_handle: str) -> bool:
        """Whether the message was there. ReceiptHandleIsInvalid, InvalidParameterValueException."""
        handle = opened(receipt_handle, seen.queue.serial)
        if seen.queue.fifo:
            return await fifo.delete(seen, handle, receipt_handle)
        return await leases.delete(seen, handle)

    async def change_visibility(self, seen: Visit, receipt_handle: str, *, timeout_s: int) -> None:
        """ReceiptHandleIsInvalid, InvalidParameterValueException."""
        handle = opened(receipt_handle, seen.queue.serial)
        of_kind = fifo if seen.queue.fifo else leases
        await of_kind.change_visibility(seen, handle, receipt_handle, timeout_s=timeout_s)

    async def deposit(self, seen: Visit, message: MessageRecord) -> None:
        """Add a message that comes from another queue, as it is."""
        if seen.queue.fifo:
            # SQS Developer Guide, "Dead-letter queues": the time of sending begins anew in a FIFO queue.
            await fifo.send(seen, msgspec.structs.replace(message, sent_ms=seen.now_ms))
        else:
            await standard.send(seen, message, delay_s=0)

    # What those ask who look after queues

    async def counts(self, snapshot: Snapshot, queue: QueueRecord) -> Counts:
        """How many messages there are, about."""
        data = await snapshot.get(head_key(queue.serial))
        if data is None:
            return Counts()
        head = decode(data, Head)
        now_us = self.now_us()
        if queue.fifo:
            overdue = await fifo.overdue(snapshot, queue, head, now_us=now_us, limit=OVERDUE_MAX)
            delayed = await fifo.delayed(snapshot, queue, now_us=now_us)
            in_flight = max(0, head.in_flight - overdue)
            delayed = min(delayed, head.log - in_flight)
            return Counts(visible=head.log - in_flight - delayed, in_flight=in_flight, delayed=delayed)
        held, ready = await standard.overdue(snapshot, queue, head, now_us=now_us, limit=OVERDUE_MAX)
        return Counts(
            visible=head.log + head.grouped + head.returned + held + ready,
            in_flight=max(0, head.in_flight - held),
            delayed=max(0, head.delayed - ready),
        )

    async def purge(self, tx: Transaction, queue: QueueRecord) -> None:
        """Begin a new generation; the old one is swept later."""
        data = await tx.get(head_key(queue.serial))
        if data is None:
            return
        head = decode(data, Head)
        tx.set(GARBAGE.pack(queue.serial, head.generation), encode(PurgedRecord(fifo=queue.fifo)))
        fresh = Head(
            generation=head.generation + 1,
            next_seq=head.next_seq,
            next_lease=head.next_lease,
            cursor=head.next_seq - 1,
        )
        tx.set(head_key(queue.serial), encode(fresh))

    async def clear(self, tx: Transaction, serial: bytes, *, limit: int) -> bool:
        """Remove up to `limit` records of a deleted queue; whether there are more."""
        prefix = queue_prefix(serial)
        begin, end = GARBAGE.range(serial)
        tx.clear_range(begin, end)
        tx.clear(head_key(serial))  # tells those who wait, also for a queue that never held anything
        return await clear_some(tx, prefix, after_last=prefix + b"\xff", limit=limit)

    async def move(self, tx: Transaction, source: QueueRecord, target: QueueRecord | None, *, limit: int) -> Moved:
        """Send messages on, as new ones; see `QueueContents`."""
        seen = await self.visit(tx, source)
        targets: dict[bytes, Visit] = {}
        count, characters, failure = 0, 0, ""
        while count < limit and characters < MOVE_CHARACTERS:
            found = await next_to_move(seen)
            if found is None:
                break
            failure = await self._send_on(seen, found, target, targets)
            if failure:
                break
            count += 1
            characters += len(found.message.body)
        else:
            seen.bounded = True
        for one in (seen, *targets.values()):
            one.save()
        return Moved(count=count, failure=failure, more=seen.unfinished)

    async def _send_on(self, seen: Visit, found: Next, target: QueueRecord | None, targets: dict[bytes, Visit]) -> str:
        """Why the message cannot be moved; '' when it was."""
        message = found.message
        if target is None:
            if not message.source_arn:
                return "CouldNotDetermineMessageSource"
            target = await self.known.find_by_arn(seen.tx, message.source_arn)
            if target is None:
                return "AWS.SimpleQueueService.NonExistentQueue"
        if target.serial == seen.queue.serial or target.fifo != seen.queue.fifo:
            return "CouldNotDetermineMessageSource"
        there = targets.get(target.serial)
        if there is None:
            there = targets[target.serial] = await self.visit(seen.tx, target)
        await found.remove()
        new = msgspec.structs.replace(
            message, id=self.new_id(), sent_ms=seen.now_ms, received=0, first_received_ms=0, source_arn=""
        )
        await self.deposit(there, new)
        return ""


class _Burial:
    """Puts dead letters into their queue, and saves that visit once."""

    def __init__(self, messages: Messages, seen: Visit) -> None:
        self._messages = messages
        self._seen = seen
        self._there: Visit | None = None

    async def bury(self, message: MessageRecord) -> bool:
        """False when there is no such queue: the message is then received once more."""
        if self._there is None:
            redrive = self._seen.queue.redrive
            assert redrive is not None
            target = await self._messages.known.find_by_arn(self._seen.tx, redrive.target_arn)
            if target is None or target.serial == self._seen.queue.serial or target.fifo != self._seen.queue.fifo:
                return False
            self._there = await self._messages.visit(self._seen.tx, target)
        await self._messages.deposit(self._there, message)
        return True

    def save(self) -> None:
        if self._there is not None:
            self._there.save()


def content_deduplication_id(raw: bytes) -> str:
    """Of a queue with ContentBasedDeduplication. Source: API_SendMessage, MessageDeduplicationId."""
    return sha256(raw).hexdigest()
