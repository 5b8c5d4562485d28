"""By which keys is a user known?"""

import msgspec

from pileus.kernel.auth.key_ids import LONG_TERM, new_secret_access_key
from pileus.kernel.context import RequestContext
from pileus.services.iam import answers, paging, shapes
from pileus.services.iam.errors import LimitExceeded, ValidationError
from pileus.services.iam.limits import ACCESS_KEYS_PER_USER_MAX
from pileus.services.iam.operations.base import Operations
from pileus.services.iam.records import AccessKeyRecord


class AccessKeyOperations(Operations):
    """The long-term keys of users, and of the root when it asks and names nobody."""

    async def create_access_key(
        self, context: RequestContext, request: shapes.CreateAccessKeyRequest
    ) -> shapes.CreateAccessKeyResponse:
        secret_access_key = new_secret_access_key(self._ids)
        async with self._store.transaction(context.account_id) as account:
            user = await self._owner(context, account, request.user_name)
            if len(await account.access_keys(user)) >= ACCESS_KEYS_PER_USER_MAX:
                raise LimitExceeded(f"Cannot exceed quota for AccessKeysPerUser: {ACCESS_KEYS_PER_USER_MAX}")
            access_key_id = self._key_ids.mint(LONG_TERM)
            while await account.access_key_id_taken(access_key_id):
                access_key_id = self._key_ids.mint(LONG_TERM)
            key = AccessKeyRecord(
                access_key_id=access_key_id,
                account_id=user.account_id,
                user_name=user.name,
                user_id=user.user_id,
                user_arn=user.arn,
                created_at=self._now(),
                sealed_secret=self._seal.seal(secret_access_key.encode(), bound_to=access_key_id.encode()),
            )
            account.put_access_key(key)
        created = shapes.AccessKey(
            user_name=key.user_name,
            access_key_id=key.access_key_id,
            status="Active",
            secret_access_key=secret_access_key,
            create_date=key.created_at,
        )
        return shapes.CreateAccessKeyResponse(access_key=answers.named(created))

    async def delete_access_key(self, context: RequestContext, request: shapes.DeleteAccessKeyRequest) -> None:
        async with self._store.transaction(context.account_id) as account:
            user = await self._owner(context, account, request.user_name)
            account.delete_access_key(await account.access_key(request.access_key_id, user=user))

    async def list_access_keys(
        self, context: RequestContext, request: shapes.ListAccessKeysRequest
    ) -> shapes.ListAccessKeysResponse:
        account = self._store.read(context.account_id)
        keys = await account.access_keys(await self._owner(context, account, request.user_name))
        page = paging.page_of_all(keys, request, name=lambda key: key.access_key_id)
        return shapes.ListAccessKeysResponse(
            access_key_metadata=[answers.access_key_shape(key) for key in page.items],
            is_truncated=page.truncated,
            marker=page.marker,
        )

    async def update_access_key(self, context: RequestContext, request: shapes.UpdateAccessKeyRequest) -> None:
        if request.status == "Expired":
            # A state of service-specific credentials, which share the model's enumeration.
            raise ValidationError("The status of an access key is Active or Inactive.")
        async with self._store.transaction(context.account_id) as account:
            user = await self._owner(context, account, request.user_name)
            key = await account.access_key(request.access_key_id, user=user)
            account.put_access_key(msgspec.structs.replace(key, active=request.status == "Active"))
