"""Which metrics does a log event bring with it, in the embedded metric format?

`{"_aws": {"Timestamp": ..., "CloudWatchMetrics": [...]}, "latency": 12, "page": "/"}`: what the directives name is
counted at the event's own time. An event that breaks the rules counts nothing, and stays a log event.

Source: CloudWatch User Guide, "Specification: Embedded metric format".
"""

import math
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

import msgspec

from pileus.kernel.metrics.counting import Told
from pileus.kernel.metrics.series import Metric
from pileus.kernel.metrics.statistics import statistics_of
from pileus.kernel.metrics.store import MINUTE_S, SECOND_S
from pileus.services.logs.limits import EVENT_AGE_MAX, EVENT_AHEAD_MAX
from pileus.services.logs.store import Region

VALUES_MAX: Final = 100
"""Of one metric in one event."""
METRICS_MAX: Final = 100
"""Of one directive."""
DIMENSIONS_MAX: Final = 30
"""Of one dimension set."""


class _Definition(msgspec.Struct, frozen=True, rename="pascal"):
    name: str
    unit: str = "None"
    storage_resolution: int = MINUTE_S


class _Directive(msgspec.Struct, frozen=True, rename="pascal"):
    namespace: str
    metrics: list[_Definition] = []
    dimensions: list[list[str]] = []


class _Metadata(msgspec.Struct, frozen=True, rename="pascal"):
    timestamp: int
    cloud_watch_metrics: list[_Directive]


class _Embedded(msgspec.Struct, frozen=True):
    metadata: _Metadata = msgspec.field(name="_aws")


_metadata: Final = msgspec.json.Decoder(_Embedded)
_members: Final = msgspec.json.Decoder(dict[str, Any])


def may_be_embedded(message: str) -> bool:
    """Cheap, and wrong only for events that are looked at in vain."""
    return message.startswith("{") and '"_aws"' in message


def embedded(region: Region, message: str, *, now_ms: int) -> list[Told]:
    """What a message counts; nothing for one that is not in the format."""
    try:
        metadata = _metadata.decode(message).metadata
        members = _members.decode(message)
    except (msgspec.DecodeError, RecursionError):
        return []
    oldest_ms = now_ms - EVENT_AGE_MAX / timedelta(milliseconds=1)
    if not oldest_ms <= metadata.timestamp <= now_ms + EVENT_AHEAD_MAX / timedelta(milliseconds=1):
        return []
    return [told for directive in metadata.cloud_watch_metrics for told in _told(region, directive, metadata, members)]


def _told(region: Region, directive: _Directive, metadata: _Metadata, members: Mapping[str, Any]) -> Iterator[Told]:
    account_id, region_name = region
    for names in directive.dimensions or [[]]:
        dimensions = tuple((name, value) for name in names if isinstance(value := members.get(name), str) and value)
        if len(names) > DIMENSIONS_MAX or len(dimensions) < len(names):
            continue
        for definition in directive.metrics[:METRICS_MAX]:
            found = _values(members.get(definition.name))
            if found:
                yield Told(
                    Metric(
                        account_id=account_id,
                        region=region_name,
                        namespace=directive.namespace,
                        name=definition.name,
                        dimensions=dimensions,
                    ),
                    definition.unit,
                    metadata.timestamp // 1000,
                    statistics_of(found),
                    SECOND_S if definition.storage_resolution == SECOND_S else MINUTE_S,
                )


def _values(member: Any) -> list[float]:
    values = member if isinstance(member, list) else [member]
    if len(values) > VALUES_MAX:
        return []
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return []
    return [float(value) for value in values if math.isfinite(value)]
