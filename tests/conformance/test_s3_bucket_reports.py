"""Configurations of which a bucket has many, as boto3 writes, lists and removes them."""

from typing import Any, Final

import pytest
from botocore.client import Config

from tests.conformance.test_s3_buckets import new_name, refused
from tests.conftest import Server

_PLAIN: Final = Config(retries={"max_attempts": 0}, parameter_validation=False)
_ABSENT: Final = {"Code": "NoSuchConfiguration", "Message": "The specified configuration does not exist."}
_SCHEMA: Final = {
    "Code": "MalformedXML",
    "Message": "The XML you provided was not well-formed or did not validate against our published schema",
}
_TARGET: Final = {"S3BucketDestination": {"Bucket": "arn:aws:s3:::buckets-reports", "Format": "CSV"}}
_INVENTORY: Final = {
    "Destination": _TARGET,
    "Id": "test-inventory",
    "IncludedObjectVersions": "All",
    "IsEnabled": True,
    "OptionalFields": ["Size", "ETag"],
    "Schedule": {"Frequency": "Daily"},
}
_KINDS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "inventory": ("InventoryConfiguration", _INVENTORY),
    "analytics": (
        "AnalyticsConfiguration",
        {
            "Id": "an",
            "Filter": {"Prefix": "test_ls"},
            "StorageClassAnalysis": {"DataExport": {"OutputSchemaVersion": "V_1", "Destination": _TARGET}},
        },
    ),
    "metrics": ("MetricsConfiguration", {"Id": "logs", "Filter": {"Prefix": "logs/"}}),
    "intelligent_tiering": (
        "IntelligentTieringConfiguration",
        {
            "Id": "test1",
            "Filter": {"Prefix": "test1"},
            "Status": "Enabled",
            "Tierings": [{"AccessTier": "ARCHIVE_ACCESS", "Days": 90}],
        },
    ),
}


@pytest.fixture(scope="module")
def s3(aws: Server) -> Any:
    return aws.client("s3", config=_PLAIN)


@pytest.fixture(scope="module")
def bucket(s3: Any) -> str:
    name = new_name("reports")
    s3.create_bucket(Bucket=name)
    return name


@pytest.mark.parametrize("kind", _KINDS)
def test_one_is_written_read_listed_and_removed(s3: Any, bucket: str, kind: str) -> None:
    """Recordings s3/s3, test_s3_inventory_report_crud, test_s3_analytics_configurations and
    test_s3_intelligent_tier_config; s3/s3_api, TestS3MetricsConfiguration.
    """
    member, document = _KINDS[kind]
    name = document["Id"]
    put, get = getattr(s3, f"put_bucket_{kind}_configuration"), getattr(s3, f"get_bucket_{kind}_configuration")
    remove, listed = (
        getattr(s3, f"delete_bucket_{kind}_configuration"),
        getattr(s3, f"list_bucket_{kind}_configurations"),
    )
    assert refused(get, Bucket=bucket, Id=name) == (404, _ABSENT)
    told = listed(Bucket=bucket)
    assert (told["IsTruncated"], told.get(f"{member}List")) == (False, None)
    other = {"Code": "IdMismatch", "Message": "Document ID does not match the specified configuration ID."}
    if kind in {"analytics", "intelligent_tiering"}:
        other = {
            "Code": "MalformedXML",
            "Message": "The XML you provided was not well-formed or did not validate against our published schema",
        }
    assert refused(put, Bucket=bucket, Id="other", **{member: document}) == (400, other)
    assert put(Bucket=bucket, Id=name, **{member: document})["ResponseMetadata"]["HTTPStatusCode"] == 204
    second = {**document, "Id": "z-last"}
    put(Bucket=bucket, Id="z-last", **{member: second})
    assert get(Bucket=bucket, Id=name)[member] == document
    assert listed(Bucket=bucket)[f"{member}List"] == [document, second]
    remove(Bucket=bucket, Id=name)
    assert refused(remove, Bucket=bucket, Id=name) == (404, _ABSENT)
    assert listed(Bucket=bucket)[f"{member}List"] == [second]
    assert refused(remove, Bucket="buckets-none", Id=name)[1]["Code"] == "NoSuchBucket"


def test_inventories_that_are_refused(s3: Any, bucket: str) -> None:
    """Recording s3/s3, test_s3_put_inventory_report_exceptions."""

    def put(**changed: Any) -> Any:
        asked = {**_INVENTORY, **changed}
        return s3.put_bucket_inventory_configuration(Bucket=bucket, Id="test-inventory", InventoryConfiguration=asked)

    named = {"S3BucketDestination": {"Bucket": "no-arn", "Format": "CSV"}}
    assert refused(put, Destination=named) == (
        400,
        {"Code": "InvalidS3DestinationBucket", "Message": "Invalid bucket ARN."},
    )
    other = {"S3BucketDestination": {"Bucket": "arn:aws:s3:::buckets-reports", "Format": "WRONG"}}
    for changed in (
        {"Destination": other},
        {"Schedule": {"Frequency": "Hourly"}},
        {"IncludedObjectVersions": "Some"},
        {"OptionalFields": ["Size", "Wrong"]},
    ):
        assert refused(put, **changed) == (400, _SCHEMA), changed


def test_pages_of_configurations(s3: Any, aws: Server) -> None:
    """Recording s3/s3_api, test_list_bucket_metrics_configurations_paginated: a hundred to a page."""
    name = new_name("pages")
    s3.create_bucket(Bucket=name)
    for number in range(102):
        document = {"Id": f"id-{number:03}"}
        s3.put_bucket_metrics_configuration(Bucket=name, Id=document["Id"], MetricsConfiguration=document)
    first = s3.list_bucket_metrics_configurations(Bucket=name)
    assert (first["IsTruncated"], len(first["MetricsConfigurationList"])) == (True, 100)
    token = first["NextContinuationToken"]
    second = s3.list_bucket_metrics_configurations(Bucket=name, ContinuationToken=token)
    assert (second["IsTruncated"], second["ContinuationToken"]) == (False, token)
    assert [each["Id"] for each in second["MetricsConfigurationList"]] == ["id-100", "id-101"]
    wrong = {"Bucket": name, "ContinuationToken": "!"}
    assert refused(s3.list_bucket_metrics_configurations, **wrong)[1]["Code"] == "InvalidArgument"
