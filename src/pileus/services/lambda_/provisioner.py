"""Which environments are to be kept initialised, as the records say, and what is left for everybody else?"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Protocol, runtime_checkable

from pileus.kernel.storage.keys import Subspace, after
from pileus.kernel.storage.records import decode
from pileus.kernel.storage.seam import Store
from pileus.services.lambda_ import settings_store
from pileus.services.lambda_.environments.concurrency import Limits, Unreserved
from pileus.services.lambda_.environments.types import FunctionSpec
from pileus.services.lambda_.errors import FunctionNotFound
from pileus.services.lambda_.limits import CONCURRENCY_MAX
from pileus.services.lambda_.names import FunctionName
from pileus.services.lambda_.provisioning import Provisioned
from pileus.services.lambda_.resolving import Named, Resolver, resolve
from pileus.services.lambda_.settings import KINDS, ConcurrencyRecord, ProvisionedRecord

_ROOT: Final = Subspace("lambda")
_PAGE: Final = 1_000


@runtime_checkable
class Fleets(Protocol):
    """Environments that can be kept initialised: the `EnvironmentPool`."""

    limits: Limits | None
    appeared: Callable[[], None] | None

    def provide(self, wanted: Sequence[tuple[FunctionSpec, int]]) -> None:
        """Keep so many environments of each initialised, and none of any other; returns at once."""
        ...

    def provisioned(self, function_arn: str) -> Provisioned | None:
        """None where nobody has asked for any."""
        ...


class AccountConcurrency:
    """What functions share that have nothing reserved."""

    def __init__(self, store: Store, *, most: int = CONCURRENCY_MAX) -> None:
        self._store = store
        self._most = most

    async def unreserved(self, *, account_id: str, region: str) -> Unreserved:
        reserved = await settings_store.list_every_setting(
            self._store.snapshot(), account_id=account_id, region=region, kind=ConcurrencyRecord
        )
        return Unreserved(
            concurrency=self._most - sum(setting.reserved for *_, setting in reserved),
            reserved_by=frozenset(name for name, *_ in reserved),
        )


class Provisioner:
    """Tells the pool what is wanted, whenever that may have changed, and once after a start."""

    def __init__(self, *, store: Store, resolver: Resolver, fleets: Fleets) -> None:
        self._store = store
        self._resolver = resolver
        self._fleets = fleets
        fleets.appeared = self.provisions_changed  # after a start, the first invocation brings them back
        self._changed = False
        self._task: asyncio.Task[None] | None = None

    def provisioned(self, function_arn: str) -> Provisioned:
        known = self._fleets.provisioned(function_arn)
        if known is None:  # after a start: whoever looks first brings them back
            self.provisions_changed()
            return Provisioned(allocated=0, available=0)
        return known

    def provisions_changed(self) -> None:
        self._changed = True
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._tell())

    async def _tell(self) -> None:
        while self._changed:
            self._changed = False
            self._fleets.provide(await self._wanted())

    async def _wanted(self) -> list[tuple[FunctionSpec, int]]:
        """Of all accounts and regions. What an alias provisions is of the version it points at."""
        found = []
        kind = KINDS[ProvisionedRecord]
        begin, end = _ROOT.range()
        while True:
            page = await self._store.snapshot().range(begin, end, limit=_PAGE)
            for key, value in page:
                parts = _ROOT.unpack(key)
                if parts[2] != kind:
                    continue
                _, region, _, name, qualifier = (str(part) for part in parts)
                function = FunctionName(
                    partition=_partition(region), region=region, account_id=str(parts[0]), name=name
                ).qualified_by(qualifier)
                try:
                    target = await resolve(self._store.snapshot(), function)
                    ready = await self._resolver.find(Named(function.qualified_by(target.version)))
                except FunctionNotFound:
                    continue
                found.append((ready.spec, decode(value, ProvisionedRecord).requested))
            if len(page) < _PAGE:
                return found
            begin = after(page[-1][0])


def _partition(region: str) -> str:
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"
