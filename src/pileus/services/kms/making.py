"""How does a key come into being, and how does its material change?"""

from datetime import timedelta
from typing import Final

import msgspec

from pileus.kernel.clock import Clock
from pileus.kernel.ids import Ids
from pileus.kernel.storage.records import encode
from pileus.kernel.storage.seam import Event, Transaction
from pileus.services.kms.events import KeyEvents
from pileus.services.kms.key_records import find_material, put_alias, put_key, put_material
from pileus.services.kms.managed import ROTATION_DAYS, TITLES, description_of
from pileus.services.kms.materials import SYMMETRIC_BYTES, Materials
from pileus.services.kms.model import SYMMETRIC, AliasRecord, KeyRecord, MaterialRecord, moment
from pileus.services.kms.names import AWS_ALIAS
from pileus.services.kms.policies import managed_policy

DELETE: Final = "kms.delete"
ROTATE: Final = "kms.rotate"
EXPIRE: Final = "kms.expire"
"""Topics of the outbox."""
_DAY_S: Final = timedelta(days=1).total_seconds()


class KeyDue(msgspec.Struct, frozen=True, kw_only=True, tag="kms.due.v1"):
    """Something is to be done with a key then, unless it says otherwise by then. serial: of its material."""

    account_id: str
    region: str
    key_id: str
    at_s: float
    serial: int = 0


class KeyMaker:
    """Makes keys, and new material for them."""

    def __init__(self, *, materials: Materials, clock: Clock, ids: Ids, events: KeyEvents) -> None:
        self._events = events
        self._materials = materials
        self._clock = clock
        self._ids = ids

    def make(self, tx: Transaction, blank: KeyRecord, clear: bytes | None) -> KeyRecord:
        """Write a new key. clear: its material; None for one whose material is to be imported."""
        if clear is None:
            put_key(tx, blank)
            return blank
        material = self._materials.record(blank, 1, clear, state="CURRENT", since_s=blank.created_at_s)
        key = msgspec.structs.replace(blank, serial=1, current=1, current_id=material.material_id)
        put_material(tx, key, 1, material)
        put_key(tx, key)
        return key

    def make_managed(self, tx: Transaction, *, account_id: str, region: str, partition: str, service: str) -> KeyRecord:
        """The key that AWS manages for a service, with its alias."""
        now_s = self._clock.timestamp()
        name = AWS_ALIAS + service
        policy = managed_policy(
            partition=partition, account_id=account_id, region=region, service=service, title=TITLES[service]
        )
        blank = KeyRecord(
            account_id=account_id,
            region=region,
            key_id=self._ids.uuid(),
            partition=partition,
            spec=SYMMETRIC,
            usage="ENCRYPT_DECRYPT",
            origin="AWS_KMS",
            policy=policy,
            created_at_s=now_s,
            description=description_of(service),
            service=service,
            aliases=(name,),
        )
        key = self.scheduled(tx, self.make(tx, blank, self.symmetric()), days=ROTATION_DAYS)
        alias = AliasRecord(key_id=key.key_id, created_at_s=now_s, updated_at_s=now_s)
        put_alias(tx, account_id=account_id, region=region, name=name, alias=alias)
        return key

    def symmetric(self) -> bytes:
        """Material of a symmetric key."""
        return self._ids.bytes(SYMMETRIC_BYTES)

    def scheduled(self, tx: Transaction, key: KeyRecord, *, days: int) -> KeyRecord:
        """The key, written, with its material changing each so many days from now on."""
        at_s = self._clock.timestamp() + days * _DAY_S
        key = msgspec.structs.replace(key, rotation_days=days, next_rotation_at_s=at_s)
        put_key(tx, key)
        emit_due(tx, ROTATE, key, at_s=at_s)
        return key

    async def rotate(self, tx: Transaction, key: KeyRecord, *, rotation: str) -> KeyRecord:
        """The key, written, with new material; what was encrypted with the old is still decrypted."""
        serial = key.serial + 1
        now_s = self._clock.timestamp()
        fresh = self._materials.record(key, serial, self.symmetric(), state="CURRENT", since_s=now_s, rotation=rotation)
        return await self.succeeded(tx, key, serial, fresh)

    async def succeeded(self, tx: Transaction, key: KeyRecord, serial: int, fresh: MaterialRecord) -> KeyRecord:
        """The key, written, with that material as its current one."""
        old = await find_material(tx, key, key.current)
        assert old is not None, "a key's current material is kept"
        put_material(tx, key, key.current, msgspec.structs.replace(old, state="NON_CURRENT"))
        put_material(tx, key, serial, fresh)
        key = msgspec.structs.replace(
            key,
            serial=max(serial, key.serial),
            current=serial,
            current_id=fresh.material_id,
            expires_at_s=fresh.expires_at_s,
        )
        put_key(tx, key)
        await self._events.tell(tx, key, "KMS CMK Rotation")
        return key


def emit_due(tx: Transaction, topic: str, key: KeyRecord, *, at_s: float, serial: int = 0) -> None:
    """Have it looked at then."""
    due = KeyDue(account_id=key.account_id, region=key.region, key_id=key.key_id, at_s=at_s, serial=serial)
    tx.emit(Event(topic=topic, payload=encode(due)), at=moment(at_s))
