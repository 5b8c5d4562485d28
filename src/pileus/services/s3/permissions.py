"""What must somebody be allowed to do, to use S3?

Buckets have one namespace, so every request that names one may reach into another account: whose the bucket is, the
authorizer learns from `access_resources`. What is not there is told only to those who may list.

Sources: Service Authorization Reference, "Amazon S3"; S3 User Guide, "Required permissions for Amazon S3 API
operations", "Access denied error messages".
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Final

from pileus.kernel.auth.permissions import Conditions, KnownResource, Permission, Permissions, ResourceType
from pileus.kernel.context import RequestContext
from pileus.services.s3.access_conditions import of_headers, of_request
from pileus.services.s3.acls import gives_acl
from pileus.services.s3.copy_sources import read_copy_source
from pileus.services.s3.shapes import ObjectIdentifier

_DENIED: Final = "Access Denied"
_ABSENCES: Final = frozenset({"NoSuchKey", "NoSuchVersion"})


def _bucket_arn(context: RequestContext, given: Any) -> str:
    return f"arn:{context.partition}:s3:::{given.bucket}"


def _object_arn(context: RequestContext, given: Any) -> str:
    return f"arn:{context.partition}:s3:::{given.bucket}/{given.key}"


def _source_bucket_arn(context: RequestContext, given: Any) -> str:
    return f"arn:{context.partition}:s3:::{read_copy_source(given.copy_source).bucket}"


def _source_arn(context: RequestContext, given: Any) -> str:
    source = read_copy_source(given.copy_source)
    return f"arn:{context.partition}:s3:::{source.bucket}/{source.key}"


def _anybodys(context: RequestContext, given: Any) -> bool:
    return True


def _type(name: str, arn: Any) -> ResourceType:
    return ResourceType(
        name=name,
        arn=arn,
        told=lambda context, given: f'"{arn(context, given)}"',
        foreign=_anybodys,
        strangers_told=_DENIED,
    )


BUCKET: Final = _type("bucket", _bucket_arn)
OBJECT: Final = _type("object", _object_arn)
SOURCE_BUCKET: Final = _type("bucket", _source_bucket_arn)
SOURCE_OBJECT: Final = _type("object", _source_arn)
NEW_BUCKET: Final = replace(BUCKET, foreign=None)
_NONE: Final = ResourceType(
    name="", arn=lambda context, given: "*", told=lambda context, given: "", strangers_told=_DENIED
)
"""ListBuckets is about all, and AWS's refusal names none."""


def _allowed(action: str, resource: ResourceType = OBJECT, **more: Any) -> Permission:
    return Permission(action=f"s3:{action}", resource=resource, conditions=of_request, of_headers=of_headers, **more)


def _on_bucket(action: str, *operations: str, root_may: bool = False) -> dict[str, tuple[Permission, ...]]:
    return {operation: (_allowed(action, BUCKET, root_may=root_may),) for operation in operations}


# What part of a request makes it need more.


def _of_version(context: RequestContext, given: Any) -> bool:
    return given.version_id is not None


def _of_current(context: RequestContext, given: Any) -> bool:
    return given.version_id is None


def _source_of_version(context: RequestContext, given: Any) -> bool:
    return read_copy_source(given.copy_source).version_id is not None


def _source_of_current(context: RequestContext, given: Any) -> bool:
    return read_copy_source(given.copy_source).version_id is None


def _gives_acl(context: RequestContext, given: Any) -> bool:
    return gives_acl(given)


def _gives_tags(context: RequestContext, given: Any) -> bool:
    return bool(given.tagging)


def _gives_retention(context: RequestContext, given: Any) -> bool:
    return given.object_lock_mode is not None or given.object_lock_retain_until_date is not None


def _gives_hold(context: RequestContext, given: Any) -> bool:
    return given.object_lock_legal_hold_status is not None


def _bypasses(context: RequestContext, given: Any) -> bool:
    return bool(given.bypass_governance_retention)


def _matches(context: RequestContext, given: Any) -> bool:
    return given.if_match is not None


def _copies_tags(context: RequestContext, given: Any) -> bool:
    return bool(given.tagging_directive != "REPLACE")


def _tags_new(context: RequestContext, given: Any) -> bool:
    made = given.create_bucket_configuration
    return made is not None and bool(made.tags)


# What several operations need.

_HIDING: Final = _allowed("ListBucket", BUCKET, hides=_ABSENCES)
_HIDING_SOURCE: Final = _allowed("ListBucket", SOURCE_BUCKET, hides=_ABSENCES)


def _of_object(action: str, versions: str) -> tuple[Permission, ...]:
    """An action, or the one that is about a version by its id."""
    return (
        _allowed(action, asked=_of_current),
        _allowed(versions, asked=_of_version),
        _HIDING,
    )


_WRITING: Final = (
    _allowed("PutObject"),
    _allowed("PutObjectAcl", asked=_gives_acl),
    _allowed("PutObjectRetention", asked=_gives_retention),
    _allowed("PutObjectLegalHold", asked=_gives_hold),
    _allowed("PutObjectTagging", asked=_gives_tags),
)
_READING_SOURCE: Final = (
    _allowed("GetObject", SOURCE_OBJECT, asked=_source_of_current),
    _allowed("GetObjectVersion", SOURCE_OBJECT, asked=_source_of_version),
)
_BYPASS: Final = _allowed("BypassGovernanceRetention", asked=_bypasses, optional=True)


def _role_arn(context: RequestContext, given: Any) -> str:
    role: str = getattr(given.replication_configuration, "role", "")
    return role or f"arn:{context.partition}:iam::{context.account_id}:role/"


def _of_passing(context: RequestContext, given: Any, role: KnownResource | None) -> Conditions:
    return {"iam:passedtoservice": "s3.amazonaws.com", "iam:associatedresourcearn": _bucket_arn(context, given)}


_PASS_ROLE: Final = Permission(
    action="iam:PassRole", resource=ResourceType(name="role", arn=_role_arn), conditions=_of_passing
)
"""Source: S3 User Guide, "Setting up permissions for live replication"."""


class _Key(ObjectIdentifier, frozen=True, kw_only=True):
    """One of a batch, with its bucket."""

    bucket: str


def _keys(*, versions: bool) -> Any:
    """Those of a batch that are deleted by their version's id, or the others."""

    def members(context: RequestContext, given: Any) -> Iterator[_Key | None]:
        for each in given.delete.objects:
            if bool(each.version_id) is versions:
                yield _Key(bucket=given.bucket, key=each.key, version_id=each.version_id)
            else:
                yield None

    return members


def _compared_keys(context: RequestContext, given: Any) -> Iterator[_Key | None]:
    """Those that are deleted if they are what is said. S3 User Guide, "How to perform conditional deletes"."""
    for each in given.delete.objects:
        yield _Key(bucket=given.bucket, key=each.key) if each.e_tag is not None else None


def _all_keys(context: RequestContext, given: Any) -> Iterable[_Key]:
    return (_Key(bucket=given.bucket, key=each.key, version_id=each.version_id) for each in given.delete.objects)


PERMISSIONS: Final[Permissions] = {
    # Buckets.
    "ListBuckets": (_allowed("ListAllMyBuckets", _NONE),),
    "CreateBucket": (
        _allowed("CreateBucket", NEW_BUCKET),
        _allowed("PutBucketAcl", NEW_BUCKET, asked=_gives_acl),
        _allowed(
            "PutBucketOwnershipControls",
            NEW_BUCKET,
            asked=lambda context, given: given.object_ownership is not None,
        ),
        *(
            _allowed(action, NEW_BUCKET, asked=lambda context, given: bool(given.object_lock_enabled_for_bucket))
            for action in ("PutBucketObjectLockConfiguration", "PutBucketVersioning")
        ),
        _allowed("TagResource", NEW_BUCKET, asked=_tags_new),
    ),
    **_on_bucket("DeleteBucket", "DeleteBucket"),
    **_on_bucket("ListBucket", "HeadBucket", "ListObjects", "ListObjectsV2"),
    **_on_bucket("ListBucketVersions", "ListObjectVersions"),
    **_on_bucket("ListBucketMultipartUploads", "ListMultipartUploads"),
    **_on_bucket("GetBucketLocation", "GetBucketLocation"),
    # What is configured of them.
    **_on_bucket("GetAccelerateConfiguration", "GetBucketAccelerateConfiguration"),
    **_on_bucket("PutAccelerateConfiguration", "PutBucketAccelerateConfiguration"),
    **_on_bucket("GetBucketAcl", "GetBucketAcl"),
    **_on_bucket("PutBucketAcl", "PutBucketAcl"),
    **_on_bucket("GetBucketAbac", "GetBucketAbac"),
    **_on_bucket("PutBucketAbac", "PutBucketAbac"),
    **_on_bucket("GetAnalyticsConfiguration", "GetBucketAnalyticsConfiguration", "ListBucketAnalyticsConfigurations"),
    **_on_bucket("PutAnalyticsConfiguration", "DeleteBucketAnalyticsConfiguration", "PutBucketAnalyticsConfiguration"),
    **_on_bucket("GetBucketCORS", "GetBucketCors"),
    **_on_bucket("PutBucketCORS", "DeleteBucketCors", "PutBucketCors"),
    **_on_bucket("GetEncryptionConfiguration", "GetBucketEncryption"),
    **_on_bucket("PutEncryptionConfiguration", "DeleteBucketEncryption", "PutBucketEncryption"),
    **_on_bucket(
        "GetIntelligentTieringConfiguration",
        "GetBucketIntelligentTieringConfiguration",
        "ListBucketIntelligentTieringConfigurations",
    ),
    **_on_bucket(
        "PutIntelligentTieringConfiguration",
        "DeleteBucketIntelligentTieringConfiguration",
        "PutBucketIntelligentTieringConfiguration",
    ),
    **_on_bucket("GetInventoryConfiguration", "GetBucketInventoryConfiguration", "ListBucketInventoryConfigurations"),
    **_on_bucket("PutInventoryConfiguration", "DeleteBucketInventoryConfiguration", "PutBucketInventoryConfiguration"),
    **_on_bucket("GetLifecycleConfiguration", "GetBucketLifecycle", "GetBucketLifecycleConfiguration"),
    **_on_bucket(
        "PutLifecycleConfiguration",
        "DeleteBucketLifecycle",
        "PutBucketLifecycle",
        "PutBucketLifecycleConfiguration",
    ),
    **_on_bucket("GetBucketLogging", "GetBucketLogging"),
    **_on_bucket("PutBucketLogging", "PutBucketLogging"),
    **_on_bucket("GetMetricsConfiguration", "GetBucketMetricsConfiguration", "ListBucketMetricsConfigurations"),
    **_on_bucket("PutMetricsConfiguration", "DeleteBucketMetricsConfiguration", "PutBucketMetricsConfiguration"),
    **_on_bucket("GetBucketNotification", "GetBucketNotification", "GetBucketNotificationConfiguration"),
    **_on_bucket("PutBucketNotification", "PutBucketNotification", "PutBucketNotificationConfiguration"),
    **_on_bucket("GetBucketObjectLockConfiguration", "GetObjectLockConfiguration"),
    **_on_bucket("PutBucketObjectLockConfiguration", "PutObjectLockConfiguration"),
    **_on_bucket("GetBucketOwnershipControls", "GetBucketOwnershipControls"),
    **_on_bucket("PutBucketOwnershipControls", "DeleteBucketOwnershipControls", "PutBucketOwnershipControls"),
    # From these no policy can shut out the root: S3 User Guide, "Bucket policies", "AWS account root user".
    **_on_bucket("GetBucketPolicy", "GetBucketPolicy", root_may=True),
    **_on_bucket("PutBucketPolicy", "PutBucketPolicy", root_may=True),
    **_on_bucket("DeleteBucketPolicy", "DeleteBucketPolicy", root_may=True),
    **_on_bucket("GetBucketPolicyStatus", "GetBucketPolicyStatus"),
    **_on_bucket("GetBucketPublicAccessBlock", "GetPublicAccessBlock"),
    **_on_bucket("PutBucketPublicAccessBlock", "DeletePublicAccessBlock", "PutPublicAccessBlock"),
    **_on_bucket("GetReplicationConfiguration", "GetBucketReplication"),
    **_on_bucket("PutReplicationConfiguration", "DeleteBucketReplication"),
    "PutBucketReplication": (_allowed("PutReplicationConfiguration", BUCKET), _PASS_ROLE),
    **_on_bucket("GetBucketRequestPayment", "GetBucketRequestPayment"),
    **_on_bucket("PutBucketRequestPayment", "PutBucketRequestPayment"),
    **_on_bucket("GetBucketTagging", "GetBucketTagging"),
    **_on_bucket("PutBucketTagging", "DeleteBucketTagging", "PutBucketTagging"),
    **_on_bucket("GetBucketVersioning", "GetBucketVersioning"),
    **_on_bucket("PutBucketVersioning", "PutBucketVersioning"),
    **_on_bucket("GetBucketWebsite", "GetBucketWebsite"),
    **_on_bucket("PutBucketWebsite", "PutBucketWebsite"),
    **_on_bucket("DeleteBucketWebsite", "DeleteBucketWebsite"),
    # Objects.
    "GetObject": _of_object("GetObject", "GetObjectVersion"),
    "HeadObject": _of_object("GetObject", "GetObjectVersion"),
    "GetObjectAttributes": (
        *_of_object("GetObject", "GetObjectVersion"),
        *_of_object("GetObjectAttributes", "GetObjectVersionAttributes")[:2],
    ),
    "GetObjectAcl": _of_object("GetObjectAcl", "GetObjectVersionAcl"),
    "PutObjectAcl": _of_object("PutObjectAcl", "PutObjectVersionAcl"),
    "GetObjectTagging": _of_object("GetObjectTagging", "GetObjectVersionTagging"),
    "PutObjectTagging": _of_object("PutObjectTagging", "PutObjectVersionTagging"),
    "DeleteObjectTagging": _of_object("DeleteObjectTagging", "DeleteObjectVersionTagging"),
    "GetObjectTorrent": (_allowed("GetObjectTorrent"), _HIDING),
    "GetObjectLegalHold": (_allowed("GetObjectLegalHold"), _HIDING),
    "PutObjectLegalHold": (_allowed("PutObjectLegalHold"), _HIDING),
    "GetObjectRetention": (_allowed("GetObjectRetention"), _HIDING),
    "PutObjectRetention": (_allowed("PutObjectRetention"), _BYPASS, _HIDING),
    "RestoreObject": (_allowed("RestoreObject"), _HIDING),
    "SelectObjectContent": (_allowed("GetObject"), _HIDING),
    "UpdateObjectEncryption": (_allowed("UpdateObjectEncryption"), _HIDING),
    # S3 User Guide, "Prevent object overwrites with conditional writes": If-Match also needs s3:GetObject.
    "PutObject": (*_WRITING, _allowed("GetObject", asked=_matches), _HIDING),
    "CopyObject": (
        *_READING_SOURCE,
        *_WRITING,
        _allowed(
            "GetObjectTagging",
            SOURCE_OBJECT,
            asked=lambda context, given: _copies_tags(context, given) and _source_of_current(context, given),
            optional=True,
        ),
        _allowed(
            "GetObjectVersionTagging",
            SOURCE_OBJECT,
            asked=lambda context, given: _copies_tags(context, given) and _source_of_version(context, given),
            optional=True,
        ),
        _allowed(
            "PutObjectTagging",
            asked=lambda context, given: _copies_tags(context, given) and not given.tagging,
            optional=True,
        ),
        _HIDING_SOURCE,
    ),
    # Which only directory buckets have: the operation says so.
    "RenameObject": (_allowed("PutObject"), _allowed("DeleteObject")),
    "DeleteObject": (
        _allowed("DeleteObject", asked=_of_current),
        _allowed("DeleteObjectVersion", asked=_of_version),
        _allowed("GetObject", asked=_matches),
        _BYPASS,
    ),
    "DeleteObjects": (
        _allowed("DeleteObject", members=_keys(versions=False), each=True),
        _allowed("DeleteObjectVersion", members=_keys(versions=True), each=True),
        _allowed("GetObject", members=_compared_keys, each=True),
        _allowed("BypassGovernanceRetention", asked=_bypasses, members=_all_keys, optional=True),
    ),
    # Uploads in parts.
    "CreateMultipartUpload": _WRITING,
    "UploadPart": (_allowed("PutObject"),),
    "UploadPartCopy": (*_READING_SOURCE, _allowed("PutObject"), _HIDING_SOURCE),
    "CompleteMultipartUpload": (_allowed("PutObject"), _allowed("GetObject", asked=_matches), _HIDING),
    "AbortMultipartUpload": (_allowed("AbortMultipartUpload"),),
    "ListParts": (_allowed("ListMultipartUploadParts"),),
}
