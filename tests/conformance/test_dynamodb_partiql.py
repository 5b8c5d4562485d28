"""PartiQL from outside, with boto3 as anybody uses it. Would pass on AWS."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.conformance.test_enforcement import User, allow, deny, table_arn
from tests.conftest import Server


@pytest.fixture
def music(aws: Server) -> Iterator[str]:
    """A table of songs by artist and title, with an index of genres."""
    client = aws.client("dynamodb")
    name = f"music-{uuid4()}"
    client.create_table(
        TableName=name,
        KeySchema=[
            {"AttributeName": "Artist", "KeyType": "HASH"},
            {"AttributeName": "SongTitle", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": attribute, "AttributeType": "S"} for attribute in ("Artist", "SongTitle", "Genre")
        ],
        BillingMode="PAY_PER_REQUEST",
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-genre",
                "KeySchema": [{"AttributeName": "Genre", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    yield name
    client.delete_table(TableName=name)


def refused(call: Any, /, **parameters: Any) -> tuple[str, str, dict[str, Any]]:
    """Code, message and whole answer of a call that must fail."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    answer: dict[str, Any] = dict(caught.value.response)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400
    return answer["Error"]["Code"], answer["Error"]["Message"], answer


def key(artist: str, title: str) -> dict[str, Any]:
    return {"Artist": {"S": artist}, "SongTitle": {"S": title}}


def test_what_the_developer_guide_shows(aws: Server, music: str) -> None:
    """Source: Developer Guide, "PartiQL statements for DynamoDB": insert, update, select, delete."""
    client = aws.client("dynamodb")

    def run(text: str) -> list[Any]:
        items: list[Any] = client.execute_statement(Statement=text)["Items"]
        return items

    where = "WHERE Artist='Acme Band' AND SongTitle='PartiQL Rocks'"
    assert run(f"INSERT INTO \"{music}\" value {{'Artist' : 'Acme Band','SongTitle' : 'PartiQL Rocks'}}") == []
    assert run(f"UPDATE \"{music}\" SET AwardsWon=1 SET AwardDetail={{'Grammys':[2020, 2018]}} {where}") == []
    run(f'UPDATE "{music}" REMOVE AwardDetail.Grammys[1] {where}')
    run(f'UPDATE "{music}" SET AwardDetail.Grammys=list_append(AwardDetail.Grammys,[2016]) {where}')
    run(f"UPDATE \"{music}\" SET BandMembers=<<'member1', 'member2'>> {where}")
    run(f"UPDATE \"{music}\" SET BandMembers=set_add(BandMembers, <<'newbandmember'>>) {where}")
    run(f"UPDATE \"{music}\" SET BandMembers=set_delete(BandMembers, <<'member1'>>) {where}")
    (item,) = run(f'SELECT * FROM "{music}" {where} AND AwardDetail IS NOT MISSING')
    assert item["AwardDetail"] == {"M": {"Grammys": {"L": [{"N": "2020"}, {"N": "2016"}]}}}
    assert sorted(item["BandMembers"]["SS"]) == ["member2", "newbandmember"]
    assert run(f'SELECT AwardDetail.Grammys[0], AwardsWon FROM "{music}" {where}') == [
        {"Grammys[0]": {"N": "2020"}, "AwardsWon": {"N": "1"}}
    ]
    (old,) = run(f'DELETE FROM "{music}" {where} RETURNING ALL OLD *')
    assert old == item
    assert run(f'SELECT * FROM "{music}"') == []


def test_parameters_of_every_type(aws: Server, music: str) -> None:
    """With the client of a resource, values are Python's own, as applications use it."""
    client = aws.resource("dynamodb").meta.client
    values = ["a", Decimal("1.5"), b"\x00", True, None, [Decimal(1), "x"], {"k": {"s": {"a", "b"}}}, {Decimal(2)}]
    names = [f"v{number}" for number in range(len(values))]
    members = ", ".join(f"'{name}': ?" for name in names)
    client.execute_statement(
        Statement=f"INSERT INTO \"{music}\" VALUE {{'Artist': ?, 'SongTitle': ?, {members}}}",
        Parameters=["A", "T", *values],
    )
    (item,) = client.execute_statement(
        Statement=f'SELECT * FROM "{music}" WHERE Artist = ? AND v1 > ?', Parameters=["A", Decimal(1)]
    )["Items"]
    assert [item[name] for name in names] == values


def test_pages(aws: Server, music: str) -> None:
    """NextToken leads through all items, in order; a token of another statement leads nowhere."""
    client = aws.client("dynamodb")
    titles = [f"song-{number:02}" for number in range(25)]
    for at in range(0, 25, 5):
        client.batch_execute_statement(
            Statements=[
                {
                    "Statement": f"INSERT INTO \"{music}\" VALUE {{'Artist': 'A', 'SongTitle': ?}}",
                    "Parameters": [{"S": title}],
                }
                for title in titles[at : at + 5]
            ]
        )
    text = f"SELECT SongTitle FROM \"{music}\" WHERE Artist = 'A' ORDER BY SongTitle DESC"
    found: list[str] = []
    options: dict[str, Any] = {}
    while True:
        page = client.execute_statement(Statement=text, Limit=7, **options)
        found += [item["SongTitle"]["S"] for item in page["Items"]]
        if "NextToken" not in page:
            break
        assert page["LastEvaluatedKey"] == key("A", found[-1])
        options = {"NextToken": page["NextToken"]}
    assert found == titles[::-1]
    assert refused(client.execute_statement, Statement=f'SELECT * FROM "{music}"', **options)[:2] == (
        "ValidationException",
        "NextToken does not match request",
    )


def test_an_index(aws: Server, music: str) -> None:
    """Named after its table, in quotes."""
    client = aws.client("dynamodb")
    for artist, genre in (("A", "Rock"), ("B", "Jazz"), ("C", "Rock")):
        client.put_item(TableName=music, Item={**key(artist, "T"), "Genre": {"S": genre}, "Length": {"N": "3"}})
    answer = client.execute_statement(
        Statement=f'SELECT * FROM "{music}"."by-genre" WHERE Genre = ?',
        Parameters=[{"S": "Rock"}],
        ReturnConsumedCapacity="INDEXES",
    )
    assert sorted(item["Artist"]["S"] for item in answer["Items"]) == ["A", "C"]
    assert all(item.keys() == {"Artist", "SongTitle", "Genre"} for item in answer["Items"])
    shares = answer["ConsumedCapacity"]["GlobalSecondaryIndexes"]
    assert shares == {"by-genre": {"CapacityUnits": 0.5}}


def test_errors_have_their_codes(aws: Server, music: str) -> None:
    """SDKs make exceptions of them."""
    client = aws.client("dynamodb")
    insert = f"INSERT INTO \"{music}\" VALUE {{'Artist': 'A', 'SongTitle': 'T'}}"
    client.execute_statement(Statement=insert)
    with pytest.raises(client.exceptions.DuplicateItemException, match="Duplicate primary key exists in table"):
        client.execute_statement(Statement=insert)
    code, message, answer = refused(
        client.execute_statement,
        Statement=f"UPDATE \"{music}\" SET a = 1 WHERE Artist = 'A' AND SongTitle = 'T' AND a = 0",
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
    )
    assert (code, message) == ("ConditionalCheckFailedException", "The conditional request failed")
    assert answer["Item"] == key("A", "T")
    assert refused(client.execute_statement, Statement="SELECT * FROM nowhere")[0] == "ResourceNotFoundException"
    assert refused(client.execute_statement, Statement=f'SELEKT * FROM "{music}"')[:2] == (
        "ValidationException",
        "Statement wasn't well formed, can't be processed: Expected data manipulation",
    )


EMPTY = "failed to satisfy constraint: Member must have length greater than or equal to 1"


@pytest.mark.parametrize(
    ("operation", "parameters", "constraint"),
    [
        ("execute_statement", {"Statement": "S", "Parameters": []}, f"Value '[]' at 'parameters' {EMPTY}"),
        ("execute_statement", {"Statement": ""}, f"Value '' at 'statement' {EMPTY}"),
        (
            "execute_statement",
            {"Statement": "S", "Limit": 0},
            "Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1",
        ),
        ("batch_execute_statement", {"Statements": []}, f"Value '[]' at 'statements' {EMPTY}"),
        ("execute_transaction", {"TransactStatements": []}, f"Value '[]' at 'transactStatements' {EMPTY}"),
    ],
)
def test_constraints(aws: Server, operation: str, parameters: dict[str, Any], constraint: str) -> None:
    """The first: recording `test_dynamodb_execute_statement_empy_parameter`; the fourth: nubo-db/dynoxide, from AWS."""
    client = aws.client("dynamodb", config=Config(parameter_validation=False, retries={"max_attempts": 0}))
    code, message, _ = refused(getattr(client, operation), **parameters)
    assert (code, message) == ("ValidationException", f"1 validation error detected: {constraint}")


def test_a_batch(aws: Server, music: str) -> None:
    """Source: recording `test_dynamodb_batch_execute_statement`; each statement answers for itself."""
    client = aws.client("dynamodb")
    client.put_item(TableName=music, Item={**key("A", "1"), "Age": {"N": "1"}})
    written = client.batch_execute_statement(
        Statements=[
            {
                "Statement": f'UPDATE "{music}" SET Age=? WHERE Artist=? AND SongTitle=?',
                "Parameters": [{"N": "20"}, {"S": "A"}, {"S": "1"}],
            },
            {"Statement": f"INSERT INTO \"{music}\" VALUE {{'Artist': 'B', 'SongTitle': '1'}}"},
            {"Statement": f"DELETE FROM \"{music}\" WHERE Artist = 'B'"},
        ]
    )["Responses"]
    assert written[:2] == [{"TableName": music}, {"TableName": music}]
    assert written[2] == {
        "Error": {
            "Code": "ValidationError",
            "Message": "Where clause does not contain a mandatory equality on all key attributes",
        }
    }
    read = client.batch_execute_statement(
        Statements=[
            {"Statement": f"SELECT Age FROM \"{music}\" WHERE Artist='{artist}' AND SongTitle='1'"} for artist in "ABC"
        ],
        ReturnConsumedCapacity="TOTAL",
    )
    assert read["Responses"] == [
        {"TableName": music, "Item": {"Age": {"N": "20"}}},
        {"TableName": music, "Item": {}},
        {"TableName": music},
    ]
    assert read["ConsumedCapacity"] == [{"TableName": music, "CapacityUnits": 1.5}]


def test_a_transaction(aws: Server, music: str) -> None:
    """Source: Developer Guide, "Performing transactions with PartiQL for DynamoDB"."""
    client = aws.client("dynamodb")
    client.put_item(TableName=music, Item={**key("A", "1"), "n": {"N": "1"}})
    client.put_item(TableName=music, Item=key("A", "2"))
    statements = [
        {"Statement": f"EXISTS(SELECT * FROM \"{music}\" WHERE Artist='A' AND SongTitle='2' AND Awards IS MISSING)"},
        {"Statement": f"INSERT INTO \"{music}\" VALUE {{'Artist':?,'SongTitle':'3'}}", "Parameters": [{"S": "A"}]},
        {"Statement": f"UPDATE \"{music}\" SET n=n+1 WHERE Artist='A' AND SongTitle='1'"},
    ]
    token = str(uuid4())
    for _ in range(2):
        answer = client.execute_transaction(TransactStatements=statements, ClientRequestToken=token)
        assert answer["Responses"] == []
    read = client.execute_transaction(
        TransactStatements=[
            {"Statement": f"SELECT n FROM \"{music}\" WHERE Artist='A' AND SongTitle='{title}'"} for title in "149"
        ]
    )
    assert read["Responses"] == [{"Item": {"n": {"N": "2"}}}, {}, {}]
    code, message, answer = refused(client.execute_transaction, TransactStatements=statements[1:])
    assert code == "TransactionCanceledException"
    assert message.endswith("[DuplicateItem, None]")
    assert answer["CancellationReasons"] == [
        {"Code": "DuplicateItem", "Message": "Duplicate primary key exists in table"},
        {"Code": "None"},
    ]
    item = client.get_item(TableName=music, Key=key("A", "1"))["Item"]
    assert item["n"] == {"N": "2"}


def test_policies(aws: Server, music: str) -> None:
    """Source: Developer Guide, "IAM security policies with PartiQL for DynamoDB", examples 1, 5 and 6."""
    user = User(aws)
    client = user.client("dynamodb")
    insert = f"INSERT INTO \"{music}\" VALUE {{'Artist': 'A', 'SongTitle': 'T'}}"
    select = f"SELECT * FROM \"{music}\" WHERE Artist = 'A'"
    code, message, _ = refused(client.execute_statement, Statement=insert)
    assert code == "AccessDeniedException"
    assert f"is not authorized to perform: dynamodb:PartiQLInsert on resource: {table_arn(music)}" in message
    user.may(allow(["dynamodb:PartiQLInsert", "dynamodb:PartiQLSelect"], table_arn(music)))
    client.execute_statement(Statement=insert)
    assert client.execute_statement(Statement=select)["Items"] == [key("A", "T")]
    assert refused(client.execute_statement, Statement=f'SELECT * FROM "{music}"."by-genre" WHERE Genre = \'x\'')[
        0
    ] == ("AccessDeniedException")
    assert refused(client.execute_statement, Statement=f"DELETE FROM \"{music}\" WHERE Artist = 'A'")[0] == (
        "AccessDeniedException"
    )
    user.may(
        allow("dynamodb:PartiQLSelect", [table_arn(music), f"{table_arn(music)}/index/*"]),
        deny("dynamodb:PartiQLSelect", table_arn(music), Bool={"dynamodb:FullTableScan": ["true"]}),
    )
    assert client.execute_statement(Statement=select)["Items"] == [key("A", "T")]
    assert client.execute_statement(Statement=f'SELECT * FROM "{music}"."by-genre" WHERE Genre = \'x\'')["Items"] == []
    assert refused(client.execute_statement, Statement=f"{select} OR Genre = 'x'")[0] == "AccessDeniedException"
    user.may(
        allow(
            "dynamodb:PartiQLSelect",
            table_arn(music),
            **{"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["A"]}},
        )
    )
    assert client.execute_statement(Statement=select)["Items"] == [key("A", "T")]
    other = f"SELECT * FROM \"{music}\" WHERE Artist IN ['A', 'B']"
    assert refused(client.execute_statement, Statement=other)[0] == "AccessDeniedException"
