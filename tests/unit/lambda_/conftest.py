"""A Lambda API over a real store, with environments that only note what they are asked."""

import zipfile
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from pileus.kernel.auth.credentials import Credentials
from pileus.kernel.blobs.local import LocalBlobs
from pileus.kernel.clock import Clock
from pileus.kernel.context import Principal, RequestContext
from pileus.kernel.errors import AnyServiceError
from pileus.kernel.ids import SeededIds
from pileus.kernel.storage.sqlite import SqliteStore, open_store
from pileus.services.lambda_.api import LambdaApi
from pileus.services.lambda_.environments.types import FunctionSpec, Invocation, InvocationResult
from pileus.services.lambda_.shapes import CreateFunctionRequest, FunctionCode, FunctionConfiguration
from tests.support.time import JumpingClock

ACCOUNT = "111111111111"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"


class NotingEnvironments:
    """Answers each invocation with what the test put into `answers`: an error to raise, or a result."""

    def __init__(self) -> None:
        self.invoked: list[tuple[FunctionSpec, Invocation]] = []
        self.retired: list[str] = []
        self.answers: list[InvocationResult | Exception] = []
        self.prepared = False

    async def invoke(self, spec: FunctionSpec, invocation: Invocation) -> InvocationResult:
        self.invoked.append((spec, invocation))
        answer = self.answers.pop(0) if self.answers else result()
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def retire(self, function_arn: str) -> None:
        self.retired.append(function_arn)

    def prepare(self) -> None:
        self.prepared = True


class Roles:
    """Any role can be assumed unless it is in `refused`."""

    def __init__(self) -> None:
        self.refused: set[str] = set()

    async def for_role(
        self, *, role_arn: str, session_name: str, duration: timedelta, context: Mapping[str, str] | None = None
    ) -> Credentials:
        if role_arn in self.refused:
            raise AnyServiceError("AccessDenied", "no")
        expires_at = datetime(2030, 1, 1, tzinfo=UTC)
        return Credentials(access_key_id="A", secret_access_key="s", session_token="t", expires_at=expires_at)


def result(payload: bytes = b'"done"', *, error: str | None = None) -> InvocationResult:
    return InvocationResult(
        payload=payload,
        function_error=error,
        duration=timedelta(milliseconds=1),
        init_duration=None,
        max_memory_bytes=1,
        log=b"START END REPORT",
        log_stream="stream",
    )


def archive(files: Mapping[str, str | bytes]) -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in files.items():
            opened.writestr(name, content)
    return packed.getvalue()


def context(*, account_id: str = ACCOUNT, region: str = "us-east-1", operation: str = "Invoke") -> RequestContext:
    return RequestContext(
        service="lambda",
        operation=operation,
        request_id="request-1",
        account_id=account_id,
        region=region,
        principal=Principal(account_id=account_id, arn=f"arn:aws:iam::{account_id}:root", user_id=account_id),
        source_ip="127.0.0.1",
        host="localhost:4566",
    )


def creation(name: str = "f", **members: Any) -> CreateFunctionRequest:
    """A request that succeeds unless `members` say otherwise."""
    given: dict[str, Any] = {
        "function_name": name,
        "runtime": "python3.12",
        "role": ROLE,
        "handler": "index.handler",
        "code": FunctionCode(zip_file=archive({"index.py": "def handler(event, context): ..."})),
    }
    return CreateFunctionRequest(**(given | members))


class Lambda:
    """The API with all that it stands on."""

    def __init__(self, store: SqliteStore, clock: Clock, data_dir: Path) -> None:
        self.store = store
        self.data_dir = data_dir
        self.environments = NotingEnvironments()
        self.roles = Roles()
        self.ids = SeededIds()
        self.members: dict[str, Any] = {}
        self.api = self.new_api(clock)

    def new_api(self, clock: Clock) -> LambdaApi:
        """As after a restart."""
        return LambdaApi(
            store=self.store,
            blobs=LocalBlobs(self.data_dir / "blobs"),
            pool=self.environments,
            clock=clock,
            ids=self.ids,
            data_dir=self.data_dir,
            secret=bytes(32),
            credentials=self.roles,
            **self.members,
        )

    async def create(self, name: str = "f", **members: Any) -> FunctionConfiguration:
        return await self.api.create_function(context(operation="CreateFunction"), creation(name, **members))


@pytest.fixture
def clock() -> JumpingClock:
    return JumpingClock()


@pytest.fixture
async def functions(tmp_path: Path, clock: JumpingClock) -> AsyncIterator[Lambda]:
    store = open_store(tmp_path, clock=clock)
    yield Lambda(store, clock, tmp_path)
    await store.close()
