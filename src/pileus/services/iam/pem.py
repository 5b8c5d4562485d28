"""What is in these PEM blocks, and do they belong together?"""

import base64
import hashlib
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from pileus.services.iam.errors import InvalidInput, KeyPairMismatch, MalformedCertificate

_CERTIFICATE_ENDS: Final = "-----END CERTIFICATE-----"


def check_server_certificate(*, body: str, private_key: str, chain: str | None) -> datetime:
    """When the certificate ends; MalformedCertificate, KeyPairMismatch.

    One certificate, its unencrypted key, and a chain that begins with the certificate's issuer, in order
    (API_UploadServerCertificate).
    """
    certificates = _certificates(body)
    if len(certificates) != 1:
        raise MalformedCertificate("Invalid Public Key Certificate.")
    certificate = certificates[0]
    key = _private_key(private_key)
    if key is None:
        raise MalformedCertificate("Invalid Private Key.")
    if _public_bytes(key.public_key()) != _public_bytes(certificate.public_key()):
        raise KeyPairMismatch("The private key does not match the public key of the certificate.")
    if chain is not None:
        _check_chain(certificate, _certificates(chain))
    return certificate.not_valid_after_utc


def check_private_key(private_key: str) -> None:
    """InvalidInput unless it is an unencrypted RSA key (API_CreateSAMLProvider, AddPrivateKey)."""
    if not isinstance(_private_key(private_key), rsa.RSAPrivateKey):
        raise InvalidInput("Could not parse private key")


def certificate_id(body: str) -> str:
    """Of a signing certificate: its SHA-1, in base32; MalformedCertificate."""
    try:
        (certificate,) = x509.load_pem_x509_certificates(body.encode())
    except ValueError:
        raise MalformedCertificate(f"Certificate {body} is malformed.") from None
    der = certificate.public_bytes(serialization.Encoding.DER)
    return base64.b32encode(hashlib.sha1(der, usedforsecurity=False).digest()).decode()


def tidied(pem: str) -> str:
    """As AWS keeps it: without white space around (recordings: iam test_server_certificate)."""
    return pem.strip()


def _certificates(pem: str) -> list[x509.Certificate]:
    try:
        certificates = x509.load_pem_x509_certificates(pem.encode())
    except ValueError:
        certificates = []
    if not certificates or not pem.rstrip().endswith(_CERTIFICATE_ENDS):
        raise MalformedCertificate("Unable to parse certificate. Please ensure the certificate is in PEM format.")
    return certificates


def _private_key(pem: str) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | None:
    """None when it cannot be read, is encrypted, or is of a kind that AWS does not take."""
    try:
        key = serialization.load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) else None


def _public_bytes(key: object) -> bytes:
    assert hasattr(key, "public_bytes")
    encoded: bytes = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return encoded


def _check_chain(certificate: x509.Certificate, chain: list[x509.Certificate]) -> None:
    issued = certificate
    for index, issuer in enumerate(chain):
        try:
            issued.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature):
            raise MalformedCertificate(
                "Unable to validate certificate chain. The certificate chain must start with the immediate signing "
                "certificate, followed by any intermediaries in order. The index within the chain of the invalid "
                f"certificate is: {index}"
            ) from None
        issued = issuer
