"""What must somebody be allowed to do, to use CloudWatch Logs?

What is about a group is asked of `log-group:NAME:log-stream:`, which is why policies end in `:*`.

Sources: Service Authorization Reference, "Amazon CloudWatch Logs"; CloudWatch Logs User Guide, "Overview of managing
access permissions" (Log group ARN); the form of the ARN is the one that denials show.
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from pileus.kernel.auth.permissions import (
    Conditions,
    KnownResource,
    Permission,
    Permissions,
    ResourceType,
    gives_tags,
    request_tags,
    tag_keys,
)
from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Store
from pileus.services.logs.errors import InvalidParameterException
from pileus.services.logs.queries import read_pointer
from pileus.services.logs.store import Reading


def _group_arn(context: RequestContext, given: Any) -> str:
    name: str | None = getattr(given, "log_group_name", None)
    if name is None:
        name = getattr(given, "log_group_identifier", None) or ""
    if name.startswith("arn:"):
        # One that names another partition means the same group.
        return f"arn:{context.partition}:{name.removesuffix(':*').split(':', 2)[-1]}:log-stream:"
    return f"arn:{context.partition}:logs:{context.region}:{context.account_id}:log-group:{name}:log-stream:"


def _stream_arn(context: RequestContext, given: Any) -> str:
    return f"{_group_arn(context, given)}{given.log_stream_name}"


def _named_arn(context: RequestContext, given: Any) -> str:
    named: str = given.resource_arn
    if not named.startswith("arn:"):
        named = f"arn:{context.partition}:logs:{context.region}:{context.account_id}:log-group:{named}"
    return named.removesuffix(":*")


def _pointed_arn(context: RequestContext, given: Any) -> str:
    """The group of the event; any, where the pointer leads nowhere."""
    try:
        group, _, _ = read_pointer(given.log_record_pointer)
    except InvalidParameterException:
        return _all_groups_arn(context, given)
    return _group_arn(context, _Queried(group))


def _all_groups_arn(context: RequestContext, given: Any) -> str:
    return f"arn:{context.partition}:logs:{context.region}:{context.account_id}:log-group::log-stream:"


_GROUP: Final = ResourceType(name="log-group", arn=_group_arn)
_TAGGED_GROUP: Final = ResourceType(
    name="log-group",
    arn=lambda context, given: _group_arn(context, given).removesuffix(":log-stream:"),
)
"""Tagging alone is about the ARN without an end ("Log group ARN")."""
_TAGGED_RESOURCE: Final = ResourceType(name="log-group", arn=_named_arn)
_STREAM: Final = ResourceType(name="log-stream", arn=_stream_arn)
_ANY_GROUP: Final = ResourceType(name="log-group", arn=_all_groups_arn)
"""Of a query, whose id does not say which; so policies allow its results on `*`."""
_POINTED_GROUP: Final = ResourceType(name="log-group", arn=_pointed_arn)
_ALL_GROUPS: Final = ResourceType(name="", arn=_all_groups_arn)


def _of_creation(context: RequestContext, given: Any, group: KnownResource | None) -> Conditions:
    return request_tags(given.tags)


class _Queried(msgspec.Struct, frozen=True):
    """A group that a query is about, named as the members of requests are."""

    log_group_name: str


def _queried(context: RequestContext, given: Any) -> Iterable[_Queried]:
    """The groups of a query, each by its name or its ARN."""
    names = [given.log_group_name, *(given.log_group_names or ()), *(given.log_group_identifiers or ())]
    return [_Queried(name) for name in names if name is not None]


def _on(resource: ResourceType | None, actions: Iterable[str]) -> dict[str, tuple[Permission]]:
    return {action: (Permission(action=f"logs:{action}", resource=resource),) for action in actions}


PERMISSIONS: Final[Permissions] = {
    "CreateLogGroup": (
        Permission(action="logs:CreateLogGroup", resource=_GROUP, conditions=_of_creation),
        Permission(action="logs:TagResource", resource=_TAGGED_GROUP, conditions=_of_creation, asked=gives_tags),
    ),
    **_on(
        _GROUP,
        (
            "CreateExportTask",
            "DeleteLogGroup",
            "DeleteMetricFilter",
            "DeleteRetentionPolicy",
            "DeleteSubscriptionFilter",
            "GetLogGroupFields",
            "DescribeSubscriptionFilters",
            "DescribeLogStreams",
            "DescribeMetricFilters",
            "FilterLogEvents",
            "ListTagsLogGroup",
            "PutLogGroupDeletionProtection",
            "PutMetricFilter",
            "PutRetentionPolicy",
            "PutSubscriptionFilter",
        ),
    ),
    **_on(_STREAM, ("CreateLogStream", "DeleteLogStream", "GetLogEvents", "PutLogEvents")),
    **_on(_ALL_GROUPS, ("DescribeLogGroups", "ListLogGroups")),
    **_on(
        None,
        (
            "CancelExportTask",
            "DeleteQueryDefinition",
            "DeleteResourcePolicy",
            "DescribeExportTasks",
            "DescribeQueries",
            "DescribeQueryDefinitions",
            "DescribeResourcePolicies",
            "ListLogGroupsForQuery",
            "PutQueryDefinition",
            "PutResourcePolicy",
            "StopQuery",
            "TestMetricFilter",
        ),
    ),
    **_on(_ANY_GROUP, ("GetQueryResults",)),
    **_on(_POINTED_GROUP, ("GetLogRecord",)),
    "StartQuery": (Permission(action="logs:StartQuery", resource=_GROUP, members=_queried),),
    **_on(_TAGGED_RESOURCE, ("ListTagsForResource",)),
    "TagLogGroup": (Permission(action="logs:TagLogGroup", resource=_GROUP, conditions=_of_creation),),
    "UntagLogGroup": (
        Permission(
            action="logs:UntagLogGroup",
            resource=_GROUP,
            conditions=lambda context, given, known: tag_keys(given.tags or ()),
        ),
    ),
    "TagResource": (Permission(action="logs:TagResource", resource=_TAGGED_RESOURCE, conditions=_of_creation),),
    "UntagResource": (
        Permission(
            action="logs:UntagResource",
            resource=_TAGGED_RESOURCE,
            conditions=lambda context, given, known: tag_keys(given.tag_keys or ()),
        ),
    ),
}


class LogsResources:
    """Knows log groups, whose tags are their streams' too."""

    eager = False

    def __init__(self, store: Store) -> None:
        self._snapshot = store.snapshot()

    async def find(self, context: RequestContext, arn: str) -> KnownResource | None:
        """The group that an ARN of a group or a stream names."""
        parts = arn.split(":", 7)
        if len(parts) < 7 or parts[5] != "log-group":
            return None
        group = await Reading(self._snapshot, (parts[4], parts[3])).find_group(parts[6])
        return KnownResource(arn=arn, tags=group.tags) if group is not None else None
