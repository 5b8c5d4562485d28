"""InvokeWithResponseStream."""

from base64 import b64encode
from collections.abc import AsyncIterator

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import ServiceError
from pileus.services.lambda_.environments.types import InvocationResult
from pileus.services.lambda_.operations.base import LambdaBase
from pileus.services.lambda_.shapes import (
    InvokeResponseStreamUpdate,
    InvokeWithResponseStreamCompleteEvent,
    InvokeWithResponseStreamRequest,
    InvokeWithResponseStreamResponse,
    InvokeWithResponseStreamResponseEvent,
)
from pileus.services.lambda_.streaming import StreamedInvocation


class _Told(msgspec.Struct):
    """What we look for in an error document; anything else may be there."""

    error_type: str = msgspec.field(name="errorType", default="Unhandled")


class StreamingOperations(LambdaBase):
    async def invoke_with_response_stream(
        self, context: RequestContext, request: InvokeWithResponseStreamRequest
    ) -> InvokeWithResponseStreamResponse:
        if request.invocation_type == "DryRun":
            await self._invoker.prepare_stream(context, request)
            return InvokeWithResponseStreamResponse(status_code=204, event_stream=_nothing())
        invocation = await self._invoker.begin_stream(context, request)
        return InvokeWithResponseStreamResponse(
            status_code=200,
            executed_version=invocation.spec.version,
            event_stream=_events(invocation, with_log=request.log_type == "Tail"),
        )


async def _nothing() -> AsyncIterator[InvokeWithResponseStreamResponseEvent]:
    none: tuple[InvokeWithResponseStreamResponseEvent, ...] = ()
    for event in none:
        yield event


async def _events(
    invocation: StreamedInvocation, *, with_log: bool
) -> AsyncIterator[InvokeWithResponseStreamResponseEvent]:
    try:
        async for piece in invocation:
            yield InvokeWithResponseStreamResponseEvent(payload_chunk=InvokeResponseStreamUpdate(payload=piece))
        try:
            complete = _complete(await invocation.result(), with_log=with_log)
        except ServiceError as error:  # Pileus ends, or ended the environment
            complete = InvokeWithResponseStreamCompleteEvent(error_code=error.code, error_details=str(error))
        yield InvokeWithResponseStreamResponseEvent(invoke_complete=complete)
    finally:
        invocation.abandon()


def _complete(result: InvocationResult, *, with_log: bool) -> InvokeWithResponseStreamCompleteEvent:
    log = b64encode(result.log).decode() if with_log else None
    if result.function_error is None:
        return InvokeWithResponseStreamCompleteEvent(log_result=log)
    return InvokeWithResponseStreamCompleteEvent(
        error_code=_error_type(result.payload),
        error_details=result.payload.decode(errors="replace"),
        log_result=log,
    )


def _error_type(document: bytes) -> str:
    try:
        return msgspec.json.decode(document, type=_Told).error_type
    except msgspec.DecodeError:
        return "Unhandled"
