"""Whom a bucket lets in: its policy, who owns what is put into it, and which public access is blocked.

ACLs are in `acls`. Source: S3 API Reference; recordings s3/s3_api, TestS3BucketPolicy, TestS3BucketOwnershipControls,
TestS3PublicAccessBlock.
"""

from typing import Final

from msgspec.structs import replace

from pileus.kernel.context import RequestContext
from pileus.kernel.service import Answered
from pileus.services.s3.absent_settings import (
    NoSuchBucketPolicy,
    NoSuchPublicAccessBlockConfiguration,
    OwnershipControlsNotFoundError,
)
from pileus.services.s3.acls import InvalidBucketAclWithObjectOwnership, effective_block, owners_own
from pileus.services.s3.bucket_records import find_setting, put_setting
from pileus.services.s3.errors import AccessDenied, MalformedXML
from pileus.services.s3.model import BucketRecord, PublicAccessBlock, SettingRecord
from pileus.services.s3.operations.settings_base import NO_CONTENT, Asked, SettingsBase
from pileus.services.s3.settings.documents import POLICY
from pileus.services.s3.settings.policies import check_bucket_policy
from pileus.services.s3.shapes import (
    DeleteBucketOwnershipControlsRequest,
    DeleteBucketPolicyRequest,
    DeletePublicAccessBlockRequest,
    GetBucketOwnershipControlsOutput,
    GetBucketOwnershipControlsRequest,
    GetBucketPolicyRequest,
    GetBucketPolicyStatusOutput,
    GetBucketPolicyStatusRequest,
    GetPublicAccessBlockOutput,
    GetPublicAccessBlockRequest,
    OwnershipControls,
    OwnershipControlsRule,
    PolicyStatus,
    PublicAccessBlockConfiguration,
    PutBucketOwnershipControlsRequest,
    PutBucketPolicyRequest,
    PutPublicAccessBlockRequest,
)

_JSON: Final = (("Content-Type", "application/json"),)


class GuardingOperations(SettingsBase):
    """Who may, beside what lists say."""

    async def get_bucket_policy(self, context: RequestContext, request: GetBucketPolicyRequest) -> Answered:
        _, text = await self._policy(context, request)
        return Answered(200, _JSON, text)

    async def put_bucket_policy(self, context: RequestContext, request: PutBucketPolicyRequest) -> Answered:
        from pileus.services.s3.access_public import is_public

        policy = request.policy or ""
        async with self._store.transaction() as tx:
            bucket = await self._bucket(context, request, tx)
            check_bucket_policy(policy, bucket.name)
            if is_public(policy) and (await effective_block(tx, bucket)).block_public_policy:
                raise AccessDenied(
                    f"User: {context.principal.arn} is not authorized to perform: s3:PutBucketPolicy on resource: "
                    f'"{bucket.arn}" because public policies are blocked by the BlockPublicPolicy block public access '
                    "setting."
                )
            now_s = self._clock.now().timestamp()
            put_setting(tx, bucket, POLICY, SettingRecord(document=policy.encode(), changed_at_s=now_s))
        return NO_CONTENT

    async def delete_bucket_policy(self, context: RequestContext, request: DeleteBucketPolicyRequest) -> None:
        await self._forget(context, request, POLICY)

    async def get_bucket_policy_status(
        self, context: RequestContext, request: GetBucketPolicyStatusRequest
    ) -> GetBucketPolicyStatusOutput:
        from pileus.services.s3.access_public import is_public

        _, text = await self._policy(context, request)
        return GetBucketPolicyStatusOutput(policy_status=PolicyStatus(is_public=is_public(text.decode())))

    async def _policy(self, context: RequestContext, request: Asked) -> tuple[BucketRecord, bytes]:
        snapshot = self._store.snapshot()
        bucket = await self._bucket(context, request, snapshot)
        found = await find_setting(snapshot, bucket, POLICY)
        if found is None:
            raise NoSuchBucketPolicy(bucket.name)
        return bucket, found.document

    async def get_bucket_ownership_controls(
        self, context: RequestContext, request: GetBucketOwnershipControlsRequest
    ) -> GetBucketOwnershipControlsOutput:
        bucket = await self._bucket(context, request)
        if not bucket.ownership:
            raise OwnershipControlsNotFoundError(bucket.name)
        rule = OwnershipControlsRule(object_ownership=bucket.ownership)
        return GetBucketOwnershipControlsOutput(ownership_controls=OwnershipControls(rules=[rule]))

    async def put_bucket_ownership_controls(
        self, context: RequestContext, request: PutBucketOwnershipControlsRequest
    ) -> None:
        rules = request.ownership_controls.rules
        if len(rules) != 1:
            raise MalformedXML
        asked = rules[0].object_ownership

        def change(bucket: BucketRecord) -> BucketRecord:
            """Lists that give something to others must be taken back before lists are switched off."""
            if asked == "BucketOwnerEnforced" and bucket.acl not in {None, owners_own(bucket.account_id)}:
                raise InvalidBucketAclWithObjectOwnership
            return replace(bucket, ownership=asked)

        await self._change(context, request, change)

    async def delete_bucket_ownership_controls(
        self, context: RequestContext, request: DeleteBucketOwnershipControlsRequest
    ) -> None:
        await self._change(context, request, lambda bucket: replace(bucket, ownership=""))

    async def get_public_access_block(
        self, context: RequestContext, request: GetPublicAccessBlockRequest
    ) -> GetPublicAccessBlockOutput:
        bucket = await self._bucket(context, request)
        block = bucket.public_access
        if block is None:
            raise NoSuchPublicAccessBlockConfiguration(bucket.name)
        return GetPublicAccessBlockOutput(
            public_access_block_configuration=PublicAccessBlockConfiguration(
                block_public_acls=block.block_public_acls,
                ignore_public_acls=block.ignore_public_acls,
                block_public_policy=block.block_public_policy,
                restrict_public_buckets=block.restrict_public_buckets,
            )
        )

    async def put_public_access_block(self, context: RequestContext, request: PutPublicAccessBlockRequest) -> None:
        asked = request.public_access_block_configuration
        block = PublicAccessBlock(
            block_public_acls=bool(asked.block_public_acls),
            ignore_public_acls=bool(asked.ignore_public_acls),
            block_public_policy=bool(asked.block_public_policy),
            restrict_public_buckets=bool(asked.restrict_public_buckets),
        )
        await self._change(context, request, lambda bucket: replace(bucket, public_access=block))

    async def delete_public_access_block(
        self, context: RequestContext, request: DeletePublicAccessBlockRequest
    ) -> None:
        await self._change(context, request, lambda bucket: replace(bucket, public_access=None))
