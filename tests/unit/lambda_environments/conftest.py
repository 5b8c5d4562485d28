"""Functions and a pool to run them in, without anything else of Pileus."""

import itertools
import textwrap
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pileus.kernel.auth.credentials import Credentials
from pileus.kernel.clock import MovableClock
from pileus.kernel.ids import SeededIds
from pileus.services.lambda_.environments.pool import EnvironmentPool
from pileus.services.lambda_.environments.types import FunctionSpec, Invocation, InvocationResult

SECRET = "what no function may read"


class FixedCredentials:
    """Issues the same credentials to every role."""

    async def for_role(
        self, *, role_arn: str, session_name: str, duration: timedelta, context: Mapping[str, str] | None = None
    ) -> Credentials:
        return Credentials(
            access_key_id=f"ASIA-{session_name}",
            secret_access_key="secret",
            session_token=f"token of {role_arn}",
            expires_at=datetime.now(UTC) + duration,
        )


class RecordingLogs:
    """Keeps every event by its stream."""

    def __init__(self) -> None:
        self.events: dict[str, list[str]] = {}
        self.largest_batch_bytes = 0
        self.full = False
        self.count = 0
        self.appends = 0

    def append(self, spec: FunctionSpec, log_stream: str, lines: Sequence[tuple[float, str]]) -> None:
        self.appends += 1
        size_bytes = sum(len(text) for _, text in lines)
        self.largest_batch_bytes = max(self.largest_batch_bytes, size_bytes)
        kept = self.events.setdefault(log_stream, [])
        self.count += len(lines)
        kept += [text for _, text in lines]
        del kept[:-1000]

    def congested(self, spec: FunctionSpec) -> bool:
        return self.full

    @property
    def all(self) -> list[str]:
        return [text for events in self.events.values() for text in events]


class Bench:
    """Writes functions, invokes them, and keeps what they log."""

    def __init__(self, directory: Path, data_dir: Path) -> None:
        self.directory = directory
        self.data_dir = data_dir
        self.logs = RecordingLogs()
        self.clock = MovableClock()
        self.pool = self.new_pool()
        self._numbers = itertools.count(1)

    def new_pool(self, **options: Any) -> EnvironmentPool:
        return EnvironmentPool(
            credentials=FixedCredentials(),
            logs=self.logs,
            clock=self.clock,
            ids=SeededIds(7),
            endpoint_url=lambda: "http://127.0.0.1:4566",
            data_dir=self.data_dir,
            **options,
        )

    def function(self, source: str, *, name: str = "fn", file: str = "app.py", **changes: Any) -> FunctionSpec:
        """A function whose package holds `source` as `file`."""
        code_path = self.directory / name
        target = code_path / file
        target.parent.mkdir(parents=True, exist_ok=True)
        code_path.chmod(0o755)
        target.write_text(textwrap.dedent(source))
        target.chmod(0o755)
        spec = FunctionSpec(
            function_arn=f"arn:aws:lambda:us-east-1:000000000000:function:{name}",
            function_name=name,
            version="$LATEST",
            runtime="python3.11",
            handler="app.handler",
            code_path=code_path,
            code_sha256="",
            memory_mb=128,
            timeout=timedelta(seconds=10),
            environment={},
            role_arn="arn:aws:iam::000000000000:role/runner",
            log_group=f"/aws/lambda/{name}",
            region="us-east-1",
            account_id="000000000000",
            revision="1",
        )
        return msgspec.structs.replace(spec, **changes)

    def invocation(self, event: object = None, **changes: Any) -> Invocation:
        invocation = Invocation(
            request_id=f"00000000-0000-4000-8000-{next(self._numbers):012d}",
            payload=msgspec.json.encode(event),
            invoked_function_arn="arn:aws:lambda:us-east-1:000000000000:function:fn:live",
        )
        return msgspec.structs.replace(invocation, **changes)

    async def invoke(self, spec: FunctionSpec, event: object = None, **changes: Any) -> InvocationResult:
        return await self.pool.invoke(spec, self.invocation(event, **changes))

    async def answer(self, spec: FunctionSpec, event: object = None) -> Any:
        """What the handler returned; fails the test when it failed."""
        result = await self.invoke(spec, event)
        assert result.function_error is None, result.payload
        return msgspec.json.decode(result.payload)

    async def failure(self, spec: FunctionSpec, event: object = None) -> dict[str, Any]:
        """The error document; fails the test when the handler succeeded."""
        result = await self.invoke(spec, event)
        assert result.function_error == "Unhandled", result.payload
        document: dict[str, Any] = msgspec.json.decode(result.payload)
        return document


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    data_dir = tmp_path / "data"
    data_dir.mkdir(mode=0o755)
    (data_dir / "secret").write_text(SECRET)
    (data_dir / "secret").chmod(0o644)
    made = Bench(data_dir / "code", data_dir)
    yield made
    await made.pool.close()
