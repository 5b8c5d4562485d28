"""What is a key, and what can a key of each kind do?

A key's state is never kept: it follows from what is kept of it.

Source: KMS Developer Guide, "Key spec reference", "Key states of AWS KMS keys".
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, Literal

import msgspec

Usage = Literal["SIGN_VERIFY", "ENCRYPT_DECRYPT", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT", "ENCAPSULATE_DECAPSULATE"]
State = Literal["Enabled", "Disabled", "PendingDeletion", "PendingImport"]
MaterialState = Literal["CURRENT", "NON_CURRENT", "PENDING_ROTATION"]

SYMMETRIC: Final = "SYMMETRIC_DEFAULT"
EXTERNAL: Final = "EXTERNAL"

RSA_ENCRYPTION: Final = ("RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256")
RSA_SIGNING: Final = (
    "RSASSA_PKCS1_V1_5_SHA_256",
    "RSASSA_PKCS1_V1_5_SHA_384",
    "RSASSA_PKCS1_V1_5_SHA_512",
    "RSASSA_PSS_SHA_256",
    "RSASSA_PSS_SHA_384",
    "RSASSA_PSS_SHA_512",
)
_RSA: Final[Mapping[str, tuple[str, ...]]] = {"ENCRYPT_DECRYPT": RSA_ENCRYPTION, "SIGN_VERIFY": RSA_SIGNING}
_ECDH: Final = ("ECDH",)

ALGORITHMS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    SYMMETRIC: {"ENCRYPT_DECRYPT": (SYMMETRIC,)},
    "RSA_2048": _RSA,
    "RSA_3072": _RSA,
    "RSA_4096": _RSA,
    "ECC_NIST_P256": {"SIGN_VERIFY": ("ECDSA_SHA_256",), "KEY_AGREEMENT": _ECDH},
    "ECC_NIST_P384": {"SIGN_VERIFY": ("ECDSA_SHA_384",), "KEY_AGREEMENT": _ECDH},
    "ECC_NIST_P521": {"SIGN_VERIFY": ("ECDSA_SHA_512",), "KEY_AGREEMENT": _ECDH},
    "ECC_SECG_P256K1": {"SIGN_VERIFY": ("ECDSA_SHA_256",)},
    "ECC_NIST_EDWARDS25519": {"SIGN_VERIFY": ("ED25519_SHA_512", "ED25519_PH_SHA_512")},
    "HMAC_224": {"GENERATE_VERIFY_MAC": ("HMAC_SHA_224",)},
    "HMAC_256": {"GENERATE_VERIFY_MAC": ("HMAC_SHA_256",)},
    "HMAC_384": {"GENERATE_VERIFY_MAC": ("HMAC_SHA_384",)},
    "HMAC_512": {"GENERATE_VERIFY_MAC": ("HMAC_SHA_512",)},
}
"""By key spec and usage. What is not here (SM2, ML-DSA, ML-KEM) Pileus has not."""


class KeyRecord(msgspec.Struct, frozen=True, kw_only=True, tag="kms.key.v1"):
    """A key, but for its material.

    service: for whose data AWS manages it (`s3`); "" for a customer's. enabled: what Enable- and DisableKey said last.
    deletion_at_s, pending_days: while it waits for its deletion. rotation_days: how often its material changes, 0 for
    never. current: the serial of the material that encrypts; 0 before the first. serial: of the latest material.
    current_id: that material's id. missing: how many of its materials were taken away. expires_at_s: when the current
    one goes by itself; None for never. aliases: their names. grants: how many there are. on_demand: how often its
    material was changed by hand.
    """

    account_id: str
    region: str
    key_id: str
    partition: str
    spec: str
    usage: Usage
    origin: str
    policy: str
    created_at_s: float
    description: str = ""
    service: str = ""
    enabled: bool = True
    tags: dict[str, str] = {}
    aliases: tuple[str, ...] = ()
    deletion_at_s: float | None = None
    pending_days: int = 0
    rotation_days: int = 0
    next_rotation_at_s: float = 0.0
    on_demand: int = 0
    grants: int = 0
    serial: int = 0
    current: int = 0
    current_id: str = ""
    missing: int = 0
    expires_at_s: float | None = None

    @property
    def arn(self) -> str:
        return f"arn:{self.partition}:kms:{self.region}:{self.account_id}:key/{self.key_id}"

    @property
    def symmetric(self) -> bool:
        return self.spec == SYMMETRIC

    @property
    def imported(self) -> bool:
        return self.origin == EXTERNAL

    @property
    def state(self) -> State:
        if self.deletion_at_s is not None:
            return "PendingDeletion"
        if not self.current or self.missing:
            return "PendingImport"
        return "Enabled" if self.enabled else "Disabled"

    @property
    def algorithms(self) -> tuple[str, ...]:
        return ALGORITHMS[self.spec][self.usage]


class MaterialRecord(msgspec.Struct, frozen=True, kw_only=True, tag="kms.material.v1"):
    """What a key really consists of.

    sealed: 32 bytes, an HMAC key or a private key in DER; empty while imported material was taken away.
    material_id: 64 hexadecimal digits that follow from the material, so that only the same can be imported again.
    since_s: when it became current, None before. rotation: how; "" for a key's first.
    """

    sealed: bytes
    material_id: str
    state: MaterialState
    since_s: float | None = None
    rotation: str = ""
    description: str = ""
    expires_at_s: float | None = None


class AliasRecord(msgspec.Struct, frozen=True, kw_only=True, tag="kms.alias.v1"):
    """Another name of a key."""

    key_id: str
    created_at_s: float
    updated_at_s: float


class GrantRecord(msgspec.Struct, frozen=True, kw_only=True, tag="kms.grant.v1"):
    """Somebody may use a key. subset, equals: constraints of the encryption context; None without."""

    grant_id: str
    grantee: str
    operations: tuple[str, ...]
    issuing_account: str
    created_at_s: float
    retiring: str = ""
    name: str = ""
    subset: dict[str, str] | None = None
    equals: dict[str, str] | None = None


def moment(at_s: float) -> datetime:
    return datetime.fromtimestamp(at_s, UTC)
