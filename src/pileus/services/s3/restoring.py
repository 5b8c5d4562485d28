"""How does an archived object come back for a while, and how long does that take?

A copy is at hand some time after it was asked for, by the clock, until the midnight that follows so many days. Nobody
does anything for it: what is told and what may be read follows from two moments in the version's record. Only those who
listen to events hear of the moments themselves, from the outbox.

Sources: S3 User Guide, "Restoring an archived object", "Archive retrieval options"; API_RestoreObject.
"""

from datetime import UTC, datetime
from typing import Final

import msgspec

from pileus.kernel.clock import Clock
from pileus.kernel.outbox import Delivery
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Event, Store, Transaction
from pileus.services.s3.bucket_records import find_bucket
from pileus.services.s3.describing import ARCHIVED
from pileus.services.s3.happenings import note
from pileus.services.s3.model import BucketRecord, ObjectRecord
from pileus.services.s3.object_errors import InvalidObjectState, RestoreAlreadyInProgress
from pileus.services.s3.object_records import find_version

RESTORED_TOPIC: Final = "s3.restored"
_HOUR_S: Final = 3600
_DAY_S: Final = 86_400
_TAKES_S: Final = {
    ("GLACIER", "Expedited"): 5 * 60,
    ("GLACIER", "Standard"): 5 * _HOUR_S,
    ("GLACIER", "Bulk"): 12 * _HOUR_S,
    ("DEEP_ARCHIVE", "Standard"): 12 * _HOUR_S,
    ("DEEP_ARCHIVE", "Bulk"): 48 * _HOUR_S,
}
"""The longest that AWS says it takes."""


class Restored(msgspec.Struct, frozen=True, kw_only=True, tag="s3.restored.v1"):
    """That a copy is at hand, or over. name: of the event."""

    bucket: str
    serial: int
    key: str
    version_id: str
    until_s: float
    name: str


def restored(record: ObjectRecord, *, days: int, tier: str, now_s: float) -> ObjectRecord:
    """The version, with a copy on its way, or kept longer. InvalidObjectState, RestoreAlreadyInProgress."""
    if record.storage_class not in ARCHIVED:
        raise InvalidObjectState(record.storage_class, "Restore is not allowed for the object's current storage class")
    if now_s < record.restored_at_s:
        raise RestoreAlreadyInProgress
    if now_s < record.restored_until_s:
        return msgspec.structs.replace(record, restored_until_s=_midnight_after(now_s + days * _DAY_S))
    takes_s = _TAKES_S.get((record.storage_class, tier))
    if takes_s is None:
        raise InvalidObjectState(record.storage_class, "Retrieval option is not supported by this storage class")
    ready_s = now_s + takes_s
    return msgspec.structs.replace(
        record, restored_at_s=ready_s, restored_until_s=_midnight_after(ready_s + days * _DAY_S)
    )


def announce(tx: Transaction, bucket: BucketRecord, key: str, record: ObjectRecord, *, anew: bool) -> None:
    """Let those who listen hear when the copy is there, if it was not yet, and when it is over."""
    moments = [("ObjectRestore:Delete", record.restored_until_s)]
    if anew:
        moments.append(("ObjectRestore:Completed", record.restored_at_s))
    for name, at_s in moments:
        restored = Restored(
            bucket=bucket.name,
            serial=bucket.serial,
            key=key,
            version_id=record.version_id,
            until_s=record.restored_until_s,
            name=name,
        )
        event = Event(topic=RESTORED_TOPIC, payload=encode(restored))
        tx.emit(event, at=datetime.fromtimestamp(at_s, UTC))


class RestoreTelling:
    """Topic `s3.restored`."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def deliver(self, delivery: Delivery) -> None:
        """Note the event, if the version is still there and nobody asked for its copy again."""
        told = decode(delivery.event.payload, Restored)
        async with self._store.transaction() as tx:
            bucket = await find_bucket(tx, told.bucket)
            if bucket is None or bucket.serial != told.serial or not bucket.settings:
                return
            record = await find_version(tx, bucket, told.key, told.version_id)
            if record is None:
                return
            if told.name == "ObjectRestore:Delete" and record.restored_until_s != told.until_s:
                return  # somebody asked for it longer
            until = datetime.fromtimestamp(record.restored_until_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
            details = {"restore-expiry-time": until, "source-storage-class": record.storage_class}
            now_s = self._clock.timestamp()
            await note(tx, bucket, told.name, told.key, record, None, at_s=now_s, details=details)


def _midnight_after(moment_s: float) -> float:
    """API_RestoreObject: expiry is rounded up to the next midnight, UTC."""
    return float(-(-int(moment_s) // _DAY_S) * _DAY_S)
