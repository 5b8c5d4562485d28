"""How does a custom runtime get its events?

The Lambda Runtime API (Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes"), behind the
environment's `ApiListener`.

Whose event it is. A poll whose client has gone away (bootstraps poll with a timeout) must not swallow an event:

- the end of the client's side ends the connection, and its poll with it;
- a poll ends those before it, since a runtime has only one: they are dead, and not yet known to be;
- an event stays with the connection it was written to until it is answered; if that connection breaks without having
  been read to its end, or before the event was written, the next poll gets the event again.

An answer may come in pieces (`Lambda-Runtime-Function-Response-Mode: streaming`); what went wrong on the way is then
told by trailers. Source: the same guide, "Implementing response streaming in a custom runtime".
"""

import asyncio
import binascii
import json
from base64 import b64decode
from collections.abc import Mapping
from typing import Final

from pileus.kernel.http.bodies import BodyBroken, IncomingBody
from pileus.kernel.http.messages import PayloadTooLarge, Request, Response
from pileus.kernel.ids import Ids
from pileus.kernel.sandbox.cell import Cell
from pileus.services.lambda_.environments.api_listener import ACCEPTED, ApiListener, Client, problem
from pileus.services.lambda_.environments.links import RuntimeListener
from pileus.services.lambda_.environments.types import Invocation
from pileus.services.lambda_.runtimes import frames

_STREAM_CONTENT_TYPE: Final = "application/octet-stream"
_INIT_ERROR_BYTES_MAX: Final = 256 * 1024


class HttpLink:
    """A runtime behind the Runtime API."""

    prefix = "/2018-06-01/runtime/"

    def __init__(self, cell: Cell, listener: RuntimeListener, api: ApiListener | None = None) -> None:
        """api: where it is asked; without, it has a listener for itself."""
        self._cell = cell
        self._listener = listener
        self._owned = api is None
        self._api = api or ApiListener(cell)
        self._api.add(self)
        self._poll: Client | None = None
        self._event: tuple[Invocation, int] | None = None
        self._waiting = False
        """Whether the event is still to be taken."""
        self._ready = False
        self._room: asyncio.Future[None] | None = None
        """While paused: streamed answers are read no further."""

    async def open(self, ids: Ids) -> str:
        """Listen; gives the value of AWS_LAMBDA_RUNTIME_API."""
        return await self._api.open(ids)

    def restore(self) -> None:
        raise AssertionError("SnapStart is for the runtimes that are bundled")

    def deliver(self, invocation: Invocation, *, deadline_ms: int) -> None:
        self._event = (invocation, deadline_ms)
        self._offer()

    @property
    def asks(self) -> bool:
        return self._poll is not None

    def pause(self) -> None:
        """Output does not come this way, but pieces of answers do."""
        if self._room is None:
            self._room = asyncio.get_running_loop().create_future()

    def resume(self) -> None:
        room, self._room = self._room, None
        if room is not None and not room.done():
            room.set_result(None)

    def drain(self) -> None:
        why = self._cell.refusal()
        if why is not None:
            self._listener.was_refused(why)

    def close(self) -> None:
        self._event = None
        self.resume()
        if self._owned:
            self._api.close()

    # What connections tell.

    def lost(self, client: Client, *, unread: bool) -> None:
        if self._poll is client:
            self._poll = None
        if client.took and unread and self._event is not None:
            self._offer()

    async def handle(self, request: Request, client: Client) -> Response:
        match request.method, request.path.removeprefix(self.prefix).split("/"):
            case "GET", ["invocation", "next"]:
                return await self._next(client)
            case "POST", ["invocation", request_id, "response"]:
                if request.headers.get("lambda-runtime-function-response-mode", "").lower() == "streaming":
                    return await self._answer_in_pieces(request, request_id)
                return await self._answer(request, request_id, failed=False)
            case "POST", ["invocation", request_id, "error"]:
                return await self._answer(request, request_id, failed=True)
            case "POST", ["init", "error"]:
                return await self._init_error(request)
            case ("GET", ["restore", "next"]) | ("POST", ["restore", "error"]):
                # Only SnapStart restores; whoever asks for it elsewhere is told as for any step out of turn.
                return self._out_of_turn("RestoreReady" if request.method == "GET" else "RestoreError")
        return problem(404, "NotFound", "no such path in the Lambda runtime API")

    async def _init_error(self, request: Request) -> Response:
        try:
            document = await request.read(_INIT_ERROR_BYTES_MAX)
        except PayloadTooLarge:
            message = f"Exceeded maximum allowed payload size ({_INIT_ERROR_BYTES_MAX} bytes)."
            return problem(413, "RequestEntityTooLarge", message)
        if self._ready:
            return self._out_of_turn("InitError")
        self._listener.could_not_initialise(document)
        return ACCEPTED

    def _out_of_turn(self, step: str) -> Response:
        state = "Ready" if self._ready else "Started"
        return problem(403, "InvalidStateTransition", f"State transition from {state} to {step} not allowed")

    def _offer(self) -> None:
        """There is an event to be taken: the latest poll has it."""
        self._waiting = True
        if self._poll is not None:
            client, self._poll = self._poll, None
            self._take(client)

    def _take(self, client: Client) -> None:
        self._waiting = False
        client.took = True
        if client.poll is not None and not client.poll.done():
            client.poll.set_result(None)

    async def _next(self, client: Client) -> Response:
        if not self._ready:
            self._ready = True
            self._listener.became_ready()
        if self._waiting:
            self._take(client)
        else:
            self._poll = client
            client.poll = asyncio.get_running_loop().create_future()
            await client.poll
        if not client.took or self._event is None:
            return problem(500, "Closed", "this poll is over")
        invocation, deadline_ms = self._event
        headers = [
            ("Content-Type", "application/json"),
            ("Lambda-Runtime-Aws-Request-Id", invocation.request_id),
            ("Lambda-Runtime-Deadline-Ms", str(deadline_ms)),
            ("Lambda-Runtime-Invoked-Function-Arn", invocation.invoked_function_arn),
        ]
        for name, value in (
            ("Lambda-Runtime-Trace-Id", invocation.trace_id),
            ("Lambda-Runtime-Client-Context", _one_line(invocation.client_context)),
            ("Lambda-Runtime-Cognito-Identity", _one_line(invocation.cognito_identity)),
        ):
            if value:
                headers.append((name, value))
        return Response(200, headers, invocation.payload)

    async def _answer(self, request: Request, request_id: str, *, failed: bool) -> Response:
        try:
            payload = await request.read(frames.RESPONSE_BYTES_MAX)
        except PayloadTooLarge:
            if self._expects(request_id):
                self._finish(frames.RESPONSE_TOO_LARGE, failed=True)
            return problem(413, "RequestEntityTooLarge", "Exceeded maximum allowed payload size (6291556 bytes).")
        if not self._expects(request_id):
            return problem(400, "InvalidRequestID", "Invalid request ID")
        self._finish(payload, failed=failed)
        return ACCEPTED

    async def _answer_in_pieces(self, request: Request, request_id: str) -> Response:
        if not self._expects(request_id):
            return problem(400, "InvalidRequestID", "Invalid request ID")
        self._listener.began_stream(request.headers.get("content-type") or _STREAM_CONTENT_TYPE)
        body = request.body
        if isinstance(body, bytes):
            self._listener.streamed(body)
            self._finish(b"", failed=False)
            return ACCEPTED
        try:
            async for piece in body:
                if not self._expects(request_id):
                    return problem(413, "RequestEntityTooLarge", "Exceeded maximum allowed payload size.")
                self._listener.streamed(piece)
                if self._room is not None:
                    await asyncio.shield(self._room)
        except BodyBroken:
            if self._expects(request_id):
                self._finish(_document("Runtime.TruncatedResponse", "Response body is truncated"), failed=True)
            raise
        if self._expects(request_id):
            failure = _failure(body.trailers) if isinstance(body, IncomingBody) else None
            self._finish(failure or b"", failed=failure is not None)
        return ACCEPTED

    def _expects(self, request_id: str) -> bool:
        return self._event is not None and self._event[0].request_id == request_id

    def _finish(self, payload: bytes, *, failed: bool) -> None:
        self._event = None
        self._waiting = False
        self._listener.answered(payload, failed=failed, peak_bytes=0)


def _failure(trailers: Mapping[str, str]) -> bytes | None:
    """The error document that the trailers of a streamed answer tell; None when it went well."""
    kind = trailers.get("lambda-runtime-function-error-type")
    if kind is None:
        return None
    try:
        return b64decode(trailers.get("lambda-runtime-function-error-body", ""), validate=True) or _document(kind, "")
    except binascii.Error:
        return _document(kind, "")


def _document(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()


def _one_line(text: str | None) -> str:
    """A header value: JSON without line breaks, in ASCII."""
    if not text:
        return ""
    try:
        return json.dumps(json.loads(text))
    except ValueError:
        return text.encode("ascii", "backslashreplace").decode().replace("\r", " ").replace("\n", " ")
