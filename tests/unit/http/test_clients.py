"""Real clients, each with its own idea of HTTP: curl, requests, urllib3, http.client, Node's fetch; and TLS."""

import asyncio
import http.client
import json
import shutil
import ssl
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
import requests
import urllib3
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pileus.kernel.http.messages import FileBody, Request, Response
from pileus.kernel.http.server import HttpServer

SIZE_BYTES = 20_000_000


class Running:
    """A server on a thread of its own, since these clients block. url, secure_url: where it listens."""

    def __init__(self, directory: Path) -> None:
        self.file = directory / "large"
        self.file.write_bytes(bytes(range(256)) * (SIZE_BYTES // 256) + bytes(SIZE_BYTES % 256))
        self.certificate = directory / "certificate.pem"
        _write_certificate(self.certificate)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: uvloop.run(self._run()))

    def __enter__(self) -> "Running":
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(10)
        assert not self._thread.is_alive()

    async def _run(self) -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        server = HttpServer(self._handle)
        self.url = f"http://127.0.0.1:{await server.start('127.0.0.1', 0)}"
        self.secure_url = f"https://127.0.0.1:{await server.start('127.0.0.1', 0, ssl_context=context)}"
        self._ready.set()
        await self._stopped.wait()
        await server.drain(timedelta(seconds=1))

    async def _handle(self, request: Request) -> Response:
        match request.path:
            case "/large":
                return Response(200, (), FileBody(path=self.file, offset=0, size_bytes=SIZE_BYTES))
            case "/stream":
                return Response(200, (), _counting())
            case "/refused":
                return Response(403, (), b"no")
            case "/count":
                if isinstance(request.body, bytes):
                    return Response(200, (), str(len(request.body)).encode())
                count = 0
                async for part in request.body:
                    count += len(part)
                return Response(200, (), str(count).encode())
            case _:
                told = {
                    "method": request.method,
                    "target": request.target,
                    "secure": request.secure,
                    "expect": request.headers.get("expect"),
                    "body": (await request.read()).decode(),
                }
                return Response(200, (("Content-Type", "application/json"),), json.dumps(told).encode())


async def _counting() -> AsyncIterator[bytes]:
    for at in range(1000):
        await asyncio.sleep(0)
        yield b"%d\n" % at


COUNTED = "".join(f"{at}\n" for at in range(1000))


def _write_certificate(path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    unprotected = serialization.NoEncryption()
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, unprotected)
        + certificate.public_bytes(serialization.Encoding.PEM)
    )


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with Running(tmp_path_factory.mktemp("http")) as server:
        yield server


@pytest.mark.parametrize("secure", [False, True])
def test_requests(running: Running, secure: bool) -> None:
    """Keep-alive, chunked uploads, long uploads and downloads, streams, HEAD; over TCP and TLS."""
    url = running.secure_url if secure else running.url
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(running.certificate)
        for _ in range(3):
            told = session.post(f"{url}/a%2Fb?c=d", data="hello").json()
            assert told == {"method": "POST", "target": "/a%2Fb?c=d", "secure": secure, "expect": None, "body": "hello"}
        assert session.post(f"{url}/x", data=iter([b"he", b"llo"])).json()["body"] == "hello"
        assert session.post(f"{url}/count", data=b"x" * SIZE_BYTES).text == str(SIZE_BYTES)
        assert session.post(f"{url}/count", data=(b"x" * 1_000_000 for _ in range(20))).text == str(SIZE_BYTES)
        assert session.get(f"{url}/large").content == running.file.read_bytes()
        assert session.get(f"{url}/stream").text == COUNTED
        head = session.head(f"{url}/large")
        assert (head.headers["content-length"], head.content) == (str(SIZE_BYTES), b"")
        assert session.get(f"{url}/x").status_code == 200


def test_an_upload_that_is_refused_early(running: Running) -> None:
    """The answer arrives although the client was not done; no reset swallows it."""
    for _ in range(3):
        assert requests.put(f"{running.url}/refused", data=b"x" * SIZE_BYTES, timeout=10).status_code == 403


def test_urllib3(running: Running) -> None:
    """What botocore speaks with: a pool that reuses its connection."""
    with urllib3.PoolManager(maxsize=1) as pool:
        for _ in range(5):
            assert pool.request("GET", f"{running.url}/stream").data.decode() == COUNTED
        assert pool.request("PUT", f"{running.url}/count", body=b"x" * 1000).data == b"1000"


def test_http_client(running: Running) -> None:
    """The standard library, one connection, many kinds of request."""
    host, _, port = running.url.removeprefix("http://").partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        connection.request(method, "/x", body=b"hello" if method in ("POST", "PUT", "PATCH") else None)
        answer = connection.getresponse()
        content = answer.read()
        assert answer.status == 200
        assert (content == b"") == (method == "HEAD")
    connection.close()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl(running: Running, tmp_path: Path) -> None:
    """It asks to continue, to upgrade to h2c, speaks HTTP/1.0 and TLS, and sends files."""

    def curl(*arguments: str) -> str:
        command = ["curl", "-sS", "--max-time", "20", "--noproxy", "*", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout

    assert json.loads(curl(f"{running.url}/a?b"))["target"] == "/a?b"
    assert json.loads(curl("--path-as-is", f"{running.url}/a/../%2e"))["target"] == "/a/../%2e"
    expecting = json.loads(curl("-H", "Expect: 100-continue", "-d", "hello", f"{running.url}/x"))
    assert (expecting["expect"], expecting["body"]) == ("100-continue", "hello")
    assert json.loads(curl("--http2", "-d", "hello", f"{running.url}/x"))["body"] == "hello"
    assert json.loads(curl("--http1.0", "-d", "hello", f"{running.url}/x"))["body"] == "hello"
    assert curl("--http1.0", f"{running.url}/stream") == COUNTED
    assert curl("-T", str(running.file), f"{running.url}/count") == str(SIZE_BYTES)
    assert curl("-T", str(running.file), "-H", "Transfer-Encoding: chunked", f"{running.url}/count") == str(SIZE_BYTES)
    assert curl("-I", f"{running.url}/large").startswith("HTTP/1.1 200 OK")
    assert curl("-o", str(tmp_path / "got"), "-w", "%{size_download}", f"{running.url}/large") == str(SIZE_BYTES)
    assert (tmp_path / "got").read_bytes() == running.file.read_bytes()
    assert json.loads(curl("--cacert", str(running.certificate), f"{running.secure_url}/x"))["secure"] is True
    assert curl(f"{running.url}/stream", f"{running.url}/stream") == COUNTED * 2


NODE = """
const url = process.argv[1];
const told = await (await fetch(url + '/x?y', {method: 'POST', body: 'hello'})).json();
const stream = await (await fetch(url + '/stream')).text();
const large = await (await fetch(url + '/large')).arrayBuffer();
const upload = new ReadableStream({
  start(c) { for (let i = 0; i < 20; i++) c.enqueue(new Uint8Array(1000000)); c.close(); },
});
const count = await (await fetch(url + '/count', {method: 'POST', body: upload, duplex: 'half'})).text();
const many = await Promise.all(Array.from({length: 50}, (_, i) => fetch(url + '/x?' + i).then(r => r.json())));
console.log(JSON.stringify({told, stream, large: large.byteLength, count, many: many.map(m => m.target)}));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_node_fetch(running: Running) -> None:
    """What the JavaScript SDK speaks with: undici's pool and streams."""
    command = ["node", "--input-type=module", "-e", NODE, running.url]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout
    got = json.loads(printed)
    assert (got["told"]["body"], got["told"]["target"]) == ("hello", "/x?y")
    assert (got["stream"], got["large"], got["count"]) == (COUNTED, SIZE_BYTES, str(SIZE_BYTES))
    assert got["many"] == [f"/x?{at}" for at in range(50)]
