"""An API Gateway on a store of its own, with a function that does what a test says."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from pileus.kernel.clock import MovableClock
from pileus.kernel.context import Principal, RequestContext
from pileus.kernel.http.messages import Request, Response
from pileus.kernel.ids import SeededIds
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.storage.sqlite import SqliteStore, open_store
from pileus.services.apigatewayv2 import shapes
from pileus.services.apigatewayv2.api import ApiGatewayV2Api
from pileus.services.apigatewayv2.dataplane import ExecuteApi

ARN = "arn:aws:lambda:eu-west-1:000000000000:function:notes"


def context(*, account_id: str = "000000000000", region: str = "eu-west-1") -> RequestContext:
    return RequestContext(
        service="apigatewayv2",
        operation="",
        request_id="",
        account_id=account_id,
        region=region,
        principal=Principal(account_id=account_id, arn=f"arn:aws:iam::{account_id}:root", user_id=account_id),
        source_ip="127.0.0.1",
        host="localhost:4566",
    )


class Answer:
    """What a function answered."""

    def __init__(self, payload: bytes, function_error: str | None = None) -> None:
        self.payload = payload
        self.function_error = function_error


class ScriptedFunction:
    """Keeps what it was sent, and answers with what `result` returns or raises."""

    def __init__(self) -> None:
        self.calls: list[dict[str, str]] = []
        self.events: list[dict[str, Any]] = []
        self.result: Callable[[dict[str, Any]], object] = lambda event: {"statusCode": 200, "body": "ok"}
        self.function_error: str | None = None
        self.held: asyncio.Event | None = None

    async def invoke(self, *, function_arn: str, payload: bytes, service_principal: str, source_arn: str) -> Answer:
        self.calls.append({"function": function_arn, "principal": service_principal, "source": source_arn})
        event = json.loads(payload)
        self.events.append(event)
        if self.held is not None:
            await self.held.wait()
        return Answer(json.dumps(self.result(event)).encode(), self.function_error)


class Gateway:
    """Control plane, data plane and function, together."""

    def __init__(self, store: SqliteStore, clock: MovableClock) -> None:
        self.clock = clock
        self.store = store
        self.function = ScriptedFunction()
        ids = SeededIds()
        self.api = ApiGatewayV2Api(store=store, clock=clock, ids=ids)
        self.serve = ExecuteApi(store=store, invoker=self.function, clock=clock, ids=ids, metrics=Metrics(store, clock))

    async def create(self, *, stages: tuple[str, ...] = ("$default",), **options: Any) -> str:
        """An API whose stages deploy by themselves."""
        request = shapes.CreateApiRequest(name="notes", protocol_type="HTTP", **options)
        api = await self.api.create_api(context(), request)
        assert api.api_id is not None
        for stage in stages:
            await self.api.create_stage(
                context(), shapes.CreateStageRequest(api_id=api.api_id, stage_name=stage, auto_deploy=True)
            )
        return api.api_id

    async def integrate(self, api_id: str, *, uri: str = ARN, **options: Any) -> str:
        options = {"payload_format_version": "2.0"} | options
        made = await self.api.create_integration(
            context(),
            shapes.CreateIntegrationRequest(
                api_id=api_id, integration_type="AWS_PROXY", integration_uri=uri, **options
            ),
        )
        assert made.integration_id is not None
        return made.integration_id

    async def route(self, api_id: str, key: str, **options: Any) -> str:
        """A route with an integration of its own; the route's id."""
        target = f"integrations/{await self.integrate(api_id, **options)}"
        made = await self.api.create_route(
            context(), shapes.CreateRouteRequest(api_id=api_id, route_key=key, target=target)
        )
        assert made.route_id is not None
        return made.route_id

    async def request(
        self, api_id: str, target: str, *, method: str = "GET", body: bytes = b"", by_path: bool = False, **headers: str
    ) -> Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if by_path:
            target = f"/_aws/execute-api/{api_id}{target}"
            sent["host"] = "localhost:4566"
        else:
            sent["host"] = f"{api_id}.execute-api.localhost:4566"
        return await self.serve(Request(method=method, target=target, headers=sent, body=body, peer="192.0.2.1"))


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    clock = MovableClock()
    store = open_store(tmp_path, clock=clock)
    made = Gateway(store, clock)
    yield made
    await made.serve.close()
    await store.close()
