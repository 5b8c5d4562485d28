"""How does a client sign and send exactly the bytes that a test wants, right or wrong?

Signatures are made here, not by an SDK, which would put right what is to be wrong.
"""

import hmac
import json
import re
import socket
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final
from urllib.parse import quote

from tests.conftest import Server

EMPTY_SHA256: Final = sha256(b"").hexdigest()
_REGION: Final = "us-east-1"
ANSWERED_WITHIN_S: Final = 20.0


class Signer:
    """Signs for one identity of a server."""

    def __init__(self, server: Server, *, strict: bool) -> None:
        self.host = server.url.removeprefix("http://")
        self.access_key_id = str(server.ready["root_access_key_id"]) if strict else "111111111111"
        self._secret = str(server.ready["root_secret_access_key"]) if strict else "test"
        self.now = datetime.now(UTC)

    @property
    def amz_date(self) -> str:
        return f"{self.now:%Y%m%dT%H%M%SZ}"

    @property
    def scope(self) -> str:
        return f"{self.now:%Y%m%d}/{_REGION}/s3/aws4_request"

    def _sign(self, text: str) -> str:
        key = f"AWS4{self._secret}".encode()
        for part in self.scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        return hmac.digest(key, text.encode("latin-1"), "sha256").hex()

    def signature(self, canonical: str) -> str:
        digest = sha256(canonical.encode("latin-1")).hexdigest()
        return self._sign(f"AWS4-HMAC-SHA256\n{self.amz_date}\n{self.scope}\n{digest}")

    def chunk(self, previous: str, data: bytes) -> str:
        digest = sha256(data).hexdigest()
        return self._sign(
            f"AWS4-HMAC-SHA256-PAYLOAD\n{self.amz_date}\n{self.scope}\n{previous}\n{EMPTY_SHA256}\n{digest}"
        )

    def headers(
        self, method: str, target: str, headers: Mapping[str, str], *, content_sha256: str
    ) -> tuple[dict[str, str], str]:
        """All headers of a signed request, and the signature. target: as it is sent."""
        path, _, query = target.partition("?")
        signed = {
            "host": self.host,
            "x-amz-date": self.amz_date,
            "x-amz-content-sha256": content_sha256,
            **{name.lower(): value for name, value in headers.items()},
        }
        names = ";".join(sorted(signed))
        lines = "".join(f"{name}:{' '.join(signed[name].split())}\n" for name in sorted(signed))
        canonical = f"{method}\n{path}\n{_canonical(query)}\n{lines}\n{names}\n{signed['x-amz-content-sha256']}"
        signature = self.signature(canonical)
        signed["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self.access_key_id}/{self.scope}, SignedHeaders={names}, "
            f"Signature={signature}"
        )
        return signed, signature

    def presigned(self, method: str, path: str, *, expires_s: int = 600, signed_ago: timedelta = timedelta(0)) -> str:
        """The target of a presigned URL."""
        kept, self.now = self.now, self.now - signed_ago
        query = "&".join(
            (
                "X-Amz-Algorithm=AWS4-HMAC-SHA256",
                f"X-Amz-Credential={quote(f'{self.access_key_id}/{self.scope}', safe='')}",
                f"X-Amz-Date={self.amz_date}",
                f"X-Amz-Expires={expires_s}",
                "X-Amz-SignedHeaders=host",
            )
        )
        signature = self.signature(f"{method}\n{path}\n{query}\nhost:{self.host}\n\nhost\nUNSIGNED-PAYLOAD")
        self.now = kept
        return f"{path}?{query}&X-Amz-Signature={signature}"

    def policy(self, conditions: Sequence[object], *, expires: str = "2199-01-01T00:00:00Z") -> tuple[str, str]:
        """A form's policy in base64, and its signature."""
        from base64 import b64encode

        text = b64encode(json.dumps({"expiration": expires, "conditions": list(conditions)}).encode()).decode()
        return text, self._sign(text)

    def sign_text(self, text: str) -> str:
        return self._sign(text)


def _canonical(query: str) -> str:
    pairs = [part.partition("=") for part in query.split("&") if part]
    return "&".join(sorted(f"{_encoded(name)}={_encoded(value)}" for name, _, value in pairs))


def _encoded(text: str) -> str:
    """What is encoded already stays so; the rest is."""
    return "".join(
        part if re.fullmatch("%[0-9A-Fa-f]{2}", part) else quote(part, safe="-_.~")
        for part in re.split("(%[0-9A-Fa-f]{2})", text)
    )


def request(
    signer: Signer,
    method: str,
    target: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    content_sha256: str | None = None,
    length: str | None = "",
    extra: Iterable[str] = (),
    signed: bool = True,
) -> bytes:
    """A request as it goes over the wire. length: "" for the right one, None for none. extra: lines nobody signed."""
    digest = sha256(body).hexdigest() if content_sha256 is None else content_sha256
    if signed:
        told, _ = signer.headers(method, target, headers or {}, content_sha256=digest)
    else:
        told = {"host": signer.host, **(headers or {})}
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items())]
    if length is not None:
        lines.append(f"Content-Length: {length or len(body)}")
    lines += [*extra, "Connection: close"]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


class Answer:
    """What came back. code: of S3's error; "" where there is none."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.continued = raw.startswith(b"HTTP/1.1 100 ")
        while raw.startswith(b"HTTP/1.1 100 "):
            raw = raw.partition(b"\r\n\r\n")[2]
        head, _, self.body = raw.partition(b"\r\n\r\n")
        self.status = int(head.split(b" ", 2)[1]) if head else 0
        self.head = head.decode("latin-1")
        found = re.search(rb"<Error><Code>([^<]+)</Code>", self.body)
        self.code = found.group(1).decode() if found else ""


def send(server: Server, raw: bytes, *, half_close: bool = True) -> Answer:
    """All at once; then read until the server closes, which it must do."""
    host, _, port = server.url.removeprefix("http://").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=ANSWERED_WITHIN_S) as connection:
        parts = []
        try:
            connection.sendall(raw)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
        except (ConnectionError, BrokenPipeError):
            pass  # it has answered already
        try:
            while part := connection.recv(65_536):
                parts.append(part)
        except ConnectionError:
            pass
    return Answer(b"".join(parts))
