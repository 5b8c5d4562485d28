"""Where is a message of a standard queue that somebody received, and until when is it theirs?

In the lease that its handle names, or where that lease says it went, or nowhere any more: see `standard`.
"""

from pileus.services.sqs.messages.handles import Handle
from pileus.services.sqs.messages.records import Entry, Lease
from pileus.services.sqs.messages.rules import check_ceiling, unavailable
from pileus.services.sqs.messages.visit import US_PER_S, Visit


async def delete(visit: Visit, handle: Handle) -> bool:
    """Remove a message; whether it was there. An outdated handle is no error (API_DeleteMessage)."""
    found = await _find(visit, handle)
    if found is None:
        return False
    number, lease, entry = found
    visit.tx.clear(visit.keys.message(entry.seq, grouped=entry.grouped))
    await remove_entry(visit, number, lease, entry)
    return True


async def change_visibility(visit: Visit, handle: Handle, text: str, *, timeout_s: int) -> None:
    """Let a message return so much later from now; InvalidParameterValueException. text: the handle as given.

    One that has returned already, and nobody received since, is held again: recording sqs/sqs,
    test_change_message_visibility_after_visibility_timeout_expiration.
    """
    found = await _find(visit, handle)
    if found is None:
        raise unavailable(text)
    number, lease, entry = found
    check_ceiling(visit, timeout_s, received_ms=lease.received_ms)
    due_us = visit.now_us + timeout_s * US_PER_S
    if live(lease) == 1:
        _unlist(visit, number, lease)
        lease.due_us, lease.returned = due_us, False
    else:
        _count(visit, lease, -1)
        moved = Entry(entry.seq, entry.count, entry.first_received_ms, entry.grouped)
        old, lease = lease, Lease(due_us=due_us, received_ms=lease.received_ms, entries=[moved], origin=number)
        entry.moved_to = visit.new_lease(lease)
        visit.change_lease(number, old)
        number = entry.moved_to
    _count(visit, lease, 1)
    visit.tx.set(visit.keys.held(due_us, number), b"")
    visit.due(due_us)
    visit.change_lease(number, lease)


async def remove_entry(visit: Visit, number: int, lease: Lease, entry: Entry) -> None:
    """A message leaves its lease, and is counted no more; so does what pointed to it from where it was before."""
    _count(visit, lease, -1)
    entries = lease.entries
    if entries[0] is entry:  # messages are deleted in the order in which they were received
        del entries[0]
    else:
        entries.remove(entry)
    for other in entries:
        if not other.moved_to:
            break
    else:
        _unlist_key(visit, number, lease)
    visit.change_lease(number, lease if entries else None)
    if lease.origin:
        origin = await visit.lease(lease.origin)
        assert origin is not None, "what was moved is remembered where it was"
        origin.entries = [other for other in origin.entries if other.seq != entry.seq]
        visit.change_lease(lease.origin, origin if origin.entries else None)


async def forget_swept(visit: Visit, number: int, lease: Lease) -> None:
    """Take out of a lease what was removed because of its age."""
    for entry in [entry for entry in lease.entries if entry.seq <= visit.head.swept and not entry.moved_to]:
        if await visit.tx.get(visit.keys.message(entry.seq, grouped=entry.grouped)) is None:
            await remove_entry(visit, number, lease, entry)


async def _find(visit: Visit, handle: Handle) -> tuple[int, Lease, Entry] | None:
    """Where the message is now; None when it is gone, or was received later than with this handle."""
    if handle.generation != visit.head.generation:
        return None
    number = handle.lease
    while number:
        lease = await visit.lease(number)
        if lease is None:
            return None
        for entry in lease.entries:
            if entry.seq == handle.seq:
                break
        else:
            return None
        if not entry.moved_to:
            return number, lease, entry
        number = entry.moved_to
    return None


def live(lease: Lease) -> int:
    """How many messages it holds."""
    return sum(1 for entry in lease.entries if not entry.moved_to)


def _count(visit: Visit, lease: Lease, by: int) -> None:
    if lease.returned:
        visit.head.returned += by
    else:
        visit.head.in_flight += by


def _unlist(visit: Visit, number: int, lease: Lease) -> None:
    """A lease of one message stands in no index for now, and its message is not counted."""
    _count(visit, lease, -1)
    _unlist_key(visit, number, lease)


def _unlist_key(visit: Visit, number: int, lease: Lease) -> None:
    index = visit.keys.returned if lease.returned else visit.keys.held
    visit.tx.clear(index(lease.due_us, number))
