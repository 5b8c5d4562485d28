"""How does a handler's response become an HTTP answer: framed how, sent at once or bit by bit?"""

import asyncio
import logging
import os
from collections.abc import Coroutine
from typing import Any, Final

from pileus.kernel.http import heads
from pileus.kernel.http.bodies import BodyBroken
from pileus.kernel.http.heads import BODYLESS, Heads
from pileus.kernel.http.messages import FileBody, FilesBody, Lost, NoRoom, PayloadTooLarge, Response
from pileus.kernel.http.outlet import OpenFile, OpenFiles, Outlet
from pileus.kernel.http.parsing import Exchange

_log: Final = logging.getLogger("pileus.http")

_SMALL_FILE_BYTES: Final = 64 * 1024
"""Read at once and sent as bytes: cheaper than a task, and as quick as the page cache."""


_ORDINARY_BYTES_MAX: Final = 64 * 1024
"""A body up to this is copied behind its head: one system call is worth more than one copy."""


class Sending:
    """An answer that takes more than one step: `work` sends it, `close` frees what it needed, whatever happened."""

    __slots__ = ("_files", "work")

    def __init__(self, work: Coroutine[Any, Any, None], *, files: OpenFiles | None = None) -> None:
        self.work = work
        self._files = files

    @property
    def draws(self) -> bool:
        """Whether the bytes come from an iterator of the handler's."""
        return self._files is None

    def close(self) -> None:
        self.work.close()
        if self._files is not None:
            self._files.close()


def begin(exchange: Exchange, response: Response, outlet: Outlet, *, encoder: Heads, close: bool) -> Sending | None:
    """Write the answer, or as much as can be written at once and give the rest; raises before anything is written."""
    connection = heads.CLOSE if close else heads.KEEP_HTTP10 if exchange.http10 else heads.KEEP
    body = response.body
    headless = response.status in BODYLESS
    unsent = headless or (exchange.request is not None and exchange.request.method == "HEAD")
    if isinstance(body, bytes):
        size_bytes = len(body)
        if unsent:
            size_bytes = _told(response, size_bytes)
            body = b""
        framing = heads.NO_LENGTH if headless else heads.length(size_bytes)
        outlet.write(encoder.encode(response, framing, connection), body)
        return None
    if isinstance(body, FileBody | FilesBody):
        framing = heads.NO_LENGTH if headless else heads.length(body.size_bytes)
        head = encoder.encode(response, framing, connection)
        return _begin_files(head, None if unsent else body, outlet)
    declared = heads.declared_length(response.headers)
    chunked = declared is None and not exchange.http10 and not headless
    framing = heads.CHUNKED if chunked else heads.NO_LENGTH if declared is None or headless else heads.length(declared)
    outlet.write(encoder.encode(response, framing, connection))
    return Sending(discard(response) if unsent else outlet.send_parts(body, chunked=chunked, size_bytes=declared))


def ordinary(response: Response, encoder: Heads) -> bytes | None:
    """All of an ordinary answer to an ordinary request; None for anything that `begin` must look at."""
    body = response.body
    if isinstance(body, bytes) and len(body) <= _ORDINARY_BYTES_MAX and response.status not in BODYLESS:
        return encoder.encode(response, f"\r\nContent-Length: {len(body)}", heads.KEEP) + body
    return None


def answer_to(error: BaseException, exchange: Exchange) -> Response:
    """What the client gets for an exception that left its handler: never what it says."""
    if isinstance(error, BodyBroken):
        return heads.plain(exchange.refusal or 400)
    if isinstance(error, PayloadTooLarge):
        return heads.plain(413)
    if isinstance(error, NoRoom):
        return heads.plain(503)
    if isinstance(error, asyncio.CancelledError):
        _log.warning("%s: its handler was cancelled", name(exchange))
    else:
        _log.error("%s: its handler failed", name(exchange), exc_info=error)
    return heads.plain(500)


def instead_of(response: Response, exchange: Exchange, lost: Lost | None) -> Response:
    """What the client gets in place of an answer whose commit failed."""
    told = None
    if lost is not None and exchange.request is not None:
        try:
            told = lost(exchange.request, response)
        except Exception:  # noqa: BLE001 - the edge: somebody waits for an answer, whatever it is
            _log.exception("%s: nothing can be said of its lost answer", name(exchange))
    return told or heads.plain(500)


def name(exchange: Exchange) -> str:
    """The request, for the log: without its query, which may be a credential."""
    return "a refusal" if exchange.request is None else f"{exchange.request.method} {exchange.request.path!r}"


def ends_connection(exchange: Exchange, response: Response) -> bool:
    """Whether only the end of the connection tells an HTTP/1.0 client where this answer ends."""
    return (
        exchange.http10
        and not isinstance(response.body, bytes | FileBody | FilesBody)
        and heads.declared_length(response.headers) is None
    )


async def discard(response: Response) -> None:
    """Close the iterator of an answer that nobody will read, so that what it holds is freed now."""
    close = getattr(response.body, "aclose", None)
    if close is not None:
        await close()


def _told(response: Response, size_bytes: int) -> int:
    declared = heads.declared_length(response.headers)
    return size_bytes if declared is None else declared


def _begin_files(head: bytes, body: FileBody | FilesBody | None, outlet: Outlet) -> Sending | None:
    if body is None:
        outlet.write(head)
    elif isinstance(body, FileBody) and body.size_bytes <= _SMALL_FILE_BYTES:
        outlet.write(head, _content(body))
    else:
        files = OpenFiles((body,) if isinstance(body, FileBody) else body.files)
        return Sending(outlet.send_files(head, files), files=files)
    return None


def _content(body: FileBody) -> bytes:
    file = OpenFile(body.path, offset=body.offset, size_bytes=body.size_bytes)
    try:
        content = os.pread(file.fd, body.size_bytes, body.offset)
    finally:
        file.close()
    if len(content) != body.size_bytes:
        raise EOFError(f"{body.path} became shorter while it was read")
    return content
