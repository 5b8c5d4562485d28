"""What does a user tell Pileus itself, rather than AWS? `/_pileus/...`, and the health page other emulators have.

These addresses are for whoever runs Pileus. In `strict` mode, whoever changes something brings the token that only they
can derive who may read the data directory: functions, too, are on this machine, so its addresses prove nothing.
"""

import hmac
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Final

import msgspec

from pileus import __version__
from pileus.kernel.clock import MovableClock
from pileus.kernel.http.messages import Handler, PayloadTooLarge, Request, Response

_JSON: Final = ("Content-Type", "application/json")
_BODY_BYTES_MAX: Final = 64 * 1024


def admin_token(secret: bytes) -> str:
    """What proves, in strict mode, that somebody may read the data directory. secret: see `server_secret`."""
    return hmac.new(secret, b"pileus admin token", "sha256").hexdigest()


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
        token: str | None,
        reset: Callable[[], Awaitable[None]],
        clock_moved: Callable[[], Awaitable[None]],
        mounted: Mapping[str, Handler],
        guarded: Mapping[str, Handler],
    ) -> None:
        """services: name -> `running`. token: what changing something takes; None where any key is welcome anyway.

        reset: forgets everything. clock_moved: keeps where the clock stands. mounted: further handlers, by path prefix.
        guarded: by path, those which take the token, too.
        """
        self._clock = clock
        self._services = services
        self._token = token
        self._clock_moved = clock_moved
        self._reset = reset
        self._mounted = mounted
        self._guarded_paths = guarded
        self._started_at = clock.monotonic()

    async def __call__(self, request: Request) -> Response:
        for prefix, handler in self._mounted.items():
            if request.path.startswith(prefix):
                return await handler(request)
        if request.path in self._guarded_paths:
            return await self._guarded(request, self._guarded_paths[request.path])
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
                return _json({"message": f"{request.method} is not offered at {request.path}"}, 405)
            case _:
                return _json({"message": f"Nothing at {request.path}"}, 404)

    async def _guarded(self, request: Request, action: Callable[[Request], Awaitable[Response]]) -> Response:
        if self._token is not None:
            given = request.headers.get("authorization", "").removeprefix("Bearer ")
            if not hmac.compare_digest(given.encode(), self._token.encode()):
                return _json(
                    {"message": "This takes the token of `pileus admin-token` while --auth is strict"}, status=403
                )
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
            return _json({"message": f"Not a clock command: {error}"}, 400)
        if command.freeze:
            self._clock.freeze()
        if command.resume:
            self._clock.resume()
        await self._clock_moved()
        return _json(self._clock_state())

    async def _forget(self, request: Request) -> Response:
        await self._reset()
        return _json({"status": "reset"})


def _json(content: Mapping[str, object], status: int = 200) -> Response:
    return Response(status, (_JSON,), msgspec.json.encode(content) + b"\n")
