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
- Three layers, each of which knows those below: `Receiving`, `Answering`, and here what the loop and the server call.
  They are one object, since a request that never waits crosses all of them in a few calls.
"""

import asyncio
from typing import cast

from pileus.kernel.http.answering import Answering
from pileus.kernel.http.bodies import ClientDisconnected
from pileus.kernel.http.outlet import Outlet
from pileus.kernel.http.parsing import SLICE_BYTES, Refused, RequestParser
from pileus.kernel.http.patience import Patience, Phase
from pileus.kernel.http.sharing import Shared


class Connection(Answering):
    """One client. Belongs to the loop's thread."""

    __slots__ = ("_patience", "secure")

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
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

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._shared.budget.inflow.buffer

    def buffer_updated(self, nbytes: int) -> None:
        data = self._shared.budget.inflow.buffer[:nbytes]
        if self._stash or nbytes > self._parser.body_left_bytes:
            self.receive(bytes(data))
        elif not self._deaf:
            self._feed(data)  # a long body is copied once, out of the buffer
            self._proceed()

    def receive(self, data: bytes) -> None:
        """The next bytes, whatever they are."""
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
