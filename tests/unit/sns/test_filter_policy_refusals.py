"""What AWS answers to texts that are no filter policies.

Reasons and places are those of recordings sns_filter_policy (`TestSNSFilterPolicyConditions` and `...Crud`); how the
place names its source is of the newer recording sns `test_subscribe_invalid_filter_policy`.
"""

import json

import pytest

from pileus.services.sns.filters import FilterPolicyRefused, Scope, parse
from pileus.services.sns.filters.complexity import POLICY_BYTES_MAX

AT = "\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: {}]"
NUMERIC = '{"key":[{"numeric":%s}]}'
ANYTHING_BUT = '{"key":[{"anything-but":%s}]}'
VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"


@pytest.mark.parametrize(
    ("policy", "reason", "column"),
    [
        ('{"key":[["value"]]}', "Match value must be String, number, true, false, or null", 10),
        ('{"key":[{"wrong-operator":true}]}', "Unrecognized match type wrong-operator", 31),
        ('{"key":[{"suffix":"value","prefix":"value2"}]}', "Only one key allowed in match expression", 37),
        ('{"key":[]}', "Empty arrays are not allowed", 10),
        ('{"key":[{"suffix":100}]}', "suffix match pattern must be a string", 22),
        ('{"key":[{"suffix":null}]}', "suffix match pattern must be a string", 23),
        ('{"key":{"suffix":"value"}}', '"suffix" must be an object or an array', 19),
        ('{"key":[{"suffix":[]}]}', "suffix match pattern must be a string", 20),
        ('{"key":[{"suffix":["test","test2"]}]}', "suffix match pattern must be a string", 20),
        ('{"key":{"suffix":"value","prefix":"value"}}', '"suffix" must be an object or an array', 19),
        ('{"key":{"not-an-operator":"value"}}', '"not-an-operator" must be an object or an array', 28),
        ('{"key":[{"cidr":["bad-filter"]}]}', "prefix match pattern must be a string", 18),
        (NUMERIC % "[]", "Invalid member in numeric match: ]", 22),
        (NUMERIC % '["operator"]', "Unrecognized numeric range operator: operator", 32),
        (NUMERIC % '[1,"<="]', "Invalid member in numeric match: 1", 22),
        (NUMERIC % '["=","000"]', "Value of equals must be numeric", 26),
        (NUMERIC % '[">="]', "Value of >= must be numeric", 26),
        (NUMERIC % '["<",100,">",10]', "Too many elements in numeric expression", 30),
        (NUMERIC % '[">=",1,">",2]', "Bad numeric range operator: >", 31),
        (NUMERIC % '[">",3,"<",1]', "Bottom must be less than top", 33),
        (NUMERIC % '[">",20,"<="]', "Value of <= must be numeric", 33),
        (NUMERIC % '[">",20,30]', "Bad value in numeric range: 30", 30),
        (NUMERIC % '[">",20,"test"]', "Bad numeric range operator: test", 34),
        (NUMERIC % '[">","20","<","30"]', "Value of > must be numeric", 26),
        (NUMERIC % '[">",20,"<","30"]', "Value of < must be numeric", 33),
        (NUMERIC % '[">",20,"<",30,"<",50]', "Too many terms in numeric range expression", 36),
        ('{"key":[{"exists":null}]}', "exists match pattern must be either true or false.", 23),
        ('{"key":[{"exists":"no"}]}', "exists match pattern must be either true or false.", 20),
        (ANYTHING_BUT % '{"wrong-operator":null}', "Unsupported anything-but pattern: wrong-operator", 47),
        (ANYTHING_BUT % '{"suffix":"test"}', "Unsupported anything-but pattern: suffix", 36),
        (ANYTHING_BUT % '{"exists":false}', "Unsupported anything-but pattern: exists", 40),
        (ANYTHING_BUT % '{"prefix":false}', "prefix match pattern must be a string", 40),
        ('{"key_a":"value_one"}', '"key_a" must be an object or an array', 11),
        # What follows no recording has; the words are those of the rule compiler.
        ("[]", "Filter is not an object", 2),
        ("{}", "Empty objects are not allowed", 3),
        ('{"key":[{}]}', "Match expression name not found", 11),
        ('{"key":[{"wildcard":"a*"}]}', "Unrecognized match type wildcard", 22),
        ('{"$or":[{"a":["x"]}]}', "Unrecognized match type a", 15),
        (NUMERIC % '"x"', "Value of numeric must be an array.", 21),
        (NUMERIC % '["=",1e10]', "Value must be between -1.0E9 and 1.0E9, inclusive", 30),
        (
            ANYTHING_BUT % '[1,"x"]',
            "Inside anything but list, either all values are number or string, mixed type is not supported",
            32,
        ),
        (ANYTHING_BUT % "[null]", "Inside anything but list, start|null|boolean is not supported.", 30),
        (
            ANYTHING_BUT % "true",
            "Value of anything-but must be an array or single string/number value.",
            29,
        ),
    ],
)
def test_first_mistake_is_told_with_its_place(policy: str, reason: str, column: int) -> None:
    """Tools show these texts to whoever wrote the policy; the place tells them where to look."""
    with pytest.raises(FilterPolicyRefused) as refusal:
        parse(policy, Scope.ATTRIBUTES)
    assert refusal.value.reason == f"FilterPolicy: {reason}{AT.format(column)}"


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        ("bad-filter", "Malformed CIDR, one '/' required"),
        ("bad-filter/64", "Nonstandard IP address: bad-filter"),
        ("bad-filter/bad", "Malformed CIDR, mask bits must be an integer"),
        ("xx.11.xx/8", "Nonstandard IP address: xx.11.xx"),
        ("xxxx:db8:1234:1a00::/64", "Nonstandard IP address: xxxx:db8:1234:1a00::"),
    ],
)
def test_networks_are_refused_without_a_place(network: str, reason: str) -> None:
    """Recording `test_validate_policy_string_operators`, error-condition-bad-cidr...: another part of AWS's says so."""
    with pytest.raises(FilterPolicyRefused) as refusal:
        parse(json.dumps({"key": [{"cidr": network}]}), Scope.ATTRIBUTES)
    assert refusal.value.reason == f"FilterPolicy: {reason}"


@pytest.mark.parametrize(
    ("text", "reason", "column"),
    [
        ("invalid", f"Unrecognized token 'invalid': was expecting {VALUES}", 8),
        ("{", "Unexpected end-of-input: expected close marker for Object (start marker at {})", 2),
        ("{key:[]}", "Unexpected character ('k' (code 107)): was expecting double-quote to start field name", 2),
        (
            '{"key" []}',
            "Unexpected character ('[' (code 91)): was expecting a colon to separate field name and value",
            8,
        ),
        (
            '{"key":["a" "b"]}',
            "Unexpected character ('\"' (code 34)): was expecting comma to separate Array entries",
            13,
        ),
        ('{"key":["a', "Unexpected end-of-input in VALUE_STRING", 11),
        ('{"key":[01]}', "Invalid numeric value: Leading zeroes not allowed", 10),
        ('{"key":["\\x"]}', "Unrecognized character escape 'x' (code 120)", 12),
    ],
)
def test_what_is_no_json_is_refused_by_the_parser(text: str, reason: str, column: int) -> None:
    """Recordings sns `test_subscribe_invalid_filter_policy`, `test_validate_set_sub_attributes`: the parser's words."""
    with pytest.raises(FilterPolicyRefused) as refusal:
        parse(text, Scope.ATTRIBUTES)
    reason = reason.format(AT.format(1).removeprefix("\n at "))
    assert refusal.value.reason == f"FilterPolicy: failed to parse JSON. {reason}{AT.format(column)}"


def values(count: int) -> list[str]:
    return [f"value{index}" for index in range(count)]


@pytest.mark.parametrize(
    ("policy", "scope", "reason"),
    [
        ({"key": values(151)}, Scope.ATTRIBUTES, "FilterPolicy: Filter policy is too complex"),
        ({"key1": values(100), "key2": values(51)}, Scope.ATTRIBUTES, "FilterPolicy: Filter policy is too complex"),
        (
            {f"key{index}": ["x"] for index in range(6)},
            Scope.ATTRIBUTES,
            "FilterPolicy: Filter policy can not have more than 5 keys",
        ),
        (
            {f"key{index}": ["x"] for index in range(6)},
            Scope.BODY,
            "FilterPolicy: Filter policy can not have more than 5 keys",
        ),
        (
            {"object": {"key": [{"prefix": "auto-"}]}},
            Scope.ATTRIBUTES,
            "Filter policy scope MessageAttributes does not support nested filter policy",
        ),
        (
            {"key_a": {"key_b": {"key_c": values(4)}}, "key_d": {"key_e": values(3)}, "key_f": values(3)},
            Scope.BODY,  # 3 x 4 x 2 x 3 x 1 x 3 = 216
            "FilterPolicy: Filter policy is too complex",
        ),
        (
            {
                "source": values(4),
                "$or": [
                    {"metricName": values(6)},
                    {"metricType": values(4), "$or": [{"metricId": [1, 2, 3, 4]}, {"spaceId": [1, 2, 3, 4]}]},
                ],
            },
            Scope.ATTRIBUTES,  # 4 x 6 + 4 x 4 x 4 + 4 x 4 x 4 = 152
            "FilterPolicy: Filter policy is too complex",
        ),
        (
            {
                "$or": [{"metricName": values(3)}, {"namespace": values(2)}],
                "detail": {"scope": values(2), "$or": [{"source": values(1)}, {"type": values(3)}]},
            },
            Scope.BODY,  # 3 x 4 x 2 + 3 x 4 x 6 + 2 x 4 x 2 + 2 x 4 x 6 = 160
            "FilterPolicy: Filter policy is too complex",
        ),
    ],
)
def test_too_much_is_refused(policy: object, scope: Scope, reason: str) -> None:
    """Recordings `test_policy_complexity...` and `test_sub_filter_policy_nested_property...`."""
    with pytest.raises(FilterPolicyRefused) as refusal:
        parse(json.dumps(policy), scope)
    assert refusal.value.reason == reason


def test_the_most_that_is_allowed_is_read() -> None:
    """The last case of `test_policy_complexity_with_or`: 3 x 6 + 3 x 4 x 4 + 3 x 4 x 7 = 150."""
    policy = {
        "source": values(3),
        "$or": [
            {"metricName": values(6)},
            {"metricType": values(4), "$or": [{"metricId": [1, 2, 3, 4]}, {"spaceId": [1, 2, 3, 4, 5, 6, 7]}]},
        ],
    }
    parse(json.dumps(policy), Scope.ATTRIBUTES)
    parse(json.dumps({"key": values(150)}), Scope.ATTRIBUTES)


def test_size_has_an_end() -> None:
    """256 KB (SNS Developer Guide, "Filter policy constraints"), one byte more is too much."""
    policy = '{"key":["%s"]}'
    room = POLICY_BYTES_MAX - len(policy % "")
    parse(policy % ("x" * room), Scope.ATTRIBUTES)
    with pytest.raises(FilterPolicyRefused):
        parse(policy % ("x" * (room + 1)), Scope.ATTRIBUTES)


@pytest.mark.parametrize("text", ['{"a":' * 5_000, "[" * 5_000, '{"a":' * 400 + '["x"]' + "}" * 400])
def test_depth_without_end_is_refused_and_nothing_falls_over(text: str) -> None:
    """A policy from outside must never cost the stack."""
    with pytest.raises(FilterPolicyRefused):
        parse(text, Scope.BODY)


def test_lines_are_counted() -> None:
    """People send policies as their editor wrote them."""
    with pytest.raises(FilterPolicyRefused) as refusal:
        parse('{\n  "key": [\n    {"exists": 1}\n  ]\n}', Scope.ATTRIBUTES)
    assert refusal.value.reason.endswith("line: 3, column: 17]")
