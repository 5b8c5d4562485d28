"""Buckets as websites. Recordings s3/s3, TestS3StaticWebsiteHosting, as each test names them."""

import json
import re
from typing import Any
from uuid import uuid4

import pytest
import urllib3
from botocore.exceptions import ClientError

from tests.conftest import Server

_HTTP = urllib3.PoolManager()
INDEX = {"IndexDocument": {"Suffix": "index.html"}}
WITH_ERROR = {**INDEX, "ErrorDocument": {"Key": "error.html"}}


@pytest.fixture(scope="module")
def s3(aws: Server) -> Any:
    return aws.client("s3")


class Site:
    """A bucket that everybody may read and list."""

    def __init__(self, aws: Server, s3: Any, website: dict[str, Any] | None, **objects: str) -> None:
        self.aws, self.s3 = aws, s3
        self.bucket = f"site-{uuid4().hex[:12]}"
        self.host = f"{self.bucket}.s3-website.us-east-1.localhost.localstack.cloud:4566"
        self.url = f"http://{self.host}"
        s3.create_bucket(Bucket=self.bucket)
        s3.delete_public_access_block(Bucket=self.bucket)
        self.shown(["s3:GetObject", "s3:ListBucket"])
        if website is not None:
            self.configured(website)
        for key, body in objects.items():
            self.put(key, body)

    def shown(self, actions: list[str]) -> None:
        arn = f"arn:aws:s3:::{self.bucket}"
        statement = {"Effect": "Allow", "Principal": "*", "Action": actions, "Resource": [arn, f"{arn}/*"]}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        self.s3.put_bucket_policy(Bucket=self.bucket, Policy=json.dumps(policy))

    def configured(self, website: dict[str, Any]) -> None:
        self.s3.put_bucket_website(Bucket=self.bucket, WebsiteConfiguration=website)

    def put(self, key: str, body: str, **more: Any) -> str:
        options = {"ContentType": "text/html", **more}
        etag: str = self.s3.put_object(Bucket=self.bucket, Key=key, Body=body.encode(), **options)["ETag"]
        return etag

    def ask(self, path: str = "/", method: str = "GET", **headers: str) -> urllib3.BaseHTTPResponse:
        sent = {"Host": self.host} | {name.replace("_", "-"): value for name, value in headers.items()}
        return _HTTP.request(method, self.aws.url + path, headers=sent, redirect=False)


def page(response: urllib3.BaseHTTPResponse) -> str:
    text = response.data.decode()
    text = re.sub(r"RequestId: .*?</li>", "RequestId: <request-id></li>", text)
    text = re.sub(r"HostId: .*?</li>", "HostId: <host-id></li>", text)
    return re.sub(r"BucketName: .*?</li>", "BucketName: <bucket-name></li>", text)


def recorded(title: str, *told: str, document: str = "") -> str:
    lines = "".join(f"<li>{each}</li>\n" for each in (*told, "RequestId: <request-id>", "HostId: <host-id>"))
    head = f"<html>\n<head><title>{title}</title></head>\n<body>\n<h1>{title}</h1>\n<ul>\n{lines}</ul>\n"
    return f"{head}{document}<hr/>\n</body>\n</html>\n"


def no_such_key(key: str, document: str = "") -> str:
    told = ("Code: NoSuchKey", "Message: The specified key does not exist.", f"Key: {key}")
    return recorded("404 Not Found", *told, document=document)


def test_pages(aws: Server, s3: Any) -> None:
    """test_s3_static_website_hosting."""
    site = Site(aws, s3, WITH_ERROR)
    etag = site.put("actual/key.js", "some js", ContentType="application/javascript; charset=utf-8")
    response = site.ask("/actual/key.js")
    assert (response.status, response.data, response.headers["ETag"]) == (200, b"some js", etag)
    assert response.headers["Content-Type"] == "application/javascript; charset=utf-8"
    assert site.ask("/actual/key.js", if_none_match=etag).status == 304
    part = site.ask("/actual/key.js", range="bytes=0-3")
    assert (part.status, part.data) == (206, b"some")
    head = site.ask("/actual/key.js", "HEAD")
    assert (head.status, head.data, head.headers["Content-Length"]) == (200, b"", "7")
    below = _HTTP.request("GET", f"{aws.url}/_aws/s3-website/{site.bucket}/actual/key.js")
    assert below.data == b"some js"


def test_index_documents(aws: Server, s3: Any) -> None:
    """test_website_hosting_index_lookup."""
    site = Site(aws, s3, INDEX, **{"index.html": "index", "directory/index.html": "below"})
    assert site.ask().data == b"index"
    response = site.ask("/directory")
    assert (response.status, response.headers["Location"]) == (302, "/directory/")
    assert site.ask("/directory/").data == b"below"
    for path, key in (("/directory-wrong", "directory-wrong"), ("/directory-wrong/", "directory-wrong/index.html")):
        response = site.ask(path)
        assert (response.status, page(response)) == (404, no_such_key(key))
        assert response.headers["Content-Type"] == "text/html; charset=utf-8"


def test_pages_that_are_missing(aws: Server, s3: Any) -> None:
    """test_website_hosting_404."""
    site = Site(aws, s3, INDEX)
    assert page(site.ask()) == no_such_key("index.html")
    site.configured(WITH_ERROR)
    own = (
        "<h3>An Error Occurred While Attempting to Retrieve a Custom Error Document</h3>\n<ul>\n"
        "<li>Code: NoSuchKey</li>\n<li>Message: The specified key does not exist.</li>\n<li>Key: error.html</li>\n"
        "</ul>\n"
    )
    assert page(site.ask()) == no_such_key("index.html", own)
    site.put("error.html", "error")
    response = site.ask()
    assert (response.status, response.data) == (404, b"error")
    assert response.headers["Content-Type"] == "text/html"


def test_no_website(aws: Server, s3: Any) -> None:
    """test_website_hosting_no_such_website."""
    site = Site(aws, s3, None)
    for path in ("/", "/actual/key.html"):
        response = site.ask(path)
        assert (response.status, page(response)) == (
            404,
            recorded(
                "404 Not Found",
                "Code: NoSuchWebsiteConfiguration",
                "Message: The specified bucket does not have a website configuration",
                "BucketName: <bucket-name>",
            ),
        )
    site.host = f"no-{uuid4().hex}.s3-website-us-east-1.amazonaws.com"
    assert page(site.ask()) == recorded(
        "404 Not Found",
        "Code: NoSuchBucket",
        "Message: The specified bucket does not exist",
        "BucketName: <bucket-name>",
    )


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_methods(aws: Server, s3: Any, method: str) -> None:
    """test_website_hosting_http_methods: no document of the bucket's tells of this."""
    site = Site(aws, s3, WITH_ERROR, **{"error.html": "error"})
    response = site.ask(method=method)
    assert (response.status, page(response)) == (
        405,
        recorded(
            "405 Method Not Allowed",
            "Code: MethodNotAllowed",
            "Message: The specified method is not allowed against this resource.",
            f"Method: {method}",
            "ResourceType: OBJECT",
        ),
    )


def test_only_what_everybody_may_see(aws: Server, s3: Any) -> None:
    """Visitors are nobody in particular, while any key is welcome too. S3 User Guide, "Setting permissions"."""
    site = Site(aws, s3, INDEX, **{"index.html": "index"})
    site.shown(["s3:GetObject"])
    assert site.ask().data == b"index"
    assert site.ask("/none").status == 403, "who may not list is not told what there is"
    s3.delete_bucket_policy(Bucket=site.bucket)
    response = site.ask()
    assert (response.status, page(response)) == (
        403,
        recorded("403 Forbidden", "Code: AccessDenied", "Message: Access Denied"),
    )


def test_objects_that_lead_elsewhere(aws: Server, s3: Any) -> None:
    """test_object_website_redirect_location: the document of an error leads elsewhere, too."""
    site = Site(aws, s3, WITH_ERROR)
    site.put("index.html", "x", WebsiteRedirectLocation="/another/index.html")
    site.put("error.html", "x", WebsiteRedirectLocation="https://example.com/sorry")
    response = site.ask()
    assert (response.status, response.headers["Location"]) == (301, f"{site.url}/another/index.html")
    response = site.ask("/another/index.html")
    assert (response.status, response.headers["Location"]) == (301, "https://example.com/sorry")


def test_rules(aws: Server, s3: Any) -> None:
    """test_routing_rules_conditions, test_routing_rules_order: before the page, or when there is none."""
    rules = [
        {
            "Condition": {"KeyPrefixEquals": "both-prefixed/", "HttpErrorCodeReturnedEquals": "404"},
            "Redirect": {"ReplaceKeyWith": "redirected-both.html"},
        },
        {"Condition": {"KeyPrefixEquals": "prefixed"}, "Redirect": {"ReplaceKeyWith": "redirected.html"}},
        {"Condition": {"KeyPrefixEquals": "index"}, "Redirect": {"ReplaceKeyWith": "redirected.html"}},
        {"Condition": {"HttpErrorCodeReturnedEquals": "404"}, "Redirect": {"ReplaceKeyWith": "redirected.html"}},
    ]
    site = Site(aws, s3, {**WITH_ERROR, "RoutingRules": rules}, **{"prefixed-key": "x", "index.html": "index"})
    for path, key in (
        ("/non-existent-key", "redirected.html"),
        ("/prefixed-key", "redirected.html"),
        ("/both-prefixed/", "redirected-both.html"),
    ):
        response = site.ask(path)
        assert (response.status, response.headers["Location"]) == (301, f"{site.url}/{key}")
    assert site.ask().data == b"index", "the first page is no page called index.html"


def test_everything_elsewhere(aws: Server, s3: Any) -> None:
    """test_website_hosting_redirect_all."""
    site = Site(aws, s3, {"RedirectAllRequestsTo": {"HostName": "example.com", "Protocol": "https"}})
    response = site.ask("/a/b")
    assert (response.status, response.data, response.headers["Location"]) == (301, b"", "https://example.com/a/b")


def test_pages_of_other_origins(aws: Server, s3: Any) -> None:
    """The bucket's rules hold for its website too."""
    site = Site(aws, s3, INDEX, **{"index.html": "index"})
    rule = {"AllowedMethods": ["GET"], "AllowedOrigins": ["https://example.com"]}
    s3.put_bucket_cors(Bucket=site.bucket, CORSConfiguration={"CORSRules": [rule]})
    response = site.ask(origin="https://example.com")
    assert response.headers["Access-Control-Allow-Origin"] == "https://example.com"
    asked = site.ask("/x", "OPTIONS", origin="https://example.com", access_control_request_method="GET")
    assert (asked.status, asked.headers["Access-Control-Allow-Methods"]) == (200, "GET")


def test_locations_that_lead_nowhere(s3: Any) -> None:
    """API_PutObject: a path of the same website, or a URL."""
    bucket = f"site-{uuid4().hex[:12]}"
    s3.create_bucket(Bucket=bucket)
    for location in ("page.html", "ftp://example.com", "/" + "x" * 2048):
        with pytest.raises(ClientError) as caught:
            s3.put_object(Bucket=bucket, Key="k", WebsiteRedirectLocation=location)
        assert caught.value.response["Error"]["Code"] == "InvalidRedirectLocation"
