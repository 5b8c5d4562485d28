"""A registry of images on this machine, which speaks as much of the distribution API as pulling needs."""

import base64
import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

TOKEN: Final = "a-token"


class ImageRegistry:
    """Serves `tags` (repository:tag to descriptor) and `blobs` (digest to content).

    auth: `bearer`, `basic`, or '' for none. redirect: where blobs are said to be instead, if anywhere.
    """

    def __init__(self, blobs: Mapping[str, bytes], tags: Mapping[str, Mapping[str, Any]], *, auth: str = "") -> None:
        self.blobs = blobs
        self.tags = tags
        self.auth = auth
        self.redirect = ""
        self.realm = ""
        self.requests: list[tuple[str, str]] = []
        """Paths that were asked for, with the Authorization they came with."""
        registry = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                registry.answer(self)

            def log_message(self, format: str, *args: object) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        told = handler.headers.get("Authorization", "")
        self.requests.append((parts.path, told))
        if parts.path == "/token":
            wanted = "Basic " + base64.b64encode(b"user:secret").decode()
            scope = parse_qs(parts.query).get("scope")
            fine = told in ("", wanted) and scope == ["repository:team/app:pull"]
            self._send(handler, 200 if fine else 403, json.dumps({"token": TOKEN}).encode())
            return
        if parts.path.startswith("/elsewhere/"):
            self._send(handler, 200, self.blobs[parts.path.removeprefix("/elsewhere/")])
            return
        allowed = {"": told, "bearer": f"Bearer {TOKEN}", "basic": "Basic " + base64.b64encode(b"user:secret").decode()}
        if told != allowed[self.auth]:
            realm = self.realm or f"{self.url}/token"
            asked = {
                "bearer": f'Bearer realm="{realm}",service="registry",scope="repository:team/app:pull"',
                "basic": "Basic",
            }
            self._send(handler, 401, b"{}", **{"WWW-Authenticate": asked[self.auth]})
            return
        self._serve(handler, parts.path)

    def _serve(self, handler: BaseHTTPRequestHandler, path: str) -> None:
        repository, kind, reference = path.removeprefix("/v2/").rsplit("/", 2)
        if kind == "manifests":
            digest = reference
            if not reference.startswith("sha256:"):
                digest = str(self.tags.get(f"{repository}:{reference}", {}).get("digest"))
            content = self.blobs.get(digest)
        else:
            content = self.blobs.get(reference)
            if content is not None and self.redirect:
                self._send(handler, 307, b"", Location=self.redirect + reference)
                return
        if content is None:
            self._send(handler, 404, b'{"errors": [{"code": "MANIFEST_UNKNOWN"}]}')
            return
        self._send(handler, 200, content)

    def _send(self, handler: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)
