"""When do objects grow old?

At every midnight (UTC) of the clock, and when the server starts, for those that it missed.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final

import msgspec

from pileus.kernel.clock import Clock
from pileus.kernel.ids import Ids
from pileus.kernel.storage.seam import Store, Transaction
from pileus.services.s3.bucket_records import buckets_with, find_bucket, find_setting
from pileus.services.s3.lifecycle.aging import Aging
from pileus.services.s3.lifecycle.rules import DAY_S, rules_of
from pileus.services.s3.model import BucketRecord
from pileus.services.s3.settings.documents import LIFECYCLE

_PAGE_BUCKETS: Final = 100
_VARIES: Final = "varies_by_storage_class"


class _Sizes(msgspec.Struct, frozen=True):
    """What a configuration says of small objects."""

    minimum: str = msgspec.field(name="TransitionDefaultMinimumObjectSize", default="")


class LifecycleWorker:
    """Applies the lifecycle rules of all buckets; `run` is a duty."""

    def __init__(self, *, store: Store, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.apply()
            now_s = self._clock.timestamp()
            await self._clock.sleep_until(datetime.fromtimestamp((now_s // DAY_S + 1) * DAY_S, UTC))

    async def apply(self) -> None:
        """Look at every bucket with rules, once."""
        beyond = ""
        while page := await buckets_with(self._store.snapshot(), LIFECYCLE, beyond=beyond, limit=_PAGE_BUCKETS):
            for name in page:
                await self._apply_to(name)
            beyond = page[-1]

    async def _apply_to(self, name: str) -> None:
        await self._all_pages(name, Aging.current_page)
        await self._all_pages(name, Aging.other_page)
        await self._all_pages(name, Aging.uploads_page)

    async def _all_pages(
        self, name: str, page: Callable[[Aging, Transaction, bytes | None], Awaitable[bytes | None]]
    ) -> None:
        """A transaction for each page, so that nobody waits for a large bucket; each sees the rules of its moment."""
        at: bytes | None = None
        while True:
            async with self._store.transaction() as tx:
                bucket = await find_bucket(tx, name)
                aging = None if bucket is None else await self._aging(tx, bucket)
                if aging is None:
                    return
                at = await page(aging, tx, at)
            if at is None:
                return
            await asyncio.sleep(0)

    async def _aging(self, tx: Transaction, bucket: BucketRecord) -> Aging | None:
        setting = await find_setting(tx, bucket, LIFECYCLE)
        if setting is None:
            return None
        sizes = msgspec.json.decode(setting.document, type=_Sizes)
        return Aging(
            bucket,
            rules_of(setting.document),
            small_archived=sizes.minimum == _VARIES,
            ids=self._ids,
            now_s=self._clock.timestamp(),
        )
