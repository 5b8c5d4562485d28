"""What does a condition operator compare, and how is its name read?

Source: IAM User Guide, "IAM JSON policy elements: Condition operators".
"""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from pileus.kernel.auth.policy import values
from pileus.kernel.auth.policy.globs import Matcher

IF_EXISTS: Final = "IfExists"
FOR_ALL: Final = "ForAllValues:"
FOR_ANY: Final = "ForAnyValue:"

Build = Callable[[str], Matcher]
"""From a policy's value to what tells whether a request's value fits it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """A condition operator without its prefix and suffix.

    form: how the policy's value is read: `text`, `ignore_case`, `like` and `arn` may hold variables, `value` may not.
    negated: true where the plain form is false. build: of form `value`.
    """

    form: str
    negated: bool = False
    build: Build | None = None


def _never(text: str) -> bool:
    return False


def _numeric(compare: Callable[[Decimal, Decimal], bool]) -> Build:
    def build(wanted_text: str) -> Matcher:
        wanted = values.number(wanted_text)
        if wanted is None:
            return _never

        def fits(text: str) -> bool:
            found = values.number(text)
            return found is not None and compare(found, wanted)

        return fits

    return build


def _date(compare: Callable[[Decimal, Decimal], bool]) -> Build:
    def build(wanted_text: str) -> Matcher:
        wanted = values.moment(wanted_text)
        if wanted is None:
            return _never

        def fits(text: str) -> bool:
            found = values.moment(text)
            return found is not None and compare(found, wanted)

        return fits

    return build


def _bool(wanted_text: str) -> Matcher:
    wanted = values.boolean(wanted_text)
    return _never if wanted is None else lambda text: values.boolean(text) is wanted


def _binary(wanted_text: str) -> Matcher:
    wanted = values.binary(wanted_text)
    return _never if wanted is None else lambda text: values.binary(text) == wanted


def _ip_address(wanted_text: str) -> Matcher:
    wanted = values.network(wanted_text)
    if wanted is None:
        return _never
    version, start, mask = wanted

    def fits(text: str) -> bool:
        found = values.address(text)
        return found is not None and found[0] == version and found[1] & mask == start

    return fits


NULL: Final = Operator(form="null")
"""Asks whether the key is there, not for its value; has no IfExists."""

OPERATORS: Final = {
    "StringEquals": Operator(form="text"),
    "StringNotEquals": Operator(form="text", negated=True),
    "StringEqualsIgnoreCase": Operator(form="ignore_case"),
    "StringNotEqualsIgnoreCase": Operator(form="ignore_case", negated=True),
    "StringLike": Operator(form="like"),
    "StringNotLike": Operator(form="like", negated=True),
    "NumericEquals": Operator(form="value", build=_numeric(operator.eq)),
    "NumericNotEquals": Operator(form="value", build=_numeric(operator.eq), negated=True),
    "NumericLessThan": Operator(form="value", build=_numeric(operator.lt)),
    "NumericLessThanEquals": Operator(form="value", build=_numeric(operator.le)),
    "NumericGreaterThan": Operator(form="value", build=_numeric(operator.gt)),
    "NumericGreaterThanEquals": Operator(form="value", build=_numeric(operator.ge)),
    "DateEquals": Operator(form="value", build=_date(operator.eq)),
    "DateNotEquals": Operator(form="value", build=_date(operator.eq), negated=True),
    "DateLessThan": Operator(form="value", build=_date(operator.lt)),
    "DateLessThanEquals": Operator(form="value", build=_date(operator.le)),
    "DateGreaterThan": Operator(form="value", build=_date(operator.gt)),
    "DateGreaterThanEquals": Operator(form="value", build=_date(operator.ge)),
    "Bool": Operator(form="value", build=_bool),
    "BinaryEquals": Operator(form="value", build=_binary),
    "IpAddress": Operator(form="value", build=_ip_address),
    "NotIpAddress": Operator(form="value", build=_ip_address, negated=True),
    "ArnEquals": Operator(form="arn"),
    "ArnLike": Operator(form="arn"),
    "ArnNotEquals": Operator(form="arn", negated=True),
    "ArnNotLike": Operator(form="arn", negated=True),
    "Null": NULL,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Qualified:
    """An operator as a policy names it: `ForAllValues:StringLikeIfExists`. set_operator: FOR_ALL, FOR_ANY or empty."""

    operator: Operator
    set_operator: str
    if_exists: bool


def read_operator(name: str) -> Qualified | None:
    """None when there is no such operator."""
    set_operator = next((prefix for prefix in (FOR_ALL, FOR_ANY) if name.startswith(prefix)), "")
    plain = name[len(set_operator) :]
    if_exists = plain.endswith(IF_EXISTS)
    found = OPERATORS.get(plain.removesuffix(IF_EXISTS))
    if found is None or (found is NULL and if_exists):
        return None
    return Qualified(operator=found, set_operator=set_operator, if_exists=if_exists)
