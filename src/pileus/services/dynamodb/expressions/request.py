"""What do the expressions of one request say, together with its names and values?

Compiled expressions are kept by their text and the names they were compiled with; a request only checks its values
against them. Order of checks, as on AWS: the maps of names and values, each expression in turn, then what is unused.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, TypeVar

from pileus.services.dynamodb import values as rules
from pileus.services.dynamodb.errors import PlainValidationException, ValidationException
from pileus.services.dynamodb.expressions.checks import (
    Check,
    SecondPass,
    Values,
)
from pileus.services.dynamodb.expressions.conditions import Test, compile_condition
from pileus.services.dynamodb.expressions.grammar import Parser
from pileus.services.dynamodb.expressions.keeping import kept
from pileus.services.dynamodb.expressions.key_conditions import Tests, by_attribute, key_tests
from pileus.services.dynamodb.expressions.paths import Steps, resolve
from pileus.services.dynamodb.expressions.projections import Projected, compile_projection
from pileus.services.dynamodb.expressions.texts import (
    check_condition_text,
    check_projection_text,
    check_update_text,
)
from pileus.services.dynamodb.expressions.tokens import ExpressionError
from pileus.services.dynamodb.expressions.updates import compile_update, kinds_of
from pileus.services.dynamodb.limits import EXPRESSION_BYTES_MAX
from pileus.services.dynamodb.shapes import AttributeValue
from pileus.services.dynamodb.values import Item

PLACEHOLDERS_KEPT_MAX: Final = 1024
_PLACEHOLDER_BYTES_MAX: Final = 255
_NAME: Final = re.compile(r"#[A-Za-z0-9_]+\Z")
_VALUE: Final = re.compile(r":[A-Za-z0-9_]+\Z")

Names = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What an expression refers to, and what the request's values must fulfil.

    heads: the attributes that its paths begin with; nested: those of which it looks inside.
    """

    names: frozenset[str]
    values: frozenset[str]
    heads: frozenset[str]
    nested: frozenset[str]
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    usage: Usage
    test: Test


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCondition:
    """tests: by attribute; raises `ValidationException` when the condition is none for keys."""

    usage: Usage
    tests: Callable[[], Tests]


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """apply: the new item. touched: the paths it writes, as a projection (for UPDATED_OLD and UPDATED_NEW).

    creates: whether it makes an item where there is none; what only removes does not. kinds: the types that it gives to
    whole attributes, where these show without the item.
    """

    usage: Usage
    apply: Callable[[Item, Values], dict[str, AttributeValue]]
    touched: Callable[[Item], Projected]
    written: frozenset[str]
    creates: bool = True
    kinds: Callable[[Values], Mapping[str, str]] = lambda values: {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    usage: Usage
    project: Callable[[Item], Projected]
    heads: frozenset[str]


C = TypeVar("C", Condition, KeyCondition, Update, Projection)


def _usage(second: SecondPass) -> Usage:
    return Usage(
        names=frozenset(second.names),
        values=frozenset(second.values),
        heads=frozenset(second.heads),
        nested=frozenset(second.nested),
        checks=tuple(second.checks),
    )


def _parser(text: str, *, size_told: bool = True) -> Parser:
    """size_told: everywhere but in an UpdateExpression.

    Source: paritysuite/dynamodb-conformance, tests/tier3/validation-ordering/deepRequests.test.ts (2026).
    """
    if not text:
        raise ExpressionError("The expression can not be empty;")
    size = rules.text_bytes(text)
    if size > EXPRESSION_BYTES_MAX:
        told = f" expression size: {size}" if size_told else ""
        raise ExpressionError(f"Expression size has exceeded the maximum allowed size;{told}")
    return Parser(text)


@kept
def _condition(text: str, names: Names) -> Condition:
    node = _parser(text).condition()
    check_condition_text(node)
    second = SecondPass(dict(names))
    second.condition(node)
    return Condition(usage=_usage(second), test=compile_condition(node, dict(names)))


@kept
def _key_condition(text: str, names: Names) -> KeyCondition:
    node = _parser(text).condition()
    check_condition_text(node)
    second = SecondPass(dict(names))
    second.condition(node)
    tests = lru_cache(1)(lambda: by_attribute(key_tests(node), dict(names)))
    return KeyCondition(usage=_usage(second), tests=tests)


@kept
def _update(text: str, names: Names) -> Update:
    sections = _parser(text, size_told=False).update()
    check_update_text(sections)
    actions = [action for section in sections for action in section.actions]
    second = SecondPass(dict(names))
    second.update(actions)
    paths: list[Steps] = [resolve(action.path, dict(names)) for action in actions]
    return Update(
        usage=_usage(second),
        apply=compile_update(sections, dict(names)),
        touched=compile_projection(paths),
        written=frozenset(str(steps[0]) for steps in paths),
        creates=any(section.clause in {"SET", "ADD"} for section in sections),
        kinds=kinds_of(sections, dict(names)),
    )


@kept
def _projection(text: str, names: Names) -> Projection:
    paths = _parser(text).projection()
    check_projection_text(paths)
    second = SecondPass(dict(names))
    second.projection(paths)
    resolved = [resolve(path, dict(names)) for path in paths]
    usage = _usage(second)
    return Projection(usage=usage, project=compile_projection(resolved), heads=usage.heads)


class Expressions:
    """The expressions of one request, to be taken in AWS's order and then `finish`ed."""

    __slots__ = ("_names", "_usages", "values")

    def __init__(
        self,
        names: Mapping[str, str] | None,
        values: Mapping[str, AttributeValue] | None,
        *,
        layer: Literal["older", "current"] = "older",
    ) -> None:
        """layer: of DynamoDB's checks; the current one does not say which value is none (docs/decisions/0014)."""
        self._names: Names = () if names is None else _legal_names(names)
        self.values: Values = {} if values is None else _legal_values(values, told=layer == "older")
        self._usages: list[Usage] = []

    def condition(self, label: str, text: str) -> Condition:
        """label: the parameter's name, for messages (`FilterExpression`)."""
        return self._checked(label, _condition, text)

    def key_condition(self, text: str) -> KeyCondition:
        return self._checked("KeyConditionExpression", _key_condition, text)

    def update(self, text: str) -> Update:
        return self._checked("UpdateExpression", _update, text)

    def projection(self, text: str) -> Projection:
        return self._checked("ProjectionExpression", _projection, text)

    def _checked(self, label: str, compiled_from: Callable[[str, Names], C], text: str) -> C:
        try:
            compiled = compiled_from(text, self._names)
            for check in compiled.usage.checks:
                check(self.values)
        except ExpressionError as error:
            raise ValidationException(f"Invalid {label}: {error.message}") from None
        self._usages.append(compiled.usage)
        return compiled

    def finish(self) -> None:
        """`ValidationException` when a name or a value was given and not used. What is used was given."""
        if self._names:
            used = frozenset[str]().union(*(usage.names for usage in self._usages))
            if len(used) < len(self._names):
                raise _unused("Names", [name for name, _ in self._names], used)
        if self.values:
            used = frozenset[str]().union(*(usage.values for usage in self._usages))
            if len(used) < len(self.values):
                raise _unused("Values", list(self.values), used)


def _unused(what: str, given: list[str], used: Collection[str]) -> ValidationException:
    keys = ", ".join(key for key in hash_set_order(given) if key not in used)
    return ValidationException(f"Value provided in ExpressionAttribute{what} unused in expressions: keys: {{{keys}}}")


def hash_set_order(keys: list[str]) -> list[str]:
    """The order in which AWS lists them: that of a Java HashSet holding all that were given."""
    buckets = 16
    while buckets < len(keys) / 0.75 + 1:
        buckets *= 2

    def bucket(key: str) -> int:
        code = 0
        for character in key:
            code = (31 * code + ord(character)) & 0xFFFFFFFF
        return (code ^ code >> 16) & (buckets - 1)

    return sorted(keys, key=bucket)


@lru_cache(PLACEHOLDERS_KEPT_MAX)
def _check_placeholder(what: str, key: str, pattern: re.Pattern[str]) -> None:
    """`ValidationException` unless the key is a placeholder; that it is one is kept."""
    prefix = f"ExpressionAttribute{what} contains invalid key: "
    size = rules.text_bytes(key)
    if size > _PLACEHOLDER_BYTES_MAX:
        raise ValidationException(
            f"{prefix}The expression attribute map contains a key that is too long; size of key: {size}"
        )
    if pattern.match(key) is None:
        raise ValidationException(f'{prefix}Syntax error; key: "{key}"')


def _legal_names(names: Mapping[str, str]) -> Names:
    if not names:
        raise ValidationException("ExpressionAttributeNames must not be empty")
    for key, name in names.items():
        _check_placeholder("Names", key, _NAME)
        if not name:
            raise ValidationException(
                f"ExpressionAttributeNames contains invalid value: Empty attribute name for key {key}"
            )
    return tuple(names.items())


def _legal_values(values: Mapping[str, AttributeValue], *, told: bool) -> Values:
    """told: whether a message says which value is none."""
    if not values:
        raise ValidationException("ExpressionAttributeValues must not be empty")
    for key in values:
        _check_placeholder("Values", key, _VALUE)
    legal: dict[str, AttributeValue] = {}
    for key, value in values.items():
        try:
            legal[key] = rules.legal(value)[0]
        except ValidationException as error:
            if not told and not isinstance(error, PlainValidationException):
                raise
            kind = PlainValidationException if isinstance(error, PlainValidationException) else ValidationException
            raise kind(f"ExpressionAttributeValues contains invalid value: {error.message} for key {key}") from None
    return legal
