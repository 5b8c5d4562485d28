"""Which accounts belong together, and what may nobody in them do?

An organization is declared where Pileus is started, since AWS Organizations is not served; without one no account is in
any, as on AWS: `aws:PrincipalOrgID` and its like are absent, and no SCP applies.

Sources: Organizations User Guide, "Service control policies", "SCP evaluation"; IAM User Guide, "AWS global condition
context keys".
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    # The engine is for whoever decides; see `permissions`.
    from pileus.kernel.auth.policy import ContextValue, NamedPolicy


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """An account of an organization.

    path: where it is (`o-a1b2/r-ab12/ou-ab12-11111111/`). scps: the policies of each level from the root to the
    account, each of which must allow; none for the management account, which SCPs never limit.
    """

    path: str
    scps: "Sequence[Sequence[NamedPolicy]]" = ()


class Organization(msgspec.Struct, frozen=True, kw_only=True):
    """members: by account id, the management account among them."""

    id: str
    members: Mapping[str, Member]

    def scps_of(self, account_id: str) -> "Sequence[Sequence[NamedPolicy]]":
        """What limits every principal of an account."""
        member = self.members.get(account_id)
        return () if member is None else member.scps


def organization_key(organization: Organization | None, key: str, *, account_id: str) -> "ContextValue | None":
    """`PrincipalOrgID` and its like: `orgid` or `orgpaths` of an account; None for an account outside."""
    member = organization.members.get(account_id) if organization is not None else None
    if organization is None or member is None:
        return None
    return organization.id if key == "orgid" else (member.path,)
