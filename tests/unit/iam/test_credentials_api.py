"""Do users get, change and lose passwords and MFA devices as on AWS?"""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from pileus.kernel.errors import ServiceError
from pileus.services.iam import shapes, totp
from pileus.services.iam.key_uses import KeyUseRecorder
from pileus.services.iam.mfa import IamMfaVerifier
from tests.unit.iam.running import ACCOUNT, RunningIam, context, refused, running_iam

GOOD = "Correct-horse-1"
BETTER = "Correct-horse-2"


@pytest_asyncio.fixture
async def iam(tmp_path: Path) -> AsyncIterator[RunningIam]:
    async with running_iam(tmp_path) as running:
        yield running


class TestLoginProfiles:
    async def test_a_life(self, iam: RunningIam) -> None:
        """Made, told of, changed, deleted (recorded: test_login_profile_lifecycle)."""
        await iam.create_user()
        made = await iam.api.create_login_profile(
            context(), shapes.CreateLoginProfileRequest(user_name="ada", password=GOOD)
        )
        assert made.login_profile == shapes.LoginProfile(
            user_name="ada",
            create_date=iam.clock.now().replace(microsecond=0),
            password_reset_required=False,
        )
        update = shapes.UpdateLoginProfileRequest(user_name="ada", password_reset_required=True)
        await iam.api.update_login_profile(context(), update)
        asked = shapes.GetLoginProfileRequest(user_name="ada")
        assert (await iam.api.get_login_profile(context(), asked)).login_profile.password_reset_required
        await iam.api.delete_login_profile(context(), shapes.DeleteLoginProfileRequest(user_name="ada"))
        with pytest.raises(ServiceError) as caught:
            await iam.api.get_login_profile(context(), asked)
        assert refused(caught) == ("NoSuchEntity", "Login Profile for User ada cannot be found.")

    async def test_one_each(self, iam: RunningIam) -> None:
        """And only for users that exist (recorded: test_login_profile_errors)."""
        await iam.create_user()
        request = shapes.CreateLoginProfileRequest(user_name="ada", password=GOOD)
        await iam.api.create_login_profile(context(), request)
        with pytest.raises(ServiceError) as caught:
            await iam.api.create_login_profile(context(), request)
        assert refused(caught) == ("EntityAlreadyExists", "Login Profile for user ada already exists.")
        for user_name, password, code in (
            ("nobody", GOOD, "NoSuchEntity"),
            ("ada", None, "ValidationError"),
        ):
            with pytest.raises(ServiceError) as caught:
                await iam.api.create_login_profile(
                    context(), shapes.CreateLoginProfileRequest(user_name=user_name, password=password)
                )
            assert caught.value.error_code == code

    async def test_a_bad_password_changes_nothing(self, iam: RunningIam) -> None:
        """The policy holds for new profiles as for changes."""
        user = await iam.create_user()
        with pytest.raises(ServiceError) as caught:
            await iam.api.create_login_profile(
                context(), shapes.CreateLoginProfileRequest(user_name="ada", password="weak")
            )
        assert caught.value.error_code == "PasswordPolicyViolation"
        await iam.api.create_login_profile(context(), shapes.CreateLoginProfileRequest(user_name="ada", password=GOOD))
        with pytest.raises(ServiceError) as caught:
            await iam.api.update_login_profile(
                context(), shapes.UpdateLoginProfileRequest(user_name="ada", password="weak")
            )
        assert caught.value.error_code == "PasswordPolicyViolation"
        change = shapes.ChangePasswordRequest(old_password=GOOD, new_password=BETTER)
        await iam.api.change_password(context(user=user), change)

    async def test_users_change_their_own(self, iam: RunningIam) -> None:
        """With the old one only; nobody else may, not even the root (API_ChangePassword)."""
        user = await iam.create_user()
        await iam.api.create_login_profile(
            context(),
            shapes.CreateLoginProfileRequest(user_name="ada", password=GOOD, password_reset_required=True),
        )
        change = shapes.ChangePasswordRequest(old_password=GOOD, new_password=BETTER)
        with pytest.raises(ServiceError) as caught:
            await iam.api.change_password(context(), change)
        assert caught.value.error_code == "InvalidUserType"
        await iam.api.change_password(context(user=user), change)
        with pytest.raises(ServiceError) as caught:
            await iam.api.change_password(context(user=user), change)
        assert caught.value.error_code == "AccessDenied"
        profile = await iam.api.get_login_profile(context(), shapes.GetLoginProfileRequest(user_name="ada"))
        assert profile.login_profile.password_reset_required is False

    async def test_former_passwords(self, iam: RunningIam) -> None:
        """As many as the account's policy says."""
        user = await iam.create_user()
        policy = shapes.UpdateAccountPasswordPolicyRequest(password_reuse_prevention=2)
        await iam.api.update_account_password_policy(context(), policy)
        await iam.api.create_login_profile(
            context(), shapes.CreateLoginProfileRequest(user_name="ada", password="first-1")
        )

        async def change(old: str, new: str) -> None:
            request = shapes.ChangePasswordRequest(old_password=old, new_password=new)
            await iam.api.change_password(context(user=user), request)

        await change("first-1", "second-2")
        for again in ("first-1", "second-2"):
            with pytest.raises(ServiceError) as caught:
                await change("second-2", again)
            assert caught.value.error_code == "PasswordPolicyViolation"
        await change("second-2", "third-3")
        await change("third-3", "first-1")

    async def test_a_namesake_has_no_password(self, iam: RunningIam) -> None:
        """And a user with a password cannot be deleted."""
        await iam.create_user()
        await iam.api.create_login_profile(context(), shapes.CreateLoginProfileRequest(user_name="ada", password=GOOD))
        with pytest.raises(ServiceError) as caught:
            await iam.api.delete_user(context(), shapes.DeleteUserRequest(user_name="ada"))
        assert caught.value.error_code == "DeleteConflict"

    async def test_no_password_is_kept(self, iam: RunningIam, tmp_path: Path) -> None:
        """Not a trace of it in the data directory."""
        await iam.create_user()
        await iam.api.create_login_profile(context(), shapes.CreateLoginProfileRequest(user_name="ada", password=GOOD))
        await iam.store.durable()
        written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
        assert b"iam-login-profile" in written
        assert GOOD.encode() not in written


async def new_device(iam: RunningIam, name: str = "phone", path: str = "/") -> tuple[str, bytes]:
    """Its serial number and seed."""
    import base64

    request = shapes.CreateVirtualMFADeviceRequest(virtual_mfa_device_name=name, path=path)
    device = (await iam.api.create_virtual_mfa_device(context(), request)).virtual_mfa_device
    assert device.base32_string_seed is not None
    return device.serial_number, base64.b32decode(device.base32_string_seed)


def code(iam: RunningIam, seed: bytes, *, away: int = 0) -> str:
    return totp.code_at(seed, totp.step_at(iam.clock.now()) + away)


async def enable(iam: RunningIam, serial_number: str, seed: bytes, user_name: str = "ada", *, off: int = 0) -> None:
    await iam.api.enable_mfa_device(
        context(),
        shapes.EnableMFADeviceRequest(
            user_name=user_name,
            serial_number=serial_number,
            authentication_code1=code(iam, seed, away=off - 1),
            authentication_code2=code(iam, seed, away=off),
        ),
    )


class TestMfaDevices:
    async def test_a_new_device_can_be_photographed(self, iam: RunningIam) -> None:
        """A PNG of an otpauth URI; in lists neither it nor the seed is told again."""
        request = shapes.CreateVirtualMFADeviceRequest(virtual_mfa_device_name="phone", path="/team//x/")
        device = (await iam.api.create_virtual_mfa_device(context(), request)).virtual_mfa_device
        assert device.serial_number == f"arn:aws:iam::{ACCOUNT}:mfa/team//x/phone"
        assert device.qr_code_png is not None
        assert device.qr_code_png.startswith(b"\x89PNG\r\n\x1a\n")
        assert len(device.base32_string_seed or b"") == 64
        listed = await iam.api.list_virtual_mfa_devices(context(), shapes.ListVirtualMFADevicesRequest())
        assert listed.virtual_mfa_devices == [shapes.VirtualMFADevice(serial_number=device.serial_number)]
        with pytest.raises(ServiceError) as caught:
            await iam.api.create_virtual_mfa_device(context(), request)
        assert refused(caught) == ("EntityAlreadyExists", "MFA device already exists.")

    async def test_enabled_used_deactivated_deleted(self, iam: RunningIam) -> None:
        """recorded: test_enable_virtual_mfa_device."""
        user = await iam.create_user()
        serial_number, seed = await new_device(iam)
        await enable(iam, serial_number, seed)
        listed = await iam.api.list_mfa_devices(context(), shapes.ListMFADevicesRequest(user_name="ada"))
        now = iam.clock.now().replace(microsecond=0)
        assert listed.mfa_devices == [shapes.MFADevice(user_name="ada", serial_number=serial_number, enable_date=now)]
        virtual = await iam.api.list_virtual_mfa_devices(
            context(), shapes.ListVirtualMFADevicesRequest(assignment_status="Assigned")
        )
        assert virtual.virtual_mfa_devices == [
            shapes.VirtualMFADevice(serial_number=serial_number, user=user, enable_date=now)
        ]
        got = await iam.api.get_mfa_device(context(), shapes.GetMFADeviceRequest(serial_number=serial_number))
        assert (got.user_name, got.enable_date) == ("ada", now)
        for operation in (
            iam.api.delete_virtual_mfa_device(
                context(), shapes.DeleteVirtualMFADeviceRequest(serial_number=serial_number)
            ),
            iam.api.delete_user(context(), shapes.DeleteUserRequest(user_name="ada")),
        ):
            with pytest.raises(ServiceError) as caught:
                await operation
            assert caught.value.error_code == "DeleteConflict"
        await iam.api.deactivate_mfa_device(
            context(), shapes.DeactivateMFADeviceRequest(user_name="ada", serial_number=serial_number)
        )
        unassigned = await iam.api.list_virtual_mfa_devices(
            context(), shapes.ListVirtualMFADevicesRequest(assignment_status="Unassigned")
        )
        assert unassigned.virtual_mfa_devices == [shapes.VirtualMFADevice(serial_number=serial_number)]
        await iam.api.delete_virtual_mfa_device(
            context(), shapes.DeleteVirtualMFADeviceRequest(serial_number=serial_number)
        )
        await iam.api.delete_user(context(), shapes.DeleteUserRequest(user_name="ada"))

    async def test_wrong_codes_enable_nothing(self, iam: RunningIam) -> None:
        """Not a pair from long ago, not one in the wrong order."""
        await iam.create_user()
        serial_number, seed = await new_device(iam)
        for first, second in ((0, -1), (0, 0), (-30, -29)):
            with pytest.raises(ServiceError) as caught:
                await iam.api.enable_mfa_device(
                    context(),
                    shapes.EnableMFADeviceRequest(
                        user_name="ada",
                        serial_number=serial_number,
                        authentication_code1=code(iam, seed, away=first),
                        authentication_code2=code(iam, seed, away=second),
                    ),
                )
            assert refused(caught) == ("InvalidAuthenticationCode", "Authentication code for device is not valid.")
        assert not (
            await iam.api.list_mfa_devices(context(), shapes.ListMFADevicesRequest(user_name="ada"))
        ).mfa_devices

    async def test_whose_it_is(self, iam: RunningIam) -> None:
        """recorded: test_enable_mfa_device_errors, test_enable_mfa_device_already_attached."""
        await iam.create_user()
        await iam.create_user("eve")
        serial_number, seed = await new_device(iam)
        missing = f"arn:aws:iam::{ACCOUNT}:mfa/missing"
        for user_name, serial, text in (
            ("nobody", serial_number, "The user with name nobody cannot be found."),
            ("ada", missing, f"MFA Device with serial number {missing} does not exist."),
            ("ada", serial_number, f"MFA Device with serial number {serial_number} does not exist."),
        ):
            with pytest.raises(ServiceError) as caught:
                await iam.api.deactivate_mfa_device(
                    context(), shapes.DeactivateMFADeviceRequest(user_name=user_name, serial_number=serial)
                )
            assert refused(caught) == ("NoSuchEntity", text)
        await enable(iam, serial_number, seed)
        with pytest.raises(ServiceError) as caught:
            await enable(iam, serial_number, seed, "eve")
        assert refused(caught) == ("EntityAlreadyExists", "MFA Device is already in use.")

    async def test_eight_each(self, iam: RunningIam) -> None:
        """IAM User Guide, "IAM and AWS STS quotas"."""
        await iam.create_user()
        for number in range(8):
            await enable(iam, *await new_device(iam, f"phone{number}"))
        with pytest.raises(ServiceError) as caught:
            await enable(iam, *await new_device(iam, "phone8"))
        assert caught.value.error_code == "LimitExceeded"

    async def test_a_code_is_accepted_once(self, iam: RunningIam) -> None:
        """Of its user's enabled device, and not again."""
        user = await iam.create_user()
        other = await iam.create_user("eve")
        serial_number, seed = await new_device(iam)
        verifier = IamMfaVerifier(store=iam.store, seal=iam.seal, clock=iam.clock)

        async def good(shown: str, user_id: str = user.user_id) -> bool:
            return await verifier.verify_mfa(serial_number, shown, account_id=ACCOUNT, user_id=user_id)

        assert not await good(code(iam, seed))  # not enabled
        await enable(iam, serial_number, seed)
        assert not await good(code(iam, seed))  # was used to enable
        iam.clock.advance(timedelta(seconds=30))
        shown = code(iam, seed)
        assert not await good(shown, other.user_id)
        assert not await good(f"{(int(shown) + 1) % 10**6:06}")
        assert await good(shown)
        assert not await good(shown)

    async def test_a_clock_that_is_off(self, iam: RunningIam) -> None:
        """Four minutes are found when the device is enabled; half an hour when it is synchronised again."""
        user = await iam.create_user()
        serial_number, seed = await new_device(iam)
        verifier = IamMfaVerifier(store=iam.store, seal=iam.seal, clock=iam.clock)

        async def good(shown: str) -> bool:
            return await verifier.verify_mfa(serial_number, shown, account_id=ACCOUNT, user_id=user.user_id)

        await enable(iam, serial_number, seed, off=-8)
        iam.clock.advance(timedelta(minutes=1))
        assert not await good(code(iam, seed))
        assert await good(code(iam, seed, away=-8))
        request = shapes.ResyncMFADeviceRequest(
            user_name="ada",
            serial_number=serial_number,
            authentication_code1=code(iam, seed, away=60),
            authentication_code2=code(iam, seed, away=61),
        )
        await iam.api.resync_mfa_device(context(), request)
        iam.clock.advance(timedelta(minutes=1))
        assert await good(code(iam, seed, away=61))
        with pytest.raises(ServiceError) as caught:
            await iam.api.resync_mfa_device(context(), request)
        assert caught.value.error_code == "InvalidAuthenticationCode"

    async def test_tags(self, iam: RunningIam) -> None:
        """Given, changed, listed in pages, removed."""
        serial_number, _ = await new_device(iam)
        tags = [shapes.Tag(key=f"k{number}", value="v") for number in range(3)]
        await iam.api.tag_mfa_device(context(), shapes.TagMFADeviceRequest(serial_number=serial_number, tags=tags))
        await iam.api.untag_mfa_device(
            context(), shapes.UntagMFADeviceRequest(serial_number=serial_number, tag_keys=["k1", "absent"])
        )
        first = await iam.api.list_mfa_device_tags(
            context(), shapes.ListMFADeviceTagsRequest(serial_number=serial_number, max_items=1)
        )
        assert (first.tags, first.is_truncated) == ([tags[0]], True)
        rest = await iam.api.list_mfa_device_tags(
            context(), shapes.ListMFADeviceTagsRequest(serial_number=serial_number, marker=first.marker)
        )
        assert (rest.tags, rest.is_truncated, rest.marker) == ([tags[2]], False, None)


class TestKeyUse:
    async def test_a_key_that_was_never_used(self, iam: RunningIam) -> None:
        """recorded: test_access_key_last_used; and of others' keys nothing is told (test_access_key_errors)."""
        await iam.create_user()
        key = await iam.create_key()
        request = shapes.GetAccessKeyLastUsedRequest(access_key_id=key)
        answer = await iam.api.get_access_key_last_used(context(), request)
        assert answer.user_name == "ada"
        assert answer.access_key_last_used == shapes.AccessKeyLastUsed(service_name="N/A", region="N/A")
        for account_id, access_key_id in (("222222222222", key), (ACCOUNT, "AKIAIOSFODNN7EXAMPLE")):
            with pytest.raises(ServiceError) as caught:
                await iam.api.get_access_key_last_used(
                    context(account_id), shapes.GetAccessKeyLastUsedRequest(access_key_id=access_key_id)
                )
            assert caught.value.error_code == "AccessDenied"

    async def test_a_use_is_written_down_once_a_minute(self, iam: RunningIam) -> None:
        """Though it be asked for at every request."""
        await iam.create_user()
        key = await iam.create_key()
        recorder = KeyUseRecorder(store=iam.store, clock=iam.clock)
        began = iam.clock.now().replace(microsecond=0)

        async def last_used() -> shapes.AccessKeyLastUsed | None:
            await recorder.flush()
            request = shapes.GetAccessKeyLastUsedRequest(access_key_id=key)
            return (await iam.api.get_access_key_last_used(context(), request)).access_key_last_used

        recorder.note_key_used(key, "s3", "us-east-1")
        first = shapes.AccessKeyLastUsed(last_used_date=began, service_name="s3", region="us-east-1")
        assert await last_used() == first
        iam.clock.advance(timedelta(seconds=59))
        recorder.note_key_used(key, "sqs", "eu-west-1")
        assert await last_used() == first
        iam.clock.advance(timedelta(seconds=1))
        recorder.note_key_used(key, "sqs", "eu-west-1")
        later = began + timedelta(minutes=1)
        assert await last_used() == shapes.AccessKeyLastUsed(
            last_used_date=later, service_name="sqs", region="eu-west-1"
        )

    async def test_a_deleted_key_leaves_nothing(self, iam: RunningIam) -> None:
        """Nor does one that comes to an end before its use is written down."""
        await iam.create_user()
        key = await iam.create_key()
        recorder = KeyUseRecorder(store=iam.store, clock=iam.clock)
        recorder.note_key_used(key, "s3", "us-east-1")
        await iam.api.delete_access_key(context(), shapes.DeleteAccessKeyRequest(user_name="ada", access_key_id=key))
        await recorder.flush()
        assert await iam.store.snapshot().range(b"\x02iam-access-key-use", b"\x02iam-access-key-usf") == []
