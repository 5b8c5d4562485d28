"""The AWS CLI takes a tour through DynamoDB and its streams.

Needs `aws` on the PATH, of version 1 or 2; nothing is installed for it.
"""

import json
import shutil
import time
from typing import Any, Final

import pytest

from tests.clients.test_aws_cli_iam import Cli
from tests.conftest import Server
from tests.support.processes import wait_until

ITEMS: Final = 12
TABLE: Final = ("--table-name", "cli-tours")
ACCOUNT: Final = "888888888888"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("aws") is None, reason="the AWS CLI is not installed"),
]


@pytest.fixture(scope="module")
def cli(aws: Server, tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """`aws` as an account with a table: two indexes, a stream, a dozen items."""
    cli = Cli(aws, tmp_path_factory.mktemp("cli"), account=ACCOUNT)
    local = {
        "IndexName": "by-size",
        "KeySchema": [
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "size", "KeyType": "RANGE"},
        ],
        "Projection": {"ProjectionType": "ALL"},
    }
    # Shorthand cannot say a list of lists, so indexes are said in JSON.
    one_index = "IndexName=by-kind,KeySchema=[{AttributeName=kind,KeyType=HASH}],Projection={ProjectionType=KEYS_ONLY}"
    made = cli(
        *("dynamodb", "create-table", *TABLE, "--billing-mode", "PAY_PER_REQUEST"),
        *("--key-schema", "AttributeName=pk,KeyType=HASH", "AttributeName=sk,KeyType=RANGE"),
        "--attribute-definitions",
        *(
            f"AttributeName={name},AttributeType={kind}"
            for name, kind in zip(("pk", "sk", "kind", "size"), "SNSN", strict=True)
        ),
        *("--local-secondary-indexes", json.dumps([local])),
        *("--global-secondary-indexes", one_index),
        *("--stream-specification", "StreamEnabled=true,StreamViewType=KEYS_ONLY"),
        *("--tags", "Key=team,Value=blue"),
    )
    assert made["TableDescription"]["TableStatus"] == "CREATING"
    cli("dynamodb", "wait", "table-exists", *TABLE)
    puts = [{"PutRequest": {"Item": _item(n)}} for n in range(ITEMS)]
    written = cli("dynamodb", "batch-write-item", "--request-items", json.dumps({TABLE[1]: puts}))
    assert written == {"UnprocessedItems": {}}
    return cli


def _item(n: int) -> dict[str, Any]:
    kind = "odd" if n % 2 else "even"
    return {"pk": {"S": "a"}, "sk": {"N": str(n)}, "kind": {"S": kind}, "size": {"N": str(ITEMS - n)}}


def test_items(cli: Cli) -> None:
    """Put, get, update, delete, with conditions; of the batch what is there."""
    key = json.dumps({"pk": {"S": "one"}, "sk": {"N": "1"}})
    item = json.dumps({"pk": {"S": "one"}, "sk": {"N": "1"}, "bits": {"L": [{"BOOL": True}]}, "n": {"N": "1.50"}})
    cli("dynamodb", "put-item", *TABLE, "--item", item, "--condition-expression", "attribute_not_exists(pk)")
    refused = cli.run(
        "dynamodb", "put-item", *TABLE, "--item", item, "--condition-expression", "attribute_not_exists(pk)"
    )
    assert refused.returncode != 0
    assert "(ConditionalCheckFailedException) when calling the PutItem operation" in refused.stderr
    got = cli("dynamodb", "get-item", *TABLE, "--key", key, "--projection-expression", "n,bits")
    assert got["Item"] == {"n": {"N": "1.5"}, "bits": {"L": [{"BOOL": True}]}}
    update = ("--update-expression", "SET n = n + :one", "--return-values", "UPDATED_NEW")
    values = ("--expression-attribute-values", '{":one": {"N": "1"}}')
    updated = cli(
        "dynamodb", "update-item", *TABLE, "--key", key, *update, *values, "--return-consumed-capacity", "TOTAL"
    )
    assert updated["Attributes"] == {"n": {"N": "2.5"}}
    assert updated["ConsumedCapacity"] == {"TableName": TABLE[1], "CapacityUnits": 1.0}
    old = cli("dynamodb", "delete-item", *TABLE, "--key", key, "--return-values", "ALL_OLD")
    assert old["Attributes"]["n"] == {"N": "2.5"}
    keys = {TABLE[1]: {"Keys": [{"pk": {"S": "a"}, "sk": {"N": str(n)}} for n in (0, 5, 99)]}}
    many = cli("dynamodb", "batch-get-item", "--request-items", json.dumps(keys))
    assert sorted(int(one["sk"]["N"]) for one in many["Responses"][TABLE[1]]) == [0, 5]


def test_queries(cli: Cli) -> None:
    """The CLI pages by itself, or stops where it is told and goes on from its own token."""
    condition = ("--key-condition-expression", "pk = :p", "--expression-attribute-values", '{":p": {"S": "a"}}')
    numbers = ("--query", "Items[].sk.N")
    table = cli("dynamodb", "query", *TABLE, *condition, "--page-size", "5", *numbers)
    assert table == [str(n) for n in range(ITEMS)]
    local = cli("dynamodb", "query", *TABLE, *condition, "--index-name", "by-size", *numbers)
    assert local == table[::-1]
    backwards = cli("dynamodb", "query", *TABLE, *condition, "--no-scan-index-forward", "--max-items", "3")
    assert [item["sk"]["N"] for item in backwards["Items"]] == ["11", "10", "9"]
    token = ("--starting-token", backwards["NextToken"])
    assert cli("dynamodb", "query", *TABLE, *condition, "--no-scan-index-forward", *token, *numbers) == local[3:]
    global_ = ("--index-name", "by-kind", "--key-condition-expression", "kind = :k")
    values = ("--expression-attribute-values", '{":k": {"S": "odd"}}')
    odd = cli("dynamodb", "query", *TABLE, *global_, *values)
    assert (odd["Count"], set(odd["Items"][0])) == (ITEMS // 2, {"pk", "sk", "kind"})
    some = (
        "--filter-expression",
        "size > :s",
        "--expression-attribute-values",
        '{":s": {"N": "6"}}',
        "--select",
        "COUNT",
    )
    scanned = cli(
        "dynamodb",
        "scan",
        *TABLE,
        "--filter-expression",
        "#z > :s",
        "--expression-attribute-names",
        '{"#z": "size"}',
        *some[2:],
    )
    assert (scanned["Count"], scanned["ScannedCount"]) == (6, ITEMS)
    reserved = cli.run("dynamodb", "scan", *TABLE, *some)
    assert "Attribute name is a reserved keyword; reserved keyword: size" in reserved.stderr


def test_transactions(cli: Cli) -> None:
    """All or nothing, with the reasons in the message, which is all that the CLI shows."""
    key = {"pk": {"S": "t"}, "sk": {"N": "1"}}

    def actions(expected: str) -> str:
        check = {
            "TableName": TABLE[1],
            "Key": {"pk": {"S": "a"}, "sk": {"N": "1"}},
            "ConditionExpression": "kind = :k",
            "ExpressionAttributeValues": {":k": {"S": expected}},
        }
        return json.dumps([{"Put": {"TableName": TABLE[1], "Item": key}}, {"ConditionCheck": check}])

    cancelled = cli.run("dynamodb", "transact-write-items", "--transact-items", actions("even"))
    assert "(TransactionCanceledException) when calling the TransactWriteItems operation" in cancelled.stderr
    assert "[None, ConditionalCheckFailed]" in cancelled.stderr
    get = (
        "dynamodb",
        "transact-get-items",
        "--transact-items",
        json.dumps([{"Get": {"TableName": TABLE[1], "Key": key}}]),
    )
    assert cli(*get)["Responses"] == [{}]
    cli("dynamodb", "transact-write-items", "--transact-items", actions("odd"))
    assert cli(*get)["Responses"] == [{"Item": key}]
    cli("dynamodb", "delete-item", *TABLE, "--key", json.dumps(key))


def test_statements(cli: Cli) -> None:
    """PartiQL: one statement, several, and several in a transaction."""
    insert = f"""INSERT INTO "{TABLE[1]}" VALUE {{'pk': 's', 'sk': 1, 'tags': <<'x', 'y'>>}}"""
    cli("dynamodb", "execute-statement", "--statement", insert)
    select = f"""SELECT sk, tags FROM "{TABLE[1]}" WHERE pk = ?"""
    found = cli("dynamodb", "execute-statement", "--statement", select, "--parameters", '[{"S": "s"}]')
    assert found["Items"] == [{"sk": {"N": "1"}, "tags": {"SS": ["x", "y"]}}]
    again = cli.run("dynamodb", "execute-statement", "--statement", insert)
    assert "(DuplicateItemException) when calling the ExecuteStatement operation" in again.stderr
    where = "WHERE pk = 's' AND sk = 1"
    statements = [
        {"Statement": f"""UPDATE "{TABLE[1]}" SET n = 1 {where}"""},
        {"Statement": f"""DELETE FROM "{TABLE[1]}" WHERE pk = 's' AND sk = 2"""},
    ]
    cli("dynamodb", "execute-transaction", "--transact-statements", json.dumps(statements))
    batch = [{"Statement": f"""SELECT n FROM "{TABLE[1]}" {where}"""}]
    assert cli("dynamodb", "batch-execute-statement", "--statements", json.dumps(batch))["Responses"] == [
        {"TableName": TABLE[1], "Item": {"n": {"N": "1"}}}
    ]
    cli("dynamodb", "execute-statement", "--statement", f"""DELETE FROM "{TABLE[1]}" {where}""")


def test_a_stream(cli: Cli) -> None:
    """Found by table, described, and read from its beginning."""
    (stream,) = cli("dynamodbstreams", "list-streams", *TABLE)["Streams"]
    arn = stream["StreamArn"]
    described = cli("dynamodbstreams", "describe-stream", "--stream-arn", arn)["StreamDescription"]
    assert (described["StreamStatus"], described["StreamViewType"]) == ("ENABLED", "KEYS_ONLY")
    shard = ("--shard-id", described["Shards"][0]["ShardId"], "--shard-iterator-type", "TRIM_HORIZON")
    iterator = cli("dynamodbstreams", "get-shard-iterator", "--stream-arn", arn, *shard)["ShardIterator"]
    records = cli("dynamodbstreams", "get-records", "--shard-iterator", iterator, "--limit", str(ITEMS))["Records"]
    assert [record["eventName"] for record in records] == ["INSERT"] * ITEMS
    assert records[3]["dynamodb"]["Keys"] == {"pk": {"S": "a"}, "sk": {"N": "3"}}


def test_settings(cli: Cli) -> None:
    """TTL, whose items go; tags; a limit; an index that goes; protection that keeps the table until it is off."""
    ttl = ("--time-to-live-specification", "Enabled=true,AttributeName=ends")
    cli("dynamodb", "update-time-to-live", *TABLE, *ttl)
    described = cli("dynamodb", "describe-time-to-live", *TABLE)["TimeToLiveDescription"]
    assert described == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ends"}
    item = {"pk": {"S": "mortal"}, "sk": {"N": "1"}, "ends": {"N": str(int(time.time()) - 9)}}
    cli("dynamodb", "put-item", *TABLE, "--item", json.dumps(item))
    key = json.dumps({"pk": {"S": "mortal"}, "sk": {"N": "1"}})
    wait_until(lambda: cli("dynamodb", "get-item", *TABLE, "--key", key) is None, within_s=30)

    table = cli("dynamodb", "describe-table", *TABLE)["Table"]
    cli("dynamodb", "tag-resource", "--resource-arn", table["TableArn"], "--tags", "Key=cost,Value=1")
    cli("dynamodb", "untag-resource", "--resource-arn", table["TableArn"], "--tag-keys", "team")
    tags = cli("dynamodb", "list-tags-of-resource", "--resource-arn", table["TableArn"])["Tags"]
    assert tags == [{"Key": "cost", "Value": "1"}]
    assert cli("dynamodb", "describe-limits")["TableMaxReadCapacityUnits"] > 0

    cli(*("dynamodb", "update-table", *TABLE, "--deletion-protection-enabled"))
    cli("dynamodb", "wait", "table-exists", *TABLE)
    protected = cli.run("dynamodb", "delete-table", *TABLE)
    assert "(ValidationException) when calling the DeleteTable operation" in protected.stderr
    cli(*("dynamodb", "update-table", *TABLE, "--no-deletion-protection-enabled"))
    cli("dynamodb", "wait", "table-exists", *TABLE)
    cli(
        "dynamodb", "update-table", *TABLE, "--global-secondary-index-updates", '[{"Delete": {"IndexName": "by-kind"}}]'
    )
    wait_until(lambda: "GlobalSecondaryIndexes" not in cli("dynamodb", "describe-table", *TABLE)["Table"], within_s=30)
    assert cli("dynamodb", "delete-table", *TABLE)["TableDescription"]["TableStatus"] == "DELETING"
    cli("dynamodb", "wait", "table-not-exists", *TABLE)
    assert cli("dynamodb", "list-tables") == {"TableNames": []}
