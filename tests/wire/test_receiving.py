"""S3's bodies reach operations bare, as botocore and other clients wrap them, and only if they are as sent."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from hashlib import md5, sha256
from io import BytesIO
from typing import Any, Final

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from hypothesis import given, settings
from hypothesis import strategies as st

from pileus.kernel.auth.chunks import Seed
from pileus.kernel.errors import ServiceError
from pileus.kernel.http.messages import Request, Response
from pileus.kernel.ids import SeededIds
from pileus.kernel.service import Service
from pileus.kernel.wire.checksums import NAMES, checksum, written
from pileus.kernel.wire.receiving import ReceivedBody
from pileus.kernel.wire.registered import RegisteredService
from tests.unit.auth.test_chunks import PLAIN_SEED, SCOPE, SECRET, TRAILER_SEED
from tests.wire.harness import Desk, Recording, authorization, read_by_botocore, request_of, shapes_module
from tests.wire.test_aws_chunked import DATA, SIGNED, SIGNED_TRAILER
from tests.wire.test_event_codec import Arriving

_NOTHING: Final[Mapping[str, str]] = {}
KEY = {"Bucket": "bucket", "Key": "key"}


def code_of(response: Response) -> str:
    assert isinstance(response.body, bytes)
    return response.body.decode().partition("<Code>")[2].partition("</Code>")[0]


def put_by_boto3(body: bytes, algorithm: str, **parameters: Any) -> Request:
    """PutObject as boto3 sends it over https: signed, in unsigned chunks, with the checksum behind them."""
    client = boto3.client(
        "s3",
        region_name="us-east-1",
        endpoint_url="https://127.0.0.1:4566",
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key=SECRET,
        config=Config(s3={"addressing_style": "path"}),
    )
    seen: list[Request] = []

    def keep(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        content = request.body.read() if hasattr(request.body, "read") else request.body
        headers = {
            name.lower(): text.decode("latin-1") if isinstance(text, bytes) else text
            for name, text in request.headers.items()
        }
        target = request.url.removeprefix("https://127.0.0.1:4566")
        headers["host"] = "127.0.0.1:4566"
        seen.append(Request(method=request.method, target=target, headers=headers, body=content))
        response = AWSResponse(request.url, 200, {}, None)
        response._content = b""
        return response

    client.meta.events.register("before-send.s3.PutObject", keep)
    client.put_object(**KEY, Body=BytesIO(body), ChecksumAlgorithm=algorithm, **parameters)
    return seen[0]


def taken(request: Request) -> Any:
    desk = Desk(["s3"])
    response = desk.ask(request)
    assert desk.api.given is not None, response
    return desk.api.given


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
@pytest.mark.parametrize("body", [b"", b"small", bytes(3 * 1024 * 1024 + 1)])
def test_what_botocore_wraps(algorithm: str, body: bytes) -> None:
    """The oracle of every upload with boto3: trailing checksums in unsigned chunks."""
    request = put_by_boto3(body, algorithm, ContentEncoding="gzip")
    assert request.headers["x-amz-content-sha256"] == "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    given = taken(request)
    made = checksum(algorithm)
    made.update(body)
    assert given.body == body
    assert getattr(given, f"checksum_{algorithm.lower()}") == written(made.digest())
    assert given.content_encoding == "gzip"
    assert given.content_length == len(body)


def test_what_botocore_wraps_and_somebody_alters() -> None:
    """The trailing checksum finds it."""
    request = put_by_boto3(b"the body", "CRC32")
    assert isinstance(request.body, bytes)
    request.body = request.body.replace(b"the body", b"a bodice")
    response = Desk(["s3"]).ask(request)
    assert (response.status, code_of(response)) == (400, "BadDigest")


async def test_what_botocore_wraps_arrives_slowly() -> None:
    """A long body flows through: bare bytes at once, the verdict at the end."""
    body = bytes(range(256)) * 40
    request = put_by_boto3(body, "SHA256")
    assert isinstance(request.body, bytes)
    request.body = Arriving(request.body, 7)
    given = taken(request)
    assert isinstance(given.body, ReceivedBody)
    assert given.body.size_bytes == len(body)
    assert b"".join([piece async for piece in given.body]) == body
    assert given.body.trailers == {"x-amz-checksum-sha256": written(sha256(body).digest())}
    assert given.body.verification.algorithm == "SHA256"


@pytest.mark.parametrize("altered", [False, True])
async def test_whoever_takes_the_digests_verifies(altered: bool) -> None:
    """A caller that hashes elsewhere gets all there is to hash, the iterator touches none, and the verdict is his."""
    body = b"the body" * 4000
    request = put_by_boto3(body, "SHA256", ContentMD5=written(md5(body).digest()))
    assert isinstance(request.body, bytes)
    request.body = Arriving(request.body.replace(b"the body", b"a bodice", int(altered)), 999)
    given = taken(request).body
    assert isinstance(given, ReceivedBody)
    digests = given.take_digests()
    assert [getattr(digest, "name", "") for digest in digests] == ["sha256", "md5"]
    async for piece in given:
        for digest in digests:
            digest.update(piece)
    if altered:
        with pytest.raises(ServiceError) as refused:
            given.verify()
        assert refused.value.error_code == "BadDigest"
    else:
        given.verify()
        assert given.verification.calculated == written(sha256(body).digest())


@pytest.mark.parametrize("takes", [False, True])
@pytest.mark.parametrize("altered", [False, True])
async def test_a_stated_hash_is_compared_wherever_it_is_made(altered: bool, takes: bool) -> None:
    """The signature is over that hash, so a body that has another one is nobody's; wherever it is computed."""
    body = b"x" * 200_000
    request = Request(
        method="PUT",
        target="/bucket/key",
        headers={
            "host": "s3.amazonaws.com",
            "authorization": authorization("s3"),
            "x-amz-content-sha256": sha256(body).hexdigest(),
            "content-length": str(len(body)),
        },
    )
    request.body = Arriving(body[:-1] + b"y" if altered else body, 50_000)
    given = taken(request).body
    assert isinstance(given, ReceivedBody)

    async def all_of_it() -> None:
        digests = given.take_digests() if takes else ()
        async for piece in given:
            for digest in digests:
                digest.update(piece)
        if takes:
            assert [getattr(digest, "name", "") for digest in digests] == ["sha256"]
            given.verify()

    if not altered:
        await all_of_it()
        return
    with pytest.raises(ServiceError) as refused:
        await all_of_it()
    assert refused.value.error_code == "XAmzContentSHA256Mismatch"


def signed_request(body: Any, *, trailer: bool, key: bool = True, changes: Mapping[str, str] = _NOTHING) -> Request:
    """S3's published example of a chunked upload."""
    marker = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
    headers = {
        "host": "s3.amazonaws.com",
        "authorization": authorization("s3"),
        "content-encoding": "aws-chunked",
        "x-amz-content-sha256": f"{marker}-TRAILER" if trailer else marker,
        "x-amz-decoded-content-length": str(len(DATA)),
        "content-length": str(len(SIGNED)),
    }
    if trailer:
        headers["x-amz-trailer"] = "x-amz-checksum-crc32c"
    headers |= changes
    request = Request(method="PUT", target="/bucket/key", headers=headers, body=body)
    if key:
        request.seed = Seed(
            amz_date="20130524T000000Z",
            scope_text=SCOPE,
            signature=TRAILER_SEED if trailer else PLAIN_SEED,
            secret_access_key=SECRET,
        )
    return request


@pytest.mark.parametrize("key", [True, False])
@pytest.mark.parametrize("trailer", [True, False])
def test_signed_chunks(trailer: bool, key: bool) -> None:
    """S3's own examples reach the operation; also in open mode, where nobody knows the key."""
    given = taken(signed_request(SIGNED_TRAILER if trailer else SIGNED, trailer=trailer, key=key))
    assert given.body == DATA
    assert given.checksum_crc32_c == ("sOO8/Q==" if trailer else None)
    assert given.content_encoding is None


async def read(body: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in body])


@given(at=st.integers(100, 65_000), piece_bytes=st.integers(1000, 70_000))
@settings(max_examples=15, deadline=None)
def test_a_signed_chunk_that_was_altered(at: int, piece_bytes: int) -> None:
    """In memory or in pieces: S3's SignatureDoesNotMatch."""
    altered = bytearray(SIGNED)
    altered[at] ^= 1
    response = Desk(["s3"]).ask(signed_request(bytes(altered), trailer=False))
    assert (response.status, code_of(response)) == (403, "SignatureDoesNotMatch")
    given = taken(signed_request(Arriving(bytes(altered), piece_bytes), trailer=False))
    with pytest.raises(ServiceError) as refused:
        asyncio.run(read(given.body))
    assert refused.value.error_code == "SignatureDoesNotMatch"


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"x-amz-content-sha256": "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"}, 501, "NotImplemented"),
        ({"x-amz-content-sha256": "STREAMING-ELSE"}, 400, "InvalidArgument"),
        ({"x-amz-decoded-content-length": ""}, 411, "MissingContentLength"),
        ({"x-amz-decoded-content-length": "-1"}, 411, "MissingContentLength"),
        ({"x-amz-decoded-content-length": "7"}, 400, "IncompleteBody"),
        ({"x-amz-decoded-content-length": "99999"}, 400, "IncompleteBody"),
        ({"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER"}, 200, ""),
        ({"content-md5": b64encode(md5(DATA).digest()).decode()}, 200, ""),
        ({"content-md5": b64encode(md5(SIGNED).digest()).decode()}, 400, "BadDigest"),
        ({"x-amz-checksum-crc32c": "sOO8/Q=="}, 200, ""),
        ({"x-amz-checksum-crc32c": "AAAAAA=="}, 400, "BadDigest"),
        ({"x-amz-checksum-crc32c": "sOO8/Q==", "x-amz-checksum-sha1": "x"}, 400, "InvalidRequest"),
    ],
)
def test_what_a_head_says_of_its_body(changes: dict[str, str], status: int, code: str) -> None:
    """Contradictions between head and body, in S3's codes."""
    desk = Desk(["s3"])
    response = desk.ask(signed_request(SIGNED, trailer=False, changes=changes))
    assert (response.status, code_of(response)) == (status, code)


@pytest.mark.parametrize("algorithm", NAMES)
def test_every_checksum_in_a_header(algorithm: str) -> None:
    """Those that boto3 cannot calculate without its C library, too."""
    made = checksum(algorithm)
    made.update(b"the body")
    parameters = {**KEY, "Body": b"the body", f"Checksum{algorithm}": written(made.digest())}
    assert taken(request_of("s3", "PutObject", parameters)).body == b"the body"
    response = Desk(["s3"]).ask(request_of("s3", "PutObject", {**parameters, "Body": b"another"}))
    assert (response.status, code_of(response)) == (400, "BadDigest")


async def test_a_stated_hash_of_a_long_body() -> None:
    """The authenticator cannot look into what has not arrived, so the hash it believed is compared at the end."""
    for body, right in ((b"the body", True), (b"a bodice", False)):
        request = request_of("s3", "PutObject", {**KEY, "Body": b"the body"})
        request.headers = {**request.headers, "x-amz-content-sha256": sha256(b"the body").hexdigest()}
        request.body = Arriving(body)
        given = taken(request)
        if right:
            assert await read(given.body) == body
        else:
            with pytest.raises(ServiceError) as refused:
                await read(given.body)
            assert refused.value.error_code == "XAmzContentSHA256Mismatch"


def test_a_body_of_unknown_length() -> None:
    """S3 wants to know how long an object becomes."""
    for extra, status, code in (
        ({}, 411, "MissingContentLength"),
        ({"transfer-encoding": "chunked"}, 501, "NotImplemented"),
    ):
        request = request_of("s3", "PutObject", {**KEY, "Body": b"x"})
        request.headers = {name: text for name, text in request.headers.items() if name != "content-length"} | extra
        response = Desk(["s3"]).ask(request)
        assert (response.status, code_of(response)) == (status, code)


DELETE = {"Bucket": "bucket", "Delete": {"Objects": [{"Key": "k"}]}}


def test_operations_that_insist_on_a_checksum() -> None:
    """DeleteObjects without one is refused; with either kind it is heard."""
    bare = request_of("s3", "DeleteObjects", DELETE)
    assert isinstance(bare.body, bytes)
    bare.headers = {name: text for name, text in bare.headers.items() if name != "content-md5"}
    response = Desk(["s3"]).ask(bare)
    assert (response.status, code_of(response)) == (400, "InvalidRequest")
    for name, text in (
        ("content-md5", b64encode(md5(bare.body).digest()).decode()),
        ("x-amz-checksum-sha256", b64encode(sha256(bare.body).digest()).decode()),
    ):
        again = request_of("s3", "DeleteObjects", DELETE)
        again.headers = {**bare.headers, name: text}
        assert taken(again).delete.objects[0].key == "k"


def test_a_checksum_that_is_not_of_the_body() -> None:
    """CompleteMultipartUpload's headers speak of the whole object, not of the list of parts it sends."""
    parameters = {
        **KEY,
        "UploadId": "u",
        "ChecksumCRC32": "AAAAAA==",
        "MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": "e"}]},
    }
    assert taken(request_of("s3", "CompleteMultipartUpload", parameters)).checksum_crc32 == "AAAAAA=="


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, ""),
        ({"content-md5": "right"}, ""),
        ({"x-amz-checksum-crc32": "right"}, ""),
        ({"content-md5": b64encode(bytes(16)).decode()}, "BadDigest"),
        ({"content-md5": "nonsense"}, "InvalidDigest"),
        ({"x-amz-checksum-crc32": "AAAAAA=="}, "BadDigest"),
    ],
)
def test_checksums_outside_s3(headers: dict[str, str], code: str) -> None:
    """S3 Control's operations have SDKs send one (`httpChecksumRequired`); a body that was altered is refused."""
    tags = {"AccountId": "111111111111", "Bucket": "bucket", "Tagging": {"TagSet": [{"Key": "k", "Value": "v"}]}}
    request = request_of("s3control", "PutBucketTagging", tags)
    assert isinstance(request.body, bytes)
    crc = checksum("CRC32")
    crc.update(request.body)
    right = {"content-md5": md5(request.body).digest(), "x-amz-checksum-crc32": crc.digest()}
    told = {name: b64encode(right[name]).decode() if text == "right" else text for name, text in headers.items()}
    request.headers = {**request.headers, **told}
    desk = Desk(["s3control"])
    response = desk.ask(request)
    if code:
        assert response.status == 400
        assert read_by_botocore("s3control", "PutBucketTagging", response)["Error"]["Code"] == code
        assert desk.api.given is None
    else:
        assert desk.api.given.tagging.tag_set[0].key == "k"


def test_other_operations_have_no_receiver() -> None:
    """Nothing of this costs a service anything that does not need it."""

    for name, operation, peeled in (
        ("dynamodb", "PutItem", False),
        ("s3", "GetObject", False),
        ("s3", "PutObject", True),
        ("s3control", "PutBucketTagging", True),
        ("s3control", "GetBucketTagging", False),
    ):
        service = RegisteredService(Service(name=name, api=Recording, shapes=shapes_module(name)), SeededIds())
        compiled = service.operation(operation, service.model.metadata.protocol)
        assert compiled is not None
        assert (compiled.receive is not None) is peeled
