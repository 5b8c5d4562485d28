"""Which identity policies apply to whoever asks?

A change holds from the next request on, wherever it was made: the store counts the changes of each account, and what
was read at another count is read again. Almost always two keys are all that a request costs.

Who has policies is found by the unique id that the principal carries (`AIDA...`, `AROA...:SESSION`), never by a name: a
session of a role that was deleted is nobody's, even when a role of that name exists again.

Source: IAM User Guide, "Policy evaluation logic", "Unique identifiers".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pileus.kernel.auth.policy import NamedPolicy, Policy, compile_policy
from pileus.kernel.context import Principal
from pileus.kernel.storage.seam import Store
from pileus.services.iam.records import GroupRecord, Holder
from pileus.services.iam.store import AccountReader

IDENTITY: Final = "identity-based policy"
BOUNDARY: Final = "permissions boundary"
SESSION: Final = "session policy"
_REMEMBERED_MAX: Final = 4_096
"""Users and roles whose policies are kept in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """What a user or a role has."""

    policies: tuple[NamedPolicy, ...] = ()
    boundary: NamedPolicy | None = None
    tags: dict[str, str] = field(default_factory=dict)


_NOTHING: Final = _Held()


class IamPolicySource:
    """Policies, boundaries and tags of users and of roles' sessions."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._remembered: dict[str, tuple[bytes | None, _Held]] = {}

    async def policies_of(self, principal: Principal) -> tuple[tuple[NamedPolicy, ...], NamedPolicy | None] | None:
        """The identity policies, inline and managed, those of a user's groups too; and the permissions boundary.

        Neither for the account's root; None for the user or role that does not exist (any more).
        """
        held = await self._held(principal)
        return None if held is None else (held.policies, held.boundary)

    async def tags_of(self, principal: Principal) -> Mapping[str, str]:
        """Of the user or the role (`aws:PrincipalTag`); a session's own tags are in its facts."""
        return (await self._held(principal) or _NOTHING).tags

    async def exists(self, principal: Principal) -> bool:
        """Whether the user or the role is still there; by unique id, so a namesake that came later is not it."""
        return await self._held(principal) is not None

    async def session_policies(self, account_id: str, policy_arns: Sequence[str]) -> tuple[NamedPolicy, ...]:
        """The managed policies that a session was given; one that was deleted since allows nothing."""
        account = AccountReader(account_id, self._store.snapshot())
        found = [await _managed(account, arn, kind=SESSION) for arn in policy_arns]
        return tuple(policy for policy in found if policy is not None)

    async def _held(self, principal: Principal) -> _Held | None:
        account = AccountReader(principal.account_id, self._store.snapshot())
        holder_id = await _holder_id(account, principal)
        if holder_id == principal.account_id:
            return _NOTHING
        # Counted before it is read: a change in between is then read again, never missed.
        changes, known = await account.known(holder_id)
        if not known:
            return None
        remembered = self._remembered.get(holder_id)
        if remembered is not None and remembered[0] == changes:
            return remembered[1]
        holder = await account.find_holder(holder_id)
        if holder is None:
            return None
        held = await _read(account, holder)
        if holder_id not in self._remembered and len(self._remembered) >= _REMEMBERED_MAX:
            del self._remembered[next(iter(self._remembered))]
        self._remembered[holder_id] = changes, held
        return held


async def _holder_id(account: AccountReader, principal: Principal) -> str:
    """The unique id of whose the policies are, a root's being its account; empty for nobody's."""
    session = principal.session
    if session is None or session.kind != "federated_user":
        return principal.user_id.partition(":")[0]
    # Its own id is ACCOUNT:NAME; the policies are those of the user who asked for the session.
    if session.issuer_id:
        return session.issuer_id
    if session.user_arn.endswith(":root"):
        return principal.account_id
    # A token from before it told the id: whoever is younger than it is not the one who asked.
    user = await account.find_user(session.user_arn.rpartition("/")[2])
    if user is None or user.arn != session.user_arn or user.created_at.replace(microsecond=0) > session.issued_at:
        return ""
    return user.user_id


async def _read(account: AccountReader, holder: Holder) -> _Held:
    if isinstance(holder, GroupRecord):
        return _NOTHING
    policies = await _policies(account, holder)
    if holder.kind == "user":
        for group in await account.groups_of(holder.unique_id):
            policies += await _policies(account, group)
    boundary = None
    if holder.permissions_boundary is not None:
        boundary = await _managed(account, holder.permissions_boundary, kind=BOUNDARY)
        # A boundary that cannot be read must not become none.
        boundary = boundary or NamedPolicy(holder.permissions_boundary, Policy(()), BOUNDARY)
    return _Held(policies=tuple(policies), boundary=boundary, tags=dict(holder.tags))


async def _policies(account: AccountReader, holder: Holder) -> list[NamedPolicy]:
    inline = await account.inline_policies(holder.unique_id)
    found = [NamedPolicy(policy.name, compile_policy(policy.document), IDENTITY) for policy in inline]
    for arn in await account.attached_policy_arns(holder.unique_id):
        policy = await _managed(account, arn, kind=IDENTITY)
        if policy is not None:
            found.append(policy)
    return found


async def _managed(account: AccountReader, arn: str, *, kind: str) -> NamedPolicy | None:
    policy = await account.find_policy(arn)
    if policy is None:
        return None
    return NamedPolicy(arn, compile_policy(await account.default_document(policy)), kind)
