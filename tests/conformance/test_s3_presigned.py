"""Presigned URLs, and requests signed by version 2. Recordings s3/s3, TestS3PresignedUrl, as each test names them."""

import http.client
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid4
from xml.etree import ElementTree

import boto3
import pytest
import urllib3
from botocore.config import Config

from tests.conformance.test_enforcement import User, allow
from tests.conftest import Server

HOST = "localhost.localstack.cloud"


class Answer:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status, self.headers, self.data = response.status, response.headers, response.read()


class Signer:
    """Somebody whose every signature is verified, by either version and either address of a bucket."""

    def __init__(self, aws: Server, keys: dict[str, str], *, version: str, hosted: bool) -> None:
        self.aws, self.version = aws, version
        style = {"addressing_style": "virtual" if hosted else "path"}
        self.s3 = aws.client("s3", config=Config(signature_version=version, s3=style), **keys)
        self.hosted = aws.client("s3", **keys)
        if hosted:
            # Signed for a host that names the bucket; asked at the address that there is.
            self.s3 = self._hosted(keys, style)

    def _hosted(self, keys: dict[str, str], style: dict[str, str], host: str = f"s3.{HOST}") -> Any:
        return boto3.client(
            "s3",
            region_name="us-east-1",
            endpoint_url=f"http://{host}:{urlsplit(self.aws.url).port}",
            config=Config(signature_version=self.version, s3=style),
            **keys,
        )

    def url(self, operation: str, *, expires_s: int = 60, **parameters: Any) -> str:
        url: str = self.s3.generate_presigned_url(operation, Params=parameters, ExpiresIn=expires_s)
        return url

    def ask(self, method: str, url: str, body: bytes | None = None, **headers: str) -> Answer:
        parts = urlsplit(url)
        sent = {"Host": parts.netloc} | {name.replace("_", "-"): value for name, value in headers.items()}
        address = urlsplit(self.aws.url)
        assert address.hostname is not None
        # Not urllib3, which makes paths nicer than they are.
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
        try:
            connection.request(method, f"{parts.path}?{parts.query}", body=body, headers=sent)
            return Answer(connection.getresponse())
        finally:
            connection.close()


@pytest.fixture(scope="module")
def keys(aws: Server) -> dict[str, str]:
    user = User(aws)
    user.may(allow("s3:*", "*"))
    return user.keys


@pytest.fixture(scope="module", params=[("s3v4", False), ("s3v4", True), ("s3", False), ("s3", True)])
def signer(aws: Server, keys: dict[str, str], request: pytest.FixtureRequest) -> Signer:
    version, hosted = request.param
    return Signer(aws, keys, version=version, hosted=hosted)


@pytest.fixture(scope="module")
def bucket(aws: Server) -> str:
    name = f"presigned-{uuid4().hex[:12]}"
    aws.client("s3").create_bucket(Bucket=name)
    return name


def error_of(response: Answer) -> dict[str, str]:
    return {child.tag: child.text or "" for child in ElementTree.fromstring(response.data)}


def test_urls_put_and_get(signer: Signer, bucket: str) -> None:
    """test_presigned_url_signature_authentication; test_s3_get_response_header_overrides."""
    put = signer.ask("PUT", signer.url("put_object", Bucket=bucket, Key="a/b c"), b"something")
    assert (put.status, put.data) == (200, b"")
    got = signer.ask("GET", signer.url("get_object", Bucket=bucket, Key="a/b c"))
    assert got.data == b"something"
    overrides = {"ResponseContentType": "text/plain", "ResponseContentDisposition": "attachment;  filename=test.txt"}
    parameters: dict[str, Any] = {"Bucket": bucket, "Key": "a/b c", **overrides}
    told = signer.ask("GET", signer.url("get_object", **parameters))
    assert told.headers["Content-Type"] == "text/plain"
    assert told.headers["Content-Disposition"] == "attachment;  filename=test.txt"
    assert signer.ask("DELETE", signer.url("delete_object", Bucket=bucket, Key="a/b c")).status == 204


def test_urls_are_for_what_they_were_signed(signer: Signer, bucket: str) -> None:
    """test_presigned_url_signature_authentication, invalid-get-1 and invalid-put-1."""
    url = signer.url("put_object", Bucket=bucket, Key="x", ContentType="text/plain")
    assert signer.ask("PUT", url, b"", Content_Type="text/plain").status == 200
    for method, changed, content_type in (
        ("PUT", url, "my-fake-content/type"),
        ("GET", url, "text/plain"),
        ("PUT", url.replace("/x?", "/y?"), "text/plain"),
    ):
        response = signer.ask(method, changed, None if method == "GET" else b"", Content_Type=content_type)
        told = error_of(response)
        assert (response.status, told["Code"]) == (403, "SignatureDoesNotMatch")
        assert bytes.fromhex(told["StringToSignBytes"]).decode() == told["StringToSign"]
        assert ("CanonicalRequest" in told) is (signer.version == "s3v4")


def test_parts_by_urls(signer: Signer, bucket: str) -> None:
    """test_presigned_url_signature_authentication_multi_part."""
    s3 = signer.aws.client("s3")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
    url = signer.url("upload_part", Bucket=bucket, Key="parts", UploadId=upload, PartNumber=1)
    etag = signer.ask("PUT", url, b"part").headers["ETag"]
    s3.complete_multipart_upload(
        Bucket=bucket, Key="parts", UploadId=upload, MultipartUpload={"Parts": [{"ETag": etag, "PartNumber": 1}]}
    )
    assert signer.ask("GET", signer.url("get_object", Bucket=bucket, Key="parts")).data == b"part"


def test_urls_expire(signer: Signer, bucket: str) -> None:
    """test_s3_presigned_url_expired, test_presigned_url_signature_authentication_expired."""
    if signer.version == "s3":
        url = signer.url("get_object", Bucket=bucket, Key="x", expires_s=-5)
    else:
        url = signer.url("get_object", Bucket=bucket, Key="x", expires_s=0)
    response = signer.ask("GET", url)
    while response.status != 403:  # version 4 counts whole seconds from the second of signing
        response = signer.ask("GET", url)
    told = error_of(response)
    assert (told["Code"], told["Message"]) == ("AccessDenied", "Request has expired")
    assert {"Expires", "ServerTime"} <= told.keys()
    assert ("X-Amz-Expires" in told) is (signer.version == "s3v4")


def test_metadata_in_urls(aws: Server, keys: dict[str, str], bucket: str) -> None:
    """test_put_url_metadata_with_sig_s3, ..._s3v4: botocore puts headers into URLs of version 2 only."""
    old = Signer(aws, keys, version="s3", hosted=False)
    url = old.url("put_object", Bucket=bucket, Key="meta", Metadata={"foo": "bar"})
    assert old.ask("PUT", url, b"").status == 200
    assert aws.client("s3").head_object(Bucket=bucket, Key="meta")["Metadata"] == {"foo": "bar"}
    assert error_of(old.ask("PUT", url, b"", x_amz_meta_wrong="x"))["Code"] == "SignatureDoesNotMatch"
    new = Signer(aws, keys, version="s3v4", hosted=False)
    url = new.url("put_object", Bucket=bucket, Key="meta", Metadata={"foo": "bar"})
    assert error_of(new.ask("PUT", url, b""))["Code"] == "SignatureDoesNotMatch"
    told = error_of(new.ask("PUT", url, b"", x_amz_meta_foo="bar", x_amz_meta_wrong="x"))
    assert (told["Code"], told["HeadersNotSigned"]) == ("AccessDenied", "x-amz-meta-wrong")
    assert new.ask("PUT", url, b"", x_amz_meta_foo="bar").status == 200


def test_sessions_sign_urls(aws: Server, bucket: str) -> None:
    """test_presigned_url_with_session_token, by both versions."""
    user = User(aws)
    user.may(allow("s3:*", "*"))
    given = user.client("sts").get_session_token()["Credentials"]
    session = {
        "aws_access_key_id": given["AccessKeyId"],
        "aws_secret_access_key": given["SecretAccessKey"],
        "aws_session_token": given["SessionToken"],
    }
    for version in ("s3v4", "s3"):
        signer = Signer(aws, session, version=version, hosted=False)
        assert signer.ask("PUT", signer.url("put_object", Bucket=bucket, Key="session"), b"x").status == 200
        forged = Signer(aws, {**session, "aws_session_token": "x"}, version=version, hosted=False)
        refused = forged.ask("GET", forged.url("get_object", Bucket=bucket, Key="session"))
        assert error_of(refused)["Code"] == "InvalidToken"


def test_requests_signed_by_version_2(aws: Server, keys: dict[str, str], bucket: str) -> None:
    """boto3 with `signature_version="s3"`: sub-resources, metadata, copies, and a listing of odd keys."""
    s3 = Signer(aws, keys, version="s3", hosted=False).s3
    s3.put_object(Bucket=bucket, Key="old/é +&", Body=b"old", Metadata={"a": "b c"}, Tagging="k=v")
    assert s3.get_object_tagging(Bucket=bucket, Key="old/é +&")["TagSet"] == [{"Key": "k", "Value": "v"}]
    s3.copy_object(Bucket=bucket, Key="old/copy", CopySource={"Bucket": bucket, "Key": "old/é +&"})
    assert s3.get_object(Bucket=bucket, Key="old/copy")["Metadata"] == {"a": "b c"}
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="old/")
    assert [each["Key"] for each in listed["Contents"]] == ["old/copy", "old/é +&"]
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "old/copy"}]})
    assert s3.get_bucket_versioning(Bucket=bucket)["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_one_way_to_sign_is_enough(aws: Server, keys: dict[str, str], bucket: str) -> None:
    """A program that follows a redirect to a URL with its own `Authorization` kept hears why that fails."""
    signer = Signer(aws, keys, version="s3v4", hosted=False)
    response = signer.ask("GET", signer.url("get_object", Bucket=bucket, Key="x"), Authorization="Bearer abc")
    assert (response.status, error_of(response)["Code"]) == (400, "InvalidArgument")


KEYS = [
    *("a//b", "/a", "//", "a/", "a/../b", "a/..", "./a", "a%2Fb", "a%20b", "%", "a+b", "a b/ ", "a?b#c", "a&b=c;d"),
    *("é/日本/😀", "~!*'()$,:@-_.", 'quote"<>', "back\\slash", "a|b^c`{}[]", "tab\tnew\nline", "x" * 1024),
]


@pytest.mark.parametrize("key", KEYS, ids=lambda key: quote(key, safe="")[:20])
def test_keys_are_what_they_are(signer: Signer, bucket: str, key: str) -> None:
    """test_put_get_object_special_character and others: a path is not made nicer, and decoded once."""
    signer.ask("PUT", signer.url("put_object", Bucket=bucket, Key=key), key.encode())
    got = signer.ask("GET", signer.url("get_object", Bucket=bucket, Key=key))
    assert (got.status, got.data) == (200, key.encode())
    page = signer.aws.client("s3").list_objects_v2(Bucket=bucket, Prefix=key)
    assert key in [each["Key"] for each in page["Contents"]]


@pytest.mark.parametrize("path", ["%AE%8A-", "..", "a/../../b", "%2E%2E/b"])
def test_paths_that_are_none(aws: Server, bucket: str, path: str) -> None:
    """What is no UTF-8 is no key (ceph/s3-tests, test_object_read_unreadable), nor what leads out of its bucket."""
    signer = Signer(aws, {"aws_access_key_id": "test", "aws_secret_access_key": "x"}, version="s3v4", hosted=False)
    response = signer.ask("GET", f"{aws.url}/{bucket}/{path}?")
    told = error_of(response)
    assert (response.status, told["Code"], told["URI"]) == (400, "InvalidURI", f"/{bucket}/{path}")


def test_hosts_have_no_case_and_keys_no_reserved_beginning(aws: Server, bucket: str) -> None:
    """A key of a bucket's own host may begin as the server's own pages do."""
    signer = Signer(
        aws, {"aws_access_key_id": "111111111111", "aws_secret_access_key": "x"}, version="s3v4", hosted=True
    )
    url = signer.url("put_object", Bucket=bucket, Key="_pileus/health")
    assert signer.ask("PUT", url, b"mine").status == 200
    got = signer.ask("GET", signer.url("get_object", Bucket=bucket, Key="_pileus/health").replace(".s3.", ".S3."))
    assert got.data == b"mine"


def test_overrides_that_no_header_can_hold(signer: Signer, bucket: str) -> None:
    """test_get_response_overrides_unicode_metadata_with_sig_s3."""
    signer.ask("PUT", signer.url("put_object", Bucket=bucket, Key="over"), b"x")
    value = "non-ascii-%E2%80%94_\u2014_\u00e9_"
    url = signer.url("get_object", Bucket=bucket, Key="over", ResponseCacheControl=value)
    told = error_of(signer.ask("GET", url))
    assert (told["Code"], told["Message"]) == (
        "InvalidArgument",
        "Header value cannot be represented using ISO-8859-1.",
    )
    assert (told["ArgumentName"], told["ArgumentValue"]) == ("response-cache-control", value)


def test_a_url_for_another_region(aws: Server, keys: dict[str, str]) -> None:
    """As AWS tells of it: aws/aws-sdk-js issue 2529 and others quote the answers to a URL and to a form."""
    options = {"region_name": "eu-west-1", **keys}
    west = aws.client("s3", **options)
    name = f"west-{uuid4().hex[:12]}"
    west.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    signer = Signer(aws, keys, version="s3v4", hosted=False)
    signer.s3 = aws.client("s3", config=Config(signature_version="s3v4"), **keys | {"region_name": "eu-north-1"})
    told = error_of(signer.ask("GET", signer.url("get_object", Bucket=name, Key="k")))
    assert (told["Code"], told["Region"]) == ("AuthorizationQueryParametersError", "eu-west-1")
    assert told["Message"].endswith("the region 'eu-north-1' is wrong; expecting 'eu-west-1'")
    form = signer.s3.generate_presigned_post(name, "k")
    response = urllib3.request("POST", f"{aws.url}/{name}", fields=[*form["fields"].items(), ("file", b"x")])
    told = {child.tag: child.text or "" for child in ElementTree.fromstring(response.data)}
    assert (told["Code"], told["Message"]) == (
        "InvalidArgument",
        "the region 'eu-north-1' is wrong; expecting 'eu-west-1'",
    )
    assert told["ArgumentValue"] == form["fields"]["x-amz-credential"]


def test_what_an_sdk_makes_of_localhost(signer: Signer, keys: dict[str, str]) -> None:
    """`http://localhost` as the endpoint becomes `BUCKET.localhost`, unless one knows the word against it."""
    if signer.s3 is signer.hosted:
        pytest.skip("the host names no bucket")
    signer.s3 = signer._hosted(keys, {"addressing_style": "virtual"}, "localhost")
    bucket = f"local-{uuid4().hex}"
    made = signer.url("create_bucket", Bucket=bucket)
    assert urlsplit(made).hostname == f"{bucket}.localhost"
    assert signer.ask("PUT", made).status == 200
    put = signer.ask("PUT", signer.url("put_object", Bucket=bucket, Key="a/b c"), b"bytes")
    assert put.status == 200, put.data
    assert signer.ask("GET", signer.url("get_object", Bucket=bucket, Key="a/b c")).data == b"bytes"
    assert b"<Key>a/b+c</Key>" in signer.ask("GET", signer.url("list_objects_v2", Bucket=bucket)).data
    assert signer.hosted.list_objects_v2(Bucket=bucket)["KeyCount"] == 1
    assert signer.ask("DELETE", signer.url("delete_object", Bucket=bucket, Key="a/b c")).status == 204
    assert signer.ask("DELETE", signer.url("delete_bucket", Bucket=bucket)).status == 204
