"""How is API Gateway built: its control plane, and the APIs that users deploy with it?"""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pileus.composition.authorization import LateAuthorizer
from pileus.composition.foundation import Foundation
from pileus.composition.part import Part, described
from pileus.kernel.auth.permissions import ResourceSource
from pileus.kernel.http.messages import Request, Response
from pileus.kernel.routing import Router
from pileus.kernel.service import Service

if TYPE_CHECKING:
    from pileus.services.apigatewayv2.dataplane import ExecuteApi
    from pileus.services.apigatewayv2.invoker import FunctionInvoker


class ApiGatewayV2Part(Part):
    """functions: who invokes those behind APIs. authorizer: hears why one let an API not in."""

    def __init__(
        self, foundation: Foundation, *, functions: "Callable[[], FunctionInvoker]", authorizer: LateAuthorizer
    ) -> None:
        super().__init__(foundation)
        self._functions = functions
        self._authorizer = authorizer

    def services(self) -> Sequence[Service]:
        return (described("apigatewayv2", self._api, signing_name="apigateway"),)

    def resources(self) -> Mapping[str, ResourceSource]:
        from pileus.services.apigatewayv2.permissions import ApiGatewayV2Resources

        return {"apigateway": ApiGatewayV2Resources(self._store)}

    def route(self, router: Router) -> None:
        router.add_host("execute-api", self._execute)
        router.add_path("/_aws/execute-api/", self._execute, deployed=True)

    async def hang_up(self) -> None:
        if "_execute_api" in self.__dict__:
            await self._execute_api.close()

    def _api(self) -> object:
        from pileus.services.apigatewayv2.api import ApiGatewayV2Api

        return ApiGatewayV2Api(store=self._store, clock=self._clock, ids=self._ids)

    def _execute(self, request: Request) -> Coroutine[Any, Any, Response]:
        return self._execute_api(request)

    @cached_property
    def _execute_api(self) -> "ExecuteApi":
        from pileus.services.apigatewayv2.dataplane import ExecuteApi

        return ExecuteApi(
            store=self._store,
            invoker=self._functions(),
            clock=self._clock,
            ids=self._ids,
            metrics=self._metrics,
            denials=self._authorizer,
        )
