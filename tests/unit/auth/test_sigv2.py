"""Are requests to S3 believed that are signed by Signature Version 2, and only those?"""

import hmac
import time
from base64 import b64encode
from collections.abc import Mapping
from datetime import timedelta
from email.utils import formatdate
from urllib.parse import urlsplit

import pytest
from botocore.auth import HmacV1Auth, HmacV1QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from pileus.kernel.auth import sigv2
from pileus.kernel.auth.authenticator import Authenticator, Mode
from pileus.kernel.auth.key_ids import LONG_TERM, KeyIds
from pileus.kernel.auth.sessions import SessionSealer
from pileus.kernel.clock import MovableClock
from pileus.kernel.context import Principal
from pileus.kernel.errors import ServiceError
from pileus.kernel.http.messages import Request
from pileus.kernel.ids import SeededIds
from pileus.kernel.wire.model import load_model
from pileus.kernel.wire.routes import operation_query
from pileus.kernel.wire.scope import scope_of
from tests.unit.auth.signing import KnownKeys, with_changes

SECRET = bytes(range(32))
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


class Door:
    """An authenticator whose clients' clock stands still."""

    def __init__(self, mode: Mode = "strict") -> None:
        self.ids = SeededIds()
        self.keys = KnownKeys()
        self.sealer = SessionSealer(SECRET, MovableClock(), self.ids)
        self.now_s = time.time()
        self.key_id = KeyIds(SECRET, self.ids).mint(LONG_TERM)
        self.keys.add(self.key_id, SECRET_KEY)
        self.authenticator = Authenticator(
            mode=mode,
            keys=self.keys,
            sealer=self.sealer,
            clock=MovableClock(),
            signing_names={"s3": "s3"},
            machine_s=lambda: self.now_s,
        )

    async def ask(self, request: Request) -> Principal:
        return await self.authenticator.authenticate(request, body=b"", service="s3")

    async def refuses(self, request: Request) -> ServiceError:
        with pytest.raises(ServiceError) as caught:
            await self.ask(request)
        return caught.value


def received(signed: AWSRequest, host: str) -> Request:
    prepared = signed.prepare()
    parts = urlsplit(prepared.url)
    target = parts.path or "/"
    return Request(
        method=str(prepared.method),
        target=f"{target}?{parts.query}" if parts.query else target,
        headers={"host": host, **{str(name).lower(): str(value) for name, value in prepared.headers.items()}},
    )


def in_header(
    key_id: str,
    *,
    method: str = "GET",
    target: str = "/bucket/key",
    headers: Mapping[str, str] | None = None,
    host: str = "127.0.0.1:4566",
    resource: str | None = None,
    token: str | None = None,
    secret: str = SECRET_KEY,
) -> Request:
    """Signed by botocore. resource: the path with its bucket, where the host names the bucket."""
    request = AWSRequest(method, f"http://{host}{target}", headers=headers or {}, auth_path=resource)
    HmacV1Auth(Credentials(key_id, secret, token)).add_auth(request)
    return received(request, host)


def in_query(
    key_id: str,
    *,
    method: str = "GET",
    target: str = "/bucket/key",
    headers: Mapping[str, str] | None = None,
    token: str | None = None,
    host: str = "127.0.0.1:4566",
    resource: str | None = None,
) -> Request:
    """A presigned URL of botocore's, which ends in an hour of the machine's clock; no header is sent with it."""
    request = AWSRequest(method, f"http://{host}{target}", headers=headers or {}, auth_path=resource)
    HmacV1QueryAuth(Credentials(key_id, SECRET_KEY, token), expires=3600).add_auth(request)
    parts = urlsplit(request.url)
    return Request(method=method, target=f"{parts.path}?{parts.query}", headers={"host": host})


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/", {}),
        ("/bucket/a%20key//with%2Fslashes/", {}),
        ("/bucket?versioning", {}),
        ("/bucket/key?uploadId=a%2Fb&partNumber=7", {"Content-MD5": "x==", "Content-Type": "text/plain"}),
        ("/bucket/key?prefix=not-signed&response-content-type=text%2Fplain", {}),
        ("/bucket/key?tagging", {"x-amz-meta-B": "two   blanks", "x-amz-meta-a": "first"}),
        ("/bucket?publicAccessBlock", {}),
        ("/bucket/?list-type=2&prefix=a", {}),
    ],
)
async def test_a_header_of_botocores_is_believed(target: str, headers: dict[str, str]) -> None:
    """botocore is the oracle of what version 2 signs."""
    door = Door()
    principal = await door.ask(in_header(door.key_id, target=target, headers=headers))
    assert principal.minted


async def test_a_bucket_alone_may_be_signed_with_a_slash() -> None:
    """botocore does, whatever the path that it sends."""
    door = Door()
    assert (await door.ask(in_header(door.key_id, target="/bucket?versions", resource="/bucket/"))).minted
    error = await door.refuses(in_header(door.key_id, target="/bucket/key", resource="/bucket/key/"))
    assert error.error_code == "SignatureDoesNotMatch"


@pytest.mark.parametrize("added", ["%76ersionId=x", "%61cl", "legal-hold", "publicAccessBlock", "attributes"])
async def test_nothing_that_orders_something_else_can_be_added_to_a_url(added: str) -> None:
    """Whoever holds a URL for an object would else have its versions and lists, and a block could be taken away."""
    door = Door()
    request = in_query(door.key_id, method="DELETE")
    assert (await door.ask(request)).minted
    more = Request(method="DELETE", target=f"{request.target}&{added}", headers=request.headers)
    assert (await door.refuses(more)).error_code == "SignatureDoesNotMatch"


def test_whatever_chooses_an_operation_is_signed() -> None:
    """An operation that S3 gets anew must not be one which old URLs can be bent to."""
    model = load_model("s3")
    names = {name for operation in model.operations.values() for name, _ in operation_query(operation)}
    assert names - {"list-type"} <= sigv2._SUBRESOURCES


async def test_the_bucket_of_a_host_is_signed_as_part_of_the_resource() -> None:
    """Otherwise a signature for one bucket would be one for every bucket."""
    door = Door()
    host = "bucket.s3.us-west-2.amazonaws.com"
    request = in_header(door.key_id, target="/key", host=host, resource="/bucket/key")
    assert (await door.ask(request)).minted
    moved = with_changes(request, headers={"host": "other.s3.us-west-2.amazonaws.com"})
    assert (await door.refuses(moved)).error_code == "SignatureDoesNotMatch"


async def test_a_mismatch_tells_what_should_have_been_signed() -> None:
    """Recording s3/s3, TestS3PresignedUrl.test_presigned_url_signature_authentication[s3-False]."""
    door = Door()
    request = in_header(door.key_id, secret="another secret")
    error = await door.refuses(request)
    assert error.error_code == "SignatureDoesNotMatch"
    text = f"GET\n\n\n{request.headers['date']}\n/bucket/key"
    assert error.members["StringToSign"] == text
    assert error.members["StringToSignBytes"] == text.encode().hex(" ")
    assert error.members["AWSAccessKeyId"] == door.key_id
    assert "SignatureProvided" in error.members
    assert "CanonicalRequest" not in error.members


@pytest.mark.parametrize(
    "changes",
    [
        {"x-amz-meta-new": "1"},
        {"content-type": "text/html"},
        {"content-md5": "y=="},
        {"x-amz-acl": "public-read"},
    ],
)
async def test_what_is_signed_cannot_be_changed(changes: dict[str, str]) -> None:
    """Every one of these headers is in the string to sign."""
    door = Door()
    request = with_changes(in_header(door.key_id), headers=changes)
    assert (await door.refuses(request)).error_code == "SignatureDoesNotMatch"


async def test_a_date_of_amazons_stands_in_for_the_date() -> None:
    """`x-amz-date` is signed among the other headers; the line of the date is then empty."""
    door = Door()
    date = formatdate(door.now_s, usegmt=True)
    text = f"GET\n\n\n\nx-amz-date:{date}\n/bucket"
    signature = b64encode(hmac.digest(SECRET_KEY.encode(), text.encode(), "sha1")).decode()
    headers = {"host": "h", "x-amz-date": date, "authorization": f"AWS {door.key_id}:{signature}"}
    assert (await door.ask(Request(method="GET", target="/bucket", headers=headers))).minted


async def test_a_header_is_of_now() -> None:
    """A captured request is worth nothing a quarter of an hour later."""
    door = Door()
    request = in_header(door.key_id)
    door.now_s += 905
    error = await door.refuses(request)
    assert error.error_code == "RequestTimeTooSkewed"
    assert error.members["RequestTime"] == request.headers["date"]
    assert error.members["MaxAllowedSkewMilliseconds"] == "900000"
    undated = await door.refuses(with_changes(request, headers={"date": None}))
    assert (undated.error_code, undated.message) == (
        "AccessDenied",
        "AWS authentication requires a valid Date or x-amz-date header",
    )


async def test_a_url_of_botocores_is_believed_until_it_expires() -> None:
    """Recording s3/s3, TestS3PresignedUrl.test_s3_presigned_url_expired[s3]."""
    door = Door()
    request = in_query(door.key_id, target="/bucket/key?response-content-disposition=attachment%3B%20filename%3Da")
    assert (await door.ask(request)).minted
    door.now_s += 3602
    error = await door.refuses(request)
    assert (error.error_code, error.message) == ("AccessDenied", "Request has expired")
    assert set(error.members) == {"Expires", "ServerTime"}


async def test_headers_in_a_url_hold_as_if_they_were_sent() -> None:
    """Recording s3/s3, TestS3PresignedUrl.test_put_url_metadata_with_sig_s3: nothing but the URL, and yet metadata."""
    door = Door()
    request = in_query(door.key_id, method="PUT", headers={"x-amz-meta-foo": "b r", "Content-Type": "text/plain"})
    assert "x-amz-meta-foo" not in request.headers
    await door.ask(request)
    assert request.headers["x-amz-meta-foo"] == "b r"
    assert request.headers["content-type"] == "text/plain"
    wrong = with_changes(request, headers={"x-amz-meta-wrong": "wrong"})
    assert (await door.refuses(wrong)).error_code == "SignatureDoesNotMatch"


async def test_a_session_signs_urls() -> None:
    """Its token is in the query, and signed."""
    door = Door()
    given = door.sealer.issue(
        account_id="111111111111",
        arn="arn:aws:sts::111111111111:assumed-role/r/s",
        user_id="A:s",
        duration=timedelta(1),
    )
    signed = AWSRequest("GET", "http://h/bucket/key")
    credentials = Credentials(given.access_key_id, given.secret_access_key, given.session_token)
    HmacV1QueryAuth(credentials, expires=60).add_auth(signed)
    parts = urlsplit(signed.url)
    request = Request(method="GET", target=f"{parts.path}?{parts.query}", headers={"host": "h"})
    assert (await door.ask(request)).arn.endswith("assumed-role/r/s")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            "AWSAccessKeyId=AKIA&Signature=x",
            "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters",
        ),
        ("AWSAccessKeyId=AKIA&Signature=x&Expires=foo", "Invalid date (should be seconds since epoch): foo"),
        (
            "AWSAccessKeyId=AKIA&Signature=x&Expires=4294967296",
            "Invalid date (should be seconds since epoch): 4294967296",
        ),
    ],
)
@pytest.mark.parametrize("mode", ["open", "strict"])
async def test_a_url_that_is_none_is_refused_in_both_modes(mode: Mode, query: str, message: str) -> None:
    """Recording s3/s3, TestS3PresignedUrl.test_s3_put_presigned_url_missing_sig_param[s3]."""
    error = await Door(mode).refuses(Request(method="GET", target=f"/b/k?{query}", headers={"host": "h"}))
    assert (error.error_code, error.message) == ("AccessDenied", message)


@pytest.mark.parametrize(
    "query", ["AWSAccessKeyId=A&Signature=x&Expires=2000000000", "X-Amz-Algorithm=AWS4-HMAC-SHA256"]
)
async def test_only_one_way_to_sign(query: str) -> None:
    """AWS's answer to programs that follow a redirect to a presigned URL with their `Authorization` kept."""
    headers = {"host": "h", "authorization": "Bearer abc"}
    error = await Door("open").refuses(Request(method="GET", target=f"/b/k?{query}", headers=headers))
    assert error.error_code == "InvalidArgument"
    assert error.message.startswith("Only one auth mechanism allowed")
    assert error.members == {"ArgumentName": "Authorization", "ArgumentValue": "Bearer abc"}


async def test_open_mode_asks_nothing_of_unknown_keys_but_the_time() -> None:
    """Any key is welcome, but a URL that says it is over is over: developers test just that."""
    door = Door("open")
    request = in_query("test")
    assert (await door.ask(request)).arn == "arn:aws:iam::000000000000:root"
    door.now_s += 4000
    assert (await door.refuses(request)).message == "Request has expired"


async def test_an_unknown_key_is_named() -> None:
    """As S3 does, so that its owner sees which of theirs it was."""
    door = Door()
    request = in_header("AKIDEXAMPLE")
    error = await door.refuses(request)
    assert error.error_code == "InvalidAccessKeyId"
    assert error.members["AWSAccessKeyId"] == "AKIDEXAMPLE"


def test_version_2_is_for_s3() -> None:
    """So that a request in path style finds its service, whose host says nothing."""
    assert scope_of(in_header("AKIA")).service == "s3"
    assert scope_of(in_query("AKIA")).service == "s3"
    old_query = Request(method="GET", target="/?Action=ListQueues&AWSAccessKeyId=A&Signature=x", headers={"host": "h"})
    assert scope_of(old_query).service == ""
