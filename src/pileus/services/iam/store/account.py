"""Where is kept what holds for the whole account?

Aliases are kept outside of every account, since each is unique among all.
"""

from datetime import datetime
from typing import Final, Literal

from pileus.kernel.storage.keys import Subspace
from pileus.kernel.storage.records import decode, encode
from pileus.services.iam.account_records import (
    AccountAliasRecord,
    AccountRecord,
    CredentialReportRecord,
    PasswordPolicyRecord,
    RoleDeletionRecord,
    TokenPreferencesRecord,
)
from pileus.services.iam.records import RoleRecord, UserRecord
from pileus.services.iam.store.base import Reader, Writer

_ALIASES: Final = Subspace("iam-account-alias")


class AccountSettingsReader(Reader):
    async def account_created_at(self) -> datetime | None:
        """None until somebody has asked; see `begin`."""
        record = await self._find(AccountRecord, "account")
        return None if record is None else record.created_at

    async def account_alias(self) -> str | None:
        record = await self._find(AccountAliasRecord, "account-alias")
        return None if record is None else record.alias

    async def password_policy(self) -> PasswordPolicyRecord | None:
        """None where AWS's default holds."""
        return await self._find(PasswordPolicyRecord, "password-policy")

    async def credential_report(self) -> CredentialReportRecord | None:
        """The latest, however old."""
        return await self._find(CredentialReportRecord, "credential-report")

    async def global_endpoint_token_version(self) -> Literal[1, 2]:
        record = await self._find(TokenPreferencesRecord, "token-preferences")
        return 1 if record is None else record.global_endpoint_version

    async def role_deletion(self, task_id: str) -> RoleDeletionRecord | None:
        return await self._find(RoleDeletionRecord, "role-deletion", task_id)


class AccountSettingsWriter(AccountSettingsReader, Writer):
    async def begin(self, *, now: datetime) -> datetime:
        """When the account began: with the oldest user or role that it had when this was asked first."""
        known = await self.account_created_at()
        if known is not None:
            return known
        users = await self._all(UserRecord, "user")
        roles = await self._all(RoleRecord, "role")
        created_at = min((entity.created_at for entity in (*users, *roles)), default=now)
        self._set(AccountRecord(created_at=created_at), "account")
        return created_at

    async def alias_owner(self, alias: str) -> str | None:
        """The account that has this alias."""
        data = await self._tx.get(_ALIASES.pack(alias))
        return None if data is None else decode(data, AccountAliasRecord).account_id

    async def put_account_alias(self, alias: str) -> None:
        """Instead of the one it had."""
        await self.delete_account_alias()
        record = AccountAliasRecord(alias=alias, account_id=self._account_id)
        self._tx.set(_ALIASES.pack(alias), encode(record))
        self._set(record, "account-alias")

    async def delete_account_alias(self) -> None:
        alias = await self.account_alias()
        if alias is not None:
            self._tx.clear(_ALIASES.pack(alias))
            self._clear("account-alias")

    def put_password_policy(self, policy: PasswordPolicyRecord) -> None:
        self._set(policy, "password-policy")

    def delete_password_policy(self) -> None:
        self._clear("password-policy")

    def put_credential_report(self, report: CredentialReportRecord) -> None:
        self._set(report, "credential-report")

    def put_token_preferences(self, preferences: TokenPreferencesRecord) -> None:
        self._set(preferences, "token-preferences")

    def put_role_deletion(self, deletion: RoleDeletionRecord) -> None:
        self._set(deletion, "role-deletion", deletion.task_id)
