"""Which columns does an inventory have, and what is in them of each version?

Sources: S3 User Guide, "Cataloging and analyzing your data with S3 Inventory"; "Working with Object Ownership fields"
for the two last; "Locating your inventory list" for the order and the schemas of the formats. Real manifests (found in
the tests of lakeFS and of Matano) show that the annotations in Parquet's schema are the newer ones.
"""

import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from pileus.kernel.auth.canonical_users import canonical_user_id
from pileus.services.s3.model import NULL_VERSION, Encryption, ObjectRecord
from pileus.services.s3.shapes import InventoryConfiguration

Kind = Literal["text", "boolean", "integer", "moment"]
Value = str | bool | int | datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A version of an object, or a delete marker. expires_at: when lifecycle will delete it."""

    key: str
    record: ObjectRecord
    is_latest: bool = True
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """name: as in CSV's schema. field: as in the schemas of ORC and Parquet."""

    name: str
    field: str
    kind: Kind
    value: Callable[[str, Listed], Value]


def _moment(at_s: float) -> datetime:
    return datetime.fromtimestamp(at_s, UTC)


def _of_object(value: Callable[[ObjectRecord], Value]) -> Callable[[str, Listed], Value]:
    """What a delete marker does not have."""
    return lambda _, listed: None if listed.record.delete_marker else value(listed.record)


def _encryption_status(record: ObjectRecord) -> str:
    encryption = record.encryption or Encryption()
    if encryption.customer_key_md5:
        return "SSE-C"
    return {"aws:kms": "SSE-KMS", "aws:kms:dsse": "DSSE-KMS"}.get(encryption.algorithm, "SSE-S3")


def _bucket_key_status(record: ObjectRecord) -> str | None:
    if record.encryption is None or not record.encryption.algorithm.startswith("aws:kms"):
        return None
    return "ENABLED" if record.encryption.bucket_key else "DISABLED"


def _acl(record: ObjectRecord) -> str:
    """Base64 of JSON. The owner of an object without a list has full control."""
    grants: list[dict[str, str]] = []
    owner = canonical_user_id(record.owner)
    if record.acl is None:
        grants.append({"canonicalId": owner, "type": "CanonicalUser", "permission": "FULL_CONTROL"})
    else:
        for grant in record.acl.grants:
            who = "canonicalId" if grant.kind == "CanonicalUser" else "uri"
            grants.append({who: grant.grantee, "type": grant.kind, "permission": grant.permission})
    tree = {"version": "2022-11-10", "status": "AVAILABLE", "grants": grants}
    return b64encode(json.dumps(tree, separators=(",", ":")).encode()).decode()


def _retained_until(record: ObjectRecord) -> datetime | None:
    until_s = record.lock.retain_until_s if record.lock is not None else 0.0
    return _moment(until_s) if until_s else None


def _version(_: str, listed: Listed) -> str | None:
    version_id = listed.record.version_id
    return None if version_id == NULL_VERSION else version_id


_ALWAYS: Final = (
    Column("Bucket", "bucket", "text", lambda bucket, _: bucket),
    Column("Key", "key", "text", lambda _, listed: listed.key),
)
_VERSIONS: Final = (
    Column("VersionId", "version_id", "text", _version),
    Column("IsLatest", "is_latest", "boolean", lambda _, listed: listed.is_latest),
    Column("IsDeleteMarker", "is_delete_marker", "boolean", lambda _, listed: listed.record.delete_marker),
)
_OPTIONAL: Final = (
    Column("Size", "size", "integer", _of_object(lambda record: record.size_bytes)),
    Column("LastModifiedDate", "last_modified_date", "moment", lambda _, listed: _moment(listed.record.modified_at_s)),
    Column("ETag", "e_tag", "text", _of_object(lambda record: record.etag)),
    Column("StorageClass", "storage_class", "text", _of_object(lambda record: record.storage_class)),
    Column(
        "IsMultipartUploaded", "is_multipart_uploaded", "boolean", _of_object(lambda record: record.parts_count > 0)
    ),
    Column(
        "ReplicationStatus", "replication_status", "text", _of_object(lambda record: record.replication_status or None)
    ),
    Column("EncryptionStatus", "encryption_status", "text", _of_object(_encryption_status)),
    Column("ObjectLockRetainUntilDate", "object_lock_retain_until_date", "moment", _of_object(_retained_until)),
    Column(
        "ObjectLockMode",
        "object_lock_mode",
        "text",
        _of_object(lambda record: (record.lock.mode or None) if record.lock is not None else None),
    ),
    Column(
        "ObjectLockLegalHoldStatus",
        "object_lock_legal_hold_status",
        "text",
        _of_object(lambda record: (record.lock.legal_hold or None) if record.lock is not None else None),
    ),
    Column("IntelligentTieringAccessTier", "intelligent_tiering_access_tier", "text", _of_object(lambda _: None)),
    Column("BucketKeyStatus", "bucket_key_status", "text", _of_object(_bucket_key_status)),
    Column(
        "ChecksumAlgorithm",
        "checksum_algorithm",
        "text",
        _of_object(lambda record: record.checksum.algorithm if record.checksum is not None else None),
    ),
    Column("ObjectAccessControlList", "object_access_control_list", "text", _of_object(_acl)),
    Column("ObjectOwner", "object_owner", "text", lambda _, listed: canonical_user_id(listed.record.owner)),
    Column("LifecycleExpirationDate", "lifecycle_expiration_date", "moment", lambda _, listed: listed.expires_at),
)
KNOWN_FIELDS: Final = frozenset(column.name for column in _OPTIONAL)
"""Optional fields that can be filled; others, of what Pileus has not, are left out of the lists."""


def columns_of(configuration: InventoryConfiguration) -> tuple[Column, ...]:
    """In AWS's order, whatever that of the configuration."""
    asked = set(configuration.optional_fields or ())
    versions = _VERSIONS if configuration.included_object_versions == "All" else ()
    return (*_ALWAYS, *versions, *(column for column in _OPTIONAL if column.name in asked))


def schema_text(columns: tuple[Column, ...], format_name: str) -> str:
    """`fileSchema` of the manifest."""
    if format_name == "CSV":
        return ", ".join(column.name for column in columns)
    if format_name == "ORC":
        kinds: dict[Kind, str] = {
            "text": "string",
            "boolean": "boolean",
            "integer": "bigint",
            "moment": "timestamp",
        }
        return f"struct<{','.join(f'{column.field}:{kinds[column.kind]}' for column in columns)}>"
    return "message s3.inventory {" + "".join(f"  {_parquet(column)};" for column in columns) + "}"


def _parquet(column: Column) -> str:
    if column.kind == "text":
        return f"{'required' if column in _ALWAYS else 'optional'} binary {column.field} (STRING)"
    if column.kind == "moment":
        return f"optional int64 {column.field} (TIMESTAMP(MILLIS,true))"
    return f"optional {'boolean' if column.kind == 'boolean' else 'int64'} {column.field}"
