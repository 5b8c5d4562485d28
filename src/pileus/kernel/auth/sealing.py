"""How is a secret kept, or handed out, so that only this Pileus can read it?

AES-256-GCM under a key derived from the server's secret, one key per purpose, so that what was sealed for one cannot be
opened as another. A random 96-bit nonce per sealing: safe for 2^32 sealings of one purpose (NIST SP 800-38D, 8.3).
"""

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pileus.kernel.ids import Ids

SECRET_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
SEAL_BYTES: Final = _NONCE_BYTES + _TAG_BYTES
"""How much longer what is sealed becomes."""


class SealBroken(Exception):
    """Not sealed here, not for this purpose, or changed since."""


def derive_key(secret: bytes, purpose: str) -> bytes:
    """A key of its own for each purpose."""
    assert len(secret) == SECRET_BYTES
    assert purpose
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"pileus {purpose}".encode()).derive(secret)


class Seal:
    """Seals and opens for one purpose."""

    def __init__(self, secret: bytes, *, purpose: str, ids: Ids) -> None:
        self._cipher = AESGCM(derive_key(secret, purpose))
        self._ids = ids

    def seal(self, clear: bytes, *, bound_to: bytes = b"") -> bytes:
        """Ciphertext that opens only together with `bound_to` (the record's key, say)."""
        nonce = self._ids.bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, clear, bound_to)

    def open(self, sealed: bytes, *, bound_to: bytes = b"") -> bytes:
        """What was sealed; SealBroken."""
        if len(sealed) < SEAL_BYTES:
            raise SealBroken
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound_to)
        except InvalidTag:
            raise SealBroken from None
