"""Is this text a policy document, and what are its parts?

Only the grammar: what is a mapping, a list, a text. A document that passes here can be compiled and decided; whether
AWS would take it for a certain use is asked by `checks`.

Source: IAM User Guide, "Grammar of the IAM JSON policy language".
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

from pileus.kernel.auth.policy.operators import read_operator
from pileus.kernel.auth.policy.types import PolicySyntax

SYNTAX_ERRORS: Final = "Syntax errors in policy."
VERSION_WITH_VARIABLES: Final = "2012-10-17"
_VERSION_DEFAULT: Final = "2008-10-17"
_VERSIONS: Final = frozenset({_VERSION_DEFAULT, VERSION_WITH_VARIABLES})
_ELEMENTS: Final = frozenset({"Version", "Id", "Statement"})
_STATEMENT_ELEMENTS: Final = frozenset(
    {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
)
_PAIRS: Final = (("Principal", "NotPrincipal"), ("Action", "NotAction"), ("Resource", "NotResource"))
_PRINCIPAL_KINDS: Final = frozenset({"AWS", "Service", "Federated", "CanonicalUser"})
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_DOCUMENT_CHARS_MAX: Final = 131_072
"""The largest policy that IAM allows (a managed policy for GetContextKeysForCustomPolicy, API reference)."""


@dataclass(frozen=True, slots=True)
class Listed:
    """The values of an element, and whether it is the `Not` form."""

    values: tuple[str, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class Principals:
    """kind (`AWS`, `Service`, ...) to entries; `"*"` reads as {"AWS": ["*"]}, which AWS says is the same."""

    entries: tuple[tuple[str, str], ...]
    negated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    sid: str | None
    effect: str
    principal: Principals | None
    action: Listed | None
    resource: Listed | None
    condition: tuple[tuple[str, str, tuple[str, ...]], ...]
    """Operator, key, values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    version: str | None
    id: str | None
    statements: tuple[Statement, ...]

    @property
    def has_variables(self) -> bool:
        return self.version == VERSION_WITH_VARIABLES


class _Number(str):
    """A JSON number as it was written; allowed as a condition's value only."""

    __slots__ = ()


class NotJson(PolicySyntax):
    """The text is not even JSON; some operations say so in other words."""


def parse_document(text: str) -> Document:
    """PolicySyntax unless `text` is a policy document."""
    if len(text) > _DOCUMENT_CHARS_MAX:
        _refuse()
    top = _loaded(text)
    if not isinstance(top, dict) or not top.keys() <= _ELEMENTS:
        _refuse()
    version, statements = top.get("Version"), top.get("Statement")
    if "Version" in top and (not isinstance(version, str) or version not in _VERSIONS):
        _refuse()
    listed = statements if isinstance(statements, list) else [statements]
    if not listed:
        _refuse()
    return Document(
        version=None if version is None else str(version),
        id=_text(top["Id"]) if "Id" in top else None,
        statements=tuple(_statement(entry) for entry in listed),
    )


def _loaded(text: str) -> object:
    if _SURROGATE.search(text):
        raise NotJson(SYNTAX_ERRORS)
    try:
        loaded: object = json.loads(
            text, object_pairs_hook=_unique, parse_int=_Number, parse_float=_Number, parse_constant=_constant
        )
    except PolicySyntax:
        raise
    except (ValueError, RecursionError):
        raise NotJson(SYNTAX_ERRORS) from None
    return loaded


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An element must not appear twice ("Policy grammar notes")."""
    unique = dict(pairs)
    if len(unique) != len(pairs):
        _refuse()
    return unique


def _constant(name: str) -> NoReturn:
    raise NotJson(SYNTAX_ERRORS)


def _refuse() -> NoReturn:
    raise PolicySyntax(SYNTAX_ERRORS)


def _statement(entry: object) -> Statement:
    if not isinstance(entry, dict) or not entry.keys() <= _STATEMENT_ELEMENTS:
        _refuse()
    if any(one in entry and other in entry for one, other in _PAIRS):
        _refuse()
    effect = entry.get("Effect")
    if not isinstance(effect, str) or effect.lower() not in ("allow", "deny"):
        _refuse()
    return Statement(
        sid=_text(entry["Sid"]) if "Sid" in entry else None,
        effect=effect,
        principal=_principals(entry),
        action=_listed(entry, "Action"),
        resource=_listed(entry, "Resource"),
        condition=_condition(entry.get("Condition", {})),
    )


def _listed(entry: dict[str, object], element: str) -> Listed | None:
    for name in (element, f"Not{element}"):
        if name in entry:
            return Listed(_texts(entry[name]), negated=name != element)
    return None


def _texts(value: object) -> tuple[str, ...]:
    return tuple(_text(each) for each in (value if isinstance(value, list) else [value]))


def _text(value: object) -> str:
    if not isinstance(value, str) or isinstance(value, _Number) or _SURROGATE.search(value):
        _refuse()
    return value


def _principals(entry: dict[str, object]) -> Principals | None:
    for name in ("Principal", "NotPrincipal"):
        if name not in entry:
            continue
        said = entry[name]
        if said == "*":
            return Principals((("AWS", "*"),), negated=name != "Principal")
        if not isinstance(said, dict) or not said or not said.keys() <= _PRINCIPAL_KINDS:
            _refuse()
        entries = [(kind, value) for kind, values in said.items() for value in _texts(values)]
        return Principals(tuple(entries), negated=name != "Principal")
    return None


def _condition(block: object) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    if not isinstance(block, dict):
        _refuse()
    tests: list[tuple[str, str, tuple[str, ...]]] = []
    for operator, keys in block.items():
        if not isinstance(keys, dict) or (keys and read_operator(_text(operator)) is None):
            _refuse()
        tests.extend((operator, _text(key), _values(values)) for key, values in keys.items())
    return tuple(tests)


def _values(value: object) -> tuple[str, ...]:
    listed: Sequence[object] = value if isinstance(value, list) else [value]
    return tuple(_value(each) for each in listed)


def _value(value: object) -> str:
    """Text, number or Boolean ("condition_value" of the grammar)."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, _Number):
        return str(value)
    return _text(value)
