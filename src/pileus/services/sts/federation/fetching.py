"""How is a document of an identity provider fetched, without trusting it more than the account does?

Over HTTPS whose certificate the machine's authorities vouch for; if they do not, the account must have said which
certificate it trusts: one of its thumbprints is the SHA-1 of the last certificate that the server presents (of the
authority, or of the server itself when it signs for itself), and then the chain must lead to that one. Plain HTTP is
for loopback only. Redirects are not followed; size and time are bounded.

Source: IAM User Guide, "Obtain the thumbprint for an OpenID Connect identity provider".
"""

import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from hashlib import sha1
from typing import Final, cast
from urllib.parse import SplitResult, urlsplit

DOCUMENT_BYTES_MAX: Final = 262_144
_TOTAL_S_MAX: Final = 10.0
_WAIT_S_MAX: Final = 5.0
_READ_BYTES: Final = 65_536


class Unreachable(Exception):
    """No answer, or the server's own failure; perhaps later."""


class Unusable(Exception):
    """An answer that is no document of an identity provider."""


class Untrusted(Exception):
    """The certificate is vouched for neither by the machine's authorities nor by a thumbprint."""


Fetch = Callable[[str, Sequence[str]], bytes]
"""The document at a URL, given the thumbprints that are trusted for it; Unreachable, Unusable, Untrusted. Blocks."""


def fetch(url: str, thumbprints: Sequence[str]) -> bytes:
    """See `Fetch`; blocks for at most about ten seconds after the name is resolved."""
    if not may_fetch(url):
        raise Unusable(f"{url} is no address that keys are fetched from")
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        if parts.scheme == "http":
            return _read(http.client.HTTPConnection(host, parts.port, timeout=_WAIT_S_MAX), parts)
        return _read_securely(host, parts, thumbprints)
    except (OSError, http.client.HTTPException) as failure:
        raise Unreachable(f"{url}: {failure}") from failure


def may_fetch(url: str) -> bool:
    """HTTPS anywhere, HTTP from loopback."""
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


def _read_securely(host: str, parts: SplitResult, thumbprints: Sequence[str]) -> bytes:
    context = ssl.create_default_context()
    try:
        return _read(http.client.HTTPSConnection(host, parts.port, timeout=_WAIT_S_MAX, context=context), parts)
    except ssl.SSLCertVerificationError as refused:
        anchor = _anchor(host, parts.port or 443, thumbprints)
        if anchor is None:
            raise Untrusted(f"{host}: {refused.verify_message}") from None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=anchor)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        return _read(http.client.HTTPSConnection(host, parts.port, timeout=_WAIT_S_MAX, context=context), parts)
    except ssl.SSLCertVerificationError as refused:
        raise Untrusted(f"{host}: {refused.verify_message}") from None


def _anchor(host: str, port: int, thumbprints: Sequence[str]) -> bytes | None:
    """The last certificate that the server presents, when its thumbprint is trusted. Nothing is sent on this one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection((host, port), timeout=_WAIT_S_MAX) as plain,
        context.wrap_socket(plain, server_hostname=host) as secured,
    ):
        last = _presented(secured)[-1]
    # SHA-1 because that is what a thumbprint is; the chain is verified afterwards.
    thumbprint = sha1(last, usedforsecurity=False).hexdigest()
    return last if thumbprint in {trusted.lower() for trusted in thumbprints} else None


def _presented(secured: ssl.SSLSocket) -> list[bytes]:
    """The certificates in DER as the server sent them. Public since Python 3.13."""
    if hasattr(secured, "get_unverified_chain"):
        return list(cast("Sequence[bytes]", secured.get_unverified_chain()))
    certificates = secured._sslobj.get_unverified_chain()  # type: ignore[attr-defined]  # from 3.10 on
    return [ssl.PEM_cert_to_DER_cert(certificate.public_bytes()) for certificate in certificates]


def _read(connection: http.client.HTTPConnection, parts: SplitResult) -> bytes:
    deadline_s = time.monotonic() + _TOTAL_S_MAX
    try:
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
            if time.monotonic() > deadline_s:
                raise Unreachable(f"{parts.geturl()}: not finished in time")
        return document
    finally:
        connection.close()
