"""Which receivers of a bucket's configuration hear of an event?

Source: API_NotificationConfiguration; S3 User Guide, "Configuring event notifications using object key name filtering".
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

import msgspec

_KINDS: Final = (
    ("QueueConfigurations", "QueueConfiguration", ("QueueArn", "Queue")),
    ("TopicConfigurations", "TopicConfiguration", ("TopicArn", "Topic")),
    ("LambdaFunctionConfigurations", "CloudFunctionConfiguration", ("LambdaFunctionArn", "CloudFunction")),
)
"""Members of the configuration, as the model and as the wire name them."""


class Receiver(NamedTuple):
    """One configuration. events: without `s3:`."""

    target_arn: str
    configuration_id: str
    events: tuple[str, ...]
    prefix: str
    suffix: str

    def hears_of(self, name: str, key: str) -> bool:
        if not (key.startswith(self.prefix) and key.endswith(self.suffix)):
            return False
        return any(event == name or (event.endswith("*") and name.startswith(event[:-1])) for event in self.events)


class Receivers(NamedTuple):
    """All who hear of a bucket's objects. bus: whether the default event bus does."""

    receivers: tuple[Receiver, ...]
    bus: bool


@lru_cache(maxsize=256)
def receivers_of(document: bytes) -> Receivers:
    """A configuration, as `SettingRecord` keeps it; remembered, since every event asks."""
    configuration: Mapping[str, Any] = msgspec.json.decode(document)
    return Receivers(
        tuple(_receivers(configuration)),
        configuration.get("EventBridgeConfiguration") is not None,
    )


def _receivers(configuration: Mapping[str, Any]) -> Iterator[Receiver]:
    for plural, singular, arns in _KINDS:
        for each in configuration.get(plural) or configuration.get(singular) or ():
            arn = next(each[name] for name in arns if name in each)
            filters = _filters(each.get("Filter") or {})
            events = each.get("Events") or each.get("Event") or ()
            yield Receiver(
                target_arn=arn,
                configuration_id=each.get("Id", ""),
                events=tuple(event.removeprefix("s3:") for event in events),
                prefix=filters.get("prefix", ""),
                suffix=filters.get("suffix", ""),
            )


def _filters(found: Mapping[str, Any]) -> dict[str, str]:
    key: Mapping[str, Any] = found.get("Key") or found.get("S3Key") or {}
    rules = key.get("FilterRules") or key.get("FilterRule") or ()
    return {str(rule["Name"]).lower(): rule.get("Value") or "" for rule in rules}
