"""Does a role trust whoever wants to assume it?

The policy engine decides, on the trust policy alone: what the caller's own account says about it is asked centrally, so
here that side is taken for a yes.
"""

from typing import Final

from pileus.kernel.auth.policy import ContextValue, NamedPolicy, PolicySet, Query, compile_policy, decide
from pileus.kernel.context import Principal
from pileus.services.sts.roles import AssumableRole

_ASKED_ELSEWHERE: Final = NamedPolicy(
    "asked elsewhere",
    compile_policy('{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'),
    "identity",
)


def trusts(role: AssumableRole, *, principal: Principal, action: str, conditions: dict[str, ContextValue]) -> bool:
    """Whether the trust policy of `role` lets `principal` do `action` (`sts:AssumeRole`).

    principal: one of IAM's, an AWS service or an identity provider; see `Query`.
    """
    policies = PolicySet(
        identity=(_ASKED_ELSEWHERE,), resource=NamedPolicy(role.arn, compile_policy(role.trust_policy), "trust")
    )
    query = Query(
        principal=principal,
        action=action,
        resource=role.arn,
        conditions=conditions,
        resource_account_id=role.account_id,
    )
    return decide(query, policies).allowed


def outsider(name: str) -> Principal:
    """A service (`lambda.amazonaws.com`) or a provider (its ARN), which no account owns."""
    return Principal(account_id="", arn=name, user_id="")
