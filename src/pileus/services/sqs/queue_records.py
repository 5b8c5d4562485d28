"""Where are queues kept?

Below `(sqs, queue, account, region, name)` the queue; below `(sqs, deleted, account, region, name)` that it was deleted
not long ago; below `(sqs, source, account, region, dead-letter queue, queue)` an empty value for each queue that names
a dead-letter queue, so that ListDeadLetterSourceQueues reads no other; below `(sqs, policied, account, region, name)`
one for each queue with a policy. Messages are elsewhere, below a queue's serial.
"""

from typing import Final

from pileus.kernel.storage.keys import Subspace, after
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.sqs.errors import QueueDoesNotExist
from pileus.services.sqs.model import DeletedQueueRecord, QueueRecord
from pileus.services.sqs.names import QueueName, queue_of_arn

_QUEUES: Final = Subspace("sqs", "queue")
_DELETED: Final = Subspace("sqs", "deleted")
_SOURCES: Final = Subspace("sqs", "source")
_POLICIED: Final = Subspace("sqs", "policied")
POLICIES_CHANGED: Final = Subspace("sqs", "policies-changed").prefix
"""Written whenever a queue gets its policy, or loses it."""


async def find_queue(snapshot: Snapshot, queue: QueueName) -> QueueRecord | None:
    value = await snapshot.get(_QUEUES.pack(queue.account_id, queue.region, queue.name))
    return None if value is None else decode(value, QueueRecord)


async def get_queue(snapshot: Snapshot, queue: QueueName) -> QueueRecord:
    """Or QueueDoesNotExist."""
    found = await find_queue(snapshot, queue)
    if found is None:
        raise QueueDoesNotExist
    return found


async def find_queue_by_arn(snapshot: Snapshot, arn: str) -> QueueRecord | None:
    named = queue_of_arn(arn)
    return None if named is None else await find_queue(snapshot, named)


async def list_queues(
    snapshot: Snapshot, *, account_id: str, region: str, prefix: str = "", beyond: str | None = None, limit: int = 0
) -> list[str]:
    """Names in their order, those that begin with `prefix` and follow `beyond`."""
    begin, end = _QUEUES.range_starting(account_id, region, prefix=prefix)
    if beyond is not None:
        begin = max(begin, after(_QUEUES.pack(account_id, region, beyond)))
    return [_last(_QUEUES, key) for key, _ in await snapshot.range(begin, end, limit=limit)]


async def all_queues(snapshot: Snapshot, *, beyond: QueueName | None = None, limit: int) -> list[QueueRecord]:
    """Queues of all accounts and regions, a page behind `beyond`."""
    begin, end = _QUEUES.range()
    if beyond is not None:
        begin = after(_QUEUES.pack(beyond.account_id, beyond.region, beyond.name))
    return [decode(value, QueueRecord) for _, value in await snapshot.range(begin, end, limit=limit)]


async def list_sources(
    snapshot: Snapshot, queue: QueueName, *, beyond: str | None = None, limit: int = 0
) -> list[QueueName]:
    """The queues that have this one as their dead-letter queue, in order of their names."""
    begin, end = _SOURCES.range(queue.account_id, queue.region, queue.name)
    if beyond is not None:
        begin = after(_SOURCES.pack(queue.account_id, queue.region, queue.name, beyond))
    names = [_last(_SOURCES, key) for key, _ in await snapshot.range(begin, end, limit=limit)]
    return [QueueName(account_id=queue.account_id, region=queue.region, name=name) for name in names]


def put_queue(tx: Transaction, queue: QueueRecord, *, before: QueueRecord | None) -> None:
    """Write a queue. before: what it was, None for a new one."""
    tx.set(_QUEUES.pack(queue.account_id, queue.region, queue.name), encode(queue))
    _put_source(tx, queue, before=before)
    _put_policied(tx, queue, has=bool(queue.policy), had=before is not None and bool(before.policy))


def delete_queue(tx: Transaction, queue: QueueRecord, *, now_s: float) -> None:
    """Remove a queue, and remember that its name was in use."""
    named = (queue.account_id, queue.region, queue.name)
    tx.clear(_QUEUES.pack(*named))
    tx.set(_DELETED.pack(*named), encode(DeletedQueueRecord(deleted_at_s=now_s)))
    if (key := _source_key(queue)) is not None:
        tx.clear(key)
    _put_policied(tx, queue, has=False, had=bool(queue.policy))


async def any_policy(snapshot: Snapshot) -> bool:
    """Whether any queue of the server has a policy."""
    return bool(await snapshot.range(*_POLICIED.range(), limit=1))


def _put_policied(tx: Transaction, queue: QueueRecord, *, has: bool, had: bool) -> None:
    if has == had:
        return
    key = _POLICIED.pack(queue.account_id, queue.region, queue.name)
    if has:
        tx.set(key, b"")
    else:
        tx.clear(key)
    tx.set(POLICIES_CHANGED, b"")


async def deleted_at_s(snapshot: Snapshot, queue: QueueName) -> float | None:
    """When a queue of this name was deleted last; None when nobody remembers."""
    value = await snapshot.get(_DELETED.pack(queue.account_id, queue.region, queue.name))
    return None if value is None else decode(value, DeletedQueueRecord).deleted_at_s


def forget_deletion(tx: Transaction, queue: QueueName) -> None:
    tx.clear(_DELETED.pack(queue.account_id, queue.region, queue.name))


def _put_source(tx: Transaction, queue: QueueRecord, *, before: QueueRecord | None) -> None:
    was = None if before is None else _source_key(before)
    now = _source_key(queue)
    if was == now:
        return
    if was is not None:
        tx.clear(was)
    if now is not None:
        tx.set(now, b"")


def _source_key(queue: QueueRecord) -> bytes | None:
    """A dead-letter queue is of its source's account and region, which `attributes` sees to."""
    target = None if queue.redrive is None else queue_of_arn(queue.redrive.target_arn)
    return None if target is None else _SOURCES.pack(target.account_id, target.region, target.name, queue.name)


def _last(space: Subspace, key: bytes) -> str:
    name = space.unpack(key)[-1]
    assert isinstance(name, str)
    return name


def queue_key(queue: QueueName) -> bytes:
    """Where a queue is, for those who keep it decoded and compare."""
    return _QUEUES.pack(queue.account_id, queue.region, queue.name)
