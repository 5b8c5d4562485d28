"""Is this text a policy, of the kind that belongs here?

The policy engine knows; here its reasons become IAM's error.
"""

from pileus.kernel.auth.policy.checks import check_policy
from pileus.kernel.auth.policy.types import PolicyKind, PolicySyntax
from pileus.services.iam.errors import MalformedPolicyDocument


def check_trust_policy(document: str) -> None:
    """MalformedPolicyDocument unless this may be a role's trust policy."""
    _check(document, "trust")


def check_identity_policy(document: str) -> None:
    """MalformedPolicyDocument unless this may be a policy of a user, group or role."""
    _check(document, "identity")


def counted_chars(document: str) -> int:
    """The length that quotas count: without white space."""
    return len("".join(document.split()))


def _check(document: str, kind: PolicyKind) -> None:
    try:
        check_policy(document, kind=kind)
    except PolicySyntax as error:
        raise MalformedPolicyDocument(error.reason) from None
