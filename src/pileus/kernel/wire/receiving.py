"""What stands between a body on the wire and the body that an operation means?

For S3 `aws-chunked` framing, chunks' signatures, checksums and the stated hash; compression where an operation allows
it; events where it takes them. All of it is peeled off once the request is known to be authentic, and the request's
headers are then those of the bare body, so that what reads members knows nothing of this. A long body is peeled while
it flows: it is whole and as sent only when its iterator has ended without an error.

Source: S3 API Reference, "Authenticating Requests (AWS Signature Version 4)", "Common request headers"; S3 User Guide,
"Checking object integrity".
"""

import hmac
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

import msgspec

from pileus.kernel.auth import chunks, sigv4
from pileus.kernel.auth.refusals import Family, NotAuthentic, Problem, refusal
from pileus.kernel.errors import AnyServiceError, NotImplementedByPileus, ServiceError
from pileus.kernel.http.messages import BodyStream, Request
from pileus.kernel.wire.aws_chunked import AwsChunkedDecoder
from pileus.kernel.wire.checksums import Checksum, Verification, trailer_names
from pileus.kernel.wire.codec import Codec, Receive
from pileus.kernel.wire.compression import NotCompressed, gunzip
from pileus.kernel.wire.event_codec import IncomingEvents, attribute_of, has_first_message
from pileus.kernel.wire.model import Member
from pileus.kernel.wire.subject import Subject
from pileus.kernel.wire.wrapped import stream_member

_CONTENT_SHA256: Final = "x-amz-content-sha256"
_ENCODING: Final = "content-encoding"
_LENGTH: Final = "content-length"
_DECODED_LENGTH: Final = "x-amz-decoded-content-length"
_HEX_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_STREAMING: Final = "STREAMING-"
_OBJECT_DIGITS_MAX: Final = 15
_WITH_TRAILER: Final = frozenset({chunks.SIGNED_CHUNKS_TRAILER, chunks.UNSIGNED_CHUNKS_TRAILER})
_MARKERS: Final = frozenset({"", sigv4.UNSIGNED_PAYLOAD, chunks.SIGNED_CHUNKS, *_WITH_TRAILER})


class ReceivedBody:
    """A long body as an operation of S3 gets it: bare bytes, once, as they arrive.

    size_bytes: of the bare body. trailers, verification: complete once the iterator has ended. Raises `ServiceError`.
    """

    def __init__(
        self,
        source: BodyStream,
        *,
        size_bytes: int | None,
        decoder: AwsChunkedDecoder | None,
        verification: Verification,
        sha256_hex: str | None,
    ) -> None:
        self.size_bytes = size_bytes
        self.verification = verification
        self.trailers: Mapping[str, str] = {}
        self._source = source
        self._decoder = decoder
        self._sha256_hex = sha256_hex
        self._hashed = sha256() if sha256_hex is not None else None
        self._taken = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        digests = () if self._taken else self._digests()
        framed = self._hashed if self._decoder is not None else None  # the stated hash is of the body on the wire
        try:
            async for piece in self._source:
                if framed is not None:
                    framed.update(piece)
                for part in (piece,) if self._decoder is None else self._decoder.feed(piece):
                    for digest in digests:
                        digest.update(part)
                    yield part
            if self._decoder is not None:
                self._decoder.finish()
                self.trailers = self._decoder.trailers
        except NotAuthentic as refused:
            raise refusal(refused, Family.S3) from None
        if not self._taken:
            self.verify()

    def take_digests(self) -> Sequence[Checksum]:
        """What sums up the bare body, for a caller who updates it elsewhere than on the loop, and then calls `verify`.

        Until then nothing of the body is proven. At most one of them is an MD5, by `hashlib`'s name.
        """
        self._taken = True
        return self._digests()

    def verify(self) -> None:
        """All has arrived and is summed up: is it what was sent? Raises `ServiceError`."""
        hashed = self._hashed
        if hashed is not None and not hmac.compare_digest(hashed.hexdigest(), self._sha256_hex or ""):
            raise refusal(NotAuthentic(Problem.HASH_MISMATCH), Family.S3)
        self.verification.finish(self.trailers)

    def _digests(self) -> Sequence[Checksum]:
        digests = list(self.verification.digests)
        if self._hashed is not None and self._decoder is None:
            digests.append(self._hashed)
        return digests

    async def make_room(self, size_bytes: int) -> None:
        """As of the body on the wire."""
        await self._source.make_room(size_bytes)


def with_receiver(subject: Subject, codec: Codec, protocol: str, *, body_bytes_max: int) -> Codec:
    """A codec that peels bodies; the same one for an operation whose bodies are bare (`wrapped` knows most of them)."""
    operation = subject.operation
    events = stream_member(subject, operation.input)
    if events is not None:
        return _with_incoming_events(subject, codec, events, protocol)
    if operation.compression is not None:
        return replace(codec, receive=_decompressor(operation.compression.encodings, body_bytes_max))
    checked = operation.http_checksum
    required = operation.http_checksum_required or (checked is not None and checked.request_checksum_required)
    summed = required or (checked is not None and checked.request_algorithm_member is not None)
    if subject.dialect.s3 and operation.http.method in {"PUT", "POST"}:
        receive = _receiver_of_s3(operation.name, summed=summed, required=required, streams=codec.streams)
        return replace(codec, receive=receive)
    return replace(codec, receive=_verified) if operation.http_checksum_required else codec


async def _verified(request: Request, body: bytes) -> bytes:
    """Outside S3 some operations ask SDKs for a checksum: a wrong one is refused, and none is missed."""
    verification = Verification(request.headers)
    verification.update(body)
    verification.finish({})
    return body


# S3


def _receiver_of_s3(operation: str, *, summed: bool, required: bool, streams: bool) -> Receive:
    """summed: `x-amz-checksum-` headers are of the body. required: one of them, or Content-MD5, must be there."""
    in_hex = operation == "PutObject"  # recording s3/s3, test_s3_invalid_content_md5: UploadPart tells it in base64

    async def receive(request: Request, body: bytes) -> bytes:
        headers = request.headers
        marker = headers.get(_CONTENT_SHA256, "")
        chunked = marker.startswith(_STREAMING) or "aws-chunked" in headers.get(_ENCODING, "")
        _check_marker(marker)
        if streams and not chunked:
            _check_length(headers)
        decoder = _decoder_of(request, marker) if chunked else None
        told = headers if summed else {name: text for name, text in headers.items() if name == "content-md5"}
        verification = Verification(told, required=required, chunked=chunked, md5_in_hex=in_hex)
        if not isinstance(request.body, bytes) and streams:
            size_bytes = request.body.size_bytes if decoder is None else int(headers[_DECODED_LENGTH])
            if chunked:
                request.headers = _bare_headers(headers, {})
            request.body = ReceivedBody(
                request.body,
                size_bytes=size_bytes,
                decoder=decoder,
                verification=verification,
                sha256_hex=marker if _HEX_SHA256.fullmatch(marker) else None,
            )
            return b""
        bare = request.body if isinstance(request.body, bytes) else body
        trailers: Mapping[str, str] = {}
        if decoder is not None:
            bare = _decoded(decoder, bare)
            trailers = decoder.trailers
            request.headers = _bare_headers(headers, trailers)
        if verification.needed:
            verification.update(bare)
            verification.finish(trailers)
        request.body = bare
        return bare

    return receive


def _decoded(decoder: AwsChunkedDecoder, body: bytes) -> bytes:
    try:
        bare = b"".join(decoder.feed(body))
        decoder.finish()
    except NotAuthentic as refused:
        raise refusal(refused, Family.S3) from None
    return bare


def _check_marker(marker: str) -> None:
    if marker.startswith(chunks.ECDSA_PREFIX):
        raise NotImplementedByPileus("Pileus does not implement AWS4-ECDSA-P256-SHA256 yet")
    if marker not in _MARKERS and not _HEX_SHA256.fullmatch(marker):
        raise AnyServiceError(
            "InvalidArgument",
            "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, "
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, "
            "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER or a valid "
            "sha256 value.",
            members={"ArgumentName": _CONTENT_SHA256, "ArgumentValue": marker},
        )


def _check_length(headers: Mapping[str, str]) -> None:
    """S3 stores nothing whose size it does not know."""
    if _LENGTH in headers:
        return
    if "transfer-encoding" in headers:
        raise AnyServiceError(
            "NotImplemented",
            "A header you provided implies functionality that is not implemented",
            status=501,
            members={"Header": "Transfer-Encoding"},
        )
    raise _no_length()


def _no_length() -> ServiceError:
    return AnyServiceError("MissingContentLength", "You must provide the Content-Length HTTP header.", status=411)


def _decoder_of(request: Request, marker: str) -> AwsChunkedDecoder:
    text = request.headers.get(_DECODED_LENGTH, "")
    if not (text.isascii() and text.isdigit()) or len(text) > _OBJECT_DIGITS_MAX:
        raise _no_length()
    signed = marker in {chunks.SIGNED_CHUNKS, chunks.SIGNED_CHUNKS_TRAILER}
    names = trailer_names(request.headers) if marker in _WITH_TRAILER or not marker.startswith(_STREAMING) else ()
    return AwsChunkedDecoder(
        decoded_bytes=int(text),
        trailer_names=names,
        chain=chunks.ChunkChain(request.seed) if signed and request.seed is not None else None,
        signed=signed,
    )


def _bare_headers(headers: Mapping[str, str], trailers: Mapping[str, str]) -> Mapping[str, str]:
    """S3 stores an object without the `aws-chunked` of its way here (Common request headers, `Content-Encoding`)."""
    left = [part.strip() for part in headers.get(_ENCODING, "").split(",")]
    encoding = ",".join(part for part in left if part and part != "aws-chunked")
    bare = {name: text for name, text in headers.items() if name != _ENCODING}
    if encoding:
        bare[_ENCODING] = encoding
    return {**bare, _LENGTH: headers[_DECODED_LENGTH], **trailers}


# Compression


def _decompressor(encodings: list[str], body_bytes_max: int) -> Receive:
    async def receive(request: Request, body: bytes) -> bytes:
        encoding = request.headers.get(_ENCODING, "").strip().lower()
        if encoding in {"", "identity"}:
            return body
        if encoding != "gzip" or encoding not in encodings:
            # Not seen on AWS; HTTP's own status for it (RFC 9110, 15.5.16).
            text = f"The content encoding {encoding[:64]} is not supported"
            raise AnyServiceError("UnsupportedMediaTypeException", text, status=415)
        try:
            bare = gunzip(body, size_bytes_max=body_bytes_max)
        except NotCompressed:
            raise AnyServiceError("SerializationException", "The body is not in the gzip format") from None
        request.headers = {name: text for name, text in request.headers.items() if name != _ENCODING}
        request.body = bare
        return bare

    return receive


# Events


def _with_incoming_events(subject: Subject, codec: Codec, member: Member, protocol: str) -> Codec:
    attribute = attribute_of(subject.given, member.key)
    parse_bare = codec.parse
    family = Family.REST_JSON if protocol.startswith("rest-") else Family.JSON

    async def receive(request: Request, body: bytes) -> bytes:
        source = _once(request.body) if isinstance(request.body, bytes) else request.body
        events = IncomingEvents(
            subject,
            member,
            protocol,
            source,
            signed=request.headers.get(_CONTENT_SHA256) == sigv4.SIGNED_EVENTS,
            seed=request.seed,
            family=family,
        )
        request.events = events
        return await events.initial_request() if has_first_message(protocol) else b""

    def parse(request: Request, body: bytes) -> Any:
        return msgspec.structs.replace(parse_bare(request, body), **{attribute: request.events})

    return Codec(parse, codec.answer, streams=True, receive=receive)


async def _once(body: bytes) -> AsyncIterator[bytes]:
    if body:
        yield body
