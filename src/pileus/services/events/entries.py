"""Is an entry of PutEvents an event?

Source: API_PutEvents, "Calculating event entry size"; recordings events, `test_put_event*`.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from pileus.services.events.errors import ValidationException
from pileus.services.events.limits import DETAIL_DEPTH_MAX, EVENTS_BYTES_MAX, TIME_BYTES
from pileus.services.events.shapes import PutEventsRequestEntry

_read: Final = msgspec.json.Decoder().decode


class Refused(Exception):
    """An entry is none. code, reason: AWS's."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def check_size(entries: Sequence[PutEventsRequestEntry]) -> None:
    """Of all together. ValidationException."""
    if sum(size_bytes(entry) for entry in entries) > EVENTS_BYTES_MAX:
        raise ValidationException("Total size of the entries in the request is over the limit.")


def detail_of(entry: PutEventsRequestEntry) -> dict[str, Any]:
    """Its detail, as JSON values. Refused."""
    for name, value in (("Source", entry.source), ("DetailType", entry.detail_type), ("Detail", entry.detail)):
        if not value:
            raise Refused("InvalidArgument", f"Parameter {name} is not valid. Reason: {name} is a required argument.")
    assert entry.source is not None
    assert entry.detail is not None
    if entry.source.startswith("aws."):
        raise Refused("NotAuthorizedForSourceException", "Not authorized for the source.")
    if _too_deep(entry.detail):
        raise Refused("MalformedDetail", "Detail is malformed.")
    try:
        detail = _read(entry.detail)
    except (ValueError, RecursionError):
        detail = None
    if not isinstance(detail, dict):
        raise Refused("MalformedDetail", "Detail is malformed.")
    return detail


def size_bytes(entry: PutEventsRequestEntry) -> int:
    """What it counts for."""
    texts = (entry.source or "", entry.detail_type or "", entry.detail or "", *(entry.resources or ()))
    return sum(len(text.encode()) for text in texts) + (TIME_BYTES if entry.time is not None else 0)


def _too_deep(text: str) -> bool:
    """Brackets within texts count too, where there are so many that it matters."""
    if text.count("[") + text.count("{") <= DETAIL_DEPTH_MAX:
        return False
    depth = 0
    for char in text:
        if char in "[{":
            depth += 1
            if depth > DETAIL_DEPTH_MAX:
                return True
        elif char in "]}":
            depth -= 1
    return False
