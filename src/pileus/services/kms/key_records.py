"""Where are keys kept?

Below `(kms, key, account, region, key id)` the key; below `(kms, material, account, region, key id, serial)` what it
consists of, sealed; below `(kms, alias, account, region, name)` its other names, which the key knows too.
"""

from collections.abc import AsyncIterator
from typing import Final

from pileus.kernel.storage.keys import Subspace, after
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.kms.model import AliasRecord, KeyRecord, MaterialRecord

_KEYS: Final = Subspace("kms", "key")
_MATERIALS: Final = Subspace("kms", "material")
_ALIASES: Final = Subspace("kms", "alias")
_KNOWN_MAX: Final = 4_096
_PAGE: Final = 256


class KnownKeys:
    """Keys that were asked for lately, decoded for as long as their bytes are the same."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[bytes, KeyRecord]] = {}

    async def find(self, snapshot: Snapshot, *, account_id: str, region: str, key_id: str) -> KeyRecord | None:
        place = _KEYS.pack(account_id, region, key_id)
        data = await snapshot.get(place)
        if data is None:
            self._known.pop(place, None)
            return None
        kept = self._known.get(place)
        if kept is not None and kept[0] == data:
            return kept[1]
        key = decode(data, KeyRecord)
        if len(self._known) >= _KNOWN_MAX:
            self._known.clear()
        self._known[place] = data, key
        return key


def put_key(tx: Transaction, key: KeyRecord) -> None:
    tx.set(_KEYS.pack(key.account_id, key.region, key.key_id), encode(key))


def clear_key(tx: Transaction, key: KeyRecord) -> None:
    """The key with its material and its other names."""
    tx.clear(_KEYS.pack(key.account_id, key.region, key.key_id))
    tx.clear_range(*_MATERIALS.range(key.account_id, key.region, key.key_id))
    for name in key.aliases:
        tx.clear(_ALIASES.pack(key.account_id, key.region, name))


async def list_keys(
    snapshot: Snapshot, *, account_id: str, region: str, beyond: str | None = None, limit: int
) -> list[str]:
    """Their ids, a page behind `beyond`."""
    begin, end = _KEYS.range(account_id, region)
    if beyond is not None:
        begin = after(_KEYS.pack(account_id, region, beyond))
    return [_last(_KEYS, place) for place, _ in await snapshot.range(begin, end, limit=limit)]


async def every_key(snapshot: Snapshot) -> AsyncIterator[KeyRecord]:
    """Of all accounts."""
    begin, end = _KEYS.range()
    while page := await snapshot.range(begin, end, limit=_PAGE):
        for _, data in page:
            yield decode(data, KeyRecord)
        begin = after(page[-1][0])


# What keys consist of.


def material_place(key: KeyRecord, serial: int) -> bytes:
    """Also what the material is sealed to."""
    return _MATERIALS.pack(key.account_id, key.region, key.key_id, serial)


async def find_material(snapshot: Snapshot, key: KeyRecord, serial: int) -> MaterialRecord | None:
    data = await snapshot.get(material_place(key, serial))
    return None if data is None else decode(data, MaterialRecord)


async def list_materials(snapshot: Snapshot, key: KeyRecord) -> list[tuple[int, MaterialRecord]]:
    """With their serials, the oldest first."""
    pairs = await snapshot.range(*_MATERIALS.range(key.account_id, key.region, key.key_id))
    found = []
    for place, data in pairs:
        serial = _MATERIALS.unpack(place)[-1]
        assert isinstance(serial, int)
        found.append((serial, decode(data, MaterialRecord)))
    return found


def put_material(tx: Transaction, key: KeyRecord, serial: int, material: MaterialRecord) -> None:
    tx.set(material_place(key, serial), encode(material))


# Their other names.


async def find_alias(snapshot: Snapshot, *, account_id: str, region: str, name: str) -> AliasRecord | None:
    data = await snapshot.get(_ALIASES.pack(account_id, region, name))
    return None if data is None else decode(data, AliasRecord)


def put_alias(tx: Transaction, *, account_id: str, region: str, name: str, alias: AliasRecord) -> None:
    tx.set(_ALIASES.pack(account_id, region, name), encode(alias))


def clear_alias(tx: Transaction, *, account_id: str, region: str, name: str) -> None:
    tx.clear(_ALIASES.pack(account_id, region, name))


async def list_aliases(
    snapshot: Snapshot, *, account_id: str, region: str, beyond: str | None = None, limit: int
) -> list[tuple[str, AliasRecord]]:
    """By name, a page behind `beyond`."""
    begin, end = _ALIASES.range(account_id, region)
    if beyond is not None:
        begin = after(_ALIASES.pack(account_id, region, beyond))
    pairs = await snapshot.range(begin, end, limit=limit)
    return [(_last(_ALIASES, place), decode(data, AliasRecord)) for place, data in pairs]


def _last(space: Subspace, place: bytes) -> str:
    name = space.unpack(place)[-1]
    assert isinstance(name, str)
    return name
