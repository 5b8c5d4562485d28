"""What is the account's own in S3: its block of public access, its access points, and tags by ARN.

Sources: S3 API Reference, "Amazon S3 Control"; S3 User Guide, "Rules for naming Amazon S3 access points", "Using a
bucket-style alias for your access points".
"""

import re
from datetime import UTC, datetime
from typing import Final

from msgspec.structs import replace

from pileus.kernel.clock import Clock
from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.kernel.ids import Ids
from pileus.kernel.storage.seam import Snapshot, Store
from pileus.services.s3.access_points import (
    ALIAS_SUFFIX,
    AccessPointRecord,
    delete_point,
    find_point,
    points_of,
    put_point,
)
from pileus.services.s3.account_records import delete_account_block, find_account_block, put_account_block
from pileus.services.s3.bucket_records import get_bucket
from pileus.services.s3.control import shapes
from pileus.services.s3.control.errors import (
    AccessPointAlreadyOwnedByYou,
    InvalidRequest,
    NoSuchAccessPoint,
    NoSuchAccessPointPolicy,
    NoSuchPublicAccessBlockConfiguration,
)
from pileus.services.s3.errors import AccessDenied
from pileus.services.s3.model import PublicAccessBlock
from pileus.services.s3.page_tokens import read_token, write_token

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{1,48}[a-z0-9]", re.ASCII)
_ALIAS_RANDOM: Final = 34
_ALIAS_NAME_CHARACTERS_MAX: Final = 20
_PAGE: Final = 1_000
_ALL_BLOCKED: Final = PublicAccessBlock(
    block_public_acls=True, ignore_public_acls=True, block_public_policy=True, restrict_public_buckets=True
)
"""What an access point has of which nobody says otherwise, and which cannot be changed later."""


class ControlBase:
    """What every group of operations is built on."""

    def __init__(self, *, store: Store, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids


def own_account(context: RequestContext, account_id: str) -> str:
    """AccessDenied for anybody else's."""
    if account_id != context.account_id:
        raise AccessDenied
    return account_id


class AccountOperations(ControlBase):
    """The account's block of public access."""

    async def get_public_access_block(
        self, context: RequestContext, request: shapes.GetPublicAccessBlockRequest
    ) -> shapes.GetPublicAccessBlockOutput:
        block = await find_account_block(self._store.snapshot(), own_account(context, request.account_id))
        if block is None:
            raise NoSuchPublicAccessBlockConfiguration(request.account_id)
        return shapes.GetPublicAccessBlockOutput(public_access_block_configuration=_told_block(block))

    async def put_public_access_block(
        self, context: RequestContext, request: shapes.PutPublicAccessBlockRequest
    ) -> None:
        account_id = own_account(context, request.account_id)
        async with self._store.transaction() as tx:
            put_account_block(tx, account_id, _block(request.public_access_block_configuration))

    async def delete_public_access_block(
        self, context: RequestContext, request: shapes.DeletePublicAccessBlockRequest
    ) -> None:
        account_id = own_account(context, request.account_id)
        async with self._store.transaction() as tx:
            delete_account_block(tx, account_id)


class AccessPointOperations(ControlBase):
    """Further names of buckets."""

    async def create_access_point(
        self, context: RequestContext, request: shapes.CreateAccessPointRequest
    ) -> shapes.CreateAccessPointResult:
        account_id = own_account(context, request.account_id)
        if request.scope is not None:
            raise NotImplementedByPileus("Pileus does not implement scopes of access points")
        name = request.name
        if not _NAME.fullmatch(name) or name.endswith(ALIAS_SUFFIX):
            raise InvalidRequest("Your Amazon S3 AccessPoint name is invalid")
        vpc = request.vpc_configuration
        asked = request.public_access_block_configuration
        async with self._store.transaction() as tx:
            bucket = await get_bucket(tx, request.bucket)
            if (request.bucket_account_id or account_id) != bucket.account_id:
                raise AccessDenied
            if bucket.region != context.region:
                raise InvalidRequest("The bucket is in another region than the access point")
            if await find_point(tx, account_id=account_id, name=name, region=context.region) is not None:
                raise AccessPointAlreadyOwnedByYou(name)
            point = AccessPointRecord(
                name=name,
                account_id=account_id,
                region=context.region,
                bucket=bucket.name,
                bucket_account_id=bucket.account_id,
                alias=f"{name[:_ALIAS_NAME_CHARACTERS_MAX]}-{self._ids.base36(_ALIAS_RANDOM)}{ALIAS_SUFFIX}",
                created_at_s=self._clock.now().timestamp(),
                vpc_id=vpc.vpc_id if vpc is not None else "",
                block=_ALL_BLOCKED if asked is None else _block(asked),
                tags={tag.key: tag.value for tag in request.tags or ()},
            )
            put_point(tx, point)
        return shapes.CreateAccessPointResult(access_point_arn=point.arn, alias=point.alias)

    async def get_access_point(
        self, context: RequestContext, request: shapes.GetAccessPointRequest
    ) -> shapes.GetAccessPointResult:
        point = await _point(self._store.snapshot(), context, request.account_id, request.name)
        host = f"{point.region}.amazonaws.com"
        return shapes.GetAccessPointResult(
            name=point.name,
            bucket=point.bucket,
            network_origin="VPC" if point.vpc_id else "Internet",
            vpc_configuration=_vpc(point),
            public_access_block_configuration=_told_block(point.block),
            creation_date=datetime.fromtimestamp(point.created_at_s, UTC),
            alias=point.alias,
            access_point_arn=point.arn,
            endpoints={
                "ipv4": f"s3-accesspoint.{host}",
                "fips": f"s3-accesspoint-fips.{host}",
                "fips_dualstack": f"s3-accesspoint-fips.dualstack.{host}",
                "dualstack": f"s3-accesspoint.dualstack.{host}",
            },
            bucket_account_id=point.bucket_account_id,
        )

    async def delete_access_point(self, context: RequestContext, request: shapes.DeleteAccessPointRequest) -> None:
        async with self._store.transaction() as tx:
            delete_point(tx, await _point(tx, context, request.account_id, request.name))

    async def list_access_points(
        self, context: RequestContext, request: shapes.ListAccessPointsRequest
    ) -> shapes.ListAccessPointsResult:
        if request.data_source_id is not None or request.data_source_type is not None:
            raise NotImplementedByPileus("Pileus has no access points of file systems")
        limit = request.max_results or _PAGE
        found = await points_of(
            self._store.snapshot(),
            account_id=own_account(context, request.account_id),
            region=context.region,
            bucket=request.bucket,
            beyond=read_token(request.next_token),
            limit=limit + 1,
        )
        page = found[:limit]
        more = len(found) > limit
        return shapes.ListAccessPointsResult(
            access_point_list=[_listed(point) for point in page],
            next_token=write_token(page[-1].name) if more else None,
        )

    async def get_access_point_policy(
        self, context: RequestContext, request: shapes.GetAccessPointPolicyRequest
    ) -> shapes.GetAccessPointPolicyResult:
        point = await _point(self._store.snapshot(), context, request.account_id, request.name)
        if not point.policy:
            raise NoSuchAccessPointPolicy(point.name)
        return shapes.GetAccessPointPolicyResult(policy=point.policy)

    async def put_access_point_policy(
        self, context: RequestContext, request: shapes.PutAccessPointPolicyRequest
    ) -> None:
        # Imported when the first policy comes: see `kernel.auth.permissions`.
        from pileus.kernel.auth.policy import PolicySyntax, check_policy
        from pileus.services.s3.access_public import is_public
        from pileus.services.s3.bucket_errors import MalformedPolicy

        try:
            check_policy(request.policy, kind="resource")
        except PolicySyntax as refused:
            raise MalformedPolicy(str(refused)) from None
        async with self._store.transaction() as tx:
            point = await _point(tx, context, request.account_id, request.name)
            if point.block.block_public_policy and is_public(request.policy):
                raise AccessDenied
            put_point(tx, replace(point, policy=request.policy))

    async def delete_access_point_policy(
        self, context: RequestContext, request: shapes.DeleteAccessPointPolicyRequest
    ) -> None:
        async with self._store.transaction() as tx:
            put_point(tx, replace(await _point(tx, context, request.account_id, request.name), policy=""))

    async def get_access_point_policy_status(
        self, context: RequestContext, request: shapes.GetAccessPointPolicyStatusRequest
    ) -> shapes.GetAccessPointPolicyStatusResult:
        from pileus.services.s3.access_public import is_public

        point = await _point(self._store.snapshot(), context, request.account_id, request.name)
        if not point.policy:
            raise NoSuchAccessPointPolicy(point.name)
        status = shapes.PolicyStatus(is_public=is_public(point.policy))
        return shapes.GetAccessPointPolicyStatusResult(policy_status=status)


async def _point(snapshot: Snapshot, context: RequestContext, account_id: str, name: str) -> AccessPointRecord:
    """By its name, or by its ARN, as some tools ask. NoSuchAccessPoint."""
    bare = name.rpartition("/")[2] if name.startswith("arn:") else name
    found = await find_point(snapshot, account_id=own_account(context, account_id), name=bare, region=context.region)
    if found is None:
        raise NoSuchAccessPoint(bare)
    return found


def _block(asked: shapes.PublicAccessBlockConfiguration) -> PublicAccessBlock:
    return PublicAccessBlock(
        block_public_acls=bool(asked.block_public_acls),
        ignore_public_acls=bool(asked.ignore_public_acls),
        block_public_policy=bool(asked.block_public_policy),
        restrict_public_buckets=bool(asked.restrict_public_buckets),
    )


def _told_block(block: PublicAccessBlock) -> shapes.PublicAccessBlockConfiguration:
    return shapes.PublicAccessBlockConfiguration(
        block_public_acls=block.block_public_acls,
        ignore_public_acls=block.ignore_public_acls,
        block_public_policy=block.block_public_policy,
        restrict_public_buckets=block.restrict_public_buckets,
    )


def _vpc(point: AccessPointRecord) -> shapes.VpcConfiguration | None:
    return shapes.VpcConfiguration(vpc_id=point.vpc_id) if point.vpc_id else None


def _listed(point: AccessPointRecord) -> shapes.AccessPoint:
    return shapes.AccessPoint(
        name=point.name,
        network_origin="VPC" if point.vpc_id else "Internet",
        vpc_configuration=_vpc(point),
        bucket=point.bucket,
        access_point_arn=point.arn,
        alias=point.alias,
        bucket_account_id=point.bucket_account_id,
    )
