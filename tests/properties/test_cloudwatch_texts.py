"""Whatever somebody writes as an expression, a search, a rule or a statistic: it means something, or is their error."""

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from pileus.kernel.errors import ServiceError
from pileus.kernel.metrics.series import Metric
from pileus.services.cloudwatch.alarms.rules import rule_of
from pileus.services.cloudwatch.expressions.evaluating import Evaluation, Known
from pileus.services.cloudwatch.expressions.searching import search_of
from pileus.services.cloudwatch.expressions.syntax import Call, ExpressionError, Text, parse, walk
from pileus.services.cloudwatch.expressions.values import Line, Span
from pileus.services.cloudwatch.statistic import statistic

LINES = {
    "m": Line(values={0: 1.0, 60: -2.0, 180: 1e300}, label="m", period_s=60),
    "n": Line(values={60: 0.0, 120: 5.0}, label="n", period_s=60),
    "e": Line(values={}, label="e", period_s=60),
}
WORDS = (
    *("m", "n", "e", "x", "1", "0", "2.5", "1e999", "'t'", "(", ")", "[", "]", ",", "+", "-", "*", "/", "^", "<", "=="),
    *(
        "AND",
        "OR",
        "SUM(",
        "AVG(",
        "MIN(",
        "STDDEV(",
        "IF(",
        "FILL(",
        "REPEAT",
        "LINEAR",
        "METRICS()",
        "SLICE(",
        "SORT(",
    ),
    *(
        "DESC",
        "RATE(",
        "DIFF(",
        "CEIL(",
        "LOG(",
        "RUNNING_SUM(",
        "TIME_SERIES(",
        "PERIOD(",
        "FIRST(",
        "DATAPOINT_COUNT(",
    ),
)
EXPRESSIONS = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join) | st.text(max_size=40)


@given(EXPRESSIONS)
def test_expressions(text: str) -> None:
    """An expression is evaluated, or an `ExpressionError` (or a number beyond all bounds) says why not."""
    with suppress(ExpressionError, OverflowError):
        node = parse(text)
        assert len(list(walk(node))) <= len(text)
        known = Known(lines=LINES, parsed={"q": node}, searched={}, span=Span(0, 240), period_s=60)
        value = Evaluation(known).of("q")
        assert isinstance(value, float | str | Line | list)


TERMS = ("{A,b}", "{", "}", "MetricName=", "x", '"x y"', "AND", "OR", "NOT", "(", ")", "b=1", '"', "=")


@given(st.lists(st.sampled_from(TERMS), max_size=10).map(" ".join) | st.text(max_size=40))
def test_searches(text: str) -> None:
    """A search finds or does not find a metric."""
    metric = Metric(account_id="", region="", namespace="A", name="XyZ", dimensions=(("b", "1"),))
    with suppress(ExpressionError):
        assert search_of(Call("SEARCH", (Text(text), Text("Sum")))).matches(metric) in (True, False)


RULES = (
    "ALARM(",
    "OK(",
    "a",
    '"b c"',
    ")",
    "(",
    "AND",
    "OR",
    "NOT",
    "TRUE",
    "FALSE",
    "AT_LEAST(",
    "1",
    "50%",
    ",",
    "ALARM",
)


@given(st.lists(st.sampled_from(RULES), max_size=14).map(" ".join) | st.text(max_size=40))
def test_rules(text: str) -> None:
    """A rule holds or does not hold."""
    with suppress(ServiceError):
        assert rule_of(text).holds(lambda name: "ALARM") in (True, False)


@given(st.text(max_size=20) | st.from_regex(r"(p|tm|TM|PR|wm)\(?\d*%?:?\d*%?\)?", fullmatch=True))
def test_statistics(name: str) -> None:
    """A name is that of a statistic, or of none."""
    assert statistic(name) is None or callable(statistic(name))
