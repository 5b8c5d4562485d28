"""What does S3 ask of KMS?

The contract is S3's; the application fills it with the service's own keeper of keys.
"""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus


class NewDataKey(msgspec.Struct, frozen=True):
    """A data key. key_arn: of the KMS key that wraps it. plain: 32 bytes. sealed: what `open` takes."""

    key_arn: str
    plain: bytes
    sealed: bytes


class DataKeys(Protocol):
    """Wraps data keys. Errors are S3's own (`KMS.NotFoundException` and the like)."""

    async def generate(
        self,
        context: RequestContext | None,
        *,
        account_id: str,
        region: str,
        key_id: str,
        encryption_context: Mapping[str, str],
    ) -> NewDataKey:
        """context: who asks, and whose leave is needed; None for S3 itself. account_id, region: of the bucket.

        key_id: id, ARN or alias; empty for the account's `alias/aws/s3`, which is made when it is not there.
        """
        ...

    async def open(
        self, context: RequestContext | None, *, key_arn: str, sealed: bytes, encryption_context: Mapping[str, str]
    ) -> bytes:
        """The plain key again."""
        ...


class NoDataKeys:
    """A server without KMS."""

    async def generate(
        self,
        context: RequestContext | None,
        *,
        account_id: str,
        region: str,
        key_id: str,
        encryption_context: Mapping[str, str],
    ) -> NewDataKey:
        raise NotImplementedByPileus("Pileus does not implement encryption with KMS keys yet")

    async def open(
        self, context: RequestContext | None, *, key_arn: str, sealed: bytes, encryption_context: Mapping[str, str]
    ) -> bytes:
        raise NotImplementedByPileus("Pileus does not implement encryption with KMS keys yet")
