"""What is a selection, told to the process that runs it?"""

from typing import Final, Literal

import msgspec

RECORD_CHARS_MAX: Final = 1024 * 1024
"""Source: S3 User Guide, "Querying data in place with Amazon S3 Select", "Requirements and limits"."""


class CsvInput(msgspec.Struct, frozen=True, kw_only=True, tag="csv"):
    """escape: what stands before a quote within quotes. comment: empty for none."""

    header: Literal["USE", "IGNORE", "NONE"] = "NONE"
    field: str = ","
    record: str = "\n"
    quote: str = '"'
    escape: str = '"'
    comment: str = "#"
    quoted_records: bool = False


class JsonInput(msgspec.Struct, frozen=True, kw_only=True, tag="json"):
    lines: bool


class ParquetInput(msgspec.Struct, frozen=True, kw_only=True, tag="parquet"):
    pass


class CsvOutput(msgspec.Struct, frozen=True, kw_only=True, tag="csv"):
    field: str = ","
    record: str = "\n"
    quote: str = '"'
    escape: str = '"'
    always: bool = False


class JsonOutput(msgspec.Struct, frozen=True, kw_only=True, tag="json"):
    record: str = "\n"


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One selection.

    first, last: bytes in which a record has to begin, None for the end of the object.
    offset: where in the object the bytes begin that the job is given. columns: a header that lies before them.
    """

    expression: str
    input: CsvInput | JsonInput | ParquetInput
    output: CsvOutput | JsonOutput
    now_s: float
    compression: Literal["NONE", "GZIP", "BZIP2"] = "NONE"
    progress: bool = False
    first: int = 0
    last: int | None = None
    offset: int = 0
    columns: list[str] | None = None
