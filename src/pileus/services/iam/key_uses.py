"""When was an access key last used, and by whom which service?

Asked at every signed request, so it costs looks into a dictionary; written down behind the requests' backs, for each
key, and each service of a user or role, at most once in KEY_USE_INTERVAL. A use that a crash forgets is told again by
the next one.
"""

import asyncio
from typing import Final

from pileus.kernel.clock import Clock
from pileus.kernel.context import Principal
from pileus.kernel.storage.seam import Store, Transaction
from pileus.services.iam.account_limits import KEY_USE_INTERVAL
from pileus.services.iam.account_records import KeyUseRecord, ServiceUseRecord
from pileus.services.iam.model import whole_second
from pileus.services.iam.store.credentials import put_key_use
from pileus.services.iam.store.service_uses import put_service_use

_REMEMBERED_MAX: Final = 16_384
"""Uses that are remembered; one beyond is written down more often."""
_NAMESPACES: Final = {"monitoring": "cloudwatch"}
"""Of actions in policies, where they are not the name that requests are signed for."""
_INTERVAL_S: Final = KEY_USE_INTERVAL.total_seconds()


class KeyUseRecorder:
    """Notes uses, and writes them down in `run`."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._noted_s: dict[str | tuple[str, str], float] = {}
        self._told_s: dict[tuple[str, str], float] = {}
        """Key and service -> since when there is nothing more to say of them: one look for most requests."""
        self._pending_keys: dict[str, KeyUseRecord] = {}
        self._pending_services: dict[tuple[str, str, str], ServiceUseRecord] = {}
        self._wanted = asyncio.Event()

    def note_use(self, principal: Principal, service: str, region: str) -> None:
        """A request of this principal was verified. service, region: as in the credential's scope."""
        now_s = self._clock.timestamp()
        used = (principal.access_key_id, service)
        if now_s - self._told_s.get(used, -_INTERVAL_S) < _INTERVAL_S:
            return
        if principal.session is None:
            self._note_key(principal.access_key_id, service, region, now_s)
        if self._is_news((principal.user_id, service), now_s):
            session = principal.session
            unique_id = session.issuer_id if session is not None else ""
            unique_id = unique_id or principal.user_id.partition(":")[0]
            self._pending_services[principal.account_id, unique_id, service] = ServiceUseRecord(
                namespace=_NAMESPACES.get(service, service), at=whole_second(self._clock.now()), region=region
            )
            self._wanted.set()
        if len(self._told_s) >= _REMEMBERED_MAX:
            self._told_s.clear()
        of_service_s = self._noted_s[principal.user_id, service]
        of_key_s = self._noted_s[principal.access_key_id] if principal.session is None else of_service_s
        self._told_s[used] = min(of_key_s, of_service_s)

    def note_key_used(self, access_key_id: str, service: str, region: str) -> None:
        """A request with this key was verified."""
        self._note_key(access_key_id, service, region, self._clock.timestamp())

    def _note_key(self, access_key_id: str, service: str, region: str, now_s: float) -> None:
        if self._is_news(access_key_id, now_s):
            at = whole_second(self._clock.now())
            self._pending_keys[access_key_id] = KeyUseRecord(at=at, service=service, region=region)
            self._wanted.set()

    def _is_news(self, used: str | tuple[str, str], now_s: float) -> bool:
        """Whether it is time to write this use down."""
        noted_s = self._noted_s.get(used)
        if noted_s is not None and now_s - noted_s < _INTERVAL_S:
            return False
        if noted_s is None and len(self._noted_s) >= _REMEMBERED_MAX:
            del self._noted_s[next(iter(self._noted_s))]
        self._noted_s[used] = now_s
        return True

    async def run(self) -> None:
        """Write down what was noted, until cancelled."""
        while True:
            await self._wanted.wait()
            await self.flush()

    async def flush(self) -> None:
        """Write down what was noted so far."""
        self._wanted.clear()
        keys, self._pending_keys = self._pending_keys, {}
        services, self._pending_services = self._pending_services, {}

        async def write(tx: Transaction) -> None:
            for access_key_id, use in keys.items():
                await put_key_use(tx, access_key_id, use)
            for (account_id, unique_id, _), service_use in services.items():
                await put_service_use(tx, account_id, unique_id, service_use)

        if keys or services:
            await self._store.run(write)
