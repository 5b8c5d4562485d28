"""How is a selection run: from the bytes of an object to the messages of its answer?

All of this is plain, blocking code, which a thread or a process of its own runs (`selecting`). Memory is bounded by
the longest record and a piece of the object, whatever its length.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import Final, Literal, NamedTuple

from pileus.services.s3.select.binding import column_paths, expanded, own_steps, tree_paths
from pileus.services.s3.select.compiling import Compiler
from pileus.services.s3.select.compression import expanded as uncompressed
from pileus.services.s3.select.csv_reading import csv_rows
from pileus.services.s3.select.errors import SelectError
from pileus.services.s3.select.job import RECORD_CHARS_MAX, CsvInput, Job, JsonInput, ParquetInput
from pileus.services.s3.select.json_reading import json_documents, json_lines
from pileus.services.s3.select.parquet_reading import parquet_records
from pileus.services.s3.select.parsing import column_name, parse
from pileus.services.s3.select.ranges import records_between
from pileus.services.s3.select.syntax import Every, Name, Path, Query
from pileus.services.s3.select.totals import Total
from pileus.services.s3.select.values import Eval
from pileus.services.s3.select.writing import row_writer, tree_writer

RECORDS_BYTES: Final = 64 * 1024
"""A message of records is sent as soon as it is so long."""
PROGRESS_BYTES: Final = 8 * 1024 * 1024
"""So many bytes of the object lie between two messages which say that it goes on."""

Kind = Literal["bound", "records", "progress", "cont", "stats", "error"]


class Sizes(NamedTuple):
    """Bytes of the object, of what it was uncompressed, of the answer."""

    scanned: int = 0
    processed: int = 0
    returned: int = 0


class Message(NamedTuple):
    """bound: the query is understood, and its names are found in the file."""

    kind: Kind
    payload: bytes = b""
    sizes: Sizes = Sizes()


Records = Iterator[Sequence[object]]
Taker = Callable[[object], str | None]
"""A record to what it adds to the answer; None when it is not selected."""


def messages(job: Job, pieces: Iterable[bytes]) -> Iterator[Message]:
    """All messages up to the last, `stats`. Raises `SelectError`."""
    return _Scan(job).run(pieces)


class _Scan:
    def __init__(self, job: Job) -> None:
        self._job = job
        self._query = parse(job.expression)
        self._scanned = 0
        self._processed = 0
        self._returned = 0
        self._told = 0
        self._left = self._query.limit
        self._totals: list[Total] = []
        self._finals: Callable[[], str] | None = None

    def run(self, pieces: Iterable[bytes]) -> Iterator[Message]:
        taker, batches = self._opened(pieces)
        yield Message("bound")
        out: list[str] = []
        size = 0
        for batch in batches if self._left != 0 else ():
            for record in batch:
                text = taker(record)
                if text is None:
                    continue
                out.append(text)
                size += len(text)
                if self._left is not None:
                    self._left -= 1
                    if self._left <= 0:
                        break
                if size >= RECORDS_BYTES:
                    yield self._records(out)
                    size = 0
            if self._left is not None and self._left <= 0:
                break
            yield from self._going_on(out)
        if self._finals is not None and self._query.limit != 0:
            out.append(self._finals())
        if out:
            yield self._records(out)
        yield Message("stats", sizes=self._sizes())

    def _records(self, out: list[str]) -> Message:
        payload = "".join(out).encode(errors="replace")
        out.clear()
        self._returned += len(payload)
        return Message("records", payload)

    def _going_on(self, out: list[str]) -> Iterator[Message]:
        if self._scanned - self._told < PROGRESS_BYTES:
            return
        self._told = self._scanned
        if out:
            yield self._records(out)
        else:
            yield Message("cont")
        if self._job.progress:
            yield Message("progress", sizes=self._sizes())

    def _sizes(self) -> Sizes:
        return Sizes(self._scanned, self._processed, self._returned)

    def _counted(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self._scanned += len(piece)
            yield piece

    def _data(self, pieces: Iterable[bytes], delimiter: bytes) -> Iterator[bytes]:
        job = self._job
        source: Iterator[bytes] = uncompressed(self._counted(pieces), job.compression)
        if job.first or job.last is not None:
            source = records_between(source, delimiter, offset=job.offset, first=job.first, last=job.last)
        for piece in source:
            self._processed += len(piece)
            yield piece

    def _opened(self, pieces: Iterable[bytes]) -> tuple[Taker, Iterator[Sequence[object]]]:
        form = self._job.input
        if isinstance(form, CsvInput):
            return self._csv(pieces, form)
        if isinstance(form, JsonInput):
            return self._json(pieces, form)
        return self._parquet(pieces)

    def _csv(self, pieces: Iterable[bytes], form: CsvInput) -> tuple[Taker, Iterator[Sequence[object]]]:
        if self._query.path:
            raise SelectError("InvalidKeyPath")
        rows = csv_rows(self._data(pieces, form.record.encode()), form)
        columns = self._job.columns
        first: list[list[str]] = []
        if form.header != "NONE" and not self._job.first:
            while not first:
                batch = next(rows, None)
                if batch is None:
                    break
                first = batch
            if form.header == "USE":
                columns = first[0] if first else []
            first = first[1:]

        def batches() -> Iterator[Sequence[object]]:
            yield first
            yield from rows

        names = columns or []
        write = row_writer(self._job.output, names)

        def whole(record: object) -> str:
            assert isinstance(record, list)
            return write(record)

        return self._taker(column_paths(self._query, columns), whole), batches()

    def _json(self, pieces: Iterable[bytes], form: JsonInput) -> tuple[Taker, Iterator[Sequence[object]]]:
        path = self._query.path
        data = self._data(pieces, b"\n")

        def batches() -> Iterator[Sequence[object]]:
            if form.lines:
                for values in json_lines(data):
                    yield [one for value in values for one in expanded(value, path)] if path else values
                return
            for found in json_documents(data, elements=bool(path) and isinstance(path[0], Every)):
                yield [one for value, element in found for one in expanded(value, path[1:] if element else path)]

        return self._taker(tree_paths(self._query), tree_writer(self._job.output)), batches()

    def _parquet(self, pieces: Iterable[bytes]) -> tuple[Taker, Iterator[Sequence[object]]]:
        if self._query.path:
            raise SelectError("InvalidKeyPath")
        job = self._job

        def batches() -> Iterator[Sequence[object]]:
            with tempfile.TemporaryFile() as file:
                for piece in self._counted(pieces):
                    self._processed += len(piece)
                    file.write(piece)
                file.seek(0)
                yield from parquet_records(file, _top_names(self._query), first=job.first, last=job.last)

        return self._taker(tree_paths(self._query), tree_writer(job.output)), batches()

    def _taker(self, paths: Callable[[Path], Eval], whole: Callable[[object], str]) -> Taker:
        query = self._query
        now = datetime.fromtimestamp(self._job.now_s, UTC)
        plain = Compiler(paths, now=now, totals={})
        where = plain.compile(query.where) if query.where is not None else None
        write: Taker = whole
        if query.aggregates:
            write = self._aggregating(plain, Compiler, paths, now)
        elif query.items is not None:
            evals = [plain.compile(item.expression) for item in query.items]
            write_row = row_writer(self._job.output, self._names())
            write = lambda record: _sized(write_row([evaluate(record) for evaluate in evals]))  # noqa: E731
        if where is None:
            return write
        condition = where
        return lambda record: write(record) if condition(record) is True else None

    def _names(self) -> list[str]:
        return [column_name(item, at) for at, item in enumerate(self._query.items or (), start=1)]

    def _aggregating(
        self, plain: Compiler, compiler: type[Compiler], paths: Callable[[Path], Eval], now: datetime
    ) -> Taker:
        """Records are only counted; the one row is written at the end."""
        query = self._query
        totals = {
            one: Total(one.function, plain.compile(one.operand) if one.operand is not None else None)
            for one in query.aggregates
        }
        final = compiler(paths, now=now, totals={one: total.answer for one, total in totals.items()})
        evals = [final.compile(item.expression) for item in query.items or ()]
        write_row = row_writer(self._job.output, self._names())
        self._finals = lambda: write_row([evaluate(None) for evaluate in evals])
        counted = list(totals.values())

        def add(record: object) -> None:
            for total in counted:
                total.add(record)

        return add


def _sized(text: str) -> str:
    if len(text) > RECORD_CHARS_MAX:
        raise SelectError("OverMaxRecordSize")
    return text


def _top_names(query: Query) -> frozenset[str] | None:
    """The first names of all paths, in small letters; None when all columns are needed."""
    if query.items is None:
        return None
    names: set[str] = set()
    for path in _paths(query):
        steps = own_steps(query, path)
        if not steps or not isinstance(steps[0], Name) or steps[0].text == "_1":
            return None
        names.add(steps[0].text.lower())
    return frozenset(names)


def _paths(node: object) -> Iterator[Path]:
    if isinstance(node, Path):
        yield node
    elif isinstance(node, tuple):
        for part in node:
            yield from _paths(part)
    elif is_dataclass(node):
        for field in fields(node):
            yield from _paths(getattr(node, field.name))


__all__ = ["Message", "ParquetInput", "Sizes", "messages"]
