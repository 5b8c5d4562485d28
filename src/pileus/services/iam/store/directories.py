"""How do others find what IAM keeps: keys by their id, roles by their ARN?"""

from typing import Final

from pileus.kernel.auth.credentials import SigningKey
from pileus.kernel.auth.sealing import Seal, SealBroken
from pileus.kernel.context import Principal
from pileus.kernel.storage.records import decode
from pileus.kernel.storage.seam import Store
from pileus.services.iam import trust
from pileus.services.iam.records import AccessKeyRecord, RoleRecord
from pileus.services.iam.store.access_keys import ACCESS_KEYS
from pileus.services.iam.store.roles import RoleReader

SECRETS_PURPOSE: Final = "iam access keys"
_OPENED_MAX: Final = 1024


class IamRoleDirectory:
    """Finds roles by ARN, for whoever assumes them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def find(self, role_arn: str) -> RoleRecord | None:
        """The role of exactly this ARN, path included, with the trust policy that decides; None when there is none."""
        parts = role_arn.split(":", 5)
        if len(parts) != 6 or parts[2] != "iam" or not parts[5].startswith("role/"):
            return None
        role = await RoleReader(parts[4], self._store.snapshot()).find_role(parts[5].rpartition("/")[2])
        return trust.decided_on(role) if role is not None and role.arn == role_arn else None


class IamKeyDirectory:
    """The `KeyDirectory` of users' access keys.

    Read from the store each time, so that a key ends when its deletion commits, wherever that was; what is remembered
    is the opened form of a record's bytes.
    """

    def __init__(self, store: Store, seal: Seal) -> None:
        """seal: for SECRETS_PURPOSE, the one `IamApi` seals with."""
        self._store = store
        self._seal = seal
        self._opened: dict[bytes, SigningKey | None] = {}

    async def find(self, access_key_id: str) -> SigningKey | None:
        """None for an inactive key as for an unknown one; AWS does not tell them apart."""
        data = await self._store.snapshot().get(ACCESS_KEYS.pack(access_key_id))
        if data is None:
            return None
        if data not in self._opened:
            if len(self._opened) >= _OPENED_MAX:
                del self._opened[next(iter(self._opened))]
            self._opened[data] = self._open(decode(data, AccessKeyRecord))
        return self._opened[data]

    def _open(self, record: AccessKeyRecord) -> SigningKey | None:
        if not record.active:
            return None
        try:
            secret = self._seal.open(record.sealed_secret, bound_to=record.access_key_id.encode())
        except SealBroken:
            # The data directory's secret was replaced: the key can never be verified again.
            return None
        return SigningKey(
            secret_access_key=secret.decode(),
            principal=Principal(
                account_id=record.account_id,
                arn=record.user_arn,
                user_id=record.user_id,
                access_key_id=record.access_key_id,
                minted=True,
            ),
        )
