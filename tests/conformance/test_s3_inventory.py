"""A list of a bucket's objects, delivered when the clock says so. Source: S3 User Guide, "Cataloging and analyzing your
data with S3 Inventory".
"""

import csv
import gzip
import json
import time
import urllib.request
from datetime import timedelta
from typing import Any

from tests.conftest import Server

_ACCOUNT = "111111111111"
_WITHIN_S = 30.0


def _advance(server: Server, duration: timedelta) -> None:
    body = json.dumps({"advance_s": duration.total_seconds()}).encode()
    asked = urllib.request.Request(f"{server.url}/_pileus/clock", data=body, method="POST")
    urllib.request.urlopen(asked, timeout=10).read()


def _manifest(s3: Any) -> dict[str, Any]:
    """The one that is delivered within a deadline."""
    deadline = time.monotonic() + _WITHIN_S
    while time.monotonic() < deadline:
        keys = [found["Key"] for found in s3.list_objects_v2(Bucket="target").get("Contents", [])]
        for key in keys:
            if key.endswith("/manifest.json"):
                read: dict[str, Any] = json.loads(s3.get_object(Bucket="target", Key=key)["Body"].read())
                return read
        time.sleep(0.05)
    raise AssertionError("no manifest was delivered")


def test_a_list_is_delivered(own_server: Server) -> None:
    """From the configuration to the rows, with the policy that AWS asks for."""
    s3 = own_server.start().client("s3")
    for name in ("source", "target"):
        s3.create_bucket(Bucket=name)
    s3.put_object(Bucket="source", Key="photos/ä b.jpg", Body=b"12345")
    s3.put_object(Bucket="source", Key="other", Body=b"1")
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::target/*",
        "Condition": {
            "ArnLike": {"aws:SourceArn": "arn:aws:s3:::source"},
            "StringEquals": {"aws:SourceAccount": _ACCOUNT, "s3:x-amz-acl": "bucket-owner-full-control"},
        },
    }
    s3.put_bucket_policy(Bucket="target", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    s3.put_bucket_inventory_configuration(
        Bucket="source",
        Id="all",
        InventoryConfiguration={
            "Destination": {"S3BucketDestination": {"Bucket": "arn:aws:s3:::target", "Format": "CSV", "Prefix": "l"}},
            "IsEnabled": True,
            "Filter": {"Prefix": "photos/"},
            "Id": "all",
            "IncludedObjectVersions": "Current",
            "OptionalFields": ["Size", "ETag"],
            "Schedule": {"Frequency": "Daily"},
        },
    )
    _advance(own_server, timedelta(days=1))
    manifest = _manifest(s3)
    assert manifest["sourceBucket"] == "source"
    assert manifest["fileSchema"] == "Bucket, Key, Size, ETag"
    (file,) = manifest["files"]
    data = s3.get_object(Bucket="target", Key=file["key"])
    assert data["ETag"].strip('"') == file["MD5checksum"]
    assert data["ContentLength"] == file["size"]
    rows = list(csv.reader(gzip.decompress(data["Body"].read()).decode().splitlines()))
    assert rows == [["source", "photos/%C3%A4%20b.jpg", "5", "827ccb0eea8a706c4c34a16891f84e7b"]]
