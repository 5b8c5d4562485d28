"""What does a target read of an event?

Source: EventBridge User Guide, "Event structure reference"; recordings events_targets.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec


def event_body(
    *,
    event_id: str,
    detail_type: str,
    source: str,
    account_id: str,
    at_s: float,
    region: str,
    resources: Sequence[str],
    detail: Any,
) -> dict[str, Any]:
    """The event, its members in AWS's order. detail: as JSON values."""
    return {
        "version": "0",
        "id": event_id,
        "detail-type": detail_type,
        "source": source,
        "account": account_id,
        "time": moment(at_s),
        "region": region,
        "resources": list(resources),
        "detail": detail,
    }


def moment(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def renamed(body: bytes, event_id: str) -> bytes:
    """The same event under another id, which it has in another region (recording events_cross_account_region)."""
    return msgspec.json.encode({**msgspec.json.decode(body), "id": event_id})
