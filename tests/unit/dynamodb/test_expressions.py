"""Expressions: what they mean, and AWS's words for each way to get them wrong."""

import re
from typing import Any

import msgspec
import pytest

from pileus.services.dynamodb.errors import ValidationException
from pileus.services.dynamodb.expressions.request import Expressions
from pileus.services.dynamodb.shapes import AttributeValue

_decode = msgspec.json.Decoder(dict[str, AttributeValue]).decode


def attributes(plain: dict[str, Any]) -> dict[str, AttributeValue]:
    return _decode(msgspec.json.encode(plain))


def plain(item: object) -> Any:
    return msgspec.json.decode(msgspec.json.encode(item))


ITEM = attributes(
    {
        "s": {"S": "hello"},
        "n": {"N": "10"},
        "m2": {"N": "-3.5"},
        "b": {"B": "AQID"},
        "flag": {"BOOL": True},
        "nil": {"NULL": True},
        "ss": {"SS": ["a", "b"]},
        "ns": {"NS": ["1", "2"]},
        "bs": {"BS": ["AQ=="]},
        "doc": {"M": {"a": {"N": "1"}, "deep": {"M": {"x": {"S": "y"}}}, "l": {"L": [{"S": "p"}, {"S": "q"}]}}},
        "lst": {"L": [{"S": "a"}, {"N": "2"}, {"M": {"k": {"S": "v"}}}]},
        "same": {"SS": ["b", "a"]},
        "umlaut": {"S": "äö"},
        "emoji": {"S": "😀"},
    }
)

VALUES = {
    ":hello": {"S": "hello"},
    ":he": {"S": "he"},
    ":a": {"S": "a"},
    ":z": {"S": "z"},
    ":ten": {"N": "10.0"},
    ":one": {"N": "1"},
    ":two": {"N": "2"},
    ":hundred": {"N": "100"},
    ":b": {"B": "AQ=="},
    ":true": {"BOOL": True},
    ":ssba": {"SS": ["b", "a"]},
    ":tS": {"S": "S"},
    ":tM": {"S": "M"},
    ":kv": {"M": {"k": {"S": "v"}}},
    ":y": {"S": "y"},
}


def holds(text: str, names: dict[str, str] | None = None) -> bool:
    used = {key: VALUES[key] for key in re.findall(r":\w+", text)}
    expressions = Expressions(names, attributes(used) if used else None)
    condition = expressions.condition("ConditionExpression", text)
    expressions.finish()
    return condition.test(ITEM, expressions.values)


@pytest.mark.parametrize(
    "text",
    [
        "s = :hello",
        "n = :ten",
        ":hello = s",
        "s <> :he",
        "absent <> :he",
        "s > :he",
        "n >= :ten",
        "n <= :ten",
        "n < :hundred",
        "m2 < n",
        "n BETWEEN :one AND :hundred",
        "n between :ten and :hundred",
        "s IN ( :he , :hello )",
        "ss = :ssba",
        "ss = same",
        "flag = :true",
        "attribute_exists(s)",
        "attribute_exists(doc.deep.x)",
        "attribute_exists(lst[2].k)",
        "attribute_not_exists(absent)",
        "attribute_not_exists(lst[3])",
        "attribute_not_exists(s.inside)",
        "attribute_type(s, :tS )",
        "attribute_type(doc, :tM )",
        "begins_with(s, :he )",
        "begins_with(b, :b )",
        "contains(s, :he )",
        "contains(ss, :a )",
        "contains(ns, :one )",
        "contains(bs, :b )",
        "contains(lst, :kv )",
        "contains(b, :b )",
        "size(s) < :hundred",
        "size(ss) = :two",
        "size(umlaut) = :two",
        "size(emoji) = :two",
        "size(doc.l) = :two",
        "size(b) > :two",
        "NOT s = :he",
        "NOT NOT s = :hello",
        "s = :he OR s = :hello AND n = :ten",
        "NOT s = :he AND n = :ten",
        "(s = :he OR s = :hello) AND n = :ten",
        "NOT (s = :he OR n = :one )",
        "(s) = (:hello )",
        "doc.deep.x = :y",
        "lst[1] = :two",
        "doc . deep . x = :y",
        "NOT size(n) > :one",
        "NOT s < :one",
        "NOT s BETWEEN :one AND :two",
        "NOT contains(n, :one )",
    ],
)
def test_conditions_that_hold(text: str) -> None:
    """One line for each rule of the grammar and each operator, on one item."""
    assert holds(text)
    assert not holds(f"NOT ({text})")


def test_precedence() -> None:
    """AND binds tighter than OR, NOT tighter than AND: AWS's list of precedence."""
    assert holds("s = :hello OR s = :he AND n = :one")
    assert not holds("(s = :hello OR s = :he ) AND n = :one")
    assert not holds("NOT s = :hello AND n = :ten")


def test_names_may_be_anything() -> None:
    """A placeholder reaches names that the grammar cannot write."""
    item = attributes({"a.b": {"S": "x"}, "size": {"N": "1"}})
    expressions = Expressions({"#d": "a.b", "#s": "size"}, None)
    condition = expressions.condition("ConditionExpression", "attribute_exists(#d) AND attribute_exists(#s)")
    expressions.finish()
    assert condition.test(item, {})


NAMES = {"#n": "name"}
ONE = {":v": {"N": "1"}}


@pytest.mark.parametrize(
    ("text", "values", "message"),
    [
        ("", None, "The expression can not be empty;"),
        ("a = ", None, 'Syntax error; token: "<EOF>", near: "= "'),
        ("a = :v AND", ONE, 'Syntax error; token: "<EOF>", near: "AND"'),
        ("a b = :v", ONE, 'Syntax error; token: "b", near: "a b ="'),
        ("contains(a, :v", ONE, 'Syntax error; token: "<EOF>", near: ":v"'),
        ("a", None, 'Syntax error; token: "<EOF>", near: "a"'),
        (":v", ONE, 'Syntax error; token: "<EOF>", near: ":v"'),
        ("a[-1] = :v", ONE, 'Syntax error; token: "-", near: "[-1"'),
        ("a[01] = :v", ONE, 'Syntax error; token: "1", near: "01]"'),
        ("a == :v", ONE, 'Syntax error; token: "=", near: "== :v"'),
        ("a = :v;", ONE, 'Syntax error; token: ";", near: ":v;"'),
        ("_a = :v", ONE, 'Syntax error; token: "_", near: "_a"'),
        ("(a) AND b = :v", ONE, 'Syntax error; token: "AND", near: ") AND b"'),
        ("set = :v", ONE, 'Syntax error; token: "set", near: "set ="'),
        ("a = 5", None, 'Syntax error; token: "5", near: "= 5"'),
        ("a = 'x'", None, 'Syntax error; token: "\'", near: "= \'x"'),
        ("((a = :v))", ONE, "The expression has redundant parentheses;"),
        ("((a)) = :v", ONE, "The expression has redundant parentheses;"),
        ("name = :v", ONE, "Attribute name is a reserved keyword; reserved keyword: name"),
        ("a.Status = :v", ONE, "Attribute name is a reserved keyword; reserved keyword: Status"),
        ("a[2147483648] = :v", ONE, "List index is not within the allowable range; index: [2147483648]"),
        ("foo(a)", None, "Invalid function name; function: foo"),
        ("SIZE(a) = :v", ONE, "Invalid function name; function: SIZE"),
        ("size(a)", None, "The function is not allowed to be used this way in an expression; function: size"),
        (
            "attribute_exists(a) = :v",
            ONE,
            "The function is not allowed to be used this way in an expression; function: attribute_exists",
        ),
        (
            "a = if_not_exists(b, :v)",
            ONE,
            "The function is not allowed in a condition expression; function: if_not_exists",
        ),
        (
            "attribute_exists(a, b)",
            None,
            "Incorrect number of operands for operator or function; operator or function: attribute_exists, "
            "number of operands: 2",
        ),
        (
            "attribute_exists(:v)",
            ONE,
            "Operator or function requires a document path; operator or function: attribute_exists",
        ),
        (
            "#x = :v",
            ONE,
            "An expression attribute name used in the document path is not defined; attribute name: #x",
        ),
        ("a = :x", ONE, "An expression attribute value used in expression is not defined; attribute value: :x"),
        (
            "a = a",
            None,
            "The first operand must be distinct from the remaining operands for this operator or function; "
            "operator: =, first operand: [a]",
        ),
        (
            "contains(a.b[0], a.b[0])",
            None,
            "The first operand must be distinct from the remaining operands for this operator or function; "
            "operator: contains, first operand: [a, b, [0]]",
        ),
        (
            "a < :v",
            {":v": {"BOOL": True}},
            "Incorrect operand type for operator or function; operator or function: <, operand type: BOOL",
        ),
        (
            "begins_with(a, :v)",
            ONE,
            "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N",
        ),
        (
            "size(:v) > :v",
            ONE,
            "Incorrect operand type for operator or function; operator or function: size, operand type: N",
        ),
        (
            "attribute_type(a, :v)",
            ONE,
            "Incorrect operand type for operator or function; operator or function: attribute_type, operand type: N",
        ),
        (
            "attribute_type(a, :v)",
            {":v": {"S": "X"}},
            "Invalid attribute type name found; type: X, valid types: {N,BS,L,B,NULL,M,S,SS,NS,BOOL}",
        ),
        (
            "a BETWEEN :v AND :w",
            {":v": {"N": "1"}, ":w": {"S": "x"}},
            "The BETWEEN operator requires same data type for lower and upper bounds; "
            "lower bound operand: AttributeValue: {N:1}, upper bound operand: AttributeValue: {S:x}",
        ),
        (
            "a BETWEEN :v AND :w",
            {":v": {"N": "2"}, ":w": {"N": "1"}},
            "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; "
            "lower bound operand: AttributeValue: {N:2}, upper bound operand: AttributeValue: {N:1}",
        ),
        (
            "a IN (" + ", ".join([":v"] * 101) + ")",
            ONE,
            "The IN operator is provided with too many operands; number of operands: 101",
        ),
        (
            "a = :v" + " " * 4096,
            ONE,
            "Expression size has exceeded the maximum allowed size; expression size: 4102",
        ),
        (
            ".".join(["a"] * 33) + " = :v",
            ONE,
            "The document path has too many nesting levels; nesting levels: 33",
        ),
    ],
)
def test_wrong_conditions(text: str, values: dict[str, Any] | None, message: str) -> None:
    """SDKs and people read these; AWS's words, from its own answers."""
    expressions = Expressions(None, None if values is None else attributes(values))
    with pytest.raises(ValidationException) as caught:
        expressions.condition("FilterExpression", text)
    assert caught.value.message == f"Invalid FilterExpression: {message}"


@pytest.mark.parametrize("text", ["(" * 4000, "NOT " * 1000 + "a = :v", "size(" * 800, "a = :v" + " AND a = :v" * 350])
def test_hostile_nesting(text: str) -> None:
    """A deep or long expression is refused; it neither takes long nor exhausts the stack."""
    with pytest.raises(ValidationException):
        Expressions(None, attributes(ONE)).condition("FilterExpression", text)


@pytest.mark.parametrize(
    ("names", "values", "message"),
    [
        ({}, None, "ExpressionAttributeNames must not be empty"),
        (None, {}, "ExpressionAttributeValues must not be empty"),
        ({"n": "a"}, None, 'ExpressionAttributeNames contains invalid key: Syntax error; key: "n"'),
        ({"#": "a"}, None, 'ExpressionAttributeNames contains invalid key: Syntax error; key: "#"'),
        ({"#a-b": "a"}, None, 'ExpressionAttributeNames contains invalid key: Syntax error; key: "#a-b"'),
        ({"#a": ""}, None, "ExpressionAttributeNames contains invalid value: Empty attribute name for key #a"),
        (None, {"v": {"N": "1"}}, 'ExpressionAttributeValues contains invalid key: Syntax error; key: "v"'),
        (
            None,
            {":v": {"N": "x"}},
            "ExpressionAttributeValues contains invalid value: "
            "The parameter cannot be converted to a numeric value: x for key :v",
        ),
        (
            None,
            {":v": {}},
            "ExpressionAttributeValues contains invalid value: Supplied AttributeValue is empty, "
            "must contain exactly one of the supported datatypes for key :v",
        ),
    ],
)
def test_wrong_names_and_values(names: dict[str, str] | None, values: dict[str, Any] | None, message: str) -> None:
    """The maps are checked before any expression is read."""
    with pytest.raises(ValidationException) as caught:
        Expressions(names, None if values is None else attributes(values))
    assert caught.value.message == message


def test_unused_names_and_values() -> None:
    """What is given must be used; listed in the order of AWS's hash set."""
    expressions = Expressions({"#n": "a", "#x": "b"}, None)
    expressions.condition("ConditionExpression", "attribute_exists(#n)")
    with pytest.raises(ValidationException, match=r"ExpressionAttributeNames unused in expressions: keys: \{#x\}"):
        expressions.finish()
    expressions = Expressions(None, attributes({":a": {"N": "1"}, ":b": {"N": "1"}, ":c": {"N": "1"}}))
    expressions.condition("ConditionExpression", "a = :b")
    with pytest.raises(ValidationException, match=r"Values unused in expressions: keys: \{:a, :c\}"):
        expressions.finish()


# --- updates ---------------------------------------------------------------------------------------------------------

BASE = {
    "n": {"N": "5"},
    "s": {"S": "x"},
    "l": {"L": [{"S": "0"}, {"S": "1"}, {"S": "2"}]},
    "m": {"M": {"a": {"N": "1"}, "b": {"M": {"c": {"S": "d"}}}}},
    "ss": {"SS": ["a", "b"]},
    "ns": {"NS": ["1"]},
}


def updated(text: str, values: dict[str, Any] | None = None, base: dict[str, Any] = BASE) -> dict[str, Any]:
    expressions = Expressions(None, None if values is None else attributes(values))
    update = expressions.update(text)
    expressions.finish()
    item = attributes(base)
    before = plain(item)
    result: dict[str, Any] = plain(update.apply(item, expressions.values))
    assert plain(item) == before, "an update must leave the old image alone"
    return result


@pytest.mark.parametrize(
    ("text", "values", "changed"),
    [
        ("SET fresh = :v", {":v": {"S": "y"}}, {"fresh": {"S": "y"}}),
        ("set n = n + :v", {":v": {"N": "1.5"}}, {"n": {"N": "6.5"}}),
        ("SET n = :v - n", {":v": {"N": "1"}}, {"n": {"N": "-4"}}),
        ("SET n = s, s = n", None, {"n": {"S": "x"}, "s": {"N": "5"}}),
        ("SET k = if_not_exists(absent, :v)", {":v": {"N": "1"}}, {"k": {"N": "1"}}),
        ("SET n = if_not_exists(n, :v)", {":v": {"N": "1"}}, {}),
        ("SET c = if_not_exists(c, :z) + :v", {":z": {"N": "0"}, ":v": {"N": "3"}}, {"c": {"N": "3"}}),
        (
            "SET l = list_append(l, :v)",
            {":v": {"L": [{"S": "3"}]}},
            {"l": {"L": [{"S": "0"}, {"S": "1"}, {"S": "2"}, {"S": "3"}]}},
        ),
        (
            "SET q = list_append(if_not_exists(q, :e), :v)",
            {":e": {"L": []}, ":v": {"L": [{"S": "3"}]}},
            {"q": {"L": [{"S": "3"}]}},
        ),
        ("SET l[1] = :v", {":v": {"S": "y"}}, {"l": {"L": [{"S": "0"}, {"S": "y"}, {"S": "2"}]}}),
        (
            "SET l[9] = :v, l[7] = :w",
            {":v": {"S": "9"}, ":w": {"S": "7"}},
            {"l": {"L": [{"S": "0"}, {"S": "1"}, {"S": "2"}, {"S": "7"}, {"S": "9"}]}},
        ),
        ("REMOVE l[0], l[2]", None, {"l": {"L": [{"S": "1"}]}}),
        ("REMOVE l[9], m.zz, nothing", None, {}),
        (
            "SET l[0] = :v REMOVE l[1]",
            {":v": {"S": "y"}},
            {"l": {"L": [{"S": "y"}, {"S": "2"}]}},
        ),
        (
            "SET m.b.c = :v, m.z = :w REMOVE m.a",
            {":v": {"S": "e"}, ":w": {"N": "9"}},
            {"m": {"M": {"b": {"M": {"c": {"S": "e"}}}, "z": {"N": "9"}}}},
        ),
        ("ADD n :v", {":v": {"N": "-5"}}, {"n": {"N": "0"}}),
        ("ADD fresh :v", {":v": {"N": "2"}}, {"fresh": {"N": "2"}}),
        ("ADD ss :v", {":v": {"SS": ["b", "c"]}}, {"ss": {"SS": ["a", "b", "c"]}}),
        ("ADD ns :v", {":v": {"NS": ["1.0", "2"]}}, {"ns": {"NS": ["1", "2"]}}),
        ("ADD m.a :v", {":v": {"N": "1"}}, {"m": {"M": {"a": {"N": "2"}, "b": {"M": {"c": {"S": "d"}}}}}}),
        ("DELETE ss :v", {":v": {"SS": ["a", "z"]}}, {"ss": {"SS": ["b"]}}),
        # Parentheses: paritysuite/dynamodb-conformance, tests/tier1/updateItem/basic.test.ts (2026).
        ("SET n = (n - :v)", {":v": {"N": "3"}}, {"n": {"N": "2"}}),
        ("SET n = (n) + (:v)", {":v": {"N": "3"}}, {"n": {"N": "8"}}),
        ("SET n = (:v)", {":v": {"N": "3"}}, {"n": {"N": "3"}}),
        ("DELETE gone :v", {":v": {"SS": ["a"]}}, {}),
    ],
)
def test_updates(text: str, values: dict[str, Any] | None, changed: dict[str, Any]) -> None:
    """Each action on each kind of place; everything is worked out from the item as it was."""
    assert updated(text, values) == {**BASE, **changed}


def test_deleting_the_last_member_removes_the_set() -> None:
    """No set is empty."""
    assert "ss" not in updated("DELETE ss :v", {":v": {"SS": ["a", "b"]}})
    assert "n" not in updated("REMOVE n")


@pytest.mark.parametrize(
    ("text", "values", "message"),
    [
        ("", None, "Invalid UpdateExpression: The expression can not be empty;"),
        ("SET", None, 'Invalid UpdateExpression: Syntax error; token: "<EOF>", near: "SET"'),
        ("SET a = b +", None, 'Invalid UpdateExpression: Syntax error; token: "<EOF>", near: "+"'),
        ("SET a = :v + :v + :v", ONE, 'Invalid UpdateExpression: Syntax error; token: "+", near: ":v + :v"'),
        ("SET a = (:v + :v) + :v", ONE, 'Invalid UpdateExpression: Syntax error; token: "+", near: ") + :v"'),
        ("SET a = ((:v + :v))", ONE, "Invalid UpdateExpression: The expression has redundant parentheses;"),
        (
            "SET a = :v" + " " * 4096,
            ONE,
            "Invalid UpdateExpression: Expression size has exceeded the maximum allowed size;",
        ),
        ("a = :v", ONE, 'Invalid UpdateExpression: Syntax error; token: "a", near: "a ="'),
        ("ADD a b", None, 'Invalid UpdateExpression: Syntax error; token: "b", near: "a b"'),
        (
            "SET a = :v SET b = :v",
            ONE,
            'Invalid UpdateExpression: The "SET" section can only be used once in an update expression;',
        ),
        (
            "SET status = :v",
            ONE,
            "Invalid UpdateExpression: Attribute name is a reserved keyword; reserved keyword: status",
        ),
        (
            "SET a = size(b)",
            None,
            "Invalid UpdateExpression: The function is not allowed in an update expression; function: size",
        ),
        ("SET a = foo(b)", None, "Invalid UpdateExpression: Invalid function name; function: foo"),
        (
            "SET a = if_not_exists(b)",
            None,
            "Invalid UpdateExpression: Incorrect number of operands for operator or function; "
            "operator or function: if_not_exists, number of operands: 1",
        ),
        (
            "SET a = if_not_exists(:v, :v)",
            ONE,
            "Invalid UpdateExpression: Operator or function requires a document path; "
            "operator or function: if_not_exists",
        ),
        (
            "SET a = :v, a.b = :v",
            ONE,
            "Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of "
            "these paths; path one: [a], path two: [a, b]",
        ),
        (
            "SET a.b = :v REMOVE a[0]",
            ONE,
            "Invalid UpdateExpression: Two document paths conflict with each other; must remove or rewrite one of "
            "these paths; path one: [a, b], path two: [a, [0]]",
        ),
        (
            "ADD a :v",
            {":v": {"S": "x"}},
            "Invalid UpdateExpression: Incorrect operand type for operator or function; operator: ADD, "
            "operand type: STRING, typeSet: ALLOWED_FOR_ADD_OPERAND",
        ),
        (
            "DELETE a :v",
            ONE,
            "Invalid UpdateExpression: Incorrect operand type for operator or function; operator: DELETE, "
            "operand type: NUMBER, typeSet: ALLOWED_FOR_DELETE_OPERAND",
        ),
        (
            "SET a = b + :v",
            {":v": {"S": "x"}},
            "Invalid UpdateExpression: Incorrect operand type for operator or function; operator or function: +, "
            "operand type: S",
        ),
        (
            "SET a = list_append(l, :v)",
            ONE,
            "Invalid UpdateExpression: Incorrect operand type for operator or function; "
            "operator or function: list_append, operand type: N",
        ),
        (
            "SET #a = :v",
            ONE,
            "Invalid UpdateExpression: An expression attribute name used in the document path is not defined; "
            "attribute name: #a",
        ),
        (
            "SET a = :w",
            ONE,
            "Invalid UpdateExpression: An expression attribute value used in expression is not defined; "
            "attribute value: :w",
        ),
        ("SET a = nothing", None, "The provided expression refers to an attribute that does not exist in the item"),
        (
            "SET a = nothing + :v",
            ONE,
            "The provided expression refers to an attribute that does not exist in the item",
        ),
        ("SET a = s + :v", ONE, "An operand in the update expression has an incorrect data type"),
        ("ADD s :v", ONE, "An operand in the update expression has an incorrect data type"),
        ("DELETE n :v", {":v": {"SS": ["a"]}}, "An operand in the update expression has an incorrect data type"),
        ("SET gone.b = :v", ONE, "The document path provided in the update expression is invalid for update"),
        ("SET s.b = :v", ONE, "The document path provided in the update expression is invalid for update"),
        ("SET m[0] = :v", ONE, "The document path provided in the update expression is invalid for update"),
        ("REMOVE gone.b", None, "The document path provided in the update expression is invalid for update"),
    ],
)
def test_wrong_updates(text: str, values: dict[str, Any] | None, message: str) -> None:
    """AWS's words; problems of the text carry the expression's name, those of the item do not."""
    with pytest.raises(ValidationException) as caught:
        updated(text, values)
    assert caught.value.message == message


# --- projections -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("n", {"n": {"N": "5"}}),
        ("n, gone", {"n": {"N": "5"}}),
        ("m.b", {"m": {"M": {"b": {"M": {"c": {"S": "d"}}}}}}),
        ("m.b.c, m.a", {"m": {"M": {"b": {"M": {"c": {"S": "d"}}}, "a": {"N": "1"}}}}),
        ("l[2], l[0]", {"l": {"L": [{"S": "0"}, {"S": "2"}]}}),
        ("l[7], m.zz, s.a", {}),
        ("m[0], l.a", {}),
    ],
)
def test_projections(text: str, expected: dict[str, Any]) -> None:
    """Only what was asked for, in its place; lists close up, empty containers vanish."""
    projection = Expressions(None, None).projection(text)
    assert plain(projection.project(attributes(BASE))) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The expression can not be empty;"),
        ("a,", 'Syntax error; token: "<EOF>", near: ","'),
        ("a b", 'Syntax error; token: "b", near: "a b"'),
        ("a, :v", 'Syntax error; token: ":v", near: ", :v"'),
        ("a, b, a", "Two document paths overlap with each other; must remove or rewrite one of these paths; "
                    "path one: [a], path two: [a]"),
        ("data", "Attribute name is a reserved keyword; reserved keyword: data"),
    ],
)  # fmt: skip
def test_wrong_projections(text: str, message: str) -> None:
    """The same grammar of paths, the same words."""
    with pytest.raises(ValidationException) as caught:
        Expressions(None, None).projection(text)
    assert caught.value.message == f"Invalid ProjectionExpression: {message}"
