"""S3: buckets, and the objects in them."""

from typing import Final

from pileus.services.s3.operations.acls import AclOperations
from pileus.services.s3.operations.buckets import BucketOperations
from pileus.services.s3.operations.locks import LockOperations


class S3Api(
    AclOperations,
    BucketOperations,
    LockOperations,
):
    """Every operation, each in the module of what it is about."""


PARTIAL: Final[dict[str, str]] = {}
"""What docs/coverage.md says of operations that work in part; what is missing answers `NotImplemented`."""
