"""What does every operation have at hand?"""

from datetime import datetime

from pileus.kernel.auth.key_ids import KeyIds
from pileus.kernel.auth.sealing import Seal
from pileus.kernel.clock import Clock
from pileus.kernel.context import RequestContext
from pileus.kernel.ids import Ids
from pileus.kernel.storage.seam import Store
from pileus.services.iam import model
from pileus.services.iam.errors import DeleteConflict, InvalidInput, NoSuchEntity
from pileus.services.iam.records import Holder, UserRecord
from pileus.services.iam.store import AccountReader, IamStore


class Operations:
    """The common ground of the operations. All state is the account's; IAM knows no region."""

    def __init__(
        self,
        *,
        store: Store,
        seal: Seal,
        key_ids: KeyIds,
        clock: Clock,
        ids: Ids,
        devices_clock: Clock | None = None,
    ) -> None:
        """seal: for `store.SECRETS_PURPOSE`. devices_clock: the one MFA devices go by, where that is not `clock`:
        a telephone knows nothing of a clock that somebody has moved.
        """
        self._store = IamStore(store)
        self._seal = seal
        self._key_ids = key_ids
        self._clock = clock
        self._devices_clock = devices_clock or clock
        self._ids = ids

    def _now(self) -> datetime:
        """IAM's dates have no fraction."""
        return model.whole_second(self._clock.now())

    def _new_id(self, prefix: str) -> str:
        """A unique id (IAM User Guide, "Unique identifiers"); never given twice, unlike a name."""
        return prefix + self._ids.base32(model.UNIQUE_ID_CHARS)

    async def _owner(self, context: RequestContext, account: AccountReader, user_name: str | None) -> UserRecord:
        """Whose credentials an operation is about: those of the user named, or of whoever asks, be it the root."""
        if user_name is None and model.root(context.principal):
            return model.root_user(context)
        return await account.user(model.user_name_of(context.principal, user_name))

    async def _root(self, context: RequestContext) -> UserRecord:
        """The root, with the moment its account began: when its oldest user or role did, or now; told ever since."""
        created_at = await self._store.read(context.account_id).account_created_at()
        if created_at is None:
            async with self._store.transaction(context.account_id) as account:
                created_at = await account.begin(now=self._now())
        return model.root_user(context, created_at=created_at)

    async def _check_boundary(self, context: RequestContext, account: AccountReader, policy_arn: str | None) -> None:
        """InvalidInput, NoSuchEntity unless a managed policy may be a boundary (recorded:
        test_role_permissions_boundary_errors)."""
        if policy_arn is None:
            return
        if not model.policy_arn(policy_arn):
            raise InvalidInput(f"ARN {policy_arn} is not valid.")
        if await account.find_policy(policy_arn, partition=context.partition) is None:
            raise NoSuchEntity(f"Scope ARN: {policy_arn} does not exist or is not attachable.")

    async def _check_without_policies(self, account: AccountReader, holder: Holder) -> None:
        """DeleteConflict while a policy hangs on what should be deleted."""
        if await account.attached_policy_arns(holder.unique_id):
            raise DeleteConflict("Cannot delete entity, must detach all policies first.")
        if await account.inline_policies(holder.unique_id):
            raise DeleteConflict("Cannot delete entity, must delete policies first.")
