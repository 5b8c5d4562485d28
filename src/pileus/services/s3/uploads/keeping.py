"""How does the body of a part become a file, and what is it then?

A part is always a blob, however small: an object's layout consists of nothing else. Its MD5 and its checksums are
calculated beside the loop, by the blob's writer; what the client sent is verified when the body ends, and nothing is
kept of a body that is not as sent.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from hashlib import md5

from pileus.kernel.blobs.segments import NoSpace, Segment
from pileus.kernel.wire import checksums
from pileus.kernel.wire.receiving import ReceivedBody
from pileus.services.s3 import checksumming
from pileus.services.s3.bodies import Bodies, no_space
from pileus.services.s3.model import ObjectRecord, UploadRecord
from pileus.services.s3.uploads.errors import wrong_algorithm
from pileus.services.s3.writing import etag_of


@dataclass(frozen=True, slots=True)
class KeptPart:
    """A part that is kept, and of nobody yet.

    checksum: base64, by the upload's algorithm or the default one; "" for none. told: the algorithm and the checksum
    that the answer tells, if any.
    """

    segment: Segment
    etag: str
    checksum: str
    told: tuple[str, str] | None


def check_stated(upload: UploadRecord, algorithm: str) -> None:
    """A client that sums up a part does it as the upload does, if that has an algorithm."""
    if algorithm and upload.checksum_algorithm and algorithm != upload.checksum_algorithm:
        raise wrong_algorithm(expected=upload.checksum_algorithm, actual=algorithm)


async def keep_part(
    bodies: Bodies,
    upload: UploadRecord,
    body: bytes | ReceivedBody | AsyncIterator[bytes],
    *,
    key: bytes | None,
    stated: tuple[str, str] | None = None,
) -> KeptPart:
    """Write a part. stated: the checksum that came with it, verified; of a `ReceivedBody` it is known.

    Raises what the body raises; then nothing is left.
    """
    received = body if isinstance(body, ReceivedBody) else None
    sent = received.verification.algorithm if received is not None else stated[0] if stated else ""
    check_stated(upload, sent)
    customer = upload.encryption is not None and upload.encryption.customer_key_md5 != ""
    # S3 keeps no checksum of its own of what is under a customer's key (recording test_multipart_upload_sse_c).
    algorithm = upload.checksum_algorithm or ("" if customer else checksumming.DEFAULT)
    ours = None
    if algorithm and algorithm != sent and (algorithm != checksumming.DEFAULT or key is not None):
        ours = checksums.checksum(algorithm)
    taken = () if received is None else received.take_digests()
    sent_md5 = next((each for each in taken if getattr(each, "name", "") == "md5"), None)
    digest = md5(usedforsecurity=False) if sent_md5 is None else sent_md5
    digests = [digest, *(each for each in (ours, *taken) if each is not None and each is not digest)]
    writer = await bodies.blobs.writer(key=key, digests=digests)
    try:
        if isinstance(body, bytes):
            await writer.write(body)
        else:
            async for piece in body:
                await writer.write(piece)
        segment = await writer.close(check=None if received is None else received.verify)
    except NoSpace:
        raise no_space() from None
    finally:
        writer.discard()
    if received is not None and sent:
        stated = sent, received.verification.calculated
    if ours is not None:
        checksum = checksums.written(ours.digest())
    elif stated is not None and sent == algorithm:
        checksum = stated[1]
    else:
        checksum = checksums.written(segment.crc64nvme) if algorithm else ""
    told = (algorithm, checksum) if upload.checksum_algorithm else stated
    return KeptPart(segment, etag_of(digest.digest(), upload.encryption, key), checksum, told)


async def clone_part(bodies: Bodies, upload: UploadRecord, record: ObjectRecord) -> KeptPart | None:
    """Make all of a plain object a plain part without reading it; None where something of it has to be calculated.

    Raises `BlobMissing`.
    """
    segment = record.segment
    if segment is None or segment.cipher or record.parts_count or "-" in record.etag:
        return None
    algorithm, summed = upload.checksum_algorithm or checksumming.DEFAULT, record.checksum
    if algorithm == checksumming.DEFAULT:
        checksum = checksums.written(segment.crc64nvme)
    elif summed is not None and (summed.algorithm, summed.kind) == (algorithm, "FULL_OBJECT"):
        checksum = summed.value
    else:
        return None
    told = (algorithm, checksum) if upload.checksum_algorithm else None
    return KeptPart(await bodies.clone(segment), record.etag, checksum, told)
