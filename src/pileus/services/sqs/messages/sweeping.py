"""What becomes of messages that nobody may receive any more?

Those past their retention, those that were purged, and ids of deduplication that are forgotten: each step here is
small, and who calls it lets others run before the next. Receives drop what has expired too; this is for queues that
nobody receives from.
"""

from typing import Final

from pileus.kernel.storage.keys import after
from pileus.kernel.storage.records import decode
from pileus.kernel.storage.seam import Transaction
from pileus.services.sqs.messages import deduplication, fifo, leases
from pileus.services.sqs.messages.keys import bucket_key, end_of, last_number
from pileus.services.sqs.messages.records import MessageRecord
from pileus.services.sqs.messages.visit import US_PER_S, Visit

STEP_MESSAGES: Final = 32
"""Each may have a megabyte."""
STEP_LEASES: Final = 64
STEP_IDS: Final = 256
_ROWS_AT_ONCE: Final = 16
_BYTES_AT_ONCE: Final = 1 << 22


async def sweep_expired(seen: Visit) -> bool:
    """Remove the oldest messages, as far as the queue keeps them no longer; whether there may be more."""
    if seen.queue.fifo:
        return await _sweep_log(seen, grouped=False)
    more = [await _sweep_log(seen, grouped=grouped) for grouped in (False, True)]
    return any(more)


async def _sweep_log(seen: Visit, *, grouped: bool) -> bool:
    prefix = seen.keys.grouped_prefix if grouped else seen.keys.message_prefix
    rows = await seen.tx.range(prefix, end_of(prefix), limit=STEP_MESSAGES)
    for key, data in rows:
        message = decode(data, MessageRecord)
        if not seen.expired(message):
            return False
        if seen.queue.fifo:
            await fifo.remove(seen, message, last_number(key))
        else:
            await _remove(seen, message, key, grouped=grouped)
    return len(rows) == STEP_MESSAGES


async def _remove(seen: Visit, message: MessageRecord, key: bytes, *, grouped: bool) -> None:
    """Of a standard queue. One that is in a lease stays there and is counted until the lease is looked at."""
    tx, head, seq = seen.tx, seen.head, last_number(key)
    tx.clear(key)
    if grouped:
        listed = seen.keys.in_group(message.group, seq)
        if await tx.get(listed) is not None:
            tx.clear(listed)
            head.grouped -= 1
            return
    elif seq > head.cursor:
        head.log -= 1
        return
    head.swept = max(head.swept, seq)


async def sweep_returned(seen: Visit, begin: bytes) -> bytes | None:
    """Forget what has expired among those that returned, lease by lease; where to go on, None at the end.

    begin: b"" for the first step.
    """
    prefix = seen.keys.returned_prefix
    rows = await seen.tx.range(begin or prefix, end_of(prefix), limit=STEP_LEASES)
    for key, _ in rows:
        number = last_number(key)
        lease = await seen.lease(number)
        assert lease is not None, "what is listed is there"
        await leases.forget_swept(seen, number, lease)
    return after(rows[-1][0]) if len(rows) == STEP_LEASES else None


async def forget_ids(seen: Visit) -> bool:
    """Forget ids of deduplication and attempts, and counts by the second, that matter no more; whether there are more.

    Source of the five minutes: `deduplication.DEDUPLICATION_MS`; of the fifteen, `limits.DELAY_S_MAX`.
    """
    serial = seen.queue.serial
    bucket = seen.now_ms // deduplication.DEDUPLICATION_MS - 1
    second = seen.now_us // US_PER_S - 1_000
    more = False
    for kind, end in ((b"x", bucket), (b"y", bucket), (b"n", second)):
        begin = bucket_key(serial, kind, 0)
        more |= await clear_some(seen.tx, begin, after_last=bucket_key(serial, kind, max(0, end)), limit=STEP_IDS)
    return more


async def clear_some(tx: Transaction, begin: bytes, *, after_last: bytes, limit: int) -> bool:
    """Remove the first records of a range, fewer of large ones; whether there are more."""
    read_bytes = 0
    for _ in range(max(1, limit // _ROWS_AT_ONCE)):
        rows = await tx.range(begin, after_last, limit=_ROWS_AT_ONCE)
        if not rows:
            return False
        end = after(rows[-1][0])
        tx.clear_range(rows[0][0], end)
        if len(rows) < _ROWS_AT_ONCE:
            return False
        begin = end
        read_bytes += sum(len(value) for _, value in rows)
        if read_bytes > _BYTES_AT_ONCE:
            break
    return True
