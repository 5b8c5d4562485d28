"""How many invocations of a function may run at once, where some are reserved for it?

The reserved concurrency of a function is read at every invocation (one key, two microseconds), so that nobody has to
hear that it changed; all versions of the function share it. Invocations are counted only while there is a limit: those
that began before it was set are not.
"""

import asyncio
from collections.abc import Coroutine
from functools import partial
from typing import Any, Final

from pileus.kernel.storage.records import decode
from pileus.kernel.storage.seam import Store
from pileus.services.lambda_.environments.types import (
    ConcurrencyExceeded,
    FunctionSpec,
    Invocation,
    InvocationResult,
)
from pileus.services.lambda_.metrics import Environments
from pileus.services.lambda_.names import FunctionName
from pileus.services.lambda_.settings import ConcurrencyRecord
from pileus.services.lambda_.settings_store import setting_key

_KEPT_MAX: Final = 8_192


class ReservedEnvironments:
    """Environments in which functions that have concurrency reserved run no more often at once."""

    def __init__(self, environments: Environments, store: Store) -> None:
        self._environments = environments
        self._store = store
        self._keys: dict[str, bytes] = {}
        self._running: dict[bytes, int] = {}
        self._tasks: set[asyncio.Task[InvocationResult]] = set()

    async def invoke(self, spec: FunctionSpec, invocation: Invocation) -> InvocationResult:
        """As the environments do; ConcurrencyExceeded beyond what is reserved."""
        place = await self._take(spec)
        if place is None:
            return await self._environments.invoke(spec, invocation)
        return await self._hold(place, self._environments.invoke(spec, invocation))

    async def retire(self, function_arn: str) -> None:
        await self._environments.retire(function_arn)

    def prepare(self) -> None:
        self._environments.prepare()

    async def _take(self, spec: FunctionSpec) -> bytes | None:
        """A place for an invocation, for `_hold`; None where nothing is reserved."""
        key = self._keys.get(spec.function_arn) or self._keep(spec)
        value = await self._store.snapshot().get(key)
        if value is None:
            return None
        running = self._running.get(key, 0)
        if running >= decode(value, ConcurrencyRecord).reserved:
            raise ConcurrencyExceeded("ReservedFunctionConcurrentInvocationLimitExceeded")
        self._running[key] = running + 1
        return key

    async def _hold(self, place: bytes, invocation: Coroutine[Any, Any, InvocationResult]) -> InvocationResult:
        """Run an invocation, and give its place back when it has ended, whether its caller is still there or not."""
        task = asyncio.get_running_loop().create_task(invocation)
        self._tasks.add(task)
        task.add_done_callback(partial(self._ended, place))
        return await asyncio.shield(task)

    def _ended(self, place: bytes, task: "asyncio.Task[InvocationResult]") -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waited may have gone
        left = self._running[place] - 1
        if left:
            self._running[place] = left
        else:
            del self._running[place]

    def _keep(self, spec: FunctionSpec) -> bytes:
        if len(self._keys) >= _KEPT_MAX:
            self._keys.clear()
        function = FunctionName(
            partition=spec.function_arn.split(":", 2)[1],
            region=spec.region,
            account_id=spec.account_id,
            name=spec.function_name,
        )
        key = self._keys[spec.function_arn] = setting_key(function, ConcurrencyRecord)
        return key
