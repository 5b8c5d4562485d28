"""How is a request to an API answered?

Reached by host (`ID.execute-api.anything`) or, by clients that cannot resolve it, by path (`/_aws/execute-api/ID/...`);
then the first segment is a stage, or `$default` serves it all (the path form may also say `$default`). What an API
serves is compiled once and kept until the few bytes of its `PublishedRecord` differ, which every request compares, so
a change by another process is seen too.
"""

import asyncio
import logging
from base64 import urlsafe_b64encode
from collections.abc import Coroutine
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

from pileus.kernel.clock import Clock
from pileus.kernel.errors import ServiceError
from pileus.kernel.http.bodies import BodyBroken
from pileus.kernel.http.cross_origin import preflight, with_cors
from pileus.kernel.http.function_events import received_headers
from pileus.kernel.http.messages import NoRoom, PayloadTooLarge, Request, Response
from pileus.kernel.ids import Ids
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.metrics.metering import API_REQUESTS, meter
from pileus.kernel.metrics.series import Series
from pileus.kernel.storage.seam import Store
from pileus.services.apigatewayv2.compiled import CompiledApi, CompiledRoute, CompiledStage, compile_api
from pileus.services.apigatewayv2.events import Arrival, event_1_0, event_2_0
from pileus.services.apigatewayv2.invoker import Arrived, DenialLog, FunctionInvoker, Invocation
from pileus.services.apigatewayv2.limits import PAYLOAD_BYTES_MAX
from pileus.services.apigatewayv2.model import DEFAULT, PATH_FORM, split_port
from pileus.services.apigatewayv2.responses import Malformed, message, response_1_0, response_2_0
from pileus.services.apigatewayv2.store import published_key

_log: Final = logging.getLogger(__name__)

_PRINCIPAL: Final = "apigateway.amazonaws.com"
_HOST_MARK: Final = ".execute-api."
_DEFAULT_IN_PATHS: Final = frozenset({DEFAULT, "%24default"})
_COMPILED_MAX: Final = 1_000
_METERED_BYTES: Final = 512 * 1024

_TOO_LARGE: Final = frozenset({"RequestTooLargeException", "RequestEntityTooLargeException"})


class Address(NamedTuple):
    """Which API a request is for, and the path within it, stage included."""

    api_id: str
    path: str
    by_host: bool


def addressed(*, host: str, path: str) -> Address | None:
    """The API that a request is for; None when it is for none."""
    api_id, mark, _ = host.partition(_HOST_MARK)
    if mark and "." not in api_id:
        return Address(api_id.lower(), path, by_host=True)
    if path.startswith(PATH_FORM):
        api_id, _, rest = path[len(PATH_FORM) :].partition("/")
        first, _, below = rest.partition("/")
        return Address(api_id, f"/{below if first in _DEFAULT_IN_PATHS else rest}", by_host=False)
    return None


class ExecuteApi:
    """Serves the requests of every HTTP API."""

    def __init__(
        self,
        *,
        store: Store,
        invoker: FunctionInvoker,
        clock: Clock,
        ids: Ids,
        metrics: Metrics,
        denials: DenialLog | None = None,
    ) -> None:
        """denials: hears why functions let an API not in; None outside of an application."""
        self._metrics = metrics
        self._metered: dict[str, Series] = {}
        self._denials = denials
        self._store = store
        self._invoker = invoker
        self._clock = clock
        self._ids = ids
        self._compiled: dict[str, CompiledApi] = {}
        self._invocations: set[asyncio.Task[Invocation]] = set()

    async def __call__(self, request: Request) -> Response:
        request_id = urlsafe_b64encode(self._ids.bytes(11)).decode()
        try:
            return await self._respond(request, request_id)
        except BodyBroken:
            raise  # the front door says what is due
        except Exception:  # noqa: BLE001 - an edge, as the dispatcher is for the other APIs (STYLE, section 6)
            _log.exception("%s %r failed; request %s", request.method, request.path[:200], request_id)
            return message(500, "Internal Server Error", request_id=request_id)

    async def _respond(self, request: Request, request_id: str) -> Response:
        address = addressed(host=request.headers.get("host", ""), path=request.path)
        api = None if address is None else await self._api(address.api_id)
        if address is None or api is None:
            return message(404, "Not Found", request_id=request_id)
        stage, path = _stage(api, address)
        if stage is None:
            return message(404, "Not Found", request_id=request_id)
        if stage.cors is None:
            return await self._serve(request, request_id, address, api, stage, path)
        said = (("apigw-requestid", request_id),)
        early = preflight(stage.cors, method=request.method, headers=request.headers, said=said)
        if early is not None:
            return early
        response = await self._serve(request, request_id, address, api, stage, path)
        return with_cors(stage.cors, response, origin=request.headers.get("origin"))

    async def close(self) -> None:
        """Give up the invocations that nobody waits for any more."""
        for invocation in self._invocations:
            invocation.cancel()
        await asyncio.gather(*self._invocations, return_exceptions=True)

    async def _api(self, api_id: str) -> CompiledApi | None:
        snapshot = self._store.snapshot()
        raw = await snapshot.get(published_key(api_id))
        if raw is None:
            self._compiled.pop(api_id, None)
            return None
        compiled = self._compiled.get(api_id)
        if compiled is None or compiled.raw != raw:
            if len(self._compiled) >= _COMPILED_MAX:
                self._compiled.clear()
            compiled = self._compiled[api_id] = await compile_api(snapshot, api_id, raw)
        return compiled

    async def _serve(
        self, request: Request, request_id: str, address: Address, api: CompiledApi, stage: CompiledStage, path: str
    ) -> Response:
        match = stage.routes.find(request.method, path)
        if match is None:
            return message(404, "Not Found", request_id=request_id)
        route = match.route
        if route.function is None:  # no integration, or stage variables that name no function
            return message(500, "Internal Server Error", request_id=request_id)
        try:
            body = await request.read(PAYLOAD_BYTES_MAX)
        except PayloadTooLarge:
            return message(413, "Request Entity Too Large", request_id=request_id)
        except NoRoom:
            return message(503, "Service Unavailable", request_id=request_id)
        self._meter(api, address.api_id, len(body))
        arrival = self._arrival(request, request_id, address, api, stage, route, match.variables, body)
        event = event_2_0(arrival) if route.payload_format_version == "2.0" else event_1_0(arrival)
        invocation = self._invoker.invoke(
            function_arn=route.function,
            payload=event,
            service_principal=_PRINCIPAL,
            source_arn=_source_arn(api, address.api_id, stage.name, request.method, route.resource_path),
        )
        arrived = Arrived(request_id=request_id, region=api.region, source_ip=request.peer)
        return await self._answer(invocation, route, arrived)

    def _meter(self, api: CompiledApi, api_id: str, body_bytes: int) -> None:
        """One request for each started 512 KB. Source: Amazon API Gateway Pricing, "HTTP APIs"."""
        series = self._metered.get(api_id)
        if series is None:
            if len(self._metered) >= _COMPILED_MAX:
                self._metered.clear()
            series = meter(self._metrics, api.account_id, api.region, API_REQUESTS, (("ApiId", api_id),))
            self._metered[api_id] = series
        series.add(max(1, -(-body_bytes // _METERED_BYTES)))

    async def _answer(
        self, invocation: Coroutine[Any, Any, Invocation], route: CompiledRoute, arrived: Arrived
    ) -> Response:
        """Wait for the function, but not longer than the integration may take.

        The function goes on after its time is up, as on AWS. Its task is ours: `asyncio.wait` neither cancels it nor
        needs a current task, so that it may stand in a handler's first step.
        """
        task = asyncio.get_running_loop().create_task(invocation)
        self._invocations.add(task)
        task.add_done_callback(self._done)
        await asyncio.wait((task,), timeout=route.timeout_s)
        if not task.done() or task.cancelled():  # too slow, or the server is closing
            return message(503, "Service Unavailable", request_id=arrived.request_id)
        error = task.exception()
        if isinstance(error, ServiceError) and error.denial is not None and self._denials is not None:
            await self._denials.note(error.denial, arrived)
        return _response(task, route, arrived.request_id)

    def _done(self, task: "asyncio.Task[Invocation]") -> None:
        self._invocations.discard(task)
        if not task.cancelled():
            task.exception()  # seen, also when the client was told 503 before

    def _arrival(
        self,
        request: Request,
        request_id: str,
        address: Address,
        api: CompiledApi,
        stage: CompiledStage,
        route: CompiledRoute,
        path_variables: dict[str, str],
        body: bytes,
    ) -> Arrival:
        now_s = self._clock.timestamp()
        host = split_port(request.headers.get("host", ""))[0]
        domain = host if address.by_host else f"{address.api_id}{_HOST_MARK}localhost"
        path = unquote(address.path) if "%" in address.path else address.path
        return Arrival(
            account_id=api.account_id,
            api_id=address.api_id,
            stage=stage.name,
            stage_variables=stage.variables,
            route_key=route.key,
            resource_path=route.resource_path,
            path_variables=path_variables,
            method=request.method,
            path=path,
            query=request.query,
            headers=received_headers(
                request.headers,
                body_bytes=len(body),
                host=domain,
                peer=request.peer,
                secure=request.secure,
                trace_id=f"Root=1-{int(now_s):08x}-{self._ids.bytes(12).hex()}",
            ),
            body=body,
            domain=domain,
            source_ip=request.peer,
            request_id=request_id,
            at_s=now_s,
        )


def _response(task: "asyncio.Task[Invocation]", route: CompiledRoute, request_id: str) -> Response:
    """What the client gets for an invocation that has ended."""
    error = task.exception()
    if isinstance(error, ServiceError):
        return _refused(error, request_id)
    if error is not None:
        # No API's error: our own mistake. Answered here, so that a browser of another origin may read it too.
        _log.error("the invocation of %s failed; request %s", route.function, request_id, exc_info=error)
        return message(500, "Internal Server Error", request_id=request_id)
    outcome = task.result()
    if outcome.function_error is not None:
        return message(500, "Internal Server Error", request_id=request_id)
    interpret = response_2_0 if route.payload_format_version == "2.0" else response_1_0
    try:
        return interpret(outcome.payload, request_id=request_id)
    except Malformed:
        return message(500, "Internal Server Error", request_id=request_id)


def _stage(api: CompiledApi, address: Address) -> tuple[CompiledStage | None, str]:
    """The stage that serves a path, and the path without its name."""
    name, slash, rest = address.path[1:].partition("/")
    stage = None if name == DEFAULT else api.stages.get(name)
    if stage is not None:
        return stage, f"/{rest}" if slash else "/"
    return api.stages.get(DEFAULT), address.path


def _source_arn(api: CompiledApi, api_id: str, stage: str, method: str, resource_path: str) -> str:
    """Whose permission the function asks for. `$default` names no method, other routes their path as written.

    Source: Developer Guide, "Create AWS Lambda proxy integrations": `arn:aws:execute-api:...:API/*/*/path/{variable}`.
    """
    what = DEFAULT if resource_path == DEFAULT else f"{method}{resource_path}"
    partition = (
        "aws-cn" if api.region.startswith("cn-") else "aws-us-gov" if api.region.startswith("us-gov-") else "aws"
    )
    return f"arn:{partition}:execute-api:{api.region}:{api.account_id}:{api_id}/{stage}/{what}"


def _refused(error: ServiceError, request_id: str) -> Response:
    """Lambda did not run the function: no permission or no such function is the API's fault, no room passes."""
    if error.error_code == "TooManyRequestsException":
        return message(503, "Service Unavailable", request_id=request_id)
    if error.error_code in _TOO_LARGE:
        return message(413, "Request Entity Too Large", request_id=request_id)
    return message(500, "Internal Server Error", request_id=request_id)
