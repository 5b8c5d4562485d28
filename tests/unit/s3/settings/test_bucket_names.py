"""A bucket's name is in host names and ARNs, so what may be one is AWS's to say, case by case."""

import pytest

from pileus.services.s3.bucket_errors import (
    IllegalLocationConstraintException,
    InvalidBucketName,
    InvalidLocationConstraint,
    WrongRegion,
)
from pileus.services.s3.bucket_names import check_name, region_for


@pytest.mark.parametrize(
    "name",
    [
        "abc",
        "a" * 63,
        "my-bucket.example.com",
        "1.2.3.4.5",
        "a.b",
        "a-.b",  # only two dots side by side are refused
        "256bucket",
        "xn-a",
        "my-s3alias-bucket",
    ],
)
def test_names_that_are_taken(name: str) -> None:
    """The rules of names leave room for dots, digits and both lengths at the edge."""
    check_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "ab",
        "a" * 64,
        "Abc",
        "a_b",
        "-abc",
        "abc-",
        ".abc",
        "abc.",
        "a..b",
        "a b",
        "abc\n",
        "192.168.5.4",
        "999.1.1.1",
        "xn--abc",
        "sthree-abc",
        "amzn-s3-demo-bucket",
        "abc-s3alias",
        "abc--ol-s3",
        "abc.mrap",
        "abc--x-s3",
        "abc--table-s3",
        "b\u00fccher",
    ],
)
def test_names_that_are_refused(name: str) -> None:
    """S3 User Guide, "General purpose bucket naming rules": each rule has a name that breaks it."""
    with pytest.raises(InvalidBucketName):
        check_name(name)


@pytest.mark.parametrize(
    ("constraint", "asked_in", "region"),
    [
        (None, "us-east-1", "us-east-1"),
        ("", "us-east-1", "us-east-1"),
        ("eu-west-1", "us-east-1", "eu-west-1"),
        ("EU", "us-east-1", "eu-west-1"),
        ("EU", "eu-west-1", "eu-west-1"),
        ("us-west-2", "us-west-2", "us-west-2"),
    ],
)
def test_where_a_bucket_is_made(constraint: str | None, asked_in: str, region: str) -> None:
    """The first region's address makes buckets anywhere, every other only its own."""
    assert region_for(constraint, asked_in=asked_in) == region


@pytest.mark.parametrize(
    ("constraint", "asked_in", "told"),
    [
        (None, "us-west-2", "unspecified"),
        ("us-east-1", "us-west-2", "us-east-1"),
        ("EU", "us-west-2", "EU"),
        ("nowhere", "us-west-2", "nowhere"),
    ],
)
def test_constraints_of_another_address(constraint: str | None, asked_in: str, told: str) -> None:
    """A region's address makes buckets in that region only, and says so."""
    with pytest.raises(IllegalLocationConstraintException) as refused:
        region_for(constraint, asked_in=asked_in)
    assert refused.value.message.startswith(f"The {told} location constraint is incompatible")


@pytest.mark.parametrize("constraint", ["us-east-1", "nowhere", "eu"])
def test_constraints_that_are_no_location(constraint: str) -> None:
    """us-east-1 is named by naming none; what is no region is refused."""
    with pytest.raises(InvalidLocationConstraint):
        region_for(constraint, asked_in="us-east-1")


def test_a_region_that_nothing_is_signed_for() -> None:
    """Recording s3/s3, test_create_bucket_aws_global."""
    with pytest.raises(WrongRegion) as refused:
        region_for(None, asked_in="aws-global")
    assert refused.value.members == {"Region": "us-east-1"}
