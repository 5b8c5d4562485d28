"""IAM: who exists in an account, and by which keys they are known."""

import msgspec

from pileus.kernel.auth.key_ids import LONG_TERM, KeyIds, new_secret_access_key
from pileus.kernel.auth.sealing import Seal
from pileus.kernel.clock import Clock
from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.kernel.ids import Ids
from pileus.kernel.storage.seam import Store
from pileus.services.iam import documents, model, shapes
from pileus.services.iam.errors import DeleteConflict, EntityAlreadyExists, LimitExceeded, ValidationError
from pileus.services.iam.limits import ACCESS_KEYS_PER_USER_MAX, SESSION_DURATION_MAX_DEFAULT
from pileus.services.iam.records import AccessKeyRecord, RolePolicyRecord, RoleRecord, UserRecord
from pileus.services.iam.store import IamStore


class IamApi:
    """The operations, in the model's order. All state is the account's; IAM knows no region."""

    def __init__(self, *, store: Store, seal: Seal, key_ids: KeyIds, clock: Clock, ids: Ids) -> None:
        """seal: for `store.SECRETS_PURPOSE`."""
        self._store = IamStore(store)
        self._seal = seal
        self._key_ids = key_ids
        self._clock = clock
        self._ids = ids

    async def create_access_key(
        self, context: RequestContext, request: shapes.CreateAccessKeyRequest
    ) -> shapes.CreateAccessKeyResponse:
        user_name = model.user_name_of(context.principal, request.user_name)
        secret_access_key = new_secret_access_key(self._ids)
        async with self._store.transaction(context.account_id) as account:
            user = await account.user(user_name)
            if len(await account.access_keys(user.name)) >= ACCESS_KEYS_PER_USER_MAX:
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
                created_at=model.whole_second(self._clock.now()),
                sealed_secret=self._seal.seal(secret_access_key.encode(), bound_to=access_key_id.encode()),
            )
            account.put_access_key(key)
        return shapes.CreateAccessKeyResponse(
            access_key=shapes.AccessKey(
                user_name=key.user_name,
                access_key_id=key.access_key_id,
                status="Active",
                secret_access_key=secret_access_key,
                create_date=key.created_at,
            )
        )

    async def create_role(
        self, context: RequestContext, request: shapes.CreateRoleRequest
    ) -> shapes.CreateRoleResponse:
        _refuse_boundary(request.permissions_boundary)
        documents.check_trust_policy(request.assume_role_policy_document)
        model.check_trust_policy_size(request.assume_role_policy_document)
        path = request.path or "/"
        role = RoleRecord(
            account_id=context.account_id,
            name=request.role_name,
            path=path,
            role_id=model.ROLE_ID_PREFIX + self._ids.base32(model.UNIQUE_ID_CHARS),
            arn=model.arn(context.partition, context.account_id, "role", path=path, name=request.role_name),
            created_at=model.whole_second(self._clock.now()),
            trust_policy=request.assume_role_policy_document,
            description=request.description,
            session_duration_max_s=request.max_session_duration or int(SESSION_DURATION_MAX_DEFAULT.total_seconds()),
            tags=model.kept_tags(request.tags),
        )
        async with self._store.transaction(context.account_id) as account:
            if await account.find_role(role.name) is not None:
                raise EntityAlreadyExists(f"Role with name {role.name} already exists.")
            account.put_role(role)
        return shapes.CreateRoleResponse(role=model.created_role_shape(role))

    async def create_user(
        self, context: RequestContext, request: shapes.CreateUserRequest
    ) -> shapes.CreateUserResponse:
        _refuse_boundary(request.permissions_boundary)
        path = request.path or "/"
        user = UserRecord(
            account_id=context.account_id,
            name=request.user_name,
            path=path,
            user_id=model.USER_ID_PREFIX + self._ids.base32(model.UNIQUE_ID_CHARS),
            arn=model.arn(context.partition, context.account_id, "user", path=path, name=request.user_name),
            created_at=model.whole_second(self._clock.now()),
            tags=model.kept_tags(request.tags),
        )
        async with self._store.transaction(context.account_id) as account:
            if await account.find_user(user.name) is not None:
                raise EntityAlreadyExists(f"User with name {user.name} already exists.")
            account.put_user(user)
        return shapes.CreateUserResponse(user=model.user_shape(user))

    async def delete_access_key(self, context: RequestContext, request: shapes.DeleteAccessKeyRequest) -> None:
        user_name = model.user_name_of(context.principal, request.user_name)
        async with self._store.transaction(context.account_id) as account:
            user = await account.user(user_name)
            account.delete_access_key(await account.access_key(request.access_key_id, user_name=user.name))

    async def delete_role(self, context: RequestContext, request: shapes.DeleteRoleRequest) -> None:
        async with self._store.transaction(context.account_id) as account:
            role = await account.role(request.role_name)
            if await account.role_policies(role.name):
                raise DeleteConflict("Cannot delete entity, must delete policies first.")
            account.delete_role(role)

    async def delete_role_policy(self, context: RequestContext, request: shapes.DeleteRolePolicyRequest) -> None:
        async with self._store.transaction(context.account_id) as account:
            role = await account.role(request.role_name)
            account.delete_role_policy(role, await account.role_policy(role.name, request.policy_name))

    async def delete_user(self, context: RequestContext, request: shapes.DeleteUserRequest) -> None:
        async with self._store.transaction(context.account_id) as account:
            user = await account.user(request.user_name)
            if await account.access_keys(user.name):
                raise DeleteConflict("Cannot delete entity, must delete access keys first.")
            account.delete_user(user)

    async def get_role(self, context: RequestContext, request: shapes.GetRoleRequest) -> shapes.GetRoleResponse:
        role = await self._store.read(context.account_id).role(request.role_name)
        return shapes.GetRoleResponse(role=model.role_shape(role))

    async def get_role_policy(
        self, context: RequestContext, request: shapes.GetRolePolicyRequest
    ) -> shapes.GetRolePolicyResponse:
        account = self._store.read(context.account_id)
        role = await account.role(request.role_name)
        policy = await account.role_policy(role.name, request.policy_name)
        return shapes.GetRolePolicyResponse(
            role_name=role.name, policy_name=policy.name, policy_document=model.encoded_document(policy.document)
        )

    async def get_user(self, context: RequestContext, request: shapes.GetUserRequest) -> shapes.GetUserResponse:
        user_name = model.user_name_of(context.principal, request.user_name)
        user = await self._store.read(context.account_id).user(user_name)
        return shapes.GetUserResponse(user=model.user_shape(user))

    async def list_access_keys(
        self, context: RequestContext, request: shapes.ListAccessKeysRequest
    ) -> shapes.ListAccessKeysResponse:
        user_name = model.user_name_of(context.principal, request.user_name)
        account = self._store.read(context.account_id)
        user = await account.user(user_name)
        # Never more than two, so there is no second page.
        keys = await account.access_keys(user.name)
        return shapes.ListAccessKeysResponse(
            access_key_metadata=[model.access_key_shape(key) for key in keys], is_truncated=False
        )

    async def list_role_policies(
        self, context: RequestContext, request: shapes.ListRolePoliciesRequest
    ) -> shapes.ListRolePoliciesResponse:
        account = self._store.read(context.account_id)
        role = await account.role(request.role_name)
        after_name = model.name_of_marker(request.marker)
        found = [
            policy
            for policy in await account.role_policies(role.name)
            if after_name is None or policy.name > after_name
        ]
        policies, marker = model.page(found, items_max=model.page_items(request.max_items))
        return shapes.ListRolePoliciesResponse(
            policy_names=[policy.name for policy in policies], is_truncated=marker is not None, marker=marker
        )

    async def list_roles(self, context: RequestContext, request: shapes.ListRolesRequest) -> shapes.ListRolesResponse:
        items_max = model.page_items(request.max_items)
        found = await self._store.read(context.account_id).roles(
            path_prefix=request.path_prefix or "/",
            after_name=model.name_of_marker(request.marker),
            limit=items_max + 1,
        )
        roles, marker = model.page(found, items_max=items_max)
        return shapes.ListRolesResponse(
            roles=[model.listed_role_shape(role) for role in roles], is_truncated=marker is not None, marker=marker
        )

    async def list_users(self, context: RequestContext, request: shapes.ListUsersRequest) -> shapes.ListUsersResponse:
        items_max = model.page_items(request.max_items)
        found = await self._store.read(context.account_id).users(
            path_prefix=request.path_prefix or "/",
            after_name=model.name_of_marker(request.marker),
            limit=items_max + 1,
        )
        users, marker = model.page(found, items_max=items_max)
        return shapes.ListUsersResponse(
            users=[model.user_shape(user, with_tags=False) for user in users],
            is_truncated=marker is not None,
            marker=marker,
        )

    async def put_role_policy(self, context: RequestContext, request: shapes.PutRolePolicyRequest) -> None:
        documents.check_identity_policy(request.policy_document)
        policy = RolePolicyRecord(name=request.policy_name, document=request.policy_document)
        async with self._store.transaction(context.account_id) as account:
            role = await account.role(request.role_name)
            others = [kept for kept in await account.role_policies(role.name) if kept.name != policy.name]
            model.check_inline_policies_size(role, [*others, policy])
            account.put_role_policy(role, policy)

    async def update_access_key(self, context: RequestContext, request: shapes.UpdateAccessKeyRequest) -> None:
        if request.status == "Expired":
            # A state of service-specific credentials, which share the model's enumeration.
            raise ValidationError("The status of an access key is Active or Inactive.")
        user_name = model.user_name_of(context.principal, request.user_name)
        async with self._store.transaction(context.account_id) as account:
            user = await account.user(user_name)
            key = await account.access_key(request.access_key_id, user_name=user.name)
            account.put_access_key(msgspec.structs.replace(key, active=request.status == "Active"))

    async def update_assume_role_policy(
        self, context: RequestContext, request: shapes.UpdateAssumeRolePolicyRequest
    ) -> None:
        documents.check_trust_policy(request.policy_document)
        model.check_trust_policy_size(request.policy_document)
        async with self._store.transaction(context.account_id) as account:
            role = await account.role(request.role_name)
            account.put_role(msgspec.structs.replace(role, trust_policy=request.policy_document))


def _refuse_boundary(permissions_boundary: str | None) -> None:
    if permissions_boundary is not None:
        raise NotImplementedByPileus("PermissionsBoundary is not implemented")
