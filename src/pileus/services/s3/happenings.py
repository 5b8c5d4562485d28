"""Who must hear that something was done to an object?

Called in the transaction that does it, and quick where nobody listens: the bucket's record says whether anybody does.
"""

from collections.abc import Mapping
from typing import Final

from pileus.kernel.context import RequestContext
from pileus.kernel.storage.records import encode
from pileus.kernel.storage.seam import Event, Transaction
from pileus.kernel.traces import trace_of
from pileus.services.s3.bucket_records import find_setting
from pileus.services.s3.events.matching import receivers_of
from pileus.services.s3.events.naming import own_request_id, principal_id
from pileus.services.s3.events.records import NOTIFY_TOPIC, Happening, Notification
from pileus.services.s3.model import NULL_VERSION, BucketRecord, ObjectRecord

BUS_TOPIC: Final = "s3.bus"
"""A `Happening` for the default event bus of the bucket's account."""
_SIZED: Final = ("ObjectCreated:", "ObjectRestore:", "LifecycleTransition", "IntelligentTiering", "Replication:")
_SERVICE: Final = "s3.amazonaws.com"


async def note(
    tx: Transaction,
    bucket: BucketRecord,
    name: str,
    key: str,
    record: ObjectRecord,
    context: RequestContext | None,
    *,
    at_s: float,
    details: Mapping[str, str] | None = None,
) -> None:
    """Write down an event, for all whom the bucket's configuration names.

    name: AWS's without `s3:` (`ObjectCreated:Put`). record: the version it is about; of a removal for good, the version
    that was removed, with an order of its own. context: None where S3 itself did it (lifecycle, replication).
    details: what EventBridge and some records tell more (`reason` of S3's own doings, `source-storage-class`).
    """
    if "notification" not in bucket.settings:
        return
    setting = await find_setting(tx, bucket, "notification")
    if setting is None:
        return
    receivers, bus = receivers_of(setting.document)
    listening = [each for each in receivers if each.hears_of(name, key)]
    if not listening and not bus:
        return
    happening = _happening(bucket, name, key, record, context, at_s=at_s, details=details or {})
    for each in listening:
        notification = Notification(
            target_arn=each.target_arn, configuration_id=each.configuration_id, happening=happening
        )
        tx.emit(Event(topic=NOTIFY_TOPIC, payload=encode(notification)))
    if bus:
        tx.emit(Event(topic=BUS_TOPIC, payload=encode(happening)))


def _happening(
    bucket: BucketRecord,
    name: str,
    key: str,
    record: ObjectRecord,
    context: RequestContext | None,
    *,
    at_s: float,
    details: Mapping[str, str],
) -> Happening:
    removed = name.startswith(("ObjectRemoved:", "LifecycleExpiration:"))
    return Happening(
        name=name,
        bucket=bucket.name,
        owner=bucket.account_id,
        region=bucket.region,
        key=key,
        at_s=at_s,
        size_bytes=record.size_bytes if name.startswith(_SIZED) else None,
        etag="" if removed else record.etag,
        version_id="" if record.version_id == NULL_VERSION else record.version_id,
        order=record.order,
        principal_id=_SERVICE if context is None else principal_id(context.principal),
        requester=_SERVICE if context is None else context.account_id,
        source_ip="" if context is None else context.source_ip,
        request_id=own_request_id(bucket.name, key, name, at_s) if context is None else context.request_id,
        trace_header="" if context is None else trace_of(context.trace_header),
        details=details,
    )
