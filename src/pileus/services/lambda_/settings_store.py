"""Where are settings kept?

Below `(lambda, account, region)`, as `(KIND, NAME, QUALIFIER)`. `(lambda-urls, ID)` leads from the id of a function URL
to the function or alias that has it.
"""

from typing import Final, TypeVar

import msgspec

from pileus.kernel.storage.keys import Subspace
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.lambda_.names import FunctionName
from pileus.services.lambda_.settings import (
    KINDS,
    UNQUALIFIED,
    InvokeConfigRecord,
    ProvisionedRecord,
    RuntimeManagementRecord,
    Setting,
)

_ROOT: Final = Subspace("lambda")
_URLS: Final = Subspace("lambda-urls")

S = TypeVar("S", bound=Setting)


class UrlPlace(msgspec.Struct, frozen=True, kw_only=True, tag="lambda.url-place.v1"):
    """Whose function URL an id is."""

    function: FunctionName


def setting_key(function: FunctionName, kind: type[msgspec.Struct]) -> bytes:
    """Where a setting is, of the function as a whole or of what the qualifier names."""
    qualifier = function.qualifier or UNQUALIFIED
    return _ROOT.pack(function.account_id, function.region, KINDS[kind], function.name, qualifier)


async def get_setting(snapshot: Snapshot, function: FunctionName, kind: type[S]) -> S | None:
    value = await snapshot.get(setting_key(function, kind))
    return None if value is None else decode(value, kind)


def put_setting(tx: Transaction, function: FunctionName, setting: Setting) -> None:
    tx.set(setting_key(function, type(setting)), encode(setting))


def delete_setting(tx: Transaction, function: FunctionName, kind: type[Setting]) -> None:
    tx.clear(setting_key(function, kind))


def forget_qualifier(tx: Transaction, function: FunctionName) -> None:
    """What goes with a version or alias. Its function URL stays (recording lambda, ..._persists_after_alias_delete)."""
    for kind in (ProvisionedRecord, InvokeConfigRecord, RuntimeManagementRecord):
        tx.clear(setting_key(function, kind))


async def list_settings(snapshot: Snapshot, function: FunctionName, kind: type[S]) -> list[tuple[str, S]]:
    """With their qualifiers, in order of these."""
    begin, end = _ROOT.range(function.account_id, function.region, KINDS[kind], function.name)
    return [(str(_ROOT.unpack(key)[4]), decode(value, kind)) for key, value in await snapshot.range(begin, end)]


async def list_every_setting(
    snapshot: Snapshot, *, account_id: str, region: str, kind: type[S]
) -> list[tuple[str, str, S]]:
    """Of all functions, with their names and qualifiers."""
    begin, end = _ROOT.range(account_id, region, KINDS[kind])
    return [
        (str(parts[3]), str(parts[4]), decode(value, kind))
        for parts, value in ((_ROOT.unpack(key), value) for key, value in await snapshot.range(begin, end))
    ]


async def get_url_place(snapshot: Snapshot, url_id: str) -> FunctionName | None:
    """Whose function URL this is."""
    value = await snapshot.get(_URLS.pack(url_id))
    return None if value is None else decode(value, UrlPlace).function


def put_url_place(tx: Transaction, url_id: str, function: FunctionName) -> None:
    tx.set(_URLS.pack(url_id), encode(UrlPlace(function=function)))


def delete_url_place(tx: Transaction, url_id: str) -> None:
    tx.clear(_URLS.pack(url_id))
