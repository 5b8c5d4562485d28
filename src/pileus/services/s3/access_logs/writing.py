"""How does a log become an object? If the policy of its bucket, or an ACL, lets the log service in."""

from typing import Final

from pileus.kernel.auth.organizations import Organization
from pileus.kernel.auth.service_calls import ServiceCall
from pileus.kernel.clock import Clock
from pileus.kernel.storage.seam import Store
from pileus.services.s3.errors import AccessDenied
from pileus.services.s3.model import BucketRecord, ObjectRecord
from pileus.services.s3.service_writes import service_may_put
from pileus.services.s3.writing import ObjectWriter

_LOG_DELIVERY: Final = "http://acs.amazonaws.com/groups/s3/LogDelivery"
_WRITING: Final = frozenset({"WRITE", "FULL_CONTROL"})
_CONTENT_TYPE: Final = "text/plain"


class BucketLogWriter:
    """Writes logs for services."""

    def __init__(
        self, *, store: Store, clock: Clock, writer: ObjectWriter, organization: Organization | None = None
    ) -> None:
        """organization: of whose accounts some are, if there is one."""
        self._organization = organization
        self._store = store
        self._clock = clock
        self._writer = writer

    async def put(self, bucket: BucketRecord, key: str, data: bytes, *, call: ServiceCall) -> None:
        """AccessDenied."""
        now_s = self._clock.timestamp()
        if not _acl_lets_in(bucket) and not await service_may_put(
            self._store.snapshot(), bucket, key, call, organization=self._organization, now_s=now_s
        ):
            raise AccessDenied
        draft = ObjectRecord(modified_at_s=now_s, owner=bucket.account_id, content_type=_CONTENT_TYPE)
        await self._writer.write(None, bucket, key, draft, data)


def _acl_lets_in(bucket: BucketRecord) -> bool:
    """Whether a list lets log delivery write; where the bucket's owner owns everything, lists do not count."""
    if bucket.acl is None or bucket.ownership == "BucketOwnerEnforced":
        return False
    return any(grant.grantee == _LOG_DELIVERY and grant.permission in _WRITING for grant in bucket.acl.grants)
