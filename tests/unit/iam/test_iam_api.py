"""Does IAM keep roles, users and keys as AWS does?"""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import unquote

import msgspec
import pytest
import pytest_asyncio

from pileus.kernel.auth.key_ids import KeyIds
from pileus.kernel.auth.principals import root_of
from pileus.kernel.auth.sealing import Seal
from pileus.kernel.clock import MovableClock
from pileus.kernel.context import Principal, RequestContext
from pileus.kernel.errors import ServiceError
from pileus.kernel.ids import SystemIds
from pileus.kernel.storage.sqlite import SqliteStore, open_store
from pileus.services.iam import shapes
from pileus.services.iam.api import IamApi
from pileus.services.iam.store import SECRETS_PURPOSE, IamKeyDirectory, IamRoleDirectory

ACCOUNT = "111111111111"
SECRET = bytes(range(32))
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})


class Iam:
    """The API on a store of its own."""

    def __init__(self, store: SqliteStore, clock: MovableClock) -> None:
        self.store = store
        ids = SystemIds()
        self.seal = Seal(SECRET, purpose=SECRETS_PURPOSE, ids=ids)
        self.key_ids = KeyIds(SECRET, ids)
        self.api = IamApi(store=store, seal=self.seal, key_ids=self.key_ids, clock=clock, ids=ids)
        self.keys = IamKeyDirectory(store, self.seal)
        self.roles = IamRoleDirectory(store)

    async def create_role(self, name: str, **more: str) -> shapes.Role:
        request = shapes.CreateRoleRequest(role_name=name, assume_role_policy_document=TRUST, **more)  # type: ignore[arg-type]  # strings only, by the tests
        return (await self.api.create_role(context(), request)).role

    async def create_key(self, user_name: str = "ada") -> shapes.AccessKey:
        request = shapes.CreateAccessKeyRequest(user_name=user_name)
        return (await self.api.create_access_key(context(), request)).access_key

    async def put_policy(self, role_name: str, policy_name: str, document: str = POLICY) -> None:
        request = shapes.PutRolePolicyRequest(role_name=role_name, policy_name=policy_name, policy_document=document)
        await self.api.put_role_policy(context(), request)


def context(account_id: str = ACCOUNT, principal: Principal | None = None) -> RequestContext:
    return RequestContext(
        service="iam",
        operation="x",
        request_id="r",
        account_id=account_id,
        region="us-east-1",
        principal=principal or root_of(account_id),
        source_ip="127.0.0.1",
        host="localhost",
    )


@pytest_asyncio.fixture
async def iam(tmp_path: Path) -> AsyncIterator[Iam]:
    clock = MovableClock()
    store = open_store(tmp_path, clock=clock)
    yield Iam(store, clock)
    await store.close()


class TestRoles:
    async def test_a_role_is_there_after_a_restart(self, tmp_path: Path) -> None:
        """Everything of it comes from the store."""
        clock = MovableClock()
        store = open_store(tmp_path, clock=clock)
        created = await Iam(store, clock).create_role("reader", path="/team/", description="reads")
        await store.close()
        store = open_store(tmp_path, clock=clock)
        found = (await Iam(store, clock).api.get_role(context(), shapes.GetRoleRequest(role_name="reader"))).role
        await store.close()
        assert found.arn == created.arn == f"arn:aws:iam::{ACCOUNT}:role/team/reader"
        assert (found.role_id, found.create_date, found.path) == (created.role_id, created.create_date, "/team/")
        assert found.description == "reads"

    async def test_the_answers_have_the_fields_of_aws(self, iam: Iam) -> None:
        """CreateRole tells less than GetRole (recordings: sts test_assume_role; cloudformation, GetRole)."""
        created = await iam.create_role("reader")
        assert created.max_session_duration is None
        assert created.role_last_used is None
        assert created.role_id.startswith("AROA")
        assert len(created.role_id) == 21
        assert created.create_date.microsecond == 0
        found = (await iam.api.get_role(context(), shapes.GetRoleRequest(role_name="reader"))).role
        assert found.max_session_duration == 3_600
        assert found.role_last_used == shapes.RoleLastUsed()
        assert found.assume_role_policy_document is not None
        assert "%7B%22Version%22%3A" in found.assume_role_policy_document
        assert unquote(found.assume_role_policy_document) == TRUST

    async def test_names_are_unique_in_any_case(self, iam: Iam) -> None:
        """And per account only."""
        await iam.create_role("Reader")
        for name in ("Reader", "reader"):
            with pytest.raises(ServiceError) as caught:
                await iam.create_role(name)
            assert caught.value.error_code == "EntityAlreadyExists"
            assert caught.value.message == f"Role with name {name} already exists."
        found = (await iam.api.get_role(context(), shapes.GetRoleRequest(role_name="READER"))).role
        assert found.role_name == "Reader"
        request = shapes.CreateRoleRequest(role_name="Reader", assume_role_policy_document=TRUST)
        await iam.api.create_role(context("222222222222"), request)

    async def test_what_is_not_there(self, iam: Iam) -> None:
        for call in (
            iam.api.get_role(context(), shapes.GetRoleRequest(role_name="nobody")),
            iam.api.delete_role(context(), shapes.DeleteRoleRequest(role_name="nobody")),
            iam.put_policy("nobody", "p"),
        ):
            with pytest.raises(ServiceError) as caught:
                await call
            assert caught.value.error_code == "NoSuchEntity"
            assert caught.value.status == 404
            assert caught.value.message == "The role with name nobody cannot be found."

    async def test_inline_policies(self, iam: Iam) -> None:
        """Put, replaced, listed, got, deleted; a role that has one cannot be deleted."""
        await iam.create_role("reader")
        await iam.put_policy("reader", "b")
        await iam.put_policy("reader", "a")
        await iam.put_policy("reader", "a", POLICY.replace("Allow", "Deny"))
        listed = await iam.api.list_role_policies(context(), shapes.ListRolePoliciesRequest(role_name="reader"))
        assert (listed.policy_names, listed.is_truncated) == (["a", "b"], False)
        request = shapes.GetRolePolicyRequest(role_name="reader", policy_name="a")
        assert '"Deny"' in unquote((await iam.api.get_role_policy(context(), request)).policy_document)
        with pytest.raises(ServiceError) as caught:
            await iam.api.delete_role(context(), shapes.DeleteRoleRequest(role_name="reader"))
        assert (caught.value.error_code, caught.value.status) == ("DeleteConflict", 409)
        for name in ("a", "b"):
            deletion = shapes.DeleteRolePolicyRequest(role_name="reader", policy_name=name)
            await iam.api.delete_role_policy(context(), deletion)
            with pytest.raises(ServiceError) as caught:
                await iam.api.delete_role_policy(context(), deletion)
            assert caught.value.error_code == "NoSuchEntity"
        await iam.api.delete_role(context(), shapes.DeleteRoleRequest(role_name="reader"))
        assert await iam.roles.find(f"arn:aws:iam::{ACCOUNT}:role/reader") is None

    async def test_documents_are_checked(self, iam: Iam) -> None:
        """What is no policy is not kept, nor what is too long."""
        await iam.create_role("reader")
        with pytest.raises(ServiceError) as caught:
            await iam.put_policy("reader", "p", "{}")
        assert caught.value.error_code == "MalformedPolicyDocument"
        long = POLICY.replace("s3:*", "s3:" + "x" * 6_000)
        await iam.put_policy("reader", "p", long)
        await iam.put_policy("reader", "p", long)
        with pytest.raises(ServiceError) as caught:
            await iam.put_policy("reader", "q", long)
        assert caught.value.error_code == "LimitExceeded"
        request = shapes.UpdateAssumeRolePolicyRequest(role_name="reader", policy_document=POLICY)
        with pytest.raises(ServiceError) as caught:
            await iam.api.update_assume_role_policy(context(), request)
        assert caught.value.error_code == "MalformedPolicyDocument"

    async def test_pages(self, iam: Iam) -> None:
        """Every role once, whatever the size of a page; the prefix filters."""
        names = [f"role{number:02}" for number in range(7)]
        for number, name in enumerate(names):
            await iam.create_role(name, path="/even/" if number % 2 == 0 else "/odd/")
        for prefix, expected in ((None, names), ("/even/", names[::2]), ("/none/", [])):
            for size in (1, 2, 3, 7, 1_000):
                found: list[str] = []
                marker: str | None = None
                while True:
                    answer = await iam.api.list_roles(
                        context(), shapes.ListRolesRequest(path_prefix=prefix, marker=marker, max_items=size)
                    )
                    assert len(answer.roles) <= size
                    found += [role.role_name for role in answer.roles]
                    marker = answer.marker
                    if not answer.is_truncated:
                        break
                assert found == expected
        with pytest.raises(ServiceError) as caught:
            await iam.api.list_roles(context(), shapes.ListRolesRequest(marker="é"))
        assert caught.value.error_code == "ValidationError"

    async def test_the_directory_finds_exact_arns_only(self, iam: Iam) -> None:
        """The path belongs to it, and so does the account."""
        role = await iam.create_role("reader", path="/team/")
        found = await iam.roles.find(role.arn)
        assert found is not None
        assert (found.role_id, found.trust_policy) == (role.role_id, TRUST)
        for other in (
            f"arn:aws:iam::{ACCOUNT}:role/reader",
            f"arn:aws:iam::{ACCOUNT}:role/team/READER",
            "arn:aws:iam::222222222222:role/team/reader",
            f"arn:aws:iam::{ACCOUNT}:user/team/reader",
            "reader",
            "",
        ):
            assert await iam.roles.find(other) is None


class TestUsersAndKeys:
    async def test_a_key_is_found_until_it_is_deleted(self, iam: Iam) -> None:
        """What it signs is its user's; inactive it is as good as unknown."""
        user = (await iam.api.create_user(context(), shapes.CreateUserRequest(user_name="ada", path="/team/"))).user
        assert user is not None
        key = await iam.create_key()
        assert iam.key_ids.minted(key.access_key_id)
        assert (key.status, len(key.secret_access_key)) == ("Active", 40)
        found = await iam.keys.find(key.access_key_id)
        assert found is not None
        assert found.secret_access_key == key.secret_access_key
        assert found.principal == Principal(
            account_id=ACCOUNT,
            arn=f"arn:aws:iam::{ACCOUNT}:user/team/ada",
            user_id=user.user_id,
            access_key_id=key.access_key_id,
            minted=True,
        )
        assert await iam.keys.find(key.access_key_id) is found, "opened once"
        for status, known in (("Inactive", False), ("Active", True)):
            await self._update(iam, key.access_key_id, status)
            assert (await iam.keys.find(key.access_key_id) is not None) is known
        request = shapes.DeleteAccessKeyRequest(user_name="ada", access_key_id=key.access_key_id)
        await iam.api.delete_access_key(context(), request)
        assert await iam.keys.find(key.access_key_id) is None

    async def _update(self, iam: Iam, access_key_id: str, status: str) -> None:
        request = msgspec.convert(
            {"UserName": "ada", "AccessKeyId": access_key_id, "Status": status}, shapes.UpdateAccessKeyRequest
        )
        await iam.api.update_access_key(context(), request)

    async def test_secrets_are_never_stored_in_the_clear(self, iam: Iam, tmp_path: Path) -> None:
        """Whoever steals the data without the secret file gets no key."""
        await iam.api.create_user(context(), shapes.CreateUserRequest(user_name="ada"))
        key = await iam.create_key()
        await iam.store.durable()
        content = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
        assert key.access_key_id.encode() in content
        assert key.secret_access_key.encode() not in content
        stranger = IamKeyDirectory(iam.store, Seal(bytes(32), purpose=SECRETS_PURPOSE, ids=SystemIds()))
        assert await stranger.find(key.access_key_id) is None

    async def test_two_keys_and_no_more(self, iam: Iam) -> None:
        """The third is refused; the list shows both, without secrets."""
        await iam.api.create_user(context(), shapes.CreateUserRequest(user_name="ada"))
        keys = {(await iam.create_key()).access_key_id for _ in range(2)}
        with pytest.raises(ServiceError) as caught:
            await iam.create_key()
        assert caught.value.error_code == "LimitExceeded"
        listed = await iam.api.list_access_keys(context(), shapes.ListAccessKeysRequest(user_name="ada"))
        assert {key.access_key_id for key in listed.access_key_metadata} == keys
        assert {key.status for key in listed.access_key_metadata} == {"Active"}

    async def test_a_user_with_keys_cannot_be_deleted(self, iam: Iam) -> None:
        """Else its keys would live on without it."""
        await iam.api.create_user(context(), shapes.CreateUserRequest(user_name="ada"))
        key = await iam.create_key()
        with pytest.raises(ServiceError) as caught:
            await iam.api.delete_user(context(), shapes.DeleteUserRequest(user_name="ada"))
        assert caught.value.error_code == "DeleteConflict"
        request = shapes.DeleteAccessKeyRequest(user_name="ada", access_key_id=key.access_key_id)
        await iam.api.delete_access_key(context(), request)
        await iam.api.delete_user(context(), shapes.DeleteUserRequest(user_name="ada"))
        with pytest.raises(ServiceError) as caught:
            await iam.api.get_user(context(), shapes.GetUserRequest(user_name="ada"))
        assert caught.value.error_code == "NoSuchEntity"

    async def test_keys_of_others_are_not_reached(self, iam: Iam) -> None:
        """By another user's name, or from another account."""
        for name in ("ada", "bob"):
            await iam.api.create_user(context(), shapes.CreateUserRequest(user_name=name))
        await iam.api.create_user(context("222222222222"), shapes.CreateUserRequest(user_name="ada"))
        key = await iam.create_key("ada")
        for account_id, user_name in ((ACCOUNT, "bob"), ("222222222222", "ada")):
            request = shapes.DeleteAccessKeyRequest(user_name=user_name, access_key_id=key.access_key_id)
            with pytest.raises(ServiceError) as caught:
                await iam.api.delete_access_key(context(account_id), request)
            assert caught.value.error_code == "NoSuchEntity"
        assert await iam.keys.find(key.access_key_id) is not None

    async def test_a_user_need_not_name_itself(self, iam: Iam) -> None:
        """The name is taken from the key that signed (API_GetUser); sessions have none."""
        await iam.api.create_user(context(), shapes.CreateUserRequest(user_name="ada", path="/team/"))
        found = await iam.keys.find((await iam.create_key()).access_key_id)
        assert found is not None
        answer = await iam.api.get_user(context(principal=found.principal), shapes.GetUserRequest())
        assert answer.user.user_name == "ada"
        session = Principal(account_id=ACCOUNT, arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/r/s", user_id="AROA:s")
        with pytest.raises(ServiceError) as caught:
            await iam.api.get_user(context(principal=session), shapes.GetUserRequest())
        assert caught.value.error_code == "ValidationError"
