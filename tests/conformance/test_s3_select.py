"""Objects that are asked by SQL, as boto3 sees the answers. Nothing of it is recorded: the oracle is the S3 User Guide,
"Querying data in place with Amazon S3 Select", and boto3's own parser of event streams.
"""

import gzip
import importlib
import io
import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError, EventStreamError

from tests.conftest import Server

_PEOPLE = b"name,age,city\nAnn,30,Rome\nBob,5,Oslo\nCleo,41,Rome\n"


@pytest.fixture
def s3(aws: Server) -> Any:
    return aws.client("s3")


@pytest.fixture
def bucket(s3: Any) -> Iterator[str]:
    name = f"b-{uuid4().hex}"
    s3.create_bucket(Bucket=name)
    yield name
    for found in s3.list_objects_v2(Bucket=name).get("Contents", []):
        s3.delete_object(Bucket=name, Key=found["Key"])
    s3.delete_bucket(Bucket=name)


def ask(s3: Any, bucket: str, key: str, sql: str, *, given: Any = None, told: Any = None, **more: Any) -> Any:
    """The text of the records, and the details of `Stats`."""
    answer = s3.select_object_content(
        Bucket=bucket,
        Key=key,
        ExpressionType="SQL",
        Expression=sql,
        InputSerialization=given or {"CSV": {"FileHeaderInfo": "USE"}},
        OutputSerialization=told or {"CSV": {}},
        **more,
    )
    events = list(answer["Payload"])
    assert list(events[-1]) == ["End"]
    text = b"".join(event["Records"]["Payload"] for event in events if "Records" in event)
    return text.decode(), events[-2]["Stats"]["Details"]


def test_select_from_csv(s3: Any, bucket: str) -> None:
    """The first example that everybody tries."""
    s3.put_object(Bucket=bucket, Key="people.csv", Body=_PEOPLE)
    sql = "SELECT s.name, s.age FROM S3Object s WHERE s.city = 'Rome' AND CAST(s.age AS INT) > 35"
    text, stats = ask(s3, bucket, "people.csv", sql)
    assert text == "Cleo,41\n"
    assert stats == {"BytesScanned": len(_PEOPLE), "BytesProcessed": len(_PEOPLE), "BytesReturned": len(text)}
    text, _ = ask(s3, bucket, "people.csv", "SELECT COUNT(*) AS people FROM S3Object", told={"JSON": {}})
    assert json.loads(text) == {"people": 3}


def test_select_from_a_long_compressed_object(s3: Any, bucket: str) -> None:
    """Through a process of its own, from a file on the disk."""
    rows = b"".join(b"%d,%d\n" % (n, n * n) for n in range(100_000))
    s3.put_object(Bucket=bucket, Key="rows.csv.gz", Body=gzip.compress(rows))
    given = {"CSV": {}, "CompressionType": "GZIP"}
    text, stats = ask(s3, bucket, "rows.csv.gz", "SELECT s._2 FROM S3Object s WHERE s._1 LIKE '%99999'", given=given)
    assert text == f"{99_999 * 99_999}\n"
    assert stats["BytesProcessed"] == len(rows)
    text, _ = ask(s3, bucket, "rows.csv.gz", "SELECT * FROM S3Object", given=given)
    assert text.encode() == rows


def test_select_from_json_of_an_encrypted_object(s3: Any, bucket: str) -> None:
    """What lies encrypted is opened for whoever may read it."""
    lines = b"".join(b'{"id":%d,"tags":["a","b"]}\n' % n for n in range(5000))
    s3.put_object(Bucket=bucket, Key="lines", Body=lines, ServerSideEncryption="AES256")
    sql = "SELECT s.id, s.tags[1] AS other FROM S3Object s WHERE s.id >= 4999"
    text, _ = ask(s3, bucket, "lines", sql, given={"JSON": {"Type": "LINES"}}, told={"JSON": {}})
    assert text == '{"id":4999,"other":"b"}\n'


def test_select_from_parquet(s3: Any, bucket: str) -> None:
    """Columns have types."""
    arrow: Any = pytest.importorskip("pyarrow")
    parquet: Any = importlib.import_module("pyarrow.parquet")
    file = io.BytesIO()
    parquet.write_table(arrow.table({"n": [1, 2, 3], "t": ["a", "b", "c"]}), file)
    s3.put_object(Bucket=bucket, Key="t.parquet", Body=file.getvalue())
    sql = "SELECT s.t FROM S3Object s WHERE s.n >= 2"
    assert ask(s3, bucket, "t.parquet", sql, given={"Parquet": {}})[0] == "b\nc\n"


def test_scan_ranges(s3: Any, bucket: str) -> None:
    """Two halves of an object have all its records between them."""
    rows = [f"{n},{'x' * (n % 50)}" for n in range(20_000)]
    body = "\n".join(rows).encode()
    s3.put_object(Bucket=bucket, Key="rows", Body=body)
    middle = len(body) // 2
    first, _ = ask(
        s3, bucket, "rows", "SELECT * FROM S3Object", given={"CSV": {}}, ScanRange={"Start": 0, "End": middle}
    )
    second, _ = ask(s3, bucket, "rows", "SELECT * FROM S3Object", given={"CSV": {}}, ScanRange={"Start": middle + 1})
    assert (first + second).splitlines() == rows


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT s.salary FROM S3Object s", "MissingHeaders"),
        ("SELECT FROM S3Object s", "ParseEmptySelect"),
        ("SELECT s.name FROM S3Object s GROUP BY s.name", "ParseExpectedIdentForGroupName"),
        ("SELECT s.name FROM S3Object s WHERE s.age > 30", "ExternalEvalException"),
        ("SELECT CAST(s.name AS INT) FROM S3Object s", "CastFailed"),
    ],
)
def test_queries_that_are_wrong(s3: Any, bucket: str, sql: str, code: str) -> None:
    """A status of its own: no stream has begun."""
    s3.put_object(Bucket=bucket, Key="people.csv", Body=_PEOPLE)
    with pytest.raises(ClientError) as raised:
        ask(s3, bucket, "people.csv", sql)
    assert raised.value.response["Error"]["Code"] == code
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_records_that_are_wrong(s3: Any, bucket: str) -> None:
    """The stream has begun, and ends with the error."""
    rows = b"".join(b"%d\n" % n for n in range(50_000))
    s3.put_object(Bucket=bucket, Key="rows.csv", Body=b"n\n" + rows + b"x\n")
    with pytest.raises(EventStreamError) as raised:
        ask(s3, bucket, "rows.csv", "SELECT CAST(s.n AS INT) FROM S3Object s")
    assert raised.value.response["Error"]["Code"] == "CastFailed"


def test_what_is_not_there(s3: Any, bucket: str) -> None:
    """As GetObject answers."""
    for name, key, code in ((bucket, "nothing", "NoSuchKey"), (f"b-{uuid4().hex}", "nothing", "NoSuchBucket")):
        with pytest.raises(ClientError) as raised:
            ask(s3, name, key, "SELECT * FROM S3Object")
        assert raised.value.response["Error"]["Code"] == code
    s3.put_object(Bucket=bucket, Key="old", Body=b"1\n", StorageClass="GLACIER")
    with pytest.raises(ClientError) as raised:
        ask(s3, bucket, "old", "SELECT * FROM S3Object")
    assert raised.value.response["Error"]["Code"] == "UnsupportedStorageClass"
