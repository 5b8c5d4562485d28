"""How does an event reach its function, and the answer its caller?

The hot path. What a name leads to is read at every invocation: see `resolving`.
"""

from base64 import b64encode
from collections.abc import Sequence
from typing import Final

import msgspec

from pileus.kernel.auth.audit import Denial
from pileus.kernel.auth.service_calls import ServiceCall
from pileus.kernel.clock import Clock
from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.kernel.ids import Ids
from pileus.kernel.storage.seam import Store, Transaction
from pileus.services.lambda_.code import CodePackages
from pileus.services.lambda_.environments.types import (
    FunctionSpec,
    Invocation,
    InvocationResult,
)
from pileus.services.lambda_.errors import (
    AccessDeniedException,
    ResourceNotFoundException,
)
from pileus.services.lambda_.events_metrics import EventMetrics
from pileus.services.lambda_.images.store import Images
from pileus.services.lambda_.limits import PAYLOAD_BYTES_MAX
from pileus.services.lambda_.model import StatementRecord
from pileus.services.lambda_.names import FunctionName, function_name, function_of_arn
from pileus.services.lambda_.payloads import check_async_size, check_json, payload_too_large, read_client_context
from pileus.services.lambda_.policy import service_denial
from pileus.services.lambda_.recursion import Recursion
from pileus.services.lambda_.resolving import Guarded, Named, Ready, Resolver, resolve
from pileus.services.lambda_.running import Environments, Running
from pileus.services.lambda_.shapes import InvocationRequest, InvocationResponse, InvokeWithResponseStreamRequest
from pileus.services.lambda_.store import AsyncInvocation, emit_invocation
from pileus.services.lambda_.streaming import StreamedInvocation, StreamedInvocations
from pileus.services.lambda_.traces import new_trace

_NAMES_KEPT_MAX: Final = 8_192
_CALLERS_KEPT_MAX: Final = 256


class ServiceInvocation(msgspec.Struct, frozen=True, kw_only=True):
    """What a function answered another service. function_error: `Unhandled`, or None when it returned."""

    payload: bytes
    function_error: str | None


class Invoker:
    """Invokes functions for the API, and for other services where the function's policy allows it."""

    def __init__(
        self,
        *,
        store: Store,
        environments: Environments,
        packages: CodePackages,
        images: Images,
        clock: Clock,
        ids: Ids,
        metrics: EventMetrics,
    ) -> None:
        self._store = store
        self._metrics = metrics
        self._run = Running(environments).run
        self.resolver = Resolver(store=store, packages=packages, images=images, ids=ids)
        self.recursion = Recursion(store=store, clock=clock, ids=ids, metrics=metrics)
        self._clock = clock
        self._ids = ids
        self._named: dict[tuple[str, str, str, str | None], Named] = {}
        self._streamed = StreamedInvocations(self._run)

    async def for_api(self, context: RequestContext, request: InvocationRequest) -> InvocationResponse:
        """Invoke, as the API's operation."""
        asked = (context.account_id, context.region, request.function_name, request.qualifier)
        named = self._named.get(asked) or self._understand(context, request, asked)
        ready = await self.resolver.find(named)
        if request.durable_execution_name is not None or request.tenant_id is not None:
            raise NotImplementedByPileus("DurableExecutionName and TenantId are not implemented")
        payload = request.payload or b"{}"
        kind = request.invocation_type
        if kind == "Event":
            check_async_size(payload)
        elif len(payload) > PAYLOAD_BYTES_MAX:
            raise payload_too_large()
        check_json(payload)
        client_context = None if request.client_context is None else read_client_context(request.client_context)
        if kind == "DryRun":
            return InvocationResponse(status_code=204)
        trace_id = self.recursion.trace(context.trace_header, named.function)
        if kind == "Event":
            await self._accept(
                named.function,
                request_id=context.request_id,
                payload=payload,
                client_context=client_context,
                trace_id=trace_id,
            )
            return InvocationResponse(status_code=202)
        if context.trace_header:
            await self.recursion.check(named.function, trace_id)
        result = await self._run(
            ready.spec,
            Invocation(
                request_id=context.request_id,
                payload=payload,
                invoked_function_arn=named.arn,
                client_context=client_context,
                trace_id=trace_id,
            ),
        )
        return InvocationResponse(
            status_code=200,
            function_error=result.function_error,
            log_result=b64encode(result.log).decode() if request.log_type == "Tail" else None,
            payload=result.payload,
            executed_version=ready.spec.version,
        )

    async def event_for_api(self, context: RequestContext, name: str, payload: bytes) -> None:
        """Accept an event; what is not there and what is no JSON is refused."""
        function = function_name(context, name)
        await self.resolver.find(Named(function))
        check_json(payload)
        trace_id = self.recursion.trace(context.trace_header, function)
        await self._accept(function, request_id=context.request_id, payload=payload, trace_id=trace_id)

    async def begin_stream(
        self, context: RequestContext, request: InvokeWithResponseStreamRequest
    ) -> StreamedInvocation:
        """InvokeWithResponseStream, until the answer begins."""
        ready, invocation = await self.prepare_stream(context, request)
        return await self._streamed.begin(ready.spec, invocation)

    async def prepare_stream(
        self, context: RequestContext, request: InvokeWithResponseStreamRequest
    ) -> tuple[Ready, Invocation]:
        """The same, without invoking anything."""
        asked = (context.account_id, context.region, request.function_name, request.qualifier)
        named = self._named.get(asked) or self._understand(context, request, asked)
        ready = await self.resolver.find(named)
        if request.tenant_id is not None:
            raise NotImplementedByPileus("TenantId is not implemented")
        payload = request.payload or b"{}"
        if len(payload) > PAYLOAD_BYTES_MAX:
            raise payload_too_large()
        check_json(payload)
        client_context = None if request.client_context is None else read_client_context(request.client_context)
        trace_id = self.recursion.trace(context.trace_header, named.function)
        if context.trace_header:
            await self.recursion.check(named.function, trace_id)
        return ready, Invocation(
            request_id=context.request_id,
            payload=payload,
            invoked_function_arn=named.arn,
            client_context=client_context,
            trace_id=trace_id,
        )

    async def for_service(
        self, *, function_arn: str, payload: bytes, service_principal: str, source_arn: str, source_account: str = ""
    ) -> ServiceInvocation:
        """Invoke for another AWS service, which acts on behalf of its resource `source_arn`.

        payload: JSON. source_account: whose that resource is, where its ARN does not say. Raises
        ResourceNotFoundException, AccessDeniedException, TooManyRequestsException, RequestEntityTooLargeException.
        """
        named, ready = await self._let_in(
            function_arn, ServiceCall(service=service_principal, source_arn=source_arn, source_account=source_account)
        )
        if len(payload) > PAYLOAD_BYTES_MAX:
            raise payload_too_large()
        invocation = Invocation(
            request_id=self._ids.uuid(),
            payload=payload,
            invoked_function_arn=named.arn,
            trace_id=new_trace(self._clock, self._ids),
        )
        result = await self._run(ready.spec, invocation)
        return ServiceInvocation(payload=result.payload, function_error=result.function_error)

    async def event_for_service(
        self, *, function_arn: str, payload: bytes, call: ServiceCall, trace_header: str = ""
    ) -> str:
        """Write an event down for another AWS service; its request id. Raises as `for_service` does."""
        named, _ = await self._let_in(function_arn, call)
        check_async_size(payload)
        request_id = self._ids.uuid()
        await self._accept(
            named.function,
            request_id=request_id,
            payload=payload,
            trace_id=self.recursion.trace(trace_header, named.function),
        )
        return request_id

    async def check_for_service(self, *, function_arn: str, call: ServiceCall) -> None:
        """Return if a function's policy lets a service. Raises as `for_service` does."""
        await self._let_in(function_arn, call)

    async def policy_of(self, function: FunctionName) -> Sequence[StatementRecord]:
        """Of whom a function URL belongs to; FunctionNotFound."""
        named = self._by_arn(function)
        return self.resolver.guarded(named, await self.resolver.find(named)).policy

    async def for_url(
        self, function: FunctionName, *, payload: bytes, request_id: str, trace_id: str
    ) -> InvocationResult:
        """Invoke for a request to a function URL, which has been let in."""
        return await self._run(*await self._prepare_url(function, payload, request_id, trace_id))

    async def stream_for_url(
        self, function: FunctionName, *, payload: bytes, request_id: str, trace_id: str
    ) -> StreamedInvocation:
        """The same, for whoever takes the answer in pieces; returns when it begins."""
        return await self._streamed.begin(*await self._prepare_url(function, payload, request_id, trace_id))

    async def _prepare_url(
        self, function: FunctionName, payload: bytes, request_id: str, trace_id: str
    ) -> tuple[FunctionSpec, Invocation]:
        if len(payload) > PAYLOAD_BYTES_MAX:
            raise payload_too_large()
        named = self._by_arn(function)
        ready = await self.resolver.find(named)
        return ready.spec, Invocation(
            request_id=request_id, payload=payload, invoked_function_arn=named.arn, trace_id=trace_id
        )

    def _by_arn(self, function: FunctionName) -> Named:
        asked = ("", "", function.qualified_arn, None)
        return self._named.get(asked) or self._keep(asked, function)

    async def _let_in(self, function_arn: str, call: ServiceCall) -> tuple[Named, Ready]:
        """What a service means, if the function's policy lets it."""
        asked = ("", "", function_arn, None)
        named = self._named.get(asked)
        if named is None:
            function = function_of_arn(function_arn)
            if function is None:
                raise ResourceNotFoundException(f"Function not found: {function_arn}")
            named = self._keep(asked, function)
        ready = await self.resolver.find(named)
        denial = self._denial(self.resolver.guarded(named, ready), named.function, call)
        if denial is not None:
            raise AccessDeniedException(
                f"User: {call.service} is not authorized to perform: lambda:InvokeFunction on resource: "
                f"{named.arn} because no resource-based policy allows the lambda:InvokeFunction action"
            ).because(denial)
        return named, ready

    async def again(self, invocation: AsyncInvocation) -> tuple[str, InvocationResult]:
        """Hand an event that was accepted earlier to its function; the version that ran, and what became of it.

        Raises FunctionNotFound, TooManyRequestsException.
        """
        named = Named(invocation.function)
        ready = await self.resolver.find(named)
        result = await self._run(
            ready.spec,
            Invocation(
                request_id=invocation.request_id,
                payload=invocation.payload,
                invoked_function_arn=named.arn,
                client_context=invocation.client_context,
                trace_id=invocation.trace_id or new_trace(self._clock, self._ids),
            ),
        )
        return ready.spec.version, result

    async def _accept(
        self,
        function: FunctionName,
        *,
        request_id: str,
        payload: bytes,
        client_context: str | None = None,
        trace_id: str = "",
    ) -> None:
        """Write the event down; it is delivered from the outbox, at least once."""
        invocation = AsyncInvocation(
            request_id=request_id,
            function=function,
            payload=payload,
            accepted_at=self._clock.now(),
            client_context=client_context,
            trace_id=trace_id or new_trace(self._clock, self._ids),
        )

        async def write(tx: Transaction) -> None:
            await resolve(tx, function)
            emit_invocation(tx, invocation)

        await self._store.run(write)
        self._metrics.received(function)

    def _denial(self, guarded: Guarded, function: FunctionName, call: ServiceCall) -> Denial | None:
        """What the policy says, kept: it cannot change without the record, and asks for nothing but these."""
        caller = (call.service, call.source_arn, call.source_account, function.qualifier)
        try:
            return guarded.denials[caller]
        except KeyError:
            if len(guarded.denials) >= _CALLERS_KEPT_MAX:
                guarded.denials.clear()
        denial = guarded.denials[caller] = service_denial(
            guarded.policy, function, call, action="lambda:InvokeFunction", now_s=self._clock.timestamp()
        )
        return denial

    def _understand(
        self,
        context: RequestContext,
        request: InvocationRequest | InvokeWithResponseStreamRequest,
        asked: tuple[str, str, str, str | None],
    ) -> Named:
        return self._keep(asked, function_name(context, request.function_name, request.qualifier))

    def _keep(self, asked: tuple[str, str, str, str | None], function: FunctionName) -> Named:
        if len(self._named) >= _NAMES_KEPT_MAX:
            self._named.clear()
        named = self._named[asked] = Named(function)
        return named
