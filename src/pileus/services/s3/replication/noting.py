"""Which new versions are to be copied elsewhere? Asked in the transaction that writes them."""

import msgspec

from pileus.kernel.storage.keys import Subspace
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Event, Snapshot, Transaction
from pileus.services.s3.bucket_records import find_setting
from pileus.services.s3.model import BucketRecord, ObjectRecord
from pileus.services.s3.replication.routes import routes_of
from pileus.services.s3.settings.documents import REPLICATION

REPLICATE_TOPIC = "s3.replicate"
PENDING, COMPLETED, FAILED, REPLICA = "PENDING", "COMPLETED", "FAILED", "REPLICA"
_WAITING = Subspace("s3", "replicating")


class Replication(msgspec.Struct, frozen=True, kw_only=True, tag="s3.replication.v1"):
    """A version that is to be copied to one target. serial: of the source, in case of a namesake."""

    bucket: str
    serial: int
    key: str
    version_id: str
    target: str


class Waiting(msgspec.Struct, frozen=True, kw_only=True, tag="s3.replicating.v1"):
    """The targets that do not have a version yet. failed: whether one of the others could not be had."""

    targets: tuple[str, ...]
    failed: bool = False


async def replicated(tx: Transaction, bucket: BucketRecord, key: str, record: ObjectRecord) -> ObjectRecord:
    """The version as it is to be written: with its status, if it is to be copied. A replica is not copied again."""
    if REPLICATION not in bucket.settings or bucket.versioning != "Enabled" or record.replication_status == REPLICA:
        return record
    setting = await find_setting(tx, bucket, REPLICATION)
    routes = routes_of(setting.document).of(key, record) if setting is not None else ()
    if not routes:
        return record
    for route in routes:
        told = Replication(
            bucket=bucket.name, serial=bucket.serial, key=key, version_id=record.version_id, target=route.target
        )
        tx.emit(Event(topic=REPLICATE_TOPIC, payload=encode(told), group=f"{bucket.serial}/{key}"))
    waiting = Waiting(targets=tuple(route.target for route in routes))
    tx.set(_WAITING.pack(bucket.serial, record.version_id), encode(waiting))
    return msgspec.structs.replace(record, replication_status=PENDING)


async def told_again(tx: Transaction, bucket: BucketRecord, key: str, record: ObjectRecord) -> ObjectRecord:
    """The same, of a version of which something else is told from now on; one that was copied is so again."""
    return await replicated(tx, bucket, key, record) if record.replication_status else record


async def waiting_for(snapshot: Snapshot, serial: int, version_id: str) -> Waiting | None:
    value = await snapshot.get(_WAITING.pack(serial, version_id))
    return None if value is None else decode(value, Waiting)


def put_waiting(tx: Transaction, serial: int, version_id: str, waiting: Waiting | None) -> None:
    """None: nobody waits any more."""
    key = _WAITING.pack(serial, version_id)
    if waiting is None:
        tx.clear(key)
    else:
        tx.set(key, encode(waiting))
