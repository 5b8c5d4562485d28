"""What is in this SSH public key?

RSA of 2048 bits and more, in SSH's own form or in PEM (API_UploadSSHPublicKey).
"""

import base64
import hashlib
from typing import Final, Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from pileus.services.iam.errors import InvalidPublicKey, UnrecognizedPublicKeyEncoding

_BITS_MIN: Final = 2_048
_SSH_TYPE: Final = "ssh-rsa"


def key_blob(body: str) -> bytes:
    """The key as RFC 4253 has it; UnrecognizedPublicKeyEncoding, InvalidPublicKey."""
    text = body.strip()
    key: object
    try:
        if text.startswith(f"{_SSH_TYPE} "):
            key = serialization.load_ssh_public_key(text.encode())
        elif text.startswith("-----BEGIN "):
            key = serialization.load_pem_public_key(text.encode())
        else:
            raise UnrecognizedPublicKeyEncoding("The public key encoding format is unsupported or unrecognized.")
    except (ValueError, UnsupportedAlgorithm):
        raise _invalid() from None
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < _BITS_MIN:
        raise _invalid()
    encoded = key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return base64.b64decode(encoded.split()[1])


def fingerprint(blob: bytes) -> str:
    """MD5, as AWS and `ssh-keygen -E md5` tell it."""
    digest = hashlib.md5(blob, usedforsecurity=False).hexdigest()
    return ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))


def encoded(blob: bytes, encoding: Literal["SSH", "PEM"]) -> str:
    """In the form that is asked for (API_GetSSHPublicKey)."""
    text = f"{_SSH_TYPE} {base64.b64encode(blob).decode()}"
    if encoding == "SSH":
        return text
    key = serialization.load_ssh_public_key(text.encode())
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def _invalid() -> InvalidPublicKey:
    return InvalidPublicKey("The public key is malformed or otherwise invalid.")
