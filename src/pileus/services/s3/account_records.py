"""What does S3 remember of an account?

Below `(s3, account-block, account)` the account's own block of public access, which holds for all its buckets.
"""

from typing import Final

import msgspec

from pileus.kernel.storage.keys import Subspace
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.s3.model import PublicAccessBlock

_BLOCKS: Final = Subspace("s3", "account-block")


class AccountBlockRecord(msgspec.Struct, frozen=True, kw_only=True, tag="s3.account_block.v1"):
    """What PutPublicAccessBlock of S3 Control set."""

    block: PublicAccessBlock


async def find_account_block(snapshot: Snapshot, account_id: str) -> PublicAccessBlock | None:
    """None when the account has none, or no longer."""
    value = await snapshot.get(_BLOCKS.pack(account_id))
    return None if value is None else decode(value, AccountBlockRecord).block


def put_account_block(tx: Transaction, account_id: str, block: PublicAccessBlock) -> None:
    tx.set(_BLOCKS.pack(account_id), encode(AccountBlockRecord(block=block)))


def delete_account_block(tx: Transaction, account_id: str) -> None:
    tx.clear(_BLOCKS.pack(account_id))
