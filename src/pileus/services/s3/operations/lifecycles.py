"""GetBucketLifecycleConfiguration, PutBucketLifecycleConfiguration, DeleteBucketLifecycle; and by their older names.

Both APIs share one address, and the newer takes what the older said: a rule with a prefix and one transition.

Source: S3 API Reference; recordings s3/s3, TestS3BucketLifecycle.
"""

from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Transaction
from pileus.services.s3.absent_settings import NoSuchLifecycleConfiguration
from pileus.services.s3.bucket_errors import InvalidBucketState
from pileus.services.s3.model import BucketRecord
from pileus.services.s3.operations.settings_base import SettingsBase
from pileus.services.s3.settings.documents import LIFECYCLE
from pileus.services.s3.settings.lifecycle import checked_lifecycle, default_size
from pileus.services.s3.shapes import (
    DeleteBucketLifecycleRequest,
    GetBucketLifecycleConfigurationOutput,
    GetBucketLifecycleConfigurationRequest,
    PutBucketLifecycleConfigurationOutput,
    PutBucketLifecycleConfigurationRequest,
)


class LifecycleOperations(SettingsBase):
    """What becomes of objects as they grow old, as it is asked for."""

    async def get_bucket_lifecycle_configuration(
        self, context: RequestContext, request: GetBucketLifecycleConfigurationRequest
    ) -> GetBucketLifecycleConfigurationOutput:
        return await self._kept(
            context, request, LIFECYCLE, GetBucketLifecycleConfigurationOutput, NoSuchLifecycleConfiguration
        )

    async def put_bucket_lifecycle_configuration(
        self, context: RequestContext, request: PutBucketLifecycleConfigurationRequest
    ) -> PutBucketLifecycleConfigurationOutput:
        size = default_size(request.transition_default_minimum_object_size)
        rules = checked_lifecycle(request.lifecycle_configuration, self._ids)
        kept = GetBucketLifecycleConfigurationOutput(rules=rules, transition_default_minimum_object_size=size)
        await self._keep(context, request, LIFECYCLE, kept, check=_check_deletable)
        return PutBucketLifecycleConfigurationOutput(transition_default_minimum_object_size=size)

    async def delete_bucket_lifecycle(self, context: RequestContext, request: DeleteBucketLifecycleRequest) -> None:
        await self._forget(context, request, LIFECYCLE)


async def _check_deletable(tx: Transaction, bucket: BucketRecord) -> None:
    """S3 User Guide, "Configuring MFA delete": not together with a lifecycle. The words are ours."""
    if bucket.mfa_delete:
        raise InvalidBucketState("Lifecycle configuration is not supported on a bucket with Mfa Authentication.")
