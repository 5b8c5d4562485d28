"""Where are layers kept?

Below `(lambda, account, region)`: `(layers, NAME)` holds the `LayerRecord`, which stays when all versions are deleted;
`(layer, NAME, number)` each version.
"""

from typing import Final

from pileus.kernel.storage.keys import Subspace, after
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.lambda_.layers import LayerName, LayerRecord, LayerVersionRecord

_ROOT: Final = Subspace("lambda")


def _key(layer: LayerName) -> bytes:
    return _ROOT.pack(layer.account_id, layer.region, "layer", layer.name, layer.number)


async def get_layer_version(snapshot: Snapshot, layer: LayerName) -> LayerVersionRecord | None:
    value = await snapshot.get(_key(layer))
    return None if value is None else decode(value, LayerVersionRecord)


def put_layer_version(tx: Transaction, layer: LayerName, version: LayerVersionRecord) -> None:
    assert layer.number == version.number
    tx.set(_key(layer), encode(version))


def delete_layer_version(tx: Transaction, layer: LayerName) -> None:
    tx.clear(_key(layer))


async def next_number(tx: Transaction, layer: LayerName) -> int:
    """The number for a new version: never one that was given before."""
    key = _ROOT.pack(layer.account_id, layer.region, "layers", layer.name)
    value = await tx.get(key)
    number = 1 if value is None else decode(value, LayerRecord).last_version + 1
    tx.set(key, encode(LayerRecord(name=layer.name, last_version=number)))
    return number


async def list_layer_versions(
    snapshot: Snapshot, layer: LayerName, *, below: int | None = None, limit: int = 0
) -> list[LayerVersionRecord]:
    """The newest first."""
    begin, end = _ROOT.range(layer.account_id, layer.region, "layer", layer.name)
    if below is not None:
        end = _ROOT.pack(layer.account_id, layer.region, "layer", layer.name, below)
    pairs = await snapshot.range(begin, end, limit=limit, reverse=True)
    return [decode(value, LayerVersionRecord) for _, value in pairs]


async def layers_size_bytes(snapshot: Snapshot, *, account_id: str, region: str) -> int:
    """Of the archives of all versions of all layers."""
    begin, end = _ROOT.range(account_id, region, "layer")
    pairs = await snapshot.range(begin, end)
    return sum(decode(value, LayerVersionRecord).code_size_bytes for _, value in pairs)


async def list_layer_names(
    snapshot: Snapshot, *, account_id: str, region: str, after_name: str | None, limit: int
) -> list[str]:
    """Of every layer that there has been, in order."""
    begin, end = _ROOT.range(account_id, region, "layers")
    if after_name is not None:
        begin = after(_ROOT.pack(account_id, region, "layers", after_name))
    return [decode(value, LayerRecord).name for _, value in await snapshot.range(begin, end, limit=limit)]
