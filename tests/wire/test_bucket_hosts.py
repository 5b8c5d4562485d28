"""Which hosts name a bucket, and which keys are no place in one?"""

import pytest

from pileus.kernel.http.messages import Request
from pileus.kernel.wire.bucket_hosts import bucket_of, climbs, named_bucket, path_of


@pytest.mark.parametrize(
    ("host", "bucket"),
    [
        ("bucket.s3.amazonaws.com", "bucket"),
        ("bucket.s3.eu-central-1.amazonaws.com:443", "bucket"),
        ("bucket.s3-us-west-2.amazonaws.com", "bucket"),
        ("bucket.s3.dualstack.us-west-2.amazonaws.com", "bucket"),
        ("bucket.s3-fips.us-gov-west-1.amazonaws.com", "bucket"),
        ("bucket.s3-fips-us-gov-west-1.amazonaws.com", "bucket"),
        ("bucket.s3-accelerate.amazonaws.com", "bucket"),
        ("bucket.s3-accelerate.dualstack.amazonaws.com", "bucket"),
        ("bucket.s3-external-1.amazonaws.com", "bucket"),
        ("bucket.s3.cn-north-1.amazonaws.com.cn", "bucket"),
        ("my.dotted.bucket.s3.localhost.localstack.cloud:4566", "my.dotted.bucket"),
        ("my.s3.bucket.s3.localhost", "my.s3.bucket"),
        ("Bucket.S3.LocalHost:4566", "bucket"),
        ("s3.amazonaws.com", ""),
        ("s3.us-west-2.amazonaws.com", ""),
        ("localhost:4566", ""),
        ("127.0.0.1", ""),
        ("bucket.s3-website-us-east-1.amazonaws.com", ""),
        ("bucket.s3-website.eu-central-1.amazonaws.com", ""),
        ("111111111111.s3-control.us-east-1.amazonaws.com", ""),
        ("point-111111111111.s3-accesspoint.us-west-2.amazonaws.com", "point-111111111111.s3-accesspoint.us-west-2"),
        ("point-111111111111.s3-accesspoint-fips.us-west-2.localhost:1", "point-111111111111.s3-accesspoint.us-west-2"),
        ("POINT-111111111111.S3-AccessPoint.us-west-2.amazonaws.com", "point-111111111111.s3-accesspoint.us-west-2"),
        ("point.s3-accesspoint.us-west-2.amazonaws.com", ""),
        ("x" * 300 + ".s3.amazonaws.com", ""),
    ],
)
def test_hosts(host: str, bucket: str) -> None:
    """S3 User Guide, "Virtual hosting of buckets", "Dual-stack endpoints"; General Reference, "Amazon S3 endpoints"."""
    assert bucket_of(host) == bucket


@pytest.mark.parametrize(
    ("host", "bucket"),
    [
        ("my-bucket.localhost:4566", "my-bucket"),
        ("My-Bucket.LocalHost", "my-bucket"),
        ("bucket.s3.localhost:4566", "bucket"),
        ("s3.localhost:4566", ""),  # no bucket's name is so short
        ("localhost:4566", ""),
        ("pileus.localhost:4566", ""),
        ("111111111111.localhost:4566", ""),  # an account at S3 Control
        ("abc.execute-api.localhost:4566", ""),
        ("-bucket.localhost", ""),
        ("bucket.localhost.example.org", ""),
        ("bucket.localhost:x", ""),
        ("x" * 300 + ".localhost", ""),
    ],
)
def test_hosts_that_sdks_make_of_localhost(host: str, bucket: str) -> None:
    """Of what is S3's already they are a bucket's; alone they tell nothing, so that a page gains nothing by them."""
    assert named_bucket(host) == bucket
    assert bucket_of(host) in {"", "bucket"}


def test_the_bucket_comes_first_in_the_path() -> None:
    """The rest is as it was sent, doubled slashes and all."""
    request = Request(method="GET", target="//a%2Fb/../?x", headers={"host": "bucket.s3.localhost"})
    assert path_of(request) == "/bucket//a%2Fb/../"


@pytest.mark.parametrize(
    ("key", "leads_above"),
    [
        ("videos/2014/../../video1.wmv", False),
        ("videos/../../video1.wmv", True),
        ("videos/../../../video1.wmv", True),
        ("..", True),
        ("a/..", False),
        ("a//../..", True),
        ("./../a", True),
        ("..a/b..", False),
        ("a/b", False),
    ],
)
def test_keys_that_climb(key: str, leads_above: bool) -> None:
    """S3 User Guide, "Naming Amazon S3 objects": counted from the left, `..` never outnumbers what came before."""
    assert climbs(key) is leads_above
