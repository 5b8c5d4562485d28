"""Lists of objects and versions as boto3 sees them. Recordings: s3/s3_list_operations; each test names its own."""

import urllib.request
from typing import Any

import pytest

from tests.conftest import Server
from tests.support.buckets import new_bucket, refused, told

KEYS = ["test/bar/foo/123", "test/foo/bar/123", "test/foo/bar/456"]


@pytest.fixture
def s3(aws: Server) -> Any:
    return aws.client("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    return new_bucket(s3)


def put(s3: Any, bucket: str, *keys: str) -> None:
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"content 123")


def keys(answer: dict[str, Any]) -> list[str]:
    return [each["Key"] for each in answer.get("Contents", [])]


def prefixes(answer: dict[str, Any]) -> list[str]:
    return [each["Prefix"] for each in answer.get("CommonPrefixes", [])]


def test_a_list_by_prefix(s3: Any, bucket: str) -> None:
    """Recording test_list_objects_v2_with_prefix: every member of an answer."""
    put(s3, bucket, *KEYS)
    found = told(s3.list_objects_v2(Bucket=bucket, Prefix="test/foo"))
    contents = found.pop("Contents")
    assert found == {
        "EncodingType": "url",
        "IsTruncated": False,
        "KeyCount": 2,
        "MaxKeys": 1000,
        "Name": bucket,
        "Prefix": "test/foo",
    }
    assert [told(each) for each in contents] == [
        {
            "ChecksumAlgorithm": ["CRC32"],
            "ChecksumType": "FULL_OBJECT",
            "ETag": contents[0]["ETag"],
            "Key": key,
            "Size": 11,
            "StorageClass": "STANDARD",
        }
        for key in KEYS[1:]
    ]
    assert "Owner" in s3.list_objects_v2(Bucket=bucket, FetchOwner=True)["Contents"][0]
    assert "Owner" in s3.list_objects(Bucket=bucket)["Contents"][0]


def test_common_prefixes(s3: Any, bucket: str) -> None:
    """Recording test_list_objects_v2_with_prefix_and_delimiter."""
    put(s3, bucket, *KEYS)
    found = s3.list_objects_v2(Bucket=bucket, Prefix="test/", Delimiter="/")
    assert (prefixes(found), found["KeyCount"], keys(found)) == (["test/bar/", "test/foo/"], 2, [])
    first = s3.list_objects_v2(Bucket=bucket, Prefix="test/", Delimiter="/", MaxKeys=1)
    assert (prefixes(first), first["IsTruncated"]) == (["test/bar/"], True)
    token = first["NextContinuationToken"]
    rest = s3.list_objects_v2(Bucket=bucket, Prefix="test/", Delimiter="/", ContinuationToken=token)
    assert (prefixes(rest), rest["IsTruncated"], rest["ContinuationToken"]) == (["test/foo/"], False, token)
    assert prefixes(s3.list_objects_v2(Bucket=bucket, Prefix="test/foo/bar", Delimiter="/")) == ["test/foo/bar/"]


def test_pages_and_where_they_begin(s3: Any, bucket: str) -> None:
    """Recording test_list_objects_v2_continuation_start_after."""
    names = sorted(f"test_{n}" for n in range(12))
    put(s3, bucket, *names)
    first = s3.list_objects_v2(Bucket=bucket, MaxKeys=5)
    assert (keys(first), first["IsTruncated"], first["KeyCount"]) == (names[:5], True, 5)
    rest = s3.list_objects_v2(Bucket=bucket, ContinuationToken=first["NextContinuationToken"])
    assert (keys(rest), rest["IsTruncated"]) == (names[5:], False)
    after = s3.list_objects_v2(Bucket=bucket, StartAfter="test_7", MaxKeys=2)
    assert (keys(after), after["StartAfter"], after["IsTruncated"]) == (["test_8", "test_9"], "test_7", False)
    none = s3.list_objects_v2(Bucket=bucket, MaxKeys=0)
    assert (keys(none), none["IsTruncated"], none["KeyCount"]) == ([], False, 0)
    wrong = refused(s3.list_objects_v2, Bucket=bucket, ContinuationToken="")
    assert (wrong["Code"], wrong["Message"]) == (
        "InvalidArgument",
        "The continuation token provided is incorrect",
    )
    assert refused(s3.list_objects_v2, Bucket=bucket, MaxKeys=-1)["Code"] == "InvalidArgument"


def test_markers_of_the_older_list(s3: Any, bucket: str) -> None:
    """Recordings test_list_objects_next_marker and test_list_objects_marker_common_prefixes."""
    put(s3, bucket, "folder/aSubfolder/subFile1", "folder/aSubfolder/subFile2", "folder/file1", "folder/file2")
    asked = {"Bucket": bucket, "Prefix": "folder/", "Delimiter": "/", "MaxKeys": 1}
    first = s3.list_objects(**asked)
    assert (prefixes(first), first["NextMarker"]) == (["folder/aSubfolder/"], "folder/aSubfolder/")
    second = s3.list_objects(**asked, Marker=first["NextMarker"])
    assert (keys(second), second["NextMarker"]) == (["folder/file1"], "folder/file1")
    third = s3.list_objects(**asked, Marker=second["NextMarker"])
    assert (keys(third), third["IsTruncated"]) == (["folder/file2"], False)
    inside = s3.list_objects(**asked, Marker="folder/aSubfolder/subFile1")
    assert (keys(inside), prefixes(inside)) == (["folder/file1"], [])
    bare = s3.list_objects(Bucket=bucket, MaxKeys=1)
    assert bare["IsTruncated"]
    assert "NextMarker" not in bare


def test_a_delimiter_that_is_encoded(s3: Any, bucket: str) -> None:
    """Recording test_list_objects_with_prefix[%2F]."""
    put(s3, bucket, "test/foo/bar/123")
    found = s3.list_objects(Bucket=bucket, Prefix="test/", Delimiter="%2F", MaxKeys=1, EncodingType="url")
    assert (keys(found), found["Delimiter"], found["IsTruncated"]) == (["test/foo/bar/123"], "%252F", False)


@pytest.mark.parametrize("operation", ["list_objects", "list_objects_v2", "list_object_versions"])
def test_an_encoding_that_is_none(s3: Any, bucket: str, operation: str) -> None:
    """Recording test_list_ops_encoding_type_validation[...]."""
    assert refused(getattr(s3, operation), Bucket=bucket, EncodingType="value") == {
        "ArgumentName": "encoding-type",
        "ArgumentValue": "value",
        "Code": "InvalidArgument",
        "Message": "Invalid Encoding Method specified in Request",
        "Status": 400,
    }


def test_keys_that_xml_cannot_hold(s3: Any, bucket: str) -> None:
    """Why clients ask for URLs' encoding: control characters, and those that mean something in XML."""
    names = sorted(["a\nb", "a\x01b", "<&>\"'", "a b", "a+b", "~", "é"], key=str.encode)
    put(s3, bucket, *names)
    assert keys(s3.list_objects_v2(Bucket=bucket)) == names
    versions = s3.list_object_versions(Bucket=bucket)["Versions"]
    assert [each["Key"] for each in versions] == names


def test_versions_by_markers(s3: Any) -> None:
    """Recording test_list_objects_versions_markers."""
    bucket = new_bucket(s3, versioned=True)
    put(s3, bucket, "test_0", "test_1", "test_2", "test_2")
    for key in ("test_0", "test_1", "test_2"):
        s3.delete_object(Bucket=bucket, Key=key)
    put(s3, bucket, "test_0", "test_1")

    def rows(answer: dict[str, Any]) -> list[tuple[str, str, bool]]:
        found = answer.get("Versions", []) + answer.get("DeleteMarkers", [])
        return [(each["Key"], each["VersionId"], each["IsLatest"]) for each in found]

    everything = s3.list_object_versions(Bucket=bucket)
    assert len(everything["Versions"]) == 6
    assert [each["IsLatest"] for each in everything["DeleteMarkers"]] == [False, False, True]
    first = s3.list_object_versions(Bucket=bucket, MaxKeys=5)
    marker = everything["DeleteMarkers"][1]["VersionId"]
    assert (first["NextKeyMarker"], first["NextVersionIdMarker"]) == ("test_1", marker)
    rest = s3.list_object_versions(Bucket=bucket, KeyMarker="test_1", VersionIdMarker=marker)
    assert sorted(rows(first) + rows(rest)) == sorted(rows(everything))
    by_key = s3.list_object_versions(Bucket=bucket, KeyMarker="test_1", MaxKeys=1)
    assert rows(by_key) == [("test_2", everything["DeleteMarkers"][2]["VersionId"], True)]
    alone = refused(s3.list_object_versions, Bucket=bucket, VersionIdMarker=marker)
    assert alone["Message"] == "A version-id marker cannot be specified without a key marker."


def test_versions_by_folders(s3: Any) -> None:
    """Recording test_list_object_versions_pagination_common_prefixes."""
    bucket = new_bucket(s3, versioned=True)
    put(s3, bucket, "folder/aSubfolder/subFile1", "folder/aSubfolder/subFile2", "folder/file1", "folder/file2")
    asked = {"Bucket": bucket, "Prefix": "folder/", "Delimiter": "/", "MaxKeys": 1}
    first = s3.list_object_versions(**asked)
    assert (prefixes(first), first["NextKeyMarker"]) == (["folder/aSubfolder/"], "folder/aSubfolder/")
    assert "NextVersionIdMarker" not in first
    second = s3.list_object_versions(**asked, KeyMarker=first["NextKeyMarker"])
    assert [each["Key"] for each in second["Versions"]] == ["folder/file1"]


def test_the_words_of_an_answer(s3: Any, bucket: str) -> None:
    """What boto3 does not show: the XML itself."""
    put(s3, bucket, "a<b")
    url = s3.generate_presigned_url("list_objects_v2", Params={"Bucket": bucket})
    with urllib.request.urlopen(url, timeout=10) as answer:
        text = answer.read().decode()
    assert text.startswith(
        '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    )
    assert "<Key>a%3Cb</Key>" in text or "<Key>a&lt;b</Key>" in text
