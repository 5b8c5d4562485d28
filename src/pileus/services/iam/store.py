"""Where are roles, users and their keys kept?

Below one account everything but the access keys, which are found by their id alone, since a request tells no more.
Names are kept as written and found in any case (IAM User Guide, "IAM and AWS STS quotas").
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

from pileus.kernel.auth.credentials import SigningKey
from pileus.kernel.auth.sealing import Seal, SealBroken
from pileus.kernel.context import Principal
from pileus.kernel.storage.keys import Subspace, after
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Snapshot, Store, Transaction
from pileus.services.iam.errors import NoSuchEntity
from pileus.services.iam.records import AccessKeyRecord, RolePolicyRecord, RoleRecord, UserRecord

R = TypeVar("R", RoleRecord, UserRecord)

SECRETS_PURPOSE = "iam access keys"
_ACCESS_KEYS = Subspace("iam-access-key")
_OPENED_MAX = 1024


class AccountReader:
    """What one account has."""

    def __init__(self, account_id: str, reads: Snapshot) -> None:
        self._reads = reads
        self._keys = Subspace("iam", account_id)

    async def find_role(self, name: str) -> RoleRecord | None:
        data = await self._reads.get(self._keys.pack("role", name.casefold()))
        return None if data is None else decode(data, RoleRecord)

    async def role(self, name: str) -> RoleRecord:
        """NoSuchEntity."""
        role = await self.find_role(name)
        if role is None:
            raise NoSuchEntity(f"The role with name {name} cannot be found.")
        return role

    async def roles(self, *, path_prefix: str, after_name: str | None, limit: int) -> list[RoleRecord]:
        """At most `limit` roles in order of their names, those after `after_name`."""
        return await self._page("role", RoleRecord, path_prefix, after_name, limit)

    async def role_policy(self, role_name: str, policy_name: str) -> RolePolicyRecord:
        """NoSuchEntity."""
        data = await self._reads.get(self._keys.pack("role-policy", role_name.casefold(), policy_name))
        if data is None:
            raise NoSuchEntity(f"The role policy with name {policy_name} cannot be found.")
        return decode(data, RolePolicyRecord)

    async def role_policies(self, role_name: str) -> list[RolePolicyRecord]:
        """In order of their names; their number is bounded by their length together."""
        pairs = await self._reads.range(*self._keys.range("role-policy", role_name.casefold()))
        return [decode(data, RolePolicyRecord) for _, data in pairs]

    async def find_user(self, name: str) -> UserRecord | None:
        data = await self._reads.get(self._keys.pack("user", name.casefold()))
        return None if data is None else decode(data, UserRecord)

    async def user(self, name: str) -> UserRecord:
        """NoSuchEntity."""
        user = await self.find_user(name)
        if user is None:
            raise NoSuchEntity(f"The user with name {name} cannot be found.")
        return user

    async def users(self, *, path_prefix: str, after_name: str | None, limit: int) -> list[UserRecord]:
        """At most `limit` users in order of their names, those after `after_name`."""
        return await self._page("user", UserRecord, path_prefix, after_name, limit)

    async def access_keys(self, user_name: str) -> list[AccessKeyRecord]:
        """In order of their ids."""
        pairs = await self._reads.range(*self._keys.range("user-key", user_name.casefold()))
        found = await self._reads.get_many([_ACCESS_KEYS.pack(access_key_id.decode()) for _, access_key_id in pairs])
        assert None not in found, "an access key is listed that does not exist"
        return [decode(data, AccessKeyRecord) for data in found if data is not None]

    async def access_key(self, access_key_id: str, *, user_name: str) -> AccessKeyRecord:
        """NoSuchEntity: also when it is another user's."""
        listed = await self._reads.get(self._keys.pack("user-key", user_name.casefold(), access_key_id))
        data = None if listed is None else await self._reads.get(_ACCESS_KEYS.pack(access_key_id))
        if data is None:
            raise NoSuchEntity(f"The Access Key with id {access_key_id} cannot be found.")
        return decode(data, AccessKeyRecord)

    async def _page(self, kind: str, record: type[R], path_prefix: str, after_name: str | None, limit: int) -> list[R]:
        begin, end = self._keys.range(kind)
        if after_name is not None:
            begin = after(self._keys.pack(kind, after_name.casefold()))
        found: list[R] = []
        while len(found) < limit:
            pairs = await self._reads.range(begin, end, limit=limit)
            records = [decode(data, record) for _, data in pairs]
            found += [entry for entry in records if entry.path.startswith(path_prefix)]
            if len(pairs) < limit:
                break
            begin = after(pairs[-1][0])
        return found[:limit]


class AccountWriter(AccountReader):
    """What one account has, and will have."""

    def __init__(self, account_id: str, tx: Transaction) -> None:
        super().__init__(account_id, tx)
        self._tx = tx

    def put_role(self, role: RoleRecord) -> None:
        self._tx.set(self._keys.pack("role", role.name.casefold()), encode(role))

    def delete_role(self, role: RoleRecord) -> None:
        self._tx.clear(self._keys.pack("role", role.name.casefold()))

    def put_role_policy(self, role: RoleRecord, policy: RolePolicyRecord) -> None:
        self._tx.set(self._keys.pack("role-policy", role.name.casefold(), policy.name), encode(policy))

    def delete_role_policy(self, role: RoleRecord, policy: RolePolicyRecord) -> None:
        self._tx.clear(self._keys.pack("role-policy", role.name.casefold(), policy.name))

    def put_user(self, user: UserRecord) -> None:
        self._tx.set(self._keys.pack("user", user.name.casefold()), encode(user))

    def delete_user(self, user: UserRecord) -> None:
        self._tx.clear(self._keys.pack("user", user.name.casefold()))

    async def access_key_id_taken(self, access_key_id: str) -> bool:
        return await self._tx.get(_ACCESS_KEYS.pack(access_key_id)) is not None

    def put_access_key(self, key: AccessKeyRecord) -> None:
        listed = self._keys.pack("user-key", key.user_name.casefold(), key.access_key_id)
        self._tx.set(listed, key.access_key_id.encode())
        self._tx.set(_ACCESS_KEYS.pack(key.access_key_id), encode(key))

    def delete_access_key(self, key: AccessKeyRecord) -> None:
        self._tx.clear(self._keys.pack("user-key", key.user_name.casefold(), key.access_key_id))
        self._tx.clear(_ACCESS_KEYS.pack(key.access_key_id))


class IamStore:
    """Everything that IAM keeps."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def read(self, account_id: str) -> AccountReader:
        return AccountReader(account_id, self._store.snapshot())

    @asynccontextmanager
    async def transaction(self, account_id: str) -> AsyncIterator[AccountWriter]:
        """Commits at the end, or not at all."""
        async with self._store.transaction() as tx:
            yield AccountWriter(account_id, tx)


class IamRoleDirectory:
    """Finds roles by ARN, for whoever assumes them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def find(self, role_arn: str) -> RoleRecord | None:
        """The role of exactly this ARN, path included; None when there is none."""
        parts = role_arn.split(":", 5)
        if len(parts) != 6 or parts[2] != "iam" or not parts[5].startswith("role/"):
            return None
        role = await AccountReader(parts[4], self._store.snapshot()).find_role(parts[5].rpartition("/")[2])
        return role if role is not None and role.arn == role_arn else None


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
        data = await self._store.snapshot().get(_ACCESS_KEYS.pack(access_key_id))
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
