"""How does a FIFO queue keep, hand out and take back its messages?

Exactly once and in order, group by group. The argument:

- All messages of a group are listed in order (`J`). The first decides: if nobody holds it, the group stands among those
  that may be received, under that message's number (`A`); otherwise it is blocked, and is not there. So a receive looks
  at no blocked group, and serves the one whose first message is the oldest.
- A receive takes the group's messages in order, until one that is held. Recording sqs/sqs,
  test_fifo_group_visibility_extends_with_change_message_visibility: a first message that has returned is received again
  while later ones are held; a later one that has returned waits for the first.
- What was received and is still there is in the group's state: ten messages at most, since all that follow wait for
  them. A group whose messages were never received has no state.
- A timer tells when the first of those held returns (`lapse`). A handle is good while its message is held, and was not
  received since; recordings test_fifo_delete_after_visibility_timeout and ..._extended.
- The queue's delay is asked when messages are received, not when they are sent: changing it affects those that wait
  already (SQS Developer Guide, "Delay queues"). How many are delayed is known from counts by the second.
- An id of deduplication is remembered with its message for five minutes: see `deduplication`.
"""

from typing import Final

from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Snapshot
from pileus.services.sqs.errors import InvalidParameterValueException
from pileus.services.sqs.messages.deduplication import attempt_of, remember_attempt
from pileus.services.sqs.messages.groups import first_of, held_of, remove_from, settle
from pileus.services.sqs.messages.handles import Handle, sealed
from pileus.services.sqs.messages.keys import QueueKeys, bucket_key, end_of, last_number, until
from pileus.services.sqs.messages.records import (
    NEVER_US,
    GroupState,
    Head,
    Held,
    MessageRecord,
)
from pileus.services.sqs.messages.rules import Bury, as_dead, check_ceiling, unavailable
from pileus.services.sqs.messages.visit import US_PER_S, Taken, Visit
from pileus.services.sqs.model import QueueRecord

IN_FLIGHT_MAX: Final = 120_000
"""SQS Developer Guide, "Amazon SQS FIFO queue quotas"; 20,000 until November 2024. Beyond it nobody gets an error."""
LAPSES_MAX: Final = 64
_FIRST_NUMBER: Final = 18_850_000_000_000_000_000
"""Sequence numbers have 20 digits (SQS Developer Guide, "FIFO queue and message identifiers")."""
_NUMBER_STEP: Final = 256


def sequence_number(seq: int) -> str:
    """What clients see of a message's number; AWS's are not consecutive either."""
    return str(_FIRST_NUMBER + seq * _NUMBER_STEP)


async def send(visit: Visit, message: MessageRecord) -> int:
    """Add a message at the end of its group; its number."""
    seq = visit.next_seq()
    tx, keys = visit.tx, visit.keys
    first = await first_of(visit, message.group)
    tx.set(keys.message(seq), encode(message))
    tx.set(keys.in_group(message.group, seq), b"")
    if first is None:
        tx.set(keys.turn(seq), message.group.encode())
    visit.head.log += 1
    if visit.queue.delay_s:
        key = bucket_key(visit.queue.serial, b"n", visit.now_us // US_PER_S)
        counted = await tx.get(key)
        tx.set(key, (int.from_bytes(counted or b"", "big") + 1).to_bytes(8, "big"))
    return seq


async def lapse(visit: Visit) -> bool:
    """Notice what returned by now, up to a bound; whether there may be more."""
    head, tx, keys = visit.head, visit.tx, visit.keys
    if head.next_due_us > visit.now_us:
        return False
    due = await tx.range(keys.timer_prefix, until(keys.timer_prefix, visit.now_us), limit=LAPSES_MAX)
    for key, _ in due:
        name = key[len(keys.timer_prefix) + 8 :].decode()
        state = await visit.group(name)
        assert state is not None, "a group with a timer has a state"
        for held in state.entries:
            if 0 < held.due_us <= visit.now_us:
                held.due_us = 0
                head.in_flight -= 1
        await settle(visit, name, state)
    if len(due) == LAPSES_MAX:
        return True
    head.next_due_us = NEVER_US
    for key, _ in await tx.range(keys.timer_prefix, end_of(keys.timer_prefix), limit=1):
        visit.due(int.from_bytes(key[len(keys.timer_prefix) :][:8], "big"))
    return False


async def receive(visit: Visit, *, limit: int, visibility_s: int, attempt_id: str, bury: Bury | None) -> list[Taken]:
    """Take up to `limit` messages, as many of one group as there are, then of the next."""
    visit.bounded = await lapse(visit)
    if attempt_id and (again := await _repeated(visit, attempt_id, visibility_s=visibility_s)):
        return again
    limit = min(limit, IN_FLIGHT_MAX - visit.head.in_flight)
    if limit <= 0 or not visit.head.log:
        return []
    taken = await _Receive(visit, limit=limit, visibility_s=visibility_s, bury=bury).run()
    if attempt_id and taken:
        remember_attempt(visit, attempt_id, taken)
    return taken


class _Receive:
    """One ReceiveMessage."""

    def __init__(self, visit: Visit, *, limit: int, visibility_s: int, bury: Bury | None) -> None:
        self._visit = visit
        self._limit = limit
        self._due_us = visit.now_us + visibility_s * US_PER_S
        self._bury = bury
        self._count_max = visit.queue.redrive.receive_count_max if visit.queue.redrive is not None else 0
        self._taken: list[Taken] = []

    async def run(self) -> list[Taken]:
        visit = self._visit
        keys = visit.keys
        begin = keys.turn_prefix
        while len(self._taken) < self._limit and self._visit.drops_left > 0:
            rows = await visit.tx.range(begin, end_of(keys.turn_prefix), limit=self._limit - len(self._taken))
            if not rows:
                break
            for _, group in rows:
                if len(self._taken) >= self._limit or self._visit.drops_left <= 0:
                    break
                if not await self._serve(group.decode()):
                    return self._taken  # all that follow were sent later, and are delayed too
            begin = rows[-1][0] + b"\x00"
        return self._taken

    async def _serve(self, group: str) -> bool:
        """Take a group's messages from the first on; False when that one is still delayed."""
        visit = self._visit
        begin, end = visit.keys.group_range(group)
        state: GroupState | None = None
        before = len(self._taken)
        delayed = stopped = False
        while not stopped and len(self._taken) < self._limit and self._visit.drops_left > 0:
            rows = await visit.tx.range(begin, end, limit=self._limit - len(self._taken))
            if not rows:
                break
            if state is None:
                state = await visit.group(group) or GroupState(entries=[], turn=last_number(rows[0][0]))
            for key, _ in rows:
                seq = last_number(key)
                held = held_of(state, seq)
                stopped = held is not None and held.due_us > 0
                if stopped:
                    break
                message = await visit.message(seq)
                assert message is not None, "what a group lists is there"
                delayed = stopped = held is None and self._delayed(message)
                if stopped:
                    break
                await self._offer(state, message, seq, held)
            begin = rows[-1][0] + b"\x00"
        if state is not None:
            await settle(visit, group, state)
        return not delayed or len(self._taken) > before

    def _delayed(self, message: MessageRecord) -> bool:
        visit = self._visit
        return message.sent_ms * 1_000 + visit.queue.delay_s * US_PER_S > visit.now_us

    async def _offer(self, state: GroupState, message: MessageRecord, seq: int, held: Held | None) -> None:
        """Take a message, unless it has expired, or was received too often."""
        visit = self._visit
        if visit.expired(message):
            self._drop(state, message, seq, held)
            return
        if held is not None and self._count_max and held.count >= self._count_max and self._bury is not None:
            dead = as_dead(
                message, count=held.count, first_received_ms=held.first_received_ms, source_arn=visit.queue.arn
            )
            if await self._bury(dead):
                self._drop(state, message, seq, held)
                return
        if held is None:
            held = Held(seq, 0, message.first_received_ms or visit.now_ms, 0, 0)
            state.entries.append(held)
        held.count += 1
        held.received_ms = visit.now_ms
        held.due_us = self._due_us
        visit.head.in_flight += 1
        handle = sealed(Handle(visit.head.generation, 0, seq, held.count, message.group), visit.queue.serial)
        self._taken.append(Taken(message, seq, held.count, held.first_received_ms, handle))

    def _drop(self, state: GroupState, message: MessageRecord, seq: int, held: Held | None) -> None:
        self._visit.drop(message)
        remove_from(self._visit, state, message.group, seq, held)


async def _repeated(visit: Visit, attempt_id: str, *, visibility_s: int) -> list[Taken]:
    """What an attempt of this id got within five minutes, if all of it is still held; it is held anew.

    Source: API_ReceiveMessage, ReceiveRequestAttemptId.
    """
    attempt = await attempt_of(visit, attempt_id)
    if attempt is None:
        return []
    due_us = visit.now_us + visibility_s * US_PER_S
    taken: list[Taken] = []
    again: list[Held] = []
    states: dict[str, GroupState] = {}
    for group, seq, count in attempt.messages:
        state = states.get(group) or await visit.group(group)
        held = held_of(state, seq)
        message = await visit.message(seq)
        if state is None or held is None or message is None or held.count != count or held.due_us <= visit.now_us:
            return []
        again.append(held)
        states[group] = state
        handle = sealed(Handle(visit.head.generation, 0, seq, count, group), visit.queue.serial)
        taken.append(Taken(message, seq, count, held.first_received_ms, handle))
    for held in again:
        held.due_us = due_us
    for group, state in states.items():
        await settle(visit, group, state)
    return taken


async def delete(visit: Visit, handle: Handle, text: str) -> bool:
    """Remove a message; whether it was there. InvalidParameterValueException when the handle has expired."""
    found = await _find(visit, handle)
    if found is None:
        return False
    state, held = found
    if held.count != handle.times or held.due_us <= visit.now_us:
        raise _expired(text)
    remove_from(visit, state, handle.group, held.seq, held)
    await settle(visit, handle.group, state)
    return True


async def change_visibility(visit: Visit, handle: Handle, text: str, *, timeout_s: int) -> None:
    """Let a message return so much later from now; InvalidParameterValueException."""
    found = await _find(visit, handle)
    if found is None:
        raise unavailable(text)
    state, held = found
    if held.count != handle.times or held.due_us <= visit.now_us:
        raise unavailable(text)
    check_ceiling(visit, timeout_s, received_ms=held.received_ms)
    held.due_us = visit.now_us + timeout_s * US_PER_S if timeout_s else 0
    if not held.due_us:
        visit.head.in_flight -= 1
    await settle(visit, handle.group, state)


async def remove(visit: Visit, message: MessageRecord, seq: int) -> None:
    """A message has expired, or is moved on."""
    state = await visit.group(message.group)
    if state is None:
        first = await first_of(visit, message.group)
        state = GroupState(entries=[], turn=first or 0)
    remove_from(visit, state, message.group, seq, held_of(state, seq))
    await settle(visit, message.group, state)


async def _find(visit: Visit, handle: Handle) -> tuple[GroupState, Held] | None:
    if handle.generation != visit.head.generation:
        return None
    state = await visit.group(handle.group)
    held = held_of(state, handle.seq)
    return None if state is None or held is None else (state, held)


def _expired(text: str) -> InvalidParameterValueException:
    """Recording sqs/sqs, test_fifo_delete_after_visibility_timeout."""
    return InvalidParameterValueException(
        f"Value {text} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired."
    )


async def overdue(snapshot: Snapshot, queue: QueueRecord, head: Head, *, now_us: int, limit: int) -> int:
    """Messages that returned by now, though no visit has noticed."""
    if head.next_due_us > now_us:
        return 0
    keys = QueueKeys(queue.serial, head.generation)
    count = 0
    for key, _ in await snapshot.range(keys.timer_prefix, until(keys.timer_prefix, now_us), limit=limit):
        data = await snapshot.get(keys.state(key[len(keys.timer_prefix) + 8 :].decode()))
        if data is not None:
            count += sum(1 for held in decode(data, GroupState).entries if 0 < held.due_us <= now_us)
    return count


async def delayed(snapshot: Snapshot, queue: QueueRecord, *, now_us: int) -> int:
    """Messages whose delay has not ended: those of the last seconds."""
    if not queue.delay_s:
        return 0
    now_s = now_us // US_PER_S
    begin = bucket_key(queue.serial, b"n", max(0, now_s - queue.delay_s + 1))
    rows = await snapshot.range(begin, bucket_key(queue.serial, b"n", now_s + 1))
    return sum(int.from_bytes(counted, "big") for _, counted in rows)
