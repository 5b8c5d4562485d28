"""What lies in the store says nothing, and is nothing anywhere else."""

from pathlib import Path

import msgspec
import pytest

from pileus.kernel.auth.sealing import SealBroken
from pileus.kernel.ids import SystemIds
from pileus.kernel.storage.keys import Subspace
from pileus.services.kms.key_records import find_material
from pileus.services.kms.materials import Materials
from pileus.services.kms.model import KeyRecord, MaterialRecord
from tests.unit.kms.conftest import Kms


async def parts(kms: Kms, key_id: str) -> tuple[KeyRecord, MaterialRecord]:
    key = await kms.api.known.find(kms.store.snapshot(), account_id="111111111111", region="us-east-1", key_id=key_id)
    assert key is not None
    material = await find_material(kms.store.snapshot(), key, key.current)
    assert material is not None
    return key, material


async def test_material_is_sealed_in_the_store(kms: Kms, tmp_path: Path) -> None:
    """Whoever has the files has no key; nor what was encrypted, which is kept nowhere."""
    made = await kms.make()
    blob = await kms.encrypt(made.key_id, b"a secret of mine")
    key, material = await parts(kms, made.key_id)
    clear = kms.api.materials.open(key, 1, material)
    assert len(clear) == 32
    await kms.store.durable()
    everything = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert material.sealed in everything
    for secret in (clear, b"a secret of mine", blob):
        assert secret not in everything


async def test_material_belongs_where_it_lies(kms: Kms) -> None:
    """Moved to another key, or to another Pileus, it opens nothing."""
    one, other = await kms.make(), await kms.make()
    key, material = await parts(kms, one.key_id)
    another, _ = await parts(kms, other.key_id)
    with pytest.raises(SealBroken):
        kms.api.materials.open(another, 1, material)
    with pytest.raises(SealBroken):
        kms.api.materials.open(key, 2, material)
    with pytest.raises(SealBroken):
        Materials(b"t" * 32, SystemIds()).open(key, 1, material)


async def test_material_ids_tell_the_same_from_another(kms: Kms) -> None:
    """Of one key, equal material has equal ids, which imports rely on; of two keys it has not."""
    one, other = await kms.make(), await kms.make()
    (key, _), (another, _) = await parts(kms, one.key_id), await parts(kms, other.key_id)
    ids = kms.api.materials
    assert ids.id_of(key, b"m" * 32) == ids.id_of(key, b"m" * 32)
    assert len({ids.id_of(key, b"m" * 32), ids.id_of(key, b"n" * 32), ids.id_of(another, b"m" * 32)}) == 3


async def test_nothing_unsealed_is_written(kms: Kms) -> None:
    """Of an asymmetric key as well: no record holds the private key's DER."""
    made = await kms.make(key_spec="ECC_NIST_P256", key_usage="SIGN_VERIFY")
    key, material = await parts(kms, made.key_id)
    der = kms.api.materials.open(key, 1, material)
    for _, value in await kms.store.snapshot().range(*Subspace("kms").range()):
        assert der not in value
        assert msgspec.msgpack.decode(value)
