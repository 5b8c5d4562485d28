"""What becomes of the parts that a client names?

An `Assembly` takes them one by one, so that whoever has ten thousand may let others run in between. AWS refuses the
first part that is wrong; sizes and the whole object's checksum come after all parts.
Source: recordings s3/s3, test_multipart_complete_multipart_*, TestS3MultipartUploadChecksum.
"""

from collections.abc import Sequence
from hashlib import md5

import msgspec

from pileus.kernel.errors import AnyServiceError
from pileus.kernel.wire.checksums import checksum as begun
from pileus.kernel.wire.checksums import combined, written
from pileus.services.s3 import checksumming
from pileus.services.s3.errors import InvalidRequest, MalformedXML
from pileus.services.s3.model import Checksum, LaidPart, PartRecord, UploadRecord
from pileus.services.s3.object_errors import EntityTooLarge
from pileus.services.s3.shapes import CompletedPart, CompleteMultipartUploadRequest
from pileus.services.s3.uploads.errors import (
    InvalidPart,
    InvalidPartOrder,
    PartTooSmall,
    wrong_algorithm,
)
from pileus.services.s3.uploads.limits import OBJECT_BYTES_MAX, PART_BYTES_MIN


class Assembled(msgspec.Struct, frozen=True, kw_only=True):
    """What an object is made of. etag: without quotes. checksum: None where AWS keeps none."""

    parts: Sequence[LaidPart]
    size_bytes: int
    etag: str
    checksum: Checksum | None


def asked_parts(request: CompleteMultipartUploadRequest, upload_id: str) -> Sequence[tuple[int, str, CompletedPart]]:
    """The numbers, bare ETags and all else of the parts that a request names; InvalidPartOrder, MalformedXML."""
    if request.multipart_upload is None:
        raise InvalidRequest("You must specify at least one part")
    asked: list[tuple[int, str, CompletedPart]] = []
    before = None
    for part in request.multipart_upload.parts or ():
        number = part.part_number
        if number is None or part.e_tag is None:
            raise MalformedXML
        if before is not None and number <= before:
            raise InvalidPartOrder(upload_id)
        before = number
        asked.append((number, part.e_tag.strip('"'), part))
    if not asked:
        raise MalformedXML
    return asked


class Assembly:
    """An object that grows by its parts. Every method raises `ServiceError`."""

    def __init__(self, upload: UploadRecord, upload_id: str) -> None:
        self._upload = upload
        self._upload_id = upload_id
        self._algorithm = upload.checksum_algorithm
        self._composite = upload.checksum_kind == "COMPOSITE"
        self._laid: list[LaidPart] = []
        self._md5 = md5(usedforsecurity=False)
        self._digests: list[bytes] = []
        self._whole = begun(self._algorithm or checksumming.DEFAULT).digest()
        self._summed = True
        self._alone: str | None = None
        self._size_bytes = 0
        self._small: PartTooSmall | None = None
        self._last: PartTooSmall | None = None

    def add(self, number: int, etag: str, asked: CompletedPart, part: PartRecord | None) -> None:
        """The next part. part: what was uploaded under that number."""
        if part is None or part.etag != etag:
            raise InvalidPart(upload_id=self._upload_id, number=number, etag=etag)
        self._check(number, asked, part)
        self._note_size(number, part)
        self._md5.update(bytes.fromhex(part.etag))
        self._sum(part)
        self._alone = part.checksum if self._algorithm and not self._laid else None
        self._laid.append(
            LaidPart(number=number, segment=part.segment, checksum=part.checksum if self._composite else "")
        )

    def finish(self, request: CompleteMultipartUploadRequest) -> Assembled:
        """All parts are added."""
        if self._small is not None:
            raise self._small
        if self._size_bytes > OBJECT_BYTES_MAX:
            raise EntityTooLarge(self._size_bytes, allowed_bytes=OBJECT_BYTES_MAX)
        if request.mpu_object_size is not None and request.mpu_object_size != self._size_bytes:
            raise InvalidRequest(
                f"The provided 'x-amz-mp-object-size' header value {request.mpu_object_size} does not match what was "
                f"computed: {self._size_bytes}"
            )
        checksum = self._checksum()
        self._check_whole(request, checksum)
        if self._alone is not None:
            # Of a single part the whole's checksum is the part's too (test_get_object_part_checksum).
            self._laid = [msgspec.structs.replace(self._laid[0], checksum=self._alone)]
        return Assembled(
            parts=self._laid,
            size_bytes=self._size_bytes,
            etag=f"{self._md5.hexdigest()}-{len(self._laid)}",
            checksum=checksum,
        )

    def _check(self, number: int, asked: CompletedPart, part: PartRecord) -> None:
        stated = checksumming.stated(asked)
        if stated is None:
            if self._composite:
                raise InvalidRequest(
                    f"The upload was created using a {self._algorithm.lower()} checksum. The complete request must "
                    f"include the checksum for each part. It was missing for part {number} in the request."
                )
            return
        algorithm, text = stated
        if self._algorithm and algorithm != self._algorithm:
            raise AnyServiceError(
                "BadDigest",
                f"The {algorithm.lower()} you specified for part {number} did not match what we received.",
            )
        if not self._algorithm or text != part.checksum:
            raise InvalidPart(upload_id=self._upload_id, number=number, etag=part.etag)

    def _note_size(self, number: int, part: PartRecord) -> None:
        """All but the last have a least size, so what is too small is known when another one follows."""
        self._small = self._small or self._last
        self._size_bytes += part.size_bytes
        self._last = None
        if part.size_bytes < PART_BYTES_MIN:
            self._last = PartTooSmall(
                number=number, etag=part.etag, size_bytes=part.size_bytes, size_bytes_min=PART_BYTES_MIN
            )

    def _sum(self, part: PartRecord) -> None:
        if not part.checksum:
            self._summed = False
            return
        algorithm = self._algorithm or checksumming.DEFAULT
        digest = checksumming.decoded(algorithm, part.checksum)
        if self._composite:
            self._digests.append(digest)
        else:
            self._whole = combined(algorithm, self._whole, digest, second_size_bytes=part.size_bytes)

    def _checksum(self) -> Checksum | None:
        if not self._summed:
            return None
        if self._composite:
            text = checksumming.composite(self._algorithm, self._digests)
            return Checksum(algorithm=self._algorithm, value=text, kind="COMPOSITE")
        return Checksum(algorithm=self._algorithm or checksumming.DEFAULT, value=written(self._whole))

    def _check_whole(self, request: CompleteMultipartUploadRequest, checksum: Checksum | None) -> None:
        """Is the checksum that the request states of the object the object's?"""
        stated = checksumming.stated(request)
        if stated is None:
            return
        if checksum is None or (not self._algorithm and stated[0] != checksum.algorithm):
            raise wrong_algorithm(expected=self._algorithm, actual=stated[0])
        value = checksum.value
        right = {value, value.partition("-")[0]} if checksum.kind == "COMPOSITE" else {value}
        if stated[0] != checksum.algorithm or stated[1] not in right:
            raise AnyServiceError(
                "BadDigest", f"The {checksum.algorithm.lower()} you specified did not match the calculated checksum."
            )


def check_kind(upload: UploadRecord, kind: str | None) -> None:
    """The type that completing names must be that of the creation."""
    if kind is not None and kind != upload.checksum_kind:
        raise InvalidRequest(
            f"The upload was created using the {upload.checksum_kind or 'null'} checksum mode. The complete request "
            "must use the same checksum mode."
        )
