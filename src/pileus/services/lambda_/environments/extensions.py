"""How do a function's extensions take part in its environment's life?

The Extensions API (Lambda Developer Guide, "Using the Lambda Extensions API to create extensions"). External extensions
are programs in `/opt/extensions`, started with the environment; internal ones are threads or libraries of the runtime.
Each registers, asks for its next event, and is then told of invocations and of the end. An environment is initialised
when its runtime and all of its extensions have asked for an event, and is free for the next invocation when they all
have asked again. An external extension that goes away takes the environment with it.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec

from pileus.kernel.http.messages import PayloadTooLarge, Request, Response
from pileus.kernel.ids import Ids
from pileus.services.lambda_.environments.api_listener import JSON, Client, problem
from pileus.services.lambda_.environments.journal import Journal
from pileus.services.lambda_.environments.types import FunctionSpec, Invocation

EXTENSIONS_MAX: Final = 10
"""Source: Lambda Developer Guide, "Using the Lambda Extensions API", at most ten in a function."""
_RETURN_S: Final = 1.0
"""An extension that gave up its poll and does not come back within this has ended."""
_BODY_BYTES_MAX: Final = 64 * 1024
_IDENTIFIER: Final = "lambda-extension-identifier"
_OK: Final = Response(202, JSON, b'{"status":"OK"}\n')


class ExtensionListener(Protocol):
    """The environment, as its extensions' API sees it."""

    def extensions_settled(self) -> None:
        """All have asked for their next event."""
        ...

    def extension_failed(self, kind: str, message: str) -> None: ...


class Extension:
    """One registered extension."""

    def __init__(self, name: str, *, identifier: str, events: frozenset[str], internal: bool) -> None:
        self.name = name
        self.identifier = identifier
        self.events = events
        self.internal = internal
        self.asks = False
        self.seen = False
        """Whether it has asked for an event at all."""
        self.pending: deque[bytes] = deque()
        self.client: Client | None = None


class _Registration(msgspec.Struct):
    events: list[str] = []


def may_have_extensions(spec: FunctionSpec) -> bool:
    """Whether the environment needs the API: extensions come in layers, or with a wrapper script."""
    return bool(spec.layers) or "AWS_LAMBDA_EXEC_WRAPPER" in spec.environment


def programs(layers: Sequence[Path], layers_root: str) -> list[str]:
    """The external extensions: every file in `extensions` of a layer, as a cell sees it."""
    names: dict[str, None] = {}
    for layer in layers:
        folder = layer / "extensions"
        if folder.is_dir():
            names.update(dict.fromkeys(sorted(entry.name for entry in folder.iterdir() if entry.is_file())))
    return [f"{layers_root}/extensions/{name}" for name in names]


def programs_of_image(root: Path, layers_root: str) -> list[str]:
    """The same of a container image. No link in it is followed here: it would lead into the machine."""
    folder = root
    for name in (*layers_root.strip("/").split("/"), "extensions"):
        folder = folder / name
        if folder.is_symlink() or not folder.is_dir():
            return []
    names = sorted(entry.name for entry in folder.iterdir() if entry.is_file() and not entry.is_symlink())
    return [f"{layers_root}/extensions/{name}" for name in names]


class Extensions:
    """The extensions of one environment, and their API."""

    prefix = "/2020-01-01/extension/"

    def __init__(
        self, spec: FunctionSpec, listener: ExtensionListener, *, external: Sequence[str], ids: Ids, journal: Journal
    ) -> None:
        """external: file names of those that were started, who are therefore expected."""
        self._spec = spec
        self._listener = listener
        self._expected = set(external)
        self._ids = ids
        self._journal = journal
        self._registered: dict[str, Extension] = {}
        self._closed = False
        """Whether the initialisation is over: nobody registers any more."""
        self._ending = False

    @property
    def settled(self) -> bool:
        """Whether all are there and wait for an event."""
        known = {extension.name for extension in self._registered.values()}
        return self._expected <= known and all(extension.asks for extension in self._registered.values())

    @property
    def kinds(self) -> tuple[bool, bool]:
        """Whether there are internal ones, and external ones."""
        internal = [extension.internal for extension in self._registered.values()]
        return any(internal), not all(internal)

    def named(self, identifier: str) -> Extension | None:
        return self._registered.get(identifier)

    @property
    def initialising(self) -> bool:
        return not self._closed

    def close_registration(self) -> None:
        self._closed = True

    def invoke(self, invocation: Invocation, *, deadline_ms: int) -> None:
        """Tell those who want to know of an event that goes to the function."""
        event: dict[str, Any] = {
            "eventType": "INVOKE",
            "deadlineMs": deadline_ms,
            "requestId": invocation.request_id,
            "invokedFunctionArn": invocation.invoked_function_arn,
            "tracing": {"type": "X-Amzn-Trace-Id", "value": invocation.trace_id},
        }
        self._tell("INVOKE", event)

    def shut_down(self, reason: str, *, deadline_ms: int) -> None:
        """Tell those who want to know of the end."""
        self._ending = True
        self._tell("SHUTDOWN", {"eventType": "SHUTDOWN", "shutdownReason": reason, "deadlineMs": deadline_ms})

    def _tell(self, kind: str, event: dict[str, Any]) -> None:
        body = msgspec.json.encode(event)
        for extension in self._registered.values():
            if kind in extension.events:
                extension.asks = False
                extension.pending.append(body)
                if extension.client is not None and extension.client.poll is not None:
                    _wake(extension.client)

    # What connections tell.

    def lost(self, client: Client, *, unread: bool) -> None:
        for extension in list(self._registered.values()):
            if extension.client is client:
                extension.client = None
                if extension.asks and not self._ending:
                    # It gave up its poll: either it polls again on another connection, or it is gone.
                    extension.asks = False
                    asyncio.get_running_loop().call_later(_RETURN_S, self._gone, extension)

    def _gone(self, extension: Extension) -> None:
        if not self._ending and extension.client is None and extension.identifier in self._registered:
            del self._registered[extension.identifier]
            self._listener.extension_failed("Extension.Crash", f"extension {extension.name} has ended")

    async def handle(self, request: Request, client: Client) -> Response:
        step = request.path.removeprefix(self.prefix)
        if (request.method, step) == ("POST", "register"):
            return await self._register(request)
        extension, refusal = self._asked(request)
        if extension is None:
            return refusal
        match request.method, step:
            case "GET", "event/next":
                return await self._next(extension, client)
            case "POST", "init/error" | "exit/error":
                return await self._failed(request, extension, step)
        return problem(404, "NotFound", "no such path in the Lambda extensions API")

    def _asked(self, request: Request) -> tuple[Extension | None, Response]:
        """Who asks; or None, with what to answer."""
        identifier = request.headers.get(_IDENTIFIER, "")
        if not identifier:
            return None, problem(
                403, "Extension.MissingExtensionIdentifier", "Missing Lambda-Extension-Identifier header"
            )
        extension = self._registered.get(identifier)
        return extension, problem(403, "Extension.UnknownExtensionIdentifier", f"Unknown extension {identifier}")

    async def _register(self, request: Request) -> Response:
        name = request.headers.get("lambda-extension-name", "")
        if not name:
            return problem(403, "Extension.InvalidExtensionName", "Empty extension name")
        if self._closed:
            return problem(403, "InvalidStateTransition", "State transition from Ready to Registered not allowed")
        try:
            wanted = msgspec.json.decode(await request.read(_BODY_BYTES_MAX) or b"{}", type=_Registration)
        except (msgspec.DecodeError, PayloadTooLarge) as wrong:
            return problem(400, "InvalidRequestFormat", str(wrong) or "the body is too long")
        events = frozenset(wanted.events)
        internal = name not in self._expected
        if not events <= {"INVOKE", "SHUTDOWN"}:
            return problem(400, "Extension.InvalidEventType", "InvalidEventType")
        if internal and "SHUTDOWN" in events:
            return problem(
                403,
                "ShutdownEventNotSupportedForInternalExtension",
                "SHUTDOWN event is not supported for internal extensions",
            )
        if any(extension.name == name for extension in self._registered.values()):
            return problem(403, "Extension.AlreadyRegistered", f"Extension {name} already registered")
        if len(self._registered) >= EXTENSIONS_MAX:
            return problem(403, "Extension.TooManyExtensions", f"Extension limit ({EXTENSIONS_MAX}) reached")
        extension = Extension(name, identifier=self._ids.uuid(), events=events, internal=internal)
        self._registered[extension.identifier] = extension
        spec = self._spec
        told = {"functionName": spec.function_name, "functionVersion": spec.version, "handler": spec.handler}
        if "accountid" in request.headers.get("lambda-extension-accept-feature", "").lower():
            told["accountId"] = spec.account_id
        headers = (*JSON, ("Lambda-Extension-Identifier", extension.identifier))
        return Response(200, headers, msgspec.json.encode(told))

    async def _next(self, extension: Extension, client: Client) -> Response:
        extension.client = client
        if not extension.seen:
            extension.seen = True
            events = sorted(extension.events)
            self._journal.noted("platform.extension", {"name": extension.name, "state": "Ready", "events": events})
        if not extension.pending:
            extension.asks = True
            client.poll = asyncio.get_running_loop().create_future()
            if self.settled:
                self._listener.extensions_settled()
            await client.poll
        if not extension.pending:
            return problem(500, "Closed", "this poll is over")
        headers = (*JSON, ("Lambda-Extension-Event-Identifier", self._ids.uuid()))
        return Response(200, headers, extension.pending.popleft())

    async def _failed(self, request: Request, extension: Extension, step: str) -> Response:
        kind = request.headers.get("lambda-extension-function-error-type", "")
        if not kind:
            return problem(
                403, "Extension.MissingHeader", "Lambda-Extension-Function-Error-Type header is missing or invalid"
            )
        initialising = step == "init/error"
        self._listener.extension_failed(
            "Extension.InitError" if initialising else "Extension.ExitError", f"extension {extension.name}: {kind}"
        )
        return _OK


def _wake(client: Client) -> None:
    if client.poll is not None and not client.poll.done():
        client.poll.set_result(None)
