"""Does a selection run beside the server, with its errors in the right place, and does it leave nothing behind?"""

import asyncio
import gzip
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pileus.kernel.errors import ServiceError
from pileus.kernel.sandbox import landlock
from pileus.services.s3 import shapes
from pileus.services.s3.select.selecting import THREAD_BYTES_MAX, Selection, Selector


class _Object:
    """Bytes in pieces, that remembers what was read."""

    def __init__(self, data: bytes, *, breaks_at: int | None = None) -> None:
        self._data = data
        self._breaks_at = breaks_at
        self.read_bytes = 0

    @property
    def size_bytes(self) -> int:
        return len(self._data)

    async def read(self, offset: int) -> AsyncIterator[bytes]:
        for at in range(offset, len(self._data), 65536):
            if self._breaks_at is not None and at >= self._breaks_at:
                raise OSError("the disk is gone")
            self.read_bytes += 65536
            yield self._data[at : at + 65536]


def _request(
    sql: str,
    *,
    given: shapes.InputSerialization | None = None,
    progress: bool = False,
    scan_range: shapes.ScanRange | None = None,
) -> shapes.SelectObjectContentRequest:
    return shapes.SelectObjectContentRequest(
        bucket="b",
        key="k",
        expression=sql,
        expression_type="SQL",
        input_serialization=given or shapes.InputSerialization(csv=shapes.CSVInput(file_header_info="USE")),
        output_serialization=shapes.OutputSerialization(csv=shapes.CSVOutput()),
        request_progress=shapes.RequestProgress(enabled=progress),
        scan_range=scan_range,
    )


async def _answer(
    request: shapes.SelectObjectContentRequest, data: bytes
) -> tuple[str, list[shapes.SelectObjectContentEventStream]]:
    events = [event async for event in await Selector().select(request, _Object(data), now_s=0)]
    text = b"".join(event.records.payload or b"" for event in events if event.records is not None)
    return text.decode(), events


_LONG = b"id,x\n" + b"".join(b"%d,%d\n" % (n, n % 7) for n in range(20_000))
assert len(_LONG) > THREAD_BYTES_MAX


@pytest.mark.parametrize("rows", [10, 20_000])
async def test_records_stats_and_end(rows: int) -> None:
    """The same events, from a thread for the short object and from a process for the long one."""
    data = b"id,x\n" + b"".join(b"%d,%d\n" % (n, n % 7) for n in range(rows))
    text, events = await _answer(_request("SELECT s.id FROM S3Object s WHERE s.x = '3'"), data)
    assert text.split() == [str(n) for n in range(rows) if n % 7 == 3]
    stats, end = events[-2:]
    assert stats.stats is not None
    expected = shapes.Stats(bytes_scanned=len(data), bytes_processed=len(data), bytes_returned=len(text))
    assert stats.stats.details == expected
    assert end.end is not None


async def test_progress_of_a_long_scan() -> None:
    """Progress when it was asked for, and a sign of life while there are no records."""
    data = b"x\n" + b"abcdefg\n" * (9 * 1024 * 1024 // 8)
    sql = "SELECT * FROM S3Object s WHERE s.x = 'y'"
    _, events = await _answer(_request(sql, progress=True), data)
    assert [event.progress is not None for event in events].count(True) == 1
    assert any(event.cont is not None for event in events)


@pytest.mark.parametrize("data", [b"id,x\n1,2\n", _LONG])
async def test_what_is_wrong_with_the_query_is_raised_at_once(data: bytes) -> None:
    """Before the answer begins, so that it has a status of its own."""
    for sql, code in (
        ("SELECT s.y FROM S3Object s", "MissingHeaders"),
        ("SELECT FROM S3Object", "ParseEmptySelect"),
        ("SELECT * FROM S3Object s WHERE s.id > 5", "ExternalEvalException"),
    ):
        with pytest.raises(ServiceError) as raised:
            await Selector().select(_request(sql), _Object(data), now_s=0)
        assert raised.value.error_code == code


async def test_what_is_wrong_with_a_record_ends_the_stream() -> None:
    """The answer has begun: its stream tells the error."""
    selection = await Selector().select(
        _request("SELECT CAST(s.id AS INT) FROM S3Object s"), _Object(_LONG + b"x,1\n"), now_s=0
    )
    with pytest.raises(ServiceError) as raised:
        async for _ in selection:
            pass
    assert raised.value.error_code == "CastFailed"


async def test_a_limit_ends_the_reading() -> None:
    """What is not needed is not read from the disk either."""
    source = _Object(_LONG * 100)
    events = [
        event async for event in await Selector().select(_request("SELECT * FROM S3Object LIMIT 1"), source, now_s=0)
    ]
    assert events[-1].end is not None
    assert source.read_bytes < source.size_bytes / 2


async def test_an_object_that_breaks_is_no_shorter_one() -> None:
    """A disk that fails in the middle never looks like the end of the object."""
    source = _Object(_LONG * 4, breaks_at=len(_LONG) * 3)
    with pytest.raises(OSError, match="the disk is gone"):
        async for _ in await Selector().select(_request("SELECT COUNT(*) FROM S3Object s"), source, now_s=0):
            pass


async def test_an_answer_that_is_closed_gives_its_turn_back() -> None:
    """A client that leaves stops the scan: with one turn only, the next one comes on."""
    selector = Selector(processes_max=1)
    request = _request("SELECT * FROM S3Object")
    for _ in range(3):
        async with asyncio.timeout(30):
            selection = await selector.select(request, _Object(_LONG * 50), now_s=0)
            assert isinstance(selection, Selection)
            await anext(selection)
            await selection.aclose()


async def test_a_range_with_the_header_before_it() -> None:
    """The names are at the beginning of the object, wherever the range begins."""
    request = _request("SELECT s.id FROM S3Object s", scan_range=shapes.ScanRange(start=6, end=8))
    assert (await _answer(request, b"id,x\n1,2\n3,4\n5,6\n"))[0] == ""  # from inside the first record to its end
    request = _request("SELECT s.id FROM S3Object s", scan_range=shapes.ScanRange(start=9, end=12))
    assert (await _answer(request, b"id,x\n1,2\n3,4\n5,6\n"))[0] == "3\n"
    request = _request("SELECT s.id FROM S3Object s", scan_range=shapes.ScanRange(end=5))
    assert (await _answer(request, b"id,x\n1,2\n3,4\n5,6\n"))[0] == "5\n"


_CSV = shapes.CSVInput()


@pytest.mark.parametrize(
    ("given", "scan_range", "code"),
    [
        (shapes.InputSerialization(), None, "InvalidDataSource"),
        (shapes.InputSerialization(csv=_CSV, parquet=shapes.ParquetInput()), None, "ObjectSerializationConflict"),
        (shapes.InputSerialization(csv=shapes.CSVInput(field_delimiter="ab")), None, "InvalidRequestParameter"),
        (shapes.InputSerialization(json=shapes.JSONInput()), None, "MissingRequiredParameter"),
        (
            shapes.InputSerialization(parquet=shapes.ParquetInput(), compression_type="GZIP"),
            None,
            "InvalidCompressionFormat",
        ),
        (
            shapes.InputSerialization(csv=_CSV, compression_type="GZIP"),
            shapes.ScanRange(start=1),
            "UnsupportedScanRangeInput",
        ),
        (
            shapes.InputSerialization(json=shapes.JSONInput(type="DOCUMENT")),
            shapes.ScanRange(start=1),
            "UnsupportedScanRangeInput",
        ),
        (shapes.InputSerialization(csv=_CSV), shapes.ScanRange(start=2, end=1), "InvalidScanRange"),
    ],
)
async def test_requests_that_contradict_themselves(
    given: shapes.InputSerialization, scan_range: shapes.ScanRange | None, code: str
) -> None:
    """Each has its code of the table "List of SELECT Object Content Error Codes"."""
    with pytest.raises(ServiceError) as raised:
        await Selector().select(
            _request("SELECT * FROM S3Object", given=given, scan_range=scan_range), _Object(b"1\n"), now_s=0
        )
    assert raised.value.error_code == code


async def test_a_bomb_is_only_counted() -> None:
    """A few bytes that become many: the process sees them a piece at a time."""
    given = shapes.InputSerialization(csv=_CSV, compression_type="GZIP")
    data = gzip.compress((b"x" * 1023 + b"\n") * (64 * 1024))
    text, events = await _answer(_request("SELECT COUNT(*) FROM S3Object LIMIT 1", given=given), data)
    assert text == f"{64 * 1024}\n"
    assert events[-1].end is not None


async def test_the_process_knows_no_secret_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads what strangers wrote; keys of an object store elsewhere are in the server's environment."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden")
    seen: list[dict[str, str]] = []
    start = asyncio.create_subprocess_exec

    async def noted(*arguments: str, **options: object) -> asyncio.subprocess.Process:
        seen.append(dict(options["env"]))  # type: ignore[call-overload]
        return await start(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", noted)
    text, _ = await _answer(_request("SELECT count(*) FROM S3Object"), _LONG)
    assert text == "20000\n"
    assert [set(each) & {"AWS_SECRET_ACCESS_KEY"} for each in seen] == [set()]
    assert not Path(seen[0]["TMPDIR"]).exists()


@pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")
def test_the_process_opens_nothing_but_python(tmp_path: Path) -> None:
    """Who takes over the reader of Parquet has not taken over the store, nor anybody's home."""
    (tmp_path / "store").write_text("secret")
    tried = (
        "import sys\nfrom pileus.services.s3.select.process import give_up_files\ngive_up_files()\nimport decimal\n"
        "for mode in 'rwa':\n"
        "    try:\n        open(sys.argv[1], mode)\n    except PermissionError:\n        print('refused')\n"
    )
    (tmp_path / "room").mkdir()
    path = {"PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(tmp_path / "room")}
    command = [sys.executable, "-c", tried, str(tmp_path / "store")]
    done = subprocess.run(command, env=os.environ | path, capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.split() == ["refused"] * 3
