"""What can be done with an asymmetric key?

Keys are kept as PKCS #8 in DER, public keys are handed out as SubjectPublicKeyInfo in DER, signatures of elliptic
curves are in DER (ANSI X9.62), as AWS documents. What RSA takes long for is done in threads.

Sources: KMS Developer Guide, "Key spec reference"; API_Sign, API_GetPublicKey, API_DeriveSharedSecret; recordings
kms/kms, test_sign_verify, test_verify_salt_length.
"""

from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)

from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.kms.errors import InvalidCiphertextException, ValidationException

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey

_EXPONENT: Final = 65_537
_CURVES: Final[Mapping[str, type[ec.EllipticCurve]]] = {
    "ECC_NIST_P256": ec.SECP256R1,
    "ECC_NIST_P384": ec.SECP384R1,
    "ECC_NIST_P521": ec.SECP521R1,
    "ECC_SECG_P256K1": ec.SECP256K1,
}
_HASHES: Final[Mapping[str, type[HashAlgorithm]]] = {"SHA_256": SHA256, "SHA_384": SHA384, "SHA_512": SHA512}
_EDWARDS: Final = "ECC_NIST_EDWARDS25519"


def generate_private(spec: str) -> bytes:
    """A new key of that spec, in DER; RSA takes up to seconds."""
    return private_der(_generate(spec))


def takes_long(spec: str) -> bool:
    """Whether what is done with a key of that spec belongs into a thread."""
    return spec.startswith("RSA_")


def _generate(spec: str) -> PrivateKey:
    if spec in _CURVES:
        return ec.generate_private_key(_CURVES[spec]())
    if spec == _EDWARDS:
        return ed25519.Ed25519PrivateKey.generate()
    assert spec.startswith("RSA_")
    return rsa.generate_private_key(_EXPONENT, int(spec.removeprefix("RSA_")))


def private_der(key: PrivateKey) -> bytes:
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def public_der(key: PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def load_private(der: bytes) -> PrivateKey:
    """Of our own making, or looked at by `read_private`, so its numbers are not proven again."""
    key = load_der_private_key(der, None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(key, PrivateKey)
    return key


def read_private(der: bytes, spec: str) -> PrivateKey | None:
    """A key that somebody brings; None for what is none of that spec."""
    try:
        key = load_der_private_key(der, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, PrivateKey) and _spec_of(key) == spec else None


def _spec_of(key: PrivateKey) -> str:
    if isinstance(key, rsa.RSAPrivateKey):
        return f"RSA_{key.key_size}"
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return _EDWARDS
    return next((spec for spec, curve in _CURVES.items() if isinstance(key.curve, curve)), "")


# Signatures


def sign(key: PrivateKey, message: bytes, *, algorithm: str, digested: bool) -> bytes:
    """digested: the message is a digest already."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        _check_edwards(algorithm, digested=digested)
        return key.sign(message)
    hashing = _hash_of(message, algorithm, digested=digested)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, _padding(algorithm), hashing)
    return key.sign(message, ec.ECDSA(hashing))


def verified(key: PrivateKey, message: bytes, signature: bytes, *, algorithm: str, digested: bool) -> bool:
    """Whether it is the key's signature of the message."""
    public = key.public_key()
    try:
        if isinstance(public, ed25519.Ed25519PublicKey):
            _check_edwards(algorithm, digested=digested)
            public.verify(signature, message)
            return True
        hashing = _hash_of(message, algorithm, digested=digested)
        if isinstance(public, rsa.RSAPublicKey):
            public.verify(signature, message, _padding(algorithm), hashing)
        else:
            public.verify(signature, message, ec.ECDSA(hashing))
    except InvalidSignature:
        return False
    return True


def _check_edwards(algorithm: str, *, digested: bool) -> None:
    if algorithm != "ED25519_SHA_512":
        raise NotImplementedByPileus(f"Pileus does not implement kms signatures with {algorithm} yet")
    if digested:
        raise ValidationException(f"MessageType DIGEST is not supported for algorithm {algorithm}.")


def _hash_of(message: bytes, algorithm: str, *, digested: bool) -> HashAlgorithm | Prehashed:
    hashing = _HASHES[algorithm[-len("SHA_256") :]]()
    if not digested:
        return hashing
    if len(message) != hashing.digest_size:
        raise ValidationException(f"Digest is invalid length for algorithm {algorithm}.")
    return Prehashed(hashing)


def _padding(algorithm: str) -> padding.AsymmetricPadding:
    if "PKCS1" in algorithm:
        return padding.PKCS1v15()
    # The salt is as long as the digest: recording kms/kms, test_verify_salt_length.
    return padding.PSS(padding.MGF1(_HASHES[algorithm[-len("SHA_256") :]]()), padding.PSS.DIGEST_LENGTH)


# Encryption


def rsa_encrypt(key: PrivateKey, clear: bytes, *, algorithm: str) -> bytes:
    """ValidationException for what is too long."""
    assert isinstance(key, rsa.RSAPrivateKey)
    hashing = _oaep_hash(algorithm)
    longest = key.key_size // 8 - 2 * hashing.digest_size - 2
    if len(clear) > longest:
        raise ValidationException(
            f"Algorithm {algorithm} and key spec RSA_{key.key_size} cannot encrypt data larger than {longest} bytes."
        )
    return key.public_key().encrypt(clear, oaep(algorithm))


def rsa_decrypt(key: PrivateKey, sealed: bytes, *, algorithm: str) -> bytes:
    """InvalidCiphertextException."""
    assert isinstance(key, rsa.RSAPrivateKey)
    try:
        return key.decrypt(sealed, oaep(algorithm))
    except ValueError:
        raise InvalidCiphertextException from None


def oaep(algorithm: str) -> padding.OAEP:
    """Of `RSAES_OAEP_SHA_1`, or any other that ends so."""
    hashing = _oaep_hash(algorithm)
    return padding.OAEP(padding.MGF1(hashing), hashing, None)


def _oaep_hash(algorithm: str) -> HashAlgorithm:
    return SHA1() if algorithm.endswith("SHA_1") else SHA256()  # noqa: S303 - the caller's choice


# Agreement


def shared_secret(key: PrivateKey, other_der: bytes) -> bytes:
    """ECDH; ValidationException when the other's public key is none, or of another curve."""
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    try:
        other = load_der_public_key(other_der)
        if not isinstance(other, ec.EllipticCurvePublicKey) or other.curve.name != key.curve.name:
            raise ValidationException
        return key.exchange(ec.ECDH(), other)
    except (ValueError, UnsupportedAlgorithm):
        raise ValidationException from None  # recording kms/kms, test_derive_shared_secret: AWS says no more
