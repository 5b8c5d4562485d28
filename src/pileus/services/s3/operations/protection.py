"""Versioning, default encryption and Object Lock of a bucket.

Source: S3 API Reference; recordings s3/s3_api, test_bucket_versioning_crud, test_s3_default_bucket_encryption,
test_put_object_lock_configuration_on_existing_bucket, test_disable_versioning_on_locked_bucket.
"""

from typing import Final

from msgspec.structs import replace

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.s3.absent_settings import ObjectLockConfigurationNotFoundError
from pileus.services.s3.bucket_errors import IllegalVersioningConfigurationException, InvalidBucketState
from pileus.services.s3.model import BucketRecord
from pileus.services.s3.operations.settings_base import SettingsBase
from pileus.services.s3.settings.documents import REPLICATION
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
        return GetBucketVersioningOutput(status=bucket.versioning or None)

    async def put_bucket_versioning(self, context: RequestContext, request: PutBucketVersioningRequest) -> None:
        asked = request.versioning_configuration
        if asked.status is None:
            raise IllegalVersioningConfigurationException
        if asked.mfa_delete == "Enabled":
            raise NotImplementedByPileus("Pileus does not implement MFA delete yet")
        status = asked.status

        def change(bucket: BucketRecord) -> BucketRecord:
            if status == "Suspended" and bucket.lock_enabled:
                raise InvalidBucketState(_LOCKED)
            if status == "Suspended" and REPLICATION in bucket.settings:
                raise InvalidBucketState(_REPLICATED)
            return replace(bucket, versioning=status)

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
