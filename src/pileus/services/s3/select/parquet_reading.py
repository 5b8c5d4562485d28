"""Which records does a Parquet file have?

Read by pyarrow, a group of rows at a time, from a file without a name; needs the extra `select`.

Source: S3 User Guide, "Data types", "Supported Parquet types"; S3 API Reference, "ParquetInput".
"""

import importlib
from collections.abc import Collection, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any, Final

from pileus.services.s3.select.errors import SelectError
from pileus.services.s3.select.timestamps import DAY, Timestamp, of_datetime

_ROWS: Final = 2048
_GROUP_BYTES_MAX: Final = 512 * 1024 * 1024
"""Source: S3 User Guide, "Querying data in place with Amazon S3 Select", "Requirements and limits"."""


def parquet_records(
    file: IO[bytes], columns: Collection[str] | None, *, first: int, last: int | None
) -> Iterator[list[object]]:
    """columns: the names that a query speaks of, in small letters; None for all. first, last: where a group of rows
    has to begin. Raises `SelectError`."""
    arrow: Any = importlib.import_module("pyarrow")
    parquet: Any = importlib.import_module("pyarrow.parquet")
    try:
        source = parquet.ParquetFile(file, pre_buffer=False)
        groups = [
            at for at in range(source.num_row_groups) if first <= _start(source, at) and _within(source, at, last)
        ]
        _check(source, groups)
        wanted = [name for name in source.schema_arrow.names if columns is None or name.lower() in columns]
        wanted = wanted or source.schema_arrow.names[:1]  # rows are counted, of which nothing is asked
        for batch in source.iter_batches(batch_size=_ROWS, row_groups=groups, columns=wanted, use_threads=False):
            yield [_record(row) for row in batch.to_pylist()]
    except (arrow.ArrowException, OSError):
        raise SelectError("ParquetParsingError") from None


def _start(source: Any, group: int) -> int:
    column = source.metadata.row_group(group).column(0)
    return int(column.dictionary_page_offset or column.data_page_offset)


def _within(source: Any, group: int, last: int | None) -> bool:
    return last is None or _start(source, group) <= last


def _check(source: Any, groups: Collection[int]) -> None:
    if any(source.metadata.row_group(at).total_byte_size > _GROUP_BYTES_MAX for at in groups):
        raise SelectError("OverMaxParquetBlockSize")
    if any(source.schema.column(at).physical_type == "INT96" for at in range(len(source.schema))):
        raise SelectError("UnsupportedParquetType")


def _record(row: dict[str, object]) -> object:
    return {name: _value(value) for name, value in row.items()}


def _value(value: object) -> object:
    if value is None or isinstance(value, str | int | float | Decimal):
        return value
    if isinstance(value, datetime):
        return of_datetime(value)
    if isinstance(value, date):
        return Timestamp(of_datetime(datetime(value.year, value.month, value.day)).moment, DAY)  # noqa: DTZ001
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise SelectError("UnsupportedParquetType") from None
    if isinstance(value, list):
        return [_value(one) for one in value]
    if isinstance(value, dict):
        return {name: _value(one) for name, one in value.items()}
    raise SelectError("UnsupportedParquetType")
