"""What does a request ask, and is that sound? A request to a `Job`.

Source: S3 API Reference, "SelectObjectContent"; S3 User Guide, "Querying data in place with Amazon S3 Select".
"""

from typing import Final, Literal

from pileus.services.s3 import shapes
from pileus.services.s3.select.errors import SelectError
from pileus.services.s3.select.job import CsvInput, CsvOutput, Job, JsonInput, JsonOutput, ParquetInput

_RECORD_DELIMITER_CHARS_MAX: Final = 2


def job_of(request: shapes.SelectObjectContentRequest, *, size_bytes: int, now_s: float) -> Job:
    """size_bytes: of the object. Raises `SelectError`."""
    if str(request.expression_type) != "SQL":
        raise SelectError("InvalidExpressionType")
    if not request.expression:
        raise SelectError("MissingRequiredParameter")
    form = _input(request.input_serialization)
    compression = _compression(request.input_serialization.compression_type, form)
    first, last = 0, None
    if request.scan_range is not None:
        first, last = _range(request.scan_range, size_bytes)
        quoted = isinstance(form, CsvInput) and form.quoted_records
        document = isinstance(form, JsonInput) and not form.lines
        if compression != "NONE" or quoted or document:
            raise SelectError("UnsupportedScanRangeInput")
    delimiter = form.record if isinstance(form, CsvInput) else "\n"
    return Job(
        expression=request.expression,
        input=form,
        output=_output(request.output_serialization),
        now_s=now_s,
        compression=compression,
        progress=bool(request.request_progress and request.request_progress.enabled),
        first=first,
        last=last,
        offset=0 if isinstance(form, ParquetInput) else max(first - len(delimiter.encode()), 0),
    )


def _input(given: shapes.InputSerialization) -> CsvInput | JsonInput | ParquetInput:
    formats = [form for form in (given.csv, given.json, given.parquet) if form is not None]
    if len(formats) > 1:
        raise SelectError("ObjectSerializationConflict")
    if given.csv is not None:
        return _csv_input(given.csv)
    if given.json is not None:
        if given.json.type is None:
            raise SelectError("MissingRequiredParameter")
        if str(given.json.type).upper() not in {"LINES", "DOCUMENT"}:
            raise SelectError("InvalidJsonType")
        return JsonInput(lines=str(given.json.type).upper() == "LINES")
    if given.parquet is None:
        raise SelectError("InvalidDataSource")
    return ParquetInput()


def _csv_input(given: shapes.CSVInput) -> CsvInput:
    header = str(given.file_header_info or "NONE").upper()
    named: dict[str, Literal["USE", "IGNORE", "NONE"]] = {"USE": "USE", "IGNORE": "IGNORE", "NONE": "NONE"}
    if header not in named:
        raise SelectError("InvalidFileHeaderInfo")
    return CsvInput(
        header=named[header],
        field=_sign(given.field_delimiter, ","),
        record=_delimiter(given.record_delimiter),
        quote=_sign(given.quote_character, '"', empty=True),
        escape=_sign(given.quote_escape_character, '"', empty=True),
        comment=_sign(given.comments, "#", empty=True),
        quoted_records=bool(given.allow_quoted_record_delimiter),
    )


def _sign(given: str | None, default: str, *, empty: bool = False) -> str:
    """A single character. empty: whether none is allowed too."""
    if given is None:
        return default
    if len(given) > 1 or not (given or empty):
        raise SelectError("InvalidRequestParameter")
    return given


def _delimiter(given: str | None) -> str:
    if given is None:
        return "\n"
    if not 1 <= len(given) <= _RECORD_DELIMITER_CHARS_MAX:
        raise SelectError("InvalidRequestParameter")
    return given


def _compression(given: str | None, form: object) -> Literal["NONE", "GZIP", "BZIP2"]:
    named: dict[str, Literal["NONE", "GZIP", "BZIP2"]] = {"NONE": "NONE", "GZIP": "GZIP", "BZIP2": "BZIP2"}
    found = named.get(str(given or "NONE").upper())
    if found is None or (isinstance(form, ParquetInput) and found != "NONE"):
        raise SelectError("InvalidCompressionFormat")
    return found


def _range(given: shapes.ScanRange, size_bytes: int) -> tuple[int, int | None]:
    """The end alone means so many of the last bytes."""
    start, end = given.start, given.end
    if (start is None and end is None) or (start or 0) < 0 or (end or 0) < 0:
        raise SelectError("InvalidScanRange")
    if start is None:
        assert end is not None
        return max(size_bytes - end, 0), None
    if end is not None and end < start:
        raise SelectError("InvalidScanRange")
    return start, end


def _output(given: shapes.OutputSerialization) -> CsvOutput | JsonOutput:
    if given.csv is not None and given.json is not None:
        raise SelectError("ObjectSerializationConflict")
    if given.json is not None:
        return JsonOutput(record=_delimiter(given.json.record_delimiter))
    if given.csv is None:
        raise SelectError("MissingRequiredParameter")
    quoting = str(given.csv.quote_fields or "ASNEEDED").upper()
    if quoting not in {"ALWAYS", "ASNEEDED"}:
        raise SelectError("InvalidQuoteFields")
    return CsvOutput(
        field=_sign(given.csv.field_delimiter, ","),
        record=_delimiter(given.csv.record_delimiter),
        quote=_sign(given.csv.quote_character, '"', empty=True),
        escape=_sign(given.csv.quote_escape_character, '"', empty=True),
        always=quoting == "ALWAYS",
    )
