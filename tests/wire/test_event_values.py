"""Whatever events an operation answers with, botocore reads them; in RPCs the other members come before the events."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

import msgspec
import pytest
from botocore.model import OperationModel, StructureShape
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pileus.kernel.errors import AnyServiceError
from pileus.kernel.http.messages import Request
from pileus.kernel.wire.codec import Codec
from pileus.kernel.wire.dialects import dialect_of
from pileus.kernel.wire.event_codec import attribute_of
from pileus.kernel.wire.event_stream import Message, encode
from pileus.kernel.wire.model import load_model
from pileus.kernel.wire.protocols import wire_of
from pileus.kernel.wire.receiving import with_receiver
from pileus.kernel.wire.subject import Subject
from tests.wire.event_harness import CBOR, answered, stream, structs_of
from tests.wire.harness import SERVICES, botocore_model, shapes_of
from tests.wire.values import as_struct_tree, different, event, visible

_INPUTS: Final[dict[str, dict[str, Any]]] = {
    "GetLogObject": {"logObjectPointer": "p"},
    "InvokeWithResponseStream": {"FunctionName": "f"},
    "SelectObjectContent": {
        "Bucket": "bucket",
        "Key": "k",
        "Expression": "select * from s3object",
        "ExpressionType": "SQL",
        "InputSerialization": {"CSV": {}},
        "OutputSerialization": {"CSV": {}},
    },
    "StartLiveTail": {"logGroupIdentifiers": ["arn:aws:logs:eu-central-1:1:log-group:g"]},
    "SubscribeToShard": {
        "ConsumerARN": "arn:aws:kinesis:eu-central-1:111111111111:stream/s/consumer/c:1",
        "ShardId": "shardId-000000000000",
        "StartingPosition": {"Type": "LATEST"},
    },
}


def _operation(service: str, operation: str) -> tuple[OperationModel, StructureShape]:
    model = botocore_model(service).operation_model(operation)
    streams = model.get_event_stream_output()
    assert isinstance(streams, StructureShape)
    return model, streams


def _kinds(*, exceptions: bool) -> list[Any]:
    """Each kind of event of each operation, in its service's protocol, and in CBOR if that is an RPC."""
    found: list[Any] = []
    for service in SERVICES:
        model = botocore_model(service)
        protocols = (model.protocol, CBOR) if model.protocol == "json" else (model.protocol,)
        for name in model.operation_names:
            if model.operation_model(name).has_event_stream_output:
                members = _operation(service, name)[1].members
                kinds = [
                    kind for kind, shape in members.items() if shape.metadata.get("exception", False) == exceptions
                ]
                found += [(service, name, kind, protocol) for kind in kinds for protocol in protocols]
    return found


def _answer(service: str, operation: str, source: AsyncIterator[Any]) -> tuple[str, Any]:
    """The name of the member that is the stream, and the output with it."""
    model, _ = _operation(service, operation)
    output, shape = shapes_of(service)[operation][1], model.output_shape
    assert output is not None
    assert shape is not None
    name: str = shape.event_stream_name
    key = next(member.key for member in load_model(service).members(shape.name) if member.name == name)
    status = {"status_code": 200} if "status_code" in output.__struct_fields__ else {}
    return name, output(**status, **{attribute_of(output, key): source})


def test_every_stream_is_known_here() -> None:
    """An operation of tomorrow's model with events is to be added to these tests."""
    assert {operation for _, operation, _, _ in _kinds(exceptions=False)} == set(_INPUTS)


@pytest.mark.parametrize(("service", "operation", "kind", "protocol"), _kinds(exceptions=False))
def test_any_event_is_read_by_botocore(service: str, operation: str, kind: str, protocol: str) -> None:
    """What an operation's iterator gives is what a boto3 user iterates over."""
    _, streams = _operation(service, operation)
    struct = structs_of(service, operation)(streams.name)

    @settings(max_examples=8, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(drawn=st.lists(event(streams, kind, protocol=protocol), min_size=1, max_size=3))
    def check(drawn: list[dict[str, Any]]) -> None:
        source = [msgspec.convert(as_struct_tree(service, streams, {kind: members}), struct) for members in drawn]
        name, output = _answer(service, operation, stream(*source))
        parsed, _ = asyncio.run(answered(service, operation, _INPUTS[operation], output, protocol=protocol))
        found = list(parsed[name])
        assert [list(read) for read in found] == [[kind]] * len(drawn)
        for members, read in zip(drawn, found, strict=True):
            assert different(visible(members), visible(read[kind])) == {}

    check()


@pytest.mark.parametrize(("service", "operation", "kind", "protocol"), _kinds(exceptions=True))
async def test_every_exception_ends_its_stream(service: str, operation: str, kind: str, protocol: str) -> None:
    """By its own name, with its message."""
    error = AnyServiceError(kind, "It went wrong.")
    name, output = _answer(service, operation, stream(error=error))
    parsed, _ = await answered(service, operation, _INPUTS[operation], output, protocol=protocol)
    with pytest.raises(Exception, match=rf"{kind}.*It went wrong\."):
        list(parsed[name])


# Events of requests in RPCs: no service has any, so it is a REST operation's model in their clothes.


def _codec(protocol: str) -> Codec:
    service, operation = "lexv2-runtime", "StartConversation"
    model = load_model(service)
    given_, output = shapes_of(service)[operation]
    subject = Subject(
        model=model,
        dialect=dialect_of(service),
        operation=model.operations[operation],
        given=given_,
        answered=output,
    )
    return with_receiver(subject, wire_of(protocol).compile(subject), protocol, body_bytes_max=1000)


def _encoded(protocol: str, tree: object) -> bytes:
    if protocol == CBOR:
        from pileus.kernel.wire import cbor

        return cbor.encode(tree)
    return msgspec.json.encode(tree)


FIRST: Final = {"botId": "ABCDEFGHIJ", "botAliasId": "TSTALIASID", "localeId": "en_US", "sessionId": "session"}


async def _received(protocol: str, *messages: Message) -> Any:
    codec = _codec(protocol)
    assert codec.receive is not None
    request = Request(method="POST", target="/", headers={}, body=b"".join(map(encode, messages)))
    return codec.parse(request, await codec.receive(request, b""))


@pytest.mark.parametrize("protocol", ["json", CBOR])
async def test_the_first_message_of_a_request_is_its_input(protocol: str) -> None:
    """An RPC has no place for the other members but a message before the events."""
    headers = {":message-type": "event", ":event-type": "initial-request"}
    event_headers = {":message-type": "event", ":event-type": "TextInputEvent"}
    given_ = await _received(
        protocol,
        Message(headers, _encoded(protocol, FIRST)),
        Message(event_headers, _encoded(protocol, {"text": "hello"})),
    )
    assert (given_.bot_id, given_.session_id) == ("ABCDEFGHIJ", "session")
    assert [read.text_input_event.text async for read in given_.request_event_stream] == ["hello"]


@pytest.mark.parametrize("protocol", ["json", CBOR])
async def test_a_request_without_its_first_message(protocol: str) -> None:
    """Events without an input, or nothing at all, are no request."""
    event_headers = {":message-type": "event", ":event-type": "TextInputEvent"}
    for messages in ((), (Message(event_headers, _encoded(protocol, {"text": "hello"})),)):
        with pytest.raises(AnyServiceError) as refused:
            await _received(protocol, *messages)
        assert refused.value.error_code == "SerializationException"
