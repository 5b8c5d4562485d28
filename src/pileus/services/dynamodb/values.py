"""What is true of one attribute value: which type, how large, whether legal, and how is it written?

An item is a dictionary of names and `AttributeValue`s, the shape of the wire, and nothing else: what is stored is what
was sent, with its numbers in canonical text and the members of its sets in order.
"""

from base64 import b64encode
from collections.abc import Collection, Mapping, Sequence
from typing import Final, TypeVar

from msgspec.structs import astuple, replace

from pileus.services.dynamodb import numbers
from pileus.services.dynamodb.errors import (
    PlainValidationException,
    ReworkedValidationException,
    ValidationException,
    invalid_parameter,
)
from pileus.services.dynamodb.limits import NESTING_LEVELS_MAX
from pileus.services.dynamodb.shapes import AttributeValue

Item = Mapping[str, AttributeValue]
T = TypeVar("T", str, bytes)

KINDS: Final = AttributeValue.__struct_encode_fields__
"""The type descriptors (`S`, `N`, ...) in the order of the shape's fields."""

_FIELDS: Final = len(KINDS)
_NOTHING: Final = AttributeValue()
_SMALL_SIZES: Final = numbers.SMALL_SIZES
_CONTAINER_BYTES: Final = 3
_ELEMENT_BYTES: Final = 1


def kind_of(value: AttributeValue) -> str:
    """The type descriptor of a legal value."""
    if value.s is not None:
        return "S"
    if value.n is not None:
        return "N"
    for kind, content in zip(KINDS, astuple(value), strict=True):
        if content is not None:
            return kind
    raise AssertionError("a value without a type was let in")


def check_one_type(value: AttributeValue) -> None:
    """`ValidationException` unless exactly one member of the union is set."""
    missing = astuple(value).count(None)
    if missing == _FIELDS - 1:
        return
    if missing == _FIELDS:
        raise PlainValidationException(
            "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
        )
    for field, content in zip(value.__struct_fields__, astuple(value), strict=True):
        if content is not None:
            legal(replace(_NOTHING, **{field: content}))  # what is wrong inside is named before that there are several
    raise PlainValidationException(
        "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
    )


def text_bytes(text: str) -> int:
    """Length of a text in UTF-8."""
    return len(text) if text.isascii() else len(text.encode())


def _collection(members: Sequence[object]) -> str:
    return "[" + ", ".join(str(member) for member in members) + "]"


def _duplicates(older: str, current: str, *, of: str = "") -> ValidationException:
    """older, current: the members as each layer shows them."""
    told, reworked = (
        invalid_parameter(f"Input collection {shown}{of} contains duplicates.").message
        for shown in (older, f"[{current}]")
    )
    return ReworkedValidationException(told, current=reworked)


def _quoted(members: Sequence[str]) -> list[str]:
    return [f'"{member}"' for member in members]


def _up_to_repeat(members: Sequence[T]) -> list[T]:
    """Sorted up to the first that repeats another, then that, then the rest as sent."""
    seen: set[T] = set()
    for number, member in enumerate(members):
        if member in seen:
            return sorted(seen) + list(members[number:])
        seen.add(member)
    raise AssertionError("asked only where one repeats another")


def _check_string_set(members: Sequence[str]) -> None:
    if not members:
        raise invalid_parameter("An string set  may not be empty")
    if len(set(members)) != len(members):
        raise _duplicates(_collection(members), ", ".join(_quoted(_up_to_repeat(members))))


def _check_binary_set(members: Sequence[bytes]) -> None:
    if not members:
        raise invalid_parameter("Binary sets should not be empty")
    if len(set(members)) != len(members):
        shown = _collection([b64encode(member).decode() for member in members])
        told = _quoted([b64encode(member).decode() for member in _up_to_repeat(members)])
        raise _duplicates(shown, ",".join(told), of="of type BS")


def _canonical_number_set(members: Sequence[str]) -> list[str]:
    if not members:
        raise invalid_parameter("An number set  may not be empty")
    texts = [numbers.canonical(member) for member in members]
    if len(set(texts)) != len(texts):
        raise ReworkedValidationException(
            "Input collection contains duplicates",
            current=invalid_parameter("Input collection contains duplicates.").message,
        )
    return sorted(texts, key=numbers.as_decimal)


def _legal_document(value: AttributeValue, depth: int) -> tuple[AttributeValue, int]:
    """`legal` for everything but strings and numbers."""
    if value.bool_ is not None:
        return value, 1
    if value.m is not None:
        _check_depth(value.m, depth)
        members, size = legal_members(value.m, depth + 1)
        size += _CONTAINER_BYTES + _ELEMENT_BYTES * len(members)
        return (value if members is value.m else AttributeValue(m=members)), size
    if value.l is not None:
        _check_depth(value.l, depth)
        elements, size = _legal_elements(value.l, depth + 1)
        size += _CONTAINER_BYTES + _ELEMENT_BYTES * len(elements)
        return (value if elements is value.l else AttributeValue(l=elements)), size
    return _legal_scalar_or_set(value)


def _legal_elements(elements: list[AttributeValue], depth: int) -> tuple[list[AttributeValue], int]:
    """`legal` for every element of a list, and what they weigh together."""
    changed: dict[int, AttributeValue] = {}
    total = 0
    for index, value in enumerate(elements):
        # As in `legal_members`: a list may have a hundred thousand elements.
        fields = astuple(value)
        if fields.count(None) != _FIELDS - 1:
            check_one_type(value)
        text = fields[0]
        if text is not None:
            total += len(text) if text.isascii() else len(text.encode())
        elif fields[1] in _SMALL_SIZES:
            total += _SMALL_SIZES[fields[1]]
        else:
            new, size = legal(value, depth)
            total += size
            if new is not value:
                changed[index] = new
    if changed:
        elements = [changed.get(index, value) for index, value in enumerate(elements)]
    return elements, total


def _legal_scalar_or_set(value: AttributeValue) -> tuple[AttributeValue, int]:
    if value.b is not None:
        return value, len(value.b)
    if value.ss is not None:
        _check_string_set(value.ss)
        strings = sorted(value.ss)  # by code point, which is how UTF-8 sorts
        return (value if strings == value.ss else AttributeValue(ss=strings)), sum(map(text_bytes, strings))
    if value.ns is not None:
        texts = _canonical_number_set(value.ns)
        return (value if texts == value.ns else AttributeValue(ns=texts)), sum(map(numbers.size_bytes, texts))
    if value.bs is not None:
        _check_binary_set(value.bs)
        blobs = sorted(value.bs)
        return (value if blobs == value.bs else AttributeValue(bs=blobs)), sum(map(len, blobs))
    if value.null is not True:
        raise invalid_parameter("Null attribute value types must have the value of true")
    return value, 1


def _check_depth(members: Collection[object], depth: int) -> None:
    """Whatever is inside is one level deeper, and an attribute itself is the first level."""
    if members and depth + 1 >= NESTING_LEVELS_MAX:
        raise ValidationException(
            "Nesting Levels have exceeded supported limits: "
            "Attributes in the item have nested levels beyond supported limit"
        )


def legal(value: AttributeValue, depth: int = 0) -> tuple[AttributeValue, int]:
    """The value in canonical form (itself, when nothing changes), and its size in bytes.

    `ValidationException` when it is no value. depth: lists and maps around it.
    Source of the sizes: Developer Guide, "DynamoDB item sizes and formats".
    """
    check_one_type(value)
    text = value.s
    if text is not None:
        return value, text_bytes(text)
    number = value.n
    if number is not None:
        canonical = numbers.canonical(number)
        if canonical is not number:
            value = replace(value, n=canonical)
        return value, numbers.size_bytes(canonical)
    return _legal_document(value, depth)


def legal_members(members: dict[str, AttributeValue], depth: int = 0) -> tuple[dict[str, AttributeValue], int]:
    """`legal` for every member of an item or map; the size counts names and values."""
    changed: dict[str, AttributeValue] = {}
    total = 0
    for name, value in members.items():
        total += len(name) if name.isascii() else len(name.encode())
        # Strings and small numbers as in `legal`, without the calls: half the time of a PutItem is spent here.
        fields = astuple(value)
        if fields.count(None) != _FIELDS - 1:
            check_one_type(value)
        text = fields[0]
        if text is not None:
            total += len(text) if text.isascii() else len(text.encode())
        elif fields[1] in _SMALL_SIZES:
            total += _SMALL_SIZES[fields[1]]
        else:
            new, size = legal(value, depth)
            total += size
            if new is not value:
                changed[name] = new
    return ({**members, **changed} if changed else members), total


def size_of_members(members: Item) -> int:
    """Size in bytes of a legal item."""
    return legal_members(dict(members))[1]


def more_members_than(count: int, members: Item) -> bool:
    """Whether lists and maps hold more than `count` in all, found out without looking at more than that.

    An update may write the same long list many times; to measure all of that would take seconds.
    """
    inside: list[Collection[AttributeValue]] = [members.values()]
    while inside and count >= 0:
        for value in inside.pop():
            if value.l or value.m:
                inside.append(value.l or (value.m or {}).values())
                count -= len(inside[-1])
    return count < 0


def length(value: AttributeValue) -> int | None:
    """What `size()` says: characters, bytes, or members; None for types that have no size.

    A character is one of UTF-16, as DynamoDB is written in Java: 😀 counts two.
    """
    if value.s is not None and not value.s.isascii():
        return len(value.s.encode("utf-16-le")) // 2
    for content in (value.s, value.b, value.ss, value.ns, value.bs, value.m, value.l):
        if content is not None:
            return len(content)
    return None
