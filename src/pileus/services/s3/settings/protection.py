"""Which encryption and which Object Lock may a bucket have by default?

Sources: API_PutBucketEncryption, API_PutObjectLockConfiguration; recordings s3/s3_api,
test_s3_default_bucket_encryption_exc and test_put_object_lock_configuration_exc.
"""

from typing import Final

from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.s3 import shapes
from pileus.services.s3.bucket_errors import NamedArgument
from pileus.services.s3.errors import InvalidArgument, MalformedXML
from pileus.services.s3.model import DefaultEncryption, DefaultRetention

_OWN: Final = "AES256"
_OF_KMS: Final = frozenset({"aws:kms", "aws:kms:dsse"})
_DAYS_MAX: Final = 36_500
_YEARS_MAX: Final = 100
"""Source: S3 User Guide, "Object Lock considerations"."""


def default_encryption(asked: shapes.ServerSideEncryptionConfiguration) -> DefaultEncryption:
    """What objects are encrypted with that say nothing; MalformedXML, InvalidArgument."""
    if len(asked.rules) != 1:
        raise MalformedXML
    rule = asked.rules[0]
    blocked = tuple((rule.blocked_encryption_types and rule.blocked_encryption_types.encryption_type) or ())
    default = rule.apply_server_side_encryption_by_default
    if default is None:
        if not blocked and rule.bucket_key_enabled is None:
            raise MalformedXML
        return DefaultEncryption(algorithm=_OWN, bucket_key=bool(rule.bucket_key_enabled), blocked=blocked)
    if default.sse_algorithm not in {_OWN, *_OF_KMS}:
        raise MalformedXML
    if default.kms_master_key_id is not None and default.sse_algorithm not in _OF_KMS:
        raise NamedArgument(
            "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse",
            name="ApplyServerSideEncryptionByDefault",
        )
    return DefaultEncryption(
        algorithm=default.sse_algorithm,
        key_id=default.kms_master_key_id or "",
        bucket_key=bool(rule.bucket_key_enabled),
        blocked=blocked,
    )


def told_encryption(kept: DefaultEncryption | None) -> shapes.ServerSideEncryptionConfiguration:
    """What GetBucketEncryption says; every bucket has one (S3 User Guide, "Setting default encryption")."""
    found = kept or DefaultEncryption(algorithm=_OWN)
    blocked = shapes.BlockedEncryptionTypes(encryption_type=list(found.blocked)) if found.blocked else None  # type: ignore[arg-type]  # as they came
    by_default = shapes.ServerSideEncryptionByDefault(
        sse_algorithm=found.algorithm,  # type: ignore[arg-type]  # one of those it was made from
        kms_master_key_id=found.key_id or None,
    )
    rule = shapes.ServerSideEncryptionRule(
        apply_server_side_encryption_by_default=by_default,
        bucket_key_enabled=found.bucket_key,
        blocked_encryption_types=blocked,
    )
    return shapes.ServerSideEncryptionConfiguration(rules=[rule])


def default_retention(asked: shapes.ObjectLockConfiguration | None) -> DefaultRetention | None:
    """How long new objects are kept; None: not at all. MalformedXML, InvalidArgument."""
    if asked is None or asked.object_lock_enabled != "Enabled":
        raise MalformedXML
    if asked.rule is None:
        return None
    retention = asked.rule.default_retention
    if retention is not None and retention.default_event_hold is not None:
        raise NotImplementedByPileus("Pileus does not implement event holds yet")
    if retention is None or retention.mode is None or (retention.days is None) == (retention.years is None):
        raise MalformedXML
    length = retention.years if retention.days is None else retention.days
    assert length is not None
    if length <= 0:
        raise InvalidArgument("Default retention period must be a positive integer value.")
    if length > (_YEARS_MAX if retention.days is None else _DAYS_MAX):
        raise InvalidArgument("Default retention period is too large.")
    return DefaultRetention(mode=retention.mode, days=retention.days or 0, years=retention.years or 0)


def told_lock(retention: DefaultRetention | None) -> shapes.ObjectLockConfiguration:
    """What GetObjectLockConfiguration says."""
    if retention is None:
        return shapes.ObjectLockConfiguration(object_lock_enabled="Enabled")
    default = shapes.DefaultRetention(mode=retention.mode, days=retention.days or None, years=retention.years or None)
    return shapes.ObjectLockConfiguration(
        object_lock_enabled="Enabled", rule=shapes.ObjectLockRule(default_retention=default)
    )
