"""When are lists written, and may they be?

At 01:00 (UTC) of the clock, and when the server starts, for those that it missed. When a list was begun last is written
down below `(s3, inventoried, bucket's serial, id)` once it is there, so that none is written twice. A list that its
bucket's policy does not let in is given up until the next time.

Source: S3 User Guide, "Configuring Amazon S3 Inventory", with the policy that the destination needs.
"""

import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Final

from pileus.kernel.auth.organizations import Organization
from pileus.kernel.auth.service_calls import ServiceCall
from pileus.kernel.clock import Clock
from pileus.kernel.errors import ServiceError
from pileus.kernel.ids import Ids
from pileus.kernel.storage.keys import Subspace
from pileus.kernel.storage.seam import Store
from pileus.services.s3.bodies import INLINE_BYTES_MAX
from pileus.services.s3.bucket_records import buckets_with, find_bucket, get_bucket, settings_of
from pileus.services.s3.encryption import NOT_ASKED, Asked
from pileus.services.s3.errors import AccessDenied
from pileus.services.s3.inventories.delivering import next_due, write_inventory
from pileus.services.s3.inventories.listing import StoredVersions
from pileus.services.s3.model import BucketRecord, ObjectRecord
from pileus.services.s3.names import bucket_arn
from pileus.services.s3.service_writes import service_may_put
from pileus.services.s3.settings.documents import INVENTORY, read
from pileus.services.s3.shapes import InventoryConfiguration, InventoryS3BucketDestination
from pileus.services.s3.writing import ObjectWriter

SERVICE: Final = "s3.amazonaws.com"
_BEGUN: Final = Subspace("s3", "inventoried")
_PAGE_BUCKETS: Final = 100
_ACL: Final = "bucket-owner-full-control"
_log: Final = logging.getLogger(__name__)


class Inventories:
    """Writes the lists of all buckets; `run` is a duty."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        ids: Ids,
        writer: ObjectWriter,
        organization: Organization | None = None,
    ) -> None:
        """organization: of whose accounts some are, if there is one."""
        self._organization = organization
        self._store = store
        self._clock = clock
        self._ids = ids
        self._writer = writer

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.write_due()
            await self._clock.sleep_until(next_due("Daily", self._clock.now()))

    async def write_due(self) -> None:
        """Look at every bucket with inventories, once."""
        beyond = ""
        while page := await buckets_with(self._store.snapshot(), INVENTORY, beyond=beyond, limit=_PAGE_BUCKETS):
            for name in page:
                await self._write_of(name)
            beyond = page[-1]

    async def _write_of(self, name: str) -> None:
        snapshot = self._store.snapshot()
        bucket = await find_bucket(snapshot, name)
        if bucket is None:
            return
        for setting_id, setting in await settings_of(snapshot, bucket, INVENTORY):
            configuration = read(setting, InventoryConfiguration)
            row = _BEGUN.pack(bucket.serial, setting_id)
            begun = await snapshot.get(row)
            last_s = setting.changed_at_s if begun is None else int.from_bytes(begun, "big")
            now = self._clock.now()
            last = datetime.fromtimestamp(last_s, UTC)
            if not configuration.is_enabled or next_due(configuration.schedule.frequency, last) > now:
                continue
            try:
                await self._write(bucket, configuration, now)
            except ServiceError as refused:
                _log.info("the inventory %s of %s cannot be delivered: %s", setting_id, name, refused.message)
            async with self._store.transaction() as tx:
                tx.set(row, int(now.timestamp()).to_bytes(8, "big"))

    async def _write(self, source: BucketRecord, configuration: InventoryConfiguration, now: datetime) -> None:
        """Raises `ServiceError`."""
        target = configuration.destination.s3_bucket_destination
        bucket = await get_bucket(self._store.snapshot(), target.bucket.rpartition(":")[2])
        if target.account_id and target.account_id != bucket.account_id:
            raise AccessDenied
        await write_inventory(
            configuration,
            source_bucket=source.name,
            listing=StoredVersions(self._store, source),
            destination=_Destination(
                self._store,
                self._clock,
                self._writer,
                source=source,
                bucket=bucket,
                asked=target,
                organization=self._organization,
            ),
            now=now,
            ids=self._ids,
        )


class _Destination:
    """A bucket that lists are put into, as its policy allows S3 to do."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        writer: ObjectWriter,
        *,
        source: BucketRecord,
        bucket: BucketRecord,
        asked: InventoryS3BucketDestination,
        organization: Organization | None,
    ) -> None:
        self._organization = organization
        self._store = store
        self._clock = clock
        self._writer = writer
        self._source = source
        self._bucket = bucket
        self._encryption = _encryption(asked)

    async def put(self, key: str, body: AsyncIterator[bytes], *, size_bytes: int, content_type: str) -> None:
        """AccessDenied."""
        if not await self._let_in(key):
            raise AccessDenied
        draft = ObjectRecord(
            modified_at_s=self._clock.timestamp(), owner=self._bucket.account_id, content_type=content_type
        )
        short = size_bytes <= INLINE_BYTES_MAX  # which lies in the store, if it comes whole
        content = b"".join([piece async for piece in body]) if short else body
        await self._writer.write(None, self._bucket, key, draft, content, asked=self._encryption)

    async def _let_in(self, key: str) -> bool:
        call = ServiceCall(
            service=SERVICE,
            source_arn=bucket_arn(self._source.name),
            source_account=self._source.account_id,
            conditions={"s3:x-amz-acl": _ACL},
        )
        return await service_may_put(
            self._store.snapshot(),
            self._bucket,
            key,
            call,
            organization=self._organization,
            now_s=self._clock.timestamp(),
        )


def _encryption(asked: InventoryS3BucketDestination) -> Asked:
    if asked.encryption is None:
        return NOT_ASKED
    if asked.encryption.ssekms is not None:
        return Asked(algorithm="aws:kms", key_id=asked.encryption.ssekms.key_id)
    return Asked(algorithm="AES256") if asked.encryption.sses3 is not None else NOT_ASKED
