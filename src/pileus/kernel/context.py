"""Who asks for what, from where: everything about a request that is not its input."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

from pileus.kernel.errors import ServiceError

SessionKind = Literal["assumed_role", "federated_user", "session_token"]
"""Which operation of STS began a session: AssumeRole*, GetFederationToken or GetSessionToken."""


class SessionFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a session's token proves beside who it is; policies and condition keys are made of it.

    role_arn: the role with its path, whose policies apply; empty unless kind is `assumed_role`.
    user_arn: the user whose policies apply (`federated_user`, `session_token`; a root's ARN when root asked).
    issuer_id: the unique id of `user_arn`'s user, of a `federated_user`, whose own id tells nothing of it.
    session_policies: documents, session_policy_arns: managed policies; together they are the session policies, and
        when both are empty a role's session has none, while a federated user's may do nothing by itself.
    tags: of the session, which win over the principal's own of the same key; transitive_tag_keys: those that pass on.
    issued_at: `aws:TokenIssueTime`. mfa_at: when a device proved itself, of `aws:MultiFactorAuthAge`; None: none did.
    federated_provider: `aws:FederatedProvider`, an issuer or the ARN of a SAML provider; None: no federation.
    context: further condition keys that stay with the session, lower-cased (`accounts.google.com:sub`).
    """

    kind: SessionKind
    issued_at: datetime
    role_arn: str = ""
    user_arn: str = ""
    issuer_id: str = ""
    session_policies: tuple[str, ...] = ()
    session_policy_arns: tuple[str, ...] = ()
    tags: dict[str, str] = {}
    transitive_tag_keys: tuple[str, ...] = ()
    source_identity: str = ""
    mfa_at: datetime | None = None
    federated_provider: str | None = None
    context: dict[str, str] = {}


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Who makes a request, as IAM knows them.

    arn: `arn:aws:iam::ACCOUNT:root`, `...:user/NAME`, `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`.
    user_id: what GetCallerIdentity answers as `UserId` (`AKIA...`'s account, `AIDA...`, `AROA...:SESSION`).
    access_key_id: the key that signed; empty for an unsigned request.
    minted: True when IAM, STS or Cognito of this Pileus issued the key, so that its policies are enforced.
    session: of temporary credentials; None for long-term keys.
    """

    account_id: str
    arn: str
    user_id: str
    access_key_id: str = ""
    minted: bool = False
    session: SessionFacts | None = None


class RequestContext(msgspec.Struct, frozen=True, kw_only=True):
    """What an operation may know about the request beside its input.

    service: botocore's name of the service (`dynamodb`); operation: the model's (`GetItem`).
    host: the Host header as sent, port included, so that URLs in answers lead back the way the client came.
    trace_header: X-Ray's, as sent; "" without one. query: of the request, as sent.
    refused: what the caller may not, of that which the request does not stand or fall with; see `refusal_of`.
    """

    service: str
    operation: str
    request_id: str
    account_id: str
    region: str
    principal: Principal
    source_ip: str
    host: str
    secure: bool = False
    trace_header: str = ""
    query: str = ""
    refused: Mapping[tuple[str, int], ServiceError] | None = None

    def refusal_of(self, action: str, member: int = 0) -> ServiceError | None:
        """What says no to an optional part of the request; None where nothing does. member: see `Permission.each`."""
        return None if self.refused is None else self.refused.get((action, member))

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn` or `aws-us-gov`, by region."""
        if self.region.startswith("cn-"):
            return "aws-cn"
        return "aws-us-gov" if self.region.startswith("us-gov-") else "aws"
