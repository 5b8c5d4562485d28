"""Where AWS says that an event pattern is wrong. Recording events/events_patterns, `test_event_pattern[..._EXC]`."""

import json

import pytest

from pileus.services.events.errors import InvalidEventPatternException
from pileus.services.events.patterns import pattern_of

_ANYTHING_BUT = "Value of anything-but must be an array or single string/number value."
_CASE = "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported."


def refusal(text: str) -> str:
    with pytest.raises(InvalidEventPatternException) as caught:
        pattern_of(text)
    return caught.value.message


@pytest.mark.parametrize(
    ("text", "reason", "column", "times"),
    [
        ('{"int": 42}', '"int" must be an object or an array', 11, 1),
        ('{"string": "my-value"}', '"string" must be an object or an array', 13, 1),
        ('{"resources": []}', "Empty arrays are not allowed", 17, 1),
        ('{"detail": {"equal": [{"NUMERIC": ["=", 5]}]}}', "Unrecognized match type NUMERIC", 36, 1),
        ('{"my_key": [{"EXISTS": true}]}', "Unrecognized match type EXISTS", 28, 1),
        ('{"detail": {"c-count": [{"numeric": [">", 0, ">", 0]}]}}', "Bad numeric range operator: >", 49, 1),
        ('{"detail": {"c-count": [{"numeric": [">", 0, "<"]}]}}', "Value of < must be numeric", 50, 1),
        ('{"detail": {"c-count": [{"numeric": 10}]}}', "Value of numeric must be an array.", 39, 1),
        ('{"time": [{"prefix": ["2022-07-13"]}]}', "prefix match pattern must be a string", 23, 1),
        ('{"time": [{"prefix": 123}]}', "prefix match pattern must be a string", 25, 1),
        ('{"detail": {"state": [{"anything-but": null}]}}', _ANYTHING_BUT, 44, 1),
        ('{"detail": {"state": [{"anything-but": {"equals-ignore-case": [123, 456]}}]}}', _CASE, 67, 2),
        (
            '{"detail": {"state": [{"anything-but": ["stopped", null]}]}}',
            "Inside anything but list, start|null|boolean is not supported.",
            56,
            2,
        ),
        (
            '{"detail": {"FileName": [{"anything-but": {"prefix": ""}}]}}',
            "Null prefix/suffix not allowed",
            56,
            1,
        ),
        ('{"a": [{"wildcard": "x**"}]}', "Consecutive wildcard characters at pos 2", 26, 1),
    ],
)
def test_the_place_is_told(text: str, reason: str, column: int, times: int) -> None:
    """Each kind of place that is recorded."""
    place = f'\n at [Source: (String)"{text}"; line: 1, column: {column}]'
    assert refusal(text) == f"Event pattern is not valid. Reason: {reason}{place * times}"


def test_lines_are_counted() -> None:
    """Of a pattern over several lines, whose beginning alone is shown where it is long."""
    text = json.dumps({"a": ["x" * 600], "b": 1}, indent=1)
    told = refusal(text)
    assert told.startswith(
        'Event pattern is not valid. Reason: "b" must be an object or an array\n at [Source: (String)"{'
    )
    assert told.endswith(f'x"[truncated {len(text) - 500} chars]; line: 5, column: 8]')


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "1", '{"a": [1', '{"a" 1}', "x", '{"a": ["\\ud800"]', "[" * 4_000, '{"a":' * 3_000]
)
def test_what_is_no_json_has_no_place(text: str) -> None:
    """It is refused all the same."""
    assert "Source" not in refusal(text)


def test_places_that_aws_does_not_tell() -> None:
    """[content_ip_address_EXC]: found after the text was read."""
    told = refusal('{"a": [{"cidr": "10.0.0.0"}]}')
    assert told == "Event pattern is not valid. Reason: Malformed CIDR, one '/' required"
