"""How is a key told of?"""

from typing import Any

from pileus.services.kms.model import KeyRecord, moment
from pileus.services.kms.shapes import KeyMetadata

_MEMBERS = {
    "ENCRYPT_DECRYPT": "encryption_algorithms",
    "SIGN_VERIFY": "signing_algorithms",
    "GENERATE_VERIFY_MAC": "mac_algorithms",
    "KEY_AGREEMENT": "key_agreement_algorithms",
}
_OLD_SPECS = frozenset({"ECC_NIST_EDWARDS25519"})
"""That came after `CustomerMasterKeySpec`, which does not know them."""


def algorithms_of(key: KeyRecord) -> dict[str, Any]:
    """The member for a key's algorithms, with them."""
    return {_MEMBERS[key.usage]: list(key.algorithms)}


def metadata_of(key: KeyRecord) -> KeyMetadata:
    """Recordings kms/kms, wherever a key is described."""
    spec: Any = key.spec
    origin: Any = key.origin
    has_material = key.imported and key.state != "PendingImport"
    expires_at_s = key.expires_at_s if has_material else None
    return KeyMetadata(
        aws_account_id=key.account_id,
        key_id=key.key_id,
        arn=key.arn,
        creation_date=moment(key.created_at_s),
        enabled=key.state == "Enabled",
        description=key.description,
        key_usage=key.usage,
        key_state=key.state,
        deletion_date=moment(key.deletion_at_s) if key.deletion_at_s is not None else None,
        valid_to=moment(expires_at_s) if expires_at_s is not None else None,
        origin=origin,
        expiration_model=_expiration_model(expires_at_s) if has_material else None,
        key_manager="AWS" if key.service else "CUSTOMER",
        customer_master_key_spec=None if key.spec in _OLD_SPECS else spec,
        key_spec=spec,
        multi_region=False,
        current_key_material_id=(key.current_id or None) if key.symmetric else None,
        **algorithms_of(key),
    )


def _expiration_model(expires_at_s: float | None) -> Any:
    return "KEY_MATERIAL_DOES_NOT_EXPIRE" if expires_at_s is None else "KEY_MATERIAL_EXPIRES"
