"""What do the condition operators compare?"""

from typing import Final

from tests.conformance_tables.policy.cases import CONDITION, MULTIPLE, OPERATORS, ConditionCase, conditions

STRINGS: Final = [
    *conditions(
        OPERATORS,
        "StringEquals",
        [
            ("exact", "blue", "blue", True),
            ("another text", "blue", "green", False),
            ("case-sensitive", "blue", "Blue", False),
            ("a part is not the whole", "blue", "blueish", False),
            ("no wildcards: a star is a star", "bl*", "blue", False),
            ("a star equals a star", "bl*", "bl*", True),
            ("no wildcards: a question mark is itself", "blu?", "blue", False),
            ("one of several values", ["red", "blue"], "blue", True),
            ("none of several values", ["red", "green"], "blue", False),
            ("the key is absent: no match", "blue", None, False),
            ("an empty text equals an empty text", "", "", True),
            ("an empty text is not any text", "", "blue", False),
            ("a number of the grammar is compared as text", 42, "42", True),
            ("a Boolean of the grammar is compared as text", True, "true", True),
            ("white space counts", "blue", "blue ", False),
        ],
    ),
    *conditions(
        OPERATORS,
        "StringNotEquals",
        [
            ("negated: equal is false", "blue", "blue", False),
            ("negated: another text is true", "blue", "green", True),
            ("negated: case-sensitive", "blue", "BLUE", True),
            ("the key is absent: not matched, so true", "blue", None, True),
        ],
    ),
    *conditions(
        MULTIPLE,
        "StringNotEquals",
        [
            ("NOR: equal to the first", ["red", "blue"], "red", False),
            ("NOR: equal to the last", ["red", "blue"], "blue", False),
            ("NOR: equal to none", ["red", "blue"], "green", True),
        ],
    ),
    *conditions(
        OPERATORS,
        "StringEqualsIgnoreCase",
        [
            ("case does not matter", "blue", "BLUE", True),
            ("nor in the policy", "BLUE", "blue", True),
            ("another text", "blue", "green", False),
            ("no wildcards either", "bl*", "blue", False),
            ("the key is absent", "blue", None, False),
        ],
    ),
    *conditions(
        OPERATORS,
        "StringNotEqualsIgnoreCase",
        [
            ("equal but for case is false", "blue", "Blue", False),
            ("another text is true", "blue", "green", True),
            ("the key is absent", "blue", None, True),
        ],
    ),
    *conditions(
        OPERATORS,
        "StringLike",
        [
            ("without wildcards: the whole text", "blue", "blue", True),
            ("you must specify wildcards for partial matches", "blu", "blue", False),
            ("a star at the end", "bl*", "blue", True),
            ("a star at the beginning", "*ue", "blue", True),
            ("a star in the middle", "b*e", "blue", True),
            ("a star matches no character as well", "blue*", "blue", True),
            ("stars around", "*lu*", "blue", True),
            ("a question mark is one character", "blu?", "blue", True),
            ("not none", "blue?", "blue", False),
            ("not two", "bl?", "blue", False),
            ("two question marks are two", "bl??", "blue", True),
            ("case-sensitive", "BL*", "blue", False),
            ("a star matches slashes and colons", "home/*", "home/a/b:c", True),
            ("star and question mark together", "?l*", "blue", True),
            ("a lone star matches anything", "*", "blue", True),
            ("a lone star matches the empty text", "*", "", True),
            ("a lone star does not match an absent key", "*", None, False),
            ("the end counts", "bl*x", "blue", False),
            ("pieces in order", "*a*b*", "xbxa", False),
            ("a piece may not be used twice", "ab*ba", "aba", False),
            ("the guide's instance types: t1.*", ["t1.*", "t2.*", "m3.*"], "m3.large", True),
            ("the guide's instance types: none", ["t1.*", "t2.*", "m3.*"], "m4.large", False),
        ],
    ),
    *conditions(
        OPERATORS,
        "StringNotLike",
        [
            ("fits, so false", "bl*", "blue", False),
            ("does not fit, so true", "gr*", "blue", True),
            ("NOR over several patterns", ["gr*", "bl*"], "blue", False),
            ("the key is absent", "bl*", None, True),
        ],
    ),
]

NUMBERS: Final = [
    *conditions(
        OPERATORS,
        "NumericEquals",
        [
            ("the same integer", "10", "10", True),
            ("a JSON number in the policy", 10, "10", True),
            ("compared as numbers, not as texts", "10", "10.0", True),
            ("decimals", "0.5", "0.50", True),
            ("another number", "10", "11", False),
            ("one of several", ["5", "10"], "10", True),
            ("a request's value that is no number", "10", "ten", False),
            ("the key is absent", "10", None, False),
            ("negative numbers", "-1", "-1.0", True),
        ],
    ),
    *conditions(
        OPERATORS,
        "NumericNotEquals",
        [
            ("equal is false", "10", "10", False),
            ("another is true", "10", "11", True),
            ("NOR over several", ["5", "10"], "10", False),
            ("the key is absent", "10", None, True),
        ],
    ),
    *conditions(
        OPERATORS,
        "NumericLessThan",
        [
            ("less", "10", "9", True),
            ("equal is not less", "10", "10", False),
            ("more", "10", "11", False),
            ("by value, not by digits", "10", "9.99", True),
            ("9 is less than 10 though it sorts after", "10", "9", True),
            ("the key is absent", "10", None, False),
        ],
    ),
    *conditions(
        OPERATORS,
        "NumericLessThanEquals",
        [
            ("the guide's max-keys: up to 10", "10", "10", True),
            ("the guide's max-keys: 11 are too many", "10", "11", False),
            ("the guide's max-keys: fewer", "10", "1", True),
        ],
        key="s3:max-keys",
    ),
    *conditions(
        OPERATORS,
        "NumericGreaterThan",
        [
            ("more", "10", "11", True),
            ("equal is not more", "10", "10", False),
            ("less", "10", "9", False),
        ],
    ),
    *conditions(
        OPERATORS,
        "NumericGreaterThanEquals",
        [
            ("more", "10", "10.5", True),
            ("equal", "10", "10", True),
            ("less", "10", "-11", False),
            ("the key is absent", "10", None, False),
        ],
    ),
]

NOON: Final = "2020-06-15T12:00:00Z"
NOON_EPOCH: Final = "1592222400"  # date -u -d 2020-06-15T12:00:00Z +%s; 18428 days and 12 hours

DATES: Final = [
    *conditions(
        OPERATORS,
        "DateEquals",
        [
            ("the same moment", NOON, NOON, True),
            ("the same moment elsewhere: +02:00", NOON, "2020-06-15T14:00:00+02:00", True),
            ("the same moment elsewhere: -05:30", NOON, "2020-06-15T06:30:00-05:30", True),
            ("epoch time in the policy", NOON_EPOCH, NOON, True),
            ("epoch time in the request", NOON, NOON_EPOCH, True),
            ("epoch time as a JSON number", 1592222400, NOON, True),
            ("without seconds (W3C: complete date plus hours and minutes)", "2020-06-15T12:00Z", NOON, True),
            ("with a fraction of zero (W3C: decimal fraction)", "2020-06-15T12:00:00.000Z", NOON, True),
            ("a date is its first moment (W3C: complete date)", "2020-06-15", "2020-06-15T00:00:00Z", True),
            ("a month is its first moment (W3C: year and month)", "2020-06", "2020-06-01T00:00:00Z", True),
            ("a year is its first moment (W3C: year)", "2020", "2020-01-01T00:00:00Z", True),
            ("a second later", NOON, "2020-06-15T12:00:01Z", False),
            ("a fraction later", NOON, "2020-06-15T12:00:00.001Z", False),
            ("a request's value that is no date", NOON, "noon", False),
            ("no wildcards for dates", NOON, "2020-06-15T12:00:*", False),
            ("the key is absent", NOON, None, False),
        ],
        key="aws:TokenIssueTime",
    ),
    *conditions(
        OPERATORS,
        "DateNotEquals",
        [
            ("the same moment is false", NOON, NOON_EPOCH, False),
            ("another is true", NOON, "2020-06-15T12:00:01Z", True),
            ("NOR over several", [NOON, "2021-01-01T00:00:00Z"], NOON, False),
            ("the key is absent", NOON, None, True),
        ],
        key="aws:TokenIssueTime",
    ),
    *conditions(
        OPERATORS,
        "DateLessThan",
        [
            ("before", NOON, "2020-06-15T11:59:59Z", True),
            ("at the moment is not before", NOON, NOON, False),
            ("after", NOON, "2020-06-15T12:00:01Z", False),
            ("before, though its clock shows more", NOON, "2020-06-15T13:00:00+02:00", True),
            ("the key is absent (AWSRevokeOlderSessions spares who has no session)", NOON, None, False),
        ],
        key="aws:TokenIssueTime",
    ),
    *conditions(
        OPERATORS,
        "DateLessThanEquals",
        [
            ("before", NOON, "2020-06-15T11:59:59Z", True),
            ("at", NOON, NOON, True),
            ("after", NOON, "2020-06-15T12:00:01Z", False),
        ],
        key="aws:CurrentTime",
    ),
    *conditions(
        OPERATORS,
        "DateGreaterThan",
        [
            ("the guide's example: issued in 2020", "2020-01-01T00:00:01Z", NOON, True),
            ("the guide's example: issued in 2019", "2020-01-01T00:00:01Z", "2019-12-31T23:59:59Z", False),
            ("the guide's example: no temporary credentials", "2020-01-01T00:00:01Z", None, False),
            ("at the moment is not after", NOON, NOON, False),
            ("epoch against epoch", "1592222399", NOON_EPOCH, True),
        ],
        key="aws:TokenIssueTime",
    ),
    *conditions(
        OPERATORS,
        "DateGreaterThanEquals",
        [
            ("after", NOON, "2020-06-16", True),
            ("at", NOON, NOON, True),
            ("before", NOON, "2020-06-15", False),
        ],
        key="aws:EpochTime",
    ),
    ConditionCase(
        CONDITION,
        "two operators bound a period: inside",
        {
            "DateGreaterThan": {"aws:CurrentTime": "2020-04-01T00:00:00Z"},
            "DateLessThan": {"aws:CurrentTime": "2020-06-30T23:59:59Z"},
        },
        {"aws:currenttime": NOON},
        True,
    ),
    ConditionCase(
        CONDITION,
        "two operators bound a period: after it",
        {
            "DateGreaterThan": {"aws:CurrentTime": "2020-04-01T00:00:00Z"},
            "DateLessThan": {"aws:CurrentTime": "2020-06-30T23:59:59Z"},
        },
        {"aws:currenttime": "2020-07-01T00:00:00Z"},
        False,
    ),
]

BOOLEANS: Final = [
    *conditions(
        OPERATORS,
        "Bool",
        [
            ("true is true", "true", "true", True),
            ("true is not false", "true", "false", False),
            ("false is false", "false", "false", True),
            ("a JSON Boolean in the policy", True, "true", True),
            ("a JSON false in the policy", False, "true", False),
            ("the key is absent: no match with true", "true", None, False),
            ("the key is absent: no match with false either", "false", None, False),
        ],
        key="aws:MultiFactorAuthPresent",
    ),
]

BYTES: Final = [
    *conditions(
        OPERATORS,
        "BinaryEquals",
        [
            ("the guide's value", "QmluYXJ5VmFsdWVJbkJhc2U2NA==", "QmluYXJ5VmFsdWVJbkJhc2U2NA==", True),
            ("other bytes", "QmluYXJ5VmFsdWVJbkJhc2U2NA==", "QmluYXJ5", False),
            ("byte for byte: case matters", "QUJD", "YWJj", False),
            ("the key is absent", "QUJD", None, False),
        ],
        key="service:key",
    ),
]

ADDRESSES: Final = [
    *conditions(
        OPERATORS,
        "IpAddress",
        [
            ("the guide's range: first address", "203.0.113.0/24", "203.0.113.0", True),
            ("the guide's range: last address", "203.0.113.0/24", "203.0.113.255", True),
            ("the guide's range: one below", "203.0.113.0/24", "203.0.112.255", False),
            ("the guide's range: one above", "203.0.113.0/24", "203.0.114.0", False),
            ("without a prefix: /32", "203.0.113.7", "203.0.113.7", True),
            ("without a prefix: not the neighbour", "203.0.113.7", "203.0.113.8", False),
            ("/32 written out", "203.0.113.7/32", "203.0.113.7", True),
            ("/0 is everybody", "0.0.0.0/0", "198.51.100.1", True),
            ("an odd prefix: inside", "203.0.113.128/25", "203.0.113.200", True),
            ("an odd prefix: outside", "203.0.113.128/25", "203.0.113.127", False),
            ("the guide's IPv6 range", "2001:DB8:1234:5678::/64", "2001:db8:1234:5678:ffff::1", True),
            ("outside of the guide's IPv6 range", "2001:DB8:1234:5678::/64", "2001:db8:1234:5679::1", False),
            ("IPv6 spelled otherwise is the same", "2001:db8::1", "2001:0db8:0000:0000:0000:0000:0000:0001", True),
            ("an IPv4 range holds no IPv6 address", "0.0.0.0/0", "2001:db8::1", False),
            ("mixed ranges: IPv4", ["203.0.113.0/24", "2001:DB8:1234:5678::/64"], "203.0.113.9", True),
            ("mixed ranges: IPv6", ["203.0.113.0/24", "2001:DB8:1234:5678::/64"], "2001:DB8:1234:5678::9", True),
            ("mixed ranges: neither", ["203.0.113.0/24", "2001:DB8:1234:5678::/64"], "198.51.100.1", False),
            ("the key is absent (a VPC endpoint)", "203.0.113.0/24", None, False),
        ],
        key="aws:SourceIp",
    ),
    *conditions(
        OPERATORS,
        "NotIpAddress",
        [
            ("inside is false", "203.0.113.0/24", "203.0.113.9", False),
            ("outside is true", "203.0.113.0/24", "198.51.100.1", True),
            ("NOR: in the second range", ["192.0.2.0/24", "203.0.113.0/24"], "203.0.113.9", False),
            ("NOR: in no range", ["192.0.2.0/24", "203.0.113.0/24"], "198.51.100.1", True),
            ("the key is absent", "203.0.113.0/24", None, True),
        ],
        key="aws:SourceIp",
    ),
]

_GUIDE_PATTERN: Final = "arn:aws:someservice:*:111122223333:finance/*"
_GUIDE_VALUE: Final = "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt"
_TOPIC: Final = "arn:aws:sns:us-east-1:123456789012:orders"

ARNS: Final = [
    *(
        case
        for operator in ("ArnEquals", "ArnLike")
        for case in conditions(
            OPERATORS,
            operator,
            [
                ("the same ARN", _TOPIC, _TOPIC, True),
                ("another topic", _TOPIC, f"{_TOPIC}2", False),
                ("a star in the last part", "arn:aws:sns:us-east-1:123456789012:*", _TOPIC, True),
                ("stars for whole parts", "arn:aws:sns:*:*:orders", _TOPIC, True),
                ("a star inside a part", "arn:aws:sns:us-*-1:123456789012:orders", _TOPIC, True),
                ("a question mark inside a part", "arn:aws:sns:us-east-?:123456789012:orders", _TOPIC, True),
                ("case-sensitive", _TOPIC, "arn:aws:sns:us-east-1:123456789012:Orders", False),
                ("the guide's example: part by part it fails", _GUIDE_PATTERN, _GUIDE_VALUE, False),
                ("a star crosses no colon", "arn:aws:s*:orders", _TOPIC, False),
                (
                    "the last part may contain colons",
                    "arn:aws:logs:*:*:log-group:*",
                    "arn:aws:logs:r:1:log-group:a:*",
                    True,
                ),
                ("one of several", ["arn:aws:sns:*:*:invoices", "arn:aws:sns:*:*:orders"], _TOPIC, True),
                ("the key is absent", _TOPIC, None, False),
            ],
            key="aws:SourceArn",
        )
    ),
    *(
        case
        for operator in ("ArnNotEquals", "ArnNotLike")
        for case in conditions(
            OPERATORS,
            operator,
            [
                ("the same ARN is false", _TOPIC, _TOPIC, False),
                ("another is true", _TOPIC, f"{_TOPIC}2", True),
                ("both have wildcards", "arn:aws:sns:*:*:ord*", _TOPIC, False),
                ("the key is absent", _TOPIC, None, True),
            ],
            key="aws:SourceArn",
        )
    ),
    *conditions(
        OPERATORS,
        "StringLike",
        [("the guide's example: as a string it matches", _GUIDE_PATTERN, _GUIDE_VALUE, True)],
        key="aws:SourceArn",
    ),
]

EXISTENCE: Final = [
    *conditions(
        OPERATORS,
        "Null",
        [
            ("true: the key must not exist, and does not", "true", None, True),
            ("true: but it exists", "true", "2020-01-01T00:00:00Z", False),
            ("false: the key must exist, and does", "false", "2020-01-01T00:00:00Z", True),
            ("false: but it does not", "false", None, False),
            ("a JSON Boolean", True, None, True),
        ],
        key="aws:TokenIssueTime",
    ),
    *(
        ConditionCase(OPERATORS, f"absent, with IfExists: true ({operator})", {operator: {"ec2:Key": value}}, {}, True)
        for operator, value in (
            ("StringEqualsIfExists", "a"),
            ("StringLikeIfExists", "a*"),
            ("StringNotEqualsIfExists", "a"),
            ("NumericLessThanIfExists", "1"),
            ("DateGreaterThanIfExists", "2020-01-01"),
            ("BoolIfExists", "true"),
            ("IpAddressIfExists", "192.0.2.0/24"),
            ("ArnLikeIfExists", "arn:aws:sns:*:*:*"),
            ("BinaryEqualsIfExists", "QUJD"),
        )
    ),
    *conditions(
        OPERATORS,
        "StringLikeIfExists",
        [
            ("present and fitting", ["t1.*", "t2.*"], "t2.micro", True),
            ("present and not fitting", ["t1.*", "t2.*"], "c5.large", False),
        ],
        key="ec2:InstanceType",
    ),
    *conditions(
        OPERATORS,
        "BoolIfExists",
        [
            ("present and equal", "false", "false", True),
            ("present and different", "false", "true", False),
        ],
        key="aws:MultiFactorAuthPresent",
    ),
]

_BOTH_TAGS: Final = {
    "StringEquals": {"aws:PrincipalTag/department": ["finance", "hr"], "aws:PrincipalTag/role": "audit"}
}
_TAG_AND_ARN: Final = {
    "StringEquals": {"aws:PrincipalTag/department": ["finance", "hr"]},
    "ArnLike": {"aws:PrincipalArn": ["arn:aws:iam::222222222222:user/Ana", "arn:aws:iam::222222222222:user/Mary"]},
}
_ANA: Final = "arn:aws:iam::222222222222:user/Ana"

LOGIC: Final = [
    ConditionCase(
        MULTIPLE,
        "keys of one operator: AND, both fit",
        _BOTH_TAGS,
        {"aws:principaltag/department": "hr", "aws:principaltag/role": "audit"},
        True,
    ),
    ConditionCase(
        MULTIPLE,
        "keys of one operator: AND, one does not fit",
        _BOTH_TAGS,
        {"aws:principaltag/department": "hr", "aws:principaltag/role": "clerk"},
        False,
    ),
    ConditionCase(
        MULTIPLE,
        "keys of one operator: AND, one is absent",
        _BOTH_TAGS,
        {"aws:principaltag/department": "hr"},
        False,
    ),
    ConditionCase(
        MULTIPLE,
        "operators: AND, both hold",
        _TAG_AND_ARN,
        {"aws:principaltag/department": "finance", "aws:principalarn": _ANA},
        True,
    ),
    ConditionCase(
        MULTIPLE,
        "operators: AND, the ARN does not",
        _TAG_AND_ARN,
        {"aws:principaltag/department": "finance", "aws:principalarn": "arn:aws:iam::222222222222:user/Bob"},
        False,
    ),
    ConditionCase(
        MULTIPLE,
        "operators: AND, the tag does not",
        _TAG_AND_ARN,
        {"aws:principaltag/department": "sales", "aws:principalarn": _ANA},
        False,
    ),
    ConditionCase(
        MULTIPLE,
        "negated operator with two keys: AND of the two, and one matches",
        {"StringNotEquals": {"aws:PrincipalTag/a": "1", "aws:PrincipalTag/b": "2"}},
        {"aws:principaltag/a": "1", "aws:principaltag/b": "3"},
        False,
    ),
    ConditionCase(
        MULTIPLE,
        "negated operator with two keys: neither matches",
        {"StringNotEquals": {"aws:PrincipalTag/a": "1", "aws:PrincipalTag/b": "2"}},
        {"aws:principaltag/a": "2", "aws:principaltag/b": "1"},
        True,
    ),
    ConditionCase(
        CONDITION,
        "key names are not case-sensitive",
        {"IpAddress": {"AWS:SOURCEIP": "192.0.2.0/24"}},
        {"aws:sourceip": "192.0.2.1"},
        True,
    ),
    ConditionCase(
        CONDITION,
        "the guide's example: john, not John",
        {"StringEquals": {"aws:username": "john"}},
        {"aws:username": "John"},
        False,
    ),
    ConditionCase(
        CONDITION,
        "the guide's example: john or John",
        {"StringEqualsIgnoreCase": {"aws:username": "john"}},
        {"aws:username": "John"},
        True,
    ),
    ConditionCase(CONDITION, "an empty block holds: the element is optional", {}, {}, True),
]

OPERATOR_CASES: Final = [*STRINGS, *NUMBERS, *DATES, *BOOLEANS, *BYTES, *ADDRESSES, *ARNS, *EXISTENCE, *LOGIC]
