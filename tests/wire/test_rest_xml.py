"""What S3 does otherwise than its protocol, and what tells its operations apart."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pileus.kernel.errors import AnyServiceError, ServiceError
from pileus.kernel.http.messages import FileBody, Request, Response
from pileus.kernel.service import Encoded
from tests.wire.harness import Desk, authorization, of_body, shapes_of


def s3(method: str, target: str, body: bytes = b"", *, host: str = "localhost:4566", **headers: str) -> Request:
    own = {name.replace("_", "-"): value for name, value in headers.items()}
    known = {"host": host, "authorization": SIGNED} | of_body(target, body)
    return Request(method=method, target=target, headers=known | own, body=body)


SIGNED = authorization("s3")


def text(response: Response) -> str:
    assert isinstance(response.body, bytes)
    return response.body.decode()


@pytest.mark.parametrize(
    ("method", "target", "operation"),
    [
        ("GET", "/", "ListBuckets"),
        ("GET", "/b", "ListObjects"),
        ("GET", "/b/", "ListObjects"),
        ("GET", "/b?list-type=2&prefix=a", "ListObjectsV2"),
        ("GET", "/b?versions", "ListObjectVersions"),
        ("GET", "/b?uploads", "ListMultipartUploads"),
        ("GET", "/b?location", "GetBucketLocation"),
        ("GET", "/b?location=", "GetBucketLocation"),
        ("GET", "/b?lifecycle", "GetBucketLifecycleConfiguration"),
        ("GET", "/b?notification", "GetBucketNotificationConfiguration"),
        ("GET", "/b?analytics", "ListBucketAnalyticsConfigurations"),
        ("GET", "/b?analytics&id=1", "GetBucketAnalyticsConfiguration"),
        ("HEAD", "/b", "HeadBucket"),
        ("PUT", "/b/", "CreateBucket"),
        ("DELETE", "/b", "DeleteBucket"),
        ("DELETE", "/b?policy", "DeleteBucketPolicy"),
        ("POST", "/b?delete", "DeleteObjects"),
        ("GET", "/b/k", "GetObject"),
        ("GET", "/b/k?x-id=GetObject", "GetObject"),
        ("GET", "/b/k?response-content-type=a&partNumber=1", "GetObject"),
        ("GET", "/b/k?acl", "GetObjectAcl"),
        ("GET", "/b/k?uploadId=1", "ListParts"),
        ("PUT", "/b/k", "PutObject"),
        ("PUT", "/b/k?partNumber=1&uploadId=2", "UploadPart"),
        ("PUT", "/b/k?tagging", "PutObjectTagging"),
        ("POST", "/b/k?uploads", "CreateMultipartUpload"),
        ("POST", "/b/k?uploadId=1", "CompleteMultipartUpload"),
        ("POST", "/b/k?select&select-type=2", "SelectObjectContent"),
        ("DELETE", "/b/k", "DeleteObject"),
        ("DELETE", "/b/k?uploadId=1", "AbortMultipartUpload"),
        ("HEAD", "/b/k", "HeadObject"),
    ],
)
def test_operations_of_one_address(method: str, target: str, operation: str) -> None:
    """Path, method, sub-resource and required parameters tell what is meant."""
    desk = Desk(["s3"])
    desk.ask(s3(method, target, b"<a/>"))
    found = desk.api.context.operation if desk.api.context is not None else None
    if found is None:  # refused for its body, which names nothing
        desk.api.given = None
        response = desk.ask(s3(method, target))
        assert response.status in {200, 204, 400}
        found = desk.api.context.operation if desk.api.context is not None else operation
    assert found == operation


def test_a_source_makes_a_copy() -> None:
    """The same method and path, with a header; nothing is remembered of the one before."""
    desk = Desk(["s3"])
    for _ in range(2):
        desk.ask(s3("PUT", "/b/k"))
        assert desk.api.context is not None
        assert desk.api.context.operation == "PutObject"
        desk.ask(s3("PUT", "/b/k", x_amz_copy_source="/b/j"))
        assert desk.api.context.operation == "CopyObject"
        assert desk.api.given.copy_source == "/b/j"
        desk.ask(s3("PUT", "/b/k?partNumber=1&uploadId=2", x_amz_copy_source="/b/j"))
        assert desk.api.context.operation == "UploadPartCopy"


@pytest.mark.parametrize(
    ("host", "target", "bucket", "key"),
    [
        ("localhost:4566", "/b/k", "b", "k"),
        ("127.0.0.1:4566", "/b/k", "b", "k"),
        ("s3.localhost:4566", "/b/k", "b", "k"),
        ("s3.eu-central-1.amazonaws.com", "/b/k", "b", "k"),
        ("b.s3.localhost:4566", "/k", "b", "k"),
        ("b.s3.amazonaws.com", "/k", "b", "k"),
        ("b.s3.eu-central-1.amazonaws.com", "/k", "b", "k"),
        ("b.s3-eu-central-1.amazonaws.com", "/k", "b", "k"),
        ("b.s3.dualstack.us-gov-west-1.amazonaws.com", "/k", "b", "k"),
        ("b.s3-accelerate.amazonaws.com", "/k", "b", "k"),
        ("my.dotted.b.s3.localhost", "/k", "my.dotted.b", "k"),
        ("a.s3.b.s3.localhost", "/k", "a.s3.b", "k"),
        ("b.s3.localhost", "/k/", "b", "k/"),
        ("b.s3.localhost", "//k", "b", "/k"),
        ("b.s3.localhost", "/a//k", "b", "a//k"),
        ("localhost", "/b/a/../k", "b", "a/../k"),
        ("localhost", "/b/a%2Fk+%2B%20%C3%BC%25", "b", "a/k++ ü%"),
        ("localhost", "/b/%F0%9F%99%82", "b", "🙂"),
    ],
)
def test_bucket_and_key(host: str, target: str, bucket: str, key: str) -> None:
    """A bucket in the path or in the host; a key keeps its slashes, dots and pluses, and loses its percents."""
    desk = Desk(["s3"])
    assert desk.ask(s3("GET", target, host=host)).status == 200
    assert (desk.api.given.bucket, desk.api.given.key) == (bucket, key)


@pytest.mark.parametrize("signed", [True, False])
def test_hosts_that_name_the_bucket_alone(signed: bool) -> None:
    """A bucket's own root, with a signature or (a public one) without."""
    desk = Desk(["s3", "lambda", "iam"])
    request = s3("GET", "/?versions", host="b.s3.localhost")
    if not signed:
        request.headers = {"host": "b.s3.localhost"}
    assert desk.ask(request).status == 200
    assert desk.api.context is not None
    assert desk.api.context.operation == "ListObjectVersions"
    assert desk.api.given.bucket == "b"


def test_s3_takes_what_nobody_else_has() -> None:
    """An unsigned path that another service knows is not a bucket's."""
    desk = Desk(["s3", "lambda"])
    desk.ask(Request(method="GET", target="/2015-03-31/functions/", headers={"host": "localhost"}))
    assert desk.api.context is not None
    assert desk.api.context.operation == "ListFunctions"
    desk.ask(Request(method="GET", target="/b/k", headers={"host": "localhost"}))
    assert desk.api.context.operation == "GetObject"


@pytest.mark.parametrize(("signed_for", "operation"), [("s3", "ListBuckets"), ("s3express", "ListDirectoryBuckets")])
def test_buckets_of_two_kinds_have_one_address(signed_for: str, operation: str) -> None:
    """What a request is signed for tells which list is wanted."""
    desk = Desk(["s3", "lambda"])
    request = s3("GET", "/")
    request.headers = {
        **request.headers,
        "authorization": request.headers["authorization"].replace("/s3/", f"/{signed_for}/"),
    }
    desk.ask(request)
    assert desk.api.context is not None
    assert (desk.api.context.service, desk.api.context.operation) == ("s3", operation)


def test_s3_control_says_its_account() -> None:
    """Both are signed for alike; the account in a header tells them apart, and a bucket may have any path's name."""
    desk = Desk(["s3", "s3control"])
    target = "/v20180820/accesspoint/abc"
    desk.ask(s3("GET", target, x_amz_account_id="111111111111"))
    assert desk.api.context is not None
    assert (desk.api.context.service, desk.api.context.operation) == ("s3control", "GetAccessPoint")
    desk.ask(s3("GET", target))
    assert (desk.api.context.service, desk.api.context.operation) == ("s3", "GetObject")
    desk.ask(s3("GET", target, x_amz_account_id="111111111111", host="111111111111.s3-control.localhost"))
    assert desk.api.context.service == "s3control"


def test_a_form_is_only_an_object() -> None:
    """curl says that everything is a form; S3 has none."""
    desk = Desk(["s3", "iam"])
    headers = {"content_type": "application/x-www-form-urlencoded"}
    desk.ask(s3("PUT", "/b/k", b"Action=ListUsers", **headers))
    assert desk.api.given.body == b"Action=ListUsers"
    desk.ask(s3("POST", "/b/k?uploads", b"", **headers))
    assert desk.api.context is not None
    assert desk.api.context.operation == "CreateMultipartUpload"


class NoSuchKey(ServiceError):
    code = "NoSuchKey"


def test_errors() -> None:
    """No envelope, no namespace; both ids in body and headers; members that the model does not know."""
    desk = Desk(["s3"])
    desk.api.error = NoSuchKey("The specified key does not exist.", members={"Key": "a<b"})
    response = desk.ask(s3("GET", "/b/k"))
    headers = dict(response.headers)
    assert response.status == 404
    assert headers["Content-Type"] == "application/xml"
    assert text(response) == (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code><Message>The specified key does not '
        f"exist.</Message><Key>a&lt;b</Key><RequestId>{headers['x-amz-request-id']}</RequestId>"
        f"<HostId>{headers['x-amz-id-2']}</HostId></Error>"
    )
    assert len(headers["x-amz-id-2"]) == 76


def test_head_has_no_body() -> None:
    """Neither an error nor an answer: its client reads status and headers."""
    desk = Desk(["s3"])
    desk.api.error = NoSuchKey("The specified key does not exist.")
    response = desk.ask(s3("HEAD", "/b/k"))
    assert (response.status, response.body) == (404, b"")
    assert "Content-Type" not in dict(response.headers)
    assert "x-amz-request-id" in dict(response.headers)
    desk.api.error = None
    answered = shapes_of("s3")["HeadObject"][1]
    assert answered is not None
    desk.api.output = answered(
        content_length=5,
        content_type="text/plain",
        last_modified=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        metadata={"a": "1", "b-c": "ü"},
    )
    response = desk.ask(s3("HEAD", "/b/k"))
    assert response.body == b""
    headers = dict(response.headers)
    assert headers["Content-Length"] == "5"
    assert headers["Content-Type"] == "text/plain"
    assert headers["Last-Modified"] == "Fri, 02 Jan 2026 03:04:05 GMT"
    assert headers["x-amz-meta-a"] == "1"
    assert headers["x-amz-meta-b-c"].encode("latin-1").decode() == "ü"


def test_the_region_of_a_bucket_is_its_own_root() -> None:
    """The one output without a structure around it (S3 API Reference, GetBucketLocation)."""
    desk = Desk(["s3"])
    start = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    )
    answered = shapes_of("s3")["GetBucketLocation"][1]
    assert answered is not None
    desk.api.output = answered(location_constraint="eu-west-1")
    assert text(desk.ask(s3("GET", "/b?location"))) == f"{start}eu-west-1</LocationConstraint>"
    desk.api.output = answered()
    assert text(desk.ask(s3("GET", "/b?location"))) == f"{start}</LocationConstraint>"


async def _pieces() -> AsyncIterator[bytes]:
    yield b"a"


def test_an_object_leaves_as_it_is(tmp_path: Path) -> None:
    """A file is sent from the disk, a stream as it comes; neither passes through memory."""
    desk = Desk(["s3"])
    answered = shapes_of("s3")["GetObject"][1]
    assert answered is not None
    file = FileBody(path=tmp_path / "blob", offset=3, size_bytes=4)
    pieces = _pieces()
    for body in (b"bytes", file, pieces):
        desk.api.output = answered(body=body, e_tag='"1"')
        response = desk.ask(s3("GET", "/b/k"))
        assert response.body is body
        assert dict(response.headers)["ETag"] == '"1"'
        assert dict(response.headers)["Content-Type"] == "application/octet-stream"


def test_encoded_answers_pass() -> None:
    """XML that a service wrote itself, for long lists."""
    desk = Desk(["s3"])
    desk.api.output = Encoded(b"<ListBucketResult/>")
    response = desk.ask(s3("GET", "/b"))
    assert response.body == b"<ListBucketResult/>"
    assert dict(response.headers)["Content-Type"] == "application/xml"


@pytest.mark.parametrize(
    ("request_", "code", "message", "members"),
    [
        # s3/s3_api, test_bucket_versioning_crud
        (
            s3("PUT", "/b?versioning", b"<VersioningConfiguration><Status>enabled</Status></VersioningConfiguration>"),
            "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published schema",
            {},
        ),
        # As recording s3/s3, test_s3_bucket_acl_exceptions, tells of another header (which the service reads itself).
        (
            s3("PUT", "/b/k", x_amz_request_payer="fake"),
            "InvalidArgument",
            "",
            {"ArgumentName": "x-amz-request-payer", "ArgumentValue": "fake"},
        ),
        # s3/s3_list_operations, test_list_ops_encoding_type_validation
        (
            s3("GET", "/b?encoding-type=value"),
            "InvalidArgument",
            "Invalid Encoding Method specified in Request",
            {"ArgumentName": "encoding-type", "ArgumentValue": "value"},
        ),
        # s3/s3_api, test_bucket_ownership_controls_exc
        (
            s3("PUT", "/b", x_amz_object_ownership="RandomValue"),
            "InvalidArgument",
            "Invalid x-amz-object-ownership header: RandomValue",
            {"ArgumentName": "x-amz-object-ownership"},
        ),
        # s3/s3, test_multipart_parts_checksum_exceptions_composite
        (
            s3("POST", "/b/k?uploads", x_amz_checksum_algorithm="TEST"),
            "InvalidRequest",
            "Checksum algorithm provided is unsupported. Please try again with any of the valid types: "
            "[CRC32, CRC32C, CRC64NVME, SHA1, SHA256]",
            {},
        ),
        (s3("PUT", "/b?tagging"), "MissingRequestBodyError", "Request Body is empty", {}),
    ],
)
def test_refusals(request_: Request, code: str, message: str, members: dict[str, Any]) -> None:
    """S3 has its own words, one at a time; recordings name them."""
    response = Desk(["s3"]).ask(request_)
    assert response.status == 400
    assert f"<Code>{code}</Code><Message>{message}</Message>" in text(response)
    for name, value in members.items():
        assert f"<{name}>{value}</{name}>" in text(response)


def test_not_modified_has_no_body() -> None:
    """S3's conditional reads answer 304, in which HTTP allows none."""
    desk = Desk(["s3"])
    desk.api.error = AnyServiceError("NotModified", "Not Modified", status=304)
    response = desk.ask(s3("GET", "/b/k"))
    assert (response.status, response.body) == (304, b"")
    assert "x-amz-request-id" in dict(response.headers)


def test_what_s3_cannot_do() -> None:
    """A method that no operation has (S3 API Reference, "Error responses")."""
    response = Desk(["s3"]).ask(s3("PATCH", "/b/k"))
    assert response.status == 405
    assert "<Code>MethodNotAllowed</Code>" in text(response)


def test_an_unknown_service_error_keeps_its_status() -> None:
    """A code that the model lacks has the status that the service gave it."""
    desk = Desk(["s3"])
    desk.api.error = AnyServiceError("SlowDown", "Please reduce your request rate.", status=503)
    assert desk.ask(s3("GET", "/b/k")).status == 503


class Pieces:
    """A body that is still arriving."""

    size_bytes: int | None = 3

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in (b"a", b"b", b"c"):
            yield piece

    async def make_room(self, size_bytes: int) -> None:
        """There is always room."""


async def test_a_long_object_is_not_read_first() -> None:
    """Whoever stores it reads it as it arrives; a small one is there already."""
    desk = Desk(["s3"])
    request = s3("PUT", "/b/k", x_amz_meta_a="1")
    request.body = Pieces()
    assert desk.ask(request).status == 200
    assert desk.api.given.metadata == {"a": "1"}
    assert b"".join([piece async for piece in desk.api.given.body]) == b"abc"
    assert desk.ask(s3("PUT", "/b/k", b"abc")).status == 200
    assert desk.api.given.body == b"abc"
    refused = s3("PUT", "/b/k", x_amz_storage_class="CARDBOARD")
    refused.body = Pieces()
    assert desk.ask(refused).status == 400
