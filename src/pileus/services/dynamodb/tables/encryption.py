"""With which key may a table be encrypted, and how often may that change?

Source: API_SSESpecification; recording `test_dynamodb_create_table_with_partial_sse_specification`; what AWS answered,
in the lab notes of ack-api-quirks (2026-10), DDB-TABLE-036, -044, -081, -082, -141, -333.
"""

from datetime import UTC, datetime

from pileus.services.dynamodb.errors import invalid_parameter, over_limit
from pileus.services.dynamodb.limits import (
    ENCRYPTION_CHANGE_PAUSE_S,
    ENCRYPTION_CHANGES_MAX,
    ENCRYPTION_WINDOW_S,
)
from pileus.services.dynamodb.shapes import SSESpecification
from pileus.services.dynamodb.table_records import TableRecord


def check_encryption(specification: SSESpecification | None) -> None:
    """Naming a type asks for encryption, unless it is switched off."""
    if specification is None:
        return
    if specification.enabled is False and specification.sse_type is not None:
        raise invalid_parameter("SSEType can not be specified if Enabled is false")
    if specification.sse_type == "AES256":
        raise invalid_parameter("SSEType AES256 is not supported")
    if not specification.enabled and specification.kms_master_key_id is not None and specification.sse_type is None:
        raise invalid_parameter("KMSMasterKeyId can not be specified if Enabled is false")
    if specification.kms_master_key_id is not None and specification.sse_type is None:
        raise invalid_parameter("SSEType KMS is required if KMSMasterKeyId is specified")


def wanted(specification: SSESpecification | None) -> bool:
    """Whether a key of KMS is asked for, instead of the one that AWS owns."""
    return specification is not None and (bool(specification.enabled) or specification.sse_type == "KMS")


def check_change(record: TableRecord, specification: SSESpecification, *, now_s: float) -> None:
    """Whether an UpdateTable may change the key, before anybody looks at that.

    Only the ARN of the key that is used is told from others: by its id or an alias, it is sealed anew.
    """
    lately = recent_changes(record, now_s=now_s)
    if len(lately) >= ENCRYPTION_CHANGES_MAX and now_s < lately[-1] + ENCRYPTION_CHANGE_PAUSE_S:
        ends_s = lately[0] + ENCRYPTION_WINDOW_S
        raise over_limit(
            f"Encryption mode changes are limited in the 24h window ending at {_moment(ends_s)}. After the first "
            f"{ENCRYPTION_CHANGES_MAX} change, each subsequent change in the same window can be performed at most once "
            f"every {ENCRYPTION_CHANGE_PAUSE_S} seconds. Number of updates today: {len(lately)}. Last change at "
            f"{_moment(lately[-1])}. Next changes can be made at "
            f"{_moment(min(ends_s, lately[-1] + ENCRYPTION_CHANGE_PAUSE_S))}."
        )
    if not wanted(specification):
        if record.encryption is None:
            raise invalid_parameter("Table is already encrypted by default")
        return
    if record.encryption is not None and specification.kms_master_key_id == record.encryption.key_arn:
        raise invalid_parameter(
            "Table is already encrypted with given KMSMasterKeyId. Use KMSMasterKeyId parameter if you want to change "
            "Master Key"
        )


def recent_changes(record: TableRecord, *, now_s: float) -> list[float]:
    """The moments of the changes that still count."""
    return [at_s for at_s in record.encryption_changes_s if at_s > now_s - ENCRYPTION_WINDOW_S]


def _moment(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
