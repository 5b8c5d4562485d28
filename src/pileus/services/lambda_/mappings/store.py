"""Where are event source mappings kept, and how far they have come?

    (lambda-mappings, account, region, UUID)                          MappingRecord
    (lambda-mapping-status, UUID)                                     MappingStatus
    (lambda-mapping-lanes, UUID, shard, lanes, lane)                  LaneProgress
    (lambda-mappings-changed)                                         touched when there is another mapping, or one less

Lanes are kept under their count: when that changes, the new ones begin where the last of the old ones stood.
"""

from typing import Final

from pileus.kernel.storage.keys import Subspace, after
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.lambda_.mappings.model import LaneName, LaneProgress, MappingRecord, MappingStatus

MAPPINGS: Final = Subspace("lambda-mappings")
_STATUS: Final = Subspace("lambda-mapping-status")
_LANES: Final = Subspace("lambda-mapping-lanes")
CHANGED: Final = Subspace("lambda-mappings-changed").prefix
"""Watched by whoever runs them."""

_PAGE: Final = 256


def mapping_key(mapping: MappingRecord) -> bytes:
    return MAPPINGS.pack(mapping.function.account_id, mapping.function.region, mapping.uuid)


async def get_mapping(snapshot: Snapshot, *, account_id: str, region: str, uuid: str) -> MappingRecord | None:
    value = await snapshot.get(MAPPINGS.pack(account_id, region, uuid))
    return None if value is None else decode(value, MappingRecord)


async def read_mapping(snapshot: Snapshot, mapping: MappingRecord) -> MappingRecord | None:
    """The same, as it is now."""
    value = await snapshot.get(mapping_key(mapping))
    return None if value is None else decode(value, MappingRecord)


def put_mapping(tx: Transaction, mapping: MappingRecord) -> None:
    tx.set(mapping_key(mapping), encode(mapping))
    tx.set(CHANGED, b"")


def delete_mapping(tx: Transaction, mapping: MappingRecord) -> None:
    """With all that is known of its progress."""
    tx.clear(mapping_key(mapping))
    tx.clear(_STATUS.pack(mapping.uuid))
    tx.clear_range(*_LANES.range(mapping.uuid))
    tx.set(CHANGED, b"")


async def list_mappings(
    snapshot: Snapshot, *, account_id: str, region: str, after_uuid: str | None = None
) -> list[MappingRecord]:
    """In order of their UUIDs."""
    begin, end = MAPPINGS.range(account_id, region)
    if after_uuid is not None:
        begin = after(MAPPINGS.pack(account_id, region, after_uuid))
    return [decode(value, MappingRecord) for _, value in await snapshot.range(begin, end)]


async def every_mapping(snapshot: Snapshot) -> list[MappingRecord]:
    """Of all accounts and regions."""
    found: list[MappingRecord] = []
    begin, end = MAPPINGS.range()
    while True:
        page = await snapshot.range(begin, end, limit=_PAGE)
        found += [decode(value, MappingRecord) for _, value in page]
        if len(page) < _PAGE:
            return found
        begin = after(page[-1][0])


async def get_status(snapshot: Snapshot, uuid: str) -> MappingStatus | None:
    value = await snapshot.get(_STATUS.pack(uuid))
    return None if value is None else decode(value, MappingStatus)


def put_status(tx: Transaction, uuid: str, status: MappingStatus) -> None:
    tx.set(_STATUS.pack(uuid), encode(status))


def put_progress(tx: Transaction, uuid: str, lane: LaneName, progress: LaneProgress) -> None:
    tx.set(_LANES.pack(uuid, lane.shard_id, lane.lanes, lane.number), encode(progress))


async def shard_progress(snapshot: Snapshot, uuid: str, shard_id: str) -> list[tuple[LaneName, LaneProgress]]:
    """Of all lanes that a shard has, or had."""
    begin, end = _LANES.range(uuid, shard_id)
    found = []
    for key, value in await snapshot.range(begin, end):
        _, _, lanes, number = _LANES.unpack(key)
        assert isinstance(lanes, int)
        assert isinstance(number, int)
        found.append((LaneName(shard_id, number, lanes), decode(value, LaneProgress)))
    return found


async def shards_with_progress(snapshot: Snapshot, uuid: str) -> set[str]:
    begin, end = _LANES.range(uuid)
    return {str(_LANES.unpack(key)[1]) for key, _ in await snapshot.range(begin, end)}


def forget_shard(tx: Transaction, uuid: str, shard_id: str) -> None:
    tx.clear_range(*_LANES.range(uuid, shard_id))
