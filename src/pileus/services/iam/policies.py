"""Which identity policies apply to whoever asks?

Read from the store each time, so that a change holds from the next request on, wherever it was made; a document is
compiled once, however often it is read.

Who has policies is found by the unique id that the principal carries (`AIDA...`, `AROA...:SESSION`), never by a name: a
session of a role that was deleted has no policies, even when a role of that name exists again.

Source: IAM User Guide, "Policy evaluation logic", "Unique identifiers".
"""

from collections.abc import Sequence

from pileus.kernel.auth.policy import NamedPolicy, Policy, compile_policy
from pileus.kernel.context import Principal
from pileus.kernel.storage.seam import Store
from pileus.services.iam.records import GroupRecord, Holder
from pileus.services.iam.store import AccountReader

IDENTITY = "identity-based policy"
BOUNDARY = "permissions boundary"
SESSION = "session policy"


class IamPolicySource:
    """Policies, boundaries and tags of users and of roles' sessions."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def policies_of(self, principal: Principal) -> tuple[tuple[NamedPolicy, ...], NamedPolicy | None]:
        """The identity policies, inline and managed, those of a user's groups too; and the permissions boundary.

        None of either for the account's root, and for who is not there (any more).
        """
        account = self._read(principal)
        holder = await _holder(account, principal)
        if holder is None or isinstance(holder, GroupRecord):
            return (), None
        found = await _policies(account, holder)
        if holder.kind == "user":
            for group in await account.groups_of(holder.unique_id):
                found += await _policies(account, group)
        boundary = None
        if holder.permissions_boundary is not None:
            boundary = await _managed(account, holder.permissions_boundary, kind=BOUNDARY)
            # A boundary that cannot be read must not become none.
            boundary = boundary or NamedPolicy(holder.permissions_boundary, Policy(()), BOUNDARY)
        return tuple(found), boundary

    async def session_policies(self, account_id: str, policy_arns: Sequence[str]) -> tuple[NamedPolicy, ...]:
        """The managed policies that a session was given; one that was deleted since allows nothing."""
        account = AccountReader(account_id, self._store.snapshot())
        found = [await _managed(account, arn, kind=SESSION) for arn in policy_arns]
        return tuple(policy for policy in found if policy is not None)

    async def tags_of(self, principal: Principal) -> dict[str, str]:
        """Of the user or the role (`aws:PrincipalTag`); a session's own tags are in its facts."""
        holder = await _holder(self._read(principal), principal)
        return {} if holder is None or isinstance(holder, GroupRecord) else dict(holder.tags)

    def _read(self, principal: Principal) -> AccountReader:
        return AccountReader(principal.account_id, self._store.snapshot())


async def _holder(account: AccountReader, principal: Principal) -> Holder | None:
    session = principal.session
    if session is not None and session.kind == "federated_user":
        # Its own id is ACCOUNT:NAME; the policies are those of the user who asked for the session.
        user = await account.find_user(session.user_arn.rpartition("/")[2])
        return user if user is not None and user.arn == session.user_arn else None
    return await account.find_holder(principal.user_id.partition(":")[0])


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
