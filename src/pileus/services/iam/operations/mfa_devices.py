"""By which devices does a user prove that it is there itself?"""

import asyncio

import msgspec

from pileus.kernel.context import RequestContext
from pileus.services.iam import answers, model, paging, shapes, tagging, totp
from pileus.services.iam.account_limits import MFA_DEVICES_PER_USER_MAX, MFA_STEPS_ENABLING, MFA_STEPS_RESYNC
from pileus.services.iam.account_records import MfaDeviceRecord
from pileus.services.iam.errors import (
    DeleteConflict,
    EntityAlreadyExists,
    InvalidAuthenticationCode,
    LimitExceeded,
)
from pileus.services.iam.mfa import opened_seed, seal_seed
from pileus.services.iam.operations.base import Operations
from pileus.services.iam.qr_codes import provisioning_uri, qr_png
from pileus.services.iam.store import AccountReader


class MfaDeviceOperations(Operations):
    """Virtual MFA devices. Hardware tokens and FIDO keys cannot be registered: nobody knows their seeds."""

    async def create_virtual_mfa_device(
        self, context: RequestContext, request: shapes.CreateVirtualMFADeviceRequest
    ) -> shapes.CreateVirtualMFADeviceResponse:
        serial_number = model.arn(
            context.partition,
            context.account_id,
            "mfa",
            path=request.path or "/",
            name=request.virtual_mfa_device_name,
        )
        seed = self._ids.bytes(totp.SEED_BYTES)
        device = MfaDeviceRecord(
            serial_number=serial_number,
            created_at=self._now(),
            sealed_seed=seal_seed(self._seal, seed, serial_number=serial_number),
            tags=tagging.kept(request.tags),
        )
        async with self._store.transaction(context.account_id) as account:
            if await account.find_mfa_device_in_any_case(serial_number) is not None:
                raise EntityAlreadyExists("MFA device already exists.")
            account.put_mfa_device(device)
            alias = await account.account_alias()
        seed_base32 = totp.base32_seed(seed)
        uri = provisioning_uri(
            seed_base32=seed_base32,
            device_name=request.virtual_mfa_device_name,
            account=alias or context.account_id,
        )
        return shapes.CreateVirtualMFADeviceResponse(
            virtual_mfa_device=shapes.VirtualMFADevice(
                serial_number=serial_number,
                base32_string_seed=seed_base32,
                qr_code_png=await asyncio.to_thread(qr_png, uri),
                tags=tagging.given_shapes(device.tags),
            )
        )

    async def deactivate_mfa_device(self, context: RequestContext, request: shapes.DeactivateMFADeviceRequest) -> None:
        user_name = model.user_name_of(context.principal, request.user_name)
        async with self._store.transaction(context.account_id) as account:
            user = await account.user(user_name)
            device = await account.mfa_device(request.serial_number, user=user)
            nobodys = msgspec.structs.replace(device, user_id=None, enabled_at=None, drift=0, last_step=0)
            account.put_mfa_device(nobodys, before=device)

    async def delete_virtual_mfa_device(
        self, context: RequestContext, request: shapes.DeleteVirtualMFADeviceRequest
    ) -> None:
        async with self._store.transaction(context.account_id) as account:
            device = await account.mfa_device(request.serial_number)
            if device.user_id is not None:
                raise DeleteConflict("MFA VirtualDevice in use. Must deactivate first.")
            account.delete_mfa_device(device)

    async def enable_mfa_device(self, context: RequestContext, request: shapes.EnableMFADeviceRequest) -> None:
        async with self._store.transaction(context.account_id) as account:
            user = await account.user(request.user_name)
            device = await account.mfa_device(request.serial_number)
            if device.user_id is not None:
                raise EntityAlreadyExists("MFA Device is already in use.")
            if len(await account.mfa_devices_of(user)) >= MFA_DEVICES_PER_USER_MAX:
                raise LimitExceeded(f"Cannot exceed quota for MFADevicesPerUser: {MFA_DEVICES_PER_USER_MAX}")
            synchronised = self._synchronised(
                device, request.authentication_code1, request.authentication_code2, within=MFA_STEPS_ENABLING
            )
            enabled = msgspec.structs.replace(synchronised, user_id=user.user_id, enabled_at=self._now())
            account.put_mfa_device(enabled)

    async def get_mfa_device(
        self, context: RequestContext, request: shapes.GetMFADeviceRequest
    ) -> shapes.GetMFADeviceResponse:
        account = self._store.read(context.account_id)
        user = None if request.user_name is None else await account.user(request.user_name)
        device = await account.mfa_device(request.serial_number, user=user)
        owner = await _owner(account, device)
        return shapes.GetMFADeviceResponse(
            user_name=None if owner is None else owner.user_name,
            serial_number=device.serial_number,
            enable_date=device.enabled_at,
        )

    async def list_mfa_device_tags(
        self, context: RequestContext, request: shapes.ListMFADeviceTagsRequest
    ) -> shapes.ListMFADeviceTagsResponse:
        device = await self._store.read(context.account_id).mfa_device(request.serial_number)
        page = tagging.tag_page(device.tags, request)
        return shapes.ListMFADeviceTagsResponse(tags=page.items, is_truncated=page.truncated, marker=page.marker)

    async def list_mfa_devices(
        self, context: RequestContext, request: shapes.ListMFADevicesRequest
    ) -> shapes.ListMFADevicesResponse:
        """Never more than eight, so there is no second page. The root, when it asks for its own, has none."""
        account = self._store.read(context.account_id)
        user = await self._owner(context, account, request.user_name)
        devices = [
            shapes.MFADevice(user_name=user.name, serial_number=device.serial_number, enable_date=device.enabled_at)
            for device in await account.mfa_devices_of(user)
            if device.enabled_at is not None
        ]
        return shapes.ListMFADevicesResponse(mfa_devices=devices, is_truncated=False)

    async def list_virtual_mfa_devices(
        self, context: RequestContext, request: shapes.ListVirtualMFADevicesRequest
    ) -> shapes.ListVirtualMFADevicesResponse:
        account = self._store.read(context.account_id)
        found = await account.mfa_devices(
            after_serial=paging.after(request),
            limit=paging.items_max(request) + 1,
            assigned={"Assigned": True, "Unassigned": False}.get(request.assignment_status or "Any"),
        )
        page = paging.page(found, request, name=lambda device: device.serial_number)
        return shapes.ListVirtualMFADevicesResponse(
            virtual_mfa_devices=[
                shapes.VirtualMFADevice(
                    serial_number=device.serial_number,
                    user=await _owner(account, device),
                    enable_date=device.enabled_at,
                )
                for device in page.items
            ],
            is_truncated=page.truncated,
            marker=page.marker,
        )

    async def resync_mfa_device(self, context: RequestContext, request: shapes.ResyncMFADeviceRequest) -> None:
        async with self._store.transaction(context.account_id) as account:
            user = await account.user(request.user_name)
            device = await account.mfa_device(request.serial_number, user=user)
            account.put_mfa_device(
                self._synchronised(
                    device, request.authentication_code1, request.authentication_code2, within=MFA_STEPS_RESYNC
                )
            )

    async def tag_mfa_device(self, context: RequestContext, request: shapes.TagMFADeviceRequest) -> None:
        async with self._store.transaction(context.account_id) as account:
            device = await account.mfa_device(request.serial_number)
            account.put_mfa_device(msgspec.structs.replace(device, tags=tagging.tagged(device.tags, request.tags)))

    async def untag_mfa_device(self, context: RequestContext, request: shapes.UntagMFADeviceRequest) -> None:
        async with self._store.transaction(context.account_id) as account:
            device = await account.mfa_device(request.serial_number)
            account.put_mfa_device(
                msgspec.structs.replace(device, tags=tagging.untagged(device.tags, request.tag_keys))
            )

    def _synchronised(self, device: MfaDeviceRecord, first: str, second: str, *, within: int) -> MfaDeviceRecord:
        """The device, with how far its clock is off; InvalidAuthenticationCode."""
        now = self._devices_clock.now()
        seed = opened_seed(self._seal, device)
        step = (
            None
            if seed is None
            else totp.step_of_pair(first, second, seed, now=now, within=within, after=device.last_step)
        )
        if step is None:
            raise InvalidAuthenticationCode("Authentication code for device is not valid.")
        return msgspec.structs.replace(device, drift=step - totp.step_at(now), last_step=step)


async def _owner(account: AccountReader, device: MfaDeviceRecord) -> shapes.User | None:
    """As ListVirtualMFADevices tells it: without tags (API_ListVirtualMFADevices)."""
    user = None if device.user_id is None else await account.find_user_by_id(device.user_id)
    return None if user is None else answers.listed_user_shape(user)
