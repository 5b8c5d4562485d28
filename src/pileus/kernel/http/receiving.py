"""When is a connection read, and when may a request that was received start?

The lowest of the three layers of a `Connection`, whose argument is there. What this one promises: nothing is parsed
that could not be kept.
"""

import asyncio
from abc import abstractmethod
from collections import deque

from pileus.kernel.http import heads
from pileus.kernel.http.bodies import BodyBroken, ClientDisconnected
from pileus.kernel.http.outlet import Outlet
from pileus.kernel.http.parsing import Exchange, Refused, RequestParser
from pileus.kernel.http.sharing import Shared


class Receiving(asyncio.BufferedProtocol):
    """The side of a connection that reads."""

    __slots__ = (
        "_deaf",
        "_eof",
        "_open",
        "_outlet",
        "_parser",
        "_proceeding",
        "_reading",
        "_refused",
        "_running",
        "_shared",
        "_stash",
        "_transport",
    )

    _transport: asyncio.Transport
    _outlet: Outlet
    _parser: RequestParser

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._open: deque[Exchange] = deque()
        """Started, or answered without a handler, and not yet sent: in order."""
        self._running: Exchange | None = None
        self._stash = b""
        self._reading = True
        self._deaf = False
        self._refused = False
        self._eof = False
        self._proceeding = False

    @abstractmethod
    def _start(self, exchange: Exchange) -> None:
        """Call the handler; in most cases that includes its answer."""

    @abstractmethod
    def _end(self) -> None:
        """The last answer is written: close, or let the client finish its sentence first."""

    @property
    def gone(self) -> bool:
        """Whether the client has hung up; one that only said that it will send no more counts as gone, too."""
        return self._eof or self._transport.is_closing()

    def _feed(self, data: bytes | memoryview) -> None:
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
            return streaming.body.buffered_bytes <= self._shared.budget.inflow.unread_bytes_max
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


def _refusal(status: int) -> Exchange:
    exchange = Exchange()
    exchange.response = heads.plain(status)
    return exchange
