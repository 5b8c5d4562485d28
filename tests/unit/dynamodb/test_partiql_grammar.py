"""PartiQL's texts: what is read, and what is refused in which words.

Where a case says nothing else, the answer is real AWS's, as the public suite paritysuite/dynamodb-conformance and the
tests of hectorvent/floci have recorded it in 2026.
"""

from typing import Any

import msgspec
import pytest

from pileus.kernel.errors import ServiceError
from pileus.services.dynamodb.partiql.checked import InsertStatement, SelectStatement, UpdateStatement
from pileus.services.dynamodb.partiql.checks import bind, legal_parameters
from pileus.services.dynamodb.partiql.statements import parse
from pileus.services.dynamodb.shapes import AttributeValue

MALFORMED = "Statement wasn't well formed, can't be processed: "
LEFTOVER = f"{MALFORMED}Unexpected token after expression"
NO_TERM = f"{MALFORMED}Unexpected term"
ALIAS = "Aliasing is not supported"
OVERFLOW = "Number overflow. Attempting to store a number with magnitude larger than supported range"
UNDERFLOW = "Number underflow. Attempting to store a number with magnitude smaller than supported range"
DIGITS = "Attempting to store more than 38 significant digits in a Number"
TOO_DEEP = "Nesting Levels have exceeded supported limits"
OPERAND = "Incorrect operand type for operator or function; operator or function: "


def parameters(*values: dict[str, Any]) -> list[AttributeValue]:
    return [msgspec.convert(value, AttributeValue) for value in values]


def refused(text: str, *values: dict[str, Any]) -> str:
    with pytest.raises(ServiceError) as caught:
        bind(text, legal_parameters(parameters(*values)))
    assert caught.value.error_code == "ValidationException"
    return caught.value.message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SLECT * FROM ttt WHERE pk = 'x'", f"{MALFORMED}Expected data manipulation"),
        ("UPDATE Payment-table SET a=? WHERE pk=?", f"{MALFORMED}Expected data manipulation"),
        ("SELECTT * FROMM ttt", LEFTOVER),
        ("SELECT * FROM ttt WHERE pk = 1 foo", LEFTOVER),
        ("SELECT * FROM ttt WHERE pk = 1 e5", LEFTOVER),
        ("SELECT * FROM ttt WHERE pk = 1)", LEFTOVER),
        ("INSERT INTO ttt VALUE {'pk': 1} foo", LEFTOVER),
        ("UPDATE ttt SET a = 9 WHERE pk = 1 foo", LEFTOVER),
        ("DELETE FROM ttt WHERE pk = 1 foo", LEFTOVER),
        ("DELETE FROM ttt WHERE pk = 1 ORDER BY pk", LEFTOVER),
        ("SELECT * FROM ttt ORDER BY pk WHERE pk = 1", LEFTOVER),
        ("INSERT INTO ttt t VALUE {'pk': 'x'}", LEFTOVER),
        ("FROM ttt SET c = 1 WHERE pk = 'x'", LEFTOVER),
        ("FROM ttt SET c = 1 WHERE pk = 'x' SET d = 2", LEFTOVER),
        ("SELECT * FROM ttt WHERE pk = 1e2147483648", MALFORMED),
        ("SELECT * FROM ttt WHERE pk = 1e99999999999", MALFORMED),
        ("SELECT * FROM ttt WHERE pk = 1.5e-2147483647", MALFORMED),
        ("SELECT * FROM ttt WHERE pk = 1 # note", MALFORMED),
        ("SELECT * FROM ttt WHERE pk = 1 /* note", MALFORMED),
        ('SELECT * FROM "ttt', MALFORMED),
        ("SELECT * FROM ttt t WHERE pk = 'x'", ALIAS),
        ("SELECT * FROM ttt AS t WHERE pk = 'x'", ALIAS),
        ("SELECT s AS x FROM ttt", ALIAS),
        ("UPDATE ttt t SET a = 3 WHERE pk = 'x'", ALIAS),
        ("DELETE FROM ttt t WHERE pk = 'x'", ALIAS),
        ("SELECT * FROM ttt WHERE", NO_TERM),
        ("SELECT * FROM ttt WHERE;", NO_TERM),
        ("SELECT * FROM ttt WHERE NOT", NO_TERM),
        ("SELECT * FROM ttt WHERE (", NO_TERM),
        ("UPDATE ttt SET a = 1 WHERE", NO_TERM),
        ("DELETE FROM ttt WHERE  ", NO_TERM),
        ("SELECT * FROM", NO_TERM),
        ("SELECT * FROM ttt WHERE pk = 'a' AND", f"{MALFORMED}Missing right-hand side expression of infix operator"),
        ("SELECT * FROM ttt WHERE pk = 'a' OR", f"{MALFORMED}Missing right-hand side expression of infix operator"),
        ("SELECT * FROM ttt WHERE ORDER BY pk", f"{MALFORMED}Unexpected keyword"),
        ("INSERT INTO urls (key, a) VALUES (?, ?)", f"{MALFORMED}Unexpected keyword"),
        ("SELECT * FROM ttt WHERE pk = 'a' AND x IS FOO", f"{MALFORMED}Expected type name"),
        ("SELECT * FROM ttt WHERE IS NULL", f"{MALFORMED}Unexpected operator"),
        ("SELECT * FROM ttt WHERE pk = LIKE", f"{MALFORMED}Unexpected operator"),
        ("DELETE FROM", f"{MALFORMED}Expected identifier for simple path"),
        ("DELETE FROM;", f"{MALFORMED}Expected identifier for simple path"),
        ("DELETE FROM WHERE pk = 'a'", f"{MALFORMED}Expected identifier for simple path"),
        ("SELECT a FROM ttt WHERE attribute_exists(m.inner)", f"{MALFORMED}Invalid path dot component"),
        ("UPDATE ttt SET m.inner = 1 WHERE pk = 'a'", f"{MALFORMED}Invalid path dot component"),
        ("UPDATE ttt SET m.* = 1 WHERE pk = 'a'", f"{MALFORMED}Invalid path dot component for simple path"),
        ("SELECT * FROM (SELECT * FROM ttt", f"{MALFORMED}Expected RIGHT_PAREN"),
        ("x IS INT4", "Unsupported operation: IsType"),
        ("x IS DOUBLE PRECISION", "Unsupported operation: IsType"),
        ("x IS CHARACTER VARYING", "Unsupported operation: IsType"),
        ('SELECT * FROM "" WHERE pk = 1', "Path component cannot be an empty string"),
        ('SELECT * FROM ttt."" WHERE pk = 1', "Path component cannot be an empty string"),
        ("SELECT * FROM ttt.iii.more", "A path may contain at most 2 components in the FROM clause"),
        ("UPDATE ttt.iii SET a = 1 WHERE pk = 1", "This operation is not supported on an index"),
        ("DELETE FROM ttt.iii WHERE pk = 1", "This operation is not supported on an index"),
        (
            "INSERT INTO ttt.iii VALUE {'pk': 1}",
            "FROM clause may only contain a single table name in data manipulation statements",
        ),
        ("SELECT l[-1] FROM ttt", "List index is not within the allowable range; index: [-1] at 1:11:1"),
        (
            "SELECT l[2147483648] FROM ttt",
            "List index is not within the allowable range; index: [2147483648] at 1:10:10",
        ),
        ("SELECT COUNT(*) FROM ttt", "Unexpected path component at 1:8:5"),
        ("SELECT attribute_exists(ss) FROM ttt", "Unexpected path component at 1:8:16"),
        ("SELECT a.z, m.z FROM ttt", "Duplicate identifiers in select clause: z"),
        ("SELECT id FROM dbimp_page LIMIT 5", "Unsupported clause: LIMIT at 1:33:1"),
        ("SELECT * FROM ttt ORDER BY sk", "Must have WHERE clause in the statement when using ORDER BY clause."),
        (
            "DELETE FROM ttt WHERE pk = 'x' RETURNING MODIFIED OLD *",
            "Invalid returning clause: RETURNING MODIFIED OLD *. Only RETURNING ALL OLD * is allowed in DELETE "
            "statements.",
        ),
        (
            "DELETE FROM ttt WHERE pk = 'x' RETURNING ALL NEW *",
            "Invalid returning clause: RETURNING ALL NEW *. Only RETURNING ALL OLD * is allowed in DELETE statements.",
        ),
    ],
)
def test_statements_that_cannot_be_read(text: str, message: str) -> None:
    """An application that logs AWS's message, or tests for it, sees the same one here."""
    assert refused(text) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SELECT * FROM ttt WHERE pk = 1e126", f"{OVERFLOW} under root"),
        ("SELECT * FROM ttt WHERE pk = 1e-131", f"{UNDERFLOW} under root"),
        ("SELECT * FROM ttt WHERE pk = 123456789012345678901234567890123456789", f"{DIGITS} under root"),
        ("UPDATE ttt SET a = 1e-131 WHERE pk = 1", f"{UNDERFLOW} under root"),
        ("INSERT INTO ttt VALUE {'pk': 1e126}", f"{OVERFLOW} under root"),
        ("INSERT INTO ttt VALUE {'pk': 1, 'm': {'x': 1e126}}", f"{OVERFLOW} under root.x"),
        ("INSERT INTO ttt VALUE {'pk': 1, 'l': [1, 1e126]}", f"{OVERFLOW} under root[1]"),
        ("INSERT INTO ttt VALUE {'pk': 1, 's': <<>>}", "Empty bags are not supported"),
        (
            "INSERT INTO ttt VALUE {'pk': 1, 's': <<1, 'a'>>}",
            "Unsupported data type in Bag. DynamoDB only supports either numbers or strings in bags",
        ),
        (
            "INSERT INTO ttt VALUE {'pk': 1, 's': <<'a', 'a'>>}",
            "One or more parameter values were invalid: Input collection [a, a] contains duplicates.",
        ),
        (
            "UPDATE ttt SET n = set_add(n, <<2, 2.0>>) WHERE pk = 1",
            "One or more parameter values were invalid: Input collection [2, 2.0] contains duplicates! under root",
        ),
        ("UPDATE ttt SET x = [?] WHERE pk = 1", "Unsupported data type: Parameter under key root[0] at 1:21:1"),
        (
            "INSERT INTO ttt VALUE {'pk': 1, 'm': {'k': ?}}",
            "Unsupported data type: Parameter under key root.k at 1:44:1",
        ),
        (
            "INSERT INTO ttt VALUE {'pk': 1, 'ss': set_add(<<'a'>>, <<'b'>>)}",
            "Unsupported data type: set_add under key root at 1:39:7",
        ),
        (f"UPDATE ttt SET d = {'[' * 32}1{']' * 32}", f"{TOO_DEEP} under root{'[0]' * 32}"),
        ("UPDATE ttt SET d = " + "{'a':" * 32 + "1" + "}" * 32, f"{TOO_DEEP} under root{'.a' * 32}"),
    ],
)
def test_literals_that_are_no_values(text: str, message: str) -> None:
    """AWS says where in a literal it is wrong."""
    assert refused(text, *([{"S": "v"}] * text.count("?"))) == message


@pytest.mark.parametrize(
    ("clause", "message"),
    [
        (
            "attribute_exists('ss')",
            "Operator or function requires a document path; operator or function: attribute_exists",
        ),
        (
            "attribute_exists()",
            "Incorrect number of operands for operator or function; operator or function: attribute_exists, "
            "number of operands: 0",
        ),
        ("EXISTS(ss)", "Unrecognized function: exists at 1:25:6"),
        ("set_add(ss, <<'x'>>) = ss", "Unrecognized function: set_add at 1:25:7"),
        ("attribute_type(l, 1)", f"{OPERAND}attribute_type, operand type: N"),
        ("attribute_type(l, true)", f"{OPERAND}attribute_type, operand type: BOOL"),
        (
            "attribute_type(a, 'X')",
            "Invalid attribute type name found; type: X, valid types: {N,BS,L,B,NULL,M,S,SS,NS,BOOL}",
        ),
        ("a < true", f"{OPERAND}<, operand type: BOOL"),
        ("attribute_exists(n) > false", f"{OPERAND}>, operand type: BOOL"),
        (
            "flag IN [" + ",".join(map(str, range(101))) + "]",
            "The IN operator is provided with too many operands; number of operands: 101",
        ),
        ("a = MISSING", "MISSING must be compared using IS operator"),
        ("a", "WHERE clause must contain an expression that resolves to a boolean"),
        ("a = 1 AND b", "The arguments to AND/OR must be Expressions"),
        ("NOT a", "The argument to NOT must be a Type or Expression"),
    ],
)
def test_conditions_that_make_no_sense(clause: str, message: str) -> None:
    """What is wrong with a condition is found before any item is looked at. (The last four: DynamoDB Local.)"""
    assert refused(f"SELECT * FROM ttt WHERE {clause}") == message


@pytest.mark.parametrize(
    ("clause", "message"),
    [
        ("t = set_add(ss, <<'x'>>)", "The first argument to SET_ADD must equal the assignment value at 1:20:7"),
        ("ss = set_add(<<'a'>>, <<'b'>>)", "The first argument to SET_ADD must equal the assignment value at 1:21:7"),
        ("ss = set_add(ss, 'x')", "The second argument to SET_ADD must be a value with type SET at 1:29:2"),
        (
            '"ss" = set_delete("ss", [1])',
            "The second argument to SET_DELETE must be a value with type SET at 1:34:4",
        ),
        ("ss = set_add(ss)", "SET_ADD must have exactly two arguments at 1:21:7"),
        ("n = 'a' + 1", f"{OPERAND}+, operand type: S"),
        ("n = n - null", f"{OPERAND}-, operand type: NULL"),
        ("n = n + [1]", f"{OPERAND}+, operand type: L"),
        ("n = if_not_exists(n, 1)", "Unrecognized function: if_not_exists at 1:20:13"),
    ],
)
def test_updates_that_make_no_sense(clause: str, message: str) -> None:
    """Positions in messages are those of the tokens AWS points at. (`if_not_exists` is not of PartiQL.)"""
    assert refused(f"UPDATE ttt SET {clause} WHERE pk = 'x'") == message


def test_a_set_function_needs_a_set_also_from_a_parameter() -> None:
    """ADD would take a number, but `set_add` is for sets."""
    message = refused("UPDATE ttt SET n = set_add(n, ?) WHERE pk = 'x'", {"N": "1"})
    assert message == "The second argument to SET_ADD must be a value with type SET at 1:28:1"


def test_positions_count_lines() -> None:
    """A statement over several lines is complained about in the right one."""
    message = refused("UPDATE ttt\nSET BandMembers = set_add(BandMembers, 'x')\nWHERE pk='s'")
    assert message == "The second argument to SET_ADD must be a value with type SET at 2:27:11"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"N": "1e99999999999"}, "The parameter cannot be converted to a numeric value: 1e99999999999"),
        ({"N": "1e-2147483648"}, "The parameter cannot be converted to a numeric value: 1e-2147483648"),
        (
            {"L": [{"N": "1"}, {"N": "1e99999999999"}]},
            "The parameter cannot be converted to a numeric value: 1e99999999999",
        ),
        ({"N": ""}, "The parameter cannot be converted to a numeric value"),
        ({"N": "1e126"}, OVERFLOW),
        ({"SS": ["a", "a"]}, "One or more parameter values were invalid: Input collection [a, a] contains duplicates."),
        (
            {"NULL": False},
            "One or more parameter values were invalid: Null attribute value types must have the value of true",
        ),
    ],
)
def test_parameters_are_looked_at_before_the_statement(value: dict[str, Any], message: str) -> None:
    """So a bad parameter wins over a bad statement."""
    assert refused("UPDATE ttt SET WHERE", value) == message


def test_a_parameter_may_not_be_too_deep() -> None:
    """A parameter says more than a literal of what is too deep, and what comes first in it is named."""
    value: dict[str, Any] = {"N": "1"}
    for _ in range(31):
        value = {"M": {"n": value}}
    bind("SELECT * FROM ttt WHERE a = ?", legal_parameters(parameters(value)))
    for depth in (32, 40):
        value = {"N": "abc"}
        for _ in range(depth):
            value = {"M": {"n": value}}
        message = refused("SELECT * FROM ttt WHERE a = ?", value)
        assert message == f"{TOO_DEEP}: Attributes in the item have nested levels beyond supported limit"


@pytest.mark.parametrize("count", [0, 2])
def test_there_are_as_many_parameters_as_question_marks(count: int) -> None:
    """A forgotten parameter is an error, not a null; one in a string is none."""
    message = refused("SELECT * FROM ttt WHERE a = ? AND b = '?'", *([{"S": "x"}] * count))
    assert message == "Number of parameters in request and statement don't match."


@pytest.mark.parametrize(
    "text", ["(" * 4000, "- " * 4000, "NOT " * 2000, "[" * 8000, "a" + " = a" * 2000, "a.b" * 2000]
)
def test_no_statement_is_too_deep_for_us(text: str) -> None:
    """Whatever is sent is answered with an error of the caller's."""
    refused(f"SELECT * FROM ttt WHERE {text}"[:8192])


def test_long_flat_conditions_are_no_deep_ones() -> None:
    """A thousand alternatives are one step deep."""
    term, _ = parse("SELECT * FROM ttt WHERE " + " OR ".join(f"a = {n}" for n in range(700)))
    assert term is not None


def test_what_a_select_is_made_of() -> None:
    """Columns are named by the last part of their path; comments and case mean nothing; quoted keywords are names."""
    bound = bind(
        'select m.k[0], "size", /* one */ "a.b" -- two\nfrom "my-table"."ix" '
        "where 'it''s' = \"order\" order by sk desc;",
        [],
    )
    statement = bound.statement
    assert isinstance(statement, SelectStatement)
    assert (statement.table, statement.index) == ("my-table", "ix")
    assert statement.columns == (("k[0]", ("m", "k", 0)), ("size", ("size",)), ("a.b", ("a.b",)))
    assert statement.order == (("sk", False),)
    assert [value.s for value in bound.values.values()] == ["it's"]


def test_what_an_insert_is_made_of() -> None:
    """Every kind of literal arrives in its type, numbers in canonical text."""
    bound = bind(
        "INSERT INTO ttt VALUE {'pk': ?, 'n': -1.50E1, 'z': - - .5, 'm': {'x': [true, null, 'a']}, 's': <<1, 2.0>>, "
        "'t': <<'a'>>, 'e': {}, 'l': []}",
        parameters({"S": "k"}),
    )
    assert isinstance(bound.statement, InsertStatement)
    assert msgspec.to_builtins(bound.statement.item(bound.values)) == {
        "pk": {"S": "k"},
        "n": {"N": "-15"},
        "z": {"N": "0.5"},
        "m": {"M": {"x": {"L": [{"BOOL": True}, {"NULL": True}, {"S": "a"}]}}},
        "s": {"NS": ["1", "2"]},
        "t": {"SS": ["a"]},
        "e": {"M": {}},
        "l": {"L": []},
    }


def test_what_an_update_does() -> None:
    """Clauses repeat in any order, and all look at the item as it was."""
    bound = bind(
        "UPDATE ttt SET n = n + 1, l = list_append(l, [4]) REMOVE gone SET s = SET_ADD(s, <<'z'>>) "
        "SET d = set_delete(d, ?) WHERE pk = 'x' RETURNING MODIFIED NEW *",
        parameters({"SS": ["a", "b"]}),
    )
    statement = bound.statement
    assert isinstance(statement, UpdateStatement)
    assert statement.returning == "MODIFIED NEW"
    item = {
        "n": {"N": "41"},
        "l": {"L": [{"N": "3"}]},
        "gone": {"S": "g"},
        "s": {"SS": ["y"]},
        "d": {"SS": ["a", "b"]},
    }
    before = {name: msgspec.convert(value, AttributeValue) for name, value in item.items()}
    after = statement.apply(before, bound.values)
    changed = {"n": {"N": "42"}, "l": {"L": [{"N": "3"}, {"N": "4"}]}, "s": {"SS": ["y", "z"]}}
    assert msgspec.to_builtins(after) == changed
    assert msgspec.to_builtins(statement.touched(after)) == changed
