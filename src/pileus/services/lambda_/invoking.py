"""How does an event reach its function, and the answer its caller?

The hot path. What a name leads to is read at every invocation: see `resolving`.
"""

import binascii
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Coroutine, Sequence
from typing import Any, Final, NoReturn, Protocol

import msgspec

from pileus.kernel.auth.audit import Denial
from pileus.kernel.auth.service_calls import ServiceCall
from pileus.kernel.clock import Clock
from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus, ServiceError
from pileus.kernel.ids import Ids
from pileus.kernel.sandbox.sandbox import SandboxFailed
from pileus.kernel.storage.seam import Store, Transaction
from pileus.services.lambda_.code import CodePackages
from pileus.services.lambda_.environments.types import (
    ConcurrencyExceeded,
    EnvironmentsClosed,
    FunctionSpec,
    ImagesUnsupported,
    Invocation,
    InvocationResult,
    RestoreFailed,
    UnsupportedRuntime,
)
from pileus.services.lambda_.errors import (
    AccessDeniedException,
    CrossAccountRole,
    InvalidRequestContentException,
    RequestEntityTooLargeException,
    RequestTooLargeException,
    ResourceNotFoundException,
    ServiceException,
    SnapStartException,
    SnapStartTimeoutException,
    Stopped,
    TooManyRequestsException,
)
from pileus.services.lambda_.events_metrics import EventMetrics
from pileus.services.lambda_.images.store import Images
from pileus.services.lambda_.limits import ASYNC_PAYLOAD_BYTES_MAX, PAYLOAD_BYTES_MAX
from pileus.services.lambda_.model import StatementRecord
from pileus.services.lambda_.names import FunctionName, function_name, function_of_arn
from pileus.services.lambda_.policy import service_denial
from pileus.services.lambda_.resolving import Guarded, Named, Ready, Resolver, resolve
from pileus.services.lambda_.shapes import InvocationRequest, InvocationResponse, InvokeWithResponseStreamRequest
from pileus.services.lambda_.store import AsyncInvocation, emit_invocation
from pileus.services.lambda_.streaming import StreamedInvocation, StreamedInvocations

ROLE_REFUSED: Final = "The role defined for the function cannot be assumed by Lambda."
"""AWS says so when a function is created or given a role, and when it is invoked after its role has gone."""

_NAMES_KEPT_MAX: Final = 8_192
_CALLERS_KEPT_MAX: Final = 256

_raw: Final = msgspec.json.Decoder(msgspec.Raw)


class Environments(Protocol):
    """What runs functions: the `EnvironmentPool`."""

    def invoke(self, spec: FunctionSpec, invocation: Invocation) -> Coroutine[Any, Any, InvocationResult]:
        """Raises UnsupportedRuntime, ConcurrencyExceeded, and ServiceError when the role cannot be assumed."""
        ...

    async def retire(self, function_arn: str) -> None: ...

    def prepare(self) -> None:
        """Functions will be invoked: start what their environments come from. Returns at once."""
        ...


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
        self._environments = environments
        self.resolver = Resolver(store=store, packages=packages, images=images, ids=ids)
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
            _check_async_size(payload)
        elif len(payload) > PAYLOAD_BYTES_MAX:
            raise _payload_too_large()
        check_json(payload)
        client_context = None if request.client_context is None else read_client_context(request.client_context)
        if kind == "DryRun":
            return InvocationResponse(status_code=204)
        if kind == "Event":
            await self._accept(
                named.function, request_id=context.request_id, payload=payload, client_context=client_context
            )
            return InvocationResponse(status_code=202)
        result = await self._run(
            ready.spec,
            Invocation(
                request_id=context.request_id,
                payload=payload,
                invoked_function_arn=named.arn,
                client_context=client_context,
                trace_id=new_trace(self._clock, self._ids),
            ),
        )
        return InvocationResponse(
            status_code=200,
            function_error=result.function_error,
            log_result=b64encode(result.log).decode() if request.log_type == "Tail" else None,
            payload=result.payload,
            executed_version=ready.spec.version,
        )

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
            raise _payload_too_large()
        check_json(payload)
        client_context = None if request.client_context is None else read_client_context(request.client_context)
        return ready, Invocation(
            request_id=context.request_id,
            payload=payload,
            invoked_function_arn=named.arn,
            client_context=client_context,
            trace_id=new_trace(self._clock, self._ids),
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
            raise _payload_too_large()
        invocation = Invocation(
            request_id=self._ids.uuid(),
            payload=payload,
            invoked_function_arn=named.arn,
            trace_id=new_trace(self._clock, self._ids),
        )
        result = await self._run(ready.spec, invocation)
        return ServiceInvocation(payload=result.payload, function_error=result.function_error)

    async def event_for_service(self, *, function_arn: str, payload: bytes, call: ServiceCall) -> str:
        """Write an event down for another AWS service; its request id. Raises as `for_service` does."""
        named, _ = await self._let_in(function_arn, call)
        _check_async_size(payload)
        request_id = self._ids.uuid()
        await self._accept(named.function, request_id=request_id, payload=payload)
        return request_id

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
            raise _payload_too_large()
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
        self, function: FunctionName, *, request_id: str, payload: bytes, client_context: str | None = None
    ) -> None:
        """Write the event down; it is delivered from the outbox, at least once."""
        invocation = AsyncInvocation(
            request_id=request_id,
            function=function,
            payload=payload,
            accepted_at=self._clock.now(),
            client_context=client_context,
            trace_id=new_trace(self._clock, self._ids),
        )

        async def write(tx: Transaction) -> None:
            await resolve(tx, function)
            emit_invocation(tx, invocation)

        await self._store.run(write)
        self._metrics.received(function)

    async def _run(self, spec: FunctionSpec, invocation: Invocation) -> InvocationResult:
        try:
            return await self._environments.invoke(spec, invocation)
        except EnvironmentsClosed:
            raise Stopped from None
        except ConcurrencyExceeded as full:
            raise TooManyRequestsException(full.reason) from None
        except RestoreFailed as failed:
            raise SnapStartTimeoutException if failed.timed_out else SnapStartException from None
        except ImagesUnsupported as reason:
            raise NotImplementedByPileus(str(reason)) from None
        except UnsupportedRuntime:
            raise NotImplementedByPileus(f"The runtime {spec.runtime} cannot run on this host") from None
        except SandboxFailed as error:
            raise ServiceException("No execution environment could be started.") from error
        except CrossAccountRole:
            raise
        except ServiceError as error:  # of whoever issues the role's credentials
            raise AccessDeniedException(ROLE_REFUSED).because(error.denial) from error

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


def new_trace(clock: Clock, ids: Ids) -> str:
    """A trace that begins here and is not sampled, as Lambda makes one when tracing is `PassThrough`.

    Source: X-Ray Developer Guide, "Tracing header"; Lambda Developer Guide, `_X_AMZN_TRACE_ID`.
    """
    drawn = ids.bytes(20).hex()
    return f"Root=1-{int(clock.timestamp()):08x}-{drawn[:24]};Parent={drawn[24:]};Sampled=0"


def _payload_too_large() -> RequestEntityTooLargeException:
    return RequestEntityTooLargeException(
        f"Request must be smaller than {PAYLOAD_BYTES_MAX} bytes for the InvokeFunction operation"
    )


def _check_async_size(payload: bytes) -> None:
    if len(payload) > ASYNC_PAYLOAD_BYTES_MAX:
        raise RequestTooLargeException(
            f"{len(payload)} byte payload is too large for the Event invocation type "
            f"(limit {ASYNC_PAYLOAD_BYTES_MAX} bytes)"
        )


def check_json(payload: bytes) -> None:
    """Or InvalidRequestContentException, with the beginning of AWS's text and our own reason."""
    try:
        payload.decode()  # `Raw` looks at the structure, not into the texts
        _raw.decode(payload)
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError) as error:
        if isinstance(error, msgspec.DecodeError) and _loosely_json(payload):
            return
        raise InvalidRequestContentException(
            f"Could not parse request body into json: Could not parse payload into json: {_reason(error)}"
        ) from None


def _loosely_json(payload: bytes) -> bool:
    r"""Whether it is JSON but for escapes of half a character (`\ud800`), which AWS and the runtimes bear."""
    try:
        json.loads(payload, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return False
    return not payload.startswith(b"\xef\xbb\xbf")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"Invalid UTF-8 start byte 0x{error.object[error.start]:02x} (byte {error.start})"
    if isinstance(error, RecursionError):
        return "Document nesting depth exceeds the maximum allowed"
    return re.sub(r"^JSON is malformed: ", "", str(error))


def read_client_context(given: str) -> str:
    """The JSON text of X-Amz-Client-Context; InvalidRequestContentException."""
    try:
        text = b64decode(given, validate=True)
        check_json(text)
        return text.decode()
    except (binascii.Error, ValueError, InvalidRequestContentException):
        raise InvalidRequestContentException("Client context must be a valid Base64-encoded JSON object.") from None
