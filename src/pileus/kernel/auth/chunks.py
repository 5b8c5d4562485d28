"""Is each piece of a streamed body signed, and in its place?

The request's own signature is the seed. Every piece is signed together with the signature before it, so that none can
be altered, dropped, repeated or moved; the last piece is empty, which makes a body that was cut off visible.

Source: S3 API Reference, "Signature Calculations for the Authorization Header: Transferring Payload in Multiple
Chunks" and "... Including Trailing Headers"; Amazon Transcribe Developer Guide, "Event stream encoding", for events.
"""

import hmac
import time
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

import msgspec

from pileus.kernel.auth.mac import Mac
from pileus.kernel.auth.refusals import NotAuthentic, Problem
from pileus.kernel.auth.sigv4 import SKEW_S_MAX, signing_key

SIGNED_CHUNKS: Final = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_CHUNKS_TRAILER: Final = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
UNSIGNED_CHUNKS_TRAILER: Final = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
ECDSA_PREFIX: Final = "STREAMING-AWS4-ECDSA-P256-SHA256-"
"""What `x-amz-content-sha256` says of a body that follows in pieces; `sigv4.SIGNED_EVENTS` is another."""

_EMPTY_SHA256: Final = sha256(b"").hexdigest()
_PAYLOAD: Final = "AWS4-HMAC-SHA256-PAYLOAD"
_TRAILER: Final = "AWS4-HMAC-SHA256-TRAILER"


class Seed(msgspec.Struct, frozen=True):
    """What a verified request leaves to the reader of its body.

    signature: in hexadecimal. machine_s: the clock by which clients sign.
    """

    amz_date: str
    scope_text: str
    signature: str
    secret_access_key: str
    machine_s: Callable[[], float] = time.time

    def __repr__(self) -> str:
        return f"Seed({self.scope_text})"  # never the secret, in no log


class ChunkChain:
    """The chain of signatures through an `aws-chunked` body."""

    def __init__(self, seed: Seed) -> None:
        self._mac = Mac(_key_of(seed.secret_access_key, seed.scope_text))
        self._where = f"{seed.amz_date}\n{seed.scope_text}\n"
        self._previous = seed.signature

    def chunk(self, *, payload_sha256: str, signature: str) -> None:
        """The next chunk, empty for the last; raises `NotAuthentic` (MISMATCH)."""
        self._link(f"{_PAYLOAD}\n{self._where}{self._previous}\n{_EMPTY_SHA256}\n{payload_sha256}", signature)

    def trailer(self, *, trailer_sha256: str, signature: str) -> None:
        """The trailing headers, as `name:value\\n` each; raises `NotAuthentic` (MISMATCH)."""
        self._link(f"{_TRAILER}\n{self._where}{self._previous}\n{trailer_sha256}", signature)

    def _link(self, text: str, signature: str) -> None:
        expected = self._mac.hexdigest(text.encode("latin-1"))
        if not hmac.compare_digest(expected.encode(), signature.encode("latin-1", errors="replace")):
            raise NotAuthentic(Problem.MISMATCH)
        self._previous = expected


class EventChain:
    """The chain of signatures through a stream of events."""

    def __init__(self, seed: Seed) -> None:
        self._secret_access_key = seed.secret_access_key
        self._scope = seed.scope_text.partition("/")[2]
        self._previous = seed.signature

    def event(self, *, date: datetime, date_header: bytes, payload: bytes, signature: bytes, now_s: float) -> None:
        """The next signed message; raises `NotAuthentic` (SKEWED, MISMATCH).

        date: what its `:date` header says. date_header: that header as encoded. payload: the message that is inside,
        empty for the last. now_s: by the clock that clients sign with.
        """
        if abs(date.timestamp() - now_s) > SKEW_S_MAX:
            raise NotAuthentic(Problem.SKEWED)
        expected = sign_event(
            secret_access_key=self._secret_access_key,
            scope=self._scope,
            previous=self._previous,
            date=date,
            date_header=date_header,
            payload=payload,
        )
        if not hmac.compare_digest(expected, signature):
            raise NotAuthentic(Problem.MISMATCH)
        self._previous = expected.hex()


def sign_event(
    *, secret_access_key: str, scope: str, previous: str, date: datetime, date_header: bytes, payload: bytes
) -> bytes:
    """The signature of one event. scope: `REGION/SERVICE/aws4_request`. previous: in hexadecimal."""
    moment = date.astimezone(UTC)
    scope_text = f"{moment:%Y%m%d}/{scope}"
    text = "\n".join(
        (
            _PAYLOAD,
            f"{moment:%Y%m%dT%H%M%SZ}",
            scope_text,
            previous,
            sha256(date_header).hexdigest(),
            sha256(payload).hexdigest(),
        )
    )
    return hmac.digest(_key_of(secret_access_key, scope_text), text.encode("latin-1"), "sha256")


def _key_of(secret_access_key: str, scope_text: str) -> bytes:
    date, region, service, _ = scope_text.split("/")
    return signing_key(secret_access_key, date, region, service)
