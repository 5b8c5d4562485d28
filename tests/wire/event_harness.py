"""How does a test ask for a stream of events, and what does botocore make of it?"""

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Final

from botocore.awsrequest import HeadersDict
from botocore.parsers import create_parser

from pileus.kernel.errors import ServiceError
from pileus.kernel.http.messages import Response
from pileus.kernel.wire.codec import Codec
from pileus.kernel.wire.dialects import dialect_of
from pileus.kernel.wire.event_codec import with_events
from pileus.kernel.wire.model import load_model
from pileus.kernel.wire.rpc_cbor import RpcCborProtocol
from pileus.kernel.wire.subject import Subject
from tests.wire.harness import Desk, botocore_model, request_of, shapes_of

CBOR: Final = "smithy-rpc-v2-cbor"


async def collected(body: AsyncIterator[bytes]) -> list[bytes]:
    return [piece async for piece in body]


class _Raw:
    """A response's body as urllib3 gives it, one byte at a time."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def stream(self) -> Iterator[bytes]:
        return (self._data[at : at + 1] for at in range(len(self._data)))

    def close(self) -> None:
        pass


def read_by_botocore(service: str, operation: str, response: Response, data: bytes, *, protocol: str) -> dict[str, Any]:
    raw = {"headers": HeadersDict(dict(response.headers)), "status_code": response.status, "body": _Raw(data)}
    model = botocore_model(service).operation_model(operation)
    parsed: dict[str, Any] = create_parser(protocol).parse(
        {**raw, "context": {"operation_name": operation}}, model.output_shape
    )
    return parsed


def structs_of(service: str, operation: str) -> Callable[[str], Any]:
    """The generated classes of an operation's service, by their names."""
    module = sys.modules[shapes_of(service)[operation][0].__module__]
    return lambda shape: getattr(module, shape)


async def stream(*events: Any, error: ServiceError | None = None) -> AsyncIterator[Any]:
    for event in events:
        yield event
    if error is not None:
        raise error


def codec_of(service: str, operation: str) -> Codec:
    """An operation in CBOR, which none of our services with events speaks yet."""
    model = load_model(service)
    given, output = shapes_of(service)[operation]
    subject = Subject(
        model=model,
        dialect=dialect_of(service),
        operation=model.operations[operation],
        given=given,
        answered=output,
    )
    return with_events(subject, RpcCborProtocol().compile(subject), CBOR)


async def answered(
    service: str, operation: str, parameters: dict[str, Any], output: Any, *, protocol: str = ""
) -> tuple[dict[str, Any], Response]:
    """What botocore makes of an operation's answer."""
    protocol = protocol or botocore_model(service).protocol
    if protocol == CBOR:
        response = codec_of(service, operation).answer(output, "request-id")
    else:
        desk = Desk([service])
        desk.api.output = output
        response = desk.ask(request_of(service, operation, parameters, protocol=protocol))
    assert response.status == 200, response
    assert ("Content-Type", "application/vnd.amazon.eventstream") in response.headers
    assert isinstance(response.body, AsyncIterator)
    data = b"".join(await collected(response.body))
    return read_by_botocore(service, operation, response, data, protocol=protocol), response
