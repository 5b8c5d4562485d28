"""What do metrics and expressions answer together? GetMetricData, and alarms on metric math."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from math import isfinite
from typing import Final, NamedTuple

from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.cloudwatch.errors import InvalidParameterValue, MissingParameter, ValidationError
from pileus.services.cloudwatch.expressions.evaluating import Evaluation, Known
from pileus.services.cloudwatch.expressions.searching import Search, search_of
from pileus.services.cloudwatch.expressions.syntax import Call, ExpressionError, Node, parse, walk
from pileus.services.cloudwatch.expressions.values import Line, Span
from pileus.services.cloudwatch.labels import default_labels, label
from pileus.services.cloudwatch.limits import DATA_DATAPOINTS_MAX, QUERIES_MAX
from pileus.services.cloudwatch.model import Query, Scope
from pileus.services.cloudwatch.periods import check_datapoints, check_period
from pileus.services.cloudwatch.reading import Reader, Told
from pileus.services.cloudwatch.statistic import statistic

_ID: Final = re.compile(r"[a-z][a-zA-Z0-9_]*")
_SQL: Final = re.compile(r"\s*SELECT\s", re.IGNORECASE)
_PERIOD_S: Final = 60
_PERIODS_MAX: Final = 5 * DATA_DATAPOINTS_MAX
"""From start to end: nobody else would be served meanwhile. AWS names no such number."""


class Result(NamedTuple):
    """One series that was asked for. units: in which there are values, when they are of a metric."""

    query: Query
    label: str
    line: Line
    units: Sequence[str] = ()


class Plan(NamedTuple):
    """Queries that make sense. parsed: the expressions, by id."""

    queries: Sequence[Query]
    parsed: Mapping[str, Node]
    searches: Mapping[Call, Search]

    @property
    def period_s(self) -> int:
        """The longest of the metrics' periods."""
        return max(self._periods, default=_PERIOD_S)

    @property
    def shortest_s(self) -> int:
        return min(self._periods, default=_PERIOD_S)

    @property
    def _periods(self) -> list[int]:
        periods = [query.stat.period_s for query in self.queries if query.stat is not None]
        return periods + [search.period_s for search in self.searches.values()]


def plan(queries: Sequence[Query], *, path: str = "MetricDataQueries") -> Plan:
    """Or what is wrong with them. path: what the parameter is called."""
    if not queries:
        raise MissingParameter(f"The parameter {path} is required.")
    if len(queries) > QUERIES_MAX:
        raise ValidationError(f"The collection {path} must not have a size greater than {QUERIES_MAX}.")
    if len({query.id for query in queries}) < len(queries):
        raise ValidationError(f"The values for parameter id in {path} are not unique.")
    parsed: dict[str, Node] = {}
    searches: dict[Call, Search] = {}
    for number, query in enumerate(queries, 1):
        _check(query, f"{path}.member.{number}")
        if query.expression is not None:
            try:
                node = parsed[query.id] = parse(query.expression)
                calls = [call for call in walk(node) if isinstance(call, Call) and call.function == "SEARCH"]
                for call in calls:
                    searches[call] = _checked(search_of(call))
            except (ExpressionError, OverflowError) as error:
                raise wrong(query, error) from None
    return Plan(queries, parsed, searches)


def wrong(query: Query, error: Exception) -> ValidationError:
    return ValidationError(f"Error in expression '{query.id}': {error}")


def _check(query: Query, path: str) -> None:
    if _ID.fullmatch(query.id) is None:
        raise ValidationError(
            f"The value {query.id} for parameter {path}.Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$."
        )
    if (query.stat is None) == (query.expression is None):
        raise ValidationError(
            f"Exactly one of the parameters {path}.MetricStat and {path}.Expression must be specified."
        )
    if query.expression is not None and _SQL.match(query.expression):
        raise NotImplementedByPileus("Queries of Metrics Insights are not implemented")
    if query.period_s is not None:
        check_period(query.period_s)
    if query.stat is not None:
        check_period(query.stat.period_s)
        if statistic(query.stat.stat) is None:
            raise InvalidParameterValue(
                f"The value {query.stat.stat} for parameter {path}.MetricStat.Stat is not supported."
            )


def _checked(search: Search) -> Search:
    if statistic(search.stat) is None:
        raise ExpressionError(f"There is no statistic {search.stat}")
    try:
        check_period(search.period_s)
    except InvalidParameterValue as error:
        raise ExpressionError(error.message) from None
    if search.period_s <= 0:
        raise ExpressionError("A period is positive")
    return search


async def results(reader: Reader, scope: Scope, asked: Plan, *, start: datetime, end: datetime) -> list[Result]:
    """The series of all queries that are to be returned; those of an expression may be several."""
    check_datapoints(start, end, period_s=asked.shortest_s, most=_PERIODS_MAX)
    told = {
        query.id: await reader.line(scope, query.stat, start=start, end=end)
        for query in asked.queries
        if query.stat is not None
    }
    searched = {
        call: await reader.found(scope, search, start=start, end=end) for call, search in asked.searches.items()
    }
    evaluation = Evaluation(
        Known(
            lines={query_id: one.line for query_id, one in told.items()},
            parsed=asked.parsed,
            searched=searched,
            span=_span(start, end, asked),
            period_s=asked.period_s,
        )
    )
    names = default_labels(asked.queries)
    found: list[Result] = []
    for query in asked.queries:
        if query.returned is not False:
            found += _of_query(query, names[query.id], told, evaluation)
    return found


def _span(start: datetime, end: datetime, asked: Plan) -> Span:
    start_s = int(start.timestamp())
    return Span(start_s - start_s % min(asked.period_s, _PERIOD_S), int(end.timestamp()))


def _of_query(query: Query, name: str, told: Mapping[str, Told], evaluation: Evaluation) -> list[Result]:
    if query.stat is not None:
        one = told[query.id]
        return [Result(query, label(query, one.line, default=name), one.line, one.units)]
    try:
        value = evaluation.of(query.id)
    except (ExpressionError, OverflowError) as error:
        raise wrong(query, error) from None
    if isinstance(value, Line):
        value = _finite(value)
        return [Result(query, label(query, value, default=name), value)]
    if isinstance(value, list):
        return [
            Result(query, line.label if query.label is None else _of_many(query, line), _finite(line)) for line in value
        ]
    raise wrong(query, ExpressionError("The expression must give a time series or an array of time series"))


def _finite(line: Line) -> Line:
    """Without what is too large to be told."""
    return line.with_values({at_s: value for at_s, value in line.values.items() if isfinite(value)})


def check(asked: Plan, query: Query) -> None:
    """Whether a query can be evaluated, as it would be of metrics without values; ValidationError."""
    if query.stat is not None:
        return
    lines = {
        one.id: Line(values={}, label=one.id, period_s=one.stat.period_s)
        for one in asked.queries
        if one.stat is not None
    }
    known = Known(lines, asked.parsed, {call: [] for call in asked.searches}, Span(0, 0), asked.period_s)
    try:
        value = Evaluation(known).of(query.id)
    except (ExpressionError, OverflowError) as error:
        raise wrong(query, error) from None
    if not isinstance(value, Line):
        raise wrong(query, ExpressionError("The expression must give one time series"))


def _of_many(query: Query, line: Line) -> str:
    """The label of an array is put before those of its series, unless it says where."""
    text = label(query, line, default=line.label)
    return text if query.label and "${" in query.label else f"{text} {line.label}".strip()
