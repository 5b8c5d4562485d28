"""Operations answer with events that botocore reads, and read events that were signed one by one."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from pileus.kernel.auth.chunks import Seed, sign_event
from pileus.kernel.errors import AnyServiceError, ServiceError
from pileus.kernel.http.messages import Request
from pileus.kernel.wire.event_stream import Message, encode, encode_headers
from tests.wire.event_harness import CBOR, answered, stream, structs_of
from tests.wire.harness import Desk, request_of


async def test_a_function_answers_in_pieces() -> None:
    """rest-json: a blob is the payload itself, other events are JSON, and members beside the stream are headers."""
    of = structs_of("lambda", "InvokeWithResponseStream")
    event = of("InvokeWithResponseStreamResponseEvent")
    output = of("InvokeWithResponseStreamResponse")(
        status_code=200,
        executed_version="$LATEST",
        event_stream=stream(
            event(payload_chunk=of("InvokeResponseStreamUpdate")(payload=b"\x00one")),
            event(payload_chunk=of("InvokeResponseStreamUpdate")(payload=b"")),
            event(invoke_complete=of("InvokeWithResponseStreamCompleteEvent")(error_code="E", log_result="bG9n")),
        ),
    )
    parsed, response = await answered("lambda", "InvokeWithResponseStream", {"FunctionName": "f"}, output)
    assert parsed["ExecutedVersion"] == "$LATEST"
    assert response.status == 200
    assert list(parsed["EventStream"]) == [
        {"PayloadChunk": {"Payload": b"\x00one"}},
        {"PayloadChunk": {"Payload": b""}},
        {"InvokeComplete": {"ErrorCode": "E", "LogResult": "bG9n"}},
    ]


MOMENT = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize("protocol", ["json", CBOR])
async def test_a_shard_is_subscribed_to(protocol: str) -> None:
    """json and CBOR: a first message stands for the answer itself; records have blobs and moments inside."""
    of = structs_of("kinesis", "SubscribeToShard")
    record = of("Record")(sequence_number="1", data=b"\xff", partition_key="k", approximate_arrival_timestamp=MOMENT)
    event = of("SubscribeToShardEvent")(records=[record], continuation_sequence_number="2", millis_behind_latest=0)
    output = of("SubscribeToShardOutput")(
        event_stream=stream(
            of("SubscribeToShardEventStream")(subscribe_to_shard_event=event),
            error=AnyServiceError("ResourceInUseException", "taken"),
        )
    )
    parameters = {
        "ConsumerARN": "arn:aws:kinesis:eu-central-1:111111111111:stream/s/consumer/c:1",
        "ShardId": "shardId-000000000000",
        "StartingPosition": {"Type": "LATEST"},
    }
    parsed, _ = await answered("kinesis", "SubscribeToShard", parameters, output, protocol=protocol)
    events = iter(parsed["EventStream"])
    found = next(events)["SubscribeToShardEvent"]
    assert found["Records"][0]["Data"] == b"\xff"
    assert found["Records"][0]["ApproximateArrivalTimestamp"] == MOMENT
    assert found["MillisBehindLatest"] == 0
    with pytest.raises(Exception, match=r"ResourceInUseException.*taken"):
        next(events)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (AnyServiceError("SessionTimeoutException", "too long"), "SessionTimeoutException.*too long"),
        (AnyServiceError("SomethingElse", "odd"), "SomethingElse.*odd"),
    ],
)
async def test_a_session_that_ends_badly(error: ServiceError, text: str) -> None:
    """A stream's own exceptions are modelled; any other error is told in headers."""
    of = structs_of("logs", "StartLiveTail")
    event = of("StartLiveTailResponseStream")(session_start=of("LiveTailSessionStart")(session_id="s"))
    output = of("StartLiveTailResponse")(response_stream=stream(event, error=error))
    parsed, _ = await answered(
        "logs", "StartLiveTail", {"logGroupIdentifiers": ["arn:aws:logs:eu-central-1:1:log-group:g"]}, output
    )
    events = iter(parsed["responseStream"])
    assert next(events) == {"sessionStart": {"sessionId": "s"}}
    with pytest.raises(Exception, match=text):
        next(events)


async def test_an_object_is_selected_from() -> None:
    """rest-xml: structures as payload are XML, and an event without members has no body."""
    of = structs_of("s3", "SelectObjectContent")
    event = of("SelectObjectContentEventStream")
    output = of("SelectObjectContentOutput")(
        payload=stream(
            event(records=of("RecordsEvent")(payload=b"a,b\n")),
            event(cont=of("ContinuationEvent")()),
            event(stats=of("StatsEvent")(details=of("Stats")(bytes_scanned=4, bytes_returned=4))),
            event(end=of("EndEvent")()),
        )
    )
    parameters = {
        "Bucket": "bucket",
        "Key": "k",
        "Expression": "select * from s3object",
        "ExpressionType": "SQL",
        "InputSerialization": {"CSV": {}},
        "OutputSerialization": {"CSV": {}},
    }
    parsed, _ = await answered("s3", "SelectObjectContent", parameters, output)
    assert list(parsed["Payload"]) == [
        {"Records": {"Payload": b"a,b\n"}},
        {"Cont": {}},
        {"Stats": {"Details": {"BytesScanned": 4, "BytesReturned": 4}}},
        {"End": {}},
    ]


async def test_events_leave_as_they_come() -> None:
    """The first event is sent before the second one exists; and who makes them learns that the client has gone."""
    of = structs_of("lambda", "InvokeWithResponseStream")
    never = asyncio.Event()
    left: list[bool] = []

    async def events() -> AsyncIterator[Any]:
        try:
            update = of("InvokeResponseStreamUpdate")(payload=b"one")
            yield of("InvokeWithResponseStreamResponseEvent")(payload_chunk=update)
            await never.wait()
        finally:
            left.append(True)

    desk = Desk(["lambda"])
    desk.api.output = of("InvokeWithResponseStreamResponse")(status_code=200, event_stream=events())
    response = desk.ask(request_of("lambda", "InvokeWithResponseStream", {"FunctionName": "f"}))
    body: Any = response.body
    assert b"one" in await anext(body)
    await body.aclose()
    assert left == [True]


# Events of requests: no service of ours takes any, so the model is one that does.

SERVICE, OPERATION = "lexv2-runtime", "StartConversation"
PARAMETERS = {"botId": "ABCDEFGHIJ", "botAliasId": "TSTALIASID", "localeId": "en_US", "sessionId": "session"}
SECRET, PREVIOUS = "secret", "0" * 64
SCOPE = "eu-central-1/lex/aws4_request"
SIGNED = "STREAMING-AWS4-HMAC-SHA256-EVENTS"


def text_event(text: str) -> bytes:
    headers = {":message-type": "event", ":event-type": "TextInputEvent", ":content-type": "application/json"}
    return encode(Message(headers, msgspec.json.encode({"text": text})))


def wrapped(*events: bytes, date: datetime = MOMENT) -> bytes:
    """The events as a client signs them, with the empty one that ends them."""
    previous, signed = PREVIOUS, b""
    for event in (*events, b""):
        signature = sign_event(
            secret_access_key=SECRET,
            scope=SCOPE,
            previous=previous,
            date=date,
            date_header=encode_headers({":date": date}),
            payload=event,
        )
        signed += encode(Message({":date": date, ":chunk-signature": signature}, event))
        previous = signature.hex()
    return signed


class Arriving:
    """A body in pieces."""

    size_bytes: int | None = None

    def __init__(self, data: bytes, piece_bytes: int = 1) -> None:
        self._pieces = [data[at : at + piece_bytes] for at in range(0, len(data), piece_bytes)]

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece

    async def make_room(self, size_bytes: int) -> None:
        pass


def asked(body: Any, *, signed: bool, now: datetime = MOMENT) -> Any:
    """The input that an operation gets whose body is this."""
    desk = Desk([SERVICE])
    made = request_of(SERVICE, OPERATION, PARAMETERS)
    headers = {**made.headers, "x-amz-content-sha256": SIGNED} if signed else made.headers
    request = Request(method=made.method, target=made.target, headers=headers, body=body)
    if signed:
        request.seed = Seed(
            amz_date="20261123T143000Z",
            scope_text=f"20261123/{SCOPE}",
            signature=PREVIOUS,
            secret_access_key=SECRET,
            machine_s=now.timestamp,
        )
    desk.api.error = AnyServiceError("Enough", "")
    desk.ask(request)
    assert desk.api.given is not None
    return desk.api.given


def events_in(given: Any) -> AsyncIterator[Any]:
    return aiter(given.request_event_stream)


async def texts(given: Any) -> list[str]:
    return [event.text_input_event.text async for event in events_in(given)]


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("arriving", [False, True])
async def test_events_of_a_request(signed: bool, arriving: bool) -> None:
    """They reach the operation as structs, in memory or byte by byte."""
    events = [text_event("one"), text_event("two")]
    body = wrapped(*events) if signed else b"".join(events)
    given = asked(Arriving(body) if arriving else body, signed=signed)
    assert given.bot_id == "ABCDEFGHIJ"
    assert await texts(given) == ["one", "two"]


async def code_of(given: Any) -> str:
    with pytest.raises(ServiceError) as refused:
        await texts(given)
    return refused.value.error_code


async def test_signed_events_that_are_not_as_signed() -> None:
    """Altered, moved, dropped, cut off, sent too late: each is an error before the operation sees the event."""
    one, two = text_event("one"), text_event("two")
    whole = wrapped(one, two)
    first = wrapped(one)[: len(wrapped(one)) - len(wrapped())]
    assert await code_of(asked(whole[len(first) :], signed=True)) == "InvalidSignatureException"
    assert await code_of(asked(first, signed=True)) == "SerializationException"
    assert await code_of(asked(first + first, signed=True)) == "InvalidSignatureException"
    assert await code_of(asked(whole, signed=True, now=MOMENT + timedelta(minutes=16))) == "InvalidSignatureException"
    assert await code_of(asked(one, signed=True)) == "SerializationException"
    damaged = bytearray(whole)
    damaged[50] ^= 1
    assert await code_of(asked(bytes(damaged), signed=True)) == "SerializationException"


async def test_events_that_nobody_knows() -> None:
    """A newer client's events are passed over; what is no event of the stream is refused."""
    headers = {":message-type": "event", ":event-type": "Newer"}
    assert await texts(asked(encode(Message(headers, b"")) + text_event("x"), signed=False)) == ["x"]
    for message in (
        Message({":message-type": "exception", ":exception-type": "X"}, b""),
        Message({":message-type": "event"}, b""),
        Message({":message-type": "event", ":event-type": "TextInputEvent"}, b"{"),
        Message({":message-type": "event", ":event-type": "TextInputEvent"}, b"[]"),
        Message({":message-type": "event", ":event-type": "TextInputEvent"}, b'{"text":1}'),
    ):
        assert await code_of(asked(encode(message), signed=False)) == "SerializationException"
