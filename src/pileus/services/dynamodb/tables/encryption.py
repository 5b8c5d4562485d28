"""With which key is a table said to be encrypted?

There is no KMS yet: a key is named and told, and nothing is encrypted with it.

Source: API_SSESpecification; recording `test_dynamodb_create_table_with_partial_sse_specification`.
"""

from hashlib import blake2b
from typing import Final
from uuid import UUID

from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.dynamodb.errors import invalid_parameter
from pileus.services.dynamodb.shapes import SSESpecification
from pileus.services.dynamodb.tables.names import TablePlace

_MANAGED_KEY: Final = "alias/aws/dynamodb"


def check_encryption(specification: SSESpecification | None) -> None:
    """Naming a type asks for encryption, unless it is switched off."""
    if specification is None:
        return
    if specification.sse_type == "AES256":
        raise invalid_parameter("SSEType AES256 is not supported")
    if specification.enabled is False and specification.sse_type is not None:
        raise invalid_parameter("SSEType can not be specified if Enabled is false")
    if not specification.enabled and specification.kms_master_key_id is not None and specification.sse_type is None:
        raise invalid_parameter("KMSMasterKeyId can not be specified if Enabled is false")
    if specification.kms_master_key_id is not None and specification.sse_type is None:
        raise invalid_parameter("SSEType KMS is required if KMSMasterKeyId is specified")


def wanted(specification: SSESpecification) -> bool:
    """Whether a key of KMS is asked for, instead of the one that AWS owns."""
    return bool(specification.enabled) or specification.sse_type == "KMS"


def managed_key_arn(place: TablePlace, partition: str) -> str:
    """AWS's own key for DynamoDB in an account and region: always the same."""
    digest = blake2b(f"{_MANAGED_KEY}/{place.account_id}/{place.region}".encode(), digest_size=16).digest()
    key_id = UUID(bytes=digest, version=4)
    return f"arn:{partition}:kms:{place.region}:{place.account_id}:key/{key_id}"


def key_arn(key_id: str | None, place: TablePlace, partition: str) -> str:
    """The ARN of what `KMSMasterKeyId` names."""
    home = f"arn:{partition}:kms:{place.region}:{place.account_id}:"
    if key_id is None or key_id.removeprefix(home) == _MANAGED_KEY:
        return managed_key_arn(place, partition)
    if key_id.startswith("alias/") or ":alias/" in key_id:
        raise NotImplementedByPileus("Aliases of KMS keys are not implemented")
    return key_id if key_id.startswith("arn:") else f"{home}key/{key_id}"
