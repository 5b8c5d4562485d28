"""Which checksums go with an object, and what do those of its parts amount to?

The members that carry checksums have the same names in every request and answer.
Sources: S3 User Guide, "Checking object integrity in Amazon S3", "Full object and composite checksum types"; recording
s3/s3, TestS3MultipartUploadChecksum.
"""

from collections.abc import Sequence
from typing import Any, Final, Literal

from pileus.kernel.errors import NotImplementedByPileus
from pileus.kernel.wire.checksums import checksum as begun
from pileus.kernel.wire.checksums import read as read_digest
from pileus.kernel.wire.checksums import written
from pileus.services.s3.errors import InvalidRequest

Kind = Literal["FULL_OBJECT", "COMPOSITE"]

MEMBERS: Final = {
    "CRC32": "checksum_crc32",
    "CRC32C": "checksum_crc32_c",
    "CRC64NVME": "checksum_crc64_nvme",
    "SHA1": "checksum_sha1",
    "SHA256": "checksum_sha256",
}
"""By AWS's name of an algorithm: the attribute in requests and answers."""
DEFAULT: Final = "CRC64NVME"
"""What S3 computes where nobody chose (test_complete_multipart_parts_checksum_default)."""
_ABSENT: Final = {
    "SHA512": "checksum_sha512",
    "MD5": "checksum_md5",
    "XXHASH64": "checksum_xxhash64",
    "XXHASH3": "checksum_xxhash3",
    "XXHASH128": "checksum_xxhash128",
}
_KINDS: Final[dict[str, tuple[Kind, ...]]] = {
    "CRC32": ("COMPOSITE", "FULL_OBJECT"),
    "CRC32C": ("COMPOSITE", "FULL_OBJECT"),
    "CRC64NVME": ("FULL_OBJECT",),
    "SHA1": ("COMPOSITE",),
    "SHA256": ("COMPOSITE",),
}
"""Of the checksum of an upload in parts; the first is meant where none is named."""


def stated(request: object) -> tuple[str, str] | None:
    """The algorithm and the text of the checksum that a request, or a part in one, carries; of several the first."""
    for algorithm, member in MEMBERS.items():
        text = getattr(request, member)
        if text is not None:
            return algorithm, text
    for algorithm, member in _ABSENT.items():
        if getattr(request, member) is not None:
            raise NotImplementedByPileus(f"Pileus does not implement checksums by {algorithm} yet")
    return None


def told(algorithm: str, text: str) -> dict[str, Any]:
    """The member of an answer that tells a checksum; none for an empty text."""
    return {MEMBERS[algorithm]: text} if text else {}


def check_algorithm(algorithm: str | None) -> None:
    """Refuse those that S3 has and Pileus has not."""
    if algorithm is not None and algorithm not in MEMBERS:
        raise NotImplementedByPileus(f"Pileus does not implement checksums by {algorithm} yet")


def upload_kind(algorithm: str | None, kind: str | None) -> Kind | Literal[""]:
    """The type of an upload's checksum, from what its creation asked for; "" for an upload without one."""
    check_algorithm(algorithm)
    if algorithm is None:
        if kind is not None:
            raise InvalidRequest(
                "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header."
            )
        return ""
    if kind is None:
        return _KINDS[algorithm][0]
    if kind not in _KINDS[algorithm]:
        raise InvalidRequest(
            f"The {kind} checksum type cannot be used with the {algorithm.lower()} checksum algorithm."
        )
    return kind


def decoded(algorithm: str, text: str) -> bytes:
    """The digest behind a text of ours."""
    digest = read_digest(algorithm, text)
    assert digest is not None, "what is kept was checked"
    return digest


def composite(algorithm: str, parts: Sequence[bytes]) -> str:
    """The checksum of the parts' checksums, and how many there are."""
    whole = begun(algorithm)
    whole.update(b"".join(parts))
    return f"{written(whole.digest())}-{len(parts)}"
