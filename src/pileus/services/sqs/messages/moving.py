"""Which message is moved next, when those of a dead-letter queue are sent on (StartMessageMoveTask)?

One that could be received now; what is held or delayed stays.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import NamedTuple

from pileus.kernel.storage.records import decode
from pileus.services.sqs.messages import fifo, leases, standard
from pileus.services.sqs.messages.keys import end_of, last_number
from pileus.services.sqs.messages.records import Entry, Lease, MessageRecord
from pileus.services.sqs.messages.visit import Visit


class Next(NamedTuple):
    """remove: takes it out of the queue."""

    message: MessageRecord
    remove: Callable[[], Awaitable[None]]


async def next_to_move(seen: Visit) -> Next | None:
    """None when there is nothing to move now, or the visit is `unfinished`."""
    more = await (fifo.lapse(seen) if seen.queue.fifo else standard.lapse(seen))
    while not seen.unfinished:
        found = await (_of_fifo(seen) if seen.queue.fifo else _of_standard(seen))
        if found is None:
            seen.bounded = more
            return None
        if not seen.expired(found.message):
            return found
        await found.remove()
        seen.drop(found.message)
    return None


async def _of_fifo(seen: Visit) -> Next | None:
    keys = seen.keys
    for key, _ in await seen.tx.range(keys.turn_prefix, end_of(keys.turn_prefix), limit=1):
        seq = last_number(key)
        message = await seen.message(seq)
        assert message is not None, "what may be received is there"
        return Next(message, partial(fifo.remove, seen, message, seq))
    return None


async def _of_standard(seen: Visit) -> Next | None:
    return await _returned(seen) or await _fresh(seen) or await _grouped(seen)


async def _returned(seen: Visit) -> Next | None:
    keys = seen.keys
    while seen.head.returned:
        rows = await seen.tx.range(keys.returned_prefix, end_of(keys.returned_prefix), limit=1)
        if not rows:
            return None
        number = last_number(rows[0][0])
        lease = await seen.lease(number)
        assert lease is not None, "what is listed is there"
        entry = next(entry for entry in lease.entries if not entry.moved_to)
        message = await seen.message(entry.seq, grouped=entry.grouped)
        if message is not None:
            return Next(message, partial(_remove_returned, seen, number, lease, entry))
        await leases.remove_entry(seen, number, lease, entry)
    return None


async def _remove_returned(seen: Visit, number: int, lease: Lease, entry: Entry) -> None:
    seen.tx.clear(seen.keys.message(entry.seq, grouped=entry.grouped))
    await leases.remove_entry(seen, number, lease, entry)


async def _fresh(seen: Visit) -> Next | None:
    keys = seen.keys
    for key, data in await seen.tx.range(keys.message(seen.head.cursor + 1), end_of(keys.message_prefix), limit=1):
        return Next(decode(data, MessageRecord), partial(_remove_fresh, seen, key))
    return None


async def _remove_fresh(seen: Visit, key: bytes) -> None:
    seen.tx.clear(key)
    seen.head.cursor = last_number(key)
    seen.head.log -= 1


async def _grouped(seen: Visit) -> Next | None:
    """Of any group; one that has nothing left is dealt with when it is served."""
    prefix = seen.keys.group_prefix
    if not seen.head.grouped:
        return None
    for key, _ in await seen.tx.range(prefix, end_of(prefix), limit=1):
        message = await seen.message(last_number(key), grouped=True)
        assert message is not None, "what a group lists is there"
        return Next(message, partial(_remove_grouped, seen, key))
    return None


async def _remove_grouped(seen: Visit, key: bytes) -> None:
    seen.tx.clear(key)
    seen.tx.clear(seen.keys.message(last_number(key), grouped=True))
    seen.head.grouped -= 1
