"""How a response becomes bytes: framing, files, streams, and what we refuse to send."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pileus.kernel.http.bodies import ClientDisconnected
from pileus.kernel.http.heads import HeaderRefused, Heads, length
from pileus.kernel.http.limits import Limits
from pileus.kernel.http.messages import BodyStream, FileBody, FilesBody, Request, Response

from .conftest import Serve
from .harness import chunked, eventually, get, ms, post


async def parts(*content: bytes) -> AsyncIterator[bytes]:
    for part in content:
        await asyncio.sleep(0)
        yield part


def answering(response: Response) -> "Always":
    return Always(response)


class Always:
    def __init__(self, response: Response) -> None:
        self._response = response

    async def __call__(self, request: Request) -> Response:
        return self._response


async def test_the_front_door_adds_what_belongs_to_the_connection(serve: Serve) -> None:
    """Length, date and connection are ours; a handler's own are dropped, or a message would have two ends."""
    headers = (
        ("Content-Length", "999"),
        ("DATE", "never"),
        ("connection", "upgrade"),
        ("X-Kept", "a"),
        ("x-kept2", ""),
    )
    await serve.start(answering(Response(200, headers, b"hello")))
    client = await serve.connect()
    await client.send(get())
    answer = await client.answer()
    assert answer.body == b"hello"
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", answer.headers.pop("date"))
    assert answer.headers == {"content-length": "5", "x-kept": "a", "x-kept2": ""}


@pytest.mark.parametrize("value", ["a\r\nX-Injected: 1", "a\nb", "a\rb", "a\0b", "\r\n\r\nbody", "\u20ac"])
@pytest.mark.parametrize("large", [False, True])
async def test_nobody_injects_a_header(serve: Serve, value: str, large: bool) -> None:
    """A value that a user chose, such as S3 metadata, ends no line: a plain 500 instead."""
    body = b"x" * (100_000 if large else 1)
    await serve.start(answering(Response(200, (("X-User", value), ("X-Other", "1")), body)))
    client = await serve.connect()
    await client.send(get() + get())
    for _ in range(2):
        answer = await client.answer()
        assert (answer.status, answer.body) == (500, b"Internal Server Error")
        assert "x-injected" not in answer.headers


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a\r\nb", "caf\xe9"])
def test_a_header_name_is_a_token(name: str) -> None:
    with pytest.raises(HeaderRefused):
        Heads().encode(Response(200, ((name, "x"),)), length(0), "")


@pytest.mark.parametrize("status", [0, 100, 101, 199, 600])
def test_a_status_is_that_of_an_answer(status: int) -> None:
    """1xx would make the client wait for another."""
    with pytest.raises(HeaderRefused):
        Heads().encode(Response(status), length(0), "")


async def test_a_status_of_its_own_is_sent(serve: Serve) -> None:
    """A Lambda function may answer 299."""
    await serve.start(answering(Response(299, (), b"x")))
    client = await serve.connect()
    await client.send(get())
    assert (await client.answer()).status == 299


async def test_head_is_told_the_length_and_gets_no_body(serve: Serve, tmp_path: Path) -> None:
    """Whatever the kind of body; the connection stays in step."""
    path = tmp_path / "file"
    path.write_bytes(b"x" * 1000)

    async def handler(request: Request) -> Response:
        match request.path:
            case "/bytes":
                return Response(200, (), b"hello")
            case "/declared":
                return Response(200, (("Content-Length", "12345"),))
            case "/file":
                return Response(200, (), FileBody(path=path, offset=10, size_bytes=900))
            case "/stream":
                return Response(200, (), parts(b"a", b"b"))
            case _:
                return Response(200, (("Content-Length", "2"),), parts(b"a", b"b"))

    await serve.start(handler)
    client = await serve.connect()
    for target, size in (("/bytes", "5"), ("/declared", "12345"), ("/file", "900"), ("/stream", None), ("/sized", "2")):
        await client.send(get(target).replace(b"GET", b"HEAD"))
        answer = await client.answer(head_only=True)
        assert (answer.status, answer.headers.get("content-length")) == (200, size), target
    await client.send(get("/bytes"))
    assert (await client.answer()).body == b"hello"


@pytest.mark.parametrize("status", [204, 304])
async def test_a_status_without_a_body_has_none(serve: Serve, status: int) -> None:
    """Neither bytes nor a length, even when the handler gave some (RFC 9110, 8.6)."""
    await serve.start(answering(Response(status, (), b"unexpected")))
    client = await serve.connect()
    await client.send(get() + get())
    for _ in range(2):
        answer = await client.answer()
        assert answer.status == status
        assert "content-length" not in answer.headers


async def test_http10(serve: Serve) -> None:
    """Closes unless asked to keep; keeps only with a length; never chunks."""

    async def handler(request: Request) -> Response:
        return Response(200, (), parts(b"a", b"b") if request.path == "/stream" else b"hello")

    await serve.start(handler)
    client = await serve.connect()
    await client.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    answer = await client.answer()
    assert (answer.body, answer.headers["connection"]) == (b"hello", "keep-alive")
    await client.send(b"GET / HTTP/1.0\r\n\r\n")
    answer = await client.answer()
    assert (answer.body, answer.headers["connection"]) == (b"hello", "close")
    assert await client.rest() == b""
    client = await serve.connect()
    await client.send(b"GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    answer = await client.answer()
    assert (answer.body, answer.headers["connection"]) == (b"ab", "close")
    assert "transfer-encoding" not in answer.headers


async def test_connection_close_is_obeyed(serve: Serve) -> None:
    """And what the client says after it is nobody's."""
    await serve.start(answering(Response(200, (), b"bye")))
    client = await serve.connect()
    await client.send(get("/", "Connection: close") + get("/more"))
    answer = await client.answer()
    assert (answer.body, answer.headers["connection"]) == (b"bye", "close")
    assert await client.rest() == b""


async def test_a_stream_is_chunked(serve: Serve) -> None:
    """Empty parts would end it early."""
    await serve.start(answering(Response(200, (), parts(b"he", b"", b"llo"))))
    client = await serve.connect()
    await client.send(get())
    answer = await client.answer()
    assert (answer.headers["transfer-encoding"], answer.body) == ("chunked", b"hello")


async def test_streams_keep_their_place_in_the_order(serve: Serve) -> None:
    """A pipelined answer waits until the stream before it has ended."""

    async def handler(request: Request) -> Response:
        return Response(200, (), parts(b"a", b"b") if request.path == "/stream" else b"hello")

    await serve.start(handler)
    client = await serve.connect()
    await client.send(get("/stream") + get("/1") + get("/stream") + get("/2"))
    assert [(await client.answer()).body for _ in range(4)] == [b"ab", b"hello", b"ab", b"hello"]


@pytest.mark.parametrize("content", [[b"abc", b"def", b"gh"], [b"abc"]])
async def test_a_stream_of_the_wrong_length_breaks_off(serve: Serve, content: list[bytes]) -> None:
    """Rather a reset than bytes that the client would take for the next answer."""
    await serve.start(answering(Response(200, (("Content-Length", "6"),), parts(*content))))
    client = await serve.connect()
    await client.send(get() + get())
    received = await client.rest()
    assert received.count(b"HTTP/1.1") <= 1
    assert len(received.partition(b"\r\n\r\n")[2]) <= 6


async def test_a_failing_stream_breaks_off(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    """Without the last chunk the client knows that it has not got everything."""

    async def failing() -> AsyncIterator[bytes]:
        yield b"begun"
        raise LookupError("secret")

    await serve.start(answering(Response(200, (), failing())))
    client = await serve.connect()
    await client.send(get())
    received = await client.rest()
    assert not received.endswith(b"0\r\n\r\n")
    assert b"secret" not in received
    assert "secret" in caplog.text


async def test_a_stream_is_drawn_no_faster_than_it_is_taken(serve: Serve) -> None:
    """Backpressure downwards; and when the client leaves, the iterator is closed."""
    drawn: list[int] = []
    closed: list[bool] = []

    async def endless() -> AsyncIterator[bytes]:
        try:
            while True:
                drawn.append(1)
                yield b"x" * 100_000
        finally:
            closed.append(True)

    await serve.start(answering(Response(200, (), endless())))
    client = await serve.connect(limit_bytes=1)
    await client.send(get())
    await eventually(lambda: len(drawn) > 1)
    await _turns()
    count = len(drawn)
    await _turns()
    assert len(drawn) == count < 200
    client.writer.transport.abort()
    await eventually(lambda: closed)


async def test_an_iterator_that_waits_is_closed_when_the_client_leaves(serve: Serve) -> None:
    """A long poll must not hang on to what it holds until something happens to happen."""
    closed: list[bool] = []

    async def waiting() -> AsyncIterator[bytes]:
        try:
            yield b"begun"
            await asyncio.Event().wait()
        finally:
            closed.append(True)

    await serve.start(answering(Response(200, (), waiting())))
    client = await serve.connect()
    await client.send(get())
    await client.reader.readuntil(b"begun")
    await client.close()
    await eventually(lambda: closed)


@pytest.mark.parametrize(("offset", "size_bytes"), [(0, 0), (0, 1), (100, 60_000), (0, 64 * 1024 + 1), (7, 5_000_000)])
async def test_a_range_of_a_file(serve: Serve, tmp_path: Path, offset: int, size_bytes: int) -> None:
    """Small ones are read, large ones are sent by the kernel; the connection stays in step."""
    content = bytes(at * 31 % 251 for at in range(offset + size_bytes + 10))
    path = tmp_path / "file"
    path.write_bytes(content)

    async def handler(request: Request) -> Response:
        if request.path == "/file":
            return Response(200, (), FileBody(path=path, offset=offset, size_bytes=size_bytes))
        return Response(200, (), b"after")

    await serve.start(handler)
    client = await serve.connect(limit_bytes=256 * 1024)
    await client.send(get("/after") + get("/file") + get("/after") + get("/file"))
    expected = [b"after", content[offset : offset + size_bytes]] * 2
    for body in expected:
        assert (await client.answer()).body == body


@pytest.mark.parametrize("size_bytes", [1, 70_000, 3_000_000])
async def test_ranges_of_several_files(serve: Serve, tmp_path: Path, size_bytes: int) -> None:
    """They leave as one body, in order and each from its offset; HEAD tells their length; all are closed again."""
    files = []
    for number in range(5):
        path = tmp_path / str(number)
        path.write_bytes(bytes([number]) * (size_bytes + number))
        files.append(FileBody(path=path, offset=number, size_bytes=size_bytes))
    expected = b"".join(bytes([number]) * size_bytes for number in range(5))
    await serve.start(answering(Response(200, (), FilesBody(files=tuple(files)))))
    client = await serve.connect(limit_bytes=256 * 1024)
    before = _open_files()
    await client.send(b"HEAD / HTTP/1.1\r\nHost: t\r\n\r\n" + get() + get())
    assert (await client.answer(head_only=True)).headers["content-length"] == str(len(expected))
    for _ in range(2):
        assert (await client.answer()).body == expected
    await eventually(lambda: _open_files() <= before)


async def test_a_later_file_that_is_not_there_breaks_the_answer(serve: Serve, tmp_path: Path) -> None:
    """Its length is promised by then: what has been sent stays, and the connection ends instead of lying. A missing
    first one is known before the head.
    """
    path = tmp_path / "file"
    path.write_bytes(b"x" * 100_000)
    here = FileBody(path=path, offset=0, size_bytes=100_000)
    gone = FileBody(path=tmp_path / "gone", offset=0, size_bytes=100_000)

    async def handler(request: Request) -> Response:
        return Response(200, (), FilesBody(files=(here, gone) if request.path == "/later" else (gone, here)))

    await serve.start(handler)
    client = await serve.connect()
    await client.send(get("/first") + get("/later") + get("/first"))
    assert (await client.answer()).status == 500
    rest = await client.rest()
    assert b"Content-Length: 200000" in rest
    assert rest.partition(b"\r\n\r\n")[2] == b"x" * 100_000


async def test_a_file_that_is_not_there_is_a_500(serve: Serve, tmp_path: Path) -> None:
    """Known before the head is sent, so there is no half answer."""
    short = tmp_path / "short"
    short.write_bytes(b"x" * 10)

    async def handler(request: Request) -> Response:
        path = short if request.path == "/short" else tmp_path / "missing"
        return Response(200, (), FileBody(path=path, offset=5, size_bytes=100))

    await serve.start(handler)
    client = await serve.connect()
    await client.send(get("/missing") + get("/short"))
    assert [(await client.answer()).status for _ in range(2)] == [500, 500]


async def test_a_client_that_leaves_in_the_middle_of_a_file(serve: Serve, tmp_path: Path) -> None:
    """The file is closed and the connection forgotten; one that stops reading is cut off."""
    path = tmp_path / "file"
    path.write_bytes(b"x" * 30_000_000)
    limits = Limits(write_timeout=ms(100), sweep_interval=ms(20))
    server = await serve.start(
        answering(Response(200, (), FileBody(path=path, offset=0, size_bytes=30_000_000))), limits=limits
    )
    before = _open_files()
    for leaves in (True, False):
        client = await serve.connect(limit_bytes=1)
        await client.send(get())
        await client.reader.readexactly(1000)
        if leaves:
            client.writer.transport.abort()
        await eventually(lambda: server.connection_count == 0)
        await client.close()
    await eventually(lambda: _open_files() <= before)


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_a_long_body_is_a_stream(serve: Serve) -> None:
    """The handler starts before the body is there; chunked ones become a stream when they grow."""
    kinds: list[tuple[str, int | None]] = []

    async def handler(request: Request) -> Response:
        kind = "bytes" if isinstance(request.body, bytes) else "stream"
        kinds.append((kind, None if isinstance(request.body, bytes) else request.body.size_bytes))
        return Response(200, (), await request.read(10_000_000))

    await serve.start(handler, limits=Limits(body_in_memory_bytes_max=1000))
    client = await serve.connect()
    for size_bytes in (1000, 1001, 3_000_000):
        await client.send(post(b"x" * size_bytes))
        assert len((await client.answer()).body) == size_bytes
    head = b"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
    for pieces in ((b"ab" * 250, b"cd" * 250), (b"ab" * 250, b"cd" * 250, b"e"), (b"x" * 3_000_000,), (b"ab",) * 2000):
        await client.send(head + chunked(*pieces))
        assert (await client.answer()).body == b"".join(pieces)
    assert kinds == [("bytes", None), ("stream", 1001), ("stream", 3_000_000), ("bytes", None)] + [("stream", None)] * 3


async def test_a_body_that_nobody_reads_stays_with_the_client(serve: Serve) -> None:
    """Backpressure upwards: the socket is not read beyond the buffer, until the handler reads on."""
    reading, bodies = asyncio.Event(), list[BodyStream]()

    async def handler(request: Request) -> Response:
        assert not isinstance(request.body, bytes)
        bodies.append(request.body)
        await reading.wait()
        count = 0
        async for part in request.body:
            count += len(part)
        return Response(200, (), str(count).encode())

    await serve.start(handler, limits=Limits(body_in_memory_bytes_max=1000, body_timeout=ms(50), sweep_interval=ms(10)))
    client = await serve.connect()
    client.writer.write(post(b"x" * 20_000_000))
    await eventually(lambda: bodies)
    await _turns()
    (connection,) = serve.server._shared.connections
    assert not connection._reading
    assert bodies[0].buffered_bytes < 1_000_000  # type: ignore[attr-defined]  # more than the seam tells
    reading.set()
    assert (await client.answer()).body == b"20000000"


async def test_an_upload_is_echoed_while_it_arrives(serve: Serve) -> None:
    """Streams both ways at once: the answer reads the request."""

    async def handler(request: Request) -> Response:
        assert not isinstance(request.body, bytes)
        return Response(200, (), aiter(request.body))

    await serve.start(handler, limits=Limits(body_in_memory_bytes_max=10))
    client = await serve.connect()
    body = bytes(range(256)) * 20_000
    sending = asyncio.create_task(client.send(post(body)))
    assert (await client.answer()).body == body
    await sending


async def test_a_reader_learns_that_its_client_left(serve: Serve) -> None:
    """Otherwise it would wait for ever, or store half an object."""
    errors: list[BaseException] = []

    async def handler(request: Request) -> Response:
        try:
            await request.read(10_000_000)
        except ClientDisconnected as error:
            errors.append(error)
            raise
        return Response(200)

    await serve.start(handler, limits=Limits(body_in_memory_bytes_max=10))
    for abort in (True, False):
        client = await serve.connect()
        await client.send(post(b"x" * 1000)[:-1])
        await _turns(5)
        if abort:
            client.writer.transport.abort()
        else:
            await client.close()
    await eventually(lambda: len(errors) == 2)


@pytest.mark.parametrize(("rest", "status"), [(b"5\r\nhelloXX", 400), (b"", 408)])
async def test_a_broken_stream_is_refused(serve: Serve, rest: bytes, status: int) -> None:
    """The handler gets an error instead of a short body, and the client hears why."""
    limits = Limits(body_in_memory_bytes_max=10, body_timeout=ms(50), sweep_interval=ms(10))

    async def handler(request: Request) -> Response:
        return Response(200, (), await request.read(10_000_000))

    await serve.start(handler, limits=limits)
    client = await serve.connect()
    await client.send(
        b"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n" + b"x" * 20 + b"\r\n" + rest
    )
    answer = await client.answer()
    assert (answer.status, answer.headers["connection"]) == (status, "close")
    assert await client.rest() == b""


@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize("late", [False, True])
async def test_no_response_at_all_is_a_500(serve: Serve, version: str, late: bool) -> None:
    """A handler that forgot its `return` must not take the connection down with it."""

    async def handler(request: Request) -> Response:
        if late:
            await asyncio.sleep(0)
        return None  # type: ignore[return-value]  # the mistake

    await serve.start(handler)
    client = await serve.connect()
    await client.send(f"GET / HTTP/{version}\r\nHost: t\r\nConnection: keep-alive\r\n\r\n".encode())
    assert (await client.answer()).status == 500


async def test_a_client_that_was_not_invited_is_not_late(serve: Serve) -> None:
    """It waits for our 100 Continue, and we for a handler that takes its time to read."""

    async def handler(request: Request) -> Response:
        await asyncio.sleep(0.15)
        return Response(200, (), await request.read(10_000))

    limits = Limits(body_in_memory_bytes_max=10, body_timeout=ms(40), sweep_interval=ms(10))
    await serve.start(handler, limits=limits)
    client = await serve.connect()
    await client.send(post(b"x" * 1000, "/", "Expect: 100-continue").removesuffix(b"x" * 1000))
    assert (await client.answer()).status == 100
    await client.send(b"x" * 1000)
    assert (await client.answer()).status == 200


async def test_a_body_that_nobody_wanted(serve: Serve) -> None:
    """A little more is read to keep the connection; a lot is not, and yet the answer arrives before the end."""
    limits = Limits(body_in_memory_bytes_max=10, unread_bytes_max=100_000)
    await serve.start(answering(Response(200, (), b"no, thank you")), limits=limits)
    client = await serve.connect()
    await client.send(post(b"x" * 100_000) + get())
    assert [(await client.answer()).body for _ in range(2)] == [b"no, thank you"] * 2
    await client.send(post(b"x" * 5_000_000))
    answer = await client.answer()
    assert (answer.body, answer.headers["connection"]) == (b"no, thank you", "close")
    assert await client.rest() == b""


async def test_a_stream_is_invited_when_it_is_read(serve: Serve) -> None:
    """S3 may refuse an upload by its headers alone: then the client never sends it."""

    async def handler(request: Request) -> Response:
        if request.path == "/refused":
            return Response(403)
        return Response(200, (), await request.read(10_000))

    await serve.start(handler, limits=Limits(body_in_memory_bytes_max=10))
    client = await serve.connect()
    await client.send(post(b"x" * 1000, "/taken", "Expect: 100-continue").removesuffix(b"x" * 1000))
    assert (await client.answer()).status == 100
    await client.send(b"x" * 1000)
    assert len((await client.answer()).body) == 1000
    await client.send(post(b"x" * 1000, "/refused", "Expect: 100-continue").removesuffix(b"x" * 1000))
    answer = await client.answer()
    assert (answer.status, answer.headers["connection"]) == (403, "close")
    assert await client.rest() == b""


async def _turns(count: int = 30) -> None:
    for _ in range(count):
        await asyncio.sleep(0.001)
