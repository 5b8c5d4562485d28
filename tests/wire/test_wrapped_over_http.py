"""Real clients, the real front door and a strict authenticator: wrapped bodies from the socket to the operation."""

import asyncio
import hmac
from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import sha256
from io import BytesIO
from typing import Any

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from pileus.kernel.auth.authenticator import Authenticator
from pileus.kernel.auth.sessions import SessionSealer
from pileus.kernel.clock import MovableClock
from pileus.kernel.context import RequestContext
from pileus.kernel.errors import ServiceError
from pileus.kernel.http.server import HttpServer
from pileus.kernel.ids import SeededIds
from pileus.kernel.service import Service
from pileus.kernel.wire.dispatcher import Dispatcher
from tests.unit.auth.signing import KnownKeys
from tests.wire.event_harness import structs_of
from tests.wire.harness import shapes_module

KEY_ID, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


class Allowing:
    """An authorizer that has no objections."""

    async def authorize(self, *_: object) -> None:
        pass

    async def told(self, *given: object) -> ServiceError:
        error = given[-1]
        assert isinstance(error, ServiceError)
        return error

    async def note(self, *_: object) -> None:
        pass


class Api:
    """An operation that stores what it reads, and one that answers in pieces."""

    def __init__(self) -> None:
        self.stored = b""
        self.pieces = 0

    async def put_object(self, context: RequestContext, request: Any) -> Any:
        if isinstance(request.body, bytes):
            self.stored, self.pieces = request.body, 1
        else:
            parts = [part async for part in request.body]
            self.stored, self.pieces = b"".join(parts), len(parts)
        return structs_of("s3", "PutObject")("PutObjectOutput")(e_tag='"e"')

    async def get_object(self, context: RequestContext, request: Any) -> Any:
        async def body() -> AsyncIterator[bytes]:
            for at in range(0, len(self.stored), 1 << 20):
                yield self.stored[at : at + (1 << 20)]

        return structs_of("s3", "GetObject")("GetObjectOutput")(body=body())

    async def invoke_with_response_stream(self, context: RequestContext, request: Any) -> Any:
        of = structs_of("lambda", "InvokeWithResponseStream")

        async def events() -> AsyncIterator[Any]:
            for number in range(3):
                await asyncio.sleep(0)
                update = of("InvokeResponseStreamUpdate")(payload=b"piece %d" % number)
                yield of("InvokeWithResponseStreamResponseEvent")(payload_chunk=update)
            end = of("InvokeWithResponseStreamCompleteEvent")()
            yield of("InvokeWithResponseStreamResponseEvent")(invoke_complete=end)

        return of("InvokeWithResponseStreamResponse")(status_code=200, event_stream=events())


@pytest.fixture
async def desk() -> AsyncIterator[tuple[Api, str]]:
    api, clock, ids = Api(), MovableClock(), SeededIds()
    keys = KnownKeys()
    keys.add(KEY_ID, SECRET)
    dispatcher = Dispatcher(
        [Service(name=name, api=lambda: api, shapes=shapes_module(name)) for name in ("s3", "lambda")],
        authenticator=Authenticator(mode="strict", keys=keys, sealer=SessionSealer(bytes(32), clock, ids), clock=clock),
        authorizer=Allowing(),
        clock=clock,
        ids=ids,
    )
    server = HttpServer(dispatcher)
    port = await server.start("127.0.0.1", 0)
    yield api, f"http://127.0.0.1:{port}"
    await server.drain(timedelta(seconds=1))


def client(service: str, url: str) -> Any:
    return boto3.client(
        service,
        region_name="us-east-1",
        endpoint_url=url,
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=SECRET,
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
    )


@pytest.mark.parametrize("size_bytes", [0, 1000, 20 * 1024 * 1024 + 1])
async def test_boto3_puts_and_gets(desk: tuple[Api, str], size_bytes: int) -> None:
    """Short bodies are bytes, long ones flow, in both directions, with the checksum that boto3 sends by itself."""
    api, url = desk
    data = bytes(range(256)) * (size_bytes // 256) + b"x" * (size_bytes % 256)
    s3 = client("s3", url)
    await asyncio.to_thread(s3.put_object, Bucket="bucket", Key="key", Body=BytesIO(data))
    assert api.stored == data
    assert (api.pieces > 1) is (size_bytes > 8 * 1024 * 1024)
    answer = await asyncio.to_thread(s3.get_object, Bucket="bucket", Key="key")
    assert await asyncio.to_thread(answer["Body"].read) == data


async def test_boto3_puts_something_else_than_it_says(desk: tuple[Api, str]) -> None:
    """A checksum that is wrong is refused, whether the body was in memory or flowed."""
    _, url = desk
    s3 = client("s3", url)
    for size_bytes in (10, 9 * 1024 * 1024):
        with pytest.raises(ClientError) as refused:
            await asyncio.to_thread(
                s3.put_object, Bucket="bucket", Key="key", Body=bytes(size_bytes), ChecksumSHA256="A" * 43 + "="
            )
        assert refused.value.response["Error"]["Code"] == "BadDigest"


async def test_boto3_reads_events(desk: tuple[Api, str]) -> None:
    """The events of a function's answer, from the socket."""
    _, url = desk

    def events() -> list[Any]:
        return list(client("lambda", url).invoke_with_response_stream(FunctionName="f")["EventStream"])

    found = await asyncio.to_thread(events)
    assert [event["PayloadChunk"]["Payload"] for event in found[:-1]] == [b"piece 0", b"piece 1", b"piece 2"]
    assert found[-1] == {"InvokeComplete": {}}


def chunked(url: str, chunks: list[bytes]) -> tuple[bytes, bytes]:
    """Head and body of an upload in signed chunks, by the book and without any code of ours."""
    host = url.removeprefix("http://")
    request = AWSRequest(
        "PUT",
        f"{url}/bucket/key",
        headers={
            "Host": host,
            "Content-Encoding": "aws-chunked",
            "X-Amz-Content-SHA256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            "X-Amz-Decoded-Content-Length": str(sum(map(len, chunks))),
        },
    )
    signer = SigV4Auth(Credentials(KEY_ID, SECRET), "s3", "us-east-1")
    signer.add_auth(request)
    signature = request.headers["Authorization"].rpartition("Signature=")[2]
    date = request.context["timestamp"]
    scope = f"{date[:8]}/us-east-1/s3/aws4_request"
    key = b"AWS4" + SECRET.encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), sha256).digest()
    body = b""
    for chunk in (*chunks, b""):
        lines = ["AWS4-HMAC-SHA256-PAYLOAD", date, scope, signature, sha256(b"").hexdigest(), sha256(chunk).hexdigest()]
        signature = hmac.new(key, "\n".join(lines).encode(), sha256).hexdigest()
        body += b"%x;chunk-signature=%s\r\n%s\r\n" % (len(chunk), signature.encode(), chunk)
    lines = [f"{name}: {text}" for name, text in request.headers.items()]
    head = "\r\n".join(["PUT /bucket/key HTTP/1.1", *lines, f"Content-Length: {len(body)}", "", ""])
    return head.encode(), body


async def status_of(url: str, data: bytes) -> tuple[int, bytes]:
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(data)
    line = await asyncio.wait_for(reader.readline(), 10)
    rest = await asyncio.wait_for(reader.read(2000), 10)
    writer.close()
    return int(line.split()[1]), rest


@pytest.mark.parametrize("count", [2, 150])
async def test_signed_chunks_from_the_socket(desk: tuple[Api, str], count: int) -> None:
    """In memory and flowing; the same with one bit changed in the last chunk."""
    api, url = desk
    chunks = [bytes([number % 256]) * 65536 for number in range(count)] + [b"end"]
    head, body = chunked(url, chunks)
    assert (await status_of(url, head + body))[0] == 200
    assert api.stored == b"".join(chunks)
    altered = body.replace(b"\r\nend\r\n", b"\r\neNd\r\n")
    status, answer = await status_of(url, head + altered)
    assert status == 403
    assert b"SignatureDoesNotMatch" in answer
