"""Whatever is sent as a query or as a file: is the answer records or an error with a code, and soon?"""

import asyncio
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pileus.services.s3.select.errors import SelectError
from pileus.services.s3.select.job import CsvInput, ParquetInput
from pileus.services.s3.select.process import answer
from tests.unit.s3.select.running import CSV, DOCUMENT, LINES, TO_JSON, USE, job, run

_TEXT = """SELECT FROM S3Object WHERE LIMIT s . , ( ) [ ] [*] * + - / % = <> < > || AND OR NOT IS NULL MISSING IN
BETWEEN LIKE ESCAPE CASE WHEN THEN ELSE END CAST AS INT SUM COUNT AVG MIN TRIM BOTH SUBSTRING FOR EXTRACT YEAR DATE_ADD
TO_STRING UTCNOW COALESCE a _1 _0 "b" 'x' '%' 1 2.5 `2010T` TRUE"""
_WORDS = _TEXT.split()


@settings(max_examples=300)
@given(words=st.lists(st.sampled_from(_WORDS), max_size=14), tail=st.sampled_from(["", " FROM S3Object s"]))
def test_any_words(words: list[str], tail: str) -> None:
    """A query is understood or refused; nothing else comes out of the parser and of what it made."""
    made = job("SELECT " + " ".join(words) + tail, LINES, TO_JSON)
    told = list(answer(made, iter([b'{"a":1,"b":"x"}\n{"a":[1,{"b":null}]}\n7\n'])))
    assert told[-1].kind in {"stats", "error"}


@settings(max_examples=200)
@given(text=st.text(max_size=40))
def test_any_text(text: str) -> None:
    """... nor of the lexer."""
    assert list(answer(job(text, LINES, TO_JSON), iter([b"{}"])))[-1].kind in {"stats", "error"}


@settings(max_examples=200)
@given(data=st.binary(max_size=60), size=st.integers(1, 9))
@pytest.mark.parametrize("form", [CSV, USE, CsvInput(quoted_records=True), LINES, DOCUMENT])
def test_any_file(form: object, data: bytes, size: int) -> None:
    """Every file is read to its end or refused, whatever its pieces; and the pieces make no difference."""
    found = []
    for width in (size, 1000):
        pieces = [data[at : at + width] for at in range(0, len(data), width)]
        told = list(answer(job("SELECT * FROM S3Object", form, TO_JSON), iter(pieces)))  # type: ignore[arg-type]
        found.append((told[-1].kind, b"".join(one.payload for one in told if one.kind == "records")))
        assert told[-1].kind in {"stats", "error"}
    if found[0][0] == found[1][0] == "stats":
        assert found[0][1] == found[1][1]
    assert found[0][0] == found[1][0]


@settings(max_examples=100)
@given(rows=st.lists(st.lists(st.text(st.characters(codec="utf-8"), max_size=6), min_size=2, max_size=4), max_size=5))
def test_csv_is_read_as_it_is_written(rows: list[list[str]]) -> None:
    """What one selection writes, the next one reads."""
    form = CsvInput(quoted_records=True, comment="")
    lines = "".join(",".join('"' + field.replace('"', '""') + '"' for field in row) + "\n" for row in rows)
    once = run(job("SELECT * FROM S3Object", form), lines.encode(), piece_bytes=5)[0]
    assert run(job("SELECT * FROM S3Object", form), once.encode(), piece_bytes=7)[0] == once


def test_deep_files_and_paths() -> None:
    """Depth is refused, and never the end of the process."""
    deep = b"[" * 100_000 + b"]" * 100_000
    assert list(answer(job("SELECT * FROM S3Object", DOCUMENT, TO_JSON), iter([deep])))[-1].kind == "error"
    path = "SELECT * FROM S3Object" + "[*]" * 5000
    assert list(answer(job(path, DOCUMENT, TO_JSON), iter([b"[" * 900 + b"]" * 900])))[-1].kind in {"stats", "error"}


async def test_parquet_that_lies() -> None:
    """A footer that promises more than there is."""
    pytest.importorskip("pyarrow")
    for data in (b"PAR1" + struct.pack("<I", 0xFFFFFF) + b"PAR1", b"PAR1" * 3, b"PAR1" + b"\x15" * 500 + b"PAR1"):
        with pytest.raises(SelectError) as raised:
            await asyncio.to_thread(run, job("SELECT * FROM S3Object", ParquetInput()), data)
        assert raised.value.error_code == "ParquetParsingError"
