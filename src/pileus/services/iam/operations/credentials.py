"""How does a user prove itself, other than by access keys?"""

import asyncio

import msgspec

from pileus.kernel.context import RequestContext
from pileus.services.iam import model, passwords, shapes
from pileus.services.iam.account_limits import PASSWORDS_REMEMBERED_MAX
from pileus.services.iam.account_records import LoginProfileRecord
from pileus.services.iam.errors import AccessDenied, EntityAlreadyExists, InvalidUserType, ValidationError
from pileus.services.iam.operations.mfa_devices import MfaDeviceOperations
from pileus.services.iam.store import AccountWriter


class CredentialOperations(MfaDeviceOperations):
    """Login profiles, and when access keys were used.

    A password is hashed in a thread and outside of every transaction; the profile whose salt it was hashed with is
    looked at again in the transaction that uses the hash.
    """

    async def change_password(self, context: RequestContext, request: shapes.ChangePasswordRequest) -> None:
        if ":user/" not in context.principal.arn:
            raise InvalidUserType("Only IAM Users can change their own password")
        user_name = model.user_name_of(context.principal, None)
        account = self._store.read(context.account_id)
        salt = (await account.login_profile(await account.user(user_name))).salt
        old = await _hashed(request.old_password, salt)
        new = await _hashed(request.new_password, salt)
        async with self._store.transaction(context.account_id) as writer:
            profile = await writer.login_profile(await writer.user(user_name))
            if profile.salt != salt or not passwords.matches(profile, old):
                raise AccessDenied("The old password was incorrect.")
            await self._change(writer, user_name, password=request.new_password, hashed=new, reset=False)

    async def create_login_profile(
        self, context: RequestContext, request: shapes.CreateLoginProfileRequest
    ) -> shapes.CreateLoginProfileResponse:
        if request.password is None:
            # Only a session of AssumeRoot may leave it out (API_CreateLoginProfile); there are none here.
            raise ValidationError(
                "1 validation error detected: Value at 'password' failed to satisfy constraint: Member must not be null"
            )
        user_name = model.user_name_of(context.principal, request.user_name)
        salt = self._ids.bytes(passwords.SALT_BYTES)
        hashed = await _hashed(request.password, salt)
        now = self._now()
        async with self._store.transaction(context.account_id) as account:
            user = await account.user(user_name)
            if await account.find_login_profile(user) is not None:
                raise EntityAlreadyExists(f"Login Profile for user {user.name} already exists.")
            policy = await account.password_policy()
            passwords.check_password(request.password, policy)
            profile = LoginProfileRecord(
                created_at=now,
                changed_at=now,
                salt=salt,
                hashed=hashed,
                reset_required=request.password_reset_required or False,
            )
            account.put_login_profile(user, profile)
        return shapes.CreateLoginProfileResponse(login_profile=_login_profile_shape(user.name, profile))

    async def delete_login_profile(self, context: RequestContext, request: shapes.DeleteLoginProfileRequest) -> None:
        user_name = model.user_name_of(context.principal, request.user_name)
        async with self._store.transaction(context.account_id) as account:
            user = await account.user(user_name)
            await account.login_profile(user)
            account.delete_login_profile(user)

    async def get_access_key_last_used(
        self, context: RequestContext, request: shapes.GetAccessKeyLastUsedRequest
    ) -> shapes.GetAccessKeyLastUsedResponse:
        account = self._store.read(context.account_id)
        key = await account.find_access_key(request.access_key_id)
        if key is None:
            # Not NoSuchEntity: AWS does not tell which keys others have (recordings of 2026-02-11).
            raise AccessDenied(
                f"User: {context.principal.arn} is not authorized to perform iam:GetAccessKeyLastUsed "
                f"on resource: access key {request.access_key_id}"
            )
        use = await account.key_use(key.access_key_id)
        last_used = (
            shapes.AccessKeyLastUsed(service_name="N/A", region="N/A")
            if use is None
            else shapes.AccessKeyLastUsed(last_used_date=use.at, service_name=use.service, region=use.region)
        )
        return shapes.GetAccessKeyLastUsedResponse(user_name=key.user_name or None, access_key_last_used=last_used)

    async def get_login_profile(
        self, context: RequestContext, request: shapes.GetLoginProfileRequest
    ) -> shapes.GetLoginProfileResponse:
        user_name = model.user_name_of(context.principal, request.user_name)
        account = self._store.read(context.account_id)
        user = await account.user(user_name)
        profile = await account.login_profile(user)
        return shapes.GetLoginProfileResponse(login_profile=_login_profile_shape(user.name, profile))

    async def update_login_profile(self, context: RequestContext, request: shapes.UpdateLoginProfileRequest) -> None:
        """What is not said stays."""
        account = self._store.read(context.account_id)
        salt = (await account.login_profile(await account.user(request.user_name))).salt
        hashed = None if request.password is None else await _hashed(request.password, salt)
        async with self._store.transaction(context.account_id) as writer:
            if request.password is not None and hashed is not None:
                await self._change(
                    writer,
                    request.user_name,
                    password=request.password,
                    hashed=hashed,
                    reset=request.password_reset_required,
                )
            elif request.password_reset_required is not None:
                user = await writer.user(request.user_name)
                profile = await writer.login_profile(user)
                changed = msgspec.structs.replace(profile, reset_required=request.password_reset_required)
                writer.put_login_profile(user, changed)

    async def _change(
        self,
        account: AccountWriter,
        user_name: str,
        *,
        password: str,
        hashed: bytes,
        reset: bool | None,
    ) -> None:
        """A new password instead of the old; PasswordPolicyViolation. reset: None leaves it as it is."""
        user = await account.user(user_name)
        profile = await account.login_profile(user)
        policy = await account.password_policy()
        passwords.check_password(password, policy)
        passwords.check_reuse(profile, hashed, policy)
        changed = msgspec.structs.replace(
            profile,
            hashed=hashed,
            former=(profile.hashed, *profile.former)[: PASSWORDS_REMEMBERED_MAX - 1],
            changed_at=self._now(),
            reset_required=profile.reset_required if reset is None else reset,
        )
        account.put_login_profile(user, changed)


async def _hashed(password: str, salt: bytes) -> bytes:
    return await asyncio.to_thread(passwords.hash_password, password, salt=salt)


def _login_profile_shape(user_name: str, profile: LoginProfileRecord) -> shapes.LoginProfile:
    return shapes.LoginProfile(
        user_name=user_name, create_date=profile.created_at, password_reset_required=profile.reset_required
    )
