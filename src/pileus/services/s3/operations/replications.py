"""GetBucketReplication, PutBucketReplication, DeleteBucketReplication.

Source: S3 API Reference; recordings s3/s3, TestS3BucketReplication.
"""

from pileus.kernel.auth.service_calls import account_of
from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Transaction
from pileus.services.s3.absent_settings import ReplicationConfigurationNotFoundError
from pileus.services.s3.bucket_records import find_bucket
from pileus.services.s3.errors import AccessDenied, InvalidRequest
from pileus.services.s3.model import BucketRecord
from pileus.services.s3.operations.settings_base import SettingsBase
from pileus.services.s3.settings.documents import REPLICATION
from pileus.services.s3.settings.replication import checked_replication, target_of
from pileus.services.s3.shapes import (
    DeleteBucketReplicationRequest,
    GetBucketReplicationOutput,
    GetBucketReplicationRequest,
    PutBucketReplicationRequest,
    ReplicationConfiguration,
)


class ReplicationOperations(SettingsBase):
    """Where objects are copied to, as it is asked for."""

    async def get_bucket_replication(
        self, context: RequestContext, request: GetBucketReplicationRequest
    ) -> GetBucketReplicationOutput:
        found = await self._kept(
            context, request, REPLICATION, ReplicationConfiguration, ReplicationConfigurationNotFoundError
        )
        return GetBucketReplicationOutput(replication_configuration=found)

    async def put_bucket_replication(self, context: RequestContext, request: PutBucketReplicationRequest) -> None:
        checked = checked_replication(request.replication_configuration, self._ids)
        if account_of(checked.role) != context.account_id:
            raise AccessDenied("Cross-account pass role is not allowed.")

        async def check(tx: Transaction, bucket: BucketRecord) -> None:
            if bucket.versioning != "Enabled":
                raise InvalidRequest("Versioning must be 'Enabled' on the bucket to apply a replication configuration")
            for rule in checked.rules:
                target = await find_bucket(tx, target_of(rule))
                # One that is not there is told of in the same words (recording s3/s3,
                # test_replication_config_without_filter).
                if target is None or target.versioning != "Enabled":
                    raise InvalidRequest("Destination bucket must have versioning enabled.")
                if target.serial == bucket.serial:
                    raise InvalidRequest("Destination bucket cannot be the same as the source bucket.")

        await self._keep(context, request, REPLICATION, checked, check=check)

    async def delete_bucket_replication(self, context: RequestContext, request: DeleteBucketReplicationRequest) -> None:
        await self._forget(context, request, REPLICATION)
