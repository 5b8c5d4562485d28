"""What is asked of the policy engine, of which policies, and what does it answer?"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import msgspec

from pileus.kernel.context import Principal

if TYPE_CHECKING:
    from pileus.kernel.auth.policy.statements import Policy

PolicyKind = Literal["identity", "resource", "trust", "session", "boundary", "scp"]
"""What a document is for; it decides which elements it must and must not have."""

ContextValue = str | Sequence[str]
"""One value, or those of a multivalued key."""


class PolicySyntax(Exception):
    """A text is no policy of its kind. `reason` is in AWS's words; IAM answers MalformedPolicyDocument with it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NamedPolicy(msgspec.Struct, frozen=True, gc=False):
    """A compiled policy, and how to name it in an explanation.

    kind: free words for the explanation; of a resource's policy, `trust` (a role's trust policy) and `key` (a KMS
    key's) say that it must itself allow, because such a resource gives nothing to its own account unasked.
    """

    name_or_arn: str
    policy: "Policy"
    kind: str


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """May this principal do this action on this resource?

    principal: an AWS service is a principal whose `arn` is its name (`sns.amazonaws.com`); an identity provider one
    whose `arn` is the provider's (`arn:aws:iam::ACCOUNT:oidc-provider/...`, `cognito-identity.amazonaws.com`); nobody
    in particular is one with an empty `arn`.
    action: `dynamodb:GetItem`. resource: an ARN, or `*` where the action knows no resource.
    conditions: keys in lower case; values as text: numbers in decimals, moments in ISO 8601 or seconds since 1970,
    booleans `true` and `false`, bytes in base64. May be lazy; a key is looked up when a policy names it.
    """

    principal: Principal
    action: str
    resource: str
    conditions: Mapping[str, ContextValue]
    resource_account_id: str


class PolicySet(msgspec.Struct, frozen=True, kw_only=True):
    """The policies that apply to a query, by what they are.

    session: None without a session policy, which is not the same as a session policy that allows nothing.
    grants: what lets in as a resource's policy does, beside it: access control lists.
    scps: one entry per level of the organisation, each of which must allow; empty without an organisation.
    """

    identity: Sequence[NamedPolicy] = ()
    boundary: NamedPolicy | None = None
    session: Sequence[NamedPolicy] | None = None
    resource: NamedPolicy | None = None
    grants: Sequence[NamedPolicy] = ()
    scps: Sequence[Sequence[NamedPolicy]] = ()


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """Yes or no, and why.

    kind: which kind of policy decided, in AWS's words (`identity-based policy`, `resource-based policy`,
    `permissions boundary`, `session policy`, `service control policy`); empty when it was no policy (the root user).
    policy, statement: what allowed or explicitly denied; None when it was the absence of an Allow. A statement is named
    by its Sid, or by its place in the document, the first being 1.
    missing_context: condition keys that statements about this action and resource ask for, and the query lacks.
    """

    allowed: bool
    explicit_deny: bool = False
    kind: str = ""
    policy: str | None = None
    statement: str | None = None
    missing_context: tuple[str, ...] = ()
