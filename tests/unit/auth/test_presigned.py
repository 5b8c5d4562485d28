"""What does S3 ask of a presigned URL of version 4, and what do its parameters stand for?"""

from urllib.parse import quote, urlsplit

import pytest
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from pileus.kernel.auth.authenticator import Mode
from pileus.kernel.http.messages import Request
from tests.unit.auth.signing import HOST, presigned_request, seconds, signed_request, with_changes
from tests.unit.auth.test_sigv2 import SECRET_KEY, Door

GOOD = {
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": "AKIA/20231114/us-east-1/s3/aws4_request",
    "X-Amz-Date": "20231114T221320Z",
    "X-Amz-Expires": "60",
    "X-Amz-SignedHeaders": "host",
    "X-Amz-Signature": "00",
}
REQUIRED = (
    "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, "
    "X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."
)
CREDENTIAL = "Error parsing the X-Amz-Credential parameter; "


def url(key_id: str, *, target: str = "/bucket/key", method: str = "GET", expires_s: int = 60) -> Request:
    return presigned_request(
        access_key_id=key_id,
        secret_access_key=SECRET_KEY,
        service="s3",
        target=target,
        method=method,
        expires_s=expires_s,
    )


def at_signing(door: Door, request: Request) -> None:
    door.now_s = seconds(request.query.partition("X-Amz-Date=")[2][:16])


@pytest.mark.parametrize("mode", ["open", "strict"])
@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        *[(name, None, REQUIRED) for name in GOOD],
        (
            "X-Amz-Algorithm",
            "AWS4",
            'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256"',
        ),
        ("X-Amz-Expires", "soon", "X-Amz-Expires should be a number"),
        ("X-Amz-Expires", str(2**63), "X-Amz-Expires should be a number"),
        ("X-Amz-Expires", "-1", "X-Amz-Expires must be non-negative"),
        (
            "X-Amz-Expires",
            "604801",
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than "
            "604800 seconds",
        ),
        (
            "X-Amz-Credential",
            "AKIA%2F20231114%2Fus-east-1%2Fs3%2Faws4_request",
            f'{CREDENTIAL}the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
        ),
        (
            "X-Amz-Credential",
            "AKIA/20231114/us-east-1/ec2/aws4_request",
            f'{CREDENTIAL}incorrect service "ec2". This endpoint belongs to "s3".',
        ),
        (
            "X-Amz-Credential",
            "AKIA/20231114/us-east-1/s3/aws5",
            f'{CREDENTIAL}incorrect terminal "aws5". This endpoint uses "aws4_request".',
        ),
        (
            "X-Amz-Credential",
            "AKIA/2023/us-east-1/s3/aws4_request",
            f'{CREDENTIAL}incorrect date format "2023". This date in the credential must be in the format "yyyyMMdd".',
        ),
        (
            "X-Amz-Date",
            "20231115T000000Z",
            'Invalid credential date "20231114". This date is not the same as X-Amz-Date: "20231115".',
        ),
        ("X-Amz-Date", "now", "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""),
    ],
)
async def test_a_malformed_url_is_refused_in_both_modes(mode: Mode, name: str, value: str | None, message: str) -> None:
    """Recordings test_s3_put_presigned_url_missing_sig_param[s3v4], test_presigned_double_encoded_credentials.

    The double encoding arrives decoded once.
    """
    given = {**GOOD, name: value}
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in given.items() if value is not None)
    error = await Door(mode).refuses(Request(method="GET", target=f"/b/k?{query}", headers={"host": "h"}))
    assert (error.error_code, error.message) == ("AuthorizationQueryParametersError", message)


@pytest.mark.parametrize("mode", ["open", "strict"])
async def test_an_expired_url_tells_when(mode: Mode) -> None:
    """Recording s3/s3, TestS3PresignedUrl.test_s3_presigned_url_expired[s3v4]; of unknown keys too in open mode."""
    door = Door(mode)
    request = url("test" if mode == "open" else door.key_id, expires_s=2)
    at_signing(door, request)
    await door.ask(request)
    door.now_s += 3
    error = await door.refuses(request)
    assert (error.error_code, error.message) == ("AccessDenied", "Request has expired")
    assert error.members["X-Amz-Expires"] == "2"
    assert set(error.members) == {"X-Amz-Expires", "Expires", "ServerTime"}


async def test_a_mismatch_tells_the_canonical_request() -> None:
    """Recording s3/s3, TestS3PresignedUrl.test_presigned_url_signature_authentication[s3v4-False]."""
    door = Door()
    request = url(door.key_id)
    at_signing(door, request)
    error = await door.refuses(with_changes(request, method="PUT"))
    assert error.error_code == "SignatureDoesNotMatch"
    assert str(error.members["CanonicalRequest"]).startswith("PUT\n/bucket/key\nX-Amz-Algorithm=AWS4-HMAC-SHA256&")
    assert str(error.members["StringToSign"]).startswith("AWS4-HMAC-SHA256\n")
    assert set(error.members) == {
        *("AWSAccessKeyId", "CanonicalRequest", "CanonicalRequestBytes", "SignatureProvided", "StringToSign"),
        "StringToSignBytes",
    }


async def test_headers_that_were_not_signed_are_named() -> None:
    """Recordings test_s3_put_presigned_url_same_header_and_qs_parameter, test_put_url_metadata_with_sig_s3v4."""
    door = Door()
    request = url(door.key_id)
    at_signing(door, request)
    more = {"x-amz-expires": "5", "x-amz-content-sha256": "UNSIGNED-PAYLOAD", "x-amz-decoded-content-length": "1"}
    error = await door.refuses(with_changes(request, headers=more))
    assert (error.error_code, error.message) == (
        "AccessDenied",
        "There were headers present in the request which were not signed",
    )
    assert error.members == {"HeadersNotSigned": "x-amz-decoded-content-length, x-amz-expires"}


async def test_parameters_stand_for_headers() -> None:
    """Recording s3/s3, TestS3PresignedUrl.test_presigned_url_v4_x_amz_in_qs: JavaScript's SDK signs so."""
    door = Door()
    request = url(door.key_id, method="PUT", target="/bucket/key?x-amz-meta-foo=b%20r&X-Amz-Storage-Class=STANDARD_IA")
    at_signing(door, request)
    await door.ask(request)
    assert request.headers["x-amz-meta-foo"] == "b r"
    assert request.headers["x-amz-storage-class"] == "STANDARD_IA"
    assert not {name for name in request.headers if name.startswith("x-amz-")} - {
        "x-amz-meta-foo",
        "x-amz-storage-class",
    }


async def test_parameters_of_an_ordinary_request_are_no_headers() -> None:
    """Nobody signed them as such: an anonymous visitor's query orders nothing."""
    request = Request(method="PUT", target="/b/k?x-amz-acl=public-read", headers={"host": "h"})
    await Door("open").ask(request)
    assert "x-amz-acl" not in request.headers
    signed = signed_request(
        access_key_id="test", secret_access_key="x", service="s3", target="/b/k?x-amz-acl=public-read", method="PUT"
    )
    await Door("open").ask(signed)
    assert "x-amz-acl" not in signed.headers


async def test_a_signed_header_may_be_in_the_query_alone() -> None:
    """JavaScript's SDK v2 names headers as signed that it puts into the URL; LocalStack's tests ran so against AWS.

    (test_presigned_url_v4_signed_headers_in_qs): sent as well they must be the same.
    """
    door = Door()
    headers = {"Host": HOST, "x-amz-server-side-encryption": "AES256"}
    signed = AWSRequest("PUT", f"http://{HOST}/bucket/key?x-amz-server-side-encryption=AES256", headers=headers)
    S3SigV4QueryAuth(Credentials(door.key_id, SECRET_KEY), "s3", "us-east-1", expires=60).add_auth(signed)
    parts = urlsplit(signed.url)
    request = Request(method="PUT", target=f"{parts.path}?{parts.query}", headers={"host": HOST})
    assert "x-amz-server-side-encryption" in parts.query.partition("X-Amz-SignedHeaders=")[2]
    at_signing(door, request)
    again = with_changes(request, headers={"x-amz-server-side-encryption": "AES256"})
    other = with_changes(request, headers={"x-amz-server-side-encryption": "aws:kms"})
    await door.ask(request)
    assert request.headers["x-amz-server-side-encryption"] == "AES256"
    await door.ask(again)
    assert (await door.refuses(other)).error_code == "SignatureDoesNotMatch"


async def test_checksums_in_a_url_order_nothing() -> None:
    """JavaScript's SDK puts that of no body into it, whatever is uploaded then; S3 takes no notice."""
    door = Door()
    target = "/bucket/key?x-amz-checksum-crc32=AAAAAA%3D%3D&x-amz-sdk-checksum-algorithm=CRC32&x-amz-acl=private"
    request = url(door.key_id, method="PUT", target=target)
    at_signing(door, request)
    await door.ask(request)
    assert request.headers["x-amz-acl"] == "private"
    assert not [name for name in request.headers if "checksum" in name]
