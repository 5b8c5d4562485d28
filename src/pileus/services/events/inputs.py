"""What does a target get of an event?

The whole event, unless the target says otherwise: a constant, a part of the event, or a template whose placeholders
stand for parts of it. In a template that is JSON, a placeholder within quotes is a text's part and one outside stands
for a JSON value; a template that is text begins with a quote, and what is no text loses its quotes there:
`"{acc_id:0a787ecb-4015}"`. What comes out must be JSON, one or several values; otherwise nothing is delivered.

Sources: EventBridge User Guide, "Amazon EventBridge input transformation"; recordings events_inputs.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

import msgspec

from pileus.services.events.errors import ValidationException
from pileus.services.events.events import moment
from pileus.services.events.model import EventRecord, TargetDelivery, TargetRecord

_MISSING: Final[Any] = object()
_PLACEHOLDER: Final = re.compile(r"<([A-Za-z0-9_.\-]+)>")
_PATH_PART: Final = re.compile(r"\.([^.\[\]\s]+)|\[(\d+|\*)\]|\['([^']*)'\]|\[\"([^\"]*)\"\]")
_EVENT: Final = "aws.events.event"
_RESERVED: Final = frozenset(
    {"aws.events.rule-arn", "aws.events.rule-name", "aws.events.event.ingestion-time", "aws.events.event.json", _EVENT}
)
_DESCRIBED: Final = ("id", "account", "detail-type", "time", "source", "region", "resources", "version")
"""What `aws.events.event` tells: no detail (recording test_input_transformer_predefined_variables)."""


class InvalidInput(Exception):
    """What a template makes of an event is no JSON."""


class _Piece(NamedTuple):
    """text, and then the value of `name`, if there is one. quoted: whether that stands within quotes."""

    text: str
    name: str
    quoted: bool


def check_input(target: TargetRecord) -> None:
    """ValidationException."""
    given = [each for each in (target.input, target.input_path, target.template) if each is not None]
    if len(given) > 1:
        raise ValidationException(
            f"Only one of Input, InputPath, or InputTransformer must be provided for target {target.target_id}."
        )
    if target.input is not None and not _is_json(target.input):
        raise ValidationException(f"JSON syntax error in input for target {target.target_id}.")
    for path in (target.input_path, *target.paths.values()):
        if path is not None and _path(path) is None:
            raise ValidationException(f"Invalid InputPath for target {target.target_id}.")
    for piece in _pieces(target.template or ""):
        if piece.name and piece.name not in _RESERVED and piece.name not in target.paths:
            raise ValidationException(
                f"InputTemplate for target {target.target_id} contains invalid placeholder {piece.name}."
            )


def input_of(delivery: TargetDelivery) -> str:
    """What to send. InvalidInput."""
    target, event = delivery.target, delivery.event
    if target.input is not None:
        return target.input
    if target.input_path is not None:
        found = _at(msgspec.json.decode(event.body), target.input_path)
        return "{}" if found is _MISSING else msgspec.json.encode(found).decode()
    if target.template is not None:
        return _transformed(target.template, _Values(delivery))
    return event.body.decode()


class _Values:
    """What placeholders stand for."""

    def __init__(self, delivery: TargetDelivery) -> None:
        self._delivery = delivery
        self._event: Mapping[str, Any] = msgspec.json.decode(delivery.event.body)

    def __getitem__(self, name: str) -> Any:
        path = self._delivery.target.paths.get(name)
        if path is not None:
            return _at(self._event, path)
        return self._reserved(name, self._delivery.event)

    def _reserved(self, name: str, event: EventRecord) -> Any:
        if name == "aws.events.rule-arn":
            return self._delivery.rule_arn
        if name == "aws.events.rule-name":
            return self._delivery.rule
        if name == "aws.events.event.ingestion-time":
            return moment(event.ingested_at_s)
        if name == "aws.events.event.json":
            return self._event
        assert name == _EVENT, "check_input let no other name in"
        told = {each: self._event[each] for each in _DESCRIBED}
        return {"detailType" if each == "detail-type" else each: value for each, value in told.items()}


def _transformed(template: str, values: _Values) -> str:
    of_text = template.lstrip().startswith('"')
    written: list[str] = []
    for piece in _pieces(template):
        written.append(piece.text)
        if piece.name:
            written.append(_written(values[piece.name], quoted=piece.quoted, of_text=of_text))
    made = "".join(written)
    if not _is_json_values(made):
        raise InvalidInput
    return made


def _written(value: Any, *, quoted: bool, of_text: bool) -> str:
    if value is _MISSING:
        return "" if quoted else '""'
    text = msgspec.json.encode(value).decode()
    if not quoted:
        return text
    if isinstance(value, str):
        return text[1:-1]
    return text.replace('"', "") if of_text else text


@lru_cache(maxsize=512)
def _pieces(template: str) -> tuple[_Piece, ...]:
    return tuple(_pieces_of(template))


def _pieces_of(template: str) -> Iterator[_Piece]:
    quoted, at = False, 0
    for found in _PLACEHOLDER.finditer(template):
        text = template[at : found.start()]
        quoted = _quoted_after(text, quoted)
        yield _Piece(text, found[1], quoted)
        at = found.end()
    yield _Piece(template[at:], "", quoted)


def _quoted_after(text: str, quoted: bool) -> bool:
    escaped = False
    for char in text:
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == '"':
            quoted = not quoted
    return quoted


# --- parts of an event -----------------------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def _path(path: str) -> tuple[str | int | None, ...] | None:
    """`$.detail.items[0]` by its parts; None in one stands for all elements. None: it is no path."""
    if not path.startswith("$"):
        return None
    parts: list[str | int | None] = []
    at = 1
    while at < len(path):
        found = _PATH_PART.match(path, at)
        if found is None:
            return None
        name, index, *bracketed = found.groups()
        if index is not None:
            parts.append(None if index == "*" else int(index))
        elif name == "*":
            parts.append(None)
        else:
            parts.append(next(each for each in (name, *bracketed) if each is not None))
        at = found.end()
    return tuple(parts)


def _at(event: Any, path: str) -> Any:
    """_MISSING where there is nothing. A path with `*` gives the array of what it finds."""
    parts = _path(path)
    assert parts is not None, "check_input let no other path in"
    found = [event]
    for part in parts:
        found = [below for each in found for below in _below(each, part)]
    if None in parts:
        return found or _MISSING
    return found[0] if found else _MISSING


def _below(value: Any, part: str | int | None) -> list[Any]:
    if part is None:
        return list(value.values()) if isinstance(value, dict) else list(value) if isinstance(value, list) else []
    if isinstance(part, int):
        return [value[part]] if isinstance(value, list) and part < len(value) else []
    return [value[part]] if isinstance(value, dict) and part in value else []


# --- JSON ------------------------------------------------------------------------------------------------------------


def _is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text)
    except (ValueError, RecursionError):
        return False
    return True


def _is_json_values(text: str) -> bool:
    """One value, or several of which each has lines of its own."""
    return _is_json(text) or all(_is_json(line) for line in text.splitlines() if line.strip())
