"""What do queues, topics, functions and buses get to read?

Source: S3 User Guide, "Event message structure", "EventBridge event message structure"; recordings
s3/s3_notifications_sqs and s3/s3_notifications_eventbridge.
"""

from typing import Any, Final

import msgspec

from pileus.services.s3.events.naming import (
    encoded_key,
    event_time,
    event_version,
    host_id,
    owner_id,
    sequencer,
)
from pileus.services.s3.events.records import Happening
from pileus.services.s3.names import bucket_arn

_UNSEQUENCED: Final = ("ObjectTagging:", "ObjectAcl:")
_DETAIL_TYPES: Final = {
    "ObjectCreated": "Object Created",
    "ObjectRemoved": "Object Deleted",
    "LifecycleExpiration": "Object Deleted",
    "ObjectRestore:Post": "Object Restore Initiated",
    "ObjectRestore:Completed": "Object Restore Completed",
    "ObjectRestore:Delete": "Object Restore Expired",
    "LifecycleTransition": "Object Storage Class Changed",
    "IntelligentTiering": "Object Access Tier Changed",
    "ObjectAcl": "Object ACL Updated",
    "ObjectTagging:Put": "Object Tags Added",
    "ObjectTagging:Delete": "Object Tags Deleted",
}
_REASONS: Final = {
    "ObjectCreated:Put": "PutObject",
    "ObjectCreated:Post": "POST Object",
    "ObjectCreated:Copy": "CopyObject",
    "ObjectCreated:CompleteMultipartUpload": "CompleteMultipartUpload",
    "ObjectRemoved:Delete": "DeleteObject",
    "ObjectRemoved:DeleteMarkerCreated": "DeleteObject",
    "LifecycleExpiration:Delete": "Lifecycle Expiration",
    "LifecycleExpiration:DeleteMarkerCreated": "Lifecycle Expiration",
}
_DELETIONS: Final = {"Delete": "Permanently Deleted", "DeleteMarkerCreated": "Delete Marker Created"}


def notification(happening: Happening, *, configuration_id: str) -> str:
    """The message for a queue or a topic, and the event of a function."""
    record: dict[str, Any] = {
        "eventVersion": event_version(happening.name),
        "eventSource": "aws:s3",
        "awsRegion": happening.region,
        "eventTime": event_time(happening.at_s),
        "eventName": happening.name,
        "userIdentity": {"principalId": happening.principal_id},
        "requestParameters": {"sourceIPAddress": happening.source_ip or "s3.amazonaws.com"},
        "responseElements": {
            "x-amz-request-id": happening.request_id,
            "x-amz-id-2": host_id(happening.request_id),
        },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": configuration_id,
            "bucket": {
                "name": happening.bucket,
                "ownerIdentity": {"principalId": owner_id(happening.owner)},
                "arn": bucket_arn(happening.bucket),
            },
            "object": _object(happening),
        },
    }
    details = happening.details
    if happening.name == "ObjectRestore:Completed":
        record["glacierEventData"] = {
            "restoreEventData": {
                "lifecycleRestorationExpiryTime": details.get("restore-expiry-time", ""),
                "lifecycleRestoreStorageClass": details.get("source-storage-class", ""),
            }
        }
    if happening.name == "LifecycleTransition":
        destination = details.get("destination-storage-class", "")
        record["lifecycleEventData"] = {"transitionEventData": {"destinationStorageClass": destination}}
    return msgspec.json.encode({"Records": [record]}).decode()


def _object(happening: Happening) -> dict[str, Any]:
    told: dict[str, Any] = {"key": encoded_key(happening.key)}
    if happening.size_bytes is not None:
        told["size"] = happening.size_bytes
    if happening.etag:
        told["eTag"] = happening.etag
    if happening.version_id:
        told["versionId"] = happening.version_id
    if not happening.name.startswith(_UNSEQUENCED):
        told["sequencer"] = sequencer(happening.order)
    return told


def test_message(*, bucket: str, at_s: float, request_id: str) -> str:
    """What S3 sends to a queue or a topic when it is told to notify it."""
    return msgspec.json.encode(
        {
            "Service": "Amazon S3",
            "Event": "s3:TestEvent",
            "Time": event_time(at_s),
            "Bucket": bucket,
            "RequestId": request_id,
            "HostId": host_id(request_id),
        }
    ).decode()


def detail_type(name: str) -> str:
    """How EventBridge calls a kind of event; "" for one that it does not get."""
    return _DETAIL_TYPES.get(name) or _DETAIL_TYPES.get(name.partition(":")[0], "")


def detail(happening: Happening) -> str:
    """The `detail` of the event for EventBridge, JSON."""
    told: dict[str, Any] = {"key": happening.key}
    if happening.size_bytes is not None:
        told["size"] = happening.size_bytes
    if happening.etag:
        told["etag"] = happening.etag
    if happening.version_id:
        told["version-id"] = happening.version_id
    sequenced = happening.name.startswith(("ObjectCreated:", "ObjectRemoved:", "LifecycleExpiration:"))
    if sequenced:
        told["sequencer"] = sequencer(happening.order)
    written: dict[str, Any] = {
        "version": "0",
        "bucket": {"name": happening.bucket},
        "object": told,
        "request-id": happening.request_id,
        "requester": happening.requester,
    }
    if happening.source_ip:
        written["source-ip-address"] = happening.source_ip
    if happening.name in _REASONS:
        written["reason"] = _REASONS[happening.name]
    if detail_type(happening.name) == "Object Deleted":
        written["deletion-type"] = _DELETIONS[happening.name.partition(":")[2]]
    return msgspec.json.encode(written | dict(happening.details)).decode()
