"""What does a query make of events?

Events come one by one, the latest first, and are pushed through a chain of stages; some let them through, some keep
them until all are there. The chain ends where results gather.
"""

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any, Final, Protocol

from pileus.services.logs.insights.aggregates import Aggregate
from pileus.services.logs.insights.commands import (
    Column,
    Command,
    Dedup,
    Display,
    Fields,
    Filter,
    Limit,
    Parse,
    Sort,
    Stats,
)
from pileus.services.logs.insights.rows import Row
from pileus.services.logs.insights.values import Value, number, order, text, true

_DEFAULT: Final = ("@timestamp", "@message")
_SORTED_SLACK: Final = 10_000
"""Rows that a bounded sort keeps beyond its bound before it forgets those that cannot be shown."""

Shown = Sequence[tuple[str, str]]
"""One row of results: fields and values."""


class _Stage(Protocol):
    def add(self, row: Row) -> None: ...

    def end(self) -> None: ...


class _Results:
    """Where the chain ends."""

    def __init__(self, columns: Sequence[str], limit: int) -> None:
        self._columns = columns
        self._limit = limit
        self.rows: list[Shown] = []

    def add(self, row: Row) -> None:
        if len(self.rows) < self._limit:
            found = [(name, row.get(name)) for name in self._columns]
            self.rows.append([(name, text(value)) for name, value in found if value is not None])

    def end(self) -> None:
        pass


class _Passing:
    """Something that looks at each row and passes it on, or does not."""

    def __init__(self, then: _Stage) -> None:
        self._then = then

    def end(self) -> None:
        self._then.end()


class _Fields(_Passing):
    def __init__(self, columns: Iterable[Column], then: _Stage) -> None:
        super().__init__(then)
        self._computed = [(column.name, column.computed) for column in columns if column.computed is not None]

    def add(self, row: Row) -> None:
        for name, computed in self._computed:
            row.values[name] = computed(row)
        self._then.add(row)


class _Filter(_Passing):
    def __init__(self, command: Filter, then: _Stage) -> None:
        super().__init__(then)
        self._condition = command.condition

    def add(self, row: Row) -> None:
        if true(self._condition(row)):
            self._then.add(row)


class _Parse(_Passing):
    def __init__(self, command: Parse, then: _Stage) -> None:
        super().__init__(then)
        self._command = command

    def add(self, row: Row) -> None:
        found = self._command.find(text(self._command.source(row)))
        if found is not None:
            row.values.update(zip(self._command.names, found, strict=True))
        self._then.add(row)


class _Limit(_Passing):
    def __init__(self, command: Limit, then: _Stage) -> None:
        super().__init__(then)
        self._left = command.rows

    def add(self, row: Row) -> None:
        if self._left:
            self._left -= 1
            self._then.add(row)


class _Dedup(_Passing):
    """The first of those that have the same values; rows that lack one are left out (User Guide, "dedup")."""

    def __init__(self, command: Dedup, then: _Stage) -> None:
        super().__init__(then)
        self._columns = command.columns
        self._seen: set[tuple[str, ...]] = set()

    def add(self, row: Row) -> None:
        values = [column(row) for column in self._columns]
        if any(value is None for value in values):
            return
        key = tuple(map(text, values))
        if key not in self._seen:
            self._seen.add(key)
            self._then.add(row)


class _Sort:
    """most: how many rows the rest of the chain wants at most.

    What rows are sorted by is computed when they come, once for each, so that sorting itself is short.
    """

    def __init__(self, command: Sort, then: _Stage, most: int) -> None:
        self._keys = command.keys
        self._then = then
        self._most = most
        self._rows: list[tuple[Any, ...]] = []
        """By what each is sorted, and the row itself."""

    def add(self, row: Row) -> None:
        self._rows.append((*[order(key.value(row)) for key in self._keys], row))
        if len(self._rows) > self._most + _SORTED_SLACK:
            self._sort()
            del self._rows[self._most :]

    def end(self) -> None:
        self._sort()
        for *_, row in self._rows:
            self._then.add(row)
        self._then.end()

    def _sort(self) -> None:
        for place, key in reversed(list(enumerate(self._keys))):
            self._rows.sort(key=itemgetter(place), reverse=key.descending)


class _Stats:
    def __init__(self, command: Stats, then: _Stage) -> None:
        self._command = command
        self._then = then
        self._groups: dict[tuple[str, ...], tuple[dict[str, Value], list[Aggregate]]] = {}

    def add(self, row: Row) -> None:
        values = {
            column.name: row.get(column.name) if column.computed is None else column.computed(row)
            for column in self._command.by
        }
        key = tuple(text(value) for value in values.values())
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = values, [call.make() for call in self._command.calls]
        at_ms = int(number(row.values.get("@timestamp")) or 0)
        for call, aggregate in zip(self._command.calls, group[1], strict=True):
            aggregate.add(call.argument(row), at_ms)

    def end(self) -> None:
        for values, aggregates in self._groups.values():
            row = Row(dict(values))
            for call, aggregate in zip(self._command.calls, aggregates, strict=True):
                row.values[call.slot] = aggregate.result()
            for column in self._command.columns:
                if column.computed is not None:
                    row.values[column.name] = column.computed(row)
            for call in self._command.calls:
                del row.values[call.slot]
            self._then.add(row)
        self._then.end()


class _Counting(_Passing):
    """Counts what comes by."""

    def __init__(self, then: _Stage) -> None:
        super().__init__(then)
        self.count = 0

    def add(self, row: Row) -> None:
        self.count += 1
        self._then.add(row)


class Run:
    """A query under way. limit: of rows, beside what the query says itself."""

    def __init__(self, commands: Sequence[Command], *, limit: int) -> None:
        self._results = _Results(_shown(commands), limit)
        leading = 0
        while leading < len(commands) and isinstance(commands[leading], Fields | Display | Filter | Parse):
            leading += 1
        behind = _chain(commands[leading:], self._results, limit)
        self._matching = _Counting(behind)
        self._first = _chain(commands[:leading], self._matching, limit)

    @property
    def matched(self) -> int:
        """Events that passed all filters before anything was made of them."""
        return self._matching.count

    def add(self, row: Row) -> None:
        self._first.add(row)

    def end(self) -> Sequence[Shown]:
        self._first.end()
        return self._results.rows


def _chain(commands: Sequence[Command], end: _Stage, limit: int) -> _Stage:
    first, most = end, limit
    for command in reversed(commands):
        first = _stage(command, first, most)
        most = _wanted(command, most)
    return first


def _wanted(command: Command, most: int) -> int:
    """How many rows a command wants, of which `most` are wanted behind it; every one, if it may leave some out."""
    if isinstance(command, Limit):
        return min(most, command.rows)
    return most if isinstance(command, Fields | Display | Parse) else 1 << 62


def _stage(command: Command, then: _Stage, most: int) -> _Stage:
    match command:
        case Fields() | Display():
            return _Fields(command.columns, then)
        case Filter():
            return _Filter(command, then)
        case Parse():
            return _Parse(command, then)
        case Limit():
            return _Limit(command, then)
        case Dedup():
            return _Dedup(command, then)
        case Sort():
            return _Sort(command, then, most)
        case Stats():
            return _Stats(command, then)


def _shown(commands: Sequence[Command]) -> Sequence[str]:
    """The columns of the results, in order: those of `fields`, or of the last `display`, or of `stats`."""
    columns: list[str] = []
    events = True
    for command in commands:
        match command:
            case Fields():
                columns += [column.name for column in command.columns]
            case Display():
                columns = [column.name for column in command.columns]
            case Stats():
                columns = [column.name for column in (*command.by, *command.columns)]
                events = False
            case _:
                pass
    if events:
        columns = [*(columns or _DEFAULT), "@ptr"]
    return list(dict.fromkeys(columns))
