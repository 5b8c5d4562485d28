"""IAM on a store of its own, for tests of its operations."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pileus.kernel.auth.key_ids import KeyIds
from pileus.kernel.auth.principals import root_of
from pileus.kernel.auth.sealing import Seal
from pileus.kernel.clock import MovableClock
from pileus.kernel.context import Principal, RequestContext
from pileus.kernel.errors import ServiceError
from pileus.kernel.ids import SystemIds
from pileus.kernel.storage.sqlite import SqliteStore, open_store
from pileus.services.iam import shapes
from pileus.services.iam.api import IamApi
from pileus.services.iam.store import SECRETS_PURPOSE

ACCOUNT = "111111111111"
SECRET = bytes(range(32))


class RunningIam:
    """The operations, their store, and a clock that stands still."""

    def __init__(self, store: SqliteStore, clock: MovableClock) -> None:
        ids = SystemIds()
        self.store = store
        self.clock = clock
        self.seal = Seal(SECRET, purpose=SECRETS_PURPOSE, ids=ids)
        self.api = IamApi(store=store, seal=self.seal, key_ids=KeyIds(SECRET, ids), clock=clock, ids=ids)

    async def create_user(self, name: str = "ada") -> shapes.User:
        user = (await self.api.create_user(context(), shapes.CreateUserRequest(user_name=name))).user
        assert user is not None
        return user

    async def create_key(self, name: str = "ada") -> str:
        key = await self.api.create_access_key(context(), shapes.CreateAccessKeyRequest(user_name=name))
        return key.access_key.access_key_id


@asynccontextmanager
async def running_iam(data_dir: Path) -> AsyncIterator[RunningIam]:
    clock = MovableClock()
    clock.freeze()
    store = open_store(data_dir, clock=clock)
    yield RunningIam(store, clock)
    await store.close()


def context(account_id: str = ACCOUNT, *, user: shapes.User | None = None) -> RequestContext:
    """user: who asks; the account's root when nobody is named."""
    principal = root_of(account_id)
    if user is not None:
        principal = Principal(account_id=account_id, arn=user.arn, user_id=user.user_id, minted=True)
    return RequestContext(
        service="iam",
        operation="x",
        request_id="r",
        account_id=account_id,
        region="us-east-1",
        principal=principal,
        source_ip="127.0.0.1",
        host="localhost",
    )


def refused(caught: pytest.ExceptionInfo[ServiceError]) -> tuple[str, str]:
    """Code and message."""
    return caught.value.error_code, caught.value.message
