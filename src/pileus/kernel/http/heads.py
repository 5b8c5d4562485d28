"""Which bytes announce an answer?

The hot path of every response: one join, one encode. Header names are learnt once (checked, and put in the form in
which they are joined); values are checked all together, by counting line ends, so that nobody's value can end the line
and begin a header or an answer of its own.
"""

import re
import time
from collections.abc import Callable
from email.utils import formatdate
from http import HTTPStatus
from typing import Final

from pileus.kernel.http.messages import Headers, Response

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
KEEP: Final = ""
KEEP_HTTP10: Final = "\r\nConnection: keep-alive"
CLOSE: Final = "\r\nConnection: close"
CHUNKED: Final = "\r\nTransfer-Encoding: chunked"
NO_LENGTH: Final = ""
BODYLESS: Final = frozenset({204, 304})

_STATUS_LINES: Final = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}" for status in HTTPStatus if status >= 200
}
_OWNED: Final = frozenset({"connection", "content-length", "date", "keep-alive", "transfer-encoding"})
"""Headers that only the front door writes; a handler's are dropped (its length counts where it has no body)."""

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_LENGTH: Final = re.compile(r"[0-9]{1,18}")
_NAME_LENGTH_MAX: Final = 128
_PREFIXES_MAX: Final = 1024
_prefixes: dict[str, str] = {}
"""By header name: `"\\r\\nName: "`; never those that are ours."""


class HeaderRefused(Exception):
    """A handler's status, header name or value cannot be sent: it would break the message, or make another."""


class Heads:
    """Builds heads, all with the same `Date` until the next `tick`. timestamp: seconds since 1970."""

    def __init__(self, timestamp: Callable[[], float] = time.time) -> None:
        self._timestamp = timestamp
        self.tick()

    def tick(self) -> None:
        """Look at the clock; to be called once a second."""
        self._date = f"\r\nDate: {formatdate(self._timestamp(), usegmt=True)}\r\n\r\n"

    def encode(self, response: Response, framing: str, connection: str) -> bytes:
        """The head up to and with its empty line. framing: `CHUNKED`, `NO_LENGTH` or what `length` gives."""
        line = _STATUS_LINES.get(response.status) or _status_line(response.status)
        headers = response.headers
        try:
            text = "".join([_prefixes[name] + value for name, value in headers])
            line_count = len(headers)  # Each prefix brings the one line end that it needs.
        except KeyError:
            text, line_count = _learned(headers)
        if text.count("\n") != line_count or text.count("\r") != line_count or "\0" in text:
            raise HeaderRefused(f"a header value of a {response.status} holds a line end or NUL")
        try:
            return f"{line}{text}{framing}{connection}{self._date}".encode("latin-1")
        except UnicodeEncodeError as error:
            raise HeaderRefused("a header value is not latin-1") from error


def length(size_bytes: int) -> str:
    """The framing of a body whose length is known."""
    return f"\r\nContent-Length: {size_bytes}"


def declared_length(headers: Headers) -> int | None:
    """What the handler itself says the length is (HeadObject knows it and has no body); None when it is no number."""
    for name, value in headers:
        if name.lower() == "content-length":
            return int(value) if _LENGTH.fullmatch(value) else None
    return None


def plain(status: int) -> Response:
    """The front door's own answer: the reason, and nothing else."""
    phrase = HTTPStatus(status).phrase
    return Response(status, (("Content-Type", "text/plain"),), phrase.encode("ascii"))


def _status_line(status: int) -> str:
    if not 200 <= status <= 599:
        raise HeaderRefused(f"{status} is no status of an answer")
    return f"HTTP/1.1 {status} Unknown"


def _learned(headers: Headers) -> tuple[str, int]:
    """The lines of headers of which one is new, or ours, and how many they are."""
    lines = [prefix + value for name, value in headers if (prefix := _prefixes.get(name) or _learn(name))]
    return "".join(lines), len(lines)


def _learn(name: str) -> str:
    """What a header's line begins with; "" when nothing but the front door writes it."""
    if not _TOKEN.fullmatch(name):
        raise HeaderRefused("a header name is no token")
    if name.lower() in _OWNED:
        return ""
    prefix = f"\r\n{name}: "
    if len(_prefixes) < _PREFIXES_MAX and len(name) <= _NAME_LENGTH_MAX:
        _prefixes[name] = prefix
    return prefix
