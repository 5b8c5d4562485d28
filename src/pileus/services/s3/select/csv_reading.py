"""Which rows does a CSV file have? Bytes in pieces to lists of text.

Blocks without a quote are split at the speed of `str.split`; only records with a quote are read character by character.

Source: S3 API Reference, "CSVInput".
"""

from collections.abc import Iterable, Iterator
from typing import Final

from pileus.services.s3.select.errors import SelectError
from pileus.services.s3.select.job import RECORD_CHARS_MAX, CsvInput

_MARK: Final = "\ufeff"


def csv_rows(pieces: Iterable[bytes], form: CsvInput) -> Iterator[list[list[str]]]:
    """The rows of each piece, with that of the header. Raises `SelectError`."""
    open_record = ""
    began = False
    for text, ended in _blocks(pieces, form.record.encode()):
        if not began:
            began, text = True, text.removeprefix(_MARK)
        lines = text.split(form.record)
        if not ended:
            lines.pop()  # what follows the last delimiter is no record
        if form.record == "\n" and "\r" in text:
            lines = [line.removesuffix("\r") for line in lines]
        if form.quote and (open_record or form.quote in text) and form.quoted_records:
            lines, open_record = _joined(lines, open_record, form)
        _check(lines, open_record)
        yield [_fields(line, form) for line in lines if line and not (form.comment and line.startswith(form.comment))]
    if open_record:
        raise SelectError("CSVParsingError")


def _blocks(pieces: Iterable[bytes], delimiter: bytes) -> Iterator[tuple[str, bool]]:
    """Text up to the last delimiter of each piece, and what is left at the end, of which it says so."""
    rest: list[bytes] = []
    size = 0
    for piece in pieces:
        rest.append(piece)
        size += len(piece)
        if delimiter in piece or len(delimiter) > 1:
            data = b"".join(rest)
            end = data.rfind(delimiter) + len(delimiter)
            if end >= len(delimiter):
                yield _text(data[:end]), False
                data = data[end:]
            rest, size = [data], len(data)
        if size > 4 * RECORD_CHARS_MAX:
            raise SelectError("OverMaxRecordSize")
    left = b"".join(rest)
    if left:
        yield _text(left), True


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise SelectError("InvalidTextEncoding") from None


def _check(lines: list[str], open_record: str) -> None:
    if max(map(len, lines), default=0) > RECORD_CHARS_MAX or len(open_record) > RECORD_CHARS_MAX:
        raise SelectError("OverMaxRecordSize")


def _joined(lines: list[str], pending: str, form: CsvInput) -> tuple[list[str], str]:
    """Lines put together where a delimiter is quoted; and what is still within quotes."""
    whole: list[str] = []
    for line in lines:
        record = f"{pending}{form.record}{line}" if pending else line
        if _quotes(record, form) % 2:
            pending = record
            if len(pending) > RECORD_CHARS_MAX:
                raise SelectError("OverMaxRecordSize")
        else:
            pending = ""
            whole.append(record)
    return whole, pending


def _quotes(record: str, form: CsvInput) -> int:
    count = record.count(form.quote)
    if form.escape and form.escape != form.quote:
        count -= record.count(form.escape + form.quote)
    return count


def _fields(record: str, form: CsvInput) -> list[str]:
    if not form.quote or form.quote not in record:
        return record.split(form.field)
    fields: list[str] = []
    at = 0
    while True:
        if record.startswith(form.quote, at):
            value, at = _quoted(record, at + 1, form)
        else:
            value = ""
        end = record.find(form.field, at)
        fields.append(value + (record[at:] if end < 0 else record[at:end]))
        if end < 0:
            return fields
        at = end + len(form.field)


def _quoted(record: str, at: int, form: CsvInput) -> tuple[str, int]:
    """The text up to the quote that closes it, and the place behind that."""
    quote, escape = form.quote, form.escape
    parts: list[str] = []
    while True:
        end = record.find(quote, at)
        if end < 0:
            raise SelectError("CSVParsingError" if form.quoted_records else "CSVEscapingRecordDelimiter")
        if escape == quote and record.startswith(quote, end + 1):
            parts.append(record[at : end + 1])
            at = end + 2
        elif escape and escape != quote and end > at and record[end - 1] == escape:
            parts.append(record[at : end - 1] + quote)
            at = end + 1
        else:
            parts.append(record[at:end])
            return "".join(parts), end + 1
