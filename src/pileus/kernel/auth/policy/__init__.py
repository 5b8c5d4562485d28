"""May somebody do something: IAM's policy language, compiled and decided."""

from pileus.kernel.auth.canonical_users import canonical_user_id
from pileus.kernel.auth.policy.checks import check_policy
from pileus.kernel.auth.policy.context_keys import context_keys
from pileus.kernel.auth.policy.decisions import decide, told_kind
from pileus.kernel.auth.policy.denials import denial_message, denial_of
from pileus.kernel.auth.policy.key_names import spelled
from pileus.kernel.auth.policy.statements import Policy, compile_policy
from pileus.kernel.auth.policy.types import (
    ContextValue,
    Decision,
    NamedPolicy,
    PolicyKind,
    PolicySet,
    PolicySyntax,
    Query,
)

__all__ = [
    "ContextValue",
    "Decision",
    "NamedPolicy",
    "Policy",
    "PolicyKind",
    "PolicySet",
    "PolicySyntax",
    "Query",
    "canonical_user_id",
    "check_policy",
    "compile_policy",
    "context_keys",
    "decide",
    "denial_message",
    "denial_of",
    "spelled",
    "told_kind",
]
