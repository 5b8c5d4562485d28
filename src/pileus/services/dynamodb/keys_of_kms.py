"""What does DynamoDB ask of KMS?

A table that is encrypted with somebody's key of KMS has a data key of its own, sealed by that key, and kept with the
table's record. Whoever uses its items must be able to open it. The contract is DynamoDB's; the application fills it.

Source: Developer Guide, "DynamoDB encryption at rest", "How it works", "Usage notes".
"""

from hashlib import blake2b
from typing import Final, Protocol
from uuid import UUID

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.kernel.storage.seam import Snapshot
from pileus.services.dynamodb.tables.names import TablePlace

_MANAGED_KEY: Final = "alias/aws/dynamodb"


class TableKey(msgspec.Struct, frozen=True):
    """arn: of the key of KMS. sealed: what `open` takes; empty for the key that AWS manages, which always opens."""

    arn: str
    sealed: bytes = b""


class TableKeys(Protocol):
    """Seals the keys of tables. Errors are in DynamoDB's words."""

    async def seal(self, context: RequestContext, place: TablePlace, key_id: str | None) -> TableKey:
        """A new key of a table. key_id: id, ARN or alias; None for the key that AWS manages, made when it is not there.

        context: who asks, who must be allowed to grant DynamoDB the use of the key.
        """
        ...

    async def open(self, context: RequestContext | None, reader: Snapshot, place: TablePlace, sealed: bytes) -> None:
        """Raises unless the table's key opens, for who asks; None for DynamoDB itself."""
        ...


class NoTableKeys:
    """A server without KMS: keys are told, and nobody knows them."""

    async def seal(self, context: RequestContext, place: TablePlace, key_id: str | None) -> TableKey:
        home = f"arn:{context.partition}:kms:{place.region}:{place.account_id}:"
        if key_id is None or key_id.removeprefix(home) == _MANAGED_KEY:
            digest = blake2b(f"{_MANAGED_KEY}/{place.account_id}/{place.region}".encode(), digest_size=16).digest()
            return TableKey(f"{home}key/{UUID(bytes=digest, version=4)}")
        if key_id.startswith("alias/") or ":alias/" in key_id:
            raise NotImplementedByPileus("Aliases of KMS keys are not implemented without KMS")
        return TableKey(key_id if key_id.startswith("arn:") else f"{home}key/{key_id}")

    async def open(self, context: RequestContext | None, reader: Snapshot, place: TablePlace, sealed: bytes) -> None:
        return
