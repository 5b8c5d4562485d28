"""What are buses, rules and targets, and what is an event?"""

from typing import Literal

import msgspec

from pileus.services.events.names import BusName


class BusRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="events.bus.v1"):
    """An event bus. policy: JSON, "" without one.

    dead_letter_arn: "" without one. log_level: None where no LogConfig was given; log_detail: as it was given.
    """

    bus: BusName
    created_at_s: float
    modified_at_s: float
    description: str = ""
    policy: str = ""
    dead_letter_arn: str = ""
    log_level: Literal["OFF"] | None = None
    log_detail: Literal["NONE", "FULL"] | None = None
    tags: dict[str, str] = {}


class RuleRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="events.rule.v1"):
    """A rule. pattern, schedule: as they were given; "" without one.

    serial: of its schedule, so that what an older one wrote down for later knows that it is no more.
    created_by: the account, which may be another than the bus's.
    """

    bus: BusName
    name: str
    created_by: str
    pattern: str = ""
    schedule: str = ""
    enabled: bool = True
    description: str = ""
    role_arn: str = ""
    serial: bytes = b""
    tags: dict[str, str] = {}

    @property
    def arn(self) -> str:
        return self.bus.rule_arn(self.name)


class TargetRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="events.target.v1"):
    """Whom a rule tells. input, input_path, template: None where not given. retries, age_s: None for AWS's own."""

    target_id: str
    arn: str
    role_arn: str = ""
    input: str | None = None
    input_path: str | None = None
    template: str | None = None
    paths: dict[str, str] = {}
    paths_given: bool = False
    group_id: str = ""
    dead_letter_arn: str | None = None
    retries: int | None = None
    age_s: int | None = None
    retry_given: bool = False


class EventRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An event that was accepted. body: as targets read it. routed: whether it came from another bus."""

    event_id: str
    body: bytes
    ingested_at_s: float
    trace_header: str = ""
    routed: bool = False


class TargetDelivery(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="events.delivery.v1"):
    """An event on its way to one target, as the target was when the event was accepted."""

    bus: BusName
    rule: str
    target: TargetRecord
    event: EventRecord

    @property
    def rule_arn(self) -> str:
        return self.bus.rule_arn(self.rule)


class Firing(msgspec.Struct, frozen=True, kw_only=True, tag="events.firing.v1"):
    """A moment of a schedule. serial: see `RuleRecord`."""

    bus: BusName
    rule: str
    serial: bytes
    at_s: float
