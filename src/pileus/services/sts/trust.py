"""Does a role trust whoever wants to assume it?

The trust policy's statements are read one by one; one Deny that matches ends it, otherwise one Allow is needed. A
condition that this form does not know answers `NotImplemented` by its name, instead of being taken for true or false.
Whether the caller's own policies allow `sts:AssumeRole` is not asked here.

Source: IAM User Guide, "Policy evaluation logic", "AWS JSON policy elements: Principal".
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Final

import msgspec

from pileus.kernel.context import Principal
from pileus.kernel.errors import NotImplementedByPileus


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who wants to assume a role: a principal, or an AWS service (`lambda.amazonaws.com`); one of the two.

    context: condition keys and their values, keys in lower case; None for one that is known but absent.
    """

    principal: Principal | None = None
    service: str = ""
    context: Mapping[str, str | None] = {}


def trusts(trust_policy: str, *, action: str, caller: Caller) -> bool:
    """Whether a role with this trust policy lets `caller` do `action` (`sts:AssumeRole`)."""
    allowed = False
    for statement in _statements(trust_policy):
        if not (_covers(statement, action) and _names(statement, caller) and _holds(statement, caller)):
            continue
        if statement.get("Effect") == "Deny":
            return False
        allowed = True
    return allowed


def _statements(trust_policy: str) -> list[dict[str, object]]:
    document: object = msgspec.json.decode(trust_policy)
    assert isinstance(document, dict), "a stored trust policy was validated when it was written"
    statements = document["Statement"]
    return statements if isinstance(statements, list) else [statements]


def _covers(statement: Mapping[str, object], action: str) -> bool:
    if "NotAction" in statement:
        return not any(_like(pattern.lower(), action.lower()) for pattern in _listed(statement["NotAction"]))
    return any(_like(pattern.lower(), action.lower()) for pattern in _listed(statement.get("Action")))


def _names(statement: Mapping[str, object], caller: Caller) -> bool:
    if "NotPrincipal" in statement:
        raise NotImplementedByPileus("NotPrincipal in a trust policy is not implemented")
    principal = statement.get("Principal")
    if principal == "*":
        return caller.principal is not None
    if not isinstance(principal, dict):
        return False
    if caller.principal is None:
        return caller.service in _listed(principal.get("Service"))
    return any(_is(entry, caller.principal) for entry in _listed(principal.get("AWS")))


def _is(entry: str, principal: Principal) -> bool:
    """Whether `entry` of `"AWS": [...]` means this principal.

    An account, by id or by its root's ARN, stands for everybody in it; a role for all of its sessions.
    """
    if entry in {"*", principal.account_id, principal.arn, principal.user_id.partition(":")[0]}:
        return True
    head, _, resource = entry.partition(f"::{principal.account_id}:")
    if not head.startswith("arn:") or not head.endswith(":iam"):
        return False
    if resource == "root":
        return True
    kind, _, path_and_name = resource.partition("/")
    session_of = principal.arn.partition(":assumed-role/")[2].partition("/")[0]
    return kind == "role" and session_of != "" and path_and_name.rpartition("/")[2] == session_of


def _holds(statement: Mapping[str, object], caller: Caller) -> bool:
    conditions = statement.get("Condition", {})
    assert isinstance(conditions, dict)
    return all(
        _condition(operator, key, _scalars(wanted), caller.context)
        for operator, keys in conditions.items()
        for key, wanted in keys.items()
    )


def _condition(operator: str, key: str, wanted: Iterable[str], context: Mapping[str, str | None]) -> bool:
    compare = _OPERATORS.get(operator)
    if compare is None:
        raise NotImplementedByPileus(f"the condition operator {operator} in a trust policy is not implemented")
    if key.lower() not in context:
        raise NotImplementedByPileus(f"the condition key {key} in a trust policy is not implemented")
    value = context[key.lower()]
    if operator in _NEGATED:
        return value is None or not any(compare(pattern, value) for pattern in wanted)
    return value is not None and any(compare(pattern, value) for pattern in wanted)


@lru_cache(maxsize=512)
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)


def _like(pattern: str, value: str) -> bool:
    """`*` is any run of characters, `?` any one."""
    return _pattern(pattern).fullmatch(value) is not None


def _equal(pattern: str, value: str) -> bool:
    return pattern == value


def _equal_ignoring_case(pattern: str, value: str) -> bool:
    return pattern.lower() == value.lower()


_OPERATORS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "StringEquals": _equal,
    "StringNotEquals": _equal,
    "StringEqualsIgnoreCase": _equal_ignoring_case,
    "StringNotEqualsIgnoreCase": _equal_ignoring_case,
    "StringLike": _like,
    "StringNotLike": _like,
    # AWS lets both take wildcards (IAM User Guide, "Condition operators", ARN).
    "ArnEquals": _like,
    "ArnLike": _like,
    "ArnNotEquals": _like,
    "ArnNotLike": _like,
}
_NEGATED: Final = frozenset(name for name in _OPERATORS if "Not" in name)


def _listed(value: object) -> list[str]:
    """One or many, as policies have it."""
    if isinstance(value, list):
        return [entry for entry in value if isinstance(entry, str)]
    return [value] if isinstance(value, str) else []


def _scalars(value: object) -> list[str]:
    """Values of a condition: numbers and truths may stand there too, and are compared as text."""
    listed = value if isinstance(value, list) else [value]
    return [str(entry).lower() if isinstance(entry, bool) else str(entry) for entry in listed]
