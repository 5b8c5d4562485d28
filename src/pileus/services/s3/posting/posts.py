"""How is a form that was posted to a bucket answered?

Its policy is believed and held against it before a byte of the file is looked at; then it is a PutObject like any
other.

Sources: S3 API Reference, "POST Object"; recordings s3/s3, TestS3PresignedPost.
"""

import time
from collections.abc import AsyncIterator, Callable
from typing import Final, Protocol
from urllib.parse import quote, quote_plus

import msgspec

from pileus.kernel.auth.signed_policies import SignedPolicy
from pileus.kernel.context import Principal, RequestContext
from pileus.kernel.http.messages import BodyStream, Request, Response
from pileus.kernel.service import Answered, PostedForm
from pileus.kernel.wire.bucket_hosts import named_bucket
from pileus.kernel.wire.checksums import Verification
from pileus.kernel.wire.receiving import ReceivedBody
from pileus.kernel.wire.xml_text import element
from pileus.services.s3.bucket_errors import WrongRegion, WrongRegionInForm
from pileus.services.s3.describing import storage_class_of
from pileus.services.s3.performing import OperationPerformer
from pileus.services.s3.posting.errors import NotMultipart, UploadTooLarge, UploadTooSmall
from pileus.services.s3.posting.forms import Form
from pileus.services.s3.posting.multipart import FormReader, boundary_of
from pileus.services.s3.posting.policies import SizeRange, check_form, read_policy

_FILE_BYTES_MAX: Final = 5 * 1024**3
"""Source: S3 User Guide, "Uploading objects"."""
_MULTIPART: Final = "multipart/form-data"


class PolicyAuthenticator(Protocol):
    """Says who signed; `kernel.auth.authenticator.Authenticator` outside tests."""

    async def authenticate_policy(self, signed: SignedPolicy) -> Principal: ...

    async def authenticate(self, request: Request, *, body: bytes, service: str | None) -> Principal: ...


class PostedForms:
    """Answers forms. machine_s: the clock by which clients sign, and say until when a form is good."""

    def __init__(
        self,
        *,
        authenticator: PolicyAuthenticator,
        performer: OperationPerformer,
        machine_s: Callable[[], float] = time.time,
    ) -> None:
        self._authenticator = authenticator
        self._performer = performer
        self._machine_s = machine_s

    async def __call__(self, context: RequestContext, posted: PostedForm) -> Answered:
        """Raises `ServiceError`."""
        request, bucket = posted.request, posted.bucket
        content_type = request.headers.get("content-type", "")
        if not content_type.lower().startswith(_MULTIPART):
            raise NotMultipart
        reader = FormReader(_pieces(request), boundary_of(content_type))
        fields, head = await reader.fields()
        form = Form(fields, filename=head.filename)
        key = form.key
        context = await self._signed(context, request, form)
        sizes = SizeRange()
        if form.get("policy"):
            policy = read_policy(form.get("policy"))
            sizes = check_form(policy, form.fields, bucket=bucket, now_s=self._machine_s())
        headers = form.headers()
        storage_class_of(headers.get("x-amz-storage-class"))
        proposed_bytes = reader.file_bytes_at_most(_declared(request))
        file = _Measured(reader.file(), sizes, proposed_bytes)
        put = Request(
            method="PUT",
            target=f"/{bucket}/{quote(key, safe='')}",
            headers={"host": "localhost", **headers},
            peer=request.peer,
            secure=request.secure,
        )
        verification = Verification(headers)
        if isinstance(request.body, bytes):
            put.body = await file.read()
            verification.update(put.body)
            verification.finish({})
        else:
            put.body = ReceivedBody(file, size_bytes=None, decoder=None, verification=verification, sha256_hex=None)
        try:
            written = await self._performer.perform("PutObject", put, context)
        except WrongRegion as wrong:
            expected = str(wrong.members["Region"])
            credential = form.get("x-amz-credential")
            raise WrongRegionInForm(region=context.region, expected=expected, credential=credential) from None
        return _answer(form, request, written, bucket=bucket, key=key)

    async def _signed(self, context: RequestContext, request: Request, form: Form) -> RequestContext:
        """The context of whoever signed the form."""
        signed = form.signed_policy()
        if signed is not None:
            principal = await self._authenticator.authenticate_policy(signed)
        else:
            unsigned = Request(
                method="PUT", target=request.path, headers={"host": request.headers.get("host", "")}, peer=request.peer
            )
            principal = await self._authenticator.authenticate(unsigned, body=b"", service="s3")
        region = signed.scope[1] if signed is not None and signed.scope else context.region
        return msgspec.structs.replace(
            context,
            operation="PostObject",
            principal=principal,
            account_id=principal.account_id,
            region=region,
            query=form.signature_query,
        )


class _Measured:
    """A file that is as long as its policy wants; a `BodyStream`, read once."""

    def __init__(self, source: AsyncIterator[bytes], sizes: SizeRange, proposed_bytes: int | None) -> None:
        self.size_bytes: int | None = None
        self._source = source
        self._bytes_min = sizes.bytes_min
        self._bytes_max = _FILE_BYTES_MAX if sizes.bytes_max is None else min(sizes.bytes_max, _FILE_BYTES_MAX)
        self._proposed_bytes = proposed_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read_bytes = 0
        async for piece in self._source:
            read_bytes += len(piece)
            if read_bytes > self._bytes_max:
                raise UploadTooLarge(
                    proposed_bytes=max(read_bytes, self._proposed_bytes or 0), allowed_bytes=self._bytes_max
                )
            yield piece
        if read_bytes < self._bytes_min:
            raise UploadTooSmall(proposed_bytes=read_bytes, allowed_bytes=self._bytes_min)

    async def read(self) -> bytes:
        return b"".join([piece async for piece in self])

    async def make_room(self, size_bytes: int) -> None:
        """Nothing is held."""


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    body: bytes | BodyStream = request.body
    if isinstance(body, bytes):
        yield body
        return
    async for piece in body:
        yield piece


def _declared(request: Request) -> int | None:
    return len(request.body) if isinstance(request.body, bytes) else request.body.size_bytes


def _answer(form: Form, request: Request, written: Response, *, bucket: str, key: str) -> Answered:
    etag = next((value for name, value in written.headers if name.lower() == "etag"), "")
    host = request.headers.get("host", "")
    path = f"/{quote(key, safe='')}" if named_bucket(host) else f"/{bucket}/{quote(key, safe='')}"
    location = f"{'https' if request.secure else 'http'}://{host}{path}"
    # The ids of the request come with every answer.
    told = [(name, value) for name, value in written.headers if name.lower() not in _IDS]
    if url := form.leads_to:
        mark = "&" if "?" in url else "?"
        where = f"{url}{mark}bucket={quote_plus(bucket)}&key={quote_plus(key)}&etag={quote_plus(etag)}"
        return Answered(303, [*told, ("Location", where)])
    told.append(("Location", location))
    if form.status != 201:
        return Answered(form.status, told)
    inside = element("Location", location) + element("Bucket", bucket) + element("Key", key) + element("ETag", etag)
    document = f'<?xml version="1.0" encoding="UTF-8"?>\n<PostResponse>{inside}</PostResponse>'
    return Answered(201, [*told, ("Content-Type", "application/xml")], document.encode(errors="replace"))


_IDS: Final = frozenset({"x-amz-request-id", "x-amz-id-2"})
