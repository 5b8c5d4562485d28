"""How are alarms and dashboards tagged?"""

from collections.abc import Callable

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Transaction
from pileus.services.cloudwatch.alarms.store import find_alarm, put_alarm
from pileus.services.cloudwatch.dashboards import find_dashboard, put_dashboard
from pileus.services.cloudwatch.errors import InvalidParameterValue, ResourceNotFoundException
from pileus.services.cloudwatch.model import Scope, scope_of
from pileus.services.cloudwatch.operations.base import CloudWatchBase
from pileus.services.cloudwatch.shapes import (
    ListTagsForResourceInput,
    ListTagsForResourceOutput,
    TagResourceInput,
    TagResourceOutput,
    UntagResourceInput,
    UntagResourceOutput,
)
from pileus.services.cloudwatch.tagging import merged_tags, tag_shapes

Change = Callable[[dict[str, str]], dict[str, str]]


class TagOperations(CloudWatchBase):
    """Operations on tags."""

    async def list_tags_for_resource(
        self, context: RequestContext, request: ListTagsForResourceInput
    ) -> ListTagsForResourceOutput:
        """Of what is not there, none: no error (recording test_tagging_metric_alarm)."""
        scope, kind, name = _understood(scope_of(context), request.resource_arn)
        reader = self._store.snapshot()
        if kind == "alarm":
            alarm = await find_alarm(reader, scope, name)
            return ListTagsForResourceOutput(tags=tag_shapes(alarm.tags if alarm is not None else {}))
        dashboard = await find_dashboard(reader, scope, name)
        return ListTagsForResourceOutput(tags=tag_shapes(dashboard.tags if dashboard is not None else {}))

    async def tag_resource(self, context: RequestContext, request: TagResourceInput) -> TagResourceOutput:
        await self._change(context, request.resource_arn, lambda tags: merged_tags(tags, request.tags))
        return TagResourceOutput()

    async def untag_resource(self, context: RequestContext, request: UntagResourceInput) -> UntagResourceOutput:
        def without(tags: dict[str, str]) -> dict[str, str]:
            return {key: value for key, value in tags.items() if key not in request.tag_keys}

        await self._change(context, request.resource_arn, without)
        return UntagResourceOutput()

    async def _change(self, context: RequestContext, arn: str, change: Change) -> None:
        scope, kind, name = _understood(scope_of(context), arn)

        async def write(tx: Transaction) -> None:
            if kind == "alarm":
                alarm = await find_alarm(tx, scope, name)
                if alarm is None:
                    raise _missing(arn)
                put_alarm(tx, scope, msgspec.structs.replace(alarm, tags=change(alarm.tags)))
            else:
                dashboard = await find_dashboard(tx, scope, name)
                if dashboard is None:
                    raise _missing(arn)
                put_dashboard(tx, scope, msgspec.structs.replace(dashboard, tags=change(dashboard.tags)))

        await self._store.run(write)


def _missing(arn: str) -> ResourceNotFoundException:
    return ResourceNotFoundException("Unknown", members={"ResourceType": "ALARM", "ResourceId": arn})


def _understood(scope: Scope, arn: str) -> tuple[Scope, str, str]:
    """Where it is, whether an alarm or a dashboard, and its name. Another account's is not there."""
    parts = arn.split(":", 6)
    if len(parts) < 6 or parts[0] != "arn" or parts[2] != "cloudwatch":
        raise InvalidParameterValue(f"{arn} is not a valid ARN")
    if parts[4] != scope.account_id:
        raise _missing(arn)
    if len(parts) == 7 and parts[5] == "alarm":
        return msgspec.structs.replace(scope, region=parts[3]), "alarm", parts[6]
    kind, _, name = parts[5].partition("/")
    if kind == "dashboard":
        return scope, kind, name
    raise InvalidParameterValue(f"{arn} is not the ARN of something that has tags")
