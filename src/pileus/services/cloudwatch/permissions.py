"""What must somebody be allowed to do, to use CloudWatch?

Source: Service Authorization Reference, "Amazon CloudWatch".
"""

from collections.abc import Iterable
from typing import Any, Final

from pileus.kernel.auth.permissions import (
    Conditions,
    KnownResource,
    Permission,
    Permissions,
    ResourceType,
    arn_of,
    request_tags,
    tag_keys,
)
from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Store
from pileus.services.cloudwatch.alarms.store import find_alarm
from pileus.services.cloudwatch.dashboards import find_dashboard
from pileus.services.cloudwatch.model import Scope


def _alarm_arn(context: RequestContext, given: Any) -> str:
    """given: a request, or one of the names in it."""
    name = given if isinstance(given, str) else given.alarm_name or "*"
    return f"arn:{context.partition}:cloudwatch:{context.region}:{context.account_id}:alarm:{name}"


def _dashboard_arn(context: RequestContext, given: Any) -> str:
    name = given if isinstance(given, str) else given.dashboard_name
    return f"arn:{context.partition}:cloudwatch::{context.account_id}:dashboard/{name}"


def _tagged_arn(context: RequestContext, given: Any) -> str:
    arn: str = given.resource_arn
    return arn if arn.startswith("arn:") else _alarm_arn(context, arn)


_ALARM: Final = ResourceType(name="alarm", arn=_alarm_arn)
_ANY_ALARM: Final = ResourceType(name="alarm", arn=arn_of("arn:{partition}:cloudwatch:{region}:{account}:alarm:*"))
_DASHBOARD: Final = ResourceType(name="dashboard", arn=_dashboard_arn)
_TAGGED: Final = ResourceType(name="alarm", arn=_tagged_arn)


def _of_tagging(context: RequestContext, given: Any, resource: KnownResource | None) -> Conditions:
    return request_tags({tag.key: tag.value for tag in given.tags or ()})


def _of_alarm(context: RequestContext, given: Any, resource: KnownResource | None) -> Conditions:
    actions = [*(given.alarm_actions or ()), *(given.ok_actions or ()), *(given.insufficient_data_actions or ())]
    tags = _of_tagging(context, given, resource)
    return {**tags, "cloudwatch:alarmactions": tuple(actions)} if actions else tags


def _of_untagging(context: RequestContext, given: Any, resource: KnownResource | None) -> Conditions:
    return tag_keys(given.tag_keys)


def _of_putting(context: RequestContext, given: Any, resource: KnownResource | None) -> Conditions:
    return {"cloudwatch:namespace": given.namespace}


def _on(resource: ResourceType | None, actions: Iterable[str]) -> dict[str, tuple[Permission]]:
    return {action: (Permission(action=f"cloudwatch:{action}", resource=resource),) for action in actions}


def _on_alarms(action: str) -> tuple[Permission]:
    """Each that a request names."""
    return (
        Permission(
            action=f"cloudwatch:{action}", resource=_ALARM, members=lambda context, given: given.alarm_names or ()
        ),
    )


PERMISSIONS: Final[Permissions] = {
    **_on(None, ("DescribeAlarmsForMetric", "GetMetricData", "GetMetricStatistics", "ListDashboards", "ListMetrics")),
    **_on(_ALARM, ("DescribeAlarmHistory", "SetAlarmState")),
    **_on(_ANY_ALARM, ("DescribeAlarms",)),
    **_on(_DASHBOARD, ("GetDashboard", "PutDashboard")),
    **{action: _on_alarms(action) for action in ("DeleteAlarms", "DisableAlarmActions", "EnableAlarmActions")},
    "DeleteDashboards": (
        Permission(
            action="cloudwatch:DeleteDashboards",
            resource=_DASHBOARD,
            members=lambda context, given: given.dashboard_names,
        ),
    ),
    "PutMetricData": (Permission(action="cloudwatch:PutMetricData", conditions=_of_putting),),
    "PutMetricAlarm": (Permission(action="cloudwatch:PutMetricAlarm", resource=_ALARM, conditions=_of_alarm),),
    "PutCompositeAlarm": (Permission(action="cloudwatch:PutCompositeAlarm", resource=_ALARM, conditions=_of_alarm),),
    **_on(_TAGGED, ("ListTagsForResource",)),
    "TagResource": (Permission(action="cloudwatch:TagResource", resource=_TAGGED, conditions=_of_tagging),),
    "UntagResource": (Permission(action="cloudwatch:UntagResource", resource=_TAGGED, conditions=_of_untagging),),
}


class CloudWatchResources:
    """Knows alarms and dashboards, and their tags."""

    eager = False

    def __init__(self, store: Store) -> None:
        self._snapshot = store.snapshot()

    async def find(self, context: RequestContext, arn: str) -> KnownResource | None:
        """The alarm or dashboard of an ARN."""
        parts = arn.split(":", 6)
        if len(parts) == 7 and parts[5] == "alarm":
            scope = Scope(account_id=parts[4], region=parts[3], partition=context.partition)
            alarm = await find_alarm(self._snapshot, scope, parts[6])
            return KnownResource(arn=arn, tags=alarm.tags) if alarm is not None else None
        if len(parts) == 6 and parts[5].startswith("dashboard/"):
            scope = Scope(account_id=parts[4], region="", partition=context.partition)
            dashboard = await find_dashboard(self._snapshot, scope, parts[5].removeprefix("dashboard/"))
            return KnownResource(arn=arn, tags=dashboard.tags) if dashboard is not None else None
        return None
