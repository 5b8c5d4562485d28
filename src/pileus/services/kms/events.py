"""What does KMS tell the default event bus of a key's account?

That its material was rotated, that imported material has expired, and that it was deleted, in the transaction of that.

Source: KMS Developer Guide, "Monitor KMS keys with Amazon EventBridge", with an example of each event.
"""

from typing import Final, Literal

import msgspec

from pileus.kernel.clock import Clock
from pileus.kernel.event_bus import EventBus
from pileus.kernel.storage.seam import Transaction
from pileus.services.kms.model import KeyRecord

_SOURCE: Final = "aws.kms"
Kind = Literal["KMS CMK Rotation", "KMS Imported Key Material Expiration", "KMS CMK Deletion"]


class KeyEvents:
    """Tells the bus. bus: None where there are no event buses, and then nobody is told."""

    def __init__(self, bus: EventBus | None, clock: Clock) -> None:
        self._bus = bus
        self._clock = clock

    async def tell(self, tx: Transaction, key: KeyRecord, kind: Kind) -> None:
        if self._bus is not None:
            await self._bus.put(
                tx,
                account_id=key.account_id,
                region=key.region,
                source=_SOURCE,
                detail_type=kind,
                detail=msgspec.json.encode({"key-id": key.key_id}).decode(),
                resources=(key.arn,),
                at_s=self._clock.timestamp(),
            )
