"""Buckets and pages of other origins. Recordings s3/s3_cors, TestS3Cors, as each test names them."""

from typing import Any
from uuid import uuid4
from xml.etree import ElementTree

import pytest
import urllib3

from tests.conftest import Server

_HTTP = urllib3.PoolManager()
ORIGIN = "https://localhost:4200"
VARY = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"


@pytest.fixture(scope="module")
def s3(aws: Server) -> Any:
    """Of the account that unsigned requests belong to while any key is welcome."""
    return aws.client("s3", aws_access_key_id="test")


def shared(s3: Any, *rules: dict[str, Any]) -> str:
    bucket = f"cors-{uuid4().hex[:12]}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="key", Body=b"test-cors")
    if rules:
        s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": list(rules)})
    return bucket


def rule(methods: list[str], origins: list[str], **more: Any) -> dict[str, Any]:
    return {"AllowedMethods": methods, "AllowedOrigins": origins, **more}


def ask(aws: Server, method: str, target: str, **headers: str) -> urllib3.BaseHTTPResponse:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return _HTTP.request(method, aws.url + target, headers=sent, body=b"" if method == "PUT" else None)


def of_cors(response: urllib3.BaseHTTPResponse) -> dict[str, str]:
    return {
        name.lower().removeprefix("access-control-"): value
        for name, value in response.headers.items()
        if name.lower().startswith("access-control-")
    }


def error_of(response: urllib3.BaseHTTPResponse) -> dict[str, str]:
    found = {child.tag: child.text or "" for child in ElementTree.fromstring(response.data)}
    assert found.pop("RequestId")
    assert found.pop("HostId")
    return found


NO_ORIGIN = {"Code": "BadRequest", "Message": "Insufficient information. Origin request header needed."}
NOT_ALLOWED = (
    "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / "
    "Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec."
)


def test_a_bucket_that_shares_nothing(aws: Server, s3: Any) -> None:
    """test_cors_http_options_no_config, test_cors_http_get_no_config."""
    bucket = shared(s3)
    response = ask(aws, "OPTIONS", f"/{bucket}")
    assert (response.status, error_of(response)) == (400, NO_ORIGIN)
    forbidden = {
        "Code": "AccessForbidden",
        "Message": "CORSResponse: CORS is not enabled for this bucket.",
        "ResourceType": "BUCKET",
    }
    response = ask(aws, "OPTIONS", f"/{bucket}", origin=ORIGIN, access_control_request_method="PUT")
    assert (response.status, error_of(response)) == (403, forbidden | {"Method": "PUT"})
    response = ask(aws, "OPTIONS", f"/{bucket}", origin=ORIGIN)
    assert (response.status, error_of(response)) == (403, forbidden | {"Method": "OPTIONS"})
    response = ask(aws, "GET", f"/{bucket}/key", origin=ORIGIN)
    assert (response.status, response.data, of_cors(response)) == (200, b"test-cors", {})


def test_a_bucket_that_is_none(aws: Server) -> None:
    """test_cors_http_options_non_existent_bucket: where the host says that S3 is meant."""
    host = f"no-{uuid4().hex}.s3.localhost.localstack.cloud:4566"
    assert error_of(ask(aws, "OPTIONS", "/key", host=host)) == NO_ORIGIN
    told = error_of(ask(aws, "OPTIONS", "/key", host=host, origin=ORIGIN))
    assert told["Message"] == "CORSResponse: Bucket not found"
    assert (told["Method"], told["ResourceType"]) == ("OPTIONS", "BUCKET")


def test_origins(aws: Server, s3: Any) -> None:
    """test_cors_match_origins."""
    bucket = shared(s3, rule(["GET", "PUT"], [ORIGIN], MaxAgeSeconds=3000))
    allowed = {
        "allow-credentials": "true",
        "allow-methods": "GET, PUT",
        "allow-origin": ORIGIN,
        "max-age": "3000",
    }
    response = ask(aws, "OPTIONS", f"/{bucket}/key", origin=ORIGIN, access_control_request_method="PUT")
    assert (response.status, response.data, of_cors(response)) == (200, b"", allowed)
    assert response.headers["Vary"] == VARY
    assert {"x-amz-request-id", "x-amz-id-2"} <= {name.lower() for name in response.headers}
    response = ask(aws, "GET", f"/{bucket}/key", origin=ORIGIN)
    assert (response.status, response.data, of_cors(response)) == (200, b"test-cors", allowed)
    assert response.headers["Vary"] == VARY
    assert of_cors(ask(aws, "GET", f"/{bucket}/key")) == {}
    assert of_cors(ask(aws, "GET", f"/{bucket}/none", origin=ORIGIN)) == allowed, "errors are to be read too"
    assert error_of(ask(aws, "OPTIONS", f"/{bucket}/key", referer=ORIGIN)) == NO_ORIGIN
    other = "http://localhost:4000"
    response = ask(aws, "OPTIONS", f"/{bucket}/key", origin=other, access_control_request_method="PUT")
    assert (response.status, error_of(response)) == (
        403,
        {"Code": "AccessForbidden", "Message": NOT_ALLOWED, "Method": "PUT", "ResourceType": "OBJECT"},
    )
    response = ask(aws, "GET", f"/{bucket}/key", origin=other)
    assert (response.status, of_cors(response)) == (200, {})


def test_everybody_sends_no_credentials(aws: Server, s3: Any) -> None:
    """test_cors_match_origins, test_put_cors_default_values, test_cors_expose_headers."""
    exposed = ["x-amz-id-2", "x-amz-request-id", "x-amz-request-payer"]
    bucket = shared(s3, rule(["GET"], ["*"], ExposeHeaders=exposed))
    response = ask(aws, "OPTIONS", f"/{bucket}/key", origin=ORIGIN, access_control_request_method="GET")
    assert of_cors(response) == {
        "allow-methods": "GET",
        "allow-origin": "*",
        "expose-headers": "x-amz-id-2, x-amz-request-id, x-amz-request-payer",
    }


def test_methods(aws: Server, s3: Any) -> None:
    """test_cors_match_methods: what is not allowed is done all the same, and the browser does not show it."""
    bucket = shared(s3, rule(["GET"], [ORIGIN]))
    response = ask(aws, "OPTIONS", f"/{bucket}/key", origin=ORIGIN, access_control_request_method="PUT")
    assert (response.status, error_of(response)["Method"]) == (403, "PUT")
    response = ask(aws, "PUT", f"/{bucket}/key", origin=ORIGIN)
    assert (response.status, of_cors(response)) == (200, {})
    # get-wrong-op: what is asked about goes before what is done, though no browser asks so.
    response = ask(aws, "GET", f"/{bucket}/key", origin=ORIGIN, access_control_request_method="PUT")
    assert (response.status, of_cors(response)) == (200, {})


def test_headers(aws: Server, s3: Any) -> None:
    """test_cors_match_headers: whatever their case, with and without blanks between them."""
    allowed = ["x-amz-expected-bucket-owner", "x-AMZ-server-SIDE-encryption*"]
    bucket = shared(s3, rule(["GET"], [ORIGIN], AllowedHeaders=allowed))

    def preflight(names: str) -> urllib3.BaseHTTPResponse:
        asked = {"access_control_request_method": "GET", "access_control_request_headers": names}
        return ask(aws, "OPTIONS", f"/{bucket}/key", origin=ORIGIN, **asked)

    for names in ("x-amz-expected-bucket-owner, X-Amz-Server-Side-Encryption", "x-amz-expected-bucket-owner"):
        assert of_cors(preflight(names))["allow-headers"] == names.lower()
    no_space = preflight("x-amz-expected-bucket-owner,x-amz-server-side-encryption")
    assert of_cors(no_space)["allow-headers"] == "x-amz-expected-bucket-owner, x-amz-server-side-encryption"
    assert preflight("x-amz-acl").status == 403
    response = ask(aws, "GET", f"/{bucket}/key", origin=ORIGIN, access_control_request_headers="x-amz-acl")
    assert (response.status, of_cors(response)) == (200, {})


def test_a_star_within_an_origin(aws: Server, s3: Any) -> None:
    """test_cors_options_match_partial_origin, test_cors_options_fails_partial_origin."""
    bucket = shared(s3, rule(["GET", "PUT"], ["http://*.origin.com"]))
    response = ask(aws, "OPTIONS", f"/{bucket}", origin="http://test.origin.com", access_control_request_method="PUT")
    assert of_cors(response)["allow-origin"] == "http://test.origin.com"
    response = ask(aws, "OPTIONS", f"/{bucket}", origin="http://fake.com", access_control_request_method="GET")
    assert (response.status, error_of(response)["ResourceType"]) == (403, "BUCKET")


def test_a_page_of_another_site_is_welcome_where_the_owner_says_so(aws: Server, s3: Any) -> None:
    """While any key is welcome, pages of other sites are refused; not by a bucket that was opened to them."""
    site = "https://www.example.com"
    bucket = shared(s3, rule(["GET"], [site]))
    closed = shared(s3)
    assert ask(aws, "GET", f"/{closed}/key", origin=site).status == 403
    response = ask(aws, "GET", f"/{bucket}/key", origin=site)
    assert (response.status, response.data) == (200, b"test-cors")
    assert ask(aws, "PUT", f"/{bucket}/key", origin=site).status == 403, "a method of no rule"
    rebound = ask(aws, "GET", f"/{bucket}/key", origin=site, host="www.example.com")
    assert rebound.status == 403, "a name that was made to point here"


def test_other_services_are_not_asked(aws: Server, s3: Any) -> None:
    """A bucket's rule says nothing of what is signed for another service."""
    bucket = shared(s3, rule(["POST"], ["*"]))
    response = ask(
        aws, "POST", f"/{bucket}", origin="https://www.example.com", x_amz_target="DynamoDB_20120810.ListTables"
    )
    assert response.status == 403
    assert of_cors(response) == {}


@pytest.mark.parametrize(
    ("method", "query", "headers", "body"),
    [
        ("GET", "?Action=ListUsers&Version=2010-05-08", {}, b""),
        ("POST", "", {"Content-Type": "application/x-www-form-urlencoded"}, b"Action=ListUsers&Version=2010-05-08"),
        ("POST", "", {"X-Amz-Target": "DynamoDB_20120810.ListTables"}, b"{}"),
        ("POST", "", {"smithy-protocol": "rpc-v2-cbor", "Content-Type": "application/cbor"}, b"\xa0"),
    ],
    ids=["query", "form", "target", "cbor"],
)
@pytest.mark.parametrize("by_host", [False, True], ids=["path", "host"])
def test_a_bucket_opens_itself_and_nothing_else(
    aws: Server, s3: Any, method: str, query: str, headers: dict[str, str], body: bytes, by_host: bool
) -> None:
    """Any page on the internet could else give orders to IAM by the way of a bucket that welcomes it."""
    bucket = shared(s3, rule(["GET", "POST"], ["*"], AllowedHeaders=["*"]))
    asked = {"Origin": "https://elsewhere.example", **headers}
    path = "/" if by_host else f"/{bucket}"
    if "smithy-protocol" in headers:
        path = "/service/GraniteServiceVersion20100801/operation/ListMetrics"
    if by_host:
        asked["Host"] = f"{bucket}.s3.localhost"
    answer = _HTTP.request(method, f"{aws.url}{path}{query}", headers=asked, body=body)
    assert answer.status == 403
    assert b"may not call this server" in answer.data


def test_a_bucket_opens_no_door_to_the_service_whose_paths_begin_with_its_name(aws: Server, s3: Any) -> None:
    """`2015-03-31` is a fine name for a bucket, and how all paths of Lambda begin; the bucket's own stay open."""
    s3.create_bucket(Bucket="2015-03-31")
    welcome = {"CORSRules": [rule(["GET", "POST", "DELETE"], ["*"], AllowedHeaders=["*"])]}
    s3.put_bucket_cors(Bucket="2015-03-31", CORSConfiguration=welcome)
    for method, path in (("GET", "functions/"), ("POST", "functions/f/invocations"), ("DELETE", "functions/f")):
        response = ask(aws, method, f"/2015-03-31/{path}", origin="https://elsewhere.example")
        assert (response.status, of_cors(response)) == (403, {})
        assert b"may not call this server" in response.data
    s3.put_object(Bucket="2015-03-31", Key="key", Body=b"open")
    response = ask(aws, "GET", "/2015-03-31/key", origin="https://elsewhere.example")
    assert (response.status, response.data, of_cors(response)["allow-origin"]) == (200, b"open", "*")


def test_a_bucket_opens_no_door_to_s3_control(aws: Server, s3: Any) -> None:
    """Whose paths begin as a bucket's name may."""
    s3.create_bucket(Bucket="v20180820")
    welcome = {"CORSRules": [rule(["GET"], ["*"], AllowedHeaders=["*"])]}
    s3.put_bucket_cors(Bucket="v20180820", CORSConfiguration=welcome)
    headers = {"Origin": "https://elsewhere.example", "x-amz-account-id": "000000000000"}
    answer = _HTTP.request("GET", f"{aws.url}/v20180820/configuration/publicAccessBlock", headers=headers)
    assert answer.status == 403
    assert b"may not call this server" in answer.data
