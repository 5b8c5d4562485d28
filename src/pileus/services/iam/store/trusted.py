"""Who is it that a trust policy names, in whichever account?"""

from collections.abc import AsyncIterator

from pileus.kernel.storage.keys import Subspace
from pileus.services.iam import trust
from pileus.services.iam.records import RoleRecord, TrustedRecord, UserRecord
from pileus.services.iam.store.attachments import AttachmentReader
from pileus.services.iam.trust import Written

_IAM = Subspace("iam")


class TrustReader(AttachmentReader):
    """All accounts are here, so all are asked; with one exception, see `trusted_by`."""

    async def trusted_by(self, document: str) -> tuple[TrustedRecord, ...]:
        """The users and roles that a checked trust policy names; MalformedPolicyDocument when one does not exist.

        Those of another account that IAM knows nothing of are let pass, and stay names: programs that are tried out
        here name the accounts of their real neighbours.
        """
        found: list[TrustedRecord] = []
        for written in trust.written_principals(document):
            principal = await self._trusted(written)
            if principal is not None:
                found.append(principal)
            elif written.unique_id or written.account_id == self._account_id or await self._in_use(written.account_id):
                raise trust.invalid_principal(written)
        return tuple(found)

    async def with_present_names(self, role: RoleRecord) -> RoleRecord:
        """The role as it is told of."""
        arns: dict[str, str] = {}
        for one in role.trusted:
            entity = await self._of(one.account_id)._entity(one.unique_id)
            if entity is not None:
                arns[one.unique_id] = entity.arn
        return trust.as_shown(role, arns)

    def _of(self, account_id: str) -> "TrustReader":
        return TrustReader(account_id, self._reads)

    async def _trusted(self, written: Written) -> TrustedRecord | None:
        if not written.unique_id:
            of = self._of(written.account_id)
            entity = await (of.find_user(written.name) if written.kind == "user" else of.find_role(written.name))
            if entity is None or entity.arn != written.text:
                return None
            return TrustedRecord(written=written.text, account_id=written.account_id, unique_id=entity.unique_id)
        async for account_id in self._accounts():
            if await self._of(account_id)._entity(written.text) is not None:
                return TrustedRecord(written=written.text, account_id=account_id, unique_id=written.text)
        return None

    async def _entity(self, unique_id: str) -> UserRecord | RoleRecord | None:
        holder = await self.find_holder(unique_id)
        return holder if isinstance(holder, UserRecord | RoleRecord) else None

    async def _in_use(self, account_id: str) -> bool:
        """Whether anything was ever made in IAM there."""
        return bool(await self._reads.range(*_IAM.range(account_id), limit=1))

    async def _accounts(self) -> AsyncIterator[str]:
        """Every account that IAM keeps something of, this one first."""
        yield self._account_id
        begin, end = _IAM.range()
        while pairs := await self._reads.range(begin, end, limit=1):
            account_id = str(_IAM.unpack(pairs[0][0])[0])
            if account_id != self._account_id:
                yield account_id
            begin = _IAM.range(account_id)[1]
