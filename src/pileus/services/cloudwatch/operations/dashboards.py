"""How are dashboards kept?"""

from datetime import UTC, datetime
from typing import Final

from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Transaction
from pileus.services.cloudwatch.dashboards import (
    DashboardRecord,
    check_body,
    check_name,
    clear_dashboard,
    dashboards,
    find_dashboard,
    get_dashboard,
    put_dashboard,
)
from pileus.services.cloudwatch.model import scope_of
from pileus.services.cloudwatch.operations.base import CloudWatchBase
from pileus.services.cloudwatch.paging import read_number, write_token
from pileus.services.cloudwatch.shapes import (
    DashboardEntry,
    DeleteDashboardsInput,
    DeleteDashboardsOutput,
    GetDashboardInput,
    GetDashboardOutput,
    ListDashboardsInput,
    ListDashboardsOutput,
    PutDashboardInput,
    PutDashboardOutput,
)
from pileus.services.cloudwatch.tagging import merged_tags

_LISTED_MAX: Final = 1_000
"""Source: API_ListDashboards."""


class DashboardOperations(CloudWatchBase):
    """Operations on dashboards, which are the account's in all regions."""

    async def put_dashboard(self, context: RequestContext, request: PutDashboardInput) -> PutDashboardOutput:
        check_name(request.dashboard_name)
        messages = check_body(request.dashboard_body)
        scope, now_s = scope_of(context), self._clock.timestamp()

        async def put(tx: Transaction) -> None:
            old = await find_dashboard(tx, scope, request.dashboard_name)
            tags = old.tags if old is not None else merged_tags({}, request.tags or ())
            record = DashboardRecord(
                name=request.dashboard_name, body=request.dashboard_body, modified_s=now_s, tags=tags
            )
            put_dashboard(tx, scope, record)

        await self._store.run(put)
        return PutDashboardOutput(dashboard_validation_messages=messages)

    async def get_dashboard(self, context: RequestContext, request: GetDashboardInput) -> GetDashboardOutput:
        scope = scope_of(context)
        found = await get_dashboard(self._store.snapshot(), scope, request.dashboard_name)
        return GetDashboardOutput(
            dashboard_arn=scope.dashboard_arn(found.name), dashboard_body=found.body, dashboard_name=found.name
        )

    async def list_dashboards(self, context: RequestContext, request: ListDashboardsInput) -> ListDashboardsOutput:
        scope = scope_of(context)
        found = await dashboards(self._store.snapshot(), scope, prefix=request.dashboard_name_prefix or "")
        passed = read_number(request.next_token)
        page = found[passed : passed + _LISTED_MAX]
        return ListDashboardsOutput(
            dashboard_entries=[
                DashboardEntry(
                    dashboard_name=one.name,
                    dashboard_arn=scope.dashboard_arn(one.name),
                    last_modified=datetime.fromtimestamp(int(one.modified_s), UTC),
                    size=len(one.body.encode()),
                )
                for one in page
            ],
            next_token=write_token(str(passed + _LISTED_MAX)) if len(found) > passed + _LISTED_MAX else None,
        )

    async def delete_dashboards(
        self, context: RequestContext, request: DeleteDashboardsInput
    ) -> DeleteDashboardsOutput:
        """All, or none when one of them is not there (API_DeleteDashboards)."""
        scope = scope_of(context)

        async def delete(tx: Transaction) -> None:
            for name in request.dashboard_names:
                await get_dashboard(tx, scope, name)
                clear_dashboard(tx, scope, name)

        await self._store.run(delete)
        return DeleteDashboardsOutput()
