"""What Insights queries give: the manual's commands, on events that one can look through by hand."""

import contextlib
import json
import random
import re
import statistics
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pileus.kernel.errors import NotImplementedByPileus, ServiceError
from pileus.services.logs.errors import MalformedQueryException
from pileus.services.logs.insights import Run, parse_query, running
from pileus.services.logs.insights.commands import glob
from pileus.services.logs.insights.rows import event_row
from pileus.services.logs.insights.values import order

AT_MS: Final = 1_772_704_800_000
"""2026-03-05 10:00:00"""


def run(query: str, *messages: str | dict[str, Any], of_lambda: bool = False) -> list[dict[str, str]]:
    """The messages are a second apart; the rows without their pointers."""
    query_run = Run(parse_query(query, now_ms=AT_MS), limit=10_000)
    for number, message in reversed(list(enumerate(messages))):
        query_run.add(
            event_row(
                message=message if isinstance(message, str) else json.dumps(message),
                at_ms=AT_MS + number * 1000,
                ingested_ms=AT_MS,
                stream=f"stream{number % 2}",
                log="1:g",
                pointer=lambda number=number: f"p{number}",  # type: ignore[misc]  # bound here
                of_lambda=of_lambda,
            )
        )
    return [{name: value for name, value in row if name != "@ptr"} for row in query_run.end()]


def values(query: str, *messages: str | dict[str, Any], **options: Any) -> list[list[str]]:
    return [list(row.values()) for row in run(query, *messages, **options)]


def test_without_columns_a_query_shows_time_and_message() -> None:
    """The latest first, as the console shows it."""
    assert run("limit 1", "old", "new") == [{"@timestamp": "2026-03-05 10:00:01.000", "@message": "new"}]
    assert run("fields @logStream, @log, @missing | limit 1", "x") == [{"@logStream": "stream0", "@log": "1:g"}]


def test_rows_are_looked_at_once_however_often_they_are_sorted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bounded sort of many rows sorts again and again; what it sorts by is computed once for each row."""
    looked: list[object] = []

    def noted(value: Any) -> tuple[int, float, str]:
        looked.append(value)
        return order(value)

    monkeypatch.setattr(running, "order", noted)
    rows = values("fields n | sort n desc, @timestamp | limit 3", *({"n": n % 7_000} for n in range(21_000)))
    assert rows == [["6999"]] * 3
    assert len(looked) == 2 * 21_000


_EVENTS: Final[tuple[dict[str, Any], ...]] = (
    {"level": "INFO", "ms": 10, "user": {"name": "ann", "tags": ["a", "b"]}, "ok": True},
    {"level": "WARN", "ms": 25.5, "user": {"name": "bob"}, "ok": False, "text-number": "7"},
    {"level": "ERROR", "ms": 300, "user": {"name": "ann"}, "code": "500", "ip": "10.1.2.3"},
)


@pytest.mark.parametrize(
    ("condition", "matching"),
    [
        ('level = "INFO"', [10]),
        ("level != 'INFO'", [300, 25.5]),
        ("missing != 'INFO'", []),
        ("ms > 10", [300, 25.5]),
        ("ms >= 10 and ms < 300", [25.5, 10]),
        ("ms=10 or ms=300", [300, 10]),
        ("code = 500", [300]),  # a text that is a number counts as one
        ("code >= 400", [300]),
        ("not ms > 10", [10]),
        ("not (ms > 10 and level = 'WARN')", [300, 10]),
        ("level like 'RR'", [300]),
        ("level like /^(INFO|WARN)$/", [25.5, 10]),
        ("level =~ /(?i)warn/", [25.5]),
        ("level not like /R/", [10]),
        ("missing not like /R/", []),
        ("level in ['INFO', 'ERROR']", [300, 10]),
        ("level not in ['INFO', 'ERROR']", [25.5]),
        ("ms in [10, 300]", [300, 10]),
        ("ispresent(code)", [300]),
        ("not ispresent(code)", [25.5, 10]),
        ("user.name = 'ann'", [300, 10]),
        ("user.tags.1 = 'b'", [10]),
        ("`text-number` = 7", [25.5]),
        ("ok = 1", [10]),
        ("ok = false", [25.5]),
        ("ms / 10 = 1", [10]),
        ("ms * 2 + 1 > 52 - 2 ^ 3 and ms % 7 != 6", [25.5]),
        ("-ms < -100", [300]),
        ("strlen(level) = 4", [25.5, 10]),
        ("isIpv4InSubnet(ip, '10.1.0.0/16')", [300]),
        ("isValidIp(ip)", [300]),
        ("strcontains(level, 'NF')", [10]),
        ("@message like 'bob'", [25.5]),
        ("LEVEL = 'INFO'", []),  # names respect case
    ],
)
def test_filter(condition: str, matching: list[float]) -> None:
    """Operators, precedence, discovered fields; what is not there equals nothing, and differs from nothing."""
    assert [float(value) for [value] in values(f"fields ms | filter {condition}", *_EVENTS)] == matching


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("ms + 1", "26.5"),
        ("ms / 3", "8.5"),
        ("ms / 0", None),
        ("level + 1", None),
        ("concat(level, '-', ms)", "WARN-25.5"),
        ("tolower(level)", "warn"),
        ("toupper('a')", "A"),
        ("trim('  x ')", "x"),
        ("ltrim('xxa', 'x')", "a"),
        ("substr(level, 1)", "ARN"),
        ("substr(level, 1, 2)", "AR"),
        ("replace(level, 'A', 'O')", "WORN"),
        ("coalesce(missing, level)", "WARN"),
        ("isempty(missing)", "1"),
        ("isblank(' ')", "1"),
        ("abs(-3)", "3"),
        ("ceil(ms)", "26"),
        ("floor(ms)", "25"),
        ("sqrt(16)", "4"),
        ("sqrt(-1)", None),
        ("greatest(1, ms, 3)", "25.5"),
        ("least(1, ms, 3)", "1"),
        ("1 / 3", "0.3333"),
        ("toMillis(@timestamp)", "1772704801000"),
        ("fromMillis(0)", "1970-01-01 00:00:00.000"),
        ("now()", str(AT_MS // 1000)),
        ("bin(1h)", "2026-03-05 10:00:00.000"),
        ("datefloor(@timestamp, 1d)", "2026-03-05 00:00:00.000"),
        ("dateceil(@timestamp, 1d)", "2026-03-06 00:00:00.000"),
        ("datefloor(@timestamp, 1mo)", "2026-03-01 00:00:00.000"),
        ("dateceil(@timestamp, 1q)", "2026-04-01 00:00:00.000"),
        ("datefloor(@timestamp, 5 )", "malformed"),
    ],
)
def test_functions(expression: str, value: str | None) -> None:
    """What a column computes; what cannot be computed is left out."""
    query = f"fields {expression} as x | filter level = 'WARN'"
    if value == "malformed":
        with pytest.raises(MalformedQueryException):
            run(query, *_EVENTS)
        return
    assert run(query, *_EVENTS) == [{} if value is None else {"x": value}]


def test_stats() -> None:
    """Each function, in groups and over all; a column is called what the query calls it."""
    query = """
        # how the requests went
        stats count(*), count(code) as codes, count_distinct(user.name) as users, sum(ms), avg(ms), min(ms), max(ms),
          pct(ms, 50) as median, stddev(ms) as deviation, earliest(level) as first, latest(level) as last,
          sum(ms) / count(*) as ratio, max(ms) - min(ms)
    """
    assert run(query, *_EVENTS) == [
        {
            "count(*)": "3",
            "codes": "1",
            "users": "2",
            "sum(ms)": "335.5",
            "avg(ms)": "111.8333",
            "min(ms)": "10",
            "max(ms)": "300",
            "median": "25.5",
            "deviation": "163.1413",
            "first": "INFO",
            "last": "ERROR",
            "ratio": "111.8333",
            "max(ms) - min(ms)": "290",
        }
    ]
    assert run("stats count(*) as n by user.name | sort n desc", *_EVENTS) == [
        {"user.name": "ann", "n": "2"},
        {"user.name": "bob", "n": "1"},
    ]
    assert values("stats count(*) by bin(2s) | sort bin(2s) asc", *_EVENTS) == [
        ["2026-03-05 10:00:00.000", "2"],
        ["2026-03-05 10:00:02.000", "1"],
    ]
    assert values("stats count(*) by level | sort count(*) desc, level asc | limit 2", *_EVENTS) == [
        ["ERROR", "1"],
        ["INFO", "1"],
    ]
    assert values("stats sum(ms) as total by user.name as who | stats max(total)", *_EVENTS) == [["310"]]
    assert values("filter level = 'none' | stats count(*)", *_EVENTS) == []
    assert values("stats sum(ms > 20) as slow", *_EVENTS) == [["2"]]


def test_sort_and_dedup() -> None:
    """By numbers as numbers, then by texts; what is deduplicated keeps the first in order."""
    assert values("fields ms | sort ms desc", {"ms": 9}, {"ms": 100}, {"ms": 20}) == [["100"], ["20"], ["9"]]
    assert values("fields a, b | sort a asc, b desc", *({"a": a, "b": b} for a in "xy" for b in "12")) == [
        ["x", "2"],
        ["x", "1"],
        ["y", "2"],
        ["y", "1"],
    ]
    query = "fields user.name, ms | sort ms asc | dedup user.name"
    assert values(query, *_EVENTS, {"ms": 1}) == [["ann", "10"], ["bob", "25.5"]]


def test_parse() -> None:
    """By globs and by groups; what does not fit keeps its fields unset."""
    line = "25 May 2019 10:24:39,474 [ERROR] {foo=2, bar=data} The error was: DataIntegrityException"
    query = 'parse @message "[*] {foo=*, bar=*} The error was: *" as level, foo, bar, exception'
    assert values(f"{query} | display level, foo, bar, exception", line, "other") == [
        [],
        ["ERROR", "2", "data", "DataIntegrityException"],
    ]
    assert values("parse '[*]' as level | display level", line) == [["ERROR"]]
    query = r"parse @message /user=(?<user>\w+), path=(?<path>\/\S*)/ | filter user = 'ann' | display path"
    assert values(query, "user=ann, path=/a/b", "user=bob, path=/c") == [["/a/b"]]
    assert values("parse a.b '*-*' as x, y | display y, x", {"a": {"b": "1-2"}}) == [["2", "1"]]


@given(st.lists(st.text("ab", max_size=2), min_size=2, max_size=4), st.text("abc", max_size=12))
@settings(max_examples=500, deadline=None)
def test_globs_agree_with_lazy_expressions(pieces: list[str], text: str) -> None:
    """Which would try every way."""
    middle = "(.*?)".join(re.escape(piece) for piece in pieces[:-1])
    last = "(.*)$" if not pieces[-1] else f"(.*?){re.escape(pieces[-1])}"
    match = re.search(middle + last, text, re.DOTALL)
    found = glob(pieces)(text)
    assert (None if found is None else tuple(found)) == (None if match is None else match.groups())


def test_columns_gather() -> None:
    """`fields` adds, `display` replaces, a computed column can be asked for later."""
    query = "fields ms as took | fields took * 2 as twice | filter twice > 100"
    assert run(query, *_EVENTS) == [{"took": "300", "twice": "600"}]
    assert run(f"{query} | display twice", *_EVENTS) == [{"twice": "600"}]


_REQUEST: Final = "8f5f33a4-6e7d-4b1c-9a39-0c5e0a4c7d11"


def test_lines_of_functions() -> None:
    """The fields that Lambda's frames have, units as on AWS: bytes of a million to the megabyte."""
    report = (
        f"REPORT RequestId: {_REQUEST}\tDuration: 12.34 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\t"
        "Max Memory Used: 40 MB\tInit Duration: 100.5 ms\t"
    )
    query = "fields @type, @requestId, @duration, @billedDuration, @memorySize, @maxMemoryUsed, @initDuration"
    assert values(query, report, of_lambda=True) == [
        ["REPORT", _REQUEST, "12.34", "13", "128000000", "40000000", "100.5"]
    ]
    line = f'[INFO]\t2026-03-05T10:00:00.000Z\t{_REQUEST}\tgot {{"order": {{"id": 7}}}} and more'
    assert values("fields @type, @requestId, order.id", line, of_lambda=True) == [[_REQUEST, "7"]]
    assert values("fields @requestId, order.id", line) == [[]]  # elsewhere nobody looks into texts
    query = "filter @type = 'REPORT' | stats max(@memorySize / 1000 / 1000) as mb, count(*)"
    assert values(query, report, line, of_lambda=True) == [["128", "1"]]


@pytest.mark.parametrize(
    "query",
    [
        *("", "|", "bogus", "fields", "fields @message |", "fields a | | limit 1", "filter", "filter a =", "limit x"),
        *("limit 0", "limit 10001", "stats", "stats ms", "filter count(*) > 1", "stats sum(count(*))", "sort", "dedup"),
        *("fields unknown(a)", "fields strlen()", "fields strlen(a, b)", "filter a like b", "filter a in b"),
        *("parse @message '*' as a, b", "parse @message /x/", "parse @message /(/", "filter a like /(/", "fields a as"),
        *("stats pct(a)", "stats pct(a, 101)", "stats count(*) by", "fields ~", "fields 'open", "filter (a"),
        *("stats count(*) by bin(0m)", "stats count(*) by bin(ms)", "filter a like", "limit 1 2"),
        "filter " + "(" * 200 + "a" + ")" * 200,
    ],
)
def test_no_queries(query: str) -> None:
    """A mistake is told with its place."""
    with pytest.raises(MalformedQueryException) as caught:
        parse_query(query)
    assert caught.value.members["queryCompileError"]


@pytest.mark.parametrize("query", ["fields @message | pattern @message", "fields jsonParse(@message) as x"])
def test_what_pileus_does_not_know_is_told(query: str) -> None:
    """It exists on AWS, so it is no mistake."""
    with pytest.raises(NotImplementedByPileus):
        parse_query(query)


def test_a_query_that_everybody_copies() -> None:
    """One of the console's samples: later columns of `stats` may use earlier ones."""
    query = """
        filter @type = "REPORT"
        | stats max(@memorySize / 1000 / 1000) as provisionedMemoryMB,
          min(@maxMemoryUsed / 1000 / 1000) as smallestMemoryRequestMB,
          max(@maxMemoryUsed / 1000 / 1000) as maxMemoryUsedMB,
          provisionedMemoryMB - maxMemoryUsedMB as overProvisionedMB
    """
    lines = [
        f"REPORT RequestId: {_REQUEST}\tDuration: 1 ms\tBilled Duration: 1 ms\tMemory Size: 128 MB\t"
        f"Max Memory Used: {used} MB\t"
        for used in (40, 60)
    ]
    assert values(query, *lines, of_lambda=True) == [["128", "40", "60", "68"]]


@given(st.text(max_size=80))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_query_or_a_mistake(text: str) -> None:
    """Nothing a client sends ends in our own error."""
    for query in (text, f"filter {text}", f"stats count(*) by {text}", f"parse @message {text}"):
        with contextlib.suppress(ServiceError):
            run(query, "message", {"a": 1})


def test_statistics_agree_with_pythons() -> None:
    """Many numbers in many groups, against the plain way."""
    chance = random.Random(7)
    events: list[dict[str, Any]] = [{"g": chance.choice("abc"), "v": chance.uniform(-5, 1e4)} for _ in range(500)]
    found = run("stats count(*) as n, sum(v) as s, avg(v) as a, stddev(v) as d, pct(v, 90) as p by g", *events)
    assert len(found) == 3
    for row in found:
        expected: list[float] = [event["v"] for event in events if event["g"] == row["g"]]
        assert int(row["n"]) == len(expected)
        assert float(row["s"]) == pytest.approx(sum(expected), abs=1e-3)
        assert float(row["a"]) == pytest.approx(statistics.fmean(expected), abs=1e-3)
        assert float(row["d"]) == pytest.approx(statistics.stdev(expected), abs=1e-3)
        assert sum(value <= float(row["p"]) + 1e-3 for value in expected) >= 0.9 * len(expected)


def test_a_bounded_sort_forgets_what_cannot_be_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the top ten of a million rows do not hold a million rows."""
    monkeypatch.setattr("pileus.services.logs.insights.running._SORTED_SLACK", 5)
    events = [{"v": number * 37 % 101} for number in range(101)]
    assert values("fields v | sort v desc | limit 3", *events) == [["100"], ["99"], ["98"]]
    assert len(values("fields v | sort v desc | filter v < 50", *events)) == 50
