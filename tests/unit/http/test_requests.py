"""What a handler sees of the bytes, however they are cut; and which bytes no handler ever sees."""

import asyncio

import pytest

from pileus.kernel.http.limits import Limits
from pileus.kernel.http.messages import Request, Response

from .conftest import Serve
from .harness import Answer, chunked, echo, get, ms, post

CHUNKED = b"POST /chunked HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"

TABLE = [
    get("/"),
    get("/a%2Fb%20c/%C3%A9?x=%2f&y", "X-Twice: 1", "x-twice:  2 ", "X-Empty:"),
    get("http://example.com/absolute?q"),
    get("http://example.com"),
    post(b""),
    post(b"hello", "/h", "Content-Type: text/plain"),
    CHUNKED + chunked(b"he", b"llo"),
    CHUNKED + b"5;extension=1\r\nhello\r\n0\r\nX-Trailer: dropped\r\n\r\n",
    get("/upgrade", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"),
    b"POST /upgrade HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nhi",
    b"GET /old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    b"\r\n\r\n" + get("/after-empty-lines"),
    b"OPTIONS * HTTP/1.1\r\nHost: test\r\n\r\n",
]


@pytest.mark.parametrize("message", TABLE)
async def test_bytes_one_at_a_time_mean_the_same(serve: Serve, message: bytes) -> None:
    """TCP owes us no boundaries: whole, byte by byte, or cut in two anywhere, the handler sees one request."""
    await serve.start()
    client = await serve.connect()
    await client.send(message)
    whole = await client.answer()
    assert whole.status == 200
    await client.send_bytewise(message)
    assert _undated(await client.answer()) == _undated(whole)
    for at in range(1, len(message)):
        await client.send(message[:at])
        await asyncio.sleep(0)
        await client.send(message[at:])
        assert _undated(await client.answer()) == _undated(whole), at


def _undated(answer: Answer) -> Answer:
    return Answer(answer.status, {name: text for name, text in answer.headers.items() if name != "date"}, answer.body)


async def test_the_target_arrives_as_it_was_sent(serve: Serve) -> None:
    """SigV4 and S3 keys need every escape as the client wrote it."""
    seen: list[Request] = []

    async def handler(request: Request) -> Response:
        seen.append(request)
        return Response(204)

    await serve.start(handler)
    client = await serve.connect()
    await client.send(get("/%7euser//./..%2F?a=%2F&b=1?2#f", "X-Name: caf\xe9"))
    assert (await client.answer()).status == 204
    (request,) = seen
    assert request.target == "/%7euser//./..%2F?a=%2F&b=1?2#f"
    assert (request.path, request.query) == ("/%7euser//./..%2F", "a=%2F&b=1?2#f")
    assert request.headers["x-name"] == "caf\xe9"
    assert (request.method, request.body, request.peer, request.secure) == ("GET", b"", "127.0.0.1", False)
    assert (request.seed, request.events) == (None, None), "the parser does what `Request(...)` does, all of it"


async def test_an_absolute_target_names_the_host(serve: Serve) -> None:
    """A client that takes us for a proxy: what it says outranks its Host header (RFC 9112, 3.2.2)."""
    await serve.start()
    client = await serve.connect()
    await client.send(get("http://bucket.s3.test:4566/key?x"))
    assert (await client.answer()).body == b"GET\n/key?x\nhost=bucket.s3.test:4566\n\n"


@pytest.mark.parametrize(
    ("message", "status"),
    [
        (b"NONSENSE\r\n\r\n", 400),
        (b"FOO / HTTP/1.1\r\nHost: t\r\n\r\n", 400),
        (b"GET / HTTP/1.2\r\nHost: t\r\n\r\n", 505),
        (b"GET / HTTP/2.0\r\nHost: t\r\n\r\n", 505),
        (b"GET /\r\n\r\n", 505),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nHost: t\n\n", 400),
        (b"GET / HTTP/1.1\r\nHost: " + b"t" * 513 + b"\r\n\r\n", 400),
        (b"GET http://" + b"t" * 513 + b"/ HTTP/1.1\r\nHost: t\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: t\r\n folded\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: t\r\nA: b\x00c\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: t\r\nA b: c\r\n\r\n", 400),
        (b"GET foo HTTP/1.1\r\nHost: t\r\n\r\n", 400),
        (b"GET ftp://x/ HTTP/1.1\r\nHost: t\r\n\r\n", 400),
        (b"GET * HTTP/1.1\r\nHost: t\r\n\r\n", 400),
        (b"CONNECT t:443 HTTP/1.1\r\nHost: t\r\n\r\n", 400),
        (post(b"hi", "/", "Expect: 200-maybe"), 417),
    ],
)
async def test_what_is_no_request_is_refused(serve: Serve, message: bytes, status: int) -> None:
    """A plain answer, `Connection: close`, the end; also when it comes one byte at a time."""
    await serve.start()
    for bytewise in (False, True):
        client = await serve.connect()
        await (client.send_bytewise(message) if bytewise else client.send(message))
        answer = await client.answer()
        assert (answer.status, answer.headers["connection"]) == (status, "close")
        assert await client.rest() == b""


@pytest.mark.parametrize(
    "headers",
    [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Content-Length: 5\r\nContent-Length: 5",
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 5, 5",
        "Content-Length: +5",
        "Content-Length: -5",
        "Content-Length: 0x5",
        "Content-Length: 99999999999999999999",
        "Content-Length:",
        "Content-Length : 5",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding:\x0bchunked",
    ],
)
async def test_a_body_of_two_lengths_is_refused(serve: Serve, headers: str) -> None:
    """Request smuggling: where two servers would disagree on the end of a body, there must be no next request."""
    served: list[str] = []

    async def handler(request: Request) -> Response:
        served.append(request.target)
        return Response(200)

    await serve.start(handler)
    client = await serve.connect()
    head = f"POST / HTTP/1.1\r\nHost: test\r\n{headers}\r\n\r\n".encode("latin-1")
    await client.send(head + b"0\r\n\r\n" + get("/smuggled"))
    assert (await client.answer()).status == 400
    assert await client.rest() == b""
    assert served == []


@pytest.mark.parametrize(("coding", "status"), [("gzip, chunked", 501), ("xchunked", 501)])
async def test_codings_that_nobody_asked_for_are_refused(serve: Serve, coding: str, status: int) -> None:
    """We would hand compressed bytes to the handler as if they were the body."""
    await serve.start()
    client = await serve.connect()
    await client.send(f"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: {coding}\r\n\r\n0\r\n\r\n".encode())
    assert (await client.answer()).status == status


async def test_http10_has_no_chunks(serve: Serve) -> None:
    """An old proxy in front would take the chunks for the next request."""
    await serve.start()
    client = await serve.connect()
    await client.send(b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
    assert (await client.answer()).status == 400


@pytest.mark.parametrize("bytewise", [False, True])
@pytest.mark.parametrize(("spare", "status"), [(0, 200), (-1, 431)])
async def test_the_head_has_a_limit(serve: Serve, bytewise: bool, spare: int, status: int) -> None:
    """Exactly as long as allowed is fine, one byte more is not, however it is cut."""
    limit = 512
    await serve.start(limits=Limits(header_bytes_max=limit))
    client = await serve.connect()
    used = len("/") + len("Host" + "test") + 4 + len("X-Long") + 4
    message = get("/", "X-Long: " + "x" * (limit - used - spare))
    await (client.send_bytewise(message) if bytewise else client.send(message))
    assert (await client.answer()).status == status


@pytest.mark.parametrize(
    "endless",
    [
        b"GET / HTTP/1.1\r\nHost: t\r\nX: " + b"x" * 200_000,
        b"GET / HTTP/1.1\r\nHost: t\r\n" + b"X: y\r\n" * 40_000,
        b"GET / HTTP/1.1\r\nHost: t\r\nX:" + b" " * 200_000,
        CHUNKED + b"5;" + b"x" * 200_000,
        CHUNKED + b"0\r\nX: " + b"x" * 200_000,
    ],
)
async def test_a_head_without_an_end_is_refused(serve: Serve, endless: bytes) -> None:
    """Memory must not grow with what a client likes to send."""
    await serve.start()
    client = await serve.connect()
    await client.send(endless)
    assert (await client.answer()).status == 431
    await client.rest()


async def test_the_target_has_a_limit(serve: Serve) -> None:
    """414, so that a client knows which part was too long."""
    await serve.start(limits=Limits(target_bytes_max=100))
    client = await serve.connect()
    await client.send(get("/" + "x" * 99))
    assert (await client.answer()).status == 200
    await client.send(get("/" + "x" * 100))
    assert (await client.answer()).status == 414


async def test_requests_before_the_broken_one_are_answered(serve: Serve) -> None:
    """A parse error must not swallow what was asked before it in the same packet."""
    await serve.start()
    client = await serve.connect()
    await client.send(get("/1") + get("/2") + b"NONSENSE\r\n\r\n" + get("/3"))
    assert [(await client.answer()).status for _ in range(3)] == [200, 200, 400]
    assert await client.rest() == b""


async def test_broken_chunks_are_refused(serve: Serve) -> None:
    """The handler never sees half a body."""
    await serve.start()
    client = await serve.connect()
    await client.send(CHUNKED + b"5\r\nhelloXX\r\n0\r\n\r\n")
    assert (await client.answer()).status == 400
    assert await client.rest() == b""


async def test_continue_is_sent_for_a_body_that_will_be_read(serve: Serve) -> None:
    """`Expect: 100-continue`: the client waits for leave to send; boto3 does so for every S3 upload."""
    await serve.start()
    client = await serve.connect()
    head, body = post(b"hello", "/", "Expect: 100-continue").split(b"hello")[0], b"hello"
    await client.send(head)
    assert (await client.answer()).status == 100
    await client.send(body)
    assert (await client.answer()).body.endswith(b"\n\nhello")
    await client.send(head + body)  # It did not wait: no need to invite.
    assert (await client.answer()).status == 200
    await client.send(CHUNKED.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
    assert (await client.answer()).status == 100
    await client.send(chunked(b"hello"))
    assert (await client.answer()).body.endswith(b"\n\nhello")


async def test_continue_is_sent_before_the_answer_to_an_empty_body(serve: Serve) -> None:
    """`aws s3 sync` of a folder with an empty file hung for a minute: the CLI misreads the next answer without it."""
    released = asyncio.Event()

    async def handler(request: Request) -> Response:
        if request.path == "/slow":
            await released.wait()
        return Response(200, (), request.path.encode())

    await serve.start(handler)
    client = await serve.connect()
    await client.send(post(b"", "/slow", "Expect: 100-continue") + post(b"", "/next", "Expect: 100-continue"))
    asyncio.get_running_loop().call_later(0.02, released.set)
    for path in (b"/slow", b"/next"):
        assert (await client.answer()).status == 100
        assert (await client.answer()).body == path


async def test_continue_waits_for_the_answers_before_it(serve: Serve) -> None:
    """An interim answer that overtakes a final one would be taken for the wrong request's."""
    released = asyncio.Event()

    async def handler(request: Request) -> Response:
        if request.path == "/slow":
            await released.wait()
        return Response(200, (), request.path.encode())

    await serve.start(handler)
    client = await serve.connect()
    await client.send(get("/slow") + post(b"hello", "/next", "Expect: 100-continue").removesuffix(b"hello"))
    asyncio.get_running_loop().call_later(0.02, released.set)
    assert (await client.answer()).body == b"/slow"
    assert (await client.answer()).status == 100
    await client.send(b"hello")
    assert (await client.answer()).body == b"/next"


async def test_a_handler_that_will_not_hold_so_much_answers_413(serve: Serve) -> None:
    """`Request.read` has a bound of its own."""

    async def handler(request: Request) -> Response:
        await request.read(4)
        await request.read(3)
        return Response(200)

    await serve.start(handler)
    client = await serve.connect()
    await client.send(post(b"four"))
    assert (await client.answer()).status == 413
    await client.send(get())
    assert (await client.answer()).status == 200, "the connection is as good as before"


async def test_slow_heads_and_bodies_are_cut_off(serve: Serve) -> None:
    """A slow-loris client may not hold a connection for ever."""
    limits = Limits(header_timeout=ms(60), body_timeout=ms(60), idle_timeout=ms(60), sweep_interval=ms(10))
    await serve.start(limits=limits)
    for beginning in (get()[:-1], b"GET /x", post(b"hello")[:-1], CHUNKED + b"5\r\nhel"):
        client = await serve.connect()
        await client.send(beginning)
        answer = await client.answer()
        assert (answer.status, answer.headers["connection"]) == (408, "close"), beginning
        assert await client.rest() == b""


async def test_a_trickle_is_no_progress(serve: Serve) -> None:
    """A byte now and then renews neither the head's deadline nor the body's."""
    await serve.start(limits=Limits(header_timeout=ms(100), body_timeout=ms(100), sweep_interval=ms(10)))
    for message in (get("/" + "x" * 1000), post(b"x" * 1000)):
        client = await serve.connect()
        trickle = asyncio.create_task(_trickle(client.writer, message))
        assert (await client.answer()).status == 408
        trickle.cancel()


async def _trickle(writer: asyncio.StreamWriter, message: bytes) -> None:
    head_bytes = message.find(b"\r\n\r\n") if message.startswith(b"POST") else 0
    writer.write(message[: head_bytes + 4])
    for at in range(head_bytes + 4, len(message)):
        writer.write(message[at : at + 1])
        await asyncio.sleep(0.005)


async def test_idle_connections_are_closed_in_silence(serve: Serve) -> None:
    """Nobody asked anything, so there is nothing to answer; a first request renews the patience."""
    await serve.start(limits=Limits(idle_timeout=ms(50), sweep_interval=ms(10)))
    silent, used = await serve.connect(), await serve.connect()
    await used.send(get())
    assert (await used.answer()).status == 200
    assert await silent.rest() == b""
    assert await used.rest() == b""


async def test_a_handler_may_take_longer_than_any_client(serve: Serve) -> None:
    """A Lambda function runs for 15 minutes; the client's timeouts are none of the handler's."""

    async def handler(request: Request) -> Response:
        await asyncio.sleep(0.2)
        return await echo(request)

    limits = Limits(
        idle_timeout=ms(30), header_timeout=ms(30), body_timeout=ms(30), linger=ms(30), sweep_interval=ms(10)
    )
    await serve.start(handler, limits=limits)
    client = await serve.connect()
    await client.send(post(b"hello"))
    assert (await client.answer()).status == 200
