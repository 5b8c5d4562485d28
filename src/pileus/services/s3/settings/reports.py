"""Which inventories, analyses, metrics and archive tiers may be configured of a bucket?

Sources: API_PutBucketInventoryConfiguration, API_PutBucketAnalyticsConfiguration, API_PutBucketMetricsConfiguration,
API_PutBucketIntelligentTieringConfiguration, each with its "Errors"; recordings s3/s3,
test_s3_put_inventory_report_exceptions, test_s3_analytics_configurations, test_s3_intelligent_tier_config.
"""

import re
from typing import Final, Protocol

import msgspec

from pileus.services.s3.bucket_errors import IdMismatch, InvalidS3DestinationBucket
from pileus.services.s3.errors import InvalidArgument, MalformedXML
from pileus.services.s3.shapes import (
    AnalyticsConfiguration,
    IntelligentTieringConfiguration,
    InventoryConfiguration,
    MetricsConfiguration,
)

CONFIGURATIONS_MAX: Final = 1_000
"""Of each kind, per bucket."""
_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_ARN: Final = re.compile(r"arn:[a-z-]+:s3:::[A-Za-z0-9._-]+")
_DAYS_MIN: Final = {"ARCHIVE_ACCESS": 90, "DEEP_ARCHIVE_ACCESS": 180}
_DAYS_MAX: Final = 730
"""Source: API_Tiering, "Days"."""


_BY_SCHEMA: Final = (AnalyticsConfiguration, IntelligentTieringConfiguration)


class Named(Protocol):
    """A configuration with an id."""

    @property
    def id(self) -> str: ...


def check_id(asked: str, configuration: Named) -> None:
    """IdMismatch, InvalidArgument; of analyses and tiers MalformedXML, as recorded."""
    if asked != configuration.id:
        raise MalformedXML if isinstance(configuration, _BY_SCHEMA) else IdMismatch
    if not _ID.fullmatch(asked):
        raise InvalidArgument("The configuration ID is not valid", name="id", value=asked)


def check_inventory(asked: InventoryConfiguration) -> None:
    """Or InvalidS3DestinationBucket."""
    if not _ARN.fullmatch(asked.destination.s3_bucket_destination.bucket):
        raise InvalidS3DestinationBucket


def check_analytics(asked: AnalyticsConfiguration) -> None:
    """Or MalformedXML, InvalidS3DestinationBucket."""
    _check_filter(asked.filter)
    export = asked.storage_class_analysis.data_export
    if export is not None and not _ARN.fullmatch(export.destination.s3_bucket_destination.bucket):
        raise InvalidS3DestinationBucket


def check_metrics(asked: MetricsConfiguration) -> None:
    """Or MalformedXML."""
    _check_filter(asked.filter)


def check_tiering(asked: IntelligentTieringConfiguration) -> None:
    """Or MalformedXML, InvalidArgument."""
    _check_filter(asked.filter)
    tiers = [tiering.access_tier for tiering in asked.tierings]
    if not tiers or len(set(tiers)) != len(tiers):
        raise MalformedXML
    for tiering in asked.tierings:
        if not _DAYS_MIN[tiering.access_tier] <= tiering.days <= _DAYS_MAX:
            raise InvalidArgument("Invalid Argument", name="Days", value=tiering.days)


def _check_filter(asked: msgspec.Struct | None) -> None:
    """One predicate; several are within `And`."""
    if asked is not None and sum(value is not None for value in msgspec.structs.astuple(asked)) != 1:
        raise MalformedXML
