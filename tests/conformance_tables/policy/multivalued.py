"""What do ForAllValues and ForAnyValue ask of a key with several values?"""

from typing import Final

from tests.conformance_tables.policy.cases import MULTIVALUED, OPERATORS, ConditionCase, conditions

_ATTRIBUTES: Final = ["PostDateTime", "Message", "Tags"]
_KEY: Final = "dynamodb:Attributes"

MULTIVALUED_CASES: Final = [
    *conditions(
        MULTIVALUED,
        "ForAllValues:StringEquals",
        [
            ("every value is in the list", _ATTRIBUTES, ["PostDateTime", "Message"], True),
            ("the whole list", _ATTRIBUTES, ["Tags", "Message", "PostDateTime"], True),
            ("one value is not in the list", _ATTRIBUTES, ["PostDateTime", "UserName"], False),
            ("no value is in the list", _ATTRIBUTES, ["ID"], False),
            ("a single value in the list", _ATTRIBUTES, "Tags", True),
            ("true when the key is absent", _ATTRIBUTES, None, True),
            ("true when there are no values", _ATTRIBUTES, [], True),
            ("true when the values are an empty text", _ATTRIBUTES, "", True),
            ("case-sensitive, as the operator", _ATTRIBUTES, ["tags"], False),
        ],
        key=_KEY,
    ),
    *conditions(
        MULTIVALUED,
        "ForAnyValue:StringEquals",
        [
            ("one value is in the list", _ATTRIBUTES, ["ID", "Tags"], True),
            ("every value is in the list", _ATTRIBUTES, ["Message", "Tags"], True),
            ("no value is in the list", _ATTRIBUTES, ["ID", "UserName"], False),
            ("false when the key is absent", _ATTRIBUTES, None, False),
            ("false when there are no values", _ATTRIBUTES, [], False),
            ("false when the values are an empty text", _ATTRIBUTES, "", False),
        ],
        key=_KEY,
    ),
    *conditions(
        MULTIVALUED,
        "ForAllValues:StringLike",
        [
            ("every value fits a pattern", ["Created*", "team"], ["CreatedBy", "CreatedAt", "team"], True),
            ("one fits none", ["Created*", "team"], ["CreatedBy", "owner"], False),
        ],
        key="aws:TagKeys",
    ),
    *conditions(
        MULTIVALUED,
        "ForAnyValue:StringLike",
        [
            ("the guide's forbidden attributes: one is asked for", ["ID", "Post*"], ["Message", "PostDateTime"], True),
            ("the guide's forbidden attributes: none is", ["ID", "Post*"], ["UserName"], False),
            (
                "organisation paths with wildcards",
                ["o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*"],
                ["o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/ou-ab12-22222222/"],
                True,
            ),
        ],
        key=_KEY,
    ),
    *conditions(
        MULTIVALUED,
        "ForAllValues:StringNotEquals",
        [
            ("no value is in the list", ["ID", "UserName"], ["Tags", "Message"], True),
            ("one value is in the list", ["ID", "UserName"], ["Tags", "ID"], False),
            ("true when the key is absent", ["ID"], None, True),
        ],
        key=_KEY,
    ),
    *conditions(
        MULTIVALUED,
        "ForAnyValue:StringNotEquals",
        [
            ("a value that is not in the list", ["ID", "UserName"], ["ID", "Tags"], True),
            ("every value is in the list", ["ID", "UserName"], ["ID", "UserName"], False),
            ("false when the key is absent", ["ID"], None, False),
        ],
        key=_KEY,
    ),
    *conditions(
        MULTIVALUED,
        "ForAllValues:StringEqualsIgnoreCase",
        [
            ("case does not matter", ["environment", "owner"], ["Environment", "OWNER"], True),
            ("one is another", ["environment", "owner"], ["Environment", "team"], False),
        ],
        key="aws:TagKeys",
    ),
    *conditions(
        MULTIVALUED,
        "ForAnyValue:ArnLike",
        [
            (
                "one of the ARNs",
                "arn:aws:sns:*:*:orders",
                ["arn:aws:sns:r:1:invoices", "arn:aws:sns:r:1:orders"],
                True,
            ),
            ("none of the ARNs", "arn:aws:sns:*:*:orders", ["arn:aws:sns:r:1:invoices"], False),
        ],
        key="service:Arns",
    ),
    *conditions(
        MULTIVALUED,
        "ForAllValues:NumericLessThan",
        [
            ("every number is less", "10", ["1", "9"], True),
            ("one is not", "10", ["1", "10"], False),
        ],
        key="service:Sizes",
    ),
    ConditionCase(
        MULTIVALUED,
        "with Null: false, an absent key is no longer enough",
        {"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}, "Null": {"aws:TagKeys": "false"}},
        {},
        False,
    ),
    ConditionCase(
        MULTIVALUED,
        "with Null: false, no values are no longer enough",
        {"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}, "Null": {"aws:TagKeys": "false"}},
        {"aws:tagkeys": []},
        False,
    ),
    ConditionCase(
        MULTIVALUED,
        "with Null: false, values that fit are",
        {"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}, "Null": {"aws:TagKeys": "false"}},
        {"aws:tagkeys": ["team"]},
        True,
    ),
    ConditionCase(
        OPERATORS,
        "a set operator with IfExists: absent is true",
        {"ForAnyValue:StringEqualsIfExists": {"aws:TagKeys": ["team"]}},
        {},
        True,
    ),
    ConditionCase(
        OPERATORS,
        "a set operator with IfExists: present must fit",
        {"ForAnyValue:StringEqualsIfExists": {"aws:TagKeys": ["team"]}},
        {"aws:tagkeys": ["owner"]},
        False,
    ),
]
