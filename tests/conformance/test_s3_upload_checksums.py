"""Checksums of uploads in parts. Recordings: s3/s3, TestS3MultipartUploadChecksum, by the letter."""

import base64
import zlib
from hashlib import sha1, sha256
from typing import Any

import pytest
from botocore.config import Config

from pileus.kernel.wire.checksums import checksum, written
from tests.conformance.test_s3_uploads import KEY, NOT_FOUND, begin, bucket, finish, put, refused, s3, told
from tests.conftest import Server

__all__ = ["bucket", "s3"]

PARTS = (b"a" * (5 * 1024 * 1024 + 1), b"a" * (5 * 1024 * 1024 + 1), b"a" * 10)
OF_PARTS = {
    "CRC32": ("NRU+Sw==", "NRU+Sw==", "TBHN8A=="),
    "SHA256": (
        "DjU70AB1bON8k0n0fVHv2PJQVWcA/jWsITp6ti20Tbs=",
        "DjU70AB1bON8k0n0fVHv2PJQVWcA/jWsITp6ti20Tbs=",
        "vyy1imj2hNlaO3jvj2Ycmk5bCegsyPnMiMzpBSjK6yc=",
    ),
    "CRC64NVME": ("Kg7TOs6algM=", "Kg7TOs6algM=", "DBqAA21lxVU="),
}
"""test_complete_multipart_parts_checksum_composite, test_complete_multipart_parts_checksum_full_object."""


@pytest.fixture
def bare(aws: Server) -> Any:
    """A client that sums up nothing by itself; boto3 has not all algorithms without the C runtime."""
    return aws.client("s3", config=Config(request_checksum_calculation="when_required"))


def of(algorithm: str, body: bytes) -> dict[str, str]:
    """The argument that tells the checksum of a body."""
    summed = checksum(algorithm)
    summed.update(body)
    return {f"Checksum{algorithm}": written(summed.digest())}


def summed(s3: Any, bucket: str, upload_id: str, algorithm: str) -> list[dict[str, Any]]:
    """Upload the parts; gives them with their checksums, as completing takes them."""
    parts = []
    for number, body in enumerate(PARTS, 1):
        answer = s3.upload_part(
            Bucket=bucket, Key=KEY, UploadId=upload_id, PartNumber=number, Body=body, **of(algorithm, body)
        )
        name = f"Checksum{algorithm}"
        parts.append({"PartNumber": number, "ETag": answer["ETag"], name: answer[name]})
    return parts


@pytest.mark.parametrize(
    ("algorithm", "whole"),
    [
        ("CRC32", "5FRUiw==-3"),
        ("SHA256", "9o++y6AejqboiJ7MZCx0fahK2Vu5YC/qnNhhYsCLciI=-3"),
        ("CRC32C", None),
        ("SHA1", None),
    ],
)
def test_composite(s3: Any, bucket: str, algorithm: str, whole: str | None) -> None:
    """test_complete_multipart_parts_checksum_composite: each part's checksum is wanted, and right."""
    name = f"Checksum{algorithm}"
    created = s3.create_multipart_upload(Bucket=bucket, Key=KEY, ChecksumAlgorithm=algorithm)
    upload_id = created["UploadId"]
    assert (created["ChecksumAlgorithm"], created["ChecksumType"]) == (algorithm, "COMPOSITE")
    parts = summed(s3, bucket, upload_id, algorithm)
    if algorithm in OF_PARTS:
        assert tuple(part[name] for part in parts) == OF_PARTS[algorithm]
    listed = s3.list_parts(Bucket=bucket, Key=KEY, UploadId=upload_id)
    assert (listed["ChecksumAlgorithm"], listed["ChecksumType"]) == (algorithm, "COMPOSITE")
    assert [part[name] for part in listed["Parts"]] == [part[name] for part in parts]
    wrong = [{**part, name: parts[2][name]} for part in parts]
    assert refused(finish, s3=s3, bucket=bucket, upload_id=upload_id, parts=wrong) == {
        "Code": "InvalidPart",
        "ETag": parts[0]["ETag"].strip('"'),
        "Message": NOT_FOUND,
        "PartNumber": "1",
        "UploadId": upload_id,
        "Status": 400,
    }
    bare = [{"PartNumber": part["PartNumber"], "ETag": part["ETag"]} for part in parts]
    assert refused(finish, s3=s3, bucket=bucket, upload_id=upload_id, parts=bare)["Message"] == (
        f"The upload was created using a {algorithm.lower()} checksum. The complete request must include the checksum "
        "for each part. It was missing for part 1 in the request."
    )
    done = finish(s3, bucket, upload_id, parts)
    assert (done["ChecksumType"], done["ETag"]) == ("COMPOSITE", '"4d45984fc3feb2ac9b22683c49674b56-3"')
    assert whole is None or done[name] == whole
    head = s3.head_object(Bucket=bucket, Key=KEY, ChecksumMode="ENABLED")
    assert (head[name], head["ChecksumType"]) == (done[name], "COMPOSITE")
    part = s3.get_object(Bucket=bucket, Key=KEY, PartNumber=3, ChecksumMode="ENABLED")
    assert (part[name], part["PartsCount"], part["Body"].read()) == (parts[2][name], 3, PARTS[2])


@pytest.mark.parametrize(("algorithm", "whole"), [("CRC64NVME", "ZMNX55lZurA="), ("CRC32", None), ("CRC32C", None)])
def test_full_object(s3: Any, bucket: str, algorithm: str, whole: str | None) -> None:
    """test_complete_multipart_parts_checksum_full_object: from the parts' checksums, that of the bytes together."""
    name = f"Checksum{algorithm}"
    upload_id = begin(s3, bucket, ChecksumAlgorithm=algorithm, ChecksumType="FULL_OBJECT")
    parts = summed(s3, bucket, upload_id, algorithm)
    wrong = [{**part, name: parts[2][name]} for part in parts]
    assert refused(finish, s3=s3, bucket=bucket, upload_id=upload_id, parts=wrong)["Code"] == "InvalidPart"
    bare = [{"PartNumber": part["PartNumber"], "ETag": part["ETag"]} for part in parts]
    if algorithm == "CRC32":
        whole = base64.b64encode(zlib.crc32(b"".join(PARTS)).to_bytes(4)).decode()
    done = finish(s3, bucket, upload_id, bare, **({name: whole} if whole else {}))
    assert whole is None or done[name] == whole
    assert done["ChecksumType"] == "FULL_OBJECT"
    one = s3.put_object(Bucket=bucket, Key="one", Body=b"".join(PARTS), **of(algorithm, b"".join(PARTS)))
    assert one[name] == done[name]
    part = s3.get_object(Bucket=bucket, Key=KEY, PartNumber=3, ChecksumMode="ENABLED")
    assert (name in part, part["PartsCount"]) == (False, 3)


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "SHA1", "SHA256", "CRC64NVME"])
def test_types_and_algorithms(s3: Any, bucket: str, algorithm: str) -> None:
    """test_multipart_checksum_type_compatibility, test_multipart_checksum_type_default_for_checksum."""
    allowed = {"CRC64NVME": ["FULL_OBJECT"], "SHA1": ["COMPOSITE"], "SHA256": ["COMPOSITE"]}.get(
        algorithm, ["COMPOSITE", "FULL_OBJECT"]
    )
    create: dict[str, Any] = {"Bucket": bucket, "Key": KEY, "ChecksumAlgorithm": algorithm}
    assert s3.create_multipart_upload(**create)["ChecksumType"] == allowed[0]
    for kind in ("COMPOSITE", "FULL_OBJECT"):
        if kind in allowed:
            assert s3.create_multipart_upload(**create, ChecksumType=kind)["ChecksumType"] == kind
            continue
        assert refused(s3.create_multipart_upload, **create, ChecksumType=kind) == {
            "Code": "InvalidRequest",
            "Message": f"The {kind} checksum type cannot be used with the {algorithm.lower()} checksum algorithm.",
            "Status": 400,
        }


def test_what_no_composite_upload_takes(s3: Any, bucket: str) -> None:
    """test_multipart_parts_checksum_exceptions_composite."""
    create: dict[str, Any] = {"Bucket": bucket, "Key": KEY}
    assert refused(s3.create_multipart_upload, **create, ChecksumAlgorithm="TEST")["Message"] == (
        "Checksum algorithm provided is unsupported. Please try again with any of the valid types: "
        "[CRC32, CRC32C, CRC64NVME, SHA1, SHA256]"
    )
    assert refused(s3.create_multipart_upload, **create, ChecksumType="COMPOSITE")["Message"] == (
        "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header."
    )
    upload_id = begin(s3, bucket, ChecksumAlgorithm="CRC32")
    listed = s3.list_multipart_uploads(Bucket=bucket)["Uploads"][0]
    assert (listed["ChecksumAlgorithm"], listed["ChecksumType"]) == ("CRC32", "COMPOSITE")
    answer = s3.upload_part(Bucket=bucket, Key=KEY, UploadId=upload_id, PartNumber=1, Body=b"abc")
    assert told(answer) == {
        "ChecksumCRC32": "NSRBwg==",
        "ETag": '"900150983cd24fb0d6963f7d28e17f72"',
        "ServerSideEncryption": "AES256",
    }
    part = {"PartNumber": 1, "ETag": answer["ETag"]}
    foreign = {**part, "ChecksumSHA256": base64.b64encode(sha256(b"abc").digest()).decode()}
    error = refused(finish, s3=s3, bucket=bucket, upload_id=upload_id, parts=[foreign])
    assert (error["Code"], error["Message"]) == (
        "BadDigest",
        "The sha256 you specified for part 1 did not match what we received.",
    )
    error = refused(finish, s3=s3, bucket=bucket, upload_id=upload_id, parts=[part], ChecksumType="FULL_OBJECT")
    assert (error["Code"], error["Message"]) == (
        "InvalidRequest",
        "The upload was created using the COMPOSITE checksum mode. The complete request must use the same checksum "
        "mode.",
    )
    upload_id = begin(s3, bucket, ChecksumAlgorithm="SHA256")
    upload = {"Bucket": bucket, "Key": KEY, "UploadId": upload_id}
    error = refused(s3.upload_part, **upload, PartNumber=1, Body=b"abc", ChecksumAlgorithm="CRC32")
    assert (error["Code"], error["Message"]) == (
        "InvalidRequest",
        "Checksum Type mismatch occurred, expected checksum Type: sha256, actual checksum Type: crc32",
    )


def test_what_no_upload_of_full_objects_takes(s3: Any, bare: Any, bucket: str) -> None:
    """test_multipart_parts_checksum_exceptions_full_object."""
    upload_id = begin(s3, bucket, ChecksumAlgorithm="CRC32C", ChecksumType="FULL_OBJECT")
    answer = bare.upload_part(Bucket=bucket, Key=KEY, UploadId=upload_id, PartNumber=1, Body=b"abc")
    assert answer["ChecksumCRC32C"] == "Nks/tw=="
    asked: dict[str, Any] = {
        "s3": s3,
        "bucket": bucket,
        "upload_id": upload_id,
        "parts": [{"PartNumber": 1, "ETag": answer["ETag"]}],
    }
    assert refused(finish, **asked, ChecksumType="COMPOSITE")["Message"] == (
        "The upload was created using the FULL_OBJECT checksum mode. The complete request must use the same checksum "
        "mode."
    )
    for wrong in ({"ChecksumCRC32C": "AAAAAA=="}, {"ChecksumCRC32": "NSRBwg=="}):
        error = refused(finish, **asked, **wrong)
        assert (error["Code"], error["Message"]) == (
            "BadDigest",
            "The crc32c you specified did not match the calculated checksum.",
        )
    done = finish(**asked, ChecksumType="FULL_OBJECT", ChecksumCRC32C="Nks/tw==")
    assert (done["ChecksumCRC32C"], done["ETag"]) == ("Nks/tw==", '"af5da9f45af7a300e3aded972f8ff687-1"')
    part = s3.get_object(Bucket=bucket, Key=KEY, PartNumber=1, ChecksumMode="ENABLED")
    assert part["ChecksumCRC32C"] == "Nks/tw=="  # test_get_object_part_checksum[FULL_OBJECT]


def test_nobody_chose(s3: Any, bucket: str) -> None:
    """test_complete_multipart_parts_checksum_default: parts may come with any, the object has CRC64NVME."""
    created = s3.create_multipart_upload(Bucket=bucket, Key=KEY)
    assert not [name for name in created if name.startswith("Checksum")]
    upload_id = created["UploadId"]
    upload = {"Bucket": bucket, "Key": KEY, "UploadId": upload_id}
    first = s3.upload_part(**upload, PartNumber=1, Body=b"aaa", **of("CRC32C", b"aaa"))
    assert (first["ChecksumCRC32C"], first["ETag"]) == ("45fn2Q==", '"47bce5c74f589f4867dbd57e9ca9f808"')
    listed = s3.list_parts(**upload)
    assert not [name for name in {**listed, **listed["Parts"][0]} if name.startswith("Checksum")]
    part = {"PartNumber": 1, "ETag": first["ETag"]}
    for text in ("45fn2Q==", "AAAAAA=="):
        error = refused(finish, s3=s3, bucket=bucket, upload_id=upload_id, parts=[{**part, "ChecksumCRC32C": text}])
        assert (error["Code"], error["PartNumber"]) == ("InvalidPart", "1")
    for kind in ("FULL_OBJECT", "COMPOSITE"):
        error = refused(finish, s3=s3, bucket=bucket, upload_id=upload_id, parts=[part], ChecksumType=kind)
        assert error["Message"] == (
            "The upload was created using the null checksum mode. The complete request must use the same checksum mode."
        )
    done = finish(s3, bucket, upload_id, [part])
    assert (done["ChecksumCRC64NVME"], done["ChecksumType"]) == ("Rnr2/5P7Gsk=", "FULL_OBJECT")
    assert done["ETag"] == '"e2c3da976e66ec9e7dc128fbc782fc91-1"'


def test_the_size_that_is_expected(s3: Any, bucket: str) -> None:
    """test_multipart_size_validation."""
    upload_id = begin(s3, bucket)
    parts = [put(s3, bucket, upload_id, 1, b"aaaa")]
    error = refused(finish, s3=s3, bucket=bucket, upload_id=upload_id, parts=parts, MpuObjectSize=5)
    assert (error["Code"], error["Message"]) == (
        "InvalidRequest",
        "The provided 'x-amz-mp-object-size' header value 5 does not match what was computed: 4",
    )
    done = finish(s3, bucket, upload_id, parts, MpuObjectSize=4)
    assert done["ChecksumCRC64NVME"] == "GC2rW8VclPA="


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "SHA1", "SHA256", "CRC64NVME"])
@pytest.mark.parametrize("size_bytes", [10, 300_000])
def test_parts_that_are_not_as_sent(s3: Any, bucket: str, algorithm: str, size_bytes: int) -> None:
    """test_multipart_upload_part_checksum_exception, of bodies that are held and of those that flow."""
    upload_id = begin(s3, bucket, ChecksumAlgorithm=algorithm)
    part: dict[str, Any] = {
        "Bucket": bucket,
        "Key": KEY,
        "UploadId": upload_id,
        "PartNumber": 1,
        "Body": b"x" * size_bytes,
    }
    name = f"Checksum{algorithm}"
    error = refused(s3.upload_part, **part, **{name: "not-base64-encoded"})
    assert (error["Code"], error["Message"]) == (
        "InvalidRequest",
        f"Value for x-amz-checksum-{algorithm.lower()} header is invalid.",
    )
    digest_bytes = {"SHA1": 20, "SHA256": 32, "CRC64NVME": 8}.get(algorithm, 4)
    error = refused(s3.upload_part, **part, **{name: base64.b64encode(b"\x01" * digest_bytes).decode()})
    assert (error["Code"], error["Message"]) == (
        "BadDigest",
        f"The {algorithm} you specified did not match the calculated checksum.",
    )
    assert "Parts" not in s3.list_parts(Bucket=bucket, Key=KEY, UploadId=upload_id)


@pytest.mark.parametrize(("kind", "whole"), [("COMPOSITE", "F9bAnw==-1"), ("FULL_OBJECT", "iqJrOQ==")])
def test_parts_that_are_copied(s3: Any, bucket: str, kind: str, whole: str) -> None:
    """test_multipart_upload_part_copy_checksum: by the upload's algorithm, whatever the source's is."""
    s3.put_object(Bucket=bucket, Key="source", Body=b"this is a part")
    upload_id = begin(s3, bucket, ChecksumAlgorithm="CRC32C", ChecksumType=kind)
    copied = s3.upload_part_copy(
        Bucket=bucket,
        Key=KEY,
        UploadId=upload_id,
        PartNumber=1,
        CopySource={"Bucket": bucket, "Key": "source"},
    )["CopyPartResult"]
    assert told(copied) == {"ChecksumCRC32C": "iqJrOQ==", "ETag": '"11df95d595559285eb2b042124e74f09"'}
    part = {"PartNumber": 1, "ETag": copied["ETag"], "ChecksumCRC32C": "iqJrOQ=="}
    done = finish(s3, bucket, upload_id, [part])
    assert (done["ChecksumCRC32C"], done["ChecksumType"]) == (whole, kind)
    assert done["ETag"] == '"395d97c07920de036bfa21e7568a2e9f-1"'


def test_sha1_of_parts(s3: Any, bucket: str) -> None:
    """A composite by hand: the checksum of the checksums, and how many."""
    upload_id = begin(s3, bucket, ChecksumAlgorithm="SHA1")
    parts = summed(s3, bucket, upload_id, "SHA1")
    joined = sha1(b"".join(sha1(body).digest() for body in PARTS)).digest()
    assert finish(s3, bucket, upload_id, parts)["ChecksumSHA1"] == f"{base64.b64encode(joined).decode()}-3"


def test_the_mode_is_taken_in_small_letters(s3: Any, bucket: str) -> None:
    """The AWS SDK for C++ says `enabled`: pandas and pyarrow, which are built upon it, could read no Parquet."""
    s3.put_object(Bucket=bucket, Key=KEY, Body=b"hello", ChecksumAlgorithm="CRC32")
    assert s3.head_object(Bucket=bucket, Key=KEY, ChecksumMode="enabled")["ChecksumCRC32"] == "NhCmhg=="
    assert s3.get_object(Bucket=bucket, Key=KEY, ChecksumMode="enabled")["Body"].read() == b"hello"
