"""What does S3 remember of buckets, objects and uploads?

Records, as `kernel.storage.records` keeps them: a new field has a default. Times are seconds since 1970.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from pileus.kernel.blobs.segments import Segment

NULL_VERSION = "null"
"""The id of the one version that a key has where versioning is off or suspended."""


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an access control list.

    kind: of the grantee. grantee: canonical user id, or the URI of a group.
    """

    kind: Literal["CanonicalUser", "Group"]
    grantee: str
    permission: Literal["FULL_CONTROL", "READ", "WRITE", "READ_ACP", "WRITE_ACP"]


class Acl(msgspec.Struct, frozen=True, kw_only=True):
    """Who owns something, by account id, and whom it is open to."""

    owner: str
    grants: tuple[Grant, ...] = ()


class PublicAccessBlock(msgspec.Struct, frozen=True, kw_only=True):
    """Which public access is shut off. Source: API_PublicAccessBlockConfiguration."""

    block_public_acls: bool = False
    ignore_public_acls: bool = False
    block_public_policy: bool = False
    restrict_public_buckets: bool = False


class DefaultEncryption(msgspec.Struct, frozen=True, kw_only=True):
    """What PutBucketEncryption asked for.

    algorithm: `AES256`, `aws:kms` or `aws:kms:dsse`. key_id: as given; "" means the account's `alias/aws/s3`.
    """

    algorithm: str
    key_id: str = ""
    bucket_key: bool = False
    blocked: tuple[str, ...] = ()


class DefaultRetention(msgspec.Struct, frozen=True, kw_only=True):
    """How long new objects of a bucket with Object Lock are kept; days or years."""

    mode: Literal["GOVERNANCE", "COMPLIANCE"]
    days: int = 0
    years: int = 0


class BucketRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="s3.bucket.v1"):
    """A bucket.

    serial: one of its own, with which the keys of its objects begin, so that a namesake never sees them.
    versioning: "" means never enabled. mfa_told: whether MFA delete was ever set. public_access: None when the
    configuration was deleted.
    location: what was asked for, where that is an older name of the region (`EU`).
    settings: which further configurations it has (`policy`, `cors`, `lifecycle`, `notification`, ...), each in a row of
    its own; so that whoever works on objects knows without a look that there is none.
    """

    name: str
    account_id: str
    region: str
    serial: int
    created_at_s: float
    location: str = ""
    versioning: Literal["", "Enabled", "Suspended"] = ""
    mfa_delete: bool = False
    mfa_told: bool = False
    ownership: Literal["", "BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"] = "BucketOwnerEnforced"
    public_access: PublicAccessBlock | None = None
    acl: Acl | None = None
    lock_enabled: bool = False
    retention: DefaultRetention | None = None
    encryption: DefaultEncryption | None = None
    requester_pays: bool = False
    tags: Mapping[str, str] = {}
    settings: frozenset[str] = frozenset()

    @property
    def arn(self) -> str:
        return f"arn:aws:s3:::{self.name}"


class SettingRecord(msgspec.Struct, frozen=True, kw_only=True, tag="s3.setting.v1"):
    """A configuration of a bucket. document: JSON by AWS's own names; of a policy, its text as it was put."""

    document: bytes
    changed_at_s: float


class Checksum(msgspec.Struct, frozen=True, kw_only=True):
    """A checksum that AWS tells of an object. algorithm: `CRC32`. value: base64, `-N` behind it for N parts."""

    algorithm: str
    value: str
    kind: Literal["FULL_OBJECT", "COMPOSITE"] = "FULL_OBJECT"


class Encryption(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """With what an object is encrypted.

    algorithm: `AES256`, `aws:kms`, `aws:kms:dsse`; "" for a key of the customer's. sealed_key: the data key, wrapped;
    empty for an object that lies plain, and where the customer brings the key. customer_key_md5: base64, of that.
    """

    algorithm: str = "AES256"
    key_arn: str = ""
    context: str = ""
    bucket_key: bool = False
    sealed_key: bytes = b""
    customer_key_md5: str = ""


class Lock(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What keeps a version from being deleted. legal_hold: "" means that nobody ever said anything of it."""

    mode: Literal["", "GOVERNANCE", "COMPLIANCE"] = ""
    retain_until_s: float = 0.0
    legal_hold: Literal["", "ON", "OFF"] = ""


class ObjectRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="s3.object.v1"):
    """One version of an object, or a delete marker; its key is in the row's.

    order: grows from version to version of a key. etag: without quotes. owner: an account id.
    headers: `Cache-Control` and the like, which go out as they came; metadata: the user's, by lower-case name.
    restored_at_s, restored_until_s: of an archived version, when a copy of it is at hand.
    inline: where the bytes lie in the store; segment: the one file they are in; layout: where a list of parts is
    (`LayoutRecord`); all empty for an empty object. parts_count: 0 for an object that was put at once.
    """

    size_bytes: int = 0
    etag: str = ""
    modified_at_s: float
    owner: str
    version_id: str = NULL_VERSION
    order: int = 0
    delete_marker: bool = False
    storage_class: str = "STANDARD"
    content_type: str = "binary/octet-stream"
    headers: Mapping[str, str] = {}
    metadata: Mapping[str, str] = {}
    tags: Mapping[str, str] = {}
    checksum: Checksum | None = None
    encryption: Encryption | None = None
    acl: Acl | None = None
    lock: Lock | None = None
    website_redirect: str = ""
    replication_status: str = ""
    restored_at_s: float = 0.0
    restored_until_s: float = 0.0
    parts_count: int = 0
    inline: str = ""
    segment: Segment | None = None
    layout: str = ""


class LaidPart(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of an object. checksum: base64, of this part alone; "" where the object's is not made of them."""

    number: int
    segment: Segment
    checksum: str = ""


class LayoutRecord(msgspec.Struct, frozen=True, kw_only=True, tag="s3.layout.v1"):
    """The parts of one version of an object, in their order."""

    parts: tuple[LaidPart, ...]


class UploadRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="s3.upload.v1"):
    """A multipart upload under way: all that its object will have.

    checksum_kind: "" for none. existed: whether its key had an object when it began.
    """

    initiated_at_s: float
    owner: str
    initiator_arn: str = ""
    existed: bool = False
    storage_class: str = "STANDARD"
    content_type: str = "binary/octet-stream"
    headers: Mapping[str, str] = {}
    metadata: Mapping[str, str] = {}
    tags: Mapping[str, str] = {}
    checksum_algorithm: str = ""
    checksum_kind: str = ""
    encryption: Encryption | None = None
    acl: Acl | None = None
    lock: Lock | None = None
    website_redirect: str = ""


class PartRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="s3.part.v1"):
    """A part of an upload under way. checksum: base64, by the upload's algorithm, else by CRC64NVME; "" for none."""

    size_bytes: int
    etag: str
    modified_at_s: float
    segment: Segment
    checksum: str = ""


class BlobRecord(msgspec.Struct, frozen=True, kw_only=True, tag="s3.blob.v1"):
    """That a blob belongs to somebody; by its id in the row's key. For the scrub, what it must be."""

    segment: Segment
