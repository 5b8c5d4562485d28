"""Does this code prove that its user has an MFA device at hand?

For whoever lets users in (STS). A code is accepted once: its step is written down in the transaction that accepts it.
"""

from typing import Final

import msgspec

from pileus.kernel.auth.sealing import Seal, SealBroken
from pileus.kernel.clock import Clock
from pileus.kernel.storage.seam import Store
from pileus.services.iam import totp
from pileus.services.iam.account_records import MfaDeviceRecord
from pileus.services.iam.store import IamStore

ROOT_DEVICE: Final = "root-account-mfa-device"


def seal_seed(seal: Seal, seed: bytes, *, serial_number: str) -> bytes:
    return seal.seal(seed, bound_to=_bound_to(serial_number))


def opened_seed(seal: Seal, device: MfaDeviceRecord) -> bytes | None:
    """None when the data directory's secret was replaced: no code can be verified again."""
    try:
        return seal.open(device.sealed_seed, bound_to=_bound_to(device.serial_number))
    except SealBroken:
        return None


def _bound_to(serial_number: str) -> bytes:
    return b"mfa " + serial_number.encode()


class IamMfaVerifier:
    """Verifies codes of enabled devices."""

    def __init__(self, *, store: Store, seal: Seal, clock: Clock) -> None:
        """seal: for `store.SECRETS_PURPOSE`, the one `IamApi` seals with."""
        self._store = IamStore(store)
        self._seal = seal
        self._clock = clock

    async def verify_mfa(self, serial_number: str, code: str, *, account_id: str, user_id: str | None) -> bool:
        """Whether this is a code of now, not used before, of that user's device. user_id: `AIDA...`; None: nobody's."""
        async with self._store.transaction(account_id) as account:
            device = await account.find_mfa_device(serial_number)
            if device is None or device.user_id != user_id:
                return False
            seed = opened_seed(self._seal, device)
            if seed is None:
                return False
            step = totp.step_of(code, seed, now=self._clock.now(), drift=device.drift, after=device.last_step)
            if step is None:
                return False
            account.put_mfa_device(msgspec.structs.replace(device, last_step=step))
        return True

    async def verify_root_code(self, serial_number: str, code: str, *, account_id: str) -> bool:
        """The same of the account's root, whose virtual device is the one with AWS's name for it.

        On AWS the root enables it in the console, so there is no operation that would assign it.
        """
        if not serial_number.endswith(f":{account_id}:mfa/{ROOT_DEVICE}"):
            return False
        return await self.verify_mfa(serial_number, code, account_id=account_id, user_id=None)
