"""How do `print` and `logging` of a function reach its log?

Both travel as frames on the channel, so that their order is kept and a record with many lines stays one event, as on
AWS. What bypasses Python (subprocesses, C code, a forked child) writes to the descriptors 1 and 2, which Pileus reads
as well.
"""

import io
import json
import logging
import os
import socket
import sys
import threading
import time
import traceback
from typing import Final

from pileus.kernel.sandbox import wire
from pileus.services.lambda_.runtimes import frames

_PIECE_BYTES_MAX: Final = 16 * 1024


class Outlet:
    """Sends whole frames, from whichever thread; in a forked child it writes to the descriptors instead."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._lock = threading.Lock()
        self._forked = False
        self.request_id = ""
        os.register_at_fork(after_in_child=self._after_fork)

    def send(self, kind: int, body: bytes) -> None:
        """One frame, whole; quietly nothing when Pileus has gone."""
        if self._forked:
            if kind in (frames.TEXT, frames.LINE):
                _write_all(1, body)
            return
        try:
            with self._lock:
                self._channel.sendall(wire.frame(kind, body))
        except OSError:
            os._exit(1)

    def text(self, data: bytes) -> None:
        for start in range(0, len(data), _PIECE_BYTES_MAX):
            self.send(frames.TEXT, data[start : start + _PIECE_BYTES_MAX])

    def line(self, text: str) -> None:
        self.send(frames.LINE, text.encode(errors="backslashreplace"))

    def moved(self, channel: socket.socket) -> None:
        """This is the forked child, and the one that counts from here on."""
        self._channel, self._forked = channel, False

    def _after_fork(self) -> None:
        self._forked = True
        self._lock = threading.Lock()


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


class _Binary(io.RawIOBase):
    def __init__(self, outlet: Outlet, descriptor: int) -> None:
        self._outlet = outlet
        self._descriptor = descriptor

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def write(self, data: object) -> int:
        taken = bytes(memoryview(data))  # type: ignore[arg-type]  # whatever has a buffer; typeshed's name for it is not importable here
        self._outlet.text(taken)
        return len(taken)


class Stream(io.TextIOBase):
    """`sys.stdout` or `sys.stderr` of a function: nothing waits in it."""

    def __init__(self, outlet: Outlet, descriptor: int, name: str) -> None:
        self._outlet = outlet
        self._binary = _Binary(outlet, descriptor)
        self.name = name
        self.mode = "w"

    @property
    def encoding(self) -> str:  # type: ignore[override]  # a plain attribute in typeshed; read-only fits as well
        return "utf-8"

    @property
    def errors(self) -> str:  # type: ignore[override]
        return "backslashreplace"

    @property
    def buffer(self) -> _Binary:
        return self._binary

    def reconfigure(self, **_: object) -> None:
        """Accepted for libraries that ask for it: the encoding is UTF-8 and nothing is buffered."""

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._binary.fileno()

    def write(self, text: str) -> int:
        self._outlet.text(text.encode(errors="backslashreplace"))
        return len(text)

    def close(self) -> None:
        """Standard output outlives whoever closes it."""


class _RootHandler(logging.Handler):
    """The handler AWS puts on the root logger: one log event for each record."""

    def __init__(self, outlet: Outlet) -> None:
        super().__init__()
        self._outlet = outlet

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = self.format(record)
        except (TypeError, ValueError):
            self.handleError(record)
            return
        self._outlet.line(text)


class _RequestIdFilter(logging.Filter):
    def __init__(self, outlet: Outlet) -> None:
        super().__init__()
        self._outlet = outlet

    def filter(self, record: logging.LogRecord) -> bool:
        record.aws_request_id = self._outlet.request_id
        return True


_ORDINARY: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "aws_request_id", "taskName"}
"""What every record has; the rest came by `extra`."""


class _JsonFormatter(logging.Formatter):
    """One object for each record."""

    def __init__(self) -> None:
        super().__init__(datefmt="%Y-%m-%dT%H:%M:%SZ")
        self.converter = time.gmtime

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, object] = {
            "timestamp": self.formatTime(record, self.datefmt),
            "level": record.levelname,
            "message": record.msg if isinstance(record.msg, dict) and not record.args else record.getMessage(),
            "logger": record.name,
        }
        if record.exc_info and record.exc_info[0] is not None:
            told["stackTrace"] = traceback.format_tb(record.exc_info[2])
            told["errorType"] = record.exc_info[0].__name__
            told["errorMessage"] = str(record.exc_info[1])
            told["location"] = f"{record.pathname}:{record.funcName}:{record.lineno}"
        told["requestId"] = getattr(record, "aws_request_id", None)
        extra = {name: value for name, value in vars(record).items() if name not in _ORDINARY and name not in told}
        whole = {name: value for name, value in {**told, **extra}.items() if value is not None}
        return json.dumps(whole, ensure_ascii=False, default=str) + "\n"


def install(outlet: Outlet) -> None:
    """Make `print` and `logging` write to `outlet`.

    Formats: as AWS's managed Python runtimes log (Lambda Developer Guide, "Log and monitor Python functions"). A level
    counts for JSON, and there is always one then.
    """
    sys.stdout = Stream(outlet, 1, "<stdout>")
    sys.stderr = Stream(outlet, 2, "<stderr>")
    handler = _RootHandler(outlet)
    handler.setFormatter(_JsonFormatter() if logs_json() else _text_formatter())
    handler.addFilter(_RequestIdFilter(outlet))
    root = logging.getLogger()
    root.addHandler(handler)
    if logs_json():
        level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper()
        root.setLevel({"TRACE": "DEBUG", "WARN": "WARNING", "FATAL": "CRITICAL"}.get(level, level) or "INFO")


def logs_json() -> bool:
    """Whether the function's log format is JSON."""
    return os.environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"


def _text_formatter() -> logging.Formatter:
    formatter = logging.Formatter(
        "[%(levelname)s]\t%(asctime)s.%(msecs)dZ\t%(aws_request_id)s\t%(message)s\n", "%Y-%m-%dT%H:%M:%S"
    )
    formatter.converter = time.gmtime
    return formatter
