"""Which policy is attached to a table?

    (dynamodb, account, region, "policy", table id) -> PolicyRecord
    (dynamodb-policies)                             -> how many tables have one, eight bytes

The table's record knows only the revision, so that no request reads a policy for nothing; and while no table of the
server has any, the authorizer need not even look at tables (`DynamoDbResources`).
"""

from typing import Final

import msgspec
from msgspec.structs import replace

from pileus.kernel.storage import records
from pileus.kernel.storage.keys import Subspace
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.dynamodb.store import policy_key
from pileus.services.dynamodb.table_records import TableRecord

COUNT_KEY: Final = Subspace("dynamodb-policies").prefix
_COUNT_BYTES: Final = 8


class PolicyRecord(msgspec.Struct, frozen=True, kw_only=True, tag="table-policy.v1"):
    """text: the document as GetResourcePolicy answers it."""

    text: str


async def read_policy(reader: Snapshot, region: Subspace, record: TableRecord) -> str | None:
    """The document; None when there is none."""
    if record.policy_revision is None:
        return None
    data = await reader.get(policy_key(region, record.id))
    return None if data is None else records.decode(data, PolicyRecord).text


async def attach_policy(
    tx: Transaction, region: Subspace, record: TableRecord, text: str, *, now_s: float
) -> TableRecord:
    """Write the policy down; the table's record with its revision: a moment, later than all before it."""
    if record.policy_revision is None:
        await _count(tx, 1)
    revision = max(int(now_s * 1000), record.last_policy_revision + 1)
    tx.set(policy_key(region, record.id), records.encode(PolicyRecord(text=text)))
    return replace(record, policy_revision=str(revision), last_policy_revision=revision)


async def detach_policy(tx: Transaction, region: Subspace, record: TableRecord) -> TableRecord:
    """Without its policy, if it has one."""
    if record.policy_revision is None:
        return record
    await _count(tx, -1)
    tx.clear(policy_key(region, record.id))
    return replace(record, policy_revision=None)


async def any_policy(reader: Snapshot) -> bool:
    """Whether any table of the server has a policy."""
    return await _counted(reader) > 0


async def _counted(reader: Snapshot) -> int:
    data = await reader.get(COUNT_KEY)
    return 0 if data is None else int.from_bytes(data, "big")


async def _count(tx: Transaction, change: int) -> None:
    count = await _counted(tx) + change
    assert count >= 0
    if count:
        tx.set(COUNT_KEY, count.to_bytes(_COUNT_BYTES, "big"))
    else:
        tx.clear(COUNT_KEY)
