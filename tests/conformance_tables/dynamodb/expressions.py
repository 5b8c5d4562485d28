"""What is said of expressions that do not parse, or that do not fit their names, values and places?"""

from collections.abc import Mapping
from typing import Final

from tests.conformance_tables.dynamodb.cases import (
    ABSENT,
    DYNALITE,
    EXTENDDB,
    PARITY,
    ErrorCase,
    Json,
    cases,
    of_types,
    same,
)

NAMED: Final = {"TableName": ABSENT}
_TARGETS: Final[Mapping[str, tuple[str, str, Json]]] = {
    "FilterExpression": ("scan.js", "Scan", NAMED),
    "ProjectionExpression": ("getItem.js", "GetItem", {**NAMED, "Key": {}}),
    "UpdateExpression": ("updateItem.js", "UpdateItem", {**NAMED, "Key": {}}),
    "ConditionExpression": ("deleteItem.js", "DeleteItem", {**NAMED, "Key": {}}),
    "KeyConditionExpression": ("query.js", "Query", NAMED),
}


def said(test: str, label: str, *rows: tuple[str, str], more: Json | None = None) -> list[ErrorCase]:
    """Cases of one expression: (the text, the message without "Invalid ...Expression: ")."""
    file, operation, base = _TARGETS[label]
    return cases(
        f"{DYNALITE}{file}: {test}",
        operation,
        {**base, **(more or {})},
        [({label: text}, f"Invalid {label}: {message}") for text, message in rows],
    )


def syntax(token: str, near: str) -> str:
    return f'Syntax error; token: "{token}", near: "{near}"'


MAPS: Final = [
    case
    for operation, base in (
        ("PutItem", {**NAMED, "Item": {}, "ConditionExpression": ""}),
        ("DeleteItem", {**NAMED, "Key": {}, "ConditionExpression": ""}),
        ("UpdateItem", {**NAMED, "Key": {}, "ConditionExpression": "", "UpdateExpression": ""}),
        ("Scan", {**NAMED, "FilterExpression": ""}),
        ("Query", {**NAMED, "KeyConditionExpression": ""}),
    )
    for case in cases(
        DYNALITE + "putItem.js and four others: empty and invalid ExpressionAttributeNames and ...Values",
        operation,
        base,
        [
            (
                {"ExpressionAttributeNames": {}, "ExpressionAttributeValues": {}},
                "ExpressionAttributeNames must not be empty",
            ),
            (
                {"ExpressionAttributeNames": {"a": "a"}, "ExpressionAttributeValues": {}},
                'ExpressionAttributeNames contains invalid key: Syntax error; key: "a"',
            ),
            ({"ExpressionAttributeValues": {}}, "ExpressionAttributeValues must not be empty"),
            (
                {"ExpressionAttributeValues": {":b": {"a": ""}, "b": {"S": "a"}}},
                'ExpressionAttributeValues contains invalid key: Syntax error; key: "b"',
            ),
        ],
    )
]

_EMPTY: Final = "The expression can not be empty;"
EMPTY: Final = [
    *said("empty ConditionExpression", "ConditionExpression", ("", _EMPTY)),
    *said("empty UpdateExpression", "UpdateExpression", ("", _EMPTY), more={"ConditionExpression": ""}),
    *said("empty ProjectionExpression", "ProjectionExpression", ("", _EMPTY)),
    *said("empty FilterExpression", "FilterExpression", ("", _EMPTY), more={"ProjectionExpression": ""}),
    *said("empty KeyConditionExpression", "KeyConditionExpression", ("", _EMPTY)),
    *cases(
        DYNALITE + "scan.js: empty ProjectionExpression, after the filter",
        "Scan",
        {**NAMED, "FilterExpression": "a > b"},
        [({"ProjectionExpression": ""}, f"Invalid ProjectionExpression: {_EMPTY}")],
    ),
]

FILTERS: Final = [
    *said(
        "redundant parentheses",
        "FilterExpression",
        *(
            (text, "The expression has redundant parentheses;")
            for text in (
                "a=a and a > ((views))",
                "(a)between(((b.c)).d)and(c)",
                "a > whatever((:things), ((a)))",
                "a=a AND ((a=a AND a=a)) AND a=a",
                "a=a OR ((a=a OR a=a)) OR a=a",
                "a=a AND ((a=a AND (a=a AND a=a)))",
                "a=a OR ((a=a OR (a=a OR a=a)))",
            )
        ),
    ),
    *said(
        "invalid function names",
        "FilterExpression",
        ("a=a and whatever((:things)) > a", "Invalid function name; function: whatever"),
        ("attRIbute_exIsts((views), #a)", "Invalid function name; function: attRIbute_exIsts"),
    ),
    *said(
        "functions used incorrectly",
        "FilterExpression",
        *(
            (text, f"The function is not allowed to be used this way in an expression; function: {function}")
            for text, function in (
                ("a=a and attribute_exists((views), (#a)) > b", "attribute_exists"),
                ("attribute_not_exists(things) > b", "attribute_not_exists"),
                ("attribute_type(things, :a) > b", "attribute_type"),
                ("begins_with(things, a) > b", "begins_with"),
                ("contains(:things, c) > b", "contains"),
                ("size(contains(a, b)) > a", "contains"),
                ("size(things)", "size"),
                ("a between b and attribute_exists(things)", "attribute_exists"),
                ("a in (b, attribute_exists(things))", "attribute_exists"),
            )
        ),
    ),
    *said(
        "reserved keywords",
        "FilterExpression",
        (":a < abOrT", "Attribute name is a reserved keyword; reserved keyword: abOrT"),
    ),
    *said(
        "missing attribute names",
        "FilterExpression",
        *(
            (text, f"An expression attribute name used in the document path is not defined; attribute name: {name}")
            for text, name in (
                ("(#P between :lo and :hi) and (#PC in (:cat1, :cat2))", "#P"),
                ("#4g > a", "#4g"),
                ("#_ > a", "#_"),
                ("(a)between(b.c[45].#d)and(:a)", "#d"),
            )
        ),
    ),
    *said(
        "missing attribute values",
        "FilterExpression",
        *(
            (text, f"An expression attribute value used in expression is not defined; attribute value: {name}")
            for text, name in ((":a < :b", ":a"), (":_ > a", ":_"))
        ),
    ),
    *said(
        "functions with incorrect operands",
        "FilterExpression",
        *(
            (
                text,
                "Incorrect number of operands for operator or function; "
                f"operator or function: {function}, number of operands: {count}",
            )
            for text, function, count in (
                ("attribute_exists(things, a) and a=a", "attribute_exists", 2),
                ("attribute_not_exists(things, b)", "attribute_not_exists", 2),
                ("attribute_type(things)", "attribute_type", 1),
                ("begins_with(things)", "begins_with", 1),
                ("begins_with(things, size(a), b)", "begins_with", 3),
                ("contains(things)", "contains", 1),
                ("size(things, a) > b", "size", 2),
            )
        ),
    ),
    *(
        case
        for text, function, kind, value in (
            *(("attribute_type(a, :a)", "attribute_type", k, v) for k, v in of_types("N B BOOL NULL L M SS NS BS")),
            *(("begins_with(a, :a)", "begins_with", k, v) for k, v in of_types("N BOOL NULL L M SS NS BS")),
            *(("begins_with(:a, a)", "begins_with", k, v) for k, v in of_types("N BOOL NULL L M SS NS BS")),
            ("attribute_type(a, size(a)) and a=a and a=:a", "attribute_type", "N", {"N": "1"}),
            ("begins_with(a, size(a)) and a=:a", "begins_with", "N", {"N": "1"}),
            ("size(size(a)) > :a", "size", "N", {"N": "1"}),
            ("attribute_not_exists(size(:a))", "size", "N", {"N": "1"}),
            ("size(:a) > a", "size", "BOOL", {"BOOL": True}),
            ("size(:a) > a", "size", "NULL", {"NULL": True}),
        )
        for case in said(
            "functions with incorrect operand type",
            "FilterExpression",
            (
                text,
                "Incorrect operand type for operator or function; "
                f"operator or function: {function}, operand type: {kind}",
            ),
            more={"ExpressionAttributeValues": {":a": value}},
        )
    ),
    *said(
        "functions with attr values instead of paths",
        "FilterExpression",
        *(
            (text, f"Operator or function requires a document path; operator or function: {function}")
            for text, function in (
                ("attribute_exists(:a) and a=a", "attribute_exists"),
                ("attribute_not_exists(size(:a))", "attribute_not_exists"),
            )
        ),
        more={"ExpressionAttributeValues": {":a": {"S": "1"}}},
    ),
    *said(
        "non-distinct expressions",
        "FilterExpression",
        *(
            (
                text,
                "The first operand must be distinct from the remaining operands for this operator or function; "
                f"operator: {operator}, first operand: {path}",
            )
            for text, operator, path in (
                ("a = a AND #a = b AND :views > a", "=", "[a]"),
                ("#a <> a", "<>", "[a]"),
                ("a > #a", ">", "[a]"),
                ("((a=a) OR (a=a))", "=", "[a]"),
                ("((a=a) AND (a=a))", "=", "[a]"),
                ("contains(ab.bc[1].a, ab.bc[1].#a)", "contains", "[ab, bc, [1], a]"),
                ("attribute_type(ab.bc[1].#a, ab.bc[1].a)", "attribute_type", "[ab, bc, [1], a]"),
                ("begins_with(ab.bc[1].a, ab.bc[1].#a)", "begins_with", "[ab, bc, [1], a]"),
            )
        ),
        more={"ExpressionAttributeNames": {"#a": "a"}},
    ),
    *said(
        "BETWEEN args have different types, BETWEEN args are in the incorrect order",
        "ConditionExpression",
        (
            "a between :b and :a",
            "The BETWEEN operator requires same data type for lower and upper bounds; "
            "lower bound operand: AttributeValue: {N:1}, upper bound operand: AttributeValue: {S:a}",
        ),
        more={"ExpressionAttributeValues": {":a": {"S": "a"}, ":b": {"N": "1"}}},
    ),
    *said(
        "BETWEEN args are in the incorrect order",
        "ConditionExpression",
        (
            "a between :b and :a",
            "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; "
            "lower bound operand: AttributeValue: {S:b}, upper bound operand: AttributeValue: {S:a}",
        ),
        more={"ExpressionAttributeValues": {":a": {"S": "a"}, ":b": {"S": "b"}}},
    ),
]

_BOTH: Final = {"ExpressionAttributeNames": {"#a": "a", "#b": "b"}}
PROJECTIONS: Final = [
    *said(
        "reserved keywords in ProjectionExpression",
        "ProjectionExpression",
        ("a.abORt", "Attribute name is a reserved keyword; reserved keyword: abORt"),
        ("#a,ABSoLUTE", "Attribute name is a reserved keyword; reserved keyword: ABSoLUTE"),
    ),
    *said(
        "missing names in ProjectionExpression",
        "ProjectionExpression",
        (
            "a,b,a,#a",
            "An expression attribute name used in the document path is not defined; attribute name: #a",
        ),
    ),
    *said(
        "overlapping paths in ProjectionExpression",
        "ProjectionExpression",
        *(
            (
                text,
                "Two document paths overlap with each other; must remove or rewrite one of these paths; "
                f"path one: {one}, path two: {two}",
            )
            for text, one, two in (
                ("b[1], b.a, #a.b, a", "[a, b]", "[a]"),
                ("a, #a[1]", "[a]", "[a, [1]]"),
            )
        ),
        more={"ExpressionAttributeNames": {"#a": "a"}},
    ),
    *said(
        "conflicting paths in ProjectionExpression",
        "ProjectionExpression",
        *(
            (
                text,
                "Two document paths conflict with each other; must remove or rewrite one of these paths; "
                f"path one: {one}, path two: {two}",
            )
            for text, one, two in (
                ("a.b, #a[1], #b", "[a, b]", "[a, [1]]"),
                ("a.b[1], #a[1], #b", "[a, b, [1]]", "[a, [1]]"),
                ("a[3].b, #a.#b.b", "[a, [3], b]", "[a, [3], b]"),
            )
        ),
        more={"ExpressionAttributeNames": {"#a": "a", "#b": "[3]"}},
    ),
    *same(
        DYNALITE + "getItem.js: unused names in ProjectionExpression",
        "GetItem",
        {**NAMED, "Key": {}, **_BOTH},
        [{"ProjectionExpression": "a"}, {"ProjectionExpression": "a,b"}],
        "Value provided in ExpressionAttributeNames unused in expressions: keys: {#a, #b}",
    ),
]

_AB: Final = {**_BOTH, "ExpressionAttributeValues": {":a": {"S": "a"}, ":b": {"S": "a"}}}
_LONG: Final = {
    "S": "STRING",
    "N": "NUMBER",
    "B": "BINARY",
    "NULL": "NULL",
    "BOOL": "BOOLEAN",
    "M": "MAP",
    "L": "LIST",
}
UPDATES: Final = [
    *said(
        "reserved keywords",
        "UpdateExpression",
        (" set #c = :c set abOrt = true ", "Attribute name is a reserved keyword; reserved keyword: abOrt"),
        (" remove Absolute ", "Attribute name is a reserved keyword; reserved keyword: Absolute"),
        more=_AB,
    ),
    *said(
        "invalid functions in UpdateExpression",
        "UpdateExpression",
        ("set #c = if_not_exist(:c) set c = d", "Invalid function name; function: if_not_exist"),
        more=_AB,
    ),
    *said(
        "multiple sections",
        "UpdateExpression",
        *(
            (text, f'The "{section}" section can only be used once in an update expression;')
            for text, section in (
                ("set a = #c set c = :d", "SET"),
                ("remove #d set a = b remove e", "REMOVE"),
                ("add #d :e set a = b add e :f", "ADD"),
                ("delete #d :e set a = b delete #e :f", "DELETE"),
            )
        ),
        more=_AB,
    ),
    *said(
        "undefined attribute names and values",
        "UpdateExpression",
        (
            "SET #c = if_not_exists(:c)",
            "An expression attribute name used in the document path is not defined; attribute name: #c",
        ),
        (
            "SET #a = if_not_exists(:c)",
            "An expression attribute value used in expression is not defined; attribute value: :c",
        ),
        more=_AB,
    ),
    *said(
        "overlapping paths in UpdateExpression",
        "UpdateExpression",
        (
            "set d[1] = a, d.b = a, c[1].a = a, #c = if_not_exists(a)",
            "Two document paths overlap with each other; must remove or rewrite one of these paths; "
            "path one: [c, [1], a], path two: [c]",
        ),
        (
            "set #c[3].#d = a, #c[3] = a",
            "Two document paths overlap with each other; must remove or rewrite one of these paths; "
            "path one: [c, [3], [3]], path two: [c, [3]]",
        ),
        more={"ExpressionAttributeNames": {"#c": "c", "#d": "[3]"}},
    ),
    *said(
        "conflicting paths in UpdateExpression",
        "UpdateExpression",
        (
            "set #c[3].#d = a, #c.#d[3] = if_not_exists(a)",
            "Two document paths conflict with each other; must remove or rewrite one of these paths; "
            "path one: [c, [3], [3]], path two: [c, [3], [3]]",
        ),
        (
            "remove a.#c set a[1] = #d",
            "Two document paths conflict with each other; must remove or rewrite one of these paths; "
            "path one: [a, c], path two: [a, [1]]",
        ),
        more={"ExpressionAttributeNames": {"#b": "b", "#c": "c", "#d": "[3]"}},
    ),
    *(
        case
        for clause, kinds in (("ADD", "S NULL BOOL B M L"), ("DELETE", "S NULL BOOL B M L N"))
        for kind, value in of_types(kinds)
        for case in said(
            "incorrect types in UpdateExpression; the end from DynamoDB Local 3.3.1",
            "UpdateExpression",
            (
                f"{clause.lower()} a.b :a",
                f"Incorrect operand type for operator or function; operator: {clause}, "
                f"operand type: {_LONG[kind]}, typeSet: ALLOWED_FOR_{clause}_OPERAND",
            ),
            more={"ExpressionAttributeValues": {":a": value}},
        )
    ),
    *said(
        "incorrect number of operands to functions",
        "UpdateExpression",
        *(
            (
                f"set a = {function}(c)",
                "Incorrect number of operands for operator or function; "
                f"operator or function: {function}, number of operands: 1",
            )
            for function in ("if_not_exists", "list_append")
        ),
        more=_AB,
    ),
    *said(
        "incorrect operand path type to functions",
        "UpdateExpression",
        *(
            (text, "Operator or function requires a document path; operator or function: if_not_exists")
            for text in ("set a = if_not_exists(:a, c)", "set a = if_not_exists(if_not_exists(a, b), c)")
        ),
        more=_AB,
    ),
    *(
        case
        for template, operator, kinds in (
            ("set a = list_append(:v, a)", "list_append", "S N B BOOL NULL SS NS BS M"),
            ("set a = a + :v", "+", "S B BOOL NULL SS NS BS M L"),
            ("set a = :v + a", "+", "B"),
            ("set a = a - :v", "-", "S B BOOL NULL SS NS BS M L"),
            ("set a = :v - a", "-", "B"),
        )
        for kind, value in of_types(kinds)
        for case in said(
            "incorrect types to functions in UpdateExpression",
            "UpdateExpression",
            (
                template,
                "Incorrect operand type for operator or function; "
                f"operator or function: {operator}, operand type: {kind}",
            ),
            more={"ExpressionAttributeValues": {":v": value}},
        )
    ),
    *cases(
        DYNALITE + "updateItem.js: extra ExpressionAttributeNames and ...Values",
        "UpdateItem",
        {**NAMED, "Key": {}, "ConditionExpression": "a = :b", "UpdateExpression": "remove a"},
        [
            (
                {"ExpressionAttributeValues": {":a": {"S": "a"}, ":b": {"S": "a"}, ":c": {"S": "a"}}},
                "Value provided in ExpressionAttributeValues unused in expressions: keys: {:a, :c}",
            ),
            (_AB, "Value provided in ExpressionAttributeNames unused in expressions: keys: {#a, #b}"),
        ],
    ),
]

SYNTAX: Final = [
    *cases(
        PARITY + "tier3/error-messages/updateItem.test.ts, tier3/validation-ordering/deepRequests.test.ts",
        "UpdateItem",
        {**NAMED, "Key": {}},
        [
            (
                {"UpdateExpression": "INVALID SYNTAX HERE", "ExpressionAttributeValues": {":v": {"S": "val"}}},
                "Invalid UpdateExpression: " + syntax("INVALID", "INVALID SYNTAX"),
            ),
            ({"ConditionExpression": "a = = b"}, "Invalid ConditionExpression: " + syntax("=", "= = b")),
            (
                {"UpdateExpression": "SET attr1 = :v"},
                "Invalid UpdateExpression: An expression attribute value used in expression is not defined; "
                "attribute value: :v",
            ),
            (
                {
                    "ConditionExpression": "a = :v" + " AND a = :v" * 373,
                    "ExpressionAttributeValues": {":v": {"S": "x"}},
                },
                "Invalid ConditionExpression: Expression size has exceeded the maximum allowed size; "
                "expression size: 4109",
            ),
        ],
    ),
    *cases(
        PARITY + "tier3/error-messages/query.test.ts",
        "Query",
        {**NAMED, "KeyConditionExpression": "pk = :v"},
        [
            (
                {
                    "ExpressionAttributeValues": {":v": {"S": "val"}},
                    "ExpressionAttributeNames": {"#unused": "someattr"},
                },
                "Value provided in ExpressionAttributeNames unused in expressions: keys: {#unused}",
            ),
            (
                {
                    "FilterExpression": "#missing = :fv",
                    "ExpressionAttributeValues": {":v": {"S": "val"}, ":fv": {"S": "x"}},
                },
                "Invalid FilterExpression: An expression attribute name used in the document path is not defined; "
                "attribute name: #missing",
            ),
        ],
    ),
    *cases(
        PARITY + "tier3/error-messages/putItem.test.ts",
        "PutItem",
        {**NAMED, "Item": {"pk": {"S": "k"}}},
        [
            (
                {"ConditionExpression": "((attribute_not_exists(pk)))"},
                "Invalid ConditionExpression: The expression has redundant parentheses;",
            ),
            (
                {"ConditionExpression": "contains(#a, #a)", "ExpressionAttributeNames": {"#a": "data"}},
                "Invalid ConditionExpression: The first operand must be distinct from the remaining operands for "
                "this operator or function; operator: contains, first operand: [data]",
            ),
        ],
    ),
    *cases(
        EXTENDDB + "test_validation_precedence.py",
        "UpdateItem",
        {**NAMED, "Key": {"a": {"S": "k"}}},
        [
            (
                {"UpdateExpression": "SET status = :v", "ExpressionAttributeValues": {":v": {"S": "x"}}},
                "Invalid UpdateExpression: Attribute name is a reserved keyword; reserved keyword: status",
            ),
            (
                {"UpdateExpression": "SET #x = :v", "ExpressionAttributeValues": {":v": {"S": "x"}}},
                "Invalid UpdateExpression: An expression attribute name used in the document path is not defined; "
                "attribute name: #x",
            ),
        ],
    ),
]

_ONE: Final = {"ExpressionAttributeValues": {":a": {"N": "1"}, ":b": {"N": "1"}}}


def _keys(test: str, *rows: tuple[str, str], values: Json) -> list[ErrorCase]:
    return cases(
        f"{DYNALITE}query.js: {test}",
        "Query",
        {**NAMED, **values},
        [({"KeyConditionExpression": text}, message) for text, message in rows],
    )


KEY_CONDITIONS: Final = [
    *_keys(
        "invalid operators",
        *(
            (text, f"Invalid operator used in KeyConditionExpression: {operator}")
            for text, operator in (
                ("a > b and size(b) > c or a > c", "OR"),
                ("a in (b, size(c), d)", "IN"),
                ("attribute_exists(a)", "attribute_exists"),
                ("attribute_not_exists(a)", "attribute_not_exists"),
                ("contains(a.d, b)", "contains"),
                ("not a > b", "NOT"),
                ("a <> b", "<>"),
            )
        ),
        values={},
    ),
    *_keys(
        "invalid operator",
        ("attribute_type(a, :a)", "Invalid operator used in KeyConditionExpression: attribute_type"),
        values={"ExpressionAttributeValues": {":a": {"S": "S"}}},
    ),
    *_keys(
        "no key attribute as first operator",
        *(
            (
                text,
                f"Invalid condition in KeyConditionExpression: {operator} operator must have the key attribute as "
                "its first operand",
            )
            for text, operator in (
                (":a between size(b) and size(a) and b > :b", "BETWEEN"),
                ("begins_with(:a, b) and a > :b", "begins_with"),
            )
        ),
        values={"ExpressionAttributeValues": {":a": {"S": "1"}, ":b": {"S": "1"}}},
    ),
    *_keys(
        "nested operations",
        *(
            (text, "KeyConditionExpressions cannot contain nested operations")
            for text in ("size(b) > a AND a.b > b AND b > c", "a > size(b.d)", "a between size(b) and size(a)")
        ),
        values={},
    ),
    *_keys(
        "multiple attribute names",
        *(
            (
                text,
                "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition",
            )
            for text in ("b > a.b", "b between c[1] and d", "a between b and size(a)", "begins_with(a, b)")
        ),
        values={},
    ),
    *_keys(
        "nested attributes",
        *(
            (text, "KeyConditionExpressions cannot have conditions on nested attributes")
            for text in ("b.d > a AND c.d > e.f", "a.d > c", "b[0] > a")
        ),
        values={},
    ),
    *_keys(
        "no key attribute",
        *(
            (text, "Invalid condition in KeyConditionExpression: No key attribute specified")
            for text in (":b > :a AND a < :b", ":a > b AND :a < :b")
        ),
        values=_ONE,
    ),
    *_keys(
        "multiple conditions per key",
        *(
            (text, "KeyConditionExpressions must only contain one condition per key")
            for text in ("b > :a AND b < :a and c = :a and d = :a", "(a > :a and b > :a) and (b > :a and c > :a)")
        ),
        values={"ExpressionAttributeValues": {":a": {"N": "1"}}},
    ),
    *_keys(
        "KeyConditionExpression BETWEEN args",
        (
            "a between :b and :a",
            "Invalid KeyConditionExpression: The BETWEEN operator requires same data type for lower and upper "
            "bounds; lower bound operand: AttributeValue: {N:1}, upper bound operand: AttributeValue: {S:a}",
        ),
        values={"ExpressionAttributeValues": {":a": {"S": "a"}, ":b": {"N": "1"}}},
    ),
]

CASES: Final[list[ErrorCase]] = [
    *MAPS,
    *EMPTY,
    *FILTERS,
    *PROJECTIONS,
    *UPDATES,
    *SYNTAX,
    *KEY_CONDITIONS,
]
