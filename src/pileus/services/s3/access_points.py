"""Where are access points kept, and which bucket does one lead to?

Below `(s3, access-point, account, name, region)` an access point; below `(s3, access-alias, alias)` where that is;
below `(s3, access-point-of, bucket, account, name, region)` an empty value for each of a bucket.
"""

import re
from typing import Final

import msgspec

from pileus.kernel.storage.keys import Subspace, after
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.s3.errors import AccessDenied
from pileus.services.s3.model import PublicAccessBlock

ALIAS_SUFFIX: Final = "-s3alias"
_POINTS: Final = Subspace("s3", "access-point")
_ALIASES: Final = Subspace("s3", "access-alias")
_OF_BUCKETS: Final = Subspace("s3", "access-point-of")
_HOST: Final = re.compile(
    r"(?P<name>[a-z0-9-]{3,50})-(?P<account>[0-9]{12})\.s3-accesspoint\.(?P<region>[a-z0-9-]+)", re.ASCII
)
"""As `kernel.wire.bucket_hosts` names the access point of a host."""


class AccessPointRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="s3.access_point.v1"):
    """A further name of a bucket. account_id: of its owner; vpc_id: "" lets the internet in."""

    name: str
    account_id: str
    region: str
    bucket: str
    bucket_account_id: str
    alias: str
    created_at_s: float
    vpc_id: str = ""
    block: PublicAccessBlock
    policy: str = ""
    tags: dict[str, str] = {}

    @property
    def arn(self) -> str:
        return f"arn:aws:s3:{self.region}:{self.account_id}:accesspoint/{self.name}"


class AliasRecord(msgspec.Struct, frozen=True, kw_only=True, tag="s3.access_alias.v1"):
    """Which access point an alias is of."""

    account_id: str
    name: str
    region: str


def names_access_point(bucket: str) -> bool:
    """Whether what a request gives as a bucket may be an access point."""
    return bucket.endswith(ALIAS_SUFFIX) or _HOST.fullmatch(bucket) is not None


async def bucket_behind(snapshot: Snapshot, given: str) -> str:
    """The name of the bucket that an alias, or an access point's host, leads to; "" when there is none.

    AccessDenied, of one that is for the inside of a VPC: nobody who gets here is in one.
    """
    point = await named_point(snapshot, given)
    if point is not None and point.vpc_id:
        raise AccessDenied
    return "" if point is None else point.bucket


async def named_point(snapshot: Snapshot, given: str) -> AccessPointRecord | None:
    """The access point that an alias or a host names."""
    if (found := _HOST.fullmatch(given)) is not None:
        return await find_point(snapshot, account_id=found["account"], name=found["name"], region=found["region"])
    value = await snapshot.get(_ALIASES.pack(given))
    if value is None:
        return None
    alias = decode(value, AliasRecord)
    return await find_point(snapshot, account_id=alias.account_id, name=alias.name, region=alias.region)


async def find_point(snapshot: Snapshot, *, account_id: str, name: str, region: str) -> AccessPointRecord | None:
    value = await snapshot.get(_POINTS.pack(account_id, name, region))
    return None if value is None else decode(value, AccessPointRecord)


async def points_of(
    snapshot: Snapshot, *, account_id: str, region: str, bucket: str | None, beyond: str, limit: int
) -> list[AccessPointRecord]:
    """An account's access points in a region by name, those behind `beyond`. bucket: of that one alone."""
    begin, end = _POINTS.range(account_id)
    if beyond:
        begin = after(_POINTS.pack(account_id, beyond, region))
    rows = await snapshot.range(begin, end)
    points = (decode(value, AccessPointRecord) for _, value in rows)
    return [point for point in points if point.region == region and bucket in {None, point.bucket}][:limit]


async def has_points(snapshot: Snapshot, bucket: str, *, account_id: str) -> bool:
    """Whether an access point of its owner leads to a bucket; those of others are no matter of the owner's."""
    return bool(await snapshot.range(*_OF_BUCKETS.range(bucket, account_id), limit=1))


def put_point(tx: Transaction, point: AccessPointRecord) -> None:
    where = (point.account_id, point.name, point.region)
    tx.set(_POINTS.pack(*where), encode(point))
    alias = AliasRecord(account_id=point.account_id, name=point.name, region=point.region)
    tx.set(_ALIASES.pack(point.alias), encode(alias))
    tx.set(_OF_BUCKETS.pack(point.bucket, *where), b"")


def delete_point(tx: Transaction, point: AccessPointRecord) -> None:
    where = (point.account_id, point.name, point.region)
    tx.clear(_POINTS.pack(*where))
    tx.clear(_ALIASES.pack(point.alias))
    tx.clear(_OF_BUCKETS.pack(point.bucket, *where))
