"""Several statements at once: BatchExecuteStatement and ExecuteTransaction.

Where a case says nothing else, the answer is real AWS's, as the public suite paritysuite/dynamodb-conformance and the
tests of hectorvent/floci have recorded it in 2026.
"""

from typing import Any

import msgspec
import pytest

from pileus.kernel.errors import ServiceError
from tests.unit.dynamodb.conftest import Dynamo

NOT_THE_KEY = "must specify the primary key in the where clause."
OVERLAP = "Overlapping conditions with range keys are not supported in where clause"
MISMATCH = "The provided key element does not match the schema"


class Many:
    """Runs statements together against the tables `notes` (pk) and `lines` (pk, sk)."""

    def __init__(self, dynamo: Dynamo) -> None:
        self.dynamo = dynamo

    async def batch(self, *texts: str, **options: Any) -> dict[str, Any]:
        return await self.dynamo.call(
            "BatchExecuteStatement", Statements=[{"Statement": text} for text in texts], **options
        )

    async def responses(self, *texts: str) -> list[Any]:
        responses: list[Any] = (await self.batch(*texts))["Responses"]
        return responses

    async def batch_error(self, *texts: str) -> str:
        return await self.dynamo.error("BatchExecuteStatement", Statements=[{"Statement": text} for text in texts])

    async def transact(self, *texts: str, **options: Any) -> dict[str, Any]:
        statements = [{"Statement": text} for text in texts]
        return await self.dynamo.call("ExecuteTransaction", TransactStatements=statements, **options)

    async def transact_error(self, *texts: str) -> str:
        return await self.dynamo.error("ExecuteTransaction", TransactStatements=[{"Statement": text} for text in texts])

    async def reasons(self, *texts: str) -> list[tuple[str, str | None]]:
        """Code and message of each reason, of a transaction that is cancelled."""
        with pytest.raises(ServiceError) as caught:
            await self.transact(*texts)
        assert caught.value.error_code == "TransactionCanceledException"
        found = caught.value.members["CancellationReasons"]
        assert isinstance(found, list)
        return [(reason.code, reason.message) for reason in found]

    async def put(self, table: str, **item: Any) -> None:
        await self.dynamo.call("PutItem", TableName=table, Item=item)

    async def get(self, pk: str) -> dict[str, Any] | None:
        answer = await self.dynamo.call("GetItem", TableName="notes", Key={"pk": {"S": pk}})
        item: dict[str, Any] | None = answer.get("Item")
        return item


@pytest.fixture
async def many(dynamo: Dynamo) -> Many:
    await dynamo.table("notes")
    await dynamo.table("lines", sort="S")
    return Many(dynamo)


# --- batches ---------------------------------------------------------------------------------------------------------


async def test_a_batch_of_reads(many: Many) -> None:
    """Each statement finds one item or none, and says in which table."""
    await many.put("notes", pk={"S": "a"}, n={"N": "1"})
    await many.put("lines", pk={"S": "a"}, sk={"S": "1"})
    assert await many.responses(
        "SELECT n FROM notes WHERE pk = 'a'",
        "SELECT * FROM notes WHERE pk = 'none'",
        "SELECT * FROM lines WHERE pk IN ['a'] AND sk = '1'",
    ) == [
        {"TableName": "notes", "Item": {"n": {"N": "1"}}},
        {"TableName": "notes"},
        {"TableName": "lines", "Item": {"pk": {"S": "a"}, "sk": {"S": "1"}}},
    ]


async def test_a_batch_of_writes(many: Many) -> None:
    """RETURNING is for a batch's writes too; when it finds nothing, there is no item."""
    await many.put("notes", pk={"S": "u"}, n={"N": "1"})
    await many.put("notes", pk={"S": "d"}, n={"N": "2"})
    await many.put("notes", pk={"S": "r"}, n={"N": "3"})
    assert await many.responses(
        "INSERT INTO notes VALUE {'pk': 'i'}",
        "UPDATE notes SET n = n + 1 WHERE pk = 'u' RETURNING MODIFIED NEW *",
        "DELETE FROM notes WHERE pk = 'd' RETURNING ALL OLD *",
        "UPDATE notes REMOVE n WHERE pk = 'r' RETURNING MODIFIED NEW *",
    ) == [
        {"TableName": "notes"},
        {"TableName": "notes", "Item": {"n": {"N": "2"}}},
        {"TableName": "notes", "Item": {"pk": {"S": "d"}, "n": {"N": "2"}}},
        {"TableName": "notes"},
    ]
    assert await many.get("i") == {"pk": {"S": "i"}}
    assert await many.get("d") is None
    assert await many.get("r") == {"pk": {"S": "r"}}


async def test_a_statement_of_a_batch_fails_by_itself(many: Many) -> None:
    """The others are done. A table is named only when the statement came as far as it."""
    await many.put("notes", pk={"S": "dup"}, val={"S": "here"})
    await many.put("notes", pk={"S": "cond"}, val={"S": "here"})
    assert await many.responses(
        "SLECT * FROM notes WHERE pk = 'a'",
        "INSERT INTO notes VALUE {'pk': 'dup'}",
        "UPDATE notes SET touched = 'yes' WHERE pk = 'cond' AND val = 'wrong'",
        "DELETE FROM notes WHERE pk = 'x' RETURNING MODIFIED OLD *",
        "INSERT INTO nope VALUE {'pk': 'x'}",
        "EXISTS(SELECT * FROM notes WHERE pk = 'x' AND a = 1)",
        "INSERT INTO notes VALUE {'pk': 'new'}",
    ) == [
        {
            "Error": {
                "Code": "ValidationError",
                "Message": "Statement wasn't well formed, can't be processed: Expected data manipulation",
            }
        },
        {"Error": {"Code": "DuplicateItem", "Message": "Duplicate primary key exists in table"}, "TableName": "notes"},
        {
            "Error": {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"},
            "TableName": "notes",
        },
        {
            "Error": {
                "Code": "ValidationError",
                "Message": "Invalid returning clause: RETURNING MODIFIED OLD *. Only RETURNING ALL OLD * is allowed in "
                "DELETE statements.",
            }
        },
        {"Error": {"Code": "ResourceNotFound", "Message": "Requested resource not found"}},
        {
            "Error": {
                "Code": "ValidationError",
                "Message": "EXISTS can only be used in ExecuteTransaction write requests.",
            }
        },
        {"TableName": "notes"},
    ]
    assert await many.get("new") == {"pk": {"S": "new"}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SELECT * FROM lines WHERE n = 1", f"Select statements within BatchExecuteStatement {NOT_THE_KEY}"),
        ("SELECT * FROM lines WHERE pk = 'a'", f"Select statements within BatchExecuteStatement {NOT_THE_KEY}"),
        (
            "SELECT * FROM lines WHERE pk = 'a' AND sk = '1' AND n = 1",
            f"Select statements within BatchExecuteStatement {NOT_THE_KEY}",
        ),
        (
            "SELECT * FROM lines WHERE pk = 'a' AND sk = '1' AND pk = 'b'",
            f"Select statements within BatchExecuteStatement {NOT_THE_KEY}",
        ),
        (
            "SELECT * FROM lines WHERE pk IN ['a', 'b'] AND sk = '1'",
            f"Select statements within BatchExecuteStatement {NOT_THE_KEY}",
        ),
        (
            "SELECT * FROM lines WHERE pk IN [" + ", ".join(f"'{n}'" for n in range(51)) + "] AND sk = '1'",
            "Too many decomposed read operations for a given query.",
        ),
        ("SELECT * FROM lines.nope WHERE pk = 'a' AND sk = '1'", "The table does not have the specified index"),
    ],
)
async def test_a_batch_reads_by_whole_keys(many: Many, text: str, message: str) -> None:
    """Each statement is about one item, and says nothing more of it."""
    assert await many.responses(text) == [{"Error": {"Code": "ValidationError", "Message": message}}]


async def test_what_a_batch_must_not_be(many: Many) -> None:
    """Reads and writes do not mix, and no item is named twice (as nubo-db/dynoxide has it from AWS)."""
    read, write = "SELECT * FROM notes WHERE pk = 'a'", "INSERT INTO notes VALUE {'pk': 'a'}"
    assert await many.batch_error(read, write) == (
        "ValidationException: Read and write requests together in the same batch is not supported."
    )
    duplicates = "ValidationException: Provided list of item keys contains duplicates"
    assert await many.batch_error(read, read) == duplicates
    assert await many.batch_error(write, "DELETE FROM notes WHERE pk = 'a'") == duplicates
    assert await many.get("a") is None


async def test_what_a_batch_costs(many: Many) -> None:
    """The sum of its statements by tables; each read is as consistent as it says itself."""
    statements = [
        {"Statement": "SELECT * FROM notes WHERE pk = ?", "Parameters": [{"S": "a"}], "ConsistentRead": True},
        {"Statement": "SELECT * FROM notes WHERE pk = ?", "Parameters": [{"S": "b"}]},
        {"Statement": "SELECT * FROM lines WHERE pk = ? AND sk = '1'", "Parameters": [{"S": "b"}]},
    ]
    answer = await many.dynamo.call("BatchExecuteStatement", Statements=statements, ReturnConsumedCapacity="TOTAL")
    assert answer["ConsumedCapacity"] == [
        {"TableName": "notes", "CapacityUnits": 1.5},
        {"TableName": "lines", "CapacityUnits": 0.5},
    ]


# --- transactions ----------------------------------------------------------------------------------------------------


async def test_a_transaction_of_writes(many: Many) -> None:
    """All or nothing, and nothing to tell of it."""
    await many.put("notes", pk={"S": "u"}, n={"N": "1"})
    await many.put("notes", pk={"S": "d"})
    await many.put("notes", pk={"S": "e"}, free={"S": "x"})
    assert await many.transact(
        "INSERT INTO notes VALUE {'pk': 'i'}",
        "UPDATE notes SET n = n + 1 WHERE pk = 'u' AND attribute_exists(n)",
        "DELETE FROM notes WHERE pk = 'd'",
        "EXISTS(SELECT * FROM notes WHERE pk = 'e' AND Awards IS MISSING)",
        ReturnConsumedCapacity="TOTAL",
    ) == {
        "Responses": [],
        "ConsumedCapacity": [{"TableName": "notes", "CapacityUnits": 8.0, "WriteCapacityUnits": 8.0}],
    }
    assert await many.get("i") == {"pk": {"S": "i"}}
    assert await many.get("u") == {"pk": {"S": "u"}, "n": {"N": "2"}}
    assert await many.get("d") is None


async def test_a_transaction_of_reads(many: Many) -> None:
    """One answer for each, also for what is not there."""
    await many.put("notes", pk={"S": "a"}, n={"N": "1"})
    assert await many.transact(
        "SELECT n FROM notes WHERE pk IN ['a']",
        "SELECT * FROM notes WHERE pk = 'none' AND pk = 'none'",
        ReturnConsumedCapacity="INDEXES",
    ) == {
        "Responses": [{"Item": {"n": {"N": "1"}}}, {}],
        "ConsumedCapacity": [
            {
                "TableName": "notes",
                "CapacityUnits": 4.0,
                "ReadCapacityUnits": 4.0,
                "Table": {"CapacityUnits": 4.0, "ReadCapacityUnits": 4.0},
            }
        ],
    }


async def test_reasons_of_a_cancelled_transaction(many: Many) -> None:
    """Each statement has its own, and nothing was done."""
    await many.put("notes", pk={"S": "dup"}, n={"N": "1"})
    assert await many.reasons(
        "INSERT INTO notes VALUE {'pk': 'dup'}",
        "INSERT INTO notes VALUE {'pk': 'new'}",
        "UPDATE notes SET a = 1 WHERE pk = 'ghost'",
        "EXISTS(SELECT * FROM lines WHERE pk = 'x' AND sk = '1' AND n = 5)",
    ) == [
        ("DuplicateItem", "Duplicate primary key exists in table"),
        ("None", None),
        ("ConditionalCheckFailed", "The conditional request failed"),
        ("ConditionalCheckFailed", "The conditional request failed"),
    ]
    assert await many.get("new") is None


async def test_a_reason_shows_the_item_when_asked(many: Many) -> None:
    """As API_ExecuteTransaction says of ReturnValuesOnConditionCheckFailure."""
    await many.put("notes", pk={"S": "a"}, n={"N": "1"})
    statement = {
        "Statement": "UPDATE notes SET n = 2 WHERE pk = 'a' AND n = 5",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    with pytest.raises(ServiceError) as caught:
        await many.dynamo.call("ExecuteTransaction", TransactStatements=[statement])
    reasons = caught.value.members["CancellationReasons"]
    assert msgspec.to_builtins(reasons) == [
        {
            "Code": "ConditionalCheckFailed",
            "Message": "The conditional request failed",
            "Item": {"pk": {"S": "a"}, "n": {"N": "1"}},
        }
    ]


async def test_statements_that_name_no_item_cancel_a_transaction(many: Many) -> None:
    """What would be an error of its own elsewhere is a reason here."""
    await many.put("lines", pk={"S": "keys"}, sk={"S": "1"})
    update = "UPDATE lines SET a = 1 WHERE "
    reasons = await many.reasons(
        update + "pk = 'keys'",
        update + "pk IN ['keys'] AND sk = '1'",
        update + "pk = 'keys' AND sk = '1' AND pk = 'other'",
        update + "pk = 'keys' AND sk = 1",
        update + "pk = 'keys' AND sk = '1'",
    )
    assert [code for code, _ in reasons] == ["ValidationError"] * 4 + ["None"]
    assert reasons[0][1] == reasons[3][1] == MISMATCH
    assert await many.reasons("INSERT INTO lines VALUE {'pk': 'x'}", "DELETE FROM lines WHERE sk = '1'") == [
        ("ValidationError", "One or more parameter values were invalid: Missing the key sk in the item"),
        ("ValidationError", MISMATCH),
    ]
    assert await many.reasons("SELECT * FROM lines WHERE pk = 'keys' AND sk = 1") == [("ValidationError", MISMATCH)]
    select = "SELECT * FROM lines WHERE pk = 'keys' AND sk = '1'"
    assert [
        code for code, _ in await many.reasons(select, select, "SELECT * FROM lines WHERE pk = 1 AND sk = '1'")
    ] == [
        "None",
        "None",
        "ValidationError",
    ]


async def test_tables_that_are_not_there_cancel_a_transaction(many: Many) -> None:
    """Their statements are not looked at any further; those of others are."""
    missing = ("ResourceNotFound", "Requested resource not found")
    assert await many.reasons(
        "UPDATE nope SET a = 1 WHERE pk = 'x' RETURNING ALL NEW *", "DELETE FROM nope WHERE pk = 'x'"
    ) == [missing, missing]
    assert await many.reasons("SELECT * FROM notes WHERE pk = 'x'", "SELECT * FROM nope.\"ix\" WHERE pk = 'x'") == [
        ("None", None),
        missing,
    ]
    assert await many.transact_error(
        "UPDATE nope SET a = 1 WHERE pk = 'x'", "UPDATE notes SET a = 1 WHERE pk = 'x' RETURNING ALL NEW *"
    ) == (
        "ValidationException: Validation failed in TransactStatements[1]: RETURNING clause is not supported in "
        "ExecuteTransaction."
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SELECT * FROM lines WHERE", "Statement wasn't well formed, can't be processed: Unexpected term"),
        ("SELECT * FROM lines WHERE pk = 'a'", f"Select statements within ExecuteTransaction {NOT_THE_KEY}"),
        (
            "SELECT * FROM lines WHERE pk = 'a' AND sk = '1' AND n = 1",
            f"Select statements within ExecuteTransaction {NOT_THE_KEY}",
        ),
        (
            "SELECT * FROM lines WHERE pk IN ['b'] AND pk = 'a' AND sk = '1'",
            f"Select statements within ExecuteTransaction {NOT_THE_KEY}",
        ),
        ("SELECT * FROM lines WHERE pk IN ['a', 'a'] AND sk = '1'", OVERLAP),
        ("SELECT * FROM lines.\"ix\" WHERE pk = 'a'", "Reads on indices are not supported within transactions."),
        (
            "EXISTS(SELECT * FROM lines WHERE pk = 'a' AND sk = '1')",
            "EXISTS() must contain a single item read with additional condition",
        ),
        (
            "EXISTS(SELECT * FROM lines WHERE pk IN ['a'] AND sk = '1' AND n = 1)",
            "EXISTS() must contain a single item read with additional condition",
        ),
        (
            "UPDATE lines SET n = n + [1] WHERE pk = 'a' AND sk = '1'",
            "Incorrect operand type for operator or function; operator or function: +, operand type: L",
        ),
    ],
)
async def test_statements_that_no_transaction_may_have(many: Many, text: str, message: str) -> None:
    """They are wrong whatever the items are; the error says which one it is."""
    error = await many.transact_error(text)
    assert error == f"ValidationException: Validation failed in TransactStatements[0]: {message}"


async def test_what_a_transaction_must_not_be(many: Many) -> None:
    """Reads and writes do not mix, and no item is named twice. EXISTS is of writes."""
    select, update = "SELECT * FROM notes WHERE pk = 'a'", "UPDATE notes SET a = 1 WHERE pk = 'a'"
    mixed = (
        "ValidationException: ExecuteTransaction API does not support both read and write operations in the same "
        "request."
    )
    assert await many.transact_error(select, update) == mixed
    assert await many.transact_error(select, "EXISTS(SELECT * FROM notes WHERE pk = 'b' AND n = 1)") == mixed
    twice = "ValidationException: Transaction request cannot include multiple operations on one item"
    assert await many.transact_error(select, "SELECT a FROM notes WHERE 'a' = pk") == twice
    assert await many.transact_error(update, "INSERT INTO notes VALUE {'pk': 'a'}") == twice


async def test_exists_reads_the_first_key(many: Many) -> None:
    """A second value for the key is a condition, which is false."""
    for pk in ("one", "two"):
        await many.put("notes", pk={"S": pk}, flag={"S": "right"})
    exists = "EXISTS(SELECT * FROM notes WHERE pk = 'one' AND pk = 'two' AND flag = 'right')"
    reasons = await many.reasons(exists, "UPDATE notes SET b = 1 WHERE pk = 'two'")
    assert [code for code, _ in reasons] == ["ConditionalCheckFailed", "None"]


async def test_parameters_of_a_transaction_are_looked_at_first(many: Many) -> None:
    """Their errors name no statement."""
    statements = [
        {"Statement": "UPDATE notes SET", "Parameters": [{"S": "a"}]},
        {"Statement": "INSERT INTO notes VALUE {'pk': ?}", "Parameters": [{"N": "1e99999999999"}]},
    ]
    assert await many.dynamo.error("ExecuteTransaction", TransactStatements=statements) == (
        "ValidationException: The parameter cannot be converted to a numeric value: 1e99999999999"
    )


async def test_a_token_makes_a_transaction_once(many: Many) -> None:
    """A retry is told that it worked, and pays for reading; another transaction under the token is refused."""
    await many.put("notes", pk={"S": "n"}, n={"N": "0"})
    update = "UPDATE notes SET n = n + 1 WHERE pk = 'n'"
    first = await many.transact(update, ClientRequestToken="t", ReturnConsumedCapacity="TOTAL")
    again = await many.transact(update, ClientRequestToken="t", ReturnConsumedCapacity="TOTAL")
    assert await many.get("n") == {"pk": {"S": "n"}, "n": {"N": "1"}}
    assert first["ConsumedCapacity"] == [{"TableName": "notes", "CapacityUnits": 2.0, "WriteCapacityUnits": 2.0}]
    assert again["ConsumedCapacity"] == [{"TableName": "notes", "CapacityUnits": 2.0, "ReadCapacityUnits": 2.0}]
    other = [{"Statement": "UPDATE notes SET n = n + 2 WHERE pk = 'n'"}]
    error = await many.dynamo.error("ExecuteTransaction", TransactStatements=other, ClientRequestToken="t")
    assert error.startswith("IdempotentParameterMismatchException: ")


async def test_a_failed_transaction_leaves_its_token_free(many: Many) -> None:
    """It was not done, so a retry does it."""
    update = "UPDATE notes SET n = 1 WHERE pk = 'late'"
    statements = [{"Statement": update}]
    error = await many.dynamo.error("ExecuteTransaction", TransactStatements=statements, ClientRequestToken="t")
    assert error.startswith("TransactionCanceledException: ")
    await many.put("notes", pk={"S": "late"})
    await many.transact(update, ClientRequestToken="t")
    assert await many.get("late") == {"pk": {"S": "late"}, "n": {"N": "1"}}
