"""S3 Control: what is the account's own in S3."""

from typing import Final

from pileus.services.s3.control.operations import AccessPointOperations, AccountOperations
from pileus.services.s3.control.tagging import TagOperations


class S3ControlApi(AccessPointOperations, AccountOperations, TagOperations):
    """Every operation, each in the module of what it is about."""


PARTIAL: Final[dict[str, str]] = {
    "CreateAccessPoint": "without scopes",
    "TagResource": "buckets and access points",
}
"""What docs/coverage.md says of operations that work in part; what is missing answers `NotImplemented`."""
