"""What is somebody told who may not?

Source: IAM User Guide, "Troubleshoot access denied error messages".
"""

from pileus.kernel.auth.policy.decisions import IDENTITY
from pileus.kernel.auth.policy.types import Decision, Query


def denial_message(query: Query, decision: Decision) -> str:
    """AWS's sentence about a denial: who, what, on what, and which kind of policy said no."""
    assert not decision.allowed
    return (
        f"User: {query.principal.arn or 'anonymous'} is not authorized to perform: {query.action} "
        f"on resource: {query.resource} {_because(query.action, decision)}"
    )


def _because(action: str, decision: Decision) -> str:
    if decision.explicit_deny:
        article = "an" if decision.kind == IDENTITY else "a"
        return f"with an explicit deny in {article} {decision.kind}"
    return f"because no {decision.kind} allows the {action} action"
