"""Where are login profiles, MFA devices and the last uses of access keys kept?

A login profile below its user's unique id; a device below its serial number in small letters, and its user lists it;
uses, as the keys themselves, outside of every account.
"""

from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Transaction
from pileus.services.iam.account_records import KeyUseRecord, LoginProfileRecord, MfaDeviceRecord
from pileus.services.iam.errors import NoSuchEntity
from pileus.services.iam.records import AccessKeyRecord, UserRecord
from pileus.services.iam.store.access_keys import ACCESS_KEYS, KEY_USES
from pileus.services.iam.store.base import Reader, Writer


class CredentialReader(Reader):
    async def find_login_profile(self, user: UserRecord) -> LoginProfileRecord | None:
        return await self._find(LoginProfileRecord, "login-profile", user.user_id)

    async def login_profile(self, user: UserRecord) -> LoginProfileRecord:
        """NoSuchEntity."""
        profile = await self.find_login_profile(user)
        if profile is None:
            raise NoSuchEntity(f"Login Profile for User {user.name} cannot be found.")
        return profile

    async def find_mfa_device(self, serial_number: str) -> MfaDeviceRecord | None:
        """The device of exactly this serial number, which is what policies name it by."""
        device = await self.find_mfa_device_in_any_case(serial_number)
        return device if device is not None and device.serial_number == serial_number else None

    async def find_mfa_device_in_any_case(self, serial_number: str) -> MfaDeviceRecord | None:
        """Whatever keeps a new device from having this serial number."""
        return await self._find(MfaDeviceRecord, "mfa-device", serial_number.casefold())

    async def mfa_device(self, serial_number: str, *, user: UserRecord | None = None) -> MfaDeviceRecord:
        """NoSuchEntity: also when `user` is given and it is not that user's."""
        device = await self.find_mfa_device(serial_number)
        if device is None or (user is not None and device.user_id != user.user_id):
            raise NoSuchEntity(f"MFA Device with serial number {serial_number} does not exist.")
        return device

    async def mfa_devices_of(self, user: UserRecord) -> list[MfaDeviceRecord]:
        """In order of their serial numbers."""
        serial_numbers = await self._last_parts("user-mfa-device", user.user_id)
        found = [await self.find_mfa_device_in_any_case(serial_number) for serial_number in serial_numbers]
        return [device for device in found if device is not None]

    async def mfa_devices(
        self, *, after_serial: str | None, limit: int, assigned: bool | None
    ) -> list[MfaDeviceRecord]:
        """At most `limit`, in order of their serial numbers; assigned: None for all."""
        return await self._page(
            MfaDeviceRecord,
            "mfa-device",
            after_name=after_serial,
            limit=limit,
            wanted=lambda device: assigned is None or (device.user_id is not None) == assigned,
        )

    async def find_access_key(self, access_key_id: str) -> AccessKeyRecord | None:
        """Of any user of this account."""
        data = await self._reads.get(ACCESS_KEYS.pack(access_key_id))
        key = None if data is None else decode(data, AccessKeyRecord)
        return key if key is not None and key.account_id == self._account_id else None

    async def key_use(self, access_key_id: str) -> KeyUseRecord | None:
        """None for a key that was never used."""
        data = await self._reads.get(KEY_USES.pack(access_key_id))
        return None if data is None else decode(data, KeyUseRecord)

    async def mfa_devices_in_use(self) -> int:
        return len(await self._reads.range(*self._keys.range("user-mfa-device")))


class CredentialWriter(CredentialReader, Writer):
    def put_login_profile(self, user: UserRecord, profile: LoginProfileRecord) -> None:
        self._set(profile, "login-profile", user.user_id)

    def delete_login_profile(self, user: UserRecord) -> None:
        self._clear("login-profile", user.user_id)

    def put_mfa_device(self, device: MfaDeviceRecord, *, before: MfaDeviceRecord | None = None) -> None:
        """before: what it was, when it may have had another user."""
        serial_number = device.serial_number.casefold()
        if before is not None and before.user_id is not None and before.user_id != device.user_id:
            self._clear("user-mfa-device", before.user_id, serial_number)
        if device.user_id is not None:
            self._mark("user-mfa-device", device.user_id, serial_number)
        self._set(device, "mfa-device", serial_number)

    def delete_mfa_device(self, device: MfaDeviceRecord) -> None:
        assert device.user_id is None
        self._clear("mfa-device", device.serial_number.casefold())


async def put_key_use(tx: Transaction, access_key_id: str, use: KeyUseRecord) -> None:
    """Nothing happens when the key is no user's, or not any more."""
    if await tx.get(ACCESS_KEYS.pack(access_key_id)) is not None:
        tx.set(KEY_USES.pack(access_key_id), encode(use))
