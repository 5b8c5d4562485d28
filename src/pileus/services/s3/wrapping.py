"""How does a data key lie beside its object, under the server's own key?

Encrypted by AES-256-GCM with a key that follows from the server's secret.
"""

from typing import Final

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
_PURPOSE: Final = b"pileus s3 data keys"


class Wrapping:
    """Wraps data keys; made when the first object needs it."""

    def __init__(self, secret: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        derived = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=_PURPOSE).derive(secret)
        self._gcm = AESGCM(derived)

    def seal(self, data_key: bytes, nonce: bytes) -> bytes:
        """A nonce is used once."""
        assert len(nonce) == NONCE_BYTES
        return nonce + self._gcm.encrypt(nonce, data_key, _PURPOSE)

    def open(self, sealed: bytes) -> bytes:
        return self._gcm.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _PURPOSE)
