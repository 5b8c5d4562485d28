"""What does a ciphertext of a symmetric key look like?

    magic (2 bytes), length of the ARN (1), ARN, serial of the material (4), salt (20), nonce (12), sealed

The ARN and the serial say what opens it, as Decrypt needs no key id. Everything before `sealed` and the encryption
context are bound to it (AES-256-GCM, additional data), so whoever changes a bit of it or names another context gets
InvalidCiphertextException. Each ciphertext has a key of its own, HMAC-SHA-256 of the salt under the material: 160
random bits of salt and 96 of nonce, so that 2^32 encryptions are no bound (NIST SP 800-38D, 8.3).

Source of the promises: KMS Cryptographic Details, "Encrypt"; KMS Developer Guide, "Encryption context".
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pileus.kernel.ids import Ids
from pileus.services.kms.errors import InvalidCiphertextException

_MAGIC: Final = b"\x01\x50"
_SERIAL_BYTES: Final = 4
_SALT_BYTES: Final = 20
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_NO_CONTEXT: Final = b"[]"


@dataclass(frozen=True, slots=True)
class Ciphertext:
    """A ciphertext, read but not opened; nothing in it is proven yet. head: up to the nonce and with it."""

    key_arn: str
    serial: int
    head: bytes
    sealed: bytes


def encrypt(
    material: bytes, clear: bytes, *, key_arn: str, serial: int, encryption_context: Mapping[str, str] | None, ids: Ids
) -> bytes:
    """The whole ciphertext."""
    arn = key_arn.encode()
    drawn = ids.bytes(_SALT_BYTES + _NONCE_BYTES)
    head = _MAGIC + bytes((len(arn),)) + arn + serial.to_bytes(_SERIAL_BYTES, "big") + drawn
    cipher = AESGCM(hmac.digest(material, drawn[:_SALT_BYTES], "sha256"))
    return head + cipher.encrypt(drawn[_SALT_BYTES:], clear, head + _bound(encryption_context))


def read(blob: bytes) -> Ciphertext:
    """InvalidCiphertextException for what was never one."""
    if len(blob) < 3 or blob[:2] != _MAGIC:
        raise InvalidCiphertextException
    arn_end = 3 + blob[2]
    head_end = arn_end + _SERIAL_BYTES + _SALT_BYTES + _NONCE_BYTES
    if len(blob) < head_end + _TAG_BYTES:
        raise InvalidCiphertextException
    try:
        arn = blob[3:arn_end].decode("ascii")
    except UnicodeDecodeError:
        raise InvalidCiphertextException from None
    serial = int.from_bytes(blob[arn_end : arn_end + _SERIAL_BYTES], "big")
    return Ciphertext(arn, serial, blob[:head_end], blob[head_end:])


def decrypt(material: bytes, given: Ciphertext, encryption_context: Mapping[str, str] | None) -> bytes:
    """What was encrypted; InvalidCiphertextException."""
    head = given.head
    nonce = head[-_NONCE_BYTES:]
    cipher = AESGCM(hmac.digest(material, head[-_NONCE_BYTES - _SALT_BYTES : -_NONCE_BYTES], "sha256"))
    try:
        return cipher.decrypt(nonce, given.sealed, head + _bound(encryption_context))
    except InvalidTag:
        raise InvalidCiphertextException from None


def _bound(encryption_context: Mapping[str, str] | None) -> bytes:
    """One text for each context, whatever its order; an empty one is none (API_Encrypt)."""
    return msgspec.json.encode(sorted(encryption_context.items())) if encryption_context else _NO_CONTEXT
