"""Which errors does S3 answer about uploads in parts, and nowhere else?

Texts: recordings s3/s3, test_multipart_no_such_upload, test_complete_multipart_parts_order,
test_multipart_complete_multipart_*, TestS3MultipartUploadChecksum; s3/s3_api, TestS3ObjectWritePrecondition.
"""

from pileus.kernel.errors import ServiceError
from pileus.services.s3.errors import InvalidArgument, InvalidRequest


class NoSuchUpload(ServiceError):
    """Never begun, of another key, or over."""

    code = "NoSuchUpload"
    status = 404

    def __init__(self, upload_id: str) -> None:
        super().__init__(
            "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or "
            "completed.",
            members={"UploadId": upload_id},
        )


class InvalidPart(ServiceError):
    """A part that is to be of the object is not there, or another one."""

    code = "InvalidPart"

    def __init__(self, *, upload_id: str, number: int, etag: str) -> None:
        super().__init__(
            "One or more of the specified parts could not be found.  The part may not have been uploaded, or the "
            "specified entity tag may not match the part's entity tag.",
            members={"UploadId": upload_id, "PartNumber": str(number), "ETag": etag},
        )


class InvalidPartOrder(ServiceError):
    """The numbers do not ascend."""

    code = "InvalidPartOrder"

    def __init__(self, upload_id: str) -> None:
        super().__init__(
            "The list of parts was not in ascending order. Parts must be ordered by part number.",
            members={"UploadId": upload_id},
        )


class PartTooSmall(ServiceError):
    """A part that is not the last is below 5 MiB."""

    code = "EntityTooSmall"

    def __init__(self, *, number: int, etag: str, size_bytes: int, size_bytes_min: int) -> None:
        super().__init__(
            "Your proposed upload is smaller than the minimum allowed size",
            members={
                "ProposedSize": str(size_bytes),
                "MinSizeAllowed": str(size_bytes_min),
                "PartNumber": str(number),
                "ETag": etag,
            },
        )


class ConditionalRequestConflict(ServiceError):
    """Somebody wrote or deleted the object since the upload began."""

    code = "ConditionalRequestConflict"
    status = 409

    def __init__(self, *, condition: str, key: str) -> None:
        super().__init__(
            "The conditional request cannot succeed due to a conflicting operation against this resource.",
            members={"Condition": condition, "Key": key},
        )


def bad_part_number(number: int) -> ServiceError:
    return InvalidArgument(
        "Part number must be an integer between 1 and 10000, inclusive", name="partNumber", value=number
    )


def wrong_algorithm(*, expected: str, actual: str) -> ServiceError:
    """expected: "" of an upload without one."""
    return InvalidRequest(
        f"Checksum Type mismatch occurred, expected checksum Type: {expected.lower() or 'null'}, "
        f"actual checksum Type: {actual.lower()}"
    )
