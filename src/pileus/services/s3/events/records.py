"""What is written down of an event, until everybody has heard of it?"""

from collections.abc import Mapping

import msgspec

NOTIFY_TOPIC = "s3.notify"
"""A `Notification` for one receiver."""


class Happening(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="s3.happening.v1"):
    """Something that was done to an object.

    name: AWS's, without `s3:` (`ObjectCreated:Put`). size_bytes: None where the event tells none. etag: without quotes.
    version_id: "" where the bucket has no versions. order: of the version, or of its removal: what the sequencer is
    made of. principal_id: as events know who asked; requester: as EventBridge does, an account id or a service.
    source_ip: "" where nobody asked. details: what some kinds tell more, by AWS's names in EventBridge.
    """

    name: str
    bucket: str
    owner: str
    region: str
    key: str
    at_s: float
    size_bytes: int | None = None
    etag: str = ""
    version_id: str = ""
    order: int = 0
    principal_id: str
    requester: str
    source_ip: str = ""
    request_id: str = ""
    trace_header: str = ""
    details: Mapping[str, str] = {}


class Notification(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="s3.notification.v1"):
    """An event and one who is to hear of it. target_arn: of a queue, a topic or a function."""

    target_arn: str
    configuration_id: str
    happening: Happening
