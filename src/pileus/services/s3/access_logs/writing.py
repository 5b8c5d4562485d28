"""How does a log become an object? If the policy of its bucket, or an ACL, lets the log service in."""

from typing import Final

from pileus.kernel.auth.policy import NamedPolicy, compile_policy
from pileus.kernel.auth.service_calls import ServiceCall, service_decision, service_query
from pileus.kernel.clock import Clock
from pileus.kernel.storage.seam import Store
from pileus.services.s3.bucket_records import find_setting
from pileus.services.s3.errors import AccessDenied
from pileus.services.s3.model import Acl, BucketRecord, ObjectRecord
from pileus.services.s3.names import bucket_arn, object_arn
from pileus.services.s3.settings.documents import POLICY
from pileus.services.s3.writing import ObjectWriter

_LOG_DELIVERY: Final = "http://acs.amazonaws.com/groups/s3/LogDelivery"
_WRITING: Final = frozenset({"WRITE", "FULL_CONTROL"})
_CONTENT_TYPE: Final = "text/plain"


class BucketLogWriter:
    """Writes logs for services."""

    def __init__(self, *, store: Store, clock: Clock, writer: ObjectWriter) -> None:
        self._store = store
        self._clock = clock
        self._writer = writer

    async def put(self, bucket: BucketRecord, key: str, data: bytes, *, call: ServiceCall) -> None:
        """AccessDenied."""
        if not _acl_lets_in(bucket.acl) and not await self._policy_lets_in(bucket, key, call):
            raise AccessDenied
        draft = ObjectRecord(modified_at_s=self._clock.timestamp(), owner=bucket.account_id, content_type=_CONTENT_TYPE)
        await self._writer.write(None, bucket, key, draft, data)

    async def _policy_lets_in(self, bucket: BucketRecord, key: str, call: ServiceCall) -> bool:
        setting = await find_setting(self._store.snapshot(), bucket, POLICY)
        if setting is None:
            return False
        policy = NamedPolicy(bucket_arn(bucket.name), compile_policy(setting.document.decode()), "resource")
        query = service_query(
            call,
            action="s3:PutObject",
            resource=object_arn(bucket.name, key),
            region=bucket.region,
            resource_account_id=bucket.account_id,
            now_s=self._clock.timestamp(),
        )
        return service_decision(query, policy).allowed


def _acl_lets_in(acl: Acl | None) -> bool:
    return acl is not None and any(
        grant.grantee == _LOG_DELIVERY and grant.permission in _WRITING for grant in acl.grants
    )
