"""Does a resource's policy name whoever asks, and how directly?

How directly matters inside one account: what is granted to a user or to a session itself needs nothing else; what is
granted to a role stays inside its boundary and the session's policies; what is granted to the account waits for the
account's own policies.

Sources: IAM User Guide, "AWS JSON policy elements: Principal", "AWS JSON policy elements: NotPrincipal", "Policy
evaluation for requests within a single account"; of NotPrincipal and boundaries: "Permissions boundaries for IAM
entities".
"""

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Final

from pileus.kernel.auth.canonical_users import canonical_user_id
from pileus.kernel.auth.policy.documents import Principals
from pileus.kernel.context import Principal

_ARN_COLONS: Final = 5


class Named(IntEnum):
    """How a principal is named, from not at all to by itself."""

    NO = 0
    ACCOUNT = 1
    ISSUER = 2
    """The role of a role session, the user of a federated user's session."""
    DIRECTLY = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """The names under which a policy may know a principal.

    itself: its ARN and its unique id. issuer: of a session, its role's or user's ARN and id.
    account: the account in its three spellings; empty for whoever belongs to none.
    service, provider: the name of a service or of a web identity's provider; empty for all others.
    inside_iam: a user, a role's session or a federated user; neither a service nor a provider nor nobody nor the root.
    of_root: the root, or a federated user whom the root let in: nothing but session policies and SCPs limits them.
    service_linked: a session of a service-linked role, which SCPs do not reach.
    """

    itself: frozenset[str]
    issuer: frozenset[str]
    account: frozenset[str]
    service: str
    provider: str
    inside_iam: bool
    root: bool
    of_root: bool
    service_linked: bool


def asker_of(principal: Principal) -> Asker:
    """Under which names policies may know `principal`."""
    session = principal.session
    role_arn = session.role_arn if session else ""
    user_arn = session.user_arn if session else ""
    return _asker(principal.arn, principal.account_id, principal.user_id, role_arn, user_arn)


@lru_cache(maxsize=4096)
def _asker(arn: str, account_id: str, user_id: str, role_arn: str, user_arn: str) -> Asker:
    if not arn.startswith("arn:") or ":oidc-provider/" in arn or ":saml-provider/" in arn:
        # A service or a web identity; which of the two, the policy's own word (`Service`, `Federated`) says.
        return Asker(
            itself=frozenset(),
            issuer=frozenset(),
            account=frozenset(),
            service=arn,
            provider=arn,
            inside_iam=False,
            root=False,
            of_root=False,
            service_linked=False,
        )
    partition = arn.split(":")[1]
    root_arn = f"arn:{partition}:iam::{account_id}:root"
    unique_id, _, session_name = user_id.partition(":")
    if not session_name:
        unique_id = ""
    issuer = {role_arn or _role_arn(arn), user_arn, unique_id} - {"", arn, root_arn, account_id}
    return Asker(
        itself=frozenset({arn, user_id} - {""}),
        issuer=frozenset(issuer),
        account=frozenset({account_id, root_arn, canonical_user_id(account_id)}),
        service="",
        provider="",
        inside_iam=arn != root_arn,
        root=arn == root_arn,
        of_root=root_arn in (arn, user_arn),
        service_linked=":role/aws-service-role/" in role_arn,
    )


def _role_arn(arn: str) -> str:
    """Of a role session that does not tell; without its path, which the session's ARN does not contain."""
    head, _, rest = arn.partition(":assumed-role/")
    return f"{head.replace(':sts:', ':iam:')}:role/{rest.partition('/')[0]}" if rest else ""


class PrincipalMatcher:
    """A statement's Principal or NotPrincipal."""

    __slots__ = ("_aws", "_canonical", "_everybody", "_federated", "_services", "negated")

    def __init__(self, principals: Principals) -> None:
        entries: dict[str, frozenset[str]] = {
            kind: frozenset(value for entry, value in principals.entries if entry == kind)
            for kind in ("AWS", "Service", "Federated", "CanonicalUser")
        }
        self._everybody = "*" in entries["AWS"]
        self._aws = entries["AWS"]
        self._services = entries["Service"]
        self._federated = entries["Federated"]
        self._canonical = entries["CanonicalUser"]
        self.negated = principals.negated

    def allows(self, asker: Asker) -> Named:
        """How directly an Allow with this element names the principal."""
        named = self._named(asker)
        if not self.negated:
            return named
        return Named.NO if named else Named.DIRECTLY

    def denies(self, asker: Asker, *, bounded: bool) -> bool:
        """Whether a Deny with this element is meant for the principal.

        With NotPrincipal, an exception has to be named on every level: the account, the role and the session; and
        whoever has a permissions boundary is denied whatever is named.
        """
        if not self.negated:
            return self._named(asker) is not Named.NO
        if self._everybody:
            return False
        if not asker.account:
            return self._named(asker) is Named.NO
        if bounded and asker.inside_iam:
            return True
        account = self._aws | self._canonical
        excepted = not account.isdisjoint(asker.account)
        if asker.inside_iam:
            excepted = excepted and not self._aws.isdisjoint(asker.itself)
            excepted = excepted and (not asker.issuer or not self._aws.isdisjoint(asker.issuer))
        return not excepted

    def _named(self, asker: Asker) -> Named:
        if self._everybody:
            return Named.DIRECTLY
        if asker.service and (asker.service in self._services or "*" in self._services):
            return Named.DIRECTLY
        if asker.provider and (asker.provider in self._federated or "*" in self._federated):
            return Named.DIRECTLY
        if not self._aws.isdisjoint(asker.itself):
            return Named.DIRECTLY
        if not self._aws.isdisjoint(asker.issuer):
            return Named.ISSUER
        if not self._aws.isdisjoint(asker.account) or not self._canonical.isdisjoint(asker.account):
            return Named.DIRECTLY if asker.root else Named.ACCOUNT
        return Named.NO


def is_aws_principal(entry: str) -> bool:
    """Whether `"AWS": entry` has a form that can mean somebody: all, an account, an ARN, a unique id.

    Whether it exists is not asked. A wildcard may stand for everybody, not for a part of a name.
    """
    if entry == "*":
        return True
    if entry.startswith("arn:"):
        return "*" not in entry and "?" not in entry and entry.count(":") >= _ARN_COLONS
    return entry.isascii() and entry.isalnum()
