"""What does a user tell Pileus itself, rather than AWS? `/_pileus/...`, and the health page other emulators have.

These addresses are for whoever runs Pileus. In `strict` mode only loopback may change anything.
"""

import ipaddress
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

import msgspec

from pileus import __version__
from pileus.kernel.clock import MovableClock
from pileus.kernel.http.messages import Handler, PayloadTooLarge, Request, Response
from pileus.settings import AuthMode, loopback

_JSON: Final = ("Content-Type", "application/json")
_BODY_BYTES_MAX: Final = 64 * 1024


class ClockCommand(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `POST /_pileus/clock` takes: at most one of these."""

    advance_s: float | None = None
    freeze: bool = False
    resume: bool = False


class Admin:
    """The handler of `/_pileus/` and `/_localstack/`."""

    def __init__(
        self,
        *,
        clock: MovableClock,
        services: Mapping[str, str],
        mode: AuthMode,
        reset: Callable[[], Awaitable[None]],
        mounted: Mapping[str, Handler],
    ) -> None:
        """services: name -> `running`. reset: forgets everything. mounted: further handlers, by path prefix."""
        self._clock = clock
        self._services = services
        self._mode = mode
        self._reset = reset
        self._mounted = mounted
        self._started_at = clock.monotonic()

    async def __call__(self, request: Request) -> Response:
        for prefix, handler in self._mounted.items():
            if request.path.startswith(prefix):
                return await handler(request)
        match request.method, request.path:
            case "GET" | "HEAD", "/_pileus/health":
                return _json(self._health())
            case "GET" | "HEAD", "/_localstack/health":
                return _json({"services": dict(self._services), "edition": "pileus", "version": __version__})
            case "GET", "/_pileus/clock":
                return _json(self._clock_state())
            case "POST", "/_pileus/clock":
                return await self._guarded(request, self._move_clock)
            case "POST", "/_pileus/reset":
                return await self._guarded(request, self._forget)
            case _, "/_pileus/health" | "/_localstack/health" | "/_pileus/clock" | "/_pileus/reset":
                return _json({"message": f"{request.method} is not offered at {request.path}"}, status=405)
            case _:
                return _json({"message": f"Nothing at {request.path}"}, status=404)

    async def _guarded(self, request: Request, action: Callable[[Request], Awaitable[Response]]) -> Response:
        if self._mode == "strict" and not loopback(request.peer):
            return _json({"message": "Only this machine may do that while --auth is strict"}, status=403)
        if _from_a_web_page(request):
            return _json({"message": "Not from another site"}, status=403)
        return await action(request)

    def _health(self) -> dict[str, object]:
        return {
            "status": "running",
            "version": __version__,
            "uptime_s": round(self._clock.monotonic() - self._started_at, 3),
            "services": dict(self._services),
        }

    def _clock_state(self) -> dict[str, object]:
        return {
            "now": self._clock.now().isoformat(),
            "frozen": self._clock.frozen,
            "offset_s": round(self._clock.offset.total_seconds(), 3),
        }

    async def _move_clock(self, request: Request) -> Response:
        try:
            command = msgspec.json.decode(await request.read(_BODY_BYTES_MAX) or b"{}", type=ClockCommand)
            if (command.advance_s is not None) + command.freeze + command.resume != 1:
                raise ValueError("give one of advance_s (seconds), freeze: true, resume: true")
            if command.advance_s is not None:
                self._clock.advance(timedelta(seconds=command.advance_s))
        except (ValueError, OverflowError, PayloadTooLarge) as error:
            return _json({"message": f"Not a clock command: {error}"}, status=400)
        if command.freeze:
            self._clock.freeze()
        if command.resume:
            self._clock.resume()
        return _json(self._clock_state())

    async def _forget(self, request: Request) -> Response:
        await self._reset()
        return _json({"status": "reset"})


def _from_a_web_page(request: Request) -> bool:
    """Whether a page of another site sends this: one that somebody visits must not be able to reset their data.

    A form needs no preflight, so the browser's own headers must tell. A name that a hostile page has made to point here
    is of the same origin for the browser; hence only names of this machine and addresses may be an origin.
    """
    if request.headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}:
        return True
    origin = request.headers.get("origin")
    if origin is None:
        return False
    host = urlsplit(origin)
    if host.netloc != request.headers.get("host", ""):
        return True
    name = host.hostname or ""
    return not (loopback(name) or name.endswith(".localhost") or _is_address(name))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _json(content: Mapping[str, object], *, status: int = 200) -> Response:
    return Response(status, (_JSON,), msgspec.json.encode(content) + b"\n")
