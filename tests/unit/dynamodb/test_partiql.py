"""ExecuteStatement on a real store.

Where a case says nothing else, the answer is real AWS's, as the public suite paritysuite/dynamodb-conformance and the
tests of hectorvent/floci have recorded it in 2026.
"""

from base64 import urlsafe_b64encode
from typing import Any

import pytest

from pileus.services.dynamodb.errors import ConditionalCheckFailedException
from tests.unit.dynamodb.conftest import Dynamo

OVERLAP = "Overlapping conditions with range keys are not supported in where clause"
INCOMPLETE = "Where clause does not contain a mandatory equality on all key attributes"


class Statements:
    """Runs statements against the tables `notes` (pk) and `lines` (pk, sk)."""

    def __init__(self, dynamo: Dynamo) -> None:
        self.dynamo = dynamo

    async def run(self, text: str, *parameters: dict[str, Any], **options: Any) -> dict[str, Any]:
        if parameters:
            options["Parameters"] = list(parameters)
        return await self.dynamo.call("ExecuteStatement", Statement=text, **options)

    async def items(self, text: str, *parameters: dict[str, Any], **options: Any) -> list[Any]:
        items: list[Any] = (await self.run(text, *parameters, **options))["Items"]
        return items

    async def all_items(self, text: str, **options: Any) -> list[Any]:
        """Of all pages."""
        found: list[Any] = []
        token: dict[str, str] = {}
        for _ in range(100):
            page = await self.run(text, **options, **token)
            found += page["Items"]
            if "NextToken" not in page:
                return found
            token = {"NextToken": page["NextToken"]}
        raise AssertionError("no end")

    async def sorts(self, text: str, **options: Any) -> list[str]:
        return [item["sk"]["S"] for item in await self.all_items(text, **options)]

    async def error(self, text: str, *parameters: dict[str, Any], **options: Any) -> str:
        if parameters:
            options["Parameters"] = list(parameters)
        return await self.dynamo.error("ExecuteStatement", Statement=text, **options)

    async def put(self, table: str, **item: Any) -> None:
        await self.dynamo.call("PutItem", TableName=table, Item=item)

    async def get(self, pk: str, sk: str | None = None) -> dict[str, Any] | None:
        key = {"pk": {"S": pk}} | ({} if sk is None else {"sk": {"S": sk}})
        name = "notes" if sk is None else "lines"
        item: dict[str, Any] | None = (await self.dynamo.call("GetItem", TableName=name, Key=key)).get("Item")
        return item


@pytest.fixture
async def sql(dynamo: Dynamo) -> Statements:
    await dynamo.table("notes")
    await dynamo.table("lines", sort="S")
    return Statements(dynamo)


@pytest.fixture
async def lines(sql: Statements) -> Statements:
    """Three lines in partition `p`, two in `o`."""
    for pk, sks in (("p", "123"), ("o", "12")):
        for sk in sks:
            await sql.put("lines", pk={"S": pk}, sk={"S": sk}, n={"N": sk})
    return sql


# --- INSERT ----------------------------------------------------------------------------------------------------------


async def test_insert_creates_an_item_and_never_replaces_one(sql: Statements) -> None:
    """INSERT is no PutItem: a second one must not lose the first."""
    assert await sql.run("INSERT INTO notes VALUE {'pk': ?, 'a': {'b': [1]}}", {"S": "x"}) == {"Items": []}
    assert await sql.get("x") == {"pk": {"S": "x"}, "a": {"M": {"b": {"L": [{"N": "1"}]}}}}
    assert await sql.error("INSERT INTO notes VALUE {'pk': 'x'}") == (
        "DuplicateItemException: Duplicate primary key exists in table"
    )
    await sql.run("DELETE FROM notes WHERE pk = 'x'")
    await sql.run("INSERT INTO notes VALUE {'pk': 'x'}")


async def test_insert_needs_the_key(sql: Statements) -> None:
    """As PutItem does."""
    assert await sql.error("INSERT INTO lines VALUE {'pk': 'x'}") == (
        "ValidationException: One or more parameter values were invalid: Missing the key sk in the item"
    )
    assert "Type mismatch for key pk" in await sql.error("INSERT INTO notes VALUE {'pk': 1}")


# --- UPDATE ----------------------------------------------------------------------------------------------------------


async def test_update_changes_an_item_and_never_creates_one(sql: Statements) -> None:
    """UPDATE is no UpdateItem: the item must be there."""
    failed = "ConditionalCheckFailedException: The conditional request failed"
    assert await sql.error("UPDATE notes SET a = 1 WHERE pk = 'x'") == failed
    assert await sql.error("UPDATE notes SET a = 1 WHERE pk = 'x' AND attribute_not_exists(pk)") == failed
    assert await sql.get("x") is None
    await sql.put("notes", pk={"S": "x"}, b={"S": "old"})
    assert await sql.run("UPDATE notes SET a = 1 WHERE pk = 'x' AND b = 'old'") == {"Items": []}
    assert await sql.run("FROM notes WHERE pk = 'x' SET c = ? REMOVE b", {"N": "2"}) == {"Items": []}
    assert await sql.get("x") == {"pk": {"S": "x"}, "a": {"N": "1"}, "c": {"N": "2"}}
    assert await sql.error("UPDATE notes SET a = 9 WHERE pk = 'x' AND a = 2") == failed
    assert await sql.get("x") == {"pk": {"S": "x"}, "a": {"N": "1"}, "c": {"N": "2"}}


async def test_the_item_is_shown_when_its_condition_fails(sql: Statements) -> None:
    """As API_ExecuteStatement says of ReturnValuesOnConditionCheckFailure."""
    await sql.put("notes", pk={"S": "x"}, a={"N": "1"})
    with pytest.raises(ConditionalCheckFailedException) as caught:
        await sql.run("DELETE FROM notes WHERE pk = 'x' AND a = 2", ReturnValuesOnConditionCheckFailure="ALL_OLD")
    assert caught.value.item is not None
    assert caught.value.item.keys() == {"pk", "a"}


@pytest.mark.parametrize(
    ("clause", "item", "changed"),
    [
        ("SET ss = set_add(ss, <<'z', 'a'>>)", {"ss": {"SS": ["a"]}}, {"ss": {"SS": ["a", "z"]}}),
        ("SET ns = set_add(ns, <<4, 1>>)", {"ns": {"NS": ["1"]}}, {"ns": {"NS": ["1", "4"]}}),
        ("SET nss = set_add(nss, <<'x'>>)", {}, {"nss": {"SS": ["x"]}}),
        ("SET ss = set_delete(ss, <<'a'>>)", {"ss": {"SS": ["a"]}}, {}),
        ("SET ss = set_delete(ss, <<'zz'>>)", {"ss": {"SS": ["a"]}}, {"ss": {"SS": ["a"]}}),
        ("SET nss = set_delete(nss, <<'a'>>)", {}, {}),
        ("SET l = list_append([2010], l)", {"l": {"L": []}}, {"l": {"L": [{"N": "2010"}]}}),
        ("SET n=n-1", {"n": {"N": "5"}}, {"n": {"N": "4"}}),
        ("SET n = n - - 2", {"n": {"N": "1"}}, {"n": {"N": "3"}}),
        ("SET a = b SET b = a", {"a": {"N": "1"}, "b": {"N": "2"}}, {"a": {"N": "2"}, "b": {"N": "1"}}),
        (
            "REMOVE l[0] REMOVE m.x",
            {"l": {"L": [{"N": "1"}]}, "m": {"M": {"x": {"N": "1"}}}},
            {"l": {"L": []}, "m": {"M": {}}},
        ),
    ],
)
async def test_what_updates_do(sql: Statements, clause: str, item: dict[str, Any], changed: dict[str, Any]) -> None:
    """Sets, lists, numbers and removals, all of one item as it was."""
    await sql.put("notes", pk={"S": "x"}, **item)
    await sql.run(f"UPDATE notes {clause} WHERE pk = 'x'")
    assert await sql.get("x") == {"pk": {"S": "x"}, **changed}


@pytest.mark.parametrize(
    ("clause", "message"),
    [
        ("SET ss = set_add(ss, <<1>>)", "An operand in the update expression has an incorrect data type"),
        ("SET s = set_add(s, <<'x'>>)", "An operand in the update expression has an incorrect data type"),
        ("SET gone[0] = 'x'", "The document path provided in the update expression is invalid for update"),
        (
            "SET l = list_append(gone, [1])",
            "The provided expression refers to an attribute that does not exist in the item",
        ),
        (
            "SET pk = 'y'",
            "One or more parameter values were invalid: Cannot update attribute pk. This attribute is part of the key",
        ),
    ],
)
async def test_updates_that_do_not_fit_the_item(sql: Statements, clause: str, message: str) -> None:
    """What only the item can tell is told as UpdateItem tells it."""
    await sql.put("notes", pk={"S": "x"}, ss={"SS": ["a"]}, s={"S": "str"})
    assert await sql.error(f"UPDATE notes {clause} WHERE pk = 'x'") == f"ValidationException: {message}"


async def test_an_update_may_not_make_an_item_too_deep(sql: Statements) -> None:
    """A value that may be written by itself may be too deep where it is written."""
    value: dict[str, Any] = {"S": "x"}
    for _ in range(31):
        value = {"M": {"a": value}}
    await sql.put("notes", pk={"S": "x"}, m={"M": {}})
    await sql.run("UPDATE notes SET d = ? WHERE pk = 'x'", value)
    too_deep = "ValidationException: Nesting Levels have exceeded supported limits"
    assert await sql.error("UPDATE notes SET m.deep = ? WHERE pk = 'x'", value) == too_deep


MAP_OF_S = [{"p": {"M": {"s": {"S": "n"}}}}]
LIST = {"tags": {"L": [{"S": "a"}, {"S": "b"}, {"S": "c"}]}}


@pytest.mark.parametrize(
    ("clause", "returning", "item", "returned"),
    [
        ("SET d = 'new'", "ALL OLD", {"d": {"S": "old"}}, [{"pk": {"S": "x"}, "d": {"S": "old"}}]),
        ("SET d = 'new'", "ALL NEW", {"k": {"S": "s"}}, [{"pk": {"S": "x"}, "d": {"S": "new"}, "k": {"S": "s"}}]),
        ("SET d = 'new'", "MODIFIED OLD", {"d": {"S": "old"}, "k": {"S": "s"}}, [{"d": {"S": "old"}}]),
        ("SET d = 'new'", "MODIFIED OLD", {"k": {"S": "s"}}, []),
        ("SET d = 'new'", "MODIFIED NEW", {"k": {"S": "s"}}, [{"d": {"S": "new"}}]),
        ("SET p.s = 'n'", "MODIFIED NEW", {"p": {"M": {"s": {"S": "o"}, "t": {"N": "0"}}}}, MAP_OF_S),
        ("REMOVE d", "MODIFIED OLD", {"d": {"S": "old"}}, [{"d": {"S": "old"}}]),
        ("REMOVE d", "MODIFIED NEW", {"d": {"S": "old"}}, []),
        ("SET tags[2] = 'y', tags[0] = 'x'", "MODIFIED NEW", LIST, [{"tags": {"L": [{"S": "x"}, {"S": "y"}]}}]),
        ("SET tags[2] = 'y', tags[0] = 'x'", "MODIFIED OLD", LIST, [{"tags": {"L": [{"S": "a"}, {"S": "c"}]}}]),
        ("SET tags[5] = 'd'", "MODIFIED NEW", LIST, []),
        ("SET tags[3] = 'd'", "MODIFIED NEW", LIST, [{"tags": {"L": [{"S": "d"}]}}]),
        ("REMOVE tags[1]", "MODIFIED NEW", LIST, [{"tags": {"L": [{"S": "c"}]}}]),
        ("REMOVE tags[2]", "MODIFIED NEW", LIST, []),
    ],
)  # fmt: skip
async def test_what_an_update_returns(
    sql: Statements, clause: str, returning: str, item: dict[str, Any], returned: list[Any]
) -> None:
    """RETURNING shows the paths that the statement names in one of the images; nothing found is no row."""
    await sql.put("notes", pk={"S": "x"}, **item)
    assert await sql.items(f"UPDATE notes {clause} WHERE pk = 'x' RETURNING {returning} *") == returned


# --- DELETE ----------------------------------------------------------------------------------------------------------


async def test_delete_of_an_item_and_of_none(sql: Statements) -> None:
    """Without an item the condition is never looked at."""
    await sql.put("notes", pk={"S": "x"}, a={"N": "1"})
    assert await sql.error("DELETE FROM notes WHERE pk = 'x' AND a = 2") == (
        "ConditionalCheckFailedException: The conditional request failed"
    )
    assert await sql.items("DELETE FROM notes WHERE pk = 'x' RETURNING ALL OLD *") == [
        {"pk": {"S": "x"}, "a": {"N": "1"}}
    ]
    assert await sql.items("DELETE FROM notes WHERE pk = 'x' AND a = 2 RETURNING ALL OLD *") == []
    assert await sql.run("DELETE FROM notes WHERE pk = 'x'") == {"Items": []}


@pytest.mark.parametrize(
    ("clause", "message"),
    [
        ("pk = 'x'", INCOMPLETE),
        ("a = 1", INCOMPLETE),
        ("pk = 'x' AND sk > '1'", INCOMPLETE),
        ("pk = 'x' AND sk = '1' OR a = 1", INCOMPLETE),
        ("pk IN ['x'] AND sk = '1'", INCOMPLETE),
        (
            "pk = 'x' AND sk = '1' AND pk = 'y'",
            "Multiple conditions on same key pk. Only single item Update/Insert/Delete are supported",
        ),
        (
            "pk.a = 'x' AND pk = 'x' AND sk = '1'",
            "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key pk",
        ),
        ("pk = 'x' AND sk = 1", "Key attribute's data type should match its data type in table's schema: Key sk"),
    ],
)
async def test_a_write_names_one_item(sql: Statements, clause: str, message: str) -> None:
    """Nothing is written to several items at once. (The last two: DynamoDB Local.)"""
    assert await sql.error(f"DELETE FROM lines WHERE {clause}") == f"ValidationException: {message}"
    assert await sql.error(f"UPDATE lines SET a = 1 WHERE {clause}") == f"ValidationException: {message}"


async def test_a_write_without_where(sql: Statements) -> None:
    """There is no way to empty a table with one statement."""
    for text in ("DELETE FROM notes", "UPDATE notes SET a = 1", "FROM notes SET a = 1", "FROM notes REMOVE a"):
        assert await sql.error(text) == f"ValidationException: {INCOMPLETE}"


async def test_the_key_may_be_said_twice_and_in_parentheses(sql: Statements) -> None:
    """Key equalities count wherever they must hold."""
    await sql.put("lines", pk={"S": "x"}, sk={"S": "1"}, flag={"S": "y"})
    await sql.run("UPDATE lines SET a = 2 WHERE (pk = 'x' AND sk = '1') AND flag = 'y' AND pk = 'x'")
    assert (await sql.get("x", "1") or {})["a"] == {"N": "2"}


# --- SELECT ----------------------------------------------------------------------------------------------------------


async def test_columns(sql: Statements) -> None:
    """A path is shown under its last name; what an item lacks is left out, even when that is everything."""
    await sql.put("notes", pk={"S": "x"}, m={"M": {"k": {"L": [{"S": "c"}]}}}, tags={"L": [{"S": "a"}, {"S": "b"}]})
    assert await sql.items("SELECT m.k[0], tags[1], nope FROM notes WHERE pk = 'x'") == [
        {"k[0]": {"S": "c"}, "tags[1]": {"S": "b"}}
    ]
    assert await sql.items("SELECT nope FROM notes WHERE pk = 'x'") == [{}]
    assert await sql.items("SELECT m FROM notes") == [{"m": {"M": {"k": {"L": [{"S": "c"}]}}}}]


@pytest.mark.parametrize(
    ("clause", "sks"),
    [
        ("pk = 'p'", "123"),
        ("pk = 'p' AND sk > '1'", "23"),
        ("pk = 'p' AND '2' >= sk", "12"),
        ("pk = 'p' AND sk BETWEEN '2' AND '3'", "23"),
        ("pk = 'p' AND begins_with(sk, '2')", "2"),
        ("pk = 'p' AND sk = '1' AND sk > '0'", "1"),
        ("pk = 'p' AND (sk = '1' OR sk = '2')", "12"),
        ("pk = 'p' AND sk IN ['2', '1']", "12"),
        ("pk = 'p' AND (sk < '1' OR sk > '1' OR sk = '1')", "123"),
        ("pk = 'p' AND NOT sk = '1'", "23"),
        ("pk = 'p' AND sk <> '1'", "23"),
        ("pk = 'p' AND attribute_exists(pk)", "123"),
        ("pk = 'p' AND n >= 2", "23"),
        ("pk = 'p' AND (n = 1 OR n = 3)", "13"),
        ("pk = 'p' AND pk = 'o'", ""),
        ("pk = 'p' AND sk > '2' AND sk < '2'", ""),
        ("pk = 'p' AND NOT sk = '1' OR pk = 'p' AND sk = '2'", "23"),
        ("pk = 'p' AND sk <> '1' OR pk = 'p' AND sk = '2'", "23"),
        ("pk = 'p' AND NOT sk IN ['1', '3'] OR pk = 'p' AND sk = '2'", "2"),
        ("pk = 'p' OR pk = 'p' AND NOT sk = '1'", "123"),
        ("pk = 'p' OR pk = 'o'", "12312"),
        ("pk IN ['o', 'none', 'p'] AND sk = '1'", "11"),
        ("(pk = 'o' AND sk = '2') OR (pk = 'p' AND n = 1)", "21"),
        ("pk > 1", ""),
    ],
)
async def test_which_items_are_found(lines: Statements, clause: str, sks: str) -> None:
    """However a clause is taken apart, it finds what it says, each item once."""
    assert "".join(await lines.sorts(f"SELECT * FROM lines WHERE {clause}")) == sks
    for limit in (1, 2):
        assert "".join(await lines.sorts(f"SELECT sk FROM lines WHERE {clause}", Limit=limit)) == sks


async def test_scans(lines: Statements) -> None:
    """A clause that names no partition reads everything."""
    assert sorted(await lines.sorts("SELECT * FROM lines")) == ["1", "1", "2", "2", "3"]
    assert sorted(await lines.sorts("SELECT * FROM lines WHERE n = 2 OR pk = 'p'", Limit=1)) == ["1", "2", "2", "3"]


@pytest.mark.parametrize(
    ("clause", "keys"),
    [
        ("pk = 'p' ORDER BY sk DESC", "p3 p2 p1"),
        ("pk = 'p' ORDER BY sk", "p1 p2 p3"),
        ("pk = 'p' ORDER BY pk ASC", "p3 p2 p1"),
        ("pk IN ['o', 'p'] ORDER BY pk DESC, sk ASC", "p1 p2 p3 o1 o2"),
        ("pk IN ['p', 'o'] ORDER BY pk, sk DESC", "o2 o1 p3 p2 p1"),
        ("pk IN ['o', 'p'] ORDER BY pk DESC", "p3 p2 p1 o2 o1"),
        ("pk = 'p' AND sk IN ['1', '3', '2'] ORDER BY sk DESC", "p3 p2 p1"),
    ],
)
async def test_order(lines: Statements, clause: str, keys: str) -> None:
    """Ordered by the partition key alone, AWS gives each partition backwards. Pages do not change the order."""
    for options in ({}, {"Limit": 1}, {"Limit": 2}):
        found = await lines.all_items(f"SELECT pk, sk FROM lines WHERE {clause}", **options)
        assert " ".join(item["pk"]["S"] + item["sk"]["S"] for item in found) == keys


@pytest.mark.parametrize(
    ("clause", "message"),
    [
        ("pk IN ['x', 'x']", OVERLAP),
        ("pk = 'x' OR pk = 'x'", OVERLAP),
        ("pk = 'x' AND (sk > '0' OR sk < '5')", OVERLAP),
        ("pk = 'x' AND (sk = '1' OR flag = 'two')", OVERLAP),
        ("(pk = 'x' AND flag = 'one') OR (pk = 'x' AND flag = 'two')", OVERLAP),
        ("pk = 'a' AND x <> '1' OR pk = 'a' AND sk = '2'", OVERLAP),
        ("pk = 1 OR pk = 'x'", "Key attribute's data type should match its data type in table's schema: Key pk"),
        (
            "pk = 'x' AND sk IN ['1', 2]",
            "Key attribute's data type should match its data type in table's schema: Key sk",
        ),
        ("pk = 'o' ORDER BY Total DESC", "Attribute Total in ORDER BY clause must be part of the primary key"),
        (
            "pk > 'a' ORDER BY sk",
            "Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause.",
        ),
        (
            "pk IN ['o', 'p'] ORDER BY sk DESC",
            "Must have hash key in ORDER BY clause when more than one hash key condition specified in WHERE clause.",
        ),
    ],
)
async def test_clauses_that_do_not_fit_the_key(sql: Statements, clause: str, message: str) -> None:
    """What AWS cannot read in one go it refuses."""
    assert await sql.error(f"SELECT * FROM lines WHERE {clause}") == f"ValidationException: {message}"


async def test_tables_that_are_not_there(sql: Statements) -> None:
    """A statement's mistakes come before the table's absence."""
    for text in ("SELECT * FROM nope", "FROM nope WHERE pk = 'x' SET c = 1", "INSERT INTO nope VALUE {'pk': 1}"):
        assert await sql.error(text) == "ResourceNotFoundException: Requested resource not found"
    assert "Unexpected term" in await sql.error("SELECT * FROM nope WHERE")
    assert await sql.error("SELECT * FROM notes.ix") == (
        "ValidationException: The table does not have the specified index"
    )
    assert await sql.error("EXISTS(SELECT * FROM notes WHERE pk = 'x' AND a IS MISSING)") == (
        "ValidationException: EXISTS can only be used in ExecuteTransaction write requests."
    )


# --- pages -----------------------------------------------------------------------------------------------------------


async def test_limit_counts_what_is_looked_at(lines: Statements) -> None:
    """As Query's does: a page may be empty and not the last."""
    page = await lines.run("SELECT * FROM lines WHERE pk = 'p' AND n = 3", Limit=2)
    assert page["Items"] == []
    assert page["LastEvaluatedKey"] == {"pk": {"S": "p"}, "sk": {"S": "2"}}
    page = await lines.run("SELECT * FROM lines WHERE pk = 'p' AND n = 3", NextToken=page["NextToken"])
    assert [item["sk"]["S"] for item in page["Items"]] == ["3"]
    assert "NextToken" not in page


async def test_a_token_is_of_its_statement(lines: Statements) -> None:
    """Of its text and its parameters; the limit may change."""
    text = "SELECT * FROM lines WHERE pk = ?"
    token = (await lines.run(text, {"S": "p"}, Limit=1))["NextToken"]
    assert len(await lines.items(text, {"S": "p"}, Limit=5, NextToken=token)) == 2
    mismatch = "ValidationException: NextToken does not match request"
    assert await lines.error(text, {"S": "o"}, NextToken=token) == mismatch
    assert await lines.error("SELECT * FROM lines", NextToken=token) == mismatch
    deep = urlsafe_b64encode(b"[" * 3_000).decode()
    for garbage in ("garbage", "WyJuZXh0LnYxIl0=", "\u00e4", token[:-8], deep):
        assert await lines.error(text, {"S": "p"}, NextToken=garbage) == "ValidationException: Invalid NextToken"


async def test_a_whole_key_has_no_second_page(sql: Statements) -> None:
    """One item is all that there can be."""
    await sql.put("notes", pk={"S": "x"})
    await sql.put("lines", pk={"S": "x"}, sk={"S": "1"})
    for text in ("SELECT * FROM notes WHERE pk = 'x'", "SELECT * FROM lines WHERE pk = 'x' AND sk = '1'"):
        page = await sql.run(text, Limit=1)
        assert len(page["Items"]) == 1
        assert "NextToken" not in page


async def test_in_comes_in_pages_of_ten(sql: Statements) -> None:
    """Source: Developer Guide, "PartiQL arithmetic, comparison, and logical operators", IN."""
    for number in range(25):
        await sql.put("notes", pk={"S": f"v{number}"})
    text = "SELECT * FROM notes WHERE pk IN [" + ", ".join(f"'v{number}'" for number in range(25)) + "]"
    page = await sql.run(text)
    assert len(page["Items"]) == 10
    assert [item["pk"]["S"] for item in await sql.all_items(text)] == [f"v{number}" for number in range(25)]


async def test_a_page_ends_at_1_mb(sql: Statements) -> None:
    """Also when it is made of several reads."""
    for pk in ("a", "b"):
        for sk in range(3):
            await sql.put("lines", pk={"S": pk}, sk={"S": str(sk)}, fat={"S": "x" * 300_000})
    text = "SELECT pk, sk FROM lines WHERE pk IN ['a', 'b']"
    assert len(await sql.items(text)) == 4
    assert len(await sql.all_items(text)) == 6


# --- what it costs ---------------------------------------------------------------------------------------------------


async def test_capacity(sql: Statements) -> None:
    """Every statement costs what the operation would that it stands for; reads of a clause are counted one by one."""

    async def units(text: str, **options: Any) -> float:
        answered = await sql.run(text, ReturnConsumedCapacity="TOTAL", **options)
        consumed = answered["ConsumedCapacity"]
        assert consumed.keys() == {"TableName", "CapacityUnits"}
        total: float = consumed["CapacityUnits"]
        return total

    assert await units("INSERT INTO notes VALUE {'pk': 'a', 'fat': '" + "x" * 3000 + "'}") == 3.0
    assert await units("INSERT INTO notes VALUE {'pk': 'b'}") == 1.0
    assert await units("SELECT * FROM notes WHERE pk = 'a'") == 0.5
    assert await units("SELECT * FROM notes WHERE pk = 'a'", ConsistentRead=True) == 1.0
    assert await units("SELECT * FROM notes WHERE pk IN ['a', 'b', 'none']") == 1.5
    assert await units("UPDATE notes SET n = 1 WHERE pk = 'a'") == 3.0
    assert await units("DELETE FROM notes WHERE pk = 'none'") == 1.0


# --- indexes ---------------------------------------------------------------------------------------------------------


@pytest.fixture
async def indexed(sql: Statements) -> Statements:
    """A table with a global and a local index that project one attribute, and a global one of four attributes."""
    names = ("pk", "sk", "g", "l", "h1", "h2")
    await sql.dynamo.call(
        "CreateTable",
        TableName="indexed",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        BillingMode="PAY_PER_REQUEST",
        GlobalSecondaryIndexes=[
            {
                "IndexName": "gsi-inc",
                "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["seen"]},
            },
            {
                "IndexName": "multi",
                "KeySchema": [{"AttributeName": "h1", "KeyType": "HASH"}, {"AttributeName": "h2", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            },
        ],
        LocalSecondaryIndexes=[
            {
                "IndexName": "lsi-keys",
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "l", "KeyType": "RANGE"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )
    for sk, more in (("1", {"g": "x", "l": "c"}), ("2", {"g": "z", "l": "b"}), ("3", {}), ("4", {"g": "x", "l": "a"})):
        await sql.put(
            "indexed",
            pk={"S": "p"},
            sk={"S": sk},
            seen={"S": f"s{sk}"},
            hidden={"S": f"h{sk}"},
            **{name: {"S": value} for name, value in more.items()},
        )
    return sql


async def test_an_index_answers_for_itself(indexed: Statements) -> None:
    """Only what is in it, only what it projects, in its own order."""
    items = await indexed.items('SELECT * FROM "indexed"."gsi-inc" WHERE g = \'x\'')
    assert [item["sk"]["S"] for item in items] == ["1", "4"]
    assert all(item.keys() == {"pk", "sk", "g", "seen"} for item in items)
    assert await indexed.sorts('SELECT * FROM "indexed"."lsi-keys" WHERE pk = \'p\' ORDER BY l DESC') == ["1", "2", "4"]
    assert await indexed.sorts("SELECT * FROM \"indexed\".\"lsi-keys\" WHERE pk = 'p' AND l IN ['a', 'b']") == [
        "4",
        "2",
    ]
    assert sorted(await indexed.sorts('SELECT sk FROM "indexed"."gsi-inc"', Limit=1)) == ["1", "2", "4"]
    assert await indexed.sorts('SELECT sk FROM "indexed"."gsi-inc" WHERE g = \'x\'', Limit=1) == ["1", "4"]
    assert await indexed.items('SELECT sk FROM "indexed"."gsi-inc" WHERE hidden = \'h1\'') == []
    assert len(await indexed.items('SELECT sk FROM "indexed"."gsi-inc" WHERE NOT hidden = \'h1\'')) == 3


async def test_a_local_index_reaches_its_items(indexed: Statements) -> None:
    """For a price, which is the table's."""
    page = await indexed.run(
        'SELECT hidden FROM "indexed"."lsi-keys" WHERE pk = \'p\'', ReturnConsumedCapacity="INDEXES"
    )
    assert [item["hidden"]["S"] for item in page["Items"]] == ["h4", "h2", "h1"]
    consumed = page["ConsumedCapacity"]
    assert consumed["Table"]["CapacityUnits"] == 1.5
    assert consumed["LocalSecondaryIndexes"]["lsi-keys"]["CapacityUnits"] == 0.5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            'SELECT hidden, other FROM "indexed"."gsi-inc" WHERE g = \'x\'',
            "One or more parameter values were invalid: Global secondary index gsi-inc does not project "
            "[hidden, other]",
        ),
        (
            'SELECT hidden FROM "indexed"."gsi-inc"',
            "One or more parameter values were invalid: Global secondary index gsi-inc does not project [hidden]",
        ),
        (
            "SELECT pk FROM \"indexed\".\"gsi-inc\" WHERE g = 'x' AND hidden = 'h1'",
            "One or more parameter values were invalid: Secondary index gsi-inc does not project one or more filter "
            "attributes: [hidden]",
        ),
        (
            'SELECT pk FROM "indexed"."lsi-keys" WHERE pk = \'p\' AND hidden IS MISSING',
            "One or more parameter values were invalid: Secondary index lsi-keys does not project one or more filter "
            "attributes: [hidden]",
        ),
        (
            "SELECT pk FROM \"indexed\".\"gsi-inc\" WHERE g = 'x' AND b = '1' AND (a = '2' OR seen = '3')",
            "One or more parameter values were invalid: Secondary index gsi-inc does not project one or more filter "
            "attributes: [a, b]",
        ),
        ('SELECT * FROM "indexed"."none" WHERE pk = \'p\'', "The table does not have the specified index"),
        (
            "SELECT * FROM \"indexed\".multi WHERE h1 = 'a'",
            "PartiQL statements cannot be executed on tables with multi-attribute HASH keys or multi-attribute RANGE "
            "keys.",
        ),
    ],
)
async def test_what_an_index_cannot_answer(indexed: Statements, text: str, message: str) -> None:
    """Said before anything is read."""
    assert await indexed.error(text) == f"ValidationException: {message}"


async def test_consistent_reads_of_indexes(indexed: Statements) -> None:
    """Only local indexes are part of their table's partitions."""
    assert await indexed.error('SELECT * FROM "indexed"."gsi-inc" WHERE g = \'x\'', ConsistentRead=True) == (
        "ValidationException: Strongly consistent read is not supported on Global Secondary Indexes"
    )
    assert await indexed.items('SELECT * FROM "indexed"."lsi-keys" WHERE pk = \'p\'', ConsistentRead=True)


async def test_a_token_is_of_its_index(indexed: Statements) -> None:
    """A key of one index means nothing in another."""
    token = (await indexed.run('SELECT sk FROM "indexed"."gsi-inc"', Limit=1))["NextToken"]
    assert await indexed.error('SELECT sk FROM "indexed"."lsi-keys"', NextToken=token) == (
        "ValidationException: NextToken does not match request"
    )


async def test_writes_maintain_indexes(indexed: Statements) -> None:
    """A statement writes as every other operation does."""
    await indexed.run("UPDATE indexed SET g = 'moved' WHERE pk = 'p' AND sk = '1'")
    await indexed.run("INSERT INTO indexed VALUE {'pk': 'q', 'sk': '9', 'g': 'moved'}")
    await indexed.run("DELETE FROM indexed WHERE pk = 'p' AND sk = '4'")
    assert sorted(await indexed.sorts("SELECT * FROM \"indexed\".\"gsi-inc\" WHERE g IN ['moved', 'x']")) == ["1", "9"]
