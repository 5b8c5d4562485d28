"""Did the owner of a key sign the policy that came with a form?

The text of the field is signed as it was sent, by either version, and nothing else of the request is.

Source: S3 API Reference, "Browser-Based Uploads Using POST (AWS Signature Version 4)"; recordings s3/s3,
TestS3PresignedPost.test_post_request_malformed_policy.
"""

import base64
import binascii
import hmac
from typing import Final

import msgspec

from pileus.kernel.auth.refusals import NotAuthentic, Problem
from pileus.kernel.auth.sigv4 import signing_key

_SCOPE_PARTS: Final = 3


class SignedPolicy(msgspec.Struct, frozen=True):
    """What a form says of its signature.

    policy: the field, as sent. scope: of version 4, the credential's day, region and service; empty for version 2.
    """

    access_key_id: str
    policy: str
    signature: str
    scope: tuple[str, ...] = ()
    session_token: str | None = None


def verify(signed: SignedPolicy, *, secret_access_key: str) -> None:
    """Return when the signature is what this secret gives; NotAuthentic (MISMATCH) otherwise."""
    text = signed.policy.encode(errors="replace")
    if signed.scope:
        assert len(signed.scope) == _SCOPE_PARTS
        day, region, service = signed.scope
        try:
            key = signing_key(secret_access_key, day, region, service)
        except UnicodeEncodeError:
            key = b""
        expected = hmac.digest(key, text, "sha256")
        given = _unhex(signed.signature)
    else:
        expected = hmac.digest(secret_access_key.encode(), text, "sha1")
        given = _unbase64(signed.signature)
    if not hmac.compare_digest(expected, given):
        raise NotAuthentic(
            Problem.MISMATCH,
            members={
                "AWSAccessKeyId": signed.access_key_id,
                "StringToSign": signed.policy,
                "SignatureProvided": signed.signature,
                "StringToSignBytes": text.hex(" "),
            },
        )


def _unhex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def _unbase64(text: str) -> bytes:
    try:
        return base64.b64decode(text.encode(), validate=True)
    except (binascii.Error, ValueError):
        return b""
