"""GetBucketLogging, PutBucketLogging.

Source: S3 API Reference; S3 User Guide, "Enabling Amazon S3 server access logging"; recordings s3/s3,
TestS3BucketLogging.
"""

from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Transaction
from pileus.services.s3.bucket_errors import CrossLocationLoggingProhibitted, InvalidTargetBucketForLogging
from pileus.services.s3.bucket_names import FIRST_REGION
from pileus.services.s3.bucket_records import find_bucket, find_setting
from pileus.services.s3.model import BucketRecord
from pileus.services.s3.operations.settings_base import SettingsBase
from pileus.services.s3.settings.documents import LOGGING, read
from pileus.services.s3.shapes import (
    GetBucketLoggingOutput,
    GetBucketLoggingRequest,
    LoggingEnabled,
    PutBucketLoggingRequest,
)


class LoggingOperations(SettingsBase):
    """Where a bucket's requests are written down, as it is asked for."""

    async def get_bucket_logging(
        self, context: RequestContext, request: GetBucketLoggingRequest
    ) -> GetBucketLoggingOutput:
        snapshot = self._store.snapshot()
        bucket = await self._bucket(context, request, snapshot)
        found = await find_setting(snapshot, bucket, LOGGING)
        return GetBucketLoggingOutput(logging_enabled=None if found is None else read(found, LoggingEnabled))

    async def put_bucket_logging(self, context: RequestContext, request: PutBucketLoggingRequest) -> None:
        asked = request.bucket_logging_status.logging_enabled
        if asked is None:
            await self._forget(context, request, LOGGING)
            return
        name = asked.target_bucket

        async def check(tx: Transaction, bucket: BucketRecord) -> None:
            target = await find_bucket(tx, name)
            if target is None:
                raise InvalidTargetBucketForLogging("The target bucket for logging does not exist", target=name)
            if target.account_id != bucket.account_id:
                raise InvalidTargetBucketForLogging(
                    "The owner for the bucket to be logged and the target bucket must be the same.", target=name
                )
            if target.region != bucket.region:
                # The first region is not named as a source (test_put_bucket_logging_cross_locations).
                source = None if bucket.region == FIRST_REGION else bucket.region
                raise CrossLocationLoggingProhibitted(source=source, target=target.region)

        await self._keep(context, request, LOGGING, asked, check=check)
