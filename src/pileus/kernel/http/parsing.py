"""Which requests are in these bytes? Owns no socket: bytes in, `Exchange`s out, `Refused` for what is no HTTP.

httptools (llhttp) finds the pieces and refuses most of what smugglers try: both lengths, two lengths, bare line feeds,
folded lines, a coding that is not chunked at its end. What it lets through is refused here: a missing or second Host,
codings other than plain `chunked`, `Transfer-Encoding` in HTTP/1.0, versions other than 1.0 and 1.1.

Memory: httptools gathers one header until it is whole, so a head is bounded twice: roughly, by the bytes fed since it
began, and exactly, by its parts, when it is whole and could be too long. Whoever feeds more than `SLICE_BYTES` at once
lets one call make that many more requests.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

import httptools

from pileus.kernel.http.bodies import IncomingBody
from pileus.kernel.http.budget import BodyBudget
from pileus.kernel.http.limits import Limits
from pileus.kernel.http.messages import Request, Response

SLICE_BYTES: Final = 16 * 1024

_SLASH: Final = ord("/")
_NAMES_MAX: Final = 1024
_NAME_BYTES_MAX: Final = 64
_names: dict[bytes, str] = {}
"""Header names as sent to lower-case text: clients use few, and a look-up is cheaper than two conversions."""

_methods: dict[bytes, str] = {}
"""llhttp knows a fixed set, so this cannot grow."""

_HOST_CHARACTERS_MAX: Final = 512
"""A name has 255 (RFC 1035). Hosts are remembered in several places, and must not be as long as a head may be."""

_SINGLE: Final = frozenset({"host", "content-length", "transfer-encoding"})
"""Headers that decide where a request goes and ends: a second one is an attempt to confuse somebody."""


_FRAMING: Final = ("content-length", "transfer-encoding", "expect")


class Refused(Exception):
    """This is no request that we take; `status` says why. The connection cannot go on."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Exchange:
    """One request and what its connection must know to answer it.

    body: set when the request's body is a stream. refusal: the status due when that stream broke. response: the
    answer, once it is ready and not yet sent. queued: whether the connection counts it among its open ones.
    ordinary: nothing about the request makes its answer special (HTTP/1.1, kept alive, not HEAD, no stream).
    greeted: a 100 Continue goes before its answer, though its body is empty.
    request is None when there is nothing to ask a handler, because the response is known (a refusal).
    """

    request: Request | None = None
    keep_alive = False
    ordinary = False
    http10 = False
    greeted = False
    body: IncomingBody | None = None
    refusal = 0
    response: Response | None = None
    queued = False
    answered = False


class RequestParser:
    """Feeds on the bytes of one connection.

    received: complete requests, and those whose stream has begun, in order of arrival; the owner takes them out.
    streaming: the exchange whose body stream is arriving. uninvited: the exchange whose client waits for a
    100 Continue; the owner clears it with the invitation.
    """

    def __init__(
        self, limits: Limits, *, budget: BodyBudget, peer: str, secure: bool, wanted: Callable[[], None]
    ) -> None:
        self._limits = limits
        self._budget = budget
        self._peer = peer
        self._secure = secure
        self._wanted = wanted
        self._parser = httptools.HttpRequestParser(self)
        self.received: deque[Exchange] = deque()
        self.streaming: Exchange | None = None
        self.uninvited: Exchange | None = None
        self.message_count = 0
        self.body_bytes = 0
        self.finished = False
        """After a request that asked to close: what follows it is nobody's."""
        self._refusal: Refused | None = None
        self._target = b""
        self._headers: dict[str, str] = {}
        self._exchange: Exchange | None = None
        self._held: bytes | bytearray | None = None
        self._left_bytes = 0
        self._declined: Exchange | None = None
        self._fed_bytes = 0
        """Fed in earlier calls, for the current head, or since the last piece of body."""
        self._unchecked_bytes = limits.header_bytes_max - SLICE_BYTES
        """A head that came after so many fed bytes cannot be too long."""

    @property
    def in_head(self) -> bool:
        return self._exchange is None and self._target != b""

    @property
    def in_body(self) -> bool:
        return self._exchange is not None

    @property
    def busy(self) -> bool:
        """Whether a request is waiting to be taken out, or has begun to arrive."""
        return bool(self.received) or self._exchange is not None or self._target != b""

    @property
    def slice_bytes(self) -> int:
        """How much may be fed at once: a declared body makes no further requests."""
        return max(SLICE_BYTES, self._left_bytes)

    @property
    def body_left_bytes(self) -> int:
        """How much is certainly more of the body that is streaming."""
        return 0 if self.streaming is None else max(0, self._left_bytes)

    def feed(self, data: bytes | memoryview) -> None:
        """Parse; `Refused` leaves what was received before it in `received`."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._go_on_plainly(data, upgrade.args[0])
        except httptools.HttpParserError as error:
            self._fail(error)
        if self._target:
            self._fed_bytes += len(data)
            if self._fed_bytes > self._limits.header_bytes_max + 2 * SLICE_BYTES:
                raise Refused(431)  # A head, trailers or a chunk extension without an end.

    def _go_on_plainly(self, data: bytes | memoryview, offset: int) -> None:
        """We decline the Upgrade (h2c mostly) by answering in HTTP/1.1: httptools stops there, so start it anew.

        The seam for WebSocket: an exchange that accepts the upgrade would take over the connection from here.
        """
        while True:
            data = data[offset:]
            try:
                self._parser = httptools.HttpRequestParser(self)
                if self._declined is not None:
                    self._expect_declined_body(self._declined)
                self._parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as upgrade:
                offset = upgrade.args[0]
            except httptools.HttpParserError as error:
                self._fail(error)
                return

    def _expect_declined_body(self, declined: Exchange) -> None:
        """httptools takes the body of a request that asks to upgrade for the new protocol's first bytes.

        So a new parser is told of a body like that one, and what it makes of it becomes the declined request's.
        """
        self._declined = None
        assert declined.request is not None
        headers = declined.request.headers
        framing = "".join(f"{name}: {headers[name]}\r\n" for name in _FRAMING if name in headers)
        self._parser.feed_data(f"POST / HTTP/1.1\r\nHost: -\r\n{framing}\r\n".encode("latin-1"))
        exchange = self._exchange
        assert exchange is not None
        assert exchange.request is not None
        declined.request.body = exchange.request.body
        exchange.request = declined.request
        exchange.keep_alive, exchange.ordinary = declined.keep_alive, declined.ordinary and exchange.ordinary

    def _fail(self, error: Exception) -> None:
        if not self.finished:
            raise self._refusal or Refused(_status_of(error)) from None

    # What httptools calls.

    def on_url(self, url: bytes) -> None:
        if self._target:
            self._target += url
        else:
            self._target = url
            self.message_count += 1
        if len(self._target) > self._limits.target_bytes_max:
            self._refuse(414)

    def on_header(self, name: bytes, value: bytes) -> None:
        try:
            key = _names[name]
        except KeyError:
            key = _learn(name)
        headers = self._headers
        if key in headers:
            self._repeat(key, value)
        else:
            headers[key] = value.rstrip().decode("latin-1")

    def on_headers_complete(self) -> None:
        parser, headers, target = self._parser, self._headers, self._target
        if self._fed_bytes > self._unchecked_bytes:
            self._bound_head()
        keep_alive: bool = parser.should_keep_alive()
        # Only 1.1 is kept alive unasked, and httptools takes long to say a version.
        version = "1.1" if keep_alive and "connection" not in headers else parser.get_http_version()
        host = headers.get("host")
        if version == "1.1":
            if host is None:
                self._refuse(400)
        elif version != "1.0":
            self._refuse(505)
        if host is not None and len(host) > _HOST_CHARACTERS_MAX:
            self._refuse(400)
        method = parser.get_method()
        # What `Request(...)` does, but calling a class with keywords costs as much as all of this function.
        request = Request.__new__(Request)
        request.method = _methods.get(method) or _methods.setdefault(method, method.decode("ascii"))
        request.target = text = target.decode("ascii") if target[0] == _SLASH else self._origin_form()
        request.path, _, request.query = text.partition("?")
        request.headers = headers
        request.body = b""
        request.peer = self._peer
        request.secure = self._secure
        request.seed = request.events = None
        self._exchange = exchange = Exchange()
        exchange.request = request
        exchange.keep_alive = keep_alive
        exchange.ordinary = keep_alive and version == "1.1" and method != b"HEAD"
        if version == "1.0":
            exchange.http10 = True
        if "content-length" in headers or "transfer-encoding" in headers:
            if not parser.should_upgrade():
                self._expect_body(exchange, headers)
            elif exchange.http10:
                self._refuse(400)
            elif headers.get("content-length", "").strip("0") or "transfer-encoding" in headers:
                self._declined = exchange
        self._headers = {}  # Trailers come here: kept with a streamed body, otherwise tolerated.

    def on_body(self, data: bytes) -> None:
        size_bytes = len(data)
        self.body_bytes += size_bytes
        self._left_bytes -= size_bytes
        self._fed_bytes = -size_bytes
        if self._held is None and self.streaming is None:
            self._held = data
        else:
            self._add(data)
        if size_bytes > self._limits.body_in_memory_bytes_max and self.streaming is None:
            self._stream(None)
        self.uninvited = None

    def on_message_complete(self) -> None:
        exchange = self._exchange
        assert exchange is not None
        if self._declined is not None:
            pass  # Its body is still to come.
        elif self.streaming is None:
            if self._held is not None:
                assert exchange.request is not None
                exchange.request.body = bytes(self._held)
                self._held = None
            self.received.append(exchange)
        else:
            assert self.streaming.body is not None
            self.streaming.body.trailers = self._headers
            self.streaming.body.finish()
            self.streaming = None
        if self._headers:
            self._headers = {}
        self.finished = not exchange.keep_alive
        self.uninvited = None
        self._exchange = None
        self._target = b""
        self._fed_bytes = 0

    # What they decide.

    def _add(self, data: bytes) -> None:
        """One more piece of a body that comes in several."""
        if self.streaming is not None:
            assert self.streaming.body is not None
            self.streaming.body.feed(data)
            return
        if isinstance(self._held, bytes):
            self._held = bytearray(self._held)
        assert self._held is not None
        self._held += data
        if len(self._held) > self._limits.body_in_memory_bytes_max:
            self._stream(None)

    def _repeat(self, key: str, value: bytes) -> None:
        if key in _SINGLE:
            self._refuse(400)
        self._headers[key] = f"{self._headers[key]},{value.rstrip().decode('latin-1')}"

    def _bound_head(self) -> None:
        """The exact limit, which does not depend on how the bytes were cut."""
        size_bytes = sum(len(name) + len(value) + 4 for name, value in self._headers.items()) + len(self._target)
        if size_bytes > self._limits.header_bytes_max:
            self._refuse(431)

    def _refuse(self, status: int) -> None:
        """httptools replaces what a callback raises, so it is kept for `feed`."""
        self._refusal = Refused(status)
        raise self._refusal

    def _origin_form(self) -> str:
        """The target of a client that takes us for a proxy, or asks about the server (`OPTIONS *`)."""
        target = self._target.decode("ascii")
        if target == "*" and self._parser.get_method() == b"OPTIONS":
            return target
        scheme, _, rest = target.partition("://")
        if scheme.lower() not in ("http", "https"):
            self._refuse(400)
        ends = [at for at in (rest.find("/"), rest.find("?")) if at >= 0]
        authority = rest[: min(ends)] if ends else rest
        if len(authority) > _HOST_CHARACTERS_MAX:
            self._refuse(400)
        self._headers["host"] = authority.rpartition("@")[2]  # It outranks the header (RFC 9112, 3.2.2).
        path = rest[len(authority) :]
        return path if path.startswith("/") else f"/{path}"

    def _expect_body(self, exchange: Exchange, headers: dict[str, str]) -> None:
        size_bytes: int | None = None
        if "transfer-encoding" in headers:
            if exchange.http10 or "content-length" in headers:
                self._refuse(400)
            if headers["transfer-encoding"].lower() != "chunked":
                self._refuse(501)
        else:
            size_bytes = int(headers["content-length"])
            self._left_bytes = size_bytes
        if "expect" in headers and not exchange.http10:
            if size_bytes == 0:
                self._greet(exchange, headers["expect"])
            elif headers["expect"].lower() != "100-continue":
                self._refuse(417)
            else:
                self.uninvited = exchange
        if size_bytes is not None and size_bytes > self._limits.body_in_memory_bytes_max:
            self._stream(size_bytes)

    def _greet(self, exchange: Exchange, expectation: str) -> None:
        """Nothing is to come that one could be invited to send, but the AWS CLI expects the word as S3 says it.

        Of a final status in its place the CLI's copy of botocore remembers the status line, and then misreads the
        next answer on the connection: it waited for the end of that until its time was out.
        """
        if expectation.lower() == "100-continue":
            exchange.greeted = True
            exchange.ordinary = False

    def _stream(self, size_bytes: int | None) -> None:
        """The body is too long to be held: the handler starts now and reads it as it comes."""
        exchange = self._exchange
        assert exchange is not None
        assert exchange.request is not None
        exchange.ordinary = False
        exchange.body = IncomingBody(size_bytes, budget=self._budget, wanted=self._wanted)
        if self._held is not None:
            exchange.body.feed(self._held)
            self._held = None
        exchange.request.body = exchange.body
        self.streaming = exchange
        self.received.append(exchange)


def _learn(name: bytes) -> str:
    key = name.decode("latin-1").lower()
    if len(_names) < _NAMES_MAX and len(name) <= _NAME_BYTES_MAX:
        _names[name] = key
    return key


def _status_of(error: Exception) -> int:
    """httptools tells its reasons in words only."""
    reason = str(error)
    return 505 if reason == "Invalid HTTP version" or "PRI/Upgrade" in reason else 400
