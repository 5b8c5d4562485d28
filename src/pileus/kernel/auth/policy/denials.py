"""What is somebody told who may not, and what the log of decisions?

Source: IAM User Guide, "Troubleshoot access denied error messages".
"""

from pileus.kernel.auth.audit import Denial
from pileus.kernel.auth.policy.decisions import IDENTITY, RESOURCE, told_kind
from pileus.kernel.auth.policy.key_names import spelled
from pileus.kernel.auth.policy.near_misses import near_misses
from pileus.kernel.auth.policy.types import Decision, PolicySet, Query


def denial_message(query: Query, decision: Decision) -> str:
    """AWS's sentence about a denial: who, what, on what, and which kind of policy said no."""
    assert not decision.allowed
    return (
        f"User: {query.principal.arn or 'anonymous'} is not authorized to perform: {query.action} "
        f"{f'on resource: {query.resource} ' if query.resource else ''}{_because(query.action, decision)}"
    )


def denial_of(query: Query, decision: Decision, policies: PolicySet) -> Denial:
    """The denial for the log. policies: those that were asked."""
    assert not decision.allowed
    resource = policies.resource if decision.kind == RESOURCE else None
    return Denial(
        principal=query.principal.arn,
        account_id=query.principal.account_id,
        action=query.action,
        resource=query.resource,
        explicit_deny=decision.explicit_deny,
        kind=told_kind(decision.kind, resource),
        policy=decision.policy,
        statement=decision.statement,
        missing_context=tuple(map(spelled, decision.missing_context)),
        near_misses=near_misses(query, policies, decision),
    )


def _because(action: str, decision: Decision) -> str:
    if decision.explicit_deny:
        article = "an" if decision.kind == IDENTITY else "a"
        return f"with an explicit deny in {article} {decision.kind}"
    return f"because no {decision.kind} allows the {action} action"
