"""What do the operations on a bucket's configurations share?"""

from collections.abc import Awaitable, Callable
from typing import Final, Protocol, TypeVar

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import ServiceError
from pileus.kernel.service import Answered
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.s3.bucket_records import delete_setting, find_setting, put_bucket, put_setting
from pileus.services.s3.model import BucketRecord
from pileus.services.s3.operations.base import S3Base, asked_bucket
from pileus.services.s3.settings.documents import read, setting

S = TypeVar("S", bound=msgspec.Struct)

NO_CONTENT: Final = Answered(204)
"""The status of some writes, where the model says 200 (recordings s3/s3_api, test_bucket_tagging_crud and others)."""


class Asked(Protocol):
    """A request about a bucket."""

    @property
    def bucket(self) -> str: ...
    @property
    def expected_bucket_owner(self) -> str | None: ...


class SettingsBase(S3Base):
    """Reads, writes and forgets configurations."""

    async def _bucket(self, context: RequestContext, asked: Asked, snapshot: Snapshot | None = None) -> BucketRecord:
        return await asked_bucket(
            snapshot or self._store.snapshot(), context, asked.bucket, expected_owner=asked.expected_bucket_owner
        )

    async def _kept(
        self, context: RequestContext, asked: Asked, kind: str, struct: type[S], absent: Callable[[str], ServiceError]
    ) -> S:
        """A configuration, or the error that says that there is none."""
        snapshot = self._store.snapshot()
        bucket = await self._bucket(context, asked, snapshot)
        found = await find_setting(snapshot, bucket, kind)
        if found is None:
            raise absent(bucket.name)
        return read(found, struct)

    async def _keep(
        self,
        context: RequestContext,
        asked: Asked,
        kind: str,
        struct: msgspec.Struct,
        *,
        check: Callable[[Transaction, BucketRecord], Awaitable[None]] | None = None,
    ) -> None:
        """Write a configuration, if `check` does not raise."""
        async with self._store.transaction() as tx:
            bucket = await self._bucket(context, asked, tx)
            if check is not None:
                await check(tx, bucket)
            put_setting(tx, bucket, kind, setting(struct, now_s=self._clock.now().timestamp()))

    async def _forget(self, context: RequestContext, asked: Asked, kind: str) -> None:
        """It is no error when there is none."""
        async with self._store.transaction() as tx:
            await delete_setting(tx, await self._bucket(context, asked, tx), kind)

    async def _change(
        self, context: RequestContext, asked: Asked, change: Callable[[BucketRecord], BucketRecord]
    ) -> None:
        """Write a bucket's record again."""
        async with self._store.transaction() as tx:
            bucket = await self._bucket(context, asked, tx)
            changed = change(bucket)
            if changed != bucket:
                put_bucket(tx, changed)
