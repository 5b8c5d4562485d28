"""Where are functions kept?

Below `(lambda, account, region)`: `(function, NAME)` holds the `FunctionRecord`, `(version, NAME, number)` each
published version, `(alias, NAME, ALIAS)` each alias. Events of asynchronous invocations are the outbox's, under the
topic `lambda.invoke`.
"""

from datetime import datetime
from typing import Final

import msgspec

from pileus.kernel.storage.keys import Subspace, after
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Event, Snapshot, Store, Transaction
from pileus.services.lambda_.errors import FunctionNotFound
from pileus.services.lambda_.layers import LayerVersionRecord
from pileus.services.lambda_.model import AliasRecord, FunctionRecord, VersionRecord
from pileus.services.lambda_.names import FunctionName
from pileus.services.lambda_.settings import KINDS

INVOKE_TOPIC: Final = "lambda.invoke"

_ROOT: Final = Subspace("lambda")
_SCAN_PAGE: Final = 256
_OF_A_FUNCTION: Final = ("version", "alias", *KINDS.values())
"""What goes with a function: its records are below these and its name."""


class AsyncInvocation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="lambda.invocation.v1"):
    """An event that waits to be handed to its function.

    function: as the caller named it. errors, throttles: how many attempts ended with the function's error, and how many
    found no room. trace_id: of all attempts; '' in what was accepted before there was one.
    """

    request_id: str
    function: FunctionName
    payload: bytes
    accepted_at: datetime
    client_context: str | None = None
    errors: int = 0
    throttles: int = 0
    trace_id: str = ""


def function_key(function: FunctionName) -> bytes:
    """Where a function's record is."""
    return _ROOT.pack(function.account_id, function.region, "function", function.name)


async def get_function(snapshot: Snapshot, function: FunctionName) -> FunctionRecord | None:
    value = await snapshot.get(function_key(function))
    return None if value is None else decode(value, FunctionRecord)


async def require_function(snapshot: Snapshot, function: FunctionName) -> FunctionRecord:
    """Or `FunctionNotFound`."""
    record = await get_function(snapshot, function)
    if record is None:
        raise FunctionNotFound(function.qualified_arn)
    return record


def put_function(tx: Transaction, function: FunctionName, record: FunctionRecord) -> None:
    assert record.name == function.name
    tx.set(function_key(function), encode(record))


def delete_function(tx: Transaction, function: FunctionName) -> None:
    """With its versions, aliases and settings."""
    tx.clear(function_key(function))
    for kind in _OF_A_FUNCTION:
        tx.clear_range(*_ROOT.range(function.account_id, function.region, kind, function.name))


def version_key(function: FunctionName, number: int) -> bytes:
    return _ROOT.pack(function.account_id, function.region, "version", function.name, number)


async def get_version(snapshot: Snapshot, function: FunctionName, number: int) -> VersionRecord | None:
    value = await snapshot.get(version_key(function, number))
    return None if value is None else decode(value, VersionRecord)


def put_version(tx: Transaction, function: FunctionName, version: VersionRecord) -> None:
    tx.set(version_key(function, version.number), encode(version))


def delete_version(tx: Transaction, function: FunctionName, number: int) -> None:
    tx.clear(version_key(function, number))


async def list_versions(
    snapshot: Snapshot, function: FunctionName, *, after_number: int = 0, limit: int = 0
) -> list[VersionRecord]:
    """In order of their numbers."""
    begin = after(version_key(function, after_number))
    _, end = _ROOT.range(function.account_id, function.region, "version", function.name)
    return [decode(value, VersionRecord) for _, value in await snapshot.range(begin, end, limit=limit)]


def alias_key(function: FunctionName, name: str) -> bytes:
    return _ROOT.pack(function.account_id, function.region, "alias", function.name, name)


async def get_alias(snapshot: Snapshot, function: FunctionName, name: str) -> AliasRecord | None:
    value = await snapshot.get(alias_key(function, name))
    return None if value is None else decode(value, AliasRecord)


def put_alias(tx: Transaction, function: FunctionName, alias: AliasRecord) -> None:
    tx.set(alias_key(function, alias.name), encode(alias))


def delete_alias(tx: Transaction, function: FunctionName, name: str) -> None:
    tx.clear(alias_key(function, name))


async def list_aliases(
    snapshot: Snapshot, function: FunctionName, *, after_name: str | None = None
) -> list[AliasRecord]:
    """In order of their names."""
    begin, end = _ROOT.range(function.account_id, function.region, "alias", function.name)
    if after_name is not None:
        begin = after(alias_key(function, after_name))
    return [decode(value, AliasRecord) for _, value in await snapshot.range(begin, end)]


async def list_functions(
    snapshot: Snapshot, *, account_id: str, region: str, after_name: str | None, limit: int
) -> list[FunctionRecord]:
    """In order of their names, which follow `after_name`."""
    begin, end = _ROOT.range(account_id, region, "function")
    if after_name is not None:
        begin = after(_ROOT.pack(account_id, region, "function", after_name))
    return [decode(value, FunctionRecord) for _, value in await snapshot.range(begin, end, limit=limit)]


async def referenced_archives(store: Store) -> set[str]:
    """The digests of what functions, their versions, and layers are made of, of all accounts and regions."""
    found: set[str] = set()
    begin, end = _ROOT.range()
    while True:
        page = await store.snapshot().range(begin, end, limit=_SCAN_PAGE)
        for key, value in page:
            kind = _ROOT.unpack(key)[2]
            if kind == "layer":
                found.add(decode(value, LayerVersionRecord).code_sha256)
            elif kind in ("function", "version"):
                record = decode(value, FunctionRecord) if kind == "function" else decode(value, VersionRecord).function
                if not record.folder and record.image is None:
                    found.add(record.code_sha256)
                found.update(layer.code_sha256 for layer in record.layers)
        if len(page) < _SCAN_PAGE:
            return found
        begin = after(page[-1][0])


async def referenced_images(store: Store) -> set[str]:
    """The digests of the images that functions and their versions have, of all accounts and regions."""
    found: set[str] = set()
    begin, end = _ROOT.range()
    while True:
        page = await store.snapshot().range(begin, end, limit=_SCAN_PAGE)
        for key, value in page:
            kind = _ROOT.unpack(key)[2]
            if kind in ("function", "version"):
                record = decode(value, FunctionRecord) if kind == "function" else decode(value, VersionRecord).function
                if record.image is not None:
                    found.add(record.code_sha256)
        if len(page) < _SCAN_PAGE:
            return found
        begin = after(page[-1][0])


def emit_invocation(tx: Transaction, invocation: AsyncInvocation, *, at: datetime | None = None) -> None:
    """Write down an asynchronous invocation; it happens when the transaction has committed."""
    tx.emit(Event(topic=INVOKE_TOPIC, payload=encode(invocation)), at=at)
