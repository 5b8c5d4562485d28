"""What does the authorizer know of a bucket and of an object in it?

Whose the bucket is, which its ARN does not say; its policy; the access control lists, where the bucket has any; and
what of all that public access blocks shut off. Who owns an object that somebody else put into the bucket decides about
it, and the bucket's policy can then only forbid. A bucket's record and policy are kept decoded for as long as their
bytes are the same, so a request for a bucket with nothing special costs one read.

A bucket that is not there is told of here: that a name is free is no secret (AWS answers NoSuchBucket to everybody),
and nothing may be decided about a bucket which somebody makes in the next moment.

Sources: S3 User Guide, "How Amazon S3 authorizes a request for an object operation", "... a bucket operation",
"Blocking public access to your Amazon S3 storage".
"""

from typing import Any, Final, NamedTuple

import msgspec

from pileus.kernel.auth.permissions import KnownResource, Permission
from pileus.kernel.auth.policy import NamedPolicy, PolicySyntax, compile_policy
from pileus.kernel.context import RequestContext
from pileus.kernel.storage.records import decode
from pileus.kernel.storage.seam import Snapshot, Store, Watch
from pileus.services.s3.access_grants import bucket_grants, object_grants, without_public
from pileus.services.s3.access_points import AccessPointRecord, named_point, names_access_point
from pileus.services.s3.access_public import is_public
from pileus.services.s3.acls import effective_block, public
from pileus.services.s3.bucket_records import bucket_key, setting_key
from pileus.services.s3.copy_sources import read_copy_source
from pileus.services.s3.errors import AccessDenied, NoSuchBucket
from pileus.services.s3.model import Acl, BucketRecord, Grant, ObjectRecord, SettingRecord
from pileus.services.s3.object_records import find_object, find_version
from pileus.services.s3.permissions import NEW_BUCKET, SOURCE_OBJECT

_NOBODY: Final = "anonymous"
"""Who owns what nobody in particular wrote: nobody's account, for an empty one would be everybody's own."""
_KEPT_MAX: Final = 4_096
_TAGS: Final = "s3:existingobjecttag/"
_TAGGED: Final = frozenset(
    f"s3:{name}"
    for name in (
        *("DeleteObjectTagging", "DeleteObjectVersionTagging", "GetObject", "GetObjectAcl", "GetObjectTagging"),
        *("GetObjectVersion", "GetObjectVersionAcl", "GetObjectVersionTagging", "PutObjectAcl", "PutObjectTagging"),
        *("PutObjectVersionAcl", "PutObjectVersionTagging", "GetObjectAttributes", "GetObjectVersionAttributes"),
    )
)
"""Actions that know `s3:ExistingObjectTag`."""
_OF_OBJECT_OWNER: Final = frozenset(
    f"s3:{name}"
    for name in (
        *("GetObject", "GetObjectAcl", "GetObjectAttributes", "GetObjectTorrent", "GetObjectVersion"),
        *("GetObjectVersionAcl", "GetObjectVersionAttributes", "PutObjectAcl", "PutObjectVersionAcl"),
    )
)
"""Actions that the owner of an object decides about, whoever owns the bucket."""


_WRITING: Final = frozenset({"s3:PutObject", "s3:PutObjectAcl", "s3:DeleteObject"})
"""What a bucket's list lets somebody do who may write: with lists for the new object (recording s3/s3,
test_s3_batch_delete_public_objects_using_requests), and to one's own objects (S3 User Guide, "ACL overview")."""


def _of_objects_owner(context: RequestContext, permission: Permission) -> bool:
    """Whether the owner of the object decides. About the list of one that is only now written, the bucket's does."""
    new = permission.action == "s3:PutObjectAcl" and context.operation != "PutObjectAcl"
    return permission.action in _OF_OBJECT_OWNER and not new


class _Kept(NamedTuple):
    """A bucket, as its bytes say. denying: what is left of a policy whose Allows do not count."""

    data: bytes
    bucket: BucketRecord
    policy_data: bytes | None = None
    policy: NamedPolicy | None = None
    denying: NamedPolicy | None = None
    public: bool = False


class _Home(NamedTuple):
    """Whose a bucket is, as long as the watch has not told. unpoliced: no policy can shut its root out."""

    watch: Watch
    account_id: str
    unpoliced: bool


class BucketResources:
    """Knows buckets and objects."""

    eager = True

    def __init__(self, store: Store) -> None:
        self._store = store
        self._snapshot: Snapshot = store.snapshot()
        self._kept: dict[str, _Kept] = {}
        self._homes: dict[str, _Home] = {}

    def at_home(self, context: RequestContext, given: Any) -> bool:
        """By what was read of the buckets and not written since."""
        name = getattr(given, "bucket", None)
        if name is None or not self._own(context, name):
            return False
        source = getattr(given, "copy_source", None)
        return source is None or self._own(context, read_copy_source(source).bucket)

    def _own(self, context: RequestContext, name: str) -> bool:
        home = self._homes.get(name)
        if home is None or home.account_id != context.account_id or home.watch.written:
            return False
        return home.unpoliced or not context.principal.minted

    async def find(self, context: RequestContext, arn: str) -> KnownResource | None:
        """Of an ARN alone: the bucket's side."""
        name = _bucket_of(arn)
        kept = await self._bucket(name) if name else None
        if kept is None:
            return None
        return KnownResource(arn=arn, policy=kept.policy, account_id=kept.bucket.account_id)

    async def find_given(
        self, context: RequestContext, permission: Permission, arn: str, given: Any, *, closely: bool
    ) -> KnownResource | None:
        name = _bucket_of(arn)
        if not name or permission.resource is NEW_BUCKET:
            return None  # whose name is taken, by whomever, is told by the operation
        if context.operation == "CreateMultipartUpload" and not context.principal.arn:
            # Nobody in particular could not come back to it (S3 User Guide, "Multipart upload API and permissions").
            raise AccessDenied("Anonymous users cannot initiate multipart uploads.  Please authenticate.")
        kept = await self._bucket(name)
        key = arn.partition("/")[2]
        if kept is not None:
            return await self._of_bucket(context, permission, kept, key, given, closely=closely)
        point = await named_point(self._snapshot, name) if names_access_point(name) else None
        kept = None if point is None else await self._bucket(point.bucket)
        if point is None or kept is None or kept.bucket.account_id != point.bucket_account_id:
            raise NoSuchBucket(name)  # or another's, who has made one of that name since
        bucket = await self._of_bucket(context, permission, kept, key, given, closely=closely)
        return _through(context, point, bucket, key)

    async def _of_bucket(
        self, context: RequestContext, permission: Permission, kept: _Kept, key: str, given: Any, *, closely: bool
    ) -> KnownResource:
        """key: empty for what is about the bucket itself."""
        bucket = kept.bucket
        arn = f"arn:{context.partition}:s3:::{bucket.name}{'/' if key else ''}{key}"
        enforced = bucket.ownership == "BucketOwnerEnforced"
        if enforced and not context.principal.minted and bucket.account_id == context.account_id:
            return KnownResource(arn=arn, account_id=bucket.account_id)
        stranger = bucket.account_id != context.account_id
        policy = kept.policy
        shut = False
        if stranger and kept.public and (await effective_block(self._snapshot, bucket)).restrict_public_buckets:
            policy, shut = kept.denying, True
        tagged = bool(key) and permission.action in _TAGGED
        record: ObjectRecord | None = None
        if key and ((closely and tagged) or not enforced):
            record = await self._object(bucket, key, permission, given)
        owner, grants = bucket.account_id, tuple[NamedPolicy, ...]()
        if not enforced:
            if record is not None and _of_objects_owner(context, permission) and record.owner != owner:
                owner, policy = record.owner or _NOBODY, kept.denying
            if not shut:
                grants = await self._grants(bucket, record, permission, context)
        return KnownResource(
            arn=arn,
            account_id=owner,
            policy=policy,
            grants=grants,
            details=_details(record) if closely and record is not None else {},
            unread=_TAGS if tagged and not closely else "",
            refused_with=() if key else (("x-amz-bucket-region", bucket.region),),
        )

    def _remember(self, name: str, watch: Watch, bucket: BucketRecord) -> None:
        """Whose a bucket is, until it is written again; not where objects may be others'."""
        replaced = self._homes.pop(name, None)
        if replaced is not None:
            replaced.watch.cancel()
        if bucket.ownership != "BucketOwnerEnforced":
            watch.cancel()
            return
        if len(self._homes) >= _KEPT_MAX:
            for home in self._homes.values():
                home.watch.cancel()
            self._homes.clear()
        self._homes[name] = _Home(watch, bucket.account_id, "policy" not in bucket.settings)

    async def _bucket(self, name: str) -> _Kept | None:
        home = self._homes.get(name)
        watch = self._store.watch(bucket_key(name)) if home is None or home.watch.written else None
        kept = await self._read(name)
        if watch is not None:
            if kept is None:
                watch.cancel()
            else:
                self._remember(name, watch, kept.bucket)
        return kept

    async def _read(self, name: str) -> _Kept | None:
        data = await self._snapshot.get(bucket_key(name))
        if data is None:
            self._kept.pop(name, None)
            return None
        kept = self._kept.get(name)
        bucket = kept.bucket if kept is not None and kept.data == data else decode(data, BucketRecord)
        policy_data = None
        if "policy" in bucket.settings:
            policy_data = await self._snapshot.get(setting_key(bucket, "policy"))
        if kept is not None and kept.data == data and kept.policy_data == policy_data:
            return kept
        if len(self._kept) >= _KEPT_MAX:
            self._kept.clear()
        kept = self._kept[name] = _decoded(data, bucket, policy_data)
        return kept

    async def _object(self, bucket: BucketRecord, key: str, permission: Permission, given: Any) -> ObjectRecord | None:
        """The version that the request is about."""
        if permission.resource is SOURCE_OBJECT:
            version_id = read_copy_source(given.copy_source).version_id
        else:
            version_id = getattr(given, "version_id", None)
        if version_id is not None:
            return await find_version(self._snapshot, bucket, key, version_id)
        return await find_object(self._snapshot, bucket, key)

    async def _grants(
        self, bucket: BucketRecord, record: ObjectRecord | None, permission: Permission, context: RequestContext
    ) -> tuple[NamedPolicy, ...]:
        """What lists allow; of an object, its own, and for what is done to the bucket, the bucket's."""
        found: list[NamedPolicy | None] = []
        if _of_objects_owner(context, permission):
            if record is not None and record.acl is not None:
                found.append(object_grants(await self._counting(bucket, record.acl)))
        elif bucket.acl is not None:
            others = permission.action in _WRITING and record is not None and record.owner != context.account_id
            if not others:  # a grant to write lets nobody replace or delete what is another's
                found.append(bucket_grants(await self._counting(bucket, bucket.acl)))
        return tuple(policy for policy in found if policy is not None)

    async def _counting(self, bucket: BucketRecord, acl: Acl) -> tuple[Grant, ...]:
        """The grants that count."""
        if public(acl) and (await effective_block(self._snapshot, bucket)).ignore_public_acls:
            return without_public(acl.grants)
        return acl.grants


def _bucket_of(arn: str) -> str:
    """Empty for what is no bucket: an account, an access point."""
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[2] != "s3" or parts[3] or parts[4]:
        return ""
    return parts[5].partition("/")[0]


def _through(context: RequestContext, point: AccessPointRecord, bucket: KnownResource, key: str) -> KnownResource:
    """An access point, and behind it the bucket: both must let in.

    Source: S3 User Guide, "Configuring IAM policies for using access points".
    """
    details = {
        **bucket.details,
        "s3:dataaccesspointarn": point.arn,
        "s3:dataaccesspointaccount": point.account_id,
        "s3:accesspointnetworkorigin": "VPC" if point.vpc_id else "Internet",
    }
    policy = None
    if point.policy:
        compiled = compile_policy(point.policy)
        stranger = point.account_id != context.account_id
        if stranger and point.block.restrict_public_buckets and is_public(point.policy):
            compiled = compiled.denying()
        policy = NamedPolicy(point.arn, compiled, "resource")
    return KnownResource(
        arn=f"{point.arn}{'/object/' if key else ''}{key}",
        account_id=point.account_id,
        policy=policy,
        details=details,
        leads_to=msgspec.structs.replace(bucket, details=details),
        unread=bucket.unread,
    )


def _decoded(data: bytes, bucket: BucketRecord, policy_data: bytes | None) -> _Kept:
    if policy_data is None:
        return _Kept(data, bucket)
    text = decode(policy_data, SettingRecord).document.decode()
    try:
        compiled = compile_policy(text)
    except PolicySyntax:
        return _Kept(data, bucket, policy_data)
    policy = NamedPolicy(bucket.arn, compiled, "resource")
    denying = NamedPolicy(bucket.arn, compiled.denying(), "resource")
    return _Kept(data, bucket, policy_data, policy, denying, is_public(text))


def _details(record: ObjectRecord) -> dict[str, str]:
    return {f"{_TAGS}{key.lower()}": value for key, value in record.tags.items()}
