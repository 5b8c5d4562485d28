"""How does a symmetric key encrypt and decrypt?"""

from collections.abc import Mapping

from pileus.kernel.ids import Ids
from pileus.kernel.storage.seam import Snapshot
from pileus.services.kms import ciphertexts
from pileus.services.kms.ciphertexts import Ciphertext
from pileus.services.kms.errors import InvalidCiphertextException
from pileus.services.kms.key_records import find_material
from pileus.services.kms.materials import Materials
from pileus.services.kms.model import KeyRecord

EncryptionContext = Mapping[str, str] | None


class Ciphering:
    """Encrypts with a key's current material, and decrypts with whichever it was."""

    def __init__(self, materials: Materials, ids: Ids) -> None:
        self._materials = materials
        self._ids = ids

    async def encrypt(self, snapshot: Snapshot, key: KeyRecord, clear: bytes, bound_to: EncryptionContext) -> bytes:
        """key: one that may be used."""
        material = await find_material(snapshot, key, key.current)
        assert material is not None, "a key that may be used has its material"
        return ciphertexts.encrypt(
            self._materials.open(key, key.current, material),
            clear,
            key_arn=key.arn,
            serial=key.current,
            encryption_context=bound_to,
            ids=self._ids,
        )

    async def decrypt(
        self, snapshot: Snapshot, key: KeyRecord, given: Ciphertext, bound_to: EncryptionContext
    ) -> tuple[bytes, str]:
        """What was encrypted, and the id of the material; InvalidCiphertextException."""
        assert given.key_arn == key.arn
        material = await find_material(snapshot, key, given.serial)
        if material is None or not material.sealed:
            raise InvalidCiphertextException
        clear = ciphertexts.decrypt(self._materials.open(key, given.serial, material), given, bound_to)
        return clear, material.material_id
