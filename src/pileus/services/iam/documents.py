"""Is this text a policy, of the kind that belongs here?

The policy engine knows; here its reasons become IAM's error.
"""

import re
from typing import Final

from pileus.kernel.auth.policy.checks import check_policy
from pileus.kernel.auth.policy.documents import parse_document
from pileus.kernel.auth.policy.types import PolicyKind, PolicySyntax
from pileus.services.iam.errors import MalformedPolicyDocument

_PROVIDER: Final = re.compile(
    r"arn:[\w-]+:iam::[0-9]{12}:(?:saml|oidc)-provider/.+|(?:[a-z0-9-]+\.)+[a-z0-9-]+|\*", re.ASCII | re.IGNORECASE
)
"""Who may stand behind `Federated`: a provider of an account, or one that everybody knows."""


def check_trust_policy(document: str) -> None:
    """MalformedPolicyDocument unless this may be a role's trust policy."""
    _check(document, "trust")
    for statement in parse_document(document).statements:
        for kind, entry in statement.principal.entries if statement.principal is not None else ():
            if kind == "Federated" and not _PROVIDER.fullmatch(entry):
                raise MalformedPolicyDocument("Federated principals must be valid domain names or SAML metadata ARNs")


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
