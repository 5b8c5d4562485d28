"""With what is an object encrypted, and which key opens it again?

An object for which encryption was asked, by a header or by the bucket's own configuration, is encrypted with a data key
of its own, which lies wrapped beside it: by the server's key or by KMS. With SSE-C the customer's key is the data key,
and nothing but its MD5 is kept. One for which nobody asked is told to be encrypted with AES256, as every object is on
AWS, and lies plain unless the server is set to encrypt everything.

Sources: S3 User Guide, "Protecting data with encryption"; recordings s3/s3, TestS3SSECEncryption.
"""

import hmac
import json
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Mapping
from hashlib import md5
from typing import Final, Protocol

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.ids import Ids
from pileus.services.s3.errors import AccessDenied, InvalidArgument, InvalidRequest
from pileus.services.s3.keys_of_kms import DataKeys
from pileus.services.s3.model import BucketRecord, DefaultEncryption, Encryption, ObjectRecord
from pileus.services.s3.names import bucket_arn, object_arn
from pileus.services.s3.object_errors import InvalidEncryptionAlgorithm
from pileus.services.s3.wrapping import KEY_BYTES, NONCE_BYTES, Wrapping

AES256: Final = "AES256"
_HEADER: Final = "x-amz-server-side-encryption"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a request says of encryption. customer_key: the 32 bytes of SSE-C."""

    algorithm: str = ""
    key_id: str = ""
    context: str = ""
    bucket_key: bool | None = None
    customer_key: bytes = b""


NOT_ASKED: Final = Asked()


class _Headers(Protocol):
    """The members that requests which write have in common."""

    @property
    def server_side_encryption(self) -> str | None: ...
    @property
    def ssekms_key_id(self) -> str | None: ...
    @property
    def ssekms_encryption_context(self) -> str | None: ...
    @property
    def bucket_key_enabled(self) -> bool | None: ...
    @property
    def sse_customer_algorithm(self) -> str | None: ...
    @property
    def sse_customer_key(self) -> str | None: ...
    @property
    def sse_customer_key_md5(self) -> str | None: ...


def asked_of(request: _Headers) -> Asked:
    """What a request that writes asks for."""
    algorithm = request.server_side_encryption or ""
    customer_key = customer_key_of(
        request.sse_customer_algorithm, request.sse_customer_key, request.sse_customer_key_md5
    )
    if not algorithm and not customer_key and not request.ssekms_key_id and request.bucket_key_enabled is None:
        return NOT_ASKED
    if customer_key and algorithm:
        raise _invalid(
            "Server Side Encryption with Customer provided key is incompatible with the encryption method specified",
            value=algorithm,
        )
    if request.ssekms_key_id and not algorithm.startswith("aws:kms"):
        raise _invalid(
            "Server Side Encryption with AWS KMS managed key requires HTTP header "
            "x-amz-server-side-encryption : aws:kms",
            value=algorithm or None,
        )
    context = request.ssekms_encryption_context or ""
    if context:
        _ = _told_context(context)
    return Asked(
        algorithm=algorithm,
        key_id=request.ssekms_key_id or "",
        context=context,
        bucket_key=request.bucket_key_enabled,
        customer_key=customer_key,
    )


def customer_key_of(algorithm: str | None, key: str | None, key_md5: str | None) -> bytes:
    """The key of SSE-C's three headers; empty without any. Order of refusals: test_put_object_validation_sse_c."""
    if algorithm is None and key is None and key_md5 is None:
        return b""
    if algorithm is None:
        raise _invalid(
            "Requests specifying Server Side Encryption with Customer provided keys must provide a valid encryption "
            "algorithm."
        )
    if algorithm != AES256:
        raise InvalidEncryptionAlgorithm(algorithm)
    if key is None:
        raise _invalid(
            "Requests specifying Server Side Encryption with Customer provided keys must provide an appropriate "
            "secret key."
        )
    try:
        bare = b64decode(key, validate=True)
    except (Error, ValueError):
        bare = b""
    if len(bare) != KEY_BYTES or key_md5 is None:
        raise _invalid("The secret key was invalid for the specified algorithm.")
    if not hmac.compare_digest(_md5_of(bare), key_md5):
        raise _invalid("The calculated MD5 hash of the key did not match the hash that was provided.")
    return bare


def check_customer_key(record: ObjectRecord, customer_key: bytes) -> None:
    """Is this the key with which the object was stored? None was, and none is given, is well too."""
    ours = record.encryption
    wanted = ours.customer_key_md5 if ours is not None else ""
    if not wanted:
        if customer_key:
            raise InvalidRequest("The encryption parameters are not applicable to this object.")
        return
    if not customer_key:
        raise InvalidRequest(
            "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to "
            "retrieve the object."
        )
    if not hmac.compare_digest(_md5_of(customer_key), wanted):
        raise AccessDenied(
            "Requests specifying Server Side Encryption with Customer provided keys must provide the correct secret "
            "key."
        )


def enciphered(record: ObjectRecord) -> bool:
    """Whether a version's bytes need a key."""
    ours = record.encryption
    return ours is not None and bool(ours.sealed_key or ours.customer_key_md5)


def told_headers(record: ObjectRecord) -> list[tuple[str, str]]:
    """What answers tell of a version's encryption."""
    ours = record.encryption
    if ours is None:
        return [(_HEADER, AES256)]
    if ours.customer_key_md5:
        return [(f"{_HEADER}-customer-algorithm", AES256), (f"{_HEADER}-customer-key-MD5", ours.customer_key_md5)]
    told = [(_HEADER, ours.algorithm)]
    if ours.key_arn:
        told.append((f"{_HEADER}-aws-kms-key-id", ours.key_arn))
    if ours.bucket_key:
        told.append((f"{_HEADER}-bucket-key-enabled", "true"))
    return told


class ObjectKeys:
    """Makes data keys and opens them. secret: the server's. everything: encrypt what nobody asked to encrypt too."""

    def __init__(self, *, ids: Ids, secret: bytes, kms: DataKeys, everything: bool = False) -> None:
        self._ids = ids
        self._secret = secret
        self._kms = kms
        self._everything = everything
        self._wrapping: Wrapping | None = None

    async def new(
        self, context: RequestContext | None, bucket: BucketRecord, key: str, asked: Asked
    ) -> tuple[Encryption | None, bytes | None]:
        """What a new version keeps of its encryption, and the data key; None, None for one that lies plain."""
        if asked.customer_key:
            if bucket.encryption is not None and "SSE-C" in bucket.encryption.blocked:
                raise AccessDenied
            return Encryption(algorithm="", customer_key_md5=_md5_of(asked.customer_key)), asked.customer_key
        default = bucket.encryption
        if not asked.algorithm and default is None and not self._everything:
            return None, None
        algorithm = _algorithm_of(bucket, asked)
        if algorithm.startswith("aws:kms"):
            return await self._new_of_kms(context, bucket, key, asked, default, algorithm)
        data_key = self._ids.bytes(KEY_BYTES)
        return Encryption(sealed_key=self._wrap.seal(data_key, self._ids.bytes(NONCE_BYTES))), data_key

    def plain(self, bucket: BucketRecord, asked: Asked) -> bool:
        """Whether a new version would lie plain."""
        return asked is NOT_ASKED and bucket.encryption is None and not self._everything

    def rewrapped(self, bucket: BucketRecord, asked: Asked, record: ObjectRecord) -> Encryption | None:
        """What a copy keeps that lies as its source does, under the same data key; None where it cannot.

        Only under S3's own keys: those of KMS are asked each time, and bound to the place of the object.
        """
        ours = record.encryption
        if ours is None or ours.algorithm != AES256 or not ours.sealed_key:
            return None
        lies_plain = not asked.algorithm and bucket.encryption is None and not self._everything
        if asked.customer_key or lies_plain or _algorithm_of(bucket, asked) != AES256:
            return None
        data_key = self._wrap.open(ours.sealed_key)
        return Encryption(sealed_key=self._wrap.seal(data_key, self._ids.bytes(NONCE_BYTES)))

    async def open(
        self,
        context: RequestContext | None,
        bucket: BucketRecord,
        key: str,
        record: ObjectRecord,
        customer_key: bytes = b"",
    ) -> bytes | None:
        """The data key of a version; None when it lies plain. `check_customer_key` comes before."""
        ours = record.encryption
        if ours is None:
            return None
        if ours.customer_key_md5:
            assert customer_key
            return customer_key
        if ours.algorithm == AES256:
            return self._wrap.open(ours.sealed_key) if ours.sealed_key else None
        return await self._kms.open(
            context,
            key_arn=ours.key_arn,
            sealed=ours.sealed_key,
            encryption_context=context_of(bucket, key, ours.context, bucket_key=ours.bucket_key),
        )

    async def _new_of_kms(
        self,
        context: RequestContext | None,
        bucket: BucketRecord,
        key: str,
        asked: Asked,
        default: DefaultEncryption | None,
        algorithm: str,
    ) -> tuple[Encryption, bytes]:
        # The bucket's key is for requests that name no method of their own.
        by_default = default if default is not None and default.algorithm.startswith("aws:kms") else None
        key_id = asked.key_id or (by_default.key_id if by_default is not None else "")
        bucket_key = asked.bucket_key
        if bucket_key is None:
            bucket_key = by_default is not None and by_default.bucket_key
        made = await self._kms.generate(
            context,
            account_id=bucket.account_id,
            region=bucket.region,
            key_id=key_id,
            encryption_context=context_of(bucket, key, asked.context, bucket_key=bucket_key),
        )
        encryption = Encryption(
            algorithm=algorithm,
            key_arn=made.key_arn,
            context=asked.context,
            bucket_key=bucket_key,
            sealed_key=made.sealed,
        )
        return encryption, made.plain

    @property
    def _wrap(self) -> Wrapping:
        if self._wrapping is None:
            self._wrapping = Wrapping(self._secret)
        return self._wrapping


def _algorithm_of(bucket: BucketRecord, asked: Asked) -> str:
    """Of a new version that is encrypted, and not under a customer's key."""
    return asked.algorithm or (bucket.encryption.algorithm if bucket.encryption is not None else AES256)


def context_of(bucket: BucketRecord, key: str, told: str, *, bucket_key: bool) -> Mapping[str, str]:
    """KMS's encryption context: the bucket's ARN with a bucket key, else the object's, and the caller's own."""
    own = bucket_arn(bucket.name) if bucket_key else object_arn(bucket.name, key)
    return {"aws:s3:arn": own, **(_told_context(told) if told else {})}


def _told_context(told: str) -> dict[str, str]:
    try:
        pairs = json.loads(b64decode(told, validate=True))
    except (Error, ValueError):
        pairs = None
    if not isinstance(pairs, dict) or not all(isinstance(value, str) for value in pairs.values()):
        raise InvalidArgument(
            "The header 'x-amz-server-side-encryption-context' shall be Base64-encoded UTF-8 string holding JSON "
            "which represents a string-string map",
            name=f"{_HEADER}-context",
            value=told,
        )
    return pairs


def _md5_of(key: bytes) -> str:
    return b64encode(md5(key, usedforsecurity=False).digest()).decode()


def _invalid(message: str, *, value: str | None = None) -> InvalidArgument:
    error = InvalidArgument(message)
    error.members = {"ArgumentName": _HEADER} if value is None else {"ArgumentName": _HEADER, "ArgumentValue": value}
    return error
