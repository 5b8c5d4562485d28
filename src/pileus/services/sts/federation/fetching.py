"""How is a document of an identity provider fetched, without trusting it more than the account does?

Over HTTPS whose certificate the machine's authorities vouch for; if they do not, the account must have said which
certificate it trusts: one of its thumbprints is the SHA-1 of the last certificate that the server presents (of the
authority, or of the server itself when it signs for itself), and then the chain must lead to that one. Plain HTTP is
for loopback only. Redirects are not followed; size and time are bounded: when the time is over the connection is shut
down under whoever reads from it, for a server that sends a byte now and then never lets a single read time out.

What is not reachable by everybody (loopback, private and link-local addresses and so on) is not asked, unless that is
allowed. The name is resolved once, and the address that was checked is the one that is asked.

Source: IAM User Guide, "Obtain the thumbprint for an OpenID Connect identity provider".
"""

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha1
from typing import Final, cast
from urllib.parse import SplitResult, urlsplit

DOCUMENT_BYTES_MAX: Final = 262_144
TOTAL_S_MAX: Final = 10.0
_WAIT_S_MAX: Final = 5.0
_READ_BYTES: Final = 65_536
_ADDRESSES_MAX: Final = 4
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
"""Source: RFC 6052, section 2.1."""


class Unreachable(Exception):
    """No answer, or the server's own failure; perhaps later."""


class Unusable(Exception):
    """An answer that is no document of an identity provider."""


class Untrusted(Exception):
    """The certificate is vouched for neither by the machine's authorities nor by a thumbprint."""


Fetch = Callable[[str, Sequence[str]], bytes]
"""The document at a URL, given the thumbprints that are trusted for it; Unreachable, Unusable, Untrusted. Blocks."""


def fetch(
    url: str, thumbprints: Sequence[str], *, private_allowed: bool = False, total_s: float = TOTAL_S_MAX
) -> bytes:
    """See `Fetch`; blocks for at most `total_s` after the name is resolved.

    private_allowed: addresses may be asked that not everybody reaches. Where they may not be, asking is Unreachable, as
    if nobody were there.
    """
    if not may_fetch(url):
        raise Unusable(f"{url} is no address that keys are fetched from")
    parts = urlsplit(url)
    try:
        lines = _Lines(parts, _addresses(parts, private_allowed=private_allowed))
    except (OSError, ValueError) as failure:  # the latter: a name that cannot be encoded
        raise Unreachable(f"{url}: {failure}") from failure
    over = threading.Timer(total_s, lines.cut)
    over.daemon = True
    over.start()
    try:
        document = _read(lines, parts, None) if parts.scheme == "http" else _read_securely(lines, parts, thumbprints)
    except (OSError, http.client.HTTPException) as failure:
        raise Unreachable(f"{url}: {failure}") from failure
    finally:
        over.cancel()
    if lines.were_cut:  # What was read until then looks like all there is.
        raise Unreachable(f"{url}: not finished in time")
    return document


def may_fetch(url: str) -> bool:
    """HTTPS anywhere, HTTP from loopback; whether the address may be asked shows when its name is resolved."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and _loopback(host)))


def _loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _addresses(parts: SplitResult, *, private_allowed: bool) -> list[str]:
    """Where the URL's host is; OSError when any of it may not be asked."""
    found = socket.getaddrinfo(parts.hostname or "", _port(parts), type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(address[0]) for *_, address in found))[:_ADDRESSES_MAX]
    for address in addresses:
        means = ipaddress.ip_address(address)
        if parts.scheme == "http" and not means.is_loopback:
            raise PermissionError(f"{address} is not asked in the clear")
        if not private_allowed and not _public(means):
            raise PermissionError(f"{address} is not asked")
    return addresses


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not address.is_multicast
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and address in _NAT64:
        inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if inner is not None:
        return _public(inner)
    return address.is_global and not address.is_multicast and not address.is_site_local


class _Lines:
    """The connections of one fetch, one after another, which another thread may cut."""

    def __init__(self, parts: SplitResult, addresses: Sequence[str]) -> None:
        self._host = parts.hostname or ""
        self._port = _port(parts)
        self._addresses = addresses
        self._guard = threading.Lock()
        self._open: socket.socket | None = None
        self.were_cut = False

    def cut(self) -> None:
        """Whoever reads wakes up and finds the end; nobody connects any more."""
        with self._guard:
            self.were_cut = True
            if self._open is not None:
                with suppress(OSError):
                    # Not the method of TLS: it takes the session away from under the reader.
                    socket.socket.shutdown(self._open, socket.SHUT_RDWR)

    @contextmanager
    def connected(self, context: ssl.SSLContext | None) -> Iterator[socket.socket]:
        """A connection, encrypted when there is a context; closed afterwards."""
        line = self._connect()
        try:
            self._note(line)
            if context is not None:
                line = context.wrap_socket(line, server_hostname=self._host, do_handshake_on_connect=False)
                self._note(line)
                line.do_handshake()
            yield line
        finally:
            with self._guard:
                self._open = None
            line.close()

    def _connect(self) -> socket.socket:
        failure: OSError = ConnectionError("no address")
        for address in self._addresses:
            if self.were_cut:
                break
            try:
                return socket.create_connection((address, self._port), timeout=_WAIT_S_MAX)
            except OSError as refused:
                failure = refused
        raise failure

    def _note(self, line: socket.socket) -> None:
        with self._guard:
            self._open = line
            if self.were_cut:
                raise TimeoutError("not finished in time")


def _read_securely(lines: _Lines, parts: SplitResult, thumbprints: Sequence[str]) -> bytes:
    try:
        return _read(lines, parts, ssl.create_default_context())
    except ssl.SSLCertVerificationError as refused:
        anchor = _anchor(lines, thumbprints)
        if anchor is None:
            raise Untrusted(f"{parts.hostname}: {refused.verify_message}") from None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=anchor)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        return _read(lines, parts, context)
    except ssl.SSLCertVerificationError as refused:
        raise Untrusted(f"{parts.hostname}: {refused.verify_message}") from None


def _anchor(lines: _Lines, thumbprints: Sequence[str]) -> bytes | None:
    """The last certificate that the server presents, when its thumbprint is trusted. Nothing is sent on this one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with lines.connected(context) as line:
        last = _presented(cast("ssl.SSLSocket", line))[-1]
    # SHA-1 because that is what a thumbprint is; the chain is verified afterwards.
    thumbprint = sha1(last, usedforsecurity=False).hexdigest()
    return last if thumbprint in {trusted.lower() for trusted in thumbprints} else None


def _presented(secured: ssl.SSLSocket) -> list[bytes]:
    """The certificates in DER as the server sent them. Public since Python 3.13."""
    if hasattr(secured, "get_unverified_chain"):
        return list(cast("Sequence[bytes]", secured.get_unverified_chain()))
    certificates = secured._sslobj.get_unverified_chain()  # type: ignore[attr-defined]  # from 3.10 on
    return [ssl.PEM_cert_to_DER_cert(certificate.public_bytes()) for certificate in certificates]


def _read(lines: _Lines, parts: SplitResult, context: ssl.SSLContext | None) -> bytes:
    host = parts.hostname or ""
    with lines.connected(context) as line:
        if context is None:
            connection = http.client.HTTPConnection(host, parts.port)
        else:
            connection = http.client.HTTPSConnection(host, parts.port, context=context)
        connection.sock = line
        target = parts.path or "/"
        connection.request("GET", f"{target}?{parts.query}" if parts.query else target, headers={"Accept": "*/*"})
        answer = connection.getresponse()
        if answer.status != 200:
            failure = Unreachable if answer.status >= 500 or answer.status == 429 else Unusable
            raise failure(f"{parts.geturl()}: status {answer.status}")
        document = b""
        while chunk := answer.read1(_READ_BYTES):
            document += chunk
            if len(document) > DOCUMENT_BYTES_MAX:
                raise Unusable(f"{parts.geturl()}: more than {DOCUMENT_BYTES_MAX} bytes")
        return document
