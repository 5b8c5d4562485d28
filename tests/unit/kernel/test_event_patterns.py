"""Event patterns: what fits, what does not, and what is refused, in AWS's words.

Names in brackets are those of recordings: events_patterns, `test_event_pattern[...]`.
"""

import json
import time
from typing import Any

import pytest

from pileus.kernel.event_patterns import ALTERNATIVES_MAX, PatternSyntax, compile_pattern


def fits(pattern: Any, event: Any) -> bool:
    return compile_pattern(json.dumps(pattern)).matches_json(json.dumps(event))


@pytest.mark.parametrize(
    ("entry", "fitting", "others"),
    [
        ("a", ["a"], ["A", "ab", None, 1, ["b"], {}]),
        ("", [""], ["a", None]),
        (1, [1, 1.0, [2, 1]], ["1", True, 2, None]),
        (0, [0, 0.0, -0.0], [False, "", None]),
        (True, [True], [1, "true", False]),
        (None, [None, [1, None]], ["", 0, False, []]),  # [null_value], [arrays_empty_null_NEG]
        ({"prefix": "eu-"}, ["eu-", "eu-west-1"], ["us-eu-", "e", 1, None]),
        ({"prefix": ""}, ["", "a"], [1, None]),  # [content_prefix_empty]
        ({"prefix": {"equals-ignore-case": "EU-"}}, ["eu-1", "EU-1"], ["u", 1]),  # [content_prefix_ignorecase]
        ({"suffix": ".png"}, [".png", "a.png"], [".PNG", "png", 1]),
        ({"suffix": {"equals-ignore-case": ".png"}}, ["a.PnG"], ["a.pn"]),  # [content_suffix_ignorecase]
        ({"equals-ignore-case": "Alice"}, ["alice", "ALICE"], ["alices", 1, None]),
        ({"equals-ignore-case": ""}, [""], ["a"]),  # [content_ignorecase_empty]
        ({"wildcard": "a*b*c"}, ["abc", "a--b--c", "abbcc", "abcbc"], ["ab", "xabc", "abcx", "acb", 1]),
        ({"wildcard": "*"}, ["", "a"], [1, None]),
        ({"wildcard": "aa*aa"}, ["aaaa", "aabaa"], ["aaa", "aa"]),
        ({"wildcard": "*a*a*"}, ["aa", "bab a"], ["a", "bab"]),
        ({"wildcard": "a\\*\\\\*"}, ["a*\\", "a*\\b"], ["ab\\", "a*"]),
        ({"wildcard": ""}, [""], ["a"]),  # [content_wildcard_empty_NEG]
        ({"numeric": ["=", 5]}, [5, 5.0], ["5", 4, None, True]),  # [numeric-string_NEG], [numeric-null_NEG]
        ({"numeric": [">", 0, "<=", 5]}, [0.1, 5], [0, 5.1, -1, "3", False, True]),
        ({"numeric": ["<", -3.5]}, [-4, -3.6], [-3.5, 0]),
        ({"numeric": [">=", 1]}, [1, 10**12], [0.99]),
        ({"cidr": "10.0.0.0/24"}, ["10.0.0.0", "10.0.0.255"], ["10.0.1.0", "x", 1, "2001:db8::"]),
        ({"cidr": "2001:db8:1234:1a00::/64"}, ["2001:0db8:1234:1a00::1"], ["2001:db8:123f:1a01::", "10.0.0.1"]),
        ({"anything-but": "a"}, ["b", None, 1, "", ["a", "b"]], ["a", ["a"], [], {}]),
        ({"anything-but": ["a", "b"]}, ["c", None, 0], ["a", "b"]),  # [content_anything_but_string_list_null]
        ({"anything-but": 1}, [0, "1", None], [1, 1.0]),
        ({"anything-but": [1, 2]}, [3, "1"], [2]),
        ({"anything-but": {"prefix": "a"}}, ["b", 1, None], ["a", "ab"]),  # [content_anything_prefix_int_value]
        ({"anything-but": {"prefix": ["a", "b"]}}, ["c"], ["ax", "bx"]),
        ({"anything-but": {"suffix": ".txt"}}, ["a.png", None], ["a.txt"]),
        ({"anything-but": {"suffix": [".txt", ".png"]}}, ["a"], ["a.png"]),
        ({"anything-but": {"wildcard": "*/dir/*"}}, ["a/b", 1, ""], ["a/dir/b"]),
        ({"anything-but": {"wildcard": ["*a", "b*"]}}, ["c"], ["xa", "bx"]),
        ({"anything-but": {"equals-ignore-case": ["A", "b"]}}, ["c", None], ["a", "B"]),
        ({"exists": True}, ["a", None, 0, [1], [{}, None]], [[], {}, [{}], {"a": 1}]),
        ({"exists": False}, [[], {}, {"a": 1}, [[]]], ["a", None, [1]]),
    ],
)
def test_one_entry(entry: Any, fitting: list[Any], others: list[Any]) -> None:
    """Each operator alone, on values of each type, at the top, in an array, and at some depth."""
    for value in fitting:
        assert fits({"x": [entry]}, {"x": value}), value
        assert fits({"d": {"x": ["no", entry]}}, {"d": {"x": value, "y": 1}}), value
    for value in others:
        assert not fits({"x": [entry]}, {"x": value}), value
        assert not fits({"d": {"x": ["no", entry]}}, {"d": {"x": value, "y": 1}}), value


@pytest.mark.parametrize(
    "entry", ["a", None, {"anything-but": "a"}, {"exists": True}, {"prefix": ""}, {"anything-but": {"prefix": "a"}}]
)
def test_what_is_missing_fits_nothing_but_absence(entry: Any) -> None:
    """[content_anything_but_string_missing_NEG] and its like."""
    assert not fits({"x": [entry]}, {"y": "a"})
    assert not fits({"d": {"x": [entry]}}, {"d": "text"})
    assert fits({"x": [entry, {"exists": False}]}, {"y": "a"})
    assert fits({"d": {"x": [{"exists": False}]}}, {})


def test_all_fields_and_any_entry() -> None:
    """Fields are joined by "and", entries by "or"; what the pattern does not name is free; case counts."""
    pattern = {"source": ["a", "b"], "detail": {"state": ["on"]}}
    assert fits(pattern, {"source": "b", "detail": {"state": "on", "more": 1}, "more": [2]})
    assert not fits(pattern, {"source": "b", "detail": {"state": "off"}})
    assert not fits(pattern, {"detail": {"state": "on"}})
    assert not fits({"Source": ["a"]}, {"source": "a"})  # [key_case_sensitive_NEG]


def test_fields_of_one_element_belong_together() -> None:
    """As event-ruler's README tells of arrays of objects: not Anna and Smith, who are two people."""
    event = {"people": [{"first": "Anna", "last": "Doe"}, {"first": "John", "last": "Smith"}]}
    assert fits({"people": {"first": ["John"], "last": ["Smith"]}}, event)
    assert not fits({"people": {"first": ["Anna"], "last": ["Smith"]}}, event)
    assert fits({"people": {"first": ["John"], "age": [{"exists": False}]}}, event)
    assert not fits({"people": {"first": ["John"], "last": [{"exists": False}]}}, event)


def test_dots_and_objects_are_the_same() -> None:
    """[dot_joining_pattern], [dot_joining_event]."""
    assert fits({"detail.state": ["on"]}, {"detail": {"state": "on"}})
    assert fits({"detail": {"state": ["on"]}}, {"detail.state": "on"})
    assert fits({"detail": {"a.b": [1], "c": [2]}}, {"detail.a": {"b": 1}, "detail": {"c": 2}}) is False
    assert fits({"a": {"b": {"c": [1]}}}, {"a": {"b.c": 1}, "other": 2})
    assert not fits({"a.b": [{"exists": False}]}, {"a": {"b": None}})


def test_or() -> None:
    """[complex_or], [or-exists], [or-anything-but], [or-exists-parent]: alternatives beside what always counts."""
    pattern = {"source": ["a"], "$or": [{"n": [1]}, {"m": {"k": [{"exists": False}]}, "n": [2]}]}
    assert fits(pattern, {"source": "a", "n": 1, "m": {"k": 1}})
    assert fits(pattern, {"source": "a", "n": 2})
    assert not fits(pattern, {"source": "a", "n": 2, "m": {"k": 1}})
    assert not fits(pattern, {"source": "b", "n": 1})
    nested = {"d": {"$or": [{"a": [1]}, {"$or": [{"b": [2]}, {"c": [3]}]}]}}
    assert [fits(nested, {"d": {name: value}}) for name, value in (("a", 1), ("b", 2), ("c", 3), ("c", 2))] == [
        True,
        True,
        True,
        False,
    ]
    assert fits({"a": ["x", "y"], "$or": [{"a": ["x"]}, {"b": [1]}]}, {"a": "x"})
    assert not fits({"a": ["y"], "$or": [{"a": ["x"]}, {"b": [1]}]}, {"a": "x"})


def test_or_can_still_be_a_name() -> None:
    """As long as it cannot mean alternatives."""
    assert fits({"$or": ["a"]}, {"$or": "a"})
    assert fits({"$or": [{"prefix": "a"}, {"prefix": "b"}]}, {"$or": "bc"})


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ({}, "Empty objects are not allowed"),
        ([], "Filter is not an object"),
        ("text", "Filter is not an object"),
        ({"int": 42}, '"int" must be an object or an array'),
        ({"string": "my-value"}, '"string" must be an object or an array'),
        ({"resources": []}, "Empty arrays are not allowed"),
        ({"a": {}}, "Empty objects are not allowed"),
        ({"a": [["b"]]}, "Match value must be String, number, true, false, or null"),
        ({"a": [{"EXISTS": True}]}, "Unrecognized match type EXISTS"),
        ({"a": [{"exists": "yes"}]}, "exists match pattern must be either true or false."),
        ({"a": [{"prefix": "a", "suffix": "b"}]}, "Only one key allowed in match expression"),
        ({"a": [{}]}, "Match expression name not found"),
        ({"a": [{"prefix": 1}]}, "prefix match pattern must be a string"),
        ({"a": [{"prefix": ["b"]}]}, "prefix match pattern must be a string"),
        ({"a": [{"suffix": 1}]}, "suffix match pattern must be a string"),
        ({"a": [{"equals-ignore-case": ["b"]}]}, "equals-ignore-case match pattern must be a string"),
        ({"a": [{"equals-ignore-case": {"prefix": "b"}}]}, "equals-ignore-case match pattern must be a string"),
        ({"a": [{"wildcard": 1}]}, "wildcard match pattern must be a string"),
        ({"a": [{"wildcard": "arn:aws:events:us-east-1:**:x"}]}, "Consecutive wildcard characters at pos 26"),
        ({"a": [{"wildcard": "\\a"}]}, "Invalid escape character at pos 1"),
        ({"a": [{"wildcard": "\\"}]}, "Invalid escape character at pos 1"),
        ({"a": [{"numeric": 10}]}, "Value of numeric must be an array."),
        ({"a": [{"numeric": []}]}, "Invalid member in numeric match: ]"),
        ({"a": [{"numeric": [">", 0, ">", 0]}]}, "Bad numeric range operator: >"),
        ({"a": [{"numeric": [">", 0, "<"]}]}, "Value of < must be numeric"),
        ({"a": [{"numeric": [">", 0, [], 1]}]}, "Bad numeric range operator: []"),
        ({"a": [{"numeric": ["=", "5"]}]}, "Value of equals must be numeric"),
        ({"a": [{"numeric": [">", 5, "<", 5]}]}, "Bottom must be less than top"),
        ({"a": [{"numeric": [">", 5e9 + 1]}]}, "Value must be between -5.0E9 and 5.0E9, inclusive"),
        ({"a": [{"numeric": ["~", 5]}]}, "Unrecognized numeric range operator: ~"),
        ({"a": [{"NUMERIC": ["=", 5]}]}, "Unrecognized match type NUMERIC"),
        ({"a": [{"cidr": ["bad-type"]}]}, "prefix match pattern must be a string"),
        ({"a": [{"cidr": "bad"}]}, "Malformed CIDR, one '/' required"),
        ({"a": [{"cidr": "10.0.0.1/xx"}]}, "Malformed CIDR, mask bits must be an integer"),
        ({"a": [{"cidr": "10.0.0.1/\u00b2"}]}, "Malformed CIDR, mask bits must be an integer"),
        ({"a." * 100 + "a": ["x"]}, "Path is too deep"),
        ({"a": [{"cidr": "xx.11.xx/8"}]}, "Nonstandard IP address: xx.11.xx"),
        ({"a": [{"cidr": "xxxx:db8:1234:1a00::/64"}]}, "Nonstandard IP address: xxxx:db8:1234:1a00::"),
        ({"a": [{"anything-but": None}]}, "Value of anything-but must be an array or single string/number value."),
        ({"a": [{"anything-but": True}]}, "Value of anything-but must be an array or single string/number value."),
        ({"a": [{"anything-but": []}]}, "Empty arrays are not allowed"),
        ({"a": [{"anything-but": ["b", None]}]}, "Inside anything but list, start|null|boolean is not supported."),
        (
            {"a": [{"anything-but": {"equals-ignore-case": [1, 2]}}]},
            "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.",
        ),
        ({"a": [{"anything-but": {"prefix": ""}}]}, "Null prefix/suffix not allowed"),
        ({"a": [{"anything-but": {"suffix": [None, ".txt"]}}]}, "prefix/suffix match pattern must be a string"),
        (
            {"a": [{"anything-but": {"prefix": {"equals-ignore-case": "b"}}}]},
            "Value of anything-but must be an array or single string/number value.",
        ),
        ({"a": [{"anything-but": {"wildcard": [1, "b"]}}]}, "wildcard match pattern must be a string"),
        ({"a": [{"anything-but": {"numeric": ["=", 1]}}]}, "Unsupported anything-but pattern: numeric"),
    ],
)
def test_refusals(pattern: Any, reason: str) -> None:
    """What is no pattern is refused when it is given, not when the first event comes."""
    with pytest.raises(PatternSyntax) as caught:
        compile_pattern(json.dumps(pattern))
    assert caught.value.reason == reason


def test_hostile_patterns_and_events() -> None:
    """Neither depth nor `$or` of `$or` costs more than a refusal; what is no JSON fits nothing."""
    deep = "{" + '"a":{' * 5_000 + '"b":[1]' + "}" * 5_001
    assert not compile_pattern('{"a":[1]}').matches_json(b'{"a":"\xff"}')
    with pytest.raises(PatternSyntax):
        compile_pattern(b'{"a":["\xff"]}')
    for text in (deep, "{", "\ud800", ""):
        with pytest.raises(PatternSyntax):
            compile_pattern(text.encode("utf-8", "surrogatepass"))
    pair = [{"a": [1]}, {"b": [1]}]
    with pytest.raises(PatternSyntax, match=str(ALTERNATIVES_MAX)):
        compile_pattern(json.dumps({f"d{n}": {"$or": pair} for n in range(20)}))
    assert not compile_pattern('{"a":[1]}').matches_json("[" * 100_000)
    assert not compile_pattern('{"a":[1]}').matches_json(b"\xff")
    stars = json.dumps({"a": [{"wildcard": "*a" * 2_000}]})
    assert not compile_pattern(stars).matches({"a": "a" * 1_999 + "b"})
    nested: object = 1
    for _ in range(5_000):
        nested = [nested]
    assert not compile_pattern('{"a":[1]}').matches({"a": nested})


@pytest.mark.parametrize(
    "pattern",
    ['{"r":{"a":[{"exists":false}],"b":["x"]}}', '{"r":{"b":["x"],"c":{"a":[{"exists":false}]},"a":["y"]}}'],
)
def test_absence_is_looked_for_once(pattern: str) -> None:
    """Events come from strangers: asking each of 20,000 records about all the others would take minutes."""
    event = {"r": [{"b": "y"} for _ in range(20_000)]}
    began = time.process_time()
    assert not compile_pattern(pattern).matches(event)
    assert time.process_time() - began < 1
