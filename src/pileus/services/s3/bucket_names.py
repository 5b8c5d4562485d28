"""May a bucket be called so, and may it be made there?

Sources: S3 User Guide, "General purpose bucket naming rules"; API_CreateBucket, "LocationConstraint"; recordings s3/s3,
test_s3_uppercase_bucket_name, test_different_location_constraint, test_create_bucket_with_invalid_location_constraint.
"""

import re
from typing import Final

from pileus.services.s3.access_points import names_access_point
from pileus.services.s3.bucket_errors import (
    IllegalLocationConstraintException,
    InvalidBucketName,
    InvalidLocationConstraint,
    NamedArgument,
    WrongRegion,
)

FIRST_REGION: Final = "us-east-1"
"""Whose address is everybody's, and which is not named as a location."""
_GLOBAL: Final = "aws-global"
"""Of SDKs' own tables; nothing is signed for it (recording s3/s3, test_create_bucket_aws_global)."""
EUROPE: Final = "EU"
"""An older name of eu-west-1, with which GetBucketLocation answers where it was asked for."""

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
_ADDRESS: Final = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}", re.ASCII)
_RESERVED_PREFIXES: Final = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_SUFFIXES: Final = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")

_LOCATIONS: Final = """
af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2 ap-southeast-1
ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 ca-central-1 ca-west-1
cn-north-1 cn-northwest-1 eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3
il-central-1 me-central-1 me-south-1 mx-central-1 sa-east-1 us-east-2 us-gov-east-1 us-gov-west-1 us-west-1
us-west-2
"""
REGIONS: Final = frozenset(_LOCATIONS.split())
"""What a location constraint may be. Source: API_CreateBucketConfiguration."""


def check_name(name: str) -> None:
    """Or InvalidBucketName."""
    if (
        not _NAME.fullmatch(name)
        or ".." in name
        or _ADDRESS.fullmatch(name)
        or name.startswith(_RESERVED_PREFIXES)
        or name.endswith(_RESERVED_SUFFIXES)
        or names_access_point(name)  # or it would stand before the point, and get what is meant for it
    ):
        raise InvalidBucketName(name)


def check_region(asked: str | None) -> None:
    """Of ListBuckets (recording s3/s3_list_operations, test_list_buckets_region_validation)."""
    if asked is not None and asked != FIRST_REGION and asked not in REGIONS:
        raise NamedArgument(f"Argument value {asked} is not a valid AWS Region", name="bucket-region")


def region_for(constraint: str | None, *, asked_in: str) -> str:
    """Where a bucket is made. constraint: of the request; asked_in: the region that it was signed for.

    The first region's address is the global one, so it makes buckets anywhere; every other only its own.
    """
    if asked_in == _GLOBAL:
        raise WrongRegion(region=asked_in, expected=FIRST_REGION)
    if asked_in != FIRST_REGION:
        region = _meant(constraint or "unspecified")
        if region != asked_in:
            raise IllegalLocationConstraintException(constraint or "unspecified")
        return region
    if not constraint:
        return FIRST_REGION
    region = _meant(constraint)
    if region not in REGIONS:
        raise InvalidLocationConstraint(constraint)
    return region


def _meant(constraint: str) -> str:
    return "eu-west-1" if constraint == EUROPE else constraint
