"""How does what a function writes become log events, and the tail that an invoker may ask for?"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from pileus.kernel.clock import Clock
from pileus.services.lambda_.environments.gathering import Gathering
from pileus.services.lambda_.environments.types import FunctionSpec, LogSink

TAIL_BYTES: Final = 4 * 1024
"""What `LogType: Tail` shows. Source: API_Invoke, LogType."""
_EVENT_BYTES_MAX: Final = 256 * 1024
"""A longer line becomes several events. Source: API_InputLogEvent."""
_HELD_BYTES_MAX: Final = 256 * 1024
"""A talkative function's lines are handed on before its invocation ends, so that they do not pile up here."""
_LINE_COST_BYTES: Final = 200
"""What a line takes in memory beside its text: objects, not characters, are what short lines cost."""


class EnvironmentLog:
    """The log of one environment: one stream, cut into invocations.

    Text from Python and from the descriptors arrives in pieces and is cut at newlines, each source for itself.
    Lines leave when the invocation ends, or when `gathering` says that they have waited long enough.
    """

    def __init__(
        self, spec: FunctionSpec, *, log_stream: str, sink: LogSink, clock: Clock, gathering: Gathering
    ) -> None:
        self._spec = spec
        self._log_stream = log_stream
        self._sink = sink
        self._clock = clock
        self._gathering = gathering
        self._lines: list[tuple[float, str]] = []
        self._held_bytes = 0
        self._tail = ""
        self._text = b""
        self._raw = b""
        self.heard: Callable[[float, str, str], None] | None = None
        """Gets every line of the function's and its extensions', with its moment and whose it is."""
        self.raw_kind = "function"
        """Whose the lines are that come through the descriptors."""
        self.hasty = False
        """Whether more has been handed on than can be written soon; asked again by `catch_up`."""

    def catch_up(self) -> bool:
        """Whether there is room for more."""
        self.hasty = self.hasty and self._sink.congested(self._spec)
        return not self.hasty

    def told_line(self, text: str) -> None:
        """One event of the function's, however many lines it has."""
        self.line(text)
        if self.heard is not None:
            self.heard(self._lines[-1][0] if self._lines else self._clock.timestamp(), text, "function")

    def line(self, text: str) -> None:
        """One event, however many lines it has."""
        if not self._lines:
            self._gathering.waits(self)
        self._lines.append((self._clock.timestamp(), text))
        self._held_bytes += len(text) + _LINE_COST_BYTES
        if self._held_bytes > _HELD_BYTES_MAX:
            self.hand_on()

    def line_apart(self, text: str) -> None:
        """One event that no tail shows."""
        self.hand_on()
        self._sink.append(self._spec, self._log_stream, [(self._clock.timestamp(), text)])

    def text(self, data: bytes) -> None:
        """A piece of what the function printed."""
        self._text = self._cut(self._text + data, "function")

    def raw(self, data: bytes) -> None:
        """A piece of what came through the descriptors 1 and 2."""
        self._raw = self._cut(self._raw + data, self.raw_kind)

    def finish(self) -> bytes:
        """End an invocation: hand all on, and give the tail."""
        self.hand_on()
        tail, self._tail = self._tail.encode(errors="replace")[-TAIL_BYTES:], ""
        return tail

    def complete_lines(self) -> None:
        """The invocation is over: what has no newline yet is an event, too."""
        if self._text:
            self.line(self._text.decode(errors="replace"))
            self._text = b""
        if self._raw:
            self.line(self._raw.decode(errors="replace"))
            self._raw = b""

    def hand_on(self) -> None:
        """Let leave what is held."""
        if not self._lines:
            return
        lines, self._lines, self._held_bytes = self._lines, [], 0
        self._gathering.left(self)
        size_bytes = 0
        first = len(lines)
        while first > 0 and size_bytes < TAIL_BYTES:
            first -= 1
            size_bytes += len(lines[first][1])
        self._tail = (self._tail + "".join([text for _, text in lines[first:]]))[-TAIL_BYTES:]
        self._sink.append(self._spec, self._log_stream, lines)
        self.hasty = self._sink.congested(self._spec)

    def _cut(self, data: bytes, kind: str) -> bytes:
        end = data.rfind(b"\n")
        if end != -1:
            # All at once: a flood of short lines costs a tenth of what it would one by one.
            moment, whole = self._clock.timestamp(), data[:end].decode(errors="replace")
            data = data[end + 1 :]
            lines = [(moment, text + "\n") for text in whole.split("\n")]
            if not self._lines:
                self._gathering.waits(self)
            self._lines += lines
            if self.heard is not None:
                for _, text in lines:
                    self.heard(moment, text, kind)
            self._held_bytes += len(whole) + len(lines) * _LINE_COST_BYTES
            if self._held_bytes > _HELD_BYTES_MAX:
                self.hand_on()
        while len(data) >= _EVENT_BYTES_MAX:
            self.line(data[:_EVENT_BYTES_MAX].decode(errors="replace"))
            data = data[_EVENT_BYTES_MAX:]
        return data


def log_stream_name(spec: FunctionSpec, *, today: datetime, serial: str) -> str:
    """What an environment's stream is called: in a group of its own choice, which others may share, by its function.

    Source: Lambda Developer Guide, "Configuring CloudWatch log groups".
    """
    own = spec.log_group == f"/aws/lambda/{spec.function_name}"
    return f"{today:%Y/%m/%d}/{'' if own else spec.function_name}[{spec.version}]{serial}"
