"""How does a version with SnapStart become active?

It is `Pending` when it is published, and an event of the same transaction asks for its snapshot: so one that a crash
interrupts is taken after the next start. The snapshot itself lives no longer than this process: after a start those of
the versions that are likely to be needed are taken again, one by one, and others when they are invoked.

Below `(lambda-snapshots, ACCOUNT, REGION, NAME, NUMBER)` is noted which versions have one, so that a server without any
need not look for them.
"""

from contextlib import suppress
from functools import partial
from typing import Any, Final, Protocol, runtime_checkable

import msgspec

from pileus.kernel.errors import ServiceError
from pileus.kernel.outbox import Delivery
from pileus.kernel.sandbox.sandbox import SandboxFailed
from pileus.kernel.storage.keys import Subspace
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Event, Store, Transaction
from pileus.services.lambda_.environments.types import ConcurrencyExceeded, FunctionSpec, InitFailed, UnsupportedRuntime
from pileus.services.lambda_.errors import FunctionNotFound
from pileus.services.lambda_.model import VersionRecord
from pileus.services.lambda_.names import FunctionName
from pileus.services.lambda_.resolving import Named, Resolver, resolve
from pileus.services.lambda_.store import get_function, get_version, list_aliases, put_version

TOPIC: Final = "lambda.snapshot"
NOTES: Final = Subspace("lambda-snapshots")
PENDING: Final = {"state": "Pending", "state_reason": "The function is being created.", "state_reason_code": "Creating"}
_CODES: Final = {
    "Sandbox.Timedout": "FunctionError.InitTimeout",
    "Runtime.ExitError": "FunctionError.RuntimeInitError",
    "Runtime.OutOfMemory": "FunctionError.InitResourceExhausted",
    "Runtime.InvalidEntrypoint": "FunctionError.InvalidEntryPoint",
    "Extension.InitError": "FunctionError.ExtensionInitError",
    "Extension.Crash": "FunctionError.ExtensionInitError",
}
"""API_FunctionConfiguration, StateReasonCode."""


class SnapshotWanted(msgspec.Struct, frozen=True, kw_only=True, tag="lambda.snapshot-wanted.v1"):
    """A version that has just been published."""

    function: FunctionName
    number: int


@runtime_checkable
class SnapshotTaker(Protocol):
    """What initialises versions: the `EnvironmentPool`."""

    async def take_snapshot(self, spec: FunctionSpec) -> None:
        """Raises what an invocation would meet, and InitFailed."""
        ...


def emit_snapshot(tx: Transaction, wanted: SnapshotWanted) -> None:
    tx.emit(Event(topic=TOPIC, payload=encode(wanted)))
    tx.set(_note(wanted), encode(wanted))


def _note(wanted: SnapshotWanted) -> bytes:
    function = wanted.function
    return NOTES.pack(function.account_id, function.region, function.name, wanted.number)


class Snapshotting:
    """Takes the snapshots that are asked for."""

    def __init__(self, *, store: Store, resolver: Resolver, taker: SnapshotTaker) -> None:
        self._store = store
        self._resolver = resolver
        self._taker = taker

    async def deliver(self, delivery: Delivery) -> None:
        """The outbox's handler of the topic."""
        wanted = decode(delivery.event.payload, SnapshotWanted)
        version = await get_version(self._store.snapshot(), wanted.function, wanted.number)
        if version is None or version.state != "Pending":
            return
        try:
            target = await resolve(self._store.snapshot(), wanted.function.qualified_by(str(wanted.number)))
            await self._taker.take_snapshot(await self._resolver.spec(target))
        except FunctionNotFound:
            return
        except InitFailed as failure:
            kind, message = _told(failure)
            code = _CODES.get(kind, "FunctionError")
            await self._end(wanted, state="Failed", state_reason=message, state_reason_code=code)
        except (UnsupportedRuntime, SandboxFailed, ServiceError, ConcurrencyExceeded) as failure:
            reason = str(failure) or type(failure).__name__
            await self._end(wanted, state="Failed", state_reason=reason, state_reason_code="InternalError")
        else:
            await self._end(wanted, state="Active", state_reason="", state_reason_code="")

    async def take_again(self) -> None:
        """After a start: those of the versions that aliases lead to, and of each function's last one."""
        begin, end = NOTES.range()
        for key, value in await self._store.snapshot().range(begin, end):
            wanted = decode(value, SnapshotWanted)
            snapshot = self._store.snapshot()
            latest = await get_function(snapshot, wanted.function)
            version = await get_version(snapshot, wanted.function, wanted.number)
            if latest is None or version is None:
                await self._store.run(partial(_forget, key))
                continue
            aliases = await list_aliases(snapshot, wanted.function)
            likely = latest.last_version == wanted.number or any(a.points_at(str(wanted.number)) for a in aliases)
            if version.state != "Active" or not likely:
                continue
            with suppress(FunctionNotFound, InitFailed, UnsupportedRuntime, SandboxFailed, ServiceError):
                ready = await self._resolver.find(Named(wanted.function.qualified_by(str(wanted.number))))
                await self._taker.take_snapshot(ready.spec)

    async def _end(self, wanted: SnapshotWanted, **state: str) -> None:
        async def write(tx: Transaction) -> None:
            version = await get_version(tx, wanted.function, wanted.number)
            if version is not None:
                changed: VersionRecord = msgspec.structs.replace(version, **state)
                put_version(tx, wanted.function, changed)

        await self._store.run(write)


async def _forget(key: bytes, tx: Transaction) -> None:
    tx.clear(key)


def _told(failure: InitFailed) -> tuple[str, str]:
    """The kind and the message, which of the function's own failures are in its document."""
    if failure.document is None:
        return failure.kind, failure.message
    try:
        told: dict[str, Any] = msgspec.json.decode(failure.document, type=dict)
    except msgspec.DecodeError:
        return failure.kind, failure.message
    return str(told.get("errorType", failure.kind)), str(told.get("errorMessage", failure.message))
