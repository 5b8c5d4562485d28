"""How are inputs and outputs drawn from a model, and what do they become in our structs?"""

import math
import re
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final, NamedTuple

from botocore.model import ListShape, MapShape, Shape, StructureShape
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from pileus.kernel.wire.model import load_model

DEPTH_MAX: Final = 5
_TEXT: Final = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0x2FFF, exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=12
)
_LABEL: Final = st.text("abcXYZ019 -_.:/+%ü", min_size=1, max_size=12).filter(lambda text: text.strip("/. ") == text)
_HEADER: Final = st.text("abcXYZ019-_.:/+=", min_size=1, max_size=12)
_MOMENT: Final = st.integers(0, 4_000_000_000_000).map(
    lambda ms: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
)


class Way(NamedTuple):
    """How the values will travel."""

    request: bool
    protocol: str

    @property
    def form(self) -> bool:
        return self.request and self.protocol in {"query", "ec2"}

    @property
    def xml(self) -> bool:
        return self.protocol == "rest-xml" or (self.protocol in {"query", "ec2"} and not self.request)


def inputs(shape: StructureShape, *, protocol: str) -> st.SearchStrategy[dict[str, Any]]:
    """Values for an operation's input, that satisfy its constraints."""
    return _structure(shape, 0, Way(request=True, protocol=protocol), top=True)


def outputs(shape: StructureShape, *, protocol: str = "") -> st.SearchStrategy[dict[str, Any]]:
    """Values for an operation's output, or an error's members."""
    return _structure(shape, 0, Way(request=False, protocol=protocol), top=True)


def event(stream: StructureShape, kind: str, *, protocol: str) -> st.SearchStrategy[dict[str, Any]]:
    """The members of one kind of event of a stream."""
    return _structure(stream.members[kind], 1, Way(request=False, protocol=protocol), top=False)


def _structure(shape: StructureShape, depth: int, way: Way, *, top: bool) -> st.SearchStrategy[dict[str, Any]]:
    required: dict[str, st.SearchStrategy[Any]] = {}
    optional: dict[str, st.SearchStrategy[Any]] = {}
    for name, member in shape.members.items():
        if member.serialization.get("eventstream"):
            continue
        must = name in shape.required_members
        location = member.serialization.get("location") if top else None
        if not must and depth >= DEPTH_MAX:
            continue
        if depth > 3 * DEPTH_MAX:
            continue
        values = _value(member, depth + 1, way, location=location)
        (required if must else optional)[name] = values
    if shape.is_tagged_union:
        members = optional or {
            # The last one is no list of the same in the unions that contain themselves.
            name: _value(member, depth + 1, way, location=None)
            for name, member in list(shape.members.items())[-1:]
        }
        return st.one_of(*(st.fixed_dictionaries({name: values}) for name, values in members.items()))
    drawn = st.fixed_dictionaries(required, optional=optional)
    if way.form and not top:
        return drawn.filter(lambda values: any(value != {} for value in values.values()))  # else it leaves no trace
    return drawn


def _value(shape: Shape, depth: int, way: Way, *, location: str | None) -> st.SearchStrategy[Any]:
    return st.deferred(lambda: _value_now(shape, depth, way, location=location))


def _value_now(shape: Shape, depth: int, way: Way, *, location: str | None) -> st.SearchStrategy[Any]:
    if getattr(shape, "is_document_type", False):
        return st.dictionaries(st.text("abc", min_size=1), st.integers(0, 9) | st.booleans(), max_size=2)
    if isinstance(shape, StructureShape):
        return _structure(shape, depth, way, top=False)
    if isinstance(shape, ListShape):
        low, high = _sizes(shape)
        if location == "header":
            enum = getattr(shape.member, "enum", None)
            items = st.sampled_from(enum) if enum else _HEADER.filter(lambda text: "," not in text)
            return st.lists(items, min_size=max(1, low), max_size=high)
        if location == "querystring":
            low = max(1, low)  # an empty list leaves no trace in a query
        if way.protocol == "ec2" or ((way.xml or way.form) and shape.serialization.get("flattened")):
            low, high = max(1, low), max(1, high)  # nor here
        items = _value(shape.member, depth + 1, way, location=location)
        return st.lists(items, min_size=low, max_size=high)
    if isinstance(shape, MapShape):
        low, high = _sizes(shape)
        if way.form or (way.xml and shape.serialization.get("flattened")):
            low, high = max(1, low), max(1, high)  # an empty map leaves no trace
        key = _scalar(shape.key, location, way)
        if location == "querystring":
            key, low, high = st.text("xyz", min_size=1, max_size=6), max(1, low), max(1, high)
        if location == "headers":
            key = st.text("abcdef-", min_size=1, max_size=6)
            low, high = max(1, low), max(1, high)
        held = _value(shape.value, depth + 1, way, location=location)
        return st.dictionaries(key, held, min_size=low, max_size=high)
    return _scalar(shape, location, way)


def _sizes(shape: Shape) -> tuple[int, int]:
    low = int(shape.metadata.get("min", 0))
    return low, max(low, min(3, int(shape.metadata.get("max", 3))))


def _scalar(shape: Shape, location: str | None, way: Way) -> st.SearchStrategy[Any]:
    kind, limits = shape.type_name, shape.metadata
    if kind in {"integer", "long"}:
        bound = 2**31 - 1 if kind == "integer" else 2**53
        return st.integers(int(limits.get("min", -bound)), int(limits.get("max", bound)))
    if kind in {"float", "double"}:
        return st.floats(
            float(limits.get("min", -1e9)), float(limits.get("max", 1e9)), allow_nan=False, allow_infinity=False
        ).map(lambda value: float(f"{value:.6g}"))
    if kind == "boolean":
        return st.booleans()
    if kind == "timestamp":
        # botocore writes whole seconds.
        whole = way.request or location == "header"
        return _MOMENT.map(lambda moment: moment.replace(microsecond=0)) if whole else _MOMENT
    if kind == "blob":
        low = int(limits.get("min", 0))
        return st.binary(min_size=low, max_size=min(int(limits.get("max", low + 20)), low + 20))
    if getattr(shape, "enum", None):
        return st.sampled_from(shape.enum)
    return _string(shape, location)


def _string(shape: Shape, location: str | None) -> st.SearchStrategy[str]:
    if shape.serialization.get("hostLabel") and not shape.metadata.get("pattern"):
        return st.text("abc019", min_size=1, max_size=12)  # botocore makes the host of it
    low = int(shape.metadata.get("min", 0))
    high = int(shape.metadata.get("max", 2**31))
    pattern = shape.metadata.get("pattern")
    if pattern is not None:
        compiled = _compiled(pattern)
        if compiled is not None:
            found = _matching(pattern, low, high)
            if found:
                return st.sampled_from(found)
            return _drawn(compiled).filter(lambda text: low <= len(text) <= high)
    if location == "uri":
        return _LABEL.map(lambda text: _fit(text, max(low, 1), high))
    if location in {"header", "headers"}:
        return _HEADER.map(lambda text: _fit(text, low, high))
    return _TEXT.map(lambda text: _fit(text, low, high))


def _drawn(pattern: re.Pattern[str]) -> st.SearchStrategy[str]:
    texts = st.from_regex(pattern, alphabet=st.characters(min_codepoint=0x21, max_codepoint=0x7E))
    try:
        texts.validate()
    except InvalidArgument:  # it asks for a blank or the end of a line
        texts = st.from_regex(pattern, alphabet=st.characters(max_codepoint=0x7E, exclude_characters="\r"))
    return texts


def _fit(text: str, low: int, high: int) -> str:
    return (text + "a" * (low - len(text)))[:high]


_EXAMPLES: Final = (
    "abc",
    "a",
    "abcdefghij",
    "1",
    "12",
    "123456789012",
    "0123456789abcdef",
    "true",
    "/",
    "/aws/lambda/f",
    "us-east-1",
    "eu-central-1a",
    "2012-10-17",
    "$LATEST",
    "ASIAABCDEFGHIJKLMNOP",
    "arn:aws:iam::123456789012:role/name",
    "arn:aws:iam::123456789012:root",
    "arn:aws:lambda:us-east-1:123456789012:function:name",
    "arn:aws:lambda:us-east-1:123456789012:layer:name",
    "arn:aws:lambda:us-east-1:123456789012:layer:name:1",
    "arn:aws:sqs:us-east-1:123456789012:name",
    "arn:aws:s3:::name",
    "arn:aws:kms:us-east-1:123456789012:key/name",
    "2021-01-01T00:00:00Z",
    "o-abcdefghij0",
    "subnet-0123",
    "sg-0123",
    "csc-0123456789abcdefg",
    "index.handler",
    "https://example.com",
    "POST",
    "kafka://name",
    "a.example.com",
    "lambda:InvokeFunction",
    "lambda:GetLayerVersion",
    "01234567-89ab-cdef-0123-456789abcdef",
)


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """A model's pattern, which must match the whole text; None when Python cannot read it."""
    try:
        return re.compile(rf"^(?a:{pattern})\Z")
    except re.error:
        return None


@cache
def _matching(pattern: str, low: int, high: int) -> list[str]:
    """Those of our examples that satisfy a pattern."""
    compiled = _compiled(pattern)
    assert compiled is not None
    candidates = [*_EXAMPLES, *(text * n for text in ("a", "A", "0", "1") for n in range(1, 65)), low * "a", low * "0"]
    return sorted({text for text in candidates if low <= len(text) <= high and compiled.search(text)})


def as_struct_tree(service: str, shape: Shape, value: Any) -> Any:
    """A botocore value under the keys of our structs, as `msgspec.to_builtins` would show it."""
    if isinstance(shape, StructureShape) and not getattr(shape, "is_document_type", False):
        keys = {member.name: member.key for member in load_model(service).members(shape.name)}
        return {
            keys[name]: as_struct_tree(service, shape.members[name], held)
            for name, held in value.items()
            if name in keys  # botocore adds parameters for itself (`SourceRegion` of RDS)
        }
    if isinstance(shape, ListShape):
        return [as_struct_tree(service, shape.member, item) for item in value]
    if isinstance(shape, MapShape):
        return {key: as_struct_tree(service, shape.value, held) for key, held in value.items()}
    return value


def visible(value: Any) -> Any:
    """botocore leaves nothing of an empty payload or structure."""
    if isinstance(value, dict):
        inside = {key: visible(held) for key, held in value.items()}
        return {key: held for key, held in inside.items() if held not in ({}, [], b"", "", None)}
    return [visible(item) for item in value] if isinstance(value, list) else value


def same(expected: Any, found: Any) -> bool:
    """Equal, where AWS's protocols can tell the difference."""
    if isinstance(expected, dict) and isinstance(found, dict):
        names = expected.keys() | found.keys()
        return all(same(expected.get(name), found.get(name)) for name in names)
    if isinstance(expected, list) and isinstance(found, list):
        return len(expected) == len(found) and all(map(same, expected, found))
    if isinstance(expected, datetime) and isinstance(found, datetime):
        return abs(expected - found) < timedelta(milliseconds=1)
    if isinstance(expected, float) or isinstance(found, float):
        return found is not None and expected is not None and math.isclose(expected, found, rel_tol=1e-9)
    if isinstance(expected, bytes) and isinstance(found, str):
        return found.encode() == expected  # botocore decodes a body that is a blob
    return bool(expected == found)


def different(expected: Any, found: Any) -> dict[str, tuple[Any, Any]]:
    """The members in which two values differ, to read in a failed assertion."""
    if not isinstance(expected, dict) or not isinstance(found, dict):
        return {"": (expected, found)}
    names = expected.keys() | found.keys()
    return {
        name: (expected.get(name), found.get(name)) for name in names if not same(expected.get(name), found.get(name))
    }
