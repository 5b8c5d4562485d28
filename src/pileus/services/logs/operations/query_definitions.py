"""Queries that somebody keeps under a name."""

from typing import Final

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.kernel.storage.seam import Transaction
from pileus.services.logs.errors import ResourceNotFoundException
from pileus.services.logs.limits import QUERY_PAGE_MAX
from pileus.services.logs.model import QueryDefinitionRecord
from pileus.services.logs.operations.base import LogsBase, read_name_token, region_of, write_name_token
from pileus.services.logs.shapes import (
    DeleteQueryDefinitionRequest,
    DeleteQueryDefinitionResponse,
    DescribeQueryDefinitionsRequest,
    DescribeQueryDefinitionsResponse,
    PutQueryDefinitionRequest,
    PutQueryDefinitionResponse,
    QueryDefinition,
)
from pileus.services.logs.store import Kept

_DEFINITIONS: Final = Kept("query-definition", QueryDefinitionRecord)


class QueryDefinitionOperations(LogsBase):
    async def put_query_definition(
        self, context: RequestContext, request: PutQueryDefinitionRequest
    ) -> PutQueryDefinitionResponse:
        """The same client token with a new definition makes one, not two (API_PutQueryDefinition)."""
        if request.query_language not in (None, "CWLI"):
            raise NotImplementedByPileus(f"queryLanguage {request.query_language} is not implemented")
        if request.parameters:
            raise NotImplementedByPileus("parameters are not implemented")
        known = request.query_definition_id

        async def put(tx: Transaction) -> str:
            region = region_of(context)
            wanted = known
            if wanted is not None and await _DEFINITIONS.find(tx, region, wanted) is None:
                raise _unknown()
            if wanted is None and request.client_token is not None:
                for other in await _DEFINITIONS.list(tx, region):
                    if other.client_token == request.client_token:
                        wanted = other.definition_id
            record = QueryDefinitionRecord(
                definition_id=wanted or self._ids.uuid(),
                name=request.name,
                query=request.query_string,
                groups=list(request.log_group_names or ()),
                modified_ms=self._now_ms(),
                client_token=request.client_token,
            )
            _DEFINITIONS.put(tx, region, record, record.definition_id)
            return record.definition_id

        return PutQueryDefinitionResponse(query_definition_id=await self._store.run(put))

    async def describe_query_definitions(
        self, context: RequestContext, request: DescribeQueryDefinitionsRequest
    ) -> DescribeQueryDefinitionsResponse:
        prefix = request.query_definition_name_prefix or ""
        limit = request.max_results or QUERY_PAGE_MAX
        found = [
            record
            for record in await _DEFINITIONS.list(
                self._store.snapshot(), region_of(context), beyond=read_name_token(request.next_token)
            )
            if record.name.startswith(prefix) and request.query_language in (None, "CWLI")
        ]
        return DescribeQueryDefinitionsResponse(
            query_definitions=[
                QueryDefinition(
                    query_language="CWLI",
                    query_definition_id=record.definition_id,
                    name=record.name,
                    query_string=record.query,
                    last_modified=record.modified_ms,
                    log_group_names=record.groups,
                )
                for record in found[:limit]
            ],
            next_token=write_name_token(found[limit - 1].definition_id) if len(found) > limit else None,
        )

    async def delete_query_definition(
        self, context: RequestContext, request: DeleteQueryDefinitionRequest
    ) -> DeleteQueryDefinitionResponse:
        async def delete(tx: Transaction) -> None:
            if await _DEFINITIONS.find(tx, region_of(context), request.query_definition_id) is None:
                raise _unknown()
            _DEFINITIONS.clear(tx, region_of(context), request.query_definition_id)

        await self._store.run(delete)
        return DeleteQueryDefinitionResponse(success=True)


def _unknown() -> ResourceNotFoundException:
    return ResourceNotFoundException("The specified query definition does not exist.")
