"""Which policy is attached to a table?

    (dynamodb, account, region, "policy", table id) -> PolicyRecord

The table's record knows only that there is one, and which revision, so that no request reads it for nothing.
"""

from typing import Final

import msgspec

from pileus.kernel.storage import records
from pileus.kernel.storage.keys import Subspace
from pileus.kernel.storage.seam import Snapshot, Transaction

NEVER: Final = ""


class PolicyRecord(msgspec.Struct, frozen=True, kw_only=True, tag="table-policy.v1"):
    """text: the document as GetResourcePolicy answers it."""

    text: str
    revision_id: str


def policy_key(region: Subspace, table_id: str) -> bytes:
    return region.pack("policy", table_id)


async def read_policy(reader: Snapshot, region: Subspace, table_id: str) -> PolicyRecord | None:
    data = await reader.get(policy_key(region, table_id))
    return None if data is None else records.decode(data, PolicyRecord)


def write_policy(tx: Transaction, region: Subspace, table_id: str, record: PolicyRecord) -> None:
    tx.set(policy_key(region, table_id), records.encode(record))
