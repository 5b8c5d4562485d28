"""Where are grants kept?

Below `(kms, grant, account, region, key id, grant id)` the grant; below `(kms, party, account, region, key id,
principal, grant id)` an empty value for whom it lets use the key and for who may retire it, so that a request reads
only those that are about whoever asks; below `(kms, retiring, account, region, principal, key id, grant id)` one for
ListRetirableGrants.
"""

from collections.abc import Iterable
from typing import Final

from pileus.kernel.storage.keys import Subspace, after
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.kms.model import GrantRecord, KeyRecord

_GRANTS: Final = Subspace("kms", "grant")
_PARTIES: Final = Subspace("kms", "party")
_RETIRING: Final = Subspace("kms", "retiring")


def _home(key: KeyRecord) -> tuple[str, str, str]:
    return key.account_id, key.region, key.key_id


async def find_grant(snapshot: Snapshot, key: KeyRecord, grant_id: str) -> GrantRecord | None:
    data = await snapshot.get(_GRANTS.pack(*_home(key), grant_id))
    return None if data is None else decode(data, GrantRecord)


async def list_grants(
    snapshot: Snapshot, key: KeyRecord, *, beyond: str | None = None, limit: int = 0
) -> list[GrantRecord]:
    begin, end = _GRANTS.range(*_home(key))
    if beyond is not None:
        begin = after(_GRANTS.pack(*_home(key), beyond))
    return [decode(data, GrantRecord) for _, data in await snapshot.range(begin, end, limit=limit)]


async def grants_about(snapshot: Snapshot, key: KeyRecord, names: Iterable[str]) -> list[GrantRecord]:
    """Those in which one of these principals is named."""
    found: dict[str, GrantRecord] = {}
    for name in names:
        for place, _ in await snapshot.range(*_PARTIES.range(*_home(key), name)):
            grant_id = _PARTIES.unpack(place)[-1]
            assert isinstance(grant_id, str)
            grant = await find_grant(snapshot, key, grant_id)
            assert grant is not None, "an index names a grant that is gone"
            found[grant_id] = grant
    return list(found.values())


def put_grant(tx: Transaction, key: KeyRecord, grant: GrantRecord) -> None:
    tx.set(_GRANTS.pack(*_home(key), grant.grant_id), encode(grant))
    for place in _places(key, grant):
        tx.set(place, b"")


def clear_grant(tx: Transaction, key: KeyRecord, grant: GrantRecord) -> None:
    tx.clear(_GRANTS.pack(*_home(key), grant.grant_id))
    for place in _places(key, grant):
        tx.clear(place)


async def clear_grants(tx: Transaction, key: KeyRecord) -> None:
    """All of a key."""
    for grant in await list_grants(tx, key):
        clear_grant(tx, key, grant)


async def list_retirable(
    snapshot: Snapshot,
    *,
    account_id: str,
    region: str,
    principal: str,
    beyond: tuple[str, str] | None = None,
    limit: int,
) -> list[tuple[str, str]]:
    """Ids of keys and grants, of all keys of an account."""
    begin, end = _RETIRING.range(account_id, region, principal)
    if beyond is not None:
        begin = after(_RETIRING.pack(account_id, region, principal, *beyond))
    found = []
    for place, _ in await snapshot.range(begin, end, limit=limit):
        key_id, grant_id = _RETIRING.unpack(place)[-2:]
        assert isinstance(key_id, str)
        assert isinstance(grant_id, str)
        found.append((key_id, grant_id))
    return found


def _places(key: KeyRecord, grant: GrantRecord) -> list[bytes]:
    places = [_PARTIES.pack(*_home(key), grant.grantee, grant.grant_id)]
    if grant.retiring:
        places += [
            _PARTIES.pack(*_home(key), grant.retiring, grant.grant_id),
            _RETIRING.pack(key.account_id, key.region, grant.retiring, key.key_id, grant.grant_id),
        ]
    return places
