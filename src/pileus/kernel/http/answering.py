"""In which order do the answers of a connection leave, and which is its last?

The middle layer of a `Connection`, whose argument is there. What this one promises: only the first of `_open` is ever
sent, and of what is dropped everything is freed.
"""

import asyncio
import logging
from collections.abc import Coroutine
from functools import partial
from typing import Any, Final

from pileus.kernel.http import answers, heads
from pileus.kernel.http.answers import Sending
from pileus.kernel.http.bodies import BodyBroken
from pileus.kernel.http.messages import Response
from pileus.kernel.http.parsing import Exchange
from pileus.kernel.http.presence import CLIENT
from pileus.kernel.http.receiving import Receiving
from pileus.kernel.http.sharing import Shared
from pileus.kernel.tasks import start_eagerly

_log: Final = logging.getLogger("pileus.http")


class Answering(Receiving):
    """The side of a connection that handles and writes."""

    __slots__ = ("_drawing", "_ended", "_sender")

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        self._sender: asyncio.Task[None] | None = None
        self._drawing = False
        """Whether the answer that is being sent comes from an iterator."""
        self._ended = False

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
            response = self._instead(exchange, response)
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
            response = self._instead(exchange, response)
        self._settle(exchange, response)
        self._proceed()

    def _instead(self, exchange: Exchange, response: Response) -> Response:
        """What is told in place of an answer that must not leave."""
        self._drop(response)
        return answers.instead_of(response, exchange, self._shared.lost)

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
        if exchange.greeted:
            outlet.write(heads.CONTINUE)
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


def _release(exchange: Exchange) -> None:
    """Its handler is done, so its body no longer counts."""
    if exchange.body is not None:
        exchange.body.release()


def _note_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("an iterator of an answer failed to close", exc_info=error)
