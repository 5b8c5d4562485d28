"""What happens to keys without a request? They are deleted, rotated, and imported material expires.

Each is an event of the outbox, due at its hour. Whoever cancels or changes something leaves the event alone: it does
nothing once the key says otherwise.
"""

import msgspec

from pileus.kernel.clock import Clock
from pileus.kernel.outbox import Delivery
from pileus.kernel.storage.records import decode
from pileus.kernel.storage.seam import Snapshot, Store, Transaction
from pileus.services.kms.events import KeyEvents
from pileus.services.kms.grant_records import clear_grants
from pileus.services.kms.key_records import KnownKeys, clear_key, find_material, put_key, put_material
from pileus.services.kms.making import ROTATE, KeyDue, KeyMaker, emit_due
from pileus.services.kms.model import KeyRecord, MaterialRecord

_DAY_S = 86_400.0


class KeyWorker:
    """Takes the events of keys."""

    def __init__(self, *, store: Store, clock: Clock, known: KnownKeys, maker: KeyMaker, events: KeyEvents) -> None:
        self._events = events
        self._store = store
        self._clock = clock
        self._known = known
        self._maker = maker

    async def delete(self, delivery: Delivery) -> None:
        """End a key whose waiting period is over; what it encrypted nobody can read any more."""
        due = decode(delivery.event.payload, KeyDue)

        async def work(tx: Transaction) -> None:
            key = await self._key(tx, due)
            if key is not None and key.deletion_at_s == due.at_s:
                await clear_grants(tx, key)
                clear_key(tx, key)
                await self._events.tell(tx, key, "KMS CMK Deletion")

        await self._store.run(work)

    async def rotate(self, delivery: Delivery) -> None:
        """One that cannot be used now is rotated once it can again."""
        due = decode(delivery.event.payload, KeyDue)

        async def work(tx: Transaction) -> None:
            key = await self._key(tx, due)
            if key is None or not key.rotation_days or key.next_rotation_at_s != due.at_s or key.state != "Enabled":
                return
            key = await self._maker.rotate(tx, key, rotation="AUTOMATIC")
            at_s = key.next_rotation_at_s + key.rotation_days * _DAY_S
            put_key(tx, msgspec.structs.replace(key, next_rotation_at_s=at_s))
            emit_due(tx, ROTATE, key, at_s=at_s)

        await self._store.run(work)

    async def expire(self, delivery: Delivery) -> None:
        """Take imported material away on its last day."""
        due = decode(delivery.event.payload, KeyDue)

        async def work(tx: Transaction) -> None:
            key = await self._key(tx, due)
            material = None if key is None else await find_material(tx, key, due.serial)
            if key is not None and material is not None and material.sealed and material.expires_at_s == due.at_s:
                take_away(tx, key, due.serial, material)
                await self._events.tell(tx, key, "KMS Imported Key Material Expiration")

        await self._store.run(work)

    async def _key(self, tx: Snapshot, due: KeyDue) -> KeyRecord | None:
        return await self._known.find(tx, account_id=due.account_id, region=due.region, key_id=due.key_id)


def take_away(tx: Transaction, key: KeyRecord, serial: int, material: MaterialRecord) -> None:
    """The key forgets that material, but not which it was: only the same can be imported again."""
    put_material(tx, key, serial, msgspec.structs.replace(material, sealed=b"", expires_at_s=None))
    if material.state == "PENDING_ROTATION":
        return  # nothing was encrypted with it yet
    expires_at_s = None if serial == key.current else key.expires_at_s
    put_key(tx, msgspec.structs.replace(key, missing=key.missing + 1, expires_at_s=expires_at_s))
