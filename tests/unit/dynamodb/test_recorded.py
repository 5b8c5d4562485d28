"""What AWS was recorded to answer to short scenarios, asked here again; each test names its recording."""

from typing import Any

from tests.unit.dynamodb.conftest import Dynamo

ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/notes"


def item(key: str, **more: Any) -> dict[str, Any]:
    return {"pk": {"S": key}, **more}


async def test_empty_answers(dynamo: Dynamo) -> None:
    """Recordings test_empty_and_binary_values, test_batch_write_binary, test_dynamodb_get_batch_items."""
    name = await dynamo.table()
    assert await dynamo.call("PutItem", TableName=name, Item=item("1", data={"S": ""})) == {}
    assert await dynamo.call("PutItem", TableName=name, Item=item("2", data={"B": "AH8="})) == {}
    puts = [{"PutRequest": {"Item": item("3", data={"B": "AH8="})}}]
    assert await dynamo.call("BatchWriteItem", RequestItems={name: puts}) == {"UnprocessedItems": {}}
    found = await dynamo.call("BatchGetItem", RequestItems={name: {"Keys": [item("none")]}})
    assert found == {"Responses": {name: []}, "UnprocessedKeys": {}}


async def test_transactions_of_tables_by_name_and_arn(dynamo: Dynamo) -> None:
    """Recordings test_transaction_write_items, test_transact_get_items, test_transaction_write_binary_data."""
    name = await dynamo.table()
    for given, key in ((name, "John"), (ARN, "Sarah")):
        put = {"Put": {"TableName": given, "Item": item(key, data={"B": "Zm9vYmFy"})}}
        assert await dynamo.call("TransactWriteItems", TransactItems=[put]) == {}
        get = {"Get": {"TableName": given, "Key": item(key), "ProjectionExpression": "pk"}}
        assert await dynamo.call("TransactGetItems", TransactItems=[get]) == {"Responses": [{"Item": item(key)}]}
    found = await dynamo.call("GetItem", TableName=name, Key=item("John"))
    assert found == {"Item": item("John", data={"B": "Zm9vYmFy"})}


async def test_a_transaction_that_was_done(dynamo: Dynamo) -> None:
    """Recording test_dynamodb_idempotent_writing."""
    name = await dynamo.table()
    put = {"Put": {"TableName": name, "Item": item("1"), "ConditionExpression": "attribute_not_exists(pk)"}}
    for _ in range(2):
        assert await dynamo.call("TransactWriteItems", TransactItems=[put], ClientRequestToken="token") == {}


async def test_a_batch_that_does_not_match_the_schema(dynamo: Dynamo) -> None:
    """Recording test_batch_write_not_matching_schema."""
    name = await dynamo.table()
    puts = [{"PutRequest": {"Item": {"nonKey": {"S": "hello"}}}}]
    error = await dynamo.error("BatchWriteItem", RequestItems={name: puts})
    assert error == "ValidationException: The provided key element does not match the schema"


async def test_statements(dynamo: Dynamo) -> None:
    """Recordings test_dynamodb_execute_transaction, test_dynamodb_partiql_missing."""
    name = await dynamo.table()
    inserts = [{"Statement": f"INSERT INTO {name} VALUE {{'pk': '{key}'}}"} for key in ("user01", "user02")]
    assert await dynamo.call("ExecuteTransaction", TransactStatements=inserts) == {"Responses": []}
    found = await dynamo.call("Scan", TableName=name)
    assert (found["Count"], found["ScannedCount"]) == (2, 2)
    await dynamo.call("PutItem", TableName=name, Item=item("Alice123", FirstName={"S": "Alice"}))
    statement = f"SELECT * FROM {name} WHERE FirstName IS NOT MISSING"
    found = await dynamo.call("ExecuteStatement", Statement=statement)
    assert found["Items"] == [item("Alice123", FirstName={"S": "Alice"})]
