"""May this principal do this action on this resource?

The order, which is AWS's:

1. Whatever any policy explicitly denies is denied. The root's own account cannot limit it by identity policies, but a
   resource's policy and an SCP can deny it as well.
2. Every level of the organisation must allow (SCPs); they reach the account's root too, but no service-linked role.
3. In one account: an Allow in the resource's policy that names the user or the session itself is enough. One that names
   a session's role is held back by the boundary and the session policies, and by nothing else. One that names the
   account gives nothing by itself: it leaves the matter to the account's identity policies. Otherwise an identity
   policy must allow, and the boundary, and a session policy.
4. Between two accounts both sides must allow: the principal's by its identity policies with all that limits them, the
   resource's by naming the principal in any way.
5. Who belongs to no account (a service, a web identity, nobody) has the resource's policy only.

A role's trust policy and a KMS key's policy must allow in any case ("they must explicitly allow access").

Sources: IAM User Guide, "Policy evaluation logic", "Policy evaluation for requests within a single account",
"Cross-account policy evaluation logic", "Permissions boundaries for IAM entities", "Service control policies".
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from pileus.kernel.auth.policy.principals import Asker, Named, asker_of
from pileus.kernel.auth.policy.statements import CompiledStatement, Group
from pileus.kernel.auth.policy.types import Decision, NamedPolicy, PolicySet, Query

IDENTITY: Final = "identity-based policy"
RESOURCE: Final = "resource-based policy"
BOUNDARY: Final = "permissions boundary"
SESSION: Final = "session policy"
SCP: Final = "service control policy"
TRUST: Final = "role's trust policy"
_MUST_ALLOW_ITSELF: Final = frozenset({"trust", "key"})


class _Verdict(NamedTuple):
    """Who decided. policy and statement are None where the absence of an Allow did."""

    kind: str
    policy: NamedPolicy | None = None
    statement: CompiledStatement | None = None


class _Grant(NamedTuple):
    named: Named
    verdict: _Verdict


_NO_GRANT: Final = _Grant(Named.NO, _Verdict(RESOURCE))


def told_kind(kind: str, policy: NamedPolicy | None) -> str:
    """What people call a policy of a kind; a role's own is its trust policy."""
    return TRUST if kind == RESOURCE and policy is not None and policy.kind == "trust" else kind


def decide(query: Query, policies: PolicySet) -> Decision:
    """The decision and its reason. Never raises: whatever fits nothing is denied."""
    asker = asker_of(query.principal)
    missing: set[str] = set()
    denied = _explicit_deny(query, policies, asker, missing)
    if denied is not None:
        return _decision(denied, allowed=False, missing=missing)
    allowed, verdict = _allowed(query, policies, asker, missing)
    return _decision(verdict, allowed=allowed, missing=missing)


def _decision(verdict: _Verdict, *, allowed: bool, missing: set[str]) -> Decision:
    kind, policy, statement = verdict
    return Decision(
        allowed=allowed,
        explicit_deny=not allowed and statement is not None,
        kind=kind,
        policy=policy.name_or_arn if policy is not None else None,
        statement=statement.name if statement is not None else None,
        missing_context=tuple(sorted(missing)) if missing else (),
    )


def _explicit_deny(query: Query, policies: PolicySet, asker: Asker, missing: set[str]) -> _Verdict | None:
    action, resource, conditions = query.action, query.resource, query.conditions
    for kind, group in _groups(policies, asker):
        for policy in group:
            denies = policy.policy.about(action).denies
            if denies is None:
                continue
            if kind is RESOURCE:
                statement = _first_denying(denies, query, asker, missing, bounded=policies.boundary is not None)
            else:
                statement = denies.first(resource, conditions, missing)
            if statement is not None:
                return _Verdict(kind, policy, statement)
    return None


def _first_denying(
    denies: Group, query: Query, asker: Asker, missing: set[str], *, bounded: bool
) -> CompiledStatement | None:
    """Of a resource's policy, which also says whom it means."""
    for statement in denies.statements:
        principal = statement.principal
        meant = principal is not None and principal.denies(asker, bounded=bounded)
        if meant and statement.applies(query.resource, query.conditions, missing):
            return statement
    return None


def _groups(policies: PolicySet, asker: Asker) -> Iterator[tuple[str, Sequence[NamedPolicy]]]:
    """Every policy that may deny, in the order in which AWS evaluates them."""
    if policies.scps and _ruled_by_organisation(asker):
        for level in policies.scps:
            yield SCP, level
    if policies.resource is not None:
        yield RESOURCE, (policies.resource,)
    if asker.account and not asker.root:
        yield IDENTITY, policies.identity
        if policies.boundary is not None:
            yield BOUNDARY, (policies.boundary,)
        if policies.session:
            yield SESSION, policies.session


def _ruled_by_organisation(asker: Asker) -> bool:
    """SCPs reach every principal of an account, its root included, but no service-linked role."""
    return bool(asker.account) and not asker.service_linked


def _allowed(query: Query, policies: PolicySet, asker: Asker, missing: set[str]) -> tuple[bool, _Verdict]:
    if policies.scps and _ruled_by_organisation(asker):
        for level in policies.scps:
            if _first_allow(SCP, level, query, missing) is None:
                return False, _Verdict(SCP)
    grant = _most_direct(query, policies, asker, missing)
    if not asker.account:
        return grant.named is not Named.NO, grant.verdict
    if query.principal.account_id != query.resource_account_id:
        inside, verdict = _by_own_account(query, policies, asker, missing)
        return (grant.named is not Named.NO, grant.verdict) if inside else (False, verdict)
    resource = policies.resource
    if grant.named is Named.NO and resource is not None and resource.kind in _MUST_ALLOW_ITSELF:
        return False, grant.verdict
    if grant.named is Named.DIRECTLY:
        return True, grant.verdict
    if grant.named is Named.ISSUER:
        limit = _limit(query, policies, missing)
        return (True, grant.verdict) if limit is None else (False, limit)
    return _by_own_account(query, policies, asker, missing)


def _most_direct(query: Query, policies: PolicySet, asker: Asker, missing: set[str]) -> _Grant:
    """Of the resource's policy, and of what grants beside it."""
    best = _grant(query, policies.resource, asker, missing)
    for beside in policies.grants:
        found = _grant(query, beside, asker, missing)
        if found.named > best.named:
            best = found
    return best


def _grant(query: Query, resource: NamedPolicy | None, asker: Asker, missing: set[str]) -> _Grant:
    """The most direct Allow of the resource's policy."""
    best = _NO_GRANT
    allows = resource.policy.about(query.action).allows if resource is not None else None
    if allows is None:
        return best
    for statement in allows.statements:
        if statement.principal is None:
            continue
        named = statement.principal.allows(asker)
        if named > best.named and statement.applies(query.resource, query.conditions, missing):
            best = _Grant(named, _Verdict(RESOURCE, resource, statement))
    return best


def _by_own_account(query: Query, policies: PolicySet, asker: Asker, missing: set[str]) -> tuple[bool, _Verdict]:
    """What the identity policies grant, within the boundary and the session policies."""
    if asker.root:
        return True, _Verdict("")
    allowing = _Verdict("") if asker.of_root else _first_allow(IDENTITY, policies.identity, query, missing)
    if allowing is None:
        return False, _Verdict(IDENTITY)
    limit = _limit(query, policies, missing)
    return (True, allowing) if limit is None else (False, limit)


def _limit(query: Query, policies: PolicySet, missing: set[str]) -> _Verdict | None:
    """What holds a grant back: the boundary, or the session policies."""
    boundary, session = policies.boundary, policies.session
    if boundary is not None and _first_allow(BOUNDARY, (boundary,), query, missing) is None:
        return _Verdict(BOUNDARY)
    if session is not None and _first_allow(SESSION, session, query, missing) is None:
        return _Verdict(SESSION)
    return None


def _first_allow(kind: str, group: Sequence[NamedPolicy], query: Query, missing: set[str]) -> _Verdict | None:
    action, resource, conditions = query.action, query.resource, query.conditions
    for policy in group:
        allows = policy.policy.about(action).allows
        if allows is None:
            continue
        statement = allows.first(resource, conditions, missing)
        if statement is not None:
            return _Verdict(kind, policy, statement)
    return None
