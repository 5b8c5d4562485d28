"""When was an access key last used?

Asked at every signed request, so it costs a look into a dictionary; written down behind the requests' backs, for each
key at most once in KEY_USE_INTERVAL. A use that a crash forgets is told again by the next one.
"""

import asyncio
from typing import Final

from pileus.kernel.clock import Clock
from pileus.kernel.storage.seam import Store, Transaction
from pileus.services.iam.account_limits import KEY_USE_INTERVAL
from pileus.services.iam.account_records import KeyUseRecord
from pileus.services.iam.model import whole_second
from pileus.services.iam.store.credentials import put_key_use

_KEYS_MAX: Final = 4_096
"""Of which the last use is remembered; a key beyond is written down more often."""
_INTERVAL_S: Final = KEY_USE_INTERVAL.total_seconds()


class KeyUseRecorder:
    """Notes uses, and writes them down in `run`."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._noted_s: dict[str, float] = {}
        self._pending: dict[str, KeyUseRecord] = {}
        self._wanted = asyncio.Event()

    def note_key_used(self, access_key_id: str, service: str, region: str) -> None:
        """A request with this key was verified. service, region: as in the credential's scope."""
        now_s = self._clock.timestamp()
        noted_s = self._noted_s.get(access_key_id)
        if noted_s is not None and now_s - noted_s < _INTERVAL_S:
            return
        if noted_s is None and len(self._noted_s) >= _KEYS_MAX:
            del self._noted_s[next(iter(self._noted_s))]
        self._noted_s[access_key_id] = now_s
        at = whole_second(self._clock.now())
        self._pending[access_key_id] = KeyUseRecord(at=at, service=service, region=region)
        self._wanted.set()

    async def run(self) -> None:
        """Write down what was noted, until cancelled."""
        while True:
            await self._wanted.wait()
            await self.flush()

    async def flush(self) -> None:
        """Write down what was noted so far."""
        self._wanted.clear()
        pending, self._pending = self._pending, {}

        async def write(tx: Transaction) -> None:
            for access_key_id, use in pending.items():
                await put_key_use(tx, access_key_id, use)

        if pending:
            await self._store.run(write)
