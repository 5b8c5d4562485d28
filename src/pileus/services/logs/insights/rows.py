"""Which fields does a log event have?

Its own (`@timestamp`, `@message`, `@logStream`, `@log`, `@ingestionTime`, `@ptr`), those that commands made, those of
Lambda's lines, and those that are found in JSON: `a.b.0.c`. They are looked for only when somebody asks for one that
is not known yet.

Source: CloudWatch Logs User Guide, "Supported logs and discovered fields".
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import msgspec

from pileus.services.logs.insights.values import Moment, Value

FIELDS_MAX: Final = 1_000
"""Discovered in one event of JSON."""
_DEPTH_MAX: Final = 50
_MEGABYTE: Final = 1_000_000

_decoder: Final = msgspec.json.Decoder()
_fragments: Final = json.JSONDecoder()
_UUID: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_FRAME: Final = re.compile(rf"(START|END|REPORT) RequestId: ({_UUID})")
_REQUEST: Final = re.compile(rf"(?:^|[\t ])({_UUID})(?=[\t ]|$)")
_REPORTED: Final[tuple[tuple[str, re.Pattern[str], float], ...]] = (
    ("@duration", re.compile(r"\tDuration: ([\d.]+) ms"), 1),
    ("@billedDuration", re.compile(r"\tBilled Duration: ([\d.]+) ms"), 1),
    ("@initDuration", re.compile(r"\tInit Duration: ([\d.]+) ms"), 1),
    ("@restoreDuration", re.compile(r"\tRestore Duration: ([\d.]+) ms"), 1),
    ("@memorySize", re.compile(r"\tMemory Size: ([\d.]+) MB"), _MEGABYTE),
    ("@maxMemoryUsed", re.compile(r"\tMax Memory Used: ([\d.]+) MB"), _MEGABYTE),
)


class Row:
    """An event with its fields, or what `stats` made of some. of_lambda: whether it is of a function's log."""

    __slots__ = ("_discovered", "_message", "_of_lambda", "values")

    def __init__(self, values: dict[str, Value], *, message: str | None = None, of_lambda: bool = False) -> None:
        self.values = values
        self._message = message
        self._of_lambda = of_lambda
        self._discovered = message is None

    def get(self, name: str) -> Value:
        found = self.values.get(name)
        if found is None and not self._discovered:
            self._discover()
            return self.values.get(name)
        return found

    def all(self) -> Mapping[str, Value]:
        """Every field, with those that were found."""
        if not self._discovered:
            self._discover()
        return self.values

    def _discover(self) -> None:
        self._discovered = True
        message = self._message
        assert message is not None
        for name, value in discovered(message, of_lambda=self._of_lambda):
            self.values.setdefault(name, value)


def event_row(
    *, message: str, at_ms: int, ingested_ms: int, stream: str, log: str, pointer: Callable[[], str], of_lambda: bool
) -> Row:
    return Row(
        {
            "@timestamp": Moment(at_ms),
            "@message": message,
            "@ingestionTime": Moment(ingested_ms),
            "@logStream": stream,
            "@log": log,
            "@ptr": pointer(),
        },
        message=message,
        of_lambda=of_lambda,
    )


def discovered(message: str, *, of_lambda: bool) -> Iterator[tuple[str, Value]]:
    """What is in a message."""
    if of_lambda:
        yield from _lambda_fields(message)
    event = _json(message, fragment=of_lambda)
    if event is not None:
        for number, field in enumerate(_flat("", event, 0)):
            if number == FIELDS_MAX:
                return
            yield field


def _json(message: str, *, fragment: bool) -> Any:
    """The object that a message is, or, of a function's line, the first one in it."""
    stripped = message.strip()
    try:
        if stripped.startswith("{"):
            return _decoder.decode(stripped)
        at = stripped.find("{") if fragment else -1
        return _fragments.raw_decode(stripped, at)[0] if at >= 0 else None
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None


def _flat(path: str, value: Any, depth: int) -> Iterator[tuple[str, Value]]:
    if depth > _DEPTH_MAX:
        return
    if isinstance(value, dict):
        for name, inner in value.items():
            # A name that begins like our own gets another sign (User Guide, as above).
            own = f"@{name}" if not path and name.startswith("@") else name
            yield from _flat(f"{path}.{own}" if path else own, inner, depth + 1)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _flat(f"{path}.{number}", inner, depth + 1)
    elif value is not None:
        yield path, value


def _lambda_fields(message: str) -> Iterator[tuple[str, Value]]:
    frame = _FRAME.match(message)
    if frame is None:
        request = _REQUEST.search(message, 0, 256)
        if request is not None:
            yield "@requestId", request[1]
        return
    yield "@type", frame[1]
    yield "@requestId", frame[2]
    if frame[1] == "REPORT":
        for name, pattern, unit in _REPORTED:
            match = pattern.search(message)
            if match is not None:
                yield name, float(match[1]) * unit
