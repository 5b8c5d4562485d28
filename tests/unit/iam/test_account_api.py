"""Does the account as a whole answer as on AWS?"""

import csv
from collections.abc import AsyncIterator
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
import pytest_asyncio

from pileus.kernel.errors import ServiceError
from pileus.services.iam import shapes
from pileus.services.iam.credential_report import COLUMNS
from pileus.services.iam.key_uses import KeyUseRecorder
from tests.unit.iam.running import ACCOUNT, RunningIam, context, refused, running_iam

OTHER = "222222222222"


@pytest_asyncio.fixture
async def iam(tmp_path: Path) -> AsyncIterator[RunningIam]:
    async with running_iam(tmp_path) as running:
        yield running


class TestAlias:
    async def aliases(self, iam: RunningIam, account_id: str = ACCOUNT) -> list[str]:
        answer = await iam.api.list_account_aliases(context(account_id), shapes.ListAccountAliasesRequest())
        return answer.account_aliases

    async def test_one_each_and_unique_among_all(self, iam: RunningIam) -> None:
        """A new one replaces the old, which is free again."""

        async def create(alias: str, account_id: str = ACCOUNT) -> None:
            request = shapes.CreateAccountAliasRequest(account_alias=alias)
            await iam.api.create_account_alias(context(account_id), request)

        assert await self.aliases(iam) == []
        await create("blue")
        with pytest.raises(ServiceError) as caught:
            await create("blue", OTHER)
        assert caught.value.error_code == "EntityAlreadyExists"
        await create("green")
        await create("blue", OTHER)
        assert (await self.aliases(iam), await self.aliases(iam, OTHER)) == (["green"], ["blue"])
        with pytest.raises(ServiceError) as caught:
            await iam.api.delete_account_alias(context(), shapes.DeleteAccountAliasRequest(account_alias="blue"))
        assert caught.value.error_code == "NoSuchEntity"
        await iam.api.delete_account_alias(context(), shapes.DeleteAccountAliasRequest(account_alias="green"))
        assert await self.aliases(iam) == []
        await create("green", OTHER)


class TestPasswordPolicy:
    async def test_there_is_none_at_first(self, iam: RunningIam) -> None:
        """recorded: test_get_account_password_policy_not_found, test_delete_account_password_policy_not_found."""
        with pytest.raises(ServiceError) as caught:
            await iam.api.get_account_password_policy(context(), shapes.GetAccountPasswordPolicyRequest())
        text = f"The Password Policy with domain name {ACCOUNT} cannot be found."
        assert refused(caught) == ("NoSuchEntity", text)
        with pytest.raises(ServiceError) as caught:
            await iam.api.delete_account_password_policy(context(), shapes.DeleteAccountPasswordPolicyRequest())
        text = "The account policy with name PasswordPolicy cannot be found."
        assert refused(caught) == ("NoSuchEntity", text)

    async def test_what_is_not_said_gets_its_default(self, iam: RunningIam) -> None:
        """recorded: test_update_account_password_policy_custom_values, ..._defaults."""
        custom = {
            "minimum_password_length": 10,
            "require_symbols": True,
            "require_numbers": True,
            "require_uppercase_characters": True,
            "require_lowercase_characters": True,
            "allow_users_to_change_password": True,
            "max_password_age": 60,
            "password_reuse_prevention": 3,
            "hard_expiry": True,
        }

        async def get() -> shapes.PasswordPolicy:
            request = shapes.GetAccountPasswordPolicyRequest()
            return (await iam.api.get_account_password_policy(context(), request)).password_policy

        await iam.api.update_account_password_policy(
            context(),
            shapes.UpdateAccountPasswordPolicyRequest(**custom),  # type: ignore[arg-type]  # by their names, see above
        )
        assert await get() == shapes.PasswordPolicy(**custom, expire_passwords=True)  # type: ignore[arg-type]  # so too
        await iam.api.update_account_password_policy(context(), shapes.UpdateAccountPasswordPolicyRequest())
        assert await get() == shapes.PasswordPolicy(
            minimum_password_length=6,
            require_symbols=False,
            require_numbers=False,
            require_uppercase_characters=False,
            require_lowercase_characters=False,
            allow_users_to_change_password=False,
            expire_passwords=False,
        )
        await iam.api.delete_account_password_policy(context(), shapes.DeleteAccountPasswordPolicyRequest())
        with pytest.raises(ServiceError):
            await get()


class TestSummary:
    async def test_everything_is_counted(self, iam: RunningIam) -> None:
        """recorded: test_get_account_summary_with_resources."""

        async def summary() -> dict[shapes.SummaryKeyType, int]:
            answer = await iam.api.get_account_summary(context(), shapes.GetAccountSummaryRequest())
            assert answer.summary_map is not None
            return answer.summary_map

        before = await summary()
        assert len(before) == 34
        assert (before["UsersQuota"], before["RolesQuota"], before["Users"]) == (5_000, 1_000, 0)
        await iam.create_user()
        await iam.api.create_virtual_mfa_device(
            context(), shapes.CreateVirtualMFADeviceRequest(virtual_mfa_device_name="phone")
        )
        await iam.api.create_open_id_connect_provider(
            context(), shapes.CreateOpenIDConnectProviderRequest(url="https://example.com")
        )
        await iam.api.create_group(context(), shapes.CreateGroupRequest(group_name="team"))
        policy = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}'
        made = await iam.api.create_policy(
            context(), shapes.CreatePolicyRequest(policy_name="all", policy_document=policy)
        )
        assert made.policy is not None
        assert made.policy.arn is not None
        await iam.api.create_policy_version(
            context(), shapes.CreatePolicyVersionRequest(policy_arn=made.policy.arn, policy_document=policy)
        )
        await iam.api.create_service_linked_role(
            context(), shapes.CreateServiceLinkedRoleRequest(aws_service_name="ecs.amazonaws.com")
        )
        await iam.api.create_instance_profile(
            context(), shapes.CreateInstanceProfileRequest(instance_profile_name="box")
        )
        after = await summary()
        changed = {key: after[key] - before[key] for key in after if after[key] != before[key]}
        assert changed == {
            "Users": 1,
            "MFADevices": 1,
            "Providers": 1,
            "Groups": 1,
            "Policies": 1,
            "PolicyVersionsInUse": 2,
            "Roles": 1,
            "InstanceProfiles": 1,
        }


class TestCredentialReport:
    async def generate(self, iam: RunningIam) -> str | None:
        request = shapes.GenerateCredentialReportRequest()
        return (await iam.api.generate_credential_report(context(), request)).state

    async def report(self, iam: RunningIam) -> bytes:
        answer = await iam.api.get_credential_report(context(), shapes.GetCredentialReportRequest())
        assert answer.report_format == "text/csv"
        assert answer.content is not None
        return answer.content

    async def test_a_life(self, iam: RunningIam) -> None:
        """Started, complete, the same for four hours, and then no more."""
        with pytest.raises(ServiceError) as caught:
            await self.report(iam)
        assert caught.value.error_code == "ReportNotPresent"
        assert [await self.generate(iam) for _ in range(3)] == ["STARTED", "COMPLETE", "COMPLETE"]
        first = await self.report(iam)
        await iam.create_user()
        iam.clock.advance(timedelta(hours=4))
        assert await self.generate(iam) == "COMPLETE"
        assert await self.report(iam) == first
        iam.clock.advance(timedelta(seconds=1))
        with pytest.raises(ServiceError) as caught:
            await self.report(iam)
        assert caught.value.error_code == "ReportExpired"
        assert await self.generate(iam) == "STARTED"
        assert b"\nada," in await self.report(iam)

    async def test_its_lines(self, iam: RunningIam) -> None:
        """The root first, then the users by name; what is not there is N/A."""
        began = iam.clock.now()
        await iam.create_user("grace")
        iam.clock.advance(timedelta(days=1))
        await iam.create_user("Ada")
        await iam.api.update_account_password_policy(
            context(), shapes.UpdateAccountPasswordPolicyRequest(max_password_age=90)
        )
        await iam.api.create_login_profile(
            context(), shapes.CreateLoginProfileRequest(user_name="grace", password="Cobol-60")
        )
        key = await iam.create_key("grace")
        recorder = KeyUseRecorder(store=iam.store, clock=iam.clock)
        recorder.note_key_used(key, "dynamodb", "eu-west-1")
        await recorder.flush()
        await self.generate(iam)
        content = (await self.report(iam)).decode()
        assert not content.endswith("\n")
        assert content.partition("\n")[0] == ",".join(COLUMNS)
        assert len(COLUMNS) == 22
        lines = list(csv.DictReader(StringIO(content)))
        assert [line["user"] for line in lines] == ["<root_account>", "Ada", "grace"]
        first_day, second_day = f"{began:%Y-%m-%dT%H:%M:%SZ}", f"{iam.clock.now():%Y-%m-%dT%H:%M:%SZ}"
        assert lines[0]["arn"] == f"arn:aws:iam::{ACCOUNT}:root"
        assert lines[0]["user_creation_time"] == first_day
        assert lines[0]["password_next_rotation"] == "not_supported"
        for column in ("password_enabled", "mfa_active", "access_key_1_active", "cert_2_active"):
            assert lines[1][column] == "false"
        for column in ("password_last_used", "password_next_rotation", "access_key_1_last_rotated"):
            assert lines[1][column] == "N/A"
        grace = lines[2]
        rotation = f"{iam.clock.now() + timedelta(days=90):%Y-%m-%dT%H:%M:%SZ}"
        assert (grace["user_creation_time"], grace["password_last_changed"]) == (first_day, second_day)
        assert (grace["password_enabled"], grace["password_last_used"]) == ("true", "no_information")
        assert grace["password_next_rotation"] == rotation
        assert (grace["access_key_1_active"], grace["access_key_1_last_rotated"]) == ("true", second_day)
        assert grace["access_key_1_last_used_date"] == second_day
        assert (grace["access_key_1_last_used_region"], grace["access_key_1_last_used_service"]) == (
            "eu-west-1",
            "dynamodb",
        )
        assert (grace["access_key_2_active"], grace["access_key_2_last_used_service"]) == ("false", "N/A")
