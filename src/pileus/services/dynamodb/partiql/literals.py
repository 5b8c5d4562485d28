"""Which value does a literal of a statement stand for?

Messages say where in the value something is wrong: `root.a[1]`, whichever attribute it is for.
"""

from typing import Final

from pileus.services.dynamodb import numbers
from pileus.services.dynamodb import values as rules
from pileus.services.dynamodb.errors import ValidationException, invalid_parameter
from pileus.services.dynamodb.limits import NESTING_LEVELS_MAX
from pileus.services.dynamodb.partiql.terms import (
    Bag,
    CallTerm,
    IonLiteral,
    ListTerm,
    Missing,
    Parameter,
    PathTerm,
    Scalar,
    Struct,
    Term,
)
from pileus.services.dynamodb.shapes import AttributeValue

_NAMES: Final[dict[type, str]] = {Parameter: "Parameter", PathTerm: "VariableReference", Missing: "MISSING"}
TOO_DEEP: Final = "Nesting Levels have exceeded supported limits"
"""All that AWS says of a literal, or of an item that an update made; elsewhere it says more."""

_EXPONENT_MAX: Final = 2**31 - 1


def is_literal(term: Term) -> bool:
    return isinstance(term, Scalar | ListTerm | Bag | Struct | IonLiteral)


def literal(term: Term, path: str = "root", depth: int = 0) -> AttributeValue:
    """The value, its numbers canonical; `ValidationException` when it is none. depth: what lies around it."""
    if depth >= NESTING_LEVELS_MAX:
        raise ValidationException(f"{TOO_DEEP} under {path}")
    match term:
        case Scalar():
            number = term.value.n
            return term.value if number is None else AttributeValue(n=_number(number, path))
        case ListTerm():
            elements = enumerate(term.elements)
            return AttributeValue(l=[literal(element, f"{path}[{index}]", depth + 1) for index, element in elements])
        case Struct():
            names = member_names(term, path)
            terms = [value for _, value in term.members]
            pairs = zip(names, terms, strict=True)
            return AttributeValue(m={name: literal(value, f"{path}.{name}", depth + 1) for name, value in pairs})
        case Bag():
            return _set(term, path)
        case IonLiteral():
            raise ValidationException(f"Ion Literals are not supported: {term.text} under key {path}")
        case _:
            name = term.function if isinstance(term, CallTerm) else _NAMES.get(type(term), type(term).__name__)
            raise ValidationException(f"Unsupported data type: {name} under key {path} at {term.place}")


def member_names(struct: Struct, path: str = "root") -> list[str]:
    """The names of a tuple's members."""
    names: list[str] = []
    for key, _ in struct.members:
        name = key.value.s if isinstance(key, Scalar) else None
        if name is None:
            kind = rules.kind_of(key.value) if isinstance(key, Scalar) else type(key).__name__
            raise ValidationException(f"Tuple keys must be of type String. Actual type: {kind} under {path}")
        if name in names:
            raise ValidationException(f"Duplicate keys in tuple. Key: {name} under {path}")
        names.append(name)
    return names


def _number(text: str, path: str) -> str:
    try:
        return numbers.canonical(text)
    except ValidationException as error:
        raise ValidationException(f"{error.message} under {path}") from None


def _set(bag: Bag, path: str) -> AttributeValue:
    if not bag.elements:
        raise ValidationException("Empty bags are not supported")
    values = [element.value for element in bag.elements if isinstance(element, Scalar)]
    if len(values) == len(bag.elements):
        strings = [value.s for value in values if value.s is not None]
        if len(strings) == len(values):
            return rules.legal(AttributeValue(ss=strings))[0]
        written = [value.n for value in values if value.n is not None]
        if len(written) == len(values):
            texts = [_number(text, path) for text in written]
            if len(set(texts)) < len(texts):
                shown = ", ".join(written)
                raise invalid_parameter(f"Input collection [{shown}] contains duplicates! under {path}")
            return AttributeValue(ns=texts)
    raise ValidationException("Unsupported data type in Bag. DynamoDB only supports either numbers or strings in bags")


# --- parameters ------------------------------------------------------------------------------------------------------


def legal_parameter(value: AttributeValue) -> AttributeValue:
    """A parameter in canonical form; `ValidationException` when it is no value."""
    try:
        return rules.legal(value)[0]
    except ValidationException as error:
        if error.message.startswith(("Number overflow", "Number underflow")):
            for text in _numbers_in(value):
                if _unreadable_exponent(text):
                    message = f"The parameter cannot be converted to a numeric value: {text}"
                    raise ValidationException(message) from None
        raise


def _numbers_in(value: AttributeValue) -> list[str]:
    """The numbers of a value in the order they stand there; `legal` has been through it, so that it is not deep."""
    inner = value.l or (list(value.m.values()) if value.m else [])
    nested = [text for element in inner for text in _numbers_in(element)]
    return [*([value.n] if value.n is not None else []), *(value.ns or ()), *nested]


def _unreadable_exponent(text: str) -> bool:
    """A number as a parameter is read as Java's BigDecimal is, whose exponent has 32 bits."""
    exponent = text.lower().partition("e")[2].lstrip("+-").lstrip("0")
    return len(exponent) > 10 or int(exponent or "0") > _EXPONENT_MAX
