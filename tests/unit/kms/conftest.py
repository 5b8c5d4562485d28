"""KMS over a real store and a clock that only the test moves."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from pileus.kernel.context import Principal, RequestContext
from pileus.kernel.ids import SystemIds
from pileus.kernel.outbox import Outbox
from pileus.kernel.storage.emissions import microseconds, waiting
from pileus.kernel.storage.seam import Transaction
from pileus.kernel.storage.sqlite import SqliteStore, open_store
from pileus.services.kms.api import KmsApi
from pileus.services.kms.keeper import KeyKeeper
from pileus.services.kms.shapes import CreateKeyRequest, DecryptRequest, DescribeKeyRequest, EncryptRequest, KeyMetadata
from tests.support.time import JumpingClock

ACCOUNT: Final = "111111111111"
NOW: Final = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)
SECRET: Final = b"s" * 32
WITHIN_S: Final = 10.0


def root_of(account_id: str) -> Principal:
    return Principal(account_id=account_id, arn=f"arn:aws:iam::{account_id}:root", user_id=account_id)


def context(operation: str = "Encrypt", *, account_id: str = ACCOUNT, region: str = "us-east-1") -> RequestContext:
    return RequestContext(
        service="kms",
        operation=operation,
        request_id="request-1",
        account_id=account_id,
        region=region,
        principal=root_of(account_id),
        source_ip="127.0.0.1",
        host="localhost:4566",
    )


class Bus:
    """An event bus that keeps what it hears: kind, detail, and the key's ARN."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, str]] = []

    async def put(
        self,
        tx: Transaction,
        *,
        account_id: str,
        region: str,
        source: str,
        detail_type: str,
        detail: str,
        resources: tuple[str, ...],
        at_s: float,
    ) -> None:
        assert (account_id, region, source) == (ACCOUNT, "us-east-1", "aws.kms")
        (arn,) = resources
        self.heard.append((detail_type, detail, arn))


class Kms:
    """The API, in few words, with an outbox that runs."""

    def __init__(self, store: SqliteStore, clock: JumpingClock) -> None:
        self.store = store
        self.clock = clock
        self.bus = Bus()
        self.api = KmsApi(store=store, clock=clock, ids=SystemIds(), secret=SECRET, bus=self.bus)
        self.keeper: KeyKeeper = self.api.keeper(None)
        self.outbox = Outbox(store, clock)
        worker = self.api.worker()
        self.outbox.subscribe("kms.delete", worker.delete)
        self.outbox.subscribe("kms.rotate", worker.rotate)
        self.outbox.subscribe("kms.expire", worker.expire)

    async def make(self, **members: Any) -> KeyMetadata:
        made = await self.api.create_key(context("CreateKey"), CreateKeyRequest(**members))
        assert made.key_metadata is not None
        return made.key_metadata

    async def describe(self, key_id: str) -> KeyMetadata:
        told = await self.api.describe_key(context("DescribeKey"), DescribeKeyRequest(key_id=key_id))
        assert told.key_metadata is not None
        return told.key_metadata

    async def encrypt(self, key_id: str, clear: bytes, bound_to: dict[str, str] | None = None) -> bytes:
        request = EncryptRequest(key_id=key_id, plaintext=clear, encryption_context=bound_to)
        sealed = (await self.api.encrypt(context("Encrypt"), request)).ciphertext_blob
        assert sealed is not None
        return sealed

    async def decrypt(self, blob: bytes, bound_to: dict[str, str] | None = None) -> bytes:
        request = DecryptRequest(ciphertext_blob=blob, encryption_context=bound_to)
        clear = (await self.api.decrypt(context("Decrypt"), request)).plaintext
        assert clear is not None
        return clear

    async def pass_days(self, days: float) -> None:
        """Let the clock go on, and all that is due be done."""
        self.clock.jump(timedelta(days=days))
        async with asyncio.timeout(WITHIN_S):
            while await self._anything_due():
                await asyncio.sleep(0)

    async def _anything_due(self) -> bool:
        now_us = microseconds(self.clock.now())
        for topic in ("kms.delete", "kms.rotate", "kms.expire"):
            queue = waiting(topic)
            if await self.store.snapshot().range(queue.range()[0], queue.pack(now_us + 1), limit=1):
                return True
        return False


@pytest.fixture
def clock() -> JumpingClock:
    return JumpingClock(NOW)


@pytest.fixture
async def kms(tmp_path: Path, clock: JumpingClock) -> AsyncIterator[Kms]:
    store = open_store(tmp_path, clock=clock)
    kms = Kms(store, clock)
    running = asyncio.create_task(kms.outbox.run())
    yield kms
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await store.close()
