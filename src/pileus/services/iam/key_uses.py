"""When was an access key last used, and when a role?

Asked at every signed request, so it costs a look into a dictionary; written down behind the requests' backs, for each
key or role at most once in KEY_USE_INTERVAL. A use that a crash forgets is told again by the next one.
"""

import asyncio
from typing import Final

from pileus.kernel.clock import Clock
from pileus.kernel.context import Principal
from pileus.kernel.storage.seam import Store, Transaction
from pileus.services.iam.account_limits import KEY_USE_INTERVAL
from pileus.services.iam.account_records import KeyUseRecord, RoleUseRecord
from pileus.services.iam.model import whole_second
from pileus.services.iam.store.credentials import put_key_use
from pileus.services.iam.store.roles import put_role_use

_REMEMBERED_MAX: Final = 4_096
"""Keys and roles of which the last use is remembered; one beyond is written down more often."""
_INTERVAL_S: Final = KEY_USE_INTERVAL.total_seconds()


class KeyUseRecorder:
    """Notes uses, and writes them down in `run`."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._noted_s: dict[str, float] = {}
        self._pending_keys: dict[str, KeyUseRecord] = {}
        self._pending_roles: dict[tuple[str, str], RoleUseRecord] = {}
        self._wanted = asyncio.Event()

    def note_use(self, principal: Principal, service: str, region: str) -> None:
        """A request of this principal was verified. service, region: as in the credential's scope."""
        session = principal.session
        if session is None:
            self.note_key_used(principal.access_key_id, service, region)
        elif session.role_arn:
            self.note_role_used(principal.account_id, principal.user_id.partition(":")[0], region)

    def note_key_used(self, access_key_id: str, service: str, region: str) -> None:
        """A request with this key was verified."""
        if self._is_news(access_key_id):
            at = whole_second(self._clock.now())
            self._pending_keys[access_key_id] = KeyUseRecord(at=at, service=service, region=region)
            self._wanted.set()

    def note_role_used(self, account_id: str, role_id: str, region: str) -> None:
        """A request of a session of this role was verified."""
        if self._is_news(role_id):
            at = whole_second(self._clock.now())
            self._pending_roles[account_id, role_id] = RoleUseRecord(at=at, region=region)
            self._wanted.set()

    def _is_news(self, used: str) -> bool:
        """Whether it is time to write this use down."""
        now_s = self._clock.timestamp()
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
        roles, self._pending_roles = self._pending_roles, {}

        async def write(tx: Transaction) -> None:
            for access_key_id, use in keys.items():
                await put_key_use(tx, access_key_id, use)
            for (account_id, role_id), role_use in roles.items():
                await put_role_use(tx, account_id, role_id, role_use)

        if keys or roles:
            await self._store.run(write)
