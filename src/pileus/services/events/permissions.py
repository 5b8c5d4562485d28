"""What must somebody be allowed to do, to use EventBridge?

A bus may belong to another account, which its policy must then let in; rules lie on a bus, whose policy speaks of them.

Source: Service Authorization Reference, "Amazon EventBridge"; EventBridge User Guide, "Using IAM policy conditions".
"""

from collections.abc import Iterable
from typing import Any, Final

from pileus.kernel.auth.permissions import (
    ConditionKeys,
    Conditions,
    KnownResource,
    Permission,
    Permissions,
    ResourceType,
    gives_tags,
    request_tags,
    tag_keys,
)
from pileus.kernel.auth.policy import NamedPolicy, compile_policy
from pileus.kernel.auth.service_calls import account_of
from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Store
from pileus.services.events.names import BusName, bus_named, bus_of_arn, rule_of_arn
from pileus.services.events.store import find_bus, find_rule


def _bus(context: RequestContext, given: Any) -> BusName:
    return bus_named(context, given.event_bus_name)


def _named_bus(context: RequestContext, given: Any) -> BusName:
    """Of operations that are about nothing else."""
    return bus_named(context, given.name)


def _named_bus_arn(context: RequestContext, given: Any) -> str:
    return _named_bus(context, given).arn


def _bus_arn(context: RequestContext, given: Any) -> str:
    return _bus(context, given).arn


def _rule_arn(context: RequestContext, given: Any) -> str:
    return _bus(context, given).rule_arn(given.rule if hasattr(given, "rule") else given.name)


def _listed_arn(context: RequestContext, given: Any) -> str:
    """Anything, of the caller's own rules."""
    return _bus(context, given).rule_arn("*") if _foreign_bus(context, given) else "*"


def _tagged_arn(context: RequestContext, given: Any) -> str:
    arn: str = given.resource_arn
    return arn


def _role_arn(context: RequestContext, given: Any) -> str:
    arn: str = given.role_arn
    return arn


def _foreign_bus(context: RequestContext, given: Any) -> bool:
    return _bus(context, given).account_id != context.account_id


def _foreign_tagged(context: RequestContext, given: Any) -> bool:
    return account_of(given.resource_arn) != context.account_id


_BUS: Final = ResourceType(name="event-bus", arn=_bus_arn, foreign=_foreign_bus)
_NAMED_BUS: Final = ResourceType(
    name="event-bus",
    arn=_named_bus_arn,
    foreign=lambda context, given: _named_bus(context, given).account_id != context.account_id,
)
_RULE: Final = ResourceType(name="rule", arn=_rule_arn, foreign=_foreign_bus)
_LISTED: Final = ResourceType(name="rule", arn=_listed_arn, foreign=_foreign_bus)
_TAGGED: Final = ResourceType(name="resource", arn=_tagged_arn, foreign=_foreign_tagged)
_ROLE: Final = ResourceType(name="role", arn=_role_arn)


def _of_creation(context: RequestContext, given: Any, found: KnownResource | None) -> Conditions:
    return request_tags({tag.key: tag.value for tag in given.tags or ()})


def _of_untagging(context: RequestContext, given: Any, found: KnownResource | None) -> Conditions:
    return tag_keys(given.tag_keys)


def _of_entry(context: RequestContext, given: Any, found: KnownResource | None) -> Conditions:
    return {"events:source": given.source or "", "events:detail-type": given.detail_type or ""}


def _of_rule(context: RequestContext, given: Any, found: KnownResource | None) -> Conditions:
    known: dict[str, str] = {}
    if found is not None and "creator" in found.details:
        known["events:creatoraccount"] = found.details["creator"]
    return known


def _of_new_rule(context: RequestContext, given: Any, found: KnownResource | None) -> Conditions:
    """Who would make a rule is its creator; one that is there has its own."""
    creator = {"events:creatoraccount": context.account_id}
    return {**creator, **_of_rule(context, given, found), **_of_creation(context, given, found)}


def _of_targets(context: RequestContext, given: Any, found: KnownResource | None) -> Conditions:
    return {**_of_rule(context, given, found), "events:targetarn": tuple(target.arn for target in given.targets)}


def _of_passing(context: RequestContext, given: Any, role: KnownResource | None) -> Conditions:
    return {"iam:passedtoservice": "events.amazonaws.com"}


_PASS_RULE_ROLE: Final = Permission(
    action="iam:PassRole",
    resource=_ROLE,
    conditions=_of_passing,
    asked=lambda context, given: given.role_arn is not None,
)
_PASS_TARGET_ROLES: Final = Permission(
    action="iam:PassRole",
    resource=_ROLE,
    conditions=_of_passing,
    members=lambda context, given: [target for target in given.targets if target.role_arn is not None],
)


def _on(resource: ResourceType | None, actions: Iterable[str]) -> dict[str, tuple[Permission]]:
    return {action: (Permission(action=f"events:{action}", resource=resource),) for action in actions}


def _with(action: str, resource: ResourceType, conditions: ConditionKeys) -> Permission:
    return Permission(action=f"events:{action}", resource=resource, conditions=conditions)


PERMISSIONS: Final[Permissions] = {
    "CreateEventBus": (
        _with("CreateEventBus", _NAMED_BUS, _of_creation),
        Permission(action="events:TagResource", resource=_NAMED_BUS, conditions=_of_creation, asked=gives_tags),
    ),
    **_on(_NAMED_BUS, ("DeleteEventBus", "DescribeEventBus", "UpdateEventBus")),
    **_on(_BUS, ("PutPermission", "RemovePermission")),
    **_on(None, ("ListEventBuses", "TestEventPattern")),
    **_on(_LISTED, ("ListRules", "ListRuleNamesByTarget")),
    "PutEvents": (
        Permission(
            action="events:PutEvents",
            resource=_BUS,
            conditions=_of_entry,
            members=lambda context, given: given.entries,
        ),
    ),
    "PutRule": (
        _with("PutRule", _RULE, _of_new_rule),
        Permission(action="events:TagResource", resource=_RULE, conditions=_of_creation, asked=gives_tags),
        _PASS_RULE_ROLE,
    ),
    "PutTargets": (_with("PutTargets", _RULE, _of_targets), _PASS_TARGET_ROLES),
    **{
        action: (_with(action, _RULE, _of_rule),)
        for action in (
            "DeleteRule",
            "DescribeRule",
            "DisableRule",
            "EnableRule",
            "ListTargetsByRule",
            "RemoveTargets",
        )
    },
    **_on(_TAGGED, ("ListTagsForResource",)),
    "TagResource": (_with("TagResource", _TAGGED, _of_creation),),
    "UntagResource": (_with("UntagResource", _TAGGED, _of_untagging),),
}


class EventsResources:
    """Knows buses, with their policies, and the rules on them."""

    eager = True

    def __init__(self, store: Store) -> None:
        self._snapshot = store.snapshot()

    async def find(self, context: RequestContext, arn: str) -> KnownResource | None:
        rule = rule_of_arn(arn)
        bus = bus_of_arn(arn) if rule is None else rule.bus
        record = None if bus is None else await find_bus(self._snapshot, bus)
        if record is None:
            return None
        policy = NamedPolicy(record.bus.arn, compile_policy(record.policy), "resource") if record.policy else None
        if rule is None:
            return KnownResource(arn=arn, tags=record.tags, policy=policy)
        found = await find_rule(self._snapshot, rule.bus, rule.name)
        if found is None:
            return KnownResource(arn=arn, policy=policy)
        return KnownResource(arn=arn, tags=found.tags, policy=policy, details={"creator": found.created_by})
