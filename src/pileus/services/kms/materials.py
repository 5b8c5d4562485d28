"""How is what a key consists of kept, so that only this Pileus can use it?

Sealed (AES-256-GCM) under a key derived from the server's secret, and bound to where it lies, so that the material of
one key cannot be moved to another. Asymmetric keys are parsed when they are first used; a few stay parsed.
"""

import hmac
from collections.abc import Callable
from typing import Final

from pileus.kernel.auth.sealing import Seal, derive_key
from pileus.kernel.ids import Ids
from pileus.services.kms.asymmetric import PrivateKey, load_private
from pileus.services.kms.key_records import material_place
from pileus.services.kms.model import KeyRecord, MaterialRecord, MaterialState

_PURPOSE: Final = "kms key material"
_PARSED_MAX: Final = 256
SYMMETRIC_BYTES: Final = 32


class Materials:
    """Seals material and opens it."""

    def __init__(self, secret: bytes, ids: Ids) -> None:
        self._seal = Seal(secret, purpose=_PURPOSE, ids=ids)
        self._naming = derive_key(secret, "kms key material ids")
        self._parsed: dict[bytes, PrivateKey] = {}

    def record(
        self,
        key: KeyRecord,
        serial: int,
        clear: bytes,
        *,
        state: MaterialState,
        since_s: float | None,
        rotation: str = "",
        description: str = "",
        expires_at_s: float | None = None,
    ) -> MaterialRecord:
        """What to keep of it, at that place."""
        return MaterialRecord(
            sealed=self.sealed(key, serial, clear),
            material_id=self.id_of(key, clear),
            state=state,
            since_s=since_s,
            rotation=rotation,
            description=description,
            expires_at_s=expires_at_s,
        )

    def sealed(self, key: KeyRecord, serial: int, clear: bytes) -> bytes:
        return self._seal.seal(clear, bound_to=material_place(key, serial))

    def open(self, key: KeyRecord, serial: int, material: MaterialRecord) -> bytes:
        """The material itself; it must be there."""
        assert material.sealed, "the material was taken away"
        return self._seal.open(material.sealed, bound_to=material_place(key, serial))

    def private(self, key: KeyRecord, serial: int, material: MaterialRecord) -> PrivateKey:
        """Of an asymmetric key."""
        return self._kept(material.sealed, lambda: load_private(self.open(key, serial, material)))

    def id_of(self, key: KeyRecord, clear: bytes) -> str:
        """The same for the same material of the same key, and says nothing of it."""
        return hmac.digest(self._naming, key.arn.encode() + b"\n" + clear, "sha256").hex()

    def _kept(self, sealed: bytes, load: Callable[[], PrivateKey]) -> PrivateKey:
        parsed = self._parsed.get(sealed)
        if parsed is None:
            if len(self._parsed) >= _PARSED_MAX:
                self._parsed.clear()
            parsed = self._parsed[sealed] = load()
        return parsed
