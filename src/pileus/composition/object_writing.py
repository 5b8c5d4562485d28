"""How do other services write objects in the name of a role?

As the role: whether it may was asked already, and everything else is what a PutObject of its own would meet, keys of
the bucket's encryption included.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import msgspec

from pileus.composition.role_permissions import LateRolePermissions
from pileus.kernel.errors import AnyServiceError
from pileus.kernel.storage.seam import Store

if TYPE_CHECKING:
    from pileus.services.s3.api import S3Api

_OPERATION: Final = "PutObject"


class ObjectsOfRoles:
    """S3, to a service that writes objects for its customers."""

    def __init__(self, *, store: Store, api: "Callable[[], S3Api]", roles: "Callable[[], LateRolePermissions]") -> None:
        self._store = store
        self._api = api
        self._roles = roles

    async def exists(self, bucket_arn: str) -> bool:
        from pileus.services.s3.bucket_records import find_bucket

        return await find_bucket(self._store.snapshot(), _bucket(bucket_arn)) is not None

    async def put(self, bucket_arn: str, key: str, body: bytes, *, role_arn: str, content_type: str) -> None:
        """Durable once this returns; raises the ServiceError that S3 would answer."""
        from pileus.services.s3.bucket_records import get_bucket
        from pileus.services.s3.shapes import PutObjectRequest

        bucket = await get_bucket(self._store.snapshot(), _bucket(bucket_arn))
        context = await self._roles().session(role_arn=role_arn, operation=_OPERATION, region=bucket.region)
        if context is None:
            raise AnyServiceError("AccessDenied", f"There is no role {role_arn}")
        asked = msgspec.structs.replace(context, service="s3")
        await self._api().put_object(
            asked, PutObjectRequest(bucket=bucket.name, key=key, body=body, content_type=content_type)
        )


def _bucket(arn: str) -> str:
    return arn.rpartition(":")[2]
