"""Is a document fetched from whom the account trusts, and from nobody else?"""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pileus.services.sts.federation.fetching import (
    DOCUMENT_BYTES_MAX,
    Unreachable,
    Untrusted,
    Unusable,
    may_fetch,
)
from pileus.services.sts.federation.fetching import fetch as fetch_from

fetch = partial(fetch_from, private_allowed=True)
"""The servers here are on loopback."""


class Authority:
    """Issues a certificate for loopback; keeps its own in `certificate`."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
        self.certificate = self._sign(self.name, self.key.public_key(), authority=True)

    def files(self, path: Path, *, host: str = "127.0.0.1", chain: bool = True) -> Path:
        """A file with a key for `host`, its certificate and the authority's, as servers load it."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server")])
        leaf = self._sign(name, key.public_key(), authority=False, host=host)
        plain = serialization.NoEncryption()
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        for certificate in (leaf, self.certificate) if chain else (leaf,):
            pem += certificate.public_bytes(serialization.Encoding.PEM)
        (path / "server.pem").write_bytes(pem)
        return path / "server.pem"

    def _sign(
        self, name: x509.Name, key: ec.EllipticCurvePublicKey, *, authority: bool, host: str = "127.0.0.1"
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False)
        )
        return builder.sign(self.key, hashes.SHA256())

    @property
    def thumbprint(self) -> str:
        der = self.certificate.public_bytes(serialization.Encoding.DER)
        return sha1(der, usedforsecurity=False).hexdigest()


Answer = Callable[[BaseHTTPRequestHandler], None]


def document(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(f"document at {handler.path}".encode())


@contextmanager
def serving(answer: Answer, pem: Path | None = None) -> Iterator[str]:
    """The URL of a server on loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    if pem is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"{'http' if pem is None else 'https'}://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_trusted_authority(tmp_path: Path) -> None:
    """Its thumbprint is enough, in either case; the path and the query arrive."""
    authority = Authority()
    with serving(document, authority.files(tmp_path)) as url:
        assert fetch(f"{url}/keys?a=b", [authority.thumbprint]) == b"document at /keys?a=b"
        assert fetch(f"{url}/keys", ["0" * 40, authority.thumbprint.upper()]) == b"document at /keys"


def test_a_server_that_signs_for_itself(tmp_path: Path) -> None:
    """Its own thumbprint then is the last of the chain."""
    authority = Authority()
    pem = authority.files(tmp_path, chain=False)
    leaf = ssl.PEM_cert_to_DER_cert(pem.read_text().partition("-----END PRIVATE KEY-----\n")[2])
    with serving(document, pem) as url:
        assert fetch(url, [sha1(leaf, usedforsecurity=False).hexdigest()]) == b"document at /"


def test_nobody_else_is_trusted(tmp_path: Path) -> None:
    """No thumbprint, another's, and one that is shown without having signed."""
    authority, other = Authority(), Authority()
    with serving(document, authority.files(tmp_path)) as url:
        for thumbprints in ([], [other.thumbprint]):
            with pytest.raises(Untrusted):
                fetch(url, thumbprints)
    pem = authority.files(tmp_path, chain=False)
    pem.write_bytes(pem.read_bytes() + other.certificate.public_bytes(serialization.Encoding.PEM))
    with serving(document, pem) as url, pytest.raises(Untrusted):
        fetch(url, [other.thumbprint])


def test_another_host_is_not_trusted(tmp_path: Path) -> None:
    """A certificate of the right authority for another name."""
    authority = Authority()
    with serving(document, authority.files(tmp_path, host="127.0.0.2")) as url, pytest.raises(Untrusted):
        fetch(url, [authority.thumbprint])


def too_large(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(b"x" * (DOCUMENT_BYTES_MAX + 1))


def largest(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(b"x" * DOCUMENT_BYTES_MAX)


def elsewhere(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(302)
    handler.send_header("Location", "/other")
    handler.end_headers()


def broken(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(503)
    handler.end_headers()


def mute(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True


@pytest.mark.parametrize(
    ("answer", "failure"), [(too_large, Unusable), (elsewhere, Unusable), (broken, Unreachable), (mute, Unreachable)]
)
def test_answers_that_are_none(answer: Answer, failure: type[Exception]) -> None:
    """Too much, a redirect, a failure, silence."""
    with serving(answer) as url, pytest.raises(failure):
        fetch(url, [])


def test_the_largest_document() -> None:
    """Comes whole."""
    with serving(largest) as url:
        assert len(fetch(url, [])) == DOCUMENT_BYTES_MAX


@pytest.mark.parametrize("begin", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_a_server_that_never_ends(begin: bytes, tmp_path: Path) -> None:
    """A byte now and then keeps every read alive, before the headers, in them and after: only the total helps."""

    def dribble(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(begin)
        while not ended.wait(0.02):
            handler.wfile.write(b"x")

    authority = Authority()
    for pem in (None, authority.files(tmp_path)):
        ended = threading.Event()
        with serving(dribble, pem) as url:
            try:
                with pytest.raises(Unreachable):  # the server never ends, so nothing but the total can have ended it
                    fetch(url, [authority.thumbprint], total_s=0.4)
            finally:
                ended.set()


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "169.254.169.254",
        "192.168.1.1",
        "[::]",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1]",
        "[fec0::1]",
        "[fd00::1]",
        "224.0.0.1",
    ],
)
def test_what_is_inside_is_not_asked(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever registers an issuer must not make us visit our own neighbours, nor learn which of them are there."""

    def connect(*_: object, **__: object) -> socket.socket:
        raise AssertionError("connected")

    monkeypatch.setattr(socket, "create_connection", connect)
    for scheme in ("https", "http") if host in {"127.0.0.1", "localhost"} else ("https",):
        with pytest.raises(Unreachable):
            fetch(f"{scheme}://{host}:9/", [], private_allowed=False)


def test_the_checked_address_is_the_one_that_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name may mean something else a moment later, so it is resolved once; one bad address among good spoils it."""
    answers = [["8.8.8.8"], ["8.8.8.8", "127.0.0.1"]]
    asked: list[object] = []

    def resolve(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in answers.pop(0)]

    def connect(address: object, *_: object, **__: object) -> socket.socket:
        asked.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", connect)
    for _ in range(2):
        with pytest.raises(Unreachable):
            fetch("https://idp.example.com/", [], private_allowed=False)
    assert asked == [("8.8.8.8", 443)]


def test_nobody_listens() -> None:
    """Perhaps later."""
    with serving(document) as url:
        pass
    with pytest.raises(Unreachable):
        fetch(url, [])


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://idp.example.com", True),
        ("https://10.0.0.1:8443/x", True),
        ("http://localhost:8080", True),
        ("http://keycloak.localhost", True),
        ("http://127.8.8.8", True),
        ("http://[::1]:80", True),
        ("http://idp.example.com", False),
        ("http://localhost.example.com", False),
        ("http://169.254.169.254/latest/meta-data", False),
        ("file:///etc/passwd", False),
        ("https://", False),
        ("https://[", False),
        ("https://a:port", False),
        ("", False),
    ],
)
def test_addresses(url: str, allowed: bool) -> None:
    """Only loopback is asked in the clear."""
    assert may_fetch(url) is allowed
    if not allowed:
        with pytest.raises(Unusable):
            fetch(url, [])
