"""How many keys are there, as AWS charges for them?

Each customer managed key, whatever its state, but for those that wait for their deletion; and one more for the first
and the second rotation of a key's material. AWS's own keys are free.
Source: AWS Key Management Service Pricing, "Key storage".
"""

from collections.abc import AsyncIterator
from typing import Final

from pileus.kernel.metrics.holding import Held
from pileus.kernel.metrics.metering import KEY_HOURS
from pileus.kernel.storage.seam import Store
from pileus.services.kms.key_records import every_key

_ROTATIONS_PAID: Final = 2


async def held_keys(store: Store) -> AsyncIterator[Held]:
    """One for each, and more for those that were rotated."""
    async for key in every_key(store.snapshot()):
        if not key.service and key.state != "PendingDeletion":
            amount = 1 + min(max(key.serial - 1, 0), _ROTATIONS_PAID)
            yield Held(key.account_id, key.region, KEY_HOURS, (("KeyId", key.key_id),), amount)
