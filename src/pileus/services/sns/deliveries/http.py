"""How is a message posted to an HTTP or HTTPS endpoint?

One connection for each message, which must be answered in 15 seconds. Certificates are verified as by any browser;
redirects are not followed; of the answer only the status counts, and the beginning of its body for the logs. Where the
server is not open, addresses that not everybody reaches (loopback, private and so on) are not called: a subscription
must not be a way into the network of whoever hosts this, who finds a line in the server's log. The name is resolved
once, and the address that was checked is the one that is called.

Sources: SNS Developer Guide, "HTTP/HTTPS headers", "Make sure your endpoint is ready to process Amazon SNS messages";
recordings sns, `test_subscribe_external_http_endpoint`.
"""

import asyncio
import ipaddress
import logging
import socket
import ssl
from base64 import b64encode
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property, partial
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

from pileus.services.sns.deliveries.retrying import TriedInVain
from pileus.services.sns.limits import HTTP_TIMEOUT
from pileus.services.sns.queue_target import NotDelivered

AGENT: Final = "Amazon Simple Notification Service Agent"
_HEAD_BYTES_MAX: Final = 64 * 1024
_BODY_BYTES_KEPT: Final = 4_096
_BODY_WAIT_S: Final = 1.0
"""Not everybody who has answered closes the connection; what is missing of the body is missing in a log only."""
_RESOLVERS: Final = 8
"""Names looked up at the same time: by threads of their own, which wait long for names that nobody knows."""
_TOLD_MAX: Final = 1_000
"""Endpoints that the log tells of."""
_NO_CONTENT: Final = 204
_TOO_MANY_REQUESTS: Final = 429

_log: Final = logging.getLogger(__name__)


class Answered(NamedTuple):
    """A status, and the beginning of the body."""

    status: int
    body: str


class HttpCaller:
    """Posts. private_allowed: addresses may be called that not everybody reaches."""

    def __init__(self, *, private_allowed: bool, timeout_s: float = HTTP_TIMEOUT.total_seconds()) -> None:
        self._private_allowed = private_allowed
        self._timeout_s = timeout_s
        self._told: set[tuple[str, int]] = set()

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answered:
        """The answer that says yes. TriedInVain where another attempt may help, NotDelivered where none does."""
        try:
            async with asyncio.timeout(self._timeout_s):
                answered = await self._post(url, headers, body)
        except TimeoutError:
            raise TriedInVain("Request to endpoint timed out.", status_code=0) from None
        except ssl.SSLError as error:
            raise TriedInVain(f"TLS: {error.reason or error}", status_code=0) from None
        except (OSError, asyncio.IncompleteReadError, ValueError) as error:
            raise TriedInVain(f"The endpoint could not be reached: {error}", status_code=0) from None
        if 200 <= answered.status < 300:
            return answered
        if answered.status >= 500 or answered.status == _TOO_MANY_REQUESTS:
            raise TriedInVain(f"The endpoint answered {answered.status}", status_code=answered.status)
        raise NotDelivered(f"The endpoint answered {answered.status}")

    async def _post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answered:
        parts = urlsplit(url)
        host, secure = parts.hostname or "", parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
        address = await self._address(host, port)
        reader, writer = await asyncio.open_connection(
            address, port, ssl=self._tls if secure else None, server_hostname=host if secure else None
        )
        try:
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            shown = parts.netloc.rpartition("@")[2]
            lines = [f"POST {target} HTTP/1.1", f"Host: {shown}"]
            if parts.username is not None:
                named = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
                lines.append(f"Authorization: Basic {b64encode(named.encode()).decode()}")
            lines += [f"{name}: {value}" for name, value in headers.items()]
            lines += [
                f"Content-Length: {len(body)}",
                "Connection: close",
                f"User-Agent: {AGENT}",
                "Accept-Encoding: gzip,deflate",
            ]
            writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
            await writer.drain()
            return await _answer(reader)
        finally:
            writer.close()

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context()

    @cached_property
    def _resolvers(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(_RESOLVERS, "sns-resolver")

    async def _address(self, host: str, port: int) -> str:
        found = await asyncio.get_running_loop().run_in_executor(
            self._resolvers, partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        )
        addresses = [str(each[4][0]) for each in found]
        if not self._private_allowed and not all(map(_public, addresses)):
            self._tell(host, port)
            raise NotDelivered(f"{host} is at an address that is not called")
        return addresses[0]

    def _tell(self, host: str, port: int) -> None:
        """Once of each endpoint: its subscription stays pending, and gets no messages."""
        if (host, port) not in self._told and len(self._told) < _TOLD_MAX:
            self._told.add((host, port))
            _log.warning(
                "SNS does not call %s:%s: it is at a loopback, private or other address that not everybody reaches. "
                "`pileus up --allow-private-endpoints` calls such, too.",
                host,
                port,
            )


async def _answer(reader: asyncio.StreamReader) -> Answered:
    """The final status: what comes before it (100 Continue) is passed over."""
    size = 0
    while True:
        status_line = await reader.readline()
        parts = status_line.split(None, 2)
        if len(parts) < 2 or not parts[0].startswith(b"HTTP/1."):
            raise ValueError("it is no HTTP server")
        status = int(parts[1])
        size += len(status_line)
        empty = status == _NO_CONTENT
        while True:
            line = await reader.readline()
            name, _, value = line.partition(b":")
            empty |= name.lower() == b"content-length" and value.strip() == b"0"
            size += len(line)
            if size > _HEAD_BYTES_MAX:
                raise ValueError("its answer has too long a head")
            if not line.strip():
                break
        if status >= 200:
            break
    body = b""
    if not empty:
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(_BODY_WAIT_S):
                body = await reader.read(_BODY_BYTES_KEPT)
    return Answered(status, body.decode(errors="replace"))


def _public(address: str) -> bool:
    means = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(means, ipaddress.IPv6Address):
        inner = means.ipv4_mapped or means.sixtofour
        if inner is None and means in _NAT64:
            inner = ipaddress.IPv4Address(int(means) & 0xFFFFFFFF)
        if inner is not None:
            return _public(str(inner))
    return means.is_global and not means.is_multicast


_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
"""Source: RFC 6052, section 2.1."""


class Pace:
    """When may an endpoint be called next that wants so many calls a second and no more?"""

    def __init__(self) -> None:
        self._next_s: dict[str, float] = {}

    def turn(self, subscription_id: str, per_second: int | None, now_s: float) -> float:
        """The moment; the turn is taken."""
        if per_second is None:
            return now_s
        if len(self._next_s) > _PACED_MAX:
            self._next_s = {key: value for key, value in self._next_s.items() if value > now_s}
        at_s = max(now_s, self._next_s.get(subscription_id, 0.0))
        self._next_s[subscription_id] = at_s + 1.0 / per_second
        return at_s


_PACED_MAX: Final = 10_000
