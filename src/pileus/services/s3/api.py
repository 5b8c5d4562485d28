"""S3: buckets, and the objects in them."""

from typing import Final

from pileus.services.s3.operations.acls import AclOperations
from pileus.services.s3.operations.attributes import AttributeOperations
from pileus.services.s3.operations.bucket_tags import BucketTagOperations
from pileus.services.s3.operations.buckets import BucketOperations
from pileus.services.s3.operations.copies import CopyOperations
from pileus.services.s3.operations.deletes import DeleteOperations
from pileus.services.s3.operations.guarding import GuardingOperations
from pileus.services.s3.operations.lifecycles import LifecycleOperations
from pileus.services.s3.operations.lists import ListOperations
from pileus.services.s3.operations.locks import LockOperations
from pileus.services.s3.operations.loggings import LoggingOperations
from pileus.services.s3.operations.notifications import NotificationOperations
from pileus.services.s3.operations.object_tags import ObjectTagOperations
from pileus.services.s3.operations.objects import ObjectOperations
from pileus.services.s3.operations.parts import PartOperations
from pileus.services.s3.operations.protection import ProtectionOperations
from pileus.services.s3.operations.replications import ReplicationOperations
from pileus.services.s3.operations.reports import ReportOperations
from pileus.services.s3.operations.restores import RestoreOperations
from pileus.services.s3.operations.selects import SelectOperations
from pileus.services.s3.operations.serving import ServingOperations
from pileus.services.s3.operations.upload_lists import UploadListOperations
from pileus.services.s3.operations.uploads import UploadOperations
from pileus.services.s3.replication.copying import Replicating, RolePermissions


class S3Api(
    RestoreOperations,
    ObjectTagOperations,
    CopyOperations,
    AttributeOperations,
    AclOperations,
    BucketOperations,
    BucketTagOperations,
    DeleteOperations,
    GuardingOperations,
    LifecycleOperations,
    ListOperations,
    LockOperations,
    LoggingOperations,
    NotificationOperations,
    ObjectOperations,
    PartOperations,
    ProtectionOperations,
    ReplicationOperations,
    ReportOperations,
    SelectOperations,
    ServingOperations,
    UploadListOperations,
    UploadOperations,
):
    """Every operation, each in the module of what it is about."""

    def replicating(self, roles: RolePermissions | None) -> Replicating:
        """Who copies versions to other buckets. roles: see there."""
        return Replicating(
            store=self._store, clock=self._clock, ids=self._ids, bodies=self._bodies, keys=self._keys, roles=roles
        )


PARTIAL: Final[dict[str, str]] = {
    "PutBucketAbac": "`Disabled`, which it is; it cannot be enabled",
    "PutBucketAccelerateConfiguration": "kept and told; there is no faster way to one machine",
    "PutBucketAnalyticsConfiguration": "kept and told; nothing is analysed or exported",
    "PutBucketIntelligentTieringConfiguration": "kept and told; objects stay in the tier they are in",
    "PutBucketMetricsConfiguration": "kept and told; no request metrics are written",
}
"""What docs/coverage.md says of operations that work in part; what is missing answers `NotImplemented`."""
