"""Which version of an object is a request about?

Source: S3 User Guide, "Working with delete markers"; recordings s3/s3, test_object_lock_delete_markers.
"""

from typing import NamedTuple

from pileus.kernel.errors import ServiceError
from pileus.kernel.storage.seam import Snapshot
from pileus.services.s3.errors import InvalidArgument, NoSuchKey, NoSuchVersion
from pileus.services.s3.model import NULL_VERSION, BucketRecord, ObjectRecord
from pileus.services.s3.names import order_of
from pileus.services.s3.object_records import find_object, find_version, read_object


class DeleteMarkerMet(ServiceError):
    """Somebody asked for a delete marker by its id."""

    code = "MethodNotAllowed"
    status = 405

    def __init__(self, method: str) -> None:
        super().__init__(
            "The specified method is not allowed against this resource.",
            members={"Method": method, "ResourceType": "DeleteMarker"},
        )


class Asked(NamedTuple):
    """A version. current: whether it is what `find_object` finds, as `replace_version` wants to know."""

    record: ObjectRecord
    current: bool


async def asked_version(
    snapshot: Snapshot, bucket: BucketRecord, key: str, version_id: str | None, *, method: str
) -> Asked:
    """The version that a request is about. NoSuchKey, NoSuchVersion, DeleteMarkerMet.

    version_id: None means the current one. method: of HTTP, for the error.
    """
    if version_id is None:
        found = await read_object(snapshot, bucket, key)
        if found is None:
            raise NoSuchKey(key)
        return Asked(found, current=True)
    check_version_id(version_id)
    found = await find_version(snapshot, bucket, key, version_id)
    if found is None:
        raise NoSuchVersion(key, version_id)
    if found.delete_marker:
        raise DeleteMarkerMet(method)
    current = await find_object(snapshot, bucket, key)
    return Asked(found, current=current is not None and current.version_id == version_id)


def check_version_id(version_id: str) -> None:
    """InvalidArgument, of what no version can be called."""
    if version_id != NULL_VERSION and order_of(version_id) is None:
        raise InvalidArgument("Invalid version id specified", name="versionId", value=version_id)
