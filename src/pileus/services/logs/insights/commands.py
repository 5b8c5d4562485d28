"""Which commands is a query made of?

Source: CloudWatch Logs User Guide, "CloudWatch Logs Insights language query syntax".
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.logs.insights.expressions import AggregateCall, Expression, Expressions
from pileus.services.logs.insights.scanning import Scanner, unquoted
from pileus.services.logs.insights.searching import Searcher
from pileus.services.logs.limits import QUERY_ROWS_MAX

_UNBUILT: Final = frozenset(
    {"pattern", "diff", "anomaly", "unmask", "unnest", "lookup", "filterindex", "source", "join", "subquery"}
)


class Column(NamedTuple):
    """computed: None for a field as it is."""

    name: str
    computed: Expression | None


class Fields(NamedTuple):
    columns: Sequence[Column]


class Display(NamedTuple):
    columns: Sequence[Column]


class Filter(NamedTuple):
    condition: Expression


class Stats(NamedTuple):
    """What is shown, of which calls, for each combination of what."""

    columns: Sequence[Column]
    calls: Sequence[AggregateCall]
    by: Sequence[Column]


class SortKey(NamedTuple):
    value: Expression
    descending: bool


class Sort(NamedTuple):
    keys: Sequence[SortKey]


class Limit(NamedTuple):
    rows: int


Finder = Callable[[str], Sequence[str | None] | None]


class Parse(NamedTuple):
    """find: what is in a text, if it fits; names: of that, in order."""

    source: Expression
    find: Finder
    names: Sequence[str]


class Dedup(NamedTuple):
    columns: Sequence[Expression]


Command = Fields | Display | Filter | Stats | Sort | Limit | Parse | Dedup


def parse_query(query: str, *, now_ms: int = 0) -> Sequence[Command]:
    """MalformedQueryException; NotImplementedByPileus for commands that exist elsewhere."""
    scanner = Scanner(query)
    reader = _Commands(scanner, Expressions(scanner, now_ms=now_ms))
    commands = [reader.read()]
    while scanner.taken("|"):
        commands.append(reader.read())
    if scanner.next.kind != "end":
        raise scanner.unexpected()
    return commands


class _Commands:
    """Reads one command after the other."""

    def __init__(self, scanner: Scanner, expressions: Expressions) -> None:
        self._scanner = scanner
        self._expressions = expressions

    def read(self) -> Command:
        word = self._scanner.next.word
        if word in _UNBUILT:
            raise NotImplementedByPileus(f"the command {word} is not implemented")
        readers: dict[str, Callable[[], Command]] = {
            "fields": lambda: Fields(self._columns()),
            "display": lambda: Display(self._columns()),
            "filter": lambda: Filter(self._expressions.read()),
            "stats": self._stats,
            "sort": self._sort,
            "order": self._sort,
            "limit": self._limit,
            "head": self._limit,
            "parse": self._parse,
            "dedup": lambda: Dedup(self._several()),
        }
        reader = readers.get(word)
        if reader is None:
            raise self._scanner.unexpected()
        self._scanner.take()
        return reader()

    def _columns(self) -> Sequence[Column]:
        columns = [self._column()]
        while self._scanner.taken(","):
            columns.append(self._column())
        return columns

    def _column(self) -> Column:
        first = self._scanner.next
        expression = self._expressions.read()
        end = self._scanner.at
        plain = first.kind in {"name", "quoted"} and self._scanner.text[first.end : end].strip() == ""
        if self._scanner.taken_word("as"):
            return Column(self._name(), expression)
        if plain:
            return Column(first.text.strip("`"), None)
        return Column(self._scanner.text[first.start : end].strip(), expression)

    def _name(self) -> str:
        if self._scanner.next.kind not in {"name", "quoted"}:
            raise self._scanner.unexpected()
        return self._scanner.take().text.strip("`")

    def _several(self) -> Sequence[Expression]:
        found = [self._expressions.read()]
        while self._scanner.taken(","):
            found.append(self._expressions.read())
        return found

    def _stats(self) -> Stats:
        calls: list[AggregateCall] = []
        self._expressions.aggregates = calls
        columns = self._columns()
        self._expressions.aggregates = None
        if not calls:
            raise self._scanner.unexpected()
        by: Sequence[Column] = ()
        if self._scanner.taken_word("by"):
            by = self._columns()
        return Stats(columns, calls, by)

    def _sort(self) -> Sort:
        self._scanner.taken_word("by")
        keys: list[SortKey] = []
        while not keys or self._scanner.taken(","):
            start = self._scanner.at
            value = self._expressions_or_column(start)
            descending = self._scanner.taken_word("desc")
            if not descending:
                self._scanner.taken_word("asc")
            keys.append(SortKey(value, descending))
        return Sort(keys)

    def _expressions_or_column(self, start: int) -> Expression:
        """`sort count(*)` means the column of that name, which an earlier `stats` has made."""
        self._expressions.aggregates = []
        value = self._expressions.read()
        named = bool(self._expressions.aggregates)
        self._expressions.aggregates = None
        name = self._scanner.text[start : self._scanner.at].strip()
        return (lambda row: row.get(name)) if named else _named_or(name, value)

    def _limit(self) -> Limit:
        token = self._scanner.take()
        if token.kind != "number" or not token.text.isdigit() or not 1 <= int(token.text) <= QUERY_ROWS_MAX:
            raise self._scanner.wrong(f"a limit is a number from 1 to {QUERY_ROWS_MAX}", token.start)
        return Limit(int(token.text))

    def _parse(self) -> Parse:
        source: Expression = lambda row: row.get("@message")  # noqa: E731 - as every other expression
        regex = self._scanner.regex()
        if regex is None and self._scanner.next.kind != "string":
            field = self._name()  # and no expression: what follows is no division
            source = lambda row: row.get(field)  # noqa: E731 - as above
            regex = self._scanner.regex()
        if regex is not None:
            if not regex.groups:
                raise self._scanner.wrong("a regular expression of parse has named groups", self._scanner.at)
            return Parse(source, _grouped(regex), sorted(regex.groups, key=regex.groups.__getitem__))
        if self._scanner.next.kind != "string":
            raise self._scanner.unexpected()
        token = self._scanner.take()
        if not self._scanner.taken_word("as"):
            raise self._scanner.unexpected()
        names = [self._name()]
        while self._scanner.taken(","):
            names.append(self._name())
        pieces = unquoted(token.text).split("*")
        if len(pieces) - 1 != len(names):
            raise self._scanner.wrong("parse has as many names as asterisks", token.start)
        return Parse(source, glob(pieces), names)


def _named_or(name: str, value: Expression) -> Expression:
    """A column of that very name, if there is one."""
    return lambda row: row.values[name] if name in row.values else value(row)


def glob(pieces: Sequence[str]) -> Finder:
    """What is between the pieces: each asterisk takes as little as it can, the last one at the end takes the rest.

    The first place where a piece occurs leaves most room for those behind, so no other needs to be tried.
    """

    def find(text: str) -> Sequence[str] | None:
        begin = text.find(pieces[0])
        if begin < 0:
            return None
        found: list[str] = []
        at = begin + len(pieces[0])
        for number, piece in enumerate(pieces[1:], 1):
            end = text.find(piece, at) if piece or number < len(pieces) - 1 else len(text)
            if end < 0:
                return None
            found.append(text[at:end])
            at = end + len(piece)
        return found

    return find


def _grouped(regex: Searcher) -> Finder:
    """The named groups, in order."""
    numbers = sorted(regex.groups.values())

    def find(text: str) -> Sequence[str | None] | None:
        match = regex.search(text)
        return None if match is None else [match[number] for number in numbers]

    return find
