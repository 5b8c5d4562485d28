"""S3: buckets, and the objects in them."""

from typing import Final

from pileus.services.s3.operations.acls import AclOperations
from pileus.services.s3.operations.buckets import BucketOperations
from pileus.services.s3.operations.deletes import DeleteOperations
from pileus.services.s3.operations.lists import ListOperations
from pileus.services.s3.operations.locks import LockOperations
from pileus.services.s3.operations.objects import ObjectOperations


class S3Api(
    AclOperations,
    BucketOperations,
    LockOperations,
    DeleteOperations,
    ListOperations,
    ObjectOperations,
):
    """Every operation, each in the module of what it is about."""


PARTIAL: Final[dict[str, str]] = {}
"""What docs/coverage.md says of operations that work in part; what is missing answers `NotImplemented`."""
