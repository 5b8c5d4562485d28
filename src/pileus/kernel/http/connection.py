"""What happens on one connection, from its first byte to its last?

The argument, in order of the bytes:

- Requests are handled one after another, in the order in which they came: a client that pipelines a write and a read
  sees its write (RFC 9112, 9.3.2 allows no more for methods that are not safe). An answer that the gate holds back does
  not stop the next handler; so several requests are open at once, at most `pipelined_max`, and their answers leave in
  order, because only the first of `_open` is ever sent.
- Nothing is parsed that could not be kept: while requests wait to be started, or the client does not take its answers,
  or a body stream is full, the socket is not read, and what had been read already is kept as it is (`_stash`).
- A handler is stepped at once. If it never waits, its answer is written in the same call that brought the request.
- A handler is never cancelled because its client went away: what it does may be half done. Its answer is dropped.
  Whoever *sends* an answer, or reads a body, is told.
- After bytes that are no HTTP, or after the last answer, the connection is deaf: what arrives is dropped. If the client
  may still be sending, we end our side and listen a little longer, since closing would reset the connection and could
  take the answer back (RFC 9112, 9.6).
- Time is kept by the server's sweep, which compares what a connection is doing with what it did at the last sweep.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, cast

from pileus.kernel.http import answers, heads
from pileus.kernel.http.answers import Sending
from pileus.kernel.http.bodies import BodyBroken, ClientDisconnected
from pileus.kernel.http.budget import BodyBudget
from pileus.kernel.http.heads import Heads
from pileus.kernel.http.limits import Limits
from pileus.kernel.http.messages import Gate, Handler, Response
from pileus.kernel.http.outlet import Outlet, Turn
from pileus.kernel.http.parsing import SLICE_BYTES, Exchange, Refused, RequestParser
from pileus.kernel.http.patience import Patience, Phase
from pileus.kernel.http.presence import CLIENT
from pileus.kernel.tasks import start_eagerly

_log: Final = logging.getLogger("pileus.http")


@dataclass(slots=True, kw_only=True)
class Shared:
    """What the connections of one server have in common."""

    handler: Handler
    gate: Gate | None
    limits: Limits
    heads: Heads
    budget: BodyBudget = field(default_factory=lambda: BodyBudget(Limits()))
    connections: set["Connection"] = field(default_factory=set)
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    draining: bool = False
    turn: Turn = field(default_factory=Turn)


class Connection(asyncio.Protocol):
    """One client. Belongs to the loop's thread."""

    __slots__ = (
        "_deaf",
        "_drawing",
        "_ended",
        "_eof",
        "_open",
        "_outlet",
        "_parser",
        "_patience",
        "_proceeding",
        "_reading",
        "_refused",
        "_running",
        "_sender",
        "_shared",
        "_stash",
        "_transport",
        "secure",
    )

    _transport: asyncio.Transport
    _outlet: Outlet
    _parser: RequestParser

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._open: deque[Exchange] = deque()
        """Started, or answered without a handler, and not yet sent: in order."""
        self._running: Exchange | None = None
        self._sender: asyncio.Task[None] | None = None
        self._stash = b""
        self._reading = True
        self._deaf = False
        self._drawing = False
        """Whether the answer that is being sent comes from an iterator."""
        self._ended = False
        self._refused = False
        self._eof = False
        self._proceeding = False
        self._patience = Patience(shared.limits)

    # What the loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # A stream transport; uvloop's is none by inheritance.
        peer = transport.get_extra_info("peername")
        self.secure = transport.get_extra_info("ssl_object") is not None
        self._outlet = Outlet(self._transport, secure=self.secure, turn=self._shared.turn)
        self._parser = RequestParser(
            self._shared.limits,
            budget=self._shared.budget,
            peer=str(peer[0]) if isinstance(peer, tuple) else "",
            secure=self.secure,
            wanted=self._wanted,
        )
        self._shared.connections.add(self)

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        if self._stash or len(data) > SLICE_BYTES:
            self._stash += data
            self._proceed()
            return
        parser = self._parser
        try:
            parser.feed(data)
        except Refused as refused:
            self._refuse(refused.status)
        received = parser.received
        if len(received) == 1 and not self._open and not self._outlet.paused:
            self._start(received.popleft())  # The usual case: all of one request.
            if not self._open and not self._ended and parser.streaming is parser.uninvited is None:
                return
        self._proceed()

    def eof_received(self) -> bool:
        """True keeps our side open, for a client which said all and may still listen (`nc -N`).

        Whether it does only a write can tell; an iterator that waits for something to send might wait for ever.
        """
        self._eof = True
        self._break_stream(ClientDisconnected())
        if self._drawing:
            return False
        unanswered = bool(self._open or self._parser.received or self._stash)
        return unanswered and not self._ended and not self.secure

    @property
    def gone(self) -> bool:
        """Whether the client has hung up; one that only said that it will send no more counts as gone, too."""
        return self._eof or self._transport.is_closing()

    def pause_writing(self) -> None:
        self._outlet.pause()
        self._read_if_wanted()

    def resume_writing(self) -> None:
        self._outlet.resume()
        self._proceed()

    def connection_lost(self, exc: Exception | None) -> None:
        self._shared.connections.discard(self)
        self._outlet.lose()
        self._break_stream(ClientDisconnected())
        if self._sender is not None:
            self._sender.cancel()
            self._open.popleft()
        self._forget()

    # What the server calls.

    def sweep(self, now_s: float) -> None:
        """Close or refuse when the client has taken too long. now_s: the loop's time."""
        phase = self._phase()
        if not self._patience.exhausted(phase, self._progress(phase), now_s=now_s):
            return
        if phase is Phase.HEAD or phase is Phase.BODY:
            self._refuse(408)
            self._proceed()
        elif phase is Phase.IDLE:
            self._outlet.flush()
            self._transport.close()
        else:
            self._transport.abort()

    def close_if_idle(self) -> None:
        """Close now if nothing is under way (draining); otherwise the last answer closes."""
        if self._phase() is Phase.IDLE:
            self._outlet.flush()
            self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    def _phase(self) -> Phase:
        if self._outlet.paused or (self._ended and self._outlet.waiting_bytes):
            return Phase.STALLED
        if self._ended:
            return Phase.CLOSING
        if self._reading and not self._deaf:
            if self._parser.in_head:
                return Phase.HEAD
            invited = self._parser.uninvited is None or not self._open
            if self._parser.in_body and invited:
                return Phase.BODY
        return Phase.BUSY if self._open or self._parser.received or self._stash else Phase.IDLE

    def _progress(self, phase: Phase) -> object:
        if phase is Phase.STALLED:
            return self._outlet.waiting_bytes, self._outlet.progress_bytes
        if phase is Phase.BODY:
            progress_bytes = self._shared.limits.body_progress_bytes
            return self._parser.message_count, self._parser.body_bytes // progress_bytes
        return self._parser.message_count

    # Receiving.

    def _feed(self, data: bytes) -> None:
        try:
            self._parser.feed(data)
        except Refused as refused:
            self._refuse(refused.status)

    def _refuse(self, status: int) -> None:
        """These bytes are no request, or never become one: say so when it is their turn, and hear no more."""
        streaming = self._parser.streaming
        if streaming is None:
            self._parser.received.append(_refusal(status))
        else:
            streaming.refusal = status
            streaming.keep_alive = False
            self._break_stream(BodyBroken(status))
            if streaming.answered:
                self._end()
        self._refused = True
        self._deafen()

    def _deafen(self) -> None:
        self._deaf = True
        self._stash = b""
        self._read_if_wanted()

    def _break_stream(self, error: BodyBroken) -> None:
        if self._parser.streaming is not None and self._parser.streaming.body is not None:
            self._parser.streaming.body.fail(error)

    def _proceed(self) -> None:
        """Start what may start, parse what was kept back, and say whether more is wanted."""
        if self._proceeding:
            return
        self._proceeding = True
        corked = len(self._parser.received) > 1 or self._stash != b""
        if corked:
            self._outlet.cork()
        try:
            self._start_received()
            while self._stash and self._has_room():
                stash, size_bytes = self._stash, self._parser.slice_bytes
                self._stash = stash[size_bytes:]
                self._feed(stash[:size_bytes])
                self._start_received()
        finally:
            self._proceeding = False
            if corked:
                self._outlet.uncork()
        if self._parser.uninvited is not None:
            self._invite()
        if not self._eof:
            self._read_if_wanted()
            return
        if not self._stash:
            self._break_stream(ClientDisconnected())
        if not (self._open or self._stash or self._parser.received):
            self._outlet.flush()
            self._transport.close()

    def _start_received(self) -> None:
        received, limits = self._parser.received, self._shared.limits
        while received and self._running is None and not self._outlet.paused and len(self._open) < limits.pipelined_max:
            self._start(received.popleft())

    def _has_room(self) -> bool:
        """Whether more input may be parsed: bounds what is kept of a client that sends more than it may."""
        if self._outlet.paused:
            return False
        streaming, limits = self._parser.streaming, self._shared.limits
        if streaming is not None and streaming.body is not None:
            return streaming.body.buffered_bytes <= limits.body_buffer_bytes
        return len(self._open) + len(self._parser.received) < limits.pipelined_max

    def _read_if_wanted(self) -> None:
        reading = self._deaf or (not self._stash and self._has_room())
        if reading != self._reading and not self._eof and not self._transport.is_closing():
            self._reading = reading
            if reading:
                self._transport.resume_reading()
            else:
                self._transport.pause_reading()

    def _wanted(self) -> None:
        """The handler waits for its body, or has taken some of it."""
        if self._parser.uninvited is not None:
            self._invite()
        if not self._reading:
            self._proceed()

    def _invite(self) -> None:
        """100 Continue: once all earlier answers are out, and only for a body that somebody will read."""
        exchange = self._parser.uninvited
        assert exchange is not None
        if exchange.body is None:
            due = not self._open and not self._parser.received
        else:
            due = bool(self._open) and self._open[0] is exchange and exchange.body.awaited
        if due and not self._deaf:
            self._parser.uninvited = None
            self._outlet.write(heads.CONTINUE)

    # Handling.

    def _start(self, exchange: Exchange) -> None:
        """Call the handler; in most cases that includes its answer."""
        if exchange.request is None:
            assert exchange.response is not None
            self._answer(exchange, exchange.response)
            return
        gate = self._shared.gate
        failures = 0 if gate is None else gate.failures
        CLIENT.set(self)
        try:
            outcome = start_eagerly(self._shared.handler(exchange.request))
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - the edge: nothing a handler raises gets past
            _release(exchange)
            self._answer(exchange, answers.answer_to(error, exchange))
            return
        if isinstance(outcome, asyncio.Task):
            self._running = exchange
            self._enqueue(exchange)
            self._shared.tasks.add(outcome)
            outcome.add_done_callback(partial(self._finished, exchange, failures))
        elif not (exchange.ordinary and self._sent_at_once(outcome)):
            _release(exchange)
            self._answer(exchange, outcome)

    def _sent_at_once(self, response: Response) -> bool:
        """The hot path of `_answer`: nothing is before it, nothing holds it back, and it is all bytes."""
        shared = self._shared
        if self._open or self._ended or shared.draining or (shared.gate is not None and shared.gate.closed):
            return False
        try:
            whole = answers.ordinary(response, shared.heads)
        except Exception:  # noqa: BLE001 - met again by `_send`, which says so
            return False
        if whole is None:
            return False
        self._outlet.write_soon(whole)
        return True

    def _finished(self, exchange: Exchange, failures: int, task: asyncio.Task[Response]) -> None:
        """A handler that had to wait is done. failures: the gate's when it began."""
        self._shared.tasks.discard(task)
        self._running = None
        _release(exchange)
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        response = task.result() if error is None else answers.answer_to(error, exchange)
        gate = self._shared.gate
        if gate is not None and gate.failures != failures:
            # Its commit may be among those that were lost while it waited for something else.
            _log.error("%s: a commit failed meanwhile", answers.name(exchange))
            self._drop(response)
            response = heads.plain(500)
        self._answer(exchange, response)
        self._proceed()

    def _answer(self, exchange: Exchange, response: object) -> None:
        """The handler has said what it has to say: send it in its turn, and not before the gate opens."""
        if not isinstance(response, Response):
            response = answers.answer_to(TypeError(f"it returned {type(response)}, no Response"), exchange)
        gate = self._shared.gate
        if gate is not None and exchange.request is not None and gate.closed:
            self._enqueue(exchange)
            gate.hold(partial(self._released, exchange, response))
        elif not self._open and not self._ended:
            self._send(exchange, response)
        else:
            self._settle(exchange, response)

    def _released(self, exchange: Exchange, response: Response, error: BaseException | None, /) -> None:
        if error is not None:
            _log.error("%s: its commit failed", answers.name(exchange), exc_info=error)
            self._drop(response)
            response = heads.plain(500)
        self._settle(exchange, response)
        self._proceed()

    def _settle(self, exchange: Exchange, response: Response) -> None:
        """Put down an answer that is ready but may not be the first, and send what is."""
        if self._ended:
            self._drop(response)
            return
        exchange.response = response
        self._enqueue(exchange)
        self._send_ready()

    def _enqueue(self, exchange: Exchange) -> None:
        if not exchange.queued:
            exchange.queued = True
            self._open.append(exchange)

    # Sending.

    def _send_ready(self) -> None:
        while self._open and self._sender is None:
            response = self._open[0].response
            if response is None:
                return
            self._send(self._open.popleft(), response)

    def _send(self, exchange: Exchange, response: Response) -> None:
        """Send the answer of the first exchange, or begin to: then it is the first open one until `_sender` is done."""
        exchange.answered = True
        outlet, encoder = self._outlet, self._shared.heads
        close = True
        try:
            close = self._closes(exchange, response)
            sending = answers.begin(exchange, response, outlet, encoder=encoder, close=close)
        except Exception:  # noqa: BLE001 - the edge: a response that cannot be sent is our mistake, not the client's
            _log.exception("%s: its answer cannot be sent", answers.name(exchange))
            self._drop(response)
            sending = answers.begin(exchange, heads.plain(500), outlet, encoder=encoder, close=close)
        if sending is not None:
            exchange.queued = True
            self._open.appendleft(exchange)
            self._drawing = sending.draws
            self._sender = self._spawn(sending.work)
            self._sender.add_done_callback(partial(self._sent_slowly, exchange, response, sending, close))
        elif close:
            self._end()

    def _sent_slowly(
        self, exchange: Exchange, response: Response, sending: Sending, close: bool, task: asyncio.Task[None]
    ) -> None:
        self._sender = None
        _release(exchange)  # an iterator may have read the body
        self._drawing = False
        sending.close()
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if error is not None:
            if not isinstance(error, asyncio.CancelledError | BodyBroken | ConnectionError):
                _log.error("an answer broke off", exc_info=error)
            self._drop(response)
            self._transport.abort()  # Whatever we wrote now would be taken for a part of it.
        if error is not None or self._ended:
            return
        self._open.popleft()
        if close:
            self._end()
            return
        self._send_ready()
        self._proceed()

    def _closes(self, exchange: Exchange, response: Response) -> bool:
        """Whether this answer is the connection's last."""
        if not exchange.keep_alive or answers.ends_connection(exchange, response):
            return True
        last = not (self._open or self._stash or self._parser.received)
        if self._eof and last:
            return True
        body = exchange.body
        if body is not None and not body.complete:
            left_bytes = body.left_bytes
            if (
                not isinstance(response.body, bytes)  # It may still be reading.
                or left_bytes is None
                or left_bytes > self._shared.limits.unread_bytes_max
                or self._parser.uninvited is exchange
            ):
                return True
            body.discard()
        return self._shared.draining and last and not self._parser.busy

    def _end(self) -> None:
        """The last answer is written: close, or let the client finish its sentence first."""
        self._outlet.uncork()
        lingering = self._refused or self._parser.busy
        self._break_stream(BodyBroken())
        self._forget()
        if lingering and not self._eof and self._transport.can_write_eof():
            self._outlet.flush()
            self._transport.write_eof()
        else:
            self._outlet.flush()
            self._transport.close()

    def _forget(self) -> None:
        """Nothing more is answered here: drop what came and what was to leave."""
        self._ended = True
        self._deafen()
        self._parser.received.clear()
        for exchange in self._open:
            if exchange.response is not None:
                self._drop(exchange.response)
        self._open.clear()

    def _drop(self, response: object) -> None:
        """Free what an answer holds that nobody will read."""
        if isinstance(response, Response) and hasattr(response.body, "aclose"):
            self._spawn(answers.discard(response)).add_done_callback(_note_failure)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._shared.tasks.add(task)
        task.add_done_callback(self._shared.tasks.discard)
        return task


def _refusal(status: int) -> Exchange:
    exchange = Exchange()
    exchange.response = heads.plain(status)
    return exchange


def _release(exchange: Exchange) -> None:
    """Its handler is done, so its body no longer counts."""
    if exchange.body is not None:
        exchange.body.release()


def _note_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("an iterator of an answer failed to close", exc_info=error)
