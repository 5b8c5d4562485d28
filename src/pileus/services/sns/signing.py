"""How does a subscriber know that a message is from here?

Every message is signed with a key of this Pileus, which a certificate proves that it serves; signature version 1 is
SHA1 with RSA, version 2 SHA256 with RSA. The key is made when the first message needs it, and kept sealed.

**The cost.** Measured (2 cores of a Xeon, OpenSSL 3 in `cryptography` 50): 110-150 us of CPU for 1024 bits, 370-490 us
for 2048. It is by far the largest part of a Publish, so a message is signed once for all its subscriptions, not at all
where none needs it (raw delivery, FIFO topics, whose messages AWS does not sign either), and with 1024 bits while the
server is open to everybody anyway; in strict mode with 2048, as AWS does. Where much is published a process of
its own signs (`signing_process.py`).

Source: SNS Developer Guide, "Verifying the signatures of Amazon SNS messages".
"""

import asyncio
import logging
import time
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from hashlib import md5
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from cryptography.x509.oid import NameOID

from pileus.kernel.auth.sealing import Seal
from pileus.kernel.ids import Ids
from pileus.kernel.storage.keys import Subspace
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Store, Transaction
from pileus.services.sns.signing_process import SigningProcess

_log: Final = logging.getLogger(__name__)

CERTIFICATE_PATH: Final = "/SimpleNotificationService-"
BESIDE_FROM_PER_S: Final = 200
"""Signatures within a second, from which on a process of its own makes them: 25 MB for a core less to wait for."""
_KEY: Final = Subspace("sns-signing").pack("key")
_PURPOSE: Final = "sns signing key"
_EXPONENT: Final = 65_537
_VALID_FOR: Final = timedelta(days=3_650)
_PADDING: Final = PKCS1v15()
_HASHES: Final = {"1": SHA1(), "2": SHA256()}  # noqa: S303 - version 1 is SHA-1


class SigningKeyRecord(msgspec.Struct, frozen=True, kw_only=True, tag="sns.signing-key.v1"):
    """A key with its certificate. sealed: the key, in DER."""

    sealed: bytes
    certificate: bytes


class Signer:
    """Signs with one key. certificate: in PEM."""

    def __init__(self, key: RSAPrivateKey, certificate: bytes) -> None:
        self._key = key
        self._process: SigningProcess | None = None
        self._starting: asyncio.Task[None] | None = None
        self._since_s = 0.0
        self._count = 0
        self.certificate = certificate
        # AWS names its certificates by 32 hexadecimal digits.
        self.path = f"{CERTIFICATE_PATH}{md5(certificate, usedforsecurity=False).hexdigest()}.pem"

    def sign(self, text: str, version: str) -> str:
        """In base64. version: "1" or "2"."""
        return b64encode(self._key.sign(text.encode(), _PADDING, _HASHES[version])).decode()

    async def sign_beside(self, text: str, version: str) -> str:
        """The same; where much is signed, in a process beside this one."""
        process = self._process
        if process is not None:
            try:
                return await process.sign(text, version)
            except ConnectionError as error:
                _log.warning("messages are signed on the loop: %s", error)
                self._process = None
        elif self._starting is None:
            self._notice()
        return self.sign(text, version)

    @property
    def process_id(self) -> int | None:
        """Of the process that signs, where there is one."""
        return None if self._process is None else self._process.process_id

    def _notice(self) -> None:
        """Count what is signed within a second, and start the process when it is much."""
        now_s = time.monotonic()
        if now_s - self._since_s >= 1.0:
            self._since_s, self._count = now_s, 0
        self._count += 1
        if self._count >= BESIDE_FROM_PER_S:
            self._starting = asyncio.get_running_loop().create_task(self._start())

    async def _start(self) -> None:
        """Once: if the process cannot be started, or ends, this one goes on signing."""
        der = self._key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        try:
            process = await SigningProcess.start(der)
            if await process.sign("ready", "2") == self.sign("ready", "2"):
                self._process = process
        except (OSError, ConnectionError) as error:
            _log.warning("messages are signed on the loop: %s", error)

    async def close(self) -> None:
        if self._starting is not None:
            await asyncio.gather(self._starting, return_exceptions=True)
        if self._process is not None:
            await self._process.close()


class Signers:
    """Has the signer of this Pileus, once it was needed."""

    def __init__(self, store: Store, *, secret: bytes, ids: Ids, bits: int) -> None:
        self._store = store
        self._seal = Seal(secret, purpose=_PURPOSE, ids=ids)
        self._bits = bits
        self.signer: Signer | None = None

    async def ready(self) -> Signer:
        """The signer; the first time it is read, or made."""
        if self.signer is None:
            self.signer = await self._store.run(self._load)
        return self.signer

    async def _load(self, tx: Transaction) -> Signer:
        value = await tx.get(_KEY)
        if value is not None:
            record = decode(value, SigningKeyRecord)
            key = load_der_private_key(self._seal.open(record.sealed, bound_to=_KEY), None)
            assert isinstance(key, RSAPrivateKey)
            if key.key_size == self._bits:
                return Signer(key, record.certificate)
        key = generate_private_key(_EXPONENT, self._bits)
        certificate = _certificate(key)
        der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        record = SigningKeyRecord(sealed=self._seal.seal(der, bound_to=_KEY), certificate=certificate)
        tx.set(_KEY, encode(record))
        return Signer(key, certificate)


def _certificate(key: RSAPrivateKey) -> bytes:
    """Self-signed, by the machine's clock: verifiers know no other."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _VALID_FOR)
        .sign(key, SHA256())
    )
    return certificate.public_bytes(Encoding.PEM)
