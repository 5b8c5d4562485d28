"""Which statement would have allowed it, but for a condition?

The most common reason for a denial that nobody expected: a statement names the action and the resource, and a condition
does not hold. Asked after a denial only, so nothing of it is on the way of a decision.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from pileus.kernel.auth.policy.conditions import AnyCondition
from pileus.kernel.auth.policy.decisions import BOUNDARY, IDENTITY, RESOURCE, SCP, SESSION, told_kind
from pileus.kernel.auth.policy.key_names import spelled
from pileus.kernel.auth.policy.principals import Named, asker_of
from pileus.kernel.auth.policy.types import Decision, NamedPolicy, PolicySet, Query

MISSES_MAX: Final = 3
_SHOWN_MAX: Final = 5
_VALUE_CHARS_MAX: Final = 100


def near_misses(query: Query, policies: PolicySet, decision: Decision) -> tuple[str, ...]:
    """A sentence for each, at most MISSES_MAX: which statement, which of its conditions, and what the request has.

    decision: the engine's about the same. Nothing of what it read is read anew, as every statement was asked already.
    """
    if decision.allowed or decision.explicit_deny:
        return ()
    return tuple(islice(_misses(query, policies, decision.kind), MISSES_MAX))


def _misses(query: Query, policies: PolicySet, kind: str) -> Iterator[str]:
    asker = asker_of(query.principal)
    for group_kind, policy in _silent(query, policies, kind):
        allows = policy.policy.about(query.action).allows
        for statement in allows.statements if allows is not None else ():
            if group_kind == RESOURCE and (
                statement.principal is None or statement.principal.allows(asker) is Named.NO
            ):
                continue
            failed = statement.failed_condition(query.resource, query.conditions)
            if failed is not None:
                where = f"statement {statement.name} of {told_kind(group_kind, policy)} {policy.name_or_arn}"
                yield f"{where}: {_told(failed, query)}"


def _silent(query: Query, policies: PolicySet, kind: str) -> Iterator[tuple[str, NamedPolicy]]:
    """The policies one of which should have allowed."""
    if kind == SCP:
        for level in policies.scps:
            if not any(_allows(policy, query) for policy in level):
                yield from _each(SCP, level)
                return
    if kind == IDENTITY:
        yield from _each(IDENTITY, policies.identity)
    if kind in (IDENTITY, RESOURCE) and policies.resource is not None:
        yield RESOURCE, policies.resource
    if kind == BOUNDARY and policies.boundary is not None:
        yield BOUNDARY, policies.boundary
    if kind == SESSION:
        yield from _each(SESSION, policies.session or ())


def _each(kind: str, group: Sequence[NamedPolicy]) -> Iterator[tuple[str, NamedPolicy]]:
    return ((kind, policy) for policy in group)


def _allows(policy: NamedPolicy, query: Query) -> bool:
    allows = policy.policy.about(query.action).allows
    return allows is not None and allows.first(query.resource, query.conditions, set()) is not None


def _told(condition: AnyCondition, query: Query) -> str:
    operator, key, values = condition.said
    found = query.conditions.get(key.lower())
    has = "the request has none" if found is None else f"the request has {_listed(found)}"
    return f"{operator} {spelled(key)} {_listed(values)} does not hold; {has}"


def _listed(values: str | Sequence[str]) -> str:
    listed = (values,) if isinstance(values, str) else tuple(values)
    shown = [f"{value[:_VALUE_CHARS_MAX]}..." if len(value) > _VALUE_CHARS_MAX else value or "''" for value in listed]
    more = f" and {len(listed) - _SHOWN_MAX} more" if len(listed) > _SHOWN_MAX else ""
    return f"{' or '.join(shown[:_SHOWN_MAX]) or 'nothing'}{more}"
