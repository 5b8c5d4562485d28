"""Lists of uploads and of parts. Recordings: s3/s3_list_operations, TestS3ListMultipartUploads and TestS3ListParts."""

from typing import Any

from tests.conformance.test_s3_uploads import KEY, begin, bucket, finish, put, refused, s3, told

__all__ = ["bucket", "s3"]


def keys(answer: dict[str, Any]) -> list[str]:
    return [upload["Key"] for upload in answer.get("Uploads", [])]


def test_pages_of_parts(s3: Any, bucket: str) -> None:
    """test_list_parts_pagination."""
    upload_id = begin(s3, bucket)
    for number in (2, 1):
        put(s3, bucket, upload_id, number, b"test")
    upload = {"Bucket": bucket, "Key": KEY, "UploadId": upload_id}

    def page(**asked: Any) -> tuple[list[int], int, bool]:
        answer = s3.list_parts(**upload, **asked)
        numbers = [part["PartNumber"] for part in answer.get("Parts", [])]
        return numbers, answer["NextPartNumberMarker"], answer["IsTruncated"]

    assert page() == ([1, 2], 2, False)
    assert page(MaxParts=1) == ([1], 1, True)
    assert page(MaxParts=1, PartNumberMarker=1) == ([2], 2, False)
    assert page(MaxParts=1, PartNumberMarker=10) == ([], 0, False)
    assert page(MaxParts=0) == ([], 0, False)
    assert s3.list_parts(**upload, MaxParts=100_000)["MaxParts"] == 1000


def test_empty_markers_of_parts_are_none(s3: Any, bucket: str) -> None:
    """test_list_parts_empty_part_number_marker: `part-number-marker=` and `max-parts=` are as if they were absent."""
    upload_id = begin(s3, bucket)
    put(s3, bucket, upload_id, 1, b"test")

    def emptied(request: Any, **_: Any) -> None:
        request.url += "&part-number-marker=&max-parts="

    s3.meta.events.register("before-sign.s3.ListParts", emptied)
    answer = s3.list_parts(Bucket=bucket, Key=KEY, UploadId=upload_id)
    assert (answer["MaxParts"], answer["PartNumberMarker"], answer["NextPartNumberMarker"]) == (1000, 0, 1)


def test_pages_of_uploads(s3: Any, bucket: str) -> None:
    """test_list_multiparts_next_marker: by key, of one key by age, with either marker."""
    empty = told(s3.list_multipart_uploads(Bucket=bucket))
    assert empty == {
        "Bucket": bucket,
        "IsTruncated": False,
        "KeyMarker": "",
        "MaxUploads": 1000,
        "NextKeyMarker": "",
        "NextUploadIdMarker": "",
        "UploadIdMarker": "",
    }
    c, b = begin(s3, bucket, "c"), begin(s3, bucket, "b")
    first, second, third = (begin(s3, bucket, "a") for _ in range(3))

    def page(**asked: Any) -> tuple[list[str], str, str, bool]:
        answer = s3.list_multipart_uploads(Bucket=bucket, **asked)
        ids = [upload["UploadId"] for upload in answer.get("Uploads", [])]
        return ids, answer["NextKeyMarker"], answer["NextUploadIdMarker"], answer["IsTruncated"]

    assert page() == ([first, second, third, b, c], "c", c, False)
    assert page(MaxUploads=1) == ([first], "a", first, True)
    assert page(MaxUploads=1, KeyMarker="a") == ([b], "b", b, True)
    assert page(MaxUploads=1, KeyMarker="c") == ([], "", "", False)
    assert page(MaxUploads=1, UploadIdMarker=first) == ([first], "a", first, True)
    assert page(MaxUploads=1, KeyMarker="a", UploadIdMarker=first) == ([second], "a", second, True)
    assert page(MaxUploads=1, KeyMarker="a", UploadIdMarker=third) == ([b], "b", b, True)
    assert page(MaxUploads=1, KeyMarker="b", UploadIdMarker=b) == ([c], "c", c, False)
    assert refused(s3.list_multipart_uploads, Bucket=bucket, KeyMarker="a", UploadIdMarker=b) == {
        "ArgumentName": "upload-id-marker",
        "ArgumentValue": b,
        "Code": "InvalidArgument",
        "Message": "Invalid uploadId marker",
        "Status": 400,
    }


def test_folders_of_uploads(s3: Any, bucket: str) -> None:
    """test_list_multiparts_with_prefix_and_delimiter."""
    for key in ("test/foo/bar/123", "test/foo/bar/456", "test/bar/foo/123", "other"):
        begin(s3, bucket, key)

    def page(**asked: Any) -> tuple[list[str], list[str]]:
        answer = s3.list_multipart_uploads(Bucket=bucket, **asked)
        assert not answer["IsTruncated"]
        return keys(answer), [each["Prefix"] for each in answer.get("CommonPrefixes", [])]

    assert page(Prefix="test/", Delimiter="/") == ([], ["test/bar/", "test/foo/"])
    assert page(Prefix="test/foo/", Delimiter="/") == ([], ["test/foo/bar/"])
    assert page(Prefix="test/foo") == (["test/foo/bar/123", "test/foo/bar/456"], [])
    assert page(Delimiter="/") == (["other"], ["test/"])


def test_markers_within_folders(s3: Any, bucket: str) -> None:
    """test_list_multipart_uploads_marker_common_prefixes: a marker in a folder passes over the folder."""
    for key in ("folder/aSubfolder/subFile1", "folder/aSubfolder/subFile2", "folder/file1", "folder/file2"):
        begin(s3, bucket, key)
    asked: dict[str, Any] = {"Bucket": bucket, "Prefix": "folder/", "Delimiter": "/", "MaxUploads": 1}
    first = s3.list_multipart_uploads(**asked)
    assert first["CommonPrefixes"] == [{"Prefix": "folder/aSubfolder/"}]
    assert (first["IsTruncated"], first["NextKeyMarker"], first["NextUploadIdMarker"]) == (True, "", "")
    for marker in ("folder/aSubfolder/", "folder/aSubfolder/subFile1"):
        page = s3.list_multipart_uploads(**asked, KeyMarker=marker)
        assert keys(page) == ["folder/file1"]
        assert "CommonPrefixes" not in page
        assert (page["IsTruncated"], page["NextKeyMarker"]) == (True, "folder/file1")


def test_encodings(s3: Any, bucket: str) -> None:
    """test_list_ops_encoding_type_validation[list_multipart_uploads]; boto3 asks for `url` and decodes."""
    key = "a b/c+d—ü&<é>"
    begin(s3, bucket, key)
    assert keys(s3.list_multipart_uploads(Bucket=bucket)) == [key]
    assert s3.list_multipart_uploads(Bucket=bucket, EncodingType="url")["Uploads"][0]["Key"] == (
        "a+b/c%2Bd%E2%80%94%C3%BC%26%3C%C3%A9%3E"
    )
    error = refused(s3.list_multipart_uploads, Bucket=bucket, EncodingType="value")
    assert (error["Code"], error["Message"], error["ArgumentName"], error["ArgumentValue"]) == (
        "InvalidArgument",
        "Invalid Encoding Method specified in Request",
        "encoding-type",
        "value",
    )


def test_many_uploads_are_paged(s3: Any, bucket: str) -> None:
    """Pages of any size list every upload once, by boto3's own paginator, with and without folders."""
    expected = [f"{folder}/{number:02d}" for folder in "abc" for number in range(9)]
    for key in reversed(expected):
        begin(s3, bucket, key)
    pages = s3.get_paginator("list_multipart_uploads")
    for size in (1, 4, 26, 27):
        found = pages.paginate(Bucket=bucket, PaginationConfig={"PageSize": size})
        assert [key for page in found for key in keys(page)] == expected
    whole = s3.list_multipart_uploads(Bucket=bucket, Delimiter="/")
    assert [each["Prefix"] for each in whole["CommonPrefixes"]] == ["a/", "b/", "c/"]


def test_completed_uploads_are_not_listed(s3: Any, bucket: str) -> None:
    """test_multipart_and_list_parts, list-all-uploads-completed."""
    upload_id = begin(s3, bucket)
    finish(s3, bucket, upload_id, [put(s3, bucket, upload_id, 1, b"x")])
    assert keys(s3.list_multipart_uploads(Bucket=bucket)) == []


def test_sizes_of_pages_are_numbers(s3: Any, bucket: str) -> None:
    """What is negative, or no number at all, is an InvalidArgument, of which the name is told."""
    error = refused(s3.list_multipart_uploads, Bucket=bucket, MaxUploads=-1)
    assert (error["Code"], error["ArgumentName"], error["ArgumentValue"]) == ("InvalidArgument", "max-uploads", "-1")

    def text(request: Any, **_: Any) -> None:
        request.url += "&max-uploads=many"

    s3.meta.events.register("before-sign.s3.ListMultipartUploads", text)
    assert refused(s3.list_multipart_uploads, Bucket=bucket) == {
        "ArgumentName": "max-uploads",
        "ArgumentValue": "many",
        "Code": "InvalidArgument",
        "Message": "Provided max-uploads not an integer or within integer range",
        "Status": 400,
    }
