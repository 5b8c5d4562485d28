"""Integrations: where routes lead."""

from typing import Final

from msgspec.structs import replace

from pileus.kernel.context import RequestContext
from pileus.services.apigatewayv2 import answers, shapes, unsupported
from pileus.services.apigatewayv2.errors import BadRequestException, ConflictException
from pileus.services.apigatewayv2.limits import INTEGRATION_TIMEOUT_MS_MAX
from pileus.services.apigatewayv2.model import (
    IntegrationRecord,
    names_function,
)
from pileus.services.apigatewayv2.operations.base import ApiGatewayV2Base, next_token, output, page
from pileus.services.apigatewayv2.store import INTEGRATION, ROUTE, Writing

_PAYLOAD_FORMATS: Final = ("1.0", "2.0")


class IntegrationOperations(ApiGatewayV2Base):
    """One method per operation."""

    async def create_integration(
        self, context: RequestContext, request: shapes.CreateIntegrationRequest
    ) -> shapes.CreateIntegrationResult:
        async def work(apis: Writing) -> shapes.Integration:
            unsupported.check_integration(request)
            _check_integration(uri=request.integration_uri, payload_format_version=request.payload_format_version)
            assert request.integration_uri is not None
            assert request.payload_format_version is not None
            record = IntegrationRecord(
                integration_id=self._ids.base36(7),
                uri=request.integration_uri,
                payload_format_version=request.payload_format_version,
                timeout_ms=request.timeout_in_millis or INTEGRATION_TIMEOUT_MS_MAX,
                integration_method=request.integration_method or "POST",
                description=request.description,
            )
            apis.put(INTEGRATION, request.api_id, record.integration_id, record)
            return answers.integration(record)

        return output(shapes.CreateIntegrationResult, await self._change(context, request.api_id, work))

    async def delete_integration(self, context: RequestContext, request: shapes.DeleteIntegrationRequest) -> None:
        async def work(apis: Writing) -> None:
            record = await apis.get(INTEGRATION, request.api_id, request.integration_id)
            target = f"integrations/{record.integration_id}"
            users = [route.route_id for route in await apis.all(ROUTE, request.api_id) if route.target == target]
            if users:
                # The message as AWS sent it to users of Terraform: milliHQ/terraform-aws-next-js, issue 247.
                raise ConflictException(
                    "Cannot delete Integration because it is referenced by the following Routes with Ids: "
                    f"[{', '.join(users)}]"
                )
            apis.remove(INTEGRATION, request.api_id, record.integration_id)

        await self._change(context, request.api_id, work)

    async def get_integration(
        self, context: RequestContext, request: shapes.GetIntegrationRequest
    ) -> shapes.GetIntegrationResult:
        reading = self._reading(context)
        await reading.api(request.api_id)
        record = await reading.get(INTEGRATION, request.api_id, request.integration_id)
        return output(shapes.GetIntegrationResult, answers.integration(record))

    async def get_integrations(
        self, context: RequestContext, request: shapes.GetIntegrationsRequest
    ) -> shapes.GetIntegrationsResponse:
        start, limit = page(request.max_results, request.next_token)
        reading = self._reading(context)
        await reading.api(request.api_id)
        found = await reading.all(INTEGRATION, request.api_id, after_id=start, limit=limit + 1)
        return shapes.GetIntegrationsResponse(
            items=[answers.integration(record) for record in found[:limit]],
            next_token=next_token(found, limit, lambda: found[limit - 1].integration_id),
        )

    async def update_integration(
        self, context: RequestContext, request: shapes.UpdateIntegrationRequest
    ) -> shapes.UpdateIntegrationResult:
        async def work(apis: Writing) -> shapes.Integration:
            unsupported.check_integration(request)
            record = await apis.get(INTEGRATION, request.api_id, request.integration_id)
            record = replace(
                record,
                uri=request.integration_uri or record.uri,
                payload_format_version=request.payload_format_version or record.payload_format_version,
                timeout_ms=request.timeout_in_millis or record.timeout_ms,
                integration_method=request.integration_method or record.integration_method,
                description=record.description if request.description is None else request.description,
            )
            _check_integration(uri=record.uri, payload_format_version=record.payload_format_version)
            apis.put(INTEGRATION, request.api_id, record.integration_id, record)
            return answers.integration(record)

        return output(shapes.UpdateIntegrationResult, await self._change(context, request.api_id, work))


def _check_integration(*, uri: str | None, payload_format_version: str | None) -> None:
    if uri is None or not names_function(uri):
        raise BadRequestException("Invalid Integration URI specified")
    if payload_format_version is None:
        # API reference, CreateIntegration: "Required for HTTP APIs".
        raise BadRequestException("PayloadFormatVersion is a required parameter for HTTP APIs")
    if payload_format_version not in _PAYLOAD_FORMATS:
        raise BadRequestException(f"Invalid PayloadFormatVersion: {payload_format_version}")
