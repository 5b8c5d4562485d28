"""Does a role trust whoever wants to assume it?

The policy engine decides on the trust policy together with the caller's own policies, because the two depend on each
other: a role that names a user itself needs nothing of the user's policies, one that names the account does, and one
of another account always does. Where the caller's policies are not known here they are taken for a yes.
"""

from typing import Final, Protocol

import msgspec

from pileus.kernel.auth.audit import Denial
from pileus.kernel.auth.organizations import Organization
from pileus.kernel.auth.policy import (
    ContextValue,
    NamedPolicy,
    PolicySet,
    Query,
    compile_policy,
    decide,
    denial_message,
    denial_of,
)
from pileus.kernel.auth.service_calls import ServiceCall, service_query
from pileus.kernel.context import Principal
from pileus.services.sts.roles import AssumableRole

_EVERYTHING: Final = PolicySet(
    identity=(
        NamedPolicy(
            "not asked here",
            compile_policy('{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'),
            "identity",
        ),
    )
)
_OF_THE_ROLE: Final = "resource-based policy"


class CallerPolicies(Protocol):
    """Knows what the policies of principals are."""

    async def policies_of_caller(self, principal: Principal) -> PolicySet | None:
        """All but the resource's; None when this principal's policies are not enforced here."""
        ...


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why not. explanation: AWS's whole sentence, where the caller's own policies are the reason; else empty.

    denial: what the log of decisions hears, which is more than AWS says.
    """

    action: str
    explanation: str = ""
    denial: Denial


def refusal_of(
    role: AssumableRole,
    *,
    principal: Principal,
    action: str,
    conditions: dict[str, ContextValue],
    policies: PolicySet | None = None,
) -> Refusal | None:
    """None when `principal` may do `action` (`sts:AssumeRole`) with `role`.

    principal: one of IAM's, an AWS service or an identity provider; see `Query`. policies: its own.
    """
    query = Query(
        principal=principal,
        action=action,
        resource=role.arn,
        conditions=conditions,
        resource_account_id=role.account_id,
    )
    return _refusal(query, role, policies)


def refusal_of_service(
    role: AssumableRole, call: ServiceCall, *, region: str, organization: Organization | None = None, now_s: float
) -> Refusal | None:
    """None when a service may assume the role on behalf of a resource. region: "" for none."""
    query = service_query(
        call,
        action="sts:AssumeRole",
        resource=role.arn,
        region=region,
        resource_tags=dict(role.tags),
        organization=organization,
        now_s=now_s,
    )
    return _refusal(query, role, None)


def _refusal(query: Query, role: AssumableRole, policies: PolicySet | None) -> Refusal | None:
    trust = NamedPolicy(role.arn, compile_policy(role.trust_policy), "trust")
    asked = msgspec.structs.replace(policies or _EVERYTHING, resource=trust)
    decision = decide(query, asked)
    if decision.allowed:
        return None
    # AWS does not say what a trust policy lacks: that would tell strangers that the role exists.
    explained = policies is not None and decision.kind != _OF_THE_ROLE
    return Refusal(
        action=query.action,
        explanation=denial_message(query, decision) if explained else "",
        denial=denial_of(query, decision, asked),
    )


def refused_because(reason: str, *, principal: Principal, action: str, role_arn: str) -> Refusal:
    """A refusal that no policy decided."""
    denial = Denial(
        principal=principal.arn, account_id=principal.account_id, action=action, resource=role_arn, reason=reason
    )
    return Refusal(action=action, denial=denial)


def outsider(name: str) -> Principal:
    """A service (`lambda.amazonaws.com`) or a provider (its ARN), which no account owns."""
    return Principal(account_id="", arn=name, user_id="")
