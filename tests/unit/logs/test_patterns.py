"""Which events a filter pattern matches: the examples of CloudWatch's page, and what lies between them."""

import contextlib
import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pileus.services.logs.errors import InvalidParameterException
from pileus.services.logs.patterns import parse
from pileus.services.logs.patterns.columns import columns_of
from pileus.services.logs.patterns.comparing import wildcard
from pileus.services.logs.patterns.regexes import searcher


@pytest.mark.parametrize(
    ("pattern", "message", "matches"),
    [
        ("", "anything", True),
        ("   ", "anything", True),
        ("ERROR", "[ERROR 400] BAD REQUEST", True),
        ("ERROR", "[error 400] bad request", False),  # case counts
        ("ERR", "[ERROR 400]", True),  # a term is a piece of text, no word
        ("ERROR ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS", True),
        ("ERROR ARGUMENTS", "[ERROR 401] UNAUTHORIZED", False),
        ("?ERROR ?ARGUMENTS", "[ERROR 401] UNAUTHORIZED", True),
        ("?ERROR ?ARGUMENTS", "missing ARGUMENTS", True),
        ("?ERROR ?ARGUMENTS", "nothing", False),
        ("REQUEST ?ERROR ?WARN", "[INFO] REQUEST FAILED", True),  # beside others, `?` terms are ignored
        ("ERROR -ARGUMENTS", "[ERROR 401] UNAUTHORIZED", True),
        ("ERROR -ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS", False),
        ("-DEBUG", "INFO", True),
        ("-DEBUG", "DEBUG", False),
        ('"INTERNAL SERVER ERROR"', "[ERROR 500] INTERNAL SERVER ERROR", True),
        ('"INTERNAL SERVER ERROR"', "[ERROR 500] INTERNAL ERROR SERVER", False),
        ('"a.b" -"c d"', "a.b c", True),
        ('"a.b" -"c d"', "a.b c d", False),
        ('?"a b" ?"c d"', "c d", True),
        (r'"say \"hi\""', 'say "hi"', True),
        ("über", "über", True),
        ("%AUTHORIZED%", "[ERROR 401] UNAUTHORIZED REQUEST", True),
        ("%colou?r%", "the color", True),
        ("%^ERROR%", "an ERROR", False),
        (r"%10\.10\.0\.1%", "from 10.10.0.1", True),
        (r"%10\.10\.0\.1%", "from 10x10.0.1", False),
        (r"%4\d{2}%", "status 404", True),
        ("-%4[0-9][0-9]%", "status 404", False),
    ],
)
def test_terms(pattern: str, message: str, matches: bool) -> None:
    """Without brackets and braces, terms are looked for anywhere in the event."""
    assert parse(pattern).matches(message) is matches


EVENT = {
    "eventType": "UpdateTrail",
    "sourceIPAddress": "123.123.10.1",
    "arrayKey": ["value", "another value"],
    "objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}],
    "SomeObject": None,
    "ThisFlag": True,
    "other": False,
    "number": -1.5,
    "big": 500,
    "text number": "500",
    "user-agent": "curl",
    "a.b": "dotted",
    "nested": {"deep": {"value": 3e2}},
}


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ('{ $.eventType = "UpdateTrail" }', True),
        ('{$.eventType="UpdateTrail"}', True),
        ("{ $.eventType = UpdateTrail }", True),
        ('{ $.eventType = "update*" }', False),
        ('{ $.eventType = "Update*" }', True),
        ('{ $.eventType = "*Trail" }', True),
        ("{ $.eventType = * }", True),
        ("{ $.big = * }", True),
        ("{ $.nested = * }", False),  # an object equals nothing
        ('{ $.eventType != "Other" }', True),
        ('{ $.eventType != "UpdateTrail" }', False),
        ('{ $.missing != "x" }', False),  # nothing to compare
        ('{ $.arrayKey[0] = "value" }', True),
        ('{ $.arrayKey[7] = "value" }', False),
        ('{ $.arrayKey[*] = "another value" }', True),
        ("{ $.objectList[1].id = 2 }", True),
        ("{ $.objectList[*].id = 2 }", True),
        ("{ $.objectList[*].id = 3 }", False),
        ("{ $.*.deep.value = 300 }", True),
        ("{ $.SomeObject IS NULL }", True),
        ("{ $.missing IS NULL }", False),
        ("{ $.eventType IS NULL }", False),
        ("{ $.SomeOtherObject NOT EXISTS }", True),
        ("{ $.SomeObject NOT EXISTS }", False),
        ("{ $.nested NOT EXISTS }", False),
        ("{ $.ThisFlag IS TRUE }", True),
        ("{ $.ThisFlag IS FALSE }", False),
        ("{ $.other IS FALSE }", True),
        ("{ $.number < 0 }", True),
        ("{ $.number > -1.5 }", False),
        ("{ $.number >= -1.5 }", True),
        ("{ $.big = 5e2 }", True),
        ("{ $.big = 5* }", True),
        ('{ $.big = "500" }', False),  # a quoted text is no number
        ('{ $.["text number"] = "500" }', True),
        ("{ $.['text number'] >= 500 }", True),
        ("{ $.user-agent = curl }", True),
        ('{ $.["a.b"] = dotted }', True),
        ("{ $.sourceIPAddress = 123.123.* }", True),
        ('{ $.sourceIPAddress != "123.123.*" }', False),
        (r"{ $.eventType = %^Up.*l$% }", True),
        ("{ $.eventType = %down% }", False),
        ('{ ($.big = 1 || $.big = 500) && $.eventType = "UpdateTrail" }', True),
        ("{ $.big = 500 || $.big = 1 && $.number = 7 }", True),  # && binds closer
        ("{ ($.big = 500 || $.big = 1) && $.number = 7 }", False),
    ],
)
def test_json(pattern: str, matches: bool) -> None:
    """The conditions of the user guide's page on JSON events, on one event."""
    assert parse(pattern).matches(json.dumps(EVENT)) is matches


@pytest.mark.parametrize("message", ["", "text", '{"a": 1', 'INFO {"a": 1}', "1", '"a"'])
def test_events_that_are_not_json_match_no_braces(message: str) -> None:
    """`!=` and `NOT EXISTS` too ask of JSON only."""
    assert not parse("{ $.b NOT EXISTS }").matches(message)


_LINE = '127.0.0.1 frank Prod [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("[]", True),
        ("[ip, user, username, timestamp, request, status_code, bytes]", True),
        ("[ip, user, username]", False),  # as many columns as there are
        ("[ip, ...]", True),
        ("[..., bytes]", True),
        ("[ip, ..., status_code, bytes]", True),
        ("[a, b, c, d, e, f, g, ...]", True),
        ("[a, b, c, d, e, f, g, h, ...]", False),
        ("[..., request = *.html*, status_code = 4*, bytes]", True),
        ('[..., request = "GET *", status_code = 4*, bytes]', True),
        ("[..., status_code = 404 || status_code = 410, bytes > 1000]", True),
        ("[..., status_code = 404 || status_code = 410, bytes > 2000]", False),
        ("[..., status_code != 404, bytes]", False),
        ("[..., (status_code = 404 || status_code = 410) && status_code != 410, bytes]", True),
        ("[ip=%127\\.0\\.0\\.[1-9]%, ...]", True),
        ("[ip=%^10\\.%, ...]", False),
        ("[, user = frank, ...]", True),
    ],
)
def test_columns(pattern: str, matches: bool) -> None:
    """The page's access log, seen as columns."""
    assert parse(pattern).matches(_LINE) is matches


@pytest.mark.parametrize(
    "pattern",
    [
        *("a.b", "[", '"open', 'a"b"', "--x", "?", "a:b", "%", "%a!%", "%(a)%", "%[%", "%a"),
        *("{", "{}", "{ $.a }", "{ $ = 1 }", "{ a = 1 }", "{ $.a = }", "{ $.a == 1 }", "{ $.a = 1 && }", "{ $.a > x }"),
        *("{ ($.a = 1 }", "{ $.a = 1 } x", "{ $.a IS EMPTY }", "{ $.a = 1 $.b = 2 }", "{ $.a[ = 1 }"),
        *("[a, a]", "[a, ..., b, ...]", "[a = ]", "[a b]", "[a, b = 1 && c = 2]", "[a > x]"),
        *("{ $.a = %x% && $.b = %x% && $.c = %x% }", "{ " + "(" * 200 + "$.a = 1" + ")" * 200 + " }"),
    ],
)
def test_no_patterns(pattern: str) -> None:
    """A mistake is answered, not guessed at."""
    with pytest.raises(InvalidParameterException):
        parse(pattern)


@given(st.text('a "[]\\\n', max_size=12))
@settings(max_examples=500, deadline=None)
def test_columns_agree_with_one_expression(message: str) -> None:
    """Which would say it in a line, and take seconds for many brackets."""
    column = re.compile(r'"((?:[^"\\]|\\.)*)"(?=\s|$)|\[([^\]]*)\](?=\s|$)|(\S+)')
    assert columns_of(message) == [match[match.lastindex or 0] for match in column.finditer(message)]


@pytest.mark.parametrize("message", ["[ " * 50_000, "[ " * 50_000 + "]x", '" ' * 50_000, '"\\ ' * 50_000, "[" * 50_000])
def test_no_event_holds_everybody_up(message: str) -> None:
    """Events are as long as their writers like."""
    assert not parse("[a, b, c]").matches(message)


def test_what_patterns_extract() -> None:
    """TestMetricFilter shows it, and metric filters count it."""
    columns = parse("[ip, ..., status = 4*, size]")
    assert columns.extract(_LINE) == {"$ip": "127.0.0.1", "$status": "404", "$size": "1534"}
    assert columns.value(_LINE, "$size") == "1534"
    assert (columns.knows("$size"), columns.knows("$other")) == (True, False)
    events = parse("{ $.nested.deep.value > 1 && $.missing NOT EXISTS }")
    assert events.extract(json.dumps(EVENT)) == {"$.nested.deep.value": "300"}
    assert events.value(json.dumps(EVENT), "$.objectList[1].name") == "b"
    assert events.value(json.dumps(EVENT), "$.nested") is None
    assert parse("UpdateTrail").extract(json.dumps(EVENT)) == {}
    assert parse("absent").extract(json.dumps(EVENT)) is None


_PIECE = st.sampled_from(["a", "b", "x", ".", "[ab]", "[^a]", r"\d", r"\w", "[a-c]", r"\.", r"\$", r"\\", "]", " "])
_TIMES = st.sampled_from(["", "", "?", "*", "+", "{2}", "{1,2}", "{0,}", "{,2}", "{}", "{x", "*?", "+?"])
_ROW = st.lists(st.tuples(_PIECE, _TIMES).map("".join), max_size=5).map("".join)
_EDGED = st.tuples(st.sampled_from(["", "^"]), _ROW, st.sampled_from(["", "$"])).map("".join)


@given(st.lists(_EDGED, min_size=1, max_size=3).map("|".join).filter(bool), st.text("abx1. \n]$\\", max_size=8))
@settings(max_examples=1_000, deadline=None)
def test_regular_expressions_agree_with_pythons(expression: str, text: str) -> None:
    """The automaton finds what trying every way finds."""
    assert searcher(expression)(text) is (re.search(expression, text, re.ASCII) is not None)


@pytest.mark.parametrize("expression", ["a*a*a*a*a*a*a*b", ".*.*.*.*.*x", "a?" * 100 + "a" * 100, "[ab]{1,400}c"])
def test_no_regular_expression_holds_everybody_up(expression: str) -> None:
    """Trying every way would take years."""
    assert not searcher(expression)("a" * 99)
    assert not parse(f"%{expression}%").matches("y" * 20_000)


@given(st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_pattern_or_a_mistake(text: str) -> None:
    """Nothing a client sends ends in our own error."""
    for wrapped in (text, "{" + text + "}", "[" + text + "]"):
        with contextlib.suppress(InvalidParameterException):
            parse(wrapped).matches('{"a": "b"} c')


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1, max_size=2), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    st.dictionaries(st.text("abc", min_size=1, max_size=2), _JSON, max_size=4), st.text("abc", min_size=1, max_size=2)
)
@settings(max_examples=200, deadline=None)
def test_one_of_there_and_not_there(event: dict[str, Any], name: str) -> None:
    """A selector exists just when the dictionary has the key; and equality of integers is theirs."""
    message = json.dumps(event)
    assert parse(f"{{ $.{name} NOT EXISTS }}").matches(message) is (name not in event)
    value = event.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        assert parse(f"{{ $.{name} = {value} }}").matches(message)
        assert parse(f"{{ $.{name} < {value + 1} }}").matches(message)
        assert not parse(f"{{ $.{name} != {value} }}").matches(message)


@given(st.text("ab*", max_size=8), st.text("ab", max_size=10))
@settings(max_examples=300, deadline=None)
def test_wildcards_agree_with_the_obvious_way(pattern: str, text: str) -> None:
    """The linear matcher means what trying everything means."""

    def obvious(pattern: str, text: str) -> bool:
        if not pattern:
            return not text
        if pattern[0] == "*":
            return any(obvious(pattern[1:], text[at:]) for at in range(len(text) + 1))
        return text[:1] == pattern[0] and obvious(pattern[1:], text[1:])

    assert wildcard(pattern)(text) is obvious(pattern, text)
