"""How is a row of an answer written, as CSV or JSON?

Source: S3 API Reference, "CSVOutput", "JSONOutput".
"""

from collections.abc import Callable, Sequence
from typing import Final

from pileus.services.s3.select.job import CsvOutput, JsonOutput
from pileus.services.s3.select.values import MISSING, json_text, text_of

RowWriter = Callable[[Sequence[object]], str]
"""The values of one row to text, with its delimiter."""


def row_writer(form: CsvOutput | JsonOutput, names: Sequence[str]) -> RowWriter:
    """names: of the columns; values beyond them are called by their number."""
    return _csv(form) if isinstance(form, CsvOutput) else _json(form, names)


def _csv(form: CsvOutput) -> RowWriter:
    special: Final = (form.field, form.record, form.quote, "\n", "\r")

    def quoted(text: str) -> str:
        if not form.quote:
            return text
        if form.always or any(sign and sign in text for sign in special):
            inside = text.replace(form.quote, form.escape + form.quote)
            return f"{form.quote}{inside}{form.quote}"
        return text

    def write(values: Sequence[object]) -> str:
        return form.field.join([quoted(text_of(value)) for value in values]) + form.record

    return write


def _json(form: JsonOutput, names: Sequence[str]) -> RowWriter:
    keys = [f"{json_text(name)}:" for name in names]

    def write(values: Sequence[object]) -> str:
        while len(keys) < len(values):
            keys.append(f'"_{len(keys) + 1}":')
        members = [key + json_text(value) for key, value in zip(keys, values, strict=False) if value is not MISSING]
        return "{" + ",".join(members) + "}" + form.record

    return write


def tree_writer(form: CsvOutput | JsonOutput) -> Callable[[object], str]:
    """Whole records (`SELECT *`); one that is no structure is called `_1`."""
    csv = _csv(form) if isinstance(form, CsvOutput) else None

    def write(record: object) -> str:
        if csv is not None:
            return csv(list(record.values()) if isinstance(record, dict) else [record])
        if record is MISSING:
            return "{}" + form.record
        tree = record if isinstance(record, dict) else {"_1": record}
        return json_text(tree) + form.record

    return write
