"""How is a list of objects written as CSV, Parquet or ORC?

CSV is written here; the others by pyarrow, of the extra `select`. All of it blocks, and belongs into a thread.

Source: S3 User Guide, "Cataloging and analyzing your data with S3 Inventory"; "Locating your inventory list".
"""

import gzip
import importlib
from collections.abc import Sequence
from datetime import datetime
from importlib.util import find_spec
from typing import IO, Any, Final, Protocol
from urllib.parse import quote

from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.s3.inventories.columns import Column, Listed, Value

SUFFIXES: Final = {"CSV": ".csv.gz", "Parquet": ".parquet", "ORC": ".orc"}
CONTENT_TYPES: Final = {
    "CSV": "application/gzip",
    "Parquet": "application/octet-stream",
    "ORC": "application/octet-stream",
}


class ListWriter(Protocol):
    """Writes the rows of one file."""

    def add(self, rows: Sequence[Listed]) -> None: ...

    def close(self) -> None:
        """End the file's contents; the file itself stays open."""
        ...


def check_format(format_name: str) -> None:
    """NotImplementedByPileus, for a format whose library is not installed."""
    if format_name != "CSV" and find_spec("pyarrow") is None:
        raise NotImplementedByPileus(f"Inventories in {format_name} are written with pyarrow: install pileus[select]")


def list_writer(format_name: str, file: IO[bytes], columns: tuple[Column, ...], bucket: str) -> ListWriter:
    """bucket: whose objects these are. NotImplementedByPileus."""
    check_format(format_name)
    if format_name == "CSV":
        return _CsvWriter(file, columns, bucket)
    return _ArrowWriter(format_name, file, columns, bucket)


def csv_line(columns: tuple[Column, ...], bucket: str, listed: Listed) -> str:
    """Every value in quotes; the key as in an address."""
    return ",".join(_quoted(column, column.value(bucket, listed)) for column in columns) + "\n"


def _quoted(column: Column, value: Value) -> str:
    if value is None:
        text = ""
    elif isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, datetime):
        text = f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03}Z"
    else:
        text = quote(str(value), safe="/-_.~*") if column.name == "Key" else str(value)
    return '"' + text.replace('"', '""') + '"'


class _CsvWriter:
    def __init__(self, file: IO[bytes], columns: tuple[Column, ...], bucket: str) -> None:
        self._file = gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0)
        self._columns = columns
        self._bucket = bucket

    def add(self, rows: Sequence[Listed]) -> None:
        self._file.write("".join([csv_line(self._columns, self._bucket, row) for row in rows]).encode())

    def close(self) -> None:
        self._file.close()


class _ArrowWriter:
    def __init__(self, format_name: str, file: IO[bytes], columns: tuple[Column, ...], bucket: str) -> None:
        self._arrow: Any = importlib.import_module("pyarrow")
        self._columns = columns
        self._bucket = bucket
        zone = None if format_name == "ORC" else "UTC"  # ORC's plain `timestamp` has none
        self._schema = self._arrow.schema(
            [
                self._arrow.field(
                    column.field, self._kind(column, zone), nullable=column.field not in {"bucket", "key"}
                )
                for column in columns
            ]
        )
        self._naive = zone is None
        if format_name == "ORC":
            orc: Any = importlib.import_module("pyarrow.orc")
            self._writer: Any = orc.ORCWriter(file, compression="zlib")
        else:
            parquet: Any = importlib.import_module("pyarrow.parquet")
            self._writer = parquet.ParquetWriter(file, self._schema, compression="snappy")
        self._orc = format_name == "ORC"

    def _kind(self, column: Column, zone: str | None) -> Any:
        if column.kind == "moment":
            return self._arrow.timestamp("ms", tz=zone)
        kinds = {"text": self._arrow.string, "boolean": self._arrow.bool_, "integer": self._arrow.int64}
        return kinds[column.kind]()

    def add(self, rows: Sequence[Listed]) -> None:
        arrays = [
            self._arrow.array([self._plain(column.value(self._bucket, row)) for row in rows], type=field.type)
            for column, field in zip(self._columns, self._schema, strict=True)
        ]
        table = self._arrow.Table.from_arrays(arrays, schema=self._schema)
        if self._orc:
            self._writer.write(table)
        else:
            self._writer.write_table(table)

    def _plain(self, value: Value) -> Value:
        return value.replace(tzinfo=None) if self._naive and isinstance(value, datetime) else value

    def close(self) -> None:
        self._writer.close()
