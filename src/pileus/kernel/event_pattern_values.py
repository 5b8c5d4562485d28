"""What can one entry of an event pattern's array ask of a value?

`"stopped"`, `42`, `null`, or an object with one operator: `{"prefix": "eu-"}`. Each becomes a function of one scalar of
the event. Refusals are in AWS's words (recordings events_patterns, `test_event_pattern[..._EXC]`).

Source: EventBridge User Guide, "Comparison operators for use in event patterns"; the words: github.com/aws/event-ruler.
"""

import ipaddress
import operator as operators
from collections.abc import Callable, Mapping, Sequence
from typing import Final

Scalar = str | int | float | bool | None
Test = Callable[[Scalar], bool]

_NUMBER_MAX: Final = 5e9
_COMPARISONS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<": operators.lt,
    "<=": operators.le,
    ">": operators.gt,
    ">=": operators.ge,
}
_RANGE_TERMS: Final = 4


class PatternSyntax(Exception):
    """A text is no event pattern. reason: in AWS's words, without the place in the text."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def test_of(entry: object) -> Test:
    """What an entry other than `exists` asks."""
    if entry is None or isinstance(entry, str | int | float | bool):
        return _equal_to(entry)
    if isinstance(entry, dict):
        operator, given = operator_of(entry)
        make = _OPERATORS.get(operator)
        if make is None:
            raise PatternSyntax(f"Unrecognized match type {operator}")
        return make(given)
    raise PatternSyntax("Match value must be String, number, true, false, or null")


def operator_of(entry: Mapping[str, object]) -> tuple[str, object]:
    """The only member of an entry that is an object."""
    if not entry:
        raise PatternSyntax("Match expression name not found")
    if len(entry) > 1:
        raise PatternSyntax("Only one key allowed in match expression")
    return next(iter(entry.items()))


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _equal_to(wanted: Scalar) -> Test:
    if wanted is None or isinstance(wanted, bool):
        return lambda value: value is wanted
    if isinstance(wanted, str):
        return lambda value: value == wanted
    return lambda value: value == wanted and not isinstance(value, bool)


def _prefix(given: object) -> Test:
    if isinstance(given, dict) and list(given) == ["equals-ignore-case"]:
        folded = _text(given["equals-ignore-case"], "prefix match pattern must be a string").lower()
        return lambda value: isinstance(value, str) and value.lower().startswith(folded)
    start = _text(given, "prefix match pattern must be a string")
    return lambda value: isinstance(value, str) and value.startswith(start)


def _suffix(given: object) -> Test:
    if isinstance(given, dict) and list(given) == ["equals-ignore-case"]:
        folded = _text(given["equals-ignore-case"], "suffix match pattern must be a string").lower()
        return lambda value: isinstance(value, str) and value.lower().endswith(folded)
    end = _text(given, "suffix match pattern must be a string")
    return lambda value: isinstance(value, str) and value.endswith(end)


def _equals_ignore_case(given: object) -> Test:
    folded = _text(given, "equals-ignore-case match pattern must be a string").lower()
    return lambda value: isinstance(value, str) and value.lower() == folded


def _wildcard(given: object) -> Test:
    pieces = _pieces(_text(given, "wildcard match pattern must be a string"))
    if len(pieces) == 1:
        return lambda value: value == pieces[0]
    first, *middle, last = pieces

    def fits(value: Scalar) -> bool:
        if not isinstance(value, str) or len(value) < len(first) + len(last):
            return False
        if not (value.startswith(first) and value.endswith(last)):
            return False
        at, end = len(first), len(value) - len(last)
        for piece in middle:
            at = value.find(piece, at, end)
            if at < 0:
                return False
            at += len(piece)
        return True

    return fits


def _pieces(pattern: str) -> list[str]:
    r"""What lies between the stars; `\*` and `\\` mean themselves."""
    pieces, piece, at = [], "", 0
    while at < len(pattern):
        char = pattern[at]
        if char == "*":
            if pattern[at + 1 : at + 2] == "*":
                raise PatternSyntax(f"Consecutive wildcard characters at pos {at + 1}")
            pieces.append(piece)
            piece = ""
        elif char == "\\":
            at += 1
            if pattern[at : at + 1] not in {"*", "\\"}:
                raise PatternSyntax(f"Invalid escape character at pos {at}")
            piece += pattern[at]
        else:
            piece += char
        at += 1
    return [*pieces, piece]


# --- numbers ---------------------------------------------------------------------------------------------------------


def _numeric(given: object) -> Test:
    if not isinstance(given, list):
        raise PatternSyntax("Value of numeric must be an array.")
    if not given or not isinstance(given[0], str):
        raise PatternSyntax(f"Invalid member in numeric match: {given[0] if given else ']'}")
    if len(given) > _RANGE_TERMS:
        raise PatternSyntax("Too many terms in numeric range expression")
    operator = given[0]
    if operator == "=":
        if len(given) > 2:
            raise PatternSyntax("Too many elements in numeric expression")
        wanted = _bound(given, 0)
        return lambda value: is_number(value) and value == wanted
    if operator not in {"<", "<=", ">", ">="}:
        raise PatternSyntax(f"Unrecognized numeric range operator: {operator}")
    first = _compare(operator, _bound(given, 0))
    if len(given) == 2:
        return first
    if operator[0] == "<":
        raise PatternSyntax("Too many terms in numeric range expression")
    if not isinstance(given[2], str) or given[2] not in {"<", "<="}:
        raise PatternSyntax(f"Bad numeric range operator: {given[2]}")
    top = _bound(given, 2)
    if _bound(given, 0) >= top:
        raise PatternSyntax("Bottom must be less than top")
    second = _compare(given[2], top)
    return lambda value: first(value) and second(value)


def _bound(given: Sequence[object], at: int) -> float:
    """The number after the operator at `at`."""
    bound = given[at + 1] if len(given) > at + 1 else None
    if not is_number(bound):
        raise PatternSyntax(f"Value of {'equals' if given[at] == '=' else given[at]} must be numeric")
    assert isinstance(bound, int | float)
    if not -_NUMBER_MAX <= bound <= _NUMBER_MAX:
        raise PatternSyntax("Value must be between -5.0E9 and 5.0E9, inclusive")
    return bound


def _compare(operator: str, bound: float) -> Test:
    """Numbers only: the text "101" is none (recording numeric-string_NEG)."""
    compare = _COMPARISONS[operator]
    return lambda value: isinstance(value, int | float) and not isinstance(value, bool) and compare(value, bound)


# --- everything else -------------------------------------------------------------------------------------------------


def _cidr(given: object) -> Test:
    # AWS's own text speaks of a prefix here (recording content_ip_address_type_EXC).
    text = _text(given, "prefix match pattern must be a string")
    if text.count("/") != 1:
        raise PatternSyntax("Malformed CIDR, one '/' required")
    address, mask = text.split("/")
    if not (mask.isascii() and mask.isdigit()):
        raise PatternSyntax("Malformed CIDR, mask bits must be an integer")
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        raise PatternSyntax(f"Nonstandard IP address: {address}") from None
    if int(mask) >= parsed.max_prefixlen:
        raise PatternSyntax(f"IPv{parsed.version} mask bits must be < {parsed.max_prefixlen}")
    network = ipaddress.ip_network((address, int(mask)), strict=False)

    def within(value: Scalar) -> bool:
        if not isinstance(value, str):
            return False
        try:
            return ipaddress.ip_address(value) in network
        except ValueError:
            return False

    return within


_ANYTHING_BUT: Final = "Value of anything-but must be an array or single string/number value."
_BUT_LIST: Final = "Inside anything but list, start|null|boolean is not supported."
_BUT_CASE: Final = "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported."


def _anything_but(given: object) -> Test:
    """Whatever has the field, with a value that is none of these; of any type, `null` too."""
    if isinstance(given, dict):
        refused = _anything_but_like(*operator_of(given))
    elif isinstance(given, list):
        refused = _none_of(given)
    elif isinstance(given, str) or is_number(given):
        refused = [test_of(given)]
    else:
        raise PatternSyntax(_ANYTHING_BUT)
    return lambda value: not any(test(value) for test in refused)


def _none_of(given: Sequence[object]) -> list[Test]:
    if not given:
        raise PatternSyntax("Empty arrays are not allowed")
    if not all(isinstance(each, str) or is_number(each) for each in given):
        raise PatternSyntax(_BUT_LIST)
    if len({isinstance(each, str) for each in given}) > 1:
        raise PatternSyntax(
            "Inside anything but list, either all values are number or string, mixed type is not supported"
        )
    return [test_of(each) for each in given]


def _anything_but_like(operator: str, given: object) -> list[Test]:
    if operator not in {"prefix", "suffix", "wildcard", "equals-ignore-case"}:
        raise PatternSyntax(f"Unsupported anything-but pattern: {operator}")
    if isinstance(given, dict):
        raise PatternSyntax(_ANYTHING_BUT)
    values = given if isinstance(given, list) else [given]
    if not values:
        raise PatternSyntax("Empty arrays are not allowed")
    reasons = {"wildcard": "wildcard match pattern must be a string", "equals-ignore-case": _BUT_CASE}
    for each in values:
        text = _text(each, reasons.get(operator, "prefix/suffix match pattern must be a string"))
        if not text and operator in {"prefix", "suffix"}:
            raise PatternSyntax("Null prefix/suffix not allowed")
    return [_OPERATORS[operator](each) for each in values]


def _text(given: object, reason: str) -> str:
    if not isinstance(given, str):
        raise PatternSyntax(reason)
    return given


_OPERATORS: Final[Mapping[str, Callable[[object], Test]]] = {
    "anything-but": _anything_but,
    "cidr": _cidr,
    "equals-ignore-case": _equals_ignore_case,
    "numeric": _numeric,
    "prefix": _prefix,
    "suffix": _suffix,
    "wildcard": _wildcard,
}
OPERATORS: Final = frozenset({*_OPERATORS, "exists"})
"""The names that can be operators, `exists` included."""
