"""What holds for the account as a whole?"""

from collections.abc import Mapping
from typing import Final, Literal

from pileus.kernel.context import RequestContext
from pileus.services.iam import model, shapes, summary
from pileus.services.iam.account_limits import REPORT_VALIDITY
from pileus.services.iam.account_records import CredentialReportRecord, PasswordPolicyRecord, TokenPreferencesRecord
from pileus.services.iam.credential_report import REPORT_FORMAT, UserCredentials, report_csv
from pileus.services.iam.errors import EntityAlreadyExists, NoSuchEntity, ReportExpired, ReportNotPresent
from pileus.services.iam.operations.base import Operations
from pileus.services.iam.records import UserRecord
from pileus.services.iam.store import AccountReader

_TOKEN_VERSIONS: Final[Mapping[shapes.GlobalEndpointTokenVersion, Literal[1, 2]]] = {"v1Token": 1, "v2Token": 2}


class AccountOperations(Operations):
    """Alias, password policy, summary and credential report."""

    async def create_account_alias(self, context: RequestContext, request: shapes.CreateAccountAliasRequest) -> None:
        async with self._store.transaction(context.account_id) as account:
            if await account.alias_owner(request.account_alias) is not None:
                raise EntityAlreadyExists(f"The account alias {request.account_alias} already exists.")
            await account.put_account_alias(request.account_alias)

    async def delete_account_alias(self, context: RequestContext, request: shapes.DeleteAccountAliasRequest) -> None:
        async with self._store.transaction(context.account_id) as account:
            if await account.account_alias() != request.account_alias:
                raise NoSuchEntity(f"The account alias {request.account_alias} cannot be found.")
            await account.delete_account_alias()

    async def delete_account_password_policy(
        self, context: RequestContext, request: shapes.DeleteAccountPasswordPolicyRequest
    ) -> None:
        async with self._store.transaction(context.account_id) as account:
            if await account.password_policy() is None:
                raise NoSuchEntity("The account policy with name PasswordPolicy cannot be found.")
            account.delete_password_policy()

    async def generate_credential_report(
        self, context: RequestContext, request: shapes.GenerateCredentialReportRequest
    ) -> shapes.GenerateCredentialReportResponse:
        """The report is there when the first answer leaves; that still says STARTED, as on AWS, so that both agree."""
        async with self._store.transaction(context.account_id) as account:
            now = self._now()
            last = await account.credential_report()
            if last is not None and now - last.generated_at <= REPORT_VALIDITY:
                return shapes.GenerateCredentialReportResponse(state="COMPLETE")
            root = await _credentials(account, model.root_user(context, created_at=await account.begin(now=now)))
            users = [
                await _credentials(account, user)
                for user in await account.users(path_prefix="/", after_name=None, limit=summary.USERS_MAX)
            ]
            content = report_csv(users, await account.password_policy(), root=root)
            account.put_credential_report(CredentialReportRecord(generated_at=now, content=content))
        return shapes.GenerateCredentialReportResponse(
            state="STARTED", description="No report exists. Starting a new report generation task"
        )

    async def get_account_password_policy(
        self, context: RequestContext, request: shapes.GetAccountPasswordPolicyRequest
    ) -> shapes.GetAccountPasswordPolicyResponse:
        policy = await self._store.read(context.account_id).password_policy()
        if policy is None:
            raise NoSuchEntity(f"The Password Policy with domain name {context.account_id} cannot be found.")
        return shapes.GetAccountPasswordPolicyResponse(
            password_policy=shapes.PasswordPolicy(
                minimum_password_length=policy.length_min,
                require_symbols=policy.symbols,
                require_numbers=policy.numbers,
                require_uppercase_characters=policy.uppercase,
                require_lowercase_characters=policy.lowercase,
                allow_users_to_change_password=policy.users_may_change,
                expire_passwords=policy.age_days_max is not None,
                max_password_age=policy.age_days_max,
                password_reuse_prevention=policy.reuse_prevention,
                hard_expiry=policy.hard_expiry,
            )
        )

    async def get_account_summary(
        self, context: RequestContext, request: shapes.GetAccountSummaryRequest
    ) -> shapes.GetAccountSummaryResponse:
        account = self._store.read(context.account_id)
        return shapes.GetAccountSummaryResponse(
            summary_map=summary.summary_map(await _counts(account, model.root_user(context)))
        )

    async def get_credential_report(
        self, context: RequestContext, request: shapes.GetCredentialReportRequest
    ) -> shapes.GetCredentialReportResponse:
        report = await self._store.read(context.account_id).credential_report()
        if report is None:
            raise ReportNotPresent("Unknown")  # AWS's whole message
        if self._now() - report.generated_at > REPORT_VALIDITY:
            raise ReportExpired("Unknown")
        return shapes.GetCredentialReportResponse(
            content=report.content, report_format=REPORT_FORMAT, generated_time=report.generated_at
        )

    async def list_account_aliases(
        self, context: RequestContext, request: shapes.ListAccountAliasesRequest
    ) -> shapes.ListAccountAliasesResponse:
        """Never more than one, so there is no second page."""
        alias = await self._store.read(context.account_id).account_alias()
        return shapes.ListAccountAliasesResponse(account_aliases=[] if alias is None else [alias], is_truncated=False)

    async def set_security_token_service_preferences(
        self, context: RequestContext, request: shapes.SetSecurityTokenServicePreferencesRequest
    ) -> None:
        """GetAccountSummary tells it. Tokens are good in every Region here, as those of version 2 are on AWS."""
        version = _TOKEN_VERSIONS[request.global_endpoint_token_version]
        async with self._store.transaction(context.account_id) as account:
            account.put_token_preferences(TokenPreferencesRecord(global_endpoint_version=version))

    async def update_account_password_policy(
        self, context: RequestContext, request: shapes.UpdateAccountPasswordPolicyRequest
    ) -> None:
        """What is not said gets its default again, whatever it was (API_UpdateAccountPasswordPolicy)."""
        policy = PasswordPolicyRecord(
            length_min=request.minimum_password_length or PasswordPolicyRecord().length_min,
            symbols=request.require_symbols or False,
            numbers=request.require_numbers or False,
            uppercase=request.require_uppercase_characters or False,
            lowercase=request.require_lowercase_characters or False,
            users_may_change=request.allow_users_to_change_password or False,
            age_days_max=request.max_password_age,
            reuse_prevention=request.password_reuse_prevention,
            hard_expiry=request.hard_expiry,
        )
        async with self._store.transaction(context.account_id) as account:
            account.put_password_policy(policy)


async def _credentials(account: AccountReader, user: UserRecord) -> UserCredentials:
    return UserCredentials(
        user=user,
        login_profile=await account.find_login_profile(user),
        mfa_active=bool(await account.mfa_devices_of(user)),
        access_keys=[(key, await account.key_use(key.access_key_id)) for key in await account.access_keys(user)],
        certificates=await account.signing_certificates(user),
    )


async def _counts(account: AccountReader, root: UserRecord) -> summary.Counts:
    return summary.Counts(
        users=await account.count("user"),
        groups=await account.count("group"),
        roles=await account.count("role"),
        policies=await account.count("policy"),
        policy_versions=await account.count("policy-version"),
        instance_profiles=await account.count("instance-profile"),
        server_certificates=await account.count("server-certificate"),
        providers=await account.count("oidc-provider") + await account.count("saml-provider"),
        mfa_devices=await account.count("mfa-device"),
        mfa_devices_in_use=await account.mfa_devices_in_use(),
        global_endpoint_token_version=await account.global_endpoint_token_version(),
        root_access_keys=len(await account.access_keys(root)),
        root_signing_certificates=len(await account.signing_certificates(root)),
    )
