"""What would the plainest possible evaluator say? Slow, short, and written without looking at the engine."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

_HEAD_COLONS = 5

Document = Mapping[str, Any]
"""A policy as JSON; the tests' own documents are well formed."""


def fits(pattern: str, text: str) -> bool:
    """`*` is anything, `?` is one character: by the definition, trying everything."""

    @cache
    def rest_fits(at: int, on: int) -> bool:
        if at == len(pattern):
            return on == len(text)
        if pattern[at] == "*":
            return any(rest_fits(at + 1, later) for later in range(on, len(text) + 1))
        return on < len(text) and pattern[at] in ("?", text[on]) and rest_fits(at + 1, on + 1)

    return rest_fits(0, 0)


def resource_fits(pattern: str, text: str) -> bool:
    """As `fits`, but in the first five parts a wildcard crosses no colon unless it is a star that ends its part."""

    @cache
    def rest_fits(at: int, on: int) -> bool:
        if at == len(pattern):
            return on == len(text)
        symbol = pattern[at]
        in_head = pattern[:at].count(":") < _HEAD_COLONS
        ends_part = pattern[at:].split(":")[0].strip("*") == ""
        if symbol == "*":
            reach = len(text) if not in_head or ends_part or ":" not in text[on:] else text.index(":", on)
            return any(rest_fits(at + 1, later) for later in range(on, reach + 1))
        if on == len(text):
            return False
        one = symbol == text[on] or (symbol == "?" and not (in_head and text[on] == ":"))
        return one and rest_fits(at + 1, on + 1)

    return rest_fits(0, 0)


def arn_fits(pattern: str, text: str) -> bool:
    """Each of six parts by itself."""
    if pattern in ("*", text):
        return True
    patterns, parts = pattern.split(":", 5), text.split(":", 5)
    return len(patterns) == len(parts) == 6 and all(map(fits, patterns, parts))


def applies(statement: Mapping[str, Any], action: str, resource: str, context: Mapping[str, str]) -> bool:
    """Of statements with Action or NotAction, Resource or NotResource, and four operators."""
    if "Action" in statement and not any(fits(each.lower(), action.lower()) for each in statement["Action"]):
        return False
    if "NotAction" in statement and any(fits(each.lower(), action.lower()) for each in statement["NotAction"]):
        return False
    if "Resource" in statement and not any(resource_fits(each, resource) for each in statement["Resource"]):
        return False
    if "NotResource" in statement and any(resource_fits(each, resource) for each in statement["NotResource"]):
        return False
    return all(
        _holds(operator, values, context.get(key))
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    )


def _holds(operator: str, values: Sequence[str], found: str | None) -> bool:
    if operator.endswith("IfExists"):
        return found is None or _holds(operator.removesuffix("IfExists"), values, found)
    if operator == "StringEquals":
        return found is not None and found in values
    if operator == "StringNotEquals":
        return found is None or found not in values
    if operator == "StringLike":
        return found is not None and any(fits(value, found) for value in values)
    assert operator == "Null"
    return values == ["true"] if found is None else values == ["false"]


def allowed(
    action: str,
    resource: str,
    context: Mapping[str, str],
    *,
    identity: Sequence[Document],
    limits: Sequence[Sequence[Document]],
) -> bool:
    """For a user in one account: no Deny anywhere, and an Allow in the identity policies and in each of `limits`
    (a boundary, the session policies, a level of SCPs)."""
    groups = [identity, *limits]
    said = [
        [
            statement["Effect"]
            for document in group
            for statement in document["Statement"]
            if applies(statement, action, resource, context)
        ]
        for group in groups
    ]
    return all("Deny" not in effects and "Allow" in effects for effects in said)
