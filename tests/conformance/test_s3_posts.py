"""Uploads from browsers, as forms. Recordings s3/s3, TestS3PresignedPost, as each test names them."""

import base64
import hashlib
import json
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree

import pytest
import urllib3
from botocore.config import Config

from tests.conformance.test_enforcement import User, allow
from tests.conftest import Server

_HTTP = urllib3.PoolManager()


@pytest.fixture(scope="module")
def s3(aws: Server) -> Any:
    return aws.client("s3")


@pytest.fixture(scope="module")
def bucket(s3: Any) -> str:
    name = f"posts-{uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture(scope="module", params=["s3v4", "s3"])
def signer(aws: Server, request: pytest.FixtureRequest) -> Any:
    """A client of a user whom IAM minted, so that every signature is verified; of either version."""
    user = User(aws)
    user.may(allow("s3:*", "*"))
    return aws.client("s3", config=Config(signature_version=request.param), **user.keys)


def post(signed: dict[str, Any], file: Any = b"something", **headers: str) -> urllib3.BaseHTTPResponse:
    fields = [*signed["fields"].items(), ("file", file)]
    return _HTTP.request("POST", signed["url"], fields=fields, headers=headers, redirect=False)


def error_of(response: urllib3.BaseHTTPResponse) -> dict[str, str]:
    return {child.tag: child.text or "" for child in ElementTree.fromstring(response.data)}


def signed_form(signer: Any, bucket: str, key: str, **more: Any) -> dict[str, Any]:
    form: dict[str, Any] = signer.generate_presigned_post(bucket, key, ExpiresIn=60, **more)
    return form


def test_a_form_uploads(s3: Any, signer: Any, bucket: str) -> None:
    """What everybody does with it; test_post_object_default_checksum for the checksum."""
    response = post(signed_form(signer, bucket, "plain"), ("name.txt", b"something", "text/plain"))
    assert response.status == 204
    assert response.headers["ETag"] == '"437b930db84b8079c2dd804a71936b5f"'
    assert response.headers["x-amz-checksum-crc64nvme"] == "1BGd19PD4OU="
    assert response.headers["Location"].endswith(f"/{bucket}/plain")
    found = s3.get_object(Bucket=bucket, Key="plain")
    assert (found["Body"].read(), found["ContentType"]) == (b"something", "binary/octet-stream")


def test_201_tells_where_it_is(signer: Any, bucket: str) -> None:
    """test_s3_presigned_post_success_action_status_201_response; `${filename}` is the file's name without its path."""
    form = signed_form(
        signer,
        bucket,
        "in/key-${filename}",
        Fields={"success_action_status": "201"},
        Conditions=[{"success_action_status": "201"}],
    )
    response = post(form, ("C:\\folder\\my é.txt", b"something body"))
    assert response.status == 201
    told = error_of(response)
    assert told["Key"] == "in/key-my é.txt"
    assert told["Bucket"] == bucket
    assert told["ETag"] == response.headers["ETag"] == '"43281e21fce675ac3bcb3524b38ca4ed"'
    assert told["Location"] == response.headers["Location"]
    assert told["Location"].endswith(f"/{bucket}/in%2Fkey-my%20%C3%A9.txt")


def test_a_browser_is_led_on(signer: Any, bucket: str) -> None:
    """test_s3_presigned_post_success_action_redirect; a relative address leads nowhere."""
    for url, status in (("http://example.com/done?a=1", 303), ("/wrong/redirect/relative", 204)):
        fields = {"success_action_redirect": url}
        response = post(signed_form(signer, bucket, "a/b c", Fields=fields, Conditions=[fields]))
        assert response.status == status
        if status == 303:
            assert response.headers["Location"] == (
                f"{url}&bucket={bucket}&key=a%2Fb+c&etag=%22437b930db84b8079c2dd804a71936b5f%22"
            )


def test_a_field_called_file_is_the_file(s3: Any, signer: Any, bucket: str) -> None:
    """test_post_object_with_file_as_string: and without a name of its own, `${filename}` stays as it is."""
    response = post(signed_form(signer, bucket, "as-field-${filename}"), "text")
    assert response.status == 204
    assert s3.get_object(Bucket=bucket, Key="as-field-${filename}")["Body"].read() == b"text"


def test_fields_describe_the_object(s3: Any, signer: Any, bucket: str) -> None:
    """test_post_object_with_metadata, test_post_object_with_tags[list], test_post_object_with_storage_class."""
    tags = "<Tagging><TagSet><Tag><Key>a b</Key><Value>&amp;=</Value></Tag></TagSet></Tagging>".replace("&amp;=", "c=d")
    fields = {
        "x-amz-meta-test-1": "één",
        "x-amz-meta-TEST-2": "two",
        "Content-Type": "text/plain",
        "Cache-Control": "no-store",
        "x-amz-storage-class": "STANDARD_IA",
        "x-amz-server-side-encryption": "AES256",
        "tagging": tags,
    }
    conditions = [["eq", f"${name.lower()}", value] for name, value in fields.items()]
    assert post(signed_form(signer, bucket, "told", Fields=fields, Conditions=conditions)).status == 204
    found = s3.head_object(Bucket=bucket, Key="told")
    assert found["Metadata"]["test-2"] == "two"
    assert found["Metadata"]["test-1"] == "=?UTF-8?B?w6nDqW4=?="
    assert (found["ContentType"], found["CacheControl"]) == ("text/plain", "no-store")
    assert found["StorageClass"] == "STANDARD_IA"
    assert s3.get_object_tagging(Bucket=bucket, Key="told")["TagSet"] == [{"Key": "a b", "Value": "c=d"}]


@pytest.mark.parametrize(
    ("tags", "status"), [("<InvalidXmlTagging></InvalidXmlTagging>", 204), ("not-xml", 400)], ids=["invalid", "notxml"]
)
def test_tags_that_are_none(s3: Any, signer: Any, bucket: str, tags: str, status: int) -> None:
    """test_post_object_with_tags[invalid] and [notxml]."""
    fields = {"tagging": tags}
    response = post(signed_form(signer, bucket, "tags", Fields=fields, Conditions=[fields]))
    assert response.status == status
    if status == 400:
        assert error_of(response)["Code"] == "MalformedXML"


def test_a_storage_class_that_is_none(signer: Any, bucket: str) -> None:
    """test_post_object_with_storage_class."""
    fields = {"x-amz-storage-class": "FakeClass"}
    told = error_of(post(signed_form(signer, bucket, "class", Fields=fields, Conditions=[fields])))
    assert (told["Code"], told["StorageClassRequested"]) == ("InvalidStorageClass", "FakeClass")


def test_a_form_that_is_none(bucket: str, signer: Any) -> None:
    """test_post_object_with_wrong_content_type."""
    form = signed_form(signer, bucket, "none")
    response = _HTTP.request("POST", form["url"], body=b"x", headers={"Content-Type": "text/html"})
    assert response.status == 412
    told = error_of(response)
    assert told["Code"] == "PreconditionFailed"
    assert told["Condition"] == "Bucket POST must be of the enclosure-type multipart/form-data"


def test_fields_that_are_missing(signer: Any, bucket: str) -> None:
    """test_post_request_missing_signature, test_post_request_missing_fields."""
    form = signed_form(signer, bucket, "missing")
    new = "x-amz-signature" in form["fields"]
    cases = (
        [(["x-amz-signature"], "X-Amz-Signature"), (["x-amz-algorithm", "x-amz-credential"], "X-Amz-Algorithm")]
        if new
        else [(["signature"], "Signature"), (["AWSAccessKeyId"], "AWSAccessKeyId")]
    )
    for left_out, named in [*cases, (["key"], "key")]:
        fields = {name: value for name, value in form["fields"].items() if name not in left_out}
        response = post({"url": form["url"], "fields": fields})
        told = error_of(response)
        assert (response.status, told["Code"], told["ArgumentName"]) == (400, "InvalidArgument", named)
        assert told["Message"] == (
            f"Bucket POST must contain a field named '{named}'.  If it is specified, please check the order of the "
            "fields."
        )


def test_a_policy_that_was_changed(signer: Any, bucket: str) -> None:
    """test_post_request_malformed_policy."""
    form = signed_form(signer, bucket, "changed")
    form["fields"]["policy"] = form["fields"]["policy"][:-2]
    response = post(form)
    told = error_of(response)
    assert (response.status, told["Code"]) == (403, "SignatureDoesNotMatch")
    assert told["StringToSign"] == form["fields"]["policy"]
    assert told["StringToSignBytes"] == form["fields"]["policy"].encode().hex(" ")
    assert told["AWSAccessKeyId"]
    assert told["SignatureProvided"] == form["fields"].get("signature", form["fields"].get("x-amz-signature"))


def test_conditions_are_held_against_the_form(signer: Any, bucket: str) -> None:
    """test_post_object_policy_conditions_validation_eq; more in the unit tests of policies."""
    form = signed_form(signer, bucket, "conditions", Conditions=[["eq", "$success_action_status", "201"]])
    response = post(form)
    assert (response.status, error_of(response)["Message"]) == (
        403,
        'Invalid according to Policy: Policy Condition failed: ["eq", "$success_action_status", "201"]',
    )
    form["fields"] |= {"success_action_status": "201", "acl": "public-read"}
    told = error_of(post(form))
    assert told["Message"] == "Invalid according to Policy: Extra input fields: acl"


@pytest.mark.parametrize("size", [1, 12])
def test_the_size_is_held_against_the_policy(signer: Any, s3: Any, bucket: str, size: int) -> None:
    """test_post_object_policy_validation_size."""
    form = signed_form(signer, bucket, "size", Conditions=[["content-length-range", 5, 10]])
    response = post(form, b"a" * size)
    told = error_of(response)
    assert response.status == 400
    assert told["ProposedSize"] == str(size)
    if size > 10:
        assert (told["Code"], told["MaxSizeAllowed"]) == ("EntityTooLarge", "10")
    else:
        assert (told["Code"], told["MinSizeAllowed"]) == ("EntityTooSmall", "5")
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket, Prefix="size")
    assert post(form, b"a" * 10).status == 204
    s3.delete_object(Bucket=bucket, Key="size")


def test_a_long_file_flows(s3: Any, signer: Any, bucket: str) -> None:
    """Longer than what is held in memory; and one that is too long leaves nothing."""
    data = bytes(range(256)) * 40_000
    form = signed_form(signer, bucket, "long", Conditions=[["content-length-range", 0, len(data)]])
    assert post(form, ("long.bin", data)).status == 204
    assert s3.get_object(Bucket=bucket, Key="long")["Body"].read() == data
    refused = post(form, ("long.bin", data + b"x"))
    assert error_of(refused)["ProposedSize"] == str(len(data) + 1)
    assert s3.head_object(Bucket=bucket, Key="long")["ContentLength"] == len(data)


def test_a_checksum_of_the_form_is_verified(s3: Any, signer: Any, bucket: str) -> None:
    """S3 API Reference, "POST Object", `x-amz-checksum-`."""
    for sum_, status in (("YCkvO3O8pNGXhTMFQBb3yBjB7P4wpJxgoXtcVRyvbNk=", 400), (None, 204)):
        right = base64.b64encode(hashlib.sha256(b"something").digest()).decode()
        fields = {"x-amz-checksum-sha256": sum_ or right}
        response = post(signed_form(signer, bucket, "summed", Fields=fields, Conditions=[fields]))
        assert response.status == status
        if status == 400:
            assert error_of(response)["Code"] == "BadDigest"
    assert s3.head_object(Bucket=bucket, Key="summed", ChecksumMode="ENABLED")["ChecksumSHA256"] == right


def test_who_signs_must_be_allowed(aws: Server, bucket: str) -> None:
    """The signer's policies decide, as with any PutObject."""
    user = User(aws)
    user.may(allow("s3:PutObject", f"arn:aws:s3:::{bucket}/theirs/*"))
    signer = user.client("s3")
    assert post(signed_form(signer, bucket, "theirs/a")).status == 204
    response = post(signed_form(signer, bucket, "others/a"))
    assert (response.status, error_of(response)["Code"]) == (403, "AccessDenied")


def test_a_policy_expires(aws: Server, bucket: str) -> None:
    """test_post_request_expires."""
    policy = {"expiration": "2020-01-01T00:00:00Z", "conditions": [{"bucket": bucket}, ["eq", "$key", "k"]]}
    fields = {"key": "k", "policy": base64.b64encode(json.dumps(policy).encode()).decode()}
    response = post({"url": f"{aws.url}/{bucket}", "fields": fields})
    assert (response.status, error_of(response)["Message"]) == (403, "Invalid according to Policy: Policy expired.")


def test_hosts_name_buckets(aws: Server) -> None:
    """As botocore posts to virtual hosts, where the form is posted to `/`; nobody signs, so it is the root of zeros."""
    s3, bucket = aws.client("s3", aws_access_key_id="test"), f"posts-{uuid4().hex[:12]}"
    s3.create_bucket(Bucket=bucket)
    response = _HTTP.request(
        "POST",
        f"{aws.url}/",
        fields=[("key", "hosted"), ("file", b"x")],
        headers={"Host": f"{bucket}.s3.us-east-1.localhost.localstack.cloud:4566"},
    )
    assert response.status == 204
    assert response.headers["Location"] == f"http://{bucket}.s3.us-east-1.localhost.localstack.cloud:4566/hosted"
    assert s3.get_object(Bucket=bucket, Key="hosted")["Body"].read() == b"x"


def test_a_bucket_that_is_none(aws: Server) -> None:
    """As PutObject says."""
    response = _HTTP.request("POST", f"{aws.url}/no-{uuid4().hex}", fields=[("key", "k"), ("file", b"x")])
    assert (response.status, error_of(response)["Code"]) == (404, "NoSuchBucket")
