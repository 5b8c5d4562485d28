"""Versioning, default encryption and Object Lock of a bucket.

Source: S3 API Reference; recordings s3/s3_api, test_bucket_versioning_crud, test_s3_default_bucket_encryption,
test_put_object_lock_configuration_on_existing_bucket, test_disable_versioning_on_locked_bucket.
"""

from typing import Final, Literal

from msgspec.structs import replace

from pileus.kernel.context import RequestContext
from pileus.services.s3.absent_settings import ObjectLockConfigurationNotFoundError
from pileus.services.s3.bucket_errors import IllegalVersioningConfigurationException, InvalidBucketState
from pileus.services.s3.mfa import check_vouched, vouched_for
from pileus.services.s3.model import BucketRecord
from pileus.services.s3.operations.settings_base import SettingsBase
from pileus.services.s3.settings.documents import LIFECYCLE, REPLICATION
from pileus.services.s3.settings.protection import default_encryption, default_retention, told_encryption, told_lock
from pileus.services.s3.shapes import (
    DeleteBucketEncryptionRequest,
    GetBucketEncryptionOutput,
    GetBucketEncryptionRequest,
    GetBucketVersioningOutput,
    GetBucketVersioningRequest,
    GetObjectLockConfigurationOutput,
    GetObjectLockConfigurationRequest,
    PutBucketEncryptionRequest,
    PutBucketVersioningRequest,
    PutObjectLockConfigurationOutput,
    PutObjectLockConfigurationRequest,
)

_LOCKED: Final = "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed."
_AGING: Final = (
    "Mfa Authentication is not supported on a bucket with lifecycle configuration. Delete lifecycle configuration "
    "before enabling Mfa Authentication."
)
"""As cloudposse/terraform-aws-codebuild, issue 76, quotes it."""
_REPLICATED: Final = (
    "A replication configuration is present on this bucket, so you cannot change the versioning state. To change the "
    "versioning state, first delete the replication configuration."
)


class ProtectionOperations(SettingsBase):
    """What keeps the objects of a bucket."""

    async def get_bucket_versioning(
        self, context: RequestContext, request: GetBucketVersioningRequest
    ) -> GetBucketVersioningOutput:
        bucket = await self._bucket(context, request)
        told: Literal["Enabled", "Disabled"] | None = None
        if bucket.mfa_delete or bucket.mfa_told:
            told = "Enabled" if bucket.mfa_delete else "Disabled"
        return GetBucketVersioningOutput(status=bucket.versioning or None, mfa_delete=told)

    async def put_bucket_versioning(self, context: RequestContext, request: PutBucketVersioningRequest) -> None:
        asked = request.versioning_configuration
        if asked.status is None:
            raise IllegalVersioningConfigurationException
        status, mfa_delete = asked.status, asked.mfa_delete
        vouching = await vouched_for(self.root_devices, context, request.mfa)

        def change(bucket: BucketRecord) -> BucketRecord:
            if status == "Suspended" and bucket.lock_enabled:
                raise InvalidBucketState(_LOCKED)
            if status == "Suspended" and REPLICATION in bucket.settings:
                raise InvalidBucketState(_REPLICATED)
            if mfa_delete == "Enabled" or bucket.mfa_delete:
                check_vouched(bucket, vouching)
            if mfa_delete == "Enabled" and LIFECYCLE in bucket.settings:
                raise InvalidBucketState(_AGING)
            if mfa_delete is None:
                return replace(bucket, versioning=status)
            return replace(bucket, versioning=status, mfa_delete=mfa_delete == "Enabled", mfa_told=True)

        await self._change(context, request, change)

    async def get_bucket_encryption(
        self, context: RequestContext, request: GetBucketEncryptionRequest
    ) -> GetBucketEncryptionOutput:
        bucket = await self._bucket(context, request)
        return GetBucketEncryptionOutput(server_side_encryption_configuration=told_encryption(bucket.encryption))

    async def put_bucket_encryption(self, context: RequestContext, request: PutBucketEncryptionRequest) -> None:
        asked = request.server_side_encryption_configuration
        await self._change(context, request, lambda bucket: replace(bucket, encryption=default_encryption(asked)))

    async def delete_bucket_encryption(self, context: RequestContext, request: DeleteBucketEncryptionRequest) -> None:
        await self._change(context, request, lambda bucket: replace(bucket, encryption=None))

    async def get_object_lock_configuration(
        self, context: RequestContext, request: GetObjectLockConfigurationRequest
    ) -> GetObjectLockConfigurationOutput:
        bucket = await self._bucket(context, request)
        if not bucket.lock_enabled:
            raise ObjectLockConfigurationNotFoundError(bucket.name)
        return GetObjectLockConfigurationOutput(object_lock_configuration=told_lock(bucket.retention))

    async def put_object_lock_configuration(
        self, context: RequestContext, request: PutObjectLockConfigurationRequest
    ) -> PutObjectLockConfigurationOutput:
        """An existing bucket can get Object Lock too, which stays for good."""
        retention = default_retention(request.object_lock_configuration)

        def change(bucket: BucketRecord) -> BucketRecord:
            if bucket.versioning != "Enabled":
                raise InvalidBucketState(
                    "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration"
                )
            return replace(bucket, lock_enabled=True, retention=retention)

        await self._change(context, request, change)
        return PutObjectLockConfigurationOutput()
