"""How do exports of log groups reach buckets? If the bucket's policy lets CloudWatch Logs in."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from pileus.kernel.auth.organizations import Organization
from pileus.kernel.auth.service_calls import ServiceCall
from pileus.kernel.clock import Clock
from pileus.kernel.errors import AnyServiceError, ServiceError
from pileus.kernel.storage.seam import Store
from pileus.services.logs.exports import NotLetIn

if TYPE_CHECKING:
    from pileus.services.s3.model import BucketRecord
    from pileus.services.s3.writing import ObjectWriter


class ExportBuckets:
    """What CloudWatch Logs asks for. writer: of S3's own objects. organization: of whose accounts some are."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        writer: "Callable[[], ObjectWriter]",
        organization: Organization | None = None,
    ) -> None:
        self._organization = organization
        self._store = store
        self._clock = clock
        self._writer = writer

    async def check(self, bucket: str, *, region: str, call: ServiceCall) -> None:
        """A bucket of another region is none, since exports stay in theirs. NotLetIn."""
        from pileus.services.s3.service_writes import service_may

        found = await self._find(bucket)
        if found.region != region:
            raise NotLetIn("")
        if not await service_may(
            self._store.snapshot(),
            found,
            "s3:GetBucketAcl",
            call=call,
            organization=self._organization,
            now_s=self._clock.timestamp(),
        ):
            raise NotLetIn("GetBucketAcl")

    async def put(self, bucket: str, key: str, data: bytes, *, content_type: str, call: ServiceCall) -> None:
        """NotLetIn."""
        from pileus.services.s3.model import ObjectRecord
        from pileus.services.s3.service_writes import service_may_put

        found, now_s = await self._find(bucket), self._clock.timestamp()
        if not await service_may_put(
            self._store.snapshot(), found, key, call, organization=self._organization, now_s=now_s
        ):
            raise NotLetIn("PutObject")
        draft = ObjectRecord(modified_at_s=now_s, owner=found.account_id, content_type=content_type)
        try:
            await self._writer().write(None, found, key, draft, data)
        except ServiceError as error:
            status = error.http_status if isinstance(error, AnyServiceError) else error.status
            if status >= 500:
                raise
            raise NotLetIn("PutObject") from error  # as of a bucket whose key is disabled

    async def _find(self, bucket: str) -> "BucketRecord":
        from pileus.services.s3.bucket_records import find_buckets

        found = await find_buckets(self._store.snapshot(), [bucket])
        if not found:
            raise NotLetIn("")
        return found[0]
