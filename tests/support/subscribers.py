"""Who stands in for an HTTP endpoint that subscribes to topics?"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

WITHIN_S = 15.0


class Posted(NamedTuple):
    """One request. headers: by their names in small letters."""

    headers: dict[str, str]
    body: str

    @property
    def envelope(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.body)
        return told


class Subscriber:
    """Keeps what is posted to it, and answers as `answer` says."""

    def __init__(self) -> None:
        self.posted: list[Posted] = []
        self.answer: Callable[[Posted], int] = lambda posted: 200
        self.url = ""
        self._came = threading.Condition()

    def take(self, posted: Posted) -> int:
        with self._came:
            status = self.answer(posted)
            self.posted.append(posted)
            self._came.notify_all()
        return status

    def wait_for(self, count: int) -> list[Posted]:
        """All that was posted, once there are so many."""
        deadline = time.monotonic() + WITHIN_S
        with self._came:
            while len(self.posted) < count:
                left = deadline - time.monotonic()
                assert left > 0, f"{len(self.posted)} of {count} requests came"
                self._came.wait(left)
            return list(self.posted)


@contextmanager
def subscriber() -> Iterator[Subscriber]:
    """One on a free port of loopback."""
    endpoint = Subscriber()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers.get("Content-Length", "0"))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status = endpoint.take(Posted(headers, self.rfile.read(size).decode()))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Tests say what went wrong."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    endpoint.url = f"http://127.0.0.1:{server.server_address[1]}/endpoint"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
