"""Are CSV, JSON, Parquet and compressed files read as the manual says, in whatever pieces they arrive?"""

import bz2
import gzip
import importlib
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from pileus.services.s3.select.errors import SelectError
from pileus.services.s3.select.job import CsvInput, CsvOutput, ParquetInput
from pileus.services.s3.select.scanning import messages
from tests.unit.s3.select.running import CSV, DOCUMENT, LINES, TO_CSV, TO_JSON, USE, job, run

_PEOPLE = b'name,Age\r\n"Ann, ""A""",30\r\n# a comment\r\n\r\nBob,5\r\n'
_ALL = "SELECT * FROM S3Object"


def _code(made: object, data: bytes) -> str:
    with pytest.raises(SelectError) as raised:
        run(made, data)  # type: ignore[arg-type]
    return raised.value.error_code


@pytest.mark.parametrize("piece_bytes", [1, 2, 7, 1000])
def test_csv_in_pieces(piece_bytes: int) -> None:
    """Quotes, both line endings, comments and empty lines, wherever a piece ends."""
    text, sizes = run(job(_ALL, USE, TO_JSON), _PEOPLE, piece_bytes=piece_bytes)
    assert text == '{"name":"Ann, \\"A\\"","Age":"30"}\n{"name":"Bob","Age":"5"}\n'
    assert sizes == (len(_PEOPLE), len(_PEOPLE), len(text))


def test_names_of_columns() -> None:
    """Without quotes a name has no case; by number always; a name that the header lacks is told."""
    for column in ("NAME", "s.Name", 's."name"', "_1", "s._1"):
        assert run(job(f"SELECT {column} FROM S3Object s WHERE s.age = '5'", USE), _PEOPLE)[0] == "Bob\n"
    assert _code(job('SELECT s."NAME" FROM S3Object s', USE), _PEOPLE) == "MissingHeaders"
    assert _code(job("SELECT s.email FROM S3Object s", USE), _PEOPLE) == "MissingHeaders"
    assert _code(job("SELECT a FROM S3Object s", USE), b"a,A\n1,2\n") == "AmbiguousFieldName"
    assert run(job('SELECT "A" FROM S3Object s', USE), b"a,A\n1,2\n")[0] == "2\n"
    assert _code(job("SELECT s._0 FROM S3Object s"), b"1\n") == "InvalidColumnIndex"
    assert _code(job("SELECT s.a.b FROM S3Object s", USE), b"a\n1\n") == "InvalidKeyPath"


def test_headers_ignored_or_none() -> None:
    """IGNORE skips the first row, NONE takes it for a record."""
    data = b"a,b\n1,2\n"
    assert run(job(_ALL, CsvInput(header="IGNORE"), TO_JSON), data)[0] == '{"_1":"1","_2":"2"}\n'
    assert run(job(_ALL, CSV), data)[0] == "a,b\n1,2\n"
    assert run(job(_ALL, USE), b"")[0] == ""


def test_delimiters_of_their_own() -> None:
    """Every sign of CSV can be another one, on the way in and out."""
    given = CsvInput(field="|", record=";\n", quote="'", escape="\\", comment="")
    told = CsvOutput(field="\t", record="$", quote="'", escape="\\", always=True)
    text, _ = run(job(_ALL, given, told), b"#1|'it\\'s|';\n2|x\ty;\n", piece_bytes=3)
    assert text == "'#1'\t'it\\'s|'$'2'\t'x\ty'$"


def test_quoted_record_delimiters() -> None:
    """They need AllowQuotedRecordDelimiter."""
    data = b'1,"a\nb"\n2,c\n'
    assert _code(job(_ALL, CSV), data) == "CSVEscapingRecordDelimiter"
    for piece_bytes in (1, 3, 100):
        made = job("SELECT s._2 FROM S3Object s", CsvInput(quoted_records=True), TO_JSON)
        assert run(made, data, piece_bytes=piece_bytes)[0] == '{"_2":"a\\nb"}\n{"_2":"c"}\n'
    assert _code(job(_ALL, CsvInput(quoted_records=True)), b'1,"open\n2,c\n') == "CSVParsingError"


def test_text_that_is_no_utf8() -> None:
    """UTF-8 alone is read; the mark that some editors put before it is no text."""
    assert _code(job(_ALL, CSV), b"a,\xff\n") == "InvalidTextEncoding"
    assert run(job(_ALL, CSV), "\ufeffä,ß\n".encode(), piece_bytes=1)[0] == "ä,ß\n"


def test_records_over_a_mebibyte() -> None:
    """1 MiB is a record, one character more is none."""
    assert len(run(job(_ALL, CSV), b"x" * 1024 * 1024 + b"\n")[0]) == 1024 * 1024 + 1
    assert _code(job(_ALL, CSV), b"x" * (1024 * 1024 + 1) + b"\n") == "OverMaxRecordSize"


_RULES = b"""{ "Rules": [ {"id": "1"}, {"expr": "y > x"}, {"id": "2", "expr": "z = DEBUG"} ]}
{ "created": "June 27", "modified": "July 6" }"""


@pytest.mark.parametrize("piece_bytes", [1, 5, 1000])
def test_paths_of_from(piece_bytes: int) -> None:
    """The example of the manual, "FROM clause": what does not match is an empty record."""
    made = job("SELECT id FROM S3Object[*].Rules[*].id", DOCUMENT, TO_JSON)
    assert run(made, _RULES, piece_bytes=piece_bytes)[0] == '{"id":"1"}\n{}\n{"id":"2"}\n{}\n'
    made = job("SELECT id FROM S3Object[*].Rules[*].id WHERE id IS NOT MISSING", DOCUMENT, TO_JSON)
    assert run(made, _RULES, piece_bytes=piece_bytes)[0] == '{"id":"1"}\n{"id":"2"}\n'


@pytest.mark.parametrize("piece_bytes", [1, 4, 1000])
def test_elements_of_a_list_at_the_root(piece_bytes: int) -> None:
    """`[*][*]` reads each element by itself; decimals stay as they are written."""
    data = b' [ {"a":1.10, "t":"]}\\""} , 7, [1,{"b":2}], null ] {"c":[]}'
    made = job("SELECT * FROM S3Object[*][*] s", DOCUMENT, TO_JSON)
    lines = ['{"a":1.10,"t":"]}\\""}', '{"_1":7}', '{"_1":[1,{"b":2}]}', '{"_1":null}', "{}"]
    assert run(made, data, piece_bytes=piece_bytes)[0].splitlines() == lines
    made = job("SELECT s[1].b FROM S3Object[*][*] s WHERE s[1].b = 2", DOCUMENT, TO_JSON)
    assert run(made, data, piece_bytes=piece_bytes)[0] == '{"b":2}\n'


def test_a_list_longer_than_memory_allows() -> None:
    """The elements of one document of 80 MB are read in constant memory: the document alone would be refused."""
    element = b'{"n":1,"t":"' + b"x" * 1000 + b'"},'
    pieces = [b"[", *[element * 100] * 800, b'{"n":2}]']
    made = job("SELECT COUNT(*), MAX(s.n) FROM S3Object[*][*] s", DOCUMENT)
    told = list(messages(made, pieces))
    assert [message.payload for message in told if message.kind == "records"] == [b"80001,2\n"]
    assert any(message.kind == "cont" for message in told)


def test_json_that_is_none() -> None:
    """A file that cannot be read ends with an error, not with what was understood."""
    for data in (b"{", b'{"a":}', b"[1,2", b"]", b'"open', b'{"a":1}}'):
        assert _code(job(_ALL, DOCUMENT, TO_JSON), data) == "JSONParsingError", data
    assert _code(job(_ALL, LINES, TO_JSON), b'{"a":1}\n{"a"\n') == "JSONParsingError"


def test_members_of_json() -> None:
    """Caseless names, quoted ones, lists in CSV, and `_1` for a record without a name."""
    data = b'{"Name":"Ann","dir":{"Files":["x","y"]}}\n'
    assert run(job("SELECT s.name, s.dir.files[1], s.dir FROM S3Object s", LINES), data)[0] == (
        'Ann,y,"{""Files"":[""x"",""y""]}"\n'
    )
    assert run(job("SELECT _1.name FROM S3Object[*]", LINES), data)[0] == "Ann\n"
    assert run(job('SELECT s."name" FROM S3Object s', LINES, TO_JSON), data)[0] == "{}\n"
    assert _code(job("SELECT s.a FROM S3Object s", LINES), b'{"a":1,"A":2}') == "AmbiguousFieldName"


@pytest.mark.parametrize(("name", "pack"), [("GZIP", gzip.compress), ("BZIP2", bz2.compress)])
def test_compressed(name: str, pack: Any) -> None:
    """Files of several members too; one that is cut or none is told; sizes count both."""
    rows = b"".join(b"%d,x\n" % n for n in range(50_000))
    packed = pack(rows) + pack(b"last,y\n")
    text, sizes = run(job("SELECT COUNT(*) FROM S3Object", compression=name), packed, piece_bytes=1000)
    assert text == "50001\n"
    assert sizes == (len(packed), len(rows) + 7, 6)
    for broken in (packed[:-5], b"no such thing at all", b""):
        assert _code(job(_ALL, compression=name), broken) == "TruncatedInput"


def test_limit_stops_reading() -> None:
    """What lies behind the last record that was asked for is never read, so it may be broken."""
    made = job("SELECT * FROM S3Object LIMIT 2", LINES, TO_JSON)
    told = list(messages(made, iter([b'{"a":1}\n', b'{"a":2}\n', b"broken\n"])))
    assert told[1].payload == b'{"a":1}\n{"a":2}\n'
    assert told[-1].sizes.scanned == 16
    assert run(job("SELECT * FROM S3Object LIMIT 0"), b"1\n")[0] == ""


@pytest.mark.parametrize("delimiter", ["\n", "\r\n"])
def test_ranges_side_by_side_take_each_record_once(delimiter: str) -> None:
    """A record belongs to the range where it begins, whatever its length and the pieces."""
    records = ["a", "bb", "ccc", "", "dddddddddd", "e", "f" * 30, "g"]
    data = delimiter.join(records).encode()
    for width in range(1, len(data) + 2):
        found = ""
        for first in range(0, len(data), width):
            offset = max(first - len(delimiter), 0)
            made = job(_ALL, CsvInput(record=delimiter), TO_CSV, first=first, last=first + width - 1, offset=offset)
            found += run(made, data[offset:], piece_bytes=3)[0]
        assert found.split() == [record for record in records if record], width


def _parquet() -> bytes:
    arrow = importlib.import_module("pyarrow")
    parquet = importlib.import_module("pyarrow.parquet")
    table = arrow.table(
        {
            "id": [1, 2, 3],
            "Name": ["a", None, "c"],
            "price": [Decimal("1.10"), Decimal("2.00"), None],
            "day": [date(2024, 1, 2)] * 3,
            "at": [datetime(2024, 1, 2, 3, 4, 5, 600_000, tzinfo=UTC)] * 3,
            "tags": [["x"], [], None],
        }
    )
    file = io.BytesIO()
    parquet.write_table(table, file, row_group_size=2)
    return file.getvalue()


def test_parquet() -> None:
    """Typed columns need no CAST; a group of rows belongs to the range in which it begins."""
    pytest.importorskip("pyarrow")
    data = _parquet()
    assert run(job("SELECT * FROM S3Object s WHERE s.id = 1", ParquetInput(), TO_JSON), data)[0] == (
        '{"id":1,"Name":"a","price":1.10,"day":"2024-01-02","at":"2024-01-02T03:04:05.6Z","tags":["x"]}\n'
    )
    assert run(job("SELECT s.name, s.price FROM S3Object s WHERE s.id > 1", ParquetInput()), data)[0] == ",2.00\nc,\n"
    assert run(job("SELECT COUNT(*) FROM S3Object", ParquetInput()), data)[0] == "3\n"
    assert run(job("SELECT COUNT(*) FROM S3Object", ParquetInput(), first=0, last=10), data)[0] == "2\n"
    assert _code(job(_ALL, ParquetInput()), b"no parquet") == "ParquetParsingError"
