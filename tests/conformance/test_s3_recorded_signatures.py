"""What of a request is signed, as recorded: scenarios of s3/s3, TestS3PresignedUrl and TestS3PresignedPost."""

import io
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid4

import pytest
import urllib3
from botocore.config import Config
from botocore.handlers import validate_ascii_metadata

from tests.conformance.test_enforcement import User, allow
from tests.conformance.test_s3_presigned import Answer, Signer, error_of
from tests.conftest import Server

MISMATCH = (
    "SignatureDoesNotMatch",
    "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
)
UNSIGNED = ("AccessDenied", "There were headers present in the request which were not signed")
STREAMING = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"


@pytest.fixture(scope="module")
def keys(aws: Server) -> dict[str, str]:
    user = User(aws)
    user.may(allow("s3:*", "*"))
    return user.keys


@pytest.fixture(scope="module", params=["s3v4", "s3"])
def signer(aws: Server, keys: dict[str, str], request: pytest.FixtureRequest) -> Signer:
    return Signer(aws, keys, version=request.param, hosted=False)


@pytest.fixture(scope="module")
def bucket(aws: Server) -> str:
    name = f"signed-{uuid4().hex[:12]}"
    aws.client("s3").create_bucket(Bucket=name)
    return name


def told(answer: Answer) -> tuple[str, str]:
    error = error_of(answer)
    return error["Code"], error["Message"]


def test_a_parameter_is_missing(signer: Signer, bucket: str) -> None:
    """test_s3_put_presigned_url_missing_sig_param."""
    url = signer.url("put_object", Bucket=bucket, Key="k")
    name = "X-Amz-Signature" if signer.version == "s3v4" else "Signature"
    path, _, query = url.partition("?")
    rest = "&".join(part for part in query.split("&") if not part.startswith(f"{name}="))
    answer = signer.ask("PUT", f"{path}?{rest}", b"x")
    if signer.version == "s3v4":
        assert (answer.status, *told(answer)) == (
            400,
            "AuthorizationQueryParametersError",
            "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, "
            "X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
        )
    else:
        assert (answer.status, *told(answer)) == (
            403,
            "AccessDenied",
            "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters",
        )


def test_headers_that_are_signed(signer: Signer, bucket: str) -> None:
    """test_s3_put_presigned_url_with_different_headers: version 2 signs the type always, and never the encoding."""
    new = signer.version == "s3v4"
    url = signer.url("put_object", Bucket=bucket, Key="k", ContentType="text/plain")
    assert signer.ask("PUT", url, b"x", Content_Type="text/plain").status == 200
    assert told(signer.ask("PUT", url, b"x", Content_Type="text/xml")) == MISMATCH
    url = signer.url("put_object", Bucket=bucket, Key="k", ContentEncoding="identity")
    typed = signer.ask("PUT", url, b"x", Content_Type="text/xml", Content_Encoding="identity")
    assert typed.status == (200 if new else 403)
    encoded = signer.ask("PUT", url, b"x", Content_Encoding="gzip")
    assert encoded.status == (403 if new else 200)
    assert told(encoded if new else typed) == MISMATCH


def test_chunks_that_nobody_signed(signer: Signer, bucket: str) -> None:
    """test_put_object_with_md5_and_chunk_signature_bad_headers: what an old Java SDK sends to a URL."""
    url = signer.url("put_object", Bucket=bucket, Key="k", ContentType="application/octet-stream")
    headers = {
        "Content_Type": "application/octet-stream",
        "x_amz_content_sha256": STREAMING,
        "x_amz_date": "20260101T000000Z",
    }
    for more, unsigned in (
        ({"x_amz_decoded_content_length": "4"}, "x-amz-date, x-amz-decoded-content-length"),
        ({}, "x-amz-date"),
    ):
        answer = signer.ask("PUT", url, b"4;chunk-signature=x\r\nabcd\r\n", **headers, **more)
        assert answer.status == 403
        if signer.version == "s3v4":
            assert (*told(answer), error_of(answer)["HeadersNotSigned"]) == (*UNSIGNED, unsigned)
        else:
            assert told(answer) == MISMATCH


def test_a_parameter_that_is_a_header_too(aws: Server, keys: dict[str, str], bucket: str) -> None:
    """test_s3_put_presigned_url_same_header_and_qs_parameter."""
    signer = Signer(aws, keys, version="s3v4", hosted=False)
    url = signer.url("put_object", Bucket=bucket, Key="k", RequestPayer="requester")
    path, _, query = url.partition("?")
    twice = f"{path}?x-amz-request-payer=non-valid&{query}"
    assert told(signer.ask("PUT", twice, b"x", x_amz_request_payer="requester")) == MISMATCH
    answer = signer.ask("PUT", url, b"x", x_amz_request_payer="requester", x_amz_expires="5")
    assert (*told(answer), error_of(answer)["HeadersNotSigned"]) == (*UNSIGNED, "x-amz-expires")


def test_headers_within_the_address(aws: Server, keys: dict[str, str], bucket: str) -> None:
    """test_presigned_url_v4_x_amz_in_qs: a JavaScript SDK hoists `x-amz-` headers; metadata counts from there."""
    from botocore.auth import S3SigV4QueryAuth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    credentials = Credentials(keys["aws_access_key_id"], keys["aws_secret_access_key"])
    hoisted = "x-amz-meta-foo=bar-complicated-no-random&x-amz-checksum-crc64nvme=" + quote("CVmbZh4IWzA=", safe="")
    request = AWSRequest("PUT", f"{aws.url}/{bucket}/hoisted?{hoisted}")
    S3SigV4QueryAuth(credentials, "s3", "us-east-1", expires=60).add_auth(request)
    signer = Signer(aws, keys, version="s3v4", hosted=False)
    assert signer.ask("PUT", str(request.url), b"123456").status == 200
    head = aws.client("s3").head_object(Bucket=bucket, Key="hoisted", ChecksumMode="ENABLED")
    assert (head["Metadata"], head["ContentLength"]) == ({"foo": "bar-complicated-no-random"}, 6)
    assert head["ChecksumCRC64NVME"] == "CVmbZh4IWzA="


def test_credentials_that_are_encoded_twice(aws: Server, keys: dict[str, str], bucket: str) -> None:
    """test_presigned_double_encoded_credentials."""
    signer = Signer(aws, keys, version="s3v4", hosted=False)
    url = signer.url("get_object", Bucket=bucket, Key="k").replace("%2F", "%252F")
    assert told(signer.ask("GET", url)) == (
        "AuthorizationQueryParametersError",
        "Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; expecting "
        '"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
    )


def test_unicode_in_signed_metadata(aws: Server, keys: dict[str, str], bucket: str) -> None:
    """test_put_unicode_metadata_with_sig_s3: from an address; what headers cannot hold is told by RFC 2047."""
    signer = Signer(aws, keys, version="s3", hosted=False)
    events = signer.s3.meta.events
    events.unregister("before-parameter-build.s3.PutObject", validate_ascii_metadata)
    value = "non-ascii-%E2%80%94_\u2014_\u00e9_"
    url = signer.url("put_object", Bucket=bucket, Key="unicode", Metadata={"foo": value})
    assert signer.ask("PUT", quote(url, safe=":/?&=%"), b"").status == 200
    head = aws.client("s3").head_object(Bucket=bucket, Key="unicode")
    assert head["Metadata"] == {"foo": "=?UTF-8?Q?non-ascii-%E2%80%94=5F=E2=80=94=5F=C3=A9=5F?="}


def form_answer(form: dict[str, Any], file: Any = b"abcdef") -> urllib3.BaseHTTPResponse:
    fields = [*form["fields"].items(), ("file", file)]
    return urllib3.PoolManager().request("POST", form["url"], fields=fields, redirect=False)


def test_conditions_by_beginnings(signer: Signer, bucket: str) -> None:
    """test_post_object_policy_conditions_validation_starts_with: by case, and of values that are in the form."""
    starts = ["starts-with", "$success_action_redirect", "http://localhost"]
    for redirect, status in (
        ("http://localhost.test/random", 303),
        ("http://wrong.location/test", 403),
        ("HTTP://localhost.test/random", 403),
    ):
        form = signer.s3.generate_presigned_post(
            bucket, "starts", Fields={"success_action_redirect": redirect}, Conditions=[{"bucket": bucket}, starts]
        )
        answer = form_answer(form)
        assert answer.status == status
        if status == 403:
            assert (
                b"Invalid according to Policy: Policy Condition failed: "
                b'["starts-with", "$success_action_redirect", "http://localhost"]'
            ) in answer.data.replace(b"&quot;", b'"')


def test_a_form_of_somebody_else(aws: Server, signer: Signer, bucket: str) -> None:
    """test_presigned_post_with_different_user_credentials: who signed it uploads, and nobody else needs to be known."""
    assert form_answer(signer.s3.generate_presigned_post(bucket, "of-user")).status == 204
    got = aws.client("s3").get_object(Bucket=bucket, Key="of-user", ChecksumMode="ENABLED")
    assert (got["Body"].read(), got["ChecksumCRC64NVME"]) == (b"abcdef", "Pact6XRTYyA=")


def test_forms_of_unicode(aws: Server, keys: dict[str, str], bucket: str) -> None:
    """test_post_object_with_unicode_metadata: names of files, and fields that headers cannot hold.

    AWS tells `Cache-Control` and `Content-Disposition` of a form in Latin-1, with a space for all else; we, in UTF-8.
    """
    s3 = aws.client("s3", config=Config(signature_version="s3v4"), **keys)
    key = "test_unicode\u2014_file.pdf"
    fields = {
        "success_action_status": "201",
        "x-amz-meta-nonascii": "\u00c4M\u00c4Z\u00d5\u00d1 S3",
        "x-amz-meta-q-encoded": "=?UTF-8?Q?actually-ascii?=",
        "x-amz-meta-b-encoded": "=?UTF-8?B?YWJj?=",
    }
    form = s3.generate_presigned_post(bucket, key, Fields=fields, Conditions=[{name: fields[name]} for name in fields])
    answer = form_answer(form, (key, io.BytesIO(b"test-content-body").read()))
    assert answer.status == 201
    place = f"{urlsplit(form['url']).path}/{quote(key)}"
    assert answer.headers["Location"].endswith(place)
    head = s3.head_object(Bucket=bucket, Key=key)
    assert head["Metadata"] == {
        "nonascii": "=?UTF-8?Q?=C3=84M=C3=84Z=C3=95=C3=91_S3?=",
        "q-encoded": "=?UTF-8?Q?actually-ascii?=",
        "b-encoded": "=?UTF-8?B?YWJj?=",
    }
