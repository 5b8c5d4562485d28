"""Which functions are there, and which versions of them?"""

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.lambda_ import store as records
from pileus.services.lambda_.describing import listed
from pileus.services.lambda_.limits import LIST_ITEMS_MAX
from pileus.services.lambda_.model import Target, latest_of, version_of
from pileus.services.lambda_.names import LATEST, FunctionName, function_name
from pileus.services.lambda_.operations.base import LambdaBase
from pileus.services.lambda_.shapes import ListFunctionsRequest, ListFunctionsResponse


class FunctionListOperations(LambdaBase):
    async def list_functions(self, context: RequestContext, request: ListFunctionsRequest) -> ListFunctionsResponse:
        if request.master_region is not None:
            raise NotImplementedByPileus("MasterRegion is not implemented")
        limit = min(request.max_items or LIST_ITEMS_MAX, LIST_ITEMS_MAX)
        if request.function_version == "ALL":
            return await self._list_every_version(context, request.marker, limit=limit)
        page = await records.list_functions(
            self._store.snapshot(),
            account_id=context.account_id,
            region=context.region,
            after_name=request.marker,
            limit=limit + 1,
        )
        return ListFunctionsResponse(
            functions=[listed(latest_of(function_name(context, record.name), record)) for record in page[:limit]],
            next_marker=page[limit - 1].name if len(page) > limit else None,
        )

    async def _list_every_version(
        self, context: RequestContext, marker: str | None, *, limit: int
    ) -> ListFunctionsResponse:
        """Each function's `$LATEST` and then its versions. The marker is the name and qualifier of the last one."""
        snapshot = self._store.snapshot()
        targets: list[Target] = []
        after_name: str | None = None
        if marker:
            after_name, _, qualifier = marker.partition(":")
            last = FunctionName(
                partition=context.partition,
                region=context.region,
                account_id=context.account_id,
                name=after_name,
                qualifier=qualifier or None,
            )
            targets.extend(await self._versions_after(last, last.version or 0))
        while len(targets) <= limit:
            page = await records.list_functions(
                snapshot, account_id=context.account_id, region=context.region, after_name=after_name, limit=1
            )
            if not page:
                break
            after_name = page[0].name
            function = function_name(context, after_name)
            targets.append(latest_of(function.qualified_by(LATEST), page[0]))
            targets.extend(await self._versions_after(function, 0))
        shown = targets[:limit]
        more = len(targets) > limit
        return ListFunctionsResponse(
            functions=[listed(target) for target in shown],
            next_marker=f"{shown[-1].function.name}:{shown[-1].version}" if more else None,
        )

    async def _versions_after(self, function: FunctionName, number: int) -> list[Target]:
        versions = await records.list_versions(
            self._store.snapshot(), function, after_number=number, limit=LIST_ITEMS_MAX + 1
        )
        return [version_of(function, version) for version in versions]
