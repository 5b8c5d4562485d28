"""What browsers send to a strict server, which believes signatures and nothing else."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree

import pytest
import urllib3
from botocore.config import Config

from tests.conftest import Server

_HTTP = urllib3.PoolManager()


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("strict-s3") / "data", "--auth", "strict").start()
    yield server
    server.stop()


def root(strict: Server, **options: Any) -> Any:
    return strict.client(
        "s3",
        aws_access_key_id=strict.ready["root_access_key_id"],
        aws_secret_access_key=strict.ready["root_secret_access_key"],
        **options,
    )


@pytest.fixture(scope="module")
def bucket(strict: Server) -> str:
    name = f"strict-{uuid4().hex[:12]}"
    s3 = root(strict)
    s3.create_bucket(Bucket=name)
    s3.delete_public_access_block(Bucket=name)
    return name


def let_everybody(s3: Any, bucket: str, action: str, below: str) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": action,
        "Resource": f"arn:aws:s3:::{bucket}/{below}*",
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))


def code_of(response: urllib3.BaseHTTPResponse) -> str | None:
    return ElementTree.fromstring(response.data).findtext("Code")


def test_a_form_that_nobody_signed(strict: Server, bucket: str) -> None:
    """test_post_request_missing_fields, exception-no-sig-related-fields; and where the bucket lets everybody upload."""
    url = f"{strict.url}/{bucket}"
    refused = _HTTP.request("POST", url, fields=[("key", "private/a"), ("file", b"x")])
    assert (refused.status, code_of(refused)) == (403, "AccessDenied")
    let_everybody(root(strict), bucket, "s3:PutObject", "public/")
    assert _HTTP.request("POST", url, fields=[("key", "public/a"), ("file", b"x")]).status == 204
    refused = _HTTP.request("POST", url, fields=[("key", "private/a"), ("file", b"x")])
    assert (refused.status, code_of(refused)) == (403, "AccessDenied")


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_a_form_that_the_root_signed(strict: Server, bucket: str, version: str) -> None:
    """By either version; and one whose key nobody knows."""
    s3 = root(strict, config=Config(signature_version=version))
    form = s3.generate_presigned_post(bucket, "signed")
    fields = [*form["fields"].items(), ("file", b"x")]
    assert _HTTP.request("POST", form["url"], fields=fields).status == 204
    stranger = strict.client("s3", config=Config(signature_version=version))
    form = stranger.generate_presigned_post(bucket, "signed")
    refused = _HTTP.request("POST", form["url"], fields=[*form["fields"].items(), ("file", b"x")])
    assert (refused.status, code_of(refused)) == (403, "InvalidAccessKeyId")


def test_policies_know_by_which_version_a_form_is_signed(strict: Server, bucket: str) -> None:
    """S3 API Reference, "Signature Version 4 Authentication Specific Policy Keys": version 2 is what owners deny."""
    denied = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{bucket}/modern/*",
        "Condition": {"StringNotEquals": {"s3:signatureversion": "AWS4-HMAC-SHA256"}},
    }
    root(strict).put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [denied]}))
    for version, status in (("s3v4", 204), ("s3", 403)):
        form = root(strict, config=Config(signature_version=version)).generate_presigned_post(bucket, "modern/a")
        fields = [*form["fields"].items(), ("file", b"x")]
        assert _HTTP.request("POST", form["url"], fields=fields).status == status


def test_pages_ask_without_a_signature(strict: Server, bucket: str) -> None:
    """A preflight request never has one."""
    s3 = root(strict)
    s3.put_bucket_cors(
        Bucket=bucket,
        CORSConfiguration={"CORSRules": [{"AllowedMethods": ["PUT"], "AllowedOrigins": ["https://example.com"]}]},
    )
    headers = {"Origin": "https://example.com", "Access-Control-Request-Method": "PUT"}
    response = _HTTP.request("OPTIONS", f"{strict.url}/{bucket}/key", headers=headers)
    assert (response.status, response.headers["Access-Control-Allow-Origin"]) == (200, "https://example.com")
    url = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "key"})
    response = _HTTP.request("PUT", url, body=b"", headers={"Origin": "https://example.com"})
    assert (response.status, response.headers["Access-Control-Allow-Origin"]) == (200, "https://example.com")


def test_websites_show_what_everybody_may_see(strict: Server, bucket: str) -> None:
    """Nothing, until the bucket's policy says so."""
    s3 = root(strict)
    s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})
    s3.put_object(Bucket=bucket, Key="www/index.html", Body=b"hello")
    s3.delete_bucket_policy(Bucket=bucket)
    url = f"{strict.url}/_aws/s3-website/{bucket}/www/"
    assert _HTTP.request("GET", url).status == 403
    let_everybody(s3, bucket, "s3:GetObject", "www/")
    assert _HTTP.request("GET", url).data == b"hello"


def test_nobody_in_particular_reads_what_kms_has_encrypted(strict: Server, bucket: str) -> None:
    """S3 User Guide, "Using server-side encryption with AWS KMS keys": who reads is known, whatever policies say."""
    s3 = root(strict)
    keys = {name: strict.ready[f"root_{name[4:]}"] for name in ("aws_access_key_id", "aws_secret_access_key")}
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [everybody]})
    key = strict.client("kms", **keys).create_key(Policy=policy)["KeyMetadata"]["Arn"]
    let_everybody(s3, bucket, "s3:GetObject", "sealed/")
    sealed = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}
    s3.put_object(Bucket=bucket, Key="sealed/a", Body=b"secret", **sealed)
    answer = _HTTP.request("GET", f"{strict.url}/{bucket}/sealed/a")
    assert (answer.status, code_of(answer)) == (403, "AccessDenied")
    assert s3.get_object(Bucket=bucket, Key="sealed/a")["Body"].read() == b"secret"


def test_nobody_in_particular_pays_nothing(strict: Server, bucket: str) -> None:
    """S3 User Guide, "Using Requester Pays": anonymous access to such a bucket is not allowed, whatever it promises."""
    s3 = root(strict)
    let_everybody(s3, bucket, "s3:GetObject", "paid/")
    s3.put_object(Bucket=bucket, Key="paid/a", Body=b"x")
    url, promise = f"{strict.url}/{bucket}/paid/a", {"x-amz-request-payer": "requester"}
    assert _HTTP.request("GET", url).status == 200
    s3.put_bucket_request_payment(Bucket=bucket, RequestPaymentConfiguration={"Payer": "Requester"})
    assert _HTTP.request("GET", url, headers=promise).status == 403
    s3.put_bucket_request_payment(Bucket=bucket, RequestPaymentConfiguration={"Payer": "BucketOwner"})
