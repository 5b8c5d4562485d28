"""What a request and a response are, once the bytes are understood."""

from collections.abc import AsyncIterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

if TYPE_CHECKING:
    from pileus.kernel.auth.chunks import Seed

BODY_HELD_BYTES_MAX: Final = 64 * 1024
"""A longer body reaches the handler as a stream, so that it may be refused before it is in memory."""

BODY_IN_MEMORY_BYTES_MAX: Final = 8 * 1024 * 1024
"""What `Request.read` reads, unless told otherwise (the largest JSON request of AWS is 6 MiB of payload)."""


class PayloadTooLarge(Exception):
    """A body is longer than the reader is prepared to hold; the front door answers 413."""


class NoRoom(Exception):
    """Other requests hold all the memory that bodies may take (`budget`); the front door answers 503."""


class BodyStream(Protocol):
    """A request body that is read as it arrives; not reading it stops the sender."""

    size_bytes: int | None
    """The declared length; None when the body is chunked."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def make_room(self, size_bytes: int) -> None:
        """Take room for that much in memory, until the request is answered; `NoRoom` when there is none in time."""
        ...


class Request:
    """One HTTP request.

    method: upper case. target: exactly as sent (SigV4 and S3 keys need it). path, query: the target's two halves,
    still percent-encoded, `query` without its `?`. headers: by lower-case name, values as latin-1, repeated ones
    joined by a comma. body: the bytes when at most `BODY_HELD_BYTES_MAX`, otherwise a stream.
    peer: the client's address. secure: whether it came through TLS. seed: of a verified request whose body is signed
    piece by piece, what its pieces are signed with. events: the body, where it is a stream of events.
    """

    __slots__ = ("body", "events", "headers", "method", "path", "peer", "query", "secure", "seed", "target")

    def __init__(
        self,
        *,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: "bytes | BodyStream" = b"",
        peer: str = "127.0.0.1",
        secure: bool = False,
    ) -> None:
        self.method = method
        self.target = target
        self.path, _, self.query = target.partition("?")
        self.headers = headers
        self.body = body
        self.peer = peer
        self.secure = secure
        self.seed: Seed | None = None
        self.events: object = None

    async def read(self, size_bytes_max: int = BODY_IN_MEMORY_BYTES_MAX) -> bytes:
        """The whole body; `PayloadTooLarge` when it is longer than `size_bytes_max`, `NoRoom`."""
        body = self.body
        if isinstance(body, bytes):
            if len(body) > size_bytes_max:
                raise PayloadTooLarge
            return body
        declared_bytes = body.size_bytes
        if declared_bytes is not None and declared_bytes > size_bytes_max:
            raise PayloadTooLarge
        # One of unknown length takes as much as it may become: nobody waits for room with half a body in memory.
        await body.make_room(size_bytes_max if declared_bytes is None else declared_bytes)
        read = BytesIO()  # hands out what it has gathered without copying it, as joining parts would
        async for part in body:
            read.write(part)
            if read.tell() > size_bytes_max:
                raise PayloadTooLarge
        self.body = read.getvalue()
        return self.body


class FileBody(msgspec.Struct, frozen=True, kw_only=True):
    """A range of a file, sent without passing through memory.

    hold: what must exist until the bytes are sent; nobody looks at it.
    """

    path: Path
    offset: int
    size_bytes: int
    hold: object = None


class FilesBody(msgspec.Struct, frozen=True, kw_only=True):
    """Ranges of several files, sent one after another as `FileBody` is.

    The first is opened before anything is sent, the others in their turn: one that has vanished breaks the connection.
    """

    files: tuple[FileBody, ...]

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)


Headers = Sequence[tuple[str, str]]


class Response(msgspec.Struct, frozen=True):
    """One HTTP answer. The front door adds `Content-Length`, `Date`, `Connection` and `Transfer-Encoding`.

    Header values hold no CR, LF or NUL: the front door refuses to send them.
    """

    status: int
    headers: Headers = ()
    body: bytes | FileBody | FilesBody | AsyncIterator[bytes] = b""


def size_of(response: Response) -> int:
    """How long its body is; of a stream, what it says of itself, or 0."""
    body = response.body
    if isinstance(body, bytes | bytearray):
        return len(body)
    if isinstance(body, FileBody | FilesBody):
        return body.size_bytes
    return int(next((text for name, text in response.headers if name.lower() == "content-length"), "0"))


class Handler(Protocol):
    """What the front door calls: once per request, in the order of arrival on a connection."""

    async def __call__(self, request: Request) -> Response: ...


class Gate(Protocol):
    """The output gate: holds answers back until what they tell of is durable.

    After a handler has returned, the front door asks `closed`; when True it calls `hold(release)` and sends the answer
    from `release(None)`; `release(error)` means that the commit failed, and the answer becomes what `Lost` says.

    failures: groups of commits that did not become durable. A handler that commits, then waits for something else, may
    return after the gate has opened again: if the number has moved since it began, its commit may be among those lost.
    """

    @property
    def closed(self) -> bool: ...

    @property
    def failures(self) -> int: ...

    def hold(self, release: "Release") -> None: ...


class Lost(Protocol):
    """What a client is told in place of `response`, whose commit failed: our own failure, in the client's protocol.

    None where there is no protocol, or none can be told: then the front door answers a plain 500.
    """

    def __call__(self, request: Request, response: Response, /) -> Response | None: ...


class Release(Protocol):
    def __call__(self, error: BaseException | None, /) -> None: ...
